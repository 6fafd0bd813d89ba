//! What the page does: loads models, runs prompts, asks for the report. The newest request wins.

use leptos::prelude::*;

use super::state::{EngineChoice, Page, Slot};
use crate::browser::page::{self, ChosenFiles};
use crate::lab::link::{self, LinkError};
use crate::lab::{Concept, Experiment, ModelSource};

/// A handle on the running session.
#[derive(Clone, Copy)]
pub struct Session {
    page: Page,
}

/// The session, wherever a panel needs it.
pub fn use_session() -> Session {
    expect_context::<Session>()
}

impl Session {
    /// Starts everything.
    pub fn start(page: Page) -> Self {
        Self { page }
    }

    /// Another model in one place.
    pub fn choose_model(self, slot: Slot, source: ModelSource) {
        self.page.model(slot).source.set(source);
    }

    /// The visitor's own files in one place.
    pub fn pick_files(self, _slot: Slot, _chosen: Option<ChosenFiles>) {}

    /// Stops a load.
    pub fn cancel(self, _slot: Slot) {}

    /// Loads again what was chosen.
    pub fn reload(self, _slot: Slot) {}

    /// Prompts changed.
    pub fn prompts_edited(self) {}

    /// Another engine.
    pub fn choose_engine(self, choice: EngineChoice) {
        self.page.engine_choice.set(choice);
    }

    /// The address that restores what is asked now.
    pub fn share(self) -> Result<String, LinkError> {
        let fragment = link::encode(&self.experiment())?;
        Ok(page::set_fragment(&fragment))
    }

    /// What is asked now.
    fn experiment(self) -> Experiment {
        let page = self.page;
        Experiment {
            model_a: page.a.source.get_untracked(),
            model_b: page.b.source.get_untracked(),
            prompts: page.prompt_texts(),
            concept: page
                .concept
                .get_untracked()
                .unwrap_or_else(|| Concept { name: String::new(), pairs: Vec::new() }),
            seed: page.seed.get_untracked(),
            thresholds: page.thresholds.get_untracked(),
        }
    }
}
