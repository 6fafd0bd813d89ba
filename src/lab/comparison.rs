//! The part of an analysis that needs only two representations: from (F, G) of A and of B to a verdict.

use faer::Mat;

use super::error::LabError;
use super::experiment::Thresholds;
use super::material::Material;
use super::progress::Progress;
use super::properties::Tests;
use super::report::{Nearness, NoPromptMap, PropertyReport};
use crate::theory::distribution::{Divergences, log_softmax};
use crate::theory::equivalence::{Closeness, Equality, Level};
use crate::theory::linear_map::{
    CoupledMap, MapCells, canonical_map, coupled_map, fitted_on_all_tokens, image_cosines, stability_bound,
};
use crate::theory::minimal::{Reduced, TruncationPoint, truncation_curve};
use crate::theory::nielsen::representation_distances;
use crate::theory::prompt_map::prompt_map;
use crate::theory::properties::relational::Side;
use crate::theory::properties::ridge::visible_map;
use crate::theory::representation::select_rows;
use crate::theory::statistics::{Stream, generator, permutation};
use crate::theory::subspace::{Canonical, SubspaceSummary, VisibleSubspaces};
use crate::theory::verdict::{Evidence, Reason, Verdict, Version, decide};
use crate::theory::{Representation, TheoryError};

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
    pub subspaces_a: SubspaceSummary,
    pub subspaces_b: SubspaceSummary,
    pub truncation_a: Vec<TruncationPoint>,
    pub truncation_b: Vec<TruncationPoint>,
    pub map_ab: CoupledMap,
    pub map_ba: CoupledMap,
    pub nearness: Nearness,
    /// At least one.
    pub properties: Vec<PropertyReport>,
    /// Of the first property.
    pub verdict: Verdict,
}

/// What puts a pair outside the theorem, seen before any number is computed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Preflight {
    pub out_of_class: bool,
    pub support_mismatch: bool,
}

impl Comparison<'_> {
    /// Ranks, maps, scores and verdicts. A large vocabulary is represented by a random sample of its tokens that holds
    /// those of the concepts.
    pub fn outcome(
        &self,
        equality: &Equality,
        preflight: Preflight,
        materials: &[Material],
        progress: &mut Progress<'_>,
    ) -> Result<Outcome, LabError> {
        let size = TOKEN_SAMPLE.max(8 * self.a.width().max(self.b.width()));
        if self.a.n_tokens() <= size {
            return self.outcome_on_all_tokens(equality, preflight, materials, progress);
        }
        let sample = TokenSample::draw(self.a.n_tokens(), size, materials, self.seed);
        let (a, b) = (sample.of(self.a), sample.of(self.b));
        let sampled = Comparison { a: &a, b: &b, ..*self };
        let materials: Vec<Material> =
            materials.iter().map(|material| material.on_tokens(|row| sample.row(row))).collect();
        sampled.outcome_on_all_tokens(equality, preflight, &materials, progress)
    }

    fn outcome_on_all_tokens(
        &self,
        equality: &Equality,
        preflight: Preflight,
        materials: &[Material],
        progress: &mut Progress<'_>,
    ) -> Result<Outcome, LabError> {
        let (a, b, seed) = (self.a, self.b, self.seed);
        let in_a = Seen::of(a, self.texts, seed).map_err(LabError::of('A'))?;
        let in_b = Seen::of(b, self.texts, seed).map_err(LabError::of('B'))?;
        progress.reach(0.1)?;
        let map_ab = coupled_map(a, b, seed).map_err(LabError::of('A'))?;
        let map_ba = coupled_map(b, a, seed).map_err(LabError::of('B'))?;
        let b_from_a = fitted_on_all_tokens(a, b).map_err(LabError::of('A'))?;
        let a_from_b = fitted_on_all_tokens(b, a).map_err(LabError::of('B'))?;
        progress.reach(0.2)?;
        let nearness = self.nearness(equality, &in_a, &in_b)?;
        progress.reach(0.3)?;
        let evidence = Evidence {
            out_of_class: preflight.out_of_class,
            support_mismatch: preflight.support_mismatch,
            level: equality.level,
            epsilon_num: equality.epsilon_num,
            max_abs_dlogp: equality.max_abs_dlogp,
            visible_gap: None,
            f_diversity_tested: in_a.summary().f_diversity_tested && in_b.summary().f_diversity_tested,
            rank_unresolved: in_a.summary().rank_unresolved || in_b.summary().rank_unresolved,
        };
        let tests = Tests {
            a: &in_a,
            b: &in_b,
            b_from_a: &b_from_a,
            a_from_b: &a_from_b,
            texts: self.texts,
            thresholds: self.thresholds,
            evidence,
            seed,
        };
        let properties = tests.run(materials, progress)?;
        let unmeasured = decide(&evidence, Version::Unmeasured(Reason::TooFewPairs));
        let verdict = properties.first().map_or_else(
            || Verdict { visible: unmeasured.clone(), raw: unmeasured, visible_difference_bound: None },
            |lead| lead.verdict.clone(),
        );
        Ok(Outcome {
            truncation_a: in_a.truncation_curve(),
            truncation_b: in_b.truncation_curve(),
            subspaces_a: in_a.subspaces.summary,
            subspaces_b: in_b.subspaces.summary,
            map_ab,
            map_ba,
            nearness,
            properties,
            verdict,
        })
    }

    /// Secondary measures of how one representation can be had from the other.
    fn nearness(&self, equality: &Equality, in_a: &Seen<'_>, in_b: &Seen<'_>) -> Result<Nearness, LabError> {
        let (a, b) = (&in_a.canonical, &in_b.canonical);
        let a_from_b = prompt_map(a.phi.as_ref(), b.phi.as_ref(), self.texts, self.seed);
        let b_from_a = prompt_map(b.phi.as_ref(), a.phi.as_ref(), self.texts, self.seed);
        let map = canonical_map(a, b).map_err(LabError::of('B'))?;
        let is_close = equality.level == Level::Close;
        let distances = is_close.then(|| representation_distances(self.a, self.b, self.seed)).transpose();
        Ok(Nearness {
            prompt_map_refused: a_from_b.as_ref().err().or(b_from_a.as_ref().err()).map(NoPromptMap::from),
            prompt_map_a_from_b: a_from_b.ok(),
            prompt_map_b_from_a: b_from_a.ok(),
            image_cosines: image_cosines(&map).map_err(LabError::of('B'))?,
            map: MapCells::of(&map),
            stability_ab: stability_bound(self.a, self.b).map_err(LabError::of('A'))?,
            stability_ba: stability_bound(self.b, self.a).map_err(LabError::of('B'))?,
            distances: distances.map_err(LabError::of('B'))?,
        })
    }
}

/// One model with everything of it that several properties need.
pub(super) struct Seen<'a> {
    pub model: &'a Representation,
    pub subspaces: VisibleSubspaces,
    pub canonical: Canonical,
    /// From hidden states to visible features, `[d, ·]`.
    pub visible_map: Mat<f64>,
    /// X with XXᵀ = K_vis, `[n, ·]`: hidden states in coordinates that only the distribution decides.
    pub visible_features: Mat<f64>,
}

impl<'a> Seen<'a> {
    fn of(model: &'a Representation, texts: &[usize], seed: u64) -> Result<Self, TheoryError> {
        let visible_map = visible_map(model);
        let subspaces = VisibleSubspaces::find(model, texts, seed)?;
        Ok(Self {
            model,
            canonical: Canonical::of_rank(model, subspaces.summary.effective_complexity)?,
            subspaces,
            visible_features: &model.f * &visible_map,
            visible_map,
        })
    }

    pub fn summary(&self) -> &SubspaceSummary {
        &self.subspaces.summary
    }

    fn truncation_curve(&self) -> Vec<TruncationPoint> {
        truncation_curve(self.model, &Reduced::of(self.model, self.canonical.clone(), self.summary()))
    }

    /// Some direction of the model's space is not visible.
    pub fn has_dark_parts(&self) -> bool {
        self.summary().effective_complexity < self.summary().d
    }

    /// The model's part in what is carried to another, with the targets of a relation, `[m, k]`.
    pub fn side<'s>(&'s self, targets: &'s Mat<f64>) -> Side<'s> {
        Side { features: self.visible_features.as_ref(), targets: targets.as_ref() }
    }

    /// P_M f in the orthonormal basis U_M, `[n, r]`: hidden states in the model's own coordinates without dark parts.
    pub fn visible_f(&self) -> Mat<f64> {
        &self.model.f * &self.subspaces.u_m
    }
}

/// S ⊆ Y: sorted rows of G.
struct TokenSample(Vec<usize>);

impl TokenSample {
    /// About `size` rows drawn at random, and all that the concepts name.
    fn draw(n_tokens: usize, size: usize, materials: &[Material], seed: u64) -> Self {
        let mut rows = permutation(n_tokens, &mut generator(seed, Stream::TokenSample));
        rows.truncate(size);
        rows.extend(materials.iter().flat_map(Material::tokens));
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

    /// Where a row of G stands in the sample.
    fn row(&self, row: usize) -> Option<usize> {
        self.0.binary_search(&row).ok()
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

/// What gives a distribution in each of some contexts.
#[derive(Clone, Copy)]
pub(super) struct Predictor<'a> {
    /// `[n, d]`
    pub f: &'a Mat<f64>,
    /// `[V, d]`
    pub g: &'a Mat<f64>,
    /// Logit soft-cap.
    pub cap: Option<f64>,
}

impl<'a> Predictor<'a> {
    pub fn of(model: &'a Representation, cap: Option<f64>) -> Self {
        Self { f: &model.f, g: &model.g, cap }
    }

    fn logits(&self, start: usize, end: usize) -> Mat<f64> {
        self.g * self.f.subrows(start, end - start).transpose()
    }
}

/// Divergences of every context, in order. The log-probabilities of both models live for one block only; `each` sees
/// them before they go, and may end the computation.
pub(super) fn divergences(
    a: Predictor<'_>,
    b: Predictor<'_>,
    tie: f64,
    mut each: impl FnMut(usize, &[f64], &[f64], &Divergences) -> Result<(), LabError>,
) -> Result<Vec<Divergences>, LabError> {
    let n = a.f.nrows();
    let mut found = Vec::with_capacity(n);
    for start in (0..n).step_by(CONTEXTS_PER_BLOCK) {
        let end = (start + CONTEXTS_PER_BLOCK).min(n);
        let (mut block_a, mut block_b) = (a.logits(start, end), b.logits(start, end));
        for column in 0..end - start {
            let (log_a, log_b) = (block_a.col_as_slice_mut(column), block_b.col_as_slice_mut(column));
            into_log_probabilities(log_a, a.cap);
            into_log_probabilities(log_b, b.cap);
            let here = Divergences::between(log_a, log_b, tie);
            each(start + column, log_a, log_b, &here)?;
            found.push(here);
        }
    }
    Ok(found)
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
    use crate::lab::material::{Found, RelationRows};
    use crate::theory::properties::relational::Gamma;

    #[test]
    fn a_token_sample_holds_the_concepts_and_renumbers_them() {
        let pairs = Found { rows: vec![(990, 3), (500, 501)], ..Found::default() };
        let material = Material { pairs: Some(pairs), pool: vec![3, 990], ..Material::default() };
        let sample = TokenSample::draw(1000, 40, std::slice::from_ref(&material), 1);
        assert!(sample.0.len() >= 40 && sample.0.len() <= 44);
        let renamed = material.on_tokens(|row| sample.row(row));
        for (&(base, changed), place) in [(990, 3), (500, 501)].iter().zip(renamed.pairs.unwrap().rows) {
            assert_eq!((sample.0[place.0], sample.0[place.1]), (base, changed));
        }
        assert_eq!(renamed.pool.len(), 2);
    }

    /// Answers and off-target pairs are of the sample too, wherever they stand.
    #[test]
    fn a_token_sample_holds_answers_and_off_target_pairs() {
        let answers = Found { rows: vec![997, 2, 640], ..Found::default() };
        let relation = RelationRows { subjects: Found::default(), answers, gamma: Gamma::Answers };
        let material =
            Material { relation: Some(relation), off_target: vec![(811, 5)], ..Material::default() };
        let sample = TokenSample::draw(1000, 10, std::slice::from_ref(&material), 1);
        let renamed = material.on_tokens(|row| sample.row(row));
        let found: Vec<usize> =
            renamed.relation.unwrap().answers.rows.iter().map(|&row| sample.0[row]).collect();
        assert_eq!(found, [997, 2, 640]);
        let [(base, changed)] = renamed.off_target[..] else { panic!("{:?}", renamed.off_target) };
        assert_eq!((sample.0[base], sample.0[changed]), (811, 5));
    }

    /// Blocks of contexts end nowhere in particular: every context is seen once, in order, as if alone.
    #[test]
    fn contexts_are_seen_one_by_one_whatever_the_blocks() {
        let model = |n: usize| Representation {
            f: Mat::from_fn(n, 2, |i, j| ((3 * i + j) as f64).sin()),
            g: Mat::from_fn(5, 2, |y, j| ((y * y + 2 * j) as f64).cos()),
            precision: crate::theory::Precision::F64,
        };
        for n in [1, CONTEXTS_PER_BLOCK - 1, CONTEXTS_PER_BLOCK, 2 * CONTEXTS_PER_BLOCK + 3] {
            let a = model(n);
            let b = Representation { g: &a.g * faer::Scale(1.5), ..a.clone() };
            let mut seen = 0;
            let predictors = [&a, &b].map(|model| Predictor::of(model, None));
            let found = divergences(predictors[0], predictors[1], 1e-9, |context, log_a, log_b, here| {
                assert_eq!(context, seen);
                seen += 1;
                for (log_p, g) in [(log_a, &a.g), (log_b, &b.g)] {
                    let logit = |y: usize| a.f[(context, 0)] * g[(y, 0)] + a.f[(context, 1)] * g[(y, 1)];
                    let total: f64 = (0..5).map(|y| logit(y).exp()).sum();
                    assert!((0..5).all(|y| (log_p[y] - (logit(y) - total.ln())).abs() < 1e-12));
                }
                assert!(
                    (here.kl_ab - (0..5).map(|y| log_a[y].exp() * (log_a[y] - log_b[y])).sum::<f64>()).abs()
                        < 1e-12
                );
                Ok(())
            });
            assert_eq!((found.unwrap().len(), seen), (n, n));
            let ended =
                divergences(predictors[0], predictors[1], 1e-9, |_, _, _, _| Err(LabError::Cancelled));
            assert_eq!(ended, Err(LabError::Cancelled));
        }
    }

    /// What an engine gives that is not a number is infinitely far from the recomputation.
    #[test]
    fn the_largest_difference_is_infinite_where_an_engine_gave_no_number() {
        let f = Mat::from_fn(3, 1, |i, _| i as f64);
        let model = Representation {
            f,
            g: Mat::from_fn(2, 1, |y, _| y as f64),
            precision: crate::theory::Precision::F64,
        };
        let exact = |context: usize| {
            let z = context as f64;
            vec![-(1.0 + z.exp()).ln(), z - (1.0 + z.exp()).ln()]
        };
        assert!(largest_difference(&model, None, (0..3).map(exact)).0 < 1e-12);
        let off = |by: f64| {
            (0..3).map(move |context| {
                let mut log_p = exact(context);
                log_p[1] += if context == 1 { by } else { 0.0 };
                log_p
            })
        };
        let (found, context) = largest_difference(&model, None, off(0.25));
        assert!((found - 0.25).abs() < 1e-12 && context == 1);
        assert_eq!(largest_difference(&model, None, off(f64::NAN)), (f64::INFINITY, 1));
    }
}
