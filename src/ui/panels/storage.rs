//! What this browser keeps: a list to look through and to delete from.

use leptos::prelude::*;

use super::disclosure::Disclosure;
use super::press::Press;
use crate::browser::model_cache::{KeptModel, Room};
use crate::ui::session::use_session;
use crate::ui::shelf::Shelf;
use crate::ui::state::use_page;
use crate::ui::text::{bytes, short_commit};

/// The disclosure.
#[component]
pub fn StoragePanel() -> impl IntoView {
    let page = use_page();
    let session = use_session();
    let summary = move || {
        view! {
            <span class="library__title">"Models in this browser"</span>
            <span class="hint">{move || in_short(&page.shelf.read())}</span>
        }
    };
    let look = Callback::new(move |()| session.refresh_shelf());
    let list = move || {
        let shelf = page.shelf.read();
        let n_models = shelf.models.as_ref().map_or(0, Vec::len);
        let lines = shelf.models.iter().flatten().cloned().enumerate();
        let lines = lines.map(|(i, stored)| view! { <Line index=i stored=stored /> }).collect_view();
        (n_models > 0).then(|| view! {
            <ul class="shelf">{lines}</ul>
            <div class="shelf__foot">
                <Press testid="stored-delete-all" on_press=move |()| session.delete_all_stored()>
                    "Delete all"
                </Press>
                <span class="hint">"A deleted model can be had again by loading it again. What is loaded now goes on."</span>
            </div>
        })
    };
    view! {
        <Disclosure testid="storage" class="library__item" summary=summary on_open=look>
            <p class="hint" role="status">{move || state_of(&page.shelf.read())}</p>
            {list}
            {move || page.shelf.read().room.map(|room| view! { <RoomView room=room /> })}
        </Disclosure>
    }
}

/// One model with its size and its end.
#[component]
fn Line(index: usize, stored: KeptModel) -> impl IntoView {
    let session = use_session();
    let to_delete = stored.clone();
    let name = format!("Delete {} ({})", stored.repository, bytes(stored.n_bytes));
    view! {
        <li
            class="shelf__line"
            data-testid=format!("stored-{index}")
            data-repository=stored.repository.clone()
            data-bytes=stored.n_bytes.to_string()
        >
            <span class="shelf__name">
                {stored.repository.clone()}
                " "
                <code title=stored.commit.clone()>{short_commit(&stored.commit).to_owned()}</code>
            </span>
            <span class="shelf__size">{bytes(stored.n_bytes)}</span>
            <Press
                testid=format!("stored-delete-{index}")
                spoken=name
                on_press=move |()| session.delete_stored(to_delete.clone())
            >
                "Delete"
            </Press>
        </li>
    }
}

/// How much of the room is used, and whether it is promised.
#[component]
fn RoomView(room: Room) -> impl IntoView {
    let promise = if room.is_persistent {
        "The browser has promised to keep it until you delete it."
    } else {
        "The browser may clear it when it runs short of room."
    };
    view! {
        <div
            class="shelf__room"
            data-testid="quota"
            data-used=format!("{:.0}", room.used)
            data-available=format!("{:.0}", room.quota)
        >
            <meter min="0" max=room.quota.to_string() value=room.used.to_string() aria-label="Room used"></meter>
            <p class="hint">
                {format!("{} of {} used by this page. {promise}", bytes(room.used as u64), bytes(room.quota as u64))}
            </p>
        </div>
    }
}

/// Beside the heading.
fn in_short(shelf: &Shelf) -> String {
    match &shelf.models {
        _ if shelf.absent.is_some() => "nothing can be kept here".into(),
        None => String::new(),
        Some(models) => match models.len() {
            0 => "none".into(),
            1 => format!("1 model, {}", bytes(shelf.n_bytes())),
            n => format!("{n} models, {}", bytes(shelf.n_bytes())),
        },
    }
}

/// What the list shows, in a sentence.
fn state_of(shelf: &Shelf) -> String {
    match (&shelf.absent, &shelf.models) {
        (Some(why), _) => format!("{why} Models are downloaded anew on every visit."),
        (None, None) => "Looking…".into(),
        (None, Some(models)) if models.is_empty() => {
            "No model of the Hub is kept here. What you load is kept, checked on every load, and listed here."
                .into()
        }
        (None, Some(_)) => {
            "Kept in this browser only, and checked against their digests on every load.".into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(name: &str, n_bytes: u64) -> KeptModel {
        KeptModel {
            repository: name.into(),
            commit: "c0ffee".into(),
            revision: None,
            licence: None,
            n_bytes,
            kept_at_millis: 0,
        }
    }

    #[test]
    fn the_shelf_says_what_it_holds() {
        let none = Shelf::default();
        assert_eq!((in_short(&none), state_of(&none)), (String::new(), "Looking…".into()));
        let empty = Shelf { models: Some(Vec::new()), ..Shelf::default() };
        assert_eq!(in_short(&empty), "none");
        assert!(state_of(&empty).starts_with("No model of the Hub is kept here"));
        let two = Shelf {
            models: Some(vec![stored("a/b", 28_000_000), stored("a/c", 2_000_000)]),
            ..Shelf::default()
        };
        assert_eq!(in_short(&two), "2 models, 30.0 MB");
        let keeps = |repository, commit| two.find(repository, commit).is_some();
        assert!(keeps("a/b", "c0ffee") && !keeps("a/b", "dead") && !keeps("a/d", "c0ffee"));
        let absent = Shelf { absent: Some("This window keeps nothing.".into()), ..two };
        assert_eq!(
            state_of(&absent),
            "This window keeps nothing. Models are downloaded anew on every visit."
        );
    }
}
