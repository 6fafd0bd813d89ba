//! The theory on plain matrices: two representations (F, G) from any source, without tokenizer or network.

use std::collections::HashSet;

use faer::Mat;
use serde::{Deserialize, Serialize};

use super::analyze::floor_in_f32;
use super::comparison::{Comparison, Predictor, Preflight, divergences};
use super::error::LabError;
use super::experiment::Thresholds;
use super::material::{Found, Material, RelationRows, is_new_pair};
use super::progress::{Listener, Progress};
use super::reduced::ReducedModel;
use super::report::{Nearness, Property, PropertyReport, Scores};
use crate::theory::equivalence::{Equality, Level, NoiseFloor, assess};
use crate::theory::linear_map::CoupledMap;
use crate::theory::minimal::TruncationPoint;
use crate::theory::planner::{Plan, TARGET_RATE, plan};
use crate::theory::properties::relational::Gamma;
use crate::theory::properties::score::PropertyScore;
use crate::theory::representation::{TheoryError, from_row_major};
use crate::theory::subspace::SubspaceSummary;
use crate::theory::verdict::{Reason, VerdictKind};
use crate::theory::{Precision, Representation};

/// A real matrix as a file holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub cols: usize,
    /// Row-major values, widened to f64.
    pub values: Vec<f64>,
    /// The file held f32: rank tolerances and the noise floor follow.
    pub is_f32: bool,
}

/// Two models as matrices: n contexts, V tokens. What is optional adds a property.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensors {
    /// F of A, `[n, d_a]`.
    pub f_a: Tensor,
    /// G of A, `[V, d_a]`.
    pub g_a: Tensor,
    /// F of B, `[n, d_b]`.
    pub f_b: Tensor,
    /// G of B, `[V, d_b]`.
    pub g_b: Tensor,
    /// What the properties are tested on.
    pub questions: Questions,
}

/// Contexts and tokens of one concept, by number.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Questions {
    /// Text of each context; without it each context is a text of its own.
    pub clusters: Option<Vec<i64>>,
    /// (base, changed) tokens: parallelism, and the targets of steering.
    pub pairs: Option<Vec<(i64, i64)>>,
    /// (context s, context s∘q): relational linearity and the linear subspace. Needs `answers`.
    pub relation: Option<Vec<(i64, i64)>>,
    /// Tokens that answer the query. Needs `relation`.
    pub answers: Option<Vec<i64>>,
    /// (context, 0 or 1): probing.
    pub labelled: Option<Vec<(i64, i64)>>,
    /// (base, changed) contexts: steering.
    pub steering: Option<Vec<(i64, i64)>>,
    /// (base, changed) tokens that steering should leave alone.
    pub off_target: Option<Vec<(i64, i64)>>,
}

/// What `analyze` prints. Names are those of theory.md and stable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TensorsReport {
    /// Width of A.
    pub d_a: usize,
    /// Width of B.
    pub d_b: usize,
    /// dim 𝓕 of A.
    pub rank_f_a: usize,
    /// dim 𝓖 of A.
    pub rank_g_a: usize,
    /// Effective complexity of A.
    pub r_a: usize,
    /// dim 𝓕 of B.
    pub rank_f_b: usize,
    /// dim 𝓖 of B.
    pub rank_g_b: usize,
    /// Effective complexity of B.
    pub r_b: usize,
    /// e_F of A.
    pub dark_f_a: f64,
    /// e_G of A.
    pub dark_g_a: f64,
    /// e_F of B.
    pub dark_f_b: f64,
    /// e_G of B.
    pub dark_g_b: f64,
    /// E_tok with T fitted from A's tokens to B's.
    pub e_tok_ab: f64,
    /// E_prm with the same T.
    pub e_prm_ab: f64,
    /// E_tok with T fitted from B's tokens to A's.
    pub e_tok_ba: f64,
    /// E_prm with the same T.
    pub e_prm_ba: f64,
    /// Largest |log p_A − log p_B|, nats.
    pub max_abs_dlogp: f64,
    /// Mean KL(A‖B), nats.
    pub mean_kl_ab: f64,
    /// Mean KL(B‖A), nats.
    pub mean_kl_ba: f64,
    /// Mean Jensen–Shannon divergence, nats.
    pub mean_js: f64,
    /// E‖C_A − C_B‖², nats².
    pub d_logit_squared: f64,
    /// How equal the distributions are.
    pub level: Level,
    /// ε_num, nats.
    pub epsilon_num: f64,
    /// Scores of the pairs; absent (null) with less than two of them.
    pub parallelism: Option<TensorsParallelism>,
    /// The headline: "mixed" where raw scores show it, else the visible version's.
    pub verdict: VerdictKind,
    /// Why.
    pub reasons: Vec<Reason>,
    /// The headline of the visible version.
    pub verdict_visible: VerdictKind,
    /// The headline of the raw version.
    pub verdict_raw: VerdictKind,
    /// Number of contexts.
    pub n_contexts: usize,
    /// Number of tokens.
    pub n_tokens: usize,
    /// Baselines, both directions: (A to B, B to A).
    pub maps: (CoupledMap, CoupledMap),
    /// Singular values and flags of A and of B.
    pub subspaces: (SubspaceSummary, SubspaceSummary),
    /// How the distributions change as the minimal-dimension models of A and of B are cut.
    pub truncation: (Vec<TruncationPoint>, Vec<TruncationPoint>),
    /// Every distance between the distributions and the level with all that it rests on.
    pub equality: Equality,
    /// What would let more be said.
    pub plan: Plan,
    /// Secondary measures of how one representation can be had from the other.
    pub nearness: Nearness,
    /// Every property that was asked for, the first of which `verdict` speaks of.
    pub properties: Vec<PropertyReport>,
}

/// Mean off-diagonal cosines (raw) and correlations (visible), with all that was measured around them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TensorsParallelism {
    /// In A's own coordinates.
    pub raw_a: f64,
    /// In B's own coordinates.
    pub raw_b: f64,
    /// From A's log-probabilities.
    pub visible_a: f64,
    /// From B's log-probabilities.
    pub visible_b: f64,
    /// Nulls, intervals and states of raw_a, raw_b, visible_a, visible_b, and of raw A and B without dark parts.
    pub details: [PropertyScore; 6],
}

/// Everything the theory says of two pairs of matrices, with default thresholds; `seed` decides every random draw.
///
/// Twice the hidden states and half the unembeddings are another representation of one distribution:
///
/// ```
/// use std::ops::ControlFlow;
///
/// use all_or_none::lab::tensors::{Questions, Tensor, Tensors, analyze_tensors};
/// use all_or_none::theory::equivalence::Level;
///
/// let tensor = |rows, scale: f64| {
///     let values = (0..2 * rows).map(|i| scale * (1.7 * i as f64 + 0.1 * (i * i) as f64).sin()).collect();
///     Tensor { rows, cols: 2, values, is_f32: false }
/// };
/// let (f_a, g_a, f_b, g_b) = (tensor(12, 1.0), tensor(9, 1.0), tensor(12, 2.0), tensor(9, 0.5));
/// let tensors = Tensors { f_a, g_a, f_b, g_b, questions: Questions::default() };
/// let report = analyze_tensors(&tensors, 1, &mut |_| ControlFlow::Continue(()))?;
/// assert_eq!((report.level, report.r_a), (Level::Identical, 2));
/// assert!(report.e_prm_ab < 1e-10);
/// # Ok::<(), all_or_none::lab::LabError>(())
/// ```
///
/// # Errors
/// Matrices that are empty, not finite, of rank zero or of sizes that do not fit; contexts and tokens that there are not;
/// [`LabError::Cancelled`].
pub fn analyze_tensors(
    input: &Tensors,
    seed: u64,
    listener: &mut Listener<'_>,
) -> Result<TensorsReport, LabError> {
    let a = representation('A', &input.f_a, &input.g_a)?;
    let b = representation('B', &input.f_b, &input.g_b)?;
    same("F (hidden states) of B", a.n_contexts(), b.n_contexts())?;
    same("G (unembedding) of B", a.n_tokens(), b.n_tokens())?;
    let texts = texts(input.questions.clusters.as_deref(), a.n_contexts())?;
    let material = material(&input.questions, a.n_contexts(), a.n_tokens())?;
    let progress = &mut Progress::new(listener);

    let floor = NoiseFloor { a: floor(&a), b: floor(&b) };
    let n_contexts = a.n_contexts();
    let per_context = divergences(
        Predictor::of(&a, None),
        Predictor::of(&b, None),
        2.0 * floor.epsilon_num(),
        |context, _, _, _| progress.reach(0.5 * (context + 1) as f64 / n_contexts as f64),
    )?;
    let thresholds = Thresholds::default();
    let closeness = thresholds.closeness();
    let equality = assess(&per_context, &texts, a.n_tokens(), floor, false, closeness, seed);
    let comparison = Comparison { a: &a, b: &b, texts: &texts, thresholds, seed };
    let rest = &mut progress.part(0.5, 1.0);
    let outcome =
        comparison.outcome(&equality, Preflight::default(), std::slice::from_ref(&material), rest)?;
    progress.reach(1.0)?;

    let (in_a, in_b) = (outcome.subspaces_a, outcome.subspaces_b);
    let parallelism = outcome.properties.iter().find(|p| p.property == Property::Parallelism);
    let headline = outcome.verdict.headline().clone();
    Ok(TensorsReport {
        d_a: in_a.d,
        d_b: in_b.d,
        rank_f_a: in_a.rank_f,
        rank_g_a: in_a.rank_g,
        r_a: in_a.effective_complexity,
        rank_f_b: in_b.rank_f,
        rank_g_b: in_b.rank_g,
        r_b: in_b.effective_complexity,
        dark_f_a: in_a.dark_f,
        dark_g_a: in_a.dark_g,
        dark_f_b: in_b.dark_f,
        dark_g_b: in_b.dark_g,
        e_tok_ab: outcome.map_ab.e_tok,
        e_prm_ab: outcome.map_ab.e_prm,
        e_tok_ba: outcome.map_ba.e_tok,
        e_prm_ba: outcome.map_ba.e_prm,
        max_abs_dlogp: equality.max_abs_dlogp,
        mean_kl_ab: equality.mean_kl_ab,
        mean_kl_ba: equality.mean_kl_ba,
        mean_js: equality.mean_js,
        d_logit_squared: equality.d_logit_squared,
        level: equality.level,
        epsilon_num: equality.epsilon_num,
        parallelism: parallelism.and_then(|p| p.scores.clone()).map(TensorsParallelism::from),
        verdict: headline.kind,
        reasons: headline.reasons,
        verdict_visible: outcome.verdict.visible.kind,
        verdict_raw: outcome.verdict.raw.kind,
        n_contexts: a.n_contexts(),
        n_tokens: a.n_tokens(),
        maps: (outcome.map_ab, outcome.map_ba),
        subspaces: (in_a, in_b),
        truncation: (outcome.truncation_a, outcome.truncation_b),
        plan: plan(&per_context, &texts, &equality, closeness, a.width().max(b.width()), TARGET_RATE),
        equality,
        nearness: outcome.nearness,
        properties: outcome.properties,
    })
}

/// The smallest model that has the distribution of model A on its contexts and tokens.
///
/// # Errors
/// Matrices that are empty, not finite, of rank zero or of sizes that do not fit.
pub fn reduced_of_tensors(input: &Tensors) -> Result<ReducedModel, LabError> {
    let a = representation('A', &input.f_a, &input.g_a)?;
    ReducedModel::of(&a, (0..a.n_tokens() as i64).collect())
}

impl From<Scores> for TensorsParallelism {
    fn from(s: Scores) -> Self {
        Self {
            raw_a: s.raw_a.score,
            raw_b: s.raw_b.score,
            visible_a: s.visible_a.score,
            visible_b: s.visible_b.score,
            details: [s.raw_a, s.raw_b, s.visible_a, s.visible_b, s.dark_removed_a, s.dark_removed_b],
        }
    }
}

fn representation(model: char, f: &Tensor, g: &Tensor) -> Result<Representation, LabError> {
    for (what, tensor) in [("F (hidden states)", f), ("G (unembedding)", g)] {
        let (expected, found) = (tensor.rows * tensor.cols, tensor.values.len());
        if expected != found {
            return Err(LabError::Size { model, what, expected, found });
        }
    }
    let precision = if f.is_f32 || g.is_f32 { Precision::F32 } else { Precision::F64 };
    let matrix = |t: &Tensor| from_row_major(&t.values, t.rows, t.cols);
    Representation::new(matrix(f), matrix(g), precision).map_err(LabError::of(model))
}

fn same(what: &'static str, expected: usize, found: usize) -> Result<(), LabError> {
    if expected == found {
        return Ok(());
    }
    Err(LabError::of('B')(TheoryError::Shape { what, axis: "rows", expected, found }))
}

/// ε_0, nats: measured for f32; for f64, which is also what we compute in, the bound d·ε·max‖f‖·max‖g‖ of a product.
fn floor(model: &Representation) -> f64 {
    let longest = |x: &Mat<f64>| x.row_iter().map(|row| row.norm_l2()).fold(0.0, f64::max);
    match model.precision {
        Precision::F32 => floor_in_f32(model, None),
        Precision::F64 => f64::EPSILON * model.width() as f64 * longest(&model.f) * longest(&model.g),
    }
}

fn texts(clusters: Option<&[i64]>, n: usize) -> Result<Vec<usize>, LabError> {
    let Some(clusters) = clusters else { return Ok((0..n).collect()) };
    if clusters.len() != n {
        return Err(LabError::Clusters { expected: n, found: clusters.len() });
    }
    let mut distinct = clusters.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    Ok(clusters.iter().map(|cluster| distinct.partition_point(|other| other < cluster)).collect())
}

/// The concept that a file asks about. Numbers that name nothing are errors; what is there twice is left out.
fn material(questions: &Questions, n_contexts: usize, n_tokens: usize) -> Result<Material, LabError> {
    let (context, token) =
        (Rows { what: "context", available: n_contexts }, Rows { what: "token", available: n_tokens });
    let pairs = |tensor, list: &Option<Vec<(i64, i64)>>, rows: &Rows| {
        list.as_ref().map(|list| rows.pairs(tensor, list)).transpose()
    };
    let off_target = pairs("off_target", &questions.off_target, &token)?.unwrap_or_default().rows;
    Ok(Material {
        name: String::new(),
        pairs: Some(pairs("pairs", &questions.pairs, &token)?.unwrap_or_default()),
        pool: (0..n_tokens).collect(),
        relation: relation(questions, &context, &token)?,
        labelled: questions.labelled.as_ref().map(|list| labelled(list, &context)).transpose()?,
        steering: pairs("steering", &questions.steering, &context)?,
        off_target,
        last_tokens: None,
    })
}

fn relation(questions: &Questions, context: &Rows, token: &Rows) -> Result<Option<RelationRows>, LabError> {
    let (subjects, answers) = match (&questions.relation, &questions.answers) {
        (None, None) => return Ok(None),
        (Some(subjects), Some(answers)) => (subjects, answers),
        (Some(_), None) => return Err(LabError::HalfARelation { found: "relation", missing: "answers" }),
        (None, Some(_)) => return Err(LabError::HalfARelation { found: "answers", missing: "relation" }),
    };
    let mut found = Found::default();
    let mut seen = HashSet::new();
    for (i, &answer) in answers.iter().enumerate() {
        let row = token.row("answers", i, answer)?;
        let list = if seen.insert(row) {
            found.rows.push(row);
            &mut found.used
        } else {
            &mut found.dropped
        };
        list.push(answer.to_string());
    }
    let subjects = context.pairs("relation", subjects)?;
    Ok(Some(RelationRows { subjects, answers: found, gamma: Gamma::Answers }))
}

fn labelled(list: &[(i64, i64)], context: &Rows) -> Result<Found<(usize, bool)>, LabError> {
    let mut found = Found::default();
    let mut seen = HashSet::new();
    for (i, &(number, label)) in list.iter().enumerate() {
        let row = context.row("labelled", i, number)?;
        let label = match label {
            0 => false,
            1 => true,
            found => return Err(LabError::Label { row: i, found }),
        };
        let names = if seen.insert(row) {
            found.rows.push((row, label));
            &mut found.used
        } else {
            &mut found.dropped
        };
        names.push(number.to_string());
    }
    Ok(found)
}

/// What the numbers of a tensor name.
struct Rows {
    what: &'static str,
    available: usize,
}

impl Rows {
    fn row(&self, tensor: &'static str, row: usize, number: i64) -> Result<usize, LabError> {
        let (what, available) = (self.what, self.available);
        usize::try_from(number).ok().filter(|&found| found < available).ok_or(LabError::NoSuchRow {
            tensor,
            row,
            what,
            found: number,
            available,
        })
    }

    /// Pairs of two different rows, each once in either order.
    fn pairs(&self, tensor: &'static str, list: &[(i64, i64)]) -> Result<Found<(usize, usize)>, LabError> {
        let mut found = Found::default();
        let mut seen = HashSet::new();
        for (i, &(base, changed)) in list.iter().enumerate() {
            let rows = (self.row(tensor, i, base)?, self.row(tensor, i, changed)?);
            let names = if is_new_pair(rows, &mut seen) {
                found.rows.push(rows);
                &mut found.used
            } else {
                &mut found.dropped
            };
            names.push(format!("{base} → {changed}"));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::linear_map::coupled_map_on;
    use crate::theory::properties::score::Details;
    use crate::theory::statistics::{PERMUTATIONS, Stream, generator};
    use proptest::prelude::*;
    use rand::Rng as _;
    use rand_distr::StandardNormal;
    use std::ops::ControlFlow;

    fn normal(rows: usize, cols: usize, seed: u64) -> Tensor {
        let rng = &mut generator(seed, Stream::Split);
        Tensor {
            rows,
            cols,
            values: (0..rows * cols).map(|_| rng.sample(StandardNormal)).collect(),
            is_f32: false,
        }
    }

    fn run(input: &Tensors, seed: u64) -> Result<TensorsReport, LabError> {
        analyze_tensors(input, seed, &mut |_| ControlFlow::Continue(()))
    }

    fn input() -> Tensors {
        let (f, g) = (normal(40, 5, 1), normal(30, 5, 2));
        let pairs = Some((0..8).map(|i| (2 * i, 2 * i + 1)).collect());
        Tensors {
            f_a: f.clone(),
            g_a: g.clone(),
            f_b: f,
            g_b: g,
            questions: Questions { pairs, ..Questions::default() },
        }
    }

    /// x with `extra` columns from `other`.
    fn widened(x: &Tensor, other: &Tensor) -> Tensor {
        let rows = x.values.chunks(x.cols).zip(other.values.chunks(other.cols));
        Tensor {
            cols: x.cols + other.cols,
            values: rows.flat_map(|(a, b)| [a, b].concat()).collect(),
            ..x.clone()
        }
    }

    fn zeros(rows: usize, cols: usize) -> Tensor {
        Tensor { rows, cols, values: vec![0.0; rows * cols], is_f32: false }
    }

    /// B has two dark coordinates of g and one of f.
    #[test]
    fn ranks_and_dark_energies_of_a_padded_twin() {
        let mut input = input();
        input.f_b = widened(&widened(&input.f_b, &zeros(40, 2)), &normal(40, 1, 7));
        input.g_b = widened(&widened(&input.g_b, &normal(30, 2, 8)), &zeros(30, 1));
        let report = run(&input, 1).unwrap();
        assert_eq!((report.d_a, report.d_b, report.r_a, report.r_b), (5, 8, 5, 5));
        assert_eq!((report.rank_f_b, report.rank_g_b), (6, 7));
        assert!(report.dark_f_a < 1e-20 && report.dark_g_a < 1e-20);
        assert!(report.dark_f_b > 0.05 && report.dark_g_b > 0.05);
        assert!(
            report.e_tok_ab < 1e-11
                && report.e_prm_ab < 1e-11
                && report.e_tok_ba < 1e-11
                && report.e_prm_ba < 1e-11
        );
        assert_eq!(report.level, Level::Identical);
        let scores = report.parallelism.unwrap();
        assert!(
            (scores.visible_a - scores.visible_b).abs() < 1e-9 && (scores.raw_a - scores.raw_b).abs() > 1e-4
        );
    }

    /// Acceptance test 6 (T3obs): a twin that is equal on the observed contexts only stops being equal with one more.
    #[test]
    fn acceptance_06_equality_on_what_was_seen_is_refuted_by_one_more_context() {
        let d = 6;
        let unseen = |x: &Tensor| widened(x, &zeros(x.rows, 1));
        let mut input = input();
        input.f_a = unseen(&input.f_a);
        input.g_a = unseen(&input.g_a);
        input.f_b = input.f_a.clone();
        input.g_b = widened(&input.g_b, &normal(30, 1, 9));
        assert_eq!(run(&input, 1).unwrap().level, Level::Identical);
        for f in [&mut input.f_a, &mut input.f_b] {
            f.rows += 1;
            f.values.extend(vec![0.3; d]);
        }
        let report = run(&input, 1).unwrap();
        assert_eq!((report.level, report.verdict), (Level::Different, VerdictKind::NotEquivalent));
        assert_eq!(report.reasons, [Reason::DistributionsDiffer]);
    }

    /// A vocabulary above the sample's size: its sampled ranks and maps are those of all tokens.
    #[test]
    fn a_large_vocabulary_is_sampled() {
        let (f, g) = (normal(20, 3, 1), normal(9000, 3, 2));
        let pairs = Some((0..8).map(|i| (i, 8999 - i)).collect());
        let (f_b, g_b) = (widened(&f, &zeros(20, 1)), widened(&g, &normal(9000, 1, 3)));
        let report = run(
            &Tensors { f_a: f, g_a: g, f_b, g_b, questions: Questions { pairs, ..Questions::default() } },
            1,
        )
        .unwrap();
        assert_eq!(
            (report.level, report.n_tokens, report.r_b, report.rank_g_b),
            (Level::Identical, 9000, 3, 4)
        );
        assert!(report.e_tok_ab < 1e-11 && report.e_prm_ba < 1e-11);
    }

    /// Acceptance test 5: f and g rotated in opposite senses; each alone is related exactly, the distributions differ.
    #[test]
    fn acceptance_05_opposite_rotations_are_different_distributions() {
        let mut input = input();
        let (sin, cos) = 0.35_f64.sin_cos();
        for (tensor, sin) in [(&mut input.f_b, sin), (&mut input.g_b, -sin)] {
            for row in tensor.values.chunks_mut(5) {
                (row[0], row[1]) = (cos * row[0] - sin * row[1], sin * row[0] + cos * row[1]);
            }
        }
        let report = run(&input, 1).unwrap();
        assert!(report.e_tok_ab < 1e-12 && report.e_prm_ab > 0.1, "{report:?}");
        assert_eq!((report.level, report.verdict), (Level::Different, VerdictKind::NotEquivalent));
    }

    /// Acceptance test 13: LayerNorm without bias (f = γ⊙(h − mean h), so u = γ⁻¹ is dark). B is A with a large part along u
    /// (T3, ± by turns): the same distribution, A's raw parallelism holds and B's fails, and the reason is named.
    #[test]
    fn acceptance_13_layer_norm_without_bias_is_mixed_for_its_dark_unembedding() {
        let (n, v, d, m) = (160, 260, 24, 100);
        let gain = |j: usize| 0.5 + 0.1 * j as f64;
        let (mut f, mut g) = (normal(n, d, 1), normal(v, d, 2));
        for row in f.values.chunks_mut(d) {
            let mean = row.iter().sum::<f64>() / d as f64;
            row.iter_mut().enumerate().for_each(|(j, x)| *x = gain(j) * (*x - mean));
        }
        let common = normal(1, d, 3);
        for pair in 0..m {
            for j in 0..d {
                g.values[(2 * pair + 1) * d + j] = g.values[2 * pair * d + j]
                    + 2.0 * common.values[j]
                    + 0.5 * g.values[(2 * pair + 1) * d + j];
            }
        }
        let mut g_b = g.clone();
        for pair in 0..m {
            let size = if pair % 2 == 0 { 100.0 } else { -100.0 };
            (0..d).for_each(|j| g_b.values[(2 * pair + 1) * d + j] += size / gain(j));
        }
        let pairs = Some((0..m as i64).map(|i| (2 * i, 2 * i + 1)).collect());
        let input = Tensors {
            f_a: f.clone(),
            g_a: g,
            f_b: f,
            g_b,
            questions: Questions { pairs, ..Questions::default() },
        };
        let report = run(&input, 1).unwrap();
        assert_eq!((report.rank_f_a, report.rank_g_a, report.r_b), (d - 1, d, d - 1));
        assert!(report.dark_g_b > 0.9 && report.level == Level::Identical, "{}", report.dark_g_b);
        let scores = &report.parallelism.as_ref().unwrap().details;
        assert_eq!(
            (report.verdict, &report.reasons[..]),
            (VerdictKind::Mixed, &[Reason::DarkUnembedding][..]),
            "{scores:#?}"
        );
        assert_eq!(report.verdict_visible, VerdictKind::HeldByAll);
    }

    /// Acceptance test 11: what is a twin on Y is a twin on every part of Y.
    #[test]
    fn acceptance_11_a_twin_stays_a_twin_on_a_sub_vocabulary() {
        let mut input = input();
        input.f_b = widened(&input.f_b, &zeros(40, 2));
        input.g_b = widened(&input.g_b, &normal(30, 2, 8));
        for size in [10, 17, 29] {
            let mut part = input.clone();
            part.questions.pairs = None;
            for g in [&mut part.g_a, &mut part.g_b] {
                g.rows = size;
                g.values.truncate(size * g.cols);
            }
            assert_eq!(run(&part, 1).unwrap().level, Level::Identical);
        }
    }

    /// Acceptance test 12: seven classes on a circle of radius ρ (Nielsen et al.), permuted in B. KL falls with ρ, the
    /// distance of logits does not, and no property is ever said to be held by all.
    #[test]
    fn acceptance_12_permuted_classes_are_never_held_by_all() {
        let circle = |radius: f64, order: [usize; 7]| {
            let angle = |slot: usize| std::f64::consts::TAU * slot as f64 / 7.0;
            let values =
                order.iter().flat_map(|&slot| [radius * angle(slot).cos(), radius * angle(slot).sin()]);
            Tensor { rows: 7, cols: 2, values: values.collect(), is_f32: false }
        };
        let inputs = |order: [usize; 7]| {
            let values = (0..70).flat_map(|i| {
                let wobble = std::f64::consts::PI / 64.0 * ((i / 7) as f64 / 5.0 - 0.9);
                let angle = std::f64::consts::TAU * order[i % 7] as f64 / 7.0 + wobble;
                [2.0 * angle.cos(), 2.0 * angle.sin()]
            });
            Tensor { rows: 70, cols: 2, values: values.collect(), is_f32: false }
        };
        let (straight, permuted) = ([0, 1, 2, 3, 4, 5, 6], [5, 0, 2, 4, 6, 1, 3]);
        let mut last = f64::INFINITY;
        for radius in [3.0, 6.0, 12.0, 18.0] {
            let input = Tensors {
                f_a: inputs(straight),
                g_a: circle(radius, straight),
                f_b: inputs(permuted),
                g_b: circle(radius, permuted),
                questions: Questions {
                    pairs: Some(vec![(0, 1), (2, 3), (4, 5), (1, 2), (3, 4), (5, 6)]),
                    ..Questions::default()
                },
            };
            let report = run(&input, 1).unwrap();
            assert!(report.mean_kl_ab < last && report.d_logit_squared > 10.0, "{report:?}");
            assert!(!matches!(
                report.verdict,
                VerdictKind::HeldByAll | VerdictKind::HeldByNone | VerdictKind::Mixed
            ));
            last = report.mean_kl_ab;
        }
        assert!(last < 1e-3, "{last}");
    }

    #[derive(Deserialize)]
    struct Fixtures {
        scale: f64,
        cases: Vec<FixtureCase>,
    }

    #[derive(Deserialize)]
    struct FixtureCase {
        name: String,
        is_f32: bool,
        n: usize,
        v: usize,
        d_a: usize,
        d_b: usize,
        f_a: Vec<i32>,
        g_a: Vec<i32>,
        f_b: Vec<i32>,
        g_b: Vec<i32>,
        pairs: Vec<(i64, i64)>,
        clusters: Option<Vec<i64>>,
        expected: serde_json::Map<String, serde_json::Value>,
        statistics: Option<Statistics>,
    }

    /// Nulls and intervals of parallelism by numpy's own draws.
    #[derive(Deserialize)]
    struct Statistics {
        pairs: Vec<(i64, i64)>,
        draws: f64,
        bootstraps: f64,
        a: BothVersions,
        b: BothVersions,
    }

    #[derive(Deserialize)]
    struct BothVersions {
        raw: Drawn,
        visible: Drawn,
    }

    /// (mean, standard deviation) of a null; (mean, standard deviation over bootstraps) of a limit.
    #[derive(Deserialize)]
    struct Drawn {
        score: f64,
        random: (f64, f64),
        shuffled: (f64, f64),
        p: f64,
        low: (f64, f64),
        high: (f64, f64),
    }

    fn fixtures() -> Vec<(FixtureCase, Tensors)> {
        let fixtures: Fixtures =
            serde_json::from_str(include_str!("../../fixtures/theory/tensors.json")).unwrap();
        let input = |case: &FixtureCase| {
            let tensor = |rows: usize, cols: usize, values: &[i32]| Tensor {
                rows,
                cols,
                values: values.iter().map(|&x| f64::from(x) / fixtures.scale).collect(),
                is_f32: case.is_f32,
            };
            Tensors {
                f_a: tensor(case.n, case.d_a, &case.f_a),
                g_a: tensor(case.v, case.d_a, &case.g_a),
                f_b: tensor(case.n, case.d_b, &case.f_b),
                g_b: tensor(case.v, case.d_b, &case.g_b),
                questions: Questions {
                    clusters: case.clusters.clone(),
                    pairs: Some(case.pairs.clone()),
                    ..Questions::default()
                },
            }
        };
        fixtures
            .cases
            .into_iter()
            .map(|case| {
                let input = input(&case);
                (case, input)
            })
            .collect()
    }

    /// scripts/write_theory_fixtures.py computes every number that needs no random draw with whole matrices in numpy.
    #[test]
    fn every_number_agrees_with_numpy() {
        for (case, input) in fixtures() {
            let report = run(&input, 1).unwrap();
            let found = serde_json::to_value(&report).unwrap();
            let scores = report.parallelism.unwrap();
            let mut compared = 0;
            for (name, expected) in &case.expected {
                if name.starts_with("e_") {
                    continue;
                }
                let found = match name.as_str() {
                    "raw_a" | "raw_b" | "visible_a" | "visible_b" => found["parallelism"][name].as_f64(),
                    "dark_removed_a" => Some(scores.details[4].score),
                    "dark_removed_b" => Some(scores.details[5].score),
                    _ => found[name].as_f64(),
                };
                let (found, expected) = (found.unwrap(), expected.as_f64().unwrap());
                // Shares and divergences of zero come out as rounding on either side.
                let allowed = 1e-8 * expected.abs() + 1e-12;
                assert!(
                    (found - expected).abs() <= allowed,
                    "{}, {name}: {found}, not {expected}",
                    case.name
                );
                compared += 1;
            }
            assert_eq!(compared, 21, "{}", case.name);
            let level = match case.name.as_str() {
                "twin with dark parts" | "twin stored in f32" | "fewer contexts than dimensions" => {
                    Level::Identical
                }
                _ => Level::Different,
            };
            assert_eq!(report.level, level, "{}", case.name);
            assert!(!serde_json::to_string(&report.subspaces).unwrap().contains("null"), "{}", case.name);
        }
    }

    /// Nulls, p-values and BCa limits of parallelism against numpy's, each within four standard errors of the difference
    /// of two independent draws.
    #[test]
    fn nulls_and_intervals_agree_with_those_of_numpy() {
        const STANDARD_ERRORS: f64 = 4.0;
        let ours = PERMUTATIONS as f64;
        let mut compared = 0;
        for (case, mut input) in fixtures() {
            let Some(theirs) = case.statistics else { continue };
            input.questions.pairs = Some(theirs.pairs.clone());
            let [raw_a, raw_b, visible_a, visible_b, ..] =
                run(&input, 1).unwrap().parallelism.unwrap().details;
            let both_draws = 1.0 / ours + 1.0 / theirs.draws;
            for (name, found, expected) in [
                ("raw A", raw_a, &theirs.a.raw),
                ("raw B", raw_b, &theirs.b.raw),
                ("visible A", visible_a, &theirs.a.visible),
                ("visible B", visible_b, &theirs.b.visible),
            ] {
                let mut check = |what: &str, found: f64, expected: f64, standard_error: f64| {
                    let apart = (found - expected).abs() / standard_error;
                    assert!(
                        apart <= STANDARD_ERRORS,
                        "{}, {name}, {what}: {found}, not {expected}: {apart:.1} standard errors",
                        case.name
                    );
                    compared += 1;
                };
                let Details::Parallelism(details) = &found.details else { panic!("{found:?}") };
                assert!((found.score - expected.score).abs() < 1e-8, "{}, {name}", case.name);
                check("N1", found.null_mean, expected.random.0, expected.random.1 * both_draws.sqrt());
                let shuffled = details.null_shuffled_mean;
                check("N2", shuffled, expected.shuffled.0, expected.shuffled.1 * both_draws.sqrt());
                let drawn_p = (found.p_adjusted * (ours + 1.0) - 1.0) / ours;
                check("p", drawn_p, expected.p, (expected.p * (1.0 - expected.p) * both_draws).sqrt());
                let one_of_many = (1.0 + 1.0 / theirs.bootstraps).sqrt();
                let (low, high) = found.effect_interval;
                check("low", low + found.null_mean, expected.low.0, expected.low.1 * one_of_many);
                check("high", high + found.null_mean, expected.high.0, expected.high.1 * one_of_many);
            }
        }
        assert_eq!(compared, 4 * 4 * 5);
    }

    /// The coupled map with even and odd tokens as the two halves, against numpy's pseudo-inverse.
    #[test]
    fn coupled_maps_agree_with_numpy() {
        for (case, input) in fixtures() {
            let a = representation('A', &input.f_a, &input.g_a).unwrap();
            let b = representation('B', &input.f_b, &input.g_b).unwrap();
            let (even, odd): (Vec<usize>, Vec<usize>) = (0..case.v).partition(|token| token % 2 == 0);
            let ab = coupled_map_on(&a, &b, [&even, &odd], 1).unwrap();
            let ba = coupled_map_on(&b, &a, [&even, &odd], 1).unwrap();
            for (name, found) in [
                ("e_tok_ab", ab.e_tok),
                ("e_prm_ab", ab.e_prm),
                ("e_tok_ba", ba.e_tok),
                ("e_prm_ba", ba.e_prm),
            ] {
                let expected = case.expected[name].as_f64().unwrap();
                let allowed = 1e-8 * expected + 1e-12;
                assert!(
                    (found - expected).abs() <= allowed,
                    "{}, {name}: {found}, not {expected}",
                    case.name
                );
            }
        }
    }

    /// Names under which a report may say nothing, or, for the interval of a single text, have no bound.
    const MAY_BE_NULL: [&str; 22] = [
        "arrows",
        "carried",
        "d_llv",
        "d_svd",
        "distances",
        "faithfulness",
        "kl_skill",
        "majority",
        "mean_kl_sym_interval",
        "more",
        "need",
        "off_target",
        "parallelism",
        "prompt_map_a_from_b",
        "prompt_map_b_from_a",
        "prompt_map_refused",
        "scores",
        "shortage",
        "subspace_agreement",
        "token_identity",
        "unreachable",
        "visible_gap",
    ];

    /// No number of a report is NaN, and hardly any infinite (null in JSON).
    fn check_numbers(what: &str, report: &TensorsReport) {
        fn visit(what: &str, name: &str, value: &serde_json::Value) {
            match value {
                serde_json::Value::Null => {
                    let is_of_equal_pairs = ["unseen_share", "visible_difference_bound"].contains(&name);
                    assert!(is_of_equal_pairs || MAY_BE_NULL.contains(&name), "{what}: {name}");
                }
                serde_json::Value::Array(list) => list.iter().for_each(|value| visit(what, name, value)),
                serde_json::Value::Object(map) => {
                    map.iter().for_each(|(name, value)| visit(what, name, value));
                }
                _ => {}
            }
        }
        visit(what, "", &serde_json::to_value(report).unwrap());
        // NaN differs from itself.
        assert_eq!(report, &report.clone(), "{what}");
    }

    fn is_a_word(kind: VerdictKind) -> bool {
        matches!(kind, VerdictKind::HeldByAll | VerdictKind::HeldByNone | VerdictKind::Mixed)
    }

    fn speaks_of(report: &PropertyReport) -> bool {
        is_a_word(report.verdict.visible.kind) || is_a_word(report.verdict.raw.kind)
    }

    fn speaks(report: &TensorsReport) -> bool {
        is_a_word(report.verdict) || report.properties.iter().any(speaks_of)
    }

    /// What a visitor can feed that has no answer gets a named reason, never a NaN and never a word on the property.
    #[test]
    fn degenerate_data_get_a_named_reason() {
        let check = |what: &str, level: Level, reason: Reason, change: &dyn Fn(&mut Tensors)| {
            let mut input = input();
            change(&mut input);
            let report = run(&input, 1).unwrap();
            check_numbers(what, &report);
            assert_eq!((report.level, &report.reasons[..]), (level, &[reason][..]), "{what}");
            assert!(!speaks(&report), "{what}: {:?}", report.verdict);
        };
        let identical = Level::Identical;
        check("no pairs", identical, Reason::TooFewPairs, &|t| t.questions.pairs = None);
        check("empty pairs", identical, Reason::TooFewPairs, &|t| t.questions.pairs = Some(vec![]));
        check("one pair", identical, Reason::TooFewPairs, &|t| t.questions.pairs = Some(vec![(0, 1)]));
        check("five pairs", identical, Reason::TooFewPairs, &|t| {
            t.questions.pairs.as_mut().unwrap().truncate(5);
        });
        check("a pair and its copies", identical, Reason::TooFewPairs, &|t| {
            t.questions.pairs = Some(vec![(0, 1), (0, 1), (1, 0), (0, 1), (2, 2), (3, 4), (4, 3), (0, 1)]);
        });
        check("one text", identical, Reason::TooFewTexts, &|t| t.questions.clusters = Some(vec![5; 40]));
        check("seven texts", identical, Reason::TooFewTexts, &|t| {
            t.questions.clusters = Some((0..40).map(|i| i % 7).collect());
        });
        check("one context", identical, Reason::TooFewTexts, &|t| {
            for f in [&mut t.f_a, &mut t.f_b] {
                (f.rows, f.values) = (1, f.values[..5].to_vec());
            }
        });
        check("equal prompts", identical, Reason::NoVariation, &|t| {
            for f in [&mut t.f_a, &mut t.f_b] {
                f.values = f.values[..5].repeat(40);
            }
        });
        check("two tokens with one unembedding", identical, Reason::NoVariation, &|t| {
            for g in [&mut t.g_a, &mut t.g_b] {
                g.values.copy_within(20..25, 25);
            }
        });
        check("f32 that overflows", Level::Undecided, Reason::PrecisionTooLow, &|t| {
            for x in [&mut t.f_a, &mut t.g_a, &mut t.f_b, &mut t.g_b] {
                x.values.iter_mut().for_each(|value| *value *= 1e12);
                x.is_f32 = true;
            }
        });
        check("f64 beyond its precision", Level::Undecided, Reason::PrecisionTooLow, &|t| {
            for x in [&mut t.f_a, &mut t.g_a, &mut t.f_b, &mut t.g_b] {
                x.values.iter_mut().for_each(|value| *value *= 1e12);
            }
        });
    }

    /// Every property asked of two equal models: 60 contexts, 30 tokens, 5 dimensions.
    fn every_question() -> Tensors {
        let (f, g) = (normal(60, 5, 1), normal(30, 5, 2));
        let questions = Questions {
            clusters: None,
            pairs: Some((0..8).map(|i| (2 * i, 2 * i + 1)).collect()),
            relation: Some((0..30).map(|i| (i, 30 + i)).collect()),
            answers: Some(vec![20, 21, 22]),
            labelled: Some((0..60).map(|i| (i, i % 2)).collect()),
            steering: Some((0..10).map(|i| (i, 40 + i)).collect()),
            off_target: Some(vec![(25, 26)]),
        };
        Tensors { f_a: f.clone(), g_a: g.clone(), f_b: f, g_b: g, questions }
    }

    /// The same for every property: each list that has no answer names its reason, for the properties that need it.
    #[test]
    fn degenerate_questions_get_a_named_reason_from_every_property() {
        use Property::{LinearProbing, LinearSteering, LinearSubspace, Parallelism, RelationalLinearity};
        const ALL: [Property; 5] =
            [Parallelism, RelationalLinearity, LinearSubspace, LinearProbing, LinearSteering];
        type Change<'a> = &'a dyn Fn(&mut Tensors);
        let check = |what: &str, expected: &[(Property, Reason)], change: Change<'_>| {
            let mut input = every_question();
            change(&mut input);
            let report = run(&input, 1).unwrap();
            check_numbers(what, &report);
            assert_eq!(report.level, Level::Identical, "{what}");
            for &(property, reason) in expected {
                let found = report.properties.iter().find(|p| p.property == property);
                let found = found.unwrap_or_else(|| panic!("{what}: {property:?} is missing"));
                let visible = &found.verdict.visible;
                assert_eq!(
                    (visible.kind, &visible.reasons[..]),
                    (VerdictKind::TooLittleData, &[reason][..]),
                    "{what}: {property:?}"
                );
                assert!(!speaks_of(found), "{what}: {property:?}");
            }
        };
        let all_equal = |t: &mut Tensors| {
            for f in [&mut t.f_a, &mut t.f_b] {
                f.values = f.values[..5].repeat(60);
            }
        };
        let every = |reason: Reason| ALL.map(|property| (property, reason));
        check("all contexts equal", &every(Reason::NoVariation), &all_equal);
        check(
            "tokens of the questions have one unembedding",
            &[
                (Parallelism, Reason::NoVariation),
                (RelationalLinearity, Reason::NoVariation),
                (LinearSubspace, Reason::NoVariation),
            ],
            &|t| {
                for g in [&mut t.g_a, &mut t.g_b] {
                    let first = g.values[..5].to_vec();
                    (0..25).for_each(|token| g.values[5 * token..5 * token + 5].copy_from_slice(&first));
                }
            },
        );
        check(
            "constant answers",
            &[(RelationalLinearity, Reason::NoVariation), (LinearSubspace, Reason::NoVariation)],
            &|t| {
                for f in [&mut t.f_a, &mut t.f_b] {
                    let first = f.values[150..155].repeat(30);
                    f.values[150..].copy_from_slice(&first);
                }
            },
        );
        check("labelled contexts are equal", &[(LinearProbing, Reason::NoVariation)], &|t| {
            t.questions.relation = None;
            t.questions.answers = None;
            t.questions.labelled = Some((0..50).map(|i| (i, i % 2)).collect());
            for f in [&mut t.f_a, &mut t.f_b] {
                let first = f.values[..5].repeat(50);
                f.values[..250].copy_from_slice(&first);
            }
        });
        check("steps of nothing", &[(LinearSteering, Reason::NoVariation)], &|t| {
            for f in [&mut t.f_a, &mut t.f_b] {
                f.values.copy_within(0..50, 200);
            }
        });
        let relation = |reason: Reason| [(RelationalLinearity, reason), (LinearSubspace, reason)];
        let few_subjects = relation(Reason::TooFewSubjects);
        check("no subjects", &few_subjects, &|t| t.questions.relation = Some(vec![]));
        check("one subject", &few_subjects, &|t| t.questions.relation = Some(vec![(0, 30)]));
        check("one subject and its copies", &few_subjects, &|t| {
            t.questions.relation = Some([(0, 30), (30, 0), (4, 4)].repeat(20));
        });
        // Another context of one s is a copy of the subject, not one more.
        check("one subject in every relation", &few_subjects, &|t| {
            t.questions.relation = Some((1..60).map(|i| (0, i)).collect());
        });
        let few_answers = relation(Reason::TooFewAnswers);
        check("no answers", &few_answers, &|t| t.questions.answers = Some(vec![]));
        check("one answer", &few_answers, &|t| t.questions.answers = Some(vec![7; 5]));
        let few_labels = [(LinearProbing, Reason::TooFewPerClass)];
        check("no labels", &few_labels, &|t| t.questions.labelled = Some(vec![]));
        check("one class", &few_labels, &|t| t.questions.labelled = Some((0..60).map(|i| (i, 1)).collect()));
        check("labels of one context", &few_labels, &|t| {
            t.questions.labelled = Some([(3, 0), (3, 1)].repeat(30));
        });
        check("no steps", &[(LinearSteering, Reason::TooFewTexts)], &|t| t.questions.steering = Some(vec![]));
        check("one step and its copies", &[(LinearSteering, Reason::TooFewTexts)], &|t| {
            t.questions.steering = Some([(0, 1), (1, 0), (2, 2)].repeat(9));
        });
        let no_pairs = [(LinearSteering, Reason::TooFewPairs)];
        check("steps without pairs", &no_pairs, &|t| t.questions.pairs = None);
        check("one pair", &[(Parallelism, Reason::TooFewPairs), no_pairs[0]], &|t| {
            t.questions.pairs = Some(vec![(0, 1), (1, 0)]);
        });
        check(
            "one text",
            &[(Parallelism, Reason::TooFewTexts), (LinearProbing, Reason::TooFewTexts)],
            &|t| {
                t.questions.clusters = Some(vec![-4; 60]);
            },
        );
    }

    #[test]
    fn progress_rises_to_one_and_a_listener_that_says_so_ends_the_analysis() {
        let input = every_question();
        let mut seen = vec![0.0];
        analyze_tensors(&input, 1, &mut |share| {
            seen.push(share);
            ControlFlow::Continue(())
        })
        .unwrap();
        assert!(seen.windows(2).all(|two| two[0] <= two[1]) && seen.last() == Some(&1.0), "{seen:?}");
        for end in [0.0, 0.5, 0.9] {
            let mut after = 0;
            let cancelled = analyze_tensors(&input, 1, &mut |share| {
                assert_eq!(after, 0, "told {share} after the end");
                if share < end {
                    return ControlFlow::Continue(());
                }
                after += 1;
                ControlFlow::Break(())
            });
            assert_eq!((cancelled, after), (Err(LabError::Cancelled), 1));
        }
    }

    /// Lists of no entries, and clusters of none: an empty list of clusters names no context, so it is an error.
    #[test]
    fn empty_lists_ask_nothing_or_are_refused() {
        let mut input = every_question();
        let empty = || Some(vec![]);
        input.questions = Questions { pairs: empty(), off_target: empty(), ..Questions::default() };
        let report = run(&input, 1).unwrap();
        check_numbers("empty lists", &report);
        assert_eq!((report.properties.len(), report.verdict), (1, VerdictKind::TooLittleData));
        input.questions.clusters = Some(vec![]);
        assert_eq!(run(&input, 1), Err(LabError::Clusters { expected: 60, found: 0 }));
    }

    /// Numbers that name nothing, in every list, with the list and the row in the message.
    #[test]
    fn questions_about_what_there_is_not_are_refused_by_name() {
        let refused = |change: &dyn Fn(&mut Questions)| {
            let mut input = every_question();
            change(&mut input.questions);
            run(&input, 1).unwrap_err()
        };
        let no_such = |tensor, row, what, found| {
            let available = if what == "token" { 30 } else { 60 };
            LabError::NoSuchRow { tensor, row, what, found, available }
        };
        let last = |list: &mut Option<Vec<(i64, i64)>>, entry| list.as_mut().unwrap().push(entry);
        for found in [-1, 60, i64::MAX, i64::MIN] {
            let error = refused(&|q| last(&mut q.relation, (3, found)));
            assert_eq!(error, no_such("relation", 30, "context", found));
            let error = refused(&|q| last(&mut q.labelled, (found, 1)));
            assert_eq!(error, no_such("labelled", 60, "context", found));
            let error = refused(&|q| last(&mut q.steering, (found, 1)));
            assert_eq!(error, no_such("steering", 10, "context", found));
        }
        for found in [-1, 30, i64::MAX] {
            assert_eq!(refused(&|q| last(&mut q.pairs, (found, 1))), no_such("pairs", 8, "token", found));
            let error = refused(&|q| last(&mut q.off_target, (2, found)));
            assert_eq!(error, no_such("off_target", 1, "token", found));
            let error = refused(&|q| q.answers.as_mut().unwrap().push(found));
            assert_eq!(error, no_such("answers", 3, "token", found));
        }
        let error = refused(&|q| last(&mut q.labelled, (0, -1)));
        assert_eq!(error, LabError::Label { row: 60, found: -1 });
        let error = refused(&|q| q.answers = None);
        assert_eq!(error, LabError::HalfARelation { found: "relation", missing: "answers" });
        let error = refused(&|q| q.relation = None);
        assert_eq!(error, LabError::HalfARelation { found: "answers", missing: "relation" });
    }

    /// One context, two tokens, more dimensions than tokens: every question at sizes at their ends.
    #[test]
    fn every_question_is_answered_at_sizes_at_their_ends() {
        for (n, v, d) in [(1, 2, 1), (2, 2, 6), (60, 2, 3), (1, 30, 5), (60, 8, 25), (7, 3, 2)] {
            let (f, g) = (normal(n, d, 1), normal(v, d, 2));
            let mut input = every_question();
            let q = &mut input.questions;
            let within = |list: &mut Option<Vec<(i64, i64)>>, (a, b): (usize, usize)| {
                list.as_mut()
                    .unwrap()
                    .iter_mut()
                    .for_each(|(x, y)| (*x, *y) = (*x % a as i64, *y % b as i64));
            };
            within(&mut q.pairs, (v, v));
            within(&mut q.off_target, (v, v));
            within(&mut q.relation, (n, n));
            within(&mut q.labelled, (n, 2));
            within(&mut q.steering, (n, n));
            q.answers.as_mut().unwrap().iter_mut().for_each(|y| *y %= v as i64);
            (input.f_a, input.g_a) = (f.clone(), g.clone());
            (input.f_b, input.g_b) = (widened(&f, &normal(n, 2, 4)), widened(&g, &zeros(v, 2)));
            let what = format!("{n} contexts, {v} tokens, {d} dimensions");
            let report = run(&input, 1).unwrap();
            check_numbers(&what, &report);
            assert_eq!((report.level, report.properties.len()), (Level::Identical, 5), "{what}");
            assert!(n == 60 || !speaks(&report), "{what}");
            let gaps = report.properties.iter().filter_map(|p| p.visible_gap);
            gaps.for_each(|gap| assert!(gap.found <= gap.allowed, "{what}: {gap:?}"));
        }
    }

    /// All tokens, two of them, more dimensions than tokens, fewer contexts than dimensions: sizes at their ends.
    #[test]
    fn sizes_at_their_ends_are_analysed() {
        for (n, v, d) in [(1, 2, 1), (3, 2, 5), (9, 3, 1), (2, 12, 7), (30, 12, 25), (12, 16, 16)] {
            let (f, g) = (normal(n, d, 1), normal(v, d, 2));
            let pairs = Some((0..v as i64 / 2).map(|i| (2 * i, 2 * i + 1)).collect());
            let twin = Tensors {
                f_a: f.clone(),
                g_a: g.clone(),
                f_b: widened(&f, &zeros(n, 2)),
                g_b: widened(&g, &normal(v, 2, 3)),
                questions: Questions { pairs, ..Questions::default() },
            };
            let what = format!("{n} contexts, {v} tokens, {d} dimensions");
            let report = run(&twin, 1).unwrap();
            check_numbers(&what, &report);
            assert_eq!((report.level, report.r_a), (Level::Identical, n.min(d).min(v - 1)), "{what}");
            assert!(report.e_tok_ab < 1e-10 && report.e_prm_ab < 1e-10, "{what}: {report:?}");
            assert!(report.e_tok_ba < 1e-10 && report.e_prm_ba < 1e-10, "{what}: {report:?}");
        }
    }

    /// Twelve spokes of one hub have cosines of one half for that reason alone; random spokes do, too.
    #[test]
    fn pairs_that_share_a_token_are_not_parallel_for_that() {
        let (f, g) = (normal(200, 30, 1), normal(120, 30, 2));
        let spokes = Some((1..25).map(|token| (0, token)).collect());
        let input = Tensors {
            f_a: f.clone(),
            g_a: g.clone(),
            f_b: f,
            g_b: g,
            questions: Questions { pairs: spokes, ..Questions::default() },
        };
        let report = run(&input, 1).unwrap();
        let visible = &report.parallelism.as_ref().unwrap().details[2];
        assert!(visible.score > 0.4 && (visible.score - visible.null_mean).abs() < 0.1, "{visible:?}");
        assert_ne!(report.verdict, VerdictKind::HeldByAll);
    }

    /// Small whole numbers: many rank-deficient, repeated and constant rows.
    fn small_matrix(rows: usize, cols: usize) -> impl Strategy<Value = Tensor> {
        (prop::collection::vec(-2i8..=2, rows * cols), any::<bool>()).prop_map(move |(values, is_f32)| {
            Tensor { rows, cols, values: values.into_iter().map(f64::from).collect(), is_f32 }
        })
    }

    /// Rows of questions: numbers that exist, repeated or not, in lists that may be empty or absent.
    fn some_rows(available: usize) -> impl Strategy<Value = Option<Vec<(i64, i64)>>> {
        prop::option::of(prop::collection::vec((0..available as i64, 0..available as i64), 0..12))
    }

    fn any_questions(n: usize, v: usize) -> impl Strategy<Value = Questions> {
        let clusters = prop::option::of(prop::collection::vec(0i64..12, n));
        let relation = prop::option::of((
            prop::collection::vec((0..n as i64, 0..n as i64), 0..26),
            prop::collection::vec(0..v as i64, 0..4),
        ));
        let labelled = prop::option::of(prop::collection::vec((0..n as i64, 0i64..2), 0..50));
        (clusters, some_rows(v), relation, labelled, some_rows(n), some_rows(v)).prop_map(
            |(clusters, pairs, relation, labelled, steering, off_target)| {
                let (relation, answers) = relation.unzip();
                Questions { clusters, pairs, relation, answers, labelled, steering, off_target }
            },
        )
    }

    /// One thing that is wrong with a file, in some of them.
    #[derive(Debug, Clone)]
    enum Fault {
        None,
        Entry(usize, f64),
        NoSuchRow(usize, i64),
        Label,
        HalfARelation(bool),
        Clusters,
    }

    fn any_fault() -> impl Strategy<Value = Fault> {
        let bad = prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300]);
        prop_oneof![
            6 => Just(Fault::None),
            1 => (0usize..4, bad).prop_map(|(matrix, value)| Fault::Entry(matrix, value)),
            1 => (0usize..5, prop::sample::select(vec![-1, i64::MIN, i64::MAX, 99]))
                .prop_map(|(list, number)| Fault::NoSuchRow(list, number)),
            1 => Just(Fault::Label),
            1 => any::<bool>().prop_map(Fault::HalfARelation),
            1 => Just(Fault::Clusters),
        ]
    }

    /// Makes the fault, and says what its error must speak of.
    fn with_fault(input: &mut Tensors, fault: &Fault) -> Option<&'static str> {
        let Tensors { f_a, g_a, f_b, g_b, questions } = input;
        match *fault {
            Fault::None => None,
            Fault::Entry(matrix, value) => {
                let values = &mut [f_a, g_a, f_b, g_b][matrix].values;
                let middle = values.len() / 2;
                values[middle] = value;
                Some(if value.is_finite() { "between 1e-30 and 1e30" } else { "finite numbers" })
            }
            Fault::NoSuchRow(list, number) => {
                let Questions { pairs, relation, answers, labelled, steering, off_target, .. } = questions;
                if list == 1 {
                    answers.get_or_insert_default();
                }
                let list = &mut *[pairs, relation, labelled, steering, off_target][list];
                list.get_or_insert_default().push((number, 0));
                Some("but there are only")
            }
            Fault::Label => {
                questions.labelled.get_or_insert_default().push((0, 2));
                Some("label 0 or 1")
            }
            Fault::HalfARelation(is_answers) => {
                questions.relation = (!is_answers).then(|| vec![(0, 0)]);
                questions.answers = is_answers.then(|| vec![0]);
                Some("a relation needs both")
            }
            Fault::Clusters => {
                questions.clusters = Some(vec![0; 33]);
                Some("clusters should name")
            }
        }
    }

    fn any_tensors() -> impl Strategy<Value = Tensors> {
        let widths = || prop_oneof![4 => 1usize..5, 1 => 5usize..20];
        (1usize..30, 2usize..16, widths(), widths(), any::<bool>()).prop_flat_map(|(n, v, d_a, d_b, same)| {
            let matrices =
                (small_matrix(n, d_a), small_matrix(v, d_a), small_matrix(n, d_b), small_matrix(v, d_b));
            (matrices, any_questions(n, v)).prop_map(move |((f_a, g_a, f_b, g_b), questions)| {
                let (f_b, g_b) = if same { (f_a.clone(), g_a.clone()) } else { (f_b, g_b) };
                Tensors { f_a, g_a, f_b, g_b, questions }
            })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        /// Whatever the matrices: a clear error, or finite numbers; and a word on the property for equal models only.
        #[test]
        fn any_matrices_get_numbers_or_an_error_and_only_equal_ones_a_verdict(
            input in any_tensors(), fault in any_fault(), seed: u64
        ) {
            let mut input = input;
            let expected = with_fault(&mut input, &fault);
            match run(&input, seed) {
                Ok(report) => {
                    prop_assert!(expected.is_none(), "{fault:?}");
                    check_numbers("any matrices", &report);
                    prop_assert!(report.properties.iter().all(|p| p.scores.is_some() || !speaks_of(p)));
                    prop_assert!(report.level == Level::Identical || !speaks(&report), "{:?}", report.verdict);
                    prop_assert!(report.verdict != VerdictKind::Inconsistent);
                    if report.level == Level::Identical {
                        prop_assert_eq!(report.r_a, report.r_b);
                        prop_assert!(report.e_tok_ab < 1e-6 && report.e_prm_ab < 1e-6, "{:?}", report.maps);
                        prop_assert!(report.e_tok_ba < 1e-6 && report.e_prm_ba < 1e-6, "{:?}", report.maps);
                    }
                }
                Err(error) => {
                    let expected = expected.unwrap_or("rank zero");
                    prop_assert!(error.to_string().contains(expected), "{fault:?}: {error}");
                }
            }
        }
    }

    #[test]
    fn left_out_pairs_are_named() {
        let mut input = input();
        input.questions.pairs.as_mut().unwrap().extend([(3, 3), (1, 0)]);
        let report = run(&input, 1).unwrap();
        assert_eq!(report.properties[0].dropped, ["3 → 3", "1 → 0"]);
        input.questions.pairs.as_mut().unwrap().truncate(8);
        assert_eq!(report.parallelism, run(&input, 1).unwrap().parallelism);
    }

    #[test]
    fn json_has_the_stable_names() {
        let json = serde_json::to_value(run(&input(), 1).unwrap()).unwrap();
        for name in [
            "d_a",
            "d_b",
            "rank_f_a",
            "rank_g_a",
            "r_a",
            "rank_f_b",
            "rank_g_b",
            "r_b",
            "dark_f_a",
            "dark_g_a",
            "dark_f_b",
            "dark_g_b",
            "e_tok_ab",
            "e_prm_ab",
            "e_tok_ba",
            "e_prm_ba",
            "max_abs_dlogp",
            "mean_kl_ab",
            "mean_js",
        ] {
            assert!(json[name].is_number(), "{name}");
        }
        for name in ["raw_a", "raw_b", "visible_a", "visible_b"] {
            assert!(json["parallelism"][name].is_number(), "{name}");
        }
        assert_eq!(json["level"], "identical");
        assert!(json["verdict"].is_string() && json["reasons"].is_array());
    }

    #[test]
    fn bad_matrices_are_refused_by_name() {
        let refused = |change: fn(&mut Tensors)| {
            let mut input = input();
            change(&mut input);
            run(&input, 1).unwrap_err().to_string()
        };
        let nan = refused(|t| t.g_b.values[7] = f64::NAN);
        assert!(nan.contains("model B") && nan.contains("row 1, column 2"), "{nan}");
        let rows = refused(|t| t.f_b = normal(39, 5, 1));
        assert!(rows.contains("should have 40 rows, but has 39"), "{rows}");
        let width = refused(|t| t.g_a = normal(30, 6, 1));
        assert!(width.contains("model A") && width.contains("5 columns"), "{width}");
        let empty = refused(|t| t.f_a = zeros(0, 5));
        assert!(empty.contains("empty"), "{empty}");
        let zero = refused(|t| t.f_a = zeros(40, 5));
        assert!(zero.contains("rank zero"), "{zero}");
        let token = refused(|t| t.questions.pairs = Some(vec![(0, 30)]));
        assert!(token.contains("token 30") && token.contains("0 to 29"), "{token}");
        let negative = refused(|t| t.questions.pairs = Some(vec![(-1, 3)]));
        assert!(negative.contains("token -1"), "{negative}");
        let clusters = refused(|t| t.questions.clusters = Some(vec![1, 2]));
        assert!(clusters.contains("40 contexts"), "{clusters}");
    }
}
