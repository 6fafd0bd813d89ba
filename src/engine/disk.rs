//! A file on disk, read piece by piece.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::models::source::{ByteSource, ReadError, Reading};

/// An open file.
#[derive(Debug)]
pub struct DiskFile {
    file: File,
    path: PathBuf,
    length: u64,
}

impl DiskFile {
    /// Opens a file and asks for its length.
    ///
    /// # Errors
    /// Those of the system.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self { file, path: path.to_owned(), length })
    }

    fn bytes(&self, range: Range<u64>) -> io::Result<Vec<u8>> {
        let n_bytes = usize::try_from(range.end.saturating_sub(range.start)).map_err(io::Error::other)?;
        let mut bytes = vec![0; n_bytes];
        let mut file = &self.file;
        file.seek(SeekFrom::Start(range.start))?;
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

impl ByteSource for DiskFile {
    fn length(&self) -> u64 {
        self.length
    }

    fn read(&self, range: Range<u64>) -> Reading<'_> {
        Box::pin(async move {
            let Range { start, end } = range;
            self.bytes(range).map_err(|error| {
                let path = self.path.display();
                ReadError(format!("expected the bytes {start} to {end} of {path}, found that {error}"))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;

    #[test]
    fn pieces_of_a_file_are_read_from_any_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w");
        let bytes: Vec<u8> = (0..=255).collect();
        std::fs::write(&path, &bytes).unwrap();
        let file = DiskFile::open(&path).unwrap();
        assert_eq!(file.length(), 256);
        for range in [0..256, 200..256, 7..7, 3..90] {
            let expected = &bytes[range.start as usize..range.end as usize];
            assert_eq!(block_on(file.read(range)).unwrap(), expected);
        }
        std::fs::write(&path, [0; 10]).unwrap();
        let error = block_on(file.read(5..20)).unwrap_err().to_string();
        assert!(
            error.contains("expected the bytes 5 to 20 of") && error.contains("/w, found that"),
            "{error}"
        );
        assert!(DiskFile::open(&folder.path().join("none")).is_err());
    }
}
