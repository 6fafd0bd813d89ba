//! The decision list of theory.md §5.10, and nothing that could contradict it.

use serde::{Deserialize, Serialize};

use super::equivalence::{Level, NoiseFloor};

/// State of a property in one model (theory.md §5.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PropertyState {
    /// The effect is above δ_eff with evidence.
    Holds,
    /// The effect is below δ_eff with evidence.
    Fails,
    /// Neither can be said.
    Uncertain,
}

/// The headline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// The theorem does not cover this pair.
    OutOfClass,
    /// The distributions differ (L3): the theorem is silent.
    NotEquivalent,
    /// The distributions are close but not equal (L2): the theorem is silent, a bound is given.
    CloseNotEquivalent,
    /// Too little data, or too little precision.
    TooLittleData,
    /// Visible scores of equal distributions disagree: an error of ours, never a finding.
    Inconsistent,
    /// Held by all.
    HeldByAll,
    /// Held by none.
    HeldByNone,
    /// Some hold, some do not: a hypothesis fails.
    Mixed,
}

/// Why. The names are those of theory.md and appear in reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reason {
    /// A soft-cap, masks or different tokenizers put the pair outside the class.
    OutOfClass,
    /// A token is masked in one model only.
    SupportMismatch,
    /// A log-probability differs by more than ten times the floor.
    DistributionsDiffer,
    /// Close, but not equal.
    DistributionsClose,
    /// The floor is too high to decide equality.
    PrecisionTooLow,
    /// Between one and ten floors, or neither close nor different.
    EqualityUndecided,
    /// Fewer pairs of the concept than a state needs.
    TooFewPairs,
    /// Fewer subjects of the relation than a state needs.
    TooFewSubjects,
    /// Fewer than two answers of the relation are tokens of the vocabulary.
    TooFewAnswers,
    /// Fewer labelled contexts of one class than a state needs.
    TooFewPerClass,
    /// The score of a relation still rises with the number of subjects, so a low one may be lack of data.
    LearningCurveRising,
    /// Fewer texts than a visible state needs.
    TooFewTexts,
    /// The two tokens of some pair cannot be told apart: their log-ratio does not vary beyond the noise floor.
    NoVariation,
    /// The property's interval straddles its threshold.
    PropertyUncertain,
    /// The property differs because unembeddings have parts no hidden state sees.
    DarkUnembedding,
    /// The property differs because hidden states have parts no unembedding difference sees.
    DarkEmbedding,
    /// The score, not the property, changed with the basis.
    ScoreNotInvariant,
    /// The relation is asked on a subspace Γ that differences of unembeddings do not span.
    GammaNotVisible,
    /// The steering vector leaves the span of the hidden states.
    SteeringLeavesSimF,
    /// Scores without dark parts are too uncertain to tell which hypothesis fails.
    CauseUnresolved,
    /// Too few contexts to test that hidden states span the space.
    FDiversityUntested,
    /// A singular value lies too near the tolerance.
    RankUnresolved,
}

/// Headline, reasons and mandatory scope for one version of a property.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The headline.
    pub kind: VerdictKind,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// The verdict: on the visible version, which the theorem speaks of, and on the raw one, which people measure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The property computed from log-probabilities only.
    pub visible: Finding,
    /// The property in each model's own coordinates.
    pub raw: Finding,
    /// Prop. 8: how much visible scores can differ at most, where distributions are close.
    pub visible_difference_bound: Option<f64>,
}

/// Which hypothesis of the theorem a property depends on in a model's own coordinates: what to blame where two models
/// of equal distributions differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hypothesis {
    /// f-diversity: the score is of unembeddings g (parallelism, geometry of tokens).
    NoDarkUnembedding,
    /// g-diversity: the score is of hidden states f (probing, relational linearity, subspaces).
    NoDarkEmbedding,
    /// Γ ⊆ 𝓖: the relation is asked on a subspace that has directions outside 𝓖 in one of the models.
    GammaVisible,
    /// v ∈ 𝓕: the steering vector has parts outside 𝓕 in one of the models.
    SteeringInF,
}

/// States of one version of the property in models A and B.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct States {
    /// In A.
    pub a: PropertyState,
    /// In B.
    pub b: PropertyState,
    /// What data are missing where a state cannot be claimed whatever its numbers.
    pub shortage: Option<Reason>,
}

impl States {
    fn agreed(self) -> Option<PropertyState> {
        (self.a == self.b && self.a != PropertyState::Uncertain).then_some(self.a)
    }

    fn uncertain(self) -> bool {
        self.a == PropertyState::Uncertain || self.b == PropertyState::Uncertain
    }
}

/// One version of the property, as the decision list needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// There is nothing to measure, and why.
    Unmeasured(Reason),
    /// From log-probabilities only.
    Visible(States),
    /// In each model's own coordinates.
    Raw {
        /// As measured.
        states: States,
        /// Measured again with dark parts removed.
        dark_removed: States,
        /// What the score depends on.
        hypothesis: Hypothesis,
    },
}

/// Everything about a pair of models that does not depend on the version of the property.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// A soft-cap, masks or different tokenizers put the pair outside the class.
    pub out_of_class: bool,
    /// A token is masked in one model only.
    pub support_mismatch: bool,
    /// How equal the distributions are.
    pub level: Level,
    /// ε_num, nats.
    pub epsilon_num: f64,
    /// Largest |log p_A − log p_B|, nats.
    pub max_abs_dlogp: f64,
    /// |visible_A − visible_B| and the most that equal distributions allow.
    pub visible_gap: Option<VisibleGap>,
    /// Enough contexts to test in both models that hidden states span the space.
    pub f_diversity_tested: bool,
    /// A singular value of either model lies too near the tolerance.
    pub rank_unresolved: bool,
}

/// The built-in self-test: visible scores of equal distributions must agree.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct VisibleGap {
    /// |visible_A − visible_B|.
    pub found: f64,
    /// The most that rounding explains (theory.md §5.10, rule 4).
    pub allowed: f64,
}

/// The decision list: the first rule that applies gives the headline (theory.md §5.10).
pub fn decide(evidence: &Evidence, version: Version) -> Finding {
    if evidence.out_of_class {
        return finding(VerdictKind::OutOfClass, [Reason::OutOfClass]);
    }
    match evidence.level {
        Level::Different if evidence.support_mismatch => {
            return finding(
                VerdictKind::NotEquivalent,
                [Reason::DistributionsDiffer, Reason::SupportMismatch],
            );
        }
        Level::Different => return finding(VerdictKind::NotEquivalent, [Reason::DistributionsDiffer]),
        Level::Close => return finding(VerdictKind::CloseNotEquivalent, [Reason::DistributionsClose]),
        Level::Undecided if evidence.epsilon_num > NoiseFloor::HIGHEST_USABLE => {
            return finding(VerdictKind::TooLittleData, [Reason::PrecisionTooLow]);
        }
        Level::Undecided => return finding(VerdictKind::TooLittleData, [Reason::EqualityUndecided]),
        Level::Constructed if evidence.max_abs_dlogp > evidence.epsilon_num => {
            return finding(VerdictKind::Inconsistent, [Reason::DistributionsDiffer]);
        }
        Level::Constructed | Level::Identical => {}
    }
    if evidence.visible_gap.is_some_and(|gap| gap.found > gap.allowed) {
        return finding(VerdictKind::Inconsistent, []);
    }
    let states = match version {
        Version::Unmeasured(reason) => return finding(VerdictKind::TooLittleData, [reason]),
        Version::Visible(states) | Version::Raw { states, .. } => states,
    };
    if let Some(shortage) = states.shortage {
        return finding(VerdictKind::TooLittleData, [shortage]);
    }
    if states.uncertain() {
        return finding(VerdictKind::TooLittleData, [Reason::PropertyUncertain]);
    }
    match states.agreed() {
        Some(PropertyState::Holds) => finding(VerdictKind::HeldByAll, []),
        Some(_) => finding(VerdictKind::HeldByNone, []),
        None => match version {
            // Equal visible scores on two sides of a threshold say that the threshold is near, not that a hypothesis fails.
            Version::Unmeasured(_) | Version::Visible(_) => {
                finding(VerdictKind::TooLittleData, [Reason::PropertyUncertain])
            }
            Version::Raw { dark_removed, hypothesis, .. } => {
                let mut mixed = finding(VerdictKind::Mixed, [failed_hypothesis(dark_removed, hypothesis)]);
                if !evidence.f_diversity_tested {
                    mixed.reasons.push(Reason::FDiversityUntested);
                }
                if evidence.rank_unresolved {
                    mixed.reasons.push(Reason::RankUnresolved);
                }
                mixed
            }
        },
    }
}

/// Which hypothesis fails. A subspace Γ or a steering vector that is known to leave what is visible is the cause by
/// itself. Otherwise, if removing dark parts makes the models agree they were the cause; if the models still disagree
/// only the score changed; if a state without dark parts is uncertain, neither can be said.
fn failed_hypothesis(dark_removed: States, hypothesis: Hypothesis) -> Reason {
    match (dark_removed.agreed(), hypothesis) {
        (_, Hypothesis::GammaVisible) => Reason::GammaNotVisible,
        (_, Hypothesis::SteeringInF) => Reason::SteeringLeavesSimF,
        (Some(_), Hypothesis::NoDarkUnembedding) => Reason::DarkUnembedding,
        (Some(_), Hypothesis::NoDarkEmbedding) => Reason::DarkEmbedding,
        (None, _) if dark_removed.uncertain() => Reason::CauseUnresolved,
        (None, _) => Reason::ScoreNotInvariant,
    }
}

fn finding<const N: usize>(kind: VerdictKind, reasons: [Reason; N]) -> Finding {
    Finding { kind, reasons: reasons.to_vec() }
}

impl Verdict {
    /// The one headline where only one can be shown: "mixed" where raw scores show it, else the visible version's,
    /// which is the one that the theorem speaks of.
    pub fn headline(&self) -> &Finding {
        if self.raw.kind == VerdictKind::Mixed { &self.raw } else { &self.visible }
    }
}

#[cfg(test)]
mod tests {
    use super::PropertyState::{Fails, Holds, Uncertain};
    use super::*;

    fn equal() -> Evidence {
        Evidence {
            out_of_class: false,
            support_mismatch: false,
            level: Level::Identical,
            epsilon_num: 1e-4,
            max_abs_dlogp: 1e-6,
            visible_gap: Some(VisibleGap { found: 1e-9, allowed: 1e-6 }),
            f_diversity_tested: true,
            rank_unresolved: false,
        }
    }

    fn visible(a: PropertyState, b: PropertyState) -> Version {
        Version::Visible(States { a, b, shortage: None })
    }

    fn raw(
        states: (PropertyState, PropertyState),
        dark_removed: (PropertyState, PropertyState),
        hypothesis: Hypothesis,
    ) -> Version {
        Version::Raw {
            states: States { a: states.0, b: states.1, shortage: None },
            dark_removed: States { a: dark_removed.0, b: dark_removed.1, shortage: None },
            hypothesis,
        }
    }

    fn check(evidence: Evidence, version: Version, kind: VerdictKind, reasons: &[Reason]) {
        assert_eq!(decide(&evidence, version), Finding { kind, reasons: reasons.to_vec() });
    }

    #[test]
    fn equal_distributions_share_visible_properties() {
        check(equal(), visible(Holds, Holds), VerdictKind::HeldByAll, &[]);
        check(equal(), visible(Fails, Fails), VerdictKind::HeldByNone, &[]);
        let built = Evidence { level: Level::Constructed, ..equal() };
        check(built, visible(Holds, Holds), VerdictKind::HeldByAll, &[]);
    }

    #[test]
    fn the_theorem_is_silent_about_different_distributions() {
        let mixed = raw((Holds, Fails), (Holds, Holds), Hypothesis::NoDarkUnembedding);
        for version in [visible(Holds, Holds), visible(Fails, Fails), mixed, UNMEASURED] {
            let different = Evidence { level: Level::Different, ..equal() };
            check(different, version, VerdictKind::NotEquivalent, &[Reason::DistributionsDiffer]);
            let masked = Evidence { support_mismatch: true, ..different };
            check(
                masked,
                version,
                VerdictKind::NotEquivalent,
                &[Reason::DistributionsDiffer, Reason::SupportMismatch],
            );
            let close = Evidence { level: Level::Close, ..equal() };
            check(close, version, VerdictKind::CloseNotEquivalent, &[Reason::DistributionsClose]);
            let capped = Evidence { out_of_class: true, ..different };
            check(capped, version, VerdictKind::OutOfClass, &[Reason::OutOfClass]);
        }
    }

    #[test]
    fn undecided_equality_says_what_is_missing() {
        let undecided = Evidence { level: Level::Undecided, ..equal() };
        check(undecided, visible(Holds, Holds), VerdictKind::TooLittleData, &[Reason::EqualityUndecided]);
        let imprecise = Evidence { epsilon_num: 0.02, ..undecided };
        check(imprecise, visible(Holds, Holds), VerdictKind::TooLittleData, &[Reason::PrecisionTooLow]);
    }

    #[test]
    fn disagreeing_visible_scores_are_our_error() {
        let broken = Evidence { visible_gap: Some(VisibleGap { found: 1e-3, allowed: 1e-6 }), ..equal() };
        check(broken, visible(Holds, Holds), VerdictKind::Inconsistent, &[]);
        let bad_twin = Evidence { level: Level::Constructed, max_abs_dlogp: 0.2, ..equal() };
        check(bad_twin, visible(Holds, Holds), VerdictKind::Inconsistent, &[Reason::DistributionsDiffer]);
    }

    #[test]
    fn missing_or_uncertain_properties_are_too_little_data() {
        check(equal(), UNMEASURED, VerdictKind::TooLittleData, &[Reason::TooFewPairs]);
        let no_subjects = Version::Unmeasured(Reason::TooFewSubjects);
        check(equal(), no_subjects, VerdictKind::TooLittleData, &[Reason::TooFewSubjects]);
        for shortage in [Reason::TooFewPairs, Reason::TooFewTexts, Reason::NoVariation] {
            let short = States { a: Uncertain, b: Holds, shortage: Some(shortage) };
            check(equal(), Version::Visible(short), VerdictKind::TooLittleData, &[shortage]);
        }
        check(equal(), visible(Uncertain, Fails), VerdictKind::TooLittleData, &[Reason::PropertyUncertain]);
        check(equal(), visible(Holds, Uncertain), VerdictKind::TooLittleData, &[Reason::PropertyUncertain]);
        check(equal(), visible(Holds, Fails), VerdictKind::TooLittleData, &[Reason::PropertyUncertain]);
    }

    #[test]
    fn mixed_names_the_hypothesis_that_fails() {
        let agree = (Holds, Holds);
        check(
            equal(),
            raw((Holds, Fails), agree, Hypothesis::NoDarkUnembedding),
            VerdictKind::Mixed,
            &[Reason::DarkUnembedding],
        );
        check(
            equal(),
            raw((Fails, Holds), agree, Hypothesis::NoDarkEmbedding),
            VerdictKind::Mixed,
            &[Reason::DarkEmbedding],
        );
        let rotated = raw((Holds, Fails), (Holds, Fails), Hypothesis::NoDarkUnembedding);
        check(equal(), rotated, VerdictKind::Mixed, &[Reason::ScoreNotInvariant]);
        let unclear = raw((Holds, Fails), (Holds, Uncertain), Hypothesis::NoDarkUnembedding);
        check(equal(), unclear, VerdictKind::Mixed, &[Reason::CauseUnresolved]);
        let unknown = raw((Holds, Fails), (Uncertain, Uncertain), Hypothesis::NoDarkUnembedding);
        check(equal(), unknown, VerdictKind::Mixed, &[Reason::CauseUnresolved]);
        let doubtful = Evidence { f_diversity_tested: false, rank_unresolved: true, ..equal() };
        let reasons = [Reason::DarkUnembedding, Reason::FDiversityUntested, Reason::RankUnresolved];
        check(
            doubtful,
            raw((Holds, Fails), agree, Hypothesis::NoDarkUnembedding),
            VerdictKind::Mixed,
            &reasons,
        );
    }

    /// A subspace or a vector that is known to leave what is visible is the cause, whatever happens without dark parts.
    #[test]
    fn what_leaves_the_visible_part_is_the_cause_by_itself() {
        for dark_removed in [(Holds, Holds), (Holds, Fails), (Uncertain, Holds)] {
            for (hypothesis, reason) in [
                (Hypothesis::GammaVisible, Reason::GammaNotVisible),
                (Hypothesis::SteeringInF, Reason::SteeringLeavesSimF),
            ] {
                check(equal(), raw((Holds, Fails), dark_removed, hypothesis), VerdictKind::Mixed, &[reason]);
            }
        }
    }

    const UNMEASURED: Version = Version::Unmeasured(Reason::TooFewPairs);
    const HYPOTHESES: [Hypothesis; 4] = [
        Hypothesis::NoDarkUnembedding,
        Hypothesis::NoDarkEmbedding,
        Hypothesis::GammaVisible,
        Hypothesis::SteeringInF,
    ];
    const STATES: [PropertyState; 3] = [Holds, Fails, Uncertain];
    const SHORTAGES: [Option<Reason>; 2] = [None, Some(Reason::TooFewTexts)];

    /// Every version with every combination of states.
    fn versions() -> Vec<Version> {
        let mut states = Vec::new();
        for a in STATES {
            for b in STATES {
                states.extend(SHORTAGES.map(|shortage| States { a, b, shortage }));
            }
        }
        let mut versions = vec![UNMEASURED];
        for &states_now in &states {
            versions.push(Version::Visible(states_now));
            for &dark_removed in &states {
                versions.extend(HYPOTHESES.map(|hypothesis| Version::Raw {
                    states: states_now,
                    dark_removed,
                    hypothesis,
                }));
            }
        }
        versions
    }

    /// The whole table: whatever else is known, the theorem speaks only of equal distributions of its own class, that
    /// pass the self test, and of states that are certain; and what it says is what the states are.
    #[test]
    fn no_combination_of_evidence_says_more_than_it_may() {
        let speaks =
            |kind| matches!(kind, VerdictKind::HeldByAll | VerdictKind::HeldByNone | VerdictKind::Mixed);
        let levels = [Level::Constructed, Level::Identical, Level::Close, Level::Different, Level::Undecided];
        let mut spoken = 0;
        for version in versions() {
            for level in levels {
                for bits in 0_u8..32 {
                    let bit = |i: u8| bits >> i & 1 == 1;
                    let gap = VisibleGap { found: if bit(0) { 2e-6 } else { 1e-6 }, allowed: 1e-6 };
                    let evidence = Evidence {
                        out_of_class: bit(1),
                        support_mismatch: false,
                        level,
                        epsilon_num: 1e-4,
                        max_abs_dlogp: if bit(2) { 1.5e-4 } else { 1e-4 },
                        visible_gap: Some(gap),
                        f_diversity_tested: bit(3),
                        rank_unresolved: bit(4),
                    };
                    let found = decide(&evidence, version);
                    let is_equal = match level {
                        Level::Constructed => !bit(2),
                        Level::Identical => true,
                        Level::Close | Level::Different | Level::Undecided => false,
                    };
                    let may_speak = is_equal && !bit(0) && !bit(1);
                    if !speaks(found.kind) {
                        continue;
                    }
                    spoken += 1;
                    assert!(may_speak, "{evidence:?} {version:?}: {found:?}");
                    let (Version::Visible(states) | Version::Raw { states, .. }) = version else {
                        panic!("{found:?} without a property");
                    };
                    assert_eq!(states.shortage, None);
                    match found.kind {
                        VerdictKind::HeldByAll => assert_eq!((states.a, states.b), (Holds, Holds)),
                        VerdictKind::HeldByNone => assert_eq!((states.a, states.b), (Fails, Fails)),
                        _ => {
                            assert!(matches!(version, Version::Raw { .. }));
                            assert_ne!(states.a, states.b);
                            assert!(!states.uncertain());
                            assert_eq!(found.reasons.contains(&Reason::FDiversityUntested), !bit(3));
                            assert_eq!(found.reasons.contains(&Reason::RankUnresolved), bit(4));
                        }
                    }
                }
            }
        }
        assert!(spoken > 1000, "{spoken}");
    }

    /// The limits of the self tests belong to what is allowed.
    #[test]
    fn a_gap_as_large_as_allowed_is_no_contradiction() {
        let gap = |found| Evidence { visible_gap: Some(VisibleGap { found, allowed: 1e-6 }), ..equal() };
        check(gap(1e-6), visible(Holds, Holds), VerdictKind::HeldByAll, &[]);
        check(gap(1.001e-6), visible(Holds, Holds), VerdictKind::Inconsistent, &[]);
        let built = |max_abs_dlogp| Evidence { level: Level::Constructed, max_abs_dlogp, ..equal() };
        check(built(1e-4), visible(Fails, Fails), VerdictKind::HeldByNone, &[]);
        check(
            built(1.001e-4),
            visible(Fails, Fails),
            VerdictKind::Inconsistent,
            &[Reason::DistributionsDiffer],
        );
        let limit = Evidence { level: Level::Undecided, epsilon_num: NoiseFloor::HIGHEST_USABLE, ..equal() };
        check(limit, UNMEASURED, VerdictKind::TooLittleData, &[Reason::EqualityUndecided]);
    }

    #[test]
    fn the_headline_is_mixed_only_where_raw_scores_are() {
        let held = finding(VerdictKind::HeldByAll, []);
        let mixed = finding(VerdictKind::Mixed, [Reason::DarkUnembedding]);
        let uncertain = finding(VerdictKind::TooLittleData, [Reason::PropertyUncertain]);
        let verdict = |raw: &Finding| Verdict {
            visible: held.clone(),
            raw: raw.clone(),
            visible_difference_bound: None,
        };
        assert_eq!(verdict(&mixed).headline(), &mixed);
        assert_eq!(verdict(&uncertain).headline(), &held);
    }
}
