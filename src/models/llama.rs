//! Llama (Touvron et al. 2023), as `LlamaForCausalLM` of `transformers` computes it: grouped-query attention,
//! rotary positions, gated inner layers.

use burn::tensor::{Device, Tensor};

use super::checkpoint::{Checkpoint, CheckpointError};
use super::config::{ConfigError, Fields, check_divides};
use super::layers::{Activation, Linear, RmsNorm, Weights, causal_attention, merge_heads, split_heads};
use super::rotary::{Rotary, RotaryTable, Spelling};
use super::sizes::{Sizes, product};
use super::unread::buffers;
use super::vocabulary::{Ids, VocabularyMatrix};

/// Whole heads are rotated.
const ROTARY: Spelling = Spelling { theta: &["rope_theta"], share: &[], default_share: 1.0 };

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
    n_key_value_heads: usize,
    head_width: usize,
    d_inner: usize,
    rotary: Rotary,
    epsilon: f64,
    activation: Activation,
    is_tied: bool,
    has_attention_bias: bool,
    has_inner_bias: bool,
}

impl Config {
    /// Takes every field that the forward pass depends on.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn from_fields(mut fields: Fields) -> Result<Self, ConfigError> {
        let d_model = fields.size("hidden_size")?;
        let n_heads = fields.size("num_attention_heads")?;
        let n_key_value_heads = fields.optional_size("num_key_value_heads")?.unwrap_or(n_heads);
        check_divides("num_key_value_heads", n_key_value_heads, "num_attention_heads", n_heads)?;
        let head_width = match fields.optional_size("head_dim")? {
            Some(head_width) => head_width,
            None => {
                check_divides("num_attention_heads", n_heads, "hidden_size", d_model)?;
                d_model / n_heads
            }
        };
        // Tensor-parallel pretraining sums partial products in another order, which changes no number that matters.
        fields.optional::<usize>("pretraining_tp")?;
        let config = Self {
            vocab_size: fields.size("vocab_size")?,
            d_model,
            context_length: fields.size("max_position_embeddings")?,
            n_layers: fields.size("num_hidden_layers")?,
            n_heads,
            n_key_value_heads,
            head_width,
            d_inner: fields.size("intermediate_size")?,
            rotary: Rotary::from_fields(&mut fields, head_width, &ROTARY)?,
            epsilon: fields.or("rms_norm_eps", 1e-6)?,
            activation: fields.or("hidden_act", Activation::Silu)?,
            is_tied: fields.or("tie_word_embeddings", false)?,
            has_attention_bias: fields.or("attention_bias", false)?,
            has_inner_bias: fields.or("mlp_bias", false)?,
        };
        fields.finish()?;
        Ok(config)
    }

    /// How many weights the network has.
    pub fn sizes(&self) -> Sizes {
        let (d, inner) = (self.d_model, self.d_inner);
        let (attention_bias, inner_bias) = (self.has_attention_bias, self.has_inner_bias);
        let all_queries = self.n_heads.saturating_mul(self.head_width);
        let all_keys = self.n_key_value_heads.saturating_mul(self.head_width);
        let projections = [
            (d, all_queries, attention_bias),
            (d, all_keys, attention_bias),
            (d, all_keys, attention_bias),
            (all_queries, d, attention_bias),
            (d, inner, inner_bias),
            (d, inner, inner_bias),
            (inner, d, inner_bias),
        ];
        Sizes {
            vocabulary: product(self.vocab_size, d),
            n_vocabularies: if self.is_tied { 1 } else { 2 },
            once: vec![d as u64],
            layer: projections
                .into_iter()
                .flat_map(|(n_in, n_out, has_bias)| Sizes::linear(n_in, n_out, has_bias))
                .chain([d as u64; 2])
                .collect(),
            n_layers: self.n_layers as u64,
        }
    }
}

/// The network.
#[derive(Debug)]
pub struct Llama {
    token_embedding: VocabularyMatrix,
    layers: Vec<Layer>,
    norm: RmsNorm,
    head: VocabularyMatrix,
    rotary: Rotary,
}

#[derive(Debug)]
struct Layer {
    attention_norm: RmsNorm,
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    inner_norm: RmsNorm,
    gate: Linear,
    up: Linear,
    down: Linear,
    activation: Activation,
    n_heads: usize,
    n_key_value_heads: usize,
    head_width: usize,
}

impl Llama {
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
        let prefix = checkpoint.prefix("model.");
        let mut weights = Weights { checkpoint: &mut checkpoint, device, prefix, max_tile_bytes };
        let d = config.d_model;
        let token_embedding = weights.vocabulary("embed_tokens.weight", config.vocab_size, d).await?;
        let mut layers = Vec::new();
        for layer_idx in 0..config.n_layers {
            layers.push(Layer::load(config, layer_idx, &mut weights).await?);
        }
        let network = Self {
            layers,
            norm: weights.rms_norm("norm", d, config.epsilon).await?,
            head: weights.head("lm_head.weight", config.is_tied, &token_embedding).await?,
            token_embedding,
            rotary: config.rotary.clone(),
        };
        checkpoint.finish("llama", buffers("llama"))?;
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
        let (d, inner) = (config.d_model, config.d_inner);
        // On 32 bits the product of two sizes can be too large; no file holds as many weights as there are numbers.
        let all_queries = config.n_heads.saturating_mul(config.head_width);
        let all_keys = config.n_key_value_heads.saturating_mul(config.head_width);
        let name = |part: &str| format!("layers.{layer_idx}.{part}");
        let (attention_bias, inner_bias) = (config.has_attention_bias, config.has_inner_bias);
        Ok(Self {
            attention_norm: weights.rms_norm(&name("input_layernorm"), d, config.epsilon).await?,
            query: weights.linear(&name("self_attn.q_proj"), d, all_queries, attention_bias).await?,
            key: weights.linear(&name("self_attn.k_proj"), d, all_keys, attention_bias).await?,
            value: weights.linear(&name("self_attn.v_proj"), d, all_keys, attention_bias).await?,
            output: weights.linear(&name("self_attn.o_proj"), all_queries, d, attention_bias).await?,
            inner_norm: weights.rms_norm(&name("post_attention_layernorm"), d, config.epsilon).await?,
            gate: weights.linear(&name("mlp.gate_proj"), d, inner, inner_bias).await?,
            up: weights.linear(&name("mlp.up_proj"), d, inner, inner_bias).await?,
            down: weights.linear(&name("mlp.down_proj"), inner, d, inner_bias).await?,
            activation: config.activation,
            n_heads: config.n_heads,
            n_key_value_heads: config.n_key_value_heads,
            head_width: config.head_width,
        })
    }

    fn forward(&self, x: Tensor<3>, table: &RotaryTable) -> Tensor<3> {
        let x = x.clone() + self.attention(self.attention_norm.forward(x), table);
        let inner_input = self.inner_norm.forward(x.clone());
        let gate = self.activation.forward(self.gate.forward(inner_input.clone()));
        x + self.down.forward(gate * self.up.forward(inner_input))
    }

    fn attention(&self, x: Tensor<3>, table: &RotaryTable) -> Tensor<3> {
        let query = table.rotate(split_heads(self.query.forward(x.clone()), self.n_heads));
        let key = table.rotate(split_heads(self.key.forward(x.clone()), self.n_key_value_heads));
        let value = split_heads(self.value.forward(x), self.n_key_value_heads);
        let n_times = self.n_heads / self.n_key_value_heads;
        let scale = (self.head_width as f64).sqrt().recip();
        let (key, value) = (repeat_heads(key, n_times), repeat_heads(value, n_times));
        self.output.forward(merge_heads(causal_attention(query, key, value, scale, None)))
    }
}

/// Every head `n_times` in a row: each group of queries shares one key and value head.
///
/// # Shapes
/// `[batch, heads, time, width]` → `[batch, heads · n_times, time, width]`
fn repeat_heads(x: Tensor<4>, n_times: usize) -> Tensor<4> {
    if n_times == 1 {
        return x;
    }
    let [batch, n_heads, time, width] = x.dims();
    x.unsqueeze_dim::<5>(2).expand([batch, n_heads, n_times, time, width]).reshape([
        batch,
        n_heads * n_times,
        time,
        width,
    ])
}
