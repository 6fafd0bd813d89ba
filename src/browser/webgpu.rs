//! Whether this browser has WebGPU: an adapter must answer, the mere presence of `navigator.gpu` says little.

use futures::future::{Either, select};
use gloo::timers::future::TimeoutFuture;
use js_sys::{Function, Promise};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

use super::reflect::{of_navigator, property};

/// Some machines have `navigator.gpu` and never answer.
const TIME_LIMIT_MILLIS: u32 = 4000;

/// `Ok` where an adapter answers within the time limit; otherwise why there is none.
pub async fn adapter_answers() -> Result<(), String> {
    let Some(gpu) = of_navigator("gpu") else {
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
    match select(JsFuture::from(asked), TimeoutFuture::new(TIME_LIMIT_MILLIS)).await {
        Either::Left((Ok(answer), _)) if answer.is_null() => {
            Err("this browser finds no graphics adapter".into())
        }
        Either::Left((Ok(_), _)) => Ok(()),
        Either::Left((Err(_), _)) => Err("this browser failed to look for a graphics adapter".into()),
        Either::Right(_) => {
            Err(format!("no graphics adapter answered within {} s", TIME_LIMIT_MILLIS / 1000))
        }
    }
}
