//! The pictures of a report, for the page and for whoever saves it: from a report to drawing, words and numbers. None
//! of a report that is not there yet gives an empty picture.

use leptos_i18n::td_string;

use super::owner::Owner;
use crate::text::Locale;

pub mod arrows;
pub mod map;
pub mod next_tokens;
pub mod nulls;
pub mod ranks;
pub mod strip;

/// Model A and model B, as the keys of pictures have them.
fn owner_names(locale: Locale) -> Vec<(Owner, String)> {
    [Owner::A, Owner::B].map(|owner| (owner, owner_name(locale, owner).to_owned())).to_vec()
}

fn owner_name(locale: Locale, owner: Owner) -> &'static str {
    match owner {
        Owner::B => td_string!(locale, page.model_b),
        Owner::A | Owner::Both => td_string!(locale, page.model_a),
    }
}
