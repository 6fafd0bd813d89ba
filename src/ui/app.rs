//! The page: verdict first, then what to compare, then what it rests on.

use leptos::ev::DragEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_i18n::{t, t_string};

use super::address;
use super::language::{self, LanguageSwitch};
use super::lessons::LessonsPanel;
use super::panels::{
    ConceptPicker, CoupledMapPanel, CuratedPanel, DivergencesPanel, EmbedView, EngineLine, Explorer, LinkAsk,
    LinkNotes, ModelBox, NextTokensPanel, Notices, PromptEditor, PropertiesPanel, ReproductionPanel,
    SiteNotice, StoragePanel, VerdictPanel, VisibilityPanel, WorkshopPanel,
};
use super::session::Session;
use super::state::Page;
use super::turns::InTurn;
use crate::browser::{clock, page};
use crate::text::{I18nContextProvider, use_i18n};

/// Everything below the title, which stands in `index.html` already.
#[component]
pub fn App() -> impl IntoView {
    view! {
        <I18nContextProvider set_lang_attr_on_html=true>
            <Panels />
        </I18nContextProvider>
    }
}

/// Every panel, from the verdict down to what it rests on.
#[component]
fn Panels() -> impl IntoView {
    language::restore();
    language::name_page();
    let i18n = use_i18n();
    let page = Page::new();
    provide_context(page);
    let session = Session::start(page);
    provide_context(session);
    // A file that misses a model's box must not make the browser leave the page.
    window_event_listener(leptos::ev::dragover, |event| event.prevent_default());
    window_event_listener(leptos::ev::drop, move |event| drop_on_page(session, &event));
    if address::is_embedded(page::parameter("embed").as_deref()) {
        page::mark_root("data-embed", Some(""));
        return view! { <EmbedView /> }.into_any();
    }
    let mirror = move || {
        page.mirror.with_value(|mirror| {
            let class = if mirror.error.is_some() { "error" } else { "hint" };
            mirror.sentence(i18n.get_locale_untracked()).is_some().then(|| {
                let sentence = move || {
                    page.mirror.with_value(|mirror| mirror.sentence(i18n.get_locale()).unwrap_or_default())
                };
                view! { <p class=class data-testid="mirror">{sentence}</p> }
            })
        })
    };
    view! {
        <LanguageSwitch />
        {move || {
            page.link_error
                .get()
                .map(|fault| {
                    view! {
                        <p class="error error--banner" role="alert" data-testid="link-error">
                            {move || fault.words(i18n.get_locale())}
                            <button type="button" class="button button--small" on:click=move |_| page.link_error.set(None)>
                                {t!(i18n, page.dismiss)}
                            </button>
                        </p>
                    }
                })
        }}
        <LinkNotes />
        <LinkAsk />
        <VerdictPanel />
        <ReproductionPanel />
        <LessonsPanel />
        <InTurn turn=1>
            <section class="setup" aria-label=move || t_string!(i18n, page.what_to_compare)>
                <div class="setup__models">
                    <ModelBox model=page.a />
                    <ModelBox model=page.b />
                </div>
                <div class="library">
                    <CuratedPanel />
                    <StoragePanel />
                    {mirror()}
                </div>
                <div class="setup__asked">
                    <PromptEditor />
                    <ConceptPicker />
                </div>
                <EngineLine />
            </section>
        </InTurn>
        <InTurn turn=2>
            <WorkshopPanel />
            <Explorer />
            <NextTokensPanel />
        </InTurn>
        <InTurn turn=3>
            <DivergencesPanel />
        </InTurn>
        <InTurn turn=4>
            <PropertiesPanel />
        </InTurn>
        <InTurn turn=5>
            <VisibilityPanel />
            <CoupledMapPanel />
        </InTurn>
        <div class="notices">
            <SiteNotice />
            <Notices />
        </div>
    }
    .into_any()
}

/// A shared comparison may be dropped anywhere; a model's box takes what is dropped on it.
fn drop_on_page(session: Session, event: &DragEvent) {
    if event.default_prevented() {
        return;
    }
    event.prevent_default();
    let files = page::dropped_files(event);
    spawn_local(async move {
        if let Some(files) = files.await {
            session.open_chosen(&files);
        }
    });
}

/// Replaces the placeholder of `index.html` by the page.
pub fn mount() {
    page::show_panics();
    // A task of its own: the browser has just spent one on starting this program.
    clock::in_next_turn(|| {
        if let Some(element) = page::mount_point("app") {
            mount_to(element, || view! { <App /> }).forget();
            clock::mark("the page is mounted");
        }
    });
}
