//! A link that restores models, prompts, settings and result; the same as a file; and the report in forms that other
//! programs read. Nothing leaves the machine but what the visitor passes on.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_i18n::{t, t_string, td_string};

use super::disclosure::Disclosure;
use super::press::Press;
use crate::browser::export::save;
use crate::browser::page::{self, picked_files};
use crate::figures::report_page::report_page;
use crate::lab::export::{csv, python};
use crate::lab::link::{self, LinkError};
use crate::lab::{ModelSource, Report};
use crate::text::{Locale, use_i18n};
use crate::ui::address;
use crate::ui::faults;
use crate::ui::session::{Session, use_session};
use crate::ui::state::{Page, use_page};

/// What the button and the exports tell.
#[derive(Clone, Copy)]
struct Told {
    /// Something to copy by hand.
    address: RwSignal<Option<String>>,
    /// What came of it.
    sentence: RwSignal<String>,
}

/// The button, what came of it, and everything else that can be passed on.
#[component]
pub fn ShareButton() -> impl IntoView {
    let i18n = use_i18n();
    let page = use_page();
    let session = use_session();
    let told = Told { address: RwSignal::new(None), sentence: RwSignal::new(String::new()) };
    let share = move |_| {
        let locale = i18n.get_locale_untracked();
        match session.share() {
            Ok(link) => {
                let more = what_a_link_lacks(locale, page, session);
                offer(locale, told, link, more);
            }
            Err(error) => told.sentence.set(why_no_link(locale, &error)),
        }
    };
    view! {
        <div class="share">
            <button type="button" class="button" data-testid="share-link" on:click=share>
                {t!(i18n, share.copy_link)}
            </button>
            {move || {
                told.address
                    .get()
                    .map(|link| {
                        view! {
                            <input
                                class="share__address"
                                type="text"
                                readonly
                                aria-label=move || t_string!(i18n, share.link)
                                data-testid="share-url"
                                prop:value=link
                                on:focus:target=|event| event.target().select()
                            />
                        }
                    })
            }}
            <span role="status" class="hint" data-testid="share-told">
                {told.sentence}
            </span>
        </div>
        <Disclosure testid="share-more" class="share-more" summary=move || t!(i18n, share.more)>
            <Exports told=told />
        </Disclosure>
    }
}

/// Puts a text into the box and, where the browser allows it, into the clipboard.
fn offer(locale: Locale, told: Told, text: String, more: &'static str) {
    told.address.set(Some(text.clone()));
    spawn_local(async move {
        let copied = if page::copy(&text).await {
            td_string!(locale, share.copied)
        } else {
            td_string!(locale, share.copy_by_hand)
        };
        told.sentence.set(format!("{copied} {more}").trim().to_owned());
    });
}

fn what_a_link_lacks(locale: Locale, page: Page, session: Session) -> &'static str {
    let is_local = [page.a, page.b]
        .into_iter()
        .any(|model| matches!(*model.source.read_untracked(), ModelSource::Local { .. }));
    if is_local {
        td_string!(locale, share.names_files)
    } else if session.shared().pinned.is_none() {
        td_string!(locale, share.without_result)
    } else {
        ""
    }
}

fn why_no_link(locale: Locale, error: &LinkError) -> String {
    match error {
        LinkError::TooLongToWrite { .. } => td_string!(locale, share.too_long).to_owned(),
        error => faults::link(locale, error),
    }
}

/// What can be saved or passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Export {
    File,
    Json,
    Csv,
    Html,
    Python,
    Frame,
}

impl Export {
    const ALL: [Self; 6] = [Self::File, Self::Json, Self::Csv, Self::Html, Self::Python, Self::Frame];

    /// (name for tests, ending of the file, what the browser is told that it is).
    fn kind(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::File => ("save-file", link::FILE_EXTENSION, "application/json"),
            Self::Json => ("export-json", ".report.json", "application/json"),
            Self::Csv => ("export-csv", ".csv", "text/csv"),
            Self::Html => ("export-html", ".html", "text/html"),
            Self::Python => ("export-python", ".py", "text/x-python"),
            Self::Frame => ("embed-code", "", ""),
        }
    }

    /// (label, hint).
    fn words(self, locale: Locale) -> (&'static str, &'static str) {
        match self {
            Self::File => (td_string!(locale, share.save_file), td_string!(locale, share.save_file_hint)),
            Self::Json => (td_string!(locale, share.export_json), td_string!(locale, share.export_json_hint)),
            Self::Csv => (td_string!(locale, share.export_csv), td_string!(locale, share.export_csv_hint)),
            Self::Html => (td_string!(locale, share.export_html), td_string!(locale, share.export_html_hint)),
            Self::Python => {
                (td_string!(locale, share.export_python), td_string!(locale, share.export_python_hint))
            }
            Self::Frame => (td_string!(locale, share.embed), td_string!(locale, share.embed_hint)),
        }
    }
}

/// Everything that can be saved, opened or passed on.
#[component]
fn Exports(told: Told) -> impl IntoView {
    let i18n = use_i18n();
    let session = use_session();
    let page = use_page();
    let row = move |export: Export| {
        let press = move |()| {
            let sentence = pass_on(export, i18n.get_locale_untracked(), page, session, told);
            told.sentence.set(sentence);
        };
        view! {
            <li>
                <Press testid=export.kind().0 on_press=press>
                    {move || export.words(i18n.get_locale()).0}
                </Press>
                <span class="hint">{move || export.words(i18n.get_locale()).1}</span>
            </li>
        }
    };
    let [file, reports @ ..] = Export::ALL;
    view! {
        <ul class="exports">
            {row(file)}
            <li>
                <label class="button button--small">
                    {t!(i18n, share.open_file)}
                    <input
                        class="visually-hidden"
                        type="file"
                        accept=".json"
                        aria-label=move || t_string!(i18n, share.open_file)
                        data-testid="open-file"
                        on:change:target=move |event| {
                            if let Some(chosen) = picked_files(&event.target())
                                && !session.open_chosen(&chosen)
                            {
                                let locale = i18n.get_locale_untracked();
                                let name = chosen.name;
                                told.sentence.set(td_string!(locale, share.not_a_file, name));
                            }
                        }
                    />
                </label>
                <span class="hint">{t!(i18n, share.file_format)}</span>
            </li>
            {reports.map(row).collect_view()}
        </ul>
    }
}

/// Does it, and says what came of it.
fn pass_on(export: Export, locale: Locale, page: Page, session: Session, told: Told) -> String {
    let report = page.report.get_untracked();
    let models = match &report {
        Some(report) => [&report.model_a, &report.model_b].map(|side| side.model.name.clone()),
        None => Default::default(),
    };
    let (_, ending, mime) = export.kind();
    let name = address::file_name([&models[0], &models[1]], ending);
    let content = match (export, &report) {
        (Export::File, _) => match link::to_file(&session.shared()) {
            Ok(text) => text,
            Err(error) => return error.to_string(),
        },
        (Export::Frame, _) => {
            return match session.share() {
                Ok(link) => {
                    let [a, b] = models;
                    let title = td_string!(locale, share.embedded.title, a, b);
                    offer(locale, told, address::frame(&link, &title), "");
                    String::new()
                }
                Err(error) => why_no_link(locale, &error),
            };
        }
        (_, None) => return td_string!(locale, share.no_report).to_owned(),
        (export, Some(report)) => text_of(export, locale, page, report),
    };
    if save(&name, mime, content.as_bytes()) {
        td_string!(locale, share.saved, name)
    } else {
        td_string!(locale, share.not_saved, name)
    }
}

/// The report in one of its forms.
fn text_of(export: Export, locale: Locale, page: Page, report: &Report) -> String {
    match export {
        Export::Csv => csv::rows(report),
        Export::Html => report_page(locale, report),
        Export::Python => page.world.with_untracked(|world| {
            let calibration = world.as_ref().map_or(&[][..], |world| &world.calibration);
            python::program(report, calibration, &python::Expected::of(report))
        }),
        Export::Json | Export::File | Export::Frame => {
            serde_json::to_string_pretty(report).unwrap_or_default()
        }
    }
}
