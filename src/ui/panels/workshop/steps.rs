//! The steps of the recipe with their knobs, and the recipe as text.

use leptos::prelude::*;
use leptos_i18n::{t, t_string};

use super::bench::{Bench, When};
use crate::text::use_i18n;
use crate::theory::twin::{DEFAULT_CONDITION, TwinKind, TwinRecipe, TwinStep};
use crate::ui::faults;
use crate::ui::panels::press::Press;
use crate::ui::workshop::knobs::{self, Number};
use crate::ui::workshop::words;

/// One item a step. A step is known by its place and its constructor: turning its knob leaves the knob in place.
#[component]
pub fn Steps(
    /// The bench.
    bench: Bench,
) -> impl IntoView {
    let i18n = use_i18n();
    let places =
        move || bench.steps.with(|steps| steps.iter().map(|step| step.kind).enumerate().collect::<Vec<_>>());
    let hides = move || bench.steps.with(|steps| TwinRecipe(steps.clone()).hides_by_itself());
    view! {
        <ol class="workshop__steps" data-testid="workshop-steps">
            <For each=places key=|place| *place children=move |(place, kind)| view! { <StepItem bench place kind /> } />
        </ol>
        {move || {
            bench
                .steps
                .read()
                .is_empty()
                .then(|| view! { <p class="hint" data-testid="workshop-none">{t!(i18n, workshop.no_twin)}</p> })
        }}
        {move || {
            hides()
                .then(|| view! { <p class="hint">{t!(i18n, workshop.hidden, condition = DEFAULT_CONDITION)}</p> })
        }}
    }
}

/// One step: its name, its knob, and buttons that move or remove it.
#[component]
fn StepItem(bench: Bench, place: usize, kind: TwinKind) -> impl IntoView {
    let i18n = use_i18n();
    let number = place + 1;
    let step = Memo::new(move |_| bench.steps.with(|steps| steps.get(place).copied().unwrap_or(kind.into())));
    let is_last = move || place + 1 >= bench.steps.read().len();
    let is_only = move || bench.steps.read().len() == 1 && bench.past.read().is_empty();
    let earlier = move |place| {
        let steps = knobs::moved_earlier(&bench.steps.get_untracked(), place);
        bench.set(steps, When::Now);
    };
    view! {
        <li class="workshop__step" data-testid=format!("workshop-step-{place}") data-kind=kind.name()>
            <h3 class="workshop__step-name">
                {move || t_string!(i18n, workshop.step, number = number, name = words::name(i18n.get_locale(), kind))}
            </h3>
            <div class="workshop__step-buttons">
                <Press
                    testid=format!("workshop-earlier-{place}")
                    spoken=move || t_string!(i18n, workshop.earlier, number = number)
                    size="button--icon"
                    is_disabled=place == 0
                    on_press=move |()| earlier(place)
                >
                    "↑"
                </Press>
                <Press
                    testid=format!("workshop-later-{place}")
                    spoken=move || t_string!(i18n, workshop.later, number = number)
                    size="button--icon"
                    is_disabled=Signal::derive(is_last)
                    on_press=move |()| earlier(place + 1)
                >
                    "↓"
                </Press>
                <Press
                    testid=format!("workshop-remove-{place}")
                    spoken=move || t_string!(i18n, workshop.remove, number = number)
                    size="button--icon"
                    is_disabled=Signal::derive(is_only)
                    on_press=move |()| bench.remove(place)
                >
                    "×"
                </Press>
            </div>
            {if kind.needs_pairs() {
                view! { <PairsKnob bench place step /> }.into_any()
            } else if knobs::number(kind.into(), untrack(|| bench.limits())).is_some() {
                view! { <NumberKnob bench place step /> }.into_any()
            } else {
                ().into_any()
            }}
        </li>
    }
}

/// A slider, and the number itself.
#[component]
fn NumberKnob(bench: Bench, place: usize, step: Memo<TwinStep>) -> impl IntoView {
    let i18n = use_i18n();
    let id = format!("workshop-knob-{place}");
    let shown = Memo::new(move |_| knobs::number(step.get(), bench.limits()));
    let of = move |value: fn(&Number) -> u64| move || shown.with(|number| number.as_ref().map_or(1, value));
    let name =
        move || shown.with(|n| n.as_ref().map_or("", |n| words::meaning(i18n.get_locale(), n.meaning)));
    let written = move || shown.with(|n| n.as_ref().and_then(|n| n.value).map(|v| v.to_string()));
    let turn = move |value: u64, when| bench.change(place, when, |step| knobs::with_number(step, value));
    let slide = move |position: String| {
        let at =
            position.parse().ok().zip(shown.get_untracked()).map(|(position, number)| number.at(position));
        if let Some(value) = at {
            turn(value, When::AtRest);
        }
    };
    view! {
        <div class="workshop__knob">
            <label for=id.clone()>{name}</label>
            <input
                type="range"
                id=id.clone()
                data-testid=id
                min="0"
                max=of(|number| number.stops.len().saturating_sub(1) as u64)
                prop:value=move || of(|number| number.position() as u64)().to_string()
                aria-valuetext=move || written().unwrap_or_else(|| t_string!(i18n, workshop.auto).to_owned())
                on:input:target=move |event| slide(event.target().value())
            />
            <input
                type="number"
                class="workshop__number"
                data-testid=format!("workshop-number-{place}")
                aria-label=move || t_string!(i18n, workshop.exact_number, knob = name())
                min=of(|number| number.range().0)
                max=of(|number| number.range().1)
                placeholder=move || t_string!(i18n, workshop.auto)
                prop:value=move || written().unwrap_or_default()
                on:change:target=move |event| {
                    if let Ok(value) = event.target().value().parse() {
                        turn(value, When::Now);
                    }
                }
            />
        </div>
    }
}

/// The concept's pairs, each with a box.
#[component]
fn PairsKnob(bench: Bench, place: usize, step: Memo<TwinStep>) -> impl IntoView {
    let i18n = use_i18n();
    let chosen = Memo::new(move |_| knobs::chosen(step.get(), bench.pairs.read().len()));
    let n_chosen = move || chosen.read().iter().filter(|is_chosen| **is_chosen).count();
    let choose = move |chosen: Vec<bool>, when| {
        let n_pairs = bench.pairs.with_untracked(Vec::len);
        bench.change(place, when, |step| knobs::with_chosen(step, &chosen, n_pairs));
    };
    let choose_first = move |n: usize| {
        let all = chosen.get_untracked().len();
        choose((0..all).map(|pair| pair < n).collect(), When::Now);
    };
    let boxes = move || {
        let pairs = bench.pairs.get().into_iter().take(chosen.with_untracked(Vec::len)).enumerate();
        pairs
            .map(|(pair, name)| {
                let is_chosen = move || chosen.read().get(pair).copied().unwrap_or(false);
                view! {
                    <label class="workshop__pair">
                        <input
                            type="checkbox"
                            data-testid=format!("workshop-pair-{place}-{pair}")
                            prop:checked=is_chosen
                            // One pair must stay chosen.
                            prop:disabled=move || is_chosen() && n_chosen() == 1
                            on:change:target=move |event| {
                                let mut boxes = chosen.get_untracked();
                                if let Some(ticked) = boxes.get_mut(pair) {
                                    *ticked = event.target().checked();
                                }
                                choose(boxes, When::AtRest);
                            }
                        />
                        {name}
                    </label>
                }
            })
            .collect_view()
    };
    view! {
        <fieldset class="workshop__pairs">
            <legend>
                {move || {
                    let all = bench.pairs.read().len();
                    match all {
                        0 => t_string!(i18n, workshop.pairs.waiting).to_owned(),
                        _ => {
                            let chosen = if step.get().knob.is_none() { all } else { n_chosen() };
                            t_string!(i18n, workshop.pairs.title, chosen = chosen, all = all)
                        }
                    }
                }}
            </legend>
            <div class="workshop__pair-buttons">
                <Press testid=format!("workshop-pairs-all-{place}") on_press=move |()| choose_first(usize::MAX)>
                    {t!(i18n, workshop.pairs.all)}
                </Press>
                <Press testid=format!("workshop-pairs-two-{place}") on_press=move |()| choose_first(2)>
                    {t!(i18n, workshop.pairs.first_two)}
                </Press>
            </div>
            <div class="workshop__pair-list">{boxes}</div>
        </fieldset>
    }
}

/// The recipe as text, which can be typed, and the ways back.
#[component]
pub fn RecipeLine(
    /// The bench.
    bench: Bench,
) -> impl IntoView {
    let i18n = use_i18n();
    let typed = RwSignal::new(String::new());
    Effect::new(move |_| bench.steps.with(|steps| typed.set(TwinRecipe(steps.clone()).to_string())));
    let follow = move || match typed.get_untracked().parse::<TwinRecipe>() {
        Ok(recipe) => bench.set(recipe.0, When::Now),
        Err(error) => bench.wrong.set(Some(error)),
    };
    let has_no_past = Signal::derive(move || bench.past.read().is_empty());
    view! {
        <form
            class="workshop__recipe"
            on:submit=move |event| {
                event.prevent_default();
                follow();
            }
        >
            <label for="workshop-recipe" class="workshop__label">{t!(i18n, workshop.recipe)}</label>
            <input
                type="text"
                id="workshop-recipe"
                data-testid="workshop-recipe"
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                placeholder="dark-unembedding=4+reduced"
                aria-describedby="workshop-recipe-hint workshop-wrong"
                aria-invalid=move || bench.wrong.read().is_some().then_some("true")
                prop:value=typed
                on:input:target=move |event| typed.set(event.target().value())
            />
            <button type="submit" class="button" data-testid="workshop-use">
                {t!(i18n, workshop.recipe_use)}
            </button>
            <p class="hint" id="workshop-recipe-hint">{t!(i18n, workshop.recipe_hint)}</p>
            <div id="workshop-wrong" class="workshop__wrong" role="alert">
                {move || {
                    bench
                        .wrong
                        .get()
                        .map(|error| {
                            let sentence = faults::recipe(i18n.get_locale(), &error);
                            view! { <p class="error" data-testid="workshop-error">{sentence}</p> }
                        })
                }}
            </div>
        </form>
        <div class="workshop__back">
            <Press testid="workshop-undo" size="" is_disabled=has_no_past on_press=move |()| bench.undo()>
                {t!(i18n, workshop.undo)}
            </Press>
            <Press testid="workshop-reset" size="" is_disabled=has_no_past on_press=move |()| bench.reset()>
                {t!(i18n, workshop.reset)}
            </Press>
        </div>
    }
}
