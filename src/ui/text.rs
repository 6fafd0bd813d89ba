//! Small texts that several panels share.

pub use crate::hub::progress::size_words as bytes;

/// The first digits of a commit, which name it among those of one repository.
pub fn short_commit(commit: &str) -> &str {
    commit.get(..7).unwrap_or(commit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_shortened_where_they_are_long() {
        assert_eq!(short_commit("0123456789abcdef"), "0123456");
        assert_eq!(short_commit("main"), "main");
    }
}
