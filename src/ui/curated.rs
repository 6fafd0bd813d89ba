//! What the page says of the public models that it offers.

use leptos_i18n::td_string;

use crate::hub::curated::{GROUPS, Group, Model, Why, find};
use crate::hub::progress::size_words;
use crate::lab::ModelSource;
use crate::text::Locale;
use crate::text::numbers::grouped;

/// The licence of a model of the list.
pub fn licence(repository: &str) -> Option<&'static str> {
    find(repository).map(|model| model.licence)
}

/// About how many bytes are fetched for a model of the list.
pub fn download_bytes(repository: &str) -> Option<u64> {
    find(repository).map(|model| model.download_bytes)
}

/// The next smaller model of the list that shares the tokenizer, none for models that are
/// not on the list or the smallest there.
pub fn smaller(source: &ModelSource) -> Option<&'static Model> {
    let ModelSource::Hub { repository, .. } = source else { return None };
    let of_group = |models: &&'static [Model]| models.iter().any(|model| model.repository == repository);
    let models = GROUPS.iter().map(|group| group.models).find(of_group)?;
    let too_large = models.iter().find(|model| model.repository == repository)?;
    let smaller = models.iter().filter(|model| model.parameters < too_large.parameters);
    smaller.max_by_key(|model| (model.parameters, std::cmp::Reverse(model.repository)))
}

/// A model of the list, at its default branch.
pub fn source_of(model: &Model) -> ModelSource {
    ModelSource::Hub { repository: model.repository.into(), commit: None, sha256: String::new() }
}

/// `14.1 M parameters, about 28.0 MB, apache‑2.0`.
pub fn facts(locale: Locale, model: &Model) -> String {
    let parameters = model.parameters as f64 / 1e6;
    let decimals = usize::from(parameters < 99.95);
    td_string!(
        locale,
        models.curated.facts,
        millions = format!("{parameters:.decimals$}"),
        size = size_words(model.download_bytes),
        // Not broken at its hyphen.
        licence = model.licence.replace('-', "\u{2011}")
    )
}

/// A tokenizer with the size of its vocabulary.
pub fn tokenizer(locale: Locale, group: &Group) -> String {
    td_string!(locale, models.curated.tokenizer, name = group.tokenizer, tokens = grouped(group.n_tokens))
}

/// What a suggested comparison shows, in a sentence.
pub fn why(locale: Locale, why: Why) -> &'static str {
    match why {
        Why::Sizes => td_string!(locale, models.curated.sizes),
        Why::Initialisation => td_string!(locale, models.curated.initialisation),
        Why::Widths => td_string!(locale, models.curated.widths),
        Why::Student => td_string!(locale, models.curated.student),
        Why::Instructions => td_string!(locale, models.curated.instructions),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub(repository: &str) -> ModelSource {
        ModelSource::Hub { repository: repository.into(), commit: None, sha256: String::new() }
    }

    #[test]
    fn a_smaller_model_shares_the_tokenizer() {
        let smaller = |source: &ModelSource| smaller(source).map(|model| model.repository);
        assert_eq!(smaller(&hub("openai-community/gpt2-medium")), Some("openai-community/gpt2"));
        assert_eq!(smaller(&hub("EleutherAI/pythia-31m-seed1")), Some("EleutherAI/pythia-14m"));
        assert_eq!(smaller(&hub("distilbert/distilgpt2")), None);
        assert_eq!(smaller(&hub("somebody/something")), None);
        assert_eq!(smaller(&ModelSource::Bundled { name: "world-d32".into() }), None);
    }

    #[test]
    fn facts_are_short() {
        let pythia = find("EleutherAI/pythia-14m").unwrap();
        assert_eq!(facts(Locale::en, pythia), "14.1 M parameters, about 28.0 MB, apache\u{2011}2.0");
        assert!(
            facts(Locale::en, find("openai-community/gpt2").unwrap())
                .starts_with("124 M parameters, about 498 MB")
        );
    }

    #[test]
    fn vocabularies_are_written_in_thousands() {
        let gpt2 = GROUPS.iter().find(|group| group.tokenizer == "GPT-2").unwrap();
        assert_eq!(tokenizer(Locale::en, gpt2), "GPT-2 (50,257 tokens)");
        assert_eq!(tokenizer(Locale::ja, gpt2), "GPT-2（50,257 トークン）");
    }
}
