//! Pairs of tokens or contexts: their differences, and random pairs like those of a concept.

use faer::{Mat, MatRef};
use rand_chacha::ChaCha8Rng;

/// x1 − x0 for each pair of rows, `[n_pairs, d]`.
pub(super) fn differences(x: MatRef<'_, f64>, pairs: &[(usize, usize)]) -> Mat<f64> {
    Mat::from_fn(pairs.len(), x.ncols(), |i, j| x[(pairs[i].1, j)] - x[(pairs[i].0, j)])
}

/// N1: the concept's pairs with each of its tokens exchanged for a random one, different tokens for different ones.
/// Pairs that share a token are parallel to a degree for that reason alone, and so are the random pairs then.
pub(super) struct RandomPairs {
    /// Pairs of places among the concept's distinct tokens.
    places: Vec<(usize, usize)>,
    /// Tokens that a draw takes from its pool.
    pub(super) n_distinct: usize,
}

impl RandomPairs {
    pub(super) fn like(pairs: &[(usize, usize)]) -> Self {
        let mut distinct: Vec<usize> = pairs.iter().flat_map(|&(base, changed)| [base, changed]).collect();
        distinct.sort_unstable();
        distinct.dedup();
        let place = |row: usize| distinct.partition_point(|&other| other < row);
        let places = pairs.iter().map(|&(base, changed)| (place(base), place(changed))).collect();
        Self { places, n_distinct: distinct.len() }
    }

    /// The pool, or all tokens where it is too small.
    pub(super) fn pool(&self, pool: &[usize], n_tokens: usize) -> Vec<usize> {
        if pool.len() >= self.n_distinct.max(2) { pool.to_vec() } else { (0..n_tokens).collect() }
    }

    /// Pairs of places in a pool of this size.
    pub(super) fn draw(&self, pool_size: usize, rng: &mut ChaCha8Rng) -> Vec<(usize, usize)> {
        let drawn = rand::seq::index::sample(rng, pool_size, self.n_distinct);
        self.places.iter().map(|&(base, changed)| (drawn.index(base), drawn.index(changed))).collect()
    }
}
