//! From a step of a recipe to its controls and back.

use crate::theory::twin::{
    DARK_F_WIDTH, DARK_G_WIDTH, DEFAULT_CONDITION, MOST_DARK, MOST_PAIRS, PairSet, TwinKind, TwinStep,
};

/// Dark dimensions that a new step begins with: few enough to see what more of them do.
const FIRST_DARK: u64 = 4;

/// How far knobs go for the models and prompts at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Prompts that are run.
    pub n_prompts: usize,
    /// r of model A, where it is known.
    pub complexity: Option<usize>,
}

/// What a number on a step means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Largest condition number of a change of basis.
    Condition,
    /// Extra dimensions.
    Dark,
    /// Prompts looked at.
    LookedAt,
    /// Dimensions kept.
    Kept,
}

/// A slider with a number beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// What it means.
    pub meaning: Meaning,
    /// What the recipe says; `None` where it leaves the constructor its usual number.
    pub value: Option<u64>,
    /// Where the slider stands then.
    pub usual: u64,
    /// Where the slider can stand, ascending, at least one.
    pub stops: Vec<u64>,
}

impl Number {
    /// The slider's position, from 0 on: the stop that is nearest from below.
    pub fn position(&self) -> usize {
        let value = self.value.unwrap_or(self.usual);
        self.stops.partition_point(|&stop| stop <= value).saturating_sub(1)
    }

    /// The number at a position of the slider.
    pub fn at(&self, position: usize) -> u64 {
        self.stops.get(position).or(self.stops.last()).copied().unwrap_or(self.usual)
    }

    /// Smallest and largest stop.
    pub fn range(&self) -> (u64, u64) {
        (self.at(0), self.at(self.stops.len()))
    }
}

/// The number on a step; `None` where it has none.
pub fn number(step: TwinStep, limits: Limits) -> Option<Number> {
    let (meaning, usual, stops) = match step.kind {
        TwinKind::ChangeOfBasis => (
            Meaning::Condition,
            DEFAULT_CONDITION,
            *step.kind.knob_range()?.start()..=*step.kind.knob_range()?.end(),
        ),
        TwinKind::DarkUnembedding => (Meaning::Dark, DARK_G_WIDTH as u64, 1..=MOST_DARK),
        TwinKind::DarkEmbedding | TwinKind::DarkBoth => (Meaning::Dark, DARK_F_WIDTH as u64, 1..=MOST_DARK),
        TwinKind::ObservedOnly => {
            let all = limits.n_prompts.max(1) as u64;
            (Meaning::LookedAt, all, 1..=all.max(step.knob.unwrap_or(1)))
        }
        TwinKind::Truncated => {
            let complexity = limits.complexity.map_or(step.knob.unwrap_or(1), |r| r as u64).max(1);
            (Meaning::Kept, (complexity - 1).max(1), 1..=complexity)
        }
        TwinKind::InPlace | TwinKind::BreakParallelism | TwinKind::FakeParallelism | TwinKind::Reduced => {
            return None;
        }
    };
    let stops = if meaning == Meaning::Dark { ladder(*stops.end()) } else { stops.collect() };
    Some(Number { meaning, value: step.knob, usual, stops })
}

/// 1, 2, 3, 4, 6, 8, 12, 16, … up to a power of two: two stops a doubling.
fn ladder(most: u64) -> Vec<u64> {
    let doublings = std::iter::successors(Some(1_u64), |power| power.checked_mul(2));
    let stops = doublings.flat_map(|power| [power, power + power / 2]);
    let mut stops: Vec<u64> = stops.take_while(|&stop| stop <= most).collect();
    stops.dedup();
    stops
}

/// A step with another number, kept within what the constructor allows.
pub fn with_number(step: TwinStep, number: u64) -> TwinStep {
    let knob = step.kind.knob_range().map(|range| number.clamp(*range.start(), *range.end()));
    TwinStep { knob, ..step }
}

/// Whether each of the pairs that take part is turned; those that cannot be chosen one by one are left out.
pub fn chosen(step: TwinStep, n_pairs: usize) -> Vec<bool> {
    let set = step.pairs();
    (0..n_pairs.min(MOST_PAIRS)).map(|place| set.is_none_or(|set| set.contains(place))).collect()
}

/// A step with another choice among its pairs: the usual one where it is all of them, and unchanged where it is none.
pub fn with_chosen(step: TwinStep, chosen: &[bool], n_pairs: usize) -> TwinStep {
    let places = || (0..chosen.len()).filter(|&place| chosen[place]);
    if places().count() == n_pairs {
        return TwinStep { knob: None, ..step };
    }
    match PairSet::of(places()) {
        Some(set) => TwinStep { knob: Some(set.bits()), ..step },
        None => step,
    }
}

/// A new step, with a number where its usual one leaves nothing to raise.
pub fn fresh(kind: TwinKind, limits: Limits) -> TwinStep {
    let knob = match kind {
        TwinKind::DarkUnembedding | TwinKind::DarkEmbedding | TwinKind::DarkBoth => Some(FIRST_DARK),
        TwinKind::ObservedOnly => Some(limits.n_prompts.max(1) as u64),
        TwinKind::ChangeOfBasis => Some(DEFAULT_CONDITION),
        _ => None,
    };
    TwinStep { kind, knob }
}

/// The steps with one of them a place earlier; unchanged where there is no such place.
pub fn moved_earlier(steps: &[TwinStep], place: usize) -> Vec<TwinStep> {
    let mut steps = steps.to_vec();
    if place > 0 && place < steps.len() {
        steps.swap(place - 1, place);
    }
    steps
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::theory::twin::TwinRecipe;

    const LIMITS: Limits = Limits { n_prompts: 3, complexity: Some(32) };

    fn any_step() -> impl Strategy<Value = TwinStep> {
        (0usize..10, prop::option::of(1u64..=100)).prop_map(|(kind, knob)| {
            let kind = TwinKind::ALL[kind];
            let has_none = kind.knob_range().is_none() && !kind.needs_pairs();
            TwinStep { kind, knob: knob.filter(|_| !has_none) }
        })
    }

    proptest! {
        /// What the controls of a recipe show, put back, is the recipe; so is its text.
        #[test]
        fn a_recipe_survives_its_controls_and_its_text(steps in prop::collection::vec(any_step(), 1..8)) {
            let n_pairs = 10;
            let again: Vec<TwinStep> = steps
                .iter()
                .map(|&step| match number(step, LIMITS).and_then(|number| number.value) {
                    Some(value) => with_number(step, value),
                    None if step.kind.needs_pairs() => with_chosen(step, &chosen(step, n_pairs), n_pairs),
                    None => step,
                })
                .collect();
            prop_assert_eq!(&again, &steps);
            let recipe = TwinRecipe(steps);
            if recipe.validate().is_ok() {
                prop_assert_eq!(recipe.to_string().parse::<TwinRecipe>().unwrap(), recipe);
            }
        }

        /// Every position of a slider says a number that the constructor takes, and stands there again.
        #[test]
        fn a_slider_stands_where_it_was_put(step in any_step(), position in 0usize..2000) {
            if let Some(shown) = number(step, LIMITS) {
                let position = position % shown.stops.len();
                let turned = with_number(step, shown.at(position));
                prop_assert!(TwinRecipe(vec![turned]).validate().is_ok(), "{}", turned);
                prop_assert_eq!(number(turned, LIMITS).unwrap().position(), position);
            }
        }

        /// A box that is ticked or not is found so again, unless it was the last.
        #[test]
        fn ticked_pairs_are_found_again(bits in 1u64..(1 << 10), n_more in 0usize..70) {
            let n_pairs = 10 + n_more;
            let ticked: Vec<bool> =
                (0..n_pairs.min(MOST_PAIRS)).map(|place| place < 10 && bits >> place & 1 == 1).collect();
            let step = with_chosen(TwinKind::BreakParallelism.into(), &ticked, n_pairs);
            prop_assert!(TwinRecipe(vec![step]).validate().is_ok());
            prop_assert_eq!(chosen(step, n_pairs), ticked);
        }
    }

    #[test]
    fn all_pairs_are_the_usual_choice_and_none_is_no_choice() {
        let step = |text: &str| text.parse::<TwinRecipe>().unwrap().0[0];
        let two = step("break-parallelism=1,2");
        assert_eq!(with_chosen(two, &[true; 5], 5), step("break-parallelism"));
        assert_eq!(with_chosen(two, &[false; 5], 5), two);
        // Seventy pairs cannot all be named, so that all of those on show are still a choice.
        assert_eq!(with_chosen(two, &[true; 64], 70), step("break-parallelism=1-64"));
    }

    #[test]
    fn dark_dimensions_grow_by_halves_of_a_doubling() {
        assert_eq!(ladder(20), [1, 2, 3, 4, 6, 8, 12, 16]);
        assert_eq!(ladder(MOST_DARK).last(), Some(&MOST_DARK));
    }

    #[test]
    fn new_steps_can_be_followed_and_steps_change_places() {
        for kind in TwinKind::ALL {
            assert!(TwinRecipe(vec![fresh(kind, LIMITS)]).validate().is_ok(), "{kind}");
        }
        let trap = fresh(TwinKind::ObservedOnly, LIMITS);
        assert_eq!(TwinRecipe(vec![trap]).to_string(), "observed-only=3");
        let steps = "dark-both=4+reduced".parse::<TwinRecipe>().unwrap().0;
        assert_eq!(TwinRecipe(moved_earlier(&steps, 1)).to_string(), "reduced+dark-both=4");
        assert_eq!(moved_earlier(&steps, 0), steps);
        assert_eq!(moved_earlier(&steps, 2), steps);
    }
}
