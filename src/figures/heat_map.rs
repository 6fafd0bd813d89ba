//! A matrix of correlations as squares: the stronger, the more its square stands out; a bar in it where it is negative.
//! Pure functions.

use super::scale::Scale;
use super::scene::{Anchor, Fill, Mark, SHADES, Scene, Tone};

/// Longest side of the matrix, pixels.
const MAX_SIDE: f64 = 400.0;
/// What stands to the left of the matrix, above it and below it.
const ROOM: (f64, f64, f64) = (58.0, 26.0, 96.0);
/// Smallest square in which a bar can be seen.
const LEAST_SQUARE: f64 = 4.0;

/// The matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// One row per (group of) directions of B, one value per (group of) A's, in [−1, 1].
    pub values: Vec<Vec<f64>>,
    /// What each row is called when it is pointed at.
    pub names: Vec<String>,
    /// Directions of (B, A).
    pub directions: (usize, usize),
    /// Directions per square.
    pub per_cell: usize,
}

/// Titles of the drawing's parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Titles {
    /// Of A's directions.
    pub a: String,
    /// Of B's.
    pub b: String,
    /// Of the shades.
    pub shades: String,
    /// What a bar means.
    pub negative: String,
}

/// The shade of a value: 0 stands out most and is that of −1 and 1, the last that of nothing.
pub fn shade(value: f64) -> u8 {
    let strength = if value.is_nan() { 0.0 } else { value.abs().min(1.0) };
    let class = ((strength * SHADES as f64) as usize).min(SHADES - 1);
    (SHADES - 1 - class) as u8
}

/// The drawing; as wide as there is room, up to a limit, and as high as the matrix then is.
pub fn heat_map(matrix: &Matrix, titles: &Titles, width: f64) -> Scene {
    let n_rows = matrix.values.len();
    let n_columns = matrix.values.first().map_or(0, Vec::len);
    let square = ((width - ROOM.0 - 14.0).clamp(60.0, MAX_SIDE)) / n_rows.max(n_columns).max(1) as f64;
    let (wide, high) = (square * n_columns as f64, square * n_rows as f64);
    let mut scene =
        Scene::new(ROOM.0 + MAX_SIDE.min(width - ROOM.0 - 14.0).max(60.0) + 14.0, ROOM.1 + high + ROOM.2);
    let (left, top) = (ROOM.0, ROOM.1);
    scene.add(Mark::rect(left, top, wide, high, Tone::Heat(SHADES as u8 - 1)));
    for (i, row) in matrix.values.iter().enumerate() {
        draw_row(&mut scene, row, (left, top + i as f64 * square), square);
    }
    for (i, name) in matrix.names.iter().enumerate().take(n_rows) {
        let place = Mark::rect(left, top + i as f64 * square, wide, square, Tone::Surface);
        scene.add(place.filled(Fill::None).named(name));
    }
    scene.add(
        Mark::rect(left, top, wide, high, Tone::Surface).filled(Fill::None).outlined(Tone::RuleStrong, 1.0),
    );
    axes(&mut scene, matrix, titles, square);
    legend(&mut scene, titles, top + high + 52.0);
    scene
}

/// Neighbours of one shade and sign are one rectangle.
fn draw_row(scene: &mut Scene, row: &[f64], (left, top): (f64, f64), square: f64) {
    let look = |value: f64| (shade(value), value < 0.0 && square >= LEAST_SQUARE);
    let mut start = 0;
    for group in row.chunk_by(|one, next| look(*one) == look(*next)) {
        let (shade, is_negative) = look(group.first().copied().unwrap_or(0.0));
        let (x, end) = (left + start as f64 * square, start + group.len());
        if usize::from(shade) < SHADES - 1 {
            scene.add(Mark::rect(x, top, group.len() as f64 * square, square, Tone::Heat(shade)));
            for i in (start..end).filter(|_| is_negative) {
                bar(scene, left + i as f64 * square, top, square, shade);
            }
        }
        start = end;
    }
}

fn bar(scene: &mut Scene, left: f64, top: f64, square: f64, shade: u8) {
    let middle = top + square / 2.0;
    let ends = ((left + 0.22 * square, middle), (left + 0.78 * square, middle));
    scene.add(
        Mark::line(ends.0, ends.1, Tone::OnHeat(shade))
            .outlined(Tone::OnHeat(shade), (square / 8.0).clamp(1.0, 2.5)),
    );
}

/// Numbers of directions along both sides.
fn axes(scene: &mut Scene, matrix: &Matrix, titles: &Titles, square: f64) {
    let (left, top) = (ROOM.0, ROOM.1);
    let per_direction = square / matrix.per_cell.max(1) as f64;
    let bottom = top + square * matrix.values.len() as f64;
    let side = |n: usize, from: f64| Scale::linear((0.0, n as f64), (from, from + per_direction * n as f64));
    let middle = |scale: &Scale, tick: f64| scale.at(tick) - per_direction / 2.0;
    let is_direction = |n: usize| move |tick: &f64| *tick >= 1.0 && *tick <= n as f64 && tick.fract() == 0.0;
    let y = side(matrix.directions.0, top);
    for tick in y.ticks().into_iter().filter(is_direction(matrix.directions.0)) {
        scene.add(Mark::text(left - 7.0, middle(&y, tick) + 4.0, Anchor::End, y.label(tick)));
    }
    let x = side(matrix.directions.1, left);
    for tick in x.ticks().into_iter().filter(is_direction(matrix.directions.1)) {
        scene.add(Mark::text(middle(&x, tick), bottom + 16.0, Anchor::Middle, x.label(tick)));
    }
    scene.add(Mark::text(2.0, 12.0, Anchor::Start, titles.b.clone()));
    scene.add(Mark::text(left, bottom + 34.0, Anchor::Start, titles.a.clone()));
}

/// The shades from nothing to 1, and the bar.
fn legend(scene: &mut Scene, titles: &Titles, top: f64) {
    // From the left edge on: the words need most of a phone's width.
    let (left, size) = (14.0, 16.0);
    scene.add(Mark::text(left, top + 12.0, Anchor::End, "0 "));
    for i in 0..SHADES {
        let shade = (SHADES - 1 - i) as u8;
        scene.add(Mark::rect(left + i as f64 * size, top, size, size, Tone::Heat(shade)));
    }
    let end = left + SHADES as f64 * size;
    scene.add(
        Mark::rect(left, top, SHADES as f64 * size, size, Tone::Surface)
            .filled(Fill::None)
            .outlined(Tone::Rule, 1.0),
    );
    scene.add(Mark::text(end + 6.0, top + 12.0, Anchor::Start, format!("1 {}", titles.shades)));
    let below = top + 22.0;
    scene.add(Mark::rect(end - size, below, size, size, Tone::Heat(2)));
    bar(scene, end - size, below, size, 2);
    scene.add(Mark::text(end + 6.0, below + 12.0, Anchor::Start, titles.negative.clone()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::scene::Shape;
    use proptest::prelude::*;

    fn matrix(values: Vec<Vec<f64>>) -> Matrix {
        let (n_b, n_a) = (values.len(), values.first().map_or(0, Vec::len));
        let names = (0..n_b).map(|i| format!("row {i}")).collect();
        Matrix { values, names, directions: (n_b, n_a), per_cell: 1 }
    }

    fn titles() -> Titles {
        let [a, b, shades, negative] = ["A", "B", "|r|", "negative"].map(str::to_owned);
        Titles { a, b, shades, negative }
    }

    /// Squares of the matrix with a shade of their own, without the legend below it.
    fn squares(scene: &Scene, bottom: f64) -> Vec<(f64, f64, f64, f64, u8)> {
        let shaded = scene.marks.iter().filter_map(|mark| match (mark.shape(), mark.fill()) {
            (Shape::Rect(x, y, w, h), Fill::Solid(Tone::Heat(shade))) if shade < 7 && *y < bottom => {
                Some((*x, *y, *w, *h, shade))
            }
            _ => None,
        });
        shaded.collect()
    }

    #[test]
    fn shades_have_equal_steps_and_no_sign() {
        let cases = [
            (0.0, 7),
            (0.12, 7),
            (0.13, 6),
            (0.49, 4),
            (0.51, 3),
            (0.88, 0),
            (1.0, 0),
            (f64::NAN, 7),
            (9.0, 0),
        ];
        for (value, expected) in cases {
            assert_eq!((shade(value), shade(-value)), (expected, expected), "{value}");
        }
    }

    /// The identity is a diagonal; a negative entry has a bar; equal neighbours are one rectangle.
    #[test]
    fn known_entries_have_known_squares() {
        let values = vec![vec![1.0, 0.0, 0.0, 0.0], vec![0.0, -0.6, 0.6, 0.6]];
        let scene = heat_map(&matrix(values), &titles(), 1000.0);
        assert_eq!((scene.width, scene.height), (472.0, 26.0 + 200.0 + 96.0));
        let found = squares(&scene, 226.0);
        let expected =
            [(58.0, 26.0, 100.0, 100.0, 0), (158.0, 126.0, 100.0, 100.0, 3), (258.0, 126.0, 200.0, 100.0, 3)];
        assert_eq!(found, expected);
        let bars =
            scene.marks.iter().filter(|mark| matches!(mark.shape(), Shape::Path(ends) if ends[0].1 == 176.0));
        assert_eq!(bars.count(), 1);
        assert_eq!(scene.marks.iter().filter(|mark| mark.name().is_some()).count(), 2);
    }

    proptest! {
        #[test]
        fn the_whole_matrix_is_within_the_drawing(n_b in 0..40_usize, n_a in 1..40_usize, width in 240.0..900.0_f64, seed in 0..9_u32) {
            let value = |i: usize, j: usize| f64::from((i as u32 * 7 + j as u32 * 13 + seed) % 21) / 10.0 - 1.0;
            let values: Vec<Vec<f64>> = (0..n_b).map(|i| (0..n_a).map(|j| value(i, j)).collect()).collect();
            let scene = heat_map(&matrix(values.clone()), &titles(), width);
            prop_assert!(scene.width <= width.max(132.0) + 1e-9);
            let n_strong: usize = values.iter().flatten().filter(|value| shade(**value) < 7).count();
            let square = (width - 72.0).clamp(60.0, 400.0) / n_b.max(n_a) as f64;
            let bottom = 26.0 + square * n_b as f64;
            let covered: f64 = squares(&scene, bottom).iter().map(|(_, _, w, h, _)| w * h).sum();
            prop_assert!((covered - n_strong as f64 * square * square).abs() < 1e-6 * (1.0 + covered));
            for (x, y, w, h, _) in squares(&scene, bottom) {
                prop_assert!(x >= 58.0 && x + w <= scene.width && y >= 26.0 && y + h <= bottom + 1e-9);
            }
        }
    }
}
