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
        let is_asked = page.report.with(|report| report.as_ref().map(|report| page.asks(&report.experiment)));
        let Some(is_asked) = is_asked else { return ().into_any() };
        // A model that was given up or cannot be loaded leaves nothing to compute.
        let is_missing = |model: ModelState| {
            model.status.with(|status| matches!(status, ModelStatus::Cancelled | ModelStatus::Failed(_)))
        };
        let has_ended =
            page.phase.with(|phase| matches!(phase, Phase::Done { .. } | Phase::Stopped | Phase::Failed(_)));
        let is_on_the_way = !has_ended && !is_missing(page.a) && !is_missing(page.b);
        match (page.is_stored.get(), is_on_the_way) {
            (_, true) if !is_asked => t!(i18n, offline.provenance.earlier).into_any(),
            (true, true) => t!(i18n, offline.provenance.computing).into_any(),
            (true, false) => t!(i18n, offline.provenance.stored).into_any(),
            (false, _) => t!(i18n, offline.provenance.live).into_any(),
        }
    };
    view! {
        <p class="provenance" class:provenance--stored=move || page.is_stored.get() data-testid="provenance">
            {words}
        </p>
    }
}
