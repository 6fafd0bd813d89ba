//! Large things that cross the border of a worker as handles: whoever holds one passes it on without reading it.

use std::ops::Range;

use gloo::file::Blob;
use gloo::file::futures::read_as_bytes;
use js_sys::{Array, Float32Array};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

/// How much is read in one piece: small enough to report progress and to be given up soon.
const PIECE: u64 = 4 << 20;

/// The contents are gone or may not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("its contents cannot be read")]
pub struct Unreadable;

/// A handle on bytes that the browser keeps: a file of the visitor's, or what a worker computed.
#[derive(Debug, Clone)]
pub struct Attachment(Blob);

impl Attachment {
    /// A value as postcard bytes.
    ///
    /// # Errors
    /// Those of the encoder.
    pub fn of(value: &impl Serialize) -> Result<Self, postcard::Error> {
        postcard::to_stdvec(value).map(|bytes| Self(Blob::new(bytes.as_slice())))
    }

    /// Bytes as they are.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(Blob::new(bytes))
    }

    /// The value that [`Attachment::of`] was given.
    ///
    /// # Errors
    /// Unreadable, or not such a value.
    pub async fn value<T: DeserializeOwned>(&self) -> Result<T, Unreadable> {
        postcard::from_bytes(&self.bytes(|_| true).await?).map_err(|_| Unreadable)
    }

    /// Numbers as the four bytes of each.
    ///
    /// # Errors
    /// A browser without room for them.
    pub fn of_floats(values: &[f32]) -> Result<Self, Unreadable> {
        // Copied out of this worker's memory; every machine that runs WebAssembly puts the lowest byte first.
        let parts = Array::of1(&Float32Array::from(values));
        let blob = web_sys::Blob::new_with_buffer_source_sequence(&parts).map_err(|_| Unreadable)?;
        Ok(blob.into())
    }

    /// Several attachments as one, without a copy.
    ///
    /// # Errors
    /// A browser without room for it.
    pub fn joined(parts: &[Self]) -> Result<Self, Unreadable> {
        let parts: Array = parts.iter().map(AsRef::<web_sys::Blob>::as_ref).collect();
        let blob = web_sys::Blob::new_with_blob_sequence(&parts).map_err(|_| Unreadable)?;
        Ok(blob.into())
    }

    /// The numbers that [`Attachment::of_floats`] was given; a rest of less than four bytes is left aside.
    ///
    /// # Errors
    /// Unreadable.
    pub async fn floats(&self) -> Result<Vec<f32>, Unreadable> {
        let length = self.length();
        let mut values = Vec::with_capacity(usize::try_from(length / 4).map_err(|_| Unreadable)?);
        for start in (0..length).step_by(PIECE as usize) {
            let piece = self.piece(start..length.min(start + PIECE)).await?;
            values.extend(piece.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)));
        }
        Ok(values)
    }

    /// The bytes of a range.
    ///
    /// # Errors
    /// Unreadable, such as a folder.
    pub async fn piece(&self, range: Range<u64>) -> Result<Vec<u8>, Unreadable> {
        read_as_bytes(&self.0.slice(range.start, range.end)).await.map_err(|_| Unreadable)
    }

    /// Number of bytes.
    pub fn length(&self) -> u64 {
        self.0.size()
    }

    /// All bytes; `go_on` is told the number of bytes of each piece and may end the reading early.
    ///
    /// # Errors
    /// Unreadable, such as a folder.
    pub async fn bytes(&self, go_on: impl Fn(u64) -> bool) -> Result<Vec<u8>, Unreadable> {
        let length = self.length();
        let mut bytes = Vec::with_capacity(usize::try_from(length).map_err(|_| Unreadable)?);
        for start in (0..length).step_by(PIECE as usize) {
            let piece = self.piece(start..length.min(start + PIECE)).await?;
            bytes.extend(&piece);
            if !go_on(piece.len() as u64) {
                break;
            }
        }
        Ok(bytes)
    }
}

impl From<web_sys::File> for Attachment {
    fn from(file: web_sys::File) -> Self {
        Self(file.into())
    }
}

impl From<web_sys::Blob> for Attachment {
    fn from(blob: web_sys::Blob) -> Self {
        Self(blob.into())
    }
}

impl AsRef<web_sys::Blob> for Attachment {
    fn as_ref(&self) -> &web_sys::Blob {
        self.0.as_ref()
    }
}
