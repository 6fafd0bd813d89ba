//! How far a predictor is from the truth, in nats per token: the entropy floor that nothing can pass, and the unigram
//! and bigram predictors that a trained model has to beat.

use std::borrow::Borrow;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::vocabulary::Vocabulary;
use super::world::World;

/// A sentence with its end token, and the true distribution at each of its places.
#[derive(Debug, Clone)]
pub struct Text {
    /// The tokens, `<eos>` last, without `<bos>`.
    pub tokens: Vec<u32>,
    /// `truth[i]`: the distribution of `tokens[i]` given the tokens before it, over all token ids.
    pub truth: Vec<Vec<f64>>,
}

impl Text {
    /// A sentence with the truth about it; `None` where it is not a sentence of the world.
    pub fn new(world: &dyn World, sentence: Vec<u32>) -> Option<Self> {
        let truth = world.distributions_along(&sentence)?;
        let mut tokens = sentence;
        tokens.push(Vocabulary::END_ID);
        Some(Self { tokens, truth })
    }

    /// The token before place `i`, `<bos>` before the first.
    fn previous(&self, i: usize) -> u32 {
        i.checked_sub(1).map_or(Vocabulary::BEGIN_ID, |before| self.tokens[before])
    }
}

/// Endless sentences, the same for the same seed.
pub fn texts(world: &dyn World, seed: u64) -> impl Iterator<Item = Text> + '_ {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    std::iter::from_fn(move || Text::new(world, world.sample(&mut rng)))
}

/// A mean over places and its standard error, from texts as independent clusters of places.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Nats per token.
    pub mean: f64,
    /// Standard error of the mean (ratio estimator over texts).
    pub standard_error: f64,
}

impl Estimate {
    /// From the sum over each text's places, and their number.
    pub fn of_clusters(sums: &[(f64, f64)]) -> Self {
        let places: f64 = sums.iter().map(|&(_, n)| n).sum();
        let mean = sums.iter().map(|&(sum, _)| sum).sum::<f64>() / places;
        let spread: f64 = sums.iter().map(|&(sum, n)| (sum - mean * n).powi(2)).sum();
        Self { mean, standard_error: spread.sqrt() / places }
    }
}

/// The means of `values(text, place)` over all places of all texts, in one pass: a text with the truth about it is
/// large, so that none needs to stay.
pub fn means_over_places<const K: usize>(
    texts: impl IntoIterator<Item: Borrow<Text>>,
    values: impl Fn(&Text, usize) -> [f64; K],
) -> [Estimate; K] {
    let mut sums: [Vec<(f64, f64)>; K] = std::array::from_fn(|_| Vec::new());
    for text in texts {
        let text: &Text = text.borrow();
        let mut sum = [0.0; K];
        for place in 0..text.tokens.len() {
            sum.iter_mut().zip(values(text, place)).for_each(|(sum, value)| *sum += value);
        }
        let n_places = text.tokens.len() as f64;
        sums.iter_mut().zip(sum).for_each(|(sums, sum)| sums.push((sum, n_places)));
    }
    sums.map(|sums| Estimate::of_clusters(&sums))
}

/// H(p) in nats.
pub fn entropy(p: &[f64]) -> f64 {
    -p.iter().filter(|&&p| p > 0.0).map(|&p| p * p.ln()).sum::<f64>()
}

/// KL(p ‖ q) in nats, q as log-probabilities.
pub fn kl_from_log_probs(p: &[f64], log_q: impl IntoIterator<Item = f64>) -> f64 {
    p.iter().zip(log_q).filter(|&(&p, _)| p > 0.0).map(|(&p, log_q)| p * (p.ln() - log_q)).sum()
}

/// Token frequencies, and those after each token, learned from the true distributions along many texts (which has
/// the mean of counting and less noise).
#[derive(Debug, Clone)]
pub struct Frequencies {
    unigram: Vec<f64>,
    /// `bigram[previous][next]`, each row a distribution.
    bigram: Vec<Vec<f64>>,
}

impl Frequencies {
    /// Learns from texts.
    pub fn learn(n_tokens: usize, texts: impl Iterator<Item = Text>) -> Self {
        let mut bigram = vec![vec![0.0; n_tokens]; n_tokens];
        for text in texts {
            for (i, truth) in text.truth.iter().enumerate() {
                let row = &mut bigram[text.previous(i) as usize];
                row.iter_mut().zip(truth).for_each(|(sum, p)| *sum += p);
            }
        }
        let mut unigram = vec![0.0; n_tokens];
        for row in &bigram {
            unigram.iter_mut().zip(row).for_each(|(sum, p)| *sum += p);
        }
        normalise(&mut unigram);
        // A hundredth of one observation of the unigram: no pair of words is impossible to a bigram model.
        for row in &mut bigram {
            row.iter_mut().zip(&unigram).for_each(|(sum, p)| *sum += 0.01 * p);
            normalise(row);
        }
        Self { unigram, bigram }
    }

    /// The floor and these baselines on held-out texts.
    pub fn measured_on(&self, held_out: impl IntoIterator<Item: Borrow<Text>>) -> Baselines {
        let unigram: Vec<f64> = self.unigram.iter().map(|q| q.ln()).collect();
        let [entropy_floor, unigram_kl, bigram_kl] = means_over_places(held_out, |text, i| {
            let truth = &text.truth[i];
            let bigram = &self.bigram[text.previous(i) as usize];
            [
                entropy(truth),
                kl_from_log_probs(truth, unigram.iter().copied()),
                kl_from_log_probs(truth, bigram.iter().map(|q| q.ln())),
            ]
        });
        Baselines { entropy_floor, unigram_kl, bigram_kl }
    }
}

/// What a trained model lies between.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Baselines {
    /// Mean entropy of the truth: the cross-entropy that a perfect model would have.
    pub entropy_floor: Estimate,
    /// Mean KL(truth ‖ bigram).
    pub bigram_kl: Estimate,
    /// Mean KL(truth ‖ unigram).
    pub unigram_kl: Estimate,
}

fn normalise(weights: &mut [f64]) {
    let total: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= total);
}

#[cfg(test)]
mod tests {
    use super::super::english::{Family, Table};
    use super::super::grammar::Grammar;
    use super::*;

    /// "a b" and "b b" with equal chances.
    fn small() -> Grammar {
        let tables: [Table; 0] = [];
        Grammar::new(&tables, &[Family { name: "all", weight: 1.0, patterns: &["(a|b) b"] }]).unwrap()
    }

    #[test]
    fn the_floor_and_the_baselines_are_those_found_by_hand() {
        let grammar = small();
        let held_out: Vec<Text> = texts(&grammar, 1).take(4000).collect();
        let frequencies = Frequencies::learn(grammar.vocabulary().len(), texts(&grammar, 2).take(4000));

        let Baselines { entropy_floor: floor, unigram_kl, bigram_kl } = frequencies.measured_on(&held_out);

        // One fair coin in three tokens.
        assert!((floor.mean - 2f64.ln() / 3.0).abs() < 1e-12);
        assert!(floor.standard_error < 1e-12, "every text has the same entropy");

        // The unigram is (a 1/6, b 1/2, end 1/3).
        let (a, b, end) = (1.0 / 6.0, 0.5, 1.0 / 3.0);
        let first = 0.5 * (0.5f64 / a).ln() + 0.5 * (0.5f64 / b).ln();
        let expected = (first - f64::ln(b) - f64::ln(end)) / 3.0;
        assert!((unigram_kl.mean - expected).abs() < 1e-9);

        // After b the end follows two times of three; after a, always b. Both with a pinch of the unigram.
        let after_b = -0.5 * f64::ln(1.0 / 3.0) - f64::ln(2.0 / 3.0);
        assert!((bigram_kl.mean - after_b / 3.0).abs() < 0.02);
    }

    #[test]
    fn clusters_widen_the_standard_error() {
        let text = |token: u32| Text { tokens: vec![token; 2], truth: vec![vec![1.0]; 2] };
        let [estimate] = means_over_places([text(0), text(1)], |text, i| [f64::from(text.tokens[i])]);
        // Values 0 0 1 1 from two clusters: sqrt(1 + 1) / 4.
        assert_eq!(estimate, Estimate { mean: 0.5, standard_error: 2f64.sqrt() / 4.0 });
    }
}
