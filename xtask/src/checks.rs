//! Every test of the project, in stages that run from quick to slow.

use std::process::Command;
use std::time::Instant;

use crate::shell::{self, Outcome, cargo, say};
use crate::{browser, lighthouse, site, tools};

/// The one native feature set: burn is compiled once for lints, tests and the command line. The page and its workers
/// are in it for their tests; browsers are needed only to run them.
const NATIVE: &str = "cli,train,ui,worker";
/// Everything that runs in a browser.
const WASM: &str = "ui,worker,cpu,gpu";

struct Stage {
    name: &'static str,
    what: &'static str,
    run: fn() -> Outcome,
}

const STAGES: [Stage; 9] = [
    Stage { name: "format", what: "rustfmt", run: format },
    Stage { name: "spelling", what: "typos", run: spelling },
    Stage { name: "licences", what: "cargo-deny", run: licences },
    Stage { name: "lint", what: "clippy, native", run: lint },
    Stage { name: "native", what: "unit, integration and documentation tests", run: native },
    Stage { name: "lint-wasm", what: "clippy, wasm", run: lint_wasm },
    Stage { name: "site", what: "the optimised site", run: site::build_optimised },
    Stage { name: "lighthouse", what: "the site's scores", run: scores },
    Stage { name: "browser", what: "the site in Chromium and Firefox", run: in_browser },
];

/// Runs all stages, or those named, and stops at the first that fails.
pub fn test(names: &[String]) -> Outcome {
    if let Some(unknown) = names.iter().find(|name| STAGES.iter().all(|stage| stage.name != **name)) {
        let known: Vec<_> = STAGES.iter().map(|stage| stage.name).collect();
        return Err(format!("there is no test stage `{unknown}`; there are: {}", known.join(", ")));
    }
    let start = Instant::now();
    for stage in STAGES.iter().filter(|stage| names.is_empty() || names.iter().any(|name| name == stage.name))
    {
        say(&format!("== {}: {}", stage.name, stage.what));
        let stage_start = Instant::now();
        (stage.run)().map_err(|message| format!("stage {}: {message}", stage.name))?;
        say(&format!("== {}: passed in {:.0} s", stage.name, stage_start.elapsed().as_secs_f64()));
    }
    say(&format!("all passed in {:.1} min", start.elapsed().as_secs_f64() / 60.0));
    Ok(())
}

fn format() -> Outcome {
    tools::for_lints()?;
    shell::run(&mut cargo(&["fmt", "--all", "--check"]))
}

fn spelling() -> Outcome {
    if_installed("typos", &[])
}

fn licences() -> Outcome {
    if_installed("cargo-deny", &["--all-features", "check"])
}

/// Checks that cost minutes to install run where they are installed already, and in the hosted workflow.
fn if_installed(program: &str, arguments: &[&str]) -> Outcome {
    let Some(path) = shell::find(program) else {
        say(&format!("{program} is not installed here: left to the hosted workflow"));
        return Ok(());
    };
    shell::run(Command::new(path).args(arguments).current_dir(crate::places::root()))
}

fn lint() -> Outcome {
    tools::for_lints()?;
    shell::run(&mut cargo(&["clippy", "--package", "xtask", "--all-targets", "--", "-D", "warnings"]))?;
    let native =
        ["clippy", "--features", NATIVE, "--all-targets", "--test", "browser", "--", "-D", "warnings"];
    shell::run(&mut cargo(&native))
}

fn lint_wasm() -> Outcome {
    tools::for_lints()?;
    tools::wasm_target()?;
    let target = ["clippy", "--target", tools::WASM, "--lib", "--bins"];
    shell::run(cargo(&target).args(["--features", WASM, "--", "-D", "warnings"]))
}

fn native() -> Outcome {
    shell::run(&mut cargo(&["test", "--quiet", "--package", "xtask"]))?;
    shell::run(&mut cargo(&["test", "--features", NATIVE]))
}

fn scores() -> Outcome {
    lighthouse::run_on_any_machine()
}

fn in_browser() -> Outcome {
    browser_tests(&[])
}

/// Runs the one browser flow that prints timings.
pub fn time_in_browser() -> Outcome {
    browser_tests(&["time_to_first_verdict"])
}

/// Runs the browser tests whose names contain one of `filters`, or all, against `dist/`.
fn browser_tests(filters: &[&str]) -> Outcome {
    let browsers = browser::find()?;
    let mut command = cargo(&["test", "--features", NATIVE, "--test", "browser", "--"]);
    // One at a time: two browsers that both compute on two cores run into each other's time limits.
    command.args(["--test-threads=1", "--nocapture"]).args(filters);
    shell::run(command.envs(browsers).env("AXE", tools::axe()?))
}
