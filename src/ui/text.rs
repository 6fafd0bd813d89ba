//! Small texts that several panels share.

/// A token as people can see it: leading and trailing spaces and line breaks become signs.
pub fn visible_token(token: &str) -> String {
    let core = token.trim_matches(' ');
    if core.is_empty() {
        return "␣".repeat(token.len().max(1));
    }
    let leading = token.len() - token.trim_start_matches(' ').len();
    let trailing = token.len() - token.trim_end_matches(' ').len();
    let core = core.replace('\n', "⏎").replace('\t', "⇥");
    format!("{}{core}{}", "␣".repeat(leading), "␣".repeat(trailing))
}

/// A number of bytes as people read it.
pub fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.0} kB", count as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", count as f64 / 1e6),
        _ => format!("{:.2} GB", count as f64 / 1e9),
    }
}

/// A whole number with thin spaces between its thousands.
pub fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_become_signs() {
        let cases = [("easiest", "easiest"), (" big", "␣big"), ("a\nb ", "a⏎b␣"), ("  ", "␣␣"), ("", "␣")];
        for (token, expected) in cases {
            assert_eq!(visible_token(token), expected);
        }
    }

    #[test]
    fn sizes_have_units() {
        let cases = [(12, "12 B"), (345_678, "346 kB"), (1_449_000, "1.4 MB"), (2_500_000_000, "2.50 GB")];
        for (count, expected) in cases {
            assert_eq!(bytes(count), expected);
        }
    }

    #[test]
    fn thousands_are_grouped() {
        let cases = [(7, "7"), (1234, "1\u{202f}234"), (1234567, "1\u{202f}234\u{202f}567")];
        for (count, expected) in cases {
            assert_eq!(grouped(count), expected);
        }
    }
}
