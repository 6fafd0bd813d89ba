//! `compare`: two models, the same prompts, one verdict.

use std::io::Write;
use std::path::PathBuf;

use super::arguments::CompareArguments;
use super::error::CliError;
use super::files;
use super::next_token::{load_session, print_json};
use super::print::print_report;
use crate::lab::{self, Experiment, ModelSource, Observation, Thresholds};
use crate::theory::twin::TwinKind;

pub fn run(arguments: &CompareArguments, out: &mut dyn Write) -> Result<(), CliError> {
    let prompts = match &arguments.prompts {
        Some(path) => files::read_prompts(path)?,
        None => files::default_prompts()?,
    };
    let concept = match &arguments.concepts {
        Some(path) => files::read_concept(path)?,
        None => files::default_concept()?,
    };
    let model_a = Model::parse(&arguments.a)?;
    let model_b = Model::parse(&arguments.b)?;
    let a = model_a.observe(&prompts, arguments)?.ok_or_else(|| {
        CliError::BadModel(format!(
            "expected a folder or bundled:NAME as model A, found {}; only model B can be a twin",
            arguments.a
        ))
    })?;
    let b = model_b.observe(&prompts, arguments)?;
    let experiment = Experiment {
        model_a: model_a.source(&a),
        model_b: model_b.source(b.as_ref().unwrap_or(&a)),
        prompts,
        concept,
        seed: arguments.seed,
        thresholds: Thresholds::default(),
    };
    let report = lab::analyze(&experiment, &a, b.as_ref(), &mut |_| ())?;
    if arguments.json { print_json(&report, out) } else { print_report(&report, out) }
}

enum Model {
    Bundled { name: String, folder: PathBuf },
    Folder(PathBuf),
    Twin(TwinKind),
}

impl Model {
    fn parse(text: &str) -> Result<Self, CliError> {
        if let Some(name) = text.strip_prefix("bundled:") {
            Ok(Self::Bundled { name: name.to_owned(), folder: files::bundled_folder(name)? })
        } else if let Some(kind) = text.strip_prefix("twin:") {
            let parsed = serde_json::from_value(serde_json::Value::from(kind)).map_err(|_| {
                CliError::BadModel(format!(
                    "expected twin:change-of-basis, twin:dark-unembedding or twin:dark-embedding, found {text}"
                ))
            })?;
            Ok(Self::Twin(parsed))
        } else {
            Ok(Self::Folder(PathBuf::from(text)))
        }
    }

    /// Runs the model on all contexts; a twin has none of its own to run.
    fn observe(
        &self,
        prompts: &[String],
        arguments: &CompareArguments,
    ) -> Result<Option<Observation>, CliError> {
        let folder = match self {
            Self::Bundled { folder, .. } | Self::Folder(folder) => folder,
            Self::Twin(_) => return Ok(None),
        };
        let session = load_session(folder, arguments.device)?;
        pollster::block_on(session.observe(prompts, &files::calibration_texts()))
            .map(Some)
            .map_err(|source| CliError::Run { model: folder.display().to_string(), source })
    }

    fn source(&self, observation: &Observation) -> ModelSource {
        match self {
            Self::Bundled { name, .. } => ModelSource::Bundled { name: name.clone() },
            Self::Folder(_) => ModelSource::Local {
                name: observation.model.name.clone(),
                sha256: observation.model.sha256.clone(),
            },
            Self::Twin(kind) => ModelSource::Twin { kind: *kind },
        }
    }
}
