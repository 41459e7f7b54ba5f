//! What waits for the database. Requests of one row keep their order.

use std::collections::VecDeque;

use experimenter_diesel::{Backoff, Entry};
use tokio::time::Instant;

use super::outage::pauses;
use super::requests::{Finished, Request, WAITING_RESULTS};

/// A request that the database could not take yet.
pub(super) struct Waiting {
    pub(super) request: Request,
    /// When it is tried again, unless the database is away.
    pub(super) due: Instant,
    pub(super) pauses: Backoff,
    /// Whether somebody was told that it waits.
    pub(super) told: bool,
}

impl Waiting {
    pub(super) fn new(request: Request) -> Self {
        Self { request, due: Instant::now(), pauses: pauses(), told: false }
    }

    /// Another try has failed.
    pub(super) fn goes_on(&mut self) {
        self.due = Instant::now() + self.pauses.pause();
    }

    /// Whether another request is about a row of this one.
    fn concerns(&self, other: &Self) -> bool {
        let rows = self.request.concerns();
        !rows.is_empty() && other.request.concerns().iter().any(|row| rows.contains(row))
    }
}

/// The requests that wait, the oldest of each row first.
#[derive(Default)]
pub(super) struct Queue(VecDeque<Waiting>);

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn requests(&self) -> impl Iterator<Item = &Request> {
        self.0.iter().map(|waiting| &waiting.request)
    }

    /// Behind what waits already.
    pub(super) fn push(&mut self, waiting: Waiting) {
        self.0.push_back(waiting);
    }

    /// Before what waits already: a checkpoint must not come before the log entries that belong to it.
    pub(super) fn put_back(&mut self, waiting: Waiting) {
        self.0.push_front(waiting);
    }

    /// Whether something waits for one of the same rows.
    pub(super) fn has_before(&self, waiting: &Waiting) -> bool {
        self.0.iter().any(|earlier| earlier.concerns(waiting))
    }

    /// Where those are that wait for nothing before them.
    fn firsts(&self) -> impl Iterator<Item = (usize, &Waiting)> {
        let is_first =
            |(index, waiting): &(usize, &Waiting)| !self.0.iter().take(*index).any(|earlier| earlier.concerns(waiting));
        self.0.iter().enumerate().filter(is_first)
    }

    /// When the next one is tried again.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.firsts().map(|(_, waiting)| waiting.due).min()
    }

    /// Takes one that is due.
    pub(super) fn take_due(&mut self) -> Option<Waiting> {
        let now = Instant::now();
        let due = self.firsts().find(|(_, waiting)| waiting.due <= now).map(|(index, _)| index);
        due.and_then(|index| self.0.remove(index))
    }

    /// Takes the oldest one, due or not.
    pub(super) fn take_oldest(&mut self) -> Option<Waiting> {
        self.0.pop_front()
    }

    /// Takes an end of runs.
    pub(super) fn take_end(&mut self) -> Option<Waiting> {
        self.take_where(|request| matches!(request, Request::Finish(_)))
    }

    /// Takes the checkpoint of a run, which is a row and its attempt.
    pub(super) fn take_checkpoint(&mut self, run: (i64, i64)) -> Option<Waiting> {
        self.take_where(|request| request.is_checkpoint_of(run))
    }

    fn take_where(&mut self, is_it: impl Fn(&Request) -> bool) -> Option<Waiting> {
        let index = self.requests().position(is_it);
        index.and_then(|index| self.0.remove(index))
    }

    /// Takes the log entries of a run, in groups that were to be written one after the other.
    pub(super) fn take_entries(&mut self, run: (i64, i64)) -> Vec<Vec<Entry>> {
        let mut groups = Vec::new();
        self.0.retain(|waiting| match &waiting.request {
            Request::Log(log) if log.run() == run => {
                groups.extend(log.groups());
                false
            }
            _ => true,
        });
        groups
    }

    /// Has ends that wait go with these, unless something else comes before them.
    pub(super) fn join(&mut self, finished: &mut Vec<Finished>) {
        for waiting in std::mem::take(&mut self.0) {
            let joins = finished.len() < WAITING_RESULTS && !self.has_before(&waiting);
            match waiting.request {
                Request::Finish(others) if joins => finished.extend(others),
                request => self.0.push_back(Waiting { request, ..waiting }),
            }
        }
    }

    /// Drops what asks for rows: there are none any more.
    pub(super) fn drop_claims(&mut self) {
        self.0.retain(|waiting| !matches!(waiting.request, Request::Claim(_)));
    }

    /// Drops the states of runs.
    pub(super) fn drop_checkpoints(&mut self) {
        self.0.retain(|waiting| !matches!(waiting.request, Request::Checkpoint { .. }));
    }
}
