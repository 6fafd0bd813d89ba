//! Whose numbers a mark shows, and the key that says so. Pure functions.

use super::scene::{Anchor, Dash, Mark, Scene, Sign, Tone};

/// Whose numbers are drawn: each has a colour, a form and a line of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// Model A.
    A,
    /// Model B.
    B,
    /// Neither alone.
    Both,
}

impl Owner {
    /// How tables and labels call it.
    pub fn letter(self) -> &'static str {
        if self == Self::B { "B" } else { "A" }
    }

    /// Its colour.
    pub fn tone(self) -> Tone {
        match self {
            Self::A => Tone::A,
            Self::B => Tone::B,
            Self::Both => Tone::Ink,
        }
    }

    /// The form of its points.
    pub fn sign(self) -> Sign {
        if self == Self::B { Sign::Diamond } else { Sign::Circle }
    }

    /// The stroke of its lines.
    pub fn dash(self) -> Dash {
        if self == Self::B { Dash::Dashed } else { Dash::Solid }
    }
}

/// Pixels that a small text takes, about: no drawing knows its font, so that letters are taken to be wide.
pub fn text_width(text: &str) -> f64 {
    text.chars().map(|c| if c.is_ascii() { 6.7 } else { 12.5 }).sum()
}

/// One line that names owners with their signs and, dotted, limits; from `left` on, on the line `at`. Gives where it ends.
pub fn key(scene: &mut Scene, (left, at): (f64, f64), owners: &[(Owner, &str)], limit: Option<&str>) -> f64 {
    let mut x = left;
    for &(owner, name) in owners {
        scene.add(Mark::line((x, at), (x + 22.0, at), owner.tone()).dashed(owner.dash()));
        scene.add(Mark::point(x + 11.0, at, 4.0, owner.sign(), owner.tone()));
        x = named(scene, x + 28.0, at, name);
    }
    if let Some(name) = limit {
        scene.add(Mark::path(vec![(x, at), (x + 22.0, at)], Tone::Ink, 1.5).dashed(Dash::Dotted));
        x = named(scene, x + 28.0, at, name);
    }
    x
}

fn named(scene: &mut Scene, x: f64, at: f64, name: &str) -> f64 {
    scene.add(Mark::text(x, at + 4.0, Anchor::Start, name));
    x + text_width(name) + 16.0
}
