//! Falling curves over a count, of one or two models, in one pane or several: singular values, angles, what a smaller
//! model loses. Pure functions.

use super::owner::{Owner, key};
use super::scale::Scale;
use super::scene::{Anchor, Area, Dash, Fill, Mark, Scene, Shape, Tone};

/// Height of a pane, pixels.
const PANE_HEIGHT: f64 = 250.0;
/// Narrowest that a pane gets beside another, and the widest that it gets at all.
const PANE_WIDTH: (f64, f64) = (270.0, 900.0);
/// Height of the key above the panes.
const KEY_HEIGHT: f64 = 24.0;
/// Points of a curve that have a mark; longer curves have it on as many, and wherever they cross their limit.
const MARKS: usize = 64;
/// The smallest value that a logarithmic axis without a limit goes down to.
const LEAST: f64 = 1e-6;
/// How far below its limit a logarithmic axis goes.
const BELOW_LIMIT: f64 = 1e-2;

/// One curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Whose it is.
    pub owner: Owner,
    /// Place and value, from left to right, and what the point is called.
    pub points: Vec<(f64, f64, String)>,
    /// Values that are not above it are drawn hollow.
    pub limit: Option<f64>,
}

/// Curves over the same axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Pane {
    /// What it shows; empty where it stands alone.
    pub title: String,
    /// Title of the axis below.
    pub x: String,
    /// Title of the axis to the left.
    pub y: String,
    /// Whether equal ratios of places are equally long.
    pub is_log_x: bool,
    /// The ends of a linear y axis and the step of its ticks; without them it is logarithmic.
    pub y_linear: Option<((f64, f64), f64)>,
    /// The curves.
    pub curves: Vec<Curve>,
}

/// The words of the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyWords {
    /// Whose curves there are.
    pub owners: Vec<(Owner, String)>,
    /// What the dotted line is, where there is one.
    pub limit: Option<String>,
}

/// The drawing: a key, then panes side by side as far as there is room.
pub fn curves(panes: &[Pane], words: &KeyWords, width: f64) -> Scene {
    let n_beside = ((width / PANE_WIDTH.0) as usize).clamp(1, panes.len().max(1));
    let pane_width = (width / n_beside as f64).min(PANE_WIDTH.1);
    let n_rows = panes.len().div_ceil(n_beside).max(1);
    let mut scene = Scene::new(pane_width * n_beside as f64, KEY_HEIGHT + n_rows as f64 * PANE_HEIGHT);
    let owners: Vec<(Owner, &str)> =
        words.owners.iter().map(|(owner, name)| (*owner, name.as_str())).collect();
    key(&mut scene, (2.0, 10.0), &owners, words.limit.as_deref());
    for (i, pane) in panes.iter().enumerate() {
        let (left, top) =
            ((i % n_beside) as f64 * pane_width, KEY_HEIGHT + (i / n_beside) as f64 * PANE_HEIGHT);
        draw(&mut scene, pane, (left, top), pane_width);
    }
    scene
}

fn draw(scene: &mut Scene, pane: &Pane, (left, top): (f64, f64), width: f64) {
    let title_height = if pane.title.is_empty() { 0.0 } else { 20.0 };
    let area = Area {
        left: left + 58.0,
        right: left + width - 14.0,
        top: top + title_height + 26.0,
        bottom: top + PANE_HEIGHT - 46.0,
    };
    if !pane.title.is_empty() {
        let title = Mark::of(Shape::Text(left + 2.0, top + 14.0, 13.0, Anchor::Start, pane.title.clone()));
        scene.add(title.filled(Fill::Solid(Tone::Ink)));
    }
    let (x, y) = (pane.x_scale(area), pane.y_scale(area));
    scene.axes(area, (&x, &pane.x), (&y, &pane.y));
    for curve in &pane.curves {
        if let Some(limit) = curve.limit {
            let ends = vec![(area.left, y.at(limit)), (area.right, y.at(limit))];
            scene.add(Mark::path(ends, curve.owner.tone(), 1.5).dashed(Dash::Dotted));
        }
    }
    for curve in &pane.curves {
        let place = |point: &(f64, f64, String)| (x.at(point.0), y.at(point.1));
        let line = Mark::path(curve.points.iter().map(place).collect(), curve.owner.tone(), 1.5);
        scene.add(line.dashed(curve.owner.dash()));
        for point in marked(&curve.points, curve.limit) {
            let (x, y) = place(point);
            // Where both models have a point, A's circle shows around B's diamond.
            let radius = if curve.owner == Owner::B { 2.4 } else { 4.2 };
            let mark = Mark::point(x, y, radius, curve.owner.sign(), curve.owner.tone());
            let mark = if curve.counts(point.1) {
                mark
            } else {
                mark.filled(Fill::Solid(Tone::Surface)).outlined(curve.owner.tone(), 1.2)
            };
            scene.add(mark.named(&point.2));
        }
    }
}

impl Curve {
    /// Whether a value lies above the limit, where there is one.
    pub fn counts(&self, value: f64) -> bool {
        self.limit.is_none_or(|limit| value > limit)
    }
}

impl Pane {
    fn x_scale(&self, area: Area) -> Scale {
        let places = self.curves.iter().flat_map(|curve| &curve.points).map(|point| point.0);
        let most = places.fold(1.0, f64::max);
        if self.is_log_x {
            Scale::log((1.0, most), area.x())
        } else {
            Scale::linear((1.0_f64.min(most - 1.0), most), area.x())
        }
    }

    fn y_scale(&self, area: Area) -> Scale {
        if let Some((ends, step)) = self.y_linear {
            return Scale::linear(ends, area.y()).every(step);
        }
        let values = self.curves.iter().flat_map(|curve| &curve.points).map(|point| point.1);
        let positive = values.filter(|value| value.is_finite() && *value > 0.0);
        let limits = || self.curves.iter().filter_map(|curve| curve.limit).filter(|limit| *limit > 0.0);
        let floor = limits().fold(f64::INFINITY, f64::min) * BELOW_LIMIT;
        let floor = if floor.is_finite() { floor } else { LEAST };
        let (low, high) = positive
            .chain(limits())
            .fold((f64::INFINITY, floor), |(low, high): (f64, f64), value| (low.min(value), high.max(value)));
        Scale::log((low.max(floor).min(high), high), area.y())
    }
}

/// The points that have a mark.
fn marked(points: &[(f64, f64, String)], limit: Option<f64>) -> impl Iterator<Item = &(f64, f64, String)> {
    let step = points.len().div_ceil(MARKS).max(1);
    let is_above = move |i: usize| match (points.get(i), limit) {
        (Some(point), Some(limit)) => Some(point.1 > limit),
        _ => None,
    };
    let crosses = move |i: usize| is_above(i) == Some(true) && is_above(i + 1) == Some(false);
    let is_marked = move |i: usize| {
        i.is_multiple_of(step) || i + 1 == points.len() || crosses(i) || i.checked_sub(1).is_some_and(crosses)
    };
    points.iter().enumerate().filter(move |(i, _)| is_marked(*i)).map(|(_, point)| point)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn curve(owner: Owner, values: &[f64], limit: Option<f64>) -> Curve {
        let points =
            values.iter().enumerate().map(|(i, value)| (i as f64 + 1.0, *value, format!("{}", i + 1)));
        Curve { owner, points: points.collect(), limit }
    }

    fn pane(curves: Vec<Curve>) -> Pane {
        Pane { title: "F".into(), x: "k".into(), y: "σ".into(), is_log_x: false, y_linear: None, curves }
    }

    fn words() -> KeyWords {
        KeyWords { owners: vec![(Owner::A, "A".into()), (Owner::B, "B".into())], limit: Some("t".into()) }
    }

    /// Points with a name, and whether they are hollow.
    fn points(scene: &Scene) -> Vec<(f64, f64, bool)> {
        let named = scene.marks.iter().filter(|mark| mark.name().is_some());
        named
            .filter_map(|mark| match *mark.shape() {
                Shape::Point(x, y, ..) => Some((x, y, mark.fill() == Fill::Solid(Tone::Surface))),
                _ => None,
            })
            .collect()
    }

    /// One pane of 440 by 250 below a key of 24: x from 58 to 426, y from 228 up to 70. Values 100, 1, 1e-4 with a
    /// tolerance of 1e-3: the axis reaches from 1e-4 to 100, six decades.
    #[test]
    fn known_values_have_known_places_and_what_is_rounding_is_hollow() {
        let panes = [pane(vec![curve(Owner::A, &[100.0, 1.0, 1e-4], Some(1e-3))])];
        let scene = curves(&panes, &words(), 440.0);
        assert_eq!((scene.width, scene.height), (440.0, 274.0));
        let decade = 158.0 / 6.0;
        let expected = [(58.0, 70.0, false), (242.0, 70.0 + 2.0 * decade, false), (426.0, 228.0, true)];
        let found = points(&scene);
        assert_eq!(found.len(), 3);
        for (found, expected) in found.iter().zip(expected) {
            assert!((found.0 - expected.0).abs() < 1e-9 && (found.1 - expected.1).abs() < 1e-9, "{found:?}");
            assert_eq!(found.2, expected.2);
        }
        let limit = scene.marks.iter().find_map(|mark| match mark.shape() {
            Shape::Path(ends) if ends[0].0 == 58.0 && ends[1].0 == 426.0 && mark.dash() == Dash::Dotted => {
                Some(ends[0].1)
            }
            _ => None,
        });
        assert!((limit.unwrap() - (228.0 - decade)).abs() < 1e-9);
    }

    #[test]
    fn long_curves_are_marked_where_they_cross_their_limit() {
        let values: Vec<f64> = (0..768).map(|i| if i < 515 { 10.0 } else { 1e-9 }).collect();
        let curve = curve(Owner::B, &values, Some(1e-3));
        let marks: Vec<f64> = marked(&curve.points, curve.limit).map(|point| point.0).collect();
        assert!(marks.len() <= MARKS + 3, "{}", marks.len());
        assert!([1.0, 515.0, 516.0, 768.0].iter().all(|place| marks.contains(place)), "{marks:?}");
    }

    #[test]
    fn panes_stand_side_by_side_where_there_is_room() {
        let panes = [0, 1, 2].map(|_| pane(vec![curve(Owner::A, &[1.0, 0.5], None)]));
        let height = |width| curves(&panes, &words(), width).height;
        assert_eq!([height(330.0), height(560.0), height(1200.0)], [774.0, 524.0, 274.0]);
        assert_eq!(curves(&[], &words(), 300.0).height, 274.0);
    }

    proptest! {
        #[test]
        fn everything_is_within_the_drawing(
            values in prop::collection::vec(0.0..1e3_f64, 0..90), limit in 1e-9..1.0_f64, width in 240.0..1400.0_f64
        ) {
            let panes = [pane(vec![curve(Owner::A, &values, Some(limit)), curve(Owner::B, &[f64::NAN, 0.0], None)])];
            let scene = curves(&panes, &words(), width);
            prop_assert!(scene.width <= width);
            for (x, y, is_hollow) in points(&scene) {
                prop_assert!((0.0..=scene.width).contains(&x) && (0.0..=scene.height).contains(&y));
                prop_assert!(!is_hollow || values.iter().any(|value| *value <= limit));
            }
            let filled = points(&scene).iter().filter(|point| !point.2).count();
            if values.len() <= MARKS {
                prop_assert_eq!(filled, values.iter().filter(|value| **value > limit).count() + 2);
            }
        }
    }
}
