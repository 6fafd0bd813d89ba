//! Typed errors as the page says them. In English they speak for themselves; in other languages the ones that a visitor
//! can cause are said here, and the rest is named by its kind with the English beside it.

use leptos_i18n::td_string;

use crate::browser::webgpu::NoAdapter;
use crate::hub::address::AddressError;
use crate::lab::link::LinkError;
use crate::protocol::ErrorKind;
use crate::text::Locale;

/// What an engine told.
pub fn told(locale: Locale, kind: ErrorKind, message: &str) -> String {
    let message = message.to_owned();
    match kind {
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
        LinkError::Impossible { .. } => td_string!(locale, faults.link.impossible, message),
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
            assert_eq!(told(Locale::en, kind, "expected x, found y"), "expected x, found y");
            let japanese = told(Locale::ja, kind, "expected x, found y");
            assert!(has_japanese(&japanese) && japanese.contains("expected x, found y"), "{japanese}");
        }
    }
}
