//! What the page asks of its window: address, clipboard, storage, picked and dropped files.

use std::future::Future;

use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DataTransfer, DragEvent, Element, Event, File, FileList, HtmlElement, HtmlInputElement, MouseEvent,
    Window,
};

use super::attachment::Attachment;
use super::fetch::FetchError;

fn window() -> Option<Window> {
    web_sys::window()
}

/// The `html` element.
fn root() -> Option<Element> {
    window()?.document()?.document_element()
}

/// From now on a panic goes to the console and, in words, to the top of the page, which cannot go on after it.
pub fn show_panics() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        let Some(document) = window().and_then(|window| window.document()) else { return };
        let (Some(body), Ok(alert)) = (document.body(), document.create_element("p")) else { return };
        let _ = alert.set_attribute("role", "alert");
        alert.set_class_name("error");
        alert.set_text_content(Some(&format!(
            "This page has met an error of its own and stopped: reload it. Your prompts are kept. ({info})"
        )));
        let _ = body.prepend_with_node_1(&alert);
    }));
}

/// The element that the page is mounted into, emptied.
pub fn mount_point(id: &str) -> Option<HtmlElement> {
    let element: HtmlElement = window()?.document()?.get_element_by_id(id)?.dyn_into().ok()?;
    element.set_inner_html("");
    Some(element)
}

/// The fragment of the page's address, without `#`; empty where there is none.
pub fn fragment() -> String {
    let hash = window().and_then(|window| window.location().hash().ok()).unwrap_or_default();
    hash.strip_prefix('#').unwrap_or(&hash).to_owned()
}

/// Puts a fragment into the page's address, without a new entry in the history; returns the whole address.
pub fn set_fragment(fragment: &str) -> String {
    let Some(window) = window() else { return format!("#{fragment}") };
    if let Ok(history) = window.history() {
        // Without the right to change the address the link is still shown and copied.
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&format!("#{fragment}")));
    }
    let address = window.location().href().unwrap_or_default();
    let base = address.split('#').next().unwrap_or_default();
    format!("{base}#{fragment}")
}

/// Loads the page again.
pub fn reload() {
    if let Some(window) = window() {
        // A page that cannot load itself again is loaded by its visitor.
        let _ = window.location().reload();
    }
}

/// False where the browser knows of no network at all.
pub fn is_online() -> bool {
    window().is_none_or(|window| window.navigator().on_line())
}

/// The address of the page, whole.
pub fn address() -> String {
    window().and_then(|window| window.location().href().ok()).unwrap_or_default()
}

/// The value of a parameter in the query of the page's address, decoded; empty where it is named without a value.
pub fn parameter(name: &str) -> Option<String> {
    let search = window()?.location().search().ok()?;
    let value = search.strip_prefix('?')?.split('&').find_map(|part| {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        (key == name).then(|| value.replace('+', " "))
    })?;
    // What is not an encoding is taken as it stands.
    Some(js_sys::decode_uri_component(&value).map_or_else(|_| value.clone(), String::from))
}

/// The query of the page's address with its `?`; empty where there is none.
pub fn search() -> String {
    window().and_then(|window| window.location().search().ok()).unwrap_or_default()
}

/// Goes to the same page with another query, given without `?`, and no fragment: a new entry in the history.
pub fn push_query(query: &str) {
    let Some(window) = window() else { return };
    let path = window.location().pathname().unwrap_or_default();
    let address = if query.is_empty() { path } else { format!("{path}?{query}") };
    if let Ok(history) = window.history() {
        // Without the right to change the address the page still goes on.
        let _ = history.push_state_with_url(&JsValue::NULL, "", Some(&address));
    }
}

/// Opens the browser's dialog for printers.
pub fn print() {
    if let Some(window) = window() {
        // A browser that cannot print has nothing to say about it.
        let _ = window.print();
    }
}

/// What the browser calls this page, in its tabs and bookmarks.
pub fn set_title(title: &str) {
    if let Some(document) = window().and_then(|window| window.document()) {
        document.set_title(title);
    }
}

/// An attribute of the document's root, for styles; none takes it away.
pub fn mark_root(name: &str, value: Option<&str>) {
    if let Some(root) = root() {
        let _ = match value {
            Some(value) => root.set_attribute(name, value),
            None => root.remove_attribute(name),
        };
    }
}

/// Whether the visitor asks nothing of their own, so that `index.html` shows the verdict that stands in it.
pub fn has_opening() -> bool {
    root().is_some_and(|root| !root.has_attribute("data-asks"))
}

/// Marks the element that a selector finds with `data-spotlight`, everything that holds it, up to the element `top`, with
/// `data-spotlight-path`, and scrolls to it. The last one that was marked is so no longer.
pub fn spotlight(selector: Option<&str>, top: &str) {
    const MARKS: [&str; 2] = ["data-spotlight", "data-spotlight-path"];
    let Some(document) = window().and_then(|window| window.document()) else { return };
    for mark in MARKS {
        while let Ok(Some(old)) = document.query_selector(&format!("[{mark}]")) {
            if old.remove_attribute(mark).is_err() {
                return;
            }
        }
    }
    let Some(Ok(Some(element))) = selector.map(|selector| document.query_selector(selector)) else { return };
    let _ = element.set_attribute(MARKS[0], "");
    let mut around = element.parent_element();
    while let Some(outer) = around {
        let _ = outer.set_attribute(MARKS[1], "");
        around = if outer.id() == top { None } else { outer.parent_element() };
    }
    element.scroll_into_view();
}

/// Whether an event happened at or within an element that a selector finds.
pub fn is_within(event: &Event, selector: &str) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| target.closest(selector).is_ok_and(|found| found.is_some()))
}

/// Whether a click on a link asks the browser for another tab or window.
pub fn wants_another_tab(click: &MouseEvent) -> bool {
    click.ctrl_key() || click.meta_key() || click.shift_key() || click.button() != 0
}

/// Moves the keyboard to an element.
pub fn focus(id: &str) {
    let element = window().and_then(|window| window.document()?.get_element_by_id(id));
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        // An element that cannot take the focus leaves it where it was.
        let _ = element.focus();
    }
}

/// The absolute address of a file that is shipped with the page.
pub fn address_of(relative: &str) -> String {
    let base =
        window().and_then(|window| window.document()).and_then(|document| document.base_uri().ok().flatten());
    base.and_then(|base| web_sys::Url::new_with_base(relative, &base).ok())
        .map_or_else(|| relative.to_owned(), |url| url.href())
}

/// The text of a file that is shipped with the page.
pub async fn text_of(relative: &str) -> Result<String, FetchError> {
    let unreachable = |_| FetchError::Unreachable { url: relative.to_owned() };
    let response = gloo::net::http::Request::get(&address_of(relative)).send().await.map_err(unreachable)?;
    if !response.ok() {
        return Err(FetchError::Refused { url: relative.to_owned(), status: response.status() });
    }
    response.text().await.map_err(unreachable)
}

/// The bytes of a file that is shipped with the page; none where it does not arrive.
pub async fn bytes_of(relative: &str) -> Option<Vec<u8>> {
    let response = gloo::net::http::Request::get(&address_of(relative)).send().await.ok()?;
    if response.ok() { response.binary().await.ok() } else { None }
}

/// Copies a text; false where the browser refuses.
pub async fn copy(text: &str) -> bool {
    // Absent on insecure origins, where web-sys would call into `undefined`.
    let Some(window) = window().filter(Window::is_secure_context) else { return false };
    JsFuture::from(window.navigator().clipboard().write_text(text)).await.is_ok()
}

/// A text kept in this browser for this page.
pub fn stored(key: &str) -> Option<String> {
    window()?.local_storage().ok()??.get_item(key).ok()?
}

/// Keeps a text in this browser; silently not, where the visitor forbids storage.
pub fn store(key: &str, text: &str) {
    if let Some(Ok(Some(storage))) = window().map(|window| window.local_storage()) {
        let _ = storage.set_item(key, text);
    }
}

/// Files that the visitor chose; the page itself never reads them.
#[derive(Debug, Clone)]
pub struct ChosenFiles {
    /// What to call the model: the folder's name, or the weights file's.
    pub name: String,
    /// (name without folder, contents).
    pub files: Vec<(String, Attachment)>,
}

/// The files in a file input, which is then emptied so that the same files can be chosen again.
pub fn picked_files(input: &HtmlInputElement) -> Option<ChosenFiles> {
    let chosen = input.files().and_then(|list| chosen(&list));
    input.set_value("");
    chosen
}

/// The files of a drop, folders included. What was dropped is taken at once, for the browser empties the event when it
/// has been handled; folders are read in the future.
pub fn dropped_files(event: &DragEvent) -> impl Future<Output = Option<ChosenFiles>> + 'static {
    let Dropped { files, folders } = event.data_transfer().map(|drop| dropped(&drop)).unwrap_or_default();
    async move {
        if folders.is_empty() {
            return chosen_of(None, files);
        }
        let name = text_in(&folders[0], "name").filter(|_| files.is_empty() && folders.len() == 1);
        chosen_of(name, files_within(files, folders).await)
    }
}

/// What a drop holds.
#[derive(Default)]
struct Dropped {
    files: Vec<File>,
    /// Directory entries of the File and Directory Entries API, which every current browser has.
    folders: Vec<JsValue>,
}

fn dropped(drop: &DataTransfer) -> Dropped {
    let items = drop.items();
    let mut found = Dropped::default();
    for item in (0..items.length()).filter_map(|i| items.get(i)).filter(|item| item.kind() == "file") {
        match call(&item, "webkitGetAsEntry").filter(|entry| is_true(entry, "isDirectory")) {
            Some(folder) => found.folders.push(folder),
            None => found.files.extend(item.get_as_file().ok().flatten()),
        }
    }
    if found.files.is_empty() && found.folders.is_empty() {
        found.files = drop.files().map(|list| listed(&list)).unwrap_or_default();
    }
    found
}

/// Deepest folder that is searched for a model.
const MAX_DEPTH: usize = 4;

/// The files of the nearest level that has one of a model's: at the top, else in the folders, else in their folders.
/// Copies of a model for other programs lie in folders further down.
async fn files_within(mut files: Vec<File>, mut folders: Vec<JsValue>) -> Vec<File> {
    let mut first = Vec::new();
    for _ in 0..MAX_DEPTH {
        if files.iter().any(|file| belongs_to_a_model(&file.name())) {
            return files;
        }
        if first.is_empty() {
            first = files;
        }
        files = Vec::new();
        for folder in std::mem::take(&mut folders) {
            for entry in entries_of(&folder).await {
                if is_true(&entry, "isDirectory") {
                    folders.push(entry);
                } else if let Some(file) = answer(&entry, "file").await.and_then(|file| file.dyn_into().ok())
                {
                    files.push(file);
                }
            }
        }
    }
    if files.is_empty() { first } else { files }
}

/// Everything in a folder; a part of it where the rest cannot be read.
async fn entries_of(folder: &JsValue) -> Vec<JsValue> {
    let Some(reader) = call(folder, "createReader") else { return Vec::new() };
    let mut entries = Vec::new();
    // A reader gives some hundred entries a time, and none at the end.
    while let Some(some) = answer(&reader, "readEntries").await.map(|some| Array::from(&some)) {
        if some.length() == 0 {
            break;
        }
        entries.extend(some.iter());
    }
    entries
}

/// Calls a method without arguments.
fn call(object: &JsValue, method: &str) -> Option<JsValue> {
    let method: Function = Reflect::get(object, &method.into()).ok()?.dyn_into().ok()?;
    method.call0(object).ok().filter(JsValue::is_truthy)
}

/// Calls a method that takes what to do with its answer and what to do without one.
async fn answer(object: &JsValue, method: &str) -> Option<JsValue> {
    let method: Function = Reflect::get(object, &method.into()).ok()?.dyn_into().ok()?;
    let promise = Promise::new(&mut |resolve, reject| {
        // A call that throws has no answer, which nobody may wait for.
        if method.call2(object, &resolve, &reject).is_err() {
            let _ = reject.call0(&JsValue::NULL);
        }
    });
    JsFuture::from(promise).await.ok()
}

fn is_true(object: &JsValue, name: &str) -> bool {
    Reflect::get(object, &name.into()).is_ok_and(|value| value.is_truthy())
}

fn text_in(object: &JsValue, name: &str) -> Option<String> {
    Reflect::get(object, &name.into()).ok()?.as_string()
}

fn listed(list: &FileList) -> Vec<File> {
    (0..list.length()).filter_map(|i| list.get(i)).collect()
}

/// None where nothing was chosen, as after a cancelled dialog.
fn chosen(list: &FileList) -> Option<ChosenFiles> {
    let all = listed(list);
    let folder = all.first().and_then(|file| {
        let path = text_in(file, "webkitRelativePath")?;
        path.split_once('/').map(|(folder, _)| folder.to_owned())
    });
    chosen_of(folder, all)
}

/// None where there is no file.
fn chosen_of(folder: Option<String>, all: Vec<File>) -> Option<ChosenFiles> {
    let first_name = all.first()?.name();
    let files: Vec<_> = all.iter().filter(|file| belongs_to_a_model(&file.name())).cloned().collect();
    let weights = files.iter().map(File::name).find(|name| name.ends_with(".safetensors"));
    // With no file of a model among them, the first is kept so that the complaint can name what was found.
    let files = if files.is_empty() { all.into_iter().take(1).collect() } else { files };
    let files = files.into_iter().map(|file| (file.name(), Attachment::from(file))).collect();
    Some(ChosenFiles { name: folder.or(weights).unwrap_or(first_name), files })
}

/// The Hub's names.
fn belongs_to_a_model(name: &str) -> bool {
    name == "config.json"
        || name == "tokenizer.json"
        || name == "self_test.json"
        || name.ends_with(".safetensors")
        || name.ends_with(".safetensors.index.json")
}
