//! Parallelism of the concept in both models, raw and visible, each against its nulls.

use leptos::prelude::*;

use crate::lab::Report;
use crate::lab::words::{number, pairing, state_name};
use crate::theory::properties::parallelism::ParallelismScore;
use crate::ui::plots::geometry::Axis;
use crate::ui::plots::{IntervalBar, Marks};
use crate::ui::state::use_page;

/// Four scores on one scale.
#[component]
pub fn ParallelismPanel() -> impl IntoView {
    let page = use_page();
    let body = move || page.report.get().map(|report| view! { <Scores report=report.as_ref().clone() /> });
    view! {
        <section class="panel" aria-labelledby="parallelism-title">
            <header class="panel__head">
                <h2 id="parallelism-title">"Do the pairs point one way?"</h2>
                <p>
                    "Each pair of the concept, such as easy and easiest, gives a difference of unembeddings. The score is the mean agreement of these differences: as cosines in the model’s own coordinates (raw), and as correlations of log-probability ratios (visible)."
                </p>
            </header>
            <div class="parallelism" data-testid="parallelism">{body}</div>
        </section>
    }
}

/// The table and its notes.
#[component]
fn Scores(report: Report) -> impl IntoView {
    let dropped = report.dropped_pairs.len();
    let Some(scores) = report.parallelism else {
        return view! {
            <p class="hint" data-testid="parallelism-missing">
                {format!(
                    "Too few pairs of the concept are single tokens of this vocabulary ({dropped} of {} are not).",
                    report.experiment.concept.pairs.len(),
                )}
            </p>
        }
        .into_any();
    };
    let threshold = report.experiment.thresholds.delta_correlation;
    let pairing = pairing(&scores, threshold);
    let rows = [
        ("a", "raw", "raw-a", scores.raw_a),
        ("b", "raw", "raw-b", scores.raw_b),
        ("a", "visible", "visible-a", scores.visible_a),
        ("b", "visible", "visible-b", scores.visible_b),
    ]
    .map(|(letter, version, testid, score)| (letter, version, testid, marks(&score, threshold), score));
    let axis = Axis::around(rows.iter().flat_map(|(.., m, _)| {
        [m.score, m.interval.0, m.interval.1, m.random, m.shuffled, m.threshold, 1.0]
    }));
    let pairs: Vec<String> =
        scores.pairs.iter().map(|(base, changed)| format!("{base} → {changed}")).collect();
    view! {
        <div class="table-scroll" tabindex="0" role="group" aria-labelledby="parallelism-title">
            <table>
                <thead>
                    <tr>
                        <th scope="col" class="cell-text">
                            "model"
                        </th>
                        <th scope="col">"score"</th>
                        <th scope="col">"random pairs"</th>
                        <th scope="col">"shuffled partners"</th>
                        <th scope="col">"p"</th>
                        <th scope="col">"state"</th>
                        <th scope="col" class="cell-plot">
                            <span class="axis" aria-hidden="true">
                                {axis
                                    .ticks()
                                    .into_iter()
                                    .map(|tick| {
                                        view! {
                                            <span style:--at=format!("{:.2}%", axis.percent(tick))>{format!("{tick:.1}")}</span>
                                        }
                                    })
                                    .collect_view()}
                            </span>
                            <span class="visually-hidden">"drawing"</span>
                        </th>
                    </tr>
                </thead>
                <tbody>
                    {rows
                        .into_iter()
                        .map(|(letter, version, testid, marks, score)| {
                            view! {
                                <tr data-model=letter>
                                    <th scope="row" class="cell-text">
                                        <span class=format!("legend__{letter}")>{letter.to_uppercase()}</span>
                                        " "
                                        {version}
                                    </th>
                                    <td data-testid=testid data-value=score.score.to_string()>
                                        {number(score.score)}
                                    </td>
                                    <td>{number(score.null_random_mean)}</td>
                                    <td>{number(score.null_shuffled_mean)}</td>
                                    <td>{number(score.p_adjusted)}</td>
                                    <td data-testid=format!("{testid}-state")>
                                        <span class="state" data-state=state_name(score.state)>
                                            {state_name(score.state)}
                                        </span>
                                        {score.exact.then_some(" exactly")}
                                    </td>
                                    <td class="cell-plot">
                                        <IntervalBar marks=marks axis=axis model=letter />
                                    </td>
                                </tr>
                            }
                        })
                        .collect_view()}
                </tbody>
            </table>
        </div>
        <p class="key" aria-hidden="true">
            <span class="key__score">"score"</span>
            <span class="key__span">"95% interval"</span>
            <span class="key__null">"random pairs"</span>
            <span class="key__shuffled">"shuffled partners"</span>
            <span class="key__holds">"holds to the right of this"</span>
        </p>
        {pairing.map(|sentence| view! { <p data-testid="pairing">{sentence}</p> })}
        <details>
            <summary>{format!("{} pairs took part", pairs.len())}</summary>
            <p>{pairs.join(", ")}</p>
            {(dropped > 0)
                .then(|| {
                    let names: Vec<String> = report
                        .dropped_pairs
                        .iter()
                        .map(|(base, changed)| format!("{base} → {changed}"))
                        .collect();
                    view! {
                        <p class="hint">
                            {format!("Left out, not single tokens of this vocabulary: {}.", names.join(", "))}
                        </p>
                    }
                })}
        </details>
    }
    .into_any()
}

/// From effects (differences from the null) to positions on the score's own scale.
fn marks(score: &ParallelismScore, threshold: f64) -> Marks {
    let random = score.null_random_mean;
    Marks {
        score: score.score,
        interval: (score.effect_interval.0 + random, score.effect_interval.1 + random),
        random,
        shuffled: score.null_shuffled_mean,
        threshold: random + threshold,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::verdict::PropertyState;

    #[test]
    fn effects_are_drawn_on_the_scale_of_scores() {
        let score = ParallelismScore {
            score: 0.5,
            null_random_mean: 0.25,
            null_shuffled_mean: 0.125,
            effect_interval: (0.125, 0.5),
            p_adjusted: 0.001,
            exact: false,
            state: PropertyState::Holds,
            shortage: None,
        };
        let marks = marks(&score, 0.5);
        assert_eq!(marks.interval, (0.375, 0.75));
        assert_eq!(marks.threshold, 0.75);
        assert_eq!((marks.score, marks.random, marks.shuffled), (0.5, 0.25, 0.125));
    }
}
