//! The command line as scripts use it: its JSON, its exit status, and one clear line for each bad input.

#![cfg(feature = "cli")]
#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use all_or_none::lab::report::Property;
use all_or_none::lab::{self, Report};
use all_or_none::theory::equivalence::Level;
use all_or_none::theory::verdict::{Reason, VerdictKind};
use safetensors::tensor::{Dtype, TensorView};
use serde_json::Value;
use tempfile::TempDir;

const A: &str = "public/models/world-d32";
const B: &str = "public/models/world-d48";

fn all_or_none(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_all-or-none")).args(arguments).output().expect("the command line starts")
}

/// Standard output of a call that must succeed.
fn answer(arguments: &[&str]) -> String {
    let output = all_or_none(arguments);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?} failed: {complaint}");
    assert!(complaint.is_empty(), "{arguments:?} complained: {complaint}");
    String::from_utf8(output.stdout).expect("text")
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&answer(arguments)).expect("JSON")
}

fn report(arguments: &[&str]) -> Report {
    serde_json::from_str(&answer(arguments)).expect("a report")
}

/// The one line that a call with bad input writes.
fn complaint(arguments: &[&str]) -> String {
    let output = all_or_none(arguments);
    let complaint = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {complaint}");
    assert_eq!(output.stdout, b"", "{arguments:?} answered in spite of {complaint}");
    assert_eq!(complaint.trim_end().lines().count(), 1, "{arguments:?}: {complaint}");
    complaint
}

fn check_complaint(arguments: &[&str], words: &[&str]) {
    let complaint = complaint(arguments);
    for word in words {
        assert!(complaint.contains(word), "{arguments:?}: {complaint:?} lacks {word:?}");
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn file(folder: &TempDir, name: &str, contents: impl AsRef<[u8]>) -> String {
    let path = folder.path().join(name);
    fs::write(&path, contents).expect("a file");
    path.to_string_lossy().into_owned()
}

fn scratch() -> TempDir {
    tempfile::tempdir().expect("a scratch folder")
}

/// A copy of a model with one file changed.
fn changed_model(from: &str, name: &str, change: impl Fn(Vec<u8>) -> Vec<u8>) -> TempDir {
    let folder = scratch();
    for entry in fs::read_dir(from).expect("a model") {
        let path = entry.expect("a file").path();
        let contents = fs::read(&path).expect("its contents");
        let file_name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let contents = if file_name == name { change(contents) } else { contents };
        file(&folder, &file_name, contents);
    }
    folder
}

fn replaced(from: &'static str, to: &'static str) -> impl Fn(Vec<u8>) -> Vec<u8> {
    move |contents| {
        let text = String::from_utf8(contents).expect("text");
        assert!(text.contains(from), "there is {from:?} to replace");
        text.replacen(from, to, 1).into_bytes()
    }
}

fn path_of(folder: &TempDir) -> &str {
    folder.path().to_str().expect("a path")
}

#[test]
fn next_token_prints_what_scripts_rely_on() {
    let known: Value =
        serde_json::from_slice(&fs::read(format!("{A}/self_test.json")).expect("stored")).expect("JSON");
    let known = &known["prompts"][0];
    let prompt = known["text"].as_str().expect("a prompt");
    let answer = json(&[
        "next-token",
        "--json",
        "--full",
        "--top",
        "7",
        "--model",
        A,
        "--prompt",
        prompt,
        "--prompt",
        "two dogs",
    ]);
    assert_eq!(keys(&answer), ["model", "device", "results"]);
    assert_eq!(
        keys(&answer["model"]),
        ["path", "architecture", "d_model", "vocab_size", "parameters", "sha256"]
    );
    assert_eq!(answer["model"]["architecture"], "llama");
    assert_eq!(answer["model"]["d_model"], 32);
    assert_eq!(answer["model"]["sha256"].as_str().map(str::len), Some(64));
    let results = answer["results"].as_array().expect("results");
    assert_eq!(results.len(), 2);
    let result = &results[0];
    assert_eq!(keys(result), ["prompt", "token_ids", "next", "logprobs", "hidden"]);
    assert_eq!(result["prompt"], prompt);
    assert_eq!(result["token_ids"], known["token_ids"]);
    // The stored numbers are those that transformers gives: scripts/check_bundled_models.py.
    let (found, stored) = (numbers(&result["logprobs"]), numbers(&known["log_probs"]));
    assert_eq!(found.len(), stored.len());
    let largest = found.iter().zip(&stored).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
    assert!(largest < 1e-4, "off by {largest} nats");
    let total: f64 = found.iter().map(|log_prob| log_prob.exp()).sum();
    assert!((total - 1.0).abs() < 1e-5, "probabilities add up to {total}");
    assert_eq!(numbers(&result["hidden"]).len(), 32);
    let next = result["next"].as_array().expect("candidates");
    assert_eq!(next.len(), 7);
    let mut best = found.clone();
    best.sort_by(|x, y| y.total_cmp(x));
    for (candidate, best) in next.iter().zip(best) {
        assert_eq!(keys(candidate), ["id", "token", "logprob"]);
        assert_eq!(candidate["logprob"].as_f64(), Some(best));
        assert_eq!(found[candidate["id"].as_u64().expect("an id") as usize], best);
    }
    let short = json(&["next-token", "--json", "--model", A, "--prompt", prompt]);
    assert_eq!(keys(&short["results"][0]), ["prompt", "token_ids", "next"]);
    assert_eq!(short["results"][0]["next"].as_array().map(Vec::len), Some(10));
}

#[test]
fn two_trained_models_are_never_said_to_share_a_property() {
    let report = report(&["compare", "--json", "--a", "bundled:world-d32", "--b", B]);
    assert!(matches!(report.equality.level, Level::Close | Level::Different), "{:?}", report.equality.level);
    for finding in [&report.verdict.visible, &report.verdict.raw] {
        let silent = matches!(finding.kind, VerdictKind::NotEquivalent | VerdictKind::CloseNotEquivalent);
        assert!(silent, "{:?}", finding.kind);
    }
    let printed = answer(&["compare", "--a", "bundled:world-d32", "--b", "bundled:world-d48"]);
    assert!(printed.contains("the theorem is silent"), "{printed}");
    assert!(!printed.contains("held by"), "{printed}");
}

#[test]
fn twins_hold_all_or_show_which_hypothesis_fails() {
    let compare = |twin: &str| report(&["compare", "--json", "--a", A, "--b", twin]);
    let twin = compare("twin:change-of-basis");
    assert_eq!(twin.equality.level, Level::Constructed);
    assert_eq!(twin.verdict.visible.kind, VerdictKind::HeldByAll);
    let twin = compare("twin:dark-unembedding");
    assert_eq!(twin.verdict.visible.kind, VerdictKind::HeldByAll);
    assert_eq!(twin.verdict.raw.kind, VerdictKind::Mixed);
    assert!(twin.verdict.raw.reasons.contains(&Reason::DarkUnembedding), "{:?}", twin.verdict.raw.reasons);
    let printed = answer(&["compare", "--a", A, "--b", "twin:dark-unembedding"]);
    assert!(printed.contains("mixed") && printed.contains("DARK_UNEMBEDDING"), "{printed}");
    let twin = compare("twin:dark-embedding");
    assert_eq!(twin.verdict.visible.kind, VerdictKind::HeldByAll);
    assert!(twin.model_b.subspace.dark_f > 0.0);
}

#[test]
fn a_seed_gives_the_same_report_again_and_prompts_come_as_lines_or_json_lines() {
    let folder = scratch();
    let lines = file(&folder, "prompts.txt", "emma is the\n\ntwo dogs\n");
    let json_lines = file(
        &folder,
        "prompts.jsonl",
        "{\"text\": \"emma is the\", \"topic\": 1}\n{\"text\": \"two dogs\"}\n",
    );
    let compare = |prompts: &str, seed: &str| {
        let b = "twin:change-of-basis";
        report(&["compare", "--json", "--a", A, "--b", b, "--prompts", prompts, "--seed", seed])
    };
    let first = compare(&lines, "7");
    assert_eq!(first, compare(&json_lines, "7"));
    let prompts: Vec<&str> = first.prompts.iter().map(|prompt| prompt.text.as_str()).collect();
    assert_eq!(prompts, ["emma is the", "two dogs"]);
    let other = compare(&lines, "8");
    let raw_b = |report: &Report| report.properties[0].scores.as_ref().expect("scores").raw_b.score;
    assert_ne!(raw_b(&first), raw_b(&other), "another seed is another twin");
}

/// f (n×d), g (V×d) of two models and their twin relation: g_B = g_A T⁻¹ …, written as safetensors.
fn write_tensors(folder: &TempDir, name: &str, tensors: &[(&str, Vec<usize>, Vec<f64>)]) -> String {
    let bytes: Vec<(&str, Vec<usize>, Vec<u8>)> = tensors
        .iter()
        .map(|(name, shape, values)| {
            (*name, shape.clone(), values.iter().flat_map(|value| value.to_le_bytes()).collect())
        })
        .collect();
    let views = bytes.iter().map(|(name, shape, bytes)| {
        (*name, TensorView::new(Dtype::F64, shape.clone(), bytes).expect("a tensor"))
    });
    file(folder, name, safetensors::serialize(views, None).expect("safetensors"))
}

/// Numbers without a pattern that any rank or mean could hide in.
fn values(n: usize, phase: f64) -> Vec<f64> {
    (0..n).map(|i| (1.0 + phase + 1.7 * i as f64 + 0.013 * (i * i) as f64).sin()).collect()
}

#[test]
fn analyze_prints_the_names_that_scripts_rely_on_and_finds_a_scaled_twin() {
    let folder = scratch();
    let (n, v, d) = (40, 30, 4);
    let (f, g) = (values(n * d, 0.0), values(v * d, 0.5));
    // Twice f and half g multiply to the same logits; a constant added to every row of g cancels in the softmax.
    let f_b: Vec<f64> = f.iter().map(|x| 2.0 * x).collect();
    let g_b: Vec<f64> = g.iter().map(|x| x / 2.0 + 0.25).collect();
    let twin =
        [("f_a", vec![n, d], f), ("g_a", vec![v, d], g), ("f_b", vec![n, d], f_b), ("g_b", vec![v, d], g_b)];
    let path = write_tensors(&folder, "twin.safetensors", &twin);
    let found = json(&["analyze", "--json", "--tensors", &path]);
    for key in [
        "d_a",
        "d_b",
        "rank_f_a",
        "rank_g_a",
        "r_a",
        "rank_f_b",
        "rank_g_b",
        "r_b",
        "dark_f_a",
        "dark_g_a",
        "dark_f_b",
        "dark_g_b",
        "e_tok_ab",
        "e_prm_ab",
        "e_tok_ba",
        "e_prm_ba",
        "max_abs_dlogp",
        "mean_kl_ab",
        "mean_js",
        "level",
        "parallelism",
        "verdict",
        "reasons",
    ] {
        assert!(found.get(key).is_some(), "no {key} in {found}");
    }
    assert_eq!(found["level"], "identical");
    assert_eq!(found["r_a"], 4);
    assert_eq!(found["r_b"], 4);
    for key in ["e_tok_ab", "e_prm_ab", "e_tok_ba", "e_prm_ba", "max_abs_dlogp"] {
        assert!(found[key].as_f64().expect("a number") < 1e-10, "{key} = {}", found[key]);
    }
    let mut unrelated = twin;
    unrelated[2].2 = values(n * d, 9.0);
    let path = write_tensors(&folder, "unrelated.safetensors", &unrelated);
    let found = json(&["analyze", "--json", "--tensors", &path]);
    assert_eq!(found["level"], "different");
    assert!(found["e_prm_ab"].as_f64().expect("a number") > 0.5, "{found}");
    assert!(found["mean_js"].as_f64().expect("a number") > 0.0);
}

#[test]
fn bad_tensors_are_named() {
    let folder = scratch();
    let whole = || {
        vec![
            ("f_a", vec![6, 3], values(18, 0.0)),
            ("g_a", vec![5, 3], values(15, 0.5)),
            ("f_b", vec![6, 2], values(12, 1.0)),
            ("g_b", vec![5, 2], values(10, 1.5)),
        ]
    };
    let check = |name: &str, tensors: &[(&str, Vec<usize>, Vec<f64>)], words: &[&str]| {
        let path = write_tensors(&folder, name, tensors);
        check_complaint(&["analyze", "--json", "--tensors", &path], words);
    };
    check("missing.safetensors", &whole()[..3], &["g_b", "found only"]);
    let mut tensors = whole();
    tensors[1] = ("g_a", vec![15], values(15, 0.5));
    check("vector.safetensors", &tensors, &["g_a", "matrix", "[15]"]);
    let mut tensors = whole();
    tensors[2] = ("f_b", vec![4, 2], values(8, 1.0));
    check("contexts.safetensors", &tensors, &["6", "4"]);
    let mut tensors = whole();
    tensors[3] = ("g_b", vec![3, 2], values(6, 1.5));
    check("vocabulary.safetensors", &tensors, &["5", "3"]);
    let mut tensors = whole();
    tensors[0].2[4] = f64::NAN;
    check("nan.safetensors", &tensors, &["model A", "hidden states", "row 1"]);
    let path = file(&folder, "text.safetensors", "no tensors at all, only text");
    check_complaint(&["analyze", "--tensors", &path], &["text.safetensors", "safetensors"]);
    check_complaint(&["analyze", "--tensors", "nowhere.safetensors"], &["nowhere.safetensors"]);
}

#[test]
fn bad_models_are_named() {
    let next = |folder: &str, words: &[&str]| {
        check_complaint(&["next-token", "--model", folder, "--prompt", "the"], words);
    };
    next("nowhere", &["nowhere"]);
    check_complaint(&["compare", "--a", "bundled:x", "--b", B], &["bundled:x", "world-d32"]);
    check_complaint(&["compare", "--a", "twin:change-of-basis", "--b", B], &["only model B can be one"]);
    check_complaint(&["compare", "--a", A, "--b", "twin:evil"], &["'evil'", "change-of-basis"]);
    let half = |bytes: Vec<u8>| bytes[..bytes.len() / 2].to_vec();
    next(path_of(&changed_model(A, "model.safetensors", half)), &["model.safetensors", "expected", "found"]);
    let lies = |bytes: Vec<u8>| [&[255; 8], &bytes[8..]].concat();
    next(path_of(&changed_model(A, "model.safetensors", lies)), &["model.safetensors", "expected", "found"]);
    next(path_of(&changed_model(A, "config.json", replaced("\"llama\"", "\"mamba\""))), &["mamba", "llama"]);
    let wider = replaced("\"hidden_size\": 32", "\"hidden_size\": 48");
    next(path_of(&changed_model(A, "config.json", wider)), &["48", "32", "embed_tokens"]);
    let deeper = replaced("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3");
    next(path_of(&changed_model(A, "config.json", deeper)), &["model.layers.2", "found none"]);
    let shallower = replaced("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1");
    next(
        path_of(&changed_model(A, "config.json", shallower)),
        &["model.layers.1", "only tensors of a llama"],
    );
    let yarn = replaced("{", "{\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 2.0},");
    next(path_of(&changed_model(A, "config.json", yarn)), &["yarn", "not implemented"]);
    next(path_of(&changed_model(A, "tokenizer.json", half)), &["tokenizer.json"]);
    let nan = |mut bytes: Vec<u8>| {
        let end = bytes.len();
        bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
        bytes
    };
    next(path_of(&changed_model(A, "model.safetensors", nan)), &["finite", "NaN"]);
    let folder = changed_model(A, "", |bytes| bytes);
    fs::remove_file(folder.path().join("tokenizer.json")).expect("removed");
    next(path_of(&folder), &["tokenizer.json", "config.json"]);
}

#[test]
fn models_of_different_vocabularies_are_not_compared() {
    let other = changed_model(B, "tokenizer.json", |bytes| {
        let text = String::from_utf8(bytes).expect("text");
        // Two words exchange their ids.
        let (one, two) = ("\"easy\":", "\"lucky\":");
        assert!(text.contains(one) && text.contains(two));
        text.replace(one, "\u{0}").replace(two, one).replace('\u{0}', two).into_bytes()
    });
    let complaint = complaint(&["compare", "--a", A, "--b", path_of(&other)]);
    assert!(complaint.contains("\"easy\" in model A and \"lucky\" in model B"), "{complaint}");
}

/// A model of another world cannot read A's prompts; what is wrong is said of the vocabularies all the same.
#[test]
fn a_model_that_cannot_read_the_prompts_is_of_another_vocabulary() {
    let other = changed_model(B, "tokenizer.json", |bytes| {
        let text = String::from_utf8(bytes).expect("text");
        assert!(text.contains("\"the\":"));
        text.replace("\"the\":", "\"zzz\":").into_bytes()
    });
    check_complaint(
        &["compare", "--a", A, "--b", path_of(&other)],
        &["\"the\" in model A and \"zzz\" in model B"],
    );
}

#[test]
fn bad_prompts_and_concepts_are_named() {
    let next = |prompt: &str, words: &[&str]| {
        check_complaint(&["next-token", "--model", A, "--prompt", prompt], words);
    };
    next("", &["empty"]);
    next("  ", &["empty"]);
    next("the xyzzy is", &["xyzzy"]);
    next("emma is the ".repeat(100).trim(), &["at most 64 tokens", "found 30"]);
    let folder = scratch();
    let compare = |flag: &str, path: &str, words: &[&str]| {
        check_complaint(&["compare", "--a", A, "--b", B, flag, path], words);
    };
    compare("--prompts", &file(&folder, "blank.txt", "\n \n"), &["blank.txt", "no prompt"]);
    compare(
        "--prompts",
        &file(&folder, "bad.jsonl", "{\"text\": \"two\"}\n{\"txt\": 1}\n"),
        &["bad.jsonl", "line 2"],
    );
    compare("--prompts", &file(&folder, "bytes.txt", [0xff, 0xfe]), &["bytes.txt"]);
    compare("--prompts", "nowhere.txt", &["nowhere.txt"]);
    compare("--concepts", &file(&folder, "concepts.json", "{\"name\": 3}"), &["concepts.json", "pairs"]);
    compare("--concepts", &file(&folder, "none.json", "[]"), &["none.json", "an empty list"]);
    let status = all_or_none(&["next-token", "--model", A]).status.code();
    assert_eq!(status, Some(2), "a missing argument is bad input too");
}

#[test]
fn a_concept_of_unknown_words_is_too_little_data_and_names_what_was_left_out() {
    let folder = scratch();
    let concept =
        r#"[{"name": "colours", "pairs": [["red", "redder"], ["blue", "bluer"], ["easy", "easiest"]]}]"#;
    let path = file(&folder, "concepts.json", concept);
    let arguments = ["compare", "--json", "--a", A, "--b", "twin:change-of-basis", "--concepts", &path];
    let report = report(&arguments);
    assert_eq!(report.verdict.visible.kind, VerdictKind::TooLittleData);
    assert!(report.verdict.visible.reasons.contains(&Reason::TooFewPairs));
    assert_eq!(report.properties[0].dropped, ["red → redder", "blue → bluer"]);
}

/// One bundled concept has material for all five properties; what a twin by change of basis shares is all of it.
#[test]
fn every_property_of_a_concept_is_tested_and_shared_by_an_exact_twin() {
    let report =
        report(&["compare", "--json", "--a", A, "--b", "twin:change-of-basis", "--concept", "past tenses"]);
    let names: Vec<Property> = report.properties.iter().map(|p| p.property).collect();
    let all = [
        Property::Parallelism,
        Property::RelationalLinearity,
        Property::LinearSubspace,
        Property::LinearProbing,
        Property::LinearSteering,
    ];
    assert_eq!(names, all);
    for property in &report.properties {
        let scores = property.scores.as_ref().unwrap_or_else(|| panic!("no scores: {property:?}"));
        let gap = property.visible_gap.expect("distributions are equal");
        assert!(gap.found <= gap.allowed, "{property:?}");
        assert!(property.dropped.is_empty(), "{:?}", property.dropped);
        assert_ne!(property.verdict.visible.kind, VerdictKind::Inconsistent, "{property:?}");
        assert_eq!(scores.visible_a.state, scores.visible_b.state, "{property:?}");
    }
    // What is found in A works in an exact twin as what is found there.
    for property in &report.properties[1..] {
        if let Some(carried) = property.carried {
            assert!((carried.b_from_a.score - carried.b_from_a.own).abs() < 0.05, "{carried:?}");
        }
    }
    assert!(report.nearness.image_cosines.iter().all(|cosine| (cosine - 1.0).abs() < 1e-4));
    let printed = answer(&["compare", "--a", A, "--b", "twin:change-of-basis", "--concept", "past tenses"]);
    for words in
        ["Linear probing of past tenses", "Relational linearity of past tenses", "by the coupled map"]
    {
        assert!(printed.contains(words), "{words}: {printed}");
    }
}

#[test]
fn concepts_and_twins_that_do_not_exist_are_named() {
    let compare = |more: &[&str], words: &[&str]| {
        check_complaint(&[&["compare", "--a", A][..], more].concat(), words);
    };
    compare(&["--b", B, "--concept", "smells"], &["smells", "superlatives", "languages"]);
    compare(&["--b", "twin:mirror"], &["mirror", "change-of-basis", "break-parallelism"]);
    compare(&["--b", "twin:change-of-basis=500"], &["500", "1 to 100"]);
    let texts = "public/worlds/english/calibration.txt";
    compare(&["--b", "twin:observed-only", "--prompts", texts], &["fill all 32 dimensions"]);
    let folder = scratch();
    let misspelt = file(&folder, "c.json", r#"[{"name": "x", "pair": [["easy", "easiest"]]}]"#);
    compare(&["--b", B, "--concepts", &misspelt], &["c.json", "pair"]);
}

/// Equal on what was looked at, and only there: the fourth prompt tells the two apart.
#[test]
fn a_twin_of_what_was_observed_is_refuted_by_one_more_prompt() {
    let folder = scratch();
    let level = |prompts: &str| {
        let path = file(&folder, "prompts.txt", prompts);
        report(&["compare", "--json", "--a", A, "--b", "twin:observed-only=3", "--prompts", &path])
            .equality
            .level
    };
    let three = "emma is the\ntwo dogs\nyesterday she\n";
    assert_eq!(level(three), Level::Identical);
    assert_eq!(level(&format!("{three}the capital of france is\n")), Level::Different);
}

/// What is written is a model of the smallest dimension, in the form that `analyze` reads.
#[test]
fn the_reduced_model_has_the_same_distribution() {
    let folder = scratch();
    let path = folder.path().join("reduced.safetensors");
    let path = path.to_str().expect("a path");
    let twin = "twin:dark-both";
    let whole = report(&["compare", "--json", "--a", A, "--b", twin, "--export-reduced", path]);
    let bytes = fs::read(path).expect("the file");
    let file = safetensors::SafeTensors::deserialize(&bytes).expect("safetensors");
    let shape = |name: &str| file.tensor(name).expect("a tensor").shape().to_vec();
    let r = whole.model_a.subspace.effective_complexity;
    assert_eq!(shape("f"), [whole.n_contexts, r]);
    assert_eq!(shape("g"), [whole.n_tokens, r]);
    assert_eq!(shape("f_from_hidden"), [whole.model_a.subspace.d, r]);
    assert_eq!(shape("token_ids"), [whole.n_tokens]);
    let values = |name: &str| -> Vec<f64> {
        let data = file.tensor(name).expect("a tensor").data();
        data.as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect()
    };
    let next = report(&["compare", "--json", "--a", A, "--b", twin]).prompts[0].next.clone();
    let (f, g) = (values("f"), values("g"));
    let logit = |y: usize| (0..r).map(|j| f[j] * g[y * r + j]).sum::<f64>();
    let ids: Vec<i64> = file
        .tensor("token_ids")
        .expect("ids")
        .data()
        .as_chunks()
        .0
        .iter()
        .map(|&b| i64::from_le_bytes(b))
        .collect();
    let row = |id: u32| ids.iter().position(|&other| other == i64::from(id)).expect("a row");
    for pair in next.windows(2) {
        let expected = pair[0].log_prob_a - pair[1].log_prob_a;
        let found = logit(row(pair[0].id)) - logit(row(pair[1].id));
        assert!((found - expected).abs() < 1e-4, "{found} {expected}");
    }
}

#[test]
fn a_folder_without_a_model_says_what_it_has() {
    let folder = scratch();
    file(&folder, "notes.json", "{}");
    assert!(Path::new(path_of(&folder)).is_dir());
    check_complaint(
        &["next-token", "--model", path_of(&folder), "--prompt", "the"],
        &["model.safetensors", "notes.json"],
    );
}

/// Where two JSON values differ in shape or by more than `tolerance` (absolute below 1, relative above).
fn differences(at: &str, one: &Value, other: &Value, tolerance: f64, found: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) if one.keys().eq(other.keys()) => {
            // The instruction set is the machine's.
            for (key, value) in one.iter().filter(|(key, _)| *key != "engine_detail") {
                differences(&format!("{at}.{key}"), value, &other[key], tolerance, found);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (i, (one, other)) in one.iter().zip(other).enumerate() {
                differences(&format!("{at}[{i}]"), one, other, tolerance, found);
            }
        }
        (Value::Number(x), Value::Number(y)) => {
            let (x, y) = (x.as_f64().expect("a number"), y.as_f64().expect("a number"));
            if (x - y).abs() > tolerance * x.abs().max(1.0) {
                found.push(format!("{at}: {x} and {y}"));
            }
        }
        _ if one == other => {}
        _ => found.push(format!("{at}: {one} and {other}")),
    }
}

#[test]
fn the_report_that_is_stored_with_the_page_is_what_would_be_computed_now() {
    const AGAIN: &str = "the stored report is out of date; write it again: \
                         cargo run --release --features cli --bin all-or-none -- opening";
    let decoded = |bytes: Vec<u8>| {
        lab::opening::decode(&bytes).map(|report| serde_json::to_value(report).expect("JSON"))
    };
    let stored = decoded(fs::read("public/stored/report.postcard").expect("the stored report")).expect(AGAIN);
    let scratch = scratch();
    let path = scratch.path().join("report.postcard");
    let words = scratch.path().join("opening.html");
    answer(&["opening", "--out", &path.to_string_lossy(), "--words", &words.to_string_lossy()]);
    let words = fs::read_to_string(words).expect("the verdict in words");
    assert_eq!(words, fs::read_to_string(lab::opening::WORDS).expect("the words in the page"), "{AGAIN}");
    let computed = decoded(fs::read(path).expect("the new report")).expect("a report of this version");
    let mut found = Vec::new();
    differences("report", &stored, &computed, 1e-3, &mut found);
    assert!(found.is_empty(), "{AGAIN}\nstored and computed differ:\n{}", found.join("\n"));
    // The comparison would notice: another prompt, another number.
    let mut other = stored.clone();
    other["equality"]["mean_kl_ab"] = 77.0.into();
    other["prompts"][0]["text"] = "something else".into();
    differences("report", &stored, &other, 1e-3, &mut found);
    assert_eq!(found.len(), 2, "{found:?}");
}
