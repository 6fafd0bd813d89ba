//! Pictures of what lies inside of two models, each where its numbers stand, made when they are unfolded.

mod arrows;
mod map;
mod nulls;
mod ranks;

use std::collections::BTreeMap;

use leptos::prelude::*;

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
