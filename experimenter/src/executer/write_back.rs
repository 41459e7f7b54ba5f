//! The ends of runs on their way to the database.

use std::time::Duration;

use experimenter_diesel::{Ending, Finish, StoreError, Unfit};

use super::database::{Database, Rest, key};
use super::keeping::is_settled;
use super::outage::waits;
use super::queue::Waiting;
use super::requests::{Finished, Request, WAITING_RESULTS};
use super::{End, Event, Stop};

impl Database<'_> {
    /// The end of a run takes the entries along that wait before it. Whether the first of them are written is unknown.
    ///
    /// A checkpoint that waits has to come between them, unless the run is done and needs it no more.
    pub(super) fn take_entries(&mut self, request: &mut Request) {
        let Request::Finish(finished) = request else { return };
        for finish in finished.iter_mut().map(|finished| &mut finished.finish) {
            let run = key(&finish.claim);
            if matches!(finish.ending, Ending::Done(_)) {
                self.waiting.take_checkpoint(run);
            } else if self.waiting.requests().any(|request| request.is_checkpoint_of(run)) {
                continue;
            }
            let groups = self.waiting.take_entries(run);
            finish.entries.splice(..0, groups);
        }
    }

    /// Writes the ends of runs, with those that have come meanwhile.
    pub(super) async fn finish(&mut self, mut finished: Vec<Finished>) -> Rest {
        while finished.len() < WAITING_RESULTS
            && let Ok(request) = self.requests.try_recv()
        {
            match request {
                Request::Finish(next) => {
                    let mut next = Waiting::new(Request::Finish(next));
                    self.take_entries(&mut next.request);
                    if self.waiting.has_before(&next) {
                        next.request = self.keep(next.request).await;
                        self.waiting.push(next);
                    } else if let Request::Finish(next) = self.as_held(next.request) {
                        finished.extend(next);
                    }
                }
                request => {
                    self.waiting.push(Waiting::new(request));
                    break;
                }
            }
        }
        let spool_after = self.shared.order.spool_after.as_secs_f64();
        let stops = *self.stop.borrow() != Stop::No;
        self.spool(&mut finished, |finish| stops || seconds(finish) >= spool_after).await;
        let (finishes, rest): (Vec<_>, Vec<_>) =
            finished.into_iter().map(|Finished { finish, end, spooled, room }| (finish, (end, spooled, room))).unzip();
        let written = self.store.finish_group(&finishes).await;
        let mut waiting = Vec::new();
        let mut why: Option<StoreError> = None;
        let mut settled = Vec::new();
        for ((finish, (end, spooled, room)), mut result) in finishes.into_iter().zip(rest).zip(written) {
            let mut finished = Finished { finish, end, spooled, room };
            if let Err(reason) = &result
                && !waits(reason)
                && let Some(story) = finished.finish.refusal(self.store.spec(), reason)
            {
                finished.end = End::Error(story.lines().next().unwrap_or_default().to_owned());
                finished.finish.ending = Ending::Error(story);
                let again = self.store.finish_group(std::slice::from_ref(&finished.finish)).await;
                result = again.into_iter().next().unwrap_or(result);
            }
            if let Err(StoreError::LeaseLost { attempt, current: Some(current), .. }) = &result
                && attempt == current
                && finished.finish.claim.executer != self.executer.id
                && let Ok(Some(claim)) = self.store.readopt(&finished.finish.claim, self.executer.id).await
            {
                // The row had been taken back, and the reply was lost.
                finished.finish.claim = claim;
                let again = self.store.finish_group(std::slice::from_ref(&finished.finish)).await;
                result = again.into_iter().next().unwrap_or(result);
            }
            match result {
                Err(reason) if waits(&reason) => {
                    waiting.push(finished);
                    why = Some(why.filter(StoreError::is_outage).unwrap_or(reason));
                }
                result => {
                    if !is_settled(&result) {
                        // What the database refuses is on the disk at least, for whoever mends the table.
                        self.spool(std::slice::from_mut(&mut finished), |_| true).await;
                    }
                    settled.extend(finished.spooled.filter(|_| is_settled(&result)));
                    self.ended(finished, result);
                }
            }
        }
        self.settle(&settled).await;
        why.map(|reason| (Request::Finish(waiting), reason))
    }

    /// Takes note of a row whose end was written, or was not.
    fn ended(&mut self, Finished { finish, end, .. }: Finished, result: Result<Vec<Unfit>, StoreError>) {
        self.held.remove(&key(&finish.claim));
        let seconds = seconds(&finish);
        self.pace = Some(self.pace.map_or(seconds, |pace| 0.8 * pace + 0.2 * seconds));
        self.work.busy_seconds += seconds;
        match result {
            Ok(unfit) => {
                self.tell_unfit(unfit);
                match end {
                    End::Done => self.work.done += 1,
                    End::Paused => self.work.paused += 1,
                    End::Error(_) => self.work.failed += 1,
                }
                let elapsed = Duration::try_from_secs_f64(seconds).unwrap_or_default();
                self.shared.report(Event::Ended { id: finish.claim.id, end, elapsed });
            }
            Err(fenced @ StoreError::LeaseLost { .. }) => self.shared.report(Event::Fenced(fenced)),
            Err(error) => self.breaks(&error),
        }
    }
}

/// How long a run took, in seconds.
fn seconds(finish: &Finish) -> f64 {
    finish.figures.as_ref().map_or(0.0, |figures| figures.wall_seconds)
}
