//! Time, on the page and in workers alike.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// Milliseconds since the page or the worker was started.
pub fn now_millis() -> f64 {
    Reflect::get(&js_sys::global(), &"performance".into())
        .ok()
        .and_then(|performance| performance.dyn_into::<web_sys::Performance>().ok())
        .map_or(0.0, |performance| performance.now())
}

/// A promise that is fulfilled with `undefined` after some time.
pub(super) fn timeout(millis: u32) -> Promise {
    Promise::new(&mut |resolve, _| {
        let set_timeout = Reflect::get(&js_sys::global(), &"setTimeout".into())
            .and_then(JsCast::dyn_into::<Function>)
            .and_then(|set_timeout| set_timeout.call2(&JsValue::NULL, &resolve, &millis.into()));
        if set_timeout.is_err() {
            // Without timers nobody should wait for ever.
            let _ = resolve.call0(&JsValue::NULL);
        }
    })
}

/// Lets events that have arrived be handled first.
pub async fn next_turn() {
    // This promise is never rejected.
    let _ = JsFuture::from(timeout(0)).await;
}
