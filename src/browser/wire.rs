//! How messages cross the border of a worker: postcard bytes whose buffer is handed over, and attachments beside them.

use js_sys::{Array, Uint8Array};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Blob;

use super::attachment::Attachment;

/// What a worker says once, when it has begun to listen. Any other plain text from a worker is its last words.
pub const READY: &str = "ready";

/// Last words of a worker whose memory is full or whose stack overflowed.
pub const BROKE_DOWN: &str = "the engine broke down, most likely for want of memory: load a smaller model";

/// Last words of either end that cannot read what the other one says.
pub const OTHER_VERSION: &str = "the page and its engine are of different versions: reload the page";

/// The message, and the buffers that go over with it.
pub fn pack(message: &impl Serialize, attachments: &[Attachment]) -> Result<(Array, Array), postcard::Error> {
    let bytes = Uint8Array::from(postcard::to_stdvec(message)?.as_slice());
    let parts = Array::of1(&bytes);
    for attachment in attachments {
        let blob: &Blob = attachment.as_ref();
        parts.push(blob);
    }
    Ok((parts, Array::of1(&bytes.buffer())))
}

/// None for what `pack` of this version did not make.
pub fn unpack<T: DeserializeOwned>(message: &JsValue) -> Option<(T, Vec<Attachment>)> {
    let parts: &Array = message.dyn_ref()?;
    let bytes: Uint8Array = parts.get(0).dyn_into().ok()?;
    let attachments = parts.iter().skip(1).map(|part| part.dyn_into::<Blob>().ok().map(Attachment::from));
    Some((postcard::from_bytes(&bytes.to_vec()).ok()?, attachments.collect::<Option<_>>()?))
}
