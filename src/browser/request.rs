//! One simple request to a host of models, which needs no leave of that host: GET, at most one `Range`, nothing of this page
//! or its visitor. A host that falls silent counts as lost.

use std::ops::Range;

use futures::future::{Either, select};
use gloo::timers::future::TimeoutFuture;
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Headers, ReadableStreamDefaultReader, ReferrerPolicy, RequestCache, RequestCredentials, RequestInit,
    Response,
};

use super::fetch::{Abort, ChildAbort, begin, header, reader};
use crate::hub::ranges::{ContentRange, Said};
use crate::hub::retry::STALL_MILLIS;

/// No answer, or it broke off or fell silent. Whether it was given up stands in the [`Abort`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken;

/// An answer that has begun.
pub struct Answer {
    /// Status and lengths.
    pub said: Said,
    /// `ETag`, where it may be seen and promises equal bytes.
    pub etag: Option<String>,
    /// `Retry-After`, where it may be seen.
    pub retry_after: Option<String>,
    body: Option<ReadableStreamDefaultReader>,
    /// Ends the transfer when the answer is dropped.
    _end: ChildAbort,
}

/// Asks for a file or a part of it. What is `large` stays out of the browser's own cache: this page keeps it itself.
///
/// # Errors
/// The host does not answer in time, or forbids its answer to this page.
pub async fn get(
    url: &str,
    range: Option<&Range<u64>>,
    is_large: bool,
    abort: &Abort,
) -> Result<Answer, Broken> {
    let end = abort.child();
    let init = RequestInit::new();
    init.set_signal(end.signal().as_ref());
    init.set_credentials(RequestCredentials::Omit);
    init.set_referrer_policy(ReferrerPolicy::NoReferrer);
    if is_large {
        init.set_cache(RequestCache::NoStore);
    }
    if let Some(range) = range {
        let headers = Headers::new().map_err(|_| Broken)?;
        headers
            .set("Range", &format!("bytes={}-{}", range.start, range.end.saturating_sub(1)))
            .map_err(|_| Broken)?;
        init.set_headers_headers(&headers);
    }
    let response: Response = in_time(begin(url, &init)).await?.dyn_into().map_err(|_| Broken)?;
    let is_compressed = header(&response, "content-encoding").is_some();
    let length = header(&response, "content-length").and_then(|text| text.parse().ok());
    let said = Said {
        status: response.status(),
        length: length.filter(|_| !is_compressed),
        range: header(&response, "content-range").and_then(|text| ContentRange::parse(&text)),
    };
    Ok(Answer {
        said,
        etag: header(&response, "etag").filter(|etag| !etag.starts_with("W/")),
        retry_after: header(&response, "retry-after"),
        body: response.body().map(|body| reader(&body)),
        _end: end,
    })
}

impl Answer {
    /// The next bytes; none at the end.
    ///
    /// # Errors
    /// The connection is lost, or nothing came for [`STALL_MILLIS`].
    pub async fn next(&mut self) -> Result<Option<Uint8Array>, Broken> {
        let Some(body) = &self.body else { return Ok(None) };
        let chunk = in_time(body.read()).await?;
        if Reflect::get(&chunk, &"done".into()).is_ok_and(|done| done.is_truthy()) {
            self.body = None;
            return Ok(None);
        }
        let bytes = Reflect::get(&chunk, &"value".into()).ok().and_then(|value| value.dyn_into().ok());
        bytes.map(Some).ok_or(Broken)
    }

    /// All bytes, at most `limit`.
    ///
    /// # Errors
    /// Those of [`Answer::next`], and more bytes.
    pub async fn all(mut self, limit: usize) -> Result<Vec<u8>, Broken> {
        let mut contents = Vec::new();
        while let Some(chunk) = self.next().await? {
            contents.extend(chunk.to_vec());
            if contents.len() > limit {
                return Err(Broken);
            }
        }
        Ok(contents)
    }
}

async fn in_time(promise: js_sys::Promise) -> Result<JsValue, Broken> {
    match select(JsFuture::from(promise), TimeoutFuture::new(STALL_MILLIS)).await {
        Either::Left((Ok(value), _)) => Ok(value),
        Either::Left((Err(_), _)) | Either::Right(_) => Err(Broken),
    }
}
