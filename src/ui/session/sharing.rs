//! Links and files: what is asked and what it gave, into them and out of them.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Session;
use crate::browser::export::{self, Unread};
use crate::browser::page::{self, ChosenFiles};
use crate::lab::catalogue::CatalogueModel;
use crate::lab::link::{self, LinkError};
use crate::lab::permalink::{Opened, Pinned, Shared};
use crate::lab::{Experiment, ModelSource};
use crate::protocol::ErrorKind;
use crate::ui::failure::{Failure, Fault};
use crate::ui::state::{LinkNote, ModelStatus, Slot, first_pair};

/// Largest file that is read, bytes: no experiment of this page's is near it.
const MAX_FILE: u64 = 1 << 20;

impl Session {
    /// The address that restores what is asked now, and what it gave.
    pub fn share(self) -> Result<String, LinkError> {
        let fragment = link::encode(&self.shared())?;
        Ok(page::set_fragment(&fragment))
    }

    /// What is asked now, with what it gave where the report on show answers it.
    pub fn shared(self) -> Shared {
        let experiment = self.experiment();
        let pinned = self.page.report.with_untracked(|report| {
            report.as_ref().filter(|report| report.experiment == experiment).map(|report| Pinned::of(report))
        });
        Shared { experiment, pinned }
    }

    /// Opens what was chosen or dropped, if it is a file that this page has saved; tells whether it is one by its name.
    pub fn open_chosen(self, chosen: &ChosenFiles) -> bool {
        let [(name, _)] = &chosen.files[..] else { return false };
        if !name.ends_with(link::FILE_EXTENSION) {
            return false;
        }
        let (name, chosen) = (name.clone(), chosen.clone());
        spawn_local(async move {
            match export::text_of(&chosen, MAX_FILE).await {
                Ok(text) => self.open_file(&text),
                Err(unread) => self
                    .page
                    .link_notes
                    .set(vec![LinkNote::Unread { name, too_large: unread == Unread::TooLarge }]),
            }
        });
        true
    }

    /// Opens a file that this page has saved.
    fn open_file(self, text: &str) {
        match link::from_file(text) {
            Ok(opened) => {
                self.show(opened);
                self.enter_world();
                self.restore(Slot::A);
                self.restore(Slot::B);
            }
            Err(error) => self.page.link_error.set(Some(Fault::Link(error))),
        }
    }

    /// Puts what the address asks for into the page; a bad link changes nothing.
    pub(super) fn open_link(self) {
        let fragment = page::fragment();
        self.page.link_error.set(None);
        if fragment.is_empty() {
            return;
        }
        match link::decode(&fragment) {
            Ok(opened) => self.show(opened),
            Err(error) => self.page.link_error.set(Some(Fault::Link(error))),
        }
    }

    fn show(self, Opened { shared, newer }: Opened) {
        let page = self.page;
        self.offer_comparison();
        self.leave_world();
        self.drop_stored();
        page.link_error.set(None);
        page.linked.set(Some(Arc::new(shared.clone())));
        let mut notes: Vec<LinkNote> = newer.map(LinkNote::Newer).into_iter().collect();
        let asked = shared.experiment;
        if asked.concepts.len() > 1 {
            notes.push(LinkNote::ManyConcepts(asked.concepts.len()));
        }
        page.link_notes.set(notes);
        for (model, source) in [(page.a, &asked.model_a), (page.b, &asked.model_b)] {
            model.show_source(source.clone());
            // Files that stand for another model must not be taken for those that the link names.
            self.with(|inner| inner.seat(model.slot).files = None);
        }
        self.ask(asked);
    }

    /// Puts everything but the models of an experiment into the page, where it stays when its world arrives.
    pub(super) fn ask(self, asked: Experiment) {
        self.page.set_prompts(asked.prompts);
        self.page.concept.set(asked.concepts.into_iter().next());
        self.page.seed.set(asked.seed);
        self.page.thresholds.set(asked.thresholds);
        self.with(|inner| inner.brought = true);
    }

    /// Something that comes with the page takes the place of every model of a link that cannot be had, once that is
    /// certain: a bundled one that is in no list, or one of the Hub that is not there.
    pub(super) fn replace_gone(self) {
        for slot in [Slot::A, Slot::B] {
            self.replace_if_gone(slot);
        }
    }

    fn replace_if_gone(self, slot: Slot) {
        let page = self.page;
        let model = page.model(slot);
        let source = model.source.get_untracked();
        let is_of_the_link = page.linked.with_untracked(|linked| {
            linked.as_ref().is_some_and(|linked| {
                let Experiment { model_a, model_b, .. } = &linked.experiment;
                is_same_place(if slot == Slot::A { model_a } else { model_b }, &source)
            })
        });
        let ModelStatus::Failed(Failure { kind, .. }) = model.status.get_untracked() else { return };
        let name = match &source {
            ModelSource::Bundled { name } => name.clone(),
            ModelSource::Hub { repository, .. } => repository.clone(),
            ModelSource::Local { .. } | ModelSource::Twin { .. } => return,
        };
        let knows_bundled = self.with(|inner| inner.knows_bundled);
        let is_listed = page
            .bundled
            .with_untracked(|models: &Vec<CatalogueModel>| models.iter().any(|model| model.name == name));
        let is_gone = match source {
            ModelSource::Bundled { .. } => knows_bundled && !is_listed,
            // A lost connection may come back; a repository that the Hub does not have will not.
            _ => kind == ErrorKind::BadModel,
        };
        if !(is_of_the_link && is_gone) {
            return;
        }
        let pair = first_pair().map(|model| model.name);
        let other = page.model(slot.other()).source.get_untracked();
        // Any bundled model goes with any other of its world, and a twin with every model; others have a vocabulary of
        // their own.
        let goes_with_it = matches!(other, ModelSource::Bundled { .. } | ModelSource::Twin { .. });
        let (letter, stands_in) = match slot {
            Slot::A => ("A", pair[0].clone()),
            Slot::B => ("B", pair[1].clone()),
        };
        let note = LinkNote::Gone { model: letter, name, stands_in: goes_with_it.then(|| stands_in.clone()) };
        page.link_notes.update(|notes| notes.push(note));
        // The prompts and the concept of the link stay.
        self.with(|inner| inner.brought = true);
        if goes_with_it {
            self.choose_model(slot, ModelSource::Bundled { name: stands_in });
        } else {
            for (slot, name) in [Slot::A, Slot::B].into_iter().zip(pair) {
                self.choose_model(slot, ModelSource::Bundled { name });
            }
        }
    }
}

/// Whether both name the same model, at whatever commit.
fn is_same_place(a: &ModelSource, b: &ModelSource) -> bool {
    match (a, b) {
        (ModelSource::Hub { repository: a, .. }, ModelSource::Hub { repository: b, .. }) => a == b,
        (a, b) => a == b,
    }
}
