//! The English world's stated distribution is the one its sentences have.

#![cfg(feature = "train")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(missing_docs, reason = "nobody reads a test's documentation elsewhere")]

mod support;

use std::collections::{HashMap, HashSet};

use all_or_none::training::hub::{SELF_TEST_PROMPTS, SelfTest};
use all_or_none::worlds::baseline::kl_from_log_probs;
use all_or_none::worlds::grammar::Grammar;
use all_or_none::worlds::materials::{
    CALIBRATION_SEED, ConceptPairs, N_CALIBRATION_TEXTS, calibration, concepts, prompt_sets,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::public;

fn english() -> Grammar {
    Grammar::english().unwrap()
}

#[test]
fn the_vocabulary_has_the_size_that_the_models_are_made_for() {
    let size = english().vocabulary().len();
    assert!((500..=700).contains(&size), "{size} tokens");
}

#[test]
fn frequencies_follow_the_exact_distribution() {
    support::frequencies_follow_the_exact_distribution(&english(), 60_000, 400.0);
}

#[test]
fn surprise_is_entropy_on_average() {
    support::surprise_is_entropy_on_average(&english(), 3000);
}

#[test]
fn what_a_visitor_would_type_has_the_right_answer() {
    let grammar = english();
    let likeliest = |prompt: &str| {
        let next = grammar.next_distribution(&grammar.vocabulary().encode(prompt).unwrap()).unwrap();
        let best = (0..next.len()).max_by(|&a, &b| next[a].total_cmp(&next[b])).unwrap();
        (grammar.vocabulary().token(u32::try_from(best).unwrap()).to_owned(), next[best])
    };
    for (prompt, answer) in [
        ("the capital of france is", "paris"),
        ("in france people speak", "french"),
        ("the opposite of hot is", "cold"),
        ("tom is strong , but mary is", "stronger"),
        ("did tom walk home ? yes , he", "walked"),
        ("tom has one book , but mary has two", "books"),
    ] {
        assert_eq!(likeliest(prompt), (answer.to_owned(), 1.0), "{prompt}");
    }
    let (_, p) = likeliest("yesterday she");
    assert!(p < 0.2, "many verbs may follow");
}

#[test]
fn every_word_is_said_by_somebody() {
    assert_eq!(support::silent_words(&english(), 60_000), [""; 0]);
}

#[test]
fn the_bundled_materials_are_those_of_this_world() {
    let sentences = calibration(&english(), N_CALIBRATION_TEXTS, CALIBRATION_SEED);
    support::the_bundled_materials_are("english", &sentences, &json!(concepts()), &json!(prompt_sets()));
}

/// What does not need a vocabulary to be seen; docs/concepts.md has the shares of single tokens.
#[test]
fn the_english_concepts_have_enough_of_everything() {
    let concepts: Vec<ConceptPairs> = serde_json::from_str(&public("concepts/english.json")).unwrap();
    let n_different = |texts: &[&String]| texts.iter().collect::<HashSet<_>>().len();
    assert_eq!(concepts.len(), 16);
    for concept in &concepts {
        let name = &concept.name;
        for side in [0, 1] {
            let words: HashSet<&String> =
                concept.pairs.iter().map(|(base, changed)| [base, changed][side]).collect();
            assert_eq!(words.len(), concept.pairs.len(), "{name} has a word twice on one side");
            assert!(words.len() >= 24, "{name} has {} pairs", words.len());
            assert!(
                words.iter().all(|word| word.chars().all(char::is_alphanumeric)),
                "{name} has a strange word"
            );
        }
        assert!(concept.steering.len() >= 12, "{name} has {} pairs of contexts", concept.steering.len());
        assert!(concept.steering.iter().all(|(base, changed)| base != changed), "{name} changes nothing");
        if name == "capital letters" {
            assert!(concept.relation.is_none() && concept.labelled.is_empty());
            continue;
        }

        let relation = concept.relation.as_ref().unwrap();
        let (subjects, answers): (Vec<_>, Vec<_>) =
            (relation.subjects.iter().collect(), relation.answers.iter().collect());
        assert_eq!(n_different(&subjects), subjects.len(), "{name} has a subject twice");
        assert_eq!(n_different(&answers), answers.len(), "{name} has an answer twice");
        assert!(subjects.len() >= 40 && answers.len() >= 20, "{name}: {} subjects", subjects.len());
        assert!(relation.context.contains("{}"), "{name} has no place for its subjects");
        assert!(!relation.query.ends_with(' '), "{name}: a query ends before the space of its answer");

        let texts: Vec<&String> = concept.labelled.iter().map(|(text, _)| text).collect();
        assert_eq!(n_different(&texts), texts.len(), "{name} has a text twice");
        let mut by_last_word: HashMap<&str, [usize; 2]> = HashMap::new();
        for (text, label) in &concept.labelled {
            by_last_word.entry(text.rsplit(' ').next().unwrap()).or_default()[usize::from(*label)] += 1;
        }
        assert!(by_last_word.values().all(|[no, yes]| no == yes), "{name}: a last word tells the label");
        assert_eq!(by_last_word.values().map(|[no, _]| no).sum::<usize>(), 32);
    }
}

#[test]
fn the_bundled_models_speak_this_world_and_are_small() {
    for name in ["world-d32", "world-d48"] {
        let json = |file| serde_json::from_str::<Value>(&public(&format!("models/{name}/{file}"))).unwrap();
        let vocabulary = english().vocabulary().clone();
        assert_eq!(json("tokenizer.json"), vocabulary.tokenizer_json(), "train {name} again");
        assert_eq!(json("config.json")["vocab_size"], vocabulary.len());
        let weights = format!("public/models/{name}/model.safetensors");
        assert!(std::fs::metadata(weights).unwrap().len() <= 1_500_000);
    }
}

/// The stored answers against the truth: the models know what a visitor will ask first.
#[test]
fn the_bundled_models_answers_are_close_to_the_truth() {
    let grammar = english();
    for name in ["world-d32", "world-d48"] {
        let self_test: SelfTest =
            serde_json::from_str(&public(&format!("models/{name}/self_test.json"))).unwrap();
        assert_eq!(self_test.prompts.len(), SELF_TEST_PROMPTS.len());
        for known in &self_test.prompts {
            let truth =
                grammar.next_distribution(&grammar.vocabulary().encode(&known.text).unwrap()).unwrap();
            let kl = kl_from_log_probs(&truth, known.log_probs.iter().map(|&q| f64::from(q)));
            assert!((0.0..0.05).contains(&kl), "{name}: KL = {kl} after: {}", known.text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_sentence_parses_and_every_distribution_sums_to_one(seed in any::<u64>()) {
        support::a_sentence_parses_and_its_distributions_sum_to_one(&english(), seed);
    }
}
