//! Generated corpora whose next-token distribution is known exactly: what the bundled models are trained on and
//! measured against.
//!
//! Read [`english`] (the words and the sentence patterns), [`grammar`] (what they mean as a distribution), then
//! [`baseline`] (how far from the truth any predictor is).

pub mod baseline;
mod contexts;
pub mod english;
pub mod grammar;
pub mod materials;
pub mod pattern;
pub mod vocabulary;
pub mod world;
pub mod wugs;
