//! Stands in for the CPU engine in builds without it.

use super::{Device, DeviceError};

pub fn device() -> Result<Device, DeviceError> {
    Err(DeviceError::NotBuilt { engine: "CPU", feature: "cpu" })
}
