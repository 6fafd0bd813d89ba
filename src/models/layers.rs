//! The parts that several architectures share, as plain functions on weights that a checkpoint gave.

use burn::tensor::{Bool, Device, Tensor, TensorData, activation};
use serde::Deserialize;

use super::checkpoint::{Checkpoint, CheckpointError};
use super::vocabulary::VocabularyMatrix;

/// Score of a place that may not be seen: far below any other, and finite, since WGSL may assume that infinities do
/// not occur.
const MASKED: f32 = -1e9;

/// Where weights come from and where they go.
#[derive(Debug)]
pub struct Weights<'a> {
    /// The files.
    pub checkpoint: &'a mut Checkpoint,
    /// Where the tensors will live.
    pub device: &'a Device,
    /// What stands before every name but the head's, such as `model.`; empty for base models.
    pub prefix: String,
    /// Bytes of one tile of a vocabulary matrix, at most.
    pub max_tile_bytes: usize,
}

impl Weights<'_> {
    /// A tensor by its name after the prefix.
    ///
    /// # Errors
    /// Those of [`Checkpoint::take`].
    pub async fn tensor<const D: usize>(
        &mut self,
        name: &str,
        shape: [usize; D],
    ) -> Result<Tensor<D>, CheckpointError> {
        let name = format!("{}{name}", self.prefix);
        self.named(&name, shape).await
    }

    /// A tensor by its whole name.
    ///
    /// # Errors
    /// Those of [`Checkpoint::take`].
    pub async fn named<const D: usize>(
        &mut self,
        name: &str,
        shape: [usize; D],
    ) -> Result<Tensor<D>, CheckpointError> {
        let values = self.checkpoint.take(name, &shape).await?;
        Ok(Tensor::from_data(TensorData::new(values, shape), self.device))
    }

    /// A `torch.nn.Linear`, stored `[out, in]`.
    ///
    /// # Errors
    /// Those of [`Checkpoint::take`].
    pub async fn linear(
        &mut self,
        name: &str,
        n_in: usize,
        n_out: usize,
        has_bias: bool,
    ) -> Result<Linear, CheckpointError> {
        let weight = self.tensor(&format!("{name}.weight"), [n_out, n_in]).await?.transpose();
        Ok(Linear { weight, bias: self.bias(name, n_out, has_bias).await? })
    }

    /// A GPT-2 `Conv1D`, stored `[in, out]`.
    ///
    /// # Errors
    /// Those of [`Checkpoint::take`].
    pub async fn conv1d(&mut self, name: &str, n_in: usize, n_out: usize) -> Result<Linear, CheckpointError> {
        let weight = self.tensor(&format!("{name}.weight"), [n_in, n_out]).await?;
        Ok(Linear { weight, bias: self.bias(name, n_out, true).await? })
    }

    /// A layer norm with gain and bias.
    ///
    /// # Errors
    /// Those of [`Checkpoint::take`].
    pub async fn layer_norm(
        &mut self,
        name: &str,
        width: usize,
        epsilon: f64,
    ) -> Result<LayerNorm, CheckpointError> {
        let gain = self.tensor(&format!("{name}.weight"), [width]).await?;
        let bias = self.tensor(&format!("{name}.bias"), [width]).await?;
        Ok(LayerNorm { gain, bias, epsilon })
    }

    /// A root-mean-square norm with gain.
    ///
    /// # Errors
    /// Those of [`Checkpoint::take`].
    pub async fn rms_norm(
        &mut self,
        name: &str,
        width: usize,
        epsilon: f64,
    ) -> Result<RmsNorm, CheckpointError> {
        Ok(RmsNorm { gain: self.tensor(&format!("{name}.weight"), [width]).await?, epsilon })
    }

    /// A vocabulary matrix `[V, d]` by its name after the prefix.
    ///
    /// # Errors
    /// Those of [`Checkpoint::take`].
    pub async fn vocabulary(
        &mut self,
        name: &str,
        n_rows: usize,
        width: usize,
    ) -> Result<VocabularyMatrix, CheckpointError> {
        let name = format!("{}{name}", self.prefix);
        VocabularyMatrix::load(self, &name, n_rows, width).await
    }

    /// The head `[V, d]`: a tensor of its own, or the embedding where they are tied.
    ///
    /// # Errors
    /// Those of [`Checkpoint::take`].
    pub async fn head(
        &mut self,
        name: &str,
        is_tied: bool,
        embedding: &VocabularyMatrix,
    ) -> Result<VocabularyMatrix, CheckpointError> {
        let (n_rows, width) = (embedding.n_rows(), embedding.width());
        if !is_tied {
            return VocabularyMatrix::load(self, name, n_rows, width).await;
        }
        if self.checkpoint.has(name) {
            // Some exporters write the tied head a second time; it is the embedding all the same, and is not read.
            self.checkpoint.claim(name, &[n_rows, width])?;
        }
        Ok(embedding.clone())
    }

    async fn bias(
        &mut self,
        name: &str,
        width: usize,
        has_bias: bool,
    ) -> Result<Option<Tensor<1>>, CheckpointError> {
        if has_bias { self.tensor(&format!("{name}.bias"), [width]).await.map(Some) } else { Ok(None) }
    }
}

/// `Y = X W + b`
#[derive(Debug, Clone)]
pub struct Linear {
    /// `[in, out]`
    weight: Tensor<2>,
    /// `[out]`
    bias: Option<Tensor<1>>,
}

impl Linear {
    /// # Shapes
    /// `[batch, time, in]` → `[batch, time, out]`
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, time, n_in] = x.dims();
        let [_, n_out] = self.weight.dims();
        // One flat product for the whole batch.
        let y = x.reshape([batch * time, n_in]).matmul(self.weight.clone());
        let y = match &self.bias {
            Some(bias) => y + bias.clone().unsqueeze(),
            None => y,
        };
        y.reshape([batch, time, n_out])
    }
}

/// `Y = (X − mean) / sqrt(var + ε) · gain + bias`
#[derive(Debug, Clone)]
pub struct LayerNorm {
    gain: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
}

impl LayerNorm {
    /// # Shapes
    /// `[batch, time, d]` → `[batch, time, d]`
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let centred = x.clone() - x.mean_dim(2);
        let variance = (centred.clone() * centred.clone()).mean_dim(2);
        centred / (variance + self.epsilon).sqrt() * self.gain.clone().unsqueeze()
            + self.bias.clone().unsqueeze()
    }
}

/// `Y = X / sqrt(mean(X²) + ε) · gain`
#[derive(Debug, Clone)]
pub struct RmsNorm {
    gain: Tensor<1>,
    epsilon: f64,
}

impl RmsNorm {
    /// # Shapes
    /// `[batch, time, d]` → `[batch, time, d]`
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let mean_square = (x.clone() * x.clone()).mean_dim(2);
        x / (mean_square + self.epsilon).sqrt() * self.gain.clone().unsqueeze()
    }
}

/// The nonlinearities that configs of these families name, by their names there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// x Φ(x)
    #[serde(alias = "gelu_python")]
    Gelu,
    /// The tanh approximation; `gelu_fast` and `gelu_pytorch_tanh` write the same formula differently.
    #[serde(alias = "gelu_fast", alias = "gelu_pytorch_tanh", alias = "gelu_python_tanh")]
    GeluNew,
    /// x σ(1.702 x)
    QuickGelu,
    /// max(x, 0)
    Relu,
    /// max(x, 0)²
    Relu2,
    /// x σ(x)
    #[serde(alias = "swish")]
    Silu,
    /// tanh x
    Tanh,
    /// σ(x)
    Sigmoid,
}

impl Activation {
    /// Applies it to every number.
    pub fn forward<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Gelu => activation::gelu(x),
            Self::GeluNew => activation::gelu_approximate(x),
            Self::QuickGelu => x.clone() * activation::sigmoid(x * 1.702),
            Self::Relu => activation::relu(x),
            Self::Relu2 => {
                let positive = activation::relu(x);
                positive.clone() * positive
            }
            Self::Silu => activation::silu(x),
            Self::Tanh => activation::tanh(x),
            Self::Sigmoid => activation::sigmoid(x),
        }
    }
}

/// `[batch, time, heads · width]` → `[batch, heads, time, width]`
pub fn split_heads(x: Tensor<3>, n_heads: usize) -> Tensor<4> {
    let [batch, time, all] = x.dims();
    x.reshape([batch, time, n_heads, all / n_heads]).swap_dims(1, 2)
}

/// `[batch, heads, time, width]` → `[batch, time, heads · width]`
pub fn merge_heads(x: Tensor<4>) -> Tensor<3> {
    let [batch, n_heads, time, width] = x.dims();
    x.swap_dims(1, 2).reshape([batch, time, n_heads * width])
}

/// Attention of every place to itself and the places before it, at most `window` of them.
///
/// Prompts are padded on the right, so no real place ever sees padding.
///
/// # Shapes
/// `[batch, heads, time, width]` each, → `[batch, heads, time, width]`
pub fn causal_attention(
    query: Tensor<4>,
    key: Tensor<4>,
    value: Tensor<4>,
    scale: f64,
    window: Option<usize>,
) -> Tensor<4> {
    let [_, _, time, _] = query.dims();
    let hidden = hidden_places(time, window, &query.device());
    let scores = query.matmul(key.transpose()) * scale;
    activation::softmax(scores.mask_fill(hidden, MASKED), 3).matmul(value)
}

/// True where row's place may not see column's: later ones, and those a window or more before.
fn hidden_places(time: usize, window: Option<usize>, device: &Device) -> Tensor<4, Bool> {
    let window = window.unwrap_or(time);
    let is_hidden = (0..time).flat_map(|to| (0..time).map(move |from| from > to || from + window <= to));
    Tensor::<2, Bool>::from_data(TensorData::new(is_hidden.collect::<Vec<bool>>(), [time, time]), device)
        .unsqueeze::<4>()
}
