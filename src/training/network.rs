//! The network that is trained: the Llama architecture in its plainest form (no grouped heads, no biases, untied
//! head), with the Hub's tensor names on the way out.
//!
//! The engine reads many variants of four architectures; a trainer needs one, and needs its gradients. That both give
//! the same numbers is tested on the bundled models.

use std::collections::BTreeMap;

use burn::module::{Module, Param};
use burn::tensor::{Bool, Device, ElementConversion, Int, Tensor, TensorData, activation};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde_json::{Value, json};

/// Base of the rotary frequencies.
const ROPE_THETA: f64 = 10_000.0;
/// Below the root in the norms.
const RMS_NORM_EPS: f64 = 1e-5;
/// Score of a place that may not be seen.
const MASKED: f32 = -1e9;

/// How large a network is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Number of tokens, V.
    pub n_tokens: usize,
    /// Width of the hidden state, d.
    pub width: usize,
    /// Width inside the gated layers.
    pub inner_width: usize,
    /// Number of layers.
    pub n_layers: usize,
    /// Number of attention heads; divides the width into even parts.
    pub n_heads: usize,
    /// Longest text.
    pub context_length: usize,
}

impl Shape {
    /// The Hub's `config.json`.
    pub fn config_json(&self, begin_id: u32, end_id: u32) -> Value {
        json!({
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "vocab_size": self.n_tokens,
            "hidden_size": self.width,
            "intermediate_size": self.inner_width,
            "num_hidden_layers": self.n_layers,
            "num_attention_heads": self.n_heads,
            "num_key_value_heads": self.n_heads,
            "head_dim": self.width / self.n_heads,
            "hidden_act": "silu",
            "max_position_embeddings": self.context_length,
            "rms_norm_eps": RMS_NORM_EPS,
            "rope_theta": ROPE_THETA,
            "attention_bias": false,
            "mlp_bias": false,
            "tie_word_embeddings": false,
            "bos_token_id": begin_id,
            "eos_token_id": end_id,
            "torch_dtype": "float32",
        })
    }
}

/// `logits = lm_head · norm(layers(embedding))`
#[derive(Module, Debug)]
pub struct Network {
    embedding: Param<Tensor<2>>,
    layers: Vec<Layer>,
    norm: Param<Tensor<1>>,
    head: Param<Tensor<2>>,
}

/// Attention, then a gated layer, each added to the stream after a norm. Weights are `[in, out]`.
#[derive(Module, Debug)]
struct Layer {
    attention_norm: Param<Tensor<1>>,
    query: Param<Tensor<2>>,
    key: Param<Tensor<2>>,
    value: Param<Tensor<2>>,
    output: Param<Tensor<2>>,
    gated_norm: Param<Tensor<1>>,
    gate: Param<Tensor<2>>,
    up: Param<Tensor<2>>,
    down: Param<Tensor<2>>,
    n_heads: usize,
}

/// What every layer needs to know about places.
struct Places {
    /// `[1, 1, length, head_width]`
    cos: Tensor<4>,
    /// `[1, 1, length, head_width]`
    sin: Tensor<4>,
    /// True where a place may not be seen. `[1, 1, length, length]`
    hidden: Tensor<4, Bool>,
}

impl Network {
    /// Normal draws from the seed: embeddings and projections of unit gain, a head that begins near the uniform
    /// distribution.
    pub fn new(shape: &Shape, seed: u64, device: &Device) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut matrix = |n_in: usize, n_out: usize, deviation: f64| {
            let draws = (0..n_in * n_out).map(|_| {
                let draw: f64 = StandardNormal.sample(&mut rng);
                (deviation * draw) as f32
            });
            let data = TensorData::new(draws.collect::<Vec<f32>>(), [n_in, n_out]);
            Param::from_tensor(Tensor::from_data(data, device))
        };
        let (d, inner) = (shape.width, shape.inner_width);
        let ones = || Param::from_tensor(Tensor::ones([d], device));
        let unit = |n_in: usize| 1.0 / (n_in as f64).sqrt();
        // Each of the 2·layers additions to the stream begins small enough that their sum is of order one.
        let added = |n_in: usize| unit(n_in) / (2.0 * shape.n_layers as f64).sqrt();
        let embedding = matrix(shape.n_tokens, d, 0.5);
        let layers = (0..shape.n_layers)
            .map(|_| Layer {
                attention_norm: ones(),
                query: matrix(d, d, unit(d)),
                key: matrix(d, d, unit(d)),
                value: matrix(d, d, unit(d)),
                output: matrix(d, d, added(d)),
                gated_norm: ones(),
                gate: matrix(d, inner, unit(d)),
                up: matrix(d, inner, unit(d)),
                down: matrix(inner, d, added(inner)),
                n_heads: shape.n_heads,
            })
            .collect();
        Self { embedding, layers, norm: ones(), head: matrix(d, shape.n_tokens, 0.1 * unit(d)) }
    }

    /// Log-probabilities of the next token at every place.
    ///
    /// # Shapes
    /// - inputs: `[n_texts, length]`
    /// - output: `[n_texts, length, n_tokens]`
    pub fn log_probs(&self, inputs: Tensor<2, Int>) -> Tensor<3> {
        let [n_texts, length] = inputs.dims();
        let [_, width] = self.embedding.val().dims();
        let n_heads = self.layers.first().map_or(1, |layer| layer.n_heads);
        let places = Places::new(length, width / n_heads, &inputs.device());
        let embedded = self.embedding.val().select(0, inputs.reshape([n_texts * length]));
        let mut stream = embedded.reshape([n_texts, length, width]);
        for layer in &self.layers {
            stream = layer.forward(stream, &places);
        }
        let hidden = normed(stream, &self.norm).reshape([n_texts * length, width]);
        let logits = hidden.matmul(self.head.val());
        let [_, n_tokens] = logits.dims();
        activation::log_softmax(logits, 1).reshape([n_texts, length, n_tokens])
    }

    /// Every weight by its name on the Hub; matrices turned to the Hub's `[out, in]`.
    pub fn hub_tensors(&self) -> BTreeMap<String, TensorData> {
        let vector = |weight: &Param<Tensor<1>>| weight.val().into_data();
        let turned = |weight: &Param<Tensor<2>>| weight.val().transpose().into_data();
        let mut tensors = BTreeMap::from([
            ("model.embed_tokens.weight".to_owned(), self.embedding.val().into_data()),
            ("model.norm.weight".to_owned(), vector(&self.norm)),
            ("lm_head.weight".to_owned(), turned(&self.head)),
        ]);
        for (l, layer) in self.layers.iter().enumerate() {
            tensors.extend([
                (format!("model.layers.{l}.input_layernorm.weight"), vector(&layer.attention_norm)),
                (format!("model.layers.{l}.self_attn.q_proj.weight"), turned(&layer.query)),
                (format!("model.layers.{l}.self_attn.k_proj.weight"), turned(&layer.key)),
                (format!("model.layers.{l}.self_attn.v_proj.weight"), turned(&layer.value)),
                (format!("model.layers.{l}.self_attn.o_proj.weight"), turned(&layer.output)),
                (format!("model.layers.{l}.post_attention_layernorm.weight"), vector(&layer.gated_norm)),
                (format!("model.layers.{l}.mlp.gate_proj.weight"), turned(&layer.gate)),
                (format!("model.layers.{l}.mlp.up_proj.weight"), turned(&layer.up)),
                (format!("model.layers.{l}.mlp.down_proj.weight"), turned(&layer.down)),
            ]);
        }
        tensors
    }
}

impl Layer {
    /// stream: `[n_texts, length, width]`
    fn forward(&self, stream: Tensor<3>, places: &Places) -> Tensor<3> {
        let attended = self.attend(&normed(stream.clone(), &self.attention_norm), places);
        let stream = stream + attended;
        let seen = normed(stream.clone(), &self.gated_norm);
        let gate = activation::silu(projected(seen.clone(), &self.gate));
        stream + projected(gate * projected(seen, &self.up), &self.down)
    }

    fn attend(&self, seen: &Tensor<3>, places: &Places) -> Tensor<3> {
        let [n_texts, length, width] = seen.dims();
        let head_width = width / self.n_heads;
        let heads = |weight: &Param<Tensor<2>>| {
            // (B, T, d) -> (B, heads, T, head width)
            projected(seen.clone(), weight)
                .reshape([n_texts, length, self.n_heads, head_width])
                .swap_dims(1, 2)
        };
        let query = places.rotated(heads(&self.query));
        let key = places.rotated(heads(&self.key));
        let scores = query.matmul(key.swap_dims(2, 3)) / (head_width as f64).sqrt();
        let shape = scores.dims();
        let scores = scores.mask_fill(places.hidden.clone().expand(shape), MASKED);
        let mixed = activation::softmax(scores, 3).matmul(heads(&self.value));
        projected(mixed.swap_dims(1, 2).reshape([n_texts, length, width]), &self.output)
    }
}

impl Places {
    fn new(length: usize, head_width: usize, device: &Device) -> Self {
        let half = head_width / 2;
        let angle = |place: usize, i: usize| {
            place as f64 * ROPE_THETA.powf(-2.0 * (i % half) as f64 / head_width as f64)
        };
        let table = |f: fn(f64) -> f64| {
            let values: Vec<f32> = (0..length)
                .flat_map(|place| (0..head_width).map(move |i| f(angle(place, i)) as f32))
                .collect();
            Tensor::from_data(TensorData::new(values, [1, 1, length, head_width]), device)
        };
        let hidden = (0..length).flat_map(|at| (0..length).map(move |seen| seen > at)).collect::<Vec<bool>>();
        let hidden = Tensor::from_data(TensorData::new(hidden, [1, 1, length, length]), device);
        Self { cos: table(f64::cos), sin: table(f64::sin), hidden }
    }

    /// `x cos + rotate_half(x) sin`, the halves of a head turned against each other as in the Hub's Llama.
    fn rotated(&self, x: Tensor<4>) -> Tensor<4> {
        let half = x.dims()[3] / 2;
        let (first, second) = (x.clone().narrow(3, 0, half), x.clone().narrow(3, half, half));
        x * self.cos.clone() + Tensor::cat(vec![-second, first], 3) * self.sin.clone()
    }
}

/// `x W` for a batch of sequences, as one product.
fn projected(x: Tensor<3>, weight: &Param<Tensor<2>>) -> Tensor<3> {
    let [n_texts, length, n_in] = x.dims();
    let y = x.reshape([n_texts * length, n_in]).matmul(weight.val());
    let [_, n_out] = y.dims();
    y.reshape([n_texts, length, n_out])
}

/// `x / sqrt(mean(x²) + eps) · weight`
fn normed(x: Tensor<3>, weight: &Param<Tensor<1>>) -> Tensor<3> {
    let scale = (x.clone().powf_scalar(2.0).mean_dim(2) + RMS_NORM_EPS).sqrt();
    x / scale * weight.val().unsqueeze()
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
        let shape =
            Shape { n_tokens: 7, width: 8, inner_width: 12, n_layers: 2, n_heads: 2, context_length: 16 };
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
