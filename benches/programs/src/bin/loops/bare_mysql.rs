//! The loop on the bare client of `MySQL`.

use std::collections::VecDeque;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, Params, Statement, Value};
use tokio::runtime::{Builder, Runtime};

use crate::statements::{
    CANDIDATES, CLAIM_ROW, CLAIMABLE, Dialect, FINISH_ROW, FINISHABLE, UPDATE_BOTH, candidates, claim_line, executer,
    finish_line, local_now, of, offset,
};
use crate::{Arguments, Client, Loop, Result};

const DIALECT: Dialect = Dialect {
    now: "UTC_TIMESTAMP(6)",
    same: "<=>",
    shape: "SELECT SHA2(GROUP_CONCAT(column_name, ' ', column_type ORDER BY ordinal_position), 256) \
            FROM information_schema.columns WHERE table_schema=DATABASE() AND table_name=?",
};

/// The one open row that nobody else looks at, locked.
const NEXT_UNLOCKED: &str = "SELECT ID, creation_date, dataset, c, seed FROM noop WHERE status='created' \
     ORDER BY ID LIMIT 1 FOR UPDATE SKIP LOCKED";

const CLAIM_OF: &str = "SELECT attempt, key_hash FROM experimenter__noop__claims WHERE experiment_id=?";

pub(crate) struct Bare {
    runtime: Runtime,
    session: Session,
}

struct Session {
    connection: Conn,
    client: Client,
    /// How many connections there are.
    connections: usize,
    name: String,
    executer: i64,
    candidates: Statement,
    claim: Statement,
    finish: Statement,
    next_unlocked: Statement,
    claim_of: Statement,
    read: VecDeque<Candidate>,
}

struct Candidate {
    id: Value,
    created: Value,
    attempt: i64,
    hash: Value,
}

impl Loop for Bare {
    fn connect(arguments: &Arguments, name: String) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let session = runtime.block_on(Session::open(arguments, name))?;
        Ok(Self { runtime, session })
    }

    fn row(&mut self) -> Result<bool> {
        let Self { runtime, session } = self;
        runtime.block_on(async {
            let claimed = match session.client {
                Client::SkipLocked => session.claim_unlocked().await?,
                Client::Bare | Client::Store => session.claim().await?,
            };
            let Some((candidate, attempt)) = claimed else { return Ok(false) };
            session.finish(candidate, attempt).await?;
            Ok(true)
        })
    }
}

impl Session {
    async fn open(arguments: &Arguments, name: String) -> Result<Self> {
        let mut connection = Conn::new(Opts::from_url(&arguments.database)?).await?;
        connection.query_drop("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
        let claim = format!(
            "{UPDATE_BOTH}{}, {} WHERE e.ID=? AND e.creation_date <=> ? AND ({CLAIMABLE})",
            of("e", CLAIM_ROW),
            of("c", &claim_line(&DIALECT))
        );
        let finish = format!(
            "{UPDATE_BOTH}{}, {} WHERE e.ID=? AND e.creation_date <=> ? AND ({FINISHABLE})",
            of("e", FINISH_ROW),
            of("c", &finish_line(&DIALECT))
        );
        Ok(Self {
            client: arguments.client,
            connections: arguments.connections,
            name,
            executer: executer(),
            candidates: connection.prep(candidates(&DIALECT)).await?,
            claim: connection.prep(claim).await?,
            finish: connection.prep(finish).await?,
            next_unlocked: connection.prep(NEXT_UNLOCKED).await?,
            claim_of: connection.prep(CLAIM_OF).await?,
            read: VecDeque::new(),
            connection,
        })
    }

    /// Unlocked candidates, and a compare-and-set.
    async fn claim(&mut self) -> Result<Option<(Candidate, i64)>> {
        loop {
            let Some(candidate) = self.read.pop_front() else {
                if self.read_candidates(offset(self.connections)).await? || self.read_candidates(0).await? {
                    continue;
                }
                return Ok(None);
            };
            if let Some(attempt) = self.compare_and_set(&candidate).await? {
                return Ok(Some((candidate, attempt)));
            }
        }
    }

    async fn read_candidates(&mut self, offset: u32) -> Result<bool> {
        let rows: Vec<mysql_async::Row> = self.connection.exec(&self.candidates, ("noop", CANDIDATES, offset)).await?;
        let candidates = rows.into_iter().map(|mut row| {
            let mut take = |index: usize| row.take::<Value, _>(index).unwrap_or(Value::NULL);
            let attempt = mysql_async::from_value(take(3));
            Candidate { id: take(2), created: take(6), attempt, hash: take(4) }
        });
        self.read = candidates.collect();
        Ok(!self.read.is_empty())
    }

    /// The first row that is not locked, locked and claimed in one transaction.
    async fn claim_unlocked(&mut self) -> Result<Option<(Candidate, i64)>> {
        self.connection.query_drop("BEGIN").await?;
        let next: Option<(Value, Value, Value, Value, Value)> =
            self.connection.exec_first(&self.next_unlocked, ()).await?;
        let Some((id, created, ..)) = next else {
            self.connection.query_drop("COMMIT").await?;
            return Ok(None);
        };
        let line: Option<(i64, Value)> = self.connection.exec_first(&self.claim_of, (id.clone(),)).await?;
        let (attempt, hash) = line.ok_or("a row without a claim")?;
        let candidate = Candidate { id, created, attempt, hash };
        let attempt = self.compare_and_set(&candidate).await?.ok_or("a locked row was claimed by another")?;
        self.connection.query_drop("COMMIT").await?;
        Ok(Some((candidate, attempt)))
    }

    async fn compare_and_set(&mut self, candidate: &Candidate) -> Result<Option<i64>> {
        let next = candidate.attempt + 1;
        let values: Vec<Value> = vec![
            local_now().into(),
            self.name.as_str().into(),
            "host".into(),
            next.into(),
            self.executer.into(),
            candidate.id.clone(),
            candidate.created.clone(),
            candidate.hash.clone(),
            candidate.attempt.into(),
            self.executer.into(),
            next.into(),
        ];
        self.connection.exec_drop(&self.claim, Params::Positional(values)).await?;
        Ok((self.connection.affected_rows() > 0).then_some(next))
    }

    async fn finish(&mut self, candidate: Candidate, attempt: i64) -> Result<()> {
        let figures = [0.0.into(), 0.0.into(), 0.0.into(), Value::NULL, 0.into(), Value::NULL];
        let mut values: Vec<Value> = vec![1.0.into(), "done".into(), local_now().into(), Value::NULL];
        values.extend(figures);
        values.extend([candidate.id, candidate.created, attempt.into(), self.executer.into(), "done".into()]);
        self.connection.exec_drop(&self.finish, Params::Positional(values)).await?;
        if self.connection.affected_rows() == 0 {
            return Err("a claimed row was not written back".into());
        }
        Ok(())
    }
}
