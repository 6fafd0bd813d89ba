//! The only code that touches JavaScript.

pub mod attachment;
pub mod clock;
pub mod engine_client;
pub mod export;
pub mod fetch;
pub mod hub;
pub mod model_cache;
pub mod page;
pub mod picture;
mod reflect;
pub mod request;
pub mod service_worker;
pub mod webgpu;
mod wire;
pub mod worker_scope;
