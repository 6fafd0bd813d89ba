//! What bars people with disabilities from a page, as far as a program finds it: axe-core in every state of the page.

use std::fs;

use crate::browser::{PLAIN, Visitor};
use crate::flows::copy_of_bundled;
use crate::page::Page;
use crate::site;

/// axe-core's findings in what is on show.
async fn check(page: &Page, state: &str) {
    let found = page.accessibility().await;
    assert!(found.is_empty(), "{state}: {} violations:\n{}", found.len(), found.join("\n"));
}

/// The page as a visitor finds it, with everything unfolded, with a link that is damaged and a model that failed.
async fn check_states(visitor: Visitor, language: &str) {
    let Visitor { dark, window: (width, _), .. } = visitor;
    let of = |state: &str| format!("{state}, {width} wide, dark: {dark}, {language}");
    let page = Page::open(visitor, &format!("{}?lang={language}", site())).await;
    page.settled().await;
    check(&page, &of("first visit")).await;
    page.unfold_all().await;
    check(&page, &of("everything unfolded")).await;

    let page = Page::open(visitor, &format!("{}?lang={language}#1.AAAA", site())).await;
    page.settled().await;
    page.wait_for("a word on the link", |shown| shown.errors.contains_key("link-error")).await;
    check(&page, &of("a damaged link")).await;
    let folder = copy_of_bundled("world-d48");
    fs::write(folder.path().join("model.safetensors"), b"no weights").expect("a broken file");
    page.pick_files("b", folder.path()).await;
    page.wait_for("a failed model", |shown| shown.errors.contains_key("error-b")).await;
    check(&page, &of("a failed model")).await;
}

#[tokio::test]
async fn axe_finds_nothing_at_a_laptop() {
    check_states(PLAIN, "en").await;
}

#[tokio::test]
async fn axe_finds_nothing_in_the_dark() {
    check_states(Visitor { dark: true, ..PLAIN }, "en").await;
}

#[tokio::test]
async fn axe_finds_nothing_on_a_phone() {
    check_states(Visitor { window: (390, 844), ..PLAIN }, "ja").await;
}

#[tokio::test]
async fn axe_finds_nothing_on_a_phone_in_the_dark() {
    check_states(Visitor { dark: true, window: (390, 844), ..PLAIN }, "en").await;
}
