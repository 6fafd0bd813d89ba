//! GPT-NeoX (Black et al. 2022; the Pythia models), as `GPTNeoXForCausalLM` of `transformers` computes it.
//!
//! Queries, keys and values are fused and interleaved by head; only the first coordinates of a head are rotated.

use burn::tensor::{Device, Tensor};

use super::checkpoint::{Checkpoint, CheckpointError};
use super::config::{ConfigError, Fields, check_divides};
use super::layers::{Activation, LayerNorm, Linear, Weights, causal_attention, merge_heads};
use super::rotary::{Rotary, RotaryTable, Spelling};
use super::sizes::{Sizes, product};
use super::unread::buffers;
use super::vocabulary::{Ids, VocabularyMatrix};

/// Several versions of `transformers` wrote the same numbers under several names, some under two at once.
const ROTARY: Spelling = Spelling {
    theta: &["rotary_emb_base", "rope_theta"],
    share: &["rotary_pct", "partial_rotary_factor"],
    default_share: 0.25,
};

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
    rotary: Rotary,
    epsilon: f64,
    activation: Activation,
    is_tied: bool,
    is_parallel: bool,
    has_attention_bias: bool,
}

impl Config {
    /// Takes every field that the forward pass depends on.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn from_fields(mut fields: Fields) -> Result<Self, ConfigError> {
        let d_model = fields.size("hidden_size")?;
        let n_heads = fields.size("num_attention_heads")?;
        check_divides("num_attention_heads", n_heads, "hidden_size", d_model)?;
        let config = Self {
            vocab_size: fields.size("vocab_size")?,
            d_model,
            context_length: fields.size("max_position_embeddings")?,
            n_layers: fields.size("num_hidden_layers")?,
            n_heads,
            d_inner: fields.size("intermediate_size")?,
            rotary: Rotary::from_fields(&mut fields, d_model / n_heads, &ROTARY)?,
            epsilon: fields.or("layer_norm_eps", 1e-5)?,
            activation: fields.or("hidden_act", Activation::Gelu)?,
            is_tied: fields.or("tie_word_embeddings", false)?,
            is_parallel: fields.or("use_parallel_residual", true)?,
            has_attention_bias: fields.or("attention_bias", true)?,
        };
        fields.finish()?;
        Ok(config)
    }

    /// How many weights the network has.
    pub fn sizes(&self) -> Sizes {
        let (d, inner, has_bias) = (self.d_model, self.d_inner, self.has_attention_bias);
        let projections =
            [(d, d.saturating_mul(3), has_bias), (d, d, has_bias), (d, inner, true), (inner, d, true)];
        Sizes {
            vocabulary: product(self.vocab_size, d),
            n_vocabularies: if self.is_tied { 1 } else { 2 },
            once: vec![d as u64; 2],
            layer: projections
                .into_iter()
                .flat_map(|(n_in, n_out, has_bias)| Sizes::linear(n_in, n_out, has_bias))
                .chain([d as u64; 4])
                .collect(),
            n_layers: self.n_layers as u64,
        }
    }
}

/// The network.
#[derive(Debug)]
pub struct GptNeox {
    token_embedding: VocabularyMatrix,
    layers: Vec<Layer>,
    norm: LayerNorm,
    head: VocabularyMatrix,
    rotary: Rotary,
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
    is_parallel: bool,
}

impl GptNeox {
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
        let prefix = checkpoint.prefix("gpt_neox.");
        let mut weights = Weights { checkpoint: &mut checkpoint, device, prefix, max_tile_bytes };
        let d = config.d_model;
        let token_embedding = weights.vocabulary("embed_in.weight", config.vocab_size, d).await?;
        let mut layers = Vec::new();
        for layer_idx in 0..config.n_layers {
            layers.push(Layer::load(config, layer_idx, &mut weights).await?);
        }
        let network = Self {
            layers,
            norm: weights.layer_norm("final_layer_norm", d, config.epsilon).await?,
            head: weights.head("embed_out.weight", config.is_tied, &token_embedding).await?,
            token_embedding,
            rotary: config.rotary.clone(),
        };
        checkpoint.finish("gpt_neox", buffers("gpt_neox"))?;
        Ok(network)
    }

    /// Hidden states after the final norm.
    ///
    /// # Shapes
    /// `[batch, time]` → `[batch, time, d]`
    pub fn forward(&self, ids: Ids<'_>) -> Tensor<3> {
        let x = self.token_embedding.embed(ids);
        let table = self.rotary.table(ids.time, &x.device());
        self.norm.forward(self.layers.iter().fold(x, |x, layer| layer.forward(x, &table)))
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
        let name = |part: &str| format!("layers.{layer_idx}.{part}");
        let has_bias = config.has_attention_bias;
        Ok(Self {
            attention_norm: weights.layer_norm(&name("input_layernorm"), d, config.epsilon).await?,
            query_key_value: weights.linear(&name("attention.query_key_value"), d, 3 * d, has_bias).await?,
            output: weights.linear(&name("attention.dense"), d, d, has_bias).await?,
            inner_norm: weights.layer_norm(&name("post_attention_layernorm"), d, config.epsilon).await?,
            up: weights.linear(&name("mlp.dense_h_to_4h"), d, config.d_inner, true).await?,
            down: weights.linear(&name("mlp.dense_4h_to_h"), config.d_inner, d, true).await?,
            activation: config.activation,
            n_heads: config.n_heads,
            is_parallel: config.is_parallel,
        })
    }

    fn forward(&self, x: Tensor<3>, table: &RotaryTable) -> Tensor<3> {
        let attended = x.clone() + self.attention(self.attention_norm.forward(x.clone()), table);
        let inner_input = if self.is_parallel { x } else { attended.clone() };
        let inner = self.up.forward(self.inner_norm.forward(inner_input));
        attended + self.down.forward(self.activation.forward(inner))
    }

    fn attention(&self, x: Tensor<3>, table: &RotaryTable) -> Tensor<3> {
        let [batch, time, d] = x.dims();
        let width = d / self.n_heads;
        let fused =
            self.query_key_value.forward(x).reshape([batch, time, self.n_heads, 3 * width]).swap_dims(1, 2);
        let part = |i: usize| fused.clone().narrow(3, i * width, width);
        let (query, key) = (table.rotate(part(0)), table.rotate(part(1)));
        let scale = (width as f64).sqrt().recip();
        self.output.forward(merge_heads(causal_attention(query, key, part(2), scale, None)))
    }
}
