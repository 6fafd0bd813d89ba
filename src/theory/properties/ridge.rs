//! Ridge regression with nested cross-validation, on whose held-out predictions scores rest (theory.md §5.8).
//!
//! A ridge fit depends on its features X only through XXᵀ, so features may be wide, and features with one Gram matrix
//! give one answer: visible features, whose Gram matrix is that of centred log-probabilities, give the same scores for
//! all models of one distribution.
//!
//! Predictions are of rows that no part of the fit has seen: five outer folds, and the penalty is chosen inside each
//! training set, there by generalised cross-validation (Golub, Heath & Wahba 1979), GCV(λ) = n‖(I − H_λ)Z‖² /
//! (n − tr H_λ)². That is leave-one-out in the form that rotations of the rows leave as it is, and it takes no more than
//! C = UᵀZ, U the left singular vectors of the features: the nulls fit thousands of permuted targets, for each of which
//! inner folds would cost ten times as much. It takes rows for independent, so each subject has one row.
//!
//! All coordinates C, of all folds and of many targets, are one product.

use std::ops::Range;

use faer::{Mat, MatRef};

use crate::theory::representation::{Representation, TheoryError, centred, select_rows, triangular_factor};
use crate::theory::statistics::{Stream, cluster_members, generator, permutation};

/// Outer folds.
const FOLDS: usize = 5;
/// Candidate penalties: 1e-8, 1e-7, …, 1e2 times the mean square length of a centred training row.
const PENALTIES: usize = 11;
/// Values of GCV that differ by less than this share are equal, and the larger penalty is then chosen.
const TIE: f64 = 1e-9;
/// Residual degrees of freedom, n − tr H, relative to n, below which a penalty is not considered: where the features
/// could fit anything, GCV is 0/0 as λ → 0.
const LEAST_FREEDOM: f64 = 0.01;
/// Columns of permuted targets in one product: few enough to stay in a core's cache.
const COLUMNS_PER_BLOCK: usize = 512;

/// R_gᵀ/√V, `[d, min(V, d)]`, R_g the triangular factor of centred G: F times this has rows whose inner products are
/// those of centred log-probabilities, K_vis = F C_g Fᵀ (theory.md §5.4), a function of the distribution alone.
pub fn visible_map(model: &Representation) -> Mat<f64> {
    let factor = triangular_factor(centred(model.g.as_ref()).as_ref());
    factor.transpose() * faer::Scale(1.0 / (model.n_tokens() as f64).sqrt())
}

/// X in coordinates of the space its rows span: `[m, min(m, p)]`, the same Gram matrix, for less work where X is wide.
pub(super) fn in_row_space(x: MatRef<'_, f64>) -> Mat<f64> {
    triangular_factor(x.transpose()).transpose().to_owned()
}

/// Rows to fit on and rows to predict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Split {
    /// Rows that a fit sees.
    pub(super) train: Vec<usize>,
    /// Rows that it does not.
    pub(super) test: Vec<usize>,
}

/// The folds of cross-validation; rows of one subject stay together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folds(Vec<Split>);

impl Folds {
    /// Random folds; `subjects[i]` is the subject of row i.
    pub(super) fn draw(subjects: &[usize], seed: u64) -> Self {
        let members = cluster_members(subjects);
        let order = permutation(members.len(), &mut generator(seed, Stream::Folds));
        Self::in_order(&order.into_iter().map(|subject| members[subject].clone()).collect::<Vec<_>>())
    }

    /// Subjects, given by their rows, are dealt to five folds in turn. Fewer than five are left out one by one; of a
    /// single one nothing can be held out, and there is no fold.
    pub(super) fn in_order(members: &[Vec<usize>]) -> Self {
        let n_folds = if members.len() < 2 { 0 } else { members.len().min(FOLDS) };
        let split = |fold: usize| {
            let rows = |inside: bool| {
                let chosen = members.iter().enumerate().filter(|(i, _)| (i % n_folds == fold) == inside);
                chosen.flat_map(|(_, rows)| rows.iter().copied()).collect()
            };
            Split { train: rows(false), test: rows(true) }
        };
        Self((0..n_folds).map(split).collect())
    }
}

/// Centred training features X_c = U diag(s) Vᵀ. The singular values of X_c, not the eigenvalues of its Gram matrix: what
/// is squared first has lost half of its digits, and twins would then not agree.
pub(super) struct Factor {
    means: Vec<f64>,
    u: Mat<f64>,
    s: Vec<f64>,
    v: Mat<f64>,
}

impl Factor {
    /// Of features `[n, p]`, n ≥ 1. What is left of rows that are all equal is rounding, and counts as nothing.
    ///
    /// # Errors
    /// [`TheoryError::NoConvergence`].
    pub(super) fn of(x: MatRef<'_, f64>) -> Result<Self, TheoryError> {
        let (n, p) = (x.nrows(), x.ncols());
        let svd = centred(x).thin_svd().map_err(|_| TheoryError::NoConvergence { rows: n, columns: p })?;
        let rounding = n.max(p) as f64 * f64::EPSILON * x.norm_l2();
        let s: Vec<f64> = svd.S().column_vector().iter().copied().take_while(|&s| s > rounding).collect();
        Ok(Self {
            means: (0..p).map(|j| x.col(j).iter().sum::<f64>() / n as f64).collect(),
            u: svd.U().subcols(0, s.len()).to_owned(),
            v: svd.V().subcols(0, s.len()).to_owned(),
            s,
        })
    }

    /// Singular values above `share` of the largest.
    pub(super) fn rank(&self, share: f64) -> usize {
        let largest = self.s.first().copied().unwrap_or(0.0);
        self.s.iter().filter(|&&s| s > share * largest).count()
    }

    /// diag(s) Vᵀ, `[rank, p]`: a linear map of the features is as large on it as on the centred training rows.
    pub(super) fn root(&self) -> Mat<f64> {
        Mat::from_fn(self.s.len(), self.v.nrows(), |i, j| self.s[i] * self.v[(j, i)])
    }

    /// U diag(s), `[n, rank]`: the centred rows in coordinates of the space that they span.
    pub(super) fn principal(&self) -> Mat<f64> {
        scaled_columns(&self.u, &self.s)
    }

    /// C = UᵀZ, `[rank, k]`: coordinates of targets `[n, k]` along what the features span.
    pub(super) fn coordinates(&self, targets: MatRef<'_, f64>) -> Mat<f64> {
        self.u.transpose() * targets
    }

    /// For each penalty λ the matrix L V diag(s/(s² + λ)) Uᵀ, `[t, n]`, that takes targets to what the fitted linear
    /// map (without intercept) makes of the rows of L, `[t, p]`.
    pub(super) fn readers(&self, left: MatRef<'_, f64>) -> Vec<Mat<f64>> {
        let along = left * &self.v;
        (0..PENALTIES)
            .map(|place| scaled_columns(&along, &self.inverse(place)) * self.u.transpose())
            .collect()
    }

    /// What the fit to these targets, `[n, k]`, at one penalty makes of the rows of L, `[t, p]`.
    pub(super) fn fitted(&self, left: MatRef<'_, f64>, place: usize, targets: MatRef<'_, f64>) -> Mat<f64> {
        scaled_columns(&(left * &self.v), &self.inverse(place)) * self.coordinates(targets)
    }

    /// s/(s² + λ) of each singular value.
    fn inverse(&self, place: usize) -> Vec<f64> {
        let penalty = self.penalty(place);
        self.s.iter().map(|s| s / (s * s + penalty)).collect()
    }

    /// w = s²/(s² + λ), the share of each coordinate of the targets that is fitted.
    pub(super) fn shares(&self, place: usize) -> Vec<f64> {
        self.inverse(place).iter().zip(&self.s).map(|(inverse, s)| inverse * s).collect()
    }

    /// C = J (X_c X_cᵀ + λ)⁻¹ J, `[n, n]`, J what takes the mean away: the fitted map is X_cᵀ C times the targets.
    pub(super) fn dual(&self, place: usize) -> Mat<f64> {
        let (n, penalty) = (self.u.nrows(), self.penalty(place));
        // Rows that are all equal have a penalty of zero, and any one does for them.
        let inverse = if penalty > 0.0 { 1.0 / penalty } else { 1.0 };
        let apart = Mat::from_fn(n, self.s.len(), |i, j| {
            self.u[(i, j)] * (1.0 / (self.s[j] * self.s[j] + penalty) - inverse)
        });
        let centring = |i: usize, j: usize| f64::from(u8::from(i == j)) - 1.0 / n as f64;
        apart * self.u.transpose() + Mat::from_fn(n, n, |i, j| inverse * centring(i, j))
    }

    /// λ, in the units of XXᵀ.
    pub(super) fn penalty(&self, place: usize) -> f64 {
        let mean_square = self.s.iter().map(|s| s * s).sum::<f64>() / self.u.nrows() as f64;
        10.0_f64.powi(place as i32 - 8) * mean_square
    }

    /// The rows of X less the training mean.
    pub(super) fn apart_from_mean(&self, x: MatRef<'_, f64>) -> Mat<f64> {
        Mat::from_fn(x.nrows(), x.ncols(), |i, j| x[(i, j)] - self.means[j])
    }
}

fn scaled_columns(x: &Mat<f64>, scales: &[f64]) -> Mat<f64> {
    Mat::from_fn(x.nrows(), x.ncols(), |i, j| x[(i, j)] * scales[j])
}

/// Chooses the penalty of a fit by generalised cross-validation.
pub(super) struct PenaltyChoice {
    candidates: Vec<Candidate>,
    /// The features can fit any targets: nothing lies outside of what they span.
    interpolates: bool,
}

struct Candidate {
    /// (1 − w)² for each coordinate.
    unfitted: Vec<f64>,
    /// 1/(n − tr H)²; infinite where the penalty is not considered.
    weight: f64,
}

impl PenaltyChoice {
    /// For fits to the features of this factor.
    pub(super) fn new(factor: &Factor) -> Self {
        let (n, rank) = (factor.u.nrows(), factor.s.len());
        let candidate = |place: usize| {
            let penalty = factor.penalty(place);
            let left: Vec<f64> = factor.s.iter().map(|s| penalty / (s * s + penalty)).collect();
            let freedom = n.saturating_sub(rank + 1) as f64 + left.iter().sum::<f64>();
            let considered = freedom >= LEAST_FREEDOM * n as f64;
            Candidate {
                unfitted: left.iter().map(|left| left * left).collect(),
                weight: if considered { freedom.powi(-2) } else { f64::INFINITY },
            }
        };
        Self { candidates: (0..PENALTIES).map(candidate).collect(), interpolates: rank + 1 >= n }
    }

    /// The place of the best penalty, the largest of the best, for targets with coordinates C (columns of equal length,
    /// `[rank]` each) and the square norm `total` about their mean.
    pub(super) fn choose<'a>(&self, coordinates: impl Iterator<Item = &'a [f64]>, total: f64) -> usize {
        let mut squares = vec![0.0; self.candidates[0].unfitted.len()];
        for column in coordinates {
            squares.iter_mut().zip(column).for_each(|(sum, c)| *sum += c * c);
        }
        // A difference of rounding has no sign.
        let outside = if self.interpolates { 0.0 } else { (total - squares.iter().sum::<f64>()).max(0.0) };
        let values: Vec<f64> =
            self.candidates.iter().map(|candidate| candidate.value(&squares, outside)).collect();
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        values.iter().rposition(|&value| value <= least * (1.0 + TIE)).unwrap_or(PENALTIES - 1)
    }
}

impl Candidate {
    /// GCV/n.
    fn value(&self, squares: &[f64], outside: f64) -> f64 {
        if self.weight.is_infinite() {
            return f64::INFINITY;
        }
        let inside: f64 = self.unfitted.iter().zip(squares).map(|(unfitted, square)| unfitted * square).sum();
        (inside + outside) * self.weight
    }
}

/// Ridge regression that predicts each row from fits that did not see it, penalty included.
pub(super) struct HeldOutRidge {
    folds: Vec<OuterFold>,
    /// `[Σ (rank + 1), m]`: for each fold Uᵀ of its training rows, and a row that takes their mean.
    analysis: Mat<f64>,
}

struct OuterFold {
    split: Split,
    choice: PenaltyChoice,
    /// w/s for each penalty and singular value: what a coordinate of the targets counts in the fitted map.
    scales: Vec<Vec<f64>>,
    /// `[test, rank + 1]`: the held-out rows along V, and a column of ones for the mean.
    along: Mat<f64>,
    /// Where its rows of `analysis` begin.
    start: usize,
}

impl OuterFold {
    fn rank(&self) -> usize {
        self.along.ncols() - 1
    }

    /// Turns the coordinates in these columns into those of the fit, at the penalty that they choose; `squares` are the
    /// square lengths of the rows of the targets.
    fn shrink(&self, coordinates: &mut Mat<f64>, columns: Range<usize>, squares: &[f64]) {
        let rows = self.start..self.start + self.rank();
        let mean_square: f64 = columns.clone().map(|j| coordinates[(rows.end, j)].powi(2)).sum();
        let squares = self.split.train.iter().map(|&row| squares[row]);
        let spread = squares.sum::<f64>() - self.split.train.len() as f64 * mean_square;
        let inside = columns.clone().map(|j| &coordinates.col_as_slice(j)[rows.clone()]);
        let scales = &self.scales[self.choice.choose(inside, spread)];
        for j in columns {
            let column = &mut coordinates.col_as_slice_mut(j)[rows.clone()];
            column.iter_mut().zip(scales).for_each(|(c, scale)| *c *= scale);
        }
    }
}

impl HeldOutRidge {
    /// Fits on rows of `x` and predicts at rows of `evaluated`, both `[m, p]` in the same coordinates.
    ///
    /// # Errors
    /// [`TheoryError::NoConvergence`].
    pub(super) fn new(
        x: MatRef<'_, f64>,
        evaluated: MatRef<'_, f64>,
        folds: &Folds,
    ) -> Result<Self, TheoryError> {
        let factors = folds
            .0
            .iter()
            .map(|split| Factor::of(select_rows(x, &split.train).as_ref()))
            .collect::<Result<Vec<_>, _>>()?;
        let rows = factors.iter().map(|factor| factor.s.len() + 1).sum();
        let mut ridge =
            Self { folds: Vec::with_capacity(factors.len()), analysis: Mat::zeros(rows, x.nrows()) };
        let mut start = 0;
        for (split, factor) in folds.0.iter().zip(&factors) {
            let rank = factor.s.len();
            for (place, &row) in split.train.iter().enumerate() {
                (0..rank).for_each(|i| ridge.analysis[(start + i, row)] = factor.u[(place, i)]);
                ridge.analysis[(start + rank, row)] = 1.0 / split.train.len() as f64;
            }
            let along = factor.apart_from_mean(select_rows(evaluated, &split.test).as_ref()) * &factor.v;
            let with_mean = |i: usize, j: usize| if j < rank { along[(i, j)] } else { 1.0 };
            ridge.folds.push(OuterFold {
                split: split.clone(),
                choice: PenaltyChoice::new(factor),
                scales: (0..PENALTIES).map(|place| factor.inverse(place)).collect(),
                along: Mat::from_fn(split.test.len(), rank + 1, with_mean),
                start,
            });
            start += rank + 1;
        }
        Ok(ridge)
    }

    /// Held-out predictions of targets `[m, k]`.
    pub(super) fn predict(&self, targets: MatRef<'_, f64>) -> Mat<f64> {
        // About their means, for the spread of training rows is found as a difference.
        let apart = centred(targets);
        targets - &apart + self.predictions(&self.fit(&apart, targets.ncols()))
    }

    /// Fits to centred targets `[m, k·blocks]`, each block of k columns with penalties of its own: for each row of
    /// `analysis`, w/s times what it makes of the targets; means as they are.
    fn fit(&self, targets: &Mat<f64>, k: usize) -> Mat<f64> {
        let mut coordinates = &self.analysis * targets;
        for first in (0..targets.ncols()).step_by(k) {
            let mut squares = vec![0.0; targets.nrows()];
            for j in first..first + k {
                squares.iter_mut().zip(targets.col_as_slice(j)).for_each(|(sum, z)| *sum += z * z);
            }
            self.folds.iter().for_each(|fold| fold.shrink(&mut coordinates, first..first + k, &squares));
        }
        coordinates
    }

    /// What fits make of the held-out rows.
    fn predictions(&self, fits: &Mat<f64>) -> Mat<f64> {
        let mut predicted = Mat::zeros(self.analysis.ncols(), fits.ncols());
        for fold in &self.folds {
            let part = &fold.along * fits.subrows(fold.start, fold.rank() + 1);
            for j in 0..fits.ncols() {
                let (from, to) = (part.col_as_slice(j), predicted.col_as_slice_mut(j));
                fold.split.test.iter().zip(from).for_each(|(&row, &value)| to[row] = value);
            }
        }
        predicted
    }

    /// Σ‖z − z̄_train‖² over the held-out rows of targets whose rows sum to zero and have the square norm `total`: as the
    /// held-out rows then sum to −n_train z̄_train, the means are all that it takes.
    fn reference(&self, fits: &Mat<f64>, columns: &Range<usize>, total: f64) -> f64 {
        let of_fold = |fold: &OuterFold| {
            let mean_square: f64 = columns.clone().map(|j| fits[(fold.start + fold.rank(), j)].powi(2)).sum();
            (2 * fold.split.train.len() + fold.split.test.len()) as f64 * mean_square
        };
        total + self.folds.iter().map(of_fold).sum::<f64>()
    }

    /// The mean of the training targets for each held-out row: what is predicted without features.
    pub(super) fn training_means(&self, targets: MatRef<'_, f64>) -> Mat<f64> {
        let mut means = Mat::zeros(targets.nrows(), targets.ncols());
        for j in 0..targets.ncols() {
            let column = targets.col(j);
            let sum: f64 = column.iter().sum();
            let means = means.col_as_slice_mut(j);
            for Split { train, test } in self.splits() {
                let held_out: f64 = test.iter().map(|&i| column[i]).sum();
                test.iter().for_each(|&i| means[i] = (sum - held_out) / train.len() as f64);
            }
        }
        means
    }

    /// The outer splits.
    pub(super) fn splits(&self) -> impl Iterator<Item = &Split> {
        self.folds.iter().map(|fold| &fold.split)
    }

    /// Held-out R² of the targets with their rows in each of the given orders.
    pub(super) fn shuffled_scores(&self, targets: MatRef<'_, f64>, orders: &[Vec<usize>]) -> Vec<f64> {
        let (targets, k) = (centred(targets), targets.ncols());
        let total = targets.squared_norm_l2();
        let block_scores = |orders: &[Vec<usize>]| {
            let stacked = stack(&targets, orders);
            let fits = self.fit(&stacked, k);
            let predicted = self.predictions(&fits);
            let score = |block: usize| {
                let columns = block * k..(block + 1) * k;
                let apart = |j| squared_distance(stacked.col_as_slice(j), predicted.col_as_slice(j));
                skill(columns.clone().map(apart).sum(), self.reference(&fits, &columns, total))
            };
            (0..orders.len()).map(score).collect::<Vec<_>>()
        };
        orders.chunks((COLUMNS_PER_BLOCK / k).max(1)).flat_map(block_scores).collect()
    }
}

/// The targets `[m, k]` with their rows in each of the given orders, side by side: `[m, k·orders]`.
pub(super) fn stack(targets: &Mat<f64>, orders: &[Vec<usize>]) -> Mat<f64> {
    let k = targets.ncols();
    let mut stacked = Mat::zeros(targets.nrows(), k * orders.len());
    for (block, order) in orders.iter().enumerate() {
        for j in 0..k {
            let (from, to) = (targets.col_as_slice(j), stacked.col_as_slice_mut(block * k + j));
            to.iter_mut().zip(order).for_each(|(to, &row)| *to = from[row]);
        }
    }
    stacked
}

/// In four sums, which a processor finds side by side.
fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    for (a, b) in a.chunks(4).zip(b.chunks(4)) {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += (a - b) * (a - b));
    }
    sums.iter().sum()
}

/// 1 − error/reference; 0 where there is nothing to predict.
pub(super) fn skill(error: f64, reference: f64) -> f64 {
    if reference > 0.0 { 1.0 - error / reference } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::Precision;
    use crate::theory::properties::relational::tests::references;
    use crate::theory::twin::tests::normal;

    #[test]
    fn chosen_penalties_match_numpy() {
        for case in references() {
            let z = centred(case.logits.transpose()).transpose().to_owned();
            let (x, folds) = (in_row_space(case.x.as_ref()), case.folds());
            let ridge = HeldOutRidge::new(x.as_ref(), x.as_ref(), &folds).unwrap();
            let of_rows = |rows: &[usize]| {
                let factor = Factor::of(select_rows(x.as_ref(), rows).as_ref()).unwrap();
                let z = centred(select_rows(z.as_ref(), rows).as_ref());
                let coordinates = factor.coordinates(z.as_ref());
                let columns = (0..z.ncols()).map(|j| coordinates.col_as_slice(j));
                PenaltyChoice::new(&factor).choose(columns, z.squared_norm_l2())
            };
            let chosen: Vec<usize> = ridge.splits().map(|split| of_rows(&split.train)).collect();
            assert_eq!(chosen, case.places("penalties"));
            assert_eq!(of_rows(&(0..z.nrows()).collect::<Vec<_>>()), case.place("whole_penalty"));
        }
    }

    /// Where features can fit anything, GCV would have no penalty at all for targets along their largest direction.
    #[test]
    fn a_penalty_leaves_residual_degrees_of_freedom() {
        let factor = Factor::of(normal(20, 33, 1).as_ref()).unwrap();
        let z = factor.principal();
        let coordinates = factor.coordinates(z.as_ref());
        let first = coordinates.col_as_slice(0);
        let place = PenaltyChoice::new(&factor).choose(std::iter::once(first), z.col(0).squared_norm_l2());
        let freedom = 19.0 - factor.shares(place).iter().sum::<f64>();
        assert!(freedom >= 0.2 && place > 0, "{freedom}");
    }

    #[test]
    fn visible_features_have_the_gram_matrix_of_centred_log_probabilities() {
        for (v, d) in [(40, 5), (6, 9)] {
            let model = Representation::new(normal(7, d, 1), normal(v, d, 2), Precision::F64).unwrap();
            let x = &model.f * visible_map(&model);
            let c = &model.f * centred(model.g.as_ref()).transpose();
            let expected = &c * c.transpose() * faer::Scale(1.0 / v as f64);
            assert!((&x * x.transpose() - &expected).norm_l2() < 1e-12 * expected.norm_l2());
        }
    }

    /// Every subject is held out once, never seen by its fit, and its copies neither.
    #[test]
    fn folds_hold_every_subject_out_once_with_its_copies() {
        let subjects = [4, 9, 4, 1, 0, 2, 3, 5, 9, 6, 7];
        let folds = Folds::draw(&subjects, 3);
        let sorted = |mut rows: Vec<usize>| {
            rows.sort_unstable();
            rows
        };
        let all: Vec<usize> = (0..subjects.len()).collect();
        assert_eq!(folds.0.len(), 5);
        assert_eq!(sorted(folds.0.iter().flat_map(|split| split.test.clone()).collect()), all);
        for split in &folds.0 {
            assert_eq!(sorted([split.train.clone(), split.test.clone()].concat()), all);
            let seen: Vec<usize> = split.train.iter().map(|&i| subjects[i]).collect();
            assert!(split.test.iter().all(|&i| !seen.contains(&subjects[i])));
        }
        assert_ne!(folds, Folds::draw(&subjects, 4));
        assert!(Folds::draw(&[7, 7], 1).0.is_empty());
        assert_eq!(Folds::draw(&[1, 2, 3], 1).0.len(), 3);
    }

    /// One batch of shuffled targets gives what each of them gives alone, whatever the block size.
    #[test]
    fn shuffled_scores_are_those_of_each_order_alone() {
        let (x, z) = (normal(24, 6, 1), normal(24, 3, 2));
        let folds = Folds::draw(&(0..24).collect::<Vec<_>>(), 1);
        let ridge = HeldOutRidge::new(x.as_ref(), x.as_ref(), &folds).unwrap();
        let rng = &mut generator(1, Stream::NullShuffled);
        let orders: Vec<Vec<usize>> = (0..700).map(|_| permutation(24, rng)).collect();
        let scores = ridge.shuffled_scores(z.as_ref(), &orders);
        for place in [0, 340, 341, 342, 699] {
            let shuffled = select_rows(z.as_ref(), &orders[place]);
            let predicted = ridge.predict(shuffled.as_ref());
            let means = ridge.training_means(shuffled.as_ref());
            let alone =
                skill((&shuffled - predicted).squared_norm_l2(), (&shuffled - means).squared_norm_l2());
            assert!((scores[place] - alone).abs() < 1e-12);
        }
    }

    /// A fit to wide features in coordinates of their span is the fit itself, and a change of scale changes nothing.
    #[test]
    fn predictions_depend_on_the_gram_matrix_up_to_scale_only() {
        let (x, z) = (normal(20, 33, 1), normal(20, 2, 2));
        let folds = Folds::draw(&(0..20).collect::<Vec<_>>(), 1);
        let predict =
            |x: &Mat<f64>| HeldOutRidge::new(x.as_ref(), x.as_ref(), &folds).unwrap().predict(z.as_ref());
        let reduced = in_row_space(x.as_ref());
        assert_eq!((reduced.nrows(), reduced.ncols()), (20, 20));
        assert!((predict(&x) - predict(&reduced)).norm_l2() < 1e-11);
        assert!((predict(&x) - predict(&(&x * faer::Scale(1e9)))).norm_l2() < 1e-11);
    }

    /// Equal rows leave the mean as the only prediction, whatever rounding makes of their difference from it.
    #[test]
    fn equal_features_predict_the_training_mean() {
        let (x, z) = (Mat::from_fn(20, 3, |_, j| 0.1 + j as f64 / 3.0), normal(20, 2, 2));
        let folds = Folds::draw(&(0..20).collect::<Vec<_>>(), 1);
        let ridge = HeldOutRidge::new(x.as_ref(), x.as_ref(), &folds).unwrap();
        let apart = ridge.predict(z.as_ref()) - ridge.training_means(z.as_ref());
        assert!(apart.norm_l2() < 1e-14);
    }
}
