//! Pictures: pure functions from numbers to marks, and the report as a page with them.
//!
//! The modules here know nothing of models but their letters; [`of_report`] gives them a report's numbers and words.
//!
//! # How to add a picture
//! 1. Write a file with pure functions from the numbers and a width to a [`scene::Scene`], with places by
//!    [`scale::Scale`] and colours by [`scene::Tone`]. The height is the same for every width, so that nothing on the page
//!    moves; only what unfolds once, and stays while results arrive, may stack its parts where it is narrow. Colour never
//!    says anything alone: add a sign, a dash or a word. `named` marks are pointed at and reached with the arrow keys.
//! 2. In [`of_report`], make a [`Picture`] of a report, with a [`table::FigureData`] of every number that is drawn. Words
//!    come from `locales/{en,ja}/pictures.json` and `insides.json`.
//! 3. Test both with known numbers: places, everything within the drawing, one row for each number.
//! 4. In a panel: `<Figure name="…" picture=move |()| … />`, whose frame adds the table and the files; in
//!    [`report_page`], one line. What flows with the page's text is made of elements within a `Frame`, or has its `Extras`
//!    below it; the drawing is then for files.

pub mod arrows;
pub mod curves;
pub mod heat_map;
pub mod mirrored;
pub mod nulls;
pub mod of_report;
pub mod owner;
pub mod picture;
pub mod report_page;
pub mod scale;
pub mod scatter;
pub mod scene;
pub mod strip;
pub mod table;

pub use picture::{Draw, Picture};
