//! What was asked: two models, prompts, one concept, a seed and thresholds. Everything a link must restore.

use serde::{Deserialize, Serialize};

use crate::theory::twin::TwinKind;

/// A whole comparison, as a visitor or a script states it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Experiment {
    /// Model A.
    pub model_a: ModelSource,
    /// Model B; only B may be a twin.
    pub model_b: ModelSource,
    /// The visitor's prompts, one context each (the position after the last token).
    pub prompts: Vec<String>,
    /// The concept whose parallelism is tested.
    pub concept: Concept,
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
    /// An exact twin of model A.
    Twin {
        /// Which constructor makes it.
        kind: TwinKind,
    },
    /// Files of the visitor's own, known by their name and digest only.
    Local {
        /// What to call it: the folder's or file's name.
        name: String,
        /// SHA-256 of the weights in hexadecimal.
        sha256: String,
    },
}

/// A concept as pairs of words that differ in it, such as easy → easiest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concept {
    /// Its name, such as `superlatives`.
    pub name: String,
    /// (base, changed) words, without leading space.
    pub pairs: Vec<(String, String)>,
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
            max_p: 0.01,
        }
    }
}
