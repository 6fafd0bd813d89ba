//! Every property that was tested, in both models, raw and visible, each against its null.

use leptos::prelude::*;

use crate::lab::Report;
use crate::lab::report::{Property, PropertyReport, Scores};
use crate::lab::words::{self, number, property_of_concept, score_name, state_name, verdict_name};
use crate::theory::properties::score::{Carried, Details, PropertyScore, least_effect};
use crate::ui::panels::verdict::mood;
use crate::ui::plots::geometry::Axis;
use crate::ui::plots::{IntervalBar, Marks};
use crate::ui::state::use_page;

/// One article a property.
#[component]
pub fn PropertiesPanel() -> impl IntoView {
    let page = use_page();
    let body = move || {
        page.report.get().map(|report| {
            let properties = report.properties.clone();
            properties
                .into_iter()
                .map(|property| view! { <PropertyView report=report.as_ref().clone() property=property /> })
                .collect_view()
        })
    };
    view! {
        <section class="panel" aria-labelledby="properties-title">
            <header class="panel__head">
                <h2 id="properties-title">"Which linear properties?"</h2>
                <p>
                    "Each score is measured twice: in each model’s own coordinates (raw), where equal distributions may still disagree, and from log-probabilities alone (visible), where they cannot. A score counts only against what chance gives."
                </p>
            </header>
            <div class="properties" data-testid="properties">{body}</div>
        </section>
    }
}

/// One property: its verdict, its scores, what took part.
#[component]
fn PropertyView(report: Report, property: PropertyReport) -> impl IntoView {
    let code = code(property.property);
    let words = words::finding(&report, &property, words::Version::Visible);
    let raw = words::finding(&report, &property, words::Version::Raw);
    let thresholds = report.experiment.thresholds;
    let threshold = match property.property {
        Property::Parallelism | Property::LinearSubspace => thresholds.delta_correlation,
        Property::RelationalLinearity => thresholds.delta_r2,
        Property::LinearProbing => thresholds.delta_accuracy,
        Property::LinearSteering => thresholds.delta_steering,
    };
    let title_id = format!("property-{code}-title");
    let (article_title, table_title) = (title_id.clone(), title_id.clone());
    let reasons = |finding: &words::FindingWords| {
        finding.reasons.iter().map(|(_, sentence)| *sentence).collect::<Vec<_>>().join(" ")
    };
    // Without scores the reason is all there is to say.
    let missing = property.scores.is_none().then(|| reasons(&words));
    view! {
        <article class="property" aria-labelledby=article_title data-testid=format!("property-{code}")>
            <h3 id=title_id>{property_of_concept(property.property, &property.concept)}</h3>
            <p class="property__question">{question(property.property)}</p>
            <p class="property__verdicts">
                <Chip version="visible" kind=words.kind testid=format!("{code}-verdict-visible") />
                <Chip version="raw" kind=raw.kind testid=format!("{code}-verdict-raw") />
            </p>
            {missing.map(|reason| view! { <p class="hint">{reason}</p> })}
            {property
                .scores
                .as_ref()
                .map(|scores| {
                    view! { <ScoreTable scores=scores.clone() property=property.property threshold=threshold title_id=table_title /> }
                })}
            {words::pairing(&property, thresholds.delta_correlation)
                .map(|sentence| view! { <p data-testid="pairing">{sentence}</p> })}
            {property.scores.as_ref().and_then(|scores| words::own_numbers(&scores.visible_a, &scores.visible_b))
                .map(|sentence| view! { <p class="hint">{sentence}</p> })}
            {property
                .carried
                .map(|carried| {
                    view! {
                        <ul class="carried" data-testid=format!("{code}-carried")>
                            <CarriedView from="A" to="B" carried=carried.b_from_a />
                            <CarriedView from="B" to="A" carried=carried.a_from_b />
                        </ul>
                    }
                })}
            <Material property=property />
        </article>
    }
}

/// The verdict on one version, in a few words.
#[component]
fn Chip(version: &'static str, kind: crate::theory::verdict::VerdictKind, testid: String) -> impl IntoView {
    view! {
        <span class="chip" data-mood=mood(kind) data-testid=testid>
            <span class="chip__version">{version}</span>
            {verdict_name(kind)}
        </span>
    }
}

/// Four scores on one scale.
#[component]
fn ScoreTable(scores: Scores, property: Property, threshold: f64, title_id: String) -> impl IntoView {
    let code = code(property);
    let rows = [
        ("a", "raw", scores.raw_a),
        ("b", "raw", scores.raw_b),
        ("a", "visible", scores.visible_a),
        ("b", "visible", scores.visible_b),
    ]
    .map(|(letter, version, score)| (letter, version, marks(&score, threshold), score));
    let end = if property == Property::LinearSteering { 0.0 } else { 1.0 };
    let axis = Axis::around(rows.iter().flat_map(|(.., m, _)| {
        [m.score, m.interval.0, m.interval.1, m.null, m.shuffled.unwrap_or(m.null), m.threshold, end]
    }));
    view! {
        <div class="table-scroll" tabindex="0" role="group" aria-labelledby=title_id>
            <table>
                <thead>
                    <tr>
                        <th scope="col" class="cell-text">
                            "model"
                        </th>
                        <th scope="col">{score_name(property)}</th>
                        <th scope="col">"by chance"</th>
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
                        .map(|(letter, version, marks, score)| {
                            let testid = format!("{code}-{version}-{letter}");
                            view! {
                                <tr data-model=letter>
                                    <th scope="row" class="cell-text">
                                        <span class=format!("legend__{letter}")>{letter.to_uppercase()}</span>
                                        " "
                                        {version}
                                    </th>
                                    <td data-testid=testid.clone() data-value=score.score.to_string()>
                                        {number(score.score)}
                                    </td>
                                    <td>{number(score.null_mean)}</td>
                                    <td>{number(score.p_adjusted)}</td>
                                    <td data-testid=format!("{testid}-state")>
                                        <span class="state" data-state=state_name(score.state)>
                                            {state_name(score.state)}
                                        </span>
                                        {is_exact(&score).then_some(" exactly")}
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
            <span class="key__null">{if property == Property::Parallelism { "random pairs" } else { "by chance" }}</span>
            {(property == Property::Parallelism)
                .then(|| view! { <span class="key__shuffled">"shuffled partners"</span> })}
            <span class="key__holds">"holds to the right of this"</span>
        </p>
    }
}

/// What was found in one model, tried in the other.
#[component]
fn CarriedView(from: &'static str, to: &'static str, carried: Carried) -> impl IntoView {
    view! {
        <li>
            {format!(
                "Found in {from}, carried by the coupled map, tried in {to}: {} ({} when found in {to} itself, {} by chance).",
                number(carried.score),
                number(carried.own),
                number(carried.chance),
            )}
        </li>
    }
}

/// What took part, and what was left out.
#[component]
fn Material(property: PropertyReport) -> impl IntoView {
    let noun = match property.property {
        Property::Parallelism => "pairs",
        Property::RelationalLinearity | Property::LinearSubspace => "subjects",
        Property::LinearProbing => "labelled contexts",
        Property::LinearSteering => "pairs of contexts",
    };
    let n_dropped = property.dropped.len();
    let dropped = (n_dropped > 0).then(|| {
        view! {
            <p class="hint">
                {format!(
                    "Left out, repeated or not readable by this vocabulary as single tokens: {}.",
                    property.dropped.join(", "),
                )}
            </p>
        }
    });
    let summary = match n_dropped {
        0 => format!("{} {noun} took part", property.used.len()),
        _ => format!("{} {noun} took part, {n_dropped} entries were left out", property.used.len()),
    };
    view! {
        <details>
            <summary>{summary}</summary>
            <p>{property.used.join(", ")}</p>
            {dropped}
        </details>
    }
}

/// What a property asks, in one sentence.
fn question(property: Property) -> &'static str {
    match property {
        Property::Parallelism => {
            "Do the differences of the concept’s pairs, such as easy and easiest, point one way? Raw: cosines of unembedding differences. Visible: correlations of log-probability ratios."
        }
        Property::RelationalLinearity => {
            "Can the answer to a query be computed by a linear map from the hidden state of its subject? Judged on subjects that took no part in the fit."
        }
        Property::LinearSubspace => {
            "Do the answers to the query read one subspace of the hidden states? Two halves of the subjects must find the same one."
        }
        Property::LinearProbing => {
            "Can a linear probe tell contexts with the concept from those without? Judged on texts that took no part in the fit."
        }
        Property::LinearSteering => {
            "Does adding one vector to the hidden state move every pair of the concept? Visible: the mean change between contexts. Raw: the vector built from the unembedding."
        }
    }
}

/// Part of the names by which tests find a property.
fn code(property: Property) -> &'static str {
    match property {
        Property::Parallelism => "parallelism",
        Property::RelationalLinearity => "relational",
        Property::LinearSubspace => "subspace",
        Property::LinearProbing => "probing",
        Property::LinearSteering => "steering",
    }
}

fn is_exact(score: &PropertyScore) -> bool {
    matches!(&score.details, Details::Parallelism(own) if own.exact)
}

/// From effects (differences from the null) to positions on the score's own scale.
fn marks(score: &PropertyScore, threshold: f64) -> Marks {
    let null = score.null_mean;
    Marks {
        score: score.score,
        interval: (score.effect_interval.0 + null, score.effect_interval.1 + null),
        null,
        shuffled: match &score.details {
            Details::Parallelism(own) => Some(own.null_shuffled_mean),
            _ => None,
        },
        threshold: null + least_effect(threshold, null, &score.details),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::properties::parallelism::ParallelismDetails;
    use crate::theory::verdict::PropertyState;

    #[test]
    fn effects_are_drawn_on_the_scale_of_scores() {
        let score = PropertyScore {
            score: 0.5,
            null_mean: 0.25,
            effect_interval: (0.125, 0.5),
            p_adjusted: 0.001,
            state: PropertyState::Holds,
            shortage: None,
            details: Details::Parallelism(ParallelismDetails { null_shuffled_mean: 0.125, exact: false }),
        };
        let marks = marks(&score, 0.5);
        assert_eq!(marks.interval, (0.375, 0.75));
        assert_eq!(marks.threshold, 0.75);
        assert_eq!((marks.score, marks.null, marks.shuffled), (0.5, 0.25, Some(0.125)));
    }
}
