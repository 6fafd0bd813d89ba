//! A static file server as plain as the plainest host: no special headers, no compression, one thread a connection.
//!
//! `cargo xtask serve` and the browser tests both use it, the tests below a sub-path.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::thread;
use std::time::Duration;

/// What a host serves and how.
#[derive(Debug, Clone)]
pub struct Host {
    /// What it serves.
    pub folder: PathBuf,
    /// Below which path: `/` or `/some/path/`.
    pub prefix: &'static str,
    /// Weights arrive no faster than so many bytes per second: to watch a page load.
    pub weights_per_second: Option<u32>,
    /// The files are compressed already, and browsers are told so.
    pub is_compressed: bool,
    /// Further lines of every answer's head, each ended by `\r\n`.
    pub headers: String,
}

/// Serves on `port` (0: any free one) until the program ends.
pub fn start(host: Host, port: u16) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let host = host.clone();
            // A visitor who leaves in the middle of an answer is no concern of ours.
            thread::spawn(move || answer_all(&stream, &host));
        }
    });
    Ok(address)
}

/// Answers the requests of one connection until the other side closes it.
fn answer_all(stream: &TcpStream, host: &Host) -> io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    while let Some(request) = lines.next().transpose()? {
        for header in lines.by_ref() {
            if header?.is_empty() {
                break;
            }
        }
        answer(stream, &request, host)?;
    }
    Ok(())
}

fn answer(mut stream: &TcpStream, request: &str, host: &Host) -> io::Result<()> {
    let mut words = request.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let found = file_for(target, host.prefix).map(|path| host.folder.join(path));
    let content = found.as_ref().and_then(|path| fs::read(path).ok());
    let (status, kind, body) = match (found, content) {
        (Some(path), Some(content)) => ("200 OK", content_type(&path), content),
        _ => ("404 Not Found", "text/plain", format!("nothing at {target}\n").into_bytes()),
    };
    let encoding = if host.is_compressed && status == "200 OK" { "Content-Encoding: gzip\r\n" } else { "" };
    let (length, headers) = (body.len(), &host.headers);
    write!(
        stream,
        "HTTP/1.1 {status}\r\n{encoding}{headers}Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    )?;
    if method == "HEAD" {
        return stream.flush();
    }
    match host.weights_per_second.filter(|_| target.ends_with(".safetensors")) {
        None => stream.write_all(&body)?,
        Some(pace) => {
            for tenth in body.chunks(pace.div_ceil(10) as usize) {
                thread::sleep(Duration::from_millis(100));
                stream.write_all(tenth)?;
            }
        }
    }
    stream.flush()
}

/// The file a request's target means, never above the folder.
fn file_for(target: &str, prefix: &str) -> Option<PathBuf> {
    let path = target.split(['?', '#']).next()?.strip_prefix(prefix)?;
    let path = percent_decoded(path)?;
    let path = if path.is_empty() || path.ends_with('/') { format!("{path}index.html") } else { path };
    let path = PathBuf::from(path);
    path.components().all(|part| matches!(part, Component::Normal(_))).then_some(path)
}

/// `%2F` → `/`; nothing where a code is broken.
pub fn percent_decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).ok()
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html",
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("wasm") => "application/wasm",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("txt" | "md") => "text/plain",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_become_files_below_the_prefix_only() {
        let file = |target| file_for(target, "/deep/path/").map(|path| path.to_string_lossy().into_owned());
        assert_eq!(file("/deep/path/").as_deref(), Some("index.html"));
        assert_eq!(file("/deep/path/models/a%20b.json?x=1").as_deref(), Some("models/a b.json"));
        assert_eq!(file("/models/a.json"), None);
        assert_eq!(file("/deep/path/../secret"), None);
        assert_eq!(file("/deep/path/%2e%2e/secret"), None);
        assert_eq!(file("/deep/path//etc/passwd"), None);
        assert_eq!(file("/deep/path/%zz"), None);
    }
}
