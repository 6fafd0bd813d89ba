//! `analyze`: the theory on tensors from a file, no model needed.

use std::fs;
use std::io::Write;
use std::path::Path;

use safetensors::{Dtype, SafeTensors};

use super::arguments::AnalyzeArguments;
use super::error::CliError;
use super::next_token::print_json;
use super::print::print_tensors_report;
use super::progress::with_progress;
use super::reduced::write_reduced;
use crate::lab::tensors::{Questions, Tensor, Tensors, analyze_tensors, reduced_of_tensors};

pub fn run(arguments: &AnalyzeArguments, out: &mut dyn Write) -> Result<(), CliError> {
    let tensors = read_tensors(&arguments.tensors)?;
    let report = with_progress(|listener| analyze_tensors(&tensors, arguments.seed, listener))?;
    if let Some(path) = &arguments.export_reduced {
        write_reduced(&reduced_of_tensors(&tensors)?, path)?;
    }
    if arguments.json { print_json(&report, out) } else { print_tensors_report(&report, out) }
}

fn read_tensors(path: &Path) -> Result<Tensors, CliError> {
    let bytes = fs::read(path).map_err(|source| CliError::Read { path: path.to_owned(), source })?;
    let bad = |message: String| CliError::BadTensors { path: path.to_owned(), message };
    let file = SafeTensors::deserialize(&bytes).map_err(|error| {
        bad(format!("expected a safetensors file, found one that does not parse ({error})"))
    })?;
    let matrix = |name: &str| read_matrix(&file, name).map_err(bad);
    let pairs = |name: &str| -> Result<Option<Vec<(i64, i64)>>, CliError> {
        let integers = read_integers(&file, name, Some(2)).map_err(bad)?;
        Ok(integers.map(|list| list.as_chunks().0.iter().map(|&[first, second]| (first, second)).collect()))
    };
    Ok(Tensors {
        f_a: matrix("f_a")?,
        g_a: matrix("g_a")?,
        f_b: matrix("f_b")?,
        g_b: matrix("g_b")?,
        questions: Questions {
            clusters: read_integers(&file, "clusters", None).map_err(bad)?,
            pairs: pairs("pairs")?,
            relation: pairs("relation")?,
            answers: read_integers(&file, "answers", None).map_err(bad)?,
            labelled: pairs("labelled")?,
            steering: pairs("steering")?,
            off_target: pairs("off_target")?,
        },
    })
}

/// A real matrix `[rows, cols]`, f32 or f64.
fn read_matrix(file: &SafeTensors<'_>, name: &str) -> Result<Tensor, String> {
    let names = || file.names().join(", ");
    let view = file.tensor(name).map_err(|_| format!("expected a tensor {name}, found only: {}", names()))?;
    let &[rows, cols] = view.shape() else {
        return Err(format!("expected {name} to be a matrix, found shape {:?}", view.shape()));
    };
    let data = view.data();
    let (values, is_f32) = match view.dtype() {
        Dtype::F32 => {
            (data.as_chunks().0.iter().map(|&bytes| f64::from(f32::from_le_bytes(bytes))).collect(), true)
        }
        Dtype::F64 => (data.as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect(), false),
        other => return Err(format!("expected {name} as f32 or f64, found {other:?}")),
    };
    Ok(Tensor { rows, cols, values, is_f32 })
}

/// An i64 tensor that may be absent, flattened; `columns` is `None` for a vector.
fn read_integers(
    file: &SafeTensors<'_>,
    name: &str,
    columns: Option<usize>,
) -> Result<Option<Vec<i64>>, String> {
    let Ok(view) = file.tensor(name) else { return Ok(None) };
    let (is_right_shape, expected) = match columns {
        None => (view.shape().len() == 1, "(n)".to_owned()),
        Some(columns) => (matches!(view.shape(), &[_, found] if found == columns), format!("(m, {columns})")),
    };
    if view.dtype() != Dtype::I64 || !is_right_shape {
        return Err(format!(
            "expected {name} as i64 of shape {expected}, found {:?} of shape {:?}",
            view.dtype(),
            view.shape()
        ));
    }
    Ok(Some(view.data().as_chunks().0.iter().map(|&bytes| i64::from_le_bytes(bytes)).collect()))
}
