//! What happened meanwhile and what can be taken back, at the foot of the window until it is put away.

use leptos::prelude::*;
use leptos_i18n::{t, t_string};

use super::press::Press;
use crate::browser::page::is_within;
use crate::text::use_i18n;
use crate::ui::session::use_session;
use crate::ui::state::use_page;
use crate::ui::undo::Undo;

/// Where Ctrl+Z takes back what was typed.
const TYPING: &str = "input[type='text'], textarea, select";

/// A live region that is always there, so that what comes into it is read aloud.
#[component]
pub fn Notices() -> impl IntoView {
    let page = use_page();
    let session = use_session();
    let i18n = use_i18n();
    let recovered = move || {
        let told = page.recovered.get();
        (!told.is_empty()).then(|| {
            let sentences = told
                .into_iter()
                .map(|one| view! { <p data-testid="recovery">{move || one.words(i18n.get_locale())}</p> })
                .collect_view();
            view! {
                <div class="notice">
                    <div class="notice__words">{sentences}</div>
                    <Press testid="recovery-dismiss" on_press=move |()| page.recovered.update(Vec::clear)>
                        {t!(i18n, page.dismiss)}
                    </Press>
                </div>
            }
        })
    };
    let gone = move || page.undo.get().map(|gone| view! { <UndoBar gone=gone /> });
    window_event_listener(leptos::ev::keydown, move |event| {
        let is_undo = (event.ctrl_key() || event.meta_key()) && !event.shift_key() && event.key() == "z";
        if is_undo && !is_within(&event, TYPING) && page.undo.with_untracked(Option::is_some) {
            event.prevent_default();
            session.undo();
        }
    });
    view! {
        <div
            class="notices__live"
            role="status"
            aria-label=move || t_string!(i18n, page.notices)
            data-testid="notices"
        >
            {recovered}
            {gone}
        </div>
    }
}

/// What is gone, and the way back.
#[component]
fn UndoBar(gone: Undo) -> impl IntoView {
    let page = use_page();
    let session = use_session();
    let i18n = use_i18n();
    view! {
        <div class="notice">
            <p class="notice__words" data-testid="gone">
                {move || gone.words(i18n.get_locale())}
            </p>
            <p class="notice__ways">
                <button
                    type="button"
                    class="button button--small button--main"
                    data-testid="undo"
                    aria-keyshortcuts="Control+Z Meta+Z"
                    on:click=move |_| session.undo()
                >
                    {t!(i18n, page.undo.undo)}
                </button>
                <Press testid="undo-dismiss" on_press=move |()| page.undo.set(None)>
                    {t!(i18n, page.dismiss)}
                </Press>
            </p>
        </div>
    }
}
