//! Candidates: open rows as they are read without any lock, to be claimed.

use std::time::{Duration, Instant};

use crate::adopt::read_key;
use crate::claim::{Claim, ClaimOrder, Claimer};
use crate::executer::Executer;
use crate::key::KeyHash;
use crate::spec::Side;
use crate::statement::{Row, Statement};
use crate::store::{Store, placeholders};
use crate::{Result, StoreError, Value, random};

/// How many candidates are read at once, unless more are asked for.
const CANDIDATES: usize = 8;

/// From how many times the candidates per executer they are drawn, so that executers rarely want the same row.
const SPREAD: u64 = 2;

/// For how long a row is left alone that somebody has locked, as long as there are others.
const LOCKED: Duration = Duration::from_secs(60);

/// An open row that was read.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) id: i64,
    pub(crate) created: Value,
    pub(crate) attempt: i64,
    /// When it was opened again, if it was: an executer that had lost it may take it back, and open it once more, at the
    /// same attempt and with other traces.
    pub(crate) opened: Value,
    pub(crate) key: Vec<Value>,
    pub(crate) hash: KeyHash,
    pub(crate) returns: i64,
    /// Whether the stored hash is that of the keyfields; a person may have changed them.
    pub(crate) bound: bool,
    /// Whether an earlier attempt left results, log entries, figures or a checkpoint.
    pub(crate) traces: bool,
}

impl Candidate {
    /// It as an executer's claim, with the checkpoint that its run goes on from.
    pub(crate) fn claimed(self, executer: &Executer, checkpoint: Option<Vec<u8>>) -> Claim {
        Claim {
            id: self.id,
            created: self.created,
            attempt: self.attempt + 1,
            executer: executer.id,
            key: self.key,
            hash: self.hash,
            checkpoint,
            returns: self.returns,
            log_seq: 0,
        }
    }
}

impl Store {
    /// Reads the next candidates; says whether there are any.
    pub(crate) async fn read_candidates(&mut self, claimer: &mut Claimer, at_most: usize) -> Result<bool> {
        claimer.locked.retain(|_, since| since.elapsed() < LOCKED);
        let limit = at_most.max(CANDIDATES) as u64;
        let start = Start::of(claimer.order, claimer.executers, limit);
        let mut rows = self.candidates(claimer, start, limit).await?;
        if rows.is_empty() && start != Start::First {
            // Near the end of the open rows there is nothing beyond the start.
            rows = self.candidates(claimer, Start::First, limit).await?;
        }
        if rows.is_empty() && !claimer.locked.is_empty() {
            claimer.locked.clear();
            rows = self.candidates(claimer, Start::First, limit).await?;
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
        if rows.iter().any(|row| row.int(2) != Some(0)) {
            return Err(StoreError::Retired(claimer.executer.program.clone()));
        }
        let mut candidates: Vec<_> = rows.into_iter().filter_map(|row| self.candidate(row)).collect();
        if claimer.order == ClaimOrder::Random || claimer.executers > 1 {
            random::shuffle(&mut candidates);
        }
        (claimer.candidates, claimer.read) = (candidates.into(), Instant::now());
        Ok(!claimer.candidates.is_empty())
    }

    /// Open rows without any lock, each with the table's shape, the number of executers at work, and whether the program of
    /// this one is retired.
    async fn candidates(&mut self, claimer: &Claimer, start: Start, limit: u64) -> Result<Vec<Row>> {
        let (selected, selected_binds) = claimer.selector.condition(self.dialect());
        let (mut condition, offset) = match start {
            Start::First => (String::new(), 0),
            Start::Offset(rows) => (String::new(), rows),
            Start::Anywhere => ("AND e.ID >= ?".to_owned(), 0),
        };
        let mut binds = vec![Value::from(self.spec.name.as_str())];
        binds.extend(selected_binds.clone());
        if start == Start::Anywhere {
            binds.push(Value::Int(self.random_open_id(claimer).await?));
        }
        if let Some(seconds) = claimer.seconds_left {
            condition += " AND (COALESCE(c.returns, 0)=0 OR c.wall_seconds<=?)";
            binds.push(Value::Float(seconds));
        }
        if !claimer.locked.is_empty() {
            condition += &format!(" AND e.ID NOT IN ({})", placeholders(claimer.locked.len()));
            binds.extend(claimer.locked.keys().map(|id| Value::Int(*id)));
        }
        binds.extend([Value::from(limit), Value::from(offset)]);
        let sql = self.candidates_query(start, &selected, &condition, claimer.executer.id);
        let statement = Statement::new(sql, binds);
        self.connection.repeat(async |connection| connection.rows(statement.clone()).await).await
    }

    /// The query for open rows that are selected; its values are the table's name, those of the conditions, limit and offset.
    pub(crate) fn candidates_query(&self, start: Start, selected: &str, condition: &str, executer: i64) -> String {
        let dialect = self.dialect();
        let (open, order) = match start {
            Start::First | Start::Offset(_) => ("e.status='created'", "e.ID"),
            Start::Anywhere => dialect.open_from_an_id,
        };
        format!(
            "SELECT ({}), (SELECT COUNT(*) FROM `{}` x WHERE x.state='alive' AND x.expires_at>{}), ({}), e.ID, \
             c.attempt, c.key_hash, {}, e.creation_date, c.returns, c.closed_at, {} \
             FROM {} WHERE {open} AND {selected} {condition} ORDER BY {order} LIMIT ? OFFSET ?",
            dialect.shape,
            self.side(Side::Executers),
            dialect.now,
            self.retired_query(executer),
            self.left_traces(),
            self.key_columns(),
            self.spec.joined("JOIN", dialect.same),
        )
    }

    /// The condition that an earlier attempt left something. Of rows that somebody else has run, only those are asked
    /// that were given back.
    fn left_traces(&self) -> String {
        let results = self.spec.resultfields.iter().map(|column| format!(" OR e.`{}` IS NOT NULL", column.name));
        format!(
            "(c.attempt=0 AND c.state='released') OR (c.attempt>0 AND (c.log_seq>0 OR c.wall_seconds IS NOT NULL{} \
             OR EXISTS (SELECT 1 FROM `{}` k WHERE k.experiment_id=e.ID AND k.created {} e.creation_date)))",
            results.collect::<String>(),
            self.side(Side::Checkpoints),
            self.dialect().same
        )
    }

    /// An ID between the first and the last open row, which are the ends of an index: `MIN` and `MAX` in one query would
    /// read all of it.
    async fn random_open_id(&mut self, claimer: &Claimer) -> Result<i64> {
        let (selected, binds) = claimer.selector.condition(self.dialect());
        let table = &self.spec.name;
        let end = |order| {
            format!(
                "(SELECT e.ID FROM `{table}` e WHERE e.status='created' AND {selected} ORDER BY e.ID {order} LIMIT 1)"
            )
        };
        let sql = format!("SELECT {}, {}", end("ASC"), end("DESC"));
        let statement = Statement::new(sql, [binds.clone(), binds].concat());
        let rows = self.connection.repeat(async |connection| connection.rows(statement.clone()).await).await?;
        let bounds = rows.first().and_then(|row| row.int(0).zip(row.int(1)));
        let (first, last) = bounds.unwrap_or((1, 1));
        Ok(first.saturating_add_unsigned(random::below(last.abs_diff(first) + 1)))
    }

    fn candidate(&self, mut row: Row) -> Option<Candidate> {
        let key = read_key(&self.spec, &mut row, 10);
        let hash = KeyHash::of(&self.spec.keyfields, &key);
        Some(Candidate {
            id: row.int(3)?,
            attempt: row.int(4)?,
            bound: row.bytes(5).and_then(KeyHash::from_bytes) == Some(hash),
            traces: row.int(6) == Some(1),
            created: row.take(7),
            returns: row.int(8).unwrap_or_default(),
            opened: row.take(9),
            key,
            hash,
        })
    }
}

/// Where among the open rows the candidates are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    First,
    Offset(u64),
    Anywhere,
}

impl Start {
    fn of(order: ClaimOrder, executers: u64, limit: u64) -> Self {
        match (order, executers) {
            (ClaimOrder::Random, _) => Self::Anywhere,
            (ClaimOrder::Id, 0 | 1) => Self::First,
            (ClaimOrder::Id, executers) => match random::below(SPREAD * limit * (executers - 1)) {
                0 => Self::First,
                offset => Self::Offset(offset),
            },
        }
    }
}
