//! Where things are: the repository, the built site, the user's cache, cargo's programs.

use std::env;
use std::path::{Path, PathBuf};

/// The repository's root.
pub fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
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
