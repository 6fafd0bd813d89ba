//! Chromium and ChromeDriver.

use std::env;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thirtyfour::prelude::*;
use thirtyfour::{ChromeCapabilities, ChromiumLikeCapabilities, LoggingPrefsLogLevel};

use super::driver_process::{DriverProcess, Program};
use super::{PLAIN_HOST, Visitor};

/// Starts ChromeDriver.
pub fn start_driver() -> DriverProcess {
    DriverProcess::start(&Program {
        variable: "CHROMEDRIVER",
        name: "chromedriver",
        arguments: &["--port=0"],
        before_port: "successfully on port ",
    })
}

/// A picture of the whole page, PNG.
pub async fn picture(driver: &WebDriver) -> Vec<u8> {
    let whole_page = serde_json::json!({ "captureBeyondViewport": true });
    let answer = driver.cdp().send_raw("Page.captureScreenshot", whole_page).await;
    let answer = answer.expect("a picture of the page");
    STANDARD.decode(answer["data"].as_str().unwrap_or_default()).expect("a picture in base64")
}

/// The console's new lines.
pub async fn console(driver: &WebDriver) -> Vec<String> {
    let entries = driver.browser_log().await.expect("the console");
    entries.into_iter().map(|entry| format!("{}: {}", entry.level, entry.message)).collect()
}

/// From now on downloads are saved to a folder without a question, programs too.
pub async fn save_downloads_to(driver: &WebDriver, folder: &Path) {
    let there = serde_json::json!({ "behavior": "allow", "downloadPath": folder });
    driver.cdp().send_raw("Browser.setDownloadBehavior", there).await.expect("a folder for downloads");
}

/// What a session with Chromium is asked for.
pub fn capabilities(visitor: Visitor) -> ChromeCapabilities {
    let mut capabilities = DesiredCapabilities::chrome();
    let (width, height) = visitor.window;
    let mut arguments = vec![
        "--headless".to_owned(),
        "--no-sandbox".to_owned(),
        // Containers have a small /dev/shm.
        "--disable-dev-shm-usage".to_owned(),
        format!("--window-size={width},{height}"),
        // An origin that browsers do not trust, as pages without encryption are: no caches, no WebGPU.
        format!("--host-resolver-rules=MAP {PLAIN_HOST} 127.0.0.1"),
        format!("--blink-settings=preferredColorScheme={}", if visitor.dark { 0 } else { 1 }),
    ];
    if visitor.webgpu {
        arguments.extend(
            [
                "--enable-unsafe-webgpu",
                "--use-webgpu-adapter=swiftshader",
                "--enable-features=Vulkan",
                "--use-vulkan=swiftshader",
                "--ignore-gpu-blocklist",
            ]
            .map(str::to_owned),
        );
    }
    for argument in &arguments {
        capabilities.add_arg(argument).expect("a browser argument");
    }
    if let Ok(chrome) = env::var("CHROME") {
        capabilities.set_binary(&chrome).expect("the browser's path");
    }
    if width < 500 {
        // Desktop windows are never this narrow.
        let metrics =
            serde_json::json!({ "deviceMetrics": { "width": width, "height": height, "pixelRatio": 2.0 } });
        capabilities.add_experimental_option("mobileEmulation", metrics).expect("a phone's screen");
    }
    if visitor.traced {
        let categories = serde_json::json!({ "traceCategories": "toplevel,blink.user_timing" });
        capabilities.add_experimental_option("perfLoggingPrefs", categories).expect("what is traced");
        capabilities.set_logging_prefs("performance", LoggingPrefsLogLevel::All).expect("a log level");
    }
    capabilities.set_browser_log_level(LoggingPrefsLogLevel::All).expect("a log level");
    capabilities
}
