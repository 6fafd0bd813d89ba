//! Weights by name from safetensors files, every tensor checked before it is used and widened to f32.
//!
//! What a network did not ask for is an error too: an unread tensor means that the wrong network was built.

use std::collections::BTreeMap;
use std::ops::Range;

use half::{bf16, f16};
use safetensors::tensor::TensorInfo;
use safetensors::{Dtype, SafeTensorError, SafeTensors};
use serde::Deserialize;
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
    dtype: Dtype,
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
    /// Reads the headers of all weight files; with an index, every shard that it names must be there.
    ///
    /// # Errors
    /// Malformed files, a malformed index, a missing shard.
    pub fn new(files: Vec<(String, Vec<u8>)>, index: Option<&[u8]>) -> Result<Self, CheckpointError> {
        if let Some(index) = index {
            check_index(index, &files)?;
        }
        let mut tensors = BTreeMap::new();
        for (file_idx, (name, bytes)) in files.iter().enumerate() {
            for (tensor, stored) in read_header(name, bytes, file_idx)? {
                tensors.insert(tensor, stored);
            }
        }
        Ok(Self { files, tensors })
    }

    /// Number of weights of all tensors still there.
    pub fn n_weights(&self) -> usize {
        self.tensors.values().map(|stored| stored.shape.iter().product::<usize>()).sum()
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
        let values = widen(stored.dtype, bytes).ok_or_else(|| CheckpointError::WrongType {
            name: name.to_owned(),
            found: format!("{:?}", stored.dtype),
        })?;
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

fn check_index(index: &[u8], files: &[(String, Vec<u8>)]) -> Result<(), CheckpointError> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let index: Index = serde_json::from_slice(index)
        .map_err(|error| CheckpointError::BadIndex { problem: error.to_string() })?;
    let is_here = |file: &str| files.iter().any(|(name, _)| name == file);
    match index.weight_map.into_iter().find(|(_, file)| !is_here(file)) {
        None => Ok(()),
        Some((tensor, file)) => {
            let found: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
            let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
            Err(CheckpointError::MissingShard { file, tensor, found })
        }
    }
}

fn read_header(file: &str, bytes: &[u8], file_idx: usize) -> Result<Vec<(String, Stored)>, CheckpointError> {
    let malformed = |problem: String| CheckpointError::Malformed { file: file.to_owned(), problem };
    let (header_len, metadata) =
        SafeTensors::read_metadata(bytes).map_err(|error| malformed(describe(&error, bytes)))?;
    // Offsets in the header count from the byte after it; its own length takes the first eight.
    let data_start = header_len + size_of::<u64>();
    let stored = |info: &TensorInfo| Stored {
        file_idx,
        dtype: info.dtype,
        shape: info.shape.clone(),
        bytes: data_start + info.data_offsets.0..data_start + info.data_offsets.1,
    };
    Ok(metadata.tensors().into_iter().map(|(name, info)| (name, stored(info))).collect())
}

/// What the safetensors library found wrong, for people.
fn describe(error: &SafeTensorError, bytes: &[u8]) -> String {
    use SafeTensorError as E;
    let n_bytes = bytes.len();
    match error {
        E::HeaderTooSmall => format!("expected a safetensors file, found only {n_bytes} bytes"),
        E::InvalidHeaderLength | E::HeaderTooLarge => {
            let says = bytes.first_chunk().map_or(0, |&first| u64::from_le_bytes(first));
            format!(
                "expected a safetensors header of {says} bytes as its first eight bytes say, found {n_bytes} bytes in all"
            )
        }
        E::InvalidHeader(_) | E::InvalidHeaderDeserialization(_) | E::JsonError(_) => {
            format!("expected a safetensors header in JSON, found something else ({error})")
        }
        E::InvalidOffset(name) => {
            format!(
                "expected tensors one after another, found offsets of {name} that overlap, leave a gap or pass the end"
            )
        }
        E::TensorInvalidInfo | E::ValidationOverflow => {
            "expected every tensor to take as many bytes as its shape and type say, found one that does not"
                .to_owned()
        }
        E::MetadataIncompleteBuffer => {
            format!(
                "expected the tensors of the header to fill the file, found {n_bytes} bytes, which is more or fewer"
            )
        }
        other => format!("expected a safetensors file, found one that does not parse ({other})"),
    }
}

fn widen(dtype: Dtype, bytes: &[u8]) -> Option<Vec<f32>> {
    match dtype {
        Dtype::F32 => Some(bytes.as_chunks().0.iter().map(|&x| f32::from_le_bytes(x)).collect()),
        Dtype::F16 => Some(bytes.as_chunks().0.iter().map(|&x| f16::from_le_bytes(x).to_f32()).collect()),
        Dtype::BF16 => Some(bytes.as_chunks().0.iter().map(|&x| bf16::from_le_bytes(x).to_f32()).collect()),
        _ => None,
    }
}
