//! How many more texts or contexts a claim needs (theory.md §4.5).

use serde::{Deserialize, Serialize};
use statrs::distribution::{Beta, ContinuousCDF, Normal};

use super::distribution::Divergences;
use super::equivalence::{Closeness, Equality, NoiseFloor, violating_texts};
use super::statistics::{cluster_members, cluster_moments, rate_upper_bound};

/// π: the share of texts that a statement about texts like these tolerates above the floor, unless told otherwise.
pub const TARGET_RATE: f64 = 0.05;

/// Probability 1 − β of showing a mean that is as low as the observed one.
const POWER: f64 = 0.9;

/// Contexts for each dimension before the rank of f counts as that of the model.
const CONTEXTS_PER_DIMENSION: usize = 4;

/// More texts than anyone collects: a share that needs so many cannot be told from its limit.
const BEYOND_REACH: usize = 1 << 30;

/// How far the observations are from carrying one claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// How many there are.
    pub have: usize,
    /// How many are needed; none where no number would do.
    pub need: Option<usize>,
    /// How many are missing; none where no number would do.
    pub more: Option<usize>,
    /// Why no number would do.
    pub unreachable: Option<Unreachable>,
}

/// Why more observations of the same kind would not show a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unreachable {
    /// Some text already exceeds the floor: the two are not identical.
    FloorExceeded,
    /// The floor is too coarse to call anything equal or close.
    FloorTooCoarse,
    /// The observed mean is not below the limit.
    MeanTooLarge,
    /// The observed share of violating texts is not below the limit.
    TooManyViolations,
    /// A single text shows no spread to plan with: two are needed before the rest can be told.
    SpreadUnknown,
}

/// What each claim needs, in texts except for diversity, which needs contexts. Where B was built from A by an exact
/// constructor, its equality is a theorem and waits for no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Texts for "with confidence 1 − α, fewer than π of the texts like these exceed the floor".
    pub identical: Need,
    /// Texts for an upper bound of the mean symmetric KL below δ_mean, reached with probability 0.9.
    pub close_mean: Need,
    /// Texts for an upper bound of the share of violations below its limit, if they keep their observed share.
    pub close_tail: Need,
    /// Contexts for the rank of f in the wider model: 4 max(d_A, d_B).
    pub diversity: Need,
}

impl Need {
    fn of(have: usize, need: usize) -> Self {
        Self { have, need: Some(need), more: Some(need.saturating_sub(have)), unreachable: None }
    }

    fn never(have: usize, reason: Unreachable) -> Self {
        Self { have, need: None, more: None, unreachable: Some(reason) }
    }

    /// Nothing is missing.
    pub fn is_met(&self) -> bool {
        self.more == Some(0)
    }
}

impl Plan {
    /// Texts for closeness: what the harder of its two tests needs; unreachable where one of them is.
    pub fn close(&self) -> Need {
        match (self.close_mean.need, self.close_tail.need) {
            (None, _) => self.close_mean,
            (_, None) => self.close_tail,
            (mean, tail) => {
                if mean >= tail {
                    self.close_mean
                } else {
                    self.close_tail
                }
            }
        }
    }
}

/// Plans from what was observed: `divergences[i]` belongs to text `texts[i]`, `equality` was assessed from them under
/// `closeness`; `largest_width` is max(d_A, d_B), `target_rate` is π ([`TARGET_RATE`] by default), in (0, 1).
///
/// A test of closeness that has already passed needs what there is, though planning for it anew would ask for more.
pub fn plan(
    divergences: &[Divergences],
    texts: &[usize],
    equality: &Equality,
    closeness: Closeness,
    largest_width: usize,
    target_rate: f64,
) -> Plan {
    let kl_symmetric: Vec<f64> = divergences.iter().map(Divergences::kl_symmetric).collect();
    let members = cluster_members(texts);
    let have = members.len();
    let violations = violating_texts(&kl_symmetric, &members, closeness.delta_tail);
    let observed = cluster_moments(&kl_symmetric, texts);
    let shown_mean = equality.mean_kl_sym_interval.1 < closeness.delta_mean;
    let shown_tail = equality.violation_upper_bound < closeness.max_violation_rate;
    let too_coarse = equality.epsilon_num > NoiseFloor::HIGHEST_USABLE;
    let texts_needed = |needed: Result<usize, Unreachable>, shown: bool| match needed {
        _ if too_coarse => Need::never(have, Unreachable::FloorTooCoarse),
        _ if shown => Need::of(have, have),
        Ok(need) => Need::of(have, need),
        Err(reason) => Need::never(have, reason),
    };
    let clean = if equality.max_abs_dlogp > equality.epsilon_num {
        Err(Unreachable::FloorExceeded)
    } else {
        Ok(texts_without_failure(target_rate, closeness.alpha))
    };
    Plan {
        identical: texts_needed(clean, false),
        close_mean: texts_needed(
            texts_for_mean(observed.mean, observed.sd, closeness.delta_mean, closeness.alpha),
            shown_mean,
        ),
        close_tail: texts_needed(
            texts_for_rate(violations, have, closeness.max_violation_rate, closeness.alpha),
            shown_tail,
        ),
        diversity: Need::of(divergences.len(), CONTEXTS_PER_DIMENSION * largest_width),
    }
}

/// n ≥ ln α / ln(1 − π): texts of which none fails, to bound the share of failing ones by π, at confidence 1 − α; both in
/// (0, 1).
pub fn texts_without_failure(rate: f64, alpha: f64) -> usize {
    (alpha.ln() / (-rate).ln_1p()).ceil() as usize
}

/// n ≥ ((z_{1−α} + z_{1−β}) σ / (δ − θ))², and two at least, for one text has no spread.
fn texts_for_mean(mean: f64, sd: f64, limit: f64, alpha: f64) -> Result<usize, Unreachable> {
    if mean >= limit {
        return Err(Unreachable::MeanTooLarge);
    }
    if !sd.is_finite() {
        return Err(Unreachable::SpreadUnknown);
    }
    let normal = Normal::standard();
    let quantiles = normal.inverse_cdf(1.0 - alpha) + normal.inverse_cdf(POWER);
    Ok(((quantiles * sd / (limit - mean)).powi(2).ceil() as usize).max(2))
}

/// The smallest n from which on the Clopper–Pearson bound stays below `limit` when ⌈r n⌉ of n texts violate, r = k/n
/// being the share observed so far.
///
/// The bound saws: it falls with n and jumps with each further violation. It lies between the smooth bounds for r n and
/// r n + 1 violations, and only between the places where these cross the limit need the teeth be counted.
fn texts_for_rate(violations: usize, have: usize, limit: f64, alpha: f64) -> Result<usize, Unreachable> {
    if violations as f64 >= limit * have as f64 {
        return Err(Unreachable::TooManyViolations);
    }
    let expected = |n: usize| violations as f64 * n as f64 / have as f64;
    let lowest = first_where(|n| rate_is_below(expected(n), n, limit, alpha));
    let mut enough = first_where(|n| rate_is_below(expected(n) + 1.0, n, limit, alpha));
    if enough >= BEYOND_REACH {
        return Err(Unreachable::TooManyViolations);
    }
    let whole = |n: usize| (violations as u64 * n as u64).div_ceil(have as u64) as usize;
    while enough > lowest && rate_upper_bound(whole(enough - 1), enough - 1, alpha) < limit {
        enough -= 1;
    }
    Ok(enough)
}

/// The upper (1−α) bound of a rate lies below `limit` after k events, not necessarily a whole number, in n trials.
fn rate_is_below(k: f64, n: usize, limit: f64, alpha: f64) -> bool {
    Beta::new(k + 1.0, n as f64 - k).is_ok_and(|beta| beta.cdf(limit) > 1.0 - alpha)
}

/// The smallest n ≥ 1 for which a condition holds that, once it holds, holds for all larger n; or one beyond reach.
fn first_where(holds: impl Fn(usize) -> bool) -> usize {
    let mut above = 1;
    while above < BEYOND_REACH && !holds(above) {
        above *= 2;
    }
    let mut below = above / 2;
    while above - below > 1 {
        let middle = below + (above - below) / 2;
        if holds(middle) { above = middle } else { below = middle }
    }
    above
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::equivalence::{Level, assess};
    use proptest::prelude::*;

    const CLOSENESS: Closeness =
        Closeness { delta_mean: 0.01, delta_tail: 0.1, max_violation_rate: 0.05, alpha: 0.05 };

    fn fixture() -> serde_json::Value {
        serde_json::from_str(include_str!("../../fixtures/theory/closeness.json")).unwrap()
    }

    fn context(max_abs_dlogp: f64, kl: f64) -> Divergences {
        Divergences { max_abs_dlogp, kl_ab: kl, kl_ba: kl, ..Divergences::between(&[0.0], &[0.0], 0.0) }
    }

    fn equality(contexts: &[Divergences], texts: &[usize], floor: f64) -> Equality {
        assess(contexts, texts, 8, NoiseFloor { a: floor, b: 0.0 }, false, CLOSENESS, 1)
    }

    fn planned(contexts: &[Divergences], floor: f64) -> Plan {
        let texts: Vec<usize> = (0..contexts.len()).collect();
        plan(contexts, &texts, &equality(contexts, &texts, floor), CLOSENESS, 16, TARGET_RATE)
    }

    /// theory.md §4.5.
    #[test]
    fn texts_without_failure_are_those_of_the_specification() {
        let needed = [0.1, 0.05, 0.01, 0.001].map(|rate| texts_without_failure(rate, 0.05));
        assert_eq!(needed, [29, 59, 299, 2995]);
        for (rate, n) in [0.1, 0.05, 0.01, 0.001].into_iter().zip(needed) {
            assert!(rate_upper_bound(0, n, 0.05) < rate && rate_upper_bound(0, n - 1, 0.05) > rate);
        }
        assert_eq!(texts_for_mean(0.0, 2.0, 1.0, 0.05), Ok(35));
        assert_eq!(texts_for_rate(0, 7, 0.05, 0.05), Ok(59));
    }

    #[test]
    fn numbers_of_texts_match_scipy() {
        let cases = fixture();
        for case in cases["mean"].as_array().unwrap() {
            let value = |name: &str| case[name].as_f64().unwrap();
            let found = texts_for_mean(value("mean"), value("sd"), value("limit"), value("alpha"));
            assert_eq!(found.ok(), case["need"].as_u64().map(|n| n as usize), "{case}");
        }
        for case in cases["rate"].as_array().unwrap() {
            let count = |name: &str| case[name].as_u64().map(|n| n as usize);
            let (limit, alpha) = (case["limit"].as_f64().unwrap(), case["alpha"].as_f64().unwrap());
            let found = texts_for_rate(count("violations").unwrap(), count("have").unwrap(), limit, alpha);
            assert_eq!(found.ok(), count("need"), "{case}");
        }
    }

    #[test]
    fn an_identical_pair_needs_the_texts_of_the_rule() {
        let found = planned(&[context(1e-5, 0.0); 40], 0.0);
        assert_eq!(found.identical, Need { have: 40, need: Some(59), more: Some(19), unreachable: None });
        assert!(!found.identical.is_met() && planned(&[context(1e-4, 0.0); 59], 0.0).identical.is_met());
        assert_eq!(planned(&[context(1e-5, 0.0); 80], 0.0).identical.more, Some(0));
    }

    #[test]
    fn no_number_of_texts_undoes_what_was_seen() {
        let reason = |contexts: &[Divergences], floor: f64| {
            let found = planned(contexts, floor);
            let needs = [found.identical, found.close_mean, found.close_tail];
            for need in needs {
                assert_eq!(need.unreachable.is_some(), need.need.is_none());
                assert_eq!(need.need.is_some(), need.more.is_some());
            }
            needs.map(|need| need.unreachable)
        };
        use Unreachable::*;
        let mut contexts = [context(1e-6, 0.0); 20];
        contexts[3] = context(1.1e-4, 0.05);
        assert_eq!(reason(&contexts, 0.0), [Some(FloorExceeded), None, None]);
        contexts[3] = context(0.5, 0.21);
        assert_eq!(
            reason(&contexts, 0.0),
            [Some(FloorExceeded), Some(MeanTooLarge), Some(TooManyViolations)]
        );
        assert_eq!(reason(&contexts, 2e-3), [Some(FloorTooCoarse); 3]);
        assert_eq!(reason(&contexts, 1e-3)[1], Some(MeanTooLarge), "ε_num = 0.01 is usable");
        assert_eq!(reason(&[context(0.5, 0.001)], 0.0), [Some(FloorExceeded), Some(SpreadUnknown), None]);
        assert_eq!(reason(&[context(0.5, f64::INFINITY)], 0.0)[1], Some(MeanTooLarge));
    }

    /// The limits themselves are out of reach.
    #[test]
    fn a_mean_or_share_on_its_limit_is_never_shown_to_be_below() {
        assert_eq!(texts_for_mean(0.01, 0.1, 0.01, 0.05), Err(Unreachable::MeanTooLarge));
        assert_eq!(texts_for_rate(1, 20, 0.05, 0.05), Err(Unreachable::TooManyViolations));
        assert!(texts_for_rate(1, 21, 0.05, 0.05).is_ok());
        assert_eq!(texts_for_mean(0.0, 0.0, 0.01, 0.05), Ok(2));
        // Certainty is never reached.
        assert_eq!(texts_for_rate(0, 20, 0.05, 0.0), Err(Unreachable::TooManyViolations));
    }

    #[test]
    fn what_is_shown_needs_no_more() {
        let contexts: Vec<Divergences> = (0..60).map(|i| context(0.5, 0.0002 * f64::from(i))).collect();
        let texts: Vec<usize> = (0..60).collect();
        assert_eq!(equality(&contexts, &texts, 0.0).level, Level::Close);
        let found = planned(&contexts, 0.0);
        assert_eq!(
            (found.close_mean.more, found.close_tail.more, found.close().more),
            (Some(0), Some(0), Some(0))
        );
        // Each test by itself: the mean is shown, the tail waits for 59 texts.
        let found = planned(&contexts[..30], 0.0);
        assert_eq!((found.close_mean.more, found.close_tail.more), (Some(0), Some(29)));
        assert_eq!(found.close(), found.close_tail);
    }

    /// A bound on its limit shows nothing yet.
    #[test]
    fn a_test_on_its_limit_has_not_passed() {
        // 2^-7, so that means are exact; and the bound that forty clean texts give.
        let closeness = Closeness {
            delta_mean: 0.0078125,
            max_violation_rate: rate_upper_bound(0, 40, 0.05),
            ..CLOSENESS
        };
        let texts: Vec<usize> = (0..40).collect();
        let planned = |kl: f64| {
            let contexts = [context(0.5, kl); 40];
            let floor = NoiseFloor { a: 0.0, b: 0.0 };
            let equality = assess(&contexts, &texts, 8, floor, false, closeness, 1);
            plan(&contexts, &texts, &equality, closeness, 16, TARGET_RATE)
        };
        assert_eq!(planned(0.0078125).close_mean.unreachable, Some(Unreachable::MeanTooLarge));
        assert_eq!((planned(0.001).close_mean.more, planned(0.001).close_tail.more), (Some(0), Some(1)));
    }

    #[test]
    fn closeness_needs_the_harder_of_its_tests() {
        let need = |n: usize| Need::of(5, n);
        let never = Need::never(5, Unreachable::MeanTooLarge);
        let plan = |close_mean: Need, close_tail: Need| {
            Plan { identical: need(1), close_mean, close_tail, diversity: need(1) }.close()
        };
        assert_eq!(plan(need(70), need(60)), need(70));
        assert_eq!(plan(need(60), need(70)), need(70));
        assert_eq!((plan(never, need(60)), plan(need(60), never)), (never, never));
    }

    /// Contexts, not texts, fill the span of f.
    #[test]
    fn diversity_counts_contexts() {
        let (contexts, texts) = ([context(1e-5, 0.0); 40], [0; 40]);
        let found = plan(&contexts, &texts, &equality(&contexts, &texts, 0.0), CLOSENESS, 16, TARGET_RATE);
        assert_eq!(found.diversity, Need { have: 40, need: Some(64), more: Some(24), unreachable: None });
        assert_eq!((found.identical.have, found.identical.more), (1, Some(58)));
    }

    #[test]
    fn plans_cross_every_boundary() {
        let mut contexts = [context(1e-6, 0.0); 20];
        contexts[0] = context(0.5, 0.2);
        let found = planned(&contexts, 0.0);
        let bytes = postcard::to_stdvec(&found).unwrap();
        assert_eq!(postcard::from_bytes::<Plan>(&bytes).unwrap(), found);
        let json = serde_json::to_string(&found).unwrap();
        assert!(json.contains("floor_exceeded"));
        assert_eq!(serde_json::from_str::<Plan>(&json).unwrap(), found);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        /// From the planned number on the bound stays below its limit; one text less, and it does not.
        #[test]
        fn the_planned_number_of_texts_is_the_smallest(violations in 0usize..4, have in 81usize..200) {
            let need = texts_for_rate(violations, have, 0.05, 0.05).unwrap();
            let bound = |n: usize| rate_upper_bound((violations * n).div_ceil(have), n, 0.05);
            for n in need..need + 150 {
                prop_assert!(bound(n) < 0.05, "{} {}", n, need);
            }
            prop_assert!(bound(need - 1) >= 0.05);
        }
    }
}
