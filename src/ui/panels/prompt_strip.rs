//! The prompts token by token: how far the two distributions are from each other after each of them.

use leptos::prelude::*;
use leptos_i18n::{t, td_string};

use crate::figures::of_report::strip::{picture, tokens};
use crate::figures::strip::{Token, ranges, step};
use crate::lab::report::PromptReport;
use crate::lab::visible::visible_text;
use crate::text::numbers::number;
use crate::text::{Locale, use_i18n};
use crate::ui::figure::Frame;
use crate::ui::state::use_page;

/// The strips of all prompts, in one figure.
#[component]
pub fn PromptStrip() -> impl IntoView {
    let page = use_page();
    let i18n = use_i18n();
    let shown = Memo::new_with_compare(
        move |_| picture(i18n.get_locale(), page.report.get().as_deref()),
        |_, _| true,
    );
    let rows = move || {
        let locale = i18n.get_locale();
        page.report.with(|report| {
            let prompts = report.iter().flat_map(|report| &report.prompts);
            prompts.enumerate().map(|(index, prompt)| row(locale, index, prompt)).collect_view()
        })
    };
    view! {
        <Frame name="strip" picture=shown>
            <div class="strips">{rows}</div>
            <p class="strip__legend hint">
                <span>{t!(i18n, pictures.strip.legend)}</span>
                {ranges()
                    .into_iter()
                    .enumerate()
                    .map(|(step, range)| {
                        view! {
                            <span class="strip__range">
                                <span class="strip__swatch" data-apart=step aria-hidden="true"></span>
                                {range}
                            </span>
                        }
                    })
                    .collect_view()}
            </p>
        </Frame>
    }
}

/// The tokens of one prompt. The first takes the Tab key; arrow keys move from there.
fn row(locale: Locale, index: usize, prompt: &PromptReport) -> AnyView {
    let (tokens, is_cut) = tokens(locale, prompt);
    let marks = tokens
        .into_iter()
        .enumerate()
        .map(|(i, Token { text, name, js })| {
            view! {
                <span
                    class="mark strip__token"
                    role="img"
                    tabindex=if i == 0 { "0" } else { "-1" }
                    aria-label=name.clone()
                    title=name
                    data-apart=step(js)
                    data-js=js.to_string()
                >
                    <span>{text}</span>
                    <span class="strip__value">{number(js)}</span>
                </span>
            }
        })
        .collect_view();
    let cut =
        move || view! { <span class="strip__cut" title=td_string!(locale, pictures.strip.cut)>"…"</span> };
    view! {
        <div
            class="strip"
            role="group"
            data-testid=format!("strip-{index}")
            aria-label=td_string!(locale, pictures.strip.of, prompt = visible_text(&prompt.text))
        >
            {is_cut.then(cut)}
            {marks}
        </div>
    }
    .into_any()
}
