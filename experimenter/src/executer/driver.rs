//! The driver of one slot: row after row.

use std::time::Duration;

use experimenter_diesel::{Claim, Figures, Finish};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::attempt::{Attempt, Ran, Unbegun, ended};
use super::ending::{Cut, Last, Verdict};
use super::lane::{Lane, Received, exit_of};
use super::requests::Requests;
use super::{Broken, Event, Shared, Slots, Stop};
use crate::slot::{FromSlot, ToSlot, VERSION};

/// After how long a slot that does not get ready is told of.
const SLOW: Duration = Duration::from_secs(20);

/// How many processes may end before they have begun a row, one after the other.
const FALSE_STARTS: u32 = 3;

/// How often in a row a row is given back without a newer checkpoint since its executer's time is over, until it is in
/// error: jobs that are too short for it would run it for ever.
const MOST_RETURNS: i64 = 3;

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
            let at_once = !self.goes_on();
            lane.leave(at_once).await;
        }
        result
    }

    async fn rows(&mut self) -> Result<(), Broken> {
        while self.goes_on() {
            let Some(claim) = self.database.claim().await? else { break };
            self.row(claim).await?;
        }
        Ok(())
    }

    /// Has a row run, and its end written. A slot that ends before it has begun the row is replaced.
    async fn row(&mut self, mut claim: Claim) -> Result<(), Broken> {
        let mut reason = String::new();
        for _ in 0..FALSE_STARTS {
            let lane = match self.lane.take() {
                Some(lane) => Ok(lane),
                None => self.start_lane().await,
            };
            if !self.goes_on() {
                self.lane = lane.ok();
                break;
            }
            reason = match lane {
                Ok(lane) => match self.attempt(lane, claim).await {
                    Ok(()) => return Ok(()),
                    Err(Unbegun { claim: again, status }) => {
                        claim = again;
                        format!("a slot ended before it began row {}, by {}", claim.id, exit_of(status))
                    }
                },
                Err(reason) => reason,
            };
        }
        let returns = claim.returns;
        self.database.give_back(claim, None, returns);
        if self.goes_on() { Err(Broken::Slot(reason)) } else { Ok(()) }
    }

    fn goes_on(&self) -> bool {
        *self.stop.borrow() == Stop::No
    }

    /// Starts a slot; the reason if it does not get ready.
    async fn start_lane(&mut self) -> Result<Lane, String> {
        let capture = matches!(self.shared.order.slots, Slots::Processes { capture: true, .. });
        let mut lane = Lane::start(capture).map_err(|error| format!("a slot cannot be started: {error}"))?;
        // What `main` prints before `experimenter::main` belongs to no run; it tells why a slot does not start.
        let mut printed = Vec::new();
        let mut slow = Instant::now() + SLOW;
        let received = loop {
            let has_ended = lane.port.has_ended();
            tokio::select! {
                received = lane.port.receive() => break received,
                () = ended(lane.process.as_mut()), if !has_ended => lane.port.ends(),
                Ok(_) = self.stop.wait_for(|stop| *stop != Stop::No) => {
                    lane.leave(true).await;
                    return Err("the executer stops".to_owned());
                }
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
                Some(process) => process.end().await.map_or_else(|error| error.to_string(), exit_of),
                None => String::new(),
            };
            while let Some(piece) = lane.output.try_read(SHOWN.saturating_sub(printed.len())) {
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

    /// Has a slot try a row, and its end written; keeps the slot if it can run another.
    async fn attempt(&mut self, mut lane: Lane, claim: Claim) -> Result<(), Unbegun> {
        self.shared.busy.set(self.shared.busy.get() + 1);
        let busy_slots = self.shared.busy.get();
        let (slot, key) = (self.number, claim.key.clone());
        self.shared.report(Event::Started { slot, id: claim.id, attempt: claim.attempt, key });
        let started = Instant::now();
        let ran = Attempt::new(slot, self.shared, &self.database, &mut self.stop, claim).run(&mut lane).await;
        let elapsed = started.elapsed();
        self.shared.report(Event::Idle { slot });
        self.shared.busy.set(self.shared.busy.get() - 1);
        let Ran { claim, entries, saved, last, cut, cost, output } = ran?;
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
        let returns = match saved {
            true => 0,
            // Somebody's Ctrl-C says nothing of how much time the row needs.
            false => claim.returns + i64::from(self.shared.job_ends.get()),
        };
        let verdict = match verdict {
            Verdict::GiveBack { exit } if returns >= MOST_RETURNS => Verdict::too_long(exit, returns, elapsed),
            verdict => verdict,
        };
        match verdict {
            Verdict::Write { ending, end, exit } => {
                let entries = if entries.is_empty() { Vec::new() } else { vec![entries] };
                let finish = Finish::now(claim, ending, Some(figures(exit)), entries);
                self.database.finish(finish, end).await;
            }
            Verdict::GiveBack { exit } => self.database.give_back(claim, Some(figures(exit)), returns),
        }
        let per_row = matches!(self.shared.order.slots, Slots::Processes { per_row: true, .. });
        if survives && !per_row {
            self.lane = Some(lane);
        } else {
            lane.leave(cut.is_some()).await;
        }
        Ok(())
    }
}
