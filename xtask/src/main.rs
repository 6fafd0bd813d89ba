//! The project's tasks: `cargo xtask serve | build | test | bench | lighthouse | setup`.
//!
//! Each command installs what it needs and is missing, and says so in one line.

mod bench;
mod browser;
mod checks;
mod inline_script;
mod lighthouse;
mod lockfile;
mod npm;
mod places;
mod service_worker;
mod shell;
mod site;
mod static_server;
mod tools;
mod wasm_opt;

use std::process::ExitCode;

use shell::Outcome;

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  serve [PORT]      build the page and serve it on http://127.0.0.1:8080
  build             write the optimised static site to dist/
  offline [FOLDER]  write the service worker of a built site, dist/ by default; --end before it: one that ends itself
  test [STAGE...]   run every test, or only the stages named
  bench             measure sizes and the time to the first verdict
  lighthouse [DIST] score the built site with Lighthouse
  setup             install what the other commands need and is missing";

fn main() -> ExitCode {
    if wasm_opt::called_by_trunk() {
        return exit_code(wasm_opt::run_cached());
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rest = arguments.get(1..).unwrap_or_default();
    exit_code(match arguments.first().map(String::as_str) {
        Some("serve") => site::serve(rest),
        Some("build") => site::build_optimised(),
        Some("offline") => site::offline(rest),
        Some("test") => checks::test(rest),
        Some("bench") => bench::bench(),
        Some("lighthouse") => lighthouse::run(rest),
        Some("setup") => tools::for_tests().and_then(|()| browser::find().map(drop)),
        Some("help" | "--help" | "-h") => {
            println!("{USAGE}");
            Ok(())
        }
        Some(other) => Err(format!("there is no command `{other}`\n\n{USAGE}")),
        None => Err(USAGE.to_owned()),
    })
}

fn exit_code(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
