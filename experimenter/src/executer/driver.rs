//! The driver of one slot: row after row.

use std::time::Duration;

use experimenter_diesel::{Claim, Figures};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::attempt::{Attempt, Ran};
use super::database::Requests;
use super::ending::{Cut, Last, Verdict};
use super::lane::{Lane, Received};
use super::{Broken, Event, Shared, Slots, Stop};
use crate::slot::{FromSlot, ToSlot, VERSION};

/// After how long a slot that does not get ready is told of.
const SLOW: Duration = Duration::from_secs(20);

/// How many processes may end before they are ready, one after the other.
const FALSE_STARTS: u32 = 3;

/// The most that is shown of what a process printed before it was ready, in bytes.
const SHOWN: usize = 2_000;

pub(super) struct Driver<'a> {
    /// The slot's number, from 0.
    number: usize,
    shared: &'a Shared<'a>,
    database: Requests,
    stop: watch::Receiver<Stop>,
    /// The slot, while there is one.
    lane: Option<Lane>,
}

impl<'a> Driver<'a> {
    pub(super) fn new(
        number: usize,
        shared: &'a Shared<'a>,
        database: Requests,
        stop: watch::Receiver<Stop>,
        lane: Option<Lane>,
    ) -> Self {
        Self { number, shared, database, stop, lane }
    }

    /// Has rows run until there are no more.
    pub(super) async fn drive(mut self) -> Result<(), Broken> {
        let result = self.rows().await;
        if let Some(lane) = self.lane.take() {
            lane.leave().await;
        }
        result
    }

    async fn rows(&mut self) -> Result<(), Broken> {
        while *self.stop.borrow() == Stop::No {
            let Some(claim) = self.database.claim().await? else { break };
            let lane = match self.lane.take() {
                Some(lane) => Ok(lane),
                None => self.ready_lane().await,
            };
            match lane {
                Ok(lane) if *self.stop.borrow() == Stop::No => self.lane = self.row(lane, claim).await,
                Ok(lane) => {
                    self.lane = Some(lane);
                    self.database.give_back(claim, None);
                }
                Err(broken) => {
                    self.database.give_back(claim, None);
                    return Err(broken);
                }
            }
        }
        Ok(())
    }

    /// A slot that is ready for rows.
    async fn ready_lane(&self) -> Result<Lane, Broken> {
        let mut said = String::new();
        for _ in 0..FALSE_STARTS {
            match self.start_lane().await {
                Ok(lane) => return Ok(lane),
                Err(reason) => said = reason,
            }
        }
        Err(Broken::Slot(said))
    }

    /// Starts a slot; the reason if it does not get ready.
    async fn start_lane(&self) -> Result<Lane, String> {
        let capture = matches!(self.shared.order.slots, Slots::Processes { capture: true, .. });
        let mut lane = Lane::start(capture).map_err(|error| format!("a slot cannot be started: {error}"))?;
        // What `main` prints before `experimenter::main` belongs to no run; it tells why a slot does not start.
        let mut printed = Vec::new();
        let mut slow = Instant::now() + SLOW;
        let received = loop {
            tokio::select! {
                received = lane.port.receive() => break received,
                piece = lane.output.read() => {
                    printed.extend_from_slice(piece);
                    printed.drain(..printed.len().saturating_sub(SHOWN));
                }
                () = sleep_until(slow) => {
                    self.shared.report(Event::SlowSlot { waited: SLOW });
                    slow += 100 * SLOW;
                }
            }
        };
        if !matches!(received, Received::Message(FromSlot::Ready { version: VERSION })) {
            let exit = match &mut lane.process {
                Some(process) => process.ended().await.map_or_else(|error| error.to_string(), super::lane::exit_of),
                None => String::new(),
            };
            while let Some(piece) = lane.output.try_read() {
                printed.extend_from_slice(piece);
            }
            let printed = String::from_utf8_lossy(&printed).trim().to_owned();
            return Err(format!("a slot ended before it was ready, by {exit}; it printed: {printed}"));
        }
        let begin = ToSlot::Begin {
            experiment: self.shared.experiment.definition.name.to_owned(),
            custom: (*self.shared.order.custom).clone(),
        };
        lane.port.send(begin).await.map_err(|error| format!("a slot ended before it was ready: {error}"))?;
        Ok(lane)
    }

    /// Has a row run, and its end written; gives the slot back if it can run another.
    async fn row(&mut self, mut lane: Lane, claim: Claim) -> Option<Lane> {
        self.shared.busy.set(self.shared.busy.get() + 1);
        let busy_slots = self.shared.busy.get();
        let (slot, key) = (self.number, claim.key.clone());
        self.shared.report(Event::Started { slot, id: claim.id, attempt: claim.attempt, key });
        let started = Instant::now();
        let Ran { claim, last, cut, cost, output } =
            Attempt::new(slot, self.shared, &self.database, &mut self.stop, claim).run(&mut lane).await;
        let elapsed = started.elapsed();
        self.shared.report(Event::Idle { slot });
        self.shared.busy.set(self.shared.busy.get() - 1);
        let survives = matches!(last, Last::Told(_)) && cut.is_none_or(|cut| cut == Cut::Stopped);
        let verdict = Verdict::of(last, cut, &output);
        let figures = |exit| Figures {
            wall_seconds: elapsed.as_secs_f64(),
            user_seconds: cost.user_seconds,
            system_seconds: cost.system_seconds,
            peak_bytes: cost.peak_bytes,
            busy_slots,
            exit,
        };
        match verdict {
            Verdict::Write { ending, end, exit } => self.database.finish(claim, ending, end, figures(exit)).await,
            Verdict::GiveBack { exit } => self.database.give_back(claim, Some(figures(exit))),
        }
        let per_row = matches!(self.shared.order.slots, Slots::Processes { per_row: true, .. });
        if survives && !per_row {
            return Some(lane);
        }
        lane.leave().await;
        None
    }
}
