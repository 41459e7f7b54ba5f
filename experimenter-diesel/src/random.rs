//! Random numbers where any will do: jitter, starting points, executers' IDs.

use std::hash::{BuildHasher, RandomState};

/// A random number, from the keys that std draws for its hash maps.
pub(crate) fn number() -> u64 {
    RandomState::new().hash_one(std::time::Instant::now())
}

/// A random number below `bound`; 0 where `bound` is 0.
pub(crate) fn below(bound: u64) -> u64 {
    number().checked_rem(bound).unwrap_or(0)
}

/// Brings `items` into a random order.
pub(crate) fn shuffle<T>(items: &mut [T]) {
    for end in (1..items.len()).rev() {
        #[expect(clippy::cast_possible_truncation, reason = "the number is below the slice's length")]
        items.swap(end, below(end as u64 + 1) as usize);
    }
}
