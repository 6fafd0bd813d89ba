//! What a link or a file may ask for: nothing that the page's own controls could not, whoever made it.

use super::{Pinned, Shared, is_sha256};
use crate::hub::address::{is_repository, is_revision};
use crate::lab::catalogue::is_plain;
use crate::lab::experiment::{ModelSource, Thresholds};

/// Most prompts that are shared.
pub const MAX_PROMPTS: usize = 64;
/// Longest version of this program that may be named, in bytes.
const MAX_VERSION: usize = 32;
/// Most properties with outcomes: five for each concept.
const MAX_PROPERTIES: usize = 320;

/// What cannot be asked for, in words for the middle of a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    /// Only model B can be a twin.
    #[error("model A as a twin, which only model B can be")]
    TwinOfItself,
    /// More prompts than are shared.
    #[error("{found} prompts, where at most {MAX_PROMPTS} are shared")]
    Prompts {
        /// How many.
        found: usize,
    },
    /// A bundled model's name becomes part of an address on the page's own host.
    #[error("the bundled model {found:?}, where names are letters, digits, hyphens and single full stops")]
    BundledName {
        /// The name.
        found: String,
    },
    /// Repository and revision become part of an address that the browser asks for.
    #[error("the model {found:?} of the Hub, where organisation/name at a branch, tag or commit is expected")]
    HubName {
        /// Repository and revision.
        found: String,
    },
    /// A threshold of size.
    #[error("the threshold {name} = {found}, where a positive number is expected")]
    Threshold {
        /// Its name in files.
        name: &'static str,
        /// Its value.
        found: String,
    },
    /// A threshold of probability.
    #[error("the threshold {name} = {found}, where a number between 0 and 1 is expected")]
    Probability {
        /// Its name in files.
        name: &'static str,
        /// Its value.
        found: String,
    },
    /// What it records of a result was written by no page.
    #[error("a comparison with a recorded result that no page writes ({0})")]
    Record(Record),
}

/// What is wrong with a recorded result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Record {
    /// Another text than a version.
    #[error("its version is malformed")]
    Version,
    /// Another text than SHA-256 in hexadecimal.
    #[error("a digest is not 64 hexadecimal digits")]
    Digest,
    /// More properties than can be asked for.
    #[error("it has more than {MAX_PROPERTIES} properties")]
    Properties,
    /// Infinite, negative or no number.
    #[error("a number is not finite or below zero")]
    Number,
}

/// The first thing that cannot be asked for.
pub fn check(Shared { experiment, pinned }: &Shared) -> Result<(), Impossible> {
    if let Some(record) = pinned.as_ref().and_then(fault) {
        return Err(Impossible::Record(record));
    }
    if matches!(experiment.model_a, ModelSource::Twin { .. }) {
        return Err(Impossible::TwinOfItself);
    }
    if experiment.prompts.len() > MAX_PROMPTS {
        return Err(Impossible::Prompts { found: experiment.prompts.len() });
    }
    check_source(&experiment.model_a)?;
    check_source(&experiment.model_b)?;
    check_thresholds(&experiment.thresholds)
}

fn check_source(source: &ModelSource) -> Result<(), Impossible> {
    match source {
        ModelSource::Bundled { name } if !is_plain(name) => {
            Err(Impossible::BundledName { found: name.clone() })
        }
        ModelSource::Hub { repository, commit, .. }
            if !(is_repository(repository) && commit.as_deref().is_none_or(is_revision)) =>
        {
            let revision = commit.as_deref().map(|revision| format!("@{revision}")).unwrap_or_default();
            Err(Impossible::HubName { found: format!("{repository}{revision}") })
        }
        _ => Ok(()),
    }
}

fn check_thresholds(all: &Thresholds) -> Result<(), Impossible> {
    let sizes = [
        ("delta_mean", all.delta_mean),
        ("delta_tail", all.delta_tail),
        ("delta_correlation", all.delta_correlation),
        ("delta_r2", all.delta_r2),
        ("delta_accuracy", all.delta_accuracy),
        ("delta_steering", all.delta_steering),
    ];
    if let Some((name, found)) = sizes.into_iter().find(|(_, size)| !(size.is_finite() && *size > 0.0)) {
        return Err(Impossible::Threshold { name, found: found.to_string() });
    }
    let probabilities =
        [("max_violation_rate", all.max_violation_rate), ("alpha", all.alpha), ("max_p", all.max_p)];
    // Not a number is between nothing.
    match probabilities.into_iter().find(|(_, p)| !(*p > 0.0 && *p < 1.0)) {
        Some((name, found)) => Err(Impossible::Probability { name, found: found.to_string() }),
        None => Ok(()),
    }
}

fn fault(Pinned { version, weights, outcome, digest, .. }: &Pinned) -> Option<Record> {
    let is_digest = |text: &String| text.is_empty() || is_sha256(text);
    let numbers = [outcome.epsilon_num, outcome.mean_kl_ab, outcome.mean_kl_ba];
    let scores = outcome.properties.iter().flat_map(|property| property.scores.into_iter().flatten());
    if version.len() > MAX_VERSION || !version.chars().all(|c| c.is_ascii_graphic()) {
        Some(Record::Version)
    } else if !weights.iter().chain([digest]).all(is_digest) {
        Some(Record::Digest)
    } else if outcome.properties.len() > MAX_PROPERTIES {
        Some(Record::Properties)
    } else if !numbers.into_iter().chain(outcome.max_abs_dlogp).all(|x| x.is_finite() && x >= 0.0)
        || !scores.into_iter().all(f64::is_finite)
    {
        Some(Record::Number)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::pinned;
    use super::*;
    use crate::lab::experiment::Experiment;

    fn experiment() -> Experiment {
        Experiment {
            model_a: ModelSource::Bundled { name: "world-d32".into() },
            model_b: ModelSource::Bundled { name: "world-d48".into() },
            prompts: vec!["the easiest".into()],
            concepts: vec![],
            seed: 1,
            thresholds: Thresholds::default(),
        }
    }

    fn hub(repository: &str, commit: Option<&str>) -> ModelSource {
        let (repository, commit) = (repository.to_owned(), commit.map(ToOwned::to_owned));
        ModelSource::Hub { repository, commit, sha256: String::new() }
    }

    #[test]
    fn what_no_control_asks_for_is_refused_with_what_was_found() {
        type Case = (fn(&mut Experiment), &'static str);
        let cases: [Case; 9] = [
            (
                |asked| asked.model_a = ModelSource::Twin { recipe: "change-of-basis".parse().unwrap() },
                "model A",
            ),
            (|asked| asked.model_b = ModelSource::Bundled { name: "../../secret".into() }, "../../secret"),
            (|asked| asked.model_a = hub("a/../b", None), "a/../b"),
            (|asked| asked.model_a = hub("only-a-name", None), "only-a-name"),
            (|asked| asked.model_b = hub("a/b", Some("../main")), "a/b@../main"),
            (|asked| asked.prompts = vec![String::new(); 65], "65 prompts"),
            (|asked| asked.thresholds.delta_mean = f64::NAN, "delta_mean = NaN"),
            (|asked| asked.thresholds.delta_r2 = -1.0, "delta_r2 = -1"),
            (|asked| asked.thresholds.alpha = 1.5, "alpha = 1.5"),
        ];
        for (change, named) in cases {
            let mut asked = Shared { experiment: experiment(), pinned: None };
            assert_eq!(check(&asked), Ok(()));
            change(&mut asked.experiment);
            let told = check(&asked).unwrap_err().to_string();
            assert!(told.contains(named), "{told}");
        }
    }

    #[test]
    fn what_no_page_would_record_is_refused() {
        let with = |pinned| check(&Shared { experiment: experiment(), pinned: Some(pinned) });
        assert_eq!(with(pinned()), Ok(()));
        type Case = (fn(&mut Pinned), Record);
        let broken: [Case; 6] = [
            (|pinned| pinned.version = "<script>".repeat(9), Record::Version),
            (|pinned| pinned.weights[0] = "xyz".into(), Record::Digest),
            (|pinned| pinned.digest = "é".repeat(32), Record::Digest),
            (|pinned| pinned.outcome.mean_kl_ba = f64::NAN, Record::Number),
            (
                |pinned| pinned.outcome.properties[0].scores = Some([0.0, 0.0, f64::INFINITY, 0.0]),
                Record::Number,
            ),
            (
                |pinned| {
                    let one = pinned.outcome.properties[0].clone();
                    pinned.outcome.properties = vec![one; MAX_PROPERTIES + 1];
                },
                Record::Properties,
            ),
        ];
        for (change, expected) in broken {
            let mut pinned = pinned();
            change(&mut pinned);
            assert_eq!(with(pinned), Err(Impossible::Record(expected)));
        }
    }
}
