//! What the page opens with, and the report on it that is stored with the page: shown before anything has computed, and
//! replaced by a live one.
//!
//! The stored report is postcard bytes: small, and read by code that the page has anyway. They tell nothing of their
//! own shape, so the page takes only the very file that it was built with.

use super::report::Report;

/// Models A and B of a first visit, by their bundled names.
pub const PAIR: [&str; 2] = ["world-d32", "world-d48"];
/// How many presets a first visit begins with.
pub const N_PROMPTS: usize = 3;
/// Where the stored report is, below `public/` and below the page's own address.
pub const STORED: &str = "stored/report.postcard";
/// Where the verdict of the stored report is in words, which `index.html` takes in.
pub const WORDS: &str = "public/opening.html";

/// The stored form of a report.
///
/// # Errors
/// A report that postcard cannot write.
pub fn encode(report: &Report) -> Result<Vec<u8>, postcard::Error> {
    postcard::to_stdvec(report)
}

/// The report in a stored form; none for what another version of this program wrote.
pub fn decode(stored: &[u8]) -> Option<Report> {
    let (report, rest) = postcard::take_from_bytes::<Report>(stored).ok()?;
    (rest.is_empty() && report.version == env!("CARGO_PKG_VERSION")).then_some(report)
}

/// FNV-1a: tells files apart that are not made to deceive.
pub const fn fingerprint(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0100_0000_01b3);
        i += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_those_of_the_published_vectors() {
        assert_eq!(fingerprint(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fingerprint(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fingerprint(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn what_is_no_report_is_refused() {
        assert_eq!(decode(b""), None);
        assert_eq!(decode(b"<!doctype html>"), None);
    }
}
