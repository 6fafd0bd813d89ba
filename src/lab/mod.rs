//! From an [`Experiment`] and what the engines observed to a [`Report`].

pub mod analyze;
pub mod catalogue;
mod comparison;
pub mod error;
pub mod experiment;
pub mod export;
#[cfg(test)]
pub(crate) mod fixture;
pub mod link;
mod material;
pub mod observation;
pub mod opening;
pub mod permalink;
pub mod progress;
mod properties;
pub mod reduced;
pub mod report;
pub mod tensors;
pub mod visible;

pub use analyze::{analyze, check_same_vocabulary, reduced_of_observation};
pub use catalogue::{Catalogue, CatalogueError, CatalogueModel, Role};
pub use error::LabError;
pub use experiment::{Concept, Experiment, ModelSource, Question, Relation, Thresholds};
pub use observation::{Context, EngineKind, ModelCard, Observation};
pub use report::Report;
pub use tensors::{Tensors, TensorsReport, analyze_tensors};
