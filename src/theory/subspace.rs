//! Spans of f and g, effective complexity, dark energies, canonical coordinates (theory.md §5.2–5.4).

use faer::{Mat, MatRef};
use serde::{Deserialize, Serialize};

use super::representation::{
    Representation, TheoryError, centred, centred_factor, right_singular_vectors, select_rows,
    triangular_factor,
};
use super::statistics::{Stream, cluster_members, generator, permutation};

/// What of a model's representation the distribution can see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubspaceSummary {
    /// Width of f and g (one more than the model's where the head has a bias).
    pub d: usize,
    /// dim 𝓕: rank of the hidden states.
    pub rank_f: usize,
    /// dim 𝓖: rank of the centred unembedding.
    pub rank_g: usize,
    /// r: effective complexity, rank of the log-ratio matrix.
    pub effective_complexity: usize,
    /// e_F: share of ‖F‖² that no unembedding difference sees, in [0, 1].
    pub dark_f: f64,
    /// e_G: share of ‖G_c‖² that no hidden state sees, in [0, 1].
    pub dark_g: f64,
    /// Smallest cosine of the principal angles between 𝓕 and 𝓖 that counts as visible.
    pub min_cosine: f64,
    /// Some singular value, or some cosine between 𝓕 and 𝓖, lies too near its tolerance to count ranks safely.
    pub rank_unresolved: bool,
    /// Enough contexts were seen (n ≥ 2d, at least two texts, rank stable on a random half of them) to call e_G a
    /// property of the model.
    pub f_diversity_tested: bool,
    /// Singular values of F, descending.
    pub singular_values_f: Vec<f64>,
    /// Singular values of G_c, descending.
    pub singular_values_g: Vec<f64>,
    /// Cosines of the principal angles between 𝓕 and 𝓖, descending, in [0, 1].
    pub principal_cosines: Vec<f64>,
    /// What a singular value of F must exceed to count in `rank_f`; what lies below is rounding.
    pub tolerance_f: f64,
    /// What one of G_c must exceed to count in `rank_g`.
    pub tolerance_g: f64,
    /// What a cosine must exceed to count as visible, in [1e-6, 0.1].
    pub tolerance_cosine: f64,
}

/// The visible subspaces of one model, M = P_𝓕 𝓖 and N = P_𝓖 𝓕, and how they were found.
#[derive(Debug, Clone)]
pub struct VisibleSubspaces {
    /// U_M, `[d, r]`: orthonormal basis of the visible part of f.
    pub u_m: Mat<f64>,
    /// U_N, `[d, r]`: orthonormal basis of the visible part of g.
    pub u_n: Mat<f64>,
    /// What a report says.
    pub summary: SubspaceSummary,
}

impl VisibleSubspaces {
    /// Finds them (theory.md §5.3); `texts[i]` is the text of context i, needed only to draw a random half of the texts.
    ///
    /// # Errors
    /// [`TheoryError::RankZero`] where nothing is visible, [`TheoryError::NoConvergence`].
    pub fn find(model: &Representation, texts: &[usize], seed: u64) -> Result<Self, TheoryError> {
        let f_span = Span::of_rows(model.f.as_ref(), model)?;
        let g_span = Span::of_unembeddings(model)?;
        if f_span.rank() == 0 {
            return Err(TheoryError::RankZero { what: "F (hidden states)" });
        }
        if g_span.rank() == 0 {
            return Err(TheoryError::RankZero { what: "G (unembedding), centred," });
        }
        let overlap = f_span.basis.transpose() * &g_span.basis;
        let svd = overlap
            .thin_svd()
            .map_err(|_| TheoryError::NoConvergence { rows: f_span.rank(), columns: g_span.rank() })?;
        let cosines: Vec<f64> = svd.S().column_vector().iter().copied().collect();
        let smallest_visible =
            (f_span.direction_error(model) + g_span.direction_error(model)).clamp(1e-6, 0.1);
        let r = cosines.iter().filter(|&&cosine| cosine > smallest_visible).count();
        let near = |cosine: &f64| *cosine >= smallest_visible / 10.0 && *cosine <= smallest_visible * 10.0;
        if r == 0 {
            return Err(TheoryError::RankZero { what: "F·G_cᵀ (the log-ratio matrix)" });
        }
        let u_m = &f_span.basis * svd.U().subcols(0, r);
        let u_n = &g_span.basis * svd.V().subcols(0, r);
        let summary = SubspaceSummary {
            d: model.width(),
            rank_f: f_span.rank(),
            rank_g: g_span.rank(),
            effective_complexity: r,
            dark_f: f_span.share_outside(u_m.as_ref()),
            dark_g: g_span.share_outside(u_n.as_ref()),
            min_cosine: cosines[r - 1].min(1.0),
            rank_unresolved: f_span.unresolved() || g_span.unresolved() || cosines.iter().any(near),
            f_diversity_tested: f_diversity_tested(model, f_span.rank(), texts, seed)?,
            tolerance_f: f_span.tolerance,
            tolerance_g: g_span.tolerance,
            tolerance_cosine: smallest_visible,
            singular_values_f: f_span.singular_values,
            singular_values_g: g_span.singular_values,
            principal_cosines: cosines.iter().map(|cosine| cosine.min(1.0)).collect(),
        };
        Ok(Self { u_m, u_n, summary })
    }
}

/// The row space of a matrix, with its rank decided by NumPy's rule at the data's own precision.
#[derive(Debug, Clone)]
pub(super) struct Span {
    /// R with RᵀR = XᵀX.
    factor: Mat<f64>,
    pub(super) singular_values: Vec<f64>,
    /// Length below which what the rows have along a direction is rounding.
    pub(super) tolerance: f64,
    /// Orthonormal basis, `[d, rank]`.
    pub(super) basis: Mat<f64>,
}

impl Span {
    pub(super) fn of_rows(x: MatRef<'_, f64>, model: &Representation) -> Result<Self, TheoryError> {
        Self::above(0.0, triangular_factor(x), x.nrows(), model)
    }

    /// The span of G_c. Taking the mean away rounds at the size of G, however small what is left.
    pub(super) fn of_unembeddings(model: &Representation) -> Result<Self, TheoryError> {
        let noise = 4.0 * f64::EPSILON * model.g.norm_l2();
        Self::above(noise, centred_factor(model.g.as_ref()), model.n_tokens(), model)
    }

    fn above(
        noise: f64,
        factor: Mat<f64>,
        n_rows: usize,
        model: &Representation,
    ) -> Result<Self, TheoryError> {
        let (singular_values, directions) = right_singular_vectors(factor.as_ref())?;
        let largest = singular_values.first().copied().unwrap_or(0.0);
        let tolerance = (n_rows.max(model.width()) as f64 * model.precision.epsilon() * largest).max(noise);
        let rank = singular_values.iter().filter(|&&sigma| sigma > tolerance).count();
        Ok(Self { basis: directions.subcols(0, rank).to_owned(), factor, singular_values, tolerance })
    }

    /// ‖X(I − UUᵀ)‖² / ‖X‖²: computed from the residual, so that a share of 1e-20 is not lost in 1 − 1.
    fn share_outside(&self, basis: MatRef<'_, f64>) -> f64 {
        let residual = &self.factor - (&self.factor * basis) * basis.transpose();
        (residual.squared_norm_l2() / self.factor.squared_norm_l2()).clamp(0.0, 1.0)
    }

    pub(super) fn rank(&self) -> usize {
        self.basis.ncols()
    }

    /// Some σ within a factor ten of the tolerance.
    fn unresolved(&self) -> bool {
        self.singular_values
            .iter()
            .any(|&sigma| sigma >= self.tolerance / 10.0 && sigma <= self.tolerance * 10.0)
    }

    /// How far rounding of the stored data may have turned the kept directions (Wedin): ‖E‖ / σ_min, with
    /// ‖E‖ ≤ ε/2·‖X‖_F. A principal angle whose cosine is below this is not evidence of visibility.
    pub(super) fn direction_error(&self, model: &Representation) -> f64 {
        let norm = self.singular_values.iter().map(|sigma| sigma * sigma).sum::<f64>().sqrt();
        let smallest = self.singular_values[self.rank() - 1];
        2.0 * model.precision.epsilon() * norm / smallest
    }
}

/// n ≥ 2d, there are texts to halve, and the rank of F is the same on a random half of them.
fn f_diversity_tested(
    model: &Representation,
    rank: usize,
    texts: &[usize],
    seed: u64,
) -> Result<bool, TheoryError> {
    let members = cluster_members(texts);
    if model.n_contexts() < 2 * model.width() || members.len() < 2 {
        return Ok(false);
    }
    let order = permutation(members.len(), &mut generator(seed, Stream::Split));
    let half: Vec<usize> =
        order[..members.len().div_ceil(2)].iter().flat_map(|&text| members[text].clone()).collect();
    let half_span = Span::of_rows(select_rows(model.f.as_ref(), &half).as_ref(), model)?;
    Ok(half_span.rank() == rank)
}

/// Gauge-fixed coordinates: functions of the distribution alone, unique up to signs (theory.md §5.4).
#[derive(Debug, Clone)]
pub struct Canonical {
    /// Φ = F S_g Q_r, `[n, r]`.
    pub phi: Mat<f64>,
    /// Γ(y) = Q_rᵀ S_g⁺ (g(y) − ḡ), `[V, r]`.
    pub gamma: Mat<f64>,
    /// σ_i with ΦᵀΦ/n = diag(σ²), descending.
    pub sigmas: Vec<f64>,
    /// S_g Q_r, `[d, r]`: Φ = F times this.
    pub phi_from_f: Mat<f64>,
}

impl Canonical {
    /// S_g = C_g^{1/2}; the singular vectors of F S_g/√n are the eigenvectors Q of S_g C_f S_g. r is the number of σ_i
    /// above max(n, V)·ε·σ_1, which depends on the distribution alone.
    ///
    /// # Errors
    /// [`TheoryError::NoConvergence`].
    pub fn find(model: &Representation) -> Result<Self, TheoryError> {
        let tolerance = model.n_contexts().max(model.n_tokens()) as f64 * model.precision.epsilon();
        Self::with(model, |sigmas| {
            let largest = sigmas.first().copied().unwrap_or(0.0);
            sigmas.iter().filter(|&&sigma| sigma > tolerance * largest).count()
        })
    }

    /// With r given, where it was found otherwise (from the principal angles, say): at most d.
    ///
    /// # Errors
    /// [`TheoryError::NoConvergence`].
    pub fn of_rank(model: &Representation, r: usize) -> Result<Self, TheoryError> {
        Self::with(model, |sigmas| r.min(sigmas.len()))
    }

    fn with(model: &Representation, rank: impl Fn(&[f64]) -> usize) -> Result<Self, TheoryError> {
        let (n, v) = (model.n_contexts() as f64, model.n_tokens() as f64);
        let span = Span::of_unembeddings(model)?;
        let root_in = |power: i32| {
            let scaled = Mat::from_fn(model.width(), span.rank(), |i, j| {
                span.basis[(i, j)] * (span.singular_values[j] / v.sqrt()).powi(power)
            });
            scaled * span.basis.transpose()
        };
        let (root, inverse_root) = (root_in(1), root_in(-1));
        let whitened = &model.f * &root;
        let (singular_values, q) = right_singular_vectors(whitened.as_ref())?;
        let r = rank(&singular_values);
        let q = q.subcols(0, r);
        Ok(Self {
            phi: whitened * q,
            gamma: centred(model.g.as_ref()) * (inverse_root * q),
            sigmas: singular_values[..r].iter().map(|sigma| sigma / n.sqrt()).collect(),
            phi_from_f: root * q,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::Precision;
    use crate::theory::twin::{TwinKind, build, change_basis, tests::normal};

    fn ids(n: usize) -> Vec<usize> {
        (0..n).collect()
    }

    fn low_rank(rows: usize, rank: usize, d: usize, seed: u64) -> Mat<f64> {
        normal(rows, rank, seed) * normal(rank, d, seed + 100)
    }

    /// Acceptance test 1: rank 6 and rank 7 spans in R^8 meet generically in r = min(6, 7) = 6 visible directions,
    /// and f·γ = (P_M f)·(P_N γ) = (P_M f)·(P_M γ) = (P_N f)·(P_N γ).
    #[test]
    fn acceptance_01_ranks_and_the_three_identities_of_visible_parts() {
        let f = low_rank(40, 6, 8, 1);
        let g = low_rank(60, 7, 8, 2);
        let model = Representation::new(f, g, Precision::F64).unwrap();
        let found = VisibleSubspaces::find(&model, &ids(40), 0).unwrap();
        let s = &found.summary;
        assert_eq!((s.rank_f, s.rank_g, s.effective_complexity), (6, 7, 6));
        let g_c = centred(model.g.as_ref());
        let c = &model.f * g_c.transpose();
        let p_m = &found.u_m * found.u_m.transpose();
        let p_n = &found.u_n * found.u_n.transpose();
        let scale = c.norm_l2();
        for (left, right) in [(&p_m, &p_n), (&p_m, &p_m), (&p_n, &p_n)] {
            let visible = (&model.f * left) * (&g_c * right).transpose();
            assert!((visible - &c).norm_l2() / scale < 1e-13);
        }
        assert!(s.dark_f < 1e-28, "every f is visible: {}", s.dark_f);
        assert!(s.dark_g > 0.01, "one direction of g is dark: {}", s.dark_g);
    }

    /// numpy: F=diag-like rows e1,e2; G rows in span{e1, (e2+e3)/√2}: cosines 1 and cos 45°.
    #[test]
    fn principal_angles_of_known_planes() {
        let f = Mat::from_fn(2, 3, |i, j| if i == j { 1.0 } else { 0.0 });
        let half = 0.5_f64.sqrt();
        let rows = [[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [0.0, half, half], [0.0, -half, -half]];
        let g = Mat::from_fn(4, 3, |i, j| rows[i][j]);
        let model = Representation::new(f, g, Precision::F64).unwrap();
        let found = VisibleSubspaces::find(&model, &ids(2), 0).unwrap();
        let cosines = &found.summary.principal_cosines;
        assert!((cosines[0] - 1.0).abs() < 1e-15 && (cosines[1] - half).abs() < 1e-15);
        assert_eq!(found.summary.effective_complexity, 2);
        assert!(!found.summary.f_diversity_tested, "two contexts cannot test three dimensions");
    }

    /// Acceptance test 2 (second half): canonical coordinates of twins agree up to signs.
    #[test]
    fn acceptance_02_canonical_coordinates_of_twins_agree_up_to_signs() {
        let model = Representation::new(normal(50, 8, 3), normal(90, 8, 4), Precision::F64).unwrap();
        let padded = crate::theory::twin::tests::padded(&model, 2, 3, 5);
        let twin = change_basis(&padded, 11);
        assert_eq!(twin.width(), 13);
        let (a, b) = (Canonical::find(&model).unwrap(), Canonical::find(&twin).unwrap());
        assert_eq!((a.sigmas.len(), b.sigmas.len()), (8, 8));
        for j in 0..8 {
            let sign = if a.phi[(0, j)] * b.phi[(0, j)] < 0.0 { -1.0 } else { 1.0 };
            for i in 0..50 {
                assert!((a.phi[(i, j)] - sign * b.phi[(i, j)]).abs() < 1e-9);
            }
            for y in 0..90 {
                assert!((a.gamma[(y, j)] - sign * b.gamma[(y, j)]).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn canonical_coordinates_factor_the_centred_log_probabilities() {
        let model = Representation::new(normal(30, 5, 6), normal(70, 5, 7), Precision::F64).unwrap();
        let canonical = Canonical::find(&model).unwrap();
        let c = &model.f * centred(model.g.as_ref()).transpose();
        assert!((&canonical.phi * canonical.gamma.transpose() - &c).norm_l2() / c.norm_l2() < 1e-12);
        let gram = canonical.gamma.transpose() * &canonical.gamma * faer::Scale(1.0 / 70.0);
        assert!((gram - Mat::<f64>::identity(5, 5)).norm_l2() < 1e-12);
    }

    /// In f32 the dark directions carry rounding noise; the ranks must not count it.
    #[test]
    fn f32_twins_keep_the_effective_complexity() {
        let model = Representation::new(normal(200, 12, 8), normal(150, 12, 9), Precision::F64)
            .unwrap()
            .rounded_to_f32();
        for kind in [TwinKind::ChangeOfBasis, TwinKind::DarkUnembedding, TwinKind::DarkEmbedding] {
            let twin = build(&kind.into(), &model, &[], 3).unwrap().representation.rounded_to_f32();
            let summary = VisibleSubspaces::find(&twin, &ids(200), 0).unwrap().summary;
            assert_eq!(summary.effective_complexity, 12, "{kind:?}");
            match kind {
                TwinKind::ChangeOfBasis => assert!(summary.dark_f < 1e-9 && summary.dark_g < 1e-9),
                TwinKind::DarkUnembedding => assert!(summary.dark_f < 1e-9 && summary.dark_g > 0.1),
                _ => assert!(summary.dark_f > 0.1 && summary.dark_g < 1e-9),
            }
        }
    }

    /// Dark parts on both sides leave 𝓕 and 𝓖 with directions that meet only through rounding.
    #[test]
    fn rounding_does_not_make_dark_directions_visible() {
        let model = Representation::new(normal(300, 12, 8), normal(200, 12, 9), Precision::F64).unwrap();
        let twin = change_basis(&crate::theory::twin::tests::padded(&model, 6, 5, 1), 3).rounded_to_f32();
        let summary = VisibleSubspaces::find(&twin, &ids(300), 0).unwrap().summary;
        assert_eq!((summary.rank_f, summary.rank_g, summary.effective_complexity), (17, 18, 12));
        let above =
            |values: &[f64], tolerance: f64| values.iter().filter(|&&value| value > tolerance).count();
        assert_eq!(above(&summary.singular_values_f, summary.tolerance_f), 17);
        assert_eq!(above(&summary.singular_values_g, summary.tolerance_g), 18);
        assert_eq!(above(&summary.principal_cosines, summary.tolerance_cosine), 12);
        assert!(
            summary.singular_values_f.len() > 17 && summary.principal_cosines.len() > 12,
            "some are dark"
        );
    }

    /// One long text has no half to compare with, however many contexts it gives; and n must be at least 2d.
    #[test]
    fn diversity_is_tested_on_enough_contexts_of_several_texts_only() {
        let tested = |n: usize, texts: &[usize]| {
            let model = Representation::new(normal(n, 6, 1), normal(40, 6, 2), Precision::F64).unwrap();
            VisibleSubspaces::find(&model, texts, 3).unwrap().summary.f_diversity_tested
        };
        assert!(tested(12, &ids(12)) && tested(40, &ids(40)));
        assert!(!tested(11, &ids(11)));
        assert!(!tested(40, &[7; 40]));
        // Half of the texts may hold too few contexts: here one of three, and only one context in two of them.
        let lopsided: Vec<usize> = (0..40).map(|i| usize::from(i > 0) + usize::from(i > 1)).collect();
        let mut rank_depends_on_the_half = false;
        for seed in 0..20 {
            let model = Representation::new(normal(40, 6, 1), normal(40, 6, 2), Precision::F64).unwrap();
            let found = VisibleSubspaces::find(&model, &lopsided, seed).unwrap();
            rank_depends_on_the_half |= !found.summary.f_diversity_tested;
        }
        assert!(rank_depends_on_the_half);
    }

    /// A direction as faint as the tolerance of the stored type is flagged, one well above or below is not.
    #[test]
    fn a_singular_value_at_the_tolerance_is_flagged() {
        let flagged = |faint: f64| {
            let f = normal(64, 4, 1);
            let f = Mat::from_fn(64, 4, |i, j| if j == 3 { faint * f[(i, j)] } else { f[(i, j)] });
            let model = Representation::new(f, normal(40, 4, 2), Precision::F32).unwrap();
            VisibleSubspaces::find(&model, &ids(64), 0).unwrap().summary
        };
        let tolerance = 64.0 * f64::from(f32::EPSILON);
        assert!(flagged(tolerance).rank_unresolved);
        assert_eq!((flagged(1.0).rank_unresolved, flagged(1.0).rank_f), (false, 4));
        assert_eq!(
            (flagged(tolerance / 100.0).rank_unresolved, flagged(tolerance / 100.0).rank_f),
            (false, 3)
        );
    }

    #[test]
    fn nothing_visible_is_an_error_that_says_so() {
        let zero = Representation::new(Mat::zeros(4, 3), normal(9, 3, 1), Precision::F64).unwrap();
        assert!(matches!(
            VisibleSubspaces::find(&zero, &ids(4), 0),
            Err(TheoryError::RankZero { what: "F (hidden states)" })
        ));
        // 0.1 is no binary number: the mean of nine is not exactly 0.1, and what is left must not count as a span.
        for value in [2.0, 0.1] {
            let g = Mat::full(9, 3, value);
            let constant = Representation::new(normal(4, 3, 1), g, Precision::F64).unwrap();
            assert!(matches!(
                VisibleSubspaces::find(&constant, &ids(4), 0),
                Err(TheoryError::RankZero { what: "G (unembedding), centred," })
            ));
        }
        let apart = Representation::new(
            Mat::from_fn(4, 2, |i, j| if j == 0 { 1.0 + i as f64 } else { 0.0 }),
            Mat::from_fn(4, 2, |i, j| if j == 1 { 1.0 + i as f64 } else { 0.0 }),
            Precision::F64,
        )
        .unwrap();
        assert!(matches!(VisibleSubspaces::find(&apart, &ids(4), 0), Err(TheoryError::RankZero { .. })));
    }
}
