//! Public models and pairs that share a tokenizer: what each costs before anything moves, and buttons that load them.

use leptos::prelude::*;
use leptos_i18n::{t, t_string};

use super::disclosure::Disclosure;
use super::press::Press;
use crate::hub::HUB;
use crate::hub::curated::{GROUPS, Group, Model, PAIRS, Pair, find};
use crate::hub::progress::size_words;
use crate::text::use_i18n;
use crate::ui::curated::{facts, source_of, tokenizer, why};
use crate::ui::session::use_session;
use crate::ui::state::{Slot, use_page};

/// The disclosure.
#[component]
pub fn CuratedPanel() -> impl IntoView {
    let page = use_page();
    let i18n = use_i18n();
    let lead = move || {
        let from = match page.mirror.with_value(|mirror| mirror.base.clone()) {
            base if base == HUB => t_string!(i18n, models.curated.hub).to_owned(),
            base => base,
        };
        t_string!(i18n, models.curated.lead, from)
    };
    let summary = move || {
        view! {
            <span class="library__title">{t!(i18n, models.curated.title)}</span>
            <span class="hint">{t!(i18n, models.curated.hint)}</span>
        }
    };
    view! {
        <Disclosure testid="curated" class="library__item" summary=summary>
            <p class="hint">{lead}</p>
            <ol class="curated__pairs">
                {PAIRS.iter().enumerate().map(|(i, pair)| view! { <PairCard index=i pair=pair /> }).collect_view()}
            </ol>
            <details class="curated__all">
                <summary>{t!(i18n, models.curated.all)}</summary>
                {GROUPS.iter().map(|group| view! { <GroupList group=group /> }).collect_view()}
            </details>
        </Disclosure>
    }
}

/// Two models worth comparing, with what they cost together.
#[component]
fn PairCard(index: usize, pair: &'static Pair) -> impl IntoView {
    let session = use_session();
    let i18n = use_i18n();
    let (a, b) = find(pair.a).zip(find(pair.b))?;
    let in_all = size_words(a.download_bytes + b.download_bytes);
    let size = in_all.clone();
    let spoken = move || {
        t_string!(i18n, models.curated.load_both, a = a.repository, b = b.repository, size = size.clone())
    };
    Some(view! {
        <li class="curated__pair" data-testid=format!("curated-pair-{index}")>
            <div class="curated__head">
                <p class="curated__why">{move || why(i18n.get_locale(), pair.why)}</p>
                <Press
                    testid=format!("curated-load-{index}")
                    is_main=true
                    spoken=spoken
                    on_press=move |()| session.choose_pair(source_of(a), source_of(b))
                >
                    {move || t_string!(i18n, models.curated.load_pair, size = in_all.clone())}
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
    let i18n = use_i18n();
    view! {
        <h3 class="curated__tokenizer">{move || tokenizer(i18n.get_locale(), group)}</h3>
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
    let i18n = use_i18n();
    let is_kept = move || page.shelf.read().keeps_some(model.repository);
    let button = move |slot: Slot| {
        let letter = slot.letter();
        view! {
            <Press
                testid=format!("curated-{letter}-{}", model.repository)
                spoken=move || {
                    let place = letter.to_uppercase();
                    t_string!(i18n, models.curated.load_as, repository = model.repository, model = place)
                }
                on_press=move |()| session.pick_model(slot, source_of(model))
            >
                {t!(i18n, models.curated.as_letter)}
                <span class=format!("legend__{letter}")>{letter.to_uppercase()}</span>
            </Press>
        }
    };
    view! {
        <li class="curated__model">
            <div class="curated__name">
                {model.repository}
                <span class="curated__facts">
                    {move || facts(i18n.get_locale(), model)}
                    {move || if is_kept() { t_string!(i18n, models.curated.kept) } else { "" }}
                </span>
            </div>
            <div class="curated__buttons">{slots.iter().map(|&slot| button(slot)).collect_view()}</div>
        </li>
    }
}
