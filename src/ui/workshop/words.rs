//! The workshop's typed values as words in the page's language.

use leptos_i18n::td_string;

use super::facts::{Changes, Effect};
use super::history::{Distribution, Score, Setting};
use super::knobs::Meaning;
use super::trap::{Trap, TrapState};
use crate::text::Locale;
use crate::text::numbers::{number, percent};
use crate::theory::twin::{Exactness, TwinKind};

/// What a constructor is called.
pub fn name(locale: Locale, kind: TwinKind) -> &'static str {
    match kind {
        TwinKind::ChangeOfBasis => td_string!(locale, workshop.kinds.change_of_basis.name),
        TwinKind::DarkUnembedding => td_string!(locale, workshop.kinds.dark_unembedding.name),
        TwinKind::DarkEmbedding => td_string!(locale, workshop.kinds.dark_embedding.name),
        TwinKind::DarkBoth => td_string!(locale, workshop.kinds.dark_both.name),
        TwinKind::InPlace => td_string!(locale, workshop.kinds.in_place.name),
        TwinKind::ObservedOnly => td_string!(locale, workshop.kinds.observed_only.name),
        TwinKind::BreakParallelism => td_string!(locale, workshop.kinds.break_parallelism.name),
        TwinKind::FakeParallelism => td_string!(locale, workshop.kinds.fake_parallelism.name),
        TwinKind::Reduced => td_string!(locale, workshop.kinds.reduced.name),
        TwinKind::Truncated => td_string!(locale, workshop.kinds.truncated.name),
    }
}

/// What a constructor does, in one sentence.
pub fn what(locale: Locale, kind: TwinKind) -> &'static str {
    match kind {
        TwinKind::ChangeOfBasis => td_string!(locale, workshop.kinds.change_of_basis.what),
        TwinKind::DarkUnembedding => td_string!(locale, workshop.kinds.dark_unembedding.what),
        TwinKind::DarkEmbedding => td_string!(locale, workshop.kinds.dark_embedding.what),
        TwinKind::DarkBoth => td_string!(locale, workshop.kinds.dark_both.what),
        TwinKind::InPlace => td_string!(locale, workshop.kinds.in_place.what),
        TwinKind::ObservedOnly => td_string!(locale, workshop.kinds.observed_only.what),
        TwinKind::BreakParallelism => td_string!(locale, workshop.kinds.break_parallelism.what),
        TwinKind::FakeParallelism => td_string!(locale, workshop.kinds.fake_parallelism.what),
        TwinKind::Reduced => td_string!(locale, workshop.kinds.reduced.what),
        TwinKind::Truncated => td_string!(locale, workshop.kinds.truncated.what),
    }
}

/// What it changes.
pub fn changes(locale: Locale, changes: Changes) -> &'static str {
    match changes {
        Changes::F => td_string!(locale, workshop.changes.f),
        Changes::G => td_string!(locale, workshop.changes.g),
        Changes::Both => td_string!(locale, workshop.changes.both),
        Changes::Either => td_string!(locale, workshop.changes.either),
    }
}

/// Where the distribution stays the same.
pub fn exactness(locale: Locale, exactness: Exactness) -> &'static str {
    match exactness {
        Exactness::Exact => td_string!(locale, workshop.exactness.exact),
        Exactness::ObservedOnly => td_string!(locale, workshop.exactness.observed),
        Exactness::Approximate => td_string!(locale, workshop.exactness.approximate),
    }
}

/// What becomes of scores.
pub fn effect(locale: Locale, effect: Effect) -> &'static str {
    match effect {
        Effect::Stay => td_string!(locale, workshop.effects.stay),
        Effect::StayWhereSeen => td_string!(locale, workshop.effects.stay_where_seen),
        Effect::Fall => td_string!(locale, workshop.effects.fall),
        Effect::Rise => td_string!(locale, workshop.effects.rise),
        Effect::HiddenStates => td_string!(locale, workshop.effects.hidden_states),
        Effect::Move => td_string!(locale, workshop.effects.go),
    }
}

/// What a number on a step means.
pub fn meaning(locale: Locale, meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::Condition => td_string!(locale, workshop.knobs.condition),
        Meaning::Dark => td_string!(locale, workshop.knobs.dark),
        Meaning::LookedAt => td_string!(locale, workshop.knobs.looked_at),
        Meaning::Kept => td_string!(locale, workshop.knobs.kept),
    }
}

/// What a setting did, one sentence each for the distribution, raw and visible parallelism.
pub fn outcome(locale: Locale, setting: &Setting) -> [&'static str; 3] {
    let distribution = match setting.distribution() {
        Distribution::Still => td_string!(locale, workshop.outcome.still),
        Distribution::SoFar => td_string!(locale, workshop.outcome.so_far),
        Distribution::Moved => td_string!(locale, workshop.outcome.moved),
        Distribution::Unclear => td_string!(locale, workshop.outcome.unclear),
    };
    let raw = match setting.raw_score() {
        Score::Fell => td_string!(locale, workshop.outcome.raw_fell),
        Score::Rose => td_string!(locale, workshop.outcome.raw_rose),
        Score::Stayed => td_string!(locale, workshop.outcome.raw_stayed),
        Score::Unmeasured => td_string!(locale, workshop.outcome.raw_unmeasured),
    };
    let visible = match setting.visible_score() {
        Score::Stayed => td_string!(locale, workshop.outcome.visible_same),
        Score::Fell | Score::Rose => td_string!(locale, workshop.outcome.visible_differs),
        Score::Unmeasured => td_string!(locale, workshop.outcome.visible_unmeasured),
    };
    [distribution, raw, visible]
}

/// What became of a trap, and why.
pub fn trap(locale: Locale, trap: &Trap) -> Vec<String> {
    let (seen, looked_at) = (number(trap.seen), trap.looked_at);
    match &trap.state {
        TrapState::Holds { unseen_share, need } => {
            let floor = number(trap.epsilon);
            let holds =
                td_string!(locale, workshop.trap.holds, count = looked_at as u32, gap = seen, floor = floor);
            let share = unseen_share.zip(*need).map(|(share, need)| {
                td_string!(locale, workshop.trap.share, share = percent(share), need = need)
            });
            std::iter::once(holds).chain(share).collect()
        }
        TrapState::NotYet => vec![td_string!(locale, workshop.trap.not_yet).to_owned()],
        TrapState::Sprung { prompt, gap } => vec![
            td_string!(locale, workshop.trap.sprung, prompt = prompt.clone(), gap = number(*gap)),
            td_string!(locale, workshop.trap.before, gap = seen),
            td_string!(locale, workshop.trap.why, looked_at = looked_at),
        ],
        TrapState::Leaks => vec![td_string!(locale, workshop.trap.leaks, gap = seen)],
    }
}

/// A score: three decimals, so that numbers beneath one another can be compared.
pub fn score(value: f64) -> String {
    format!("{value:.3}").replace('-', "−")
}

/// What became of the distribution, in a word or two.
pub fn short_distribution(locale: Locale, distribution: Distribution) -> &'static str {
    match distribution {
        Distribution::Still | Distribution::SoFar => td_string!(locale, workshop.short.still),
        Distribution::Moved => td_string!(locale, workshop.short.moved),
        Distribution::Unclear => td_string!(locale, workshop.short.unclear),
    }
}

/// What became of a score, in a word or two.
pub fn short_score(locale: Locale, score: Score) -> &'static str {
    match score {
        Score::Fell => td_string!(locale, workshop.short.fell),
        Score::Rose => td_string!(locale, workshop.short.rose),
        Score::Stayed => td_string!(locale, workshop.short.stayed),
        Score::Unmeasured => td_string!(locale, workshop.strip.unmeasured),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::history::tests::setting;
    use super::*;
    use crate::theory::equivalence::Level;

    #[test]
    fn every_constructor_has_words_of_its_own_in_both_languages() {
        let mut said = BTreeSet::new();
        for locale in [Locale::en, Locale::ja] {
            for kind in TwinKind::ALL {
                assert!(said.insert(name(locale, kind)), "{kind}");
                assert!(said.insert(what(locale, kind)), "{kind}");
            }
        }
        assert_eq!(said.len(), 40);
    }

    #[test]
    fn a_trap_tells_its_numbers_in_both_languages() {
        let of = |state| Trap { looked_at: 3, seen: 2e-6, epsilon: 1e-4, state };
        let holds = of(TrapState::Holds { unseen_share: Some(0.632), need: Some(59) });
        let sprung = of(TrapState::Sprung { prompt: "she is much".into(), gap: 4.25 });
        for locale in [Locale::en, Locale::ja] {
            let said = trap(locale, &holds).join(" ");
            assert!(["3", "2.0e−6", "63", "59"].iter().all(|part| said.contains(part)), "{said}");
            let said = trap(locale, &sprung).join(" ");
            assert!(["she is much", "4.25", "2.0e−6"].iter().all(|part| said.contains(part)), "{said}");
        }
        let one = Trap { looked_at: 1, ..holds };
        assert!(trap(Locale::en, &one)[0].contains("the only prompt"));
        assert!(trap(Locale::ja, &one)[0].contains("1個"));
    }

    #[test]
    fn sentences_follow_what_happened() {
        let twin = setting("dark-both=4", Level::Constructed, (0.5, 0.1), (0.6, 0.6));
        let sentences = outcome(Locale::en, &twin);
        assert_eq!(
            sentences,
            ["The distribution stays still.", "Raw parallelism fell.", "Visible parallelism is A’s."]
        );
        let cut = setting("truncated=3", Level::Different, (0.5, 0.6), (0.6, 0.5));
        assert_eq!(
            outcome(Locale::en, &cut),
            ["The distribution moved.", "Raw parallelism rose.", "Visible parallelism is no longer A’s."]
        );
    }
}
