//! Whether the verdict on show came with the page or was computed in this browser.

use leptos::prelude::*;
use leptos_i18n::t;

use crate::text::use_i18n;
use crate::ui::state::{Phase, use_page};

/// One line, whose room is there before its words are.
#[component]
pub fn Provenance() -> impl IntoView {
    let page = use_page();
    let i18n = use_i18n();
    let words = move || {
        if page.report.read().is_none() {
            return ().into_any();
        }
        match (page.is_stored.get(), &*page.phase.read()) {
            (false, _) => t!(i18n, offline.provenance.live).into_any(),
            (true, Phase::Stopped | Phase::Failed(_)) => t!(i18n, offline.provenance.stored).into_any(),
            (true, _) => t!(i18n, offline.provenance.computing).into_any(),
        }
    };
    view! {
        <p class="provenance" class:provenance--stored=move || page.is_stored.get() data-testid="provenance">
            {words}
        </p>
    }
}
