//! Weights by name from safetensors files, every tensor checked before it is used and widened to f32.
//!
//! What a network did not ask for is an error too: an unread tensor means that the wrong network was built.
//! Headers are read here rather than by the `safetensors` crate, whose errors do not say which tensor is wrong and
//! whose sums overflow on headers made to do so.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use half::{bf16, f16};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

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
        "expected the file {file}, which model.safetensors.index.json names for {tensor}, found only: {found}; add it"
    )]
    MissingShard {
        /// The shard.
        file: String,
        /// A tensor that should be in it.
        tensor: String,
        /// The files there are.
        found: String,
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

/// Where a tensor lies.
#[derive(Debug)]
struct Stored {
    file_idx: usize,
    dtype: String,
    shape: Vec<usize>,
    bytes: Range<usize>,
}

/// The tensors of one model, each to be taken once.
#[derive(Debug)]
pub struct Checkpoint {
    files: Vec<(String, Vec<u8>)>,
    tensors: BTreeMap<String, Stored>,
}

impl Checkpoint {
    /// Reads the headers of all weight files; with an index, of those that it names, which must all be there.
    ///
    /// # Errors
    /// Malformed files, a malformed index, a missing shard, a tensor in two files.
    pub fn new(mut files: Vec<(String, Vec<u8>)>, index: Option<&[u8]>) -> Result<Self, CheckpointError> {
        if let Some(index) = index {
            let named = named_files(index, &files)?;
            files.retain(|(name, _)| named.contains(name));
        }
        let mut tensors = BTreeMap::<String, Stored>::new();
        for (file_idx, (file, bytes)) in files.iter().enumerate() {
            for (name, stored) in read_header(file, bytes, file_idx)? {
                if let Some(before) = tensors.get(&name) {
                    let (first, second) = (files[before.file_idx].0.clone(), file.clone());
                    return Err(CheckpointError::Twice { name, first, second });
                }
                tensors.insert(name, stored);
            }
        }
        Ok(Self { files, tensors })
    }

    /// The files that the weights come from.
    pub fn files(&self) -> &[(String, Vec<u8>)] {
        &self.files
    }

    /// Number of weights of all tensors still there.
    pub fn n_weights(&self) -> usize {
        let n_weights = self.tensors.values().map(|stored| stored.shape.iter().product());
        n_weights.fold(0, usize::saturating_add)
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

    /// Takes a tensor, widened to f32, row-major.
    ///
    /// # Errors
    /// Missing, of another shape or type, or not finite.
    pub fn take(&mut self, name: &str, expected: &[usize]) -> Result<Vec<f32>, CheckpointError> {
        let Some(stored) = self.tensors.remove(name) else {
            return Err(CheckpointError::Missing { name: name.to_owned(), expected: expected.to_vec() });
        };
        if stored.shape != expected {
            return Err(CheckpointError::WrongShape {
                name: name.to_owned(),
                expected: expected.to_vec(),
                found: stored.shape,
            });
        }
        let bytes = &self.files[stored.file_idx].1[stored.bytes];
        let Some(float) = Float::from_name(&stored.dtype) else {
            return Err(CheckpointError::WrongType { name: name.to_owned(), found: stored.dtype });
        };
        let values = float.widen(bytes);
        match values.iter().position(|value| !value.is_finite()) {
            None => Ok(values),
            Some(position) => {
                Err(CheckpointError::NotFinite { name: name.to_owned(), position, value: values[position] })
            }
        }
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

/// The files that the index names; all of them are here.
fn named_files(index: &[u8], files: &[(String, Vec<u8>)]) -> Result<BTreeSet<String>, CheckpointError> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let index: Index = serde_json::from_slice(index)
        .map_err(|error| CheckpointError::BadIndex { problem: error.to_string() })?;
    if index.weight_map.is_empty() {
        return Err(CheckpointError::BadIndex { problem: "no tensor in it".into() });
    }
    let is_here = |file: &str| files.iter().any(|(name, _)| name == file);
    match index.weight_map.iter().find(|(_, file)| !is_here(file)) {
        None => Ok(index.weight_map.into_values().collect()),
        Some((tensor, file)) => {
            let found: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
            let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
            Err(CheckpointError::MissingShard { file: file.clone(), tensor: tensor.clone(), found })
        }
    }
}

/// What a safetensors header says of one tensor.
#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    /// Begin and end in the bytes after the header.
    data_offsets: (usize, usize),
}

/// Reads eight bytes that count the header's, the header in JSON, and checks that the rest is the tensors end to end.
fn read_header(file: &str, bytes: &[u8], file_idx: usize) -> Result<Vec<(String, Stored)>, CheckpointError> {
    let malformed = |problem: String| CheckpointError::Malformed { file: file.to_owned(), problem };
    let n_bytes = bytes.len();
    let Some((header_len, rest)) = bytes.split_first_chunk() else {
        return Err(malformed(format!("expected a safetensors file, found only {n_bytes} bytes")));
    };
    let header_len = u64::from_le_bytes(*header_len);
    let parts = usize::try_from(header_len).ok().and_then(|len| rest.split_at_checked(len));
    let Some((header, data)) = parts else {
        return Err(malformed(format!(
            "expected a safetensors header of {header_len} bytes as its first eight bytes say, found {n_bytes} bytes in all"
        )));
    };
    let mut header: BTreeMap<String, Value> = serde_json::from_slice(header).map_err(|error| {
        malformed(format!("expected a safetensors header in JSON, found something else ({error})"))
    })?;
    header.remove("__metadata__");
    let mut entries = Vec::new();
    for (name, value) in header {
        let entry: Entry = serde_json::from_value(value).map_err(|error| {
            malformed(format!("expected a dtype, a shape and data_offsets for {name}, found none ({error})"))
        })?;
        entries.push((name, entry));
    }
    entries.sort_by_key(|(_, entry)| entry.data_offsets);
    let mut end = 0;
    for (name, entry) in &entries {
        entry.check(name, end, data.len()).map_err(malformed)?;
        end = entry.data_offsets.1;
    }
    if end != data.len() {
        return Err(malformed(format!(
            "expected {end} bytes of tensors as its header says, found {}",
            data.len()
        )));
    }
    let data_start = n_bytes - data.len();
    let stored = |Entry { dtype, shape, data_offsets: (begin, end) }| Stored {
        file_idx,
        dtype,
        shape,
        bytes: data_start + begin..data_start + end,
    };
    Ok(entries.into_iter().map(|(name, entry)| (name, stored(entry))).collect())
}

impl Entry {
    /// Checks that the tensor follows the one that ends at `expected_begin` and takes as many bytes as it should.
    fn check(&self, name: &str, expected_begin: usize, data_len: usize) -> Result<(), String> {
        let Self { dtype, shape, data_offsets: (begin, end) } = self;
        if *begin != expected_begin {
            return Err(format!(
                "expected {name} to begin at byte {expected_begin}, where the tensor before it ends, found {begin}"
            ));
        }
        if end < begin || *end > data_len {
            return Err(format!(
                "expected {name} to end between byte {begin} and byte {data_len}, where the file ends, found {end}"
            ));
        }
        let Some(n_weights) = shape.iter().try_fold(1, |n: usize, &size| n.checked_mul(size)) else {
            return Err(format!("expected a shape that a file can hold for {name}, found {shape:?}"));
        };
        // Other types are refused if and when the network asks for the tensor: a mask is of no consequence.
        let n_bytes = Float::from_name(dtype).map(|float| n_weights.checked_mul(float.width()));
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
enum Float {
    F32,
    F16,
    Bf16,
}

impl Float {
    fn from_name(dtype: &str) -> Option<Self> {
        match dtype {
            "F32" => Some(Self::F32),
            "F16" => Some(Self::F16),
            "BF16" => Some(Self::Bf16),
            _ => None,
        }
    }

    fn width(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }

    fn widen(self, bytes: &[u8]) -> Vec<f32> {
        match self {
            Self::F32 => bytes.as_chunks().0.iter().map(|&x| f32::from_le_bytes(x)).collect(),
            Self::F16 => bytes.as_chunks().0.iter().map(|&x| f16::from_le_bytes(x).to_f32()).collect(),
            Self::Bf16 => bytes.as_chunks().0.iter().map(|&x| bf16::from_le_bytes(x).to_f32()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{Checkpoint, CheckpointError};

    /// A safetensors file with this header and so many bytes of data.
    fn file(header: &Value, data: &[u8]) -> Vec<u8> {
        let header = header.to_string().into_bytes();
        [&(header.len() as u64).to_le_bytes()[..], &header, data].concat()
    }

    fn entry(dtype: &str, shape: &[usize], offsets: [usize; 2]) -> Value {
        json!({"dtype": dtype, "shape": shape, "data_offsets": offsets})
    }

    fn open(bytes: Vec<u8>) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::new(vec![("model.safetensors".into(), bytes)], None)
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
        assert_eq!(four("F32", &floats(&expected)).take("w", &[2, 2]).unwrap(), expected);
        assert_eq!(four("F16", halves.as_flattened()).take("w", &[2, 2]).unwrap(), expected);
        assert_eq!(four("BF16", brains.as_flattened()).take("w", &[2, 2]).unwrap(), expected);
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
            |expected: &[usize], name| four("F32", &[0; 16]).take(name, expected).unwrap_err().to_string();
        assert!(
            error(&[2, 2], "v").starts_with("expected a tensor v of shape [2, 2], found none of that name")
        );
        assert!(error(&[4], "w").starts_with("expected w of shape [4], found [2, 2]"));
    }

    #[test]
    fn other_types_are_refused_when_asked_for() {
        for (dtype, n_bytes) in [("I8", 4), ("F64", 32), ("F8_E4M3", 4), ("U32", 16)] {
            let error = four(dtype, &vec![0; n_bytes]).take("w", &[2, 2]).unwrap_err().to_string();
            assert!(error.starts_with(&format!("expected w as f32, f16 or bf16, found {dtype}")), "{error}");
        }
    }

    #[test]
    fn weights_that_are_not_finite_are_refused() {
        for (value, word) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf"), (f32::NEG_INFINITY, "-inf")] {
            let error = four("F32", &floats(&[0.0, 0.0, value, 0.0])).take("w", &[2, 2]).unwrap_err();
            let sentence = format!("expected finite weights, found {word} in w at position 2");
            assert!(error.to_string().starts_with(&sentence), "{error}");
        }
        let infinite_half = [0, 0, 0, 0x7c, 0, 0, 0, 0];
        assert!(four("F16", &infinite_half).take("w", &[2, 2]).unwrap_err().to_string().contains("inf"));
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
            names.iter().map(|(file, tensor)| ((*file).to_owned(), shard(tensor))).collect::<Vec<_>>()
        };
        let index = br#"{"metadata": {}, "weight_map": {"a": "1.safetensors", "b": "2.safetensors"}}"#;
        let both = files(&[("1.safetensors", "a"), ("2.safetensors", "b"), ("other.safetensors", "a")]);
        let mut checkpoint = Checkpoint::new(both, Some(index)).unwrap();
        assert_eq!((checkpoint.n_weights(), checkpoint.files().len()), (2, 2));
        assert_eq!(checkpoint.take("b", &[1]), Ok(vec![1.0]));

        let refused = |names: &[(&str, &str)], index: &[u8]| {
            Checkpoint::new(files(names), Some(index)).unwrap_err().to_string()
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

    #[test]
    fn sums_of_sizes_do_not_overflow() {
        let half = usize::MAX / 2 + 1;
        let header = json!({"a": entry("F4", &[half], [0, 1]), "b": entry("F4", &[half], [1, 2])});
        assert_eq!(open(file(&header, &[0; 2])).unwrap().n_weights(), usize::MAX);
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
                let _ = checkpoint.n_weights();
                let _ = checkpoint.take("transformer.wte.weight", &[66, 24]);
                let _ = checkpoint.finish("gpt2", &[]);
            }
        }
    }
}
