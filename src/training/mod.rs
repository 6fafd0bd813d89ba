//! The trainer: small networks learn a world's exact next-token distribution, or a teacher that did, and are written
//! as the Hub has its models.
//!
//! Read [`run`] (one bundled model), then [`family`] (which models there are), [`course`] (how one comes to be) and
//! [`queue`] (all of them, resumable); below them [`trainer`], [`loss`], [`network`], [`batch`], [`schedule`],
//! [`measure`], [`teacher`]; and what is written: [`hub`], [`record`], [`card`].

pub mod batch;
pub mod card;
pub mod course;
pub mod family;
pub mod hub;
mod layers;
pub mod loss;
pub mod measure;
mod names;
pub mod network;
pub mod queue;
pub mod record;
pub mod run;
pub mod schedule;
pub mod teacher;
pub mod trainer;
