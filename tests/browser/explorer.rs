//! The trained family: its matrix of distances, and a pair opened from it.

use std::collections::BTreeMap;

use crate::browser::PLAIN;
use crate::page::Page;
use crate::site;

/// The distances on show, by the names of models A and B.
async fn distances(page: &Page) -> BTreeMap<String, f64> {
    page.script(
        "return Object.fromEntries([...document.querySelectorAll('[data-testid^=\"cell-wugs\"]')]
             .map((cell) => [cell.dataset.testid, Number(cell.dataset.kl)]));",
    )
    .await
}

#[tokio::test]
async fn a_cell_of_the_matrix_opens_its_pair_in_its_world() {
    let page = Page::open(PLAIN, &site()).await;
    page.settled().await;
    // The distances come last, when all else is there.
    page.says("explorer", "The trained family").await;
    page.unfold("explorer").await;
    let distances = distances(&page).await;
    let n_models = 20;
    assert_eq!(distances.len(), n_models * (n_models - 1), "both halves of the matrix");

    for (a, b, level) in
        [("wugs-d16-s1", "wugs-d16-s2", "different"), ("wugs-d64-s1", "wugs-d32-kl-end", "close")]
    {
        assert!(page.press(&format!("cell-{a}-{b}")).await, "no cell for {a} and {b}");
        let shown = page
            .wait_for(&format!("{a} and {b}"), |shown| {
                let ready = shown.models.iter().all(|status| status.as_deref() == Some("ready"));
                ready && shown.is_settled() && shown.level.as_deref() == Some(level)
            })
            .await;
        // The page asks one concept of its own, the matrix another: the contexts differ, the distance not by much.
        let here = shown.scores["mean-kl-ab"];
        let there = distances[&format!("cell-{a}-{b}")];
        assert!(
            (0.4..2.5).contains(&(here / there)),
            "{a} and {b}: {here} on the page, {there} in the matrix"
        );
        let headline = shown.visible.expect("a verdict").headline;
        assert!(headline.to_lowercase().contains("silent") || headline.contains("Not"), "{headline}");
    }
    // Texts of the other world, and back.
    page.choose("b", "bundled:world-d48").await;
    page.choose("a", "bundled:world-d32").await;
    let back = page.settled().await;
    assert!(back.typed.iter().all(|text| !text.contains("drababba")), "{:?}", back.typed);
}
