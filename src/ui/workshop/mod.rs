//! The twin workshop as values: what constructors do, knobs, what a setting did, the trap, and the words for all of it.

pub mod facts;
pub mod history;
pub mod knobs;
pub mod trap;
pub mod words;
