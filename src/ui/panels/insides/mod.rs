//! Pictures of what lies inside of two models, each where its numbers stand, made when they are unfolded.

mod arrows;
mod map;
mod nulls;
mod ranks;

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::text::Locale;
use crate::ui::figures::owner::Owner;
use leptos_i18n::td_string;

pub use arrows::PairArrows;
pub use map::MapPictures;
pub use nulls::NullDraws;
pub use ranks::RankPictures;

/// What a visitor has unfolded, by name: it stays so when a new report makes its place anew.
#[derive(Clone, Copy)]
pub struct Unfolded(StoredValue<BTreeMap<String, ArcRwSignal<bool>>>);

impl Unfolded {
    /// Nothing yet.
    pub fn new() -> Self {
        Self(StoredValue::new(BTreeMap::new()))
    }

    /// Whether this is unfolded.
    pub fn of(self, name: &str) -> RwSignal<bool> {
        let kept = self.0.try_update_value(|all| all.entry(name.to_owned()).or_default().clone());
        kept.unwrap_or_default().into()
    }
}

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
