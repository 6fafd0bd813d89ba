//! Firefox and geckodriver.

use std::env;
use std::path::Path;
use std::time::Duration;

use thirtyfour::FirefoxCapabilities;
use thirtyfour::common::capabilities::firefox::FirefoxPreferences;
use thirtyfour::extensions::addons::firefox::FirefoxTools;
use thirtyfour::prelude::*;

use super::driver_process::{DriverProcess, Program};
use super::{PLAIN_HOST, Visitor};

/// Starts geckodriver.
pub fn start_driver() -> DriverProcess {
    DriverProcess::start(&Program {
        variable: "GECKODRIVER",
        name: "geckodriver",
        arguments: &["--port=0", "--websocket-port=0", "--allow-system-access"],
        before_port: "Listening on 127.0.0.1:",
    })
}

/// A picture of the whole page, PNG.
pub async fn picture(driver: &WebDriver) -> Vec<u8> {
    let picture = FirefoxTools::new(driver.handle().clone()).full_screenshot_as_png().await;
    picture.expect("a picture of the page")
}

/// Loads the page again as a visitor does: WebDriver would go past its service worker.
pub async fn reload(driver: &WebDriver) {
    const TRIES: usize = 600;
    let leave = "window.isLeft = true; location.reload();";
    driver.execute(leave, Vec::new()).await.expect("the page is loaded again");
    let is_back = "return !window.isLeft && document.readyState === 'complete';";
    for _ in 0..TRIES {
        // Between two pages there is nobody to answer.
        let found = driver.execute(is_back, Vec::new()).await;
        if found.is_ok_and(|found| found.convert::<bool>().is_ok_and(|is_back| is_back)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the page does not open again");
}

/// A line of Firefox's output as a line of the console, if it is an error of the page.
pub fn complaint(line: &str) -> Option<String> {
    // Firefox also writes of its own troubles, such as hosts of its maker that do not answer.
    let is_ours = line.starts_with("JavaScript error: http")
        || line.starts_with("console.error: ") && line.contains("panicked");
    is_ours.then(|| format!("SEVERE: {line}"))
}

/// Makes the window, bars excepted, as large as the visitor's, which may be a phone's screen.
pub async fn resize(driver: &WebDriver, process: &DriverProcess, window: (u32, u32)) {
    const TRIES: usize = 20;
    let context = format!("/session/{}/moz/context", driver.session_id());
    let (width, height) = window;
    // Desktop windows are never as narrow as a phone, unless the browser's own page is told, which takes a moment.
    let resize = format!(
        "document.documentElement.style.minWidth = '0';
         document.documentElement.setAttribute('chromehidden', 'toolbar location');
         window.resizeTo({width}, {height} + window.outerHeight - gBrowser.selectedBrowser.clientHeight);
         return gBrowser.selectedBrowser.clientWidth;"
    );
    process.ask("POST", &context, r#"{"context":"chrome"}"#);
    for _ in 0..TRIES {
        let found = driver.execute(&resize, Vec::new()).await.expect("the window is resized");
        if found.convert::<u32>().is_ok_and(|found| found == width) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    process.ask("POST", &context, r#"{"context":"content"}"#);
}

/// What a session with Firefox is asked for.
pub fn capabilities(visitor: Visitor, downloads: &Path) -> FirefoxCapabilities {
    let mut capabilities = DesiredCapabilities::firefox();
    capabilities.add_arg("--headless").expect("a browser argument");
    if let Ok(firefox) = env::var("FIREFOX") {
        capabilities.set_firefox_binary(&firefox).expect("the browser's path");
    }
    let mut preferences = FirefoxPreferences::new();
    let mut set = |name: &str, value: serde_json::Value| {
        preferences.set(name, value).expect("a preference");
    };
    // The console is read from Firefox's output.
    set("devtools.console.stdout.content", true.into());
    set("layout.css.prefers-color-scheme.content-override", i32::from(!visitor.dark).into());
    // An origin that browsers do not trust, as pages without encryption are: no caches.
    set("network.dns.localDomains", PLAIN_HOST.into());
    // 2: the folder that is named.
    set("browser.download.folderList", 2.into());
    set("browser.download.dir", downloads.to_string_lossy().into());
    set("browser.download.always_ask_before_handling_new_types", false.into());
    set("browser.download.alwaysOpenPanel", false.into());
    capabilities.set_preferences(preferences).expect("preferences");
    capabilities
}
