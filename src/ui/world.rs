//! The files that come with the page: calibration texts, concepts, preset prompts.

use serde::Deserialize;

use crate::lab::Concept;

/// What `world/` holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// Texts whose every position becomes a context.
    pub calibration: Vec<String>,
    /// Concepts to test, the first one by default.
    pub concepts: Vec<Concept>,
    /// Prompts to offer, the first few of the first set by default.
    pub presets: Vec<Presets>,
}

/// Prompts that are offered together.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Presets {
    /// What they have in common.
    pub name: String,
    /// The prompts.
    pub prompts: Vec<String>,
}

/// Why a world cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorldError {
    /// Not the JSON that was expected.
    #[error("{file} is not what this page expects ({detail}): reload the page")]
    Json {
        /// Which file.
        file: &'static str,
        /// What the parser met.
        detail: String,
    },
    /// Nothing in it.
    #[error("{file} is empty and should hold at least one entry: reload the page")]
    Empty {
        /// Which file.
        file: &'static str,
    },
}

impl World {
    /// From the three files: a text a line; JSON lists of concepts and of preset prompts.
    pub fn parse(calibration: &str, concepts: &str, prompts: &str) -> Result<Self, WorldError> {
        let calibration: Vec<String> =
            calibration.lines().map(str::trim).filter(|line| !line.is_empty()).map(String::from).collect();
        let json = |file, error: serde_json::Error| WorldError::Json { file, detail: error.to_string() };
        let concepts: Vec<Concept> =
            serde_json::from_str(concepts).map_err(|error| json("world/concepts.json", error))?;
        let presets: Vec<Presets> =
            serde_json::from_str(prompts).map_err(|error| json("world/prompts.json", error))?;
        let world = Self { calibration, concepts, presets };
        for (file, is_empty) in [
            ("world/calibration.txt", world.calibration.is_empty()),
            ("world/concepts.json", world.concepts.is_empty()),
            ("world/prompts.json", world.presets.is_empty()),
        ] {
            if is_empty {
                return Err(WorldError::Empty { file });
            }
        }
        Ok(world)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROMPTS: &str = r#"[{"name": "degrees", "prompts": ["this is the", "she is much"]}]"#;
    const CONCEPTS: &str = r#"[{"name": "superlatives", "pairs": [["easy", "easiest"]]}]"#;

    #[test]
    fn the_three_files_make_a_world() {
        let world = World::parse("one text\n\ntwo\n", CONCEPTS, PROMPTS).unwrap();
        assert_eq!(world.calibration, ["one text", "two"]);
        assert_eq!(world.concepts[0].pairs, [("easy".to_owned(), "easiest".to_owned())]);
        assert_eq!(world.presets[0].prompts, ["this is the", "she is much"]);
    }

    #[test]
    fn a_broken_file_is_named() {
        let broken = World::parse("text", CONCEPTS, "<!doctype html>").unwrap_err();
        assert!(broken.to_string().starts_with("world/prompts.json is not what this page expects"));
        assert_eq!(
            World::parse("\n", CONCEPTS, PROMPTS),
            Err(WorldError::Empty { file: "world/calibration.txt" })
        );
    }
}
