//! A next-token predictor as the theory sees it: p(y|x) ∝ exp(f(x)·g(y)) on observed contexts and tokens.

use faer::{Mat, MatRef};

/// Sizes of a matrix's largest entry for which products of four matrices and their squares stay finite.
const SIZES: std::ops::RangeInclusive<f64> = 1e-30..=1e30;

/// What a pair of matrices must satisfy before anything can be computed from it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TheoryError {
    /// A matrix has no rows or no columns.
    #[error("{what} is empty ({rows}×{columns}): at least one row and one column are needed")]
    Empty {
        /// Which matrix.
        what: &'static str,
        /// Its rows.
        rows: usize,
        /// Its columns.
        columns: usize,
    },
    /// A value is NaN or infinite.
    #[error(
        "{what} must hold finite numbers, but row {row}, column {column} is not: the weights or the run are damaged"
    )]
    NotFinite {
        /// Which matrix.
        what: &'static str,
        /// Row of the first such value.
        row: usize,
        /// Its column.
        column: usize,
    },
    /// Finite, but so large or so small that products overflow or vanish.
    #[error(
        "{what} holds {value:e} at row {row}, column {column}: numbers should lie between 1e-30 and 1e30 in size, so scale the matrices"
    )]
    OutOfRange {
        /// Which matrix.
        what: &'static str,
        /// Row of the largest value.
        row: usize,
        /// Its column.
        column: usize,
        /// The largest value.
        value: f64,
    },
    /// Two matrices that must agree in a dimension do not.
    #[error("{what} should have {expected} {axis}, but has {found}")]
    Shape {
        /// Which matrix.
        what: &'static str,
        /// Rows or columns.
        axis: &'static str,
        /// How many it should have.
        expected: usize,
        /// How many it has.
        found: usize,
    },
    /// A matrix spans nothing, so no ratio against it is defined.
    #[error(
        "{what} has rank zero: every next-token distribution is the same, so there is nothing to compare"
    )]
    RankZero {
        /// Which matrix.
        what: &'static str,
    },
    /// A decomposition did not converge.
    #[error(
        "the singular values of a {rows}×{columns} matrix did not converge: its numbers span too wide a range"
    )]
    NoConvergence {
        /// Its rows.
        rows: usize,
        /// Its columns.
        columns: usize,
    },
}

/// The type in which F and G were stored before they were widened to f64. Rank tolerances follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// 24 bits of significand.
    F32,
    /// 53 bits of significand.
    F64,
}

impl Precision {
    /// Distance from 1 to the next number of the type.
    pub fn epsilon(self) -> f64 {
        match self {
            Self::F32 => f64::from(f32::EPSILON),
            Self::F64 => f64::EPSILON,
        }
    }
}

/// f on the observed contexts and g on the tokens of Y.
#[derive(Debug, Clone)]
pub struct Representation {
    /// F, `[n_contexts, d]`: row i is f(x_i), what the unembedding multiplies.
    pub f: Mat<f64>,
    /// G, `[n_tokens, d]`: row y is g(y).
    pub g: Mat<f64>,
    /// How exactly F and G are known.
    pub precision: Precision,
}

impl Representation {
    /// Checks that F (`[n, d]`) and G (`[V, d]`) are finite, not empty, of one width and of a size that can be
    /// multiplied, so that nothing computed from them is NaN.
    ///
    /// # Errors
    /// [`TheoryError::Empty`], [`TheoryError::NotFinite`], [`TheoryError::OutOfRange`] or [`TheoryError::Shape`].
    pub fn new(f: Mat<f64>, g: Mat<f64>, precision: Precision) -> Result<Self, TheoryError> {
        check_matrix("F (hidden states)", f.as_ref())?;
        check_matrix("G (unembedding)", g.as_ref())?;
        if f.ncols() != g.ncols() {
            return Err(TheoryError::Shape {
                what: "G (unembedding)",
                axis: "columns",
                expected: f.ncols(),
                found: g.ncols(),
            });
        }
        Ok(Self { f, g, precision })
    }

    /// d: the common width of f and g.
    pub fn width(&self) -> usize {
        self.f.ncols()
    }

    /// n: number of contexts.
    pub fn n_contexts(&self) -> usize {
        self.f.nrows()
    }

    /// V: number of tokens.
    pub fn n_tokens(&self) -> usize {
        self.g.nrows()
    }

    /// F G^T for contexts `start..end`, transposed: `[n_tokens, end - start]`, one context per column.
    pub fn logits(&self, start: usize, end: usize) -> Mat<f64> {
        &self.g * self.f.subrows(start, end - start).transpose()
    }

    /// F and G rounded to f32 and back, as an engine would store them.
    pub fn rounded_to_f32(&self) -> Self {
        Self {
            f: rounded_to_f32(self.f.as_ref()),
            g: rounded_to_f32(self.g.as_ref()),
            precision: Precision::F32,
        }
    }
}

/// The matrix of `rows × columns` whose row-major values are given.
pub fn from_row_major<T: Copy + Into<f64>>(values: &[T], rows: usize, columns: usize) -> Mat<f64> {
    debug_assert_eq!(values.len(), rows * columns);
    Mat::from_fn(rows, columns, |i, j| values[i * columns + j].into())
}

/// X with the mean of its rows taken from every row.
pub fn centred(x: MatRef<'_, f64>) -> Mat<f64> {
    let means = column_means(x);
    Mat::from_fn(x.nrows(), x.ncols(), |i, j| x[(i, j)] - means[j])
}

fn column_means(x: MatRef<'_, f64>) -> Vec<f64> {
    (0..x.ncols()).map(|j| x.col(j).iter().sum::<f64>() / x.nrows() as f64).collect()
}

/// The chosen rows of X, in the order given.
pub fn select_rows(x: MatRef<'_, f64>, rows: &[usize]) -> Mat<f64> {
    Mat::from_fn(rows.len(), x.ncols(), |i, j| x[(rows[i], j)])
}

/// Rows that are factored at a time: of a tall matrix no second copy is ever made.
const ROWS_PER_FACTOR: usize = 8192;

/// R (at most d×d) with RᵀR = XᵀX: everything about the span and size of X's rows, without squaring X.
pub fn triangular_factor(x: MatRef<'_, f64>) -> Mat<f64> {
    factor_of_shifted(x, &vec![0.0; x.ncols()])
}

/// The triangular factor of X with the mean of its rows taken from every row.
pub fn centred_factor(x: MatRef<'_, f64>) -> Mat<f64> {
    factor_of_shifted(x, &column_means(x))
}

/// R of X − 1shiftᵀ: the factor of the rows so far stands above the next ones and is factored with them.
fn factor_of_shifted(x: MatRef<'_, f64>, shift: &[f64]) -> Mat<f64> {
    let (n, d) = (x.nrows(), x.ncols());
    if n <= d {
        return Mat::from_fn(n, d, |i, j| x[(i, j)] - shift[j]);
    }
    let mut factor = Mat::zeros(0, d);
    for start in (0..n).step_by(ROWS_PER_FACTOR) {
        let above = factor.nrows();
        let rows = ROWS_PER_FACTOR.min(n - start);
        let stacked = Mat::from_fn(above + rows, d, |i, j| {
            if i < above { factor[(i, j)] } else { x[(start + i - above, j)] - shift[j] }
        });
        factor = stacked.qr().thin_R().to_owned();
    }
    factor
}

/// Singular values of X, descending, and its right singular vectors `[d, min(n, d)]`.
///
/// # Errors
/// [`TheoryError::NoConvergence`].
pub fn right_singular_vectors(x: MatRef<'_, f64>) -> Result<(Vec<f64>, Mat<f64>), TheoryError> {
    let factor = triangular_factor(x);
    let svd =
        factor.thin_svd().map_err(|_| TheoryError::NoConvergence { rows: x.nrows(), columns: x.ncols() })?;
    Ok((svd.S().column_vector().iter().copied().collect(), svd.V().to_owned()))
}

/// Whether a matrix has entries, all of them finite and of a size that can be multiplied.
///
/// # Errors
/// [`TheoryError::Empty`], [`TheoryError::NotFinite`] or [`TheoryError::OutOfRange`].
pub fn check_matrix(what: &'static str, x: MatRef<'_, f64>) -> Result<(), TheoryError> {
    if x.nrows() == 0 || x.ncols() == 0 {
        return Err(TheoryError::Empty { what, rows: x.nrows(), columns: x.ncols() });
    }
    let mut largest = (0.0, 0, 0);
    for column in 0..x.ncols() {
        for (row, value) in x.col(column).iter().enumerate() {
            if !value.is_finite() {
                return Err(TheoryError::NotFinite { what, row, column });
            }
            if value.abs() > largest.0 {
                largest = (value.abs(), row, column);
            }
        }
    }
    match largest {
        (size, ..) if size == 0.0 || SIZES.contains(&size) => Ok(()),
        (value, row, column) => Err(TheoryError::OutOfRange { what, row, column, value }),
    }
}

/// X rounded to f32 and back.
pub fn rounded_to_f32(x: MatRef<'_, f64>) -> Mat<f64> {
    Mat::from_fn(x.nrows(), x.ncols(), |i, j| f64::from(x[(i, j)] as f32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nan_is_named_by_row_and_column() {
        let mut f = Mat::<f64>::identity(3, 3);
        f[(1, 2)] = f64::NAN;
        let error = Representation::new(f, Mat::identity(3, 3), Precision::F32).unwrap_err();
        assert_eq!(error, TheoryError::NotFinite { what: "F (hidden states)", row: 1, column: 2 });
    }

    #[test]
    fn numbers_whose_products_overflow_or_vanish_are_refused() {
        for value in [1e200, 1e-200] {
            let f = Mat::from_fn(2, 2, |i, j| if (i, j) == (1, 0) { -value } else { 0.0 });
            let error = Representation::new(f, Mat::identity(2, 2), Precision::F64).unwrap_err();
            assert_eq!(
                error,
                TheoryError::OutOfRange { what: "F (hidden states)", row: 1, column: 0, value }
            );
        }
        assert!(Representation::new(Mat::zeros(2, 2), Mat::identity(2, 2), Precision::F64).is_ok());
    }

    #[test]
    fn empty_and_mismatched_matrices_are_refused() {
        let empty = Representation::new(Mat::zeros(0, 3), Mat::identity(3, 3), Precision::F32).unwrap_err();
        assert_eq!(empty, TheoryError::Empty { what: "F (hidden states)", rows: 0, columns: 3 });
        let narrow =
            Representation::new(Mat::identity(3, 3), Mat::identity(3, 2), Precision::F32).unwrap_err();
        assert!(matches!(narrow, TheoryError::Shape { expected: 3, found: 2, .. }));
    }

    #[test]
    fn the_triangular_factor_has_the_same_gram_matrix() {
        let x = Mat::from_fn(7, 3, |i, j| ((i * 3 + j) as f64 * 1.7).sin());
        let factor = triangular_factor(x.as_ref());
        let difference = factor.transpose() * &factor - x.transpose() * &x;
        assert!(difference.norm_l2() < 1e-13);
    }

    /// More rows than are factored at a time, in the last step fewer than columns.
    #[test]
    fn a_tall_matrix_is_factored_in_parts() {
        let x = Mat::from_fn(ROWS_PER_FACTOR + 2, 3, |i, j| 5.0 + ((i * 3 + j) as f64 * 1.7).sin());
        for (factor, whole) in
            [(triangular_factor(x.as_ref()), x.clone()), (centred_factor(x.as_ref()), centred(x.as_ref()))]
        {
            let gram = whole.transpose() * &whole;
            let difference = factor.transpose() * &factor - &gram;
            assert!(difference.norm_l2() < 1e-12 * gram.norm_l2());
            assert_eq!((factor.nrows(), factor.ncols()), (3, 3));
        }
    }
}
