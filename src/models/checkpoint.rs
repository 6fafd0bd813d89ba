//! Weights by name from safetensors files, every tensor checked before it is used and widened to f32.
//!
//! What a network did not ask for is an error too: an unread tensor means that the wrong network was built.
//! Tensors are read one by one, in pieces: beside what is on the device, at most one of them is in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::header::{Float, HeaderError, LENGTH_BYTES, StoredTensor, header_length, parse_header};
use super::source::{ReadError, WeightsFile, pieces};

/// Why a checkpoint cannot be used.
#[derive(Debug, Error, PartialEq)]
pub enum CheckpointError {
    /// The file ends early, or its header lies.
    #[error("{file}: {problem}; download or export it again")]
    Malformed {
        /// Which file.
        file: String,
        /// What was expected and what was found.
        problem: String,
    },
    /// The file's bytes cannot be had.
    #[error("{file}: {problem}")]
    Unreadable {
        /// Which file.
        file: String,
        /// What its source says.
        problem: ReadError,
    },
    /// The index is not what the Hub writes.
    #[error(
        "model.safetensors.index.json: expected {{\"weight_map\": {{tensor: file, …}}}}, found {problem}; download it again"
    )]
    BadIndex {
        /// What was found.
        problem: String,
    },
    /// A shard that the index names was not given.
    #[error(
        "expected the file {file}, which model.safetensors.index.json names for {tensor}, found only: {}; add it",
        listed(found)
    )]
    MissingShard {
        /// The shard.
        file: String,
        /// A tensor that should be in it.
        tensor: String,
        /// The files there are.
        found: Vec<String>,
    },
    /// Two files hold a tensor of one name.
    #[error(
        "expected every tensor once, found {name} in {first} and again in {second}; remove one of the files"
    )]
    Twice {
        /// Its name.
        name: String,
        /// The file that came first.
        first: String,
        /// The other.
        second: String,
    },
    /// A tensor is absent.
    #[error(
        "expected a tensor {name} of shape {expected:?}, found none of that name; the weights do not belong to this config.json"
    )]
    Missing {
        /// Its name.
        name: String,
        /// Its shape.
        expected: Vec<usize>,
    },
    /// A tensor has another shape.
    #[error(
        "expected {name} of shape {expected:?}, found {found:?}; the weights do not belong to this config.json"
    )]
    WrongShape {
        /// Its name.
        name: String,
        /// What the config says.
        expected: Vec<usize>,
        /// What the file says.
        found: Vec<usize>,
    },
    /// A tensor is stored in another type.
    #[error("expected {name} as f32, f16 or bf16, found {found}; export the model unquantised")]
    WrongType {
        /// Its name.
        name: String,
        /// Its type.
        found: String,
    },
    /// A weight is NaN or infinite.
    #[error(
        "expected finite weights, found {value} in {name} at position {position}; export the model again"
    )]
    NotFinite {
        /// The tensor.
        name: String,
        /// Where in it.
        position: usize,
        /// NaN or an infinity.
        value: f32,
    },
    /// Tensors that the architecture does not know.
    #[error(
        "expected only tensors of a {architecture} model, found also: {names}; the weights belong to another architecture"
    )]
    Unused {
        /// `model_type`.
        architecture: String,
        /// The first of them.
        names: String,
    },
}

/// Names of files, in words.
pub fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Where a tensor lies.
#[derive(Debug)]
struct Stored {
    file_idx: usize,
    tensor: StoredTensor,
}

/// The tensors of one model, each to be taken once.
#[derive(Debug)]
pub struct Checkpoint {
    files: Vec<WeightsFile>,
    tensors: BTreeMap<String, Stored>,
}

/// A tensor of the right shape and type whose numbers are still in its file.
#[derive(Debug)]
pub struct Claimed {
    file: WeightsFile,
    name: String,
    float: Float,
    begin: u64,
    n_values: usize,
}

impl Checkpoint {
    /// Reads the headers of all weight files; with an index, of those that it names, which must all be there.
    ///
    /// # Errors
    /// Unreadable or malformed files, a malformed index, a missing shard, a tensor in two files.
    pub async fn open(mut files: Vec<WeightsFile>, index: Option<&[u8]>) -> Result<Self, CheckpointError> {
        if let Some(index) = index {
            let named = named_files(index, &files)?;
            files.retain(|file| named.contains(&file.name));
        }
        let mut tensors = BTreeMap::<String, Stored>::new();
        for (file_idx, file) in files.iter().enumerate() {
            for tensor in read_header(file).await? {
                if let Some(before) = tensors.get(&tensor.name) {
                    let (first, second) = (files[before.file_idx].name.clone(), file.name.clone());
                    return Err(CheckpointError::Twice { name: tensor.name, first, second });
                }
                tensors.insert(tensor.name.clone(), Stored { file_idx, tensor });
            }
        }
        Ok(Self { files, tensors })
    }

    /// The files that the weights come from.
    pub fn files(&self) -> &[WeightsFile] {
        &self.files
    }

    /// SHA-256 of the weights in hexadecimal: that of the file, or, of several files, that of their own SHA-256s one
    /// after another. Files that were not verified yet are read once.
    ///
    /// # Errors
    /// Unreadable files.
    pub async fn sha256(&self) -> Result<String, CheckpointError> {
        let mut all = Vec::new();
        for file in &self.files {
            all.push(match &file.sha256 {
                Some(known) => known.clone(),
                None => sha256_of(file).await?,
            });
        }
        match &all[..] {
            [only] => Ok(only.clone()),
            several => Ok(hexadecimal(Sha256::digest(several.concat()).as_slice())),
        }
    }

    /// `prefix` where the stored names carry it, else nothing: base models are saved without it.
    pub fn prefix(&self, prefix: &str) -> String {
        let is_used = self.tensors.keys().any(|name| name.starts_with(prefix));
        if is_used { prefix.to_owned() } else { String::new() }
    }

    /// Is there a tensor of this name?
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Takes a tensor without reading it yet.
    ///
    /// # Errors
    /// Missing, of another shape or type.
    pub fn claim(&mut self, name: &str, expected: &[usize]) -> Result<Claimed, CheckpointError> {
        let Some(Stored { file_idx, tensor }) = self.tensors.remove(name) else {
            return Err(CheckpointError::Missing { name: name.to_owned(), expected: expected.to_vec() });
        };
        if tensor.shape != expected {
            return Err(CheckpointError::WrongShape {
                name: name.to_owned(),
                expected: expected.to_vec(),
                found: tensor.shape,
            });
        }
        let Some(float) = Float::from_name(&tensor.dtype) else {
            return Err(CheckpointError::WrongType { name: name.to_owned(), found: tensor.dtype });
        };
        let n_values = tensor.shape.iter().product();
        let file = self.files[file_idx].clone();
        Ok(Claimed { file, name: tensor.name, float, begin: tensor.bytes.start, n_values })
    }

    /// Takes a tensor, widened to f32, row-major.
    ///
    /// # Errors
    /// Missing, of another shape or type, unreadable, or not finite.
    pub async fn take(&mut self, name: &str, expected: &[usize]) -> Result<Vec<f32>, CheckpointError> {
        let claimed = self.claim(name, expected)?;
        claimed.values(0..claimed.n_values).await
    }

    /// Checks that nothing was left but buffers whose contents follow from the config.
    ///
    /// # Errors
    /// Names the first tensors that the network did not read.
    pub fn finish(mut self, architecture: &str, buffers: &[&str]) -> Result<(), CheckpointError> {
        self.tensors.retain(|name, _| !buffers.iter().any(|buffer| name.ends_with(buffer)));
        if self.tensors.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = self.tensors.keys().take(3).cloned().collect();
        let more = self.tensors.len() - names.len();
        let names = names.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() };
        Err(CheckpointError::Unused { architecture: architecture.to_owned(), names })
    }
}

impl Claimed {
    /// Some of its numbers, row-major, widened to f32 as they are read.
    ///
    /// # Errors
    /// Unreadable, or not finite.
    pub async fn values(&self, range: Range<usize>) -> Result<Vec<f32>, CheckpointError> {
        let place = |value: usize| self.begin + self.float.width() * value as u64;
        let mut values = Vec::with_capacity(range.len());
        for piece in pieces(place(range.start)..place(range.end)) {
            let bytes = self.file.read(piece).await.map_err(unreadable(&self.file))?;
            let n_before = values.len();
            self.float.widen(&bytes, &mut values);
            if let Some(at) = values[n_before..].iter().position(|value| !value.is_finite()) {
                let (position, value) = (range.start + n_before + at, values[n_before + at]);
                return Err(CheckpointError::NotFinite { name: self.name.clone(), position, value });
            }
        }
        Ok(values)
    }
}

fn unreadable(file: &WeightsFile) -> impl Fn(ReadError) -> CheckpointError {
    move |problem| CheckpointError::Unreadable { file: file.name.clone(), problem }
}

async fn read_header(file: &WeightsFile) -> Result<Vec<StoredTensor>, CheckpointError> {
    let malformed = |HeaderError(problem)| CheckpointError::Malformed { file: file.name.clone(), problem };
    let file_length = file.bytes.length();
    let first = file.read(0..file_length.min(LENGTH_BYTES)).await.map_err(unreadable(file))?;
    let length = header_length(&first, file_length).map_err(malformed)?;
    let header = file.read(LENGTH_BYTES..LENGTH_BYTES + length).await.map_err(unreadable(file))?;
    parse_header(&header, file_length).map_err(malformed)
}

async fn sha256_of(file: &WeightsFile) -> Result<String, CheckpointError> {
    let mut hash = Sha256::new();
    for piece in pieces(0..file.bytes.length()) {
        hash.update(file.read(piece).await.map_err(unreadable(file))?);
    }
    Ok(hexadecimal(hash.finalize().as_slice()))
}

/// Bytes in lower-case hexadecimal, as digests are written.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The file of each tensor, as `model.safetensors.index.json` says.
///
/// # Errors
/// [`CheckpointError::BadIndex`].
pub fn shards_by_tensor(index: &[u8]) -> Result<BTreeMap<String, String>, CheckpointError> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    serde_json::from_slice(index)
        .map(|Index { weight_map }| weight_map)
        .map_err(|error| CheckpointError::BadIndex { problem: error.to_string() })
}

/// The files that the index names; all of them are here.
fn named_files(index: &[u8], files: &[WeightsFile]) -> Result<BTreeSet<String>, CheckpointError> {
    let shards = shards_by_tensor(index)?;
    if shards.is_empty() {
        return Err(CheckpointError::BadIndex { problem: "no tensor in it".into() });
    }
    let is_here = |file: &str| files.iter().any(|given| given.name == file);
    match shards.iter().find(|(_, file)| !is_here(file)) {
        None => Ok(shards.into_values().collect()),
        Some((tensor, file)) => {
            let found = files.iter().map(|given| given.name.clone()).collect();
            Err(CheckpointError::MissingShard { file: file.clone(), tensor: tensor.clone(), found })
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use pollster::block_on;

    use super::{Checkpoint, CheckpointError};
    use crate::models::WeightsFile;
    use crate::models::source::PIECE;
    use crate::models::source::tests::Counted;

    /// A safetensors file with this header and so many bytes of data.
    fn file(header: &Value, data: &[u8]) -> Vec<u8> {
        let header = header.to_string().into_bytes();
        [&(header.len() as u64).to_le_bytes()[..], &header, data].concat()
    }

    fn entry(dtype: &str, shape: &[usize], offsets: [usize; 2]) -> Value {
        json!({"dtype": dtype, "shape": shape, "data_offsets": offsets})
    }

    fn open(bytes: Vec<u8>) -> Result<Checkpoint, CheckpointError> {
        block_on(Checkpoint::open(vec![WeightsFile::new("model.safetensors", bytes)], None))
    }

    fn take(mut checkpoint: Checkpoint, name: &str, expected: &[usize]) -> Result<Vec<f32>, CheckpointError> {
        block_on(checkpoint.take(name, expected))
    }

    fn floats(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    /// One tensor `w` of four weights.
    fn four(dtype: &str, data: &[u8]) -> Checkpoint {
        open(file(&json!({"w": entry(dtype, &[2, 2], [0, data.len()])}), data)).unwrap()
    }

    fn check_refused(bytes: Vec<u8>, sentence: &str) {
        let error = open(bytes).unwrap_err().to_string();
        assert!(error.contains(sentence) && error.starts_with("model.safetensors: "), "{error}");
    }

    fn fixture(path: &str) -> Vec<u8> {
        std::fs::read(format!("fixtures/checkpoints/{path}")).unwrap()
    }

    #[test]
    fn all_three_types_are_widened() {
        let expected = [1.0, -2.0, 0.5, 0.0];
        let halves = expected.map(half::f16::from_f32).map(half::f16::to_le_bytes);
        let brains = expected.map(half::bf16::from_f32).map(half::bf16::to_le_bytes);
        assert_eq!(take(four("F32", &floats(&expected)), "w", &[2, 2]).unwrap(), expected);
        assert_eq!(take(four("F16", halves.as_flattened()), "w", &[2, 2]).unwrap(), expected);
        assert_eq!(take(four("BF16", brains.as_flattened()), "w", &[2, 2]).unwrap(), expected);
    }

    #[test]
    fn files_that_are_no_safetensors_are_refused() {
        check_refused(vec![], "expected a safetensors file, found only 0 bytes");
        check_refused(vec![1, 0, 0], "found only 3 bytes");
        check_refused(
            [&u64::MAX.to_le_bytes()[..], b"{}"].concat(),
            "expected a safetensors header of 18446744073709551615 bytes as its first eight bytes say, found 10 bytes",
        );
        check_refused(
            9u64.to_le_bytes().to_vec(),
            "header of 9 bytes as its first eight bytes say, found 8 bytes",
        );
        check_refused(
            [&4u64.to_le_bytes()[..], b"oops"].concat(),
            "expected a safetensors header in JSON, found something else",
        );
        check_refused([&2u64.to_le_bytes()[..], b"[]"].concat(), "expected a safetensors header in JSON");
        check_refused(
            file(&json!({"w": {"dtype": "F32"}}), &[]),
            "expected a dtype, a shape and data_offsets for w",
        );
        check_refused(
            file(&json!({"w": entry("F32", &[1], [0, 4])}), &[0; 4])[..40].to_vec(),
            "found 40 bytes",
        );
    }

    #[test]
    fn headers_that_lie_are_refused() {
        let one = |value| json!({ "w": value });
        let two = |first, second| json!({"a": entry("F32", &[1], first), "b": entry("F32", &[1], second)});
        check_refused(
            file(&one(entry("F32", &[2, 2], [0, 16])), &[0; 12]),
            "expected w to end between byte 0 and byte 12, where the file ends, found 16",
        );
        check_refused(
            file(&one(entry("F32", &[2, 2], [0, 16])), &[0; 20]),
            "expected 16 bytes of tensors as its header says, found 20",
        );
        check_refused(
            file(&one(entry("F32", &[2, 3], [0, 16])), &[0; 16]),
            "expected w of shape [2, 3] in F32 to take 24 bytes, found 16",
        );
        check_refused(file(&one(entry("F16", &[4], [0, 16])), &[0; 16]), "in F16 to take 8 bytes, found 16");
        check_refused(
            file(&two([0, 4], [2, 6]), &[0; 6]),
            "expected b to begin at byte 4, where the tensor before it ends, found 2",
        );
        check_refused(file(&two([0, 4], [6, 10]), &[0; 10]), "expected b to begin at byte 4");
        check_refused(file(&one(entry("F32", &[1], [4, 0])), &[0; 4]), "expected w to begin at byte 0");
        check_refused(
            file(&one(entry("F32", &[0], [0, usize::MAX])), &[0; 4]),
            "expected w to end between byte 0 and byte 4",
        );
        check_refused(
            file(&one(entry("I8", &[usize::MAX, 2], [0, 4])), &[0; 4]),
            "expected a shape that a file can hold for w",
        );
        check_refused(
            file(&one(entry("F32", &[usize::MAX], [0, 4])), &[0; 4]),
            "to take too many bytes, found 4",
        );
        check_refused(
            file(&json!({"w": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}), &[0; 4]),
            "expected a dtype, a shape and data_offsets for w",
        );
    }

    #[test]
    fn what_the_network_asks_for_must_be_there() {
        let error =
            |expected: &[usize], name| take(four("F32", &[0; 16]), name, expected).unwrap_err().to_string();
        assert!(
            error(&[2, 2], "v").starts_with("expected a tensor v of shape [2, 2], found none of that name")
        );
        assert!(error(&[4], "w").starts_with("expected w of shape [4], found [2, 2]"));
    }

    #[test]
    fn other_types_are_refused_when_asked_for() {
        for (dtype, n_bytes) in [("I8", 4), ("F64", 32), ("F8_E4M3", 4), ("U32", 16)] {
            let error = take(four(dtype, &vec![0; n_bytes]), "w", &[2, 2]).unwrap_err().to_string();
            assert!(error.starts_with(&format!("expected w as f32, f16 or bf16, found {dtype}")), "{error}");
        }
    }

    #[test]
    fn weights_that_are_not_finite_are_refused() {
        for (value, word) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf"), (f32::NEG_INFINITY, "-inf")] {
            let error = take(four("F32", &floats(&[0.0, 0.0, value, 0.0])), "w", &[2, 2]).unwrap_err();
            let sentence = format!("expected finite weights, found {word} in w at position 2");
            assert!(error.to_string().starts_with(&sentence), "{error}");
        }
        let infinite_half = [0, 0, 0, 0x7c, 0, 0, 0, 0];
        assert!(take(four("F16", &infinite_half), "w", &[2, 2]).unwrap_err().to_string().contains("inf"));
    }

    #[test]
    fn tensors_left_over_are_refused_unless_they_are_masks() {
        let error = four("F32", &[0; 16]).finish("gpt2", &[".bias"]).unwrap_err().to_string();
        assert!(error.starts_with("expected only tensors of a gpt2 model, found also: w;"), "{error}");
        let header: Value = (0..5).map(|i| (format!("t{i}"), entry("F32", &[0], [0, 0]))).collect();
        let error = open(file(&header, &[])).unwrap().finish("gpt2", &[]).unwrap_err().to_string();
        assert!(error.contains("found also: t0, t1, t2 and 2 more"), "{error}");
        let mask = open(file(&json!({"h.0.attn.bias": entry("BOOL", &[2, 2], [0, 4])}), &[0; 4])).unwrap();
        assert_eq!(mask.finish("gpt2", &[".attn.bias"]), Ok(()));
    }

    #[test]
    fn shards_are_those_that_the_index_names() {
        let shard = |name: &str| file(&json!({ name: entry("F32", &[1], [0, 4]) }), &floats(&[1.0]));
        let files = |names: &[(&str, &str)]| {
            names.iter().map(|(file, tensor)| WeightsFile::new(*file, shard(tensor))).collect::<Vec<_>>()
        };
        let index = br#"{"metadata": {}, "weight_map": {"a": "1.safetensors", "b": "2.safetensors"}}"#;
        let both = files(&[("1.safetensors", "a"), ("2.safetensors", "b"), ("other.safetensors", "a")]);
        let checkpoint = block_on(Checkpoint::open(both, Some(index))).unwrap();
        assert_eq!(checkpoint.files().len(), 2);
        assert_eq!(take(checkpoint, "b", &[1]), Ok(vec![1.0]));

        let refused = |names: &[(&str, &str)], index: &[u8]| {
            block_on(Checkpoint::open(files(names), Some(index))).unwrap_err().to_string()
        };
        let error = refused(&[("1.safetensors", "a")], index);
        assert!(
            error.starts_with(
                "expected the file 2.safetensors, which model.safetensors.index.json names for b"
            )
        );
        assert!(error.contains("found only: 1.safetensors"), "{error}");
        assert!(refused(&[], index).contains("found only: none"));
        let error = refused(&[("1.safetensors", "a"), ("2.safetensors", "a")], index);
        assert!(
            error.starts_with(
                "expected every tensor once, found a in 1.safetensors and again in 2.safetensors"
            )
        );
        for bad in [&b"{"[..], b"[]", b"{}", br#"{"weight_map": []}"#, br#"{"weight_map": {"a": 1}}"#] {
            let error = refused(&[("1.safetensors", "a")], bad);
            assert!(error.starts_with("model.safetensors.index.json: expected {\"weight_map\""), "{error}");
        }
        assert!(refused(&[], br#"{"weight_map": {}}"#).contains("found no tensor in it"));
    }

    /// A tensor of more than two pieces comes whole, read once, in pieces; what is not asked for is not read at all.
    #[test]
    fn tensors_are_read_in_pieces_and_masks_not_at_all() {
        let n = 2 * PIECE as usize / 2 + 3;
        let halves: Vec<u8> =
            (0..n).flat_map(|i| half::f16::from_f32((i % 1000) as f32).to_le_bytes()).collect();
        let header = json!({
            "w": entry("F16", &[n], [0, 2 * n]),
            "h.0.attn.bias": entry("BOOL", &[2, 2], [2 * n, 2 * n + 4]),
        });
        let bytes = file(&header, &[&halves[..], &[1, 0, 1, 1]].concat());
        let source = Counted { bytes, ..Counted::default() };
        let files = vec![WeightsFile::new("w", source.clone())];
        let mut checkpoint = block_on(Checkpoint::open(files, None)).unwrap();
        let n_header = source.n_read.get();
        assert_eq!(n_header as usize, source.bytes.len() - 2 * n - 4);
        let claimed = checkpoint.claim("w", &[n]).unwrap();
        let values = block_on(claimed.values(0..n)).unwrap();
        assert!(values.iter().enumerate().all(|(i, &value)| value == (i % 1000) as f32) && values.len() == n);
        assert_eq!((source.n_read.get() - n_header) as usize, 2 * n);
        assert!(source.longest.get() <= PIECE);
        assert_eq!(block_on(claimed.values(5..8)), Ok(vec![5.0, 6.0, 7.0]));
        assert_eq!(checkpoint.finish("gpt2", &[".attn.bias"]), Ok(()));
    }

    /// NaN is named by its place in the whole tensor, whichever piece or part it is in.
    #[test]
    fn numbers_are_counted_from_the_beginning_of_their_tensor() {
        let at = PIECE as usize / 4 + 7;
        let mut values = vec![0.5; at + 2];
        values[at] = f32::NAN;
        let header = json!({"w": entry("F32", &[at + 2], [0, 4 * (at + 2)])});
        let mut checkpoint = open(file(&header, &floats(&values))).unwrap();
        let claimed = checkpoint.claim("w", &[at + 2]).unwrap();
        for range in [0..at + 2, 3..at + 1, at..at + 1] {
            let error = block_on(claimed.values(range)).unwrap_err().to_string();
            assert!(error.contains(&format!("found NaN in w at position {at};")), "{error}");
        }
        assert!(block_on(claimed.values(0..at)).is_ok());
    }

    #[test]
    fn files_that_cannot_be_read_are_named() {
        #[derive(Debug)]
        struct Gone(u64);
        impl crate::models::ByteSource for Gone {
            fn length(&self) -> u64 {
                self.0
            }
            fn read(&self, range: std::ops::Range<u64>) -> crate::models::source::Reading<'_> {
                let n_bytes = range.end - range.start;
                Box::pin(async move {
                    if n_bytes <= 8 {
                        Ok(vec![2, 0, 0, 0, 0, 0, 0, 0])
                    } else {
                        Err(crate::models::ReadError("its disk is gone".into()))
                    }
                })
            }
        }
        let open =
            |length| block_on(Checkpoint::open(vec![WeightsFile::new("2.safetensors", Gone(length))], None));
        let error = open(99).unwrap_err().to_string();
        assert_eq!(error, "2.safetensors: expected 2 bytes from byte 8, found 8; give the file again");
    }

    /// One file has its own digest, several have that of theirs; a digest that is known is not computed again.
    #[test]
    fn digests_are_those_of_the_files() {
        let bytes = file(&json!({"w": entry("F32", &[1], [0, 4])}), &[0; 4]);
        let other = file(&json!({"v": entry("F32", &[1], [0, 4])}), &[0; 4]);
        let of = |bytes: &[u8]| -> String {
            use sha2::{Digest, Sha256};
            Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
        };
        let digest = |files: Vec<WeightsFile>| {
            block_on(block_on(Checkpoint::open(files, None)).unwrap().sha256()).unwrap()
        };
        let (one, two) = (WeightsFile::new("1", bytes.clone()), WeightsFile::new("2", other.clone()));
        assert_eq!(digest(vec![one.clone()]), of(&bytes));
        let both = of(format!("{}{}", of(&bytes), of(&other)).as_bytes());
        assert_eq!(digest(vec![one.clone(), two]), both);
        let known = WeightsFile { sha256: Some("ab".into()), ..one };
        assert_eq!(digest(vec![known]), "ab");
    }

    #[test]
    fn sums_of_sizes_do_not_overflow() {
        let half = usize::MAX / 2 + 1;
        let header = json!({"a": entry("F4", &[half], [0, 1]), "b": entry("F4", &[half], [1, 2])});
        assert!(open(file(&header, &[0; 2])).is_ok());
        let offsets = |i: usize| [i * (usize::MAX / 8), (i + 1) * (usize::MAX / 8)];
        let header: Value =
            (0..8).map(|i| (format!("t{i}"), entry("I8", &[usize::MAX / 8], offsets(i)))).collect();
        check_refused(file(&header, &[0; 4]), "expected t0 to end between byte 0 and byte 4");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), header in ".{0,80}") {
            let _ = open(bytes.clone());
            let _ = open([&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &bytes].concat());
        }

        #[test]
        fn no_truncation_panics(share in 0.0..1.0f64) {
            let bytes = fixture("gpt2-inverse-layer/model.safetensors");
            let n_kept = (share * bytes.len() as f64) as usize;
            prop_assert!(open(bytes[..n_kept].to_vec()).is_err());
        }

        #[test]
        fn no_flip_panics(flips in proptest::collection::vec((0usize..4000, any::<u8>()), 1..8)) {
            let mut bytes = fixture("gpt2-inverse-layer/model.safetensors");
            for (at, byte) in flips {
                bytes[at] = byte;
            }
            if let Ok(mut checkpoint) = open(bytes) {
                let _ = block_on(checkpoint.take("transformer.wte.weight", &[66, 24]));
                let _ = checkpoint.finish("gpt2", &[]);
            }
        }
    }
}
