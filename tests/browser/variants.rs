//! Checkpoints made from a small one of the fixtures: with stored masks, with rows to spare, with wrong contents.

use std::path::PathBuf;

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::Value;

use crate::repository;

/// Weights of a repository in one file.
pub const WEIGHTS: &str = "model.safetensors";

/// The side of each stored mask: its 1 MiB is worth leaving out.
const MASK_SIDE: usize = 512;

/// A GPT-2 of three layers with a byte-level tokenizer, 126 KB: it runs on any text.
pub fn small_gpt2() -> PathBuf {
    repository().join("fixtures/checkpoints/gpt2-tied")
}

/// A tensor by its name, with all that it needs to be written.
type Tensor = (String, Dtype, Vec<usize>, Vec<u8>);

/// The file with its tensors changed.
fn rewritten(weights: &[u8], change: impl FnOnce(&mut Vec<Tensor>)) -> Vec<u8> {
    let file = SafeTensors::deserialize(weights).expect("a safetensors file");
    let mut tensors: Vec<Tensor> = file
        .iter()
        .map(|(name, view)| (name.to_owned(), view.dtype(), view.shape().to_vec(), view.data().to_vec()))
        .collect();
    change(&mut tensors);
    let views = tensors.iter().map(|(name, dtype, shape, data)| {
        (name, TensorView::new(*dtype, shape.clone(), data).expect("a tensor"))
    });
    safetensors::serialize(views, None).expect("a safetensors file")
}

/// With the causal masks that old versions of transformers saved, between the weights; or with others of their names.
pub fn with_masks(weights: &[u8], is_causal: bool) -> Vec<u8> {
    rewritten(weights, |tensors| {
        let row = |i: usize| (0..MASK_SIDE).map(move |j| if j <= i || !is_causal { 1f32 } else { 0.0 });
        let mask: Vec<u8> = (0..MASK_SIDE).flat_map(row).flat_map(f32::to_le_bytes).collect();
        for layer in 0..3 {
            let name = format!("transformer.h.{layer}.attn.bias");
            tensors.push((name, Dtype::F32, vec![1, 1, MASK_SIDE, MASK_SIDE], mask.clone()));
        }
    })
}

/// Where the masks lie in a file.
pub fn masks_of(weights: &[u8]) -> Vec<std::ops::Range<u64>> {
    let header_len = u64::from_le_bytes(*weights.first_chunk().expect("a safetensors file"));
    let header = &weights[8..8 + header_len as usize];
    let header: Value = serde_json::from_slice(header).expect("a header");
    let begin = 8 + header_len;
    let masks = header.as_object().expect("a header").iter().filter(|(name, _)| name.ends_with(".attn.bias"));
    masks
        .map(|(_, entry)| {
            let offset = |i: usize| begin + entry["data_offsets"][i].as_u64().expect("an offset");
            offset(0)..offset(1)
        })
        .collect()
}

/// With so many more rows of the embedding than there are tokens.
pub fn with_spare_rows(weights: &[u8], n_rows: usize) -> Vec<u8> {
    rewritten(weights, |tensors| {
        let (.., shape, data) = tensor_mut(tensors, "transformer.wte.weight");
        let row: Vec<u8> = (0..shape[1]).flat_map(|i| (0.01 * i as f32).to_le_bytes()).collect();
        shape[0] += n_rows;
        data.extend(row.repeat(n_rows));
    })
}

/// With one weight that is no number.
pub fn with_nan(weights: &[u8]) -> Vec<u8> {
    rewritten(weights, |tensors| {
        let (.., data) = tensor_mut(tensors, "transformer.h.1.mlp.c_fc.weight");
        data[..4].copy_from_slice(&f32::NAN.to_le_bytes());
    })
}

/// With one matrix in eight bits.
pub fn with_bytes_for_weights(weights: &[u8]) -> Vec<u8> {
    rewritten(weights, |tensors| {
        let (_, dtype, _, data) = tensor_mut(tensors, "transformer.h.1.mlp.c_fc.weight");
        (*dtype, *data) = (Dtype::I8, data.iter().step_by(4).copied().collect());
    })
}

/// The same sizes, other numbers.
pub fn with_other_numbers(weights: &[u8]) -> Vec<u8> {
    rewritten(weights, |tensors| {
        let (.., data) = tensor_mut(tensors, "transformer.wte.weight");
        for number in data.as_chunks_mut::<4>().0 {
            *number = (1.5 * f32::from_le_bytes(*number)).to_le_bytes();
        }
    })
}

fn tensor_mut<'a>(tensors: &'a mut [Tensor], name: &str) -> &'a mut Tensor {
    tensors.iter_mut().find(|(known, ..)| known == name).unwrap_or_else(|| panic!("a tensor {name}"))
}

/// A JSON file with a field set.
pub fn with_field(name: &str, value: Value) -> impl Fn(Vec<u8>) -> Vec<u8> {
    move |json| {
        let mut object: Value = serde_json::from_slice(&json).expect("JSON");
        object[name] = value.clone();
        object.to_string().into_bytes()
    }
}

/// A tokenizer with one token more, of this id.
pub fn with_token(text: &str, id: u64) -> impl Fn(Vec<u8>) -> Vec<u8> {
    move |json| {
        let mut tokenizer: Value = serde_json::from_slice(&json).expect("JSON");
        tokenizer["model"]["vocab"][text] = id.into();
        tokenizer.to_string().into_bytes()
    }
}

/// The first half of a file.
pub fn half(mut contents: Vec<u8>) -> Vec<u8> {
    contents.truncate(contents.len() / 2);
    contents
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Vec<u8> {
        std::fs::read(small_gpt2().join(WEIGHTS)).expect("the small checkpoint")
    }

    #[test]
    fn variants_differ_only_where_they_should() {
        let small = small();
        let original = SafeTensors::deserialize(&small).expect("a file");
        let masked = with_masks(&small, true);
        let tensors = SafeTensors::deserialize(&masked).expect("a file");
        assert_eq!(tensors.len(), original.len() + 3);
        for (name, view) in original.iter() {
            assert_eq!(tensors.tensor(name).expect("the tensor").data(), view.data(), "{name}");
        }
        let masks = masks_of(&masked);
        assert_eq!(masks.len(), 3);
        for mask in masks {
            let numbers = &masked[mask.start as usize..mask.end as usize];
            assert_eq!(numbers[..8], [0, 0, 128, 63, 0, 0, 0, 0], "1.0, then 0.0");
        }
        let padded = with_spare_rows(&small, 8);
        let padded = SafeTensors::deserialize(&padded).expect("a file");
        assert_eq!(padded.tensor("transformer.wte.weight").expect("rows").shape(), [332, 24]);
    }
}
