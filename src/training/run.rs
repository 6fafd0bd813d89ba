//! One training from seed to network, as the bundled models had it.

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use super::batch::{Batch, dense_targets};
use super::network::{Network, Shape, cross_entropy};
use super::schedule::learning_rate;
use super::trainer::Trainer;
use crate::worlds::baseline::{Text, texts};
use crate::worlds::world::World;

/// How a network is trained.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
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

impl Plan {
    /// Learning rate of an update: a linear warm-up over a twentieth of the updates, then half a cosine to zero.
    pub fn rate(&self, step: usize) -> f64 {
        learning_rate(step, self.n_steps, self.n_steps.div_ceil(20), self.learning_rate)
    }
}

/// Trains; calls `progress(step, loss in nats per token)` after every update. The network comes back without
/// autodiff, on `device`.
///
/// The loss goes through automatic differentiation as a whole, slower than [`Trainer::approach`] and with other last
/// bits: this is how the bundled models were trained, and their command must give their files again.
pub fn train(
    plan: &Plan,
    world: &dyn World,
    device: &Device,
    mut progress: impl FnMut(usize, f64),
) -> Network {
    let mut trainer = Trainer::new(&plan.shape, plan.seed, device);
    let mut stream = texts(world, plan.seed);
    for step in 0..plan.n_steps {
        let texts: Vec<Text> = stream.by_ref().take(plan.n_texts).collect();
        let batch = Batch::new(&texts, trainer.device());
        let targets = dense_targets(&texts, plan.shape.n_tokens, trainer.device());
        let loss = cross_entropy(trainer.network().log_probs(batch.inputs), targets, batch.n_places);
        let loss_before;
        (trainer, loss_before) = trainer.descend(loss, plan.rate(step));
        progress(step, loss_before);
    }
    trainer.snapshot()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::measure::{HeldOut, distances};
    use crate::training::network::Architecture;
    use crate::worlds::english::{Family, Table};
    use crate::worlds::grammar::Grammar;

    #[test]
    fn a_small_network_learns_a_small_world_beyond_its_bigrams() {
        let tables = [Table { name: "pet", columns: "name sound", rows: "dog barks\ncat purrs\ncow moos" }];
        let patterns = &["the {pet.name} here {pet.sound} ."];
        let grammar = Grammar::new(&tables, &[Family { name: "all", weight: 1.0, patterns }]).unwrap();
        let n_tokens = grammar.vocabulary().len();
        let shape = Shape {
            architecture: Architecture::Llama,
            n_tokens,
            width: 16,
            inner_width: 16,
            n_layers: 1,
            n_heads: 2,
            context_length: 16,
        };
        let plan = Plan { shape, n_steps: 150, n_texts: 8, learning_rate: 0.01, seed: 1 };
        let device = Device::flex();
        let network = train(&plan, &grammar, &device, |_, _| ());
        let held_out = HeldOut::new(&grammar, 100, 1000);
        let distances = distances(&network, None, held_out.texts(&grammar), &device);
        // A bigram cannot see the pet through "here": log 3 nats at one place of six.
        let bigram_kl = held_out.baselines.bigram_kl.mean;
        assert!((bigram_kl - 3f64.ln() / 6.0).abs() < 0.02, "{held_out:?}");
        assert!(distances.truth.mean < 0.02, "{distances:?}");
        assert!(distances.truth.mean > 0.0, "{distances:?}");
    }
}
