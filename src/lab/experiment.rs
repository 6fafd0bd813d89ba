//! What was asked: two models, prompts, concepts, a seed and thresholds. Everything a link must restore.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::theory::properties::relational::Gamma;
use crate::theory::twin::TwinRecipe;

/// A whole comparison, as a visitor or a script states it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Experiment {
    /// Model A.
    pub model_a: ModelSource,
    /// Model B; only B may be a twin.
    pub model_b: ModelSource,
    /// The visitor's prompts, one context each (the position after the last token).
    pub prompts: Vec<String>,
    /// The concepts whose linear properties are tested; the first property of the first one makes the headline.
    pub concepts: Vec<Concept>,
    /// Seed of every random draw: twins, bootstrap, permutations.
    pub seed: u64,
    /// Thresholds of the verdict.
    pub thresholds: Thresholds,
}

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModelSource {
    /// A model shipped with the page, by name.
    Bundled {
        /// Folder name under `public/models/`.
        name: String,
    },
    /// A twin of model A, built from its hidden states and unembedding.
    Twin {
        /// Which constructors make it, in order.
        recipe: TwinRecipe,
    },
    /// Files of the visitor's own, known by their name and digest only.
    Local {
        /// What to call it: the folder's or file's name.
        name: String,
        /// SHA-256 of the weights in hexadecimal.
        sha256: String,
    },
    /// A repository of the Hugging Face Hub. (Last, so that links made before it existed still open.)
    Hub {
        /// `organisation/name`.
        repository: String,
        /// The commit; until that is known the branch or tag that was asked for; absent: the default branch.
        commit: Option<String>,
        /// SHA-256 of the weights in hexadecimal; empty until they are loaded.
        sha256: String,
    },
}

/// A concept, such as the superlative, and the material on which its linear properties are tested. Each property has a
/// part of its own; a part that is absent is not tested.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Concept {
    /// Its name, such as `superlatives`.
    pub name: String,
    /// (base, changed) words without leading space, such as easy → easiest: for parallelism, and the targets of steering.
    #[serde(default)]
    pub pairs: Vec<(String, String)>,
    /// A query with its subjects and answers: for relational linearity and the linear subspace.
    #[serde(default)]
    pub relation: Option<Relation>,
    /// Contexts that have the concept (true) or not (false): for probing.
    #[serde(default)]
    pub labelled: Vec<(String, bool)>,
    /// (base, changed) contexts that differ in the concept: for steering.
    #[serde(default)]
    pub steering: Vec<(String, String)>,
    /// On which subspace Γ of the unembedding side the relation is asked.
    #[serde(default)]
    pub gamma: Gamma,
}

/// A query q that is asked of many subjects: s is the context with a subject in it, s∘q the same with the query appended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relation {
    /// The words that take the place of `{}` in the context.
    pub subjects: Vec<String>,
    /// The context with a place `{}` for the subject, such as `in {}`.
    pub context: String,
    /// What is appended, its own leading space included, such as ` people speak`.
    pub query: String,
    /// Y_q: words without leading space, each a single token.
    pub answers: Vec<String>,
}

impl Relation {
    /// (s, s∘q) for each subject.
    pub fn contexts(&self) -> impl Iterator<Item = (String, String)> {
        self.subjects.iter().map(|subject| {
            let context = self.context.replace("{}", subject);
            let asked = format!("{context}{}", self.query);
            (context, asked)
        })
    }
}

impl Concept {
    /// Every context that must be observed for it, at its last token.
    fn contexts(&self) -> Vec<String> {
        let relation = self.relation.iter().flat_map(Relation::contexts).flat_map(|(s, sq)| [s, sq]);
        let labelled = self.labelled.iter().map(|(text, _)| text.clone());
        let steering = self.steering.iter().flat_map(|(base, changed)| [base.clone(), changed.clone()]);
        relation.chain(labelled).chain(steering).collect()
    }
}

impl Experiment {
    /// Every context that the concepts must have observed at its last token, each once, in a fixed order: what an engine
    /// runs besides the prompts and the calibration texts.
    pub fn concept_contexts(&self) -> Vec<String> {
        concept_contexts(&self.concepts)
    }
}

/// What both models are run on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// One context each.
    pub prompts: Vec<String>,
    /// Contexts that the concepts ask for.
    pub concept_contexts: Vec<String>,
    /// Texts of which every place is a context.
    pub calibration: Vec<String>,
}

impl Question {
    /// Prompts, the concepts' contexts and calibration texts; the prompts alone where B is a twin for what was looked at,
    /// which any other text would find out before anybody can ask for one.
    pub fn of(experiment: &Experiment, calibration: &[String]) -> Self {
        let prompts = experiment.prompts.clone();
        match &experiment.model_b {
            ModelSource::Twin { recipe } if recipe.is_for_observed_contexts_only() => {
                Self { prompts, concept_contexts: vec![], calibration: vec![] }
            }
            _ => Self {
                prompts,
                concept_contexts: experiment.concept_contexts(),
                calibration: calibration.to_vec(),
            },
        }
    }
}

/// Every context that some concepts must have observed; see [`Experiment::concept_contexts`].
pub fn concept_contexts(concepts: &[Concept]) -> Vec<String> {
    let mut seen = HashSet::new();
    let all = concepts.iter().flat_map(Concept::contexts);
    all.filter(|text| seen.insert(text.clone())).collect()
}

/// Thresholds of theory.md §4.4 and §5.9. Engineering choices, so all are exposed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// δ_mean, nats: mean symmetric KL below which distributions count as close.
    pub delta_mean: f64,
    /// δ_tail, nats: a prompt whose symmetric KL exceeds this is a violation.
    pub delta_tail: f64,
    /// Largest tolerated share of violating prompts (upper confidence bound).
    pub max_violation_rate: f64,
    /// α of the one-sided tests.
    pub alpha: f64,
    /// δ_eff of cosine and correlation scores, above the null mean.
    pub delta_correlation: f64,
    /// δ_eff of R², above the null mean.
    pub delta_r2: f64,
    /// δ_eff of balanced accuracy, above chance.
    pub delta_accuracy: f64,
    /// δ_eff of the steering score, in standard deviations of random token pairs.
    pub delta_steering: f64,
    /// Largest Holm-adjusted p at which a property may hold.
    pub max_p: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            delta_mean: 0.01,
            delta_tail: 0.1,
            max_violation_rate: 0.05,
            alpha: 0.05,
            delta_correlation: 0.10,
            delta_r2: 0.20,
            delta_accuracy: 0.10,
            delta_steering: 1.0,
            max_p: 0.01,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever else was observed would undo a twin that is equal on the prompts only, before anybody can ask for one.
    #[test]
    fn a_twin_for_what_was_looked_at_is_run_on_the_prompts_alone() {
        let relation = Relation {
            subjects: vec!["japan".into()],
            context: "in {}".into(),
            query: " people speak".into(),
            answers: vec!["japanese".into()],
        };
        let asked = |recipe: &str| {
            let experiment = Experiment {
                model_a: ModelSource::Bundled { name: "world-d32".into() },
                model_b: ModelSource::Twin { recipe: recipe.parse().unwrap() },
                prompts: vec!["this is the".into()],
                concepts: vec![Concept { relation: Some(relation.clone()), ..Concept::default() }],
                seed: 1,
                thresholds: Thresholds::default(),
            };
            let Question { prompts, concept_contexts, calibration } =
                Question::of(&experiment, &["a text".to_owned()]);
            (prompts.len(), concept_contexts.len(), calibration.len())
        };
        assert_eq!(asked("dark-both=4"), (1, 2, 1));
        assert_eq!(asked("dark-both=4+observed-only=1"), (1, 0, 0));
    }
}
