//! Pictures of the insides: what equal distributions share and what they do not, read from the tables of the pictures.

use std::time::{Duration, Instant};

use crate::browser::PLAIN;
use crate::page::Page;
use crate::site;

/// Largest difference of visible arrows, in nats, that f32 storage of a twin explains.
const ROUNDING: f64 = 1e-3;
/// Null draws of a run with few tests.
const DRAWS: f64 = 999.0;

const LIMIT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(100);

/// Waits until something is so on the page.
async fn until(page: &Page, condition: &str) {
    let start = Instant::now();
    while !page.script::<bool>(&format!("return {condition};")).await {
        assert!(start.elapsed() < LIMIT, "never so: {condition}");
        tokio::time::sleep(POLL).await;
    }
}

/// Unfolds a picture and its table, and reads the table exactly: texts as they are, numbers as numbers.
async fn table(page: &Page, open: &str, name: &str) -> Vec<Vec<serde_json::Value>> {
    page.unfold(open).await;
    let numbers = format!("{name}-table");
    until(page, &format!("document.querySelector('[data-testid=\"{numbers}\"]') !== null")).await;
    page.unfold(&numbers).await;
    until(page, &format!("document.querySelector('[data-testid=\"{numbers}\"] tbody tr') !== null")).await;
    page.script(&format!(
        "return [...document.querySelectorAll('[data-testid=\"{numbers}\"] tbody tr')].map((row) =>
             [...row.querySelectorAll('td')].map((cell) => cell.title === '' ? cell.textContent : Number(cell.title)))"
    ))
    .await
}

fn number(cell: &serde_json::Value) -> f64 {
    cell.as_f64().expect("a number")
}

/// Largest distance between the ends of A's and B's arrows, in one kind of coordinates, and how many arrows there are.
fn apart(rows: &[Vec<serde_json::Value>], coordinates: &str) -> (f64, usize) {
    let of_kind = rows.iter().filter(|row| row[0] == coordinates);
    let distances: Vec<f64> = of_kind
        .map(|row| (number(&row[2]) - number(&row[4])).hypot(number(&row[3]) - number(&row[5])))
        .collect();
    (distances.iter().fold(0.0, |most, apart| apart.max(most)), distances.len())
}

#[tokio::test]
async fn log_ratios_of_a_twin_coincide_where_raw_differences_do_not() {
    let page = Page::open(PLAIN, &site()).await;
    page.settled().await;
    let drawn = "return document.querySelectorAll('.inside svg').length";
    assert_eq!(page.script::<usize>(drawn).await, 0, "nothing is drawn before it is unfolded");
    let pair = table(&page, "arrows-0-open", "arrows-0").await;
    let (visible, n) = apart(&pair, "log_ratio");
    assert!(n >= 6 && visible > 0.1, "different distributions: {visible} over {n}");
    page.says("arrows-0-finding", "nothing obliges").await;

    page.choose("b", "twin:dark-unembedding").await;
    page.wait_for("a verdict on the twin", |shown| {
        shown.is_settled() && shown.sources[1].as_deref() == Some("twin:dark-unembedding")
    })
    .await;
    // What was unfolded stays so while results come and go.
    page.says("arrows-0-finding", "must coincide").await;
    assert!(page.script::<usize>(drawn).await >= 1, "the picture stays unfolded");
    let twin = table(&page, "arrows-0-open", "arrows-0").await;
    let ((visible, n), (raw, n_raw)) = (apart(&twin, "log_ratio"), apart(&twin, "raw"));
    assert_eq!((n, n_raw), (twin.len() / 2, twin.len() / 2));
    assert!(visible < ROUNDING, "log-ratios of a twin coincide: {visible}");
    assert!(raw > 0.1, "its raw differences do not: {raw}");
    let marks: usize =
        page.script("return document.querySelectorAll('[data-testid=\"arrows-0\"] svg .mark').length").await;
    assert_eq!(marks, 2 * twin.len(), "an arrow for each end");
}

#[tokio::test]
async fn every_null_draw_is_in_the_picture_and_its_table() {
    let page = Page::open(PLAIN, &site()).await;
    let shown = page.settled().await;
    let rows = table(&page, "nulls-0-open", "nulls-0").await;
    for (version, model) in [("visible", "A"), ("visible", "B"), ("raw", "A"), ("raw", "B")] {
        let of: Vec<_> = rows.iter().filter(|row| row[0] == version && row[1] == model).collect();
        let draws: f64 = of.iter().map(|row| number(&row[4])).sum();
        assert_eq!(draws, DRAWS, "{version} {model}");
        let score = shown.scores[&format!("parallelism-{version}-{}", model.to_lowercase())];
        assert!(
            of.iter().all(|row| number(&row[5]) == score),
            "{version} {model}: the score of the table above"
        );
        assert!(of.windows(2).all(|bins| (number(&bins[0][3]) - number(&bins[1][2])).abs() < 1e-12));
    }
    page.says("nulls-0-words", "p = ").await;
}

#[tokio::test]
async fn what_counts_in_the_scree_plot_is_the_rank_and_every_picture_has_its_words() {
    let page = Page::open(PLAIN, &site()).await;
    page.settled().await;
    let scree = table(&page, "scree-open", "scree").await;
    // The table on the page ends before B's cosines.
    for (of, name, models) in
        [("f", "rank-f", &["A", "B"][..]), ("g", "rank-g", &["A", "B"]), ("cosine", "r", &["A"])]
    {
        for model in models {
            let counted =
                scree.iter().filter(|row| row[0] == of && row[1] == *model && number(&row[5]) == 1.0);
            let rank: f64 = page
                .script(&format!(
                    "return Number(document.querySelector('[data-testid=\"{name}-{}\"]').dataset.value)",
                    model.to_lowercase()
                ))
                .await;
            assert_eq!(counted.count() as f64, rank, "{of} of {model}");
        }
    }
    let truncation = table(&page, "truncation-open", "truncation").await;
    let of_a: Vec<f64> = truncation.iter().filter(|row| row[0] == "A").map(|row| number(&row[2])).collect();
    assert!(of_a[0] > 0.1 && of_a.last().is_some_and(|kl| *kl < 1e-9), "{of_a:?}");
    let map = table(&page, "angles-open", "map").await;
    assert!(map.len() > 100 && map.iter().all(|row| number(&row[2]).abs() <= 1.0));
    let angles = table(&page, "angles-open", "angles").await;
    assert!(angles.iter().all(|row| (0.0..=90.0).contains(&number(&row[1]))));

    page.unfold("arrows-0-open").await;
    page.unfold("nulls-0-open").await;
    let unnamed: Vec<String> = page
        .script(
            "return [...document.querySelectorAll('.inside figure')].filter((figure) => {
                 const svg = figure.querySelector('svg');
                 const says = (name) => (svg?.getAttribute(name) ?? '').split(' ')
                     .every((id) => document.getElementById(id)?.textContent.trim());
                 return !svg || !says('aria-labelledby') || !says('aria-describedby')
                     || [...svg.querySelectorAll('.mark')].some((mark) => !mark.getAttribute('aria-label'));
             }).map((figure) => figure.dataset.testid)",
        )
        .await;
    assert!(unnamed.is_empty(), "without a name: {unnamed:?}");
    let wide: Vec<String> = page
        .script(
            "return [...document.querySelectorAll('.inside svg')]
                 .filter((svg) => svg.getBoundingClientRect().right > document.documentElement.clientWidth)
                 .map((svg) => svg.closest('figure').dataset.testid)",
        )
        .await;
    assert!(wide.is_empty(), "wider than the page: {wide:?}");
}
