//! The coupled linear map test of extended linear equivalence (theory.md §5.7).

use faer::{Mat, MatRef};
use serde::{Deserialize, Serialize};

use super::representation::{Representation, TheoryError, centred, select_rows, triangular_factor};
use super::statistics::{Stream, generator, permutation};
use super::subspace::Canonical;

/// Residuals of one direction: T with g_B ≈ T g_A fitted on one half of the tokens, tested on the other half and on
/// prompts, then with the halves exchanged. All are shares of what is predicted: 0 is exact, ≥ 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CoupledMap {
    /// E_tok: relative residual on held-out tokens, measured in logits.
    pub e_tok: f64,
    /// E_prm: relative residual on prompts, none of which took part in the fit.
    pub e_prm: f64,
    /// E_prm when B's contexts are shuffled across texts: what an unrelated model would give.
    pub e_prm_shuffled: f64,
    /// E_tok when B's tokens are shuffled before the fit.
    pub e_tok_shuffled: f64,
    /// E_prm of a model that answers every context with the mean of A's hidden states.
    pub e_prm_constant: f64,
}

/// Fits T (`[d_B, d_A]`) by least squares on a random half of the tokens, tests both sides of the coupling, and does so
/// again with the halves exchanged, T_1 and T_2. G_c is G centred over all tokens:
///
/// `E_tok² = Σ_k ‖F_B (G_Bc − G_Ac T_kᵀ)[held out of k]ᵀ‖² / ‖F_B G_Bcᵀ‖²`,
/// `E_prm² = mean_k ‖(F_A − F_B T_k) G_Acᵀ‖² / ‖F_A G_Acᵀ‖²`, over all contexts.
///
/// Both vanish exactly where the distributions are equal (theory.md, Prop. 5, which holds for a split too): as every
/// token is held out once, `C_B[y] = F_B G_Bc[y] = F_B T_k G_Ac[y] = C_A[y]` for each y; conversely equal C give
/// `F_B T_k = F_A P`, P the projector on the span of the fitted tokens, which loses nothing where that is the span of
/// all of them. Where a half spans less (few tokens, many dimensions), T is fitted and tested on all tokens at once.
///
/// Norms over contexts × tokens are taken from triangular factors, so no such matrix is formed and nothing is squared
/// before it is subtracted.
///
/// # Errors
/// [`TheoryError::NoConvergence`] where the singular values of G_A are not found.
pub fn coupled_map(a: &Representation, b: &Representation, seed: u64) -> Result<CoupledMap, TheoryError> {
    let order = permutation(a.n_tokens(), &mut generator(seed, Stream::Split));
    let (one, other) = order.split_at(order.len().div_ceil(2));
    coupled_map_on(a, b, [one, other], seed)
}

pub(crate) fn coupled_map_on(
    a: &Representation,
    b: &Representation,
    [one, other]: [&[usize]; 2],
    seed: u64,
) -> Result<CoupledMap, TheoryError> {
    let (g_a, g_b) = (centred(a.g.as_ref()), centred(b.g.as_ref()));
    let f_b_factor = triangular_factor(b.f.as_ref());
    let g_a_factor = triangular_factor(g_a.as_ref());
    let halves = [Fold::new(a, &g_a, one, other)?, Fold::new(a, &g_a, other, one)?];
    let all: Vec<usize> = (0..a.n_tokens()).collect();
    let folds = if halves.iter().all(|fold| fold.spans_held_out) {
        halves.into()
    } else {
        vec![Fold::new(a, &g_a, &all, &all)?]
    };

    let rng = &mut generator(seed, Stream::MapBaseline);
    let shuffled_contexts = permutation(b.n_contexts(), rng);
    let shuffled_f_b = select_rows(b.f.as_ref(), &shuffled_contexts);
    let e_prm = |predicted: Mat<f64>| size_in_logits((&a.f - predicted).as_ref(), g_a_factor.as_ref());
    let [mut tok, mut tok_shuffled, mut prm, mut prm_shuffled] = [0.0; 4];
    for fold in &folds {
        let fit_b = centred(select_rows(b.g.as_ref(), fold.fit).as_ref());
        let (test_a, test_b) =
            (select_rows(g_a.as_ref(), fold.held_out), select_rows(g_b.as_ref(), fold.held_out));
        let e_tok = |b_from_a: &Mat<f64>| {
            size_in_logits(f_b_factor.as_ref(), (&test_b - &test_a * b_from_a.transpose()).as_ref())
        };
        let b_from_a = fold.fitter.fit(&fit_b);
        let shuffled_tokens = permutation(fit_b.nrows(), rng);
        let b_from_a_shuffled = fold.fitter.fit(&select_rows(fit_b.as_ref(), &shuffled_tokens));
        tok += e_tok(&b_from_a).powi(2);
        tok_shuffled += e_tok(&b_from_a_shuffled).powi(2);
        prm += e_prm(&b.f * &b_from_a).powi(2);
        prm_shuffled += e_prm(&shuffled_f_b * &b_from_a).powi(2);
    }
    let n_folds = folds.len() as f64;
    let whole_tok = size_in_logits(f_b_factor.as_ref(), g_b.as_ref());
    let whole_prm = size_in_logits(a.f.as_ref(), g_a_factor.as_ref());
    let constant = size_in_logits(centred(a.f.as_ref()).as_ref(), g_a_factor.as_ref());
    Ok(CoupledMap {
        e_tok: ratio(tok.sqrt(), whole_tok),
        e_prm: ratio((prm / n_folds).sqrt(), whole_prm),
        e_prm_shuffled: ratio((prm_shuffled / n_folds).sqrt(), whole_prm),
        e_tok_shuffled: ratio(tok_shuffled.sqrt(), whole_tok),
        e_prm_constant: ratio(constant, whole_prm),
    })
}

/// T, `[d_B, d_A]`: least squares for g_B(y) − ḡ_B ≈ T (g_A(y) − ḡ_A) over all tokens, the smallest such matrix where
/// A's unembeddings leave it free (theory.md, Prop. 5). What is paired with f, such as a probe, it carries as it carries
/// g, `w_B = T w_A`; hidden states, such as steering directions, go the other way, `f_A = Tᵀ f_B` on the visible part.
///
/// # Errors
/// [`TheoryError::Shape`] where the models differ in tokens, [`TheoryError::NoConvergence`].
pub fn fitted_on_all_tokens(a: &Representation, b: &Representation) -> Result<Mat<f64>, TheoryError> {
    same_size("G (unembedding) of the second model", a.n_tokens(), b.n_tokens())?;
    let (g_a, g_b) = (centred(a.g.as_ref()), centred(b.g.as_ref()));
    Ok(LeastSquares::new(&g_a, a.precision.epsilon())?.fit(&g_b))
}

/// Both sides of Prop. 7 per context: how close logits force hidden states to be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StabilityBound {
    /// ‖F_A P_𝓖A − F_B T‖_F / √n: root mean square distance of mapped hidden states, in the units of A's.
    pub left: f64,
    /// ‖C_A − C_B‖_F / (√n σ_min⁺(G_Ac)), never smaller than `left` but for rounding.
    pub bound: f64,
}

/// Prop. 7 (theory.md §2.3) with T of [`fitted_on_all_tokens`].
///
/// C_A − C_B = (F_A − F_B T) G_Acᵀ − F_B (G_Bc − G_Ac Tᵀ)ᵀ, and residuals of least squares are orthogonal to what was
/// fitted on, so the squares of both parts add up: no contexts × tokens matrix is formed, and nothing cancels.
///
/// # Errors
/// [`TheoryError::Shape`] where the models differ in tokens or contexts, [`TheoryError::RankZero`] where A's
/// unembeddings are all the same, [`TheoryError::NoConvergence`].
pub fn stability_bound(a: &Representation, b: &Representation) -> Result<StabilityBound, TheoryError> {
    same_size("G (unembedding) of the second model", a.n_tokens(), b.n_tokens())?;
    same_size("F (hidden states) of the second model", a.n_contexts(), b.n_contexts())?;
    let (g_a, g_b) = (centred(a.g.as_ref()), centred(b.g.as_ref()));
    let fitter = LeastSquares::new(&g_a, a.precision.epsilon())?;
    let smallest =
        *fitter.sigmas.last().ok_or(TheoryError::RankZero { what: "G (unembedding), centred," })?;
    let b_from_a = fitter.fit(&g_b);
    let in_span = fitter.inside_span(&a.f) - &b.f * &b_from_a;
    let prompts = size_in_logits(in_span.as_ref(), g_a.as_ref());
    let tokens = size_in_logits(b.f.as_ref(), (g_b - g_a * b_from_a.transpose()).as_ref());
    let root_n = (a.n_contexts() as f64).sqrt();
    Ok(StabilityBound {
        left: in_span.norm_l2() / root_n,
        bound: prompts.hypot(tokens) / (root_n * smallest),
    })
}

/// The coupled map in canonical coordinates, `[r_B, r_A]`: least squares over all tokens for Γ_B(y) ≈ T̂ Γ_A(y), which is
/// Γ_BᵀΓ_A/V as ΓᵀΓ/V is the identity. Its entries are correlations, in [−1, 1]. Canonical coordinates leave signs open:
/// B's are taken so that no entry of the diagonal is negative. The identity for equal distributions, up to rotations
/// among directions of (nearly) equal σ.
///
/// # Errors
/// [`TheoryError::Shape`] where the models differ in tokens.
pub fn canonical_map(a: &Canonical, b: &Canonical) -> Result<Mat<f64>, TheoryError> {
    let n_tokens = a.gamma.nrows();
    same_size("Γ of the second model", n_tokens, b.gamma.nrows())?;
    let map = b.gamma.transpose() * &a.gamma * faer::Scale(1.0 / n_tokens as f64);
    let sign = |i: usize| if i < map.ncols() && map[(i, i)] < 0.0 { -1.0 } else { 1.0 };
    Ok(Mat::from_fn(map.nrows(), map.ncols(), |i, j| sign(i) * map[(i, j)]))
}

/// Image test, from the weights alone where contexts fill 𝓕 in both models: cosines of the principal angles between
/// the columns of Γ_A and of Γ_B in R^V, descending, as many as the smaller r: the singular values of their
/// [`canonical_map`]. All 1 is necessary for equal distributions (theory.md §5.7).
///
/// # Errors
/// [`TheoryError::NoConvergence`].
pub fn image_cosines(map: &Mat<f64>) -> Result<Vec<f64>, TheoryError> {
    let cosines = map
        .singular_values()
        .map_err(|_| TheoryError::NoConvergence { rows: map.nrows(), columns: map.ncols() })?;
    Ok(cosines.into_iter().map(|cosine| cosine.min(1.0)).collect())
}

/// Most cells along a side of a drawn map.
const MAX_CELLS: usize = 64;

/// A map coarse enough to be drawn.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MapCells {
    /// Directions of the map, (r_B, r_A).
    pub directions: (usize, usize),
    /// Directions per cell along either side; the last cell may have fewer.
    pub per_cell: usize,
    /// One row per cell of B's directions, one value per cell of A's, in [−1, 1] and rounded to 1e-4. Of one direction each
    /// the entry itself. Of several the root of Σ T̂² ÷ (the shorter side of the cell), which makes an identity of an
    /// identity, with the sign of Σ T̂.
    pub values: Vec<Vec<f64>>,
}

impl MapCells {
    /// Of a map whose singular values are at most 1.
    pub fn of(map: &Mat<f64>) -> Self {
        let (rows, columns) = (map.nrows(), map.ncols());
        let per_cell = rows.max(columns).div_ceil(MAX_CELLS).max(1);
        let cell = |row: usize, column: usize| {
            let (height, width) = (per_cell.min(rows - row), per_cell.min(columns - column));
            let block = map.submatrix(row, column, height, width);
            let size = (block.squared_norm_l2() / height.min(width) as f64).sqrt();
            (size.copysign(block.sum()) * 1e4).round() / 1e4
        };
        let values = (0..rows)
            .step_by(per_cell)
            .map(|row| (0..columns).step_by(per_cell).map(|column| cell(row, column)).collect());
        Self { directions: (rows, columns), per_cell, values: values.collect() }
    }
}

fn same_size(what: &'static str, expected: usize, found: usize) -> Result<(), TheoryError> {
    if expected == found { Ok(()) } else { Err(TheoryError::Shape { what, axis: "rows", expected, found }) }
}

/// Tokens to fit T on, tokens to test it on.
struct Fold<'a> {
    fit: &'a [usize],
    held_out: &'a [usize],
    fitter: LeastSquares,
    /// The held-out tokens of A lie in the span of the fitted ones, so that the fit can know of every direction.
    spans_held_out: bool,
}

impl<'a> Fold<'a> {
    fn new(
        a: &Representation,
        g_a: &Mat<f64>,
        fit: &'a [usize],
        held_out: &'a [usize],
    ) -> Result<Self, TheoryError> {
        let fitter =
            LeastSquares::new(&centred(select_rows(a.g.as_ref(), fit).as_ref()), a.precision.epsilon())?;
        let outside = fitter.outside_span(g_a).norm_l2();
        let rounding = a.n_tokens().max(a.width()) as f64 * a.precision.epsilon() * g_a.norm_l2();
        Ok(Self { fit, held_out, fitter, spans_held_out: outside <= rounding })
    }
}

/// T = (X⁺ Y)ᵀ for one X and several Y, singular values of X below NumPy's tolerance left out.
pub(super) struct LeastSquares {
    left: Mat<f64>,
    right: Mat<f64>,
    sigmas: Vec<f64>,
}

impl LeastSquares {
    pub(super) fn new(x: &Mat<f64>, epsilon: f64) -> Result<Self, TheoryError> {
        if x.nrows() == 0 {
            return Ok(Self { left: Mat::zeros(0, 0), right: Mat::zeros(x.ncols(), 0), sigmas: vec![] });
        }
        let svd =
            x.thin_svd().map_err(|_| TheoryError::NoConvergence { rows: x.nrows(), columns: x.ncols() })?;
        let mut sigmas: Vec<f64> = svd.S().column_vector().iter().copied().collect();
        let tolerance = x.nrows().max(x.ncols()) as f64 * epsilon * sigmas.first().copied().unwrap_or(0.0);
        sigmas.retain(|&sigma| sigma > tolerance);
        let rank = sigmas.len();
        Ok(Self {
            left: svd.U().subcols(0, rank).to_owned(),
            right: svd.V().subcols(0, rank).to_owned(),
            sigmas,
        })
    }

    pub(super) fn fit(&self, y: &Mat<f64>) -> Mat<f64> {
        let along = y.transpose() * &self.left;
        Mat::from_fn(along.nrows(), along.ncols(), |i, j| along[(i, j)] / self.sigmas[j])
            * self.right.transpose()
    }

    /// What of each row of X' lies in the row space of X.
    fn inside_span(&self, x: &Mat<f64>) -> Mat<f64> {
        (x * &self.right) * self.right.transpose()
    }

    /// What of each row of X' lies outside the row space of X.
    fn outside_span(&self, x: &Mat<f64>) -> Mat<f64> {
        x - self.inside_span(x)
    }
}

/// ‖X Yᵀ‖_F for X `[·, d]` and Y `[·, d]`; where both have more rows than columns, by the factor of the shorter.
fn size_in_logits(x: MatRef<'_, f64>, y: MatRef<'_, f64>) -> f64 {
    let (short, long) = if x.nrows() <= y.nrows() { (x, y) } else { (y, x) };
    (triangular_factor(short) * long.transpose()).norm_l2()
}

fn ratio(residual: f64, whole: f64) -> f64 {
    if whole > 0.0 { residual / whole } else { f64::from(residual > 0.0) }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::theory::Precision;
    use crate::theory::representation::from_row_major;
    use crate::theory::twin::change_basis;
    use crate::theory::twin::tests::{normal, padded};

    fn model(n: usize, v: usize, d: usize, seed: u64) -> Representation {
        Representation::new(normal(n, d, seed), normal(v, d, seed + 50), Precision::F64).unwrap()
    }

    /// A pair of models of `scripts/write_map_fixtures.py`.
    #[derive(Deserialize)]
    pub(crate) struct MapCase {
        pub(crate) name: String,
        n: usize,
        v: usize,
        d_a: usize,
        d_b: usize,
        f_a: Vec<i32>,
        g_a: Vec<i32>,
        f_b: Vec<i32>,
        g_b: Vec<i32>,
        pub(crate) texts: Vec<usize>,
        pub(crate) train_texts: Vec<usize>,
        pub(crate) expected: Expected,
    }

    /// What NumPy and SciPy found.
    #[derive(Deserialize)]
    pub(crate) struct Expected {
        b_from_a: Vec<f64>,
        a_from_b: Vec<f64>,
        image_cosines: Vec<f64>,
        left: f64,
        bound: f64,
        pub(crate) r_b: usize,
        pub(crate) sigmas: Vec<f64>,
        pub(crate) phi: Vec<f64>,
        pub(crate) gamma_first_rows: Vec<f64>,
        pub(crate) curve: Vec<(usize, f64, f64, f64)>,
        pub(crate) r2_ab: f64,
        pub(crate) r2_ba: f64,
    }

    #[derive(Deserialize)]
    struct MapCases {
        scale: f64,
        cases: Vec<MapCase>,
    }

    pub(crate) fn map_cases() -> Vec<(MapCase, Representation, Representation)> {
        let text = include_str!("../../fixtures/theory/maps.json");
        let MapCases { scale, cases } = serde_json::from_str(text).unwrap();
        let matrix =
            |values: &[i32], rows, columns| from_row_major(values, rows, columns) * faer::Scale(1.0 / scale);
        let models = |case: MapCase| {
            let (f_a, g_a) = (matrix(&case.f_a, case.n, case.d_a), matrix(&case.g_a, case.v, case.d_a));
            let (f_b, g_b) = (matrix(&case.f_b, case.n, case.d_b), matrix(&case.g_b, case.v, case.d_b));
            let a = Representation::new(f_a, g_a, Precision::F64).unwrap();
            let b = Representation::new(f_b, g_b, Precision::F64).unwrap();
            (case, a, b)
        };
        cases.into_iter().map(models).collect()
    }

    /// Relative to the larger of both sizes and 1: what vanishes must vanish to rounding.
    pub(crate) fn assert_near(found: f64, expected: f64, what: &str) {
        let size = expected.abs().max(1.0);
        assert!((found - expected).abs() < 1e-8 * size, "{what}: {found}, but NumPy finds {expected}");
    }

    #[test]
    fn maps_fitted_on_all_tokens_match_numpy() {
        for (case, a, b) in map_cases() {
            for (from, to, expected) in [(&a, &b, &case.expected.b_from_a), (&b, &a, &case.expected.a_from_b)]
            {
                let map = fitted_on_all_tokens(from, to).unwrap();
                assert_eq!((map.nrows(), map.ncols()), (to.width(), from.width()));
                let expected = from_row_major(expected, to.width(), from.width());
                assert!((&map - &expected).norm_max() < 1e-8 * expected.norm_max(), "{}", case.name);
            }
        }
    }

    #[test]
    fn stability_and_image_cosines_match_numpy_and_scipy() {
        for (case, a, b) in map_cases() {
            let found = stability_bound(&a, &b).unwrap();
            assert_near(found.left, case.expected.left, &case.name);
            assert_near(found.bound, case.expected.bound, &case.name);
            let [canonical_a, canonical_b] = [&a, &b].map(|model| Canonical::find(model).unwrap());
            let cosines = image_cosines(&canonical_map(&canonical_a, &canonical_b).unwrap()).unwrap();
            assert_eq!(cosines.len(), case.expected.image_cosines.len(), "{}", case.name);
            for (found, expected) in cosines.iter().zip(&case.expected.image_cosines) {
                assert_near(*found, *expected, &case.name);
            }
        }
    }

    /// Largest distance of a map's drawing from the identity's.
    fn from_identity(cells: &MapCells) -> f64 {
        let expected = |i, j| if i == j { 1.0 } else { 0.0 };
        let rows = cells.values.iter().enumerate();
        rows.flat_map(|(i, row)| row.iter().enumerate().map(move |(j, value)| (value - expected(i, j)).abs()))
            .fold(0.0, f64::max)
    }

    #[test]
    fn the_canonical_map_of_a_twin_is_the_identity_and_of_strangers_is_not() {
        let a = model(60, 100, 8, 1);
        let twin = change_basis(&padded(&a, 2, 3, 3), 4);
        let canonical = |model: &Representation| Canonical::find(model).unwrap();
        let cells = MapCells::of(&canonical_map(&canonical(&a), &canonical(&twin)).unwrap());
        assert_eq!((cells.directions, cells.per_cell, cells.values.len()), ((8, 8), 1, 8));
        assert_eq!(from_identity(&cells), 0.0, "rounded to 1e-4");
        let stranger = canonical_map(&canonical(&a), &canonical(&model(60, 100, 5, 2))).unwrap();
        assert_eq!((stranger.nrows(), stranger.ncols()), (5, 8));
        assert!((0..5).all(|i| stranger[(i, i)] >= 0.0));
        assert!(from_identity(&MapCells::of(&stranger)) > 0.5);
    }

    /// Prop.: it is what least squares finds, and no entry or cell exceeds 1.
    #[test]
    fn the_canonical_map_is_a_least_squares_fit() {
        let [a, b] = [(8, 1), (6, 2)].map(|(d, seed)| Canonical::find(&model(60, 100, d, seed)).unwrap());
        let map = canonical_map(&a, &b).unwrap();
        let fitted = LeastSquares::new(&a.gamma, f64::EPSILON).unwrap().fit(&b.gamma);
        let apart = Mat::from_fn(6, 8, |i, j| map[(i, j)].abs() - fitted[(i, j)].abs());
        assert!(apart.norm_max() < 1e-12 && map.norm_max() <= 1.0);
    }

    /// 130 directions make cells of three, the last of one: the identity stays one, also mirrored below the diagonal.
    #[test]
    fn a_coarse_map_keeps_what_the_fine_one_shows() {
        let cells = MapCells::of(&Mat::identity(130, 130));
        assert_eq!((cells.per_cell, cells.values.len(), cells.values[0].len()), (3, 44, 44));
        assert_eq!(from_identity(&cells), 0.0);
        let mirrored = MapCells::of(&(Mat::<f64>::identity(70, 130) * faer::Scale(-0.5)));
        assert_eq!((mirrored.values.len(), mirrored.values[0].len()), (24, 44));
        assert!((0..24).all(|i| mirrored.values[i][i] == -0.5 && mirrored.values[i][(i + 1) % 24] == 0.0));
        let fine = MapCells::of(&Mat::from_fn(2, 3, |i, j| 0.1 * (i * 3 + j) as f64));
        assert_eq!(fine.values, [[0.0, 0.1, 0.2], [0.3, 0.4, 0.5]]);
    }

    /// What the map is for: a probe w_A·f_A answers as (T w_A)·f_B, and a steering direction of B acts in A as Tᵀ v_B.
    #[test]
    fn the_map_carries_probes_forward_and_directions_back() {
        let a = model(40, 100, 8, 1);
        let b = change_basis(&padded(&a, 2, 3, 3), 4);
        let b_from_a = fitted_on_all_tokens(&a, &b).unwrap();
        let probe = normal(8, 1, 9);
        assert!((&a.f * &probe - &b.f * (&b_from_a * &probe)).norm_l2() < 1e-11);
        let effect = (b.f.row(3) - b.f.row(5)) * &b_from_a - (a.f.row(3) - a.f.row(5));
        assert!(effect.norm_l2() < 1e-11);
    }

    #[test]
    fn models_of_other_tokens_or_contexts_are_refused() {
        let a = model(10, 30, 3, 1);
        let shape = |found: TheoryError| matches!(found, TheoryError::Shape { axis: "rows", .. });
        assert!(shape(fitted_on_all_tokens(&a, &model(10, 31, 3, 1)).unwrap_err()));
        assert!(shape(stability_bound(&a, &model(10, 31, 3, 1)).unwrap_err()));
        assert!(shape(stability_bound(&a, &model(11, 30, 3, 1)).unwrap_err()));
        let canonical = |model: &Representation| Canonical::find(model).unwrap();
        assert!(shape(canonical_map(&canonical(&a), &canonical(&model(10, 31, 3, 1))).unwrap_err()));
        let constant = Representation { g: Mat::full(30, 3, 0.5), ..a.clone() };
        assert!(matches!(stability_bound(&constant, &a), Err(TheoryError::RankZero { .. })));
        assert_eq!(fitted_on_all_tokens(&constant, &a).unwrap().norm_max(), 0.0);
    }

    fn assert_exact(a: &Representation, b: &Representation) {
        for map in [coupled_map(a, b, 7).unwrap(), coupled_map(b, a, 7).unwrap()] {
            assert!(map.e_tok < 1e-11 && map.e_prm < 1e-11, "{map:?}");
            assert!(map.e_prm_shuffled > 0.3 && map.e_tok_shuffled > 0.3, "{map:?}");
        }
    }

    /// Acceptance test 2: a twin in R^13 with dark parts on both sides of R^8.
    #[test]
    fn acceptance_02_twins_with_dark_parts_are_coupled_exactly() {
        let a = model(40, 100, 8, 1);
        assert_exact(&a, &change_basis(&padded(&a, 2, 3, 3), 4));
    }

    /// Acceptance test 8: fewer contexts than dimensions.
    #[test]
    fn acceptance_08_four_contexts_suffice_in_eight_dimensions() {
        let a = model(4, 100, 8, 1);
        assert_exact(&a, &change_basis(&padded(&a, 2, 3, 3), 4));
    }

    /// Prop. 5 with held-out tokens, soundness: one token differs in B and stands at the mean of A's unembeddings, so that
    /// no fit notices it. Whichever half it falls into it must be seen.
    #[test]
    fn a_single_token_that_differs_is_seen() {
        for odd_one in [0, 1, 50] {
            let mut a = model(40, 101, 6, 1);
            let mut b = a.clone();
            let others = |x: &Mat<f64>, j: usize| {
                (0..101).filter(|&y| y != odd_one).map(|y| x[(y, j)]).sum::<f64>() / 100.0
            };
            for j in 0..6 {
                a.g[(odd_one, j)] = others(&a.g, j);
                b.g[(odd_one, j)] = others(&b.g, j) + 3.0;
            }
            for map in [coupled_map(&a, &b, 7).unwrap(), coupled_map(&b, &a, 7).unwrap()] {
                assert!(map.e_tok > 0.1, "{map:?}");
            }
        }
    }

    /// Prop. 5 with held-out tokens, completeness: twins with more dimensions than half of the tokens can span.
    #[test]
    fn twins_of_more_dimensions_than_half_the_tokens_are_coupled_exactly() {
        for (v, d) in [(12, 8), (9, 12), (5, 3), (3, 2), (2, 1)] {
            let a = model(30, v, d, 1);
            let twin = change_basis(&padded(&a, 2, 3, 3), 4);
            for map in [coupled_map(&a, &twin, 7).unwrap(), coupled_map(&twin, &a, 7).unwrap()] {
                assert!(map.e_tok < 1e-10 && map.e_prm < 1e-10, "{v} tokens, {d} dimensions: {map:?}");
            }
        }
    }

    /// A constant prediction explains the mean of the hidden states and nothing else.
    #[test]
    fn the_constant_baseline_is_the_share_of_what_varies() {
        let mut a = model(50, 60, 4, 1);
        assert!(coupled_map(&a, &a, 7).unwrap().e_prm_constant > 0.9);
        for i in 0..50 {
            for j in 0..4 {
                a.f[(i, j)] += 20.0;
            }
        }
        let map = coupled_map(&a, &a, 7).unwrap();
        assert!(map.e_prm_constant > 0.01 && map.e_prm_constant < 0.1, "{map:?}");
    }

    #[test]
    fn unrelated_models_are_not_coupled() {
        let map = coupled_map(&model(60, 400, 8, 1), &model(60, 400, 8, 2), 7).unwrap();
        assert!(map.e_tok > 0.9 && map.e_prm > 0.9, "{map:?}");
    }

    /// Acceptance test 5: each side has a perfect linear map of its own, but not the same one.
    #[test]
    fn acceptance_05_opposite_rotations_are_not_coupled() {
        let a = model(200, 300, 2, 1);
        let angle = 0.35_f64;
        let rotated = |x: &Mat<f64>, angle: f64| {
            let (s, c) = angle.sin_cos();
            let q = Mat::from_fn(2, 2, |i, j| [[c, s], [-s, c]][i][j]);
            x * q
        };
        let b = Representation::new(rotated(&a.f, angle), rotated(&a.g, -angle), Precision::F64).unwrap();
        let map = coupled_map(&a, &b, 3).unwrap();
        assert!(map.e_tok < 1e-12, "the unembeddings alone are related exactly: {map:?}");
        // F_A − F_B T = F_A (I − rotation by 2·0.35), which is 2 sin 0.35 = 0.6858 times a rotation of F_A.
        assert!((map.e_prm - 2.0 * angle.sin()).abs() < 0.01, "{map:?}");
    }

    /// Prop. 7: ‖F_A P − F_B T‖ ≤ ‖C_A − C_B‖ / σ_min(G_Ac) for the map fitted on all tokens.
    #[test]
    fn acceptance_07_nearly_equal_logits_force_nearly_coupled_representations() {
        for seed in 0..20 {
            let a = model(30, 60, 6, seed);
            let noise = normal(30, 6, seed + 900);
            let f = Mat::from_fn(30, 6, |i, j| a.f[(i, j)] + 0.01 * noise[(i, j)]);
            let b = change_basis(&Representation::new(f, a.g.clone(), Precision::F64).unwrap(), seed);
            let (g_a, g_b) = (centred(a.g.as_ref()), centred(b.g.as_ref()));
            let StabilityBound { left, bound } = stability_bound(&a, &b).unwrap();
            assert!(left > 0.0 && left <= bound * (1.0 + 1e-9));
            let logit_distance = (&a.f * g_a.transpose() - &b.f * g_b.transpose()).norm_l2();
            let expected = logit_distance / (30.0_f64.sqrt() * g_a.singular_values().unwrap()[5]);
            assert!((bound - expected).abs() < 1e-11);
        }
    }
}
