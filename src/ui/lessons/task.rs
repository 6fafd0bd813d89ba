//! An exercise on the page: the question, a place for the answer, and what the page found.

use leptos::prelude::*;
use leptos_i18n::{t, t_string, td_string};

use super::exercise::{Answer, Choice, Exercise, Found, Mark, Task};
use super::place::Place;
use super::session::{fresh_report, use_lessons};
use crate::text::numbers::{number, plain};
use crate::text::{Locale, use_i18n};
use crate::ui::panels::Press;
use crate::ui::state::use_page;

/// The exercise of a step.
#[component]
pub fn TaskView(
    /// Which step.
    place: Place,
    /// Its exercise.
    exercise: &'static Exercise,
) -> impl IntoView {
    let i18n = use_i18n();
    let (page, lessons) = (use_page(), use_lessons());
    let id = place.lesson().exercise_id(place.step);
    // What the reader has handed in; a live exercise needs nothing.
    let handed_in = RwSignal::new(exercise.task.is_live().then_some(Answer::Nothing));
    let mark = Memo::new(move |_| {
        let answer = handed_in.get()?;
        Some(fresh_report(page).map(|report| exercise.task.mark(&answer, &report)))
    });
    let own_id = id.clone();
    Effect::new(move |_| {
        if mark.read().as_ref().and_then(Option::as_ref).is_some_and(|mark| mark.is_right) {
            lessons.solve(&own_id);
        }
    });
    let check = move |answer: Answer| {
        if !matches!(answer, Answer::Nothing) {
            lessons.is_covered.set(false);
        }
        handed_in.set(Some(answer));
    };
    let verdict = move || {
        let locale = i18n.get_locale();
        mark.get().map(|mark| match mark {
            None => td_string!(locale, lessons.computing).to_owned(),
            Some(mark) => sentence(&mark, locale),
        })
    };
    let state = move || match mark.get().flatten() {
        Some(mark) if mark.is_right => "right",
        Some(_) => "not-yet",
        None => "open",
    };
    let is_solved = move || lessons.solved.read().contains(&id);
    view! {
        <section class="task" aria-labelledby="task-title" data-testid="task" data-state=state>
            <h3 id="task-title" class="task__title">
                {t!(i18n, lessons.exercise)}
                {move || is_solved().then(|| view! { <span class="task__solved">{t!(i18n, lessons.solved)}</span> })}
            </h3>
            <p>{move || (exercise.question)(i18n.get_locale())}</p>
            {match exercise.task {
                Task::Read(_) => view! { <NumberForm on_answer=check /> }.into_any(),
                Task::Predict(prediction) => {
                    view! { <ChoiceForm choices=prediction.choices() on_answer=check /> }.into_any()
                }
                _ => ().into_any(),
            }}
            <p class="task__mark" role="status" data-testid="mark">
                {verdict}
            </p>
        </section>
    }
}

/// A number to type.
#[component]
fn NumberForm(#[prop(into)] on_answer: Callback<Answer>) -> impl IntoView {
    let i18n = use_i18n();
    let typed = RwSignal::new(String::new());
    view! {
        <form
            class="task__form"
            on:submit=move |event| {
                event.prevent_default();
                on_answer.run(Answer::Typed(typed.get_untracked()));
            }
        >
            <input
                type="text"
                class="task__number"
                inputmode="decimal"
                autocomplete="off"
                data-testid="answer"
                aria-label=move || t_string!(i18n, lessons.answer)
                on:input:target=move |event| typed.set(event.target().value())
            />
            <CheckButton />
        </form>
    }
}

/// Answers to choose from.
#[component]
fn ChoiceForm(choices: &'static [Choice], #[prop(into)] on_answer: Callback<Answer>) -> impl IntoView {
    let i18n = use_i18n();
    let lessons = use_lessons();
    let chosen = RwSignal::new(None);
    let options = choices
        .iter()
        .map(|&choice| {
            view! {
                <label class="task__choice">
                    <input
                        type="radio"
                        name="answer"
                        value=choice.code()
                        data-testid=format!("answer-{}", choice.code())
                        on:change=move |_| chosen.set(Some(choice))
                    />
                    {move || choice_name(choice, i18n.get_locale())}
                </label>
            }
        })
        .collect_view();
    view! {
        <form
            class="task__form"
            on:submit=move |event| {
                event.prevent_default();
                on_answer.run(chosen.get_untracked().map_or(Answer::Nothing, Answer::Chosen));
            }
        >
            <fieldset class="task__choices">
                <legend class="visually-hidden">{t!(i18n, lessons.answer)}</legend>
                {options}
            </fieldset>
            <CheckButton />
            <Show when=move || lessons.is_covered.get()>
                <span class="task__cover">
                    {t!(i18n, lessons.covered)} " "
                    <Press testid="uncover" on_press=move |()| lessons.is_covered.set(false)>
                        {t!(i18n, lessons.uncover)}
                    </Press>
                </span>
            </Show>
        </form>
    }
}

#[component]
fn CheckButton() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <button type="submit" class="button button--small button--main" data-testid="check">
            {t!(i18n, lessons.check)}
        </button>
    }
}

/// A choice in words.
pub fn choice_name(choice: Choice, locale: Locale) -> &'static str {
    match choice {
        Choice::All => td_string!(locale, lessons.choice.all),
        Choice::None => td_string!(locale, lessons.choice.none),
        Choice::Mixed => td_string!(locale, lessons.choice.mixed),
        Choice::Silent => td_string!(locale, lessons.choice.silent),
        Choice::Lower => td_string!(locale, lessons.choice.lower),
        Choice::Same => td_string!(locale, lessons.choice.same),
        Choice::Higher => td_string!(locale, lessons.choice.higher),
    }
}

/// Right or not yet, then what was found.
fn sentence(mark: &Mark, locale: Locale) -> String {
    let verdict =
        if mark.is_right { td_string!(locale, lessons.right) } else { td_string!(locale, lessons.not_yet) };
    format!("{verdict} {}", found(&mark.found, locale))
}

/// What was found, as a sentence.
fn found(found: &Found, locale: Locale) -> String {
    match found {
        Found::NoPrompt => td_string!(locale, lessons.found.prompt).into(),
        Found::Top { prompt, token, probability } => {
            let percent = format!("{:.1}", 100.0 * probability);
            td_string!(locale, lessons.found.top, prompt = prompt, token = token, percent = percent)
        }
        Found::Apart { prompt, js } => {
            td_string!(locale, lessons.found.apart, prompt = prompt, js = number(*js))
        }
        Found::NoMorePrompts => td_string!(locale, lessons.found.no_more_prompts).into(),
        Found::OtherModel => td_string!(locale, lessons.found.other_model).into(),
        Found::NoTwin => td_string!(locale, lessons.found.no_twin).into(),
        Found::Unmeasured => td_string!(locale, lessons.found.unmeasured).into(),
        Found::Scores { raw, visible } => td_string!(
            locale,
            lessons.found.scores,
            raw_a = number(raw[0]),
            raw_b = number(raw[1]),
            visible_a = number(visible[0]),
            visible_b = number(visible[1])
        ),
        Found::Widths([a, b]) => td_string!(locale, lessons.found.widths, a = a, b = b),
        Found::NoNumber => td_string!(locale, lessons.found.no_number).into(),
        Found::Number(value) => td_string!(locale, lessons.found.number, value = plain(*value)),
        Found::OtherNumber(value) => {
            td_string!(locale, lessons.found.other_number, value = plain(*value))
        }
        Found::NoChoice => td_string!(locale, lessons.found.no_choice).into(),
        Found::Verdict(choice) => {
            td_string!(locale, lessons.found.verdict, verdict = choice_name(*choice, locale))
        }
        Found::Undecided => td_string!(locale, lessons.found.undecided).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_echoed_as_they_were_typed() {
        assert!(found(&Found::OtherNumber(9.0), Locale::en).contains("You wrote 9;"));
    }
}
