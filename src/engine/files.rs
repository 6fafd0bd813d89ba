//! The files of one model, told apart by their names.

use super::session::LoadError;

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
    pub weights: Vec<(String, Vec<u8>)>,
    /// `model.safetensors.index.json`, where the weights are in several files.
    pub index: Option<Vec<u8>>,
    /// `self_test.json`, where known answers are stored with the model.
    pub self_test: Option<Vec<u8>>,
}

impl ModelFiles {
    /// Sorts files by their names; what is not of a model is left aside.
    ///
    /// # Errors
    /// Names the file that is missing.
    pub fn from_named(name: String, files: Vec<(String, Vec<u8>)>) -> Result<Self, LoadError> {
        let names: Vec<String> = files.iter().map(|(file, _)| file.clone()).collect();
        let missing = |file: &str| LoadError::MissingFile {
            file: file.to_owned(),
            found: if names.is_empty() { "none".to_owned() } else { names.join(", ") },
        };
        let (mut config, mut tokenizer, mut index, mut self_test, mut weights) =
            (None, None, None, None, Vec::new());
        for (file, bytes) in files {
            match file.as_str() {
                "config.json" => config = Some(bytes),
                "tokenizer.json" => tokenizer = Some(bytes),
                "model.safetensors.index.json" => index = Some(bytes),
                "self_test.json" => self_test = Some(bytes),
                _ if file.ends_with(".safetensors") => weights.push((file, bytes)),
                _ => {}
            }
        }
        // With both whole and sharded weights in a folder, the whole file is the model.
        if weights.iter().any(|(file, _)| file == "model.safetensors") {
            weights.retain(|(file, _)| file == "model.safetensors");
            index = None;
        }
        weights.sort();
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
