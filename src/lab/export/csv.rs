//! A report as rows: one for each prompt, one for each property.

use crate::lab::report::{PromptReport, PropertyReport, Report};
use crate::theory::verdict::{Finding, Reason};

/// The columns. A row of a prompt has the distances, a row of a property the scores and verdicts; the others are empty.
const COLUMNS: [&str; 18] = [
    "row",
    "name",
    "property",
    "kl_ab",
    "kl_ba",
    "js",
    "tv",
    "hellinger",
    "max_abs_dlogp",
    "clr_rms",
    "raw_a",
    "raw_b",
    "visible_a",
    "visible_b",
    "verdict_visible",
    "verdict_raw",
    "reasons_visible",
    "reasons_raw",
];

/// RFC 4180, UTF-8, with a header. Nats; numbers as Rust writes them (`inf`, `NaN`).
///
/// A text that a spreadsheet would take for a formula has a `'` before it.
pub fn rows(report: &Report) -> String {
    let mut out = line(COLUMNS.map(str::to_owned));
    report.prompts.iter().for_each(|prompt| out.push_str(&line(prompt_row(prompt))));
    report.properties.iter().for_each(|property| out.push_str(&line(property_row(property))));
    out
}

fn prompt_row(prompt: &PromptReport) -> [String; 18] {
    let d = &prompt.divergences;
    let numbers = [d.kl_ab, d.kl_ba, d.js, d.tv, d.hellinger, d.max_abs_dlogp, d.clr_rms];
    let mut row: [String; 18] = Default::default();
    (row[0], row[1]) = ("prompt".into(), harmless(&prompt.text));
    for (cell, number) in row[3..10].iter_mut().zip(numbers) {
        *cell = number.to_string();
    }
    row
}

fn property_row(report: &PropertyReport) -> [String; 18] {
    let mut row: [String; 18] = Default::default();
    (row[0], row[1]) = ("property".into(), harmless(&report.concept));
    row[2] = name_of(&report.property);
    if let Some(scores) = &report.scores {
        let scores = [&scores.raw_a, &scores.raw_b, &scores.visible_a, &scores.visible_b];
        for (cell, score) in row[10..14].iter_mut().zip(scores) {
            *cell = score.score.to_string();
        }
    }
    let Finding { kind, reasons } = &report.verdict.visible;
    (row[14], row[16]) = (name_of(kind), codes(reasons));
    let Finding { kind, reasons } = &report.verdict.raw;
    (row[15], row[17]) = (name_of(kind), codes(reasons));
    row
}

fn codes(reasons: &[Reason]) -> String {
    reasons.iter().map(name_of).collect::<Vec<_>>().join(" ")
}

/// The name of an enum's value in reports.
fn name_of(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

/// A text that a spreadsheet would take for a formula with a `'` before it; any other as it is.
pub fn harmless(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

fn line(cells: [String; 18]) -> String {
    let mut line = cells.map(|cell| quoted(&cell)).join(",");
    line.push_str("\r\n");
    line
}

fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        let cases = [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("two\nlines", "\"two\nlines\""),
        ];
        for (cell, expected) in cases {
            assert_eq!(quoted(cell), expected);
        }
    }

    #[test]
    fn no_text_becomes_a_formula() {
        for text in ["=HYPERLINK(\"x\")", "+1", "-1", "@SUM(A1)"] {
            assert!(harmless(text).starts_with('\''), "{text}");
        }
        assert_eq!(harmless("emma is the"), "emma is the");
    }
}
