//! Links, files, exports and frames: what is passed on comes back, and what differs is told.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use all_or_none::lab::link;
use all_or_none::lab::permalink::{Outcome, Shared};
use all_or_none::lab::{ModelSource, Report};

use crate::browser::PLAIN;
use crate::page::Page;
use crate::site;

const LIMIT: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(100);

/// What the panel says of the link: (how it stands, all its text).
async fn reproduction(page: &Page) -> (String, String) {
    page.settled().await;
    let start = Instant::now();
    loop {
        let read = "const panel = document.querySelector('[data-testid=\"reproduction\"]');
             return [panel?.dataset.agreement ?? 'absent', panel?.textContent ?? '']";
        let (standing, text): (String, String) = page.script(read).await;
        if standing != "waiting" {
            return (standing, text);
        }
        assert!(start.elapsed() < LIMIT, "the panel still waits: {text}");
        tokio::time::sleep(POLL).await;
    }
}

async fn text_of(page: &Page, testid: &str) -> Option<String> {
    page.script(&format!("return document.querySelector('[data-testid=\"{testid}\"]')?.textContent ?? null"))
        .await
}

fn is_reproduced(standing: &str) -> bool {
    ["exact", "within"].contains(&standing)
}

fn shared_of(address: &str) -> Shared {
    link::decode(address.split_once('#').expect("a fragment").1).expect("a link").shared
}

fn address_of(shared: &Shared) -> String {
    format!("{}#{}", site(), link::encode(shared).expect("it fits"))
}

/// The link of a visitor who has looked at the first pair.
async fn first_link() -> String {
    let page = Page::open(PLAIN, &site()).await;
    page.settled().await;
    page.share_link().await
}

#[tokio::test]
async fn a_share_link_in_a_fresh_profile_says_reproduced_and_an_altered_one_what_differs() {
    let address = first_link().await;
    let friend = Page::open(PLAIN, &address).await;
    let (standing, text) = reproduction(&friend).await;
    assert!(is_reproduced(&standing) && text.contains("Reproduced"), "{standing}: {text}");
    // Another question is no longer compared.
    friend.type_prompt(0, "emma is the").await;
    let (standing, text) = reproduction(&friend).await;
    assert_eq!(standing, "other", "{text}");
    drop(friend);

    let mut altered = shared_of(&address);
    altered.pinned.as_mut().expect("a result").outcome.mean_kl_ab += 0.5;
    let page = Page::open(PLAIN, &address_of(&altered)).await;
    let (standing, text) = reproduction(&page).await;
    assert_eq!(standing, "not", "{text}");
    assert!(text.contains("changed them") && text.contains("KL(A‖B): 0.50"), "{text}");
    drop(page);

    // Whoever also makes a new digest is found out by the numbers.
    let pinned = altered.pinned.as_mut().expect("a result");
    pinned.digest = Outcome::digest(&pinned.outcome);
    pinned.weights[1] = "0".repeat(64);
    let page = Page::open(PLAIN, &address_of(&altered)).await;
    let (standing, text) = reproduction(&page).await;
    assert_eq!(standing, "not", "{text}");
    assert!(!text.contains("changed them") && text.contains("Model B has other weights"), "{text}");
    page.picture("not-reproduced").await;
}

#[tokio::test]
async fn a_link_of_a_newer_page_or_to_a_model_that_is_gone_shows_what_it_can() {
    let address = first_link().await;
    let shared = shared_of(&address);
    let newer = address.replacen("#3.", "#4.", 1);
    let page = Page::open(PLAIN, &newer).await;
    let shown = page.settled().await;
    assert_eq!(shown.typed, shared.experiment.prompts);
    let notes = text_of(&page, "link-notes").await.unwrap_or_default();
    assert!(notes.contains("newer page"), "{notes}");
    drop(page);

    let mut gone = shared.clone();
    gone.experiment.model_b = ModelSource::Bundled { name: "no-such-model".into() };
    gone.experiment.prompts = vec!["emma is the".into()];
    let page = Page::open(PLAIN, &address_of(&gone)).await;
    let shown = page.settled().await;
    assert_eq!(shown.typed, ["emma is the"]);
    assert_eq!(shown.sources[1].as_deref(), Some("bundled:world-d48"));
    let notes = text_of(&page, "link-notes").await.unwrap_or_default();
    assert!(notes.contains("no-such-model") && notes.contains("world-d48"), "{notes}");
    page.picture("gone-model").await;
}

/// Presses a button and waits for the file that it saves.
async fn saved(page: &Page, button: &str, ending: &str) -> PathBuf {
    assert!(page.press(button).await, "there is a button {button}");
    let start = Instant::now();
    loop {
        let found = fs::read_dir(page.downloads()).expect("the folder").flatten().map(|entry| entry.path());
        let found = found.into_iter().find(|path| path.to_string_lossy().ends_with(ending));
        if let Some(path) = found {
            return path;
        }
        assert!(start.elapsed() < LIMIT, "{button} saved no {ending}");
        tokio::time::sleep(POLL).await;
    }
}

#[tokio::test]
async fn every_export_is_opened_and_read_back() {
    let page = Page::open(PLAIN, &site()).await;
    page.settled().await;
    let _: bool =
        page.script("document.querySelector('[data-testid=\"share-more\"]').open = true; return true").await;
    page.wait_for("the report", |shown| shown.is_settled()).await;
    let read = |path: &Path| fs::read_to_string(path).expect("a text");

    let json = read(&saved(&page, "export-json", ".report.json").await);
    let report: Report = serde_json::from_str(&json).expect("a report");
    assert_eq!(report.prompts.len(), 3);

    let csv = read(&saved(&page, "export-csv", ".csv").await);
    assert_eq!(csv.lines().count(), 1 + report.prompts.len() + report.properties.len(), "{csv}");
    assert!(csv.contains(&report.prompts[0].divergences.kl_ab.to_string()), "{csv}");

    let python = read(&saved(&page, "export-python", ".py").await);
    assert!(python.contains("MODEL_A = (\"public/models/world-d32\", None)"), "{python}");

    let html = saved(&page, "export-html", ".html").await;
    let file = saved(&page, "save-file", ".allornone.json").await;
    let shared = link::from_file(&read(&file)).expect("a file of ours").shared;
    assert_eq!(shared.experiment, report.experiment);

    // Opened elsewhere: the page by itself, without a program or a request.
    let reader = Page::open(PLAIN, &format!("file://{}", html.display())).await;
    let (title, scripts, requests): (String, usize, usize) = reader
        .script(
            "return [document.title, document.scripts.length, performance.getEntriesByType('resource').length]",
        )
        .await;
    assert!(title.contains("world-d32") && title.contains("world-d48"), "{title}");
    assert_eq!((scripts, requests), (0, 0));
    reader.picture("report-page").await;
    drop(reader);

    // The file, dropped on the page of a friend who looks at something else.
    let friend = Page::open(PLAIN, &site()).await;
    friend.settled().await;
    friend.choose("b", "twin:change-of-basis").await;
    friend.settled().await;
    friend.drop_on("a", &[&file]).await;
    let back = |shown: &crate::page::Shown| {
        shown.is_settled() && shown.sources[1].as_deref() == Some("bundled:world-d48")
    };
    friend.wait_for("the shared comparison", back).await;
    let (standing, text) = reproduction(&friend).await;
    assert!(is_reproduced(&standing), "{standing}: {text}");
}

#[tokio::test]
async fn a_frame_shows_the_verdict_and_leads_to_the_full_page() {
    let address = first_link().await;
    let embedded = address.replacen('#', "?embed=1#", 1);
    let page = Page::open(PLAIN, &embedded).await;
    let start = Instant::now();
    let text = loop {
        let text = text_of(&page, "embed").await.unwrap_or_default();
        if text.contains("Reproduced") {
            break text;
        }
        assert!(start.elapsed() < LIMIT, "the frame shows {text:?}");
        tokio::time::sleep(POLL).await;
    };
    for words in ["Not distribution-equivalent", "KL(A‖B)", "world-d48"] {
        assert!(text.contains(words), "{words} in {text:?}");
    }
    let (masthead, inputs, full): (bool, usize, String) = page
        .script(
            "return [document.querySelector('.masthead').offsetParent !== null,
                 document.querySelectorAll('input, select').length,
                 document.querySelector('[data-testid=\"embed-full\"]').href]",
        )
        .await;
    assert_eq!((masthead, inputs, full), (false, 0, address));
    page.picture("embed").await;
}
