//! A button with words on it: one component for all of them, which keeps the page's code small.

use leptos::prelude::*;
use leptos::text_prop::TextProp;

/// A small button.
#[component]
pub fn Press(
    /// Its name for tests.
    #[prop(into)]
    testid: String,
    /// What a screen reader says where the words on it say too little.
    #[prop(into, optional)]
    spoken: Option<TextProp>,
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
    let spoken = spoken.map(|spoken| move || spoken.get().to_string());
    view! {
        <button type="button" class=class data-testid=testid aria-label=spoken on:click=move |_| on_press.run(())>
            {children()}
        </button>
    }
}
