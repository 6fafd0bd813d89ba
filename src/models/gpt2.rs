//! GPT-2 (Radford et al. 2019), as `GPT2LMHeadModel` of `transformers` computes it.
//!
//! Two surprises: projections are stored `[in, out]` (`Conv1D`), and base checkpoints lack the prefix `transformer.`.

use burn::tensor::{Device, Tensor};

use super::checkpoint::{Checkpoint, CheckpointError};
use super::config::{ConfigError, Fields, check_divides};
use super::layers::{Activation, LayerNorm, Linear, Weights, causal_attention, merge_heads, split_heads};
use super::sizes::{Sizes, product};
use super::unread::buffers;
use super::vocabulary::{Ids, VocabularyMatrix};

/// What `config.json` says.
#[derive(Debug, Clone)]
pub struct Config {
    /// V.
    pub vocab_size: usize,
    /// d.
    pub d_model: usize,
    /// Longest text.
    pub context_length: usize,
    n_layers: usize,
    n_heads: usize,
    d_inner: usize,
    epsilon: f64,
    activation: Activation,
    is_tied: bool,
    scales_scores: bool,
    scales_by_layer: bool,
}

impl Config {
    /// Takes every field that the forward pass depends on.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn from_fields(mut fields: Fields) -> Result<Self, ConfigError> {
        let d_model = fields.size("n_embd")?;
        let n_inner = fields.optional_size("n_inner")?;
        fields.optional::<usize>("n_ctx")?; // the old name of n_positions; nothing reads it
        let config = Self {
            vocab_size: fields.size("vocab_size")?,
            d_model,
            context_length: fields.size("n_positions")?,
            n_layers: fields.size("n_layer")?,
            n_heads: fields.size("n_head")?,
            d_inner: n_inner.unwrap_or(4 * d_model),
            epsilon: fields.or("layer_norm_epsilon", 1e-5)?,
            activation: fields.or("activation_function", Activation::GeluNew)?,
            is_tied: fields.or("tie_word_embeddings", true)?,
            scales_scores: fields.or("scale_attn_weights", true)?,
            scales_by_layer: fields.or("scale_attn_by_inverse_layer_idx", false)?,
        };
        fields.finish()?;
        check_divides("n_head", config.n_heads, "n_embd", config.d_model)?;
        Ok(config)
    }

    /// How many weights the network has.
    pub fn sizes(&self) -> Sizes {
        let (d, inner) = (self.d_model, self.d_inner);
        let projections = [(d, d.saturating_mul(3)), (d, d), (d, inner), (inner, d)];
        Sizes {
            vocabulary: product(self.vocab_size, d),
            n_vocabularies: if self.is_tied { 1 } else { 2 },
            once: [product(self.context_length, d)].into_iter().chain([d as u64; 2]).collect(),
            layer: projections
                .into_iter()
                .flat_map(|(n_in, n_out)| Sizes::linear(n_in, n_out, true))
                .chain([d as u64; 4])
                .collect(),
            n_layers: self.n_layers as u64,
        }
    }
}

/// The network.
#[derive(Debug)]
pub struct Gpt2 {
    token_embedding: VocabularyMatrix,
    place_embedding: Tensor<2>,
    layers: Vec<Layer>,
    norm: LayerNorm,
    head: VocabularyMatrix,
}

#[derive(Debug)]
struct Layer {
    attention_norm: LayerNorm,
    query_key_value: Linear,
    output: Linear,
    inner_norm: LayerNorm,
    up: Linear,
    down: Linear,
    activation: Activation,
    n_heads: usize,
    score_scale: f64,
}

impl Gpt2 {
    /// Builds the network from its weights.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    pub async fn load(
        config: &Config,
        mut checkpoint: Checkpoint,
        device: &Device,
        max_tile_bytes: usize,
    ) -> Result<Self, CheckpointError> {
        let prefix = checkpoint.prefix("transformer.");
        let mut weights = Weights { checkpoint: &mut checkpoint, device, prefix, max_tile_bytes };
        let d = config.d_model;
        let token_embedding = weights.vocabulary("wte.weight", config.vocab_size, d).await?;
        let place_embedding = weights.tensor("wpe.weight", [config.context_length, d]).await?;
        let mut layers = Vec::new();
        for layer_idx in 0..config.n_layers {
            layers.push(Layer::load(config, layer_idx, &mut weights).await?);
        }
        let network = Self {
            place_embedding,
            layers,
            norm: weights.layer_norm("ln_f", d, config.epsilon).await?,
            head: weights.head("lm_head.weight", config.is_tied, &token_embedding).await?,
            token_embedding,
        };
        checkpoint.finish("gpt2", buffers("gpt2"))?;
        Ok(network)
    }

    /// Hidden states after the final norm.
    ///
    /// # Shapes
    /// `[batch, time]` → `[batch, time, d]`
    pub fn forward(&self, ids: Ids<'_>) -> Tensor<3> {
        let places = self.place_embedding.clone().narrow(0, 0, ids.time).unsqueeze::<3>();
        let x = self.token_embedding.embed(ids) + places;
        self.norm.forward(self.layers.iter().fold(x, |x, layer| layer.forward(x)))
    }

    /// g, `[V, d]`.
    pub fn unembedding(&self) -> &VocabularyMatrix {
        &self.head
    }
}

impl Layer {
    async fn load(
        config: &Config,
        layer_idx: usize,
        weights: &mut Weights<'_>,
    ) -> Result<Self, CheckpointError> {
        let d = config.d_model;
        let name = |part: &str| format!("h.{layer_idx}.{part}");
        let scale = if config.scales_scores { ((d / config.n_heads) as f64).sqrt().recip() } else { 1.0 };
        let layer_scale = if config.scales_by_layer { (layer_idx + 1) as f64 } else { 1.0 };
        Ok(Self {
            attention_norm: weights.layer_norm(&name("ln_1"), d, config.epsilon).await?,
            query_key_value: weights.conv1d(&name("attn.c_attn"), d, 3 * d).await?,
            output: weights.conv1d(&name("attn.c_proj"), d, d).await?,
            inner_norm: weights.layer_norm(&name("ln_2"), d, config.epsilon).await?,
            up: weights.conv1d(&name("mlp.c_fc"), d, config.d_inner).await?,
            down: weights.conv1d(&name("mlp.c_proj"), config.d_inner, d).await?,
            activation: config.activation,
            n_heads: config.n_heads,
            score_scale: scale / layer_scale,
        })
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let x = x.clone() + self.attention(self.attention_norm.forward(x));
        let inner = self.up.forward(self.inner_norm.forward(x.clone()));
        x + self.down.forward(self.activation.forward(inner))
    }

    fn attention(&self, x: Tensor<3>) -> Tensor<3> {
        let parts = self.query_key_value.forward(x).chunk(3, 2);
        let [query, key, value] = [0, 1, 2].map(|i: usize| split_heads(parts[i].clone(), self.n_heads));
        self.output.forward(merge_heads(causal_attention(query, key, value, self.score_scale, None)))
    }
}
