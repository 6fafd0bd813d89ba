//! Stands in for the WebGPU engine in builds without it.

use std::future::{Ready, ready};

use super::{Device, DeviceError};

pub fn device() -> Ready<Result<Device, DeviceError>> {
    ready(Err(DeviceError::NotBuilt { engine: "WebGPU", feature: "gpu" }))
}
