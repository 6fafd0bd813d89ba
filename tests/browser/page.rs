//! The page as a test sees it: everything on show as one value, and what a visitor can do.
//!
//! The only file that knows the page's `data-testid` names.

use std::path::Path;
use std::time::{Duration, Instant};

use serde::Deserialize;
use thirtyfour::WindowHandle;
use thirtyfour::prelude::*;

use crate::browser::by_role::{self, Role};
use crate::browser::{Browser, Media, Task, Theme, Visitor};

/// Long enough for two cores that also run the software WebGPU adapter.
const LIMIT: Duration = Duration::from_secs(300);
const POLL: Duration = Duration::from_millis(100);

/// Reads everything on show in one go, so that no two values come from different moments.
const READ: &str = r#"
const at = id => document.querySelector(`[data-testid="${id}"]`);
const text = id => at(id)?.textContent.trim() ?? null;
const optional = text => text === undefined || text === "" ? null : Number(text);
const number = (id, name) => optional(at(id)?.dataset[name]);
const listed = name => [...document.querySelectorAll(`[data-testid^="${name}-"]`)]
    .filter(item => /^\d+$/.test(item.dataset.testid.slice(name.length + 1)));
const value = id => at(id) ? Number(at(id).dataset.value) : null;
const codes = id => (at(id)?.dataset.codes ?? "").split(" ").filter(code => code);
const finding = id => at(`${id}-headline`) && {
    headline: text(`${id}-headline`), scope: text(`${id}-scope`), codes: codes(`${id}-reasons`),
};
const texts = [...document.querySelectorAll('[data-testid="divergences"] tbody th')].map(th => th.textContent.trim());
return {
    busy: document.querySelector(`.verdict--stale, .status--busy, .verdict[data-stored="true"]`) !== null,
    is_stored: at("verdict")?.dataset.stored === "true",
    status: text("status"),
    level: at("level")?.dataset.level ?? null,
    visible: finding("verdict-visible"),
    raw: finding("verdict-raw"),
    progress: ["a", "b"].map(m => text(`progress-${m}`)),
    engines: ["a", "b"].map(m => at(`engine-${m}`)?.dataset.engine ?? null),
    engine_sentences: ["a", "b"].map(m => text(`engine-${m}`)),
    self_tests: ["a", "b"].map(m => ["selfTestCpu", "selfTestWebgpu"]
        .map(engine => at(`engine-${m}`)?.dataset[engine]).map(nats => nats === undefined ? null : Number(nats))),
    models: ["a", "b"].map(m => at(`model-${m}`)?.dataset.status ?? null),
    sources: ["a", "b"].map(m => at(`source-${m}`)?.value ?? null),
    hub: ["a", "b"].map(m => ({
        typed: at(`hub-${m}`)?.value ?? null,
        note: text(`note-${m}`),
        done: number(`progress-${m}`, "done"),
        total: number(`progress-${m}`, "total"),
        rate: number(`progress-${m}`, "rate"),
        files: listed(`file-${m}`).map(file => ({
            name: file.dataset.name, done: Number(file.dataset.done), total: optional(file.dataset.total),
            cached: file.dataset.cached === "true",
        })),
        card: at(`card-${m}`) && {
            repository: at(`card-${m}`).dataset.repository ?? "", commit: at(`card-${m}`).dataset.commit ?? "",
            memory: optional(at(`card-${m}`).dataset.memory), stored: at(`card-${m}`).dataset.stored ?? null,
        },
    })),
    stored: listed("stored").map(entry => ({
        repository: entry.dataset.repository, bytes: Number(entry.dataset.bytes),
    })),
    link_asks: at("link-load") !== null,
    mirror: text("mirror"),
    mirror_is_wrong: at("mirror")?.matches(".error") ?? false,
    errors: Object.fromEntries(["link-error", "run-error", "prompt-error", "error-a", "error-b",
            "hub-error-a", "hub-error-b"]
        .filter(at).map(id => [id, text(id)])),
    typed: [...document.querySelectorAll('input[data-testid^="prompt-"]')].map(input => input.value),
    scores: Object.fromEntries(["parallelism", "relational", "subspace", "probing", "steering"]
        .flatMap(property => ["raw-a", "raw-b", "visible-a", "visible-b"].map(score => `${property}-${score}`))
        .concat("mean-kl-ab").filter(at).map(id => [id, value(id)])),
    chips: Object.fromEntries([...document.querySelectorAll(".chip")]
        .map(chip => [chip.dataset.testid, chip.textContent.trim()])),
    nearness: [...document.querySelectorAll('[data-testid="nearness"] li')].map(li => li.textContent.trim()),
    prompts: texts.map((text, i) => ({
        text,
        kl_ab: value(`kl-ab-${i}`), kl_ba: value(`kl-ba-${i}`), js: value(`js-${i}`), tv: value(`tv-${i}`),
        next: [...document.querySelectorAll(`[data-testid^="next-${i}-"]`)].map(row => ({
            token: row.dataset.token, log_prob_a: Number(row.dataset.logpA), log_prob_b: Number(row.dataset.logpB),
        })),
        places: [...document.querySelectorAll(`[data-testid="strip-${i}"] .strip__token`)].map(place => Number(place.dataset.js)),
    })),
};
"#;

/// Addresses in all caches and paths in the origin's private file system; nothing where there are neither.
const KEPT: &str = r#"
const kept = [];
if (self.caches) {
    for (const name of await caches.keys()) {
        // The site itself, which a service worker keeps.
        if (name.startsWith("all-or-none-site ")) continue;
        for (const request of await (await caches.open(name)).keys()) kept.push(`${name}: ${decodeURIComponent(request.url)}`);
    }
}
const walk = async (folder, path) => {
    for await (const [name, entry] of folder.entries()) {
        if (entry.kind === "directory") await walk(entry, `${path}${name}/`);
        else kept.push(decodeURIComponent(path + name));
    }
};
if (navigator.storage?.getDirectory) await walk(await navigator.storage.getDirectory(), "/");
return kept.sort();
"#;

/// Flips a byte of every cached answer whose address contains PART.
const DAMAGE: &str = r#"
let n = 0;
for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
        if (!decodeURIComponent(request.url).includes("PART")) continue;
        const answer = await cache.match(request);
        const bytes = new Uint8Array(await answer.arrayBuffer());
        bytes[bytes.length >> 1] ^= 64;
        await cache.put(request, new Response(bytes, { headers: answer.headers }));
        n += 1;
    }
}
return n;
"#;

/// What the loaded axe-core complains about, one line a place.
const AXE: &str = r#"
return axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations.flatMap(
    ({ id, help, nodes }) => nodes.map(({ target, html, any, all }) =>
        `${id} (${help}) at ${target.join(" ")}: ${html.slice(0, 160)} ${[...any, ...all].map(c => c.message).join("; ")}`)));
"#;

/// Everything on show.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Shown {
    /// Something is being computed or what is on show answers an older question.
    pub busy: bool,
    /// The verdict on show came with the page and waits to be replaced.
    pub is_stored: bool,
    pub status: Option<String>,
    pub level: Option<String>,
    pub visible: Option<Finding>,
    /// Shown where it differs from `visible`.
    pub raw: Option<Finding>,
    /// Bytes loaded so far, in words. Of A and B, as all pairs below.
    pub progress: [Option<String>; 2],
    pub engines: [Option<String>; 2],
    pub engine_sentences: [Option<String>; 2],
    /// Largest |Δ log p| of the CPU engine and of the WebGPU engine on the stored self-test, nats.
    pub self_tests: [[Option<f64>; 2]; 2],
    pub models: [Option<String>; 2],
    pub sources: [Option<String>; 2],
    /// What concerns the Hub.
    pub hub: [HubBox; 2],
    /// Models that this browser keeps.
    pub stored: Vec<Stored>,
    /// A link waits for a word before it loads what it names.
    pub link_asks: bool,
    /// Where models come from instead of the Hub, or why not.
    pub mirror: Option<String>,
    pub mirror_is_wrong: bool,
    pub errors: std::collections::BTreeMap<String, String>,
    /// What stands in the prompt boxes.
    pub typed: Vec<String>,
    pub scores: std::collections::BTreeMap<String, f64>,
    /// The verdict on each version of each property, in a few words.
    pub chips: std::collections::BTreeMap<String, String>,
    /// Sentences beside the coupled map.
    pub nearness: Vec<String>,
    pub prompts: Vec<PromptRow>,
}

/// One model's place, as far as the Hub is concerned.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct HubBox {
    pub typed: Option<String>,
    pub note: Option<String>,
    /// Bytes that are here, bytes that are needed, bytes per second.
    pub done: Option<u64>,
    pub total: Option<u64>,
    pub rate: Option<f64>,
    pub files: Vec<FileRow>,
    pub card: Option<Card>,
}

/// One file of a download.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct FileRow {
    pub name: String,
    pub done: u64,
    pub total: Option<u64>,
    pub cached: bool,
}

/// What the page says of a model that is ready.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Card {
    pub repository: String,
    pub commit: String,
    /// Largest memory of its worker while it was loaded, bytes.
    pub memory: Option<u64>,
    pub stored: Option<String>,
}

/// A model that this browser keeps.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Stored {
    pub repository: String,
    pub bytes: u64,
}

/// One finding of the verdict.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Finding {
    pub headline: String,
    pub scope: String,
    pub codes: Vec<String>,
}

/// Both distributions after one prompt.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PromptRow {
    pub text: String,
    pub kl_ab: f64,
    pub kl_ba: f64,
    pub js: f64,
    pub tv: f64,
    pub next: Vec<NextRow>,
    /// JS after each of its tokens, nats.
    pub places: Vec<f64>,
}

/// One candidate for the next token.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct NextRow {
    pub token: String,
    pub log_prob_a: f64,
    pub log_prob_b: f64,
}

impl Shown {
    /// Whether this repository stands ready in place `m`: 0 for A, 1 for B.
    pub fn is_ready_from(&self, m: usize, repository: &str) -> bool {
        self.models[m].as_deref() == Some("ready")
            && self.hub[m].card.as_ref().is_some_and(|card| card.repository == repository)
    }

    /// A verdict that answers exactly what is asked now.
    pub fn is_settled(&self) -> bool {
        let asked = self.typed.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
        let answered = self.prompts.iter().map(|prompt| prompt.text.as_str());
        !self.busy && self.visible.is_some() && !self.prompts.is_empty() && asked.eq(answered)
    }
}

/// The page in a browser of its own, which closes with it.
pub struct Page {
    browser: Browser,
}

impl Page {
    /// Opens an address in a fresh profile.
    pub async fn open(visitor: Visitor, address: &str) -> Self {
        let browser = Browser::start(visitor).await;
        browser.driver.goto(address).await.expect("the page opens");
        Self { browser }
    }

    /// The same, with a script that runs before the page's own.
    pub async fn open_watched(visitor: Visitor, address: &str, script: &str) -> Self {
        let browser = Browser::start(visitor).await;
        browser.run_before_pages(script).await;
        browser.driver.goto(address).await.expect("the page opens");
        Self { browser }
    }

    /// The first element with this role whose name, as the browser computes it, holds these words.
    pub async fn find_as(&self, role: Role, name: &str) -> WebElement {
        by_role::find(&self.browser.driver, role, name).await
    }

    /// Clicks it, as a visitor does.
    pub async fn click(&self, role: Role, name: &str) {
        let element = self.find_as(role, name).await;
        element.click().await.unwrap_or_else(|error| panic!("{role:?} {name:?} is clicked: {error}"));
    }

    /// Writes a text in place of what stands there.
    pub async fn write(&self, role: Role, name: &str, text: &str) {
        let element = self.find_as(role, name).await;
        element.send_keys(Key::Control + "a").await.expect("the old text is selected");
        element.send_keys(text).await.expect("the text is typed");
    }

    /// Shows the page in other colours or on paper, without what moves.
    pub async fn emulate(&self, theme: Theme, media: Media) {
        self.browser.emulate(theme, media).await;
    }

    /// Every task of the page's own thread so far, where the visitor is traced.
    pub async fn tasks(&self) -> Vec<Task> {
        self.browser.tasks().await
    }

    /// Goes to another address, in the same tab and profile.
    pub async fn visit(&self, address: &str) {
        self.browser.driver.goto(address).await.expect("the page opens");
    }

    /// Opens a shared comparison from a file.
    pub async fn open_file(&self, path: &Path) {
        let input = self.find("open-file").await;
        input.send_keys(path.to_string_lossy()).await.expect("a file is picked");
    }

    /// What axe-core complains about in what is on show: each rule with its places.
    pub async fn accessibility(&self) -> Vec<String> {
        let path =
            std::env::var("AXE").expect("AXE names axe-core's script; `cargo xtask test browser` sets it");
        let axe = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let _: bool = self.script(&format!("{axe}\n; return true;")).await;
        self.script(AXE).await
    }

    /// Everything on show.
    pub async fn shown(&self) -> Shown {
        self.script(READ).await
    }

    /// The value of a script, which may wait for something.
    pub async fn script<T: serde::de::DeserializeOwned>(&self, script: &str) -> T {
        // Chromium's driver would let a script wait anyhow, Firefox's would not.
        let script = format!("return (async () => {{ {script}\n }})();");
        let returned = self.browser.driver.execute(script, Vec::new()).await.expect("the script runs");
        returned.convert().expect("the script returns what is expected")
    }

    /// Waits until both models have their places: the page is made part by part.
    pub async fn made(&self) -> Shown {
        self.wait_for("the page", |shown| shown.models.iter().all(Option::is_some)).await
    }

    /// Waits for the verdict on what is asked now.
    pub async fn settled(&self) -> Shown {
        self.wait_for("a verdict on what is asked", Shown::is_settled).await
    }

    /// Waits until what is on show is as wanted; fails with all that is on show and a picture.
    pub async fn wait_for(&self, what: &str, wanted: impl Fn(&Shown) -> bool) -> Shown {
        self.wait_long_for(what, LIMIT, wanted).await
    }

    /// The same with a limit of its own.
    pub async fn wait_long_for(&self, what: &str, limit: Duration, wanted: impl Fn(&Shown) -> bool) -> Shown {
        let start = Instant::now();
        loop {
            let shown = self.shown().await;
            if wanted(&shown) {
                return shown;
            }
            if start.elapsed() > limit {
                self.picture("failed").await;
                let console = self.console().await.join("\n");
                panic!("waited {} s for {what}; on show: {shown:#?}\nconsole:\n{console}", limit.as_secs());
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Waits until the element with this test name says what is wanted; gives all that it says.
    pub async fn says(&self, testid: &str, wanted: &str) -> String {
        let start = Instant::now();
        loop {
            let read =
                format!("return document.querySelector('[data-testid=\"{testid}\"]')?.innerText ?? '';");
            let found: String = self.script(&read).await;
            if found.contains(wanted) {
                return found;
            }
            assert!(start.elapsed() < LIMIT, "{testid} says {found:?}, expected {wanted:?}");
            tokio::time::sleep(POLL).await;
        }
    }

    /// Replaces one prompt by typing.
    pub async fn type_prompt(&self, index: usize, text: &str) {
        let input = self.find(&format!("prompt-{index}")).await;
        input.send_keys(Key::Control + "a").await.expect("the old prompt is selected");
        input.send_keys(text).await.expect("the prompt is typed");
    }

    /// Chooses a model from a list: `a` or `b`, and the choice's value.
    pub async fn choose(&self, model: &str, source: &str) {
        let list = self.find(&format!("source-{model}")).await;
        // Notices at the window's foot lie over what is there.
        let to_the_middle = format!(
            "document.getElementById('source-{model}').scrollIntoView({{ block: 'center' }}); return true;"
        );
        let _: bool = self.script(&to_the_middle).await;
        let choice = list.find(By::Css(format!("option[value='{source}']"))).await;
        choice
            .unwrap_or_else(|_| panic!("model {model} offers {source}"))
            .click()
            .await
            .expect("a model is chosen");
    }

    /// Chooses a concept by its place in the list.
    pub async fn choose_concept(&self, index: usize) {
        let list = self.find("concept").await;
        let choice = list.find(By::Css(format!("option[value='{index}']"))).await;
        choice.expect("the list has that many concepts").click().await.expect("a concept is chosen");
    }

    /// Presses a button if it is there; says whether it was.
    pub async fn press(&self, testid: &str) -> bool {
        let press = format!(
            "const button = document.querySelector('[data-testid=\"{testid}\"]'); button?.click(); return !!button;"
        );
        self.script(&press).await
    }

    /// Gives up loading model `a` or `b`.
    pub async fn cancel(&self, model: &str) {
        self.find(&format!("cancel-{model}")).await.click().await.expect("the load is given up");
    }

    /// Chooses the engine: `auto`, `cpu` or `webgpu`.
    pub async fn choose_engine(&self, engine: &str) {
        self.find(&format!("engine-choice-{engine}")).await.click().await.expect("an engine is chosen");
    }

    /// Picks the files of a folder as model `a` or `b`.
    pub async fn pick_files(&self, model: &str, folder: &Path) {
        let mut paths: Vec<String> = std::fs::read_dir(folder)
            .expect("the model's folder")
            .map(|entry| entry.expect("a file").path().to_string_lossy().into_owned())
            .collect();
        paths.sort();
        let input = self.find(&format!("files-{model}")).await;
        input.send_keys(paths.join("\n")).await.expect("files are picked");
    }

    /// Types a model of the Hub for `a` or `b` and asks for it.
    pub async fn load_from_hub(&self, model: &str, text: &str) {
        let input = self.find(&format!("hub-{model}")).await;
        input.send_keys(Key::Control + "a").await.expect("the old text is selected");
        input.send_keys(text).await.expect("a repository is typed");
        assert!(
            self.press(&format!("hub-load-{model}")).await,
            "the page has a button that loads from the Hub"
        );
    }

    /// Unfolds a part of the page that is folded at first, or again to have it made anew.
    pub async fn unfold(&self, testid: &str) {
        let unfold = format!(
            "const part = document.querySelector('[data-testid=\"{testid}\"]');
             part.open = false; part.open = true; return true;"
        );
        let _: bool = self.script(&unfold).await;
    }

    /// Unfolds everything that is folded, and what is folded in it.
    pub async fn unfold_all(&self) {
        let unfold = "const folded = [...document.querySelectorAll('main details:not([open])')];
                      folded.forEach(part => part.open = true);
                      return folded.length;";
        while self.script::<usize>(unfold).await > 0 {
            tokio::time::sleep(POLL).await;
        }
    }

    /// The two repositories of a pair in the unfolded list.
    pub async fn curated_pair(&self, index: usize) -> Vec<String> {
        let names = format!(
            "const pair = document.querySelector('[data-testid=\"curated-pair-{index}\"]');
             return ['a', 'b'].map(m => pair.querySelector(`[data-testid^=\"curated-${{m}}-\"]`))
                 .map(button => button.dataset.testid.slice('curated-a-'.length));"
        );
        self.script(&names).await
    }

    /// Drops files or folders on the box of model `a` or `b`.
    pub async fn drop_on(&self, model: &str, paths: &[&Path]) {
        let middle = format!(
            "const box = document.querySelector('[data-testid=\"model-{model}\"]');
             box.scrollIntoView({{ block: 'center' }});
             const {{ x, y, width, height }} = box.getBoundingClientRect();
             return [x + width / 2, y + height / 2];"
        );
        let [x, y]: [f64; 2] = self.script(&middle).await;
        let files: Vec<_> = paths.iter().map(|path| path.to_string_lossy()).collect();
        let data = serde_json::json!({ "items": [], "files": files, "dragOperationsMask": 1 });
        for kind in ["dragEnter", "dragOver", "drop"] {
            let event = serde_json::json!({ "type": kind, "x": x, "y": y, "data": data });
            self.browser.devtools("Input.dispatchDragEvent", event).await;
        }
    }

    /// No more bytes than this can be kept for the page's origin.
    pub async fn limit_storage(&self, bytes: u64) {
        let origin: String = self.script("return location.origin").await;
        let quota = serde_json::json!({ "origin": origin, "quotaSize": bytes });
        self.browser.devtools("Storage.overrideQuotaForOrigin", quota).await;
    }

    /// Ends the process that computes for WebGPU: every page loses its device.
    pub async fn crash_graphics(&self) {
        self.browser.devtools("Browser.crashGpuProcess", serde_json::json!({})).await;
    }

    /// Addresses and paths of everything in the browser's caches and in its private file system.
    pub async fn kept(&self) -> Vec<String> {
        self.script(KEPT).await
    }

    /// Flips a byte in the middle of everything kept whose name contains `part`; gives how many there were.
    pub async fn damage(&self, part: &str) -> usize {
        self.script(&DAMAGE.replace("PART", part)).await
    }

    /// Largest memory that any renderer of this browser has had, bytes, where the system tells.
    pub fn peak_memory(&self) -> Option<u64> {
        self.browser.peak_memory()
    }

    /// Loads the page again, in the same profile.
    pub async fn reload(&self) {
        self.browser.reload().await;
    }

    /// Goes to another address in the same tab.
    pub async fn go(&self, address: &str) {
        self.browser.driver.goto(address).await.expect("the page opens");
    }

    /// Another address in a new tab, which is then on show; gives a way back.
    pub async fn open_tab(&self, address: &str) -> WindowHandle {
        let before = self.browser.driver.window().await.expect("a tab");
        let tab = self.browser.driver.new_tab().await.expect("a new tab");
        self.browser.driver.switch_to_window(tab).await.expect("the new tab is on show");
        self.browser.driver.goto(address).await.expect("the page opens");
        before
    }

    /// Shows a tab.
    pub async fn show_tab(&self, tab: WindowHandle) {
        self.browser.driver.switch_to_window(tab).await.expect("the tab is on show");
    }

    /// Where this browser saves files, without a question.
    pub fn downloads(&self) -> &Path {
        self.browser.downloads()
    }

    /// Picks a whole folder as model `a` or `b`.
    pub async fn pick_folder(&self, model: &str, folder: &Path) {
        let input = self.find(&format!("folder-{model}")).await;
        input.send_keys(folder.to_string_lossy()).await.expect("a folder is picked");
    }

    /// The share link.
    pub async fn share_link(&self) -> String {
        self.find("share-link").await.click().await.expect("the share button is clicked");
        let start = Instant::now();
        while start.elapsed() < LIMIT {
            let read = "return document.querySelector('[data-testid=\"share-url\"]')?.value ?? null";
            if let Some(link) = self.script::<Option<String>>(read).await {
                return link;
            }
            tokio::time::sleep(POLL).await;
        }
        panic!("no share link appeared");
    }

    /// Saves a picture of the whole page.
    pub async fn picture(&self, name: &str) {
        let picture = self.browser.picture().await;
        std::fs::write(crate::screenshots().join(format!("{name}.png")), picture).expect("a saved picture");
    }

    /// What the browser complained about since the last call.
    pub async fn console(&self) -> Vec<String> {
        self.browser.console().await
    }

    async fn find(&self, testid: &str) -> WebElement {
        let found = self.browser.driver.find(By::Css(format!("[data-testid='{testid}']"))).await;
        found.unwrap_or_else(|_| panic!("the page has no element with data-testid {testid}"))
    }
}
