//! What a page's own thread was busy with, from Chromium's trace.

use std::collections::BTreeSet;

use serde::Deserialize;
use thirtyfour::prelude::*;

/// One task of the page's own thread.
#[derive(Debug, Clone, Copy)]
pub struct Task {
    /// Milliseconds since the first.
    pub at: f64,
    /// Milliseconds that it had a processor.
    pub processor: f64,
    /// Milliseconds that it waited for one, as it does where others compute.
    pub waited: f64,
}

/// A line of ChromeDriver's log of performance.
#[derive(Deserialize)]
struct Line {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    method: String,
    params: serde_json::Value,
}

/// An event of a trace; times in microseconds.
#[derive(Deserialize)]
struct Event {
    name: String,
    cat: String,
    pid: u64,
    tid: u64,
    ts: f64,
    #[serde(default)]
    dur: f64,
    #[serde(default)]
    tdur: f64,
}

/// Every task on the thread that the page's program runs on, which leaves marks there.
pub async fn tasks(driver: &WebDriver) -> Vec<Task> {
    let log = driver.get_log("performance").await.expect("a trace");
    let events: Vec<Event> = log.iter().filter_map(|entry| event(&entry.message)).collect();
    let marked: BTreeSet<_> = events
        .iter()
        .filter(|event| event.cat.contains("user_timing") && event.name == "the page is mounted")
        .map(|event| (event.pid, event.tid))
        .collect();
    let start = events.iter().map(|event| event.ts).filter(|&at| at > 0.0).fold(f64::INFINITY, f64::min);
    events
        .iter()
        .filter(|event| event.name == "ThreadControllerImpl::RunTask")
        .filter(|event| marked.contains(&(event.pid, event.tid)))
        .map(|event| Task {
            at: (event.ts - start) / 1e3,
            processor: event.tdur / 1e3,
            waited: (event.dur - event.tdur) / 1e3,
        })
        .collect()
}

fn event(line: &str) -> Option<Event> {
    let Line { message: Message { method, params } } = serde_json::from_str(line).ok()?;
    // What has no duration or thread is of no use here.
    (method == "Tracing.dataCollected").then(|| serde_json::from_value(params).ok())?
}
