//! Adoption: rows that `PyExperimenter` or a person inserted get their line among the claims.

use std::collections::HashSet;

use crate::connection::Connection;
use crate::key::KeyHash;
use crate::spec::Side;
use crate::statement::{Row, Statement};
use crate::store::{Store, placeholders};
use crate::{Result, Status, StoreError, TableSpec, Value};

/// How many rows are adopted in one transaction.
const PAGE: usize = 1_000;

/// Which rows to adopt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Open rows: what an executer needs, and finds by the index.
    Open,
    /// Rows of every status: what fill and reset need.
    All,
}

impl Store {
    /// Brings the claims in line with the main table: drops the lines of rows that are gone, adds those of new ones.
    pub(crate) async fn adopt_all(&mut self) -> Result<()> {
        let Self { connection, spec } = self;
        connection.repeat(async |connection| forget(connection, spec, Side::Claims).await).await?;
        while self.adopt(Scope::All).await? > 0 {}
        self.bind_all().await
    }

    /// The keyfields of rows that nobody has adopted yet.
    pub(crate) async fn unadopted(&mut self) -> Result<HashSet<KeyHash>> {
        let sql = format!(
            "SELECT e.ID, {} FROM `{}` e LEFT JOIN `{}` c ON c.experiment_id=e.ID AND c.created {} e.creation_date \
             WHERE c.experiment_id IS NULL AND e.ID > ? ORDER BY e.ID",
            self.key_columns(),
            self.spec.name,
            self.side(Side::Claims),
            self.dialect().same
        );
        let mut hashes = HashSet::new();
        self.each_row(&sql, async |store, mut row| {
            hashes.insert(KeyHash::of(&store.spec.keyfields, &read_key(&store.spec, &mut row, 1)));
            Ok(())
        })
        .await?;
        Ok(hashes)
    }

    /// Gives rows without a hash theirs, where the row that had it is gone.
    async fn bind_all(&mut self) -> Result<()> {
        let sql = format!(
            "SELECT e.ID, {} FROM `{}` e JOIN `{}` c ON c.experiment_id=e.ID AND c.created {} e.creation_date \
             WHERE c.key_hash IS NULL AND e.ID > ? ORDER BY e.ID",
            self.key_columns(),
            self.spec.name,
            self.side(Side::Claims),
            self.dialect().same
        );
        self.each_row(&sql, async |store, mut row| {
            let hash = KeyHash::of(&store.spec.keyfields, &read_key(&store.spec, &mut row, 1));
            store.bind(row.int(0).unwrap_or_default(), hash).await
        })
        .await
    }

    /// Gives a row its hash, unless another row has it.
    async fn bind(&mut self, id: i64, hash: KeyHash) -> Result<()> {
        let claims = self.side(Side::Claims);
        let sql = format!("UPDATE `{claims}` SET key_hash=? WHERE experiment_id=? AND key_hash IS NULL");
        let bind = Statement::new(sql, vec![hash.to_value(), Value::Int(id)]);
        match self.connection.repeat(async |connection| connection.execute(bind.clone()).await).await {
            Err(StoreError::Duplicate(_)) => Ok(()),
            result => result.map(drop),
        }
    }

    /// Adopts one page of rows; says how many.
    pub(crate) async fn adopt(&mut self, scope: Scope) -> Result<usize> {
        let Self { connection, spec } = self;
        // A duplicate here is another process that adopts the same page.
        let mut tries = 0;
        loop {
            let page = connection
                .repeat(async |connection| connection.transaction(async |c| adopt_page(c, spec, scope).await).await)
                .await;
            match page {
                Err(StoreError::Duplicate(_)) if tries < 5 => tries += 1,
                page => return page,
            }
        }
    }
}

/// Deletes what a side table says of rows that are gone, or are other rows under the same IDs.
pub(crate) async fn forget(connection: &mut Connection, spec: &TableSpec, side: Side) -> Result<()> {
    let (table, lines) = (&spec.name, spec.side(side));
    let same = connection.dialect().same;
    let sql = format!(
        "DELETE FROM `{lines}` WHERE NOT EXISTS (SELECT 1 FROM `{table}` e \
         WHERE e.ID=`{lines}`.experiment_id AND e.creation_date {same} `{lines}`.created)"
    );
    connection.execute(Statement::new(sql, Vec::new())).await.map(drop)
}

/// The same for the lines of some keyfields alone, whose rows may be there again under other IDs.
async fn forget_keys(
    connection: &mut Connection,
    spec: &TableSpec,
    claims: &str,
    hashes: impl Iterator<Item = KeyHash>,
) -> Result<()> {
    let binds: Vec<_> = hashes.map(KeyHash::to_value).collect();
    let sql = format!(
        "DELETE FROM `{claims}` WHERE key_hash IN ({}) AND NOT EXISTS (SELECT 1 FROM `{}` e \
         WHERE e.ID=`{claims}`.experiment_id AND e.creation_date {} `{claims}`.created)",
        placeholders(binds.len()),
        spec.name,
        connection.dialect().same
    );
    connection.execute(Statement::new(sql, binds).once()).await.map(drop)
}

async fn adopt_page(connection: &mut Connection, spec: &TableSpec, scope: Scope) -> Result<usize> {
    let (table, claims) = (&spec.name, spec.side(Side::Claims));
    let same = connection.dialect().same;
    let keys: Vec<_> = spec.keyfields.iter().map(|column| format!(", e.`{}`", column.name)).collect();
    let open = if scope == Scope::Open { "AND e.status='created'" } else { "" };
    let sql = format!(
        "SELECT e.ID, e.creation_date, e.status{} FROM `{table}` e LEFT JOIN `{claims}` c \
         ON c.experiment_id=e.ID AND c.created {same} e.creation_date \
         WHERE c.experiment_id IS NULL {open} ORDER BY e.ID LIMIT {PAGE}",
        keys.concat()
    );
    let rows = connection.rows(Statement::new(sql, Vec::new())).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let found = rows.len();
    let ids: Vec<_> = rows.iter().filter_map(|row| row.int(0)).map(Value::Int).collect();
    let marks = placeholders(ids.len());
    connection
        .execute(Statement::new(format!("DELETE FROM `{claims}` WHERE experiment_id IN ({marks})"), ids).once())
        .await?;
    let lines = lines(connection, spec, &claims, rows).await?;
    connection.execute(insert_lines(&claims, lines)).await?;
    Ok(found)
}

/// The claims' lines of rows; a row whose keyfields another one has already gets no hash.
async fn lines(connection: &mut Connection, spec: &TableSpec, claims: &str, rows: Vec<Row>) -> Result<Vec<Line>> {
    let hashed: Vec<_> =
        rows.into_iter().map(|mut row| (KeyHash::of(&spec.keyfields, &read_key(spec, &mut row, 3)), row)).collect();
    forget_keys(connection, spec, claims, hashed.iter().map(|(hash, _)| *hash)).await?;
    let mut taken = known(connection, claims, hashed.iter().map(|(hash, _)| *hash)).await?;
    Ok(hashed
        .into_iter()
        .map(|(hash, mut row)| Line {
            id: row.int(0).unwrap_or_default(),
            state: if row.text(2) == Some(Status::Created.as_str()) { "ready" } else { "finished" },
            created: row.take(1),
            hash: taken.insert(hash).then_some(hash),
        })
        .collect())
}

/// The keyfields of a row from a position on, as the columns' types have them.
pub(crate) fn read_key(spec: &TableSpec, row: &mut Row, from: usize) -> Vec<Value> {
    let columns = spec.keyfields.iter().enumerate();
    columns.map(|(index, column)| column.column_type.read(row.take(from + index))).collect()
}

/// Which of the hashes exist already.
pub(crate) async fn known(
    connection: &mut Connection,
    claims: &str,
    hashes: impl Iterator<Item = KeyHash>,
) -> Result<HashSet<KeyHash>> {
    let binds: Vec<_> = hashes.map(KeyHash::to_value).collect();
    if binds.is_empty() {
        return Ok(HashSet::new());
    }
    let sql = format!("SELECT key_hash FROM `{claims}` WHERE key_hash IN ({})", placeholders(binds.len()));
    let rows = connection.rows(Statement::new(sql, binds).once()).await?;
    Ok(rows.iter().filter_map(|row| KeyHash::from_bytes(row.bytes(0)?)).collect())
}

/// One line of the claims.
pub(crate) struct Line {
    pub(crate) id: i64,
    pub(crate) created: Value,
    pub(crate) state: &'static str,
    pub(crate) hash: Option<KeyHash>,
}

pub(crate) fn insert_lines(claims: &str, lines: Vec<Line>) -> Statement {
    let rows = vec!["(?, ?, ?, ?)"; lines.len()].join(", ");
    let sql = format!("INSERT INTO `{claims}` (experiment_id, created, state, key_hash) VALUES {rows}");
    let binds = lines.into_iter().flat_map(|Line { id, created, state, hash }| {
        [Value::Int(id), created, state.into(), hash.map_or(Value::Null, KeyHash::to_value)]
    });
    Statement::new(sql, binds.collect()).once()
}
