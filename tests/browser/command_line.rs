//! The same question put to the command line.

use std::fs;
use std::path::Path;
use std::process::Command;

use all_or_none::lab::Report;
use serde_json::Value;

/// `all-or-none compare` of two models on these prompts.
pub fn compare(a: &str, b: &str, prompts: &[String]) -> Report {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let file = folder.path().join("prompts.txt");
    fs::write(&file, prompts.join("\n")).expect("the prompts written");
    let arguments = ["compare", "--json", "--a", a, "--b", b, "--prompts"];
    let output = Command::new(env!("CARGO_BIN_EXE_all-or-none"))
        .args(arguments)
        .arg(&file)
        .output()
        .expect("the command line starts");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "compare --a {a} --b {b} failed: {complaint}");
    serde_json::from_slice(&output.stdout).expect("compare --json prints a report")
}

/// Exit status and standard error of `all-or-none next-token` on a model folder.
pub fn next_token_error(model: &Path) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_all-or-none"))
        .args(["next-token", "--prompt", "the", "--model"])
        .arg(model)
        .output()
        .expect("the command line starts");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Every next token after each prompt with its log-probability among those that have a text, nats: a comparison leaves
/// out the rows that pad a matrix, which `next-token` counts in.
pub fn next_tokens(model: &Path, prompts: &[String]) -> Vec<Vec<(String, f64)>> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_all-or-none"));
    command.args(["next-token", "--json", "--top", "1000000", "--model"]).arg(model);
    for prompt in prompts {
        command.args(["--prompt", prompt]);
    }
    let output = command.output().expect("the command line starts");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "next-token --model {} failed: {complaint}", model.display());
    let answer: Value = serde_json::from_slice(&output.stdout).expect("next-token --json prints JSON");
    let next = |result: &Value| {
        let candidates = result["next"].as_array().expect("candidates").iter().map(|next| {
            let token = next["token"].as_str().expect("a token").to_owned();
            (token, next["logprob"].as_f64().expect("a log-probability"))
        });
        let with_text: Vec<(String, f64)> = candidates.filter(|(token, _)| !token.is_empty()).collect();
        let total = with_text.iter().map(|(_, log_prob)| log_prob.exp()).sum::<f64>().ln();
        with_text.into_iter().map(|(token, log_prob)| (token, log_prob - total)).collect()
    };
    answer["results"].as_array().expect("results").iter().map(next).collect()
}
