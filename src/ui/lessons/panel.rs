//! One line with all lessons; beneath the page, or beside what it shows an audience, the step of the open one.

use leptos::prelude::*;
use leptos_i18n::{t, t_string};

use super::catalogue::LESSONS;
use super::handout::Handout;
use super::place::{Place, Turn};
use super::session::{Lessons, solved_of_all, use_lessons};
use super::task::TaskView;
use crate::browser::page;
use crate::text::use_i18n;
use crate::ui::panels::Press;
use crate::ui::session::use_session;
use crate::ui::state::use_page;

/// The line, the open step, and what a printer gets.
#[component]
pub fn LessonsPanel() -> impl IntoView {
    let lessons = Lessons::start(use_page(), use_session());
    provide_context(lessons);
    view! {
        <section class="lessons" aria-labelledby="lessons-title" data-testid="lessons">
            <Strip />
            {move || lessons.place.get().map(|place| view! { <Dock place=place /> })}
            {move || lessons.place.get().map(|place| view! { <Handout place=place /> })}
        </section>
    }
}

/// All lessons, folded into one line.
#[component]
fn Strip() -> impl IntoView {
    let i18n = use_i18n();
    let lessons = use_lessons();
    let (done, all) = {
        let count = Memo::new(move |_| solved_of_all(&lessons.solved.read()));
        (move || count.get().0, move || count.get().1)
    };
    let list = (0..LESSONS.len())
        .map(|lesson| view! { <LessonLine place=Place::start_of(lesson) /> })
        .collect_view();
    view! {
        <details class="lessons__strip" prop:open=move || lessons.unknown.read().is_some()>
            <summary id="lessons-summary" class="lessons__summary" data-testid="lessons-summary">
                <h2 id="lessons-title" class="lessons__title">{t!(i18n, lessons.title)}</h2>
                <span class="hint lessons__lead">{t!(i18n, lessons.lead)}</span>
                <span class="hint lessons__solved" data-testid="solved">
                    {t!(i18n, lessons.solved_of, done = done, all = all)}
                </span>
            </summary>
            {move || {
                lessons
                    .unknown
                    .get()
                    .map(|name| {
                        view! {
                            <p class="error" role="alert" data-testid="lesson-unknown">
                                {t!(i18n, lessons.unknown, name = name)}
                            </p>
                        }
                    })
            }}
            <ol class="lessons__list">{list}</ol>
            <p class="lessons__actions">
                <Press testid="present-all" on_press=move |()| lessons.present(true)>
                    {t!(i18n, lessons.present)}
                </Press>
                <Show when=move || lessons.has_before()>
                    <Press testid="put-back" on_press=move |()| lessons.put_back()>
                        {t!(i18n, lessons.put_back)}
                    </Press>
                </Show>
                <Show when=move || !lessons.solved.read().is_empty()>
                    <Press testid="forget" on_press=move |()| lessons.forget(true)>
                        {t!(i18n, lessons.forget)}
                    </Press>
                </Show>
                <Show when=move || !lessons.forgotten.read().is_empty()>
                    <Press testid="remember" on_press=move |()| lessons.forget(false)>
                        {t!(i18n, lessons.remember)}
                    </Press>
                </Show>
            </p>
        </details>
    }
}

/// One lesson in the list.
#[component]
fn LessonLine(place: Place) -> impl IntoView {
    let i18n = use_i18n();
    let lessons = use_lessons();
    let lesson = place.lesson();
    let is_open = move || lessons.place.read().is_some_and(|open| open.lesson == place.lesson);
    let count = move || {
        let solved = lessons.solved.read();
        lesson.exercise_ids().filter(|id| solved.contains(id)).count()
    };
    let exercises = lesson.exercise_ids().count();
    view! {
        <li class="lessons__item">
            <a
                href=move || lessons.address(place)
                aria-current=move || is_open().then_some("true")
                data-testid=format!("lesson-{}", lesson.name)
                on:click=move |event| {
                    if !page::wants_another_tab(&event) {
                        event.prevent_default();
                        lessons.go(Some(place));
                    }
                }
            >
                {move || (lesson.title)(i18n.get_locale())}
            </a>
            <span class="hint">
                {t!(i18n, lessons.steps_count, steps = lesson.steps.len())} " · "
                {t!(i18n, lessons.solved_of, done = count, all = exercises)}
            </span>
        </li>
    }
}

/// The open step.
#[component]
fn Dock(place: Place) -> impl IntoView {
    let i18n = use_i18n();
    let lessons = use_lessons();
    let (lesson, step) = (place.lesson(), place.step());
    lessons.cover(place);
    let (number, steps) = (place.step + 1, lesson.steps.len());
    let is_presenting = move || lessons.is_presenting.get();
    // The next step is unfolded again.
    let is_folded = RwSignal::new(false);
    view! {
        <article
            class="dock"
            class:dock--folded=is_folded
            aria-label=move || t_string!(i18n, lessons.lesson)
            data-testid="lesson"
            tabindex="-1"
        >
            <header class="dock__head">
                <p class="dock__lesson" data-testid="lesson-title">{move || (lesson.title)(i18n.get_locale())}</p>
                <div class="dock__turns">
                    <p class="dock__count" data-testid="lesson-step" data-step=number>
                        {t!(i18n, lessons.step_of, step = number, steps = steps)}
                    </p>
                    <FoldButton is_folded=is_folded />
                    <TurnButton turn=Turn::Previous place=place />
                    <TurnButton turn=Turn::Next place=place />
                </div>
                <p class="dock__actions">
                    <Press testid="set-up-again" on_press=move |()| lessons.set_up_again()>
                        {t!(i18n, lessons.again)}
                    </Press>
                    <Press testid="print-handout" on_press=move |()| page::print()>
                        {t!(i18n, lessons.print)}
                    </Press>
                    <Press testid="present" on_press=move |()| lessons.present(!lessons.is_presenting.get_untracked())>
                        {move || {
                            if is_presenting() {
                                t_string!(i18n, lessons.stop_presenting)
                            } else {
                                t_string!(i18n, lessons.present)
                            }
                        }}
                    </Press>
                    <Press testid="lesson-close" on_press=move |()| lessons.go(None)>
                        {t!(i18n, lessons.close)}
                    </Press>
                </p>
            </header>
            <div class="dock__body" aria-live="polite">
                <h2 class="dock__title">{move || (step.title)(i18n.get_locale())}</h2>
                <p class="dock__text">{move || (step.text)(i18n.get_locale())}</p>
            </div>
            {step.exercise.as_ref().map(|exercise| view! { <TaskView place=place exercise=exercise /> })}
            <p class="dock__keys hint">{t!(i18n, lessons.keys)}</p>
        </article>
    }
}

/// Puts all but the way on aside, where the window is small.
#[component]
fn FoldButton(is_folded: RwSignal<bool>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <button
            type="button"
            class="button button--icon dock__fold"
            data-testid="lesson-fold"
            aria-label=move || t_string!(i18n, lessons.text)
            aria-expanded=move || (!is_folded.get()).to_string()
            on:click=move |_| is_folded.update(|is_folded| *is_folded = !*is_folded)
        >
            {move || if is_folded.get() { "▴" } else { "▾" }}
        </button>
    }
}

/// To the step before or to the next one.
#[component]
fn TurnButton(turn: Turn, place: Place) -> impl IntoView {
    let i18n = use_i18n();
    let lessons = use_lessons();
    let (testid, sign) = match turn {
        Turn::Previous | Turn::First => ("lesson-previous", "←"),
        Turn::Next | Turn::Last => ("lesson-next", "→"),
    };
    let name = move || match turn {
        Turn::Previous | Turn::First => t_string!(i18n, lessons.previous),
        Turn::Next | Turn::Last => t_string!(i18n, lessons.next),
    };
    view! {
        <button
            type="button"
            class="button button--icon"
            data-testid=testid
            aria-label=name
            title=name
            aria-disabled=(place.turned(turn) == place).then_some("true")
            on:click=move |_| lessons.turn(turn)
        >
            {sign}
        </button>
    }
}
