//! Texts as tensors: one row per text, padded on the right.

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::worlds::baseline::Text;
use crate::worlds::vocabulary::Vocabulary;

/// What one step reads.
#[derive(Debug, Clone)]
pub struct Batch {
    /// `<bos>` and the tokens but the last. `[n_texts, longest]`
    pub inputs: Tensor<2, Int>,
    /// Which places of the flattened inputs are not padding, text after text. `[n_places]`
    pub real: Tensor<1, Int>,
    /// Number of places that are not padding.
    pub n_places: usize,
}

impl Batch {
    /// Lays out texts of at least one token.
    pub fn new(texts: &[Text], device: &Device) -> Self {
        let longest = longest(texts);
        let mut inputs = vec![signed(Vocabulary::END_ID); texts.len() * longest];
        let mut real = Vec::with_capacity(inputs.len());
        for (t, text) in texts.iter().enumerate() {
            let preceding = std::iter::once(&Vocabulary::BEGIN_ID).chain(&text.tokens);
            for (place, &input) in (t * longest..t * longest + text.tokens.len()).zip(preceding) {
                inputs[place] = signed(input);
                real.push(place as i32);
            }
        }
        let n_places = real.len();
        Self {
            inputs: Tensor::from_data(TensorData::new(inputs, [texts.len(), longest]), device),
            real: Tensor::from_data(TensorData::new(real, [n_places]), device),
            n_places,
        }
    }
}

/// The true next-token distributions, zero where padded. `[n_texts, longest, n_tokens]`
pub fn dense_targets(texts: &[Text], n_tokens: usize, device: &Device) -> Tensor<3> {
    let longest = longest(texts);
    let mut targets = vec![0f32; texts.len() * longest * n_tokens];
    for (text, rows) in texts.iter().zip(targets.chunks_mut(longest * n_tokens)) {
        for (truth, row) in text.truth.iter().zip(rows.chunks_mut(n_tokens)) {
            row.iter_mut().zip(truth).for_each(|(target, &p)| *target = p as f32);
        }
    }
    Tensor::from_data(TensorData::new(targets, [texts.len(), longest, n_tokens]), device)
}

fn longest(texts: &[Text]) -> usize {
    texts.iter().map(|text| text.tokens.len()).max().unwrap_or(0)
}

fn signed(id: u32) -> i32 {
    i32::try_from(id).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_one_behind_and_padding_has_no_target() {
        let text = |tokens: &[u32]| Text {
            tokens: tokens.to_vec(),
            truth: tokens.iter().map(|&t| (0..5).map(|id| f64::from(u8::from(id == t))).collect()).collect(),
        };
        let texts = [text(&[3, 4, 2]), text(&[4, 2])];
        let batch = Batch::new(&texts, &Device::flex());
        assert_eq!(batch.n_places, 5);
        let inputs: Vec<i64> = batch.inputs.into_data().iter::<i64>().collect();
        assert_eq!(inputs, [1, 3, 4, 1, 4, 2]);
        assert_eq!(batch.real.into_data().iter::<i64>().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        let targets: Vec<f32> = dense_targets(&texts, 5, &Device::flex()).into_data().iter::<f32>().collect();
        let hot: Vec<Option<usize>> = targets.chunks(5).map(|p| p.iter().position(|&p| p == 1.0)).collect();
        assert_eq!(hot, [Some(3), Some(4), Some(2), Some(4), Some(2), None]);
    }

    #[test]
    fn real_places_skip_the_padding_between_texts() {
        let text = |n: usize| Text { tokens: vec![3; n], truth: vec![vec![1.0]; n] };
        let batch = Batch::new(&[text(1), text(3), text(2)], &Device::flex());
        assert_eq!(batch.real.into_data().iter::<i64>().collect::<Vec<_>>(), [0, 3, 4, 5, 6, 7]);
    }
}
