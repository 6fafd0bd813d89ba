//! Arrows of two models, side by side, in two kinds of coordinates one below the other. In B's panes rings show where A's
//! arrows end: an arrow that ends in its ring is the same in both. Pure functions.

use super::owner::{Owner, text_width};
use super::scale::Scale;
use super::scene::{Anchor, Dash, Fill, Mark, Scene, Shape, Sign, Tone};

/// Widest that the drawing gets, pixels.
const MAX_WIDTH: f64 = 900.0;
/// Height of a row's plane, pixels: the same for every width.
const PLANE: f64 = 230.0;
/// Height of a row's title, and of a pane's.
const TITLES: (f64, f64) = (24.0, 22.0);
/// Height of the line below a plane.
const NOTE: f64 = 26.0;
/// Pixels between the panes.
const GAP: f64 = 14.0;
/// Room within a plane around everything in it, pixels.
const MARGIN: f64 = 14.0;
/// Distance in pixels from which an arrow does not end in its ring.
const RING: f64 = 4.5;
/// Most words in a pane, one for each so many pixels of its width.
const WORDS: (usize, f64) = (6, 70.0);

/// One model's pane.
#[derive(Debug, Clone, PartialEq)]
pub struct Pane {
    /// Whose it is.
    pub title: String,
    /// Where the arrows end; all begin in the origin.
    pub ends: Vec<(f64, f64)>,
    /// What each arrow is called when it is pointed at.
    pub names: Vec<String>,
    /// What stands below.
    pub note: String,
}

/// Both models in one kind of coordinates.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Which coordinates.
    pub title: String,
    /// Unit of lengths; empty where a model's own.
    pub unit: String,
    /// Whether both panes have one scale, since both have one unit.
    pub is_shared: bool,
    /// Model A.
    pub a: Pane,
    /// Model B, with as many arrows.
    pub b: Pane,
}

/// A rectangle in the drawing: left, top, width, height.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Place(f64, f64, f64, f64);

/// From a plane's coordinates to the drawing's.
#[derive(Debug, Clone, Copy, PartialEq)]
struct View {
    place: Place,
    /// Where the origin is.
    origin: (f64, f64),
    /// Pixels per unit, the same along both axes.
    scale: f64,
}

/// The drawing. `words` name the arrows beside them, as far as there is room.
pub fn arrows(rows: &[Row], words: &[String], width: f64) -> Scene {
    let width = width.min(MAX_WIDTH);
    let row_height = TITLES.0 + TITLES.1 + PLANE + NOTE;
    let mut scene = Scene::new(width, rows.len() as f64 * row_height);
    // A pixel at either side for the line around a pane.
    let pane_width = (width - GAP) / 2.0 - 1.0;
    for (i, row) in rows.iter().enumerate() {
        let top = i as f64 * row_height;
        scene.add(heading(0.0, top + 15.0, 14.0, &row.title));
        let plane = |column: f64| {
            Place(1.0 + column * (pane_width + GAP), top + TITLES.0 + TITLES.1, pane_width, PLANE)
        };
        let both = row.a.ends.iter().chain(&row.b.ends);
        let (own_a, own_b) = if row.is_shared {
            (both.clone(), both)
        } else {
            (row.a.ends.iter().chain(&[]), row.b.ends.iter().chain(&[]))
        };
        draw(&mut scene, View::of(plane(0.0), own_a), row, Owner::A, words);
        draw(&mut scene, View::of(plane(1.0), own_b), row, Owner::B, words);
    }
    scene
}

fn heading(x: f64, y: f64, size: f64, text: &str) -> Mark {
    Mark::of(Shape::Text(x, y, size, Anchor::Start, text.to_owned())).filled(Fill::Solid(Tone::Ink))
}

fn draw(scene: &mut Scene, view: View, row: &Row, owner: Owner, words: &[String]) {
    let pane = if owner == Owner::B { &row.b } else { &row.a };
    let Place(left, top, width, height) = view.place;
    scene.add(Mark::point(left + 7.0, top - 12.0, 4.5, owner.sign(), owner.tone()));
    scene.add(heading(left + 17.0, top - 7.5, 13.0, &pane.title));
    scene.add(Mark::rect(left, top, width, height, Tone::Surface).outlined(Tone::Rule, 1.0));
    let tips: Vec<(f64, f64)> = pane.ends.iter().map(|end| view.at(*end)).collect();
    let mut taken = view.grid(scene, &row.unit, &tips);
    for (tip, name) in tips.iter().zip(&pane.names) {
        scene.add(arrow(view.origin, *tip, owner.tone()).named(name));
    }
    if owner == Owner::B {
        for (end, tip) in row.a.ends.iter().zip(&tips) {
            let ring = view.at(*end);
            if distance(ring, *tip) > RING {
                scene.add(Mark::line(ring, *tip, Tone::RuleStrong).dashed(Dash::Dotted));
            }
            taken.push((ring.0 - RING, ring.1 - RING, ring.0 + RING, ring.1 + RING));
            let ring = Mark::point(ring.0, ring.1, RING, Sign::Circle, Tone::A);
            scene.add(ring.filled(Fill::None).outlined(Tone::A, 1.4));
        }
    }
    for (x, y, anchor, word) in placed(&view, &tips, words, taken) {
        let word = Mark::of(Shape::Text(x, y, 12.0, anchor, word)).filled(Fill::Solid(Tone::Ink));
        scene.add(word);
    }
    scene.add(Mark::text(left, top + height + 17.0, Anchor::Start, pane.note.clone()));
}

fn distance(one: (f64, f64), other: (f64, f64)) -> f64 {
    (one.0 - other.0).hypot(one.1 - other.1)
}

/// A shaft and a head in one form: it narrows where it is too short for both.
fn arrow(from: (f64, f64), to: (f64, f64), tone: Tone) -> Mark {
    let length = distance(from, to);
    if length < 1e-6 {
        return Mark::point(to.0, to.1, 2.0, Sign::Circle, tone);
    }
    let along = ((to.0 - from.0) / length, (to.1 - from.1) / length);
    let head = length.min(9.0);
    let at = |back: f64, side: f64| {
        (to.0 - back * along.0 - side * along.1, to.1 - back * along.1 + side * along.0)
    };
    let form = [
        at(length, 0.6),
        at(head, 0.6),
        at(head, 0.4 * head),
        to,
        at(head, -0.4 * head),
        at(head, -0.6),
        at(length, -0.6),
    ];
    Mark::of(Shape::Path(form.to_vec())).filled(Fill::Solid(tone)).faint(0.85)
}

impl View {
    /// Everything of `ends`, and the origin, in the middle of `place` and as large as there is room.
    fn of<'a>(place: Place, ends: impl Iterator<Item = &'a (f64, f64)>) -> Self {
        let finite = ends.filter(|end| end.0.is_finite() && end.1.is_finite());
        let [left, right, down, up] = finite.fold([0.0_f64; 4], |[left, right, down, up], &(x, y)| {
            [left.min(x), right.max(x), down.min(y), up.max(y)]
        });
        let Place(x, y, width, height) = place;
        let fits =
            |room: f64, size: f64| if size > 0.0 { (room - 2.0 * MARGIN) / size } else { f64::INFINITY };
        let scale = fits(width, right - left).min(fits(height, up - down));
        let scale = if scale.is_finite() { scale.max(0.0) } else { 1.0 };
        let origin =
            (x + width / 2.0 - scale * (left + right) / 2.0, y + height / 2.0 + scale * (down + up) / 2.0);
        Self { place, origin, scale }
    }

    fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let within = |value: f64| if value.is_finite() { value } else { 0.0 };
        (self.origin.0 + self.scale * within(x), self.origin.1 - self.scale * within(y))
    }

    fn holds(&self, (x, y): (f64, f64)) -> bool {
        let Place(left, top, width, height) = self.place;
        (left..=left + width).contains(&x) && (top..=top + height).contains(&y)
    }

    /// Circles of round lengths around the origin, as far as they are in the pane, each with its length where no arrow
    /// hides it. Gives where these are written.
    fn grid(&self, scene: &mut Scene, unit: &str, tips: &[(f64, f64)]) -> Vec<Bounds> {
        let Place(left, top, width, height) = self.place;
        let corners = [(left, top), (left + width, top), (left, top + height), (left + width, top + height)];
        let reach = corners.into_iter().map(|corner| distance(self.origin, corner)).fold(0.0, f64::max);
        let mut written = Vec::new();
        if self.scale > 0.0 {
            // Lengths need less room than the ticks of an axis, for each is written once.
            let lengths = Scale::linear((0.0, reach / self.scale), (0.0, reach));
            for length in lengths.ticks().into_iter().filter(|length| *length > 0.0) {
                self.circle(scene, length);
                let label = format!("{} {unit}", lengths.label(length));
                written.extend(self.length(scene, length, label.trim_end(), tips));
            }
        }
        let cross = Mark::point(self.origin.0, self.origin.1, 3.0, Sign::Cross, Tone::RuleStrong);
        scene.add(cross);
        written
    }

    /// A place on a circle, by its turn from the right in degrees.
    fn on_circle(&self, length: f64, degrees: f64) -> (f64, f64) {
        let turn = degrees.to_radians();
        self.at((length * turn.cos(), length * turn.sin()))
    }

    fn circle(&self, scene: &mut Scene, length: f64) {
        let turns = (0..=120).map(|i| self.on_circle(length, 3.0 * f64::from(i)));
        let mut arc = Vec::new();
        for point in turns {
            if self.holds(point) {
                arc.push(point);
            } else if !arc.is_empty() {
                scene.add(Mark::path(std::mem::take(&mut arc), Tone::Rule, 1.0));
            }
        }
        if arc.len() > 1 {
            scene.add(Mark::path(arc, Tone::Rule, 1.0));
        }
    }

    /// Writes a length on its circle, below the origin or as near to there as there is room.
    fn length(&self, scene: &mut Scene, length: f64, label: &str, tips: &[(f64, f64)]) -> Option<Bounds> {
        let half = text_width(label) / 2.0;
        let turns = (0..12).flat_map(|i| [270.0 + 15.0 * f64::from(i), 270.0 - 15.0 * f64::from(i)]);
        let places = turns.map(|turn| self.on_circle(length, turn));
        let mut free = places.map(|(x, y)| (x - half, y - 7.0, x + half, y + 7.0)).filter(|bounds| {
            self.holds((bounds.0, bounds.1))
                && self.holds((bounds.2, bounds.3))
                && !tips.iter().any(|tip| crosses(self.origin, *tip, bounds))
        });
        let bounds = free.next()?;
        // On the page's own ground, so that the circle does not run through it.
        scene.add(Mark::rect(bounds.0, bounds.1, 2.0 * half, 14.0, Tone::Surface));
        scene.add(Mark::text(bounds.0 + half, bounds.3 - 3.0, Anchor::Middle, label));
        Some(bounds)
    }
}

/// A box: left, top, right, bottom.
type Bounds = (f64, f64, f64, f64);

/// Words beside the tips of the longest arrows, none over another word, over what is `taken` or over an arrow.
fn placed(
    view: &View,
    tips: &[(f64, f64)],
    words: &[String],
    mut taken: Vec<Bounds>,
) -> Vec<(f64, f64, Anchor, String)> {
    let mut order: Vec<usize> = (0..tips.len().min(words.len())).collect();
    order.sort_by(|&i, &j| distance(view.origin, tips[j]).total_cmp(&distance(view.origin, tips[i])));
    let most = WORDS.0.min((view.place.2 / WORDS.1) as usize);
    let mut found = Vec::new();
    for i in order {
        if found.len() == most {
            break;
        }
        let ((x, y), word) = (tips[i], &words[i]);
        let width = text_width(word);
        let choices = [
            (x + 7.0, y + 4.0, Anchor::Start, (x + 7.0, y - 7.0, x + 7.0 + width, y + 7.0)),
            (x - 7.0, y + 4.0, Anchor::End, (x - 7.0 - width, y - 7.0, x - 7.0, y + 7.0)),
            (x, y - 7.0, Anchor::Middle, (x - width / 2.0, y - 19.0, x + width / 2.0, y - 5.0)),
            (x, y + 16.0, Anchor::Middle, (x - width / 2.0, y + 5.0, x + width / 2.0, y + 19.0)),
        ];
        let is_free = |bounds: &Bounds| {
            view.holds((bounds.0, bounds.1))
                && view.holds((bounds.2, bounds.3))
                && !taken.iter().any(|other| overlap(bounds, other))
                && !tips.iter().any(|tip| crosses(view.origin, *tip, bounds))
        };
        if let Some((x, y, anchor, bounds)) = choices.into_iter().find(|choice| is_free(&choice.3)) {
            taken.push(bounds);
            found.push((x, y, anchor, word.clone()));
        }
    }
    found
}

fn overlap(one: &Bounds, other: &Bounds) -> bool {
    one.0 < other.2 && other.0 < one.2 && one.1 < other.3 && other.1 < one.3
}

/// Whether the way from one point to another leads through a box.
fn crosses(from: (f64, f64), to: (f64, f64), bounds: &Bounds) -> bool {
    (0..=40).any(|i| {
        let share = f64::from(i) / 40.0;
        let (x, y) = (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1));
        (bounds.0..=bounds.2).contains(&x) && (bounds.1..=bounds.3).contains(&y)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pane(ends: &[(f64, f64)]) -> Pane {
        let names = (0..ends.len()).map(|i| format!("arrow {i}")).collect();
        Pane { title: "A".into(), ends: ends.to_vec(), names, note: "all".into() }
    }

    fn row(a: &[(f64, f64)], b: &[(f64, f64)], is_shared: bool) -> Row {
        Row { title: "raw".into(), unit: "nats".into(), is_shared, a: pane(a), b: pane(b) }
    }

    /// Where named arrows end: the fourth corner of their form.
    fn tips(scene: &Scene) -> Vec<(f64, f64)> {
        let named = scene.marks.iter().filter(|mark| mark.name().is_some());
        named
            .map(|mark| match mark.shape() {
                Shape::Path(corners) => corners[3],
                Shape::Point(x, y, ..) => (*x, *y),
                _ => panic!("an arrow"),
            })
            .collect()
    }

    fn rings(scene: &Scene) -> Vec<(f64, f64)> {
        let is_ring = |mark: &&Mark| mark.fill() == Fill::None;
        let rings = scene.marks.iter().filter(is_ring).filter_map(|mark| match *mark.shape() {
            Shape::Point(x, y, radius, Sign::Circle) if radius == RING => Some((x, y)),
            _ => None,
        });
        rings.collect()
    }

    /// Panes 193 wide beside one another with 14 between, planes from 46 to 276. A's arrows (2, 0) and (0, 1) fill the
    /// width: (193 − 28)/2 = 82.5 pixels per unit, origin at 15 and half a unit below the middle, 161.
    #[test]
    fn known_arrows_have_known_places() {
        let scene = arrows(&[row(&[(2.0, 0.0), (0.0, 1.0)], &[(4.0, 0.0), (0.0, 2.0)], false)], &[], 402.0);
        assert_eq!((scene.width, scene.height), (402.0, 302.0));
        let y = 161.0 + 41.25;
        // B's own units are twice as large, and A's rings lie half as far out in them.
        let (b, far) = (208.0 + 14.0, 165.0);
        let expected = [(180.0, y), (15.0, y - 82.5), (b + far, y), (b, y - 82.5)];
        for (found, expected) in tips(&scene).iter().zip(expected) {
            assert!(distance(*found, expected) < 1e-9, "{found:?} {expected:?}");
        }
        let expected = [(b + far / 2.0, y), (b, y - 41.25)];
        assert_eq!(rings(&scene).len(), 2);
        for (found, expected) in rings(&scene).iter().zip(expected) {
            assert!(distance(*found, expected) < 1e-9, "{found:?} {expected:?}");
        }
    }

    /// The point of the picture: equal arrows end in their rings and no line leads away from them.
    #[test]
    fn equal_arrows_end_in_their_rings() {
        let ends = [(3.0, 1.0), (2.5, -1.0), (0.0, 0.0)];
        let is_miss = |mark: &&Mark| mark.dash() == Dash::Dotted;
        let same = arrows(&[row(&ends, &ends, true)], &[], 700.0);
        let in_b = &tips(&same)[3..];
        assert!(in_b.iter().zip(rings(&same)).all(|(tip, ring)| distance(*tip, ring) < 1e-9));
        assert_eq!(same.marks.iter().filter(is_miss).count(), 0);
        let moved = [(1.0, 1.0), (2.5, -1.0), (0.0, 2.0)];
        let apart = arrows(&[row(&ends, &moved, true)], &[], 700.0);
        assert_eq!(apart.marks.iter().filter(is_miss).count(), 2);
        // One scale: A's arrows are drawn as long in both panes.
        let moved_by = (700.0 - GAP) / 2.0 - 1.0 + GAP;
        assert!(
            rings(&apart)
                .iter()
                .zip(tips(&apart))
                .all(|(ring, tip)| (ring.0 - tip.0 - moved_by).abs() < 1e-9)
        );
    }

    #[test]
    fn lengths_are_written_on_their_circles() {
        let scene = arrows(&[row(&[(3.0, 1.0), (0.0, -1.0)], &[(3.0, 1.0), (0.0, -1.0)], true)], &[], 500.0);
        let texts = scene.marks.iter().filter_map(|mark| match mark.shape() {
            Shape::Text(_, _, _, _, text) if text.ends_with("nats") => Some(text.as_str()),
            _ => None,
        });
        let texts: Vec<&str> = texts.collect();
        assert!(
            !texts.is_empty()
                && texts.iter().all(|text| ["1 nats", "2 nats", "3 nats", "0.5 nats"].contains(text)),
            "{texts:?}"
        );
    }

    fn ends() -> impl Strategy<Value = Vec<((f64, f64), (f64, f64))>> {
        let end = || (-50.0..50.0_f64, -50.0..50.0_f64);
        prop::collection::vec((end(), end()), 0..50)
    }

    proptest! {
        #[test]
        fn everything_is_within_and_words_hide_nothing(ends in ends(), is_shared: bool, width in 240.0..1600.0_f64) {
            let (a, b): (Vec<_>, Vec<_>) = ends.into_iter().unzip();
            let words: Vec<String> = (0..a.len()).map(|i| format!("word{i}")).collect();
            let one = row(&a, &b, is_shared);
            let scene = arrows(&[one.clone(), one], &words, width);
            prop_assert_eq!(scene.height, 604.0);
            prop_assert_eq!(tips(&scene).len(), 4 * a.len());
            for (x, y) in tips(&scene) {
                prop_assert!((-1e-9..=scene.width + 1e-9).contains(&x) && (0.0..=scene.height).contains(&y));
            }
            let view = View::of(Place(0.0, 0.0, width, PLANE), a.iter());
            let tips: Vec<_> = a.iter().map(|end| view.at(*end)).collect();
            let found = placed(&view, &tips, &words, Vec::new());
            prop_assert!(found.len() <= WORDS.0);
            for (x, y, anchor, word) in &found {
                let left = match anchor {
                    Anchor::Start => *x,
                    Anchor::Middle => x - text_width(word) / 2.0,
                    Anchor::End => x - text_width(word),
                };
                let bounds = (left, y - 10.0, left + text_width(word), y + 2.0);
                prop_assert!(view.holds((bounds.0, bounds.1)) && view.holds((bounds.2, bounds.3)));
                prop_assert!(!tips.iter().any(|tip| crosses(view.origin, *tip, &bounds)));
            }
        }
    }
}
