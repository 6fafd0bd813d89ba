//! The built site in a real browser: what a visitor sees is what the command line computes, with WebGPU and without.
//!
//! `cargo xtask test browser` builds the site and runs these against `dist/`.

#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]
// Drives browsers and runs in none: clocks and threads are free here.
#![allow(clippy::disallowed_methods)]

mod chromium;
mod command_line;
mod flows;
mod page;
#[path = "../../xtask/src/static_server.rs"]
mod static_server;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// A folder deep below the host's root: the site must not care where it lies.
const SITE_PATH: &str = "/some/deep/folder/";

static SERVER: LazyLock<SocketAddr> = LazyLock::new(|| {
    let dist = repository().join("dist");
    let index = dist.join("index.html");
    assert!(index.is_file(), "{} is missing: build the site first with cargo xtask build", index.display());
    static_server::start(dist, SITE_PATH, 0).expect("a free port for the site")
});

/// The address of the site's page.
fn site() -> String {
    format!("http://{}{SITE_PATH}", *SERVER)
}

/// Cargo runs tests in the repository's root.
fn repository() -> &'static Path {
    Path::new(".")
}

/// Where pictures of the page go.
fn screenshots() -> PathBuf {
    let folder = repository().join("screenshots");
    std::fs::create_dir_all(&folder).expect("a folder for screenshots");
    folder
}
