//! A report as a page that stands by itself, in the reader's language: the verdicts first, then every table with its
//! pictures.

use leptos_i18n::td_string;

use super::Picture;
use super::of_report::{arrows, map, next_tokens, nulls, ranks, strip};
use crate::lab::experiment::Experiment;
use crate::lab::export::html::Html;
use crate::lab::report::{PromptReport, PropertyReport, Report, Side};
use crate::lab::visible::visible_text;
use crate::text::numbers::{number, percent, probability};
use crate::text::properties::property_of_concept;
use crate::text::{Locale, level, verdict};

/// Next tokens of each prompt that are listed.
const LISTED_TOKENS: usize = 20;
/// Next tokens of each prompt that are drawn.
const DRAWN_TOKENS: usize = 12;

/// The page.
pub fn report_page(locale: Locale, report: &Report) -> String {
    let [a, b] = [&report.model_a, &report.model_b].map(|side| visible_text(&side.model.name));
    let mut page = Html::begin(locale.as_ref(), &td_string!(locale, share.report.title, a, b));
    let version = visible_text(&report.version);
    page.element("p", "about", &td_string!(locale, share.report.made_by, version));
    verdicts(&mut page, locale, report);
    equality(&mut page, locale, report);
    models(&mut page, locale, report);
    properties(&mut page, locale, report);
    prompts(&mut page, locale, report);
    coupled_map(&mut page, locale, report);
    truncation(&mut page, locale, report);
    asked(&mut page, locale, &report.experiment);
    page.end()
}

fn draw(page: &mut Html, id: &str, picture: &Picture) {
    page.drawing(&picture.title, &picture.description, &picture.in_file(id));
}

fn verdicts(page: &mut Html, locale: Locale, report: &Report) {
    page.heading(td_string!(locale, share.report.verdict));
    for (i, property) in report.properties.iter().enumerate() {
        // What is said of the pair is said once; of a property, each time.
        if i > 0 && verdict::is_about_the_pair(property.verdict.visible.kind) {
            break;
        }
        for finding in verdict::findings(locale, report, property) {
            page.element("p", "about", &visible_text(&finding.about));
            page.element("h3", "headline", &visible_text(&finding.headline));
            page.element("p", "scope", &finding.scope);
            if !finding.reasons.is_empty() {
                page.element("p", "about", td_string!(locale, share.report.why));
                page.list(finding.reasons.into_iter().map(|(code, sentence)| (sentence.to_owned(), code)));
            }
        }
    }
}

fn equality(page: &mut Html, locale: Locale, report: &Report) {
    let equality = &report.equality;
    page.heading(td_string!(locale, share.report.equality));
    page.element("h3", "headline", level::level_name(locale, equality));
    page.element("p", "scope", &level::level_sentence(locale, equality));
    let nats = |value: f64| format!("{} {}", number(value), td_string!(locale, page.nats));
    let rows = [
        ("KL(A‖B)", nats(equality.mean_kl_ab)),
        ("KL(B‖A)", nats(equality.mean_kl_ba)),
        ("JS", nats(equality.mean_js)),
        ("TV", number(equality.mean_tv)),
        ("max |Δ log p|", nats(equality.max_abs_dlogp)),
        (td_string!(locale, share.report.floor), nats(equality.epsilon_num)),
        (td_string!(locale, share.report.contexts), report.n_contexts.to_string()),
        (td_string!(locale, share.report.texts), report.n_texts.to_string()),
        (td_string!(locale, share.report.tokens), report.n_tokens.to_string()),
    ];
    let head = [td_string!(locale, share.report.quantity), td_string!(locale, share.report.mean)];
    page.table(&head, rows.map(|(name, value)| vec![name.to_owned(), value]));
    page.list(level::plan(locale, &report.plan, equality).into_iter().map(|sentence| (sentence, "")));
}

fn models(page: &mut Html, locale: Locale, report: &Report) {
    page.heading(td_string!(locale, share.report.models));
    let row = |name: &str, value: fn(&Side) -> String| {
        vec![name.to_owned(), value(&report.model_a), value(&report.model_b)]
    };
    page.table(
        &[td_string!(locale, share.report.quantity), "A", "B"],
        [
            row(td_string!(locale, share.report.name), |side| visible_text(&side.model.name)),
            row(td_string!(locale, share.report.architecture), |side| visible_text(&side.model.architecture)),
            row(td_string!(locale, share.report.width), |side| side.subspace.d.to_string()),
            row(td_string!(locale, share.report.parameters), |side| side.model.parameters.to_string()),
            row(td_string!(locale, share.report.weights), |side| visible_text(&side.model.sha256)),
            row(td_string!(locale, share.report.engine), |side| visible_text(&side.engine_detail)),
            row(td_string!(locale, share.report.complexity), |side| {
                side.subspace.effective_complexity.to_string()
            }),
            row(td_string!(locale, share.report.dark_f), |side| percent(side.subspace.dark_f)),
            row(td_string!(locale, share.report.dark_g), |side| percent(side.subspace.dark_g)),
        ],
    );
    draw(page, "scree", &ranks::scree(locale, Some(report)));
}

fn properties(page: &mut Html, locale: Locale, report: &Report) {
    page.heading(td_string!(locale, share.report.properties));
    for (i, property) in report.properties.iter().enumerate() {
        let name = property_of_concept(locale, property.property, &property.concept);
        page.element("h3", "headline", &visible_text(&name));
        scores(page, locale, property);
        if let Some(found) = &property.arrows {
            draw(page, &format!("arrows-{i}"), &arrows::picture(locale, Some(property)));
            page.element("p", "scope", &arrows::finding(locale, report.equality.level, found));
        }
        if property.scores.is_some() {
            draw(page, &format!("nulls-{i}"), &nulls::picture(locale, Some(property)));
            page.list(nulls::in_words(locale, property).into_iter().map(|sentence| (sentence, "")));
        }
        let list =
            |texts: &[String]| texts.iter().map(|text| visible_text(text)).collect::<Vec<_>>().join(" · ");
        let (used, dropped) = (&property.used, &property.dropped);
        let n = used.len();
        page.element("p", "about", &td_string!(locale, share.report.used, n, list = list(used)));
        if !dropped.is_empty() {
            let n = dropped.len();
            page.element("p", "about", &td_string!(locale, share.report.dropped, n, list = list(dropped)));
        }
    }
}

fn scores(page: &mut Html, locale: Locale, property: &PropertyReport) {
    let Some(scores) = &property.scores else { return };
    let (raw, visible) = (td_string!(locale, properties.raw), td_string!(locale, properties.visible));
    let rows = [
        (raw, "A", &scores.raw_a),
        (raw, "B", &scores.raw_b),
        (visible, "A", &scores.visible_a),
        (visible, "B", &scores.visible_b),
    ];
    let head = [
        td_string!(locale, share.report.version),
        td_string!(locale, share.report.score),
        td_string!(locale, share.report.chance),
        td_string!(locale, share.report.interval),
        "p",
    ];
    page.table(
        &head,
        rows.map(|(version, letter, score)| {
            let (low, high) = score.effect_interval;
            vec![
                format!("{version} {letter}"),
                number(score.score),
                number(score.null_mean),
                format!("{} … {}", number(low), number(high)),
                number(score.p_adjusted),
            ]
        }),
    );
}

fn prompts(page: &mut Html, locale: Locale, report: &Report) {
    page.heading(td_string!(locale, share.report.prompts));
    let row = |prompt: &PromptReport| {
        let d = &prompt.divergences;
        let numbers = [d.kl_ab, d.kl_ba, d.js, d.tv, d.max_abs_dlogp];
        std::iter::once(visible_text(&prompt.text)).chain(numbers.map(number)).collect()
    };
    let head = [td_string!(locale, share.report.prompt), "KL(A‖B)", "KL(B‖A)", "JS", "TV", "max |Δ log p|"];
    page.table(&head, report.prompts.iter().map(row));
    draw(page, "strip", &strip::picture(locale, Some(report)));
    draw(page, "scatter", &next_tokens::scatter(locale, Some(report)));
    for (i, prompt) in report.prompts.iter().enumerate() {
        page.element("h3", "prompt", &visible_text(&prompt.text));
        let drawn = prompt.next.iter().cloned().enumerate().take(DRAWN_TOKENS).collect();
        draw(page, &format!("bars-{i}"), &next_tokens::bars(locale, prompt, drawn, 1));
        let tokens = prompt.next.iter().take(LISTED_TOKENS).map(|next| {
            let [a, b] = [next.log_prob_a, next.log_prob_b].map(|log| probability(log.exp()));
            vec![visible_text(&next.token), a, b]
        });
        page.table(&[td_string!(locale, share.report.token), "p A", "p B"], tokens);
    }
}

fn coupled_map(page: &mut Html, locale: Locale, report: &Report) {
    page.heading(td_string!(locale, share.report.map));
    let head = [
        td_string!(locale, share.report.direction),
        td_string!(locale, share.report.residual_tokens),
        td_string!(locale, share.report.shuffled),
        td_string!(locale, share.report.residual_prompts),
        td_string!(locale, share.report.shuffled),
    ];
    draw(page, "map", &map::map(locale, Some(report)));
    draw(page, "angles", &map::angles(locale, Some(report)));
    let rows = [("A→B", &report.map_ab), ("B→A", &report.map_ba)].map(|(direction, map)| {
        let numbers = [map.e_tok, map.e_tok_shuffled, map.e_prm, map.e_prm_shuffled];
        std::iter::once(direction.to_owned()).chain(numbers.map(number)).collect()
    });
    page.table(&head, rows);
}

fn truncation(page: &mut Html, locale: Locale, report: &Report) {
    page.heading(td_string!(locale, share.report.truncation));
    draw(page, "truncation", &ranks::truncation(locale, Some(report)));
    for (letter, side) in [("A", &report.model_a), ("B", &report.model_b)] {
        page.element("h3", "prompt", letter);
        let kl = format!("KL ({})", td_string!(locale, page.nats));
        let rows = side
            .truncation
            .iter()
            .map(|point| vec![point.k.to_string(), number(point.mean_kl), percent(point.top_1_agreement)]);
        let head = [td_string!(locale, share.report.dimension), &kl, td_string!(locale, share.report.top_1)];
        page.table(&head, rows);
    }
}

/// What a reader needs to ask the same again and to judge the words "close" and "holds", besides models and prompts.
fn asked(page: &mut Html, locale: Locale, experiment: &Experiment) {
    page.heading(td_string!(locale, share.report.asked));
    let concepts: Vec<String> =
        experiment.concepts.iter().map(|concept| visible_text(&concept.name)).collect();
    let thresholds = &experiment.thresholds;
    let rows = [
        (td_string!(locale, share.report.concepts), concepts.join(" · ")),
        (td_string!(locale, share.report.seed), experiment.seed.to_string()),
        (td_string!(locale, share.report.delta_mean), number(thresholds.delta_mean)),
        (td_string!(locale, share.report.delta_tail), number(thresholds.delta_tail)),
        (td_string!(locale, share.report.max_violation_rate), percent(thresholds.max_violation_rate)),
        (td_string!(locale, share.report.alpha), number(thresholds.alpha)),
        (td_string!(locale, share.report.delta_correlation), number(thresholds.delta_correlation)),
        (td_string!(locale, share.report.delta_r2), number(thresholds.delta_r2)),
        (td_string!(locale, share.report.delta_accuracy), number(thresholds.delta_accuracy)),
        (td_string!(locale, share.report.delta_steering), number(thresholds.delta_steering)),
        (td_string!(locale, share.report.max_p), number(thresholds.max_p)),
    ];
    let head = [td_string!(locale, share.report.quantity), td_string!(locale, share.report.value)];
    page.table(&head, rows.map(|(name, value)| vec![name.to_owned(), value]));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::lab::fixture::{prompt, twin_report};

    /// Two prompts and one property without arrows: its null, scree, truncation, map and
    /// angles, strip, scatter, bars.
    #[test]
    fn every_picture_is_drawn_once_and_named_once() {
        let mut report = twin_report("reduced");
        report.prompts = vec![prompt("one", [0.5, 0.25], 0.1), prompt("two", [0.125, 0.125], 0.0)];
        for locale in [Locale::en, Locale::ja] {
            let page = report_page(locale, &report);
            assert_eq!(page.matches("<svg").count(), 1 + 4 + 2 + 2);
            assert_eq!(page.matches("<figcaption>").count(), 9);
            let ids: Vec<&str> =
                page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
            assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
            assert!(ids.contains(&"bars-1-hatch"), "{ids:?}");
        }
    }
}
