//! How much is measured.

use std::time::Duration;

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Under five minutes, for a look.
    Quick,
    /// With the large tables.
    Full,
}

impl Scale {
    pub(crate) fn parse(word: &str) -> Option<Self> {
        match word {
            "quick" => Some(Self::Quick),
            "full" => Some(Self::Full),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        self.pick("quick", "full")
    }

    /// One of two, by the scale.
    pub(crate) fn pick<T>(self, quick: T, full: T) -> T {
        match self {
            Self::Quick => quick,
            Self::Full => full,
        }
    }

    /// How often each measurement is repeated.
    pub(crate) fn repetitions(self) -> usize {
        self.pick(3, 5)
    }

    /// For how long rows are counted while all are at work.
    pub(crate) fn window(self) -> Duration {
        self.pick(Duration::from_millis(800), Duration::from_millis(1_500))
    }

    /// How many connections or executers work at once.
    pub(crate) fn crowds(self) -> &'static [usize] {
        self.pick(&[1, 32], &[1, 4, 16, 32])
    }

    /// How many rows the largest table has.
    pub(crate) fn largest(self) -> usize {
        self.pick(100_000, 1_000_000)
    }
}
