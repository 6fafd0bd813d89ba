//! The worker around the WebGPU engine.

use all_or_none::engine::Device;

fn main() {
    all_or_none::worker::serve(Device::web_gpu, None);
}
