//! Linear steering: does adding one vector to every hidden state move the concept's pairs, and nothing else?
//! (theory.md §5.8)
//!
//! The last layer is linear: adding v to f(x) moves the log-ratio of a pair by v·Δ in every context. Visible, v is a
//! mean difference of observed hidden states, so that v·Δ is a mean change of log-ratios, a function of the
//! distribution alone. Raw, v is built from the unembedding, and may leave the span 𝓕 of the hidden states.

use faer::{Mat, MatRef};
use serde::{Deserialize, Serialize};

use super::pairs::{RandomPairs, differences};
use super::parallelism::{MIN_PAIRS, MIN_TEXTS};
use super::score::{Carried, Details, Histogram, Measured};
use crate::theory::representation::{Representation, TheoryError, centred, select_rows, triangular_factor};
use crate::theory::statistics::{
    BOOTSTRAP_REPLICATES, Stream, bca_interval, generator, jackknife_margin, leave_one_out, mean,
    multinomial_counts, permutation_p,
};
use crate::theory::subspace::Span;
use crate::theory::verdict::Reason;

/// Share of a vector outside 𝓕 above which its effect is not determined by the distribution.
const LEAVES: f64 = 1e-3;
/// Variance of v·Δ, relative to that of a whole concept, below which a vector is what is left of others' rounding.
const ROUNDING: f64 = 1e-12;

/// What only steering has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SteeringDetails {
    /// Largest |v·Δ| over the off-target pairs, relative to the mean v·Δ of the target pairs; none without off-target
    /// pairs, or where the target pairs do not move.
    pub off_target: Option<f64>,
    /// ‖(I − P_𝓕)v‖/‖v‖: share of the vector that no observed hidden state spans, in [0, 1].
    pub outside_f: f64,
    /// The vector leaves the span of the hidden states, so that its effect is not determined by the distribution.
    pub leaves_sim_f: bool,
    /// Target pairs that took part.
    pub n_pairs: usize,
}

/// A concept to be steered along.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// (base, changed) rows of G that the vector should move.
    pub pairs: &'a [(usize, usize)],
    /// (base, changed) rows of G that it should leave alone.
    pub off_target: &'a [(usize, usize)],
    /// Rows of G from which random pairs are drawn; all rows where these are fewer than the concept's tokens.
    pub pool: &'a [usize],
    /// (x0, x1) rows of F: contexts without the concept and with it.
    pub contexts: &'a [(usize, usize)],
    /// Null draws.
    pub n_draws: usize,
    /// Seed of null and bootstrap. Both models are asked with one seed, so that equal models get equal answers.
    pub seed: u64,
}

/// One model, and what of it every concept needs.
#[derive(Debug, Clone)]
pub struct SteeredModel<'a> {
    model: &'a Representation,
    hidden_span: HiddenSpan,
    /// Cov(g)⁺ over all rows of G, `[d, d]`.
    inverse_covariance: Mat<f64>,
}

/// 𝓕, and how well it is known.
#[derive(Debug, Clone)]
struct HiddenSpan {
    span: Span,
    /// How far rounding of F may have turned 𝓕, as a share of a vector; 0 where 𝓕 is the whole space.
    turned: f64,
}

impl HiddenSpan {
    fn of(model: &Representation) -> Result<Self, TheoryError> {
        let span = Span::of_rows(model.f.as_ref(), model)?;
        let is_proper = (1..model.width()).contains(&span.rank());
        Ok(Self { turned: if is_proper { span.direction_error(model) } else { 0.0 }, span })
    }

    /// (I − P_𝓕)v for each row v.
    fn outside(&self, vectors: &Mat<f64>) -> Mat<f64> {
        vectors - (vectors * &self.span.basis) * self.span.basis.transpose()
    }

    /// ‖(I − P_𝓕)v‖/‖v‖, and whether that is more than rounding and [`LEAVES`]; `rounding` is the length of v's parts
    /// that may be rounding.
    fn share_outside(&self, vector: &Mat<f64>, rounding: f64) -> (f64, bool) {
        let (outside, whole) = (self.outside(vector).norm_l2(), vector.norm_l2());
        let share = if outside > rounding && whole > 0.0 { (outside / whole).min(1.0) } else { 0.0 };
        (share, share > LEAVES.max(self.turned))
    }
}

impl<'a> SteeredModel<'a> {
    /// Finds 𝓕 from F and Cov(g)⁺ from all rows of G, singular values of G_c below NumPy's tolerance left out.
    ///
    /// # Errors
    /// [`TheoryError::NoConvergence`].
    pub fn new(model: &'a Representation) -> Result<Self, TheoryError> {
        let span = Span::of_unembeddings(model)?;
        let root_v = (model.n_tokens() as f64).sqrt();
        let scaled = Mat::from_fn(model.width(), span.rank(), |i, j| {
            span.basis[(i, j)] * root_v / span.singular_values[j]
        });
        let inverse_covariance = &scaled * scaled.transpose();
        Ok(Self { model, hidden_span: HiddenSpan::of(model)?, inverse_covariance })
    }

    /// Cov(g)⁺ · mean Δ over all pairs, `[1, d]`.
    fn raw_vector(&self, pairs: &[(usize, usize)]) -> Mat<f64> {
        mean_row(&differences(self.model.g.as_ref(), pairs)) * &self.inverse_covariance
    }

    /// f(x1) − f(x0), one row per pair of contexts.
    fn context_steps(&self, contexts: &[(usize, usize)]) -> Mat<f64> {
        differences(self.model.f.as_ref(), contexts)
    }
}

/// Steering by observed hidden states: v = mean of f(x1) − f(x0), score z = mean_j v·Δ_j / sd, where sd is that of v·Δ
/// over all pairs of different tokens of the pool, √(2 s²) with s² the sample variance of v·g(y) (exactly what the sd
/// over random pairs tends to). Null: as many random pairs, sharing tokens as the target pairs do. Bootstrapped over
/// target pairs and context pairs.
pub fn measure_visible(steered: &SteeredModel<'_>, question: &Question<'_>) -> Measured {
    let steps = steered.context_steps(question.contexts);
    let effects = Effects::of(&steps, steered.model, question);
    let score = effects.score();
    let null = effects.null(question);
    let null_mean = if null.is_empty() { 0.0 } else { mean(&null) };
    let (low, high) = effects.interval(question.seed);
    let vector = mean_row(&steps);
    // v = wᵀF, w a mean of differences of two unit vectors, so no longer than √2.
    let rounding = std::f64::consts::SQRT_2 * steered.hidden_span.span.tolerance;
    let (outside_f, leaves_sim_f) = steered.hidden_span.share_outside(&vector, rounding);
    let varies = effects.spread() > 0.0;
    let on_target = if varies { effects.mean_effect() } else { 0.0 };
    let shortage = if question.contexts.len() < MIN_TEXTS {
        Some(Reason::TooFewTexts)
    } else {
        shortage(question, varies)
    };
    Measured {
        score,
        null_mean,
        null: Histogram::of(&null),
        effect_interval: (low - null_mean, high - null_mean),
        p: permutation_p(score, &null),
        shortage,
        details: Details::Steering(SteeringDetails {
            off_target: off_target(steered.model, &vector, question, on_target),
            outside_f,
            leaves_sim_f,
            n_pairs: question.pairs.len(),
        }),
    }
}

/// Steering by the vector that people build from the unembedding: v_j = Cov(g)⁺ · mean_{i≠j} Δ_i (Park et al.'s causal
/// inner product), left one out so that no pair scores itself; score z = mean_j v_j·Δ_j / sd_j, sd_j as for the visible
/// version. Null: the whole procedure on random pairs, as leaving one out makes the effects of one concept depend on
/// each other. Interval by the jackknife over pairs.
pub fn measure_raw(steered: &SteeredModel<'_>, question: &Question<'_>) -> Measured {
    let vector = steered.raw_vector(question.pairs);
    measure_unembedding(steered, question, None, &vector)
}

/// The same with the vectors P_𝓕 v_j, whose effect the distribution determines.
pub fn measure_dark_removed(steered: &SteeredModel<'_>, question: &Question<'_>) -> Measured {
    let vector = steered.raw_vector(question.pairs);
    let inside = &vector - steered.hidden_span.outside(&vector);
    measure_unembedding(steered, question, Some(&steered.hidden_span.span.basis), &inside)
}

/// v_A = mean f_A(x1) − f_A(x0) of A, tried in B as v_B = T v_A, with g_A ≈ Tᵀ g_B and Tᵀ = `a_from_b`
/// (`[d_A, d_B]`): v_B·Δ_B = v_A·(`a_from_b` Δ_B). Score and own score are z in B, bootstrapped over target and context
/// pairs; chance is the mean z of random pairs, which any order of B's tokens would give.
pub fn carried(
    a: &SteeredModel<'_>,
    b: &SteeredModel<'_>,
    a_from_b: MatRef<'_, f64>,
    question: &Question<'_>,
) -> Carried {
    let own = Effects::of(&b.context_steps(question.contexts), b.model, question).score();
    let effects = Effects::of(&(a.context_steps(question.contexts) * a_from_b), b.model, question);
    let null = effects.null(question);
    let chance = if null.is_empty() { 0.0 } else { mean(&null) };
    Carried { score: effects.score(), interval: effects.interval(question.seed), own, chance }
}

/// The most by which visible scores of equal distributions may differ where log-probabilities agree to `epsilon_num`
/// nats. A change of a log-ratio between two contexts has four of them, so each v·Δ moves by at most 4 ε_num: so does
/// their mean N over the target pairs, and, by the triangle inequality, their root mean square D over the pairs of the
/// pool. With z = N/D, |z_A − z_B| ≤ |N_A − N_B|/D_A + |z_B||D_A − D_B|/D_A ≤ 4 ε_num (1 + |z_B|)/D_A. Infinite where D
/// is zero.
pub fn visible_gap_allowed(
    a: &SteeredModel<'_>,
    b: &SteeredModel<'_>,
    question: &Question<'_>,
    epsilon_num: f64,
) -> f64 {
    let [a, b] = [a, b].map(|steered| {
        let effects = Effects::of(&steered.context_steps(question.contexts), steered.model, question);
        (effects.score().abs(), effects.spread())
    });
    let least = a.1.min(b.1);
    if least > 0.0 { 1e-6 + 4.0 * epsilon_num * (1.0 + a.0.max(b.0)) / least } else { f64::INFINITY }
}

fn shortage(question: &Question<'_>, varies: bool) -> Option<Reason> {
    if question.pairs.len() < MIN_PAIRS {
        Some(Reason::TooFewPairs)
    } else {
        (!varies).then_some(Reason::NoVariation)
    }
}

/// x(changed) − x(base), rows of X, one row per pair.
/// The differences of columns, one column per pair.
fn column_differences(x: &Mat<f64>, pairs: &[(usize, usize)]) -> Mat<f64> {
    let mut differences = Mat::zeros(x.nrows(), pairs.len());
    for (i, &(base, changed)) in pairs.iter().enumerate() {
        let (base, changed) = (x.col_as_slice(base), x.col_as_slice(changed));
        for (difference, (base, changed)) in
            differences.col_as_slice_mut(i).iter_mut().zip(base.iter().zip(changed))
        {
            *difference = changed - base;
        }
    }
    differences
}

/// Mean of the rows as one row, zero where there are none.
fn mean_row(x: &Mat<f64>) -> Mat<f64> {
    let n = x.nrows().max(1) as f64;
    Mat::from_fn(1, x.ncols(), |_, j| x.col(j).iter().sum::<f64>() / n)
}

fn off_target(
    model: &Representation,
    vector: &Mat<f64>,
    question: &Question<'_>,
    on_target: f64,
) -> Option<f64> {
    let effects = vector * differences(model.g.as_ref(), question.off_target).transpose();
    let largest = effects.norm_max();
    let relative = largest / on_target.abs();
    (!question.off_target.is_empty() && relative.is_finite()).then_some(relative)
}

/// ‖X weights‖.
fn length_of_sum(x: &Mat<f64>, weights: &[f64]) -> f64 {
    let sum = |i: usize| -> f64 { x.row(i).iter().zip(weights).map(|(x, w)| x * w).sum() };
    (0..x.nrows()).map(|i| sum(i).powi(2)).sum::<f64>().sqrt()
}

/// What adding f(x1_k) − f(x0_k) does to target pairs and to pairs of the pool.
struct Effects {
    /// Changes of the target pairs' log-ratios, nats, `[n_context_pairs, n_pairs]`.
    targets: Mat<f64>,
    /// R with RᵀR the covariance of the changes over pairs of different tokens of the pool, `[·, n_context_pairs]`: not
    /// the covariance itself, so that changes which cancel do so to rounding.
    spreads: Mat<f64>,
    /// v·g(y) of the pool, up to a constant.
    pool: Vec<f64>,
    /// Spread of v·Δ, nats, that may be rounding.
    floor: f64,
}

impl Effects {
    fn of(steps: &Mat<f64>, model: &Representation, question: &Question<'_>) -> Self {
        let pool = RandomPairs::like(question.pairs).pool(question.pool, model.n_tokens());
        let pool = centred(select_rows(model.g.as_ref(), &pool).as_ref());
        let on_pool = &pool * steps.transpose();
        let pairs_of_pool = 0.5 * (pool.nrows() as f64 - 1.0).max(1.0);
        let row_length = |x: &Mat<f64>| x.norm_l2() / (x.nrows() as f64).sqrt();
        Self {
            targets: steps * differences(model.g.as_ref(), question.pairs).transpose(),
            spreads: triangular_factor(on_pool.as_ref()) * faer::Scale(pairs_of_pool.sqrt().recip()),
            pool: mean_row(&on_pool.transpose().to_owned()).row(0).iter().copied().collect(),
            floor: 4.0 * model.precision.epsilon() * row_length(&model.f) * row_length(&model.g),
        }
    }

    fn n_contexts(&self) -> usize {
        self.targets.nrows()
    }

    fn n_pairs(&self) -> usize {
        self.targets.ncols()
    }

    /// z with context pairs and target pairs weighted. Weights of context pairs scale numerator and denominator alike.
    /// Zero where v moves no pair of the pool by more than rounding.
    fn weighted(&self, contexts: &[f64], pairs: &[f64]) -> f64 {
        let n_contexts: f64 = contexts.iter().sum();
        let spread = length_of_sum(&self.spreads, contexts);
        let effect = |j: usize| -> f64 {
            self.targets.col(j).iter().zip(contexts).map(|(effect, weight)| effect * weight).sum()
        };
        let total: f64 = pairs.iter().enumerate().map(|(j, weight)| weight * effect(j)).sum();
        let n_pairs: f64 = pairs.iter().sum();
        if spread > self.floor * n_contexts && n_pairs > 0.0 { total / (n_pairs * spread) } else { 0.0 }
    }

    fn score(&self) -> f64 {
        self.weighted(&vec![1.0; self.n_contexts()], &vec![1.0; self.n_pairs()])
    }

    /// mean_j v·Δ_j, nats.
    fn mean_effect(&self) -> f64 {
        let n = (self.n_contexts() * self.n_pairs()).max(1) as f64;
        (0..self.n_pairs()).map(|j| self.targets.col(j).iter().sum::<f64>()).sum::<f64>() / n
    }

    /// Standard deviation of v·Δ over pairs of the pool, nats; zero where it may be rounding.
    fn spread(&self) -> f64 {
        let n = self.n_contexts().max(1) as f64;
        let spread = length_of_sum(&self.spreads, &vec![1.0 / n; self.n_contexts()]);
        if spread > self.floor { spread } else { 0.0 }
    }

    /// Mean z of random pairs.
    fn null(&self, question: &Question<'_>) -> Vec<f64> {
        let spread = self.spread();
        let random = RandomPairs::like(question.pairs);
        let n = question.pairs.len();
        if spread == 0.0 || n == 0 || self.pool.len() < random.n_distinct {
            return vec![0.0; question.n_draws];
        }
        let rng = &mut generator(question.seed, Stream::NullRandom);
        let effect = |&(base, changed): &(usize, usize)| self.pool[changed] - self.pool[base];
        (0..question.n_draws)
            .map(|_| {
                let pairs = random.draw(self.pool.len(), rng);
                pairs.iter().map(effect).sum::<f64>() / (n as f64 * spread)
            })
            .collect()
    }

    /// Target pairs and context pairs resampled together.
    fn interval(&self, seed: u64) -> (f64, f64) {
        let (n_contexts, n_pairs) = (self.n_contexts(), self.n_pairs());
        if n_contexts == 0 || n_pairs == 0 {
            return (0.0, 0.0);
        }
        let rng = &mut generator(seed, Stream::PropertyBootstrap);
        let mut replicates: Vec<f64> = (0..BOOTSTRAP_REPLICATES)
            .map(|_| {
                let pairs = multinomial_counts(n_pairs, rng);
                self.weighted(&multinomial_counts(n_contexts, rng), &pairs)
            })
            .collect();
        let (all_contexts, all_pairs) = (vec![1.0; n_contexts], vec![1.0; n_pairs]);
        let left_out = [
            leave_one_out(n_pairs, |pairs| self.weighted(&all_contexts, pairs)),
            leave_one_out(n_contexts, |contexts| self.weighted(contexts, &all_pairs)),
        ];
        bca_interval(&mut replicates, self.score(), &left_out)
    }
}

/// Tokens of the pool and of the target pairs, one per column, with products that give every v_i·Δ_j and its spread.
struct Unembeddings {
    /// P Cov(g)⁺ g(y) in the basis of P's range.
    vectors: Mat<f64>,
    /// g(y) in the same basis.
    tokens: Mat<f64>,
    /// Coordinates of P Cov(g)⁺ g(y) in which a vector is as long as v·Δ spreads over pairs of the pool.
    spreads: Mat<f64>,
    n_pool: usize,
}

impl Unembeddings {
    /// The pool first, then each target pair; P is the projector on `basis`, or all.
    fn of(
        steered: &SteeredModel<'_>,
        pool: &[usize],
        pairs: &[(usize, usize)],
        basis: Option<&Mat<f64>>,
    ) -> Self {
        let rows: Vec<usize> =
            pool.iter().copied().chain(pairs.iter().flat_map(|&(base, changed)| [base, changed])).collect();
        // What all tokens share moves no pair, and would only round.
        let g = centred(select_rows(steered.model.g.as_ref(), &rows).as_ref());
        let g = g.transpose();
        let (vectors, tokens) = match basis {
            Some(basis) => (basis.transpose() * &steered.inverse_covariance * g, basis.transpose() * g),
            None => (&steered.inverse_covariance * g, g.to_owned()),
        };
        let pool_tokens = centred(tokens.subcols(0, pool.len()).transpose());
        let pairs_of_pool = 0.5 * (pool.len() as f64 - 1.0).max(1.0);
        let factor = triangular_factor(pool_tokens.as_ref()) * faer::Scale(pairs_of_pool.sqrt().recip());
        let spreads = factor * &vectors;
        Self { vectors, tokens, spreads, n_pool: pool.len() }
    }

    /// Columns of the target pairs.
    fn targets(&self) -> Vec<(usize, usize)> {
        (self.n_pool..self.vectors.ncols()).step_by(2).map(|base| (base, base + 1)).collect()
    }

    fn products(&self, pairs: &[(usize, usize)]) -> Products {
        let [vectors, tokens, spreads] =
            [&self.vectors, &self.tokens, &self.spreads].map(|x| column_differences(x, pairs));
        Products { effects: vectors.transpose() * tokens, covariance: spreads.transpose() * &spreads }
    }
}

/// Everything about m pairs that a score left one out depends on.
struct Products {
    /// (P Cov(g)⁺ Δ_i)·Δ_j, `[m, m]`.
    effects: Mat<f64>,
    /// Covariance, over pairs of the pool, of the effects of P Cov(g)⁺ Δ_i and P Cov(g)⁺ Δ_j, `[m, m]`.
    covariance: Mat<f64>,
}

impl Products {
    fn n_pairs(&self) -> usize {
        self.effects.ncols()
    }

    /// v_j·Δ_j/sd_j for each j, with v_j ∝ Σ_{i≠j} w_i P Cov(g)⁺ Δ_i; none where v_j moves no pair beyond rounding.
    ///
    /// What j has in the sums over all pairs is taken from them again: O(m²) for all j together.
    fn of_pairs(&self, weights: &[f64]) -> Vec<Option<f64>> {
        let m = self.n_pairs();
        let total: f64 = weights.iter().sum();
        let typical = (0..m).map(|i| self.covariance[(i, i)]).fold(0.0, f64::max).sqrt();
        let along = |column: &[f64]| column.iter().zip(weights).map(|(x, w)| x * w).sum::<f64>();
        let covariances: Vec<f64> = (0..m).map(|j| along(self.covariance.col_as_slice(j))).collect();
        let whole = along(&covariances);
        (0..m)
            .map(|j| {
                let w = weights[j];
                let effect = along(self.effects.col_as_slice(j)) - w * self.effects[(j, j)];
                let variance = whole - 2.0 * w * covariances[j] + w * w * self.covariance[(j, j)];
                let least = ROUNDING.sqrt() * typical * (total - w);
                (variance > least * least).then(|| effect / variance.sqrt())
            })
            .collect()
    }

    /// Σ_j w_j v_j·Δ_j/sd_j / Σ_j w_j, zero for a pair without a vector.
    fn weighted(&self, weights: &[f64]) -> f64 {
        let total: f64 = weights.iter().sum();
        let sum: f64 = self.of_pairs(weights).iter().zip(weights).map(|(z, w)| w * z.unwrap_or(0.0)).sum();
        if total > 0.0 { sum / total } else { 0.0 }
    }

    fn score(&self) -> f64 {
        self.weighted(&vec![1.0; self.n_pairs()])
    }

    fn all_vary(&self) -> bool {
        self.of_pairs(&vec![1.0; self.n_pairs()]).iter().all(Option::is_some)
    }

    /// mean_j v_j·Δ_j, nats for v_j added once.
    fn mean_effect(&self) -> f64 {
        let m = self.n_pairs();
        let between: f64 =
            (0..m).map(|j| self.effects.col(j).iter().sum::<f64>() - self.effects[(j, j)]).sum();
        between / (m * m.saturating_sub(1)).max(1) as f64
    }

    /// score ± t·se by the jackknife over pairs: in a resample fewer different pairs make a noisier vector, so that a
    /// bootstrap would lie below the score.
    fn interval(&self) -> (f64, f64) {
        let margin = jackknife_margin(&leave_one_out(self.n_pairs(), |weights| self.weighted(weights)));
        (self.score() - margin, self.score() + margin)
    }
}

fn measure_unembedding(
    steered: &SteeredModel<'_>,
    question: &Question<'_>,
    basis: Option<&Mat<f64>>,
    vector: &Mat<f64>,
) -> Measured {
    let random = RandomPairs::like(question.pairs);
    let pool = random.pool(question.pool, steered.model.n_tokens());
    let unembeddings = Unembeddings::of(steered, &pool, question.pairs, basis);
    let found = unembeddings.products(&unembeddings.targets());
    let score = found.score();
    let rng = &mut generator(question.seed, Stream::NullRandom);
    let null: Vec<f64> =
        (0..question.n_draws).map(|_| unembeddings.products(&random.draw(pool.len(), rng)).score()).collect();
    let null_mean = if null.is_empty() { 0.0 } else { mean(&null) };
    let (low, high) = found.interval();
    let (outside_f, leaves_sim_f) = steered.hidden_span.share_outside(vector, 0.0);
    Measured {
        score,
        null_mean,
        null: Histogram::of(&null),
        effect_interval: (low - null_mean, high - null_mean),
        p: permutation_p(score, &null),
        shortage: shortage(question, found.all_vary()),
        details: Details::Steering(SteeringDetails {
            off_target: off_target(steered.model, vector, question, found.mean_effect()),
            outside_f,
            leaves_sim_f,
            n_pairs: question.pairs.len(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::Precision;
    use crate::theory::distribution::{Divergences, log_softmax};
    use crate::theory::properties::score::Rule;
    use crate::theory::representation::from_row_major;
    use crate::theory::twin::tests::{max_abs_dlogp, normal, padded};
    use crate::theory::twin::{TwinKind, build, change_basis};
    use crate::theory::verdict::PropertyState;
    use proptest::prelude::*;

    const M: usize = 10;
    const RULE: Rule = Rule { delta: 1.0, max_p: 0.01 };

    /// M pairs with a common difference of `strength` times a unit of noise each, and 12 pairs of contexts that differ
    /// along a vector that the common difference reads.
    fn concept_model(n: usize, v: usize, d: usize, strength: f64, seed: u64) -> Representation {
        let (noise_f, noise_g) = (normal(n, d, seed), normal(v, d, seed + 1));
        let common = normal(1, d, seed + 2);
        let f = Mat::from_fn(n, d, |i, j| {
            noise_f[(i, j)] + if i < 24 && i % 2 == 1 { strength * common[(0, j)] } else { 0.0 }
        });
        let g = Mat::from_fn(v, d, |y, j| {
            if y < 2 * M && y % 2 == 1 {
                noise_g[(y - 1, j)] + strength * common[(0, j)] + 0.3 * noise_g[(y, j)]
            } else {
                noise_g[(y, j)]
            }
        });
        Representation::new(f, g, Precision::F64).unwrap()
    }

    struct Data {
        pairs: Vec<(usize, usize)>,
        off_target: Vec<(usize, usize)>,
        pool: Vec<usize>,
        contexts: Vec<(usize, usize)>,
    }

    impl Data {
        fn new(v: usize) -> Self {
            Self {
                pairs: (0..M).map(|i| (2 * i, 2 * i + 1)).collect(),
                off_target: vec![(20, 21), (22, 23)],
                pool: (0..v).collect(),
                contexts: (0..12).map(|i| (2 * i, 2 * i + 1)).collect(),
            }
        }

        fn ask(&self) -> Question<'_> {
            Question {
                pairs: &self.pairs,
                off_target: &self.off_target,
                pool: &self.pool,
                contexts: &self.contexts,
                n_draws: 199,
                seed: 5,
            }
        }
    }

    fn own(measured: &Measured) -> &SteeringDetails {
        match &measured.details {
            Details::Steering(own) => own,
            other => panic!("not of steering: {other:?}"),
        }
    }

    fn all_versions(steered: &SteeredModel<'_>, question: &Question<'_>) -> [Measured; 3] {
        [measure_visible, measure_raw, measure_dark_removed].map(|measure| measure(steered, question))
    }

    #[derive(serde::Deserialize)]
    struct Expected {
        z: f64,
        off_target: f64,
        outside_f: f64,
    }

    #[derive(serde::Deserialize)]
    struct Versions {
        visible: Expected,
        raw: Expected,
        dark_removed: Expected,
    }

    #[derive(serde::Deserialize)]
    struct Case {
        name: String,
        n: usize,
        v: usize,
        d: usize,
        f: Vec<i32>,
        g: Vec<i32>,
        pairs: Vec<(usize, usize)>,
        off_target: Vec<(usize, usize)>,
        pool: Vec<usize>,
        contexts: Vec<(usize, usize)>,
        expected: Versions,
    }

    #[derive(serde::Deserialize)]
    struct Fixture {
        scale: f64,
        steering: Vec<Case>,
    }

    /// numpy: pinv of the covariance, each pair left out in turn, standard deviation over every pair of the pool.
    #[test]
    fn scores_are_numpys() {
        let fixture: Fixture =
            serde_json::from_str(include_str!("../../../fixtures/theory/probing.json")).unwrap();
        for case in &fixture.steering {
            let matrix =
                |x: &[i32], rows: usize| from_row_major(x, rows, case.d) * faer::Scale(1.0 / fixture.scale);
            let model = Representation::new(matrix(&case.f, case.n), matrix(&case.g, case.v), Precision::F64)
                .unwrap();
            let steered = SteeredModel::new(&model).unwrap();
            let data = Data {
                pairs: case.pairs.clone(),
                off_target: case.off_target.clone(),
                pool: case.pool.clone(),
                contexts: case.contexts.clone(),
            };
            let versions = &case.expected;
            let expected = [&versions.visible, &versions.raw, &versions.dark_removed];
            for (found, expected) in all_versions(&steered, &data.ask()).iter().zip(expected) {
                assert!(
                    (found.score - expected.z).abs() < 1e-8 * expected.z.abs(),
                    "{}: {found:?}",
                    case.name
                );
                let off_target = own(found).off_target.unwrap();
                assert!(
                    (off_target - expected.off_target).abs() < 1e-8 * expected.off_target,
                    "{}",
                    case.name
                );
                assert!((own(found).outside_f - expected.outside_f).abs() < 1e-8, "{}", case.name);
                assert_eq!(own(found).leaves_sim_f, expected.outside_f > 1e-3, "{}", case.name);
            }
        }
    }

    fn mean_kl(a: &Representation, b: &Representation) -> f64 {
        let n = a.n_contexts();
        let (mut za, mut zb) = (a.logits(0, n), b.logits(0, n));
        let each = (0..n).map(|i| {
            log_softmax(za.col_as_slice_mut(i));
            log_softmax(zb.col_as_slice_mut(i));
            Divergences::between(za.col_as_slice(i), zb.col_as_slice(i), 0.0).kl_ab
        });
        each.sum::<f64>() / n as f64
    }

    /// `vector` (`[1, d]`) added to every hidden state.
    fn steered_by(model: &Representation, vector: &Mat<f64>, strength: f64) -> Representation {
        let f = Mat::from_fn(model.n_contexts(), model.width(), |i, j| {
            model.f[(i, j)] + strength * vector[(0, j)]
        });
        Representation { f, ..model.clone() }
    }

    /// Acceptance test 9: along the dark part of the raw vector, equal models stop being equal, because what is added is
    /// no combination of hidden states; along the visible vector they stay equal.
    #[test]
    fn acceptance_09_steering_along_a_dark_axis_is_not_decided_by_the_distribution() {
        let a = concept_model(40, 60, 8, 1.0, 1);
        let b = change_basis(&padded(&a, 1, 0, 3), 4);
        assert!(mean_kl(&a, &b) < 1e-12);
        let data = Data::new(60);
        let question = data.ask();
        let (in_a, in_b) = (SteeredModel::new(&a).unwrap(), SteeredModel::new(&b).unwrap());
        let ([visible_a, raw_a, _], [visible_b, raw_b, dark_removed_b]) =
            (all_versions(&in_a, &question), all_versions(&in_b, &question));
        assert!(!own(&raw_a).leaves_sim_f && own(&raw_a).outside_f < 1e-12, "{raw_a:?}");
        assert!(own(&raw_b).leaves_sim_f && own(&raw_b).outside_f > 0.01, "{raw_b:?}");
        assert!(!own(&dark_removed_b).leaves_sim_f && !own(&visible_b).leaves_sim_f);
        assert!((visible_a.score - visible_b.score).abs() < 1e-9);

        let dark = in_b.hidden_span.outside(&in_b.raw_vector(&data.pairs));
        let along_dark = steered_by(&b, &dark, 2.0 / dark.norm_l2());
        assert!(mean_kl(&a, &along_dark) > 0.1, "{}", mean_kl(&a, &along_dark));
        let [vector_a, vector_b] = [&in_a, &in_b].map(|model| mean_row(&model.context_steps(&data.contexts)));
        let (along_a, along_b) = (steered_by(&a, &vector_a, 1.0), steered_by(&b, &vector_b, 1.0));
        assert!(mean_kl(&a, &along_a) > 0.1 && mean_kl(&along_a, &along_b) < 1e-12);
    }

    /// z is the mean change of the target log-ratios over the standard deviation of that of random pairs, all from p.
    #[test]
    fn the_visible_score_is_a_function_of_log_probabilities() {
        let model = concept_model(30, 50, 6, 1.0, 3);
        let data = Data::new(50);
        let mut log_p = model.logits(0, 30);
        (0..30).for_each(|i| log_softmax(log_p.col_as_slice_mut(i)));
        let moved = |base: usize, changed: usize| {
            let ratio = |x: usize| log_p[(changed, x)] - log_p[(base, x)];
            data.contexts.iter().map(|&(x0, x1)| ratio(x1) - ratio(x0)).sum::<f64>() / 12.0
        };
        let mut squares = 0.0;
        for y in 0..50 {
            squares += (0..50).filter(|&other| other != y).map(|other| moved(y, other).powi(2)).sum::<f64>();
        }
        let targets: Vec<f64> = data.pairs.iter().map(|&(base, changed)| moved(base, changed)).collect();
        let expected = mean(&targets) / (squares / (50.0 * 49.0)).sqrt();
        let found = measure_visible(&SteeredModel::new(&model).unwrap(), &data.ask());
        assert!((found.score - expected).abs() < 1e-10);
        assert!(found.null_mean.abs() < 4.0 / (M as f64 * 199.0).sqrt(), "{found:?}");
    }

    #[test]
    fn a_planted_concept_steers_and_noise_does_not() {
        let data = Data::new(300);
        let model = concept_model(60, 300, 16, 2.0, 1);
        for found in all_versions(&SteeredModel::new(&model).unwrap(), &data.ask()) {
            assert_eq!(found.shortage, None);
            let p = found.p;
            assert_eq!(found.judged(p, RULE).state, PropertyState::Holds);
        }
        let noise = concept_model(60, 300, 16, 0.0, 1);
        for found in all_versions(&SteeredModel::new(&noise).unwrap(), &data.ask()) {
            assert!(found.score.abs() < 1.5 && found.p > 0.01, "{found:?}");
        }
    }

    /// Effects of one concept left one out depend on each other: the null must spread as they do, or random pairs would
    /// look like a concept too often.
    #[test]
    fn raw_p_values_of_random_pairs_are_not_small() {
        let data = Data::new(80);
        let p: Vec<f64> = (0..24)
            .map(|seed| {
                let model = concept_model(30, 80, 12, 0.0, 10 * seed);
                let question = Question { n_draws: 99, ..data.ask() };
                // The concept's rows hold noise of another size than the others: ask about other pairs.
                let pairs: Vec<(usize, usize)> = (0..M).map(|i| (30 + 2 * i, 31 + 2 * i)).collect();
                let pool: Vec<usize> = (20..80).collect();
                let question = Question { pairs: &pairs, pool: &pool, ..question };
                measure_raw(&SteeredModel::new(&model).unwrap(), &question).p
            })
            .collect();
        assert!(p.iter().filter(|&&p| p <= 0.1).count() <= 6, "{p:?}");
        assert!((mean(&p) - 0.5).abs() < 0.2, "{p:?}");
    }

    /// A pair has no part in its own vector: pairs that are orthogonal to each other do not steer each other, though
    /// each would steer itself.
    #[test]
    fn no_pair_scores_itself() {
        let g = Mat::from_fn(2 * M, M, |y, j| if y / 2 == j { (y % 2) as f64 * 2.0 - 1.0 } else { 0.0 });
        let model = Representation::new(normal(20, M, 1), g, Precision::F64).unwrap();
        let data = Data::new(2 * M);
        let question = Question { off_target: &[], ..data.ask() };
        let found = measure_raw(&SteeredModel::new(&model).unwrap(), &question);
        assert!(found.score.abs() < 1e-10, "{found:?}");
        assert_eq!(own(&found).off_target, None);
    }

    /// The visible interval is that of resampled lists, the raw one that of lists without one pair.
    #[test]
    fn intervals_are_those_of_pairs_and_contexts() {
        let model = concept_model(40, 60, 6, 1.0, 2);
        let data = Data::new(60);
        let question = data.ask();
        let steered = SteeredModel::new(&model).unwrap();
        let g = centred(model.g.as_ref());
        let z = |v: &Mat<f64>, pair: (usize, usize)| {
            let along = v * g.transpose();
            let sd = (2.0 * along.squared_norm_l2() / 59.0).sqrt();
            (along[(0, pair.1)] - along[(0, pair.0)]) / sd
        };
        let of = |pairs: &[usize], contexts: &[usize]| {
            let contexts: Vec<_> = contexts.iter().map(|&k| data.contexts[k]).collect();
            let v = mean_row(&differences(model.f.as_ref(), &contexts));
            pairs.iter().map(|&j| z(&v, data.pairs[j])).sum::<f64>() / pairs.len() as f64
        };
        let raw_of = |pairs: &[usize]| {
            let each = pairs.iter().map(|&j| {
                let others: Vec<_> = pairs.iter().filter(|&&i| i != j).map(|&i| data.pairs[i]).collect();
                z(&steered.raw_vector(&others), data.pairs[j])
            });
            each.sum::<f64>() / pairs.len() as f64
        };
        let draw = |n: usize, rng: &mut rand_chacha::ChaCha8Rng| -> Vec<usize> {
            let counts = multinomial_counts(n, rng);
            (0..n).flat_map(|i| std::iter::repeat_n(i, counts[i] as usize)).collect()
        };
        let without = |n: usize, i: usize| (0..n).filter(|&k| k != i).collect::<Vec<usize>>();
        let all = |n: usize| (0..n).collect::<Vec<usize>>();

        let rng = &mut generator(5, Stream::PropertyBootstrap);
        let mut replicates: Vec<f64> = (0..BOOTSTRAP_REPLICATES)
            .map(|_| {
                let pairs = draw(M, rng);
                of(&pairs, &draw(12, rng))
            })
            .collect();
        let left_out = [
            (0..M).map(|i| of(&without(M, i), &all(12))).collect(),
            (0..12).map(|k| of(&all(M), &without(12, k))).collect::<Vec<_>>(),
        ];
        let found = measure_visible(&steered, &question);
        let (low, high) = bca_interval(&mut replicates, found.score, &left_out);
        assert!((found.effect_interval.0 - (low - found.null_mean)).abs() < 1e-9);
        assert!((found.effect_interval.1 - (high - found.null_mean)).abs() < 1e-9);

        let left_out = (0..M).map(|i| raw_of(&without(M, i))).collect::<Vec<_>>();
        let found = measure_raw(&steered, &question);
        let margin = jackknife_margin(&left_out);
        assert!(
            (found.effect_interval.0 - (found.score - margin - found.null_mean)).abs() < 1e-9,
            "{found:?}"
        );
        assert!((found.effect_interval.1 - (found.score + margin - found.null_mean)).abs() < 1e-9);
    }

    /// In f32 no combination of hidden states leaves their span, nor does a raw vector where they span everything.
    #[test]
    fn rounding_raises_no_flag() {
        let data = Data::new(90);
        let model = concept_model(60, 90, 8, 1.0, 4).rounded_to_f32();
        for kind in [TwinKind::ChangeOfBasis, TwinKind::DarkUnembedding, TwinKind::DarkEmbedding] {
            let twin = build(&kind.into(), &model, &[], 3).unwrap().representation.rounded_to_f32();
            let steered = SteeredModel::new(&twin).unwrap();
            let [visible, raw, dark_removed] = all_versions(&steered, &data.ask());
            assert!(!own(&visible).leaves_sim_f && !own(&dark_removed).leaves_sim_f, "{kind:?}");
            assert_eq!(own(&raw).leaves_sim_f, kind == TwinKind::DarkUnembedding, "{kind:?} {raw:?}");
        }
        // Contexts of each pair that differ by rounding alone, in a space with a direction that f does not reach.
        let flat = padded(&model, 1, 0, 3);
        let f = Mat::from_fn(60, 9, |i, j| {
            flat.f[(i - i % 2, j)] * (1.0 + if i % 2 == 1 { 1e-6 * (j as f64).sin() } else { 0.0 })
        });
        let flat = change_basis(&Representation { f, ..flat }, 2).rounded_to_f32();
        let found = measure_visible(&SteeredModel::new(&flat).unwrap(), &data.ask());
        assert!(!own(&found).leaves_sim_f, "{found:?}");
    }

    /// Two models whose log-probabilities differ by at most ε.
    #[test]
    fn the_self_test_allows_what_the_floor_can_do() {
        let data = Data::new(60);
        let question = data.ask();
        for seed in 0..6 {
            let a = concept_model(40, 60, 6, 1.0, seed);
            let noise = normal(40, 6, seed + 40);
            let f = Mat::from_fn(40, 6, |i, j| a.f[(i, j)] + 1e-3 * noise[(i, j)]);
            let b = Representation { f, ..a.clone() };
            let epsilon = max_abs_dlogp(&a, &b);
            let (a, b) = (SteeredModel::new(&a).unwrap(), SteeredModel::new(&b).unwrap());
            let gap = (measure_visible(&a, &question).score - measure_visible(&b, &question).score).abs();
            let allowed = visible_gap_allowed(&a, &b, &question, epsilon);
            assert!(gap > 1e-6 && gap <= allowed && allowed < 0.2, "{gap} {allowed}");
        }
    }

    /// An error of ε in logits, in the worst direction for the target pairs, comes near the bound.
    #[test]
    fn the_bound_of_the_self_test_is_not_slack() {
        let data = Data::new(40);
        let question = data.ask();
        let model = concept_model(24, 40, 30, 1.0, 2);
        let epsilon = 1e-4;
        // Logits of f(x1) up, of f(x0) down for the second token of each target pair, the reverse for the first.
        let side = |i: usize| 2.0 * (i % 2) as f64 - 1.0;
        let reads = |y: usize| if y < 2 * M { side(y) } else { 0.0 };
        let g = Mat::from_fn(40, 31, |y, j| if j < 30 { model.g[(y, j)] } else { reads(y) });
        let f = |size: f64| {
            Mat::from_fn(24, 31, |x, j| match j {
                30 => size * side(x),
                _ => model.f[(x, j)],
            })
        };
        let [a, b] =
            [0.0, epsilon].map(|size| Representation::new(f(size), g.clone(), Precision::F64).unwrap());
        let moved = max_abs_dlogp(&a, &b);
        assert!(moved < 2.001 * epsilon);
        let (a, b) = (SteeredModel::new(&a).unwrap(), SteeredModel::new(&b).unwrap());
        let gap = (measure_visible(&a, &question).score - measure_visible(&b, &question).score).abs();
        let allowed = visible_gap_allowed(&a, &b, &question, moved);
        assert!(gap <= allowed && gap > allowed / 10.0, "{gap} {allowed}");
    }

    /// g_A = T g_B up to a constant for a change of basis, with T = Ãᵀ: f̃ = A f and g̃ = A⁻ᵀ g.
    #[test]
    fn a_carried_vector_steers_a_twin_as_its_own_does() {
        let a = concept_model(40, 120, 6, 1.5, 2);
        let b = change_basis(&a, 7);
        let identity = Representation { f: Mat::identity(6, 6), ..a.clone() };
        let a_from_b = change_basis(&identity, 7).f;
        let data = Data::new(120);
        let (in_a, in_b) = (SteeredModel::new(&a).unwrap(), SteeredModel::new(&b).unwrap());
        let found = carried(&in_a, &in_b, a_from_b.as_ref(), &data.ask());
        let home = measure_visible(&in_a, &data.ask());
        assert!((found.score - home.score).abs() < 1e-9 && (found.own - home.score).abs() < 1e-9);
        assert!((found.interval.0 - home.effect_interval.0 - home.null_mean).abs() < 1e-9);
        assert!(found.chance.abs() < 0.1 && found.score > 1.0, "{found:?}");
        let nowhere = carried(&in_a, &in_b, Mat::zeros(6, 6).as_ref(), &data.ask());
        assert_eq!((nowhere.score, nowhere.interval, nowhere.chance), (0.0, (0.0, 0.0), 0.0));
    }

    fn assert_numbers(found: &Measured) {
        let numbers =
            [found.score, found.null_mean, found.effect_interval.0, found.effect_interval.1, found.p];
        let own = own(found);
        assert!(numbers.iter().all(|x| x.is_finite()) && own.outside_f.is_finite(), "{found:?}");
        assert!(own.off_target.is_none_or(f64::is_finite), "{found:?}");
    }

    #[test]
    fn missing_data_are_named_and_never_nan() {
        let model = concept_model(40, 60, 6, 1.0, 1);
        let data = Data::new(60);
        let found = |model: &Representation, question: &Question<'_>| {
            let steered = SteeredModel::new(model).unwrap();
            let allowed = visible_gap_allowed(&steered, &steered, question, 0.0);
            assert!(!allowed.is_nan());
            all_versions(&steered, question).map(|found| {
                assert_numbers(&found);
                found.shortage
            })
        };
        use Reason::{NoVariation, TooFewPairs, TooFewTexts};
        let question = data.ask();
        assert_eq!(found(&model, &question), [None; 3]);
        let few = Question { pairs: &data.pairs[..5], ..question.clone() };
        assert_eq!(found(&model, &few), [Some(TooFewPairs); 3]);
        for n in [0, 1] {
            let few = Question { pairs: &data.pairs[..n], ..question.clone() };
            assert_eq!(found(&model, &few), [Some(TooFewPairs); 3]);
        }
        for n in [0, 1, 7] {
            let few = Question { contexts: &data.contexts[..n], ..question.clone() };
            assert_eq!(found(&model, &few), [Some(TooFewTexts), None, None]);
        }
        let still: Vec<(usize, usize)> = (0..12).map(|i| (i, i)).collect();
        assert_eq!(
            found(&model, &Question { contexts: &still, ..question.clone() }),
            [Some(NoVariation), None, None]
        );
        // Steps that cancel.
        let cancel: Vec<(usize, usize)> = (0..12).map(|i| [(0, 1), (1, 0)][i % 2]).collect();
        assert_eq!(
            found(&model, &Question { contexts: &cancel, ..question.clone() }),
            [Some(NoVariation), None, None]
        );
        let same: Vec<(usize, usize)> = (0..8).map(|i| (i, i)).collect();
        assert_eq!(
            found(&model, &Question { pairs: &same, ..question.clone() }),
            [None, Some(NoVariation), Some(NoVariation)]
        );
        let lone = Question { pool: &[3], ..question.clone() };
        assert_eq!(found(&model, &lone), [None; 3]);
        let constant =
            Representation { g: Mat::from_fn(60, 6, |_, j| 1.0 + j as f64 / 3.0), ..model.clone() };
        assert_eq!(found(&constant, &question), [Some(NoVariation); 3]);
        let zero = Representation { f: Mat::zeros(40, 6), ..model };
        assert_eq!(found(&zero, &question), [Some(NoVariation), None, Some(NoVariation)]);
    }

    /// Contexts that differ in dark parts alone move nothing but rounding, which is no evidence of anything.
    #[test]
    fn rounding_is_not_steering() {
        let padded = padded(&concept_model(40, 60, 6, 1.0, 1), 0, 2, 3);
        let f = Mat::from_fn(40, 8, |i, j| padded.f[(if j < 6 { i - i % 2 } else { i }, j)]);
        let model = change_basis(&Representation { f, ..padded }, 5);
        for model in [model.rounded_to_f32(), model] {
            let data = Data::new(60);
            let found = measure_visible(&SteeredModel::new(&model).unwrap(), &data.ask());
            assert_eq!((found.score, found.p, found.shortage), (0.0, 1.0, Some(Reason::NoVariation)));
            assert_eq!(own(&found).off_target, None);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(6))]
        /// Whatever the dark parts and the basis, equal distributions are steered alike by hidden states.
        #[test]
        fn visible_scores_are_invariant_under_twins(seed in 0u64..1000, dark_g in 0usize..4, dark_f in 0usize..4) {
            let model = concept_model(40, 60, 6, 1.0, seed);
            let kind = [TwinKind::ChangeOfBasis, TwinKind::DarkUnembedding, TwinKind::DarkEmbedding][seed as usize % 3];
            let data = Data::new(60);
            let question = data.ask();
            let a = measure_visible(&SteeredModel::new(&model).unwrap(), &question);
            for twin in [change_basis(&padded(&model, dark_g, dark_f, seed), seed), build(&kind.into(), &model, &[], seed).unwrap().representation] {
                let b = measure_visible(&SteeredModel::new(&twin).unwrap(), &question);
                prop_assert!((a.score - b.score).abs() < 1e-9 && (a.null_mean - b.null_mean).abs() < 1e-9);
                prop_assert!((a.effect_interval.0 - b.effect_interval.0).abs() < 1e-8);
                prop_assert!((a.effect_interval.1 - b.effect_interval.1).abs() < 1e-8);
                prop_assert!((own(&a).off_target.unwrap() - own(&b).off_target.unwrap()).abs() < 1e-8);
                prop_assert_eq!((a.p, a.shortage), (b.p, b.shortage));
            }
        }
    }
}
