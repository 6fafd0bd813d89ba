//! A loaded model on a device: prompts in, hidden states and log-probabilities out.

pub mod device;
#[cfg(not(target_arch = "wasm32"))]
pub mod disk;
pub mod estimate;
pub mod files;
pub mod self_test;
pub mod session;

pub use device::{Device, DeviceError};
#[cfg(not(target_arch = "wasm32"))]
pub use disk::DiskFile;
pub use estimate::{DoesNotFit, Estimate, Limits};
pub use files::ModelFiles;
pub use self_test::{KnownAnswer, SelfTest};
pub use session::{LoadError, NextToken, RunError, Session};
