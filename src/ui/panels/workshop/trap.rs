//! The trap "equal only on the prompts you looked at": set by one button, undone by one more prompt.

use leptos::prelude::*;
use leptos_i18n::{t, t_string};

use super::bench::{Bench, When};
use crate::text::use_i18n;
use crate::theory::twin::{TwinKind, TwinRecipe};
use crate::ui::session::use_session;
use crate::ui::state::use_page;
use crate::ui::workshop::trap::{Trap, TrapState, suggestion};
use crate::ui::workshop::{knobs, words};

/// The button, and what became of the trap.
#[component]
pub fn TrapBox(
    /// The bench.
    bench: Bench,
) -> impl IntoView {
    let i18n = use_i18n();
    let page = use_page();
    let n_prompts = Memo::new(move |_| bench.limits().n_prompts);
    let set = move |_| {
        let step = knobs::fresh(TwinKind::ObservedOnly, untrack(|| bench.limits()));
        bench.set(vec![step], When::Now);
    };
    let is_set = move || {
        bench.is_twin.get()
            && bench.steps.with(|steps| TwinRecipe(steps.clone()).is_for_observed_contexts_only())
    };
    let found =
        Memo::new(move |_| page.report.with(|report| report.as_ref().and_then(|report| Trap::of(report))));
    let story = move || {
        if !is_set() {
            return ().into_any();
        }
        match found.get().filter(|_| !page.phase.read().is_busy()) {
            Some(trap) => view! { <Story trap=trap /> }.into_any(),
            None => view! { <p>{t!(i18n, workshop.trap.waiting)}</p> }.into_any(),
        }
    };
    view! {
        <section class="workshop__trap" aria-labelledby="workshop-trap-title">
            <h3 id="workshop-trap-title">{t!(i18n, workshop.trap.title)}</h3>
            <p>{t!(i18n, workshop.trap.lead)}</p>
            <button
                type="button"
                class="button"
                data-testid="workshop-trap-set"
                prop:disabled=move || n_prompts.get() == 0
                on:click=set
            >
                {move || match n_prompts.get() {
                    0 => t_string!(i18n, workshop.trap.none).to_owned(),
                    n => t_string!(i18n, workshop.trap.set, count = n as u32),
                }}
            </button>
            <div class="workshop__story" aria-live="polite" data-testid="workshop-trap">
                {story}
            </div>
            <Show when=is_set>
                <p class="hint">{t!(i18n, workshop.trap.only_prompts)}</p>
            </Show>
        </section>
    }
}

/// What the prompts found.
#[component]
fn Story(trap: Trap) -> impl IntoView {
    let i18n = use_i18n();
    let (code, may_spring) = match trap.state {
        TrapState::Holds { .. } => ("holds", true),
        TrapState::NotYet => ("not-yet", true),
        TrapState::Sprung { .. } => ("sprung", false),
        TrapState::Leaks => ("leaks", false),
    };
    let lines = move || {
        words::trap(i18n.get_locale(), &trap).into_iter().map(|line| view! { <p>{line}</p> }).collect_view()
    };
    view! {
        <div class="workshop__found" data-testid="workshop-trap-state" data-state=code>
            {lines}
        </div>
        {may_spring.then(|| view! { <OneMore /> })}
    }
}

/// A prompt that is not asked yet, on a button.
#[component]
fn OneMore() -> impl IntoView {
    let i18n = use_i18n();
    let page = use_page();
    let session = use_session();
    let prompt = move || {
        let asked = page.prompts.with(|prompts| prompts.iter().map(|p| p.text.clone()).collect::<Vec<_>>());
        page.world.with(|world| {
            let presets = world.iter().flat_map(|world| &world.presets).flat_map(|set| &set.prompts);
            suggestion(presets, &asked)
        })
    };
    let button = move || {
        prompt().map(|prompt| {
            let words = prompt.clone();
            view! {
                <button
                    type="button"
                    class="button button--main"
                    data-testid="workshop-trap-add"
                    on:click=move |_| {
                        page.add_prompt(prompt.clone());
                        session.prompts_edited();
                    }
                >
                    {move || t_string!(i18n, workshop.trap.add, prompt = words.clone())}
                </button>
            }
        })
    };
    view! {
        <p class="workshop__next">{t!(i18n, workshop.trap.next)}</p>
        {button}
    }
}
