//! Lighthouse on the built site, served as a host that compresses would.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::npm::Package;
use crate::shell::{self, Outcome, say};
use crate::static_server::{self, Host};
use crate::{bench, browser, places};

/// The last that the long-term Node.js of 2023 runs.
const LIGHTHOUSE: Package = Package { name: "lighthouse", version: "12.8.2" };

/// Prints the scores of the site in `dist/`, or in another folder, and fails where one misses its target.
pub fn run(arguments: &[String]) -> Outcome {
    match arguments {
        [] => score(&places::dist(), &[]),
        [folder] => score(&PathBuf::from(folder), &[]),
        _ => Err("expected at most the folder of a built site".to_owned()),
    }
}

/// The same of `dist/`, without what a busy machine changes: how long tasks block.
pub fn run_on_any_machine() -> Outcome {
    score(&places::dist(), &["--any-machine"])
}

fn score(site: &Path, options: &[&str]) -> Outcome {
    if !site.join("index.html").is_file() {
        return Err(format!("{} has no site: build it first with `cargo xtask build`", site.display()));
    }
    let lighthouse = LIGHTHOUSE.required()?;
    let browsers = browser::find()?;
    let chrome = browsers.iter().find(|(variable, _)| *variable == browser::CHROME).map(|(_, path)| path);
    let compressed = places::cache().join("compressed-site");
    compress(site, &compressed)?;
    let host = Host {
        folder: compressed,
        prefix: "/",
        weights_per_second: None,
        is_compressed: true,
        headers: String::new(),
    };
    let address =
        static_server::start(host, 0).map_err(|error| format!("could not serve the site: {error}"))?;
    say(&format!("Lighthouse visits {} (one minute to four)", site.display()));
    let mut command = Command::new(shell::find("node").ok_or("Lighthouse needs Node.js, and there is none")?);
    command.arg(places::root().join("scripts").join("lighthouse.mjs"));
    command
        .arg(lighthouse)
        .arg(format!("http://{address}/"))
        .args(options)
        .envs(chrome.map(|path| ("CHROME_PATH", path)));
    shell::run(&mut command)
}

/// The site again with each file compressed, under the same names.
fn compress(site: &Path, compressed: &Path) -> Outcome {
    let explain = |path: &Path| {
        let path = path.display().to_string();
        move |error: std::io::Error| format!("could not compress {path}: {error}")
    };
    if compressed.exists() {
        fs::remove_dir_all(compressed).map_err(explain(compressed))?;
    }
    for path in bench::files_below(site)? {
        let place = compressed.join(path.strip_prefix(site).map_err(|error| error.to_string())?);
        let content = fs::read(&path).map_err(explain(&path))?;
        fs::create_dir_all(place.parent().unwrap_or(compressed)).map_err(explain(&place))?;
        fs::write(&place, bench::gzipped(&content)).map_err(explain(&place))?;
    }
    Ok(())
}
