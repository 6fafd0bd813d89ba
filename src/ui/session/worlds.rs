//! The texts that come with the page: which world's, and what the visitor had there.
//!
//! Model A's world decides. Each world has prompts and a concept of its own, which wait for the visitor's return.

use futures::future::join;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Session;
use crate::browser::{model_cache, page};
use crate::lab::ModelSource;
use crate::lab::catalogue::Catalogue;
use crate::lab::opening;
use crate::protocol::{Complaint, ErrorKind};
use crate::ui::family::Family;
use crate::ui::state::Phase;
use crate::ui::world::{FIRST_WORLD, World};

impl Session {
    /// The world of model A; none while only the list of bundled models, which is on the way, could tell.
    pub(super) fn wanted_world(self) -> Option<String> {
        let ModelSource::Bundled { name } = self.page.a.source.get_untracked() else {
            return Some(FIRST_WORLD.to_owned());
        };
        let known = self.page.bundled.with_untracked(|models| {
            models.iter().find(|model| model.name == name).map(|model| model.world.clone())
        });
        // A name that no list has cannot be loaded either: its failure is told beside the model.
        known.or_else(|| self.with(|inner| inner.knows_bundled).then(|| FIRST_WORLD.to_owned()))
    }

    /// Fetches the texts of model A's world, unless they are here or on the way.
    pub(super) fn enter_world(self) {
        let Some(wanted) = self.wanted_world() else { return };
        let is_here =
            self.page.world.with_untracked(|world| world.as_ref().is_some_and(|world| world.name == wanted));
        let is_new = self.with(|inner| {
            if is_here {
                (inner.entering, inner.brought) = (None, false);
                return false;
            }
            inner.entering.replace(wanted.clone()).as_ref() != Some(&wanted)
        });
        if is_new {
            spawn_local(self.fetch_world(wanted));
        }
    }

    async fn fetch_world(self, name: String) {
        let [texts, concepts, prompts] = World::files(&name);
        let ((texts, concepts), prompts) =
            join(join(page::text_of(&texts), page::text_of(&concepts)), page::text_of(&prompts)).await;
        let world = match (texts, concepts, prompts) {
            (Ok(texts), Ok(concepts), Ok(prompts)) => {
                World::parse(&name, &texts, &concepts, &prompts).map_err(|error| (error.to_string(), None))
            }
            (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => {
                Err((error.to_string(), error.cause()))
            }
        };
        if self.with(|inner| inner.entering.take_if(|entering| *entering == name)).is_none() {
            return;
        }
        match world {
            Ok(world) => {
                self.settle_in(world);
                self.show_stored();
                self.run();
            }
            Err((message, cause)) => {
                let complaint = Complaint { kind: ErrorKind::Network, message, cause };
                self.page.awaits_stored.set(false);
                self.page.phase.set(Phase::Failed(complaint.into()));
            }
        }
    }

    /// Shows a world, with what the visitor had there before; what a link brought stays.
    fn settle_in(self, world: World) {
        let page = self.page;
        let is_first = page.world.with_untracked(Option::is_none);
        let is_brought = self.with(|inner| std::mem::take(&mut inner.brought));
        if !is_brought {
            self.leave_world();
        }
        let stays = is_brought || is_first;
        let (prompts, concept) = self.with(|inner| inner.left.get(&world.name).cloned()).unwrap_or_default();
        if !(stays && page.concept.with_untracked(Option::is_some)) {
            page.concept.set(concept.or_else(|| world.concepts.first().cloned()));
        }
        if !(stays && page.prompts.with_untracked(|prompts| !prompts.is_empty())) {
            let given = |texts: &Vec<String>| !texts.is_empty();
            let before = Some(prompts).filter(given).or_else(|| kept_prompts(&world.name).filter(given));
            page.set_prompts(before.unwrap_or_else(|| world.first_prompts(opening::N_PROMPTS)));
        }
        page.world.set(Some(world));
    }

    /// Remembers what the visitor has in the world on show.
    pub(super) fn leave_world(self) {
        let page = self.page;
        if let Some(name) = page.world.with_untracked(|world| world.as_ref().map(|world| world.name.clone()))
        {
            let had = (page.all_prompt_texts(), page.concept.get_untracked());
            self.with(|inner| inner.left.insert(name, had));
        }
    }

    /// Keeps the prompts between visits, for the world on show.
    pub(super) fn keep_prompts(self) {
        let world = self.page.world.with_untracked(|world| world.as_ref().map(|world| world.name.clone()));
        if let Ok(text) = serde_json::to_string(&self.page.all_prompt_texts()) {
            page::store(&prompts_key(world.as_deref().unwrap_or(FIRST_WORLD)), &text);
        }
    }

    /// The list of bundled models; without it the pair that the page opens with remains.
    pub(super) async fn fetch_bundled(self) {
        if let Ok(text) = page::text_of("models/catalogue.json").await
            && let Ok(catalogue) = Catalogue::parse(&text)
        {
            self.page.bundled.set(catalogue.models);
        }
        self.with(|inner| inner.knows_bundled = true);
        self.replace_gone();
        self.enter_world();
    }

    /// What the page can do without: concepts for English vocabularies, distances within the trained family, a look at
    /// what this browser keeps, rid of what loads left behind that were ended before their time.
    pub(super) async fn fetch_extras(self) {
        model_cache::sweep().await;
        self.look_at_shelf().await;
        if let Ok(text) = page::text_of("concepts/english.json").await
            && let Ok(concepts) = serde_json::from_str(&text)
        {
            self.page.english.set(concepts);
        }
        if let Ok(text) = page::text_of("models/matrix.json").await
            && let Ok(family) = Family::parse(&text, |name| {
                self.page.bundled.with_untracked(|models| models.iter().any(|model| model.name == name))
            })
            && !family.pairs.is_empty()
        {
            self.page.family.set(Some(family.into()));
        }
    }
}

/// Where the visitor's prompts are kept between visits.
fn prompts_key(world: &str) -> String {
    match world {
        FIRST_WORLD => "all-or-none.prompts".into(),
        world => format!("all-or-none.prompts.{world}"),
    }
}

pub(super) fn kept_prompts(world: &str) -> Option<Vec<String>> {
    page::stored(&prompts_key(world)).and_then(|text| serde_json::from_str(&text).ok())
}
