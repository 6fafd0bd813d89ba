//! What this browser keeps: a list to look through and to delete from.

use leptos::prelude::*;
use leptos_i18n::{t, t_string, td_string};

use super::disclosure::Disclosure;
use super::press::Press;
use crate::browser::model_cache::{KeptModel, Room};
use crate::text::{Locale, use_i18n};
use crate::ui::faults;
use crate::ui::session::use_session;
use crate::ui::shelf::Shelf;
use crate::ui::state::use_page;
use crate::ui::text::{bytes, short_commit};

/// The disclosure.
#[component]
pub fn StoragePanel() -> impl IntoView {
    let page = use_page();
    let session = use_session();
    let i18n = use_i18n();
    let summary = move || {
        view! {
            <span class="library__title">{t!(i18n, models.shelf.title)}</span>
            <span class="hint">{move || in_short(i18n.get_locale(), &page.shelf.read())}</span>
        }
    };
    let look = Callback::new(move |()| session.refresh_shelf());
    let list = move || {
        let shelf = page.shelf.read();
        let n_models = shelf.models.as_ref().map_or(0, Vec::len);
        let lines = shelf.models.iter().flatten().cloned().enumerate();
        let lines = lines.map(|(i, stored)| view! { <Line index=i stored=stored /> }).collect_view();
        (n_models > 0).then(|| {
            view! {
                <ul class="shelf">{lines}</ul>
                <div class="shelf__foot">
                    <Delete
                        testid="stored-delete-all"
                        name=String::new()
                        n_bytes=shelf.n_bytes()
                        on_sure=move |()| session.delete_all_stored()
                    />
                    <span class="hint">{t!(i18n, models.shelf.deleted)}</span>
                </div>
            }
        })
    };
    view! {
        <Disclosure testid="storage" class="library__item" summary=summary on_open=look>
            <p class="hint" role="status">{move || state_of(i18n.get_locale(), &page.shelf.read())}</p>
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
            <Delete
                testid=format!("stored-delete-{index}")
                name=stored.repository.clone()
                n_bytes=stored.n_bytes
                on_sure=move |()| session.delete_stored(to_delete.clone())
            />
        </li>
    }
}

/// A deletion that says what it costs and is asked for twice: what is deleted takes a download to have again.
#[component]
fn Delete(
    #[prop(into)] testid: String,
    /// Of the model; empty: of all.
    name: String,
    n_bytes: u64,
    #[prop(into)] on_sure: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let asks = RwSignal::new(false);
    let is_all = name.is_empty();
    let label = move || {
        let size = bytes(n_bytes);
        match (asks.get(), is_all) {
            (true, _) => t_string!(i18n, models.shelf.sure, size),
            (false, true) => t_string!(i18n, models.shelf.delete_all).to_owned(),
            (false, false) => t_string!(i18n, models.shelf.delete).to_owned(),
        }
    };
    let spoken = move || match (asks.get(), is_all) {
        (false, false) => {
            t_string!(i18n, models.shelf.delete_name, name = name.clone(), size = bytes(n_bytes))
        }
        _ => label(),
    };
    let keep = format!("{testid}-keep");
    // The button stays, and the keyboard on it.
    view! {
        <span class="shelf__delete" role="group" aria-live="polite">
            <Press
                testid=testid
                spoken=spoken
                on_press=move |()| if asks.get_untracked() { on_sure.run(()) } else { asks.set(true) }
            >
                {label}
            </Press>
            <Show when=move || asks.get()>
                <Press testid=keep.clone() on_press=move |()| asks.set(false)>
                    {t!(i18n, models.shelf.keep)}
                </Press>
            </Show>
        </span>
    }
}

/// How much of the room is used, and whether it is promised.
#[component]
fn RoomView(room: Room) -> impl IntoView {
    let i18n = use_i18n();
    let words = move || {
        let promise = if room.is_persistent {
            t_string!(i18n, models.shelf.promised)
        } else {
            t_string!(i18n, models.shelf.not_promised)
        };
        let (used, quota) = (bytes(room.used as u64), bytes(room.quota as u64));
        t_string!(i18n, models.shelf.used, used, quota, promise)
    };
    view! {
        <div
            class="shelf__room"
            data-testid="quota"
            data-used=format!("{:.0}", room.used)
            data-available=format!("{:.0}", room.quota)
        >
            <meter
                min="0"
                max=room.quota.to_string()
                value=room.used.to_string()
                aria-label=move || t_string!(i18n, models.shelf.room)
            ></meter>
            <p class="hint">{words}</p>
        </div>
    }
}

/// Beside the heading.
fn in_short(locale: Locale, shelf: &Shelf) -> String {
    match &shelf.models {
        _ if shelf.absent.is_some() => td_string!(locale, models.shelf.nothing).to_owned(),
        None => String::new(),
        Some(models) if models.is_empty() => td_string!(locale, models.shelf.none).to_owned(),
        Some(models) => {
            td_string!(locale, models.shelf.n_models, count = models.len(), size = bytes(shelf.n_bytes()))
        }
    }
}

/// What the list shows, in a sentence.
fn state_of(locale: Locale, shelf: &Shelf) -> String {
    match (&shelf.absent, &shelf.models) {
        (Some(why), _) => td_string!(locale, models.shelf.absent, why = faults::not_kept(locale, *why)),
        (None, None) => td_string!(locale, models.shelf.looking).to_owned(),
        (None, Some(models)) if models.is_empty() => td_string!(locale, models.shelf.empty).to_owned(),
        (None, Some(_)) => td_string!(locale, models.shelf.checked).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::NotKept;

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
        assert_eq!(
            (in_short(Locale::en, &none), state_of(Locale::en, &none)),
            (String::new(), "Looking…".into())
        );
        let empty = Shelf { models: Some(Vec::new()), ..Shelf::default() };
        assert_eq!(in_short(Locale::en, &empty), "none");
        assert!(state_of(Locale::en, &empty).starts_with("No model of the Hub is kept here"));
        let two = Shelf {
            models: Some(vec![stored("a/b", 28_000_000), stored("a/c", 2_000_000)]),
            ..Shelf::default()
        };
        assert_eq!(in_short(Locale::en, &two), "2 models, 30.0 MB");
        assert_eq!(in_short(Locale::ja, &two), "2 個、30.0 MB");
        let one = Shelf { models: Some(vec![stored("a/b", 28_000_000)]), ..Shelf::default() };
        assert_eq!(in_short(Locale::en, &one), "1 model, 28.0 MB");
        let keeps = |repository, commit| two.find(repository, commit).is_some();
        assert!(keeps("a/b", "c0ffee") && !keeps("a/b", "dead") && !keeps("a/d", "c0ffee"));
        let absent = Shelf { absent: Some(NotKept::Refused), ..two };
        assert_eq!(
            state_of(Locale::en, &absent),
            "Nothing can be kept, because this browser refused to write to its cache. Models are downloaded anew on \
             every visit."
        );
        assert!(state_of(Locale::ja, &absent).contains("キャッシュへの書き込みを拒みました"));
    }
}
