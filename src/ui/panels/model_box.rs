//! One model: which, where it stands, and files of the visitor's own by picker or drag-and-drop.

use leptos::prelude::*;

use crate::browser::engine_client::Loaded;
use crate::browser::page::{dropped_files, picked_files};
use crate::lab::ModelSource;
use crate::theory::twin::{TwinKind, TwinRecipe, TwinStep};
use crate::ui::session::use_session;
use crate::ui::state::{BUNDLED, ModelState, ModelStatus, Slot};
use crate::ui::text::{bytes, grouped};

/// The twins of model A, for model B only, as people read them.
const TWINS: [(TwinKind, &str); 10] = [
    (TwinKind::ChangeOfBasis, "An exact twin of A: change of basis"),
    (TwinKind::DarkUnembedding, "An exact twin of A: dark unembedding"),
    (TwinKind::DarkEmbedding, "An exact twin of A: dark embedding"),
    (TwinKind::DarkBoth, "An exact twin of A: dark unembedding and embedding"),
    (TwinKind::BreakParallelism, "An exact twin of A: the concept’s parallelism broken"),
    (TwinKind::FakeParallelism, "An exact twin of A: parallelism faked for the concept"),
    (TwinKind::InPlace, "An exact twin of A: unused directions filled in place"),
    (TwinKind::Reduced, "An exact twin of A: as few dimensions as possible"),
    (TwinKind::Truncated, "No twin: A with one dimension too few"),
    (TwinKind::ObservedOnly, "No twin: equal to A only on what was observed"),
];

/// The picker and the state of one model.
#[component]
pub fn ModelBox(
    /// The model's signals.
    model: ModelState,
) -> impl IntoView {
    let session = use_session();
    let letter = model.slot.letter();
    let dragging = RwSignal::new(false);
    let select_id = format!("source-{letter}");
    let choose = move |code: String| {
        if let Some(source) = source_of(&code) {
            session.choose_model(model.slot, source);
        }
    };
    view! {
        <section
            class="model-box"
            class:model-box--dragging=dragging
            data-model=letter
            data-testid=format!("model-{letter}")
            data-status=move || status_code(&model.status.read())
            aria-label=model.slot.name()
            on:dragover=move |event| {
                event.prevent_default();
                dragging.set(true);
            }
            on:dragleave=move |_| dragging.set(false)
            on:drop=move |event| {
                event.prevent_default();
                dragging.set(false);
                session.pick_files(model.slot, dropped_files(&event));
            }
        >
            <div class="model-box__head">
                <span class=format!("badge legend__{letter}") aria-hidden="true">
                    {letter.to_uppercase()}
                </span>
                <label for=select_id.clone()>{model.slot.name()}</label>
            </div>
            <select
                id=select_id
                data-testid=format!("source-{letter}")
                on:change:target=move |event| choose(event.target().value())
            >
                {options(model)}
            </select>
            <div class="model-box__files">
                <FilePicker model=model folder=false label="Files…" />
                <FilePicker model=model folder=true label="Folder…" />
                <span class="hint">"or drop config.json, model.safetensors and tokenizer.json here"</span>
            </div>
            <div class="model-box__status">{move || status(model)}</div>
        </section>
    }
}

/// The choices, the current one selected.
fn options(model: ModelState) -> impl IntoView {
    let option = move |code: String, label: String| {
        let own = code.clone();
        view! {
            <option value=code prop:selected=move || code_of(&model.source.read()) == own>
                {label}
            </option>
        }
    };
    let bundled = BUNDLED.map(|(name, label)| option(format!("bundled:{name}"), label.into())).collect_view();
    let twins = (model.slot == Slot::B)
        .then(|| TWINS.map(|(kind, label)| option(code_of(&twin(kind)), label.into())).collect_view());
    // A link may bring a recipe that the list does not have.
    let own_recipe = move || match &*model.source.read() {
        ModelSource::Twin { recipe } if !TWINS.iter().any(|(kind, _)| is_plain(recipe, *kind)) => {
            Some(option(format!("twin:{recipe}"), format!("Built from A: {recipe}")))
        }
        _ => None,
    };
    let local = move || match &*model.source.read() {
        ModelSource::Local { name, .. } => Some(option("local".into(), format!("Your files: {name}"))),
        _ => None,
    };
    view! {
        {bundled}
        {twins}
        {own_recipe}
        {local}
    }
}

/// A button that opens the browser's file dialog.
#[component]
fn FilePicker(model: ModelState, folder: bool, label: &'static str) -> impl IntoView {
    let session = use_session();
    let name = format!("{}: {}", model.slot.name(), if folder { "choose a folder" } else { "choose files" });
    let testid = format!("{}-{}", if folder { "folder" } else { "files" }, model.slot.letter());
    view! {
        <label class="button button--small">
            {label}
            <input
                class="visually-hidden"
                type="file"
                multiple
                prop:webkitdirectory=folder
                aria-label=name
                data-testid=testid
                on:change:target=move |event| {
                    let input = event.target();
                    session.pick_files(model.slot, picked_files(&input));
                }
            />
        </label>
    }
}

/// Where the model stands, with the way out of it.
fn status(model: ModelState) -> AnyView {
    let session = use_session();
    let letter = model.slot.letter();
    match model.status.get() {
        ModelStatus::Empty => view! { <p class="hint">"Not loaded yet."</p> }.into_any(),
        ModelStatus::Twin => {
            view! { <p class="hint">"Built from model A’s hidden states and unembedding; nothing to load."</p> }.into_any()
        }
        ModelStatus::Loading { done, total } => {
            let words = match total {
                Some(total) => format!("{} of {}", bytes(done), bytes(total)),
                None => bytes(done),
            };
            view! {
                <div class="loading">
                    <progress
                        aria-label=format!("Loading {}", model.slot.name())
                        max=total.map(|total| total.to_string())
                        value=total.map(|_| done.to_string())
                    ></progress>
                    <span class="loading__bytes" data-testid=format!("progress-{letter}")>
                        {words}
                    </span>
                    <button
                        type="button"
                        class="button button--small"
                        data-testid=format!("cancel-{letter}")
                        aria-label=format!("Cancel loading {}", model.slot.name())
                        on:click=move |_| session.cancel(model.slot)
                    >
                        "Cancel"
                    </button>
                </div>
            }
            .into_any()
        }
        ModelStatus::Ready(Loaded { model: card, .. }) => view! {
            <p class="hint">
                {format!(
                    "{}, width {}, {} parameters, vocabulary {}",
                    card.architecture,
                    card.d_model,
                    grouped(card.parameters),
                    grouped(card.vocab_size),
                )}
            </p>
        }
        .into_any(),
        ModelStatus::Cancelled => view! {
            <p class="hint">
                "Loading was cancelled. "
                <button type="button" class="button button--small" on:click=move |_| session.reload(model.slot)>
                    "Load again"
                </button>
            </p>
        }
        .into_any(),
        ModelStatus::Failed(failure) => view! {
            <p class="error" role="alert" data-testid=format!("error-{letter}")>
                {failure.message}
            </p>
            <button type="button" class="button button--small" on:click=move |_| session.reload(model.slot)>
                "Try again"
            </button>
        }
        .into_any(),
    }
}

fn status_code(status: &ModelStatus) -> &'static str {
    match status {
        ModelStatus::Empty => "empty",
        ModelStatus::Loading { .. } => "loading",
        ModelStatus::Ready(_) => "ready",
        ModelStatus::Twin => "twin",
        ModelStatus::Cancelled => "cancelled",
        ModelStatus::Failed(_) => "failed",
    }
}

/// The code of a source in the list.
fn code_of(source: &ModelSource) -> String {
    match source {
        ModelSource::Bundled { name } => format!("bundled:{name}"),
        ModelSource::Twin { recipe } => format!("twin:{recipe}"),
        ModelSource::Local { .. } => "local".into(),
    }
}

/// The source behind a code; none for the visitor's own files, which are chosen by the picker.
fn source_of(code: &str) -> Option<ModelSource> {
    if let Some(name) = code.strip_prefix("bundled:") {
        return Some(ModelSource::Bundled { name: name.into() });
    }
    code.strip_prefix("twin:")?.parse().ok().map(|recipe| ModelSource::Twin { recipe })
}

/// One constructor with its default knob.
fn twin(kind: TwinKind) -> ModelSource {
    ModelSource::Twin { recipe: TwinRecipe(vec![TwinStep { kind, knob: None }]) }
}

fn is_plain(recipe: &TwinRecipe, kind: TwinKind) -> bool {
    recipe.0 == [TwinStep { kind, knob: None }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_survives_the_list() {
        let bundled = BUNDLED.map(|(name, _)| ModelSource::Bundled { name: name.into() });
        let twins = TWINS.map(|(kind, _)| twin(kind));
        for source in bundled.into_iter().chain(twins) {
            assert_eq!(source_of(&code_of(&source)), Some(source));
        }
        let composed = ModelSource::Twin { recipe: "dark-both=3+change-of-basis=50".parse().unwrap() };
        assert_eq!(source_of(&code_of(&composed)), Some(composed));
        assert_eq!(source_of("twin:nonsense"), None);
        let local = ModelSource::Local { name: "mine".into(), sha256: String::new() };
        assert_eq!(source_of(&code_of(&local)), None);
    }
}
