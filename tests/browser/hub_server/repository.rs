//! Repositories of the test Hub, and the troubles that strike those who ask for them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::wire::{SimpleRange, Wanted, bytes_wanted};

/// A trouble that never ends.
pub const ALWAYS: usize = usize::MAX;
/// What a trouble strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// The API's answer on a repository.
    Api,
    /// A file, by the end of its name, where its bytes come from.
    File(&'static str),
}

/// What goes wrong. Positions are bytes of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Another status, with `Retry-After` in seconds where given.
    Status(u16, Option<u32>),
    /// A page of HTML with status 200, as captive portals give.
    Page,
    /// Status 200 and the whole file, whatever was asked for.
    NoRanges,
    /// Status 206 and so many bytes more than asked for, as far as the file goes.
    Longer(u64),
    /// Status 206 and so many bytes fewer than asked for.
    Shorter(u64),
    /// `Content-Length` is by so many bytes more than the body, then the connection ends.
    LengthOffBy(i64),
    /// The connection ends before this byte.
    BreakAt(u64),
    /// Nothing more comes from this byte on, and the connection stays.
    StallAt(u64),
    /// No more bytes per second than this.
    Pace(u32),
    /// Other contents.
    Instead(Arc<Vec<u8>>),
}

/// A trouble of one repository.
#[derive(Debug, Clone)]
pub struct Fault {
    on: On,
    trouble: Trouble,
    /// Requests that it spares first.
    spares: usize,
    times: usize,
}

impl Fault {
    /// Strikes the first so many requests, or [`ALWAYS`].
    pub fn new(on: On, trouble: Trouble, times: usize) -> Self {
        Self { on, trouble, spares: 0, times }
    }

    /// Strikes only after so many requests.
    pub fn after(self, spares: usize) -> Self {
        Self { spares, ..self }
    }

    /// Whether it strikes a request for these bytes now; counts.
    fn strikes(&mut self, on: &Wanted, bytes: &Range<u64>) -> bool {
        let is_meant = match (self.on, on) {
            (On::Api, Wanted::Api { .. }) => true,
            (On::File(end), Wanted::File { file, .. }) => file.ends_with(end),
            _ => false,
        };
        let is_inside = match self.trouble {
            Trouble::BreakAt(at) | Trouble::StallAt(at) => bytes.contains(&at),
            _ => true,
        };
        if !is_meant || !is_inside {
            return false;
        }
        if self.spares > 0 {
            self.spares -= 1;
            return false;
        }
        let strikes = self.times > 0;
        if strikes && self.times != ALWAYS {
            self.times -= 1;
        }
        strikes
    }
}

/// What a file holds.
#[derive(Debug, Clone)]
pub(super) enum Content {
    Bytes(Arc<Vec<u8>>),
    /// Too large to hold: where it lies, its length, its hash once that is known.
    OnDisk(PathBuf, u64, Arc<OnceLock<String>>),
}

impl Content {
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::OnDisk(_, len, _) => *len,
        }
    }

    pub(super) fn reader(&self) -> io::Result<Box<dyn ReadSeek + '_>> {
        Ok(match self {
            Self::Bytes(bytes) => Box::new(io::Cursor::new(&bytes[..])),
            Self::OnDisk(path, ..) => Box::new(File::open(path)?),
        })
    }

    fn sha256(&self) -> String {
        match self {
            Self::Bytes(bytes) => hexadecimal(&Sha256::digest(&bytes[..])),
            Self::OnDisk(.., known) => known.get_or_init(|| self.read_sha256()).clone(),
        }
    }

    fn read_sha256(&self) -> String {
        let mut hash = Sha256::new();
        let mut reader = self.reader().expect("a file of the repository");
        let mut piece = vec![0; 1 << 20];
        loop {
            match reader.read(&mut piece).expect("a file of the repository") {
                0 => return hexadecimal(&hash.finalize()),
                n => hash.update(&piece[..n]),
            }
        }
    }
}

pub(super) trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

/// A repository and its troubles.
#[derive(Debug, Clone)]
pub struct Repository {
    pub(super) files: BTreeMap<String, Content>,
    pub(super) gated: Value,
    licence: Option<String>,
    /// What the API says instead of the truth.
    hashes: BTreeMap<String, String>,
    sizes: BTreeMap<String, u64>,
    faults: Vec<Fault>,
}

/// Files above this size are read from the disk when asked for.
const LARGE: u64 = 32 << 20;

impl Repository {
    /// A folder's files; answers that are stored for our own tests are not on the Hub.
    pub fn of_folder(folder: &Path) -> Self {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(folder).expect("a model's folder") {
            let path = entry.expect("a file").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let len = fs::metadata(&path).expect("its length").len();
            let content = if len > LARGE {
                Content::OnDisk(path, len, Arc::default())
            } else {
                Content::Bytes(Arc::new(fs::read(&path).expect("its contents")))
            };
            if name != "self_test.json" {
                files.insert(name, content);
            }
        }
        Self {
            files,
            gated: json!(false),
            licence: Some("mit".into()),
            hashes: BTreeMap::new(),
            sizes: BTreeMap::new(),
            faults: Vec::new(),
        }
    }

    /// One file of other contents, or a new one.
    pub fn with(mut self, file: &str, contents: impl Into<Vec<u8>>) -> Self {
        self.files.insert(file.to_owned(), Content::Bytes(Arc::new(contents.into())));
        self
    }

    /// Without a file.
    pub fn without(mut self, file: &str) -> Self {
        self.files.remove(file).expect("a file to leave out");
        self
    }

    /// One file changed.
    pub fn changed(self, file: &str, change: impl Fn(Vec<u8>) -> Vec<u8>) -> Self {
        let contents = change(self.bytes(file));
        self.with(file, contents)
    }

    /// A file's contents.
    pub fn bytes(&self, file: &str) -> Vec<u8> {
        let mut contents = Vec::new();
        let mut reader = self.files[file].reader().expect("a file of the repository");
        reader.read_to_end(&mut contents).expect("a file of the repository");
        contents
    }

    /// The API names another hash than the file has.
    pub fn lying_hash(mut self, file: &str) -> Self {
        self.hashes.insert(file.to_owned(), "0123456789abcdef".repeat(4));
        self
    }

    /// The API names another size than the file has.
    pub fn lying_size(mut self, file: &str, size: u64) -> Self {
        self.sizes.insert(file.to_owned(), size);
        self
    }

    /// Only for those whom its owners let in.
    pub fn gated(mut self) -> Self {
        self.gated = json!("manual");
        self
    }

    /// With one more trouble.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// The troubles that strike this request for some bytes of `len`.
    pub(super) fn troubles(&mut self, on: &Wanted, asked: Option<SimpleRange>, len: u64) -> Vec<Trouble> {
        let mut bytes = bytes_wanted(asked, len);
        let mut troubles = Vec::new();
        for fault in &mut self.faults {
            if fault.strikes(on, &bytes) {
                if fault.trouble == Trouble::NoRanges {
                    // Later troubles strike the whole file.
                    bytes = 0..len;
                }
                troubles.push(fault.trouble.clone());
            }
        }
        troubles
    }

    pub(super) fn description(&self, name: &str) -> Value {
        let siblings: Vec<Value> = self
            .files
            .iter()
            .map(|(file, content)| {
                let size = self.sizes.get(file).copied().unwrap_or_else(|| content.len());
                let sha256 = self.hashes.get(file).cloned().unwrap_or_else(|| content.sha256());
                // Not git's hash, which is SHA-1: of the same length.
                let mut entry = json!({ "rfilename": file, "size": size, "blobId": sha256[..40] });
                if is_large(file) {
                    entry["lfs"] = json!({ "sha256": sha256, "size": size, "pointerSize": 134 });
                }
                entry
            })
            .collect();
        let licence = self.licence.iter().map(|licence| format!("license:{licence}"));
        let tags: Vec<String> = ["transformers".to_owned()].into_iter().chain(licence).collect();
        json!({
            "_id": "0123456789abcdef01234567", "id": name, "modelId": name, "sha": commit_of(name),
            "private": false, "gated": self.gated, "disabled": false, "library_name": "transformers",
            "tags": tags,
            "siblings": siblings,
        })
    }
}

/// Files that the Hub keeps in its large-file storage, on another origin.
pub(super) fn is_large(file: &str) -> bool {
    [".safetensors", ".bin"].iter().any(|end| file.ends_with(end))
}

/// The commit of a repository's only branch.
pub fn commit_of(repository: &str) -> String {
    hexadecimal(&Sha256::digest(repository))[..40].to_owned()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> Wanted {
        Wanted::File { repository: "a/b".into(), revision: "0f".into(), file: name.into() }
    }

    #[test]
    pub(super) fn troubles_strike_what_they_mean_as_often_as_they_should() {
        let api = Wanted::Api { repository: "a/b".into(), revision: None };
        let mut once = Fault::new(On::File(".safetensors"), Trouble::BreakAt(13), 1);
        assert!(!once.strikes(&api, &(0..100)));
        assert!(!once.strikes(&file("config.json"), &(0..100)));
        assert!(!once.strikes(&file("model.safetensors"), &(14..100)));
        assert!(once.strikes(&file("model.safetensors"), &(13..100)));
        assert!(!once.strikes(&file("model.safetensors"), &(13..100)));
        let mut later = Fault::new(On::Api, Trouble::Page, ALWAYS).after(2);
        let struck: Vec<bool> = (0..4).map(|_| later.strikes(&api, &(0..1))).collect();
        assert_eq!(struck, [false, false, true, true]);
    }
}
