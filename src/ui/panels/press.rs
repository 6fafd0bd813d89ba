//! A button with words on it: one component for all of them, which keeps the page's code small.

use leptos::prelude::*;

/// A small button.
#[component]
pub fn Press(
    /// Its name for tests.
    #[prop(into)]
    testid: String,
    /// What a screen reader says where the words on it say too little; empty where they say enough.
    #[prop(into, optional)]
    spoken: String,
    /// It is what most visitors come for.
    #[prop(optional)]
    is_main: bool,
    /// What it does.
    #[prop(into)]
    on_press: Callback<()>,
    /// The words on it.
    children: Children,
) -> impl IntoView {
    let class = if is_main { "button button--small button--main" } else { "button button--small" };
    let spoken = (!spoken.is_empty()).then_some(spoken);
    view! {
        <button type="button" class=class data-testid=testid aria-label=spoken on:click=move |_| on_press.run(())>
            {children()}
        </button>
    }
}
