//! Models of the Hugging Face Hub, without a browser: everything that can be decided from text, sizes and times alone.
//!
//! [`address`] reads what a visitor typed; [`answer`] what the Hub says of a repository; [`plan`] which bytes are fetched;
//! [`ranges`] and [`digest`] whether they are the right ones; [`retry`] what follows a failure; [`progress`] how long it takes;
//! [`manifest`] what this browser keeps; [`curated`] is the list that the page offers.

pub mod address;
pub mod answer;
pub mod curated;
pub mod digest;
pub mod failure;
pub mod manifest;
pub mod plan;
pub mod progress;
pub mod ranges;
pub mod retry;

pub use address::{Address, AddressError, HUB, MirrorError};
pub use answer::{ModelParts, Repository, RepositoryFile, Weights};
pub use failure::{HubError, NotKept};
