//! The CPU engine: burn-flex.

use super::{Device, DeviceError};
use crate::lab::EngineKind;
use crate::models::vocabulary::MAX_TILE_BYTES;

#[allow(clippy::unnecessary_wraps, reason = "its twin in builds without this engine fails")]
pub fn device() -> Result<Device, DeviceError> {
    Ok(Device {
        kind: EngineKind::Cpu,
        detail: "CPU (burn-flex)".into(),
        inner: burn::tensor::Device::flex(),
        max_tile_bytes: MAX_TILE_BYTES,
    })
}
