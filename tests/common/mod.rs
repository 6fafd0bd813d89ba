//! What several tests share.

pub mod gpt2_shaped;
