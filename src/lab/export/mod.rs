//! A report in forms that other programs read: rows for a spreadsheet, a page that stands by itself, and a Python program
//! that recomputes it. Pure: text in, text out; who saves it is none of its business.

pub mod csv;
pub mod html;
pub mod python;
