//! What the page has before it has computed or fetched anything.

use all_or_none::lab::link;
use all_or_none::lab::permalink::Shared;
use all_or_none::lab::{ModelSource, opening};

use crate::browser::PLAIN;
use crate::page::{Page, Shown};
use crate::{repository, slow_site};

/// Sum of all layout shifts so far that no input explains, and how long ago the first verdict came, ms.
const SHIFTS: &str = "return await new Promise(done => {
    let sum = 0;
    new PerformanceObserver(list => {
        for (const shift of list.getEntries()) if (!shift.hadRecentInput) sum += shift.value;
    }).observe({ type: 'layout-shift', buffered: true });
    setTimeout(() => done(sum), 500);
});";

async fn marked_at(page: &Page, mark: &str) -> Option<f64> {
    page.script(&format!("return performance.getEntriesByName({mark:?})[0]?.startTime ?? null")).await
}

fn stored_report() -> all_or_none::lab::Report {
    let stored = std::fs::read(repository().join("public").join(opening::STORED)).expect("the stored report");
    opening::decode(&stored).expect("a report of this version")
}

#[tokio::test]
async fn the_stored_verdict_stands_before_a_model_has_arrived_and_gives_way_to_the_live_one() {
    let page = Page::open(PLAIN, &slow_site()).await;
    let stored =
        page.wait_for("the stored verdict", |shown| shown.is_stored && shown.visible.is_some()).await;
    assert!(
        stored.models.iter().all(|model| model.as_deref() != Some("ready")),
        "the weights take seconds: {:?}",
        stored.models
    );
    assert!(page.says("provenance", "Stored").await.contains("computing live"));
    let expected = stored_report();
    assert_eq!(stored.scores["mean-kl-ab"], expected.equality.mean_kl_ab);
    page.picture("stored-verdict").await;
    let live = page.settled().await;
    assert!(!live.is_stored);
    page.says("provenance", "Live result").await;
    assert_eq!(live.visible, stored.visible);
    assert!((live.scores["mean-kl-ab"] - expected.equality.mean_kl_ab).abs() < 1e-3);
    let shifts: f64 = page.script(SHIFTS).await;
    assert!(shifts < 0.05, "the layout shifts by {shifts}");
    let stored_at = marked_at(&page, "the stored report is shown").await.expect("a mark");
    let live_at = marked_at(&page, "the report is there").await.expect("a mark");
    println!(
        "stored verdict after {stored_at:.0} ms, live one after {live_at:.0} ms, layout shift {shifts:.4}"
    );
    assert!(stored_at < live_at);
}

/// What is stored answers one question only.
#[tokio::test]
async fn a_link_to_another_comparison_never_shows_the_stored_verdict() {
    let [model_a, model_b] = opening::PAIR.map(|name| ModelSource::Bundled { name: name.into() });
    let mut experiment = stored_report().experiment;
    assert_eq!((&experiment.model_a, &experiment.model_b), (&model_a, &model_b));
    experiment.prompts = vec!["emma is the".into()];
    let never_stored = |page: Page| async move {
        let answers = |shown: &Shown| {
            assert!(!shown.is_stored, "the stored verdict is shown as another comparison's");
            shown.is_settled() && shown.typed == ["emma is the"]
        };
        page.wait_for("the link's verdict", answers).await;
        page
    };
    let fragment = link::encode(&Shared { experiment, pinned: None }).expect("a link");
    let page = never_stored(Page::open(PLAIN, &format!("{}#{fragment}", slow_site())).await).await;
    page.says("provenance", "Live result").await;
    drop(page);

    // Opened in a page whose stored verdict is on show: it is taken away at once.
    let page = Page::open(PLAIN, &slow_site()).await;
    page.wait_for("the stored verdict", |shown| shown.is_stored).await;
    let _: bool = page.script(&format!("location.hash = {fragment:?}; return true")).await;
    let taken = |shown: &Shown| shown.typed == ["emma is the"];
    page.wait_for("the link's prompts", taken).await;
    never_stored(page).await;
}
