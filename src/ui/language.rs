//! The language of the page: what the address asks for, else what the visitor chose, else the browser's own.

use leptos::prelude::*;
use leptos_i18n::t_string;

use crate::browser::page;
use crate::text::{Locale, use_i18n};

/// Where the visitor's choice is kept.
const KEY: &str = "language";

/// Takes the language that `?lang=` names, or the one that was chosen on an earlier visit. The browser's own language
/// holds where there is neither.
pub fn restore() {
    let wanted = page::parameter("lang").or_else(|| page::stored(KEY));
    if let Some(locale) = wanted.and_then(|name| name.parse().ok()) {
        let i18n = use_i18n();
        // After the provider, which takes the browser's language once the page is mounted.
        Effect::new(move |_| i18n.set_locale(locale));
    }
}

/// One button per language, each in its own words.
#[component]
pub fn LanguageSwitch() -> impl IntoView {
    let i18n = use_i18n();
    let choose = move |locale: Locale| {
        i18n.set_locale(locale);
        page::store(KEY, locale.as_ref());
    };
    view! {
        <div class="languages" role="group" aria-label=move || t_string!(i18n, page.language)>
            {[(Locale::en, "English"), (Locale::ja, "日本語")]
                .map(|(locale, name)| {
                    view! {
                        <button
                            type="button"
                            class="button button--small"
                            lang=locale.to_string()
                            aria-pressed=move || (i18n.get_locale() == locale).to_string()
                            data-testid=format!("language-{locale}")
                            on:click=move |_| choose(locale)
                        >
                            {name}
                        </button>
                    }
                })
                .collect_view()}
        </div>
    }
}
