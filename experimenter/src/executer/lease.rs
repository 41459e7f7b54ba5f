//! Whose rows run: this executer's signs of life, and what it does about others that give none.

use std::collections::BTreeSet;
use std::time::Duration;

use experimenter_diesel::{Beat, Claim, Dead, Life, Store, StoreError, Suspect, Watch, jittered};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::database::{Database, key};
use super::outage::waits;
use super::requests::{Claimed, Request};
use super::{Event, Stop};
use crate::spool::{self, Place};

/// About so many executers look after the others, however many there are.
const LOOKING: u64 = 16;

/// How long what was seen of the others counts as the present.
const FRESH: Duration = Duration::from_secs(1);

/// What an executer sees of the others.
pub(super) struct Others {
    watch: Watch,
    /// When they are looked at next.
    pub(super) next_look: Instant,
    looked: Option<Instant>,
    /// Whether what is known of them was seen just now.
    is_looking: bool,
    /// Those that are not heard of, and hold rows.
    silent: Vec<Suspect>,
    /// Who waits for a row that those may hold.
    idle: Vec<oneshot::Sender<Claimed>>,
    /// Whether somebody was told so.
    told: bool,
}

impl Others {
    pub(super) fn new(observation: Duration) -> Self {
        let now = Instant::now();
        Self {
            watch: Watch::new(observation),
            next_look: now,
            looked: None,
            is_looking: false,
            silent: Vec::new(),
            idle: Vec::new(),
            told: false,
        }
    }

    /// Nobody waits any more.
    pub(super) fn give_up(&mut self) {
        self.idle.clear();
    }
}

impl Database<'_> {
    /// Tells that this executer is alive, and what it has done. A beat that does not arrive must not end what runs: the
    /// database may be back in time for the result. Says whether it has arrived.
    pub(super) async fn tell(&mut self) -> bool {
        let told = self.beat().await;
        let has_arrived = told.is_ok();
        match told {
            Ok(()) => self.back(),
            Err(reason) if reason.is_outage() => self.away(reason),
            Err(reason) => self.shared.report(Event::Silent(reason)),
        }
        has_arrived
    }

    /// Tells that this executer is alive; if others think otherwise, it comes back with what runs here.
    async fn beat(&mut self) -> Result<(), StoreError> {
        (self.told, self.told_work) = (Instant::now(), self.work);
        match self.store.beat(self.executer.id, self.work).await? {
            Beat::Alive => self.take_back().await,
            Beat::DeclaredDead => self.come_back().await,
        }
    }

    /// Does something to a row that runs here. A row that is still at this attempt and yet not ours was opened by others, who
    /// have declared this executer dead: it is taken back first. The run must not hear of that.
    pub(super) async fn as_owner<T>(
        &mut self,
        claim: &mut Claim,
        work: impl AsyncFn(&mut Store, &mut Claim) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let result = work(self.store, claim).await;
        if !matches!(&result, Err(StoreError::LeaseLost { attempt, current, .. }) if *current == Some(*attempt)) {
            return result;
        }
        self.beat().await?;
        let Some(held) = self.held.get(&key(claim)) else { return result };
        claim.clone_from(held);
        work(self.store, claim).await
    }

    /// Others have declared this executer dead, while it was cut off from the database: it goes on as another.
    async fn come_back(&mut self) -> Result<(), StoreError> {
        // Nobody would know any more whose these are.
        self.store.forgo(&mut self.claimer).await?;
        let executer = self.executer.anew();
        self.store.register(&executer).await?;
        self.claimer.belongs_to(executer.clone());
        self.executer = executer;
        self.shared.report(Event::DeclaredDead { rows: self.held.len() });
        self.take_back().await
    }

    /// Takes back what runs here and was claimed under an earlier ID.
    async fn take_back(&mut self) -> Result<(), StoreError> {
        let id = self.executer.id;
        // What has ended is written under the ID that it was claimed with, as it stands on the disk.
        let ended: BTreeSet<_> = self.waiting.requests().flat_map(Request::ends).collect();
        let is_earlier = |claim: &&Claim| claim.executer != id && !ended.contains(&key(claim));
        let earlier: Vec<_> = self.held.values().filter(is_earlier).cloned().collect();
        for claim in earlier {
            match self.store.readopt(&claim, id).await? {
                Some(claim) => drop(self.held.insert(key(&claim), claim)),
                None => self.lose(key(&claim)),
            }
        }
        Ok(())
    }

    /// Finds out which rows were reset, or claimed by another, while they run here.
    pub(super) async fn check_held(&mut self) {
        if self.held.is_empty() {
            return;
        }
        // What cannot be asked now is asked with the next beat.
        let Ok(held) = self.store.held(self.executer.id).await else { return };
        let held: BTreeSet<_> = held.into_iter().collect();
        let id = self.executer.id;
        let is_lost = |claim: &&Claim| claim.executer == id && !held.contains(&key(claim));
        let lost: Vec<_> = self.held.values().filter(is_lost).collect();
        for lost in lost.into_iter().map(key).collect::<Vec<_>>() {
            self.lose(lost);
        }
    }

    /// A row that runs here is another's.
    fn lose(&mut self, attempt: (i64, i64)) {
        if self.held.remove(&attempt).is_some() {
            self.ahead.lose(attempt);
            self.shared.lost.send_modify(|lost| lost.extend([attempt]));
        }
    }

    /// Looks at the other executers, and opens the rows of those that are dead.
    pub(super) async fn look_at_others(&mut self) {
        let now = Instant::now();
        self.others.next_look = now + jittered(self.others.watch.interval());
        let looks = self.others.looked.is_none() || !self.others.idle.is_empty() || self.is_one_of_few();
        if self.outage.is_some() || !looks {
            return;
        }
        let suspects = match self.store.suspects(self.executer.id).await {
            Ok(suspects) => suspects,
            Err(reason) => {
                self.others.watch.forget();
                if reason.is_outage() {
                    self.away(reason);
                } else if !waits(&reason) {
                    self.breaks(&reason);
                    self.others.give_up();
                }
                return;
            }
        };
        self.others.looked = Some(now);
        self.others.silent = suspects.iter().filter(|suspect| suspect.life != Life::Alive).cloned().collect();
        for dead in self.others.watch.look(suspects, self.store.lost_calls(), now.into_std()) {
            self.reap(dead).await;
        }
        self.others.is_looking = true;
        for reply in std::mem::take(&mut self.others.idle) {
            self.take(Request::Claim(reply)).await;
        }
        self.others.is_looking = false;
    }

    async fn reap(&mut self, dead: Dead) {
        // What it has left on the disk comes first: once its row is another's, that is too late.
        let order = self.shared.order;
        let place = Place::new(&order.spool, &order.target, &self.shared.table).of(dead.executer.id);
        if let Err(error) = spool::deliver(self.store, &place).await {
            self.shared.report(Event::Unspooled { reason: error.to_string() });
        }
        match self.store.reap(&dead, self.executer.lease.crash_limit).await {
            Ok(reaped) => {
                self.others.silent.retain(|suspect| suspect.id != dead.executer.id);
                if !reaped.opened.is_empty() || !reaped.given_up.is_empty() {
                    self.shared.report(Event::Reaped { dead, reaped });
                }
            }
            Err(reason) => {
                // Its rows are not open yet: nobody may end for want of rows.
                if self.others.silent.iter().all(|suspect| suspect.id != dead.executer.id) {
                    self.others.silent.push(dead.executer);
                }
                if reason.is_outage() {
                    self.away(reason);
                } else {
                    self.shared.report(Event::Silent(reason));
                }
            }
        }
    }

    /// Of very many executers only some look after the others; their IDs are random numbers.
    fn is_one_of_few(&self) -> bool {
        let each = (self.claimer.executers() / LOOKING).max(1);
        self.executer.id.unsigned_abs().is_multiple_of(each)
    }

    /// There is no open row. Who asks for one hears so, unless rows may be held by executers that are dead: then he waits
    /// until that is known.
    pub(super) fn no_row(&mut self, reply: oneshot::Sender<Claimed>) {
        let others = &mut self.others;
        let knows = others.is_looking || others.looked.is_some_and(|looked| looked.elapsed() < FRESH);
        if self.shared.order.no_wait || *self.stop.borrow() != Stop::No || (knows && others.silent.is_empty()) {
            // Who is gone needs no answer.
            let _gone = reply.send(Ok(None));
            return;
        }
        others.idle.push(reply);
        if !knows {
            others.next_look = Instant::now();
        } else if !std::mem::replace(&mut others.told, true) {
            let rows = others.silent.iter().map(|suspect| suspect.rows).sum();
            self.shared.report(Event::Lapsed { rows, observation: self.executer.lease.observation });
        }
    }
}
