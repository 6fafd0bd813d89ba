//! Distances between representations of Nielsen et al. (2025), as released: d_LLV and d_SVD (theory.md §2.1).
//!
//! Both are functions of the two distributions alone, so a model and its exact twin are at distance zero. They are
//! reported and never decide: the bound of one by the other is far too loose.

use faer::{Mat, MatRef};
use rand::seq::index::sample;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::distribution::log_softmax;
use super::representation::{Representation, TheoryError, centred, select_rows};
use super::statistics::{Stream, generator, mean};

/// λ: the weight of differences in scale, that of the paper's runs.
const LAMBDA: f64 = 1e-5;
/// Most contexts on which distances are computed: among few labels, and among many.
const MAX_CONTEXTS: [usize; 2] = [4096, 256];
/// Most labels (tokens) on which distances are computed; the distributions are renormalised on them.
const MAX_LABELS: usize = 128;
/// Up to so many labels, every pivot and every label set is tried.
const EXHAUSTIVE: usize = 12;
/// Sets of labels, and of inputs, that are tried elsewhere.
const CANDIDATES: usize = 32;
/// Dimensions up to which d_SVD tries all candidates; its cost grows with their cube.
const CHEAP_DIMENSIONS: usize = 64;
/// A log-ratio that varies by less than this share of the largest log-ratio varies by rounding only.
const CONSTANT: f64 = 1e-9;

/// How far two models are from being linearly equivalent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RepresentationDistances {
    /// d^λ_LLV with λ = 1e-5 (Def. 4.4), ≥ 0, no unit: standard deviation of the difference between log-probabilities,
    /// each divided by the spread of its log-ratio. None where log-ratios do not vary in one of the models.
    pub d_llv: Option<f64>,
    /// d_SVD = 1 − mSVD (Def. 4.5), in [0, 1], the larger of that of Lᵀf(x) and that of Nᵀg(y). None where no log-ratio
    /// varies in either model.
    pub d_svd: Option<f64>,
}

/// Both distances between models of the same n contexts and V tokens, whose widths may differ.
///
/// At most 128 labels are drawn and 256 contexts (4096 where there are at most twelve labels), and the distributions are
/// those given one of these labels. With
/// M = min(d_A, d_B) (or what the labels or contexts allow): d_LLV takes the pivot label, the left-out label and the
/// M + 1 inputs that make it smallest; d_SVD, on each side, the M + 1 labels or inputs that make it smallest. Pivots and
/// label sets are all tried where there are at most twelve labels, else at most 32 of them; of input sets, 32. Since
/// Lᵀf(x) and Nᵀg(y) are log-ratios, d_SVD on a common label set needs no equal widths, which extends Def. 4.5.
///
/// # Errors
/// [`TheoryError::NoConvergence`] where the singular values of a correlation matrix are not found.
pub fn representation_distances(
    a: &Representation,
    b: &Representation,
    seed: u64,
) -> Result<RepresentationDistances, TheoryError> {
    let rng = &mut generator(seed, Stream::RepresentationDistance);
    let most_contexts = MAX_CONTEXTS[usize::from(a.n_tokens() > EXHAUSTIVE)];
    let mut drawn = |size: usize, most: usize| {
        let mut rows = sample(rng, size, size.min(most)).into_vec();
        rows.sort_unstable();
        rows
    };
    let (contexts, labels) = (drawn(a.n_contexts(), most_contexts), drawn(a.n_tokens(), MAX_LABELS));
    let [of_a, of_b] = [a, b].map(|model| LogProbabilities::of(model, &contexts, &labels));
    let m = a.width().min(b.width());
    Distances {
        over_contexts: Paired::new(of_a.by_label.as_ref(), of_b.by_label.as_ref(), [of_a.size, of_b.size]),
        over_labels: Paired::new(of_a.by_context.as_ref(), of_b.by_context.as_ref(), [of_a.size, of_b.size]),
        pivots: pivots(labels.len(), rng),
        label_sets: label_sets(labels.len(), m, rng),
        input_sets: random_sets(contexts.len(), m, CANDIDATES, rng),
    }
    .find()
}

/// log p(y|x) on the drawn contexts and labels.
struct LogProbabilities {
    /// `[contexts, labels]`.
    by_label: Mat<f64>,
    /// `[labels, contexts]`.
    by_context: Mat<f64>,
    /// Largest |centred logit|.
    size: f64,
}

impl LogProbabilities {
    fn of(model: &Representation, contexts: &[usize], labels: &[usize]) -> Self {
        let f = select_rows(model.f.as_ref(), contexts);
        let g = centred(select_rows(model.g.as_ref(), labels).as_ref());
        let mut by_context = g * f.transpose();
        let size = by_context.norm_max();
        for column in 0..by_context.ncols() {
            log_softmax(by_context.col_as_slice_mut(column));
        }
        Self { by_label: by_context.transpose().to_owned(), by_context, size }
    }
}

/// Columns of A and of B for the same labels (rows are contexts) or the same inputs (rows are labels).
struct Paired<'a> {
    a: MatRef<'a, f64>,
    b: MatRef<'a, f64>,
    /// Spreads of A and of B that count as none.
    constant: [f64; 2],
}

/// Where to look for the smallest distances.
struct Distances<'a> {
    over_contexts: Paired<'a>,
    over_labels: Paired<'a>,
    /// Pivot labels.
    pivots: Vec<usize>,
    /// Pivot and other labels.
    label_sets: Vec<Vec<usize>>,
    /// Pivot and other inputs.
    input_sets: Vec<Vec<usize>>,
}

impl Distances<'_> {
    fn find(&self) -> Result<RepresentationDistances, TheoryError> {
        let labels = self.pivots.iter().filter_map(|&pivot| self.over_contexts.all_but_one(pivot));
        let inputs = self.input_sets.iter().filter_map(|set| self.over_labels.all_of(set));
        let d_llv = match (labels.min_by(Terms::by_spread), inputs.min_by(Terms::by_spread)) {
            (Some(labels), Some(inputs)) => Some(labels.distance().max(inputs.distance())),
            _ => None,
        };
        let f_side = self.over_contexts.smallest_d_svd(&self.label_sets)?;
        let g_side = self.over_labels.smallest_d_svd(&self.input_sets_for_svd())?;
        Ok(RepresentationDistances {
            d_llv: d_llv.filter(|d| d.is_finite()),
            d_svd: f_side.zip(g_side).map(|(f, g)| f.max(g)),
        })
    }

    fn input_sets_for_svd(&self) -> Vec<Vec<usize>> {
        let dimensions = self.input_sets.first().map_or(0, |set| set.len() - 1);
        self.input_sets.iter().take(affordable(dimensions)).cloned().collect()
    }
}

/// The two kinds of term of d_LLV for one set of labels, or of inputs: t1 and t3, or t2 and t4.
#[derive(Debug, Clone, Copy)]
struct Terms {
    spread: f64,
    scale_gap: f64,
}

impl Terms {
    fn by_spread(&self, other: &Self) -> std::cmp::Ordering {
        self.spread.total_cmp(&other.spread)
    }

    fn larger(self, other: Self) -> Self {
        Self { spread: self.spread.max(other.spread), scale_gap: self.scale_gap.max(other.scale_gap) }
    }

    fn distance(self) -> f64 {
        self.spread.max(LAMBDA * self.scale_gap)
    }
}

impl Paired<'_> {
    fn new<'a>(a: MatRef<'a, f64>, b: MatRef<'a, f64>, sizes: [f64; 2]) -> Paired<'a> {
        Paired { a, b, constant: sizes.map(|size| CONSTANT * size) }
    }

    /// The terms of all columns but the pivot and the one that is left out, which is the worst: that makes them least.
    fn all_but_one(&self, pivot: usize) -> Option<Terms> {
        let mut terms: Vec<Terms> =
            (0..self.a.ncols()).filter(|&y| y != pivot).filter_map(|y| self.terms(y, pivot)).collect();
        terms.sort_unstable_by(Terms::by_spread);
        if terms.len() > 1 {
            terms.pop();
        }
        terms.into_iter().reduce(Terms::larger)
    }

    /// The terms of a set whose first column is the pivot.
    fn all_of(&self, set: &[usize]) -> Option<Terms> {
        set[1..].iter().filter_map(|&y| self.terms(y, set[0])).reduce(Terms::larger)
    }

    /// ψ = sd of the log-ratio of column and pivot; the spreads of both, each divided by its ψ, between A and B.
    /// None where the log-ratio is constant in both models; infinite where it is so in one.
    fn terms(&self, column: usize, pivot: usize) -> Option<Terms> {
        let psi = |x: MatRef<'_, f64>| deviation(x.nrows(), |i| x[(i, column)] - x[(i, pivot)]);
        let (psi_a, psi_b) = (psi(self.a), psi(self.b));
        match (psi_a > self.constant[0], psi_b > self.constant[1]) {
            (false, false) => None,
            (true, true) => {
                let spread =
                    |y: usize| deviation(self.a.nrows(), |i| self.a[(i, y)] / psi_a - self.b[(i, y)] / psi_b);
                Some(Terms { spread: spread(column).max(spread(pivot)), scale_gap: (psi_a - psi_b).abs() })
            }
            _ => Some(Terms { spread: f64::INFINITY, scale_gap: (psi_a - psi_b).abs() }),
        }
    }

    fn smallest_d_svd(&self, sets: &[Vec<usize>]) -> Result<Option<f64>, TheoryError> {
        let mut smallest: Option<f64> = None;
        // Sets of one pivot share their log-ratios, and so their correlations.
        for sets in sets.chunk_by(|one, other| one[0] == other[0]) {
            let correlations = self.correlations(sets);
            for set in sets {
                if let Some(here) = correlations.d_svd(&set[1..])? {
                    smallest = Some(smallest.map_or(here, |best| best.min(here)));
                }
            }
        }
        Ok(smallest)
    }

    /// Correlations of A's log-ratios with B's, for all columns of sets that share their pivot.
    fn correlations(&self, sets: &[Vec<usize>]) -> Correlations {
        let pivot = sets[0][0];
        let mut columns: Vec<usize> = sets.iter().flat_map(|set| &set[1..]).copied().collect();
        columns.sort_unstable();
        columns.dedup();
        let (unit_a, varies_a) = standardised_ratios(self.a, pivot, &columns, self.constant[0]);
        let (unit_b, varies_b) = standardised_ratios(self.b, pivot, &columns, self.constant[1]);
        let varies = varies_a.into_iter().zip(varies_b).map(|(in_a, in_b)| in_a || in_b).collect();
        Correlations { columns, between: unit_a.transpose() * unit_b, varies }
    }
}

struct Correlations {
    /// The columns, ascending.
    columns: Vec<usize>,
    /// `[columns of A, columns of B]`.
    between: Mat<f64>,
    /// Which log-ratios vary in one model at least.
    varies: Vec<bool>,
}

impl Correlations {
    /// 1 − (1/M) ‖corr(log-ratios of A, log-ratios of B)‖_*. A log-ratio that is constant in one model correlates with
    /// nothing; one that is so in both does not count in M.
    fn d_svd(&self, set: &[usize]) -> Result<Option<f64>, TheoryError> {
        let places: Vec<usize> =
            set.iter().map(|y| self.columns.partition_point(|other| other < y)).collect();
        let m = places.iter().filter(|&&place| self.varies[place]).count();
        if m == 0 {
            return Ok(None);
        }
        let size = places.len();
        let chosen = Mat::from_fn(size, size, |i, j| self.between[(places[i], places[j])]);
        let singular_values =
            chosen.singular_values().map_err(|_| TheoryError::NoConvergence { rows: size, columns: size })?;
        Ok(Some((1.0 - singular_values.iter().sum::<f64>() / m as f64).clamp(0.0, 1.0)))
    }
}

/// Log-ratios of the columns to the pivot, centred and of length one, and which of them vary at all; the others are zero.
fn standardised_ratios(
    x: MatRef<'_, f64>,
    pivot: usize,
    columns: &[usize],
    constant: f64,
) -> (Mat<f64>, Vec<bool>) {
    let mut ratios = Mat::from_fn(x.nrows(), columns.len(), |i, k| x[(i, columns[k])] - x[(i, pivot)]);
    let varies = (0..ratios.ncols())
        .map(|k| {
            let column = ratios.col_as_slice_mut(k);
            let centre = mean(column);
            column.iter_mut().for_each(|value| *value -= centre);
            let length = column.iter().map(|value| value * value).sum::<f64>().sqrt();
            let varies = length > constant * (column.len() as f64 - 1.0).sqrt();
            column.iter_mut().for_each(|value| *value = if varies { *value / length } else { 0.0 });
            varies
        })
        .collect();
    (ratios, varies)
}

/// Unbiased standard deviation of n values; zero for a single one.
fn deviation(n: usize, value: impl Fn(usize) -> f64) -> f64 {
    let centre = (0..n).map(&value).sum::<f64>() / n as f64;
    let squares: f64 = (0..n).map(|i| (value(i) - centre).powi(2)).sum();
    (squares / (n as f64 - 1.0).max(1.0)).sqrt()
}

/// How many sets d_SVD can try in M dimensions.
fn affordable(dimensions: usize) -> usize {
    let share = CHEAP_DIMENSIONS as f64 / dimensions.max(CHEAP_DIMENSIONS) as f64;
    (CANDIDATES as f64 * share * share).ceil() as usize
}

fn pivots(n_labels: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    if n_labels <= EXHAUSTIVE {
        (0..n_labels).collect()
    } else {
        sample(rng, n_labels, CANDIDATES.min(n_labels)).into_vec()
    }
}

/// Pivot and M other labels: all choices of few labels, random ones of many.
fn label_sets(n_labels: usize, m: usize, rng: &mut ChaCha8Rng) -> Vec<Vec<usize>> {
    if n_labels > EXHAUSTIVE {
        return random_sets(n_labels, m, affordable(m.min(n_labels - 1)), rng);
    }
    let m = m.min(n_labels - 1);
    let chosen = |mask: usize| (0..n_labels).filter(move |label| (mask >> label) & 1 == 1);
    (0..n_labels)
        .flat_map(|pivot| {
            (0..1_usize << n_labels)
                .filter(move |mask| mask.count_ones() as usize == m && (mask >> pivot) & 1 == 0)
                .map(move |mask| std::iter::once(pivot).chain(chosen(mask)).collect())
        })
        .collect()
}

/// `count` random sets of M + 1 of n things, or of all where there are fewer.
fn random_sets(n: usize, m: usize, count: usize, rng: &mut ChaCha8Rng) -> Vec<Vec<usize>> {
    (0..count).map(|_| sample(rng, n, (m + 1).min(n)).into_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::Precision;
    use crate::theory::distribution::Divergences;
    use crate::theory::representation::from_row_major;
    use crate::theory::twin::{
        change_basis,
        tests::{normal, padded},
    };
    use proptest::prelude::*;
    use rand::Rng;
    use rand_distr::StandardNormal;

    fn model(n: usize, v: usize, d: usize, seed: u64) -> Representation {
        Representation::new(normal(n, d, seed), normal(v, d, seed + 1), Precision::F64).unwrap()
    }

    /// Seven classes on a circle of radius ρ and 500 inputs of each; in the second model the classes have exchanged
    /// their places.
    fn circle(rho: f64, places: [usize; 7]) -> Representation {
        let rng = &mut generator(3, Stream::Twin);
        let angle = |class: usize| std::f64::consts::TAU * places[class] as f64 / 7.0;
        let at = |radius: f64, angle: f64| [radius * angle.cos(), radius * angle.sin()];
        let f: Vec<[f64; 2]> = (0..3500)
            .map(|i| {
                let wobble = std::f64::consts::PI / 64.0 * rng.random_range(-1.0..1.0);
                at(2.0 + 0.1 * rng.sample::<f64, _>(StandardNormal), angle(i / 500) + wobble)
            })
            .collect();
        let f = Mat::from_fn(3500, 2, |i, j| f[i][j]);
        Representation::new(f, Mat::from_fn(7, 2, |y, j| at(rho, angle(y))[j]), Precision::F64).unwrap()
    }

    fn mean_kl(a: &Representation, b: &Representation) -> f64 {
        let logs = |model: &Representation, i: usize| {
            let mut logits = model.logits(i, i + 1);
            log_softmax(logits.col_as_slice_mut(0));
            logits
        };
        let kl = |i: usize| {
            Divergences::between(logs(a, i).col_as_slice(0), logs(b, i).col_as_slice(0), 0.0).kl_ab
        };
        (0..a.n_contexts()).map(kl).sum::<f64>() / a.n_contexts() as f64
    }

    /// Acceptance test 12, the numbers of the paper's table: KL falls with ρ, the distances do not.
    #[test]
    fn acceptance_12_kl_falls_while_representations_stay_apart() {
        let found = [3.0, 18.0].map(|rho| {
            let (a, b) = (circle(rho, [0, 1, 2, 3, 4, 5, 6]), circle(rho, [5, 0, 2, 4, 6, 1, 3]));
            (mean_kl(&a, &b), representation_distances(&a, &b, 1).unwrap())
        });
        assert!((found[0].0 / 0.887 - 1.0).abs() < 0.02, "{found:?}");
        assert!(found[1].0 > 0.5e-4 && found[1].0 < 2e-4, "{found:?}");
        for (_, distances) in found {
            assert!((distances.d_llv.unwrap() / 1.317 - 1.0).abs() < 0.02, "{found:?}");
            assert!((distances.d_svd.unwrap() / 0.999 - 1.0).abs() < 0.02, "{found:?}");
        }
    }

    /// scripts/write_closeness_fixtures.py: all pivots and label sets, and the input sets of the file.
    #[test]
    fn distances_match_reference() {
        let cases: serde_json::Value =
            serde_json::from_str(include_str!("../../fixtures/theory/closeness.json")).unwrap();
        for case in cases["distances"].as_array().unwrap() {
            let count = |name: &str| case[name].as_u64().unwrap() as usize;
            let matrix = |name: &str, rows: usize, columns: usize| {
                let values: Vec<f64> =
                    case[name].as_array().unwrap().iter().map(|x| x.as_f64().unwrap() / 256.0).collect();
                from_row_major(&values, rows, columns)
            };
            let side = |f: &str, g: &str, d: &str| {
                let f = matrix(f, count("n"), count(d));
                Representation::new(f, matrix(g, count("v"), count(d)), Precision::F64).unwrap()
            };
            let (a, b) = (side("f_a", "g_a", "d_a"), side("f_b", "g_b", "d_b"));
            let (contexts, labels): (Vec<usize>, Vec<usize>) =
                ((0..count("n")).collect(), (0..count("v")).collect());
            let [of_a, of_b] = [&a, &b].map(|model| LogProbabilities::of(model, &contexts, &labels));
            let rng = &mut generator(0, Stream::RepresentationDistance);
            let found = Distances {
                over_contexts: Paired::new(
                    of_a.by_label.as_ref(),
                    of_b.by_label.as_ref(),
                    [of_a.size, of_b.size],
                ),
                over_labels: Paired::new(
                    of_a.by_context.as_ref(),
                    of_b.by_context.as_ref(),
                    [of_a.size, of_b.size],
                ),
                pivots: pivots(count("v"), rng),
                label_sets: label_sets(count("v"), count("d_a").min(count("d_b")), rng),
                input_sets: serde_json::from_value(case["input_sets"].clone()).unwrap(),
            }
            .find()
            .unwrap();
            for (name, found) in [("d_llv", found.d_llv), ("d_svd", found.d_svd)] {
                let (found, expected) = (found.unwrap(), case[name].as_f64().unwrap());
                assert!(
                    (found - expected).abs() <= 1e-8 * expected.abs(),
                    "{name}: {found} is not {expected}"
                );
            }
        }
    }

    #[test]
    fn a_larger_difference_is_a_larger_distance_and_seeds_repeat() {
        let a = model(60, 20, 4, 1);
        let noise = normal(60, 4, 9);
        let perturbed = |size: f64| {
            let f = Mat::from_fn(60, 4, |i, j| a.f[(i, j)] + size * noise[(i, j)]);
            representation_distances(&a, &Representation { f, ..a.clone() }, 1).unwrap()
        };
        let (near, far) = (perturbed(0.01), perturbed(0.3));
        assert!(
            near.d_llv.unwrap() > 1e-4 && near.d_llv.unwrap() * 5.0 < far.d_llv.unwrap(),
            "{near:?} {far:?}"
        );
        assert!(
            near.d_svd.unwrap() > 1e-7 && near.d_svd.unwrap() * 5.0 < far.d_svd.unwrap(),
            "{near:?} {far:?}"
        );
        assert_eq!(perturbed(0.3), far);
        let other = representation_distances(&a, &model(60, 20, 4, 5), 1).unwrap();
        assert!(other.d_llv.unwrap() > far.d_llv.unwrap() && other.d_svd.unwrap() > 0.3, "{other:?}");
    }

    /// A log-ratio that never varies has no spread to divide by.
    #[test]
    fn constant_log_ratios_give_none_and_no_nan() {
        let a = model(20, 6, 3, 1);
        let none = RepresentationDistances { d_llv: None, d_svd: None };
        let still = Representation { g: Mat::from_fn(6, 3, |_, j| a.g[(0, j)]), ..a.clone() };
        assert_eq!(representation_distances(&still, &still, 1).unwrap(), none);
        let against = representation_distances(&a, &still, 1).unwrap();
        assert_eq!((against.d_llv, against.d_svd), (None, Some(1.0)));
        for (n, v) in [(1, 6), (20, 1), (1, 1)] {
            let part = |m: &Representation| Representation {
                f: m.f.subrows(0, n).to_owned(),
                g: m.g.subrows(0, v).to_owned(),
                precision: m.precision,
            };
            let found = representation_distances(&part(&a), &part(&model(20, 6, 3, 7)), 1).unwrap();
            assert_eq!(found, none, "{n} contexts, {v} labels");
        }
        // Two labels that are one and the same say nothing; the others do.
        let mut doubled = a.clone();
        for j in 0..3 {
            doubled.g[(1, j)] = a.g[(0, j)];
        }
        let found = representation_distances(&doubled, &doubled, 1).unwrap();
        assert!(found.d_llv.unwrap() < 1e-12 && found.d_svd.unwrap() < 1e-12, "{found:?}");
    }

    /// Log-ratios of one shape and of two sizes: only λ times the difference of their spreads is left.
    #[test]
    fn scales_count_by_their_weight() {
        let a = normal(10, 4, 1);
        let b = &a * faer::Scale(3.0);
        let paired = Paired::new(a.as_ref(), b.as_ref(), [1.0, 3.0]);
        let psi = |column: usize| deviation(10, |i| a[(i, column)] - a[(i, 2)]);
        let found = paired.all_of(&[2, 0, 3]).unwrap();
        assert!(found.spread < 1e-12 && (found.scale_gap - 2.0 * psi(0).max(psi(3))).abs() < 1e-12);
        assert_eq!(found.distance(), 1e-5 * found.scale_gap);
        let mixed = Terms { spread: 0.5, scale_gap: 7e4 };
        assert!(
            (mixed.distance() - 0.7).abs() < 1e-15 && Terms { scale_gap: 1e4, ..mixed }.distance() == 0.5
        );
    }

    /// Beside a pivot there is one label only, which cannot be left out: log p(y) − log p(y_0) says everything.
    #[test]
    fn two_labels_have_distances() {
        let (a, b) = (model(20, 2, 3, 1), model(20, 2, 3, 5));
        let found = representation_distances(&a, &b, 1).unwrap();
        assert!(found.d_llv.unwrap() > 0.1 && found.d_svd.unwrap() > 0.1, "{found:?}");
        assert!(representation_distances(&a, &a, 1).unwrap().d_llv.unwrap() < 1e-12);
    }

    #[test]
    fn all_choices_of_few_labels_are_tried_and_few_of_many() {
        let rng = &mut generator(1, Stream::RepresentationDistance);
        let sets = label_sets(7, 2, rng);
        assert_eq!((sets.len(), pivots(12, rng).len(), pivots(13, rng).len()), (7 * 15, 12, 13));
        assert!(sets.iter().all(|set| set.len() == 3 && set[0] != set[1] && set[1] < set[2]));
        assert_eq!(label_sets(3, 9, rng).len(), 3);
        assert_eq!((label_sets(256, 64, rng).len(), pivots(256, rng).len()), (32, 32));
        let wide = label_sets(256, 768, rng);
        assert_eq!((wide.len(), wide[0].len()), (affordable(255), 256));
        assert_eq!((affordable(1), affordable(64), affordable(128), affordable(255)), (32, 32, 8, 3));
    }

    #[test]
    fn large_sizes_are_sampled() {
        let a = model(700, 400, 80, 1);
        let twin = change_basis(&a, 3);
        let found = representation_distances(&a, &twin, 1).unwrap();
        assert!(found.d_llv.unwrap() < 1e-9 && found.d_svd.unwrap() < 1e-9, "{found:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]
        /// Whatever the sizes and the seed: a twin is at distance zero from its model, and as far from another as it.
        #[test]
        fn twins_are_at_distance_zero(
            seed in 0u64..1000, n in 3usize..40, v in 2usize..20, d in 1usize..6, dark in 0usize..3,
        ) {
            let a = model(n, v, d, seed);
            let twin = change_basis(&padded(&a, dark, dark, seed), seed);
            let found = representation_distances(&a, &twin, seed).unwrap();
            prop_assert!(found.d_llv.unwrap() < 1e-9 && found.d_svd.unwrap() < 1e-9, "{:?}", found);
            let other = model(n, v, d, seed + 50);
            let (from_a, from_twin) = (
                representation_distances(&a, &other, seed).unwrap(),
                representation_distances(&Representation { f: twin.f, g: twin.g, ..a }, &other, seed).unwrap(),
            );
            prop_assert!((from_a.d_llv.unwrap() - from_twin.d_llv.unwrap()).abs() < 1e-9);
            prop_assert!((from_a.d_svd.unwrap() - from_twin.d_svd.unwrap()).abs() < 1e-9);
        }
    }
}
