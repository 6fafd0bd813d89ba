//! What went wrong, as values: turned into words where it is shown, in the language of that moment.

use leptos_i18n::td_string;

use super::faults;
use super::state::{Slot, slot_name};
use crate::browser::engine_client::EngineFailure;
use crate::hub::address::AddressError;
use crate::lab::link::LinkError;
use crate::protocol::{Complaint, ErrorKind, SELF_TEST_TOLERANCE};
use crate::text::Locale;
use crate::text::numbers::number;

/// Something went wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// What kind, which decides where it is shown.
    pub kind: ErrorKind,
    /// What exactly.
    pub fault: Fault,
}

/// What can go wrong.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// An engine told it.
    Told(Complaint),
    /// A link or a file cannot be read.
    Link(LinkError),
    /// What was typed names no model.
    Address(AddressError),
    /// The files of this name are not those that a link was made with.
    OtherFiles(String),
    /// The weights of this repository are not those that a link was made with.
    OtherWeights(String),
    /// A link names files of this name on its maker's computer.
    FilesOfLink(String),
    /// Every prompt is blank.
    NoPrompt,
    /// A model is asked before it is loaded.
    NotLoaded(Slot),
    /// An engine differs from the stored log-probabilities by so many nats.
    OffBy(f64),
    /// The same of the engine that answers first: the files do not belong together.
    WrongNumbers(f64),
    /// An engine that was started again has died again.
    DiedTwice(Box<Fault>),
    /// What a model is to blame for.
    Of(Slot, Box<Fault>),
}

impl Failure {
    /// In one sentence.
    pub fn words(&self, locale: Locale) -> String {
        self.fault.words(locale)
    }
}

impl Fault {
    /// In one sentence.
    pub fn words(&self, locale: Locale) -> String {
        let off_by = |nats: f64| {
            let limit = number(SELF_TEST_TOLERANCE);
            td_string!(locale, page.failure.off_by, nats = number(nats), limit)
        };
        match self {
            Fault::Told(complaint) => faults::told(locale, complaint),
            Fault::Link(error) => faults::link(locale, error),
            Fault::Address(error) => faults::address(locale, error),
            Fault::OtherFiles(name) => td_string!(locale, page.failure.other_files, name = name.clone()),
            Fault::OtherWeights(name) => td_string!(locale, page.failure.other_weights, name = name.clone()),
            Fault::FilesOfLink(name) => td_string!(locale, page.failure.files_of_link, name = name.clone()),
            Fault::NoPrompt => td_string!(locale, page.failure.no_prompt).to_owned(),
            Fault::NotLoaded(slot) => {
                td_string!(locale, page.status.not_loaded, model = slot_name(locale, *slot))
            }
            Fault::OffBy(nats) => off_by(*nats),
            Fault::WrongNumbers(nats) => {
                td_string!(locale, page.failure.wrong_numbers, deviation = off_by(*nats))
            }
            Fault::DiedTwice(why) => td_string!(locale, page.recovery.twice, why = why.words(locale)),
            Fault::Of(slot, fault) => {
                let (model, message) = (slot_name(locale, *slot), fault.words(locale));
                td_string!(locale, page.failure.of_model, model, message)
            }
        }
    }
}

impl From<Complaint> for Failure {
    fn from(complaint: Complaint) -> Self {
        Self { kind: complaint.kind, fault: Fault::Told(complaint) }
    }
}

impl From<EngineFailure> for Failure {
    fn from(failure: EngineFailure) -> Self {
        failure.complaint.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_its_model_in_the_language_of_the_moment() {
        let failure = Failure {
            kind: ErrorKind::BadModel,
            fault: Fault::Of(Slot::B, Box::new(Fault::WrongNumbers(0.25))),
        };
        let english = failure.words(Locale::en);
        assert!(english.starts_with("Model B: self_test.json: expected"), "{english}");
        assert!(english.contains("off by 0.250 nats"), "{english}");
        let japanese = failure.words(Locale::ja);
        assert!(japanese.starts_with("モデルB：") && japanese.contains("0.250 ナット"), "{japanese}");
    }

    #[test]
    fn files_and_weights_that_a_link_did_not_mean_are_named() {
        for fault in [Fault::OtherFiles("mine".into()), Fault::OtherWeights("mine".into())] {
            for locale in [Locale::en, Locale::ja] {
                assert!(fault.words(locale).contains("mine"), "{}", fault.words(locale));
            }
        }
    }
}
