//! The trainer: a small Llama-shaped network learns a world's exact next-token distribution and is written as the
//! Hub has its models.
//!
//! Read [`run`] (the whole training), then [`network`], [`batch`], [`schedule`], [`measure`] and [`hub`].

pub mod batch;
pub mod hub;
pub mod measure;
pub mod network;
pub mod run;
pub mod schedule;
