//! The smallest model that has a given distribution, as a safetensors file.

use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::{TensorView, serialize_to_file};

use super::error::CliError;
use crate::lab::reduced::{Matrix, ReducedModel};

/// Writes `f` (n×r), `g` (V×r), `f_from_hidden` (d×r) and `token_ids` (V), all but the last in f64: p(y|x) ∝ exp(f(x)·g(y)),
/// and a hidden state of the original model times `f_from_hidden` is the f of any context.
pub fn write_reduced(model: &ReducedModel, path: &Path) -> Result<(), CliError> {
    let failed = |error: safetensors::SafeTensorError| CliError::Write {
        path: path.to_owned(),
        message: error.to_string(),
    };
    let bytes = |matrix: &Matrix| matrix.values.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    let matrices = [("f", &model.f), ("g", &model.g), ("f_from_hidden", &model.f_from_hidden)];
    let data: Vec<_> = matrices.iter().map(|(name, m)| (*name, vec![m.rows, m.columns], bytes(m))).collect();
    let ids: Vec<u8> = model.token_ids.iter().flat_map(|id| id.to_le_bytes()).collect();
    let mut views = Vec::new();
    for (name, shape, bytes) in &data {
        views.push((*name, TensorView::new(Dtype::F64, shape.clone(), bytes).map_err(failed)?));
    }
    let shape = vec![model.token_ids.len()];
    views.push(("token_ids", TensorView::new(Dtype::I64, shape, &ids).map_err(failed)?));
    serialize_to_file(views, None, path).map_err(failed)
}
