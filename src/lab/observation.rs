//! What one engine computed for one model: the hidden states f, the unembedding g, and its own log-probabilities.

use serde::{Deserialize, Serialize};

/// What a report says of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelCard {
    /// What people call it.
    pub name: String,
    /// `model_type` of its config, such as `llama`.
    pub architecture: String,
    /// Width of the hidden state.
    pub d_model: usize,
    /// Rows of the unembedding.
    pub vocab_size: usize,
    /// Number of weights.
    pub parameters: usize,
    /// SHA-256 of the weights in hexadecimal.
    pub sha256: String,
}

/// Which engine gave the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EngineKind {
    /// burn-flex on the CPU.
    Cpu,
    /// burn-wgpu.
    WebGpu,
    /// No network ran: the representation was built from model A's.
    Twin,
}

/// One context x: a prompt, or a prefix of a calibration text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// Which text it belongs to: the cluster of every bootstrap. Prompts come first, in the visitor's order, then the
    /// contexts that the concepts ask for, then calibration texts; the numbers of texts that a tokenizer cannot read
    /// are left out.
    pub text: usize,
    /// The prefix's token ids.
    pub token_ids: Vec<u32>,
}

/// Hidden states and unembedding of one model on one list of contexts.
///
/// The visitor's `n_prompts` prompts are the first contexts, one each; then the contexts that the concepts ask for, one
/// each where the tokenizer can read them; calibration contexts follow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The model.
    pub model: ModelCard,
    /// The engine.
    pub engine: EngineKind,
    /// The adapter's name or the instruction set, for people.
    pub engine_detail: String,
    /// How many of the contexts are the visitor's prompts.
    pub n_prompts: usize,
    /// All contexts, rows of `hidden`.
    pub contexts: Vec<Context>,
    /// f, `[n_contexts, d_model]` row-major: what the unembedding multiplies (after the final norm).
    pub hidden: Floats,
    /// g, `[vocab_size, d_model]` row-major.
    pub unembedding: Floats,
    /// Head bias b(y), `[vocab_size]`, where the model has one.
    pub head_bias: Option<Floats>,
    /// The engine's own log-probabilities, nats, `[n_logprob_contexts, vocab_size]` row-major, for the first
    /// contexts: at least the prompts. They measure the numerical floor.
    pub log_probs: Floats,
    /// The string of each token id (as the tokenizer decodes it alone), for people and for concept look-up.
    pub tokens: Vec<String>,
    /// Ids that the tokenizer can never produce: padding rows, removed from Y.
    pub unreachable_ids: Vec<u32>,
    /// Logit soft-cap of the config, which puts a model outside the theorem's class.
    pub soft_cap: Option<f64>,
}

/// A list of f32 that crosses the worker boundary as one block of bytes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Floats(pub Vec<f32>);

impl Serialize for Floats {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = self.0.iter().flat_map(|x| x.to_le_bytes()).collect();
        serde_bytes::serialize(&bytes, serializer)
    }
}

impl<'de> Deserialize<'de> for Floats {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes: serde_bytes::ByteBuf = serde_bytes::deserialize(deserializer)?;
        let (chunks, rest) = bytes.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(serde::de::Error::invalid_length(bytes.len(), &"a multiple of four bytes"));
        }
        Ok(Self(chunks.iter().map(|&chunk| f32::from_le_bytes(chunk)).collect()))
    }
}
