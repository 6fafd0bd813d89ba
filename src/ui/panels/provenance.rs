//! Whether the verdict on show came with the page or was computed in this browser.

use leptos::prelude::*;
use leptos_i18n::t;

use crate::text::use_i18n;
use crate::ui::state::{ModelState, ModelStatus, Phase, use_page};

/// One line, whose room is there before its words are.
#[component]
pub fn Provenance() -> impl IntoView {
    let page = use_page();
    let i18n = use_i18n();
    let words = move || {
        if page.report.read().is_none() {
            return ().into_any();
        }
        if !page.is_stored.get() {
            return t!(i18n, offline.provenance.live).into_any();
        }
        // A model that was given up or cannot be loaded leaves nothing to compute.
        let is_missing = |model: ModelState| {
            model.status.with(|status| matches!(status, ModelStatus::Cancelled | ModelStatus::Failed(_)))
        };
        let has_ended = page.phase.with(|phase| matches!(phase, Phase::Stopped | Phase::Failed(_)));
        if has_ended || is_missing(page.a) || is_missing(page.b) {
            t!(i18n, offline.provenance.stored).into_any()
        } else {
            t!(i18n, offline.provenance.computing).into_any()
        }
    };
    view! {
        <p class="provenance" class:provenance--stored=move || page.is_stored.get() data-testid="provenance">
            {words}
        </p>
    }
}
