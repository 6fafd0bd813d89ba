//! What the page does: loads models, runs prompts, asks for the report. The newest request wins.
//!
//! Each model sits in a seat with a worker of its own; giving up a load or a model ends its worker, which gives the
//! memory back at once. A second worker runs the same model on WebGPU once that has passed its self-test.
//! [`loading`] fills the seats, [`running`] asks them, [`recovering`] starts again what died, [`worlds`] brings the
//! texts, [`opening`] what was computed before, [`sharing`] reads and writes links and files, [`shelf`] tends what this
//! browser keeps, [`undoing`] takes back.

mod loading;
mod opening;
mod recovering;
mod running;
mod sharing;
mod shelf;
mod undoing;
mod worlds;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::recovery::Restarts;
use super::state::{EngineChoice, Mirror, Page, Slot};
use crate::browser::clock;
use crate::browser::engine_client::{EngineClient, ModelLocation, ObservationHandles};
use crate::browser::page;
use crate::lab::{Concept, EngineKind, Experiment, Question, Report};

/// How long typing must rest before the models run again.
const REST: Duration = Duration::from_millis(300);

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
    /// The world whose texts are on the way.
    entering: Option<String>,
    /// Prompts and concept on show come from a link and stay when their world arrives.
    brought: bool,
    /// Prompts and concept of the worlds that were left.
    left: BTreeMap<String, (Vec<String>, Option<Concept>)>,
    /// The report that came with the page, until a live one is there.
    stored: Option<Report>,
    /// What was started again.
    restarts: Restarts,
    /// The visitor's own files by the digest of their weights: whatever names them again finds them.
    own_files: BTreeMap<String, ModelLocation>,
    /// The list of bundled models is as complete as it gets.
    knows_bundled: bool,
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
    observation: ObservationHandles,
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
        page.mirror.set_value(Mirror::parse(page::parameter("mirror").as_deref()));
        session.open_link();
        window_event_listener(leptos::ev::hashchange, move |_| {
            session.open_link();
            session.enter_world();
            session.restore(Slot::A);
            session.restore(Slot::B);
        });
        session.fetch_stored();
        session.enter_world();
        spawn_local(async move {
            // One small task after another: the page answers its visitor between them.
            for slot in [Slot::A, Slot::B] {
                clock::next_turn().await;
                session.restore(slot);
            }
            clock::next_turn().await;
            // Started ahead of its first question; a failure is told when it is asked.
            let _ = session.lab();
            clock::next_turn().await;
            spawn_local(async move {
                session.fetch_bundled().await;
                session.fetch_extras().await;
            });
            clock::next_turn().await;
            session.ask_for_webgpu().await;
        });
        session
    }

    /// Prompts changed: keep them, and run when typing rests.
    pub fn prompts_edited(self) {
        self.keep_prompts();
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
        if choice == EngineChoice::WebGpu {
            self.forgive_webgpu();
        }
        self.start_webgpu(Slot::A);
        self.start_webgpu(Slot::B);
        self.run();
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

    fn with<T>(self, use_inner: impl FnOnce(&mut Inner) -> T) -> T {
        self.inner.with_value(|inner| use_inner(&mut inner.borrow_mut()))
    }
}
