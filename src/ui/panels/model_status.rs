//! Where one model stands, with the way out of it: bytes while it loads, its card when it is ready, what went wrong.

use leptos::prelude::*;

use super::press::Press;
use crate::browser::engine_client::Loaded;
use crate::hub::address::page_url;
use crate::protocol::{ErrorKind, HubPin};
use crate::ui::curated;
use crate::ui::session::use_session;
use crate::ui::state::{Failure, ModelState, ModelStatus, use_page};
use crate::ui::text::{bytes, grouped, short_commit};

/// The state of one model.
#[component]
pub fn ModelStatusView(
    /// The model's signals.
    model: ModelState,
) -> impl IntoView {
    // Bytes that arrive must not make the buttons anew, which would take the keyboard from them.
    let view = move || {
        match model.status.get() {
        ModelStatus::Empty => view! { <p class="hint">"Not loaded yet."</p> }.into_any(),
        ModelStatus::Asking => view! { <p class="hint">"Not in this browser yet: the link’s question above waits for you."</p> }.into_any(),
        ModelStatus::Twin => {
            view! { <p class="hint">"Built from model A’s hidden states and unembedding; nothing to load."</p> }.into_any()
        }
        ModelStatus::Loading => view! { <Loading model=model /> }.into_any(),
        ModelStatus::Ready(loaded) => view! { <Card model=model loaded=loaded /> }.into_any(),
        ModelStatus::Cancelled => view! {
            <p class="hint">"Loading was cancelled."</p>
            <AgainButton model=model label="Load again" />
        }
        .into_any(),
        ModelStatus::Failed(failure) => view! { <Failed model=model failure=failure /> }.into_any(),
    }
    };
    view! { <div class="model-box__status">{view}</div> }
}

/// For tests and for the style sheet.
pub fn status_code(status: &ModelStatus) -> &'static str {
    match status {
        ModelStatus::Empty => "empty",
        ModelStatus::Asking => "asking",
        ModelStatus::Loading => "loading",
        ModelStatus::Ready(_) => "ready",
        ModelStatus::Twin => "twin",
        ModelStatus::Cancelled => "cancelled",
        ModelStatus::Failed(_) => "failed",
    }
}

/// Bytes in all and per file, and a way to stop.
#[component]
fn Loading(model: ModelState) -> impl IntoView {
    let session = use_session();
    let letter = model.slot.letter();
    let download = model.download;
    let is_hub = model.source.with_untracked(|source| matches!(source, crate::lab::ModelSource::Hub { .. }));
    // Read aloud at every quarter only.
    let quarter = Memo::new(move |_| download.read().quarter());
    view! {
        <div class="loading">
            <progress
                aria-label=format!("Loading {}", model.slot.name())
                max=move || download.read().total.map(|total| total.to_string())
                value=move || download.read().total.map(|_| download.read().done.to_string())
            ></progress>
            <Press
                testid=format!("cancel-{letter}")
                spoken=format!("Cancel loading {}", model.slot.name())
                on_press=move |()| session.cancel(model.slot)
            >
                "Cancel"
            </Press>
            <span
                class="loading__bytes"
                data-testid=format!("progress-{letter}")
                data-done=move || download.read().done.to_string()
                data-total=move || download.read().total.map(|total| total.to_string())
                data-rate=move || download.read().rate.map(|rate| format!("{rate:.0}"))
            >
                {move || match download.read().words() {
                    words if words.is_empty() && is_hub => "Asking the Hub for its list of files…".into(),
                    words => words,
                }}
            </span>
            <span class="visually-hidden" role="status">
                {move || quarter.get().map(|percent| format!("{}: {percent}% loaded", model.slot.name()))}
            </span>
        </div>
        <Files model=model />
    }
}

/// One line per file of the Hub.
#[component]
fn Files(model: ModelState) -> impl IntoView {
    let letter = model.slot.letter();
    let names = Memo::new(move |_| {
        model
            .download
            .with(|download| download.files.iter().map(|file| file.name.clone()).collect::<Vec<_>>())
    });
    let line = move |(i, name): (usize, String)| {
        let file = Memo::new(move |_| model.download.with(|download| download.files.get(i).cloned()));
        let of_file = move |read: fn(&crate::protocol::FileProgress) -> String| {
            file.with(|file| file.as_ref().map(read))
        };
        view! {
            <li
                class="files__line"
                data-testid=format!("file-{letter}-{i}")
                data-name=name
                data-done=move || of_file(|file| file.done.to_string())
                data-total=move || file.with(|file| file.as_ref()?.total.map(|total| total.to_string()))
                data-cached=move || of_file(|file| file.from_cache.to_string())
            >
                <span class="files__name">{name.clone()}</span>
                <span>
                    {move || of_file(|file| match file.total {
                        Some(total) if file.done >= total => bytes(total),
                        Some(total) => format!("{} of {}", bytes(file.done), bytes(total)),
                        None => bytes(file.done),
                    })}
                </span>
                <span class="files__origin">
                    {move || of_file(|file| if file.from_cache { "from this browser".into() } else { String::new() })}
                </span>
            </li>
        }
    };
    move || {
        let names = names.get();
        (!names.is_empty()).then(
            || view! { <ul class="files">{names.into_iter().enumerate().map(line).collect_view()}</ul> },
        )
    }
}

/// What a ready model is and where it comes from.
#[component]
fn Card(model: ModelState, loaded: Loaded) -> impl IntoView {
    let page = use_page();
    let letter = model.slot.letter();
    let card = loaded.model.clone();
    let is_kept = move || page.is_kept(model);
    let (repository, commit) = loaded.pin.clone().map(|pin| (pin.repository, pin.commit)).unzip();
    let memory = move || Some(model.memory.get()).filter(|bytes| *bytes > 0);
    let weights = model.download.with_untracked(|download| download.weights());
    let sizes = move || {
        let mut parts = Vec::new();
        parts.extend(weights.map(|weights| format!("{} of weights", bytes(weights))));
        parts.extend(memory().map(|memory| format!("{} of memory", bytes(memory))));
        parts.extend(
            is_kept()
                .map(|kept| if kept { "kept in this browser" } else { "not kept in this browser" }.into()),
        );
        parts.join(", ")
    };
    view! {
        <div
            class="model-card"
            data-testid=format!("card-{letter}")
            data-repository=repository
            data-commit=commit
            data-memory=move || memory().map(|memory| memory.to_string())
            data-stored=move || is_kept().unwrap_or(false).to_string()
        >
            {loaded.pin.map(|pin| view! { <Origin pin=pin /> })}
            <p class="hint">
                {format!(
                    "{}, width {}, {} parameters, vocabulary {}",
                    card.architecture,
                    card.d_model,
                    grouped(card.parameters),
                    grouped(card.vocab_size),
                )}
            </p>
            <p class="hint">{sizes}</p>
            {loaded
                .note
                .map(|note| {
                    view! {
                        <p class="note" data-testid=format!("note-{letter}")>
                            {note}
                        </p>
                    }
                })}
            <Show when=move || !model.download.read().files.is_empty()>
                <details class="model-card__files">
                    <summary class="hint">"Files"</summary>
                    <Files model=model />
                </details>
            </Show>
        </div>
    }
}

/// Repository, commit and licence, with the way to the model's own page.
#[component]
fn Origin(pin: HubPin) -> impl IntoView {
    let page = use_page();
    let base = page.mirror.read_value().base.clone();
    let licence = {
        let pin = pin.clone();
        move || {
            let kept = page.shelf.with(|shelf| shelf.find(&pin.repository, &pin.commit)?.licence.clone());
            kept.or_else(|| curated::licence(&pin.repository).map(str::to_owned))
                .map(|licence| format!(", {licence}"))
        }
    };
    view! {
        <p class="model-card__origin">
            <a href=page_url(&base, &pin.repository, Some(&pin.commit)) target="_blank" rel="noreferrer">
                {pin.repository.clone()}
            </a>
            " at "
            <code title=pin.commit.clone()>{short_commit(&pin.commit).to_owned()}</code>
            {licence}
        </p>
    }
}

/// What went wrong, and what to do: again, or a smaller model of the same vocabulary.
#[component]
fn Failed(model: ModelState, failure: Failure) -> impl IntoView {
    let session = use_session();
    let letter = model.slot.letter();
    let smaller = (failure.kind == ErrorKind::TooLarge)
        .then(|| model.source.with_untracked(curated::smaller))
        .flatten();
    view! {
        <p class="error" role="alert" data-testid=format!("error-{letter}")>
            {failure.message}
        </p>
        <div class="model-box__ways">
            <AgainButton model=model label="Try again" />
            {smaller
                .map(|(source, label)| {
                    view! {
                        <Press
                            testid=format!("smaller-{letter}")
                            on_press=move |()| session.choose_model(model.slot, source.clone())
                        >
                            {label}
                        </Press>
                    }
                })}
        </div>
    }
}

#[component]
fn AgainButton(model: ModelState, label: &'static str) -> impl IntoView {
    let session = use_session();
    view! {
        <Press
            testid=format!("retry-{}", model.slot.letter())
            spoken=format!("{label}: {}", model.slot.name())
            on_press=move |()| session.reload(model.slot)
        >
            {label}
        </Press>
    }
}
