//! What drawings ask of the browser: how wide they may be, a picture as pixels, and where the keyboard is among
//! their marks.

use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, Element, EventTarget, HtmlElement, Url};

use super::reflect::{answer, call, property};

/// Class of the parts of a drawing that can be pointed at.
const MARK: &str = "mark";
/// Pixels of a `rem` where the browser does not say.
const USUAL_REM: f64 = 16.0;
/// Pixels of a PNG for each pixel of its drawing.
const PNG_SCALE: f64 = 2.0;

/// Tells the width of an element in `rem`, now and whenever it changes, until it is dropped.
pub struct WidthWatch {
    observer: JsValue,
    _told: Closure<dyn FnMut()>,
}

impl WidthWatch {
    /// None where the browser cannot observe sizes; `tell` is then never called.
    pub fn start(element: &HtmlElement, mut tell: impl FnMut(f64) + 'static) -> Option<Self> {
        let watched = element.clone();
        let told = Closure::<dyn FnMut()>::new(move || {
            tell(f64::from(watched.client_width()) / rem().unwrap_or(USUAL_REM));
        });
        let kind: Function =
            Reflect::get(&js_sys::global(), &"ResizeObserver".into()).ok()?.dyn_into().ok()?;
        let observer = Reflect::construct(&kind, &Array::of1(told.as_ref())).ok()?;
        answer(&observer, "observe", &[element.into()])?;
        Some(Self { observer, _told: told })
    }
}

impl Drop for WidthWatch {
    fn drop(&mut self) {
        let _ = answer(&self.observer, "disconnect", &[]);
    }
}

/// Pixels of a `rem`.
fn rem() -> Option<f64> {
    let root = web_sys::window()?.document()?.document_element()?;
    let style = answer(&js_sys::global(), "getComputedStyle", &[root.into()])?;
    let size = property(&style, "fontSize")?.as_string()?;
    size.strip_suffix("px")?.parse().ok().filter(|size| *size > 0.0)
}

/// A self-contained SVG of that many pixels as a PNG of twice as many; none where the browser cannot.
pub async fn png(svg: &str, width: f64, height: f64) -> Option<Vec<u8>> {
    let address = Address::of(svg)?;
    let document = web_sys::window()?.document()?;
    let image = document.create_element("img").ok()?;
    image.set_attribute("src", &address.0).ok()?;
    call(&image, "decode", &[]).await?;
    let canvas = document.create_element("canvas").ok()?;
    let (width, height) = ((PNG_SCALE * width).round(), (PNG_SCALE * height).round());
    canvas.set_attribute("width", &width.to_string()).ok()?;
    canvas.set_attribute("height", &height.to_string()).ok()?;
    let context = answer(&canvas, "getContext", &["2d".into()])?;
    answer(&context, "drawImage", &[image.into(), 0.into(), 0.into(), width.into(), height.into()])?;
    let encoded = answer(&canvas, "toDataURL", &["image/png".into()])?.as_string()?;
    base64_bytes(encoded.strip_prefix("data:image/png;base64,")?)
}

fn base64_bytes(text: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}

/// An address under which this page finds a picture, until it is dropped.
struct Address(String);

impl Address {
    fn of(svg: &str) -> Option<Self> {
        let options = Object::new();
        Reflect::set(&options, &"type".into(), &"image/svg+xml".into()).ok()?;
        let kind: Function = Reflect::get(&js_sys::global(), &"Blob".into()).ok()?.dyn_into().ok()?;
        let parts = Array::of1(&svg.into());
        let blob: Blob = Reflect::construct(&kind, &Array::of2(&parts, &options)).ok()?.dyn_into().ok()?;
        Url::create_object_url_with_blob(&blob).ok().map(Self)
    }
}

impl Drop for Address {
    fn drop(&mut self) {
        let _ = Url::revoke_object_url(&self.0);
    }
}

/// The name of the mark that an event is about.
pub fn mark_name(target: Option<EventTarget>) -> Option<String> {
    mark_of(target)?.get_attribute("aria-label")
}

/// Moves the keyboard from the mark that has it to the next (1), the one before (−1), or as far as there are marks in
/// that direction; false where it has none or there is none further.
pub fn move_among_marks(target: Option<EventTarget>, key: &str) -> bool {
    let Some(from) = mark_of(target) else { return false };
    let found = match key {
        "ArrowRight" | "ArrowDown" => beyond(&from, Element::next_element_sibling).next(),
        "ArrowLeft" | "ArrowUp" => beyond(&from, Element::previous_element_sibling).next(),
        "Home" => beyond(&from, Element::previous_element_sibling).last(),
        "End" => beyond(&from, Element::next_element_sibling).last(),
        _ => None,
    };
    let Some(to) = found else { return false };
    let _ = from.set_attribute("tabindex", "-1");
    let _ = to.set_attribute("tabindex", "0");
    answer(&to, "focus", &[]).is_some()
}

/// The marks after one, in the order in which `next` gives elements.
fn beyond(from: &Element, next: impl Fn(&Element) -> Option<Element>) -> impl Iterator<Item = Element> {
    let first = next(from);
    std::iter::successors(first, move |element| next(element)).filter(is_mark)
}

fn mark_of(target: Option<EventTarget>) -> Option<Element> {
    target?.dyn_into::<Element>().ok()?.closest(&format!(".{MARK}")).ok()?
}

fn is_mark(element: &Element) -> bool {
    element.get_attribute("class").is_some_and(|class| class.split_whitespace().any(|name| name == MARK))
}
