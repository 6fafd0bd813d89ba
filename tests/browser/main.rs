//! The built site in a real browser: what a visitor sees is what the command line computes, with WebGPU and without.
//!
//! `cargo xtask test browser` builds the site and runs these against `dist/`.

#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(clippy::print_stdout, reason = "tests tell what they measure")]
// Drives browsers and runs in none: clocks and threads are free here.
#![allow(clippy::disallowed_methods)]

mod browser;
mod command_line;
mod explorer;
mod flows;
#[path = "../common/gpt2_shaped.rs"]
mod gpt2_shaped;
mod hub;
mod hub_gpt2;
mod hub_server;
mod hub_troubles;
#[path = "../../xtask/src/inline_script.rs"]
mod inline_script;
mod insides;
mod journeys;
mod lessons;
mod markup;
mod offline;
mod page;
mod pictures;
mod recovery;
mod screens;
#[path = "../../xtask/src/service_worker.rs"]
mod service_worker;
mod sharing;
#[path = "../../xtask/src/static_server.rs"]
mod static_server;
mod steadiness;
mod undo;
mod variants;
mod without_network;
mod workshop;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// A folder deep below the host's root: the site must not care where it lies.
const SITE_PATH: &str = "/some/deep/folder/";

static SERVER: LazyLock<SocketAddr> = LazyLock::new(|| start_server(None));

/// The same site from a host whose weights take seconds to arrive.
static SLOW_SERVER: LazyLock<SocketAddr> = LazyLock::new(|| start_server(Some(40_000)));

fn start_server(weights_per_second: Option<u32>) -> SocketAddr {
    let dist = repository().join("dist");
    let index = dist.join("index.html");
    assert!(index.is_file(), "{} is missing: build the site first with cargo xtask build", index.display());
    let host = static_server::Host {
        folder: dist,
        prefix: SITE_PATH,
        weights_per_second,
        is_compressed: false,
        headers: String::new(),
    };
    static_server::start(host, 0).expect("a free port for the site")
}

/// The address of the site's page.
fn site() -> String {
    format!("http://{}{SITE_PATH}", *SERVER)
}

/// The address of the site's page on the slow host.
fn slow_site() -> String {
    format!("http://{}{SITE_PATH}", *SLOW_SERVER)
}

/// The same page where browsers do not trust its origin.
fn untrusted_site() -> String {
    site().replace("127.0.0.1", browser::PLAIN_HOST)
}

/// Cargo runs tests in the repository's root.
fn repository() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| Path::new(".").canonicalize().expect("the repository"));
    &ROOT
}

/// Where pictures of the page go.
fn screenshots() -> PathBuf {
    let folder = repository().join("screenshots");
    std::fs::create_dir_all(&folder).expect("a folder for screenshots");
    folder
}
