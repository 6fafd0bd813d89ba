//! Taking back what was removed or replaced.

use leptos::prelude::*;

use super::Session;
use crate::lab::{Experiment, ModelSource};
use crate::ui::state::Slot;
use crate::ui::undo::{Undo, is_lost_when_replaced};

impl Session {
    /// Another model in one place, as the visitor wants it; what no list offers can be had back.
    pub fn pick_model(self, slot: Slot, source: ModelSource) {
        self.offer_models(&[slot], &source);
        self.choose_model(slot, source);
    }

    /// Before models are replaced: those that no list offers can be had back.
    pub(super) fn offer_models(self, slots: &[Slot], by: &ModelSource) {
        let of = |&slot: &Slot| (slot, self.page.model(slot).source.get_untracked());
        let lost: Vec<_> = slots
            .iter()
            .map(of)
            .filter(|(_, source)| is_lost_when_replaced(source) && source != by)
            .collect();
        if !lost.is_empty() {
            self.page.undo.set(Some(Undo::Models(lost)));
        }
    }

    /// Before everything that is compared is replaced: it can be had back, where there was anything.
    pub fn offer_comparison(self) {
        if self.page.world.with_untracked(Option::is_some) {
            self.page.undo.set(Some(Undo::Comparison(self.everything())));
        }
    }

    /// Takes the last removal or replacement back.
    pub fn undo(self) {
        match self.page.undo.get_untracked() {
            None => {}
            Some(Undo::Prompt { .. }) => {
                self.page.undo_remove();
                self.prompts_edited();
            }
            Some(Undo::Models(models)) => {
                self.page.undo.set(None);
                for (slot, source) in models {
                    self.choose_model(slot, source);
                }
            }
            Some(Undo::Comparison(before)) => {
                let now = self.everything();
                self.bring_back(*before);
                self.page.undo.set(Some(Undo::Back(now)));
            }
            Some(Undo::Back(before)) => {
                let now = self.everything();
                self.bring_back(*before);
                self.page.undo.set(Some(Undo::Comparison(now)));
            }
        }
    }

    fn everything(self) -> Box<Experiment> {
        Box::new(Experiment { prompts: self.page.all_prompt_texts(), ..self.experiment() })
    }

    fn bring_back(self, before: Experiment) {
        let page = self.page;
        self.leave_world();
        // What a link was about is no longer what is asked.
        page.linked.set(None);
        page.link_notes.set(Vec::new());
        page.link_error.set(None);
        let replaced: Vec<Slot> = [(page.a, &before.model_a), (page.b, &before.model_b)]
            .into_iter()
            .filter(|(model, source)| model.source.get_untracked() != **source)
            .map(|(model, source)| {
                model.show_source(source.clone());
                self.with(|inner| inner.seat(model.slot).files = None);
                model.slot
            })
            .collect();
        self.ask(before);
        self.enter_world();
        replaced.into_iter().for_each(|slot| self.restore(slot));
        self.run();
    }
}
