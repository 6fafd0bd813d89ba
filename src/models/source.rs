//! Bytes of a weights file, read piece by piece: no file ever stands in memory as a whole.

use std::fmt::Debug;
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::rc::Rc;

use thiserror::Error;

/// How many bytes are read at once, at most.
pub const PIECE: u64 = 4 << 20;

/// Why a piece could not be read, in words that go on after the file's name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct ReadError(pub String);

/// A future on one thread.
pub type Reading<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, ReadError>> + 'a>>;

/// A file of known length whose bytes can be read from any place.
pub trait ByteSource: Debug {
    /// Number of bytes of the whole file.
    fn length(&self) -> u64;

    /// The bytes of a range that ends at or before [`ByteSource::length`].
    fn read(&self, range: Range<u64>) -> Reading<'_>;
}

impl ByteSource for Vec<u8> {
    fn length(&self) -> u64 {
        self.len() as u64
    }

    fn read(&self, range: Range<u64>) -> Reading<'_> {
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        let piece = self.get(place(range.start)..place(range.end)).map(<[u8]>::to_vec);
        Box::pin(async move {
            piece
                .ok_or_else(|| ReadError(format!("expected bytes up to {}, found {}", range.end, self.len())))
        })
    }
}

/// One `*.safetensors` file of a model.
#[derive(Debug, Clone)]
pub struct WeightsFile {
    /// Its name without folder.
    pub name: String,
    /// Its contents.
    pub bytes: Rc<dyn ByteSource>,
    /// SHA-256 of the contents in lower-case hexadecimal, where whoever gives the file has verified it; elsewhere the
    /// engine computes it.
    pub sha256: Option<String>,
}

impl WeightsFile {
    /// A file that nobody has verified yet.
    pub fn new(name: impl Into<String>, bytes: impl ByteSource + 'static) -> Self {
        Self { name: name.into(), bytes: Rc::new(bytes), sha256: None }
    }

    /// Whether a file of this name holds weights.
    pub fn is_one(name: &str) -> bool {
        name.ends_with(".safetensors")
    }

    /// The bytes of a range, exactly.
    ///
    /// # Errors
    /// The source's own, and a range that is past the file's end.
    pub async fn read(&self, range: Range<u64>) -> Result<Vec<u8>, ReadError> {
        let expected = range.end.saturating_sub(range.start);
        let begin = range.start;
        let bytes = self.bytes.read(range).await?;
        // A file on a disk or a host can have changed since its length was asked for.
        if bytes.len() as u64 == expected {
            Ok(bytes)
        } else {
            let found = bytes.len();
            Err(ReadError(format!(
                "expected {expected} bytes from byte {begin}, found {found}; give the file again"
            )))
        }
    }
}

/// A range in pieces of at most [`PIECE`] bytes.
pub fn pieces(range: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let Range { start, end } = range;
    (start..end).step_by(PIECE as usize).map(move |begin| begin..end.min(begin.saturating_add(PIECE)))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    use super::*;

    /// Bytes in memory that count how many of them were asked for, and what was asked for at once at most.
    #[derive(Debug, Default, Clone)]
    pub struct Counted {
        pub bytes: Vec<u8>,
        pub n_read: Rc<Cell<u64>>,
        pub longest: Rc<Cell<u64>>,
    }

    impl ByteSource for Counted {
        fn length(&self) -> u64 {
            self.bytes.length()
        }

        fn read(&self, range: Range<u64>) -> Reading<'_> {
            let n_bytes = range.end - range.start;
            self.n_read.set(self.n_read.get() + n_bytes);
            self.longest.set(self.longest.get().max(n_bytes));
            self.bytes.read(range)
        }
    }

    #[test]
    fn pieces_are_the_range_end_to_end() {
        for range in [0..0, 5..6, 7..7 + PIECE, 3..4 + 2 * PIECE] {
            let all: Vec<_> = pieces(range.clone()).collect();
            assert!(all.iter().all(|piece| piece.start < piece.end && piece.end - piece.start <= PIECE));
            assert!(all.windows(2).all(|two| two[0].end == two[1].start));
            assert_eq!(all.first().map_or(range.start, |piece| piece.start), range.start);
            assert_eq!(all.last().map_or(range.end, |piece| piece.end), range.end);
        }
        assert_eq!(pieces(3..4 + 2 * PIECE).count(), 3);
    }

    #[test]
    fn bytes_past_the_end_are_an_error() {
        let file = WeightsFile::new("w", vec![1, 2, 3]);
        assert_eq!(pollster::block_on(file.read(1..3)), Ok(vec![2, 3]));
        assert_eq!(pollster::block_on(file.read(3..3)), Ok(vec![]));
        assert!(pollster::block_on(file.read(2..4)).unwrap_err().to_string().contains("up to 4, found 3"));
    }

    /// A file that was cut while it was open.
    #[test]
    fn sources_that_give_less_than_they_promised_are_an_error() {
        #[derive(Debug)]
        struct Cut;
        impl ByteSource for Cut {
            fn length(&self) -> u64 {
                100
            }
            fn read(&self, _: Range<u64>) -> Reading<'_> {
                Box::pin(async { Ok(vec![0; 4]) })
            }
        }
        let error = pollster::block_on(WeightsFile::new("w", Cut).read(10..20)).unwrap_err().to_string();
        assert!(error.starts_with("expected 10 bytes from byte 10, found 4"), "{error}");
    }
}
