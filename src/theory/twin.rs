//! Exact twins: other representations of the same distribution (theory.md §5.5).

use serde::{Deserialize, Serialize};

/// Which constructor makes a twin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TwinKind {
    /// T1: invertible change of basis, condition number at most 9.
    ChangeOfBasis,
    /// T2a: extra coordinates in g that no f reads, then hidden by a change of basis. Breaks full parallelism.
    DarkUnembedding,
    /// T2b: extra coordinates in f that no difference of g reads, then hidden by a change of basis.
    DarkEmbedding,
}
