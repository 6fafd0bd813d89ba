//! The only code that touches JavaScript.

pub mod page;
