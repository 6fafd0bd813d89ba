//! Every property that was tested, in both models, raw and visible, each against its null.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_i18n::{t, td_string};

use super::insides::{NullDraws, PairArrows, Unfolded};
use crate::lab::Report;
use crate::lab::report::{Property, PropertyReport, Scores};
use crate::text::numbers::{grouped, number};
use crate::text::properties::{own_numbers, pairing, property_of_concept, score_name, state_name};
use crate::text::verdict::{FindingWords, Version, finding, mood, verdict_name};
use crate::text::{Locale, use_i18n};
use crate::theory::properties::score::{Carried, Details, PropertyScore, least_effect};
use crate::theory::verdict::{PropertyState, VerdictKind};
use crate::ui::plots::geometry::Axis;
use crate::ui::plots::{IntervalBar, Marks};
use crate::ui::state::use_page;

/// One article a property.
#[component]
pub fn PropertiesPanel() -> impl IntoView {
    let page = use_page();
    let i18n = use_i18n();
    let unfolded = Unfolded::new();
    let body = move || {
        page.report.get().map(|report| {
            let locale = i18n.get_locale();
            (0..report.properties.len())
                .map(|index| view! { <PropertyView locale=locale report=report.clone() index=index unfolded=unfolded /> })
                .collect_view()
        })
    };
    view! {
        <section class="panel" aria-labelledby="properties-title">
            <header class="panel__head">
                <h2 id="properties-title">{t!(i18n, properties.title)}</h2>
                <p>{t!(i18n, properties.lead)}</p>
            </header>
            <div class="properties" data-testid="properties">{body}</div>
        </section>
    }
}

/// One property: its verdict, its scores, what took part.
#[component]
fn PropertyView(locale: Locale, report: Arc<Report>, index: usize, unfolded: Unfolded) -> impl IntoView {
    let property = report.properties.get(index).cloned()?;
    let code = code(property.property);
    let [visible, raw] =
        [Version::Visible, Version::Raw].map(|version| finding(locale, &report, &property, version));
    let thresholds = report.experiment.thresholds;
    let threshold = match property.property {
        Property::Parallelism | Property::LinearSubspace => thresholds.delta_correlation,
        Property::RelationalLinearity => thresholds.delta_r2,
        Property::LinearProbing => thresholds.delta_accuracy,
        Property::LinearSteering => thresholds.delta_steering,
    };
    let title_id = format!("property-{code}-title");
    let (article_title, table_title) = (title_id.clone(), title_id.clone());
    let reasons = |finding: &FindingWords| {
        finding.reasons.iter().map(|(_, sentence)| *sentence).collect::<Vec<_>>().join(" ")
    };
    // Without scores the reason is all there is to say.
    let missing = property.scores.is_none().then(|| reasons(&visible));
    Some(view! {
        <article class="property" aria-labelledby=article_title data-testid=format!("property-{code}")>
            <h3 id=title_id>{property_of_concept(locale, property.property, &property.concept)}</h3>
            <p class="property__question">{question(locale, property.property)}</p>
            <p class="property__verdicts">
                <Chip locale=locale version=Version::Visible kind=visible.kind testid=format!("{code}-verdict-visible") />
                <Chip locale=locale version=Version::Raw kind=raw.kind testid=format!("{code}-verdict-raw") />
            </p>
            {missing.map(|reason| view! { <p class="hint">{reason}</p> })}
            {property
                .scores
                .as_ref()
                .map(|scores| {
                    view! { <ScoreTable locale=locale scores=scores.clone() property=property.property threshold=threshold title_id=table_title /> }
                })}
            {pairing(locale, &property, thresholds.delta_correlation)
                .map(|sentence| view! { <p data-testid="pairing">{sentence}</p> })}
            {property.scores.as_ref().and_then(|scores| own_numbers(locale, &scores.visible_a, &scores.visible_b))
                .map(|sentence| view! { <p class="hint">{sentence}</p> })}
            {property
                .carried
                .map(|carried| {
                    view! {
                        <ul class="carried" data-testid=format!("{code}-carried")>
                            <CarriedView locale=locale from="A" to="B" carried=carried.b_from_a />
                            <CarriedView locale=locale from="B" to="A" carried=carried.a_from_b />
                        </ul>
                    }
                })}
            <PairArrows locale=locale report=report.clone() index=index unfolded=unfolded />
            <NullDraws locale=locale report=report index=index unfolded=unfolded />
            <Material locale=locale property=property />
        </article>
    })
}

/// The verdict on one version, in a few words.
#[component]
fn Chip(locale: Locale, version: Version, kind: VerdictKind, testid: String) -> impl IntoView {
    view! {
        <span class="chip" data-mood=mood(kind) data-testid=testid>
            <span class="chip__version">{version_name(locale, version)}</span>
            {verdict_name(locale, kind)}
        </span>
    }
}

/// Four scores on one scale.
#[component]
fn ScoreTable(
    locale: Locale,
    scores: Scores,
    property: Property,
    threshold: f64,
    title_id: String,
) -> impl IntoView {
    let code = code(property);
    let rows = [
        ("a", Version::Raw, scores.raw_a),
        ("b", Version::Raw, scores.raw_b),
        ("a", Version::Visible, scores.visible_a),
        ("b", Version::Visible, scores.visible_b),
    ]
    .map(|(letter, version, score)| (letter, version, marks(&score, threshold), score));
    let end = if property == Property::LinearSteering { 0.0 } else { 1.0 };
    let axis = Axis::around(rows.iter().flat_map(|(.., m, _)| {
        [m.score, m.interval.0, m.interval.1, m.null, m.shuffled.unwrap_or(m.null), m.threshold, end]
    }));
    view! {
        <div class="table-scroll" tabindex="0" role="group" aria-labelledby=title_id>
            <table class="stacked stacked--scores">
                <thead>
                    <tr>
                        <th scope="col" class="cell-text">
                            {td_string!(locale, properties.table.model)}
                        </th>
                        <th scope="col">{score_name(locale, property)}</th>
                        <th scope="col">{td_string!(locale, properties.table.by_chance)}</th>
                        <th scope="col">{td_string!(locale, properties.table.p)}</th>
                        <th scope="col">{td_string!(locale, properties.table.state)}</th>
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
                            <span class="visually-hidden">{td_string!(locale, properties.table.drawing)}</span>
                        </th>
                    </tr>
                </thead>
                <tbody>
                    {rows
                        .into_iter()
                        .map(|(letter, version, marks, score)| {
                            let testid = format!("{code}-{}-{letter}", version_code(version));
                            view! {
                                <tr data-model=letter>
                                    <th scope="row" class="cell-text">
                                        <span class=format!("legend__{letter}")>{letter.to_uppercase()}</span>
                                        " "
                                        {version_name(locale, version)}
                                    </th>
                                    <td data-testid=testid.clone() data-value=score.score.to_string()>
                                        {number(score.score)}
                                    </td>
                                    <td>{number(score.null_mean)}</td>
                                    <td>{number(score.p_adjusted)}</td>
                                    <td data-testid=format!("{testid}-state")>
                                        <span class="state" data-state=state_code(score.state)>
                                            {state_name(locale, score.state)}
                                        </span>
                                        {is_exact(&score).then(|| td_string!(locale, properties.state.exactly))}
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
            <span class="key__score">{td_string!(locale, properties.key.score)}</span>
            <span class="key__span">{td_string!(locale, properties.key.interval)}</span>
            <span class="key__null">
                {if property == Property::Parallelism {
                    td_string!(locale, properties.key.random_pairs)
                } else {
                    td_string!(locale, properties.table.by_chance)
                }}
            </span>
            {(property == Property::Parallelism)
                .then(|| view! { <span class="key__shuffled">{td_string!(locale, properties.key.shuffled)}</span> })}
            <span class="key__holds">{td_string!(locale, properties.key.holds)}</span>
        </p>
    }
}

/// What was found in one model, tried in the other.
#[component]
fn CarriedView(locale: Locale, from: &'static str, to: &'static str, carried: Carried) -> impl IntoView {
    view! {
        <li>
            {td_string!(
                locale,
                properties.carried,
                from,
                to,
                score = number(carried.score),
                own = number(carried.own),
                chance = number(carried.chance),
            )}
        </li>
    }
}

/// What took part, and what was left out.
#[component]
fn Material(locale: Locale, property: PropertyReport) -> impl IntoView {
    let (used, dropped) = (property.used.len(), property.dropped.len());
    let took_part = took_part(locale, property.property, used);
    let n = grouped(dropped);
    let summary = match dropped {
        0 => took_part,
        _ => td_string!(locale, properties.and_dropped, count = dropped, n, used = took_part),
    };
    let separator = td_string!(locale, properties.list_separator);
    let left_out = (dropped > 0).then(|| {
        let words = property.dropped.join(separator);
        view! { <p class="hint">{td_string!(locale, properties.dropped, words)}</p> }
    });
    view! {
        <details>
            <summary>{summary}</summary>
            <p>{property.used.join(separator)}</p>
            {left_out}
        </details>
    }
}

/// How much of the material took part, in words.
fn took_part(locale: Locale, property: Property, count: usize) -> String {
    let n = grouped(count);
    match property {
        Property::Parallelism => td_string!(locale, properties.used.pairs, count, n),
        Property::RelationalLinearity | Property::LinearSubspace => {
            td_string!(locale, properties.used.subjects, count, n)
        }
        Property::LinearProbing => td_string!(locale, properties.used.contexts, count, n),
        Property::LinearSteering => td_string!(locale, properties.used.context_pairs, count, n),
    }
}

/// What a property asks, in one sentence.
fn question(locale: Locale, property: Property) -> &'static str {
    match property {
        Property::Parallelism => td_string!(locale, properties.question.parallelism),
        Property::RelationalLinearity => td_string!(locale, properties.question.relational),
        Property::LinearSubspace => td_string!(locale, properties.question.subspace),
        Property::LinearProbing => td_string!(locale, properties.question.probing),
        Property::LinearSteering => td_string!(locale, properties.question.steering),
    }
}

fn version_name(locale: Locale, version: Version) -> &'static str {
    match version {
        Version::Visible => td_string!(locale, properties.visible),
        Version::Raw => td_string!(locale, properties.raw),
    }
}

fn version_code(version: Version) -> &'static str {
    match version {
        Version::Visible => "visible",
        Version::Raw => "raw",
    }
}

/// For the style sheet.
fn state_code(state: PropertyState) -> &'static str {
    match state {
        PropertyState::Holds => "holds",
        PropertyState::Fails => "fails",
        PropertyState::Uncertain => "uncertain",
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
    use crate::theory::properties::score::Histogram;

    #[test]
    fn effects_are_drawn_on_the_scale_of_scores() {
        let score = PropertyScore {
            score: 0.5,
            null_mean: 0.25,
            null: Histogram::default(),
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
