//! Pictures: they show the numbers of the report, and every file that they save can be read back.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::chromium::PLAIN;
use crate::page::{Page, Shown};
use crate::site;

const LIMIT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(100);
/// What every PNG begins with.
const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// (token, log p_A, log p_B) of every row on show, of all prompts.
fn rows(shown: &Shown) -> Vec<(String, f64, f64)> {
    let all = shown.prompts.iter().flat_map(|prompt| &prompt.next);
    all.map(|row| (row.token.clone(), row.log_prob_a, row.log_prob_b)).collect()
}

fn empty_folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("all-or-none-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder for downloads");
    folder
}

/// Presses a button that saves a file, and reads the file.
async fn saved(page: &Page, folder: &Path, kind: &str) -> Vec<u8> {
    assert!(page.press(&format!("scatter-{kind}")).await, "no button for {kind}");
    let file = folder.join(format!("scatter.{kind}"));
    let start = Instant::now();
    loop {
        // Chromium gives a file its name when it is whole.
        if let Ok(bytes) = fs::read(&file)
            && !bytes.is_empty()
        {
            return bytes;
        }
        assert!(start.elapsed() < LIMIT, "{} was not saved", file.display());
        tokio::time::sleep(POLL).await;
    }
}

/// Longer bars bring every row that the report has.
async fn with_tail(page: &Page) -> Shown {
    let before = rows(&page.settled().await).len();
    assert!(page.press("token-zoom-in").await);
    page.wait_for("the tail", |shown| rows(shown).len() > before).await
}

#[tokio::test]
async fn a_picture_has_the_numbers_of_the_report_in_its_drawing_table_and_files() {
    let page = Page::open(PLAIN, &site()).await;
    let folder = empty_folder("pictures");
    page.save_downloads_to(&folder).await;
    let expected = rows(&with_tail(&page).await);

    let marks: usize =
        page.script("return document.querySelectorAll('[data-testid=\"scatter\"] svg .mark').length").await;
    assert_eq!(marks, expected.len());
    page.script::<()>("document.querySelector('[data-testid=\"scatter-table\"]').open = true").await;
    page.says("scatter-table", "log p of A").await;
    let table: Vec<[f64; 2]> = page
        .script(
            "return [...document.querySelectorAll('[data-testid=\"scatter-table\"] tbody tr')]
                 .map((row) => [...row.querySelectorAll('td[title]')].map((cell) => Number(cell.title)))",
        )
        .await;
    let numbers: Vec<[f64; 2]> = expected.iter().map(|(_, a, b)| [*a, *b]).collect();
    assert_eq!(table, numbers);

    let csv = String::from_utf8(saved(&page, &folder, "csv").await).expect("text");
    let lines: Vec<&str> = csv.trim_end().split("\r\n").collect();
    assert_eq!(lines[0], "prompt,token,log_prob_a,log_prob_b");
    let read: Vec<[f64; 2]> = lines[1..]
        .iter()
        .map(|line| {
            let mut ends = line.rsplit(',').map(|number| number.parse::<f64>().expect("a number"));
            let (b, a) = (ends.next().expect("log p of B"), ends.next().expect("log p of A"));
            [a, b]
        })
        .collect();
    assert_eq!(read, numbers);

    let svg = String::from_utf8(saved(&page, &folder, "svg").await).expect("text");
    assert!(!svg.contains("var(") && !svg.contains("class="), "the file needs a style sheet");
    let parsed: (String, usize, String) = page
        .script(&format!(
            "const read = new DOMParser().parseFromString({}, 'image/svg+xml');
             return [read.documentElement.nodeName, read.querySelectorAll('g > title').length,
                 read.querySelector('desc')?.textContent ?? ''];",
            serde_json::to_string(&svg).expect("a string")
        ))
        .await;
    assert_eq!((parsed.0.as_str(), parsed.1), ("svg", expected.len()));
    assert!(parsed.2.contains("diagonal"), "{}", parsed.2);

    let png = saved(&page, &folder, "png").await;
    assert_eq!(&png[..8], PNG_SIGNATURE);
    let size = |at: usize| u32::from_be_bytes([png[at], png[at + 1], png[at + 2], png[at + 3]]);
    let of_svg = |name: &str| {
        let value = svg.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
        value.and_then(|value| value.parse::<f64>().ok()).expect("a length")
    };
    // Two pixels for each of the drawing, so that it is sharp in print.
    assert_eq!([size(16), size(20)].map(f64::from), [2.0 * of_svg("width"), 2.0 * of_svg("height")]);
    fs::remove_dir_all(&folder).expect("a folder to remove");
}

#[tokio::test]
async fn a_token_is_found_and_arrow_keys_walk_the_points() {
    let page = Page::open(PLAIN, &site()).await;
    let all = rows(&with_tail(&page).await);
    let wanted = all.last().expect("a row").0.trim().to_owned();
    page.script::<()>(&format!(
        "const box = document.querySelector('[data-testid=\"token-search\"]');
         box.value = {}; box.dispatchEvent(new Event('input', {{ bubbles: true }}));",
        serde_json::to_string(&wanted.to_uppercase()).expect("a string")
    ))
    .await;
    let found = page.wait_for("the token alone", |shown| rows(shown).len() < all.len()).await;
    let found = rows(&found);
    let lower = wanted.to_lowercase();
    assert!(!found.is_empty() && found.iter().all(|row| row.0.to_lowercase().contains(&lower)), "{found:?}");

    let walked: (String, String, String) = page
        .script(
            "const marks = [...document.querySelectorAll('[data-testid=\"scatter\"] .mark')];
             marks[0].focus();
             marks[0].dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
             return [document.activeElement.getAttribute('aria-label'), marks[1].getAttribute('aria-label'),
                 marks[0].getAttribute('tabindex')];",
        )
        .await;
    assert_eq!(walked.0, walked.1);
    assert_eq!(walked.2, "-1");
    page.says("scatter-pointed", &walked.1).await;
}
