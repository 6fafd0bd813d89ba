//! Which concept the verdict speaks of.

use leptos::prelude::*;

use crate::lab::Concept;
use crate::ui::session::use_session;
use crate::ui::state::use_page;

/// The concepts that come with the page, and the one of an opened link.
#[component]
pub fn ConceptPicker() -> impl IntoView {
    let page = use_page();
    let session = use_session();
    let bundled =
        move || page.world.with(|world| world.as_ref().map(|w| w.concepts.clone()).unwrap_or_default());
    // A link may bring a concept of its own; it stands first, and under its own name.
    let of_link = move || {
        page.concept
            .get()
            .filter(|current| !bundled().contains(current) && !page.english.read().contains(current))
    };
    let all = move || -> Vec<Concept> {
        of_link().into_iter().chain(bundled()).chain(page.english.get()).collect()
    };
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
                let label = format!("{} ({} pairs)", concept.name, concept.pairs.len());
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
        let (own, bundled, english) = (Vec::from_iter(of_link()), bundled(), page.english.get());
        let (first_bundled, first_english) = (own.len(), own.len() + bundled.len());
        let english = (!english.is_empty()).then(|| {
            view! { <optgroup label="English, for vocabularies like GPT-2’s">{options(first_english, english)}</optgroup> }
        });
        view! {
            {options(0, own)}
            <optgroup label="The bundled world">{options(first_bundled, bundled)}</optgroup>
            {english}
        }
    };
    view! {
        <label class="concept">
            <span class="concept__name">"Concept"</span>
            <select data-testid="concept" on:change:target=move |event| choose(event.target().value())>
                {groups}
            </select>
        </label>
    }
}
