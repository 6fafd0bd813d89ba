//! Time, on the page and in workers alike.

use gloo::timers::callback::Timeout;
use gloo::timers::future::TimeoutFuture;
use js_sys::Reflect;
use wasm_bindgen::JsCast;

/// Milliseconds since the page or the worker was started.
pub fn now_millis() -> f64 {
    performance().map_or(0.0, |performance| performance.now())
}

/// Milliseconds since 1970.
pub fn date_millis() -> f64 {
    js_sys::Date::now()
}

/// Waits.
pub async fn sleep(millis: u32) {
    TimeoutFuture::new(millis).await;
}

/// Runs something when events that have arrived have been handled.
pub fn in_next_turn(run: impl FnOnce() + 'static) {
    Timeout::new(0, run).forget();
}

/// Notes this moment under a name, for the browser's own tools and for benchmarks.
pub fn mark(name: &str) {
    if let Some(performance) = performance() {
        // A moment that cannot be noted is no loss.
        let _ = performance.mark(name);
    }
}

fn performance() -> Option<web_sys::Performance> {
    Reflect::get(&js_sys::global(), &"performance".into()).ok()?.dyn_into().ok()
}

/// Lets events that have arrived be handled first.
pub async fn next_turn() {
    TimeoutFuture::new(0).await;
}
