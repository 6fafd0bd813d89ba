//! Numbers as people read them. Both languages write a decimal point and commas between thousands.

use leptos_i18n::td_string;

use super::Locale;
use crate::hub::progress::TimeParts;

/// Three significant digits: `0.0123`, `4.51`, `3.2e−7`, `∞`.
pub fn number(value: f64) -> String {
    let magnitude = value.abs();
    if value.is_nan() {
        "NaN".into()
    } else if value.is_infinite() {
        if value > 0.0 { "∞".into() } else { "−∞".into() }
    } else if magnitude == 0.0 {
        "0".into()
    } else if !(1e-3..1e5).contains(&magnitude) {
        format!("{value:.1e}").replace('-', "−")
    } else {
        let decimals = (2 - magnitude.log10().floor() as i32).clamp(0, 6) as usize;
        format!("{value:.decimals$}").replace('-', "−")
    }
}

/// A count as people type it, any other number to three significant digits.
pub fn plain(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e6 {
        // Nothing has no sign.
        format!("{:.0}", value + 0.0).replace('-', "−")
    } else {
        number(value)
    }
}

/// A probability as a percentage, for bars and tables; tiny ones are only told to be so.
pub fn probability(p: f64) -> String {
    match p {
        ..1e-4 => "<0.01%".into(),
        // Near nothing and near certainty the second decimal is what differs.
        ..0.01 | 0.99.. => format!("{:.2}%", 100.0 * p),
        _ => percent(p),
    }
}

/// A share in [0, 1] as a percentage; what f32 numbers cannot tell from nothing is nothing.
pub fn percent(share: f64) -> String {
    let value = if share < 1e-12 { 0.0 } else { share * 100.0 };
    if value == 0.0 || value >= 9.995 {
        format!("{value:.0}%")
    } else if value >= 0.095 {
        format!("{value:.1}%")
    } else {
        format!("{}%", number(value))
    }
}

/// A whole number with commas between its thousands.
pub fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A time in words: `45 s`, `3 min 20 s`, `1 h 05 min`.
pub fn time(locale: Locale, seconds: f64) -> String {
    let two = |part: u64| format!("{part:02}");
    match TimeParts::of(seconds) {
        TimeParts::Seconds(s) => td_string!(locale, models.time.seconds, s),
        TimeParts::Minutes(m, s) => td_string!(locale, models.time.minutes, m, s = two(s)),
        TimeParts::Hours(h, m) => td_string!(locale, models.time.hours, h, m = two(m)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_significant_digits() {
        let cases = [
            (0.0, "0"),
            (0.012345, "0.0123"),
            (4.5149, "4.51"),
            (-12.04, "−12.0"),
            (1234.5, "1234"),
            (3.2e-7, "3.2e−7"),
            (f64::INFINITY, "∞"),
            (f64::NAN, "NaN"),
        ];
        for (value, expected) in cases {
            assert_eq!(number(value), expected);
        }
        assert_eq!(percent(0.0487), "4.9%");
        assert_eq!(percent(1.0), "100%");
        assert_eq!(percent(0.0), "0%");
        assert_eq!(percent(0.00002), "0.00200%");
        assert_eq!(percent(3.9e-29), "0%");
        assert_eq!(probability(0.00002), "<0.01%");
        assert_eq!(probability(0.000155), "0.02%");
        assert_eq!(probability(0.042), "4.2%");
        assert_eq!(probability(0.9993), "99.93%");
    }

    #[test]
    fn counts_are_written_as_they_are_typed() {
        let cases = [
            (40.0, "40"),
            (0.0, "0"),
            (-0.0, "0"),
            (-3.0, "−3"),
            (12.5, "12.5"),
            (299.0, "299"),
            (f64::INFINITY, "∞"),
        ];
        for (value, expected) in cases {
            assert_eq!(plain(value), expected);
        }
    }

    #[test]
    fn thousands_are_grouped() {
        for (count, expected) in [(7, "7"), (999, "999"), (1234, "1,234"), (1234567, "1,234,567")] {
            assert_eq!(grouped(count), expected);
        }
    }

    #[test]
    fn times_are_told_in_two_units() {
        let times = [
            (0.0, "0 s", "0 秒"),
            (0.2, "1 s", "1 秒"),
            (59.5, "1 min 00 s", "1 分 00 秒"),
            (200.0, "3 min 20 s", "3 分 20 秒"),
            (3900.0, "1 h 05 min", "1 時間 05 分"),
            (f64::NAN, "0 s", "0 秒"),
        ];
        for (seconds, english, japanese) in times {
            assert_eq!(time(Locale::en, seconds), english);
            assert_eq!(time(Locale::ja, seconds), japanese);
        }
    }
}
