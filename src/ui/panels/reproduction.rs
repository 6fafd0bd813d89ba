//! What came out when the opened link was made, against what comes out here; and what must be said of the link.

use leptos::prelude::*;
use leptos_i18n::{t, t_string, td_string};

use crate::lab::link::VERSION;
use crate::lab::permalink::{Agreement, Pinned, is_same_question, reproduce};
use crate::text::reproduction::{ReproductionWords, reproduction};
use crate::text::{Locale, use_i18n};
use crate::ui::state::{LinkNote, Page, Phase, use_page};

/// Where the comparison with the link stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Standing {
    /// Nothing was recorded, so nothing is said.
    Absent,
    /// It is being computed.
    Waiting,
    /// Something else is asked here.
    Other,
    /// The outcome.
    Told(Agreement, ReproductionWords),
}

fn standing(page: Page, locale: Locale) -> Standing {
    let Some(linked) = page.linked.get() else { return Standing::Absent };
    let Some(recorded): Option<&Pinned> = linked.pinned.as_ref() else { return Standing::Absent };
    let is_live = matches!(*page.phase.read(), Phase::Done { .. });
    let Some(report) = page.report.get().filter(|_| is_live) else { return Standing::Waiting };
    if !is_same_question(&linked.experiment, &report.experiment) {
        return Standing::Other;
    }
    let found = reproduce(recorded, &report);
    Standing::Told(found.agreement, reproduction(locale, &found))
}

/// "Reproduced", or what differs.
#[component]
pub fn ReproductionPanel() -> impl IntoView {
    let page = use_page();
    let i18n = use_i18n();
    let now = Memo::new(move |_| standing(page, i18n.get_locale()));
    let body = move || match now.get() {
        Standing::Absent => ().into_any(),
        Standing::Waiting => view! { <p class="hint">{t!(i18n, share.reproduction.waiting)}</p> }.into_any(),
        Standing::Other => {
            view! { <p class="hint">{t!(i18n, share.reproduction.other_question)}</p> }.into_any()
        }
        Standing::Told(agreement, words) => told(agreement, words).into_any(),
    };
    let is_there = move || *now.read() != Standing::Absent;
    move || {
        is_there().then(|| {
            view! {
                <section
                    class="reproduction"
                    aria-label=move || t_string!(i18n, share.reproduction.title)
                    data-testid="reproduction"
                    data-agreement=move || code(&now.read())
                >
                    <p class="finding__about">{t!(i18n, share.reproduction.title)}</p>
                    <div role="status">{body}</div>
                </section>
            }
        })
    }
}

fn told(agreement: Agreement, words: ReproductionWords) -> impl IntoView {
    let sign = if agreement == Agreement::Not { "≠" } else { "=" };
    view! {
        <h3 class="reproduction__headline">
            <span aria-hidden="true">{sign} " "</span>
            {words.headline}
        </h3>
        {(!words.detail.is_empty()).then(|| view! { <p>{words.detail}</p> })}
        {(!words.differences.is_empty())
            .then(|| {
                let items = words.differences.into_iter().map(|sentence| view! { <li>{sentence}</li> });
                view! {
                    <ul class="reasons" data-testid="reproduction-differences">
                        {items.collect_view()}
                    </ul>
                }
            })}
        {words.notes.into_iter().map(|sentence| view! { <p class="hint">{sentence}</p> }).collect_view()}
    }
}

fn code(standing: &Standing) -> &'static str {
    match standing {
        Standing::Absent | Standing::Waiting => "waiting",
        Standing::Other => "other",
        Standing::Told(Agreement::Exact, _) => "exact",
        Standing::Told(Agreement::WithinNoise, _) => "within",
        Standing::Told(Agreement::Not, _) => "not",
    }
}

/// One sentence for everything about the link that a visitor must know.
#[component]
pub fn LinkNotes() -> impl IntoView {
    let page = use_page();
    let i18n = use_i18n();
    move || {
        let notes = page.link_notes.get();
        (!notes.is_empty()).then(|| {
            let sentences = notes.iter().map(|note| {
                let sentence = sentence(i18n.get_locale(), note);
                view! { <li>{sentence}</li> }
            });
            view! {
                <ul class="link-notes" role="status" data-testid="link-notes">
                    {sentences.collect_view()}
                </ul>
            }
        })
    }
}

fn sentence(locale: Locale, note: &LinkNote) -> String {
    match note.clone() {
        LinkNote::Newer(found) => td_string!(locale, share.link_note.newer, found, reads = VERSION),
        LinkNote::ManyConcepts(n) => td_string!(locale, share.link_note.many_concepts, n),
        LinkNote::Unread { name, too_large: true } => td_string!(locale, share.too_large, name),
        LinkNote::Unread { name, too_large: false } => td_string!(locale, share.not_read, name),
        LinkNote::Gone { model, name, stands_in: Some(stands_in) } => {
            td_string!(locale, share.link_note.gone, model, name, stands_in)
        }
        LinkNote::Gone { model, name, stands_in: None } => {
            td_string!(locale, share.link_note.gone_both, model, name)
        }
    }
}
