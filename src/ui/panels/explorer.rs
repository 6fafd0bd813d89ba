//! The trained family: models by models, coloured by how far their distributions are apart. A cell opens its pair.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_i18n::{t, t_string, td_string};

use super::disclosure::Disclosure;
use crate::browser::page;
use crate::lab::ModelSource;
use crate::text::level::level_word;
use crate::text::numbers::number;
use crate::text::{Locale, use_i18n};
use crate::ui::family::{Family, Member, Pair};
use crate::ui::plots::heat::{HeatScale, next_cell};
use crate::ui::session::use_session;
use crate::ui::state::use_page;

/// A disclosure with one matrix per world; nothing where no distances come with the page.
#[component]
pub fn Explorer() -> impl IntoView {
    let signals = use_page();
    move || signals.family.get().map(|family| view! { <Unfolding family=family /> })
}

#[component]
fn Unfolding(family: Arc<Family>) -> impl IntoView {
    let i18n = use_i18n();
    let (n_models, n_pairs) = (family.models.len(), family.pairs.len());
    let summary = move || {
        view! {
            <h2>{t!(i18n, explorer.title)}</h2>
            <span class="hint">
                {move || {
                    let models = t_string!(i18n, explorer.n_models, count = n_models);
                    t_string!(i18n, explorer.hint, count = n_pairs, models)
                }}
            </span>
        }
    };
    view! {
        <Disclosure testid="explorer" class="explorer" summary=summary>
            <p class="explorer__lead">{t!(i18n, explorer.lead)}</p>
            {
                let family = family.clone();
                move || {
                    let locale = i18n.get_locale();
                    view! {
                        <Legend locale=locale scale=scale_of(&family) />
                        {matrices(locale, &family)}
                    }
                }
            }
            <Distances family=family.clone() />
        </Disclosure>
    }
}

/// One matrix per world, for only models of one world can be compared.
fn matrices(locale: Locale, family: &Arc<Family>) -> impl IntoView + use<> {
    let worlds = family.worlds();
    let is_one = worlds.len() == 1;
    let matrix = |world: String| {
        let members = family.members(&world);
        let heading = (!is_one).then(|| td_string!(locale, explorer.world, world = world.clone()));
        (members.len() > 1)
            .then(|| view! { <Matrix locale=locale family=family.clone() members=members heading=heading /> })
    };
    worlds.into_iter().filter_map(matrix).collect_view()
}

fn scale_of(family: &Family) -> HeatScale {
    HeatScale::of(family.pairs.iter().map(|pair| pair.mean_symmetric_kl))
}

/// Colours with their limits, and signs with their levels.
#[component]
fn Legend(locale: Locale, scale: HeatScale) -> impl IntoView {
    let classes = scale
        .classes()
        .into_iter()
        .map(|(shade, low, high)| {
            let words = match (low, high) {
                (None, None) => td_string!(locale, explorer.every_pair).to_owned(),
                (None, Some(high)) => td_string!(locale, explorer.below, high = limit(high)),
                (Some(low), None) => td_string!(locale, explorer.from, low = limit(low)),
                (Some(low), Some(high)) => {
                    td_string!(locale, explorer.between, low = limit(low), high = limit(high))
                }
            };
            view! {
                <li>
                    <span class="explorer__swatch" data-shade=shade.to_string()></span>
                    {words}
                </li>
            }
        })
        .collect_view();
    view! {
        <div class="explorer__legend">
            <ul class="explorer__scale" aria-label=td_string!(locale, explorer.colours)>
                {classes}
            </ul>
            <p class="hint">{td_string!(locale, explorer.signs)}</p>
        </div>
    }
}

/// A round limit as people write it.
fn limit(value: f64) -> String {
    if value >= 1e-3 { value.to_string() } else { number(value) }
}

/// One world's models by models.
#[component]
fn Matrix(
    locale: Locale,
    family: Arc<Family>,
    members: Vec<Member>,
    heading: Option<String>,
) -> impl IntoView {
    let signals = use_page();
    let session = use_session();
    let scale = scale_of(&family);
    let size = members.len();
    let cells: Vec<Vec<Option<Pair>>> =
        members.iter().map(|a| members.iter().map(|b| family.between(&a.name, &b.name)).collect()).collect();
    let exists: Vec<Vec<bool>> = cells.iter().map(|row| row.iter().map(Option::is_some).collect()).collect();
    let first = (0..size).flat_map(|r| (0..size).map(move |c| (r, c))).find(|&(r, c)| exists[r][c]);
    // One cell is in the order of the Tab key; arrow keys move from there.
    let reached = RwSignal::new(first.unwrap_or_default());
    let world = members.first().map(|member| member.world.clone()).unwrap_or_default();
    let id = {
        let world = world.clone();
        move |row: usize, column: usize| format!("cell-{world}-{row}-{column}")
    };
    let on_show = Memo::new(move |_| {
        let name = |source: &ModelSource| match source {
            ModelSource::Bundled { name } => Some(name.clone()),
            _ => None,
        };
        name(&signals.a.source.read()).zip(name(&signals.b.source.read()))
    });
    let move_on = {
        let id = id.clone();
        move |event: leptos::ev::KeyboardEvent| {
            let next =
                next_cell(&event.key(), reached.get_untracked(), size, |row, column| exists[row][column]);
            if let Some((row, column)) = next {
                event.prevent_default();
                page::focus(&id(row, column));
            }
        }
    };
    let columns = members
        .iter()
        .map(|member| {
            view! {
                <th scope="col" class="explorer__column">
                    <span class="explorer__upright">
                        {short(locale, member)}
                        <span class="explorer__kind">{member.kind(locale)}</span>
                    </span>
                </th>
            }
        })
        .collect_view();
    let rows = members
        .iter()
        .zip(cells)
        .enumerate()
        .map(|(row, (a, cells))| {
            let cells = members
                .iter()
                .zip(cells)
                .enumerate()
                .map(|(column, (b, pair))| {
                    let Some(pair) = pair else {
                        return view! { <td class="explorer__none" role="gridcell"></td> }.into_any();
                    };
                    let names = (a.name.clone(), b.name.clone());
                    let is_shown = {
                        let names = names.clone();
                        move || on_show.read().as_ref() == Some(&names)
                    };
                    let open = move |_| {
                        let (a, b) = names.clone();
                        session
                            .choose_pair(ModelSource::Bundled { name: a }, ModelSource::Bundled { name: b });
                    };
                    view! {
                        <td role="gridcell">
                            <button
                                type="button"
                                class="explorer__cell"
                                id=id(row, column)
                                tabindex=move || if reached.get() == (row, column) { "0" } else { "-1" }
                                data-testid=format!("cell-{}-{}", a.name, b.name)
                                data-kl=pair.mean_symmetric_kl.to_string()
                                data-shade=scale.shade(pair.mean_symmetric_kl).to_string()
                                data-sign=pair.sign()
                                aria-current=move || is_shown().then_some("true")
                                aria-label=spoken(locale, a, b, &pair)
                                on:focus=move |_| reached.set((row, column))
                                on:click=open
                            >
                                {brief(pair.mean_symmetric_kl)}
                            </button>
                        </td>
                    }
                    .into_any()
                })
                .collect_view();
            view! {
                <tr role="row">
                    <th scope="row" role="rowheader" class="explorer__row">
                        {short(locale, a)}
                        <span class="explorer__kind">{a.kind(locale)}</span>
                    </th>
                    {cells}
                </tr>
            }
        })
        .collect_view();
    view! {
        {heading.map(|heading| view! { <h3 class="explorer__world">{heading}</h3> })}
        <div class="explorer__scroll">
            <table
                class="explorer__matrix"
                role="grid"
                aria-label=td_string!(locale, explorer.grid, world)
                on:keydown=move_on
            >
                <thead>
                    <tr role="row">
                        <th scope="col" class="explorer__corner">
                            <span class="legend__a" aria-hidden="true">"A"</span>
                            <span aria-hidden="true">" ↓ "</span>
                            <span class="legend__b" aria-hidden="true">"B"</span>
                            <span aria-hidden="true">" →"</span>
                            <span class="visually-hidden">{td_string!(locale, explorer.corner)}</span>
                        </th>
                        {columns}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

/// Two digits are what fits into a cell.
fn brief(distance: f64) -> String {
    if !(1e-3..10.0).contains(&distance) {
        return number(distance);
    }
    let decimals = (1 - distance.log10().floor() as i32).clamp(1, 4) as usize;
    format!("{distance:.decimals$}")
}

/// As a row or column is headed.
fn short(locale: Locale, member: &Member) -> String {
    match member.seed {
        Some(seed) => td_string!(locale, explorer.seed, width = member.width, seed),
        None => member.width.to_string(),
    }
}

/// What a screen reader says of a cell.
fn spoken(locale: Locale, a: &Member, b: &Member, pair: &Pair) -> String {
    td_string!(
        locale,
        explorer.spoken,
        a = a.label(locale),
        b = b.label(locale),
        nats = brief(pair.mean_symmetric_kl),
        level = level_word(locale, pair.level)
    )
}

/// The same as rows of numbers.
#[component]
fn Distances(family: Arc<Family>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <Disclosure testid="explorer-table" class="explorer__table" summary=move || t!(i18n, explorer.as_table)>
            <div
                class="table-scroll"
                tabindex="0"
                role="group"
                aria-label=move || t_string!(i18n, explorer.all_pairs)
            >
                <table>
                    <thead>
                        <tr>
                            <th scope="col" class="cell-text">"A"</th>
                            <th scope="col" class="cell-text">"B"</th>
                            <th scope="col">{t!(i18n, page.fact.mean_kl_ab)}</th>
                            <th scope="col">{t!(i18n, page.fact.mean_kl_ba)}</th>
                            <th scope="col">{t!(i18n, explorer.symmetric)}</th>
                            <th scope="col">{t!(i18n, page.fact.mean_js)}</th>
                            <th scope="col" class="cell-text">{t!(i18n, explorer.level_column)}</th>
                            <th scope="col">{t!(i18n, explorer.contexts)}</th>
                        </tr>
                    </thead>
                    <tbody>{
                        let family = family.clone();
                        move || rows(i18n.get_locale(), &family)
                    }</tbody>
                </table>
            </div>
        </Disclosure>
    }
}

fn rows(locale: Locale, family: &Family) -> impl IntoView + use<> {
    let label = |name: &str| {
        let member = family.models.iter().find(|member| member.name == name);
        member.map_or_else(|| name.to_owned(), |member| member.label(locale))
    };
    let row = |pair: &Pair| {
        view! {
            <tr>
                <th scope="row" class="cell-text">
                    {label(&pair.a)}
                </th>
                <td class="cell-text">{label(&pair.b)}</td>
                <td>{number(pair.mean_kl_ab)}</td>
                <td>{number(pair.mean_kl_ba)}</td>
                <td>{number(pair.mean_symmetric_kl)}</td>
                <td>{number(pair.mean_js)}</td>
                <td class="cell-text">{level_word(locale, pair.level)}</td>
                <td>{pair.n_contexts}</td>
            </tr>
        }
    };
    family.pairs.iter().map(row).collect_view()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_have_two_digits() {
        let cases = [
            (0.09381, "0.094"),
            (0.389, "0.39"),
            (0.0025, "0.0025"),
            (1.24, "1.2"),
            (3e-5, "3.0e−5"),
            (0.0, "0"),
        ];
        for (distance, expected) in cases {
            assert_eq!(brief(distance), expected);
        }
    }

    #[test]
    fn limits_are_written_as_people_do() {
        for (value, expected) in [(0.3, "0.3"), (0.001, "0.001"), (5.0, "5"), (0.0005, "5.0e−4")] {
            assert_eq!(limit(value), expected);
        }
    }
}
