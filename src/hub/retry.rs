//! When a request that failed is worth another try, and after how long.

/// First wait after a failure, in milliseconds; it doubles each time.
pub const FIRST_WAIT_MILLIS: u64 = 500;
/// Longest wait that is chosen here, in milliseconds.
pub const MAX_WAIT_MILLIS: u64 = 8_000;
/// Longest wait that a host may ask for, in milliseconds: beyond it the visitor is told instead.
pub const MAX_ASKED_MILLIS: u64 = 120_000;
/// How long a host may send nothing before the connection counts as lost, in milliseconds.
pub const STALL_MILLIS: u32 = 10_000;
/// Tries in a row without progress, the first included.
pub const MAX_TRIES: u32 = 6;
/// Failures in all for one file: a host that gives a few bytes a connection is left in the end.
const MAX_FAILURES: u32 = 60;
/// So many bytes count as progress.
const PROGRESS_BYTES: u64 = 64 << 10;

/// How a request failed, as far as that decides what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    /// No connection, or it broke off, fell silent or ended early.
    Connection,
    /// An HTTP status that is no success, with the value of `Retry-After` where it can be seen.
    Status {
        /// Such as 503.
        status: u16,
        /// How long the host asks to wait, in milliseconds.
        retry_after_millis: Option<u64>,
    },
}

impl Failed {
    /// How long the host asks to wait, in milliseconds.
    pub fn asked_millis(&self) -> Option<u64> {
        match self {
            Self::Status { retry_after_millis, .. } => *retry_after_millis,
            Self::Connection => None,
        }
    }
}

/// The tries for one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tries {
    /// State of the generator of jitter.
    seed: u64,
    /// Failures since the last progress.
    in_a_row: u32,
    in_all: u32,
    bytes_since: u64,
}

impl Tries {
    /// None yet; pages with other seeds do not all come back at the same moment.
    pub fn new(seed: u64) -> Self {
        Self { seed, in_a_row: 0, in_all: 0, bytes_since: 0 }
    }

    /// Bytes have arrived.
    pub fn arrived(&mut self, n_bytes: u64) {
        self.bytes_since = self.bytes_since.saturating_add(n_bytes);
        if self.bytes_since >= PROGRESS_BYTES {
            self.in_a_row = 0;
        }
    }

    /// How long to wait before the next try, in milliseconds; none where another try would be in vain.
    pub fn after(&mut self, failed: &Failed) -> Option<u64> {
        self.in_a_row += 1;
        self.in_all += 1;
        self.bytes_since = 0;
        let is_over = self.in_a_row >= MAX_TRIES || self.in_all >= MAX_FAILURES;
        if is_over || !is_worth_another_try(failed) {
            return None;
        }
        match failed.asked_millis() {
            Some(millis) if millis > MAX_ASKED_MILLIS => None,
            Some(millis) => Some(millis.max(self.backoff())),
            None => Some(self.backoff()),
        }
    }

    /// 0.5 s, 1 s, 2 s, … each between three and five quarters of that.
    fn backoff(&mut self) -> u64 {
        let doublings = self.in_a_row.saturating_sub(1).min(16);
        let full = (FIRST_WAIT_MILLIS << doublings).min(MAX_WAIT_MILLIS);
        full * 3 / 4 + self.draw() % (full / 2 + 1)
    }

    /// SplitMix64.
    fn draw(&mut self) -> u64 {
        self.seed = self.seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.seed ^ (self.seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

/// What passes by itself: lost connections, time-outs, full queues, hosts in trouble.
pub fn is_worth_another_try(failed: &Failed) -> bool {
    match failed {
        Failed::Connection => true,
        Failed::Status { status, .. } => matches!(status, 408 | 425 | 429 | 500 | 502..=504 | 520..=524),
    }
}

/// Milliseconds that `Retry-After` asks to wait: a number of seconds, or an HTTP date; `now_millis` counts from 1970.
/// None for anything else.
pub fn retry_after_millis(value: &str, now_millis: f64) -> Option<u64> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number holds are still a long wait.
        return Some(value.parse::<u64>().map_or(u64::MAX, |seconds| seconds.saturating_mul(1000)));
    }
    let until = http_date_secs(value)? * 1000;
    Some((until as f64 - now_millis).max(0.0) as u64)
}

/// Seconds from 1970 to a date such as `Sun, 06 Nov 1994 08:49:37 GMT`, the form that hosts must send.
fn http_date_secs(text: &str) -> Option<i64> {
    let (_, date) = text.split_once(", ")?;
    let mut words = date.split_ascii_whitespace();
    let day: i64 = words.next()?.parse().ok()?;
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month_word = words.next()?;
    let month = months.iter().position(|&month| month == month_word)? as i64 + 1;
    let year: i64 = words.next()?.parse().ok()?;
    let mut clock = words.next()?.split(':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let is_time = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second);
    let is_date = (1..=31).contains(&day) && (1970..10_000).contains(&year);
    let ends_well = clock.next().is_none() && words.next() == Some("GMT") && words.next().is_none();
    (is_time && is_date && ends_well)
        .then(|| ((days_from_1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
}

/// Howard Hinnant's `days_from_civil`.
fn days_from_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn status(status: u16) -> Failed {
        Failed::Status { status, retry_after_millis: None }
    }

    #[test]
    fn waits_double_up_to_a_limit_and_then_end() {
        let mut tries = Tries::new(7);
        let waits: Vec<_> = std::iter::from_fn(|| tries.after(&Failed::Connection)).collect();
        assert_eq!(waits.len(), MAX_TRIES as usize - 1);
        for (wait, full) in waits.iter().zip([500, 1000, 2000, 4000, 8000]) {
            assert!((full * 3 / 4..=full * 5 / 4).contains(wait), "{waits:?}");
        }
        assert_ne!(Tries::new(1).after(&Failed::Connection), Tries::new(2).after(&Failed::Connection));
        assert_eq!(Tries::new(1).after(&Failed::Connection), Tries::new(1).after(&Failed::Connection));
    }

    #[test]
    fn progress_starts_the_count_anew_but_not_for_ever() {
        let mut tries = Tries::new(0);
        for _ in 0..MAX_FAILURES - 1 {
            let wait = tries.after(&Failed::Connection).unwrap();
            assert!(wait <= FIRST_WAIT_MILLIS * 5 / 4);
            tries.arrived(PROGRESS_BYTES / 2);
            tries.arrived(PROGRESS_BYTES / 2);
        }
        assert_eq!(tries.after(&Failed::Connection), None);
        let mut drips = Tries::new(0);
        let n_tries = std::iter::from_fn(|| {
            drips.arrived(1);
            drips.after(&Failed::Connection)
        });
        assert_eq!(n_tries.count(), MAX_TRIES as usize - 1);
    }

    #[test]
    fn only_what_passes_by_itself_is_tried_again() {
        for passing in [408, 429, 500, 502, 503, 504] {
            assert!(Tries::new(0).after(&status(passing)).is_some(), "{passing}");
        }
        for lasting in [400, 401, 403, 404, 410, 416, 451, 501] {
            assert_eq!(Tries::new(0).after(&status(lasting)), None, "{lasting}");
        }
    }

    #[test]
    fn hosts_are_waited_for_as_long_as_they_ask_within_reason() {
        let asks =
            |millis| Tries::new(0).after(&Failed::Status { status: 429, retry_after_millis: Some(millis) });
        assert_eq!(asks(3000), Some(3000));
        assert!((375..=625).contains(&asks(0).unwrap()));
        assert_eq!(asks(MAX_ASKED_MILLIS), Some(MAX_ASKED_MILLIS));
        assert_eq!(asks(MAX_ASKED_MILLIS + 1), None);
    }

    #[test]
    fn both_forms_of_retry_after_are_read() {
        let now = 784_111_777_000.0;
        assert_eq!(retry_after_millis("120", now), Some(120_000));
        assert_eq!(retry_after_millis(" 0 ", now), Some(0));
        assert_eq!(retry_after_millis("99999999999999999999999", now), Some(u64::MAX));
        // RFC 9110's own example is the moment `now`.
        assert_eq!(retry_after_millis("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(0));
        assert_eq!(retry_after_millis("Sun, 06 Nov 1994 08:50:07 GMT", now), Some(30_000));
        assert_eq!(retry_after_millis("Sun, 06 Nov 1994 08:00:00 GMT", now), Some(0));
        assert_eq!(retry_after_millis("Thu, 29 Feb 2024 12:00:00 GMT", 1_709_208_000_000.0), Some(0));
        for odd in [
            "",
            "-1",
            "1.5",
            "soon",
            "Sun, 06 Nov 1994",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 6 Nov 1994 25:00:00 GMT",
        ] {
            assert_eq!(retry_after_millis(odd, now), None, "{odd}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>(), now in 0.0..1e13) {
            let _ = retry_after_millis(&text, now);
        }

        #[test]
        fn dates_like_those_of_hosts_never_do(
            text in "[A-Z][a-z]{2}, [0-9]{1,19} (Jan|Feb|Dec) [0-9]{1,19} [0-9]{1,19}:[0-9]{2}:[0-9]{2} GMT",
        ) {
            let _ = retry_after_millis(&text, 0.0);
        }
    }
}
