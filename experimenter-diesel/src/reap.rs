//! Opening the rows of an executer that is dead, or giving them up.
//!
//! Every step is a compare-and-set, so that any number of executers may reap the same one, and each repeats what it does
//! not know the outcome of: a row leaves its dead owner once, and one crash is counted. The fence stays where it is until
//! the row is claimed again, so that an executer that was only cut off may still deliver until then.

use serde_json::json;

use crate::archive::keep;
use crate::connection::Connection;
use crate::dialect::{Assignments, FencedUpdate};
use crate::spec::Side;
use crate::statement::{Row, Statement};
use crate::store::{Store, fenced_within, local_now};
use crate::watch::{Dead, Death};
use crate::write_back::in_ascii;
use crate::{Result, StoreError, Suspect, TableSpec, Value};

/// How many rows are opened in one transaction.
const PAGE: usize = 100;

/// What became of a dead executer's rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reaped {
    /// Those that are open again.
    pub opened: Vec<i64>,
    /// Those that have crashed too often, and ended in `error`.
    pub given_up: Vec<i64>,
}

impl Store {
    /// How many calls the database has not served so far, those that were repeated included: whoever observes others
    /// through it does not know what they did meanwhile.
    #[must_use]
    pub fn lost_calls(&self) -> u64 {
        self.connection.lost_calls()
    }

    /// Declares an executer dead and opens its rows, each with one more crash; those with as many as the limit end in
    /// `error` with the story. Nothing happens if it has told meanwhile that it is alive. It may be repeated.
    ///
    /// An attempt that has saved a checkpoint got on, so that it is the first crash in a row whatever came before. One that
    /// its executer held when it left counts none.
    ///
    /// # Errors
    /// When the database refuses; rows that were opened before stay so, and the next one to look goes on.
    pub async fn reap(&mut self, dead: &Dead, crash_limit: u32) -> Result<Reaped> {
        let mut reaped = Reaped::default();
        if !self.declare_dead(&dead.executer).await? {
            return Ok(reaped);
        }
        let mut after = 0;
        loop {
            let Self { connection, spec, .. } = self;
            let reaper = Reaper { spec, dead, crash_limit, now: connection.dialect().now };
            let page = connection.repeat(async |connection| {
                connection.transaction(async |connection| reaper.page(connection, after).await).await
            });
            let Page { last: Some(last), opened, given_up } = page.await? else { return Ok(reaped) };
            after = last;
            reaped.opened.extend(opened);
            reaped.given_up.extend(given_up);
        }
    }

    /// Whether the executer is dead then, or has left: from there none comes back.
    async fn declare_dead(&mut self, executer: &Suspect) -> Result<bool> {
        let table = self.side(Side::Executers);
        let sql = format!("UPDATE `{table}` SET state='dead' WHERE executer_id=? AND state='alive' AND beat=?");
        let declare = Statement::new(sql, vec![Value::Int(executer.id), Value::Int(executer.beat)]);
        self.connection.repeat(async |connection| connection.execute(declare.clone()).await).await?;
        let sql = format!("SELECT 1 FROM `{table}` WHERE executer_id=? AND state='alive'");
        Ok(self.query(sql, vec![Value::Int(executer.id)]).await?.is_empty())
    }
}

struct Reaper<'a> {
    spec: &'a TableSpec,
    dead: &'a Dead,
    crash_limit: u32,
    /// The database's present time.
    now: &'static str,
}

/// What became of some rows; `last` is `None` beyond the last of them.
#[derive(Default)]
struct Page {
    last: Option<i64>,
    opened: Vec<i64>,
    given_up: Vec<i64>,
}

/// A row that the dead executer holds.
struct Held {
    id: i64,
    created: Value,
    attempt: i64,
    /// With this one.
    crashes: i64,
    started: Value,
    claimed: Value,
}

impl Reaper<'_> {
    /// The next rows after an ID, within the caller's transaction.
    async fn page(&self, connection: &mut Connection, after: i64) -> Result<Page> {
        let mut page = Page::default();
        for held in self.held(connection, after).await? {
            page.last = Some(held.id);
            let is_crash = self.dead.death != Death::Left;
            let gives_up = is_crash && held.crashes >= i64::from(self.crash_limit);
            let update = match gives_up {
                true => self.give_up(&held, &self.story(connection, &held).await?),
                false => self.open(&held),
            };
            // Another one was faster, or the executer has written the row's end.
            if !fenced_within(connection, &update).await? {
                continue;
            }
            if is_crash {
                self.keep_crash(connection, &held).await?;
            }
            if gives_up { &mut page.given_up } else { &mut page.opened }.push(held.id);
        }
        Ok(page)
    }

    async fn held(&self, connection: &mut Connection, after: i64) -> Result<Vec<Held>> {
        let same = connection.dialect().same;
        // That a checkpoint is newer than the claim is told by its attempt, and not by a clock.
        let sql = format!(
            "SELECT e.ID, e.creation_date, c.attempt, c.crashes, e.start_date, c.claimed_at, EXISTS (SELECT 1 FROM `{}` k \
             WHERE k.experiment_id=e.ID AND k.created {same} e.creation_date AND k.attempt=c.attempt) FROM {} \
             WHERE c.state='held' AND c.executer_id=? AND e.status='running' AND e.ID > ? ORDER BY e.ID LIMIT {PAGE}",
            self.spec.side(Side::Checkpoints),
            self.spec.joined("JOIN", same),
        );
        let binds = vec![Value::Int(self.dead.executer.id), Value::Int(after)];
        let held = |mut row: Row| {
            let (attempt, before, got_on) = (row.int(2)?, row.int(3)?, row.int(6) == Some(1));
            let crashes = match self.dead.death {
                Death::Left => before,
                Death::Ended | Death::Silent | Death::Declared if got_on => 1,
                Death::Ended | Death::Silent | Death::Declared => before + 1,
            };
            let (id, created, started, claimed) = (row.int(0)?, row.take(1), row.take(4), row.take(5));
            Some(Held { id, created, attempt, crashes, started, claimed })
        };
        Ok(connection.rows(Statement::new(sql, binds)).await?.into_iter().filter_map(held).collect())
    }

    fn open(&self, held: &Held) -> FencedUpdate {
        let set_row = Assignments::default()
            .expression("status", "'created'")
            .expression("start_date", "NULL")
            .expression("name", "NULL")
            .expression("machine", "NULL");
        self.update(held, set_row, "'released'")
    }

    fn give_up(&self, held: &Held, story: &str) -> FencedUpdate {
        let set_row = Assignments::default()
            .expression("status", "'error'")
            .value("end_date", local_now())
            .value("error", in_ascii(story));
        self.update(held, set_row, "'given up'")
    }

    fn update(&self, held: &Held, set_row: Assignments, state: &'static str) -> FencedUpdate {
        FencedUpdate {
            table: self.spec.name.clone(),
            claims: self.spec.side(Side::Claims),
            id: held.id,
            created: held.created.clone(),
            set_row,
            set_claim: Assignments::default()
                .expression("state", state)
                .value("crashes", held.crashes)
                .expression("closed_at", self.now),
            condition: "c.state='held' AND e.status='running' AND c.attempt=? AND c.executer_id=?".to_owned(),
            condition_binds: vec![Value::Int(held.attempt), Value::Int(self.dead.executer.id)],
        }
    }

    /// What is said of this crash.
    fn crash(&self) -> String {
        let Dead { executer: Suspect { name, host, pid, heard, .. }, death } = self.dead;
        let how = match death {
            Death::Left => "has left",
            Death::Ended => "its process has ended",
            Death::Silent => "its lease expired",
            Death::Declared => "it had been declared dead before",
        };
        match heard {
            Some(heard) => format!("executer `{name}` on {host}, process {pid}, last heard of {heard}: {how}"),
            None => "an executer of which nothing is known any more".to_owned(),
        }
    }

    /// Every crash in a row, and what to type next.
    async fn story(&self, connection: &mut Connection, held: &Held) -> Result<String> {
        let sql = format!(
            "SELECT a.attempt, a.payload FROM `{}` a WHERE a.experiment_id=? AND a.created {} ? AND a.reason='crash' \
             ORDER BY a.ID DESC LIMIT ?",
            self.spec.side(Side::Attempts),
            connection.dialect().same
        );
        let binds = vec![Value::Int(held.id), held.created.clone(), Value::Int(held.crashes - 1)];
        let earlier = connection.rows(Statement::new(sql, binds)).await?;
        let earlier = earlier.iter().rev().map(|row| {
            let payload: serde_json::Value =
                row.text(1).map(serde_json::from_str).transpose().map_err(|error| damaged(&error))?.unwrap_or_default();
            let crash = payload["error"].as_str().unwrap_or_default();
            Ok(format!("  attempt {}: {crash}\n", row.int(0).unwrap_or_default()))
        });
        let earlier = earlier.collect::<Result<String>>()?;
        let Held { id, attempt, crashes, .. } = held;
        let times = if *crashes == 1 { String::new() } else { format!(" {crashes} times in a row") };
        Ok(format!(
            "the executer of this row died{times}\n{earlier}  attempt {attempt}: {}\n\
             help: `output {id}` shows what it printed last, `show {id}` its attempts; once the cause is found, \
             `reset --ids {id}` opens it again",
            self.crash()
        ))
    }

    /// Keeps what is known of the crash for [`Store::attempts`], and for the story of a later one.
    async fn keep_crash(&self, connection: &mut Connection, held: &Held) -> Result<()> {
        let executer = &self.dead.executer;
        let payload = json!({
            "start_date": held.started.to_json(),
            "claimed_at": held.claimed.to_json(),
            "end_date": executer.heard,
            "error": self.crash(),
            "crashes": held.crashes,
        });
        let head = [Value::Int(held.id), held.created.clone(), Value::Int(held.attempt), Value::Int(executer.id)];
        keep(connection, self.spec, Row(head.to_vec()), "crash", &payload.to_string()).await
    }
}

fn damaged(error: &serde_json::Error) -> StoreError {
    StoreError::Database(format!("what is kept of a crash is damaged: {error}"))
}
