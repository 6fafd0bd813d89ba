//! The files that come with the page: calibration texts, concepts, preset prompts.

use serde::Deserialize;

use crate::lab::Concept;

/// The world of the pair that the page opens with; models of the visitor's own and of the Hub use its texts too.
pub const FIRST_WORLD: &str = "english";

/// What `worlds/NAME/` holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// Its folder.
    pub name: String,
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
        file: String,
        /// What the parser met.
        detail: String,
    },
    /// Nothing in it.
    #[error("{file} is empty and should hold at least one entry: reload the page")]
    Empty {
        /// Which file.
        file: String,
    },
}

impl World {
    /// From the three files: a text a line; JSON lists of concepts and of preset prompts.
    ///
    /// # Errors
    /// A file that is not such a list, or holds nothing.
    pub fn parse(name: &str, calibration: &str, concepts: &str, prompts: &str) -> Result<Self, WorldError> {
        let calibration: Vec<String> =
            calibration.lines().map(str::trim).filter(|line| !line.is_empty()).map(String::from).collect();
        let [texts_file, concepts_file, prompts_file] = Self::files(name);
        let json = |file: &str, error: serde_json::Error| WorldError::Json {
            file: file.to_owned(),
            detail: error.to_string(),
        };
        let concepts: Vec<Concept> =
            serde_json::from_str(concepts).map_err(|error| json(&concepts_file, error))?;
        let presets: Vec<Presets> =
            serde_json::from_str(prompts).map_err(|error| json(&prompts_file, error))?;
        let world = Self { name: name.to_owned(), calibration, concepts, presets };
        for (file, is_empty) in [
            (texts_file, world.calibration.is_empty()),
            (concepts_file, world.concepts.is_empty()),
            (prompts_file, world.presets.is_empty()),
        ] {
            if is_empty {
                return Err(WorldError::Empty { file });
            }
        }
        Ok(world)
    }

    /// The first `n` presets, whatever their set.
    pub fn first_prompts(&self, n: usize) -> Vec<String> {
        self.presets.iter().flat_map(|set| &set.prompts).take(n).cloned().collect()
    }

    /// Where calibration texts, concepts and presets of a world are, below the page's own address.
    pub fn files(name: &str) -> [String; 3] {
        ["calibration.txt", "concepts.json", "prompts.json"].map(|file| format!("worlds/{name}/{file}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROMPTS: &str = r#"[{"name": "degrees", "prompts": ["this is the", "she is much"]}]"#;
    const CONCEPTS: &str = r#"[{"name": "superlatives", "pairs": [["easy", "easiest"]]}]"#;

    #[test]
    fn the_three_files_make_a_world() {
        let world = World::parse("english", "one text\n\ntwo\n", CONCEPTS, PROMPTS).unwrap();
        assert_eq!(world.name, "english");
        assert_eq!(world.calibration, ["one text", "two"]);
        assert_eq!(world.concepts[0].pairs, [("easy".to_owned(), "easiest".to_owned())]);
        assert_eq!(world.presets[0].prompts, ["this is the", "she is much"]);
    }

    #[test]
    fn a_broken_file_is_named() {
        let broken = World::parse("grove", "text", CONCEPTS, "<!doctype html>").unwrap_err();
        assert!(broken.to_string().starts_with("worlds/grove/prompts.json is not what this page expects"));
        assert_eq!(
            World::parse("grove", "\n", CONCEPTS, PROMPTS),
            Err(WorldError::Empty { file: "worlds/grove/calibration.txt".into() })
        );
    }
}
