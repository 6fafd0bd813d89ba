//! `compare --export`: the report in the form that the file's name asks for.

use std::path::Path;

use super::error::CliError;
use super::experiment::write_whole;
use crate::figures::report_page::report_page;
use crate::lab::Report;
use crate::lab::export::{csv, python};
use crate::lab::link;
use crate::lab::permalink::{Pinned, Shared};
use crate::text::Locale;

/// Writes one file. `calibration`: what the report observed besides its prompts.
pub fn write(report: &Report, calibration: &[String], path: &Path) -> Result<(), CliError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    let text = match ending.as_ref() {
        _ if name.ends_with(link::FILE_EXTENSION) => link::to_file(&shared(report))?,
        "json" => {
            serde_json::to_string_pretty(report).map_err(|error| CliError::Internal(error.to_string()))?
        }
        "csv" => csv::rows(report),
        "html" => report_page(Locale::en, report),
        "py" => python::program(report, calibration, &python::Expected::of(report)),
        _ => return Err(CliError::UnknownExport { path: path.to_owned() }),
    };
    write_whole(path, text.as_bytes())
}

/// What a report asked, with what it gave.
pub fn shared(report: &Report) -> Shared {
    Shared { experiment: report.experiment.clone(), pinned: Some(Pinned::of(report)) }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use clap::Parser;
    use serde_json::Value;

    use super::*;
    use crate::cli::arguments::{Arguments, Command, CompareArguments};
    use crate::cli::{compare, shared as links};

    fn arguments(typed: &[&str]) -> CompareArguments {
        let all = ["all-or-none", "compare"].iter().chain(typed);
        match Arguments::try_parse_from(all).unwrap().command {
            Command::Compare(arguments) => arguments,
            other => panic!("{other:?}"),
        }
    }

    /// The bundled pair on its own prompts, as `scripts/record_snippet.sh` compares it.
    fn bundled() -> (Report, Vec<String>) {
        compare::compute(&arguments(&["--a", "bundled:world-d32", "--b", "bundled:world-d48"]), None).unwrap()
    }

    /// transformers, run by `scripts/record_snippet.sh` on the program of this report, computes the same numbers: to one
    /// part in ten thousand, where single precision leaves some parts in a million. A share below 1e-12 is none.
    #[test]
    fn the_python_program_recomputes_the_report() {
        let (report, calibration) = bundled();
        let output: Value =
            serde_json::from_str(&fs::read_to_string("fixtures/snippet/output.json").unwrap()).unwrap();
        let here = python::Expected::of(&report).numbers;
        assert_eq!(here.len(), output["recomputed"].as_object().unwrap().len(), "every number is recomputed");
        let mut recorded = Vec::new();
        for (name, value) in here {
            for source in ["report", "recomputed"] {
                let there = output[source][&name].as_f64().unwrap();
                assert!(
                    (value - there).abs() <= 1e-4 * value.abs() + 1e-12,
                    "{name}: {value} here, {there} {source}"
                );
            }
            let number = output["report"][&name].as_f64().unwrap();
            recorded.push((name, number));
        }
        // The numbers that were recorded: another machine rounds the last digits otherwise.
        let program = python::program(&report, &calibration, &python::Expected { numbers: recorded });
        assert!(program == fs::read_to_string("fixtures/snippet/snippet.py").unwrap(), "record it anew");
    }

    #[test]
    fn every_form_is_written_and_read_back() {
        let (report, calibration) = bundled();
        let folder = tempfile::tempdir().unwrap();
        let written = |name: &str| {
            let path = folder.path().join(name);
            write(&report, &calibration, &path).unwrap();
            fs::read_to_string(path).unwrap()
        };
        let json: Report = serde_json::from_str(&written("r.json")).unwrap();
        assert_eq!((json.verdict, json.prompts.len()), (report.verdict.clone(), report.prompts.len()));

        let mut table = ::csv::Reader::from_reader(written("r.csv").into_bytes().leak() as &[u8]);
        let rows: Vec<::csv::StringRecord> = table.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), report.prompts.len() + report.properties.len());
        assert_eq!(&rows[1][1], report.prompts[1].text, "a prompt with a comma");
        let kl: f64 = rows[0][3].parse().unwrap();
        assert_eq!(kl, report.prompts[0].divergences.kl_ab);
        let raw: f64 = rows[report.prompts.len()][10].parse().unwrap();
        assert_eq!(raw, report.properties[0].scores.as_ref().unwrap().raw_a.score);

        let page = written("r.html");
        assert!(page.contains("<html lang=\"en\">") && page.contains("world-d48"));
        assert!(page.contains(&report.model_b.model.sha256) && page.contains("DISTRIBUTIONS_"));
        let seed = report.experiment.seed;
        assert!(page.contains(&format!("every random draw</th><td>{seed}</td>")), "what was asked");

        let opened = link::from_file(&written("r.allornone.json")).unwrap();
        assert_eq!(opened.shared, shared(&report));
        assert!(matches!(
            write(&report, &calibration, &folder.path().join("r.docx")),
            Err(CliError::UnknownExport { .. })
        ));
    }

    /// A page from a report whose every text is hostile has no element that ours has not.
    #[test]
    fn hostile_texts_stay_texts_in_every_form() {
        const HOSTILE: &str = "</td><script>alert(1)</script><img src=x onerror=y> \"'\u{7}\u{202e}";
        let (mut report, calibration) = bundled();
        let plain = report_page(Locale::ja, &report);
        for side in [&mut report.model_a, &mut report.model_b] {
            side.model.name = HOSTILE.into();
            side.engine_detail = HOSTILE.into();
        }
        for prompt in &mut report.prompts {
            prompt.text = HOSTILE.into();
            prompt.next.iter_mut().for_each(|next| next.token = HOSTILE.into());
        }
        for property in &mut report.properties {
            property.concept = HOSTILE.into();
            property.used.iter_mut().for_each(|used| *used = HOSTILE.into());
            property.dropped = vec![HOSTILE.into()];
        }
        report.experiment.prompts = vec![HOSTILE.into()];
        report.experiment.concepts.iter_mut().for_each(|concept| concept.name = HOSTILE.into());
        let page = report_page(Locale::ja, &report);
        assert!(!page.contains("<script") && !page.contains("<img") && page.contains("&lt;script&gt;"));
        assert!(!page.chars().any(|c| c == '\u{7}' || c == '\u{202e}'));
        // Drawings leave out words for which there is no room.
        let tags = |page: &str| ["<td", "<th", "<tr", "<svg"].map(|tag| page.matches(tag).count());
        assert!(page.contains("lang=\"ja\"") && tags(&page) == tags(&plain));
        let program = python::program(&report, &calibration, &python::Expected::of(&report));
        assert!(
            !program.contains('\u{202e}')
                && program.contains(r#"alert(1)</script><img src=x onerror=y> \"'"#)
        );
    }

    #[test]
    fn a_link_is_opened_and_reproduced_and_a_changed_number_is_told() {
        let typed = ["--a", "bundled:world-d32", "--b", "twin:dark-unembedding", "--no-calibration"];
        let report = compare::compute(&arguments(&typed), None).unwrap().0;
        let mut printed = Vec::new();
        links::print_link(&report, "https://example.org/page/", &mut printed).unwrap();
        let address = String::from_utf8(printed).unwrap();
        assert!(address.starts_with("https://example.org/page/#3."), "{address}");
        let again = |address: &str| {
            let mut out = Vec::new();
            compare::run(&arguments(&["--no-calibration", "--open", address]), &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert!(again(address.trim()).starts_with("Reproduced\n"), "{}", again(address.trim()));

        let mut shared = shared(&report);
        shared.pinned.as_mut().unwrap().outcome.mean_kl_ab += 0.25;
        let told = again(&link::encode(&shared).unwrap());
        assert!(
            told.starts_with("Not reproduced: 2 differences\n") && told.contains("KL(A‖B): 0.25"),
            "{told}"
        );
    }

    #[test]
    fn a_model_that_is_not_here_is_asked_for() {
        let (report, _) = bundled();
        let mut shared = shared(&report);
        shared.experiment.model_b = crate::lab::ModelSource::Hub {
            repository: "EleutherAI/pythia-14m".into(),
            commit: None,
            sha256: String::new(),
        };
        let link = link::encode(&shared).unwrap();
        let error = compare::run(&arguments(&["--open", &link]), &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("pythia-14m") && error.to_string().contains("--b"), "{error}");
        assert_eq!(error.exit_status(), 2);
    }
}
