//! Two log-probabilities of each token as a point: on the diagonal where both models say the same. Pure functions.

use super::scale::Scale;
use super::scene::{Anchor, Area, Dash, Fill, Mark, Scene, Sign, Tone};

/// Height of the drawing, pixels.
const HEIGHT: f64 = 340.0;
/// Widest that the drawing gets, pixels: about as wide as high, so that the diagonal is one.
const MAX_WIDTH: f64 = 380.0;
/// Log-probabilities that are further apart than this, in nats, are drawn as diamonds.
pub const APART: f64 = 0.1;

/// One token.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// What it is called when pointed at.
    pub name: String,
    /// log p_A, nats.
    pub a: f64,
    /// log p_B, nats.
    pub b: f64,
}

impl Point {
    /// Whether the models differ by more than [`APART`]; also where one of them excludes the token.
    pub fn is_apart(&self) -> bool {
        // Two excluded tokens are equal: their difference is no number, which is not more than anything.
        (self.a - self.b).abs() > APART
    }
}

/// Titles of the axes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Titles {
    /// Of model A's.
    pub a: String,
    /// Of model B's.
    pub b: String,
}

/// The drawing: A to the right, B upwards, both from the smallest finite log-probability to 0.
pub fn scatter(points: &[Point], titles: &Titles, width: f64) -> Scene {
    let mut scene = Scene::new(width.min(MAX_WIDTH), HEIGHT);
    let area = Area::within(scene.width, HEIGHT);
    let finite = points.iter().flat_map(|point| [point.a, point.b]).filter(|value| value.is_finite());
    let low = finite.fold(-1.0, f64::min).floor();
    let (x, y) = (Scale::linear((low, 0.0), area.x()), Scale::linear((low, 0.0), area.y()));
    scene.axes(area, (&x, &titles.a), (&y, &titles.b));
    scene.add(
        Mark::line((area.left, area.bottom), (area.right, area.top), Tone::RuleStrong).dashed(Dash::Dashed),
    );
    // Those apart last, for they lie in front.
    let (apart, near): (Vec<_>, Vec<_>) = points.iter().partition(|point| point.is_apart());
    for (point, sign, tone) in near
        .into_iter()
        .map(|point| (point, Sign::Circle, Tone::InkSoft))
        .chain(apart.into_iter().map(|point| (point, Sign::Diamond, Tone::Fault)))
    {
        let mark = Mark::point(x.at(point.a), y.at(point.b), 4.5, sign, tone);
        // Rings, for many lie on one another where the models agree.
        let mark = if sign == Sign::Circle { mark.filled(Fill::None).outlined(tone, 1.5) } else { mark };
        scene.add(mark.named(&point.name));
    }
    if points.is_empty() {
        scene.add(Mark::text((area.left + area.right) / 2.0, HEIGHT / 2.0, Anchor::Middle, "–"));
    }
    scene
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::scene::Shape;
    use proptest::prelude::*;

    fn point(a: f64, b: f64) -> Point {
        Point { name: "token".into(), a, b }
    }

    fn places(points: &[Point], width: f64) -> (Scene, Vec<(f64, f64, Sign)>) {
        let scene = scatter(points, &Titles { a: "A".into(), b: "B".into() }, width);
        let places = scene.marks.iter().filter_map(|mark| match *mark.shape() {
            Shape::Point(x, y, _, sign) => Some((x, y, sign)),
            _ => None,
        });
        let places = places.collect();
        (scene, places)
    }

    #[test]
    fn known_numbers_have_known_places() {
        // Axes from −4 to 0: x from 58 to 366, y from 296 up to 26.
        let (_, places) = places(&[point(-2.0, -2.05), point(-1.0, -4.0), point(0.0, 0.0)], 600.0);
        let expected = [
            (212.0, 161.0 + 0.05 * 270.0 / 4.0, Sign::Circle),
            (366.0, 26.0, Sign::Circle),
            (289.0, 296.0, Sign::Diamond),
        ];
        assert_eq!(places.len(), 3);
        for (found, expected) in places.iter().zip(expected) {
            assert!((found.0 - expected.0).abs() < 1e-9 && (found.1 - expected.1).abs() < 1e-9, "{found:?}");
            assert_eq!(found.2, expected.2);
        }
    }

    #[test]
    fn excluded_tokens_lie_at_the_edge_and_differ_unless_both_exclude_them() {
        let excluded = f64::NEG_INFINITY;
        assert!(point(excluded, -3.0).is_apart() && !point(excluded, excluded).is_apart());
        let (_, places) = places(&[point(excluded, -0.5)], 300.0);
        assert_eq!(places[0].0, 58.0);
    }

    proptest! {
        #[test]
        fn points_are_within_the_drawing_and_equal_ones_on_the_diagonal(
            values in prop::collection::vec((-40.0..0.0_f64, -40.0..0.0_f64), 0..20), width in 200.0..900.0_f64
        ) {
            let points: Vec<Point> = values.iter().map(|(a, b)| point(*a, *b)).collect();
            let (scene, found) = places(&points, width);
            prop_assert_eq!(found.len(), points.len());
            prop_assert!(scene.width <= width);
            for (x, y, _) in found {
                prop_assert!((0.0..=scene.width).contains(&x) && (0.0..=scene.height).contains(&y));
            }
            let same: Vec<Point> = values.iter().map(|(a, _)| point(*a, *a)).collect();
            let area = Area::within(scene.width, scene.height);
            for (x, y, sign) in places(&same, width).1 {
                let along = (x - area.left) / (area.right - area.left);
                let up = (area.bottom - y) / (area.bottom - area.top);
                prop_assert!((along - up).abs() < 1e-9);
                prop_assert_eq!(sign, Sign::Circle);
            }
        }
    }
}
