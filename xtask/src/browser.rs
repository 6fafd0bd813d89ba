//! Browsers to test in, each with the program that drives it: named by the user, found, or installed.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::shell::{self, Outcome, say};
use crate::tools;

/// A program that browser tests need.
struct Program {
    /// The environment's variable that names it, for the user and for the tests.
    variable: &'static str,
    /// Names that it goes by.
    names: &'static [&'static str],
    /// What people call it.
    called: &'static str,
    /// Debian's package of it.
    package: &'static str,
}

/// Names Chromium.
pub const CHROME: &str = "CHROME";

const CHROMIUM: Program = Program {
    variable: CHROME,
    names: &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"],
    called: "Chromium",
    package: "chromium",
};
/// Of the same version as Chromium.
const CHROMEDRIVER: Program = Program {
    variable: "CHROMEDRIVER",
    names: &["chromedriver"],
    called: "ChromeDriver",
    package: "chromium-driver",
};
const FIREFOX: Program = Program {
    variable: "FIREFOX",
    names: &["firefox-esr", "firefox"],
    called: "Firefox",
    package: "firefox-esr",
};
/// Debian has none: it comes from its source.
const GECKODRIVER: &str = "GECKODRIVER";

/// The variables that tell the tests which programs to use.
pub fn find() -> Outcome<Vec<(&'static str, PathBuf)>> {
    let programs = [CHROMIUM, CHROMEDRIVER, FIREFOX];
    let mut missing = Vec::new();
    for program in &programs {
        if program.present()?.is_none() {
            missing.push(program.package);
        }
    }
    if !missing.is_empty() {
        install_with_apt(&missing);
    }
    let mut found = Vec::new();
    for program in &programs {
        let Program { variable, called, .. } = program;
        let path = program.present()?.ok_or_else(|| {
            format!("browser tests need {called}: install it, or set {variable} to the program")
        })?;
        found.push((*variable, path));
    }
    found.push((GECKODRIVER, named(GECKODRIVER)?.map_or_else(tools::geckodriver, Ok)?));
    Ok(found)
}

impl Program {
    /// The program that the variable names, or else one of its names on the PATH.
    fn present(&self) -> Outcome<Option<PathBuf>> {
        Ok(named(self.variable)?.or_else(|| self.names.iter().find_map(|name| shell::find(name))))
    }
}

/// The program that a variable names.
fn named(variable: &str) -> Outcome<Option<PathBuf>> {
    match env::var_os(variable).map(PathBuf::from) {
        Some(path) if path.is_file() => Ok(Some(path)),
        Some(path) => Err(format!("{variable} names {}, which is not a file", path.display())),
        None => Ok(None),
    }
}

fn install_with_apt(packages: &[&str]) {
    if shell::find("apt-get").is_none() {
        return;
    }
    let root = shell::output(Command::new("id").arg("-u")).is_some_and(|id| id == "0");
    let apt = |arguments: &[&str]| {
        let mut command = if root { Command::new("apt-get") } else { Command::new("sudo") };
        if !root {
            command.args(["--non-interactive", "apt-get"]);
        }
        say(&format!("apt-get {}", arguments.join(" ")));
        shell::run(command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    // A failure shows as the missing program that the caller then names.
    let _ = apt(&["update", "--quiet=2"]);
    let _ = apt(&[&["install", "--quiet=2", "--yes", "--no-install-recommends"], packages].concat());
}
