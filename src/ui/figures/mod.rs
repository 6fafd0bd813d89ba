//! Pictures: a frame that every picture has, and the pictures. They take numbers and draw, and know nothing of models.
//!
//! # How to add a picture
//! 1. Write a file with pure functions: one from the numbers and a width to a [`scene::Scene`], with places by
//!    [`scale::Scale`] and colours by [`scene::Tone`]; one from the numbers to a [`table::FigureData`]. The height is the
//!    same for every width, so that nothing on the page moves; only what unfolds once, and stays while results arrive,
//!    may stack its parts where it is narrow. Colour never says anything alone: add a sign, a dash or a
//!    word. `named` marks are pointed at and reached with the arrow keys.
//! 2. Test both with known numbers: places, everything within the drawing, one row for each number.
//! 3. In a panel: `<Figure name="…" picture=move |()| Picture { title, description, table, draw } />`. Words come from
//!    `locales/{en,ja}/pictures.json`. The frame adds the table and the files; nothing else is needed. What flows with the
//!    page's text is made of elements within a [`Frame`], or has its [`Extras`] below it; the drawing is then for files.

pub mod arrows;
pub mod curves;
pub mod figure;
pub mod heat_map;
pub mod mirrored;
pub mod nulls;
pub mod owner;
pub mod scale;
pub mod scatter;
pub mod scene;
pub mod strip;
pub mod table;

pub use figure::{Draw, Extras, Figure, Frame, Picture};
