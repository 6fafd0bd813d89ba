//! The experiment file as it is written: TOML, every key known.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::cli::error::CliError;
use crate::cli::files::read_text;
use crate::lab::Thresholds;
use crate::lab::report::Property;

/// What is asked, as the file says it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExperimentFile {
    /// All models, or groups of them by name.
    #[serde(default)]
    pub models: Models,
    /// Which pairs; every unordered pair of all models unless given.
    #[serde(default)]
    pub pairs: Vec<PairRule>,
    /// A world's name or folder; that of the models unless given.
    pub world: Option<String>,
    /// A prompts file in place of the world's.
    pub prompts: Option<PathBuf>,
    /// A calibration file in place of the world's.
    pub calibration: Option<PathBuf>,
    /// A concepts file in place of the world's.
    pub concepts: Option<PathBuf>,
    /// Only the concepts of these names.
    #[serde(default)]
    pub concept_names: Vec<String>,
    /// Only these properties.
    #[serde(default = "all_properties")]
    pub properties: Vec<Property>,
    /// Seed of every random draw.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// Thresholds of the verdict, by name, where they are not the usual ones.
    #[serde(default)]
    thresholds: BTreeMap<String, f64>,
}

/// A list of models, or lists of them by name.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged, expecting = "a list of models, or a table of lists of models")]
pub enum Models {
    /// One list, the group `models`.
    List(Vec<String>),
    /// Groups.
    Groups(BTreeMap<String, Vec<String>>),
}

impl Default for Models {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

/// Which pairs: either `all`, or `a` and `b`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairRule {
    /// Every unordered pair of these.
    all: Option<Selection>,
    /// Each of these …
    a: Option<Selection>,
    /// … against each of these, which may be twins.
    b: Option<Selection>,
}

/// Names of groups, models, patterns.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "a text or a list of texts")]
pub enum Selection {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

/// A rule with its parts in place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pairing<'a> {
    /// Every unordered pair.
    Within(&'a Selection),
    /// Each of the first against each of the second.
    Across(&'a Selection, &'a Selection),
}

impl Selection {
    /// What is named, in order.
    pub fn items(&self) -> &[String] {
        match self {
            Self::One(item) => std::slice::from_ref(item),
            Self::Several(items) => items,
        }
    }
}

impl PairRule {
    /// Every unordered pair of the models of these groups.
    pub fn within(groups: Vec<String>) -> Self {
        Self { all: Some(Selection::Several(groups)), a: None, b: None }
    }

    /// The rule, or what is wrong with it.
    pub fn pairing(&self) -> Result<Pairing<'_>, String> {
        match self {
            Self { all: Some(all), a: None, b: None } => Ok(Pairing::Within(all)),
            Self { all: None, a: Some(a), b: Some(b) } => Ok(Pairing::Across(a, b)),
            Self { all, a, b } => {
                let parts = [("all", all.is_some()), ("a", a.is_some()), ("b", b.is_some())];
                let found: Vec<&str> = parts.iter().filter(|part| part.1).map(|part| part.0).collect();
                let found = if found.is_empty() { "none of them".to_owned() } else { found.join(" and ") };
                Err(format!("expected pairs with either all, or both a and b, found {found}"))
            }
        }
    }
}

fn all_properties() -> Vec<Property> {
    vec![
        Property::Parallelism,
        Property::RelationalLinearity,
        Property::LinearSubspace,
        Property::LinearProbing,
        Property::LinearSteering,
    ]
}

fn default_seed() -> u64 {
    1
}

impl ExperimentFile {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, CliError> {
        Self::parse(&read_text(path)?)
            .map_err(|message| CliError::BadExperiment { path: path.to_owned(), message })
    }

    /// The file of a text, or what is wrong with it, in one line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| 1 + text[..span.start].matches('\n').count());
            let place = line.map(|line| format!("line {line}: ")).unwrap_or_default();
            format!("{place}{}; see docs/experiments.md", error.message().replace('\n', ", "))
        })?;
        if file.properties.is_empty() {
            return Err("expected at least one property, found an empty list".to_owned());
        }
        file.pairs.iter().try_for_each(|rule| rule.pairing().map(drop))?;
        file.thresholds()?;
        Ok(file)
    }

    /// The usual thresholds with those of the file in their places.
    pub fn thresholds(&self) -> Result<Thresholds, String> {
        let mut t = Thresholds::default();
        for (name, &value) in &self.thresholds {
            let place = match name.as_str() {
                "delta_mean" => &mut t.delta_mean,
                "delta_tail" => &mut t.delta_tail,
                "max_violation_rate" => &mut t.max_violation_rate,
                "alpha" => &mut t.alpha,
                "delta_correlation" => &mut t.delta_correlation,
                "delta_r2" => &mut t.delta_r2,
                "delta_accuracy" => &mut t.delta_accuracy,
                "delta_steering" => &mut t.delta_steering,
                "max_p" => &mut t.max_p,
                _ => {
                    return Err(format!(
                        "expected thresholds named as in theory.md §5.9 (delta_mean, delta_tail, \
                         max_violation_rate, alpha, delta_correlation, delta_r2, delta_accuracy, delta_steering, \
                         max_p), found {name}"
                    ));
                }
            };
            // Shares and levels of tests lie below 1; the others are only positive.
            let is_share = matches!(name.as_str(), "max_violation_rate" | "alpha" | "max_p");
            if !(value > 0.0 && value.is_finite() && (!is_share || value < 1.0)) {
                let range = if is_share { "between 0 and 1" } else { "above 0" };
                return Err(format!("expected {name} to be {range}, found {value}"));
            }
            *place = value;
        }
        Ok(t)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str, words: &[&str]) {
        let message = ExperimentFile::parse(text).unwrap_err();
        assert!(!message.contains('\n'), "{message}");
        for word in words {
            assert!(message.contains(word), "{text:?}: {message:?} lacks {word:?}");
        }
    }

    #[test]
    fn what_a_file_leaves_out_is_as_usual() {
        let file = ExperimentFile::parse(r#"models = ["a", "b"]"#).unwrap();
        assert_eq!(file.models, Models::List(vec!["a".into(), "b".into()]));
        assert_eq!((file.seed, file.properties.len(), file.pairs.len()), (1, 5, 0));
        assert_eq!(file.thresholds().unwrap(), Thresholds::default());
    }

    #[test]
    fn a_whole_file_is_read() {
        let file = ExperimentFile::parse(
            r#"
            seed = 7
            properties = ["parallelism", "linear_probing"]
            [models]
            family = ["m-*"]
            [[pairs]]
            all = "family"
            [[pairs]]
            a = ["family", "x"]
            b = "twin:reduced"
            [thresholds]
            delta_mean = 1
            max_p = 0.02
            "#,
        )
        .unwrap();
        let of = |text: &str| Selection::One(text.into());
        assert_eq!(file.pairs[0].pairing(), Ok(Pairing::Within(&of("family"))));
        let a = Selection::Several(vec!["family".into(), "x".into()]);
        assert_eq!(file.pairs[1].pairing(), Ok(Pairing::Across(&a, &of("twin:reduced"))));
        assert_eq!(file.properties, [Property::Parallelism, Property::LinearProbing]);
        let thresholds = file.thresholds().unwrap();
        assert_eq!((thresholds.delta_mean, thresholds.max_p, thresholds.delta_r2), (1.0, 0.02, 0.2));
    }

    #[test]
    fn bad_files_are_named_in_one_line() {
        refused("models = [\"a\"]\nspeed = 3", &["line 2", "speed", "models"]);
        refused("models = [", &["line 1"]);
        refused("models = 3", &["list of models"]);
        refused("properties = [\"parallel\"]", &["parallel", "linear_probing"]);
        refused("properties = []", &["at least one property"]);
        refused("seed = -1", &["line 1"]);
        refused("[[pairs]]\na = \"x\"", &["all", "found a"]);
        refused("[[pairs]]\na = \"x\"\nall = \"y\"\nb = \"z\"", &["found all and a and b"]);
        refused("[[pairs]]", &["none of them"]);
        refused("[[pairs]]\nevery = \"x\"", &["every"]);
        refused("[thresholds]\ndelta = 1.0", &["delta_mean", "found delta"]);
        refused("[thresholds]\nalpha = 1.0", &["alpha", "between 0 and 1"]);
        refused("[thresholds]\ndelta_mean = nan", &["delta_mean", "above 0"]);
        refused("[thresholds]\ndelta_mean = \"small\"", &["line 2"]);
    }
}
