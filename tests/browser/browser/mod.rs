//! Real browsers under WebDriver: a fresh profile each time, and with the abilities that a flow needs.

pub mod by_role;
mod chromium;
mod driver_process;
mod firefox;
mod memory;
mod trace;

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use thirtyfour::prelude::*;

use driver_process::DriverProcess;
pub use trace::Task;

/// Which browser a visitor uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Chromium or Chrome.
    Chromium,
    /// Firefox, without WebGPU.
    Firefox,
}

/// What the browser can do and how large its window is.
#[derive(Debug, Clone, Copy)]
pub struct Visitor {
    pub browser: Kind,
    /// WebGPU on Chromium's software adapter; otherwise no adapter answers.
    pub webgpu: bool,
    /// The visitor's machine is set to dark colours.
    pub dark: bool,
    /// Width and height of the window, CSS pixels.
    pub window: (u32, u32),
    /// Chromium notes every task of every thread, which [`Browser::tasks`] reads.
    pub traced: bool,
}

/// Colours that a visitor's machine is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    Light,
    Dark,
}

impl Theme {
    /// As styles and file names call it.
    pub fn name(self) -> &'static str {
        match self {
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }
}

/// What a page is shown on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    Screen,
    Print,
}

/// A name of this machine whose pages are no secure context.
pub const PLAIN_HOST: &str = "school.test";

/// Somebody at a laptop without WebGPU.
pub const PLAIN: Visitor =
    Visitor { browser: Kind::Chromium, webgpu: false, dark: false, window: (1280, 900), traced: false };

/// Somebody at a laptop with Firefox.
pub const FIREFOX: Visitor = Visitor { browser: Kind::Firefox, ..PLAIN };

/// A running browser; closed when dropped.
pub struct Browser {
    pub driver: WebDriver,
    kind: Kind,
    process: DriverProcess,
    downloads: TempDir,
}

impl Browser {
    /// Starts the browser in a profile of its own, and the program that drives it.
    pub async fn start(visitor: Visitor) -> Self {
        let downloads = tempfile::tempdir().expect("a folder for downloads");
        let folder = downloads.path();
        let (process, capabilities): (_, Capabilities) = match visitor.browser {
            Kind::Chromium => (chromium::start_driver(), chromium::capabilities(visitor).into()),
            Kind::Firefox => (firefox::start_driver(), firefox::capabilities(visitor, folder).into()),
        };
        let driver = WebDriver::new(process.address(), capabilities).await.expect(
            "the browser did not start; CHROME and CHROMEDRIVER, FIREFOX and GECKODRIVER name the programs, \
             which must be of one version",
        );
        // axe-core on a long page takes Firefox longer than the usual half minute where other programs run.
        driver.set_script_timeout(Duration::from_secs(240)).await.expect("a time limit");
        match visitor.browser {
            Kind::Chromium => chromium::save_downloads_to(&driver, downloads.path()).await,
            Kind::Firefox => firefox::resize(&driver, &process, visitor.window).await,
        }
        Self { driver, kind: visitor.browser, process, downloads }
    }

    /// Where it saves files.
    pub fn downloads(&self) -> &Path {
        self.downloads.path()
    }

    /// Loads the page again, in the same profile.
    pub async fn reload(&self) {
        match self.kind {
            Kind::Chromium => self.driver.refresh().await.expect("the page opens again"),
            Kind::Firefox => firefox::reload(&self.driver).await,
        }
    }

    /// A picture of the whole page, PNG.
    pub async fn picture(&self) -> Vec<u8> {
        match self.kind {
            Kind::Chromium => chromium::picture(&self.driver).await,
            Kind::Firefox => firefox::picture(&self.driver).await,
        }
    }

    /// Shows the page in other colours or on paper, without what moves. Firefox keeps the visitor's colours.
    pub async fn emulate(&self, theme: Theme, media: Media) {
        if self.kind == Kind::Firefox {
            return;
        }
        let media = if media == Media::Print { "print" } else { "screen" };
        let features = [("prefers-color-scheme", theme.name()), ("prefers-reduced-motion", "reduce")]
            .map(|(name, value)| serde_json::json!({ "name": name, "value": value }));
        let wanted = serde_json::json!({ "media": media, "features": features });
        self.devtools("Emulation.setEmulatedMedia", wanted).await;
    }

    /// Every task of the page's own thread so far, where the visitor is traced.
    pub async fn tasks(&self) -> Vec<Task> {
        trace::tasks(&self.driver).await
    }

    /// What the browser complained about since the last call, each line begun with its level: `SEVERE` for errors.
    pub async fn console(&self) -> Vec<String> {
        match self.kind {
            Kind::Chromium => chromium::console(&self.driver).await,
            Kind::Firefox => self.process.said().iter().filter_map(|line| firefox::complaint(line)).collect(),
        }
    }

    /// Has this script run in every page before the page's own.
    pub async fn run_before_pages(&self, script: &str) {
        let source = serde_json::json!({ "source": script });
        self.devtools("Page.addScriptToEvaluateOnNewDocument", source).await;
    }

    /// A call of Chromium's own protocol.
    pub async fn devtools(&self, method: &str, parameters: serde_json::Value) -> serde_json::Value {
        assert_eq!(self.kind, Kind::Chromium, "{method} is of Chromium's own protocol");
        let answer = self.driver.cdp().send_raw(method, parameters).await;
        answer.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Largest resident memory that any process of a page has had, bytes; none where there is no `/proc`.
    pub fn peak_memory(&self) -> Option<u64> {
        memory::peak(self.process.id())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // thirtyfour would wait for an answer that the runtime of a failing test no longer fetches.
        self.process.close_session(&self.driver.session_id().to_string());
        let _ = self.driver.clone().leak();
    }
}
