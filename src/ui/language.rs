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

/// Calls the page by its name in the language of the moment.
pub fn name_page() {
    let i18n = use_i18n();
    Effect::new(move |_| page::set_title(t_string!(i18n, page.title)));
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

#[cfg(test)]
mod tests {
    use std::fs;

    /// Text without tags, every run of white space as one space; none beside a Japanese character.
    fn plain(html: &str) -> String {
        let mut text = String::new();
        for part in html.split('<') {
            text.push_str(part.split_once('>').map_or(part, |(_, after)| after));
        }
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_stands_before_the_program_starts_is_what_the_languages_say() {
        let html = plain(&fs::read_to_string("index.html").unwrap());
        for language in ["en", "ja"] {
            let words = fs::read_to_string(format!("locales/{language}/page.json")).unwrap();
            let words: serde_json::Value = serde_json::from_str(&words).unwrap();
            let colophon = &words["colophon"];
            for said in [
                &words["masthead"]["lead"],
                &words["same_question"],
                &words["comparing_lead"],
                &colophon["private"],
                &colophon["after"],
                &colophon["published"],
            ] {
                let said = plain(said.as_str().unwrap());
                assert!(html.contains(&said), "index.html lacks {said:?} ({language})");
            }
        }
    }
}
