//! One training from seed to measured network.

use burn::grad_clipping::GradientClippingConfig;
use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::Device;

use super::batch::Batch;
use super::network::{Network, Shape, cross_entropy, scalar};
use super::schedule::learning_rate;
use crate::worlds::baseline::{Text, texts};
use crate::worlds::grammar::Grammar;

/// How a network is trained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// The network.
    pub shape: Shape,
    /// Number of updates.
    pub n_steps: usize,
    /// Texts per update.
    pub n_texts: usize,
    /// Highest learning rate.
    pub learning_rate: f64,
    /// Seed of the initial weights and of the texts.
    pub seed: u64,
}

/// Trains; calls `progress(step, loss in nats per token)` after every update. The network comes back without
/// autodiff, on `device`.
pub fn train(
    plan: &Plan,
    grammar: &Grammar,
    device: &Device,
    mut progress: impl FnMut(usize, f64),
) -> Network {
    let training_device = device.clone().autodiff();
    let mut network = Network::new(&plan.shape, plan.seed, &training_device);
    let mut optimizer = AdamWConfig::new()
        .with_beta_2(0.98)
        .with_epsilon(1e-8)
        .with_weight_decay(0.01)
        .with_grad_clipping(Some(GradientClippingConfig::Norm(1.0)))
        .init();
    let mut stream = texts(grammar, plan.seed);
    let n_warm_up = plan.n_steps.div_ceil(20);
    for step in 0..plan.n_steps {
        let texts: Vec<Text> = stream.by_ref().take(plan.n_texts).collect();
        let batch = Batch::new(&texts, plan.shape.n_tokens, &training_device);
        let loss = cross_entropy(network.log_probs(batch.inputs), batch.targets, batch.n_places);
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        let rate = learning_rate(step, plan.n_steps, n_warm_up, plan.learning_rate);
        network = optimizer.step(rate, network, gradients);
        progress(step, scalar(loss));
    }
    network.valid()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::measure::measure;
    use crate::worlds::english::{Family, Table};

    #[test]
    fn a_small_network_learns_a_small_world_beyond_its_bigrams() {
        let tables = [Table { name: "pet", columns: "name sound", rows: "dog barks\ncat purrs\ncow moos" }];
        let patterns = &["the {pet.name} here {pet.sound} ."];
        let grammar = Grammar::new(&tables, &[Family { name: "all", weight: 1.0, patterns }]).unwrap();
        let n_tokens = grammar.vocabulary().len();
        let shape =
            Shape { n_tokens, width: 16, inner_width: 16, n_layers: 1, n_heads: 2, context_length: 16 };
        let plan = Plan { shape, n_steps: 150, n_texts: 8, learning_rate: 0.01, seed: 1 };
        let device = Device::flex();
        let network = train(&plan, &grammar, &device, |_, _| ());
        let measured = measure(&network, &grammar, 100, &device);
        // A bigram cannot see the pet through "here": log 3 nats at one place of six.
        assert!((measured.bigram_kl.mean - 3f64.ln() / 6.0).abs() < 0.02, "{measured:?}");
        assert!(measured.model_kl.mean < 0.02, "{measured:?}");
        assert!(measured.model_kl.mean > 0.0, "{measured:?}");
    }
}
