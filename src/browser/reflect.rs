//! Objects of the browser for which web-sys is not asked, by the names of their properties.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// None where absent, or where reading it throws.
pub fn property(of: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(of, &name.into()).ok().filter(|value| !value.is_undefined() && !value.is_null())
}

/// A property of `navigator`, on the page and in workers.
pub fn of_navigator(name: &str) -> Option<JsValue> {
    property(&property(&js_sys::global(), "navigator")?, name)
}

/// What a method answers, `undefined` where that is nothing; none where there is no such method or it throws.
pub fn answer(of: &JsValue, method: &str, arguments: &[JsValue]) -> Option<JsValue> {
    let function: Function = property(of, method)?.dyn_into().ok()?;
    function.apply(of, &arguments.iter().cloned().collect()).ok()
}

/// What a method's promise gives; none where there is no such method or it fails.
pub async fn call(of: &JsValue, method: &str, arguments: &[JsValue]) -> Option<JsValue> {
    kept(answer(of, method, arguments)?).await
}

/// What a promise gives; none where it is no promise or fails.
pub async fn kept(promise: JsValue) -> Option<JsValue> {
    JsFuture::from(promise.dyn_into::<Promise>().ok()?).await.ok()
}
