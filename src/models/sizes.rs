//! How many weights a network reads, known from its config alone.

/// Numbers of weights of a network's tensors, each tensor counted once: a tied head is its embedding, masks are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sizes {
    /// One vocabulary matrix.
    pub vocabulary: u64,
    /// How many of them: 1 where the head is tied, else 2.
    pub n_vocabularies: u64,
    /// Tensors that are there once.
    pub once: Vec<u64>,
    /// Tensors of one layer.
    pub layer: Vec<u64>,
    /// Layers.
    pub n_layers: u64,
}

impl Sizes {
    /// All weights.
    pub fn n_weights(&self) -> u64 {
        let sum = |sizes: &[u64]| sizes.iter().fold(0, |sum: u64, &size| sum.saturating_add(size));
        let layers = sum(&self.layer).saturating_mul(self.n_layers);
        let vocabularies = self.vocabulary.saturating_mul(self.n_vocabularies);
        vocabularies.saturating_add(sum(&self.once)).saturating_add(layers)
    }

    /// Weights of the largest tensor that is kept in one piece; vocabulary matrices are kept in tiles.
    pub fn largest(&self) -> u64 {
        self.once.iter().chain(&self.layer).copied().max().unwrap_or(0)
    }

    /// Weights of a `[n_in, n_out]` projection, then of its bias where it has one.
    pub(super) fn linear(n_in: usize, n_out: usize, has_bias: bool) -> impl Iterator<Item = u64> {
        let bias = has_bias.then_some(n_out as u64);
        std::iter::once(product(n_in, n_out)).chain(bias)
    }
}

/// Of two sizes; what is past counting is as large as can be.
pub(super) fn product(one: usize, other: usize) -> u64 {
    (one as u64).saturating_mul(other as u64)
}
