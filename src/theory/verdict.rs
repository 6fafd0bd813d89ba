//! The decision list of theory.md §5.10, and nothing that could contradict it.

use serde::{Deserialize, Serialize};

/// State of a property in one model (theory.md §5.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PropertyState {
    /// The effect is above δ_eff with evidence.
    Holds,
    /// The effect is below δ_eff with evidence.
    Fails,
    /// Neither can be said.
    Uncertain,
}

/// The headline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// The theorem does not cover this pair.
    OutOfClass,
    /// The distributions differ (L3): the theorem is silent.
    NotEquivalent,
    /// The distributions are close but not equal (L2): the theorem is silent, a bound is given.
    CloseNotEquivalent,
    /// Too little data, or too little precision.
    TooLittleData,
    /// Visible scores of equal distributions disagree: an error of ours, never a finding.
    Inconsistent,
    /// Held by all.
    HeldByAll,
    /// Held by none.
    HeldByNone,
    /// Some hold, some do not: a hypothesis fails.
    Mixed,
}

/// Why. The names are those of theory.md and appear in reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reason {
    /// A soft-cap, masks or different tokenizers put the pair outside the class.
    OutOfClass,
    /// A token is masked in one model only.
    SupportMismatch,
    /// A log-probability differs by more than ten times the floor.
    DistributionsDiffer,
    /// Close, but not equal.
    DistributionsClose,
    /// The floor is too high to decide equality.
    PrecisionTooLow,
    /// Between one and ten floors, or neither close nor different.
    EqualityUndecided,
    /// Too few pairs, texts or contexts.
    TooFewPairs,
    /// The property's interval straddles its threshold.
    PropertyUncertain,
    /// The property differs because unembeddings have parts no hidden state sees.
    DarkUnembedding,
    /// The property differs because hidden states have parts no unembedding difference sees.
    DarkEmbedding,
    /// The score, not the property, changed with the basis.
    ScoreNotInvariant,
    /// Too few contexts to test that hidden states span the space.
    FDiversityUntested,
    /// A singular value lies too near the tolerance.
    RankUnresolved,
}

/// Headline, reasons and mandatory scope for one version of a property.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The headline.
    pub kind: VerdictKind,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// The verdict: on the visible version, which the theorem speaks of, and on the raw one, which people measure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The property computed from log-probabilities only.
    pub visible: Finding,
    /// The property in each model's own coordinates.
    pub raw: Finding,
    /// Prop. 8: how much visible scores can differ at most, where distributions are close.
    pub visible_difference_bound: Option<f64>,
}
