//! What every property has in common: a score against its null, an interval, a p-value, and the state that follows
//! (theory.md §5.9).

use serde::{Deserialize, Serialize};

use super::parallelism::ParallelismDetails;
use super::probing::ProbingDetails;
use super::relational::RelationalDetails;
use super::steering::SteeringDetails;
use super::subspace::SubspaceDetails;
use crate::theory::statistics::holm;
use crate::theory::verdict::{PropertyState, Reason};

/// The score of one property in one model, in one version, against its null.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PropertyScore {
    /// Mean cosine, held-out R², mean cos², balanced accuracy or steering z, by property.
    pub score: f64,
    /// Mean score where the property is absent.
    pub null_mean: f64,
    /// How the null draws spread about that mean.
    pub null: Histogram,
    /// 95% bootstrap interval of score − null_mean.
    pub effect_interval: (f64, f64),
    /// Permutation p against the null, Holm-adjusted over all (property × concept) tests of the run.
    pub p_adjusted: f64,
    /// Holds, fails, or uncertain.
    pub state: PropertyState,
    /// What data are missing; the state is then uncertain whatever the numbers.
    pub shortage: Option<Reason>,
    /// What only this property has.
    pub details: Details,
}

/// Bins of a histogram: fine enough to see a tail among 199 draws, few enough for a report.
const BINS: usize = 24;

/// How draws spread: how many lie in each of equally wide bins from the smallest draw to the largest.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// The smallest draw; 0 where nothing was drawn.
    pub low: f64,
    /// The largest.
    pub high: f64,
    /// Draws per bin, from low to high; a draw between two bins counts in the higher. One bin where all draws are equal,
    /// none where nothing was drawn.
    pub counts: Vec<u32>,
}

impl Histogram {
    /// Of finite draws.
    pub fn of(draws: &[f64]) -> Self {
        let (low, high) = draws
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &x| (low.min(x), high.max(x)));
        let width = high - low;
        if !width.is_finite() {
            return Self::default();
        }
        let n_bins = if width > 0.0 { BINS } else { 1 };
        let mut counts = vec![0; n_bins];
        for x in draws {
            let bin = ((x - low) / width * n_bins as f64) as usize;
            counts[bin.min(n_bins - 1)] += 1;
        }
        Self { low, high, counts }
    }
}

/// What only one property has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Details {
    /// Do the differences of a concept's pairs point one way?
    Parallelism(ParallelismDetails),
    /// Is the answer to a query an affine function of the subject's hidden state?
    Relational(RelationalDetails),
    /// Do the answers to a query read one subspace of the hidden states?
    Subspace(SubspaceDetails),
    /// Does a linear probe tell labelled contexts apart?
    Probing(ProbingDetails),
    /// Does adding one vector move the concept's pairs?
    Steering(SteeringDetails),
}

/// One score before its p-value is adjusted for the other tests of the run.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// See [`PropertyScore::score`].
    pub score: f64,
    /// See [`PropertyScore::null_mean`].
    pub null_mean: f64,
    /// See [`PropertyScore::null`].
    pub null: Histogram,
    /// See [`PropertyScore::effect_interval`].
    pub effect_interval: (f64, f64),
    /// Permutation p, unadjusted, in (0, 1].
    pub p: f64,
    /// See [`PropertyScore::shortage`].
    pub shortage: Option<Reason>,
    /// See [`PropertyScore::details`].
    pub details: Details,
}

/// What was found in model A, carried to model B by the coupled map and tried there (theory.md §5.7, §5.8): one score
/// beside the score of the same thing fitted in B and beside chance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Carried {
    /// Score in B of what was fitted in A only.
    pub score: f64,
    /// 95% bootstrap interval of `score`.
    pub interval: (f64, f64),
    /// Score in B of the same thing fitted in B.
    pub own: f64,
    /// Mean score in B of what was carried when B's side is shuffled.
    pub chance: f64,
}

/// When an effect counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// δ_eff: effect above which a property may hold.
    pub delta: f64,
    /// Largest adjusted p at which it may hold.
    pub max_p: f64,
}

/// The effect above which a property may hold. Chance alone makes two subspaces agree the more, the more of all directions
/// they fill: for them δ_eff is a share of what chance leaves to be gained (as in Cohen's κ), since no effect could
/// exceed it otherwise.
pub fn least_effect(delta: f64, null_mean: f64, details: &Details) -> f64 {
    match details {
        Details::Subspace(_) => delta * (1.0 - null_mean).clamp(0.0, 1.0),
        _ => delta,
    }
}

impl Measured {
    /// The score with its state. HOLDS: the interval lies above δ_eff and p is small. FAILS: the interval lies below
    /// δ_eff. Else, and wherever data are missing, UNCERTAIN.
    pub fn judged(self, p_adjusted: f64, rule: Rule) -> PropertyScore {
        let (low, high) = self.effect_interval;
        let least = least_effect(rule.delta, self.null_mean, &self.details);
        let state = if self.shortage.is_some() {
            PropertyState::Uncertain
        } else if low > least && p_adjusted <= rule.max_p {
            PropertyState::Holds
        } else if high < least {
            PropertyState::Fails
        } else {
            PropertyState::Uncertain
        };
        PropertyScore {
            score: self.score,
            null_mean: self.null_mean,
            null: self.null,
            effect_interval: self.effect_interval,
            p_adjusted,
            state,
            shortage: self.shortage,
            details: self.details,
        }
    }
}

/// The scores of one model in one version, one for each (property × concept) test of the run, adjusted together.
pub fn adjudicate(measured: Vec<(Measured, Rule)>) -> Vec<PropertyScore> {
    let adjusted = holm(&measured.iter().map(|(measured, _)| measured.p).collect::<Vec<_>>());
    measured.into_iter().zip(adjusted).map(|((measured, rule), p)| measured.judged(p, rule)).collect()
}

/// How many null draws a test takes in a run of `n_tests`, at least `least`: enough that the smallest p-value there is,
/// 1/(draws + 1), still counts after it is adjusted for all tests.
pub fn null_draws(n_tests: usize, max_p: f64, least: usize) -> usize {
    let needed = (n_tests as f64 / max_p).ceil() - 1.0;
    // A threshold of zero asks for the impossible; no property then holds, and nothing is computed in vain.
    if needed.is_finite() && needed < 1e5 { least.max(needed as usize) } else { least }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule { delta: 0.1, max_p: 0.01 };

    fn measured(effect_interval: (f64, f64), p: f64, shortage: Option<Reason>) -> Measured {
        let details = Details::Parallelism(ParallelismDetails { null_shuffled_mean: 0.0, exact: false });
        let null = Histogram::default();
        Measured { score: 0.5, null_mean: 0.1, null, effect_interval, p, shortage, details }
    }

    #[test]
    fn a_state_needs_evidence_on_its_side_of_the_threshold() {
        use PropertyState::{Fails, Holds, Uncertain};
        let state = |interval, p, shortage| measured(interval, p, shortage).judged(p, RULE).state;
        assert_eq!(state((0.11, 0.9), 0.01, None), Holds);
        assert_eq!(state((0.11, 0.9), 0.011, None), Uncertain);
        assert_eq!(state((0.1, 0.9), 0.001, None), Uncertain);
        assert_eq!(state((-0.2, 0.09), 0.5, None), Fails);
        assert_eq!(state((-0.2, 0.1), 0.5, None), Uncertain);
        assert_eq!(state((0.5, 0.9), 0.001, Some(Reason::TooFewPairs)), Uncertain);
        assert_eq!(state((-0.2, 0.0), 0.001, Some(Reason::TooFewPairs)), Uncertain);
        assert_eq!(state((f64::NAN, f64::NAN), 0.001, None), Uncertain);
    }

    /// Where chance reaches 0.9, nobody can be 0.1 better; a tenth of what is left must do.
    #[test]
    fn subspaces_are_judged_by_what_chance_leaves() {
        let state = |interval| {
            let details = Details::Subspace(SubspaceDetails { dimension: 9, n_subjects: 60 });
            let measured =
                Measured { score: 0.98, null_mean: 0.9, details, ..measured(interval, 0.001, None) };
            measured.judged(0.001, RULE).state
        };
        assert_eq!(state((0.02, 0.1)), PropertyState::Holds);
        assert_eq!(state((-0.1, 0.005)), PropertyState::Fails);
        assert_eq!(state((0.005, 0.1)), PropertyState::Uncertain);
    }

    #[test]
    fn a_histogram_counts_every_draw_once() {
        let draws: Vec<f64> = (0..=240).map(|i| f64::from(i) / 100.0 - 0.4).collect();
        let found = Histogram::of(&draws);
        assert_eq!((found.low, found.high), (-0.4, 2.0));
        assert_eq!((found.counts.len(), found.counts.iter().sum::<u32>()), (24, 241));
        // Ten draws a bin and the largest one in the last; rounding may move one over an edge.
        assert!(found.counts.iter().all(|&count| (9..=11).contains(&count)), "{found:?}");
        assert_eq!(Histogram::of(&[0.5; 7]), Histogram { low: 0.5, high: 0.5, counts: vec![7] });
        assert_eq!(Histogram::of(&[]), Histogram::default());
        let skewed = Histogram::of(&[1.0, 0.0, 0.0, 0.0]);
        assert_eq!((skewed.counts[0], skewed.counts[23]), (3, 1));
    }

    #[test]
    fn tests_of_one_run_are_adjusted_together() {
        let p = |values: &[f64]| -> Vec<f64> {
            let all = values.iter().map(|&p| (measured((0.2, 0.3), p, None), RULE)).collect();
            adjudicate(all).into_iter().map(|score| score.p_adjusted).collect()
        };
        assert_eq!(p(&[0.001]), [0.001]);
        assert_eq!(p(&[0.001, 0.5, 0.4]), [0.003, 0.8, 0.8]);
        assert!(adjudicate(vec![]).is_empty());
    }

    #[test]
    fn the_smallest_p_value_survives_its_adjustment() {
        for n_tests in [1, 9, 10, 11, 40, 333] {
            let draws = null_draws(n_tests, 0.01, 199);
            assert!(draws >= 199 && n_tests as f64 / (draws as f64 + 1.0) <= 0.01);
        }
        assert_eq!((null_draws(5, 0.01, 199), null_draws(5, 0.01, 999)), (499, 999));
        assert_eq!(null_draws(3, 0.0, 199), 199);
    }
}
