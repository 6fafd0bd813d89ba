//! Why two observations cannot be compared, in sentences that the page and the command line show as they are.

use crate::theory::TheoryError;
use crate::theory::twin::TwinError;

/// What is wrong with an experiment or with what the engines observed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LabError {
    /// The two vocabularies differ, so their distributions are over different things.
    #[error(
        "the theorem compares distributions over one vocabulary, but token {id} is {token_a} in A and {token_b} in B: \
         choose two models with the same tokenizer"
    )]
    DifferentVocabularies {
        /// First id that differs.
        id: usize,
        /// What it is in A, quoted, or "missing".
        token_a: String,
        /// What it is in B, quoted, or "missing".
        token_b: String,
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
