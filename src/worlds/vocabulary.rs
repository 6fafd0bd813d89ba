//! The words of a world as token ids, and the Hub's `tokenizer.json` that spells them.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

/// Stands for every word that the world does not have; never generated.
pub const UNKNOWN: &str = "<unk>";
/// Begins every text.
pub const BEGIN: &str = "<bos>";
/// Ends every text.
pub const END: &str = "<eos>";

/// Token ids: the three special tokens first, then the words in alphabetical order.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    tokens: Vec<String>,
    ids: HashMap<String, u32>,
}

impl Vocabulary {
    /// Id of [`UNKNOWN`].
    pub const UNKNOWN_ID: u32 = 0;
    /// Id of [`BEGIN`].
    pub const BEGIN_ID: u32 = 1;
    /// Id of [`END`].
    pub const END_ID: u32 = 2;

    /// Numbers the words.
    pub fn new(words: BTreeSet<String>) -> Self {
        let specials = [UNKNOWN, BEGIN, END].map(str::to_owned);
        let tokens: Vec<String> = specials.into_iter().chain(words).collect();
        let ids = tokens.iter().zip(0..).map(|(token, id)| (token.clone(), id)).collect();
        Self { tokens, ids }
    }

    /// Number of tokens, specials included.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Never: the special tokens are always there.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// The id of a token.
    pub fn id(&self, token: &str) -> Option<u32> {
        self.ids.get(token).copied()
    }

    /// The token of an id below [`Self::len`].
    pub fn token(&self, id: u32) -> &str {
        &self.tokens[id as usize]
    }

    /// The ids of lower-case words separated by spaces; `None` where a word is not of this world.
    pub fn encode(&self, text: &str) -> Option<Vec<u32>> {
        text.split_whitespace().map(|word| self.id(word)).collect()
    }

    /// The words of ids, separated by spaces.
    pub fn decode(&self, ids: &[u32]) -> String {
        ids.iter().map(|&id| self.token(id)).collect::<Vec<_>>().join(" ")
    }

    /// The Hub's `tokenizer.json`: lower case, words and punctuation apart, `<bos>` in front.
    pub fn tokenizer_json(&self) -> Value {
        let special = |id: u32| {
            json!({"id": id, "content": self.token(id), "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": true})
        };
        let vocab: serde_json::Map<String, Value> =
            self.tokens.iter().zip(0u32..).map(|(token, id)| (token.clone(), id.into())).collect();
        let begin = json!({"SpecialToken": {"id": BEGIN, "type_id": 0}});
        let text = |sequence: &str| json!({"Sequence": {"id": sequence, "type_id": 0}});
        json!({
            "version": "1.0",
            "truncation": null,
            "padding": null,
            "added_tokens": [special(Self::UNKNOWN_ID), special(Self::BEGIN_ID), special(Self::END_ID)],
            "normalizer": {"type": "Lowercase"},
            "pre_tokenizer": {"type": "Whitespace"},
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [begin, text("A")],
                "pair": [begin, text("A"), text("B")],
                "special_tokens": {BEGIN: {"id": BEGIN, "ids": [Self::BEGIN_ID], "tokens": [BEGIN]}},
            },
            "decoder": null,
            "model": {"type": "WordLevel", "vocab": vocab, "unk_token": UNKNOWN},
        })
    }

    /// What `transformers` reads beside `tokenizer.json`.
    pub fn tokenizer_config_json(&self, context_length: usize) -> Value {
        json!({
            "tokenizer_class": "PreTrainedTokenizerFast",
            "unk_token": UNKNOWN,
            "bos_token": BEGIN,
            "eos_token": END,
            "pad_token": END,
            "model_max_length": context_length,
            "clean_up_tokenization_spaces": false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Vocabulary {
        Vocabulary::new(["paris", "is", "big", "."].map(str::to_owned).into())
    }

    #[test]
    fn specials_come_first_and_words_in_alphabetical_order() {
        let vocabulary = small();
        assert_eq!(vocabulary.encode("<unk> <bos> <eos> . big is paris"), Some((0..7).collect()));
        assert_eq!(vocabulary.encode("rome is big"), None);
    }

    #[test]
    fn the_tokenizer_file_splits_punctuation_lowers_case_and_begins_with_bos() {
        let text = small().tokenizer_json().to_string();
        let tokenizer = tokenizers::Tokenizer::from_bytes(text).unwrap();
        let encoding = tokenizer.encode("Paris is BIG. Rome", true).unwrap();
        assert_eq!(encoding.get_tokens(), ["<bos>", "paris", "is", "big", ".", "<unk>"]);
        assert_eq!(encoding.get_ids(), [1, 6, 5, 4, 3, 0]);
    }
}
