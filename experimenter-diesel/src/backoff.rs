//! Pauses between tries that grow, and differ from one executer to another.

use std::time::Duration;

/// Pauses between tries: each is up to twice the one before, and at random, so that executers do not all come back in
/// the same moment.
#[derive(Debug, Clone)]
pub struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    /// Pauses from about `first` to `longest`.
    #[must_use]
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { next: first.min(longest), longest }
    }

    /// The next pause: half of what is due at least.
    #[must_use = "it is for the caller to wait"]
    pub fn pause(&mut self) -> Duration {
        let due = self.next;
        self.next = (2 * due).min(self.longest);
        due / 2 + random_up_to(due / 2)
    }
}

/// A moment that is off by at most a fifth, so that many who began together drift apart.
#[must_use]
pub fn jittered(duration: Duration) -> Duration {
    duration - duration / 5 + random_up_to(2 * (duration / 5))
}

fn random_up_to(most: Duration) -> Duration {
    let micros = u64::try_from(most.as_micros()).unwrap_or(u64::MAX).saturating_add(1);
    Duration::from_micros(crate::random::below(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_longest() {
        let (first, longest) = (Duration::from_millis(200), Duration::from_secs(1));
        let mut backoff = Backoff::new(first, longest);
        for due in [200, 400, 800, 1_000, 1_000].map(Duration::from_millis) {
            let pause = backoff.pause();
            assert!(due / 2 <= pause && pause <= due, "{pause:?} for {due:?}");
        }
        for _ in 0..100 {
            let beat = jittered(Duration::from_secs(30));
            assert!(Duration::from_secs(24) <= beat && beat <= Duration::from_secs(36), "{beat:?}");
        }
        assert_eq!(jittered(Duration::ZERO), Duration::ZERO);
    }
}
