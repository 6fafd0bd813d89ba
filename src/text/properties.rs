//! Linear properties, their scores and their states.

use leptos_i18n::td_string;

use super::Locale;
use super::numbers::{number, percent};
use crate::lab::report::{Property, PropertyReport};
use crate::theory::properties::score::{Details, PropertyScore};
use crate::theory::verdict::PropertyState;

/// A property, in the middle of a sentence.
pub fn property_name(locale: Locale, property: Property) -> &'static str {
    match property {
        Property::Parallelism => td_string!(locale, properties.name.parallelism),
        Property::RelationalLinearity => td_string!(locale, properties.name.relational),
        Property::LinearSubspace => td_string!(locale, properties.name.subspace),
        Property::LinearProbing => td_string!(locale, properties.name.probing),
        Property::LinearSteering => td_string!(locale, properties.name.steering),
    }
}

/// A property of a concept, as the beginning of a sentence.
pub fn property_of_concept(locale: Locale, property: Property, concept: &str) -> String {
    match property {
        Property::Parallelism => td_string!(locale, properties.of_concept.parallelism, concept),
        Property::RelationalLinearity => td_string!(locale, properties.of_concept.relational, concept),
        Property::LinearSubspace => td_string!(locale, properties.of_concept.subspace, concept),
        Property::LinearProbing => td_string!(locale, properties.of_concept.probing, concept),
        Property::LinearSteering => td_string!(locale, properties.of_concept.steering, concept),
    }
}

/// What the score of a property is, in a few words.
pub fn score_name(locale: Locale, property: Property) -> &'static str {
    match property {
        Property::Parallelism => td_string!(locale, properties.score.parallelism),
        Property::RelationalLinearity => td_string!(locale, properties.score.relational),
        Property::LinearSubspace => td_string!(locale, properties.score.subspace),
        Property::LinearProbing => td_string!(locale, properties.score.probing),
        Property::LinearSteering => td_string!(locale, properties.score.steering),
    }
}

/// The state of a property in one model, in one word.
pub fn state_name(locale: Locale, state: PropertyState) -> &'static str {
    match state {
        PropertyState::Holds => td_string!(locale, properties.state.holds),
        PropertyState::Fails => td_string!(locale, properties.state.fails),
        PropertyState::Uncertain => td_string!(locale, properties.state.uncertain),
    }
}

/// What only one property measures, as a sentence over both models; nothing where there is no more to say.
pub fn own_numbers(locale: Locale, a: &PropertyScore, b: &PropertyScore) -> Option<String> {
    let both = |a: String, b: String| td_string!(locale, properties.both, a, b);
    match (&a.details, &b.details) {
        (Details::Relational(a), Details::Relational(b)) => {
            let predicted = both(percent(a.faithfulness?), percent(b.faithfulness?));
            let commonest = both(percent(a.majority?), percent(b.majority?));
            Some(td_string!(locale, properties.faithfulness, predicted, commonest))
        }
        (Details::Subspace(a), Details::Subspace(b)) => {
            let dimension = both(a.dimension.to_string(), b.dimension.to_string());
            Some(td_string!(locale, properties.dimension, dimension))
        }
        (Details::Probing(a), Details::Probing(b)) => {
            let last_token = a
                .token_identity
                .map(|accuracy| td_string!(locale, properties.last_token, accuracy = number(accuracy)));
            let auc = both(number(a.auc), number(b.auc));
            Some(td_string!(locale, properties.auc, auc, last_token = last_token.unwrap_or_default()))
        }
        (Details::Steering(a), Details::Steering(b)) => {
            let effect = both(number(a.off_target?), number(b.off_target?));
            Some(td_string!(locale, properties.off_target, effect))
        }
        _ => None,
    }
}

/// What the shuffled partners say: where true pairs do no better than pairs with exchanged partners, the common
/// direction belongs to the two classes of words and not to the pairs (theory.md §5.8, e₂). None where neither is
/// shown. `least` is the least difference of scores that counts.
pub fn pairing(locale: Locale, property: &PropertyReport, least: f64) -> Option<&'static str> {
    let scores = property.scores.as_ref()?;
    let gains = [&scores.visible_a, &scores.visible_b].map(|score| match &score.details {
        Details::Parallelism(own) if score.state == PropertyState::Holds => {
            Some(score.score - own.null_shuffled_mean)
        }
        _ => None,
    });
    let [Some(gain_a), Some(gain_b)] = gains else { return None };
    if gain_a < least && gain_b < least {
        Some(td_string!(locale, properties.direction_of_classes))
    } else if gain_a >= least && gain_b >= least {
        Some(td_string!(locale, properties.direction_of_pairs))
    } else {
        None
    }
}
