//! The lease: how long an executer counts as alive after it was last heard of, and what it takes to call it dead.

use std::time::Duration;

/// How executers tell that they are alive, and when one that does not is dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// How often an executer tells that it is alive.
    pub beat: Duration,
    /// How long it counts as alive after a beat, by the database's clock.
    pub length: Duration,
    /// How long another one sees no beat before it calls it dead, at least: 3 beats of that executer if they are longer.
    pub observation: Duration,
    /// With how many crashes in a row a row ends in `error`.
    pub crash_limit: u32,
}

/// How many beats of an executer are waited for.
pub(crate) const BEATS: u32 = 3;

/// The shortest beat: SQLite's clock counts milliseconds.
const SHORTEST: Duration = Duration::from_millis(10);

/// The longest lease: beyond it no database adds.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

impl Default for Lease {
    fn default() -> Self {
        Self {
            beat: Duration::from_secs(30),
            length: Duration::from_secs(300),
            observation: Duration::from_secs(90),
            crash_limit: 3,
        }
    }
}

impl Lease {
    /// Checks that the settings make sense together.
    ///
    /// # Errors
    /// When they do not: which, and what would do.
    pub fn check(&self) -> Result<(), String> {
        let Self { beat, length, observation, crash_limit } = *self;
        if beat < SHORTEST {
            return Err(format!("a beat every {beat:?} is too often: {SHORTEST:?} is the least, 30 s is usual"));
        }
        let least = beat.saturating_mul(BEATS);
        if length < least {
            return Err(format!(
                "a lease of {length:?} is too short for a beat every {beat:?}: one that is late would count as a death; \
                 take at least {least:?}, or a beat every {:?}",
                Duration::from_millis(u64::try_from((length / BEATS).as_millis()).unwrap_or(u64::MAX))
            ));
        }
        if length > LONGEST {
            return Err(format!("a lease of {length:?} is too long: {LONGEST:?} is the most"));
        }
        if observation < beat {
            return Err(format!(
                "an observation of {observation:?} is shorter than a beat, {beat:?}: take at least {least:?}"
            ));
        }
        if crash_limit == 0 {
            return Err("with a crash limit of 0 no row could run: 1 gives a row up with its first crash".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_make_no_sense_are_refused() {
        let lease = Lease::default();
        assert_eq!(lease.check(), Ok(()));
        let seconds = Duration::from_secs;
        let short = Lease { beat: Duration::from_millis(100), length: Duration::from_millis(300), ..lease };
        assert_eq!(short.check(), Ok(()));
        for (lease, says) in [
            (Lease { beat: Duration::ZERO, ..lease }, "a beat every 0ns is too often"),
            (Lease { length: seconds(89), ..lease }, "take at least 90s, or a beat every 29.666s"),
            (Lease { length: Duration::MAX, ..lease }, "is too long"),
            (Lease { beat: Duration::MAX, ..lease }, "is too short"),
            (Lease { observation: seconds(29), ..lease }, "shorter than a beat, 30s: take at least 90s"),
            (Lease { crash_limit: 0, ..lease }, "1 gives a row up with its first crash"),
        ] {
            let refused = lease.check().expect_err(says);
            assert!(refused.contains(says), "{refused}");
        }
    }
}
