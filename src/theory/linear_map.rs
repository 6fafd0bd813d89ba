//! The coupled linear map test of extended linear equivalence (theory.md §5.7).

use serde::{Deserialize, Serialize};

/// Residuals of one direction: T with g_B ≈ T g_A fitted on half of the tokens, tested on the rest and on prompts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CoupledMap {
    /// E_tok: relative residual on held-out tokens, measured in logits.
    pub e_tok: f64,
    /// E_prm: relative residual on prompts, none of which took part in the fit.
    pub e_prm: f64,
    /// E_prm when B's contexts are shuffled across texts: what an unrelated model would give.
    pub e_prm_shuffled: f64,
    /// E_tok when B's tokens are shuffled before the fit.
    pub e_tok_shuffled: f64,
}
