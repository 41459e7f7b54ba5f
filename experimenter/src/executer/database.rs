//! The one that talks to the database, for all slots.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use experimenter_diesel::{Claim, Claimer, Executer, Store, StoreError, Unfit, Work, jittered};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::attempt::until;
use super::lease::Others;
use super::outage::{Outage, waits};
use super::queue::{Queue, Waiting};
use super::requests::{Ahead, Claimed, Log, Request, Requests};
use super::{Event, Shared, Stop};
use crate::spool::{Header, Spool};

/// How often an executer of short rows tells what it has done.
const TELL: Duration = Duration::from_secs(5);

/// How much work of each slot is claimed ahead, in seconds, and at most how many rows in all.
const AHEAD_SECONDS: f64 = 2.0;
const MOST_AHEAD: usize = 100;

/// Rows that take longer than this are claimed one by one, in seconds.
const LONG_ROW_SECONDS: f64 = 30.0;

/// After how long without a free slot the rows claimed ahead are given back.
const STALLED: Duration = Duration::from_secs(5);

/// How long an executer that has nothing else to do waits for the database, when its results are on the disk.
const PARTING: Duration = Duration::from_secs(60);

/// What of a request waits, and why; nothing, if it is done.
pub(super) type Rest = Option<(Request, StoreError)>;

/// The one connection, and the rows that are claimed.
pub(super) struct Database<'a> {
    pub(super) store: &'a mut Store,
    pub(super) shared: &'a Shared<'a>,
    pub(super) requests: UnboundedReceiver<Request>,
    pub(super) stop: watch::Receiver<Stop>,
    pub(super) claimer: Claimer,
    /// Who this is at present.
    pub(super) executer: Executer,
    pub(super) others: Others,
    pub(super) spool: Spool,
    /// The rows that are claimed and not written back, by row and attempt, under the ID that holds them.
    pub(super) held: BTreeMap<(i64, i64), Claim>,
    pub(super) ahead: Rc<Ahead>,
    /// How many more may be claimed.
    left: Option<u64>,
    /// How long a row takes, in seconds; the latest count most.
    pub(super) pace: Option<f64>,
    /// When the last beat was tried.
    pub(super) told: Instant,
    /// What was done then.
    pub(super) told_work: Work,
    pub(super) work: Work,
    /// What waits for the database.
    pub(super) waiting: Queue,
    /// The log entries that are being written.
    pub(super) logging: Option<Log>,
    /// The outage, while there is one.
    pub(super) outage: Option<Outage>,
    /// Whether somebody was told that rows cannot be claimed, since the last one was.
    blocked: bool,
    /// Why the database refuses for good.
    broken: Option<StoreError>,
}

impl<'a> Database<'a> {
    pub(super) async fn new(
        store: &'a mut Store,
        executer: Executer,
        shared: &'a Shared<'a>,
        stop: watch::Receiver<Stop>,
    ) -> Result<(Self, Requests), StoreError> {
        let order = shared.order;
        let claimer = store.claimer(executer.clone(), order.order, order.selector.clone()).await?;
        // Beats wait behind it, as does everything else.
        store.set_lock_wait(executer.lease.beat).await?;
        // What cannot be done now is repeated here, with all the rest.
        store.set_patience(Duration::ZERO);
        let (asking, requests, ahead) = Requests::new();
        let now = Instant::now();
        let database = Self {
            store,
            shared,
            requests,
            stop,
            claimer,
            spool: Spool::new(&order.spool, Header::new(&order.target, &shared.table, executer.id, &executer.host)),
            others: Others::new(executer.lease.observation),
            executer,
            held: BTreeMap::new(),
            ahead,
            left: order.max,
            pace: None,
            told: now,
            told_work: Work::default(),
            work: Work::default(),
            waiting: Queue::default(),
            logging: None,
            outage: None,
            blocked: false,
            broken: None,
        };
        Ok((database, asking))
    }

    /// Serves until nobody asks any more; gives what was done.
    pub(super) async fn serve(&mut self) -> Result<Work, StoreError> {
        let mut second = tokio::time::interval(Duration::from_secs(1));
        let interval = self.executer.lease.beat;
        let mut beat = Instant::now() + jittered(interval);
        let mut open = true;
        let mut parting = None;
        while open || self.has_to_wait(parting) {
            let next_try = self.next_try();
            let alarm = parting.filter(|parting| *parting > Instant::now());
            tokio::select! {
                request = self.requests.recv(), if open => match request {
                    Some(request) => self.take(request).await,
                    None => {
                        open = false;
                        parting = Some(Instant::now() + PARTING);
                        self.part().await;
                    }
                },
                () = until(alarm) => {}
                () = until(next_try) => self.try_again().await,
                () = sleep_until(beat) => {
                    // Without that, rows that are not ours may yet be taken back.
                    if self.tell().await {
                        self.check_held().await;
                    }
                    beat = Instant::now() + jittered(interval);
                }
                () = sleep_until(self.others.next_look), if open => self.look_at_others().await,
                // Once for each step of stopping, and never again when nobody can ask any more.
                Ok(()) = self.stop.changed() => {
                    // Who waits for a row hears that there is none.
                    self.others.give_up();
                    self.waiting.drop_claims();
                    self.give_back_those_ahead().await;
                }
                _ = second.tick() => if self.ahead.stalled() >= STALLED {
                    self.give_back_those_ahead().await;
                },
            }
            if self.told.elapsed() >= TELL && self.work != self.told_work && self.outage.is_none() {
                let _arrived = self.tell().await;
            }
        }
        self.leave().await;
        self.close().await;
        self.broken.clone().map_or(Ok(self.work), Err)
    }

    /// The executer's last word, when all is written: what it should still hold, others open again at once.
    async fn leave(&mut self) {
        if !self.waiting.is_empty() || self.outage.is_some() {
            return;
        }
        if let Err(reason) = self.store.leave(self.executer.id, self.work).await {
            self.shared.report(Event::Silent(reason));
        }
    }

    /// Whether there is something left to write that is nowhere else, or that may be written yet.
    fn has_to_wait(&self, parting: Option<Instant>) -> bool {
        let is_late = parting.is_some_and(|parting| parting <= Instant::now());
        self.waiting.requests().any(|request| match request {
            Request::Finish(finished) => !is_late || finished.iter().any(|finished| finished.spooled.is_none()),
            _ => !is_late,
        })
    }

    /// Nobody asks any more: what is left is given back.
    async fn part(&mut self) {
        self.give_back_those_ahead().await;
        self.take(Request::Forgo).await;
    }

    /// Does what is asked for, or has it wait.
    pub(super) async fn take(&mut self, request: Request) {
        let mut request = request;
        if matches!(request, Request::Claim(_)) && self.ahead.is_empty() && !self.may_claim() {
            // Who asks hears that there is none.
            return;
        }
        self.take_entries(&mut request);
        let mut waiting = Waiting::new(request);
        if self.outage.is_some() || self.waiting.has_before(&waiting) {
            waiting.request = self.keep(waiting.request).await;
            if self.outage.is_some() {
                self.let_run_on(&mut waiting);
            }
            if let Some(outage) = &self.outage {
                self.tell_waiting(&mut waiting, &outage.reason);
            }
            self.waiting.push(waiting);
        } else {
            self.try_one(waiting).await;
        }
    }

    /// When something that waits is tried again.
    fn next_try(&self) -> Option<Instant> {
        match &self.outage {
            Some(outage) => Some(outage.until),
            None => self.waiting.next_due(),
        }
    }

    async fn try_again(&mut self) {
        let next = if self.outage.is_some() { self.waiting.take_oldest() } else { self.waiting.take_due() };
        match next {
            Some(mut waiting) => {
                if let Request::Finish(finished) = &mut waiting.request {
                    self.waiting.join(finished);
                }
                self.try_one(waiting).await;
            }
            // A beat tells as well whether the database is back.
            None => drop(self.tell().await),
        }
    }

    async fn try_one(&mut self, waiting: Waiting) {
        let Waiting { request, .. } = waiting;
        match self.answer(request).await {
            None => self.back(),
            Some((request, reason)) => {
                let request = self.keep(request).await;
                self.wait(Waiting { request, ..waiting }, reason);
            }
        }
    }

    /// Has a request wait. An outage holds up all requests, a conflict this one alone.
    fn wait(&mut self, mut waiting: Waiting, reason: StoreError) {
        waiting.goes_on();
        self.tell_waiting(&mut waiting, &reason);
        if reason.is_outage() {
            self.let_run_on(&mut waiting);
        }
        self.waiting.put_back(waiting);
        if reason.is_outage() {
            self.away(reason);
        }
    }

    /// A run does not wait for its checkpoint while the database is away. Of its states the latest alone is written when the
    /// database is back: behind the log entries that came before it, which belong to it.
    fn let_run_on(&mut self, waiting: &mut Waiting) {
        let Request::Checkpoint { claim, reply, .. } = &mut waiting.request else { return };
        let Some(reply) = reply.take() else { return };
        // A run that does not wait for the reply has ended.
        let _ended = reply.send(Ok(()));
        if let Some(earlier) = self.waiting.take_checkpoint(key(claim)) {
            waiting.told = earlier.told;
        }
    }

    /// Tells once of what waits.
    fn tell_waiting(&self, waiting: &mut Waiting, reason: &StoreError) {
        if !std::mem::replace(&mut waiting.told, true) {
            for id in waiting.request.rows() {
                self.shared.report(Event::Waiting { id, reason: reason.clone() });
            }
        }
    }

    pub(super) fn away(&mut self, reason: StoreError) {
        if let Some(outage) = &mut self.outage {
            outage.goes_on();
        } else {
            self.outage = Some(Outage::new(reason.clone(), self.executer.lease.observation));
            self.shared.away.set(true);
            self.shared.report(Event::Away(reason));
        }
    }

    pub(super) fn back(&mut self) {
        if let Some(outage) = self.outage.take() {
            self.shared.away.set(false);
            self.shared.report(Event::Back { after: outage.lasted() });
        }
    }

    async fn answer(&mut self, request: Request) -> Rest {
        match self.as_held(request) {
            Request::Claim(reply) => match self.claim().await {
                Err(reason) if waits(&reason) => {
                    if !reason.is_outage() && !std::mem::replace(&mut self.blocked, true) {
                        self.shared.report(Event::Blocked(reason.clone()));
                    }
                    return Some((Request::Claim(reply), reason));
                }
                Ok(None) if self.may_claim() => self.no_row(reply),
                claimed => {
                    if let Err(error) = &claimed {
                        self.breaks(error);
                    }
                    if let Err(Ok(Some(claim))) = reply.send(claimed) {
                        self.ahead.put_back(claim);
                    }
                }
            },
            Request::Write { mut claim, values, reply } => {
                let write =
                    async |store: &mut Store, claim: &mut Claim| store.write_partial(claim, values.clone()).await;
                match self.as_owner(&mut claim, write).await {
                    Err(reason) if waits(&reason) => return Some((Request::Write { claim, values, reply }, reason)),
                    // A run that does not wait for the reply has ended.
                    written => drop(reply.send(written.map(|unfit| self.tell_unfit(unfit)))),
                }
            }
            Request::Checkpoint { mut claim, state, reply } => {
                let keep = async |store: &mut Store, claim: &mut Claim| store.checkpoint(claim, &state).await;
                match self.as_owner(&mut claim, keep).await {
                    Err(reason) if waits(&reason) => {
                        return Some((Request::Checkpoint { claim, state, reply }, reason));
                    }
                    kept => drop(reply.map(|reply| reply.send(kept))),
                }
            }
            Request::Log(mut log) => match self.log(&mut log).await {
                Err(reason) => return Some((Request::Log(log), reason)),
                Ok(()) => drop(log.reply.map(|reply| reply.send(log.refused))),
            },
            Request::Finish(finished) => return self.finish(finished).await,
            Request::GiveBack { mut claim, figures, returns } => {
                claim.returns = returns;
                match self.store.release(&claim, figures.as_ref()).await {
                    Err(reason) if waits(&reason) => {
                        return Some((Request::GiveBack { claim, figures, returns }, reason));
                    }
                    Err(error) => self.breaks(&error),
                    Ok(released) => {
                        self.held.remove(&key(&claim));
                        // Nothing, if it was never begun, or if somebody has reset it.
                        if released && figures.is_some() {
                            self.shared.report(Event::GivenBack { id: claim.id });
                        }
                        self.left = self.left.map(|left| left + u64::from(figures.is_none()));
                    }
                }
            }
            Request::GiveBackAhead(claims) => match self.store.release_group(&claims).await {
                Err(reason) if waits(&reason) => return Some((Request::GiveBackAhead(claims), reason)),
                Err(error) => self.breaks(&error),
                Ok(_) => claims.iter().for_each(|claim| drop(self.held.remove(&key(claim)))),
            },
            Request::Forgo => match self.store.forgo(&mut self.claimer).await {
                Err(reason) if waits(&reason) => return Some((Request::Forgo, reason)),
                Err(error) => self.breaks(&error),
                Ok(()) => {}
            },
        }
        None
    }

    /// The same request by the ID that this executer has since, and after the log entries that are written since.
    pub(super) fn as_held(&self, mut request: Request) -> Request {
        for claim in request.claims() {
            if let Some(held) = self.held.get(&key(claim)) {
                claim.clone_from(held);
            }
        }
        request
    }

    /// A row for a slot: of those claimed ahead, or of the table.
    async fn claim(&mut self) -> Claimed {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        if let Some(claim) = self.ahead.take() {
            return Ok(Some(claim));
        }
        if self.may_claim() {
            let at_most = self.left.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX));
            let rows = batch(self.pace, self.shared.order.slots.count()).min(at_most);
            self.claimer.has_time(self.shared.order.remaining());
            let claimed = self.store.claim_batch(&mut self.claimer, rows).await?;
            self.left = self.left.map(|left| left.saturating_sub(claimed.len() as u64));
            self.blocked = false;
            // Every request is made by the claim that is held: the state that a run goes on from is for its slot alone.
            for claim in &claimed {
                let mut held = claim.clone();
                held.checkpoint = None;
                self.held.insert(key(claim), held);
            }
            self.ahead.put(claimed);
        }
        Ok(self.ahead.take())
    }

    /// Whether this executer has room and time for another row.
    fn may_claim(&self) -> bool {
        let has_time = self.shared.order.has_time();
        if !has_time && !self.shared.out_of_time.replace(true) {
            self.shared.report(Event::OutOfTime { least: self.shared.order.min_remaining });
        }
        has_time && self.left != Some(0) && *self.stop.borrow() == Stop::No && self.broken.is_none()
    }

    /// Rows that nobody has begun are open to others again.
    async fn give_back_those_ahead(&mut self) {
        let claims = self.ahead.take_all();
        if !claims.is_empty() {
            self.left = self.left.map(|left| left + claims.len() as u64);
            self.take(Request::GiveBackAhead(claims)).await;
        }
    }

    /// Adds log entries.
    async fn log(&mut self, log: &mut Log) -> Result<(), StoreError> {
        while !log.is_settled() {
            // The executer may have to end while the database does not answer.
            self.logging = Some(log.copy());
            let mut claim = log.claim.clone();
            let add = async |store: &mut Store, claim: &mut Claim| store.log(claim, log.next()).await;
            let added = self.as_owner(&mut claim, add).await;
            self.logging = None;
            log.claim = claim;
            match added {
                Ok(unfit) => {
                    self.tell_unfit(unfit);
                    log.advance();
                    if let Some(held) = self.held.get_mut(&key(&log.claim)) {
                        held.clone_from(&log.claim);
                    }
                }
                Err(reason) if waits(&reason) => return Err(reason),
                Err(reason) if matches!(reason, StoreError::LeaseLost { .. }) => {
                    log.give_up();
                    self.tell_unlogged(log, reason);
                }
                Err(reason) => self.refuse(log, reason).await?,
            }
        }
        Ok(())
    }

    /// An entry that the database refuses does not take the others with it, and is kept beside the table.
    async fn refuse(&mut self, log: &mut Log, reason: StoreError) -> Result<(), StoreError> {
        if let [entry] = log.next() {
            match self.store.keep_entries(&log.claim, std::slice::from_ref(entry), &reason.to_string()).await {
                Ok(unfit) => self.tell_unfit(vec![unfit]),
                Err(away) if waits(&away) => return Err(away),
                Err(also) => {
                    let reason = format!("{reason}; it cannot be kept beside the table either: {also}");
                    self.tell_unlogged(log, StoreError::Database(reason));
                }
            }
            log.refused.get_or_insert(reason);
        }
        log.refuse();
        Ok(())
    }

    fn tell_unlogged(&self, log: &mut Log, reason: StoreError) {
        self.shared.report(Event::Unlogged { id: log.claim.id, reason: reason.clone() });
        log.refused.get_or_insert(reason);
    }

    /// Nothing more is claimed from a database that refuses.
    pub(super) fn breaks(&mut self, error: &StoreError) {
        self.broken.get_or_insert_with(|| error.clone());
    }

    pub(super) fn tell_unfit(&self, unfit: Vec<Unfit>) {
        for unfit in unfit {
            self.shared.report(Event::Unfit(unfit));
        }
    }
}

/// What tells one attempt of this executer from another.
pub(super) fn key(claim: &Claim) -> (i64, i64) {
    (claim.id, claim.attempt)
}

/// How many rows are claimed at once, when one takes so many seconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "from 1 to 100"
)]
fn batch(pace: Option<f64>, slots: usize) -> usize {
    match pace {
        Some(seconds) if seconds < LONG_ROW_SECONDS => {
            let rows = AHEAD_SECONDS * slots as f64 / seconds.max(1e-6);
            (rows as usize).clamp(1, MOST_AHEAD)
        }
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_rows_are_claimed_ahead_and_long_ones_are_not() {
        let batches = [(None, 8), (Some(0.0), 1), (Some(0.1), 1), (Some(0.1), 8), (Some(2.0), 8), (Some(31.0), 64)];
        assert_eq!(batches.map(|(pace, slots)| batch(pace, slots)), [1, 100, 20, 100, 8, 1]);
    }
}
