//! A report made by hand, for tests: an exact twin, equal in everything, whose scores and widths a test then changes.

use crate::lab::fixture::report;
use crate::lab::report::{NextToken, PromptReport, PropertyReport, Report, Scores};
use crate::lab::{Experiment, ModelSource};
use crate::theory::distribution::Divergences;
use crate::theory::properties::parallelism::ParallelismDetails;
use crate::theory::properties::score::{Details, Histogram, PropertyScore};
use crate::theory::verdict::{Finding, PropertyState, Verdict, VerdictKind};

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
