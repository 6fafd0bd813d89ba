//! How far apart the two distributions are after each prompt.

use leptos::prelude::*;
use leptos_i18n::t;

use crate::text::numbers::number;
use crate::text::use_i18n;
use crate::ui::state::use_page;

/// A table, one row per prompt.
#[component]
pub fn DivergencesPanel() -> impl IntoView {
    let page = use_page();
    let i18n = use_i18n();
    let rows = move || {
        page.report.get().map(|report| {
            report
                .prompts
                .iter()
                .enumerate()
                .map(|(i, prompt)| {
                    let d = prompt.divergences;
                    view! {
                        <tr>
                            <th scope="row" class="cell-text">
                                {prompt.text.clone()}
                            </th>
                            <Cell testid=format!("kl-ab-{i}") value=d.kl_ab />
                            <Cell testid=format!("kl-ba-{i}") value=d.kl_ba />
                            <Cell testid=format!("js-{i}") value=d.js />
                            <Cell testid=format!("tv-{i}") value=d.tv />
                            <Cell testid=format!("dlogp-{i}") value=d.max_abs_dlogp />
                        </tr>
                    }
                })
                .collect_view()
        })
    };
    view! {
        <section class="panel" aria-labelledby="divergences-title">
            <header class="panel__head">
                <h2 id="divergences-title">{t!(i18n, page.divergences.title)}</h2>
                <p>{t!(i18n, page.divergences.lead)}</p>
            </header>
            <div class="table-scroll" tabindex="0" role="group" aria-labelledby="divergences-title">
                <table class="stacked stacked--named" data-testid="divergences">
                    <thead>
                        <tr>
                            <th scope="col" class="cell-text">
                                {t!(i18n, page.divergences.prompt)}
                            </th>
                            <th scope="col">"KL(A‖B)"</th>
                            <th scope="col">"KL(B‖A)"</th>
                            <th scope="col">"JS"</th>
                            <th scope="col">"TV"</th>
                            <th scope="col">"max |Δ log p|"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}

/// One number, rounded for the eye and exact for programs.
#[component]
fn Cell(testid: String, value: f64) -> impl IntoView {
    view! {
        <td data-testid=testid data-value=value.to_string()>
            {number(value)}
        </td>
    }
}
