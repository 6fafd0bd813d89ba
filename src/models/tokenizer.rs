//! `tokenizer.json` of the Hub: text to ids, and each id to the text that it stands for.

use serde_json::Value;
use thiserror::Error;

/// Why a `tokenizer.json` cannot be used.
#[derive(Debug, Error, PartialEq)]
pub enum TokenizerError {
    /// It does not parse.
    #[error("tokenizer.json: expected the Hub's format, found something else ({0}); download it again")]
    Malformed(String),
    /// It has more tokens than the network.
    #[error(
        "tokenizer.json: expected at most {vocab_size} tokens, as the network has, found the id {id} ({token:?}); it belongs to another model"
    )]
    TooManyTokens {
        /// Rows of the unembedding.
        vocab_size: usize,
        /// The id past them.
        id: u32,
        /// Its token.
        token: String,
    },
}

/// Why a prompt cannot be run.
#[derive(Debug, Error, PartialEq)]
pub enum TokenizeError {
    /// Nothing to run.
    #[error("expected a prompt, found an empty one; type at least one word")]
    Empty,
    /// A piece of the prompt is not in the vocabulary.
    #[error("expected words that this model knows, found {piece:?} in {prompt:?}; use another word")]
    Unknown {
        /// The piece.
        piece: String,
        /// The prompt.
        prompt: String,
    },
    /// Longer than the network can read.
    #[error("expected at most {limit} tokens, found {found} in {prompt:?}; shorten the prompt")]
    TooLong {
        /// The context length.
        limit: usize,
        /// The number of tokens.
        found: usize,
        /// The prompt.
        prompt: String,
    },
    /// The tokenizer itself failed.
    #[error("expected a prompt that the tokenizer can encode, found that it fails on {prompt:?} ({problem})")]
    Failed {
        /// The prompt.
        prompt: String,
        /// What it says.
        problem: String,
    },
}

/// A tokenizer and the string of each id.
#[derive(Debug)]
pub struct Tokenizer {
    tokenizer: tokenizers::Tokenizer,
    unknown_id: Option<u32>,
    tokens: Vec<String>,
    unreachable_ids: Vec<u32>,
}

impl Tokenizer {
    /// Parses `tokenizer.json` for a network with `vocab_size` rows.
    ///
    /// # Errors
    /// Malformed, or with ids past the network's rows.
    pub fn parse(bytes: &[u8], vocab_size: usize) -> Result<Self, TokenizerError> {
        let tokenizer = tokenizers::Tokenizer::from_bytes(bytes)
            .map_err(|error| TokenizerError::Malformed(error.to_string()))?;
        let json: Value =
            serde_json::from_slice(bytes).map_err(|error| TokenizerError::Malformed(error.to_string()))?;
        let past = tokenizer.get_vocab(true).into_iter().filter(|&(_, id)| id as usize >= vocab_size);
        if let Some((token, id)) = past.min_by_key(|&(_, id)| id) {
            return Err(TokenizerError::TooManyTokens { vocab_size, id, token });
        }
        let unknown_id = json["model"]["unk_token"]
            .as_str()
            .and_then(|unknown| tokenizer.token_to_id(unknown))
            .or_else(|| json["model"]["unk_id"].as_u64().and_then(|id| u32::try_from(id).ok()));
        let is_byte_level = json["decoder"].to_string().contains("ByteLevel");
        let text_of = |id: u32| {
            let token = tokenizer.id_to_token(id)?;
            let decoded = if is_byte_level { tokenizer.decode(&[id], false).ok() } else { None };
            // SentencePiece writes a leading space as ▁.
            Some(decoded.unwrap_or_else(|| token.replace('▁', " ")))
        };
        let texts: Vec<Option<String>> = (0..).take(vocab_size).map(text_of).collect();
        let unreachable_ids =
            (0..).zip(&texts).filter(|(_, text)| text.is_none()).map(|(id, _)| id).collect();
        let tokens = texts.into_iter().map(Option::unwrap_or_default).collect();
        Ok(Self { tokenizer, unknown_id, tokens, unreachable_ids })
    }

    /// Token ids of a prompt, with whatever the tokenizer puts before or after every text.
    ///
    /// # Errors
    /// Empty, unknown to the vocabulary, or longer than `limit` tokens.
    pub fn encode(&self, prompt: &str, limit: usize) -> Result<Vec<u32>, TokenizeError> {
        if prompt.trim().is_empty() {
            return Err(TokenizeError::Empty);
        }
        let encoding = self.tokenizer.encode(prompt, true).map_err(|error| TokenizeError::Failed {
            prompt: prompt.to_owned(),
            problem: error.to_string(),
        })?;
        let unknown = encoding.get_ids().iter().position(|&id| Some(id) == self.unknown_id);
        if let Some(position) = unknown {
            let (start, end) = encoding.get_offsets()[position];
            let piece = prompt.get(start..end).unwrap_or(prompt).to_owned();
            return Err(TokenizeError::Unknown { piece, prompt: prompt.to_owned() });
        }
        let ids = encoding.get_ids().to_vec();
        if ids.len() > limit {
            return Err(TokenizeError::TooLong { limit, found: ids.len(), prompt: prompt.to_owned() });
        }
        if ids.is_empty() { Err(TokenizeError::Empty) } else { Ok(ids) }
    }

    /// The text of every id, empty where there is none.
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// Ids that no text leads to: rows that pad the network's matrices.
    pub fn unreachable_ids(&self) -> &[u32] {
        &self.unreachable_ids
    }
}
