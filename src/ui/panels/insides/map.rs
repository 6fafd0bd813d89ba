//! How what A and B can express lie to one another, beside the coupled map.

use leptos::prelude::*;
use leptos_i18n::t;

use crate::figures::of_report::map;
use crate::text::use_i18n;
use crate::ui::figure::Figure;
use crate::ui::panels::disclosure::Disclosure;
use crate::ui::state::use_page;

/// Both pictures, folded.
#[component]
pub fn MapPictures() -> impl IntoView {
    let page = use_page();
    let i18n = use_i18n();
    let angles = move |()| map::angles(i18n.get_locale(), page.report.get().as_deref());
    let cells = move |()| map::map(i18n.get_locale(), page.report.get().as_deref());
    view! {
        <Disclosure testid="angles-open" class="inside" summary=move || t!(i18n, insides.map.open)>
            <div class="inside__pair">
                <Figure name="map" picture=cells />
                <Figure name="angles" picture=angles />
            </div>
        </Disclosure>
    }
}
