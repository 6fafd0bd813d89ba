//! Distances between two next-token distributions, always from log-probabilities (theory.md §4.2).

use serde::{Deserialize, Serialize};

/// Distances between p_A(·|x) and p_B(·|x) after one context x.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Divergences {
    /// KL(A‖B), nats, ≥ 0.
    pub kl_ab: f64,
    /// KL(B‖A), nats, ≥ 0.
    pub kl_ba: f64,
    /// Jensen–Shannon divergence, nats, in [0, ln 2].
    pub js: f64,
    /// Total variation, in [0, 1].
    pub tv: f64,
    /// Hellinger distance, in [0, 1].
    pub hellinger: f64,
    /// max_y |log p_A − log p_B|, nats.
    pub max_abs_dlogp: f64,
    /// Root mean square difference of centred log-probabilities, nats.
    pub clr_rms: f64,
    /// |top-k(A) ∩ top-k(B)| / k for k = 1, 5, 10.
    pub top_k_agreement: [f64; 3],
}
