//! Are two distributions the same? Levels, numerical floor, equivalence test (theory.md §4.3–4.4).

use serde::{Deserialize, Serialize};

use super::distribution::Divergences;
use super::statistics::{Stream, cluster_members, clustered_mean, generator, mean, rate_upper_bound};

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

impl Level {
    /// What JSON and tables call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Constructed => "constructed",
            Self::Identical => "identical",
            Self::Close => "close",
            Self::Different => "different",
            Self::Undecided => "undecided",
        }
    }
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
    /// Largest max_y |log p_A − log p_B| over all contexts, nats; infinite (null in JSON) where a token is masked in
    /// one model only. The divergences are then those of the distributions on the tokens that both allow.
    pub max_abs_dlogp: f64,
    /// Index of the context where it is reached.
    pub worst_context: usize,
    /// Mean KL(A‖B) over all contexts, nats.
    pub mean_kl_ab: f64,
    /// Mean KL(B‖A) over all contexts, nats.
    pub mean_kl_ba: f64,
    /// Mean Jensen–Shannon divergence, nats.
    pub mean_js: f64,
    /// One-sided 95% bounds of the mean symmetric KL, nats, clustered by text. The upper one is infinite (null in
    /// JSON) where there is only one text.
    pub mean_kl_sym_interval: (f64, f64),
    /// Upper 95% bound of the share of texts whose symmetric KL exceeds δ_tail.
    pub violation_upper_bound: f64,
    /// With 95% confidence, fewer than this share of texts of the same population exceed the floor
    /// (1 − 0.05^{1/n}); only for L1.
    pub unseen_share: Option<f64>,
    /// E‖C_A − C_B‖², nats²: squared logit distance.
    pub d_logit_squared: f64,
    /// Mean total variation, in [0, 1].
    pub mean_tv: f64,
    /// Mean Hellinger distance, in [0, 1].
    pub mean_hellinger: f64,
    /// Mean over contexts of the root mean square difference of centred log-probabilities, nats.
    pub mean_clr_rms: f64,
    /// Mean of |top-k(A) ∩ top-k(B)| / k for k = 1, 5, 10.
    pub mean_top_k_agreement: [f64; 3],
    /// Largest |log p_A − log p_B| over all contexts and the tokens that one model gives at least 1e-6, nats.
    pub max_abs_dlogp_likely: f64,
    /// Mean symmetric KL, nats: what is tested against δ_mean.
    pub mean_kl_sym: f64,
}

/// How many noise floors a difference must exceed to refute equality (theory.md §4.4).
const REFUTING_FLOORS: f64 = 10.0;

impl Equality {
    /// Some log-probability differs by so much that rounding cannot explain it: equality is refuted with certainty,
    /// however close the distributions may be on average.
    pub fn is_refuted(&self) -> bool {
        refutes(self.max_abs_dlogp, self.epsilon_num)
    }

    /// A token is impossible in one model and possible in the other after context `context`: no statistics are needed.
    pub fn refuted_by_mask(self, context: usize) -> Self {
        let (level, max_abs_dlogp) = (Level::Different, f64::INFINITY);
        Self { level, max_abs_dlogp, worst_context: context, unseen_share: None, ..self }
    }
}

fn refutes(max_abs_dlogp: f64, epsilon_num: f64) -> bool {
    max_abs_dlogp > REFUTING_FLOORS * epsilon_num
}

/// Floors of both engines, from which ε_num follows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NoiseFloor {
    /// ε_0 of A, nats.
    pub a: f64,
    /// ε_0 of B, nats.
    pub b: f64,
}

impl NoiseFloor {
    /// ε_num above which equality cannot be decided, nats.
    pub const HIGHEST_USABLE: f64 = 1e-2;

    /// ε_num = max(1e-4, 10(ε_0A + ε_0B)), nats.
    pub fn epsilon_num(self) -> f64 {
        (10.0 * (self.a + self.b)).max(1e-4)
    }
}

/// Thresholds of practical closeness.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Closeness {
    /// δ_mean, nats.
    pub delta_mean: f64,
    /// δ_tail, nats.
    pub delta_tail: f64,
    /// Largest tolerated upper bound of the share of violating texts.
    pub max_violation_rate: f64,
    /// α of the one-sided tests.
    pub alpha: f64,
}

/// Decides the level from the divergences of every context, whose i-th belongs to text `texts[i]` (theory.md §4.4).
/// `constructed`: B was built from A by an exact constructor.
///
/// Practical closeness is tried before difference: a pair that passes its test is close even though equality is refuted.
/// Nor does a mean shown to be above δ_mean make a pair different by itself: where no log-probability differs by more
/// than ten floors (which leaves a mean of at most 50 ε_num² by Prop. 6) the level stays undecided.
pub fn assess(
    divergences: &[Divergences],
    texts: &[usize],
    n_tokens: usize,
    floor: NoiseFloor,
    constructed: bool,
    closeness: Closeness,
    seed: u64,
) -> Equality {
    let column = |value: fn(&Divergences) -> f64| divergences.iter().map(value).collect::<Vec<f64>>();
    let kl_symmetric = column(Divergences::kl_symmetric);
    let members = cluster_members(texts);
    let violations = violating_texts(&kl_symmetric, &members, closeness.delta_tail);
    let violation_upper_bound = rate_upper_bound(violations, members.len(), closeness.alpha);
    let rng = &mut generator(seed, Stream::Divergence);
    let interval = clustered_mean(&kl_symmetric, texts, closeness.alpha, rng);
    let (worst_context, max_abs_dlogp) = divergences
        .iter()
        .map(|d| d.max_abs_dlogp)
        .enumerate()
        .fold((0, 0.0), |worst, here| if here.1 > worst.1 { here } else { worst });

    let epsilon_num = floor.epsilon_num();
    let precise = epsilon_num <= NoiseFloor::HIGHEST_USABLE;
    let level = if constructed {
        Level::Constructed
    } else if precise && max_abs_dlogp <= epsilon_num {
        Level::Identical
    } else if precise
        && interval.upper < closeness.delta_mean
        && violation_upper_bound < closeness.max_violation_rate
    {
        Level::Close
    } else if refutes(max_abs_dlogp, epsilon_num) {
        Level::Different
    } else {
        Level::Undecided
    };
    Equality {
        level,
        epsilon_num,
        floor_a: floor.a,
        floor_b: floor.b,
        max_abs_dlogp,
        worst_context,
        mean_kl_ab: mean(&column(|d| d.kl_ab)),
        mean_kl_ba: mean(&column(|d| d.kl_ba)),
        mean_js: mean(&column(|d| d.js)),
        mean_kl_sym_interval: (interval.lower, interval.upper),
        violation_upper_bound,
        unseen_share: (level == Level::Identical).then(|| rate_upper_bound(0, members.len(), 0.05)),
        d_logit_squared: n_tokens as f64 * mean(&column(|d| d.clr_rms * d.clr_rms)),
        mean_tv: mean(&column(|d| d.tv)),
        mean_hellinger: mean(&column(|d| d.hellinger)),
        mean_clr_rms: mean(&column(|d| d.clr_rms)),
        mean_top_k_agreement: [0, 1, 2].map(|k| {
            divergences.iter().map(|d| d.top_k_agreement[k]).sum::<f64>() / divergences.len() as f64
        }),
        max_abs_dlogp_likely: divergences.iter().map(|d| d.max_abs_dlogp_likely).fold(0.0, f64::max),
        mean_kl_sym: interval.mean,
    }
}

/// Texts (rows of their contexts) with some context whose symmetric KL exceeds δ_tail.
pub(super) fn violating_texts(kl_symmetric: &[f64], members: &[Vec<usize>], delta_tail: f64) -> usize {
    members.iter().filter(|rows| rows.iter().any(|&i| kl_symmetric[i] > delta_tail)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOSENESS: Closeness =
        Closeness { delta_mean: 0.01, delta_tail: 0.1, max_violation_rate: 0.05, alpha: 0.05 };

    #[test]
    fn levels_are_named_as_json_names_them() {
        for level in [Level::Constructed, Level::Identical, Level::Close, Level::Different, Level::Undecided]
        {
            assert_eq!(serde_json::to_value(level).unwrap(), level.name());
        }
    }

    fn context(max_abs_dlogp: f64, kl: f64) -> Divergences {
        Divergences {
            kl_ab: kl,
            kl_ba: kl,
            js: kl / 4.0,
            tv: 0.0,
            hellinger: 0.0,
            max_abs_dlogp,
            clr_rms: 0.5,
            top_k_agreement: [1.0; 3],
            max_abs_dlogp_likely: max_abs_dlogp,
        }
    }

    fn check(contexts: &[Divergences], floor: f64, constructed: bool) -> Equality {
        let texts: Vec<usize> = (0..contexts.len()).collect();
        let floor = NoiseFloor { a: floor, b: floor };
        assess(contexts, &texts, 8, floor, constructed, CLOSENESS, 1)
    }

    #[test]
    fn below_the_floor_is_identical_with_its_rule_of_three() {
        let found = check(&[context(9e-5, 1e-9); 59], 0.0, false);
        assert_eq!((found.level, found.epsilon_num), (Level::Identical, 1e-4));
        assert!((found.unseen_share.unwrap() - (1.0 - 0.05_f64.powf(1.0 / 59.0))).abs() < 1e-15);
        assert_eq!(found.d_logit_squared, 2.0);
    }

    #[test]
    fn the_floor_follows_what_was_measured() {
        assert_eq!(check(&[context(3e-4, 1e-9); 59], 1e-4, false).level, Level::Identical);
        assert_eq!(NoiseFloor { a: 1e-4, b: 1e-4 }.epsilon_num(), 2e-3);
        // One floor alone counts, whichever it is, and the smallest ε_num is 1e-4.
        assert_eq!(NoiseFloor { a: 1e-4, b: 0.0 }.epsilon_num(), 1e-3);
        assert_eq!(NoiseFloor { a: 0.0, b: 2e-4 }.epsilon_num(), 2e-3);
        assert_eq!(NoiseFloor { a: 4e-6, b: 5e-6 }.epsilon_num(), 1e-4);
    }

    #[test]
    fn close_is_tried_before_different() {
        let contexts = [context(0.5, 0.004); 100];
        assert_eq!(check(&contexts, 0.0, false).level, Level::Close);
        assert_eq!(check(&[context(0.5, 0.02); 100], 0.0, false).level, Level::Different);
    }

    /// Twenty texts leave the rate of violations unbounded below 5%, so closeness is not shown.
    #[test]
    fn few_texts_cannot_be_close() {
        assert_eq!(check(&[context(0.5, 0.004); 20], 0.0, false).level, Level::Different);
        assert_eq!(check(&[context(5e-4, 0.004); 20], 0.0, false).level, Level::Undecided);
    }

    #[test]
    fn one_bad_context_refutes_equality_and_is_named() {
        let mut contexts = [context(1e-6, 0.0); 40];
        contexts[17] = context(0.3, 0.6);
        let found = check(&contexts, 0.0, false);
        assert_eq!((found.level, found.worst_context, found.unseen_share), (Level::Different, 17, None));
    }

    #[test]
    fn too_high_a_floor_decides_nothing_but_gross_differences() {
        assert_eq!(check(&[context(1e-3, 0.0); 100], 1e-2, false).level, Level::Undecided);
        assert_eq!(check(&[context(9.0, 2.0); 100], 1e-2, false).level, Level::Different);
    }

    /// Whatever was measured: its equality is a theorem, and no rule of three is needed.
    #[test]
    fn a_constructed_twin_is_level_zero() {
        for (largest, kl, floor) in [(1e-6, 0.0, 0.0), (0.5, 0.2, 0.0), (1e-6, 0.0, 1.0)] {
            let found = check(&[context(largest, kl); 100], floor, true);
            assert_eq!((found.level, found.unseen_share), (Level::Constructed, None));
        }
    }

    /// Contexts of one text are one observation: a hundred positions of one text are not a hundred texts.
    #[test]
    fn positions_of_one_text_do_not_add_up_to_closeness() {
        let found = assess(
            &[context(0.5, 0.004); 100],
            &[0; 100],
            8,
            NoiseFloor { a: 0.0, b: 0.0 },
            false,
            CLOSENESS,
            1,
        );
        assert_eq!(found.level, Level::Different);
        assert_eq!(found.violation_upper_bound, 0.95);
    }

    #[test]
    fn a_support_mismatch_is_different() {
        let mut contexts = [context(1e-6, 0.0); 100];
        contexts[3] = context(f64::INFINITY, f64::INFINITY);
        assert_eq!(check(&contexts, 0.0, false).level, Level::Different);
        let found = check(&[context(1e-6, 0.0); 100], 0.0, false).refuted_by_mask(5);
        assert_eq!((found.level, found.max_abs_dlogp), (Level::Different, f64::INFINITY));
        assert_eq!((found.worst_context, found.unseen_share), (5, None));
    }

    /// Each condition of each level alone decides: a floor's width below and above every limit.
    #[test]
    fn every_limit_of_every_level_counts() {
        let level = |largest: f64, kl: f64| check(&[context(largest, kl); 100], 0.0, false).level;
        assert_eq!((level(1.0e-4, 0.02), level(1.01e-4, 0.02)), (Level::Identical, Level::Undecided));
        assert_eq!((level(1.0e-3, 0.02), level(1.01e-3, 0.02)), (Level::Undecided, Level::Different));
        assert_eq!((level(1.01e-4, 0.0099), level(1.01e-4, 0.01)), (Level::Close, Level::Undecided));
        // Closeness needs both its tests: the mean stays below δ_mean, but two texts of a hundred exceed δ_tail, and
        // the upper bound of their share is 6.2% (scipy.stats.beta.ppf(.95, 3, 98) = 0.0616).
        let with_violations = |n: usize| {
            let mut contexts = [context(0.5, 0.0); 100];
            contexts[..n].fill(context(0.5, 0.101));
            check(&contexts, 0.0, false)
        };
        assert_eq!(with_violations(1).level, Level::Close);
        let two = with_violations(2);
        assert!(
            two.mean_kl_sym_interval.1 < 0.01 && (two.violation_upper_bound - 0.0616).abs() < 5e-4,
            "{two:?}"
        );
        assert_eq!(two.level, Level::Different);
        // A precise floor is needed for both kinds of equality, and ε_num = 0.01 is still precise.
        let at_floor = |floor: f64, largest: f64| check(&[context(largest, 0.0); 100], floor, false).level;
        assert_eq!(at_floor(5e-4, 0.01), Level::Identical);
        assert_eq!((at_floor(5.1e-4, 0.01), at_floor(5.1e-4, 0.05)), (Level::Undecided, Level::Undecided));
    }

    #[test]
    fn limits_themselves_are_neither_close_nor_violations() {
        let floor = NoiseFloor { a: 0.0, b: 0.0 };
        // 2^-7, so that means are exact.
        let delta_mean = 0.0078125;
        let level = |delta_mean: f64| {
            let closeness = Closeness { delta_mean, ..CLOSENESS };
            let texts: Vec<usize> = (0..64).collect();
            assess(&[context(0.5, 0.0078125); 64], &texts, 8, floor, false, closeness, 1).level
        };
        assert_eq!((level(delta_mean), level(delta_mean * 1.001)), (Level::Different, Level::Close));
        let bound = |kl: f64| check(&[context(0.5, kl); 64], 0.0, false).violation_upper_bound;
        assert_eq!((bound(0.1), bound(0.1001)), (bound(0.0), 1.0));
        // One bad context makes its text a violation.
        let pair = [context(0.5, 0.0), context(0.5, 0.2)];
        assert_eq!(assess(&pair, &[0, 0], 8, floor, false, CLOSENESS, 1).violation_upper_bound, 1.0);
    }

    /// At the limit itself equality is not yet refuted; a mean above δ_mean alone refutes nothing.
    #[test]
    fn ten_floors_are_not_yet_a_refutation() {
        let refuted = |largest: f64| check(&[context(largest, 0.0); 4], 0.0, false).is_refuted();
        assert_eq!((refuted(1e-3), refuted(1.001e-3), refuted(1e-4)), (false, true, false));
        let found = check(&[context(1e-3, 0.5); 100], 0.0, false);
        assert!(found.mean_kl_sym_interval.0 > 0.01);
        assert_eq!(found.level, Level::Undecided);
    }

    /// The bound must be below the tolerated share, not on it.
    #[test]
    fn the_tolerated_share_itself_is_not_close() {
        let texts: Vec<usize> = (0..64).collect();
        let level = |max_violation_rate: f64| {
            let closeness = Closeness { max_violation_rate, ..CLOSENESS };
            let floor = NoiseFloor { a: 0.0, b: 0.0 };
            assess(&[context(0.5, 0.001); 64], &texts, 8, floor, false, closeness, 1).level
        };
        let bound = rate_upper_bound(0, 64, 0.05);
        assert_eq!((level(bound), level(bound * 1.001)), (Level::Different, Level::Close));
        // A floor too coarse for equality is too coarse for closeness, whatever the tests say.
        assert_eq!(check(&[context(0.05, 0.001); 64], 5.1e-4, false).level, Level::Undecided);
        assert_eq!(check(&[context(0.05, 0.001); 64], 5e-4, false).level, Level::Close);
    }

    /// Another α moves both bounds of closeness, never the rule of three, which is always for 95%.
    #[test]
    fn alpha_is_that_of_the_tests() {
        let texts: Vec<usize> = (0..32).collect();
        let at = |alpha: f64, largest: f64| {
            let floor = NoiseFloor { a: 0.0, b: 0.0 };
            let contexts: Vec<Divergences> = (0..32).map(|i| context(largest, 1e-4 * f64::from(i))).collect();
            assess(&contexts, &texts, 8, floor, false, Closeness { alpha, ..CLOSENESS }, 1)
        };
        let (strict, lax) = (at(0.05, 0.5), at(0.25, 0.5));
        assert_eq!((strict.level, lax.level), (Level::Different, Level::Close));
        assert!(lax.mean_kl_sym_interval.0 > strict.mean_kl_sym_interval.0);
        assert!(lax.mean_kl_sym_interval.1 < strict.mean_kl_sym_interval.1);
        assert_eq!(at(0.25, 0.0).unseen_share, at(0.05, 0.0).unseen_share);
    }

    #[test]
    fn of_equally_bad_contexts_the_first_is_named() {
        let contexts = [context(0.1, 0.0), context(0.3, 0.0), context(0.3, 0.0), context(0.2, 0.0)];
        assert_eq!(check(&contexts, 0.0, false).worst_context, 1);
    }

    #[test]
    fn every_mean_is_of_its_own_divergence() {
        let contexts = [1.0, 2.0, 6.0].map(|x| Divergences {
            kl_ab: x,
            kl_ba: 2.0 * x,
            js: 0.1 * x,
            tv: 0.125 * x,
            hellinger: 0.0625 * x,
            clr_rms: 4.0 * x,
            top_k_agreement: [0.25 * x, 0.5 * x, 8.0 * x],
            max_abs_dlogp_likely: 7.0 - x,
            ..context(0.5, x)
        });
        let found = check(&contexts, 0.0, false);
        assert_eq!((found.mean_kl_ab, found.mean_kl_ba), (3.0, 6.0));
        assert!((found.mean_js - 0.3).abs() < 1e-15);
        assert_eq!((found.mean_tv, found.mean_hellinger, found.mean_clr_rms), (0.375, 0.1875, 12.0));
        assert_eq!(found.mean_top_k_agreement, [0.75, 1.5, 24.0]);
        assert_eq!((found.max_abs_dlogp_likely, found.mean_kl_sym), (6.0, 4.5));
        assert!((found.d_logit_squared - 8.0 * 16.0 * 41.0 / 3.0).abs() < 1e-10);
        // The symmetric KL is 1.5 times that of A to B: 4.5, between its bounds.
        assert!(found.mean_kl_sym_interval.0 < 4.5 && 4.5 < found.mean_kl_sym_interval.1);
    }

    /// The texts of worst contexts, not their contexts, are counted: n = 59 texts of two contexts each.
    #[test]
    fn the_rule_of_three_counts_texts() {
        let texts: Vec<usize> = (0..118).map(|i| i / 2).collect();
        let floor = NoiseFloor { a: 0.0, b: 0.0 };
        let found = assess(&[context(1e-6, 0.0); 118], &texts, 8, floor, false, CLOSENESS, 1);
        assert!((found.unseen_share.unwrap() - 0.0495076).abs() < 1e-6);
    }

    /// A floor that overflowed says nothing at all, and no number of the report is NaN.
    #[test]
    fn an_infinite_floor_leaves_equality_undecided() {
        let found = check(&[context(1e-6, 0.0); 60], f64::INFINITY, false);
        assert_eq!((found.level, found.epsilon_num), (Level::Undecided, f64::INFINITY));
        assert_eq!(check(&[context(9.0, 2.0); 60], f64::INFINITY, false).level, Level::Undecided);
    }
}
