//! Large things that cross the border of a worker as handles: whoever holds one passes it on without reading it.

use gloo::file::Blob;
use gloo::file::futures::read_as_bytes;
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

    /// The value that [`Attachment::of`] was given.
    ///
    /// # Errors
    /// Unreadable, or not such a value.
    pub async fn value<T: DeserializeOwned>(&self) -> Result<T, Unreadable> {
        postcard::from_bytes(&self.bytes(|_| true).await?).map_err(|_| Unreadable)
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
            let piece = self.0.slice(start, length.min(start + PIECE));
            let piece = read_as_bytes(&piece).await.map_err(|_| Unreadable)?;
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
