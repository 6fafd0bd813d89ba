//! Reports for people, in plain text.

use std::io::Write;

use super::error::CliError;
use crate::lab::report::{ParallelismReport, PromptReport, Report, Side};
use crate::lab::tensors::TensorsReport;
use crate::lab::words::{self, number, percent, probability};
use crate::theory::linear_map::CoupledMap;
use crate::theory::properties::parallelism::ParallelismScore;

/// How many next tokens of each prompt are printed.
const NEXT_TOKENS: usize = 5;

/// The verdict first, then what it rests on.
pub fn print_report(report: &Report, out: &mut dyn Write) -> Result<(), CliError> {
    for finding in words::findings(report) {
        writeln!(out, "{}:\n{}\n{}", finding.about, finding.headline, finding.scope)?;
        for (code, sentence) in finding.reasons {
            writeln!(out, "- {sentence} ({code})")?;
        }
        writeln!(out)?;
    }
    let equality = &report.equality;
    writeln!(out, "{}. {}", words::level_name(equality), words::level_sentence(equality))?;
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
    writeln!(out)?;
    print_side("A", &report.model_a, out)?;
    print_side("B", &report.model_b, out)?;
    print_map("A→B", &report.map_ab, out)?;
    print_map("B→A", &report.map_ba, out)?;
    if let Some(parallelism) = &report.parallelism {
        print_parallelism(parallelism, out)?;
        if let Some(sentence) = words::pairing(parallelism, report.experiment.thresholds.delta_correlation) {
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

fn print_parallelism(parallelism: &ParallelismReport, out: &mut dyn Write) -> Result<(), CliError> {
    writeln!(
        out,
        "\nparallelism of {}, {} pairs   score   random pairs   shuffled partners       p",
        parallelism.concept,
        parallelism.pairs.len()
    )?;
    let versions = [
        ("raw A", &parallelism.raw_a),
        ("raw B", &parallelism.raw_b),
        ("visible A", &parallelism.visible_a),
        ("visible B", &parallelism.visible_b),
    ];
    let name_width = "parallelism of , 00 pairs".len() + parallelism.concept.chars().count();
    for (name, score) in versions {
        let ParallelismScore { score, null_random_mean, null_shuffled_mean, p_adjusted, state, .. } = score;
        writeln!(
            out,
            "{:<name_width$} {:>7} {:>14} {:>19} {:>7}   {}",
            format!("  {name}"),
            number(*score),
            number(*null_random_mean),
            number(*null_shuffled_mean),
            number(*p_adjusted),
            words::state_name(*state)
        )?;
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
