//! What is there for those who open it: a heading that unfolds, whose content is made only then.

use leptos::prelude::*;

/// A disclosure.
#[component]
pub fn Disclosure(
    /// Its name for tests.
    #[prop(into)]
    testid: String,
    /// Its class.
    class: &'static str,
    /// Whether it is open: given by who keeps it open while its place is made anew.
    #[prop(default = RwSignal::new(false))]
    is_open: RwSignal<bool>,
    /// What is always there.
    #[prop(into)]
    summary: ViewFn,
    /// What to do when it is opened.
    #[prop(into, default = Callback::new(|()| ()))]
    on_open: Callback<()>,
    /// What unfolds.
    children: ChildrenFn,
) -> impl IntoView {
    view! {
        <details
            class=class
            data-testid=testid
            open=is_open.get_untracked()
            on:toggle:target=move |event| {
                let open = event.target().open();
                is_open.set(open);
                if open {
                    on_open.run(());
                }
            }
        >
            <summary>{move || summary.run()}</summary>
            <Show when=move || is_open.get()>{children()}</Show>
        </details>
    }
}
