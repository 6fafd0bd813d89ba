//! From values to places in a drawing: linear and logarithmic scales with round ticks. Pure functions.

/// A scale between two places in a drawing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    is_log: bool,
    /// Between two ticks, where it is not for the room to say.
    step: Option<f64>,
}

impl Scale {
    /// `low` lies at `from`, `high` at `to`; any order. Limits that are equal are widened.
    pub fn linear((low, high): (f64, f64), (from, to): (f64, f64)) -> Self {
        let (low, high) = if low == high { (low - 0.5, high + 0.5) } else { (low, high) };
        Self { low, high, from, to, is_log: false, step: None }
    }

    /// Equal ratios are equally long. Limits become whole powers of ten; what is not positive lies at the low end.
    pub fn log((low, high): (f64, f64), (from, to): (f64, f64)) -> Self {
        let low = low.max(f64::MIN_POSITIVE).log10().floor();
        let high = high.max(f64::MIN_POSITIVE).log10().ceil().max(low + 1.0);
        Self { low, high, from, to, is_log: true, step: None }
    }

    /// With ticks at the multiples of `step`: angles are not counted in tens.
    pub fn every(self, step: f64) -> Self {
        Self { step: Some(step), ..self }
    }

    /// Where a value lies, never outside the scale; what is no number lies at the low end.
    pub fn at(&self, value: f64) -> f64 {
        let value = if self.is_log { value.max(f64::MIN_POSITIVE).log10() } else { value };
        let share = (value - self.low) / (self.high - self.low);
        let share = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
        self.from + share * (self.to - self.from)
    }

    /// Round values, as many as have room, from low to high.
    pub fn ticks(&self) -> Vec<f64> {
        let step = self.step();
        let (low, high) = (self.low.min(self.high), self.low.max(self.high));
        // A little slack, so that rounding leaves no end out.
        let (first, last) = ((low / step - 1e-9).ceil() as i64, (high / step + 1e-9).floor() as i64);
        let values = (first..=last).map(|i| i as f64 * step);
        if self.is_log { values.map(|exponent| 10f64.powf(exponent)).collect() } else { values.collect() }
    }

    fn step(&self) -> f64 {
        let room = ((self.to - self.from).abs() / if self.is_log { 44.0 } else { 64.0 }).max(2.0);
        let round = round_step((self.high - self.low).abs() / room);
        self.step.unwrap_or(if self.is_log { round.ceil() } else { round })
    }

    /// A tick as people read it: `0.25`, `1.5`, `10⁻³`.
    pub fn label(&self, tick: f64) -> String {
        if self.is_log {
            return power_of_ten(tick.log10().round() as i32);
        }
        let decimals = (-self.step().log10().floor()).clamp(0.0, 9.0) as usize;
        let text = format!("{tick:.decimals$}").replace('-', "−");
        if text.trim_matches(|c| c == '−' || c == '0' || c == '.').is_empty() { "0".into() } else { text }
    }
}

/// The smallest of 1, 2, 5, 10, … that is no smaller; 1 where that makes no sense.
fn round_step(least: f64) -> f64 {
    if !(least.is_finite() && least > 0.0) {
        return 1.0;
    }
    let decade = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|lead| lead * decade)
        .find(|step| *step >= least * (1.0 - 1e-9))
        .unwrap_or(10.0 * decade)
}

fn power_of_ten(exponent: i32) -> String {
    match exponent {
        0 => "1".into(),
        1 => "10".into(),
        _ => {
            let sign = |c| match c {
                '-' => '⁻',
                '1' => '¹',
                '2' => '²',
                '3' => '³',
                // The other superscripts stand in order.
                digit => digit.to_digit(10).and_then(|d| char::from_u32(0x2070 + d)).unwrap_or(digit),
            };
            format!("10{}", exponent.to_string().chars().map(sign).collect::<String>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ticks_are_round_and_have_room() {
        let scale = Scale::linear((0.0, 1.0), (0.0, 320.0));
        assert_eq!(
            scale.ticks().iter().map(|t| scale.label(*t)).collect::<Vec<_>>(),
            ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"].map(|t| if t == "0.0" { "0" } else { t })
        );
        let scale = Scale::linear((-14.0, 0.0), (300.0, 0.0));
        assert_eq!(scale.ticks(), [-10.0, -5.0, 0.0]);
        assert_eq!(scale.label(-10.0), "−10");
        let scale = Scale::linear((0.0, 90.0), (178.0, 0.0)).every(30.0);
        assert_eq!(
            scale.ticks().iter().map(|t| scale.label(*t)).collect::<Vec<_>>(),
            ["0", "30", "60", "90"]
        );
        let scale = Scale::log((3e-7, 2.0), (0.0, 500.0));
        assert_eq!(
            scale.ticks().iter().map(|t| scale.label(*t)).collect::<Vec<_>>(),
            ["10⁻⁷", "10⁻⁶", "10⁻⁵", "10⁻⁴", "10⁻³", "10⁻²", "10⁻¹", "1", "10"]
        );
        assert!((scale.at(1e-3) - 250.0).abs() < 1e-9);
    }

    #[test]
    fn what_makes_no_sense_still_has_a_place() {
        for scale in [Scale::linear((2.0, 2.0), (0.0, 100.0)), Scale::log((0.0, 0.0), (0.0, 100.0))] {
            for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -3.0, 0.0] {
                assert!((0.0..=100.0).contains(&scale.at(value)));
            }
            assert!(scale.ticks().len() < 20);
        }
        assert_eq!(Scale::log((1e-3, 1.0), (5.0, 9.0)).at(-1.0), 5.0);
    }

    proptest! {
        #[test]
        fn a_larger_value_never_lies_before_a_smaller(low in -1e3..1e3_f64, span in 1e-3..1e3_f64, x in -1e3..1e3_f64, y in -1e3..1e3_f64) {
            let scale = Scale::linear((low, low + span), (0.0, 400.0));
            prop_assert!((scale.at(x) <= scale.at(y)) == (x <= y) || scale.at(x) == scale.at(y));
            let ticks = scale.ticks();
            prop_assert!((2..=8).contains(&ticks.len()), "{:?}", ticks);
            prop_assert!(ticks.iter().all(|t| *t >= low - 1e-6 && *t <= low + span + 1e-6));
        }
    }
}
