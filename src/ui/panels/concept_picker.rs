//! Which concept the verdict speaks of.

use leptos::prelude::*;

use crate::ui::session::use_session;
use crate::ui::state::use_page;

/// The concepts that come with the page, and the one of an opened link.
#[component]
pub fn ConceptPicker() -> impl IntoView {
    let page = use_page();
    let session = use_session();
    let concepts = move || {
        let mut concepts =
            page.world.with(|world| world.as_ref().map(|w| w.concepts.clone()).unwrap_or_default());
        // A link may bring pairs of its own; they stand first, and under their own name.
        if let Some(current) = page.concept.get()
            && !concepts.contains(&current)
        {
            concepts.insert(0, current);
        }
        concepts
    };
    let choose = move |index: String| {
        let chosen = index.parse::<usize>().ok().and_then(|index| concepts().get(index).cloned());
        if let Some(concept) = chosen {
            session.choose_concept(concept);
        }
    };
    let options = move || {
        concepts()
            .into_iter()
            .enumerate()
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
    view! {
        <label class="concept">
            <span class="concept__name">"Property: parallelism of"</span>
            <select data-testid="concept" on:change:target=move |event| choose(event.target().value())>
                {options}
            </select>
        </label>
    }
}
