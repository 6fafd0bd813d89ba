//! Relational linearity: is the answer to a query an affine function of the subject's hidden state? (theory.md §5.8)
//!
//! Ridge regression from the hidden state f(s) of a subject to what the model answers after s∘q, scored on subjects
//! that the fit did not see. Raw, features are in a model's own coordinates; visible, they are
//! [`visible_map`](super::ridge::visible_map), and the score is a function of the distribution alone.

use faer::{Mat, MatRef};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::ridge::{Factor, Folds, HeldOutRidge, in_row_space, skill};
use super::score::{Carried, Details, Histogram, Measured};
use crate::theory::distribution::log_softmax;
use crate::theory::representation::{Representation, TheoryError, centred, select_rows};
use crate::theory::statistics::{
    BOOTSTRAP_REPLICATES, Stream, bca_interval, cluster_members, generator, mean, multinomial_counts,
    permutation, permutation_p,
};
use crate::theory::verdict::Reason;

/// Fewest subjects on which a state may be claimed.
pub const MIN_SUBJECTS: usize = 20;
/// The most by which visible scores of equal distributions may differ: theory.md §5.10, rule 4.
pub const VISIBLE_GAP_ALLOWED: f64 = 1e-3;

/// Answers that spread by this many ε_num or less may be rounding alone.
const SPREADS_IN_FLOORS: f64 = 4.0;
/// Spread, relative to size, below which features or targets count as constant.
const CONSTANT: f64 = 1e-9;
/// Gain from half of the subjects to all of them above which a low score may be lack of data.
const STILL_RISING: f64 = 0.05;
/// Share of the largest singular value below which a direction of the features is rounding of stored f32.
const F32_NOISE: f64 = 1e-6;
/// Shuffles that a chance score averages.
const CHANCE_DRAWS: usize = 99;

/// What only relational linearity has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RelationalDetails {
    /// 1 − Σ KL(p_i‖predicted) / Σ KL(p_i‖mean of the training answers), held out; none where Γ is the whole space.
    pub kl_skill: Option<f64>,
    /// Share of held-out subjects whose most likely answer is predicted, in [0, 1]; none where Γ is the whole space.
    pub faithfulness: Option<f64>,
    /// Share of subjects that have the commonest most likely answer: what a constant prediction reaches.
    pub majority: Option<f64>,
    /// Mean score on two random halves of the subjects: rising from here to the full score means that data are short.
    pub score_at_half: f64,
    /// Subjects that took part.
    pub n_subjects: usize,
}

/// The part Γ of the hidden state after s∘q that is to be predicted (theory.md §1.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gamma {
    /// Γ_q: what decides between the answer tokens, as centred answer log-probabilities.
    #[default]
    Answers,
    /// All of f(s∘q): the unrefined notion, which is not a function of the distribution.
    WholeSpace,
}

/// A query, whom it is asked about, and the rules of its state.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// Rows of F that are f(s_i). A row that occurs twice is one subject.
    pub subjects: &'a [usize],
    /// Rows of F that are f(s_i∘q), in the order of `subjects`.
    pub asked: &'a [usize],
    /// Rows of G of the answer tokens Y_q: at least two, all different.
    pub answers: &'a [usize],
    /// What is predicted.
    pub gamma: Gamma,
    /// ε_num, nats: how far apart log-probabilities of equal distributions may be.
    pub epsilon_num: f64,
    /// δ_eff of the property: where the effect lies above it for certain, more subjects are not missed.
    pub delta: f64,
    /// Null draws.
    pub n_draws: usize,
    /// Seed of folds, nulls and bootstrap. Both models are asked with one seed, so that equal models get equal answers.
    pub seed: u64,
}

/// One model's part in [`carried`] and [`correspondence`](super::subspace::correspondence).
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// Features of all contexts, `[n, p]`.
    pub features: MatRef<'a, f64>,
    /// What is predicted, `[m, k]`, as [`targets`] gives it.
    pub targets: MatRef<'a, f64>,
}

/// What is predicted for each subject. Answers: centred answer log-probabilities Z, nats, `[m, k]`. Whole space: the
/// asked rows of `features` (`[n, p]`), `[m, p]`: F itself for the raw version, visible features for the visible one.
pub fn targets(model: &Representation, features: MatRef<'_, f64>, question: &Question<'_>) -> Mat<f64> {
    match question.gamma {
        Gamma::Answers => {
            let answers = select_rows(model.g.as_ref(), question.answers);
            select_rows(model.f.as_ref(), question.asked) * centred(answers.as_ref()).transpose()
        }
        Gamma::WholeSpace => select_rows(features, question.asked),
    }
}

/// Held-out R² of `targets` (`[m, k]`, see [`targets`]) from the subjects' rows of `features` (`[n, p]`), against the
/// same procedure with the correspondence of s_i and s_i∘q shuffled.
///
/// # Errors
/// [`TheoryError::NoConvergence`] where the singular values of the features are not found.
pub fn measure(
    features: MatRef<'_, f64>,
    targets: MatRef<'_, f64>,
    question: &Question<'_>,
) -> Result<Measured, TheoryError> {
    let task = Task::new(features, targets, question);
    let n_subjects = task.len();
    if let Some(reason) = task.unmeasurable(question) {
        let details = RelationalDetails {
            kl_skill: None,
            faithfulness: None,
            majority: None,
            score_at_half: 0.0,
            n_subjects,
        };
        return Ok(nothing(reason, Details::Relational(details)));
    }
    let ridge = task.ridge(question)?;
    let predicted = ridge.predict(task.z.as_ref());
    let errors = Errors::of(&ridge, &task.z, &predicted);
    let score = errors.score();
    let rng = &mut generator(question.seed, Stream::NullShuffled);
    let orders: Vec<Vec<usize>> =
        (0..question.n_draws.max(1)).map(|_| permutation(task.z.nrows(), rng)).collect();
    let null = ridge.shuffled_scores(Factor::of(task.z.as_ref())?.principal().as_ref(), &orders);
    let null_mean = mean(&null);
    let (low, high) = errors.interval(question.seed);
    let effect_interval = (low - null_mean, high - null_mean);
    let score_at_half = task.score_at_half(question)?.unwrap_or(score);
    let shortage = task.shortage(question, score - score_at_half, effect_interval.0)?;
    let answers = (question.gamma == Gamma::Answers).then(|| AnswerScores::of(&ridge, &task.z, &predicted));
    Ok(Measured {
        score,
        null_mean,
        null: Histogram::of(&null),
        effect_interval,
        p: permutation_p(score, &null),
        shortage,
        details: Details::Relational(RelationalDetails {
            kl_skill: answers.as_ref().map(|scores| scores.kl_skill),
            faithfulness: answers.as_ref().map(|scores| scores.faithfulness),
            majority: answers.as_ref().map(|scores| scores.majority),
            score_at_half,
            n_subjects,
        }),
    })
}

/// The relation fitted in A and tried in B: fitted on A's features and targets of the training subjects, evaluated on
/// B's held-out subjects, whose features `b_in_a` (`[n, p_A]`, rows F_B T with T = b_from_a) are in A's coordinates,
/// against B's targets (`[m, k]`, in the coordinates of A's targets). All zero where either model has nothing to measure.
///
/// # Errors
/// [`TheoryError::NoConvergence`].
pub fn carried(
    a: Side<'_>,
    b_in_a: MatRef<'_, f64>,
    b: Side<'_>,
    question: &Question<'_>,
) -> Result<Carried, TheoryError> {
    let in_a = Task::new(a.features, a.targets, question);
    let in_b = Task::new(b.features, b.targets, question);
    if in_a.unmeasurable(question).is_some() || in_b.unmeasurable(question).is_some() {
        return Ok(Carried { score: 0.0, interval: (0.0, 0.0), own: 0.0, chance: 0.0 });
    }
    let (fit, evaluated) = in_common_row_space(a.features, b_in_a, &in_a.subjects);
    let across =
        HeldOutRidge::new(fit.as_ref(), evaluated.as_ref(), &Folds::draw(&in_a.subjects, question.seed))?;
    let predicted = across.predict(in_a.z.as_ref());
    let errors = Errors::of(&across, &in_b.z, &predicted);
    let rng = &mut generator(question.seed, Stream::NullShuffled);
    let chance: Vec<f64> = (0..CHANCE_DRAWS)
        .map(|_| {
            let z = select_rows(in_b.z.as_ref(), &permutation(in_b.z.nrows(), rng));
            Errors::of(&across, &z, &predicted).score()
        })
        .collect();
    Ok(Carried {
        score: errors.score(),
        interval: errors.interval(question.seed),
        own: in_b.score(question)?,
        chance: mean(&chance),
    })
}

/// The subjects' rows of A's features and of B's features in A's coordinates, in coordinates of their common span.
pub(super) fn in_common_row_space(
    a: MatRef<'_, f64>,
    b_in_a: MatRef<'_, f64>,
    subjects: &[usize],
) -> (Mat<f64>, Mat<f64>) {
    let m = subjects.len();
    let stacked = Mat::from_fn(2 * m, a.ncols(), |i, j| {
        if i < m { a[(subjects[i], j)] } else { b_in_a[(subjects[i - m], j)] }
    });
    let reduced = in_row_space(stacked.as_ref());
    (reduced.subrows(0, m).to_owned(), reduced.subrows(m, m).to_owned())
}

/// A score that says nothing, and why.
pub(super) fn nothing(reason: Reason, details: Details) -> Measured {
    Measured {
        score: 0.0,
        null_mean: 0.0,
        null: Histogram::default(),
        effect_interval: (0.0, 0.0),
        p: 1.0,
        shortage: Some(reason),
        details,
    }
}

/// Features and targets of the subjects, one row each: what is asked about a subject twice is answered by the mean, for
/// copies of a row would pass for independent ones.
pub(super) struct Task {
    /// Rows of F, all different.
    pub(super) subjects: Vec<usize>,
    /// `[m, ≤ m]`: the subjects' features in coordinates of their span.
    pub(super) x: Mat<f64>,
    /// `[m, k]`: targets; answers centred over the answers.
    pub(super) z: Mat<f64>,
}

impl Task {
    pub(super) fn new(features: MatRef<'_, f64>, targets: MatRef<'_, f64>, question: &Question<'_>) -> Self {
        debug_assert_eq!(question.subjects.len(), question.asked.len());
        debug_assert_eq!(question.subjects.len(), targets.nrows());
        let rows = cluster_members(question.subjects);
        let mean_of =
            |i: usize, j: usize| mean(&rows[i].iter().map(|&row| targets[(row, j)]).collect::<Vec<_>>());
        let z = Mat::from_fn(rows.len(), targets.ncols(), mean_of);
        let z = match question.gamma {
            Gamma::Answers => centred(z.transpose()).transpose().to_owned(),
            Gamma::WholeSpace => z,
        };
        let subjects: Vec<usize> = rows.iter().map(|rows| question.subjects[rows[0]]).collect();
        Self { x: in_row_space(select_rows(features, &subjects).as_ref()), z, subjects }
    }

    /// m: subjects.
    pub(super) fn len(&self) -> usize {
        self.subjects.len()
    }

    /// Why there is nothing to compute at all, if so.
    pub(super) fn unmeasurable(&self, question: &Question<'_>) -> Option<Reason> {
        if self.len() < 2 {
            return Some(Reason::TooFewSubjects);
        }
        let nats = match question.gamma {
            Gamma::Answers => SPREADS_IN_FLOORS * question.epsilon_num,
            Gamma::WholeSpace => 0.0,
        };
        let constant = !varies(self.x.as_ref(), 0.0) || !varies(self.z.as_ref(), nats);
        constant.then_some(if self.len() < MIN_SUBJECTS {
            Reason::TooFewSubjects
        } else {
            Reason::NoVariation
        })
    }

    /// What data are missing, where the score gained `gain` from half of the subjects to all of them and its effect is
    /// at least `low`. A relation that holds for certain needs no more subjects, however much its score still rises.
    pub(super) fn shortage(
        &self,
        question: &Question<'_>,
        gain: f64,
        low: f64,
    ) -> Result<Option<Reason>, TheoryError> {
        if self.len() < MIN_SUBJECTS {
            return Ok(Some(Reason::TooFewSubjects));
        }
        // Fewer subjects than dimensions: what subjects are left could have been fitted exactly.
        let few = Factor::of(self.x.as_ref())?.rank(F32_NOISE) + 1 >= self.len();
        let rising = few && gain > STILL_RISING && low <= question.delta;
        Ok(rising.then_some(Reason::LearningCurveRising))
    }

    fn ridge(&self, question: &Question<'_>) -> Result<HeldOutRidge, TheoryError> {
        HeldOutRidge::new(self.x.as_ref(), self.x.as_ref(), &Folds::draw(&self.subjects, question.seed))
    }

    /// Held-out R².
    pub(super) fn score(&self, question: &Question<'_>) -> Result<f64, TheoryError> {
        held_out_score(&self.x, &self.z, &self.subjects, question.seed)
    }

    /// Mean held-out R² on two random halves of the subjects; none where halves are too small to hold anything out.
    pub(super) fn score_at_half(&self, question: &Question<'_>) -> Result<Option<f64>, TheoryError> {
        let [one, other] = halves(self.len(), &mut generator(question.seed, Stream::Split));
        if one.len() < 2 {
            return Ok(None);
        }
        let score = |rows: Vec<usize>| -> Result<f64, TheoryError> {
            let x = select_rows(self.x.as_ref(), &rows);
            let z = select_rows(self.z.as_ref(), &rows);
            let subjects: Vec<usize> = rows.iter().map(|&row| self.subjects[row]).collect();
            held_out_score(&x, &z, &subjects, question.seed)
        };
        Ok(Some(0.5 * (score(one)? + score(other)?)))
    }
}

fn held_out_score(x: &Mat<f64>, z: &Mat<f64>, subjects: &[usize], seed: u64) -> Result<f64, TheoryError> {
    let ridge = HeldOutRidge::new(x.as_ref(), x.as_ref(), &Folds::draw(subjects, seed))?;
    let predicted = ridge.predict(z.as_ref());
    Ok(Errors::of(&ridge, z, &predicted).score())
}

/// n subjects in two random halves, the first the smaller.
pub(super) fn halves(n: usize, rng: &mut ChaCha8Rng) -> [Vec<usize>; 2] {
    let mut one = permutation(n, rng);
    let other = one.split_off(n / 2);
    [one, other]
}

/// Do the rows spread by more than rounding and by more than `least` (root mean square)?
fn varies(x: MatRef<'_, f64>, least: f64) -> bool {
    let spread = centred(x).norm_l2();
    let typical = spread / ((x.nrows() * x.ncols()) as f64).sqrt();
    spread > CONSTANT * x.norm_l2() && typical > least
}

/// Squared errors of held-out predictions and of training means, one for each subject.
struct Errors {
    residual: Vec<f64>,
    total: Vec<f64>,
}

impl Errors {
    fn of(ridge: &HeldOutRidge, z: &Mat<f64>, predicted: &Mat<f64>) -> Self {
        let squared = |from: &Mat<f64>| {
            (z - from).row_iter().map(|apart| apart.squared_norm_l2()).collect::<Vec<f64>>()
        };
        Self { residual: squared(predicted), total: squared(&ridge.training_means(z.as_ref())) }
    }

    /// R² = 1 − Σ‖Z − Ẑ‖² / Σ‖Z − Z̄_train‖².
    fn score(&self) -> f64 {
        skill(self.residual.iter().sum(), self.total.iter().sum())
    }

    /// 95% interval over subjects, with the predictions as they are.
    fn interval(&self, seed: u64) -> (f64, f64) {
        let rng = &mut generator(seed, Stream::PropertyBootstrap);
        let n = self.total.len();
        let weighted =
            |weights: &[f64], values: &[f64]| -> f64 { weights.iter().zip(values).map(|(w, x)| w * x).sum() };
        let mut replicates: Vec<f64> = (0..BOOTSTRAP_REPLICATES)
            .map(|_| {
                let counts = multinomial_counts(n, rng);
                skill(weighted(&counts, &self.residual), weighted(&counts, &self.total))
            })
            .collect();
        let (residual, total): (f64, f64) = (self.residual.iter().sum(), self.total.iter().sum());
        let left_out = (0..n).map(|i| skill(residual - self.residual[i], total - self.total[i])).collect();
        bca_interval(&mut replicates, self.score(), &[left_out])
    }
}

/// How well held-out predictions tell the answers apart.
struct AnswerScores {
    kl_skill: f64,
    faithfulness: f64,
    majority: f64,
}

impl AnswerScores {
    fn of(ridge: &HeldOutRidge, z: &Mat<f64>, predicted: &Mat<f64>) -> Self {
        let (m, k) = (z.nrows(), z.ncols());
        let log_p: Vec<Vec<f64>> = (0..m).map(|i| log_probabilities(z, i)).collect();
        let (mut of_predicted, mut of_mean) = (0.0, 0.0);
        for split in ridge.splits() {
            let mean_answer = log_mean(&log_p, &split.train);
            for &i in &split.test {
                of_predicted += kl(&log_p[i], &log_probabilities(predicted, i));
                of_mean += kl(&log_p[i], &mean_answer);
            }
        }
        let likeliest: Vec<usize> = (0..m).map(|i| argmax(z, i)).collect();
        let hits = (0..m).filter(|&i| argmax(predicted, i) == likeliest[i]).count();
        let commonest = (0..k).map(|y| likeliest.iter().filter(|&&other| other == y).count()).max();
        Self {
            kl_skill: skill(of_predicted, of_mean),
            faithfulness: hits as f64 / m as f64,
            majority: commonest.unwrap_or(0) as f64 / m as f64,
        }
    }
}

fn log_probabilities(z: &Mat<f64>, row: usize) -> Vec<f64> {
    let mut log_p: Vec<f64> = z.row(row).iter().copied().collect();
    log_softmax(&mut log_p);
    log_p
}

/// log of the mean of probabilities over the given rows: finite even where every one of them underflows.
fn log_mean(log_p: &[Vec<f64>], rows: &[usize]) -> Vec<f64> {
    let k = log_p.first().map_or(0, Vec::len);
    let of_answer = |y: usize| {
        let largest = rows.iter().map(|&i| log_p[i][y]).fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = rows.iter().map(|&i| (log_p[i][y] - largest).exp()).sum();
        largest + (sum / rows.len() as f64).ln()
    };
    (0..k).map(of_answer).collect()
}

fn kl(log_p: &[f64], log_q: &[f64]) -> f64 {
    log_p.iter().zip(log_q).map(|(p, q)| p.exp() * (p - q)).sum()
}

/// The place of the largest entry of a row, the first of equal ones.
fn argmax(z: &Mat<f64>, row: usize) -> usize {
    (1..z.ncols()).fold(0, |best, y| if z[(row, y)] > z[(row, best)] { y } else { best })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::theory::Precision;
    use crate::theory::properties::ridge::visible_map;
    use crate::theory::properties::score::Rule;
    use crate::theory::properties::subspace;
    use crate::theory::representation::from_row_major;
    use crate::theory::subspace::VisibleSubspaces;
    use crate::theory::twin::tests::{max_abs_dlogp, normal, padded};
    use crate::theory::twin::{TwinKind, build, change_basis};
    use crate::theory::verdict::PropertyState;
    use proptest::prelude::*;

    /// One relation of the fixture: see scripts/write_relational_fixtures.py.
    pub(crate) struct Reference {
        pub(crate) x: Mat<f64>,
        pub(crate) logits: Mat<f64>,
        pub(crate) x_b: Mat<f64>,
        pub(crate) logits_b: Mat<f64>,
        pub(crate) b_from_a: Mat<f64>,
        pub(crate) order: Vec<usize>,
        pub(crate) halvings: Vec<[Vec<usize>; 2]>,
        expected: serde_json::Value,
    }

    impl Reference {
        pub(crate) fn number(&self, key: &str) -> f64 {
            self.expected[key].as_f64().unwrap()
        }

        pub(crate) fn place(&self, key: &str) -> usize {
            self.expected[key].as_u64().unwrap() as usize
        }

        pub(crate) fn places(&self, key: &str) -> Vec<usize> {
            serde_json::from_value(self.expected[key].clone()).unwrap()
        }

        pub(crate) fn folds(&self) -> Folds {
            Folds::in_order(&self.order.iter().map(|&i| vec![i]).collect::<Vec<_>>())
        }
    }

    pub(crate) fn references() -> Vec<Reference> {
        let file: serde_json::Value =
            serde_json::from_str(include_str!("../../../fixtures/theory/relational.json")).unwrap();
        let scale = file["scale"].as_f64().unwrap();
        let of = |case: &serde_json::Value| {
            let size = |key: &str| case[key].as_u64().unwrap() as usize;
            let matrix = |key: &str, columns: usize| {
                let values: Vec<f64> = serde_json::from_value(case[key].clone()).unwrap();
                from_row_major(&values, values.len() / columns, columns) * faer::Scale(1.0 / scale)
            };
            Reference {
                x: matrix("x", size("p")),
                logits: matrix("logits", size("k")),
                x_b: matrix("x_b", size("p_b")),
                logits_b: matrix("logits_b", size("k")),
                b_from_a: matrix("b_from_a", size("p")),
                order: serde_json::from_value(case["order"].clone()).unwrap(),
                halvings: serde_json::from_value(case["halvings"].clone()).unwrap(),
                expected: case["expected"].clone(),
            }
        };
        file["cases"].as_array().unwrap().iter().map(of).collect()
    }

    pub(crate) fn ask<'a>(subjects: &'a [usize], asked: &'a [usize], answers: &'a [usize]) -> Question<'a> {
        Question {
            subjects,
            asked,
            answers,
            gamma: Gamma::Answers,
            epsilon_num: 1e-4,
            delta: 0.2,
            n_draws: 99,
            seed: 5,
        }
    }

    fn own(measured: &Measured) -> &RelationalDetails {
        match &measured.details {
            Details::Relational(details) => details,
            other => panic!("not of a relation: {other:?}"),
        }
    }

    fn close(found: f64, expected: f64) -> bool {
        (found - expected).abs() <= 1e-8 * expected.abs().max(1.0)
    }

    #[test]
    fn held_out_scores_match_scikit_learn() {
        for case in references() {
            let subjects: Vec<usize> = (0..case.x.nrows()).collect();
            let question = ask(&subjects, &subjects, &[]);
            let task = Task::new(case.x.as_ref(), case.logits.as_ref(), &question);
            let ridge = HeldOutRidge::new(task.x.as_ref(), task.x.as_ref(), &case.folds()).unwrap();
            let predicted = ridge.predict(task.z.as_ref());
            let score = Errors::of(&ridge, &task.z, &predicted).score();
            assert!(close(score, case.number("score")), "{score}");
            let scores = AnswerScores::of(&ridge, &task.z, &predicted);
            assert!(close(scores.kl_skill, case.number("kl_skill")), "{}", scores.kl_skill);
            assert!(close(scores.faithfulness, case.number("faithfulness")));
            assert!(close(scores.majority, case.number("majority")));
        }
    }

    #[test]
    fn a_carried_score_matches_scikit_learn() {
        for case in references() {
            let subjects: Vec<usize> = (0..case.x.nrows()).collect();
            let question = ask(&subjects, &subjects, &[]);
            let in_b = Task::new(case.x_b.as_ref(), case.logits_b.as_ref(), &question);
            let in_a = Task::new(case.x.as_ref(), case.logits.as_ref(), &question);
            let b_in_a = &case.x_b * &case.b_from_a;
            let (fit, evaluated) = in_common_row_space(case.x.as_ref(), b_in_a.as_ref(), &subjects);
            let ridge = HeldOutRidge::new(fit.as_ref(), evaluated.as_ref(), &case.folds()).unwrap();
            let predicted = ridge.predict(in_a.z.as_ref());
            let score = Errors::of(&ridge, &in_b.z, &predicted).score();
            assert!(close(score, case.number("carried")), "{score} {}", case.number("carried"));
        }
    }

    const M: usize = 40;
    const ANSWERS: [usize; 4] = [3, 8, 20, 29];

    fn rows() -> (Vec<usize>, Vec<usize>) {
        ((0..M).collect(), (M..2 * M).collect())
    }

    /// 2M contexts, s_i in row i and s_i∘q in row M + i, whose hidden state is `answer` of that of s_i, with noise.
    pub(crate) fn model(d: usize, seed: u64, noise: f64, answer: impl Fn(f64) -> f64) -> Representation {
        let subjects = normal(M, d, seed);
        let read = &subjects * normal(d, d, seed + 1) * faer::Scale(1.0 / (d as f64).sqrt());
        let disturbance = normal(M, d, seed + 2);
        let f = Mat::from_fn(2 * M, d, |i, j| {
            if i < M { subjects[(i, j)] } else { answer(read[(i - M, j)]) + noise * disturbance[(i - M, j)] }
        });
        Representation::new(f, normal(60, d, seed + 3), Precision::F64).unwrap()
    }

    fn linear(d: usize, seed: u64) -> Representation {
        model(d, seed, 0.1, |x| x)
    }

    /// No affine function of a centred normal x comes near cos 4x.
    fn nonlinear(d: usize, seed: u64) -> Representation {
        model(d, seed, 0.0, |x| (4.0 * x).cos())
    }

    fn raw(model: &Representation, question: &Question<'_>) -> Measured {
        measure(model.f.as_ref(), targets(model, model.f.as_ref(), question).as_ref(), question).unwrap()
    }

    pub(crate) fn visible(model: &Representation, question: &Question<'_>) -> Measured {
        let features = &model.f * visible_map(model);
        measure(features.as_ref(), targets(model, features.as_ref(), question).as_ref(), question).unwrap()
    }

    fn state(measured: &Measured) -> PropertyState {
        measured.clone().judged(measured.p, Rule { delta: 0.2, max_p: 0.01 }).state
    }

    #[test]
    fn a_linear_relation_holds_and_a_nonlinear_one_fails() {
        let (subjects, asked) = rows();
        let question = ask(&subjects, &asked, &ANSWERS);
        for measure in [raw, visible] {
            let found = measure(&linear(8, 1), &question);
            assert!(found.score > 0.9 && found.effect_interval.0 > 0.8 && found.p == 0.01, "{found:?}");
            assert!(own(&found).kl_skill.unwrap() > 0.8 && own(&found).faithfulness.unwrap() > 0.8);
            assert_eq!((found.shortage, state(&found)), (None, PropertyState::Holds));
            let found = measure(&nonlinear(8, 1), &question);
            assert!(found.score < 0.1 && found.null_mean < 0.05 && found.p > 0.01, "{found:?}");
            assert_eq!((found.shortage, state(&found)), (None, PropertyState::Fails));
        }
    }

    /// Under the null itself, scores lie near or below zero and p-values are spread over (0, 1].
    #[test]
    fn shuffled_relations_are_rarely_significant() {
        let (subjects, asked) = rows();
        let mut small = 0;
        for seed in 0..12 {
            let model = model(6, 100 * (seed + 1), 1.0, |_| 0.0);
            let found = raw(&model, &Question { seed, ..ask(&subjects, &asked, &ANSWERS) });
            assert!(found.null_mean < 0.0 && found.null_mean > -0.3, "{found:?}");
            small += usize::from(found.p <= 0.1);
        }
        assert!(small <= 4, "{small} of 12");
    }

    /// The prediction is of the answers alone: other hidden states may be as nonlinear as they like.
    #[test]
    fn only_what_decides_between_the_answers_is_predicted() {
        let (subjects, asked) = rows();
        let mut mixed = linear(8, 1);
        let curved = nonlinear(8, 1);
        for j in 4..8 {
            (M..2 * M).for_each(|i| mixed.f[(i, j)] = 10.0 * curved.f[(i, j)]);
            ANSWERS.iter().for_each(|&y| mixed.g[(y, j)] = mixed.g[(ANSWERS[0], j)]);
        }
        let question = ask(&subjects, &asked, &ANSWERS);
        assert!(raw(&mixed, &question).score > 0.9);
        let whole = raw(&mixed, &Question { gamma: Gamma::WholeSpace, ..question });
        assert!(whole.score < 0.3, "{whole:?}");
        assert_eq!(
            (own(&whole).kl_skill, own(&whole).faithfulness, own(&whole).majority),
            (None, None, None)
        );
    }

    fn assert_same(a: &Measured, b: &Measured) {
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(near(a.score, b.score) && near(a.null_mean, b.null_mean), "{a:?}\n{b:?}");
        assert!(
            near(a.effect_interval.0, b.effect_interval.0) && near(a.effect_interval.1, b.effect_interval.1)
        );
        assert_eq!((a.p, a.shortage), (b.p, b.shortage));
    }

    #[test]
    fn visible_scores_are_invariant_under_every_twin() {
        let (subjects, asked) = rows();
        for (gamma, d) in [(Gamma::Answers, 8), (Gamma::Answers, 50), (Gamma::WholeSpace, 8)] {
            let model = linear(d, 1);
            let question = Question { gamma, n_draws: 9, ..ask(&subjects, &asked, &ANSWERS) };
            for kind in [TwinKind::ChangeOfBasis, TwinKind::DarkUnembedding, TwinKind::DarkEmbedding] {
                let twin = build(&kind.into(), &model, &[], 3).unwrap().representation;
                assert_same(&visible(&model, &question), &visible(&twin, &question));
                let of = |model: &Representation| {
                    let features = &model.f * visible_map(model);
                    let targets = targets(model, features.as_ref(), &question);
                    subspace::measure(features.as_ref(), targets.as_ref(), &question).unwrap()
                };
                assert_same(&of(&model), &of(&twin));
                assert_eq!(of(&model).details, of(&twin).details);
            }
        }
    }

    /// Stored in f32, twins agree to what the self test of a verdict allows.
    #[test]
    fn visible_scores_of_f32_twins_differ_by_less_than_is_allowed() {
        let (subjects, asked) = rows();
        let question = Question { n_draws: 9, ..ask(&subjects, &asked, &ANSWERS) };
        for (d, seed) in [(8, 10), (8, 20), (30, 30), (50, 40), (50, 60)] {
            let model = model(d, seed, 0.5, |x| x).rounded_to_f32();
            for kind in [TwinKind::ChangeOfBasis, TwinKind::DarkUnembedding, TwinKind::DarkEmbedding] {
                let twin = build(&kind.into(), &model, &[], 3).unwrap().representation.rounded_to_f32();
                let (a, b) = (visible(&model, &question), visible(&twin, &question));
                assert!(
                    (a.score - b.score).abs() < VISIBLE_GAP_ALLOWED,
                    "{d} {kind:?} {} {}",
                    a.score,
                    b.score
                );
                assert!((a.null_mean - b.null_mean).abs() < VISIBLE_GAP_ALLOWED);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]
        #[test]
        fn visible_scores_are_invariant_under_twins_of_any_size(
            seed in 0_u64..1000, d in 2_usize..30, k1 in 0_usize..4, k2 in 0_usize..4, noise in 0.01_f64..2.0,
        ) {
            let (subjects, asked) = rows();
            let question = Question { n_draws: 5, ..ask(&subjects, &asked, &ANSWERS) };
            let model = model(d, seed, noise, |x| x);
            let twin = change_basis(&padded(&model, k1, k2, seed + 1), seed);
            let (a, b) = (visible(&model, &question), visible(&twin, &question));
            prop_assert!((a.score - b.score).abs() < 1e-9, "{} {}", a.score, b.score);
            prop_assert!((a.null_mean - b.null_mean).abs() < 1e-9);
        }
    }

    /// Theory.md §1.6, H2 dropped: f̃ = (f, z), g̃ = (g, 0), z the answer log-ratios of s∘q. Linear by reading z alone.
    #[test]
    fn a_dark_coordinate_with_the_answer_makes_any_relation_linear_but_not_visibly() {
        let (subjects, asked) = rows();
        let question = ask(&subjects, &asked, &ANSWERS);
        let model = nonlinear(8, 1);
        let z = targets(&model, model.f.as_ref(), &question);
        let leak = Representation {
            f: Mat::from_fn(2 * M, 12, |i, j| match j {
                0..8 => model.f[(i, j)],
                _ if i < M => 10.0 * z[(i, j - 8)],
                _ => 0.0,
            }),
            g: Mat::from_fn(60, 12, |y, j| if j < 8 { model.g[(y, j)] } else { 0.0 }),
            precision: Precision::F64,
        };
        assert!(max_abs_dlogp(&model, &leak) < 1e-12);
        let (in_model, in_leak) = (raw(&model, &question), raw(&leak, &question));
        assert!(in_model.score < 0.1 && in_leak.score > 0.99, "{} {}", in_model.score, in_leak.score);
        assert_eq!((state(&in_model), state(&in_leak)), (PropertyState::Fails, PropertyState::Holds));
        assert_same(&visible(&model, &question), &visible(&leak, &question));
        let subspaces = VisibleSubspaces::find(&leak, &(0..2 * M).collect::<Vec<_>>(), 0).unwrap();
        let bright = &leak.f * &subspaces.u_m;
        let without_dark = measure(bright.as_ref(), z.as_ref(), &question).unwrap();
        assert!((without_dark.score - in_model.score).abs() < 1e-9);
    }

    /// Theory.md §1.6, H1 dropped: what f(s∘q) has along a direction that no unembedding difference sees is arbitrary.
    #[test]
    fn the_whole_space_may_hold_what_the_distribution_does_not_determine() {
        let (subjects, asked) = rows();
        let question = Question { gamma: Gamma::WholeSpace, ..ask(&subjects, &asked, &ANSWERS) };
        let model = linear(8, 1);
        let mut curved = padded(&model, 0, 1, 9);
        (0..2 * M)
            .for_each(|i| curved.f[(i, 8)] = if i < M { 0.0 } else { 20.0 * normal(1, 1, i as u64)[(0, 0)] });
        assert!(max_abs_dlogp(&model, &curved) < 1e-12);
        let (in_model, in_curved) = (raw(&model, &question), raw(&curved, &question));
        assert!(in_model.score > 0.9 && in_curved.score < 0.2, "{} {}", in_model.score, in_curved.score);
        assert_same(&visible(&model, &question), &visible(&curved, &question));
    }

    #[test]
    fn degenerate_questions_are_not_answered_and_give_no_nan() {
        let (subjects, asked) = rows();
        let model = linear(8, 1);
        let mut constant = model.clone();
        let mut one_feature = model.clone();
        for j in 0..8 {
            (M..2 * M).for_each(|i| constant.f[(i, j)] = model.f[(M, j)]);
            (0..M).for_each(|i| one_feature.f[(i, j)] = model.f[(0, j)]);
        }
        let one_answer = ANSWERS[..1].to_vec();
        let (few, none): (&[usize], &[usize]) = (&subjects[..1], &[]);
        let cases = [
            (&constant, ask(&subjects, &asked, &ANSWERS), Some(Reason::NoVariation)),
            (&one_feature, ask(&subjects, &asked, &ANSWERS), Some(Reason::NoVariation)),
            (&model, ask(&subjects, &asked, &one_answer), Some(Reason::NoVariation)),
            (&model, ask(&subjects, &asked, none), Some(Reason::NoVariation)),
            (
                &model,
                Question { epsilon_num: 1.0, ..ask(&subjects, &asked, &ANSWERS) },
                Some(Reason::NoVariation),
            ),
            (&model, ask(few, &asked[..1], &ANSWERS), Some(Reason::TooFewSubjects)),
            (&model, ask(none, none, &ANSWERS), Some(Reason::TooFewSubjects)),
            (&model, ask(&subjects[..2], &asked[..2], &ANSWERS), Some(Reason::TooFewSubjects)),
            (&model, ask(&subjects[..3], &asked[..3], &ANSWERS), Some(Reason::TooFewSubjects)),
            (&model, ask(&subjects[..6], &asked[..6], &ANSWERS), Some(Reason::TooFewSubjects)),
            (&model, ask(&subjects[..19], &asked[..19], &ANSWERS), Some(Reason::TooFewSubjects)),
            (&model, ask(&subjects[..20], &asked[..20], &ANSWERS), None),
        ];
        for (case, (model, question, reason)) in cases.into_iter().enumerate() {
            let question = Question { n_draws: 9, ..question };
            let z = targets(model, model.f.as_ref(), &question);
            let side = Side { features: model.f.as_ref(), targets: z.as_ref() };
            for found in [
                raw(model, &question),
                visible(model, &question),
                subspace::measure(side.features, side.targets, &question).unwrap(),
            ] {
                let (low, high) = found.effect_interval;
                let numbers = [found.score, found.null_mean, low, high, found.p];
                assert!(numbers.iter().all(|x| x.is_finite()) && low <= high, "{case}: {found:?}");
                assert_eq!(found.shortage, reason, "{case}");
            }
            let carried = carried(side, side.features, side, &question).unwrap();
            let numbers =
                [carried.score, carried.interval.0, carried.interval.1, carried.own, carried.chance];
            assert!(numbers.iter().all(|x| x.is_finite()), "{case}: {carried:?}");
            assert!(subspace::correspondence(side, side.features, side, &question).unwrap().is_finite());
        }
    }

    /// A subject that occurs twice must not be fitted in one copy and tried on the other.
    #[test]
    fn copies_of_a_subject_stay_together() {
        let (subjects, asked) = rows();
        let model = model(30, 3, 1.0, |_| 0.0);
        let twice = |rows: &[usize]| [&rows[..20], &rows[..20]].concat();
        let (subjects_twice, asked_twice) = (twice(&subjects), twice(&asked));
        let once = raw(&model, &ask(&subjects[..20], &asked[..20], &ANSWERS));
        let found = raw(&model, &ask(&subjects_twice, &asked_twice, &ANSWERS));
        assert!((found.score - once.score).abs() < 0.3 && found.score < 0.2, "{found:?}\n{once:?}");
        assert_eq!(own(&found).n_subjects, 20);
    }

    #[test]
    fn a_score_that_still_rises_is_not_held_against_a_relation() {
        let (subjects, asked) = rows();
        let question = ask(&subjects, &asked, &ANSWERS);
        let model = model(50, 1, 0.0, |x| x);
        let found = raw(&model, &Question { delta: 1.0, ..question.clone() });
        assert!(found.score > own(&found).score_at_half + 0.05, "{found:?}");
        assert_eq!(found.shortage, Some(Reason::LearningCurveRising));
        // Where the effect is certain, there is no need for more.
        assert_eq!(raw(&model, &Question { delta: -1.0, ..question }).shortage, None);
    }

    /// Carried to an exact twin by the coupled map T = (g_A ↦ g_B), the relation is as good as the twin's own.
    #[test]
    fn a_relation_is_carried_to_a_twin_and_not_to_a_stranger() {
        let (subjects, asked) = rows();
        let question = ask(&subjects, &asked, &ANSWERS);
        let model = linear(8, 1);
        let twin = change_basis(&model, 4);
        let stranger = linear(8, 77);
        let z = |model: &Representation| targets(model, model.f.as_ref(), &question);
        let (z_model, z_twin, z_stranger) = (z(&model), z(&twin), z(&stranger));
        let side = |model: &'_ Representation| model.f.clone();
        let (f_model, f_twin, f_stranger) = (side(&model), side(&twin), side(&stranger));
        let a = Side { features: f_model.as_ref(), targets: z_model.as_ref() };
        // For a change of basis F_B T = F_A exactly.
        let to_twin = carried(
            a,
            f_model.as_ref(),
            Side { features: f_twin.as_ref(), targets: z_twin.as_ref() },
            &question,
        )
        .unwrap();
        assert!((to_twin.score - raw(&model, &question).score).abs() < 1e-9);
        assert!((to_twin.own - raw(&twin, &question).score).abs() < 1e-9);
        assert!(to_twin.chance < 0.0 && to_twin.interval.0 > 0.8 && to_twin.interval.1 <= 1.0, "{to_twin:?}");
        let b = Side { features: f_stranger.as_ref(), targets: z_stranger.as_ref() };
        let to_stranger = carried(a, f_stranger.as_ref(), b, &question).unwrap();
        assert!(to_stranger.score < 0.2 && to_stranger.own > 0.9, "{to_stranger:?}");
    }
}
