//! Waiting for what a program does.

use std::time::{Duration, Instant};

/// Waits for a condition; the deadline of a minute is only so that a failure ends.
#[track_caller]
pub fn wait_until(mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain");
        std::thread::sleep(Duration::from_millis(10));
    }
}
