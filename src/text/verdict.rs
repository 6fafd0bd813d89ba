//! Every sentence a verdict can say, in one place, so that the page and the command line cannot disagree.
//!
//! The texts follow theory.md §5.10 and avoid what §5.12 forbids, in every language. Where the distributions differ, or
//! are merely close, or where too little is known, no sentence here speaks of all models or of none; equality is called
//! a theorem only where model B was built from model A.

use leptos_i18n::td_string;

use super::Locale;
use super::numbers::{number, percent};
use super::properties::property_of_concept;
use super::reasons::{reason, reason_code};
use crate::lab::report::{Property, PropertyReport, Report};
use crate::theory::equivalence::{Equality, Level};
use crate::theory::properties::score::{Details, PropertyScore};
use crate::theory::verdict::{Finding, VerdictKind};

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
    /// Which version of the property it speaks of; of both, where both say the same.
    pub version: Version,
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

/// Everything that the verdict says of one property, its own headline first; what both versions say is said once.
pub fn findings(locale: Locale, report: &Report, property: &PropertyReport) -> Vec<FindingWords> {
    let (lead, other) = match property.verdict.raw.kind {
        VerdictKind::Mixed => (Version::Raw, Version::Visible),
        _ => (Version::Visible, Version::Raw),
    };
    let [lead, other] = [lead, other].map(|version| finding(locale, report, property, version));
    let is_said_twice =
        FindingWords { version: lead.version, about: lead.about.clone(), ..other.clone() } == lead;
    if is_said_twice { vec![lead] } else { vec![lead, other] }
}

/// The finding on one version of a property, in words.
pub fn finding(locale: Locale, report: &Report, property: &PropertyReport, version: Version) -> FindingWords {
    let name = property_of_concept(locale, property.property, &property.concept);
    let (Finding { kind, reasons }, about) = match version {
        Version::Visible => {
            (&property.verdict.visible, td_string!(locale, verdict.about.visible, property = name.clone()))
        }
        Version::Raw => {
            (&property.verdict.raw, td_string!(locale, verdict.about.raw, property = name.clone()))
        }
    };
    FindingWords {
        version,
        about,
        kind: *kind,
        headline: headline(locale, *kind, name, &report.equality),
        scope: scope(locale, *kind, version, property, report),
        reasons: reasons.iter().map(|&r| (reason_code(r), reason(locale, r))).collect(),
    }
}

/// The verdict is the same whatever the property: the theorem has nothing to say of these two models.
pub fn is_about_the_pair(kind: VerdictKind) -> bool {
    matches!(kind, VerdictKind::OutOfClass | VerdictKind::NotEquivalent | VerdictKind::CloseNotEquivalent)
}

/// A verdict on one version of a property, in a few words for a label.
pub fn verdict_name(locale: Locale, kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::OutOfClass => td_string!(locale, verdict.name.out_of_class),
        VerdictKind::NotEquivalent | VerdictKind::CloseNotEquivalent => {
            td_string!(locale, verdict.name.silent)
        }
        VerdictKind::TooLittleData => td_string!(locale, verdict.name.too_little_data),
        VerdictKind::Inconsistent => td_string!(locale, verdict.name.inconsistent),
        VerdictKind::HeldByAll => td_string!(locale, verdict.name.held_by_all),
        VerdictKind::HeldByNone => td_string!(locale, verdict.name.held_by_none),
        VerdictKind::Mixed => td_string!(locale, verdict.name.mixed),
    }
}

/// The tone of a finding, for its colour; its words carry the meaning.
pub fn mood(kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::HeldByAll | VerdictKind::HeldByNone => "decided",
        VerdictKind::Mixed => "mixed",
        VerdictKind::NotEquivalent | VerdictKind::CloseNotEquivalent | VerdictKind::OutOfClass => "silent",
        VerdictKind::TooLittleData => "short",
        VerdictKind::Inconsistent => "fault",
    }
}

/// The headline: a whole sentence. A pair that is close on average is no less different where equality is refuted.
fn headline(locale: Locale, kind: VerdictKind, property: String, equality: &Equality) -> String {
    match kind {
        VerdictKind::OutOfClass => td_string!(locale, verdict.headline.out_of_class).to_owned(),
        VerdictKind::CloseNotEquivalent if !equality.is_refuted() => {
            td_string!(locale, verdict.headline.close).to_owned()
        }
        VerdictKind::NotEquivalent | VerdictKind::CloseNotEquivalent => {
            td_string!(locale, verdict.headline.not_equivalent).to_owned()
        }
        VerdictKind::TooLittleData => td_string!(locale, verdict.headline.too_little_data).to_owned(),
        VerdictKind::Inconsistent => td_string!(locale, verdict.headline.inconsistent).to_owned(),
        VerdictKind::HeldByAll => td_string!(locale, verdict.headline.held_by_all, property),
        VerdictKind::HeldByNone => td_string!(locale, verdict.headline.held_by_none, property),
        VerdictKind::Mixed => td_string!(locale, verdict.headline.mixed, property),
    }
}

/// For whom, and on what, the headline holds (theory.md §5.10, point 6).
fn scope(
    locale: Locale,
    kind: VerdictKind,
    version: Version,
    property: &PropertyReport,
    report: &Report,
) -> String {
    let seen = td_string!(locale, verdict.seen, contexts = report.n_contexts, tokens = report.n_tokens);
    let elsewhere = equal_elsewhere(locale, &report.equality);
    let choose = td_string!(locale, verdict.scope.choose_a_twin);
    match (kind, version) {
        (VerdictKind::HeldByAll, Version::Visible) => {
            td_string!(locale, verdict.scope.visible_all, seen, elsewhere)
        }
        (VerdictKind::HeldByNone, Version::Visible) => {
            td_string!(locale, verdict.scope.visible_none, seen, elsewhere)
        }
        (VerdictKind::HeldByAll, Version::Raw) => {
            td_string!(locale, verdict.scope.raw_all, guarantee = guarantee(locale, property))
        }
        (VerdictKind::HeldByNone, Version::Raw) => {
            td_string!(locale, verdict.scope.raw_none, guarantee = guarantee(locale, property))
        }
        (VerdictKind::Mixed, _) => td_string!(locale, verdict.scope.mixed, seen, elsewhere),
        (VerdictKind::NotEquivalent, _) if report.equality.max_abs_dlogp.is_infinite() => {
            td_string!(locale, verdict.scope.impossible_token, seen, choose)
        }
        (VerdictKind::NotEquivalent, _) => {
            let nats = number(report.equality.max_abs_dlogp);
            td_string!(locale, verdict.scope.different, seen, nats, choose)
        }
        (VerdictKind::CloseNotEquivalent, _) => {
            let thresholds = &report.experiment.thresholds;
            let (limit, confidence) = (number(thresholds.delta_mean), percent(1.0 - thresholds.alpha));
            let bound = bound(locale, property);
            td_string!(locale, verdict.scope.close, seen, limit, confidence, bound, choose)
        }
        (VerdictKind::TooLittleData, _) => td_string!(locale, verdict.scope.too_little_data, seen),
        (VerdictKind::OutOfClass, _) => td_string!(locale, verdict.scope.out_of_class).to_owned(),
        (VerdictKind::Inconsistent, _) => td_string!(locale, verdict.scope.inconsistent).to_owned(),
    }
}

/// How far the visible scores of a close pair can lie apart: a sentence, or nothing.
fn bound(locale: Locale, property: &PropertyReport) -> String {
    // Two correlations can never differ by more than 2.
    let bound = property.verdict.visible_difference_bound.filter(|bound| *bound < 2.0);
    bound.map_or_else(String::new, |bound| td_string!(locale, verdict.scope.bound, bound = number(bound)))
}

/// How far a score in a model's own coordinates reaches.
fn guarantee(locale: Locale, property: &PropertyReport) -> &'static str {
    match property.property {
        Property::Parallelism => {
            let is_exact =
                |score: &PropertyScore| matches!(&score.details, Details::Parallelism(own) if own.exact);
            match &property.scores {
                Some(scores) if is_exact(&scores.raw_a) && is_exact(&scores.raw_b) => {
                    td_string!(locale, verdict.guarantee.exactly_collinear)
                }
                _ => td_string!(locale, verdict.guarantee.not_collinear),
            }
        }
        Property::RelationalLinearity | Property::LinearSubspace | Property::LinearProbing => {
            td_string!(locale, verdict.guarantee.linear_map)
        }
        Property::LinearSteering => td_string!(locale, verdict.guarantee.steering),
    }
}

/// What equality on the observed contexts says of unseen ones: a sentence, or nothing.
fn equal_elsewhere(locale: Locale, equality: &Equality) -> String {
    match (equality.level, equality.unseen_share) {
        (Level::Constructed, _) => td_string!(locale, verdict.scope.constructed).to_owned(),
        (_, Some(share)) => td_string!(locale, verdict.scope.unseen, share = percent(share)),
        (_, None) => String::new(),
    }
}

#[cfg(test)]
mod tests;
