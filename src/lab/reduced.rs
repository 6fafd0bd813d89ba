//! The smallest model that has the distribution of a given one, for export (theory.md §5.6).

use faer::Mat;

use super::error::LabError;
use crate::theory::Representation;
use crate::theory::minimal::reduce;

/// A matrix as a file holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Row-major values.
    pub values: Vec<f64>,
}

/// A model of dimension r, the effective complexity: no model with this distribution has fewer.
#[derive(Debug, Clone, PartialEq)]
pub struct ReducedModel {
    /// f on the observed contexts, `[n, r]`.
    pub f: Matrix,
    /// g on the tokens of Y, `[V, r]`.
    pub g: Matrix,
    /// `[d, r]`: a hidden state of the original model (with a 1 appended where its head has a bias) times this is f.
    pub f_from_hidden: Matrix,
    /// The id of each row of g.
    pub token_ids: Vec<i64>,
}

impl ReducedModel {
    pub(super) fn of(model: &Representation, token_ids: Vec<i64>) -> Result<Self, LabError> {
        let reduced = reduce(model).map_err(LabError::of('A'))?;
        Ok(Self {
            f: matrix(&reduced.representation.f),
            g: matrix(&reduced.representation.g),
            f_from_hidden: matrix(&reduced.f_from_hidden),
            token_ids,
        })
    }
}

fn matrix(x: &Mat<f64>) -> Matrix {
    let values = x.row_iter().flat_map(|row| row.iter().copied().collect::<Vec<_>>()).collect();
    Matrix { rows: x.nrows(), columns: x.ncols(), values }
}

#[cfg(test)]
mod tests {
    use rand::Rng as _;
    use rand_distr::StandardNormal;

    use super::*;
    use crate::lab::observation::{Context, EngineKind, Floats, ModelCard, Observation};
    use crate::lab::reduced_of_observation;
    use crate::lab::tensors::{Questions, Tensor, Tensors, reduced_of_tensors};
    use crate::theory::Precision;
    use crate::theory::distribution::log_softmax;
    use crate::theory::representation::from_row_major;
    use crate::theory::statistics::{Stream, generator};

    fn normal(rows: usize, columns: usize, seed: u64) -> Mat<f64> {
        let rng = &mut generator(seed, Stream::Split);
        Mat::from_fn(rows, columns, |_, _| f64::from(rng.sample::<f32, _>(StandardNormal)))
    }

    fn of(matrix: &Matrix) -> Mat<f64> {
        from_row_major(&matrix.values, matrix.rows, matrix.columns)
    }

    /// Largest difference of log-probabilities, and of f from the hidden states times the map.
    fn errors(f: &Mat<f64>, g: &Mat<f64>, reduced: &ReducedModel) -> (f64, f64) {
        let log_p = |f: &Mat<f64>, g: &Mat<f64>| {
            let mut logits = g * f.transpose();
            (0..logits.ncols()).for_each(|context| log_softmax(logits.col_as_slice_mut(context)));
            logits
        };
        let of_distribution = (log_p(f, g) - log_p(&of(&reduced.f), &of(&reduced.g))).norm_max();
        (of_distribution, (f * of(&reduced.f_from_hidden) - of(&reduced.f)).norm_max())
    }

    /// Four of nine dimensions are visible, behind a change of basis: one is read by no context, two by no token, and
    /// two are the same twice.
    #[test]
    fn the_reduced_model_of_tensors_has_their_distribution_and_no_dimension_too_many() {
        let (n, v, r) = (40, 50, 4);
        let (seen_f, seen_g) = (normal(n, r, 1), normal(v, r, 2));
        let (dark_f, dark_g) = (normal(n, 2, 3), normal(v, 1, 4));
        let f = Mat::from_fn(n, 9, |i, j| match j {
            0..4 => seen_f[(i, j)],
            4..6 => dark_f[(i, j - 4)],
            6 => 0.0,
            _ => seen_f[(i, j - 7)],
        });
        let g = Mat::from_fn(v, 9, |y, j| match j {
            0..4 => seen_g[(y, j)],
            4..6 => 3.0,
            6 => dark_g[(y, 0)],
            _ => 0.5 * seen_g[(y, j - 7)],
        });
        let turned = normal(9, 9, 5).qr().compute_Q();
        let (f, g) = (&f * &turned, &g * &turned);
        let tensor = |x: &Mat<f64>| {
            let matrix = matrix(x);
            Tensor { rows: matrix.rows, cols: matrix.columns, values: matrix.values, is_f32: false }
        };
        let input = Tensors {
            f_a: tensor(&f),
            g_a: tensor(&g),
            f_b: tensor(&f),
            g_b: tensor(&g),
            questions: Questions::default(),
        };
        let reduced = reduced_of_tensors(&input).unwrap();
        assert_eq!((reduced.f.columns, reduced.g.columns), (r, r));
        assert_eq!((reduced.f_from_hidden.rows, reduced.f_from_hidden.columns), (9, r));
        assert_eq!(reduced.token_ids, (0..v as i64).collect::<Vec<_>>());
        let (of_distribution, of_f) = errors(&f, &g, &reduced);
        assert!(of_distribution < 1e-9 && of_f < 1e-9, "{of_distribution:e}, {of_f:e}");
    }

    /// An observation with a head bias, ids that no text produces and a masked id: these are no tokens of the result, and
    /// the bias is the last row of the map.
    #[test]
    fn the_reduced_model_of_an_observation_has_its_distribution_on_the_tokens_there_are() {
        let (n, v, d) = (30, 40, 6);
        let (hidden, unembedding, bias) = (normal(n, d, 1), normal(v, d, 2), normal(v, 1, 3));
        let (unreachable, masked) = ([0_usize, 17], 25_usize);
        let floats = |x: &Mat<f64>| Floats(matrix(x).values.into_iter().map(|x| x as f32).collect());
        let f = Mat::from_fn(n, d + 1, |i, j| if j < d { hidden[(i, j)] } else { 1.0 });
        let ids: Vec<usize> = (0..v).filter(|id| !unreachable.contains(id) && *id != masked).collect();
        let g =
            Mat::from_fn(
                ids.len(),
                d + 1,
                |y, j| {
                    if j < d { unembedding[(ids[y], j)] } else { bias[(ids[y], 0)] }
                },
            );
        let mut log_probs = vec![0.0; v];
        log_probs[masked] = f32::NEG_INFINITY;
        let observation = Observation {
            model: ModelCard {
                name: "test".into(),
                architecture: "none".into(),
                d_model: d,
                vocab_size: v,
                parameters: 0,
                sha256: "00".into(),
            },
            engine: EngineKind::Cpu,
            engine_detail: String::new(),
            n_prompts: 1,
            contexts: (0..n).map(|text| Context { text, token_ids: vec![1] }).collect(),
            hidden: floats(&hidden),
            prompt_states: Floats::default(),
            unembedding: floats(&unembedding),
            head_bias: Some(floats(&bias)),
            log_probs: Floats(log_probs),
            tokens: (0..v).map(|id| id.to_string()).collect(),
            unreachable_ids: unreachable.map(|id| id as u32).into(),
            soft_cap: None,
        };
        let reduced = reduced_of_observation(&observation).unwrap();
        assert_eq!(reduced.token_ids, ids.iter().map(|&id| id as i64).collect::<Vec<_>>());
        assert_eq!((reduced.f.columns, reduced.f_from_hidden.rows), (d + 1, d + 1));
        let (of_distribution, of_f) = errors(&f, &g, &reduced);
        assert!(of_distribution < 1e-9 && of_f < 1e-9, "{of_distribution:e}, {of_f:e}");
    }

    #[test]
    fn a_model_that_says_the_same_after_every_context_is_refused() {
        let blind = Representation { f: Mat::zeros(3, 2), g: normal(5, 2, 2), precision: Precision::F64 };
        let refused = ReducedModel::of(&blind, vec![0, 1, 2, 3, 4]).unwrap_err().to_string();
        assert!(refused.contains("model A") && refused.contains("rank zero"), "{refused}");
    }
}
