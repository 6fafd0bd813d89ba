//! What happened without the visitor's asking, at the foot of the window until it is put away.

use leptos::prelude::*;
use leptos_i18n::{t, t_string};

use super::press::Press;
use crate::text::use_i18n;
use crate::ui::state::use_page;

/// A live region that is always there, so that what comes into it is read aloud.
#[component]
pub fn Notices() -> impl IntoView {
    let page = use_page();
    let i18n = use_i18n();
    let recovered = move || {
        let told = page.recovered.get();
        (!told.is_empty()).then(|| {
            let sentences = told
                .into_iter()
                .map(|one| view! { <p data-testid="recovery">{move || one.words(i18n.get_locale())}</p> })
                .collect_view();
            view! {
                <div class="notice">
                    <div class="notice__words">{sentences}</div>
                    <Press testid="recovery-dismiss" on_press=move |()| page.recovered.update(Vec::clear)>
                        {t!(i18n, page.dismiss)}
                    </Press>
                </div>
            }
        })
    };
    view! {
        <div
            class="notices"
            role="status"
            aria-label=move || t_string!(i18n, page.notices)
            data-testid="notices"
        >
            {recovered}
        </div>
    }
}
