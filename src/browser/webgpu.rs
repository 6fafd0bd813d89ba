//! Whether this browser has WebGPU: an adapter must answer, the mere presence of `navigator.gpu` says little.

use futures::future::{Either, select};
use gloo::timers::future::TimeoutFuture;
use js_sys::{Function, Promise};
use thiserror::Error;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

use super::reflect::{of_navigator, property};

/// Some machines have `navigator.gpu` and never answer.
const TIME_LIMIT_MILLIS: u32 = 4000;

/// Why there is no adapter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NoAdapter {
    /// The browser has no WebGPU.
    #[error("this browser does not offer it")]
    NotOffered,
    /// The page came over a connection that browsers do not trust.
    #[error("browsers offer it on https and localhost only")]
    Insecure,
    /// It would not look.
    #[error("this browser refused to look for a graphics adapter")]
    Refused,
    /// It looked and found nothing.
    #[error("this browser finds no graphics adapter")]
    None,
    /// It broke off.
    #[error("this browser failed to look for a graphics adapter")]
    Failed,
    /// It never answered.
    #[error("no graphics adapter answered within {} s", TIME_LIMIT_MILLIS / 1000)]
    Silent,
}

/// First pause and longest between two looks for an adapter that was lost.
const PAUSES_MILLIS: (u32, u32) = (500, 8000);

/// Waits until an adapter answers after one was lost, for a quarter of a minute at most: a browser whose graphics process
/// has just ended has none until it has another process.
pub async fn adapter_comes_back() {
    let (mut pause, longest) = PAUSES_MILLIS;
    while pause <= longest {
        TimeoutFuture::new(pause).await;
        if adapter_answers().await.is_ok() {
            return;
        }
        pause *= 2;
    }
}

/// `Ok` where an adapter answers within the time limit; otherwise why there is none.
pub async fn adapter_answers() -> Result<(), NoAdapter> {
    let Some(gpu) = of_navigator("gpu") else {
        let is_secure = property(&js_sys::global(), "isSecureContext").is_none_or(|value| value.is_truthy());
        return Err(if is_secure { NoAdapter::NotOffered } else { NoAdapter::Insecure });
    };
    let asked = property(&gpu, "requestAdapter")
        .and_then(|function| function.dyn_into::<Function>().ok())
        .and_then(|request_adapter| request_adapter.call0(&gpu).ok())
        .and_then(|promise| promise.dyn_into::<Promise>().ok());
    let Some(asked) = asked else { return Err(NoAdapter::Refused) };
    match select(JsFuture::from(asked), TimeoutFuture::new(TIME_LIMIT_MILLIS)).await {
        Either::Left((Ok(answer), _)) if answer.is_null() => Err(NoAdapter::None),
        Either::Left((Ok(_), _)) => Ok(()),
        Either::Left((Err(_), _)) => Err(NoAdapter::Failed),
        Either::Right(_) => Err(NoAdapter::Silent),
    }
}
