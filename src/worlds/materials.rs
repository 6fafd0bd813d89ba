//! What the page and the command line need of a world beside its models: calibration sentences, concept pairs and
//! preset prompts.

use std::collections::HashSet;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::english::{FAMILIES, TABLES};
use super::grammar::Grammar;

/// Number of bundled calibration sentences.
pub const N_CALIBRATION_TEXTS: usize = 160;
/// Their seed.
pub const CALIBRATION_SEED: u64 = 7;

/// A relation between words, as pairs of single tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConceptPairs {
    /// What the page calls it.
    pub name: String,
    /// (from, to).
    pub pairs: Vec<(String, String)>,
}

/// Prompts that the page offers together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptSet {
    /// What the page calls it.
    pub name: String,
    /// The prompts.
    pub prompts: Vec<String>,
}

/// Different sentences, as many of each family as of any other, without their closing mark (after which every
/// sentence is in the same state: it ends).
pub fn calibration(grammar: &Grammar, n_texts: usize, seed: u64) -> Vec<String> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut seen = HashSet::new();
    let mut texts = Vec::with_capacity(n_texts);
    while texts.len() < n_texts {
        let mut sentence = grammar.sample_family(texts.len() % FAMILIES.len(), &mut rng);
        sentence.pop();
        if sentence.len() >= 6 && seen.insert(sentence.clone()) {
            texts.push(grammar.vocabulary().decode(&sentence));
        }
    }
    texts
}

/// The relations that the world's words stand in.
pub fn concepts() -> Vec<ConceptPairs> {
    let concept = |name: &str, sources: &[(&str, &str, &str)]| {
        let pairs = sources.iter().flat_map(|(table, from, to)| column_pairs(table, from, to));
        // Every word once on each side: several countries share a language, and opposites come both ways.
        let (mut bases, mut changed) = (HashSet::new(), HashSet::new());
        let pairs = pairs.filter(|(from, to)| {
            let is_new = !bases.contains(from) && !changed.contains(to);
            let is_turned = name == "opposites" && (changed.contains(from) || bases.contains(to));
            if is_new && !is_turned {
                bases.insert(from.clone());
                changed.insert(to.clone());
            }
            is_new && !is_turned
        });
        ConceptPairs { name: name.to_owned(), pairs: pairs.collect() }
    };
    vec![
        concept(
            "superlatives",
            &[("trait", "base", "most"), ("quality", "base", "most"), ("difficulty", "base", "most")],
        ),
        concept(
            "comparatives",
            &[("trait", "base", "more"), ("quality", "base", "more"), ("difficulty", "base", "more")],
        ),
        concept(
            "plurals",
            &[
                ("animal", "one", "many"),
                ("worker", "one", "many"),
                ("thing", "one", "many"),
                ("task", "one", "many"),
            ],
        ),
        concept(
            "past tenses",
            &[("motion", "base", "past"), ("act", "base", "past"), ("deal", "base", "past")],
        ),
        concept("opposites", &[("opposite", "word", "other")]),
        concept("capitals", &[("country", "name", "capital")]),
        concept("languages", &[("country", "name", "language")]),
    ]
}

/// Prompts a visitor may start from.
pub fn prompt_sets() -> Vec<PromptSet> {
    let set = |name: &str, prompts: &[&str]| PromptSet {
        name: name.to_owned(),
        prompts: prompts.iter().map(|&prompt| prompt.to_owned()).collect(),
    };
    vec![
        set(
            "degrees",
            &[
                "this is the",
                "tom is strong , but mary is",
                "the easiest of all",
                "who is the tallest",
                "she is much",
            ],
        ),
        set(
            "countries",
            &[
                "the capital of france is",
                "in japan people speak",
                "berlin is the capital of",
                "emma lives in rome , the capital of",
            ],
        ),
        set(
            "opposites",
            &["the opposite of hot is", "it is not big , it is", "what is the opposite of rich ?"],
        ),
        set(
            "past and present",
            &[
                "yesterday she",
                "every morning tom",
                "today they sing , and yesterday they",
                "did peter walk home ? yes , he",
            ],
        ),
        set(
            "one and many",
            &[
                "two dogs",
                "tom has one book , but mary has three",
                "there were seven",
                "one cat sleeps , two",
            ],
        ),
    ]
}

/// Two columns of a table, side by side.
fn column_pairs(table: &str, from: &str, to: &str) -> Vec<(String, String)> {
    let Some(table) = TABLES.iter().find(|candidate| candidate.name == table) else {
        return Vec::new();
    };
    let column = |name: &str| table.columns.split_whitespace().position(|column| column == name);
    let (Some(from), Some(to)) = (column(from), column(to)) else {
        return Vec::new();
    };
    let form = |row: &str, column: usize| row.split_whitespace().nth(column).map(str::to_owned);
    table.rows.lines().filter_map(|row| Some((form(row, from)?, form(row, to)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_concept_has_enough_pairs_of_single_tokens() {
        let grammar = Grammar::english().unwrap();
        let enough = [
            ("superlatives", 24),
            ("comparatives", 24),
            ("plurals", 24),
            ("past tenses", 24),
            ("opposites", 16),
            ("capitals", 20),
            ("languages", 20),
        ];
        let concepts = concepts();
        assert_eq!(concepts.len(), enough.len());
        for (concept, (name, least)) in concepts.iter().zip(enough) {
            assert_eq!(concept.name, name);
            assert!(concept.pairs.len() >= least, "{name} has {} pairs", concept.pairs.len());
            for (from, to) in &concept.pairs {
                assert_ne!(from, to);
                assert!(grammar.vocabulary().id(from).is_some() && grammar.vocabulary().id(to).is_some());
            }
        }
        assert!(concepts[4].pairs.contains(&("hot".to_owned(), "cold".to_owned())));
        assert!(!concepts[4].pairs.contains(&("cold".to_owned(), "hot".to_owned())), "one direction only");
    }

    #[test]
    fn every_preset_prompt_begins_a_sentence() {
        let grammar = Grammar::english().unwrap();
        for prompt in prompt_sets().iter().flat_map(|set| &set.prompts) {
            let ids =
                grammar.vocabulary().encode(prompt).unwrap_or_else(|| panic!("unknown word in: {prompt}"));
            assert!(grammar.next_distribution(&ids).is_some(), "no sentence begins so: {prompt}");
        }
    }

    #[test]
    fn calibration_sentences_are_different_and_give_a_thousand_contexts() {
        let grammar = Grammar::english().unwrap();
        let texts = calibration(&grammar, N_CALIBRATION_TEXTS, CALIBRATION_SEED);
        let contexts: HashSet<Vec<u32>> = texts
            .iter()
            .flat_map(|text| {
                let ids = grammar.vocabulary().encode(text).unwrap();
                (1..=ids.len()).map(|n| ids[..n].to_vec()).collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(texts.len(), N_CALIBRATION_TEXTS);
        assert!(contexts.len() >= 1000, "{} different contexts", contexts.len());
    }
}
