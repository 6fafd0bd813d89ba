//! Exact twins: other representations of the same distribution, and two kinds that only seem to be (theory.md §5.5).

use std::borrow::Cow;

use faer::Mat;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::representation::{Representation, TheoryError};
use super::statistics::{Stream, generator};

mod constructors;
mod pairs;
mod recipe;

pub use constructors::{DARK_F_WIDTH, DARK_G_WIDTH};
pub use pairs::{MOST_PAIRS, PairSet};
pub use recipe::{
    DEFAULT_CONDITION, MOST_CONDITION, MOST_DARK, MOST_STEPS, RecipeError, TwinKind, TwinRecipe, TwinStep,
};

/// For which contexts a twin has the distribution of its model. The later, the weaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exactness {
    /// For every context: a theorem.
    Exact,
    /// For the contexts looked at; others may tell the two apart.
    ObservedOnly,
    /// For none exactly.
    Approximate,
}

/// Another (F, G) and what is known of its distribution.
#[derive(Debug, Clone)]
pub struct Twin {
    /// F̃ `[n, d̃]` and G̃ `[V, d̃]`, formed in f64.
    pub representation: Representation,
    /// As exact as the weakest step.
    pub exactness: Exactness,
    /// Hidden states of contexts that took no part in making the twin, as it has them, `[m, d̃]`.
    pub elsewhere: Mat<f64>,
}

/// Why a twin of this model cannot be built.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TwinError {
    /// No model has such a twin.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// The model's matrices cannot be decomposed, or everything in them is dark.
    #[error(transparent)]
    Theory(#[from] TheoryError),
    /// A constructor for the pairs of a concept was given none.
    #[error(
        "'{kind}' works on the pairs of a concept, but there are none: name a concept, or take another twin"
    )]
    NoPairs {
        /// The constructor.
        kind: TwinKind,
    },
    /// A recipe names a pair that does not take part.
    #[error("'{kind}' names pair {found}, but only {n_pairs} pairs of the concept take part")]
    NoSuchPair {
        /// The constructor.
        kind: TwinKind,
        /// Its number, from 1 on.
        found: usize,
        /// How many take part.
        n_pairs: usize,
    },
    /// A pair names a row that G does not have.
    #[error("a pair names token {found}, but there are only {n_tokens}")]
    NoSuchToken {
        /// Row named.
        found: usize,
        /// Rows of G.
        n_tokens: usize,
    },
    /// Neither side leaves a direction unused that these contexts can vouch for.
    #[error(
        "this model has no dark direction of its own: its unembeddings differ in all {d} dimensions, and its {n_contexts} hidden states fill them too or are fewer than the {n_needed} that it takes to tell"
    )]
    NoDarkDirection {
        /// Width of the model.
        d: usize,
        /// Contexts given.
        n_contexts: usize,
        /// 2d.
        n_needed: usize,
    },
    /// More contexts were to be looked at than there are.
    #[error("'observed-only={found}' should have at most {n_contexts}, the number of contexts")]
    TooManyObserved {
        /// How many.
        found: usize,
        /// Contexts given.
        n_contexts: usize,
    },
    /// The contexts looked at leave no direction free.
    #[error(
        "the first {looked_at} contexts fill all {d} dimensions, so no direction is left that they do not see: look at fewer than {d}"
    )]
    SpaceIsFull {
        /// How many contexts were looked at.
        looked_at: usize,
        /// Width of the model.
        d: usize,
    },
    /// More dimensions were to be kept than the distribution needs.
    #[error("'truncated={found}' should have at most {effective_complexity}, the effective complexity")]
    TooManyKept {
        /// How many.
        found: usize,
        /// r.
        effective_complexity: usize,
    },
}

/// Applies the steps of a recipe in turn; `seed` decides every free choice, each step having a stream of its own.
/// `pairs` are (base, changed) rows of G, used by the steps that work on a concept.
///
/// Where a recipe would leave dark parts in sight a change of basis hides them, as if `+change-of-basis` stood at its
/// end.
///
/// # Errors
/// [`TwinError`]: a recipe that no model can follow, or one that this model cannot.
pub fn build(
    recipe: &TwinRecipe,
    model: &Representation,
    pairs: &[(usize, usize)],
    seed: u64,
) -> Result<Twin, TwinError> {
    build_and_carry(recipe, model, &Mat::zeros(0, model.width()), pairs, seed)
}

/// As [`build`], which it does not change, and tells the twin's hidden states of other contexts from the model's own,
/// `elsewhere` `[m, d]`.
///
/// # Errors
/// As [`build`].
pub fn build_and_carry(
    recipe: &TwinRecipe,
    model: &Representation,
    elsewhere: &Mat<f64>,
    pairs: &[(usize, usize)],
    seed: u64,
) -> Result<Twin, TwinError> {
    recipe.validate()?;
    let (mut current, mut exactness) = (Cow::Borrowed(model), Exactness::Exact);
    let mut elsewhere = elsewhere.clone();
    let mut n_bases = 0;
    for (position, step) in recipe.hidden().into_iter().enumerate() {
        if step.kind.needs_pairs() {
            check_pairs(step, pairs, model.n_tokens())?;
        }
        let rng = &mut if step.kind == TwinKind::ChangeOfBasis {
            n_bases += 1;
            basis_generator(seed, n_bases - 1)
        } else {
            dark_generator(seed, position)
        };
        let (next, step_exactness) = constructors::apply(step, &current, pairs, rng)?;
        elsewhere = (next.carry)(&elsewhere);
        current = Cow::Owned(next.representation);
        exactness = exactness.max(step_exactness);
    }
    Ok(Twin { representation: current.into_owned(), exactness, elsewhere })
}

/// T1 at its default size: F̃ = F Aᵀ, G̃ = G A⁻¹ + 1βᵀ with A of condition number at most 9.
pub fn change_basis(model: &Representation, seed: u64) -> Representation {
    constructors::change_basis(model, recipe::DEFAULT_CONDITION, &mut basis_generator(seed, 0)).representation
}

fn check_pairs(step: TwinStep, pairs: &[(usize, usize)], n_tokens: usize) -> Result<(), TwinError> {
    let (kind, n_pairs) = (step.kind, pairs.len());
    if pairs.is_empty() {
        return Err(TwinError::NoPairs { kind });
    }
    if let Some(last) = step.pairs().map(PairSet::last).filter(|&last| last >= n_pairs) {
        return Err(TwinError::NoSuchPair { kind, found: last + 1, n_pairs });
    }
    match pairs.iter().flat_map(|&(base, changed)| [base, changed]).find(|&token| token >= n_tokens) {
        Some(found) => Err(TwinError::NoSuchToken { found, n_tokens }),
        None => Ok(()),
    }
}

/// The stream of a recipe's changes of basis, by their order among themselves: the one that hides is the same whether
/// the recipe names it or not, and whatever it hides.
fn basis_generator(seed: u64, nth: u64) -> ChaCha8Rng {
    let mut rng = generator(seed, Stream::Twin);
    if nth > 0 {
        rng.set_stream(u64::MAX - 2 * nth);
    }
    rng
}

/// The stream of any other step, by its position in the recipe.
fn dark_generator(seed: u64, position: usize) -> ChaCha8Rng {
    let mut rng = generator(seed, Stream::Twin);
    rng.set_stream(u64::MAX - 1 - 2 * position as u64);
    rng
}

#[cfg(test)]
pub(crate) mod tests {
    use super::constructors::{beside, normal_matrix, unit_rows, with_pair_directions};
    use super::*;
    use crate::theory::Precision;
    use crate::theory::distribution::log_softmax;
    use crate::theory::linear_map::coupled_map;
    use crate::theory::representation::select_rows;
    use crate::theory::subspace::{SubspaceSummary, VisibleSubspaces};
    use proptest::prelude::*;
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

    fn model(n: usize, v: usize, d: usize, seed: u64) -> Representation {
        Representation::new(normal(n, d, seed), normal(v, d, seed + 50), Precision::F64).unwrap()
    }

    fn recipe(text: &str) -> TwinRecipe {
        text.parse().unwrap()
    }

    fn subspaces(model: &Representation) -> SubspaceSummary {
        let texts: Vec<usize> = (0..model.n_contexts()).collect();
        VisibleSubspaces::find(model, &texts, 0).unwrap().summary
    }

    fn effective_complexity(model: &Representation) -> usize {
        subspaces(model).effective_complexity
    }

    fn cosine(g: &Mat<f64>, one: (usize, usize), other: (usize, usize)) -> f64 {
        let (one, other) = (g.row(one.1) - g.row(one.0), g.row(other.1) - g.row(other.0));
        (&one * other.transpose()) / (one.norm_l2() * other.norm_l2())
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
        let pairs = [(0, 1), (2, 3), (4, 5)];
        for kind in TwinKind::ALL {
            let Ok(Twin { representation: twin, exactness, .. }) = build(&kind.into(), &model, &pairs, 5)
            else {
                // Diversity holds here: no direction is dark, and no context leaves one free.
                assert!(matches!(kind, TwinKind::InPlace | TwinKind::ObservedOnly), "{kind}");
                continue;
            };
            assert_eq!(exactness == Exactness::Exact, max_abs_dlogp(&model, &twin) < 1e-10, "{kind}");
            assert_eq!(exactness == Exactness::Exact, kind != TwinKind::Truncated, "{kind}");
            let looks_different =
                kind == TwinKind::Truncated || (twin.g.subcols(0, 8) - &model.g).norm_l2() > 1.0;
            assert!(looks_different, "{kind}");
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

    #[test]
    fn one_seed_gives_one_twin() {
        let model = Representation::new(normal(5, 4, 1), normal(9, 4, 2), Precision::F64).unwrap();
        let steps = "dark-unembedding=3+change-of-basis=2+dark-unembedding=3+dark-embedding=2";
        let again = |seed| build(&recipe(steps), &model, &[], seed).unwrap().representation;
        assert_eq!((again(1).f, again(1).g), (again(1).f, again(1).g));
        assert_ne!(again(1).g, again(2).g);
    }

    /// Entries of the matrices that committed results were computed from: first and last of F̃ and of G̃.
    #[test]
    fn twins_of_one_step_are_those_of_committed_results() {
        let model = Representation::new(normal(5, 4, 1), normal(9, 4, 2), Precision::F64).unwrap();
        let expected = [
            (
                "change-of-basis",
                0.45467174450021386,
                0.7901343796782494,
                -2.3815931640795243,
                3.06076344899467,
            ),
            (
                "dark-unembedding",
                -0.032448636214825105,
                0.006073213990520694,
                -4.962438025525827,
                1.1494889063172526,
            ),
            (
                "dark-embedding",
                -1.0706613982486122,
                0.5671973338276829,
                -0.17598665289819532,
                0.0739631560464812,
            ),
        ];
        for (text, first_f, last_f, first_g, last_g) in expected {
            let twin = build(&recipe(text), &model, &[], 5).unwrap().representation;
            let last = twin.width() - 1;
            let found = [twin.f[(0, 0)], twin.f[(4, last)], twin.g[(0, 0)], twin.g[(8, last)]];
            for (found, expected) in found.into_iter().zip([first_f, last_f, first_g, last_g]) {
                assert!((found - expected).abs() < 1e-12, "{text}: {found} {expected}");
            }
        }
        for text in ["dark-unembedding", "dark-embedding"] {
            let [silent, spoken] = [text.to_owned(), format!("{text}+change-of-basis")]
                .map(|text| build(&recipe(&text), &model, &[], 5).unwrap().representation);
            assert_eq!((silent.f, silent.g), (spoken.f, spoken.g), "{text}");
        }
    }

    /// Steps of one recipe draw independently: two dark parts are not one, and the second basis does not undo the first.
    #[test]
    fn steps_of_one_recipe_have_streams_of_their_own() {
        let model = model(6, 40, 3, 1);
        let twin = build(&recipe("dark-unembedding=4+dark-unembedding=4+change-of-basis=1"), &model, &[], 1)
            .unwrap();
        let spread = super::super::representation::centred(twin.representation.g.as_ref());
        let sigmas = spread.singular_values().unwrap();
        assert!(sigmas[10] > 1.0, "the second four columns repeat the first: {sigmas:?}");
        let bases = build(&recipe("change-of-basis=9+change-of-basis=9"), &model, &[], 1).unwrap();
        let once = build(&recipe("change-of-basis=9"), &model, &[], 1).unwrap();
        let again = change_basis(&once.representation, 1);
        assert!((&bases.representation.f - &again.f).norm_l2() > 0.1);
    }

    /// Acceptance test 4: W[y1_i] = s‖Δ_i‖ρ_i turns cosines into (cos + s² ρ_i·ρ_j)/(1 + s²), s = 3, before a change of
    /// basis hides how.
    #[test]
    fn acceptance_04_cosines_of_targeted_pairs_follow_the_formula() {
        let model = model(10, 40, 6, 1);
        let pairs: Vec<(usize, usize)> = (0..8).map(|i| (2 * i, 2 * i + 1)).collect();
        let apart = unit_rows(8, 64, &mut ChaCha8Rng::seed_from_u64(3));
        for directions in [&apart, &Mat::full(8, 1, 1.0)] {
            let twin = with_pair_directions(&model, &pairs, directions).representation;
            assert!(max_abs_dlogp(&model, &twin) < 1e-13);
            for i in 0..8 {
                for j in 0..i {
                    let own = directions.row(i) * directions.row(j).transpose();
                    let expected = (cosine(&model.g, pairs[i], pairs[j]) + 9.0 * own) / 10.0;
                    assert!((cosine(&twin.g, pairs[i], pairs[j]) - expected).abs() < 1e-12);
                }
            }
        }
        // A token of two pairs belongs to the first; tokens that no pair changes stay as they are.
        let twin = with_pair_directions(&model, &[(0, 1), (2, 1)], &apart).representation;
        let length = (model.g.row(1) - model.g.row(0)).norm_l2();
        assert!((twin.g.row(1).subcols(6, 64).norm_l2() - 3.0 * length).abs() < 1e-12);
        assert!((0..40).filter(|&y| y != 1).all(|y| twin.g.row(y).subcols(6, 64).norm_max() == 0.0));
    }

    /// Through the constructor, hidden and all: parallel pairs are turned apart, unrelated ones together.
    #[test]
    fn targeted_twins_break_and_fake_parallelism() {
        let mut model = model(10, 40, 6, 1);
        let pairs: Vec<(usize, usize)> = (0..12).map(|i| (2 * i, 2 * i + 1)).collect();
        let mean_cosine = |g: &Mat<f64>| {
            let each = (0..12).flat_map(|i| (0..i).map(move |j| (i, j)));
            each.map(|(i, j)| cosine(g, pairs[i], pairs[j])).sum::<f64>() / 66.0
        };
        let faked = build(&recipe("fake-parallelism"), &model, &pairs, 1).unwrap();
        assert!(mean_cosine(&model.g) < 0.2 && mean_cosine(&faked.representation.g) > 0.7);
        for &(base, changed) in &pairs {
            (0..6)
                .for_each(|j| model.g[(changed, j)] = model.g[(base, j)] + 1.0 + 0.1 * model.g[(changed, j)]);
        }
        let broken = build(&recipe("break-parallelism"), &model, &pairs, 1).unwrap();
        assert!(mean_cosine(&model.g) > 0.9 && mean_cosine(&broken.representation.g) < 0.3);
        assert!(max_abs_dlogp(&model, &broken.representation) < 1e-12);
        let error = build(&recipe("break-parallelism=2,13"), &model, &pairs, 1).unwrap_err();
        assert_eq!(error, TwinError::NoSuchPair { kind: TwinKind::BreakParallelism, found: 13, n_pairs: 12 });
        let error = build(&recipe("break-parallelism"), &model, &[], 1).unwrap_err();
        assert!(error.to_string().contains("'break-parallelism'"), "{error}");
        let error = build(&recipe("fake-parallelism"), &model, &[(0, 40)], 1).unwrap_err();
        assert_eq!(error, TwinError::NoSuchToken { found: 40, n_tokens: 40 });
    }

    /// Two chosen pairs turn; the others keep their cosines, and each pair turns as it does when all do.
    #[test]
    fn chosen_pairs_are_turned_and_the_others_stay() {
        let mut model = model(10, 40, 6, 1);
        let pairs: Vec<(usize, usize)> = (0..12).map(|i| (2 * i, 2 * i + 1)).collect();
        for &(base, changed) in &pairs {
            (0..6)
                .for_each(|j| model.g[(changed, j)] = model.g[(base, j)] + 1.0 + 0.1 * model.g[(changed, j)]);
        }
        // A rotation alone follows, which keeps cosines.
        let made = |text: &str| {
            let steps = format!("{text}+change-of-basis=1");
            build(&recipe(&steps), &model, &pairs, 1).unwrap().representation
        };
        let (two, all) = (made("break-parallelism=2,5"), made("break-parallelism"));
        let cosine_of = |x: &Representation, i: usize, j: usize| cosine(&x.g, pairs[i], pairs[j]);
        for i in 0..12 {
            for j in 0..i {
                let (turned_i, turned_j) = ([1, 4].contains(&i), [1, 4].contains(&j));
                let expected = match (turned_i, turned_j) {
                    (false, false) => cosine_of(&model, i, j),
                    (true, true) => cosine_of(&all, i, j),
                    // One of the two is longer by √(1 + s²) in a direction of its own.
                    _ => cosine_of(&model, i, j) / 10.0_f64.sqrt(),
                };
                assert!((cosine_of(&two, i, j) - expected).abs() < 1e-9, "{i} {j}");
            }
        }
        assert!(max_abs_dlogp(&model, &two) < 1e-12);
        let whole = made("break-parallelism=1-12");
        assert_eq!((whole.f, whole.g), (all.f, all.g));
    }

    /// Acceptance test 6: the same on every context looked at, another model on the next one.
    #[test]
    fn acceptance_06_a_twin_of_what_was_looked_at_is_found_out_by_one_more_context() {
        let model = model(5, 60, 8, 1);
        let Twin { representation: twin, exactness, .. } =
            build(&recipe("observed-only=4"), &model, &[], 3).unwrap();
        assert_eq!((exactness, twin.width()), (Exactness::ObservedOnly, 8));
        let part = |x: &Representation, rows: &[usize]| Representation {
            f: select_rows(x.f.as_ref(), rows),
            ..x.clone()
        };
        let looked_at = [0, 1, 2, 3];
        assert!(max_abs_dlogp(&part(&model, &looked_at), &part(&twin, &looked_at)) < 1e-10);
        assert!(max_abs_dlogp(&part(&model, &[4]), &part(&twin, &[4])) > 1.0);
        let all = build(&recipe("observed-only"), &model, &[], 3).unwrap().representation;
        assert!(max_abs_dlogp(&model, &all) < 1e-10);
    }

    /// A twin is a function of the context: what it says elsewhere follows from what its model says there, and asking
    /// changes nothing of it.
    #[test]
    fn a_twin_says_the_same_elsewhere_where_that_is_a_theorem() {
        let low_rank = |n: usize, seed: u64| normal(n, 6, seed) * normal(6, 8, 7);
        let model = Representation::new(low_rank(40, 1), normal(60, 8, 2), Precision::F64).unwrap();
        let elsewhere = low_rank(5, 3);
        let pairs = [(0, 1), (2, 3), (4, 5)];
        for kind in TwinKind::ALL {
            let carried = |f: &Mat<f64>| build_and_carry(&kind.into(), &model, f, &pairs, 5).unwrap();
            let (twin, known) = (carried(&elsewhere), carried(&model.f));
            let alone = build(&kind.into(), &model, &pairs, 5).unwrap().representation;
            assert_eq!((&twin.representation.f, &twin.representation.g), (&alone.f, &alone.g), "{kind}");
            let size = alone.f.norm_l2();
            assert!((&known.elsewhere - &alone.f).norm_l2() < 1e-9 * size, "{kind}");
            let there = Representation { f: elsewhere.clone(), ..model.clone() };
            let of_twin = Representation { f: twin.elsewhere, ..twin.representation };
            let moved = max_abs_dlogp(&there, &of_twin);
            assert_eq!(moved < 1e-9, kind != TwinKind::Truncated, "{kind}: {moved:e}");
        }
        // Outside the span of what was looked at, a twin of that alone says something else.
        let outside = normal(5, 8, 4);
        let there = Representation { f: outside.clone(), ..model.clone() };
        let moved = |steps: &str| {
            let twin = build_and_carry(&recipe(steps), &model, &outside, &pairs, 5).unwrap();
            max_abs_dlogp(&there, &Representation { f: twin.elsewhere, ..twin.representation })
        };
        assert!(moved("observed-only+change-of-basis") > 1.0);
        assert!(moved("dark-both+change-of-basis") < 1e-9);
    }

    #[test]
    fn contexts_that_leave_no_direction_free_are_counted() {
        let model = model(9, 60, 8, 1);
        let error = |text: &str| build(&recipe(text), &model, &[], 3).unwrap_err();
        assert_eq!(error("observed-only"), TwinError::SpaceIsFull { looked_at: 9, d: 8 });
        assert_eq!(error("observed-only=8"), TwinError::SpaceIsFull { looked_at: 8, d: 8 });
        assert_eq!(error("observed-only=10"), TwinError::TooManyObserved { found: 10, n_contexts: 9 });
        assert_eq!(error("truncated=9"), TwinError::TooManyKept { found: 9, effective_complexity: 8 });
        assert_eq!(error("in-place"), TwinError::NoDarkDirection { d: 8, n_contexts: 9, n_needed: 16 });
        assert!(build(&recipe("observed-only=7"), &model, &[], 3).is_ok());
    }

    /// Acceptance test 8 (first half): four contexts in eight dimensions; twins of any recipe are still coupled exactly.
    #[test]
    fn acceptance_08_twins_of_four_contexts_are_coupled_exactly() {
        let model = model(4, 100, 8, 1);
        for text in [
            "dark-both=3",
            "change-of-basis=9+dark-unembedding=5",
            "dark-embedding=2+reduced",
            "observed-only",
        ] {
            let twin = build(&recipe(text), &model, &[], 3).unwrap().representation;
            let maps = [coupled_map(&model, &twin, 7).unwrap(), coupled_map(&twin, &model, 7).unwrap()];
            assert!(maps.iter().all(|map| map.e_prm < 1e-11 && map.e_tok < 1e-11), "{text}: {maps:?}");
        }
    }

    /// Acceptance test 11 (C5): p(y|x, y∈S) ∝ exp(f·g(y)), so a twin stays one on every set S of tokens.
    #[test]
    fn acceptance_11_a_twin_stays_a_twin_on_every_set_of_tokens() {
        let model = model(30, 60, 6, 1);
        let pairs = [(0, 1), (2, 3)];
        for text in ["dark-both=4", "break-parallelism+change-of-basis=50", "reduced"] {
            let twin = build(&recipe(text), &model, &pairs, 3).unwrap().representation;
            for tokens in [vec![0, 1], vec![59, 3, 17, 4], (0..60).step_by(2).collect(), (7..40).collect()] {
                let on = |x: &Representation| Representation {
                    g: select_rows(x.g.as_ref(), &tokens),
                    ..x.clone()
                };
                assert!(max_abs_dlogp(&on(&model), &on(&twin)) < 1e-10, "{text} {tokens:?}");
                assert_eq!(effective_complexity(&on(&twin)), effective_complexity(&on(&model)), "{text}");
            }
        }
    }

    /// Hidden states of a LayerNorm without bias: γ ⊙ (x − mean), one direction short of all.
    fn layer_norm_model(n: usize, v: usize, d: usize) -> Representation {
        let x = normal(n, d, 1);
        let f = Mat::from_fn(n, d, |i, j| {
            (0.5 + 0.1 * j as f64) * (x[(i, j)] - x.row(i).iter().sum::<f64>() / d as f64)
        });
        Representation::new(f, normal(v, d, 2), Precision::F64).unwrap()
    }

    /// Acceptance test 13 (the twin): a LayerNorm without bias hides a direction, along which g is free.
    #[test]
    fn acceptance_13_a_layer_norm_without_bias_has_a_twin_in_place() {
        let model = layer_norm_model(80, 60, 12);
        let twin = build(&recipe("in-place"), &model, &[], 3).unwrap();
        assert_eq!((twin.exactness, twin.representation.width()), (Exactness::Exact, 12));
        assert!(max_abs_dlogp(&model, &twin.representation) < 1e-10);
        let texts: Vec<usize> = (0..80).collect();
        let dark = |x: &Representation| VisibleSubspaces::find(x, &texts, 0).unwrap().summary.dark_g;
        assert!(dark(&model) < 0.5 && dark(&twin.representation) > 0.8);
        // Stored in f32 the direction is not exactly dark; what is left of it must not be magnified.
        let stored = model.rounded_to_f32();
        let twin = build(&recipe("in-place"), &stored, &[], 3).unwrap().representation;
        assert!(max_abs_dlogp(&stored, &twin) < 1e-6);
        // Fewer than 2d contexts cannot vouch for the direction.
        let few = Representation { f: model.f.subrows(0, 23).to_owned(), ..model };
        assert!(matches!(build(&recipe("in-place"), &few, &[], 3), Err(TwinError::NoDarkDirection { .. })));
    }

    /// The other side: unembeddings that differ in few dimensions leave f free, however few the contexts.
    #[test]
    fn unembeddings_of_low_rank_have_a_twin_in_place() {
        let g = normal(60, 3, 2) * normal(3, 5, 4);
        let model = Representation::new(normal(7, 5, 1), g, Precision::F64).unwrap();
        let twin = build(&recipe("in-place"), &model, &[], 3).unwrap();
        assert_eq!((twin.exactness, twin.representation.width()), (Exactness::Exact, 5));
        assert!(max_abs_dlogp(&model, &twin.representation) < 1e-10);
        let texts: Vec<usize> = (0..7).collect();
        let dark = |x: &Representation| VisibleSubspaces::find(x, &texts, 0).unwrap().summary.dark_f;
        // Hidden by the same change of basis, the model's own dark share is smaller.
        assert!(dark(&twin.representation) > dark(&change_basis(&model, 3)));
    }

    /// A minimal model made from few contexts knows only what these read; one that reads all of 𝓖 knows all.
    #[test]
    fn a_minimal_model_is_exact_where_its_contexts_vouch_for_it() {
        let exactness = |model: &Representation| build(&recipe("reduced"), model, &[], 1).unwrap().exactness;
        assert_eq!(exactness(&model(4, 60, 8, 1)), Exactness::ObservedOnly);
        assert_eq!(exactness(&model(8, 60, 8, 1)), Exactness::Exact);
        assert_eq!(exactness(&layer_norm_model(80, 60, 12)), Exactness::Exact);
        let mixed =
            build(&recipe("observed-only+truncated=2+dark-both"), &model(4, 60, 8, 1), &[], 1).unwrap();
        assert_eq!(mixed.exactness, Exactness::Approximate);
    }

    /// The condition number of A is at most 9: no row may grow or shrink more than threefold.
    #[test]
    fn the_change_of_basis_is_well_conditioned() {
        let identity = Representation::new(Mat::identity(30, 30), normal(50, 30, 2), Precision::F64).unwrap();
        let a = change_basis(&identity, 8).f;
        let sigmas = a.singular_values().unwrap();
        assert!(sigmas[0] <= 3.0 + 1e-12 && sigmas[29] >= 1.0 / 3.0 - 1e-12, "{sigmas:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        /// Whatever exact steps in whatever order: p stays, and the effective complexity does or is told to be in doubt.
        /// (Dark embeddings are smooth functions of f: of few coordinates they are so nearly dependent that no rank can
        /// be told.)
        #[test]
        fn composed_exact_twins_keep_the_distribution(
            seed in 0u64..1000,
            d in 3usize..9,
            rank in 3usize..9,
            steps in prop::collection::vec((0usize..7, 1u64..6), 1..5),
        ) {
            let rank = rank.min(d);
            let f = normal(24, rank, seed) * normal(rank, d, seed + 1);
            let model = Representation::new(f, normal(40, d, seed + 2), Precision::F64).unwrap();
            let pairs = [(0, 1), (2, 3), (4, 5), (6, 3)];
            let steps = steps.into_iter().filter_map(|(kind, size)| {
                let step = |kind, knob| Some(TwinStep { kind, knob });
                match kind {
                    0 => step(TwinKind::ChangeOfBasis, Some(size.min(2))),
                    1 => step(TwinKind::DarkUnembedding, Some(size)),
                    2 => step(TwinKind::DarkEmbedding, Some(size)),
                    3 => step(TwinKind::DarkBoth, Some(size)),
                    4 => step(TwinKind::BreakParallelism, None),
                    5 => step(TwinKind::FakeParallelism, None),
                    _ => step(TwinKind::Reduced, None),
                }
            });
            let recipe = TwinRecipe(steps.collect());
            let twin = build(&recipe, &model, &pairs, seed).unwrap();
            let moved = max_abs_dlogp(&model, &twin.representation);
            prop_assert!(moved < 1e-9, "{} {}", recipe, moved);
            let summary = subspaces(&twin.representation);
            let is_kept = summary.effective_complexity == rank;
            prop_assert!(is_kept || summary.rank_unresolved, "{} {:?}", recipe, summary);
        }
    }
}
