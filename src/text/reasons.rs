//! The reasons of a verdict, in words and as codes.

use leptos_i18n::td_string;

use super::Locale;
use crate::theory::verdict::Reason;

/// One sentence for each reason, with what would change it where something can.
pub fn reason(locale: Locale, reason: Reason) -> &'static str {
    match reason {
        Reason::OutOfClass => td_string!(locale, verdict.reason.out_of_class),
        Reason::SupportMismatch => td_string!(locale, verdict.reason.support_mismatch),
        Reason::DistributionsDiffer => td_string!(locale, verdict.reason.distributions_differ),
        Reason::DistributionsClose => td_string!(locale, verdict.reason.distributions_close),
        Reason::PrecisionTooLow => td_string!(locale, verdict.reason.precision_too_low),
        Reason::EqualityUndecided => td_string!(locale, verdict.reason.equality_undecided),
        Reason::TooFewPairs => td_string!(locale, verdict.reason.too_few_pairs),
        Reason::TooFewSubjects => td_string!(locale, verdict.reason.too_few_subjects),
        Reason::TooFewAnswers => td_string!(locale, verdict.reason.too_few_answers),
        Reason::TooFewPerClass => td_string!(locale, verdict.reason.too_few_per_class),
        Reason::LearningCurveRising => td_string!(locale, verdict.reason.learning_curve_rising),
        Reason::TooFewTexts => td_string!(locale, verdict.reason.too_few_texts),
        Reason::NoVariation => td_string!(locale, verdict.reason.no_variation),
        Reason::PropertyUncertain => td_string!(locale, verdict.reason.property_uncertain),
        Reason::DarkUnembedding => td_string!(locale, verdict.reason.dark_unembedding),
        Reason::DarkEmbedding => td_string!(locale, verdict.reason.dark_embedding),
        Reason::ScoreNotInvariant => td_string!(locale, verdict.reason.score_not_invariant),
        Reason::GammaNotVisible => td_string!(locale, verdict.reason.gamma_not_visible),
        Reason::SteeringLeavesSimF => td_string!(locale, verdict.reason.steering_leaves_sim_f),
        Reason::CauseUnresolved => td_string!(locale, verdict.reason.cause_unresolved),
        Reason::FDiversityUntested => td_string!(locale, verdict.reason.f_diversity_untested),
        Reason::RankUnresolved => td_string!(locale, verdict.reason.rank_unresolved),
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
        Reason::TooFewSubjects => "TOO_FEW_SUBJECTS",
        Reason::TooFewAnswers => "TOO_FEW_ANSWERS",
        Reason::TooFewPerClass => "TOO_FEW_PER_CLASS",
        Reason::LearningCurveRising => "LEARNING_CURVE_RISING",
        Reason::TooFewTexts => "TOO_FEW_TEXTS",
        Reason::NoVariation => "NO_VARIATION",
        Reason::PropertyUncertain => "PROPERTY_UNCERTAIN",
        Reason::DarkUnembedding => "DARK_UNEMBEDDING",
        Reason::DarkEmbedding => "DARK_EMBEDDING",
        Reason::ScoreNotInvariant => "SCORE_NOT_INVARIANT",
        Reason::GammaNotVisible => "GAMMA_NOT_VISIBLE",
        Reason::SteeringLeavesSimF => "STEERING_LEAVES_SIM_F",
        Reason::CauseUnresolved => "CAUSE_UNRESOLVED",
        Reason::FDiversityUntested => "F_DIVERSITY_UNTESTED",
        Reason::RankUnresolved => "RANK_UNRESOLVED",
    }
}
