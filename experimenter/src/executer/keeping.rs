//! Results on the disk before they are in the database.

use experimenter_diesel::{Finish, StoreError, Unfit};

use super::Event;
use super::database::Database;
use super::queue::Waiting;
use super::requests::{Finished, Request};

impl Database<'_> {
    /// Has results that wait for the database on the disk meanwhile.
    pub(super) async fn keep(&mut self, request: Request) -> Request {
        let mut request = self.as_held(request);
        if let Request::Finish(finished) = &mut request {
            self.spool(finished, |_| true).await;
        }
        request
    }

    /// Puts all results on the disk that are not in the database, when there is no more time for it.
    pub(super) async fn rescue(&mut self) {
        if let Some(log) = self.logging.take() {
            self.waiting.put_back(Waiting::new(Request::Log(log)));
        }
        while let Ok(request) = self.requests.try_recv() {
            self.waiting.push(Waiting::new(request));
        }
        // They are kept nowhere else, and log entries go with the end of their run.
        self.waiting.drop_checkpoints();
        while let Some(mut end) = self.waiting.take_end() {
            self.take_entries(&mut end.request);
            self.keep(end.request).await;
        }
    }

    /// Puts those results on the disk for which that is worth the time. Where the disk does not take them, they wait in
    /// memory, and the database gets them all the same.
    pub(super) async fn spool(&mut self, finished: &mut [Finished], is_worth: impl Fn(&Finish) -> bool) {
        let kept: Vec<_> =
            finished.iter_mut().filter(|finished| finished.spooled.is_none() && is_worth(&finished.finish)).collect();
        if kept.is_empty() {
            return;
        }
        #[cfg(feature = "faults")]
        if experimenter_diesel::spools_late() {
            return;
        }
        let finishes = kept.iter().map(|finished| finished.finish.clone()).collect();
        match self.spool.append(finishes).await {
            Ok(numbers) => {
                for (finished, number) in kept.into_iter().zip(numbers) {
                    finished.spooled = Some(number);
                }
                self.shared.spooled.set(self.spool.waiting());
            }
            Err(error) => self.shared.report(Event::Unspooled { reason: error.to_string() }),
        }
    }

    /// The database has these results.
    pub(super) async fn settle(&mut self, numbers: &[u64]) {
        if numbers.is_empty() {
            return;
        }
        if let Err(error) = self.spool.acknowledge(numbers).await {
            self.shared.report(Event::Unspooled { reason: error.to_string() });
        }
        self.shared.spooled.set(self.spool.waiting());
    }

    /// The last of the spool.
    pub(super) async fn close(&mut self) {
        if let Err(error) = self.spool.close().await {
            self.shared.report(Event::Unspooled { reason: error.to_string() });
        }
    }
}

/// Whether the database has what there was to write, in its row or beside the table.
pub(super) fn is_settled(result: &Result<Vec<Unfit>, StoreError>) -> bool {
    matches!(result, Ok(_) | Err(StoreError::LeaseLost { .. }))
}
