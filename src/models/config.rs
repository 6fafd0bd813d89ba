//! Fields of a `config.json`, each taken once; one that is left over and could change the numbers is an error.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use thiserror::Error;

/// Why a config cannot be used.
#[derive(Debug, Error, PartialEq)]
pub enum ConfigError {
    /// Not a JSON object.
    #[error("config.json: expected a JSON object, found {0}; download it again")]
    Malformed(String),
    /// No `model_type`, or one that is not implemented.
    #[error(
        "config.json: expected model_type gpt2, gpt_neo, gpt_neox or llama, found {0}; choose a model of these architectures"
    )]
    UnknownArchitecture(String),
    /// A field that must be there is not.
    #[error("config.json: expected a field {0}, found none; it is not the config of this architecture")]
    Missing(String),
    /// A field has a value of another kind.
    #[error("config.json: expected {field} to be {expected}, found {found}")]
    BadValue {
        /// Its name.
        field: String,
        /// What it should be.
        expected: String,
        /// Its value.
        found: String,
    },
    /// A field changes the numbers in a way that is not implemented.
    #[error(
        "config.json: {field} = {value} changes the numbers and is not implemented; choose a model without it"
    )]
    NotImplemented {
        /// Its name.
        field: String,
        /// Its value.
        value: String,
    },
}

/// Fields that no forward pass of these architectures reads: names, training, generation, output format.
const WITHOUT_EFFECT: &[&str] = &[
    "_name_or_path",
    "_attn_implementation",
    "_attn_implementation_autoset",
    "architectures",
    "attention_dropout",
    "attn_pdrop",
    "auto_map",
    "bad_words_ids",
    "begin_suppress_tokens",
    "bos_token_id",
    "chunk_size_feed_forward",
    "classifier_dropout",
    "diversity_penalty",
    "do_sample",
    "dtype",
    "early_stopping",
    "embd_pdrop",
    "embed_dropout",
    "encoder_no_repeat_ngram_size",
    "eos_token_id",
    "exponential_decay_length_penalty",
    "finetuning_task",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "gradient_checkpointing",
    "hidden_dropout",
    "id2label",
    "initializer_range",
    "is_llama_config",
    "label2id",
    "length_penalty",
    "max_length",
    "min_length",
    "model_type",
    "no_repeat_ngram_size",
    "num_beam_groups",
    "num_beams",
    "num_return_sequences",
    "output_attentions",
    "output_hidden_states",
    "output_scores",
    "pad_token_id",
    "prefix",
    "problem_type",
    "reorder_and_upcast_attn",
    "repetition_penalty",
    "resid_dropout",
    "resid_pdrop",
    "return_dict",
    "return_dict_in_generate",
    "sep_token_id",
    "suppress_tokens",
    "summary_activation",
    "summary_first_dropout",
    "summary_proj_to_labels",
    "summary_type",
    "summary_use_proj",
    "task_specific_params",
    "temperature",
    "tie_encoder_decoder",
    "tokenizer_class",
    "top_k",
    "top_p",
    "torch_dtype",
    "transformers.js_config",
    "transformers_version",
    "typical_p",
    "use_cache",
    "vocab_size",
];

/// The fields of one config that nobody has taken yet.
#[derive(Debug)]
pub struct Fields {
    fields: Map<String, Value>,
}

impl Fields {
    /// Parses `config.json`.
    ///
    /// # Errors
    /// Not a JSON object.
    pub fn parse(bytes: &[u8]) -> Result<Self, ConfigError> {
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(fields)) => Ok(Self { fields }),
            Ok(other) => Err(ConfigError::Malformed(shorten(&other))),
            Err(error) => Err(ConfigError::Malformed(format!("text that does not parse ({error})"))),
        }
    }

    /// `model_type`.
    ///
    /// # Errors
    /// Absent or not a string.
    pub fn architecture(&self) -> Result<String, ConfigError> {
        match self.fields.get("model_type") {
            Some(Value::String(name)) => Ok(name.clone()),
            Some(other) => Err(ConfigError::UnknownArchitecture(shorten(other))),
            None => Err(ConfigError::UnknownArchitecture("none".into())),
        }
    }

    /// Takes a field that may be absent or null.
    ///
    /// # Errors
    /// A value of another kind.
    pub fn optional<T: DeserializeOwned>(&mut self, field: &str) -> Result<Option<T>, ConfigError> {
        match self.fields.remove(field) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let found = shorten(&value);
                serde_json::from_value(value).map(Some).map_err(|error| ConfigError::BadValue {
                    field: field.to_owned(),
                    expected: expected_kind(&error.to_string()),
                    found,
                })
            }
        }
    }

    /// Reads a field that may be absent or null and leaves it there.
    ///
    /// # Errors
    /// A value of another kind.
    pub fn peek<T: DeserializeOwned>(&self, field: &str) -> Result<Option<T>, ConfigError> {
        Self { fields: self.fields.clone() }.optional(field)
    }

    /// Takes a field that may be absent, with the value it then has.
    ///
    /// # Errors
    /// A value of another kind.
    pub fn or<T: DeserializeOwned>(&mut self, field: &str, default: T) -> Result<T, ConfigError> {
        Ok(self.optional(field)?.unwrap_or(default))
    }

    /// Takes a field that must be there.
    ///
    /// # Errors
    /// Absent, or a value of another kind.
    pub fn required<T: DeserializeOwned>(&mut self, field: &str) -> Result<T, ConfigError> {
        self.optional(field)?.ok_or_else(|| ConfigError::Missing(field.to_owned()))
    }

    /// Takes a size: a whole number above zero.
    ///
    /// # Errors
    /// Absent, or anything else.
    pub fn size(&mut self, field: &str) -> Result<usize, ConfigError> {
        match self.required(field)? {
            0 => Err(ConfigError::BadValue {
                field: field.to_owned(),
                expected: "a whole number above zero".into(),
                found: "0".into(),
            }),
            size => Ok(size),
        }
    }

    /// Checks that no field is left that could change the numbers.
    ///
    /// # Errors
    /// Names the first such field.
    pub fn finish(self) -> Result<(), ConfigError> {
        let is_unset = |value: &Value| matches!(value, Value::Null | Value::Bool(false)) || is_empty(value);
        let left = self
            .fields
            .into_iter()
            .find(|(field, value)| !is_unset(value) && !WITHOUT_EFFECT.contains(&field.as_str()));
        match left {
            None => Ok(()),
            Some((field, value)) => Err(ConfigError::NotImplemented { field, value: shorten(&value) }),
        }
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty)
}

/// A value as it stands in the file, cut where it would fill the screen.
fn shorten(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 { text } else { text.chars().take(60).chain("…".chars()).collect() }
}

/// serde says `invalid type: string "x", expected usize at line…`; people want the second half.
fn expected_kind(message: &str) -> String {
    message.rsplit_once("expected ").map_or(message, |(_, kind)| kind).to_owned()
}

/// Checks that a number of heads divides what they share.
///
/// # Errors
/// Names the field and what it should divide.
pub fn check_divides(field: &str, n: usize, whole_field: &str, whole: usize) -> Result<(), ConfigError> {
    if n > 0 && whole.is_multiple_of(n) {
        Ok(())
    } else {
        Err(ConfigError::BadValue {
            field: field.to_owned(),
            expected: format!("a divisor of {whole_field} = {whole}"),
            found: n.to_string(),
        })
    }
}
