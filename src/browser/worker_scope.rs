//! A worker's end of the line to the page.

use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{DedicatedWorkerGlobalScope, Event, MessageEvent};

use super::attachment::Attachment;
use super::wire::{BROKE_DOWN, OTHER_VERSION, READY, pack, unpack};
use crate::protocol::{Request, Response};

/// The worker that this code runs in.
#[derive(Debug, Clone)]
pub struct WorkerScope(DedicatedWorkerGlobalScope);

impl WorkerScope {
    /// None outside of a worker.
    pub fn current() -> Option<Self> {
        js_sys::global().dyn_into().ok().map(Self)
    }

    /// From now on hands every request to `receive`, and tells the page of panics and breakdowns.
    pub fn serve(&self, receive: impl Fn(Request, Vec<Attachment>) + 'static) {
        std::panic::set_hook(Box::new(|info| {
            console_error_panic_hook::hook(info);
            let what = info.payload_as_str().unwrap_or("no reason given");
            let place = info.location().map(|place| format!(" at {}:{}", place.file(), place.line()));
            if let Some(scope) = Self::current() {
                scope.say_last_words(&format!(
                    "the engine met an error of its own ({what}{})",
                    place.unwrap_or_default()
                ));
            }
        }));
        let scope = self.clone();
        let on_message =
            Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| match unpack(&event.data()) {
                Some((request, attachments)) => receive(request, attachments),
                None => scope.say_last_words(OTHER_VERSION),
            });
        self.0.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        on_message.forget();
        // A breakdown inside a future is no error event of the worker, so the page would never hear of it.
        let scope = self.clone();
        let on_rejection = Closure::<dyn Fn(Event)>::new(move |_: Event| scope.say_last_words(BROKE_DOWN));
        let _ = self
            .0
            .add_event_listener_with_callback("unhandledrejection", on_rejection.as_ref().unchecked_ref());
        on_rejection.forget();
        self.post(&READY.into());
    }

    /// Answers a request.
    pub fn respond(&self, response: &Response, attachments: &[Attachment]) {
        let is_posted = pack(response, attachments).is_ok_and(|(message, transferred)| {
            self.0.post_message_with_transfer(&message, &transferred).is_ok()
        });
        if !is_posted {
            self.say_last_words(BROKE_DOWN);
        }
    }

    fn say_last_words(&self, words: &str) {
        self.post(&words.into());
    }

    fn post(&self, message: &JsValue) {
        // Plain text can always be posted.
        let _ = self.0.post_message(message);
    }
}

/// Bytes of this program's WebAssembly memory, which never shrinks: the most that it has needed so far. 0 where there is
/// no such memory.
pub fn memory_bytes() -> u64 {
    let memory = wasm_bindgen::memory().dyn_into::<js_sys::WebAssembly::Memory>();
    memory.map_or(0, |memory| memory.buffer().unchecked_into::<js_sys::ArrayBuffer>().byte_length().into())
}
