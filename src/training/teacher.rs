//! A finished model of any architecture as the teacher of others, read from its files as everybody reads them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor};
use pollster::block_on;
use thiserror::Error;

use super::batch::Batch;
use crate::engine::DiskFile;
use crate::models::vocabulary::{Ids, MAX_TILE_BYTES};
use crate::models::{Checkpoint, CheckpointError, ConfigError, Network, NetworkConfig, WeightsFile};

/// Why a teacher cannot be read.
#[derive(Debug, Error)]
pub enum TeacherError {
    /// A file.
    #[error(
        "expected the teacher's file {path}, found that it cannot be read ({source}); train the teacher first"
    )]
    File {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The config.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The weights.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

/// A model whose distributions or logits others learn.
#[derive(Debug)]
pub struct Teacher(Network);

impl Teacher {
    /// Reads a folder of the Hub's files.
    ///
    /// # Errors
    /// A missing file, or one that is not of a model.
    pub fn read(folder: &Path, device: &Device) -> Result<Self, TeacherError> {
        let path = |name: &str| folder.join(name);
        let told = |path: PathBuf| move |source| TeacherError::File { path, source };
        let config = fs::read(path("config.json")).map_err(told(path("config.json")))?;
        let config = NetworkConfig::parse(&config)?;
        let weights = "model.safetensors";
        let bytes = DiskFile::open(&path(weights)).map_err(told(path(weights)))?;
        let weights = WeightsFile::new(weights.to_owned(), bytes);
        let network = block_on(async {
            let checkpoint = Checkpoint::open(vec![weights], None).await?;
            Network::load(config, checkpoint, device, MAX_TILE_BYTES).await
        })?;
        Ok(Self(network))
    }

    /// Logits at the places of a batch that are not padding. `[n_places, n_tokens]`
    pub fn logits(&self, batch: &Batch) -> Tensor<2> {
        let [n_texts, length] = batch.inputs.dims();
        let ids: Vec<u32> = batch.inputs.clone().into_data().iter::<u32>().collect();
        let hidden = self.0.forward(Ids { ids: &ids, time: length });
        let hidden = hidden.reshape([n_texts * length, self.0.config.d_model]).select(0, batch.real.clone());
        let unembedding = self.0.unembedding();
        let tiles = unembedding.parts(unembedding.n_rows(), MAX_TILE_BYTES);
        Tensor::cat(tiles.map(|g| hidden.clone().matmul(g.transpose())).collect(), 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::hub::{Content, Precision, weights, write_model};
    use crate::training::network::{Architecture, Network as Trained, Shape};
    use crate::training::trainer::floats;
    use crate::worlds::baseline::{Text, texts};
    use crate::worlds::grammar::Grammar;

    /// The engine reads what the trainer wrote, and both give the same numbers.
    #[test]
    fn both_architectures_say_the_same_after_writing_and_reading() {
        let world = Grammar::english().unwrap();
        let texts: Vec<Text> = texts(&world, 4).take(5).collect();
        let device = Device::flex();
        let batch = Batch::new(&texts, &device);
        for architecture in [Architecture::Llama, Architecture::Gpt2] {
            let n_tokens = world.vocabulary().len();
            let shape = Shape {
                architecture,
                n_tokens,
                width: 24,
                inner_width: 40,
                n_layers: 2,
                n_heads: 2,
                context_length: 32,
            };
            let network = Trained::new(&shape, 3, &device).rounded_to_f16();
            let folder = tempfile::tempdir().unwrap();
            let content = Content { network: &network, shape: &shape, world: &world, prompts: &[], card: "" };
            let bytes = weights(&network, Precision::Half).unwrap();
            write_model(folder.path(), &content, &bytes, Precision::Half, &device).unwrap();
            let read = floats(Teacher::read(folder.path(), &device).unwrap().logits(&batch));
            let trained = floats(network.hidden_at_places(&batch).matmul(network.head.val()));
            assert_eq!(read.len(), batch.n_places * n_tokens);
            let largest = trained.iter().map(|z| z.abs()).fold(0.0, f32::max);
            assert!(largest > 0.1);
            assert!(
                read.iter().zip(&trained).all(|(a, b)| (a - b).abs() < 1e-5 * largest),
                "{architecture:?}"
            );
        }
    }

    #[test]
    fn an_empty_folder_is_no_teacher() {
        let folder = tempfile::tempdir().unwrap();
        let error = Teacher::read(folder.path(), &Device::flex()).unwrap_err().to_string();
        assert!(error.contains("config.json") && error.contains("train the teacher first"), "{error}");
    }
}
