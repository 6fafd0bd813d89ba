//! A lesson on paper: all steps, exercises with empty lines, links as text. Only printers see it.

use leptos::prelude::*;
use leptos_i18n::t;

use super::exercise::{Exercise, Task};
use super::place::Place;
use super::session::use_lessons;
use super::task::choice_name;
use crate::browser::page;
use crate::text::use_i18n;

/// The hand-out of the open lesson.
#[component]
pub fn Handout(
    /// Some step of it.
    place: Place,
) -> impl IntoView {
    let i18n = use_i18n();
    let lessons = use_lessons();
    let lesson = place.lesson();
    let steps = lesson
        .steps
        .iter()
        .enumerate()
        .map(|(i, step)| {
            let address = page::address_of(&lessons.address(Place { step: i, ..place }));
            view! {
                <li class="handout__step">
                    <h2>{move || format!("{}. {}", i + 1, (step.title)(i18n.get_locale()))}</h2>
                    <p>{move || (step.text)(i18n.get_locale())}</p>
                    {step.exercise.as_ref().map(|exercise| view! { <Lines exercise=exercise /> })}
                    <p class="handout__link">{t!(i18n, lessons.handout.link)} ": " {address}</p>
                </li>
            }
        })
        .collect_view();
    view! {
        <article class="handout" data-testid="handout">
            <h1>{move || (lesson.title)(i18n.get_locale())}</h1>
            <p class="handout__who">
                <span>{t!(i18n, lessons.handout.name)}</span>
                <span>{t!(i18n, lessons.handout.date)}</span>
            </p>
            <ol>{steps}</ol>
        </article>
    }
}

/// An exercise with room for its answer.
#[component]
fn Lines(exercise: &'static Exercise) -> impl IntoView {
    let i18n = use_i18n();
    let choices = match exercise.task {
        Task::Predict(prediction) => prediction.choices(),
        _ => &[],
    };
    let boxes = choices
        .iter()
        .map(|&choice| view! { <li class="handout__choice">{move || choice_name(choice, i18n.get_locale())}</li> })
        .collect_view();
    view! {
        <div class="handout__task">
            <p>
                <strong>{t!(i18n, lessons.exercise)} ": "</strong>
                {move || (exercise.question)(i18n.get_locale())}
            </p>
            <ul>{boxes}</ul>
            <div class="handout__line"></div>
            <div class="handout__line"></div>
        </div>
    }
}
