//! Links: what is passed on comes back, and what differs is told.

use std::time::{Duration, Instant};

use all_or_none::lab::permalink::{Outcome, Shared};
use all_or_none::lab::{ModelSource, link};

use crate::browser::{PLAIN, Visitor};
use crate::page::Page;
use crate::site;

const LIMIT: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(100);

/// What the panel says of the link: (how it stands, all its text).
pub async fn reproduction(page: &Page) -> (String, String) {
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

pub fn is_reproduced(standing: &str) -> bool {
    ["exact", "within"].contains(&standing)
}

fn shared_of(address: &str) -> Shared {
    link::decode(address.split_once('#').expect("a fragment").1).expect("a link").shared
}

pub fn address_of(shared: &Shared) -> String {
    format!("{}#{}", site(), link::encode(shared).expect("it fits"))
}

/// The link of a visitor who has looked at the first pair.
pub async fn first_link(visitor: Visitor) -> String {
    let page = Page::open(visitor, &site()).await;
    page.settled().await;
    page.share_link().await
}

/// A link with a number that is not what came out, though its digest is of what came out.
pub fn altered(address: &str) -> Shared {
    let mut altered = shared_of(address);
    altered.pinned.as_mut().expect("a result").outcome.mean_kl_ab += 0.5;
    altered
}

#[tokio::test]
async fn a_share_link_in_a_fresh_profile_says_reproduced_and_an_altered_one_what_differs() {
    let address = first_link(PLAIN).await;
    let friend = Page::open(PLAIN, &address).await;
    let (standing, text) = reproduction(&friend).await;
    assert!(is_reproduced(&standing) && text.contains("Reproduced"), "{standing}: {text}");
    // Another question is no longer compared.
    friend.type_prompt(0, "emma is the").await;
    let (standing, text) = reproduction(&friend).await;
    assert_eq!(standing, "other", "{text}");
    drop(friend);

    let mut altered = altered(&address);
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
    let address = first_link(PLAIN).await;
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
