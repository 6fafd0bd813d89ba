//! Language models as the Hub stores them: one architecture per file, with its config, checkpoint and tokenizer.

pub mod checkpoint;
pub mod config;
pub mod gpt2;
pub mod gpt_neo;
pub mod gpt_neox;
pub mod header;
pub mod layers;
pub mod llama;
pub mod network;
pub mod rotary;
pub mod sizes;
pub mod source;
pub mod tokenizer;
pub mod unread;
pub mod vocabulary;

pub use checkpoint::{Checkpoint, CheckpointError, hexadecimal};
pub use config::{ConfigError, Fields};
pub use network::{Network, NetworkConfig};
pub use source::{ByteSource, ReadError, WeightsFile};
pub use tokenizer::{TokenizeError, Tokenizer, TokenizerError};
