//! A trained network as a folder that the Hub's tools can load, with a self-test and a model card.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use safetensors::tensor::{Dtype, SafeTensorError, TensorView, serialize};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::measure::{HELD_OUT_SEED, Measurement, N_BASELINE_TEXTS};
use super::network::Network;
use super::run::Plan;
use crate::worlds::baseline::Estimate;
use crate::worlds::grammar::Grammar;
use crate::worlds::vocabulary::Vocabulary;

/// Prompts whose log-probabilities are stored with every model.
pub const SELF_TEST_PROMPTS: [&str; 4] = [
    "the capital of france is",
    "tom is strong , but mary is",
    "yesterday she",
    "of all the books , this one is the",
];

/// Known answers of a model: an engine that reproduces them runs it rightly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SelfTest {
    /// One entry per prompt.
    pub prompts: Vec<KnownAnswer>,
}

/// What a model says after one prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnownAnswer {
    /// The prompt.
    pub text: String,
    /// Its token ids, `<bos>` included.
    pub token_ids: Vec<u32>,
    /// Natural logarithms of the next-token probabilities, by token id.
    pub log_probs: Vec<f32>,
}

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
    /// A self-test prompt that is not of this world.
    #[error("the self-test prompt `{0}` has a word that the world does not have")]
    Prompt(String),
}

/// Writes everything of a trained network into a folder, which is created.
pub fn write_model(
    folder: &Path,
    network: &Network,
    plan: &Plan,
    measured: &Measurement,
    grammar: &Grammar,
    device: &Device,
) -> Result<(), WriteError> {
    let vocabulary = grammar.vocabulary();
    fs::create_dir_all(folder).map_err(|source| WriteError::File { path: folder.to_owned(), source })?;
    let config = plan.shape.config_json(Vocabulary::BEGIN_ID, Vocabulary::END_ID);
    write_json(&folder.join("config.json"), &config)?;
    write_json(&folder.join("tokenizer.json"), &vocabulary.tokenizer_json())?;
    let tokenizer_config = vocabulary.tokenizer_config_json(plan.shape.context_length);
    write_json(&folder.join("tokenizer_config.json"), &tokenizer_config)?;
    write(&folder.join("model.safetensors"), &weights(network)?)?;
    let self_test = serde_json::json!(self_test(network, vocabulary, device)?);
    write(&folder.join("self_test.json"), format!("{self_test}\n").as_bytes())?;
    write(&folder.join("README.md"), card(folder, plan, measured).as_bytes())
}

/// Writes indented JSON.
pub fn write_json(path: &Path, value: &Value) -> Result<(), WriteError> {
    write(path, format!("{value:#}\n").as_bytes())
}

/// Writes a file.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    fs::write(path, bytes).map_err(|source| WriteError::File { path: path.to_owned(), source })
}

/// The weights as the bytes of a `model.safetensors`.
fn weights(network: &Network) -> Result<Vec<u8>, WriteError> {
    let tensors = network.hub_tensors();
    let raw: Vec<(&str, Vec<usize>, Vec<u8>)> = tensors
        .iter()
        .map(|(name, data)| {
            let bytes = data.iter::<f32>().flat_map(f32::to_le_bytes).collect();
            (name.as_str(), data.shape().to_vec(), bytes)
        })
        .collect();
    let views = raw
        .iter()
        .map(|(name, shape, bytes)| Ok((*name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>, SafeTensorError>>()?;
    // `transformers` refuses files that do not say which framework laid out their tensors.
    let metadata = [("format".to_owned(), "pt".to_owned())].into();
    Ok(serialize(views, Some(metadata))?)
}

fn self_test(network: &Network, vocabulary: &Vocabulary, device: &Device) -> Result<SelfTest, WriteError> {
    let answer = |text: &str| {
        let mut token_ids = vec![Vocabulary::BEGIN_ID];
        token_ids.extend(vocabulary.encode(text).ok_or_else(|| WriteError::Prompt(text.to_owned()))?);
        let inputs: Vec<i64> = token_ids.iter().map(|&id| id.into()).collect();
        let length = inputs.len();
        let inputs = Tensor::from_data(TensorData::new(inputs, [1, length]), device);
        let log_probs =
            network.log_probs(inputs).narrow(1, length - 1, 1).into_data().iter::<f32>().collect();
        Ok(KnownAnswer { text: text.to_owned(), token_ids, log_probs })
    };
    Ok(SelfTest { prompts: SELF_TEST_PROMPTS.into_iter().map(answer).collect::<Result<_, WriteError>>()? })
}

/// The model card.
fn card(folder: &Path, plan: &Plan, measured: &Measurement) -> String {
    let Plan { shape, n_steps, n_texts, learning_rate, seed } = plan;
    let name = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let row = |what: &str, estimate: Estimate| {
        format!("| {what} | {:.5} | {:.5} |\n", estimate.mean, estimate.standard_error)
    };
    let numbers = [
        row("entropy of the world (the floor of any model's cross-entropy)", measured.entropy_floor),
        row("KL(truth ‖ this model)", measured.model_kl),
        row("KL(truth ‖ bigram model)", measured.bigram_kl),
        row("KL(truth ‖ unigram model)", measured.unigram_kl),
    ]
    .concat();
    format!(
        "---
language: en
license: mit
library_name: transformers
---

# {name}

A Llama-shaped language model of {n_layers} layers, width {width}, {n_heads} heads and {n_tokens} word-level tokens, in f32.
It learned a generated world of simple English sentences whose next-token distribution is known exactly
(`src/worlds/english.rs`), and it speaks of nothing else: degrees of adjectives, singular and plural, present and past,
opposites, countries with their capitals and languages.

## How far from the truth

Means over {n_places} places of {held_out} held-out texts (seed {HELD_OUT_SEED}), in nats per token.

| | mean | standard error |
|---|---|---|
{numbers}
The baselines are the frequencies of tokens, and of tokens after each token, learned from the exact distributions along
{N_BASELINE_TEXTS} other texts.

## How to train it again

```sh
cargo run --release --features train --bin train -- model --width {width} --inner-width {inner_width} \\
    --layers {n_layers} --heads {n_heads} --steps {n_steps} --batch {n_texts} --learning-rate {learning_rate} \\
    --seed {seed} --out public/models/{name}
```

AdamW (β 0.9 and 0.98, weight decay 0.01, gradient norm at most 1), linear warm-up over a twentieth of the steps, then
half a cosine to zero. The loss is the cross-entropy with the exact next-token distribution at every place of sentences
drawn with seed {seed}; the same seed draws the initial weights. One machine gives the same file again; another may
differ in the last bits of its arithmetic, and so after training in more.

## Does it load elsewhere

`python3 scripts/check_bundled_models.py --write` loads it with `transformers` and compares all log-probabilities of
`self_test.json`, which the trainer wrote, with those it computes.
Largest difference: not yet measured.
",
        n_layers = shape.n_layers,
        width = shape.width,
        inner_width = shape.inner_width,
        n_heads = shape.n_heads,
        n_tokens = shape.n_tokens,
        n_places = measured.n_places,
        held_out = measured.n_texts,
    )
}
