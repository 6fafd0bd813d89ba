//! Models, prompts and concepts from the file system.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::CliError;
use crate::lab::Concept;

/// Texts whose every position becomes a context: the calibration set of the bundled world.
pub fn calibration_texts() -> Vec<String> {
    include_str!("../../public/world/calibration.txt").lines().map(str::to_owned).collect()
}

/// The bundled world's first preset.
pub fn default_prompts() -> Result<Vec<String>, CliError> {
    #[derive(Deserialize)]
    struct Preset {
        prompts: Vec<String>,
    }
    let presets: Vec<Preset> = serde_json::from_str(include_str!("../../public/world/prompts.json"))
        .map_err(|error| CliError::Internal(error.to_string()))?;
    Ok(presets.into_iter().next().map(|preset| preset.prompts).unwrap_or_default())
}

/// The concepts of a JSON file, or those of the bundled world; those of the given names only, where names are given.
pub fn concepts(path: Option<&Path>, names: &[String]) -> Result<Vec<Concept>, CliError> {
    let all = match path {
        Some(path) => read_concepts(path)?,
        None => serde_json::from_str(include_str!("../../public/world/concepts.json"))
            .map_err(|error| CliError::Internal(error.to_string()))?,
    };
    let default = [String::from("superlatives")];
    let names = if names.is_empty() && path.is_none() { &default } else { names };
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

/// The folder of a bundled model.
pub fn bundled_folder(name: &str) -> Result<PathBuf, CliError> {
    // The repository that is worked in, or else the one that this program was built from.
    let here = PathBuf::from("public/models");
    let root = if here.is_dir() { here } else { Path::new(env!("CARGO_MANIFEST_DIR")).join("public/models") };
    let folder = root.join(name);
    let is_plain_name = !name.is_empty() && !name.contains(['/', '\\']) && name != "..";
    if is_plain_name && folder.is_dir() {
        return Ok(folder);
    }
    let mut known: Vec<String> = fs::read_dir(&root)
        .map_err(|source| CliError::Read { path: root.clone(), source })?
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .collect();
    known.sort();
    Err(CliError::UnknownBundled { name: name.to_owned(), known })
}

/// Every file of a model folder that a loader may want, by name.
pub fn read_model_folder(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, CliError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| CliError::Read { path, source }
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
        let wanted =
            path.extension().is_some_and(|extension| extension == "json" || extension == "safetensors");
        if wanted && path.is_file() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.push((name, fs::read(&path).map_err(at(&path))?));
        }
    }
    files.sort();
    Ok(files)
}

fn read_text(path: &Path) -> Result<String, CliError> {
    fs::read_to_string(path).map_err(|source| CliError::Read { path: path.to_owned(), source })
}
