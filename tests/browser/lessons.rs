//! Lessons: opened by a link, in the language of the link.

use crate::browser::PLAIN;
use crate::page::Page;
use crate::site;

#[tokio::test]
async fn a_lesson_speaks_the_language_of_its_link() {
    let page = Page::open(PLAIN, &format!("{}?lesson=insides&step=2&lang=ja", site())).await;
    let shown = page.settled().await;
    assert_eq!(shown.level.as_deref(), Some("constructed"), "the step sets up a twin");
    page.says("lesson", "ステップ").await;
    let language: String = page.script("return document.documentElement.lang;").await;
    assert_eq!(language, "ja");
    assert!(page.press("language-en").await);
    page.says("lesson", "Step 2").await;
}

/// What a presenter's remote control sends.
async fn press_key(page: &Page, key: &str) {
    let press = format!(
        "document.body.dispatchEvent(new KeyboardEvent('keydown', {{ key: '{key}', bubbles: true, cancelable: true }}));
         return true;"
    );
    let _: bool = page.script(&press).await;
}

#[tokio::test]
async fn a_presenter_walks_through_a_lesson_by_keys_and_sees_what_each_step_speaks_of() {
    let page = Page::open(PLAIN, &format!("{}?lesson=all-or-none&step=1&present=1", site())).await;
    page.settled().await;
    for (key, step) in
        [("ArrowRight", "Step 2 of"), (" ", "Step 3 of"), ("PageUp", "Step 2 of"), ("End", "Step 6 of")]
    {
        press_key(&page, key).await;
        page.says("lesson-step", step).await;
    }
    // A link in the middle of a lesson scrolls to its part once there is something to see.
    page.reload().await;
    page.settled().await;
    let in_sight: bool = page
        .script(
            "await new Promise(done => setTimeout(done, 1000));
             const { top } = document.querySelector('[data-spotlight]').getBoundingClientRect();
             const end = scrollY + innerHeight >= document.documentElement.scrollHeight - 2;
             return top >= -2 && top < innerHeight / 2 || end;",
        )
        .await;
    assert!(in_sight, "the part that the step speaks of is in sight");
    press_key(&page, "Home").await;
    page.says("lesson-step", "Step 1 of").await;
    press_key(&page, "Escape").await;
    let address: String = page.script("return location.search;").await;
    assert_eq!(address, "?lesson=all-or-none&step=1", "the lesson stays open, the presentation ends");
    // Outside a presentation arrows are the page's own.
    press_key(&page, "ArrowRight").await;
    page.says("lesson-step", "Step 1 of").await;
}

#[tokio::test]
async fn everything_that_stands_before_the_program_starts_is_in_the_visitors_language() {
    let page = Page::open(PLAIN, &format!("{}?lang=ja", site())).await;
    page.settled().await;
    let seen: String = page
        .script("return document.title + [...document.querySelectorAll('.masthead, .colophon')].map(part => part.innerText).join()")
        .await;
    assert!(seen.contains("二つの言語モデル") && seen.contains("に基づきます"), "{seen}");
    assert!(!seen.contains("Two language models") && !seen.contains("Nothing leaves"), "{seen}");
    assert!(page.press("language-en").await);
    let seen: String = page
        .script("return document.title + [...document.querySelectorAll('.masthead, .colophon')].map(part => part.innerText).join()")
        .await;
    assert!(seen.contains("Two language models") && !seen.contains("に基づきます"), "{seen}");
}
