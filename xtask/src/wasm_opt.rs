//! `wasm-opt` for Trunk: whichever can be had, with its results kept in the user's cache.
//!
//! npm's build of it is itself WebAssembly and takes minutes on the WebGPU engine. Trunk looks for a program of this
//! name on the PATH, so this program puts itself there under that name and asks the real one only for new input.

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::npm::{self, Package};
use crate::places;
use crate::shell::{self, Outcome, say};

const NAME: &str = "wasm-opt";
/// npm's package of the same program.
const BINARYEN: Package = Package { name: "binaryen", version: "132.0.0" };
/// The oldest that knows every wasm feature in use.
const OLDEST: u32 = 120;
/// Tells the program under the name `wasm-opt` where the real one is.
const REAL: &str = "ALL_OR_NONE_WASM_OPT";

/// What Trunk shall do with finished modules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// Optimise them.
    Optimise,
    /// Leave them as they are: larger and quicker to build.
    Copy,
}

/// The real program, installed with npm if need be; nothing where neither is there and Trunk must download its own.
pub fn program() -> Outcome<Option<PathBuf>> {
    if let Some(path) = shell::find(NAME).filter(|path| version_number(path).is_some_and(|v| v >= OLDEST)) {
        return Ok(Some(path));
    }
    match BINARYEN.installed() {
        Ok(Some(_)) => Ok(Some(npm::program(NAME))),
        Ok(None) => {
            say("no wasm-opt and no npm to install it: left to Trunk's own download");
            Ok(None)
        }
        Err(message) => {
            say(&format!("{message}: wasm-opt is left to Trunk's own download"));
            Ok(None)
        }
    }
}

/// Lets Trunk, started by this command, find this program under the name `wasm-opt`.
pub fn offer_to(trunk: &mut Command, effort: Effort) -> Outcome {
    let real = match effort {
        Effort::Copy => Some(PathBuf::new()),
        Effort::Optimise => program()?,
    };
    let mut front = vec![places::cargo_bin()];
    if let Some(real) = real {
        front.insert(0, stand_in()?);
        trunk.env(REAL, real);
    }
    trunk.env("PATH", shell::path_with(&front));
    Ok(())
}

/// Whether this program was started under the name `wasm-opt`.
pub fn called_by_trunk() -> bool {
    env::args_os().next().is_some_and(|name| Path::new(&name).file_stem().is_some_and(|stem| stem == NAME))
}

/// Does what `wasm-opt` would do with these arguments, from the cache where it can.
pub fn run_cached() -> Outcome {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let real = env::var_os(REAL).map(PathBuf::from).unwrap_or_default();
    let copies = real.as_os_str().is_empty();
    if arguments == ["--version"] {
        println!("wasm-opt version {}", if copies { 0 } else { version_number(&real).unwrap_or(0) });
        return Ok(());
    }
    let call = Call::read(&arguments)?;
    if copies {
        return copy(Path::new(call.input), Path::new(call.output));
    }
    let kept = places::cache().join("wasm-opt").join(format!("{:016x}.wasm", call.key(&real)?));
    if !kept.is_file() {
        shell::run(Command::new(&real).args(&arguments))?;
        // Moved into place, so that an interrupted copy is never taken for a result.
        let partial = kept.with_extension("partial");
        copy(Path::new(call.output), &partial)?;
        return fs::rename(&partial, &kept)
            .map_err(|error| format!("could not keep {}: {error}", kept.display()));
    }
    copy(&kept, Path::new(call.output))
}

/// The arguments that Trunk gives.
#[derive(Debug, PartialEq, Eq)]
struct Call<'a> {
    output: &'a str,
    input: &'a str,
    flags: Vec<&'a str>,
}

impl<'a> Call<'a> {
    fn read(arguments: &'a [String]) -> Outcome<Self> {
        let (inputs, flags): (Vec<&str>, Vec<&str>) =
            arguments.iter().map(String::as_str).partition(|a| !a.starts_with('-'));
        let (outputs, flags): (Vec<&str>, Vec<&str>) =
            flags.into_iter().partition(|flag| flag.starts_with("--output="));
        match (inputs.as_slice(), outputs.as_slice()) {
            ([input], [output]) => Ok(Self { input, output: output.trim_start_matches("--output="), flags }),
            _ => Err(format!(
                "expected one input and one --output= for wasm-opt, found: {}",
                arguments.join(" ")
            )),
        }
    }

    /// Equal for equal content, flags and version of the program.
    fn key(&self, real: &Path) -> Outcome<u64> {
        let content =
            fs::read(self.input).map_err(|error| format!("could not read {}: {error}", self.input))?;
        let mut hasher = DefaultHasher::new();
        (content, &self.flags, version_number(real)).hash(&mut hasher);
        Ok(hasher.finish())
    }
}

/// A folder that holds this program under the name `wasm-opt` and nothing else.
fn stand_in() -> Outcome<PathBuf> {
    let folder = places::cache().join("stand-in");
    let this =
        env::current_exe().map_err(|error| format!("could not find this program's own file: {error}"))?;
    let name = folder.join(format!("{NAME}{}", env::consts::EXE_SUFFIX));
    // Removed first: a running program's file cannot be written over.
    let _ = fs::remove_file(&name);
    copy(&this, &name)?;
    Ok(folder)
}

fn copy(from: &Path, to: &Path) -> Outcome {
    let explain = |error| format!("could not copy {} to {}: {error}", from.display(), to.display());
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(explain)?;
    }
    fs::copy(from, to).map(drop).map_err(explain)
}

fn version_number(program: &Path) -> Option<u32> {
    number_in(&shell::output(Command::new(program).arg("--version"))?)
}

fn number_in(version_line: &str) -> Option<u32> {
    version_line.strip_prefix("wasm-opt version ")?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_line_has_one_number() {
        assert_eq!(number_in("wasm-opt version 132 (version_132)"), Some(132));
        assert_eq!(number_in("wasm-opt version 120"), Some(120));
        assert_eq!(number_in("something else"), None);
    }

    #[test]
    fn a_call_has_one_input_one_output_and_flags() {
        let arguments = ["--output=out.wasm", "-Oz", "in.wasm", "--enable-simd"].map(str::to_owned);
        let call = Call::read(&arguments).unwrap();
        assert_eq!(call, Call { output: "out.wasm", input: "in.wasm", flags: vec!["-Oz", "--enable-simd"] });
        assert!(Call::read(&arguments[1..]).is_err());
    }
}
