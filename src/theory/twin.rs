//! Exact twins: other representations of the same distribution (theory.md §5.5).

use faer::Mat;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use super::representation::{Representation, centred};
use super::statistics::{Stream, generator};

/// Which constructor makes a twin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TwinKind {
    /// T1: invertible change of basis, condition number at most 9.
    ChangeOfBasis,
    /// T2a: extra coordinates in g that no f reads, then hidden by a change of basis. Breaks full parallelism.
    DarkUnembedding,
    /// T2b: extra coordinates in f that no difference of g reads, then hidden by a change of basis.
    DarkEmbedding,
}

/// Householder reflections in each random rotation.
const REFLECTIONS: usize = 24;
/// Extra coordinates of a dark unembedding: enough for random directions to be nearly orthogonal.
const DARK_G_WIDTH: usize = 128;
/// s: dark unembeddings are this many times longer than the visible ones, so cosines shrink 1 + s² times.
const DARK_G_SCALE: f64 = 6.0;
/// Extra coordinates of a dark embedding.
const DARK_F_WIDTH: usize = 16;

/// Another (F, G) with exactly the same distribution, formed in f64; `seed` decides every free choice.
pub fn build(kind: TwinKind, model: &Representation, seed: u64) -> Representation {
    let padded = match kind {
        TwinKind::ChangeOfBasis => model.clone(),
        TwinKind::DarkUnembedding => with_dark_unembedding(model, seed),
        TwinKind::DarkEmbedding => with_dark_embedding(model, seed),
    };
    change_basis(&padded, seed)
}

/// T1: F̃ = F Aᵀ, G̃ = G A⁻¹ + 1βᵀ with A = Q₁ diag(s) Q₂, Q random rotations, s log-uniform in [1/3, 3].
///
/// Rows of F meet Aᵀ = Q₂ᵀ diag(s) Q₁ᵀ and rows of G meet A⁻¹ = Q₂ᵀ diag(1/s) Q₁ᵀ: the same reflections, inverse scales.
pub fn change_basis(model: &Representation, seed: u64) -> Representation {
    let d = model.width();
    let rng = &mut generator(seed, Stream::Twin);
    let first = random_rotation(d, rng);
    let scales: Vec<f64> = (0..d).map(|_| 3.0_f64.powf(rng.random_range(-1.0..=1.0))).collect();
    let second = random_rotation(d, rng);
    let typical = root_mean_square(&model.g);
    let shift: Vec<f64> = normals(d, rng).into_iter().map(|x| 0.5 * typical * x).collect();

    let mut f = model.f.clone();
    reflect_rows(&mut f, &first);
    let mut f = Mat::from_fn(f.nrows(), d, |i, j| f[(i, j)] * scales[j]);
    reflect_rows(&mut f, &second);

    let mut g = model.g.clone();
    reflect_rows(&mut g, &first);
    let mut g = Mat::from_fn(g.nrows(), d, |y, j| g[(y, j)] / scales[j]);
    reflect_rows(&mut g, &second);
    let g = Mat::from_fn(g.nrows(), d, |y, j| g[(y, j)] + shift[j]);
    Representation { f, g, precision: model.precision }
}

/// T2a: F̃ = [F, 0], G̃ = [G, W] with W normal.
fn with_dark_unembedding(model: &Representation, seed: u64) -> Representation {
    let k = DARK_G_WIDTH;
    let size = DARK_G_SCALE * row_length(&centred(model.g.as_ref())) / (k as f64).sqrt();
    let rng = &mut dark_generator(seed);
    let w = normal_matrix(model.n_tokens(), k, size, rng);
    Representation {
        f: beside(&model.f, &Mat::zeros(model.n_contexts(), k)),
        g: beside(&model.g, &w),
        precision: model.precision,
    }
}

/// T2b: F̃ = [F, Z], G̃ = [G, 0], Z(x) = cos of random projections of f(x): a function of the context that is
/// defined for every context, yet not linear in f. (The change of basis adds the constant row of G̃.)
fn with_dark_embedding(model: &Representation, seed: u64) -> Representation {
    let (d, k) = (model.width(), DARK_F_WIDTH);
    let rng = &mut dark_generator(seed);
    let frequency = 2.0 / row_length(&model.f).max(f64::MIN_POSITIVE);
    let projections = normal_matrix(d, k, frequency, rng);
    let phases: Vec<f64> = (0..k).map(|_| rng.random_range(0.0..std::f64::consts::TAU)).collect();
    let size = row_length(&model.f) / (k as f64).sqrt();
    let angles = &model.f * &projections;
    let z = Mat::from_fn(model.n_contexts(), k, |i, j| size * (angles[(i, j)] + phases[j]).cos());
    Representation {
        f: beside(&model.f, &z),
        g: beside(&model.g, &Mat::zeros(model.n_tokens(), k)),
        precision: model.precision,
    }
}

/// The twin's second stream, so that the change of basis is the same whatever was padded.
fn dark_generator(seed: u64) -> ChaCha8Rng {
    let mut rng = generator(seed, Stream::Twin);
    rng.set_stream(u64::MAX - 1);
    rng
}

/// Unit vectors v of reflections I − 2vvᵀ whose product is the rotation.
fn random_rotation(d: usize, rng: &mut ChaCha8Rng) -> Vec<Vec<f64>> {
    (0..REFLECTIONS)
        .map(|_| {
            let v = normals(d, rng);
            let length = v.iter().map(|x| x * x).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
            v.into_iter().map(|x| x / length).collect()
        })
        .collect()
}

/// X ← X (I − 2v₁v₁ᵀ)(I − 2v₂v₂ᵀ)…
fn reflect_rows(x: &mut Mat<f64>, reflections: &[Vec<f64>]) {
    for v in reflections {
        let mut along = vec![0.0; x.nrows()];
        for (j, &v_j) in v.iter().enumerate() {
            for (sum, value) in along.iter_mut().zip(x.col_as_slice(j)) {
                *sum += v_j * value;
            }
        }
        for (j, &v_j) in v.iter().enumerate() {
            for (sum, value) in along.iter().zip(x.col_as_slice_mut(j)) {
                *value -= 2.0 * v_j * sum;
            }
        }
    }
}

fn beside(left: &Mat<f64>, right: &Mat<f64>) -> Mat<f64> {
    Mat::from_fn(left.nrows(), left.ncols() + right.ncols(), |i, j| {
        if j < left.ncols() { left[(i, j)] } else { right[(i, j - left.ncols())] }
    })
}

fn normals(n: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    (0..n).map(|_| rng.sample(StandardNormal)).collect()
}

fn normal_matrix(rows: usize, columns: usize, size: f64, rng: &mut ChaCha8Rng) -> Mat<f64> {
    Mat::from_fn(rows, columns, |_, _| size * rng.sample::<f64, _>(StandardNormal))
}

fn root_mean_square(x: &Mat<f64>) -> f64 {
    (x.squared_norm_l2() / (x.nrows() * x.ncols()) as f64).sqrt()
}

/// Root mean square length of a row.
fn row_length(x: &Mat<f64>) -> f64 {
    (x.squared_norm_l2() / x.nrows() as f64).sqrt()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::theory::Precision;
    use crate::theory::distribution::{Divergences, log_softmax};
    use rand::SeedableRng;

    pub(crate) fn normal(rows: usize, columns: usize, seed: u64) -> Mat<f64> {
        normal_matrix(rows, columns, 1.0, &mut ChaCha8Rng::seed_from_u64(seed))
    }

    /// T2c: k1 dark coordinates of g and k2 of f.
    pub(crate) fn padded(model: &Representation, k1: usize, k2: usize, seed: u64) -> Representation {
        let (n, v) = (model.n_contexts(), model.n_tokens());
        Representation {
            f: beside(&beside(&model.f, &Mat::zeros(n, k1)), &normal(n, k2, seed)),
            g: beside(&beside(&model.g, &normal(v, k1, seed + 1)), &Mat::zeros(v, k2)),
            precision: model.precision,
        }
    }

    pub(crate) fn max_abs_dlogp(a: &Representation, b: &Representation) -> f64 {
        let (mut za, mut zb) = (a.logits(0, a.n_contexts()), b.logits(0, b.n_contexts()));
        let mut largest = 0.0_f64;
        for i in 0..za.ncols() {
            log_softmax(za.col_as_slice_mut(i));
            log_softmax(zb.col_as_slice_mut(i));
            for (x, y) in za.col(i).iter().zip(zb.col(i).iter()) {
                largest = largest.max((x - y).abs());
            }
        }
        largest
    }

    /// Acceptance test 2 (first half): every constructor keeps p to rounding.
    #[test]
    fn acceptance_02_twins_have_the_same_distribution() {
        let model = Representation::new(normal(40, 8, 1), normal(100, 8, 2), Precision::F64).unwrap();
        for kind in [TwinKind::ChangeOfBasis, TwinKind::DarkUnembedding, TwinKind::DarkEmbedding] {
            let twin = build(kind, &model, 5);
            assert!(max_abs_dlogp(&model, &twin) < 1e-10, "{kind:?}");
            assert!((twin.g.subcols(0, 8) - &model.g).norm_l2() > 1.0, "{kind:?} must look different");
        }
        let both = change_basis(&padded(&model, 2, 3, 9), 4);
        assert!(max_abs_dlogp(&model, &both) < 1e-10);
    }

    /// Acceptance test 10: f32 storage of a twin at GPT-2's scale of logits moves log p by less than 1e-3.
    #[test]
    fn acceptance_10_f32_storage_moves_log_probabilities_less_than_a_thousandth() {
        let d = 576;
        let scaled = |x: Mat<f64>, size: f64| Mat::from_fn(x.nrows(), x.ncols(), |i, j| size * x[(i, j)]);
        let f = scaled(normal(8, d, 1), 77.0 / 24.0);
        let g = scaled(normal(300, d, 2), 2.3 / 24.0);
        let model = Representation::new(f, g, Precision::F64).unwrap().rounded_to_f32();
        let twin = change_basis(&model, 3).rounded_to_f32();
        let moved = max_abs_dlogp(&model, &twin);
        assert!(moved > 0.0 && moved < 1e-3, "{moved}");
    }

    /// Acceptance test 9 (the numbers; no steering score exists yet): along a dark axis of g, equal models stop being
    /// equal, because the added vector is no combination of hidden states.
    #[test]
    fn acceptance_09_steering_along_a_dark_axis_is_not_decided_by_the_distribution() {
        let a = Representation::new(normal(20, 8, 1), normal(60, 8, 2), Precision::F64).unwrap();
        let b = padded(&a, 1, 0, 3);
        let mean_kl = |a: &Representation, b: &Representation| {
            let (mut za, mut zb) = (a.logits(0, 20), b.logits(0, 20));
            let each = (0..20).map(|i| {
                log_softmax(za.col_as_slice_mut(i));
                log_softmax(zb.col_as_slice_mut(i));
                Divergences::between(za.col_as_slice(i), zb.col_as_slice(i), 0.0).kl_ab
            });
            each.sum::<f64>() / 20.0
        };
        assert!(mean_kl(&a, &b) < 1e-12);
        let mut steered = b;
        (0..20).for_each(|i| steered.f[(i, 8)] += 2.0);
        assert!(mean_kl(&a, &steered) > 0.1, "{}", mean_kl(&a, &steered));
    }

    #[test]
    fn one_seed_gives_one_twin() {
        let model = Representation::new(normal(5, 4, 1), normal(9, 4, 2), Precision::F64).unwrap();
        let again = |seed| build(TwinKind::DarkUnembedding, &model, seed).g;
        assert_eq!(again(1), again(1));
        assert_ne!(again(1), again(2));
    }

    /// The condition number of A is at most 9: no row may grow or shrink more than threefold.
    #[test]
    fn the_change_of_basis_is_well_conditioned() {
        let identity = Representation::new(Mat::identity(30, 30), normal(50, 30, 2), Precision::F64).unwrap();
        let a = change_basis(&identity, 8).f;
        let sigmas = a.singular_values().unwrap();
        assert!(sigmas[0] <= 3.0 + 1e-12 && sigmas[29] >= 1.0 / 3.0 - 1e-12, "{sigmas:?}");
    }
}
