//! `compare`: two models, the same prompts, one verdict.

use std::io::Write;
use std::path::PathBuf;

use super::arguments::CompareArguments;
use super::error::CliError;
use super::experiment::ModelFacts;
use super::export;
use super::files::{self, World};
use super::next_token::{load_session, print_json};
use super::print::print_report;
use super::progress::with_progress;
use super::reduced::write_reduced;
use super::shared;
use crate::engine::Session;
use crate::lab::permalink::Opened;
use crate::lab::{self, Concept, Experiment, ModelSource, Observation, Question, Report, Thresholds};
use crate::theory::twin::{RecipeError, TwinRecipe};

pub fn run(arguments: &CompareArguments, out: &mut dyn Write) -> Result<(), CliError> {
    let opened = arguments.open.as_deref().map(shared::open).transpose()?;
    let (report, calibration) = compute(arguments, opened.as_ref())?;
    for path in &arguments.export {
        export::write(&report, &calibration, path)?;
    }
    if let Some(page) = &arguments.link {
        shared::print_link(&report, page, out)?;
    }
    if let Some(opened) = &opened {
        return shared::print_reproduction(opened, &report, arguments.json, out);
    }
    if arguments.json { print_json(&report, out) } else { print_report(&report, out) }
}

/// The report on what the arguments or a link ask, and the calibration texts that it observed.
pub(super) fn compute(
    arguments: &CompareArguments,
    opened: Option<&Opened>,
) -> Result<(Report, Vec<String>), CliError> {
    let asked = asked(arguments, opened)?;
    let calibration = if arguments.no_calibration { Vec::new() } else { asked.world.calibration_texts()? };
    Ok((report(arguments, asked, &calibration)?, calibration))
}

/// What is compared, on what.
struct Asked {
    model_a: Model,
    model_b: Model,
    world: World,
    experiment: Experiment,
}

/// What the arguments say; of a link or file, what they leave open.
fn asked(arguments: &CompareArguments, opened: Option<&Opened>) -> Result<Asked, CliError> {
    let model =
        |typed: &Option<String>, letter, source: fn(&Experiment) -> &ModelSource| match (typed, opened) {
            (Some(text), _) => Model::parse(text),
            (None, Some(opened)) => Model::of_source(source(&opened.shared.experiment), letter),
            (None, None) => Err(CliError::BadModel(format!(
                "expected a model {letter}, found none: name it by --{letter}"
            ))),
        };
    let model_a = model(&arguments.a, 'a', |asked| &asked.model_a)?;
    let model_b = model(&arguments.b, 'b', |asked| &asked.model_b)?;
    let world = model_a.world()?;
    let sources = (model_a.source(None), model_b.source(None));
    let experiment = match opened {
        Some(opened) => {
            let experiment = opened.shared.experiment.clone();
            Experiment { model_a: sources.0, model_b: sources.1, ..experiment }
        }
        None => Experiment {
            model_a: sources.0,
            model_b: sources.1,
            prompts: match &arguments.prompts {
                Some(path) => files::read_prompts(path)?,
                None => world.default_prompts()?,
            },
            concepts: concepts(arguments, &world)?,
            seed: arguments.seed,
            thresholds: Thresholds::default(),
        },
    };
    Ok(Asked { model_a, model_b, world, experiment })
}

/// Runs both models and the lab.
fn report(arguments: &CompareArguments, asked: Asked, calibration: &[String]) -> Result<Report, CliError> {
    let Asked { model_a, model_b, mut experiment, .. } = asked;
    let a = match model_a.load(arguments)? {
        Some(session) => observe(&session, &experiment, calibration)?,
        None => {
            return Err(CliError::BadModel(
                "expected a folder or bundled:NAME as model A, found a twin; only model B can be one".into(),
            ));
        }
    };
    let b = match model_b.load(arguments)? {
        Some(session) => {
            // A model of another world cannot read A's prompts: the reason comes before its consequence.
            lab::check_same_vocabulary(&a, &vocabulary_of(&session)?)?;
            Some(observe(&session, &experiment, calibration)?)
        }
        None => None,
    };
    experiment.model_a = model_a.source(Some(&a));
    experiment.model_b = model_b.source(b.as_ref());
    let report = with_progress(|listener| lab::analyze(&experiment, &a, b.as_ref(), listener))?;
    if let Some(path) = &arguments.export_reduced {
        write_reduced(&lab::reduced_of_observation(&a)?, path)?;
    }
    Ok(report)
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

/// One model on everything that the experiment asks of it.
pub fn observe(
    session: &Session,
    experiment: &Experiment,
    calibration: &[String],
) -> Result<Observation, CliError> {
    let Question { prompts, concept_contexts, calibration } = Question::of(experiment, calibration);
    pollster::block_on(session.observe(&prompts, &concept_contexts, &calibration))
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

    /// The model that a link or file names, where this machine can have it without being told where it is.
    fn of_source(source: &ModelSource, letter: char) -> Result<Self, CliError> {
        let elsewhere = |what: String| {
            Err(CliError::BadModel(format!(
                "{what} is not on this machine: download it and name its folder by --{letter}"
            )))
        };
        match source {
            ModelSource::Bundled { name } => {
                Ok(Self::Bundled { name: name.clone(), folder: files::bundled_folder(name)? })
            }
            ModelSource::Twin { recipe } => Ok(Self::Twin(recipe.clone())),
            ModelSource::Local { name, .. } => elsewhere(format!("the model {name:?} of the link")),
            ModelSource::Hub { repository, commit, .. } => {
                let commit = commit.as_ref().map(|commit| format!(" at {commit}")).unwrap_or_default();
                elsewhere(format!("{repository}{commit} of the Hub"))
            }
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
