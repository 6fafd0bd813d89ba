//! What a visitor can cause, or put right: as values, so that the page can say it in the visitor's language.

use serde::{Deserialize, Serialize};

use crate::hub::HubError;
use crate::lab::error::TokenDifference;

/// Why a request failed. The message that stands beside it says the same in English.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// A prompt without a word.
    EmptyPrompt,
    /// A prompt has what the model's vocabulary lacks.
    UnknownWord {
        /// What it lacks.
        word: String,
        /// Its first character in the prompt, from 1 on.
        place: usize,
        /// The beginning of the prompt.
        prompt: String,
    },
    /// A prompt is longer than the model can read.
    PromptTooLong {
        /// Most tokens that it reads.
        limit: usize,
        /// Tokens of the prompt.
        found: usize,
        /// The beginning of the prompt.
        prompt: String,
    },
    /// A file of a model is not there.
    NoFile {
        /// Its name.
        file: String,
        /// The files that there are.
        found: Vec<String>,
    },
    /// Two files have one name.
    FileTwice {
        /// The name.
        file: String,
    },
    /// A file is not what its name says.
    BadFile {
        /// Its name.
        file: String,
    },
    /// A file has gone, or may not be read.
    Unreadable {
        /// Its name.
        file: String,
    },
    /// The config names an architecture that is not implemented.
    Architecture {
        /// Its name.
        found: String,
    },
    /// The config asks for something that is not implemented.
    Setting {
        /// Which field.
        field: String,
        /// Its value.
        value: String,
    },
    /// The weights are quantised.
    Quantised {
        /// How.
        found: String,
    },
    /// A tensor is stored in a type that is not read.
    TensorType {
        /// Its name.
        tensor: String,
        /// Its type.
        found: String,
    },
    /// A tensor is too many, absent or of another shape: config and weights are of different models.
    WrongWeights {
        /// Its name.
        tensor: String,
    },
    /// A weight is NaN or infinite.
    NotFinite {
        /// The tensor.
        tensor: String,
    },
    /// The tokenizer has more tokens than the network.
    WrongTokenizer {
        /// Rows of the unembedding.
        vocab_size: usize,
        /// The id past them.
        id: u32,
        /// Its token.
        token: String,
    },
    /// The model needs more memory than there is.
    TooLarge {
        /// Weights.
        parameters: u64,
        /// Bytes that it needs.
        needed: u64,
        /// Bytes that there are.
        limit: u64,
    },
    /// The two models have different vocabularies.
    OtherVocabulary {
        /// The first ids that differ.
        examples: Vec<TokenDifference>,
        /// How many ids differ.
        n_different: usize,
        /// How many ids have a token in one of the models.
        n_ids: usize,
    },
    /// A step of a twin works on pairs, and there are none.
    NoPairs {
        /// The step.
        step: String,
    },
    /// A step of a twin names a pair that does not take part.
    NoSuchPair {
        /// The step.
        step: String,
        /// Its number, from 1 on.
        found: usize,
        /// How many take part.
        n_pairs: usize,
    },
    /// The model has no direction that its distribution does not see.
    NoDarkDirection {
        /// Width of the model.
        d: usize,
        /// Contexts given.
        n_contexts: usize,
        /// Contexts that it takes to tell.
        n_needed: usize,
    },
    /// A twin looks at more contexts than there are.
    TooManyObserved {
        /// How many.
        found: usize,
        /// Contexts given.
        n_contexts: usize,
    },
    /// The contexts that a twin looks at leave no direction free.
    SpaceIsFull {
        /// How many contexts.
        looked_at: usize,
        /// Width of the model.
        d: usize,
    },
    /// A twin keeps more dimensions than the distribution needs.
    TooManyKept {
        /// How many.
        found: usize,
        /// r.
        effective_complexity: usize,
    },
    /// A file's host does not answer, or broke off.
    NoAnswer {
        /// The file's address.
        url: String,
    },
    /// A host has no such file.
    NotOnHost {
        /// The file's address.
        url: String,
    },
    /// A host answered with an error.
    Refused {
        /// The file's address.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// A model of the Hub cannot be had.
    Hub(HubError),
    /// The engine's code did not arrive.
    NoEngine,
    /// This browser starts no workers.
    NoWorkers,
    /// The page and its engine are of different versions.
    OtherVersion,
    /// The engine ended without a word, most likely for want of memory.
    BrokeDown,
}
