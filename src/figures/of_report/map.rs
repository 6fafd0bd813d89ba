//! How what A and B can express lie to one another: principal angles, and the map between canonical coordinates.

use std::sync::Arc;

use leptos_i18n::td_string;

use crate::figures::Picture;
use crate::figures::curves::{Curve, KeyWords, Pane, curves};
use crate::figures::heat_map::{Matrix, Titles, heat_map};
use crate::figures::owner::Owner;
use crate::figures::table::{Cell, FigureData};
use crate::lab::Report;
use crate::text::Locale;
use crate::text::numbers::number;
use crate::theory::linear_map::MapCells;

/// Degrees between directions with this cosine.
fn degrees(cosine: f64) -> f64 {
    cosine.clamp(-1.0, 1.0).acos().to_degrees()
}

/// Principal angles between what both unembeddings can express.
pub fn angles(locale: Locale, report: Option<&Report>) -> Picture {
    let cosines = report.map_or(&[][..], |report| &report.nearness.image_cosines);
    let mut table = FigureData::with_columns([
        ("k", td_string!(locale, insides.angles.number).to_owned()),
        ("angle", td_string!(locale, insides.angles.angle).to_owned()),
        ("cosine", td_string!(locale, insides.angles.cosine).to_owned()),
    ]);
    table.rows = cosines
        .iter()
        .enumerate()
        .map(|(i, cosine)| vec![(i + 1).into(), degrees(*cosine).into(), (*cosine).into()])
        .collect();
    let point = |(i, cosine): (usize, &f64)| {
        let angle = degrees(*cosine);
        let words = td_string!(locale, insides.angles.point, k = i + 1, angle = number(angle));
        (i as f64 + 1.0, angle, words)
    };
    let pane = Pane {
        title: String::new(),
        x: td_string!(locale, insides.angles.number).to_owned(),
        y: td_string!(locale, insides.angles.angle).to_owned(),
        is_log_x: false,
        y_linear: Some(((0.0, 90.0), 30.0)),
        curves: vec![Curve {
            owner: Owner::Both,
            points: cosines.iter().enumerate().map(point).collect(),
            limit: None,
        }],
    };
    let words = KeyWords { owners: vec![], limit: None };
    Picture {
        title: td_string!(locale, insides.angles.title).to_owned(),
        description: td_string!(locale, insides.angles.sees).to_owned(),
        table,
        draw: Arc::new(move |width| curves(std::slice::from_ref(&pane), &words, width)),
    }
}

/// The coupled map, square by square.
pub fn map(locale: Locale, report: Option<&Report>) -> Picture {
    let none = MapCells::default();
    let cells = report.map_or(&none, |report| &report.nearness.map);
    let mut table = FigureData::with_columns([
        ("b", td_string!(locale, insides.map.b).to_owned()),
        ("a", td_string!(locale, insides.map.a).to_owned()),
        ("correlation", td_string!(locale, insides.map.value).to_owned()),
    ]);
    let first = |cell: usize| cell * cells.per_cell + 1;
    for (i, row) in cells.values.iter().enumerate() {
        let entry = |(j, value): (usize, &f64)| -> Vec<Cell> {
            vec![first(i).into(), first(j).into(), (*value).into()]
        };
        table.rows.extend(row.iter().enumerate().map(entry));
    }
    let name = |(i, row): (usize, &Vec<f64>)| {
        let strongest = row.iter().enumerate().max_by(|one, other| one.1.abs().total_cmp(&other.1.abs()));
        let (j, value) = strongest.map_or((0, 0.0), |(j, value)| (j, *value));
        let (a, b) = (directions(cells, j, cells.directions.1), directions(cells, i, cells.directions.0));
        td_string!(locale, insides.map.row, a, b, value = number(value))
    };
    let matrix = Matrix {
        names: cells.values.iter().enumerate().map(name).collect(),
        values: cells.values.clone(),
        directions: cells.directions,
        per_cell: cells.per_cell,
    };
    let titles = Titles {
        a: td_string!(locale, insides.map.a).to_owned(),
        b: td_string!(locale, insides.map.b).to_owned(),
        shades: td_string!(locale, insides.map.shades).to_owned(),
        negative: td_string!(locale, insides.map.negative).to_owned(),
    };
    let sees = td_string!(locale, insides.map.sees);
    let description = if cells.per_cell > 1 {
        format!("{sees}{}", td_string!(locale, insides.map.coarse, n = cells.per_cell))
    } else {
        sees.to_owned()
    };
    Picture {
        title: td_string!(locale, insides.map.title).to_owned(),
        description,
        table,
        draw: Arc::new(move |width| heat_map(&matrix, &titles, width)),
    }
}

/// The directions of a square: `5`, or `5–8`.
fn directions(cells: &MapCells, cell: usize, all: usize) -> String {
    let (first, last) = (cell * cells.per_cell + 1, ((cell + 1) * cells.per_cell).min(all));
    if first >= last { first.to_string() } else { format!("{first}–{last}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::fixture::report;

    #[test]
    fn angles_are_those_of_the_cosines() {
        let mut report = report();
        report.nearness.image_cosines = vec![1.0, 0.5, 0.0];
        let picture = angles(Locale::en, Some(&report));
        let expected = [[1.0, 0.0, 1.0], [2.0, 60.0, 0.5], [3.0, 90.0, 0.0]];
        for (row, expected) in picture.table.rows.iter().zip(expected) {
            for (cell, expected) in row.iter().zip(expected) {
                assert!(matches!(cell, Cell::Number(found) if (found - expected).abs() < 1e-12), "{row:?}");
            }
        }
        assert_eq!(picture.table.rows.len(), 3);
    }

    /// Five directions of B and three of A in squares of two.
    #[test]
    fn rows_say_which_directions_answer_to_one_another() {
        let mut report = report();
        let values = vec![vec![0.9, 0.1], vec![0.0, -0.8], vec![0.2, 0.0]];
        report.nearness.map = MapCells { directions: (5, 3), per_cell: 2, values };
        let picture = map(Locale::en, Some(&report));
        assert_eq!(picture.table.rows.len(), 6);
        assert_eq!(picture.table.rows[3], [Cell::from(3.0), Cell::from(3.0), Cell::from(-0.8)]);
        let scene = (picture.draw)(500.0);
        let names: Vec<&str> = scene.marks.iter().filter_map(|mark| mark.name()).collect();
        assert_eq!(names.len(), 3);
        assert!(
            names[1].contains("3–4") && names[1].contains(" 3") && names[1].contains("−0.800"),
            "{}",
            names[1]
        );
        assert!(names[2].contains(" 5"), "{}", names[2]);
        assert!(picture.description.contains('2'));
        for locale in [Locale::en, Locale::ja] {
            assert!(map(locale, None).table.rows.is_empty());
        }
    }
}
