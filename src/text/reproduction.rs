//! What a reproduction says: "reproduced", or what differs and by how much.

use leptos_i18n::td_string;

use super::Locale;
use super::level::level_word;
use super::numbers::{number, percent};
use super::properties::property_name;
use super::verdict::verdict_name;
use crate::lab::EngineKind;
use crate::lab::permalink::{Agreement, Circumstance, Difference, Quantity, Reproduction};
use crate::theory::verdict::VerdictKind;

/// Digits of a SHA-256 that are shown.
const SHOWN_DIGITS: usize = 8;

/// A reproduction in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReproductionWords {
    /// Whether it agrees.
    pub headline: String,
    /// How well, where it does.
    pub detail: String,
    /// One sentence for each difference.
    pub differences: Vec<String>,
    /// One sentence for whatever else is different here, and where the tolerances come from.
    pub notes: Vec<String>,
}

/// In words.
pub fn reproduction(locale: Locale, found: &Reproduction) -> ReproductionWords {
    let reproduced = || td_string!(locale, share.reproduction.reproduced).to_owned();
    let (headline, detail) = match found.agreement {
        Agreement::Exact => (reproduced(), td_string!(locale, share.reproduction.exact).to_owned()),
        Agreement::WithinNoise => {
            let share = percent(found.largest.min(1.0));
            (reproduced(), td_string!(locale, share.reproduction.within, share))
        }
        Agreement::Not => {
            let count = found.differences.len();
            (td_string!(locale, share.reproduction.not, count), String::new())
        }
    };
    let mut notes: Vec<String> =
        found.circumstances.iter().map(|circumstance| note(locale, circumstance)).collect();
    if found.agreement != Agreement::Exact {
        notes.push(td_string!(locale, share.reproduction.tolerances).to_owned());
    }
    let differences = found.differences.iter().map(|difference| sentence(locale, difference)).collect();
    ReproductionWords { headline, detail, differences, notes }
}

fn sentence(locale: Locale, difference: &Difference) -> String {
    match difference {
        Difference::Altered => td_string!(locale, share.reproduction.altered).to_owned(),
        Difference::Weights { model, recorded, found } => {
            let [recorded, found] =
                [recorded, found].map(|digest| digest.chars().take(SHOWN_DIGITS).collect::<String>());
            td_string!(locale, share.reproduction.weights, model = letter(*model), recorded, found)
        }
        Difference::Level { recorded, found } => {
            let [recorded, found] = [recorded, found].map(|level| level_word(locale, *level));
            td_string!(locale, share.reproduction.level, recorded, found)
        }
        Difference::Verdict { property, visible, recorded, found } => {
            let [recorded, found] = [recorded, found].map(|kind| finding_name(locale, *kind));
            let (property, version) = (property_name(locale, *property), version_name(locale, *visible));
            td_string!(locale, share.reproduction.verdict, property, version, recorded, found)
        }
        Difference::Properties => td_string!(locale, share.reproduction.properties).to_owned(),
        Difference::Number { quantity, recorded, found, tolerance } => {
            let apart = number((recorded - found).abs());
            let (recorded, found, tolerance) = (precise(*recorded), precise(*found), number(*tolerance));
            let quantity = quantity_name(locale, *quantity);
            td_string!(locale, share.reproduction.number, quantity, recorded, found, apart, tolerance)
        }
    }
}

fn note(locale: Locale, circumstance: &Circumstance) -> String {
    match circumstance {
        Circumstance::Version { recorded, found } => {
            td_string!(locale, share.reproduction.version, recorded = recorded.clone(), found = found.clone())
        }
        Circumstance::Engine { model, recorded, found } => {
            let [recorded, found] = [recorded, found].map(|engine| engine_name(locale, *engine));
            td_string!(locale, share.reproduction.engine, model = letter(*model), recorded, found)
        }
    }
}

fn letter(model: usize) -> &'static str {
    if model == 0 { "A" } else { "B" }
}

/// All digits that are recorded, so that a small difference can be seen.
fn precise(value: f64) -> String {
    if value.is_infinite() { "∞".to_owned() } else { value.to_string().replace('-', "−") }
}

fn engine_name(locale: Locale, engine: EngineKind) -> &'static str {
    match engine {
        EngineKind::Cpu => "CPU",
        EngineKind::WebGpu => "WebGPU",
        EngineKind::Twin => td_string!(locale, share.reproduction.twin),
    }
}

fn quantity_name(locale: Locale, quantity: Quantity) -> String {
    match quantity {
        Quantity::MaxDlogp => "max |Δ log p|".to_owned(),
        Quantity::KlAb => "KL(A‖B)".to_owned(),
        Quantity::KlBa => "KL(B‖A)".to_owned(),
        Quantity::Contexts => td_string!(locale, share.report.contexts).to_owned(),
        Quantity::Tokens => td_string!(locale, share.report.tokens).to_owned(),
        Quantity::Score { property, visible, model } => format!(
            "{} ({} {})",
            property_name(locale, property),
            version_name(locale, visible),
            letter(model)
        ),
    }
}

fn version_name(locale: Locale, visible: bool) -> &'static str {
    if visible { td_string!(locale, properties.visible) } else { td_string!(locale, properties.raw) }
}

/// Where one side is close and the other is not, the two must not have one name.
fn finding_name(locale: Locale, kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::CloseNotEquivalent => td_string!(locale, share.reproduction.close),
        kind => verdict_name(locale, kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_with_its_size_and_its_tolerance() {
        let found = Reproduction {
            agreement: Agreement::Not,
            differences: vec![
                Difference::Number {
                    quantity: Quantity::KlAb,
                    recorded: 0.0625,
                    found: 0.06,
                    tolerance: 0.00025,
                },
                Difference::Weights { model: 1, recorded: "a".repeat(64), found: "0123456789".into() },
            ],
            circumstances: vec![Circumstance::Engine {
                model: 0,
                recorded: EngineKind::Cpu,
                found: EngineKind::WebGpu,
            }],
            largest: 10.0,
        };
        let words = reproduction(Locale::en, &found);
        assert_eq!(words.headline, "Not reproduced: 2 differences");
        assert_eq!(
            words.differences[0],
            "KL(A‖B): 0.0625 in the link, 0.06 here; they differ by 0.00250, and the noise floor explains 2.5e−4."
        );
        assert!(words.differences[1].contains("aaaaaaaa…") && words.differences[1].contains("01234567…"));
        assert_eq!(words.notes[0], "Model A ran on CPU then and on WebGPU now.");
        let japanese = reproduction(Locale::ja, &found);
        assert_eq!(japanese.headline, "再現しませんでした（2 か所が違います）");
        assert!(japanese.differences[0].contains("0.0625"), "{}", japanese.differences[0]);
    }
}
