//! A Python program for `transformers` that recomputes a report's main numbers from the models themselves.

use std::fmt::Write;

use crate::lab::experiment::ModelSource;
use crate::lab::report::{Property, Report, Side};

/// The program, with a place for what it is run on.
const TEMPLATE: &str = include_str!("snippet.py");
const PLACE: &str = "#PARAMETERS#";

/// What the program recomputes, as the report has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    /// (name in the program, value).
    pub numbers: Vec<(String, f64)>,
}

impl Expected {
    /// Of a report: what its distances, its levels and the scores of its concept rest on. Where model B is a twin, which
    /// has no weights to load, only what concerns model A.
    pub fn of(report: &Report) -> Self {
        let is_twin = matches!(report.experiment.model_b, ModelSource::Twin { .. });
        let sides = [("a", &report.model_a), ("b", &report.model_b)];
        let sides = &sides[..if is_twin { 1 } else { 2 }];
        let mut numbers = Vec::new();
        let mut has = |name: String, value: f64| {
            // JSON and Python's literals have no other numbers.
            if value.is_finite() {
                numbers.push((name, value));
            }
        };
        has("n_contexts".into(), report.n_contexts as f64);
        has("n_tokens".into(), report.n_tokens as f64);
        if !is_twin {
            let n = report.prompts.len().max(1) as f64;
            let each = report.prompts.iter().map(|prompt| &prompt.divergences);
            has("prompts_mean_kl_ab".into(), each.clone().map(|d| d.kl_ab).sum::<f64>() / n);
            has("prompts_mean_kl_ba".into(), each.clone().map(|d| d.kl_ba).sum::<f64>() / n);
            has("prompts_mean_js".into(), each.clone().map(|d| d.js).sum::<f64>() / n);
            has("prompts_max_abs_dlogp".into(), each.map(|d| d.max_abs_dlogp).fold(0.0, f64::max));
            has("all_mean_kl_ab".into(), report.equality.mean_kl_ab);
            has("all_mean_kl_ba".into(), report.equality.mean_kl_ba);
            has("all_mean_js".into(), report.equality.mean_js);
            has("all_max_abs_dlogp".into(), report.equality.max_abs_dlogp);
        }
        for (letter, Side { subspace, .. }) in sides {
            has(format!("rank_f_{letter}"), subspace.rank_f as f64);
            has(format!("rank_g_{letter}"), subspace.rank_g as f64);
            has(format!("effective_complexity_{letter}"), subspace.effective_complexity as f64);
            has(format!("dark_f_{letter}"), subspace.dark_f);
            has(format!("dark_g_{letter}"), subspace.dark_g);
        }
        if let Some((scores, _)) = parallelism(report) {
            let of_sides = [[&scores.raw_a, &scores.visible_a], [&scores.raw_b, &scores.visible_b]];
            for ((letter, _), [raw, visible]) in sides.iter().zip(of_sides) {
                has(format!("raw_{letter}"), raw.score);
                has(format!("visible_{letter}"), visible.score);
            }
        }
        Self { numbers }
    }
}

/// The program. `calibration`: the texts whose every position the report observed besides the prompts.
pub fn program(report: &Report, calibration: &[String], expected: &Expected) -> String {
    let asked = &report.experiment;
    let pairs = parallelism(report).map(|(_, used)| used).unwrap_or_default();
    let mut out = String::new();
    let _ = writeln!(out, "MODEL_A = {}", place(&asked.model_a));
    let _ = writeln!(out, "MODEL_B = {}", place(&asked.model_b));
    list(&mut out, "PROMPTS", asked.prompts.iter().map(|text| literal(text)));
    let pair = |(base, changed): &(String, String)| format!("({}, {})", literal(base), literal(changed));
    list(&mut out, "PAIRS", pairs.iter().map(pair));
    let beside = |texts: &[String]| -> Vec<String> {
        observed_beside_prompts(report.n_texts, asked.prompts.len(), texts)
            .iter()
            .map(|text| literal(text))
            .collect()
    };
    list(&mut out, "CONCEPT_CONTEXTS", beside(&asked.concept_contexts()).into_iter());
    list(&mut out, "CALIBRATION", beside(calibration).into_iter());
    let _ = writeln!(out, "REPORT = {{");
    for (name, value) in &expected.numbers {
        let _ = writeln!(out, "    \"{name}\": {value:.9e},");
    }
    out.push('}');
    TEMPLATE.replace(PLACE, &out)
}

/// Other texts as far as they were observed: none where the prompts are all the texts of the report, as for a twin that is
/// equal on what was looked at only.
fn observed_beside_prompts(n_texts: usize, n_prompts: usize, texts: &[String]) -> &[String] {
    if n_texts > n_prompts { texts } else { &[] }
}

/// The scores of the first concept whose parallelism was measured, and its pairs as the vocabulary has them.
fn parallelism(report: &Report) -> Option<(&crate::lab::report::Scores, Vec<(String, String)>)> {
    let found = report
        .properties
        .iter()
        .find(|property| property.property == Property::Parallelism && property.scores.is_some())?;
    let pair = |used: &String| used.split_once(" → ").map(|(a, b)| (a.to_owned(), b.to_owned()));
    let pairs: Option<Vec<_>> = found.used.iter().map(pair).collect();
    Some((found.scores.as_ref()?, pairs?))
}

/// (folder or name of the Hub, revision).
fn place(source: &ModelSource) -> String {
    let at = |name: &str, revision: Option<&str>| {
        let revision = revision.map_or_else(|| "None".to_owned(), literal);
        format!("({}, {revision})", literal(name))
    };
    match source {
        // Where the project has them: run the program from its root, or name the folder.
        ModelSource::Bundled { name } => at(&format!("public/models/{name}"), None),
        ModelSource::Hub { repository, commit, .. } => at(repository, commit.as_deref()),
        // Only their owner knows where they are.
        ModelSource::Local { name, .. } => at(name, None),
        ModelSource::Twin { .. } => "None".to_owned(),
    }
}

fn list(out: &mut String, name: &str, items: impl Iterator<Item = String>) {
    let items: Vec<String> = items.collect();
    if items.is_empty() {
        let _ = writeln!(out, "{name} = []");
        return;
    }
    let _ = writeln!(out, "{name} = [");
    items.iter().for_each(|item| {
        let _ = writeln!(out, "    {item},");
    });
    let _ = writeln!(out, "]");
}

/// A text in Python: as in JSON, whose escapes Python shares. Only ASCII, so that no reader's encoding matters.
fn literal(text: &str) -> String {
    let json = serde_json::to_string(text).unwrap_or_default();
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match u32::from(c) {
            0x20..=0x7e => out.push(c),
            code @ ..=0xffff => {
                let _ = write!(out, "\\u{code:04x}");
            }
            code => {
                let _ = write!(out, "\\U{code:08x}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Python: repr of what the literal says.
    #[test]
    fn texts_cannot_leave_their_quotes() {
        let cases = [
            ("emma is", r#""emma is""#),
            ("\"); import os #", r#""\"); import os #""#),
            ("back\\slash\n", r#""back\\slash\n""#),
            ("größte 🦒\u{2028}\0\u{7f}", r#""gr\u00f6\u00dfte \U0001f992\u2028\u0000\u007f""#),
        ];
        for (text, expected) in cases {
            assert_eq!(literal(text), expected);
        }
    }

    #[test]
    fn models_are_named_as_transformers_loads_them() {
        let hub = |commit: Option<&str>| ModelSource::Hub {
            repository: "EleutherAI/pythia-14m".into(),
            commit: commit.map(str::to_owned),
            sha256: String::new(),
        };
        assert_eq!(place(&hub(Some("abc"))), r#"("EleutherAI/pythia-14m", "abc")"#);
        assert_eq!(place(&hub(None)), r#"("EleutherAI/pythia-14m", None)"#);
        let bundled = ModelSource::Bundled { name: "world-d32".into() };
        assert_eq!(place(&bundled), r#"("public/models/world-d32", None)"#);
        let twin = ModelSource::Twin { recipe: "change-of-basis".parse().unwrap() };
        assert_eq!(place(&twin), "None");
    }

    #[test]
    fn texts_that_a_report_did_not_observe_are_left_out() {
        let texts = ["in japan".to_owned()];
        assert_eq!(observed_beside_prompts(4, 3, &texts), &texts);
        assert!(observed_beside_prompts(3, 3, &texts).is_empty());
    }

    #[test]
    fn the_template_has_its_place() {
        assert_eq!(TEMPLATE.matches(PLACE).count(), 1);
    }
}
