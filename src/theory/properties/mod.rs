//! Linear properties and their scores, raw and visible.

pub mod parallelism;
