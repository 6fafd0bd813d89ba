//! What came out: every number the page and the command line show, and the verdict.

use serde::{Deserialize, Serialize};

use super::experiment::Experiment;
use super::observation::{EngineKind, ModelCard};
use crate::theory::distribution::Divergences;
use crate::theory::equivalence::Equality;
use crate::theory::linear_map::{CoupledMap, MapCells, StabilityBound};
use crate::theory::minimal::TruncationPoint;
use crate::theory::nielsen::RepresentationDistances;
use crate::theory::planner::Plan;
use crate::theory::prompt_map::{PromptMap, PromptMapError};
use crate::theory::properties::arrows::Arrows;
use crate::theory::properties::score::{Carried, PropertyScore};
use crate::theory::subspace::SubspaceSummary;
use crate::theory::verdict::{Verdict, VisibleGap};

/// Everything that is known about one comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Version of this program.
    pub version: String,
    /// What was asked.
    pub experiment: Experiment,
    /// Model A and how its numbers were made.
    pub model_a: Side,
    /// Model B and how its numbers were made.
    pub model_b: Side,
    /// One entry per prompt of the visitor, in order.
    pub prompts: Vec<PromptReport>,
    /// Number of contexts in all (prompts and calibration).
    pub n_contexts: usize,
    /// Number of texts they come from.
    pub n_texts: usize,
    /// Number of tokens in Y after unreachable ids are dropped.
    pub n_tokens: usize,
    /// Are the two distributions the same?
    pub equality: Equality,
    /// What would let more be said: how many more texts and contexts each claim needs.
    pub plan: Plan,
    /// Coupled linear map, predicting A from B's side and B from A's (theory.md §5.7).
    pub map_ab: CoupledMap,
    /// The other direction.
    pub map_ba: CoupledMap,
    /// How near the two models are as representations, beside the coupled map.
    pub nearness: Nearness,
    /// Every property that was asked for, concept by concept in the order of the experiment; at least one.
    pub properties: Vec<PropertyReport>,
    /// What follows for the first of them.
    pub verdict: Verdict,
}

/// Why no map is fitted on prompts: a [`PromptMapError`] as a report keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoPromptMap {
    /// A map would fit so few contexts whatever they are.
    TooFewContexts {
        /// At least so many.
        needed: usize,
        /// In the training texts.
        found: usize,
    },
    /// There are too few texts to hold some back.
    TooFewTexts {
        /// At least so many.
        needed: usize,
        /// There are.
        found: usize,
    },
    /// The held-out contexts do not vary.
    NoVariation,
    /// Its equations have no solution, for this reason (English).
    Unsolved(String),
}

impl From<&PromptMapError> for NoPromptMap {
    fn from(error: &PromptMapError) -> Self {
        match *error {
            PromptMapError::TooFewContexts { needed, found } => Self::TooFewContexts { needed, found },
            PromptMapError::TooFewTexts { needed, found } => Self::TooFewTexts { needed, found },
            PromptMapError::NoVariation => Self::NoVariation,
            PromptMapError::Theory(ref error) => Self::Unsolved(error.to_string()),
        }
    }
}

/// Secondary measures of how one representation can be had from the other. None of them decides anything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Nearness {
    /// A's canonical coordinates predicted from B's by a map that is fitted on prompts; absent with too few contexts.
    pub prompt_map_a_from_b: Option<PromptMap>,
    /// B's from A's.
    pub prompt_map_b_from_a: Option<PromptMap>,
    /// Why no map was fitted on prompts.
    pub prompt_map_refused: Option<NoPromptMap>,
    /// Cosines of the principal angles between what both unembeddings can express, from the weights alone, descending:
    /// all 1 is necessary for equality where hidden states span their space.
    pub image_cosines: Vec<f64>,
    /// The coupled map in canonical coordinates, B from A, drawn: its singular values are `image_cosines`.
    pub map: MapCells,
    /// Prop. 7: how far f can be from linear equivalence, given how far the logits are, A from B.
    pub stability_ab: StabilityBound,
    /// B from A.
    pub stability_ba: StabilityBound,
    /// Distances of theory.md §2.1; for pairs that are close on average only.
    pub distances: Option<RepresentationDistances>,
}

/// One model of the comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// The model.
    pub model: ModelCard,
    /// The engine.
    pub engine: EngineKind,
    /// The adapter's name or the instruction set.
    pub engine_detail: String,
    /// Ranks, effective complexity, dark energies.
    pub subspace: SubspaceSummary,
    /// How the distribution changes as the minimal-dimension model is cut to fewer dimensions (theory.md §5.6).
    pub truncation: Vec<TruncationPoint>,
}

/// Both distributions after one prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PromptReport {
    /// The prompt as typed.
    pub text: String,
    /// Its tokens, as strings.
    pub tokens: Vec<String>,
    /// How far the two distributions are from each other after its last tokens, one for each, in their order; the last
    /// is after the whole prompt. Empty where nobody looked within prompts.
    pub places: Vec<Place>,
    /// Union of both models' [`NEXT_TOKENS`] most likely tokens, by mean probability, most likely first.
    pub next: Vec<NextToken>,
    /// Distances between the two distributions.
    pub divergences: Divergences,
}

/// How many of a model's most likely next tokens are listed.
pub const NEXT_TOKENS: usize = 40;

/// Distances between the two distributions after some token of a prompt (theory.md §4.2).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// KL(A‖B), nats, ≥ 0.
    pub kl_ab: f64,
    /// KL(B‖A), nats, ≥ 0.
    pub kl_ba: f64,
    /// Jensen–Shannon divergence, nats, in [0, ln 2].
    pub js: f64,
}

impl From<&Divergences> for Place {
    fn from(all: &Divergences) -> Self {
        Self { kl_ab: all.kl_ab, kl_ba: all.kl_ba, js: all.js }
    }
}

/// One candidate for the next token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NextToken {
    /// Its id.
    pub id: u32,
    /// Its string.
    pub token: String,
    /// log p_A, nats.
    pub log_prob_a: f64,
    /// log p_B, nats.
    pub log_prob_b: f64,
}

/// The five linear properties (theory.md §1.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Property {
    /// The differences of a concept's pairs point one way.
    Parallelism,
    /// The answer to a query is an affine function of the subject's hidden state.
    RelationalLinearity,
    /// The answers to a query read one subspace of the hidden states.
    LinearSubspace,
    /// A linear probe tells labelled contexts apart.
    LinearProbing,
    /// Adding one vector moves the concept's pairs.
    LinearSteering,
}

/// One property of one concept in both models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PropertyReport {
    /// The concept's name.
    pub concept: String,
    /// Which property.
    pub property: Property,
    /// The scores; absent where there is nothing to measure, for which the verdict gives the reason.
    pub scores: Option<Scores>,
    /// |visible_A − visible_B| and the most that rounding explains, where distributions are equal.
    pub visible_gap: Option<VisibleGap>,
    /// What was found in one model, tried in the other; for properties of hidden states.
    pub carried: Option<CarriedBothWays>,
    /// Mean cos² of the principal angles between A's subspace, carried to B, and B's own; for linear subspaces.
    pub subspace_agreement: Option<f64>,
    /// The differences of its pairs, drawn; for parallelism, one arrow for each of `used`.
    pub arrows: Option<Arrows>,
    /// What took part, as the vocabulary or the tokenizer has it: pairs, subjects, contexts.
    pub used: Vec<String>,
    /// What was left out, as typed: no single token, a repetition, or a text that cannot be read.
    pub dropped: Vec<String>,
    /// What follows.
    pub verdict: Verdict,
}

/// One property in both models, in every version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// In A's own coordinates.
    pub raw_a: PropertyScore,
    /// In B's own coordinates.
    pub raw_b: PropertyScore,
    /// From A's log-probabilities only.
    pub visible_a: PropertyScore,
    /// From B's log-probabilities only.
    pub visible_b: PropertyScore,
    /// In A's own coordinates with dark parts removed: tells why raw scores differ.
    pub dark_removed_a: PropertyScore,
    /// In B's own coordinates with dark parts removed.
    pub dark_removed_b: PropertyScore,
}

/// What was fitted in one model and tried in the other, both ways.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CarriedBothWays {
    /// Found in A, tried in B.
    pub b_from_a: Carried,
    /// Found in B, tried in A.
    pub a_from_b: Carried,
}

impl Report {
    /// The property that the headline speaks of.
    pub fn lead(&self) -> Option<&PropertyReport> {
        self.properties.first()
    }
}
