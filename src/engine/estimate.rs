//! What a model will need, told from its config before any of its weights is fetched.

use thiserror::Error;

use crate::models::vocabulary::MAX_TILE_BYTES;
use crate::models::{ConfigError, NetworkConfig};

use super::session::tokens_per_batch;

/// Bytes that one WebAssembly program can be relied on to have. Its addresses end at 4 GiB; allocators leave gaps, and
/// what a browser grants falls short of the whole, so an eighth is left.
pub const WASM_BYTES: u64 = (4 << 30) - (512 << 20);

/// What every engine needs beside its weights: code's own data, stack, tokenizer.
const BASE_BYTES: u64 = 48 << 20;

/// Hidden layers of one batch that are alive at once.
const LAYERS_ALIVE: u64 = 6;

/// What a model needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Estimate {
    /// `model_type`.
    pub architecture: String,
    /// d.
    pub d_model: usize,
    /// V, padding included.
    pub vocab_size: usize,
    /// Number of weights that the network reads.
    pub parameters: u64,
    /// Bytes of the weights on the device, where all are f32.
    pub device_bytes: u64,
    /// Most bytes that the engine's program has at once: on the CPU, where the weights are in its memory too.
    pub peak_bytes: u64,
    /// Bytes of the largest buffer on the device.
    pub largest_buffer: u64,
}

/// What a device has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that the engine's program may have where the weights are in its memory.
    pub program_bytes: Option<u64>,
    /// Bytes of one buffer of a graphics adapter: the lesser of its `maxBufferSize` and
    /// `maxStorageBufferBindingSize`.
    pub buffer_bytes: Option<u64>,
}

impl Limits {
    /// The CPU engine in a browser.
    pub const WASM: Self = Self { program_bytes: Some(WASM_BYTES), buffer_bytes: None };

    /// A graphics adapter.
    pub fn of_adapter(buffer_bytes: u64) -> Self {
        Self { program_bytes: None, buffer_bytes: Some(buffer_bytes) }
    }
}

/// Why a model cannot be loaded on a device. The caller adds what else to choose.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DoesNotFit {
    /// The program's memory.
    #[error(
        "expected a model that fits into {} of memory, found one of {} weights that needs about {}; choose a smaller model",
        size(*limit), count(*parameters), size(*needed)
    )]
    Memory {
        /// Weights.
        parameters: u64,
        /// Bytes that it needs.
        needed: u64,
        /// Bytes that there are.
        limit: u64,
    },
    /// One buffer of the adapter.
    #[error(
        "expected tensors of at most {}, which is what this graphics adapter binds at once, found one of {}; use the CPU engine or choose a smaller model",
        size(*limit), size(*needed)
    )]
    Buffer {
        /// Bytes of the largest tensor.
        needed: u64,
        /// Bytes that the adapter binds.
        limit: u64,
    },
}

impl Estimate {
    /// From `config.json` alone.
    ///
    /// # Errors
    /// An architecture that is not implemented, quantised weights, and whatever else makes a config unusable.
    pub fn of_config(config: &[u8]) -> Result<Self, ConfigError> {
        let config = NetworkConfig::parse(config)?;
        let bytes = |weights: u64| weights.saturating_mul(size_of::<f32>() as u64);
        let sizes = &config.sizes;
        let tile = bytes(sizes.vocabulary).min((MAX_TILE_BYTES as u64).max(bytes(config.d_model as u64)));
        let largest_buffer = bytes(sizes.largest()).max(tile);
        let widest = sizes.largest() / config.d_model.max(1) as u64;
        let per_layer = bytes(widest.saturating_mul(tokens_per_batch(&config) as u64));
        let device_bytes = bytes(sizes.n_weights());
        Ok(Self {
            architecture: config.architecture.clone(),
            d_model: config.d_model,
            vocab_size: config.vocab_size,
            parameters: sizes.n_weights(),
            device_bytes,
            peak_bytes: device_bytes
                .saturating_add(largest_buffer)
                .saturating_add(per_layer.saturating_mul(LAYERS_ALIVE))
                .saturating_add(BASE_BYTES),
            largest_buffer,
        })
    }

    /// Checks that the model fits.
    ///
    /// # Errors
    /// The first limit that it does not keep.
    pub fn check_fits(&self, limits: Limits) -> Result<(), DoesNotFit> {
        match (limits.program_bytes, limits.buffer_bytes) {
            (Some(limit), _) if self.peak_bytes > limit => {
                Err(DoesNotFit::Memory { parameters: self.parameters, needed: self.peak_bytes, limit })
            }
            (_, Some(limit)) if self.largest_buffer > limit => {
                Err(DoesNotFit::Buffer { needed: self.largest_buffer, limit })
            }
            _ => Ok(()),
        }
    }
}

/// Bytes for people, in the units of file lists.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.0} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// A number of weights for people.
fn count(weights: u64) -> String {
    match weights {
        0..1_000_000 => weights.to_string(),
        1_000_000..1_000_000_000 => format!("{:.0} million", weights as f64 / 1e6),
        _ => format!("{:.1} thousand million", weights as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn estimate(config: &Value) -> Result<Estimate, ConfigError> {
        Estimate::of_config(config.to_string().as_bytes())
    }

    fn gpt2(d: usize, n_layer: usize) -> Value {
        json!({"model_type": "gpt2", "vocab_size": 50257, "n_embd": d, "n_layer": n_layer, "n_head": d / 64,
            "n_positions": 1024})
    }

    fn llama(vocab: usize, d: usize, inner: usize, layers: usize) -> Value {
        json!({"model_type": "llama", "vocab_size": vocab, "hidden_size": d, "intermediate_size": inner,
            "num_hidden_layers": layers, "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": d / 32,
            "max_position_embeddings": 2048, "tie_word_embeddings": true})
    }

    /// The numbers of weights that the models' authors give.
    #[test]
    fn weights_of_public_models_are_counted() {
        let parameters = |config| estimate(&config).unwrap().parameters;
        assert_eq!(parameters(gpt2(768, 12)), 124_439_808);
        assert_eq!(parameters(gpt2(768, 6)), 81_912_576);
        assert_eq!(parameters(gpt2(1024, 24)), 354_823_168);
        let pythia = json!({"model_type": "gpt_neox", "vocab_size": 50304, "hidden_size": 128,
            "num_hidden_layers": 6, "num_attention_heads": 4, "intermediate_size": 512,
            "max_position_embeddings": 2048, "use_parallel_residual": true, "rotary_pct": 0.25,
            "rotary_emb_base": 10000, "hidden_act": "gelu", "tie_word_embeddings": false});
        assert_eq!(parameters(pythia), 14_067_712);
        let smol = json!({"model_type": "llama", "vocab_size": 49152, "hidden_size": 576,
            "intermediate_size": 1536, "num_hidden_layers": 30, "num_attention_heads": 9,
            "num_key_value_heads": 3, "max_position_embeddings": 8192, "rope_theta": 100000,
            "tie_word_embeddings": true});
        assert_eq!(parameters(smol), 134_515_008);
        assert_eq!(parameters(llama(128_256, 2048, 8192, 16)), 1_235_814_400);
    }

    #[test]
    fn gpt2_fits_everywhere() {
        let found = estimate(&gpt2(768, 12)).unwrap();
        assert_eq!((found.d_model, found.vocab_size, found.device_bytes), (768, 50257, 497_759_232));
        assert!(found.peak_bytes > found.device_bytes && found.peak_bytes < 750_000_000);
        assert_eq!(found.largest_buffer, MAX_TILE_BYTES as u64);
        assert_eq!(found.check_fits(Limits::WASM), Ok(()));
        assert_eq!(found.check_fits(Limits::of_adapter(128 << 20)), Ok(()));
    }

    #[test]
    fn models_that_do_not_fit_are_refused_in_numbers() {
        let large = estimate(&llama(128_256, 2048, 8192, 16)).unwrap();
        let error = large.check_fits(Limits::WASM).unwrap_err().to_string();
        assert!(
            error.starts_with("expected a model that fits into 3.8 GB of memory, found one of 1.2 thousand million weights that needs about 5.")
                && error.ends_with("GB; choose a smaller model"),
            "{error}"
        );
        let wide = estimate(&llama(32_000, 4096, 16_384, 1)).unwrap();
        let error = wide.check_fits(Limits::of_adapter(128 << 20)).unwrap_err().to_string();
        assert!(error.contains("at most 134 MB") && error.contains("found one of 268 MB"), "{error}");
        assert_eq!(wide.check_fits(Limits::of_adapter(1 << 30)), Ok(()));
        assert_eq!(large.check_fits(Limits { program_bytes: None, buffer_bytes: None }), Ok(()));
    }

    #[test]
    fn sizes_past_counting_do_not_fit_rather_than_overflow() {
        let size = 1 << 24;
        let absurd = estimate(&llama(size, size, size, size)).unwrap();
        assert!(absurd.check_fits(Limits::WASM).is_err() && absurd.parameters > 1 << 60);
    }

    #[test]
    fn configs_are_refused_before_any_weight_is_fetched() {
        let error = estimate(&json!({"model_type": "mamba"})).unwrap_err().to_string();
        assert!(error.contains("found mamba"), "{error}");
        let mut quantised = gpt2(768, 12);
        quantised["quantization_config"] = json!({"quant_method": "gptq", "bits": 4});
        let error = estimate(&quantised).unwrap_err().to_string();
        assert!(error.contains("weights are quantised (gptq)"), "{error}");
    }
}
