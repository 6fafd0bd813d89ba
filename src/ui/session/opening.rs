//! The report that came with the page, on show until a live one is there.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Session;
use super::worlds::kept_prompts;
use crate::browser::{clock, page};
use crate::lab::{Report, opening};
use crate::ui::world::FIRST_WORLD;

/// Of the file that this page was built with; any other is of another version.
const FINGERPRINT: u64 =
    opening::fingerprint(include_bytes!("../../../public/stored/report.postcard").as_slice());

impl Session {
    /// Fetches the stored report, where this visit may begin with what it answers: with no link, and no prompts of an
    /// earlier visit. One that does not arrive, or is of another version, is not missed.
    pub(super) fn fetch_stored(self) {
        if !page::fragment().is_empty() || kept_prompts(FIRST_WORLD).is_some() {
            return;
        }
        self.page.awaits_stored.set(page::has_opening());
        spawn_local(async move {
            let stored = page::bytes_of(opening::STORED).await;
            let ours = stored.filter(|bytes| opening::fingerprint(bytes) == FINGERPRINT);
            match ours.and_then(|bytes| opening::decode(&bytes)) {
                Some(report) => {
                    self.with(|inner| inner.stored = Some(report));
                    self.show_stored();
                }
                None => self.page.awaits_stored.set(false),
            }
        });
    }

    /// Shows the stored report if it answers what is asked now and nothing has been computed.
    pub(super) fn show_stored(self) {
        let page = self.page;
        if page.report.with_untracked(Option::is_some) || page.world.with_untracked(Option::is_none) {
            return;
        }
        let Some(report) = self.with(|inner| inner.stored.take()) else { return };
        if report.experiment == self.experiment() {
            clock::mark("the stored report is shown");
            page.is_stored.set(true);
            page.report.set(Some(Arc::new(report)));
        }
        page.awaits_stored.set(false);
    }

    /// Takes the stored report away: something else is asked.
    pub(super) fn drop_stored(self) {
        self.with(|inner| inner.stored = None);
        self.page.awaits_stored.set(false);
        if self.page.is_stored.get_untracked() {
            self.page.is_stored.set(false);
            self.page.report.set(None);
        }
    }

    /// Shows a report that was computed here.
    pub(super) fn show_live(self, report: Report) {
        self.with(|inner| inner.stored = None);
        self.page.is_stored.set(false);
        self.page.awaits_stored.set(false);
        self.page.report.set(Some(Arc::new(report)));
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::lab::{ModelSource, Thresholds};
    use crate::ui::state::Page;
    use crate::ui::world::World;

    const AGAIN: &str = "write it again: cargo run --release --features cli --bin all-or-none -- opening";

    #[test]
    fn the_stored_report_answers_what_a_first_visit_asks() {
        let stored = fs::read(format!("public/{}", opening::STORED)).unwrap();
        assert_eq!(opening::fingerprint(&stored), FINGERPRINT);
        let report = opening::decode(&stored).expect(AGAIN);
        let read = |file: &String| fs::read_to_string(format!("public/{file}")).unwrap();
        let [texts, concepts, prompts] = World::files(FIRST_WORLD).each_ref().map(read);
        let world = World::parse(FIRST_WORLD, &texts, &concepts, &prompts).unwrap();
        let asked = report.experiment;
        assert_eq!(asked.prompts, world.first_prompts(opening::N_PROMPTS), "{AGAIN}");
        assert_eq!(asked.concepts, world.concepts[..1], "{AGAIN}");
        let [a, b] = opening::PAIR.map(|name| ModelSource::Bundled { name: name.into() });
        assert_eq!((asked.model_a, asked.model_b), (a, b));
        Owner::new().with(|| {
            let page = Page::new();
            assert_eq!(asked.seed, page.seed.get_untracked());
            assert_eq!(asked.thresholds, page.thresholds.get_untracked());
            assert_eq!(asked.thresholds, Thresholds::default());
        });
    }
}
