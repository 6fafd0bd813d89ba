//! Public models and pairs that share a tokenizer: what each costs before anything moves, and buttons that load them.

use leptos::prelude::*;

use super::disclosure::Disclosure;
use super::press::Press;
use crate::hub::HUB;
use crate::hub::curated::{GROUPS, Group, Model, PAIRS, Pair, find};
use crate::hub::progress::size_words;
use crate::ui::curated::{facts, source_of};
use crate::ui::session::use_session;
use crate::ui::state::{Slot, use_page};

/// The disclosure.
#[component]
pub fn CuratedPanel() -> impl IntoView {
    let page = use_page();
    let from = match page.mirror.with_value(|mirror| mirror.base.clone()) {
        base if base == HUB => "the Hugging Face Hub".into(),
        base => base,
    };
    let summary = || {
        view! {
            <span class="library__title">"Public models and pairs…"</span>
            <span class="hint">"with their sizes and licences"</span>
        }
    };
    view! {
        <Disclosure testid="curated" class="library__item" summary=summary>
            <p class="hint">
                {format!(
                    "Nothing is fetched before you press a button. The files then come from {from} straight to this browser; nothing is uploaded.",
                )}
            </p>
            <ol class="curated__pairs">
                {PAIRS.iter().enumerate().map(|(i, pair)| view! { <PairCard index=i pair=pair /> }).collect_view()}
            </ol>
            <details class="curated__all">
                <summary>"All models of the list, by tokenizer"</summary>
                {GROUPS.iter().map(|group| view! { <GroupList group=group /> }).collect_view()}
            </details>
        </Disclosure>
    }
}

/// Two models worth comparing, with what they cost together.
#[component]
fn PairCard(index: usize, pair: &'static Pair) -> impl IntoView {
    let session = use_session();
    let (a, b) = find(pair.a).zip(find(pair.b))?;
    let in_all = size_words(a.download_bytes + b.download_bytes);
    Some(view! {
        <li class="curated__pair" data-testid=format!("curated-pair-{index}")>
            <div class="curated__head">
                <p class="curated__why">{sentence(pair.why)}</p>
                <Press
                    testid=format!("curated-load-{index}")
                    is_main=true
                    spoken=format!("Load {} and {}, {in_all}", a.repository, b.repository)
                    on_press=move |()| session.choose_pair(source_of(a), source_of(b))
                >
                    {format!("Load the pair, {in_all}")}
                </Press>
            </div>
            <ul class="curated__models">
                <ModelLine model=a slots=&[Slot::A] />
                <ModelLine model=b slots=&[Slot::B] />
            </ul>
        </li>
    })
}

/// Every model of one tokenizer.
#[component]
fn GroupList(group: &'static Group) -> impl IntoView {
    view! {
        <h3 class="curated__tokenizer">{group.tokenizer}</h3>
        <ul class="curated__models">
            {group
                .models
                .iter()
                .map(|model| view! { <ModelLine model=model slots=&[Slot::A, Slot::B] /> })
                .collect_view()}
        </ul>
    }
}

/// One model with its facts, and a button for each place that it can take.
#[component]
fn ModelLine(model: &'static Model, slots: &'static [Slot]) -> impl IntoView {
    let page = use_page();
    let session = use_session();
    let is_kept = move || page.shelf.read().keeps_some(model.repository);
    let button = move |slot: Slot| {
        let letter = slot.letter();
        view! {
            <Press
                testid=format!("curated-{letter}-{}", model.repository)
                spoken=format!("Load {} as {}", model.repository, slot.name())
                on_press=move |()| session.choose_model(slot, source_of(model))
            >
                "as "
                <span class=format!("legend__{letter}")>{letter.to_uppercase()}</span>
            </Press>
        }
    };
    view! {
        <li class="curated__model">
            <div class="curated__name">
                {model.repository}
                <span class="curated__facts">
                    {facts(model)} {move || if is_kept() { ", kept in this browser" } else { "" }}
                </span>
            </div>
            <div class="curated__buttons">{slots.iter().map(|&slot| button(slot)).collect_view()}</div>
        </li>
    }
}

/// With a capital letter and a full stop.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_sentences() {
        assert_eq!(sentence("the same data at two widths"), "The same data at two widths.");
    }
}
