//! A report in forms that other programs read: rows for a spreadsheet, a page that stands by itself, and a Python program
//! that recomputes it. Pure: text in, text out; who saves it is none of its business.

pub mod csv;
pub mod html;
pub mod python;

/// A text as people can see it: control characters and signs that turn the direction of writing become names of
/// themselves, spaces at either end become ␣.
pub fn visible_text(text: &str) -> String {
    let core = text.trim_matches(' ');
    let leading = text.len() - text.trim_start_matches(' ').len();
    let trailing = if core.is_empty() { 0 } else { text.len() - text.trim_end_matches(' ').len() };
    let mut out = "␣".repeat(leading);
    for c in core.chars() {
        match c {
            '\n' => out.push('⏎'),
            '\t' => out.push('⇥'),
            // The block of control pictures has them in their order.
            '\0'..='\u{1f}' => out.extend(char::from_u32(0x2400 + u32::from(c))),
            '\u{7f}' => out.push('␡'),
            '\u{80}'..='\u{9f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}' => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push_str(&"␣".repeat(trailing));
    out
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
            ("", ""),
            ("a\nb\tc\0d\u{1b}e\u{7f}", "a⏎b⇥c␀d␛e␡"),
            ("\u{202e}gpj.exe\u{85}", "\\u{202e}gpj.exe\\u{85}"),
            ("日本 <b>", "日本 <b>"),
        ];
        for (text, expected) in cases {
            assert_eq!(visible_text(text), expected);
        }
    }
}
