//! A concept's differences as arrows in a plane, of A and of B side by side (theory.md §5.8, Drawing): where the visible
//! arrows of two models coincide and the raw ones do not, the models differ in nothing that the distribution sees.

use faer::{Mat, MatRef};
use serde::{Deserialize, Serialize};

use super::pairs::differences;
use super::parallelism::log_ratios;
use crate::theory::representation::{Representation, TheoryError, centred, right_singular_vectors};

/// Where one model's arrows end, one per pair; all begin in the origin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plane {
    /// Along the first and the second axis.
    pub ends: Vec<(f64, f64)>,
    /// Share of this model's squared lengths that lies in the plane, in [0, 1].
    pub explained: f64,
}

/// The differences of a concept's pairs in four drawings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arrows {
    /// g(y1) − g(y0) of A along its own two first principal axes, in A's own units.
    pub raw_a: Plane,
    /// The same of B along B's own axes and in B's own units, turned (or mirrored) in the plane to lie as near to A's
    /// arrows as it can: what still differs is no choice of axes.
    pub raw_b: Plane,
    /// Centred log-ratios of A in the plane that holds most of both models', nats: a length is a standard deviation over
    /// contexts, an angle between whole arrows the one whose cosine the visible score averages.
    pub visible_a: Plane,
    /// The same of B, along the same axes.
    pub visible_b: Plane,
}

impl Arrows {
    /// The arrows of `pairs` (base, changed), rows of G.
    ///
    /// Visible coordinates: `z_i(x) = (r_i(x) − mean r_i)/√n = (Φ(Γ(y1) − Γ(y0)))(x)`, centred, over √n: canonical
    /// coordinates written out on the contexts, which both models share, so that neither sign nor rotation is left open.
    ///
    /// # Errors
    /// [`TheoryError::NoConvergence`].
    pub fn of(a: &Representation, b: &Representation, pairs: &[(usize, usize)]) -> Result<Self, TheoryError> {
        let [in_a, in_b] = [a, b].map(|model| differences(model.g.as_ref(), pairs));
        let raw_a = on_axes(in_a.as_ref(), first_axes(in_a.as_ref())?.as_ref());
        let raw_a = raw_a.signed(raw_a.signs());
        let raw_b = on_axes(in_b.as_ref(), first_axes(in_b.as_ref())?.as_ref()).turned_towards(&raw_a)?;

        let root_n = (a.n_contexts() as f64).sqrt();
        let [in_a, in_b] = [a, b].map(|model| {
            (centred(log_ratios(model, pairs).as_ref()) * faer::Scale(1.0 / root_n)).transpose().to_owned()
        });
        let m = pairs.len();
        let both =
            Mat::from_fn(2 * m, in_a.ncols(), |i, x| if i < m { in_a[(i, x)] } else { in_b[(i - m, x)] });
        let axes = first_axes(both.as_ref())?;
        let [visible_a, visible_b] = [in_a, in_b].map(|rows| on_axes(rows.as_ref(), axes.as_ref()));
        let signs = visible_a.signs();
        Ok(Self { raw_a, raw_b, visible_a: visible_a.signed(signs), visible_b: visible_b.signed(signs) })
    }
}

/// The first two right singular vectors of rows X, `[·, ≤ 2]`: the plane through the origin that holds most of them.
fn first_axes(x: MatRef<'_, f64>) -> Result<Mat<f64>, TheoryError> {
    let (_, axes) = right_singular_vectors(x)?;
    Ok(axes.subcols(0, axes.ncols().min(2)).to_owned())
}

/// Rows X along the axes; where there is one axis only, all second coordinates are 0.
fn on_axes(x: MatRef<'_, f64>, axes: MatRef<'_, f64>) -> Plane {
    let along = x * axes;
    let at = |i, axis| if axis < along.ncols() { along[(i, axis)] } else { 0.0 };
    let whole = x.squared_norm_l2();
    Plane {
        ends: (0..x.nrows()).map(|i| (at(i, 0), at(i, 1))).collect(),
        explained: if whole > 0.0 { (along.squared_norm_l2() / whole).min(1.0) } else { 0.0 },
    }
}

impl Plane {
    /// Signs by which the arrows point to the right on the whole, and the one that leaves the first axis most points up.
    fn signs(&self) -> (f64, f64) {
        let sign = |x: f64| if x < 0.0 { -1.0 } else { 1.0 };
        let farthest =
            self.ends.iter().fold(0.0, |most: f64, end| if end.1.abs() > most.abs() { end.1 } else { most });
        (sign(self.ends.iter().map(|end| end.0).sum()), sign(farthest))
    }

    fn signed(&self, (first, second): (f64, f64)) -> Self {
        Self { ends: self.ends.iter().map(|&(x, y)| (first * x, second * y)).collect(), ..*self }
    }

    /// Rotated, or mirrored, to the least squared distance from the ends of `other` (orthogonal Procrustes, 2×2).
    fn turned_towards(self, other: &Self) -> Result<Self, TheoryError> {
        let matrix = |ends: &[(f64, f64)]| {
            Mat::from_fn(2, ends.len(), |axis, i| if axis == 0 { ends[i].0 } else { ends[i].1 })
        };
        let own = matrix(&self.ends);
        let products = matrix(&other.ends) * own.transpose();
        let svd = products.svd().map_err(|_| TheoryError::NoConvergence { rows: 2, columns: 2 })?;
        let turned = svd.U() * svd.V().transpose() * own;
        Ok(Self { ends: (0..turned.ncols()).map(|i| (turned[(0, i)], turned[(1, i)])).collect(), ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::Precision;
    use crate::theory::twin::change_basis;
    use crate::theory::twin::tests::{normal, padded};

    const PAIRS: [(usize, usize); 7] = [(0, 1), (2, 3), (4, 5), (6, 7), (8, 9), (10, 11), (12, 13)];

    fn model(seed: u64) -> Representation {
        Representation::new(normal(50, 6, seed), normal(40, 6, seed + 50), Precision::F64).unwrap()
    }

    fn apart(one: &Plane, other: &Plane) -> f64 {
        let distance = |(p, q): (&(f64, f64), &(f64, f64))| (p.0 - q.0).abs().max((p.1 - q.1).abs());
        one.ends.iter().zip(&other.ends).map(distance).fold(0.0, f64::max)
    }

    /// The point of the theory in one look: also where the twin has dark parts and more dimensions.
    #[test]
    fn visible_arrows_of_twins_coincide_and_raw_ones_do_not() {
        let a = model(1);
        for twin in [change_basis(&a, 7), change_basis(&padded(&a, 2, 3, 5), 7)] {
            let arrows = Arrows::of(&a, &twin, &PAIRS).unwrap();
            assert!(apart(&arrows.visible_a, &arrows.visible_b) < 1e-8);
            assert!((arrows.visible_a.explained - arrows.visible_b.explained).abs() < 1e-8);
            assert!(apart(&arrows.raw_a, &arrows.raw_b) > 0.1);
        }
    }

    /// A rotation is no difference: raw arrows are drawn so that it does not look like one.
    #[test]
    fn raw_arrows_of_a_rotated_model_coincide() {
        let a = model(2);
        let rotation = normal(6, 6, 9).qr().compute_Q();
        let rotated = Representation { f: &a.f * &rotation, g: &a.g * &rotation, precision: a.precision };
        let arrows = Arrows::of(&a, &rotated, &PAIRS).unwrap();
        assert!(apart(&arrows.raw_a, &arrows.raw_b) < 1e-10);
    }

    /// By hand: two contexts ±1 on each of two coordinates, so that Σ_f is the identity and log-ratios are as long as the
    /// differences (3, 0), (0, 2), (−1, 0), which fill the plane.
    #[test]
    fn lengths_and_angles_are_those_of_log_ratios() {
        let f = [[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]];
        let g = [[0.0, 0.0], [3.0, 0.0], [0.0, 2.0], [-1.0, 0.0]];
        let model = Representation::new(
            Mat::from_fn(4, 2, |i, j| f[i][j]),
            Mat::from_fn(4, 2, |i, j| g[i][j]),
            Precision::F64,
        )
        .unwrap();
        let arrows = Arrows::of(&model, &model, &[(0, 1), (0, 2), (0, 3)]).unwrap();
        let expected = Plane { ends: vec![(3.0, 0.0), (0.0, 2.0), (-1.0, 0.0)], explained: 1.0 };
        for plane in [&arrows.raw_a, &arrows.raw_b, &arrows.visible_a, &arrows.visible_b] {
            assert!(apart(plane, &expected) < 1e-12 && (plane.explained - 1.0).abs() < 1e-12, "{plane:?}");
        }
    }

    /// Orthogonal differences of lengths 4, 2, 1 in three dimensions: the plane misses the last, 1 of 21.
    #[test]
    fn the_share_in_the_plane_is_of_squared_lengths() {
        let g = Mat::from_fn(4, 3, |i, j| if i == j + 1 { [4.0, 2.0, 1.0][j] } else { 0.0 });
        let model = Representation::new(normal(20, 3, 1), g, Precision::F64).unwrap();
        let arrows = Arrows::of(&model, &model, &[(0, 1), (0, 2), (0, 3)]).unwrap();
        assert!((arrows.raw_a.explained - 20.0 / 21.0).abs() < 1e-12);
    }

    /// One dimension has no second axis, equal tokens have no difference.
    #[test]
    fn a_line_and_a_point_are_drawn_too() {
        let model = Representation::new(normal(20, 1, 1), normal(9, 1, 2), Precision::F64).unwrap();
        let arrows = Arrows::of(&model, &model, &[(0, 1), (2, 3)]).unwrap();
        assert!(arrows.raw_a.ends.iter().chain(&arrows.visible_b.ends).all(|end| end.1.abs() < 1e-12));
        let equal = Representation { g: Mat::full(9, 1, 0.5), ..model };
        let arrows = Arrows::of(&equal, &equal, &[(0, 1), (2, 3)]).unwrap();
        assert_eq!(arrows.visible_a, Plane { ends: vec![(0.0, 0.0); 2], explained: 0.0 });
    }
}
