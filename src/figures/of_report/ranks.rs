//! Singular values with what rounding explains, and what a smaller model loses.

use std::sync::Arc;

use leptos_i18n::td_string;

use super::{owner_name, owner_names};
use crate::figures::Picture;
use crate::figures::curves::{Curve, KeyWords, Pane, curves};
use crate::figures::owner::Owner;
use crate::figures::table::{Cell, FigureData};
use crate::lab::Report;
use crate::lab::report::Side;
use crate::text::Locale;
use crate::text::numbers::number;
use crate::theory::subspace::SubspaceSummary;

/// Dimensions up to which a curve over them has a linear axis: longer ones are measured in equal ratios.
const LINEAR: usize = 64;

fn sides(report: Option<&Report>) -> impl Iterator<Item = (Owner, &Side)> {
    report.into_iter().flat_map(|report| [(Owner::A, &report.model_a), (Owner::B, &report.model_b)])
}

/// What is counted in one drawing of the scree plot.
#[derive(Clone, Copy)]
enum Counted {
    F,
    G,
    Cosines,
}

impl Counted {
    const ALL: [Self; 3] = [Self::F, Self::G, Self::Cosines];

    fn values(self, of: &SubspaceSummary) -> (&[f64], f64) {
        match self {
            Self::F => (&of.singular_values_f, of.tolerance_f),
            Self::G => (&of.singular_values_g, of.tolerance_g),
            Self::Cosines => (&of.principal_cosines, of.tolerance_cosine),
        }
    }

    fn rank(self, of: &SubspaceSummary) -> usize {
        match self {
            Self::F => of.rank_f,
            Self::G => of.rank_g,
            Self::Cosines => of.effective_complexity,
        }
    }

    fn name(self, locale: Locale) -> &'static str {
        match self {
            Self::F => td_string!(locale, insides.scree.f),
            Self::G => td_string!(locale, insides.scree.g),
            Self::Cosines => td_string!(locale, insides.scree.cosines),
        }
    }

    fn unit(self, locale: Locale) -> &'static str {
        match self {
            Self::F | Self::G => td_string!(locale, insides.scree.value),
            Self::Cosines => td_string!(locale, insides.scree.cosine),
        }
    }

    /// Its name in files.
    fn code(self) -> &'static str {
        match self {
            Self::F => "f",
            Self::G => "g",
            Self::Cosines => "cosine",
        }
    }
}

/// Singular values of F and G of both models, and the cosines between the two.
pub fn scree(locale: Locale, report: Option<&Report>) -> Picture {
    let mut table = FigureData::with_columns([
        ("of", td_string!(locale, insides.scree.of).to_owned()),
        ("model", td_string!(locale, insides.model).to_owned()),
        ("k", td_string!(locale, insides.scree.number).to_owned()),
        ("value", td_string!(locale, insides.scree.any_value).to_owned()),
        ("tolerance", td_string!(locale, insides.scree.tolerance).to_owned()),
        ("counts", td_string!(locale, insides.scree.counts).to_owned()),
    ]);
    let panes = Counted::ALL.map(|counted| {
        let curve = |(owner, side): (Owner, &Side)| {
            let (values, tolerance) = counted.values(&side.subspace);
            let point = |(i, value): (usize, &f64)| {
                let words = td_string!(
                    locale,
                    insides.scree.point,
                    what = counted.name(locale),
                    model = owner_name(locale, owner),
                    k = i + 1,
                    value = number(*value)
                );
                (i as f64 + 1.0, *value, words)
            };
            Curve { owner, points: values.iter().enumerate().map(point).collect(), limit: Some(tolerance) }
        };
        let rank = |side: Option<&Side>| side.map_or(0, |side| counted.rank(&side.subspace));
        Pane {
            title: td_string!(
                locale,
                insides.scree.ranks,
                what = counted.name(locale),
                a = rank(report.map(|report| &report.model_a)),
                b = rank(report.map(|report| &report.model_b))
            ),
            x: td_string!(locale, insides.scree.number).to_owned(),
            y: counted.unit(locale).to_owned(),
            is_log_x: false,
            y_linear: None,
            curves: sides(report).map(curve).collect(),
        }
    });
    for counted in Counted::ALL {
        for (owner, side) in sides(report) {
            let (values, tolerance) = counted.values(&side.subspace);
            table.rows.extend(values.iter().enumerate().map(|(i, value)| -> Vec<Cell> {
                let counts = usize::from(*value > tolerance);
                vec![
                    counted.code().into(),
                    owner.letter().into(),
                    (i + 1).into(),
                    (*value).into(),
                    tolerance.into(),
                    counts.into(),
                ]
            }));
        }
    }
    let limit = Some(td_string!(locale, insides.scree.limit).to_owned());
    let words = KeyWords { owners: owner_names(locale), limit };
    Picture {
        title: td_string!(locale, insides.scree.title).to_owned(),
        description: td_string!(locale, insides.scree.sees).to_owned(),
        table,
        draw: Arc::new(move |width| curves(&panes, &words, width)),
    }
}

/// How far each model's distribution is from those of its k strongest dimensions.
pub fn truncation(locale: Locale, report: Option<&Report>) -> Picture {
    let curve = |(owner, side): (Owner, &Side)| {
        let point = |at: &crate::theory::minimal::TruncationPoint| {
            let words = td_string!(
                locale,
                insides.truncation.point,
                model = owner_name(locale, owner),
                k = at.k,
                kl = number(at.mean_kl)
            );
            (at.k as f64, at.mean_kl, words)
        };
        Curve { owner, points: side.truncation.iter().map(point).collect(), limit: None }
    };
    let most = sides(report).flat_map(|(_, side)| &side.truncation).map(|at| at.k).max().unwrap_or(0);
    let pane = Pane {
        title: String::new(),
        x: td_string!(locale, insides.truncation.kept).to_owned(),
        y: td_string!(locale, insides.truncation.kl).to_owned(),
        is_log_x: most > LINEAR,
        y_linear: None,
        curves: sides(report).map(curve).collect(),
    };
    let mut table = FigureData::with_columns([
        ("model", td_string!(locale, insides.model).to_owned()),
        ("k", td_string!(locale, insides.truncation.kept).to_owned()),
        ("mean_kl", td_string!(locale, insides.truncation.kl).to_owned()),
        ("clr_rms", td_string!(locale, insides.truncation.clr).to_owned()),
        ("same_best_token", td_string!(locale, insides.truncation.same_best).to_owned()),
    ]);
    for (owner, side) in sides(report) {
        table.rows.extend(side.truncation.iter().map(|at| -> Vec<Cell> {
            vec![
                owner.letter().into(),
                at.k.into(),
                at.mean_kl.into(),
                at.clr_rms.into(),
                at.top_1_agreement.into(),
            ]
        }));
    }
    let words = KeyWords { owners: owner_names(locale), limit: None };
    Picture {
        title: td_string!(locale, insides.truncation.title).to_owned(),
        description: td_string!(locale, insides.truncation.sees).to_owned(),
        table,
        draw: Arc::new(move |width| curves(std::slice::from_ref(&pane), &words, width)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::scene::{Fill, Tone};
    use crate::lab::fixture::report;
    use crate::theory::minimal::TruncationPoint;

    /// A has rank 2 of 3 in F; B rank 1 of 2.
    fn ranked() -> Report {
        let mut report = report();
        let a = &mut report.model_a.subspace;
        (a.singular_values_f, a.tolerance_f, a.rank_f) = (vec![5.0, 1.0, 1e-8], 1e-6, 2);
        (a.singular_values_g, a.tolerance_g, a.rank_g) = (vec![2.0], 1e-6, 1);
        (a.principal_cosines, a.effective_complexity) = (vec![1.0, 0.5], 2);
        let b = &mut report.model_b.subspace;
        (b.singular_values_f, b.tolerance_f, b.rank_f) = (vec![3.0, 1e-5], 1e-4, 1);
        report
    }

    /// As many points are filled as the ranks say, in the drawing and in the table.
    #[test]
    fn what_counts_is_the_rank() {
        let report = ranked();
        for locale in [Locale::en, Locale::ja] {
            let picture = scree(locale, Some(&report));
            assert_eq!(picture.table.rows.len(), 3 + 2 + 1 + 2);
            let counted = |of: &str, model: &str| {
                let is_counted = |row: &&Vec<Cell>| {
                    row[0] == Cell::from(of) && row[1] == Cell::from(model) && row[5] == Cell::from(1.0)
                };
                picture.table.rows.iter().filter(is_counted).count()
            };
            assert_eq!(
                [counted("f", "A"), counted("f", "B"), counted("g", "A"), counted("cosine", "A")],
                [2, 1, 1, 2]
            );
            let scene = (picture.draw)(1200.0);
            let hollow = scene
                .marks
                .iter()
                .filter(|mark| mark.name().is_some() && mark.fill() == Fill::Solid(Tone::Surface));
            assert_eq!(hollow.count(), 2);
            let svg = scene.on_page("s", &picture.title, &picture.description);
            let ranks = [
                ["F: A 2, B 1", "G, centred: A 1, B 32"],
                ["F：A は 2、B は 1", "G（中心化）：A は 1、B は 32"],
            ];
            let expected = &ranks[usize::from(locale == Locale::ja)];
            assert!(expected.iter().all(|title| svg.contains(title)), "the ranks stand in the titles");
        }
        assert!(scree(Locale::en, None).table.rows.is_empty());
    }

    #[test]
    fn every_point_of_the_curve_is_drawn_and_listed() {
        let mut report = report();
        let point = |k, mean_kl| TruncationPoint { k, mean_kl, clr_rms: 2.0 * mean_kl, top_1_agreement: 0.5 };
        report.model_a.truncation = vec![point(1, 4.0), point(2, 0.5), point(3, 1e-16)];
        report.model_b.truncation = vec![point(1, 3.0), point(96, 1e-16)];
        let picture = truncation(Locale::en, Some(&report));
        assert_eq!(
            picture.table.rows[1],
            [Cell::from("A"), Cell::from(2.0), Cell::from(0.5), Cell::from(1.0), Cell::from(0.5)]
        );
        let marks = |width| (picture.draw)(width).marks.iter().filter(|mark| mark.name().is_some()).count();
        assert_eq!([marks(300.0), marks(900.0), picture.table.rows.len()], [5, 5, 5]);
    }
}
