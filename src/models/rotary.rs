//! Rotary position embedding: the frequencies that configs name, and the rotation of queries and keys.

use std::f64::consts::TAU;

use burn::tensor::{Device, Tensor, TensorData};
use serde_json::{Map, Value};

use super::config::{ConfigError, Fields};

/// How positions turn into angles.
#[derive(Debug, Clone, PartialEq)]
pub struct Rotary {
    /// One frequency for each pair of rotated coordinates, radians per place.
    frequencies: Vec<f64>,
}

impl Rotary {
    /// Takes `rope_theta`, `rope_scaling` and, in newer configs, `rope_parameters`, for `width` rotated coordinates.
    ///
    /// # Errors
    /// A scaling that is not implemented, or values of another kind.
    pub fn from_fields(fields: &mut Fields, theta_field: &str, width: usize) -> Result<Self, ConfigError> {
        let theta: Option<f64> = fields.optional(theta_field)?;
        let scaling: Option<Map<String, Value>> = fields.optional("rope_scaling")?;
        let parameters: Option<Map<String, Value>> = fields.optional("rope_parameters")?;
        let parameters = parameters.or(scaling).unwrap_or_default();
        let theta = number(&parameters, "rope_theta").or(theta).unwrap_or(10_000.0);
        let plain = (0..width / 2).map(|i| theta.powf(-2.0 * i as f64 / width as f64));
        let kind = parameters.get("rope_type").or(parameters.get("type")).and_then(Value::as_str);
        let required = |field: &str| {
            number(&parameters, field).ok_or_else(|| ConfigError::Missing(format!("rope_scaling.{field}")))
        };
        let frequencies = match kind.unwrap_or("default") {
            "default" => plain.collect(),
            "linear" => {
                let factor = required("factor")?;
                plain.map(|frequency| frequency / factor).collect()
            }
            "llama3" => {
                let scaling = Llama3 {
                    factor: required("factor")?,
                    low: required("low_freq_factor")?,
                    high: required("high_freq_factor")?,
                    trained_length: required("original_max_position_embeddings")?,
                };
                plain.map(|frequency| scaling.apply(frequency)).collect()
            }
            other => {
                return Err(ConfigError::NotImplemented {
                    field: "rope_scaling".into(),
                    value: other.into(),
                });
            }
        };
        Ok(Self { frequencies })
    }

    /// Cosines and sines of all places, for a batch of `time` places.
    pub fn table(&self, time: usize, device: &Device) -> RotaryTable {
        let shape = [1, 1, time, 2 * self.frequencies.len()];
        let table = |of: fn(f64) -> f64| {
            let values: Vec<f32> = (0..time)
                .flat_map(|place| {
                    // The rotated coordinates are two halves that turn by the same angles.
                    let angles = self.frequencies.iter().chain(&self.frequencies);
                    angles.map(move |frequency| of(place as f64 * frequency) as f32)
                })
                .collect();
            Tensor::from_data(TensorData::new(values, shape), device)
        };
        RotaryTable { cos: table(f64::cos), sin: table(f64::sin) }
    }
}

/// The frequency scaling of Llama 3.1: long waves are stretched, short ones kept, those between blended.
struct Llama3 {
    factor: f64,
    low: f64,
    high: f64,
    trained_length: f64,
}

impl Llama3 {
    fn apply(&self, frequency: f64) -> f64 {
        let n_waves = self.trained_length * frequency / TAU;
        let kept = ((n_waves - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        frequency * (kept + (1.0 - kept) / self.factor)
    }
}

/// Cosines and sines, `[1, 1, time, rotated width]`.
#[derive(Debug, Clone)]
pub struct RotaryTable {
    cos: Tensor<4>,
    sin: Tensor<4>,
}

impl RotaryTable {
    /// Rotates the first coordinates of every head; the others pass.
    ///
    /// # Shapes
    /// `[batch, heads, time, width]` → `[batch, heads, time, width]`
    pub fn rotate(&self, x: Tensor<4>) -> Tensor<4> {
        let [_, _, _, width] = x.dims();
        let [_, _, _, rotated] = self.cos.dims();
        if rotated == width {
            return self.rotate_all(x);
        }
        let first = self.rotate_all(x.clone().narrow(3, 0, rotated));
        Tensor::cat(vec![first, x.narrow(3, rotated, width - rotated)], 3)
    }

    fn rotate_all(&self, x: Tensor<4>) -> Tensor<4> {
        let [_, _, _, width] = x.dims();
        let (first, second) = (x.clone().narrow(3, 0, width / 2), x.clone().narrow(3, width / 2, width / 2));
        let turned = Tensor::cat(vec![second.neg(), first], 3);
        x * self.cos.clone() + turned * self.sin.clone()
    }
}

fn number(fields: &Map<String, Value>, name: &str) -> Option<f64> {
    fields.get(name).and_then(Value::as_f64)
}
