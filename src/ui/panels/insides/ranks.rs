//! Singular values and what a smaller model loses, beside what is visible and what is dark.

use leptos::prelude::*;
use leptos_i18n::t;

use crate::figures::of_report::ranks;
use crate::text::use_i18n;
use crate::ui::figure::Figure;
use crate::ui::panels::disclosure::Disclosure;
use crate::ui::state::use_page;

/// Both pictures, folded.
#[component]
pub fn RankPictures() -> impl IntoView {
    let page = use_page();
    let i18n = use_i18n();
    let scree = move |()| ranks::scree(i18n.get_locale(), page.report.get().as_deref());
    let truncation = move |()| ranks::truncation(i18n.get_locale(), page.report.get().as_deref());
    view! {
        <Disclosure testid="scree-open" class="inside" summary=move || t!(i18n, insides.scree.open)>
            <Figure name="scree" picture=scree />
        </Disclosure>
        <Disclosure testid="truncation-open" class="inside" summary=move || t!(i18n, insides.truncation.open)>
            <Figure name="truncation" picture=truncation />
        </Disclosure>
    }
}
