//! Programs and scripts from npm, at fixed versions, in this project's folder of tools.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::places;
use crate::shell::{self, Outcome, say};

/// A package of npm's registry at one version.
#[derive(Debug, Clone, Copy)]
pub struct Package {
    /// What npm calls it.
    pub name: &'static str,
    /// Exactly this one.
    pub version: &'static str,
}

impl Package {
    /// The package's folder, installed if need be; nothing where there is no npm to install it.
    pub fn installed(self) -> Outcome<Option<PathBuf>> {
        let Self { name, version } = self;
        let folder = tools().join("node_modules").join(name);
        if self.is_at(&folder) {
            return Ok(Some(folder));
        }
        let Some(npm) = shell::find("npm") else {
            return Ok(None);
        };
        let tools = tools();
        say(&format!("npm install {name}@{version} into {}", tools.display()));
        fs::create_dir_all(&tools)
            .map_err(|error| format!("could not create {}: {error}", tools.display()))?;
        let quiet = ["install", "--silent", "--no-audit", "--no-fund", "--prefix"];
        shell::run(Command::new(npm).args(quiet).arg(&tools).arg(format!("{name}@{version}")))?;
        Ok(Some(folder))
    }

    /// The package's folder, or a sentence on what is needed to have it.
    pub fn required(self) -> Outcome<PathBuf> {
        let Self { name, version } = self;
        self.installed()?.ok_or_else(|| {
            format!("needs {name}@{version} from npm, and there is no npm: install Node.js with npm")
        })
    }

    fn is_at(self, folder: &Path) -> bool {
        let about = fs::read_to_string(folder.join("package.json")).unwrap_or_default();
        about.contains(&format!("\"version\": \"{}\"", self.version))
    }
}

/// A program that an installed package brings.
pub fn program(name: &str) -> PathBuf {
    tools().join("node_modules").join(".bin").join(name)
}

fn tools() -> PathBuf {
    places::cache().join("tools")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_is_not_taken_for_the_wanted_one() {
        let folder = std::env::temp_dir().join(format!("all-or-none-npm-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let package = |version| Package { name: "some", version };
        assert!(!package("1.2.3").is_at(&folder));
        fs::write(folder.join("package.json"), "{\n  \"version\": \"1.2.3\"\n}").unwrap();
        assert!(package("1.2.3").is_at(&folder));
        assert!(!package("1.2").is_at(&folder));
        fs::remove_dir_all(&folder).unwrap();
    }
}
