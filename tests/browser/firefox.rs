//! The main flows again in Firefox: no WebGPU there, so that the CPU engine is tested for real.

use crate::browser::{FIREFOX, Visitor};
use crate::flows::{B, check_console, compare_and_share, copy_of_bundled};
use crate::page::{Page, Shown};
use crate::site;

#[tokio::test]
async fn firefox_shows_what_the_command_line_computes() {
    compare_and_share(FIREFOX, None).await;
}

#[tokio::test]
async fn firefox_makes_twins_and_reads_local_files() {
    let page = Page::open(FIREFOX, &site()).await;
    let before = page.settled().await;
    page.choose("b", "twin:change-of-basis").await;
    let is_twin = |shown: &Shown| shown.is_settled() && shown.level.as_deref() == Some("constructed");
    let twin = page.wait_for("a twin", is_twin).await;
    let headline = twin.visible.expect("a verdict").headline.to_lowercase();
    assert!(headline.contains("held by all"), "{headline}");

    let folder = copy_of_bundled("world-d48");
    page.pick_files("b", folder.path()).await;
    let is_local = |shown: &Shown| shown.is_settled() && shown.sources[1].as_deref() == Some("local");
    let local = page.wait_for("the visitor's own model", is_local).await;
    assert_eq!(local.prompts, before.prompts, "the bundled model from a folder");

    std::fs::write(folder.path().join("model.safetensors"), b"short").expect("a broken file");
    page.pick_files("b", folder.path()).await;
    page.wait_for("a sentence", |shown| shown.errors.contains_key("error-b")).await;
    page.choose("b", B).await;
    page.settled().await;
    check_console(&page).await;
}

#[tokio::test]
async fn firefox_on_a_phone_needs_no_sideways_scrolling() {
    for dark in [false, true] {
        let page = Page::open(Visitor { dark, window: (390, 844), ..FIREFOX }, &site()).await;
        page.settled().await;
        let (shown, whole): (u32, u32) =
            page.script("return [innerWidth, document.documentElement.scrollWidth]").await;
        assert_eq!(shown, 390, "the window is as wide as a phone");
        assert!(whole <= shown, "the page is {whole} wide, its screen {shown}");
        page.picture(if dark { "firefox-phone-dark" } else { "firefox-phone-light" }).await;
    }
}
