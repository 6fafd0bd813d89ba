//! The page. Start at [`app::App`]; [`state`] is all that it knows, [`session`] all that it does.

pub mod address;
pub mod app;
pub mod curated;
pub mod download;
pub mod failure;
pub mod family;
pub mod faults;
pub mod figure;
pub mod language;
pub mod lessons;
pub mod panels;
pub mod plots;
pub mod recovery;
pub mod session;
pub mod shelf;
pub mod state;
pub mod text;
pub mod turns;
pub mod undo;
pub mod workshop;
pub mod world;
