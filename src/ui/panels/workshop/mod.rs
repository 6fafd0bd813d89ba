//! The twin workshop: build a model with the same outputs and other insides, and watch what moves.

mod bench;
mod consequences;
mod picker;
mod steps;
mod trap;

use leptos::prelude::*;
use leptos_i18n::{t, t_string};

use self::bench::Bench;
use self::consequences::Consequences;
use self::picker::Picker;
use self::steps::{RecipeLine, Steps};
use self::trap::TrapBox;
use crate::text::use_i18n;

/// One line until the visitor opens it or model B is a twin.
#[component]
pub fn WorkshopPanel() -> impl IntoView {
    let i18n = use_i18n();
    let bench = Bench::new();
    let is_open = RwSignal::new(false);
    Effect::new(move |_| {
        if bench.is_twin.get() {
            is_open.set(true);
        }
    });
    view! {
        <details
            class="workshop"
            data-testid="workshop"
            prop:open=is_open
            on:toggle:target=move |event| is_open.set(event.target().open())
        >
            <summary>
                <h2 class="workshop__title">{t!(i18n, workshop.title)}</h2>
                <span class="hint">{t!(i18n, workshop.about)}</span>
            </summary>
            <Show when=move || is_open.get()>
                <div class="workshop__body">
                    <p class="workshop__lead">{t!(i18n, workshop.lead)}</p>
                    <section class="workshop__knobs" aria-label=move || t_string!(i18n, workshop.steps)>
                        <Picker bench=bench />
                        <Steps bench=bench />
                        <RecipeLine bench=bench />
                    </section>
                    <Consequences bench=bench />
                    <TrapBox bench=bench />
                </div>
            </Show>
        </details>
    }
}
