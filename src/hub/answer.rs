//! What the Hub says of a repository: its commit, its licence, whether it is open, its files; and which of them are a
//! model.

use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

use super::address::{is_commit, is_repository};
use super::digest::is_sha256;
use super::failure::HubError;
use super::progress::size_words;

/// Largest `config.json`, `self_test.json` or index, in bytes.
const MAX_SMALL: u64 = 8 << 20;
/// Largest `tokenizer.json`, in bytes.
const MAX_TOKENIZER: u64 = 64 << 20;

const CONFIG: &str = "config.json";
const TOKENIZER: &str = "tokenizer.json";
const WHOLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";
const SELF_TEST: &str = "self_test.json";

/// A file of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryFile {
    /// Its path in the repository.
    pub name: String,
    /// Its length in bytes.
    pub length: u64,
    /// SHA-256 of its contents, where the Hub knows it: of all large files.
    pub sha256: Option<String>,
}

/// A repository at one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// `organisation/name`, as the Hub calls it now.
    pub name: String,
    /// The commit, 40 hexadecimal digits.
    pub commit: String,
    /// Its licence, such as `mit`, where it is given.
    pub licence: Option<String>,
    /// How many parameters its weights have, where the Hub knows.
    pub parameters: Option<u64>,
    /// All files.
    pub files: Vec<RepositoryFile>,
}

/// The files that make a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelParts {
    /// `config.json`
    pub config: RepositoryFile,
    /// `tokenizer.json`
    pub tokenizer: RepositoryFile,
    /// `self_test.json`, where known answers are stored with the model.
    pub self_test: Option<RepositoryFile>,
    /// Where the weights are.
    pub weights: Weights,
}

/// Where the weights are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Weights {
    /// In `model.safetensors`.
    Whole(RepositoryFile),
    /// In the files that this index names.
    Sharded(RepositoryFile),
}

impl ModelParts {
    /// How many bytes there are in all, in the weights as they are stored.
    pub fn length(&self, repository: &Repository) -> u64 {
        let weights = match &self.weights {
            Weights::Whole(file) => file.length,
            Weights::Sharded(index) => index.length + repository.shards_length(),
        };
        let self_test = self.self_test.as_ref().map_or(0, |file| file.length);
        self.config.length + self.tokenizer.length + self_test + weights
    }
}

#[derive(Deserialize)]
struct Answer {
    id: Option<String>,
    sha: String,
    #[serde(default)]
    private: bool,
    /// `false`, `"auto"` or `"manual"`.
    #[serde(default)]
    gated: Value,
    #[serde(default)]
    disabled: bool,
    siblings: Vec<Sibling>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default, rename = "cardData")]
    card_data: Value,
    #[serde(default)]
    safetensors: Value,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    lfs: Option<Lfs>,
}

#[derive(Deserialize)]
struct Lfs {
    sha256: Option<String>,
    /// Older answers name the digest so.
    oid: Option<String>,
    size: Option<u64>,
}

impl Repository {
    /// Reads the Hub's answer to [`api_url`](super::address::api_url); `asked` is the repository that was asked for and
    /// `host` who answered.
    ///
    /// # Errors
    /// Another form, a gated, private or disabled repository.
    pub fn parse(answer: &[u8], asked: &str, host: &str) -> Result<Self, HubError> {
        let bad = |problem: String| HubError::BadAnswer {
            host: host.to_owned(),
            repository: asked.to_owned(),
            problem,
        };
        let answer: Answer = serde_json::from_slice(answer).map_err(|error| bad(error.to_string()))?;
        let name = answer.id.clone().filter(|id| is_repository(id)).unwrap_or_else(|| asked.to_owned());
        let is_gated = !matches!(answer.gated, Value::Null | Value::Bool(false));
        if answer.private {
            return Err(HubError::MissingOrPrivate { repository: name });
        }
        if is_gated {
            return Err(HubError::Gated { repository: name });
        }
        if answer.disabled {
            return Err(HubError::Disabled { repository: name });
        }
        if !is_commit(&answer.sha) {
            return Err(bad(format!(
                "a commit of 40 hexadecimal digits was expected, found “{}”",
                answer.sha
            )));
        }
        let files = answer.siblings.iter().map(|sibling| sibling.file().map_err(&bad));
        Ok(Self {
            licence: licence(&answer),
            parameters: answer.safetensors["total"].as_u64(),
            files: files.collect::<Result<_, _>>()?,
            name,
            commit: answer.sha,
        })
    }

    /// The file of a name.
    ///
    /// # Errors
    /// There is none.
    pub fn file(&self, name: &str) -> Result<&RepositoryFile, HubError> {
        self.find(name)
            .ok_or_else(|| HubError::MissingFile { repository: self.name.clone(), file: name.to_owned() })
    }

    /// The files that make a model: whole weights are preferred to shards.
    ///
    /// # Errors
    /// Each missing file has its sentence, which names what there is instead.
    pub fn model_parts(&self) -> Result<ModelParts, HubError> {
        let repository = || self.name.clone();
        let weights = match (self.find(WHOLE), self.find(INDEX)) {
            (Some(whole), _) => Weights::Whole(whole.clone()),
            (None, Some(index)) => Weights::Sharded(index.limited(MAX_SMALL)?),
            (None, None) => {
                return Err(HubError::NoSafetensors {
                    repository: repository(),
                    found: self.other_weights(),
                });
            }
        };
        let config = self.find(CONFIG).ok_or_else(|| HubError::NoConfig { repository: repository() })?;
        let tokenizer = self.find(TOKENIZER).ok_or_else(|| HubError::NoTokenizer {
            repository: repository(),
            found: self.other_tokenizers(),
        })?;
        Ok(ModelParts {
            config: config.limited(MAX_SMALL)?,
            tokenizer: tokenizer.limited(MAX_TOKENIZER)?,
            self_test: self.find(SELF_TEST).map(|file| file.limited(MAX_SMALL)).transpose()?,
            weights,
        })
    }

    /// The weight files that an index names, in the order of their names.
    ///
    /// # Errors
    /// No index, or a file that the repository does not have.
    pub fn shards(&self, index: &[u8], host: &str) -> Result<Vec<RepositoryFile>, HubError> {
        #[derive(Deserialize)]
        struct Index {
            weight_map: BTreeMap<String, String>,
        }
        let bad = |problem: String| HubError::BadAnswer {
            host: host.to_owned(),
            repository: self.name.clone(),
            problem: format!("{INDEX}: {problem}"),
        };
        let index: Index = serde_json::from_slice(index).map_err(|error| bad(error.to_string()))?;
        let names: BTreeSet<String> = index.weight_map.into_values().collect();
        if names.is_empty() {
            return Err(bad("no tensor in it".to_owned()));
        }
        names.iter().map(|name| self.file(name).cloned()).collect()
    }

    fn find(&self, name: &str) -> Option<&RepositoryFile> {
        self.files.iter().find(|file| file.name == name)
    }

    /// Bytes of all shards that names suggest; the index itself is not read yet.
    fn shards_length(&self) -> u64 {
        let is_shard = |name: &str| name.starts_with("model-") && name.ends_with(".safetensors");
        self.files.iter().filter(|file| is_shard(&file.name)).map(|file| file.length).sum()
    }

    fn other_weights(&self) -> Vec<String> {
        let endings = [".safetensors", ".bin", ".h5", ".msgpack", ".gguf", ".onnx", ".pt", ".pth", ".ckpt"];
        self.names_of(|name| {
            endings.iter().any(|ending| name.ends_with(ending)) && name != "training_args.bin"
        })
    }

    fn other_tokenizers(&self) -> Vec<String> {
        let names = ["vocab.json", "merges.txt", "vocab.txt", "tokenizer.model", "spiece.model"];
        self.names_of(|name| names.contains(&name) || name.starts_with("tokenizer"))
    }

    /// The files that are of a kind.
    fn names_of(&self, is_of_kind: impl Fn(&str) -> bool) -> Vec<String> {
        self.files.iter().map(|file| file.name.clone()).filter(|name| is_of_kind(name)).collect()
    }
}

impl RepositoryFile {
    fn limited(&self, limit: u64) -> Result<Self, HubError> {
        if self.length <= limit {
            return Ok(self.clone());
        }
        Err(HubError::TooLarge {
            file: self.name.clone(),
            limit: size_words(limit),
            found: size_words(self.length),
        })
    }
}

impl Sibling {
    fn file(&self) -> Result<RepositoryFile, String> {
        let stored = self.lfs.as_ref();
        let length = stored.and_then(|lfs| lfs.size).or(self.size);
        let sha256 = stored.and_then(|lfs| lfs.sha256.as_ref().or(lfs.oid.as_ref()));
        Ok(RepositoryFile {
            name: self.rfilename.clone(),
            length: length
                .ok_or_else(|| format!("the size of {} was expected, found none", self.rfilename))?,
            sha256: sha256.map(|digest| digest.to_lowercase()).filter(|digest| is_sha256(digest)),
        })
    }
}

/// From the model's card, else from the tags; a list of several is joined.
fn licence(answer: &Answer) -> Option<String> {
    let from_card = match &answer.card_data["license"] {
        Value::String(one) => Some(one.clone()),
        Value::Array(several) => {
            Some(several.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "))
        }
        _ => None,
    };
    let from_tags = || answer.tags.iter().find_map(|tag| tag.strip_prefix("license:")).map(ToOwned::to_owned);
    // “Other” says that its name stands elsewhere.
    let named = answer.card_data["license_name"].as_str().map(ToOwned::to_owned);
    match from_card.or_else(from_tags) {
        Some(other) if other == "other" => named.or(Some(other)),
        found => found.filter(|text| !text.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
    const SHA: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn answer(names: &[&str], more: &Value) -> Vec<u8> {
        let siblings: Vec<_> =
            names.iter().map(|name| json!({"rfilename": name, "size": 10, "blobId": "b"})).collect();
        let mut answer =
            json!({"id": "a/b", "sha": COMMIT, "private": false, "gated": false, "siblings": siblings});
        for (key, value) in more.as_object().unwrap() {
            answer[key] = value.clone();
        }
        answer.to_string().into_bytes()
    }

    fn parse(names: &[&str], more: &Value) -> Result<Repository, HubError> {
        Repository::parse(&answer(names, more), "a/b", "huggingface.co")
    }

    fn parts(names: &[&str]) -> Result<ModelParts, HubError> {
        parse(names, &json!({})).unwrap().model_parts()
    }

    fn check_refused<T: std::fmt::Debug>(found: Result<T, HubError>, sentence: &str) {
        let error = found.unwrap_err().to_string();
        assert!(error.contains(sentence), "{error}");
    }

    #[test]
    fn an_answer_of_the_hub_is_read() {
        let text = json!({
            "_id": "64af", "id": "EleutherAI/pythia-14m", "sha": COMMIT, "private": false, "gated": false,
            "disabled": false, "downloads": 12345, "tags": ["transformers", "license:apache-2.0"],
            "cardData": {"license": "apache-2.0", "language": ["en"]},
            "safetensors": {"parameters": {"F16": 14_067_712}, "total": 14_067_712},
            "siblings": [
                {"rfilename": ".gitattributes", "size": 1477, "blobId": "a"},
                {"rfilename": "model.safetensors", "size": 53_305_312, "blobId": "c",
                 "lfs": {"sha256": SHA, "size": 53_305_312, "pointerSize": 133}},
            ],
        });
        let found = Repository::parse(text.to_string().as_bytes(), "eleutherai/pythia-14m", "h").unwrap();
        assert_eq!(found.name, "EleutherAI/pythia-14m");
        assert_eq!((found.commit.as_str(), found.licence.as_deref()), (COMMIT, Some("apache-2.0")));
        assert_eq!(found.parameters, Some(14_067_712));
        let weights =
            RepositoryFile { name: "model.safetensors".into(), length: 53_305_312, sha256: Some(SHA.into()) };
        assert_eq!(found.file("model.safetensors"), Ok(&weights));
        check_refused(
            found.file("config.json"),
            "expected the file config.json in EleutherAI/pythia-14m, found none",
        );
    }

    #[test]
    fn licences_are_found_wherever_they_stand() {
        let of = |more: Value| parse(&[], &more).unwrap().licence;
        assert_eq!(of(json!({})), None);
        assert_eq!(of(json!({"tags": ["x", "license:mit"]})).as_deref(), Some("mit"));
        assert_eq!(
            of(json!({"cardData": {"license": ["mit", "apache-2.0"]}})).as_deref(),
            Some("mit, apache-2.0")
        );
        assert_eq!(
            of(json!({"cardData": {"license": "other", "license_name": "tongyi"}})).as_deref(),
            Some("tongyi")
        );
    }

    #[test]
    fn closed_repositories_are_refused() {
        check_refused(parse(&[], &json!({"gated": "auto"})), "a/b is gated");
        check_refused(parse(&[], &json!({"gated": "manual"})), "a/b is gated");
        check_refused(parse(&[], &json!({"gated": true})), "a/b is gated");
        check_refused(parse(&[], &json!({"private": true})), "expected a public repository a/b");
        check_refused(parse(&[], &json!({"disabled": true})), "a/b has been disabled");
        assert!(parse(&[], &json!({"gated": null})).is_ok());
    }

    #[test]
    fn other_answers_are_refused() {
        check_refused(
            Repository::parse(b"<html>", "a/b", "m.example"),
            "answer about a/b from m.example, found something else",
        );
        check_refused(Repository::parse(b"{}", "a/b", "h"), "missing field `sha`");
        check_refused(parse(&[], &json!({"sha": "main"})), "found “main”");
        let without_size = json!({"siblings": [{"rfilename": "config.json"}]});
        check_refused(parse(&[], &without_size), "the size of config.json was expected");
    }

    #[test]
    fn whole_weights_are_preferred_to_shards() {
        let both = ["config.json", "tokenizer.json", "model.safetensors", "model.safetensors.index.json"];
        assert!(
            matches!(parts(&both).unwrap().weights, Weights::Whole(file) if file.name == "model.safetensors")
        );
        let sharded =
            ["config.json", "tokenizer.json", "model.safetensors.index.json", "model-1.safetensors"];
        let repository = parse(&sharded, &json!({})).unwrap();
        let found = repository.model_parts().unwrap();
        assert!(matches!(found.weights, Weights::Sharded(_)));
        assert_eq!((found.self_test.clone(), found.length(&repository)), (None, 40));
    }

    #[test]
    fn every_missing_file_has_its_sentence() {
        let good = ["config.json", "tokenizer.json"];
        check_refused(
            parts(&[&good[..], &["pytorch_model.bin"]].concat()),
            "in a/b, found only pytorch_model.bin: choose",
        );
        check_refused(parts(&good), "expected model.safetensors in a/b, found none:");
        let many = ["a.bin", "b.bin", "c.bin", "d.gguf", "adapter_model.safetensors"];
        check_refused(parts(&many), "found only a.bin, b.bin, c.bin and 2 more");
        check_refused(parts(&["tokenizer.json", "model.safetensors"]), "expected config.json in a/b");
        check_refused(
            parts(&["config.json", "model.safetensors", "vocab.json", "merges.txt", "tokenizer_config.json"]),
            "expected tokenizer.json in a/b, found only vocab.json, merges.txt, tokenizer_config.json",
        );
        let huge = json!({"siblings": [
            {"rfilename": "config.json", "size": 1_u64 << 40},
            {"rfilename": "tokenizer.json", "size": 1}, {"rfilename": "model.safetensors", "size": 1},
        ]});
        check_refused(
            parse(&[], &huge).unwrap().model_parts(),
            "expected config.json of at most 8.4 MB, found one of 1100 GB",
        );
    }

    #[test]
    fn shards_are_those_of_the_index() {
        let repository = parse(&["s-2.safetensors", "s-1.safetensors"], &json!({})).unwrap();
        let names = |index: Value| {
            let shards = repository.shards(index.to_string().as_bytes(), "h")?;
            Ok::<_, HubError>(shards.into_iter().map(|file| file.name).collect::<Vec<_>>())
        };
        let index =
            json!({"weight_map": {"w": "s-2.safetensors", "v": "s-1.safetensors", "u": "s-2.safetensors"}});
        assert_eq!(names(index).unwrap(), ["s-1.safetensors", "s-2.safetensors"]);
        check_refused(
            names(json!({"weight_map": {"w": "s-3.safetensors"}})),
            "expected the file s-3.safetensors",
        );
        check_refused(names(json!({"weight_map": {}})), "no tensor in it");
        check_refused(names(json!({})), "missing field `weight_map`");
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(text in any::<String>()) {
            prop_assert!(Repository::parse(text.as_bytes(), "a/b", "h").is_err());
        }
    }
}
