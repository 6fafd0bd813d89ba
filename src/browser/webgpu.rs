//! Whether this browser has WebGPU: an adapter must answer, the mere presence of `navigator.gpu` says little.

use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::clock;

/// Some machines have `navigator.gpu` and never answer.
const TIME_LIMIT_MILLIS: u32 = 4000;

/// `Ok` where an adapter answers within the time limit; otherwise why there is none.
pub async fn adapter_answers() -> Result<(), String> {
    let gpu = property(&js_sys::global(), "navigator").and_then(|navigator| property(&navigator, "gpu"));
    let Some(gpu) = gpu else {
        let is_secure = property(&js_sys::global(), "isSecureContext").is_none_or(|value| value.is_truthy());
        let why = if is_secure {
            "this browser does not offer it"
        } else {
            "browsers offer it on https and localhost only"
        };
        return Err(why.to_owned());
    };
    let asked = property(&gpu, "requestAdapter")
        .and_then(|function| function.dyn_into::<Function>().ok())
        .and_then(|request_adapter| request_adapter.call0(&gpu).ok())
        .and_then(|promise| promise.dyn_into::<Promise>().ok());
    let Some(asked) = asked else { return Err("this browser refused to look for a graphics adapter".into()) };
    // A missing adapter is null, a silent one is the timeout's undefined.
    match JsFuture::from(Promise::race(&Array::of2(&asked, &clock::timeout(TIME_LIMIT_MILLIS)))).await {
        Ok(answer) if answer.is_undefined() => {
            Err(format!("no graphics adapter answered within {} s", TIME_LIMIT_MILLIS / 1000))
        }
        Ok(answer) if answer.is_null() => Err("this browser finds no graphics adapter".into()),
        Ok(_) => Ok(()),
        Err(_) => Err("this browser failed to look for a graphics adapter".into()),
    }
}

/// None where absent.
fn property(of: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(of, &name.into()).ok().filter(|value| !value.is_undefined() && !value.is_null())
}
