//! `opening`: writes the report on what the page opens with, which the page shows before anything has computed.

use std::io::Write;

use super::arguments::{DeviceChoice, OpeningArguments};
use super::compare::observe;
use super::error::CliError;
use super::experiment::write_whole;
use super::files::{self, World};
use super::next_token::load_session;
use super::progress::with_progress;
use crate::lab::{self, Experiment, ModelSource, Observation, Report, Thresholds, opening};
use crate::text::opening::opening_words;

/// Writes the stored report and its verdict in words anew.
pub fn run(arguments: &OpeningArguments, out: &mut dyn Write) -> Result<(), CliError> {
    let report = report()?;
    let stored = opening::encode(&report).map_err(|error| CliError::Internal(error.to_string()))?;
    write_whole(&arguments.out, &stored)?;
    write_whole(&arguments.words, opening_words(&report).as_bytes())?;
    Ok(writeln!(out, "{} bytes in {}", stored.len(), arguments.out.display())?)
}

/// What a first visit computes: the page's first pair, prompts and concept.
fn report() -> Result<Report, CliError> {
    let world = World::English;
    let mut prompts = world.default_prompts()?;
    prompts.truncate(opening::N_PROMPTS);
    let mut concepts = files::concepts(&world, None, &[])?;
    concepts.truncate(1);
    let [model_a, model_b] = opening::PAIR.map(|name| ModelSource::Bundled { name: name.to_owned() });
    let thresholds = Thresholds::default();
    let experiment = Experiment { model_a, model_b, prompts, concepts, seed: 1, thresholds };
    let calibration = world.calibration_texts()?;
    let observed = |name: &str| -> Result<Observation, CliError> {
        let session = load_session(&files::bundled_folder(name)?, DeviceChoice::Cpu)?;
        observe(&session, &experiment, &calibration)
    };
    let [a, b] = [observed(opening::PAIR[0])?, observed(opening::PAIR[1])?];
    Ok(with_progress(|listener| lab::analyze(&experiment, &a, Some(&b), listener))?)
}
