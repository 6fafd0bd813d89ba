//! Files from a host, streamed, with their bytes counted, and given up at a word. Works on the page and in workers.

use js_sys::{Promise, Reflect, Uint8Array};
use thiserror::Error;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, AbortSignal, ReadableStream, ReadableStreamDefaultReader, RequestInit, Response, Window,
    WorkerGlobalScope,
};

use crate::protocol::Cause;

/// Why a file did not arrive.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FetchError {
    /// No answer, or the answer broke off.
    #[error("{url} could not be fetched: check the connection, then load again")]
    Unreachable {
        /// Which file.
        url: String,
    },
    /// The host has no such file.
    #[error("expected a file at {url}, found none: the model's folder is not complete on its host")]
    Missing {
        /// Which file.
        url: String,
    },
    /// The host answered with an error.
    #[error("expected the file {url}, found that its host answered {status}: load again later")]
    Refused {
        /// Which file.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// Given up, as asked.
    #[error("given up")]
    Aborted,
}

impl FetchError {
    /// What a visitor can have caused.
    pub fn cause(&self) -> Option<Cause> {
        match self.clone() {
            Self::Unreachable { url } => Some(Cause::NoAnswer { url }),
            Self::Missing { url } => Some(Cause::NotOnHost { url }),
            Self::Refused { url, status } => Some(Cause::Refused { url, status }),
            Self::Aborted => None,
        }
    }
}

/// A word that ends all fetches begun with it.
#[derive(Debug, Clone, Default)]
pub struct Abort(Option<AbortController>);

impl Abort {
    /// Not said yet.
    pub fn new() -> Self {
        // Every browser that runs WebAssembly has abort controllers; without one, fetches run to their end.
        Self(AbortController::new().ok())
    }

    /// Ends the fetches.
    pub fn abort(&self) {
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }

    /// Whether it was said.
    pub fn is_aborted(&self) -> bool {
        self.0.as_ref().is_some_and(|controller| controller.signal().aborted())
    }
}

impl Abort {
    /// A word for one request: said when this one is, and when it is dropped.
    pub fn child(&self) -> ChildAbort {
        let own = AbortController::new().ok();
        let parent = self.0.as_ref().map(AbortController::signal);
        let to_abort = own.clone();
        let listener = Closure::<dyn FnMut()>::new(move || {
            if let Some(controller) = &to_abort {
                controller.abort();
            }
        });
        if let (Some(parent), Some(own)) = (&parent, &own) {
            // A word that was said before is not said again.
            if parent.aborted() {
                own.abort();
            }
            let _ = parent.add_event_listener_with_callback("abort", listener.as_ref().unchecked_ref());
        }
        ChildAbort { own, parent, listener }
    }
}

/// A word that ends one request: [`Abort::child`].
pub struct ChildAbort {
    own: Option<AbortController>,
    parent: Option<AbortSignal>,
    listener: Closure<dyn FnMut()>,
}

impl ChildAbort {
    /// What the request is begun with.
    pub fn signal(&self) -> Option<AbortSignal> {
        self.own.as_ref().map(AbortController::signal)
    }
}

impl Drop for ChildAbort {
    fn drop(&mut self) {
        if let Some(parent) = &self.parent {
            let _ =
                parent.remove_event_listener_with_callback("abort", self.listener.as_ref().unchecked_ref());
        }
        if let Some(own) = &self.own {
            own.abort();
        }
    }
}

/// A file that was asked for.
pub struct Asked {
    url: String,
    abort: Abort,
    response: Promise,
}

/// A file that has begun to arrive.
pub struct Download {
    url: String,
    abort: Abort,
    response: Response,
}

/// Asks for a file. The request goes out at once, so that several files are on their way together.
pub fn ask(url: String, abort: &Abort) -> Asked {
    let init = RequestInit::new();
    init.set_signal(abort.0.as_ref().map(AbortController::signal).as_ref());
    let response = begin(&url, &init);
    Asked { url, abort: abort.clone(), response }
}

/// Sends a request, from the page or from a worker.
pub fn begin(url: &str, init: &RequestInit) -> Promise {
    match js_sys::global().dyn_into::<WorkerGlobalScope>() {
        Ok(worker) => worker.fetch_with_str_and_init(url, init),
        Err(page) => page.unchecked_into::<Window>().fetch_with_str_and_init(url, init),
    }
}

impl Asked {
    /// Waits for the host's first words.
    pub async fn begin(self) -> Result<Download, FetchError> {
        let Self { url, abort, response } = self;
        let response: Response = match JsFuture::from(response).await {
            Ok(response) => response.unchecked_into(),
            Err(_) => return Err(broken(url, &abort)),
        };
        let status = response.status();
        // Some hosts answer with their start page instead of 404.
        let is_page = header(&response, "content-type").is_some_and(|kind| kind.starts_with("text/html"));
        match status {
            404 | 410 => Err(FetchError::Missing { url }),
            _ if !response.ok() => Err(FetchError::Refused { url, status }),
            _ if is_page => Err(FetchError::Missing { url }),
            _ => Ok(Download { url, abort, response }),
        }
    }
}

impl Download {
    /// Its length in bytes, where the host says. The length of a compressed transfer says nothing of the file's.
    pub fn length(&self) -> Option<u64> {
        match header(&self.response, "content-encoding") {
            None => header(&self.response, "content-length")?.parse().ok(),
            Some(_) => None,
        }
    }

    /// The contents; `arrived` is told the number of bytes of each piece.
    pub async fn read(self, arrived: &dyn Fn(u64)) -> Result<Vec<u8>, FetchError> {
        let mut contents = Vec::with_capacity(self.length().and_then(|n| n.try_into().ok()).unwrap_or(0));
        let Some(body) = self.response.body() else { return Ok(contents) };
        let reader = reader(&body);
        loop {
            let Ok(piece) = JsFuture::from(reader.read()).await else {
                return Err(broken(self.url, &self.abort));
            };
            if Reflect::get(&piece, &"done".into()).is_ok_and(|done| done.is_truthy()) {
                return Ok(contents);
            }
            let Ok(Ok(bytes)) = Reflect::get(&piece, &"value".into()).map(JsCast::dyn_into::<Uint8Array>)
            else {
                return Err(broken(self.url, &self.abort));
            };
            let begin = contents.len();
            contents.resize(begin + bytes.length() as usize, 0);
            bytes.copy_to(&mut contents[begin..]);
            arrived(bytes.length().into());
        }
    }
}

pub(super) fn reader(body: &ReadableStream) -> ReadableStreamDefaultReader {
    JsValue::from(body.get_reader()).unchecked_into()
}

pub(super) fn header(response: &Response, name: &str) -> Option<String> {
    response.headers().get(name).ok().flatten()
}

fn broken(url: String, abort: &Abort) -> FetchError {
    if abort.is_aborted() { FetchError::Aborted } else { FetchError::Unreachable { url } }
}
