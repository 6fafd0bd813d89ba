//! The service worker of a built site: the page without its host, a new version, a strict content security policy.

use std::fs;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::browser::{FIREFOX, PLAIN, Visitor};
use crate::page::Page;
use crate::{SITE_PATH, inline_script, repository, service_worker, static_server};

const LIMIT: Duration = Duration::from_secs(60);

/// A copy of the built site that tests may change, on a host that can be switched off.
struct Site {
    folder: tempfile::TempDir,
    gate: Gate,
}

impl Site {
    fn new(headers: String) -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        copy(&repository().join("dist"), folder.path());
        // As `cargo xtask build` does; on its own output both change nothing.
        inline_script::move_out(folder.path()).expect("a page");
        service_worker::write(folder.path()).expect("a service worker");
        let host = static_server::Host {
            folder: folder.path().to_owned(),
            prefix: SITE_PATH,
            weights_per_second: None,
            is_compressed: false,
            headers,
        };
        let gate = Gate::before(static_server::start(host, 0).expect("a free port for the site"));
        Self { folder, gate }
    }

    fn address(&self) -> String {
        format!("http://{}{SITE_PATH}", self.gate.address)
    }

    fn change(&self, file: &str, change: impl Fn(String) -> String) {
        let path = self.folder.path().join(file);
        let changed = change(fs::read_to_string(&path).expect("a text of the site"));
        fs::write(path, changed).expect("a changed file");
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("a file").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            fs::create_dir(&target).expect("a folder");
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a copied file");
        }
    }
}

/// Passes everything on to a host until it is closed; then nobody answers there any more.
struct Gate {
    address: SocketAddr,
    is_open: Arc<AtomicBool>,
    passing: Arc<Mutex<Vec<TcpStream>>>,
}

impl Gate {
    fn before(host: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (is_open, passing) = (Arc::new(AtomicBool::new(true)), Arc::new(Mutex::new(Vec::new())));
        let (open, all) = (is_open.clone(), passing.clone());
        thread::spawn(move || {
            for visitor in listener.incoming().flatten() {
                if !open.load(Ordering::SeqCst) {
                    continue;
                }
                let host = TcpStream::connect(host).expect("the host answers");
                for (from, to) in [(&visitor, &host), (&host, &visitor)] {
                    let (mut from, mut to) = (clone(from), clone(to));
                    thread::spawn(move || {
                        let _ = io::copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Both);
                    });
                }
                all.lock().expect("no panic").push(visitor);
            }
        });
        Self { address, is_open, passing }
    }

    fn close(&self) {
        self.is_open.store(false, Ordering::SeqCst);
        for visitor in self.passing.lock().expect("no panic").drain(..) {
            let _ = visitor.shutdown(Shutdown::Both);
        }
    }
}

fn clone(stream: &TcpStream) -> TcpStream {
    stream.try_clone().expect("a second handle")
}

/// Waits until everything that a first visit keeps is kept; gives its (number of files, bytes).
async fn kept(page: &Page) -> (usize, usize) {
    let start = Instant::now();
    loop {
        let read = "const name = (await caches.keys()).find(name => name.startsWith('all-or-none-site '));
             if (!name || !navigator.serviceWorker.controller) return [0, 0];
             let files = 0, bytes = 0;
             const cache = await caches.open(name);
             for (const request of await cache.keys()) {
                 files += 1;
                 bytes += (await (await cache.match(request)).arrayBuffer()).byteLength;
             }
             return [files, bytes];";
        let found: (usize, usize) = page.script(read).await;
        if found.0 > 0 {
            return found;
        }
        assert!(start.elapsed() < LIMIT, "no service worker is in charge: {:?}", page.console().await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Everything that the page and its workers asked for lies below the site.
async fn check_own_host(page: &Page) {
    let foreign: Vec<String> = page
        .script("return performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.startsWith(location.origin) && !n.startsWith('blob:'))")
        .await;
    assert_eq!(foreign, Vec::<String>::new(), "nothing is asked of other hosts");
}

#[tokio::test]
async fn the_page_works_after_its_host_has_gone() {
    check_without_host(PLAIN).await;
}

#[tokio::test]
async fn the_page_works_after_its_host_has_gone_in_firefox() {
    check_without_host(FIREFOX).await;
}

async fn check_without_host(visitor: Visitor) {
    let site = Site::new(String::new());
    let page = Page::open(visitor, &site.address()).await;
    page.settled().await;
    let (files, bytes) = kept(&page).await;
    println!("a first visit keeps {files} files, {bytes} bytes");
    // What is used later is kept then: another pair, in its own world.
    page.choose("a", "bundled:wugs-d16-s1").await;
    page.choose("b", "bundled:wugs-d16-s2").await;
    let shown = page.settled().await;
    check_own_host(&page).await;
    site.gate.close();

    page.reload().await;
    let first = page.settled().await;
    assert!(!first.is_stored, "computed by the worker");
    page.type_prompt(0, "emma is the").await;
    page.wait_for("a verdict on a new prompt", |shown| {
        shown.is_settled() && shown.prompts[0].text == "emma is the"
    })
    .await;
    page.choose("a", "bundled:wugs-d16-s1").await;
    page.choose("b", "bundled:wugs-d16-s2").await;
    let again = page.settled().await;
    assert_eq!(again.scores, shown.scores, "the same models as before");
    // One that nobody used is not there.
    page.choose("b", "bundled:wugs-d16-s3").await;
    page.wait_for("a failure that is told", |shown| shown.errors.contains_key("error-b")).await;

    let gone: bool = page.script("window.dispatchEvent(new Event('offline')); return true").await;
    assert!(gone);
    let said = page.says("site-notice", "offline").await;
    assert!(said.contains("still works"), "{said}");
    page.picture("offline").await;
    page.script::<bool>("document.querySelector('[data-testid=\"language-ja\"]').click(); return true").await;
    page.says("site-notice", "オフライン").await;

    // With parameters, and at the file's own name.
    page.go(&format!("{}index.html?lang=ja", site.address())).await;
    page.settled().await;
    page.says("provenance", "このブラウザで計算した").await;
}

#[tokio::test]
async fn a_new_version_is_offered_and_comes_when_it_is_asked_for() {
    let site = Site::new(String::new());
    let page = Page::open(PLAIN, &site.address()).await;
    page.settled().await;
    kept(&page).await;
    page.type_prompt(0, "emma is the").await;
    page.settled().await;
    let edition = "return document.querySelector('meta[name=edition]')?.content ?? 'first'";

    let second = "<head><meta name=\"edition\" content=\"second\">";
    site.change("index.html", |page| page.replace("<head>", second));
    service_worker::write(site.folder.path()).expect("a service worker");
    page.reload().await;
    assert_eq!(
        page.script::<String>(edition).await,
        "first",
        "the version that is kept, until it is asked for"
    );
    let said = page.says("site-notice", "new version").await;
    assert!(said.contains("Reload"), "{said}");
    page.picture("new-version").await;
    // Another tab of the old version hears of it, too.
    let first = page.open_tab(&site.address()).await;
    page.says("site-notice", "new version").await;
    take_new_version(&page, edition).await;
    let shown = page.settled().await;
    assert_eq!(shown.typed[0], "emma is the", "prompts are kept");
    let caches: Vec<String> = page.script("return await caches.keys()").await;
    let of_the_site = caches.iter().filter(|name| name.starts_with("all-or-none-site ")).count();
    assert_eq!(of_the_site, 1, "the old version is gone: {caches:?}");
    page.show_tab(first).await;
    assert_eq!(page.script::<String>(edition).await, "first", "nobody pressed a button here");
    take_new_version(&page, edition).await;

    page.settled().await;
    check_retirement(&site, &page).await;
}

/// Presses the button for as long as it is offered: a browser that still waits for the old version shows it once more.
async fn take_new_version(page: &Page, edition: &str) {
    let start = Instant::now();
    assert!(page.press("new-version-reload").await, "a new version is offered");
    while page.script::<String>(edition).await != "second" {
        assert!(start.elapsed() < LIMIT, "the new version does not come");
        tokio::time::sleep(Duration::from_secs(1)).await;
        page.press("new-version-reload").await;
    }
}

/// One of the next visits ends the worker, and its cache goes. Where the old worker still answers a page that has been
/// left, Chromium may let its successor wait for another visit.
async fn check_retirement(site: &Site, page: &Page) {
    service_worker::retire(site.folder.path()).expect("a retired worker");
    let start = Instant::now();
    loop {
        page.reload().await;
        // The browser asks for another worker one second after a page.
        for _ in 0..40 {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let left = left_of_the_site(page).await;
            if (left.0, left.1) == (0, 0) {
                return;
            }
            assert!(start.elapsed() < LIMIT, "(workers, caches, states) that are left: {left:?}");
        }
    }
}

/// Numbers of service workers and of caches, and what state the workers are in.
async fn left_of_the_site(page: &Page) -> (usize, usize, String) {
    let read = "const state = worker => worker?.state ?? 'none';
         const all = await navigator.serviceWorker.getRegistrations();
         const ours = (await caches.keys()).filter(name => name.startsWith('all-or-none-site '));
         const states = all.map(one => [one.installing, one.waiting, one.active].map(state).join());
         return [all.length, ours.length, states.join(' ')]";
    page.script(read).await
}

/// The policy is read from the recipe that people copy.
#[tokio::test]
async fn the_page_works_under_the_policy_of_the_deployment_recipe() {
    let recipe = fs::read_to_string(repository().join("docs/deployment.md")).expect("the recipe");
    let name = "Content-Security-Policy: ";
    let policy = recipe.lines().find_map(|line| line.trim().strip_prefix(name)).expect("a policy");
    assert!(policy.contains("script-src 'self' 'wasm-unsafe-eval'"), "no program of others: {policy}");
    let site = Site::new(format!("{name}{policy}\r\n"));
    let watch = "window.broken = []; addEventListener('securitypolicyviolation', event =>
         window.broken.push(`${event.violatedDirective}: ${event.blockedURI}`)); return true";
    let page = Page::open(PLAIN, &site.address()).await;
    let _: bool = page.script(watch).await;
    page.settled().await;
    kept(&page).await;
    page.choose("b", "twin:dark-unembedding").await;
    page.settled().await;
    let broken: Vec<String> = page.script("return window.broken").await;
    assert_eq!(broken, Vec::<String>::new());
    let complaints: Vec<_> =
        page.console().await.into_iter().filter(|line| line.contains("Content Security Policy")).collect();
    assert!(complaints.is_empty(), "{complaints:?}");
    // The policy is in force: a program that somebody slips in does not run.
    let ran: bool = page
        .script("const s = document.createElement('script'); s.textContent = 'window.slipped = true'; document.head.append(s); return window.slipped === true")
        .await;
    assert!(!ran);
}
