//! Small texts that several panels share.

pub use crate::hub::progress::size_words as bytes;

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

/// The first digits of a commit, which name it among those of one repository.
pub fn short_commit(commit: &str) -> &str {
    commit.get(..7).unwrap_or(commit)
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
    fn commits_are_shortened_where_they_are_long() {
        assert_eq!(short_commit("0123456789abcdef"), "0123456");
        assert_eq!(short_commit("main"), "main");
    }
}
