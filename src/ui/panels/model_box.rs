//! One model: which of those that come with the page, which of the Hub, or files of the visitor's own.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::model_status::{ModelStatusView, status_code};
use crate::browser::page::{dropped_files, picked_files};
use crate::lab::ModelSource;
use crate::lab::catalogue::{CatalogueModel, Role};
use crate::theory::twin::{TwinKind, TwinRecipe, TwinStep};
use crate::ui::session::use_session;
use crate::ui::state::{ModelState, Slot, use_page};

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
                let files = dropped_files(&event);
                spawn_local(async move { session.pick_files(model.slot, files.await) });
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
            <HubBox model=model />
            <div class="model-box__files">
                <FilePicker model=model folder=false label="Files…" />
                <FilePicker model=model folder=true label="Folder…" />
                <span class="hint">"or drop a folder, or config.json, model.safetensors and tokenizer.json here"</span>
            </div>
            <ModelStatusView model=model />
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
    let page = use_page();
    let bundled = move || {
        groups(&page.bundled.read())
            .into_iter()
            .map(|(name, models)| {
                let options = models.into_iter().map(|(code, label)| option(code, label)).collect_view();
                view! { <optgroup label=name>{options}</optgroup> }
            })
            .collect_view()
    };
    let twins = (model.slot == Slot::B).then(|| {
        let options = TWINS.map(|(kind, label)| option(code_of(&twin(kind)), label.into())).collect_view();
        view! { <optgroup label="Built from A">{options}</optgroup> }
    });
    // A link may bring a recipe that the list does not have.
    let own_recipe = move || match &*model.source.read() {
        ModelSource::Twin { recipe } if !TWINS.iter().any(|(kind, _)| is_plain(recipe, *kind)) => {
            Some(option(format!("twin:{recipe}"), format!("Built from A: {recipe}")))
        }
        _ => None,
    };
    let elsewhere = move || match &*model.source.read() {
        ModelSource::Local { name, .. } => Some(option("local".into(), format!("Your files: {name}"))),
        ModelSource::Hub { repository, .. } => {
            Some(option("hub".into(), format!("From the Hub: {repository}")))
        }
        _ => None,
    };
    view! {
        {bundled}
        {twins}
        {own_recipe}
        {elsewhere}
    }
}

/// Bundled models by world and role, each as its code and its label.
fn groups(models: &[CatalogueModel]) -> Vec<(String, Vec<(String, String)>)> {
    let mut groups: Vec<(String, Vec<(String, String)>)> = Vec::new();
    for model in models {
        let role = match model.role {
            Role::Trained => "trained on texts",
            Role::Teacher => "teachers",
            Role::Student => "students",
        };
        let group = format!("World “{}”: {role}", model.world);
        let code = code_of(&ModelSource::Bundled { name: model.name.clone() });
        let choice = (code, model.label.clone());
        match groups.iter_mut().find(|(name, _)| *name == group) {
            Some((_, choices)) => choices.push(choice),
            None => groups.push((group, vec![choice])),
        }
    }
    groups
}

/// A model of the Hub by its name or address.
#[component]
fn HubBox(model: ModelState) -> impl IntoView {
    let session = use_session();
    let letter = model.slot.letter();
    let error_id = format!("hub-error-{letter}");
    view! {
        <form
            class="hub-box"
            on:submit=move |event| {
                event.prevent_default();
                session.choose_typed(model.slot);
            }
        >
            <input
                type="text"
                class="hub-box__address"
                inputmode="url"
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                placeholder="Hub: organisation/name"
                data-testid=format!("hub-{letter}")
                aria-label=format!("{} from the Hugging Face Hub: organisation/name or its address", model.slot.name())
                aria-invalid=move || model.wrong.read().is_some().then_some("true")
                aria-describedby=error_id.clone()
                prop:value=model.typed
                on:input:target=move |event| {
                    model.typed.set(event.target().value());
                    model.wrong.set(None);
                }
            />
            <button
                type="submit"
                class="button"
                data-testid=format!("hub-load-{letter}")
                aria-label=format!("Load {} from the Hub", model.slot.name())
            >
                "Load"
            </button>
            <div class="hub-box__error" id=error_id role="alert">
                {move || {
                    model
                        .wrong
                        .get()
                        .map(|sentence| {
                            view! {
                                <p class="error" data-testid=format!("hub-error-{letter}")>
                                    {sentence}
                                </p>
                            }
                        })
                }}
            </div>
        </form>
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

/// The code of a source in the list.
fn code_of(source: &ModelSource) -> String {
    match source {
        ModelSource::Bundled { name } => format!("bundled:{name}"),
        ModelSource::Twin { recipe } => format!("twin:{recipe}"),
        ModelSource::Local { .. } => "local".into(),
        ModelSource::Hub { .. } => "hub".into(),
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
        let bundled = ["world-d32", "grove-w16-s1"].map(|name| ModelSource::Bundled { name: name.into() });
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

    #[test]
    fn many_bundled_models_stand_in_groups() {
        let model = |name: &str, world: &str, role| CatalogueModel {
            name: name.into(),
            world: world.into(),
            label: name.to_uppercase(),
            architecture: "gpt2".into(),
            width: 16,
            seed: None,
            teacher: None,
            role,
        };
        let models = [
            model("a", "english", Role::Trained),
            model("b", "grove", Role::Student),
            model("c", "english", Role::Trained),
            model("d", "grove", Role::Teacher),
        ];
        let found = groups(&models);
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            ["World “english”: trained on texts", "World “grove”: students", "World “grove”: teachers"]
        );
        let choices = |code: &str, label: &str| (code.to_owned(), label.to_owned());
        assert_eq!(found[0].1, [choices("bundled:a", "A"), choices("bundled:c", "C")]);
    }
}
