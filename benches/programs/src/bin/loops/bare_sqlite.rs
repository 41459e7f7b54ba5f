//! The loop on the bare client of `SQLite`. Writers wait for each other by its busy handler.

use std::collections::VecDeque;
use std::time::Duration;

use rusqlite::types::Value;
use rusqlite::{Connection, TransactionBehavior, params};

use crate::statements::{
    CANDIDATES, CLAIM_ROW, CLAIMABLE, Dialect, FINISH_ROW, FINISHABLE, candidates, claim_line, executer, finish_line,
    local_now, offset,
};
use crate::{Arguments, Loop, Result};

const DIALECT: Dialect = Dialect {
    now: "strftime('%Y-%m-%d %H:%M:%f', 'now')",
    same: "IS",
    shape: "SELECT group_concat(name || ' ' || type) FROM pragma_table_info(?)",
};

/// The row and its claim, under their conditions.
const OF_BOTH: &str = "WHERE ID=? AND EXISTS (SELECT 1 FROM noop e JOIN experimenter__noop__claims c \
     ON c.experiment_id=e.ID AND c.created IS e.creation_date WHERE e.ID=? AND e.creation_date IS ?";

pub(crate) struct Bare {
    connection: Connection,
    /// How many connections there are.
    connections: usize,
    name: String,
    executer: i64,
    statements: Statements,
    read: VecDeque<Candidate>,
}

struct Statements {
    candidates: String,
    claim: [String; 2],
    finish: [String; 2],
}

struct Candidate {
    id: i64,
    created: Value,
    attempt: i64,
    hash: Value,
}

impl Loop for Bare {
    fn connect(arguments: &Arguments, name: String) -> Result<Self> {
        let path = arguments.database.strip_prefix("sqlite://").ok_or("not an SQLite file")?;
        let connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(60))?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        let line = |set: &str| format!("UPDATE experimenter__noop__claims SET {set} WHERE experiment_id=?");
        let statements = Statements {
            candidates: candidates(&DIALECT),
            claim: [format!("UPDATE noop SET {CLAIM_ROW} {OF_BOTH} AND ({CLAIMABLE}))"), line(&claim_line(&DIALECT))],
            finish: [
                format!("UPDATE noop SET {FINISH_ROW} {OF_BOTH} AND ({FINISHABLE}))"),
                line(&finish_line(&DIALECT)),
            ],
        };
        let connections = arguments.connections;
        Ok(Self { connection, connections, name, executer: executer(), statements, read: VecDeque::new() })
    }

    fn row(&mut self) -> Result<bool> {
        loop {
            let Some(candidate) = self.read.pop_front() else {
                if self.read_candidates(offset(self.connections))? || self.read_candidates(0)? {
                    continue;
                }
                return Ok(false);
            };
            if self.claim(&candidate)? {
                self.finish(&candidate)?;
                return Ok(true);
            }
        }
    }
}

impl Bare {
    fn read_candidates(&mut self, offset: u32) -> Result<bool> {
        let mut statement = self.connection.prepare_cached(&self.statements.candidates)?;
        let rows = statement.query_map(params!["noop", CANDIDATES, offset], |row| {
            // The keyfields are read as they would be for a run.
            let _key: (String, f64, i64) = (row.get(8)?, row.get(9)?, row.get(10)?);
            Ok(Candidate { id: row.get(2)?, created: row.get(6)?, attempt: row.get(3)?, hash: row.get(4)? })
        })?;
        self.read = rows.collect::<std::result::Result<_, _>>()?;
        Ok(!self.read.is_empty())
    }

    /// Whether the row was still open.
    fn claim(&mut self, candidate: &Candidate) -> Result<bool> {
        let Candidate { id, created, attempt, hash } = candidate;
        let next = attempt + 1;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let [row, line] = &self.statements.claim;
        let values = params![local_now(), self.name, "host", id, id, created, hash, attempt, self.executer, next];
        let claimed = transaction.prepare_cached(row)?.execute(values)? > 0;
        if claimed {
            transaction.prepare_cached(line)?.execute(params![next, self.executer, id])?;
        }
        transaction.commit()?;
        Ok(claimed)
    }

    fn finish(&mut self, candidate: &Candidate) -> Result<()> {
        let Candidate { id, created, attempt, .. } = candidate;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let [row, line] = &self.statements.finish;
        let none = Value::Null;
        let values = params![1.0, "done", local_now(), none, id, id, created, attempt + 1, self.executer, "done"];
        if transaction.prepare_cached(row)?.execute(values)? == 0 {
            return Err("a claimed row was not written back".into());
        }
        transaction.prepare_cached(line)?.execute(params![0.0, 0.0, 0.0, none, 0, none, id])?;
        transaction.commit()?;
        Ok(())
    }
}
