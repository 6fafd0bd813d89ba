//! What one load keeps in this browser: pieces as they arrive, the manifest at the end, nothing if it never comes to that.

use std::ops::Range;

use web_sys::Blob;

use super::pieces::Held;
use crate::browser::clock::date_millis;
use crate::browser::hub::seed;
use crate::browser::model_cache::{OnItsWay, Store, room};
use crate::hub::NotKept;
use crate::hub::manifest::{KeptPiece, Manifest, load_name, piece_path};

/// Keeps what arrives for as long as this browser allows it.
pub struct Keeper {
    store: Option<Store>,
    repository: String,
    commit: String,
    load: String,
    /// What this load has written.
    written: Vec<String>,
    is_kept: bool,
    why_not: Option<NotKept>,
    /// Nobody else sweeps the pieces away before the load ends: its own, and those of the earlier loads that it reads,
    /// even where another tab deletes their model.
    _on_its_way: Vec<OnItsWay>,
}

impl Keeper {
    /// For one load of a model, of which something may be kept.
    pub fn new(
        store: Result<Store, NotKept>,
        repository: &str,
        commit: &str,
        kept: Option<&Manifest>,
    ) -> Self {
        let load = load_name(date_millis() as u64, seed() as u32);
        let loads = kept.map(Manifest::loads).unwrap_or_default();
        let on_its_way = loads.into_iter().chain([load.as_str()]).map(OnItsWay::new).collect();
        let (store, why_not) = match store {
            Ok(store) => (Some(store), None),
            Err(why) => (None, Some(why)),
        };
        Self {
            store,
            repository: repository.to_owned(),
            commit: commit.to_owned(),
            _on_its_way: on_its_way,
            load,
            written: Vec::new(),
            is_kept: false,
            why_not,
        }
    }

    /// Keeps nothing where so much does not fit, rather than finding out half-way.
    pub async fn expect(&mut self, needed: u64) {
        let Some(room) = room().await.filter(|_| self.store.is_some()) else { return };
        let left = (room.quota - room.used).max(0.0) as u64;
        if left < needed {
            self.give_up(NotKept::NoRoom { left, needed });
        }
    }

    /// What an earlier load kept; none where it has gone.
    pub async fn kept(&self, file: &str, piece: &KeptPiece) -> Option<(Blob, Held)> {
        let store = self.store.as_ref()?;
        let path = piece_path(&self.repository, &self.commit, &piece.load, file, &(piece.start..piece.end));
        Some((store.get(&path).await?, Held::Kept(store.clone(), path)))
    }

    /// How a piece of this load is named.
    pub fn piece(&self, bytes: &Range<u64>, so_far: String) -> KeptPiece {
        KeptPiece { start: bytes.start, end: bytes.end, so_far, load: self.load.clone() }
    }

    /// Keeps a piece that has arrived.
    pub async fn keep(
        &mut self,
        file: &str,
        bytes: &Range<u64>,
        so_far: String,
        blob: Blob,
    ) -> (Held, KeptPiece) {
        let piece = self.piece(bytes, so_far);
        let Some(store) = self.store.clone().filter(|_| self.why_not.is_none()) else {
            return (Held::Blob(blob), piece);
        };
        let path = piece_path(&self.repository, &self.commit, &self.load, file, bytes);
        // Named before it is there, so that half of it does not stay behind.
        self.written.push(path.clone());
        match store.put(&path, &blob).await {
            Ok(()) => (Held::Kept(store, path), piece),
            Err(why) => {
                store.delete(&path).await;
                self.give_up(why);
                (Held::Blob(blob), piece)
            }
        }
    }

    /// Everything is here and right: from now on the model is kept.
    pub async fn finish(&mut self, manifest: &Manifest) {
        let Some(store) = self.store.as_ref().filter(|_| self.why_not.is_none()) else { return };
        match store.put_manifest(manifest).await {
            Ok(()) => self.is_kept = true,
            Err(why) => self.give_up(why),
        }
    }

    /// Why the model is not kept, where it is not.
    pub fn why_not(&self) -> Option<NotKept> {
        self.why_not
    }

    /// The load has ended, well or not: what was written of a model that is not kept is deleted, at the latest here, for
    /// until now it may have been read.
    pub async fn end(self) {
        if let Some(store) = self.store.filter(|_| !self.is_kept) {
            for path in &self.written {
                store.delete(path).await;
            }
        }
    }

    /// What is written already is still read from where it is.
    fn give_up(&mut self, why: NotKept) {
        self.why_not.get_or_insert(why);
    }
}
