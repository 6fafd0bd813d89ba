//! The differences of a concept's pairs, of A and B side by side: in raw coordinates, and in those that both share.

use std::sync::Arc;

use leptos_i18n::td_string;

use super::owner_name;
use crate::figures::Picture;
use crate::figures::arrows::{Pane, Row, arrows};
use crate::figures::owner::Owner;
use crate::figures::table::{Cell, FigureData};
use crate::lab::report::PropertyReport;
use crate::lab::visible::visible_text;
use crate::text::Locale;
use crate::text::numbers::{number, percent};
use crate::theory::equivalence::Level;
use crate::theory::properties::arrows::{Arrows, Plane};

/// Arrows that end this near to one another, relative to the longest, coincide to the eye.
const COINCIDE: f64 = 0.01;

/// The two tokens of a pair as people read them, and the second alone.
fn words(used: &str) -> (String, String) {
    match used.split_once(" → ") {
        Some((base, changed)) => (
            format!("{} → {}", visible_text(base), visible_text(changed)),
            visible_text(changed.trim_start()),
        ),
        None => (visible_text(used), visible_text(used)),
    }
}

/// The differences of a property's pairs: raw above, as log-ratios below.
pub fn picture(locale: Locale, property: Option<&PropertyReport>) -> Picture {
    let found = property.and_then(|property| property.arrows.as_ref().map(|arrows| (property, arrows)));
    let concept = property.map_or_else(String::new, |property| visible_text(&property.concept));
    let mut table = FigureData::with_columns([
        ("coordinates", td_string!(locale, insides.arrows.coordinates).to_owned()),
        ("pair", td_string!(locale, insides.arrows.pair).to_owned()),
        ("a_x", td_string!(locale, insides.arrows.a_x).to_owned()),
        ("a_y", td_string!(locale, insides.arrows.a_y).to_owned()),
        ("b_x", td_string!(locale, insides.arrows.b_x).to_owned()),
        ("b_y", td_string!(locale, insides.arrows.b_y).to_owned()),
    ]);
    let (mut rows, mut short) = (Vec::new(), Vec::new());
    if let Some((property, found)) = found {
        let pairs: Vec<(String, String)> = property.used.iter().map(|used| words(used)).collect();
        for (code, a, b) in
            [("raw", &found.raw_a, &found.raw_b), ("log_ratio", &found.visible_a, &found.visible_b)]
        {
            let ends = a.ends.iter().zip(&b.ends).zip(&property.used);
            table.rows.extend(ends.map(|((a, b), used)| -> Vec<Cell> {
                vec![code.into(), used.as_str().into(), a.0.into(), a.1.into(), b.0.into(), b.1.into()]
            }));
        }
        let row = |title: &str, unit: &str, is_shared, a: &Plane, b: &Plane| Row {
            title: title.to_owned(),
            unit: unit.to_owned(),
            is_shared,
            a: pane(locale, Owner::A, a, unit, &pairs),
            b: pane(locale, Owner::B, b, unit, &pairs),
        };
        let nats = td_string!(locale, page.nats);
        rows = vec![
            row(td_string!(locale, insides.arrows.raw), "", false, &found.raw_a, &found.raw_b),
            row(td_string!(locale, insides.arrows.visible), nats, true, &found.visible_a, &found.visible_b),
        ];
        short = pairs.into_iter().map(|(_, changed)| changed).collect();
    }
    Picture {
        title: td_string!(locale, insides.arrows.title, concept),
        description: td_string!(locale, insides.arrows.sees).to_owned(),
        table,
        draw: Arc::new(move |width| arrows(&rows, &short, width)),
    }
}

fn pane(locale: Locale, owner: Owner, plane: &Plane, unit: &str, pairs: &[(String, String)]) -> Pane {
    let name = |(end, (pair, _)): (&(f64, f64), &(String, String))| {
        td_string!(
            locale,
            insides.arrows.arrow,
            model = owner_name(locale, owner),
            pair = pair.clone(),
            x = number(end.0),
            y = number(end.1),
            unit = unit.to_owned()
        )
        .trim_end()
        .to_owned()
    };
    Pane {
        title: owner_name(locale, owner).to_owned(),
        names: plane.ends.iter().zip(pairs).map(name).collect(),
        ends: plane.ends.clone(),
        note: td_string!(locale, insides.arrows.explained, share = percent(plane.explained)),
    }
}

/// Largest distance between the ends of one pair, and the longest arrow.
fn apart(a: &Plane, b: &Plane) -> (f64, f64) {
    let distance = |(a, b): (&(f64, f64), &(f64, f64))| (a.0 - b.0).hypot(a.1 - b.1);
    let length = |end: &(f64, f64)| end.0.hypot(end.1);
    (
        a.ends.iter().zip(&b.ends).map(distance).fold(0.0, f64::max),
        a.ends.iter().chain(&b.ends).map(length).fold(0.0, f64::max),
    )
}

/// What is seen, in plain words, and whether it had to be so.
pub fn finding(locale: Locale, level: Level, found: &Arrows) -> String {
    let share = |(distance, longest): (f64, f64)| if longest > 0.0 { distance / longest } else { 0.0 };
    let raw = share(apart(&found.raw_a, &found.raw_b));
    let visible = apart(&found.visible_a, &found.visible_b);
    let above = if raw <= COINCIDE {
        td_string!(locale, insides.arrows.raw_same).to_owned()
    } else {
        td_string!(locale, insides.arrows.raw_differ, share = percent(raw))
    };
    let below = if share(visible) <= COINCIDE {
        td_string!(locale, insides.arrows.visible_same, nats = number(visible.0))
    } else {
        td_string!(
            locale,
            insides.arrows.visible_differ,
            nats = number(visible.0),
            share = percent(share(visible))
        )
    };
    let why = match level {
        Level::Constructed | Level::Identical => td_string!(locale, insides.arrows.must),
        Level::Close => td_string!(locale, insides.arrows.close),
        Level::Different => td_string!(locale, insides.arrows.different),
        Level::Undecided => td_string!(locale, insides.arrows.undecided),
    };
    format!("{above}{below}{why}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::fixture::report;

    fn plane(ends: &[(f64, f64)]) -> Plane {
        Plane { ends: ends.to_vec(), explained: 0.75 }
    }

    fn twin() -> PropertyReport {
        let mut property = report().properties.remove(0);
        property.used = vec![" easy →  easiest".into(), "b → <c>".into()];
        property.arrows = Some(Arrows {
            raw_a: plane(&[(1.0, 0.0), (0.0, 1.0)]),
            raw_b: plane(&[(0.0, 2.0), (4.0, 3.0)]),
            visible_a: plane(&[(8.0, 0.5), (7.0, 0.0)]),
            visible_b: plane(&[(8.0, 0.5), (7.0, 1e-6)]),
        });
        property
    }

    #[test]
    fn the_table_has_every_end_of_every_arrow() {
        let property = twin();
        for locale in [Locale::en, Locale::ja] {
            let picture = picture(locale, Some(&property));
            assert_eq!(picture.table.rows.len(), 4);
            let expected =
                ["raw".into(), "b → <c>".into(), 0.0.into(), 1.0.into(), 4.0.into(), 3.0.into()] as [Cell; 6];
            assert_eq!(picture.table.rows[1], expected);
            assert_eq!(picture.table.rows[3][5], Cell::from(1e-6));
            let svg = (picture.draw)(600.0).on_page("p", &picture.title, &picture.description);
            assert_eq!(svg.matches(r#"class="mark""#).count(), 8);
            assert_eq!(svg.matches("75%").count(), 4);
            assert!(svg.contains("&lt;c&gt;") && !svg.contains("<c>"));
        }
        assert!(picture(Locale::en, None).table.rows.is_empty());
    }

    /// The farthest raw ends, (0, 1) and (4, 3), lie 20^½ apart where the longest arrow is 5 long: 89%.
    #[test]
    fn the_sentence_says_what_is_seen_and_whether_it_had_to_be_so() {
        let mut arrows = twin().arrows.unwrap();
        let said = |level, arrows: &Arrows| finding(Locale::en, level, arrows);
        let twin = said(Level::Constructed, &arrows);
        assert!(twin.contains("89%") && twin.contains("1.0e−6 nats") && twin.contains("must"), "{twin}");
        arrows.visible_b = plane(&[(8.0, 0.5), (7.0, 4.0)]);
        let different = said(Level::Different, &arrows);
        assert!(different.contains("4.00 nats") && different.contains("nothing obliges"), "{different}");
        arrows.raw_b = arrows.raw_a.clone();
        let turned = said(Level::Identical, &arrows);
        assert!(!turned.contains("89%"), "{turned}");
        let sentences = [Level::Close, Level::Different, Level::Undecided, Level::Identical];
        let all: std::collections::BTreeSet<String> =
            sentences.into_iter().map(|level| said(level, &arrows)).collect();
        assert_eq!(all.len(), 4);
    }

    #[test]
    fn words_beside_arrows_are_the_second_tokens() {
        assert_eq!(words("strong → strongest"), ("strong → strongest".into(), "strongest".into()));
        assert_eq!(words(" a →  b").1, "b");
        assert_eq!(words("alone").1, "alone");
    }
}
