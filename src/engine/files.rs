//! The files of one model, told apart by their names.

use super::session::LoadError;
use crate::models::WeightsFile;

const JSON_FILES: [&str; 4] =
    ["config.json", "tokenizer.json", "model.safetensors.index.json", "self_test.json"];

/// A model as the Hub stores it.
#[derive(Debug, Clone)]
pub struct ModelFiles {
    /// What people call it.
    pub name: String,
    /// `config.json`
    pub config: Vec<u8>,
    /// `tokenizer.json`
    pub tokenizer: Vec<u8>,
    /// Every `*.safetensors`, by name.
    pub weights: Vec<WeightsFile>,
    /// `model.safetensors.index.json`, where the weights are in several files.
    pub index: Option<Vec<u8>>,
    /// `self_test.json`, where known answers are stored with the model.
    pub self_test: Option<Vec<u8>>,
}

impl ModelFiles {
    /// Whether a file of this name belongs to a model and is small enough to be read as a whole.
    pub fn is_small(name: &str) -> bool {
        JSON_FILES.contains(&name)
    }

    /// Sorts files by their names: small ones with their contents, weights with a way to read them. What is not of a
    /// model is left aside.
    ///
    /// # Errors
    /// Names the file that is missing, or there twice.
    pub fn from_named(
        name: String,
        small: Vec<(String, Vec<u8>)>,
        mut weights: Vec<WeightsFile>,
    ) -> Result<Self, LoadError> {
        let names: Vec<String> = small
            .iter()
            .map(|(file, _)| file)
            .chain(weights.iter().map(|file| &file.name))
            .cloned()
            .collect();
        let is_of_model = |name: &str| Self::is_small(name) || WeightsFile::is_one(name);
        let is_again = |(i, name): &(usize, &String)| is_of_model(name) && names[..*i].contains(name);
        if let Some((_, name)) = names.iter().enumerate().find(is_again) {
            return Err(LoadError::FileTwice(name.clone()));
        }
        let missing = |file: &str| LoadError::MissingFile { file: file.to_owned(), found: names.clone() };
        let (mut config, mut tokenizer, mut index, mut self_test) = (None, None, None, None);
        for (file, bytes) in small {
            match file.as_str() {
                "config.json" => config = Some(bytes),
                "tokenizer.json" => tokenizer = Some(bytes),
                "model.safetensors.index.json" => index = Some(bytes),
                "self_test.json" => self_test = Some(bytes),
                _ => {}
            }
        }
        // With both whole and sharded weights in a folder, the whole file is the model.
        if weights.iter().any(|file| file.name == "model.safetensors") {
            weights.retain(|file| file.name == "model.safetensors");
            index = None;
        }
        weights.sort_by(|one, other| one.name.cmp(&other.name));
        if weights.is_empty() {
            return Err(missing("model.safetensors"));
        }
        Ok(Self {
            name,
            config: config.ok_or_else(|| missing("config.json"))?,
            tokenizer: tokenizer.ok_or_else(|| missing("tokenizer.json"))?,
            weights,
            index,
            self_test,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{LoadError, ModelFiles, WeightsFile};

    fn sort(names: &[&str]) -> Result<ModelFiles, LoadError> {
        let (weights, small): (Vec<&str>, Vec<&str>) =
            names.iter().partition(|name| WeightsFile::is_one(name));
        let small = small.iter().map(|name| ((*name).to_owned(), name.as_bytes().to_vec())).collect();
        let weights = weights.iter().map(|name| WeightsFile::new(*name, name.as_bytes().to_vec())).collect();
        ModelFiles::from_named("m".into(), small, weights)
    }

    fn weights(names: &[&str]) -> Vec<String> {
        sort(names).unwrap().weights.into_iter().map(|file| file.name).collect()
    }

    fn check_refused(names: &[&str], sentence: &str) {
        let error = sort(names).unwrap_err().to_string();
        assert!(error.contains(sentence), "{names:?} gives: {error}");
    }

    #[test]
    fn files_are_told_apart_by_their_names() {
        let files = sort(&["README.md", "model.safetensors", "tokenizer.json", "config.json"]).unwrap();
        assert_eq!((&files.config[..], &files.tokenizer[..]), (&b"config.json"[..], &b"tokenizer.json"[..]));
        assert!(files.index.is_none() && files.self_test.is_none());
    }

    #[test]
    fn whole_weights_are_preferred_to_shards() {
        let index = "model.safetensors.index.json";
        let shards = ["model-2.safetensors", "model-1.safetensors", index, "config.json", "tokenizer.json"];
        assert_eq!(weights(&shards), ["model-1.safetensors", "model-2.safetensors"]);
        assert!(sort(&shards).unwrap().index.is_some());
        let both = [&shards[..], &["model.safetensors"]].concat();
        assert_eq!(weights(&both), ["model.safetensors"]);
        assert!(sort(&both).unwrap().index.is_none());
    }

    #[test]
    fn missing_files_are_named() {
        check_refused(&[], "expected a file model.safetensors, found only: none");
        check_refused(
            &["config.json", "tokenizer.json", "pytorch_model.bin"],
            "expected a file model.safetensors, found only: config.json, tokenizer.json, pytorch_model.bin",
        );
        check_refused(
            &["model.safetensors", "tokenizer.json"],
            "expected a file config.json, found only: tokenizer.json, model.safetensors",
        );
        check_refused(&["model.safetensors", "config.json"], "expected a file tokenizer.json");
    }

    #[test]
    fn two_files_of_one_name_are_refused() {
        let files = ["config.json", "model.safetensors", "tokenizer.json"];
        check_refused(&[&files[..], &["config.json"]].concat(), "found two named config.json");
        check_refused(&[&files[..], &["model.safetensors"]].concat(), "found two named model.safetensors");
        assert!(sort(&[&files[..], &["README.md", "README.md"]].concat()).is_ok());
    }
}
