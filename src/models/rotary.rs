//! Rotary position embedding: the frequencies that configs name, and the rotation of queries and keys.

use std::f64::consts::TAU;

use burn::tensor::{Device, Tensor, TensorData};

use super::config::{ConfigError, Fields};

/// How positions turn into angles.
#[derive(Debug, Clone, PartialEq)]
pub struct Rotary {
    /// One frequency for each pair of rotated coordinates, radians per place.
    frequencies: Vec<f64>,
}

/// How an architecture names, outside `rope_parameters`, what may also stand inside.
#[derive(Debug, Clone, Copy)]
pub struct Spelling {
    /// Names of the base of the frequencies.
    pub theta: &'static [&'static str],
    /// Names of the share of each head's coordinates that is rotated; none where all are.
    pub share: &'static [&'static str],
    /// That share where no field names it.
    pub default_share: f64,
}

impl Rotary {
    /// Takes all fields about rotary positions: `rope_theta` and its other names, `rope_scaling`, `rope_parameters`.
    ///
    /// # Errors
    /// A scaling that is not implemented, or values that make no rotation.
    pub fn from_fields(
        fields: &mut Fields,
        head_width: usize,
        spelling: &Spelling,
    ) -> Result<Self, ConfigError> {
        let theta = agreed(fields, spelling.theta)?;
        let share = agreed(fields, spelling.share)?;
        // Of the two names of the same thing, transformers looks at the older one first.
        let scaling = fields.nested("rope_scaling")?;
        let parameters = fields.nested("rope_parameters")?;
        let Some(mut inside) = scaling.or(parameters) else {
            let share = share.unwrap_or(spelling.default_share);
            return Ok(Self { frequencies: plain(theta, rotated_width(share, head_width)?) });
        };
        let theta = inside.optional_positive("rope_theta")?.or(theta);
        let inside_share = if spelling.share.is_empty() {
            None
        } else {
            inside.optional_positive("partial_rotary_factor")?
        };
        let share = inside_share.or(share).unwrap_or(spelling.default_share);
        let mut frequencies = plain(theta, rotated_width(share, head_width)?);
        let old_kind: Option<String> = inside.optional("type")?;
        let kind = inside.optional("rope_type")?.or(old_kind);
        match kind.as_deref().unwrap_or("default") {
            "default" => {}
            "linear" => {
                let factor = required(&mut inside, "factor")?;
                frequencies.iter_mut().for_each(|frequency| *frequency /= factor);
            }
            "llama3" => {
                let scaling = Llama3::from_fields(&mut inside)?;
                frequencies.iter_mut().for_each(|frequency| *frequency = scaling.apply(*frequency));
            }
            other => {
                let field = inside.named("rope_type");
                return Err(ConfigError::NotImplemented { field, value: other.into() });
            }
        }
        inside.finish()?;
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
    fn from_fields(fields: &mut Fields) -> Result<Self, ConfigError> {
        let scaling = Self {
            factor: required(fields, "factor")?,
            low: required(fields, "low_freq_factor")?,
            high: required(fields, "high_freq_factor")?,
            trained_length: required(fields, "original_max_position_embeddings")?,
        };
        if scaling.high > scaling.low {
            Ok(scaling)
        } else {
            Err(ConfigError::BadValue {
                field: fields.named("high_freq_factor"),
                expected: format!("above low_freq_factor = {}", scaling.low),
                found: scaling.high.to_string(),
            })
        }
    }

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

/// Frequencies before any scaling.
fn plain(theta: Option<f64>, rotated_width: usize) -> Vec<f64> {
    let theta = theta.unwrap_or(10_000.0);
    // An odd width is rounded up to pairs, as transformers does it.
    (0..rotated_width.div_ceil(2)).map(|i| theta.powf(-2.0 * i as f64 / rotated_width as f64)).collect()
}

fn rotated_width(share: f64, head_width: usize) -> Result<usize, ConfigError> {
    let width = (share * head_width as f64) as usize;
    if (1..=head_width).contains(&width) && width.next_multiple_of(2) <= head_width {
        Ok(width)
    } else {
        Err(ConfigError::BadValue {
            field: "rotary positions".into(),
            expected: format!("pairs among each head's {head_width} coordinates"),
            found: format!("a share of {share} of them"),
        })
    }
}

/// Takes a number that has several names; where a config gives it under two, they must agree.
fn agreed(fields: &mut Fields, names: &[&str]) -> Result<Option<f64>, ConfigError> {
    let mut agreed = None;
    for name in names {
        match (agreed, fields.optional_positive(name)?) {
            (Some((first_name, first)), Some(number)) if number != first => {
                return Err(ConfigError::BadValue {
                    field: fields.named(name),
                    expected: format!("{first}, as {first_name} is"),
                    found: number.to_string(),
                });
            }
            (None, Some(number)) => agreed = Some((name, number)),
            _ => {}
        }
    }
    Ok(agreed.map(|(_, number)| number))
}

fn required(fields: &mut Fields, name: &str) -> Result<f64, ConfigError> {
    fields.optional_positive(name)?.ok_or_else(|| ConfigError::Missing(fields.named(name)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Rotary, Spelling};
    use crate::models::{ConfigError, Fields};

    const PARTIAL: Spelling =
        Spelling { theta: &["rotary_emb_base", "rope_theta"], share: &["rotary_pct"], default_share: 0.25 };
    const WHOLE: Spelling = Spelling { theta: &["rope_theta"], share: &[], default_share: 1.0 };

    fn read(config: &str, head_width: usize, spelling: &Spelling) -> Result<Rotary, ConfigError> {
        let mut fields = Fields::parse(config.as_bytes())?;
        let rotary = Rotary::from_fields(&mut fields, head_width, spelling)?;
        fields.finish().map(|()| rotary)
    }

    fn frequencies(config: &str, head_width: usize, spelling: &Spelling) -> Vec<f64> {
        read(config, head_width, spelling).unwrap().frequencies
    }

    fn check_close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        let is_close = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12;
        assert!(found.iter().zip(expected).all(is_close), "{found:?}, expected {expected:?}");
    }

    #[test]
    fn all_spellings_say_the_same() {
        let expected = [1.0, 0.1];
        for config in [
            r#"{"rotary_emb_base": 100, "rotary_pct": 0.5}"#,
            r#"{"rotary_emb_base": 100, "rope_theta": 100.0, "rotary_pct": 0.5, "rope_scaling": null}"#,
            r#"{"rope_parameters": {"rope_theta": 100, "rope_type": "default", "partial_rotary_factor": 0.5}}"#,
            r#"{"rope_theta": 100, "rotary_pct": 0.5, "rope_parameters": {}}"#,
        ] {
            check_close(&frequencies(config, 8, &PARTIAL), &expected);
        }
        check_close(&frequencies("{}", 8, &PARTIAL), &[1.0]);
        check_close(&frequencies("{}", 8, &WHOLE), &[1.0, 0.1, 0.01, 0.001]);
    }

    #[test]
    fn scaled_frequencies_follow_their_formulas() {
        let linear = r#"{"rope_theta": 100, "rope_scaling": {"type": "linear", "factor": 4}}"#;
        check_close(&frequencies(linear, 4, &WHOLE), &[0.25, 0.025]);
        let llama3 = r#"{"rope_theta": 10000, "rope_scaling": {"rope_type": "llama3", "factor": 8.0,
            "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 100}}"#;
        // Waves of 2π, 20π, 200π, 2000π places within 100: kept, blended, stretched, stretched.
        let blend = (100.0 * 0.1 / std::f64::consts::TAU - 1.0) / 3.0;
        let expected = [1.0, 0.1 * (blend + (1.0 - blend) / 8.0), 0.01 / 8.0, 0.001 / 8.0];
        check_close(&frequencies(llama3, 8, &WHOLE), &expected);
    }

    #[test]
    fn other_scalings_and_odd_values_are_refused() {
        let scaling = |scaling| json!({ "rope_scaling": scaling });
        let llama3 = |low: f64, high: f64| {
            json!({"rope_parameters": {"rope_type": "llama3", "factor": 8, "low_freq_factor": low,
                "high_freq_factor": high, "original_max_position_embeddings": 100}})
        };
        for (config, sentence) in [
            (
                scaling(json!({"rope_type": "yarn", "factor": 2})),
                "rope_scaling.rope_type = yarn changes the numbers",
            ),
            (scaling(json!({"type": "dynamic", "factor": 2})), "rope_scaling.rope_type = dynamic changes"),
            (scaling(json!({"rope_type": "longrope"})), "rope_scaling.rope_type = longrope changes"),
            (scaling(json!({"type": "linear"})), "expected a field rope_scaling.factor, found none"),
            (
                scaling(json!({"type": "linear", "factor": 0})),
                "expected rope_scaling.factor to be a number above zero, found 0",
            ),
            (scaling(json!({"type": "linear", "factor": "2"})), "to be f64, found \"2\""),
            (scaling(json!({"type": "linear", "factor": 2, "mscale": 1})), "rope_scaling.mscale = 1 changes"),
            (scaling(json!("linear")), "expected rope_scaling to be a map, found \"linear\""),
            (
                llama3(4.0, 4.0),
                "expected rope_parameters.high_freq_factor to be above low_freq_factor = 4, found 4",
            ),
            (json!({"rope_parameters": {"rope_type": "llama3"}}), "expected a field rope_parameters.factor"),
            (
                json!({"rope_parameters": {"rope_type": "default", "partial_rotary_factor": 0.5}}),
                "rope_parameters.partial_rotary_factor = 0.5 changes the numbers",
            ),
            (
                json!({"rope_parameters": {"full_attention": {"rope_type": "default"}}}),
                "rope_parameters.full_attention = ",
            ),
            (json!({"rope_theta": 0}), "expected rope_theta to be a number above zero, found 0"),
            (json!({"rope_theta": -3}), "expected rope_theta to be a number above zero, found -3"),
        ] {
            let error = read(&config.to_string(), 8, &WHOLE).unwrap_err().to_string();
            assert!(error.contains(sentence), "{config} gives: {error}");
        }
        for (config, sentence) in [
            (
                json!({"rotary_pct": 1.5}),
                "expected rotary positions to be pairs among each head's 8 coordinates",
            ),
            (json!({"rotary_pct": 0.1}), "found a share of 0.1 of them"),
            (json!({"rotary_pct": 0}), "expected rotary_pct to be a number above zero, found 0"),
            (
                json!({"rotary_emb_base": 10000, "rope_theta": 500}),
                "expected rope_theta to be 10000, as rotary_emb_base is, found 500",
            ),
        ] {
            let error = read(&config.to_string(), 8, &PARTIAL).unwrap_err().to_string();
            assert!(error.contains(sentence), "{config} gives: {error}");
        }
    }

    /// As in `transformers`: 3 of 10 coordinates are two pairs with the exponents of three.
    #[test]
    fn an_odd_width_is_rounded_up_to_pairs() {
        let found = frequencies(r#"{"rotary_emb_base": 8, "rotary_pct": 0.3}"#, 10, &PARTIAL);
        check_close(&found, &[1.0, 0.25]);
    }
}
