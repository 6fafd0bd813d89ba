//! A Hub for tests: the addresses, answers and troubles of huggingface.co on two ports of this machine.
//!
//! As there, `resolve` redirects large files to a second origin that exposes no header, and a request that is not
//! simple would need a preflight, which is refused and counted. Each repository has its troubles, which strike so many
//! times; every request is written down.

mod repository;
mod wire;

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

pub use repository::{ALWAYS, Fault, On, Repository, Trouble, commit_of};
use repository::{Content, is_large};
use serde_json::json;
use wire::{Plan, Request, Short, Wanted, error, page, refusal, send, simple_range, write_short};

/// Which of the two origins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The Hub: its API and `resolve`.
    Hub,
    /// Where it redirects to.
    Storage,
}

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub origin: Origin,
    pub method: String,
    pub repository: String,
    /// Branch or commit.
    pub revision: Option<String>,
    /// Absent for the API.
    pub file: Option<String>,
    /// The header as it came.
    pub range: Option<String>,
    pub headers: Vec<(String, String)>,
    /// Status of the answer.
    pub status: u16,
    /// Bytes of the body that were sent.
    pub sent: u64,
}

impl Asked {
    /// The bytes asked for, where a range was.
    pub fn bytes(&self) -> Option<Range<u64>> {
        let (begin, end) = simple_range(self.range.as_deref()?)?;
        Some(begin..end.map_or(u64::MAX, |end| end + 1))
    }

    /// A request for weights that was answered with bytes.
    pub fn is_for_weights(&self) -> bool {
        self.file.as_deref().is_some_and(is_large) && matches!(self.status, 200 | 206)
    }
}

/// A running Hub, until the program ends.
pub struct Hub {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    storage: SocketAddr,
    repositories: Mutex<BTreeMap<String, Repository>>,
    asked: Mutex<Vec<Asked>>,
}

impl Hub {
    /// Starts both origins on free ports.
    pub fn start() -> Self {
        let hub = TcpListener::bind(("127.0.0.1", 0)).expect("a free port for the Hub");
        let storage = TcpListener::bind(("127.0.0.1", 0)).expect("a free port for its storage");
        let address = hub.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            storage: storage.local_addr().expect("an address"),
            repositories: Mutex::default(),
            asked: Mutex::default(),
        });
        for (listener, origin) in [(hub, Origin::Hub), (storage, Origin::Storage)] {
            let shared = shared.clone();
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let shared = shared.clone();
                    // A visitor who leaves in the middle of an answer is no concern of ours.
                    thread::spawn(move || shared.answer_all(&stream, origin));
                }
            });
        }
        Self { address, shared }
    }

    /// Base address, for `?mirror=`.
    pub fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds a repository, or puts another in its place.
    pub fn add(&self, name: &str, repository: Repository) {
        lock(&self.shared.repositories).insert(name.to_owned(), repository);
    }

    /// Number of requests so far.
    pub fn n_asked(&self) -> usize {
        lock(&self.shared.asked).len()
    }

    /// The requests after the first so many.
    pub fn asked_since(&self, n_before: usize) -> Vec<Asked> {
        lock(&self.shared.asked)[n_before..].to_vec()
    }

    /// The requests for a repository.
    pub fn asked(&self, repository: &str) -> Vec<Asked> {
        self.asked_since(0).into_iter().filter(|asked| asked.repository == repository).collect()
    }
}

/// A thread that failed has left whole values behind: everything here is written in one go.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
impl Shared {
    /// Answers the requests of one connection until either side ends it.
    fn answer_all(&self, stream: &TcpStream, origin: Origin) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut lines = BufReader::new(stream).lines();
        while let Some(request) = Request::read(&mut lines)? {
            if !self.answer(stream, &request, origin)? {
                return stream.shutdown(Shutdown::Both);
            }
        }
        Ok(())
    }

    /// Whether the connection can be used again.
    fn answer(&self, stream: &TcpStream, request: &Request, origin: Origin) -> io::Result<bool> {
        let wanted = Wanted::parse(&request.target);
        let number = {
            let mut asked = lock(&self.asked);
            asked.push(Asked {
                origin,
                method: request.method.clone(),
                repository: wanted.repository().to_owned(),
                revision: wanted.revision().map(str::to_owned),
                file: wanted.file().map(str::to_owned),
                range: request.header("range").map(str::to_owned),
                headers: request.headers.clone(),
                status: 0,
                sent: 0,
            });
            asked.len() - 1
        };
        let note = |status: u16, sent: u64| {
            let asked = &mut lock(&self.asked)[number];
            (asked.status, asked.sent) = (status, sent);
        };
        let cors = cors(request, origin);
        let short = |(status, headers, body): Short| {
            note(status, body.len() as u64);
            write_short(stream, status, &[cors.clone(), headers].concat(), &body).map(|()| true)
        };
        if request.method != "GET" {
            // Nothing that this page asks may need a preflight: the storage would refuse it after a redirect.
            note(403, 0);
            return write_short(stream, 403, &[], b"").map(|()| true);
        }
        let (content, troubles) = match self.find(request, origin, &wanted) {
            Ok(found) => found,
            Err(answer) => return short(answer),
        };
        let mut content = content;
        for trouble in &troubles {
            match trouble {
                Trouble::Status(status, retry_after) => return short(refusal(*status, *retry_after)),
                Trouble::Page => return short(page()),
                Trouble::Instead(contents) => content = Content::Bytes(contents.clone()),
                _ => {}
            }
        }
        let plan = Plan::new(request.range(), content.len(), &troubles);
        note(plan.status, 0);
        let mut headers = cors;
        headers.push(("Content-Type", content_type(&wanted).into()));
        if plan.status == 206 {
            let last = plan.body.start + plan.length.max(1) - 1;
            headers.push(("Content-Range", format!("bytes {}-{last}/{}", plan.body.start, content.len())));
        }
        send(stream, &content, &plan, &headers, |sent| note(plan.status, sent))
    }

    /// What a request asks for and its trouble, or an answer without either.
    fn find(
        &self,
        request: &Request,
        origin: Origin,
        wanted: &Wanted,
    ) -> Result<(Content, Vec<Trouble>), Short> {
        let mut repositories = lock(&self.repositories);
        let Some(repository) = repositories.get_mut(wanted.repository()) else {
            // The Hub does not tell strangers which repositories do not exist.
            return Err(error(401, "RepoNotFound", "Invalid username or password."));
        };
        if !wanted.revision_exists() {
            return Err(error(404, "RevisionNotFound", "Invalid rev id"));
        }
        match wanted {
            Wanted::Nothing => Err(error(404, "EntryNotFound", "Not found")),
            Wanted::Api { repository: name, .. } => {
                let content = Content::Bytes(Arc::new(repository.description(name).to_string().into_bytes()));
                let troubles = repository.troubles(wanted, None, content.len());
                Ok((content, troubles))
            }
            Wanted::File { .. } if repository.gated != json!(false) => {
                Err(error(401, "GatedRepo", "Access to this model is restricted."))
            }
            Wanted::File { repository: name, file, .. } => {
                let Some(content) = repository.files.get(file).cloned() else {
                    return Err(error(404, "EntryNotFound", "Entry not found"));
                };
                if origin == Origin::Hub && is_large(file) {
                    let commit = commit_of(name);
                    let there =
                        format!("http://{}/{name}/resolve/{commit}/{file}?Signature=~abc", self.storage);
                    return Err((302, vec![("Location", there)], b"Found. Redirecting".to_vec()));
                }
                let troubles = repository.troubles(wanted, request.range(), content.len());
                Ok((content, troubles))
            }
        }
    }
}

/// The Hub answers whoever asks and exposes some headers; its storage answers all and exposes none.
fn cors(request: &Request, origin: Origin) -> Vec<(&'static str, String)> {
    match origin {
        Origin::Hub => vec![
            ("Access-Control-Allow-Origin", request.header("origin").unwrap_or("*").to_owned()),
            ("Vary", "Origin".into()),
            (
                "Access-Control-Expose-Headers",
                "X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,Retry-After"
                    .into(),
            ),
        ],
        Origin::Storage => vec![("Access-Control-Allow-Origin", "*".into())],
    }
}

fn content_type(wanted: &Wanted) -> &'static str {
    match wanted {
        Wanted::File { file, .. } if is_large(file) => "application/octet-stream",
        Wanted::File { .. } => "text/plain; charset=utf-8",
        _ => "application/json; charset=utf-8",
    }
}
#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{Read, Write};

    use serde_json::Value;

    use super::*;

    /// What a client without a browser gets: the whole way through the redirect.
    #[test]
    fn a_file_is_found_through_the_api_and_the_redirect() {
        let hub = Hub::start();
        let folder = tempfile::tempdir().expect("a scratch folder");
        fs::write(folder.path().join("config.json"), "{}").expect("a file");
        fs::write(folder.path().join("model.safetensors"), "0123456789").expect("a file");
        hub.add("a/b", Repository::of_folder(folder.path()));
        let (head, body) = get(hub.address, "/api/models/a/b?blobs=true", "");
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let description: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(description["sha"], commit_of("a/b"));
        let weights = &description["siblings"][1];
        assert_eq!(weights["size"], 10);
        // sha256sum of 0123456789
        let known = "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882";
        assert_eq!(weights["lfs"]["sha256"], known);
        let (head, _) = get(hub.address, "/a/b/resolve/main/model.safetensors", "");
        assert!(head.starts_with("HTTP/1.1 302"), "{head}");
        let there = head.split("Location: http://").nth(1).and_then(|rest| rest.split("\r\n").next());
        let (host, path) = there.expect("a place").split_once('/').expect("a path");
        let (head, body) =
            get(host.parse().expect("an address"), &format!("/{path}"), "Range: bytes=2-4\r\n");
        assert!(head.starts_with("HTTP/1.1 206") && !head.contains("Expose"), "{head}");
        assert_eq!(body, "234");
        let (head, _) = get(hub.address, "/api/models/no/one", "");
        assert!(head.starts_with("HTTP/1.1 401"), "{head}");
        let asked = hub.asked("a/b");
        assert_eq!(asked.len(), 3);
        assert_eq!((asked[2].bytes(), asked[2].sent, asked[2].status), (Some(2..5), 3, 206));
    }

    fn get(address: SocketAddr, path: &str, headers: &str) -> (String, String) {
        let mut stream = TcpStream::connect(address).expect("a connection");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\n{headers}\r\n").expect("a request");
        stream.shutdown(Shutdown::Write).expect("the request ends");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        (head.to_owned(), body.to_owned())
    }
}
