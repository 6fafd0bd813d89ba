//! Reports for people, in plain text.

use std::io::Write;

use super::error::CliError;
use crate::lab::report::{ParallelismReport, PromptReport, Report, Side};
use crate::lab::tensors::TensorsReport;
use crate::lab::words;
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
    writeln!(out, "{}. {}", words::level_name(equality.level), words::level_sentence(equality))?;
    writeln!(
        out,
        "largest difference {:.3e} nats, noise floor {:.3e} nats; mean KL(A‖B) {:.4e}, KL(B‖A) {:.4e}, JS {:.4e} nats; {} contexts from {} texts, {} tokens",
        equality.max_abs_dlogp,
        equality.epsilon_num,
        equality.mean_kl_ab,
        equality.mean_kl_ba,
        equality.mean_js,
        report.n_contexts,
        report.n_texts,
        report.n_tokens,
    )?;
    print_side("A", &report.model_a, out)?;
    print_side("B", &report.model_b, out)?;
    print_map("A→B", &report.map_ab, out)?;
    print_map("B→A", &report.map_ba, out)?;
    if let Some(parallelism) = &report.parallelism {
        print_parallelism(parallelism, out)?;
    }
    report.prompts.iter().try_for_each(|prompt| print_prompt(prompt, out))
}

fn print_side(letter: &str, side: &Side, out: &mut dyn Write) -> Result<(), CliError> {
    let subspace = &side.subspace;
    Ok(writeln!(
        out,
        "model {letter}: {}, {}; d = {}, effective complexity {}, dark embedding {:.2e}, dark unembedding {:.2e}",
        side.model.name,
        side.engine_detail,
        subspace.d,
        subspace.effective_complexity,
        subspace.dark_f,
        subspace.dark_g,
    )?)
}

fn print_map(direction: &str, map: &CoupledMap, out: &mut dyn Write) -> Result<(), CliError> {
    Ok(writeln!(
        out,
        "coupled map {direction}: residual on held-out tokens {:.3e} (shuffled {:.3e}), on prompts {:.3e} (shuffled {:.3e})",
        map.e_tok, map.e_tok_shuffled, map.e_prm, map.e_prm_shuffled,
    )?)
}

fn print_parallelism(parallelism: &ParallelismReport, out: &mut dyn Write) -> Result<(), CliError> {
    writeln!(out, "parallelism of {} ({} pairs):", parallelism.concept, parallelism.pairs.len())?;
    let versions = [
        ("raw A    ", &parallelism.raw_a),
        ("raw B    ", &parallelism.raw_b),
        ("visible A", &parallelism.visible_a),
        ("visible B", &parallelism.visible_b),
    ];
    for (name, score) in versions {
        let ParallelismScore { score, null_random_mean, null_shuffled_mean, p_adjusted, state, .. } = score;
        writeln!(
            out,
            "  {name}  {score:.3} (random pairs {null_random_mean:.3}, shuffled partners {null_shuffled_mean:.3}, p {p_adjusted:.3}): {state:?}"
        )?;
    }
    Ok(())
}

fn print_prompt(prompt: &PromptReport, out: &mut dyn Write) -> Result<(), CliError> {
    let distances = &prompt.divergences;
    writeln!(
        out,
        "\n{}\n  KL(A‖B) {:.4}  KL(B‖A) {:.4}  JS {:.4} nats  TV {:.4}",
        prompt.text, distances.kl_ab, distances.kl_ba, distances.js, distances.tv
    )?;
    for token in prompt.next.iter().take(NEXT_TOKENS) {
        let (p_a, p_b) = (100.0 * token.log_prob_a.exp(), 100.0 * token.log_prob_b.exp());
        writeln!(out, "  A {p_a:>6.2}%  B {p_b:>6.2}%  {:?}", token.token)?;
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
