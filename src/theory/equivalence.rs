//! Are two distributions the same? Levels, numerical floor, equivalence test (theory.md §4.3–4.4).

use serde::{Deserialize, Serialize};

/// How equal two distributions are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// L0: B was built from A by an exact constructor.
    Constructed,
    /// L1: no observed log-probability differs by more than the floor.
    Identical,
    /// L2: not identical, but the mean symmetric KL is shown to be below δ_mean and violations are rare.
    Close,
    /// L3: some log-probability differs by more than ten times the floor.
    Different,
    /// Too little data or precision to say.
    Undecided,
}

/// The level with everything it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Equality {
    /// The level.
    pub level: Level,
    /// ε_num, nats: the measured noise floor below which log-probabilities count as equal.
    pub epsilon_num: f64,
    /// ε_0 of A, nats: largest |engine − f64 recomputation|.
    pub floor_a: f64,
    /// ε_0 of B, nats.
    pub floor_b: f64,
    /// Largest max_y |log p_A − log p_B| over all contexts, nats.
    pub max_abs_dlogp: f64,
    /// Index of the context where it is reached.
    pub worst_context: usize,
    /// Mean KL(A‖B) over all contexts, nats.
    pub mean_kl_ab: f64,
    /// Mean KL(B‖A) over all contexts, nats.
    pub mean_kl_ba: f64,
    /// Mean Jensen–Shannon divergence, nats.
    pub mean_js: f64,
    /// 95% bounds of the mean symmetric KL, nats, clustered by text.
    pub mean_kl_sym_interval: (f64, f64),
    /// Upper 95% bound of the share of texts whose symmetric KL exceeds δ_tail.
    pub violation_upper_bound: f64,
    /// With 95% confidence, fewer than this share of texts of the same population exceed the floor
    /// (1 − 0.05^{1/n}); only for L1.
    pub unseen_share: Option<f64>,
    /// E‖C_A − C_B‖², nats²: squared logit distance.
    pub d_logit_squared: f64,
}
