//! Where a model runs. Which devices there are is decided by the build's features, once, here.

#[cfg(feature = "cpu")]
mod cpu;
#[cfg(not(feature = "cpu"))]
#[path = "no_cpu.rs"]
mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(not(feature = "gpu"))]
#[path = "no_gpu.rs"]
mod gpu;

use thiserror::Error;

use crate::lab::EngineKind;

/// Why a device cannot be had.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum DeviceError {
    /// This build lacks the engine.
    #[error("this build has no {engine} engine; build it with the feature `{feature}`")]
    NotBuilt {
        /// Which engine.
        engine: &'static str,
        /// Which cargo feature.
        feature: &'static str,
    },
    /// No adapter, or it refused.
    #[error("expected a WebGPU adapter, found none that works ({0}); use the CPU engine")]
    NoGpu(String),
}

/// A device and how to name it.
#[derive(Debug, Clone)]
pub struct Device {
    /// CPU or WebGPU.
    pub kind: EngineKind,
    /// For people.
    pub detail: String,
    /// burn's own handle.
    pub(crate) inner: burn::tensor::Device,
    /// Bytes of one tile of a vocabulary matrix, at most: less than any adapter binds at once.
    pub max_tile_bytes: usize,
}

impl Device {
    /// The CPU.
    ///
    /// # Errors
    /// Where the build lacks it.
    pub fn cpu() -> Result<Self, DeviceError> {
        cpu::device()
    }

    /// WebGPU. A second call in one page fails: keep the first device.
    ///
    /// # Errors
    /// Where the build lacks it, or no adapter answers.
    pub async fn web_gpu() -> Result<Self, DeviceError> {
        gpu::device().await
    }
}
