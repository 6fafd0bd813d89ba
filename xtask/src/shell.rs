//! Running other programs: found on the PATH, announced, and named when they fail.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::places;

/// What a task gives, or one sentence on what went wrong and what to do.
pub type Outcome<T = ()> = Result<T, String>;

/// Prints one line of progress.
pub fn say(line: &str) {
    println!("xtask: {line}");
}

/// The cargo that runs this program, started in the repository's root.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(places::root()).env("PATH", path_with(&[places::cargo_bin()]));
    command
}

/// Runs to the end and fails with the command's name when it fails.
pub fn run(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|error| format!("could not start {}: {error}", shown(command)))?;
    if status.success() { Ok(()) } else { Err(format!("{} failed ({status})", shown(command))) }
}

/// Standard output of a command that succeeds, otherwise nothing.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Where a program is, on the PATH or where cargo installs programs.
pub fn find(program: &str) -> Option<PathBuf> {
    let file = format!("{program}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&path_with(&[places::cargo_bin()]))
        .map(|folder| folder.join(&file))
        .find(|path| path.is_file())
}

/// The PATH with these folders in front.
pub fn path_with(folders: &[PathBuf]) -> OsString {
    let inherited = env::var_os("PATH").unwrap_or_default();
    let all = folders.iter().cloned().chain(env::split_paths(&inherited));
    env::join_paths(all).unwrap_or(inherited)
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy();
    let arguments = command.get_args().map(|argument| argument.to_string_lossy());
    let words: Vec<_> = std::iter::once(program).chain(arguments).collect();
    format!("`{}`", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_command_is_named_with_its_arguments() {
        let error = run(Command::new("rustc").args(["--no-such-flag"]).stderr(Stdio::null())).unwrap_err();
        assert!(error.starts_with("`rustc --no-such-flag` failed"), "{error}");
    }

    #[test]
    fn output_of_a_failing_command_is_nothing() {
        assert_eq!(output(Command::new("rustc").arg("--no-such-flag")), None);
        assert!(output(Command::new("rustc").arg("--version")).unwrap().starts_with("rustc "));
    }
}
