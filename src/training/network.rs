//! The networks that are trained: the Llama architecture and the GPT-2 architecture, each in its plainest form (no
//! grouped heads, untied head).
//!
//! The engine reads many variants of four architectures; a trainer needs two, and needs their gradients. That both
//! give the same numbers is tested on the files that the trainer writes.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, ElementConversion, Int, Tensor, TensorData, activation};
use half::f16;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::batch::Batch;
use super::layers::{Draws, Layer, Norm, Places, unit};

/// Which of the Hub's architectures a network has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    /// Rotary places, root-mean-square norms, gated inner layers, no biases.
    Llama,
    /// Learned places, layer norms, inner layers with GELU (its tanh form), biases.
    Gpt2,
}

impl Architecture {
    pub(super) fn has_biases(self) -> bool {
        self == Self::Gpt2
    }

    pub(super) fn has_gates(self) -> bool {
        self == Self::Llama
    }

    fn has_learned_places(self) -> bool {
        self == Self::Gpt2
    }
}

/// How large a network is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Which architecture.
    pub architecture: Architecture,
    /// Number of tokens, V.
    pub n_tokens: usize,
    /// Width of the hidden state, d.
    pub width: usize,
    /// Width inside the layers for each place alone.
    pub inner_width: usize,
    /// Number of layers.
    pub n_layers: usize,
    /// Number of attention heads; divides the width into even parts.
    pub n_heads: usize,
    /// Longest text.
    pub context_length: usize,
}

/// `logits = head · hidden`, `hidden = norm(layers(embedding))`
#[derive(Module, Debug)]
pub struct Network {
    /// `[n_tokens, width]`
    pub(super) embedding: Param<Tensor<2>>,
    /// Added to the embedding where places are learned. `[context_length, width]`
    pub(super) places: Option<Param<Tensor<2>>>,
    pub(super) layers: Vec<Layer>,
    pub(super) norm: Norm,
    /// `[width, n_tokens]`
    pub(super) head: Param<Tensor<2>>,
}

impl Network {
    /// Normal draws from the seed: embeddings and projections of unit gain, a head that begins near the uniform
    /// distribution.
    pub fn new(shape: &Shape, seed: u64, device: &Device) -> Self {
        let mut draws = Draws { rng: ChaCha8Rng::seed_from_u64(seed), device };
        let (d, architecture) = (shape.width, shape.architecture);
        let embedding = draws.matrix(shape.n_tokens, d, 0.5);
        let places = architecture.has_learned_places();
        let places = places.then(|| draws.matrix(shape.context_length, d, 0.1));
        let layers = (0..shape.n_layers).map(|_| Layer::new(shape, &mut draws)).collect();
        let norm = Norm::new(d, architecture, &draws);
        Self { embedding, places, layers, norm, head: draws.matrix(d, shape.n_tokens, 0.1 * unit(d)) }
    }

    /// The hidden state that the head multiplies, at every place.
    ///
    /// # Shapes
    /// - inputs: `[n_texts, length]`
    /// - output: `[n_texts, length, width]`
    pub fn hidden(&self, inputs: Tensor<2, Int>) -> Tensor<3> {
        let [n_texts, length] = inputs.dims();
        let [_, width] = self.embedding.val().dims();
        let device = inputs.device();
        let embedded = self.embedding.val().select(0, inputs.reshape([n_texts * length]));
        let embedded = embedded.reshape([n_texts, length, width]);
        let (stream, rotated_width) = match &self.places {
            Some(places) => (embedded + places.val().narrow(0, 0, length).unsqueeze(), None),
            None => (embedded, self.layers.first().map(|layer| width / layer.attention.n_heads)),
        };
        let places = Places::new(length, rotated_width, &device);
        self.norm.forward(self.layers.iter().fold(stream, |stream, layer| layer.forward(stream, &places)))
    }

    /// The hidden state at the places of a batch that are not padding. `[n_places, width]`
    pub fn hidden_at_places(&self, batch: &Batch) -> Tensor<2> {
        let hidden = self.hidden(batch.inputs.clone());
        let [n_texts, length, width] = hidden.dims();
        hidden.reshape([n_texts * length, width]).select(0, batch.real.clone())
    }

    /// Log-probabilities of the next token at every place.
    ///
    /// # Shapes
    /// - inputs: `[n_texts, length]`
    /// - output: `[n_texts, length, n_tokens]`
    pub fn log_probs(&self, inputs: Tensor<2, Int>) -> Tensor<3> {
        let hidden = self.hidden(inputs);
        let [n_texts, length, width] = hidden.dims();
        let logits = hidden.reshape([n_texts * length, width]).matmul(self.head.val());
        let [_, n_tokens] = logits.dims();
        activation::log_softmax(logits, 1).reshape([n_texts, length, n_tokens])
    }

    /// Itself with every weight rounded to 16 bits, as a file of half the size holds it.
    pub fn rounded_to_f16(self) -> Self {
        self.map(&mut RoundingToF16)
    }
}

struct RoundingToF16;

impl ModuleMapper for RoundingToF16 {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| {
            let (shape, device) = (tensor.dims(), tensor.device());
            let data = tensor.into_data();
            let rounded = data.iter::<f32>().map(|x| f16::from_f32(x).to_f32()).collect::<Vec<f32>>();
            Tensor::from_data(TensorData::new(rounded, shape), &device)
        })
    }
}

/// Mean cross-entropy with the truth, in nats per place: the entropy floor plus the KL divergence.
pub fn cross_entropy(log_probs: Tensor<3>, batch_targets: Tensor<3>, n_places: usize) -> Tensor<1> {
    -(log_probs * batch_targets).sum() / (n_places as f64)
}

/// A tensor of one number, as that number.
pub fn scalar(tensor: Tensor<1>) -> f64 {
    tensor.into_scalar::<f32>().elem()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> (Network, Device) {
        let shape = Shape {
            architecture: Architecture::Llama,
            n_tokens: 7,
            width: 8,
            inner_width: 12,
            n_layers: 2,
            n_heads: 2,
            context_length: 16,
        };
        let device = Device::flex();
        (Network::new(&shape, 3, &device), device)
    }

    fn log_probs(network: &Network, device: &Device, ids: &[i32]) -> Vec<f32> {
        let inputs = Tensor::from_data(TensorData::new(ids.to_vec(), [1, ids.len()]), device);
        network.log_probs(inputs).into_data().iter::<f32>().collect()
    }

    #[test]
    fn every_place_has_a_distribution_and_sees_nothing_after_it() {
        let (network, device) = small();
        let one = log_probs(&network, &device, &[1, 4, 5, 2]);
        let other = log_probs(&network, &device, &[1, 4, 5, 6]);
        for place in one.chunks(7) {
            assert!((place.iter().map(|p| p.exp()).sum::<f32>() - 1.0).abs() < 1e-5);
        }
        for (a, b) in one[..21].iter().zip(&other[..21]) {
            assert!((a - b).abs() < 1e-6, "a later token changed an earlier place");
        }
        assert!(one[21..].iter().zip(&other[21..]).any(|(a, b)| (a - b).abs() > 1e-4));
    }

    #[test]
    fn places_matter() {
        let (network, device) = small();
        let one = log_probs(&network, &device, &[1, 4, 5, 6]);
        let swapped = log_probs(&network, &device, &[1, 5, 4, 6]);
        assert!(one[21..].iter().zip(&swapped[21..]).any(|(a, b)| (a - b).abs() > 1e-4));
    }
}
