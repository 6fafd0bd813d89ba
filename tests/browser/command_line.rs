//! The same question put to the command line.

use std::fs;
use std::path::Path;
use std::process::Command;

use all_or_none::lab::Report;

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
