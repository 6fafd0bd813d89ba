//! A button with words or a sign on it: one component for all of them, which keeps the page's code small.

use leptos::prelude::*;
use leptos::text_prop::TextProp;

/// A button, small unless told otherwise.
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
    /// Its size, as a class.
    #[prop(default = "button--small")]
    size: &'static str,
    /// It cannot be pressed now.
    #[prop(into, optional)]
    is_disabled: Signal<bool>,
    /// What it does.
    #[prop(into)]
    on_press: Callback<()>,
    /// The words on it.
    children: Children,
) -> impl IntoView {
    let class = format!("button {size}{}", if is_main { " button--main" } else { "" });
    let spoken = spoken.map(|spoken| move || spoken.get().to_string());
    view! {
        <button
            type="button"
            class=class
            data-testid=testid
            aria-label=spoken
            prop:disabled=is_disabled
            on:click=move |_| on_press.run(())
        >
            {children()}
        </button>
    }
}
