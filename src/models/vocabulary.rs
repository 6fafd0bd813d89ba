//! A matrix with one row for every token, kept as tiles of rows: the embedding, and the unembedding.
//!
//! A vocabulary of many tokens makes a matrix that is larger than what a graphics adapter binds at once, and logits of
//! many texts that are larger still.

use burn::tensor::{Int, Tensor, TensorData};

use super::checkpoint::CheckpointError;
use super::layers::Weights;

/// Bytes of one tile: half of the 128 MiB that every WebGPU adapter binds.
pub const MAX_TILE_BYTES: usize = 64 << 20;

/// Texts of one length as token ids, one after another.
#[derive(Debug, Clone, Copy)]
pub struct Ids<'a> {
    /// `[batch · time]`
    pub ids: &'a [u32],
    /// Tokens of each text.
    pub time: usize,
}

/// One row for every token, `[V, d]`.
#[derive(Debug, Clone)]
pub struct VocabularyMatrix {
    /// `[rows_per_tile, d]` each, the last one `[.., d]`.
    tiles: Vec<Tensor<2>>,
    rows_per_tile: usize,
    n_rows: usize,
    width: usize,
}

impl VocabularyMatrix {
    /// Reads it tile by tile.
    ///
    /// # Errors
    /// Those of [`Checkpoint::take`](super::Checkpoint::take).
    pub async fn load(
        weights: &mut Weights<'_>,
        name: &str,
        n_rows: usize,
        width: usize,
    ) -> Result<Self, CheckpointError> {
        let claimed = weights.checkpoint.claim(name, &[n_rows, width])?;
        let rows_per_tile = rows_within(weights.max_tile_bytes, width).min(n_rows.max(1));
        let mut tiles = Vec::new();
        for begin in (0..n_rows).step_by(rows_per_tile) {
            let end = n_rows.min(begin + rows_per_tile);
            let values = claimed.values(begin * width..end * width).await?;
            tiles.push(Tensor::from_data(TensorData::new(values, [end - begin, width]), weights.device));
        }
        Ok(Self { tiles, rows_per_tile, n_rows, width })
    }

    /// V.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// d.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The rows of some token ids, all below V.
    ///
    /// # Shapes
    /// ids `[batch · time]` → `[batch, time, d]`
    pub fn embed(&self, Ids { ids, time }: Ids<'_>) -> Tensor<3> {
        let batch = ids.len() / time.max(1);
        let flat = match &self.tiles[..] {
            [only] => select(only, ids.iter().map(|&id| i64::from(id)).collect()),
            tiles => select_from(tiles, self.rows_per_tile, ids),
        };
        flat.reshape([batch, time, self.width])
    }

    /// Logits of hidden states, tile by tile of the tokens and at most d states at once, so that no result is larger
    /// than a tile: (first state, first token, `[states, tokens]`).
    ///
    /// # Shapes
    /// f `[n, d]`
    pub fn logits(&self, f: &Tensor<2>) -> impl Iterator<Item = (usize, usize, Tensor<2>)> {
        let [n, _] = f.dims();
        let block = self.width;
        (0..n).step_by(block).flat_map(move |begin| {
            let rows = f.clone().narrow(0, begin, block.min(n - begin));
            self.tiles.iter().enumerate().map(move |(tile_idx, tile)| {
                (begin, tile_idx * self.rows_per_tile, rows.clone().matmul(tile.clone().transpose()))
            })
        })
    }

    /// The first `n_rows` rows from top to bottom, in parts of at most `max_bytes` (one row where that is more).
    pub fn parts(&self, n_rows: usize, max_bytes: usize) -> impl Iterator<Item = Tensor<2>> {
        let (n_rows, n_at_once) = (n_rows.min(self.n_rows), rows_within(max_bytes, self.width));
        self.tiles.iter().enumerate().flat_map(move |(tile_idx, tile)| {
            let n_here = n_rows.saturating_sub(tile_idx * self.rows_per_tile).min(tile.dims()[0]);
            (0..n_here)
                .step_by(n_at_once)
                .map(move |begin| tile.clone().narrow(0, begin, n_at_once.min(n_here - begin)))
        })
    }
}

/// Rows of f32 that fit into so many bytes; at least one.
fn rows_within(max_bytes: usize, width: usize) -> usize {
    (max_bytes / size_of::<f32>() / width.max(1)).max(1)
}

fn select(table: &Tensor<2>, rows: Vec<i64>) -> Tensor<2> {
    let n = rows.len();
    let rows = Tensor::<1, Int>::from_data(TensorData::new(rows, [n]), &table.device());
    table.clone().select(0, rows)
}

/// The rows of ids that lie in several tiles: those of each tile together, then in the order that was asked for.
fn select_from(tiles: &[Tensor<2>], rows_per_tile: usize, ids: &[u32]) -> Tensor<2> {
    let mut parts = Vec::new();
    let mut order = vec![0; ids.len()];
    let mut n_found = 0;
    for (tile_idx, tile) in tiles.iter().enumerate() {
        let first = tile_idx * rows_per_tile;
        let mut rows = Vec::new();
        for (place, &id) in ids.iter().enumerate() {
            if (first..first + rows_per_tile).contains(&(id as usize)) {
                order[place] = n_found;
                n_found += 1;
                rows.push((id as usize - first) as i64);
            }
        }
        if !rows.is_empty() {
            parts.push(select(tile, rows));
        }
    }
    select(&Tensor::cat(parts, 0), order)
}
