//! Every screen of the page, by day and by night: axe-core finds nothing to complain about, nothing is wider than the
//! window, and a picture is left in `screenshots/` for people to look at.

use std::fs;

use crate::browser::{FIREFOX, Media, PLAIN, Theme, Visitor};
use crate::flows::copy_of_bundled;
use crate::page::{Page, Shown};
use crate::sharing::{address_of, altered, reproduction};
use crate::site;

const LAPTOP: (u32, u32) = (1280, 900);
const PHONE: (u32, u32) = (390, 844);
const PROJECTOR: (u32, u32) = (1920, 1080);

/// One visitor's walk over the screens.
struct Walk {
    page: Page,
    visitor: Visitor,
    /// Of the interface: `en`, `ja`.
    language: &'static str,
    /// What the window is like.
    device: &'static str,
    themes: &'static [Theme],
}

impl Walk {
    async fn start(
        visitor: Visitor,
        language: &'static str,
        device: &'static str,
        themes: &'static [Theme],
    ) -> Self {
        let page = Page::open(visitor, "about:blank").await;
        Self { page, visitor, language, device, themes }
    }

    /// Another screen of the page: a query without `?` and a fragment without `#`.
    async fn visit(&self, query: &str, fragment: &str) {
        // Prompts of the last screen are not kept for this one.
        let _: bool = self.page.script("try { localStorage.clear() } catch {} return true").await;
        // Always another query, or the browser would not load the page anew.
        let address = format!("{}?lang={}&{query}#{fragment}", site(), self.language);
        self.page.visit(&address).await;
    }

    /// Looks at what is on show, in each theme.
    async fn look(&self, screen: &str) {
        self.look_on(screen, Media::Screen).await;
    }

    async fn look_on(&self, screen: &str, media: Media) {
        for &theme in self.themes {
            let name = format!("{screen}-{}-{}-{}", self.device, self.language, theme.name());
            self.page.emulate(theme, media).await;
            let width: u32 = self.page.script("return document.documentElement.scrollWidth").await;
            // Phones zoom out of a page that is too wide, so that it must be held against the screen.
            assert!(
                width <= self.visitor.window.0,
                "{name}: {width} wide, the screen {}",
                self.visitor.window.0
            );
            self.page.picture(&name).await;
            let found = self.page.accessibility().await;
            assert!(found.is_empty(), "{name}: {} violations:\n{}", found.len(), found.join("\n"));
        }
    }

    /// From the first visit to what an attentive visitor sees of a comparison.
    async fn comparison(&self) {
        self.visit("screen=first", "").await;
        self.page.settled().await;
        self.look("first-visit").await;
        self.page.choose_concept(3).await;
        self.page.choose("b", "twin:dark-both").await;
        let is_twin = |shown: &Shown| shown.is_settled() && shown.level.as_deref() == Some("constructed");
        self.page.wait_for("a twin", is_twin).await;
        self.page.unfold_all().await;
        self.look("unfolded").await;
    }

    /// Files of the visitor's, good and bad, and a prompt that cannot run.
    async fn troubles(&self) {
        self.visit("screen=files", "").await;
        self.page.settled().await;
        let folder = copy_of_bundled("world-d48");
        self.page.pick_files("b", folder.path()).await;
        let is_local = |shown: &Shown| shown.is_settled() && shown.sources[1].as_deref() == Some("local");
        self.page.wait_for("the visitor's own model", is_local).await;
        self.look("own-files").await;
        self.page.type_prompt(0, "the xyzzy is").await;
        self.page.wait_for("a complaint", |shown| shown.errors.contains_key("prompt-error")).await;
        fs::write(folder.path().join("model.safetensors"), b"no weights").expect("a broken file");
        self.page.pick_files("b", folder.path()).await;
        self.page.wait_for("a failed model", |shown| shown.errors.contains_key("error-b")).await;
        self.look("failed").await;
    }

    /// Links that are damaged, that were altered, and in a frame.
    async fn links(&self) {
        self.visit("screen=shared", "").await;
        self.page.settled().await;
        let address = address_of(&altered(&self.page.share_link().await));
        let (_, fragment) = address.split_once('#').expect("a link");
        self.visit("screen=altered", fragment).await;
        let (standing, text) = reproduction(&self.page).await;
        assert_eq!(standing, "not", "{text}");
        self.look("not-reproduced").await;
        self.visit("embed=1", fragment).await;
        self.page.says("embed", "KL(A‖B)").await;
        self.page.says("reproduction", "0.50").await;
        self.look("embed").await;
        self.visit("screen=damaged", "1.AAAA").await;
        self.page.settled().await;
        self.page.wait_for("a word on the link", |shown| shown.errors.contains_key("link-error")).await;
        self.look("damaged-link").await;
    }

    /// A lesson, on the page, presented, and on paper.
    async fn lesson(&self) {
        self.visit("lesson=closeness&step=1", "").await;
        self.page.settled().await;
        self.look("lesson").await;
        assert!(self.page.press("present").await, "a lesson can be presented");
        self.look("presenter").await;
        assert!(self.page.press("present").await, "the presentation can be left");
        self.look_on("hand-out", Media::Print).await;
    }
}

const BOTH: &[Theme] = &[Theme::Light, Theme::Dark];

#[tokio::test]
async fn screens_at_a_laptop() {
    let walk = Walk::start(Visitor { window: LAPTOP, ..PLAIN }, "en", "laptop", BOTH).await;
    walk.comparison().await;
    walk.troubles().await;
    walk.links().await;
    walk.lesson().await;
}

#[tokio::test]
async fn screens_on_a_phone() {
    let walk = Walk::start(Visitor { window: PHONE, ..PLAIN }, "ja", "phone", &[Theme::Dark]).await;
    walk.comparison().await;
    walk.troubles().await;
    walk.links().await;
    walk.lesson().await;
}

#[tokio::test]
async fn screens_on_a_projector() {
    let walk = Walk::start(Visitor { window: PROJECTOR, ..PLAIN }, "en", "projector", &[Theme::Light]).await;
    walk.comparison().await;
    walk.lesson().await;
}

#[tokio::test]
async fn screens_in_firefox() {
    let visitor = Visitor { window: LAPTOP, dark: true, ..FIREFOX };
    let walk = Walk::start(visitor, "en", "firefox", &[Theme::Dark]).await;
    walk.comparison().await;
}
