//! Typed errors as the page says them. In English they speak for themselves; in other languages the ones that a visitor
//! can cause are said here, and the rest is named by its kind with the English beside it.

mod cause;

use leptos_i18n::td_string;

use crate::browser::webgpu::NoAdapter;
use crate::hub::NotKept;
use crate::hub::address::{AddressError, MirrorError};
use crate::hub::progress::size_words;
use crate::lab::link::LinkError;
use crate::lab::permalink::{Impossible, MAX_PROMPTS, Record};
use crate::protocol::{Complaint, ErrorKind, LoadNote};
use crate::text::Locale;
use crate::theory::twin::{DEFAULT_CONDITION, MOST_CONDITION, MOST_PAIRS, MOST_STEPS, RecipeError, TwinKind};

use cause::cause;

/// What an engine told.
pub fn told(locale: Locale, complaint: &Complaint) -> String {
    let message = complaint.message.clone();
    if let Some(known) = &complaint.cause {
        return cause(locale, known, message);
    }
    match complaint.kind {
        ErrorKind::BadModel => td_string!(locale, faults.kind.bad_model, message),
        ErrorKind::BadPrompt => td_string!(locale, faults.kind.bad_prompt, message),
        ErrorKind::NotComparable => td_string!(locale, faults.kind.not_comparable, message),
        ErrorKind::Network => td_string!(locale, faults.kind.network, message),
        ErrorKind::Gpu => td_string!(locale, faults.kind.gpu, message),
        ErrorKind::Internal => td_string!(locale, faults.kind.internal, message),
        ErrorKind::TooLarge => td_string!(locale, faults.kind.too_large, message),
    }
}

/// A link or a file that cannot be read or written.
pub fn link(locale: Locale, error: &LinkError) -> String {
    let message = error.to_string();
    match error {
        LinkError::TooLongToWrite { found } => {
            td_string!(locale, faults.link.too_long_to_write, message, found = *found)
        }
        LinkError::TooLong { found } => td_string!(locale, faults.link.too_long, message, found = *found),
        LinkError::NotALink => td_string!(locale, faults.link.not_a_link, message),
        LinkError::Newer { found } => td_string!(locale, faults.link.newer, message, found = *found),
        LinkError::Older { found } => td_string!(locale, faults.link.older, message, found = *found),
        LinkError::Damaged { .. } => td_string!(locale, faults.link.damaged, message),
        LinkError::NotAFile { .. } => td_string!(locale, faults.link.not_a_file, message),
        LinkError::Impossible(wish) => {
            td_string!(locale, faults.link.impossible, message, wish = impossible(locale, wish))
        }
    }
}

/// What a link or a file cannot ask for, in words for the middle of a sentence.
fn impossible(locale: Locale, wish: &Impossible) -> String {
    let message = wish.to_string();
    match wish.clone() {
        Impossible::TwinOfItself => td_string!(locale, faults.wish.twin_of_itself, message),
        Impossible::Prompts { found } => {
            td_string!(locale, faults.wish.prompts, message, found, most = MAX_PROMPTS)
        }
        Impossible::BundledName { found } => td_string!(locale, faults.wish.bundled_name, message, found),
        Impossible::HubName { found } => td_string!(locale, faults.wish.hub_name, message, found),
        Impossible::Threshold { name, found } => {
            td_string!(locale, faults.wish.threshold, message, name, found)
        }
        Impossible::Probability { name, found } => {
            td_string!(locale, faults.wish.probability, message, name, found)
        }
        Impossible::Record(record) => {
            td_string!(locale, faults.wish.record, message, what = recorded(locale, record))
        }
    }
}

/// What is wrong with a recorded result, in words for brackets.
fn recorded(locale: Locale, record: Record) -> String {
    let message = record.to_string();
    match record {
        Record::Version => td_string!(locale, faults.wish.record_version, message),
        Record::Digest => td_string!(locale, faults.wish.record_digest, message),
        Record::Properties => td_string!(locale, faults.wish.record_properties, message),
        Record::Number => td_string!(locale, faults.wish.record_number, message),
    }
}

/// A text that names no model of the Hub.
pub fn address(locale: Locale, error: &AddressError) -> String {
    let message = error.to_string();
    match error {
        AddressError::Empty => td_string!(locale, faults.address.empty, message),
        AddressError::TooLong { found } => {
            td_string!(locale, faults.address.too_long, message, found = *found)
        }
        AddressError::NoOrganisation { found } => {
            td_string!(locale, faults.address.no_organisation, message, found = found.clone())
        }
        AddressError::OtherHost { host } => {
            td_string!(locale, faults.address.other_host, message, found = host.clone())
        }
        AddressError::OtherScheme { scheme } => {
            td_string!(locale, faults.address.other_scheme, message, found = scheme.clone())
        }
        AddressError::NotAModel { kind } => {
            td_string!(locale, faults.address.not_a_model, message, found = kind.clone())
        }
        AddressError::MoreParts { found } => {
            td_string!(locale, faults.address.more_parts, message, found = found.clone())
        }
        AddressError::BadName { found } => {
            td_string!(locale, faults.address.bad_name, message, found = found.clone())
        }
        AddressError::NoRevision { after } => {
            td_string!(locale, faults.address.no_revision, message, found = after.clone())
        }
        AddressError::BadRevision { found } => {
            td_string!(locale, faults.address.bad_revision, message, found = found.clone())
        }
        AddressError::TwoRevisions { first, second } => {
            td_string!(locale, faults.address.two_revisions, message, found = format!("{first}, {second}"))
        }
    }
}

/// A mirror that is no address, in words that another sentence follows.
pub fn mirror(locale: Locale, error: &MirrorError) -> String {
    let message = error.to_string();
    match error.clone() {
        MirrorError::Scheme { found } => td_string!(locale, faults.mirror.scheme, message, found),
        MirrorError::Credentials => td_string!(locale, faults.mirror.credentials, message),
        MirrorError::Host { found } => td_string!(locale, faults.mirror.host, message, found),
        MirrorError::NotPlain { found } => td_string!(locale, faults.mirror.not_plain, message, found),
    }
}

/// A recipe of a twin that no model can follow.
pub fn recipe(locale: Locale, error: &RecipeError) -> String {
    let message = error.to_string();
    match error.clone() {
        RecipeError::UnknownKind { found } => {
            let names = TwinKind::ALL.map(TwinKind::name).join(td_string!(locale, models.separator));
            td_string!(locale, faults.recipe.unknown, message, found, names)
        }
        RecipeError::Knob { kind, found, range } => {
            let (kind, low, high) = (kind.name(), *range.start(), *range.end());
            td_string!(locale, faults.recipe.knob, message, kind, found, low, high)
        }
        RecipeError::Pairs { kind, found } => {
            td_string!(locale, faults.recipe.pairs, message, kind = kind.name(), found, most = MOST_PAIRS)
        }
        RecipeError::NoKnob { kind, found } => {
            td_string!(locale, faults.recipe.no_knob, message, kind = kind.name(), found)
        }
        RecipeError::Steps { found } => {
            td_string!(locale, faults.recipe.steps, message, found, most = MOST_STEPS)
        }
        RecipeError::Condition { found } => {
            let (most, usual) = (MOST_CONDITION, DEFAULT_CONDITION);
            td_string!(locale, faults.recipe.condition, message, found, most, usual)
        }
    }
}

/// Why a model is not kept in this browser, in words for the middle of a sentence.
pub fn not_kept(locale: Locale, why: NotKept) -> String {
    let message = why.to_string();
    match why {
        NotKept::NoCache => td_string!(locale, faults.not_kept.no_cache, message),
        NotKept::NoRoom { left, needed } => {
            let (left, needed) = (size_words(left), size_words(needed));
            td_string!(locale, faults.not_kept.no_room, message, left, needed)
        }
        NotKept::Full => td_string!(locale, faults.not_kept.full, message),
        NotKept::Refused => td_string!(locale, faults.not_kept.refused, message),
    }
}

/// What went otherwise than wished with a model that is ready.
pub fn note(locale: Locale, note: &LoadNote) -> String {
    match note {
        LoadNote::Offline { commit } => {
            // As many digits as the Hub's own pages show.
            let commit = commit.get(..8).unwrap_or(commit).to_owned();
            td_string!(locale, models.note.offline, commit)
        }
        LoadNote::NotKept(why) => td_string!(locale, models.note.not_kept, why = not_kept(locale, *why)),
    }
}

/// Why there is no WebGPU.
pub fn adapter(locale: Locale, error: NoAdapter) -> String {
    let message = error.to_string();
    match error {
        NoAdapter::NotOffered => td_string!(locale, faults.adapter.not_offered, message),
        NoAdapter::Insecure => td_string!(locale, faults.adapter.insecure, message),
        NoAdapter::Refused => td_string!(locale, faults.adapter.refused, message),
        NoAdapter::None => td_string!(locale, faults.adapter.none, message),
        NoAdapter::Failed => td_string!(locale, faults.adapter.failed, message),
        NoAdapter::Silent => td_string!(locale, faults.adapter.silent, message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Cause;

    fn has_japanese(text: &str) -> bool {
        text.chars().any(|c| ('\u{3040}'..='\u{30ff}').contains(&c))
    }

    #[test]
    fn english_says_what_the_error_says_and_japanese_says_it_in_japanese() {
        let link_error = LinkError::Newer { found: 9 };
        assert_eq!(link(Locale::en, &link_error), link_error.to_string());
        assert!(link(Locale::ja, &link_error).contains("バージョン 9"));
        let typed = AddressError::NoOrganisation { found: "gpt2".into() };
        assert_eq!(address(Locale::en, &typed), typed.to_string());
        let japanese = address(Locale::ja, &typed);
        assert!(japanese.contains("「gpt2」") && !japanese.contains("expected"), "{japanese}");
        assert_eq!(adapter(Locale::en, NoAdapter::None), "this browser finds no graphics adapter");
        assert!(has_japanese(&adapter(Locale::ja, NoAdapter::None)));
    }

    #[test]
    fn what_an_engine_told_is_named_by_its_kind_and_never_lost() {
        let kinds = [
            ErrorKind::BadModel,
            ErrorKind::BadPrompt,
            ErrorKind::NotComparable,
            ErrorKind::Network,
            ErrorKind::Gpu,
            ErrorKind::Internal,
            ErrorKind::TooLarge,
        ];
        for kind in kinds {
            let complaint = Complaint { kind, message: "expected x, found y".into(), cause: None };
            assert_eq!(told(Locale::en, &complaint), "expected x, found y");
            let japanese = told(Locale::ja, &complaint);
            assert!(has_japanese(&japanese) && japanese.contains("expected x, found y"), "{japanese}");
        }
    }

    #[test]
    fn a_known_cause_is_said_in_its_own_words() {
        let cause = Some(Cause::PromptTooLong { limit: 48, found: 60, prompt: "the cat".into() });
        let message = String::from("expected at most 48 tokens, found 60");
        let complaint = Complaint { kind: ErrorKind::BadPrompt, message, cause };
        assert_eq!(told(Locale::en, &complaint), complaint.message);
        let japanese = told(Locale::ja, &complaint);
        let says_it = ["48 トークン", "60 トークン", "the cat"].iter().all(|part| japanese.contains(part));
        assert!(says_it && !japanese.contains("expected"), "{japanese}");
    }

    #[test]
    fn mirrors_and_recipes_are_refused_in_either_language_with_what_was_found() {
        let found = || "x=99".to_owned();
        let mirrors = [
            (MirrorError::Scheme { found: found() }, vec!["x=99"]),
            (MirrorError::Credentials, vec![]),
            (MirrorError::Host { found: found() }, vec!["x=99"]),
            (MirrorError::NotPlain { found: found() }, vec!["x=99"]),
        ];
        for (error, names) in mirrors {
            check(&error, &mirror(Locale::en, &error), &mirror(Locale::ja, &error), &names);
        }
        let recipes = [
            (RecipeError::UnknownKind { found: found() }, vec!["x=99", "truncated"]),
            (
                RecipeError::Knob { kind: TwinKind::DarkBoth, found: "0".into(), range: 1..=1024 },
                vec!["dark-both=0", "1024"],
            ),
            (
                RecipeError::Pairs { kind: TwinKind::BreakParallelism, found: "65".into() },
                vec!["break-parallelism=65", "64", "break-parallelism=1,4-6"],
            ),
            (RecipeError::NoKnob { kind: TwinKind::Reduced, found: "3".into() }, vec!["reduced=3"]),
            (RecipeError::Steps { found: 9 }, vec!["9", "8"]),
            (RecipeError::Condition { found: 110 }, vec!["110", "100"]),
        ];
        for (error, names) in recipes {
            check(&error, &recipe(Locale::en, &error), &recipe(Locale::ja, &error), &names);
        }
    }

    #[test]
    fn what_a_link_cannot_ask_for_is_told_in_either_language_with_what_was_found() {
        let found = || "<b>x".to_owned();
        let record = |what| Impossible::Record(what);
        for (wish, names) in [
            (Impossible::TwinOfItself, vec!["A", "B"]),
            (Impossible::Prompts { found: 65 }, vec!["65", "64"]),
            (Impossible::BundledName { found: found() }, vec!["<b>x"]),
            (Impossible::HubName { found: found() }, vec!["<b>x"]),
            (Impossible::Threshold { name: "delta_r2", found: "-1".into() }, vec!["delta_r2", "-1"]),
            (Impossible::Probability { name: "alpha", found: "1.5".into() }, vec!["alpha", "1.5"]),
            (record(Record::Version), vec![]),
            (record(Record::Digest), vec!["64"]),
            (record(Record::Properties), vec![]),
            (record(Record::Number), vec![]),
        ] {
            let error = LinkError::Impossible(wish.clone());
            check(&error, &link(Locale::en, &error), &link(Locale::ja, &error), &names);
            check(&wish, &impossible(Locale::en, &wish), &impossible(Locale::ja, &wish), &names);
        }
    }

    #[test]
    fn what_is_not_kept_is_told_with_the_room_that_it_would_take() {
        let no_room = NotKept::NoRoom { left: 10_000_000, needed: 548_105_171 };
        for (why, names) in [
            (NotKept::NoCache, vec!["https"]),
            (no_room, vec!["10.0 MB", "548 MB"]),
            (NotKept::Full, vec![]),
            (NotKept::Refused, vec![]),
        ] {
            check(&why, &not_kept(Locale::en, why), &not_kept(Locale::ja, why), &names);
        }
        let kept = LoadNote::NotKept(NotKept::Refused);
        assert_eq!(
            note(Locale::en, &kept),
            "The model is not kept for the next visit: this browser refused to write to its cache."
        );
        let offline = LoadNote::Offline { commit: "0123456789abcdef".into() };
        for locale in [Locale::en, Locale::ja] {
            let said = note(locale, &offline);
            assert!(said.contains("01234567") && !said.contains("012345678"), "{said}");
            assert_eq!(has_japanese(&said), locale == Locale::ja, "{said}");
        }
    }

    fn check(error: &dyn std::error::Error, english: &str, japanese: &str, names: &[&str]) {
        assert_eq!(english, error.to_string());
        assert!(has_japanese(japanese) && !japanese.contains(english), "{japanese}");
        for name in names {
            assert!(japanese.contains(name) && english.contains(name), "{english} and {japanese} on {name}");
        }
    }
}
