//! The whole computation, from what two engines observed to a [`Report`].

use std::collections::{BTreeSet, HashMap, HashSet};

use faer::Mat;

use super::comparison::{
    Comparison, Predictor, Preflight, divergences, largest_difference, log_probabilities_in_f32,
};
use super::error::{LabError, TokenDifference};
use super::experiment::{Experiment, ModelSource};
use super::material::{self, Material};
use super::observation::{EngineKind, Floats, ModelCard, Observation, places_before_last};
use super::progress::{Listener, Progress};
use super::reduced::ReducedModel;
use super::report::{NEXT_TOKENS, NextToken, Place, PromptReport, Report, Side};
use crate::theory::distribution::{Divergences, log_softmax, top_k};
use crate::theory::equivalence::{NoiseFloor, assess};
use crate::theory::planner::{TARGET_RATE, plan};
use crate::theory::representation::{check_matrix, rounded_to_f32};
use crate::theory::twin::{self, Exactness};
use crate::theory::{Precision, Representation};

/// Largest |log softmax(F·G) − engine| that rounding can explain, nats; above it f or g is not what was used.
const EXTRACTION_TOLERANCE: f64 = 1e-2;
/// Contexts on which a twin's noise floor is measured.
const FLOOR_CONTEXTS: usize = 16;
/// Ids shown where two vocabularies differ.
const SHOWN_DIFFERENCES: usize = 3;

/// Computes the report. `b` is `None` exactly where the experiment's model B is a twin: it is then built from A's
/// F and G. `listener` is told the share done, from 0 to 1, and may end the computation.
///
/// # Errors
/// Observations that contradict themselves, each other or the experiment; matrices that nothing follows from; twins that
/// cannot be built; [`LabError::Cancelled`].
pub fn analyze(
    experiment: &Experiment,
    a: &Observation,
    b: Option<&Observation>,
    listener: &mut Listener<'_>,
) -> Result<Report, LabError> {
    check_model_b(experiment, b)?;
    check_observation('A', a)?;
    check_prompts(experiment, a)?;
    if let Some(b) = b {
        check_observation('B', b)?;
        check_same_vocabulary(a, b)?;
        check_same_contexts(a, b)?;
    }
    let progress = &mut Progress::new(listener);
    let masks = Masks::of(a, b);
    let ids: Vec<usize> = reachable_ids(a).into_iter().filter(|id| !masks.either.contains(id)).collect();
    let texts: Vec<String> = ids.iter().map(|&id| a.tokens.text(id)).collect();
    let strings: Vec<&str> = texts.iter().map(String::as_str).collect();
    let (contexts, last_tokens) = (experiment.concept_contexts(), last_tokens(a));
    let materials =
        material::resolve(&experiment.concepts, &strings, &rows_of(&contexts, a), Some(&last_tokens));

    let in_a = representation('A', a, &ids)?;
    let floor_a = extraction_error('A', a, &in_a, &ids)?;
    let within_a = within_prompts('A', a)?;
    let side_b = match b {
        Some(b) => SideB::observed(b, &ids)?,
        None => SideB::twin(experiment, a, (&in_a, &within_a), &materials)?,
    };
    progress.reach(0.1)?;

    let floor = NoiseFloor { a: floor_a, b: side_b.floor };
    let texts: Vec<usize> = a.contexts.iter().map(|context| context.text).collect();
    let mut prompts = Vec::with_capacity(a.n_prompts);
    let (whole_a, whole_b) = (Predictor::of(&in_a, a.soft_cap), side_b.predictor());
    let tie = 2.0 * floor.epsilon_num();
    let per_context = divergences(whole_a, whole_b, tie, |context, log_a, log_b, divergences| {
        if let Some(text) = experiment.prompts.get(context) {
            let tokens = a.contexts[context].token_ids.iter().map(|&id| a.tokens.text(id as usize)).collect();
            let next = next_tokens(log_a, log_b, &ids, a);
            let (text, places) = (text.clone(), Vec::new());
            prompts.push(PromptReport { text, tokens, places, next, divergences: *divergences });
        }
        progress.reach(0.1 + 0.3 * (context + 1) as f64 / in_a.n_contexts() as f64)
    })?;
    if within_a.nrows() == side_b.within_prompts.nrows() {
        let (a, b) =
            (Predictor { f: &within_a, ..whole_a }, Predictor { f: &side_b.within_prompts, ..whole_b });
        add_places(&mut prompts, &divergences(a, b, tie, |_, _, _, _| Ok(()))?);
    }
    let closeness = experiment.thresholds.closeness();
    let mut equality =
        assess(&per_context, &texts, ids.len(), floor, side_b.is_exact, closeness, experiment.seed);
    if let Some(context) = masks.first_difference {
        equality = equality.refuted_by_mask(context);
    }

    let comparison = Comparison {
        a: &in_a,
        b: &side_b.representation,
        texts: &texts,
        thresholds: experiment.thresholds,
        seed: experiment.seed,
    };
    let soft_capped = a.soft_cap.is_some() || side_b.soft_cap.is_some();
    let preflight =
        Preflight { out_of_class: soft_capped, support_mismatch: masks.first_difference.is_some() };
    let outcome = comparison.outcome(&equality, preflight, &materials, &mut progress.part(0.4, 1.0))?;
    progress.reach(1.0)?;

    let widest = in_a.width().max(side_b.representation.width());
    Ok(Report {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        experiment: experiment.clone(),
        model_a: Side {
            model: a.model.clone(),
            engine: a.engine,
            engine_detail: a.engine_detail.clone(),
            subspace: outcome.subspaces_a,
            truncation: outcome.truncation_a,
        },
        model_b: Side {
            model: side_b.model,
            engine: side_b.engine,
            engine_detail: side_b.engine_detail,
            subspace: outcome.subspaces_b,
            truncation: outcome.truncation_b,
        },
        prompts,
        n_contexts: in_a.n_contexts(),
        n_texts: texts.iter().collect::<HashSet<_>>().len(),
        n_tokens: ids.len(),
        plan: plan(&per_context, &texts, &equality, closeness, widest, TARGET_RATE),
        equality,
        map_ab: outcome.map_ab,
        map_ba: outcome.map_ba,
        nearness: outcome.nearness,
        properties: outcome.properties,
        verdict: outcome.verdict,
    })
}

/// The smallest model that has the distribution of an observed one on its contexts and tokens.
///
/// # Errors
/// An observation that contradicts itself, and matrices that nothing follows from.
pub fn reduced_of_observation(a: &Observation) -> Result<ReducedModel, LabError> {
    check_observation('A', a)?;
    let masked = Masks::of(a, None).either;
    let ids: Vec<usize> = reachable_ids(a).into_iter().filter(|id| !masked.contains(id)).collect();
    ReducedModel::of(&representation('A', a, &ids)?, ids.iter().map(|&id| id as i64).collect())
}

/// Model B, observed or built.
struct SideB {
    representation: Representation,
    /// f at the places before the last of the prompts, `[·, d]`.
    within_prompts: Mat<f64>,
    floor: f64,
    soft_cap: Option<f64>,
    /// Equality with A is a theorem.
    is_exact: bool,
    model: ModelCard,
    engine: EngineKind,
    engine_detail: String,
}

impl SideB {
    fn observed(b: &Observation, ids: &[usize]) -> Result<Self, LabError> {
        let representation = representation('B', b, ids)?;
        Ok(Self {
            floor: extraction_error('B', b, &representation, ids)?,
            within_prompts: within_prompts('B', b)?,
            representation,
            soft_cap: b.soft_cap,
            is_exact: false,
            model: b.model.clone(),
            engine: b.engine,
            engine_detail: b.engine_detail.clone(),
        })
    }

    /// Built from A's F and G, for the pairs of the first concept where a constructor aims at pairs.
    fn twin(
        experiment: &Experiment,
        a: &Observation,
        (in_a, within_a): (&Representation, &Mat<f64>),
        materials: &[Material],
    ) -> Result<Self, LabError> {
        let ModelSource::Twin { recipe } = &experiment.model_b else {
            return Err(LabError::ModelB(B_MISSING));
        };
        let pairs = materials.first().and_then(|material| material.pairs.as_ref());
        let pairs = pairs.map_or(&[][..], |found| &found.rows);
        let twin = twin::build_and_carry(recipe, in_a, within_a, pairs, experiment.seed)?;
        let representation = twin.representation.rounded_to_f32();
        let kind = match twin.exactness {
            Exactness::Exact => "exact twin of model A",
            Exactness::ObservedOnly => "twin of model A on the contexts it was built on only",
            Exactness::Approximate => "approximation of model A",
        };
        Ok(Self {
            floor: floor_in_f32(&representation, a.soft_cap),
            soft_cap: a.soft_cap,
            is_exact: twin.exactness == Exactness::Exact,
            model: ModelCard {
                name: format!("twin of {}", a.model.name),
                d_model: representation.width(),
                ..a.model.clone()
            },
            engine: EngineKind::Twin,
            engine_detail: format!("{kind}: {recipe}"),
            within_prompts: rounded_to_f32(twin.elsewhere.as_ref()),
            representation,
        })
    }

    fn predictor(&self) -> Predictor<'_> {
        Predictor::of(&self.representation, self.soft_cap)
    }
}

const B_MISSING: &str = "model B was not observed: load it and run it on the prompts, or choose a twin of A";

fn check_model_b(experiment: &Experiment, b: Option<&Observation>) -> Result<(), LabError> {
    match (&experiment.model_b, b) {
        (ModelSource::Twin { .. }, Some(_)) => Err(LabError::ModelB(
            "model B is a twin of A: it is built from A, so nothing must be observed of it",
        )),
        (ModelSource::Twin { .. }, None) | (_, Some(_)) => Ok(()),
        (_, None) => Err(LabError::ModelB(B_MISSING)),
    }
}

/// The row of each of the concepts' contexts that could be observed. Their texts are numbered after the prompts.
fn rows_of<'a>(contexts: &'a [String], a: &Observation) -> HashMap<&'a str, usize> {
    let rows = a.contexts.iter().enumerate().skip(a.n_prompts);
    rows.filter_map(|(row, context)| {
        let text = contexts.get(context.text.checked_sub(a.n_prompts)?)?;
        Some((text.as_str(), row))
    })
    .collect()
}

/// The last token of each context.
fn last_tokens(a: &Observation) -> Vec<u32> {
    a.contexts.iter().map(|context| context.token_ids.last().copied().unwrap_or_default()).collect()
}

fn check_observation(model: char, o: &Observation) -> Result<(), LabError> {
    let size = |what, expected, found| {
        if expected == found { Ok(()) } else { Err(LabError::Size { model, what, expected, found }) }
    };
    if o.contexts.is_empty() {
        return Err(LabError::NoContexts);
    }
    let (n, v, d) = (o.contexts.len(), o.model.vocab_size, o.model.d_model);
    size("hidden states", n * d, o.hidden.0.len())?;
    if !o.prompt_states.0.is_empty() {
        size("the hidden states within prompts", n_places(o) * d, o.prompt_states.0.len())?;
    }
    size("the unembedding", v * d, o.unembedding.0.len())?;
    size("the token list", v, o.tokens.len())?;
    if let Some(bias) = &o.head_bias {
        size("the head bias", v, bias.0.len())?;
    }
    // Without any of the engine's own log-probabilities there is no measured floor.
    let n_given = (o.log_probs.0.len() / v.max(1)).clamp(o.n_prompts.clamp(1, n), n);
    size("log-probabilities", n_given * v, o.log_probs.0.len())?;
    if let Some(at) = o.log_probs.0.iter().position(|x| x.is_nan()) {
        return Err(LabError::NotANumber { model, context: at / v });
    }
    if let Some(found) = o.soft_cap.filter(|cap| !(cap.is_finite() && *cap > 0.0)) {
        return Err(LabError::SoftCap { model, found });
    }
    Ok(())
}

fn check_prompts(experiment: &Experiment, a: &Observation) -> Result<(), LabError> {
    let (asked, observed) = (experiment.prompts.len(), a.n_prompts);
    if asked == observed && observed <= a.contexts.len() {
        Ok(())
    } else {
        Err(LabError::Prompts { asked, observed })
    }
}

/// Every id must have a token in both models or in neither, and stand for the same bytes: the distributions of a pair
/// are over one vocabulary. A special token's bytes are its name: what it does is not written anywhere else, so that
/// another name is another token.
///
/// # Errors
/// [`LabError::DifferentVocabularies`] with the first ids that differ.
pub fn check_same_vocabulary(a: &Observation, b: &Observation) -> Result<(), LabError> {
    let (ids_a, ids_b): (BTreeSet<usize>, BTreeSet<usize>) =
        (reachable_ids(a).into_iter().collect(), reachable_ids(b).into_iter().collect());
    let token = |o: &Observation, ids: &BTreeSet<usize>, id: usize| {
        ids.contains(&id).then(|| o.tokens.bytes(id).to_vec())
    };
    let (mut examples, mut n_different, mut n_ids) = (Vec::new(), 0, 0);
    for &id in ids_a.union(&ids_b) {
        n_ids += 1;
        let (token_a, token_b) = (token(a, &ids_a, id), token(b, &ids_b, id));
        if token_a != token_b {
            n_different += 1;
            if examples.len() < SHOWN_DIFFERENCES {
                examples.push(TokenDifference { id, token_a, token_b });
            }
        }
    }
    if n_different == 0 {
        Ok(())
    } else {
        Err(LabError::DifferentVocabularies { examples, n_different, n_ids })
    }
}

fn check_same_contexts(a: &Observation, b: &Observation) -> Result<(), LabError> {
    let differs = |context: &usize| a.contexts.get(*context) != b.contexts.get(*context);
    match (0..a.contexts.len().max(b.contexts.len())).find(differs) {
        Some(context) => Err(LabError::DifferentContexts { context }),
        None => Ok(()),
    }
}

fn reachable_ids(o: &Observation) -> Vec<usize> {
    let unreachable: HashSet<usize> = o.unreachable_ids.iter().map(|&id| id as usize).collect();
    (0..o.model.vocab_size).filter(|id| !unreachable.contains(id)).collect()
}

/// Tokens to which an engine gives log-probability −∞.
struct Masks {
    /// Ids masked in any context of either model: they leave Y.
    either: HashSet<usize>,
    /// First context where an id is masked in one model only.
    first_difference: Option<usize>,
}

impl Masks {
    fn of(a: &Observation, b: Option<&Observation>) -> Self {
        let masked = |o: &Observation| -> BTreeSet<(usize, usize)> {
            let values = o.log_probs.0.iter().enumerate().filter(|(_, x)| **x == f32::NEG_INFINITY);
            values.map(|(i, _)| (i / o.model.vocab_size, i % o.model.vocab_size)).collect()
        };
        let in_a = masked(a);
        let in_b = b.map_or_else(|| in_a.clone(), masked);
        let n_rows = |o: &Observation| o.log_probs.0.len() / o.model.vocab_size.max(1);
        let n_common = n_rows(a).min(b.map_or(usize::MAX, n_rows));
        let reachable: HashSet<usize> = reachable_ids(a).into_iter().collect();
        let differs = |place: &&(usize, usize)| place.0 < n_common && reachable.contains(&place.1);
        Self {
            first_difference: in_a.symmetric_difference(&in_b).find(differs).map(|&(context, _)| context),
            either: in_a.union(&in_b).map(|&(_, id)| id).collect(),
        }
    }
}

/// How many places there are before the last ones of the prompts.
fn n_places(o: &Observation) -> usize {
    let prompts = o.contexts.iter().take(o.n_prompts);
    prompts.map(|prompt| places_before_last(prompt.token_ids.len()).len()).sum()
}

/// Hidden states in f64, `[n, d]`; a head bias needs one more coordinate, (f, 1).
fn hidden_states(o: &Observation, states: &Floats) -> Mat<f64> {
    let d = o.model.d_model;
    let width = d + usize::from(o.head_bias.is_some());
    let n = states.0.len() / d.max(1);
    Mat::from_fn(n, width, |i, j| if j < d { f64::from(states.0[i * d + j]) } else { 1.0 })
}

/// f at the places before the last of the prompts, `[·, d]`.
fn within_prompts(model: char, o: &Observation) -> Result<Mat<f64>, LabError> {
    let f = hidden_states(o, &o.prompt_states);
    if f.nrows() > 0 {
        check_matrix("F (hidden states within prompts)", f.as_ref()).map_err(LabError::of(model))?;
    }
    Ok(f)
}

/// Tells each prompt its distances, those after the whole of it last; none where nobody looked within prompts.
fn add_places(prompts: &mut [PromptReport], within: &[Divergences]) {
    let n_places: usize = prompts.iter().map(|prompt| places_before_last(prompt.tokens.len()).len()).sum();
    if within.len() != n_places {
        return;
    }
    let mut within = within.iter().map(Place::from);
    for prompt in prompts {
        let before = places_before_last(prompt.tokens.len()).len();
        prompt.places = within.by_ref().take(before).chain([Place::from(&prompt.divergences)]).collect();
    }
}

/// F and G on the tokens of Y; a head bias becomes one more coordinate, (f, 1) and (g, b).
fn representation(model: char, o: &Observation, ids: &[usize]) -> Result<Representation, LabError> {
    let d = o.model.d_model;
    let width = d + usize::from(o.head_bias.is_some());
    let f = hidden_states(o, &o.hidden);
    let g = Mat::from_fn(ids.len(), width, |y, j| match &o.head_bias {
        Some(bias) if j == d => f64::from(bias.0[ids[y]]),
        _ => f64::from(o.unembedding.0[ids[y] * d + j]),
    });
    Representation::new(f, g, Precision::F32).map_err(LabError::of(model))
}

/// ε_0: largest |engine − f64 recomputation| on the contexts whose log-probabilities the engine gave.
fn extraction_error(
    model: char,
    o: &Observation,
    exact: &Representation,
    ids: &[usize],
) -> Result<f64, LabError> {
    let given = o.log_probs.0.chunks_exact(o.model.vocab_size).map(|row| {
        // Restricted to Y, and normalised there as the recomputation is.
        let mut log_p: Vec<f64> = ids.iter().map(|&id| f64::from(row[id])).collect();
        log_softmax(&mut log_p);
        log_p
    });
    let (found, context) = largest_difference(exact, o.soft_cap, given);
    if found > EXTRACTION_TOLERANCE {
        return Err(LabError::Extraction { model, context, found, allowed: EXTRACTION_TOLERANCE });
    }
    Ok(found)
}

/// ε_0 of a representation that no engine ran: f32 products against f64 ones of the same numbers.
pub(super) fn floor_in_f32(model: &Representation, cap: Option<f64>) -> f64 {
    let contexts = 0..model.n_contexts().min(FLOOR_CONTEXTS);
    largest_difference(model, cap, contexts.map(|context| log_probabilities_in_f32(model, context, cap))).0
}

/// Union of both models' most likely tokens, by mean probability, most likely first.
fn next_tokens(log_a: &[f64], log_b: &[f64], ids: &[usize], o: &Observation) -> Vec<NextToken> {
    let rows: BTreeSet<usize> =
        top_k(log_a, NEXT_TOKENS).into_iter().chain(top_k(log_b, NEXT_TOKENS)).collect();
    let mut rows: Vec<usize> = rows.into_iter().collect();
    let weight = |y: usize| log_a[y].exp() + log_b[y].exp();
    rows.sort_by(|&x, &y| weight(y).total_cmp(&weight(x)));
    rows.into_iter()
        .map(|y| NextToken {
            id: ids[y] as u32,
            token: o.tokens.text(ids[y]),
            log_prob_a: log_a[y],
            log_prob_b: log_b[y],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::observation::{Context, Floats, TokenTable};
    use crate::lab::report::{Property, Scores};
    use crate::lab::{Concept, Relation, Thresholds};
    use crate::theory::equivalence::Level;
    use crate::theory::properties::score::{Details, PropertyScore};
    use crate::theory::statistics::{Stream, generator};
    use crate::theory::twin::TwinRecipe;
    use crate::theory::verdict::{PropertyState, Reason, VerdictKind};
    use rand::Rng;
    use rand_distr::StandardNormal;
    use std::ops::ControlFlow;

    const PAIRS: usize = 16;
    const V: usize = 150;
    const D: usize = 24;
    const PROMPTS: usize = 3;

    /// A model without a network: normal f, and g whose first pairs share a direction. f32 throughout, as an engine's.
    fn observe(seed: u64, n: usize, strength: f32) -> Observation {
        let rng = &mut generator(seed, Stream::Split);
        let mut normal = || -> f32 { rng.sample(StandardNormal) };
        let hidden: Vec<f32> = (0..n * D).map(|_| normal()).collect();
        let common: Vec<f32> = (0..D).map(|_| normal()).collect();
        let mut g: Vec<f32> = (0..V * D).map(|_| 0.6 * normal()).collect();
        for pair in 0..PAIRS {
            for j in 0..D {
                let base = g[2 * pair * D + j];
                g[(2 * pair + 1) * D + j] = base + strength * common[j] + 0.3 * g[(2 * pair + 1) * D + j];
            }
        }
        let words = (0..V).map(|y| match (y / 2, y % 2) {
            (pair, 0) if pair < PAIRS => format!(" base{}", letter(pair)),
            (pair, _) if pair < PAIRS => format!(" changed{}", letter(pair)),
            _ => format!(" word{}{}", letter(y / 26), letter(y % 26)),
        });
        let mut o = Observation {
            model: ModelCard {
                name: "test".into(),
                architecture: "none".into(),
                d_model: D,
                vocab_size: V,
                parameters: 0,
                sha256: "00".into(),
            },
            engine: EngineKind::Cpu,
            engine_detail: String::new(),
            n_prompts: PROMPTS,
            contexts: (0..n)
                .map(|i| Context {
                    text: if i < PROMPTS { i } else { PROMPTS + i / 5 },
                    token_ids: vec![i as u32 % 7],
                })
                .collect(),
            hidden: Floats(hidden),
            prompt_states: Floats::default(),
            unembedding: Floats(g),
            head_bias: None,
            log_probs: Floats::default(),
            tokens: words.map(|word| word.replace(char::is_numeric, "")).collect(),
            unreachable_ids: vec![],
            soft_cap: None,
        };
        run_head(&mut o);
        o
    }

    /// A vocabulary with one token exchanged.
    fn renamed(tokens: &TokenTable, id: usize, token: &[u8]) -> TokenTable {
        (0..tokens.len()).map(|other| if other == id { token } else { tokens.bytes(other) }).collect()
    }

    fn letter(i: usize) -> char {
        char::from(b'a' + i as u8)
    }

    /// What an engine would say of the first contexts.
    fn run_head(o: &mut Observation) {
        let mut log_probs = Vec::new();
        for i in 0..6 {
            let mut row: Vec<f64> = (0..o.model.vocab_size)
                .map(|y| {
                    let bias = o.head_bias.as_ref().map_or(0.0, |b| b.0[y]);
                    let d = o.model.d_model;
                    let z = (0..d).map(|j| o.hidden.0[i * d + j] * o.unembedding.0[y * d + j]).sum::<f32>()
                        + bias;
                    o.soft_cap.map_or(f64::from(z), |cap| cap * (f64::from(z) / cap).tanh())
                })
                .collect();
            log_softmax(&mut row);
            log_probs.extend(row.into_iter().map(|x| x as f32));
        }
        o.log_probs = Floats(log_probs);
    }

    fn experiment(model_b: ModelSource) -> Experiment {
        let pairs =
            (0..PAIRS).map(|i| (format!("base{}", letter(i)), format!("changed{}", letter(i)))).collect();
        Experiment {
            model_a: ModelSource::Bundled { name: "a".into() },
            model_b,
            prompts: vec!["one".into(), "two".into(), "three".into()],
            concepts: vec![Concept { name: "changes".into(), pairs, ..Concept::default() }],
            seed: 4,
            thresholds: Thresholds::default(),
        }
    }

    fn other() -> Experiment {
        experiment(ModelSource::Bundled { name: "b".into() })
    }

    fn go_on(_: f64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn twin(recipe: &str) -> ModelSource {
        ModelSource::Twin { recipe: recipe.parse::<TwinRecipe>().unwrap() }
    }

    fn twin_report(recipe: &str, strength: f32) -> Report {
        analyze(&experiment(twin(recipe)), &observe(1, 400, strength), None, &mut go_on).unwrap()
    }

    fn all_scores(report: &Report) -> &Scores {
        report.lead().unwrap().scores.as_ref().unwrap()
    }

    fn scores(report: &Report) -> [&PropertyScore; 4] {
        let s = all_scores(report);
        [&s.raw_a, &s.raw_b, &s.visible_a, &s.visible_b]
    }

    #[test]
    fn a_twin_by_change_of_basis_holds_what_its_model_holds() {
        let report = twin_report("change-of-basis", 1.0);
        assert_eq!(report.equality.level, Level::Constructed);
        assert!(report.equality.max_abs_dlogp < report.equality.epsilon_num);
        assert_eq!(report.verdict.visible.kind, VerdictKind::HeldByAll, "{:?}", scores(&report));
        assert!(report.map_ab.e_prm < 1e-4 && report.map_ba.e_tok < 1e-4, "{:?}", report.map_ab);
        assert!(report.map_ab.e_prm_shuffled > 0.5);
        assert_eq!(report.model_b.subspace.effective_complexity, D);
        assert_eq!(report.model_b.engine, EngineKind::Twin);
    }

    #[test]
    fn a_dark_unembedding_hides_parallelism_and_is_named() {
        let report = twin_report("dark-unembedding", 1.0);
        assert_eq!(report.verdict.visible.kind, VerdictKind::HeldByAll, "{:?}", scores(&report));
        assert_eq!(report.verdict.raw.kind, VerdictKind::Mixed, "{:?}", scores(&report));
        assert_eq!(report.verdict.raw.reasons, [Reason::DarkUnembedding]);
        assert!(report.model_b.subspace.dark_g > 0.5 && report.model_a.subspace.dark_g < 1e-9);
        let s = all_scores(&report);
        assert_eq!(
            (s.dark_removed_a.state, s.dark_removed_b.state),
            (PropertyState::Holds, PropertyState::Holds)
        );
    }

    /// With fewer than 2d contexts the twin's reason still stands, with the caution that other prompts may read more.
    #[test]
    fn few_contexts_add_a_caution_to_the_reason() {
        let asked = experiment(twin("dark-unembedding"));
        let report = analyze(&asked, &observe(1, 2 * D - 1, 1.0), None, &mut go_on).unwrap();
        assert_eq!(report.verdict.raw.kind, VerdictKind::Mixed, "{:?}", scores(&report));
        assert_eq!(report.verdict.raw.reasons, [Reason::DarkUnembedding, Reason::FDiversityUntested]);
    }

    #[test]
    fn a_dark_embedding_leaves_parallelism_as_it_was() {
        let report = twin_report("dark-embedding", 1.0);
        assert_eq!(report.verdict.visible.kind, VerdictKind::HeldByAll);
        assert!(report.model_b.subspace.dark_f > 0.1);
        assert_eq!(report.model_b.subspace.effective_complexity, D);
    }

    #[test]
    fn a_concept_without_a_direction_is_held_by_none() {
        let report = twin_report("change-of-basis", 0.0);
        assert_eq!(report.verdict.visible.kind, VerdictKind::HeldByNone, "{:?}", scores(&report));
    }

    /// Two separately made models: whatever the scores, no word about all or none.
    #[test]
    fn different_models_get_no_verdict_on_the_property() {
        let (a, b) = (observe(1, 400, 1.0), observe(2, 400, 1.0));
        let report = analyze(&other(), &a, Some(&b), &mut go_on).unwrap();
        assert_eq!(report.equality.level, Level::Different);
        for finding in [&report.verdict.visible, &report.verdict.raw] {
            assert_eq!(
                (finding.kind, &finding.reasons[..]),
                (VerdictKind::NotEquivalent, &[Reason::DistributionsDiffer][..])
            );
        }
        assert!(report.map_ab.e_prm > 0.8);
    }

    #[test]
    fn a_model_is_identical_to_itself_run_twice() {
        let a = observe(1, 400, 1.0);
        let report = analyze(&other(), &a, Some(&a.clone()), &mut go_on).unwrap();
        assert_eq!((report.equality.level, report.equality.max_abs_dlogp), (Level::Identical, 0.0));
        assert_eq!(report.verdict.raw.kind, VerdictKind::HeldByAll);
        assert!(report.equality.unseen_share.unwrap() < 0.05);
    }

    #[test]
    fn prompts_come_with_their_most_likely_tokens_and_distances() {
        let (a, b) = (observe(1, 100, 1.0), observe(2, 100, 1.0));
        let report = analyze(&other(), &a, Some(&b), &mut go_on).unwrap();
        let texts: Vec<&str> = report.prompts.iter().map(|p| p.text.as_str()).collect();
        assert_eq!(texts, ["one", "two", "three"]);
        let prompt = &report.prompts[0];
        assert_eq!(prompt.tokens, [a.tokens.text(0)]);
        let best = (0..V).max_by(|&x, &y| a.log_probs.0[x].total_cmp(&a.log_probs.0[y])).unwrap();
        assert!(prompt.next.iter().any(|next| next.id as usize == best && next.token == a.tokens.text(best)));
        assert!(
            (prompt.next[0].log_prob_a - f64::from(a.log_probs.0[prompt.next[0].id as usize])).abs() < 1e-4
        );
        assert!(prompt.divergences.kl_ab > 0.0 && prompt.next.len() >= NEXT_TOKENS);
        let listed = |of: fn(&NextToken) -> f64| {
            let mut ids: Vec<&NextToken> = prompt.next.iter().collect();
            ids.sort_by(|x, y| of(y).total_cmp(&of(x)));
            ids.into_iter().take(NEXT_TOKENS).map(|next| next.id as usize).collect::<BTreeSet<_>>()
        };
        let best = |o: &Observation| {
            let mut ids: Vec<usize> = (0..V).collect();
            ids.sort_by(|&x, &y| o.log_probs.0[y].total_cmp(&o.log_probs.0[x]));
            ids.into_iter().take(NEXT_TOKENS).collect::<BTreeSet<_>>()
        };
        assert_eq!([listed(|next| next.log_prob_a), listed(|next| next.log_prob_b)], [best(&a), best(&b)]);
    }

    /// Prompts of 1, 3 and 70 tokens, with hidden states within them.
    fn within(mut o: Observation, seed: u64) -> Observation {
        let rng = &mut generator(seed, Stream::Split);
        for (prompt, n) in o.contexts.iter_mut().zip([1, 3, 70]) {
            prompt.token_ids = vec![2; n];
        }
        let n_places = 2 + 63;
        o.prompt_states = Floats((0..n_places * D).map(|_| rng.sample::<f32, _>(StandardNormal)).collect());
        o
    }

    #[test]
    fn distances_along_the_prompts_change_no_other_number() {
        let (mut a, mut b) = (within(observe(1, 100, 1.0), 3), within(observe(2, 100, 1.0), 4));
        let found = analyze(&other(), &a, Some(&b), &mut go_on).unwrap();
        let n_places: Vec<usize> = found.prompts.iter().map(|prompt| prompt.places.len()).collect();
        assert_eq!(n_places, [1, 3, 64]);
        for prompt in &found.prompts {
            assert_eq!(prompt.places.last(), Some(&Place::from(&prompt.divergences)));
        }
        // The second place within the second prompt, by the definitions.
        let log_p = |o: &Observation, row: usize| {
            let logit = |y: usize| -> f64 {
                let (f, g) = (&o.prompt_states.0[row * D..], &o.unembedding.0[y * D..]);
                (0..D).map(|j| f64::from(f[j]) * f64::from(g[j])).sum()
            };
            let logits: Vec<f64> = (0..V).map(logit).collect();
            let total = logits.iter().map(|z| z.exp()).sum::<f64>().ln();
            logits.into_iter().map(|z| z - total).collect::<Vec<f64>>()
        };
        let (p, q) = (log_p(&a, 1), log_p(&b, 1));
        let kl = |p: &[f64], q: &[f64]| p.iter().zip(q).map(|(a, b)| a.exp() * (a - b)).sum::<f64>();
        let middle: Vec<f64> = p.iter().zip(&q).map(|(a, b)| (0.5 * (a.exp() + b.exp())).ln()).collect();
        let expected = [kl(&p, &q), kl(&q, &p), 0.5 * (kl(&p, &middle) + kl(&q, &middle))];
        let place = &found.prompts[1].places[1];
        for (found, expected) in [place.kl_ab, place.kl_ba, place.js].into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-9, "{found}, not {expected}");
        }

        a.prompt_states.0.clear();
        b.prompt_states.0.clear();
        let without = analyze(&other(), &a, Some(&b), &mut go_on).unwrap();
        let mut rest = found;
        rest.prompts.iter_mut().for_each(|prompt| prompt.places.clear());
        assert_eq!(without, rest);
    }

    /// The trap is sprung within a prompt: the twin of what was looked at says something else one token earlier.
    #[test]
    fn a_twin_is_followed_along_the_prompts() {
        let a = within(observe(1, 6, 1.0), 5);
        let js = |recipe: &str| {
            let report = analyze(&experiment(twin(recipe)), &a, None, &mut go_on).unwrap();
            report.prompts[1].places.iter().map(|place| place.js).collect::<Vec<f64>>()
        };
        assert!(js("dark-both").iter().all(|js| *js < 1e-6), "{:?}", js("dark-both"));
        let trap = js("observed-only");
        assert!(trap[0] > 0.01 && trap[1] > 0.01 && trap[2] < 1e-6, "{trap:?}");
    }

    #[test]
    fn a_report_depends_on_its_seed_alone() {
        let again = || twin_report("dark-unembedding", 1.0);
        assert_eq!(again(), again());
    }

    #[test]
    fn progress_rises_to_one() {
        let mut seen = vec![0.0];
        let a = observe(1, 100, 1.0);
        analyze(&experiment(twin("change-of-basis")), &a, None, &mut |x| {
            seen.push(x);
            ControlFlow::Continue(())
        })
        .unwrap();
        assert!(seen.windows(2).all(|two| two[0] <= two[1]) && seen.last() == Some(&1.0), "{seen:?}");
    }

    /// A concept with 44 labelled contexts, 24 subjects and 10 steps, whose texts are named as nothing else is.
    fn concept_in_contexts(name: &str) -> Concept {
        let subjects: Vec<String> = (0..24).map(|i| format!("subject{i}")).collect();
        let answers = (40..44).map(|y| format!("word{}{}", letter(y / 26), letter(y % 26))).collect();
        Concept {
            name: name.into(),
            pairs: other().concepts[0].pairs.clone(),
            relation: Some(Relation {
                subjects,
                context: "in {}".into(),
                query: " they say".into(),
                answers,
            }),
            labelled: (0..44).map(|i| (format!("labelled {i}"), i % 2 == 0)).collect(),
            steering: (0..10).map(|i| (format!("from {i}"), format!("to {i}"))).collect(),
            ..Concept::default()
        }
    }

    /// The texts of the first contexts: prompts, then the experiment's, without those that could not be read.
    fn with_texts(mut o: Observation, experiment: &Experiment, unread: &[&str]) -> Observation {
        let texts = experiment.concept_contexts();
        let read = (0..texts.len()).filter(|&i| !unread.contains(&texts[i].as_str())).map(|i| PROMPTS + i);
        let rest = PROMPTS + texts.len()..;
        for (context, text) in o.contexts.iter_mut().zip((0..PROMPTS).chain(read).chain(rest)) {
            context.text = text;
        }
        o
    }

    fn twin_experiment(concepts: Vec<Concept>) -> Experiment {
        Experiment { concepts, ..experiment(twin("change-of-basis")) }
    }

    fn report_on(experiment: &Experiment, unread: &[&str]) -> Report {
        analyze(experiment, &with_texts(observe(1, 400, 1.0), experiment, unread), None, &mut go_on).unwrap()
    }

    /// Contexts that no tokenizer could read are named and left out, and every number is what it would have been had
    /// nobody asked for them.
    #[test]
    fn contexts_that_could_not_be_read_are_left_out_and_named() {
        let whole = concept_in_contexts("whole");
        let mut without = whole.clone();
        let relation = without.relation.as_mut().unwrap();
        relation.subjects.retain(|subject| !["subject3", "subject7"].contains(&subject.as_str()));
        without.labelled.retain(|(text, _)| !["labelled 0", "labelled 43"].contains(&text.as_str()));
        without.steering.retain(|(base, _)| base != "from 4");
        // One context of a subject or of a step is no use without the other.
        let unread = [
            "in subject3",
            "in subject3 they say",
            "in subject7",
            "in subject7 they say",
            "labelled 0",
            "labelled 43",
            "from 4",
            "to 4",
        ];
        let found = report_on(&twin_experiment(vec![whole.clone()]), &unread);
        let expected = report_on(&twin_experiment(vec![without]), &[]);
        for (found, expected) in found.properties.iter().zip(&expected.properties) {
            assert_eq!(found.scores, expected.scores, "{:?}", found.property);
            assert_eq!((&found.used, found.carried), (&expected.used, expected.carried));
            let dropped: &[&str] = match found.property {
                Property::Parallelism => &[],
                Property::RelationalLinearity | Property::LinearSubspace => &["subject3", "subject7"],
                Property::LinearProbing => &["labelled 0", "labelled 43"],
                Property::LinearSteering => &["from 4 → to 4"],
            };
            assert_eq!(found.dropped, dropped, "{:?}", found.property);
        }
        assert_eq!(found.properties.len(), 5);
        let asked = twin_experiment(vec![whole]);
        let halves =
            report_on(&asked, &["in subject3", "in subject7 they say", "labelled 0", "labelled 43", "to 4"]);
        for (half, found) in halves.properties.iter().zip(&found.properties) {
            assert_eq!((&half.used, &half.dropped), (&found.used, &found.dropped));
        }
        // Nothing could be read at all: each property says what it lacks.
        let texts = asked.concept_contexts();
        let nothing = report_on(&asked, &texts.iter().map(String::as_str).collect::<Vec<_>>());
        let reasons: Vec<&[Reason]> =
            nothing.properties.iter().map(|p| &p.verdict.visible.reasons[..]).collect();
        assert_eq!(
            reasons[1..],
            [
                &[Reason::TooFewSubjects][..],
                &[Reason::TooFewSubjects],
                &[Reason::TooFewPerClass],
                &[Reason::TooFewTexts],
            ]
        );
        assert!(nothing.properties[1..].iter().all(|p| p.used.is_empty() && p.scores.is_none()));
    }

    /// Texts that a concept repeats count once; two concepts that share texts share their contexts.
    #[test]
    fn identical_texts_are_one_context() {
        let plain = Concept { relation: None, ..concept_in_contexts("plain") };
        let mut repeated = Concept { name: "repeated".into(), ..plain.clone() };
        repeated.labelled.extend(plain.labelled[..3].iter().map(|(text, label)| (text.clone(), !label)));
        repeated
            .steering
            .extend([plain.steering[2].clone(), (plain.steering[5].1.clone(), plain.steering[5].0.clone())]);
        let asked = twin_experiment(vec![plain.clone(), repeated]);
        assert_eq!(asked.concept_contexts(), twin_experiment(vec![plain]).concept_contexts());
        let report = report_on(&asked, &[]);
        let (one, other) = report.properties.split_at(3);
        for (one, other) in one.iter().zip(other) {
            let scores = [one, other].map(|p| p.scores.as_ref().unwrap().visible_a.score);
            assert_eq!((one.property, &one.used, scores[0]), (other.property, &other.used, scores[1]));
            assert_eq!(other.concept, "repeated");
            let dropped: &[&str] = match other.property {
                Property::LinearProbing => &["labelled 0", "labelled 1", "labelled 2"],
                Property::LinearSteering => &["from 2 → to 2", "to 5 → from 5"],
                _ => &[],
            };
            assert_eq!(
                (&other.dropped[..], one.dropped.len()),
                (&dropped.iter().map(|&x| x.to_owned()).collect::<Vec<_>>()[..], 0)
            );
        }
    }

    /// Concepts of one run are adjusted together, and are what steering each other should leave alone.
    #[test]
    fn several_concepts_share_their_p_values_and_their_pairs() {
        let own = Concept { relation: None, labelled: vec![], ..concept_in_contexts("own") };
        let of_words = |name: &str, first: usize| {
            let word = |y: usize| format!("word{}{}", letter(y / 26), letter(y % 26));
            let pairs = (0..8).map(|i| (word(first + 2 * i), word(first + 2 * i + 1))).collect();
            Concept { name: name.into(), pairs, ..Concept::default() }
        };
        let (one, other) = (of_words("one", 40), of_words("other", 60));
        let alone = report_on(&twin_experiment(vec![own.clone()]), &[]);
        let together = report_on(&twin_experiment(vec![own, one, other]), &[]);
        let properties: Vec<(&str, Property)> =
            together.properties.iter().map(|p| (p.concept.as_str(), p.property)).collect();
        assert_eq!(
            properties,
            [
                ("own", Property::Parallelism),
                ("own", Property::LinearSteering),
                ("one", Property::Parallelism),
                ("other", Property::Parallelism),
            ]
        );
        // The smallest p there is, 1/1000, times the number of tests.
        let p = |report: &Report| all_scores(report).raw_a.p_adjusted;
        assert!((p(&alone) - 0.002).abs() < 1e-12 && (p(&together) - 0.004).abs() < 1e-12);
        assert_eq!(all_scores(&alone).raw_a.score, all_scores(&together).raw_a.score);

        let off_target = |report: &Report| {
            let scores = report.properties[1].scores.as_ref().unwrap();
            let Details::Steering(details) = &scores.visible_a.details else { panic!("{scores:?}") };
            details.off_target
        };
        assert_eq!(off_target(&alone), None);
        // v = mean f(x1) − f(x0), over the steps, whose contexts follow the prompts by turns.
        let a = observe(1, 400, 1.0);
        let f = |row: usize, j: usize| f64::from(a.hidden.0[row * D + j]);
        let v: Vec<f64> = (0..D)
            .map(|j| (0..10).map(|i| f(PROMPTS + 2 * i + 1, j) - f(PROMPTS + 2 * i, j)).sum::<f64>() / 10.0)
            .collect();
        let effect = |base: usize| -> f64 {
            let g = |y: usize, j: usize| f64::from(a.unembedding.0[y * D + j]);
            (0..D).map(|j| v[j] * (g(base + 1, j) - g(base, j))).sum()
        };
        let target = (0..PAIRS).map(|i| effect(2 * i)).sum::<f64>() / PAIRS as f64;
        let bases = (0..8).flat_map(|i| [40 + 2 * i, 60 + 2 * i]);
        let expected = bases.map(|base| effect(base).abs()).fold(0.0, f64::max) / target.abs();
        let found = off_target(&together).unwrap();
        assert!((found - expected).abs() < 1e-6 * expected, "{found}, not {expected}");
    }

    #[test]
    fn an_experiment_without_concepts_still_compares_the_distributions() {
        let report = report_on(&twin_experiment(vec![]), &[]);
        assert_eq!(report.equality.level, Level::Constructed);
        let [lead] = &report.properties[..] else { panic!("{:?}", report.properties) };
        assert_eq!(
            (lead.property, lead.concept.as_str(), lead.scores.is_none()),
            (Property::Parallelism, "", true)
        );
        assert_eq!(
            (report.verdict.visible.kind, &report.verdict.visible.reasons[..]),
            (VerdictKind::TooLittleData, &[Reason::TooFewPairs][..])
        );
    }

    /// A listener that ends the analysis, early or late, gets nothing but that, and is not asked again.
    #[test]
    fn a_cancelled_analysis_says_so_and_nothing_else() {
        let asked = twin_experiment(vec![Concept { relation: None, ..concept_in_contexts("own") }]);
        let a = with_texts(observe(1, 100, 1.0), &asked, &[]);
        for end in [0.0, 0.2, 0.5, 0.9] {
            let mut ends = 0;
            let cancelled = analyze(&asked, &a, None, &mut |share| {
                assert_eq!(ends, 0, "told {share} after the end");
                if share < end {
                    return ControlFlow::Continue(());
                }
                ends += 1;
                ControlFlow::Break(())
            });
            assert_eq!((cancelled, ends), (Err(LabError::Cancelled), 1));
        }
        let mut seen = vec![0.0];
        analyze(&asked, &a, None, &mut |share| {
            seen.push(share);
            ControlFlow::Continue(())
        })
        .unwrap();
        assert!(seen.windows(2).all(|two| two[0] <= two[1]) && seen.last() == Some(&1.0), "{seen:?}");
    }

    #[test]
    fn a_head_bias_is_one_more_coordinate() {
        let mut a = observe(1, 300, 1.0);
        a.head_bias = Some(Floats((0..V).map(|y| (y as f32 * 0.7).sin()).collect()));
        run_head(&mut a);
        let report = analyze(&experiment(twin("change-of-basis")), &a, None, &mut go_on).unwrap();
        assert_eq!((report.model_a.subspace.d, report.model_a.subspace.effective_complexity), (D + 1, D + 1));
        assert_eq!(report.verdict.visible.kind, VerdictKind::HeldByAll);
    }

    /// A padding row that no text can produce must not take part, whatever it holds.
    #[test]
    fn unreachable_ids_are_removed_from_both() {
        let mut a = observe(1, 300, 1.0);
        let mut b = a.clone();
        let padding = V - 1;
        for j in 0..D {
            b.unembedding.0[padding * D + j] = 9.0;
        }
        b.tokens = renamed(&b.tokens, padding, b"<pad>");
        run_head(&mut b);
        (a.unreachable_ids, b.unreachable_ids) = (vec![padding as u32], vec![padding as u32]);
        let report = analyze(&other(), &a, Some(&b), &mut go_on).unwrap();
        assert_eq!((report.equality.level, report.n_tokens), (Level::Identical, V - 1));
    }

    #[test]
    fn a_soft_cap_is_outside_the_class_but_its_numbers_are_right() {
        let mut a = observe(1, 100, 1.0);
        a.soft_cap = Some(5.0);
        run_head(&mut a);
        let report = analyze(&other(), &a, Some(&a.clone()), &mut go_on).unwrap();
        assert_eq!(report.verdict.visible.kind, VerdictKind::OutOfClass);
        assert!(report.equality.floor_a < 1e-4);
    }

    #[test]
    fn a_token_masked_in_one_model_refutes_equality() {
        let a = observe(1, 100, 1.0);
        let mut b = a.clone();
        for context in 0..6 {
            b.log_probs.0[context * V + 40] = f32::NEG_INFINITY;
        }
        let report = analyze(&other(), &a, Some(&b), &mut go_on).unwrap();
        assert_eq!(report.verdict.visible.reasons, [Reason::DistributionsDiffer, Reason::SupportMismatch]);
        let equality = report.equality;
        assert_eq!((equality.level, equality.max_abs_dlogp), (Level::Different, f64::INFINITY));
        assert_eq!((equality.worst_context, equality.unseen_share), (0, None));
        // Masked in different contexts of the two models: different all the same. In the same ones: left out of Y.
        let masked_in = |context: usize| {
            let mut o = observe(1, 100, 1.0);
            o.log_probs.0[context * V + 40] = f32::NEG_INFINITY;
            o
        };
        let level = |a: &Observation, b: &Observation| {
            let report = analyze(&other(), a, Some(b), &mut go_on).unwrap();
            (report.equality.level, report.equality.worst_context, report.n_tokens)
        };
        assert_eq!(level(&masked_in(2), &masked_in(4)), (Level::Different, 2, V - 1));
        assert_eq!(level(&masked_in(2), &masked_in(2)), (Level::Identical, 0, V - 1));
    }

    #[test]
    fn missing_words_are_reported_and_too_few_leave_the_property_open() {
        let mut asked = experiment(twin("change-of-basis"));
        asked.concepts[0].pairs.push(("absent".into(), "absentest".into()));
        let a = observe(1, 300, 1.0);
        let report = analyze(&asked, &a, None, &mut go_on).unwrap();
        let lead = report.lead().unwrap();
        assert_eq!(
            (lead.property, &lead.dropped[..]),
            (Property::Parallelism, &["absent → absentest".to_owned()][..])
        );
        assert_eq!(lead.used.len(), PAIRS);
        asked.concepts[0].pairs = asked.concepts[0].pairs[PAIRS - 1..].to_vec();
        let report = analyze(&asked, &a, None, &mut go_on).unwrap();
        assert!(report.lead().unwrap().scores.is_none());
        assert_eq!(report.verdict.visible.reasons, [Reason::TooFewPairs]);
    }

    fn refused(change: impl Fn(&mut Observation)) -> String {
        let a = observe(1, 100, 1.0);
        let mut b = a.clone();
        change(&mut b);
        analyze(&other(), &a, Some(&b), &mut go_on).unwrap_err().to_string()
    }

    #[test]
    fn bad_observations_are_refused_by_name() {
        let wrong_f = refused(|b| b.hidden.0[3] += 4.0);
        assert!(wrong_f.contains("model B") && wrong_f.contains("right before the unembedding"), "{wrong_f}");
        let nan = refused(|b| b.log_probs.0[V + 3] = f32::NAN);
        assert!(nan.contains("model B") && nan.contains("context 1"), "{nan}");
        let nan_f = refused(|b| b.hidden.0[D * 9 + 2] = f32::NAN);
        assert!(nan_f.contains("row 9, column 2"), "{nan_f}");
        let vocabulary = refused(|b| b.tokens = renamed(&b.tokens, 7, b" other"));
        let sentence = "id 7 is \" changedd\" in model A and \" other\" in model B; 1 of 150 ids differ";
        assert!(vocabulary.contains(sentence), "{vocabulary}");
        let hole = refused(|b| b.unreachable_ids = vec![0, 1, 2, 3, 149]);
        let sentence = "id 2 is \" baseb\" in model A and no token in model B; 5 of 150 ids differ";
        assert!(hole.contains(sentence), "{hole}");
        let contexts = refused(|b| b.contexts[5].token_ids.push(1));
        assert!(contexts.contains("context 5"), "{contexts}");
        let overflow = refused(|b| b.hidden.0[D * 9 + 2] = 1e35);
        assert!(overflow.contains("model B") && overflow.contains("row 9, column 2"), "{overflow}");
        let no_floor = refused(|b| b.log_probs.0.clear());
        assert!(no_floor.contains("log-probabilities of model B should have 450"), "{no_floor}");
        let cap = refused(|b| b.soft_cap = Some(0.0));
        assert!(cap.contains("soft-cap") && cap.contains("positive"), "{cap}");
        let short = refused(|b| b.hidden.0.truncate(2399));
        assert!(short.contains("hidden states of model B should have 2400"), "{short}");
    }

    #[test]
    fn model_b_is_observed_exactly_when_it_is_no_twin() {
        let a = observe(1, 100, 1.0);
        assert!(matches!(analyze(&other(), &a, None, &mut go_on), Err(LabError::ModelB(_))));
        let asked = experiment(twin("change-of-basis"));
        assert!(matches!(analyze(&asked, &a, Some(&a), &mut go_on), Err(LabError::ModelB(_))));
        let mut two_prompts = asked;
        two_prompts.prompts.pop();
        assert_eq!(
            analyze(&two_prompts, &a, None, &mut go_on),
            Err(LabError::Prompts { asked: 2, observed: 3 })
        );
    }

    /// Not a test but a clock: `cargo test --release --lib the_size_of_the_bundled_pair -- --ignored`.
    #[test]
    #[ignore = "takes seconds"]
    fn the_size_of_the_bundled_pair() {
        let (v, n) = (700, 4000);
        let wide = |seed: u64, d: usize| {
            let rng = &mut generator(seed, Stream::Split);
            let mut floats =
                |n: usize| Floats((0..n).map(|_| 0.5 * rng.sample::<f32, _>(StandardNormal)).collect());
            let mut o = observe(seed, 8, 1.0);
            (o.model.d_model, o.model.vocab_size) = (d, v);
            (o.hidden, o.unembedding) = (floats(n * d), floats(v * d));
            o.contexts = (0..n)
                .map(|i| Context { text: if i < PROMPTS { i } else { PROMPTS + i / 10 }, token_ids: vec![] })
                .collect();
            let word = |y: usize| format!(" word{}{}", letter(y / 26), letter(y % 26));
            o.tokens = (0..V).map(|id| o.tokens.text(id)).chain((V..v).map(word)).collect();
            run_head(&mut o);
            o
        };
        analyze(&other(), &wide(1, 32), Some(&wide(2, 48)), &mut go_on).unwrap();
    }

    /// A report is stored and sent, so it must survive both formats.
    #[test]
    fn a_report_survives_its_formats() {
        let report = twin_report("change-of-basis", 1.0);
        let bytes = postcard::to_stdvec(&report).unwrap();
        assert_eq!(postcard::from_bytes::<Report>(&bytes).unwrap(), report);
        let json: serde_json::Value = serde_json::to_value(&report).unwrap();
        assert_eq!(json["verdict"]["visible"]["kind"], "held_by_all");
    }
}
