//! `compare --link` and `compare --open`: what the page shares, written and read on the command line.

use std::io::Write;
use std::path::Path;

use super::error::CliError;
use super::export::shared;
use super::files::read_text;
use super::next_token::print_json;
use crate::lab::Report;
use crate::lab::link;
use crate::lab::permalink::{Opened, Pinned, reproduce};
use crate::text::Locale;
use crate::text::reproduction::reproduction;

/// Reads a link, whole or the part after `#`, or a file.
pub fn open(link_or_file: &str) -> Result<Opened, CliError> {
    let path = Path::new(link_or_file);
    if path.is_file() || link_or_file.ends_with(link::FILE_EXTENSION) {
        return Ok(link::from_file(&read_text(path)?)?);
    }
    let fragment = link_or_file.split_once('#').map_or(link_or_file, |(_, fragment)| fragment);
    Ok(link::decode(fragment)?)
}

/// The address of a page that shows the same.
pub fn print_link(report: &Report, page: &str, out: &mut dyn Write) -> Result<(), CliError> {
    let page = page.split('#').next().unwrap_or_default();
    Ok(writeln!(out, "{page}#{}", link::encode(&shared(report))?)?)
}

/// "Reproduced", or what differs. As JSON: the recorded outcome beside the recomputed one.
pub fn print_reproduction(
    opened: &Opened,
    report: &Report,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let Some(recorded) = &opened.shared.pinned else {
        return Ok(writeln!(out, "{}", nothing_recorded(opened.newer))?);
    };
    let words = reproduction(Locale::en, &reproduce(recorded, report));
    if json {
        return print_json(
            &serde_json::json!({
                "reproduction": words.headline,
                "differences": words.differences,
                "notes": words.notes,
                "recorded": recorded,
                "found": Pinned::of(report),
            }),
            out,
        );
    }
    writeln!(out, "{}", words.headline)?;
    if !words.detail.is_empty() {
        writeln!(out, "{}", words.detail)?;
    }
    for sentence in words.differences {
        writeln!(out, "- {sentence}")?;
    }
    for sentence in words.notes {
        writeln!(out, "  {sentence}")?;
    }
    Ok(())
}

fn nothing_recorded(newer: Option<u32>) -> String {
    match newer {
        Some(found) => format!(
            "This was made by a newer version (format {found}, this program reads {}): what it recorded cannot be read.",
            link::VERSION
        ),
        None => "Nothing was recorded when this was made: there is nothing to reproduce.".to_owned(),
    }
}
