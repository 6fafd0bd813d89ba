//! What this browser keeps of a model: a list of pieces, written last. A model without it is not kept.
//!
//! Every load keeps its pieces under a name of its own, so that two tabs never write to the same place; the manifest that
//! is written last stands, and pieces that no manifest names are swept away.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::address::{is_commit, is_repository};
use super::digest::is_sha256;
use super::plan::PIECE_BYTES;

/// Changes whenever the layout of [`Manifest`] or of the pieces does.
const VERSION: u32 = 1;
/// First part of the path of everything that is kept. Nothing is ever fetched from there.
pub const FOLDER: &str = "/all-or-none-models/";
/// Last part of a manifest's path.
const MANIFEST: &str = "manifest.json";
/// Where nobody can say which loads are still on their way, pieces are left alone for so long, in milliseconds.
const MAX_LOAD_MILLIS: u64 = 24 * 3600 * 1000;

/// A model that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    version: u32,
    /// `organisation/name`.
    pub repository: String,
    /// The commit.
    pub commit: String,
    /// The branch or tag under which it was asked for; absent: the default branch.
    pub revision: Option<String>,
    /// Its licence, where it is given.
    pub licence: Option<String>,
    /// When it was kept, in milliseconds since 1970.
    pub kept_at_millis: u64,
    /// Its files: the JSON ones whole, the weights without what is known.
    pub files: Vec<KeptFile>,
}

/// A file that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFile {
    /// Its path in the repository.
    pub name: String,
    /// Its length in bytes, what is known and not kept included.
    pub length: u64,
    /// SHA-256 of its contents.
    pub sha256: String,
    /// Its pieces in the order of the file.
    pub pieces: Vec<KeptPiece>,
}

/// A piece of a file that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptPiece {
    /// First byte.
    pub start: u64,
    /// After the last byte.
    pub end: u64,
    /// SHA-256 of the whole file up to `end`.
    pub so_far: String,
    /// The load that kept it.
    pub load: String,
}

impl Manifest {
    /// An empty list for a model.
    pub fn new(
        repository: &str,
        commit: &str,
        revision: Option<&str>,
        licence: Option<&str>,
        now_millis: u64,
    ) -> Self {
        Self {
            version: VERSION,
            repository: repository.to_owned(),
            commit: commit.to_owned(),
            revision: revision.map(ToOwned::to_owned),
            licence: licence.map(ToOwned::to_owned),
            kept_at_millis: now_millis,
            files: Vec::new(),
        }
    }

    /// Reads what [`Manifest::to_bytes`] wrote. None for anything else, another layout and lists that contradict
    /// themselves: such a model counts as not kept.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let manifest: Self = serde_json::from_slice(bytes).ok()?;
        let is_sound = manifest.version == VERSION
            && is_repository(&manifest.repository)
            && is_commit(&manifest.commit)
            && manifest.files.iter().all(KeptFile::is_sound);
        is_sound.then_some(manifest)
    }

    /// JSON.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Names and numbers always have a JSON form.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The file of a name.
    pub fn file(&self, name: &str) -> Option<&KeptFile> {
        self.files.iter().find(|file| file.name == name)
    }

    /// How many bytes are kept.
    pub fn n_bytes(&self) -> u64 {
        let pieces = self.files.iter().flat_map(|file| &file.pieces);
        pieces.map(|piece| piece.end - piece.start).fold(0, u64::saturating_add)
    }

    /// The loads that wrote its pieces.
    pub fn loads(&self) -> BTreeSet<&str> {
        self.files.iter().flat_map(|file| &file.pieces).map(|piece| piece.load.as_str()).collect()
    }

    /// The paths of all its pieces.
    pub fn piece_paths(&self) -> impl Iterator<Item = String> {
        self.files.iter().flat_map(|file| {
            let path = |piece: &KeptPiece| {
                piece_path(&self.repository, &self.commit, &piece.load, &file.name, &(piece.start..piece.end))
            };
            file.pieces.iter().map(path)
        })
    }
}

impl KeptFile {
    fn is_sound(&self) -> bool {
        let mut at = 0;
        is_sha256(&self.sha256)
            && self.pieces.iter().all(|piece| {
                let is_in_order = at <= piece.start && piece.start < piece.end && piece.end <= self.length;
                at = piece.end;
                is_in_order
                    && piece.end - piece.start <= PIECE_BYTES
                    && is_sha256(&piece.so_far)
                    && is_load(&piece.load)
            })
    }

    /// The piece that holds exactly these bytes.
    pub fn piece(&self, bytes: &Range<u64>) -> Option<&KeptPiece> {
        self.pieces.iter().find(|piece| piece.start == bytes.start && piece.end == bytes.end)
    }
}

/// Where a model's manifest is kept.
pub fn manifest_path(repository: &str, commit: &str) -> String {
    format!("{FOLDER}{repository}/{commit}/{MANIFEST}")
}

/// Where a piece is kept.
pub fn piece_path(repository: &str, commit: &str, load: &str, file: &str, bytes: &Range<u64>) -> String {
    // The file's own folders must not look like ours.
    let file = file.replace('%', "%25").replace('/', "%2F").replace('?', "%3F").replace('#', "%23");
    format!("{FOLDER}{repository}/{commit}/{load}/{file}/{}-{}", bytes.start, bytes.end)
}

/// The name of a load that began at this moment; `random` tells it from others of the same moment.
pub fn load_name(now_millis: u64, random: u32) -> String {
    format!("{now_millis}-{random:08x}")
}

fn is_load(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (1..=40).contains(&text.len()) && text.chars().all(is_plain)
}

/// Whether a path is a manifest's.
pub fn is_manifest(path: &str) -> bool {
    path.strip_prefix(FOLDER)
        .is_some_and(|rest| rest.split('/').count() == 4 && rest.ends_with("/manifest.json"))
}

/// The load that a piece's path belongs to.
pub fn load_of(path: &str) -> Option<&str> {
    let mut parts = path.strip_prefix(FOLDER)?.split('/');
    let load = parts.nth(3)?;
    (parts.count() == 2).then_some(load)
}

/// Which paths may be swept away: all that are neither a manifest nor a piece that one of the manifests names, nor of a
/// load that is still on its way. `alive` names those loads; where nobody can say, young ones count as alive.
pub fn swept<'a>(
    paths: &'a [String],
    manifests: &[Manifest],
    alive: Option<&[String]>,
    now_millis: u64,
) -> Vec<&'a str> {
    let named: BTreeSet<String> = manifests.iter().flat_map(Manifest::piece_paths).collect();
    let read: BTreeSet<String> =
        manifests.iter().map(|manifest| manifest_path(&manifest.repository, &manifest.commit)).collect();
    let is_alive = |load: &str| match alive {
        Some(alive) => alive.iter().any(|name| name == load),
        None => {
            let begun = load.split('-').next().and_then(|millis| millis.parse::<u64>().ok()).unwrap_or(0);
            now_millis.saturating_sub(begun) < MAX_LOAD_MILLIS
        }
    };
    let may_go = |path: &&str| {
        // A manifest that could not be read keeps nothing.
        !named.contains(*path) && !read.contains(*path) && !load_of(path).is_some_and(is_alive)
    };
    paths.iter().map(String::as_str).filter(may_go).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
    const SHA: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn piece(start: u64, end: u64) -> KeptPiece {
        KeptPiece { start, end, so_far: SHA.into(), load: "5-0000000a".into() }
    }

    fn manifest(pieces: Vec<KeptPiece>) -> Manifest {
        let file = KeptFile { name: "model.safetensors".into(), length: 100, sha256: SHA.into(), pieces };
        Manifest { files: vec![file], ..Manifest::new("a/b", COMMIT, None, Some("mit"), 5) }
    }

    #[test]
    fn manifests_are_read_again() {
        let kept = manifest(vec![piece(0, 40), piece(60, 100)]);
        assert_eq!(Manifest::parse(&kept.to_bytes()).as_ref(), Some(&kept));
        assert_eq!(kept.n_bytes(), 80);
        assert_eq!(kept.loads(), BTreeSet::from(["5-0000000a"]));
        let file = kept.file("model.safetensors").unwrap();
        assert_eq!(file.piece(&(60..100)), Some(&piece(60, 100)));
        assert_eq!(file.piece(&(60..99)), None);
        assert_eq!(kept.file("config.json"), None);
    }

    #[test]
    fn manifests_that_contradict_themselves_are_none() {
        let is_refused = |manifest: &Manifest| Manifest::parse(&manifest.to_bytes()).is_none();
        assert!(is_refused(&manifest(vec![piece(0, 40), piece(30, 100)])), "overlap");
        assert!(is_refused(&manifest(vec![piece(40, 40)])), "empty");
        assert!(is_refused(&manifest(vec![piece(50, 101)])), "past the end");
        assert!(
            is_refused(&manifest(vec![KeptPiece { load: "../x".into(), ..piece(0, 1) }])),
            "foreign path"
        );
        assert!(is_refused(&manifest(vec![KeptPiece { so_far: "ff".into(), ..piece(0, 1) }])), "digest");
        assert!(is_refused(&Manifest { version: VERSION + 1, ..manifest(vec![]) }), "layout");
        assert!(is_refused(&Manifest { commit: "main".into(), ..manifest(vec![]) }), "commit");
        assert!(is_refused(&Manifest { repository: "../..".into(), ..manifest(vec![]) }), "repository");
        assert!(Manifest::parse(b"").is_none());
    }

    #[test]
    fn paths_say_what_they_hold() {
        let path = piece_path("a/b", COMMIT, "5-0000000a", "onnx/w?.safetensors", &(3..9));
        assert_eq!(path, format!("/all-or-none-models/a/b/{COMMIT}/5-0000000a/onnx%2Fw%3F.safetensors/3-9"));
        assert_eq!(load_of(&path), Some("5-0000000a"));
        assert!(!is_manifest(&path));
        let list = manifest_path("a/b", COMMIT);
        assert!(is_manifest(&list));
        assert_eq!(load_of(&list), None);
        // A repository or a file of that name is not a manifest.
        assert!(!is_manifest(&piece_path("a/b", COMMIT, "5-0000000a", "manifest.json", &(0..1))));
        assert_eq!(load_name(5, 10), "5-0000000a");
    }

    #[test]
    fn only_what_nobody_needs_is_swept() {
        let kept = manifest(vec![piece(0, 40)]);
        let mine = kept.piece_paths().next().unwrap();
        let list = manifest_path("a/b", COMMIT);
        let orphan = piece_path("a/b", COMMIT, "6-00000001", "model.safetensors", &(0..40));
        let loading = piece_path("c/d", COMMIT, "7-00000002", "model.safetensors", &(0..40));
        let unreadable = manifest_path("e/f", COMMIT);
        let paths = vec![mine, list, orphan.clone(), loading.clone(), unreadable.clone()];
        let kept = [kept];
        let alive = ["7-00000002".to_owned()];
        assert_eq!(swept(&paths, &kept, Some(&alive), 0), [orphan.as_str(), &unreadable]);
        assert_eq!(swept(&paths, &kept, Some(&[]), 0), [orphan.as_str(), &loading, &unreadable]);
        // Nobody knows who is alive.
        assert_eq!(swept(&paths, &kept, None, 1000), [unreadable.as_str()]);
        assert_eq!(swept(&paths, &kept, None, MAX_LOAD_MILLIS + 6), [orphan.as_str(), &unreadable]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), path in any::<String>()) {
            prop_assert!(Manifest::parse(&bytes).is_none());
            let _ = (is_manifest(&path), load_of(&path));
        }

        #[test]
        fn files_of_different_names_never_share_a_path(a in "[a-z/%?#.]{1,8}", b in "[a-z/%?#.]{1,8}") {
            let path = |file: &str| piece_path("a/b", COMMIT, "5-0000000a", file, &(0..1));
            prop_assert_eq!(path(&a) == path(&b), a == b);
            let path = path(&a);
            prop_assert_eq!(load_of(&path), Some("5-0000000a"));
        }
    }
}
