//! Every trouble of the network and every unusable repository: the model loads all the same, or one sentence says why
//! not, the other model stays and nothing is left behind.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use serde_json::json;

use crate::hub::{
    check_manners, check_nothing_kept, check_same, load, outcome, small, visitor_with_own_files,
};
use crate::hub_server::Trouble::{
    BreakAt, Instead, LengthOffBy, Longer, NoRanges, Pace, Page as HtmlPage, Shorter, StallAt, Status,
};
use crate::hub_server::{ALWAYS, Fault, Hub, On, Repository, Trouble};
use crate::page::{Page, Shown};
use crate::variants::{
    WEIGHTS, half, with_bytes_for_weights, with_field, with_masks, with_nan, with_other_numbers, with_token,
};

/// What must come of a case.
#[derive(Debug, Clone, Copy)]
enum Then {
    Loads,
    /// A sentence with one of these words.
    Fails(&'static [&'static str]),
    /// Hosts so wrong that both are right.
    Either(&'static [&'static str]),
}

/// Changes a good repository.
type Make = fn(Repository) -> Repository;

/// In the header of the small checkpoint, in a tensor, at the border of two, in its last byte.
const IN_HEADER: u64 = 100;
const IN_TENSOR: u64 = 60_000;
const AT_BORDER: u64 = 8 + 3664 + 28_896;
const AT_END: u64 = 126_263;

const CONFIG: &str = "config.json";
const TOKENIZER: &str = "tokenizer.json";

fn once(repository: Repository, on: On, trouble: Trouble) -> Repository {
    repository.fault(Fault::new(on, trouble, 1))
}

fn always(repository: Repository, on: On, trouble: Trouble) -> Repository {
    repository.fault(Fault::new(on, trouble, ALWAYS))
}

/// The weights as in `change`, on the wire only: the API describes the true ones.
fn served(repository: Repository, file: &'static str, change: impl Fn(Vec<u8>) -> Vec<u8>) -> Repository {
    let contents = Arc::new(change(repository.bytes(file)));
    always(repository, On::File(file), Instead(contents))
}

const FILE: On = On::File(WEIGHTS);
const BROKEN: &[&str] = &["connection", "broke off", "network", "ended"];

const NETWORK: &[(&str, Make, Then)] = &[
    ("no-ranges", |r| always(r, FILE, NoRanges), Then::Loads),
    ("no-ranges-breaks-once", |r| once(always(r, FILE, NoRanges), FILE, BreakAt(IN_TENSOR)), Then::Loads),
    ("longer-than-asked", |r| always(r, FILE, Longer(1000)), Then::Either(&["bytes"])),
    ("shorter-than-asked-once", |r| once(r, FILE, Shorter(1000)), Then::Loads),
    ("length-too-large-once", |r| once(r, FILE, LengthOffBy(1000)), Then::Loads),
    ("length-too-large", |r| always(r, FILE, LengthOffBy(1000)), Then::Either(BROKEN)),
    ("length-too-small-once", |r| once(r, FILE, LengthOffBy(-1000)), Then::Loads),
    ("breaks-first-byte-once", |r| once(r, FILE, BreakAt(0)), Then::Loads),
    ("breaks-in-header-once", |r| once(r, FILE, BreakAt(IN_HEADER)), Then::Loads),
    ("breaks-in-tensor-once", |r| once(r, FILE, BreakAt(IN_TENSOR)), Then::Loads),
    ("breaks-at-border-once", |r| once(r, FILE, BreakAt(AT_BORDER)), Then::Loads),
    ("breaks-at-end-once", |r| once(r, FILE, BreakAt(AT_END)), Then::Loads),
    ("breaks-in-config-once", |r| once(r, On::File(CONFIG), BreakAt(300)), Then::Loads),
    ("breaks-in-tokenizer-once", |r| once(r, On::File(TOKENIZER), BreakAt(3000)), Then::Loads),
    ("breaks-in-api-once", |r| once(r, On::Api, BreakAt(200)), Then::Loads),
    ("truncated-in-header", |r| served(r, WEIGHTS, |w| w[..100].to_vec()), Then::Fails(&["bytes"])),
    ("truncated-in-tensor", |r| served(r, WEIGHTS, |w| w[..60_000].to_vec()), Then::Fails(&["bytes"])),
    ("truncated-at-end", |r| served(r, WEIGHTS, |w| w[..126_263].to_vec()), Then::Fails(&["bytes"])),
    ("empty-weights", |r| served(r, WEIGHTS, |_| Vec::new()), Then::Fails(&["bytes"])),
    ("truncated-config", |r| served(r, CONFIG, half), Then::Fails(&["config.json"])),
    ("truncated-tokenizer", |r| served(r, TOKENIZER, half), Then::Fails(&["tokenizer.json"])),
    (
        "truncated-api",
        |r| always(r, On::Api, Instead(Arc::new(b"{\"id\": \"tests/".to_vec()))),
        Then::Fails(&["Hub"]),
    ),
    ("api-says-nothing", |r| always(r, On::Api, Instead(Arc::new(b"{}".to_vec()))), Then::Fails(&["Hub"])),
    ("busy-api-once", |r| once(r, On::Api, Status(429, Some(1))), Then::Loads),
    ("busy-once", |r| once(r, FILE, Status(429, Some(1))), Then::Loads),
    ("busy-config-once", |r| once(r, On::File(CONFIG), Status(429, None)), Then::Loads),
    ("out-of-order-once", |r| once(r, FILE, Status(503, None)), Then::Loads),
    ("forbidden", |r| always(r, FILE, Status(403, None)), Then::Fails(&["403"])),
    ("missing-on-the-wire", |r| always(r, FILE, Status(404, None)), Then::Fails(&[WEIGHTS])),
    ("slow", |r| always(r, FILE, Pace(60_000)), Then::Loads),
    // Their header is of another length too.
    ("other-weights", |r| served(r, WEIGHTS, |w| with_other_numbers(&w)), Then::Fails(&["SHA-256", "bytes"])),
    ("api-says-larger", |r| r.lying_size(WEIGHTS, 127_000), Then::Fails(&["bytes"])),
    ("api-says-smaller", |r| r.lying_size(WEIGHTS, 120_000), Then::Fails(&["byte"])),
    ("wrong-hash", |r| r.lying_hash(WEIGHTS), Then::Fails(&["SHA-256", "hash"])),
    ("api-is-a-page", |r| always(r, On::Api, HtmlPage), Then::Fails(&["page", "Hub"])),
    ("config-is-a-page", |r| always(r, On::File(CONFIG), HtmlPage), Then::Fails(&["page", CONFIG])),
    ("weights-are-a-page", |r| always(r, FILE, HtmlPage), Then::Fails(&["page", WEIGHTS])),
];

/// These are tried again and again with growing pauses before they are given up.
const LOST: &[(&str, Make, Then)] = &[
    ("no-ranges-lost", |r| always(always(r, FILE, NoRanges), FILE, BreakAt(IN_TENSOR)), Then::Fails(BROKEN)),
    ("shorter-than-asked", |r| always(r, FILE, Shorter(1000)), Then::Either(&["bytes"])),
    ("length-too-small", |r| always(r, FILE, LengthOffBy(-1000)), Then::Either(&["bytes"])),
    ("lost-in-header", |r| always(r, FILE, BreakAt(IN_HEADER)), Then::Fails(BROKEN)),
    ("lost-in-tensor", |r| always(r, FILE, BreakAt(IN_TENSOR)), Then::Fails(BROKEN)),
    ("lost-in-config", |r| always(r, On::File(CONFIG), BreakAt(300)), Then::Fails(BROKEN)),
    ("lost-in-tokenizer", |r| always(r, On::File(TOKENIZER), BreakAt(3000)), Then::Fails(BROKEN)),
    ("lost-in-api", |r| always(r, On::Api, BreakAt(200)), Then::Fails(BROKEN)),
    ("busy-api", |r| always(r, On::Api, Status(429, Some(1))), Then::Fails(&["429", "many requests"])),
    ("busy", |r| always(r, FILE, Status(429, None)), Then::Fails(&["429", "many requests"])),
    ("out-of-order", |r| always(r, FILE, Status(503, None)), Then::Fails(&["503"])),
    ("stalls-once", |r| once(r, FILE, StallAt(IN_TENSOR)), Then::Loads),
];

/// The first request for weights gets one state of the file, all others another.
fn changed_between_requests(repository: Repository) -> Repository {
    let repository = masked(repository);
    let other = Arc::new(with_other_numbers(&repository.bytes(WEIGHTS)));
    repository.fault(Fault::new(FILE, Instead(other), ALWAYS).after(1))
}

const UNUSABLE: &[(&str, Make, Then)] = &[
    ("gated", Repository::gated, Then::Fails(&["gated", "access"])),
    ("pickled", |r| r.without(WEIGHTS).with("pytorch_model.bin", "pickle"), Then::Fails(&["safetensors"])),
    ("no-weights", |r| r.without(WEIGHTS), Then::Fails(&["safetensors"])),
    ("no-tokenizer", |r| r.without(TOKENIZER).with("vocab.json", "{}"), Then::Fails(&["tokenizer.json"])),
    ("no-config", |r| r.without(CONFIG), Then::Fails(&["config.json"])),
    (
        "architecture",
        |r| r.changed(CONFIG, with_field("model_type", "mamba".into())),
        Then::Fails(&["mamba"]),
    ),
    (
        "quantised",
        |r| {
            r.changed(CONFIG, with_field("quantization_config", json!({ "quant_method": "gptq", "bits": 4 })))
        },
        Then::Fails(&["quantis", "gptq"]),
    ),
    ("eight-bits", |r| r.changed(WEIGHTS, |w| with_bytes_for_weights(&w)), Then::Fails(&["I8"])),
    ("not-a-number", |r| r.changed(WEIGHTS, |w| with_nan(&w)), Then::Fails(&["NaN"])),
    ("unknown-token", |r| r.changed(TOKENIZER, with_token("zebra", 400)), Then::Fails(&["zebra", "400"])),
    ("other-shape", |r| r.changed(CONFIG, with_field("n_embd", 48.into())), Then::Fails(&["48"])),
    ("deeper", |r| r.changed(CONFIG, with_field("n_layer", 4.into())), Then::Fails(&["h.3"])),
    ("shallower", |r| r.changed(CONFIG, with_field("n_layer", 2.into())), Then::Fails(&["h.2"])),
    ("malformed-config", |r| r.changed(CONFIG, half), Then::Fails(&["config.json"])),
    ("malformed-tokenizer", |r| r.changed(TOKENIZER, half), Then::Fails(&["tokenizer.json"])),
    (
        "lying-header",
        |r| r.changed(WEIGHTS, |w| [&[255; 8], &w[8..]].concat()),
        Then::Fails(&["header", "bytes"]),
    ),
    ("enormous", |r| r.lying_size(WEIGHTS, 60 << 30), Then::Fails(&["memory", "GB", "bytes"])),
];

/// Runs cases one after another in one page; gives the sentences of those that failed.
#[allow(
    clippy::print_stdout,
    reason = "what each case comes to, and how long it takes, for those who read the log"
)]
async fn run(hub: &Hub, page: &Page, cases: &[(&str, Make, Then)]) -> BTreeMap<String, String> {
    let mut sentences = BTreeMap::new();
    let mut faults = Vec::new();
    for (case, make, then) in cases {
        let name = format!("tests/{case}");
        hub.add(&name, make(small()));
        let start = Instant::now();
        page.load_from_hub("b", &name).await;
        let outcome = outcome(page, &name).await;
        let told = outcome.as_ref().map_or_else(|sentence| sentence.as_str(), |_| "loads");
        println!("{:>6.1} s  {case}: {told}", start.elapsed().as_secs_f64());
        check_manners(&hub.asked(&name));
        match (&outcome, then) {
            (Ok(shown), Then::Loads | Then::Either(_)) => check_same(case, shown),
            (Err(sentence), Then::Fails(words) | Then::Either(words))
                if words.iter().any(|word| sentence.contains(word)) => {}
            _ => faults.push(format!("{case}: {told}, where expected: {then:?}")),
        }
        if let Err(sentence) = outcome {
            check_nothing_kept(page, &name).await;
            sentences.insert((*case).to_owned(), sentence.replace(&name, "NAME").replace(case, "NAME"));
        }
    }
    assert!(faults.is_empty(), "{} of {} cases:\n{}", faults.len(), cases.len(), faults.join("\n"));
    sentences
}

#[tokio::test]
async fn every_trouble_of_the_network_is_overcome_or_told() {
    let (hub, page) = visitor_with_own_files().await;
    run(&hub, &page, NETWORK).await;
}

/// Whether it is asked for its list of files or for the weights.
#[tokio::test]
async fn a_host_that_asks_to_wait_is_named_with_its_time() {
    let (hub, page) = visitor_with_own_files().await;
    // Weights come from a storage whose headers no page may see.
    for (name, on) in
        [("tests/asks-to-wait", On::Api), ("tests/words-ask-to-wait", On::File("tokenizer.json"))]
    {
        hub.add(name, once(small(), on, Status(429, Some(3))));
        page.load_from_hub("b", name).await;
        let says_so = |shown: &Shown| {
            shown.progress[1].as_deref().is_some_and(|told| told.contains("asks to wait 3 s"))
        };
        page.wait_for("how long the host asks to wait", says_so).await;
        match outcome(&page, name).await {
            Ok(shown) => check_same(name, &shown),
            Err(sentence) => panic!("{name}: {sentence}"),
        }
    }
}

/// Mostly waiting: four visitors wait side by side.
#[tokio::test]
async fn a_connection_that_is_lost_for_good_is_told_in_the_end() {
    let some = |skipped: usize| async move {
        let cases: Vec<_> = LOST.iter().copied().skip(skipped).step_by(4).collect();
        let (hub, page) = visitor_with_own_files().await;
        run(&hub, &page, &cases).await;
    };
    tokio::join!(some(0), some(1), some(2), some(3));
}

#[tokio::test]
async fn every_unusable_repository_has_its_own_sentence() {
    let (hub, page) = visitor_with_own_files().await;
    let mut sentences = run(&hub, &page, UNUSABLE).await;
    hub.add("tests/small", small());
    // A wrong address stands beside whatever was loaded before.
    load(&page, "tests/small").await;
    for (case, text, word) in [
        ("no organisation", "gpt2", "organisation"),
        ("another host", "https://example.com/a/b", "example.com"),
        ("missing", "tests/no-such-model", "no-such-model"),
        ("missing revision", "tests/small@nowhere", "nowhere"),
    ] {
        page.load_from_hub("b", text).await;
        let sentence = outcome(&page, text).await.expect_err(case);
        println!("{case}: {sentence}");
        assert!(sentence.contains(word), "{case}: {sentence:?} does not name {word:?}");
        sentences.insert(case.to_owned(), sentence);
    }
    let mut first_of = BTreeMap::new();
    for (case, sentence) in &sentences {
        if let Some(other) = first_of.insert(sentence, case) {
            // Neither of two repositories without weights has them.
            let both = [case.as_str(), other.as_str()];
            assert!(both.contains(&"no-weights"), "{case} and {other} have one sentence: {sentence}");
        }
    }
}

/// Where stored masks are left out, no hash covers what was read: the rest must be checked otherwise.
#[tokio::test]
async fn troubles_of_many_ranges() {
    let (hub, page) = visitor_with_own_files().await;
    run(&hub, &page, RANGES).await;
}

fn masked(repository: Repository) -> Repository {
    repository.changed(WEIGHTS, |weights| with_masks(&weights, true))
}

/// In the third layer of the checkpoint with masks.
const BETWEEN_MASKS: u64 = 2_200_000;

const RANGES: &[(&str, Make, Then)] = &[
    ("masks-changed", changed_between_requests, Then::Fails(&["SHA-256"])),
    ("masks-wrong-hash", |r| masked(r).lying_hash(WEIGHTS), Then::Fails(&["SHA-256"])),
    ("masks-of-another-kind", |r| r.changed(WEIGHTS, |w| with_masks(&w, false)), Then::Loads),
    ("masks-break-once", |r| once(masked(r), FILE, BreakAt(BETWEEN_MASKS)), Then::Loads),
    ("masks-shorter-once", |r| once(masked(r), FILE, Shorter(100)), Then::Loads),
    ("masks-busy-once", |r| masked(r).fault(Fault::new(FILE, Status(429, Some(1)), 1).after(2)), Then::Loads),
    ("masks-no-ranges-later", |r| masked(r).fault(Fault::new(FILE, NoRanges, ALWAYS).after(2)), Then::Loads),
    (
        "masks-lost",
        |r| masked(r).fault(Fault::new(FILE, Status(503, None), ALWAYS).after(2)),
        Then::Fails(&["503"]),
    ),
    (
        "masks-page-later",
        |r| masked(r).fault(Fault::new(FILE, HtmlPage, ALWAYS).after(2)),
        Then::Fails(&["page", WEIGHTS]),
    ),
];
