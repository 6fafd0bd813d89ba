//! Every word that people read, in each language of the page. The words stand in `locales/`; the build script makes
//! typed keys of them, so that a key that does not exist, or an argument that is missing, does not compile.
//!
//! [`verdict`] is what a report means, in sentences: start there.

#[allow(
    missing_docs,
    clippy::all,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "written by the build script"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/i18n/mod.rs"));
}

pub mod level;
pub mod numbers;
pub mod opening;
pub mod properties;
pub mod reasons;
pub mod reproduction;
pub mod verdict;

pub use generated::i18n::*;

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;
    use std::path::{Path, PathBuf};

    use serde_json::Value;

    fn language(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("locales").join(name)
    }

    /// Every text of a file with its path, plural forms under their common name.
    fn texts(value: &Value, path: &str, found: &mut BTreeMap<String, Vec<String>>) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    texts(value, &format!("{path}.{key}"), found);
                }
            }
            Value::String(text) => {
                let plural = ["_zero", "_one", "_two", "_few", "_many", "_other"];
                let name = plural.iter().find_map(|form| path.strip_suffix(form)).unwrap_or(path);
                found.entry(name.to_owned()).or_default().push(text.clone());
            }
            other => panic!("{path} is neither a text nor a group of texts: {other}"),
        }
    }

    fn all(name: &str) -> BTreeMap<String, Vec<String>> {
        let mut found = BTreeMap::new();
        for entry in fs::read_dir(language(name)).unwrap() {
            let path = entry.unwrap().path();
            let value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            texts(&value, path.file_stem().unwrap().to_str().unwrap(), &mut found);
        }
        found
    }

    /// What stands in double braces, and the tags.
    fn arguments(text: &str) -> BTreeSet<String> {
        let braces = text.split("{{").skip(1).filter_map(|rest| rest.split("}}").next());
        let tags = text.split('<').skip(1).filter_map(|rest| rest.split('>').next());
        braces.chain(tags).map(|name| name.trim().trim_start_matches('/').to_owned()).collect()
    }

    /// Letters outside of arguments and tags.
    fn has_words(text: &str) -> bool {
        let mut depth = 0_usize;
        text.chars().any(|c| {
            match c {
                '{' | '<' => depth += 1,
                '}' | '>' => depth = depth.saturating_sub(1),
                _ => return depth == 0 && c.is_ascii_alphabetic(),
            }
            false
        })
    }

    /// A form that stands alone would be ignored, and the English text shown instead.
    #[test]
    fn plural_forms_never_stand_alone() {
        for name in ["en", "ja"] {
            for entry in fs::read_dir(language(name)).unwrap() {
                let path = entry.unwrap().path();
                let value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
                assert_plurals_complete(&value, &format!("{name}/{}", path.display()));
            }
        }
    }

    fn assert_plurals_complete(value: &Value, path: &str) {
        let Value::Object(map) = value else { return };
        for (key, value) in map {
            assert_plurals_complete(value, &format!("{path}.{key}"));
            if let Some(name) = key.strip_suffix("_other") {
                let forms =
                    map.keys().filter(|key| key.rsplit_once('_').is_some_and(|(base, _)| base == name));
                assert!(
                    value.is_object() || forms.count() > 1,
                    "{path}.{key} is the only form: call it {name:?}"
                );
            }
        }
    }

    #[test]
    fn every_language_has_every_key_with_the_same_arguments() {
        let (english, japanese) = (all("en"), all("ja"));
        let keys = |texts: &BTreeMap<String, Vec<String>>| texts.keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(keys(&english), keys(&japanese));
        for (key, texts) in &english {
            let of =
                |texts: &[String]| texts.iter().flat_map(|text| arguments(text)).collect::<BTreeSet<_>>();
            let without_count = |mut names: BTreeSet<String>| {
                names.remove("count");
                names
            };
            // An error that speaks English for itself need not be repeated where other languages say it.
            if texts != &["{{ message }}"] {
                assert_eq!(without_count(of(texts)), without_count(of(&japanese[key])), "{key}");
            }
            assert!(texts.iter().chain(&japanese[key]).all(|text| !text.trim().is_empty()), "{key} is empty");
        }
    }

    #[test]
    fn japanese_texts_are_japanese() {
        let signs = |text: &str| {
            text.chars()
                .any(|c| ('\u{3040}'..='\u{30ff}').contains(&c) || ('\u{4e00}'..='\u{9fff}').contains(&c))
        };
        let english = all("en");
        for (key, texts) in all("ja") {
            // Names, codes and formulas are the same everywhere; signs between arguments are no words.
            let is_same = english[&key] == texts;
            let is_japanese = |text: &String| signs(text) || !has_words(text);
            assert!(is_same || texts.iter().all(is_japanese), "{key}: {texts:?}");
        }
    }
}
