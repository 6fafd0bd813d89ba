//! One network of any architecture, chosen by `model_type`.

use burn::tensor::{Device, Int, Tensor};
use thiserror::Error;

use super::checkpoint::{Checkpoint, CheckpointError};
use super::config::{ConfigError, Fields};
use super::{gpt_neo, gpt_neox, gpt2, llama};

/// Why a network cannot be built.
#[derive(Debug, Error, PartialEq)]
pub enum NetworkError {
    /// Its config.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Its weights.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

/// A network with its weights on a device.
#[derive(Debug)]
pub struct Network {
    /// `model_type`.
    pub architecture: String,
    /// V: rows of the unembedding.
    pub vocab_size: usize,
    /// d: width of the hidden state.
    pub d_model: usize,
    /// Longest text.
    pub context_length: usize,
    layers: Layers,
}

#[derive(Debug)]
enum Layers {
    Gpt2(gpt2::Gpt2),
    GptNeo(gpt_neo::GptNeo),
    GptNeox(gpt_neox::GptNeox),
    Llama(llama::Llama),
}

/// Builds a network of one architecture: its config, then its weights.
macro_rules! load {
    ($module:ident :: $network:ident, $fields:expr, $checkpoint:expr, $device:expr) => {{
        let config = $module::Config::from_fields($fields)?;
        let layers = Layers::$network($module::$network::load(&config, $checkpoint, $device)?);
        (config.vocab_size, config.d_model, config.context_length, layers)
    }};
}

impl Network {
    /// Builds the network that the config describes from the checkpoint's weights.
    ///
    /// # Errors
    /// See [`ConfigError`] and [`CheckpointError`].
    pub fn load(config: &[u8], checkpoint: Checkpoint, device: &Device) -> Result<Self, NetworkError> {
        let fields = Fields::parse(config)?;
        let architecture = fields.architecture()?;
        let (vocab_size, d_model, context_length, layers) = match architecture.as_str() {
            "gpt2" => load!(gpt2::Gpt2, fields, checkpoint, device),
            "gpt_neo" => load!(gpt_neo::GptNeo, fields, checkpoint, device),
            "gpt_neox" => load!(gpt_neox::GptNeox, fields, checkpoint, device),
            "llama" => load!(llama::Llama, fields, checkpoint, device),
            other => return Err(ConfigError::UnknownArchitecture(other.to_owned()).into()),
        };
        Ok(Self { architecture, vocab_size, d_model, context_length, layers })
    }

    /// Hidden states f after the final norm.
    ///
    /// # Shapes
    /// `[batch, time]` → `[batch, time, d]`
    pub fn forward(&self, ids: Tensor<2, Int>) -> Tensor<3> {
        match &self.layers {
            Layers::Gpt2(network) => network.forward(ids),
            Layers::GptNeo(network) => network.forward(ids),
            Layers::GptNeox(network) => network.forward(ids),
            Layers::Llama(network) => network.forward(ids),
        }
    }

    /// The unembedding g, `[V, d]`.
    pub fn unembedding(&self) -> Tensor<2> {
        match &self.layers {
            Layers::Gpt2(network) => network.unembedding(),
            Layers::GptNeo(network) => network.unembedding(),
            Layers::GptNeox(network) => network.unembedding(),
            Layers::Llama(network) => network.unembedding(),
        }
    }
}
