//! Every sentence a verdict can say, in one place, so that the page and the command line cannot disagree.
//!
//! The texts follow theory.md §5.10 and avoid what §5.12 forbids. Where the distributions differ, or are merely close,
//! or where too little is known, no sentence here speaks of all models or of none; equality is called a theorem only
//! where model B was built from model A.

use super::report::{Nearness, Property, PropertyReport, Report};
use crate::theory::equivalence::{Equality, Level};
use crate::theory::planner::{Plan, Unreachable};
use crate::theory::properties::score::{Details, PropertyScore};
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
pub fn findings(report: &Report, property: &PropertyReport) -> Vec<FindingWords> {
    let (lead, other) = match property.verdict.raw.kind {
        VerdictKind::Mixed => (Version::Raw, Version::Visible),
        _ => (Version::Visible, Version::Raw),
    };
    let (lead, other) = (finding(report, property, lead), finding(report, property, other));
    let is_said_twice =
        FindingWords { version: lead.version, about: lead.about.clone(), ..other.clone() } == lead;
    if is_said_twice { vec![lead] } else { vec![lead, other] }
}

/// The finding on one version of a property, in words.
pub fn finding(report: &Report, property: &PropertyReport, version: Version) -> FindingWords {
    let name = property_of_concept(property.property, &property.concept);
    let (Finding { kind, reasons }, seen_from) = match version {
        Version::Visible => (&property.verdict.visible, "as far as the distribution can see it"),
        Version::Raw => (&property.verdict.raw, "in each model’s own coordinates"),
    };
    FindingWords {
        version,
        about: format!("{name}, {seen_from}"),
        kind: *kind,
        headline: headline(*kind, &name, &report.equality),
        scope: scope(*kind, version, property, report),
        reasons: reasons.iter().map(|&r| (reason_code(r), reason(r))).collect(),
    }
}

/// The verdict is the same whatever the property: the theorem has nothing to say of these two models.
pub fn is_about_the_pair(kind: VerdictKind) -> bool {
    matches!(kind, VerdictKind::OutOfClass | VerdictKind::NotEquivalent | VerdictKind::CloseNotEquivalent)
}

/// A property of a concept, as the beginning of a sentence.
pub fn property_of_concept(property: Property, concept: &str) -> String {
    match property {
        Property::Parallelism => format!("Parallelism of {concept}"),
        Property::RelationalLinearity => format!("Relational linearity of {concept}"),
        Property::LinearSubspace => format!("A linear subspace for {concept}"),
        Property::LinearProbing => format!("Linear probing of {concept}"),
        Property::LinearSteering => format!("Linear steering of {concept}"),
    }
}

/// What the score of a property is, in a few words.
pub fn score_name(property: Property) -> &'static str {
    match property {
        Property::Parallelism => "mean cosine",
        Property::RelationalLinearity => "held-out R²",
        Property::LinearSubspace => "mean cos² between halves",
        Property::LinearProbing => "held-out balanced accuracy",
        Property::LinearSteering => "shift in standard deviations",
    }
}

/// The headline: a whole sentence. A pair that is close on average is no less different where equality is refuted.
fn headline(kind: VerdictKind, property: &str, equality: &Equality) -> String {
    match kind {
        VerdictKind::OutOfClass => "The theorem does not cover this pair.".into(),
        VerdictKind::CloseNotEquivalent if !equality.is_refuted() => {
            "Close, but not shown to be equal: the theorem is silent.".into()
        }
        VerdictKind::NotEquivalent | VerdictKind::CloseNotEquivalent => {
            "Not distribution-equivalent, the theorem is silent.".into()
        }
        VerdictKind::TooLittleData => "Too little data to decide.".into(),
        VerdictKind::Inconsistent => "No verdict: this program contradicts itself.".into(),
        VerdictKind::HeldByAll => format!("{property}: held by all."),
        VerdictKind::HeldByNone => format!("{property}: held by none."),
        VerdictKind::Mixed => format!("{property}: mixed, a hypothesis fails."),
    }
}

/// For whom, and on what, the headline holds (theory.md §5.10, point 6).
fn scope(kind: VerdictKind, version: Version, property: &PropertyReport, report: &Report) -> String {
    let seen = format!("{} contexts and {} tokens", report.n_contexts, report.n_tokens);
    let equal_elsewhere = equal_elsewhere(&report.equality);
    match (kind, version) {
        (VerdictKind::HeldByAll, Version::Visible) => {
            format!("By every model with this distribution on these {seen}.{equal_elsewhere}")
        }
        (VerdictKind::HeldByNone, Version::Visible) => {
            format!("By no model with this distribution on these {seen}.{equal_elsewhere}")
        }
        (VerdictKind::HeldByAll, Version::Raw) => {
            format!("By both models compared here, in their own coordinates. {}", guarantee(property))
        }
        (VerdictKind::HeldByNone, Version::Raw) => {
            format!("By neither model compared here, in its own coordinates. {}", guarantee(property))
        }
        (VerdictKind::Mixed, _) => format!(
            "Of the two models compared here, one holds it in its own coordinates and the other does not, although \
             their distributions are equal on these {seen}.{equal_elsewhere}"
        ),
        (VerdictKind::NotEquivalent, _) if report.equality.max_abs_dlogp.is_infinite() => format!(
            "On {seen}, one model rules out a token that the other allows, which refutes equality. The scores below \
             stand side by side: neither says anything about other models. {CHOOSE_A_TWIN}"
        ),
        (VerdictKind::NotEquivalent, _) => format!(
            "On {seen}, a log-probability of the two models differs by up to {} nats; one such context refutes \
             equality. The scores below stand side by side: neither says anything about other models. {CHOOSE_A_TWIN}",
            number(report.equality.max_abs_dlogp)
        ),
        (VerdictKind::CloseNotEquivalent, _) => format!(
            "On {seen}, the mean symmetric KL is below {} nats with {} confidence, but the theorem needs equality.{} \
             {CHOOSE_A_TWIN}",
            number(report.experiment.thresholds.delta_mean),
            percent(1.0 - report.experiment.thresholds.alpha),
            property
                .verdict
                .visible_difference_bound
                // Two correlations can never differ by more.
                .filter(|bound| *bound < 2.0)
                .map_or_else(String::new, |bound| format!(
                    " On these contexts the two visible scores cannot differ by more than {}.",
                    number(bound)
                ))
        ),
        (VerdictKind::TooLittleData, _) => {
            format!("On these {seen} nothing can be said; the reason below names what is short.")
        }
        (VerdictKind::OutOfClass, _) => "Nothing is claimed about this pair; the numbers are for looking at.".into(),
        (VerdictKind::Inconsistent, _) => {
            "Equal distributions must give equal numbers and here they do not: an error of this program, never a \
             finding. Please report it with this page’s link."
                .into()
        }
    }
}

/// What would change a silent verdict.
const CHOOSE_A_TWIN: &str =
    "The theorem speaks of pairs with equal distributions, such as model A and an exact twin of it.";

/// How far a score in a model's own coordinates reaches.
fn guarantee(property: &PropertyReport) -> String {
    let elsewhere = "For other models with this distribution it is guaranteed only where they satisfy the diversity condition";
    match property.property {
        Property::Parallelism => {
            let is_exact =
                |score: &PropertyScore| matches!(&score.details, Details::Parallelism(own) if own.exact);
            let exact = property.scores.as_ref().is_some_and(|s| is_exact(&s.raw_a) && is_exact(&s.raw_b));
            format!(
                "{elsewhere}, and only for exact collinearity, not for a cosine threshold; these pairs are {} collinear.",
                if exact { "exactly" } else { "not exactly" }
            )
        }
        Property::RelationalLinearity | Property::LinearSubspace | Property::LinearProbing => format!(
            "{elsewhere}, so that nothing of their hidden states is dark, and only for an exact linear map, not for a \
             score above a threshold."
        ),
        Property::LinearSteering => format!(
            "{elsewhere}, so that the vector lies in the span of their hidden states, and only for the effect on \
             log-ratios itself, not for a score above a threshold."
        ),
    }
}

/// What equality on the observed contexts says of unseen ones: a sentence, or nothing.
fn equal_elsewhere(equality: &Equality) -> String {
    match (equality.level, equality.unseen_share) {
        (Level::Constructed, _) => {
            " The two models agree on any other context too: model B was built from model A, so equality is a theorem."
                .into()
        }
        (_, Some(share)) => format!(
            " With 95% confidence, fewer than {} of texts like these would show a difference between the two models.",
            percent(share)
        ),
        (_, None) => String::new(),
    }
}

/// One sentence for each reason, with what would change it where something can.
pub fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::OutOfClass => {
            "The logits pass through a soft-cap before the softmax, and the theorem is about models without one."
        }
        Reason::SupportMismatch => "A token is impossible in one model and possible in the other.",
        Reason::DistributionsDiffer => {
            "Some log-probability differs by more than the measured noise floor can explain."
        }
        Reason::DistributionsClose => {
            "The distributions are close on average, but some log-probability differs by more than the noise floor."
        }
        Reason::PrecisionTooLow => {
            "The measured noise floor, above 0.01 nats, is too high to decide whether the distributions are equal: \
             use a more precise engine."
        }
        Reason::EqualityUndecided => {
            "The largest difference of a log-probability is above the noise floor but less than ten times it, and \
             closeness is not shown: more texts may show closeness, a more precise engine may settle equality."
        }
        Reason::TooFewPairs => {
            "Fewer than 6 pairs of the concept are two different single tokens of this vocabulary: add pairs."
        }
        Reason::TooFewSubjects => {
            "Fewer than 20 subjects of the relation can be read by this vocabulary: add subjects."
        }
        Reason::TooFewAnswers => {
            "Fewer than 2 answers of the relation are single tokens of this vocabulary: add answers."
        }
        Reason::TooFewPerClass => {
            "Fewer than 20 labelled contexts of one class can be read by this vocabulary: add contexts of that class."
        }
        Reason::LearningCurveRising => {
            "The score still rises with the number of subjects, so a low one may only mean that there are too few: add \
             subjects."
        }
        Reason::TooFewTexts => {
            "There are fewer than 8 texts, too few to say how log-ratios vary together: add prompts."
        }
        Reason::NoVariation => {
            "The two tokens of some pair cannot be told apart here, as their log-ratio stays the same: leave that pair \
             out, or add prompts of another kind."
        }
        Reason::PropertyUncertain => {
            "A score is too near its threshold to say on which side it is, or may be chance: more pairs and more texts \
             would narrow its interval."
        }
        Reason::DarkUnembedding => {
            "The unembeddings have parts that no hidden state seen here reads: they change the score and leave the \
             distribution as it is. Without them the two models agree."
        }
        Reason::DarkEmbedding => {
            "The hidden states have parts that no unembedding difference reads: they change the score and leave the \
             distribution as it is. Without them the two models agree."
        }
        Reason::ScoreNotInvariant => {
            "The two models use different coordinates, and cosines depend on coordinates: the score moved; the \
             property, seen through the distribution, did not."
        }
        Reason::GammaNotVisible => {
            "The relation is asked of the whole hidden state, parts of which no unembedding difference reads in one of \
             the models: those parts are free to differ."
        }
        Reason::SteeringLeavesSimF => {
            "The vector has parts outside the span of the hidden states seen here, and what those parts do to the \
             distribution is not decided by the distribution."
        }
        Reason::CauseUnresolved => {
            "Without the parts that the distribution cannot see, a score is too uncertain to tell which hypothesis \
             fails: more pairs would help."
        }
        Reason::FDiversityUntested => {
            "There are too few contexts or texts to tell whether the hidden states fill their space: what looks unread \
             here may be read on other prompts."
        }
        Reason::RankUnresolved => {
            "A singular value or an angle lies too near its tolerance for ranks to be counted safely."
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

/// The name of a level, for a label.
pub fn level_name(equality: &Equality) -> &'static str {
    match equality.level {
        Level::Constructed => "Equal by construction",
        Level::Identical => "Identical on what was observed",
        Level::Close if equality.is_refuted() => "Close on average, not equal",
        Level::Close => "Close, not shown to be equal",
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
             symmetric KL is shown to be at most {} nats.",
            number(equality.mean_kl_sym_interval.1)
        ),
        Level::Different => format!(
            "A log-probability differs by {largest} nats, more than ten times the noise floor of {floor} nats."
        ),
        Level::Undecided => format!(
            "The largest difference of a log-probability is {largest} nats, which a noise floor of {floor} nats neither \
             explains nor rules out."
        ),
    }
}

/// A verdict on one version of a property, in a few words for a label.
pub fn verdict_name(kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::OutOfClass => "not covered",
        VerdictKind::NotEquivalent | VerdictKind::CloseNotEquivalent => "the theorem is silent",
        VerdictKind::TooLittleData => "too little data",
        VerdictKind::Inconsistent => "no verdict",
        VerdictKind::HeldByAll => "held by all",
        VerdictKind::HeldByNone => "held by none",
        VerdictKind::Mixed => "mixed",
    }
}

/// What only one property measures, as a sentence over both models; nothing where there is no more to say.
pub fn own_numbers(a: &PropertyScore, b: &PropertyScore) -> Option<String> {
    let both = |x: String, y: String| format!("{x} in A, {y} in B");
    match (&a.details, &b.details) {
        (Details::Relational(a), Details::Relational(b)) => {
            let (faithful_a, faithful_b) = (a.faithfulness?, b.faithfulness?);
            Some(format!(
                "The most likely answer is predicted for {} of the held-out subjects; the commonest answer alone would reach {}.",
                both(percent(faithful_a), percent(faithful_b)),
                both(percent(a.majority?), percent(b.majority?)),
            ))
        }
        (Details::Subspace(a), Details::Subspace(b)) => Some(format!(
            "Dimension of the subspace: {}.",
            both(a.dimension.to_string(), b.dimension.to_string())
        )),
        (Details::Probing(a), Details::Probing(b)) => Some(format!(
            "Area under the ROC curve: {}.{}",
            both(number(a.auc), number(b.auc)),
            a.token_identity.map_or_else(String::new, |accuracy| format!(
                " Guessing from the last token alone reaches {}.",
                number(accuracy)
            )),
        )),
        (Details::Steering(a), Details::Steering(b)) => Some(format!(
            "Largest effect on a pair of another concept, relative to the target: {}.",
            both(number(a.off_target?), number(b.off_target?))
        )),
        _ => None,
    }
}

/// What would let more be said of equality, one sentence for each claim that more observations can reach.
pub fn plan(plan: &Plan, equality: &Equality) -> Vec<String> {
    let mut sentences = Vec::new();
    let texts = |more: usize| if more == 1 { "1 more text".to_owned() } else { format!("{more} more texts") };
    match (equality.level, plan.identical.more) {
        (Level::Identical, Some(more)) if more > 0 => sentences.push(format!(
            "{} without a difference would bound the share of texts like these that show one below 5%.",
            texts(more)
        )),
        _ => {}
    }
    let close = plan.close();
    match (equality.level, close.more, close.unreachable) {
        (Level::Different | Level::Undecided, Some(more), _) if more > 0 => sentences.push(format!(
            "About {} of the same kind could show closeness on average, if they differ as little as these.",
            texts(more)
        )),
        (
            Level::Different | Level::Undecided,
            _,
            Some(Unreachable::MeanTooLarge | Unreachable::TooManyViolations),
        ) => {
            sentences.push(
                "No number of texts like these would show closeness: they differ too much already.".into(),
            );
        }
        (Level::Undecided, _, Some(Unreachable::FloorTooCoarse)) => {
            sentences.push("No number of texts helps while the noise floor is this high.".into());
        }
        _ => {}
    }
    if let Some(more) = plan.diversity.more.filter(|&more| more > 0) {
        sentences
            .push(format!("{more} more contexts would settle how many dimensions the hidden states fill."));
    }
    sentences
}

/// Secondary measures of nearness, one sentence each.
pub fn nearness(nearness: &Nearness) -> Vec<String> {
    let mut sentences = Vec::new();
    if let (Some(a), Some(b)) = (&nearness.prompt_map_a_from_b, &nearness.prompt_map_b_from_a) {
        sentences.push(format!(
            "A map fitted on prompts predicts held-out prompts with R² {} (A from B) and {} (B from A); shuffled, {} and {}. A high value between different distributions is normal and is no equivalence.",
            number(a.r2), number(b.r2), number(a.r2_shuffled), number(b.r2_shuffled)
        ));
    }
    if let Some(refused) = &nearness.prompt_map_refused {
        sentences.push(format!("{}{}.", refused[..1].to_uppercase(), &refused[1..]));
    }
    if let (Some(first), Some(last)) = (nearness.image_cosines.first(), nearness.image_cosines.last()) {
        sentences.push(format!(
            "From the weights alone: what both unembeddings can express meets at cosines from {} to {}; equal distributions need all of them to be 1.",
            number(first.min(1.0)), number(last.min(1.0))
        ));
    }
    if let Some(distances) = &nearness.distances {
        let distance =
            |name: &str, value: Option<f64>| value.map(|value| format!("{name} {}", number(value)));
        let known: Vec<String> = [distance("d_LLV", distances.d_llv), distance("d_SVD", distances.d_svd)]
            .into_iter()
            .flatten()
            .collect();
        if !known.is_empty() {
            sentences.push(format!(
                "Distances of representations: {}. A small KL does not make them small.",
                known.join(", ")
            ));
        }
    }
    sentences
}

/// The state of a property in one model, in one word.
pub fn state_name(state: PropertyState) -> &'static str {
    match state {
        PropertyState::Holds => "holds",
        PropertyState::Fails => "fails",
        PropertyState::Uncertain => "uncertain",
    }
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
pub fn pairing(property: &PropertyReport, least: f64) -> Option<&'static str> {
    let scores = property.scores.as_ref()?;
    let gains = [&scores.visible_a, &scores.visible_b].map(|score| match &score.details {
        Details::Parallelism(own) if score.state == PropertyState::Holds => {
            Some(score.score - own.null_shuffled_mean)
        }
        _ => None,
    });
    let [Some(gain_a), Some(gain_b)] = gains else { return None };
    if gain_a < least && gain_b < least {
        Some(
            "True pairs agree hardly better than pairs with exchanged partners: the common direction is that of the two \
             classes of words rather than of the single pairs.",
        )
    } else if gain_a >= least && gain_b >= least {
        Some(
            "True pairs agree better than pairs with exchanged partners: the direction belongs, at least in part, to the pairs.",
        )
    } else {
        None
    }
}

/// A probability as a percentage, for bars and tables; tiny ones are only told to be so.
pub fn probability(p: f64) -> String {
    match p {
        ..1e-4 => "<0.01%".into(),
        // Near nothing and near certainty the second decimal is what differs.
        ..0.01 | 0.99.. => format!("{:.2}%", 100.0 * p),
        _ => percent(p),
    }
}

/// A share in [0, 1] as a percentage; what f32 numbers cannot tell from nothing is nothing.
pub fn percent(share: f64) -> String {
    let value = if share < 1e-12 { 0.0 } else { share * 100.0 };
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
    use crate::lab::report::{Scores, Side};
    use crate::lab::{Concept, EngineKind, Experiment, ModelCard, ModelSource, Thresholds};
    use crate::theory::equivalence::NoiseFloor;
    use crate::theory::linear_map::{CoupledMap, StabilityBound};
    use crate::theory::planner::Need;
    use crate::theory::properties::parallelism::{MIN_PAIRS, MIN_TEXTS, ParallelismDetails};
    use crate::theory::properties::probing::MIN_PER_CLASS;
    use crate::theory::properties::relational::MIN_SUBJECTS;
    use crate::theory::subspace::SubspaceSummary;
    use crate::theory::verdict::Verdict;

    const REASONS: [Reason; 22] = [
        Reason::OutOfClass,
        Reason::SupportMismatch,
        Reason::DistributionsDiffer,
        Reason::DistributionsClose,
        Reason::PrecisionTooLow,
        Reason::EqualityUndecided,
        Reason::TooFewPairs,
        Reason::TooFewSubjects,
        Reason::TooFewAnswers,
        Reason::TooFewPerClass,
        Reason::LearningCurveRising,
        Reason::TooFewTexts,
        Reason::NoVariation,
        Reason::PropertyUncertain,
        Reason::DarkUnembedding,
        Reason::DarkEmbedding,
        Reason::ScoreNotInvariant,
        Reason::GammaNotVisible,
        Reason::SteeringLeavesSimF,
        Reason::CauseUnresolved,
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
    const PROPERTIES: [Property; 5] = [
        Property::Parallelism,
        Property::RelationalLinearity,
        Property::LinearSubspace,
        Property::LinearProbing,
        Property::LinearSteering,
    ];

    /// What is said of the first property.
    fn said(report: &Report, version: Version) -> FindingWords {
        finding(report, report.lead().unwrap(), version)
    }

    fn met() -> Need {
        Need { have: 60, need: Some(59), more: Some(0), unreachable: None }
    }

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
                principal_cosines: vec![],
            },
            truncation: vec![],
        };
        let map = CoupledMap {
            e_tok: 0.0,
            e_prm: 0.0,
            e_prm_shuffled: 1.0,
            e_tok_shuffled: 1.0,
            e_prm_constant: 1.0,
        };
        let finding = Finding { kind, reasons: REASONS.to_vec() };
        let verdict = Verdict { visible: finding.clone(), raw: finding, visible_difference_bound: bound };
        Report {
            version: String::new(),
            experiment: Experiment {
                model_a: ModelSource::Bundled { name: "a".into() },
                model_b: ModelSource::Bundled { name: "b".into() },
                prompts: vec![],
                concepts: vec![Concept { name: "superlatives".into(), ..Concept::default() }],
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
                mean_tv: 0.0,
                mean_hellinger: 0.0,
                mean_clr_rms: 0.0,
                mean_top_k_agreement: [1.0; 3],
                max_abs_dlogp_likely: 0.5,
                mean_kl_sym: 0.0,
            },
            plan: Plan { identical: met(), close_mean: met(), close_tail: met(), diversity: met() },
            map_ab: map,
            map_ba: map,
            nearness: Nearness {
                prompt_map_a_from_b: None,
                prompt_map_b_from_a: None,
                prompt_map_refused: None,
                image_cosines: vec![],
                stability_ab: StabilityBound { left: 0.0, bound: 0.0 },
                stability_ba: StabilityBound { left: 0.0, bound: 0.0 },
                distances: None,
            },
            properties: PROPERTIES
                .map(|property| PropertyReport {
                    concept: "superlatives".into(),
                    property,
                    scores: None,
                    visible_gap: None,
                    carried: None,
                    subspace_agreement: None,
                    used: vec![],
                    dropped: vec![],
                    verdict: verdict.clone(),
                })
                .into(),
            verdict,
        }
    }

    fn says(text: &str, word: &str) -> bool {
        text.split(|c: char| !c.is_alphanumeric()).any(|found| found.eq_ignore_ascii_case(word))
    }

    /// Everything that can be shown for one kind at one level.
    fn everything_said(kind: VerdictKind, level: Level) -> Vec<String> {
        let report = report(kind, level, Some(0.25));
        let properties = report.properties.iter();
        properties
            .flat_map(|property| VERSIONS.map(|version| finding(&report, property, version)))
            .flat_map(|words| {
                let reasons = words.reasons.into_iter().map(|(_, sentence)| sentence.to_owned());
                [words.about, words.headline, words.scope].into_iter().chain(reasons)
            })
            .chain([level_name(&report.equality).to_owned(), level_sentence(&report.equality)])
            .collect()
    }

    #[test]
    fn a_pair_that_is_close_on_average_is_called_different_where_equality_is_refuted() {
        let mut close = report(VerdictKind::CloseNotEquivalent, Level::Close, None);
        let mut at = |floors: f64| {
            close.equality.max_abs_dlogp = floors * close.equality.epsilon_num;
            (said(&close, Version::Visible).headline, level_name(&close.equality))
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
            for sentence in everything_said(kind, level) {
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
            for sentence in everything_said(VerdictKind::TooLittleData, level) {
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
                for sentence in everything_said(kind, level) {
                    let lower = sentence.to_lowercase();
                    for forbidden in
                        ["same internals", "identifiab", "2410.23501", "in the paper", "significant"]
                    {
                        assert!(!lower.contains(forbidden), "{forbidden:?}: {sentence}");
                    }
                    // A p-value belongs to a property's score, never to the equality of two distributions.
                    assert!(!says(&sentence, "p") || !lower.contains("equal"), "{sentence}");
                    assert!(
                        !lower.contains("equivalent models") || lower.contains("diversity"),
                        "{sentence}"
                    );
                    let promises = lower.contains("every model");
                    assert!(
                        !promises || lower.contains("with this distribution on these 1234"),
                        "{sentence}"
                    );
                    assert!(!promises || kind == VerdictKind::HeldByAll, "{kind:?}: {sentence}");
                }
            }
        }
    }

    /// The numbers in the sentences are those that decide.
    #[test]
    fn sentences_name_the_limits_in_use() {
        assert!(reason(Reason::TooFewPairs).contains(&format!("than {MIN_PAIRS} pairs")));
        assert!(reason(Reason::TooFewSubjects).contains(&format!("than {MIN_SUBJECTS} subjects")));
        assert!(reason(Reason::TooFewPerClass).contains(&format!("than {MIN_PER_CLASS} labelled")));
        assert!(reason(Reason::TooFewTexts).contains(&format!("than {MIN_TEXTS} texts")));
        assert!(reason(Reason::PrecisionTooLow).contains(&format!("{} nats", NoiseFloor::HIGHEST_USABLE)));
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
        assert!(
            raw.contains("satisfy the diversity condition") && raw.contains("not for a cosine threshold")
        );
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
            assert!(
                raw.starts_with(start) && raw.ends_with("these pairs are not exactly collinear."),
                "{raw}"
            );
            assert!(!raw.contains("every model"), "{raw}");
        }
    }

    #[test]
    fn a_mixed_raw_finding_leads_and_what_is_the_same_is_said_once() {
        let mut twin = report(VerdictKind::HeldByAll, Level::Constructed, None);
        twin.properties[0].verdict.raw.kind = VerdictKind::Mixed;
        let all = |report: &Report| findings(report, report.lead().unwrap());
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
        let need =
            |more: usize| Need { have: 10, need: Some(10 + more), more: Some(more), unreachable: None };
        let never = |why| Need { have: 10, need: None, more: None, unreachable: Some(why) };
        let said = |level, identical, close_tail, contexts| {
            let equality = report(VerdictKind::TooLittleData, level, None).equality;
            plan(&Plan { identical, close_mean: need(0), close_tail, diversity: need(contexts) }, &equality)
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
        assert_eq!(percent(3.9e-29), "0%");
        assert_eq!(probability(0.00002), "<0.01%");
        assert_eq!(probability(0.000155), "0.02%");
        assert_eq!(probability(0.042), "4.2%");
        assert_eq!(probability(0.9993), "99.93%");
    }

    #[test]
    fn the_shuffled_partners_decide_whose_direction_it_is() {
        let property = |shuffled, state| {
            let score = PropertyScore {
                score: 0.5,
                null_mean: 0.0,
                effect_interval: (0.4, 0.6),
                p_adjusted: 0.001,
                state,
                shortage: None,
                details: Details::Parallelism(ParallelismDetails {
                    null_shuffled_mean: shuffled,
                    exact: false,
                }),
            };
            let [raw_a, raw_b, visible_a, visible_b, dark_removed_a, dark_removed_b] =
                [(); 6].map(|()| score.clone());
            let scores = Scores { raw_a, raw_b, visible_a, visible_b, dark_removed_a, dark_removed_b };
            let mut report = report(VerdictKind::HeldByAll, Level::Constructed, None);
            PropertyReport { scores: Some(scores), ..report.properties.remove(0) }
        };
        let said = |shuffled, state| pairing(&property(shuffled, state), 0.1).unwrap_or_default();
        assert!(said(0.51, PropertyState::Holds).contains("hardly better"));
        assert!(said(0.1, PropertyState::Holds).contains("in part, to the pairs"));
        assert_eq!(said(0.1, PropertyState::Fails), "");
    }
}
