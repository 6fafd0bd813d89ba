//! What is there for those who open it: a heading that unfolds, whose content is made only then.

use leptos::prelude::*;

/// A disclosure.
#[component]
pub fn Disclosure(
    /// Its name for tests.
    testid: &'static str,
    /// Its class.
    class: &'static str,
    /// What is always there.
    #[prop(into)]
    summary: ViewFn,
    /// What to do when it is opened.
    #[prop(into, default = Callback::new(|()| ()))]
    on_open: Callback<()>,
    /// What unfolds.
    children: ChildrenFn,
) -> impl IntoView {
    let is_open = RwSignal::new(false);
    view! {
        <details
            class=class
            data-testid=testid
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
