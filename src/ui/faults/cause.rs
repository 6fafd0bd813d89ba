//! What an engine told, where a visitor can have caused it.

use leptos_i18n::td_string;

use crate::hub::HubError;
use crate::hub::failure::FILE_LIST;
use crate::hub::progress::size_words;
use crate::lab::error::TokenDifference;
use crate::lab::observation::text_of;
use crate::lab::visible::visible_text;
use crate::protocol::Cause;
use crate::text::Locale;
use crate::text::numbers::{grouped, time};

/// In one sentence; `message` is the English one.
pub fn cause(locale: Locale, cause: &Cause, message: String) -> String {
    match cause.clone() {
        Cause::EmptyPrompt => td_string!(locale, faults.prompt.empty, message),
        Cause::UnknownWord { word, place, prompt } => {
            let (word, prompt) = (visible_text(&word), visible_text(&prompt));
            td_string!(locale, faults.prompt.unknown_word, message, word, place, prompt)
        }
        Cause::PromptTooLong { limit, found, prompt } => {
            let prompt = visible_text(&prompt);
            td_string!(locale, faults.prompt.too_long, message, limit, found, prompt)
        }
        Cause::NoFile { file, found } => {
            td_string!(locale, faults.files.missing, message, file, found = listed(locale, &found))
        }
        Cause::FileTwice { file } => td_string!(locale, faults.files.twice, message, file),
        Cause::BadFile { file } => td_string!(locale, faults.files.bad, message, file),
        Cause::Unreadable { file } => td_string!(locale, faults.files.unreadable, message, file),
        Cause::Architecture { found } => td_string!(locale, faults.files.architecture, message, found),
        Cause::Setting { field, value } => td_string!(locale, faults.files.setting, message, field, value),
        Cause::Quantised { found } => td_string!(locale, faults.files.quantised, message, found),
        Cause::TensorType { tensor, found } => {
            td_string!(locale, faults.files.tensor_type, message, tensor, found)
        }
        Cause::WrongWeights { tensor } => td_string!(locale, faults.files.wrong_weights, message, tensor),
        Cause::NotFinite { tensor } => td_string!(locale, faults.files.not_finite, message, tensor),
        Cause::WrongTokenizer { vocab_size, id, token } => {
            let token = visible_text(&token);
            td_string!(locale, faults.files.wrong_tokenizer, message, vocab_size, id, token)
        }
        Cause::TooLarge { parameters, needed, limit } => {
            let (needed, limit) = (size_words(needed), size_words(limit));
            let millions = parameters / 1_000_000;
            td_string!(locale, faults.engine.too_large, message, millions, needed, limit)
        }
        Cause::OtherVocabulary { examples, n_different, n_ids } => {
            let examples: Vec<String> = examples.iter().map(|example| difference(locale, example)).collect();
            let examples = examples.join(td_string!(locale, models.separator));
            let (n_different, n_ids) = (grouped(n_different), grouped(n_ids));
            td_string!(locale, faults.pair.vocabulary, message, examples, n_different, n_ids)
        }
        Cause::NoPairs { step } => td_string!(locale, faults.twin.no_pairs, message, step),
        Cause::NoSuchPair { step, found, n_pairs } => {
            td_string!(locale, faults.twin.no_such_pair, message, step, found, n_pairs)
        }
        Cause::NoDarkDirection { d, n_contexts, n_needed } => {
            td_string!(locale, faults.twin.no_dark_direction, message, d, n_contexts, n_needed)
        }
        Cause::TooManyObserved { found, n_contexts } => {
            td_string!(locale, faults.twin.too_many_observed, message, found, n_contexts)
        }
        Cause::SpaceIsFull { looked_at, d } => {
            td_string!(locale, faults.twin.space_is_full, message, looked_at, d)
        }
        Cause::TooManyKept { found, effective_complexity } => {
            td_string!(locale, faults.twin.too_many_kept, message, found, effective_complexity)
        }
        Cause::NoAnswer { url } => td_string!(locale, faults.host.no_answer, message, url),
        Cause::NotOnHost { url } => td_string!(locale, faults.host.missing, message, url),
        Cause::Refused { url, status } => td_string!(locale, faults.host.refused, message, url, status),
        Cause::Hub(error) => hub(locale, error, message),
        Cause::NoEngine => td_string!(locale, faults.engine.not_fetched, message),
        Cause::NoWorkers => td_string!(locale, faults.engine.no_workers, message),
        Cause::OtherVersion => td_string!(locale, faults.engine.other_version, message),
        Cause::BrokeDown => td_string!(locale, faults.engine.broke_down, message),
    }
}

/// Why a model of the Hub cannot be loaded.
fn hub(locale: Locale, error: HubError, message: String) -> String {
    match error {
        HubError::MissingOrPrivate { repository } => {
            td_string!(locale, faults.hub.missing_or_private, message, repository)
        }
        HubError::MissingRevision { repository, revision } => {
            td_string!(locale, faults.hub.missing_revision, message, repository, revision)
        }
        HubError::Gated { repository } => td_string!(locale, faults.hub.gated, message, repository),
        HubError::Disabled { repository } => td_string!(locale, faults.hub.disabled, message, repository),
        HubError::NoSafetensors { repository, found } => {
            let found = listed(locale, &found);
            td_string!(locale, faults.hub.no_safetensors, message, repository, found)
        }
        HubError::NoConfig { repository } => td_string!(locale, faults.hub.no_config, message, repository),
        HubError::NoTokenizer { repository, found } => {
            let found = listed(locale, &found);
            td_string!(locale, faults.hub.no_tokenizer, message, repository, found)
        }
        HubError::MissingFile { repository, file } => {
            td_string!(locale, faults.hub.missing_file, message, repository, file = named(locale, file))
        }
        HubError::TooLarge { file, limit, found } => {
            td_string!(locale, faults.hub.too_large, message, file, limit, found)
        }
        HubError::TooManyRequests { host, retry_after_millis: Some(millis) } if millis >= 1000 => {
            let time = time(locale, millis as f64 / 1000.0);
            td_string!(locale, faults.hub.busy_for, message, host, time)
        }
        HubError::TooManyRequests { host, .. } => td_string!(locale, faults.hub.busy, message, host),
        HubError::Status { host, file, status } => {
            let file = named(locale, file);
            match status {
                401 | 403 => td_string!(locale, faults.hub.closed, message, host, file, status),
                500.. => td_string!(locale, faults.hub.in_trouble, message, host, file, status),
                _ => td_string!(locale, faults.hub.status, message, host, file, status),
            }
        }
        HubError::Lost { host, file } => {
            td_string!(locale, faults.hub.lost, message, host, file = named(locale, file))
        }
        HubError::BadAnswer { host, repository, problem } => {
            td_string!(locale, faults.hub.bad_answer, message, host, repository, problem)
        }
        HubError::Changed { file, host, change } => {
            td_string!(locale, faults.hub.changed, message, file, host, change)
        }
        HubError::WrongDigest { file, expected, found } => {
            td_string!(locale, faults.hub.wrong_digest, message, file, expected, found)
        }
        HubError::BadHeader { file, problem } => {
            td_string!(locale, faults.hub.bad_header, message, file, problem)
        }
        HubError::NoMemory { file } => td_string!(locale, faults.hub.no_memory, message, file),
        HubError::Cancelled => td_string!(locale, faults.hub.cancelled, message),
    }
}

/// A file, or what stands in its place.
fn named(locale: Locale, file: String) -> String {
    if file == FILE_LIST { td_string!(locale, faults.files.list, message = file) } else { file }
}

/// The first of some names.
fn listed(locale: Locale, names: &[String]) -> String {
    const SHOWN: usize = 4;
    match names {
        [] => td_string!(locale, faults.files.none).to_owned(),
        [first @ .., _] if names.len() > SHOWN => format!("{}…", first[..SHOWN - 1].join(", ")),
        _ => names.join(", "),
    }
}

fn difference(locale: Locale, difference: &TokenDifference) -> String {
    let TokenDifference { id, token_a, token_b } = difference;
    let [a, b] = [token_a, token_b].map(|token| match token {
        Some(bytes) => visible_text(&text_of(bytes)),
        None => td_string!(locale, faults.pair.no_token).to_owned(),
    });
    td_string!(locale, faults.pair.difference, message = difference.to_string(), id = *id, a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGLISH: &str = "expected x, found y";

    /// Every cause, and what its sentence must name in either language.
    fn causes() -> Vec<(Cause, Vec<&'static str>)> {
        let (file, tensor) = (|| "tokenizer.json".to_owned(), || "wte.weight".to_owned());
        let (step, url) = (|| "break-parallelism".to_owned(), || "models/x/config.json".to_owned());
        let (word, prompt) = ("xylophone".to_owned(), || "the cat\u{200b}".to_owned());
        let example =
            TokenDifference { id: 314, token_a: Some(b" a".to_vec()), token_b: Some(b" the".to_vec()) };
        let hole = TokenDifference { id: 400, token_a: None, token_b: Some(vec![0xe6]) };
        vec![
            (Cause::EmptyPrompt, vec![]),
            (Cause::UnknownWord { word, place: 9, prompt: prompt() }, vec!["xylophone", "9", "cat⟨200B⟩"]),
            (
                Cause::PromptTooLong { limit: 48, found: 2000, prompt: prompt() },
                vec!["48", "2000", "the cat"],
            ),
            (Cause::NoFile { file: file(), found: vec!["a.bin".into()] }, vec!["tokenizer.json", "a.bin"]),
            (Cause::NoFile { file: file(), found: vec![] }, vec!["tokenizer.json"]),
            (Cause::FileTwice { file: file() }, vec!["tokenizer.json"]),
            (Cause::BadFile { file: file() }, vec!["tokenizer.json", ENGLISH]),
            (Cause::Unreadable { file: file() }, vec!["tokenizer.json"]),
            (Cause::Architecture { found: "mamba".into() }, vec!["mamba", "gpt_neox"]),
            (Cause::Setting { field: "rope".into(), value: "3".into() }, vec!["rope = 3"]),
            (Cause::Quantised { found: "gptq".into() }, vec!["gptq", "bf16"]),
            (Cause::TensorType { tensor: tensor(), found: "I8".into() }, vec!["wte.weight", "I8", "bf16"]),
            (Cause::WrongWeights { tensor: tensor() }, vec!["wte.weight", "config.json"]),
            (Cause::NotFinite { tensor: tensor() }, vec!["wte.weight", "NaN"]),
            (
                Cause::WrongTokenizer { vocab_size: 324, id: 400, token: "zebra".into() },
                vec!["324", "400", "zebra"],
            ),
            (
                Cause::TooLarge { parameters: 1_235_814_400, needed: 5_200_000_000, limit: 3_758_096_384 },
                vec!["1235 M", "5.2 GB", "3.8 GB"],
            ),
            (
                Cause::OtherVocabulary { examples: vec![example, hole], n_different: 1204, n_ids: 50257 },
                vec!["314", "␣a", "␣the", "400", "<0xE6>", "1,204", "50,257"],
            ),
            (Cause::NoPairs { step: step() }, vec!["break-parallelism"]),
            (Cause::NoSuchPair { step: step(), found: 40, n_pairs: 12 }, vec!["40", "12"]),
            (Cause::NoDarkDirection { d: 32, n_contexts: 50, n_needed: 64 }, vec!["32", "50", "64"]),
            (Cause::TooManyObserved { found: 90, n_contexts: 50 }, vec!["observed-only=90", "50"]),
            (Cause::SpaceIsFull { looked_at: 64, d: 32 }, vec!["64", "32"]),
            (Cause::TooManyKept { found: 9, effective_complexity: 8 }, vec!["truncated=9", "8"]),
            (Cause::NoAnswer { url: url() }, vec!["models/x/config.json"]),
            (Cause::NotOnHost { url: url() }, vec!["models/x/config.json"]),
            (Cause::Refused { url: url(), status: 500 }, vec!["models/x/config.json", "500"]),
            (Cause::NoEngine, vec![]),
            (Cause::NoWorkers, vec![]),
            (Cause::OtherVersion, vec![]),
            (Cause::BrokeDown, vec![]),
        ]
    }

    /// As [`causes`], of the Hub's errors, which speak English themselves.
    fn of_the_hub() -> Vec<(HubError, Vec<&'static str>)> {
        let (repository, host, file) =
            (|| "a/b".to_owned(), || "hub.example".to_owned(), || "x.bin".to_owned());
        let status = |status| HubError::Status { host: host(), file: file(), status };
        let many = ["a", "b", "c", "d", "e"].map(String::from).to_vec();
        vec![
            (HubError::MissingOrPrivate { repository: repository() }, vec!["a/b"]),
            (
                HubError::MissingRevision { repository: repository(), revision: "v9".into() },
                vec!["a/b", "v9"],
            ),
            (HubError::Gated { repository: repository() }, vec!["a/b"]),
            (HubError::Disabled { repository: repository() }, vec!["a/b"]),
            (HubError::NoSafetensors { repository: repository(), found: many }, vec!["a/b", "a, b, c"]),
            (HubError::NoConfig { repository: repository() }, vec!["a/b", "config.json"]),
            (HubError::NoTokenizer { repository: repository(), found: vec![] }, vec!["tokenizer.json"]),
            (HubError::MissingFile { repository: repository(), file: file() }, vec!["a/b", "x.bin"]),
            (
                HubError::TooLarge { file: file(), limit: "1.0 MB".into(), found: "2.0 MB".into() },
                vec!["x.bin", "1.0 MB", "2.0 MB"],
            ),
            (
                HubError::TooManyRequests { host: host(), retry_after_millis: None },
                vec!["hub.example", "429"],
            ),
            (
                HubError::TooManyRequests { host: host(), retry_after_millis: Some(300_000) },
                vec!["hub.example", "429", "5"],
            ),
            (status(403), vec!["hub.example", "x.bin", "403"]),
            (status(500), vec!["hub.example", "x.bin", "500"]),
            (status(418), vec!["hub.example", "x.bin", "418"]),
            (HubError::Lost { host: host(), file: file() }, vec!["hub.example", "x.bin"]),
            (
                HubError::BadAnswer { host: host(), repository: repository(), problem: "no JSON".into() },
                vec!["hub.example", "a/b", "no JSON"],
            ),
            (
                HubError::Changed { file: file(), host: host(), change: "its ETag is another".into() },
                vec!["x.bin", "hub.example", "ETag"],
            ),
            (
                HubError::WrongDigest { file: file(), expected: "c0ffee".into(), found: "dead".into() },
                vec!["x.bin", "c0ffee", "dead"],
            ),
            (HubError::BadHeader { file: file(), problem: "too short".into() }, vec!["x.bin", "too short"]),
            (HubError::NoMemory { file: file() }, vec!["x.bin"]),
            (HubError::Cancelled, vec![]),
        ]
    }

    #[test]
    fn every_cause_is_told_in_english_by_its_error_and_in_japanese_with_the_same_numbers() {
        let of_the_hub = of_the_hub().into_iter().map(|(error, names)| {
            let english = error.to_string();
            assert!(names.iter().all(|name| english.contains(name)), "{english}");
            (Cause::Hub(error), names, english)
        });
        let causes = causes().into_iter().map(|(cause, names)| (cause, names, ENGLISH.to_owned()));
        for (told, names, english) in causes.chain(of_the_hub) {
            assert_eq!(cause(Locale::en, &told, english.clone()), english);
            let japanese = cause(Locale::ja, &told, english.clone());
            assert!(japanese.chars().any(|c| ('\u{3040}'..='\u{309f}').contains(&c)), "{japanese}");
            assert!(japanese.ends_with(['。', '）']) && !japanese.contains("{{"), "{japanese}");
            for name in &names {
                assert!(japanese.contains(name), "{japanese} lacks {name}");
            }
            let repeats = names.contains(&ENGLISH);
            assert!(repeats || !japanese.contains(&english), "{japanese} is half English");
        }
    }

    #[test]
    fn what_a_host_was_asked_for_is_named_in_either_language() {
        let lost = HubError::Lost { host: "hub.example".into(), file: FILE_LIST.into() };
        let japanese = cause(Locale::ja, &Cause::Hub(lost.clone()), lost.to_string());
        assert!(japanese.contains("ファイルの一覧") && !japanese.contains(FILE_LIST), "{japanese}");
    }
}
