//! Whether a host gave the bytes that were asked for: status, lengths and, where it may be seen, `Content-Range` decide.

use std::ops::Range;

/// What an answer says of itself, as far as a page may see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// HTTP status.
    pub status: u16,
    /// `Content-Length`, where it counts the file's own bytes and not compressed ones.
    pub length: Option<u64>,
    /// `Content-Range`.
    pub range: Option<ContentRange>,
}

/// `Content-Range: bytes 0-99/1234`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentRange {
    /// The bytes that follow.
    pub bytes: Range<u64>,
    /// Length of the whole file.
    pub total: Option<u64>,
}

impl ContentRange {
    /// None for anything else.
    pub fn parse(value: &str) -> Option<Self> {
        let (range, total) = value.trim().strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let (start, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        let total = match total.trim() {
            "*" => None,
            total => Some(total.parse().ok()?),
        };
        let end = last.checked_add(1).filter(|&end| start < end)?;
        Some(Self { bytes: start..end, total })
    }
}

/// What an answer is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// These bytes follow: what was asked for, or the beginning of it.
    Part(Range<u64>),
    /// The whole file follows from its first byte.
    Whole,
    /// The host does not keep to ranges: ask it for the whole file.
    NoRanges,
    /// The file is another than the Hub said; in words that go on after “it”.
    Changed(String),
    /// No success.
    Failed,
}

/// What an answer is good for, when `asked` (none: the whole file) of a file of `file_length` bytes was asked for.
pub fn judge(said: &Said, asked: Option<&Range<u64>>, file_length: u64) -> Given {
    match (said.status, asked) {
        (200, _) => match said.length {
            Some(length) if length != file_length => Given::Changed(now_has(length, file_length)),
            _ => Given::Whole,
        },
        (206, Some(asked)) => judge_part(said, asked, file_length),
        (416, Some(_)) => Given::Changed(format!("has no longer {file_length} bytes")),
        _ => Given::Failed,
    }
}

fn judge_part(said: &Said, asked: &Range<u64>, file_length: u64) -> Given {
    let mut end = asked.end;
    if let Some(ContentRange { bytes, total }) = &said.range {
        if let Some(total) = total.filter(|&total| total != file_length) {
            return Given::Changed(now_has(total, file_length));
        }
        if bytes.start != asked.start || bytes.end > asked.end {
            return Given::NoRanges;
        }
        end = bytes.end;
    }
    match said.length {
        Some(length) if length > end - asked.start => Given::NoRanges,
        // Less than all is a beginning; the rest is asked for again.
        Some(0) => Given::NoRanges,
        Some(length) => Given::Part(asked.start..asked.start + length),
        None => Given::Part(asked.start..end),
    }
}

fn now_has(found: u64, expected: u64) -> String {
    format!("has {found} bytes and not {expected}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(status: u16, length: Option<u64>, range: Option<&str>) -> Said {
        Said { status, length, range: range.map(|text| ContentRange::parse(text).unwrap()) }
    }

    #[test]
    fn headers_are_read() {
        let parsed = ContentRange::parse("bytes 5-9/100").unwrap();
        assert_eq!(parsed, ContentRange { bytes: 5..10, total: Some(100) });
        assert_eq!(ContentRange::parse(" bytes 0-0/* ").unwrap().total, None);
        for odd in [
            "",
            "bytes */100",
            "bytes 9-5/100",
            "items 0-1/2",
            "bytes 0-18446744073709551615/1",
            "bytes a-b/c",
        ] {
            assert_eq!(ContentRange::parse(odd), None, "{odd}");
        }
    }

    #[test]
    fn parts_are_those_asked_for() {
        let asked = 10..20;
        let judge = |said: Said| judge(&said, Some(&asked), 100);
        assert_eq!(judge(said(206, None, None)), Given::Part(10..20));
        assert_eq!(judge(said(206, Some(10), Some("bytes 10-19/100"))), Given::Part(10..20));
        assert_eq!(judge(said(206, Some(4), Some("bytes 10-13/100"))), Given::Part(10..14));
        assert_eq!(judge(said(206, Some(4), None)), Given::Part(10..14));
        assert_eq!(judge(said(206, None, Some("bytes 10-13/*"))), Given::Part(10..14));
        // Hosts that answer 206 with something else.
        assert_eq!(judge(said(206, Some(100), None)), Given::NoRanges);
        assert_eq!(judge(said(206, Some(0), None)), Given::NoRanges);
        assert_eq!(judge(said(206, None, Some("bytes 0-9/100"))), Given::NoRanges);
        assert_eq!(judge(said(206, None, Some("bytes 10-99/100"))), Given::NoRanges);
    }

    #[test]
    fn whole_files_are_taken_for_what_they_are() {
        assert_eq!(judge(&said(200, None, None), Some(&(10..20)), 100), Given::Whole);
        assert_eq!(judge(&said(200, Some(100), None), None, 100), Given::Whole);
        assert_eq!(judge(&said(206, None, None), None, 100), Given::Failed);
        assert_eq!(judge(&said(204, None, None), None, 100), Given::Failed);
        assert_eq!(judge(&said(404, None, None), Some(&(0..1)), 100), Given::Failed);
    }

    #[test]
    fn files_of_another_length_have_changed() {
        let changed = |said: Said| match judge(&said, Some(&(10..20)), 100) {
            Given::Changed(how) => how,
            other => panic!("{other:?}"),
        };
        assert_eq!(changed(said(206, Some(10), Some("bytes 10-19/90"))), "has 90 bytes and not 100");
        assert_eq!(changed(said(200, Some(90), None)), "has 90 bytes and not 100");
        assert_eq!(changed(said(416, None, None)), "has no longer 100 bytes");
    }

    proptest! {
        #[test]
        fn a_part_never_leaves_what_was_asked_for(
            status in prop::sample::select(vec![200u16, 206, 416, 500]),
            length in prop::option::of(0u64..50),
            range in prop::option::of((0u64..50, 1u64..50, prop::option::of(0u64..60))),
            asked in (0u64..50, 1u64..50),
        ) {
            let range = range.map(|(start, n, total)| ContentRange { bytes: start..start + n, total });
            let asked = asked.0..asked.0 + asked.1;
            if let Given::Part(part) = judge(&Said { status, length, range }, Some(&asked), 55) {
                prop_assert!(part.start == asked.start && part.start < part.end && part.end <= asked.end);
            }
        }
    }
}
