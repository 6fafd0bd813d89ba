//! The twin workshop: knobs that move representations and leave distributions still, and the trap that one more prompt
//! undoes.

use serde::Deserialize;

use crate::browser::PLAIN;
use crate::flows::B;
use crate::page::{Page, Shown};
use crate::site;

/// What the strip of consequences says, and what stands on the bench.
const READ: &str = r#"
const at = id => document.querySelector(`[data-testid="${id}"]`);
const number = (id, name) => Number(at(id)?.dataset[name]);
return {
    recipe: at("workshop-recipe").value,
    dlogp: number("workshop-dlogp", "value"), floor: number("workshop-dlogp", "floor"),
    raw: [number("workshop-raw", "a"), number("workshop-raw", "b")],
    visible: [number("workshop-visible", "a"), number("workshop-visible", "b")],
    level: at("workshop-level")?.dataset.level ?? "",
    outcome: at("workshop-outcome").textContent.trim(),
    trap: at("workshop-trap-state")?.dataset.state ?? null,
    story: at("workshop-trap").textContent,
    history: [...document.querySelectorAll('[data-testid="workshop-history"] tbody code')].map(code => code.textContent),
    error: at("workshop-error")?.textContent ?? null,
    kinds: [...document.querySelectorAll('[data-testid^="workshop-step-"]')].map(step => step.dataset.kind),
};
"#;

#[derive(Debug, Deserialize)]
struct Bench {
    recipe: String,
    dlogp: f64,
    floor: f64,
    raw: [f64; 2],
    visible: [f64; 2],
    level: String,
    outcome: String,
    trap: Option<String>,
    story: String,
    history: Vec<String>,
    error: Option<String>,
    kinds: Vec<String>,
}

/// Largest difference of visible scores that f32 storage of a twin explains.
const ROUNDING: f64 = 1e-3;

/// Waits for the verdict on a recipe, and reads the bench.
async fn settled_on(page: &Page, recipe: &str) -> Bench {
    let source = format!("twin:{recipe}");
    let is_there = |shown: &Shown| shown.is_settled() && shown.sources[1].as_deref() == Some(&source);
    page.wait_for(&format!("a verdict on {source}"), is_there).await;
    let bench: Bench = page.script(READ).await;
    assert_eq!(bench.recipe, recipe);
    bench
}

async fn press(page: &Page, testid: &str) {
    assert!(page.press(testid).await, "the workshop has a button {testid}");
}

/// Puts a value into a control, as typing or dragging does.
async fn put(page: &Page, testid: &str, value: &str, event: &str) {
    let put = format!(
        "const control = document.querySelector('[data-testid=\"{testid}\"]');
         control.value = '{value}';
         control.dispatchEvent(new Event('{event}', {{ bubbles: true }}));
         return true;"
    );
    let _: bool = page.script(&put).await;
}

async fn type_recipe(page: &Page, recipe: &str) {
    put(page, "workshop-recipe", recipe, "input").await;
    press(page, "workshop-use").await;
}

/// The distribution stands still and visible scores with it.
fn check_still(bench: &Bench) {
    assert!(bench.dlogp <= bench.floor, "the distribution moved: {bench:?}");
    assert_eq!(bench.level, "constructed");
    assert!((bench.visible[1] - bench.visible[0]).abs() < ROUNDING, "visible parallelism moved: {bench:?}");
}

#[tokio::test]
async fn knobs_move_representations_and_leave_the_distribution_still() {
    let page = Page::open(PLAIN, &site()).await;
    let first = page.settled().await;
    let is_open = "return document.querySelector('[data-testid=workshop]').open";
    assert!(!page.script::<bool>(is_open).await, "one line until it is opened");
    page.unfold("workshop").await;
    press(&page, "workshop-add").await;
    let four = settled_on(&page, "dark-unembedding=4").await;
    check_still(&four);
    assert!(four.raw[1] < four.raw[0] - 0.1, "raw parallelism falls: {four:?}");

    // Positions of the slider stand for 1, 2, 3, 4, 6, 8, 12, 16, …
    put(&page, "workshop-knob-0", "7", "input").await;
    let sixteen = settled_on(&page, "dark-unembedding=16").await;
    check_still(&sixteen);
    assert_eq!(sixteen.raw[0], four.raw[0]);
    assert!((sixteen.raw[1] - four.raw[1]).abs() > 1e-6, "raw parallelism moves: {four:?} {sixteen:?}");
    assert_eq!(sixteen.history, ["dark-unembedding=16", "dark-unembedding=4"]);

    type_recipe(&page, "dark-unembedding=16+no-such-thing").await;
    let wrong: Bench = page.script(READ).await;
    assert!(wrong.error.is_some_and(|sentence| sentence.contains("'no-such-thing'")));

    type_recipe(&page, "break-parallelism").await;
    let all = settled_on(&page, "break-parallelism").await;
    press(&page, "workshop-pairs-two-0").await;
    let two = settled_on(&page, "break-parallelism=1-2").await;
    check_still(&two);
    assert!(two.raw[1] < two.raw[0] && two.raw[1] > all.raw[1] + 0.1, "two pairs turn: {two:?} {all:?}");
    assert!(two.outcome.contains("Raw parallelism fell"), "{}", two.outcome);
    put(&page, "workshop-kind", "reduced", "change").await;
    press(&page, "workshop-add").await;
    let both = settled_on(&page, "break-parallelism=1-2+reduced").await;
    assert_eq!(both.kinds, ["break-parallelism", "reduced"]);
    press(&page, "workshop-earlier-1").await;
    settled_on(&page, "reduced+break-parallelism=1-2").await;
    press(&page, "workshop-undo").await;
    press(&page, "workshop-undo").await;
    let back = settled_on(&page, "break-parallelism=1-2").await;

    // No list offers it: it comes back where another model took its place.
    page.choose("b", B).await;
    page.says("gone", "break-parallelism=1-2").await;
    press(&page, "undo").await;
    settled_on(&page, "break-parallelism=1-2").await;

    let link = page.share_link().await;
    let friend = Page::open(PLAIN, &link).await;
    let received = settled_on(&friend, "break-parallelism=1-2").await;
    assert!(friend.script::<bool>(is_open).await, "the workshop opens with a twin");
    assert_eq!((received.raw, received.visible), (back.raw, back.visible));
    drop(friend);

    press(&page, "workshop-reset").await;
    let last = page
        .wait_for("model B as it was", |shown| shown.is_settled() && shown.sources == first.sources)
        .await;
    assert_eq!(last.visible, first.visible);
}

#[tokio::test]
async fn a_twin_that_is_equal_on_the_prompts_looked_at_is_undone_by_one_more() {
    let page = Page::open(PLAIN, &site()).await;
    let first = page.settled().await;
    let n = first.typed.len();
    page.unfold("workshop").await;
    press(&page, "workshop-trap-set").await;
    let set = settled_on(&page, &format!("observed-only={n}")).await;
    assert_eq!((set.trap.as_deref(), set.level.as_str()), (Some("holds"), "identical"), "{set:?}");
    assert!(set.dlogp <= set.floor && set.raw[1] < set.raw[0] - 0.1, "{set:?}");
    assert!(set.story.contains("59 prompts"), "what the planner asks for: {}", set.story);

    press(&page, "prompt-add").await;
    page.type_prompt(n, "she is much").await;
    let undone = settled_on(&page, &format!("observed-only={n}")).await;
    assert_eq!((undone.trap.as_deref(), undone.level.as_str()), (Some("sprung"), "different"), "{undone:?}");
    assert!(undone.dlogp > 10.0 * undone.floor);
    assert!(undone.story.contains("she is much"), "{}", undone.story);
    assert_eq!(undone.history.len(), 2, "before and after stand beneath one another");
}
