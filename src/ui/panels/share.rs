//! A link that restores models, prompts and settings; nothing leaves the machine but the link itself.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::browser::page;
use crate::lab::ModelSource;
use crate::ui::session::use_session;
use crate::ui::state::use_page;

/// The button and what came of it.
#[component]
pub fn ShareButton() -> impl IntoView {
    let signals = use_page();
    let session = use_session();
    let address = RwSignal::new(None::<String>);
    let told = RwSignal::new(String::new());
    let share = move |_| match session.share() {
        Ok(link) => {
            address.set(Some(link.clone()));
            spawn_local(async move {
                let local = [signals.a, signals.b]
                    .into_iter()
                    .any(|model| matches!(*model.source.read_untracked(), ModelSource::Local { .. }));
                let copied =
                    if page::copy(&link).await { "Link copied." } else { "Copy the link from the box." };
                told.set(if local {
                    format!("{copied} It names your files but does not contain them.")
                } else {
                    copied.into()
                });
            });
        }
        Err(error) => told.set(error.to_string()),
    };
    view! {
        <div class="share">
            <button type="button" class="button" data-testid="share-link" on:click=share>
                "Copy share link"
            </button>
            {move || {
                address
                    .get()
                    .map(|link| {
                        view! {
                            <input
                                class="share__address"
                                type="text"
                                readonly
                                aria-label="Share link"
                                data-testid="share-url"
                                prop:value=link
                                on:focus:target=|event| event.target().select()
                            />
                        }
                    })
            }}
            <span role="status" class="hint">
                {told}
            </span>
        </div>
    }
}
