//! What the page does: loads models, runs prompts, asks for the report. The newest request wins.
//!
//! Each model sits in a seat with a worker of its own; giving up a load or a model ends its worker, which gives the
//! memory back at once. A second worker runs the same model on WebGPU once that has passed its self-test.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::state::{Adapter, EngineChoice, Failure, GpuEngine, ModelStatus, Page, Phase, Slot};
use super::world::World;
use crate::browser::attachment::Attachment;
use crate::browser::clock;
use crate::browser::engine_client::{EngineClient, EngineFailure, ModelLocation};
use crate::browser::page::{self, ChosenFiles};
use crate::lab::link::{self, LinkError};
use crate::lab::words::number;
use crate::lab::{Concept, EngineKind, Experiment, ModelSource};
use crate::protocol::{ErrorKind, SELF_TEST_TOLERANCE};

/// How long typing must rest before the models run again.
const REST: Duration = Duration::from_millis(300);

/// Prompts that a first visit begins with.
const FIRST_PROMPTS: usize = 3;

/// Where the visitor's prompts are kept between visits.
const PROMPTS_KEY: &str = "all-or-none.prompts";

/// A handle on the running session.
#[derive(Clone, Copy)]
pub struct Session {
    page: Page,
    inner: StoredValue<Rc<RefCell<Inner>>, LocalStorage>,
}

/// What is not shown.
#[derive(Default)]
struct Inner {
    a: Seat,
    b: Seat,
    lab: Option<Rc<EngineClient>>,
    /// Number of the newest run; older ones find out that they are old.
    run: u64,
    /// The run whose report the lab computes.
    analyzing: Option<u64>,
    rest: Option<TimeoutHandle>,
}

/// One model's workers and what they last said.
#[derive(Default)]
struct Seat {
    /// Number of the newest load.
    load: u64,
    files: Option<ModelLocation>,
    cpu: Option<Rc<EngineClient>>,
    gpu: Option<Rc<EngineClient>>,
    last: Option<Observed>,
}

/// An observation that may still answer.
#[derive(Clone)]
struct Observed {
    engine: EngineKind,
    question: Question,
    observation: Attachment,
}

/// What a model is run on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Question {
    prompts: Vec<String>,
    concept_contexts: Vec<String>,
    calibration: Vec<String>,
}

impl Inner {
    fn seat(&mut self, slot: Slot) -> &mut Seat {
        match slot {
            Slot::A => &mut self.a,
            Slot::B => &mut self.b,
        }
    }
}

/// The session, wherever a panel needs it.
pub fn use_session() -> Session {
    expect_context::<Session>()
}

impl Session {
    /// Restores the link or the last visit, then loads both models and asks for WebGPU.
    pub fn start(page: Page) -> Self {
        let session = Self { page, inner: StoredValue::new_local(Rc::default()) };
        session.open_link();
        window_event_listener(leptos::ev::hashchange, move |_| {
            session.open_link();
            session.reload(Slot::A);
            session.reload(Slot::B);
        });
        spawn_local(session.fetch_world());
        spawn_local(async move {
            // One small task after another: the page answers its visitor between them.
            for slot in [Slot::A, Slot::B] {
                clock::next_turn().await;
                session.reload(slot);
            }
            clock::next_turn().await;
            // Started ahead of its first question; a failure is told when it is asked.
            let _ = session.lab();
            clock::next_turn().await;
            session.ask_for_webgpu().await;
        });
        session
    }

    /// Another model in one place.
    pub fn choose_model(self, slot: Slot, source: ModelSource) {
        self.page.model(slot).source.set(source);
        self.with(|inner| inner.seat(slot).files = None);
        self.reload(slot);
    }

    /// The visitor's own files in one place.
    pub fn pick_files(self, slot: Slot, chosen: Option<ChosenFiles>) {
        let Some(chosen) = chosen else { return };
        let model = self.page.model(slot);
        // Only files that a link asks for can be the wrong ones.
        let expected = match model.source.get_untracked() {
            ModelSource::Local { sha256, .. } if self.with(|inner| inner.seat(slot).files.is_none()) => {
                sha256
            }
            _ => String::new(),
        };
        model.source.set(ModelSource::Local { name: chosen.name.clone(), sha256: expected });
        self.with(|inner| inner.seat(slot).files = Some(ModelLocation::Chosen(chosen)));
        self.reload(slot);
    }

    /// Stops a load.
    pub fn cancel(self, slot: Slot) {
        self.vacate(slot);
        self.page.model(slot).status.set(ModelStatus::Cancelled);
        self.page.phase.set(Phase::Waiting);
    }

    /// Loads what is chosen, from the start.
    pub fn reload(self, slot: Slot) {
        let model = self.page.model(slot);
        let load = self.vacate(slot);
        self.page.phase.set(Phase::Waiting);
        match model.source.get_untracked() {
            ModelSource::Twin { .. } => {
                model.status.set(ModelStatus::Twin);
                self.run();
            }
            ModelSource::Bundled { name } => {
                let url = page::address_of(&format!("models/{name}/"));
                let files = ModelLocation::Folder { name, url };
                self.with(|inner| inner.seat(slot).files = Some(files.clone()));
                spawn_local(self.load(slot, load, files));
            }
            ModelSource::Local { name, .. } => match self.with(|inner| inner.seat(slot).files.clone()) {
                Some(files) => spawn_local(self.load(slot, load, files)),
                None => model.status.set(ModelStatus::Failed(Failure {
                    kind: ErrorKind::BadModel,
                    message: format!(
                        "The link names files called “{name}” on its maker’s computer: choose yours here."
                    ),
                })),
            },
        }
    }

    /// Prompts changed: keep them, and run when typing rests.
    pub fn prompts_edited(self) {
        let texts: Vec<String> =
            self.page.prompts.with_untracked(|prompts| prompts.iter().map(|p| p.text.clone()).collect());
        if let Ok(text) = serde_json::to_string(&texts) {
            page::store(PROMPTS_KEY, &text);
        }
        // Whatever runs now answers an old question.
        self.with(|inner| inner.run += 1);
        let next = set_timeout_with_handle(move || self.run(), REST).ok();
        if let Some(earlier) = self.with(|inner| std::mem::replace(&mut inner.rest, next)) {
            earlier.clear();
        }
    }

    /// Another concept.
    pub fn choose_concept(self, concept: Concept) {
        self.page.concept.set(Some(concept));
        self.run();
    }

    /// Another engine.
    pub fn choose_engine(self, choice: EngineChoice) {
        self.page.engine_choice.set(choice);
        self.start_webgpu(Slot::A);
        self.start_webgpu(Slot::B);
        self.run();
    }

    /// The address that restores what is asked now.
    pub fn share(self) -> Result<String, LinkError> {
        let fragment = link::encode(&self.experiment())?;
        Ok(page::set_fragment(&fragment))
    }

    /// What is asked now.
    fn experiment(self) -> Experiment {
        let page = self.page;
        Experiment {
            model_a: page.a.source.get_untracked(),
            model_b: page.b.source.get_untracked(),
            prompts: page.prompt_texts(),
            concepts: page.concept.get_untracked().into_iter().collect(),
            seed: page.seed.get_untracked(),
            thresholds: page.thresholds.get_untracked(),
        }
    }

    /// Puts what a link asks for into the page; a bad link changes nothing.
    fn open_link(self) {
        let page = self.page;
        let fragment = page::fragment();
        page.link_error.set(None);
        if fragment.is_empty() {
            return;
        }
        match link::decode(&fragment) {
            Ok(experiment) => {
                page.a.source.set(experiment.model_a);
                page.b.source.set(experiment.model_b);
                page.set_prompts(experiment.prompts);
                page.concept.set(experiment.concepts.into_iter().next());
                page.seed.set(experiment.seed);
                page.thresholds.set(experiment.thresholds);
            }
            Err(error) => page.link_error.set(Some(error.to_string())),
        }
    }

    /// Calibration texts, concepts, presets; then the visitor's last prompts or the first presets.
    async fn fetch_world(self) {
        let page = self.page;
        let ((calibration, concepts), prompts) = join(
            join(page::text_of("world/calibration.txt"), page::text_of("world/concepts.json")),
            page::text_of("world/prompts.json"),
        )
        .await;
        let world = match (calibration, concepts, prompts) {
            (Ok(calibration), Ok(concepts), Ok(prompts)) => {
                World::parse(&calibration, &concepts, &prompts).map_err(|error| error.to_string())
            }
            (Err(message), ..) | (_, Err(message), _) | (.., Err(message)) => Err(message),
        };
        match world {
            Ok(world) => {
                if page.concept.with_untracked(Option::is_none) {
                    page.concept.set(world.concepts.first().cloned());
                }
                if page.prompts.with_untracked(Vec::is_empty) {
                    let kept = page::stored(PROMPTS_KEY)
                        .and_then(|text| serde_json::from_str::<Vec<String>>(&text).ok());
                    let presets = || {
                        world
                            .presets
                            .iter()
                            .flat_map(|set| &set.prompts)
                            .take(FIRST_PROMPTS)
                            .cloned()
                            .collect()
                    };
                    page.set_prompts(kept.filter(|texts| !texts.is_empty()).unwrap_or_else(presets));
                }
                page.world.set(Some(world));
                self.run();
                // Only for models of the visitor's own, and so never waited for; without them the picker is shorter.
                if let Ok(text) = page::text_of("concepts/english.json").await
                    && let Ok(concepts) = serde_json::from_str(&text)
                {
                    page.english.set(concepts);
                }
            }
            Err(message) => page.phase.set(Phase::Failed(Failure { kind: ErrorKind::Network, message })),
        }
    }

    /// Ends a seat's workers and makes its pending load old; returns the number of the next load.
    fn vacate(self, slot: Slot) -> u64 {
        self.page.model(slot).gpu.set(GpuEngine::Unused);
        self.with(|inner| {
            inner.run += 1;
            let seat = inner.seat(slot);
            seat.load += 1;
            seat.cpu = None;
            seat.gpu = None;
            seat.last = None;
            seat.load
        })
    }

    /// Loads a model on the CPU engine, which answers first.
    async fn load(self, slot: Slot, load: u64, files: ModelLocation) {
        let model = self.page.model(slot);
        model.status.set(ModelStatus::Loading { done: 0, total: None });
        let outcome = match EngineClient::cpu() {
            Ok(client) => {
                let client = Rc::new(client);
                self.with(|inner| inner.seat(slot).cpu = Some(client.clone()));
                let is_newest = move || self.with(|inner| inner.seat(slot).load) == load;
                client
                    .load(files, move |done, total| {
                        if is_newest() {
                            model.status.set(ModelStatus::Loading { done, total });
                        }
                    })
                    .await
            }
            Err(failure) => Err(failure),
        };
        if self.with(|inner| inner.seat(slot).load) != load {
            return;
        }
        let outcome = outcome.and_then(|loaded| match failed_self_test(loaded.self_test) {
            None => Ok(loaded),
            Some(deviation) => Err(EngineFailure {
                kind: ErrorKind::BadModel,
                message: format!(
                    "self_test.json: expected the log-probabilities of these weights, found that {deviation}; the files do not belong together"
                ),
            }),
        });
        match outcome {
            Ok(loaded) => {
                if let ModelSource::Local { name, sha256 } = model.source.get_untracked() {
                    if !sha256.is_empty() && sha256 != loaded.model.sha256 {
                        self.page.link_error.set(Some(format!(
                            "The files called “{name}” are not those that the link was made with: the numbers will differ."
                        )));
                    }
                    model.source.set(ModelSource::Local { name, sha256: loaded.model.sha256.clone() });
                }
                model.status.set(ModelStatus::Ready(loaded));
                clock::mark(&format!("{} is ready", slot.name()));
                self.run();
                self.start_webgpu(slot);
            }
            Err(failure) => {
                self.with(|inner| inner.seat(slot).cpu = None);
                model.status.set(ModelStatus::Failed(failure.into()));
            }
        }
    }

    /// Asks the browser for an adapter, within a time limit.
    async fn ask_for_webgpu(self) {
        let answer = crate::browser::webgpu::adapter_answers().await;
        self.page.adapter.set(match answer {
            Ok(()) => Adapter::Found,
            Err(why) => Adapter::Absent(why),
        });
        self.start_webgpu(Slot::A);
        self.start_webgpu(Slot::B);
    }

    /// Fetches and tests the WebGPU engine of a model that is ready, unless the visitor wants the CPU only.
    fn start_webgpu(self, slot: Slot) {
        let model = self.page.model(slot);
        let is_wanted = self.page.engine_choice.get_untracked() != EngineChoice::Cpu
            && self.page.adapter.get_untracked() == Adapter::Found
            && matches!(model.status.get_untracked(), ModelStatus::Ready(_))
            && model.gpu.get_untracked() == GpuEngine::Unused;
        let files = self.with(|inner| inner.seat(slot).files.clone());
        if let Some(files) = files.filter(|_| is_wanted) {
            model.gpu.set(GpuEngine::Starting);
            let load = self.with(|inner| inner.seat(slot).load);
            spawn_local(self.load_on_webgpu(slot, load, files));
        }
    }

    async fn load_on_webgpu(self, slot: Slot, load: u64, files: ModelLocation) {
        let model = self.page.model(slot);
        let outcome = match EngineClient::webgpu() {
            Ok(client) => {
                let client = Rc::new(client);
                self.with(|inner| inner.seat(slot).gpu = Some(client.clone()));
                client.load(files, |_, _| {}).await
            }
            Err(failure) => Err(failure),
        };
        if self.with(|inner| inner.seat(slot).load) != load {
            return;
        }
        match outcome.map(|loaded| (failed_self_test(loaded.self_test), loaded.self_test)) {
            Ok((None, self_test)) => {
                model.gpu.set(GpuEngine::Ready { self_test });
                self.run();
            }
            Ok((Some(deviation), _)) => self.refuse_webgpu(slot, deviation),
            Err(failure) => self.refuse_webgpu(slot, failure.message),
        }
    }

    fn refuse_webgpu(self, slot: Slot, why: String) {
        self.with(|inner| inner.seat(slot).gpu = None);
        self.page.model(slot).gpu.set(GpuEngine::Refused(why));
    }

    /// The engine that should run a model now.
    fn engine(self, slot: Slot) -> Option<(EngineKind, Rc<EngineClient>)> {
        let takes_over =
            match (self.page.engine_choice.get_untracked(), self.page.model(slot).gpu.get_untracked()) {
                (EngineChoice::Auto, GpuEngine::Ready { self_test }) => self_test.is_some(),
                (EngineChoice::WebGpu, GpuEngine::Ready { .. }) => true,
                _ => false,
            };
        self.with(|inner| {
            let seat = inner.seat(slot);
            match &seat.gpu {
                Some(gpu) if takes_over => Some((EngineKind::WebGpu, gpu.clone())),
                _ => seat.cpu.clone().map(|cpu| (EngineKind::Cpu, cpu)),
            }
        })
    }

    /// Runs everything that is asked now, and forgets what was asked before.
    pub fn run(self) {
        let number = self.with(|inner| {
            inner.run += 1;
            inner.run
        });
        let is_ready = |slot| {
            matches!(self.page.model(slot).status.get_untracked(), ModelStatus::Ready(_) | ModelStatus::Twin)
        };
        let Some(world) = self.page.world.get_untracked() else { return };
        if !is_ready(Slot::A) || !is_ready(Slot::B) {
            return;
        }
        self.give_up_analysis();
        if self.page.prompt_texts().is_empty() {
            self.page.phase.set(Phase::Failed(Failure {
                kind: ErrorKind::BadPrompt,
                message: "There is no prompt to run: type at least one word, or add a preset.".into(),
            }));
            return;
        }
        spawn_local(async move {
            let started = clock::now_millis();
            self.page.phase.set(Phase::Observing);
            let outcome = self.compare(number, &world).await;
            if self.with(|inner| inner.run) != number {
                return;
            }
            match outcome {
                Ok(Some(report)) => {
                    clock::mark("the report is there");
                    self.page.report.set(Some(Arc::new(report)));
                    self.page.phase.set(Phase::Done { elapsed_millis: clock::now_millis() - started });
                }
                Ok(None) => {}
                Err(failure) => self.page.phase.set(Phase::Failed(failure)),
            }
        });
    }

    /// Both observations, then the report; none where a newer run has begun.
    async fn compare(self, number: u64, world: &World) -> Result<Option<crate::lab::Report>, Failure> {
        let experiment = self.experiment();
        let is_twin = matches!(experiment.model_b, ModelSource::Twin { .. });
        let question = Question {
            prompts: experiment.prompts.clone(),
            concept_contexts: experiment.concept_contexts(),
            calibration: world.calibration.clone(),
        };
        let (a, b) = join(self.observe(Slot::A, &question), async {
            match is_twin {
                true => Ok(None),
                false => self.observe(Slot::B, &question).await.map(Some),
            }
        })
        .await;
        if self.with(|inner| inner.run) != number {
            return Ok(None);
        }
        let observations: Vec<Attachment> = std::iter::once(a?).chain(b?).collect();
        clock::mark("both models ran");
        let phase = self.page.phase;
        phase.set(Phase::Analyzing { share: 0.0 });
        let lab = self.lab()?;
        let tell = move |share| {
            if self.with(|inner| inner.run) == number {
                phase.set(Phase::Analyzing { share });
            }
        };
        self.with(|inner| inner.analyzing = Some(number));
        let report = lab.analyze(experiment, &observations, tell).await;
        self.with(|inner| inner.analyzing = inner.analyzing.filter(|&newest| newest != number));
        report.map(Some).map_err(Failure::from)
    }

    /// Stops whatever runs; what is on show stays.
    pub fn stop(self) {
        self.with(|inner| inner.run += 1);
        self.give_up_analysis();
        self.page.phase.set(Phase::Stopped);
    }

    /// A report that nobody waits for any more would keep the lab from the next one: its worker is ended.
    fn give_up_analysis(self) {
        self.with(|inner| {
            if inner.analyzing.take().is_some() {
                inner.lab = None;
            }
        });
    }

    /// One model on everything that is asked; the last answer is kept while it still answers.
    async fn observe(self, slot: Slot, question: &Question) -> Result<Attachment, Failure> {
        let not_loaded =
            || Failure { kind: ErrorKind::Internal, message: format!("{} is not loaded.", slot.name()) };
        let ask = |client: Rc<EngineClient>| {
            let Question { prompts, concept_contexts, calibration } = question.clone();
            async move { client.observe(prompts, concept_contexts, calibration).await }
        };
        let (engine, client) = self.engine(slot).ok_or_else(not_loaded)?;
        let kept = self.with(|inner| inner.seat(slot).last.clone());
        if let Some(kept) = kept.filter(|kept| kept.engine == engine && kept.question == *question) {
            return Ok(kept.observation);
        }
        let load = self.with(|inner| inner.seat(slot).load);
        let (engine, observation) = match ask(client).await {
            Ok(observation) => (engine, observation),
            // A graphics card that fails half-way must not cost the visitor the answer.
            Err(failure)
                if engine == EngineKind::WebGpu
                    && Failure::from(failure.clone()).kind != ErrorKind::BadPrompt =>
            {
                self.refuse_webgpu(slot, Failure::from(failure).message);
                let (engine, client) = self.engine(slot).ok_or_else(not_loaded)?;
                (engine, ask(client).await.map_err(|failure| self.blame(slot, failure.into()))?)
            }
            Err(failure) => return Err(self.blame(slot, failure.into())),
        };
        self.with(|inner| {
            let seat = inner.seat(slot);
            if seat.load == load {
                let (question, observation) = (question.clone(), observation.clone());
                seat.last = Some(Observed { engine, question, observation });
            }
        });
        Ok(observation)
    }

    /// A failure names its model, and a model's own fault is shown beside the model.
    fn blame(self, slot: Slot, failure: Failure) -> Failure {
        let message = format!("{}: {}", slot.name(), failure.message);
        let kind = failure.kind;
        if kind == ErrorKind::BadModel {
            self.page.model(slot).status.set(ModelStatus::Failed(failure));
        }
        Failure { kind, message }
    }

    /// The worker that computes reports.
    fn lab(self) -> Result<Rc<EngineClient>, Failure> {
        if let Some(lab) = self.with(|inner| inner.lab.clone()) {
            return Ok(lab);
        }
        let lab = Rc::new(EngineClient::cpu().map_err(Failure::from)?);
        self.with(|inner| inner.lab = Some(lab.clone()));
        Ok(lab)
    }

    fn with<T>(self, use_inner: impl FnOnce(&mut Inner) -> T) -> T {
        self.inner.with_value(|inner| use_inner(&mut inner.borrow_mut()))
    }
}

/// What is wrong with an engine whose answers are not those stored with the model; nothing where none are stored.
fn failed_self_test(deviation: Option<f64>) -> Option<String> {
    let too_far = deviation.filter(|nats| nats.is_nan() || *nats > SELF_TEST_TOLERANCE)?;
    Some(format!(
        "the self-test is off by {} nats, more than {}",
        number(too_far),
        number(SELF_TEST_TOLERANCE)
    ))
}
