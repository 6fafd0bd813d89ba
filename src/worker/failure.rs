//! Which kind of failure each error is, so that the page can offer the right way out.

use crate::browser::fetch::FetchError;
use crate::engine::{DeviceError, LoadError, RunError};
use crate::hub::HubError;
use crate::lab::LabError;
use crate::protocol::{ErrorKind, ResponseBody};

/// Why a request has no answer of its own.
pub enum Failure {
    /// Given up, as asked.
    Cancelled,
    /// Anything else.
    Failed(ErrorKind, String),
}

impl Failure {
    pub fn internal(message: &str) -> Self {
        Self::Failed(ErrorKind::Internal, message.to_owned())
    }
}

impl From<Failure> for ResponseBody {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Cancelled => Self::Cancelled,
            Failure::Failed(kind, message) => Self::Failed { kind, message },
        }
    }
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Aborted => Self::Cancelled,
            _ => Self::Failed(ErrorKind::Network, error.to_string()),
        }
    }
}

impl From<HubError> for Failure {
    fn from(error: HubError) -> Self {
        match error {
            HubError::Cancelled => Self::Cancelled,
            _ if error.is_of_network() => Self::Failed(ErrorKind::Network, error.to_string()),
            _ => Self::Failed(ErrorKind::BadModel, error.to_string()),
        }
    }
}

impl From<DeviceError> for Failure {
    fn from(error: DeviceError) -> Self {
        Self::Failed(ErrorKind::Gpu, error.to_string())
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Device(error) => error.into(),
            LoadError::Run(error) => error.into(),
            _ => Self::Failed(ErrorKind::BadModel, error.to_string()),
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        let kind = match error {
            RunError::Prompt(_) => ErrorKind::BadPrompt,
            RunError::Device(_) => ErrorKind::Gpu,
            RunError::NotFinite(_) => ErrorKind::BadModel,
        };
        Self::Failed(kind, error.to_string())
    }
}

impl From<LabError> for Failure {
    fn from(error: LabError) -> Self {
        Self::Failed(ErrorKind::NotComparable, error.to_string())
    }
}
