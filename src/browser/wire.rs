//! How messages cross the border of a worker: postcard bytes whose buffer is handed over, not copied.

use js_sys::{Array, Uint8Array};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};

/// What a worker says once, when it has begun to listen. Any other plain text from a worker is its last words.
pub const READY: &str = "ready";

/// The message, and the buffers that go over with it.
pub fn pack(message: &impl Serialize) -> Result<(Uint8Array, Array), postcard::Error> {
    let bytes = Uint8Array::from(postcard::to_stdvec(message)?.as_slice());
    let transferred = Array::of1(&bytes.buffer());
    Ok((bytes, transferred))
}

/// None for what `pack` of this version did not make.
pub fn unpack<T: DeserializeOwned>(message: JsValue) -> Option<T> {
    let bytes: Uint8Array = message.dyn_into().ok()?;
    postcard::from_bytes(&bytes.to_vec()).ok()
}
