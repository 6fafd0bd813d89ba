//! Engines that die: started again once with all that the visitor has, then the CPU, then a sentence.

use std::fs;
use std::os::unix::fs::symlink;

use crate::browser::{PLAIN, Visitor};
use crate::flows::copy_of_bundled;
use crate::page::{Page, Shown};
use crate::{SITE_PATH, repository, site, static_server};

const LOADER: &str = "worker_cpu_loader.js";
const GPU_LOADER: &str = "worker_gpu_loader.js";

/// Put before a worker's own code: an error that nobody catches, in the middle of whatever it does, when told to.
const FATE: &str = "new BroadcastChannel('worker').onmessage = () => setTimeout(() => { throw new Error('struck down') });\n";

/// The same for the WebGPU engine: its device is lost.
const GPU_FATE: &str = "const request = GPUAdapter.prototype.requestDevice;
GPUAdapter.prototype.requestDevice = async function (...wishes) {
    const device = await request.apply(this, wishes);
    new BroadcastChannel('device').onmessage = () => device.destroy();
    return device;
};
";

/// The site on a host of its own, whose CPU workers and graphics devices can be struck down.
struct Mortal {
    folder: tempfile::TempDir,
    address: String,
}

impl Mortal {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the site");
        for entry in fs::read_dir(repository().join("dist")).expect("the built site") {
            let entry = entry.expect("a file of the site");
            if ![LOADER, GPU_LOADER].iter().any(|loader| entry.file_name() == *loader) {
                symlink(entry.path(), folder.path().join(entry.file_name())).expect("a link to it");
            }
        }
        let host = static_server::Host {
            folder: folder.path().to_owned(),
            prefix: SITE_PATH,
            weights_per_second: None,
            is_compressed: false,
            headers: String::new(),
        };
        let host = static_server::start(host, 0).expect("a free port for the site");
        let mortal = Self { folder, address: format!("http://{host}{SITE_PATH}") };
        mortal.bring(LOADER, FATE);
        mortal.bring(GPU_LOADER, GPU_FATE);
        mortal
    }

    fn bring(&self, loader: &str, fate: &str) {
        let own = fs::read_to_string(repository().join("dist").join(loader)).expect("the worker's loader");
        fs::write(self.folder.path().join(loader), format!("{fate}{own}")).expect("a loader with a fate");
    }

    fn take_away(&self, loader: &str) {
        fs::remove_file(self.folder.path().join(loader)).expect("the loader goes");
    }
}

/// Strikes every `worker` or every `device`.
async fn strike(page: &Page, what: &str) {
    let _: bool = page.script(&format!("new BroadcastChannel('{what}').postMessage(''); return true;")).await;
}

fn are_both(status: &str) -> impl Fn(&Shown) -> bool {
    move |shown| shown.models.iter().all(|model| model.as_deref() == Some(status))
}

#[tokio::test]
async fn dead_workers_are_started_again_once_and_nothing_typed_or_loaded_is_lost() {
    let host = Mortal::new();
    let page = Page::open(PLAIN, &host.address).await;
    page.settled().await;
    let folder = copy_of_bundled("world-d48");
    page.pick_files("b", folder.path()).await;
    page.wait_for("the visitor's own files", |shown| {
        shown.is_settled() && shown.sources[1].as_deref().is_some_and(|source| source.starts_with("local"))
    })
    .await;
    page.type_prompt(0, "emma is the").await;
    let before = page.settled().await;

    // The models have answered already: only the verdict is computed again.
    strike(&page, "worker").await;
    page.choose_engine("cpu").await;
    page.says("notices", "What computes the verdict stopped and was started again").await;
    let after = page.settled().await;
    assert_eq!((&after.prompts, &after.scores), (&before.prompts, &before.scores));

    strike(&page, "worker").await;
    page.type_prompt(1, "emma is the big").await;
    let told = page.says("notices", "Model B: its engine stopped and is started again").await;
    assert!(told.contains("Model A: its engine stopped and is started again"), "{told}");
    assert!(told.contains("struck down") && told.contains("Your prompts are kept"), "{told}");
    let after = page.settled().await;
    assert_eq!(after.sources, before.sources, "the same models, the visitor's own files among them");
    assert_eq!(after.typed[..2], ["emma is the", "emma is the big"]);
    assert_eq!(after.prompts[0], before.prompts[0], "the same numbers as from the first engines");

    // Once more is one time too many: it is said, and waits for the visitor.
    strike(&page, "worker").await;
    page.type_prompt(1, "emma is the small").await;
    let left = page.wait_for("both engines are left stopped", are_both("failed")).await;
    for error in ["error-a", "error-b"] {
        assert!(left.errors[error].contains("stopped once more"), "{:?}", left.errors);
    }
    assert_eq!(left.typed[..2], ["emma is the", "emma is the small"]);
    for retry in ["retry-a", "retry-b"] {
        assert!(page.press(retry).await, "a way to ask for the model again");
    }
    let again = page.settled().await;
    assert_eq!(again.prompts[0], before.prompts[0]);
    assert_eq!(again.sources, before.sources);
}

#[tokio::test]
async fn a_worker_that_cannot_be_fetched_is_asked_for_twice_and_then_waits_for_the_visitor() {
    let host = Mortal::new();
    let page = Page::open(PLAIN, &host.address).await;
    page.settled().await;
    host.take_away(LOADER);
    strike(&page, "worker").await;
    page.type_prompt(0, "emma is the").await;
    let left = page.wait_for("both engines are given up", are_both("failed")).await;
    for error in ["error-a", "error-b"] {
        assert!(left.errors[error].contains("could not be fetched"), "{:?}", left.errors);
    }
    host.bring(LOADER, FATE);
    for retry in ["retry-a", "retry-b"] {
        assert!(page.press(retry).await, "a way to ask for the model again");
    }
    let again = page.settled().await;
    assert_eq!(again.typed[0], "emma is the");
}

/// WebGPU runs as little as it can: the prompts alone, on model A alone.
async fn on_webgpu(address: &str) -> Page {
    let page = Page::open(Visitor { webgpu: true, ..PLAIN }, &format!("{address}?lang=en")).await;
    page.made().await;
    page.choose("b", "twin:observed-only").await;
    page.wait_for("WebGPU takes over", is_on("webgpu")).await;
    page
}

fn is_on(engine: &'static str) -> impl Fn(&Shown) -> bool {
    move |shown| shown.is_settled() && shown.engines[0].as_deref() == Some(engine)
}

#[tokio::test]
async fn a_lost_graphics_device_is_opened_again_once_and_then_the_cpu_computes() {
    let host = Mortal::new();
    let page = on_webgpu(&host.address).await;
    strike(&page, "device").await;
    page.type_prompt(0, "emma is the").await;
    page.says("notices", "Model A: WebGPU stopped and is started again; until then the CPU computes").await;
    let again = page.wait_for("WebGPU is back", is_on("webgpu")).await;
    assert_eq!(again.typed[0], "emma is the");

    strike(&page, "device").await;
    page.type_prompt(0, "emma is the big").await;
    page.says("notices", "Model A: WebGPU stopped, and one restart did not mend it, so the CPU computes")
        .await;
    let on_cpu = page.wait_for("the CPU takes over", is_on("cpu")).await;
    assert_eq!(on_cpu.typed[0], "emma is the big");
    assert!(on_cpu.errors.is_empty(), "{:?}", on_cpu.errors);
    let sentence = on_cpu.engine_sentences[0].as_deref().unwrap_or_default();
    assert!(sentence.contains("stopped once more"), "{sentence}");
}

/// Whether the browser has WebGPU again after its graphics process has ended is its own affair: the answer comes.
#[tokio::test]
async fn a_browser_that_loses_its_graphics_process_still_answers() {
    let page = on_webgpu(&site()).await;
    page.crash_graphics().await;
    page.type_prompt(0, "emma is the").await;
    page.says("notices", "Model A: WebGPU stopped").await;
    let answer = page.settled().await;
    assert_eq!(answer.typed[0], "emma is the");
    assert!(answer.errors.is_empty(), "{:?}", answer.errors);
}
