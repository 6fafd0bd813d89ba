//! The world of wugs: its stated distribution is the one its sentences have, and which properties are linear is a
//! fact of that distribution.

#![cfg(feature = "train")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(missing_docs, reason = "nobody reads a test's documentation elsewhere")]

mod support;

use all_or_none::worlds::materials::ConceptPairs;
use all_or_none::worlds::world::World;
use all_or_none::worlds::wugs::Wugs;
use all_or_none::worlds::wugs::materials::{
    CALIBRATION_SEED, N_CALIBRATION_TEXTS, calibration, concepts, prompt_sets,
};
use proptest::prelude::*;
use serde_json::json;

const FORMS: &[&str] =
    &["superlatives", "comparatives", "plurals", "past tenses", "progressives", "languages", "foods"];

fn wugs() -> Wugs {
    Wugs::new().unwrap()
}

fn concept(world: &Wugs, name: &str) -> ConceptPairs {
    concepts(world).into_iter().find(|concept| concept.name == name).unwrap()
}

/// ln p of some words after a text.
fn log_probs(world: &Wugs, text: &str, words: &[String]) -> Vec<f64> {
    let next = world.next_distribution(&world.vocabulary().encode(text).unwrap()).unwrap();
    words.iter().map(|word| next[world.vocabulary().id(word).unwrap() as usize].ln()).collect()
}

#[test]
fn the_vocabulary_has_the_size_that_the_models_are_made_for() {
    let size = wugs().vocabulary().len();
    assert!((2600..=3400).contains(&size), "{size} tokens");
}

#[test]
fn frequencies_follow_the_exact_distribution() {
    support::frequencies_follow_the_exact_distribution(&wugs(), 60_000, 200.0);
}

#[test]
fn surprise_is_entropy_on_average() {
    support::surprise_is_entropy_on_average(&wugs(), 3000);
}

#[test]
fn nearly_every_word_is_said_by_somebody() {
    let silent = support::silent_words(&wugs(), 60_000);
    assert!(silent.len() < 10, "never said: {silent:?}");
}

#[test]
fn the_bundled_materials_are_those_of_this_world() {
    let world = wugs();
    let sentences = calibration(&world, N_CALIBRATION_TEXTS, CALIBRATION_SEED);
    support::the_bundled_materials_are(
        "wugs",
        &sentences,
        &json!(concepts(&world)),
        &json!(prompt_sets(&world)),
    );
}

/// Largest spread over the pairs, and over the contexts, of the log-odds changed/base after the steering contexts.
fn spreads(world: &Wugs, concept: &ConceptPairs) -> (f64, f64) {
    let (bases, changed): (Vec<String>, Vec<String>) = concept.pairs.iter().cloned().unzip();
    let spread = |values: &[f64]| {
        let (least, most) = values.iter().fold((f64::MAX, f64::MIN), |(a, b), &v| (a.min(v), b.max(v)));
        most - least
    };
    let contexts = concept.steering.iter().flat_map(|(a, b)| [a, b]);
    let log_odds: Vec<Vec<f64>> = contexts
        .map(|text| {
            let sides = log_probs(world, text, &changed).into_iter().zip(log_probs(world, text, &bases));
            sides.map(|(changed, base)| changed - base).collect()
        })
        .collect();
    let over_pairs = log_odds.iter().map(|row| spread(row)).fold(0.0, f64::max);
    let over_contexts = spread(&log_odds.iter().map(|row| row[0]).collect::<Vec<_>>());
    (over_pairs, over_contexts)
}

#[test]
fn pairs_of_forms_are_parallel_and_those_of_tunes_and_roles_are_not() {
    let world = wugs();
    for name in FORMS {
        let (over_pairs, over_contexts) = spreads(&world, &concept(&world, name));
        assert!(over_pairs < 1e-9, "{name}: the log-odds of the pairs differ by {over_pairs}");
        assert!(over_contexts > 1.0, "{name}: the contexts change the log-odds by {over_contexts} only");
    }
    for name in ["tunes", "genders"] {
        let (over_pairs, _) = spreads(&world, &concept(&world, name));
        assert!(over_pairs > 2.0, "{name}: the log-odds of the pairs differ by {over_pairs} only");
    }
}

/// What is left of each column of `y` (rows: contexts) when an affine function of the columns of `x` is fitted to
/// it, as a share of its variance; the mean over the columns. By Gram and Schmidt.
fn unexplained(x: &[Vec<f64>], y: &[Vec<f64>]) -> f64 {
    let columns = |rows: &[Vec<f64>]| -> Vec<Vec<f64>> {
        (0..rows[0].len())
            .map(|j| {
                let mean = rows.iter().map(|row| row[j]).sum::<f64>() / rows.len() as f64;
                rows.iter().map(|row| row[j] - mean).collect()
            })
            .collect()
    };
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let project_out = |column: &mut Vec<f64>, basis: &[Vec<f64>]| {
        for direction in basis.iter().chain(basis) {
            let along = dot(column, direction);
            column.iter_mut().zip(direction).for_each(|(c, d)| *c -= along * d);
        }
    };
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for mut column in columns(x) {
        let before = dot(&column, &column).sqrt();
        project_out(&mut column, &basis);
        let length = dot(&column, &column).sqrt();
        if length > 1e-6 * before {
            column.iter_mut().for_each(|c| *c /= length);
            basis.push(column);
        }
    }
    let left = |column: Vec<f64>| {
        let mut rest = column.clone();
        project_out(&mut rest, &basis);
        dot(&rest, &rest) / dot(&column, &column)
    };
    let shares: Vec<f64> = columns(y).into_iter().map(left).collect();
    shares.iter().sum::<f64>() / shares.len() as f64
}

/// Log-odds against the first word.
fn log_odds(log_probs: &[f64]) -> Vec<f64> {
    log_probs[1..].iter().map(|l| l - log_probs[0]).collect()
}

/// For relations asked of places: what follows "in PLACE" shows the place's latent through the names, and the answers'
/// log-odds are an affine function of that, or not.
#[test]
fn foods_and_languages_are_linear_in_the_place_and_tunes_are_not() {
    let world = wugs();
    let names: Vec<String> =
        world.class("name").unwrap().lemmas.iter().take(12).map(|lemma| lemma.words[0].clone()).collect();
    let share = |name: &str| {
        let relation = concept(&world, name).relation.unwrap();
        let rows = relation.subjects.iter().map(|subject| {
            let context = relation.context.replace("{}", subject);
            let asked = format!("{context}{}", relation.query);
            let shown = log_odds(&log_probs(&world, &context, &names));
            (shown, log_odds(&log_probs(&world, &asked, &relation.answers)))
        });
        let (x, y): (Vec<_>, Vec<_>) = rows.unzip();
        unexplained(&x, &y)
    };
    for name in ["languages", "foods"] {
        assert!(share(name) < 1e-15, "{name}: {} of the variance is left", share(name));
    }
    assert!(share("tunes") > 0.5, "tunes: {} of the variance is left", share("tunes"));
}

/// For relations of forms: the answers' log-odds are affine in the subject's latent.
#[test]
fn relations_of_forms_are_linear_in_the_latent_of_the_subject() {
    let world = wugs();
    for (name, class) in [("superlatives", "adjective"), ("plurals", "noun"), ("past tenses", "verb")] {
        let relation = concept(&world, name).relation.unwrap();
        let lemmas = &world.class(class).unwrap().lemmas;
        let rows = relation.subjects.iter().zip(lemmas).map(|(subject, lemma)| {
            assert_eq!(*subject, lemma.words[0]);
            let asked = format!("{}{}", relation.context.replace("{}", subject), relation.query);
            (lemma.latent.to_vec(), log_odds(&log_probs(&world, &asked, &relation.answers)))
        });
        let (x, y): (Vec<_>, Vec<_>) = rows.unzip();
        assert!(unexplained(&x, &y) < 1e-15, "{name}");
    }
}

/// The share of each role's second form is its own logistic function of the person's latent and gender.
#[test]
fn roles_are_not_linear_in_the_person() {
    let world = wugs();
    let relation = concept(&world, "genders").relation.unwrap();
    let rows = relation.subjects.iter().zip(&world.class("name").unwrap().lemmas).map(|(name, lemma)| {
        let asked = log_probs(&world, &format!("{name}{}", relation.query), &relation.answers);
        ([lemma.latent.as_slice(), &[lemma.gender]].concat(), log_odds(&asked))
    });
    let (x, y): (Vec<_>, Vec<_>) = rows.unzip();
    assert!(unexplained(&x, &y) > 0.02, "{} of the variance is left", unexplained(&x, &y));
}

/// Share of the variance of a ±1 label that an affine function of the next token's log-odds leaves.
fn label_left(world: &Wugs, name: &str, words: &[String]) -> f64 {
    let concept = concept(world, name);
    let rows = concept.labelled.iter().map(|(text, label)| {
        let sign = if *label { 1.0 } else { -1.0 };
        (log_odds(&log_probs(world, text, words)), vec![sign])
    });
    let (x, y): (Vec<_>, Vec<_>) = rows.unzip();
    unexplained(&x, &y)
}

#[test]
fn labels_of_places_are_read_linearly_and_the_exclusive_or_is_not() {
    let world = wugs();
    let languages = concept(&world, "languages").relation.unwrap().answers;
    let foods = concept(&world, "foods").relation.unwrap().answers;
    assert!(label_left(&world, "languages", &languages) < 0.4);
    assert!(label_left(&world, "foods", &foods) < 0.4);
    // Half of the texts end where a language is due, half where a dish is.
    for (ending, words) in [("speak", &languages), ("eat", &foods)] {
        let tunes = concept(&world, "tunes");
        let own = tunes.labelled.iter().filter(|(text, _)| text.ends_with(ending));
        let rows = own.map(|(text, label)| {
            (log_odds(&log_probs(&world, text, words)), vec![if *label { 1.0 } else { -1.0 }])
        });
        let (x, y): (Vec<_>, Vec<_>) = rows.unzip();
        assert!(unexplained(&x, &y) > 0.7, "the exclusive-or is nearly linear after {ending}");
    }
}

#[test]
fn asides_change_nothing_that_follows() {
    let world = wugs();
    let next = |text: &str| world.next_distribution(&world.vocabulary().encode(text).unwrap()).unwrap();
    let strangers = concept(&world, "strangers");
    for texts in strangers.labelled.windows(2) {
        let [(a, first), (b, second)] = texts else { continue };
        let of_one_person = a.split(' ').next() == b.split(' ').next();
        if of_one_person {
            assert_ne!(first, second);
            assert_eq!(next(a), next(b), "{a} / {b}");
        }
    }
    let place = &concept(&world, "foods").relation.unwrap().subjects[0];
    let (noun, _) = &strangers.pairs[0];
    assert_eq!(
        next(&format!("in {place} people eat")),
        next(&format!("in {place} , with the {noun} , people eat"))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_sentence_parses_and_every_distribution_sums_to_one(seed in any::<u64>()) {
        support::a_sentence_parses_and_its_distributions_sum_to_one(&wugs(), seed);
    }
}
