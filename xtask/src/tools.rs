//! Installing what a build needs and is missing: the wasm target, rustfmt and clippy, Trunk, wasm-bindgen's program.

use std::path::PathBuf;
use std::process::Command;

use crate::npm::Package;
use crate::shell::{self, Outcome, cargo, say};
use crate::{lockfile, places, wasm_opt};

/// Rust's name for the browser.
pub const WASM: &str = "wasm32-unknown-unknown";
/// The last Trunk that this project's oldest Rust compiles.
const TRUNK: &str = "0.21.14";
/// Drives Firefox; any version drives the long-term release.
const GECKODRIVER: &str = "0.37.1";
/// Looks for what bars people with disabilities from a page.
const AXE: Package = Package { name: "axe-core", version: "4.14.1" };

/// What `cargo xtask build` and `serve` need.
pub fn for_site() -> Outcome {
    wasm_target()?;
    installed("trunk", TRUNK, &["--locked"])?;
    // wasm-bindgen refuses modules made for another version of itself. Its published lock file does not compile.
    installed_as("wasm-bindgen", "wasm-bindgen-cli", &lockfile::version_of("wasm-bindgen")?, &[])
}

/// What formatting and lints need.
pub fn for_lints() -> Outcome {
    component("rustfmt", "fmt")?;
    component("clippy", "clippy")
}

/// What `cargo xtask test` needs, browsers excepted.
pub fn for_tests() -> Outcome {
    for_lints()?;
    for_site()?;
    wasm_opt::program()?;
    geckodriver()?;
    axe().map(drop)
}

/// The program that drives Firefox.
pub fn geckodriver() -> Outcome<PathBuf> {
    installed("geckodriver", GECKODRIVER, &["--locked"])?;
    shell::find("geckodriver").ok_or_else(|| {
        "geckodriver was installed but cannot be found; is cargo's bin folder readable?".to_owned()
    })
}

/// The script that the browser tests put into the page to check it.
pub fn axe() -> Outcome<PathBuf> {
    Ok(AXE.required()?.join("axe.min.js"))
}

/// Adds the wasm target to the toolchain in use.
pub fn wasm_target() -> Outcome {
    let folder = shell::output(Command::new("rustc").args(["--print", "target-libdir", "--target", WASM]));
    if folder.is_some_and(|folder| PathBuf::from(folder).is_dir()) {
        return Ok(());
    }
    rustup(&["target", "add", WASM])
}

fn component(name: &str, command: &str) -> Outcome {
    // rustup leaves a proxy for every component, installed or not: only running it tells.
    match shell::output(&mut cargo(&[command, "--version"])) {
        Some(_) => Ok(()),
        None => rustup(&["component", "add", name]),
    }
}

fn rustup(arguments: &[&str]) -> Outcome {
    say(&format!("rustup {}", arguments.join(" ")));
    if shell::find("rustup").is_none() {
        return Err(format!(
            "needs `rustup {}`, and there is no rustup: see https://rustup.rs",
            arguments.join(" ")
        ));
    }
    shell::run(Command::new("rustup").args(arguments).current_dir(places::root()))
}

fn installed(program: &str, version: &str, flags: &[&str]) -> Outcome {
    installed_as(program, program, version, flags)
}

/// Makes sure that `program`, from the crate `package`, is there at exactly this version.
fn installed_as(program: &str, package: &str, version: &str, flags: &[&str]) -> Outcome {
    let found = shell::find(program).and_then(|path| shell::output(Command::new(path).arg("--version")));
    if found.is_some_and(|line| line.split_whitespace().any(|word| word == version)) {
        return Ok(());
    }
    let wanted = format!("{package}@{version}");
    say(&format!("cargo install {wanted} {} (some minutes, once)", flags.join(" ")));
    // Not in this project's target folder, which would keep the intermediate files for ever.
    let mut install = cargo(&["install", "--quiet", "--force", &wanted]);
    shell::run(install.args(flags).env_remove("CARGO_TARGET_DIR"))
}
