//! What lies on the workshop's bench: the steps as the knobs have them, the models that stood there before, and what
//! each setting did. Model B follows the knobs when these rest.

use std::time::Duration;

use leptos::prelude::*;

use crate::lab::ModelSource;
use crate::theory::twin::{RecipeError, TwinRecipe, TwinStep};
use crate::ui::session::{Session, use_session};
use crate::ui::state::{Page, use_page};
use crate::ui::workshop::history::{Setting, parallelism, remember};
use crate::ui::workshop::knobs::Limits;

/// How long a knob must rest before model B is built anew.
const REST: Duration = Duration::from_millis(350);

/// How soon model B follows a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// At once: a button was pressed.
    Now,
    /// When the knob rests.
    AtRest,
}

/// The bench.
#[derive(Clone, Copy)]
pub struct Bench {
    page: Page,
    session: Session,
    /// Model B is a twin.
    pub is_twin: Memo<bool>,
    /// The steps as the knobs have them.
    pub steps: RwSignal<Vec<TwinStep>>,
    /// Why the steps cannot be followed.
    pub wrong: RwSignal<Option<RecipeError>>,
    /// What model B was before each change.
    pub past: RwSignal<Vec<ModelSource>>,
    /// What the report on show says of a twin; nothing where it is on another pair.
    pub current: Memo<Option<Setting>>,
    /// What the last settings did, newest first.
    pub history: RwSignal<Vec<Setting>>,
    /// The concept's pairs that take part, once a report has told.
    pub pairs: Memo<Vec<String>>,
    rest: StoredValue<Option<TimeoutHandle>>,
}

impl Bench {
    /// A bench that follows model B, whoever changes it, and remembers each report on a twin.
    pub fn new() -> Self {
        let (page, session) = (use_page(), use_session());
        let is_twin = move |_: Option<&bool>| matches!(*page.b.source.read(), ModelSource::Twin { .. });
        let bench = Self {
            page,
            session,
            is_twin: Memo::new(is_twin),
            steps: RwSignal::new(Vec::new()),
            wrong: RwSignal::new(None),
            past: RwSignal::new(Vec::new()),
            current: Memo::new(move |_| page.report.read().as_ref().and_then(|report| Setting::of(report))),
            history: RwSignal::new(Vec::new()),
            pairs: Memo::new(move |_| pairs_that_take_part(page)),
            rest: StoredValue::new(None),
        };
        Effect::new(move |_| bench.follow(&page.b.source.read()));
        Effect::new(move |_| {
            if let Some(setting) = bench.current.get() {
                bench.history.update(|history| remember(history, setting));
            }
        });
        bench
    }

    /// How far the knobs go now.
    pub fn limits(self) -> Limits {
        let n_prompts = self.page.prompts.with(|prompts| prompts.iter().filter(|p| !p.is_blank()).count());
        let complexity = self
            .page
            .report
            .with(|report| report.as_ref().map(|report| report.model_a.subspace.effective_complexity));
        Limits { n_prompts, complexity }
    }

    /// Other steps; those that cannot be followed stay on the bench with the reason, and model B stays as it is.
    pub fn set(self, steps: Vec<TwinStep>, when: When) {
        self.forget_rest();
        self.steps.set(steps.clone());
        let recipe = TwinRecipe(steps);
        if let Err(error) = recipe.validate() {
            return self.wrong.set(Some(error));
        }
        self.wrong.set(None);
        match when {
            When::Now => self.build(recipe),
            When::AtRest => {
                let handle = set_timeout_with_handle(move || self.build(recipe), REST).ok();
                self.rest.set_value(handle);
            }
        }
    }

    /// One step changed.
    pub fn change(self, place: usize, when: When, change: impl FnOnce(TwinStep) -> TwinStep) {
        let mut steps = self.steps.get_untracked();
        if let Some(step) = steps.get_mut(place) {
            *step = change(*step);
            self.set(steps, when);
        }
    }

    /// One step less; without any, what stood there before the workshop comes back.
    pub fn remove(self, place: usize) {
        let mut steps = self.steps.get_untracked();
        if place < steps.len() {
            steps.remove(place);
        }
        match steps.is_empty() {
            true => self.reset(),
            false => self.set(steps, When::Now),
        }
    }

    /// What model B was before the last change.
    pub fn undo(self) {
        if let Some(before) = self.past.try_update(Vec::pop).flatten() {
            self.put(before);
        }
    }

    /// What model B was before the first change; this, too, can be undone.
    pub fn reset(self) {
        if let Some(first) = self.past.with_untracked(|past| past.first().cloned()) {
            self.past.update(|past| past.push(self.page.b.source.get_untracked()));
            self.put(first);
        }
    }

    fn build(self, recipe: TwinRecipe) {
        let before = self.page.b.source.get_untracked();
        let twin = ModelSource::Twin { recipe };
        if before != twin {
            self.past.update(|past| past.push(before));
            self.put(twin);
        }
    }

    fn put(self, source: ModelSource) {
        self.forget_rest();
        self.follow(&source);
        let slot = self.page.b.slot;
        match self.page.b.source.get_untracked() {
            // The workshop remembers its own twins.
            ModelSource::Twin { .. } => self.session.choose_model(slot, source),
            _ => self.session.pick_model(slot, source),
        }
    }

    /// Shows the steps of what model B is now.
    fn follow(self, source: &ModelSource) {
        let steps = match source {
            ModelSource::Twin { recipe } => recipe.0.clone(),
            _ => Vec::new(),
        };
        if self.steps.with_untracked(|shown| *shown != steps) {
            self.forget_rest();
            self.wrong.set(None);
            self.steps.set(steps);
        }
    }

    fn forget_rest(self) {
        if let Some(handle) = self.rest.try_update_value(Option::take).flatten() {
            handle.clear();
        }
    }
}

/// As the report on the concept that is asked now tells; nothing before there is one.
fn pairs_that_take_part(page: Page) -> Vec<String> {
    let report = page.report.read();
    let Some(report) = report.as_ref() else { return Vec::new() };
    let is_of_concept = page.concept.with(|concept| concept.as_ref() == report.experiment.concepts.first());
    parallelism(report).filter(|_| is_of_concept).map(|property| property.used.clone()).unwrap_or_default()
}
