//! One model: which of those that come with the page, which of the Hub, or files of the visitor's own.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_i18n::{t, t_string, td_string};

use super::model_status::{ModelStatusView, status_code};
use crate::browser::page::{dropped_files, picked_files};
use crate::lab::ModelSource;
use crate::lab::catalogue::{CatalogueModel, Role};
use crate::text::{Locale, use_i18n};
use crate::theory::twin::{TwinKind, TwinRecipe, TwinStep};
use crate::ui::session::use_session;
use crate::ui::state::{ModelState, Slot, slot_name, use_page};

/// The twins of model A, for model B only.
const TWINS: [TwinKind; 10] = [
    TwinKind::ChangeOfBasis,
    TwinKind::DarkUnembedding,
    TwinKind::DarkEmbedding,
    TwinKind::DarkBoth,
    TwinKind::BreakParallelism,
    TwinKind::FakeParallelism,
    TwinKind::InPlace,
    TwinKind::Reduced,
    TwinKind::Truncated,
    TwinKind::ObservedOnly,
];

/// A twin as people read it.
fn twin_name(locale: Locale, kind: TwinKind) -> &'static str {
    match kind {
        TwinKind::ChangeOfBasis => td_string!(locale, models.twin.change_of_basis),
        TwinKind::DarkUnembedding => td_string!(locale, models.twin.dark_unembedding),
        TwinKind::DarkEmbedding => td_string!(locale, models.twin.dark_embedding),
        TwinKind::DarkBoth => td_string!(locale, models.twin.dark_both),
        TwinKind::BreakParallelism => td_string!(locale, models.twin.break_parallelism),
        TwinKind::FakeParallelism => td_string!(locale, models.twin.fake_parallelism),
        TwinKind::InPlace => td_string!(locale, models.twin.in_place),
        TwinKind::Reduced => td_string!(locale, models.twin.reduced),
        TwinKind::Truncated => td_string!(locale, models.twin.truncated),
        TwinKind::ObservedOnly => td_string!(locale, models.twin.observed_only),
    }
}

/// The picker and the state of one model.
#[component]
pub fn ModelBox(
    /// The model's signals.
    model: ModelState,
) -> impl IntoView {
    let session = use_session();
    let i18n = use_i18n();
    let letter = model.slot.letter();
    let name = move || slot_name(i18n.get_locale(), model.slot);
    let dragging = RwSignal::new(false);
    let select_id = format!("source-{letter}");
    let choose = move |code: String| {
        if let Some(source) = source_of(&code) {
            session.pick_model(model.slot, source);
        }
    };
    view! {
        <section
            class="model-box"
            class:model-box--dragging=dragging
            data-model=letter
            data-testid=format!("model-{letter}")
            data-status=move || status_code(&model.status.read())
            aria-label=name
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
                <label for=select_id.clone()>{name}</label>
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
                <FilePicker model=model folder=false />
                <FilePicker model=model folder=true />
                <span class="hint">{t!(i18n, models.drop_hint)}</span>
            </div>
            <ModelStatusView model=model />
        </section>
    }
}

/// The choices, the current one selected.
fn options(model: ModelState) -> impl IntoView {
    let i18n = use_i18n();
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
        groups(i18n.get_locale(), &page.bundled.read())
            .into_iter()
            .map(|(name, models)| {
                let options = models.into_iter().map(|(code, label)| option(code, label)).collect_view();
                view! { <optgroup label=name>{options}</optgroup> }
            })
            .collect_view()
    };
    let twins = move || {
        let locale = i18n.get_locale();
        (model.slot == Slot::B).then(|| {
            let options = TWINS.map(|kind| option(code_of(&twin(kind)), twin_name(locale, kind).into()));
            let options = options.into_iter().collect_view();
            view! { <optgroup label=td_string!(locale, models.twin.group)>{options}</optgroup> }
        })
    };
    // A link may bring a recipe that the list does not have.
    let own_recipe = move || match &*model.source.read() {
        ModelSource::Twin { recipe } if !recipe.is_plain() => {
            let code = format!("twin:{recipe}");
            Some(option(code, t_string!(i18n, models.twin.recipe, recipe = recipe.to_string())))
        }
        _ => None,
    };
    let elsewhere = move || match &*model.source.read() {
        ModelSource::Local { name, .. } => {
            Some(option("local".into(), t_string!(i18n, models.your_files, name = name.clone())))
        }
        ModelSource::Hub { repository, .. } => {
            Some(option("hub".into(), t_string!(i18n, models.from_hub, name = repository.clone())))
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
fn groups(locale: Locale, models: &[CatalogueModel]) -> Vec<(String, Vec<(String, String)>)> {
    let mut groups: Vec<(String, Vec<(String, String)>)> = Vec::new();
    for model in models {
        let world = model.world.clone();
        let group = match model.role {
            Role::Trained => td_string!(locale, models.group.trained, world),
            Role::Teacher => td_string!(locale, models.group.teachers, world),
            Role::Student => td_string!(locale, models.group.students, world),
        };
        let code = code_of(&ModelSource::Bundled { name: model.name.clone() });
        let choice = (code, label(locale, model));
        match groups.iter_mut().find(|(name, _)| *name == group) {
            Some((_, choices)) => choices.push(choice),
            None => groups.push((group, vec![choice])),
        }
    }
    groups
}

/// What people call a bundled model; the catalogue's own label is English.
fn label(locale: Locale, model: &CatalogueModel) -> String {
    match locale {
        Locale::en => model.label.clone(),
        Locale::ja => {
            let (name, width) = (model.name.clone(), model.width);
            let architecture = model.architecture.clone();
            td_string!(locale, models.bundled, name, architecture, width)
        }
    }
}

/// A model of the Hub by its name or address.
#[component]
fn HubBox(model: ModelState) -> impl IntoView {
    let session = use_session();
    let i18n = use_i18n();
    let letter = model.slot.letter();
    let name = move || slot_name(i18n.get_locale(), model.slot);
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
                placeholder=move || t_string!(i18n, models.hub_placeholder)
                data-testid=format!("hub-{letter}")
                aria-label=move || t_string!(i18n, models.hub_label, model = name())
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
                aria-label=move || t_string!(i18n, models.hub_load, model = name())
            >
                {t!(i18n, models.load)}
            </button>
            <div class="hub-box__error" id=error_id role="alert">
                {move || {
                    model
                        .wrong
                        .get()
                        .map(|fault| {
                            view! {
                                <p class="error" data-testid=format!("hub-error-{letter}")>
                                    {move || fault.words(i18n.get_locale())}
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
fn FilePicker(model: ModelState, folder: bool) -> impl IntoView {
    let i18n = use_i18n();
    let session = use_session();
    let name = move || {
        let model = slot_name(i18n.get_locale(), model.slot);
        if folder {
            t_string!(i18n, models.choose_folder, model)
        } else {
            t_string!(i18n, models.choose_files, model)
        }
    };
    let label = move || if folder { t_string!(i18n, models.folder) } else { t_string!(i18n, models.files) };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_survives_the_list() {
        let bundled = ["world-d32", "grove-w16-s1"].map(|name| ModelSource::Bundled { name: name.into() });
        let twins = TWINS.map(twin);
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
        let found = groups(Locale::en, &models);
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            ["World “english”: trained on texts", "World “grove”: students", "World “grove”: teachers"]
        );
        let choices = |code: &str, label: &str| (code.to_owned(), label.to_owned());
        assert_eq!(found[0].1, [choices("bundled:a", "A"), choices("bundled:c", "C")]);
    }
}
