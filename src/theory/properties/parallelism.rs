//! Parallelism of a concept: do the unembedding differences of its pairs point one way? (theory.md §5.8)

use serde::{Deserialize, Serialize};

use crate::theory::verdict::PropertyState;

/// The score of one concept in one model, in one version (raw or visible), against its nulls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParallelismScore {
    /// Mean off-diagonal cosine or correlation.
    pub score: f64,
    /// Mean score of as many random token pairs (N1).
    pub null_random_mean: f64,
    /// Mean score with partners shuffled among the pairs (N2).
    pub null_shuffled_mean: f64,
    /// 95% bootstrap interval of score − null_random_mean.
    pub effect_interval: (f64, f64),
    /// Permutation p against N1, Holm-adjusted over the tests of the report.
    pub p_adjusted: f64,
    /// All pairs collinear to 1e-6.
    pub exact: bool,
    /// Holds, fails, or uncertain.
    pub state: PropertyState,
}
