//! Which bytes of a weights file are fetched: all but stored masks, whose contents follow from their shape.

use std::ops::Range;

/// Longest stretch that is fetched and kept as one, in bytes: what a cache entry may hold, and what a broken connection
/// may cost at most.
pub const PIECE_BYTES: u64 = 16 << 20;

/// Shortest run of masks that is worth a request of its own, in bytes: fetching less takes no longer than asking anew.
pub const MIN_SKIPPED: u64 = 1 << 20;

/// Where a tensor lies in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Its bytes, counted from the beginning of the file.
    pub bytes: Range<u64>,
    /// Whether its bytes are known without fetching them.
    pub is_known: bool,
}

/// A stretch of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Must be fetched; at most [`PIECE_BYTES`] long.
    Piece(Range<u64>),
    /// Is known: exactly the bytes of one tensor.
    Known {
        /// Which tensor, in the list that the plan was made from.
        tensor_idx: usize,
        /// Its bytes.
        bytes: Range<u64>,
    },
}

impl Part {
    /// Its bytes, counted from the beginning of the file.
    pub fn bytes(&self) -> &Range<u64> {
        match self {
            Self::Piece(bytes) | Self::Known { bytes, .. } => bytes,
        }
    }
}

/// The parts of a file from its first byte to its last, without gap or overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    parts: Vec<Part>,
}

impl Plan {
    /// All bytes of a file are fetched.
    pub fn whole(file_length: u64) -> Self {
        Self { parts: pieces(0..file_length).collect() }
    }

    /// The pieces that are here already are the file; none where they leave something out.
    pub fn of_pieces(file_length: u64, pieces: impl Iterator<Item = Range<u64>>) -> Option<Self> {
        let parts: Vec<Part> = pieces.map(Part::Piece).collect();
        let ends = parts.iter().try_fold(0, |at, part| {
            let Range { start, end } = *part.bytes();
            (start == at && start < end).then_some(end)
        });
        (ends == Some(file_length)).then_some(Self { parts })
    }

    /// The same parts, and those that were left out fetched too.
    pub fn with_all_fetched(&self) -> Self {
        let parts = self.parts.iter().flat_map(|part| match part {
            Part::Piece(bytes) => vec![Part::Piece(bytes.clone())],
            Part::Known { bytes, .. } => pieces(bytes.clone()).collect(),
        });
        Self { parts: parts.collect() }
    }

    /// Fetches a file of `file_length` bytes without the known tensors, where they lie in runs of [`MIN_SKIPPED`] bytes
    /// or more. Tensors that are out of order or do not lie in the file are fetched with everything else.
    pub fn skipping(file_length: u64, tensors: &[Placed]) -> Self {
        let mut parts = Vec::new();
        let mut fetched_from = 0;
        for run in known_runs(file_length, tensors) {
            let (first, last) = (&tensors[run.start], &tensors[run.end - 1]);
            if last.bytes.end - first.bytes.start < MIN_SKIPPED {
                continue;
            }
            parts.extend(pieces(fetched_from..first.bytes.start));
            fetched_from = last.bytes.end;
            parts.extend(
                run.map(|tensor_idx| Part::Known { tensor_idx, bytes: tensors[tensor_idx].bytes.clone() }),
            );
        }
        parts.extend(pieces(fetched_from..file_length));
        Self { parts }
    }

    /// The parts in the order of the file.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// How many bytes are fetched.
    pub fn fetched_bytes(&self) -> u64 {
        self.parts.iter().map(|part| if let Part::Piece(bytes) = part { length(bytes) } else { 0 }).sum()
    }

    /// Whether anything is left out.
    pub fn skips(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Known { .. }))
    }

    /// Where the stretch that must be fetched and holds the byte `at` ends: as far as one request may ask.
    pub fn end_of_stretch(&self, at: u64) -> u64 {
        let from_here = self.parts.iter().skip_while(|part| part.bytes().end <= at);
        let pieces = from_here.take_while(|part| matches!(part, Part::Piece(_)));
        pieces.last().map_or(at, |part| part.bytes().end)
    }
}

/// Runs of known tensors that lie end to end, as ranges of tensors.
fn known_runs(file_length: u64, tensors: &[Placed]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    let mut end = 0;
    for (i, Placed { bytes, is_known }) in tensors.iter().enumerate() {
        let is_in_place = end <= bytes.start && bytes.start <= bytes.end && bytes.end <= file_length;
        if !is_in_place {
            continue;
        }
        if *is_known && bytes.start < bytes.end {
            match runs.last_mut() {
                Some(run) if run.end == i && end == bytes.start => run.end = i + 1,
                _ => runs.push(i..i + 1),
            }
        }
        end = bytes.end;
    }
    runs
}

fn pieces(stretch: Range<u64>) -> impl Iterator<Item = Part> {
    let Range { start, end } = stretch;
    let cut = move |begin: u64| Part::Piece(begin..end.min(begin.saturating_add(PIECE_BYTES)));
    (start..end).step_by(PIECE_BYTES as usize).map(cut)
}

fn length(bytes: &Range<u64>) -> u64 {
    bytes.end - bytes.start
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MIB: u64 = 1 << 20;

    fn placed(bytes: Range<u64>, is_known: bool) -> Placed {
        Placed { bytes, is_known }
    }

    #[test]
    fn masks_are_left_out_and_the_rest_is_cut() {
        let tensors = [
            placed(100..20 * MIB, false),
            placed(20 * MIB..24 * MIB, true),
            placed(24 * MIB..25 * MIB, true),
            placed(25 * MIB..26 * MIB, false),
        ];
        let plan = Plan::skipping(26 * MIB, &tensors);
        let expected = [
            Part::Piece(0..16 * MIB),
            Part::Piece(16 * MIB..20 * MIB),
            Part::Known { tensor_idx: 1, bytes: 20 * MIB..24 * MIB },
            Part::Known { tensor_idx: 2, bytes: 24 * MIB..25 * MIB },
            Part::Piece(25 * MIB..26 * MIB),
        ];
        assert_eq!(plan.parts(), expected);
        assert!(plan.skips());
        assert_eq!(plan.fetched_bytes(), 21 * MIB);
        assert_eq!(plan.end_of_stretch(0), 20 * MIB);
        assert_eq!(plan.end_of_stretch(17 * MIB), 20 * MIB);
        assert_eq!(plan.end_of_stretch(25 * MIB), 26 * MIB);
        assert_eq!(plan.end_of_stretch(26 * MIB), 26 * MIB);
    }

    #[test]
    fn what_was_left_out_can_be_fetched_after_all() {
        let plan = Plan::skipping(40 * MIB, &[placed(MIB..39 * MIB, true)]);
        let whole = plan.with_all_fetched();
        assert_eq!((whole.skips(), whole.fetched_bytes()), (false, 40 * MIB));
        let bytes = |plan: &Plan| plan.parts().iter().map(|part| part.bytes().clone()).collect::<Vec<_>>();
        assert_eq!(
            bytes(&whole),
            [0..MIB, MIB..17 * MIB, 17 * MIB..33 * MIB, 33 * MIB..39 * MIB, 39 * MIB..40 * MIB]
        );
        assert_eq!(Plan::of_pieces(40 * MIB, bytes(&whole).into_iter()), Some(whole));
        assert_eq!(Plan::of_pieces(5, [0..2, 3..5].into_iter()), None);
        assert_eq!(Plan::of_pieces(5, [0..2, 2..4].into_iter()), None);
        assert_eq!(Plan::of_pieces(0, std::iter::empty()), Some(Plan::whole(0)));
    }

    #[test]
    fn small_masks_are_fetched_with_their_neighbours() {
        let tensors =
            [placed(10..20, false), placed(20..20 + MIB - 1, true), placed(20 + MIB - 1..2 * MIB, false)];
        assert_eq!(Plan::skipping(2 * MIB, &tensors), Plan::whole(2 * MIB));
        // Two of them side by side are worth it.
        let two = [placed(20..20 + MIB / 2, true), placed(20 + MIB / 2..20 + MIB, true)];
        assert_eq!(Plan::skipping(2 * MIB, &two).fetched_bytes(), MIB);
    }

    #[test]
    fn tensors_that_lie_are_fetched() {
        let behind_the_end = [placed(10..9 * MIB, true)];
        assert_eq!(Plan::skipping(8 * MIB, &behind_the_end), Plan::whole(8 * MIB));
        let overlapping = [placed(0..4 * MIB, false), placed(2 * MIB..8 * MIB, true)];
        assert_eq!(Plan::skipping(8 * MIB, &overlapping), Plan::whole(8 * MIB));
        #[expect(clippy::reversed_empty_ranges, reason = "a header that lies")]
        let backwards = [placed(4 * MIB..2 * MIB, true)];
        assert_eq!(Plan::skipping(8 * MIB, &backwards), Plan::whole(8 * MIB));
        assert_eq!(Plan::whole(0).parts(), []);
    }

    proptest! {
        /// Whatever the tensors are: the parts are the file end to end, no piece is too long, and what is left out is
        /// known.
        #[test]
        fn the_parts_are_the_file(
            head in 8u64..300_000,
            sizes in prop::collection::vec((0u64..9 * MIB, any::<bool>()), 0..20),
            tail in 0u64..3,
        ) {
            let mut end = head;
            let tensors: Vec<_> = sizes.iter().map(|&(size, is_known)| {
                let begin = end;
                end += size;
                placed(begin..end, is_known)
            }).collect();
            let file_length = end + tail;
            let plan = Plan::skipping(file_length, &tensors);
            let mut at = 0;
            for part in plan.parts() {
                prop_assert_eq!(part.bytes().start, at);
                prop_assert!(part.bytes().end > at);
                at = part.bytes().end;
                match part {
                    Part::Piece(bytes) => prop_assert!(length(bytes) <= PIECE_BYTES),
                    Part::Known { tensor_idx, bytes } => {
                        prop_assert!(tensors[*tensor_idx].is_known);
                        prop_assert_eq!(&tensors[*tensor_idx].bytes, bytes);
                    }
                }
            }
            prop_assert_eq!(at, file_length);
            // A known tensor of its own size is always left out.
            let n_left_out = plan.parts().iter().filter(|part| matches!(part, Part::Known { .. })).count();
            let large = tensors.iter().filter(|t| t.is_known && length(&t.bytes) >= MIN_SKIPPED).count();
            prop_assert!(n_left_out >= large);
        }
    }
}
