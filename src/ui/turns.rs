//! Parts of the page that are made one after the other: the page answers its visitor between them.

use std::sync::Arc;

use leptos::context::Provider;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::state::{Page, use_page};
use crate::browser::clock;
use crate::lab::Report;

/// The last turn in which something is made, or a new report shown.
const LAST: usize = 5;

/// Makes its children in a turn of their own and shows them each new report in that turn: 1 to 5, in the order of
/// the page, so that nothing on show is moved.
#[component]
pub fn InTurn(
    /// How many turns the children wait.
    turn: usize,
    /// What is made.
    children: ChildrenFn,
) -> impl IntoView {
    debug_assert!(turn <= LAST, "the page waits for {LAST} turns");
    let page = use_page();
    let is_due = RwSignal::new(false);
    let report: RwSignal<Option<Arc<Report>>> = RwSignal::new(None);
    Effect::new(move |_| {
        let newest = page.report.get();
        spawn_local(async move {
            turns(turn).await;
            report.set(newest);
            is_due.set(true);
        });
    });
    let children = StoredValue::new(children);
    view! {
        <Show when=move || is_due.get()>
            // They read this report as the page's.
            <Provider value=Page { report, ..page }>{children.with_value(|children| children())}</Provider>
        </Show>
    }
}

/// Waits until everything is made, or shows the newest report: one turn more than the last part, which it takes to draw
/// what that part was given.
pub async fn all_turns() {
    turns(LAST + 1).await;
}

async fn turns(number: usize) {
    for _ in 0..number {
        clock::next_turn().await;
    }
}
