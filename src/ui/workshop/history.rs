//! What one setting of the workshop did, and the last few of them.

use crate::lab::report::{Property, PropertyReport};
use crate::lab::{ModelSource, Report};
use crate::theory::equivalence::{Equality, Level};

/// Most settings that are remembered.
const MOST: usize = 8;

/// Parallelism that moves by less counts as unmoved: what a change of basis of condition number 1 leaves to rounding.
const LEAST_MOVE: f64 = 0.005;

/// A recipe and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The recipe as people read it.
    pub recipe: String,
    /// The prompts that were run.
    pub prompts: Vec<String>,
    /// The concept's name.
    pub concept: String,
    /// Raw parallelism of A and of B.
    pub raw: Option<(f64, f64)>,
    /// Visible parallelism of A and of B, and the most by which rounding may part them.
    pub visible: Option<(f64, f64, f64)>,
    /// How equal the two are, with what that rests on.
    pub equality: Equality,
}

/// What became of the distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distribution {
    /// Equality is a theorem.
    Still,
    /// Equal on everything that was looked at.
    SoFar,
    /// It moved.
    Moved,
    /// That cannot be told.
    Unclear,
}

/// What became of a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Score {
    /// Lower in B.
    Fell,
    /// Higher in B.
    Rose,
    /// The same.
    Stayed,
    /// There is nothing to compare.
    Unmeasured,
}

impl Setting {
    /// What a report says of a twin; `None` where B is none.
    pub fn of(report: &Report) -> Option<Self> {
        let ModelSource::Twin { recipe } = &report.experiment.model_b else { return None };
        let parallelism = parallelism(report);
        let scores = parallelism.and_then(|property| property.scores.as_ref());
        let allowed = parallelism.and_then(|property| property.visible_gap).map_or(0.0, |gap| gap.allowed);
        Some(Self {
            recipe: recipe.to_string(),
            prompts: report.experiment.prompts.clone(),
            concept: report
                .experiment
                .concepts
                .first()
                .map(|concept| concept.name.clone())
                .unwrap_or_default(),
            raw: scores.map(|scores| (scores.raw_a.score, scores.raw_b.score)),
            visible: scores
                .map(|scores| (scores.visible_a.score, scores.visible_b.score, allowed.max(LEAST_MOVE))),
            equality: report.equality.clone(),
        })
    }

    /// What became of the distribution.
    pub fn distribution(&self) -> Distribution {
        match self.equality.level {
            Level::Constructed => Distribution::Still,
            Level::Identical => Distribution::SoFar,
            Level::Close | Level::Different => Distribution::Moved,
            Level::Undecided => Distribution::Unclear,
        }
    }

    /// What became of raw parallelism.
    pub fn raw_score(&self) -> Score {
        self.raw.map_or(Score::Unmeasured, |(a, b)| score(a, b, LEAST_MOVE))
    }

    /// What became of visible parallelism.
    pub fn visible_score(&self) -> Score {
        self.visible.map_or(Score::Unmeasured, |(a, b, allowed)| score(a, b, allowed))
    }

    fn asks_the_same(&self, other: &Self) -> bool {
        (&self.recipe, &self.prompts, &self.concept) == (&other.recipe, &other.prompts, &other.concept)
    }
}

fn score(a: f64, b: f64, least: f64) -> Score {
    match b - a {
        moved if !moved.is_finite() => Score::Unmeasured,
        moved if moved.abs() <= least => Score::Stayed,
        moved if moved < 0.0 => Score::Fell,
        _ => Score::Rose,
    }
}

/// Parallelism of the first concept.
pub fn parallelism(report: &Report) -> Option<&PropertyReport> {
    report.lead().filter(|lead| lead.property == Property::Parallelism)
}

/// Puts a setting in front; the same question asked again takes the place of its last answer.
pub fn remember(history: &mut Vec<Setting>, new: Setting) {
    if history.first().is_some_and(|last| last.asks_the_same(&new)) {
        history.remove(0);
    }
    history.insert(0, new);
    history.truncate(MOST);
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn setting(recipe: &str, level: Level, raw: (f64, f64), visible: (f64, f64)) -> Setting {
        Setting {
            recipe: recipe.into(),
            prompts: vec!["this is the".into()],
            concept: "superlatives".into(),
            raw: Some(raw),
            visible: Some((visible.0, visible.1, 0.01)),
            equality: Equality { level, max_abs_dlogp: 1e-6, ..crate::lab::fixture::report().equality },
        }
    }

    #[test]
    fn outcomes_follow_the_numbers() {
        let twin = setting("dark-both=4", Level::Constructed, (0.5, 0.1), (0.6, 0.609));
        assert_eq!(twin.distribution(), Distribution::Still);
        assert_eq!((twin.raw_score(), twin.visible_score()), (Score::Fell, Score::Stayed));
        let other = setting("truncated=3", Level::Different, (0.5, 0.6), (0.6, 0.58));
        assert_eq!(other.distribution(), Distribution::Moved);
        assert_eq!((other.raw_score(), other.visible_score()), (Score::Rose, Score::Fell));
        let unmeasured = Setting { raw: None, visible: None, ..twin.clone() };
        assert_eq!(
            (unmeasured.raw_score(), unmeasured.visible_score()),
            (Score::Unmeasured, Score::Unmeasured)
        );
        let broken = Setting { raw: Some((0.5, f64::NAN)), ..twin };
        assert_eq!(broken.raw_score(), Score::Unmeasured);
    }

    #[test]
    fn the_same_question_is_remembered_once_and_only_the_last_few_are() {
        let mut history = Vec::new();
        let named = |name: &str| setting(name, Level::Constructed, (0.5, 0.1), (0.6, 0.6));
        remember(&mut history, named("reduced"));
        let mut again = named("reduced");
        again.equality.max_abs_dlogp = 2e-6;
        remember(&mut history, again);
        assert_eq!(history.len(), 1);
        assert_eq!(history[0].equality.max_abs_dlogp, 2e-6);
        // One more prompt is another question: it is what undoes the trap.
        let more = vec!["this is the".into(), "she is much".into()];
        remember(&mut history, Setting { prompts: more, ..named("reduced") });
        assert_eq!(history.len(), 2);
        for i in 0..20 {
            remember(&mut history, named(&format!("dark-both={i}")));
        }
        assert_eq!((history.len(), history[0].recipe.as_str()), (MOST, "dark-both=19"));
    }
}
