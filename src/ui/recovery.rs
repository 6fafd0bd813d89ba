//! What is done when an engine dies: started again once, then the CPU takes over, then it is said and left.

use leptos_i18n::td_string;

use super::failure::Fault;
use super::state::{Slot, slot_name};
use crate::browser::engine_client::EngineFailure;
use crate::lab::EngineKind;
use crate::protocol::ErrorKind;
use crate::text::Locale;

/// Who may die.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What runs a model.
    Engine(Slot, EngineKind),
    /// What computes reports.
    Lab,
}

/// What is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A new worker loads the same files from where they came.
    StartAgain,
    /// The CPU computes from now on.
    UseCpu,
    /// It is said, and the visitor decides.
    Stop,
}

/// Which parts have been started again since the visitor last asked for them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restarts(Vec<Part>);

impl Restarts {
    /// What follows the death of a part, which counts.
    pub fn after(&mut self, part: Part) -> Step {
        if self.0.contains(&part) {
            return match part {
                Part::Engine(_, EngineKind::WebGpu) => Step::UseCpu,
                Part::Engine(..) | Part::Lab => Step::Stop,
            };
        }
        self.0.push(part);
        Step::StartAgain
    }

    /// The visitor asks for this part anew.
    pub fn forgive(&mut self, part: Part) {
        self.0.retain(|other| *other != part);
    }
}

/// Whether an engine that failed like this can answer nothing more. A lost graphics device never comes back in the
/// worker that lost it.
pub fn is_over(engine: EngineKind, failure: &EngineFailure) -> bool {
    failure.has_ended || (engine == EngineKind::WebGpu && failure.complaint.kind == ErrorKind::Gpu)
}

/// A part that died and goes on, for the visitor. One that was left dead is told where its failures are.
#[derive(Debug, Clone, PartialEq)]
pub struct Recovery {
    /// Who died.
    pub part: Part,
    /// The CPU computes from now on; otherwise it is started again.
    pub falls_back: bool,
    /// Of what.
    pub why: Fault,
}

impl Recovery {
    /// What was done, what is kept, and why.
    pub fn words(&self, locale: Locale) -> String {
        let why = self.why.words(locale);
        match self.part {
            Part::Lab => td_string!(locale, page.recovery.lab_again, why),
            Part::Engine(slot, kind) => {
                let model = slot_name(locale, slot);
                match kind {
                    _ if self.falls_back => td_string!(locale, page.recovery.use_cpu, model, why),
                    EngineKind::WebGpu => td_string!(locale, page.recovery.gpu_again, model, why),
                    EngineKind::Cpu | EngineKind::Twin => td_string!(locale, page.recovery.again, model, why),
                }
            }
        }
    }
}

/// Keeps the newest word on each part, oldest first; nothing where the part was left dead.
pub fn note(told: &mut Vec<Recovery>, part: Part, step: Step, why: Fault) {
    told.retain(|older| older.part != part);
    if step != Step::Stop {
        told.push(Recovery { part, falls_back: step == Step::UseCpu, why });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Complaint;

    const GPU: Part = Part::Engine(Slot::A, EngineKind::WebGpu);
    const CPU: Part = Part::Engine(Slot::A, EngineKind::Cpu);

    fn died(kind: ErrorKind, has_ended: bool) -> EngineFailure {
        let complaint = Complaint { kind, message: "out of memory".into(), cause: None };
        EngineFailure { complaint, has_ended }
    }

    #[test]
    fn every_part_is_started_again_once_and_only_webgpu_has_something_to_fall_back_to() {
        for (part, at_last) in [(GPU, Step::UseCpu), (CPU, Step::Stop), (Part::Lab, Step::Stop)] {
            let mut restarts = Restarts::default();
            let steps = [restarts.after(part), restarts.after(part), restarts.after(part)];
            assert_eq!(steps, [Step::StartAgain, at_last, at_last], "{part:?}");
            restarts.forgive(part);
            assert_eq!(restarts.after(part), Step::StartAgain, "{part:?}, asked for anew");
        }
    }

    #[test]
    fn parts_die_and_are_forgiven_on_their_own() {
        let of_b = Part::Engine(Slot::B, EngineKind::WebGpu);
        let mut restarts = Restarts::default();
        for part in [GPU, of_b, CPU, Part::Lab] {
            assert_eq!(restarts.after(part), Step::StartAgain, "{part:?}");
        }
        restarts.forgive(GPU);
        assert_eq!(restarts.after(of_b), Step::UseCpu);
        assert_eq!(restarts.after(GPU), Step::StartAgain);
    }

    /// An engine that answers "no" lives on: only what it can never answer again is over.
    #[test]
    fn a_refusal_is_no_death() {
        for kind in [ErrorKind::BadPrompt, ErrorKind::BadModel, ErrorKind::Network, ErrorKind::TooLarge] {
            assert!(!is_over(EngineKind::WebGpu, &died(kind, false)), "{kind:?}");
            assert!(is_over(EngineKind::Cpu, &died(kind, true)), "{kind:?}");
        }
        assert!(is_over(EngineKind::WebGpu, &died(ErrorKind::Gpu, false)), "a lost device");
        assert!(!is_over(EngineKind::Cpu, &died(ErrorKind::Gpu, false)));
    }

    #[test]
    fn each_step_is_said_in_both_languages_and_names_its_cause() {
        let told = [
            (GPU, Step::StartAgain),
            (GPU, Step::UseCpu),
            (CPU, Step::StartAgain),
            (Part::Lab, Step::StartAgain),
        ]
        .map(|(part, step)| {
            let mut told = Vec::new();
            note(&mut told, part, step, Fault::OffBy(0.25));
            told.remove(0)
        });
        let mut sentences = Vec::new();
        for recovery in told {
            for (locale, nats) in [(Locale::en, "0.250 nats"), (Locale::ja, "0.250 ナット")] {
                let sentence = recovery.words(locale);
                assert!(sentence.contains(nats), "{sentence}");
                assert!(
                    recovery.part == Part::Lab || sentence.contains(slot_name(locale, Slot::A)),
                    "{sentence}"
                );
                assert!(!sentences.contains(&sentence), "{sentence}");
                sentences.push(sentence);
            }
        }
    }

    #[test]
    fn the_newest_word_on_a_part_takes_the_place_of_the_older_one() {
        let mut told = Vec::new();
        for (part, step) in [(GPU, Step::StartAgain), (CPU, Step::StartAgain), (GPU, Step::UseCpu)] {
            note(&mut told, part, step, Fault::NoPrompt);
        }
        let parts = |told: &[Recovery]| told.iter().map(|one| (one.part, one.falls_back)).collect::<Vec<_>>();
        assert_eq!(parts(&told), [(CPU, false), (GPU, true)]);
        note(&mut told, CPU, Step::Stop, Fault::NoPrompt);
        assert_eq!(parts(&told), [(GPU, true)], "what is not going on is told elsewhere");
    }
}
