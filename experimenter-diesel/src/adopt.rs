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
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn adopt_all(&mut self) -> Result<()> {
        self.forget_all(Side::Claims).await?;
        self.forget_all(Side::Checkpoints).await?;
        let mut after = 0;
        while let Some(last) = self.adopt(Scope::All, after).await? {
            after = last;
        }
        self.bind_all().await
    }

    /// Deletes the lines of rows that are gone. They are found without locks, which would hold up every claim.
    async fn forget_all(&mut self, side: Side) -> Result<()> {
        let sql = format!(
            "SELECT c.experiment_id FROM `{}` c LEFT JOIN `{}` e ON e.ID=c.experiment_id \
             AND e.creation_date {} c.created WHERE e.ID IS NULL AND c.experiment_id > ? ORDER BY c.experiment_id",
            self.side(side),
            self.spec.name,
            self.dialect().same
        );
        let mut gone = Vec::new();
        self.each_row(&sql, async |_, row| {
            gone.extend(row.int(0));
            Ok(())
        })
        .await?;
        for ids in gone.chunks(PAGE) {
            let Self { connection, spec, .. } = self;
            let condition = format!("experiment_id IN ({})", placeholders(ids.len()));
            let binds: Vec<_> = ids.iter().copied().map(Value::Int).collect();
            connection
                .repeat(async |connection| forget(connection, spec, side, &condition, binds.clone()).await)
                .await?;
        }
        Ok(())
    }

    /// The keyfields of rows that nobody has adopted yet.
    pub(crate) async fn unadopted(&mut self) -> Result<HashSet<KeyHash>> {
        let sql = format!(
            "SELECT e.ID, {} FROM {} WHERE c.experiment_id IS NULL AND e.ID > ? ORDER BY e.ID",
            self.key_columns(),
            self.rows_and_claims()
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
            "SELECT e.ID, {} FROM {} WHERE c.key_hash IS NULL AND e.ID > ? ORDER BY e.ID",
            self.key_columns(),
            self.spec.joined("JOIN", self.dialect().same)
        );
        let mut unbound = Vec::new();
        self.each_row(&sql, async |store, mut row| {
            let hash = KeyHash::of(&store.spec.keyfields, &read_key(&store.spec, &mut row, 1));
            unbound.push((row.int(0).unwrap_or_default(), hash));
            Ok(())
        })
        .await?;
        for page in unbound.chunks(PAGE) {
            let claims = self.side(Side::Claims);
            let hashes = || page.iter().map(|(_, hash)| *hash);
            let taken = self.connection.repeat(async |connection| known(connection, &claims, hashes()).await).await?;
            for (id, hash) in page.iter().filter(|(_, hash)| !taken.contains(hash)) {
                self.bind(*id, *hash).await?;
            }
        }
        Ok(())
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

    /// Adopts one page of rows after an ID; gives the last of them, if there were any.
    pub(crate) async fn adopt(&mut self, scope: Scope, after: i64) -> Result<Option<i64>> {
        let Self { connection, spec, .. } = self;
        // A duplicate here is another process that adopts the same rows.
        let mut tries = 0;
        loop {
            let page = connection
                .repeat(async |connection| {
                    connection.transaction(async |c| adopt_page(c, spec, scope, after).await).await
                })
                .await;
            match page {
                Err(StoreError::Duplicate(_)) if tries < 20 => tries += 1,
                page => return page,
            }
        }
    }
}

/// Deletes those lines of a side table for which a condition holds, and whose rows are gone or are other rows under the
/// same IDs.
pub(crate) async fn forget(
    connection: &mut Connection,
    spec: &TableSpec,
    side: Side,
    condition: &str,
    binds: Vec<Value>,
) -> Result<()> {
    let lines = spec.side(side);
    let sql = format!(
        "DELETE FROM `{lines}` WHERE {condition} AND NOT EXISTS (SELECT 1 FROM `{}` e \
         WHERE e.ID=`{lines}`.experiment_id AND e.creation_date {} `{lines}`.created)",
        spec.name,
        connection.dialect().same
    );
    connection.execute(Statement::new(sql, binds).once()).await.map(drop)
}

async fn adopt_page(connection: &mut Connection, spec: &TableSpec, scope: Scope, after: i64) -> Result<Option<i64>> {
    let keys: Vec<_> = spec.keyfields.iter().map(|column| format!(", e.`{}`", column.name)).collect();
    let open = if scope == Scope::Open { "AND e.status='created'" } else { "" };
    let sql = format!(
        "SELECT e.ID, e.creation_date, e.status{} FROM {} WHERE c.experiment_id IS NULL {open} AND e.ID > ? \
         ORDER BY e.ID LIMIT {PAGE}",
        keys.concat(),
        spec.joined("LEFT JOIN", connection.dialect().same)
    );
    let rows = connection.rows(Statement::new(sql, vec![Value::Int(after)])).await?;
    let Some(last) = rows.last().and_then(|row| row.int(0)) else { return Ok(None) };
    // Another process may have adopted some of them since, and somebody may even have claimed them: only lines of earlier
    // rows give way, and what is left makes the insertion a duplicate.
    let ids: Vec<_> = rows.iter().filter_map(|row| row.int(0)).map(Value::Int).collect();
    let condition = format!("experiment_id IN ({})", placeholders(ids.len()));
    forget(connection, spec, Side::Claims, &condition, ids).await?;
    let lines = lines(connection, spec, rows).await?;
    connection.execute(insert_lines(&spec.side(Side::Claims), lines)).await?;
    Ok(Some(last))
}

/// The claims' lines of rows; a row whose keyfields another one has already gets no hash.
async fn lines(connection: &mut Connection, spec: &TableSpec, rows: Vec<Row>) -> Result<Vec<Line>> {
    let hashed: Vec<_> =
        rows.into_iter().map(|mut row| (KeyHash::of(&spec.keyfields, &read_key(spec, &mut row, 3)), row)).collect();
    // They may be there again under other IDs.
    let condition = format!("key_hash IN ({})", placeholders(hashed.len()));
    let hashes = || hashed.iter().map(|(hash, _)| *hash);
    forget(connection, spec, Side::Claims, &condition, hashes().map(KeyHash::to_value).collect()).await?;
    let mut taken = known(connection, &spec.side(Side::Claims), hashes()).await?;
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
