//! Filling: new rows, each keyfield combination once, whoever else fills at the same time.

use std::collections::HashSet;

use crate::adopt::{Line, insert_lines, known};
use crate::connection::Connection;
use crate::key::KeyHash;
use crate::spec::Side;
use crate::statement::Statement;
use crate::store::{Store, local_now};
use crate::{Backend, Result, StoreError, TableSpec, Value};

/// The most rows of one statement.
const CHUNK: usize = 5_000;

/// How many statements' rows go into one transaction on SQLite. Each transaction writes every page that it has touched, and the
/// hashes of the keyfields touch all of their index; others wait for a fraction of a second.
const CHUNKS_ON_SQLITE: usize = 4;

/// What a fill found and did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filled {
    /// Rows that were added, or would be.
    pub new: u64,
    /// Rows that were there already.
    pub existing: u64,
}

/// Whether a fill writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FillMode {
    /// Add the new rows.
    Write,
    /// Count them only.
    DryRun,
}

impl Store {
    /// Adds the rows that are not there yet. `rows` gives the keyfields' values in the spec's order; it is read in
    /// chunks, so that a million rows never sit in memory at once. `progress` is told what was done so far.
    ///
    /// # Errors
    /// [`StoreError::Misfit`] for a value that its column would change; what was added before stays, and a later fill
    /// goes on from there.
    pub async fn fill(
        &mut self,
        mode: FillMode,
        rows: impl Iterator<Item = Vec<Value>>,
        progress: impl FnMut(Filled),
    ) -> Result<Filled> {
        self.connection.set_bulk(true).await?;
        let filled = self.fill_all(mode, rows, progress).await;
        let usual = self.connection.set_bulk(false).await;
        filled.and_then(|filled| usual.map(|()| filled))
    }

    async fn fill_all(
        &mut self,
        mode: FillMode,
        mut rows: impl Iterator<Item = Vec<Value>>,
        mut progress: impl FnMut(Filled),
    ) -> Result<Filled> {
        let unadopted = match mode {
            FillMode::Write => {
                self.adopt_all().await?;
                HashSet::new()
            }
            FillMode::DryRun => self.unadopted().await?,
        };
        let mut total = Filled::default();
        let size = self.chunk_size();
        let at_once = match self.backend() {
            Backend::Mysql => 1,
            Backend::Sqlite => CHUNKS_ON_SQLITE,
        };
        loop {
            let mut chunks = Vec::new();
            while chunks.len() < at_once
                && let chunk = self.next_chunk(&mut rows, size)?
                && !chunk.is_empty()
            {
                chunks.push(chunk);
            }
            if chunks.is_empty() {
                return Ok(total);
            }
            let filled = match mode {
                FillMode::Write => self.fill_chunks(&chunks).await?,
                FillMode::DryRun => self.count_chunks(&chunks, &unadopted).await?,
            };
            total = Filled { new: total.new + filled.new, existing: total.existing + filled.existing };
            progress(total);
        }
    }

    fn chunk_size(&self) -> usize {
        let (values, bytes) = self.connection.limits();
        let per_row = self.spec.keyfields.len() + 2;
        // A row of short values takes about 16 bytes each; long texts are rare and the packet limit is halved for them.
        CHUNK.min(values / per_row.max(4)).min(bytes / (64 * per_row)).max(1)
    }

    fn next_chunk(&self, rows: &mut impl Iterator<Item = Vec<Value>>, size: usize) -> Result<Vec<NewRow>> {
        let (_, bytes) = self.connection.limits();
        let mut chunk = Vec::with_capacity(size);
        let mut carried = 0;
        while chunk.len() < size && carried < bytes {
            let Some(values) = rows.next() else { break };
            let values = self.fit_key(&values)?;
            carried += values.iter().map(|value| value.as_str().map_or(16, str::len)).sum::<usize>();
            chunk.push(NewRow { hash: KeyHash::of(&self.spec.keyfields, &values), values });
        }
        Ok(chunk)
    }

    /// Fits the keyfields' values to their columns.
    pub(crate) fn fit_key(&self, values: &[Value]) -> Result<Vec<Value>> {
        let backend = self.backend();
        let fields = self.spec.keyfields.iter().zip(values);
        fields
            .map(|(column, value)| {
                column.fit(value, backend).map_err(|reason| StoreError::misfit(&column.name, value, &reason))
            })
            .collect()
    }

    async fn fill_chunks(&mut self, chunks: &[Vec<NewRow>]) -> Result<Filled> {
        let Self { connection, spec, .. } = self;
        let mut tries = 0;
        loop {
            let filled = connection
                .repeat(async |connection| connection.transaction(async |c| insert_all(c, spec, chunks).await).await)
                .await;
            match filled {
                // Another fill inserted some of them between our look and our insert.
                Err(StoreError::Duplicate(_)) if tries < 20 => tries += 1,
                filled => return filled.map(|new| Filled::of(new, chunks)),
            }
        }
    }

    async fn count_chunks(&mut self, chunks: &[Vec<NewRow>], unadopted: &HashSet<KeyHash>) -> Result<Filled> {
        let Self { connection, spec, has_sides } = self;
        let mut count = 0;
        for chunk in chunks {
            let new = match has_sides {
                true => connection.repeat(async |connection| new_rows(connection, spec, chunk).await).await?,
                false => chunk.iter().collect(),
            };
            count += new.iter().filter(|row| !unadopted.contains(&row.hash)).count();
        }
        Ok(Filled::of(count, chunks))
    }
}

impl Filled {
    fn of(new: usize, chunks: &[Vec<NewRow>]) -> Self {
        let rows: usize = chunks.iter().map(Vec::len).sum();
        Self { new: new as u64, existing: (rows - new) as u64 }
    }
}

struct NewRow {
    hash: KeyHash,
    values: Vec<Value>,
}

/// The rows of a chunk that are not in the table.
async fn new_rows<'a>(connection: &mut Connection, spec: &TableSpec, chunk: &'a [NewRow]) -> Result<Vec<&'a NewRow>> {
    let claims = spec.side(Side::Claims);
    let mut seen: HashSet<_> = known(connection, &claims, chunk.iter().map(|row| row.hash)).await?;
    Ok(chunk.iter().filter(|row| seen.insert(row.hash)).collect())
}

async fn insert_all(connection: &mut Connection, spec: &TableSpec, chunks: &[Vec<NewRow>]) -> Result<usize> {
    let mut new = 0;
    for chunk in chunks {
        new += insert(connection, spec, chunk).await?;
    }
    Ok(new)
}

async fn insert(connection: &mut Connection, spec: &TableSpec, chunk: &[NewRow]) -> Result<usize> {
    let rows = new_rows(connection, spec, chunk).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let created = Value::Text(local_now());
    connection.execute(insert_rows(spec, &rows, &created)).await?;
    let (first, step) = inserted(connection, rows.len()).await?;
    let lines = (0..).step_by(step).zip(&rows).map(|(offset, row)| Line {
        id: first + offset,
        created: created.clone(),
        state: "ready",
        hash: Some(row.hash),
    });
    connection.execute(insert_lines(&spec.side(Side::Claims), lines.collect())).await?;
    Ok(rows.len())
}

fn insert_rows(spec: &TableSpec, rows: &[&NewRow], created: &Value) -> Statement {
    let columns: Vec<_> = spec.keyfields.iter().map(|column| format!("`{}`, ", column.name)).collect();
    let marks = format!("({}?, 'created')", "?, ".repeat(spec.keyfields.len()));
    let sql = format!(
        "INSERT INTO `{}` ({}creation_date, status) VALUES {}",
        spec.name,
        columns.concat(),
        vec![marks; rows.len()].join(", ")
    );
    let binds = rows.iter().flat_map(|row| row.values.iter().cloned().chain([created.clone()]));
    Statement::new(sql, binds.collect()).once()
}

/// The ID of the first row of the INSERT just made, and the step from one to the next.
async fn inserted(connection: &mut Connection, rows: usize) -> Result<(i64, usize)> {
    let count = i64::try_from(rows).unwrap_or(i64::MAX);
    let answer = connection.rows(Statement::new(connection.dialect().inserted, vec![Value::Int(count)])).await?;
    let first = answer.first().and_then(|row| row.int(0));
    let step = answer.first().and_then(|row| row.int(1)).and_then(|step| usize::try_from(step).ok());
    first.zip(step).ok_or_else(|| StoreError::Database("the database did not tell the new rows' IDs".to_owned()))
}
