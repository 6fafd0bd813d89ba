//! The WebGPU engine: burn-wgpu.

use super::{Device, DeviceError};
use crate::lab::EngineKind;
use crate::models::vocabulary::MAX_TILE_BYTES;

/// How many commands wait for one submission; small, so that a browser's watchdog never meets a long one.
const TASKS_PER_SUBMISSION: usize = 32;

pub async fn device() -> Result<Device, DeviceError> {
    let options = burn::tensor::Device::wgpu_options().tasks_max(TASKS_PER_SUBMISSION);
    let inner = options.init_async().await.map_err(|error| DeviceError::NoGpu(error.to_string()))?;
    Ok(Device {
        kind: EngineKind::WebGpu,
        detail: "WebGPU (burn-wgpu)".into(),
        inner,
        max_tile_bytes: MAX_TILE_BYTES,
    })
}
