//! What the page asks of its window: address, clipboard, storage, picked and dropped files.

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{DragEvent, FileList, HtmlElement, HtmlInputElement, Window};

use super::attachment::Attachment;

fn window() -> Option<Window> {
    web_sys::window()
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

/// The absolute address of a file that is shipped with the page.
pub fn address_of(relative: &str) -> String {
    let base =
        window().and_then(|window| window.document()).and_then(|document| document.base_uri().ok().flatten());
    base.and_then(|base| web_sys::Url::new_with_base(relative, &base).ok())
        .map_or_else(|| relative.to_owned(), |url| url.href())
}

/// The text of a file that is shipped with the page.
pub async fn text_of(relative: &str) -> Result<String, String> {
    let told = |detail: String| {
        format!("{relative} could not be fetched ({detail}): check the connection and reload")
    };
    let response =
        gloo::net::http::Request::get(&address_of(relative)).send().await.map_err(|e| told(e.to_string()))?;
    if !response.ok() {
        return Err(told(format!("the host answered {}", response.status())));
    }
    response.text().await.map_err(|e| told(e.to_string()))
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

/// The files of a drop.
pub fn dropped_files(event: &DragEvent) -> Option<ChosenFiles> {
    event.data_transfer()?.files().and_then(|list| chosen(&list))
}

/// None where nothing was chosen, as after a cancelled dialog.
fn chosen(list: &FileList) -> Option<ChosenFiles> {
    let all: Vec<web_sys::File> = (0..list.length()).filter_map(|i| list.get(i)).collect();
    let folder = all.first().and_then(|file| {
        let path = js_sys::Reflect::get(file, &"webkitRelativePath".into()).ok()?.as_string()?;
        path.split_once('/').map(|(folder, _)| folder.to_owned())
    });
    let first_name = all.first()?.name();
    let files: Vec<_> = all.iter().filter(|file| belongs_to_a_model(&file.name())).cloned().collect();
    let weights = files.iter().map(web_sys::File::name).find(|name| name.ends_with(".safetensors"));
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
