//! The bytes of one file of the Hub in order, whatever happens on the way: ranges where the host keeps to them, one full
//! stream where it does not, and after every interruption on from the byte that was reached.

use std::cell::Cell;
use std::ops::Range;

use js_sys::Uint8Array;

use super::download::Progress;
use crate::browser::clock::date_millis;
use crate::browser::fetch::Abort;
use crate::browser::hub::{seed, wait};
use crate::browser::request::{Answer, Broken, get};
use crate::hub::RepositoryFile;
use crate::hub::address::file_url;
use crate::hub::failure::{HubError, host_of, of_status};
use crate::hub::ranges::{Given, judge};
use crate::hub::retry::{Failed, Tries, retry_after_millis};

/// After so many ranges without any answer, and none with one, the whole file is asked for: a browser that takes ranges
/// for unsafe asks the host for leave first, which the Hub's redirects do not give.
const MAX_RANGES_UNANSWERED: u32 = 2;

/// Why the bytes of a file cannot be had in this way.
#[derive(Debug)]
pub enum Stop {
    /// At all.
    Hub(HubError),
    /// The host gave more bytes than were asked for, so that nobody knows which: begin the file again, without ranges.
    Restart,
}

impl From<HubError> for Stop {
    fn from(error: HubError) -> Self {
        Self::Hub(error)
    }
}

/// What the files of one load have in common.
pub struct Line {
    base: String,
    repository: String,
    commit: String,
    abort: Abort,
    keeps_to_ranges: Cell<bool>,
    has_given_a_range: Cell<bool>,
    ranges_unanswered: Cell<u32>,
}

impl Line {
    /// To a repository at a commit.
    pub fn new(base: &str, repository: &str, commit: &str, abort: &Abort) -> Self {
        Self {
            base: base.to_owned(),
            repository: repository.to_owned(),
            commit: commit.to_owned(),
            abort: abort.clone(),
            keeps_to_ranges: Cell::new(true),
            has_given_a_range: Cell::new(false),
            ranges_unanswered: Cell::new(0),
        }
    }

    /// Who is at the other end.
    pub fn host(&self) -> String {
        host_of(&self.base)
    }

    /// Fails once the load is given up.
    pub fn check(&self) -> Result<(), HubError> {
        if self.abort.is_aborted() { Err(HubError::Cancelled) } else { Ok(()) }
    }
}

/// One file, read from its first byte to its last.
pub struct FileStream<'a> {
    line: &'a Line,
    progress: &'a Progress<'a>,
    file: &'a RepositoryFile,
    url: String,
    is_large: bool,
    open: Option<Open>,
    etag: Option<String>,
    tries: Tries,
    /// Where the host last ended the file by itself, too early.
    ended_at: Option<u64>,
}

/// An answer that is being read.
struct Open {
    answer: Answer,
    /// Place of the next byte.
    at: u64,
    end: u64,
    /// Whether it is the whole file, of which bytes may be passed over.
    is_whole: bool,
    /// Bytes that have arrived and were not taken yet; they begin at `at`.
    rest: Option<Uint8Array>,
}

/// What keeps the next bytes from coming.
enum Interruption {
    Failed(Failed),
    /// The answer ended early, in good order.
    Ended(u64),
    /// Ranges are in vain; what came so far is right.
    NoRanges,
    Final(Stop),
}

impl<'a> FileStream<'a> {
    /// Large files are asked for by ranges and stay out of the browser's own cache.
    pub fn new(line: &'a Line, file: &'a RepositoryFile, is_large: bool, progress: &'a Progress<'a>) -> Self {
        Self {
            url: file_url(&line.base, &line.repository, &line.commit, &file.name),
            line,
            progress,
            file,
            is_large,
            open: None,
            etag: None,
            tries: Tries::new(seed()),
            ended_at: None,
        }
    }

    /// Gives the bytes of a range to `take`, chunk by chunk. Ranges must be asked for in ascending order; `until` says how
    /// far the next ones go on without a gap, so that one request can serve them all.
    pub async fn read(
        &mut self,
        range: Range<u64>,
        until: u64,
        take: &mut dyn FnMut(&Uint8Array),
    ) -> Result<(), Stop> {
        let mut at = range.start;
        while at < range.end {
            match self.chunk(at, until.max(range.end)).await {
                Ok(chunk) => {
                    let n_taken = (range.end - at).min(chunk.length().into());
                    take(&chunk.subarray(0, n_taken as u32));
                    self.give_back(&chunk, n_taken as u32);
                    at += n_taken;
                    self.tries.arrived(n_taken);
                }
                Err(interruption) => self.recover(interruption).await?,
            }
            self.line.check()?;
        }
        Ok(())
    }

    /// Bytes that begin at `at`.
    async fn chunk(&mut self, at: u64, until: u64) -> Result<Uint8Array, Interruption> {
        loop {
            let open = match self.open.take().filter(|open| open.serves(at)) {
                Some(open) => open,
                None => self.ask(at, until).await?,
            };
            let open = self.open.insert(open);
            let begin = open.at;
            let chunk = open.next().await?;
            let end = begin + u64::from(chunk.length());
            if end > at {
                return Ok(chunk.subarray((at - begin) as u32, chunk.length()));
            }
        }
    }

    fn give_back(&mut self, chunk: &Uint8Array, n_taken: u32) {
        if let Some(open) = self.open.as_mut().filter(|_| n_taken < chunk.length()) {
            let rest = chunk.subarray(n_taken, chunk.length());
            open.at -= u64::from(rest.length());
            open.rest = Some(rest);
        }
    }

    async fn ask(&mut self, at: u64, until: u64) -> Result<Open, Interruption> {
        let asked = (self.is_large && self.line.keeps_to_ranges.get()).then_some(at..until);
        let answer = match get(&self.url, asked.as_ref(), self.is_large, &self.line.abort).await {
            Ok(answer) => answer,
            Err(Broken) => {
                let line = self.line;
                if asked.is_some() && !line.has_given_a_range.get() {
                    line.ranges_unanswered.set(line.ranges_unanswered.get() + 1);
                    if line.ranges_unanswered.get() >= MAX_RANGES_UNANSWERED {
                        line.keeps_to_ranges.set(false);
                    }
                }
                return Err(Interruption::Failed(Failed::Connection));
            }
        };
        let (at, end, is_whole) = match judge(&answer.said, asked.as_ref(), self.file.length) {
            Given::Part(part) => {
                self.line.has_given_a_range.set(true);
                (part.start, part.end, false)
            }
            Given::Whole => (0, self.file.length, true),
            Given::NoRanges => return Err(Interruption::NoRanges),
            Given::Changed(how) => return Err(self.changed(format!("it {how}"))),
            Given::Failed => {
                let asks =
                    answer.retry_after.as_deref().and_then(|text| retry_after_millis(text, date_millis()));
                let status = answer.said.status;
                return Err(Interruption::Failed(Failed::Status { status, retry_after_millis: asks }));
            }
        };
        if self.etag.is_some() && answer.etag.is_some() && self.etag != answer.etag {
            return Err(self.changed("its ETag is another".to_owned()));
        }
        self.etag = self.etag.take().or_else(|| answer.etag.clone());
        Ok(Open { answer, at, end, is_whole, rest: None })
    }

    /// Waits for another try, or says why there is none.
    async fn recover(&mut self, interruption: Interruption) -> Result<(), Stop> {
        self.open = None;
        self.line.check()?;
        let failed = match interruption {
            Interruption::Final(Stop::Restart) => {
                self.line.keeps_to_ranges.set(false);
                return Err(Stop::Restart);
            }
            Interruption::Final(stop) => return Err(stop),
            Interruption::NoRanges => {
                self.line.keeps_to_ranges.set(false);
                return Ok(());
            }
            Interruption::Ended(at) => {
                self.ended_at = Some(at);
                Failed::Connection
            }
            Interruption::Failed(failed) => {
                self.ended_at = None;
                failed
            }
        };
        match self.tries.after(&failed) {
            Some(millis) => {
                let Line { base, abort, .. } = self.line;
                Ok(wait(millis, &failed, base, abort, &|wait| self.progress.wait(wait)).await?)
            }
            None => Err(self.lost(&failed).into()),
        }
    }

    /// What is said when no try is left.
    fn lost(&self, failed: &Failed) -> HubError {
        let (file, host) = (self.file.name.clone(), self.line.host());
        match (failed, self.ended_at) {
            (Failed::Status { status, retry_after_millis }, _) => {
                of_status(&self.line.repository, &file, &self.url, *status, *retry_after_millis)
            }
            (Failed::Connection, Some(at)) => {
                let change = format!("it ends after {at} bytes and not after {}", self.file.length);
                HubError::Changed { file, host, change }
            }
            (Failed::Connection, None) => HubError::Lost { file, host },
        }
    }

    fn changed(&self, change: String) -> Interruption {
        let (file, host) = (self.file.name.clone(), self.line.host());
        Interruption::Final(HubError::Changed { file, host, change }.into())
    }
}

impl Open {
    /// Whether the byte `at` is still to come, and may be waited for.
    fn serves(&self, at: u64) -> bool {
        at < self.end && (self.at == at || (self.is_whole && self.at < at))
    }

    async fn next(&mut self) -> Result<Uint8Array, Interruption> {
        let chunk = match self.rest.take() {
            Some(rest) => rest,
            None => match self.answer.next().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => return Err(Interruption::Ended(self.at)),
                Err(Broken) => return Err(Interruption::Failed(Failed::Connection)),
            },
        };
        let after = self.at + u64::from(chunk.length());
        if after > self.end {
            return Err(Interruption::Final(Stop::Restart));
        }
        self.at = after;
        Ok(chunk)
    }
}
