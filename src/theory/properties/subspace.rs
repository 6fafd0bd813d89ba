//! The linear subspace that the answers to a query read: its dimension, and whether two halves of the subjects agree
//! on it (theory.md §5.8).
//!
//! A_q is the ridge map from the features of a subject to its targets, H_q its row space. Directions are compared by
//! what they read: the angle between a and a' is that of the readings a·f(s) and a'·f(s) over all subjects, which is
//! the angle between Σ^{1/2}a and Σ^{1/2}a', Σ the covariance of the features. Everything is thus a function of the
//! features' Gram matrix.

use faer::linalg::solvers::Solve;
use faer::{Mat, MatRef, Side as Triangle};
use serde::{Deserialize, Serialize};

use super::relational::{Question, Side, Task, halves, in_common_row_space, nothing};
use super::ridge::{Factor, PenaltyChoice, stack};
use super::score::{Details, Histogram, Measured};
use crate::theory::representation::{TheoryError, centred, select_rows};
use crate::theory::statistics::{Stream, generator, jackknife_margin, mean, permutation, permutation_p};

/// Share of the largest singular value of A_q Σ^{1/2} above which a direction counts.
const COUNTS: f64 = 0.05;
/// Random ways of halving the subjects that a score averages.
const HALVINGS: usize = 2;
/// Shuffled targets in one product.
const ORDERS_PER_BLOCK: usize = 32;
/// Square length of what is new in a reading, relative to the reading, above which Gram matrices lose too few digits to
/// matter.
const INDEPENDENT: f64 = 1e-5;
/// Distance from 1 below which subspaces are the same and all that they differ by is rounding: ties must be ties.
const SAME: f64 = 1e-9;
/// Length of what is new in a reading, relative to the reading, below which it is rounding.
const ROUNDING: f64 = 1e-10;

/// What only the linear subspace has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubspaceDetails {
    /// Effective dimension of H_q: singular values of A_q Σ^{1/2} above 5% of the largest.
    pub dimension: usize,
    /// Subjects that took part.
    pub n_subjects: usize,
}

/// Stability of H_q: the mean cos² of the principal angles between the subspaces that two halves of the subjects give,
/// in [0, 1], averaged over two random ways of halving them, against the same with the correspondence of s_i and
/// s_i∘q shuffled. `features` is `[n, p]`, `targets` `[m, k]` (see [`targets`](super::relational::targets)).
///
/// A fit on half of the subjects reads `dimension` combinations of the answers: those in which the fit on all of them
/// varies most. So the halves are not cut off at singular values that may be nearly equal, and shuffled targets cost
/// one k×k eigenproblem instead of four; they too get their combinations from all subjects. They keep the penalty and the
/// dimension of the observed targets: with a penalty of their own they would be shrunk towards the directions in which
/// all subjects vary most, and both halves would agree for that reason.
///
/// The interval is score ± t·se with the jackknife's standard error over subjects, within [0, 1]: each replicate of a
/// bootstrap would fit four times, and copies of a subject on both sides would agree with themselves.
///
/// # Errors
/// [`TheoryError::NoConvergence`].
pub fn measure(
    features: MatRef<'_, f64>,
    targets: MatRef<'_, f64>,
    question: &Question<'_>,
) -> Result<Measured, TheoryError> {
    let task = Task::new(features, targets, question);
    let n_subjects = task.len();
    let details = |dimension| Details::Subspace(SubspaceDetails { dimension, n_subjects });
    if let Some(reason) = task.unmeasurable(question) {
        return Ok(nothing(reason, details(0)));
    }
    let fits = Fits::new(&task, question)?;
    let z = Factor::of(task.z.as_ref())?.principal();
    let observed = fits.whole.read(&z)?;
    let score = fits.stability(&observed);
    let rng = &mut generator(question.seed, Stream::NullShuffled);
    let orders: Vec<Vec<usize>> = (0..question.n_draws.max(1)).map(|_| permutation(z.nrows(), rng)).collect();
    let null = fits.shuffled(&z, &orders, &observed)?;
    let null_mean = mean(&null);
    let margin = fits.margin(task.len(), &observed);
    let effect_interval = ((score - margin).max(0.0) - null_mean, (score + margin).min(1.0) - null_mean);
    let gain = task.score_at_half(question)?.map_or(Ok(0.0), |half| Ok(task.score(question)? - half))?;
    let shortage = task.shortage(question, gain, effect_interval.0)?;
    Ok(Measured {
        score,
        null_mean,
        null: Histogram::of(&null),
        effect_interval,
        p: permutation_p(score, &null),
        shortage,
        details: details(observed.dimension()),
    })
}

/// Mean cos² of the principal angles, over B's subjects, between H_q of A carried to B, the row space of A_q^A Tᵀ, and
/// H_q of B, in [0, 1]; of as many angles as the smaller has directions. `b_in_a` (`[n, p_A]`) has rows F_B T with
/// T = b_from_a. Zero where either model has nothing to measure.
///
/// # Errors
/// [`TheoryError::NoConvergence`].
pub fn correspondence(
    a: Side<'_>,
    b_in_a: MatRef<'_, f64>,
    b: Side<'_>,
    question: &Question<'_>,
) -> Result<f64, TheoryError> {
    let in_a = Task::new(a.features, a.targets, question);
    let in_b = Task::new(b.features, b.targets, question);
    if in_a.unmeasurable(question).is_some() || in_b.unmeasurable(question).is_some() {
        return Ok(0.0);
    }
    let (x_a, b_in_a) = in_common_row_space(a.features, b_in_a, &in_a.subjects);
    let of_a = readings(&x_a, &b_in_a, &in_a.z)?;
    let of_b = readings(&in_b.x, &in_b.x, &in_b.z)?;
    Ok(mean_squared_cosine(&of_a, &of_b, of_a.ncols().min(of_b.ncols()).max(1)))
}

/// Orthonormal basis of what H_q, fitted on all rows of `x`, reads from the rows of `read`, `[m, dimension]`.
fn readings(x: &Mat<f64>, read: &Mat<f64>, z: &Mat<f64>) -> Result<Mat<f64>, TheoryError> {
    let whole = WholeFit::new(x)?;
    let reading = whole.read(z)?;
    let fitted = whole.factor.fitted(centred(read.as_ref()).as_ref(), reading.penalty, reading.z.as_ref());
    Ok(orthonormal(&fitted))
}

/// The fit on all subjects.
struct WholeFit {
    factor: Factor,
    choice: PenaltyChoice,
}

/// Targets as the combinations of answers that the fit on all subjects reads, and its penalty.
struct Reading {
    /// `[m, dimension]`.
    z: Mat<f64>,
    penalty: usize,
}

impl Reading {
    fn dimension(&self) -> usize {
        self.z.ncols()
    }
}

impl WholeFit {
    fn new(x: &Mat<f64>) -> Result<Self, TheoryError> {
        let factor = Factor::of(x.as_ref())?;
        Ok(Self { choice: PenaltyChoice::new(&factor), factor })
    }

    /// The penalty that predicts best, and the combinations of answers that count.
    fn read(&self, z: &Mat<f64>) -> Result<Reading, TheoryError> {
        let spread = centred(z.as_ref()).squared_norm_l2();
        self.read_at(z.clone(), &self.factor.coordinates(z.as_ref()), 0, spread, None)
    }

    /// The same from the coordinates of the targets, columns `first`.. of `coordinates`, and their square norm about
    /// their mean; with the penalty and as many combinations as another reading.
    fn read_at(
        &self,
        z: Mat<f64>,
        coordinates: &Mat<f64>,
        first: usize,
        spread: f64,
        like: Option<&Reading>,
    ) -> Result<Reading, TheoryError> {
        let k = z.ncols();
        let penalty = like.map_or_else(
            || self.choice.choose((first..first + k).map(|j| coordinates.col_as_slice(j)), spread),
            |like| like.penalty,
        );
        let dimension = like.map(Reading::dimension);
        if dimension == Some(k) {
            // All combinations: which basis of them does not matter.
            return Ok(Reading { z, penalty });
        }
        // Σ^{1/2}A_qᵀ in coordinates of the features' singular vectors.
        let shares = self.factor.shares(penalty);
        let fitted = Mat::from_fn(shares.len(), k, |i, j| shares[i] * coordinates[(i, first + j)]);
        Ok(Reading { z: z * leading_answers(&fitted, dimension)?, penalty })
    }
}

/// All that does not depend on the targets. Readers take targets of the rows fitted on to the rows of Σ^{1/2}A_qᵀ.
struct Fits {
    whole: WholeFit,
    halvings: Vec<[HalfFit; 2]>,
}

struct HalfFit {
    rows: Vec<usize>,
    factor: Factor,
    /// For each penalty, `[rank, rows]`.
    readers: Vec<Mat<f64>>,
}

impl Fits {
    fn new(task: &Task, question: &Question<'_>) -> Result<Self, TheoryError> {
        let whole = WholeFit::new(&task.x)?;
        let root = whole.factor.root();
        let rng = &mut generator(question.seed, Stream::Split);
        let halvings = (0..HALVINGS)
            .map(|_| {
                let [one, other] = halves(task.len(), rng);
                Ok([HalfFit::new(&task.x, &root, one)?, HalfFit::new(&task.x, &root, other)?])
            })
            .collect::<Result<_, TheoryError>>()?;
        Ok(Self { whole, halvings })
    }

    /// Stabilities with the rows of centred targets in each of the given orders, read like the observed targets.
    fn shuffled(
        &self,
        z: &Mat<f64>,
        orders: &[Vec<usize>],
        observed: &Reading,
    ) -> Result<Vec<f64>, TheoryError> {
        let (k, spread) = (z.ncols(), z.squared_norm_l2());
        let mut stabilities = Vec::with_capacity(orders.len());
        for orders in orders.chunks(ORDERS_PER_BLOCK) {
            let stacked = stack(z, orders);
            let coordinates = self.whole.factor.coordinates(stacked.as_ref());
            for block in 0..orders.len() {
                let z = stacked.subcols(block * k, k).to_owned();
                let reading = self.whole.read_at(z, &coordinates, block * k, spread, Some(observed))?;
                stabilities.push(self.stability(&reading));
            }
        }
        Ok(stabilities)
    }

    fn stability(&self, reading: &Reading) -> f64 {
        let agreements: Vec<f64> = self
            .halvings
            .iter()
            .map(|[one, other]| {
                mean_squared_cosine(&one.basis(reading), &other.basis(reading), reading.dimension())
            })
            .collect();
        mean(&agreements)
    }

    /// t·se: how far the stability may lie from its expectation, by the jackknife over subjects.
    fn margin(&self, n_subjects: usize, reading: &Reading) -> f64 {
        let mut left_out = vec![0.0; n_subjects];
        for pair in &self.halvings {
            let bases = pair.each_ref().map(|half| half.basis(reading));
            for (half, other) in [(&pair[0], &bases[1]), (&pair[1], &bases[0])] {
                let whole = half.leave_out(reading);
                for &subject in &half.rows {
                    let without = orthonormal(&whole.without(&[subject]));
                    left_out[subject] += mean_squared_cosine(&without, other, reading.dimension());
                }
            }
        }
        left_out.iter_mut().for_each(|sum| *sum /= self.halvings.len() as f64);
        jackknife_margin(&left_out)
    }
}

impl HalfFit {
    fn new(x: &Mat<f64>, root: &Mat<f64>, rows: Vec<usize>) -> Result<Self, TheoryError> {
        let factor = Factor::of(select_rows(x.as_ref(), &rows).as_ref())?;
        Ok(Self { readers: factor.readers(root.as_ref()), factor, rows })
    }

    /// Orthonormal basis of H_q as this half has it.
    fn basis(&self, reading: &Reading) -> Mat<f64> {
        orthonormal(&(&self.readers[reading.penalty] * select_rows(reading.z.as_ref(), &self.rows)))
    }

    fn leave_out(&self, reading: &Reading) -> LeaveOut<'_> {
        let z = select_rows(reading.z.as_ref(), &self.rows);
        let (reader, dual) = (&self.readers[reading.penalty], self.factor.dual(reading.penalty));
        LeaveOut { rows: &self.rows, fitted: reader * &z, weights: &dual * z, reader, dual }
    }
}

/// What leaving subjects out of one fit takes. With α = Cz the fit is X_cᵀα, and without the rows S (penalty unchanged)
/// it is X_cᵀ(α − C_{·S} C_SS⁻¹ α_S): a block inverse, so that no fit is repeated.
struct LeaveOut<'a> {
    rows: &'a [usize],
    fitted: Mat<f64>,
    weights: Mat<f64>,
    reader: &'a Mat<f64>,
    dual: Mat<f64>,
}

impl LeaveOut<'_> {
    /// The fit without one subject's rows, `[rank, dimension]`; that of a single subject is left as it is.
    fn without(&self, subject: &[usize]) -> Mat<f64> {
        let places: Vec<usize> = (0..self.rows.len()).filter(|&i| subject.contains(&self.rows[i])).collect();
        if places.len() == self.rows.len() {
            return self.fitted.clone();
        }
        let reader = Mat::from_fn(self.reader.nrows(), places.len(), |i, j| self.reader[(i, places[j])]);
        let dual = Mat::from_fn(places.len(), places.len(), |i, j| self.dual[(places[i], places[j])]);
        let weights = select_rows(self.weights.as_ref(), &places);
        &self.fitted - reader * dual.partial_piv_lu().solve(weights)
    }
}

/// The combinations of answers, `[k, dimension]`, in which what is fitted (`[rank, k]`) varies most: right singular
/// vectors, from the k×k Gram matrix, whose lost digits are far below the share of the largest that counts.
fn leading_answers(fitted: &Mat<f64>, dimension: Option<usize>) -> Result<Mat<f64>, TheoryError> {
    let k = fitted.ncols();
    let gram = fitted.transpose() * fitted;
    let eigen = gram
        .self_adjoint_eigen(Triangle::Lower)
        .map_err(|_| TheoryError::NoConvergence { rows: k, columns: k })?;
    let squares = eigen.S().column_vector();
    let least = COUNTS * COUNTS * squares[k - 1];
    let counted = (0..k).filter(|&i| squares[i] > least).count();
    // Of no fit at all any one direction is as good as another.
    let dimension = dimension.unwrap_or(counted.max(1));
    Ok(eigen.U().subcols(k - dimension, dimension).to_owned())
}

/// Orthonormal basis of the columns: A L⁻ᵀ with LLᵀ = AᵀA where these are clearly independent.
fn orthonormal(columns: &Mat<f64>) -> Mat<f64> {
    let gram = columns.transpose() * columns;
    let independent = gram.llt(Triangle::Lower).ok().filter(|llt| {
        (0..gram.ncols()).all(|j| llt.L()[(j, j)] * llt.L()[(j, j)] > INDEPENDENT * gram[(j, j)])
    });
    let Some(llt) = independent else { return gram_schmidt(columns) };
    let (l, mut basis) = (llt.L(), columns.clone());
    for j in 0..columns.ncols() {
        let mut new = columns.col_as_slice(j).to_vec();
        for i in 0..j {
            new.iter_mut().zip(basis.col_as_slice(i)).for_each(|(x, u)| *x -= l[(j, i)] * u);
        }
        basis.col_as_slice_mut(j).iter_mut().zip(&new).for_each(|(to, x)| *to = x / l[(j, j)]);
    }
    basis
}

/// The same where columns that the earlier ones span are to be left out: Gram and Schmidt, twice each.
fn gram_schmidt(columns: &Mat<f64>) -> Mat<f64> {
    let length = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(columns.ncols());
    for j in 0..columns.ncols() {
        let mut new = columns.col_as_slice(j).to_vec();
        for unit in basis.iter().chain(&basis) {
            let along: f64 = unit.iter().zip(&new).map(|(u, x)| u * x).sum();
            new.iter_mut().zip(unit).for_each(|(x, u)| *x -= along * u);
        }
        let rest = length(&new);
        if rest > ROUNDING * length(columns.col_as_slice(j)) {
            new.iter_mut().for_each(|x| *x /= rest);
            basis.push(new);
        }
    }
    Mat::from_fn(columns.nrows(), basis.len(), |i, j| basis[j][i])
}

/// Mean cos² of `dimension` principal angles between the spans of orthonormal columns; what is missing is orthogonal.
fn mean_squared_cosine(one: &Mat<f64>, other: &Mat<f64>, dimension: usize) -> f64 {
    let mean = (one.transpose() * other).squared_norm_l2() / dimension as f64;
    if mean > 1.0 - SAME { 1.0 } else { mean }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::properties::relational::tests::{ask, references};
    use crate::theory::properties::score::Rule;
    use crate::theory::twin::tests::normal;
    use crate::theory::verdict::{PropertyState, Reason};
    use faer::linalg::solvers::DenseSolveCore;

    fn own(measured: &Measured) -> &SubspaceDetails {
        match &measured.details {
            Details::Subspace(details) => details,
            other => panic!("not of a subspace: {other:?}"),
        }
    }

    #[test]
    fn dimension_stability_and_jackknife_match_numpy() {
        for case in references() {
            let subjects: Vec<usize> = (0..case.x.nrows()).collect();
            let question = ask(&subjects, &subjects, &[]);
            let task = Task::new(case.x.as_ref(), case.logits.as_ref(), &question);
            let mut fits = Fits::new(&task, &question).unwrap();
            let root = Factor::of(task.x.as_ref()).unwrap().root();
            let half = |rows: &Vec<usize>| HalfFit::new(&task.x, &root, rows.clone()).unwrap();
            fits.halvings = case.halvings.iter().map(|pair| pair.each_ref().map(half)).collect();
            let reading = fits.whole.read(&task.z).unwrap();
            assert_eq!(reading.dimension(), case.place("dimension"));
            let (stability, margin) = (fits.stability(&reading), fits.margin(task.len(), &reading));
            assert!((stability - case.number("stability")).abs() < 1e-8, "{stability}");
            assert!((margin - case.number("margin")).abs() < 1e-7, "{margin} {}", case.number("margin"));
        }
    }

    #[test]
    fn the_correspondence_of_two_models_matches_numpy() {
        for case in references() {
            let subjects: Vec<usize> = (0..case.x.nrows()).collect();
            let question = ask(&subjects, &subjects, &[]);
            let (a, b) = (
                Task::new(case.x.as_ref(), case.logits.as_ref(), &question),
                Task::new(case.x_b.as_ref(), case.logits_b.as_ref(), &question),
            );
            let b_in_a = &case.x_b * &case.b_from_a;
            let (x_a, b_in_a) = in_common_row_space(case.x.as_ref(), b_in_a.as_ref(), &subjects);
            let of_a = readings(&x_a, &b_in_a, &a.z).unwrap();
            let of_b = readings(&b.x, &b.x, &b.z).unwrap();
            let found = mean_squared_cosine(&of_a, &of_b, of_a.ncols().min(of_b.ncols()));
            assert!((found - case.number("correspondence")).abs() < 1e-8, "{found}");
        }
    }

    /// Forty subjects in R^p, six answers that read `rank` directions.
    fn relation(p: usize, rank: usize, noise: f64, seed: u64) -> (Mat<f64>, Mat<f64>) {
        let x = normal(40, p, seed);
        let read = &x * normal(p, rank, seed + 1) * normal(rank, 6, seed + 2);
        let z = read + normal(40, 6, seed + 3) * faer::Scale(noise);
        (x, z)
    }

    #[test]
    fn the_subspace_of_a_linear_relation_is_found_and_holds() {
        let subjects: Vec<usize> = (0..40).collect();
        let question = ask(&subjects, &subjects, &[]);
        let rule = Rule { delta: 0.2, max_p: 0.01 };
        for rank in [1, 2, 3] {
            let (x, z) = relation(12, rank, 0.05, 1);
            let found = measure(x.as_ref(), z.as_ref(), &question).unwrap();
            assert_eq!(own(&found), &SubspaceDetails { dimension: rank, n_subjects: 40 });
            assert!(found.score > 0.95 && found.p == 0.01 && found.null_mean < 0.7, "{found:?}");
            assert_eq!(found.clone().judged(found.p, rule).state, PropertyState::Holds);
        }
        let (x, _) = relation(12, 2, 0.0, 1);
        let found = measure(x.as_ref(), normal(40, 6, 700).as_ref(), &question).unwrap();
        assert!(found.p > 0.05 && (found.score - found.null_mean).abs() < 0.2, "{found:?}");
        assert_ne!(found.clone().judged(found.p, rule).state, PropertyState::Holds);
    }

    /// The same subspace in other coordinates, and one that shares one of two directions.
    #[test]
    fn correspondence_counts_shared_directions() {
        let subjects: Vec<usize> = (0..40).collect();
        let question = ask(&subjects, &subjects, &[]);
        let x = normal(40, 6, 1);
        // Answers read the coordinates named, by two orthogonal contrasts.
        let answers = |first: usize, second: usize| {
            Mat::from_fn(40, 3, |i, y| {
                let contrast = [[1.0, 1.0], [-1.0, 1.0], [0.0, -2.0]][y];
                contrast[0] * x[(i, first)] + contrast[1] * x[(i, second)]
            })
        };
        let b_from_a = normal(6, 6, 7);
        let x_b = &x * b_from_a.partial_piv_lu().inverse();
        let b_in_a = &x_b * &b_from_a;
        let between = |of_a: Mat<f64>, of_b: Mat<f64>| {
            let a = Side { features: x.as_ref(), targets: of_a.as_ref() };
            let b = Side { features: x_b.as_ref(), targets: of_b.as_ref() };
            correspondence(a, b_in_a.as_ref(), b, &question).unwrap()
        };
        let same = between(answers(0, 1), answers(0, 1));
        assert!((same - 1.0).abs() < 1e-6, "{same}");
        let shared = between(answers(0, 1), answers(0, 2));
        assert!(shared > 0.45 && shared < 0.65, "{shared}");
        let other = between(answers(0, 1), answers(2, 3));
        assert!(other < 0.15, "{other}");
    }

    /// As many directions as features: any two halves agree, and so do shuffled ones. No effect, hence no claim.
    #[test]
    fn a_subspace_that_is_everything_has_no_effect() {
        let subjects: Vec<usize> = (0..40).collect();
        let (x, z) = relation(2, 2, 0.05, 4);
        let found = measure(x.as_ref(), z.as_ref(), &ask(&subjects, &subjects, &[])).unwrap();
        assert!((found.score - 1.0).abs() < 1e-9 && (found.null_mean - 1.0).abs() < 1e-9);
        assert_eq!((found.p, found.shortage), (1.0, None));
        assert!(found.effect_interval.1 < 0.2);
    }

    #[test]
    fn few_subjects_in_many_dimensions_are_a_shortage() {
        let subjects: Vec<usize> = (0..40).collect();
        let (x, z) = relation(50, 3, 0.0, 1);
        let found = measure(x.as_ref(), z.as_ref(), &ask(&subjects, &subjects, &[])).unwrap();
        assert_eq!(found.shortage, Some(Reason::LearningCurveRising), "{found:?}");
    }

    /// A fit that leaves a subject of two rows out by the block inverse is the fit to the other rows, by the dual
    /// formula with the same penalty.
    #[test]
    fn leaving_a_subject_out_is_fitting_the_others() {
        let (x, z) = (normal(12, 5, 1), normal(12, 2, 2));
        let factor = Factor::of(x.as_ref()).unwrap();
        for place in [0, 5, 10] {
            let half = HalfFit::new(&x, &factor.root(), (0..12).collect()).unwrap();
            let found = half.leave_out(&Reading { z: z.clone(), penalty: place }).without(&[2, 9]);
            let others: Vec<usize> = (0..12).filter(|i| ![2, 9].contains(i)).collect();
            let (x, z) =
                (centred(select_rows(x.as_ref(), &others).as_ref()), select_rows(z.as_ref(), &others));
            let penalised =
                &x * x.transpose() + Mat::<f64>::identity(10, 10) * faer::Scale(factor.penalty(place));
            let dual = penalised.partial_piv_lu().solve(centred(z.as_ref()));
            let expected = factor.root() * (x.transpose() * dual);
            assert!((&found - &expected).norm_l2() < 1e-7 * expected.norm_l2(), "{found:?} {expected:?}");
        }
        let alone = HalfFit::new(&x, &factor.root(), vec![3]).unwrap();
        assert!(alone.leave_out(&Reading { z, penalty: 0 }).without(&[3]).norm_l2() == 0.0);
    }
}
