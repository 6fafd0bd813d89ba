//! Which constructor comes next, with what it does before it is tried.

use leptos::prelude::*;
use leptos_i18n::{t, t_string};

use super::bench::{Bench, When};
use crate::text::use_i18n;
use crate::theory::twin::{MOST_STEPS, TwinKind};
use crate::ui::workshop::facts::facts;
use crate::ui::workshop::{knobs, words};

/// A list of constructors, the chosen one explained, and a button that adds it.
#[component]
pub fn Picker(
    /// The bench.
    bench: Bench,
) -> impl IntoView {
    let i18n = use_i18n();
    let kind = RwSignal::new(TwinKind::DarkUnembedding);
    let options = TwinKind::ALL.map(|choice| {
        view! {
            <option value=choice.name() prop:selected=move || kind.get() == choice>
                {move || words::name(i18n.get_locale(), choice)}
            </option>
        }
    });
    let is_full = move || bench.steps.read().len() >= MOST_STEPS;
    let add = move |_| {
        let limits = untrack(|| bench.limits());
        let mut steps = bench.steps.get_untracked();
        steps.push(knobs::fresh(kind.get_untracked(), limits));
        bench.set(steps, When::Now);
    };
    let fact = move |name: &'static str, value: &'static str| {
        view! {
            <div class="workshop__fact">
                <dt>{name}</dt>
                <dd>{value}</dd>
            </div>
        }
    };
    let explained = move || {
        let (locale, kind) = (i18n.get_locale(), kind.get());
        let known = facts(kind);
        view! {
            <p>{words::what(locale, kind)}</p>
            <dl class="workshop__facts">
                {fact(t_string!(i18n, workshop.facts.changes), words::changes(locale, known.changes))}
                {fact(t_string!(i18n, workshop.facts.distribution), words::exactness(locale, known.exactness))}
                {fact(t_string!(i18n, workshop.facts.raw), words::effect(locale, known.raw))}
                {fact(t_string!(i18n, workshop.facts.visible), words::effect(locale, known.visible))}
            </dl>
        }
    };
    view! {
        <div class="workshop__picker">
            <label class="workshop__pick">
                <span class="workshop__label">{t!(i18n, workshop.pick)}</span>
                <select
                    data-testid="workshop-kind"
                    on:change:target=move |event| {
                        if let Ok(chosen) = event.target().value().parse() {
                            kind.set(chosen);
                        }
                    }
                >
                    {options}
                </select>
            </label>
            <button
                type="button"
                class="button button--main"
                data-testid="workshop-add"
                prop:disabled=is_full
                on:click=add
            >
                {t!(i18n, workshop.add)}
            </button>
            <div class="workshop__explained" aria-live="polite" data-testid="workshop-explained">
                {explained}
            </div>
            {move || is_full().then(|| view! { <p class="hint">{t!(i18n, workshop.full, most = MOST_STEPS)}</p> })}
        </div>
    }
}
