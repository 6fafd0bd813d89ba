//! What a visitor removes or replaces can be had back, and what they typed outlives a reload.

use crate::browser::PLAIN;
use crate::flows::{B, copy_of_bundled};
use crate::page::Page;
use crate::site;

/// The shortcut, wherever the keyboard is but in a text.
const CTRL_Z: &str = "document.body.dispatchEvent(new KeyboardEvent('keydown',
    { key: 'z', ctrlKey: true, bubbles: true, cancelable: true })); return true;";

#[tokio::test]
async fn a_removed_prompt_comes_back_by_button_and_by_key() {
    let page = Page::open(PLAIN, &site()).await;
    page.settled().await;
    page.type_prompt(1, "emma is the").await;
    let before = page.settled().await;
    assert!(page.press("prompt-remove-1").await, "a button that removes");
    page.says("gone", "The prompt “emma is the” was removed.").await;
    page.type_prompt(0, "this is a").await;
    let focused: bool =
        page.script("const undo = document.querySelector('[data-testid=\"undo\"]'); undo.focus(); return document.activeElement === undo;").await;
    assert!(focused, "the keyboard reaches the way back");
    assert!(page.press("undo").await);
    let after = page.settled().await;
    assert_eq!(after.typed[0], "this is a", "what was typed meanwhile stays");
    assert_eq!(after.typed[1..], before.typed[1..]);
    assert!(page.press("prompt-remove-0").await, "a button that removes");
    page.says("gone", "this is a").await;
    let _: bool = page.script(CTRL_Z).await;
    page.wait_for("the prompt is back", |shown| shown.typed == after.typed).await;
    // Nothing is left to take back, and the key does nothing.
    let _: bool = page.script(CTRL_Z).await;
    assert_eq!(page.settled().await.typed, after.typed);

    page.reload().await;
    assert_eq!(page.settled().await.typed, after.typed, "prompts outlive a reload");
}

#[tokio::test]
async fn files_of_ones_own_come_back_without_being_chosen_again() {
    let page = Page::open(PLAIN, &site()).await;
    page.settled().await;
    let folder = copy_of_bundled("world-d48");
    page.pick_files("b", folder.path()).await;
    let is_own = |shown: &crate::page::Shown| {
        shown.is_settled() && shown.sources[1].as_deref().is_some_and(|source| source.starts_with("local"))
    };
    let own = page.wait_for("the visitor's own files", is_own).await;
    page.choose("b", B).await;
    page.says("gone", "as Model B").await;
    page.wait_for("the bundled model", |shown| shown.is_settled() && !is_own(shown)).await;
    assert!(page.press("undo").await);
    let back = page.wait_for("the visitor's own files again", is_own).await;
    assert_eq!((back.sources, back.scores), (own.sources, own.scores));
}

#[tokio::test]
async fn what_a_link_replaced_comes_back_and_goes_again() {
    let page = Page::open(PLAIN, &site()).await;
    page.settled().await;
    let mut links = Vec::new();
    for text in ["emma is the", "this is the"] {
        page.type_prompt(0, text).await;
        page.settled().await;
        links.push(page.share_link().await);
        page.reload().await;
        page.settled().await;
    }
    page.type_prompt(0, "this is a").await;
    let before = page.settled().await;
    let open = format!("location.hash = {:?}; return true;", links[0].split_once('#').expect("a link").1);
    let _: bool = page.script(&open).await;
    page.says("gone", "What you compared before was replaced.").await;
    let linked = page.settled().await;
    assert_eq!(linked.typed[0], "emma is the");
    assert!(page.press("undo").await);
    page.says("gone", "What you compared before is back.").await;
    let back = page.settled().await;
    assert_eq!((&back.typed, &back.scores), (&before.typed, &before.scores));
    assert!(page.press("undo").await);
    page.wait_for("the link's prompts again", |shown| shown.is_settled() && shown.typed == linked.typed)
        .await;
}
