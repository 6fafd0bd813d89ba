//! `next-token`: the most likely next tokens after each prompt.

use std::cmp::Ordering;
use std::io::Write;
use std::path::Path;

use serde::Serialize;

use super::arguments::{DeviceChoice, NextTokenArguments};
use super::error::CliError;
use super::files::{ModelFolder, read_model_folder};
use crate::engine::{Device, ModelFiles, Session};
use crate::lab::ModelCard;

#[derive(Serialize)]
struct Answer {
    model: Model,
    device: String,
    results: Vec<PromptAnswer>,
}

#[derive(Serialize)]
struct Model {
    path: String,
    architecture: String,
    d_model: usize,
    vocab_size: usize,
    parameters: usize,
    sha256: String,
}

#[derive(Serialize)]
struct PromptAnswer {
    prompt: String,
    token_ids: Vec<u32>,
    next: Vec<Candidate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<Vec<f32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden: Option<Vec<f32>>,
}

#[derive(Serialize)]
struct Candidate {
    id: u32,
    token: String,
    logprob: f32,
}

pub fn run(arguments: &NextTokenArguments, out: &mut dyn Write) -> Result<(), CliError> {
    let session = load_session(&arguments.model, arguments.device)?;
    let results = pollster::block_on(session.next_token(&arguments.prompts))
        .map_err(|source| CliError::Run { model: arguments.model.display().to_string(), source })?;
    let results = results.into_iter().zip(&arguments.prompts).map(|(result, prompt)| PromptAnswer {
        prompt: prompt.clone(),
        token_ids: result.token_ids,
        next: most_likely(&result.log_probs, arguments.top)
            .into_iter()
            .map(|id| Candidate { id, token: session.token(id), logprob: result.log_probs[id as usize] })
            .collect(),
        logprobs: arguments.full.then_some(result.log_probs),
        hidden: arguments.full.then_some(result.hidden),
    });
    let answer = Answer {
        model: Model::new(session.card(), &arguments.model),
        device: session.device().detail.clone(),
        results: results.collect(),
    };
    if arguments.json { print_json(&answer, out) } else { print_table(&answer, out) }
}

/// Loads the model in a folder onto the chosen device.
pub fn load_session(folder: &Path, choice: DeviceChoice) -> Result<Session, CliError> {
    let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
    let failed = |source| CliError::Load { model: folder.display().to_string(), source };
    let ModelFolder { small, weights } = read_model_folder(folder)?;
    let files = ModelFiles::from_named(name, small, weights).map_err(failed)?;
    let device = match choice {
        // For models of the sizes that a command line is asked about, the CPU answers first.
        DeviceChoice::Auto | DeviceChoice::Cpu => Device::cpu(),
        DeviceChoice::Gpu => pollster::block_on(Device::web_gpu()),
    };
    let device = device.map_err(|error| failed(error.into()))?;
    pollster::block_on(Session::load(files, device)).map_err(failed)
}

/// Ids of the `count` largest log-probabilities, largest first; ties by id.
fn most_likely(log_probs: &[f32], count: usize) -> Vec<u32> {
    let mut ids: Vec<u32> = (0..).take(log_probs.len()).collect();
    ids.sort_by(|&one, &other| {
        log_probs[other as usize].partial_cmp(&log_probs[one as usize]).unwrap_or(Ordering::Equal)
    });
    ids.truncate(count);
    ids
}

impl Model {
    fn new(card: &ModelCard, folder: &Path) -> Self {
        Self {
            path: folder.display().to_string(),
            architecture: card.architecture.clone(),
            d_model: card.d_model,
            vocab_size: card.vocab_size,
            parameters: card.parameters,
            sha256: card.sha256.clone(),
        }
    }
}

/// One JSON document and a line end.
pub fn print_json(value: &impl Serialize, out: &mut dyn Write) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(value).map_err(|error| CliError::Internal(error.to_string()))?;
    Ok(writeln!(out, "{text}")?)
}

fn print_table(answer: &Answer, out: &mut dyn Write) -> Result<(), CliError> {
    let Model { path, architecture, d_model, vocab_size, parameters, .. } = &answer.model;
    writeln!(out, "{path}: {architecture}, d = {d_model}, V = {vocab_size}, {parameters} parameters")?;
    writeln!(out, "engine: {}", answer.device)?;
    for result in &answer.results {
        writeln!(out, "\n{}", result.prompt)?;
        for Candidate { token, logprob, .. } in &result.next {
            writeln!(out, "  {:>6.2}%  {:>9.4} nats  {token:?}", 100.0 * logprob.exp(), logprob)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::most_likely;

    #[test]
    fn most_likely_sorts_and_breaks_ties_by_id() {
        assert_eq!(most_likely(&[-3.0, -1.0, -2.0, -1.0], 3), [1, 3, 2]);
        assert_eq!(most_likely(&[-3.0], 10), [0]);
    }
}
