//! Every sentence a verdict can say, in one place, so that the page and the command line cannot disagree.
//!
//! The texts follow theory.md §5.10. Where the distributions differ, or are merely close, no sentence here speaks
//! of all models or of none, and equality is called a theorem only where model B was built from model A.

use super::report::{ParallelismReport, Report};
use crate::theory::equivalence::{Equality, Level};
use crate::theory::properties::parallelism::ParallelismScore;
use crate::theory::verdict::{Finding, PropertyState, Reason, VerdictKind};

/// Which version of a property a sentence speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Computed from log-probabilities only: the version that the theorem speaks of.
    Visible,
    /// In each model's own coordinates: the version that people usually measure.
    Raw,
}

/// One finding in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingWords {
    /// What it is about.
    pub about: String,
    /// Its kind, for colours.
    pub kind: VerdictKind,
    /// One sentence that can stand alone.
    pub headline: String,
    /// For whom and where the headline holds; never to be left out.
    pub scope: String,
    /// (code, sentence) of each reason.
    pub reasons: Vec<(&'static str, &'static str)>,
}

/// Everything that the verdict says, the report's own headline first; what both versions say is said once.
pub fn findings(report: &Report) -> Vec<FindingWords> {
    let (lead, other) = match report.verdict.raw.kind {
        VerdictKind::Mixed => (Version::Raw, Version::Visible),
        _ => (Version::Visible, Version::Raw),
    };
    let (lead, other) = (finding(report, lead), finding(report, other));
    let is_said_twice = FindingWords { about: lead.about.clone(), ..other.clone() } == lead;
    if is_said_twice { vec![lead] } else { vec![lead, other] }
}

/// The finding on one version of the property, in words.
pub fn finding(report: &Report, version: Version) -> FindingWords {
    let concept = &report.experiment.concept.name;
    let (Finding { kind, reasons }, seen_from) = match version {
        Version::Visible => (&report.verdict.visible, "as far as the distribution can see it"),
        Version::Raw => (&report.verdict.raw, "in each model’s own coordinates"),
    };
    FindingWords {
        about: format!("Parallelism of {concept}, {seen_from}"),
        kind: *kind,
        headline: headline(*kind, concept),
        scope: scope(*kind, version, report),
        reasons: reasons.iter().map(|&r| (reason_code(r), reason(r))).collect(),
    }
}

/// The headline. Close pairs get the headline of different ones: the theorem needs equality.
pub fn headline(kind: VerdictKind, concept: &str) -> String {
    match kind {
        VerdictKind::OutOfClass => "The theorem does not cover this pair.".into(),
        VerdictKind::NotEquivalent | VerdictKind::CloseNotEquivalent => {
            "Not distribution-equivalent, the theorem is silent.".into()
        }
        VerdictKind::TooLittleData => "Too little data.".into(),
        VerdictKind::Inconsistent => "No verdict: this program contradicts itself.".into(),
        VerdictKind::HeldByAll => format!("Parallelism of {concept}: held by all."),
        VerdictKind::HeldByNone => format!("Parallelism of {concept}: held by none."),
        VerdictKind::Mixed => format!("Parallelism of {concept}: mixed, a hypothesis fails."),
    }
}

/// For whom, and on what, the headline holds (theory.md §5.10, point 6).
fn scope(kind: VerdictKind, version: Version, report: &Report) -> String {
    let seen = format!("{} contexts and {} tokens", report.n_contexts, report.n_tokens);
    match (kind, version) {
        (VerdictKind::HeldByAll | VerdictKind::HeldByNone, Version::Visible) => {
            format!(
                "By every model with this distribution on these {seen}{}.",
                generalisation(&report.equality)
            )
        }
        (VerdictKind::HeldByAll | VerdictKind::HeldByNone, Version::Raw) => {
            "By all models compared here; guaranteed for every distribution-equivalent model that satisfies the \
             diversity condition, and only for exact collinearity, not for a cosine threshold."
                .into()
        }
        (VerdictKind::Mixed, _) => {
            format!(
                "Of the two models compared here, in the coordinates each happens to use, on these {seen}{}.",
                generalisation(&report.equality)
            )
        }
        (VerdictKind::NotEquivalent, _) => format!(
            "On {seen}, the two models differ by up to {} nats in a log-probability; one such context refutes \
             equality. The scores below stand side by side and say nothing about other models.",
            number(report.equality.max_abs_dlogp)
        ),
        (VerdictKind::CloseNotEquivalent, _) => format!(
            "On {seen}, the mean symmetric KL is shown to be below {} nats, but the theorem needs equality.{}",
            number(report.experiment.thresholds.delta_mean),
            report
                .verdict
                .visible_difference_bound
                // Two correlations can never differ by more.
                .filter(|bound| *bound < 2.0)
                .map_or_else(String::new, |bound| format!(
                    " Visible scores cannot differ by more than {}.",
                    number(bound)
                ))
        ),
        (VerdictKind::TooLittleData, _) => format!("Said of these {seen}; the reasons below name what is short."),
        (VerdictKind::OutOfClass, _) => "Nothing is claimed about this pair; the numbers are for looking at.".into(),
        (VerdictKind::Inconsistent, _) => {
            "Equal distributions must give equal visible scores and here they do not: an error of this program, \
             never a finding."
                .into()
        }
    }
}

/// What equality on the observed contexts says of unseen ones.
fn generalisation(equality: &Equality) -> String {
    match (equality.level, equality.unseen_share) {
        (Level::Constructed, _) => {
            ", and on any other context: model B was built from model A, so equality is a theorem".into()
        }
        (_, Some(share)) => format!(
            "; with 95% confidence, fewer than {} of texts like these would show a difference",
            percent(share)
        ),
        (_, None) => String::new(),
    }
}

/// One sentence for each reason.
pub fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::OutOfClass => {
            "A soft-cap, a mask or different vocabularies put the pair outside the models that the theorem covers."
        }
        Reason::SupportMismatch => "A token is impossible in one model and possible in the other.",
        Reason::DistributionsDiffer => "A log-probability differs by more than ten times the noise floor.",
        Reason::DistributionsClose => "The distributions are close, but not equal.",
        Reason::PrecisionTooLow => {
            "The measured noise floor is too high to decide whether the distributions are equal."
        }
        Reason::EqualityUndecided => {
            "The largest difference is neither below the noise floor nor clearly above it, and closeness is not shown."
        }
        Reason::TooFewPairs => "There are too few word pairs, texts or contexts to test the property.",
        Reason::PropertyUncertain => {
            "The interval of a score straddles its threshold, or its evidence is too weak."
        }
        Reason::DarkUnembedding => {
            "The unembeddings have parts that no hidden state reads: they change the score and leave the distribution as it is."
        }
        Reason::DarkEmbedding => {
            "The hidden states have parts that no unembedding difference reads: they change the score and leave the distribution as it is."
        }
        Reason::ScoreNotInvariant => {
            "A change of basis moved the score; the property itself, seen through the distribution, did not move."
        }
        Reason::FDiversityUntested => {
            "There are too few contexts to tell whether the hidden states fill their space."
        }
        Reason::RankUnresolved => {
            "A singular value lies too near the tolerance for the rank to be counted safely."
        }
    }
}

/// The code of a reason, as reports and theory.md spell it.
pub fn reason_code(reason: Reason) -> &'static str {
    match reason {
        Reason::OutOfClass => "OUT_OF_CLASS",
        Reason::SupportMismatch => "SUPPORT_MISMATCH",
        Reason::DistributionsDiffer => "DISTRIBUTIONS_DIFFER",
        Reason::DistributionsClose => "DISTRIBUTIONS_CLOSE",
        Reason::PrecisionTooLow => "PRECISION_TOO_LOW",
        Reason::EqualityUndecided => "EQUALITY_UNDECIDED",
        Reason::TooFewPairs => "TOO_FEW_PAIRS",
        Reason::PropertyUncertain => "PROPERTY_UNCERTAIN",
        Reason::DarkUnembedding => "DARK_UNEMBEDDING",
        Reason::DarkEmbedding => "DARK_EMBEDDING",
        Reason::ScoreNotInvariant => "SCORE_NOT_INVARIANT",
        Reason::FDiversityUntested => "F_DIVERSITY_UNTESTED",
        Reason::RankUnresolved => "RANK_UNRESOLVED",
    }
}

/// The name of a level, for a label.
pub fn level_name(level: Level) -> &'static str {
    match level {
        Level::Constructed => "Equal by construction",
        Level::Identical => "Identical on what was observed",
        Level::Close => "Close, not equal",
        Level::Different => "Different",
        Level::Undecided => "Undecided",
    }
}

/// The level with the numbers it rests on.
pub fn level_sentence(equality: &Equality) -> String {
    let largest = number(equality.max_abs_dlogp);
    let floor = number(equality.epsilon_num);
    match equality.level {
        Level::Constructed => format!(
            "Model B was built from model A by an exact constructor. The largest measured difference of a \
             log-probability, {largest} nats, is set against a noise floor of {floor} nats."
        ),
        Level::Identical => format!(
            "No observed log-probability differs by more than the noise floor: {largest} against {floor} nats."
        ),
        Level::Close => format!(
            "A log-probability differs by {largest} nats, above the noise floor of {floor} nats, yet the mean \
             symmetric KL is at most {} nats.",
            number(equality.mean_kl_sym_interval.1)
        ),
        Level::Different => format!(
            "A log-probability differs by {largest} nats, more than ten times the noise floor of {floor} nats."
        ),
        Level::Undecided => format!(
            "The largest difference of a log-probability is {largest} nats, and the noise floor of {floor} nats does \
             not decide."
        ),
    }
}

/// The state of a property in one model, in one word.
pub fn state_name(state: PropertyState) -> &'static str {
    match state {
        PropertyState::Holds => "holds",
        PropertyState::Fails => "fails",
        PropertyState::Uncertain => "uncertain",
    }
}

/// One score against its nulls.
pub fn score_sentence(score: &ParallelismScore) -> String {
    format!(
        "{} ({}): score {}, random pairs {}, shuffled partners {}, p = {}.",
        state_name(score.state),
        if score.exact { "exactly parallel" } else { "not exactly parallel" },
        number(score.score),
        number(score.null_random_mean),
        number(score.null_shuffled_mean),
        number(score.p_adjusted)
    )
}

/// Three significant digits, as people read them: `0.0123`, `4.51`, `3.2e-7`, `∞`.
pub fn number(value: f64) -> String {
    let magnitude = value.abs();
    if value.is_nan() {
        "not a number".into()
    } else if value.is_infinite() {
        if value > 0.0 { "∞".into() } else { "−∞".into() }
    } else if magnitude == 0.0 {
        "0".into()
    } else if !(1e-3..1e5).contains(&magnitude) {
        format!("{value:.1e}").replace('-', "−")
    } else {
        let decimals = (2 - magnitude.log10().floor() as i32).clamp(0, 6) as usize;
        format!("{value:.decimals$}").replace('-', "−")
    }
}

/// What the shuffled partners say: where true pairs do no better than pairs with exchanged partners, the common
/// direction belongs to the two classes of words and not to the pairs (theory.md §5.8, e₂). None where neither is
/// shown. `least` is the least difference of scores that counts.
pub fn pairing(parallelism: &ParallelismReport, least: f64) -> Option<&'static str> {
    let scores = [&parallelism.visible_a, &parallelism.visible_b];
    let gain = |score: &ParallelismScore| score.score - score.null_shuffled_mean;
    if scores.iter().all(|score| score.state == PropertyState::Holds && gain(score) < least) {
        Some(
            "True pairs agree no better than pairs with exchanged partners: the common direction is that of the two \
             classes of words, not of the single pairs.",
        )
    } else if scores.iter().all(|score| score.state == PropertyState::Holds && gain(score) >= least) {
        Some("True pairs agree better than pairs with exchanged partners: the direction belongs to the pairs.")
    } else {
        None
    }
}

/// A share in [0, 1] as a percentage.
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    if value == 0.0 || value >= 9.995 {
        format!("{value:.0}%")
    } else if value >= 0.095 {
        format!("{value:.1}%")
    } else {
        format!("{}%", number(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::report::Side;
    use crate::lab::{Concept, EngineKind, Experiment, ModelCard, ModelSource, Thresholds};
    use crate::theory::linear_map::CoupledMap;
    use crate::theory::subspace::SubspaceSummary;
    use crate::theory::verdict::Verdict;

    const REASONS: [Reason; 13] = [
        Reason::OutOfClass,
        Reason::SupportMismatch,
        Reason::DistributionsDiffer,
        Reason::DistributionsClose,
        Reason::PrecisionTooLow,
        Reason::EqualityUndecided,
        Reason::TooFewPairs,
        Reason::PropertyUncertain,
        Reason::DarkUnembedding,
        Reason::DarkEmbedding,
        Reason::ScoreNotInvariant,
        Reason::FDiversityUntested,
        Reason::RankUnresolved,
    ];
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

    /// A report whose every sentence-bearing field is set by the test.
    fn report(kind: VerdictKind, level: Level, bound: Option<f64>) -> Report {
        let side = Side {
            model: ModelCard {
                name: "m".into(),
                architecture: "llama".into(),
                d_model: 32,
                vocab_size: 500,
                parameters: 1,
                sha256: String::new(),
            },
            engine: EngineKind::Cpu,
            engine_detail: String::new(),
            subspace: SubspaceSummary {
                d: 32,
                rank_f: 32,
                rank_g: 32,
                effective_complexity: 32,
                dark_f: 0.0,
                dark_g: 0.0,
                min_cosine: 1.0,
                rank_unresolved: false,
                f_diversity_tested: true,
                singular_values_f: vec![],
                singular_values_g: vec![],
            },
        };
        let map = CoupledMap { e_tok: 0.0, e_prm: 0.0, e_prm_shuffled: 1.0, e_tok_shuffled: 1.0 };
        let finding = Finding { kind, reasons: REASONS.to_vec() };
        Report {
            version: String::new(),
            experiment: Experiment {
                model_a: ModelSource::Bundled { name: "a".into() },
                model_b: ModelSource::Bundled { name: "b".into() },
                prompts: vec![],
                concept: Concept { name: "superlatives".into(), pairs: vec![] },
                seed: 1,
                thresholds: Thresholds::default(),
            },
            model_a: side.clone(),
            model_b: side,
            prompts: vec![],
            n_contexts: 1234,
            n_texts: 60,
            n_tokens: 500,
            equality: Equality {
                level,
                epsilon_num: 1e-4,
                floor_a: 1e-6,
                floor_b: 1e-6,
                max_abs_dlogp: 0.5,
                worst_context: 0,
                mean_kl_ab: 0.0,
                mean_kl_ba: 0.0,
                mean_js: 0.0,
                mean_kl_sym_interval: (0.0, 0.001),
                violation_upper_bound: 0.0,
                unseen_share: (level == Level::Identical).then_some(0.0487),
                d_logit_squared: 0.0,
            },
            map_ab: map,
            map_ba: map,
            parallelism: None,
            dropped_pairs: vec![],
            verdict: Verdict { visible: finding.clone(), raw: finding, visible_difference_bound: bound },
        }
    }

    fn says(text: &str, word: &str) -> bool {
        text.split(|c: char| !c.is_alphanumeric()).any(|found| found.eq_ignore_ascii_case(word))
    }

    /// Everything that can be shown for one kind at one level.
    fn everything_said(kind: VerdictKind, level: Level) -> Vec<String> {
        let report = report(kind, level, Some(0.25));
        VERSIONS
            .iter()
            .flat_map(|&version| {
                let words = finding(&report, version);
                let reasons = words.reasons.into_iter().map(|(_, sentence)| sentence.to_owned());
                [words.about, words.headline, words.scope].into_iter().chain(reasons)
            })
            .chain([level_name(level).to_owned(), level_sentence(&report.equality)])
            .collect()
    }

    #[test]
    fn unequal_distributions_never_speak_of_all_or_none() {
        for (kind, level) in
            [(VerdictKind::NotEquivalent, Level::Different), (VerdictKind::CloseNotEquivalent, Level::Close)]
        {
            for sentence in everything_said(kind, level) {
                for word in ["all", "none", "every", "mixed"] {
                    assert!(!says(&sentence, word), "{kind:?} says {word:?}: {sentence}");
                }
            }
        }
    }

    #[test]
    fn nothing_is_called_proved_and_only_construction_is_a_theorem() {
        for kind in KINDS {
            for level in LEVELS {
                for sentence in everything_said(kind, level) {
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
            assert!(reason(a).ends_with('.') && reason(a).len() > 20);
            for &b in &REASONS[i + 1..] {
                assert_ne!(reason(a), reason(b));
            }
        }
    }

    #[test]
    fn each_kind_has_headline_and_scope_that_are_sentences() {
        for kind in KINDS {
            for level in LEVELS {
                let report = report(kind, level, None);
                for version in VERSIONS {
                    let words = finding(&report, version);
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
            finding(&identical, Version::Visible).scope,
            "By every model with this distribution on these 1234 contexts and 500 tokens; with 95% confidence, \
             fewer than 4.9% of texts like these would show a difference."
        );
        let raw = finding(&identical, Version::Raw).scope;
        assert!(
            raw.contains("satisfies the diversity condition") && raw.contains("not for a cosine threshold")
        );
        let twin = report(VerdictKind::HeldByNone, Level::Constructed, None);
        let scope = finding(&twin, Version::Visible).scope;
        assert!(scope.contains("equality is a theorem") && !scope.contains("95%"), "{scope}");
    }

    #[test]
    fn a_mixed_raw_finding_leads_and_what_is_the_same_is_said_once() {
        let mut twin = report(VerdictKind::HeldByAll, Level::Constructed, None);
        twin.verdict.raw.kind = VerdictKind::Mixed;
        let kinds: Vec<_> = findings(&twin).into_iter().map(|finding| finding.kind).collect();
        assert_eq!(kinds, [VerdictKind::Mixed, VerdictKind::HeldByAll]);
        let held = findings(&report(VerdictKind::HeldByAll, Level::Constructed, None));
        assert_eq!(held.len(), 2, "the raw version has another scope");
        assert!(held[0].about.ends_with("as far as the distribution can see it"));
        assert_eq!(findings(&report(VerdictKind::NotEquivalent, Level::Different, None)).len(), 1);
    }

    #[test]
    fn the_bound_is_printed_for_close_pairs_only() {
        for kind in KINDS {
            let scope = finding(&report(kind, Level::Close, Some(0.25)), Version::Visible).scope;
            assert_eq!(
                scope.contains("cannot differ by more than 0.250"),
                kind == VerdictKind::CloseNotEquivalent
            );
        }
    }

    #[test]
    fn numbers_have_three_significant_digits() {
        let cases = [
            (0.0, "0"),
            (0.012345, "0.0123"),
            (4.5149, "4.51"),
            (-12.04, "−12.0"),
            (1234.5, "1234"),
            (3.2e-7, "3.2e−7"),
            (f64::INFINITY, "∞"),
        ];
        for (value, expected) in cases {
            assert_eq!(number(value), expected);
        }
        assert_eq!(percent(0.0487), "4.9%");
        assert_eq!(percent(1.0), "100%");
        assert_eq!(percent(0.0), "0%");
        assert_eq!(percent(0.00002), "0.00200%");
    }

    #[test]
    fn the_shuffled_partners_decide_whose_direction_it_is() {
        let scores = |shuffled, state| {
            let score = ParallelismScore {
                score: 0.5,
                null_random_mean: 0.0,
                null_shuffled_mean: shuffled,
                effect_interval: (0.4, 0.6),
                p_adjusted: 0.001,
                exact: false,
                state,
            };
            let [raw_a, raw_b, visible_a, visible_b, dark_removed_a, dark_removed_b] = [(); 6].map(|()| score.clone());
            ParallelismReport {
                concept: String::new(),
                pairs: vec![],
                raw_a,
                raw_b,
                visible_a,
                visible_b,
                dark_removed_a,
                dark_removed_b,
            }
        };
        let said = |shuffled, state| pairing(&scores(shuffled, state), 0.1).unwrap_or_default();
        assert!(said(0.51, PropertyState::Holds).contains("no better"));
        assert!(said(0.1, PropertyState::Holds).contains("belongs to the pairs"));
        assert_eq!(said(0.1, PropertyState::Fails), "");
    }
}
