//! The header of a safetensors file: which tensor lies where.
//!
//! Headers are read here rather than by the `safetensors` crate, whose errors do not say which tensor is wrong and
//! whose sums overflow on headers made to do so.

use std::collections::BTreeMap;
use std::ops::Range;

use half::{bf16, f16};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

/// Bytes before the header, which count it.
pub const LENGTH_BYTES: u64 = 8;

/// Longest header that is read: that of the `safetensors` library.
pub const MAX_HEADER_BYTES: u64 = 100_000_000;

/// What is wrong with a header, in words that go on after the file's name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct HeaderError(pub String);

/// Where a tensor lies in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTensor {
    /// Its name.
    pub name: String,
    /// Its type, such as `F32`.
    pub dtype: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its bytes, counted from the beginning of the file.
    pub bytes: Range<u64>,
}

/// How many bytes the header has, which begins after [`LENGTH_BYTES`]; `first` holds the file's first bytes.
///
/// # Errors
/// Too few bytes, or a header that would go on after the file's end or is longer than any model's.
pub fn header_length(first: &[u8], file_length: u64) -> Result<u64, HeaderError> {
    let Some(length) = first.first_chunk().filter(|_| file_length >= LENGTH_BYTES) else {
        return Err(HeaderError(format!("expected a safetensors file, found only {file_length} bytes")));
    };
    let length = u64::from_le_bytes(*length);
    if length > file_length - LENGTH_BYTES {
        return Err(HeaderError(format!(
            "expected a safetensors header of {length} bytes as its first eight bytes say, found {file_length} bytes in all"
        )));
    }
    if length > MAX_HEADER_BYTES {
        return Err(HeaderError(format!(
            "expected a safetensors header of at most {MAX_HEADER_BYTES} bytes, found one of {length}"
        )));
    }
    Ok(length)
}

/// What a header says of one tensor.
#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    /// Begin and end in the bytes after the header.
    data_offsets: (u64, u64),
}

/// All tensors in the order in which they lie in the file; checks that they fill it end to end.
///
/// # Errors
/// Names the first tensor that is not where or what the header says.
pub fn parse_header(header: &[u8], file_length: u64) -> Result<Vec<StoredTensor>, HeaderError> {
    let data_start = LENGTH_BYTES + header.len() as u64;
    let data_length = file_length.saturating_sub(data_start);
    let mut header: BTreeMap<String, Value> = serde_json::from_slice(header).map_err(|error| {
        HeaderError(format!("expected a safetensors header in JSON, found something else ({error})"))
    })?;
    header.remove("__metadata__");
    let mut entries = Vec::new();
    for (name, value) in header {
        let entry: Entry = serde_json::from_value(value).map_err(|error| {
            HeaderError(format!(
                "expected a dtype, a shape and data_offsets for {name}, found none ({error})"
            ))
        })?;
        entries.push((name, entry));
    }
    entries.sort_by_key(|(_, entry)| entry.data_offsets);
    let mut end = 0;
    for (name, entry) in &entries {
        entry.check(name, end, data_length).map_err(HeaderError)?;
        end = entry.data_offsets.1;
    }
    if end != data_length {
        return Err(HeaderError(format!(
            "expected {end} bytes of tensors as its header says, found {data_length}"
        )));
    }
    let stored = |(name, Entry { dtype, shape, data_offsets: (begin, end) })| StoredTensor {
        name,
        dtype,
        shape,
        bytes: data_start + begin..data_start + end,
    };
    Ok(entries.into_iter().map(stored).collect())
}

impl Entry {
    /// Checks that the tensor follows the one that ends at `expected_begin` and takes as many bytes as it should.
    fn check(&self, name: &str, expected_begin: u64, data_length: u64) -> Result<(), String> {
        let Self { dtype, shape, data_offsets: (begin, end) } = self;
        if *begin != expected_begin {
            return Err(format!(
                "expected {name} to begin at byte {expected_begin}, where the tensor before it ends, found {begin}"
            ));
        }
        if end < begin || *end > data_length {
            return Err(format!(
                "expected {name} to end between byte {begin} and byte {data_length}, where the file ends, found {end}"
            ));
        }
        let Some(n_values) = shape.iter().try_fold(1, |n: usize, &size| n.checked_mul(size)) else {
            return Err(format!("expected a shape that a file can hold for {name}, found {shape:?}"));
        };
        // Other types are refused if and when the network asks for the tensor: a mask is of no consequence.
        let n_bytes = Float::from_name(dtype).map(|float| (n_values as u64).checked_mul(float.width()));
        match n_bytes {
            Some(n_bytes) if n_bytes != Some(end - begin) => Err(format!(
                "expected {name} of shape {shape:?} in {dtype} to take {} bytes, found {}",
                n_bytes.map_or("too many".to_owned(), |n| n.to_string()),
                end - begin
            )),
            _ => Ok(()),
        }
    }
}

/// The types that weights may be stored in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Float {
    F32,
    F16,
    Bf16,
}

impl Float {
    pub fn from_name(dtype: &str) -> Option<Self> {
        match dtype {
            "F32" => Some(Self::F32),
            "F16" => Some(Self::F16),
            "BF16" => Some(Self::Bf16),
            _ => None,
        }
    }

    /// Bytes of one number.
    pub fn width(self) -> u64 {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }

    /// Adds the numbers in some bytes to others.
    pub fn widen(self, bytes: &[u8], into: &mut Vec<f32>) {
        match self {
            Self::F32 => into.extend(bytes.as_chunks().0.iter().map(|&x| f32::from_le_bytes(x))),
            Self::F16 => into.extend(bytes.as_chunks().0.iter().map(|&x| f16::from_le_bytes(x).to_f32())),
            Self::Bf16 => into.extend(bytes.as_chunks().0.iter().map(|&x| bf16::from_le_bytes(x).to_f32())),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tensors_come_in_the_order_of_the_file() {
        let header = json!({
            "__metadata__": {"format": "pt"},
            "a": {"dtype": "F16", "shape": [2], "data_offsets": [8, 12]},
            "b": {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]},
        });
        let header = header.to_string();
        let start = LENGTH_BYTES + header.len() as u64;
        let tensors = parse_header(header.as_bytes(), start + 12).unwrap();
        let found: Vec<_> =
            tensors.iter().map(|t| (t.name.as_str(), &t.dtype[..], &t.shape[..], &t.bytes)).collect();
        let (b, a) = (start..start + 8, start + 8..start + 12);
        assert_eq!(found, [("b", "F32", &[1, 2][..], &b), ("a", "F16", &[2][..], &a)]);
    }

    #[test]
    fn lengths_are_checked_before_a_header_is_read() {
        assert_eq!(header_length(&9u64.to_le_bytes(), 17), Ok(9));
        assert!(header_length(&9u64.to_le_bytes(), 16).is_err());
        assert!(header_length(&[], 1 << 40).is_err());
        let error = header_length(&(MAX_HEADER_BYTES + 1).to_le_bytes(), 1 << 40).unwrap_err().to_string();
        assert!(error.contains("at most 100000000 bytes, found one of 100000001"), "{error}");
    }
}
