//! What visitors come for, by role and name, in Chromium and in Firefox: no WebGPU there, so that the CPU engine is tested
//! for real. One body for both.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use all_or_none::lab::{Report, link};

use crate::browser::by_role::Role::{
    Button, Combobox, Disclosure, Heading, Link, Radio, Region, Slider, Textbox,
};
use crate::browser::{FIREFOX, Kind, PLAIN, Visitor};
use crate::flows::{B, check_console, compare_and_share, copy_of_bundled};
use crate::page::{Page, Shown};
use crate::sharing::{first_link, is_reproduced, reproduction};
use crate::site;

const LIMIT: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(100);

/// Each flow as a test in either browser.
macro_rules! in_both_browsers {
    ($($flow:ident),* $(,)?) => {
        mod chromium {
            $(#[tokio::test] async fn $flow() { super::$flow(super::PLAIN).await; })*
        }
        mod firefox {
            $(#[tokio::test] async fn $flow() { super::$flow(super::FIREFOX).await; })*
        }
    };
}

in_both_browsers!(
    a_first_visit_and_prompts_of_ones_own,
    a_twin_from_the_workshop_and_its_trap,
    a_lesson_that_marks_its_exercise,
    files_of_ones_own,
    every_export_is_opened_and_read_back,
    both_languages,
    a_phone_needs_no_sideways_scrolling,
    a_frame_shows_the_verdict_and_leads_to_the_full_page,
);

fn is_level(level: &'static str) -> impl Fn(&Shown) -> bool {
    move |shown| shown.is_settled() && shown.level.as_deref() == Some(level)
}

async fn a_first_visit_and_prompts_of_ones_own(visitor: Visitor) {
    let page = Page::open(visitor, &site()).await;
    page.settled().await;
    for region in ["Verdict", "Model A", "Model B", "Prompts", "Engines"] {
        page.find_as(Region, region).await;
    }
    page.find_as(Heading, "Not distribution-equivalent").await;
    page.write(Textbox, "Prompt 1", "emma is the").await;
    page.click(Button, "Add a prompt").await;
    page.write(Textbox, "Prompt 4", "she is much").await;
    let shown = page.settled().await;
    let answered: Vec<_> = shown.prompts.iter().map(|prompt| prompt.text.as_str()).collect();
    assert_eq!((answered[0], answered[3]), ("emma is the", "she is much"));

    page.reload().await;
    let again = page.settled().await;
    assert_eq!(again.typed, shown.typed, "prompts are kept over a reload");
    assert_eq!(again.prompts, shown.prompts);
    page.click(Button, "Remove prompt 4").await;
    assert_eq!(page.settled().await.prompts[..], shown.prompts[..3]);
    check_console(&page).await;
}

async fn a_twin_from_the_workshop_and_its_trap(visitor: Visitor) {
    let page = Page::open(visitor, &site()).await;
    let first = page.settled().await;
    page.click(Disclosure, "Twin workshop").await;
    page.find_as(Combobox, "Constructor").await;
    page.click(Button, "Add this step").await;
    let twin = page.wait_for("a twin", is_level("constructed")).await;
    page.find_as(Heading, "held by all").await;
    page.find_as(Slider, "").await;
    page.click(Button, "Back to the model before").await;
    let back = page
        .wait_for("model B as it was", |shown| shown.is_settled() && shown.sources == first.sources)
        .await;
    assert_eq!(back.prompts, first.prompts);
    assert_ne!(back.level, twin.level);

    page.click(Button, "Set the trap with my 3 prompts").await;
    page.wait_for("a twin for the prompts", is_level("identical")).await;
    page.click(Button, "Add a prompt").await;
    page.write(Textbox, "Prompt 4", "she is much").await;
    page.wait_for("the trap is sprung", is_level("different")).await;
    check_console(&page).await;
}

async fn a_lesson_that_marks_its_exercise(visitor: Visitor) {
    let page = Page::open(visitor, &site()).await;
    page.settled().await;
    page.click(Disclosure, "Lessons").await;
    page.click(Link, "Why a small KL is not enough").await;
    page.says("lesson-title", "Why a small KL").await;
    page.settled().await;
    // A wrong guess is told what was found, a right one is kept.
    page.click(Radio, "Held by all").await;
    page.click(Button, "Check").await;
    page.says("mark", "Not yet.").await;
    page.click(Radio, "The theorem is silent").await;
    page.click(Button, "Check").await;
    let right = page.says("mark", "Right.").await;
    assert!(right.contains("silent"), "{right}");
    page.reload().await;
    page.settled().await;
    page.says("lessons-summary", "1").await;
    check_console(&page).await;
}

async fn files_of_ones_own(visitor: Visitor) {
    let page = Page::open(visitor, &site()).await;
    let before = page.settled().await;
    let folder = copy_of_bundled("world-d48");
    page.pick_files("b", folder.path()).await;
    let is_local = |shown: &Shown| shown.is_settled() && shown.sources[1].as_deref() == Some("local");
    let local = page.wait_for("the visitor's own model", is_local).await;
    assert_eq!(local.prompts, before.prompts, "the bundled model from a folder");

    fs::write(folder.path().join("model.safetensors"), b"short").expect("a broken file");
    page.pick_files("b", folder.path()).await;
    page.wait_for("a sentence", |shown| shown.errors.contains_key("error-b")).await;
    page.choose("b", B).await;
    page.settled().await;
    check_console(&page).await;
}

/// Presses a button and waits for the file that it saves.
async fn saved(page: &Page, button: &str, ending: &str) -> PathBuf {
    page.click(Button, button).await;
    let start = Instant::now();
    loop {
        let found = fs::read_dir(page.downloads()).expect("the folder").flatten().map(|entry| entry.path());
        // Firefox makes the file's name its own before it has the content.
        let found = found.into_iter().find(|path| {
            path.to_string_lossy().ends_with(ending) && fs::metadata(path).is_ok_and(|file| file.len() > 0)
        });
        if let Some(path) = found {
            return path;
        }
        assert!(start.elapsed() < LIMIT, "{button} saved no {ending}");
        tokio::time::sleep(POLL).await;
    }
}

async fn every_export_is_opened_and_read_back(visitor: Visitor) {
    let page = Page::open(visitor, &site()).await;
    page.settled().await;
    page.click(Disclosure, "Files and exports").await;
    let read = |path: &Path| fs::read_to_string(path).expect("a text");

    let json = read(&saved(&page, "JSON", ".report.json").await);
    let report: Report = serde_json::from_str(&json).expect("a report");
    assert_eq!(report.prompts.len(), 3);

    let csv = read(&saved(&page, "CSV", ".csv").await);
    assert_eq!(csv.lines().count(), 1 + report.prompts.len() + report.properties.len(), "{csv}");
    assert!(csv.contains(&report.prompts[0].divergences.kl_ab.to_string()), "{csv}");

    let python = read(&saved(&page, "Python", ".py").await);
    assert!(python.contains("MODEL_A = (\"public/models/world-d32\", None)"), "{python}");

    let html = saved(&page, "HTML page", ".html").await;
    let file = saved(&page, "Save as file", ".allornone.json").await;
    let shared = link::from_file(&read(&file)).expect("a file of ours").shared;
    assert_eq!(shared.experiment, report.experiment);
    check_console(&page).await;

    // Opened elsewhere: the page by itself, without a program or a request.
    page.visit(&format!("file://{}", html.display())).await;
    let (title, scripts, requests): (String, usize, usize) = page
        .script(
            "return [document.title, document.scripts.length, performance.getEntriesByType('resource').length]",
        )
        .await;
    assert!(title.contains("world-d32") && title.contains("world-d48"), "{title}");
    assert_eq!((scripts, requests), (0, 0));
    page.picture("report-page").await;

    // The file, given to the page of a friend who looks at something else.
    let friend = Page::open(visitor, &format!("{}?lang=en", site())).await;
    friend.settled().await;
    friend.choose("b", "twin:change-of-basis").await;
    friend.wait_for("a twin", is_level("constructed")).await;
    if visitor.browser == Kind::Chromium {
        friend.drop_on("a", &[&file]).await;
    } else {
        friend.click(Disclosure, "Files and exports").await;
        friend.open_file(&file).await;
    }
    let back = |shown: &Shown| shown.is_settled() && shown.sources[1].as_deref() == Some(B);
    friend.wait_for("the shared comparison", back).await;
    let (standing, text) = reproduction(&friend).await;
    assert!(is_reproduced(&standing), "{standing}: {text}");
}

async fn both_languages(visitor: Visitor) {
    let page = Page::open(visitor, &site()).await;
    page.settled().await;
    let language = "return document.documentElement.lang";
    for (button, code, verdict, prompt) in [
        ("日本語", "ja", "定理", "プロンプト 1"),
        ("English", "en", "the theorem is silent", "Prompt 1"),
        ("日本語", "ja", "定理", "プロンプト 1"),
    ] {
        page.click(Button, button).await;
        page.find_as(Heading, verdict).await;
        page.find_as(Textbox, prompt).await;
        assert_eq!(page.script::<String>(language).await, code);
    }
    page.reload().await;
    page.settled().await;
    page.find_as(Heading, "定理").await;
    assert_eq!(page.script::<String>(language).await, "ja", "the choice is kept");
    check_console(&page).await;
}

async fn a_phone_needs_no_sideways_scrolling(visitor: Visitor) {
    let page = Page::open(Visitor { window: (390, 844), ..visitor }, &site()).await;
    page.settled().await;
    page.write(Textbox, "Prompt 1", "emma is the").await;
    page.settled().await;
    page.unfold_all().await;
    let (shown, whole): (u32, u32) =
        page.script("return [innerWidth, document.documentElement.scrollWidth]").await;
    assert_eq!(shown, 390, "the window is as wide as a phone");
    assert!(whole <= shown, "the page is {whole} wide, its screen {shown}");
}

async fn a_frame_shows_the_verdict_and_leads_to_the_full_page(visitor: Visitor) {
    let address = first_link(visitor).await;
    let page = Page::open(visitor, &address.replacen('#', "?embed=1#", 1)).await;
    let text = page.says("embed", "Reproduced").await;
    for words in ["Not distribution-equivalent", "KL(A‖B)", "world-d48"] {
        assert!(text.contains(words), "{words} in {text:?}");
    }
    let full = page.find_as(Link, "Open the full page").await;
    assert_eq!(full.attr("href").await.expect("an address").as_deref(), Some(address.as_str()));
    let (masthead, inputs): (bool, usize) = page
        .script(
            "return [document.querySelector('.masthead').offsetParent !== null,
                 document.querySelectorAll('input, select').length]",
        )
        .await;
    assert_eq!((masthead, inputs), (false, 0));
}

/// A link made in Firefox is opened in Chromium; every number is that of the command line.
#[tokio::test]
async fn firefox_shows_what_the_command_line_computes() {
    compare_and_share(FIREFOX, None).await;
}
