//! A property's scores over what chance gives, and its p-values in words.

use std::sync::Arc;

use leptos_i18n::td_string;

use super::owner_name;
use crate::figures::Picture;
use crate::figures::nulls::{Null, Pane, nulls};
use crate::figures::owner::Owner;
use crate::figures::table::{Cell, FigureData};
use crate::lab::report::PropertyReport;
use crate::lab::visible::visible_text;
use crate::text::Locale;
use crate::text::numbers::{grouped, number};
use crate::text::properties::{property_of_concept, score_name};
use crate::theory::properties::score::PropertyScore;

/// A p-value above this is no rarity.
const RARE: f64 = 0.05;

/// A score with its place in the picture.
struct Shown<'a> {
    version: &'static str,
    /// Its name in files.
    code: &'static str,
    owner: Owner,
    score: &'a PropertyScore,
}

fn shown(locale: Locale, property: &PropertyReport) -> Vec<Shown<'_>> {
    let (raw, visible) = (td_string!(locale, insides.nulls.raw), td_string!(locale, insides.nulls.visible));
    property.scores.as_ref().map_or_else(Vec::new, |scores| {
        vec![
            Shown { version: visible, code: "visible", owner: Owner::A, score: &scores.visible_a },
            Shown { version: visible, code: "visible", owner: Owner::B, score: &scores.visible_b },
            Shown { version: raw, code: "raw", owner: Owner::A, score: &scores.raw_a },
            Shown { version: raw, code: "raw", owner: Owner::B, score: &scores.raw_b },
        ]
    })
}

/// How often chance reaches each score.
pub fn in_words(locale: Locale, property: &PropertyReport) -> Vec<String> {
    let sentence = |shown: &Shown<'_>| {
        let p = shown.score.p_adjusted;
        let (version, model) = (shown.version, owner_name(locale, shown.owner));
        let score = number(shown.score.score);
        if p <= RARE {
            let times = grouped((1.0 / p.max(1e-9)).round() as usize);
            td_string!(locale, insides.nulls.rare, version, model, score, times, p = number(p))
        } else {
            td_string!(locale, insides.nulls.common, version, model, score, p = number(p))
        }
    };
    shown(locale, property).iter().map(sentence).collect()
}

/// The draws of every score of a property, and the score.
pub fn picture(locale: Locale, property: Option<&PropertyReport>) -> Picture {
    let all = property.map_or_else(Vec::new, |property| shown(locale, property));
    let mut table = FigureData::with_columns([
        ("version", td_string!(locale, insides.nulls.version).to_owned()),
        ("model", td_string!(locale, insides.model).to_owned()),
        ("from", td_string!(locale, insides.nulls.from).to_owned()),
        ("to", td_string!(locale, insides.nulls.to).to_owned()),
        ("draws", td_string!(locale, insides.nulls.draws).to_owned()),
        ("score", td_string!(locale, insides.nulls.score).to_owned()),
        ("p_adjusted", td_string!(locale, insides.nulls.p).to_owned()),
    ]);
    for of in &all {
        let null = null(locale, of);
        table.rows.extend(null.counts.iter().enumerate().map(|(i, count)| -> Vec<Cell> {
            let (low, high) = null.bin(i);
            vec![
                of.code.into(),
                of.owner.letter().into(),
                low.into(),
                high.into(),
                f64::from(*count).into(),
                of.score.score.into(),
                of.score.p_adjusted.into(),
            ]
        }));
    }
    let panes: Vec<Pane> = all
        .chunks_exact(2)
        .map(|pair| Pane {
            title: pair[0].version.to_owned(),
            a: null(locale, &pair[0]),
            b: null(locale, &pair[1]),
        })
        .collect();
    let n_draws = panes.first().map_or(0, |pane| pane.a.n_draws() as usize);
    let axis = property.map_or("", |property| score_name(locale, property.property));
    let of = property.map_or_else(String::new, |property| {
        property_of_concept(locale, property.property, &visible_text(&property.concept))
    });
    Picture {
        title: td_string!(locale, insides.nulls.title, property = of),
        description: td_string!(locale, insides.nulls.sees, n = grouped(n_draws)),
        table,
        draw: Arc::new(move |width| nulls(&panes, axis, width)),
    }
}

fn null(locale: Locale, of: &Shown<'_>) -> Null {
    let histogram = &of.score.null;
    let model = owner_name(locale, of.owner);
    let mut null = Null {
        ends: (histogram.low, histogram.high),
        counts: histogram.counts.clone(),
        names: Vec::new(),
        mean: of.score.null_mean,
        score: of.score.score,
        label: format!("{} {}", of.owner.letter(), number(of.score.score)),
        name: td_string!(
            locale,
            insides.nulls.point,
            model,
            score = number(of.score.score),
            mean = number(of.score.null_mean)
        ),
    };
    let all = grouped(null.n_draws() as usize);
    let name = |(i, count): (usize, &u32)| {
        let (low, high) = null.bin(i);
        let (low, high, all) = (number(low), number(high), all.clone());
        td_string!(locale, insides.nulls.bin, model, n = grouped(*count as usize), all, low, high)
    };
    null.names = null.counts.iter().enumerate().map(name).collect();
    null
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::fixture::twin_report;
    use crate::theory::properties::score::Histogram;

    fn property() -> PropertyReport {
        let mut property = twin_report("reduced").properties.remove(0);
        let scores = property.scores.as_mut().unwrap();
        let histogram = Histogram { low: -0.2, high: 0.2, counts: vec![300, 500, 199] };
        for score in [&mut scores.raw_a, &mut scores.raw_b, &mut scores.visible_a, &mut scores.visible_b] {
            score.null = histogram.clone();
        }
        scores.raw_b.p_adjusted = 0.4;
        property
    }

    #[test]
    fn the_table_holds_every_draw() {
        for locale in [Locale::en, Locale::ja] {
            let picture = picture(locale, Some(&property()));
            assert_eq!(picture.table.rows.len(), 12);
            let draws: f64 = picture
                .table
                .rows
                .iter()
                .filter(|row| row[0] == Cell::from("raw") && row[1] == Cell::from("B"))
                .map(|row| if let Cell::Number(draws) = row[4] { draws } else { 0.0 })
                .sum();
            assert_eq!(draws, 999.0);
            let svg = (picture.draw)(500.0).on_page("n", &picture.title, &picture.description);
            assert_eq!(svg.matches(r#"class="mark""#).count(), 12 + 4);
            assert!(picture.description.contains("999"));
        }
        assert!(picture(Locale::en, None).table.rows.is_empty());
    }

    #[test]
    fn small_p_values_are_said_as_how_rarely() {
        let said = in_words(Locale::en, &property());
        assert_eq!(said.len(), 4);
        assert!(said[0].contains("1,000") && said[0].contains("p = 0.00100"), "{}", said[0]);
        assert!(said[3].contains("often") && said[3].contains("p = 0.400"), "{}", said[3]);
        let mut unmeasured = property();
        unmeasured.scores = None;
        assert!(in_words(Locale::ja, &unmeasured).is_empty());
    }
}
