//! The tokens of prompts, each on a ground that tells how far two distributions are apart after it. Pure functions.

use super::scene::{Anchor, Fill, Mark, Scene, Shape, Tone};
use crate::text::numbers::number;

/// Limits between the shades, nats of the Jensen–Shannon divergence, which is ln 2 ≈ 0.69 at most.
pub const LIMITS: [f64; 4] = [0.001, 0.01, 0.1, 0.3];
/// Shades of heat from no disagreement to the most.
const SHADES: [u8; LIMITS.len() + 1] = [7, 6, 4, 2, 0];
/// Width of a letter, pixels: about that of small type; signs of East Asia take two.
const LETTER: f64 = 7.2;
/// Height of a token with its number.
const BOX: f64 = 38.0;
/// Space between tokens and between lines.
const GAP: f64 = 6.0;

/// One token.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// As people can see it.
    pub text: String,
    /// What it is called when pointed at.
    pub name: String,
    /// Jensen–Shannon divergence of the distributions after it, nats.
    pub js: f64,
}

/// 0 for next to no disagreement, up to `LIMITS.len()`. What is no number disagrees most.
pub fn step(js: f64) -> usize {
    LIMITS.iter().filter(|limit| js.is_nan() || js >= **limit).count()
}

/// The ground of a step.
fn ground(step: usize) -> Tone {
    Tone::Heat(SHADES.get(step).copied().unwrap_or_default())
}

/// What can be read on it.
fn ink(step: usize) -> Tone {
    Tone::OnHeat(SHADES.get(step).copied().unwrap_or_default())
}

/// For each step, which divergences it stands for: `< 0.001`, `0.001 – 0.01`, …, `≥ 0.3`.
pub fn ranges() -> Vec<String> {
    let between = LIMITS.windows(2).map(|pair| format!("{} – {}", pair[0], pair[1]));
    let (first, last) = (format!("< {}", LIMITS[0]), format!("≥ {}", LIMITS[LIMITS.len() - 1]));
    [first].into_iter().chain(between).chain([last]).collect()
}

/// The drawing, for files: prompts one below the other, each in as many lines as it needs, then the legend.
pub fn strip(prompts: &[Vec<Token>], legend: &str, width: f64) -> Scene {
    let mut marks = Vec::new();
    let mut top = 6.0;
    for prompt in prompts {
        let mut left = 0.0;
        for token in prompt {
            let value = number(token.js);
            let long = (wide(&token.text).max(wide(&value)) + 12.0).min(width);
            if left > 0.0 && left + long > width {
                (left, top) = (0.0, top + BOX + GAP);
            }
            let step = step(token.js);
            marks.push(Mark::rect(left, top, long, BOX, ground(step)).named(&token.name));
            let middle = left + long / 2.0;
            let ink = Fill::Solid(ink(step));
            marks.push(Mark::text(middle, top + 16.0, Anchor::Middle, token.text.clone()).filled(ink));
            marks.push(Mark::of(Shape::Text(middle, top + 31.0, 10.0, Anchor::Middle, value)).filled(ink));
            left += long + GAP;
        }
        top += BOX + 2.0 * GAP;
    }
    marks.push(Mark::text(0.0, top + 14.0, Anchor::Start, legend));
    let mut left = 0.0;
    for (step, range) in ranges().into_iter().enumerate() {
        marks.push(Mark::rect(left, top + 24.0, 18.0, 14.0, ground(step)).outlined(Tone::RuleStrong, 1.0));
        left += 24.0;
        let long = wide(&range);
        marks.push(Mark::text(left, top + 36.0, Anchor::Start, range));
        left += long + 14.0;
    }
    let mut scene = Scene::new(width, top + 46.0);
    marks.into_iter().for_each(|mark| scene.add(mark));
    scene
}

/// About how wide a text is, pixels.
fn wide(text: &str) -> f64 {
    text.chars().map(|c| if c < '\u{2e80}' { LETTER } else { 2.0 * LETTER }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn token(text: &str, js: f64) -> Token {
        Token { text: text.into(), name: format!("{text}: {js}"), js }
    }

    #[test]
    fn steps_have_round_limits_and_all_shades() {
        let cases = [(0.0, 0), (9.9e-4, 0), (1e-3, 1), (0.0099, 1), (0.01, 2), (0.1, 3), (0.3, 4), (0.69, 4)];
        for (js, expected) in cases {
            assert_eq!(step(js), expected, "{js}");
        }
        assert_eq!(step(f64::NAN), 4);
        assert_eq!(ranges(), ["< 0.001", "0.001 – 0.01", "0.01 – 0.1", "0.1 – 0.3", "≥ 0.3"]);
        assert_eq!((ground(0), ground(4), ground(9)), (Tone::Heat(7), Tone::Heat(0), Tone::Heat(0)));
    }

    #[test]
    fn every_token_is_drawn_with_its_number() {
        let prompts = [vec![token("a", 0.0), token("b", 0.25)], vec![token("<c>", 1e-7)]];
        let svg = strip(&prompts, "JS (nats)", 720.0).as_file("T", "D");
        assert_eq!(svg.matches("<g><title>").count(), 3);
        for text in ["&lt;c&gt;", "0.250", "1.0e−7", "JS (nats)", "≥ 0.3"] {
            assert!(svg.contains(text), "{text} in {svg}");
        }
    }

    proptest! {
        #[test]
        fn tokens_stay_within_the_drawing_and_never_lie_on_each_other(
            lengths in prop::collection::vec(1..30_usize, 1..40), width in 300.0..800.0_f64
        ) {
            let prompt: Vec<Token> = lengths.iter().map(|n| token(&"x".repeat(*n), 0.05)).collect();
            let n = prompt.len();
            let scene = strip(&[prompt], "", width);
            let boxes: Vec<[f64; 4]> = scene.marks.iter().filter_map(|mark| match mark.shape() {
                Shape::Rect(x, y, w, h) => Some([*x, *y, x + w, y + h]),
                _ => None,
            }).take(n).collect();
            prop_assert!(boxes.iter().all(|b| b[0] >= 0.0 && b[2] <= width + 1e-9 && b[3] <= scene.height));
            for (i, one) in boxes.iter().enumerate() {
                for other in &boxes[..i] {
                    let apart = one[0] >= other[2] || other[0] >= one[2] || one[1] >= other[3] || other[1] >= one[3];
                    prop_assert!(apart, "{one:?} {other:?}");
                }
            }
        }
    }
}
