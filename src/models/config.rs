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
    /// The weights are quantised.
    #[error(
        "config.json: quantization_config says that the weights are quantised ({0}), and only f32, f16 and bf16 are read; choose the model it was made from"
    )]
    Quantised(String),
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

/// Largest size that a config may name: above any model's, and small enough that no product of two sizes is past
/// what a machine can count.
const MAX_SIZE: usize = 1 << 24;

/// Fields that no forward pass of these architectures reads: names, training, generation, output format.
const WITHOUT_EFFECT: &[&str] = &[
    "_name_or_path",
    "_num_labels",
    "_attn_implementation",
    "_attn_implementation_autoset",
    "architectures",
    "attention_dropout",
    "attention_probs_dropout_prob",
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
    "hidden_dropout_prob",
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
    "num_labels",
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
];

/// The fields of one config that nobody has taken yet.
#[derive(Debug)]
pub struct Fields {
    fields: Map<String, Value>,
    /// What stands before the names in messages: nothing, or `rope_parameters.` for the fields inside it.
    path: String,
}

impl Fields {
    /// Parses `config.json`.
    ///
    /// # Errors
    /// Not a JSON object.
    pub fn parse(bytes: &[u8]) -> Result<Self, ConfigError> {
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(fields)) => Ok(Self { fields, path: String::new() }),
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

    /// Checks that the weights are not quantised, which no field that an architecture knows would tell.
    ///
    /// # Errors
    /// A `quantization_config`.
    pub fn check_unquantised(&self) -> Result<(), ConfigError> {
        let Some(quantised) = self.fields.get("quantization_config").filter(|value| !is_unset(value)) else {
            return Ok(());
        };
        let method = quantised["quant_method"].as_str();
        Err(ConfigError::Quantised(method.map_or_else(|| shorten(quantised), str::to_owned)))
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
                    field: self.named(field),
                    expected: expected_kind(&error.to_string()),
                    found,
                })
            }
        }
    }

    /// Takes the fields inside a field that may be absent, null or empty.
    ///
    /// # Errors
    /// A value of another kind.
    pub fn nested(&mut self, field: &str) -> Result<Option<Self>, ConfigError> {
        let fields: Option<Map<String, Value>> = self.optional(field)?;
        let path = self.named(field) + ".";
        Ok(fields.filter(|fields| !fields.is_empty()).map(|fields| Self { fields, path }))
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
        self.optional(field)?.ok_or_else(|| ConfigError::Missing(self.named(field)))
    }

    /// Takes a size: a whole number above zero.
    ///
    /// # Errors
    /// Absent, or anything else.
    pub fn size(&mut self, field: &str) -> Result<usize, ConfigError> {
        self.optional_size(field)?.ok_or_else(|| ConfigError::Missing(self.named(field)))
    }

    /// Takes a size that may be absent or null.
    ///
    /// # Errors
    /// Anything but a whole number above zero.
    pub fn optional_size(&mut self, field: &str) -> Result<Option<usize>, ConfigError> {
        match self.optional(field)? {
            Some(size) if !(1..=MAX_SIZE).contains(&size) => Err(ConfigError::BadValue {
                field: self.named(field),
                expected: format!("a whole number from 1 to {MAX_SIZE}"),
                found: size.to_string(),
            }),
            size => Ok(size),
        }
    }

    /// Takes a number above zero that may be absent or null.
    ///
    /// # Errors
    /// Anything else.
    pub fn optional_positive(&mut self, field: &str) -> Result<Option<f64>, ConfigError> {
        match self.optional::<f64>(field)? {
            Some(number) if number <= 0.0 => Err(ConfigError::BadValue {
                field: self.named(field),
                expected: "a number above zero".into(),
                found: number.to_string(),
            }),
            number => Ok(number),
        }
    }

    /// A field's name with the names of those that it is inside of.
    pub fn named(&self, field: &str) -> String {
        format!("{}{field}", self.path)
    }

    /// Checks that no field is left that could change the numbers.
    ///
    /// # Errors
    /// Names the first such field.
    pub fn finish(self) -> Result<(), ConfigError> {
        let has_effect = |field: &str| !WITHOUT_EFFECT.contains(&field);
        match self.fields.iter().find(|(field, value)| !is_unset(value) && has_effect(field)) {
            None => Ok(()),
            Some((field, value)) => {
                Err(ConfigError::NotImplemented { field: self.named(field), value: shorten(value) })
            }
        }
    }
}

fn is_unset(value: &Value) -> bool {
    let is_empty =
        value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty);
    is_empty || matches!(value, Value::Null | Value::Bool(false))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::ConfigError;
    use crate::models::NetworkConfig;

    /// Reads a whole config, as a network's loading does.
    fn read(config: &[u8]) -> Result<[usize; 3], ConfigError> {
        NetworkConfig::parse(config).map(|config| [config.vocab_size, config.d_model, config.context_length])
    }

    fn fixture(name: &str) -> Value {
        let path = format!("fixtures/checkpoints/{name}/config.json");
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    /// A fixture's config with these fields set is refused with this sentence.
    fn check_refused(name: &str, changes: &Value, sentence: &str) {
        let mut config = fixture(name);
        let fields = config.as_object_mut().unwrap();
        fields.extend(changes.as_object().unwrap().clone());
        let error = read(config.to_string().as_bytes()).unwrap_err().to_string();
        assert!(error.contains(sentence), "{changes} gives: {error}");
    }

    #[test]
    fn configs_of_public_models_are_read() {
        let distilgpt2 = json!({
            "_num_labels": 1, "activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"],
            "attn_pdrop": 0.1, "bos_token_id": 50256, "embd_pdrop": 0.1, "eos_token_id": 50256,
            "id2label": {"0": "LABEL_0"}, "initializer_range": 0.02, "label2id": {"LABEL_0": 0},
            "layer_norm_epsilon": 1e-5, "model_type": "gpt2", "n_ctx": 1024, "n_embd": 768, "n_head": 12,
            "n_layer": 6, "n_positions": 1024, "resid_pdrop": 0.1, "summary_activation": null,
            "summary_first_dropout": 0.1, "summary_proj_to_labels": true, "summary_type": "cls_index",
            "summary_use_proj": true, "vocab_size": 50257,
            "task_specific_params": {"text-generation": {"do_sample": true, "max_length": 50}},
        });
        let pythia_14m = json!({
            "architectures": ["GPTNeoXForCausalLM"], "bos_token_id": 0, "eos_token_id": 0, "hidden_act": "gelu",
            "hidden_size": 128, "initializer_range": 0.02, "intermediate_size": 512, "layer_norm_eps": 1e-5,
            "max_position_embeddings": 2048, "model_type": "gpt_neox", "num_attention_heads": 4,
            "num_hidden_layers": 6, "rotary_emb_base": 10000, "rotary_pct": 0.25, "tie_word_embeddings": false,
            "torch_dtype": "float16", "transformers_version": "4.24.0", "use_cache": true,
            "use_parallel_residual": true, "vocab_size": 50304,
        });
        let tiny_stories = json!({
            "_name_or_path": "EleutherAI/gpt-neo-125M", "activation_function": "gelu_new",
            "architectures": ["GPTNeoForCausalLM"], "attention_dropout": 0,
            "attention_layers": ["global", "local", "global", "local", "global", "local", "global", "local"],
            "attention_types": [[["global", "local"], 4]], "bos_token_id": 50256, "embed_dropout": 0,
            "eos_token_id": 50256, "gradient_checkpointing": false, "hidden_size": 64, "initializer_range": 0.02,
            "intermediate_size": null, "layer_norm_epsilon": 1e-5, "max_position_embeddings": 2048,
            "model_type": "gpt_neo", "num_heads": 16, "num_layers": 8, "resid_dropout": 0,
            "summary_activation": null, "summary_first_dropout": 0.1, "summary_proj_to_labels": true,
            "summary_type": "cls_index", "summary_use_proj": true, "torch_dtype": "float32",
            "transformers_version": "4.28.1", "use_cache": true, "vocab_size": 50257, "window_size": 256,
        });
        let smol_lm2 = json!({
            "architectures": ["LlamaForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
            "bos_token_id": 0, "eos_token_id": 0, "hidden_act": "silu", "hidden_size": 576,
            "initializer_range": 0.041666666666666664, "intermediate_size": 1536, "is_llama_config": true,
            "max_position_embeddings": 8192, "model_type": "llama", "num_attention_heads": 9,
            "num_hidden_layers": 30, "num_key_value_heads": 3, "pretraining_tp": 1, "rms_norm_eps": 1e-5,
            "rope_interleaved": false, "rope_scaling": null, "rope_theta": 100000, "tie_word_embeddings": true,
            "torch_dtype": "bfloat16", "transformers_version": "4.40.1", "use_cache": true, "vocab_size": 49152,
            "transformers.js_config": {"kv_cache_dtype": {"q4f16": "float16", "fp16": "float16"}},
        });
        let simple_stories = json!({
            "architectures": ["LlamaForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
            "bos_token_id": 0, "eos_token_id": 1, "head_dim": 64, "hidden_act": "silu", "hidden_size": 256,
            "initializer_range": 0.02, "intermediate_size": 680, "max_position_embeddings": 512,
            "mlp_bias": false, "model_type": "llama", "num_attention_heads": 4, "num_hidden_layers": 6,
            "num_key_value_heads": 2, "pretraining_tp": 1, "rms_norm_eps": 1e-6, "rope_scaling": null,
            "rope_theta": 10000.0, "tie_word_embeddings": true, "torch_dtype": "float32",
            "transformers_version": "4.44.2", "use_cache": true, "vocab_size": 4096,
        });
        for (config, sizes) in [
            (distilgpt2, [50257, 768, 1024]),
            (pythia_14m, [50304, 128, 2048]),
            (tiny_stories, [50257, 64, 2048]),
            (smol_lm2, [49152, 576, 8192]),
            (simple_stories, [4096, 256, 512]),
        ] {
            assert_eq!(read(config.to_string().as_bytes()), Ok(sizes));
        }
    }

    #[test]
    fn configs_that_are_no_configs_are_refused() {
        for (text, found) in [
            ("", "text that does not parse"),
            ("{", "text that does not parse"),
            ("[1, 2]", "found [1,2]"),
            ("\"gpt2\"", "found \"gpt2\""),
        ] {
            let error = read(text.as_bytes()).unwrap_err().to_string();
            assert!(
                error.starts_with("config.json: expected a JSON object") && error.contains(found),
                "{error}"
            );
        }
        for (text, found) in [
            (r#"{"model_type": "mamba"}"#, "found mamba"),
            (r#"{"model_type": 3}"#, "found 3"),
            ("{}", "found none"),
        ] {
            let error = read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("expected model_type gpt2, gpt_neo, gpt_neox or llama"), "{error}");
            assert!(error.contains(found), "{error}");
        }
        let error = read(br#"{"model_type": "gpt2"}"#).unwrap_err();
        assert_eq!(error, ConfigError::Missing("n_embd".into()));
    }

    #[test]
    fn fields_that_change_the_numbers_are_refused() {
        for (name, changes, field) in [
            ("gpt2-base", json!({"add_cross_attention": true}), "add_cross_attention = true"),
            ("gpt2-base", json!({"pruned_heads": {"0": [1]}}), "pruned_heads = "),
            ("gpt2-base", json!({"final_logit_softcapping": 30.0}), "final_logit_softcapping = 30.0"),
            ("gpt-neox-parallel", json!({"logit_scale": 0.5}), "logit_scale = 0.5"),
            ("llama-plain", json!({"sliding_window": 4}), "sliding_window = 4"),
            ("llama-plain", json!({"attn_logit_softcapping": 50.0}), "attn_logit_softcapping = 50.0"),
            ("llama-plain", json!({"residual_multiplier": 0.2}), "residual_multiplier = 0.2"),
            ("llama-plain", json!({"embedding_multiplier": 12}), "embedding_multiplier = 12"),
            ("llama-plain", json!({"rope_interleaved": true}), "rope_interleaved = true"),
            ("llama-plain", json!({"partial_rotary_factor": 0.5}), "partial_rotary_factor = 0.5"),
            ("llama-plain", json!({"layer_types": ["sliding_attention"]}), "layer_types = "),
        ] {
            check_refused(name, &changes, field);
            check_refused(name, &changes, "changes the numbers and is not implemented");
        }
        let bits = json!({"quantization_config": {"bits": 4}});
        check_refused("gpt2-base", &bits, "weights are quantised ({\"bits\":4})");
        let method = json!({"quantization_config": {"quant_method": "gptq"}});
        check_refused("llama-plain", &method, "weights are quantised (gptq)");
        // Unset, they change nothing.
        let mut config = fixture("llama-plain");
        let fields = config.as_object_mut().unwrap();
        fields.insert("sliding_window".into(), Value::Null);
        fields.insert("use_sliding_window".into(), json!(false));
        fields.insert("pruned_heads".into(), json!({}));
        assert!(read(config.to_string().as_bytes()).is_ok());
    }

    #[test]
    fn values_that_make_no_network_are_refused() {
        const HUGE: u64 = 1 << 62;
        for (name, changes, sentence) in [
            (
                "gpt2-base",
                json!({"n_embd": 0}),
                "expected n_embd to be a whole number from 1 to 16777216, found 0",
            ),
            ("gpt2-base", json!({"n_embd": HUGE}), "expected n_embd to be a whole number from 1"),
            ("gpt2-base", json!({"n_embd": -1}), "expected n_embd to be usize, found -1"),
            ("gpt2-base", json!({"n_embd": 24.5}), "expected n_embd to be usize, found 24.5"),
            ("gpt2-base", json!({"n_embd": null}), "expected a field n_embd, found none"),
            ("gpt2-base", json!({"n_layer": 0}), "expected n_layer to be a whole number from 1"),
            ("gpt2-base", json!({"vocab_size": 0}), "expected vocab_size to be a whole number from 1"),
            ("gpt2-base", json!({"n_positions": 0}), "expected n_positions to be a whole number from 1"),
            ("gpt2-base", json!({"n_inner": 0}), "expected n_inner to be a whole number from 1"),
            ("gpt2-base", json!({"n_head": 5}), "expected n_head to be a divisor of n_embd = 24, found 5"),
            (
                "gpt2-base",
                json!({"activation_function": "mish"}),
                "expected activation_function to be one of `gelu`",
            ),
            ("gpt2-base", json!({"tie_word_embeddings": "yes"}), "to be a boolean, found \"yes\""),
            ("gpt-neo-local", json!({"window_size": 0}), "expected window_size to be a whole number from 1"),
            ("gpt-neo-local", json!({"num_layers": 4}), "attention for each of the 4 layers, found 3 kinds"),
            ("gpt-neo-local", json!({"attention_layers": ["near"]}), "to be `global` or `local`"),
            (
                "gpt-neo-untied",
                json!({"attention_types": [[["global"], HUGE], [["local"], HUGE], [[], HUGE]]}),
                "for each of the 3 layers, found 9223372036854775808 kinds",
            ),
            (
                "gpt-neox-parallel",
                json!({"num_attention_heads": 3}),
                "to be a divisor of hidden_size = 32, found 3",
            ),
            (
                "llama-plain",
                json!({"num_attention_heads": 3}),
                "to be a divisor of hidden_size = 32, found 3",
            ),
            (
                "llama-grouped",
                json!({"num_key_value_heads": 3}),
                "to be a divisor of num_attention_heads = 4",
            ),
            (
                "llama-grouped",
                json!({"num_key_value_heads": 0}),
                "num_key_value_heads to be a whole number from 1",
            ),
            ("llama-grouped", json!({"head_dim": 0}), "expected head_dim to be a whole number from 1"),
            (
                "llama-grouped",
                json!({"head_dim": 5}),
                "expected rotary positions to be pairs among each head's 5",
            ),
        ] {
            check_refused(name, &changes, sentence);
        }
    }

    /// An empty kind of attention, however often, is no layer; and it does not take for ever.
    #[test]
    fn empty_kinds_of_attention_are_skipped() {
        let mut config = fixture("gpt-neo-untied");
        config["attention_types"] = json!([[[], 1u64 << 62], [["local"], 3]]);
        assert!(read(config.to_string().as_bytes()).is_ok());
    }

    proptest! {
        #[test]
        fn no_config_panics(
            name in prop::sample::select(vec!["gpt2-base", "gpt-neo-untied", "gpt-neox-linear", "llama-llama3"]),
            flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
            number in prop::sample::select(vec!["0", "-1", "1e308", "18446744073709551615", "0.1", "null", "{}"]),
            at in any::<prop::sample::Index>(),
        ) {
            let mut config = fixture(name);
            let fields = config.as_object_mut().unwrap();
            let field = fields.keys().nth(at.index(fields.len())).unwrap().clone();
            fields.insert(field, serde_json::from_str(number).unwrap());
            let mut bytes = config.to_string().into_bytes();
            let _ = read(&bytes);
            for (at, byte) in flips {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let _ = read(&bytes);
        }
    }
}
