//! The English world's stated distribution is the one its sentences have.

#![cfg(feature = "train")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(missing_docs, reason = "nobody reads a test's documentation elsewhere")]

use std::collections::{HashMap, HashSet};

use all_or_none::training::hub::{SELF_TEST_PROMPTS, SelfTest};
use all_or_none::worlds::baseline::{Text, entropy, kl_from_log_probs, texts};
use all_or_none::worlds::grammar::Grammar;
use all_or_none::worlds::materials::{
    CALIBRATION_SEED, ConceptPairs, N_CALIBRATION_TEXTS, calibration, concepts, prompt_sets,
};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use statrs::distribution::{ChiSquared, ContinuousCDF};

fn english() -> Grammar {
    Grammar::english().unwrap()
}

#[test]
fn the_vocabulary_has_the_size_that_the_models_are_made_for() {
    let size = english().vocabulary().len();
    assert!((500..=700).contains(&size), "{size} tokens");
}

/// Pearson's test, after every prefix that occurs often, of the frequencies of what came next.
#[test]
fn frequencies_follow_the_exact_distribution() {
    const N_SENTENCES: usize = 60_000;
    let grammar = english();
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut counts: HashMap<Vec<u32>, HashMap<u32, f64>> = HashMap::new();
    for _ in 0..N_SENTENCES {
        let sentence = grammar.sample(&mut rng);
        for n in 0..sentence.len().min(5) {
            *counts.entry(sentence[..n].to_vec()).or_default().entry(sentence[n]).or_default() += 1.0;
        }
    }

    let mut smallest_p = 1.0f64;
    let mut tests = 0;
    for (prefix, next) in counts {
        let total: f64 = next.values().sum();
        if total < 400.0 {
            continue;
        }
        let truth = grammar.next_distribution(&prefix).unwrap();
        let context = grammar.vocabulary().decode(&prefix);
        assert!(next.keys().all(|&id| truth[id as usize] > 0.0), "an impossible word came after: {context}");
        // Cells of fewer than five expected are one cell.
        let (mut statistic, mut cells, mut rare_seen, mut rare_expected) = (0.0, 0, 0.0, 0.0);
        for (id, p) in (0..).zip(&truth) {
            let (seen, expected) = (next.get(&id).copied().unwrap_or(0.0), p * total);
            if expected >= 5.0 {
                statistic += (seen - expected) * (seen - expected) / expected;
                cells += 1;
            } else {
                rare_seen += seen;
                rare_expected += expected;
            }
        }
        if rare_expected >= 5.0 {
            statistic += (rare_seen - rare_expected) * (rare_seen - rare_expected) / rare_expected;
            cells += 1;
        }
        if cells > 1 {
            let p_value = ChiSquared::new(f64::from(cells - 1)).unwrap().sf(statistic);
            assert!(p_value > 1e-6, "p = {p_value:e} after: {context}");
            smallest_p = smallest_p.min(p_value);
            tests += 1;
        }
    }
    assert!(tests > 50, "only {tests} prefixes were tested");
    assert!(smallest_p < 0.5, "a fit this good in every one of {tests} tests is not chance");
}

/// E[−log p(sentence)] is the sum of the entropies along it: the two are computed in different ways.
#[test]
fn surprise_is_entropy_on_average() {
    let grammar = english();
    let differences: Vec<f64> = texts(&grammar, 3)
        .take(3000)
        .map(|Text { tokens, truth }| {
            let surprise: f64 = tokens.iter().zip(&truth).map(|(&token, p)| -p[token as usize].ln()).sum();
            surprise - truth.iter().map(|p| entropy(p)).sum::<f64>()
        })
        .collect();
    let n = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / n;
    let deviation = (differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    assert!(mean.abs() < 5.0 * deviation / n.sqrt(), "mean difference {mean}, deviation {deviation}");
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
    let grammar = english();
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let said: HashSet<u32> = (0..60_000).flat_map(|_| grammar.sample(&mut rng)).collect();
    let silent: Vec<&str> = (3..u32::try_from(grammar.vocabulary().len()).unwrap())
        .filter(|id| !said.contains(id))
        .map(|id| grammar.vocabulary().token(id))
        .collect();
    assert!(silent.is_empty(), "never said: {silent:?}");
}

/// Where the bundled files are.
fn public(path: &str) -> String {
    let path = format!("public/{path}");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_bundled_materials_are_those_of_this_world() {
    let sentences = calibration(&english(), N_CALIBRATION_TEXTS, CALIBRATION_SEED);
    assert_eq!(
        public("world/calibration.txt").lines().collect::<Vec<_>>(),
        sentences,
        "run `train world` again"
    );
    let json = |path| serde_json::from_str::<Value>(&public(path)).unwrap();
    assert_eq!(json("world/concepts.json"), json!(concepts()), "run `train world` again");
    assert_eq!(json("world/prompts.json"), json!(prompt_sets()), "run `train world` again");
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
        let grammar = english();
        let sentence = grammar.sample(&mut ChaCha8Rng::seed_from_u64(seed));
        prop_assert!(sentence.len() < 32);
        let text = Text::new(&grammar, sentence);
        prop_assert!(text.is_some());
        let Text { tokens, truth } = text.unwrap();
        for (token, p) in tokens.iter().zip(&truth) {
            prop_assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            prop_assert!(p[*token as usize] > 0.0);
        }
    }
}
