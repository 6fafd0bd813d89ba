//! A loaded model on a device: prompts in, hidden states and log-probabilities out.

pub mod device;
pub mod files;
pub mod self_test;
pub mod session;

pub use device::{Device, DeviceError};
pub use files::ModelFiles;
pub use self_test::{KnownAnswer, SelfTest};
pub use session::{LoadError, NextToken, RunError, Session};
