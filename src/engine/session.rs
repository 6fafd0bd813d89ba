//! A loaded model: prompts in, hidden states and log-probabilities out, all prompts in few padded batches.

use burn::tensor::{Int, Tensor, TensorData};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::device::{Device, DeviceError};
use super::files::ModelFiles;
use crate::lab::observation::Floats;
use crate::lab::{Context, ModelCard, Observation};
use crate::models::{
    Checkpoint, CheckpointError, Network, NetworkError, TokenizeError, Tokenizer, TokenizerError,
};

/// How many contexts, at least, the engine gives its own log-probabilities for: they measure the numerical floor.
const MIN_FLOOR_CONTEXTS: usize = 16;
/// How many tokens, padding included, one batch holds.
const TOKENS_PER_BATCH: usize = 2048;

/// Why a model cannot be loaded.
#[derive(Debug, Error, PartialEq)]
pub enum LoadError {
    /// A file is not there.
    #[error("expected a file {file}, found only: {found}; add it")]
    MissingFile {
        /// Its name.
        file: String,
        /// What there is.
        found: String,
    },
    /// Two files have one name.
    #[error("expected the files of one model, found two named {0}; give one folder only")]
    FileTwice(String),
    /// The config or the weights.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The weights' files.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The tokenizer.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// The known answers.
    #[error(
        "self_test.json: expected known answers, found something else ({0}); remove it or write it again"
    )]
    BadSelfTest(String),
    /// The device.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The weights could not be read back.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// Why prompts cannot be run.
#[derive(Debug, Error, PartialEq)]
pub enum RunError {
    /// One of the prompts.
    #[error("{0}")]
    Prompt(#[from] TokenizeError),
    /// The device.
    #[error(
        "expected numbers from the device, found that it failed ({0}); reload the page or use the CPU engine"
    )]
    Device(String),
    /// The network's numbers are not numbers.
    #[error("expected finite numbers, found NaN or infinity after {0:?}; the weights are broken or overflow")]
    NotFinite(String),
}

/// What a model says after one prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct NextToken {
    /// The prompt's tokens.
    pub token_ids: Vec<u32>,
    /// log p of every token, nats. `[V]`
    pub log_probs: Vec<f32>,
    /// f, `[d]`.
    pub hidden: Vec<f32>,
}

/// A model on a device.
#[derive(Debug)]
pub struct Session {
    device: Device,
    network: Network,
    tokenizer: Tokenizer,
    card: ModelCard,
    /// Read back once: twins and the theory need it on the CPU.
    unembedding: Vec<f32>,
}

/// A text as ids, and which of its places become contexts.
struct Text {
    text_idx: usize,
    ids: Vec<u32>,
    places: Vec<usize>,
}

/// What one forward pass leaves behind.
#[derive(Default)]
struct Rows {
    contexts: Vec<Context>,
    hidden: Vec<f32>,
    log_probs: Vec<f32>,
}

impl Session {
    /// Checks all files and puts the weights on the device.
    ///
    /// # Errors
    /// One sentence for everything that can be wrong with a model's files.
    pub async fn load(files: ModelFiles, device: Device) -> Result<Self, LoadError> {
        let checkpoint = Checkpoint::new(files.weights, files.index.as_deref())?;
        let sha256 = digest(checkpoint.files());
        let parameters = checkpoint.n_weights();
        let network = Network::load(&files.config, checkpoint, &device.inner)?;
        let tokenizer = Tokenizer::parse(&files.tokenizer, network.vocab_size)?;
        let card = ModelCard {
            name: files.name,
            architecture: network.architecture.clone(),
            d_model: network.d_model,
            vocab_size: network.vocab_size,
            parameters,
            sha256,
        };
        let unembedding = read(network.unembedding()).await?;
        Ok(Self { device, network, tokenizer, card, unembedding })
    }

    /// What reports say of the model.
    pub fn card(&self) -> &ModelCard {
        &self.card
    }

    /// The device it runs on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The text of a token id, empty where there is none.
    pub fn token(&self, id: u32) -> String {
        self.tokenizer.tokens().get(id as usize).cloned().unwrap_or_default()
    }

    /// Next-token log-probabilities and hidden state after each prompt.
    ///
    /// # Errors
    /// The first prompt that cannot be run.
    pub async fn next_token(&self, prompts: &[String]) -> Result<Vec<NextToken>, RunError> {
        let texts = self.encode_prompts(prompts)?;
        let rows = self.run(&texts, texts.len()).await?;
        let (d, v) = (self.card.d_model, self.card.vocab_size);
        let answers = rows.contexts.into_iter().zip(rows.hidden.chunks(d)).zip(rows.log_probs.chunks(v));
        Ok(answers
            .map(|((context, hidden), log_probs)| NextToken {
                token_ids: context.token_ids,
                log_probs: log_probs.to_vec(),
                hidden: hidden.to_vec(),
            })
            .collect())
    }

    /// The representation on the last places of the prompts and of the concepts' contexts, and on every place but the
    /// first of the calibration texts.
    ///
    /// Of the concepts' contexts and the calibration texts, what this model cannot read is left out; a prompt never is.
    ///
    /// # Errors
    /// The first prompt that cannot be run.
    pub async fn observe(
        &self,
        prompts: &[String],
        concept_contexts: &[String],
        calibration: &[String],
    ) -> Result<Observation, RunError> {
        let mut texts = self.encode_prompts(prompts)?;
        let readable = |text: &String| self.tokenizer.encode(text, self.network.context_length).ok();
        let n_asked = prompts.len() + concept_contexts.len();
        texts.extend(concept_contexts.iter().enumerate().filter_map(|(idx, text)| {
            let ids = readable(text)?;
            Some(Text { text_idx: prompts.len() + idx, places: vec![ids.len().checked_sub(1)?], ids })
        }));
        texts.extend(calibration.iter().enumerate().filter_map(|(idx, text)| {
            let ids = readable(text)?;
            Some(Text { text_idx: n_asked + idx, places: (1..ids.len()).collect(), ids })
        }));
        let Rows { contexts, hidden, .. } = self.run(&texts, 0).await?;
        let n_checked = prompts.len().max(MIN_FLOOR_CONTEXTS).min(contexts.len());
        let log_probs = self.one_by_one(&contexts[..n_checked]).await?;
        Ok(Observation {
            model: self.card.clone(),
            engine: self.device.kind,
            engine_detail: self.device.detail.clone(),
            n_prompts: prompts.len(),
            contexts,
            hidden: Floats(hidden),
            unembedding: Floats(self.unembedding.clone()),
            // None of these architectures has a head bias or a soft-cap: a config that asks for one is refused.
            head_bias: None,
            log_probs: Floats(log_probs),
            tokens: self.tokenizer.tokens().to_vec(),
            unreachable_ids: self.tokenizer.unreachable_ids().to_vec(),
            soft_cap: None,
        })
    }

    /// Log-probabilities after each context, run again and alone: other batch shapes round differently, so that the
    /// noise floor measured against f·g is that of two whole runs (theory.md §4.3).
    async fn one_by_one(&self, contexts: &[Context]) -> Result<Vec<f32>, RunError> {
        let mut log_probs = Vec::with_capacity(contexts.len() * self.card.vocab_size);
        for Context { text, token_ids } in contexts {
            let places = vec![token_ids.len() - 1];
            let alone = Text { text_idx: *text, ids: token_ids.clone(), places };
            log_probs.extend(self.run(&[alone], 1).await?.log_probs);
        }
        Ok(log_probs)
    }

    fn encode_prompts(&self, prompts: &[String]) -> Result<Vec<Text>, RunError> {
        let encode = |(text_idx, prompt): (usize, &String)| {
            let ids = self.tokenizer.encode(prompt, self.network.context_length)?;
            Ok(Text { text_idx, places: vec![ids.len() - 1], ids })
        };
        prompts.iter().enumerate().map(encode).collect()
    }

    /// Contexts in the order of the texts, with log-probabilities for the first `n_log_probs` of them.
    async fn run(&self, texts: &[Text], n_log_probs: usize) -> Result<Rows, RunError> {
        let mut rows = Rows::default();
        let longest = texts.iter().map(|text| text.ids.len()).max().unwrap_or(1);
        for batch in texts.chunks((TOKENS_PER_BATCH / longest).max(1)) {
            self.run_batch(batch, n_log_probs, &mut rows).await?;
        }
        Ok(rows)
    }

    async fn run_batch(&self, batch: &[Text], n_log_probs: usize, rows: &mut Rows) -> Result<(), RunError> {
        let device = &self.device.inner;
        let longest = batch.iter().map(|text| text.ids.len()).max().unwrap_or(1);
        // Padding stands to the right, where no real place looks; which id it has is of no consequence.
        let padded = batch.iter().flat_map(|text| {
            text.ids.iter().map(|&id| i64::from(id)).chain(std::iter::repeat(0)).take(longest)
        });
        let ids = TensorData::new(padded.collect::<Vec<i64>>(), [batch.len(), longest]);
        let hidden = self.network.forward(Tensor::<2, Int>::from_data(ids, device));
        let n_before = rows.contexts.len();
        let mut wanted = Vec::new();
        for (row, text) in batch.iter().enumerate() {
            for &place in &text.places {
                wanted.push((row * longest + place) as i64);
                rows.contexts.push(Context { text: text.text_idx, token_ids: text.ids[..=place].to_vec() });
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let n_wanted = wanted.len();
        let wanted = Tensor::<1, Int>::from_data(TensorData::new(wanted, [n_wanted]), device);
        let flat = hidden.reshape([batch.len() * longest, self.card.d_model]).select(0, wanted);
        rows.hidden.extend(read(flat.clone()).await?);
        let n_logits = n_log_probs.saturating_sub(n_before).min(n_wanted);
        if n_logits > 0 {
            let logits = flat.narrow(0, 0, n_logits).matmul(self.network.unembedding().transpose());
            for (row, logits) in read(logits).await?.chunks(self.card.vocab_size).enumerate() {
                let log_probs = log_softmax(logits);
                if log_probs.iter().any(|log_prob| !log_prob.is_finite()) {
                    let ids = &rows.contexts[n_before + row].token_ids;
                    return Err(RunError::NotFinite(
                        ids.iter().map(|&id| self.token(id)).collect::<Vec<_>>().join(" "),
                    ));
                }
                rows.log_probs.extend(log_probs);
            }
        }
        Ok(())
    }
}

async fn read(tensor: Tensor<2>) -> Result<Vec<f32>, RunError> {
    let data = tensor.into_data_async().await.map_err(|error| RunError::Device(error.to_string()))?;
    Ok(data.iter::<f32>().collect())
}

/// Log-softmax in f64, so that only the device's own rounding stays in the floor.
fn log_softmax(logits: &[f32]) -> Vec<f32> {
    let max = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let log_sum = logits.iter().map(|&logit| (f64::from(logit) - max).exp()).sum::<f64>().ln();
    logits.iter().map(|&logit| (f64::from(logit) - max - log_sum) as f32).collect()
}

/// SHA-256 of all weight files, in the order of their names.
fn digest(weights: &[(String, Vec<u8>)]) -> String {
    let hash = weights.iter().fold(Sha256::new(), |hash, (_, bytes)| hash.chain_update(bytes));
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
