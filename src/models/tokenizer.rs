//! `tokenizer.json` of the Hub: text to ids, and each id to the bytes of text that it stands for.

use std::collections::HashMap;
use std::ops::Range;

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
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TokenizeError {
    /// Nothing to run.
    #[error("expected a prompt, found an empty one; type at least one word")]
    Empty,
    /// A piece of the prompt is not in the vocabulary.
    #[error(
        "expected words that this model knows, found {piece:?} at character {place} of {prompt:?}; use another word"
    )]
    Unknown {
        /// The piece.
        piece: String,
        /// Its first character in the prompt, from 1 on.
        place: usize,
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

/// A tokenizer and the bytes of each id.
#[derive(Debug)]
pub struct Tokenizer {
    tokenizer: tokenizers::Tokenizer,
    unknown_id: Option<u32>,
    vocab_size: usize,
    tokens: Vec<Vec<u8>>,
    unreachable_ids: Vec<u32>,
}

impl Tokenizer {
    /// Parses `tokenizer.json` for a network with `vocab_size` rows.
    ///
    /// # Errors
    /// Malformed, or with ids past the network's rows.
    pub fn parse(bytes: &[u8], vocab_size: usize) -> Result<Self, TokenizerError> {
        // First, because the library panics on a decoder that is no JSON, and on templates without their tokens.
        let json: Value =
            serde_json::from_slice(bytes).map_err(|error| TokenizerError::Malformed(error.to_string()))?;
        check_templates(&json["post_processor"])?;
        let mut tokenizer = tokenizers::Tokenizer::from_bytes(bytes)
            .map_err(|error| TokenizerError::Malformed(error.to_string()))?;
        // A file may carry the lengths that some training ran with; a prompt is neither cut nor padded.
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|error| TokenizerError::Malformed(error.to_string()))?;
        let past = tokenizer.get_vocab(true).into_iter().filter(|&(_, id)| id as usize >= vocab_size);
        if let Some((token, id)) = past.min_by_key(|&(_, id)| id) {
            return Err(TokenizerError::TooManyTokens { vocab_size, id, token });
        }
        let unknown_id = json["model"]["unk_token"]
            .as_str()
            .and_then(|unknown| tokenizer.token_to_id(unknown))
            .or_else(|| json["model"]["unk_id"].as_u64().and_then(|id| u32::try_from(id).ok()));
        let mut bytes = token_bytes(&tokenizer, &json, vocab_size);
        // What stands past the last token pads the network's matrices.
        while bytes.pop_if(|token| token.is_none()).is_some() {}
        let unreachable_ids =
            (0..).zip(&bytes).filter(|(_, token)| token.is_none()).map(|(id, _)| id).collect();
        let tokens = bytes.into_iter().map(Option::unwrap_or_default).collect();
        Ok(Self { tokenizer, unknown_id, vocab_size, tokens, unreachable_ids })
    }

    /// Token ids of a prompt, with whatever the tokenizer puts before or after every text.
    ///
    /// # Errors
    /// Empty, unknown to the vocabulary, or longer than `limit` tokens.
    pub fn encode(&self, prompt: &str, limit: usize) -> Result<Vec<u32>, TokenizeError> {
        if prompt.trim().is_empty() {
            return Err(TokenizeError::Empty);
        }
        let encoding = self
            .tokenizer
            .encode(prompt, true)
            .map_err(|error| TokenizeError::Failed { prompt: excerpt(prompt), problem: error.to_string() })?;
        // What the tokenizer puts around every text may well be its unknown token.
        let is_added = encoding.get_special_tokens_mask();
        let pieces = encoding.get_ids().iter().zip(is_added);
        let unknown = pieces.into_iter().position(|(&id, &added)| added == 0 && Some(id) == self.unknown_id);
        if let Some(position) = unknown {
            let (start, end) = encoding.get_offsets()[position];
            return Err(unknown_piece(prompt, start..end));
        }
        let ids = encoding.get_ids().to_vec();
        // The post-processor names its ids itself, whether or not the vocabulary has them.
        if let Some(id) = ids.iter().find(|&&id| id as usize >= self.vocab_size) {
            let problem = format!("it gives the id {id}, and the network has {} tokens", self.vocab_size);
            return Err(TokenizeError::Failed { prompt: excerpt(prompt), problem });
        }
        if ids.len() > limit {
            return Err(TokenizeError::TooLong { limit, found: ids.len(), prompt: excerpt(prompt) });
        }
        if let Some(piece) = self.passed_over(prompt, encoding.get_offsets()) {
            return Err(unknown_piece(prompt, piece));
        }
        if ids.is_empty() { Err(TokenizeError::Empty) } else { Ok(ids) }
    }

    /// The bytes of the first character that gives no token: tokenizers without an unknown token pass over what they do
    /// not know.
    fn passed_over(&self, prompt: &str, offsets: &[(usize, usize)]) -> Option<Range<usize>> {
        let is_read = |at: usize| offsets.iter().any(|&(start, end)| (start..end).contains(&at));
        let is_whole = prompt.char_indices().all(|(at, c)| c.is_whitespace() || is_read(at));
        // After one such character the offsets are wrong, so that each must be asked for alone.
        let gives_none = |(_, c): &(usize, char)| {
            let alone = self.tokenizer.encode(c.to_string(), false);
            !c.is_whitespace() && alone.is_ok_and(|encoding| encoding.is_empty())
        };
        if is_whole {
            return None;
        }
        let (start, c) = prompt.char_indices().find(gives_none)?;
        Some(start..start + c.len_utf8())
    }

    /// The bytes of text that every id stands for, up to the last id that has a token; empty where there is none. A
    /// special token, which stands for no text, has its name.
    pub fn tokens(&self) -> &[Vec<u8>] {
        &self.tokens
    }

    /// Ids before the last token that have none, so that no text leads to them.
    pub fn unreachable_ids(&self) -> &[u32] {
        &self.unreachable_ids
    }
}

/// The bytes of every id that has a token.
fn token_bytes(tokenizer: &tokenizers::Tokenizer, json: &Value, vocab_size: usize) -> Vec<Option<Vec<u8>>> {
    let added = tokenizer.get_added_tokens_decoder();
    let is_byte_level = json["decoder"].to_string().contains("ByteLevel");
    let alphabet = is_byte_level.then(byte_alphabet);
    let has_byte_tokens = json["model"]["byte_fallback"].as_bool().unwrap_or_default()
        || json["decoder"].to_string().contains("ByteFallback");
    let bytes_of = |id: u32| {
        let token = tokenizer.id_to_token(id)?;
        let is_written_out = added.contains_key(&id);
        Some(match &alphabet {
            Some(alphabet) if !is_written_out => alphabet_bytes(&token, alphabet),
            _ if has_byte_tokens && byte_token(&token).is_some() => byte_token(&token).into_iter().collect(),
            Some(_) => token.into_bytes(),
            // SentencePiece writes a leading space as ▁.
            None => token.replace('▁', " ").into_bytes(),
        })
    };
    (0..).take(vocab_size).map(bytes_of).collect()
}

/// The character that stands for each byte in a byte-level vocabulary (GPT-2): printable ones for themselves, the others
/// for those from U+0100 on.
fn byte_alphabet() -> HashMap<char, u8> {
    let is_printable = |byte: &u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let (for_themselves, others): (Vec<u8>, Vec<u8>) = (0..=u8::MAX).partition(is_printable);
    let others = ('\u{100}'..).zip(others);
    for_themselves.into_iter().map(|byte| (char::from(byte), byte)).chain(others).collect()
}

/// What a token of a byte-level vocabulary stands for; a character that is no byte stands for itself.
fn alphabet_bytes(token: &str, alphabet: &HashMap<char, u8>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(token.len());
    for c in token.chars() {
        match alphabet.get(&c) {
            Some(&byte) => bytes.push(byte),
            None => bytes.extend(c.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    bytes
}

/// `<0x0A>` is the byte 10.
fn byte_token(token: &str) -> Option<u8> {
    let digits = token.strip_prefix("<0x")?.strip_suffix('>')?;
    let is_byte = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    u8::from_str_radix(digits, 16).ok().filter(|_| is_byte)
}

/// Checks that every token which a post-processor puts around a text is one that it also defines.
fn check_templates(processor: &Value) -> Result<(), TokenizerError> {
    let list = |field: &str| processor[field].as_array().into_iter().flatten();
    let names = list("single").chain(list("pair")).filter_map(|piece| piece["SpecialToken"]["id"].as_str());
    for name in names {
        if processor["special_tokens"].get(name).is_none() {
            let problem = format!("a post_processor whose special_tokens lack {name}");
            return Err(TokenizerError::Malformed(problem));
        }
    }
    list("processors").try_for_each(check_templates)
}

/// What the vocabulary lacks, by its bytes in the prompt.
fn unknown_piece(prompt: &str, bytes: Range<usize>) -> TokenizeError {
    let place = prompt.get(..bytes.start).map_or(0, |before| before.chars().count()) + 1;
    let piece = prompt.get(bytes).unwrap_or(prompt).to_owned();
    TokenizeError::Unknown { piece, place, prompt: excerpt(prompt) }
}

/// Enough of a prompt to find it by.
fn excerpt(prompt: &str) -> String {
    const LENGTH: usize = 60;
    match prompt.char_indices().nth(LENGTH) {
        None => prompt.to_owned(),
        Some((end, _)) => format!("{}…", &prompt[..end]),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{TokenizeError, Tokenizer, TokenizerError};

    fn fixture(name: &str) -> Vec<u8> {
        std::fs::read(format!("fixtures/checkpoints/{name}/tokenizer.json")).unwrap()
    }

    fn words() -> Tokenizer {
        Tokenizer::parse(&fixture("gpt2-base"), 66).unwrap()
    }

    /// The word-level fixture with these fields set.
    fn changed(name: &str, changes: &Value) -> Tokenizer {
        let mut json: Value = serde_json::from_slice(&fixture(name)).unwrap();
        json.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        Tokenizer::parse(json.to_string().as_bytes(), 66).unwrap()
    }

    #[test]
    fn files_that_are_no_tokenizers_are_refused() {
        for bytes in [
            &b""[..],
            b"{",
            b"[]",
            b"{}",
            br#"{"version": "1.0", "decoder": nul}"#,
            br#"{"version": "1.0", "model": {"type": "Magic"}}"#,
        ] {
            let error = Tokenizer::parse(bytes, 66).unwrap_err();
            assert!(matches!(error, TokenizerError::Malformed(_)), "{error}");
            let sentence = "tokenizer.json: expected the Hub's format, found something else";
            assert!(error.to_string().starts_with(sentence), "{error}");
        }
    }

    #[test]
    fn more_tokens_than_the_network_has_are_refused() {
        let error = Tokenizer::parse(&fixture("gpt2-base"), 60).unwrap_err().to_string();
        let sentence = "tokenizer.json: expected at most 60 tokens, as the network has, found the id 60";
        assert!(error.starts_with(sentence), "{error}");
        assert!(Tokenizer::parse(&fixture("gpt2-base"), 65).is_err());
    }

    #[test]
    fn rows_past_the_last_token_are_no_tokens() {
        let tokenizer = Tokenizer::parse(&fixture("gpt2-base"), 70).unwrap();
        assert_eq!((tokenizer.tokens().len(), tokenizer.unreachable_ids().len()), (66, 0));
        assert_eq!(words().tokens(), tokenizer.tokens());
    }

    #[test]
    fn holes_before_the_last_token_stay_where_they_are() {
        let model = json!({"type": "WordLevel", "vocab": {"a": 0, "b": 3, "c": 4}, "unk_token": "a"});
        let json = json!({"version": "1.0", "added_tokens": [], "model": model});
        let tokenizer = Tokenizer::parse(json.to_string().as_bytes(), 9).unwrap();
        assert_eq!(tokenizer.unreachable_ids(), [1, 2]);
        assert_eq!(tokenizer.tokens(), [&b"a"[..], b"", b"", b"b", b"c"]);
    }

    /// Every id of the byte-level fixture against the library's own decoder: all bytes that it gives, where it gives
    /// whole characters, and no two ids alike.
    #[test]
    fn byte_level_tokens_are_the_bytes_that_they_decode_to() {
        let tokenizer = Tokenizer::parse(&fixture("gpt2-tied"), 324).unwrap();
        let tokens = tokenizer.tokens();
        assert_eq!(tokens.len(), 320);
        for (id, token) in (0..).zip(tokens) {
            let decoded = tokenizer.tokenizer.decode(&[id], false).unwrap();
            assert_eq!(String::from_utf8_lossy(token), decoded, "{id}");
        }
        let distinct: HashSet<&Vec<u8>> = tokens.iter().collect();
        assert_eq!(distinct.len(), tokens.len());
        let bytes: HashSet<u8> =
            tokens.iter().filter(|token| token.len() == 1).map(|token| token[0]).collect();
        assert_eq!(bytes.len(), 256);
        let text = "日本 café 🙂\u{0}\n";
        let ids = tokenizer.encode(text, 48).unwrap();
        assert_eq!(
            ids.iter().flat_map(|&id| tokens[id as usize].clone()).collect::<Vec<_>>(),
            text.as_bytes()
        );
    }

    #[test]
    fn byte_tokens_and_spaces_of_sentencepiece_are_bytes() {
        let vocab = json!({"<unk>": 0, "<0x0A>": 1, "<0xE6>": 2, "▁the": 3, "<0x+A>": 4, "<s>": 5});
        let model = json!({"type": "BPE", "vocab": vocab, "merges": [], "byte_fallback": true});
        let special = json!([{"id": 5, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true}]);
        let json = json!({"version": "1.0", "added_tokens": special, "model": model});
        let tokenizer = Tokenizer::parse(json.to_string().as_bytes(), 6).unwrap();
        assert_eq!(tokenizer.tokens(), [&b"<unk>"[..], b"\n", b"\xe6", b" the", b"<0x+A>", b"<s>"]);
    }

    #[test]
    fn prompts_that_cannot_be_run_are_refused() {
        for empty in ["", "  ", "\n\t"] {
            assert_eq!(words().encode(empty, 48), Err(TokenizeError::Empty));
        }
        let error = words().encode("the cat xylophone sings", 48).unwrap_err().to_string();
        let sentence =
            "expected words that this model knows, found \"xylophone\" at character 9 of \"the cat";
        assert!(error.starts_with(sentence), "{error}");
        let error = words().encode("the cat sings again", 3).unwrap_err().to_string();
        assert!(
            error.starts_with("expected at most 3 tokens, found 4 in \"the cat sings again\""),
            "{error}"
        );
        assert_eq!(words().encode("the cat sings again", 4).unwrap().len(), 4);
    }

    #[test]
    fn characters_that_a_tokenizer_passes_over_are_refused() {
        let model = json!({"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]});
        let json = json!({"version": "1.0", "added_tokens": [], "model": model});
        let tokenizer = Tokenizer::parse(json.to_string().as_bytes(), 3).unwrap();
        assert_eq!(tokenizer.encode("aab", 9), Ok(vec![0, 2]));
        let error = tokenizer.encode("aéb", 9).unwrap_err();
        assert_eq!(error, TokenizeError::Unknown { piece: "é".into(), place: 2, prompt: "aéb".into() });
    }

    #[test]
    fn long_prompts_are_named_by_their_beginning() {
        let error = words().encode(&"the cat ".repeat(1000), 48).unwrap_err().to_string();
        assert!(error.contains("found 2000") && error.chars().count() < 150, "{error}");
    }

    #[test]
    fn bytes_that_no_merge_joins_are_tokens_all_the_same() {
        let tokenizer = Tokenizer::parse(&fixture("gpt2-tied"), 324).unwrap();
        let text = "日本 café 🙂\u{0}";
        let ids = tokenizer.encode(text, 48).unwrap();
        assert_eq!(tokenizer.tokenizer.decode(&ids, false).unwrap(), text);
        let the = tokenizer.encode(" the", 48).unwrap();
        assert_eq!(
            the.iter().flat_map(|&id| tokenizer.tokens()[id as usize].clone()).collect::<Vec<_>>(),
            b" the"
        );
    }

    #[test]
    fn lengths_of_some_training_do_not_cut_or_pad_a_prompt() {
        let limits = json!({
            "truncation": {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0},
            "padding": {"strategy": {"Fixed": 12}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 2,
                "pad_type_id": 0, "pad_token": "<eos>"},
        });
        let text = "the cat sings again";
        assert_eq!(changed("gpt2-base", &limits).encode(text, 48), words().encode(text, 48));
    }

    #[test]
    fn what_is_put_around_every_text_is_checked_too() {
        let template = |id: u32| {
            json!({"post_processor": {
                "type": "TemplateProcessing",
                "single": [{"SpecialToken": {"id": "<x>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
                "special_tokens": {"<x>": {"id": "<x>", "ids": [id], "tokens": ["<x>"]}},
            }})
        };
        let error = changed("gpt2-base", &template(66)).encode("the", 48).unwrap_err().to_string();
        assert!(error.contains("it gives the id 66, and the network has 66 tokens"), "{error}");
        // The unknown token may stand before every text and is then no unknown word.
        assert_eq!(changed("gpt2-base", &template(0)).encode("the", 48).unwrap()[0], 0);
    }

    #[test]
    fn templates_without_their_tokens_are_refused() {
        let mut json: Value = serde_json::from_slice(&fixture("llama-plain")).unwrap();
        json["post_processor"]["special_tokens"] = json!({});
        let template = json["post_processor"].clone();
        for processor in [template.clone(), json!({"type": "Sequence", "processors": [template]})] {
            json["post_processor"] = processor;
            let error = Tokenizer::parse(json.to_string().as_bytes(), 66).unwrap_err().to_string();
            assert!(
                error.contains("found something else (a post_processor whose special_tokens lack <bos>)")
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_file_panics(flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6)) {
            let mut bytes = fixture("llama-plain");
            for (at, byte) in flips {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if let Ok(tokenizer) = Tokenizer::parse(&bytes, 66) {
                let _ = tokenizer.encode("the cat sings", 48);
            }
        }

        #[test]
        fn no_prompt_panics(prompt in any::<String>()) {
            let _ = words().encode(&prompt, 48);
            let _ = Tokenizer::parse(&fixture("gpt2-tied"), 324).unwrap().encode(&prompt, 48);
        }
    }
}
