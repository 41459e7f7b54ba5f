//! A time in which the database is away, read-only, or closed to us.

use std::time::Duration;

use experimenter_diesel::{Backoff, StoreError};
use tokio::time::Instant;

/// The first pause between two tries, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Pauses between tries at a database that may be back any moment.
pub(super) fn pauses() -> Backoff {
    Backoff::new(FIRST_PAUSE, LONGEST_PAUSE)
}

/// The same of all requests together: who is back first must not call those dead who are still in a pause.
fn pauses_within(observation: Duration) -> Backoff {
    Backoff::new(FIRST_PAUSE, LONGEST_PAUSE.min(observation / 2))
}

/// An outage that goes on: all requests wait, and one of them is tried from time to time.
#[derive(Debug)]
pub(super) struct Outage {
    since: Instant,
    pauses: Backoff,
    pub(super) reason: StoreError,
    /// When the database is tried again.
    pub(super) until: Instant,
}

impl Outage {
    pub(super) fn new(reason: StoreError, observation: Duration) -> Self {
        let now = Instant::now();
        let mut outage = Self { since: now, pauses: pauses_within(observation), reason, until: now };
        outage.goes_on();
        outage
    }

    /// Another try has failed.
    pub(super) fn goes_on(&mut self) {
        self.until = Instant::now() + self.pauses.pause();
    }

    pub(super) fn lasted(&self) -> Duration {
        self.since.elapsed()
    }
}

/// Whether a request is repeated until the database takes it.
pub(super) fn waits(reason: &StoreError) -> bool {
    reason.is_transient() || reason.is_outage()
}
