//! One score on a scale with its interval, its nulls and its threshold.

use leptos::prelude::*;

use super::geometry::Axis;

/// A score and what it is judged against, all in the score's own units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Marks {
    /// The score.
    pub score: f64,
    /// Its 95% interval.
    pub interval: (f64, f64),
    /// Mean score by chance.
    pub null: f64,
    /// Mean score with partners shuffled, where the items are pairs.
    pub shuffled: Option<f64>,
    /// Where "holds" begins.
    pub threshold: f64,
}

/// The drawing; its words stand in the table beside it.
#[component]
pub fn IntervalBar(
    /// What to draw.
    marks: Marks,
    /// On which scale.
    axis: Axis,
    /// `a` or `b`.
    model: &'static str,
) -> impl IntoView {
    let at = move |value: f64| format!("{:.2}%", axis.percent(value));
    let (left, length) = axis.span(marks.interval.0, marks.interval.1);
    view! {
        <span class="interval-bar" data-model=model aria-hidden="true">
            <span class="interval-bar__zero" style:--at=at(0.0)></span>
            <span class="interval-bar__holds" style:--at=at(marks.threshold)></span>
            <span
                class="interval-bar__span"
                style:--at=format!("{left:.2}%")
                style:--length=format!("{length:.2}%")
            ></span>
            <span class="interval-bar__null" style:--at=at(marks.null)></span>
            {marks
                .shuffled
                .map(|shuffled| {
                    view! { <span class="interval-bar__null interval-bar__null--shuffled" style:--at=at(shuffled)></span> }
                })}
            <span class="interval-bar__score" style:--at=at(marks.score)></span>
        </span>
    }
}
