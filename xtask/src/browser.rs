//! A browser to test in: Chromium and ChromeDriver, named by the user, found, or installed with apt.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::shell::{self, Outcome, say};

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
    if let Some(browser) = present() {
        return Ok(browser);
    }
    install_with_apt();
    present().ok_or_else(|| {
        let missing = if chrome().is_none() { "Chromium" } else { "ChromeDriver" };
        format!(
            "browser tests need {missing}: install it, or set CHROME and CHROMEDRIVER to the two programs"
        )
    })
}

fn present() -> Option<Browser> {
    Some(Browser { chrome: chrome()?, driver: driver()? })
}

fn chrome() -> Option<PathBuf> {
    named_by("CHROME").or_else(|| {
        ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
            .iter()
            .find_map(|n| shell::find(n))
    })
}

fn driver() -> Option<PathBuf> {
    named_by("CHROMEDRIVER").or_else(|| shell::find("chromedriver"))
}

fn named_by(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).map(PathBuf::from).filter(|path| path.is_file())
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
