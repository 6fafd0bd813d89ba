//! The models that an experiment names: where they are, what is known of them, and what identifies them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pollster::block_on;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::cli::error::CliError;
use crate::cli::files::{self, ModelFolder, bundled_folder, read_model_folder};
use crate::lab::{Catalogue, Role};
use crate::models::{NetworkConfig, WeightsFile, hexadecimal};

/// How many bytes of weights are read at once.
const HASHED_AT_ONCE: usize = 4 << 20;
/// The record that the trainer leaves beside a model.
const TRAINING: &str = "training.json";

/// What is known of a model without running it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelFacts {
    /// Its folder's name.
    pub name: String,
    /// The world that it was trained on, where that is known.
    pub world: Option<String>,
    /// `model_type` of its config.
    pub architecture: String,
    /// Width of its hidden state.
    pub width: u64,
    /// Seed of its weights and texts, where that is known.
    pub seed: Option<u64>,
    /// The model whose distribution it was trained on.
    pub teacher: Option<String>,
    /// How it came to be, where that is known.
    pub role: Option<Role>,
    /// SHA-256 over the names and contents of all its files.
    pub sha256: String,
    /// What its trainer wrote down.
    pub training: Option<Value>,
}

/// A model with the folder that it is loaded from.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    pub folder: PathBuf,
    pub facts: ModelFacts,
}

impl ModelFacts {
    /// From the files of a folder: its config, its training record, and the catalogue where that has it.
    pub fn of_folder(folder: &Path, catalogue: &Catalogue) -> Result<Self, CliError> {
        let ModelFolder { small: files, weights } = read_model_folder(folder)?;
        let name = name_of(folder);
        let file = |wanted: &str| files.iter().find(|(name, _)| name == wanted).map(|(_, bytes)| bytes);
        let bad = |message: String| CliError::BadModel(format!("{}: {message}", folder.display()));
        let config = file("config.json")
            .ok_or_else(|| bad("expected a model's folder with config.json, found none".into()))?;
        let config = NetworkConfig::parse(config).map_err(|error| bad(error.to_string()))?;
        let training: Option<Value> =
            match file(TRAINING) {
                Some(bytes) => Some(serde_json::from_slice(bytes).map_err(|error| {
                    bad(format!("{TRAINING}: expected the trainer's record, found {error}"))
                })?),
                None => None,
            };
        let listed = catalogue.find(&name).filter(|_| is_bundled(folder));
        let told = |place: &str| training.as_ref().and_then(|record| record.pointer(place));
        let text = |place: &str| told(place).and_then(Value::as_str).map(str::to_owned);
        let teacher = listed.and_then(|model| model.teacher.clone()).or_else(|| text("/lesson/teacher/name"));
        let trained = training.as_ref().map(|_| match teacher {
            Some(_) => Role::Student,
            None => Role::Trained,
        });
        Ok(Self {
            world: listed.map(|model| model.world.clone()).or_else(|| text("/world")),
            architecture: config.architecture,
            width: config.d_model as u64,
            seed: listed.and_then(|model| model.seed).or_else(|| told("/plan/seed").and_then(Value::as_u64)),
            role: listed.map(|model| model.role).or(trained),
            teacher,
            sha256: digest(&files, &weights)?,
            training,
            name,
        })
    }

    /// What a student learned of its teacher: `probabilities` or `logits`.
    pub fn lesson(&self) -> Option<&str> {
        self.training.as_ref()?.pointer("/lesson/teacher/loss")?.as_str()
    }

    /// The world of the model in a folder, where that is known.
    pub fn world_of(folder: &Path) -> Result<Option<String>, CliError> {
        if is_bundled(folder)
            && let Some(model) = files::catalogue()?.find(&name_of(folder))
        {
            return Ok(Some(model.world.clone()));
        }
        let path = folder.join(TRAINING);
        if !path.is_file() {
            return Ok(None);
        }
        // A record that cannot be read is complained of where it is needed.
        let record: Option<Value> = serde_json::from_str(&files::read_text(&path)?).ok();
        Ok(record.and_then(|record| record.get("world")?.as_str().map(str::to_owned)))
    }
}

/// The last part of a folder's path.
pub fn name_of(folder: &Path) -> String {
    folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned()
}

fn is_bundled(folder: &Path) -> bool {
    let parent = folder.parent().and_then(|parent| parent.canonicalize().ok());
    parent.is_some() && parent == files::models_folder().canonicalize().ok()
}

/// Of every file of a model: whatever changes makes it another model.
fn digest(files: &[(String, Vec<u8>)], weights: &[WeightsFile]) -> Result<String, CliError> {
    let mut hash = Sha256::new();
    for (name, bytes) in files {
        // Lengths keep names and contents apart.
        for part in [name.as_bytes(), bytes] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    let mut weights: Vec<&WeightsFile> = weights.iter().collect();
    weights.sort_by(|a, b| a.name.cmp(&b.name));
    for file in weights {
        hash.update((file.name.len() as u64).to_le_bytes());
        hash.update(file.name.as_bytes());
        let length = file.bytes.length();
        hash.update(length.to_le_bytes());
        for begin in (0..length).step_by(HASHED_AT_ONCE) {
            let piece = block_on(file.read(begin..length.min(begin + HASHED_AT_ONCE as u64)));
            let piece = piece.map_err(|error| CliError::BadModel(format!("{}: {error}", file.name)))?;
            hash.update(piece);
        }
    }
    Ok(hexadecimal(&hash.finalize()))
}

/// All models that an experiment has named so far, each once.
pub struct Shelf {
    catalogue: Catalogue,
    groups: BTreeMap<String, Vec<usize>>,
    models: Vec<Model>,
}

impl Shelf {
    /// The groups of a file, each item of which names models.
    pub fn of_groups(groups: &BTreeMap<String, Vec<String>>) -> Result<Self, CliError> {
        let mut shelf = Self { catalogue: files::catalogue()?, groups: BTreeMap::new(), models: Vec::new() };
        for (name, items) in groups {
            let mut members = Vec::new();
            for item in items {
                if item.starts_with("twin:") {
                    return Err(CliError::BadModel(format!(
                        "expected models in the group {name}, found {item}; a twin can only be b of a pair"
                    )));
                }
                members.extend(shelf.look_up(item)?);
            }
            shelf.groups.insert(name.clone(), once(members));
        }
        Ok(shelf)
    }

    /// The models that an item names: those of a group, one that is bundled, one in a folder, or those of a pattern.
    pub fn select(&mut self, item: &str) -> Result<Vec<usize>, CliError> {
        match self.groups.get(item) {
            Some(members) => Ok(members.clone()),
            None => self.look_up(item),
        }
    }

    pub fn into_models(self) -> Vec<Model> {
        self.models
    }

    fn look_up(&mut self, item: &str) -> Result<Vec<usize>, CliError> {
        let folders = match item.strip_prefix("bundled:") {
            Some(name) => vec![bundled_folder(name)?],
            None if item.contains(['*', '?', '[']) => folders_like(item)?,
            None => vec![PathBuf::from(item)],
        };
        folders.iter().map(|folder| self.put(folder)).collect()
    }

    fn put(&mut self, folder: &Path) -> Result<usize, CliError> {
        let place =
            folder.canonicalize().map_err(|source| CliError::Read { path: folder.to_owned(), source })?;
        if let Some(known) = self.models.iter().position(|model| model.folder == place) {
            return Ok(known);
        }
        let facts = ModelFacts::of_folder(&place, &self.catalogue)?;
        if let Some(other) = self.models.iter().find(|model| model.facts.name == facts.name) {
            return Err(CliError::BadModel(format!(
                "expected models in folders of different names, found {} and {}; rename one",
                other.folder.display(),
                place.display()
            )));
        }
        self.models.push(Model { folder: place, facts });
        Ok(self.models.len() - 1)
    }
}

/// Each item once, where it stood first.
fn once(mut items: Vec<usize>) -> Vec<usize> {
    let mut seen = Vec::new();
    items.retain(|item| {
        !seen.contains(item) && {
            seen.push(*item);
            true
        }
    });
    items
}

/// Folders with a config, in alphabetical order.
fn folders_like(pattern: &str) -> Result<Vec<PathBuf>, CliError> {
    let bad = |message: String| CliError::BadModel(format!("{pattern}: {message}"));
    let found: Vec<PathBuf> = glob::glob(pattern)
        .map_err(|error| bad(format!("expected a pattern such as public/models/wugs-*, found that {error}")))?
        .filter_map(Result::ok)
        .filter(|path| path.join("config.json").is_file())
        .collect();
    if found.is_empty() {
        Err(bad("expected folders of models, found none of this pattern".into()))
    } else {
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shelf(groups: &[(&str, &[&str])]) -> Result<Shelf, CliError> {
        let owned = |items: &&[&str]| items.iter().map(|item| (*item).to_owned()).collect();
        Shelf::of_groups(&groups.iter().map(|(name, items)| ((*name).to_owned(), owned(items))).collect())
    }

    #[test]
    fn one_model_named_in_several_ways_is_one_model() {
        let mut shelf =
            shelf(&[("all", &["public/models/world-*", "bundled:world-d32", "public/models/world-d32"])])
                .unwrap();
        assert_eq!(shelf.select("all").unwrap(), [0, 1]);
        assert_eq!(shelf.select("bundled:world-d48").unwrap(), [1]);
        let facts = &shelf.models[0].facts;
        assert_eq!((facts.name.as_str(), facts.width, facts.seed), ("world-d32", 32, Some(1)));
        assert_eq!((facts.world.as_deref(), facts.role), (Some("english"), Some(Role::Trained)));
        assert_ne!(facts.sha256, shelf.models[1].facts.sha256);
    }

    #[test]
    fn a_training_record_tells_what_the_catalogue_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let config = r#"{"model_type": "gpt2", "vocab_size": 9, "n_embd": 24, "n_layer": 1, "n_head": 2, "n_positions": 8}"#;
        std::fs::write(folder.path().join("config.json"), config).unwrap();
        let record = r#"{"world": "wugs", "plan": {"seed": 9}, "lesson": {"teacher": {"name": "wugs-d48", "loss": "logits"}}}"#;
        std::fs::write(folder.path().join("training.json"), record).unwrap();
        let facts = ModelFacts::of_folder(folder.path(), &Catalogue::default()).unwrap();
        assert_eq!((facts.width, facts.seed, facts.role), (24, Some(9), Some(Role::Student)));
        assert_eq!((facts.world.as_deref(), facts.teacher.as_deref()), (Some("wugs"), Some("wugs-d48")));
        assert_eq!(facts.lesson(), Some("logits"));
        assert_eq!(ModelFacts::world_of(folder.path()).unwrap().as_deref(), Some("wugs"));
        let before = facts.sha256;
        std::fs::write(folder.path().join("config.json"), config.replace(": 24", ":  24")).unwrap();
        assert_ne!(ModelFacts::of_folder(folder.path(), &Catalogue::default()).unwrap().sha256, before);
    }

    #[test]
    fn models_that_cannot_be_found_are_named() {
        let message = |item: &str| shelf(&[("g", &[item])]).err().unwrap().to_string();
        assert!(message("nowhere").contains("nowhere"));
        assert!(message("public/models/none-*").contains("none-*"));
        assert!(message("public/models").contains("config.json"));
        assert!(message("bundled:x").contains("world-d32"));
        assert!(message("twin:reduced").contains("only be b"));
        assert!(message("a***b").contains("pattern"));
    }
}
