//! What can go wrong on the command line, each in one line.

use std::path::PathBuf;

use thiserror::Error;

use crate::engine::{LoadError, RunError};
use crate::lab::link::LinkError;
use crate::lab::{CatalogueError, LabError};

/// A failure and whose fault it is.
#[derive(Debug, Error)]
pub enum CliError {
    /// A file or folder cannot be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A bundled model that does not exist.
    #[error("expected a bundled model ({known}), found bundled:{name}; give one of these or a folder", known = known.join(", "))]
    UnknownBundled {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A world that does not exist.
    #[error(
        "expected a world's name or its folder (calibration.txt, concepts.json, prompts.json), found {0:?}"
    )]
    UnknownWorld(String),
    /// The list of bundled models is not what it should be.
    #[error("{path}: {source}", path = path.display())]
    Catalogue {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: CatalogueError,
    },
    /// An experiment file that is not what it should be.
    #[error("{path}: {message}", path = path.display())]
    BadExperiment {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The rows of an experiment that cannot be gone on with, joined or reported.
    #[error("{path}: {message}", path = path.display())]
    BadRows {
        /// Which folder or file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// One pair of an experiment that cannot be compared.
    #[error("{a} and {b}: {source}")]
    Pair {
        /// Model A.
        a: String,
        /// Model B.
        b: String,
        /// Why.
        source: LabError,
    },
    /// A file cannot be written.
    #[error("cannot write {path}: {message}", path = path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// A concept that does not exist.
    #[error("expected a concept ({known}), found {name:?}", known = known.join(", "))]
    UnknownConcept {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A twin that does not exist, or a twin as model A.
    #[error("{0}")]
    BadModel(String),
    /// A prompts or concepts file that is not what it should be.
    #[error("{path}, line {line}: expected {expected}, found {found}", path = path.display())]
    BadLine {
        /// Which file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// An empty prompts file.
    #[error("{path} has no prompt; write one per line", path = path.display())]
    NoPrompts {
        /// Which file.
        path: PathBuf,
    },
    /// A link or a saved file that cannot be read, or what does not fit into one.
    #[error("{0}")]
    Link(#[from] LinkError),
    /// A form of the report that there is not.
    #[error(
        "expected a file whose name ends in .json, .csv, .html, .py or .allornone.json, found {path}",
        path = path.display()
    )]
    UnknownExport {
        /// What was asked for.
        path: PathBuf,
    },
    /// A tensors file that is not what it should be.
    #[error("{path}: {message}", path = path.display())]
    BadTensors {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// A model that cannot be loaded.
    #[error("{model}: {source}")]
    Load {
        /// Which model.
        model: String,
        /// Why.
        source: LoadError,
    },
    /// A prompt that cannot be run.
    #[error("{model}: {source}")]
    Run {
        /// Which model.
        model: String,
        /// Why.
        source: RunError,
    },
    /// Models that cannot be compared.
    #[error("{0}")]
    Lab(#[from] LabError),
    /// Standard output is gone.
    #[error("cannot write the answer: {0}")]
    Output(#[from] std::io::Error),
    /// A fault of ours.
    #[error("internal error: {0}; please report it")]
    Internal(String),
}

impl CliError {
    /// 2 for bad input, 1 for a fault of ours.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Output(_) | Self::Internal(_) => 1,
            _ => 2,
        }
    }
}
