//! How fast a download is and how long it will take, from what has arrived when.

use std::collections::VecDeque;

/// How far back the rate looks, in milliseconds: long enough to be steady, short enough to notice a slow network.
const WINDOW_MILLIS: f64 = 5_000.0;
/// No rate is told from less than this, in milliseconds.
const MIN_SPAN_MILLIS: f64 = 400.0;
/// Samples closer than this replace each other, in milliseconds.
const MIN_STEP_MILLIS: f64 = 100.0;

/// Bytes that had arrived at some moments.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rate {
    /// (moment in milliseconds on any clock, bytes so far), oldest first.
    samples: VecDeque<(f64, u64)>,
}

impl Rate {
    /// Notes how many bytes have come over the network so far. Fewer than before start the count anew.
    pub fn note(&mut self, now_millis: f64, n_bytes: u64) {
        let is_older = |&(then, bytes): &(f64, u64)| bytes > n_bytes || then > now_millis;
        if self.samples.back().is_some_and(is_older) {
            self.samples.clear();
        }
        let n_samples = self.samples.len();
        let replaces = n_samples >= 2 && now_millis - self.samples[n_samples - 2].0 < MIN_STEP_MILLIS;
        if replaces {
            self.samples.pop_back();
        }
        self.samples.push_back((now_millis, n_bytes));
        // The newest sample outside of the window is its edge.
        while self.samples.get(1).is_some_and(|(then, _)| now_millis - then >= WINDOW_MILLIS) {
            self.samples.pop_front();
        }
    }

    /// Bytes a second over the last seconds; none before there is enough to tell.
    pub fn bytes_per_second(&self) -> Option<f64> {
        let (&(begin, first), &(end, last)) = (self.samples.front()?, self.samples.back()?);
        let span = end - begin;
        (span >= MIN_SPAN_MILLIS).then(|| (last - first) as f64 / (span / 1000.0))
    }

    /// Seconds until `n_bytes` more are here; none where nothing arrives or nothing can be told yet.
    pub fn seconds_left(&self, n_bytes: u64) -> Option<f64> {
        let rate = self.bytes_per_second().filter(|&rate| rate > 0.0)?;
        Some(n_bytes as f64 / rate)
    }
}

/// A number of bytes in words: `28.1 MB`, with decimal units as operating systems and the Hub count them.
pub fn size_words(n_bytes: u64) -> String {
    match n_bytes {
        0..1_000 => format!("{n_bytes} B"),
        1_000..999_950 => scaled(n_bytes, 1_000, "kB"),
        999_950..999_950_000 => scaled(n_bytes, 1_000_000, "MB"),
        _ => scaled(n_bytes, 1_000_000_000, "GB"),
    }
}

/// One decimal below 100, none above: three digits say enough.
fn scaled(n_bytes: u64, unit: u64, name: &str) -> String {
    let value = n_bytes as f64 / unit as f64;
    let decimals = usize::from(value < 99.95);
    format!("{value:.decimals$} {name}")
}

/// A time in the two units that say enough, each below what makes the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeParts {
    /// Seconds.
    Seconds(u64),
    /// Minutes and seconds.
    Minutes(u64, u64),
    /// Hours and minutes.
    Hours(u64, u64),
}

impl TimeParts {
    /// Of so many seconds, begun ones counted whole; what is no number is nothing.
    pub fn of(seconds: f64) -> Self {
        match seconds.clamp(0.0, 1e9).ceil() as u64 {
            seconds @ 0..60 => Self::Seconds(seconds),
            seconds @ 60..3600 => Self::Minutes(seconds / 60, seconds % 60),
            seconds => Self::Hours(seconds / 3600, seconds % 3600 / 60),
        }
    }
}

/// A time in English words: `45 s`, `3 min 20 s`, `1 h 05 min`.
pub fn time_words(seconds: f64) -> String {
    match TimeParts::of(seconds) {
        TimeParts::Seconds(s) => format!("{s} s"),
        TimeParts::Minutes(m, s) => format!("{m} min {s:02} s"),
        TimeParts::Hours(h, m) => format!("{h} h {m:02} min"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_steady_download_has_its_rate() {
        let mut rate = Rate::default();
        assert_eq!(rate.bytes_per_second(), None);
        for step in 0..100 {
            rate.note(f64::from(step) * 50.0, u64::from(step as u32) * 50_000);
        }
        let found = rate.bytes_per_second().unwrap();
        assert!((found - 1e6).abs() < 1.0, "{found}");
        assert!((rate.seconds_left(3_000_000).unwrap() - 3.0).abs() < 1e-3);
    }

    #[test]
    fn only_the_last_seconds_count() {
        let mut rate = Rate::default();
        for second in 0..=10u32 {
            rate.note(f64::from(second) * 1000.0, u64::from(second) * 10_000_000);
        }
        for second in 11..=20u32 {
            rate.note(f64::from(second) * 1000.0, 100_000_000 + u64::from(second - 10) * 1000);
        }
        let found = rate.bytes_per_second().unwrap();
        assert!((found - 1000.0).abs() < 1.0, "{found}");
    }

    #[test]
    fn a_stalled_download_has_no_end() {
        let mut rate = Rate::default();
        for second in 0..=20u32 {
            rate.note(f64::from(second) * 1000.0, 500);
        }
        assert_eq!(rate.bytes_per_second(), Some(0.0));
        assert_eq!(rate.seconds_left(1), None);
    }

    #[test]
    fn a_new_download_forgets_the_old_one() {
        let mut rate = Rate::default();
        rate.note(0.0, 1_000_000);
        rate.note(1000.0, 2_000_000);
        rate.note(1100.0, 0);
        assert_eq!(rate.bytes_per_second(), None);
        rate.note(2100.0, 1000);
        assert_eq!(rate.bytes_per_second(), Some(1000.0));
    }

    #[test]
    fn sizes_and_times_are_said_in_words() {
        let sizes = [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (28_135_424, "28.1 MB"),
            (99_949_999, "99.9 MB"),
            (99_960_000, "100 MB"),
            (548_105_171, "548 MB"),
            (999_960_000, "1.0 GB"),
            (1_520_000_000, "1.5 GB"),
        ];
        for (n_bytes, words) in sizes {
            assert_eq!(size_words(n_bytes), words);
        }
        let times =
            [(0.0, "0 s"), (0.2, "1 s"), (59.5, "1 min 00 s"), (200.0, "3 min 20 s"), (3900.0, "1 h 05 min")];
        for (seconds, words) in times {
            assert_eq!(time_words(seconds), words);
        }
        assert_eq!(time_words(f64::NAN), "0 s");
    }

    proptest! {
        #[test]
        fn rates_are_never_negative_and_few_samples_are_kept(
            steps in prop::collection::vec((-100.0f64..2000.0, 0u64..1_000_000, any::<bool>()), 1..200),
        ) {
            let (mut rate, mut now, mut bytes) = (Rate::default(), 0.0, 0u64);
            for (step, more, restarts) in steps {
                now += step;
                bytes = if restarts { more } else { bytes + more };
                rate.note(now, bytes);
                prop_assert!(rate.bytes_per_second().is_none_or(|rate| rate >= 0.0));
                prop_assert!(rate.samples.len() < 60);
            }
        }
    }
}
