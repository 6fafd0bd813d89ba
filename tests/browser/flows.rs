//! What visitors do.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use all_or_none::lab::Report;
use all_or_none::theory::verdict::VerdictKind;

use crate::browser::{PLAIN, Visitor};
use crate::page::{Page, Shown};
use crate::{command_line, repository, site, slow_site};

/// Largest difference between the page and the command line, nats.
const TOLERANCE: f64 = 1e-3;
const A: &str = "bundled:world-d32";
pub const B: &str = "bundled:world-d48";
const PROMPT: &str = "emma is the";

/// Every number of the page that the command line also prints, against it.
fn check_against(report: &Report, shown: &Shown) {
    let near = |what: &str, found: f64, expected: f64| {
        assert!(
            (found - expected).abs() <= TOLERANCE,
            "{what}: the page shows {found}, the command line {expected}"
        );
    };
    assert_eq!(shown.prompts.len(), report.prompts.len());
    for (row, prompt) in shown.prompts.iter().zip(&report.prompts) {
        assert_eq!(row.text, prompt.text);
        near("KL(A‖B)", row.kl_ab, prompt.divergences.kl_ab);
        near("KL(B‖A)", row.kl_ba, prompt.divergences.kl_ba);
        near("JS", row.js, prompt.divergences.js);
        near("TV", row.tv, prompt.divergences.tv);
        assert_eq!(row.places.len(), prompt.tokens.len(), "the strip of {:?}", row.text);
        for (found, expected) in row.places.iter().zip(&prompt.places) {
            near("JS along the prompt", *found, expected.js);
        }
        assert!(row.next.len() >= 5, "only {} next tokens after {:?}", row.next.len(), row.text);
        for next in &row.next {
            let expected = prompt.next.iter().find(|candidate| candidate.token == next.token);
            let expected =
                expected.unwrap_or_else(|| panic!("{:?} is no candidate of the command line", next.token));
            near(&next.token, next.log_prob_a, expected.log_prob_a);
            near(&next.token, next.log_prob_b, expected.log_prob_b);
        }
    }
    near("mean KL(A‖B)", shown.scores["mean-kl-ab"], report.equality.mean_kl_ab);
    for (property, name) in
        report.properties.iter().zip(["parallelism", "relational", "subspace", "probing", "steering"])
    {
        let scores = property.scores.as_ref().unwrap_or_else(|| panic!("{name} is not scored"));
        near(name, shown.scores[&format!("{name}-raw-a")], scores.raw_a.score);
        near(name, shown.scores[&format!("{name}-raw-b")], scores.raw_b.score);
        near(name, shown.scores[&format!("{name}-visible-a")], scores.visible_a.score);
        near(name, shown.scores[&format!("{name}-visible-b")], scores.visible_b.score);
    }
    assert_eq!(report.properties.len(), 5, "one bundled concept has material for every property");
    assert_eq!(shown.level, name_of(&report.equality.level));
    let codes: Vec<_> = report.verdict.visible.reasons.iter().filter_map(name_of).collect();
    assert_eq!(shown.visible.as_ref().expect("a verdict").codes, codes);
}

/// The name of an enum's value in reports.
fn name_of(value: &impl serde::Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}

fn headline(shown: &Shown) -> String {
    shown.visible.as_ref().expect("a verdict").headline.to_lowercase()
}

fn raw_headline(shown: &Shown) -> String {
    let raw = shown.raw.as_ref().or(shown.visible.as_ref());
    raw.expect("a verdict").headline.to_lowercase()
}

/// No error of ours, and nothing that the host does not have.
pub async fn check_console(page: &Page) {
    let complaints: Vec<_> =
        page.console().await.into_iter().filter(|line| line.starts_with("SEVERE")).collect();
    assert!(complaints.is_empty(), "the console has errors:\n{}", complaints.join("\n"));
}

/// Loads the bundled pair, types a prompt, reads distributions and verdict, shares the link.
pub async fn compare_and_share(visitor: Visitor, engine: Option<&str>) {
    let page = Page::open(visitor, &site()).await;
    page.settled().await;
    let expected_engine = engine.unwrap_or("cpu");
    if let Some(engine) = engine {
        page.choose_engine(engine).await;
    }
    page.type_prompt(0, PROMPT).await;
    let on_engine = |shown: &Shown| {
        shown.is_settled()
            && shown.prompts[0].text == PROMPT
            && shown.engines.iter().all(|engine| engine.as_deref() == Some(expected_engine))
    };
    let shown = page.wait_for("a verdict on the typed prompt, on the engine asked for", on_engine).await;
    let prompts: Vec<String> = shown.prompts.iter().map(|prompt| prompt.text.clone()).collect();
    let report = command_line::compare(A, B, &prompts);
    check_against(&report, &shown);
    assert!(report.equality.is_refuted(), "two trained models differ");
    let kind = report.verdict.visible.kind;
    assert!(matches!(kind, VerdictKind::NotEquivalent | VerdictKind::CloseNotEquivalent), "{kind:?}");
    assert_eq!(headline(&shown), "not distribution-equivalent, the theorem is silent.");
    assert!(!shown.visible.as_ref().expect("a verdict").scope.is_empty());
    let why = shown.engine_sentences[0].clone().unwrap_or_default();
    assert!(why.len() > "A CPU".len(), "the page says why this engine: {why:?}");

    let link = page.share_link().await;
    let foreign: Vec<String> = page
        .script("return performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.startsWith(location.origin) && !n.startsWith('blob:'))")
        .await;
    assert_eq!(foreign, Vec::<String>::new(), "nothing is asked of other hosts");
    check_console(&page).await;
    drop(page);

    let friend = Page::open(PLAIN, &link).await;
    let received = friend.settled().await;
    assert_eq!(received.errors.get("link-error"), None);
    assert_eq!(received.typed, shown.typed);
    assert_eq!(received.sources, shown.sources);
    assert_eq!(received.visible, shown.visible);
    check_against(&report, &received);
}

#[tokio::test]
async fn the_page_shows_what_the_command_line_computes() {
    compare_and_share(PLAIN, None).await;
}

#[tokio::test]
async fn webgpu_gives_the_same_numbers_when_the_visitor_chooses_it() {
    compare_and_share(Visitor { webgpu: true, ..PLAIN }, Some("webgpu")).await;
}

/// The stored log-probabilities of these checkpoints were computed by transformers: `scripts/write_fixtures.py`.
#[tokio::test]
async fn every_architecture_gives_the_log_probabilities_of_transformers_in_the_browser() {
    let page = Page::open(Visitor { webgpu: true, ..PLAIN }, &site()).await;
    page.settled().await;
    let mut folders: Vec<_> = fs::read_dir(repository().join("fixtures/checkpoints"))
        .expect("the checkpoints")
        .map(|entry| entry.expect("a folder").path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    assert!(folders.len() >= 12, "only {} checkpoints", folders.len());
    for folder in folders {
        page.pick_files("a", &folder).await;
        let shown = page
            .wait_for(&folder.to_string_lossy(), |shown| {
                shown.errors.contains_key("error-a") || shown.self_tests[0].iter().all(Option::is_some)
            })
            .await;
        assert_eq!(shown.errors.get("error-a"), None, "{}", folder.display());
        let [cpu, webgpu] = shown.self_tests[0].map(|nats| nats.unwrap_or(f64::INFINITY));
        println!("{}: CPU within {cpu:.1e}, WebGPU within {webgpu:.1e} nats", folder.display());
        assert!(cpu <= 1e-4, "{}: the CPU engine is off by {cpu} nats", folder.display());
        assert!(webgpu <= 1e-3, "{}: the WebGPU engine is off by {webgpu} nats", folder.display());
    }
    check_console(&page).await;
}

#[tokio::test]
async fn exact_twins_hold_all_or_show_why_a_hypothesis_fails() {
    let page = Page::open(PLAIN, &site()).await;
    page.settled().await;
    let constructed = |shown: &Shown| shown.is_settled() && shown.level.as_deref() == Some("constructed");
    for (twin, check) in [
        ("twin:change-of-basis", check_change_of_basis as fn(&Shown)),
        ("twin:dark-unembedding", check_dark_unembedding),
    ] {
        page.choose("b", twin).await;
        let of_this_twin = |shown: &Shown| constructed(shown) && shown.sources[1].as_deref() == Some(twin);
        let shown = page.wait_for(twin, of_this_twin).await;
        check(&shown);
        let prompts: Vec<String> = shown.prompts.iter().map(|prompt| prompt.text.clone()).collect();
        check_against(&command_line::compare(A, twin, &prompts), &shown);
        page.picture(&twin.replace(':', "-")).await;
    }
    check_console(&page).await;
}

/// Every property has its verdict in both versions; a twin with dark parts shows which of them a raw score can miss.
#[tokio::test]
async fn every_property_has_a_verdict_and_dark_parts_show_where_raw_ones_differ() {
    let page = Page::open(PLAIN, &site()).await;
    let first = page.settled().await;
    assert!(first.chips.values().all(|chip| chip.ends_with("the theorem is silent")), "{:?}", first.chips);
    assert_eq!(first.chips.len(), 10, "five properties, two versions: {:?}", first.chips);
    page.choose_concept(3).await;
    page.choose("b", "twin:dark-both").await;
    let shown = page
        .wait_for("a twin's verdicts", |shown| {
            shown.is_settled()
                && shown.level.as_deref() == Some("constructed")
                && headline(shown).contains("past tenses")
        })
        .await;
    for property in ["parallelism", "relational", "subspace", "probing", "steering"] {
        let chip = &shown.chips[&format!("{property}-verdict-visible")];
        let decided = chip.ends_with("held by all") || chip.ends_with("held by none");
        assert!(decided || chip.ends_with("too little data"), "{property}: {chip}");
    }
    assert!(shown.chips["parallelism-verdict-visible"].ends_with("held by all"), "{:?}", shown.chips);
    assert!(shown.chips["parallelism-verdict-raw"].ends_with("mixed"), "{:?}", shown.chips);
    assert!(
        shown.nearness.iter().any(|sentence| sentence.contains("fitted on prompts")),
        "{:?}",
        shown.nearness
    );
    page.picture("properties").await;
    check_console(&page).await;
}

/// A computation can be stopped, what is on show stays, and it can be taken up again.
#[tokio::test]
async fn a_computation_can_be_stopped_and_taken_up_again() {
    let page = Page::open(PLAIN, &site()).await;
    let before = page.settled().await;
    page.choose("b", "twin:reduced").await;
    let stopped = |shown: &Shown| shown.status.as_deref().is_some_and(|status| status.starts_with("Stopped"));
    let mut pressed = false;
    for _ in 0..200 {
        pressed = page.press("stop").await;
        if pressed {
            break;
        }
    }
    assert!(pressed, "there was nothing to stop");
    let shown = page.wait_for("the computation to stop", stopped).await;
    assert_eq!(shown.level, before.level, "what is on show stays");
    assert!(page.press("resume").await);
    let shown = page.settled().await;
    assert_eq!(shown.level.as_deref(), Some("constructed"));
    check_console(&page).await;
}

fn check_change_of_basis(shown: &Shown) {
    assert!(headline(shown).contains("held by all"), "{}", headline(shown));
    assert_eq!(shown.engines[1].as_deref(), Some("twin"));
}

fn check_dark_unembedding(shown: &Shown) {
    assert!(headline(shown).contains("held by all"), "{}", headline(shown));
    assert!(raw_headline(shown).contains("mixed"), "{}", raw_headline(shown));
    let codes = &shown.raw.as_ref().expect("the raw finding differs").codes;
    assert!(codes.iter().any(|code| code == "DARK_UNEMBEDDING"), "{codes:?}");
}

/// Breaks one file of a good model folder.
type Break = fn(&Path);

fn edit(folder: &Path, name: &str, change: impl Fn(Vec<u8>) -> Vec<u8>) {
    let path = folder.join(name);
    let content = fs::read(&path).expect("a file of the bundled model");
    fs::write(&path, change(content)).expect("the broken file");
}

fn edit_text(folder: &Path, name: &str, from: &str, to: &str) {
    edit(folder, name, |content| {
        let text = String::from_utf8(content).expect("text");
        assert!(text.contains(from), "{name} contains {from}");
        text.replace(from, to).into_bytes()
    });
}

/// (what is wrong, how to break it, a word that the sentence must have).
const BROKEN: [(&str, Break, &str); 9] = [
    (
        "truncated weights",
        |folder| edit(folder, "model.safetensors", |bytes| bytes[..bytes.len() / 2].to_vec()),
        "model.safetensors",
    ),
    (
        "a header that lies",
        |folder| edit(folder, "model.safetensors", |bytes| [&[255; 8], &bytes[8..]].concat()),
        "model.safetensors",
    ),
    (
        "unknown architecture",
        |folder| edit_text(folder, "config.json", "\"model_type\": \"", "\"model_type\": \"un"),
        "un",
    ),
    (
        "malformed tokenizer",
        |folder| edit(folder, "tokenizer.json", |bytes| bytes[..bytes.len() / 2].to_vec()),
        "tokenizer.json",
    ),
    (
        "a tensor of another shape",
        |folder| edit_text(folder, "config.json", "\"hidden_size\": 48", "\"hidden_size\": 64"),
        "embed_tokens",
    ),
    (
        "a missing tensor",
        |folder| edit_text(folder, "config.json", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3"),
        "model.layers.2",
    ),
    (
        "an unused tensor",
        |folder| edit_text(folder, "config.json", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1"),
        "model.layers.1",
    ),
    (
        "a weight that is no number",
        |folder| {
            edit(folder, "model.safetensors", |mut bytes| {
                let last = bytes.len() - 4;
                bytes[last..].copy_from_slice(&f32::NAN.to_le_bytes());
                bytes
            });
        },
        "NaN",
    ),
    (
        "no configuration",
        |folder| fs::remove_file(folder.join("config.json")).expect("removed"),
        "config.json",
    ),
];

#[tokio::test]
async fn broken_files_get_a_sentence_and_leave_the_rest_alone() {
    let page = Page::open(PLAIN, &site()).await;
    let before = page.settled().await;
    for (what, break_it, word) in BROKEN {
        let folder = copy_of_bundled("world-d48");
        break_it(folder.path());
        page.pick_files("b", folder.path()).await;
        let shown = page.wait_for(what, |shown| shown.errors.contains_key("error-b")).await;
        let sentence = &shown.errors["error-b"];
        assert!(sentence.contains(word), "{what}: {sentence:?} does not name {word:?}");
        assert!(
            !sentence.contains("panicked") && sentence.len() < 400,
            "{what}: {sentence:?} is no clear sentence"
        );
        assert_eq!(shown.models[0].as_deref(), Some("ready"), "{what}: model A is as it was");
        assert_eq!(shown.typed, before.typed, "{what}: the prompts are as they were");
        let (status, complaint) = command_line::next_token_error(folder.path());
        assert_eq!(status, Some(2), "{what}: {complaint}");
        assert!(complaint.trim().lines().count() == 1 && complaint.contains(word), "{what}: {complaint:?}");
        // A working model clears the complaint.
        page.choose("b", B).await;
        page.wait_for("model B again", |shown| {
            shown.is_settled() && shown.models[1].as_deref() == Some("ready")
        })
        .await;
    }
    let after = page.settled().await;
    assert_eq!(after.prompts, before.prompts, "the same question has the same answer");
}

#[tokio::test]
async fn models_of_different_vocabularies_are_not_compared() {
    let page = Page::open(PLAIN, &site()).await;
    let before = page.settled().await;
    let folder = copy_of_bundled("world-d48");
    // Two words exchange their ids.
    edit_text(folder.path(), "tokenizer.json", "\"easy\":", "\"\u{0}\":");
    edit_text(folder.path(), "tokenizer.json", "\"lucky\":", "\"easy\":");
    edit_text(folder.path(), "tokenizer.json", "\"\u{0}\":", "\"lucky\":");
    // The stored answers know the words by their ids before.
    fs::remove_file(folder.path().join("self_test.json")).expect("removed");
    page.pick_files("b", folder.path()).await;
    let shown = page.wait_for("a complaint", |shown| shown.errors.contains_key("run-error")).await;
    let sentence = &shown.errors["run-error"];
    assert!(sentence.contains("easy") && sentence.contains("lucky"), "{sentence:?}");
    assert_eq!(shown.typed, before.typed);
    page.choose("b", B).await;
    assert_eq!(page.settled().await.prompts, before.prompts);
}

#[tokio::test]
async fn a_load_shows_its_bytes_and_can_be_given_up() {
    let page = Page::open(PLAIN, &slow_site()).await;
    let of_all = |shown: &Shown| shown.progress[1].as_deref().is_some_and(|bytes| bytes.contains(" of 5"));
    page.wait_for("bytes of model B", of_all).await;
    page.cancel("b").await;
    let shown =
        page.wait_for("a cancelled load", |shown| shown.models[1].as_deref() == Some("cancelled")).await;
    // Nothing is said of one model: what stands there came with the page, says so, and claims no more to be on its way.
    assert!(shown.visible.is_none() || shown.is_stored, "{:?}", shown.visible);
    page.says("provenance", "was not computed here").await;
    // Model A arrives all the same, and B's place takes another model.
    page.wait_for("model A", |shown| shown.models[0].as_deref() == Some("ready")).await;
    page.choose("b", "twin:change-of-basis").await;
    page.settled().await;
}

#[tokio::test]
async fn good_files_of_the_visitors_run_as_the_bundled_ones_do() {
    let page = Page::open(PLAIN, &site()).await;
    let before = page.settled().await;
    let folder = copy_of_bundled("world-d48");
    page.pick_files("b", folder.path()).await;
    let local = |shown: &Shown| shown.is_settled() && shown.sources[1].as_deref() == Some("local");
    let shown = page.wait_for("the visitor's own model", local).await;
    assert_eq!(shown.prompts, before.prompts);
}

#[tokio::test]
async fn prompts_that_cannot_run_are_named_and_nothing_is_lost() {
    let page = Page::open(PLAIN, &site()).await;
    let before = page.settled().await;
    let far_too_long = "emma is the ".repeat(200);
    for (prompt, words) in [("the xyzzy is", "\"xyzzy\""), (far_too_long.trim(), "at most 64 tokens")] {
        page.type_prompt(0, prompt).await;
        let is_named =
            |shown: &Shown| shown.errors.get("prompt-error").is_some_and(|sentence| sentence.contains(words));
        let shown = page.wait_for("a complaint", is_named).await;
        assert_eq!(shown.errors.len(), 1, "one complaint is enough: {:?}", shown.errors);
        assert_eq!(shown.typed[0], prompt, "what was typed stays");
        assert_eq!(shown.typed[1..], before.typed[1..]);
        assert_eq!(shown.models, before.models);
    }
    // In the visitor's language, without a word of English but the prompt's own.
    assert!(page.press("language-ja").await);
    for (prompt, words) in [
        ("the xyzzy is", ["「xyzzy」", "5 文字目"]),
        (far_too_long.trim(), ["64 トークンまで", "トークンあります"]),
    ] {
        page.type_prompt(0, prompt).await;
        let is_named = |shown: &Shown| {
            let told = shown.errors.get("prompt-error");
            told.is_some_and(|sentence| words.iter().all(|word| sentence.contains(word)))
        };
        let shown = page.wait_for("a complaint in Japanese", is_named).await;
        assert!(!shown.errors["prompt-error"].contains("expected"), "{:?}", shown.errors);
    }
    page.type_prompt(0, PROMPT).await;
    let shown = page.settled().await;
    assert!(shown.errors.is_empty(), "{:?}", shown.errors);
}

#[tokio::test]
async fn a_damaged_or_oversized_link_is_explained_and_the_page_starts_anyway() {
    for fragment in
        ["1.AAAA".to_owned(), "%00 no link at all".to_owned(), format!("1.{}", "A".repeat(100_000))]
    {
        let page = Page::open(PLAIN, &format!("{}#{fragment}", site())).await;
        let shown = page.settled().await;
        assert!(shown.errors["link-error"].contains("link"), "{:?}", shown.errors);
        assert_eq!(shown.sources, [Some(A.to_owned()), Some(B.to_owned())]);
    }
}

#[tokio::test]
async fn whoever_listens_to_the_page_hears_what_everything_is() {
    let page = Page::open(PLAIN, &site()).await;
    page.settled().await;
    let silent: Vec<String> = page
        .script(
            "const named = e => e.labels?.length || e.ariaLabel || e.getAttribute('aria-labelledby') || e.textContent.trim();
             const silent = [...document.querySelectorAll('input, select, button, progress, [role=img], [tabindex]')]
                 .filter(e => !named(e));
             return silent.map(e => e.outerHTML);",
        )
        .await;
    assert_eq!(silent, Vec::<String>::new());
    let headings: Vec<String> = page
        .script("return [...document.querySelectorAll('h1, h2, h3')].slice(0, 2).map(e => e.tagName)")
        .await;
    assert_eq!(headings, ["H1", "H2"], "the verdict is the first heading below the title");
}

/// Where the time goes, printed and not judged: machines differ.
#[tokio::test]
async fn time_to_first_verdict() {
    let page = Page::open(PLAIN, "about:blank").await;
    let start = Instant::now();
    let _: () = page.script(&format!("location.href = '{}'", site())).await;
    let shown = page.wait_for("the first verdict", |shown| shown.visible.is_some()).await;
    let waited = start.elapsed();
    let marks: Vec<(String, f64)> = page
        .script(
            "const [navigation] = performance.getEntriesByType('navigation');
             const resources = performance.getEntriesByType('resource').map(e => ['fetched ' + e.name.split('/').pop(), e.responseEnd]);
             const marks = performance.getEntriesByType('mark').map(e => [e.name, e.startTime]);
             return [['page parsed', navigation.domInteractive], ...resources, ...marks].sort((x, y) => x[1] - y[1]);",
        )
        .await;
    println!(
        "from navigation to the first verdict: {:.2} s; {}",
        waited.as_secs_f64(),
        shown.status.unwrap_or_default()
    );
    for (name, millis) in marks {
        println!("  {millis:>7.0} ms  {name}");
    }
    // The rest of the start, such as a WebGPU probe, counts too.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let tasks: Vec<(f64, f64)> = page
        .script(
            "return await new Promise(done => {
                 const tasks = [];
                 new PerformanceObserver(list => tasks.push(...list.getEntries().map(e => [e.startTime, e.duration])))
                     .observe({ type: 'longtask', buffered: true });
                 setTimeout(() => done(tasks), 500);
             })",
        )
        .await;
    println!("tasks of the page's own thread over 50 ms: {}", tasks.len());
    for (start, duration) in tasks {
        println!("  {start:>7.0} ms  {duration:.0} ms long (ratio {:.2})", duration / 50.0);
    }
}

pub fn copy_of_bundled(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a scratch folder");
    for entry in fs::read_dir(repository().join("public/models").join(name)).expect("the bundled model") {
        let path = entry.expect("a file").path();
        let wanted = path.extension().is_some_and(|kind| kind == "json" || kind == "safetensors");
        if wanted {
            fs::copy(&path, folder.path().join(path.file_name().expect("a name"))).expect("a copied file");
        }
    }
    folder
}
