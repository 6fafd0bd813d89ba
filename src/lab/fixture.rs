//! What tests of several rooms are made of: every reason, and a report by hand.

use super::report::{Nearness, NextToken, PromptReport, Property, PropertyReport, Report, Scores, Side};
use super::{Concept, EngineKind, Experiment, ModelCard, ModelSource, Thresholds};
use crate::theory::distribution::Divergences;
use crate::theory::equivalence::{Equality, Level};
use crate::theory::linear_map::{CoupledMap, MapCells, StabilityBound};
use crate::theory::planner::{Need, Plan};
use crate::theory::properties::parallelism::ParallelismDetails;
use crate::theory::properties::score::{Details, Histogram, PropertyScore};
use crate::theory::subspace::SubspaceSummary;
use crate::theory::verdict::{Finding, PropertyState, Reason, Verdict, VerdictKind};

/// Every reason, and the number of them: the match must name a new one.
pub const REASONS: [Reason; 22] = [
    Reason::OutOfClass,
    Reason::SupportMismatch,
    Reason::DistributionsDiffer,
    Reason::DistributionsClose,
    Reason::PrecisionTooLow,
    Reason::EqualityUndecided,
    Reason::TooFewPairs,
    Reason::TooFewSubjects,
    Reason::TooFewAnswers,
    Reason::TooFewPerClass,
    Reason::LearningCurveRising,
    Reason::TooFewTexts,
    Reason::NoVariation,
    Reason::PropertyUncertain,
    Reason::DarkUnembedding,
    Reason::DarkEmbedding,
    Reason::ScoreNotInvariant,
    Reason::GammaNotVisible,
    Reason::SteeringLeavesSimF,
    Reason::CauseUnresolved,
    Reason::FDiversityUntested,
    Reason::RankUnresolved,
];

/// Where a reason stands among them.
pub fn place(reason: Reason) -> usize {
    match reason {
        Reason::OutOfClass => 0,
        Reason::SupportMismatch => 1,
        Reason::DistributionsDiffer => 2,
        Reason::DistributionsClose => 3,
        Reason::PrecisionTooLow => 4,
        Reason::EqualityUndecided => 5,
        Reason::TooFewPairs => 6,
        Reason::TooFewSubjects => 7,
        Reason::TooFewAnswers => 8,
        Reason::TooFewPerClass => 9,
        Reason::LearningCurveRising => 10,
        Reason::TooFewTexts => 11,
        Reason::NoVariation => 12,
        Reason::PropertyUncertain => 13,
        Reason::DarkUnembedding => 14,
        Reason::DarkEmbedding => 15,
        Reason::ScoreNotInvariant => 16,
        Reason::GammaNotVisible => 17,
        Reason::SteeringLeavesSimF => 18,
        Reason::CauseUnresolved => 19,
        Reason::FDiversityUntested => 20,
        Reason::RankUnresolved => 21,
    }
}

/// Two models of width and rank 32, equal by construction, without prompts, whose parallelism was not measured: a test
/// changes what it is about.
pub fn report() -> Report {
    let finding = Finding { kind: VerdictKind::HeldByAll, reasons: vec![] };
    let verdict = Verdict { visible: finding.clone(), raw: finding, visible_difference_bound: None };
    Report {
        version: String::new(),
        experiment: Experiment {
            model_a: ModelSource::Bundled { name: "a".into() },
            model_b: ModelSource::Bundled { name: "b".into() },
            prompts: vec![],
            concepts: vec![Concept { name: "superlatives".into(), ..Concept::default() }],
            seed: 1,
            thresholds: Thresholds::default(),
        },
        model_a: side(),
        model_b: side(),
        prompts: vec![],
        n_contexts: 1234,
        n_texts: 60,
        n_tokens: 500,
        equality: equality(),
        plan: Plan { identical: met(), close_mean: met(), close_tail: met(), diversity: met() },
        map_ab: map(),
        map_ba: map(),
        nearness: Nearness {
            prompt_map_a_from_b: None,
            prompt_map_b_from_a: None,
            prompt_map_refused: None,
            image_cosines: vec![],
            map: MapCells::default(),
            stability_ab: StabilityBound { left: 0.0, bound: 0.0 },
            stability_ba: StabilityBound { left: 0.0, bound: 0.0 },
            distances: None,
        },
        properties: vec![PropertyReport {
            concept: "superlatives".into(),
            property: Property::Parallelism,
            scores: None,
            visible_gap: None,
            carried: None,
            subspace_agreement: None,
            arrows: None,
            used: vec![],
            dropped: vec![],
            verdict: verdict.clone(),
        }],
        verdict,
    }
}

/// A claim that what there is suffices for.
pub fn met() -> Need {
    Need { have: 60, need: Some(59), more: Some(0), unreachable: None }
}

fn side() -> Side {
    Side {
        model: ModelCard {
            name: "m".into(),
            architecture: "llama".into(),
            d_model: 32,
            vocab_size: 500,
            parameters: 1,
            sha256: String::new(),
        },
        engine: EngineKind::Cpu,
        engine_detail: String::new(),
        subspace: SubspaceSummary {
            d: 32,
            rank_f: 32,
            rank_g: 32,
            effective_complexity: 32,
            dark_f: 0.0,
            dark_g: 0.0,
            min_cosine: 1.0,
            rank_unresolved: false,
            f_diversity_tested: true,
            singular_values_f: vec![],
            singular_values_g: vec![],
            principal_cosines: vec![],
            tolerance_f: 0.0,
            tolerance_g: 0.0,
            tolerance_cosine: 1e-6,
        },
        truncation: vec![],
    }
}

fn equality() -> Equality {
    Equality {
        level: Level::Constructed,
        epsilon_num: 1e-4,
        floor_a: 1e-6,
        floor_b: 1e-6,
        max_abs_dlogp: 1e-6,
        worst_context: 0,
        mean_kl_ab: 0.0,
        mean_kl_ba: 0.0,
        mean_js: 0.0,
        mean_kl_sym_interval: (0.0, 0.0),
        violation_upper_bound: 0.0,
        unseen_share: None,
        d_logit_squared: 0.0,
        mean_tv: 0.0,
        mean_hellinger: 0.0,
        mean_clr_rms: 0.0,
        mean_top_k_agreement: [1.0; 3],
        max_abs_dlogp_likely: 1e-6,
        mean_kl_sym: 0.0,
    }
}

fn map() -> CoupledMap {
    CoupledMap { e_tok: 0.0, e_prm: 0.0, e_prm_shuffled: 1.0, e_tok_shuffled: 1.0, e_prm_constant: 1.0 }
}

/// An exact twin by `recipe`, of width 32 and rank 32 as A, without prompts.
pub fn twin_report(recipe: &str) -> Report {
    let report = report();
    let model_b = ModelSource::Twin { recipe: recipe.parse().unwrap() };
    let scored = |property| PropertyReport { scores: Some(scores([0.4, 0.4], [0.6, 0.6])), ..property };
    Report {
        experiment: Experiment { model_b, ..report.experiment },
        properties: report.properties.into_iter().map(scored).collect(),
        ..report
    }
}

/// A verdict by its two kinds.
pub fn verdict(visible: VerdictKind, raw: VerdictKind) -> Verdict {
    let finding = |kind| Finding { kind, reasons: vec![] };
    Verdict { visible: finding(visible), raw: finding(raw), visible_difference_bound: None }
}

/// Scores of A and B, raw and visible.
pub fn scores(raw: [f64; 2], visible: [f64; 2]) -> Scores {
    Scores {
        raw_a: score(raw[0]),
        raw_b: score(raw[1]),
        visible_a: score(visible[0]),
        visible_b: score(visible[1]),
        dark_removed_a: score(raw[0]),
        dark_removed_b: score(raw[0]),
    }
}

/// A prompt whose best token has these probabilities in A and B, and whose distributions are `js` apart.
pub fn prompt(text: &str, best: [f64; 2], js: f64) -> PromptReport {
    let next = |token: &str, p: [f64; 2]| NextToken {
        id: 0,
        token: token.into(),
        log_prob_a: p[0].ln(),
        log_prob_b: p[1].ln(),
    };
    PromptReport {
        text: text.into(),
        tokens: vec![],
        places: vec![],
        next: vec![next("best", best), next("other", [0.01, 0.5])],
        divergences: Divergences {
            kl_ab: 4.0 * js,
            kl_ba: 4.0 * js,
            js,
            tv: js,
            hellinger: js,
            max_abs_dlogp: js,
            clr_rms: js,
            top_k_agreement: [1.0; 3],
            max_abs_dlogp_likely: js,
        },
    }
}

fn score(score: f64) -> PropertyScore {
    PropertyScore {
        score,
        null_mean: 0.0,
        null: Histogram::default(),
        effect_interval: (score - 0.05, score + 0.05),
        p_adjusted: 0.001,
        state: PropertyState::Holds,
        shortage: None,
        details: Details::Parallelism(ParallelismDetails { null_shuffled_mean: 0.0, exact: false }),
    }
}
