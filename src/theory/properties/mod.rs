//! The linear properties, one a file: each scored raw (in a model's own coordinates) and visible (from the distribution).

pub mod arrows;
mod pairs;
pub mod parallelism;
pub mod probing;
pub mod relational;
pub mod ridge;
pub mod score;
pub mod steering;
pub mod subspace;
