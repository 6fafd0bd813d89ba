//! The trap "equal only on the prompts you looked at": whether it is set, holds, or was undone, and by what.

use crate::lab::{ModelSource, Report};
use crate::theory::equivalence::Equality;
use crate::theory::twin::{TwinKind, TwinRecipe};

/// A trap and what the prompts found.
#[derive(Debug, Clone, PartialEq)]
pub struct Trap {
    /// Prompts that the twin was built to be equal on.
    pub looked_at: usize,
    /// Largest |Δ log p| on these, nats.
    pub seen: f64,
    /// The noise floor, nats.
    pub epsilon: f64,
    /// What became of it.
    pub state: TrapState,
}

/// What became of a trap.
#[derive(Debug, Clone, PartialEq)]
pub enum TrapState {
    /// Nothing else was typed.
    Holds {
        /// With 95% confidence fewer than this share of prompts like these differ.
        unseen_share: Option<f64>,
        /// Prompts that it takes to bring that share below 5%.
        need: Option<usize>,
    },
    /// Other prompts were typed, and do not tell the two apart.
    NotYet,
    /// A prompt that was not looked at tells the two apart.
    Sprung {
        /// The prompt that does so most clearly.
        prompt: String,
        /// |Δ log p| there, nats.
        gap: f64,
    },
    /// The prompts looked at do so themselves.
    Leaks,
}

impl Trap {
    /// The trap of a report; `None` where B is another kind of model.
    pub fn of(report: &Report) -> Option<Self> {
        let ModelSource::Twin { recipe } = &report.experiment.model_b else { return None };
        let gaps =
            report.prompts.iter().map(|prompt| (prompt.text.as_str(), prompt.divergences.max_abs_dlogp));
        let gaps: Vec<(&str, f64)> = gaps.collect();
        let looked_at = looked_at(recipe)?.map_or(gaps.len(), |n| usize::try_from(n).unwrap_or(usize::MAX));
        Some(Self::judge(&gaps, looked_at, &report.equality, report.plan.identical.need))
    }

    /// From each prompt with its largest |Δ log p|, those that were looked at first.
    fn judge(gaps: &[(&str, f64)], looked_at: usize, equality: &Equality, need: Option<usize>) -> Self {
        let (seen, unseen) = gaps.split_at(looked_at.min(gaps.len()));
        let seen = seen.iter().fold(0.0_f64, |largest, (_, gap)| largest.max(*gap));
        let worst = unseen.iter().max_by(|one, other| one.1.total_cmp(&other.1));
        let epsilon = equality.epsilon_num;
        let state = match worst {
            _ if seen > epsilon => TrapState::Leaks,
            // The same rule that calls two distributions different, on one prompt.
            Some(&(prompt, gap)) if equality.is_refuted() && gap > epsilon => {
                TrapState::Sprung { prompt: prompt.to_owned(), gap }
            }
            Some(_) => TrapState::NotYet,
            None => TrapState::Holds { unseen_share: equality.unseen_share, need },
        };
        Self { looked_at, seen, epsilon, state }
    }
}

/// How many contexts the first step of this kind looked at: all where it does not say; `None` without such a step.
fn looked_at(recipe: &TwinRecipe) -> Option<Option<u64>> {
    recipe.0.iter().find(|step| step.kind == TwinKind::ObservedOnly).map(|step| step.knob)
}

/// The first prompt on offer that is not among those that are asked.
pub fn suggestion<'a>(offered: impl IntoIterator<Item = &'a String>, asked: &[String]) -> Option<String> {
    offered.into_iter().find(|text| !asked.iter().any(|other| other.trim() == text.trim())).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::distribution::Divergences;
    use crate::theory::equivalence::{Closeness, NoiseFloor, assess};

    fn judge(gaps: &[(&str, f64)], looked_at: usize) -> TrapState {
        let divergences: Vec<Divergences> = gaps
            .iter()
            .map(|&(_, gap)| Divergences {
                kl_ab: gap,
                kl_ba: gap,
                js: 0.0,
                tv: 0.0,
                hellinger: 0.0,
                max_abs_dlogp: gap,
                clr_rms: gap,
                top_k_agreement: [1.0; 3],
                max_abs_dlogp_likely: gap,
            })
            .collect();
        let texts: Vec<usize> = (0..gaps.len()).collect();
        let floor = NoiseFloor { a: 0.0, b: 0.0 };
        let closeness =
            Closeness { delta_mean: 0.01, delta_tail: 0.1, max_violation_rate: 0.05, alpha: 0.05 };
        let equality = assess(&divergences, &texts, 8, floor, false, closeness, 1);
        Trap::judge(gaps, looked_at, &equality, Some(59)).state
    }

    #[test]
    fn one_more_prompt_undoes_a_trap_that_holds() {
        let three = [("one", 1e-6), ("two", 2e-6), ("three", 0.0)];
        let TrapState::Holds { unseen_share: Some(share), need } = judge(&three, 3) else {
            panic!("{:?}", judge(&three, 3))
        };
        // With three of three prompts equal, up to 1 − 0.05^⅓ of them may differ.
        assert!((share - (1.0 - 0.05_f64.cbrt())).abs() < 1e-12 && need == Some(59));
        let more = [three.as_slice(), &[("four", 0.5), ("five", 3.0), ("six", 1e-6)]].concat();
        assert_eq!(judge(&more, 3), TrapState::Sprung { prompt: "five".into(), gap: 3.0 });
        // Within ten floors nothing is refuted.
        assert_eq!(judge(&[("one", 1e-6), ("two", 5e-4)], 1), TrapState::NotYet);
        assert_eq!(judge(&[("one", 0.3), ("two", 5.0)], 1), TrapState::Leaks);
    }

    #[test]
    fn a_trap_is_known_by_its_recipe() {
        let of = |text: &str| looked_at(&text.parse().unwrap());
        assert_eq!(of("dark-both+observed-only=4"), Some(Some(4)));
        assert_eq!(of("observed-only"), Some(None));
        assert_eq!(of("dark-both"), None);
    }

    #[test]
    fn what_is_asked_already_is_not_suggested() {
        let offered = ["this is the", "she is much"].map(String::from);
        let asked = [" this is the ".to_owned()];
        assert_eq!(suggestion(&offered, &asked).as_deref(), Some("she is much"));
        assert_eq!(suggestion(&offered, &offered), None);
    }
}
