//! Pictures of every screen, for people to look at: `screenshots/`.

use std::fs;

use crate::browser::{FIREFOX, PLAIN, Visitor};
use crate::flows::copy_of_bundled;
use crate::page::{Page, Shown};
use crate::site;

const LAPTOP: (u32, u32) = (1280, 900);
const PHONE: (u32, u32) = (390, 844);
const PROJECTOR: (u32, u32) = (1920, 1080);

/// The screens of one visit, each under its name and this ending.
async fn walk(visitor: Visitor, language: &str, ending: &str) {
    let page = Page::open(visitor, &format!("{}?lang={language}", site())).await;
    page.settled().await;
    check_width(&page, visitor).await;
    page.picture(&format!("first-visit-{ending}")).await;

    page.choose_concept(3).await;
    page.choose("b", "twin:dark-both").await;
    let is_twin = |shown: &Shown| shown.is_settled() && shown.level.as_deref() == Some("constructed");
    page.wait_for("a twin", is_twin).await;
    page.picture(&format!("twin-{ending}")).await;
    page.unfold_all().await;
    check_width(&page, visitor).await;
    page.picture(&format!("unfolded-{ending}")).await;

    let folder = copy_of_bundled("world-d48");
    fs::write(folder.path().join("model.safetensors"), b"no weights").expect("a broken file");
    page.pick_files("b", folder.path()).await;
    page.wait_for("a failed model", |shown| shown.errors.contains_key("error-b")).await;
    check_width(&page, visitor).await;
    page.picture(&format!("failed-{ending}")).await;
}

/// Phones zoom out of a page that is too wide, so that it must be held against the screen.
async fn check_width(page: &Page, visitor: Visitor) {
    let width: u32 = page.script("return document.documentElement.scrollWidth").await;
    assert!(width <= visitor.window.0, "the page is {width} wide, its screen {}", visitor.window.0);
    let is_dark: bool = page.script("return matchMedia('(prefers-color-scheme: dark)').matches").await;
    assert_eq!(is_dark, visitor.dark);
}

#[tokio::test]
async fn pictures_at_a_laptop() {
    walk(Visitor { window: LAPTOP, ..PLAIN }, "en", "laptop-en-light").await;
    walk(Visitor { window: LAPTOP, dark: true, ..PLAIN }, "ja", "laptop-ja-dark").await;
}

#[tokio::test]
async fn pictures_on_a_phone() {
    walk(Visitor { window: PHONE, dark: true, ..PLAIN }, "en", "phone-en-dark").await;
    walk(Visitor { window: PHONE, ..PLAIN }, "ja", "phone-ja-light").await;
}

#[tokio::test]
async fn pictures_on_a_projector() {
    walk(Visitor { window: PROJECTOR, ..PLAIN }, "en", "projector-en-light").await;
}

#[tokio::test]
async fn pictures_in_firefox() {
    walk(Visitor { window: LAPTOP, dark: true, ..FIREFOX }, "en", "firefox-en-dark").await;
}
