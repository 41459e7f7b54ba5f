//! Who of the suspects is dead: what one executer has itself seen of the others, by its own clock.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::lease::BEATS;
use crate::suspects::{Life, Suspect};

/// Why an executer does not come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// It has left, and what it still holds it does not run: that is no crash.
    Left,
    /// Its process on this host has ended.
    Ended,
    /// Its lease has expired, and we have seen no beat for long enough.
    Silent,
    /// It was declared dead before. Its rows were not opened all, or it has claimed more since.
    Declared,
}

/// An executer whose rows can be opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Dead {
    /// Who it is, as it was last seen.
    pub executer: Suspect,
    /// Why it does not come back.
    pub death: Death,
}

/// What an executer has seen of the suspects.
///
/// One is called dead only if its lease has expired by the database's clock *and* the same beat was seen for at least
/// 3 of its own intervals by our clock, with the database serving us all the while; [`Store::reap`](crate::Store::reap)
/// then succeeds only while that is still its beat. So a step of the database's clock reaps nobody, for beats go on; and
/// neither does an outage, for it begins the observation anew, be it seen as a lost call or because we did not look.
#[derive(Debug)]
pub struct Watch {
    /// How long no beat is seen, at least.
    observation: Duration,
    lost_calls: u64,
    looked: Option<Instant>,
    /// The beat of each late suspect, and since when it is the same.
    beats: HashMap<i64, (i64, Instant)>,
}

impl Watch {
    /// A watch that has seen nothing yet.
    #[must_use]
    pub fn new(observation: Duration) -> Self {
        Self { observation, lost_calls: 0, looked: None, beats: HashMap::new() }
    }

    /// How often to look at least: what happened in a longer pause is not known, and the observation begins anew.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.observation / BEATS
    }

    /// Takes note of the suspects as they were read, with the time when they were asked for and the number of
    /// [lost calls](crate::Store::lost_calls) after it; says who is dead.
    pub fn look(&mut self, suspects: Vec<Suspect>, lost_calls: u64, now: Instant) -> Vec<Dead> {
        let pause = self.looked.replace(now).map(|looked| now.saturating_duration_since(looked));
        if std::mem::replace(&mut self.lost_calls, lost_calls) != lost_calls {
            self.beats.clear();
        }
        let before = std::mem::take(&mut self.beats);
        let mut dead = Vec::new();
        for executer in suspects {
            let needed = self.observation.max(executer.interval.saturating_mul(BEATS));
            let seen = before.get(&executer.id).filter(|(beat, _)| *beat == executer.beat).map(|(_, since)| *since);
            // Half of it: who looks each third may be late.
            let since = seen.filter(|_| pause.is_some_and(|pause| pause <= needed / 2)).unwrap_or(now);
            let is_silent = now.saturating_duration_since(since) >= needed;
            if executer.life == Life::Late {
                self.beats.insert(executer.id, (executer.beat, since));
            }
            let death = match executer.life {
                Life::Left => Death::Left,
                Life::Dead => Death::Declared,
                Life::Alive | Life::Late if executer.has_ended() => Death::Ended,
                Life::Late if is_silent => Death::Silent,
                Life::Alive | Life::Late => continue,
            };
            dead.push(Dead { executer, death });
        }
        dead
    }

    /// Forgets what was seen: a call to the database failed, or was not made.
    pub fn forget(&mut self) {
        self.beats.clear();
    }
}
