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
    /// max |log p_A − log p_B|, nats, over the tokens that one of the models gives a probability of at least 1e-6; 0
    /// where there is none.
    pub max_abs_dlogp_likely: f64,
}

/// Sizes of the sets of best tokens that are compared, ascending.
const TOP_KS: [usize; 3] = [1, 5, 10];

/// ln 1e-6: the log-probability from which a token counts as likely.
const LIKELY: f64 = -13.815_510_557_964_274;

impl Divergences {
    /// All distances between two lists of log-probabilities of the same tokens.
    ///
    /// A token masked (−∞) in both is left out; masked in one only, KL, the sup distance and the RMS are infinite.
    /// Tokens within `tie` nats of the k-th best count as tied with it.
    ///
    /// ```
    /// use all_or_none::theory::distribution::Divergences;
    ///
    /// let (p, q) = ([0.5_f64, 0.5].map(f64::ln), [0.25_f64, 0.75].map(f64::ln));
    /// let distances = Divergences::between(&p, &q, 0.0);
    /// assert!((distances.kl_ab - (4.0_f64 / 3.0).ln() / 2.0).abs() < 1e-12);
    /// assert!((distances.tv - 0.25).abs() < 1e-12);
    /// ```
    pub fn between(log_p: &[f64], log_q: &[f64], tie: f64) -> Self {
        debug_assert_eq!(log_p.len(), log_q.len());
        let mut kl_ab = 0.0;
        let mut kl_ba = 0.0;
        let mut js = 0.0;
        let mut tv = 0.0;
        let mut hellinger_squared = 0.0;
        let (mut max_abs_dlogp, mut max_abs_dlogp_likely) = (0.0_f64, 0.0_f64);
        let (mut sum, mut sum_of_squares, mut count) = (0.0, 0.0, 0.0);
        for (&a, &b) in log_p.iter().zip(log_q) {
            if a == f64::NEG_INFINITY && b == f64::NEG_INFINITY {
                continue;
            }
            let difference = a - b;
            let (root_p, root_q) = ((0.5 * a).exp(), (0.5 * b).exp());
            let (p, q) = (root_p * root_p, root_q * root_q);
            let log_mixture = (0.5 * (p + q)).ln();
            if p > 0.0 {
                kl_ab += p * difference;
                js += 0.5 * p * (a - log_mixture);
            }
            if q > 0.0 {
                kl_ba -= q * difference;
                js += 0.5 * q * (b - log_mixture);
            }
            tv += 0.5 * (p - q).abs();
            hellinger_squared += 0.5 * (root_p - root_q).powi(2);
            max_abs_dlogp = max_abs_dlogp.max(difference.abs());
            if a.max(b) >= LIKELY {
                max_abs_dlogp_likely = max_abs_dlogp_likely.max(difference.abs());
            }
            sum += difference;
            sum_of_squares += difference * difference;
            count += 1.0;
        }
        let clr_rms = if sum_of_squares.is_finite() && count > 0.0 {
            // Var = E[δ²] − E[δ]²: δ is of the size of its own spread here, so nothing cancels that matters.
            let mean: f64 = sum / count;
            (sum_of_squares / count - mean * mean).max(0.0).sqrt()
        } else {
            sum_of_squares
        };
        Self {
            kl_ab: kl_ab.max(0.0),
            kl_ba: kl_ba.max(0.0),
            js: js.clamp(0.0, std::f64::consts::LN_2),
            tv: tv.clamp(0.0, 1.0),
            hellinger: hellinger_squared.clamp(0.0, 1.0).sqrt(),
            max_abs_dlogp,
            clr_rms,
            top_k_agreement: top_k_agreements(log_p, log_q, tie),
            max_abs_dlogp_likely,
        }
    }

    /// ½(KL(A‖B) + KL(B‖A)), nats.
    pub fn kl_symmetric(&self) -> f64 {
        0.5 * (self.kl_ab + self.kl_ba)
    }
}

/// Turns logits into log-probabilities in place: ℓ = (z − m) − log Σ exp(z − m), m = max z.
pub fn log_softmax(logits: &mut [f64]) {
    let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let log_sum = logits.iter().map(|z| (z - max).exp()).sum::<f64>().ln();
    for z in logits {
        *z = (*z - max) - log_sum;
    }
}

/// Indices of the k largest values, largest first; of equal values the lower index first.
pub fn top_k(values: &[f64], k: usize) -> Vec<usize> {
    let k = k.min(values.len());
    if k == 0 {
        return Vec::new();
    }
    let by_value = |&i: &usize, &j: &usize| values[j].total_cmp(&values[i]).then(i.cmp(&j));
    // Candidates are thinned to the best k whenever there are twice as many: most values are passed over by one look.
    let mut best: Vec<usize> = Vec::with_capacity(2 * k);
    let mut kth: Option<f64> = None;
    for (i, value) in values.iter().enumerate() {
        if kth.is_some_and(|kth| value.total_cmp(&kth).is_le()) {
            continue;
        }
        best.push(i);
        if best.len() == 2 * k {
            best.select_nth_unstable_by(k - 1, by_value);
            best.truncate(k);
            kth = Some(values[best[k - 1]]);
        }
    }
    best.sort_unstable_by(by_value);
    best.truncate(k);
    best
}

fn top_k_agreements(log_p: &[f64], log_q: &[f64], tie: f64) -> [f64; 3] {
    let largest = TOP_KS[TOP_KS.len() - 1];
    let (best_p, best_q) = (top_k(log_p, largest), top_k(log_q, largest));
    // The best k are the first k of the best ten.
    TOP_KS.map(|k| {
        let k = k.min(best_p.len());
        agreement((log_p, &best_p[..k]), (log_q, &best_q[..k]), tie)
    })
}

fn agreement((log_p, best_p): (&[f64], &[usize]), (log_q, best_q): (&[f64], &[usize]), tie: f64) -> f64 {
    let shared = |best: &[usize], other: &[f64], best_of_other: &[usize]| {
        let kth = best_of_other.last().map_or(f64::INFINITY, |&y| other[y]);
        best.iter().filter(|&&y| other[y] >= kth - tie).count()
    };
    let n_shared = shared(best_p, log_q, best_q).min(shared(best_q, log_p, best_p));
    if best_p.is_empty() { 1.0 } else { n_shared as f64 / best_p.len() as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn log_probs(logits: &[f64]) -> Vec<f64> {
        let mut values = logits.to_vec();
        log_softmax(&mut values);
        values
    }

    /// scipy: p=[.5,.3,.2], q=[.2,.2,.6]; scipy.stats.entropy(p,q), entropy(q,p),
    /// scipy.spatial.distance.jensenshannon(p,q)**2, sqrt(1-sum(sqrt(p*q))), abs(p-q).sum()/2,
    /// and clr: d = log p - log q; d.std().
    #[test]
    fn matches_reference_values() {
        let p = [0.5_f64, 0.3, 0.2].map(f64::ln);
        let q = [0.2_f64, 0.2, 0.6].map(f64::ln);
        let found = Divergences::between(&p, &q, 0.0);
        let expected = Divergences {
            kl_ab: 0.3600624406359049,
            kl_ba: 0.39481620520440186,
            js: 0.09056584995526784,
            tv: 0.4,
            hellinger: 0.3039952272504764,
            max_abs_dlogp: 3.0_f64.ln(),
            clr_rms: 0.8552469309165464,
            top_k_agreement: [0.0, 1.0, 1.0],
            max_abs_dlogp_likely: 3.0_f64.ln(),
        };
        for (x, y) in [
            (found.kl_ab, expected.kl_ab),
            (found.kl_ba, expected.kl_ba),
            (found.js, expected.js),
            (found.tv, expected.tv),
            (found.hellinger, expected.hellinger),
            (found.max_abs_dlogp, expected.max_abs_dlogp),
            (found.clr_rms, expected.clr_rms),
            (found.max_abs_dlogp_likely, expected.max_abs_dlogp_likely),
        ] {
            assert!((x - y).abs() < 1e-14, "{x} is not {y}");
        }
        assert_eq!(found.top_k_agreement, expected.top_k_agreement);
    }

    #[test]
    fn a_token_masked_in_one_model_only_makes_kl_infinite_and_keeps_js_finite() {
        let p = [0.5_f64, 0.5, 0.0].map(f64::ln);
        let q = [0.5_f64, 0.25, 0.25].map(f64::ln);
        let found = Divergences::between(&p, &q, 0.0);
        assert!(found.kl_ab.is_finite());
        assert_eq!(found.kl_ba, f64::INFINITY);
        assert_eq!(found.max_abs_dlogp, f64::INFINITY);
        assert!((found.tv - 0.25).abs() < 1e-15);
        assert!(found.js.is_finite() && found.js > 0.0);
    }

    #[test]
    fn a_token_masked_in_both_models_is_left_out() {
        let p = [0.5_f64, 0.5, 0.0].map(f64::ln);
        let q = [0.25_f64, 0.75, 0.0].map(f64::ln);
        let found = Divergences::between(&p, &q, 0.0);
        assert_eq!(
            Divergences {
                top_k_agreement: found.top_k_agreement,
                ..Divergences::between(&p[..2], &q[..2], 0.0)
            },
            found
        );
    }

    #[test]
    fn ties_within_the_tolerance_count_as_shared() {
        let p = log_probs(&[1.0, 1.0 - 1e-9, 0.0]);
        let q = log_probs(&[1.0 - 1e-9, 1.0, 0.0]);
        assert_eq!(Divergences::between(&p, &q, 0.0).top_k_agreement[0], 0.0);
        assert_eq!(Divergences::between(&p, &q, 1e-6).top_k_agreement[0], 1.0);
    }

    #[test]
    fn log_softmax_survives_a_large_common_offset() {
        let near = log_probs(&[0.0, 1.0, 2.0]);
        let far = log_probs(&[1e4, 1e4 + 1.0, 1e4 + 2.0]);
        for (a, b) in near.iter().zip(&far) {
            assert!((a - b).abs() < 1e-11);
        }
    }

    #[test]
    fn top_k_is_sorted_and_breaks_ties_by_index() {
        assert_eq!(top_k(&[0.1, 0.7, 0.7, 0.9], 3), vec![3, 1, 2]);
        assert_eq!(top_k(&[0.1], 5), vec![0]);
        assert!(top_k(&[], 5).is_empty());
    }

    /// Below 1e-6 in both models a token is not likely, whatever the ratio; from 1e-6 in either it is.
    #[test]
    fn only_likely_tokens_count_for_the_restricted_distance() {
        let likely = |p: f64, q: f64| {
            let log = |rest: f64| [rest.ln(), (1.0 - rest).ln()];
            Divergences::between(&log(p), &log(q), 0.0).max_abs_dlogp_likely
        };
        assert!(likely(9.9e-7, 1e-9) < 1e-6, "only the other token counts");
        assert!((likely(1.01e-6, 1e-9) - 1010.0_f64.ln()).abs() < 1e-9);
        assert!((likely(1e-9, 1.01e-6) - 1010.0_f64.ln()).abs() < 1e-9);
        assert_eq!(LIKELY, 1e-6_f64.ln());
        assert_eq!(Divergences::between(&[LIKELY], &[LIKELY - 1.0], 0.0).max_abs_dlogp_likely, 1.0);
        let rare = [LIKELY - 1.0, LIKELY - 2.0];
        assert_eq!(Divergences::between(&rare[..1], &rare[1..], 0.0).max_abs_dlogp_likely, 0.0);
    }

    #[test]
    fn the_best_of_many_are_the_first_of_their_order() {
        let values: Vec<f64> = (0..500).map(|i| f64::from((i * 7919) % 83)).collect();
        let mut order: Vec<usize> = (0..500).collect();
        order.sort_by(|&i, &j| values[j].total_cmp(&values[i]));
        for k in [0, 1, 2, 7, 250, 499, 500, 600] {
            assert_eq!(top_k(&values, k), order[..k.min(500)], "{k}");
        }
    }

    /// Two distributions of one size; `size` scales their logits, so that near ones are drawn as well as far ones.
    fn pairs() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
        (prop::collection::vec((-8.0..8.0_f64, -1.0..1.0_f64), 2..40), 0.0..16.0_f64).prop_map(
            |(logits, size)| {
                let (a, shift): (Vec<f64>, Vec<f64>) = logits.into_iter().unzip();
                let b: Vec<f64> = a.iter().zip(&shift).map(|(a, shift)| a + size * shift).collect();
                (log_probs(&a), log_probs(&b))
            },
        )
    }

    proptest! {
        /// The inequalities of theory.md §4.2 on any two distributions of one size, in both directions of KL.
        #[test]
        fn divergences_obey_their_inequalities((a, b) in pairs()) {
            let found = Divergences::between(&a, &b, 0.0);
            let h2 = found.hellinger.powi(2);
            let slack = 1e-12;
            prop_assert!(h2 <= found.tv + slack);
            prop_assert!(found.tv <= found.hellinger * (2.0 - h2).sqrt() + slack);
            prop_assert!(found.js >= 0.0 && found.js <= found.tv * std::f64::consts::LN_2 + slack);
            prop_assert!(found.max_abs_dlogp_likely <= found.max_abs_dlogp);
            prop_assert!(found.clr_rms <= 2.0 * found.max_abs_dlogp + slack);
            for kl in [found.kl_ab, found.kl_ba] {
                prop_assert!(kl >= 0.0);
                prop_assert!(found.tv <= (kl / 2.0).sqrt() + slack);
                prop_assert!(found.tv <= (-(-kl).exp_m1()).sqrt() + slack);
                prop_assert!(h2 <= -(-kl / 2.0).exp_m1() + slack);
            }
        }

        /// Prop. 6: KL ≤ (range of ℓ_A − ℓ_B)²/8 ≤ ε²/2 where the unnormalised logs differ by at most ε.
        #[test]
        fn kl_is_bounded_by_the_range_of_the_differences((a, b) in pairs()) {
            let found = Divergences::between(&a, &b, 0.0);
            let differences: Vec<f64> = a.iter().zip(&b).map(|(x, y)| x - y).collect();
            let range = differences.iter().copied().fold(f64::MIN, f64::max)
                - differences.iter().copied().fold(f64::MAX, f64::min);
            for kl in [found.kl_ab, found.kl_ba] {
                prop_assert!(kl <= range * range / 8.0 + 1e-12);
                prop_assert!(kl <= found.max_abs_dlogp.powi(2) / 2.0 + 1e-12);
            }
        }

        /// Prop. 6, conversely: KL controls likely tokens, here at the largest τ that each token allows, its own p(y).
        #[test]
        fn kl_bounds_the_ratios_of_likely_tokens((a, b) in pairs()) {
            let root = (Divergences::between(&a, &b, 0.0).kl_ab / 2.0).sqrt();
            for (log_p, log_q) in a.iter().zip(&b) {
                let share = root / log_p.exp();
                if share < 1.0 {
                    prop_assert!(log_p - log_q <= -(-share).ln_1p() + 1e-9);
                    prop_assert!(log_q - log_p <= share.ln_1p() + 1e-9);
                }
            }
        }

        #[test]
        fn exchanging_the_models_exchanges_the_divergences(logits in prop::collection::vec((-8.0..8.0_f64, -8.0..8.0_f64), 2..40)) {
            let (a, b): (Vec<f64>, Vec<f64>) = logits.into_iter().unzip();
            let (a, b) = (log_probs(&a), log_probs(&b));
            let (ab, ba) = (Divergences::between(&a, &b, 0.0), Divergences::between(&b, &a, 0.0));
            prop_assert_eq!(ab.kl_ab, ba.kl_ba);
            prop_assert!((ab.js - ba.js).abs() < 1e-14);
            prop_assert_eq!(ab.top_k_agreement, ba.top_k_agreement);
            prop_assert_eq!(Divergences::between(&a, &a, 0.0).kl_ab, 0.0);
        }
    }
}
