//! Why two observations cannot be compared, in sentences that the page and the command line show as they are.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::observation::text_of;
use crate::theory::TheoryError;
use crate::theory::twin::TwinError;

/// An id that stands for different bytes in two models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenDifference {
    /// The id.
    pub id: usize,
    /// Its bytes in model A; none where it has no token.
    pub token_a: Option<Vec<u8>>,
    /// Its bytes in model B; none where it has no token.
    pub token_b: Option<Vec<u8>>,
}

impl fmt::Display for TokenDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |token: &Option<Vec<u8>>| match token {
            Some(bytes) => format!("{:?}", text_of(bytes)),
            None => "no token".to_owned(),
        };
        let Self { id, token_a, token_b } = self;
        write!(f, "id {id} is {} in model A and {} in model B", quoted(token_a), quoted(token_b))
    }
}

fn listed(examples: &[TokenDifference]) -> String {
    examples.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// 50257 is 50,257.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What is wrong with an experiment or with what the engines observed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LabError {
    /// The two vocabularies differ, so their distributions are over different things.
    #[error(
        "the theorem compares distributions over one vocabulary, but {}; {} of {} ids differ: choose two models with the \
         same tokenizer",
        listed(examples), thousands(*n_different), thousands(*n_ids)
    )]
    DifferentVocabularies {
        /// The first ids that differ, three at most.
        examples: Vec<TokenDifference>,
        /// How many ids differ.
        n_different: usize,
        /// How many ids have a token in one of the models.
        n_ids: usize,
    },
    /// The two models were run on different contexts.
    #[error(
        "model B must be run on the contexts of model A, but context {context} differs: run both models again on the same prompts"
    )]
    DifferentContexts {
        /// First context that differs.
        context: usize,
    },
    /// An observation contradicts itself.
    #[error(
        "{what} of model {model} should have {expected} values, but has {found}: its engine sent a damaged observation"
    )]
    Size {
        /// A or B.
        model: char,
        /// Which array.
        what: &'static str,
        /// How many values it should have.
        expected: usize,
        /// How many it has.
        found: usize,
    },
    /// An engine gave NaN.
    #[error(
        "model {model} gives a log-probability that is not a number in context {context}: its weights are damaged or overflow"
    )]
    NotANumber {
        /// A or B.
        model: char,
        /// Which context.
        context: usize,
    },
    /// A soft-cap that is no positive number.
    #[error("model {model}: the soft-cap of the logits should be a positive number, but is {found}")]
    SoftCap {
        /// A or B.
        model: char,
        /// What the observation says.
        found: f64,
    },
    /// f·g does not give the model's own log-probabilities.
    #[error(
        "model {model}: log softmax(F·G) differs from the model's own log-probabilities by {found:.3e} nats in context {context} \
         (at most {allowed:.0e} expected): f was not taken right before the unembedding, or g is not the head in use"
    )]
    Extraction {
        /// A or B.
        model: char,
        /// Worst context.
        context: usize,
        /// Largest difference, nats.
        found: f64,
        /// Largest difference that extraction allows, nats.
        allowed: f64,
    },
    /// Model B was not observed although it is no twin, or was although it is.
    #[error("{0}")]
    ModelB(&'static str),
    /// No context at all.
    #[error("no context was observed: give at least one prompt")]
    NoContexts,
    /// The number of prompts of the experiment is not that of the observation.
    #[error("the experiment has {asked} prompts, but {observed} were observed: run the models again")]
    Prompts {
        /// In the experiment.
        asked: usize,
        /// In the observation.
        observed: usize,
    },
    /// A tensor of a tensors file names a token or a context that there is not.
    #[error("{tensor}, row {row}, names {what} {found}, but there are only {available} (0 to {})", available.saturating_sub(1))]
    NoSuchRow {
        /// Which tensor.
        tensor: &'static str,
        /// Its row.
        row: usize,
        /// Token or context.
        what: &'static str,
        /// The number found.
        found: i64,
        /// How many there are.
        available: usize,
    },
    /// A label that is neither 0 nor 1.
    #[error("labelled, row {row}, should have the label 0 or 1, but has {found}")]
    Label {
        /// Row of `labelled`.
        row: usize,
        /// The label found.
        found: i64,
    },
    /// A tensor of a tensors file makes sense only beside another one.
    #[error("{found} is there, but {missing} is not: a relation needs both")]
    HalfARelation {
        /// Which is there.
        found: &'static str,
        /// Which is missing.
        missing: &'static str,
    },
    /// A twin cannot be built from this model.
    #[error(transparent)]
    Twin(#[from] TwinError),
    /// The caller does not want the report any more.
    #[error("the computation was cancelled, as asked")]
    Cancelled,
    /// The clusters of a tensors file do not fit its contexts.
    #[error("clusters should name the text of each of the {expected} contexts, but has {found} entries")]
    Clusters {
        /// n.
        expected: usize,
        /// Entries of `clusters`.
        found: usize,
    },
    /// The matrices of one model cannot be analysed.
    #[error("model {model}: {source}")]
    Theory {
        /// A or B.
        model: char,
        /// What is wrong.
        source: TheoryError,
    },
}

impl LabError {
    /// Adds the model's letter to an error of the theory.
    pub(super) fn of(model: char) -> impl Fn(TheoryError) -> Self {
        move |source| Self::Theory { model, source }
    }
}

#[cfg(test)]
mod tests {
    use super::{LabError, TokenDifference, thousands};

    #[test]
    fn thousands_are_set_apart() {
        let written = [0, 999, 1000, 50257, 1_234_567].map(thousands);
        assert_eq!(written, ["0", "999", "1,000", "50,257", "1,234,567"]);
    }

    #[test]
    fn different_vocabularies_are_explained_with_examples() {
        let examples = vec![
            TokenDifference { id: 314, token_a: Some(b" a".to_vec()), token_b: Some(b" the".to_vec()) },
            TokenDifference { id: 400, token_a: None, token_b: Some(vec![0xe6]) },
        ];
        let error = LabError::DifferentVocabularies { examples, n_different: 1204, n_ids: 50257 };
        let sentence = "but id 314 is \" a\" in model A and \" the\" in model B, id 400 is no token in model A and \
                        \"<0xE6>\" in model B; 1,204 of 50,257 ids differ: choose two models";
        assert!(error.to_string().contains(sentence), "{error}");
    }
}
