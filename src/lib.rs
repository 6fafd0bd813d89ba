//! Two language models, their next-token distributions, and whether linear properties are shared.
//!
//! Data flows one way:
//!
//! ```text
//! ui / cli ──Experiment──▶ lab ──▶ engine (one model each) ──▶ theory ──Report──▶ ui / cli
//! ```
//!
//! Read [`lab::experiment`] (what is asked), [`lab::report`] (what comes out), [`lab::analyze`](lab::analyze())
//! (the whole computation), then whichever room of [`theory`] you need. `ARCHITECTURE.md` is the map.

#[cfg(feature = "browser")]
pub mod browser;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "engine")]
pub mod engine;
#[cfg(feature = "text")]
pub mod figures;
pub mod hub;
pub mod lab;
#[cfg(feature = "engine")]
pub mod models;
pub mod protocol;
#[cfg(feature = "text")]
pub mod text;
pub mod theory;
#[cfg(feature = "train")]
pub mod training;
#[cfg(feature = "ui")]
pub mod ui;
#[cfg(feature = "worker")]
pub mod worker;
#[cfg(feature = "train")]
pub mod worlds;
