//! Parallelism of a concept: do the unembedding differences of its pairs point one way? (theory.md §5.8)
//!
//! Raw, the differences are taken in a model's own coordinates. Visible, they are log-ratios over contexts: their
//! correlation is the cosine in the metric Σ_f, a function of the distribution alone.

use faer::{Mat, MatRef};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::pairs::{RandomPairs, differences};
use super::score::{Details, Histogram, Measured};
use crate::theory::representation::{Representation, centred, triangular_factor};
use crate::theory::statistics::{
    BOOTSTRAP_REPLICATES, Stream, bca_interval, cluster_members, generator, leave_one_out, mean,
    multinomial_counts, permutation, permutation_p,
};
use crate::theory::verdict::Reason;

/// Fewest pairs on which a state may be claimed.
pub const MIN_PAIRS: usize = 6;
/// Fewest texts on which a visible state may be claimed.
pub const MIN_TEXTS: usize = 8;

/// How far from ±1 a cosine, and from 0 an intercept, may be for pairs to count as exactly parallel.
const EXACT: f64 = 1e-6;
/// Length of a difference, relative to a typical row of G, below which two tokens count as one.
const SAME_TOKEN: f64 = 1e-6;
/// A log-ratio that spreads by this many ε_num or less may be rounding alone: two models whose log-probabilities
/// agree to ε_num may then give its correlations any value.
const SPREADS_IN_FLOORS: f64 = 4.0;
/// Bootstrap replicates whose moments are computed in one product.
const REPLICATES_PER_BLOCK: usize = 200;

/// What only parallelism has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParallelismDetails {
    /// Mean score with partners shuffled among the pairs (N2).
    pub null_shuffled_mean: f64,
    /// All pairs collinear to 1e-6; for the visible version also without intercept.
    pub exact: bool,
}

/// Pairs of a concept, the pool its null is drawn from, and the rules of its state.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// (base, changed) rows of G: at least two pairs, no pair twice, two different rows in each.
    pub pairs: &'a [(usize, usize)],
    /// Rows of G from which random pairs are drawn; all rows where these are fewer than the concept's tokens.
    pub pool: &'a [usize],
    /// Text of each context.
    pub texts: &'a [usize],
    /// ε_num, nats: how far apart log-probabilities of equal distributions may be.
    pub epsilon_num: f64,
    /// Null draws of each kind.
    pub n_draws: usize,
    /// Seed of nulls and bootstrap. Both models are asked with one seed, so that equal models get equal answers.
    pub seed: u64,
}

/// In the model's own coordinates: cosines of Δ_i = g(y1_i) − g(y0_i), rows of G (`[V, d]`), bootstrapped over pairs.
pub fn measure_raw(g: MatRef<'_, f64>, question: &Question<'_>) -> Measured {
    let typical = centred(g).norm_l2() / (g.nrows() as f64).sqrt();
    let least = SAME_TOKEN * typical;
    let units = Units::of_pairs(g, question.pairs, least);
    let rng = &mut generator(question.seed, Stream::PropertyBootstrap);
    let replicates = (0..BOOTSTRAP_REPLICATES)
        .map(|_| units.weighted_score(&multinomial_counts(units.len(), rng)))
        .collect();
    let without_a_pair = leave_one_out(units.len(), |weights| units.weighted_score(weights));
    let bootstrap = Bootstrap { replicates, left_out: vec![without_a_pair] };
    measure(g, least, question, &units, bootstrap, |exact| exact)
}

/// From log-ratios over contexts: cosines of Δ_i in the metric Σ_f, bootstrapped over pairs and texts.
pub fn measure_visible(model: &Representation, question: &Question<'_>) -> Measured {
    let least = SPREADS_IN_FLOORS * question.epsilon_num;
    let coordinates = visible_coordinates(model);
    let units = Units::of_pairs(coordinates.as_ref(), question.pairs, least);
    let ratios = log_ratios(model, question.pairs);
    let moments = TextMoments::of(&ratios, question.texts, &units);
    let bootstrap = moments.bootstrap(&mut generator(question.seed, Stream::PropertyBootstrap));
    let without_intercept = largest_intercept(&ratios) <= EXACT;
    let measured =
        measure(coordinates.as_ref(), least, question, &units, bootstrap, |exact| exact && without_intercept);
    let too_few_texts = (moments.n_texts() < MIN_TEXTS).then_some(Reason::TooFewTexts);
    Measured { shortage: too_few_texts.or(measured.shortage), ..measured }
}

/// Log-ratios r_i(x) = ℓ(x, y1_i) − ℓ(x, y0_i) = f(x)·Δ_i, nats, `[n_contexts, n_pairs]`.
pub fn log_ratios(model: &Representation, pairs: &[(usize, usize)]) -> Mat<f64> {
    &model.f * differences(model.g.as_ref(), pairs).transpose()
}

/// The most by which visible scores of equal distributions may differ: theory.md §5.10, rule 4, pair by pair. By
/// Prop. 8 with ‖a − a'‖/√n ≤ 2 ε_num, a correlation moves by at most 4 ε_num (1/sd_i + 1/sd_j), and never by more
/// than 2; the score is the mean over i ≠ j. sd is the smaller of both models'.
pub fn visible_gap_allowed(
    a: &Representation,
    b: &Representation,
    pairs: &[(usize, usize)],
    epsilon_num: f64,
) -> f64 {
    let (in_a, in_b) = (spreads(&log_ratios(a, pairs)), spreads(&log_ratios(b, pairs)));
    let share: Vec<f64> = in_a.iter().zip(&in_b).map(|(a, b)| 4.0 * epsilon_num / a.min(*b)).collect();
    let correlations: Vec<f64> = (0..share.len())
        .flat_map(|i| (0..i).map(move |j| (i, j)))
        .map(|(i, j)| (share[i] + share[j]).min(2.0))
        .collect();
    1e-6 + mean(&correlations)
}

/// Prop. 8: |score_A − score_B| ≤ mean over i ≠ j of 2(‖a_i − b_i‖/‖a_i‖ + ‖a_j − b_j‖/‖a_j‖) = 4·mean_i ‖a_i − b_i‖/‖a_i‖,
/// where a_i, b_i are the centred log-ratios of pair i in A and B. Never more than 2, the range of a correlation, which
/// is also the answer where a log-ratio hardly varies (at most 4 ε_num), as its correlations are then not counted.
pub fn visible_difference_bound(
    a: &Representation,
    b: &Representation,
    pairs: &[(usize, usize)],
    epsilon_num: f64,
) -> f64 {
    let (in_a, in_b) = (log_ratios(a, pairs), log_ratios(b, pairs));
    let (in_a_spreads, apart) = (spreads(&in_a), spreads(&(&in_a - &in_b)));
    let all_vary = in_a_spreads.iter().chain(&spreads(&in_b)).all(|&sd| sd > SPREADS_IN_FLOORS * epsilon_num);
    let relative: Vec<f64> = apart.iter().zip(&in_a_spreads).map(|(apart, sd)| apart / sd).collect();
    let bound = 4.0 * mean(&relative);
    if all_vary && bound.is_finite() { bound.min(2.0) } else { 2.0 }
}

/// Standard deviation of each column.
fn spreads(columns: &Mat<f64>) -> Vec<f64> {
    let n = columns.nrows() as f64;
    let apart = centred(columns.as_ref());
    (0..apart.ncols()).map(|i| apart.col(i).norm_l2() / n.sqrt()).collect()
}

/// Largest κ_ij = |mean(r_i − β r_j)| / sd(r_i), β = cov(r_i, r_j)/var(r_j). Correlation 1 alone does not make
/// log-ratios proportional: there may be a constant between them.
fn largest_intercept(ratios: &Mat<f64>) -> f64 {
    let (n, m) = (ratios.nrows() as f64, ratios.ncols());
    let means: Vec<f64> = (0..m).map(|i| ratios.col(i).iter().sum::<f64>() / n).collect();
    let apart = centred(ratios.as_ref());
    let covariance = apart.transpose() * &apart;
    let intercept = |i: usize, j: usize| {
        let beta = covariance[(i, j)] / covariance[(j, j)];
        (means[i] - beta * means[j]).abs() / (covariance[(i, i)] / n).sqrt()
    };
    (0..m)
        .flat_map(|i| (0..m).map(move |j| (i, j)))
        .filter(|(i, j)| i != j)
        .map(|(i, j)| intercept(i, j))
        .fold(0.0, f64::max)
}

/// h(y) with h(y)·h(y') = g(y)ᵀ Σ_f g(y'): tokens in coordinates where Euclidean geometry is that of log-ratios, and
/// where a pair's difference is as long as its log-ratio spreads.
fn visible_coordinates(model: &Representation) -> Mat<f64> {
    let factor = triangular_factor(centred(model.f.as_ref()).as_ref());
    &model.g * factor.transpose() * faer::Scale(1.0 / (model.n_contexts() as f64).sqrt())
}

/// Scores of resamples, and of the data with one unit of each kind left out in turn.
struct Bootstrap {
    replicates: Vec<f64>,
    left_out: Vec<Vec<f64>>,
}

fn measure(
    coordinates: MatRef<'_, f64>,
    least: f64,
    question: &Question<'_>,
    units: &Units,
    mut bootstrap: Bootstrap,
    exact: impl Fn(bool) -> bool,
) -> Measured {
    let null = |stream, draw: &dyn Fn(&mut ChaCha8Rng) -> Vec<(usize, usize)>| -> Vec<f64> {
        let rng = &mut generator(question.seed, stream);
        (0..question.n_draws).map(|_| Units::of_pairs(coordinates, &draw(rng), least).score()).collect()
    };
    let like_ours = RandomPairs::like(question.pairs);
    let pool = like_ours.pool(question.pool, coordinates.nrows());
    let random = null(Stream::NullRandom, &|rng| {
        like_ours
            .draw(pool.len(), rng)
            .into_iter()
            .map(|(base, changed)| (pool[base], pool[changed]))
            .collect()
    });
    let shuffled = null(Stream::NullShuffled, &|rng| shuffled_partners(question.pairs, rng));
    let score = units.score();
    let null_mean = mean(&random);
    let (low, high) = bca_interval(&mut bootstrap.replicates, score, &bootstrap.left_out);
    let shortage = if units.len() < MIN_PAIRS {
        Some(Reason::TooFewPairs)
    } else {
        units.has_zero().then_some(Reason::NoVariation)
    };
    Measured {
        score,
        null_mean,
        null: Histogram::of(&random),
        effect_interval: (low - null_mean, high - null_mean),
        p: permutation_p(score, &random),
        shortage,
        details: Details::Parallelism(ParallelismDetails {
            null_shuffled_mean: mean(&shuffled),
            exact: exact(units.collinear(EXACT)),
        }),
    }
}

/// N2: the same tokens with the changed words exchanged among the pairs.
fn shuffled_partners(pairs: &[(usize, usize)], rng: &mut ChaCha8Rng) -> Vec<(usize, usize)> {
    let order = permutation(pairs.len(), rng);
    pairs.iter().zip(order).map(|(pair, other)| (pair.0, pairs[other].1)).collect()
}

/// Unit differences u_i of the pairs, one per column; one of length `least` or less is zero and orthogonal to all.
struct Units(Mat<f64>);

impl Units {
    fn of_pairs(coordinates: MatRef<'_, f64>, pairs: &[(usize, usize)], least: f64) -> Self {
        let width = coordinates.ncols();
        let mut units = Mat::zeros(width, pairs.len());
        for (i, &(base, changed)) in pairs.iter().enumerate() {
            let column = units.col_as_slice_mut(i);
            for (j, value) in column.iter_mut().enumerate() {
                *value = coordinates[(changed, j)] - coordinates[(base, j)];
            }
            let length = column.iter().map(|x| x * x).sum::<f64>().sqrt();
            let scale = if length > least { 1.0 / length } else { 0.0 };
            column.iter_mut().for_each(|x| *x *= scale);
        }
        Self(units)
    }

    fn len(&self) -> usize {
        self.0.ncols()
    }

    fn is_zero(&self, i: usize) -> bool {
        self.0.col(i).iter().all(|&x| x == 0.0)
    }

    fn has_zero(&self) -> bool {
        (0..self.len()).any(|i| self.is_zero(i))
    }

    /// Mean of c_ij over i ≠ j.
    fn score(&self) -> f64 {
        self.weighted_score(&vec![1.0; self.len()])
    }

    /// Σ_{i≠j} w_i w_j c_ij / Σ_{i≠j} w_i w_j, by ‖Σ w_i u_i‖² − Σ w_i²‖u_i‖² in O(m d).
    fn weighted_score(&self, weights: &[f64]) -> f64 {
        let mut sum = vec![0.0; self.0.nrows()];
        let (mut own, mut squares, mut total) = (0.0, 0.0, 0.0);
        for (i, &w) in weights.iter().enumerate() {
            if w == 0.0 {
                continue;
            }
            let unit = self.0.col_as_slice(i);
            let mut length_squared = 0.0;
            for (s, u) in sum.iter_mut().zip(unit) {
                *s += w * u;
                length_squared += u * u;
            }
            own += w * w * length_squared;
            squares += w * w;
            total += w;
        }
        off_diagonal_mean(sum.iter().map(|s| s * s).sum::<f64>() - own, total, squares)
    }

    fn collinear(&self, tolerance: f64) -> bool {
        let cosines = self.0.transpose() * &self.0;
        let m = self.len();
        m > 1 && (0..m).all(|i| (0..i).all(|j| 1.0 - cosines[(i, j)].abs() <= tolerance))
    }
}

/// `sum` over i≠j divided by (Σw)² − Σw². When every draw hit one pair there is nothing off the diagonal: 1, as a
/// pair is parallel to itself.
fn off_diagonal_mean(sum: f64, total: f64, squares: f64) -> f64 {
    let weight = total * total - squares;
    if weight > 0.0 { sum / weight } else { 1.0 }
}

/// First and second moments of the log-ratios within each text, so that resamples of texts are one matrix product.
struct TextMoments {
    n_pairs: usize,
    /// `[n_texts, 1 + m + m(m+1)/2]`: number of contexts, sums, upper triangle of second moments, row by row.
    texts: Mat<f64>,
}

impl TextMoments {
    /// Moments of `ratios` (`[n_contexts, n_pairs]`) in each text; those of pairs that are zero in `units` stay zero.
    fn of(ratios: &Mat<f64>, texts: &[usize], units: &Units) -> Self {
        let m = ratios.ncols();
        // Centred once over all contexts, so that the variance of a resample is not lost against a large mean.
        let mut ratios = centred(ratios.as_ref());
        (0..m).filter(|&i| units.is_zero(i)).for_each(|i| ratios.col_as_slice_mut(i).fill(0.0));
        let members = cluster_members(texts);
        let mut moments = Mat::zeros(members.len(), 1 + m + m * (m + 1) / 2);
        for (text, rows) in members.iter().enumerate() {
            moments[(text, 0)] = rows.len() as f64;
            let mut place = 1 + m;
            for i in 0..m {
                let column = ratios.col_as_slice(i);
                moments[(text, 1 + i)] = rows.iter().map(|&x| column[x]).sum();
                for j in i..m {
                    let other = ratios.col_as_slice(j);
                    moments[(text, place)] = rows.iter().map(|&x| column[x] * other[x]).sum();
                    place += 1;
                }
            }
        }
        Self { n_pairs: m, texts: moments }
    }

    fn n_texts(&self) -> usize {
        self.texts.nrows()
    }

    /// Pairs and texts resampled together.
    fn bootstrap(&self, rng: &mut ChaCha8Rng) -> Bootstrap {
        let mut replicates = Vec::with_capacity(BOOTSTRAP_REPLICATES);
        while replicates.len() < BOOTSTRAP_REPLICATES {
            let n = REPLICATES_PER_BLOCK.min(BOOTSTRAP_REPLICATES - replicates.len());
            let mut text_weights = Mat::zeros(self.n_texts(), n);
            let pair_weights: Vec<Vec<f64>> = (0..n)
                .map(|replicate| {
                    let pairs = multinomial_counts(self.n_pairs, rng);
                    let texts = multinomial_counts(self.n_texts(), rng);
                    text_weights.col_as_slice_mut(replicate).copy_from_slice(&texts);
                    pairs
                })
                .collect();
            let moments = self.texts.transpose() * text_weights;
            let scores = pair_weights
                .iter()
                .enumerate()
                .map(|(replicate, pairs)| weighted_correlation(moments.col_as_slice(replicate), pairs));
            replicates.extend(scores);
        }
        let whole: Vec<f64> = (0..self.texts.ncols()).map(|k| self.texts.col(k).iter().sum()).collect();
        let all_pairs = vec![1.0; self.n_pairs];
        let without_a_text = (0..self.n_texts()).filter(|_| self.n_texts() > 1).map(|text| {
            let rest: Vec<f64> =
                whole.iter().zip(self.texts.row(text).iter()).map(|(x, own)| x - own).collect();
            weighted_correlation(&rest, &all_pairs)
        });
        let left_out = vec![
            leave_one_out(self.n_pairs, |weights| weighted_correlation(&whole, weights)),
            without_a_text.collect(),
        ];
        Bootstrap { replicates, left_out }
    }
}

/// Weighted mean off-diagonal correlation from moments laid out as a row of [`TextMoments`].
fn weighted_correlation(moments: &[f64], pair_weights: &[f64]) -> f64 {
    /// Share of the second moment below which a variance is rounding.
    const ROUNDING: f64 = 1e-12;
    let m = pair_weights.len();
    let (size, sums, products) = (moments[0], &moments[1..=m], &moments[1 + m..]);
    let row_start = |i: usize| i * m - i * i.saturating_sub(1) / 2;
    let covariance = |i: usize, j: usize| products[row_start(i) + j - i] - sums[i] * sums[j] / size;
    let spread: Vec<f64> = (0..m)
        .map(|i| {
            let variance = covariance(i, i);
            if variance > ROUNDING * products[row_start(i)] { variance.sqrt() } else { 0.0 }
        })
        .collect();
    let mut total = 0.0;
    for i in 0..m {
        if pair_weights[i] == 0.0 || spread[i] == 0.0 {
            continue;
        }
        for j in i + 1..m {
            if pair_weights[j] != 0.0 && spread[j] > 0.0 {
                total += 2.0 * pair_weights[i] * pair_weights[j] * covariance(i, j) / (spread[i] * spread[j]);
            }
        }
    }
    let squares = pair_weights.iter().map(|w| w * w).sum();
    off_diagonal_mean(total, pair_weights.iter().sum(), squares)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::Precision;
    use crate::theory::properties::score::{PropertyScore, Rule};
    use crate::theory::statistics::PERMUTATIONS;
    use crate::theory::subspace::VisibleSubspaces;
    use crate::theory::twin::tests::{normal, padded};
    use crate::theory::twin::{TwinKind, build, change_basis};
    use crate::theory::verdict::PropertyState;
    use proptest::prelude::*;

    const M: usize = 12;

    fn pairs() -> Vec<(usize, usize)> {
        (0..M).map(|i| (2 * i, 2 * i + 1)).collect()
    }

    fn texts(n: usize) -> Vec<usize> {
        (0..n).map(|i| i / 4).collect()
    }

    /// Random G whose first 2m rows are pairs with a common difference of `strength` times a unit of noise each.
    fn concept_model(n: usize, v: usize, d: usize, strength: f64, seed: u64) -> Representation {
        let f = normal(n, d, seed);
        let noise = normal(v, d, seed + 1);
        let common = normal(1, d, seed + 2);
        let g = Mat::from_fn(v, d, |y, j| {
            if y < 2 * M && y % 2 == 1 {
                noise[(y - 1, j)] + strength * common[(0, j)] + 0.5 * noise[(y, j)]
            } else {
                noise[(y, j)]
            }
        });
        Representation::new(f, g, Precision::F64).unwrap()
    }

    fn ask<'a>(pairs: &'a [(usize, usize)], pool: &'a [usize], texts: &'a [usize]) -> Question<'a> {
        Question { pairs, pool, texts, epsilon_num: 1e-4, n_draws: PERMUTATIONS, seed: 5 }
    }

    const RULE: Rule = Rule { delta: 0.1, max_p: 0.01 };

    fn scores(model: &Representation, question: &Question<'_>) -> [PropertyScore; 2] {
        [measure_raw(model.g.as_ref(), question), measure_visible(model, question)].map(|measured| {
            let p = measured.p;
            measured.judged(p, RULE)
        })
    }

    fn own(details: &Details) -> ParallelismDetails {
        match details {
            Details::Parallelism(own) => own.clone(),
            other => panic!("not of parallelism: {other:?}"),
        }
    }

    /// The visible score is the mean Pearson correlation of log p(y1) − log p(y0), computed here from p itself.
    #[test]
    fn the_visible_score_is_the_correlation_of_log_ratios() {
        let model = concept_model(60, 80, 6, 1.0, 3);
        let (pairs, pool, texts) = (pairs(), (0..80).collect::<Vec<_>>(), texts(60));
        let found = measure_visible(&model, &ask(&pairs, &pool, &texts)).score;
        let mut log_p = model.logits(0, 60);
        let ratio = |i: usize, log_p: &Mat<f64>| -> Vec<f64> {
            (0..60).map(|x| log_p[(pairs[i].1, x)] - log_p[(pairs[i].0, x)]).collect()
        };
        for x in 0..60 {
            crate::theory::distribution::log_softmax(log_p.col_as_slice_mut(x));
        }
        let correlation = |a: &[f64], b: &[f64]| {
            let (ma, mb) = (mean(a), mean(b));
            let cov: f64 = a.iter().zip(b).map(|(x, y)| (x - ma) * (y - mb)).sum();
            let va: f64 = a.iter().map(|x| (x - ma).powi(2)).sum();
            let vb: f64 = b.iter().map(|y| (y - mb).powi(2)).sum();
            cov / (va * vb).sqrt()
        };
        let mut total = 0.0;
        for i in 0..M {
            for j in 0..M {
                if i != j {
                    total += correlation(&ratio(i, &log_p), &ratio(j, &log_p));
                }
            }
        }
        assert!((found - total / (M * (M - 1)) as f64).abs() < 1e-12);
    }

    #[test]
    fn a_common_direction_holds_and_noise_fails() {
        let (pairs, pool, texts) = (pairs(), (0..200).collect::<Vec<_>>(), texts(120));
        let question = ask(&pairs, &pool, &texts);
        for found in scores(&concept_model(120, 200, 24, 2.0, 1), &question) {
            assert_eq!(found.state, PropertyState::Holds, "{found:?}");
            assert!(!own(&found.details).exact);
        }
        for found in scores(&concept_model(120, 200, 80, 0.0, 2), &question) {
            assert_eq!(found.state, PropertyState::Fails, "{found:?}");
        }
    }

    /// Acceptance test 3: same visible scores, different raw ones.
    #[test]
    fn acceptance_03_visible_scores_of_twins_agree_while_raw_scores_differ() {
        let model = concept_model(120, 200, 8, 1.0, 2);
        let twin = change_basis(&padded(&model, 2, 3, 4), 5);
        let (pairs, pool, texts) = (pairs(), (0..200).collect::<Vec<_>>(), texts(120));
        let question = ask(&pairs, &pool, &texts);
        let (a, b) = (scores(&model, &question), scores(&twin, &question));
        assert!((a[1].score - b[1].score).abs() < 1e-9);
        assert!((a[1].effect_interval.0 - b[1].effect_interval.0).abs() < 1e-9);
        assert!((a[0].score - b[0].score).abs() > 0.01, "{} {}", a[0].score, b[0].score);
    }

    /// Acceptance test 4 (T4): with dark parts s‖Δ_i‖ρ_i the cosine becomes (c_ij + s² ρ_i·ρ_j)/(1 + s²).
    #[test]
    fn acceptance_04_targeted_dark_parts_change_cosines_by_the_formula() {
        let (d, k, s) = (8, 5, 3.0);
        let model = concept_model(30, 40, d, 1.0, 7);
        let pairs = pairs();
        let delta = differences(model.g.as_ref(), &pairs);
        let rho = normal(M, k, 8);
        let mut dark = Mat::<f64>::zeros(40, k);
        for (i, &(_, changed)) in pairs.iter().enumerate() {
            let size = s * delta.row(i).norm_l2() / rho.row(i).norm_l2();
            for j in 0..k {
                dark[(changed, j)] = size * rho[(i, j)];
            }
        }
        let g = Mat::from_fn(40, d + k, |y, j| if j < d { model.g[(y, j)] } else { dark[(y, j - d)] });
        // Two pairs only, so that the score is the one cosine.
        for (i, j) in [(0, 1), (2, 7), (4, 11)] {
            let two = [pairs[i], pairs[j]];
            let plain = Units::of_pairs(model.g.as_ref(), &two, 0.0).score();
            let rho_cosine =
                (rho.row(i) * rho.row(j).transpose()) / (rho.row(i).norm_l2() * rho.row(j).norm_l2());
            let expected = (plain + s * s * rho_cosine) / (1.0 + s * s);
            assert!((Units::of_pairs(g.as_ref(), &two, 0.0).score() - expected).abs() < 1e-12);
        }
    }

    /// Acceptance test 13: LayerNorm without bias leaves one direction of g dark (f ∈ γ⊙1^⊥, u = γ⁻¹). A large dark
    /// part along it (T3) keeps p and changes raw parallelism; removing dark parts restores it.
    #[test]
    fn acceptance_13_layer_norm_without_bias_hides_a_direction() {
        let (n, v, d) = (160, 200, 24);
        let base = concept_model(n, v, d, 2.0, 3);
        let gain: Vec<f64> = (0..d).map(|j| 0.5 + 0.1 * j as f64).collect();
        let f = Mat::from_fn(n, d, |i, j| {
            let mean = (0..d).map(|k| base.f[(i, k)]).sum::<f64>() / d as f64;
            gain[j] * (base.f[(i, j)] - mean)
        });
        let length = gain.iter().map(|x| x.powi(-2)).sum::<f64>().sqrt();
        let dark = normal(v, 1, 99);
        let a = Representation::new(f.clone(), base.g.clone(), Precision::F64).unwrap();
        let g = Mat::from_fn(v, d, |y, j| base.g[(y, j)] + 60.0 * dark[(y, 0)] / (gain[j] * length));
        let b = Representation::new(f, g, Precision::F64).unwrap();
        assert!(crate::theory::twin::tests::max_abs_dlogp(&a, &b) < 1e-10);
        let texts = texts(n);
        let (in_a, in_b) =
            (VisibleSubspaces::find(&a, &texts, 1).unwrap(), VisibleSubspaces::find(&b, &texts, 1).unwrap());
        assert_eq!((in_a.summary.rank_f, in_b.summary.effective_complexity), (d - 1, d - 1));
        assert!(in_b.summary.dark_g > 0.9 && in_b.summary.f_diversity_tested);
        let (pairs, pool) = (pairs(), (0..v).collect::<Vec<_>>());
        let question = ask(&pairs, &pool, &texts);
        let without_dark =
            |model: &Representation, s: &VisibleSubspaces| &model.g * &s.u_n * s.u_n.transpose();
        let found = [&a.g, &b.g, &without_dark(&a, &in_a), &without_dark(&b, &in_b)]
            .map(|g| measure_raw(g.as_ref(), &question).judged(0.001, RULE));
        assert_eq!(found[0].state, PropertyState::Holds, "{:?}", found[0]);
        assert_ne!(found[1].state, PropertyState::Holds, "{:?}", found[1]);
        assert!((found[2].score - found[3].score).abs() < 1e-9);
    }

    /// Acceptance test 15: words of two classes without pairing: any partner of the class serves as well as the true one.
    #[test]
    fn acceptance_15_a_class_offset_alone_is_parallel_but_not_pair_specific() {
        let (v, d) = (200, 16);
        let noise = normal(v, d, 4);
        let offset = normal(1, d, 5);
        let g = Mat::from_fn(v, d, |y, j| {
            noise[(y, j)] + if y < 2 * M && y % 2 == 1 { 3.0 * offset[(0, j)] } else { 0.0 }
        });
        let (pairs, pool, texts) = (pairs(), (2 * M..v).collect::<Vec<_>>(), texts(40));
        let found = measure_raw(g.as_ref(), &ask(&pairs, &pool, &texts));
        assert!(found.score - found.null_mean > 0.5, "{found:?}");
        assert!((found.score - own(&found.details).null_shuffled_mean).abs() < 0.05, "{found:?}");
    }

    #[test]
    fn exact_parallelism_is_flagged() {
        let direction = normal(1, 5, 1);
        let noise = normal(30, 5, 2);
        let g = Mat::from_fn(30, 5, |y, j| {
            if y < 2 * M && y % 2 == 1 {
                noise[(y - 1, j)] + y as f64 * direction[(0, j)]
            } else {
                noise[(y, j)]
            }
        });
        let (pairs, pool) = (pairs(), (0..30).collect::<Vec<_>>());
        assert!(own(&measure_raw(g.as_ref(), &ask(&pairs, &pool, &[])).details).exact);
        assert!(!own(&measure_raw(noise.as_ref(), &ask(&pairs, &pool, &[])).details).exact);
    }

    /// Contexts on a line that misses the origin: every centred correlation is ±1, yet log-ratios are not proportional.
    #[test]
    fn a_constant_between_log_ratios_is_not_exact_parallelism() {
        let direction = normal(1, 5, 1);
        let noise = normal(30, 5, 2);
        let along = normal(40, 1, 3);
        let through = |offset: f64| {
            Mat::from_fn(40, 5, |i, j| along[(i, 0)] * direction[(0, j)] + offset * noise[(0, j)])
        };
        let (pairs, pool, texts) = (pairs(), (0..30).collect::<Vec<_>>(), texts(40));
        let exact = |offset: f64| {
            let model = Representation::new(through(offset), noise.clone(), Precision::F64).unwrap();
            own(&measure_visible(&model, &ask(&pairs, &pool, &texts)).details).exact
        };
        assert!(exact(0.0));
        assert!(!exact(1.0));
    }

    #[test]
    fn few_pairs_or_texts_are_uncertain() {
        let model = concept_model(120, 200, 24, 2.0, 1);
        let pool: Vec<usize> = (0..200).collect();
        let (few, all, texts) = (&pairs()[..5], pairs(), texts(120));
        for found in scores(&model, &ask(few, &pool, &texts)) {
            assert_eq!(found.state, PropertyState::Uncertain);
        }
        let one_text = vec![0; 120];
        let found = scores(&model, &ask(&all, &pool, &one_text));
        assert_eq!((found[0].state, found[1].state), (PropertyState::Holds, PropertyState::Uncertain));
    }

    #[test]
    fn a_pair_of_equal_rows_does_not_poison_the_score() {
        let mut model = concept_model(40, 60, 8, 1.0, 1);
        for j in 0..8 {
            model.g[(1, j)] = model.g[(0, j)];
        }
        let (pairs, pool, texts) = (pairs(), (0..60).collect::<Vec<_>>(), texts(40));
        for found in scores(&model, &ask(&pairs, &pool, &texts)) {
            assert!(found.score.is_finite() && found.effect_interval.0.is_finite());
        }
    }

    /// Prop. 8 on perturbed models.
    #[test]
    fn the_closeness_bound_holds() {
        let (pairs, pool, texts) = (pairs(), (0..60).collect::<Vec<_>>(), texts(80));
        let question = ask(&pairs, &pool, &texts);
        for seed in 0..6 {
            let a = concept_model(80, 60, 8, 1.0, seed);
            let noise = normal(80, 8, seed + 40);
            let f = Mat::from_fn(80, 8, |i, j| a.f[(i, j)] + 0.03 * noise[(i, j)]);
            let b = Representation::new(f, a.g.clone(), Precision::F64).unwrap();
            let gap = (measure_visible(&a, &question).score - measure_visible(&b, &question).score).abs();
            let bound = visible_difference_bound(&a, &b, &pairs, 1e-4);
            assert!(gap > 0.0 && gap <= bound && bound < 0.5, "{gap} {bound}");
        }
    }

    /// In an interval for a mean of six cosines the correction matters: it is Efron's, from the jackknife over pairs.
    #[test]
    fn the_interval_of_few_pairs_is_corrected() {
        let model = concept_model(30, 40, 8, 1.0, 7);
        let (six, pool) = (&pairs()[..6], (0..40).collect::<Vec<_>>());
        let question = ask(six, &pool, &[]);
        let found = measure_raw(model.g.as_ref(), &question);
        let units = Units::of_pairs(model.g.as_ref(), six, 0.0);
        let rng = &mut generator(5, Stream::PropertyBootstrap);
        let mut replicates: Vec<f64> =
            (0..BOOTSTRAP_REPLICATES).map(|_| units.weighted_score(&multinomial_counts(6, rng))).collect();
        let without: Vec<f64> = (0..6)
            .map(|i| {
                let rest: Vec<(usize, usize)> = (0..6).filter(|&j| j != i).map(|j| six[j]).collect();
                Units::of_pairs(model.g.as_ref(), &rest, 0.0).score()
            })
            .collect();
        let (low, high) = bca_interval(&mut replicates, found.score, &[without]);
        assert!((found.effect_interval.0 - (low - found.null_mean)).abs() < 1e-12);
        assert!((found.effect_interval.1 - (high - found.null_mean)).abs() < 1e-12);
        assert!((low - crate::theory::statistics::quantile(&mut replicates, 0.025)).abs() > 1e-3);
    }

    /// Leaving out a text or a pair by its moments is leaving it out of the data.
    #[test]
    fn moments_of_texts_give_the_scores_of_their_resamples() {
        let model = concept_model(40, 60, 8, 1.0, 1);
        let (pairs, texts) = (pairs(), texts(40));
        let ratios = log_ratios(&model, &pairs);
        let units = Units::of_pairs(visible_coordinates(&model).as_ref(), &pairs, 0.0);
        let found =
            TextMoments::of(&ratios, &texts, &units).bootstrap(&mut generator(1, Stream::PropertyBootstrap));
        let score = |rows: &[usize], pairs: &[(usize, usize)]| {
            let f = Mat::from_fn(rows.len(), 8, |i, j| model.f[(rows[i], j)]);
            let part = Representation { f, ..model.clone() };
            Units::of_pairs(visible_coordinates(&part).as_ref(), pairs, 0.0).score()
        };
        let all: Vec<usize> = (0..40).collect();
        for (i, without_a_pair) in found.left_out[0].iter().enumerate() {
            let rest: Vec<(usize, usize)> = (0..M).filter(|&j| j != i).map(|j| pairs[j]).collect();
            assert!((without_a_pair - score(&all, &rest)).abs() < 1e-12);
        }
        for (text, without_a_text) in found.left_out[1].iter().enumerate() {
            let rest: Vec<usize> = all.iter().copied().filter(|&i| texts[i] != text).collect();
            assert!((without_a_text - score(&rest, &pairs)).abs() < 1e-12);
        }
        assert_eq!((found.left_out[1].len(), found.replicates.len()), (10, BOOTSTRAP_REPLICATES));
    }

    /// Both models of equal distributions get one answer where rounding decides nothing; where a log-ratio is as faint as
    /// the floor the self test allows what the floor can do.
    #[test]
    fn the_self_test_allows_what_the_floor_can_do_and_no_more() {
        let model = concept_model(80, 60, 8, 1.0, 1);
        let pairs = pairs();
        let ratios = log_ratios(&model, &pairs);
        let share = spreads(&ratios).iter().map(|sd| 4.0 * 1e-4 / sd).sum::<f64>() / M as f64;
        let allowed = visible_gap_allowed(&model, &model, &pairs, 1e-4);
        assert!((allowed - (1e-6 + 2.0 * share)).abs() < 1e-12 && allowed < 2e-3, "{allowed}");
        // An error of ε_num in every log-probability, in the worst direction for one pair, stays within.
        let mut faint = model.clone();
        for j in 0..8 {
            faint.g[(1, j)] = faint.g[(0, j)] + 1e-5 * model.g[(1, j)];
        }
        let allowed = visible_gap_allowed(&faint, &faint, &pairs, 1e-4);
        assert!(allowed > 2.0 * 2.0 / M as f64 && allowed < 2.0, "{allowed}");
        assert!(visible_difference_bound(&model, &model, &pairs, 1e-4) < 1e-9);
        assert_eq!(visible_difference_bound(&faint, &faint, &pairs, 1e-4), 2.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]
        /// Whatever the sizes: dark parts of any width on either side, hidden by any change of basis.
        #[test]
        fn visible_scores_are_invariant_under_twins_of_any_size(
            seed in 0u64..1000, n in 10usize..60, d in 1usize..12, dark_g in 0usize..5, dark_f in 0usize..5,
        ) {
            let model = concept_model(n, 40, d, 1.0, seed);
            let twin = change_basis(&padded(&model, dark_g, dark_f, seed), seed);
            let (pairs, pool, texts) = (pairs(), (0..40).collect::<Vec<_>>(), texts(n));
            let question = ask(&pairs, &pool, &texts);
            let (a, b) = (measure_visible(&model, &question), measure_visible(&twin, &question));
            prop_assert!((a.score - b.score).abs() < 1e-9);
            let (own_a, own_b) = (own(&a.details), own(&b.details));
            prop_assert!((own_a.null_shuffled_mean - own_b.null_shuffled_mean).abs() < 1e-9);
            prop_assert!((a.effect_interval.0 - b.effect_interval.0).abs() < 1e-8);
            prop_assert!((a.effect_interval.1 - b.effect_interval.1).abs() < 1e-8);
            prop_assert_eq!((own_a.exact, a.p, a.shortage), (own_b.exact, b.p, b.shortage));
            let gap = (a.score - b.score).abs();
            prop_assert!(gap <= visible_gap_allowed(&model, &twin, &pairs, 1e-4));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(6))]
        /// Whatever the seed and the constructor, a twin has the visible score of its model.
        #[test]
        fn visible_scores_are_invariant_under_every_twin(seed in 0u64..1000, kind in 0usize..3) {
            let kind = [TwinKind::ChangeOfBasis, TwinKind::DarkUnembedding, TwinKind::DarkEmbedding][kind];
            let model = concept_model(50, 60, 6, 1.0, seed);
            let twin = build(&kind.into(), &model, &[], seed).unwrap().representation;
            let (pairs, pool, texts) = (pairs(), (0..60).collect::<Vec<_>>(), texts(50));
            let question = ask(&pairs, &pool, &texts);
            let (a, b) = (measure_visible(&model, &question), measure_visible(&twin, &question));
            prop_assert!((a.score - b.score).abs() < 1e-9);
            prop_assert!((a.null_mean - b.null_mean).abs() < 1e-9);
        }
    }
}
