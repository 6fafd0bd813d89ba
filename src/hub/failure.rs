//! Why a model of the Hub cannot be loaded, or not be kept: one sentence each.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::progress::{size_words, time_words};

/// What stands for a file's name where a host was asked what a repository holds.
pub const FILE_LIST: &str = "the list of files";

/// Why a model of the Hub cannot be loaded.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum HubError {
    /// The Hub says the same of both, so that nobody learns which private repositories there are.
    #[error(
        "expected a public repository {repository}, found that there is none of that name or that it is private: check the spelling on the Hub"
    )]
    MissingOrPrivate {
        /// Which repository.
        repository: String,
    },
    /// No such branch, tag or commit.
    #[error(
        "expected a branch, tag or commit {revision} of {repository}, found none: choose one from “Files and versions” on the model's page"
    )]
    MissingRevision {
        /// Which repository.
        repository: String,
        /// What was asked for.
        revision: String,
    },
    /// Its licence must be accepted by a person with an account.
    #[error(
        "{repository} is gated: its owner lets in only people with an account, which this page cannot have; download it yourself and choose the folder here"
    )]
    Gated {
        /// Which repository.
        repository: String,
    },
    /// Taken down.
    #[error("{repository} has been disabled on the Hub: choose another model")]
    Disabled {
        /// Which repository.
        repository: String,
    },
    /// No weights that this page reads.
    #[error(
        "expected model.safetensors in {repository}, found {}: choose a repository that ships safetensors, or convert the weights and choose the folder here",
        in_short(found)
    )]
    NoSafetensors {
        /// Which repository.
        repository: String,
        /// The weights that there are.
        found: Vec<String>,
    },
    /// No `config.json`.
    #[error(
        "expected config.json in {repository}, found none: it is not a model of the transformers library"
    )]
    NoConfig {
        /// Which repository.
        repository: String,
    },
    /// No `tokenizer.json`.
    #[error(
        "expected tokenizer.json in {repository}, found {}: save its tokenizer in the “fast” form, or choose a repository that has it",
        in_short(found)
    )]
    NoTokenizer {
        /// Which repository.
        repository: String,
        /// The tokenizer files that there are.
        found: Vec<String>,
    },
    /// A file that the index or the Hub names is not there.
    #[error("expected the file {file} in {repository}, found none: the repository is not complete")]
    MissingFile {
        /// Which repository.
        repository: String,
        /// Which file.
        file: String,
    },
    /// A file is larger than any of its kind.
    #[error("expected {file} of at most {limit}, found one of {found}: it is not what its name says")]
    TooLarge {
        /// Which file.
        file: String,
        /// Its largest size, in words.
        limit: String,
        /// Its size, in words.
        found: String,
    },
    /// Too many requests.
    #[error("{host} refuses more requests for now (429){}: load again later", until(*retry_after_millis))]
    TooManyRequests {
        /// Who refuses.
        host: String,
        /// How long it asks to wait, in milliseconds.
        retry_after_millis: Option<u64>,
    },
    /// Any other status.
    #[error("expected {file} from {host}, found that it answered {status}: {}", way_out(*status))]
    Status {
        /// Who answered.
        host: String,
        /// What was asked for.
        file: String,
        /// HTTP status.
        status: u16,
    },
    /// No connection, or it was lost and did not come back.
    #[error(
        "the connection to {host} was lost while {file} was fetched and did not come back: check the network, then load again"
    )]
    Lost {
        /// Who does not answer.
        host: String,
        /// What was fetched.
        file: String,
    },
    /// Not what the Hub's interface says.
    #[error(
        "expected the Hub's answer about {repository} from {host}, found something else ({problem}): check the mirror's address"
    )]
    BadAnswer {
        /// Who answered.
        host: String,
        /// Which repository.
        repository: String,
        /// What is wrong.
        problem: String,
    },
    /// Another length, another ETag: somebody replaces the file.
    #[error(
        "{file} changed on {host} while it was fetched ({change}): load again, over another network if that does not help"
    )]
    Changed {
        /// Which file.
        file: String,
        /// Who has it.
        host: String,
        /// What was noticed.
        change: String,
    },
    /// All bytes are here and are not those of the file.
    #[error(
        "expected {file} with the SHA-256 {expected}, found {found}: what arrived is not what the Hub stores; load again, without the mirror if there is one"
    )]
    WrongDigest {
        /// Which file.
        file: String,
        /// The Hub's.
        expected: String,
        /// That of what arrived.
        found: String,
    },
    /// The weights are not in the format that their name says.
    #[error("{file}: {problem}; choose another repository, or tell its owner")]
    BadHeader {
        /// Which file.
        file: String,
        /// What was expected and what was found.
        problem: String,
    },
    /// The browser cannot hold what arrived.
    #[error(
        "expected room in this browser for {file}, found none: close other tabs, or choose a smaller model"
    )]
    NoMemory {
        /// Which file.
        file: String,
    },
    /// Given up, as asked.
    #[error("given up")]
    Cancelled,
}

impl HubError {
    /// Whether loading again may help, rather than choosing another model.
    pub fn is_of_network(&self) -> bool {
        matches!(
            self,
            Self::TooManyRequests { .. }
                | Self::Status { .. }
                | Self::Lost { .. }
                | Self::BadAnswer { .. }
                | Self::Changed { .. }
                | Self::WrongDigest { .. }
        )
    }
}

/// Why a model is not kept in this browser, in words that go on after “because”.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum NotKept {
    /// Private windows, insecure origins, settings.
    #[error("this browser offers this page no cache (a private window, or a page without https)")]
    NoCache,
    /// Less room than the model takes.
    #[error(
        "this browser has room for {} and it takes {}: delete other models", size_words(*left), size_words(*needed)
    )]
    NoRoom {
        /// Bytes that are left.
        left: u64,
        /// Bytes of the model.
        needed: u64,
    },
    /// The quota.
    #[error("this browser's storage for this page is full: delete other models")]
    Full,
    /// Anything else.
    #[error("this browser refused to write to its cache")]
    Refused,
}

/// The first of some files, in words.
fn in_short(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        _ if names.len() > 4 => format!("only {} and {} more", names[..3].join(", "), names.len() - 3),
        _ => format!("only {}", names.join(", ")),
    }
}

fn until(millis: Option<u64>) -> String {
    match millis {
        Some(millis) if millis >= 1000 => format!(" and asks to wait {}", time_words(millis as f64 / 1000.0)),
        _ => String::new(),
    }
}

fn way_out(status: u16) -> &'static str {
    match status {
        401 | 403 => "it lets in only people with an account; choose a public model",
        500.. => "the host is in trouble; load again later",
        _ => "check the model's page on the Hub, then load again",
    }
}

/// The host in an address, for sentences.
pub fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default().to_owned()
}

/// What an HTTP status other than success means for a file.
pub fn of_status(
    repository: &str,
    file: &str,
    url: &str,
    status: u16,
    retry_after_millis: Option<u64>,
) -> HubError {
    let (repository, file, host) = (repository.to_owned(), file.to_owned(), host_of(url));
    match status {
        404 | 410 => HubError::MissingFile { repository, file },
        416 => HubError::Changed { file, host, change: "it is shorter than the Hub says".into() },
        429 => HubError::TooManyRequests { host, retry_after_millis },
        _ => HubError::Status { host, file, status },
    }
}

/// What an HTTP status other than success means for the question what a repository holds.
pub fn of_api_status(
    repository: &str,
    revision: Option<&str>,
    url: &str,
    status: u16,
    retry_after_millis: Option<u64>,
) -> HubError {
    match (status, revision) {
        (404, Some(revision)) => {
            HubError::MissingRevision { repository: repository.to_owned(), revision: revision.to_owned() }
        }
        (401 | 403 | 404 | 410, _) => HubError::MissingOrPrivate { repository: repository.to_owned() },
        _ => match of_status(repository, FILE_LIST, url, status, retry_after_millis) {
            HubError::Changed { file, host, .. } => HubError::Status { host, file, status },
            error => error,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(error: &HubError, is_of_network: bool, sentence: &str) {
        assert!(error.to_string().contains(sentence), "{error}");
        assert_eq!(error.is_of_network(), is_of_network, "{error}");
    }

    #[test]
    fn every_status_has_its_sentence() {
        let url = "https://huggingface.co/api/models/a/b";
        let api = |status| of_api_status("a/b", None, url, status, None);
        check(&api(401), false, "expected a public repository a/b, found that there is none of that name or");
        check(&api(404), false, "expected a public repository a/b");
        check(&of_api_status("a/b", Some("v9"), url, 404, None), false, "commit v9 of a/b, found none");
        check(&of_api_status("a/b", Some("v9"), url, 401, None), false, "expected a public repository a/b");
        check(&api(500), true, "huggingface.co, found that it answered 500: the host is in trouble");
        check(&api(416), true, "found that it answered 416");
        let busy = of_api_status("a/b", None, url, 429, Some(300_000));
        check(&busy, true, "huggingface.co refuses more requests for now (429) and asks to wait 5 min 00 s");
        check(&api(429), true, "for now (429): load again later");
        let file = |status| of_status("a/b", "model.safetensors", url, status, None);
        check(&file(404), false, "expected the file model.safetensors in a/b, found none");
        check(&file(416), true, "model.safetensors changed on huggingface.co while it was fetched");
        check(&file(403), true, "answered 403: it lets in only people with an account");
        check(&file(418), true, "answered 418: check the model's page");
    }

    #[test]
    fn hosts_are_named_without_the_rest() {
        assert_eq!(host_of("http://localhost:8080/a/b?c"), "localhost:8080");
        assert_eq!(host_of("odd"), "odd");
    }
}
