//! Chromium under WebDriver: a fresh profile each time, and with the abilities that a flow needs.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use thirtyfour::prelude::*;
use thirtyfour::{ChromiumLikeCapabilities, LoggingPrefsLogLevel};

/// What the browser can do and how large its window is.
#[derive(Debug, Clone, Copy)]
pub struct Visitor {
    /// WebGPU on Chromium's software adapter; otherwise no adapter answers.
    pub webgpu: bool,
    /// The visitor's machine is set to dark colours.
    pub dark: bool,
    /// Width and height of the window, CSS pixels.
    pub window: (u32, u32),
}

/// A name of this machine whose pages are no secure context.
pub const PLAIN_HOST: &str = "school.test";

/// Somebody at a laptop without WebGPU.
pub const PLAIN: Visitor = Visitor { webgpu: false, dark: false, window: (1280, 900) };

/// A running browser; closed when dropped.
pub struct Chromium {
    pub driver: WebDriver,
    chromedriver: ChromeDriver,
}

impl Chromium {
    /// Starts ChromeDriver and, in a profile of its own, Chromium.
    pub async fn start(visitor: Visitor) -> Self {
        let chromedriver = ChromeDriver::start();
        let driver = WebDriver::new(chromedriver.address(), capabilities(visitor))
            .await
            .expect("Chromium did not start; CHROME and CHROMEDRIVER name the two programs and must be of one version");
        Self { driver, chromedriver }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // thirtyfour would wait for an answer that the runtime of a failing test no longer fetches.
        self.chromedriver.close_session(&self.driver.session_id().to_string());
        let _ = self.driver.clone().leak();
    }
}

impl Chromium {
    /// Largest resident memory that any process of a page has had, bytes; none where there is no `/proc`.
    pub fn peak_memory(&self) -> Option<u64> {
        let processes: Vec<Process> =
            fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| Process::read(&entry.path())).collect();
        let is_ours = |process: &Process| {
            let mut id = process.id;
            while let Some(parent) =
                processes.iter().find(|other| other.id == id).map(|process| process.parent)
            {
                if parent == self.chromedriver.process.id() {
                    return true;
                }
                id = parent;
            }
            false
        };
        processes
            .iter()
            .filter(|process| process.is_renderer && is_ours(process))
            .map(|process| process.peak)
            .max()
    }
}

/// One line of the system's list of processes.
struct Process {
    id: u32,
    parent: u32,
    is_renderer: bool,
    /// Bytes.
    peak: u64,
}

impl Process {
    fn read(folder: &Path) -> Option<Self> {
        let status = fs::read_to_string(folder.join("status")).ok()?;
        let number = |name: &str| -> Option<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            line.split_whitespace().next()?.parse().ok()
        };
        let command = fs::read_to_string(folder.join("cmdline")).ok()?;
        Some(Self {
            id: number("Pid")? as u32,
            parent: number("PPid")? as u32,
            is_renderer: command.contains("--type=renderer"),
            peak: number("VmHWM")? * 1024,
        })
    }
}

fn capabilities(visitor: Visitor) -> thirtyfour::ChromeCapabilities {
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
    if visitor.window.0 < 500 {
        // Desktop windows are never this narrow.
        let metrics =
            serde_json::json!({ "deviceMetrics": { "width": width, "height": height, "pixelRatio": 2.0 } });
        capabilities.add_experimental_option("mobileEmulation", metrics).expect("a phone's screen");
    }
    capabilities.set_browser_log_level(LoggingPrefsLogLevel::All).expect("a log level");
    capabilities
}

/// A ChromeDriver process on a port of its own choice.
struct ChromeDriver {
    process: Child,
    port: u16,
}

impl ChromeDriver {
    /// One that starts beside others may lose the port that it chose to one of them: it is started again.
    fn start() -> Self {
        const TRIES: usize = 5;
        let program = env::var("CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".to_owned());
        let mut said = Vec::new();
        for _ in 0..TRIES {
            match Self::try_start(&program) {
                Ok(driver) => return driver,
                Err(output) => said.push(output),
            }
        }
        panic!("{program} ended {TRIES} times without naming its port; it said:\n{}", said.join("\n"))
    }

    /// What it said instead where it ends without naming its port.
    fn try_start(program: &str) -> Result<Self, String> {
        let mut process = Command::new(program)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("could not start {program}: {error}; install it or set CHROMEDRIVER")
            });
        let mut lines = BufReader::new(process.stdout.take().expect("ChromeDriver's output")).lines();
        let mut said = Vec::new();
        for line in lines.by_ref().map_while(Result::ok) {
            let port = line.rsplit_once("successfully on port ").map(|(_, port)| port.trim_end_matches('.'));
            if let Some(port) = port.and_then(|port| port.parse().ok()) {
                // Read on, or ChromeDriver would stop at a full pipe.
                std::thread::spawn(move || lines.for_each(drop));
                return Ok(Self { process, port });
            }
            said.push(line);
        }
        let _ = process.wait();
        Err(said.join("\n"))
    }

    fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends the browser of a session; one that has ended already is fine too.
    fn close_session(&self, id: &str) {
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
            let _ = write!(
                stream,
                "DELETE /session/{id} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
            );
            // ChromeDriver answers when the browser has ended, and then keeps the connection.
            let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
            let _ = stream.read(&mut [0]);
        }
    }
}

impl Drop for ChromeDriver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
