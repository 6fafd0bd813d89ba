//! `compare`: two models, the same prompts, one verdict.

use std::io::Write;
use std::path::PathBuf;

use super::arguments::CompareArguments;
use super::error::CliError;
use super::files;
use super::next_token::{load_session, print_json};
use super::print::print_report;
use super::progress::with_progress;
use super::reduced::write_reduced;
use crate::lab::{self, Experiment, ModelSource, Observation, Thresholds};
use crate::theory::twin::{RecipeError, TwinRecipe};

pub fn run(arguments: &CompareArguments, out: &mut dyn Write) -> Result<(), CliError> {
    let prompts = match &arguments.prompts {
        Some(path) => files::read_prompts(path)?,
        None => files::default_prompts()?,
    };
    let concepts = files::concepts(arguments.concepts.as_deref(), &arguments.concept_names)?;
    let model_a = Model::parse(&arguments.a)?;
    let model_b = Model::parse(&arguments.b)?;
    let mut experiment = Experiment {
        model_a: model_a.source(None),
        model_b: model_b.source(None),
        prompts,
        concepts,
        seed: arguments.seed,
        thresholds: Thresholds::default(),
    };
    let a = model_a.observe(&experiment, arguments)?.ok_or_else(|| {
        CliError::BadModel(format!(
            "expected a folder or bundled:NAME as model A, found {}; only model B can be a twin",
            arguments.a
        ))
    })?;
    let b = model_b.observe(&experiment, arguments)?;
    experiment.model_a = model_a.source(Some(&a));
    experiment.model_b = model_b.source(b.as_ref());
    let report = with_progress(|listener| lab::analyze(&experiment, &a, b.as_ref(), listener))?;
    if let Some(path) = &arguments.export_reduced {
        write_reduced(&lab::reduced_of_observation(&a)?, path)?;
    }
    if arguments.json { print_json(&report, out) } else { print_report(&report, out) }
}

enum Model {
    Bundled { name: String, folder: PathBuf },
    Folder(PathBuf),
    Twin(TwinRecipe),
}

impl Model {
    fn parse(text: &str) -> Result<Self, CliError> {
        if let Some(name) = text.strip_prefix("bundled:") {
            Ok(Self::Bundled { name: name.to_owned(), folder: files::bundled_folder(name)? })
        } else if let Some(recipe) = text.strip_prefix("twin:") {
            let parsed =
                recipe.parse().map_err(|error: RecipeError| CliError::BadModel(error.to_string()))?;
            Ok(Self::Twin(parsed))
        } else {
            Ok(Self::Folder(PathBuf::from(text)))
        }
    }

    /// Runs the model on all contexts; a twin has none of its own to run.
    fn observe(
        &self,
        experiment: &Experiment,
        arguments: &CompareArguments,
    ) -> Result<Option<Observation>, CliError> {
        let folder = match self {
            Self::Bundled { folder, .. } | Self::Folder(folder) => folder,
            Self::Twin(_) => return Ok(None),
        };
        let session = load_session(folder, arguments.device)?;
        let calibration = if arguments.no_calibration { Vec::new() } else { files::calibration_texts() };
        let asked = experiment.concept_contexts();
        pollster::block_on(session.observe(&experiment.prompts, &asked, &calibration))
            .map(Some)
            .map_err(|source| CliError::Run { model: folder.display().to_string(), source })
    }

    /// How an experiment names the model; a folder's digest is known once it was observed.
    fn source(&self, observation: Option<&Observation>) -> ModelSource {
        match self {
            Self::Bundled { name, .. } => ModelSource::Bundled { name: name.clone() },
            Self::Folder(folder) => ModelSource::Local {
                name: observation.map_or_else(|| folder.display().to_string(), |o| o.model.name.clone()),
                sha256: observation.map(|o| o.model.sha256.clone()).unwrap_or_default(),
            },
            Self::Twin(recipe) => ModelSource::Twin { recipe: recipe.clone() },
        }
    }
}
