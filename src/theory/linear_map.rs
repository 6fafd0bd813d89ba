//! The coupled linear map test of extended linear equivalence (theory.md §5.7).

use faer::{Mat, MatRef};
use serde::{Deserialize, Serialize};

use super::representation::{Representation, TheoryError, centred, select_rows, triangular_factor};
use super::statistics::{Stream, generator, permutation};

/// Residuals of one direction: T with g_B ≈ T g_A fitted on half of the tokens, tested on the rest and on prompts.
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
}

/// Fits T (`[d_B, d_A]`) by least squares on a random half of the tokens and tests both sides of the coupling:
///
/// `E_tok² = ‖F_B (G_Bc − G_Ac Tᵀ)ᵀ‖² / ‖F_B G_Bcᵀ‖²` on the other half,
/// `E_prm² = ‖(F_A − F_B T) G_Acᵀ‖² / ‖F_A G_Acᵀ‖²` on all contexts.
///
/// Norms over contexts × tokens are taken from triangular factors, so no such matrix is formed and nothing is squared
/// before it is subtracted.
pub fn coupled_map(a: &Representation, b: &Representation, seed: u64) -> Result<CoupledMap, TheoryError> {
    let (fit, held_out) = token_halves(a.n_tokens(), seed);
    let fit_a = centred(select_rows(a.g.as_ref(), &fit).as_ref());
    let fit_b = centred(select_rows(b.g.as_ref(), &fit).as_ref());
    let test_a = centred(select_rows(a.g.as_ref(), &held_out).as_ref());
    let test_b = centred(select_rows(b.g.as_ref(), &held_out).as_ref());
    let f_b_factor = triangular_factor(b.f.as_ref());
    let e_tok = |b_from_a: &Mat<f64>| {
        let residual = &test_b - &test_a * b_from_a.transpose();
        ratio(
            size_in_logits(f_b_factor.as_ref(), residual.as_ref()),
            size_in_logits(f_b_factor.as_ref(), test_b.as_ref()),
        )
    };
    let g_a_factor = triangular_factor(centred(a.g.as_ref()).as_ref());
    let e_prm = |f_b: MatRef<'_, f64>, b_from_a: &Mat<f64>| {
        let residual = &a.f - f_b * b_from_a;
        ratio(
            size_in_logits(residual.as_ref(), g_a_factor.as_ref()),
            size_in_logits(a.f.as_ref(), g_a_factor.as_ref()),
        )
    };

    let fitter = LeastSquares::new(&fit_a, a.precision.epsilon())?;
    let b_from_a = fitter.fit(&fit_b);
    let rng = &mut generator(seed, Stream::MapBaseline);
    let shuffled_tokens = permutation(fit_b.nrows(), rng);
    let shuffled_contexts = permutation(b.n_contexts(), rng);
    let b_from_a_shuffled = fitter.fit(&select_rows(fit_b.as_ref(), &shuffled_tokens));
    Ok(CoupledMap {
        e_tok: e_tok(&b_from_a),
        e_prm: e_prm(b.f.as_ref(), &b_from_a),
        e_prm_shuffled: e_prm(select_rows(b.f.as_ref(), &shuffled_contexts).as_ref(), &b_from_a),
        e_tok_shuffled: e_tok(&b_from_a_shuffled),
    })
}

/// T = (X⁺ Y)ᵀ for one X and several Y, singular values of X below NumPy's tolerance left out.
struct LeastSquares {
    left: Mat<f64>,
    right_over_sigma: Mat<f64>,
}

impl LeastSquares {
    fn new(x: &Mat<f64>, epsilon: f64) -> Result<Self, TheoryError> {
        let svd =
            x.thin_svd().map_err(|_| TheoryError::NoConvergence { rows: x.nrows(), columns: x.ncols() })?;
        let sigmas: Vec<f64> = svd.S().column_vector().iter().copied().collect();
        let tolerance = x.nrows().max(x.ncols()) as f64 * epsilon * sigmas.first().copied().unwrap_or(0.0);
        let rank = sigmas.iter().filter(|&&sigma| sigma > tolerance).count();
        Ok(Self {
            left: svd.U().subcols(0, rank).to_owned(),
            right_over_sigma: Mat::from_fn(x.ncols(), rank, |i, j| svd.V()[(i, j)] / sigmas[j]),
        })
    }

    fn fit(&self, y: &Mat<f64>) -> Mat<f64> {
        (y.transpose() * &self.left) * self.right_over_sigma.transpose()
    }
}

/// ‖X Yᵀ‖_F for X `[·, d]` and Y `[·, d]`, by the smaller factors of both.
fn size_in_logits(x: MatRef<'_, f64>, y: MatRef<'_, f64>) -> f64 {
    (triangular_factor(x) * triangular_factor(y).transpose()).norm_l2()
}

fn ratio(residual: f64, whole: f64) -> f64 {
    if whole > 0.0 { residual / whole } else { f64::from(residual > 0.0) }
}

/// A random half of the tokens to fit on, and the rest. With fewer than four tokens both are all of them.
fn token_halves(n: usize, seed: u64) -> (Vec<usize>, Vec<usize>) {
    let order = permutation(n, &mut generator(seed, Stream::Split));
    if n < 4 {
        return (order.clone(), order);
    }
    let (fit, held_out) = order.split_at(n.div_ceil(2));
    (fit.to_vec(), held_out.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::Precision;
    use crate::theory::twin::change_basis;
    use crate::theory::twin::tests::{normal, padded};

    fn model(n: usize, v: usize, d: usize, seed: u64) -> Representation {
        Representation::new(normal(n, d, seed), normal(v, d, seed + 50), Precision::F64).unwrap()
    }

    fn assert_exact(a: &Representation, b: &Representation) {
        for map in [coupled_map(a, b, 7).unwrap(), coupled_map(b, a, 7).unwrap()] {
            assert!(map.e_tok < 1e-11 && map.e_prm < 1e-11, "{map:?}");
            assert!(map.e_prm_shuffled > 0.3 && map.e_tok_shuffled > 0.3, "{map:?}");
        }
    }

    /// Acceptance test 2: a twin in R^13 with dark parts on both sides of R^8.
    #[test]
    fn twins_with_dark_parts_are_coupled_exactly() {
        let a = model(40, 100, 8, 1);
        assert_exact(&a, &change_basis(&padded(&a, 2, 3, 3), 4));
    }

    /// Acceptance test 8: fewer contexts than dimensions.
    #[test]
    fn four_contexts_suffice_in_eight_dimensions() {
        let a = model(4, 100, 8, 1);
        assert_exact(&a, &change_basis(&padded(&a, 2, 3, 3), 4));
    }

    #[test]
    fn unrelated_models_are_not_coupled() {
        let map = coupled_map(&model(60, 400, 8, 1), &model(60, 400, 8, 2), 7).unwrap();
        assert!(map.e_tok > 0.9 && map.e_prm > 0.9, "{map:?}");
    }

    /// Acceptance test 5: each side has a perfect linear map of its own, but not the same one.
    #[test]
    fn opposite_rotations_are_not_coupled() {
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
    fn nearly_equal_logits_force_nearly_coupled_representations() {
        for seed in 0..20 {
            let a = model(30, 60, 6, seed);
            let noise = normal(30, 6, seed + 900);
            let f = Mat::from_fn(30, 6, |i, j| a.f[(i, j)] + 0.01 * noise[(i, j)]);
            let b = change_basis(&Representation::new(f, a.g.clone(), Precision::F64).unwrap(), seed);
            let (g_a, g_b) = (centred(a.g.as_ref()), centred(b.g.as_ref()));
            let b_from_a = LeastSquares::new(&g_a, f64::EPSILON).unwrap().fit(&g_b);
            let left = (&a.f - &b.f * &b_from_a).norm_l2();
            let logit_distance = (&a.f * g_a.transpose() - &b.f * g_b.transpose()).norm_l2();
            let smallest = g_a.singular_values().unwrap()[5];
            assert!(left > 0.0 && left <= logit_distance / smallest * (1.0 + 1e-9));
        }
    }
}
