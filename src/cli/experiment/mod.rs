//! `experiment`: many pairs of models × many properties, in rows; docs/experiments.md says how to use it.

mod aggregate;
mod figures;
mod file;
mod findings;
mod merge;
mod models;
mod pairs;
mod plan;
mod plot;
mod report;
mod rows;
mod run;
mod store;
mod table;
mod tables;

use std::io::Write;

use super::arguments::{ExperimentArguments, ExperimentCommand};
use super::error::CliError;

pub use models::ModelFacts;
pub use pairs::Shard;
pub use store::write_whole;

pub fn run(arguments: ExperimentArguments, out: &mut dyn Write) -> Result<(), CliError> {
    match (arguments.command, arguments.run) {
        (Some(ExperimentCommand::Merge(arguments)), _) => merge::run(&arguments, out),
        (Some(ExperimentCommand::Report(arguments)), _) => report::run(&arguments, out),
        (Some(ExperimentCommand::Run(arguments)), _) | (None, Some(arguments)) => run::run(&arguments, out),
        // clap asks for a file where no other command is named.
        (None, None) => Err(CliError::Internal("neither a file nor a command was given".into())),
    }
}
