//! Colours and steps of a matrix of distances: classes with round limits on a logarithmic scale, and where an arrow key
//! leads. Pure functions.

use crate::figures::scene::SHADES;

/// Classes of distances.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatScale {
    /// Limits between neighbouring classes, ascending; at most `SHADES − 1`.
    limits: Vec<f64>,
}

impl HeatScale {
    /// The finest round limits that no more than [`SHADES`] classes need to hold every positive, finite distance.
    pub fn of(distances: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = distances
            .into_iter()
            .filter(|distance| distance.is_finite() && *distance > 0.0)
            .fold((f64::INFINITY, 0.0_f64), |(low, high), distance| (low.min(distance), high.max(distance)));
        let within = |leads: &[u8], decades: i32| -> Vec<f64> {
            (-12..6)
                .filter(|decade| decade % decades == 0)
                // Read from text, so that 0.3 is what people mean by 0.3.
                .flat_map(|decade| {
                    leads.iter().filter_map(move |lead| format!("{lead}e{decade}").parse().ok())
                })
                .filter(|limit: &f64| *limit > low && *limit < high)
                .collect()
        };
        let finest = [(&[1, 2, 5][..], 1), (&[1, 3], 1), (&[1], 1), (&[1], 2), (&[1], 3)]
            .into_iter()
            .map(|(leads, decades)| within(leads, decades))
            .find(|limits| limits.len() < SHADES);
        Self { limits: finest.unwrap_or_default() }
    }

    /// The shade of a distance: 0 for the nearest class, `SHADES − 1` for the farthest; what is no number is far.
    pub fn shade(&self, distance: f64) -> usize {
        let class = if distance.is_nan() {
            self.limits.len()
        } else {
            self.limits.iter().filter(|limit| distance >= **limit).count()
        };
        self.shade_of_class(class)
    }

    /// For each class from near to far: its shade, its lower limit and its upper limit, where it has one.
    pub fn classes(&self) -> Vec<(usize, Option<f64>, Option<f64>)> {
        (0..=self.limits.len())
            .map(|class| {
                let below = class.checked_sub(1).and_then(|below| self.limits.get(below)).copied();
                (self.shade_of_class(class), below, self.limits.get(class).copied())
            })
            .collect()
    }

    /// Few classes use the whole range of shades, so that they can be told apart.
    fn shade_of_class(&self, class: usize) -> usize {
        (class * (SHADES - 1)).checked_div(self.limits.len()).unwrap_or(0)
    }
}

/// The cell that a key leads to from `(row, column)` in a square matrix; none where the key is another or where no
/// cell lies that way. Cells that do not exist are passed over.
pub fn next_cell(
    key: &str,
    (row, column): (usize, usize),
    size: usize,
    exists: impl Fn(usize, usize) -> bool,
) -> Option<(usize, usize)> {
    let in_row = |column: &usize| exists(row, *column);
    let in_column = |row: &usize| exists(*row, column);
    let at_column = |column: usize| (row, column);
    let at_row = |row: usize| (row, column);
    match key {
        "ArrowRight" => (column + 1..size).find(in_row).map(at_column),
        "ArrowLeft" => (0..column).rev().find(in_row).map(at_column),
        "ArrowDown" => (row + 1..size).find(in_column).map(at_row),
        "ArrowUp" => (0..row).rev().find(in_column).map(at_row),
        "Home" => (0..column).find(in_row).map(at_column),
        "End" => (column + 1..size).rev().find(in_row).map(at_column),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1, 2, 5, … where they are few enough; else 1, 3; else decades.
    #[test]
    fn limits_are_round_and_few() {
        let limits = |distances: &[f64]| HeatScale::of(distances.iter().copied()).limits;
        assert_eq!(limits(&[0.03, 0.4]), [0.05, 0.1, 0.2]);
        assert_eq!(limits(&[0.0008, 0.9]), [0.001, 0.003, 0.01, 0.03, 0.1, 0.3]);
        assert_eq!(limits(&[2e-4, 9.0]).len(), 4);
        assert!(limits(&[1e-12, 1e5]).len() < SHADES);
        assert_eq!(limits(&[]), Vec::<f64>::new());
        assert_eq!(limits(&[0.0, f64::NAN, f64::INFINITY]), Vec::<f64>::new());
    }

    #[test]
    fn farther_is_never_nearer_in_shade() {
        let scale = HeatScale::of([0.001, 2.0]);
        let mut before = 0;
        for i in 0..200 {
            let shade = scale.shade(1e-4 * 1.06f64.powi(i));
            assert!(shade >= before && shade < SHADES);
            before = shade;
        }
        assert_eq!(scale.shade(0.0), 0);
        assert_eq!(scale.shade(1e-9), 0);
        assert_eq!(scale.shade(f64::INFINITY), SHADES - 1);
        assert_eq!(scale.shade(f64::NAN), SHADES - 1);
        assert_eq!(HeatScale::of([0.2]).shade(0.2), 0);
    }

    #[test]
    fn the_legend_names_every_class_once() {
        let scale = HeatScale::of([0.03, 0.4]);
        let classes = scale.classes();
        assert_eq!(classes.first(), Some(&(0, None, Some(0.05))));
        assert_eq!(classes.last(), Some(&(SHADES - 1, Some(0.2), None)));
        for (shade, low, high) in classes {
            if let Some(low) = low {
                assert_eq!(scale.shade(low), shade);
            }
            if let Some(high) = high {
                assert_eq!(scale.shade(high * 0.999), shade);
            }
        }
    }

    #[test]
    fn arrows_pass_over_the_diagonal_and_stay_inside() {
        let off_diagonal = |row: usize, column: usize| row != column;
        let from = |key, at| next_cell(key, at, 4, off_diagonal);
        assert_eq!(from("ArrowRight", (1, 0)), Some((1, 2)));
        assert_eq!(from("ArrowLeft", (1, 2)), Some((1, 0)));
        assert_eq!(from("ArrowDown", (1, 2)), Some((3, 2)));
        assert_eq!(from("ArrowUp", (3, 2)), Some((1, 2)));
        assert_eq!(from("Home", (0, 3)), Some((0, 1)));
        assert_eq!(from("End", (3, 0)), Some((3, 2)));
        assert_eq!(from("ArrowRight", (2, 3)), None);
        assert_eq!(from("ArrowLeft", (0, 1)), None);
        assert_eq!(from("ArrowUp", (0, 1)), None);
        assert_eq!(from("ArrowDown", (3, 0)), None);
        assert_eq!(from("a", (1, 2)), None);
    }
}
