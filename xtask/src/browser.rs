//! A browser to test in: Chromium and ChromeDriver, named by the user, found, or installed with apt.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::shell::{self, Outcome, say};

/// Names that Chromium goes by.
const CHROMES: [&str; 5] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/// A browser and the program that drives it.
#[derive(Debug, Clone)]
pub struct Browser {
    /// Chromium or Chrome.
    pub chrome: PathBuf,
    /// ChromeDriver of the same version.
    pub driver: PathBuf,
}

/// The browser that `CHROME` and `CHROMEDRIVER` name, or one on the PATH, or one that apt installs.
pub fn find() -> Outcome<Browser> {
    if let (Some(chrome), Some(driver)) = present()? {
        return Ok(Browser { chrome, driver });
    }
    install_with_apt();
    let missing = match present()? {
        (Some(chrome), Some(driver)) => return Ok(Browser { chrome, driver }),
        (None, _) => "Chromium",
        (_, None) => "ChromeDriver",
    };
    Err(format!(
        "browser tests need {missing}: install it, or set CHROME and CHROMEDRIVER to the two programs"
    ))
}

/// Chromium and ChromeDriver, as far as they are there.
fn present() -> Outcome<(Option<PathBuf>, Option<PathBuf>)> {
    Ok((program("CHROME", &CHROMES)?, program("CHROMEDRIVER", &["chromedriver"])?))
}

/// The program that the variable names, or else one of these names on the PATH.
fn program(variable: &str, names: &[&str]) -> Outcome<Option<PathBuf>> {
    match env::var_os(variable).map(PathBuf::from) {
        Some(path) if path.is_file() => Ok(Some(path)),
        Some(path) => Err(format!("{variable} names {}, which is not a file", path.display())),
        None => Ok(names.iter().find_map(|name| shell::find(name))),
    }
}

fn install_with_apt() {
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
    let _ = apt(&["install", "--quiet=2", "--yes", "--no-install-recommends", "chromium", "chromium-driver"]);
}
