//! How far a trained network is from the truth and from its teacher, beside the floor and the baselines.

use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::batch::Batch;
use super::loss::log_sum_exp;
use super::network::Network;
use super::teacher::Teacher;
use super::trainer::floats;
use crate::worlds::baseline::{Baselines, Estimate, Frequencies, Text, entropy, texts};
use crate::worlds::world::World;

/// Seed of the held-out texts; no training seed may equal it.
pub const HELD_OUT_SEED: u64 = 1_000_003;
/// Seed of the texts that the baselines learn from.
const BASELINE_SEED: u64 = 1_000_033;
/// Texts in memory at once.
const N_TEXTS_AT_ONCE: usize = 64;

/// Held-out texts by number, and what is known of them before any model is trained.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HeldOut {
    /// Seed of the held-out texts.
    pub seed: u64,
    /// Number of held-out texts.
    pub n_texts: usize,
    /// Number of their places.
    pub n_places: usize,
    /// Number of texts that the baselines learned from.
    pub n_baseline_texts: usize,
    /// The entropy floor, and the distances of the baselines.
    #[serde(flatten)]
    pub baselines: Baselines,
}

impl HeldOut {
    /// Measures the baselines.
    pub fn new(world: &dyn World, n_texts: usize, n_baseline_texts: usize) -> Self {
        let learned_from = texts(world, BASELINE_SEED).take(n_baseline_texts);
        let frequencies = Frequencies::learn(world.vocabulary().len(), learned_from);
        let mut n_places = 0;
        let held_out = texts(world, HELD_OUT_SEED).take(n_texts);
        let baselines = frequencies.measured_on(held_out.inspect(|text| n_places += text.tokens.len()));
        Self { seed: HELD_OUT_SEED, n_texts, n_places, n_baseline_texts, baselines }
    }

    /// The texts, drawn again.
    pub fn texts<'w>(&self, world: &'w dyn World) -> impl Iterator<Item = Text> + use<'w> {
        texts(world, self.seed).take(self.n_texts)
    }
}

/// A model's distances, in nats per token.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Distances {
    /// Mean KL(truth ‖ model).
    pub truth: Estimate,
    /// Mean KL(teacher ‖ model), where it has a teacher.
    pub teacher: Option<Estimate>,
}

/// Measures a network (without autodiff) on held-out texts.
pub fn distances(
    network: &Network,
    teacher: Option<&Teacher>,
    held_out: impl Iterator<Item = Text>,
    device: &Device,
) -> Distances {
    let (mut truth, mut from_teacher) = (Vec::new(), Vec::new());
    let mut held_out = held_out.peekable();
    while held_out.peek().is_some() {
        let texts: Vec<Text> = held_out.by_ref().take(N_TEXTS_AT_ONCE).collect();
        let batch = Batch::new(&texts, device);
        let logits = LogitRows::new(network.hidden_at_places(&batch).matmul(network.head.val()));
        truth.extend(sums(&texts, |text, i, place| kl_from_truth(&text.truth[i], logits.row(place))));
        if let Some(teacher) = teacher {
            let of_teacher = LogitRows::new(teacher.logits(&batch));
            from_teacher
                .extend(sums(&texts, |_, _, place| kl_from_logits(of_teacher.row(place), logits.row(place))));
        }
    }
    Distances {
        truth: Estimate::of_clusters(&truth),
        teacher: teacher.map(|_| Estimate::of_clusters(&from_teacher)),
    }
}

/// Sum over each text's places of `value(text, place in the text, place in the batch)`, and their number.
fn sums(texts: &[Text], value: impl Fn(&Text, usize, usize) -> f64) -> Vec<(f64, f64)> {
    let mut first = 0;
    texts
        .iter()
        .map(|text| {
            let n_places = text.tokens.len();
            let sum = (0..n_places).map(|i| value(text, i, first + i)).sum();
            first += n_places;
            (sum, n_places as f64)
        })
        .collect()
}

struct LogitRows {
    n_tokens: usize,
    logits: Vec<f32>,
}

impl LogitRows {
    fn new(logits: Tensor<2>) -> Self {
        let [_, n_tokens] = logits.dims();
        Self { n_tokens, logits: floats(logits) }
    }

    fn row(&self, place: usize) -> &[f32] {
        &self.logits[place * self.n_tokens..(place + 1) * self.n_tokens]
    }
}

/// KL(p ‖ softmax(logits)), nats.
fn kl_from_truth(p: &[f64], logits: &[f32]) -> f64 {
    let expected: f64 = p.iter().zip(logits).map(|(p, &logit)| p * f64::from(logit)).sum();
    log_sum_exp(logits) - expected - entropy(p)
}

/// KL(softmax(teacher) ‖ softmax(student)), nats.
fn kl_from_logits(teacher: &[f32], student: &[f32]) -> f64 {
    let (log_teacher, log_student) = (log_sum_exp(teacher), log_sum_exp(student));
    let difference = |(&teacher, &student): (&f32, &f32)| {
        let log_p = f64::from(teacher) - log_teacher;
        log_p.exp() * (log_p - f64::from(student) + log_student)
    };
    teacher.iter().zip(student).map(difference).sum()
}

/// A few held-out texts that a training looks at on its way, with their truths and a seed of their own: what stops a
/// training must not be what measures it.
#[derive(Debug)]
pub struct Watched(Vec<Text>);

impl Watched {
    const SEED: u64 = 1_000_037;

    /// Draws them.
    pub fn new(world: &dyn World, n_texts: usize) -> Self {
        Self(texts(world, Self::SEED).take(n_texts).collect())
    }

    /// Measures a network (without autodiff) on them.
    pub fn distances(&self, network: &Network, teacher: Option<&Teacher>, device: &Device) -> Distances {
        distances(network, teacher, self.0.iter().cloned(), device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worlds::baseline::kl_from_log_probs;

    #[test]
    fn both_distances_are_those_of_the_distributions() {
        let (teacher, student) = ([1.0f32, -2.0, 0.5, 0.0], [0.0f32, 0.25, 3.0, -1.0]);
        let log_softmax = |logits: [f32; 4]| {
            let sum: f64 = logits.iter().map(|&z| f64::from(z).exp()).sum();
            logits.map(|z| f64::from(z) - sum.ln())
        };
        let p = log_softmax(teacher).map(f64::exp);
        let expected = kl_from_log_probs(&p, log_softmax(student));
        assert!((kl_from_truth(&p, &student) - expected).abs() < 1e-9);
        assert!((kl_from_logits(&teacher, &student) - expected).abs() < 1e-6);
        assert!(expected > 0.1 && kl_from_logits(&student, &student).abs() < 1e-12);
    }

    #[test]
    fn impossible_words_cost_nothing() {
        let kl = kl_from_truth(&[0.0, 1.0], &[-1e30, 0.0]);
        assert_eq!(kl, 0.0);
    }

    #[test]
    fn sums_follow_the_texts_of_a_batch() {
        let text = |n: usize| Text { tokens: vec![3; n], truth: vec![vec![1.0]; n] };
        let places = sums(&[text(2), text(3)], |_, i, place| (10 * i + place) as f64);
        assert_eq!(places, [(11.0, 2.0), (2.0 + 13.0 + 24.0, 3.0)]);
    }
}
