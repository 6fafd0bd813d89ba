//! Texts as tensors: one row per text, padded on the right, with the true distribution at every place as target.

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::worlds::baseline::Text;
use crate::worlds::vocabulary::Vocabulary;

/// What one step learns from.
#[derive(Debug)]
pub struct Batch {
    /// `<bos>` and the tokens but the last. `[n_texts, longest]`
    pub inputs: Tensor<2, Int>,
    /// The true next-token distributions, zero where padded. `[n_texts, longest, n_tokens]`
    pub targets: Tensor<3>,
    /// Number of places that are not padding.
    pub n_places: usize,
}

impl Batch {
    /// Lays out texts of at least one token over a vocabulary of `n_tokens`.
    pub fn new(texts: &[Text], n_tokens: usize, device: &Device) -> Self {
        let longest = texts.iter().map(|text| text.tokens.len()).max().unwrap_or(0);
        let mut inputs = vec![i32::try_from(Vocabulary::END_ID).unwrap_or_default(); texts.len() * longest];
        let mut targets = vec![0f32; texts.len() * longest * n_tokens];
        for (t, text) in texts.iter().enumerate() {
            let preceding = std::iter::once(&Vocabulary::BEGIN_ID).chain(&text.tokens);
            for (i, (&input, truth)) in preceding.zip(&text.truth).enumerate() {
                let place = t * longest + i;
                inputs[place] = i32::try_from(input).unwrap_or_default();
                let target = &mut targets[place * n_tokens..(place + 1) * n_tokens];
                target.iter_mut().zip(truth).for_each(|(target, &p)| *target = p as f32);
            }
        }
        let n_places = texts.iter().map(|text| text.tokens.len()).sum();
        Self {
            inputs: Tensor::from_data(TensorData::new(inputs, [texts.len(), longest]), device),
            targets: Tensor::from_data(TensorData::new(targets, [texts.len(), longest, n_tokens]), device),
            n_places,
        }
    }
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
        let batch = Batch::new(&[text(&[3, 4, 2]), text(&[4, 2])], 5, &Device::flex());
        assert_eq!(batch.n_places, 5);
        let inputs: Vec<i64> = batch.inputs.into_data().iter::<i64>().collect();
        assert_eq!(inputs, [1, 3, 4, 1, 4, 2]);
        let targets: Vec<f32> = batch.targets.into_data().iter::<f32>().collect();
        let hot: Vec<Option<usize>> = targets.chunks(5).map(|p| p.iter().position(|&p| p == 1.0)).collect();
        assert_eq!(hot, [Some(3), Some(4), Some(2), Some(4), Some(2), None]);
    }
}
