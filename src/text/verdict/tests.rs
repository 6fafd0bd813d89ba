//! What a verdict says and what it can never say.

use super::*;
use crate::lab::fixture::{self, REASONS, met};
use crate::lab::report::Scores;
use crate::text::level::{level_name, level_sentence, plan};
use crate::text::properties::pairing;
use crate::theory::equivalence::NoiseFloor;
use crate::theory::planner::Need;
use crate::theory::planner::{Plan, Unreachable};
use crate::theory::properties::parallelism::{MIN_PAIRS, MIN_TEXTS, ParallelismDetails};
use crate::theory::properties::probing::MIN_PER_CLASS;
use crate::theory::properties::relational::MIN_SUBJECTS;
use crate::theory::properties::score::Histogram;
use crate::theory::verdict::Verdict;
use crate::theory::verdict::{PropertyState, Reason};

const KINDS: [VerdictKind; 8] = [
    VerdictKind::OutOfClass,
    VerdictKind::NotEquivalent,
    VerdictKind::CloseNotEquivalent,
    VerdictKind::TooLittleData,
    VerdictKind::Inconsistent,
    VerdictKind::HeldByAll,
    VerdictKind::HeldByNone,
    VerdictKind::Mixed,
];
const LEVELS: [Level; 5] =
    [Level::Constructed, Level::Identical, Level::Close, Level::Different, Level::Undecided];
const VERSIONS: [Version; 2] = [Version::Visible, Version::Raw];
const PROPERTIES: [Property; 5] = [
    Property::Parallelism,
    Property::RelationalLinearity,
    Property::LinearSubspace,
    Property::LinearProbing,
    Property::LinearSteering,
];

/// What is said of the first property.
fn said(report: &Report, version: Version) -> FindingWords {
    finding(Locale::en, report, report.lead().unwrap(), version)
}

/// A report whose every sentence-bearing field is set by the test.
fn report(kind: VerdictKind, level: Level, bound: Option<f64>) -> Report {
    let report = fixture::report();
    let finding = Finding { kind, reasons: REASONS.to_vec() };
    let verdict = Verdict { visible: finding.clone(), raw: finding, visible_difference_bound: bound };
    Report {
        equality: Equality {
            level,
            max_abs_dlogp: 0.5,
            mean_kl_sym_interval: (0.0, 0.001),
            unseen_share: (level == Level::Identical).then_some(0.0487),
            max_abs_dlogp_likely: 0.5,
            ..report.equality
        },
        properties: PROPERTIES
            .map(|property| PropertyReport {
                property,
                verdict: verdict.clone(),
                ..report.properties[0].clone()
            })
            .into(),
        verdict,
        ..report
    }
}

fn says(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric()).any(|found| found.eq_ignore_ascii_case(word))
}

/// Everything that can be shown for one kind at one level.
fn everything_said(locale: Locale, kind: VerdictKind, level: Level) -> Vec<String> {
    let report = report(kind, level, Some(0.25));
    let properties = report.properties.iter();
    properties
        .flat_map(|property| VERSIONS.map(|version| finding(locale, &report, property, version)))
        .flat_map(|words| {
            let reasons = words.reasons.into_iter().map(|(_, sentence)| sentence.to_owned());
            [words.about, words.headline, words.scope].into_iter().chain(reasons)
        })
        .chain([level_name(locale, &report.equality).to_owned(), level_sentence(locale, &report.equality)])
        .collect()
}

#[test]
fn a_pair_that_is_close_on_average_is_called_different_where_equality_is_refuted() {
    let mut close = report(VerdictKind::CloseNotEquivalent, Level::Close, None);
    let mut at = |floors: f64| {
        close.equality.max_abs_dlogp = floors * close.equality.epsilon_num;
        (said(&close, Version::Visible).headline, level_name(Locale::en, &close.equality))
    };
    let refuted = at(10.5);
    assert_eq!(refuted.0, "Not distribution-equivalent, the theorem is silent.");
    assert_eq!(refuted.1, "Close on average, not equal");
    let open = at(9.5);
    assert_eq!(open.0, "Close, but not shown to be equal: the theorem is silent.");
    assert_eq!(open.1, "Close, not shown to be equal");
}

#[test]
fn unequal_distributions_never_speak_of_all_or_none() {
    for (kind, level) in
        [(VerdictKind::NotEquivalent, Level::Different), (VerdictKind::CloseNotEquivalent, Level::Close)]
    {
        for sentence in everything_said(Locale::en, kind, level) {
            for word in ["all", "none", "every", "mixed"] {
                assert!(!says(&sentence, word), "{kind:?} says {word:?}: {sentence}");
            }
        }
    }
}

/// Undecided equality and uncertain states say nothing of further models either.
#[test]
fn too_little_data_never_speaks_of_all_or_none() {
    for level in LEVELS {
        for sentence in everything_said(Locale::en, VerdictKind::TooLittleData, level) {
            // "any other context", which a twin's level speaks of, is no word about further models.
            for word in ["all", "none", "every", "mixed", "guaranteed"] {
                assert!(!says(&sentence, word), "{word:?}: {sentence}");
            }
        }
    }
}

/// theory.md §5.12: what no sentence may say, whatever the verdict.
#[test]
fn forbidden_words_are_impossible() {
    for kind in KINDS {
        for level in LEVELS {
            for sentence in everything_said(Locale::en, kind, level) {
                let lower = sentence.to_lowercase();
                for forbidden in ["same internals", "identifiab", "2410.23501", "in the paper", "significant"]
                {
                    assert!(!lower.contains(forbidden), "{forbidden:?}: {sentence}");
                }
                // A p-value belongs to a property's score, never to the equality of two distributions.
                assert!(!says(&sentence, "p") || !lower.contains("equal"), "{sentence}");
                assert!(!lower.contains("equivalent models") || lower.contains("diversity"), "{sentence}");
                let promises = lower.contains("every model");
                assert!(!promises || lower.contains("with this distribution on these 1234"), "{sentence}");
                assert!(!promises || kind == VerdictKind::HeldByAll, "{kind:?}: {sentence}");
            }
        }
    }
}

/// The numbers in the sentences are those that decide.
#[test]
fn sentences_name_the_limits_in_use() {
    assert!(reason(Locale::en, Reason::TooFewPairs).contains(&format!("than {MIN_PAIRS} pairs")));
    assert!(reason(Locale::en, Reason::TooFewSubjects).contains(&format!("than {MIN_SUBJECTS} subjects")));
    assert!(reason(Locale::en, Reason::TooFewPerClass).contains(&format!("than {MIN_PER_CLASS} labelled")));
    assert!(reason(Locale::en, Reason::TooFewTexts).contains(&format!("than {MIN_TEXTS} texts")));
    assert!(
        reason(Locale::en, Reason::PrecisionTooLow).contains(&format!("{} nats", NoiseFloor::HIGHEST_USABLE))
    );
}

#[test]
fn a_mask_in_one_model_is_said_as_such() {
    let mut masked = report(VerdictKind::NotEquivalent, Level::Different, None);
    masked.equality.max_abs_dlogp = f64::INFINITY;
    let scope = said(&masked, Version::Visible).scope;
    assert!(scope.contains("rules out a token") && !scope.contains('∞'), "{scope}");
}

#[test]
fn nothing_is_called_proved_and_only_construction_is_a_theorem() {
    for kind in KINDS {
        for level in LEVELS {
            for sentence in everything_said(Locale::en, kind, level) {
                assert!(!says(&sentence, "proved") && !says(&sentence, "proof"), "{sentence}");
                assert!(
                    !sentence.contains("is a theorem") || level == Level::Constructed,
                    "{level:?}: {sentence}"
                );
            }
        }
    }
}

#[test]
fn each_reason_has_its_own_code_and_sentence_and_the_code_is_the_reports() {
    for (i, &a) in REASONS.iter().enumerate() {
        let serialized = serde_json::to_string(&a).unwrap();
        assert_eq!(serialized, format!("\"{}\"", reason_code(a)));
        assert!(reason(Locale::en, a).ends_with('.') && reason(Locale::en, a).len() > 20);
        for &b in &REASONS[i + 1..] {
            assert_ne!(reason(Locale::en, a), reason(Locale::en, b));
        }
    }
}

#[test]
fn each_kind_has_headline_and_scope_that_are_sentences() {
    for kind in KINDS {
        for level in LEVELS {
            let report = report(kind, level, None);
            for version in VERSIONS {
                let words = said(&report, version);
                assert!(words.headline.ends_with('.'), "{}", words.headline);
                assert!(words.scope.ends_with('.'), "{}", words.scope);
                assert_eq!(words.reasons.len(), REASONS.len());
            }
        }
    }
}

#[test]
fn scope_of_equal_pairs_is_the_mandatory_one() {
    let identical = report(VerdictKind::HeldByAll, Level::Identical, None);
    assert_eq!(
        said(&identical, Version::Visible).scope,
        "By every model with this distribution on these 1234 contexts and 500 tokens. With 95% confidence, \
         fewer than 4.9% of texts like these would show a difference between the two models."
    );
    let raw = said(&identical, Version::Raw).scope;
    assert!(raw.contains("satisfy the diversity condition") && raw.contains("not for a cosine threshold"));
    let twin = report(VerdictKind::HeldByNone, Level::Constructed, None);
    let scope = said(&twin, Version::Visible).scope;
    assert!(scope.contains("equality is a theorem") && !scope.contains("95%"), "{scope}");
    assert!(scope.starts_with("By no model with this distribution on these 1234 contexts"), "{scope}");
    // A raw finding is about the models compared; further ones are promised nothing that a cosine measured.
    for (kind, start) in [
        (VerdictKind::HeldByAll, "By both models compared here"),
        (VerdictKind::HeldByNone, "By neither model compared here"),
    ] {
        let raw = said(&report(kind, Level::Identical, None), Version::Raw).scope;
        assert!(raw.starts_with(start) && raw.ends_with("these pairs are not exactly collinear."), "{raw}");
        assert!(!raw.contains("every model"), "{raw}");
    }
}

#[test]
fn a_mixed_raw_finding_leads_and_what_is_the_same_is_said_once() {
    let mut twin = report(VerdictKind::HeldByAll, Level::Constructed, None);
    twin.properties[0].verdict.raw.kind = VerdictKind::Mixed;
    let all = |report: &Report| findings(Locale::en, report, report.lead().unwrap());
    let kinds: Vec<_> = all(&twin).into_iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [VerdictKind::Mixed, VerdictKind::HeldByAll]);
    let held = all(&report(VerdictKind::HeldByAll, Level::Constructed, None));
    assert_eq!(held.len(), 2, "the raw version has another scope");
    assert!(held[0].about.ends_with("as far as the distribution can see it"));
    assert_eq!(all(&report(VerdictKind::NotEquivalent, Level::Different, None)).len(), 1);
}

#[test]
fn the_bound_is_printed_for_close_pairs_only() {
    for kind in KINDS {
        let scope = said(&report(kind, Level::Close, Some(0.25)), Version::Visible).scope;
        assert_eq!(
            scope.contains("cannot differ by more than 0.250"),
            kind == VerdictKind::CloseNotEquivalent
        );
    }
}

#[test]
fn the_plan_says_what_is_missing_and_nothing_where_nothing_is() {
    let need = |more: usize| Need { have: 10, need: Some(10 + more), more: Some(more), unreachable: None };
    let never = |why| Need { have: 10, need: None, more: None, unreachable: Some(why) };
    let said = |level, identical, close_tail, contexts| {
        let equality = report(VerdictKind::TooLittleData, level, None).equality;
        plan(
            Locale::en,
            &Plan { identical, close_mean: need(0), close_tail, diversity: need(contexts) },
            &equality,
        )
    };
    assert!(said(Level::Constructed, met(), never(Unreachable::FloorTooCoarse), 0).is_empty());
    assert!(said(Level::Close, need(3), met(), 0).is_empty());
    let identical = said(Level::Identical, need(49), met(), 0);
    assert!(identical.len() == 1 && identical[0].starts_with("49 more texts"), "{identical:?}");
    let different = said(Level::Different, need(1), need(1), 7);
    assert!(different[0].contains("About 1 more text of"), "{different:?}");
    assert!(different[1].starts_with("7 more contexts"), "{different:?}");
    let hopeless = said(Level::Undecided, met(), never(Unreachable::TooManyViolations), 0);
    assert!(hopeless[0].starts_with("No number of texts"), "{hopeless:?}");
    let coarse = said(Level::Undecided, met(), never(Unreachable::FloorTooCoarse), 0);
    assert!(coarse[0].contains("noise floor"), "{coarse:?}");
}

#[test]
fn the_shuffled_partners_decide_whose_direction_it_is() {
    let property = |shuffled, state| {
        let score = PropertyScore {
            score: 0.5,
            null_mean: 0.0,
            null: Histogram::default(),
            effect_interval: (0.4, 0.6),
            p_adjusted: 0.001,
            state,
            shortage: None,
            details: Details::Parallelism(ParallelismDetails { null_shuffled_mean: shuffled, exact: false }),
        };
        let [raw_a, raw_b, visible_a, visible_b, dark_removed_a, dark_removed_b] =
            [(); 6].map(|()| score.clone());
        let scores = Scores { raw_a, raw_b, visible_a, visible_b, dark_removed_a, dark_removed_b };
        let mut report = report(VerdictKind::HeldByAll, Level::Constructed, None);
        PropertyReport { scores: Some(scores), ..report.properties.remove(0) }
    };
    let said = |shuffled, state| pairing(Locale::en, &property(shuffled, state), 0.1).unwrap_or_default();
    assert!(said(0.51, PropertyState::Holds).contains("hardly better"));
    assert!(said(0.1, PropertyState::Holds).contains("in part, to the pairs"));
    assert_eq!(said(0.1, PropertyState::Fails), "");
}

const JAPANESE_FOR_ALL: [&str; 4] = ["すべてのモデル", "どのモデルでも", "もつモデルでは", "分かれます"];

#[test]
fn japanese_too_speaks_of_all_or_none_only_where_distributions_are_equal() {
    let silent = [
        (VerdictKind::NotEquivalent, Level::Different),
        (VerdictKind::CloseNotEquivalent, Level::Close),
        (VerdictKind::TooLittleData, Level::Identical),
        (VerdictKind::OutOfClass, Level::Identical),
        (VerdictKind::Inconsistent, Level::Identical),
    ];
    for (kind, level) in silent {
        for sentence in everything_said(Locale::ja, kind, level) {
            for words in JAPANESE_FOR_ALL.into_iter().chain(["保証され"]) {
                assert!(!sentence.contains(words), "{kind:?} says {words}: {sentence}");
            }
        }
    }
    let held = everything_said(Locale::ja, VerdictKind::HeldByAll, Level::Identical);
    assert!(held.iter().any(|sentence| sentence.contains("この分布をもつ、すべてのモデル")));
}

#[test]
fn japanese_calls_only_construction_a_theorem_and_nothing_proved() {
    for kind in KINDS {
        for level in LEVELS {
            for sentence in everything_said(Locale::ja, kind, level) {
                for forbidden in ["証明", "同定", "識別可能", "有意", "内部が同じ"] {
                    assert!(!sentence.contains(forbidden), "{forbidden}: {sentence}");
                }
                assert!(!sentence.contains("等しさは定理") || level == Level::Constructed, "{sentence}");
            }
        }
    }
}

#[test]
fn every_language_gives_the_same_numbers() {
    let numbers = |sentence: &str| {
        let parts = sentence.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == '−'));
        let mut found: Vec<String> =
            parts.map(|part| part.trim_matches('.').to_owned()).filter(|part| !part.is_empty()).collect();
        found.sort();
        found
    };
    for kind in KINDS {
        for level in LEVELS {
            let [english, japanese] =
                [Locale::en, Locale::ja].map(|locale| everything_said(locale, kind, level));
            assert_eq!(english.len(), japanese.len());
            for (english, japanese) in english.iter().zip(&japanese) {
                assert_ne!(english, japanese);
                assert_eq!(numbers(english), numbers(japanese), "{english}\n{japanese}");
            }
        }
    }
}
