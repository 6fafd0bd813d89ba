//! One network of any architecture, chosen by `model_type`.

use burn::tensor::{Device, Tensor};

use super::checkpoint::{Checkpoint, CheckpointError};
use super::config::{ConfigError, Fields};
use super::sizes::Sizes;
use super::vocabulary::{Ids, VocabularyMatrix};
use super::{gpt_neo, gpt_neox, gpt2, llama};

/// A network that a `config.json` describes, before any of its weights is there.
#[derive(Debug, Clone)]
pub struct NetworkConfig {
    /// `model_type`.
    pub architecture: String,
    /// V: rows of the unembedding.
    pub vocab_size: usize,
    /// d: width of the hidden state.
    pub d_model: usize,
    /// Longest text.
    pub context_length: usize,
    /// Numbers of weights.
    pub sizes: Sizes,
    details: Details,
}

#[derive(Debug, Clone)]
enum Details {
    Gpt2(gpt2::Config),
    GptNeo(gpt_neo::Config),
    GptNeox(gpt_neox::Config),
    Llama(llama::Config),
}

/// Reads the config of one architecture.
macro_rules! read {
    ($module:ident, $details:ident, $architecture:expr, $fields:expr) => {{
        let config = $module::Config::from_fields($fields)?;
        NetworkConfig {
            architecture: $architecture,
            vocab_size: config.vocab_size,
            d_model: config.d_model,
            context_length: config.context_length,
            sizes: config.sizes(),
            details: Details::$details(config),
        }
    }};
}

impl NetworkConfig {
    /// Parses `config.json`.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn parse(config: &[u8]) -> Result<Self, ConfigError> {
        let fields = Fields::parse(config)?;
        let architecture = fields.architecture()?;
        fields.check_unquantised()?;
        Ok(match architecture.as_str() {
            "gpt2" => read!(gpt2, Gpt2, architecture, fields),
            "gpt_neo" => read!(gpt_neo, GptNeo, architecture, fields),
            "gpt_neox" => read!(gpt_neox, GptNeox, architecture, fields),
            "llama" => read!(llama, Llama, architecture, fields),
            _ => return Err(ConfigError::UnknownArchitecture(architecture)),
        })
    }

    /// How many places a layer sees, itself included, where these are not all before it.
    pub fn window(&self, layer: usize) -> Option<usize> {
        match &self.details {
            Details::GptNeo(config) => config.window(layer),
            Details::Gpt2(_) | Details::GptNeox(_) | Details::Llama(_) => None,
        }
    }
}

/// A network with its weights on a device.
#[derive(Debug)]
pub struct Network {
    /// What it was built from.
    pub config: NetworkConfig,
    layers: Layers,
}

#[derive(Debug)]
enum Layers {
    Gpt2(gpt2::Gpt2),
    GptNeo(gpt_neo::GptNeo),
    GptNeox(gpt_neox::GptNeox),
    Llama(llama::Llama),
}

impl Network {
    /// Builds the network from the checkpoint's weights; tiles of vocabulary matrices have at most `max_tile_bytes`
    /// bytes.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    pub async fn load(
        config: NetworkConfig,
        checkpoint: Checkpoint,
        device: &Device,
        max_tile_bytes: usize,
    ) -> Result<Self, CheckpointError> {
        let tile = max_tile_bytes;
        let layers = match &config.details {
            Details::Gpt2(config) => Layers::Gpt2(gpt2::Gpt2::load(config, checkpoint, device, tile).await?),
            Details::GptNeo(config) => {
                Layers::GptNeo(gpt_neo::GptNeo::load(config, checkpoint, device, tile).await?)
            }
            Details::GptNeox(config) => {
                Layers::GptNeox(gpt_neox::GptNeox::load(config, checkpoint, device, tile).await?)
            }
            Details::Llama(config) => {
                Layers::Llama(llama::Llama::load(config, checkpoint, device, tile).await?)
            }
        };
        Ok(Self { config, layers })
    }

    /// Hidden states f after the final norm.
    ///
    /// # Shapes
    /// `[batch, time]` → `[batch, time, d]`
    pub fn forward(&self, ids: Ids<'_>) -> Tensor<3> {
        match &self.layers {
            Layers::Gpt2(network) => network.forward(ids),
            Layers::GptNeo(network) => network.forward(ids),
            Layers::GptNeox(network) => network.forward(ids),
            Layers::Llama(network) => network.forward(ids),
        }
    }

    /// The unembedding g, `[V, d]`.
    pub fn unembedding(&self) -> &VocabularyMatrix {
        match &self.layers {
            Layers::Gpt2(network) => network.unembedding(),
            Layers::GptNeo(network) => network.unembedding(),
            Layers::GptNeox(network) => network.unembedding(),
            Layers::Llama(network) => network.unembedding(),
        }
    }
}
