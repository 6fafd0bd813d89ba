//! Pictures: they show the numbers of the report, and every file that they save can be read back.

use std::fs;
use std::time::{Duration, Instant};

use crate::browser::PLAIN;
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

/// Presses a button that saves a picture as a file, and reads the file.
async fn saved(page: &Page, picture: &str, kind: &str) -> Vec<u8> {
    assert!(page.press(&format!("{picture}-{kind}")).await, "no button for {picture} as {kind}");
    let file = page.downloads().join(format!("{picture}.{kind}"));
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

/// The last `n` numbers of each row of a picture's table on the page, with every digit, in reading order.
async fn table(page: &Page, picture: &str, n: usize) -> Vec<Vec<f64>> {
    page.script::<()>(&format!("document.querySelector('[data-testid=\"{picture}-table\"]').open = true;"))
        .await;
    let rows = format!(
        "return [...document.querySelectorAll('[data-testid=\"{picture}-table\"] tbody tr')]
             .map((row) => [...row.querySelectorAll('td[title]')].map((cell) => Number(cell.title)).slice(-{n}))"
    );
    let start = Instant::now();
    loop {
        let found: Vec<Vec<f64>> = page.script(&rows).await;
        if !found.is_empty() {
            return found;
        }
        assert!(start.elapsed() < LIMIT, "no table of {picture}");
        tokio::time::sleep(POLL).await;
    }
}

/// The last `n` numbers of each row of a CSV file, its head excepted. Texts stand in quotation marks.
fn numbers(csv: &str, n: usize) -> Vec<Vec<f64>> {
    let number = |text: &str| text.parse::<f64>().expect("a number");
    let row = |line: &str| {
        let cells: Vec<&str> = line.rsplitn(n + 1, ',').take(n).collect();
        cells.into_iter().rev().map(number).collect()
    };
    csv.trim_end().split("\r\n").skip(1).map(row).collect()
}

/// Whether two lists of rows are the same but for the last digit, which is lost on the way out of the browser.
fn are_same(found: &[Vec<f64>], expected: &[Vec<f64>]) -> bool {
    let near = |(x, y): (&f64, &f64)| (x - y).abs() <= 1e-14 * y.abs();
    found.len() == expected.len()
        && found.iter().zip(expected).all(|(x, y)| x.len() == y.len() && x.iter().zip(y).all(near))
}

/// What an SVG says when a browser parses it: its root, the titles of its marks, its description, all its texts.
async fn parsed(page: &Page, svg: &str) -> (String, Vec<String>, String, Vec<String>) {
    page.script(&format!(
        "const read = new DOMParser().parseFromString({}, 'image/svg+xml');
         const texts = (what) => [...read.querySelectorAll(what)].map((found) => found.textContent);
         return [read.documentElement.nodeName, texts('g > title'), texts('desc').join(), texts('text')];",
        serde_json::to_string(svg).expect("a string")
    ))
    .await
}

async fn search(page: &Page, text: &str) {
    page.script::<()>(&format!(
        "const box = document.querySelector('[data-testid=\"token-search\"]');
         box.value = {}; box.dispatchEvent(new Event('input', {{ bubbles: true }}));",
        serde_json::to_string(text).expect("a string")
    ))
    .await;
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
    let expected = rows(&with_tail(&page).await);

    let marks: usize =
        page.script("return document.querySelectorAll('[data-testid=\"scatter\"] svg .mark').length").await;
    assert_eq!(marks, expected.len());
    let expected_numbers: Vec<Vec<f64>> = expected.iter().map(|(_, a, b)| vec![*a, *b]).collect();
    let shown = table(&page, "scatter", 2).await;
    // The page's own table ends after 200 rows; the file does not.
    assert!(are_same(&shown, &expected_numbers[..expected_numbers.len().min(200)]), "{shown:?}");

    let csv = String::from_utf8(saved(&page, "scatter", "csv").await).expect("text");
    assert!(csv.starts_with("prompt,token,log_prob_a,log_prob_b\r\n"), "{csv}");
    assert!(are_same(&expected_numbers, &numbers(&csv, 2)), "{csv}");

    let svg = String::from_utf8(saved(&page, "scatter", "svg").await).expect("text");
    assert!(!svg.contains("var(") && !svg.contains("class="), "the file needs a style sheet");
    let (root, titles, description, _) = parsed(&page, &svg).await;
    assert_eq!((root.as_str(), titles.len()), ("svg", expected.len()));
    assert!(description.contains("diagonal"), "{description}");

    let png = saved(&page, "scatter", "png").await;
    assert_eq!(&png[..8], PNG_SIGNATURE);
    let size = |at: usize| u32::from_be_bytes([png[at], png[at + 1], png[at + 2], png[at + 3]]);
    let of_svg = |name: &str| {
        let value = svg.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
        value.and_then(|value| value.parse::<f64>().ok()).expect("a length")
    };
    // Two pixels for each of the drawing, so that it is sharp in print.
    assert_eq!([size(16), size(20)].map(f64::from), [2.0 * of_svg("width"), 2.0 * of_svg("height")]);
}

#[tokio::test]
async fn a_token_is_found_and_arrow_keys_walk_the_points() {
    let page = Page::open(PLAIN, &site()).await;
    let all = rows(&with_tail(&page).await);
    let wanted = all.last().expect("a row").0.trim().to_owned();
    search(&page, &wanted.to_uppercase()).await;
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

/// (token, p_A, p_B) of the first prompt's rows on show.
fn first_prompt(shown: &Shown) -> Vec<(String, [f64; 2])> {
    let rows = shown.prompts[0].next.iter();
    rows.map(|row| (row.token.clone(), [row.log_prob_a.exp(), row.log_prob_b.exp()])).collect()
}

#[tokio::test]
async fn bars_have_a_table_and_files_and_say_where_the_list_ends() {
    let page = Page::open(PLAIN, &site()).await;
    let few = first_prompt(&page.settled().await);
    let all = first_prompt(&with_tail(&page).await);
    assert!(few.len() <= 12 && all.len() >= 40, "{} of {} rows", few.len(), all.len());

    let csv = String::from_utf8(saved(&page, "bars-0", "csv").await).expect("text");
    assert!(csv.starts_with("rank,token,p_a,p_b,log_prob_a,log_prob_b\r\n"), "{csv}");
    let read = numbers(&csv, 4);
    assert!(are_same(&table(&page, "bars-0", 4).await, &read), "{csv}");
    assert_eq!(read.len(), all.len());
    for (found, (token, expected)) in read.iter().zip(&all) {
        let near = |found: f64, expected: f64| (found - expected).abs() <= 1e-12;
        assert!(near(found[0], expected[0]) && near(found[1], expected[1]), "{token}: {found:?}");
        assert!(near(found[2].exp(), expected[0]) && near(found[3].exp(), expected[1]), "{token}");
    }
    let svg = String::from_utf8(saved(&page, "bars-0", "svg").await).expect("text");
    let (root, _, _, texts) = parsed(&page, &svg).await;
    assert_eq!(root, "svg");
    for (token, _) in &all {
        let name = token.trim();
        assert!(
            texts.iter().any(|text| text.contains(name.get(..10).unwrap_or(name))),
            "{name} in {texts:?}"
        );
    }
    let png = saved(&page, "bars-0", "png").await;
    assert_eq!(&png[..8], PNG_SIGNATURE);

    // Where the list ends, and that no other token can have more than the least of it.
    let rest = page.says("tail-0", "All others together").await;
    assert!(rest.contains(&all.len().to_string()), "{rest}");
    search(&page, "Zz<b>").await;
    let answer = page.says("not-listed-0", "at most").await;
    assert!(answer.contains("“Zz<b>”") && answer.matches('%').count() == 2, "{answer}");
}

#[tokio::test]
async fn a_strip_tells_for_each_token_of_a_prompt_how_far_the_models_are_apart() {
    let page = Page::open(PLAIN, &site()).await;
    let shown = page.settled().await;
    let places: Vec<f64> = shown.prompts.iter().flat_map(|prompt| prompt.places.clone()).collect();
    for prompt in &shown.prompts {
        let last = prompt.places.last().expect("a place after the whole prompt");
        assert!((last - prompt.js).abs() < 1e-12, "{} ends with {last}, JS is {}", prompt.text, prompt.js);
        assert!(prompt.places.len() > prompt.text.split(' ').count() / 2, "{prompt:?}");
    }
    let csv = String::from_utf8(saved(&page, "strip", "csv").await).expect("text");
    assert!(csv.starts_with("prompt,position,token,js,kl_ab,kl_ba\r\n"), "{csv}");
    let read = numbers(&csv, 3);
    assert!(are_same(&table(&page, "strip", 3).await, &read), "{csv}");
    let from_page: Vec<Vec<f64>> = places.into_iter().map(|js| vec![js]).collect();
    let from_file: Vec<Vec<f64>> = read.iter().map(|row| vec![row[0]]).collect();
    assert!(are_same(&from_page, &from_file), "{from_page:?}");
    let svg = String::from_utf8(saved(&page, "strip", "svg").await).expect("text");
    let (root, titles, _, _) = parsed(&page, &svg).await;
    assert_eq!(root, "svg");
    let names: Vec<String> = page
        .script(
            "return [...document.querySelectorAll('[data-testid=\"strip\"] .strip__token')]
                 .map((token) => token.getAttribute('aria-label'))",
        )
        .await;
    assert_eq!(titles, names);
    let png = saved(&page, "strip", "png").await;
    assert_eq!(&png[..8], PNG_SIGNATURE);

    // One token of each prompt is reached with the Tab key, the others with arrow keys; what it says is shown.
    let walked: (usize, String, String) = page
        .script(
            "const tokens = [...document.querySelectorAll('[data-testid=\"strip-0\"] .strip__token')];
             tokens[0].focus();
             tokens[0].dispatchEvent(new KeyboardEvent('keydown', { key: 'End', bubbles: true }));
             return [tokens.filter((token) => token.getAttribute('tabindex') === '0').length,
                 document.activeElement.getAttribute('aria-label'), tokens.at(-1).getAttribute('aria-label')];",
        )
        .await;
    assert_eq!((walked.0, &walked.1), (1, &walked.2));
    page.says("strip-pointed", &walked.2).await;
}
