//! The command line: arguments in, the same report as the page out.

mod analyze;
mod arguments;
mod catalogue;
mod compare;
mod error;
mod experiment;
mod export;
mod files;
mod next_token;
mod opening;
mod print;
mod progress;
mod reduced;
mod shared;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

pub use error::CliError;

use arguments::{Arguments, Command};

/// Runs the command line: status 0 with an answer of any kind, 2 for bad input, 1 for a fault of ours.
pub fn main() -> ExitCode {
    // clap prints help and its own complaints, with status 0 and 2.
    let arguments = Arguments::parse();
    match run(arguments, &mut std::io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::from(error.exit_status())
        }
    }
}

fn run(arguments: Arguments, out: &mut dyn Write) -> Result<(), CliError> {
    let result = match arguments.command {
        Command::NextToken(arguments) => next_token::run(&arguments, out),
        Command::Compare(arguments) => compare::run(&arguments, out),
        Command::Analyze(arguments) => analyze::run(&arguments, out),
        Command::Experiment(arguments) => experiment::run(arguments, out),
        Command::Catalogue(arguments) => catalogue::run(&arguments, out),
        Command::Opening(arguments) => opening::run(&arguments, out),
    };
    match result {
        // Whoever reads us may stop early: `… | head`.
        Err(CliError::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
