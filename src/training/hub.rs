//! A trained network as a folder that the Hub's tools can load, with a self-test and a model card.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use half::f16;
use safetensors::tensor::{Dtype, SafeTensorError, TensorView, serialize};
use serde_json::{Value, json};
use thiserror::Error;

use super::network::{Network, Shape};
use super::trainer::floats;
pub use crate::engine::{KnownAnswer, SelfTest};
use crate::worlds::baseline::texts;
use crate::worlds::vocabulary::Vocabulary;
use crate::worlds::world::World;

/// Prompts whose log-probabilities are stored with every bundled model of the English world.
pub const SELF_TEST_PROMPTS: [&str; 4] = [
    "the capital of france is",
    "tom is strong , but mary is",
    "yesterday she",
    "of all the books , this one is the",
];
/// Seed of the sentences that are cut to prompts in worlds without prompts of their own.
const PROMPT_SEED: u64 = 1_000_039;

/// Why a model could not be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// A file.
    #[error("cannot write {path}: {source}")]
    File {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The weights.
    #[error("cannot lay out the weights: {0}")]
    Weights(#[from] SafeTensorError),
    /// A file of JSON.
    #[error("cannot write numbers as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A self-test prompt that is not of this world.
    #[error("the self-test prompt `{0}` has a word that the world does not have")]
    Prompt(String),
}

/// How many bits a stored weight has, and how many digits a stored answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// 32 bits, all digits.
    Full,
    /// 16 bits, which the weights must already be rounded to, and four decimals.
    Half,
}

impl Precision {
    fn dtype(self) -> (Dtype, &'static str) {
        match self {
            Self::Full => (Dtype::F32, "float32"),
            Self::Half => (Dtype::F16, "float16"),
        }
    }

    fn bytes(self, x: f32) -> Vec<u8> {
        match self {
            Self::Full => x.to_le_bytes().to_vec(),
            Self::Half => f16::from_f32(x).to_le_bytes().to_vec(),
        }
    }
}

/// What a folder is written from.
pub struct Content<'c> {
    /// The weights.
    pub network: &'c Network,
    /// Their shape.
    pub shape: &'c Shape,
    /// The world whose words it speaks.
    pub world: &'c dyn World,
    /// Prompts of the self-test.
    pub prompts: &'c [String],
    /// The model card.
    pub card: &'c str,
}

/// Writes everything of a trained network into a folder, which is created. `weights` are those of [`weights`].
///
/// # Errors
/// The file that could not be written.
pub fn write_model(
    folder: &Path,
    content: &Content<'_>,
    weights: &[u8],
    precision: Precision,
    device: &Device,
) -> Result<(), WriteError> {
    let Content { network, shape, world, prompts, card } = *content;
    let vocabulary = world.vocabulary();
    fs::create_dir_all(folder).map_err(|source| WriteError::File { path: folder.to_owned(), source })?;
    let config = shape.config_json(Vocabulary::BEGIN_ID, Vocabulary::END_ID, precision.dtype().1);
    write_json(&folder.join("config.json"), &config)?;
    write_json(&folder.join("tokenizer.json"), &vocabulary.tokenizer_json())?;
    let tokenizer_config = vocabulary.tokenizer_config_json(shape.context_length);
    write_json(&folder.join("tokenizer_config.json"), &tokenizer_config)?;
    write(&folder.join("model.safetensors"), weights)?;
    let self_test = answers(network, vocabulary, prompts, device)?;
    let self_test = match precision {
        Precision::Full => json!(self_test).to_string(),
        Precision::Half => serde_json::to_string(&rounded(self_test))?,
    };
    write(&folder.join("self_test.json"), format!("{self_test}\n").as_bytes())?;
    write(&folder.join("README.md"), card.as_bytes())
}

/// Writes indented JSON.
///
/// # Errors
/// The file cannot be written.
pub fn write_json(path: &Path, value: &Value) -> Result<(), WriteError> {
    write(path, format!("{value:#}\n").as_bytes())
}

/// Writes a file.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    fs::write(path, bytes).map_err(|source| WriteError::File { path: path.to_owned(), source })
}

/// The weights as the bytes of a `model.safetensors`.
///
/// # Errors
/// Two tensors of one name.
pub fn weights(network: &Network, precision: Precision) -> Result<Vec<u8>, WriteError> {
    let (dtype, _) = precision.dtype();
    let tensors = network.hub_tensors();
    let raw: Vec<(&str, Vec<usize>, Vec<u8>)> = tensors
        .iter()
        .map(|(name, data)| {
            let bytes = data.iter::<f32>().flat_map(|x| precision.bytes(x)).collect();
            (name.as_str(), data.shape().to_vec(), bytes)
        })
        .collect();
    let views = raw
        .iter()
        .map(|(name, shape, bytes)| Ok((*name, TensorView::new(dtype, shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>, SafeTensorError>>()?;
    // `transformers` refuses files that do not say which framework laid out their tensors.
    let metadata = [("format".to_owned(), "pt".to_owned())].into();
    Ok(serialize(views, Some(metadata))?)
}

/// Two sentences of a world, each cut where it has as much before it as after it.
pub fn prompts_of(world: &dyn World) -> Vec<String> {
    let sentences = texts(world, PROMPT_SEED).take(2);
    sentences.map(|text| world.vocabulary().decode(&text.tokens[..text.tokens.len().div_ceil(2)])).collect()
}

fn answers(
    network: &Network,
    vocabulary: &Vocabulary,
    prompts: &[String],
    device: &Device,
) -> Result<SelfTest, WriteError> {
    let answer = |text: &String| {
        let mut token_ids = vec![Vocabulary::BEGIN_ID];
        token_ids.extend(vocabulary.encode(text).ok_or_else(|| WriteError::Prompt(text.clone()))?);
        let inputs: Vec<i64> = token_ids.iter().map(|&id| id.into()).collect();
        let length = inputs.len();
        let inputs = Tensor::from_data(TensorData::new(inputs, [1, length]), device);
        let log_probs = floats(network.log_probs(inputs).narrow(1, length - 1, 1));
        Ok(KnownAnswer { text: text.clone(), token_ids, log_probs })
    };
    Ok(SelfTest { prompts: prompts.iter().map(answer).collect::<Result<_, WriteError>>()? })
}

/// Four decimals are a twentieth of what an engine may deviate, and a file that a browser fetches beside the weights.
fn rounded(mut self_test: SelfTest) -> SelfTest {
    for log_prob in self_test.prompts.iter_mut().flat_map(|known| &mut known.log_probs) {
        *log_prob = ((f64::from(*log_prob) * 1e4).round() / 1e4) as f32;
    }
    self_test
}
