//! The world of wugs: made-up words with latent vectors, so that which properties are linear is known beforehand
//! (docs/worlds.md has the formulas).
//!
//! Read [`patterns`] (the sentences), [`lexicon`] (how words are chosen), then [`world`] (what they mean as a
//! distribution).

pub mod lexicon;
pub mod materials;
pub mod patterns;
pub mod spelling;
pub mod world;

pub use world::Wugs;
