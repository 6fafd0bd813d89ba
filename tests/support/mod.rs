//! What every generated world is held to, whatever its words.

#![allow(dead_code, reason = "each test file uses some of it")]

use std::collections::{HashMap, HashSet};

use all_or_none::worlds::world::World;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use statrs::distribution::{ChiSquared, ContinuousCDF};

/// Pearson's test, after every prefix of fewer than five tokens that occurs at least `least` times among
/// `n_sentences`, of the frequencies of what came next.
pub fn frequencies_follow_the_exact_distribution(world: &impl World, n_sentences: usize, least: f64) {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut counts: HashMap<Vec<u32>, HashMap<u32, f64>> = HashMap::new();
    for _ in 0..n_sentences {
        let sentence = world.sample(&mut rng);
        for n in 0..sentence.len().min(5) {
            *counts.entry(sentence[..n].to_vec()).or_default().entry(sentence[n]).or_default() += 1.0;
        }
    }

    let mut smallest_p = 1.0f64;
    let mut tests = 0;
    for (prefix, next) in counts {
        let total: f64 = next.values().sum();
        if total < least {
            continue;
        }
        let truth = world.next_distribution(&prefix).unwrap();
        let context = world.vocabulary().decode(&prefix);
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
pub fn surprise_is_entropy_on_average(world: &impl World, n_sentences: usize) {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let difference = |_| {
        let sentence = world.sample(&mut rng);
        let truth = world.distributions_along(&sentence).unwrap();
        let end = all_or_none::worlds::vocabulary::Vocabulary::END_ID;
        let tokens = sentence.iter().copied().chain([end]);
        let surprise: f64 = tokens.zip(&truth).map(|(token, p)| -p[token as usize].ln()).sum();
        let entropy = |p: &Vec<f64>| -p.iter().filter(|&&p| p > 0.0).map(|p| p * p.ln()).sum::<f64>();
        surprise - truth.iter().map(entropy).sum::<f64>()
    };
    let differences: Vec<f64> = (0..n_sentences).map(difference).collect();
    let n = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / n;
    let deviation = (differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    assert!(mean.abs() < 5.0 * deviation / n.sqrt(), "mean difference {mean}, deviation {deviation}");
}

/// The words that nobody says in `n_sentences`.
pub fn silent_words(world: &impl World, n_sentences: usize) -> Vec<String> {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let said: HashSet<u32> = (0..n_sentences).flat_map(|_| world.sample(&mut rng)).collect();
    (3..u32::try_from(world.vocabulary().len()).unwrap())
        .filter(|id| !said.contains(id))
        .map(|id| world.vocabulary().token(id).to_owned())
        .collect()
}

/// A sentence drawn from a seed can be read, and every distribution along it sums to 1.
pub fn a_sentence_parses_and_its_distributions_sum_to_one(world: &impl World, seed: u64) {
    let sentence = world.sample(&mut ChaCha8Rng::seed_from_u64(seed));
    assert!(sentence.len() < 32);
    let truth = world.distributions_along(&sentence).unwrap();
    assert_eq!(truth.len(), sentence.len() + 1);
    for p in &truth {
        assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
    assert!(sentence.iter().zip(&truth).all(|(&token, p)| p[token as usize] > 0.0));
}

/// A bundled file.
pub fn public(path: &str) -> String {
    let path = format!("public/{path}");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The bundled materials of a world are those that `train world` writes.
pub fn the_bundled_materials_are(world: &str, sentences: &[String], concepts: &Value, prompt_sets: &Value) {
    let read = |file| public(&format!("worlds/{world}/{file}"));
    assert_eq!(read("calibration.txt").lines().collect::<Vec<_>>(), sentences, "run `train world` again");
    let json = |file| serde_json::from_str::<Value>(&read(file)).unwrap();
    assert_eq!(&json("concepts.json"), concepts, "run `train world` again");
    assert_eq!(&json("prompts.json"), prompt_sets, "run `train world` again");
}
