//! The prompts token by token: how far the two distributions are from each other after each of them.

use std::sync::Arc;

use leptos_i18n::td_string;

use crate::figures::Picture;
use crate::figures::strip::{Token, strip};
use crate::figures::table::{Cell, FigureData};
use crate::lab::report::{Place, PromptReport, Report};
use crate::lab::visible::visible_text;
use crate::text::Locale;
use crate::text::numbers::number;

/// The last tokens of a prompt, as many as have numbers, with their positions (from 1 on).
fn places(prompt: &PromptReport) -> impl Iterator<Item = (usize, &str, &Place)> {
    let first = prompt.tokens.len().saturating_sub(prompt.places.len());
    let tokens = prompt.tokens.iter().enumerate().skip(first);
    tokens.zip(&prompt.places).map(|((i, token), place)| (i + 1, token.as_str(), place))
}

/// As they are drawn, and whether there are more before them.
pub fn tokens(locale: Locale, prompt: &PromptReport) -> (Vec<Token>, bool) {
    let token = |(_, token, place): (usize, &str, &Place)| Token {
        text: visible_text(token),
        name: td_string!(
            locale,
            pictures.strip.token_name,
            token = visible_text(token),
            js = number(place.js),
            ab = number(place.kl_ab),
            ba = number(place.kl_ba)
        ),
        js: place.js,
    };
    (places(prompt).map(token).collect(), prompt.places.len() < prompt.tokens.len())
}

/// The strips of all prompts.
pub fn picture(locale: Locale, report: Option<&Report>) -> Picture {
    let prompts = report.map_or(&[][..], |report| &report.prompts);
    let mut table = FigureData::with_columns([
        ("prompt", td_string!(locale, pictures.scatter.prompt).to_owned()),
        ("position", td_string!(locale, pictures.strip.position).to_owned()),
        ("token", td_string!(locale, pictures.scatter.token).to_owned()),
        ("js", td_string!(locale, pictures.strip.js).to_owned()),
        ("kl_ab", td_string!(locale, pictures.strip.kl_ab).to_owned()),
        ("kl_ba", td_string!(locale, pictures.strip.kl_ba).to_owned()),
    ]);
    let cells = |prompt: &PromptReport, (position, token, place): (usize, &str, &Place)| -> Vec<Cell> {
        let numbers = [place.js, place.kl_ab, place.kl_ba].map(Cell::from);
        [prompt.text.as_str().into(), position.into(), token.into()].into_iter().chain(numbers).collect()
    };
    table.rows =
        prompts.iter().flat_map(|prompt| places(prompt).map(move |place| cells(prompt, place))).collect();
    let drawn: Vec<Vec<Token>> = prompts.iter().map(|prompt| tokens(locale, prompt).0).collect();
    let legend = td_string!(locale, pictures.strip.legend).to_owned();
    Picture {
        title: td_string!(locale, pictures.strip.title).to_owned(),
        description: td_string!(locale, pictures.strip.sees).to_owned(),
        table,
        draw: Arc::new(move |width| strip(&drawn, &legend, width)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::fixture::prompt;
    use crate::lab::fixture::report;

    /// Four tokens of which the last three have numbers.
    fn with_places() -> PromptReport {
        let place = |js: f64| Place { kl_ab: 2.0 * js, kl_ba: 3.0 * js, js };
        PromptReport {
            tokens: ["<bos>", " a", "\n", " <b>"].map(str::to_owned).to_vec(),
            places: vec![place(0.0005), place(0.05), place(0.5)],
            ..prompt("a\n <b>", [0.5, 0.25], 0.5)
        }
    }

    #[test]
    fn numbers_belong_to_the_last_tokens() {
        let prompt = with_places();
        let found: Vec<(usize, &str, f64)> =
            places(&prompt).map(|(position, token, place)| (position, token, place.js)).collect();
        assert_eq!(found, [(2, " a", 0.0005), (3, "\n", 0.05), (4, " <b>", 0.5)]);
        for locale in [Locale::en, Locale::ja] {
            let (tokens, is_cut) = tokens(locale, &prompt);
            assert!(is_cut);
            let texts: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
            assert_eq!(texts, ["␣a", "⏎", "␣<b>"]);
            let name = &tokens[2].name;
            assert!(
                name.contains("␣<b>") && ["0.500", "1.00", "1.50"].iter().all(|x| name.contains(x)),
                "{name}"
            );
        }
    }

    #[test]
    fn the_table_and_the_drawing_have_a_place_for_each_number() {
        let mut report = report();
        report.prompts = vec![with_places(), prompt("nothing within", [0.5, 0.5], 0.0)];
        let picture = picture(Locale::en, Some(&report));
        assert_eq!(picture.table.rows.len(), 3);
        assert_eq!(
            picture.table.rows[1],
            [
                Cell::from("a\n <b>"),
                Cell::from(3_usize),
                Cell::from("\n"),
                Cell::from(0.05),
                Cell::from(0.1),
                Cell::from(0.15000000000000002)
            ]
        );
        let svg = (picture.draw)(720.0).as_file(&picture.title, &picture.description);
        assert_eq!(svg.matches("<g><title>").count(), 3);
    }
}
