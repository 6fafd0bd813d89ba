//! Both next-token distributions after each prompt as bars, and all their tokens in one picture.

use std::sync::Arc;

use leptos_i18n::td_string;

use crate::figures::Picture;
use crate::figures::mirrored::{Bar, mirrored};
use crate::figures::scatter::{Point, Titles, scatter as draw};
use crate::figures::table::FigureData;
use crate::lab::report::{NextToken, PromptReport, Report};
use crate::lab::visible::visible_text;
use crate::text::Locale;
use crate::text::numbers::number;

/// The largest probability of either model.
pub fn largest(next: &[NextToken]) -> f64 {
    next.iter().map(|row| row.log_prob_a.max(row.log_prob_b).exp()).fold(0.0, f64::max)
}

/// Some tokens after a prompt with their ranks, from 0 on, in bars that are drawn so many times longer.
pub fn bars(locale: Locale, prompt: &PromptReport, rows: Vec<(usize, NextToken)>, times: u32) -> Picture {
    let mut table = FigureData::with_columns([
        ("rank", td_string!(locale, pictures.bars.rank).to_owned()),
        ("token", td_string!(locale, pictures.scatter.token).to_owned()),
        ("p_a", td_string!(locale, pictures.bars.p_a).to_owned()),
        ("p_b", td_string!(locale, pictures.bars.p_b).to_owned()),
        ("log_prob_a", td_string!(locale, pictures.scatter.a).to_owned()),
        ("log_prob_b", td_string!(locale, pictures.scatter.b).to_owned()),
    ]);
    let cells = |(rank, row): &(usize, NextToken)| {
        let (a, b) = (row.log_prob_a, row.log_prob_b);
        vec![(rank + 1).into(), row.token.as_str().into(), a.exp().into(), b.exp().into(), a.into(), b.into()]
    };
    table.rows = rows.iter().map(cells).collect();
    let bar = |(_, row): (usize, NextToken)| Bar {
        name: visible_text(&row.token),
        a: row.log_prob_a,
        b: row.log_prob_b,
    };
    let (bars, full) =
        (rows.into_iter().map(bar).collect::<Vec<_>>(), largest(&prompt.next) / f64::from(times));
    Picture {
        title: td_string!(locale, pictures.bars.title, prompt = visible_text(&prompt.text)),
        description: td_string!(locale, pictures.bars.sees).to_owned(),
        table,
        draw: Arc::new(move |width| mirrored(&bars, full, width)),
    }
}

/// Every token that the report has, of all prompts, as log-probabilities of A and B.
pub fn scatter(locale: Locale, report: Option<&Report>) -> Picture {
    let prompts = report.map_or(&[][..], |report| &report.prompts);
    let rows = || prompts.iter().flat_map(|prompt| prompt.next.iter().map(move |row| (prompt, row)));
    let mut table = FigureData::with_columns([
        ("prompt", td_string!(locale, pictures.scatter.prompt).to_owned()),
        ("token", td_string!(locale, pictures.scatter.token).to_owned()),
        ("log_prob_a", td_string!(locale, pictures.scatter.a).to_owned()),
        ("log_prob_b", td_string!(locale, pictures.scatter.b).to_owned()),
    ]);
    table.rows = rows()
        .map(|(prompt, row)| {
            vec![
                prompt.text.as_str().into(),
                row.token.as_str().into(),
                row.log_prob_a.into(),
                row.log_prob_b.into(),
            ]
        })
        .collect();
    let points: Vec<Point> = rows()
        .map(|(prompt, row)| Point {
            name: td_string!(
                locale,
                pictures.scatter.point,
                prompt = visible_text(&prompt.text),
                token = visible_text(&row.token),
                a = number(row.log_prob_a),
                b = number(row.log_prob_b)
            ),
            a: row.log_prob_a,
            b: row.log_prob_b,
        })
        .collect();
    let titles = Titles {
        a: td_string!(locale, pictures.scatter.a).to_owned(),
        b: td_string!(locale, pictures.scatter.b).to_owned(),
    };
    Picture {
        title: td_string!(locale, pictures.scatter.title).to_owned(),
        description: td_string!(locale, pictures.scatter.sees).to_owned(),
        table,
        draw: Arc::new(move |width| draw(&points, &titles, width)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::table::Cell;
    use crate::lab::fixture::{prompt, report};

    #[test]
    fn the_table_has_the_numbers_of_the_report() {
        let mut report = report();
        report.prompts = vec![prompt("one", [0.5, 0.25], 0.1), prompt("two", [0.125, 0.125], 0.0)];
        for locale in [Locale::en, Locale::ja] {
            let picture = scatter(locale, Some(&report));
            assert_eq!(picture.table.rows.len(), 4);
            assert_eq!(
                picture.table.rows[0],
                [
                    Cell::from("one"),
                    Cell::from("best"),
                    Cell::from(-std::f64::consts::LN_2),
                    Cell::from(0.25_f64.ln())
                ]
            );
            let svg = (picture.draw)(400.0).on_page("p", &picture.title, &picture.description);
            assert_eq!(svg.matches(r#"class="mark""#).count(), 4);
        }
        assert!(scatter(Locale::en, None).table.rows.is_empty());
    }
}
