//! The coupled linear map test: does one linear map carry tokens one way and contexts the other?

use leptos::prelude::*;
use leptos_i18n::{t, td_string};

use super::insides::MapPictures;
use crate::text::level::nearness;
use crate::text::numbers::number;
use crate::text::use_i18n;
use crate::ui::plots::geometry::share;
use crate::ui::state::use_page;

/// Residuals beside what shuffled data would give.
#[component]
pub fn CoupledMapPanel() -> impl IntoView {
    let page = use_page();
    let i18n = use_i18n();
    let rows = move || {
        page.report.get().map(|report| {
            let locale = i18n.get_locale();
            [("A\u{a0}→\u{a0}B", "ab", &report.map_ab), ("B\u{a0}→\u{a0}A", "ba", &report.map_ba)]
                .map(|(direction, code, map)| {
                    let back = direction.replace('→', "←");
                    [
                        (
                            td_string!(locale, page.map.tokens, direction),
                            format!("e-tok-{code}"),
                            map.e_tok,
                            map.e_tok_shuffled,
                            None,
                        ),
                        (
                            td_string!(locale, page.map.contexts, direction = back),
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
                <h2 id="map-title">{t!(i18n, page.map.title)}</h2>
                <p>{t!(i18n, page.map.lead)}</p>
            </header>
            <div class="table-scroll" tabindex="0" role="group" aria-labelledby="map-title">
                <table class="stacked stacked--map" data-testid="coupled-map">
                    <thead>
                        <tr>
                            <th scope="col" class="cell-text">
                                {t!(i18n, page.map.direction)}
                            </th>
                            <th scope="col">{t!(i18n, page.map.residual)}</th>
                            <th scope="col">{t!(i18n, page.map.shuffled)}</th>
                            <th scope="col">{t!(i18n, page.map.constant)}</th>
                            <th scope="col" class="cell-plot">
                                {t!(i18n, page.map.scale)}
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
                            nearness(i18n.get_locale(), &report.nearness)
                                .into_iter()
                                .map(|sentence| view! { <li>{sentence}</li> })
                                .collect_view()
                        })
                }}
            </ul>
            <MapPictures />
        </section>
    }
}
