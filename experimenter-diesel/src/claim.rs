//! Claiming: unlocked candidates, then a compare-and-set on the row's attempt number.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use crate::adopt::Scope;
use crate::candidates::Candidate;
use crate::checkpoint::resume;
use crate::connection::Connection;
use crate::dialect::{Assignments, FencedUpdate};
use crate::executer::Executer;
use crate::fault::{Mutant, mutant};
use crate::key::KeyHash;
use crate::spec::Side;
use crate::statement::Statement;
use crate::store::{Store, fenced_each, fenced_within, local_now};
use crate::{Result, Selector, StoreError, TableSpec, Value};

/// The order in which open rows are claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimOrder {
    /// By ID; several executers at work take near rather than equal rows.
    Id,
    /// From random places of the table.
    Random,
}

/// One claimed row: what runs, and the token that its results are written with.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Claim {
    /// The row's `ID`.
    pub id: i64,
    /// The row's creation date, which with the ID makes its identity: a table filled anew has other rows of the same IDs.
    pub created: Value,
    /// The attempt: the fencing token.
    pub attempt: i64,
    /// The executer that owns the attempt.
    pub executer: i64,
    /// The keyfields' values, in the spec's order.
    pub key: Vec<Value>,
    /// The keyfields' hash.
    pub hash: KeyHash,
    /// What an earlier attempt saved last; the row's results and log entries are those of that time.
    #[serde(skip)]
    pub checkpoint: Option<Vec<u8>>,
    /// How often in a row an executer gave the row back because its own time was over, and no checkpoint was newer.
    #[serde(skip)]
    pub returns: i64,
    /// How many log entries were written.
    pub(crate) log_seq: i64,
}

/// How long candidates count as the present. After a long row much may have happened: others have come, the columns were
/// changed, the program was retired.
const FRESH: Duration = Duration::from_secs(10);

/// An executer's side of claiming: its identity, its wishes, and the candidates that it has read.
#[derive(Debug)]
pub struct Claimer {
    pub(crate) executer: Executer,
    pub(crate) order: ClaimOrder,
    /// Only open rows of these IDs.
    pub(crate) selector: Selector,
    pub(crate) candidates: VecDeque<Candidate>,
    /// When they were read.
    pub(crate) read: Instant,
    /// Those whose claims have an unknown outcome: the database went away meanwhile.
    pub(crate) unknown: Vec<Candidate>,
    /// How many calls were lost before those claims were sent.
    lost_calls: u64,
    /// Rows that a transaction of somebody else has locked, with the times when they were found so.
    pub(crate) locked: BTreeMap<i64, Instant>,
    /// How many of the next candidates go alone, since one of them is locked.
    alone: usize,
    /// The table's shape when the columns were checked.
    pub(crate) shape: String,
    /// How many executers were at work when candidates were last read.
    pub(crate) executers: u64,
    /// How long this executer goes on, in seconds, where that is known.
    pub(crate) seconds_left: Option<f64>,
}

impl Claimer {
    /// How many executers are at work, as it was seen with the last candidates.
    #[must_use]
    pub fn executers(&self) -> u64 {
        self.executers
    }

    /// Says how long the executer goes on: rows that were given back after a longer time are not for it.
    pub fn has_time(&mut self, left: Option<Duration>) {
        self.seconds_left = left.map(|left| left.as_secs_f64());
    }

    /// Claims for an executer that has registered anew.
    pub fn belongs_to(&mut self, executer: Executer) {
        self.executer = executer;
    }

    /// A transaction of somebody else has locked a row of those that were to be claimed, and none of them was. It must not
    /// hold up the others for as long as it lasts.
    fn was_locked_out(&mut self) -> StoreError {
        let refused = std::mem::take(&mut self.unknown);
        let which = match &refused[..] {
            [candidate] => {
                self.locked.insert(candidate.id, Instant::now());
                format!("row {}", candidate.id)
            }
            candidates => {
                self.alone = candidates.len();
                let ids: Vec<_> = candidates.iter().map(|candidate| candidate.id.to_string()).collect();
                refused.into_iter().rev().for_each(|candidate| self.candidates.push_front(candidate));
                format!("one of the rows {}", ids.join(", "))
            }
        };
        StoreError::Conflict(format!(
            "{which} is locked by a transaction of somebody else, and others come first: end it where it was begun, or find \
             it by `SELECT * FROM information_schema.innodb_trx` and end it by `KILL` and its trx_mysql_thread_id"
        ))
    }

    /// The next candidates in the order of their IDs, which is the order in which everybody locks rows. One that has
    /// traces goes alone, with the work of putting them away.
    fn next(&mut self, at_most: usize) -> Vec<Candidate> {
        let at_most = if self.alone > 0 { 1 } else { at_most };
        self.alone = self.alone.saturating_sub(1);
        let plain = self.candidates.iter().take_while(|candidate| !candidate.traces).count();
        let count = plain.clamp(1, at_most).min(self.candidates.len());
        let mut batch: Vec<_> = self.candidates.drain(..count).collect();
        batch.sort_by_key(|candidate| candidate.id);
        batch
    }
}

impl Store {
    /// Starts claiming for an executer, after the columns have been checked.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn claimer(&mut self, executer: Executer, order: ClaimOrder, selector: Selector) -> Result<Claimer> {
        // Rows that it adopts are hashed with the defaults of this program.
        self.remember_defaults().await?;
        let shape = self.shape().await?;
        Ok(Claimer {
            executer,
            order,
            selector,
            candidates: VecDeque::new(),
            read: Instant::now(),
            unknown: Vec::new(),
            lost_calls: 0,
            locked: BTreeMap::new(),
            alone: 0,
            shape,
            executers: 1,
            seconds_left: None,
        })
    }

    /// Claims one open row; `None` when there is none.
    ///
    /// # Errors
    /// Those of [`claim_batch`](Self::claim_batch).
    pub async fn claim(&mut self, claimer: &mut Claimer) -> Result<Option<Claim>> {
        Ok(self.claim_batch(claimer, 1).await?.pop())
    }

    /// Claims some open rows, at least one and at most so many, in the order of their IDs; none when there are none.
    ///
    /// After an error the next call, or [`forgo`](Self::forgo), settles those claims whose outcome is unknown: it may then
    /// give as many as the call before it was to.
    ///
    /// # Errors
    /// [`StoreError::Columns`] when the table's columns changed since the claimer was made; [`StoreError::Conflict`] when a
    /// row is locked by a transaction of somebody else: the next call goes around it.
    pub async fn claim_batch(&mut self, claimer: &mut Claimer, at_most: usize) -> Result<Vec<Claim>> {
        let mut claims = self.try_claim(claimer).await?;
        while claims.is_empty() && at_most > 0 {
            if claimer.read.elapsed() > FRESH {
                claimer.candidates.clear();
            }
            if claimer.candidates.is_empty() && !self.read_candidates(claimer, at_most).await? {
                match self.adopt(Scope::Open, 0).await? {
                    Some(_) => continue,
                    None => break,
                }
            }
            claimer.unknown = claimer.next(at_most);
            claimer.lost_calls = self.lost_calls();
            claims = self.try_claim(claimer).await?;
        }
        Ok(claims)
    }

    /// Gives back what was claimed with an unknown outcome, if it was.
    ///
    /// # Errors
    /// When the database refuses; it may be repeated.
    pub async fn forgo(&mut self, claimer: &mut Claimer) -> Result<()> {
        let claims: Vec<_> =
            claimer.unknown.iter().map(|candidate| candidate.clone().claimed(&claimer.executer, None)).collect();
        if !claims.is_empty() {
            self.release_group(&claims).await?;
            claimer.unknown.clear();
        }
        Ok(())
    }

    /// Sends the claims whose outcome is unknown; gives those that succeeded.
    async fn try_claim(&mut self, claimer: &mut Claimer) -> Result<Vec<Claim>> {
        match self.send_claims(claimer).await {
            // Where a call was lost, it may be that one itself which holds the lock, and claims the row yet.
            Err(error) if error.is_lock_wait() && self.lost_calls() == claimer.lost_calls => {
                Err(claimer.was_locked_out())
            }
            claims => claims,
        }
    }

    /// The compare-and-sets of the claims whose outcome is unknown; gives those that succeeded. They are idempotent by the
    /// attempts' numbers, and stay unknown after an error.
    async fn send_claims(&mut self, claimer: &mut Claimer) -> Result<Vec<Claim>> {
        let candidates = &claimer.unknown;
        if candidates.is_empty() {
            return Ok(Vec::new());
        }
        for candidate in candidates.iter().filter(|candidate| !candidate.bound) {
            self.bind_hash(candidate).await?;
        }
        let updates: Vec<_> =
            candidates.iter().map(|candidate| self.claim_update(&claimer.executer, candidate)).collect();
        let Self { connection, spec, .. } = self;
        let outcomes = connection
            .repeat(async |connection| match (&candidates[..], &updates[..]) {
                ([candidate], [update]) if candidate.traces => {
                    Ok(vec![take_over(connection, spec, candidate, update).await?])
                }
                (_, updates) => {
                    let claimed = fenced_each(connection, updates).await?;
                    Ok(claimed.into_iter().map(|claimed| claimed.then_some(None)).collect())
                }
            })
            .await?;
        let candidates = std::mem::take(&mut claimer.unknown).into_iter().zip(outcomes);
        Ok(candidates
            .filter_map(|(candidate, checkpoint)| Some(candidate.claimed(&claimer.executer, checkpoint?)))
            .collect())
    }

    fn claim_update(&self, executer: &Executer, candidate: &Candidate) -> FencedUpdate {
        let next = candidate.attempt + 1;
        FencedUpdate {
            set_row: Assignments::default()
                .expression("status", "'running'")
                .value("start_date", local_now())
                .value("name", executer.name.as_str())
                .value("machine", executer.host.as_str())
                .expression("end_date", "NULL")
                .expression("error", "NULL"),
            set_claim: Assignments::default()
                .value("attempt", next)
                .expression("state", "'held'")
                .value("executer_id", executer.id)
                .expression("claimed_at", self.dialect().now)
                .expression("closed_at", "NULL")
                .expression("log_seq", "0"),
            condition: self.claim_condition(),
            condition_binds: vec![
                candidate.hash.to_value(),
                Value::Int(candidate.attempt),
                candidate.opened.clone(),
                Value::Int(executer.id),
                Value::Int(next),
            ],
            ..self.fenced_update(candidate.id, &candidate.created)
        }
    }

    /// The row has the keyfields that were read: a table that was dropped and filled again may have the same dates. Nobody
    /// has claimed it since, or this very claim did, and its reply was lost; not one that wrote entries since.
    fn claim_condition(&self) -> String {
        let is_the_same = match mutant(Mutant::Identity) {
            true => "? IS NOT NULL",
            false => "(c.key_hash IS NULL OR c.key_hash=?)",
        };
        let is_open = match mutant(Mutant::Attempt) {
            true => {
                "(e.status='created' AND ? IS NOT NULL AND COALESCE(?, 1) IS NOT NULL) OR (c.executer_id=? AND c.attempt=?)"
            }
            false => {
                "(e.status='created' AND c.attempt=? AND c.closed_at {same} ?) \
                      OR (e.status='running' AND c.state='held' AND c.executer_id=? AND c.attempt=? AND c.log_seq=0)"
            }
        };
        let is_open = is_open.replace("{same}", self.dialect().same);
        format!("{is_the_same} AND ({is_open})")
    }

    /// Stores the hash of a row whose keyfields were changed by hand; none, if another row has them already.
    async fn bind_hash(&mut self, candidate: &Candidate) -> Result<()> {
        let sql = format!("UPDATE `{}` SET key_hash=? WHERE experiment_id=? AND attempt=?", self.side(Side::Claims));
        for hash in [candidate.hash.to_value(), Value::Null] {
            let binds = vec![hash, Value::Int(candidate.id), Value::Int(candidate.attempt)];
            let statement = Statement::new(&sql, binds);
            match self.connection.repeat(async |connection| connection.execute(statement.clone()).await).await {
                Err(StoreError::Duplicate(_)) => {}
                result => return result.map(drop),
            }
        }
        Ok(())
    }
}

/// What became of a candidate: `None` if somebody else has it, else the checkpoint from which it goes on.
type Outcome = Option<Option<Vec<u8>>>;

/// No row ever mixes two attempts: what an earlier one left since its checkpoint is put away with the claim itself, and
/// stays where it is if the claim fails, for then it belongs to somebody.
async fn take_over(
    connection: &mut Connection,
    spec: &TableSpec,
    candidate: &Candidate,
    update: &FencedUpdate,
) -> Result<Outcome> {
    let taken = StoreError::LeaseLost { id: candidate.id, attempt: candidate.attempt, current: None };
    let claimed = connection
        .transaction(async |connection| {
            let checkpoint = resume(connection, spec, candidate.id).await?;
            if fenced_within(connection, update).await? { Ok(checkpoint) } else { Err(taken.clone()) }
        })
        .await;
    match claimed {
        Err(error) if error == taken => Ok(None),
        claimed => claimed.map(Some),
    }
}
