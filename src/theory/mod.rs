//! Pure f64 mathematics on slices and matrices: no device, no async, no browser, every random draw from a seed.

pub mod distribution;
pub mod equivalence;
pub mod linear_map;
pub mod minimal;
pub mod nielsen;
pub mod planner;
pub mod prompt_map;
pub mod properties;
pub mod representation;
pub mod statistics;
pub mod subspace;
pub mod twin;
pub mod verdict;

pub use representation::{Precision, Representation, TheoryError};
