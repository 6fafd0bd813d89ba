//! A recorded outcome against a recomputed one: what differs, by how much, and what else is different here.
//!
//! Tolerances follow from the noise floor ε (theory.md §4.3), the larger one of the recorded and the recomputed; a recorded
//! one counts for at most the highest that a verdict may rest on. Two honest runs of the same weights give
//! log-probabilities within ε of each other, so that
//!
//! * max |Δ log p| moves by at most 2ε, once for each model;
//! * KL moves by at most ε(2 + E|log p/q|), and E_p|log p/q| ≤ KL + √(2 KL): ε(2 + KL + √(2 KL));
//! * a score made of correlations of log-ratios moves by at most 4ε(1/sd_i + 1/sd_j) (Prop. 8), where sd is the spread of a
//!   concept's log-ratios, of the order of one nat: 10ε, times the score where that exceeds 1.

use super::{Outcome, Pinned, PropertyOutcome};
use crate::lab::observation::EngineKind;
use crate::lab::report::{Property, Report};
use crate::theory::equivalence::{Level, NoiseFloor};
use crate::theory::verdict::VerdictKind;

/// How a recomputed report stands to what was recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Reproduction {
    /// Whether it agrees.
    pub agreement: Agreement,
    /// Everything that is not as recorded, beyond its tolerance.
    pub differences: Vec<Difference>,
    /// What else is different here: it may be why.
    pub circumstances: Vec<Circumstance>,
    /// Largest difference of the recorded numbers, relative to its tolerance.
    pub largest: f64,
}

/// Whether a result was reproduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// The digests are equal: every digit that was recorded.
    Exact,
    /// Every number is within the noise floor's tolerance, and every verdict is the same.
    WithinNoise,
    /// Something differs.
    Not,
}

/// A result that is not as recorded.
#[derive(Debug, Clone, PartialEq)]
pub enum Difference {
    /// The recorded numbers are not those that their digest was made of: somebody changed them.
    Altered,
    /// The weights of a model are others.
    Weights {
        /// 0 for A, 1 for B.
        model: usize,
        /// SHA-256 as recorded.
        recorded: String,
        /// SHA-256 here.
        found: String,
    },
    /// The level of equality.
    Level {
        /// As recorded.
        recorded: Level,
        /// Here.
        found: Level,
    },
    /// The verdict on a property.
    Verdict {
        /// Which property.
        property: Property,
        /// On its visible version, else on its raw one.
        visible: bool,
        /// As recorded.
        recorded: VerdictKind,
        /// Here.
        found: VerdictKind,
    },
    /// The properties are not the same ones, or one of them could be measured here only or there only.
    Properties,
    /// A number.
    Number {
        /// Which one.
        quantity: Quantity,
        /// As recorded; infinite where a token is impossible in one model only.
        recorded: f64,
        /// Here.
        found: f64,
        /// What the noise floor explains.
        tolerance: f64,
    },
}

/// A recorded number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// max |Δ log p|, nats.
    MaxDlogp,
    /// Mean KL(A‖B), nats.
    KlAb,
    /// Mean KL(B‖A), nats.
    KlBa,
    /// How many contexts.
    Contexts,
    /// How many tokens.
    Tokens,
    /// A property's score.
    Score {
        /// Which property.
        property: Property,
        /// Its visible version, else its raw one.
        visible: bool,
        /// 0 for A, 1 for B.
        model: usize,
    },
}

/// What is different here though it is no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Circumstance {
    /// The version of this program.
    Version {
        /// As recorded.
        recorded: String,
        /// Here.
        found: String,
    },
    /// The engine of a model.
    Engine {
        /// 0 for A, 1 for B.
        model: usize,
        /// As recorded.
        recorded: EngineKind,
        /// Here.
        found: EngineKind,
    },
}

/// Holds a report against what was recorded.
pub fn reproduce(recorded: &Pinned, report: &Report) -> Reproduction {
    compare(recorded, &Pinned::of(report))
}

fn compare(recorded: &Pinned, found: &Pinned) -> Reproduction {
    let mut differences = Vec::new();
    if !recorded.is_intact() {
        differences.push(Difference::Altered);
    }
    for model in 0..2 {
        let [before, now] = [recorded, found].map(|pinned| pinned.weights[model].clone());
        if !before.is_empty() && before != now {
            differences.push(Difference::Weights { model, recorded: before, found: now });
        }
    }
    let mut held = Held { differences, largest: 0.0 };
    held.outcomes(&recorded.outcome, &found.outcome);
    let Held { differences, largest } = held;
    let agreement = match (differences.is_empty(), recorded.digest == found.digest) {
        (true, true) => Agreement::Exact,
        (true, false) => Agreement::WithinNoise,
        (false, _) => Agreement::Not,
    };
    Reproduction { agreement, differences, circumstances: circumstances(recorded, found), largest }
}

fn circumstances(recorded: &Pinned, found: &Pinned) -> Vec<Circumstance> {
    let version = (recorded.version != found.version)
        .then(|| Circumstance::Version { recorded: recorded.version.clone(), found: found.version.clone() });
    let engines = recorded.engines.into_iter().zip(found.engines).enumerate();
    let engines = engines.filter(|(_, (recorded, found))| recorded != found);
    let engines = engines.map(|(model, (recorded, found))| Circumstance::Engine { model, recorded, found });
    version.into_iter().chain(engines).collect()
}

/// Differences, as they are found.
struct Held {
    differences: Vec<Difference>,
    largest: f64,
}

impl Held {
    fn outcomes(&mut self, recorded: &Outcome, found: &Outcome) {
        if recorded.level != found.level {
            self.differences.push(Difference::Level { recorded: recorded.level, found: found.level });
        }
        // A link that claims a floor which no verdict rests on must not explain every difference away.
        let epsilon = recorded.epsilon_num.min(NoiseFloor::HIGHEST_USABLE).max(found.epsilon_num);
        let infinite = |number: Option<f64>| number.unwrap_or(f64::INFINITY);
        let kl = |recorded: f64, found: f64| {
            let larger = recorded.max(found);
            epsilon * (2.0 + larger + (2.0 * larger).sqrt())
        };
        let [counts, found_counts] =
            [recorded, found].map(|outcome| [f64::from(outcome.n_contexts), f64::from(outcome.n_tokens)]);
        self.number(Quantity::Contexts, counts[0], found_counts[0], 0.0);
        self.number(Quantity::Tokens, counts[1], found_counts[1], 0.0);
        self.number(
            Quantity::MaxDlogp,
            infinite(recorded.max_abs_dlogp),
            infinite(found.max_abs_dlogp),
            2.0 * epsilon,
        );
        let (before, now) = (recorded.mean_kl_ab, found.mean_kl_ab);
        self.number(Quantity::KlAb, before, now, kl(before, now));
        let (before, now) = (recorded.mean_kl_ba, found.mean_kl_ba);
        self.number(Quantity::KlBa, before, now, kl(before, now));

        let kinds = |outcome: &Outcome| outcome.properties.iter().map(|p| p.property).collect::<Vec<_>>();
        if kinds(recorded) != kinds(found) {
            return self.differences.push(Difference::Properties);
        }
        for (recorded, found) in recorded.properties.iter().zip(&found.properties) {
            self.property(recorded, found, epsilon);
        }
    }

    fn property(&mut self, recorded: &PropertyOutcome, found: &PropertyOutcome, epsilon: f64) {
        let property = recorded.property;
        for (visible, before, now) in
            [(true, recorded.visible, found.visible), (false, recorded.raw, found.raw)]
        {
            if before != now {
                self.differences.push(Difference::Verdict {
                    property,
                    visible,
                    recorded: before,
                    found: now,
                });
            }
        }
        match (recorded.scores, found.scores) {
            (Some(recorded), Some(found)) => {
                for (i, (before, now)) in recorded.into_iter().zip(found).enumerate() {
                    let quantity = Quantity::Score { property, visible: i >= 2, model: i % 2 };
                    self.number(quantity, before, now, 10.0 * epsilon * before.abs().max(1.0));
                }
            }
            (None, None) => {}
            _ => self.differences.push(Difference::Properties),
        }
    }

    fn number(&mut self, quantity: Quantity, recorded: f64, found: f64, tolerance: f64) {
        // Two infinities are one and the same.
        let apart = if recorded == found { 0.0 } else { (recorded - found).abs() };
        if apart > tolerance {
            self.differences.push(Difference::Number { quantity, recorded, found, tolerance });
        }
        if apart > 0.0 {
            self.largest = self.largest.max(apart / tolerance);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::pinned;
    use super::*;
    use crate::theory::distribution::{Divergences, log_softmax};

    /// With a digest that fits.
    fn changed(change: impl Fn(&mut Pinned)) -> Pinned {
        let mut pinned = pinned();
        change(&mut pinned);
        pinned.digest = pinned.outcome.digest();
        pinned
    }

    #[test]
    fn the_same_again_is_exact() {
        let again = compare(&pinned(), &pinned());
        assert_eq!((again.agreement, again.largest), (Agreement::Exact, 0.0));
        assert!(again.differences.is_empty() && again.circumstances.is_empty());
    }

    #[test]
    fn rounding_within_the_floor_is_no_difference() {
        let other = changed(|found| {
            found.outcome.max_abs_dlogp = Some(7.25015);
            found.outcome.mean_kl_ab += 2e-4;
            found.outcome.properties[0].scores = Some([0.5009, 0.4, 0.7, 0.75]);
            found.engines = [EngineKind::WebGpu; 2];
            found.version = "0.2.0".into();
        });
        let found = compare(&pinned(), &other);
        assert_eq!(found.agreement, Agreement::WithinNoise, "{:?}", found.differences);
        assert!(found.largest > 0.7 && found.largest <= 1.0, "{}", found.largest);
        assert_eq!(
            found.circumstances,
            [
                Circumstance::Version { recorded: "0.1.0".into(), found: "0.2.0".into() },
                Circumstance::Engine { model: 0, recorded: EngineKind::Cpu, found: EngineKind::WebGpu },
            ]
        );
    }

    #[test]
    fn a_claimed_floor_does_not_explain_everything() {
        let claimed = changed(|recorded| {
            recorded.outcome.epsilon_num = 1e9;
            recorded.outcome.mean_kl_ab = 3.0;
        });
        let found = compare(&claimed, &pinned());
        assert_eq!(found.agreement, Agreement::Not, "{:?}", found.differences);
    }

    #[test]
    fn every_difference_is_named_with_its_size() {
        type Case = (fn(&mut Pinned), fn(&Difference) -> bool);
        let cases: [Case; 8] = [
            (
                |found| found.weights[1] = "c".repeat(64),
                |d| matches!(d, Difference::Weights { model: 1, .. }),
            ),
            (
                |found| found.outcome.level = Level::Close,
                |d| matches!(d, Difference::Level { recorded: Level::Different, found: Level::Close }),
            ),
            (
                |found| found.outcome.properties[0].raw = VerdictKind::Mixed,
                |d| matches!(d, Difference::Verdict { visible: false, found: VerdictKind::Mixed, .. }),
            ),
            (
                |found| found.outcome.n_contexts = 12,
                |d| matches!(d, Difference::Number { quantity: Quantity::Contexts, found, .. } if *found == 12.0),
            ),
            (
                |found| found.outcome.max_abs_dlogp = None,
                |d| matches!(d, Difference::Number { quantity: Quantity::MaxDlogp, found, .. } if found.is_infinite()),
            ),
            (
                |found| found.outcome.mean_kl_ba += 3e-4,
                |d| {
                    matches!(d, Difference::Number { quantity: Quantity::KlBa, recorded, tolerance, .. }
                    if *recorded == 0.07 && (2.0e-4..3e-4).contains(tolerance))
                },
            ),
            (
                |found| found.outcome.properties[0].scores = Some([0.5, 0.4, 0.7, 0.76]),
                |d| {
                    matches!(
                        d,
                        Difference::Number { quantity: Quantity::Score { visible: true, model: 1, .. }, .. }
                    )
                },
            ),
            (|found| found.outcome.properties.truncate(1), |d| *d == Difference::Properties),
        ];
        for (change, is_it) in cases {
            let found = compare(&pinned(), &changed(change));
            assert_eq!(found.agreement, Agreement::Not);
            assert!(found.differences.len() == 1 && is_it(&found.differences[0]), "{:?}", found.differences);
        }
    }

    #[test]
    fn a_number_that_was_changed_in_the_link_is_found_out() {
        let mut altered = pinned();
        altered.outcome.mean_kl_ab = 0.0;
        let found = compare(&altered, &pinned());
        assert!(matches!(
            found.differences[..],
            [Difference::Altered, Difference::Number { quantity: Quantity::KlAb, .. }]
        ));
    }

    proptest! {
        /// The tolerance of KL holds for any two models whose log-probabilities move by at most ε.
        #[test]
        fn kl_moves_by_no_more_than_its_tolerance(
            logits in prop::collection::vec((-6.0..6.0_f64, -6.0..6.0_f64, -1.0..1.0_f64, -1.0..1.0_f64), 2..30),
        ) {
            let log_probs = |values: Vec<f64>| { let mut values = values; log_softmax(&mut values); values };
            let a = log_probs(logits.iter().map(|l| l.0).collect());
            let b = log_probs(logits.iter().map(|l| l.1).collect());
            // Half of it, because normalising moves every log-probability by as much again.
            let epsilon = 1e-3;
            let moved = |x: &[f64], by: fn(&(f64, f64, f64, f64)) -> f64| {
                log_probs(x.iter().zip(&logits).map(|(x, l)| x + 0.5 * epsilon * by(l)).collect())
            };
            let (a2, b2) = (moved(&a, |l| l.2), moved(&b, |l| l.3));
            let before = Divergences::between(&a, &b, 0.0);
            let after = Divergences::between(&a2, &b2, 0.0);
            let larger = before.kl_ab.max(after.kl_ab);
            let tolerance = epsilon * (2.0 + larger + (2.0 * larger).sqrt());
            prop_assert!((before.kl_ab - after.kl_ab).abs() <= 1.01 * tolerance);
            prop_assert!((before.max_abs_dlogp - after.max_abs_dlogp).abs() <= 2.0 * epsilon + 1e-12);
        }
    }
}
