//! What came out: every number the page and the command line show, and the verdict.

use serde::{Deserialize, Serialize};

use super::experiment::Experiment;
use super::observation::{EngineKind, ModelCard};
use crate::theory::distribution::Divergences;
use crate::theory::equivalence::Equality;
use crate::theory::linear_map::CoupledMap;
use crate::theory::properties::parallelism::ParallelismScore;
use crate::theory::subspace::SubspaceSummary;
use crate::theory::verdict::Verdict;

/// Everything that is known about one comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Version of this program.
    pub version: String,
    /// What was asked.
    pub experiment: Experiment,
    /// Model A and how its numbers were made.
    pub model_a: Side,
    /// Model B and how its numbers were made.
    pub model_b: Side,
    /// One entry per prompt of the visitor, in order.
    pub prompts: Vec<PromptReport>,
    /// Number of contexts in all (prompts and calibration).
    pub n_contexts: usize,
    /// Number of texts they come from.
    pub n_texts: usize,
    /// Number of tokens in Y after unreachable ids are dropped.
    pub n_tokens: usize,
    /// Are the two distributions the same?
    pub equality: Equality,
    /// Coupled linear map, predicting A from B's side and B from A's (theory.md §5.7).
    pub map_ab: CoupledMap,
    /// The other direction.
    pub map_ba: CoupledMap,
    /// Parallelism of the concept; `None` where too few pairs are single tokens of the vocabulary.
    pub parallelism: Option<ParallelismReport>,
    /// Pairs of the concept that are not single tokens of this vocabulary, as typed.
    pub dropped_pairs: Vec<(String, String)>,
    /// What follows.
    pub verdict: Verdict,
}

/// One model of the comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// The model.
    pub model: ModelCard,
    /// The engine.
    pub engine: EngineKind,
    /// The adapter's name or the instruction set.
    pub engine_detail: String,
    /// Ranks, effective complexity, dark energies.
    pub subspace: SubspaceSummary,
}

/// Both distributions after one prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PromptReport {
    /// The prompt as typed.
    pub text: String,
    /// Its tokens, as strings.
    pub tokens: Vec<String>,
    /// Union of both models' most likely tokens, by mean probability, most likely first.
    pub next: Vec<NextToken>,
    /// Distances between the two distributions.
    pub divergences: Divergences,
}

/// One candidate for the next token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NextToken {
    /// Its id.
    pub id: u32,
    /// Its string.
    pub token: String,
    /// log p_A, nats.
    pub log_prob_a: f64,
    /// log p_B, nats.
    pub log_prob_b: f64,
}

/// Parallelism of one concept in both models (theory.md §5.8).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParallelismReport {
    /// The concept's name.
    pub concept: String,
    /// The pairs that took part, as strings.
    pub pairs: Vec<(String, String)>,
    /// In A's own coordinates.
    pub raw_a: ParallelismScore,
    /// In B's own coordinates.
    pub raw_b: ParallelismScore,
    /// From A's log-probabilities only.
    pub visible_a: ParallelismScore,
    /// From B's log-probabilities only.
    pub visible_b: ParallelismScore,
    /// In A's own coordinates with the dark part of g removed: tells why raw scores differ.
    pub dark_removed_a: ParallelismScore,
    /// In B's own coordinates with the dark part of g removed.
    pub dark_removed_b: ParallelismScore,
}
