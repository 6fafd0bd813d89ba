//! Time, on the page and in workers alike.

use gloo::timers::future::TimeoutFuture;
use js_sys::Reflect;
use wasm_bindgen::JsCast;

/// Milliseconds since the page or the worker was started.
pub fn now_millis() -> f64 {
    Reflect::get(&js_sys::global(), &"performance".into())
        .ok()
        .and_then(|performance| performance.dyn_into::<web_sys::Performance>().ok())
        .map_or(0.0, |performance| performance.now())
}

/// Lets events that have arrived be handled first.
pub async fn next_turn() {
    TimeoutFuture::new(0).await;
}
