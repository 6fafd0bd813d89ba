//! What a permalink pins besides the [`Experiment`]: which weights ran, on which engines, in which version of this program,
//! and what came out. Whoever opens it computes the same again and is told what differs.

mod limits;
mod reproduction;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::experiment::{Experiment, ModelSource};
use super::observation::EngineKind;
use super::report::{Property, PropertyReport, Report};
use crate::theory::equivalence::Level;
use crate::theory::verdict::VerdictKind;

pub use limits::{Impossible, MAX_PROMPTS, Record, check};
pub use reproduction::{Agreement, Circumstance, Difference, Quantity, Reproduction, reproduce};

/// What is shared by a link or a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shared {
    /// What is asked.
    pub experiment: Experiment,
    /// How it was answered; absent where it was shared before there was an answer, and in links of version 2.
    pub pinned: Option<Pinned>,
}

/// What an opened link or file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// What it shares.
    pub shared: Shared,
    /// The format's version, where it is newer than this program: only the question could be read.
    pub newer: Option<u32>,
}

/// How an experiment was answered when it was shared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pinned {
    /// Version of the program.
    pub version: String,
    /// SHA-256 of the weights of A and of B, in hexadecimal; of a twin those of A.
    pub weights: [String; 2],
    /// Which engines ran A and B.
    pub engines: [EngineKind; 2],
    /// What came out.
    pub outcome: Outcome,
    /// [`Outcome::digest`] as it was when the link was made.
    pub digest: String,
}

/// The verdict and the main numbers of a report, each to [`SIGNIFICANT`] significant digits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// How equal the distributions are.
    pub level: Level,
    /// ε_num, nats: what the tolerances of a reproduction follow from.
    pub epsilon_num: f64,
    /// Largest |log p_A − log p_B|, nats; absent where it is infinite.
    pub max_abs_dlogp: Option<f64>,
    /// Mean KL(A‖B), nats.
    pub mean_kl_ab: f64,
    /// Mean KL(B‖A), nats.
    pub mean_kl_ba: f64,
    /// On how many contexts.
    pub n_contexts: u32,
    /// Of how many tokens.
    pub n_tokens: u32,
    /// One entry for every property of the report, in its order.
    pub properties: Vec<PropertyOutcome>,
}

/// What came out for one property.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PropertyOutcome {
    /// Which one.
    pub property: Property,
    /// The verdict on the visible version.
    pub visible: VerdictKind,
    /// The verdict on the raw version.
    pub raw: VerdictKind,
    /// Raw A, raw B, visible A, visible B; absent where there is nothing to measure.
    pub scores: Option<[f64; 4]>,
}

/// Significant digits to which an outcome's numbers are rounded, before its digest too: more than the tolerances of a
/// reproduction ask for, and fewer than f32 has.
pub const SIGNIFICANT: usize = 6;

/// Smaller than any number that matters here: what is nearer to 0 counts as 0.
const NEGLIGIBLE: f64 = 1e-15;

impl Pinned {
    /// Of a report.
    pub fn of(report: &Report) -> Self {
        let outcome = Outcome::of(report);
        Self {
            version: report.version.clone(),
            weights: [&report.model_a, &report.model_b].map(|side| side.model.sha256.clone()),
            engines: [report.model_a.engine, report.model_b.engine],
            digest: outcome.digest(),
            outcome,
        }
    }

    /// Whether the digest is that of the numbers beside it; where not, somebody changed one of them.
    pub fn is_intact(&self) -> bool {
        self.outcome.digest() == self.digest
    }
}

impl Outcome {
    /// Of a report.
    pub fn of(report: &Report) -> Self {
        let equality = &report.equality;
        let largest = equality.max_abs_dlogp;
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            level: equality.level,
            epsilon_num: equality.epsilon_num,
            max_abs_dlogp: largest.is_finite().then_some(largest),
            mean_kl_ab: equality.mean_kl_ab,
            mean_kl_ba: equality.mean_kl_ba,
            n_contexts: count(report.n_contexts),
            n_tokens: count(report.n_tokens),
            properties: report.properties.iter().map(PropertyOutcome::of).collect(),
        }
        .rounded()
    }

    /// SHA-256 of the rounded outcome as JSON, in hexadecimal.
    pub fn digest(&self) -> String {
        let text = serde_json::to_string(&self.clone().rounded()).unwrap_or_default();
        Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn rounded(mut self) -> Self {
        for number in [&mut self.epsilon_num, &mut self.mean_kl_ab, &mut self.mean_kl_ba]
            .into_iter()
            .chain(self.max_abs_dlogp.as_mut())
            .chain(self.properties.iter_mut().flat_map(|property| property.scores.iter_mut().flatten()))
        {
            *number = rounded(*number);
        }
        self
    }
}

impl PropertyOutcome {
    fn of(report: &PropertyReport) -> Self {
        let scores = report.scores.as_ref().map(|scores| {
            [&scores.raw_a, &scores.raw_b, &scores.visible_a, &scores.visible_b].map(|score| score.score)
        });
        Self {
            property: report.property,
            visible: report.verdict.visible.kind,
            raw: report.verdict.raw.kind,
            scores: scores.filter(|scores| scores.iter().all(|score| score.is_finite())),
        }
    }
}

/// Whether two experiments ask the same of the same models, whatever is known by now of the models' commits and weights.
pub fn is_same_question(a: &Experiment, b: &Experiment) -> bool {
    let unpinned = |experiment: &Experiment| {
        let mut experiment = experiment.clone();
        for source in [&mut experiment.model_a, &mut experiment.model_b] {
            match source {
                ModelSource::Local { sha256, .. } => sha256.clear(),
                ModelSource::Hub { commit, sha256, .. } => {
                    *commit = None;
                    sha256.clear();
                }
                ModelSource::Bundled { .. } | ModelSource::Twin { .. } => {}
            }
        }
        experiment
    };
    unpinned(a) == unpinned(b)
}

/// 64 hexadecimal digits.
fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// To [`SIGNIFICANT`] digits.
fn rounded(value: f64) -> f64 {
    if !value.is_finite() || value.abs() < NEGLIGIBLE {
        // Never −0, which has another name.
        return if value.is_finite() { 0.0 } else { value };
    }
    format!("{value:.*e}", SIGNIFICANT - 1).parse().unwrap_or(value)
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub fn pinned() -> Pinned {
        let outcome = Outcome {
            level: Level::Different,
            epsilon_num: 1e-4,
            max_abs_dlogp: Some(7.25),
            mean_kl_ab: 0.0625,
            mean_kl_ba: 0.07,
            n_contexts: 900,
            n_tokens: 300,
            properties: vec![
                PropertyOutcome {
                    property: Property::Parallelism,
                    visible: VerdictKind::NotEquivalent,
                    raw: VerdictKind::NotEquivalent,
                    scores: Some([0.5, 0.4, 0.7, 0.75]),
                },
                PropertyOutcome {
                    property: Property::LinearProbing,
                    visible: VerdictKind::TooLittleData,
                    raw: VerdictKind::TooLittleData,
                    scores: None,
                },
            ],
        };
        Pinned {
            version: "0.1.0".into(),
            weights: ["a".repeat(64), "b".repeat(64)],
            engines: [EngineKind::Cpu, EngineKind::WebGpu],
            digest: outcome.digest(),
            outcome,
        }
    }

    /// Python: float(f"{x:.5e}").
    #[test]
    fn numbers_keep_six_significant_digits() {
        let cases = [
            (0.123456789, 0.123457),
            (-7654321.0, -7654320.0),
            (1.0000004e-7, 1e-7),
            (3e-16, 0.0),
            (-0.0, 0.0),
        ];
        for (value, expected) in cases {
            assert_eq!(rounded(value).to_bits(), f64::to_bits(expected), "{value}");
        }
        assert_eq!(rounded(f64::INFINITY), f64::INFINITY);
    }

    #[test]
    fn the_digest_is_of_the_rounded_numbers_and_of_nothing_else() {
        let pinned = pinned();
        assert!(pinned.is_intact());
        let mut near = pinned.clone();
        near.outcome.mean_kl_ab += 1e-9;
        assert!(near.is_intact(), "beyond the sixth digit nothing counts");
        let mut far = pinned.clone();
        far.outcome.mean_kl_ab += 1e-6;
        assert!(!far.is_intact());
        let mut other_verdict = pinned.clone();
        other_verdict.outcome.properties[1].raw = VerdictKind::HeldByAll;
        assert!(!other_verdict.is_intact());
        let elsewhere = Pinned { engines: [EngineKind::WebGpu; 2], version: "9.9.9".into(), ..pinned };
        assert!(elsewhere.is_intact());
    }

    /// echo -n of the JSON below | sha256sum
    #[test]
    fn the_digest_is_the_sha_256_of_the_outcome_as_json() {
        let json = r#"{"level":"different","epsilon_num":0.0001,"max_abs_dlogp":7.25,"mean_kl_ab":0.0625,"mean_kl_ba":0.07,"n_contexts":900,"n_tokens":300,"properties":[{"property":"parallelism","visible":"not_equivalent","raw":"not_equivalent","scores":[0.5,0.4,0.7,0.75]},{"property":"linear_probing","visible":"too_little_data","raw":"too_little_data","scores":null}]}"#;
        assert_eq!(serde_json::to_string(&pinned().outcome).unwrap(), json);
        assert_eq!(pinned().digest, "130f91d14d502d98c248bcefe9387713bc700f34fcec5d66bbd5e3063804117b");
    }

    proptest! {
        #[test]
        fn rounding_is_done_once_and_stays_within_half_a_digit(value in -1e9f64..1e9) {
            let once = rounded(value);
            prop_assert_eq!(rounded(once).to_bits(), once.to_bits());
            prop_assert!((once - value).abs() <= 0.5001e-5 * value.abs() + NEGLIGIBLE);
        }

        /// A file's numbers are read back as they were written, so that its digest still fits.
        #[test]
        fn rounded_numbers_survive_json(value in -1e9f64..1e9) {
            let written = serde_json::to_string(&rounded(value)).unwrap();
            prop_assert_eq!(rounded(serde_json::from_str(&written).unwrap()), rounded(value));
        }
    }
}
