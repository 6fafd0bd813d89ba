//! What runs in a worker around an engine: requests in, the engine or the lab called, answers out.
//!
//! Requests are served one after another. A newer request makes an older one of its kind pointless, and what is given
//! up is answered with [`ResponseBody::Cancelled`](crate::protocol::ResponseBody).

mod download;
mod download_file;
mod failure;
mod files;
mod host;
mod keeper;
mod pieces;
mod queue;
mod stream;

pub use host::{Analyze, serve};
