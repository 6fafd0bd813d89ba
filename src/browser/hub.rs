//! What the Hub says of a repository, asked by the page before a download and by a worker at its beginning.

use crate::hub::address::api_url;
use crate::hub::failure::{FILE_LIST, HubError, host_of, of_api_status};
use crate::hub::retry::{Failed, Tries, retry_after_millis};
use crate::hub::{Address, Repository};
use crate::protocol::Wait;

use super::clock::{date_millis, sleep};
use super::fetch::Abort;
use super::request::{Broken, get};

/// Largest answer that is read, in bytes: repositories with many thousands of files.
const MAX_ANSWER: usize = 32 << 20;
/// How often a wait looks whether it was given up, in milliseconds.
const STEP_MILLIS: u64 = 100;
/// Shorter waits than this are over before anybody has read of them, in milliseconds.
const MIN_TOLD_MILLIS: u64 = 1000;

/// The repository at the commit that its branch or tag stands for now; tries again where that may help. `tell` hears how
/// long the Hub asks to wait, and when that is over.
///
/// # Errors
/// One sentence for everything that keeps a model from being fetched, so far as the repository's own page tells.
pub async fn look_up(
    base: &str,
    address: &Address,
    abort: &Abort,
    tell: &dyn Fn(Option<Wait>),
) -> Result<Repository, HubError> {
    let Address { repository, revision } = address;
    let url = api_url(base, repository, revision.as_deref());
    let lost = || HubError::Lost { host: host_of(base), file: FILE_LIST.to_owned() };
    let mut tries = Tries::new(seed());
    loop {
        let (failed, error) = match asked(&url, abort).await {
            Ok(Ok(answer)) => return Repository::parse(&answer, repository, &host_of(base)),
            Ok(Err((status, retry_after_millis))) => (
                Failed::Status { status, retry_after_millis },
                of_api_status(repository, revision.as_deref(), base, status, retry_after_millis),
            ),
            Err(Broken) => (Failed::Connection, lost()),
        };
        match tries.after(&failed) {
            Some(millis) => wait(millis, &failed, base, abort, tell).await?,
            None => return Err(error),
        }
        if abort.is_aborted() {
            return Err(HubError::Cancelled);
        }
    }
}

/// The answer's bytes, or its status and how long the host asks to wait.
async fn asked(url: &str, abort: &Abort) -> Result<Result<Vec<u8>, (u16, Option<u64>)>, Broken> {
    let answer = get(url, None, false, abort).await?;
    if answer.said.status == 200 {
        return answer.all(MAX_ANSWER).await.map(Ok);
    }
    let asks = answer.retry_after.as_deref().and_then(|text| retry_after_millis(text, date_millis()));
    Ok(Err((answer.said.status, asks)))
}

/// Waits before another try, unless it is given up. Of a wait that the host at `base` asked for, `tell` hears, and when
/// it is over.
///
/// # Errors
/// Given up.
pub async fn wait(
    millis: u64,
    failed: &Failed,
    base: &str,
    abort: &Abort,
    tell: &dyn Fn(Option<Wait>),
) -> Result<(), HubError> {
    let asked = failed.asked_millis().is_some_and(|asked| asked >= MIN_TOLD_MILLIS);
    if asked {
        tell(Some(Wait { host: host_of(base), millis }));
    }
    let mut left = millis;
    while left > 0 && !abort.is_aborted() {
        let step = left.min(STEP_MILLIS);
        sleep(step as u32).await;
        left -= step;
    }
    if asked {
        tell(None);
    }
    if abort.is_aborted() { Err(HubError::Cancelled) } else { Ok(()) }
}

/// A seed for jitter and for names: no result depends on it.
pub fn seed() -> u64 {
    js_sys::Math::random().to_bits()
}
