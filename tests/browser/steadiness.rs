//! The page stands still while results arrive, and never stops answering.

use std::time::Duration;

use serde::Deserialize;

use crate::browser::{PLAIN, Task, Visitor};
use crate::page::Page;
use crate::site;

/// Notes every shift of the layout, from before the page's first script.
const OBSERVE: &str = r#"
window.shifts = [];
const name = node => node?.closest ? `${node.localName}.${node.className}#${node.dataset.testid ?? ""}` : String(node?.nodeName);
new PerformanceObserver(list => list.getEntries().filter(e => !e.hadRecentInput).forEach(e => shifts.push({
    at: e.startTime, value: e.value, moved: e.sources.map(s =>
        `${name(s.node)} from ${Math.round(s.previousRect.y)} to ${Math.round(s.currentRect.y)}`),
}))).observe({ type: "layout-shift", buffered: true });
"#;

/// The whole of a visit must shift less than this: more than the worst window of five seconds, which is what is usually
/// meant by the number.
const MOST_SHIFT: f64 = 0.05;
/// Longest task of the page's own thread, milliseconds of processor time: beside two models and the lab, which compute on
/// few cores, a task also waits for a processor, which is no fault of its own.
const LONGEST_TASK: f64 = 50.0;
/// Noise of the machine only adds to a task: the best of so many visits is what the page itself takes.
const VISITS: usize = 3;

/// One shift of the layout that no input of the visitor's explains.
#[derive(Debug, Deserialize)]
struct Shift {
    /// Milliseconds since the start.
    at: f64,
    /// Share of the window that moved times how far it moved.
    value: f64,
    moved: Vec<String>,
}

/// Waits for the verdict and what comes with it, such as a WebGPU probe.
async fn first_visit(page: &Page) {
    page.settled().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
}

async fn check_shifts(visitor: Visitor) {
    let (width, _) = visitor.window;
    let page = Page::open_watched(visitor, &site(), OBSERVE).await;
    first_visit(&page).await;
    let shifts: Vec<Shift> = page.script("return shifts").await;
    let sum: f64 = shifts.iter().map(|shift| shift.value).sum();
    println!("{width} wide: the layout shifts by {sum:.4} (ratio {:.2})", sum / MOST_SHIFT);
    for Shift { at, value, moved } in &shifts {
        println!("  {at:>7.0} ms  {value:.4}  {}", moved.join(", "));
    }
    assert!(sum < MOST_SHIFT, "{width} wide: the layout shifts by {sum}");
}

#[tokio::test]
async fn nothing_moves_while_results_arrive() {
    check_shifts(PLAIN).await;
    check_shifts(Visitor { window: (390, 844), ..PLAIN }).await;
    check_shifts(Visitor { window: (1920, 1080), ..PLAIN }).await;
}

#[tokio::test]
async fn the_page_always_answers() {
    let mut best = f64::INFINITY;
    for visit in 1..=VISITS {
        let page = Page::open(Visitor { traced: true, ..PLAIN }, &site()).await;
        first_visit(&page).await;
        let mut tasks = page.tasks().await;
        assert!(tasks.len() > 100, "only {} tasks were traced", tasks.len());
        tasks.sort_by(|x, y| y.processor.total_cmp(&x.processor));
        println!("visit {visit}, the longest tasks of the page's own thread:");
        for Task { at, processor, waited } in &tasks[..5] {
            let ratio = processor / LONGEST_TASK;
            println!(
                "  {at:>7.0} ms  {processor:.0} ms (ratio {ratio:.2}), and {waited:.0} ms without a processor"
            );
        }
        best = best.min(tasks[0].processor);
        if best <= LONGEST_TASK {
            return;
        }
    }
    panic!("the page's own thread is busy for {best} ms at a time");
}
