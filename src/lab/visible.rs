//! Texts as people can see them.

/// Spaces at either end become ␣, characters that cannot be seen or that turn the direction of their neighbours are
/// shown by what they are, and no text at all is ∅: nothing that is shown looks like something else.
pub fn visible_text(text: &str) -> String {
    let core = text.trim_matches(' ');
    if core.is_empty() {
        return if text.is_empty() { "∅".to_owned() } else { "␣".repeat(text.len()) };
    }
    let leading = text.len() - text.trim_start_matches(' ').len();
    let trailing = text.len() - text.trim_end_matches(' ').len();
    let mut shown = "␣".repeat(leading);
    core.chars().for_each(|character| push_visible(&mut shown, character));
    shown + &"␣".repeat(trailing)
}

fn push_visible(shown: &mut String, character: char) {
    /// Unicode's pictures of the control characters begin here.
    const PICTURES: u32 = 0x2400;
    let code = u32::from(character);
    match character {
        '\n' => shown.push('⏎'),
        '\t' => shown.push('⇥'),
        '\0'..='\u{1f}' => shown.extend(char::from_u32(PICTURES + code)),
        '\u{7f}' => shown.push('␡'),
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{e0000}'..='\u{e007f}' => shown.push_str(&format!("⟨{code:04X}⟩")),
        _ => shown.push(character),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_invisible_stays_invisible() {
        let cases = [
            ("easiest", "easiest"),
            (" big ", "␣big␣"),
            ("  ", "␣␣"),
            ("", "∅"),
            ("a\nb\tc\0d\u{7}e\u{1b}[2J\u{7f}", "a⏎b⇥c␀d␇e␛[2J␡"),
            ("\u{202e}gpj.exe\u{85}", "⟨202E⟩gpj.exe⟨0085⟩"),
            ("日本\u{200b}é", "日本⟨200B⟩é"),
            ("<img src=x>", "<img src=x>"),
        ];
        for (text, expected) in cases {
            assert_eq!(visible_text(text), expected);
        }
    }
}
