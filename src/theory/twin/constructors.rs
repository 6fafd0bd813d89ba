//! The constructors themselves, each from one (F, G) to another (theory.md §5.5). A twin is a function of the context as its
//! model is: besides F̃ each says how it carries a hidden state of any context.

use faer::Mat;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::recipe::{TwinKind, TwinStep};
use super::{Exactness, TwinError};
use crate::theory::minimal::{Reduced, reduce};
use crate::theory::representation::{Representation, centred, select_rows};
use crate::theory::subspace::Span;

/// Householder reflections in each random rotation.
const REFLECTIONS: usize = 24;
/// Extra coordinates of a dark unembedding unless a recipe says how many: enough for random directions to be nearly orthogonal.
pub const DARK_G_WIDTH: usize = 128;
/// s: dark unembeddings are this many times longer than the visible ones, so cosines shrink 1 + s² times.
const DARK_G_SCALE: f64 = 6.0;
/// Extra coordinates of a dark embedding unless a recipe says how many.
pub const DARK_F_WIDTH: usize = 16;
/// Most of a model's own dark directions that are used: the rest of a wide complement would only cost time.
const OWN_DIRECTIONS: usize = 16;
/// s of T4: a pair's dark part is this many times longer than its difference.
const PAIR_SCALE: f64 = 3.0;
/// Extra coordinates that turn pairs apart.
const PAIR_WIDTH: usize = 64;

/// Hidden states of any contexts, `[m, d]`, as the twin has them, `[m, d̃]`.
pub(super) type Carry = Box<dyn Fn(&Mat<f64>) -> Mat<f64>>;

/// Another (F, G), and how hidden states become its own: F̃ is F carried.
pub(super) struct Built {
    pub representation: Representation,
    pub carry: Carry,
}

impl Built {
    /// F̃ = carry(F), with G̃.
    fn of(model: &Representation, g: Mat<f64>, carry: Carry) -> Self {
        let representation = Representation { f: carry(&model.f), g, precision: model.precision };
        Self { representation, carry }
    }
}

/// One step of a recipe, every free choice from `rng`.
pub(super) fn apply(
    step: TwinStep,
    model: &Representation,
    pairs: &[(usize, usize)],
    rng: &mut ChaCha8Rng,
) -> Result<(Built, Exactness), TwinError> {
    let dims = |default: usize| step.knob.map_or(default, |knob| knob as usize);
    let exact = |built| Ok((built, Exactness::Exact));
    match step.kind {
        TwinKind::ChangeOfBasis => exact(change_basis(model, step.condition(), rng)),
        TwinKind::DarkUnembedding => exact(with_dark_unembedding(model, dims(DARK_G_WIDTH), rng)),
        TwinKind::DarkEmbedding => exact(with_dark_embedding(model, dims(DARK_F_WIDTH), rng)),
        TwinKind::DarkBoth => {
            let with_dark_g = with_dark_unembedding(model, dims(DARK_G_WIDTH), rng);
            let both = with_dark_embedding(&with_dark_g.representation, dims(DARK_F_WIDTH), rng);
            let carry = move |f: &Mat<f64>| (both.carry)(&(with_dark_g.carry)(f));
            exact(Built { representation: both.representation, carry: Box::new(carry) })
        }
        TwinKind::InPlace => exact(in_place(model, rng)?),
        TwinKind::ObservedOnly => {
            let twin = observed_only(model, dims(model.n_contexts()), rng)?;
            Ok((twin, Exactness::ObservedOnly))
        }
        TwinKind::BreakParallelism => {
            // Drawn for all pairs, so that each turns the same way whichever others are chosen.
            let directions = unit_rows(pairs.len(), PAIR_WIDTH, rng);
            exact(with_chosen_directions(model, step, pairs, &directions))
        }
        TwinKind::FakeParallelism => {
            exact(with_chosen_directions(model, step, pairs, &Mat::full(pairs.len(), 1, 1.0)))
        }
        TwinKind::Reduced => {
            let reduced = reduce(model)?;
            let exactness = exactness_of(&reduced, model);
            let carry = along(reduced.f_from_hidden);
            Ok((Built { representation: reduced.representation, carry }, exactness))
        }
        TwinKind::Truncated => {
            let reduced = reduce(model)?;
            let r = reduced.sigmas.len();
            let kept = dims(r.saturating_sub(1).max(1));
            if kept > r {
                return Err(TwinError::TooManyKept { found: kept, effective_complexity: r });
            }
            let carry = along(reduced.f_from_hidden.subcols(0, kept).to_owned());
            Ok((Built { representation: reduced.truncated(kept), carry }, Exactness::Approximate))
        }
    }
}

/// f ↦ f·map.
fn along(map: Mat<f64>) -> Carry {
    Box::new(move |f| f * &map)
}

/// A reduced model keeps p for every context where it reads all of 𝓖; otherwise for those in the span of the contexts
/// it was made from, which is all there are as far as n ≥ 2d contexts can tell (theory.md §5.3).
fn exactness_of(reduced: &Reduced, model: &Representation) -> Exactness {
    if reduced.reads_all_unembeddings || enough_contexts(model) {
        Exactness::Exact
    } else {
        Exactness::ObservedOnly
    }
}

/// n ≥ 2d: what these contexts do not span may be called a property of the model.
fn enough_contexts(model: &Representation) -> bool {
    model.n_contexts() >= 2 * model.width()
}

/// T1: F̃ = F Aᵀ, G̃ = G A⁻¹ + 1βᵀ with A = Q₁ diag(s) Q₂, Q random rotations, s log-uniform in [κ^-½, κ^½].
///
/// Rows of F meet Aᵀ = Q₂ᵀ diag(s) Q₁ᵀ and rows of G meet A⁻¹ = Q₂ᵀ diag(1/s) Q₁ᵀ: the same reflections, inverse scales.
pub(super) fn change_basis(model: &Representation, condition: u64, rng: &mut ChaCha8Rng) -> Built {
    let d = model.width();
    let largest = (condition as f64).sqrt();
    let first = random_rotation(d, rng);
    let scales: Vec<f64> = (0..d).map(|_| largest.powf(rng.random_range(-1.0..=1.0))).collect();
    let second = random_rotation(d, rng);
    let typical = root_mean_square(&model.g);
    let shift: Vec<f64> = normals(d, rng).into_iter().map(|x| 0.5 * typical * x).collect();

    let mut g = model.g.clone();
    reflect_rows(&mut g, &first);
    let mut g = Mat::from_fn(g.nrows(), d, |y, j| g[(y, j)] / scales[j]);
    reflect_rows(&mut g, &second);
    let g = Mat::from_fn(g.nrows(), d, |y, j| g[(y, j)] + shift[j]);
    let carry = move |f: &Mat<f64>| {
        let mut f = f.clone();
        reflect_rows(&mut f, &first);
        let mut f = Mat::from_fn(f.nrows(), d, |i, j| f[(i, j)] * scales[j]);
        reflect_rows(&mut f, &second);
        f
    };
    Built::of(model, g, Box::new(carry))
}

/// T2a: F̃ = [F, 0], G̃ = [G, W] with W normal, `[V, k]`.
fn with_dark_unembedding(model: &Representation, k: usize, rng: &mut ChaCha8Rng) -> Built {
    let w = normal_matrix(model.n_tokens(), k, dark_g_size(model, k), rng);
    with_unembedding_columns(model, &w)
}

fn with_unembedding_columns(model: &Representation, w: &Mat<f64>) -> Built {
    let k = w.ncols();
    let carry = move |f: &Mat<f64>| beside(f, &Mat::zeros(f.nrows(), k));
    Built::of(model, beside(&model.g, w), Box::new(carry))
}

/// Size of an entry of k columns whose rows are s times as long as those of G_c.
fn dark_g_size(model: &Representation, k: usize) -> f64 {
    DARK_G_SCALE * row_length(&centred(model.g.as_ref())) / (k as f64).sqrt()
}

/// T2b: F̃ = [F, Z], G̃ = [G, 0]. (The change of basis adds the constant row of G̃.)
fn with_dark_embedding(model: &Representation, k: usize, rng: &mut ChaCha8Rng) -> Built {
    let z = function_of_context(model, k, rng);
    let g = beside(&model.g, &Mat::zeros(model.n_tokens(), k));
    Built::of(model, g, Box::new(move |f| beside(f, &z(f))))
}

/// Z(x), `[n, k]`, as long as f: cos of random projections of f(x), a function of the context that is defined for every
/// context, yet not linear in f.
fn function_of_context(
    model: &Representation,
    k: usize,
    rng: &mut ChaCha8Rng,
) -> impl Fn(&Mat<f64>) -> Mat<f64> + use<> {
    let frequency = 2.0 / row_length(&model.f).max(f64::MIN_POSITIVE);
    let projections = normal_matrix(model.width(), k, frequency, rng);
    let phases: Vec<f64> = (0..k).map(|_| rng.random_range(0.0..std::f64::consts::TAU)).collect();
    let size = row_length(&model.f) / (k as f64).sqrt();
    move |f| {
        let angles = f * &projections;
        Mat::from_fn(f.nrows(), k, |i, j| size * (angles[(i, j)] + phases[j]).cos())
    }
}

/// T3: G̃ = G + W Uᵀ, U in 𝓕^⊥, where contexts suffice to know 𝓕; otherwise F̃ = F + Z Uᵀ, U in 𝓖^⊥.
///
/// What rounding left of F along U is taken away, as W would magnify it; Z, no longer than f, magnifies nothing.
fn in_place(model: &Representation, rng: &mut ChaCha8Rng) -> Result<Built, TwinError> {
    if enough_contexts(model) {
        let f_span = Span::of_rows(model.f.as_ref(), model)?;
        if let Some(u) = directions_outside(&f_span, model.width(), rng)? {
            let g = unembeddings_along(model, &u, rng);
            return Ok(Built::of(model, g, Box::new(move |f| f - (f * &u) * u.transpose())));
        }
    }
    let g_span = Span::of_unembeddings(model)?;
    let u = directions_outside(&g_span, model.width(), rng)?.ok_or(TwinError::NoDarkDirection {
        d: model.width(),
        n_contexts: model.n_contexts(),
        n_needed: 2 * model.width(),
    })?;
    let z = function_of_context(model, u.ncols(), rng);
    Ok(Built::of(model, model.g.clone(), Box::new(move |f| f + z(f) * u.transpose())))
}

/// T3obs: G̃ = G + W Uᵀ, U orthogonal to the hidden states of the first contexts.
fn observed_only(model: &Representation, looked_at: usize, rng: &mut ChaCha8Rng) -> Result<Built, TwinError> {
    let (n, d) = (model.n_contexts(), model.width());
    if looked_at > n {
        return Err(TwinError::TooManyObserved { found: looked_at, n_contexts: n });
    }
    let span = Span::of_rows(model.f.subrows(0, looked_at), model)?;
    let u = directions_outside(&span, d, rng)?.ok_or(TwinError::SpaceIsFull { looked_at, d })?;
    Ok(Built::of(model, unembeddings_along(model, &u, rng), Box::new(Mat::clone)))
}

/// G̃ = G + W Uᵀ with W normal, `[V, k]`, and U `[d, k]` orthonormal.
fn unembeddings_along(model: &Representation, u: &Mat<f64>, rng: &mut ChaCha8Rng) -> Mat<f64> {
    let w = normal_matrix(model.n_tokens(), u.ncols(), dark_g_size(model, u.ncols()), rng);
    &model.g + w * u.transpose()
}

/// Random orthonormal directions orthogonal to a span, `[d, k]`, k ≤ [`OWN_DIRECTIONS`]; `None` where it fills R^d.
fn directions_outside(span: &Span, d: usize, rng: &mut ChaCha8Rng) -> Result<Option<Mat<f64>>, TwinError> {
    let k = (d - span.rank()).min(OWN_DIRECTIONS);
    if k == 0 {
        return Ok(None);
    }
    let mut directions = normal_matrix(d, k, 1.0, rng);
    // Once is not enough: a direction that lay mostly inside the span keeps rounding errors of what was taken away.
    for _ in 0..2 {
        directions = &directions - &span.basis * (span.basis.transpose() * &directions);
        directions = directions.qr().compute_thin_Q();
    }
    Ok(Some(directions))
}

/// T4 for those pairs that a step chooses.
fn with_chosen_directions(
    model: &Representation,
    step: TwinStep,
    pairs: &[(usize, usize)],
    directions: &Mat<f64>,
) -> Built {
    let chosen = step.pairs();
    let places: Vec<usize> =
        (0..pairs.len()).filter(|&place| chosen.is_none_or(|set| set.contains(place))).collect();
    let pairs: Vec<(usize, usize)> = places.iter().map(|&place| pairs[place]).collect();
    with_pair_directions(model, &pairs, &select_rows(directions.as_ref(), &places))
}

/// T4: g̃(y1_i) = [g(y1_i), s‖Δ_i‖ρ_i], all other rows [g(y), 0], ρ_i the rows of `directions`. Cosines of differences
/// become (cos + s² ρ_i·ρ_j)/(1 + s²). A token changed by several pairs belongs to the first of them.
pub(super) fn with_pair_directions(
    model: &Representation,
    pairs: &[(usize, usize)],
    directions: &Mat<f64>,
) -> Built {
    let mut w = Mat::zeros(model.n_tokens(), directions.ncols());
    let mut assigned = std::collections::HashSet::new();
    for (i, &(base, changed)) in pairs.iter().enumerate().filter(|(_, pair)| assigned.insert(pair.1)) {
        let length = (model.g.row(changed) - model.g.row(base)).norm_l2();
        for j in 0..directions.ncols() {
            w[(changed, j)] = PAIR_SCALE * length * directions[(i, j)];
        }
    }
    with_unembedding_columns(model, &w)
}

/// Random rows of length 1, `[rows, columns]`.
pub(super) fn unit_rows(rows: usize, columns: usize, rng: &mut ChaCha8Rng) -> Mat<f64> {
    let x = normal_matrix(rows, columns, 1.0, rng);
    let lengths: Vec<f64> = (0..rows).map(|i| x.row(i).norm_l2().max(f64::MIN_POSITIVE)).collect();
    Mat::from_fn(rows, columns, |i, j| x[(i, j)] / lengths[i])
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

/// [left, right].
pub(super) fn beside(left: &Mat<f64>, right: &Mat<f64>) -> Mat<f64> {
    Mat::from_fn(left.nrows(), left.ncols() + right.ncols(), |i, j| {
        if j < left.ncols() { left[(i, j)] } else { right[(i, j - left.ncols())] }
    })
}

fn normals(n: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    (0..n).map(|_| rng.sample(StandardNormal)).collect()
}

pub(super) fn normal_matrix(rows: usize, columns: usize, size: f64, rng: &mut ChaCha8Rng) -> Mat<f64> {
    Mat::from_fn(rows, columns, |_, _| size * rng.sample::<f64, _>(StandardNormal))
}

fn root_mean_square(x: &Mat<f64>) -> f64 {
    (x.squared_norm_l2() / (x.nrows() * x.ncols()) as f64).sqrt()
}

/// Root mean square length of a row.
fn row_length(x: &Mat<f64>) -> f64 {
    (x.squared_norm_l2() / x.nrows() as f64).sqrt()
}
