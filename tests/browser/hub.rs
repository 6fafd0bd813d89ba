//! Models of the Hub, from a Hub of our own: what visitors do with them, and what their browser keeps.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use crate::browser::PLAIN;
use crate::hub_server::{ALWAYS, Asked, Fault, Hub, On, Origin, Repository, Trouble, commit_of};
use crate::page::{Page, Shown};
use crate::variants::{WEIGHTS, masks_of, small_gpt2, with_masks, with_spare_rows};
use crate::{command_line, repository, site, untrusted_site};

/// Largest difference between two ways to one model, nats: both run the same code on the same numbers.
const SAME: f64 = 1e-9;
/// Largest difference between the page and the command line, nats.
const TOLERANCE: f64 = 1e-3;

/// The page with this Hub as its mirror.
pub fn mirrored(site: &str, hub: &Hub) -> String {
    format!("{site}?mirror={}", hub.address())
}

/// A Hub, and a visitor whose model A is the small GPT-2 from their own disk.
pub async fn visitor_with_own_files() -> (Hub, Page) {
    let hub = Hub::start();
    let page = Page::open(PLAIN, &mirrored(&site(), &hub)).await;
    pick_own_files(&page).await;
    (hub, page)
}

async fn pick_own_files(page: &Page) {
    page.made().await;
    page.pick_files("a", &small_gpt2()).await;
    let is_own = |shown: &Shown| {
        shown.sources[0].as_deref() == Some("local") && shown.models[0].as_deref() == Some("ready")
    };
    page.wait_for("model A from the visitor's own files", is_own).await;
}

/// The small GPT-2 as a repository.
pub fn small() -> Repository {
    Repository::of_folder(&small_gpt2())
}

/// Waits until model B stands ready from this repository, or for the sentence on why it does not.
pub async fn outcome(page: &Page, repository: &str) -> Result<Shown, String> {
    let complaint =
        |shown: &Shown| ["error-b", "hub-error-b"].iter().find_map(|id| shown.errors.get(*id)).cloned();
    let is_over = |shown: &Shown| {
        complaint(shown).is_some() || (shown.is_ready_from(1, repository) && shown.is_settled())
    };
    let shown = page.wait_for(&format!("model B from {repository}"), is_over).await;
    match complaint(&shown) {
        None => Ok(shown),
        Some(sentence) => {
            check_sentence(repository, &shown, &sentence);
            Err(sentence)
        }
    }
}

/// One sentence for people, and everything else as it was.
fn check_sentence(what: &str, shown: &Shown, sentence: &str) {
    assert_eq!(shown.errors.len(), 1, "{what}: one sentence is enough: {:?}", shown.errors);
    assert!((20..500).contains(&sentence.len()), "{what}: {sentence:?} is no clear sentence");
    assert!(!sentence.contains("panicked"), "{what}: {sentence:?}");
    assert_eq!(shown.models[0].as_deref(), Some("ready"), "{what}: model A is as it was");
}

/// Asks for a repository as model B, which must arrive.
pub async fn load(page: &Page, repository: &str) -> Shown {
    page.load_from_hub("b", repository).await;
    outcome(page, repository).await.unwrap_or_else(|sentence| panic!("{repository}: {sentence}"))
}

/// Deletes the only model that is kept by one of the buttons for it, which asks first.
async fn delete_kept(page: &Page, button: &str) {
    page.unfold("storage").await;
    page.wait_for("the list of what is kept", |shown| shown.stored.len() == 1).await;
    assert!(page.press(button).await, "a button that asks");
    page.says(button, "it can be downloaded again").await;
    assert!(page.press(button).await, "a button that deletes");
    page.wait_for("an empty list", |shown| shown.stored.is_empty()).await;
}

/// Both models give the same distribution after every prompt.
pub fn check_same(what: &str, shown: &Shown) {
    assert!(!shown.prompts.is_empty(), "{what}: no prompt was run");
    for prompt in &shown.prompts {
        assert!(prompt.kl_ab.abs() <= SAME, "{what}: KL = {} after {:?}", prompt.kl_ab, prompt.text);
        assert!(prompt.next.len() >= 5, "{what}: only {} next tokens", prompt.next.len());
        for next in &prompt.next {
            let difference = (next.log_prob_a - next.log_prob_b).abs();
            assert!(difference <= SAME, "{what}: {difference} nats apart at {:?}", next.token);
        }
    }
}

/// Model `m` gives the log-probabilities of the command line.
pub fn check_against_command_line(shown: &Shown, m: usize, folder: &Path) {
    let prompts: Vec<String> = shown.prompts.iter().map(|prompt| prompt.text.clone()).collect();
    let expected = command_line::next_tokens(folder, &prompts);
    for (prompt, expected) in shown.prompts.iter().zip(expected) {
        assert!(!prompt.next.is_empty(), "no next token after {:?}", prompt.text);
        for next in &prompt.next {
            let found = [next.log_prob_a, next.log_prob_b][m];
            let known: Vec<f64> =
                expected.iter().filter(|(token, _)| *token == next.token).map(|(_, x)| *x).collect();
            // Two tokens may look alike.
            let nearest = known.iter().map(|x| (x - found).abs()).fold(f64::INFINITY, f64::min);
            assert!(
                nearest <= TOLERANCE,
                "{:?}: the page shows {found}, the command line {known:?}",
                next.token
            );
        }
    }
}

/// Nothing was asked that a browser may not ask of a stranger without asking first.
pub fn check_manners(asked: &[Asked]) {
    /// What Chromium adds of its own.
    const OWN: [&str; 12] = [
        "host",
        "connection",
        "user-agent",
        "accept",
        "origin",
        "accept-encoding",
        "accept-language",
        "range",
        "cache-control",
        "pragma",
        "dnt",
        "priority",
    ];
    for asked in asked {
        let Asked { method, file, range, headers, .. } = asked;
        assert_eq!(method, "GET", "{file:?} was asked for by {method}");
        let is_simple = range.is_none() || asked.bytes().is_some();
        assert!(is_simple, "{file:?} was asked for by the range {range:?}");
        let foreign: Vec<_> = headers
            .iter()
            .filter(|(name, _)| !OWN.contains(&name.as_str()) && !name.starts_with("sec-"))
            .collect();
        assert!(foreign.is_empty(), "{file:?} was asked for with {foreign:?}");
    }
}

/// Nothing of a repository is in the browser's stores.
pub async fn check_nothing_kept(page: &Page, repository: &str) {
    let kept = page.kept().await;
    let folder = format!("/{repository}/");
    let of_it: Vec<_> = kept.iter().filter(|name| name.contains(&folder)).collect();
    assert!(of_it.is_empty(), "{repository} left something behind: {of_it:?}");
}

/// Files that were asked for over the network.
fn files_of(asked: &[Asked]) -> BTreeSet<String> {
    asked.iter().filter_map(|asked| asked.file.clone()).collect()
}

#[tokio::test]
async fn a_model_of_the_hub_is_the_model_of_its_files() {
    let (hub, page) = visitor_with_own_files().await;
    let name = "tests/small";
    hub.add(name, small());
    let shown = load(&page, name).await;
    check_same(name, &shown);
    check_against_command_line(&shown, 1, &small_gpt2());
    let card = shown.hub[1].card.clone().expect("a card");
    assert_eq!((card.repository.as_str(), card.commit), (name, commit_of(name)));
    assert!(card.memory.is_some_and(|bytes| bytes > 126_000), "{:?}", card.memory);
    let asked = hub.asked(name);
    check_manners(&asked);
    let needed = ["config.json", "tokenizer.json", WEIGHTS].map(str::to_owned);
    assert_eq!(files_of(&asked), BTreeSet::from(needed), "nothing else of a repository is asked for");
    for asked in asked.iter().filter(|asked| asked.file.is_some()) {
        assert_eq!(
            asked.revision,
            Some(commit_of(name)),
            "the branch is resolved once, then its commit is asked for"
        );
    }

    // A revision and a pasted address mean the same.
    for text in [format!("{name}@main"), format!("https://huggingface.co/{name}/tree/{}", commit_of(name))] {
        page.load_from_hub("b", &text).await;
        let again = outcome(&page, name).await.expect("the same model");
        assert_eq!(again.hub[1].card.as_ref().expect("a card").commit, commit_of(name), "{text}");
    }

    // In several files.
    let sharded = repository().join("fixtures/checkpoints/gpt2-unscaled");
    hub.add("tests/shards", Repository::of_folder(&sharded));
    page.load_from_hub("b", "tests/shards").await;
    page.wait_for("a model in five files", |shown| shown.is_ready_from(1, "tests/shards")).await;
    assert_eq!(files_of(&hub.asked("tests/shards")).len(), 5 + 3, "five files, their index and two more");
    check_manners(&hub.asked("tests/shards"));
}

#[tokio::test]
async fn stored_masks_are_never_asked_for() {
    let (hub, page) = visitor_with_own_files().await;
    let name = "tests/masks";
    let masked = small().changed(WEIGHTS, |weights| with_masks(&weights, true));
    let weights = masked.bytes(WEIGHTS);
    let masks = masks_of(&weights);
    hub.add(name, masked.clone());
    let shown = load(&page, name).await;
    check_same(name, &shown);
    let asked = hub.asked(name);
    check_manners(&asked);
    let mut n_bytes = 0;
    for asked in asked.iter().filter(|asked| asked.is_for_weights()) {
        let bytes = asked.bytes().expect("weights are asked for by ranges");
        n_bytes += asked.sent;
        for mask in &masks {
            let overlap = bytes.end.min(mask.end).saturating_sub(bytes.start.max(mask.start));
            // The header is read ahead without knowing its length.
            let is_ahead = bytes.start < masks[0].start;
            assert!(overlap == 0 || is_ahead, "{bytes:?} has {overlap} bytes of the mask at {mask:?}");
        }
    }
    let n_masked: u64 = masks.iter().map(|mask| mask.end - mask.start).sum();
    let n_needed = weights.len() as u64 - n_masked;
    assert!(n_bytes < n_needed + n_masked / 2, "{n_bytes} bytes were sent for {n_needed} that are needed");

    // Where ranges are not honoured, everything comes and the masks are left aside.
    hub.add("tests/masks-whole", masked.fault(Fault::new(On::File(WEIGHTS), Trouble::NoRanges, ALWAYS)));
    check_same("masks in one stream", &load(&page, "tests/masks-whole").await);
}

#[tokio::test]
async fn a_broken_download_goes_on_where_it_broke() {
    let (hub, page) = visitor_with_own_files().await;
    let name = "tests/resumed";
    let (first, second) = (60_000, 100_000);
    let break_at = |at| Fault::new(On::File(WEIGHTS), Trouble::BreakAt(at), 1);
    hub.add(name, small().fault(break_at(first)).fault(break_at(second)));
    check_same(name, &load(&page, name).await);
    let asked = hub.asked(name);
    check_manners(&asked);
    let mut ranges: Vec<_> = asked
        .iter()
        .filter(|asked| asked.is_for_weights() && asked.origin == Origin::Storage)
        .map(|asked| (asked.bytes().expect("a range").start, asked.sent))
        .collect();
    ranges.sort_unstable();
    let n_bytes: u64 = ranges.iter().map(|(_, sent)| sent).sum();
    let len = small().bytes(WEIGHTS).len() as u64;
    println!("{n_bytes} bytes were sent for a file of {len}: {ranges:?}");
    assert!(n_bytes < len + len / 4, "bytes that are here are not asked for again: {ranges:?}");
}

#[tokio::test]
async fn weights_are_kept_verified_and_deleted_at_a_word() {
    let (hub, page) = visitor_with_own_files().await;
    let name = "tests/kept";
    hub.add(name, small());
    let shown = load(&page, name).await;
    let card = shown.hub[1].card.clone().expect("a card");
    assert_eq!(card.stored.as_deref(), Some("true"), "the weights are kept");
    let len = small().bytes(WEIGHTS).len() as u64;
    page.unfold("storage").await;
    let listed = page.wait_for("the list of what is kept", |shown| !shown.stored.is_empty()).await.stored;
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(listed[0].repository, name);
    assert!((len..2 * len).contains(&listed[0].bytes), "{listed:?} for {len} bytes of weights");
    println!("kept: {:?}", page.kept().await);

    // A second visit asks the network for no file.
    page.reload().await;
    pick_own_files(&page).await;
    let n_before = hub.n_asked();
    let shown = load(&page, name).await;
    check_same("from the cache", &shown);
    assert_eq!(files_of(&hub.asked_since(n_before)), BTreeSet::new(), "no file is asked for again");

    // A commit stands for the same files for ever: nobody need be asked.
    let n_before = hub.n_asked();
    page.load_from_hub("b", &format!("{name}@{}", commit_of(name))).await;
    check_same("by its commit", &outcome(&page, name).await.expect("the kept model"));
    assert_eq!(hub.n_asked(), n_before, "{:?}", hub.asked_since(n_before));

    // Damaged weights are found out and fetched again.
    let damaged = page.damage(WEIGHTS).await;
    assert!(damaged > 0, "nothing to damage among {:?}", page.kept().await);
    page.reload().await;
    pick_own_files(&page).await;
    let n_before = hub.n_asked();
    let shown = load(&page, name).await;
    check_same("after damage", &shown);
    assert!(files_of(&hub.asked_since(n_before)).contains(WEIGHTS), "damaged weights are fetched again");
    page.reload().await;
    pick_own_files(&page).await;
    let n_before = hub.n_asked();
    load(&page, name).await;
    assert_eq!(files_of(&hub.asked_since(n_before)), BTreeSet::new(), "the damage is repaired");

    // Deleted, one by one or all.
    delete_kept(&page, "stored-delete-0").await;
    check_nothing_kept(&page, name).await;
    let n_before = hub.n_asked();
    check_same("after deletion", &load(&page, name).await);
    assert!(files_of(&hub.asked_since(n_before)).contains(WEIGHTS));
    delete_kept(&page, "stored-delete-all").await;
    check_nothing_kept(&page, name).await;
}

#[tokio::test]
async fn a_browser_without_caches_loads_all_the_same() {
    let hub = Hub::start();
    let page = Page::open(PLAIN, &mirrored(&untrusted_site(), &hub)).await;
    let has_caches: bool = page.script("return 'caches' in window || isSecureContext").await;
    assert!(!has_caches, "this origin was to have no caches");
    pick_own_files(&page).await;
    hub.add("tests/uncached", small());
    let shown = load(&page, "tests/uncached").await;
    check_same("without caches", &shown);
    assert_eq!(shown.hub[1].card.as_ref().and_then(|card| card.stored.as_deref()), Some("false"));
    assert!(shown.stored.is_empty());
}

#[tokio::test]
async fn full_storage_is_told_and_the_model_runs() {
    let (hub, page) = visitor_with_own_files().await;
    page.limit_storage(20_000).await;
    let name = "tests/full";
    hub.add(name, small());
    let shown = load(&page, name).await;
    check_same("with full storage", &shown);
    let note = shown.hub[1].note.clone().expect("a note on what could not be kept");
    println!("full storage: {note}");
    assert_eq!(shown.hub[1].card.as_ref().and_then(|card| card.stored.as_deref()), Some("false"));
    check_nothing_kept(&page, name).await;
}

#[tokio::test]
async fn a_download_shows_how_far_it_is_and_can_be_given_up() {
    let (hub, page) = visitor_with_own_files().await;
    let name = "tests/slow";
    hub.add(name, small().fault(Fault::new(On::File(WEIGHTS), Trouble::Pace(12_000), ALWAYS)));
    page.load_from_hub("b", name).await;
    let is_on_its_way = |shown: &Shown| {
        let hub = &shown.hub[1];
        hub.done.zip(hub.total).is_some_and(|(done, total)| 20_000 < done && done < total)
            && hub.rate.is_some_and(|rate| rate > 0.0)
    };
    let shown = page.wait_for("bytes and their rate", is_on_its_way).await;
    let hub_b = &shown.hub[1];
    let rate = hub_b.rate.expect("a rate");
    assert!((3_000.0..60_000.0).contains(&rate), "{rate} bytes per second where 12 000 come");
    let weights = hub_b.files.iter().find(|file| file.name == WEIGHTS).expect("a row for the weights");
    assert!(weights.total.is_some_and(|total| weights.done <= total) && !weights.cached, "{weights:?}");
    page.picture("downloading").await;
    page.cancel("b").await;
    page.wait_for("a cancelled load", |shown| shown.models[1].as_deref() == Some("cancelled")).await;
    // The host learns of it with the second piece that it writes to nobody.
    tokio::time::sleep(Duration::from_secs(4)).await;
    let sent = |hub: &Hub| hub.asked(name).iter().map(|asked| asked.sent).sum::<u64>();
    let before = sent(&hub);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(sent(&hub), before, "nothing more is asked for or sent");
    check_nothing_kept(&page, name).await;
    // Taken up again.
    hub.add(name, small());
    assert!(page.press("retry-b").await, "a button that loads again");
    check_same("after giving up", &outcome(&page, name).await.expect("the model"));
}

#[tokio::test]
async fn two_tabs_load_one_model_at_once() {
    let (hub, page) = visitor_with_own_files().await;
    let name = "tests/tabs";
    hub.add(name, small().fault(Fault::new(On::File(WEIGHTS), Trouble::Pace(60_000), ALWAYS)));
    page.load_from_hub("b", name).await;
    let first = page.open_tab(&mirrored(&site(), &hub)).await;
    pick_own_files(&page).await;
    page.load_from_hub("b", name).await;
    check_same("the second tab", &outcome(&page, name).await.expect("the model in the second tab"));
    page.show_tab(first).await;
    check_same("the first tab", &outcome(&page, name).await.expect("the model in the first tab"));
    // What both have written is whole.
    page.reload().await;
    pick_own_files(&page).await;
    let n_before = hub.n_asked();
    check_same("from the cache", &load(&page, name).await);
    assert_eq!(files_of(&hub.asked_since(n_before)), BTreeSet::new());
}

/// One tab deletes a model while another one reads it: what that one has begun with stays until it is done.
#[tokio::test]
async fn a_model_that_one_tab_deletes_stays_for_another_that_reads_it() {
    let (hub, page) = visitor_with_own_files().await;
    let name = "tests/deleted-while-read";
    // Masks that are not fetched cut the weights into pieces.
    let repository = small().changed(WEIGHTS, |weights| with_masks(&weights, true));
    hub.add(name, repository.clone());
    load(&page, name).await;
    let pieces: Vec<String> =
        page.kept().await.into_iter().filter(|piece| piece.contains(&format!("{WEIGHTS}/"))).collect();
    assert!(pieces.len() >= 2, "weights in several pieces: {pieces:?}");
    // The last piece has to be fetched again, slowly; the others are read from where they are, after it.
    let start = |piece: &String| -> u64 {
        let range = piece.rsplit('/').next().unwrap_or_default();
        range.split('-').next().and_then(|start| start.parse().ok()).expect("a piece")
    };
    let last = pieces.iter().max_by_key(|piece| start(piece)).expect("a piece");
    assert_eq!(page.damage(last.split_once(": ").expect("a cache and a path").1).await, 1);
    let slow = Fault::new(On::File(WEIGHTS), Trouble::Pace(3_000), ALWAYS);
    hub.add(name, repository.clone().fault(slow));
    page.reload().await;
    pick_own_files(&page).await;
    page.load_from_hub("b", name).await;
    let n_before = hub.n_asked();
    let is_reading = |shown: &Shown| shown.hub[1].done.is_some_and(|done| done > 0);
    page.wait_for("a load that has read what is kept", is_reading).await;
    let reader = page.open_tab(&mirrored(&site(), &hub)).await;
    page.made().await;
    delete_kept(&page, "stored-delete-0").await;
    page.show_tab(reader).await;
    let still: bool = page.shown().await.models[1].as_deref() == Some("loading");
    assert!(still, "the model was to be on its way while the other tab deleted it");
    check_same("while it was deleted", &outcome(&page, name).await.expect("the model that was being read"));
    println!("asked for while it was deleted: {:?}", files_of(&hub.asked_since(n_before)));
    // Whatever is kept now is whole.
    hub.add(name, repository);
    page.reload().await;
    pick_own_files(&page).await;
    check_same("afterwards", &load(&page, name).await);
}

#[tokio::test]
async fn a_link_with_models_of_the_hub_asks_before_it_loads() {
    let (hub, page) = visitor_with_own_files().await;
    for name in ["tests/link-a", "tests/link-b"] {
        hub.add(name, small());
    }
    hub.add(
        "tests/link-b",
        small().changed(WEIGHTS, |weights| crate::variants::with_other_numbers(&weights)),
    );
    page.load_from_hub("a", "tests/link-a").await;
    page.wait_for("model A", |shown| shown.is_ready_from(0, "tests/link-a")).await;
    let shown = load(&page, "tests/link-b").await;
    let link = page.share_link().await;
    drop(page);

    let n_before = hub.n_asked();
    let friend = Page::open(PLAIN, &link).await;
    let shown_there = friend.wait_for("a word before anything is loaded", |shown| shown.link_asks).await;
    assert_eq!(shown_there.errors.get("link-error"), None);
    assert_eq!(files_of(&hub.asked_since(n_before)), BTreeSet::new(), "nothing is loaded without a word");
    assert!(friend.press("link-load").await);
    let is_here = |shown: &Shown| {
        shown.is_ready_from(0, "tests/link-a") && shown.is_ready_from(1, "tests/link-b") && shown.is_settled()
    };
    let received = friend.wait_for("both models of the link", is_here).await;
    assert_eq!(received.typed, shown.typed);
    assert_eq!(received.prompts, shown.prompts);
    assert_eq!(received.visible, shown.visible);
    let commits: Vec<_> =
        received.hub.iter().filter_map(|hub| Some(hub.card.as_ref()?.commit.clone())).collect();
    assert_eq!(commits, ["tests/link-a", "tests/link-b"].map(commit_of));
    check_manners(&hub.asked_since(n_before));
}

#[tokio::test]
async fn vocabularies_are_compared_and_rows_to_spare_are_cut() {
    let (hub, page) = visitor_with_own_files().await;
    let padded = small()
        .changed(WEIGHTS, |weights| with_spare_rows(&weights, 8))
        .changed("config.json", crate::variants::with_field("vocab_size", 332.into()));
    hub.add("tests/padded", padded);
    check_same("rows to spare", &load(&page, "tests/padded").await);

    let other = repository().join("public/models/world-d48");
    hub.add("tests/other-words", Repository::of_folder(&other));
    page.load_from_hub("b", "tests/other-words").await;
    let shown = page.wait_for("a complaint", |shown| shown.errors.contains_key("run-error")).await;
    let sentence = &shown.errors["run-error"];
    println!("other words: {sentence}");
    assert!(sentence.contains("vocabular") || sentence.contains("token"), "{sentence}");
    assert_eq!(shown.models, [Some("ready".to_owned()), Some("ready".to_owned())]);
    check_same("after a mismatch", &load(&page, "tests/padded").await);
}

#[tokio::test]
async fn a_mirror_that_is_no_address_is_explained() {
    for mirror in ["ftp://example.org", "not an address", "http://", "javascript:alert(1)"] {
        let page = Page::open(PLAIN, &format!("{}?mirror={mirror}", site())).await;
        let shown = page.wait_for("a complaint", |shown| shown.mirror_is_wrong).await;
        let sentence = shown.mirror.unwrap_or_default();
        println!("?mirror={mirror}: {sentence}");
        assert!(sentence.contains("?mirror= must") && !sentence.contains("panicked"), "{sentence}");
        // Everything else works.
        page.settled().await;
    }
}

#[tokio::test]
async fn a_folder_can_be_dropped_and_picked() {
    let page = Page::open(PLAIN, &site()).await;
    page.settled().await;
    let folder = repository().join("public/models/world-d32");
    page.drop_on("b", &[&folder]).await;
    let is_there = |shown: &Shown| shown.is_settled() && shown.sources[1].as_deref() == Some("local");
    let shown = page.wait_for("the dropped folder", is_there).await;
    check_same("a dropped folder", &shown);
    page.choose("b", "twin:dark-unembedding").await;
    page.wait_for("a twin", |shown| shown.is_settled() && shown.engines[1].as_deref() == Some("twin")).await;
    page.pick_folder("b", &folder).await;
    check_same("a picked folder", &page.wait_for("the picked folder", is_there).await);
}

/// A school's connection fails, and last week's model is still there.
#[tokio::test]
async fn a_kept_model_loads_when_the_hub_does_not_answer() {
    let (hub, page) = visitor_with_own_files().await;
    let name = "tests/away";
    hub.add(name, small());
    load(&page, name).await;
    hub.add(name, small().fault(Fault::new(On::Api, Trouble::Status(503, None), ALWAYS)));
    page.reload().await;
    pick_own_files(&page).await;
    let shown = load(&page, name).await;
    check_same("while the Hub is away", &shown);
    let note = shown.hub[1].note.clone().expect("a note on which state of the model this is");
    println!("the Hub is away: {note}");
    assert!(note.contains(&commit_of(name)[..8]), "{note}");
}

/// The list's first pair, with small models under their names.
#[tokio::test]
async fn a_pair_of_the_list_is_one_press_away() {
    let hub = Hub::start();
    let page = Page::open(PLAIN, &mirrored(&site(), &hub)).await;
    page.settled().await;
    page.unfold("curated").await;
    let names: Vec<String> = page.curated_pair(0).await;
    assert_eq!(names.len(), 2, "a pair names two repositories: {names:?}");
    for name in &names {
        hub.add(name, small());
    }
    assert!(page.press("curated-load-0").await);
    let is_there = |shown: &Shown| {
        shown.is_ready_from(0, &names[0]) && shown.is_ready_from(1, &names[1]) && shown.is_settled()
    };
    check_same("a pair of the list", &page.wait_for("a pair of the list", is_there).await);
    check_manners(&hub.asked_since(0));
}
