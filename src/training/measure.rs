//! How far a trained network is from the truth, beside the floor and the baselines.

use burn::tensor::Device;

use super::batch::Batch;
use super::network::Network;
use crate::worlds::baseline::{
    Estimate, Frequencies, Text, entropy_floor, kl_from_log_probs, mean_over_places, texts,
};
use crate::worlds::grammar::Grammar;

/// Seed of the held-out texts; no training seed may equal it.
pub const HELD_OUT_SEED: u64 = 1_000_003;
/// Seed of the texts that the baselines learn from.
const BASELINE_SEED: u64 = 1_000_033;
/// Number of texts that the baselines learn from.
pub const N_BASELINE_TEXTS: usize = 100_000;
const N_TEXTS_AT_ONCE: usize = 64;

/// A model's distance from the truth over the places of held-out texts, in nats per token.
#[derive(Debug, Clone, Copy)]
pub struct Measurement {
    /// Number of held-out texts.
    pub n_texts: usize,
    /// Number of their places.
    pub n_places: usize,
    /// Mean entropy of the truth.
    pub entropy_floor: Estimate,
    /// Mean KL(truth ‖ model).
    pub model_kl: Estimate,
    /// Mean KL(truth ‖ bigram).
    pub bigram_kl: Estimate,
    /// Mean KL(truth ‖ unigram).
    pub unigram_kl: Estimate,
}

/// Measures a network (without autodiff) on `n_texts` held-out texts.
pub fn measure(network: &Network, grammar: &Grammar, n_texts: usize, device: &Device) -> Measurement {
    let held_out: Vec<Text> = texts(grammar, HELD_OUT_SEED).take(n_texts).collect();
    let n_tokens = grammar.vocabulary().len();
    let kls = kl_at_places(network, &held_out, n_tokens, device);
    let frequencies = Frequencies::learn(n_tokens, texts(grammar, BASELINE_SEED).take(N_BASELINE_TEXTS));
    Measurement {
        n_texts,
        n_places: kls.iter().map(Vec::len).sum(),
        entropy_floor: entropy_floor(&held_out),
        model_kl: mean_over_places(&held_out, |t, i| kls[t][i]),
        bigram_kl: frequencies.bigram_kl(&held_out),
        unigram_kl: frequencies.unigram_kl(&held_out),
    }
}

/// KL(truth ‖ model) at each place of each text.
fn kl_at_places(network: &Network, texts: &[Text], n_tokens: usize, device: &Device) -> Vec<Vec<f64>> {
    let mut kls = Vec::with_capacity(texts.len());
    for chunk in texts.chunks(N_TEXTS_AT_ONCE) {
        let batch = Batch::new(chunk, n_tokens, device);
        let [_, longest] = batch.inputs.dims();
        let log_probs: Vec<f32> = network.log_probs(batch.inputs).into_data().iter::<f32>().collect();
        for (text, rows) in chunk.iter().zip(log_probs.chunks(longest * n_tokens)) {
            let kl = |(truth, row): (&Vec<f64>, &[f32])| {
                kl_from_log_probs(truth, row.iter().map(|&q| f64::from(q)))
            };
            kls.push(text.truth.iter().zip(rows.chunks(n_tokens)).map(kl).collect());
        }
    }
    kls
}
