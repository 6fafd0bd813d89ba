//! Addresses: what a visitor types or pastes, a mirror's base, and the addresses that the Hub answers at.

use std::fmt::{self, Display, Write};

use thiserror::Error;

/// Where the Hub is, ending in `/`. A mirror's address takes its place.
pub const HUB: &str = "https://huggingface.co/";

/// Longest name of an organisation or of a repository on the Hub, in characters.
const MAX_NAME: usize = 96;
/// Longest branch or tag that is asked for, in characters.
const MAX_REVISION: usize = 200;
/// What people paste is no longer than this, in characters.
const MAX_TEXT: usize = 2000;

/// Hosts whose addresses are the Hub's.
const HUB_HOSTS: [&str; 3] = ["huggingface.co", "www.huggingface.co", "hf.co"];
/// First parts of Hub addresses that are not models.
const OTHER_KINDS: [&str; 10] =
    ["datasets", "spaces", "models", "collections", "papers", "docs", "blog", "api", "organizations", "join"];
/// What may follow a repository in an address, with a revision behind it.
const WITH_REVISION: [&str; 6] = ["tree", "blob", "resolve", "raw", "commit", "commits"];
/// Pages of a repository that say nothing of a revision.
const WITHOUT_REVISION: [&str; 3] = ["discussions", "edit", "settings"];

/// A repository and what was asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// `organisation/name`.
    pub repository: String,
    /// Branch, tag or commit; absent: the default branch.
    pub revision: Option<String>,
}

/// Why a text names no model.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AddressError {
    /// Nothing.
    #[error("type a model of the Hub as organisation/name, such as EleutherAI/pythia-14m")]
    Empty,
    /// Longer than any address.
    #[error("expected organisation/name or a Hub address, found {found} characters: paste the address alone")]
    TooLong {
        /// Characters found.
        found: usize,
    },
    /// One name only, as very old models had.
    #[error(
        "expected organisation/name, found only “{found}”: add who published it, as in openai-community/gpt2"
    )]
    NoOrganisation {
        /// What was typed.
        found: String,
    },
    /// An address of another host.
    #[error(
        "expected an address of huggingface.co, found one of {host}: type organisation/name, and name a mirror by ?mirror= in this page's address"
    )]
    OtherHost {
        /// The host.
        host: String,
    },
    /// Neither http nor https.
    #[error("expected an address that begins with https://, found {scheme}://: type organisation/name")]
    OtherScheme {
        /// What stands before `://`.
        scheme: String,
    },
    /// A data set, a demonstration, …
    #[error("expected the address of a model, found one of the Hub's {kind}: open the model's own page")]
    NotAModel {
        /// The first part of the address.
        kind: String,
    },
    /// More parts than a repository has.
    #[error("expected organisation/name, found also “{found}”: leave out what follows the name")]
    MoreParts {
        /// What follows.
        found: String,
    },
    /// A name that the Hub does not give.
    #[error(
        "expected a name of letters, digits, “-”, “_” and “.”, found “{found}”: copy it from the model's page"
    )]
    BadName {
        /// Organisation or name.
        found: String,
    },
    /// `@` or `/tree/` with nothing after it.
    #[error("expected a branch, tag or commit after “{after}”, found none: add it, or leave “{after}” out")]
    NoRevision {
        /// What stands before it.
        after: String,
    },
    /// A revision that git does not allow.
    #[error(
        "expected a branch, tag or commit, found “{found}”: copy it from “Files and versions” on the model's page"
    )]
    BadRevision {
        /// What was typed.
        found: String,
    },
    /// One revision in the address and another behind `@`.
    #[error("expected one revision, found “{first}” and “{second}”: leave one of them out")]
    TwoRevisions {
        /// In the address.
        first: String,
        /// After `@`.
        second: String,
    },
}

/// Why a text is no mirror.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MirrorError {
    /// No scheme, or another than http and https.
    #[error("?mirror= must begin with http:// or https://, found “{found}”")]
    Scheme {
        /// What was given.
        found: String,
    },
    /// A user name or password in the address would be sent to, or seen by, others.
    #[error("?mirror= must not carry a user name or a password")]
    Credentials,
    /// No host, a malformed one, or a malformed port.
    #[error("?mirror= must name a host, such as https://mirror.school.example/, found “{found}”")]
    Host {
        /// What stands in its place.
        found: String,
    },
    /// A query, a fragment, a space or the like.
    #[error("?mirror= must be a plain address without “?”, “#”, spaces or “..”, found “{found}”")]
    NotPlain {
        /// What was given.
        found: String,
    },
}

impl Address {
    /// Reads `organisation/name`, `organisation/name@revision` or a pasted Hub address, with or without its scheme.
    /// A query, a fragment and a file's path are left aside.
    ///
    /// # Errors
    /// One sentence for everything else that people type.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        let n_chars = text.chars().count();
        if n_chars > MAX_TEXT {
            return Err(AddressError::TooLong { found: n_chars });
        }
        let text = text.split(['?', '#']).next().unwrap_or_default();
        let path = without_host(text)?;
        let (path, after_at) = match path.split_once('@') {
            Some((path, revision)) => (path, Some(checked_revision(revision, "@")?)),
            None => (path, None),
        };
        let (repository, in_path) = read_path(path)?;
        match (in_path, after_at) {
            (Some(first), Some(second)) if first != second => {
                Err(AddressError::TwoRevisions { first, second })
            }
            (first, second) => Ok(Self { repository, revision: first.or(second) }),
        }
    }
}

impl Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.revision {
            Some(revision) => write!(f, "{}@{revision}", self.repository),
            None => f.write_str(&self.repository),
        }
    }
}

/// What follows the host; the whole text where no host is named.
fn without_host(text: &str) -> Result<&str, AddressError> {
    let Some((scheme, rest)) = text.split_once("://") else {
        let host = text.split('/').next().unwrap_or_default();
        return Ok(if is_hub(host) { &text[host.len()..] } else { text });
    };
    match scheme.to_ascii_lowercase().as_str() {
        "hf" => return Ok(rest),
        "http" | "https" => {}
        other => return Err(AddressError::OtherScheme { scheme: other.to_owned() }),
    }
    let host = rest.split('/').next().unwrap_or_default();
    if !is_hub(host) {
        return Err(AddressError::OtherHost { host: host.to_owned() });
    }
    Ok(&rest[host.len()..])
}

fn is_hub(host: &str) -> bool {
    HUB_HOSTS.iter().any(|hub| host.eq_ignore_ascii_case(hub))
}

/// The repository, and the revision where the path names one.
fn read_path(path: &str) -> Result<(String, Option<String>), AddressError> {
    let mut parts = path.split('/').map(str::trim).filter(|part| !part.is_empty());
    let organisation = parts.next().ok_or(AddressError::Empty)?;
    if OTHER_KINDS.contains(&organisation) {
        return Err(AddressError::NotAModel { kind: organisation.to_owned() });
    }
    let Some(name) = parts.next() else {
        return Err(AddressError::NoOrganisation { found: organisation.to_owned() });
    };
    for part in [organisation, name] {
        if !is_name(part) {
            return Err(AddressError::BadName { found: part.to_owned() });
        }
    }
    let repository = format!("{organisation}/{name}");
    match parts.next() {
        None => Ok((repository, None)),
        Some(word) if WITHOUT_REVISION.contains(&word) => Ok((repository, None)),
        Some(word) if WITH_REVISION.contains(&word) => {
            let first = parts.next().unwrap_or_default();
            // Pull requests are the only revisions whose slashes the Hub leaves as they are.
            let revision = match (first, parts.next(), parts.next()) {
                ("refs", Some(kind), Some(name)) => format!("refs/{kind}/{name}"),
                _ => decoded(first),
            };
            Ok((repository, Some(checked_revision(&revision, &format!("/{word}/"))?)))
        }
        Some(more) => Err(AddressError::MoreParts { found: more.to_owned() }),
    }
}

fn checked_revision(revision: &str, after: &str) -> Result<String, AddressError> {
    let revision = revision.trim().trim_end_matches('/');
    match revision {
        "" => Err(AddressError::NoRevision { after: after.to_owned() }),
        _ if is_revision(revision) => Ok(revision.to_owned()),
        _ => Err(AddressError::BadRevision { found: revision.to_owned() }),
    }
}

/// Is this `organisation/name`?
pub fn is_repository(text: &str) -> bool {
    text.split_once('/').is_some_and(|(organisation, name)| is_name(organisation) && is_name(name))
}

/// May a branch, a tag or a commit be called so?
pub fn is_revision(text: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_./+=,".contains(c);
    !text.is_empty()
        && text.len() <= MAX_REVISION
        && text.chars().all(is_allowed)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && !text.contains("..")
        && !text.contains("//")
        && !text.ends_with(['/', '.'])
}

/// Is this a whole commit id?
pub fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn is_name(text: &str) -> bool {
    (1..=MAX_NAME).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && !text.contains("..")
        && !text.ends_with('.')
}

/// `%2F` → `/`; what is not such a code stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|&digit| char::from(digit).to_digit(16));
        match (byte, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                rest = &after[2..];
            }
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Percent-encodes what has a meaning in an address, slashes only where they are not the path's own.
fn encoded(text: &str, keeps_slashes: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let is_plain = byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        if is_plain || (keeps_slashes && byte == b'/') {
            out.push(char::from(byte));
        } else {
            // Writing into a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The base address of a mirror, ending in `/`, from the value of `?mirror=`.
///
/// # Errors
/// Not a plain http or https address with a host.
pub fn mirror(text: &str) -> Result<String, MirrorError> {
    let text = text.trim();
    let scheme = |scheme: &str| text.get(..scheme.len()).filter(|found| found.eq_ignore_ascii_case(scheme));
    let Some(scheme) = scheme("https://").or_else(|| scheme("http://")) else {
        return Err(MirrorError::Scheme { found: text.chars().take(MAX_NAME).collect() });
    };
    let rest = &text[scheme.len()..];
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len()));
    if authority.contains('@') {
        return Err(MirrorError::Credentials);
    }
    if !is_authority(authority) {
        return Err(MirrorError::Host { found: authority.to_owned() });
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.~/%+".contains(c);
    if !path.chars().all(is_plain) || path.split('/').any(|part| [".", ".."].contains(&part)) {
        return Err(MirrorError::NotPlain { found: path.to_owned() });
    }
    let path = path.trim_matches('/');
    let base = format!("{}{}/", scheme.to_ascii_lowercase(), authority.to_ascii_lowercase());
    Ok(if path.is_empty() { base } else { format!("{base}{path}/") })
}

/// `host`, `host:port`, `[v6]` or `[v6]:port`.
fn is_authority(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((v6, port)) if v6.parse::<std::net::Ipv6Addr>().is_ok() => ("v6", port.strip_prefix(':')),
            _ => return false,
        },
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let is_label = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    host.trim_end_matches('.').split('.').all(is_label)
        && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port != 0))
}

/// Where the Hub says what a repository holds: `api/models/organisation/name/revision/REV?blobs=true`.
pub fn api_url(base: &str, repository: &str, revision: Option<&str>) -> String {
    let repository = encoded(repository, true);
    match revision {
        None => format!("{base}api/models/{repository}?blobs=true"),
        Some(revision) => {
            format!("{base}api/models/{repository}/revision/{}?blobs=true", encoded(revision, false))
        }
    }
}

/// Where the Hub gives a file of a commit: `organisation/name/resolve/COMMIT/file`.
pub fn file_url(base: &str, repository: &str, commit: &str, file: &str) -> String {
    format!("{base}{}/resolve/{}/{}", encoded(repository, true), encoded(commit, false), encoded(file, true))
}

/// The page of a model for people to read: the commit's files where one is named.
pub fn page_url(base: &str, repository: &str, commit: Option<&str>) -> String {
    let repository = encoded(repository, true);
    match commit {
        None => format!("{base}{repository}"),
        Some(commit) => format!("{base}{repository}/tree/{}", encoded(commit, false)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, repository: &str, revision: Option<&str>) {
        let expected =
            Address { repository: repository.to_owned(), revision: revision.map(ToOwned::to_owned) };
        assert_eq!(Address::parse(text), Ok(expected), "{text}");
    }

    fn check_refused(text: &str, sentence: &str) {
        let error = Address::parse(text).unwrap_err().to_string();
        assert!(error.contains(sentence), "{text} gives: {error}");
    }

    #[test]
    fn everything_that_people_paste_is_read() {
        let sha = "0123456789abcdef0123456789abcdef01234567";
        for text in [
            "EleutherAI/pythia-14m",
            "  EleutherAI/pythia-14m \n",
            "EleutherAI/pythia-14m/",
            "https://huggingface.co/EleutherAI/pythia-14m",
            "http://huggingface.co/EleutherAI/pythia-14m/",
            "HTTPS://HuggingFace.co/EleutherAI/pythia-14m",
            "huggingface.co/EleutherAI/pythia-14m",
            "www.huggingface.co/EleutherAI/pythia-14m",
            "hf.co/EleutherAI/pythia-14m",
            "hf://EleutherAI/pythia-14m",
            "https://huggingface.co/EleutherAI/pythia-14m?library=transformers",
            "https://huggingface.co/EleutherAI/pythia-14m#uses",
            "https://huggingface.co/EleutherAI/pythia-14m/discussions/3",
        ] {
            check(text, "EleutherAI/pythia-14m", None);
        }
        for text in [
            "EleutherAI/pythia-14m@step3000",
            "EleutherAI/pythia-14m @ step3000",
            "https://huggingface.co/EleutherAI/pythia-14m@step3000",
            "https://huggingface.co/EleutherAI/pythia-14m/tree/step3000",
            "https://huggingface.co/EleutherAI/pythia-14m/tree/step3000/",
            "https://huggingface.co/EleutherAI/pythia-14m/blob/step3000/config.json",
            "huggingface.co/EleutherAI/pythia-14m/resolve/step3000/model.safetensors?download=true",
            "https://huggingface.co/EleutherAI/pythia-14m/raw/step3000/a/b.txt#L3",
        ] {
            check(text, "EleutherAI/pythia-14m", Some("step3000"));
        }
        check(&format!("gpt2-org/gpt2@{sha}"), "gpt2-org/gpt2", Some(sha));
        check(&format!("https://huggingface.co/a/b/commit/{sha}"), "a/b", Some(sha));
        check("https://huggingface.co/a/b/tree/refs%2Fpr%2F1", "a/b", Some("refs/pr/1"));
        check("https://huggingface.co/a/b/tree/refs/pr/1", "a/b", Some("refs/pr/1"));
        check("a/b@refs/pr/1", "a/b", Some("refs/pr/1"));
        check("SimpleStories/SimpleStories-V2-1.25M", "SimpleStories/SimpleStories-V2-1.25M", None);
    }

    #[test]
    fn every_wrong_form_has_its_sentence() {
        check_refused("", "type a model of the Hub as organisation/name");
        check_refused(" \t", "type a model of the Hub as organisation/name");
        check_refused("https://huggingface.co/", "type a model of the Hub as organisation/name");
        check_refused("gpt2", "found only “gpt2”: add who published it");
        check_refused("https://example.com/a/b", "found one of example.com");
        check_refused("https://huggingface.co.evil.example/a/b", "found one of huggingface.co.evil.example");
        check_refused("ftp://huggingface.co/a/b", "found ftp://");
        check_refused("https://huggingface.co/datasets/a/b", "one of the Hub's datasets");
        check_refused("https://huggingface.co/spaces/a/b", "one of the Hub's spaces");
        check_refused("a/b/c", "found also “c”");
        check_refused("a b/c", "found “a b”");
        check_refused("a/..", "found “..”");
        check_refused("ünï/c", "found “ünï”");
        check_refused("a/b@", "after “@”, found none");
        check_refused("https://huggingface.co/a/b/tree/", "after “/tree/”, found none");
        check_refused("a/b@two words", "found “two words”");
        check_refused("a/b@../../etc", "expected a branch, tag or commit");
        check_refused("https://huggingface.co/a/b/tree/main@dev", "found “main” and “dev”");
        check_refused(&"x".repeat(2001), "found 2001 characters");
    }

    #[test]
    fn mirrors_are_plain_addresses() {
        let good = [
            ("https://mirror.example", "https://mirror.example/"),
            ("http://localhost:8080/", "http://localhost:8080/"),
            (" HTTP://Mirror.Example:80/hub/x ", "http://mirror.example:80/hub/x/"),
            ("http://192.168.0.7:3000", "http://192.168.0.7:3000/"),
            ("http://[::1]:9000/a//", "http://[::1]:9000/a/"),
        ];
        for (text, base) in good {
            assert_eq!(mirror(text).as_deref(), Ok(base), "{text}");
        }
        for text in ["", "mirror.example", "ftp://x/", "javascript:alert(1)", "//x/", "héé"] {
            assert!(matches!(mirror(text), Err(MirrorError::Scheme { .. })), "{text}");
        }
        for text in ["https://user:secret@x/", "https://user@x/", "https://huggingface.co@evil.example/"] {
            assert_eq!(mirror(text), Err(MirrorError::Credentials), "{text}");
        }
        for text in
            ["https://", "https:///a", "https://:80/", "https://a:0/", "https://a:99999/", "https://a b/"]
        {
            assert!(matches!(mirror(text), Err(MirrorError::Host { .. })), "{text}");
        }
        for text in ["https://a/?x=1", "https://a/#x", "https://a/b c", "https://a/../b", "https://a\\b"] {
            assert!(matches!(mirror(text), Err(MirrorError::NotPlain { .. })), "{text}");
        }
    }

    #[test]
    fn addresses_are_those_of_the_hub() {
        assert_eq!(api_url(HUB, "a/b", None), "https://huggingface.co/api/models/a/b?blobs=true");
        assert_eq!(
            api_url("http://m/", "a/b", Some("refs/pr/1")),
            "http://m/api/models/a/b/revision/refs%2Fpr%2F1?blobs=true"
        );
        assert_eq!(
            file_url(HUB, "a/b", "c0ffee", "onnx/model one.safetensors"),
            "https://huggingface.co/a/b/resolve/c0ffee/onnx/model%20one.safetensors"
        );
        assert_eq!(page_url(HUB, "a/b", Some("c0ffee")), "https://huggingface.co/a/b/tree/c0ffee");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            if let Ok(address) = Address::parse(&text) {
                prop_assert!(is_repository(&address.repository));
                prop_assert!(address.revision.as_deref().is_none_or(is_revision));
            }
            let _ = mirror(&text);
        }

        #[test]
        fn texts_that_look_like_addresses_do_not_either(text in "(https?://|hf://)?[a-z@%/?#.:é -]{0,40}") {
            let _ = Address::parse(&text);
            if let Ok(base) = mirror(&text) {
                prop_assert!(base.ends_with('/') && !base.contains(['@', '?', '#']));
                prop_assert_eq!(mirror(&base), Ok(base));
            }
        }

        #[test]
        fn what_is_shown_is_read_again(
            organisation in "[a-zA-Z0-9][a-zA-Z0-9_-]{0,20}",
            name in "[a-zA-Z0-9][a-zA-Z0-9_.-]{0,20}[a-z]",
            revision in prop::option::of("[a-z0-9][a-z0-9_-]{0,20}"),
        ) {
            prop_assume!(!OTHER_KINDS.contains(&organisation.as_str()) && !name.contains(".."));
            let address = Address { repository: format!("{organisation}/{name}"), revision };
            prop_assert_eq!(Address::parse(&address.to_string()), Ok(address.clone()));
            let page = page_url(HUB, &address.repository, address.revision.as_deref());
            prop_assert_eq!(Address::parse(&page), Ok(address));
        }

        #[test]
        fn encoding_is_undone_by_decoding(text in any::<String>()) {
            prop_assert_eq!(decoded(&encoded(&text, false)), text);
        }
    }
}
