//! Files for the visitor: what this page has computed, saved where the browser saves downloads; and small files read back.

use gloo::file::{Blob, ObjectUrl};
use wasm_bindgen::JsCast;
use web_sys::HtmlAnchorElement;

use super::clock;
use super::page::ChosenFiles;

/// How long the browser may take to read what it saves, in milliseconds.
const READ_MILLIS: u32 = 60_000;

/// Saves a file under a name; false where the browser cannot.
pub fn save(name: &str, mime: &str, bytes: &[u8]) -> bool {
    let document = web_sys::window().and_then(|window| window.document());
    let Some(link) = document.and_then(|document| document.create_element("a").ok()) else { return false };
    let Ok(link) = link.dyn_into::<HtmlAnchorElement>() else { return false };
    let address = ObjectUrl::from(Blob::new_with_options(bytes, Some(mime)));
    link.set_href(&address);
    link.set_download(name);
    link.click();
    wasm_bindgen_futures::spawn_local(async move {
        clock::sleep(READ_MILLIS).await;
        drop(address);
    });
    true
}

/// The first of the chosen files as text.
///
/// # Errors
/// Larger than `limit` bytes, unreadable or no text.
pub async fn text_of(chosen: &ChosenFiles, limit: u64) -> Result<String, Unread> {
    let (_, contents) = chosen.files.first().ok_or(Unread::Unreadable)?;
    if contents.length() > limit {
        return Err(Unread::TooLarge);
    }
    let bytes = contents.bytes(|_| true).await.map_err(|_| Unread::Unreadable)?;
    String::from_utf8(bytes).map_err(|_| Unread::Unreadable)
}

/// Why a file was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// Larger than any file of its kind.
    TooLarge,
    /// Gone, forbidden, or no text.
    Unreadable,
}
