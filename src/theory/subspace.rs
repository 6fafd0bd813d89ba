//! Spans of f and g, effective complexity, dark energies, canonical coordinates (theory.md §5.2–5.4).

use serde::{Deserialize, Serialize};

/// What of a model's representation the distribution can see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubspaceSummary {
    /// Width of f and g (one more than the model's where the head has a bias).
    pub d: usize,
    /// dim 𝓕: rank of the hidden states.
    pub rank_f: usize,
    /// dim 𝓖: rank of the centred unembedding.
    pub rank_g: usize,
    /// r: effective complexity, rank of the log-ratio matrix.
    pub effective_complexity: usize,
    /// e_F: share of ‖F‖² that no unembedding difference sees, in [0, 1].
    pub dark_f: f64,
    /// e_G: share of ‖G_c‖² that no hidden state sees, in [0, 1].
    pub dark_g: f64,
    /// Smallest cosine of the principal angles between 𝓕 and 𝓖 that counts as visible.
    pub min_cosine: f64,
    /// Some singular value lies too near the tolerance to count ranks safely.
    pub rank_unresolved: bool,
    /// Enough contexts were seen (n ≥ 2d, rank stable on a random half) to call e_G a property of the model.
    pub f_diversity_tested: bool,
    /// Singular values of F, descending.
    pub singular_values_f: Vec<f64>,
    /// Singular values of G_c, descending.
    pub singular_values_g: Vec<f64>,
}
