//! From an [`Experiment`] and what the engines observed to a [`Report`].

pub mod analyze;
mod comparison;
pub mod concept;
pub mod error;
pub mod experiment;
pub mod link;
pub mod observation;
pub mod report;
pub mod tensors;
pub mod words;

pub use analyze::analyze;
pub use error::LabError;
pub use experiment::{Concept, Experiment, ModelSource, Thresholds};
pub use observation::{Context, EngineKind, ModelCard, Observation};
pub use report::Report;
pub use tensors::{Tensors, TensorsReport, analyze_tensors};
