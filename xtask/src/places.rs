//! Where things are: the repository, the built site, the user's cache, cargo's programs.

use std::env;
use std::path::PathBuf;

/// The repository's root, as cargo says it now: a program kept in a shared target folder was compiled elsewhere.
pub fn root() -> PathBuf {
    let xtask = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    xtask.and_then(|xtask| Some(xtask.parent()?.to_owned())).unwrap_or_default()
}

/// The built site.
pub fn dist() -> PathBuf {
    root().join("dist")
}

/// This project's folder in the user's cache.
pub fn cache() -> PathBuf {
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("XDG_CACHE_HOME")
        .or_else(|| variable("LOCALAPPDATA"))
        .or_else(|| Some(variable("HOME")?.join(".cache")))
        .unwrap_or_else(env::temp_dir)
        .join("all-or-none")
}

/// Where `cargo install` puts programs.
pub fn cargo_bin() -> PathBuf {
    let home = || env::home_dir().unwrap_or_default();
    env::var_os("CARGO_HOME").map_or_else(|| home().join(".cargo"), PathBuf::from).join("bin")
}
