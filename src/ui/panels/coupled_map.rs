//! The coupled linear map test: does one linear map carry tokens one way and contexts the other?

use leptos::prelude::*;

use crate::lab::words::{nearness, number};
use crate::ui::plots::geometry::share;
use crate::ui::state::use_page;

/// Residuals beside what shuffled data would give.
#[component]
pub fn CoupledMapPanel() -> impl IntoView {
    let page = use_page();
    let rows = move || {
        page.report.get().map(|report| {
            [("A\u{a0}→\u{a0}B", "ab", &report.map_ab), ("B\u{a0}→\u{a0}A", "ba", &report.map_ba)]
                .map(|(direction, code, map)| {
                    let back = direction.replace('→', "←");
                    [
                        (
                            format!("tokens {direction}"),
                            format!("e-tok-{code}"),
                            map.e_tok,
                            map.e_tok_shuffled,
                            None,
                        ),
                        (
                            format!("contexts {back}"),
                            format!("e-prm-{code}"),
                            map.e_prm,
                            map.e_prm_shuffled,
                            Some(map.e_prm_constant),
                        ),
                    ]
                })
                .into_iter()
                .flatten()
                .map(|(name, testid, residual, shuffled, constant)| {
                    let at = |value: f64| format!("{:.2}%", share(value, 1.2));
                    view! {
                        <tr>
                            <th scope="row" class="cell-text">
                                {name}
                            </th>
                            <td data-testid=testid.clone() data-value=residual.to_string()>
                                {number(residual)}
                            </td>
                            <td data-testid=format!("{testid}-shuffled") data-value=shuffled.to_string()>
                                {number(shuffled)}
                            </td>
                            <td>{constant.map_or_else(|| "–".into(), number)}</td>
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
                    "A linear map is fitted on half of the tokens’ unembeddings, then tested on the other half and, transposed, on contexts that took no part in the fit. Both residuals vanish exactly when the distributions are equal on what was seen; shuffled data and a model that always answers the same are what it is measured against. A small residual between different distributions is common and is no equivalence."
                </p>
            </header>
            <div class="table-scroll" tabindex="0" role="group" aria-labelledby="map-title">
                <table data-testid="coupled-map">
                    <thead>
                        <tr>
                            <th scope="col" class="cell-text">
                                "direction"
                            </th>
                            <th scope="col">"residual"</th>
                            <th scope="col">"shuffled"</th>
                            <th scope="col">"constant"</th>
                            <th scope="col" class="cell-plot">
                                "0 to 1.2"
                            </th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <ul class="plan" data-testid="nearness">
                {move || {
                    page.report
                        .get()
                        .map(|report| {
                            nearness(&report.nearness)
                                .into_iter()
                                .map(|sentence| view! { <li>{sentence}</li> })
                                .collect_view()
                        })
                }}
            </ul>
        </section>
    }
}
