//! What the page says of the public models that it offers.

use crate::hub::curated::{GROUPS, Model, find};
use crate::hub::progress::size_words;
use crate::lab::ModelSource;

/// The licence of a model of the list.
pub fn licence(repository: &str) -> Option<&'static str> {
    find(repository).map(|model| model.licence)
}

/// About how many bytes are fetched for a model of the list.
pub fn download_bytes(repository: &str) -> Option<u64> {
    find(repository).map(|model| model.download_bytes)
}

/// The next smaller model of the list that shares the tokenizer, with what its button says; none for models that are
/// not on the list or the smallest there.
pub fn smaller(source: &ModelSource) -> Option<(ModelSource, String)> {
    let ModelSource::Hub { repository, .. } = source else { return None };
    let of_group = |models: &&'static [Model]| models.iter().any(|model| model.repository == repository);
    let models = GROUPS.iter().map(|group| group.models).find(of_group)?;
    let too_large = models.iter().find(|model| model.repository == repository)?;
    let smaller = models.iter().filter(|model| model.parameters < too_large.parameters);
    let next = smaller.max_by_key(|model| (model.parameters, std::cmp::Reverse(model.repository)))?;
    Some((source_of(next), format!("Load {} instead ({})", next.repository, size_words(next.download_bytes))))
}

/// A model of the list, at its default branch.
pub fn source_of(model: &Model) -> ModelSource {
    ModelSource::Hub { repository: model.repository.into(), commit: None, sha256: String::new() }
}

/// `14.1 M parameters, about 28.0 MB, apache‑2.0`.
pub fn facts(model: &Model) -> String {
    let parameters = model.parameters as f64 / 1e6;
    let decimals = usize::from(parameters < 99.95);
    format!(
        "{parameters:.decimals$} M parameters, about {}, {}",
        size_words(model.download_bytes),
        // Not broken at its hyphen.
        model.licence.replace('-', "\u{2011}")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub(repository: &str) -> ModelSource {
        ModelSource::Hub { repository: repository.into(), commit: None, sha256: String::new() }
    }

    #[test]
    fn a_smaller_model_shares_the_tokenizer() {
        let (next, label) = smaller(&hub("openai-community/gpt2-medium")).unwrap();
        assert_eq!(next, hub("openai-community/gpt2"));
        assert_eq!(label, "Load openai-community/gpt2 instead (498 MB)");
        assert_eq!(smaller(&hub("EleutherAI/pythia-31m-seed1")).unwrap().0, hub("EleutherAI/pythia-14m"));
        assert_eq!(smaller(&hub("distilbert/distilgpt2")), None);
        assert_eq!(smaller(&hub("somebody/something")), None);
        assert_eq!(smaller(&ModelSource::Bundled { name: "world-d32".into() }), None);
    }

    #[test]
    fn facts_are_short() {
        let pythia = find("EleutherAI/pythia-14m").unwrap();
        assert_eq!(facts(pythia), "14.1 M parameters, about 28.0 MB, apache\u{2011}2.0");
        assert!(facts(find("openai-community/gpt2").unwrap()).starts_with("124 M parameters, about 498 MB"));
    }
}
