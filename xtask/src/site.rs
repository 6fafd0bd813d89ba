//! Building the static site with Trunk, and serving it.

use std::path::Path;
use std::thread;

use crate::shell::{self, Outcome, say};
use crate::static_server::{self, Host};
use crate::wasm_opt::{self, Effort};
use crate::{inline_script, places, service_worker, tools};

const PORT: u16 = 8080;

/// Writes the optimised site to `dist/`, with the service worker that keeps it without a network.
pub fn build_optimised() -> Outcome {
    build(Effort::Optimise)?;
    write_service_worker(&places::dist())
}

/// Writes the service worker of a folder that was built already, or with `--end` one that ends itself and every earlier
/// one.
pub fn offline(arguments: &[String]) -> Outcome {
    let (ends, folder) = match arguments {
        [end, rest @ ..] if end == "--end" => (true, rest),
        rest => (false, rest),
    };
    let folder = match folder {
        [] => places::dist(),
        [folder] => Path::new(folder).to_owned(),
        _ => return Err("expected at most a folder".to_owned()),
    };
    if ends { retire_service_worker(&folder) } else { write_service_worker(&folder) }
}

fn retire_service_worker(folder: &Path) -> Outcome {
    service_worker::retire(folder).map_err(|error| {
        format!("could not end the service worker of {}: {error}; is it a built site?", folder.display())
    })
}

fn write_service_worker(folder: &Path) -> Outcome {
    let written = service_worker::write(folder).map_err(|error| {
        format!("could not write the service worker of {}: {error}; is it a built site?", folder.display())
    })?;
    let megabytes = written.n_bytes as f64 / 1e6;
    say(&format!(
        "version {} of the site is in {}; a first visit keeps {megabytes:.1} MB",
        written.version,
        folder.display()
    ));
    Ok(())
}

/// Builds the site without the slow last step, then serves it until interrupted.
pub fn serve(arguments: &[String]) -> Outcome {
    let port = match arguments {
        [] => PORT,
        [port] => port.parse().map_err(|_| format!("expected a port number, found `{port}`"))?,
        _ => return Err("expected at most a port number".to_owned()),
    };
    build(Effort::Copy)?;
    // What is served here must never come from a visitor's cache.
    retire_service_worker(&places::dist())?;
    let host = Host {
        folder: places::dist(),
        prefix: "/",
        weights_per_second: None,
        is_compressed: false,
        headers: String::new(),
    };
    let address = static_server::start(host, port).map_err(|error| {
        format!("could not listen on port {port}: {error}; name another: cargo xtask serve PORT")
    })?;
    say(&format!("the page is at http://{address}/ (Ctrl-C ends)"));
    loop {
        thread::park();
    }
}

fn build(effort: Effort) -> Outcome {
    tools::for_site()?;
    let trunk = shell::find("trunk")
        .ok_or("Trunk was installed but cannot be found; is cargo's bin folder readable?")?;
    let mut command = std::process::Command::new(trunk);
    // Relative addresses: the site works from any sub-path.
    command.args(["build", "--release", "--public-url", "./", "--dist"]).arg(places::dist());
    command.current_dir(places::root()).env_remove("NO_COLOR");
    wasm_opt::offer_to(&mut command, effort)?;
    say("building the page and its two engines");
    shell::run(&mut command)?;
    inline_script::move_out(&places::dist())
        .map_err(|error| format!("could not move the page's program into a file: {error}"))
}
