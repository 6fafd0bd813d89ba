//! Small texts that several panels share.

pub use crate::hub::progress::size_words as bytes;

/// A token as people can see it: leading and trailing spaces and characters without a shape become signs.
pub fn visible_token(token: &str) -> String {
    let core = token.trim_matches(' ');
    if core.is_empty() {
        return "␣".repeat(token.len().max(1));
    }
    let leading = token.len() - token.trim_start_matches(' ').len();
    let trailing = token.len() - token.trim_end_matches(' ').len();
    let mut shown = "␣".repeat(leading);
    core.chars().for_each(|character| push_visible(&mut shown, character));
    shown + &"␣".repeat(trailing)
}

/// Characters that cannot be seen, or that turn the direction of their neighbours, are shown by what they are.
fn push_visible(shown: &mut String, character: char) {
    /// Unicode's pictures of the control characters begin here.
    const PICTURES: u32 = 0x2400;
    let code = u32::from(character);
    match character {
        '\n' => shown.push('⏎'),
        '\t' => shown.push('⇥'),
        '\0'..='\u{1f}' => shown.extend(char::from_u32(PICTURES + code)),
        '\u{7f}'..='\u{9f}'
        | '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{e0000}'..='\u{e007f}' => shown.push_str(&format!("⟨{code:04X}⟩")),
        _ => shown.push(character),
    }
}

/// The first digits of a commit, which name it among those of one repository.
pub fn short_commit(commit: &str) -> &str {
    commit.get(..7).unwrap_or(commit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_become_signs() {
        let cases = [
            ("easiest", "easiest"),
            (" big", "␣big"),
            ("a\nb ", "a⏎b␣"),
            ("  ", "␣␣"),
            ("", "␣"),
            ("a\u{7}\u{1b}[2J", "a␇␛[2J"),
            ("\u{202e}txt", "⟨202E⟩txt"),
            ("日本\u{200b}é", "日本⟨200B⟩é"),
            ("<img src=x>", "<img src=x>"),
        ];
        for (token, expected) in cases {
            assert_eq!(visible_token(token), expected);
        }
    }

    #[test]
    fn commits_are_shortened_where_they_are_long() {
        assert_eq!(short_commit("0123456789abcdef"), "0123456");
        assert_eq!(short_commit("main"), "main");
    }
}
