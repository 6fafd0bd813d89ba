//! Which concept the verdict speaks of.

use leptos::prelude::*;
use leptos_i18n::{t, t_string};

use crate::lab::Concept;
use crate::text::use_i18n;
use crate::ui::session::use_session;
use crate::ui::state::use_page;
use crate::ui::world::FIRST_WORLD;

/// The concepts that come with the page, and the one of an opened link.
#[component]
pub fn ConceptPicker() -> impl IntoView {
    let page = use_page();
    let session = use_session();
    let i18n = use_i18n();
    let bundled =
        move || page.world.with(|world| world.as_ref().map(|w| w.concepts.clone()).unwrap_or_default());
    let world_name = move || page.world.with(|world| world.as_ref().map(|w| w.name.clone()));
    // Models of the first world share its texts with models of the visitor's own, whose vocabularies are English.
    let english = move || match world_name() {
        Some(name) if name != FIRST_WORLD => Vec::new(),
        _ => page.english.get(),
    };
    // A link may bring a concept of its own; it stands first, and under its own name.
    let of_link = move || {
        page.concept.get().filter(|current| !bundled().contains(current) && !english().contains(current))
    };
    let all = move || -> Vec<Concept> { of_link().into_iter().chain(bundled()).chain(english()).collect() };
    let choose = move |index: String| {
        let chosen = index.parse::<usize>().ok().and_then(|index| all().get(index).cloned());
        if let Some(concept) = chosen {
            session.choose_concept(concept);
        }
    };
    let options = move |first: usize, concepts: Vec<Concept>| {
        (first..)
            .zip(concepts)
            .map(|(index, concept)| {
                let (name, count) = (concept.name.clone(), concept.pairs.len());
                let label = move || t_string!(i18n, page.concept.option, count = count, name = name.clone());
                let is_current = page.concept.with(|current| current.as_ref() == Some(&concept));
                view! {
                    <option value=index.to_string() prop:selected=is_current>
                        {label}
                    </option>
                }
            })
            .collect_view()
    };
    let groups = move || {
        let (own, bundled, english) = (Vec::from_iter(of_link()), bundled(), english());
        let (first_bundled, first_english) = (own.len(), own.len() + bundled.len());
        let english = (!english.is_empty()).then(|| {
            view! {
                <optgroup label=move || t_string!(i18n, page.concept.english)>{options(first_english, english)}</optgroup>
            }
        });
        view! {
            {options(0, own)}
            <optgroup label=move || t_string!(i18n, page.concept.world, name = world_name().unwrap_or_default())>{options(first_bundled, bundled)}</optgroup>
            {english}
        }
    };
    view! {
        <label class="concept">
            <span class="concept__name">{t!(i18n, page.concept.label)}</span>
            <select data-testid="concept" on:change:target=move |event| choose(event.target().value())>
                {groups}
            </select>
        </label>
    }
}
