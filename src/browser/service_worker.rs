//! The service worker that keeps a built site without a network. Absent where the browser has none (private windows,
//! frames of other sites, insecure origins) and where the page says that it has none, as while it is being developed.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::Array;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, EventTarget};

use super::page::address_of;
use super::reflect::{answer, call, kept, of_navigator, property};

/// What `cargo xtask build` writes into the page.
const MARK: &str = r#"meta[name="all-or-none-offline"]"#;
/// What the worker understands: it ends its predecessor at once.
const TAKE_OVER: &str = "take over";

/// What the page hears of its service worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Another version of the page is here and waits to be taken.
    NewVersion,
    /// Another version has been taken, in this tab or in another one: what this tab still fetches is of that version.
    TookOver,
}

/// Whether what the page fetches comes from what is kept.
pub fn is_in_charge() -> bool {
    of_navigator("serviceWorker").is_some_and(|container| property(&container, "controller").is_some())
}

/// Registers the worker, and tells of it from now on. `used` are the beginnings of the paths of files that the page has
/// used already: those of them that are kept only when they are used are kept now.
pub async fn register(used: Vec<String>, tell: impl Fn(News) + 'static) {
    // Without any part of it the page works as it does without a service worker.
    let _ = try_register(used, Rc::new(tell)).await;
}

async fn try_register(used: Vec<String>, tell: Rc<dyn Fn(News)>) -> Option<()> {
    let script = web_sys::window()?.document()?.query_selector(MARK).ok()??.get_attribute("content")?;
    let container = of_navigator("serviceWorker")?;
    listen_for_takeover(&container, tell.clone());
    let registration = call(&container, "register", &[address_of(&script).into()]).await?;
    for state in ["waiting", "installing"] {
        if let Some(worker) = property(&registration, state) {
            watch(worker, tell.clone());
        }
    }
    let found = registration.clone();
    listen(&registration, "updatefound", move || {
        if let Some(worker) = property(&found, "installing") {
            watch(worker, tell.clone());
        }
    });
    // Not before it is in charge: what is used from then on it keeps by itself.
    let ready = kept(property(&container, "ready")?).await?;
    let used: Array = used.into_iter().map(JsValue::from).collect();
    post(&property(&ready, "active")?, &used)
}

/// Ends the old version; true where a new one was waiting, which [`News::TookOver`] follows.
pub async fn take_over() -> bool {
    let Some(container) = of_navigator("serviceWorker") else { return false };
    let registration = call(&container, "getRegistration", &[]).await;
    let waiting = registration.and_then(|registration| property(&registration, "waiting"));
    waiting.is_some_and(|waiting| post(&waiting, &TAKE_OVER.into()).is_some())
}

/// The first worker of all takes over from nobody.
fn listen_for_takeover(container: &JsValue, tell: Rc<dyn Fn(News)>) {
    let had_one = Cell::new(property(container, "controller").is_some());
    listen(container, "controllerchange", move || {
        if had_one.replace(true) {
            tell(News::TookOver);
        }
    });
}

/// Tells once the worker waits for the end of another one.
fn watch(worker: JsValue, tell: Rc<dyn Fn(News)>) {
    let told = Cell::new(false);
    let target = worker.clone();
    let look = move || {
        let is_installed = property(&worker, "state").and_then(|state| state.as_string());
        if is_installed.as_deref() == Some("installed") && is_in_charge() && !told.replace(true) {
            tell(News::NewVersion);
        }
    };
    look();
    listen(&target, "statechange", look);
}

/// For as long as the page lives.
fn listen(target: &JsValue, event: &str, run: impl Fn() + 'static) {
    let Some(target) = target.dyn_ref::<EventTarget>() else { return };
    let run = Closure::<dyn Fn(Event)>::new(move |_: Event| run());
    // Events of this kind are never refused.
    let _ = target.add_event_listener_with_callback(event, run.as_ref().unchecked_ref());
    run.forget();
}

fn post(worker: &JsValue, message: &JsValue) -> Option<()> {
    answer(worker, "postMessage", std::slice::from_ref(message)).map(drop)
}
