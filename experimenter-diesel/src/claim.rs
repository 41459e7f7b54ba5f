//! Claiming: unlocked candidates, then a compare-and-set on the row's attempt number.

use std::collections::VecDeque;

use crate::adopt::{Scope, read_key};
use crate::dialect::{Assignments, FencedUpdate};
use crate::executer::Executer;
use crate::key::KeyHash;
use crate::spec::Side;
use crate::statement::{Row, Statement};
use crate::store::{Store, fenced, fenced_within, local_now};
use crate::{Result, Selector, StoreError, Value, random};

/// How many candidates are read at once.
const CANDIDATES: usize = 8;

/// From how many open rows per executer the candidates are drawn, so that executers rarely want the same row.
const SPREAD: u64 = 16;

/// The order in which open rows are claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimOrder {
    /// By ID; several executers at work take near rather than equal rows.
    Id,
    /// From random places of the table.
    Random,
}

/// One claimed row: what runs, and the token that its results are written with.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The row's `ID`.
    pub id: i64,
    /// The attempt: the fencing token.
    pub attempt: i64,
    /// The executer that owns the attempt.
    pub executer: i64,
    /// The keyfields' values, in the spec's order.
    pub key: Vec<Value>,
    /// The keyfields' hash.
    pub hash: KeyHash,
    /// How many log entries were written.
    pub(crate) log_seq: i64,
}

/// An executer's side of claiming: its identity, its wishes, and the candidates that it has read.
#[derive(Debug)]
pub struct Claimer {
    executer: Executer,
    order: ClaimOrder,
    /// Only open rows of these IDs.
    selector: Selector,
    candidates: VecDeque<Candidate>,
    /// The table's shape when the columns were checked.
    shape: String,
    /// How many executers were at work when candidates were last read.
    executers: u64,
}

#[derive(Debug)]
struct Candidate {
    id: i64,
    attempt: i64,
    key: Vec<Value>,
    hash: KeyHash,
    /// Whether the stored hash is that of the keyfields; a person may have changed them.
    bound: bool,
    /// Whether an earlier attempt left results or log entries.
    traces: bool,
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
        Ok(Claimer { executer, order, selector, candidates: VecDeque::new(), shape, executers: 1 })
    }

    /// Claims one open row; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError::Columns`] when the table's columns changed since the claimer was made.
    pub async fn claim(&mut self, claimer: &mut Claimer) -> Result<Option<Claim>> {
        loop {
            let Some(candidate) = claimer.candidates.pop_front() else {
                if self.read_candidates(claimer).await? || self.adopt(Scope::Open, 0).await?.is_some() {
                    continue;
                }
                return Ok(None);
            };
            if let Some(claim) = self.try_claim(claimer, candidate).await? {
                return Ok(Some(claim));
            }
        }
    }

    /// Reads the next candidates; says whether there are any.
    async fn read_candidates(&mut self, claimer: &mut Claimer) -> Result<bool> {
        let start = Start::of(claimer.order, claimer.executers);
        let mut rows = self.candidates(claimer, start).await?;
        if rows.is_empty() && start != Start::First {
            // Near the end of the open rows there is nothing beyond the start.
            rows = self.candidates(claimer, Start::First).await?;
        }
        claimer.executers = rows.first().and_then(|row| row.int(1)).and_then(|n| u64::try_from(n).ok()).unwrap_or(1);
        if rows.iter().any(|row| row.text(0).is_some_and(|shape| shape != claimer.shape)) {
            return Err(StoreError::Columns {
                table: self.spec.name.clone(),
                differences: vec![
                    "the columns were changed since this program started: build it anew from the experiment as it is now, \
                     and start it again"
                        .to_owned(),
                ],
            });
        }
        let mut candidates: Vec<_> = rows.into_iter().filter_map(|row| self.candidate(row)).collect();
        if claimer.order == ClaimOrder::Random || claimer.executers > 1 {
            random::shuffle(&mut candidates);
        }
        claimer.candidates = candidates.into();
        Ok(!claimer.candidates.is_empty())
    }

    /// Open rows without any lock, each with the table's shape and the number of executers at work.
    async fn candidates(&mut self, claimer: &Claimer, start: Start) -> Result<Vec<Row>> {
        let dialect = self.dialect();
        let (selected, selected_binds) = claimer.selector.condition();
        let (condition, offset) = match start {
            Start::First => ("", 0),
            Start::Offset(rows) => ("", rows),
            Start::Anywhere => ("AND e.ID >= ?", 0),
        };
        let mut binds = vec![Value::from(self.spec.name.as_str())];
        binds.extend(selected_binds.clone());
        if start == Start::Anywhere {
            binds.push(Value::Int(self.random_open_id(claimer).await?));
        }
        binds.push(Value::from(offset));
        let results: Vec<_> =
            self.spec.resultfields.iter().map(|column| format!(" OR e.`{}` IS NOT NULL", column.name)).collect();
        let sql = format!(
            "SELECT ({}), (SELECT COUNT(*) FROM `{}` x WHERE x.state='alive' AND x.expires_at>{}), e.ID, c.attempt, \
             c.key_hash, c.attempt > 0 AND (c.log_seq > 0{}), {} \
             FROM {} WHERE e.status='created' AND {selected} {condition} ORDER BY e.ID LIMIT {CANDIDATES} OFFSET ?",
            dialect.shape,
            self.side(Side::Executers),
            dialect.now,
            results.concat(),
            self.key_columns(),
            self.spec.joined("JOIN", dialect.same),
        );
        let statement = Statement::new(sql, binds);
        self.connection.repeat(async |connection| connection.rows(statement.clone()).await).await
    }

    /// An ID between the first and the last open row.
    async fn random_open_id(&mut self, claimer: &Claimer) -> Result<i64> {
        let (selected, binds) = claimer.selector.condition();
        let sql =
            format!("SELECT MIN(e.ID), MAX(e.ID) FROM `{}` e WHERE e.status='created' AND {selected}", self.spec.name);
        let statement = Statement::new(sql, binds);
        let rows = self.connection.repeat(async |connection| connection.rows(statement.clone()).await).await?;
        let bounds = rows.first().and_then(|row| row.int(0).zip(row.int(1)));
        let (first, last) = bounds.unwrap_or((1, 1));
        Ok(first.saturating_add_unsigned(random::below(last.abs_diff(first) + 1)))
    }

    fn candidate(&self, mut row: Row) -> Option<Candidate> {
        let key = read_key(&self.spec, &mut row, 6);
        let hash = KeyHash::of(&self.spec.keyfields, &key);
        Some(Candidate {
            id: row.int(2)?,
            attempt: row.int(3)?,
            bound: row.bytes(4).and_then(KeyHash::from_bytes) == Some(hash),
            traces: row.int(5) == Some(1),
            key,
            hash,
        })
    }

    /// The compare-and-set. It is idempotent by the attempt's number and repeated until its outcome is known.
    async fn try_claim(&mut self, claimer: &Claimer, candidate: Candidate) -> Result<Option<Claim>> {
        if !candidate.bound {
            self.bind_hash(&candidate).await?;
        }
        let claims = self.side(Side::Claims);
        let executer = claimer.executer.id;
        let Self { connection, spec, .. } = self;
        let update = claim_update(&spec.name, &claims, connection.dialect().now, &claimer.executer, &candidate);
        let claimed = connection
            .repeat(async |connection| {
                if !candidate.traces {
                    return fenced(connection, &update).await;
                }
                // No row ever mixes two attempts: what an earlier one left is put away with the claim itself, and stays
                // where it is if the claim fails, for then it belongs to somebody.
                let claimed = connection
                    .transaction(async |connection| {
                        crate::archive::archive(connection, spec, &[candidate.id], "superseded").await?;
                        if fenced_within(connection, &update).await? { Ok(()) } else { Err(taken(&candidate)) }
                    })
                    .await;
                match claimed {
                    Ok(()) => Ok(true),
                    Err(error) if error == taken(&candidate) => Ok(false),
                    Err(error) => Err(error),
                }
            })
            .await?;
        Ok(claimed.then(|| Claim {
            id: candidate.id,
            attempt: candidate.attempt + 1,
            executer,
            key: candidate.key,
            hash: candidate.hash,
            log_seq: 0,
        }))
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

/// Somebody else has claimed the candidate.
fn taken(candidate: &Candidate) -> StoreError {
    StoreError::LeaseLost { id: candidate.id, attempt: candidate.attempt, current: None }
}

/// Where among the open rows the candidates are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    First,
    Offset(u64),
    Anywhere,
}

impl Start {
    fn of(order: ClaimOrder, executers: u64) -> Self {
        match (order, executers) {
            (ClaimOrder::Random, _) => Self::Anywhere,
            (ClaimOrder::Id, 0 | 1) => Self::First,
            (ClaimOrder::Id, executers) => match random::below(SPREAD * (executers - 1)) {
                0 => Self::First,
                offset => Self::Offset(offset),
            },
        }
    }
}

fn claim_update<'a>(
    table: &'a str,
    claims: &'a str,
    now: &'static str,
    executer: &Executer,
    candidate: &Candidate,
) -> FencedUpdate<'a> {
    let next = candidate.attempt + 1;
    FencedUpdate {
        table,
        claims,
        id: candidate.id,
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
            .expression("claimed_at", now)
            .expression("closed_at", "NULL")
            .expression("log_seq", "0"),
        condition: "(e.status='created' AND c.attempt=?) \
                    OR (e.status='running' AND c.state='held' AND c.executer_id=? AND c.attempt=?)"
            .to_owned(),
        condition_binds: vec![Value::Int(candidate.attempt), Value::Int(executer.id), Value::Int(next)],
    }
}
