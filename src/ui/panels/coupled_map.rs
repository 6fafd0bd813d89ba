//! The coupled linear map test: does one linear map carry tokens one way and contexts the other?

use leptos::prelude::*;

use crate::lab::words::number;
use crate::ui::plots::geometry::share;
use crate::ui::state::use_page;

/// Residuals beside what shuffled data would give.
#[component]
pub fn CoupledMapPanel() -> impl IntoView {
    let page = use_page();
    let rows = move || {
        page.report.get().map(|report| {
            [
                ("tokens, A → B", "e-tok-ab", report.map_ab.e_tok, report.map_ab.e_tok_shuffled),
                ("contexts, A ← B", "e-prm-ab", report.map_ab.e_prm, report.map_ab.e_prm_shuffled),
                ("tokens, B → A", "e-tok-ba", report.map_ba.e_tok, report.map_ba.e_tok_shuffled),
                ("contexts, B ← A", "e-prm-ba", report.map_ba.e_prm, report.map_ba.e_prm_shuffled),
            ]
            .map(|(name, testid, residual, shuffled)| {
                let at = |value: f64| format!("{:.2}%", share(value, 1.2));
                view! {
                    <tr>
                        <th scope="row" class="cell-text">
                            {name}
                        </th>
                        <td data-testid=testid data-value=residual.to_string()>
                            {number(residual)}
                        </td>
                        <td data-testid=format!("{testid}-shuffled") data-value=shuffled.to_string()>
                            {number(shuffled)}
                        </td>
                        <td class="cell-plot">
                            <span class="residual" aria-hidden="true">
                                <span class="residual__fill" style:--share=at(residual)></span>
                                <span class="residual__null" style:--at=at(shuffled)></span>
                            </span>
                        </td>
                    </tr>
                }
            })
            .collect_view()
        })
    };
    view! {
        <section class="panel" aria-labelledby="map-title">
            <header class="panel__head">
                <h2 id="map-title">"One map for both"</h2>
                <p>
                    "A linear map is fitted on half of the tokens’ unembeddings, then tested on the other half and, transposed, on contexts that took no part in the fit. Both residuals vanish exactly when the distributions are equal on what was seen; 1 is what an unrelated model gives."
                </p>
            </header>
            <div class="table-scroll" tabindex="0" role="region" aria-labelledby="map-title">
                <table data-testid="coupled-map">
                    <thead>
                        <tr>
                            <th scope="col" class="cell-text">
                                "direction"
                            </th>
                            <th scope="col">"residual"</th>
                            <th scope="col">"shuffled"</th>
                            <th scope="col" class="cell-plot">
                                "0 to 1.2"
                            </th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}
