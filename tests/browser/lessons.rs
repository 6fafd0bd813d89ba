//! Lessons: opened by a link, marked by the page itself, in the language of the link.

use crate::browser::PLAIN;
use crate::page::Page;
use crate::site;

#[tokio::test]
async fn a_lesson_opens_by_link_and_marks_its_exercise() {
    let page = Page::open(PLAIN, &format!("{}?lesson=closeness&step=1", site())).await;
    page.settled().await;
    page.says("lesson-title", "Why a small KL").await;

    // A wrong guess is told what was found, a right one is kept.
    assert!(page.press("answer-all").await && page.press("check").await);
    page.says("mark", "Not yet.").await;
    assert!(page.press("answer-silent").await && page.press("check").await);
    let right = page.says("mark", "Right.").await;
    assert!(right.contains("silent"), "{right}");
    page.reload().await;
    page.settled().await;
    page.says("lessons-summary", "1").await;
}

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
