//! The engine against `transformers`: every checkpoint of `fixtures/checkpoints`, on the CPU.
//!
//! `docs/validation.md` is written from what is measured here; run with `UPDATE_DOCS=1` to write it again.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::fs;
use std::ops::ControlFlow;

use all_or_none::engine::{Device, DiskFile, Estimate, LoadError, ModelFiles, NextToken, Session};
use all_or_none::lab::observation::places_before_last;
use all_or_none::lab::{Context, Experiment, ModelSource, Thresholds, analyze};
use all_or_none::models::header::{StoredTensor, header_length, parse_header};
use all_or_none::models::unread::unread;
use all_or_none::models::{NetworkConfig, WeightsFile};
use common::gpt2_shaped::{Shape, write};
use pollster::block_on;
use serde::Deserialize;
use serde_json::{Value, json};

const FIXTURES: &str = "fixtures/checkpoints";
const DOCUMENT: &str = "docs/validation.md";

/// Largest |Δ log p| to `transformers`, nats.
const LOG_P_LIMIT: f64 = 1e-4;
/// Largest |Δ f| to `transformers`, as a share of f's largest entry.
const HIDDEN_LIMIT: f64 = 1e-4;
/// Largest |Δ log p| between a batch and its prompts one by one, and to f·g in f64; nats.
const SAME_LIMIT: f64 = 1e-5;
/// What a config's option must at least move log p by, so that the answers can tell whether it is heeded; nats.
const SEEN: f64 = 1e-2;

/// `self_test.json`, with all digits.
#[derive(Deserialize)]
struct Known {
    options: String,
    prompts: Vec<KnownAnswer>,
}

#[derive(Deserialize)]
struct KnownAnswer {
    text: String,
    token_ids: Vec<u32>,
    log_probs: Vec<f64>,
    hidden: Vec<f64>,
}

impl Known {
    fn of(fixture: &str) -> Self {
        serde_json::from_slice(&fs::read(format!("{FIXTURES}/{fixture}/self_test.json")).unwrap()).unwrap()
    }

    fn texts(&self) -> Vec<String> {
        self.prompts.iter().map(|known| known.text.clone()).collect()
    }
}

/// One line of the document.
struct Row {
    fixture: String,
    architecture: String,
    options: String,
    /// To `transformers`: |Δ log p|, |Δ f| as a share; then batch against one by one.
    differences: [f64; 3],
}

fn names() -> Vec<String> {
    let folders = fs::read_dir(FIXTURES).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = folders.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

fn files(fixture: &str) -> ModelFiles {
    let (mut small, mut weights) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(format!("{FIXTURES}/{fixture}")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if WeightsFile::is_one(&name) {
            weights.push(WeightsFile::new(name, DiskFile::open(&path).unwrap()));
        } else {
            small.push((name, fs::read(&path).unwrap()));
        }
    }
    ModelFiles::from_named(fixture.to_owned(), small, weights).unwrap()
}

fn load(files: ModelFiles) -> Result<Session, LoadError> {
    block_on(Session::load(files, Device::cpu().unwrap()))
}

fn largest(differences: impl Iterator<Item = f64>) -> f64 {
    differences.fold(0.0, |largest, difference| {
        assert!(!difference.is_nan());
        largest.max(difference.abs())
    })
}

fn log_p_difference(one: &[NextToken], other: &[NextToken]) -> f64 {
    let pairs = one.iter().zip(other).flat_map(|(one, other)| one.log_probs.iter().zip(&other.log_probs));
    largest(pairs.map(|(one, other)| f64::from(one - other)))
}

fn log_softmax(logits: &[f64]) -> Vec<f64> {
    let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let log_sum = logits.iter().map(|logit| (logit - max).exp()).sum::<f64>().ln();
    logits.iter().map(|logit| logit - max - log_sum).collect()
}

fn measure(fixture: &str) -> Row {
    let known = Known::of(fixture);
    let session = load(files(fixture)).unwrap_or_else(|error| panic!("{fixture}: {error}"));
    let texts = known.texts();
    let together = block_on(session.next_token(&texts)).unwrap();
    let lengths: Vec<_> = together.iter().map(|answer| answer.token_ids.len()).collect();
    assert!(
        lengths.len() >= 4 && lengths.iter().max() > lengths.iter().min(),
        "{fixture}: expected unequal prompts"
    );

    let (mut log_p, mut hidden) = (0.0f64, 0.0f64);
    for (known, answer) in known.prompts.iter().zip(&together) {
        assert_eq!(known.token_ids, answer.token_ids, "{fixture}: {:?}", known.text);
        assert_eq!(known.log_probs.len(), answer.log_probs.len());
        assert_eq!(known.hidden.len(), answer.hidden.len());
        let pairs = known.log_probs.iter().zip(&answer.log_probs);
        log_p = log_p.max(largest(pairs.map(|(known, found)| known - f64::from(*found))));
        let scale = largest(known.hidden.iter().copied());
        let pairs = known.hidden.iter().zip(&answer.hidden);
        hidden = hidden.max(largest(pairs.map(|(known, found)| (known - f64::from(*found)) / scale)));
    }

    let alone: Vec<_> = texts
        .iter()
        .flat_map(|text| block_on(session.next_token(std::slice::from_ref(text))).unwrap())
        .collect();
    Row {
        fixture: fixture.to_owned(),
        architecture: session.card().architecture.clone(),
        options: known.options,
        differences: [log_p, hidden, log_p_difference(&together, &alone)],
    }
}

#[test]
fn every_fixture_answers_as_transformers_does() {
    let rows: Vec<Row> = names().iter().map(|fixture| measure(fixture)).collect();
    assert!(!rows.is_empty(), "no fixtures: run scripts/write_fixtures.py");
    for Row { fixture, differences: [log_p, hidden, batch], .. } in &rows {
        println!("{fixture}: |Δ log p| {log_p:.1e}, |Δ f| {hidden:.1e}, batch {batch:.1e}");
    }
    for Row { fixture, differences: [log_p, hidden, batch], .. } in &rows {
        assert!(*log_p <= LOG_P_LIMIT, "{fixture}: |Δ log p| = {log_p:e}");
        assert!(*hidden <= HIDDEN_LIMIT, "{fixture}: |Δ f| = {hidden:e}");
        assert!(*batch <= SAME_LIMIT, "{fixture}: a batch and its prompts one by one differ by {batch:e}");
    }
    check_document(&rows);
}

/// What the theory is given is what the engine computes with: log-softmax of f·g is log p.
#[test]
fn hidden_states_times_unembedding_are_the_logits() {
    for fixture in names() {
        let session = load(files(&fixture)).unwrap();
        let texts = Known::of(&fixture).texts();
        let observation = block_on(session.observe(&texts, &texts[..1], &texts[..2])).unwrap();
        // Rows that pad the matrix are no tokens.
        let (d, v) = (session.card().d_model, observation.tokens.len());
        let hidden = observation.hidden.0.chunks(d);
        for (f, log_probs) in hidden.zip(observation.log_probs.0.chunks(v)) {
            let product = |g: &[f32]| f.iter().zip(g).map(|(&f, &g)| f64::from(f) * f64::from(g)).sum();
            let logits: Vec<f64> = observation.unembedding.0.chunks(d).map(product).collect();
            let pairs = log_softmax(&logits).into_iter().zip(log_probs);
            let difference = largest(pairs.map(|(ours, &found)| ours - f64::from(found)));
            assert!(difference <= SAME_LIMIT, "{fixture}: log-softmax of f·g differs by {difference:e}");
        }
    }
}

/// What is observed within a prompt is what a text of the same tokens shows there, and is no context.
#[test]
fn states_within_prompts_are_those_of_the_same_tokens_anywhere() {
    for fixture in names() {
        let session = load(files(&fixture)).unwrap();
        let texts = Known::of(&fixture).texts();
        let observation = block_on(session.observe(&texts, &[], &texts)).unwrap();
        let d = session.card().d_model;
        let (prompts, calibration) = observation.contexts.split_at(texts.len());
        let mut within = observation.prompt_states.0.chunks(d);
        for (i, prompt) in prompts.iter().enumerate() {
            assert_eq!(prompt.text, i, "{fixture}");
            for place in places_before_last(prompt.token_ids.len()) {
                let state = within.next().unwrap();
                let is_same = |x: &Context| x.token_ids == prompt.token_ids[..=place];
                // A calibration text has no context of one token alone.
                let Some(row) = calibration.iter().position(is_same) else { continue };
                let row = texts.len() + row;
                let same = &observation.hidden.0[row * d..(row + 1) * d];
                let size = largest(same.iter().map(|&x| f64::from(x)));
                let difference = largest(state.iter().zip(same).map(|(&x, &y)| f64::from(x) - f64::from(y)));
                assert!(difference <= SAME_LIMIT * size.max(1.0), "{fixture}: {difference:e} at {place}");
            }
        }
        assert!(within.next().is_none(), "{fixture}");
        assert!(observation.prompt_states.0.len() > d, "{fixture}");
    }
}

/// The document, with bounds in place of digits that differ from machine to machine.
fn document(rows: &[(&Row, [String; 3])]) -> String {
    let mut text = "# Validation

How close the CPU engine comes to `transformers`, on small models with random weights that use every
architecture and the options named in the table.
[fixtures/README.md](../fixtures/README.md) says how they were made and with which versions.

* **|Δ log p|**: the largest difference of a natural log-probability, over all prompts and tokens. The tests allow 1e-4.
* **|Δ f|**: the largest difference of the hidden state that the unembedding multiplies, as a share of its largest
  entry. The tests allow 1e-4.
* **batch**: the largest |Δ log p| between prompts of unequal lengths run together and the same prompts run one by one.
  The tests allow 1e-5.

The browser test runs the same fixtures in Chromium on WebGPU and holds them to 1e-3.

| fixture | architecture | options | log p | f | batch |
|---|---|---|---|---|---|
"
    .to_owned();
    for (row, [log_p, hidden, batch]) in rows {
        let Row { fixture, architecture, options, .. } = row;
        text += &format!("| {fixture} | {architecture} | {options} | {log_p} | {hidden} | {batch} |\n");
    }
    text + "
`tests/checkpoints.rs` measures these differences and fails where one is above its bound here.
To write this page again:

```sh
UPDATE_DOCS=1 cargo test --features cli --test checkpoints
```
"
}

/// Writes the document, or checks that the committed one says what is still true.
fn check_document(rows: &[Row]) {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let limits = [LOG_P_LIMIT, HIDDEN_LIMIT, SAME_LIMIT];
        let bounds = |row: &Row| [0, 1, 2].map(|i: usize| bound(row.differences[i], limits[i]));
        let rows: Vec<_> = rows.iter().map(|row| (row, bounds(row))).collect();
        fs::create_dir_all("docs").unwrap();
        fs::write(DOCUMENT, document(&rows)).unwrap();
        return;
    }
    let committed = fs::read_to_string(DOCUMENT).unwrap_or_default();
    let rows: Vec<_> = rows.iter().map(|row| (row, committed_bounds(&committed, row))).collect();
    assert!(committed == document(&rows), "{DOCUMENT} is out of date: run this test with UPDATE_DOCS=1");
}

/// A round number above a difference, with room for what another processor's sums round otherwise.
fn bound(difference: f64, limit: f64) -> String {
    let exponents = (-7..0).map(f64::from);
    let rounds = exponents.flat_map(|exponent| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powf(exponent)));
    let bound = rounds.into_iter().find(|round| *round > 2.0 * difference).unwrap_or(limit);
    format!("< {:.0e}", bound.min(limit))
}

/// The bounds in a row of the committed document, where the differences still keep them.
fn committed_bounds(committed: &str, row: &Row) -> [String; 3] {
    let start = format!("| {} |", row.fixture);
    let line = committed.lines().find(|line| line.starts_with(&start)).unwrap_or_default();
    let mut cells = line.trim_end_matches(" |").rsplit(" | ");
    let mut next = |difference: f64| {
        let bound = cells.next().unwrap_or_default().to_owned();
        let is_kept =
            bound.strip_prefix("< ").and_then(|b| b.parse().ok()).is_some_and(|b: f64| difference < b);
        assert!(is_kept, "{DOCUMENT}: {}: {difference:e} is not {bound:?}", row.fixture);
        bound
    };
    let [log_p, hidden, batch] = row.differences;
    let (batch, hidden, log_p) = (next(batch), next(hidden), next(log_p));
    [log_p, hidden, batch]
}

/// Loads a fixture with one value of its config changed; the path is a JSON pointer.
fn load_changed(fixture: &str, path: &str, value: &Value) -> Result<Session, LoadError> {
    let mut files = files(fixture);
    let mut config: Value = serde_json::from_slice(&files.config).unwrap();
    let place = config.pointer_mut(path).unwrap_or_else(|| panic!("{fixture}: no {path} in its config"));
    assert_ne!(place, value, "{fixture}: {path} is that already");
    *place = value.clone();
    files.config = serde_json::to_vec(&config).unwrap();
    load(files)
}

/// How far a changed config moves log p.
fn shift(fixture: &str, path: &str, value: &Value) -> f64 {
    let texts = Known::of(fixture).texts();
    let changed =
        load_changed(fixture, path, value).unwrap_or_else(|error| panic!("{fixture} {path}: {error}"));
    let run = |session: &Session| block_on(session.next_token(&texts)).unwrap();
    log_p_difference(&run(&load(files(fixture)).unwrap()), &run(&changed))
}

#[test]
fn the_answers_tell_whether_an_option_is_heeded() {
    for (fixture, path, value) in [
        ("gpt2-tied", "/n_head", json!(2)),
        ("gpt2-untied", "/tie_word_embeddings", json!(true)),
        ("gpt2-untied", "/layer_norm_epsilon", json!(1e-5)),
        ("gpt2-inverse-layer", "/scale_attn_by_inverse_layer_idx", json!(false)),
        ("gpt2-unscaled", "/scale_attn_weights", json!(true)),
        ("gpt2-base", "/scale_attn_by_inverse_layer_idx", json!(true)),
        ("gpt-neo-local", "/window_size", json!(4)),
        ("gpt-neo-local", "/attention_layers", json!(["local", "global", "local"])),
        ("gpt-neo-local", "/layer_norm_epsilon", json!(0.1)),
        ("gpt-neo-untied", "/window_size", json!(5)),
        ("gpt-neo-untied", "/attention_types", json!([[["global"], 3]])),
        ("gpt-neo-untied", "/tie_word_embeddings", json!(true)),
        ("gpt-neox-parallel", "/use_parallel_residual", json!(false)),
        ("gpt-neox-parallel", "/rope_parameters/partial_rotary_factor", json!(0.5)),
        ("gpt-neox-parallel", "/rope_parameters/rope_theta", json!(1000)),
        ("gpt-neox-parallel", "/tie_word_embeddings", json!(true)),
        ("gpt-neox-serial", "/use_parallel_residual", json!(true)),
        ("gpt-neox-serial", "/rotary_pct", json!(0.25)),
        ("gpt-neox-serial", "/layer_norm_eps", json!(0.1)),
        ("gpt-neox-linear", "/rope_scaling/factor", json!(2.0)),
        ("gpt-neox-linear", "/rotary_emb_base", json!(1000)),
        ("gpt-neox-linear", "/rotary_pct", json!(0.25)),
        ("llama-plain", "/rope_theta", json!(1000)),
        ("llama-plain", "/rms_norm_eps", json!(1e-6)),
        ("llama-plain", "/tie_word_embeddings", json!(true)),
        ("llama-grouped", "/rope_parameters/rope_theta", json!(1000)),
        ("llama-llama3", "/rope_scaling/factor", json!(4.0)),
        ("llama-llama3", "/rope_scaling/low_freq_factor", json!(2.0)),
        ("llama-llama3", "/rope_scaling/high_freq_factor", json!(8.0)),
        ("llama-llama3", "/rope_scaling/original_max_position_embeddings", json!(10)),
        ("llama-llama3", "/rope_theta", json!(1000)),
        ("llama-llama3-parameters", "/rope_parameters/factor", json!(4.0)),
        ("llama-llama3-parameters", "/rope_parameters/original_max_position_embeddings", json!(10)),
        ("llama-linear", "/rope_parameters/factor", json!(2.0)),
    ] {
        let shift = shift(fixture, path, &value);
        assert!(shift > SEEN, "{fixture}: {path} = {value} moves log p by {shift:e} only");
    }
}

#[test]
fn the_answers_tell_activations_apart() {
    for fixture in names() {
        let config: Value = serde_json::from_slice(&files(&fixture).config).unwrap();
        let field =
            if config["activation_function"].is_null() { "hidden_act" } else { "activation_function" };
        let other = if config[field] == "tanh" { "sigmoid" } else { "tanh" };
        let shift = shift(&fixture, &format!("/{field}"), &json!(other));
        assert!(shift > SEEN, "{fixture}: {other} for {} moves log p by {shift:e} only", config[field]);
    }
    // Φ and its approximation by tanh lie so close together that the fixtures must be looked at more closely.
    for (fixture, path, other) in [
        ("gpt2-tied", "/activation_function", "gelu"),
        ("gpt2-untied", "/activation_function", "gelu_new"),
        ("gpt-neox-parallel", "/hidden_act", "gelu_new"),
    ] {
        let shift = shift(fixture, path, &json!(other));
        assert!(shift > 3.0 * LOG_P_LIMIT, "{fixture}: {other} moves log p by {shift:e} only");
    }
}

#[test]
fn a_config_that_does_not_fit_its_weights_is_refused() {
    for (fixture, path, value, sentence) in [
        ("gpt2-tied", "/vocab_size", json!(320), "wte.weight of shape [320, 24], found [324, 24]"),
        ("gpt2-tied", "/n_positions", json!(47), "of shape [47, 24], found [48, 24]"),
        ("gpt2-unscaled", "/n_inner", json!(21), "mlp.c_fc.weight of shape [24, 21], found [24, 20]"),
        ("gpt2-unscaled", "/n_layer", json!(2), "found also: transformer.h.2.attn.c_attn.bias"),
        ("gpt2-unscaled", "/n_layer", json!(4), "h.3.ln_1.weight of shape [24], found none of that name"),
        ("gpt-neox-parallel", "/attention_bias", json!(false), "attention.dense.bias"),
        ("gpt-neox-serial", "/attention_bias", json!(true), "attention.query_key_value.bias of shape [96]"),
        ("gpt-neox-serial", "/tie_word_embeddings", json!(false), "embed_out.weight of shape [66, 32]"),
        ("llama-grouped", "/attention_bias", json!(false), "self_attn.k_proj.bias"),
        ("llama-grouped", "/mlp_bias", json!(false), "mlp.down_proj.bias"),
        ("llama-grouped", "/head_dim", json!(8), "q_proj.weight of shape [32, 32], found [48, 32]"),
        (
            "llama-grouped",
            "/num_key_value_heads",
            json!(4),
            "k_proj.weight of shape [48, 32], found [24, 32]",
        ),
        (
            "llama-llama3",
            "/rope_scaling/rope_type",
            json!("linear"),
            "rope_scaling.original_max_position_embeddings = 20 changes",
        ),
        (
            "llama-linear",
            "/rope_parameters/rope_type",
            json!("default"),
            "rope_parameters.factor = 4.0 changes",
        ),
        ("gpt-neo-local", "/model_type", json!("gpt2"), "expected a field n_embd, found none"),
    ] {
        let error = load_changed(fixture, path, &value).unwrap_err().to_string();
        assert!(error.contains(sentence), "{fixture}: {path} = {value} gives: {error}");
    }
}

/// A vocabulary matrix in many tiles gives the numbers of one in a single tile: what is looked up bit by bit, products
/// to their last bits, for routines of other shapes add up in another order.
#[test]
fn tiles_change_no_number() {
    for fixture in names() {
        let texts = Known::of(&fixture).texts();
        let run = |rows_per_tile: Option<usize>| {
            let mut device = Device::cpu().unwrap();
            let files = files(&fixture);
            let d_model = Estimate::of_config(&files.config).unwrap().d_model;
            if let Some(rows) = rows_per_tile {
                device.max_tile_bytes = 4 * rows * d_model;
            }
            let session = block_on(Session::load(files, device)).unwrap();
            let answers = block_on(session.next_token(&texts)).unwrap();
            (answers, block_on(session.observe(&texts, &[], &texts)).unwrap())
        };
        let (answers, observation) = run(None);
        // Tiles of one row only are multiplied by another routine, which rounds otherwise: none is so small here.
        for rows in [64, 16] {
            let (tiled_answers, tiled_observation) = run(Some(rows));
            for (tiled, whole) in tiled_answers.iter().zip(&answers) {
                assert_eq!((&tiled.token_ids, &tiled.hidden), (&whole.token_ids, &whole.hidden));
                let pairs = tiled.log_probs.iter().zip(&whole.log_probs);
                let difference = largest(pairs.map(|(tiled, whole)| f64::from(tiled - whole)));
                assert!(difference <= SAME_LIMIT, "{fixture}, {rows} rows a tile: {difference:e}");
            }
            assert_eq!(tiled_answers.len(), answers.len());
            assert_eq!(tiled_observation.contexts, observation.contexts);
            assert_eq!(tiled_observation.hidden, observation.hidden, "{fixture}: {rows} rows a tile");
            assert_eq!(tiled_observation.unembedding, observation.unembedding);
        }
    }
}

/// What a config alone says of the weights is what the files hold, less what no network reads.
#[test]
fn weights_are_counted_from_the_config_alone() {
    for fixture in names() {
        let files = files(&fixture);
        let config = NetworkConfig::parse(&files.config).unwrap();
        let mut n_stored = 0;
        for file in &files.weights {
            let bytes = block_on(file.read(0..file.bytes.length())).unwrap();
            let length = header_length(&bytes, file.bytes.length()).unwrap() as usize;
            let tensors = parse_header(&bytes[8..8 + length], file.bytes.length()).unwrap();
            let is_read = |tensor: &&StoredTensor| unread(&config, &tensor.name, &tensor.shape).is_none();
            n_stored +=
                tensors.iter().filter(is_read).map(|t| t.shape.iter().product::<usize>()).sum::<usize>();
        }
        let session = load(files).unwrap();
        assert_eq!(
            (session.card().parameters, config.sizes.n_weights()),
            (n_stored, n_stored as u64),
            "{fixture}"
        );
    }
}

/// Two models with one tokenizer, one of them with rows that pad its matrices: the rows are no part of Y, and the models
/// are the same on all that is.
#[test]
fn padded_vocabularies_are_compared_on_what_they_share() {
    let shape =
        Shape { vocab_size: 600, n_tokens: 600, width: 32, n_layers: 1, n_heads: 2, context_length: 64 };
    let prompts = ["the cat", "sing again and again", "ab cd efg"].map(str::to_owned).to_vec();
    let calibration = vec!["some words that follow each other without end or sense".to_owned()];
    let observe = |shape: Shape| {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), shape, 7).unwrap();
        let read = |name: &str| (name.to_owned(), fs::read(folder.path().join(name)).unwrap());
        let weights = DiskFile::open(&folder.path().join("model.safetensors")).unwrap();
        let files = ModelFiles::from_named(
            "shaped".into(),
            vec![read("config.json"), read("tokenizer.json")],
            vec![WeightsFile::new("model.safetensors", weights)],
        );
        let session = load(files.unwrap()).unwrap();
        let answer = block_on(session.next_token(&prompts)).unwrap().remove(0);
        (answer.log_probs, block_on(session.observe(&prompts, &[], &calibration)).unwrap())
    };
    let (log_probs, a) = observe(shape);
    let (padded_log_probs, b) = observe(Shape { vocab_size: 640, ..shape });
    // The models' own distributions differ, for one of them gives the padding its share.
    assert_eq!((log_probs.len(), padded_log_probs.len()), (600, 640));
    assert!(log_probs[0] - padded_log_probs[0] > 0.01);
    assert_eq!((a.model.vocab_size, b.model.vocab_size, b.unembedding.0.len()), (600, 600, 600 * 32));
    let source = |name: &str| ModelSource::Bundled { name: name.into() };
    let experiment = Experiment {
        model_a: source("a"),
        model_b: source("b"),
        prompts: prompts.clone(),
        concepts: vec![],
        seed: 1,
        thresholds: Thresholds::default(),
    };
    let go_on = &mut |_: f64| ControlFlow::Continue(());
    let report = analyze(&experiment, &a, Some(&b), go_on).unwrap();
    assert_eq!(report.n_tokens, 600);
    assert!(report.equality.max_abs_dlogp <= report.equality.epsilon_num, "{:?}", report.equality);
    // Another tokenizer is refused, by example.
    let (_, other) = observe(Shape { n_tokens: 500, ..shape });
    let error = analyze(&experiment, &a, Some(&other), go_on).unwrap_err().to_string();
    assert!(error.contains("id 499 is \"jj\" in model A and \"<|endoftext|>\" in model B"), "{error}");
    assert!(error.contains("101 of 600 ids differ"), "{error}");
}
