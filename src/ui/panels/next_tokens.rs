//! Both next-token distributions after each prompt, side by side, and all their tokens in one picture.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_i18n::{t, t_string, td_string};

use crate::lab::report::{NextToken, PromptReport, Report};
use crate::text::numbers::number;
use crate::text::{Locale, use_i18n};
use crate::ui::figures::scatter::{Point, Titles, scatter};
use crate::ui::figures::table::FigureData;
use crate::ui::figures::{Figure, Picture};
use crate::ui::plots::MirroredBar;
use crate::ui::state::use_page;
use crate::ui::text::visible_token;

/// Rows that a card shows while nobody looks further.
const MAX_ROWS: usize = 12;
/// How many times longer bars can be drawn, one step after the other.
const ZOOMS: [u32; 5] = [1, 10, 100, 1000, 10_000];

/// What the visitor looks for in all cards.
#[derive(Clone, Copy)]
struct Look {
    query: RwSignal<String>,
    /// Index into [`ZOOMS`].
    zoom: RwSignal<usize>,
}

impl Look {
    fn times(self) -> u32 {
        ZOOMS.get(self.zoom.get()).copied().unwrap_or(1)
    }
}

/// One card per prompt, then the picture.
#[component]
pub fn NextTokensPanel() -> impl IntoView {
    let page = use_page();
    let i18n = use_i18n();
    let look = Look { query: RwSignal::new(String::new()), zoom: RwSignal::new(0) };
    let cards = move || {
        page.report.get().map(|report| {
            report
                .prompts
                .iter()
                .enumerate()
                .map(|(index, prompt)| view! { <Card index=index prompt=prompt.clone() look=look /> })
                .collect_view()
        })
    };
    let picture = move |()| picture(i18n.get_locale(), page.report.get().as_deref());
    view! {
        <section class="panel" aria-labelledby="next-title">
            <header class="panel__head">
                <h2 id="next-title">{t!(i18n, page.next.title)}</h2>
                <p class="legend">
                    <span class="legend__a">"A"</span>
                    {t!(i18n, page.next.left)}
                    <span class="legend__b">"B"</span>
                    {t!(i18n, page.next.right)}
                </p>
            </header>
            <Controls look=look />
            <div class="cards" data-testid="next-tokens">
                {cards} <Figure name="scatter" picture=picture />
            </div>
        </section>
    }
}

/// A search for tokens, and how long bars are drawn.
#[component]
fn Controls(look: Look) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <div class="look" role="group" aria-label=move || t_string!(i18n, pictures.bars.controls)>
            <label class="look__search">
                <span class="hint">{t!(i18n, pictures.bars.search)}</span>
                <input
                    type="search"
                    data-testid="token-search"
                    autocomplete="off"
                    prop:value=look.query
                    on:input:target=move |event| look.query.set(event.target().value())
                />
            </label>
            <button
                type="button"
                class="button button--small"
                data-testid="token-zoom-out"
                aria-label=move || t_string!(i18n, pictures.bars.shorter)
                disabled=move || look.zoom.get() == 0
                on:click=move |_| look.zoom.update(|zoom| *zoom = zoom.saturating_sub(1))
            >
                "−"
            </button>
            <output class="look__zoom" data-testid="token-zoom" aria-live="polite">
                {move || t_string!(i18n, pictures.bars.zoom, times = look.times())}
            </output>
            <button
                type="button"
                class="button button--small"
                data-testid="token-zoom-in"
                aria-label=move || t_string!(i18n, pictures.bars.longer)
                disabled=move || look.zoom.get() + 1 == ZOOMS.len()
                on:click=move |_| look.zoom.update(|zoom| *zoom = (*zoom + 1).min(ZOOMS.len() - 1))
            >
                "+"
            </button>
        </div>
    }
}

/// The most likely tokens of both models after one prompt.
#[component]
fn Card(index: usize, prompt: PromptReport, look: Look) -> impl IntoView {
    let i18n = use_i18n();
    let next = prompt.next;
    let full = next.iter().map(|row| row.log_prob_a.max(row.log_prob_b).exp()).fold(0.0, f64::max);
    let rows = move || {
        let times = look.times();
        let found = rows_on_show(&next, &look.query.get(), times > 1);
        let is_empty = found.is_empty();
        let bars = found
            .into_iter()
            .map(|(rank, row)| {
                view! {
                    <MirroredBar
                        label=visible_token(&row.token)
                        token=row.token
                        log_prob_a=row.log_prob_a
                        log_prob_b=row.log_prob_b
                        full=full / f64::from(times)
                        testid=format!("next-{index}-{rank}")
                    />
                }
            })
            .collect_view();
        (bars, is_empty.then(|| view! { <li class="hint">{t!(i18n, pictures.bars.none)}</li> }))
    };
    view! {
        <article class="card" data-testid=format!("next-{index}")>
            <h3 class="card__prompt">
                {prompt
                    .tokens
                    .iter()
                    .map(|token| view! { <span class="token">{visible_token(token)}</span> })
                    .collect_view()} <span class="token token--next" aria-label=move || t_string!(i18n, page.next.next_token)>"?"</span>
            </h3>
            <ol class="mirrored">{rows}</ol>
        </article>
    }
}

/// The rows that a card shows, with their ranks: those with `query` in their token, in any case; the first where nothing
/// is looked for and the tail is not.
fn rows_on_show(next: &[NextToken], query: &str, with_tail: bool) -> Vec<(usize, NextToken)> {
    let query = query.trim().to_lowercase();
    let most = if query.is_empty() && !with_tail { MAX_ROWS } else { usize::MAX };
    let is_found = |row: &NextToken| row.token.to_lowercase().contains(&query);
    next.iter().cloned().enumerate().filter(|(_, row)| is_found(row)).take(most).collect()
}

/// Every token that the report has, of all prompts, as log-probabilities of A and B.
fn picture(locale: Locale, report: Option<&Report>) -> Picture {
    let prompts = report.map_or(&[][..], |report| &report.prompts);
    let rows = || prompts.iter().flat_map(|prompt| prompt.next.iter().map(move |row| (prompt, row)));
    let mut table = FigureData::with_columns([
        ("prompt", td_string!(locale, pictures.scatter.prompt).to_owned()),
        ("token", td_string!(locale, pictures.scatter.token).to_owned()),
        ("log_prob_a", td_string!(locale, pictures.scatter.a).to_owned()),
        ("log_prob_b", td_string!(locale, pictures.scatter.b).to_owned()),
    ]);
    table.rows = rows()
        .map(|(prompt, row)| {
            vec![
                prompt.text.as_str().into(),
                row.token.as_str().into(),
                row.log_prob_a.into(),
                row.log_prob_b.into(),
            ]
        })
        .collect();
    let points: Vec<Point> = rows()
        .map(|(prompt, row)| Point {
            name: td_string!(
                locale,
                pictures.scatter.point,
                prompt = prompt.text.clone(),
                token = visible_token(&row.token),
                a = number(row.log_prob_a),
                b = number(row.log_prob_b)
            ),
            a: row.log_prob_a,
            b: row.log_prob_b,
        })
        .collect();
    let titles = Titles {
        a: td_string!(locale, pictures.scatter.a).to_owned(),
        b: td_string!(locale, pictures.scatter.b).to_owned(),
    };
    Picture {
        title: td_string!(locale, pictures.scatter.title).to_owned(),
        description: td_string!(locale, pictures.scatter.sees).to_owned(),
        table,
        draw: Arc::new(move |width| scatter(&points, &titles, width)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::fixture::report;
    use crate::ui::figures::table::Cell;
    use crate::ui::lessons::fixture::prompt;

    fn tokens(n: usize) -> Vec<NextToken> {
        (0..n)
            .map(|i| NextToken {
                id: i as u32,
                token: format!(" Token{i}"),
                log_prob_a: -(i as f64),
                log_prob_b: -(i as f64),
            })
            .collect()
    }

    #[test]
    fn the_tail_shows_when_it_is_asked_for_and_keeps_its_ranks() {
        let next = tokens(20);
        assert_eq!(rows_on_show(&next, "", false).len(), 12);
        assert_eq!(rows_on_show(&next, "", true).len(), 20);
        let found = rows_on_show(&next, " tOKEN1 ", false);
        let ranks: Vec<usize> = found.iter().map(|(rank, _)| *rank).collect();
        assert_eq!(ranks, [1, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
        assert!(rows_on_show(&next, "zebra", true).is_empty());
    }

    #[test]
    fn the_table_has_the_numbers_of_the_report() {
        let mut report = report();
        report.prompts = vec![prompt("one", [0.5, 0.25], 0.1), prompt("two", [0.125, 0.125], 0.0)];
        for locale in [Locale::en, Locale::ja] {
            let picture = picture(locale, Some(&report));
            assert_eq!(picture.table.rows.len(), 4);
            assert_eq!(
                picture.table.rows[0],
                [
                    Cell::from("one"),
                    Cell::from("best"),
                    Cell::from(-std::f64::consts::LN_2),
                    Cell::from(0.25_f64.ln())
                ]
            );
            let svg = (picture.draw)(400.0).on_page("p", &picture.title, &picture.description);
            assert_eq!(svg.matches(r#"class="mark""#).count(), 4);
        }
        assert!(picture(Locale::en, None).table.rows.is_empty());
    }
}
