//! The visitor's prompts: add, edit, remove, presets.

use leptos::prelude::*;
use leptos_i18n::{t, t_string};

use crate::protocol::ErrorKind;
use crate::text::use_i18n;
use crate::ui::session::use_session;
use crate::ui::state::{Phase, Prompt, use_page};

/// The list and what can be done with it.
#[component]
pub fn PromptEditor() -> impl IntoView {
    let page = use_page();
    let session = use_session();
    let i18n = use_i18n();
    let failure = move || match &*page.phase.read() {
        Phase::Failed(failure) if failure.kind == ErrorKind::BadPrompt => {
            Some(failure.words(i18n.get_locale()))
        }
        _ => None,
    };
    view! {
        <section class="prompts" aria-labelledby="prompts-title">
            <h2 id="prompts-title" class="prompts__title">
                {t!(i18n, page.prompts.title)}
            </h2>
            <ol class="prompts__list">
                <ForEnumerate
                    each=move || page.prompts.get()
                    key=|prompt| prompt.id
                    children=|index, prompt| view! { <PromptLine index=index prompt=prompt /> }
                />
            </ol>
            {move || {
                failure()
                    .map(|message| {
                        view! {
                            <p class="error" role="alert" data-testid="prompt-error">
                                {message}
                            </p>
                        }
                    })
            }}
            <div class="prompts__actions">
                <button
                    type="button"
                    class="button"
                    data-testid="prompt-add"
                    on:click=move |_| {
                        page.add_prompt(String::new());
                        session.prompts_edited();
                    }
                >
                    {t!(i18n, page.prompts.add)}
                </button>
                <Presets />
            </div>
        </section>
    }
}

/// One prompt.
#[component]
fn PromptLine(index: ReadSignal<usize>, prompt: Prompt) -> impl IntoView {
    let page = use_page();
    let session = use_session();
    let i18n = use_i18n();
    let id = prompt.id;
    let text = Memo::new(move |_| {
        page.prompts
            .with(|prompts| prompts.iter().find(|p| p.id == id).map(|p| p.text.clone()).unwrap_or_default())
    });
    let is_blank = move || text.read().trim().is_empty();
    let hint_id = format!("prompt-hint-{id}");
    view! {
        <li class="prompts__item">
            <input
                type="text"
                class="prompts__text"
                autocomplete="off"
                spellcheck="false"
                placeholder="emma is the"
                data-testid=move || format!("prompt-{}", index.get())
                aria-label=move || t_string!(i18n, page.prompts.prompt_n, n = index.get() + 1)
                aria-describedby=hint_id.clone()
                prop:value=text
                on:input:target=move |event| {
                    page.edit_prompt(id, event.target().value());
                    session.prompts_edited();
                }
            />
            <button
                type="button"
                class="button button--icon"
                data-testid=move || format!("prompt-remove-{}", index.get())
                aria-label=move || t_string!(i18n, page.prompts.remove_n, n = index.get() + 1)
                on:click=move |_| {
                    page.remove_prompt(id);
                    session.prompts_edited();
                }
            >
                "×"
            </button>
            <p class="prompts__hint" id=hint_id>
                {move || if is_blank() { t_string!(i18n, page.prompts.empty) } else { "" }}
            </p>
        </li>
    }
}

/// Prompts that come with the page.
#[component]
fn Presets() -> impl IntoView {
    let page = use_page();
    let session = use_session();
    let i18n = use_i18n();
    let presets =
        move || page.world.with(|world| world.as_ref().map(|w| w.presets.clone()).unwrap_or_default());
    view! {
        <label class="presets">
            <span class="visually-hidden">{t!(i18n, page.prompts.preset_label)}</span>
            <select
                data-testid="presets"
                on:change:target=move |event| {
                    let select = event.target();
                    let text = select.value();
                    if !text.is_empty() {
                        page.add_prompt(text);
                        session.prompts_edited();
                    }
                    select.set_selected_index(0);
                }
            >
                <option value="">{t!(i18n, page.prompts.preset)}</option>
                {move || {
                    presets()
                        .into_iter()
                        .map(|set| {
                            view! {
                                <optgroup label=set.name>
                                    {set
                                        .prompts
                                        .into_iter()
                                        .map(|text| view! { <option>{text}</option> })
                                        .collect_view()}
                                </optgroup>
                            }
                        })
                        .collect_view()
                }}
            </select>
        </label>
    }
}
