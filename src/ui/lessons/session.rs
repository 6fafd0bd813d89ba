//! The reader's way through the lessons: where they are, what is solved, what the page was before.

use std::collections::BTreeSet;
use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::catalogue::{LESSONS, MODEL_A, Part, Setup};
use super::exercise::Task;
use super::place::{Command, Place, Turn, command, query};
use crate::browser::page;
use crate::lab::{Concept, ModelSource, Report};
use crate::ui::session::Session;
use crate::ui::state::{ModelState, Page, Phase};
use crate::ui::turns::all_turns;
use crate::ui::world::FIRST_WORLD;

/// Where solved exercises are kept between visits.
const SOLVED_KEY: &str = "all-or-none.lessons";

/// What was compared before a lesson set the page up.
#[derive(Clone)]
struct Before {
    a: ModelSource,
    b: ModelSource,
    prompts: Vec<String>,
    concept: Option<Concept>,
}

/// The lessons' own signals.
#[derive(Clone, Copy)]
pub struct Lessons {
    /// The step on show; none while no lesson is open.
    pub place: RwSignal<Option<Place>>,
    /// The name of a lesson that an address asks for and that there is not.
    pub unknown: RwSignal<Option<String>>,
    /// Large type for an audience.
    pub is_presenting: RwSignal<bool>,
    /// The verdict is covered until the reader has said what it will be.
    pub is_covered: RwSignal<bool>,
    /// Names of solved exercises.
    pub solved: RwSignal<BTreeSet<String>>,
    /// Names that were solved until they were forgotten, until something is solved again.
    pub forgotten: RwSignal<BTreeSet<String>>,
    before: RwSignal<Option<Before>>,
    /// There is a report on show, and it answers what is asked.
    on_show: Memo<(bool, bool)>,
    /// The step that was pointed at with its answer on show, and whether in large type: from then on the visitor
    /// scrolls.
    pointed: StoredValue<Option<(Place, bool)>>,
    /// The set-up that the page has had last.
    applied: StoredValue<Option<&'static Setup>>,
    page: Page,
    session: Session,
}

impl Lessons {
    /// Opens the step that the address names, and follows the reader from there.
    pub fn start(page: Page, session: Session) -> Self {
        let kept = page::stored(SOLVED_KEY).and_then(|text| serde_json::from_str(&text).ok());
        let lessons = Self {
            place: RwSignal::new(None),
            unknown: RwSignal::new(None),
            is_presenting: RwSignal::new(false),
            is_covered: RwSignal::new(false),
            solved: RwSignal::new(kept.unwrap_or_default()),
            forgotten: RwSignal::default(),
            before: RwSignal::new(None),
            on_show: Memo::new(move |_| (page.report.read().is_some(), fresh_report(page).is_some())),
            pointed: StoredValue::new(None),
            applied: StoredValue::new(None),
            page,
            session,
        };
        lessons.read_address();
        window_event_listener(leptos::ev::popstate, move |_| lessons.read_address());
        window_event_listener(leptos::ev::keydown, move |event| lessons.key(&event));
        Effect::new(move |_| lessons.set_up());
        Effect::new(move |_| lessons.point());
        lessons
    }

    /// To the step that the address names. A share link in it says itself what to compare.
    fn read_address(self) {
        let named = page::parameter("lesson");
        let present = page::parameter("present").is_some_and(|value| value == "1");
        let found = named.as_deref().and_then(|name| Place::parse(name, page::parameter("step").as_deref()));
        self.unknown.set(named.filter(|_| found.is_none()));
        let place = found.or_else(|| present.then(|| Place::start_of(0)));
        if let Some(place) = place.filter(|_| !page::fragment().is_empty()) {
            self.applied.set_value(place.lesson().setup_at(place.step));
        }
        self.show(place, present);
    }

    fn show(self, place: Option<Place>, present: bool) {
        self.is_covered.set(false);
        self.is_presenting.set(present && place.is_some());
        self.place.set(place);
    }

    /// To a step, with an entry in the browser's history; none closes the lesson.
    pub fn go(self, place: Option<Place>) {
        if self.place.get_untracked() == place {
            return;
        }
        let present = self.is_presenting.get_untracked() && place.is_some();
        page::push_query(&query(&page::search(), place, present));
        self.unknown.set(None);
        self.show(place, present);
        if place.is_none() {
            page::focus("lessons-summary");
        }
    }

    /// To another step of the open lesson.
    pub fn turn(self, turn: Turn) {
        if let Some(place) = self.place.get_untracked() {
            self.go(Some(place.turned(turn)));
        }
    }

    /// Into presenter mode or out of it.
    pub fn present(self, present: bool) {
        let place = self.place.get_untracked().unwrap_or(Place::start_of(0));
        page::push_query(&query(&page::search(), Some(place), present));
        if self.place.get_untracked().is_none() {
            self.place.set(Some(place));
        }
        self.is_presenting.set(present);
    }

    /// The address of a step, for its link.
    pub fn address(self, place: Place) -> String {
        format!("?{}", query(&page::search(), Some(place), false))
    }

    fn key(self, event: &web_sys::KeyboardEvent) {
        let has_modifier = event.ctrl_key() || event.alt_key() || event.meta_key();
        if self.place.get_untracked().is_none() || has_modifier || event.default_prevented() {
            return;
        }
        let key = event.key();
        let is_at = |selector: &str| page::is_within(event, selector);
        let is_leaving = key == "Escape";
        if is_at("input, select, textarea") && !is_leaving || key == " " && is_at("button, a, summary") {
            return;
        }
        let is_presenting = self.is_presenting.get_untracked();
        let Some(command) = command(&key, is_presenting, is_at("[data-testid='lesson']")) else { return };
        event.prevent_default();
        match command {
            Command::Turn(turn) => self.turn(turn),
            Command::Present => self.present(!is_presenting),
            Command::StopPresenting => self.present(false),
        }
    }

    /// What is compared becomes what the step asks for, once the texts of model A's world are there.
    fn set_up(self) {
        let Some(place) = self.place.get() else { return };
        let world = self.page.world.with(|world| world.as_ref().map(|world| world.name.clone()));
        let (Some(setup), Some(world)) = (place.lesson().setup_at(place.step), world) else { return };
        if self.applied.get_value() == Some(setup) {
            return;
        }
        if self.before.with_untracked(Option::is_none) {
            self.session.offer_comparison();
            self.before.set(Some(self.now()));
        }
        if world != FIRST_WORLD {
            // Its own texts come first; this runs again when they are there.
            return choose(self.session, self.page.a, model_a());
        }
        self.applied.set_value(Some(setup));
        self.apply(setup);
    }

    fn apply(self, setup: &'static Setup) {
        let concepts =
            self.page.world.with_untracked(|world| world.as_ref().map(|world| world.concepts.clone()));
        let concept = setup.concept.concept(&concepts.unwrap_or_default());
        let Some(b) = setup.b.source() else { return };
        let prompts = setup.prompts.iter().map(|&prompt| prompt.into()).collect();
        self.compare(Before { a: model_a(), b, prompts, concept });
    }

    fn compare(self, wanted: Before) {
        self.page.concept.set(wanted.concept);
        self.page.set_prompts(wanted.prompts);
        choose(self.session, self.page.a, wanted.a);
        choose(self.session, self.page.b, wanted.b);
        self.session.run();
    }

    fn now(self) -> Before {
        Before {
            a: self.page.a.source.get_untracked(),
            b: self.page.b.source.get_untracked(),
            prompts: self.page.all_prompt_texts(),
            concept: self.page.concept.get_untracked(),
        }
    }

    /// The step's own models, prompts and concept once more.
    pub fn set_up_again(self) {
        let place = self.place.get_untracked();
        if let Some(setup) = place.and_then(|place| place.lesson().setup_at(place.step)) {
            self.apply(setup);
        }
    }

    /// There is something to put back.
    pub fn has_before(self) -> bool {
        self.before.read().is_some()
    }

    /// What the visitor compared before the first lesson; closes the lesson.
    pub fn put_back(self) {
        self.go(None);
        if let Some(before) = self.before.get_untracked() {
            self.compare(before);
            self.session.prompts_edited();
        }
        self.before.set(None);
        self.applied.set_value(None);
    }

    /// Remembers that an exercise is solved.
    pub fn solve(self, id: &str) {
        if self.solved.with_untracked(|solved| solved.contains(id)) {
            return;
        }
        self.solved.update(|solved| {
            solved.insert(id.to_owned());
        });
        self.forgotten.update(BTreeSet::clear);
        self.keep_solved();
    }

    /// Forgets every solved exercise, or takes that back.
    pub fn forget(self, forget: bool) {
        let (from, to) = if forget { (self.solved, self.forgotten) } else { (self.forgotten, self.solved) };
        to.set(from.get_untracked());
        from.update(BTreeSet::clear);
        self.keep_solved();
    }

    fn keep_solved(self) {
        if let Ok(text) = self.solved.with_untracked(serde_json::to_string) {
            page::store(SOLVED_KEY, &text);
        }
    }

    /// Covers the verdict where a step asks for a prediction that has not been right yet.
    pub fn cover(self, place: Place) {
        let predicts = place.step().exercise.as_ref().is_some_and(|own| matches!(own.task, Task::Predict(_)));
        let id = place.lesson().exercise_id(place.step);
        self.is_covered.set(predicts && self.solved.with_untracked(|solved| !solved.contains(&id)));
    }

    /// Tells the page's root what is going on, for its styles, and points at the part that the step speaks of.
    fn point(self) {
        let place = self.place.get();
        let is_presenting = self.is_presenting.get();
        // What the step speaks of is in its place only when there is something to show.
        let (_, is_answered) = self.on_show.get();
        page::mark_root("data-lesson", place.map(|place| place.lesson().name));
        page::mark_root("data-present", is_presenting.then_some(""));
        page::mark_root("data-cover", self.is_covered.get().then_some(""));
        let aim = place.map(|place| (place, is_presenting));
        if aim.is_some() && self.pointed.get_value() == aim {
            return;
        }
        self.pointed.set_value(aim.filter(|_| is_answered));
        let part = place.map(|place| place.step().part).map(Part::selector);
        spawn_local(async move {
            // The part may be on its way still; a step that was left meanwhile points at nothing.
            all_turns().await;
            if self.place.get_untracked() == place {
                page::spotlight(part, "app");
            }
        });
    }
}

/// The report, where it answers what is asked now.
pub fn fresh_report(page: Page) -> Option<Arc<Report>> {
    if !matches!(*page.phase.read(), Phase::Done { .. }) {
        return None;
    }
    page.report.get().filter(|report| page.asks(&report.experiment))
}

/// Another model, unless it is there already.
fn choose(session: Session, model: ModelState, source: ModelSource) {
    if model.source.get_untracked() != source {
        session.choose_model(model.slot, source);
    }
}

fn model_a() -> ModelSource {
    ModelSource::Bundled { name: MODEL_A.into() }
}

/// How many exercises of all lessons are solved, and how many there are.
pub fn solved_of_all(solved: &BTreeSet<String>) -> (usize, usize) {
    let all: Vec<String> = LESSONS.iter().flat_map(|lesson| lesson.exercise_ids()).collect();
    (all.iter().filter(|id| solved.contains(*id)).count(), all.len())
}

/// The lessons, wherever a component needs them.
pub fn use_lessons() -> Lessons {
    expect_context::<Lessons>()
}
