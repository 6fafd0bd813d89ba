//! `experiment report`: tables, figures and the page's matrix, from a folder of rows alone.

use std::fs;
use std::io::Write;
use std::path::Path;

use serde::Serialize;

use super::aggregate::Rows;
use super::figures::figures;
use super::store::{Manifest, bad, blocks, cannot_write, read_rows, write_whole};
use super::tables::tables;
use crate::cli::arguments::ReportArguments;
use crate::cli::error::CliError;
use crate::lab::Role;

pub fn run(arguments: &ReportArguments, out: &mut dyn Write) -> Result<(), CliError> {
    let rows = read(&arguments.folder)?;
    let folder = &arguments.out;
    fs::create_dir_all(folder).map_err(cannot_write(folder))?;
    let mut left_out = Vec::new();
    for table in tables(&rows) {
        if table.rows.is_empty() {
            left_out.push(format!("table {}", table.name));
            continue;
        }
        write_whole(&folder.join(format!("{}.csv", table.name)), &table.csv()?)?;
        if let Some(markdown) = table.markdown() {
            write_whole(&folder.join(format!("{}.md", table.name)), markdown.as_bytes())?;
        }
    }
    for figure in figures(&rows) {
        match figure.svg()? {
            Some(svg) => write_whole(&folder.join(format!("{}.svg", figure.name)), svg.as_bytes())?,
            None => left_out.push(format!("figure {}", figure.name)),
        }
    }
    let mut text = serde_json::to_string_pretty(&Matrix::of(&rows))
        .map_err(|error| CliError::Internal(error.to_string()))?;
    text.push('\n');
    write_whole(&folder.join("matrix.json"), text.as_bytes())?;
    writeln!(
        out,
        "{} models, {} pairs: figures and tables in {}",
        rows.models.len(),
        rows.pairs.len(),
        folder.display()
    )?;
    if !left_out.is_empty() {
        writeln!(out, "left out, as there are no rows for them: {}", left_out.join(", "))?;
    }
    Ok(())
}

/// The rows of a folder that has all of its experiment.
fn read(folder: &Path) -> Result<Rows, CliError> {
    let manifest = Manifest::read(folder)?.ok_or_else(|| {
        bad(folder, "expected a folder that `experiment` wrote, found no experiment.json in it")
    })?;
    let found = blocks(folder, &manifest)?.len();
    if found != manifest.n_pairs {
        let message = format!(
            "expected all {} pairs of the experiment, found {found}; run it to its end, or merge its shards",
            manifest.n_pairs
        );
        return Err(bad(folder, &message));
    }
    Rows::of(manifest, read_rows(folder)?).map_err(|message| bad(folder, &message))
}

/// Models by models, for the page.
#[derive(Debug, PartialEq, Serialize)]
struct Matrix<'a> {
    models: Vec<MatrixModel<'a>>,
    pairs: Vec<MatrixPair<'a>>,
}

#[derive(Debug, PartialEq, Serialize)]
struct MatrixModel<'a> {
    name: &'a str,
    world: Option<&'a str>,
    architecture: &'a str,
    width: u64,
    seed: Option<u64>,
    role: Option<Role>,
}

#[derive(Debug, PartialEq, Serialize)]
struct MatrixPair<'a> {
    a: &'a str,
    b: &'a str,
    mean_kl_ab: Option<f64>,
    mean_kl_ba: Option<f64>,
    mean_symmetric_kl: Option<f64>,
    mean_js: Option<f64>,
    level: &'static str,
    n_contexts: usize,
}

impl<'a> Matrix<'a> {
    fn of(rows: &'a Rows) -> Self {
        let models = rows.models.iter().map(|model| MatrixModel {
            name: &model.facts.name,
            world: model.facts.world.as_deref(),
            architecture: &model.facts.architecture,
            width: model.facts.width,
            seed: model.facts.seed,
            role: model.facts.role,
        });
        let pairs = rows.model_pairs().map(|pair| MatrixPair {
            a: &pair.a,
            b: &pair.b,
            mean_kl_ab: pair.mean_kl_ab,
            mean_kl_ba: pair.mean_kl_ba,
            mean_symmetric_kl: pair.mean_kl_sym,
            mean_js: pair.mean_js,
            level: pair.level.name(),
            n_contexts: pair.n_contexts,
        });
        Self { models: models.collect(), pairs: pairs.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::aggregate::tests::family;
    use super::*;

    #[test]
    fn the_matrix_has_every_model_and_pair_under_the_names_that_the_page_reads() {
        let rows = family();
        let matrix = serde_json::to_value(Matrix::of(&rows)).unwrap();
        assert_eq!(matrix["models"].as_array().map(Vec::len), Some(5));
        assert_eq!(matrix["pairs"].as_array().map(Vec::len), Some(10));
        let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&matrix["models"][0]), ["name", "world", "architecture", "width", "seed", "role"]);
        assert_eq!(
            keys(&matrix["pairs"][0]),
            ["a", "b", "mean_kl_ab", "mean_kl_ba", "mean_symmetric_kl", "mean_js", "level", "n_contexts"]
        );
        assert_eq!(matrix["pairs"][1]["b"], "m32a");
        assert_eq!(matrix["pairs"][1]["mean_symmetric_kl"], 0.01);
        assert_eq!(matrix["pairs"][1]["level"], "different");
    }
}
