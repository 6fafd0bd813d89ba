//! Requests and answers of the test Hub: addresses, ranges, and how an answer suffers its troubles.

use std::io::{self, BufReader, Read, SeekFrom, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::repository::{Content, Trouble, commit_of};
use crate::static_server::percent_decoded;

/// A stalled answer is given up after this long, should nobody hang up before.
const LONGEST_STALL: Duration = Duration::from_secs(300);

/// Bytes sent before a break reach the page before the break does.
const BEFORE_BREAK: Duration = Duration::from_millis(300);
/// What a request's path means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Without a revision: the default branch.
    Api {
        repository: String,
        revision: Option<String>,
    },
    File {
        repository: String,
        revision: String,
        file: String,
    },
    Nothing,
}

impl Wanted {
    /// `/api/models/{org/name}[/revision/{rev}]`, `/{org/name}/resolve/{rev}/{file}` and the storage's addresses.
    pub(super) fn parse(target: &str) -> Self {
        let path = target.split(['?', '#']).next().unwrap_or_default();
        let parts: Option<Vec<String>> = path.split('/').skip(1).map(percent_decoded).collect();
        let parts = parts.unwrap_or_default();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match parts[..] {
            ["api", "models", owner, name] => {
                Self::Api { repository: format!("{owner}/{name}"), revision: None }
            }
            ["api", "models", owner, name, "revision", revision] => {
                Self::Api { repository: format!("{owner}/{name}"), revision: Some(revision.to_owned()) }
            }
            [owner, name, "resolve", revision, ref file @ ..] if !file.is_empty() => Self::File {
                repository: format!("{owner}/{name}"),
                revision: revision.to_owned(),
                file: file.join("/"),
            },
            _ => Self::Nothing,
        }
    }

    pub(super) fn repository(&self) -> &str {
        match self {
            Self::Api { repository, .. } | Self::File { repository, .. } => repository,
            Self::Nothing => "",
        }
    }

    pub(super) fn file(&self) -> Option<&str> {
        match self {
            Self::File { file, .. } => Some(file),
            _ => None,
        }
    }

    pub(super) fn revision(&self) -> Option<&str> {
        match self {
            Self::Api { revision, .. } => revision.as_deref(),
            Self::File { revision, .. } => Some(revision),
            Self::Nothing => None,
        }
    }

    /// Every repository here has one branch of one commit.
    pub(super) fn revision_exists(&self) -> bool {
        self.revision().is_none_or(|revision| revision == "main" || revision == commit_of(self.repository()))
    }
}

/// First and last byte; to the end of the file where no last is named.
pub(super) type SimpleRange = (u64, Option<u64>);

/// The value of a `Range` header that needs no preflight.
pub(super) fn simple_range(header: &str) -> Option<SimpleRange> {
    let (first, last) = header.strip_prefix("bytes=")?.split_once('-')?;
    let last = if last.is_empty() { None } else { Some(last.parse().ok()?) };
    Some((first.parse().ok()?, last))
}

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    Break,
    Stall,
}

/// What is answered for some bytes of a file of `len` bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) status: u16,
    pub(super) body: Range<u64>,
    /// `Content-Length`
    pub(super) length: u64,
    end: End,
    pace: Option<u32>,
}

impl Plan {
    pub(super) fn new(asked: Option<SimpleRange>, len: u64, troubles: &[Trouble]) -> Self {
        let body = bytes_wanted(asked, len);
        let status = match asked {
            Some((first, _)) if first >= len => 416,
            Some(_) => 206,
            None => 200,
        };
        let mut plan = Self { status, length: body.end - body.start, body, end: End::Whole, pace: None };
        for trouble in troubles {
            plan.suffer(trouble, len);
        }
        plan
    }

    fn suffer(&mut self, trouble: &Trouble, len: u64) {
        match trouble {
            Trouble::NoRanges => *self = Self { pace: self.pace, ..Self::new(None, len, &[]) },
            Trouble::Longer(n) => self.resize((self.body.end + n).min(len)),
            Trouble::Shorter(n) => self.resize(self.body.end.saturating_sub(*n).max(self.body.start)),
            Trouble::LengthOffBy(n) => {
                self.length = self.length.saturating_add_signed(*n);
                self.end = End::Break;
            }
            Trouble::BreakAt(at) => (self.body.end, self.end) = (*at, End::Break),
            Trouble::StallAt(at) => (self.body.end, self.end) = (*at, End::Stall),
            Trouble::Pace(pace) => self.pace = Some(*pace),
            // Answered without a plan, or with another file's.
            Trouble::Status(..) | Trouble::Page | Trouble::Instead(_) => {}
        }
    }

    fn resize(&mut self, end: u64) {
        self.body.end = end;
        self.length = end - self.body.start;
    }
}

/// The bytes that a range means, none beyond the file's end.
pub(super) fn bytes_wanted(asked: Option<SimpleRange>, len: u64) -> Range<u64> {
    match asked {
        None => 0..len,
        Some((first, last)) => {
            let first = first.min(len);
            first..last.map_or(len, |last| (last + 1).clamp(first, len))
        }
    }
}

/// A request without its body: it has none.
pub(super) struct Request {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
}

impl Request {
    pub(super) fn read(lines: &mut io::Lines<BufReader<&TcpStream>>) -> io::Result<Option<Self>> {
        let Some(first) = lines.next().transpose()? else { return Ok(None) };
        let mut words = first.split(' ').map(str::to_owned);
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut headers = Vec::new();
        for line in lines {
            let line = line?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_lowercase(), value.trim().to_owned()));
        }
        Ok(Some(Self { method, target, headers }))
    }

    pub(super) fn range(&self) -> Option<SimpleRange> {
        self.header("range").and_then(simple_range)
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Status, headers, body of a short answer.
pub(super) type Short = (u16, Vec<(&'static str, String)>, Vec<u8>);

pub(super) fn refusal(status: u16, retry_after: Option<u32>) -> Short {
    let headers = retry_after.iter().map(|seconds| ("Retry-After", seconds.to_string())).collect();
    (status, headers, b"{\"error\":\"trouble\"}".to_vec())
}

pub(super) fn page() -> Short {
    let page = b"<!doctype html><title>Sign in to the network</title><p>Sign in first.</p>";
    (200, vec![("Content-Type", "text/html; charset=utf-8".into())], page.to_vec())
}

/// An error as the Hub words it.
pub(super) fn error(status: u16, code: &str, sentence: &str) -> Short {
    let headers = vec![("X-Error-Code", code.to_owned()), ("X-Error-Message", sentence.to_owned())];
    (status, headers, json!({ "error": sentence }).to_string().into_bytes())
}
fn write_head(
    mut stream: &TcpStream,
    status: u16,
    headers: &[(&str, String)],
    length: u64,
) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {status} As told\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("Content-Length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes())
}

pub(super) fn write_short(
    mut stream: &TcpStream,
    status: u16,
    headers: &[(&str, String)],
    body: &[u8],
) -> io::Result<()> {
    write_head(stream, status, headers, body.len() as u64)?;
    stream.write_all(body)?;
    stream.flush()
}

/// Sends a body as planned; whether the connection can be used again.
pub(super) fn send(
    mut stream: &TcpStream,
    content: &Content,
    plan: &Plan,
    headers: &[(&str, String)],
    note: impl Fn(u64),
) -> io::Result<bool> {
    write_head(stream, plan.status, headers, plan.length)?;
    let mut reader = content.reader()?;
    reader.seek(SeekFrom::Start(plan.body.start))?;
    let step = plan.pace.map_or(1 << 18, |pace| pace.div_ceil(10) as usize);
    let mut piece = vec![0; step];
    let mut at = plan.body.start;
    while at < plan.body.end {
        let n = (plan.body.end - at).min(step as u64) as usize;
        reader.read_exact(&mut piece[..n])?;
        stream.write_all(&piece[..n])?;
        at += n as u64;
        note(at - plan.body.start);
        if plan.pace.is_some() {
            thread::sleep(Duration::from_millis(100));
        }
    }
    stream.flush()?;
    match plan.end {
        End::Whole => return Ok(true),
        End::Break => thread::sleep(BEFORE_BREAK),
        End::Stall => wait_for_hang_up(stream),
    }
    Ok(false)
}

fn wait_for_hang_up(mut stream: &TcpStream) {
    let start = Instant::now();
    let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
    while start.elapsed() < LONGEST_STALL {
        match stream.read(&mut [0; 64]) {
            Ok(0) => return,
            Err(error) if !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                return;
            }
            _ => {}
        }
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> Wanted {
        Wanted::File { repository: "a/b".into(), revision: "0f".into(), file: name.into() }
    }

    #[test]
    fn the_hubs_addresses_are_understood() {
        let api = |revision: Option<&str>| Wanted::Api {
            repository: "a/b".into(),
            revision: revision.map(str::to_owned),
        };
        assert_eq!(Wanted::parse("/api/models/a/b?blobs=true"), api(None));
        assert_eq!(Wanted::parse("/api/models/a/b/revision/main?blobs=true"), api(Some("main")));
        assert_eq!(
            Wanted::parse("/api/models/a/b/revision/refs%2Fpr%2F1?blobs=true"),
            api(Some("refs/pr/1"))
        );
        assert_eq!(Wanted::parse("/a/b/resolve/0f/config.json"), file("config.json"));
        assert_eq!(Wanted::parse("/a/b/resolve/0f/folder/config.json?x=1"), file("folder/config.json"));
        for nothing in ["/", "/a/b", "/a/b/resolve/main", "/api/datasets/a/b", "/a/b/raw/main/config.json"] {
            assert_eq!(Wanted::parse(nothing), Wanted::Nothing, "{nothing}");
        }
    }

    #[test]
    fn only_a_single_simple_range_is_one() {
        assert_eq!(simple_range("bytes=0-7"), Some((0, Some(7))));
        assert_eq!(simple_range("bytes=8-"), Some((8, None)));
        for other in ["bytes=-5", "bytes=0-1,4-5", "items=0-1", "bytes=0", "bytes=a-b"] {
            assert_eq!(simple_range(other), None, "{other}");
        }
    }

    #[test]
    fn answers_follow_the_range_and_the_trouble() {
        let plan = |asked, troubles: &[Trouble]| {
            let Plan { status, body, length, end, .. } = Plan::new(asked, 100, troubles);
            (status, body, length, end)
        };
        let range = Some((10, Some(19)));
        assert_eq!(plan(None, &[]), (200, 0..100, 100, End::Whole));
        assert_eq!(plan(range, &[]), (206, 10..20, 10, End::Whole));
        assert_eq!(plan(Some((90, Some(300))), &[]), (206, 90..100, 10, End::Whole));
        assert_eq!(plan(Some((90, None)), &[]), (206, 90..100, 10, End::Whole));
        assert_eq!(plan(Some((100, None)), &[]), (416, 100..100, 0, End::Whole));
        assert_eq!(plan(range, &[Trouble::NoRanges]), (200, 0..100, 100, End::Whole));
        assert_eq!(plan(range, &[Trouble::Longer(5)]), (206, 10..25, 15, End::Whole));
        assert_eq!(plan(range, &[Trouble::Shorter(3)]), (206, 10..17, 7, End::Whole));
        assert_eq!(plan(range, &[Trouble::LengthOffBy(4)]), (206, 10..20, 14, End::Break));
        assert_eq!(plan(range, &[Trouble::LengthOffBy(-4)]), (206, 10..20, 6, End::Break));
        assert_eq!(plan(range, &[Trouble::BreakAt(13)]), (206, 10..13, 10, End::Break));
        assert_eq!(plan(range, &[Trouble::StallAt(10)]), (206, 10..10, 10, End::Stall));
        let both = [Trouble::NoRanges, Trouble::BreakAt(50)];
        assert_eq!(plan(range, &both), (200, 0..50, 100, End::Break));
    }
}
