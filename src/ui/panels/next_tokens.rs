//! Both next-token distributions after each prompt, side by side.

use leptos::prelude::*;
use leptos_i18n::{t, t_string};

use crate::lab::report::PromptReport;
use crate::text::use_i18n;
use crate::ui::plots::MirroredBar;
use crate::ui::state::use_page;
use crate::ui::text::visible_token;

/// Rows that a card shows.
const MAX_ROWS: usize = 12;

/// One card per prompt.
#[component]
pub fn NextTokensPanel() -> impl IntoView {
    let page = use_page();
    let i18n = use_i18n();
    let cards = move || {
        page.report.get().map(|report| {
            report
                .prompts
                .iter()
                .enumerate()
                .map(|(index, prompt)| view! { <Card index=index prompt=prompt.clone() /> })
                .collect_view()
        })
    };
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
            <div class="cards" data-testid="next-tokens">{cards}</div>
        </section>
    }
}

/// The most likely tokens of both models after one prompt.
#[component]
fn Card(index: usize, prompt: PromptReport) -> impl IntoView {
    let i18n = use_i18n();
    let rows: Vec<_> = prompt.next.into_iter().take(MAX_ROWS).collect();
    let full = rows.iter().map(|row| row.log_prob_a.max(row.log_prob_b).exp()).fold(0.0, f64::max);
    view! {
        <article class="card" data-testid=format!("next-{index}")>
            <h3 class="card__prompt">
                {prompt
                    .tokens
                    .iter()
                    .map(|token| view! { <span class="token">{visible_token(token)}</span> })
                    .collect_view()} <span class="token token--next" aria-label=move || t_string!(i18n, page.next.next_token)>"?"</span>
            </h3>
            <ol class="mirrored">
                {rows
                    .into_iter()
                    .enumerate()
                    .map(|(rank, row)| {
                        view! {
                            <MirroredBar
                                label=visible_token(&row.token)
                                token=row.token
                                log_prob_a=row.log_prob_a
                                log_prob_b=row.log_prob_b
                                full=full
                                testid=format!("next-{index}-{rank}")
                            />
                        }
                    })
                    .collect_view()}
            </ol>
        </article>
    }
}
