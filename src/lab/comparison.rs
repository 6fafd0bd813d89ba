//! The part of an analysis that needs only two representations: from (F, G) of A and of B to a verdict.

use super::error::LabError;
use super::experiment::Thresholds;
use crate::theory::Representation;
use crate::theory::distribution::{Divergences, log_softmax};
use crate::theory::equivalence::{Closeness, Equality, Level};
use crate::theory::linear_map::{CoupledMap, coupled_map};
use crate::theory::properties::parallelism::{
    ParallelismScore, Question, adjudicate, measure_raw, measure_visible, visible_difference_bound,
    visible_gap_allowed,
};
use crate::theory::representation::select_rows;
use crate::theory::statistics::{Stream, generator, permutation};
use crate::theory::subspace::VisibleSubspaces;
use crate::theory::verdict::{Evidence, ScoredOn, States, Verdict, Version, VisibleGap, decide};

/// Contexts whose logits are computed in one product.
const CONTEXTS_PER_BLOCK: usize = 32;

/// Most tokens on which ranks, maps and nulls are computed, unless the widths ask for more (theory.md §5, S ⊆ Y).
/// Distances between the distributions are always over all of Y.
const TOKEN_SAMPLE: usize = 8192;

/// Two representations of the same contexts and tokens.
pub(super) struct Comparison<'a> {
    pub a: &'a Representation,
    pub b: &'a Representation,
    /// Text of each context.
    pub texts: &'a [usize],
    pub thresholds: Thresholds,
    pub seed: u64,
}

/// What follows from the representations once equality is decided.
pub(super) struct Outcome {
    pub subspaces_a: VisibleSubspaces,
    pub subspaces_b: VisibleSubspaces,
    pub map_ab: CoupledMap,
    pub map_ba: CoupledMap,
    pub parallelism: Option<Scores>,
    pub verdict: Verdict,
}

/// Parallelism in both models, in every version.
pub(super) struct Scores {
    pub raw_a: ParallelismScore,
    pub raw_b: ParallelismScore,
    pub visible_a: ParallelismScore,
    pub visible_b: ParallelismScore,
    pub dark_removed_a: ParallelismScore,
    pub dark_removed_b: ParallelismScore,
}

/// What puts a pair outside the theorem, seen before any number is computed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Preflight {
    pub out_of_class: bool,
    pub support_mismatch: bool,
}

impl Comparison<'_> {
    /// Ranks, maps, scores and verdict; `pairs` and `pool` are rows of G. A large vocabulary is represented by a random
    /// sample of its tokens that holds those of the concept.
    pub fn outcome(
        &self,
        equality: &Equality,
        preflight: Preflight,
        pairs: &[(usize, usize)],
        pool: &[usize],
        progress: &mut dyn FnMut(f64),
    ) -> Result<Outcome, LabError> {
        let size = TOKEN_SAMPLE.max(8 * self.a.width().max(self.b.width()));
        if self.a.n_tokens() <= size {
            return self.outcome_on_all_tokens(equality, preflight, pairs, pool, progress);
        }
        let sample = TokenSample::draw(self.a.n_tokens(), size, pairs, self.seed);
        let (a, b) = (sample.of(self.a), sample.of(self.b));
        let sampled = Comparison { a: &a, b: &b, ..*self };
        sampled.outcome_on_all_tokens(equality, preflight, &sample.pairs(pairs), &sample.pool(pool), progress)
    }

    fn outcome_on_all_tokens(
        &self,
        equality: &Equality,
        preflight: Preflight,
        pairs: &[(usize, usize)],
        pool: &[usize],
        progress: &mut dyn FnMut(f64),
    ) -> Result<Outcome, LabError> {
        let subspaces_a = VisibleSubspaces::find(self.a, self.texts, self.seed).map_err(LabError::of('A'))?;
        let subspaces_b = VisibleSubspaces::find(self.b, self.texts, self.seed).map_err(LabError::of('B'))?;
        progress(0.2);
        let map_ab = coupled_map(self.a, self.b, self.seed).map_err(LabError::of('A'))?;
        let map_ba = coupled_map(self.b, self.a, self.seed).map_err(LabError::of('B'))?;
        progress(0.4);
        let epsilon_num = equality.epsilon_num;
        let question = Question {
            pairs,
            pool,
            texts: self.texts,
            epsilon_num,
            delta: self.thresholds.delta_correlation,
            max_p: self.thresholds.max_p,
            seed: self.seed,
        };
        let scores = (pairs.len() >= 2).then(|| self.scores(&question, &subspaces_a, &subspaces_b, progress));
        let visible_gap = scores.as_ref().map(|scores| VisibleGap {
            found: (scores.visible_a.score - scores.visible_b.score).abs(),
            allowed: visible_gap_allowed(self.a, self.b, pairs, epsilon_num),
        });
        let (in_a, in_b) = (&subspaces_a.summary, &subspaces_b.summary);
        let evidence = Evidence {
            out_of_class: preflight.out_of_class,
            support_mismatch: preflight.support_mismatch,
            level: equality.level,
            epsilon_num,
            max_abs_dlogp: equality.max_abs_dlogp,
            visible_gap,
            f_diversity_tested: in_a.f_diversity_tested && in_b.f_diversity_tested,
            rank_unresolved: in_a.rank_unresolved || in_b.rank_unresolved,
        };
        let verdict = Verdict {
            visible: decide(&evidence, scores.as_ref().map(Scores::visible)),
            raw: decide(&evidence, scores.as_ref().map(Scores::raw)),
            visible_difference_bound: (equality.level == Level::Close && scores.is_some())
                .then(|| visible_difference_bound(self.a, self.b, pairs, epsilon_num)),
        };
        progress(1.0);
        Ok(Outcome { subspaces_a, subspaces_b, map_ab, map_ba, parallelism: scores, verdict })
    }

    fn scores(
        &self,
        question: &Question<'_>,
        subspaces_a: &VisibleSubspaces,
        subspaces_b: &VisibleSubspaces,
        progress: &mut dyn FnMut(f64),
    ) -> Scores {
        let raw_a = measure_raw(self.a.g.as_ref(), question);
        let raw_b = measure_raw(self.b.g.as_ref(), question);
        progress(0.5);
        let visible_a = measure_visible(self.a, question);
        progress(0.7);
        let visible_b = measure_visible(self.b, question);
        progress(0.9);
        // In the orthonormal basis U_N, so that the cosines are those of P_N Δ.
        let dark_removed_a = measure_raw((&self.a.g * &subspaces_a.u_n).as_ref(), question);
        let dark_removed_b = measure_raw((&self.b.g * &subspaces_b.u_n).as_ref(), question);
        // All tests that a report shows are adjusted together.
        let measured = [raw_a, raw_b, visible_a, visible_b, dark_removed_a, dark_removed_b];
        let [raw_a, raw_b, visible_a, visible_b, dark_removed_a, dark_removed_b] =
            adjudicate(measured, question);
        Scores { raw_a, raw_b, visible_a, visible_b, dark_removed_a, dark_removed_b }
    }
}

impl Scores {
    fn visible(&self) -> Version {
        Version::Visible(states(&self.visible_a, &self.visible_b))
    }

    fn raw(&self) -> Version {
        Version::Raw {
            states: states(&self.raw_a, &self.raw_b),
            dark_removed: states(&self.dark_removed_a, &self.dark_removed_b),
            scored_on: ScoredOn::Unembeddings,
        }
    }
}

fn states(a: &ParallelismScore, b: &ParallelismScore) -> States {
    States { a: a.state, b: b.state, shortage: a.shortage.or(b.shortage) }
}

/// S ⊆ Y: sorted rows of G.
struct TokenSample(Vec<usize>);

impl TokenSample {
    /// About `size` rows drawn at random, and all of the concept's.
    fn draw(n_tokens: usize, size: usize, pairs: &[(usize, usize)], seed: u64) -> Self {
        let mut rows = permutation(n_tokens, &mut generator(seed, Stream::TokenSample));
        rows.truncate(size);
        rows.extend(pairs.iter().flat_map(|&(base, changed)| [base, changed]));
        rows.sort_unstable();
        rows.dedup();
        Self(rows)
    }

    fn of(&self, model: &Representation) -> Representation {
        Representation {
            f: model.f.clone(),
            g: select_rows(model.g.as_ref(), &self.0),
            precision: model.precision,
        }
    }

    /// The concept's pairs as rows of the sample.
    fn pairs(&self, pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
        let place = |row: usize| self.0.partition_point(|&other| other < row);
        pairs.iter().map(|&(base, changed)| (place(base), place(changed))).collect()
    }

    /// What of the pool is in the sample, as rows of it.
    fn pool(&self, pool: &[usize]) -> Vec<usize> {
        pool.iter().filter_map(|row| self.0.binary_search(row).ok()).collect()
    }
}

impl Thresholds {
    /// Those of the equivalence test.
    pub(super) fn closeness(&self) -> Closeness {
        Closeness {
            delta_mean: self.delta_mean,
            delta_tail: self.delta_tail,
            max_violation_rate: self.max_violation_rate,
            alpha: self.alpha,
        }
    }
}

/// Divergences of every context, in order. The log-probabilities of both models live for one block only; `each` sees
/// them before they go.
pub(super) fn divergences(
    (a, cap_a): (&Representation, Option<f64>),
    (b, cap_b): (&Representation, Option<f64>),
    tie: f64,
    mut each: impl FnMut(usize, &[f64], &[f64], &Divergences),
) -> Vec<Divergences> {
    let mut found = Vec::with_capacity(a.n_contexts());
    for start in (0..a.n_contexts()).step_by(CONTEXTS_PER_BLOCK) {
        let end = (start + CONTEXTS_PER_BLOCK).min(a.n_contexts());
        let (mut block_a, mut block_b) = (a.logits(start, end), b.logits(start, end));
        for column in 0..end - start {
            let (log_a, log_b) = (block_a.col_as_slice_mut(column), block_b.col_as_slice_mut(column));
            into_log_probabilities(log_a, cap_a);
            into_log_probabilities(log_b, cap_b);
            let here = Divergences::between(log_a, log_b, tie);
            each(start + column, log_a, log_b, &here);
            found.push(here);
        }
    }
    found
}

/// Largest |ℓ' − log softmax(F·G)| over the contexts of `given` (one list over the tokens of Y each), and where.
pub(super) fn largest_difference(
    model: &Representation,
    cap: Option<f64>,
    given: impl Iterator<Item = Vec<f64>>,
) -> (f64, usize) {
    let mut worst = (0.0_f64, 0);
    for (context, given) in given.enumerate() {
        let mut exact = model.logits(context, context + 1);
        let exact = exact.col_as_slice_mut(0);
        into_log_probabilities(exact, cap);
        // What is not a number (an f32 overflow) is as far away as can be.
        let distance = |(x, y): (&f64, &f64)| if y.is_nan() { f64::INFINITY } else { (x - y).abs() };
        let here = exact.iter().zip(&given).map(distance).fold(0.0, f64::max);
        if here > worst.0 {
            worst = (here, context);
        }
    }
    worst
}

/// Log-probabilities of context `context` as an engine in f32 would give them: f32 products and sums.
pub(super) fn log_probabilities_in_f32(model: &Representation, context: usize, cap: Option<f64>) -> Vec<f64> {
    let mut logits = vec![0.0_f32; model.n_tokens()];
    for j in 0..model.width() {
        let f = model.f[(context, j)] as f32;
        for (logit, &g) in logits.iter_mut().zip(model.g.col_as_slice(j)) {
            *logit += f * g as f32;
        }
    }
    let mut log_p: Vec<f64> = logits.into_iter().map(f64::from).collect();
    into_log_probabilities(&mut log_p, cap);
    log_p
}

fn into_log_probabilities(logits: &mut [f64], cap: Option<f64>) {
    if let Some(cap) = cap {
        logits.iter_mut().for_each(|z| *z = cap * (*z / cap).tanh());
    }
    log_softmax(logits);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_sample_holds_the_concept_and_renumbers_it() {
        let pairs = [(990, 3), (500, 501)];
        let sample = TokenSample::draw(1000, 40, &pairs, 1);
        assert!(sample.0.len() >= 40 && sample.0.len() <= 44);
        for (&(base, changed), place) in pairs.iter().zip(sample.pairs(&pairs)) {
            assert_eq!((sample.0[place.0], sample.0[place.1]), (base, changed));
        }
        assert_eq!(sample.pool(&[3, 990]).len(), 2);
        assert!(sample.pool(&[]).is_empty());
    }
}
