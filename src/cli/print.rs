//! Reports for people, in plain text.

use std::io::Write;

use super::error::CliError;
use crate::lab::report::{PromptReport, PropertyReport, Report, Side};
use crate::lab::tensors::TensorsReport;
use crate::text::Locale;
use crate::text::level::{level_name, level_sentence, plan};
use crate::text::numbers::{number, percent, probability};
use crate::text::properties::{pairing, property_of_concept, score_name, state_name};
use crate::text::verdict::{findings, is_about_the_pair};
use crate::theory::linear_map::CoupledMap;

/// The command line speaks English.
const LOCALE: Locale = Locale::en;

/// How many next tokens of each prompt are printed.
const NEXT_TOKENS: usize = 5;

/// The verdicts first, then what they rest on.
pub fn print_report(report: &Report, out: &mut dyn Write) -> Result<(), CliError> {
    for (i, property) in report.properties.iter().enumerate() {
        // What is said of the pair is said once; of a property, each time.
        if i > 0 && is_about_the_pair(property.verdict.visible.kind) {
            break;
        }
        for finding in findings(LOCALE, report, property) {
            writeln!(out, "{}:\n{}\n{}", finding.about, finding.headline, finding.scope)?;
            for (code, sentence) in finding.reasons {
                writeln!(out, "- {sentence} ({code})")?;
            }
            writeln!(out)?;
        }
    }
    let equality = &report.equality;
    writeln!(out, "{}. {}", level_name(LOCALE, equality), level_sentence(LOCALE, equality))?;
    writeln!(
        out,
        "  mean KL(A‖B) {}, KL(B‖A) {}, JS {} nats; {} contexts from {} texts, {} tokens",
        number(equality.mean_kl_ab),
        number(equality.mean_kl_ba),
        number(equality.mean_js),
        report.n_contexts,
        report.n_texts,
        report.n_tokens,
    )?;
    for sentence in plan(LOCALE, &report.plan, equality) {
        writeln!(out, "  {sentence}")?;
    }
    writeln!(out)?;
    print_side("A", &report.model_a, out)?;
    print_side("B", &report.model_b, out)?;
    print_map("A→B", &report.map_ab, out)?;
    print_map("B→A", &report.map_ba, out)?;
    for property in &report.properties {
        print_property(property, out)?;
        if let Some(sentence) = pairing(LOCALE, property, report.experiment.thresholds.delta_correlation) {
            writeln!(out, "  {sentence}")?;
        }
    }
    report.prompts.iter().try_for_each(|prompt| print_prompt(prompt, out))
}

fn print_side(letter: &str, side: &Side, out: &mut dyn Write) -> Result<(), CliError> {
    let subspace = &side.subspace;
    Ok(writeln!(
        out,
        "model {letter}: {}, {}\n  width {}, effective complexity {}; invisible share of the hidden states {}, of the unembeddings {}",
        side.model.name,
        side.engine_detail,
        subspace.d,
        subspace.effective_complexity,
        percent(subspace.dark_f),
        percent(subspace.dark_g),
    )?)
}

fn print_map(direction: &str, map: &CoupledMap, out: &mut dyn Write) -> Result<(), CliError> {
    Ok(writeln!(
        out,
        "coupled map {direction}: residual on held-out tokens {} (shuffled {}), on held-out prompts {} (shuffled {}, constant model {})",
        number(map.e_tok),
        number(map.e_tok_shuffled),
        number(map.e_prm),
        number(map.e_prm_shuffled),
        number(map.e_prm_constant),
    )?)
}

fn print_property(property: &PropertyReport, out: &mut dyn Write) -> Result<(), CliError> {
    let name = property_of_concept(LOCALE, property.property, &property.concept);
    writeln!(out, "\n{name} ({}), {} used", score_name(LOCALE, property.property), property.used.len())?;
    if !property.dropped.is_empty() {
        writeln!(out, "  left out: {}", property.dropped.join(", "))?;
    }
    let Some(scores) = &property.scores else { return Ok(()) };
    writeln!(out, "  {:<12} {:>8} {:>8} {:>20} {:>8}", "", "score", "null", "95% of the effect", "p")?;
    let versions = [
        ("raw A", &scores.raw_a),
        ("raw B", &scores.raw_b),
        ("visible A", &scores.visible_a),
        ("visible B", &scores.visible_b),
    ];
    for (name, score) in versions {
        let (low, high) = score.effect_interval;
        writeln!(
            out,
            "  {name:<12} {:>8} {:>8} {:>20} {:>8}   {}",
            number(score.score),
            number(score.null_mean),
            format!("{} to {}", number(low), number(high)),
            number(score.p_adjusted),
            state_name(LOCALE, score.state)
        )?;
    }
    if let Some(carried) = &property.carried {
        for (direction, carried) in [("A, tried in B", carried.b_from_a), ("B, tried in A", carried.a_from_b)]
        {
            writeln!(
                out,
                "  found in {direction} by the coupled map: {} (fitted there: {}, chance: {})",
                number(carried.score),
                number(carried.own),
                number(carried.chance)
            )?;
        }
    }
    if let Some(agreement) = property.subspace_agreement {
        writeln!(out, "  A's subspace carried to B and B's own: mean cos² {}", number(agreement))?;
    }
    Ok(())
}

fn print_prompt(prompt: &PromptReport, out: &mut dyn Write) -> Result<(), CliError> {
    let distances = &prompt.divergences;
    writeln!(
        out,
        "\n{:?}: KL(A‖B) {}, KL(B‖A) {}, JS {} nats; TV {}",
        prompt.text,
        number(distances.kl_ab),
        number(distances.kl_ba),
        number(distances.js),
        number(distances.tv)
    )?;
    for token in prompt.next.iter().take(NEXT_TOKENS) {
        let (p_a, p_b) = (probability(token.log_prob_a.exp()), probability(token.log_prob_b.exp()));
        writeln!(out, "  A {p_a:>9}   B {p_b:>9}   {:?}", token.token)?;
    }
    Ok(())
}

/// The numbers of `analyze`, one per line.
pub fn print_tensors_report(report: &TensorsReport, out: &mut dyn Write) -> Result<(), CliError> {
    let value = serde_json::to_value(report).map_err(|error| CliError::Internal(error.to_string()))?;
    for (name, value) in value.as_object().into_iter().flatten() {
        writeln!(out, "{name}: {value}")?;
    }
    Ok(())
}
