//! Which pairs an experiment compares, and which of them a shard computes.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::file::{PairRule, Pairing, Selection};
use super::models::Shelf;
use crate::cli::error::CliError;
use crate::theory::twin::{RecipeError, TwinRecipe};

/// Two models, or a model and a twin of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Number of model A.
    pub a: usize,
    /// Model B.
    pub b: Partner,
}

/// Model B of a pair.
#[derive(Debug, Clone, PartialEq)]
pub enum Partner {
    /// Number of another model.
    Model(usize),
    /// Built from A.
    Twin(TwinRecipe),
}

/// The pairs of all rules in their order, each once: a pair that was named the other way round before is the same.
pub fn pairs(rules: &[PairRule], shelf: &mut Shelf) -> Result<Vec<Pair>, CliError> {
    let mut found = Vec::new();
    for rule in rules {
        match rule.pairing().map_err(CliError::BadModel)? {
            Pairing::Within(all) => {
                let all = models(all, shelf)?;
                for (i, &a) in all.iter().enumerate() {
                    found.extend(all[i + 1..].iter().map(|&b| Pair { a, b: Partner::Model(b) }));
                }
            }
            Pairing::Across(a, b) => {
                let (a, b) = (models(a, shelf)?, partners(b, shelf)?);
                for &a in &a {
                    found.extend(b.iter().map(|b| Pair { a, b: b.clone() }));
                }
            }
        }
    }
    Ok(distinct(found))
}

fn models(selection: &Selection, shelf: &mut Shelf) -> Result<Vec<usize>, CliError> {
    let mut found = Vec::new();
    for item in selection.items() {
        if item.starts_with("twin:") {
            return Err(CliError::BadModel(format!(
                "expected a model, a group or a pattern, found {item}; a twin can only be b of a pair"
            )));
        }
        found.extend(shelf.select(item)?);
    }
    Ok(found)
}

fn partners(selection: &Selection, shelf: &mut Shelf) -> Result<Vec<Partner>, CliError> {
    let mut found = Vec::new();
    for item in selection.items() {
        match item.strip_prefix("twin:") {
            Some(recipe) => {
                let parsed =
                    recipe.parse().map_err(|error: RecipeError| CliError::BadModel(error.to_string()))?;
                found.push(Partner::Twin(parsed));
            }
            None => found.extend(shelf.select(item)?.into_iter().map(Partner::Model)),
        }
    }
    Ok(found)
}

fn distinct(mut pairs: Vec<Pair>) -> Vec<Pair> {
    let mut seen = HashSet::new();
    pairs.retain(|pair| match &pair.b {
        Partner::Model(b) => pair.a != *b && seen.insert((pair.a.min(*b), pair.a.max(*b), String::new())),
        Partner::Twin(recipe) => seen.insert((pair.a, pair.a, recipe.to_string())),
    });
    pairs
}

/// One of several equal parts of an experiment: the pairs whose number divided by `of` leaves `index`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// From 0.
    pub index: usize,
    /// How many parts there are.
    pub of: usize,
}

impl Shard {
    /// Everything.
    pub const WHOLE: Self = Self { index: 0, of: 1 };

    /// Numbers of its pairs.
    pub fn numbers(self, n_pairs: usize) -> Vec<usize> {
        (self.index..n_pairs).step_by(self.of).collect()
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        match parts {
            Some((index, of)) if index < of => Ok(Self { index, of }),
            _ => Err(format!("expected I/N with I from 0 to N - 1, such as 0/4, found {text}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::file::ExperimentFile;
    use super::*;

    fn found(rules: &str) -> Result<Vec<Pair>, CliError> {
        let groups = BTreeMap::from([("both".to_owned(), vec!["public/models/world-*".to_owned()])]);
        let mut shelf = Shelf::of_groups(&groups).unwrap();
        pairs(&ExperimentFile::parse(rules).unwrap().pairs, &mut shelf)
    }

    fn names(pairs: &[Pair]) -> Vec<String> {
        let partner = |b: &Partner| match b {
            Partner::Model(b) => b.to_string(),
            Partner::Twin(recipe) => recipe.to_string(),
        };
        pairs.iter().map(|pair| format!("{} {}", pair.a, partner(&pair.b))).collect()
    }

    #[test]
    fn rules_name_pairs_and_no_pair_is_named_twice() {
        let all =
            found("[[pairs]]\nall = \"both\"\n[[pairs]]\na = \"bundled:world-d48\"\nb = \"both\"").unwrap();
        assert_eq!(names(&all), ["0 1"]);
        let twins =
            found("[[pairs]]\na = \"both\"\nb = [\"twin:reduced\", \"twin:dark-both=3\", \"both\"]").unwrap();
        assert_eq!(names(&twins), ["0 reduced", "0 dark-both=3", "0 1", "1 reduced", "1 dark-both=3"]);
    }

    #[test]
    fn a_twin_is_never_model_a_and_must_exist() {
        for (rules, word) in [
            ("[[pairs]]\nall = \"twin:reduced\"", "only be b"),
            ("[[pairs]]\na = \"twin:reduced\"\nb = \"both\"", "only be b"),
            ("[[pairs]]\na = \"both\"\nb = \"twin:mirror\"", "mirror"),
            ("[[pairs]]\nall = \"neither\"", "neither"),
        ] {
            let message = found(rules).unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        }
    }

    #[test]
    fn shards_share_all_pairs_out() {
        let shards: Vec<Shard> = (0..4).map(|i| format!("{i}/4").parse().unwrap()).collect();
        let mut all: Vec<usize> = shards.iter().flat_map(|shard| shard.numbers(10)).collect();
        assert_eq!(shards[1].numbers(10), [1, 5, 9]);
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
        assert_eq!(Shard::WHOLE.numbers(2), [0, 1]);
        assert!(shards[3].numbers(3).is_empty());
        for bad in ["4/4", "1", "a/b", "-1/4", "0/0", ""] {
            assert!(bad.parse::<Shard>().unwrap_err().contains("I/N"), "{bad}");
        }
    }
}
