//! Waiting for what a program does.

use std::time::{Duration, Instant};

/// Waits for a condition; the deadline of three minutes is only so that a failure ends.
#[track_caller]
pub fn wait_until(mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(180);
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain");
        std::thread::sleep(Duration::from_millis(10));
    }
}
