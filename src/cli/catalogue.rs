//! `catalogue`: the list of bundled models, from what their folders say.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::arguments::CatalogueArguments;
use super::error::CliError;
use super::experiment::{ModelFacts, write_whole};
use super::files::read_text;
use crate::lab::{Catalogue, CatalogueModel, Role};

const FILE: &str = "catalogue.json";

/// Writes the list anew: models that were listed keep their place and label, new ones follow by name.
pub fn run(arguments: &CatalogueArguments, out: &mut dyn Write) -> Result<(), CliError> {
    let path = arguments.models.join(FILE);
    let wrong = |source| CliError::Catalogue { path: path.clone(), source };
    let before = match path.exists() {
        true => Catalogue::parse(&read_text(&path)?).map_err(wrong)?,
        false => Catalogue::default(),
    };
    let catalogue = gathered(&arguments.models, &before)?;
    catalogue.check().map_err(wrong)?;
    let mut text =
        serde_json::to_string_pretty(&catalogue).map_err(|error| CliError::Internal(error.to_string()))?;
    text.push('\n');
    write_whole(&path, text.as_bytes())?;
    Ok(writeln!(out, "{} models in {}", catalogue.models.len(), path.display())?)
}

fn gathered(folder: &Path, before: &Catalogue) -> Result<Catalogue, CliError> {
    let mut found = Vec::new();
    for path in model_folders(folder)? {
        // The record of a model's training says more than a list that was written before it.
        let facts = ModelFacts::of_folder(&path, &Catalogue::default())?;
        let listed = before.find(&facts.name);
        let world = facts.world.clone().or_else(|| listed.map(|model| model.world.clone())).ok_or_else(|| {
            CliError::BadModel(format!(
                "{}: expected a training.json that names the model's world, found none; write the model again with `train`",
                path.display()
            ))
        })?;
        let seed = facts.seed.or_else(|| listed.and_then(|model| model.seed));
        found.push(CatalogueModel {
            label: listed.map_or_else(|| label(&facts, &world), |model| model.label.clone()),
            world,
            seed,
            role: facts.role.or_else(|| listed.map(|model| model.role)).unwrap_or(Role::Trained),
            teacher: facts.teacher.or_else(|| listed.and_then(|model| model.teacher.clone())),
            architecture: facts.architecture,
            width: facts.width as usize,
            name: facts.name,
        });
    }
    let teachers: Vec<String> = found.iter().filter_map(|model| model.teacher.clone()).collect();
    for model in
        found.iter_mut().filter(|model| model.role == Role::Trained && teachers.contains(&model.name))
    {
        model.role = Role::Teacher;
    }
    let place = |model: &CatalogueModel| {
        before.models.iter().position(|listed| listed.name == model.name).unwrap_or(before.models.len())
    };
    found.sort_by_key(place);
    Ok(Catalogue { models: found })
}

fn label(facts: &ModelFacts, world: &str) -> String {
    let seed = facts.seed.map(|seed| format!(", seed {seed}")).unwrap_or_default();
    let teacher = facts.teacher.as_ref().map(|teacher| format!(", student of {teacher}")).unwrap_or_default();
    format!(
        "{} of the world {world}, {}, width {}{seed}{teacher}",
        facts.name, facts.architecture, facts.width
    )
}

/// Folders with a config, by name.
fn model_folders(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    let failed = |source| CliError::Read { path: folder.to_owned(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.join("config.json").is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = r#"{"model_type": "llama", "vocab_size": 9, "hidden_size": 24, "intermediate_size": 48,
        "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 8, "rms_norm_eps": 1e-5}"#;

    fn put(folder: &Path, name: &str, record: Option<&str>) {
        let model = folder.join(name);
        fs::create_dir(&model).unwrap();
        fs::write(model.join("config.json"), CONFIG).unwrap();
        if let Some(record) = record {
            fs::write(model.join("training.json"), record).unwrap();
        }
    }

    fn written(folder: &Path) -> Result<Catalogue, CliError> {
        run(&CatalogueArguments { models: folder.to_owned() }, &mut Vec::new())?;
        Ok(Catalogue::parse(&fs::read_to_string(folder.join(FILE)).unwrap()).unwrap())
    }

    #[test]
    fn new_models_follow_those_that_were_listed_and_teachers_are_found() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "z", Some(r#"{"world": "wugs", "plan": {"seed": 4}}"#));
        assert_eq!(written(folder.path()).unwrap().names(), ["z"]);
        put(
            folder.path(),
            "s",
            Some(
                r#"{"world": "wugs", "plan": {"seed": 5}, "lesson": {"teacher": {"name": "z", "loss": "logits"}}}"#,
            ),
        );
        fs::create_dir(folder.path().join("no-model")).unwrap();
        let catalogue = written(folder.path()).unwrap();
        assert_eq!(catalogue.names(), ["z", "s"]);
        let [z, s] = [&catalogue.models[0], &catalogue.models[1]];
        assert_eq!((z.role, z.seed, z.world.as_str(), z.width), (Role::Teacher, Some(4), "wugs", 24));
        assert_eq!((s.role, s.teacher.as_deref()), (Role::Student, Some("z")));
        assert!(s.label.contains("student of z"), "{}", s.label);
        assert_eq!(written(folder.path()).unwrap(), catalogue, "written again it is the same");
    }

    #[test]
    fn a_model_of_no_known_world_is_named() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "m", None);
        let message = written(folder.path()).unwrap_err().to_string();
        assert!(message.contains("training.json") && message.contains('m'), "{message}");
        assert!(!folder.path().join(FILE).exists());
    }

    /// What is committed is what the command writes.
    #[test]
    fn the_bundled_catalogue_is_up_to_date() {
        let folder = Path::new("public/models");
        let committed = Catalogue::parse(&fs::read_to_string(folder.join(FILE)).unwrap()).unwrap();
        assert_eq!(gathered(folder, &committed).unwrap(), committed);
    }
}
