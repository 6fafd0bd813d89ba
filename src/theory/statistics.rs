//! Seeded draws, bootstrap, exact bounds and multiple testing (theory.md §4.4–4.6).

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use statrs::distribution::{Beta, ContinuousCDF, Normal, StudentsT};

/// Bootstrap replicates.
pub const BOOTSTRAP_REPLICATES: usize = 2000;
/// Permutations and null draws.
pub const PERMUTATIONS: usize = 999;
/// Permutations of a test that fits models again for each (theory.md §5.8).
pub const REFITTED_PERMUTATIONS: usize = 199;

/// Independent uses of one seed: each has a stream of its own, so that adding a use changes no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// The constructor of a twin.
    Twin,
    /// Halves of texts and tokens.
    Split,
    /// Shuffled baselines of the coupled map.
    MapBaseline,
    /// Bootstrap of the mean divergence.
    Divergence,
    /// Bootstrap of property scores.
    PropertyBootstrap,
    /// Random pairs.
    NullRandom,
    /// Shuffled partners.
    NullShuffled,
    /// The tokens that stand for a large vocabulary.
    TokenSample,
    /// The contexts and labels among which distances between representations are searched.
    RepresentationDistance,
    /// Folds of cross-validation.
    Folds,
}

/// The generator of one use of a seed, the same on every platform.
pub fn generator(seed: u64, stream: Stream) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream as u64 + 1);
    rng
}

/// 0..n in random order.
pub fn permutation(n: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.shuffle(rng);
    order
}

/// How often each of n items occurs in n draws with replacement.
pub fn multinomial_counts(n: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let mut counts = vec![0.0; n];
    for _ in 0..n {
        counts[rng.random_range(0..n)] += 1.0;
    }
    counts
}

/// The q-quantile by linear interpolation between order statistics (NumPy's default); `values` is sorted in place.
/// NaN for an empty list.
pub fn quantile(values: &mut [f64], q: f64) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    values.sort_unstable_by(f64::total_cmp);
    let position = q.clamp(0.0, 1.0) * (values.len() - 1) as f64;
    let (below, above) = (values[position.floor() as usize], values[position.ceil() as usize]);
    if below == above { below } else { below + position.fract() * (above - below) }
}

/// The bias-corrected and accelerated 95% bootstrap interval of `estimate` (Efron 1987): quantiles of the replicates
/// that allow for the replicates' own bias and for a spread that changes with the estimate.
///
/// `left_out` has, for each kind of resampled unit, the estimates with one unit left out in turn. Where no correction is
/// defined (no replicate on one side of the estimate) the interval is that of the plain percentiles.
pub fn bca_interval(replicates: &mut [f64], estimate: f64, left_out: &[Vec<f64>]) -> (f64, f64) {
    /// Differences of rounding, which count as ties.
    const TIE: f64 = 1e-12;
    let n = replicates.len() as f64;
    let below = replicates.iter().filter(|&&x| x < estimate - TIE).count() as f64;
    let tied = replicates.iter().filter(|&&x| (x - estimate).abs() <= TIE).count() as f64;
    let (mut cubes, mut squares) = (0.0, 0.0);
    for estimates in left_out {
        let (size, centre) = (estimates.len() as f64, mean(estimates));
        let influence = |x: &f64| (size - 1.0) * (centre - x) / size;
        cubes += estimates.iter().map(|x| influence(x).powi(3)).sum::<f64>();
        squares += estimates.iter().map(|x| influence(x).powi(2)).sum::<f64>();
    }
    let normal = Normal::standard();
    let bias = normal.inverse_cdf((below + 0.5 * tied) / n);
    let acceleration = if squares > TIE * TIE { cubes / (6.0 * squares.powf(1.5)) } else { 0.0 };
    let corrected = |q: f64| {
        let shifted = bias + normal.inverse_cdf(q);
        let denominator = 1.0 - acceleration * shifted;
        let level = normal.cdf(bias + shifted / denominator);
        if bias.is_finite() && denominator > 0.0 && level.is_finite() { level } else { q }
    };
    let (low, high) = (corrected(0.025), corrected(0.975));
    (quantile(replicates, low), quantile(replicates, high))
}

/// The score with item i left out, for each of n items; none for a single item. Scores take a weight for each item.
pub fn leave_one_out(n: usize, score: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let mut weights = vec![1.0; n];
    (0..n)
        .filter(|_| n > 1)
        .map(|i| {
            weights[i] = 0.0;
            let score = score(&weights);
            weights[i] = 1.0;
            score
        })
        .collect()
}

/// t·se, half the width of the jackknife's 95% interval, from the estimates with one of n units left out in turn; zero
/// where they are all the same. For estimates that a bootstrap would bias, as copies of a unit say nothing new.
pub fn jackknife_margin(left_out: &[f64]) -> f64 {
    let n = left_out.len() as f64;
    let centre = mean(left_out);
    let squares: f64 = left_out.iter().map(|x| (x - centre).powi(2)).sum();
    let quantile = StudentsT::new(0.0, 1.0, n - 1.0).map_or(f64::INFINITY, |t| t.inverse_cdf(0.975));
    // An infinite quantile times no spread at all would not be a number.
    if squares > 0.0 { quantile * ((n - 1.0) / n * squares).sqrt() } else { 0.0 }
}

/// Wilson's 95% interval of a rate after `successes` in n > 0 trials: wide enough also where all succeed.
pub fn wilson_interval(successes: f64, n: f64) -> (f64, f64) {
    let z = Normal::standard().inverse_cdf(0.975);
    let rate = successes / n;
    let centre = rate + z * z / (2.0 * n);
    let half = z * (rate * (1.0 - rate) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    // Of none and of all the ends are exact; the formula leaves its rounding there.
    let low = if successes <= 0.0 { 0.0 } else { ((centre - half) / scale).max(0.0) };
    let high = if successes >= n { 1.0 } else { ((centre + half) / scale).min(1.0) };
    (low, high)
}

/// A mean over contexts with one-sided (1−α) bounds, where only whole texts are independent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClusteredMean {
    /// Mean over all contexts.
    pub mean: f64,
    /// Lower (1−α) bound: bootstrap percentile.
    pub lower: f64,
    /// Upper (1−α) bound: the larger of the bootstrap percentile and Student's t; infinite for a single text.
    pub upper: f64,
}

/// Moments of a mean over contexts, where only whole texts are independent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClusterMoments {
    /// Mean over all contexts.
    pub mean: f64,
    /// Standard deviation of one text's share in the mean (unbiased variance); NaN for a single text or where a value
    /// is infinite.
    pub sd: f64,
}

/// Mean of `values` and the spread of its texts as a ratio estimator: texts differ in length, so the spread is that of
/// (sum − mean·size) / mean size.
pub fn cluster_moments(values: &[f64], clusters: &[usize]) -> ClusterMoments {
    moments(&totals(values, &cluster_members(clusters)))
}

/// Sum and number of the values of each text.
fn totals(values: &[f64], members: &[Vec<usize>]) -> Vec<(f64, f64)> {
    members.iter().map(|rows| (rows.iter().map(|&i| values[i]).sum::<f64>(), rows.len() as f64)).collect()
}

fn moments(totals: &[(f64, f64)]) -> ClusterMoments {
    let n_texts = totals.len() as f64;
    let (sum, size) = totals.iter().fold((0.0, 0.0), |whole, text| (whole.0 + text.0, whole.1 + text.1));
    let (mean, mean_size) = (sum / size, size / n_texts);
    let squares: f64 = totals.iter().map(|(sum, size)| ((sum - mean * size) / mean_size).powi(2)).sum();
    ClusterMoments { mean, sd: (squares / (n_texts - 1.0)).sqrt() }
}

/// Mean of `values`, whose i-th belongs to text `clusters[i]`, bootstrapped by text (theory.md §4.4). Infinite values
/// give infinite bounds.
pub fn clustered_mean(values: &[f64], clusters: &[usize], alpha: f64, rng: &mut ChaCha8Rng) -> ClusteredMean {
    let totals = totals(values, &cluster_members(clusters));
    let ClusterMoments { mean, sd } = moments(&totals);
    let mut replicates: Vec<f64> = (0..BOOTSTRAP_REPLICATES)
        .map(|_| {
            let counts = multinomial_counts(totals.len(), rng);
            let drawn = counts.iter().zip(&totals).filter(|(count, _)| **count > 0.0);
            let (sum, size) = drawn.fold((0.0, 0.0), |(sum, size), (count, total)| {
                (sum + count * total.0, size + count * total.1)
            });
            sum / size
        })
        .collect();
    let n_texts = totals.len() as f64;
    let student_upper = match StudentsT::new(0.0, 1.0, n_texts - 1.0) {
        Ok(student) => mean + student.inverse_cdf(1.0 - alpha) * sd / n_texts.sqrt(),
        Err(_) => f64::INFINITY,
    };
    ClusteredMean {
        mean,
        lower: quantile(&mut replicates, alpha),
        upper: quantile(&mut replicates, 1.0 - alpha).max(student_upper),
    }
}

/// Rows of each distinct cluster, in order of first appearance.
pub fn cluster_members(clusters: &[usize]) -> Vec<Vec<usize>> {
    let mut position = std::collections::HashMap::new();
    let mut members: Vec<Vec<usize>> = Vec::new();
    for (row, cluster) in clusters.iter().enumerate() {
        let at = *position.entry(cluster).or_insert_with(|| {
            members.push(Vec::new());
            members.len() - 1
        });
        members[at].push(row);
    }
    members
}

/// Clopper–Pearson upper (1−α) bound of a rate after k events in n trials: BetaInv(1−α; k+1, n−k).
pub fn rate_upper_bound(k: usize, n: usize, alpha: f64) -> f64 {
    if k >= n {
        return 1.0;
    }
    if k == 0 {
        return 1.0 - alpha.powf(1.0 / n as f64);
    }
    Beta::new(k as f64 + 1.0, (n - k) as f64).map_or(1.0, |beta| beta.inverse_cdf(1.0 - alpha))
}

/// (b + 1)/(B + 1), b the number of null scores at least as large as the observed one: never zero (Phipson and Smyth).
pub fn permutation_p(observed: f64, null: &[f64]) -> f64 {
    // A tie must stay one whatever the rounding, so that equal models get equal answers.
    let as_large = null.iter().filter(|&&score| score >= observed - 1e-12).count();
    (as_large as f64 + 1.0) / (null.len() as f64 + 1.0)
}

/// Holm's step-down adjustment of p-values, in the order given.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&i, &j| p[i].total_cmp(&p[j]));
    let mut adjusted = vec![0.0; p.len()];
    let mut running = 0.0_f64;
    for (rank, &i) in order.iter().enumerate() {
        running = running.max((p[i] * (p.len() - rank) as f64).min(1.0));
        adjusted[i] = running;
    }
    adjusted
}

/// Mean of a list.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// scipy.stats.beta.ppf(0.95, k+1, n-k) for (0,59), (2,59), (5,100).
    #[test]
    fn clopper_pearson_matches_reference() {
        for (k, n, expected) in
            [(0, 59, 0.04950760988822693), (2, 59, 0.102889162709954), (5, 100, 0.1022533776432745)]
        {
            let found = rate_upper_bound(k, n, 0.05);
            assert!((found - expected).abs() < 1e-8, "{k}/{n}: {found}");
        }
        assert_eq!(rate_upper_bound(3, 3, 0.05), 1.0);
    }

    /// Fifty-nine texts without a violation bound the rate below 5%, fifty-eight do not (theory.md §4.5).
    #[test]
    fn fifty_nine_clean_texts_suffice() {
        assert!(rate_upper_bound(0, 59, 0.05) < 0.05);
        assert!(rate_upper_bound(0, 58, 0.05) > 0.05);
    }

    /// statsmodels multipletests([.01,.04,.03,.005], method='holm').
    #[test]
    fn holm_matches_reference() {
        let found = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (a, b) in found.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((a - b).abs() < 1e-15);
        }
    }

    /// numpy.quantile([3,1,2,10], [0,.25,.5,.9]).
    #[test]
    fn quantiles_match_reference() {
        for (q, expected) in [(0.0, 1.0), (0.25, 1.75), (0.5, 2.5), (0.9, 7.9)] {
            assert!((quantile(&mut [3.0, 1.0, 2.0, 10.0], q) - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn permutation_p_is_never_zero() {
        assert_eq!(permutation_p(5.0, &[1.0; 999]), 0.001);
        assert_eq!(permutation_p(0.0, &[1.0; 3]), 1.0);
        assert_eq!(permutation_p(0.5 + 1e-15, &[0.5, 0.4, 0.3]), 0.5);
    }

    /// One context per text: the t bound is mean + t_{0.95,n−1} s/√n; scipy.stats.t.ppf(.95, 3) = 2.353363434801823.
    #[test]
    fn the_upper_bound_is_at_least_students() {
        let values = [1.0, 2.0, 3.0, 4.0];
        let found = clustered_mean(&values, &[0, 1, 2, 3], 0.05, &mut generator(1, Stream::Divergence));
        let student = 2.5 + 2.353_363_434_801_823 * (5.0_f64 / 3.0).sqrt() / 2.0;
        assert!((found.upper - student).abs() < 1e-9, "{found:?}");
        assert!(found.lower >= 1.0 && found.lower < 2.5);
    }

    /// numpy.quantile at the levels that Efron's formula gives with Python's statistics.NormalDist:
    /// z0 = inv_cdf(mean(replicates < estimate)), u = (n − 1)(mean − left out), a = Σ u³/n³ / (6 (Σ u²/n²)^1.5).
    #[test]
    fn the_corrected_interval_matches_reference() {
        let mut replicates: Vec<f64> = (0..200).map(|i| (f64::from(i) / 199.0).powi(2)).collect();
        let found =
            bca_interval(&mut replicates, 0.2, &[vec![0.1, 0.25, 0.2, 0.4, 0.15], vec![0.2, 0.21, 0.25]]);
        let expected = (4.725363058764852e-05, 0.8780103302797152);
        assert!((found.0 - expected.0).abs() < 1e-9 && (found.1 - expected.1).abs() < 1e-8, "{found:?}");
    }

    #[test]
    fn an_interval_without_a_correction_is_that_of_the_percentiles() {
        let mut replicates: Vec<f64> = (0..=1000).map(f64::from).collect();
        let found = bca_interval(&mut replicates, -1.0, &[vec![1.0, 2.0]]);
        assert_eq!(found, (25.0, 975.0));
        assert_eq!(bca_interval(&mut [1.0; 50], 1.0, &[vec![1.0; 6]]), (1.0, 1.0));
        // As many replicates below the estimate as above, a fifth on it: no bias.
        let mut tied: Vec<f64> = (0..400).map(|i| f64::from(i) / 400.0).collect();
        tied.extend((1..=400).map(|i| 1.0 + f64::from(i) / 400.0));
        tied.extend([1.0; 200]);
        let found = bca_interval(&mut tied, 1.0, &[vec![1.0, 2.0]]);
        let (low, high) = (quantile(&mut tied, 0.025), quantile(&mut tied, 0.975));
        assert!((found.0 - low).abs() < 1e-9 && (found.1 - high).abs() < 1e-9, "{found:?}");
    }

    /// scipy.stats.binomtest(k, n).proportion_ci(method="wilson") for (40, 40), (33, 40), (0, 5).
    #[test]
    fn wilson_matches_reference() {
        for (k, n, expected) in [
            (40.0, 40.0, (0.9123783988027133, 1.0)),
            (33.0, 40.0, (0.6805000966821229, 0.9125458625396408)),
            (0.0, 5.0, (0.0, 0.43448246478317476)),
        ] {
            let found = wilson_interval(k, n);
            assert!((found.0 - expected.0).abs() < 1e-9 && (found.1 - expected.1).abs() < 1e-9, "{found:?}");
        }
    }

    #[test]
    fn wilson_ends_are_exact_where_nothing_or_everything_succeeded() {
        for n in 1..200 {
            let n = f64::from(n);
            assert_eq!(wilson_interval(0.0, n).0, 0.0, "0 of {n}");
            assert_eq!(wilson_interval(n, n).1, 1.0, "all of {n}");
        }
    }

    /// The jackknife of a mean is its standard error: scipy.stats.t.ppf(.975, 4) = 2.7764451051977987.
    #[test]
    fn the_jackknife_of_a_mean_is_students_interval() {
        let values = [1.0, 4.0, 2.0, 8.0, 5.0];
        let left_out: Vec<f64> = values.iter().map(|x| (20.0 - x) / 4.0).collect();
        let expected = 2.776_445_105_197_798_7 * (7.5_f64 / 5.0).sqrt();
        assert!((jackknife_margin(&left_out) - expected).abs() < 1e-9);
        assert_eq!(jackknife_margin(&[3.0; 4]), 0.0);
    }

    #[test]
    fn an_infinite_divergence_has_infinite_bounds_and_no_nan() {
        let mut values = [0.1; 20];
        values[3] = f64::INFINITY;
        let texts: Vec<usize> = (0..20).collect();
        let found = clustered_mean(&values, &texts, 0.05, &mut generator(1, Stream::Divergence));
        assert_eq!((found.mean, found.upper), (f64::INFINITY, f64::INFINITY));
        assert!(!found.lower.is_nan());
    }

    /// Texts of one, two and three contexts. By hand: mean 2/6; residuals (sum − mean·size)/2 are 1/3, 1/6, −1/2, so
    /// s² = 7/36; scipy.stats.t.ppf(.95, 2) = 2.919985580355516.
    #[test]
    fn texts_of_different_lengths_are_weighed_by_their_contexts() {
        let values = [1.0, 0.0, 1.0, 0.0, 0.0, 0.0];
        let found = clustered_mean(&values, &[4, 9, 9, 2, 2, 2], 0.05, &mut generator(1, Stream::Divergence));
        let student = 1.0 / 3.0 + 2.919_985_580_355_516 * (7.0_f64 / 36.0 / 3.0).sqrt();
        assert!((found.mean - 1.0 / 3.0).abs() < 1e-15 && (found.upper - student).abs() < 1e-9, "{found:?}");
    }

    /// The same texts: s = √(7/36).
    #[test]
    fn moments_of_texts_are_those_of_the_ratio_estimator() {
        let found = cluster_moments(&[1.0, 0.0, 1.0, 0.0, 0.0, 0.0], &[4, 9, 9, 2, 2, 2]);
        assert_eq!(found.mean, 1.0 / 3.0);
        assert!((found.sd - (7.0_f64 / 36.0).sqrt()).abs() < 1e-15);
    }

    #[test]
    fn a_single_text_has_no_upper_bound() {
        let found = clustered_mean(&[1.0, 1.5], &[7, 7], 0.05, &mut generator(1, Stream::Divergence));
        assert_eq!((found.mean, found.upper), (1.25, f64::INFINITY));
    }

    #[test]
    fn streams_of_one_seed_differ_and_repeat() {
        let draw = |stream| generator(7, stream).random::<u64>();
        assert_ne!(draw(Stream::Twin), draw(Stream::Split));
        assert_eq!(draw(Stream::Twin), draw(Stream::Twin));
    }
}
