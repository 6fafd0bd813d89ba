//! Which kind of failure each error is, so that the page can offer the right way out, and its cause as a value, so that the
//! page can say it in the visitor's language.

use std::fmt::Display;

use crate::browser::attachment::Unreadable;
use crate::browser::fetch::FetchError;
use crate::engine::{DeviceError, DoesNotFit, LoadError, RunError};
use crate::hub::HubError;
use crate::lab::LabError;
use crate::models::{CheckpointError, ConfigError, ReadError, TokenizeError, TokenizerError};
use crate::protocol::{Cause, Complaint, ErrorKind, ResponseBody};
use crate::theory::twin::TwinError;

/// Why a request has no answer of its own.
#[derive(Debug, PartialEq)]
pub enum Failure {
    /// Given up, as asked.
    Cancelled,
    /// Anything else.
    Failed(Complaint),
}

impl Failure {
    pub fn internal(message: &str) -> Self {
        failed(ErrorKind::Internal, &message, None)
    }

    /// A file that the visitor chose.
    pub fn unreadable(file: String, error: Unreadable) -> Self {
        let sentence = format!(
            "{file}: expected a file, found that {error}; choose the model's files again, or a folder with “Folder…”"
        );
        failed(ErrorKind::BadModel, &sentence, Some(Cause::Unreadable { file }))
    }

    /// A file that has been fetched.
    pub fn gone(file: String, error: &ReadError) -> Self {
        failed(ErrorKind::Network, &format!("{file}: {error}"), Some(Cause::Unreadable { file }))
    }
}

fn failed(kind: ErrorKind, error: &impl Display, cause: Option<Cause>) -> Failure {
    Failure::Failed(Complaint { kind, message: error.to_string(), cause })
}

impl From<Failure> for ResponseBody {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Cancelled => Self::Cancelled,
            Failure::Failed(complaint) => Self::Failed(complaint),
        }
    }
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Aborted => Self::Cancelled,
            _ => failed(ErrorKind::Network, &error, error.cause()),
        }
    }
}

impl From<HubError> for Failure {
    fn from(error: HubError) -> Self {
        let kind = if error.is_of_network() { ErrorKind::Network } else { ErrorKind::BadModel };
        match error {
            HubError::Cancelled => Self::Cancelled,
            error => failed(kind, &error.to_string(), Some(Cause::Hub(error))),
        }
    }
}

impl From<DeviceError> for Failure {
    fn from(error: DeviceError) -> Self {
        failed(ErrorKind::Gpu, &error, None)
    }
}

impl From<DoesNotFit> for Failure {
    fn from(error: DoesNotFit) -> Self {
        let cause = match error {
            DoesNotFit::Memory { parameters, needed, limit } => {
                Some(Cause::TooLarge { parameters, needed, limit })
            }
            DoesNotFit::Buffer { .. } => None,
        };
        failed(ErrorKind::TooLarge, &error, cause)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        LoadError::from(error).into()
    }
}

impl From<CheckpointError> for Failure {
    fn from(error: CheckpointError) -> Self {
        LoadError::from(error).into()
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Device(error) => error.into(),
            LoadError::Run(error) => error.into(),
            error => failed(ErrorKind::BadModel, &error, of_files(&error)),
        }
    }
}

fn of_files(error: &LoadError) -> Option<Cause> {
    Some(match error {
        LoadError::MissingFile { file, found } => Cause::NoFile { file: file.clone(), found: found.clone() },
        LoadError::FileTwice(file) => Cause::FileTwice { file: file.clone() },
        LoadError::BadSelfTest(_) => Cause::BadFile { file: "self_test.json".into() },
        LoadError::Config(error) => of_config(error),
        LoadError::Checkpoint(error) => of_checkpoint(error),
        LoadError::Tokenizer(error) => of_tokenizer(error),
        LoadError::Device(_) | LoadError::Run(_) => return None,
    })
}

fn of_config(error: &ConfigError) -> Cause {
    match error {
        ConfigError::UnknownArchitecture(found) => Cause::Architecture { found: found.clone() },
        ConfigError::Quantised(found) => Cause::Quantised { found: found.clone() },
        ConfigError::NotImplemented { field, value } => {
            Cause::Setting { field: field.clone(), value: value.clone() }
        }
        ConfigError::Malformed(_) | ConfigError::Missing(_) | ConfigError::BadValue { .. } => {
            Cause::BadFile { file: "config.json".into() }
        }
    }
}

fn of_checkpoint(error: &CheckpointError) -> Cause {
    match error {
        CheckpointError::Malformed { file, .. } => Cause::BadFile { file: file.clone() },
        CheckpointError::BadIndex { .. } => Cause::BadFile { file: "model.safetensors.index.json".into() },
        CheckpointError::Unreadable { file, .. } => Cause::Unreadable { file: file.clone() },
        CheckpointError::MissingShard { file, found, .. } => {
            Cause::NoFile { file: file.clone(), found: found.clone() }
        }
        CheckpointError::WrongType { name, found } => {
            Cause::TensorType { tensor: name.clone(), found: found.clone() }
        }
        CheckpointError::NotFinite { name, .. } => Cause::NotFinite { tensor: name.clone() },
        CheckpointError::Twice { name, .. }
        | CheckpointError::Missing { name, .. }
        | CheckpointError::WrongShape { name, .. }
        | CheckpointError::Unused { names: name, .. } => Cause::WrongWeights { tensor: name.clone() },
    }
}

fn of_tokenizer(error: &TokenizerError) -> Cause {
    match error {
        TokenizerError::Malformed(_) => Cause::BadFile { file: "tokenizer.json".into() },
        TokenizerError::TooManyTokens { vocab_size, id, token } => {
            Cause::WrongTokenizer { vocab_size: *vocab_size, id: *id, token: token.clone() }
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match &error {
            RunError::Prompt(prompt) => failed(ErrorKind::BadPrompt, &error, of_prompt(prompt)),
            RunError::Device(_) => failed(ErrorKind::Gpu, &error, None),
            RunError::NotFinite(_) => failed(ErrorKind::BadModel, &error, None),
        }
    }
}

fn of_prompt(error: &TokenizeError) -> Option<Cause> {
    match error.clone() {
        TokenizeError::Empty => Some(Cause::EmptyPrompt),
        TokenizeError::Unknown { piece, place, prompt } => {
            Some(Cause::UnknownWord { word: piece, place, prompt })
        }
        TokenizeError::TooLong { limit, found, prompt } => {
            Some(Cause::PromptTooLong { limit, found, prompt })
        }
        TokenizeError::Failed { .. } => None,
    }
}

impl From<LabError> for Failure {
    fn from(error: LabError) -> Self {
        let cause = match &error {
            LabError::DifferentVocabularies { examples, n_different, n_ids } => {
                let (n_different, n_ids) = (*n_different, *n_ids);
                Some(Cause::OtherVocabulary { examples: examples.clone(), n_different, n_ids })
            }
            LabError::Twin(error) => of_twin(error),
            _ => None,
        };
        failed(ErrorKind::NotComparable, &error, cause)
    }
}

/// Recipes that no model can follow never come this far.
fn of_twin(error: &TwinError) -> Option<Cause> {
    Some(match *error {
        TwinError::NoPairs { kind } => Cause::NoPairs { step: kind.to_string() },
        TwinError::NoSuchPair { kind, found, n_pairs } => {
            Cause::NoSuchPair { step: kind.to_string(), found, n_pairs }
        }
        TwinError::NoDarkDirection { d, n_contexts, n_needed } => {
            Cause::NoDarkDirection { d, n_contexts, n_needed }
        }
        TwinError::TooManyObserved { found, n_contexts } => Cause::TooManyObserved { found, n_contexts },
        TwinError::SpaceIsFull { looked_at, d } => Cause::SpaceIsFull { looked_at, d },
        TwinError::TooManyKept { found, effective_complexity } => {
            Cause::TooManyKept { found, effective_complexity }
        }
        TwinError::Recipe(_) | TwinError::Theory(_) | TwinError::NoSuchToken { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(failure: impl Into<Failure>, kind: ErrorKind, message: &str, cause: Option<&Cause>) {
        let Failure::Failed(complaint) = failure.into() else { panic!("{message}: given up") };
        assert_eq!((complaint.kind, complaint.cause.as_ref()), (kind, cause));
        assert!(complaint.message.starts_with(message), "{}", complaint.message);
    }

    #[test]
    fn a_failure_has_its_kind_its_sentence_and_its_cause() {
        let prompt = String::from("the cat xylophone");
        let unknown = TokenizeError::Unknown { piece: "xylophone".into(), place: 9, prompt: prompt.clone() };
        check(
            RunError::from(unknown),
            ErrorKind::BadPrompt,
            "expected words that this model knows, found \"xylophone\" at character 9",
            Some(&Cause::UnknownWord { word: "xylophone".into(), place: 9, prompt }),
        );
        check(
            LoadError::from(ConfigError::UnknownArchitecture("mamba".into())),
            ErrorKind::BadModel,
            "config.json: expected model_type",
            Some(&Cause::Architecture { found: "mamba".into() }),
        );
        check(
            DoesNotFit::Memory { parameters: 2_000_000_000, needed: 8 << 30, limit: 4 << 30 },
            ErrorKind::TooLarge,
            "expected a model that fits into",
            Some(&Cause::TooLarge { parameters: 2_000_000_000, needed: 8 << 30, limit: 4 << 30 }),
        );
        check(
            LabError::from(TwinError::TooManyKept { found: 9, effective_complexity: 8 }),
            ErrorKind::NotComparable,
            "'truncated=9'",
            Some(&Cause::TooManyKept { found: 9, effective_complexity: 8 }),
        );
        let gated = HubError::Gated { repository: "a/b".into() };
        check(gated.clone(), ErrorKind::BadModel, "a/b is gated", Some(&Cause::Hub(gated)));
        let lost = HubError::Lost { host: "huggingface.co".into(), file: "config.json".into() };
        check(lost.clone(), ErrorKind::Network, "the connection", Some(&Cause::Hub(lost)));
        check(DeviceError::NoGpu("none".into()), ErrorKind::Gpu, "expected a WebGPU adapter", None);
    }

    #[test]
    fn what_is_given_up_is_no_failure() {
        assert_eq!(Failure::from(HubError::Cancelled), Failure::Cancelled);
        assert_eq!(Failure::from(FetchError::Aborted), Failure::Cancelled);
    }
}
