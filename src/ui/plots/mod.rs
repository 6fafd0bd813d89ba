//! Drawings: they take numbers and draw, and know nothing of models.

pub mod geometry;
pub mod heat;
mod interval_bar;
mod mirrored_bar;
mod ruler;

pub use interval_bar::{IntervalBar, Marks};
pub use mirrored_bar::MirroredBar;
pub use ruler::Ruler;
