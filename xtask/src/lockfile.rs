//! The one thing we ask of `Cargo.lock`: which version of a package was chosen.

use std::fs;

use crate::places;
use crate::shell::Outcome;

/// The version of `package` in this repository's `Cargo.lock`.
pub fn version_of(package: &str) -> Outcome<String> {
    let path = places::root().join("Cargo.lock");
    let lock =
        fs::read_to_string(&path).map_err(|error| format!("could not read {}: {error}", path.display()))?;
    version_in(&lock, package).ok_or_else(|| format!("Cargo.lock does not name the package {package}"))
}

fn version_in(lock: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let after_name = lock.lines().skip_while(|line| *line != name).nth(1)?;
    Some(after_name.strip_prefix("version = \"")?.strip_suffix('"')?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "[[package]]\nname = \"wasm-bindgen-futures\"\nversion = \"0.4.80\"\n\n\
                        [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";

    #[test]
    fn the_version_is_that_of_the_whole_name() {
        assert_eq!(version_in(LOCK, "wasm-bindgen").as_deref(), Some("0.2.130"));
        assert_eq!(version_in(LOCK, "wasm"), None);
    }
}
