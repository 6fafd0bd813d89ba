//! Both next-token distributions after each prompt, side by side, and all their tokens in one picture.

use leptos::prelude::*;
use leptos_i18n::{t, t_string, td_string};

use super::PromptStrip;
use super::press::Press;
use crate::figures::of_report::next_tokens::{bars, largest, scatter};
use crate::lab::report::{NEXT_TOKENS, NextToken, PromptReport};
use crate::lab::visible::visible_text;
use crate::text::numbers::probability;
use crate::text::{Locale, use_i18n};
use crate::ui::figure::{Extras, Figure};
use crate::ui::plots::MirroredBar;
use crate::ui::state::use_page;

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
                .map(|(index, prompt)| view! { <Card index=index prompt=prompt.clone() n_tokens=report.n_tokens look=look /> })
                .collect_view()
        })
    };
    let picture = move |()| scatter(i18n.get_locale(), page.report.get().as_deref());
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
            <PromptStrip />
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
            <div class="look__zooms">
                <Press
                    testid="token-zoom-out"
                    spoken=move || t_string!(i18n, pictures.bars.shorter)
                    is_disabled=Signal::derive(move || look.zoom.get() == 0)
                    on_press=move |()| look.zoom.update(|zoom| *zoom = zoom.saturating_sub(1))
                >
                    "−"
                </Press>
                <output class="look__zoom" data-testid="token-zoom" aria-live="polite">
                    {move || t_string!(i18n, pictures.bars.zoom, times = look.times())}
                </output>
                <Press
                    testid="token-zoom-in"
                    spoken=move || t_string!(i18n, pictures.bars.longer)
                    is_disabled=Signal::derive(move || look.zoom.get() + 1 == ZOOMS.len())
                    on_press=move |()| look.zoom.update(|zoom| *zoom = (*zoom + 1).min(ZOOMS.len() - 1))
                >
                    "+"
                </Press>
            </div>
        </div>
    }
}

/// The most likely tokens of both models after one prompt.
#[component]
fn Card(
    index: usize,
    prompt: PromptReport,
    /// Size of the vocabulary.
    n_tokens: usize,
    look: Look,
) -> impl IntoView {
    let i18n = use_i18n();
    let full = largest(&prompt.next);
    let rest = Rest::of(&prompt.next, n_tokens);
    let heading =
        prompt.tokens.iter().map(|token| view! { <span class="token">{visible_text(token)}</span> });
    let heading = heading.collect_view();
    let text = visible_text(&prompt.text);
    let next = prompt.next.clone();
    let drawn = move |_: Option<&_>| {
        let times = look.times();
        let rows = rows_on_show(&prompt.next, &look.query.get(), times > 1);
        bars(i18n.get_locale(), &prompt, rows, times)
    };
    let drawn = Memo::new_with_compare(drawn, |_, _| true);
    let rows = move || {
        let times = look.times();
        let found = rows_on_show(&next, &look.query.get(), times > 1);
        let is_empty = found.is_empty();
        let bars = found
            .into_iter()
            .map(|(rank, row)| {
                view! {
                    <MirroredBar
                        label=visible_text(&row.token)
                        token=row.token
                        log_prob_a=row.log_prob_a
                        log_prob_b=row.log_prob_b
                        full=full / f64::from(times)
                        testid=format!("next-{index}-{rank}")
                    />
                }
            })
            .collect_view();
        let query = look.query.get().trim().to_owned();
        let answer = is_empty.then(|| rest.not_listed(i18n.get_locale(), query));
        (
            bars,
            answer.map(
                |answer| view! { <li class="hint" data-testid=format!("not-listed-{index}")>{answer}</li> },
            ),
        )
    };
    view! {
        <article class="card" data-testid=format!("next-{index}")>
            <h3 class="card__prompt">
                {heading} <span class="token token--next" aria-label=move || t_string!(i18n, page.next.next_token)>"?"</span>
            </h3>
            // The tail is reached by scrolling, so that nothing below it moves.
            <ol
                class="mirrored"
                tabindex="0"
                aria-label=move || t_string!(i18n, pictures.bars.listed, prompt = text.clone())
            >
                {rows}
            </ol>
            <p class="hint" data-testid=format!("tail-{index}")>{move || rest.words(i18n.get_locale())}</p>
            <Extras name=format!("bars-{index}") picture=drawn />
        </article>
    }
}

/// What is known of the tokens that are not listed.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rest {
    n_listed: usize,
    n_tokens: usize,
    /// Probability of all that are not listed together, in A and in B.
    together: [f64; 2],
    /// None of them has more.
    at_most: [f64; 2],
}

impl Rest {
    /// Of a list that holds the most likely [`NEXT_TOKENS`] of each model.
    fn of(next: &[NextToken], n_tokens: usize) -> Self {
        let of = |log_prob: fn(&NextToken) -> f64| {
            let mut listed: Vec<f64> = next.iter().map(|row| log_prob(row).exp()).collect();
            listed.sort_by(|x, y| y.total_cmp(x));
            let together = (1.0 - listed.iter().sum::<f64>()).max(0.0);
            let last = listed.get(NEXT_TOKENS - 1).copied().unwrap_or(1.0);
            (together, last.min(together))
        };
        let (a, b) = (of(|row| row.log_prob_a), of(|row| row.log_prob_b));
        Self { n_listed: next.len(), n_tokens, together: [a.0, b.0], at_most: [a.1, b.1] }
    }

    /// Where the list ends.
    fn words(self, locale: Locale) -> String {
        let [a, b] = self.together.map(probability);
        let (listed, all) = (self.n_listed, self.n_tokens);
        if listed >= all {
            return td_string!(locale, pictures.bars.all, listed = listed);
        }
        td_string!(locale, pictures.bars.rest, listed = listed, all = all, most = NEXT_TOKENS, a = a, b = b)
    }

    /// The answer to a search that finds nothing.
    fn not_listed(self, locale: Locale, query: String) -> String {
        if self.n_listed >= self.n_tokens {
            return td_string!(locale, pictures.bars.no_such, query = query);
        }
        let [a, b] = self.at_most.map(probability);
        td_string!(locale, pictures.bars.not_listed, query = query, listed = self.n_listed, a = a, b = b)
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn what_is_not_listed_is_bounded_in_words() {
        // 41 tokens; A gives each 1/64 but the first, 24/64; B has 1/2 beyond the list.
        let row = |i: usize, a: f64, b: f64| NextToken {
            id: i as u32,
            token: format!("t{i}"),
            log_prob_a: a.ln(),
            log_prob_b: b.ln(),
        };
        let next: Vec<NextToken> =
            (0..41).map(|i| row(i, if i == 0 { 0.375 } else { 1.0 / 128.0 }, 0.5 / 41.0)).collect();
        let rest = Rest::of(&next, 500);
        let expected = [0.625 - 40.0 / 128.0, 0.5];
        assert!(rest.together.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12));
        let expected = [1.0 / 128.0, 0.5 / 41.0];
        assert!(rest.at_most.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12));
        let words = rest.words(Locale::en);
        assert!(["41", "500", "40", "31%", "50%"].iter().all(|part| words.contains(part)), "{words}");
        let answer = rest.not_listed(Locale::en, "zebra".into());
        assert!(["zebra", "0.78%", "1.2%"].iter().all(|part| answer.contains(part)), "{answer}");
        // A whole vocabulary leaves nothing to bound.
        let all = Rest::of(&next, 41);
        assert!(
            !all.words(Locale::en).contains('%') && !all.not_listed(Locale::en, "x".into()).contains('%')
        );
        // Fewer than forty of a larger vocabulary: what is left bounds each of them.
        let few = Rest::of(&next[..2], 500);
        assert_eq!(few.at_most, few.together);
    }
}
