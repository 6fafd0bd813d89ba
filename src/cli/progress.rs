//! A bar on the terminal while a report is computed.

use std::ops::ControlFlow;

use indicatif::{ProgressBar, ProgressStyle};

use crate::lab::LabError;
use crate::lab::progress::Listener;

/// Parts of the bar.
const WHOLE: u64 = 1000;

/// Runs `compute` with a bar on standard error, which shows only where that is a terminal.
pub fn with_progress<T>(
    compute: impl FnOnce(&mut Listener<'_>) -> Result<T, LabError>,
) -> Result<T, LabError> {
    let bar = ProgressBar::new(WHOLE);
    if let Ok(style) = ProgressStyle::with_template("computing {bar:40} {percent}% ({eta} left)") {
        bar.set_style(style);
    }
    let result = compute(&mut |share| {
        bar.set_position((share * WHOLE as f64) as u64);
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    result
}
