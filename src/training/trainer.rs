//! A network with its optimiser: one update at a time.

use burn::grad_clipping::GradientClippingConfig;
use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor, TensorData};

use super::batch::Batch;
use super::loss::Target;
use super::network::{Network, Shape, scalar};

/// A network that is being trained by AdamW.
pub struct Trainer {
    network: Network,
    optimizer: ModuleOptimizer,
    device: Device,
}

impl Trainer {
    /// An untrained network, its weights drawn with the seed.
    pub fn new(shape: &Shape, seed: u64, device: &Device) -> Self {
        let device = device.clone().autodiff();
        let optimizer = AdamWConfig::new()
            .with_beta_2(0.98)
            .with_epsilon(1e-8)
            .with_weight_decay(0.01)
            .with_grad_clipping(Some(GradientClippingConfig::Norm(1.0)))
            .init();
        Self { network: Network::new(shape, seed, &device), optimizer, device }
    }

    /// The network with automatic differentiation.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The network as it is now, without automatic differentiation.
    pub fn snapshot(&self) -> Network {
        self.network.valid()
    }

    /// The device with automatic differentiation.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Goes down the slope of a loss of the network; gives the loss.
    pub fn descend(mut self, loss: Tensor<1>, rate: f64) -> (Self, f64) {
        let gradients = GradientsParams::from_grads(loss.backward(), &self.network);
        self.network = self.optimizer.step(rate, self.network, gradients);
        (self, scalar(loss))
    }

    /// Brings the logits of a batch nearer to a target; gives the mean loss over places before the update.
    pub fn approach(self, batch: &Batch, target: &Target<'_>, rate: f64) -> (Self, f64) {
        let (stand_in, loss) = self.stand_in(batch, target);
        (self.descend(stand_in, rate).0, loss)
    }

    /// The loss, and a number with the loss's gradients.
    ///
    /// The gradients of the logits are known, so only those of the hidden states and of the head, two products away,
    /// need to enter the automatic differentiation: nothing of the size places × tokens does.
    fn stand_in(&self, batch: &Batch, target: &Target<'_>) -> (Tensor<1>, f64) {
        let hidden = self.network.hidden_at_places(batch);
        let head = self.network.head.val();
        let (hidden_value, head_value) = (hidden.clone().inner(), head.clone().inner());
        let logits = hidden_value.clone().matmul(head_value.clone());
        let dims = logits.dims();
        let mut values = floats(logits);
        let loss = target.loss_and_gradient(&mut values, dims[1]);
        let gradient = Tensor::<2>::from_data(TensorData::new(values, dims), &hidden_value.device());
        let hidden_gradient = gradient.clone().matmul(head_value.transpose());
        let head_gradient = hidden_value.transpose().matmul(gradient);
        let stand_in = (hidden * hidden_gradient.autodiff()).sum() + (head * head_gradient.autodiff()).sum();
        (stand_in, loss)
    }
}

/// The numbers of a tensor.
pub fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec::<f32>().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::batch::dense_targets;
    use crate::training::network::{Architecture, cross_entropy};
    use crate::worlds::baseline::{Text, texts};
    use crate::worlds::grammar::Grammar;

    #[test]
    fn the_gradients_past_the_logits_are_those_of_automatic_differentiation() {
        let grammar = Grammar::english().unwrap();
        let n_tokens = grammar.vocabulary().len();
        let texts: Vec<Text> = texts(&grammar, 4).take(3).collect();
        for architecture in [Architecture::Llama, Architecture::Gpt2] {
            let shape = Shape {
                architecture,
                n_tokens,
                width: 8,
                inner_width: 12,
                n_layers: 2,
                n_heads: 2,
                context_length: 32,
            };
            let trainer = Trainer::new(&shape, 5, &Device::flex());
            let batch = Batch::new(&texts, trainer.device());
            let truth = texts.iter().flat_map(|text| text.truth.iter().map(Vec::as_slice)).collect();
            let (stand_in, loss) = trainer.stand_in(&batch, &Target::Truth(truth));
            let targets = dense_targets(&texts, n_tokens, trainer.device());
            let whole =
                cross_entropy(trainer.network().log_probs(batch.inputs.clone()), targets, batch.n_places);
            assert!((scalar(whole.clone()) - loss).abs() < 1e-5);
            let (quick, slow) = (stand_in.backward(), whole.backward());
            let network = trainer.network();
            let matrices = [
                &network.embedding,
                &network.head,
                &network.layers[0].attention.query.weight,
                &network.layers[1].inner.down.weight,
            ];
            for weight in matrices {
                let gradient = |of| floats(weight.val().grad(of).unwrap());
                let (quick, slow) = (gradient(&quick), gradient(&slow));
                let size = slow.iter().map(|g| g.abs()).fold(0.0, f32::max);
                assert!(size > 1e-5);
                assert!(
                    quick.iter().zip(&slow).all(|(a, b)| (a - b).abs() < 1e-4 * size),
                    "{architecture:?}"
                );
            }
        }
    }
}
