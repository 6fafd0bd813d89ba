//! Engines that die: started again once with all that the visitor has, then the CPU, then a sentence.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use crate::browser::{PLAIN, Visitor};
use crate::flows::copy_of_bundled;
use crate::page::{Page, Shown};
use crate::{SITE_PATH, repository, site, static_server};

const LOADER: &str = "worker_cpu_loader.js";

/// Put before a worker's own code: an error that nobody catches, in the middle of whatever it does, when told to.
const FATE: &str =
    "new BroadcastChannel('fate').onmessage = () => setTimeout(() => { throw new Error('struck down') });\n";

/// The site on a host of its own, whose CPU workers can be struck down.
struct Mortal {
    folder: tempfile::TempDir,
    address: String,
}

impl Mortal {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the site");
        for entry in fs::read_dir(repository().join("dist")).expect("the built site") {
            let entry = entry.expect("a file of the site");
            if entry.file_name() != LOADER {
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
        mortal.bring_loader();
        mortal
    }

    fn loader(&self) -> PathBuf {
        self.folder.path().join(LOADER)
    }

    fn bring_loader(&self) {
        let own = fs::read_to_string(repository().join("dist").join(LOADER)).expect("the worker's loader");
        fs::write(self.loader(), format!("{FATE}{own}")).expect("a loader with a fate");
    }

    fn take_loader_away(&self) {
        fs::remove_file(self.loader()).expect("the loader goes");
    }
}

async fn strike_workers(page: &Page) {
    let _: bool = page.script("new BroadcastChannel('fate').postMessage(''); return true;").await;
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
    strike_workers(&page).await;
    page.choose_engine("cpu").await;
    page.says("notices", "What computes the verdict stopped and was started again").await;
    let after = page.settled().await;
    assert_eq!((&after.prompts, &after.scores), (&before.prompts, &before.scores));

    strike_workers(&page).await;
    page.type_prompt(1, "emma is the big").await;
    let told = page.says("notices", "Model B: its engine stopped and is started again").await;
    assert!(told.contains("Model A: its engine stopped and is started again"), "{told}");
    assert!(told.contains("struck down") && told.contains("Your prompts are kept"), "{told}");
    let after = page.settled().await;
    assert_eq!(after.sources, before.sources, "the same models, the visitor's own files among them");
    assert_eq!(after.typed[..2], ["emma is the", "emma is the big"]);
    assert_eq!(after.prompts[0], before.prompts[0], "the same numbers as from the first engines");

    // Once more is one time too many: it is said, and waits for the visitor.
    strike_workers(&page).await;
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
    host.take_loader_away();
    strike_workers(&page).await;
    page.type_prompt(0, "emma is the").await;
    let left = page.wait_for("both engines are given up", are_both("failed")).await;
    for error in ["error-a", "error-b"] {
        assert!(left.errors[error].contains("could not be fetched"), "{:?}", left.errors);
    }
    host.bring_loader();
    for retry in ["retry-a", "retry-b"] {
        assert!(page.press(retry).await, "a way to ask for the model again");
    }
    let again = page.settled().await;
    assert_eq!(again.typed[0], "emma is the");
}

#[tokio::test]
async fn a_lost_graphics_device_is_opened_again_once_and_then_the_cpu_computes() {
    let page = Page::open(Visitor { webgpu: true, ..PLAIN }, &site()).await;
    let on = |engine: &'static str| {
        move |shown: &Shown| {
            shown.is_settled() && shown.engines.iter().all(|of| of.as_deref() == Some(engine))
        }
    };
    page.wait_for("WebGPU takes over", on("webgpu")).await;

    page.crash_graphics().await;
    page.type_prompt(0, "emma is the").await;
    page.says("notices", "Model A: WebGPU stopped and is started again; until then the CPU computes").await;
    let again = page.wait_for("WebGPU is back", on("webgpu")).await;
    assert_eq!(again.typed[0], "emma is the");

    page.crash_graphics().await;
    page.type_prompt(0, "emma is the big").await;
    for model in ["Model A", "Model B"] {
        page.says("notices", &format!("{model}: WebGPU stopped a second time, so the CPU computes")).await;
    }
    let on_cpu = page.wait_for("the CPU takes over", on("cpu")).await;
    assert_eq!(on_cpu.typed[0], "emma is the big");
    assert!(on_cpu.errors.is_empty(), "{:?}", on_cpu.errors);
    for sentence in on_cpu.engine_sentences.iter().flatten() {
        assert!(sentence.contains("stopped once more"), "{sentence}");
    }
}
