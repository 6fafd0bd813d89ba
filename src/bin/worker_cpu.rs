//! The worker around the CPU engine, and around the lab.

use std::future::ready;

use all_or_none::engine::Device;
use all_or_none::lab::analyze;

fn main() {
    all_or_none::worker::serve(|| ready(Device::cpu()), Some(analyze));
}
