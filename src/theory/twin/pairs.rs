//! Which pairs of a concept a constructor works on, written as people count them: `1,4-6`.

use std::fmt;
use std::str::FromStr;

/// Most pairs that can be told apart: a choice is stored as the bits of one number.
pub const MOST_PAIRS: usize = 64;

/// A choice among the first [`MOST_PAIRS`] pairs that take part, at least one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PairSet(u64);

impl PairSet {
    /// Pair i is chosen where bit i is set; `None` where none is.
    pub fn from_bits(bits: u64) -> Option<Self> {
        (bits != 0).then_some(Self(bits))
    }

    /// Bit i tells whether pair i is chosen; never 0.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// The places from 0 on; `None` where there is none, or one that is too large.
    pub fn of(places: impl IntoIterator<Item = usize>) -> Option<Self> {
        let bit = |place: usize| (place < MOST_PAIRS).then(|| 1_u64 << place);
        let bits = places.into_iter().try_fold(0, |bits, place| Some(bits | bit(place)?))?;
        Self::from_bits(bits)
    }

    /// Whether the pair at a place, from 0 on, is chosen.
    pub fn contains(self, place: usize) -> bool {
        place < MOST_PAIRS && self.0 >> place & 1 == 1
    }

    /// The chosen places, from 0 on, ascending.
    pub fn places(self) -> impl Iterator<Item = usize> {
        (0..MOST_PAIRS).filter(move |&place| self.contains(place))
    }

    /// The largest chosen place, from 0 on.
    pub fn last(self) -> usize {
        MOST_PAIRS - 1 - self.0.leading_zeros() as usize
    }
}

impl fmt::Display for PairSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut joint = "";
        for first in self.places().filter(|&place| place == 0 || !self.contains(place - 1)) {
            let last = (first..MOST_PAIRS).take_while(|&place| self.contains(place)).last().unwrap_or(first);
            match last - first {
                0 => write!(f, "{joint}{}", first + 1)?,
                _ => write!(f, "{joint}{}-{}", first + 1, last + 1)?,
            }
            joint = ",";
        }
        Ok(())
    }
}

/// What stands after `=` is no choice of pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotPairs;

impl FromStr for PairSet {
    type Err = NotPairs;

    fn from_str(text: &str) -> Result<Self, NotPairs> {
        let number = |text: &str| -> Result<usize, NotPairs> {
            let number = text.trim().parse::<usize>().map_err(|_| NotPairs)?;
            number.checked_sub(1).filter(|&place| place < MOST_PAIRS).ok_or(NotPairs)
        };
        let mut places = Vec::new();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (number(first)?, number(last)?);
            if first > last {
                return Err(NotPairs);
            }
            places.extend(first..=last);
        }
        Self::of(places).ok_or(NotPairs)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn runs_of_pairs_are_written_as_runs() {
        let written = |places: &[usize]| PairSet::of(places.iter().copied()).unwrap().to_string();
        assert_eq!(written(&[0]), "1");
        assert_eq!(written(&[5, 3, 4, 0]), "1,4-6");
        assert_eq!(written(&[62, 63, 8]), "9,63-64");
        assert_eq!(" 4 - 6 , 1".parse::<PairSet>().map(|set| set.to_string()), Ok("1,4-6".into()));
        for text in ["", "0", "65", "6-4", "1,", "1-", "a", "-1", "1-2-3"] {
            assert_eq!(text.parse::<PairSet>(), Err(NotPairs), "{text}");
        }
        assert_eq!((PairSet::of([]), PairSet::of([64]), PairSet::from_bits(0)), (None, None, None));
        assert_eq!(PairSet::of([2, 7]).unwrap().last(), 7);
    }

    proptest! {
        #[test]
        fn a_choice_is_read_as_it_is_written(bits in 1u64..) {
            let set = PairSet::from_bits(bits).unwrap();
            prop_assert_eq!(set.to_string().parse::<PairSet>(), Ok(set));
            prop_assert_eq!(PairSet::of(set.places()), Some(set));
        }
    }
}
