//! The verdict on what the page opens with, as it stands in `index.html` in each language: painted before any program is
//! there, and marked as stored.

use std::fmt::Write;

use leptos_i18n::td_string;

use super::Locale;
use super::verdict::{FindingWords, findings, mood};
use crate::lab::Report;
use crate::lab::export::html::escaped;

/// The verdict in every language, with the line that says where it comes from; the markup is that of the page's own.
pub fn opening_words(report: &Report) -> String {
    [Locale::en, Locale::ja].map(|locale| words(locale, report)).concat()
}

fn words(locale: Locale, report: &Report) -> String {
    let language: &str = locale.as_ref();
    let stored = escaped(td_string!(locale, offline.provenance.computing));
    let findings = report.lead().map(|lead| findings(locale, report, lead)).unwrap_or_default();
    let findings: String = findings.iter().enumerate().map(|(i, words)| finding(words, i == 0)).collect();
    format!(
        "<p class=\"provenance provenance--stored opening tongue\" lang=\"{language}\">{stored}</p>\n\
         <div class=\"verdict__findings opening tongue\" lang=\"{language}\">\n{findings}</div>\n"
    )
}

fn finding(words: &FindingWords, leads: bool) -> String {
    let level = if leads { "h2" } else { "h3" };
    let [about, headline, scope] = [&words.about, &words.headline, &words.scope].map(|text| escaped(text));
    let mut html = format!(
        "<div class=\"finding\" data-mood=\"{}\">\n<p class=\"finding__about\">{about}</p>\n\
         <{level} class=\"finding__headline\">{headline}</{level}>\n<p class=\"finding__scope\">{scope}</p>\n\
         <ul class=\"reasons\">\n",
        mood(words.kind)
    );
    for (code, sentence) in &words.reasons {
        let _ = writeln!(html, "<li>{} <code>{}</code></li>", escaped(sentence), escaped(code));
    }
    html + "</ul>\n</div>\n"
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::lab::opening;

    /// What stands in the page is what the stored report says.
    #[test]
    fn the_words_in_the_page_are_those_of_the_stored_report() {
        let stored = fs::read(format!("public/{}", opening::STORED)).unwrap();
        let report = opening::decode(&stored).expect("the stored report of this version");
        let again = "write it again: cargo run --release --features cli --bin all-or-none -- opening";
        assert_eq!(fs::read_to_string(opening::WORDS).unwrap(), opening_words(&report), "{again}");
    }
}
