//! The figures of a report, each from the rows that a table of the report holds.

use super::aggregate::{Outcome, PairRow, Rows, Version};
use super::findings::{
    Apart, BothSides, Spread, StudentScores, both_sides, by_widths, levels, properties, property_name,
    shapes, share, spread, student_scores,
};
use super::plot::{Axis, Figure, Panel, Point, Series};
use crate::lab::report::Property;

const DISTANCE: &str = "mean symmetric KL, nats";

/// All figures of a report, those without a point too.
pub fn figures(rows: &Rows) -> Vec<Figure> {
    let mut figures = vec![training(rows), distance_by_width(rows)];
    figures.extend(Version::BOTH.map(|version| scores(rows, version)));
    figures.extend([differences(rows), bounds(rows), held(rows), seeds(rows), students(rows)]);
    figures
}

fn point(x: f64, y: f64) -> Point {
    Point { x, y, interval: None }
}

fn series(name: &str, style: usize, points: Vec<Point>) -> Series {
    Series { name: name.to_owned(), style, points, is_connected: false }
}

fn panel(title: &str, x: Axis, y: Axis, series: Vec<Series>) -> Panel {
    let n: usize =
        series.iter().map(|series| if series.is_connected { 1 } else { series.points.len() }).sum();
    Panel { title: format!("{title} (n = {n})"), x, y, series, has_diagonal: false }
}

/// (1) How far from the truth models are, by step, width and seed.
fn training(rows: &Rows) -> Figure {
    let shapes = shapes(rows);
    let (mut curves, mut finished) = (Vec::new(), Vec::new());
    for (style, shape) in shapes.iter().enumerate() {
        let name = format!("width {}", shape.name);
        for model in &shape.models {
            let curve = &model.training.curve;
            let points: Vec<Point> =
                curve.iter().filter_map(|at| Some(point(at.step as f64, at.truth_kl?))).collect();
            if !points.is_empty() {
                curves.push(Series { is_connected: true, ..series(&name, style, points) });
            }
        }
        let ends = shape.models.iter().filter_map(|model| {
            let estimate = model.training.distances.truth?;
            let margin = estimate.standard_error.map(|error| 1.96 * error);
            let interval = margin.map(|margin| (estimate.mean - margin, estimate.mean + margin));
            Some(Point { x: style as f64, y: estimate.mean, interval })
        });
        finished.push(series(&name, style, ends.collect()));
    }
    let names = shapes.into_iter().map(|shape| shape.name).collect();
    Figure {
        name: "training",
        description:
            "Mean KL from the truth by training step, and of the finished models by width, one point a seed"
                .into(),
        columns: 2,
        panels: vec![
            panel("While training", Axis::log("updates"), Axis::log("KL from truth, nats"), curves),
            panel(
                "Finished, 95% intervals",
                Axis::names("width", names),
                Axis::log("KL from truth, nats"),
                finished,
            ),
        ],
    }
}

/// (2) How far from each other, by their widths.
fn distance_by_width(rows: &Rows) -> Figure {
    let groups = by_widths(rows);
    let names: Vec<String> = groups.iter().map(|((small, large), _)| format!("{small}–{large}")).collect();
    type Distance = fn(&PairRow) -> Option<f64>;
    let distances: [(&str, &str, Distance); 3] = [
        ("Distributions", DISTANCE, |pair| pair.mean_kl_sym),
        ("Close pairs", "d_LLV", |pair| pair.d_llv),
        ("Close pairs", "d_SVD", |pair| pair.d_svd),
    ];
    let panels = distances.map(|(title, label, value)| {
        let kinds = Apart::EVERY.into_iter().enumerate().map(|(style, kind)| {
            let mut points = Vec::new();
            for (at, (_, pairs)) in groups.iter().enumerate() {
                let of = pairs.iter().filter(|(apart, _)| *apart == kind);
                // Beside each other, so that kinds of one pair of widths do not cover each other.
                let x = at as f64 + 0.16 * (style as f64 - 1.0);
                points.extend(of.filter_map(|&(_, pair)| Some(point(x, value(pair)?))));
            }
            series(kind.name(), style, points)
        });
        let kinds = kinds.collect();
        panel(title, Axis::names("widths of the two models", names.clone()), Axis::log(label), kinds)
    });
    Figure {
        name: "distance_by_width",
        description: "Distance of the distributions of two models by their widths, one point a pair".into(),
        // Names of pairs of widths need all the room.
        columns: 1,
        panels: panels.into(),
    }
}

/// (3) Scores of A against scores of B.
fn scores(rows: &Rows, version: Version) -> Figure {
    let style = Version::BOTH.iter().position(|other| *other == version).unwrap_or(0);
    let panels = properties(rows).into_iter().map(|property| {
        let points = rows.of_property(property).filter_map(|row| row.scores(version));
        let points = points.map(|(a, b)| point(a, b)).collect();
        let of = panel(
            property_name(property),
            Axis::linear("score in A"),
            Axis::linear("score in B"),
            vec![series(version.name(), style, points)],
        );
        Panel { has_diagonal: true, ..of }
    });
    Figure {
        name: match version {
            Version::Raw => "scores_raw",
            Version::Visible => "scores_visible",
        },
        description: format!(
            "{} scores of each property in A and in B, one point a pair and concept",
            version.name()
        ),
        columns: 3,
        panels: panels.collect(),
    }
}

/// (3) How scores come nearer as distributions do.
fn differences(rows: &Rows) -> Figure {
    let panels = properties(rows).into_iter().map(|property| {
        let of = |version| {
            let rows = rows.of_property(property);
            rows.filter_map(|row| Some(point(row.mean_kl_sym?, row.difference(version)?))).collect()
        };
        panel(
            property_name(property),
            Axis::log(DISTANCE),
            Axis::linear("|difference of scores|"),
            both_versions(of),
        )
    });
    Figure {
        name: "differences",
        description:
            "Difference of the scores of a property in two models against the distance of their distributions"
                .into(),
        columns: 3,
        panels: panels.collect(),
    }
}

fn both_versions(points: impl Fn(Version) -> Vec<Point>) -> Vec<Series> {
    let of = |(style, version): (usize, Version)| series(version.name(), style, points(version));
    Version::BOTH.into_iter().enumerate().map(of).collect()
}

/// (4) Both sides of Prop. 7.
fn bounds(rows: &Rows) -> Figure {
    let sides = both_sides(rows);
    let by_level = levels(rows).into_iter().enumerate().map(|(style, level)| {
        let of = sides.iter().filter(|sides| sides.level == level);
        series(level.name(), style, of.map(|sides| point(sides.measured, sides.bound)).collect())
    });
    let against = panel(
        "Prop. 7, each way",
        Axis::log("distance of mapped hidden states (r.m.s.)"),
        Axis::log("its bound"),
        by_level.collect(),
    );
    let relative = |value: fn(&BothSides<'_>) -> f64| {
        sides.iter().map(|sides| point(sides.distance, value(sides) / sides.size)).collect()
    };
    let by_distance = panel(
        "By distance of distributions",
        Axis::log(DISTANCE),
        Axis::log("share of the size of hidden states"),
        vec![
            series("distance of mapped hidden states", 4, relative(|sides| sides.measured)),
            series("bound", 5, relative(|sides| sides.bound)),
        ],
    );
    Figure {
        name: "bounds",
        description: "Measured distance of hidden states after the best linear map, and the bound of Prop. 7"
            .into(),
        columns: 2,
        panels: vec![Panel { has_diagonal: true, ..against }, by_distance],
    }
}

/// (5) Which properties two models share, by level.
fn held(rows: &Rows) -> Figure {
    let properties = properties(rows);
    let names: Vec<String> = properties.iter().map(|property| short(*property).to_owned()).collect();
    let mut panels = Vec::new();
    for level in levels(rows) {
        for version in Version::BOTH {
            let of = |(style, outcome): (usize, Outcome)| {
                let points = properties.iter().enumerate().filter_map(|(at, property)| {
                    let found = share(rows, level, *property, version, outcome)?;
                    // Side by side, so that intervals do not cover each other.
                    let x = at as f64 + 0.16 * (style as f64 - 1.5);
                    Some(Point { x, y: found.share, interval: Some((found.low, found.high)) })
                });
                series(outcome.name(), style, points.collect())
            };
            let n = rows.properties.iter().filter(|row| row.level == level).count();
            panels.push(Panel {
                title: format!("{} pairs, {} scores (n = {n})", level.name(), version.name()),
                x: Axis::names("property", names.clone()),
                y: Axis::linear("share of pairs × concepts"),
                series: Outcome::EVERY.into_iter().enumerate().map(of).collect(),
                has_diagonal: false,
            });
        }
    }
    Figure {
        name: "held",
        description: "Share of pairs and concepts in which both models, neither or one hold a property, with 95% Wilson intervals".into(),
        columns: 2,
        panels,
    }
}

/// (6) What seeds change, beside widths.
fn seeds(rows: &Rows) -> Figure {
    let properties = properties(rows);
    let names: Vec<String> = properties.iter().map(|property| short(*property).to_owned()).collect();
    let panels = Version::BOTH.map(|version| {
        let of = |value: fn(Spread) -> f64| {
            let found = properties.iter().enumerate();
            found
                .filter_map(|(at, property)| Some(point(at as f64, value(spread(rows, *property, version)?))))
                .collect()
        };
        let kinds = vec![
            series("over seeds of one width", 0, of(|spread| spread.within)),
            series("over widths", 1, of(|spread| spread.across)),
        ];
        panel(
            &format!("{} scores", version.name()),
            Axis::names("property", names.clone()),
            Axis::log("sd of the score"),
            kinds,
        )
    });
    Figure {
        name: "seeds",
        description: "Standard deviation of each property's score over seeds of one width and over widths"
            .into(),
        columns: 2,
        panels: panels.into(),
    }
}

/// (7) Students: scores by distance from the teacher, and the teacher's own.
fn students(rows: &Rows) -> Figure {
    let found = student_scores(rows);
    let panels = properties(rows).into_iter().map(|property| {
        let of = |version, value: fn(&StudentScores<'_>) -> f64| {
            let here = found.iter().filter(|scores| scores.property == property && scores.version == version);
            here.map(|scores| point(scores.distance, value(scores))).collect()
        };
        let kinds = vec![
            series("student, raw", 0, of(Version::Raw, |scores| scores.of_student)),
            series("student, visible", 1, of(Version::Visible, |scores| scores.of_student)),
            series("its teacher, raw", 4, of(Version::Raw, |scores| scores.of_teacher)),
            series("its teacher, visible", 3, of(Version::Visible, |scores| scores.of_teacher)),
        ];
        panel(
            property_name(property),
            Axis::log("symmetric KL from teacher, nats"),
            Axis::linear("mean score"),
            kinds,
        )
    });
    Figure {
        name: "students",
        description: "Scores of students by their distance from the teacher, beside the teacher's".into(),
        columns: 3,
        panels: panels.collect(),
    }
}

fn short(property: Property) -> &'static str {
    match property {
        Property::Parallelism => "parallel",
        Property::RelationalLinearity => "relational",
        Property::LinearSubspace => "subspace",
        Property::LinearProbing => "probing",
        Property::LinearSteering => "steering",
    }
}

#[cfg(test)]
mod tests {
    use super::super::aggregate::tests::family;
    use super::super::aggregate::{CurvePoint, Estimate};
    use super::super::plot::Scale;
    use super::*;

    fn drawn(rows: &Rows) -> Vec<&'static str> {
        let has_points = |figure: &Figure| figure.panels.iter().any(|panel| !panel.is_empty());
        figures(rows).iter().filter(|figure| has_points(figure)).map(|figure| figure.name).collect()
    }

    fn points(figure: &Figure, panel: usize, series: usize) -> Vec<(f64, f64)> {
        figure.panels[panel].series[series].points.iter().map(|point| (point.x, point.y)).collect()
    }

    #[test]
    fn what_there_are_no_rows_of_is_not_drawn() {
        let mut rows = family();
        let all = [
            "distance_by_width",
            "scores_raw",
            "scores_visible",
            "differences",
            "bounds",
            "held",
            "seeds",
            "students",
        ];
        assert_eq!(drawn(&rows), all);
        rows.models[4].facts.teacher = None;
        assert!(!drawn(&rows).contains(&"students"));
        rows.properties.clear();
        assert_eq!(drawn(&rows), ["distance_by_width", "bounds"]);
        rows.models[0].training.distances.truth = Some(Estimate { mean: 0.1, standard_error: Some(0.01) });
        assert!(drawn(&rows).contains(&"training"));
    }

    #[test]
    fn points_are_those_of_the_rows() {
        let rows = family();
        let of_scores = scores(&rows, Version::Raw);
        assert_eq!(points(&of_scores, 0, 0)[0], (0.1, 0.3));
        assert_eq!(points(&of_scores, 0, 0).len(), 10);
        let of_differences = differences(&rows);
        assert_eq!(points(&of_differences, 0, 1)[0], (0.1, 0.25));
        let of_bounds = bounds(&rows);
        assert_eq!(points(&of_bounds, 0, 0)[..2], [(1.0, 4.0), (1.0, 8.0)]);
        let of_students = students(&rows);
        assert_eq!(points(&of_students, 0, 0), [(1e-6, 0.5)]);
        assert_eq!(points(&of_students, 0, 2), [(1e-6, 0.6)]);
        let of_held = held(&rows);
        assert_eq!(of_held.panels[1].series[2].points[0].y, 1.0, "visible states differ in every pair");
        assert!(of_held.panels[0].title.contains("n = 10"));
    }

    #[test]
    fn curves_are_drawn_a_line_each_and_students_have_none() {
        let mut rows = family();
        for model in &mut rows.models {
            let at =
                |step| CurvePoint { step, loss: None, truth_kl: Some(1.0 / step as f64), teacher_kl: None };
            model.training.curve = vec![at(10), at(100)];
        }
        let figure = training(&rows);
        assert_eq!(figure.panels[0].series.len(), 4);
        assert!(figure.panels[0].series.iter().all(|series| series.is_connected && series.points.len() == 2));
        assert!(matches!(figure.panels[1].x.scale, Scale::Names(ref names) if names == &["16", "32"]));
    }

    #[test]
    fn every_figure_is_a_document_with_names_on_its_axes() {
        for figure in figures(&family()) {
            if let Some(svg) = figure.svg().unwrap() {
                assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{}", figure.name);
                for panel in figure.panels.iter().filter(|panel| !panel.is_empty()) {
                    assert!(!panel.x.label.is_empty() && !panel.y.label.is_empty());
                    assert!(svg.contains("(n = "), "{}", figure.name);
                }
                assert_eq!(figure.svg().unwrap().unwrap(), svg, "drawn twice it is the same");
            }
        }
    }
}
