//! Building the static site with Trunk, and serving it.

use std::thread;

use crate::shell::{self, Outcome, say};
use crate::static_server::{self, Host};
use crate::wasm_opt::{self, Effort};
use crate::{places, tools};

const PORT: u16 = 8080;

/// Writes the optimised site to `dist/`.
pub fn build_optimised() -> Outcome {
    build(Effort::Optimise)
}

/// Builds the site without the slow last step, then serves it until interrupted.
pub fn serve(arguments: &[String]) -> Outcome {
    let port = match arguments {
        [] => PORT,
        [port] => port.parse().map_err(|_| format!("expected a port number, found `{port}`"))?,
        _ => return Err("expected at most a port number".to_owned()),
    };
    build(Effort::Copy)?;
    let host = Host { folder: places::dist(), prefix: "/", weights_per_second: None, is_compressed: false };
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
    shell::run(&mut command)
}
