//! A weights file as pieces that the browser holds: none of them stands in this worker's memory until it is read.

use std::cell::RefCell;
use std::ops::Range;

use gloo::file::Blob;
use gloo::file::futures::read_as_bytes;

use crate::browser::model_cache::Store;
use crate::models::source::{ByteSource, ReadError, Reading};

/// How much is read at once, in bytes.
const STEP: u64 = 4 << 20;

/// A stretch of the file, and who has it.
#[derive(Debug, Clone)]
pub struct Piece {
    /// Its bytes, counted from the beginning of the file.
    pub bytes: Range<u64>,
    /// Who has them.
    pub held: Held,
}

/// Who has the bytes of a piece.
#[derive(Debug, Clone)]
pub enum Held {
    /// The browser, for as long as this worker lives.
    Blob(web_sys::Blob),
    /// The browser's cache, at this path.
    Kept(Store, String),
}

/// A file of which some stretches were left out because nobody reads them.
#[derive(Debug)]
pub struct Pieces {
    length: u64,
    pieces: Vec<Piece>,
    /// What was last taken from the cache: the next bytes are mostly asked from the same piece.
    last: RefCell<Option<(usize, Blob)>>,
}

impl Pieces {
    /// Pieces in the order of the file.
    pub fn new(length: u64, pieces: Vec<Piece>) -> Self {
        Self { length, pieces, last: RefCell::default() }
    }

    async fn bytes(&self, range: Range<u64>) -> Result<Vec<u8>, ReadError> {
        let mut bytes = Vec::with_capacity((range.end - range.start) as usize);
        let mut at = range.start;
        while at < range.end {
            let Some(idx) = self.pieces.iter().position(|piece| piece.bytes.contains(&at)) else {
                return Err(ReadError(format!(
                    "expected weights from byte {at}, found a mask that was left out"
                )));
            };
            let Range { start, end } = self.pieces[idx].bytes;
            let until = range.end.min(end);
            let blob = self.blob(idx).await?;
            bytes.extend(read_as_bytes(&blob.slice(at - start, until - start)).await.map_err(|_| gone())?);
            at = until;
        }
        Ok(bytes)
    }

    async fn blob(&self, idx: usize) -> Result<Blob, ReadError> {
        if let Some((_, blob)) = self.last.borrow().as_ref().filter(|(last, _)| *last == idx) {
            return Ok(blob.clone());
        }
        let blob = Blob::from(self.pieces[idx].held.blob().await.ok_or_else(gone)?);
        self.last.replace(Some((idx, blob.clone())));
        Ok(blob)
    }
}

impl ByteSource for Pieces {
    fn length(&self) -> u64 {
        self.length
    }

    fn read(&self, range: Range<u64>) -> Reading<'_> {
        Box::pin(self.bytes(range))
    }
}

impl Held {
    /// The bytes; none where they have gone from the cache.
    pub async fn blob(&self) -> Option<web_sys::Blob> {
        match self {
            Self::Blob(blob) => Some(blob.clone()),
            Self::Kept(store, path) => store.get(path).await,
        }
    }
}

/// Gives the bytes of a blob to `take`, few at a time; false where they cannot be read or are not `length` many.
pub async fn each_step(blob: web_sys::Blob, length: u64, take: &mut dyn FnMut(&[u8])) -> bool {
    let blob = Blob::from(blob);
    if blob.size() != length {
        return false;
    }
    for start in (0..length).step_by(STEP as usize) {
        match read_as_bytes(&blob.slice(start, length.min(start + STEP))).await {
            Ok(bytes) => take(&bytes),
            Err(_) => return false,
        }
    }
    true
}

fn gone() -> ReadError {
    ReadError(
        "expected the bytes that were fetched, found that the browser has removed them; load the model again"
            .into(),
    )
}
