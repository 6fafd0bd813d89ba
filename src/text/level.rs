//! Whether two distributions are the same: the level of equality, what would raise it, and how near they are besides.

use leptos_i18n::td_string;

use super::Locale;
use super::numbers::number;
use crate::lab::report::{Nearness, NoPromptMap};
use crate::theory::equivalence::{Equality, Level};
use crate::theory::planner::{Plan, Unreachable};

/// The name of a level, for a label.
pub fn level_name(locale: Locale, equality: &Equality) -> &'static str {
    match equality.level {
        Level::Constructed => td_string!(locale, verdict.level.constructed),
        Level::Identical => td_string!(locale, verdict.level.identical),
        Level::Close if equality.is_refuted() => td_string!(locale, verdict.level.close_refuted),
        Level::Close => td_string!(locale, verdict.level.close),
        Level::Different => td_string!(locale, verdict.level.different),
        Level::Undecided => td_string!(locale, verdict.level.undecided),
    }
}

/// The level in a word or two, for a cell or the middle of a sentence.
pub fn level_word(locale: Locale, level: Level) -> &'static str {
    match level {
        Level::Constructed => td_string!(locale, verdict.level_word.constructed),
        Level::Identical => td_string!(locale, verdict.level_word.identical),
        Level::Close => td_string!(locale, verdict.level_word.close),
        Level::Different => td_string!(locale, verdict.level_word.different),
        Level::Undecided => td_string!(locale, verdict.level_word.undecided),
    }
}

/// The level with the numbers it rests on.
pub fn level_sentence(locale: Locale, equality: &Equality) -> String {
    let largest = number(equality.max_abs_dlogp);
    let floor = number(equality.epsilon_num);
    match equality.level {
        Level::Constructed => td_string!(locale, verdict.level.constructed_sentence, largest, floor),
        Level::Identical => td_string!(locale, verdict.level.identical_sentence, largest, floor),
        Level::Close => {
            let kl = number(equality.mean_kl_sym_interval.1);
            td_string!(locale, verdict.level.close_sentence, largest, floor, kl)
        }
        Level::Different => td_string!(locale, verdict.level.different_sentence, largest, floor),
        Level::Undecided => td_string!(locale, verdict.level.undecided_sentence, largest, floor),
    }
}

/// What would let more be said of equality, one sentence for each claim that more observations can reach.
pub fn plan(locale: Locale, plan: &Plan, equality: &Equality) -> Vec<String> {
    let mut sentences = Vec::new();
    match (equality.level, plan.identical.more) {
        (Level::Identical, Some(more)) if more > 0 => {
            sentences.push(td_string!(locale, verdict.plan.identical, count = more));
        }
        _ => {}
    }
    let close = plan.close();
    match (equality.level, close.more, close.unreachable) {
        (Level::Different | Level::Undecided, Some(more), _) if more > 0 => {
            sentences.push(td_string!(locale, verdict.plan.close, count = more));
        }
        (
            Level::Different | Level::Undecided,
            _,
            Some(Unreachable::MeanTooLarge | Unreachable::TooManyViolations),
        ) => sentences.push(td_string!(locale, verdict.plan.too_different).to_owned()),
        (Level::Undecided, _, Some(Unreachable::FloorTooCoarse)) => {
            sentences.push(td_string!(locale, verdict.plan.too_coarse).to_owned());
        }
        _ => {}
    }
    if let Some(more) = plan.diversity.more.filter(|&more| more > 0) {
        sentences.push(td_string!(locale, verdict.plan.diversity, count = more));
    }
    sentences
}

/// Why no map is fitted on prompts.
fn no_prompt_map(locale: Locale, why: &NoPromptMap) -> String {
    match why.clone() {
        NoPromptMap::TooFewContexts { needed, found } => {
            td_string!(locale, verdict.nearness.too_few_contexts, needed, found)
        }
        NoPromptMap::TooFewTexts { needed, found } => {
            td_string!(locale, verdict.nearness.too_few_texts, needed, found)
        }
        NoPromptMap::NoVariation => td_string!(locale, verdict.nearness.no_variation).to_owned(),
        NoPromptMap::Unsolved(reason) => td_string!(locale, verdict.nearness.unsolved, reason),
    }
}

/// Secondary measures of nearness, one sentence each.
pub fn nearness(locale: Locale, nearness: &Nearness) -> Vec<String> {
    let mut sentences = Vec::new();
    if let (Some(a), Some(b)) = (&nearness.prompt_map_a_from_b, &nearness.prompt_map_b_from_a) {
        sentences.push(td_string!(
            locale,
            verdict.nearness.prompt_map,
            a = number(a.r2),
            b = number(b.r2),
            shuffled_a = number(a.r2_shuffled),
            shuffled_b = number(b.r2_shuffled)
        ));
    }
    sentences.extend(nearness.prompt_map_refused.as_ref().map(|why| no_prompt_map(locale, why)));
    if let (Some(first), Some(last)) = (nearness.image_cosines.first(), nearness.image_cosines.last()) {
        let (first, last) = (number(first.min(1.0)), number(last.min(1.0)));
        sentences.push(td_string!(locale, verdict.nearness.cosines, first, last));
    }
    if let Some(distances) = &nearness.distances {
        let distance =
            |name: &str, value: Option<f64>| value.map(|value| format!("{name} {}", number(value)));
        let known: Vec<String> = [distance("d_LLV", distances.d_llv), distance("d_SVD", distances.d_svd)]
            .into_iter()
            .flatten()
            .collect();
        if !known.is_empty() {
            let distances = known.join(td_string!(locale, properties.list_separator));
            sentences.push(td_string!(locale, verdict.nearness.distances, distances));
        }
    }
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::fixture::report;
    use crate::theory::prompt_map::PromptMapError;

    #[test]
    fn why_no_map_is_fitted_is_said_with_its_numbers_in_both_languages() {
        let too_few = [
            PromptMapError::TooFewContexts { needed: 96, found: 7 },
            PromptMapError::TooFewTexts { needed: 96, found: 7 },
        ];
        for locale in [Locale::en, Locale::ja] {
            let said = |error: &PromptMapError| {
                let refused = Nearness { prompt_map_refused: Some(error.into()), ..report().nearness };
                nearness(locale, &refused).remove(0)
            };
            for error in &too_few {
                let sentence = said(error);
                assert!(sentence.contains("96") && sentence.contains('7'), "{sentence}");
            }
            let sentences = too_few.each_ref().map(said);
            assert_ne!(sentences[0], sentences[1]);
            assert!(!sentences.contains(&said(&PromptMapError::NoVariation)));
        }
    }
}
