//! Lessons for a class: a few plain sentences a step, the page set up for them, exercises that the page marks itself.
//!
//! [`catalogue`] is all that they say, [`exercise`] how an answer is marked, [`place`] their addresses; [`session`] moves
//! through them, [`panel`] shows them on the page and to an audience, [`handout`] on paper.

pub mod catalogue;
pub mod exercise;
pub mod handout;
pub mod panel;
pub mod place;
pub mod session;
pub mod task;

pub use panel::LessonsPanel;
