//! Language models as the Hub stores them: one architecture per file, with its config, checkpoint and tokenizer.

pub mod checkpoint;
pub mod config;
pub mod gpt2;
pub mod gpt_neo;
pub mod gpt_neox;
pub mod layers;
pub mod llama;
pub mod network;
pub mod rotary;
pub mod tokenizer;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use config::{ConfigError, Fields};
pub use network::{Network, NetworkError};
pub use tokenizer::{TokenizeError, Tokenizer, TokenizerError};
