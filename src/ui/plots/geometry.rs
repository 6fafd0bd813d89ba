//! Where marks stand on a scale, in percent of its length: pure functions, so that drawings can be tested natively.

/// A linear scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    /// Value at 0%.
    pub low: f64,
    /// Value at 100%.
    pub high: f64,
}

impl Axis {
    /// The smallest scale with limits in steps of 0.2 that shows every finite value, and 0.
    pub fn around(values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = values
            .into_iter()
            .filter(|value| value.is_finite())
            .fold((0.0_f64, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
        // What lies hardly beyond a step stands at its end rather than adding a step for nothing.
        let step = |value: f64, round: fn(f64) -> f64| round(value * 5.0) / 5.0;
        let (low, high) = (step(low + 0.01, f64::floor), step(high - 1e-9, f64::ceil));
        Self { low: low.min(0.0), high: high.max(0.2) }
    }

    /// Percent along the scale, kept within it; 0 for NaN.
    pub fn percent(self, value: f64) -> f64 {
        share(value - self.low, self.high - self.low)
    }

    /// Left end and length of the span between two values, in percent.
    pub fn span(self, from: f64, to: f64) -> (f64, f64) {
        let (a, b) = (self.percent(from), self.percent(to));
        (a.min(b), (b - a).abs())
    }

    /// Values at every 0.2, or, where these would be too many to read, at every 0.5, 1, 2, … of at most nine.
    pub fn ticks(self) -> Vec<f64> {
        let most = 9.0;
        let steps = [0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0];
        let span = self.high - self.low;
        let step = steps.into_iter().find(|step| span / step < most).unwrap_or(span / (most - 1.0));
        // A little slack, so that rounding leaves no end out.
        let first = (self.low / step - 1e-9).ceil() as i64;
        let last = (self.high / step + 1e-9).floor() as i64;
        (first..=last).map(|i| i as f64 * step).map(|tick| (tick * 1e6).round() / 1e6).collect()
    }
}

/// A logarithmic scale between two powers of ten.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogAxis {
    /// Exponent at 0%.
    pub low: i32,
    /// Exponent at 100%.
    pub high: i32,
}

impl LogAxis {
    /// Percent along the scale, kept within it; 0 (and below) lies at the left end.
    pub fn percent(self, value: f64) -> f64 {
        if value > 0.0 {
            share(value.log10() - f64::from(self.low), f64::from(self.high - self.low))
        } else {
            0.0
        }
    }

    /// The powers of ten on the scale.
    pub fn ticks(self) -> impl Iterator<Item = i32> {
        self.low..=self.high
    }
}

/// `part / whole` in percent, kept within 0 to 100; 0 where that makes no sense.
pub fn share(part: f64, whole: f64) -> f64 {
    let percent = 100.0 * part / whole;
    if percent.is_nan() { 0.0 } else { percent.clamp(0.0, 100.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_stand_in_proportion() {
        let axis = Axis { low: -0.2, high: 1.0 };
        assert!((axis.percent(0.4) - 50.0).abs() < 1e-12);
        assert_eq!(axis.percent(-5.0), 0.0);
        assert_eq!(axis.percent(f64::INFINITY), 100.0);
        assert_eq!(axis.percent(f64::NAN), 0.0);
        let (left, length) = axis.span(1.0, 0.4);
        assert!((left - 50.0).abs() < 1e-12 && (length - 50.0).abs() < 1e-12);
    }

    #[test]
    fn an_axis_shows_every_value_and_zero() {
        assert_eq!(Axis::around([0.13, 0.61]), Axis { low: 0.0, high: 0.8 });
        assert_eq!(Axis::around([-0.05, 1.0]), Axis { low: -0.2, high: 1.0 });
        assert_eq!(Axis::around([-0.0004, 1.0]), Axis { low: 0.0, high: 1.0 });
        assert_eq!(Axis::around([]), Axis { low: 0.0, high: 0.2 });
        assert_eq!(Axis::around([f64::NAN, 0.3]), Axis { low: 0.0, high: 0.4 });
        assert_eq!(Axis { low: -0.2, high: 0.4 }.ticks(), [-0.2, 0.0, 0.2, 0.4]);
        assert_eq!(Axis { low: -0.2, high: 2.8 }.ticks(), [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]);
        assert!((2..=9).contains(&Axis { low: -3.0, high: 400.0 }.ticks().len()));
    }

    #[test]
    fn decades_are_equally_wide() {
        let axis = LogAxis { low: -8, high: 2 };
        assert!((axis.percent(1e-3) - 50.0).abs() < 1e-9);
        assert_eq!(axis.percent(0.0), 0.0);
        assert_eq!(axis.percent(1e9), 100.0);
        assert_eq!(axis.ticks().count(), 11);
    }

    #[test]
    fn shares_stay_within_the_bar() {
        assert_eq!(share(1.0, 4.0), 25.0);
        assert_eq!(share(5.0, 4.0), 100.0);
        assert_eq!(share(0.0, 0.0), 0.0);
    }
}
