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
    /// Rows of the unembedding; in an observation, up to the tokenizer's last token.
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
    /// f on the [`places_before_last`] of each prompt, prompt by prompt, `[·, d_model]` row-major. They are no contexts:
    /// no number of a report but the distances along its prompts depends on them. Empty where they were not observed.
    pub prompt_states: Floats,
    /// g, `[vocab_size, d_model]` row-major. It is the largest part and the same in every observation of a model, so
    /// it crosses the worker boundary by itself: it is no part of the serialised observation.
    #[serde(skip)]
    pub unembedding: Floats,
    /// Head bias b(y), `[vocab_size]`, where the model has one.
    pub head_bias: Option<Floats>,
    /// The engine's own log-probabilities, nats, `[n_logprob_contexts, vocab_size]` row-major, for the first
    /// contexts: at least the prompts. They measure the numerical floor.
    pub log_probs: Floats,
    /// The bytes of text that each token id stands for: what makes two vocabularies the same.
    pub tokens: TokenTable,
    /// Ids that the tokenizer can never produce: holes in its vocabulary, removed from Y.
    pub unreachable_ids: Vec<u32>,
    /// Logit soft-cap of the config, which puts a model outside the theorem's class.
    pub soft_cap: Option<f64>,
}

/// Most places of one prompt at which distributions are compared: its last ones.
pub const MOST_PLACES: usize = 64;

/// The places of a prompt of `n_tokens` tokens, its last one excepted, at which distributions are compared.
pub fn places_before_last(n_tokens: usize) -> std::ops::Range<usize> {
    n_tokens.saturating_sub(MOST_PLACES)..n_tokens.saturating_sub(1)
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

/// The bytes of text that each token id stands for, one block of them. A special token stands for no text and has its
/// name, which is all that says what it does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenTable {
    #[serde(with = "serde_bytes")]
    bytes: Vec<u8>,
    /// Where each token's bytes end.
    ends: Vec<u32>,
}

impl TokenTable {
    /// Number of ids.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no id.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// A token's bytes; none where there is no such id.
    pub fn bytes(&self, id: usize) -> &[u8] {
        let Some(&end) = self.ends.get(id) else { return &[] };
        let begin = id.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.bytes.get(begin as usize..end as usize).unwrap_or_default()
    }

    /// A token's text for people and for look-ups. Bytes that are only a part of a character are written `<0xE6>`, so
    /// that no two tokens read alike.
    pub fn text(&self, id: usize) -> String {
        text_of(self.bytes(id))
    }
}

/// Bytes as text; those that are only a part of a character are written `<0xE6>`.
pub fn text_of(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text += chunk.valid();
        text.extend(chunk.invalid().iter().map(|byte| format!("<0x{byte:02X}>")));
    }
    text
}

impl<T: AsRef<[u8]>> FromIterator<T> for TokenTable {
    fn from_iter<I: IntoIterator<Item = T>>(tokens: I) -> Self {
        let mut table = Self::default();
        for token in tokens {
            table.bytes.extend_from_slice(token.as_ref());
            // No tokenizer has 4 GiB of tokens.
            table.ends.push(u32::try_from(table.bytes.len()).unwrap_or(u32::MAX));
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::TokenTable;

    #[test]
    fn tokens_keep_their_bytes_and_parts_of_characters_read_apart() {
        let tokens: [&[u8]; 5] = [b" the", b"", b"\xe6", b"\xe6\x97", "日".as_bytes()];
        let table: TokenTable = tokens.iter().collect();
        assert_eq!((table.len(), table.is_empty()), (5, false));
        for (id, token) in tokens.iter().enumerate() {
            assert_eq!(table.bytes(id), *token);
        }
        let texts: Vec<String> = (0..6).map(|id| table.text(id)).collect();
        assert_eq!(texts, [" the", "", "<0xE6>", "<0xE6><0x97>", "日", ""]);
        let bytes = postcard::to_stdvec(&table).unwrap();
        assert!(bytes.len() < 20);
        assert_eq!(postcard::from_bytes::<TokenTable>(&bytes).unwrap(), table);
    }

    #[test]
    fn a_damaged_table_has_no_bytes_rather_than_a_panic() {
        for ends in [vec![9, 3], vec![3, 1], vec![u32::MAX, 0]] {
            let damaged = TokenTable { bytes: b"abc".to_vec(), ends };
            assert!((0..3).all(|id| damaged.bytes(id).len() <= 3));
        }
    }
}
