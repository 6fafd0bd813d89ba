//! Two scores over what chance gives: A's draws rise above the middle, B's hang below it, and each score stands where it
//! falls. Pure functions.

use super::owner::{Owner, text_width};
use super::scale::Scale;
use super::scene::{Anchor, Area, Dash, Fill, Mark, Scene, Shape, Tone};

/// Widest that the drawing gets, pixels.
const MAX_WIDTH: f64 = 900.0;
/// Height of a pane, pixels.
const PANE_HEIGHT: f64 = 200.0;
/// Height of the highest bar, pixels.
const HALF: f64 = 62.0;
/// How far a score's line reaches beyond the highest bar.
const BEYOND: f64 = 8.0;

/// One model's draws and score.
#[derive(Debug, Clone, PartialEq)]
pub struct Null {
    /// The smallest and the largest draw.
    pub ends: (f64, f64),
    /// Draws in each of equally wide bins between them.
    pub counts: Vec<u32>,
    /// What each bin is called when it is pointed at.
    pub names: Vec<String>,
    /// Mean of the draws.
    pub mean: f64,
    /// The score.
    pub score: f64,
    /// What it is called beside its line: `A 0.61`.
    pub label: String,
    /// What it is called when it is pointed at.
    pub name: String,
}

/// Both models in one kind of coordinates.
#[derive(Debug, Clone, PartialEq)]
pub struct Pane {
    /// Which coordinates.
    pub title: String,
    /// Model A, above.
    pub a: Null,
    /// Model B, below.
    pub b: Null,
}

impl Null {
    /// The limits of a bin.
    pub fn bin(&self, index: usize) -> (f64, f64) {
        let width = (self.ends.1 - self.ends.0) / self.counts.len().max(1) as f64;
        (self.ends.0 + index as f64 * width, self.ends.0 + (index + 1) as f64 * width)
    }

    /// Draws.
    pub fn n_draws(&self) -> u32 {
        self.counts.iter().sum()
    }

    /// The densest bin's share of the draws per unit of the score; none where all draws are equal or there are none.
    fn density(&self) -> Option<f64> {
        let width = (self.ends.1 - self.ends.0) / self.counts.len().max(1) as f64;
        let most = self.counts.iter().max().copied().filter(|most| *most > 0)?;
        (width > 0.0).then(|| f64::from(most) / f64::from(self.n_draws()) / width)
    }
}

/// The drawing; as high for every width.
pub fn nulls(panes: &[Pane], score: &str, width: f64) -> Scene {
    let width = width.min(MAX_WIDTH);
    let mut scene = Scene::new(width, panes.len() as f64 * PANE_HEIGHT + 20.0);
    let ends = panes.iter().flat_map(|pane| [&pane.a, &pane.b]).flat_map(|null| {
        let draws = (!null.counts.is_empty()).then_some([null.ends.0, null.ends.1]);
        draws.into_iter().flatten().chain([null.score, 0.0])
    });
    let (low, high) = ends
        .filter(|value| value.is_finite())
        .fold((0.0, 0.0), |(low, high): (f64, f64), value| (low.min(value), high.max(value)));
    let margin = 0.03 * (high - low);
    let area = Area { left: 14.0, right: width - 14.0, top: 0.0, bottom: 0.0 };
    // One scale for all panes, so that scores can be compared across them.
    let x = Scale::linear((low - margin, high + margin), area.x());
    for (i, pane) in panes.iter().enumerate() {
        let top = i as f64 * PANE_HEIGHT;
        draw(&mut scene, pane, &x, Area { top, bottom: top + PANE_HEIGHT - 24.0, ..area });
    }
    let end = panes.len() as f64 * PANE_HEIGHT + 14.0;
    scene.add(Mark::text((area.left + area.right) / 2.0, end, Anchor::Middle, score));
    scene
}

fn draw(scene: &mut Scene, pane: &Pane, x: &Scale, area: Area) {
    let title = Shape::Text(2.0, area.top + 14.0, 13.0, Anchor::Start, pane.title.clone());
    scene.add(Mark::of(title).filled(Fill::Solid(Tone::Ink)));
    let middle = area.bottom - HALF - BEYOND;
    for tick in x.ticks() {
        let at = x.at(tick);
        scene.add(Mark::line((at, middle - HALF), (at, area.bottom), Tone::Rule));
        scene.add(Mark::text(at, area.bottom + 16.0, Anchor::Middle, x.label(tick)));
    }
    let densest = [&pane.a, &pane.b].into_iter().filter_map(Null::density).fold(0.0, f64::max);
    for (null, owner) in [(&pane.a, Owner::A), (&pane.b, Owner::B)] {
        bars(scene, null, owner, densest, (x, middle));
    }
    scene.add(Mark::line((area.left, middle), (area.right, middle), Tone::RuleStrong));
    for (null, owner) in [(&pane.a, Owner::A), (&pane.b, Owner::B)] {
        mark(scene, null, owner, (x, middle), area);
    }
}

/// The bins that hold draws, their areas in proportion to how many.
fn bars(scene: &mut Scene, null: &Null, owner: Owner, densest: f64, (x, middle): (&Scale, f64)) {
    for (i, (&count, name)) in
        null.counts.iter().zip(&null.names).enumerate().filter(|(_, (count, _))| **count > 0)
    {
        let (low, high) = null.bin(i);
        // All draws are equal: a line says so.
        let is_line = high <= low || densest <= 0.0;
        let share = f64::from(count) / f64::from(null.n_draws());
        let height = if is_line { HALF } else { HALF * share / (high - low) / densest };
        let (from, to) = if is_line { (x.at(low) - 1.5, x.at(low) + 1.5) } else { (x.at(low), x.at(high)) };
        let top = if owner == Owner::B { middle } else { middle - height };
        let bar = Mark::rect(from, top, to - from, height, Tone::ASoft);
        let bar = if owner == Owner::B { bar.filled(Fill::Hatched) } else { bar };
        scene.add(bar.outlined(owner.tone(), 0.75).named(name));
    }
}

/// The mean of the draws, dotted, and the score with its sign and number.
fn mark(scene: &mut Scene, null: &Null, owner: Owner, (x, middle): (&Scale, f64), area: Area) {
    let way = if owner == Owner::B { 1.0 } else { -1.0 };
    let end = middle + way * (HALF + BEYOND);
    if !null.counts.is_empty() {
        let at = x.at(null.mean);
        scene.add(Mark::path(vec![(at, middle), (at, end)], Tone::Ink, 1.2).dashed(Dash::Dotted));
    }
    let at = x.at(null.score);
    scene.add(Mark::path(vec![(at, middle), (at, end)], owner.tone(), 2.5));
    scene.add(Mark::point(at, middle + way * HALF * 0.75, 5.5, owner.sign(), owner.tone()).named(&null.name));
    let is_at_the_end = at + 10.0 + text_width(&null.label) > area.right;
    let (place, anchor) = if is_at_the_end { (at - 10.0, Anchor::End) } else { (at + 10.0, Anchor::Start) };
    let label = Shape::Text(place, middle + way * HALF * 0.75 + 4.5, 13.0, anchor, null.label.clone());
    scene.add(Mark::of(label).filled(Fill::Solid(Tone::Ink)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn null(ends: (f64, f64), counts: &[u32], score: f64) -> Null {
        Null {
            ends,
            counts: counts.to_vec(),
            names: counts.iter().map(u32::to_string).collect(),
            mean: (ends.0 + ends.1) / 2.0,
            score,
            label: "A".into(),
            name: "score".into(),
        }
    }

    fn scene(a: Null, b: Null, width: f64) -> Scene {
        nulls(&[Pane { title: "visible".into(), a, b }], "cosine", width)
    }

    fn bars_of(scene: &Scene) -> Vec<(f64, f64, f64, f64)> {
        let named = scene.marks.iter().filter(|mark| mark.name().is_some());
        named
            .filter_map(|mark| match *mark.shape() {
                Shape::Rect(x, y, w, h) => Some((x, y, w, h)),
                _ => None,
            })
            .collect()
    }

    /// 700 wide: x from 14 to 686. All numbers lie between 0 and 1, the axis from −0.03 to 1.03. Bins of 0.25 with 10 and
    /// 30 of 40 draws: densities 1 and 3; B's one bin of 0.5 has density 2.
    #[test]
    fn areas_are_shares_of_the_draws() {
        let scene = scene(null((0.0, 0.5), &[10, 30], 1.0), null((0.0, 0.5), &[40], 0.75), 700.0);
        let unit = 672.0 / 1.06;
        let (left, middle) = (14.0 + 0.03 * unit, 176.0 - 70.0);
        let expected = [
            (left, middle - 62.0 / 3.0, 0.25 * unit, 62.0 / 3.0),
            (left + 0.25 * unit, middle - 62.0, 0.25 * unit, 62.0),
            (left, middle, 0.5 * unit, 62.0 * 2.0 / 3.0),
        ];
        let found = bars_of(&scene);
        assert_eq!(found.len(), 3);
        for (found, expected) in found.iter().zip(expected) {
            let apart =
                [found.0 - expected.0, found.1 - expected.1, found.2 - expected.2, found.3 - expected.3];
            assert!(apart.iter().all(|apart| apart.abs() < 1e-9), "{found:?} {expected:?}");
        }
        let scores: Vec<f64> = scene
            .marks
            .iter()
            .filter_map(|mark| match *mark.shape() {
                Shape::Point(x, _, 5.5, _) => Some(x),
                _ => None,
            })
            .collect();
        assert!((scores[0] - (left + unit)).abs() < 1e-9 && (scores[1] - (left + 0.75 * unit)).abs() < 1e-9);
    }

    #[test]
    fn equal_draws_are_a_line_and_no_draws_are_nothing() {
        let scene = scene(null((0.5, 0.5), &[99], 0.5), null((0.0, 0.0), &[], 0.25), 400.0);
        let found = bars_of(&scene);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].2, found[0].3), (3.0, 62.0));
        assert!(!scene.on_page("n", "t", "d").contains("NaN"));
    }

    proptest! {
        #[test]
        fn bars_and_scores_are_within_the_drawing(
            low in -1.0..1.0_f64, span in 0.0..2.0_f64, counts in prop::collection::vec(0..100_u32, 1..24),
            score in -1.0..6.0_f64, width in 240.0..1200.0_f64
        ) {
            let one = null((low, low + span), &counts, score);
            let scene = scene(one.clone(), one, width);
            prop_assert_eq!(scene.height, 220.0);
            let bars = bars_of(&scene);
            prop_assert_eq!(bars.len(), 2 * counts.iter().filter(|count| **count > 0).count());
            for (x, y, w, h) in bars {
                prop_assert!(x >= 0.0 && x + w <= scene.width && y >= 0.0 && y + h <= scene.height, "{x} {y} {w} {h}");
                prop_assert!(h <= HALF + 1e-9);
            }
        }
    }
}
