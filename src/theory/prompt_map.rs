//! The map that is fitted on prompts, what people expect to see; no test of equality (theory.md §5.7).

use faer::{Mat, MatRef};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::linear_map::LeastSquares;
use super::representation::{TheoryError, select_rows};
use super::statistics::{
    BOOTSTRAP_REPLICATES, Stream, bca_interval, cluster_members, generator, multinomial_counts, permutation,
};

/// Share of the texts that the map is tested on.
const TEST_SHARE: f64 = 0.3;
/// Fewest texts to test on: with one there is nothing to resample.
const MIN_TEST_TEXTS: usize = 2;
/// Square of a relative size that counts as rounding.
const ROUNDING: f64 = 1e-24;

/// How well A's visible hidden states are predicted linearly from B's, on texts that took no part in the fit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PromptMap {
    /// Held-out R² against the mean of the training contexts, ≤ 1; negative where the mean would do better.
    pub r2: f64,
    /// 95% interval of `r2` by bootstrap of the test texts, the map staying as fitted.
    pub interval: (f64, f64),
    /// R² where B's contexts are shuffled across texts before the fit: what an unrelated model would give.
    pub r2_shuffled: f64,
    /// Contexts of the fit.
    pub n_train: usize,
    /// Contexts of the test.
    pub n_test: usize,
}

/// Why no map is fitted on prompts.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PromptMapError {
    /// So few contexts are fitted exactly, or nearly, whatever they are.
    #[error("a map fitted on prompts needs at least {needed} training contexts, but there are {found}")]
    TooFewContexts {
        /// 2 r_B.
        needed: usize,
        /// Contexts in the training texts.
        found: usize,
    },
    /// No texts to test on.
    #[error("a map fitted on prompts needs at least {needed} texts, but there are {found}")]
    TooFewTexts {
        /// Fewest texts of which 30% can be resampled.
        needed: usize,
        /// Texts given.
        found: usize,
    },
    /// All test contexts look like the mean of the training contexts, so that there is nothing to explain.
    #[error(
        "the held-out contexts do not differ from the mean of the others, so there is nothing to predict"
    )]
    NoVariation,
    /// Matrices that do not fit together, or whose singular values are not found.
    #[error(transparent)]
    Theory(#[from] TheoryError),
}

/// Φ_A ≈ Φ_B B̂ by least squares without intercept on 70% of the texts, tested on the rest: R²(A←B).
///
/// `phi_a` (`[n, r_A]`) and `phi_b` (`[n, r_B]`) are canonical hidden states of the same contexts, and `texts[i]` is the
/// text of context i. With n_train ≤ r_B the fit would be exact for any data, so fewer than 2 r_B are refused. The split
/// depends on the texts and the seed only, so both directions share it.
///
/// # Errors
/// [`PromptMapError`].
pub fn prompt_map(
    phi_a: MatRef<'_, f64>,
    phi_b: MatRef<'_, f64>,
    texts: &[usize],
    seed: u64,
) -> Result<PromptMap, PromptMapError> {
    for (what, found) in [("Φ of the second model", phi_b.nrows()), ("the list of texts", texts.len())] {
        if found != phi_a.nrows() {
            return Err(TheoryError::Shape { what, axis: "rows", expected: phi_a.nrows(), found }.into());
        }
    }
    let Split { train, test_texts } = Split::of(texts, seed);
    let needed = 2 * phi_b.ncols();
    if train.len() < needed {
        return Err(PromptMapError::TooFewContexts { needed, found: train.len() });
    }
    if test_texts.len() < MIN_TEST_TEXTS {
        let needed = (1..).find(|&n| n_test_texts(n) >= MIN_TEST_TEXTS).unwrap_or(usize::MAX);
        return Err(PromptMapError::TooFewTexts { needed, found: cluster_members(texts).len() });
    }
    let rng = &mut generator(seed, Stream::MapBaseline);
    let shuffled = select_rows(phi_b, &permutation(texts.len(), rng));
    let errors = HeldOut::new(phi_a, phi_b, &train, &test_texts)?;
    let baseline = HeldOut::new(phi_a, shuffled.as_ref(), &train, &test_texts)?;
    let (Some(r2), Some(r2_shuffled)) = (errors.r2(), baseline.r2()) else {
        return Err(PromptMapError::NoVariation);
    };
    Ok(PromptMap {
        r2,
        interval: errors.interval(r2, rng),
        r2_shuffled,
        n_train: train.len(),
        n_test: test_texts.iter().map(Vec::len).sum(),
    })
}

/// Contexts to fit on, and the contexts of each text to test on.
struct Split {
    train: Vec<usize>,
    test_texts: Vec<Vec<usize>>,
}

impl Split {
    fn of(texts: &[usize], seed: u64) -> Self {
        let members = cluster_members(texts);
        let order = permutation(members.len(), &mut generator(seed, Stream::Split));
        let (test, train) = order.split_at(n_test_texts(members.len()));
        Self {
            train: train.iter().flat_map(|&text| members[text].clone()).collect(),
            test_texts: test.iter().map(|&text| members[text].clone()).collect(),
        }
    }
}

fn n_test_texts(n_texts: usize) -> usize {
    (TEST_SHARE * n_texts as f64).round() as usize
}

/// Residuals of a fit on the texts that took no part in it.
struct HeldOut {
    /// For each text, Σ‖Φ_A − Φ_B B̂‖² and Σ‖Φ_A − mean of training‖².
    texts: Vec<(f64, f64)>,
    /// What is left of equal contexts when their mean is taken away: rounding, and nothing to explain.
    floor: f64,
}

impl HeldOut {
    fn new(
        phi_a: MatRef<'_, f64>,
        phi_b: MatRef<'_, f64>,
        train: &[usize],
        test_texts: &[Vec<usize>],
    ) -> Result<Self, TheoryError> {
        let (fit_a, fit_b) = (select_rows(phi_a, train), select_rows(phi_b, train));
        let a_from_b = LeastSquares::new(&fit_b, f64::EPSILON)?.fit(&fit_a);
        let mean: Vec<f64> = (0..fit_a.ncols())
            .map(|j| fit_a.col(j).iter().sum::<f64>() / train.len().max(1) as f64)
            .collect();
        let sums = |rows: &Vec<usize>| {
            let (a, b) = (select_rows(phi_a, rows), select_rows(phi_b, rows));
            let from_mean = Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)] - mean[j]);
            ((a - b * a_from_b.transpose()).squared_norm_l2(), from_mean.squared_norm_l2())
        };
        let floor = ROUNDING * phi_a.squared_norm_l2() / phi_a.nrows() as f64;
        Ok(Self { texts: test_texts.iter().map(sums).collect(), floor })
    }

    /// R² of texts drawn `weights` times; `None` where there is nothing to explain.
    fn weighted_r2(&self, weights: impl Iterator<Item = f64>) -> Option<f64> {
        let (residual, whole) =
            weights.zip(&self.texts).fold((0.0, 0.0), |(residual, whole), (weight, sums)| {
                (residual + weight * sums.0, whole + weight * sums.1)
            });
        (whole > self.floor).then(|| 1.0 - residual / whole)
    }

    fn r2(&self) -> Option<f64> {
        self.weighted_r2(std::iter::repeat(1.0))
    }

    /// Resamples that have nothing to explain say nothing and are left out.
    fn interval(&self, r2: f64, rng: &mut ChaCha8Rng) -> (f64, f64) {
        let n = self.texts.len();
        let mut replicates: Vec<f64> = (0..BOOTSTRAP_REPLICATES)
            .filter_map(|_| self.weighted_r2(multinomial_counts(n, rng).into_iter()))
            .collect();
        let left_out = (0..n)
            .filter_map(|text| self.weighted_r2((0..n).map(|other| f64::from(u8::from(other != text)))))
            .collect();
        bca_interval(&mut replicates, r2, &[left_out])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::linear_map::tests::{assert_near, map_cases};
    use crate::theory::subspace::Canonical;
    use crate::theory::twin::tests::{normal, padded};
    use crate::theory::twin::{TwinRecipe, build, change_basis};
    use crate::theory::{Precision, Representation};

    fn model(n: usize, v: usize, d: usize, seed: u64) -> Representation {
        Representation::new(normal(n, d, seed), normal(v, d, seed + 50), Precision::F64).unwrap()
    }

    fn phi(model: &Representation) -> Mat<f64> {
        Canonical::find(model).unwrap().phi
    }

    /// Texts of four contexts.
    fn texts(n: usize) -> Vec<usize> {
        (0..n).map(|i| i / 4).collect()
    }

    fn map(a: &Mat<f64>, b: &Mat<f64>, texts: &[usize]) -> Result<PromptMap, PromptMapError> {
        prompt_map(a.as_ref(), b.as_ref(), texts, 5)
    }

    #[test]
    fn held_out_r2_matches_scipy() {
        for (case, a, b) in map_cases() {
            let (phi_a, phi_b) = (phi(&a), phi(&b));
            assert_eq!(phi_b.ncols(), case.expected.r_b);
            let trains = |i: &usize| case.train_texts.contains(&case.texts[*i]);
            let (train, test): (Vec<usize>, Vec<usize>) = (0..case.texts.len()).partition(trains);
            let r2 = |a: &Mat<f64>, b: &Mat<f64>| {
                HeldOut::new(a.as_ref(), b.as_ref(), &train, std::slice::from_ref(&test))
                    .unwrap()
                    .r2()
                    .unwrap()
            };
            assert_near(r2(&phi_a, &phi_b), case.expected.r2_ab, &case.name);
            assert_near(r2(&phi_b, &phi_a), case.expected.r2_ba, &case.name);
        }
    }

    #[test]
    fn twins_are_predicted_exactly_and_unrelated_models_are_not() {
        let a = model(120, 90, 6, 1);
        let (phi_a, texts) = (phi(&a), texts(120));
        let recipe: TwinRecipe = "dark-both=3".parse().unwrap();
        let twin = phi(&build(&recipe, &a, &[], 3).unwrap().representation);
        for found in [map(&phi_a, &twin, &texts).unwrap(), map(&twin, &phi_a, &texts).unwrap()] {
            assert!(1.0 - found.r2 < 1e-12 && 1.0 - found.interval.0 < 1e-12, "{found:?}");
            assert!(found.r2_shuffled < 0.2, "{found:?}");
            assert_eq!((found.n_train, found.n_test), (84, 36));
        }
        let unrelated = map(&phi_a, &phi(&model(120, 90, 6, 2)), &texts).unwrap();
        assert!(unrelated.r2 < 0.2 && unrelated.interval.1 < 0.5, "{unrelated:?}");
    }

    /// A function of both distributions alone: whichever twin stands for B, every number is the same.
    #[test]
    fn twins_get_the_same_numbers() {
        let (a, b) = (model(100, 90, 6, 1), model(100, 90, 8, 2));
        let twin = change_basis(&padded(&b, 2, 3, 3), 4);
        let (phi_a, texts) = (phi(&a), texts(100));
        let (one, other) =
            (map(&phi_a, &phi(&b), &texts).unwrap(), map(&phi_a, &phi(&twin), &texts).unwrap());
        for (one, other) in [
            (one.r2, other.r2),
            (one.r2_shuffled, other.r2_shuffled),
            (one.interval.0, other.interval.0),
            (one.interval.1, other.interval.1),
        ] {
            assert!((one - other).abs() < 1e-9);
        }
    }

    /// B is A with noise of known size: R² is 1 − noise/signal, and the interval says how sure that is.
    #[test]
    fn the_interval_covers_and_narrows_with_texts() {
        let interval = |n: usize| {
            let (a, noise) = (normal(n, 3, 1), normal(n, 3, 2));
            let b = Mat::from_fn(n, 3, |i, j| a[(i, j)] + 0.5 * noise[(i, j)]);
            let found = map(&a, &b, &texts(n)).unwrap();
            // The best map shrinks by 1/(1 + 0.25); what it leaves is 0.25/1.25 of the variance.
            assert!(found.interval.0 < 0.8 && 0.8 < found.interval.1, "{found:?}");
            assert!(found.interval.0 < found.r2 && found.r2 < found.interval.1);
            found.interval.1 - found.interval.0
        };
        let (wide, narrow) = (interval(100), interval(1600));
        assert!(narrow < 0.5 * wide && narrow > 0.1 * wide, "{wide} {narrow}");
    }

    /// Acceptance test 8 (second half): what fits on four contexts in eight dimensions would fit anything.
    #[test]
    fn acceptance_08_the_map_fitted_on_prompts_refuses_four_contexts() {
        let a = model(4, 100, 8, 1);
        let twin = change_basis(&padded(&a, 2, 3, 3), 4);
        let each: Vec<usize> = (0..4).collect();
        let refused = map(&phi(&a), &phi(&twin), &each).unwrap_err();
        assert_eq!(refused, PromptMapError::TooFewContexts { needed: 8, found: 3 });
    }

    #[test]
    fn whole_texts_are_held_out_and_two_of_them_at_least() {
        let x = normal(40, 2, 1);
        let mut of_ten: Vec<usize> = (0..40).map(|i| i / 10).collect();
        assert_eq!(map(&x, &x, &of_ten), Err(PromptMapError::TooFewTexts { needed: 5, found: 4 }));
        of_ten[39] = 4;
        assert!(map(&x, &x, &of_ten).is_ok());
        assert_eq!(map(&x, &x, &[0; 40]), Err(PromptMapError::TooFewTexts { needed: 5, found: 1 }));
        let split = Split::of(&texts(40), 1);
        let texts_of = |rows: &[usize]| rows.iter().map(|i| i / 4).collect::<std::collections::HashSet<_>>();
        assert!(texts_of(&split.train).is_disjoint(&texts_of(&split.test_texts.concat())));
        assert_eq!(split.test_texts.len(), 3);
    }

    #[test]
    fn what_cannot_be_fitted_is_refused() {
        let (x, texts) = (normal(40, 2, 1), texts(40));
        // 0.1 is no binary number: its mean differs from it by rounding, which is nothing to explain.
        assert_eq!(map(&Mat::full(40, 2, 0.1), &x, &texts), Err(PromptMapError::NoVariation));
        assert_eq!(map(&Mat::zeros(40, 2), &x, &texts), Err(PromptMapError::NoVariation));
        let constant = map(&x, &Mat::zeros(40, 2), &texts).unwrap();
        assert!(constant.r2 <= 0.1 && constant.r2.is_finite(), "{constant:?}");
        let shape = |found| matches!(found, Err(PromptMapError::Theory(TheoryError::Shape { .. })));
        assert!(shape(map(&x, &normal(39, 2, 1), &texts)) && shape(map(&x, &x, &texts[..39])));
    }
}
