//! The model of the smallest dimension, and what is lost with fewer (theory.md §5.6).

use faer::Mat;
use serde::{Deserialize, Serialize};

use super::distribution::{log_softmax, top_k};
use super::representation::{Representation, TheoryError, select_rows};
use super::subspace::{Canonical, SubspaceSummary, VisibleSubspaces};

/// Most contexts of a truncation curve.
const CURVE_CONTEXTS: usize = 96;
/// Fewest of them, however large the vocabulary.
const LEAST_CURVE_CONTEXTS: usize = 16;
/// Log-probabilities per point of a curve, so that a large vocabulary costs a second or so.
const CURVE_CELLS: usize = 1 << 21;
/// Up to this r every k has a point.
const ALL_POINTS: usize = 64;
/// Points of a longer curve, before those that fall together are merged.
const LONG_POINTS: usize = 24;
/// Log-probabilities, nats, nearer than this are tied for the most likely token.
const TIE: f64 = 1e-9;

/// The same distribution in r dimensions, fewer than which no model has it (theory.md, C4).
#[derive(Debug, Clone)]
pub struct Reduced {
    /// f_r = F S_g Q_r `[n, r]` and g_r = Γ `[V, r]`, in canonical coordinates: strongest dimension first.
    pub representation: Representation,
    /// S_g Q_r, `[d, r]`: f_r(x) = f(x)·(S_g Q_r) for any hidden state of the model.
    pub f_from_hidden: Mat<f64>,
    /// σ_i: root mean square logit that dimension i contributes, nats, descending.
    pub sigmas: Vec<f64>,
    /// r = dim 𝓖: no difference of unembeddings is lost, so p is the same after every context. Otherwise it is the same
    /// where f(x) lies in the span of the contexts that were used.
    pub reads_all_unembeddings: bool,
}

/// The minimal model. r is the effective complexity, the rank that [`VisibleSubspaces`] finds.
///
/// # Errors
/// [`TheoryError::RankZero`] where nothing is visible, [`TheoryError::NoConvergence`].
pub fn reduce(model: &Representation) -> Result<Reduced, TheoryError> {
    // Texts serve the test of diversity only, which is not asked for here.
    let one_text = vec![0; model.n_contexts()];
    let summary = VisibleSubspaces::find(model, &one_text, 0)?.summary;
    Ok(Reduced::of(model, Canonical::of_rank(model, summary.effective_complexity)?, &summary))
}

impl Reduced {
    /// From the model's canonical coordinates at its effective complexity.
    pub fn of(model: &Representation, canonical: Canonical, summary: &SubspaceSummary) -> Self {
        Self {
            representation: Representation {
                f: canonical.phi,
                g: canonical.gamma,
                precision: model.precision,
            },
            f_from_hidden: canonical.phi_from_f,
            sigmas: canonical.sigmas,
            reads_all_unembeddings: summary.effective_complexity == summary.rank_g,
        }
    }

    /// The k strongest dimensions (all where k > r): the best k-dimensional approximation in centred log-probabilities.
    pub fn truncated(&self, k: usize) -> Representation {
        let k = k.min(self.sigmas.len());
        Representation {
            f: self.representation.f.subcols(0, k).to_owned(),
            g: self.representation.g.subcols(0, k).to_owned(),
            precision: self.representation.precision,
        }
    }
}

/// How far the k strongest dimensions are from the model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TruncationPoint {
    /// Dimensions kept, 1 to r.
    pub k: usize,
    /// Mean KL(model ‖ truncated) over contexts, nats, ≥ 0.
    pub mean_kl: f64,
    /// Root mean square difference of centred log-probabilities over contexts and tokens, nats.
    pub clr_rms: f64,
    /// Share of contexts with the same most likely token, in [0, 1].
    pub top_1_agreement: f64,
}

/// What truncation to k dimensions loses, for every k up to r ≤ 64, otherwise for about 24 values from 1 to r in equal
/// ratios.
///
/// Measured on at most 96 of the n contexts, evenly spaced (fewer where V > 8192, but at least 16). Dimensions are
/// added to the logits one after another, so that the whole curve costs one n×V product and a log-sum-exp per point.
pub fn truncation_curve(model: &Representation, reduced: &Reduced) -> Vec<TruncationPoint> {
    let rows = spaced(model.n_contexts(), curve_contexts(model.n_tokens()));
    let f = select_rows(model.f.as_ref(), &rows);
    let f_r = select_rows(reduced.representation.f.as_ref(), &rows);
    let mut log_p = &model.g * f.transpose();
    (0..rows.len()).for_each(|i| log_softmax(log_p.col_as_slice_mut(i)));
    let probabilities = Mat::from_fn(log_p.nrows(), log_p.ncols(), |y, i| log_p[(y, i)].exp());

    let mut logits = Mat::<f64>::zeros(log_p.nrows(), log_p.ncols());
    let mut done = 0;
    curve_grid(reduced.sigmas.len())
        .into_iter()
        .map(|k| {
            let added = reduced.representation.g.subcols(done, k - done);
            logits += added * f_r.subcols(done, k - done).transpose();
            done = k;
            let mut sum = Loss::default();
            for i in 0..rows.len() {
                sum.add(log_p.col_as_slice(i), probabilities.col_as_slice(i), logits.col_as_slice(i));
            }
            sum.mean(k, rows.len())
        })
        .collect()
}

/// Sums over contexts.
#[derive(Default)]
struct Loss {
    kl: f64,
    clr_squared: f64,
    same_best: f64,
}

impl Loss {
    /// One context: log p, p and the logits of an approximation. With δ = log p − z, KL = Σ p δ + log Σ exp z, and the
    /// centred log-probabilities differ by δ − mean δ.
    fn add(&mut self, log_p: &[f64], p: &[f64], logits: &[f64]) {
        let n_tokens = logits.len() as f64;
        let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (mut mass, mut expected, mut sum) = (0.0, 0.0, 0.0);
        for ((&l, &p), &z) in log_p.iter().zip(p).zip(logits) {
            let difference = l - (z - largest);
            mass += (z - largest).exp();
            expected += p * difference;
            sum += difference;
        }
        let mean = sum / n_tokens;
        let spread = log_p.iter().zip(logits).map(|(&l, &z)| (l - (z - largest) - mean).powi(2)).sum::<f64>();
        self.kl += (expected + mass.ln()).max(0.0);
        self.clr_squared += spread / n_tokens;
        let best = top_k(log_p, 1).first().is_some_and(|&y| logits[y] >= largest - TIE);
        self.same_best += f64::from(best);
    }

    fn mean(&self, k: usize, n_contexts: usize) -> TruncationPoint {
        let n = n_contexts as f64;
        TruncationPoint {
            k,
            mean_kl: self.kl / n,
            clr_rms: (self.clr_squared / n).sqrt(),
            top_1_agreement: self.same_best / n,
        }
    }
}

fn curve_contexts(n_tokens: usize) -> usize {
    (CURVE_CELLS / n_tokens).clamp(LEAST_CURVE_CONTEXTS, CURVE_CONTEXTS)
}

/// At most `most` of 0..n, evenly spaced from the first.
fn spaced(n: usize, most: usize) -> Vec<usize> {
    let kept = n.min(most);
    (0..kept).map(|i| i * n / kept).collect()
}

/// Ascending values of k from 1 to r.
fn curve_grid(r: usize) -> Vec<usize> {
    if r <= ALL_POINTS {
        return (1..=r).collect();
    }
    let step = (r as f64).ln() / (LONG_POINTS - 1) as f64;
    let mut grid: Vec<usize> = (0..LONG_POINTS).map(|i| (step * i as f64).exp().round() as usize).collect();
    grid.dedup();
    grid
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::Precision;
    use crate::theory::linear_map::tests::{assert_near, map_cases};
    use crate::theory::representation::from_row_major;
    use crate::theory::twin::change_basis;
    use crate::theory::twin::tests::{max_abs_dlogp, normal, padded};

    fn model(n: usize, v: usize, d: usize, seed: u64) -> Representation {
        Representation::new(normal(n, d, seed), normal(v, d, seed + 50), Precision::F64).unwrap()
    }

    #[test]
    fn minimal_models_match_numpy() {
        for (case, a, _) in map_cases() {
            let reduced = reduce(&a).unwrap();
            let r = case.expected.sigmas.len();
            assert_eq!(reduced.sigmas.len(), r, "{}", case.name);
            for (found, expected) in reduced.sigmas.iter().zip(&case.expected.sigmas) {
                assert_near(*found, *expected, &case.name);
            }
            let Representation { f, g, .. } = &reduced.representation;
            let signs: Vec<f64> = (0..r).map(|j| f[(0, j)].signum()).collect();
            let phi = from_row_major(&case.expected.phi, a.n_contexts(), r);
            let gamma = from_row_major(&case.expected.gamma_first_rows, 10, r);
            for j in 0..r {
                (0..a.n_contexts()).for_each(|i| assert_near(signs[j] * f[(i, j)], phi[(i, j)], &case.name));
                (0..10).for_each(|y| assert_near(signs[j] * g[(y, j)], gamma[(y, j)], &case.name));
            }
        }
    }

    #[test]
    fn truncation_curves_match_scipy() {
        for (case, a, _) in map_cases() {
            let curve = truncation_curve(&a, &reduce(&a).unwrap());
            assert_eq!(curve.len(), case.expected.curve.len(), "{}", case.name);
            for (point, &(k, mean_kl, clr_rms, top_1)) in curve.iter().zip(&case.expected.curve) {
                assert_eq!((point.k, point.top_1_agreement), (k, top_1), "{}", case.name);
                assert_near(point.mean_kl, mean_kl, &case.name);
                assert_near(point.clr_rms, clr_rms, &case.name);
            }
        }
    }

    /// C4: no model of this distribution is smaller, and a model padded with dark parts is reduced to the same one.
    #[test]
    fn a_minimal_model_depends_on_the_distribution_alone() {
        let f = normal(40, 6, 1) * normal(6, 8, 2);
        let g = normal(60, 7, 3) * normal(7, 8, 4);
        let a = Representation::new(f, g, Precision::F64).unwrap();
        let twin = change_basis(&padded(&a, 2, 3, 5), 6);
        let (of_a, of_twin) = (reduce(&a).unwrap(), reduce(&twin).unwrap());
        assert_eq!((of_a.representation.width(), of_twin.representation.width()), (6, 6));
        assert!(max_abs_dlogp(&a, &of_a.representation) < 1e-10);
        assert!(max_abs_dlogp(&a, &of_twin.representation) < 1e-10);
        for (one, other) in of_a.sigmas.iter().zip(&of_twin.sigmas) {
            assert!((one - other).abs() < 1e-10 * of_a.sigmas[0]);
        }
        assert!(!of_a.reads_all_unembeddings, "the seventh direction of g is dark");
    }

    /// What an export needs: any hidden state of the model, seen or not, and the minimal model's logits for it.
    #[test]
    fn new_hidden_states_are_carried_to_the_minimal_model() {
        let a = model(12, 60, 5, 1);
        let reduced = reduce(&a).unwrap();
        assert!(reduced.reads_all_unembeddings);
        let carried = &a.f * &reduced.f_from_hidden;
        assert!((carried - &reduced.representation.f).norm_l2() < 1e-12);
        let new = Representation { f: normal(7, 5, 99), ..a };
        let carried = Representation { f: &new.f * &reduced.f_from_hidden, ..reduced.representation };
        assert!(max_abs_dlogp(&new, &carried) < 1e-11);
    }

    /// With many tokens the rule of canonical coordinates is blunt: a direction 10⁻⁴ as strong as the first would be lost
    /// in f32, although p depends on it.
    #[test]
    fn a_faint_direction_of_f32_weights_is_kept() {
        let mut a = model(60, 3000, 4, 1);
        (0..60).for_each(|i| a.f[(i, 3)] *= 1e-4);
        let stored = a.rounded_to_f32();
        assert_eq!(Canonical::find(&stored).unwrap().sigmas.len(), 3);
        let reduced = reduce(&stored).unwrap();
        assert_eq!(reduced.sigmas.len(), 4);
        assert!(max_abs_dlogp(&stored, &reduced.representation) < 1e-9);
    }

    /// Eckart and Young in the metric of log-probabilities: Σ_{i>k} σ_i² is the mean square error of clr.
    #[test]
    fn the_error_of_truncation_is_what_the_dropped_dimensions_carry() {
        let a = model(CURVE_CONTEXTS, 150, 10, 1);
        let reduced = reduce(&a).unwrap();
        let curve = truncation_curve(&a, &reduced);
        assert_eq!(curve.iter().map(|point| point.k).collect::<Vec<_>>(), (1..=10).collect::<Vec<_>>());
        for point in &curve {
            let dropped = reduced.sigmas[point.k..].iter().map(|sigma| sigma * sigma).sum::<f64>().sqrt();
            assert!((point.clr_rms - dropped).abs() < 1e-12, "{point:?} {dropped}");
        }
        assert!(curve.windows(2).all(|pair| pair[1].mean_kl < pair[0].mean_kl));
        assert!(curve[8].mean_kl > 1e-3 && curve[8].top_1_agreement < 1.0);
        assert!(curve[9].mean_kl < 1e-12 && curve[9].top_1_agreement == 1.0);
    }

    /// Of 1000 contexts 96 stand for all; a curve of many dimensions has few points.
    #[test]
    fn long_curves_are_thinned() {
        assert_eq!(spaced(5, 96), [0, 1, 2, 3, 4]);
        let rows = spaced(1000, 96);
        assert_eq!((rows.len(), rows[0], rows[95]), (96, 0, 989));
        assert_eq!([50, 515, 50_257, 1 << 30].map(curve_contexts), [96, 96, 41, 16]);
        assert_eq!(curve_grid(64).len(), 64);
        let grid = curve_grid(768);
        assert!(grid.len() <= 24 && grid[0] == 1 && grid.last() == Some(&768), "{grid:?}");
        assert!(grid.windows(2).all(|pair| pair[0] < pair[1]));
        let a = model(300, 90, 70, 1);
        let curve = truncation_curve(&a, &reduce(&a).unwrap());
        assert_eq!(curve.last().map(|point| point.k), Some(70));
        assert!(curve[curve.len() - 1].mean_kl < 1e-12);
    }

    #[test]
    fn a_model_that_answers_always_the_same_has_no_minimal_model() {
        let constant = Representation::new(Mat::zeros(4, 3), normal(9, 3, 1), Precision::F64).unwrap();
        assert!(matches!(reduce(&constant), Err(TheoryError::RankZero { .. })));
    }
}
