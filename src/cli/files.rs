//! Models, prompts and concepts from the file system.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::CliError;
use crate::engine::DiskFile;
use crate::lab::{Catalogue, Concept};
use crate::models::WeightsFile;

/// The world of the first bundled models, whose files are part of this program.
pub const ENGLISH: &str = "english";

/// Where the texts and concepts of a world are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum World {
    /// The bundled English one.
    English,
    /// A folder with calibration.txt, concepts.json and prompts.json.
    Folder(PathBuf),
}

impl World {
    /// The world of a name, or the one in a folder.
    pub fn find(name: &str) -> Result<Self, CliError> {
        if name == ENGLISH {
            return Ok(Self::English);
        }
        let bundled = project_folder("public/worlds").join(name);
        let folder = if bundled.is_dir() { bundled } else { PathBuf::from(name) };
        if folder.is_dir() { Ok(Self::Folder(folder)) } else { Err(CliError::UnknownWorld(name.to_owned())) }
    }

    /// Texts whose every position becomes a context.
    pub fn calibration_texts(&self) -> Result<Vec<String>, CliError> {
        let text = match self {
            Self::English => include_str!("../../public/worlds/english/calibration.txt").to_owned(),
            Self::Folder(folder) => read_text(&folder.join("calibration.txt"))?,
        };
        Ok(lines(&text))
    }

    /// The first preset.
    pub fn default_prompts(&self) -> Result<Vec<String>, CliError> {
        #[derive(Deserialize)]
        struct Preset {
            prompts: Vec<String>,
        }
        let (text, path) = match self {
            Self::English => {
                (include_str!("../../public/worlds/english/prompts.json").to_owned(), "prompts.json".into())
            }
            Self::Folder(folder) => {
                let path = folder.join("prompts.json");
                (read_text(&path)?, path)
            }
        };
        let presets: Vec<Preset> = serde_json::from_str(&text).map_err(|error| CliError::BadLine {
            path: path.clone(),
            line: error.line().max(1),
            expected: r#"[{"prompts": ["…", …]}]"#,
            found: error.to_string(),
        })?;
        let prompts = presets.into_iter().next().map(|preset| preset.prompts).unwrap_or_default();
        if prompts.is_empty() { Err(CliError::NoPrompts { path }) } else { Ok(prompts) }
    }

    fn concepts(&self) -> Result<Vec<Concept>, CliError> {
        match self {
            Self::English => serde_json::from_str(include_str!("../../public/worlds/english/concepts.json"))
                .map_err(|error| CliError::Internal(error.to_string())),
            Self::Folder(folder) => read_concepts(&folder.join("concepts.json")),
        }
    }
}

/// The concepts of a JSON file, or those of a world; those of the given names only, where names are given.
pub fn concepts(world: &World, path: Option<&Path>, names: &[String]) -> Result<Vec<Concept>, CliError> {
    let all = match path {
        Some(path) => read_concepts(path)?,
        None => world.concepts()?,
    };
    if names.is_empty() {
        return Ok(all);
    }
    let named = |name: &String| {
        let found = all.iter().find(|concept| concept.name == *name).cloned();
        found.ok_or_else(|| CliError::UnknownConcept {
            name: name.clone(),
            known: all.iter().map(|concept| concept.name.clone()).collect(),
        })
    };
    names.iter().map(named).collect()
}

/// One calibration text per line.
pub fn read_calibration(path: &Path) -> Result<Vec<String>, CliError> {
    Ok(lines(&read_text(path)?))
}

fn lines(text: &str) -> Vec<String> {
    text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()
}

fn read_concepts(path: &Path) -> Result<Vec<Concept>, CliError> {
    let text = read_text(path)?;
    let bad = |line: usize, found: String| CliError::BadLine {
        path: path.to_owned(),
        line,
        expected: r#"[{"name": "…", "pairs": [["easy", "easiest"], …]}]"#,
        found,
    };
    let concepts: Vec<Concept> =
        serde_json::from_str(&text).map_err(|error| bad(error.line().max(1), error.to_string()))?;
    if concepts.is_empty() { Err(bad(1, "an empty list".into())) } else { Ok(concepts) }
}

/// One prompt per line, or JSON lines with `{"text": …}`.
pub fn read_prompts(path: &Path) -> Result<Vec<String>, CliError> {
    #[derive(Deserialize)]
    struct Line {
        text: String,
    }
    let text = read_text(path)?;
    let prompts = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(line_idx, line)| match line.trim_start().starts_with('{') {
            false => Ok(line.to_owned()),
            true => {
                serde_json::from_str::<Line>(line).map(|line| line.text).map_err(|error| CliError::BadLine {
                    path: path.to_owned(),
                    line: line_idx + 1,
                    expected: r#"{"text": "…"}"#,
                    found: error.to_string(),
                })
            }
        })
        .collect::<Result<Vec<String>, CliError>>()?;
    if prompts.is_empty() { Err(CliError::NoPrompts { path: path.to_owned() }) } else { Ok(prompts) }
}

/// The models that come with the project.
pub fn catalogue() -> Result<Catalogue, CliError> {
    let path = models_folder().join("catalogue.json");
    Catalogue::parse(&read_text(&path)?).map_err(|source| CliError::Catalogue { path, source })
}

/// Where bundled models are.
pub fn models_folder() -> PathBuf {
    project_folder("public/models")
}

/// In the repository that is worked in, or else in the one that this program was built from.
fn project_folder(below: &str) -> PathBuf {
    let here = PathBuf::from(below);
    if here.is_dir() { here } else { Path::new(env!("CARGO_MANIFEST_DIR")).join(below) }
}

/// The folder of a bundled model.
pub fn bundled_folder(name: &str) -> Result<PathBuf, CliError> {
    let catalogue = catalogue()?;
    let folder = models_folder().join(name);
    if catalogue.find(name).is_some() && folder.is_dir() {
        return Ok(folder);
    }
    Err(CliError::UnknownBundled { name: name.to_owned(), known: catalogue.names() })
}

/// Every file of a model folder that a loader may want.
pub struct ModelFolder {
    /// The small ones, read, by name.
    pub small: Vec<(String, Vec<u8>)>,
    /// The weights, open.
    pub weights: Vec<WeightsFile>,
}

/// Reads and opens the files of a model folder.
pub fn read_model_folder(folder: &Path) -> Result<ModelFolder, CliError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| CliError::Read { path, source }
    };
    let (mut small, mut weights) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !path.is_file() {
            continue;
        } else if WeightsFile::is_one(&name) {
            weights.push(WeightsFile::new(name, DiskFile::open(&path).map_err(at(&path))?));
        } else if path.extension().is_some_and(|extension| extension == "json") {
            small.push((name, fs::read(&path).map_err(at(&path))?));
        }
    }
    small.sort();
    Ok(ModelFolder { small, weights })
}

/// The text of a file.
pub fn read_text(path: &Path) -> Result<String, CliError> {
    fs::read_to_string(path).map_err(|source| CliError::Read { path: path.to_owned(), source })
}
