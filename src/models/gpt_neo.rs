//! GPT-Neo (Black et al. 2021), as `GPTNeoForCausalLM` of `transformers` computes it.
//!
//! Scores are not scaled, and some layers see only a window of places.

use burn::tensor::{Device, Tensor};
use serde::Deserialize;

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
    /// One entry for each layer.
    reaches: Vec<Reach>,
    n_heads: usize,
    d_inner: usize,
    window: usize,
    epsilon: f64,
    activation: Activation,
    is_tied: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Reach {
    Global,
    Local,
}

impl Config {
    /// Takes every field that the forward pass depends on.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn from_fields(mut fields: Fields) -> Result<Self, ConfigError> {
        let d_model = fields.size("hidden_size")?;
        let n_layers = fields.size("num_layers")?;
        let n_inner = fields.optional_size("intermediate_size")?;
        let reaches = reaches(&mut fields, n_layers)?;
        let config = Self {
            vocab_size: fields.size("vocab_size")?,
            d_model,
            context_length: fields.size("max_position_embeddings")?,
            reaches,
            n_heads: fields.size("num_heads")?,
            d_inner: n_inner.unwrap_or(4 * d_model),
            window: fields.optional_size("window_size")?.unwrap_or(256),
            epsilon: fields.or("layer_norm_epsilon", 1e-5)?,
            activation: fields.or("activation_function", Activation::GeluNew)?,
            is_tied: fields.or("tie_word_embeddings", true)?,
        };
        fields.finish()?;
        check_divides("num_heads", config.n_heads, "hidden_size", config.d_model)?;
        Ok(config)
    }

    /// How many places a layer sees, itself included, where these are not all before it.
    pub fn window(&self, layer: usize) -> Option<usize> {
        (self.reaches.get(layer) == Some(&Reach::Local)).then_some(self.window)
    }

    /// How many weights the network has.
    pub fn sizes(&self) -> Sizes {
        let (d, inner) = (self.d_model, self.d_inner);
        let projections =
            [(d, d, false), (d, d, false), (d, d, false), (d, d, true), (d, inner, true), (inner, d, true)];
        Sizes {
            vocabulary: product(self.vocab_size, d),
            n_vocabularies: if self.is_tied { 1 } else { 2 },
            once: [product(self.context_length, d)].into_iter().chain([d as u64; 2]).collect(),
            layer: projections
                .into_iter()
                .flat_map(|(n_in, n_out, has_bias)| Sizes::linear(n_in, n_out, has_bias))
                .chain([d as u64; 4])
                .collect(),
            n_layers: self.reaches.len() as u64,
        }
    }
}

/// `attention_layers`, or its short form `attention_types`: [[[kinds in turn], how often]].
fn reaches(fields: &mut Fields, n_layers: usize) -> Result<Vec<Reach>, ConfigError> {
    let short: Vec<(Vec<Reach>, usize)> = fields.or("attention_types", Vec::new())?;
    let long: Option<Vec<Reach>> = fields.optional("attention_layers")?;
    // Counted before it is written out: a config can ask for more layers than there is memory.
    let n_short = short.iter().map(|(kinds, n_times)| kinds.len().saturating_mul(*n_times));
    let n_found = long.as_ref().map_or_else(|| n_short.fold(0, usize::saturating_add), Vec::len);
    if n_found != n_layers {
        return Err(ConfigError::BadValue {
            field: "attention_types".into(),
            expected: format!("one kind of attention for each of the {n_layers} layers"),
            found: format!("{n_found} kinds"),
        });
    }
    let short = short.into_iter().filter(|(kinds, _)| !kinds.is_empty());
    Ok(long.unwrap_or_else(|| {
        short.flat_map(|(kinds, n_times)| std::iter::repeat_n(kinds, n_times).flatten()).collect()
    }))
}

/// The network.
#[derive(Debug)]
pub struct GptNeo {
    token_embedding: VocabularyMatrix,
    place_embedding: Tensor<2>,
    layers: Vec<Layer>,
    norm: LayerNorm,
    head: VocabularyMatrix,
}

#[derive(Debug)]
struct Layer {
    attention_norm: LayerNorm,
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    inner_norm: LayerNorm,
    up: Linear,
    down: Linear,
    activation: Activation,
    n_heads: usize,
    window: Option<usize>,
}

impl GptNeo {
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
        for layer_idx in 0..config.reaches.len() {
            layers.push(Layer::load(config, layer_idx, &mut weights).await?);
        }
        let network = Self {
            place_embedding,
            layers,
            norm: weights.layer_norm("ln_f", d, config.epsilon).await?,
            head: weights.head("lm_head.weight", config.is_tied, &token_embedding).await?,
            token_embedding,
        };
        checkpoint.finish("gpt_neo", buffers("gpt_neo"))?;
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
        Ok(Self {
            attention_norm: weights.layer_norm(&name("ln_1"), d, config.epsilon).await?,
            query: weights.linear(&name("attn.attention.q_proj"), d, d, false).await?,
            key: weights.linear(&name("attn.attention.k_proj"), d, d, false).await?,
            value: weights.linear(&name("attn.attention.v_proj"), d, d, false).await?,
            output: weights.linear(&name("attn.attention.out_proj"), d, d, true).await?,
            inner_norm: weights.layer_norm(&name("ln_2"), d, config.epsilon).await?,
            up: weights.linear(&name("mlp.c_fc"), d, config.d_inner, true).await?,
            down: weights.linear(&name("mlp.c_proj"), config.d_inner, d, true).await?,
            activation: config.activation,
            n_heads: config.n_heads,
            window: config.window(layer_idx),
        })
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let x = x.clone() + self.attention(&self.attention_norm.forward(x));
        let inner = self.up.forward(self.inner_norm.forward(x.clone()));
        x + self.down.forward(self.activation.forward(inner))
    }

    fn attention(&self, x: &Tensor<3>) -> Tensor<3> {
        let heads = |projection: &Linear| split_heads(projection.forward(x.clone()), self.n_heads);
        let (query, key, value) = (heads(&self.query), heads(&self.key), heads(&self.value));
        self.output.forward(merge_heads(causal_attention(query, key, value, 1.0, self.window)))
    }
}
