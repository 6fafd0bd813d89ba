//! A loaded model: prompts in, hidden states and log-probabilities out, all prompts in few padded batches.

use burn::tensor::{Int, Tensor, TensorData};
use thiserror::Error;

use super::device::{Device, DeviceError};
use super::files::ModelFiles;
use crate::lab::observation::{Floats, TokenTable, places_before_last};
use crate::lab::{Context, ModelCard, Observation};
use crate::models::checkpoint::listed;
use crate::models::vocabulary::Ids;
use crate::models::{
    Checkpoint, CheckpointError, ConfigError, Network, NetworkConfig, TokenizeError, Tokenizer,
    TokenizerError,
};

/// How many contexts, at least, the engine gives its own log-probabilities for: they measure the numerical floor.
const MIN_FLOOR_CONTEXTS: usize = 16;
/// How many tokens, padding included, one batch holds at most.
const TOKENS_PER_BATCH: usize = 2048;
/// Bytes of the widest hidden layer of one batch, at most: several are alive at once.
const LAYER_BYTES_PER_BATCH: usize = 8 << 20;
/// Bytes that are read back from the device at once.
const READ_BACK_BYTES: usize = 4 << 20;

/// Why a model cannot be loaded.
#[derive(Debug, Error, PartialEq)]
pub enum LoadError {
    /// A file is not there.
    #[error("expected a file {file}, found only: {}; add it", listed(found))]
    MissingFile {
        /// Its name.
        file: String,
        /// What there is.
        found: Vec<String>,
    },
    /// Two files have one name.
    #[error("expected the files of one model, found two named {0}; give one folder only")]
    FileTwice(String),
    /// The config.
    #[error(transparent)]
    Config(#[from] ConfigError),
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
    tokens: TokenTable,
    card: ModelCard,
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

impl Rows {
    /// Of the first `n_texts` texts only the last context stays; the hidden states of the others are returned, `[·, d]`.
    fn take_all_but_last(&mut self, n_texts: usize, d: usize) -> Vec<f32> {
        let mut taken = Vec::new();
        let all = std::mem::take(self);
        let mut rows = all.contexts.into_iter().zip(all.hidden.chunks_exact(d)).peekable();
        while let Some((context, state)) = rows.next() {
            let goes_on = rows.peek().is_some_and(|(next, _)| next.text == context.text);
            if goes_on && context.text < n_texts {
                taken.extend_from_slice(state);
            } else {
                self.contexts.push(context);
                self.hidden.extend_from_slice(state);
            }
        }
        taken
    }
}

impl Session {
    /// Checks all files and puts the weights on the device.
    ///
    /// # Errors
    /// One sentence for everything that can be wrong with a model's files.
    pub async fn load(files: ModelFiles, device: Device) -> Result<Self, LoadError> {
        let config = NetworkConfig::parse(&files.config)?;
        // Parsed before the weights arrive: what it needs on the way is then free for them.
        let tokenizer = Tokenizer::parse(&files.tokenizer, config.vocab_size)?;
        let checkpoint = Checkpoint::open(files.weights, files.index.as_deref()).await?;
        let card = ModelCard {
            name: files.name,
            architecture: config.architecture.clone(),
            d_model: config.d_model,
            vocab_size: config.vocab_size,
            parameters: usize::try_from(config.sizes.n_weights()).unwrap_or(usize::MAX),
            sha256: checkpoint.sha256().await?,
        };
        let network = Network::load(config, checkpoint, &device.inner, device.max_tile_bytes).await?;
        let tokens = tokenizer.tokens().iter().collect();
        Ok(Self { device, network, tokenizer, tokens, card })
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
        self.tokens.text(id as usize)
    }

    /// Next-token log-probabilities, over all rows of the unembedding, and hidden state after each prompt.
    ///
    /// # Errors
    /// The first prompt that cannot be run.
    pub async fn next_token(&self, prompts: &[String]) -> Result<Vec<NextToken>, RunError> {
        let texts = self.encode_prompts(prompts)?;
        let (d, v) = (self.card.d_model, self.card.vocab_size);
        let rows = self.run(&texts, texts.len(), v).await?;
        let answers = rows.contexts.into_iter().zip(rows.hidden.chunks(d)).zip(rows.log_probs.chunks(v));
        Ok(answers
            .map(|((context, hidden), log_probs)| NextToken {
                token_ids: context.token_ids,
                log_probs: log_probs.to_vec(),
                hidden: hidden.to_vec(),
            })
            .collect())
    }

    /// All of [`Session::observe_states`], with the unembedding.
    ///
    /// # Errors
    /// The first prompt that cannot be run.
    pub async fn observe(
        &self,
        prompts: &[String],
        concept_contexts: &[String],
        calibration: &[String],
    ) -> Result<Observation, RunError> {
        let mut observation = self.observe_states(prompts, concept_contexts, calibration).await?;
        let mut unembedding = Vec::with_capacity(self.tokens.len() * self.card.d_model);
        self.read_unembedding(|rows| unembedding.extend(rows)).await?;
        observation.unembedding = Floats(unembedding);
        Ok(observation)
    }

    /// The unembedding of all tokens that the tokenizer has, from top to bottom, some rows at a time: the whole of it
    /// need not stand in memory.
    ///
    /// # Errors
    /// The device.
    pub async fn read_unembedding(&self, mut each: impl FnMut(&[f32])) -> Result<(), RunError> {
        for rows in self.network.unembedding().parts(self.tokens.len(), READ_BACK_BYTES) {
            each(&read(rows).await?);
        }
        Ok(())
    }

    /// The representation on the last places of the prompts and of the concepts' contexts, and on every place but the
    /// first of the calibration texts; its unembedding is empty.
    ///
    /// Of the concepts' contexts and the calibration texts, what this model cannot read is left out; a prompt never is.
    /// Rows past the tokenizer's last token pad the network's matrices: they are no part of Y, over which the
    /// log-probabilities are normalised.
    ///
    /// # Errors
    /// The first prompt that cannot be run.
    pub async fn observe_states(
        &self,
        prompts: &[String],
        concept_contexts: &[String],
        calibration: &[String],
    ) -> Result<Observation, RunError> {
        let mut texts = self.encode_prompts(prompts)?;
        for Text { ids, places, .. } in &mut texts {
            *places = places_before_last(ids.len()).chain([ids.len() - 1]).collect();
        }
        let readable = |text: &String| self.tokenizer.encode(text, self.network.config.context_length).ok();
        let n_asked = prompts.len() + concept_contexts.len();
        texts.extend(concept_contexts.iter().enumerate().filter_map(|(idx, text)| {
            let ids = readable(text)?;
            Some(Text { text_idx: prompts.len() + idx, places: vec![ids.len().checked_sub(1)?], ids })
        }));
        texts.extend(calibration.iter().enumerate().filter_map(|(idx, text)| {
            let ids = readable(text)?;
            Some(Text { text_idx: n_asked + idx, places: (1..ids.len()).collect(), ids })
        }));
        let mut rows = self.run(&texts, 0, self.tokens.len()).await?;
        let prompt_states = rows.take_all_but_last(prompts.len(), self.card.d_model);
        let Rows { contexts, hidden, .. } = rows;
        let n_checked = prompts.len().max(MIN_FLOOR_CONTEXTS).min(contexts.len());
        let log_probs = self.one_by_one(&contexts[..n_checked]).await?;
        Ok(Observation {
            model: ModelCard { vocab_size: self.tokens.len(), ..self.card.clone() },
            engine: self.device.kind,
            engine_detail: self.device.detail.clone(),
            n_prompts: prompts.len(),
            contexts,
            hidden: Floats(hidden),
            prompt_states: Floats(prompt_states),
            unembedding: Floats::default(),
            // None of these architectures has a head bias or a soft-cap: a config that asks for one is refused.
            head_bias: None,
            log_probs: Floats(log_probs),
            tokens: self.tokens.clone(),
            unreachable_ids: self.tokenizer.unreachable_ids().to_vec(),
            soft_cap: None,
        })
    }

    /// Log-probabilities after each context, run again and alone: other batch shapes round differently, so that the
    /// noise floor measured against f·g is that of two whole runs (theory.md §4.3).
    async fn one_by_one(&self, contexts: &[Context]) -> Result<Vec<f32>, RunError> {
        let mut log_probs = Vec::with_capacity(contexts.len() * self.tokens.len());
        for Context { text, token_ids } in contexts {
            let places = vec![token_ids.len() - 1];
            let alone = Text { text_idx: *text, ids: token_ids.clone(), places };
            log_probs.extend(self.run(&[alone], 1, self.tokens.len()).await?.log_probs);
        }
        Ok(log_probs)
    }

    fn encode_prompts(&self, prompts: &[String]) -> Result<Vec<Text>, RunError> {
        let encode = |(text_idx, prompt): (usize, &String)| {
            let ids = self.tokenizer.encode(prompt, self.network.config.context_length)?;
            Ok(Text { text_idx, places: vec![ids.len() - 1], ids })
        };
        prompts.iter().enumerate().map(encode).collect()
    }

    /// Contexts in the order of the texts, with log-probabilities of the first `n_tokens` tokens for the first
    /// `n_log_probs` of them.
    async fn run(&self, texts: &[Text], n_log_probs: usize, n_tokens: usize) -> Result<Rows, RunError> {
        let mut rows = Rows::default();
        let longest = texts.iter().map(|text| text.ids.len()).max().unwrap_or(1);
        for batch in texts.chunks((tokens_per_batch(&self.network.config) / longest).max(1)) {
            let hidden = self.run_batch(batch, &mut rows).await?;
            let n_here = n_log_probs.saturating_sub(rows.log_probs.len() / n_tokens.max(1));
            if let Some(hidden) = hidden.filter(|_| n_here > 0) {
                let [n_states, _] = hidden.dims();
                let hidden = hidden.narrow(0, 0, n_here.min(n_states));
                let first = rows.contexts.len() - n_states;
                self.add_log_probs(&hidden, first, n_tokens, &mut rows).await?;
            }
        }
        Ok(rows)
    }

    /// Hidden states on the wanted places of one batch, none where no place is wanted.
    async fn run_batch(&self, batch: &[Text], rows: &mut Rows) -> Result<Option<Tensor<2>>, RunError> {
        let longest = batch.iter().map(|text| text.ids.len()).max().unwrap_or(1);
        // Padding stands to the right, where no real place looks; which id it has is of no consequence.
        let padded: Vec<u32> = batch
            .iter()
            .flat_map(|text| text.ids.iter().copied().chain(std::iter::repeat(0)).take(longest))
            .collect();
        let hidden = self.network.forward(Ids { ids: &padded, time: longest });
        let mut wanted = Vec::new();
        for (row, text) in batch.iter().enumerate() {
            for &place in &text.places {
                wanted.push((row * longest + place) as i64);
                rows.contexts.push(Context { text: text.text_idx, token_ids: text.ids[..=place].to_vec() });
            }
        }
        if wanted.is_empty() {
            return Ok(None);
        }
        let n_wanted = wanted.len();
        let wanted = Tensor::<1, Int>::from_data(TensorData::new(wanted, [n_wanted]), &self.device.inner);
        let flat = hidden.reshape([batch.len() * longest, self.card.d_model]).select(0, wanted);
        rows.hidden.extend(read(flat.clone()).await?);
        Ok(Some(flat))
    }

    /// Log-probabilities after the contexts from `first_context` on, whose hidden states these are. Logits come from
    /// the device tile by tile of the tokens.
    async fn add_log_probs(
        &self,
        hidden: &Tensor<2>,
        first_context: usize,
        n_tokens: usize,
        rows: &mut Rows,
    ) -> Result<(), RunError> {
        let ([n_states, _], v) = (hidden.dims(), self.card.vocab_size);
        let mut logits = vec![0.0; n_states * v];
        for (first_state, first_token, part) in self.network.unembedding().logits(hidden) {
            let [_, n_here] = part.dims();
            for (row, part) in read(part).await?.chunks(n_here).enumerate() {
                let begin = (first_state + row) * v + first_token;
                logits[begin..begin + n_here].copy_from_slice(part);
            }
        }
        for (row, logits) in logits.chunks(v).enumerate() {
            let n_before = rows.log_probs.len();
            rows.log_probs.extend(log_softmax(&logits[..n_tokens.min(v)]));
            if rows.log_probs[n_before..].iter().any(|log_prob| !log_prob.is_finite()) {
                let ids = &rows.contexts[first_context + row].token_ids;
                return Err(RunError::NotFinite(
                    ids.iter().map(|&id| self.token(id)).collect::<Vec<_>>().join(" "),
                ));
            }
        }
        Ok(())
    }
}

/// Fewer for wide networks, so that what a batch leaves behind on its way stays small beside the weights.
pub(super) fn tokens_per_batch(config: &NetworkConfig) -> usize {
    let widest = config.sizes.largest() / config.d_model.max(1) as u64;
    let bytes_per_token = widest.max(1).saturating_mul(size_of::<f32>() as u64);
    usize::try_from(LAYER_BYTES_PER_BATCH as u64 / bytes_per_token)
        .map_or(1, |n| n.clamp(1, TOKENS_PER_BATCH))
}

async fn read(tensor: Tensor<2>) -> Result<Vec<f32>, RunError> {
    // What follows the first line is a backtrace.
    let failed = |error: String| RunError::Device(error.lines().next().unwrap_or_default().to_owned());
    let data = tensor.into_data_async().await.map_err(|error| failed(error.to_string()))?;
    data.try_into_vec().map_err(|error| failed(format!("{error:?}")))
}

/// Log-softmax in f64, so that only the device's own rounding stays in the floor.
fn log_softmax(logits: &[f32]) -> impl Iterator<Item = f32> {
    let max = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let log_sum = logits.iter().map(|&logit| (f64::from(logit) - max).exp()).sum::<f64>().ln();
    logits.iter().map(move |&logit| (f64::from(logit) - max - log_sum) as f32)
}
