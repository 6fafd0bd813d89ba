//! The parts that the trained architectures are made of. An optional part that is there makes the one architecture,
//! one that is not there the other; everything else is the same code.

use burn::module::{Module, Param};
use burn::tensor::{Bool, Device, Tensor, TensorData, activation};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::network::{Architecture, Shape};

/// Base of the rotary frequencies.
pub(super) const ROPE_THETA: f64 = 10_000.0;
/// Below the root in the norms.
pub(super) const NORM_EPS: f64 = 1e-5;
/// Score of a place that may not be seen.
const MASKED: f32 = -1e9;

/// Draws initial weights in the order in which they are asked for.
pub(super) struct Draws<'d> {
    pub(super) rng: ChaCha8Rng,
    pub(super) device: &'d Device,
}

impl Draws<'_> {
    /// Normal draws. `[n_in, n_out]`
    pub(super) fn matrix(&mut self, n_in: usize, n_out: usize, deviation: f64) -> Param<Tensor<2>> {
        let draws = (0..n_in * n_out).map(|_| {
            let draw: f64 = StandardNormal.sample(&mut self.rng);
            (deviation * draw) as f32
        });
        let data = TensorData::new(draws.collect::<Vec<f32>>(), [n_in, n_out]);
        Param::from_tensor(Tensor::from_data(data, self.device))
    }

    fn linear(&mut self, n_in: usize, n_out: usize, deviation: f64, architecture: Architecture) -> Linear {
        let weight = self.matrix(n_in, n_out, deviation);
        Linear { weight, bias: architecture.has_biases().then(|| self.zeros(n_out)) }
    }

    fn zeros(&self, width: usize) -> Param<Tensor<1>> {
        Param::from_tensor(Tensor::zeros([width], self.device))
    }
}

/// Standard deviation of weights that keep the size of what they multiply.
pub(super) fn unit(n_in: usize) -> f64 {
    1.0 / (n_in as f64).sqrt()
}

/// `x W`, or `x W + b` where there is a bias. The weight is `[in, out]`.
#[derive(Module, Debug)]
pub(super) struct Linear {
    pub(super) weight: Param<Tensor<2>>,
    pub(super) bias: Option<Param<Tensor<1>>>,
}

impl Linear {
    /// One product for a whole batch of sequences. `[n_texts, length, in]` → `[n_texts, length, out]`
    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let [n_texts, length, n_in] = x.dims();
        let y = x.reshape([n_texts * length, n_in]).matmul(self.weight.val());
        let y = match &self.bias {
            Some(bias) => y + bias.val().unsqueeze(),
            None => y,
        };
        let [_, n_out] = y.dims();
        y.reshape([n_texts, length, n_out])
    }
}

/// The root-mean-square norm, or the layer norm where there is a bias.
#[derive(Module, Debug)]
pub(super) struct Norm {
    pub(super) gain: Param<Tensor<1>>,
    pub(super) bias: Option<Param<Tensor<1>>>,
}

impl Norm {
    pub(super) fn new(width: usize, architecture: Architecture, draws: &Draws<'_>) -> Self {
        Self {
            gain: Param::from_tensor(Tensor::ones([width], draws.device)),
            bias: architecture.has_biases().then(|| draws.zeros(width)),
        }
    }

    /// `[n_texts, length, width]` → the same
    pub(super) fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let x = if self.bias.is_some() { x.clone() - x.mean_dim(2) } else { x };
        let scale = (x.clone().powf_scalar(2.0).mean_dim(2) + NORM_EPS).sqrt();
        let y = x / scale * self.gain.val().unsqueeze();
        match &self.bias {
            Some(bias) => y + bias.val().unsqueeze(),
            None => y,
        }
    }
}

/// Attention, then a layer for each place alone, each added to the stream after a norm.
#[derive(Module, Debug)]
pub(super) struct Layer {
    pub(super) attention_norm: Norm,
    pub(super) attention: Attention,
    pub(super) inner_norm: Norm,
    pub(super) inner: Inner,
}

impl Layer {
    pub(super) fn new(shape: &Shape, draws: &mut Draws<'_>) -> Self {
        let (d, inner, architecture) = (shape.width, shape.inner_width, shape.architecture);
        // Each of the 2·layers additions to the stream begins small enough that their sum is of order one.
        let added = |n_in: usize| unit(n_in) / (2.0 * shape.n_layers as f64).sqrt();
        let mut linear = |n_in, n_out, deviation| draws.linear(n_in, n_out, deviation, architecture);
        let attention = Attention {
            query: linear(d, d, unit(d)),
            key: linear(d, d, unit(d)),
            value: linear(d, d, unit(d)),
            output: linear(d, d, added(d)),
            n_heads: shape.n_heads,
        };
        let inner = Inner {
            gate: architecture.has_gates().then(|| linear(d, inner, unit(d))),
            up: linear(d, inner, unit(d)),
            down: linear(inner, d, added(inner)),
        };
        let norm = || Norm::new(d, architecture, draws);
        Self { attention_norm: norm(), attention, inner_norm: norm(), inner }
    }

    /// stream: `[n_texts, length, width]`
    pub(super) fn forward(&self, stream: Tensor<3>, places: &Places) -> Tensor<3> {
        let attended = self.attention.forward(&self.attention_norm.forward(stream.clone()), places);
        let stream = stream + attended;
        stream.clone() + self.inner.forward(self.inner_norm.forward(stream))
    }
}

/// Attention of every place to itself and the places before it.
#[derive(Module, Debug)]
pub(super) struct Attention {
    pub(super) query: Linear,
    pub(super) key: Linear,
    pub(super) value: Linear,
    pub(super) output: Linear,
    pub(super) n_heads: usize,
}

impl Attention {
    fn forward(&self, seen: &Tensor<3>, places: &Places) -> Tensor<3> {
        let [n_texts, length, width] = seen.dims();
        let head_width = width / self.n_heads;
        let heads = |linear: &Linear| {
            // (B, T, d) -> (B, heads, T, head width)
            let all = linear.forward(seen.clone());
            all.reshape([n_texts, length, self.n_heads, head_width]).swap_dims(1, 2)
        };
        let query = places.rotated(heads(&self.query));
        let key = places.rotated(heads(&self.key));
        let scores = query.matmul(key.swap_dims(2, 3)) / (head_width as f64).sqrt();
        let shape = scores.dims();
        let scores = scores.mask_fill(places.hidden.clone().expand(shape), MASKED);
        let mixed = activation::softmax(scores, 3).matmul(heads(&self.value));
        self.output.forward(mixed.swap_dims(1, 2).reshape([n_texts, length, width]))
    }
}

/// `down(silu(gate x) ⊙ up x)`, or `down(gelu(up x))` where there is no gate.
#[derive(Module, Debug)]
pub(super) struct Inner {
    pub(super) gate: Option<Linear>,
    pub(super) up: Linear,
    pub(super) down: Linear,
}

impl Inner {
    fn forward(&self, seen: Tensor<3>) -> Tensor<3> {
        let inner = match &self.gate {
            Some(gate) => activation::silu(gate.forward(seen.clone())) * self.up.forward(seen),
            None => activation::gelu_approximate(self.up.forward(seen)),
        };
        self.down.forward(inner)
    }
}

/// What every layer needs to know about places.
pub(super) struct Places {
    /// Cosines and sines `[1, 1, length, head_width]`; none where places are learned and added to the stream.
    rotation: Option<(Tensor<4>, Tensor<4>)>,
    /// True where a place may not be seen. `[1, 1, length, length]`
    hidden: Tensor<4, Bool>,
}

impl Places {
    pub(super) fn new(length: usize, rotated_width: Option<usize>, device: &Device) -> Self {
        let hidden = (0..length).flat_map(|at| (0..length).map(move |seen| seen > at)).collect::<Vec<bool>>();
        let hidden = Tensor::from_data(TensorData::new(hidden, [1, 1, length, length]), device);
        Self { rotation: rotated_width.map(|width| rotation(length, width, device)), hidden }
    }

    /// `x cos + rotate_half(x) sin`, the halves of a head turned against each other as in the Hub's Llama.
    fn rotated(&self, x: Tensor<4>) -> Tensor<4> {
        let Some((cos, sin)) = &self.rotation else { return x };
        let half = x.dims()[3] / 2;
        let (first, second) = (x.clone().narrow(3, 0, half), x.clone().narrow(3, half, half));
        x * cos.clone() + Tensor::cat(vec![-second, first], 3) * sin.clone()
    }
}

fn rotation(length: usize, head_width: usize, device: &Device) -> (Tensor<4>, Tensor<4>) {
    let half = head_width / 2;
    let angle =
        |place: usize, i: usize| place as f64 * ROPE_THETA.powf(-2.0 * (i % half) as f64 / head_width as f64);
    let table = |f: fn(f64) -> f64| {
        let values: Vec<f32> =
            (0..length).flat_map(|place| (0..head_width).map(move |i| f(angle(place, i)) as f32)).collect();
        Tensor::from_data(TensorData::new(values, [1, 1, length, head_width]), device)
    };
    (table(f64::cos), table(f64::sin))
}
