//! Where one model stands, with the way out of it: bytes while it loads, its card when it is ready, what went wrong.

use leptos::prelude::*;
use leptos::text_prop::TextProp;
use leptos_i18n::{t, t_string, td_string};

use super::press::Press;
use crate::browser::engine_client::Loaded;
use crate::hub::address::page_url;
use crate::protocol::{ErrorKind, HubPin};
use crate::text::numbers::grouped;
use crate::text::use_i18n;
use crate::ui::curated;
use crate::ui::failure::Failure;
use crate::ui::faults;
use crate::ui::session::use_session;
use crate::ui::state::{ModelState, ModelStatus, slot_name, use_page};
use crate::ui::text::{bytes, short_commit};

/// The state of one model.
#[component]
pub fn ModelStatusView(
    /// The model's signals.
    model: ModelState,
) -> impl IntoView {
    let i18n = use_i18n();
    // Bytes that arrive must not make the buttons anew, which would take the keyboard from them.
    let view = move || match model.status.get() {
        ModelStatus::Empty => view! { <p class="hint">{t!(i18n, models.status.empty)}</p> }.into_any(),
        ModelStatus::Asking => view! { <p class="hint">{t!(i18n, models.status.asking)}</p> }.into_any(),
        ModelStatus::Twin => view! { <p class="hint">{t!(i18n, models.status.twin)}</p> }.into_any(),
        ModelStatus::Loading => view! { <Loading model=model /> }.into_any(),
        ModelStatus::Ready(loaded) => view! { <Card model=model loaded=loaded /> }.into_any(),
        ModelStatus::Cancelled => view! {
            <p class="hint">{t!(i18n, models.status.cancelled)}</p>
            <AgainButton model=model label=move || t_string!(i18n, models.load_again) />
        }
        .into_any(),
        ModelStatus::Failed(failure) => view! { <Failed model=model failure=failure /> }.into_any(),
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
    let i18n = use_i18n();
    let letter = model.slot.letter();
    let name = move || slot_name(i18n.get_locale(), model.slot);
    let download = model.download;
    let is_hub = model.source.with_untracked(|source| matches!(source, crate::lab::ModelSource::Hub { .. }));
    // Read aloud at every quarter, and where a host asks to wait.
    let quarter = Memo::new(move |_| download.read().quarter());
    let wait = Memo::new(move |_| download.read().wait_words(i18n.get_locale()));
    view! {
        <div class="loading">
            <progress
                aria-label=move || t_string!(i18n, models.status.loading, model = name())
                max=move || download.read().total.map(|total| total.to_string())
                value=move || download.read().total.map(|_| download.read().done.to_string())
            ></progress>
            <Press
                testid=format!("cancel-{letter}")
                spoken=move || t_string!(i18n, models.cancel_model, model = name())
                on_press=move |()| session.cancel(model.slot)
            >
                {t!(i18n, models.cancel)}
            </Press>
            <span
                class="loading__bytes"
                data-testid=format!("progress-{letter}")
                data-done=move || download.read().done.to_string()
                data-total=move || download.read().total.map(|total| total.to_string())
                data-rate=move || download.read().rate.map(|rate| format!("{rate:.0}"))
            >
                {move || match download.read().words(i18n.get_locale()) {
                    words if words.is_empty() && is_hub => {
                        t_string!(i18n, models.status.asking_hub).to_owned()
                    }
                    words => words,
                }}
            </span>
            <span class="visually-hidden" role="status">
                {move || {
                    let quarter = || {
                        let percent = quarter.get()?;
                        Some(t_string!(i18n, models.status.quarter, model = name(), percent))
                    };
                    wait.get().or_else(quarter)
                }}
            </span>
        </div>
        <Files model=model />
    }
}

/// One line per file of the Hub.
#[component]
fn Files(model: ModelState) -> impl IntoView {
    let i18n = use_i18n();
    let letter = model.slot.letter();
    let names = Memo::new(move |_| {
        model
            .download
            .with(|download| download.files.iter().map(|file| file.name.clone()).collect::<Vec<_>>())
    });
    let size = move |file: &crate::protocol::FileProgress| match file.total {
        Some(total) if file.done >= total => bytes(total),
        Some(total) => t_string!(i18n, models.of, done = bytes(file.done), total = bytes(total)),
        None => bytes(file.done),
    };
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
                    {move || file.with(|file| file.as_ref().map(size))}
                </span>
                <span class="files__origin">
                    {move || {
                        let is_cached = file.with(|file| file.as_ref().is_some_and(|file| file.from_cache));
                        if is_cached { t_string!(i18n, models.from_this_browser) } else { "" }
                    }}
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
    let i18n = use_i18n();
    let letter = model.slot.letter();
    let card = loaded.model.clone();
    let is_kept = move || page.is_kept(model);
    let (repository, commit) = loaded.pin.clone().map(|pin| (pin.repository, pin.commit)).unzip();
    let memory = move || Some(model.memory.get()).filter(|bytes| *bytes > 0);
    let weights = model.download.with_untracked(|download| download.weights());
    let sizes = move || {
        let locale = i18n.get_locale();
        let mut parts = Vec::new();
        parts.extend(weights.map(|weights| td_string!(locale, models.of_weights, size = bytes(weights))));
        parts.extend(memory().map(|memory| td_string!(locale, models.of_memory, size = bytes(memory))));
        let kept =
            |kept| if kept { td_string!(locale, models.kept) } else { td_string!(locale, models.not_kept) };
        parts.extend(is_kept().map(kept).map(str::to_owned));
        parts.join(td_string!(locale, models.separator))
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
                {move || t_string!(
                    i18n,
                    models.card,
                    architecture = card.architecture.clone(),
                    width = card.d_model,
                    parameters = grouped(card.parameters),
                    vocabulary = grouped(card.vocab_size),
                )}
            </p>
            <p class="hint">{sizes}</p>
            {loaded
                .note
                .map(|note| {
                    view! {
                        <p class="note" data-testid=format!("note-{letter}")>
                            {move || faults::note(i18n.get_locale(), &note)}
                        </p>
                    }
                })}
            <Show when=move || !model.download.read().files.is_empty()>
                <details class="model-card__files">
                    <summary class="hint">{t!(i18n, models.file_list)}</summary>
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
    let i18n = use_i18n();
    let base = page.mirror.read_value().base.clone();
    let licence = {
        let pin = pin.clone();
        move || {
            let kept = page.shelf.with(|shelf| shelf.find(&pin.repository, &pin.commit)?.licence.clone());
            kept.or_else(|| curated::licence(&pin.repository).map(str::to_owned))
                .map(|licence| format!("{}{licence}", t_string!(i18n, models.separator)))
        }
    };
    view! {
        <p class="model-card__origin">
            <a href=page_url(&base, &pin.repository, Some(&pin.commit)) target="_blank" rel="noreferrer">
                {pin.repository.clone()}
            </a>
            {t!(i18n, models.at)}
            <code title=pin.commit.clone()>{short_commit(&pin.commit).to_owned()}</code>
            {licence}
        </p>
    }
}

/// What went wrong, and what to do: again, or a smaller model of the same vocabulary.
#[component]
fn Failed(model: ModelState, failure: Failure) -> impl IntoView {
    let session = use_session();
    let i18n = use_i18n();
    let letter = model.slot.letter();
    let smaller = (failure.kind == ErrorKind::TooLarge)
        .then(|| model.source.with_untracked(curated::smaller))
        .flatten();
    view! {
        <p class="error" role="alert" data-testid=format!("error-{letter}")>
            {move || failure.words(i18n.get_locale())}
        </p>
        <div class="model-box__ways">
            <AgainButton model=model label=move || t_string!(i18n, models.try_again) />
            {smaller
                .map(|smaller| {
                    let (repository, size) = (smaller.repository, bytes(smaller.download_bytes));
                    view! {
                        <Press
                            testid=format!("smaller-{letter}")
                            on_press=move |()| session.pick_model(model.slot, curated::source_of(smaller))
                        >
                            {move || t_string!(i18n, models.smaller, repository, size = size.clone())}
                        </Press>
                    }
                })}
        </div>
    }
}

#[component]
fn AgainButton(model: ModelState, #[prop(into)] label: TextProp) -> impl IntoView {
    let i18n = use_i18n();
    let session = use_session();
    let spoken_label = label.clone();
    view! {
        <Press
            testid=format!("retry-{}", model.slot.letter())
            spoken=move || {
                let place = slot_name(i18n.get_locale(), model.slot);
                t_string!(i18n, models.again_model, label = spoken_label.get().to_string(), model = place)
            }
            on_press=move |()| session.reload(model.slot)
        >
            {move || label.get().to_string()}
        </Press>
    }
}
