//! `compare`: two models, the same prompts, one verdict.

use std::io::Write;
use std::path::PathBuf;

use super::arguments::CompareArguments;
use super::error::CliError;
use super::experiment::ModelFacts;
use super::files::{self, World};
use super::next_token::{load_session, print_json};
use super::print::print_report;
use super::progress::with_progress;
use super::reduced::write_reduced;
use crate::engine::Session;
use crate::lab::{self, Concept, Experiment, ModelSource, Observation, Thresholds};
use crate::theory::twin::{RecipeError, TwinRecipe};

pub fn run(arguments: &CompareArguments, out: &mut dyn Write) -> Result<(), CliError> {
    let model_a = Model::parse(&arguments.a)?;
    let model_b = Model::parse(&arguments.b)?;
    let world = model_a.world()?;
    let prompts = match &arguments.prompts {
        Some(path) => files::read_prompts(path)?,
        None => world.default_prompts()?,
    };
    let calibration = if arguments.no_calibration { Vec::new() } else { world.calibration_texts()? };
    let mut experiment = Experiment {
        model_a: model_a.source(None),
        model_b: model_b.source(None),
        prompts,
        concepts: concepts(arguments, &world)?,
        seed: arguments.seed,
        thresholds: Thresholds::default(),
    };
    let a = match model_a.load(arguments)? {
        Some(session) => observe(&session, &experiment, &calibration)?,
        None => {
            return Err(CliError::BadModel(format!(
                "expected a folder or bundled:NAME as model A, found {}; only model B can be a twin",
                arguments.a
            )));
        }
    };
    let b = match model_b.load(arguments)? {
        Some(session) => {
            // A model of another world cannot read A's prompts: the reason comes before its consequence.
            lab::check_same_vocabulary(&a, &vocabulary_of(&session)?)?;
            Some(observe(&session, &experiment, &calibration)?)
        }
        None => None,
    };
    experiment.model_a = model_a.source(Some(&a));
    experiment.model_b = model_b.source(b.as_ref());
    let report = with_progress(|listener| lab::analyze(&experiment, &a, b.as_ref(), listener))?;
    if let Some(path) = &arguments.export_reduced {
        write_reduced(&lab::reduced_of_observation(&a)?, path)?;
    }
    if arguments.json { print_json(&report, out) } else { print_report(&report, out) }
}

/// Those asked for; of a world that has them, the superlatives, and of another its first.
fn concepts(arguments: &CompareArguments, world: &World) -> Result<Vec<Concept>, CliError> {
    let path = arguments.concepts.as_deref();
    let mut concepts = files::concepts(world, path, &arguments.concept_names)?;
    if path.is_none() && arguments.concept_names.is_empty() {
        let lead = concepts.iter().position(|concept| concept.name == "superlatives").unwrap_or(0);
        concepts.swap(0, lead);
        concepts.truncate(1);
    }
    Ok(concepts)
}

fn observe(
    session: &Session,
    experiment: &Experiment,
    calibration: &[String],
) -> Result<Observation, CliError> {
    let asked = experiment.concept_contexts();
    pollster::block_on(session.observe(&experiment.prompts, &asked, calibration))
        .map_err(|source| CliError::Run { model: session.card().name.clone(), source })
}

/// An observation of nothing, which still names the tokens.
fn vocabulary_of(session: &Session) -> Result<Observation, CliError> {
    pollster::block_on(session.observe(&[], &[], &[]))
        .map_err(|source| CliError::Run { model: session.card().name.clone(), source })
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

    /// Whose prompts, concepts and calibration texts it reads, where nothing else is asked for.
    fn world(&self) -> Result<World, CliError> {
        match self {
            Self::Bundled { folder, .. } | Self::Folder(folder) => match ModelFacts::world_of(folder)? {
                Some(world) => World::find(&world),
                None => Ok(World::English),
            },
            Self::Twin(_) => Ok(World::English),
        }
    }

    /// The model on its device; a twin has none of its own to run.
    fn load(&self, arguments: &CompareArguments) -> Result<Option<Session>, CliError> {
        match self {
            Self::Bundled { folder, .. } | Self::Folder(folder) => {
                load_session(folder, arguments.device).map(Some)
            }
            Self::Twin(_) => Ok(None),
        }
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
