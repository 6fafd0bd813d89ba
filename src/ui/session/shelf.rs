//! What this browser keeps of models from the Hub: looked at, deleted.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Session;
use crate::browser::model_cache::{self, KeptModel};
use crate::browser::page;
use crate::ui::address;
use crate::ui::shelf::Shelf;

impl Session {
    /// Looks through what is kept.
    pub fn refresh_shelf(self) {
        spawn_local(self.look_at_shelf());
    }

    /// Deletes one model; what is loaded goes on.
    pub fn delete_stored(self, model: KeptModel) {
        spawn_local(async move {
            // What could not be deleted is still in the list afterwards.
            let _ = model_cache::forget(&model.repository, &model.commit).await;
            self.look_at_shelf().await;
        });
    }

    /// Deletes all of them.
    pub fn delete_all_stored(self) {
        spawn_local(async move {
            let _ = model_cache::forget_all().await;
            self.look_at_shelf().await;
        });
    }

    /// Looks through what is kept, and at the room that is left.
    pub(super) async fn look_at_shelf(self) {
        let kept = model_cache::kept_models().await;
        let absent = kept.as_ref().err().copied();
        let room = model_cache::room().await;
        self.page.shelf.set(Shelf { models: kept.ok(), absent, room });
    }

    /// Asks the browser not to clear what has just been put there. Some browsers put the question to their visitor, so
    /// nobody is asked before there is something to keep.
    pub(super) async fn ask_to_keep(self) {
        // A guest in another page asks for nothing.
        if address::is_embedded(page::parameter("embed").as_deref()) {
            return;
        }
        let is_promised =
            self.page.shelf.with_untracked(|shelf| shelf.room.is_none_or(|room| room.is_persistent));
        if !is_promised && model_cache::ask_to_persist().await {
            self.page.shelf.update(|shelf| {
                if let Some(room) = &mut shelf.room {
                    room.is_persistent = true;
                }
            });
        }
    }
}
