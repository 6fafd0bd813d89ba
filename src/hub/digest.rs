//! The SHA-256 of a file as its bytes come by, known at every place on the way.

use std::fmt::{self, Debug, Formatter, Write};

use sha2::{Digest, Sha256};

/// The digest of a file's first bytes.
#[derive(Clone, Default)]
pub struct RunningDigest {
    state: Sha256,
    n_bytes: u64,
}

impl RunningDigest {
    /// Of no byte.
    pub fn new() -> Self {
        Self::default()
    }

    /// More of the file.
    pub fn update(&mut self, bytes: &[u8]) {
        self.state.update(bytes);
        self.n_bytes += bytes.len() as u64;
    }

    /// How many bytes have come by.
    pub fn n_bytes(&self) -> u64 {
        self.n_bytes
    }

    /// SHA-256 of the bytes so far, in lower-case hexadecimal. At the end of a piece it tells whether that piece is as it
    /// was when all bytes before it are, at no cost.
    pub fn so_far(&self) -> String {
        let digest = self.state.clone().finalize();
        digest.iter().fold(String::with_capacity(64), |mut text, byte| {
            // Writing into a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

impl Debug for RunningDigest {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningDigest")
            .field("n_bytes", &self.n_bytes)
            .field("so_far", &self.so_far())
            .finish()
    }
}

/// Is this a SHA-256 in lower-case hexadecimal?
pub fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::plan::{Part, Placed, Plan};
    use super::*;

    #[test]
    fn digests_are_those_of_the_standard() {
        // FIPS 180-2, appendix B.1.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let mut digest = RunningDigest::new();
        digest.update(b"ab");
        let before = digest.so_far();
        digest.update(b"c");
        assert_eq!(digest.so_far(), abc);
        assert_eq!(digest.so_far(), abc, "asking changes nothing");
        assert_ne!(before, abc);
        assert_eq!(digest.n_bytes(), 3);
        assert!(is_sha256(abc) && !is_sha256(&abc.to_uppercase()) && !is_sha256(&abc[1..]));
        assert_eq!(
            RunningDigest::new().so_far(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    /// A GPT-2 mask of `n` positions as booleans: one where a place may see another.
    fn mask(n: usize) -> Vec<u8> {
        (0..n * n).map(|i| u8::from(i % n <= i / n)).collect()
    }

    /// A file whose masks were never fetched has the digest of the real one; with another mask in it, it has not.
    #[test]
    fn masks_that_are_written_anew_give_the_digest_of_the_real_file() {
        let weights: Vec<u8> = (0..100_000u32).map(|i| (i * 7919 % 251) as u8).collect();
        let mut real = weights.clone();
        let first = real.len() as u64;
        real.extend(mask(1024));
        let second = real.len() as u64;
        real.extend(mask(1100));
        let end = real.len() as u64;
        real.extend(&weights);
        let tensors = [
            Placed { bytes: 50..first, is_known: false },
            Placed { bytes: first..second, is_known: true },
            Placed { bytes: second..end, is_known: true },
            Placed { bytes: end..real.len() as u64, is_known: false },
        ];
        let plan = Plan::skipping(real.len() as u64, &tensors);
        assert_eq!(plan.fetched_bytes(), 200_000);
        let fetch = |file: &[u8]| {
            let mut digest = RunningDigest::new();
            for part in plan.parts() {
                match part {
                    Part::Piece(bytes) => digest.update(&file[bytes.start as usize..bytes.end as usize]),
                    Part::Known { tensor_idx: 1, .. } => digest.update(&mask(1024)),
                    Part::Known { .. } => digest.update(&mask(1100)),
                }
            }
            digest.so_far()
        };
        let whole = |file: &[u8]| {
            let mut digest = RunningDigest::new();
            digest.update(file);
            digest.so_far()
        };
        assert_eq!(fetch(&real), whole(&real));
        let mut other = real.clone();
        other[first as usize + 5] ^= 1;
        assert_ne!(fetch(&other), whole(&other), "a mask of another kind is noticed");
    }

    proptest! {
        #[test]
        fn how_the_bytes_are_cut_is_of_no_consequence(
            bytes in prop::collection::vec(any::<u8>(), 0..300),
            cut in 0usize..300,
        ) {
            let (first, second) = bytes.split_at(cut.min(bytes.len()));
            let mut digest = RunningDigest::new();
            digest.update(first);
            digest.update(second);
            let mut whole = RunningDigest::new();
            whole.update(&bytes);
            prop_assert_eq!(digest.so_far(), whole.so_far());
        }
    }
}
