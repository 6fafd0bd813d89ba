//! From an [`Experiment`] and what the engines observed to a [`Report`].

pub mod experiment;
pub mod link;
pub mod observation;
pub mod report;
pub mod words;

pub use experiment::{Concept, Experiment, ModelSource, Thresholds};
pub use observation::{Context, EngineKind, ModelCard, Observation};
pub use report::Report;
