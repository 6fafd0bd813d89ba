//! Two probabilities of each token as bars that grow away from its name: A to the left, B to the right. Pure functions.

use super::scale::Scale;
use super::scene::{Anchor, Fill, Mark, Scene, Shape, Tone};
use crate::text::numbers::probability;

/// Height of a row, pixels.
const ROW: f64 = 22.0;
/// Height of what stands above the rows.
const HEAD: f64 = 26.0;
/// Width of a token's name in the middle.
const NAME: f64 = 120.0;
/// Width of a probability beside its bar.
const VALUE: f64 = 60.0;
/// Letters of a token that have room.
const LETTERS: usize = 15;

/// One token.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// Its name, as people can see it.
    pub name: String,
    /// log p_A, nats.
    pub a: f64,
    /// log p_B, nats.
    pub b: f64,
}

/// The drawing. A bar of probability `full` has all the room there is; one of more is cut and has a gap near its end.
pub fn mirrored(bars: &[Bar], full: f64, width: f64) -> Scene {
    let mut scene = Scene::new(width, HEAD + ROW * bars.len() as f64 + 6.0);
    let middle = width / 2.0;
    let (left, right) = (middle - NAME / 2.0, middle + NAME / 2.0);
    let room = (left - VALUE).max(1.0);
    let length = Scale::linear((0.0, full.max(f64::MIN_POSITIVE)), (0.0, room));
    for (x, anchor, model) in [(left, Anchor::End, "A"), (right, Anchor::Start, "B")] {
        scene.add(Mark::text(x, 15.0, anchor, model).filled(Fill::Solid(Tone::Ink)));
    }
    for (i, bar) in bars.iter().enumerate() {
        let top = HEAD + ROW * i as f64;
        let line = top + 12.0;
        let [p_a, p_b] = [bar.a, bar.b].map(f64::exp);
        let [long_a, long_b] = [p_a, p_b].map(|p| length.at(p));
        scene.add(Mark::rect(left - long_a, top, long_a, 15.0, Tone::A));
        let shape = Shape::Rect(right, top, long_b, 15.0);
        scene.add(Mark::of(shape).filled(Fill::Hatched).outlined(Tone::B, 1.0));
        let is_cut = |p: f64| p > full * (1.0 + 1e-9);
        let gaps = [is_cut(p_a).then_some(left - room + 6.0), is_cut(p_b).then_some(right + room - 10.0)];
        for x in gaps.into_iter().flatten() {
            scene.add(Mark::rect(x, top - 1.0, 4.0, 17.0, Tone::Surface));
        }
        scene.add(
            Mark::text(middle, line, Anchor::Middle, shortened(&bar.name)).filled(Fill::Solid(Tone::Ink)),
        );
        scene.add(Mark::text(left - long_a - 5.0, line, Anchor::End, probability(p_a)));
        scene.add(Mark::text(right + long_b + 5.0, line, Anchor::Start, probability(p_b)));
    }
    scene
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= LETTERS {
        return name.to_owned();
    }
    name.chars().take(LETTERS - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(name: &str, p_a: f64, p_b: f64) -> Bar {
        Bar { name: name.into(), a: p_a.ln(), b: p_b.ln() }
    }

    /// (left, top, width) of the rectangles, in the order of drawing.
    fn rects(scene: &Scene) -> Vec<(f64, f64, f64)> {
        let of = |shape: &Shape| match shape {
            Shape::Rect(x, y, width, _) => Some((*x, *y, *width)),
            _ => None,
        };
        scene.marks.iter().map(Mark::shape).filter_map(of).collect()
    }

    #[test]
    fn bars_are_as_long_as_their_probabilities_and_grow_apart() {
        let scene = mirrored(&[bar("one", 0.5, 0.25), bar("two", 0.125, 0.0)], 0.5, 720.0);
        // 720/2 − 120/2 = 300 and 420; 300 − 60 = 240 for p = 0.5.
        let expected = [(60.0, 26.0, 240.0), (420.0, 26.0, 120.0), (240.0, 48.0, 60.0), (420.0, 48.0, 0.0)];
        let found = rects(&scene);
        assert_eq!(found.len(), 4);
        for (found, expected) in found.iter().zip(expected) {
            assert!((found.0 - expected.0).abs() < 1e-9 && (found.1 - expected.1).abs() < 1e-9, "{found:?}");
            assert!((found.2 - expected.2).abs() < 1e-9, "{found:?}, not {expected:?}");
        }
        let svg = scene.as_file("T", "D");
        assert!(
            ["50%", "25%", "13%", "&lt;0.01%", "one", "two"].iter().all(|text| svg.contains(text)),
            "{svg}"
        );
    }

    #[test]
    fn a_bar_longer_than_its_place_stays_there_and_is_broken() {
        let scene = mirrored(&[bar("a long token of many letters", 0.5, 0.01)], 0.05, 400.0);
        let found = rects(&scene);
        assert_eq!(found.len(), 3, "one gap: {found:?}");
        assert_eq!((found[0].0, found[0].2), (60.0, 80.0));
        assert!(found[2].0 > 60.0 && found[2].0 + found[2].2 < 140.0);
        assert!(scene.as_file("T", "D").contains("a long token o…"));
        assert_eq!(scene.height, mirrored(&[bar("x", 0.5, 0.5)], 0.05, 700.0).height);
    }
}
