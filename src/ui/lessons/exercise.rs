//! How the page marks an exercise: from a report and, where one is asked for, the reader's answer. Nothing is shown here.

use std::ops::RangeInclusive;

use super::catalogue::Words;
use crate::lab::report::{Property, PropertyReport, Scores};
use crate::lab::{ModelSource, Report};
use crate::theory::equivalence::Level;
use crate::theory::planner::texts_without_failure;
use crate::theory::twin::TwinKind;
use crate::theory::verdict::VerdictKind;

/// What a step asks of its reader.
pub struct Exercise {
    /// In words.
    pub question: Words,
    /// For the page.
    pub task: Task,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Task {
    /// Find a prompt after which model A gives some token more than this probability.
    Confident {
        /// In [0, 1].
        above: f64,
    },
    /// Find a prompt, other than the first few, after which the distributions are further apart than this.
    Apart {
        /// Jensen–Shannon divergence, nats.
        js_above: f64,
        /// How many prompts do not count. Where some do not, model B must be equal to A on just these.
        prompts_before: usize,
    },
    /// Make an exact twin whose raw parallelism score differs from A's by more than this.
    RawMoves {
        /// Difference of two mean cosines.
        by: f64,
    },
    /// Make an exact twin whose raw parallelism score is below this.
    RawBelow {
        /// A mean cosine.
        below: f64,
    },
    /// Make an exact twin that is so many times as wide as A.
    Wider {
        /// At least.
        times: usize,
    },
    /// Read or work out a number.
    Read(Quantity),
    /// Say what the page will say, before looking.
    Predict(Prediction),
}

/// A number that the reader finds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Quantity {
    /// The probability of model A's most likely token after the first prompt, in percent.
    TopPercent,
    /// The width of model B less its effective complexity.
    DarkDimensions,
    /// The effective complexity of model A.
    NarrowestWidth,
    /// Prompts without a difference from which fewer than this share of prompts would show one.
    PromptsFor {
        /// In (0, 1).
        share: f64,
    },
}

/// What is to be predicted of parallelism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prediction {
    /// The verdict on its visible version.
    VisibleVerdict,
    /// The verdict in the models' own coordinates.
    RawVerdict,
    /// Model B's visible score beside A's.
    VisibleScore,
}

/// An answer to choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Held by all.
    All,
    /// Held by none.
    None,
    /// Mixed.
    Mixed,
    /// The theorem is silent.
    Silent,
    /// Lower than A's.
    Lower,
    /// A's.
    Same,
    /// Higher than A's.
    Higher,
}

impl Choice {
    /// For the value of an input.
    pub fn code(self) -> &'static str {
        match self {
            Choice::All => "all",
            Choice::None => "none",
            Choice::Mixed => "mixed",
            Choice::Silent => "silent",
            Choice::Lower => "lower",
            Choice::Same => "same",
            Choice::Higher => "higher",
        }
    }
}

impl Prediction {
    /// What can be chosen, in the order in which it is offered.
    pub fn choices(self) -> &'static [Choice] {
        match self {
            Prediction::VisibleVerdict | Prediction::RawVerdict => {
                &[Choice::All, Choice::None, Choice::Mixed, Choice::Silent]
            }
            Prediction::VisibleScore => &[Choice::Lower, Choice::Same, Choice::Higher],
        }
    }
}

/// What the reader gave.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Answer {
    /// Nothing, or nothing is asked for.
    #[default]
    Nothing,
    /// A choice.
    Chosen(Choice),
    /// What was typed.
    Typed(String),
}

/// Right or not yet, and what was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// The exercise is solved.
    pub is_right: bool,
    /// What the page found.
    pub found: Found,
}

/// What the page found.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// No prompt to look at.
    NoPrompt,
    /// The most certain token of model A.
    Top {
        /// After this prompt.
        prompt: String,
        /// The token.
        token: String,
        /// Its probability, in [0, 1].
        probability: f64,
    },
    /// The prompt after which the distributions are furthest apart.
    Apart {
        /// The prompt.
        prompt: String,
        /// Nats.
        js: f64,
    },
    /// Only the prompts that do not count.
    NoMorePrompts,
    /// Model B is not what the exercise is about.
    OtherModel,
    /// Model B is not an exact twin of A.
    NoTwin,
    /// Parallelism was not measured.
    Unmeasured,
    /// Scores of parallelism.
    Scores {
        /// Raw, of A and B.
        raw: [f64; 2],
        /// Visible, of A and B.
        visible: [f64; 2],
    },
    /// Widths of A and B.
    Widths([usize; 2]),
    /// No number was given.
    NoNumber,
    /// The number is that of the page.
    Number(f64),
    /// The number, as given, is another one.
    OtherNumber(f64),
    /// Nothing was chosen.
    NoChoice,
    /// What the page says.
    Verdict(Choice),
    /// The page does not say any of the choices.
    Undecided,
}

impl Task {
    /// The reader does something on the page and gives no answer.
    pub fn is_live(&self) -> bool {
        !matches!(self, Task::Read(_) | Task::Predict(_))
    }

    /// Marks an answer by a report on what is asked now.
    pub fn mark(&self, answer: &Answer, report: &Report) -> Mark {
        match *self {
            Task::Confident { above } => confident(report, above),
            Task::Apart { js_above, prompts_before } => apart(report, js_above, prompts_before),
            Task::RawMoves { by } => twin_scores(report, |raw| (raw[0] - raw[1]).abs() > by),
            Task::RawBelow { below } => twin_scores(report, |raw| raw[1] < below),
            Task::Wider { times } => wider(report, times),
            Task::Read(quantity) => read(quantity, answer, report),
            Task::Predict(prediction) => predicted(prediction, answer, report),
        }
    }
}

/// Visible scores of exact twins agree up to rounding.
const SAME_SCORE: f64 = 1e-3;

fn not_yet(found: Found) -> Mark {
    Mark { is_right: false, found }
}

fn confident(report: &Report, above: f64) -> Mark {
    let tokens = report.prompts.iter().flat_map(|prompt| prompt.next.iter().map(move |next| (prompt, next)));
    let most = tokens.max_by(|(_, x), (_, y)| x.log_prob_a.total_cmp(&y.log_prob_a));
    most.map_or(not_yet(Found::NoPrompt), |(prompt, next)| {
        let probability = next.log_prob_a.exp();
        let found = Found::Top { prompt: prompt.text.clone(), token: next.token.clone(), probability };
        Mark { is_right: probability > above, found }
    })
}

fn apart(report: &Report, js_above: f64, prompts_before: usize) -> Mark {
    if prompts_before > 0 && !is_equal_on_observed_only(report) {
        return not_yet(Found::OtherModel);
    }
    let counted = report.prompts.iter().skip(prompts_before);
    let furthest = counted.max_by(|x, y| x.divergences.js.total_cmp(&y.divergences.js));
    let nothing = if prompts_before > 0 { Found::NoMorePrompts } else { Found::NoPrompt };
    furthest.map_or(not_yet(nothing), |prompt| {
        let js = prompt.divergences.js;
        Mark { is_right: js > js_above, found: Found::Apart { prompt: prompt.text.clone(), js } }
    })
}

fn is_equal_on_observed_only(report: &Report) -> bool {
    matches!(&report.experiment.model_b, ModelSource::Twin { recipe }
        if recipe.0.iter().any(|step| step.kind == TwinKind::ObservedOnly))
}

fn is_exact_twin(report: &Report) -> bool {
    report.equality.level == Level::Constructed
}

/// Parallelism, which is the first property of every concept of the lessons.
fn parallelism(report: &Report) -> Option<&PropertyReport> {
    report.properties.iter().find(|own| own.property == Property::Parallelism)
}

fn scores_of(report: &Report) -> Option<&Scores> {
    parallelism(report)?.scores.as_ref()
}

/// An exact twin whose raw scores are as wanted while the visible ones agree.
fn twin_scores(report: &Report, wanted: impl Fn([f64; 2]) -> bool) -> Mark {
    if !is_exact_twin(report) {
        return not_yet(Found::NoTwin);
    }
    scores_of(report).map_or(not_yet(Found::Unmeasured), |scores| {
        let raw = [scores.raw_a.score, scores.raw_b.score];
        let visible = [scores.visible_a.score, scores.visible_b.score];
        let stays = (visible[0] - visible[1]).abs() <= SAME_SCORE;
        Mark { is_right: stays && wanted(raw), found: Found::Scores { raw, visible } }
    })
}

fn wider(report: &Report, times: usize) -> Mark {
    let widths = [report.model_a.subspace.d, report.model_b.subspace.d];
    if !is_exact_twin(report) {
        return not_yet(Found::NoTwin);
    }
    Mark { is_right: widths[1] >= times * widths[0], found: Found::Widths(widths) }
}

/// What the page has for a quantity, and which answers pass for it.
fn value_of(quantity: Quantity, report: &Report) -> Option<(f64, RangeInclusive<f64>)> {
    let exactly = |count: usize| (count as f64, count as f64..=count as f64);
    match quantity {
        Quantity::TopPercent => {
            let next = &report.prompts.first()?.next;
            let best = next.iter().map(|next| next.log_prob_a).max_by(f64::total_cmp)?;
            let percent = 100.0 * best.exp();
            Some((percent, percent - 1.0..=percent + 1.0))
        }
        Quantity::DarkDimensions => {
            let own = &report.model_b.subspace;
            Some(exactly(own.d.saturating_sub(own.effective_complexity)))
        }
        Quantity::NarrowestWidth => Some(exactly(report.model_a.subspace.effective_complexity)),
        Quantity::PromptsFor { share } => {
            let count = texts_without_failure(share, report.experiment.thresholds.alpha) as f64;
            // The rule of three, 3/n, gives one more.
            Some((count, count..=count + 1.0))
        }
    }
}

/// A number as people type it: with a comma or a point, with or without a percent sign.
fn number_in(typed: &str) -> Option<f64> {
    let plain = typed.trim().trim_end_matches(['%', '％']).trim().replace(',', ".");
    plain.parse().ok().filter(|number: &f64| number.is_finite())
}

fn read(quantity: Quantity, answer: &Answer, report: &Report) -> Mark {
    let Answer::Typed(typed) = answer else { return not_yet(Found::NoNumber) };
    let Some(given) = number_in(typed) else { return not_yet(Found::NoNumber) };
    match value_of(quantity, report) {
        None => not_yet(Found::NoPrompt),
        Some((value, passing)) if passing.contains(&given) => {
            Mark { is_right: true, found: Found::Number(value) }
        }
        Some(_) => not_yet(Found::OtherNumber(given)),
    }
}

/// What the page says; none where it says none of the choices.
fn said(prediction: Prediction, report: &Report) -> Option<Choice> {
    let own = parallelism(report)?;
    let of_verdict = |kind| match kind {
        VerdictKind::HeldByAll => Some(Choice::All),
        VerdictKind::HeldByNone => Some(Choice::None),
        VerdictKind::Mixed => Some(Choice::Mixed),
        VerdictKind::NotEquivalent | VerdictKind::CloseNotEquivalent | VerdictKind::OutOfClass => {
            Some(Choice::Silent)
        }
        VerdictKind::TooLittleData | VerdictKind::Inconsistent => None,
    };
    match prediction {
        Prediction::VisibleVerdict => of_verdict(own.verdict.visible.kind),
        Prediction::RawVerdict => of_verdict(own.verdict.raw.kind),
        Prediction::VisibleScore => own.scores.as_ref().map(|scores| {
            let difference = scores.visible_b.score - scores.visible_a.score;
            match difference {
                _ if difference.abs() <= SAME_SCORE => Choice::Same,
                _ if difference < 0.0 => Choice::Lower,
                _ => Choice::Higher,
            }
        }),
    }
}

fn predicted(prediction: Prediction, answer: &Answer, report: &Report) -> Mark {
    let Answer::Chosen(choice) = *answer else { return not_yet(Found::NoChoice) };
    match said(prediction, report) {
        None => not_yet(Found::Undecided),
        Some(said) => Mark { is_right: said == choice, found: Found::Verdict(said) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::fixture::{prompt, scores, twin_report, verdict};

    fn live(task: Task, report: &Report) -> Mark {
        assert!(task.is_live());
        task.mark(&Answer::Nothing, report)
    }

    fn typed(quantity: Quantity, answer: &str, report: &Report) -> Mark {
        Task::Read(quantity).mark(&Answer::Typed(answer.into()), report)
    }

    fn chosen(prediction: Prediction, choice: Choice, report: &Report) -> bool {
        Task::Predict(prediction).mark(&Answer::Chosen(choice), report).is_right
    }

    #[test]
    fn a_sure_prompt_is_one_after_which_a_is_sure() {
        let mut report = twin_report("reduced");
        let task = Task::Confident { above: 0.9 };
        assert_eq!(live(task, &report), Mark { is_right: false, found: Found::NoPrompt });
        // B's certainty does not count.
        report.prompts = vec![prompt("flat", [0.3, 0.99], 0.0), prompt("sharper", [0.8, 0.2], 0.0)];
        let mark = live(task, &report);
        assert!(!mark.is_right);
        let Found::Top { prompt: text, token, probability } = mark.found else { panic!("{:?}", mark.found) };
        assert_eq!((text.as_str(), token.as_str()), ("sharper", "best"));
        assert!((probability - 0.8).abs() < 1e-12);
        report.prompts.push(prompt("sharp", [0.95, 0.2], 0.0));
        assert!(live(task, &report).is_right);
    }

    #[test]
    fn only_prompts_beyond_those_a_model_was_made_for_tell_it_apart() {
        let anywhere = Task::Apart { js_above: 0.1, prompts_before: 0 };
        let beyond = Task::Apart { js_above: 0.1, prompts_before: 2 };
        let mut report = twin_report("observed-only=2");
        assert_eq!(live(anywhere, &report).found, Found::NoPrompt);
        report.prompts = vec![prompt("one", [0.5; 2], 0.3), prompt("two", [0.5; 2], 0.0)];
        assert_eq!(
            live(anywhere, &report),
            Mark { is_right: true, found: Found::Apart { prompt: "one".into(), js: 0.3 } }
        );
        assert_eq!(live(beyond, &report), Mark { is_right: false, found: Found::NoMorePrompts });
        report.prompts.push(prompt("three", [0.5; 2], 0.05));
        assert_eq!(
            live(beyond, &report),
            Mark { is_right: false, found: Found::Apart { prompt: "three".into(), js: 0.05 } }
        );
        report.prompts.push(prompt("four", [0.5; 2], 0.6));
        assert!(live(beyond, &report).is_right);
        report.experiment.model_b = ModelSource::Bundled { name: "world-d48".into() };
        assert_eq!(live(beyond, &report), Mark { is_right: false, found: Found::OtherModel });
    }

    #[test]
    fn raw_scores_count_only_of_exact_twins_whose_visible_scores_stay() {
        let (moves, low) = (Task::RawMoves { by: 0.1 }, Task::RawBelow { below: 0.1 });
        let mut report = twin_report("dark-unembedding");
        assert!(!live(moves, &report).is_right && !live(low, &report).is_right);
        report.properties[0].scores = Some(scores([0.4, 0.05], [0.6, 0.6]));
        for task in [moves, low] {
            let mark = live(task, &report);
            let found = Found::Scores { raw: [0.4, 0.05], visible: [0.6, 0.6] };
            assert_eq!(mark, Mark { is_right: true, found });
        }
        // Upwards is a move too, but not low.
        report.properties[0].scores = Some(scores([0.4, 0.95], [0.6, 0.6]));
        assert!(live(moves, &report).is_right && !live(low, &report).is_right);
        report.properties[0].scores = Some(scores([0.4, 0.05], [0.6, 0.5]));
        assert!(!live(moves, &report).is_right && !live(low, &report).is_right);
        report.properties[0].scores = None;
        assert_eq!(live(low, &report).found, Found::Unmeasured);
        report.properties[0].scores = Some(scores([0.4, 0.05], [0.6, 0.6]));
        report.equality.level = Level::Close;
        assert_eq!(live(low, &report), Mark { is_right: false, found: Found::NoTwin });
    }

    #[test]
    fn a_wide_model_that_is_no_twin_does_not_count() {
        let task = Task::Wider { times: 3 };
        let mut report = twin_report("dark-both");
        report.model_b.subspace.d = 95;
        assert_eq!(live(task, &report), Mark { is_right: false, found: Found::Widths([32, 95]) });
        report.model_b.subspace.d = 96;
        assert!(live(task, &report).is_right);
        report.equality.level = Level::Different;
        assert_eq!(live(task, &report).found, Found::NoTwin);
    }

    #[test]
    fn numbers_are_read_as_people_type_them() {
        let mut report = twin_report("dark-unembedding=8");
        report.prompts = vec![prompt("first", [0.212, 0.9], 0.0), prompt("second", [0.7, 0.7], 0.0)];
        for answer in ["21.2", " 21,2 %", "21", "22％"] {
            let mark = typed(Quantity::TopPercent, answer, &report);
            assert!(mark.is_right, "{answer}: {mark:?}");
        }
        for answer in ["0.212", "70", "90", "23"] {
            assert!(!typed(Quantity::TopPercent, answer, &report).is_right, "{answer}");
        }
        for answer in ["", "many", "NaN", "inf"] {
            assert_eq!(typed(Quantity::TopPercent, answer, &report).found, Found::NoNumber, "{answer}");
        }
        assert_eq!(
            Task::Read(Quantity::NarrowestWidth).mark(&Answer::Nothing, &report).found,
            Found::NoNumber
        );
    }

    #[test]
    fn whole_numbers_are_exact() {
        let mut report = twin_report("dark-unembedding=8");
        report.model_b.subspace.d = 40;
        assert_eq!(
            typed(Quantity::DarkDimensions, "8", &report),
            Mark { is_right: true, found: Found::Number(8.0) }
        );
        assert_eq!(typed(Quantity::DarkDimensions, "9", &report).found, Found::OtherNumber(9.0));
        assert!(typed(Quantity::NarrowestWidth, "32", &report).is_right);
        assert!(!typed(Quantity::NarrowestWidth, "40", &report).is_right);
        // 0.99^298 > 0.05 >= 0.99^299, and 3/n gives 300.
        let prompts = Quantity::PromptsFor { share: 0.01 };
        let right = |answer: &str| typed(prompts, answer, &report).is_right;
        assert_eq!(["298", "299", "300", "301"].map(right), [false, true, true, false]);
    }

    #[test]
    fn predictions_are_marked_by_the_version_they_are_about() {
        let mut report = twin_report("break-parallelism");
        report.properties[0].verdict = verdict(VerdictKind::HeldByAll, VerdictKind::Mixed);
        let (visible, raw) = (Prediction::VisibleVerdict, Prediction::RawVerdict);
        for &choice in visible.choices() {
            assert_eq!(chosen(visible, choice, &report), choice == Choice::All);
            assert_eq!(chosen(raw, choice, &report), choice == Choice::Mixed);
        }
        for silent in [VerdictKind::NotEquivalent, VerdictKind::CloseNotEquivalent] {
            report.properties[0].verdict = verdict(silent, silent);
            assert!(chosen(visible, Choice::Silent, &report) && !chosen(visible, Choice::None, &report));
        }
        report.properties[0].verdict = verdict(VerdictKind::HeldByNone, VerdictKind::HeldByNone);
        assert!(chosen(visible, Choice::None, &report));
        report.properties[0].verdict = verdict(VerdictKind::TooLittleData, VerdictKind::TooLittleData);
        let mark = Task::Predict(raw).mark(&Answer::Chosen(Choice::Silent), &report);
        assert_eq!(mark, Mark { is_right: false, found: Found::Undecided });
        assert_eq!(Task::Predict(raw).mark(&Answer::Nothing, &report).found, Found::NoChoice);
    }

    #[test]
    fn visible_scores_are_compared_up_to_rounding() {
        let mut report = twin_report("reduced");
        let own = Prediction::VisibleScore;
        for (visible_b, expected) in
            [(0.6, Choice::Same), (0.6004, Choice::Same), (0.5, Choice::Lower), (0.7, Choice::Higher)]
        {
            report.properties[0].scores = Some(scores([0.4, 0.3], [0.6, visible_b]));
            for &choice in own.choices() {
                assert_eq!(chosen(own, choice, &report), choice == expected, "{visible_b}");
            }
        }
    }
}
