//! Everything the page knows, as one struct of signals. Panels read it; only the session writes results into it.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_i18n::td_string;

use super::download::Download;
use super::failure::{Failure, Fault};
use super::family::Family;
use super::faults;
use super::recovery::Recovery;
use super::shelf::Shelf;
use super::undo::Undo;
use super::world::{FIRST_WORLD, World};
use crate::browser::engine_client::Loaded;
use crate::browser::webgpu::NoAdapter;
use crate::hub::address::{MirrorError, mirror};
use crate::hub::{Address, HUB};
use crate::lab::catalogue::{CatalogueModel, Role};
use crate::lab::opening;
use crate::lab::permalink::Shared;
use crate::lab::{Concept, EngineKind, Experiment, ModelSource, Report, Thresholds};
use crate::text::Locale;
use crate::text::numbers::number;

/// Model A or model B.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Slot {
    /// Model A.
    A,
    /// Model B.
    B,
}

impl Slot {
    /// `a` or `b`, for class names and test names.
    pub fn letter(self) -> &'static str {
        match self {
            Slot::A => "a",
            Slot::B => "b",
        }
    }

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Slot::A => Slot::B,
            Slot::B => Slot::A,
        }
    }
}

/// A model's place, as people read it.
pub fn slot_name(locale: Locale, slot: Slot) -> &'static str {
    match slot {
        Slot::A => td_string!(locale, page.model_a),
        Slot::B => td_string!(locale, page.model_b),
    }
}

/// Where a model stands.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelStatus {
    /// Nothing was asked yet.
    Empty,
    /// A link asks for a model that must be downloaded; the visitor has not agreed yet.
    Asking,
    /// Bytes are arriving, see [`ModelState::download`].
    Loading,
    /// Ready to run on the CPU engine.
    Ready(Loaded),
    /// Built from model A; nothing to load.
    Twin,
    /// The visitor stopped the load.
    Cancelled,
    /// The load failed.
    Failed(Failure),
}

/// Where the comparison stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Phase {
    /// A model is missing.
    Waiting,
    /// Networks run.
    Observing,
    /// The lab computes.
    Analyzing {
        /// How much of it is done, in [0, 1].
        share: f64,
    },
    /// The visitor stopped it.
    Stopped,
    /// The report on show answers what is asked.
    Done {
        /// Milliseconds from request to report.
        elapsed_millis: f64,
    },
    /// No report for what is asked.
    Failed(Failure),
}

impl Phase {
    /// Something is being computed.
    pub fn is_busy(&self) -> bool {
        matches!(self, Phase::Observing | Phase::Analyzing { .. })
    }
}

/// Which engine the visitor wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineChoice {
    /// CPU first, WebGPU once it has shown that it gives the right numbers.
    Auto,
    /// The CPU only.
    Cpu,
    /// WebGPU, whatever its speed.
    WebGpu,
}

/// What is known of the browser's WebGPU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Adapter {
    /// Asked, no answer yet.
    Asking,
    /// There is one.
    Found,
    /// There is none, and why.
    Absent(NoAdapter),
}

/// Where the WebGPU engine of one model stands.
#[derive(Debug, Clone, PartialEq)]
pub enum GpuEngine {
    /// Not fetched.
    Unused,
    /// Not fetched either: the model's files would be downloaded a second time.
    Spared,
    /// Being fetched and tested.
    Starting,
    /// Usable.
    Ready {
        /// Largest difference from the stored log-probabilities, nats; absent where none are stored.
        self_test: Option<f64>,
    },
    /// Not usable, and why.
    Refused(Fault),
}

/// Where models of the Hub come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// The Hub's address or a mirror's, ending in `/`.
    pub base: String,
    /// What is wrong with the mirror that this page's address names; the Hub takes its place.
    pub error: Option<MirrorError>,
}

impl Default for Mirror {
    fn default() -> Self {
        Self { base: HUB.into(), error: None }
    }
}

impl Mirror {
    /// From the value of `?mirror=` in the page's address.
    pub fn parse(wanted: Option<&str>) -> Self {
        match wanted.map(mirror) {
            None => Self::default(),
            Some(Ok(base)) => Self { base, error: None },
            Some(Err(error)) => Self { error: Some(error), ..Self::default() },
        }
    }

    /// One sentence for the visitor; none where nothing was asked for.
    pub fn sentence(&self, locale: Locale) -> Option<String> {
        match &self.error {
            Some(error) => Some(td_string!(locale, page.mirror.wrong, error = faults::mirror(locale, error))),
            None if self.base == HUB => None,
            None => Some(td_string!(locale, page.mirror.from, base = self.base.clone())),
        }
    }
}

/// What a visitor must know of the link that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkNote {
    /// It was made by a page of a newer version, and only its question could be read.
    Newer(u32),
    /// It asks for so many concepts, and this page tests one.
    ManyConcepts(usize),
    /// The file of this name was not read: it is too large, or else gone or no text.
    Unread {
        /// Its name.
        name: String,
        /// Too large, that is.
        too_large: bool,
    },
    /// One of its models cannot be had.
    Gone {
        /// `A` or `B`.
        model: &'static str,
        /// What the link calls it.
        name: String,
        /// What takes its place; absent where the bundled pair takes both.
        stands_in: Option<String>,
    },
}

/// One prompt of the visitor's, with an identity of its own so that typing in one never disturbs another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// Never reused.
    pub id: u32,
    /// As typed.
    pub text: String,
}

impl Prompt {
    /// It says nothing, and is not run.
    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// The texts of prompts that say something, in order.
fn said(prompts: &[Prompt]) -> impl Iterator<Item = &String> {
    prompts.iter().filter(|prompt| !prompt.is_blank()).map(|prompt| &prompt.text)
}

/// The signals of one model.
#[derive(Clone, Copy)]
pub struct ModelState {
    /// Which model.
    pub slot: Slot,
    /// What the visitor chose.
    pub source: RwSignal<ModelSource>,
    /// Where it stands.
    pub status: RwSignal<ModelStatus>,
    /// How far its last load came.
    pub download: RwSignal<Download>,
    /// Most memory that its CPU engine has had, bytes; 0 where that is not known.
    pub memory: RwSignal<u64>,
    /// Its WebGPU engine.
    pub gpu: RwSignal<GpuEngine>,
    /// What stands in the box for models of the Hub.
    pub typed: RwSignal<String>,
    /// What is wrong with it.
    pub wrong: RwSignal<Option<Fault>>,
}

impl ModelState {
    fn new(slot: Slot, name: &str) -> Self {
        Self {
            slot,
            source: RwSignal::new(ModelSource::Bundled { name: name.into() }),
            status: RwSignal::new(ModelStatus::Empty),
            download: RwSignal::new(Download::default()),
            memory: RwSignal::new(0),
            gpu: RwSignal::new(GpuEngine::Unused),
            typed: RwSignal::new(String::new()),
            wrong: RwSignal::new(None),
        }
    }

    /// Another model: a model of the Hub is also put into its box, where it can be changed.
    pub fn show_source(&self, source: ModelSource) {
        if let ModelSource::Hub { repository, commit, .. } = &source {
            let address = Address { repository: repository.clone(), revision: commit.clone() };
            self.typed.set(address.to_string());
        }
        self.wrong.set(None);
        self.source.set(source);
    }

    /// Largest |log p − stored log p| on the self-test of the CPU engine, nats; none where nothing is stored.
    pub fn cpu_self_test(&self) -> Option<f64> {
        match &*self.status.read() {
            ModelStatus::Ready(loaded) => loaded.self_test,
            _ => None,
        }
    }

    /// The same for the WebGPU engine; none where it has not run.
    pub fn gpu_self_test(&self) -> Option<f64> {
        match *self.gpu.read() {
            GpuEngine::Ready { self_test } => self_test,
            _ => None,
        }
    }

    /// How closely the engines reproduce the stored log-probabilities, in words; nothing where none are stored.
    pub fn self_test_sentence(&self, locale: Locale) -> Option<String> {
        let of = |engine: &'static str, deviation: Option<f64>| {
            deviation.map(|nats| td_string!(locale, page.self_test.within, engine, nats = number(nats)))
        };
        let tests: Vec<String> = [of("CPU", self.cpu_self_test()), of("WebGPU", self.gpu_self_test())]
            .into_iter()
            .flatten()
            .collect();
        let model = slot_name(locale, self.slot);
        let tests = (!tests.is_empty()).then(|| tests.join(td_string!(locale, models.separator)));
        tests.map(|tests| td_string!(locale, page.self_test.of_model, model, tests))
    }
}

/// The signals of the page.
#[derive(Clone, Copy)]
pub struct Page {
    /// Model A.
    pub a: ModelState,
    /// Model B.
    pub b: ModelState,
    /// Models that come with the page.
    pub bundled: RwSignal<Vec<CatalogueModel>>,
    /// Where models of the Hub come from.
    pub mirror: StoredValue<Mirror>,
    /// What this browser keeps.
    pub shelf: RwSignal<Shelf>,
    /// Distances within the trained family, once they are there.
    pub family: RwSignal<Option<Arc<Family>>>,
    /// The visitor's prompts.
    pub prompts: RwSignal<Vec<Prompt>>,
    /// What was removed or replaced last, and can be taken back.
    pub undo: RwSignal<Option<Undo>>,
    /// The concept whose properties are tested.
    pub concept: RwSignal<Option<Concept>>,
    /// Seed of every draw.
    pub seed: RwSignal<u64>,
    /// Thresholds of the verdict.
    pub thresholds: RwSignal<Thresholds>,
    /// What the visitor wants to run on.
    pub engine_choice: RwSignal<EngineChoice>,
    /// What WebGPU answered.
    pub adapter: RwSignal<Adapter>,
    /// Texts, concepts and presets that come with the page.
    pub world: RwSignal<Option<World>>,
    /// Concepts for vocabularies of real English models, once they are there.
    pub english: RwSignal<Vec<Concept>>,
    /// Where the comparison stands.
    pub phase: RwSignal<Phase>,
    /// Engines that died and go on.
    pub recovered: RwSignal<Vec<Recovery>>,
    /// The last report.
    pub report: RwSignal<Option<Arc<Report>>>,
    /// The report on show came with the page; the live one is not there yet.
    pub is_stored: RwSignal<bool>,
    /// The verdict of the stored report stands in the page, and the report is on its way.
    pub awaits_stored: RwSignal<bool>,
    /// What is wrong with the link that was opened.
    pub link_error: RwSignal<Option<Fault>>,
    /// What the link or file that was opened last shares.
    pub linked: RwSignal<Option<Arc<Shared>>>,
    /// What must be said of it.
    pub link_notes: RwSignal<Vec<LinkNote>>,
}

impl Page {
    /// The page before anything has answered.
    pub fn new() -> Self {
        let bundled = first_pair();
        Self {
            a: ModelState::new(Slot::A, &bundled[0].name),
            b: ModelState::new(Slot::B, &bundled[1].name),
            bundled: RwSignal::new(bundled.into()),
            mirror: StoredValue::new(Mirror::default()),
            shelf: RwSignal::new(Shelf::default()),
            family: RwSignal::new(None),
            prompts: RwSignal::new(Vec::new()),
            undo: RwSignal::new(None),
            concept: RwSignal::new(None),
            seed: RwSignal::new(1),
            thresholds: RwSignal::new(Thresholds::default()),
            engine_choice: RwSignal::new(EngineChoice::Auto),
            adapter: RwSignal::new(Adapter::Asking),
            world: RwSignal::new(None),
            english: RwSignal::new(Vec::new()),
            phase: RwSignal::new(Phase::Waiting),
            recovered: RwSignal::new(Vec::new()),
            report: RwSignal::new(None),
            is_stored: RwSignal::new(false),
            awaits_stored: RwSignal::new(false),
            link_error: RwSignal::new(None),
            linked: RwSignal::new(None),
            link_notes: RwSignal::new(Vec::new()),
        }
    }

    /// The signals of one model.
    pub fn model(&self, slot: Slot) -> ModelState {
        match slot {
            Slot::A => self.a,
            Slot::B => self.b,
        }
    }

    /// Whether this browser keeps the files of a model of the Hub; none for other models.
    pub fn is_kept(&self, model: ModelState) -> Option<bool> {
        model.source.with(|source| match source {
            ModelSource::Hub { repository, commit: Some(commit), .. } => Some(self.keeps(repository, commit)),
            ModelSource::Hub { commit: None, .. } => Some(false),
            _ => None,
        })
    }

    /// Whether this browser keeps a commit of a repository.
    pub fn keeps(&self, repository: &str, commit: &str) -> bool {
        self.shelf.with(|shelf| shelf.find(repository, commit).is_some())
    }

    /// Every prompt, in order, blank ones too.
    pub fn all_prompt_texts(&self) -> Vec<String> {
        self.prompts.with_untracked(|prompts| prompts.iter().map(|p| p.text.clone()).collect())
    }

    /// Prompts that say something, in order.
    pub fn prompt_texts(&self) -> Vec<String> {
        self.prompts.with_untracked(|prompts| said(prompts).cloned().collect())
    }

    /// Whether this is what the visitor asks now.
    pub fn asks(&self, experiment: &Experiment) -> bool {
        self.a.source.with(|source| *source == experiment.model_a)
            && self.b.source.with(|source| *source == experiment.model_b)
            && self.concept.with(|concept| concept.as_ref() == experiment.concepts.first())
            && self.prompts.with(|prompts| said(prompts).eq(&experiment.prompts))
    }

    /// Replaces all prompts.
    pub fn set_prompts(&self, texts: impl IntoIterator<Item = String>) {
        let first = self.next_prompt_id();
        let prompts = (first..).zip(texts).map(|(id, text)| Prompt { id, text }).collect();
        self.prompts.set(prompts);
        if self.removed().is_some() {
            self.undo.set(None);
        }
    }

    /// Adds a prompt at the end.
    pub fn add_prompt(&self, text: String) {
        let id = self.next_prompt_id();
        self.prompts.update(|prompts| prompts.push(Prompt { id, text }));
    }

    /// Changes one prompt's text.
    pub fn edit_prompt(&self, id: u32, text: String) {
        self.prompts.update(|prompts| {
            if let Some(prompt) = prompts.iter_mut().find(|prompt| prompt.id == id) {
                prompt.text = text;
            }
        });
    }

    /// Takes one prompt away and remembers it for [`Page::undo_remove`].
    pub fn remove_prompt(&self, id: u32) {
        let Some(index) = self.prompts.with_untracked(|prompts| prompts.iter().position(|p| p.id == id))
        else {
            return;
        };
        let mut gone = None;
        self.prompts.update(|prompts| gone = Some(prompts.remove(index)));
        self.undo.set(gone.map(|prompt| Undo::Prompt { index, prompt }));
    }

    /// Puts the last removed prompt back where it was.
    pub fn undo_remove(&self) {
        if let Some((index, prompt)) = self.removed() {
            self.prompts.update(|prompts| prompts.insert(index.min(prompts.len()), prompt));
            self.undo.set(None);
        }
    }

    fn removed(&self) -> Option<(usize, Prompt)> {
        self.undo.with_untracked(|undo| match undo {
            Some(Undo::Prompt { index, prompt }) => Some((*index, prompt.clone())),
            _ => None,
        })
    }

    fn next_prompt_id(&self) -> u32 {
        let used = self.prompts.with_untracked(|prompts| prompts.iter().map(|p| p.id).max());
        let removed = self.removed().map(|(_, prompt)| prompt.id);
        used.max(removed).map_or(0, |id| id + 1)
    }
}

impl Default for Page {
    fn default() -> Self {
        Self::new()
    }
}

/// The pair that the page opens with, known before any list of models has arrived.
pub(super) fn first_pair() -> [CatalogueModel; 2] {
    [(opening::PAIR[0], 32, 1), (opening::PAIR[1], 48, 2)].map(|(name, width, seed)| CatalogueModel {
        name: name.into(),
        world: FIRST_WORLD.into(),
        label: format!("World model, width {width} (bundled)"),
        architecture: "llama".into(),
        width,
        seed: Some(seed),
        teacher: None,
        role: Role::Trained,
    })
}

/// The page's signals, wherever a panel needs them.
pub fn use_page() -> Page {
    expect_context::<Page>()
}

/// Why an engine gave the numbers on show: one sentence for the engine line.
pub fn why(
    locale: Locale,
    kind: EngineKind,
    choice: EngineChoice,
    adapter: &Adapter,
    gpu: &GpuEngine,
) -> String {
    match kind {
        EngineKind::Twin => td_string!(locale, page.engine.of_twin).to_owned(),
        EngineKind::Cpu if choice == EngineChoice::Cpu => td_string!(locale, page.engine.chosen).to_owned(),
        EngineKind::Cpu => why_not_webgpu(locale, choice, adapter, gpu),
        EngineKind::WebGpu => why_webgpu(locale, choice == EngineChoice::WebGpu, gpu),
    }
}

fn why_not_webgpu(locale: Locale, choice: EngineChoice, adapter: &Adapter, gpu: &GpuEngine) -> String {
    let reason = match (adapter, gpu) {
        (Adapter::Absent(why), _) => {
            return td_string!(locale, page.engine.absent, why = faults::adapter(locale, *why));
        }
        (Adapter::Found, GpuEngine::Refused(fault)) => {
            return td_string!(locale, page.engine.refused, why = fault.words(locale));
        }
        (Adapter::Asking, _) => td_string!(locale, page.engine.asking),
        (Adapter::Found, GpuEngine::Unused | GpuEngine::Starting) => td_string!(locale, page.engine.starting),
        (Adapter::Found, GpuEngine::Spared) => td_string!(locale, page.engine.spared),
        (Adapter::Found, GpuEngine::Ready { self_test: None }) if choice == EngineChoice::Auto => {
            td_string!(locale, page.engine.untested)
        }
        (Adapter::Found, GpuEngine::Ready { .. }) => td_string!(locale, page.engine.taking_over),
    };
    reason.to_owned()
}

fn why_webgpu(locale: Locale, is_chosen: bool, gpu: &GpuEngine) -> String {
    match (gpu, is_chosen) {
        (GpuEngine::Ready { self_test: Some(deviation) }, true) => {
            td_string!(locale, page.engine.chosen_passed, nats = number(*deviation))
        }
        (GpuEngine::Ready { self_test: Some(deviation) }, false) => {
            td_string!(locale, page.engine.passed, nats = number(*deviation))
        }
        (GpuEngine::Ready { self_test: None }, true) => {
            td_string!(locale, page.engine.chosen_no_test).to_owned()
        }
        (GpuEngine::Ready { self_test: None }, false) => td_string!(locale, page.engine.no_test).to_owned(),
        // Another engine is on its way, or the CPU computes already.
        (GpuEngine::Unused | GpuEngine::Spared | GpuEngine::Starting | GpuEngine::Refused(_), _) => {
            td_string!(locale, page.engine.no_longer_runs).to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(page: Page) -> Vec<String> {
        page.prompts.get_untracked().into_iter().map(|p| p.text).collect()
    }

    #[test]
    fn a_removed_prompt_comes_back_to_its_place_under_its_own_identity() {
        let owner = Owner::new();
        owner.with(|| {
            let page = Page::new();
            page.set_prompts(["one", "two", "three"].map(String::from));
            let two = page.prompts.get_untracked()[1].clone();
            page.remove_prompt(two.id);
            page.add_prompt("four".into());
            assert_eq!(texts(page), ["one", "three", "four"]);
            page.undo_remove();
            assert_eq!(texts(page), ["one", "two", "three", "four"]);
            let mut ids: Vec<u32> = page.prompts.get_untracked().iter().map(|p| p.id).collect();
            assert_eq!(ids[1], two.id);
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), 4);
        });
    }

    #[test]
    fn a_mirror_is_named_and_a_malformed_one_is_not_used() {
        assert_eq!(Mirror::parse(None).sentence(Locale::en), None);
        let school = Mirror::parse(Some("http://10.0.0.7:8080/hub"));
        assert_eq!(school.base, "http://10.0.0.7:8080/hub/");
        assert_eq!(
            school.sentence(Locale::en).as_deref(),
            Some("Models come from http://10.0.0.7:8080/hub/")
        );
        let malformed = Mirror::parse(Some("javascript:alert(1)"));
        assert_eq!(malformed.base, HUB);
        assert!(malformed.sentence(Locale::en).unwrap().contains("must begin with http"));
        let japanese = malformed.sentence(Locale::ja).unwrap();
        assert!(japanese.starts_with("?mirror= は") && !japanese.contains("must"), "{japanese}");
    }

    #[test]
    fn a_model_of_the_hub_is_shown_in_its_box() {
        let owner = Owner::new();
        owner.with(|| {
            let model = Page::new().a;
            model.wrong.set(Some(Fault::NoPrompt));
            let source = ModelSource::Hub {
                repository: "EleutherAI/pythia-14m".into(),
                commit: Some("step3000".into()),
                sha256: String::new(),
            };
            model.show_source(source);
            assert_eq!(model.typed.get_untracked(), "EleutherAI/pythia-14m@step3000");
            assert_eq!(model.wrong.get_untracked(), None);
            model.show_source(ModelSource::Bundled { name: "world-d32".into() });
            assert_eq!(model.typed.get_untracked(), "EleutherAI/pythia-14m@step3000");
        });
    }

    #[test]
    fn blank_prompts_are_kept_for_the_visitor_and_not_run() {
        let owner = Owner::new();
        owner.with(|| {
            let page = Page::new();
            page.set_prompts(["one", "  ", "two"].map(String::from));
            assert_eq!(page.prompt_texts(), ["one", "two"]);
            assert_eq!(texts(page).len(), 3);
        });
    }

    #[test]
    fn what_is_asked_changes_with_prompts_and_models() {
        let owner = Owner::new();
        owner.with(|| {
            let page = Page::new();
            page.set_prompts(["one", "two"].map(String::from));
            let asked = Experiment {
                model_a: page.a.source.get_untracked(),
                model_b: page.b.source.get_untracked(),
                prompts: page.prompt_texts(),
                concepts: vec![],
                seed: page.seed.get_untracked(),
                thresholds: page.thresholds.get_untracked(),
            };
            page.add_prompt(" ".into());
            assert!(page.asks(&asked), "a blank prompt asks nothing");
            page.add_prompt("three".into());
            assert!(!page.asks(&asked));
            page.set_prompts(["one", "two"].map(String::from));
            assert!(page.asks(&asked));
            page.b.source.set(ModelSource::Bundled { name: "another".into() });
            assert!(!page.asks(&asked));
        });
    }

    #[test]
    fn the_engine_line_names_the_cause() {
        let absent = Adapter::Absent(NoAdapter::NotOffered);
        let refused = GpuEngine::Refused(Fault::OffBy(2.0));
        let ready = GpuEngine::Ready { self_test: Some(3e-5) };
        let (found, unused) = (Adapter::Found, GpuEngine::Unused);
        let cases = [
            (EngineKind::Cpu, EngineChoice::Cpu, &found, &unused, "you chose it", "選択"),
            (
                EngineKind::Cpu,
                EngineChoice::Auto,
                &absent,
                &unused,
                "does not offer it",
                "WebGPU がありません",
            ),
            (EngineKind::Cpu, EngineChoice::WebGpu, &absent, &unused, "not available", "使えません"),
            (EngineKind::Cpu, EngineChoice::Auto, &found, &refused, "off by 2.00 nats", "2.00 ナット"),
            (EngineKind::WebGpu, EngineChoice::Auto, &found, &ready, "3.0e−5 nats", "3.0e−5 ナット"),
        ];
        for (kind, choice, adapter, gpu, english, japanese) in cases {
            for (locale, expected) in [(Locale::en, english), (Locale::ja, japanese)] {
                let sentence = why(locale, kind, choice, adapter, gpu);
                assert!(sentence.contains(expected), "{sentence:?} lacks {expected:?}");
            }
        }
    }
}
