//! The tables beside the main table: their columns, and how those of an earlier version get what they lack.

use crate::connection::Connection;
use crate::spec::Side;
use crate::statement::Statement;
use crate::tables::{Existing, add_columns};
use crate::{Result, TableSpec};

/// The version of the side tables' layout.
pub(crate) const SCHEMA: &str = "3";

/// Columns, each with its name and definition. One that is added to a table that is there has to be nullable.
type Columns = &'static [(&'static str, &'static str)];

/// No column of long text: the server would update them through a temporary table on its disk.
const CLAIMS: Columns = &[
    ("experiment_id", "INTEGER NOT NULL PRIMARY KEY"),
    ("created", "DATETIME NULL"),
    ("key_hash", "BINARY(16) NULL UNIQUE"),
    ("state", "VARCHAR(16) NOT NULL"),
    ("attempt", "BIGINT NOT NULL DEFAULT 0"),
    ("crashes", "INTEGER NOT NULL DEFAULT 0"),
    ("returns", "INTEGER NULL"),
    ("executer_id", "BIGINT NULL"),
    ("claimed_at", "DATETIME(6) NULL"),
    ("closed_at", "DATETIME(6) NULL"),
    ("log_seq", "BIGINT NOT NULL DEFAULT 0"),
    ("wall_seconds", "DOUBLE NULL"),
    ("user_seconds", "DOUBLE NULL"),
    ("system_seconds", "DOUBLE NULL"),
    ("peak_bytes", "BIGINT NULL"),
    ("busy_slots", "INTEGER NULL"),
    ("exit_detail", "VARCHAR(255) NULL"),
];

const EXECUTERS: Columns = &[
    ("executer_id", "BIGINT NOT NULL PRIMARY KEY"),
    ("state", "VARCHAR(16) NOT NULL"),
    ("name", "VARCHAR(255) NULL"),
    ("host", "VARCHAR(255) NULL"),
    ("pid", "BIGINT NULL"),
    ("version", "VARCHAR(64) NULL"),
    ("started_at", "DATETIME(6) NULL"),
    ("beat", "BIGINT NOT NULL DEFAULT 0"),
    ("beat_at", "DATETIME(6) NULL"),
    ("expires_at", "DATETIME(6) NULL"),
    ("done", "BIGINT NOT NULL DEFAULT 0"),
    ("failed", "BIGINT NOT NULL DEFAULT 0"),
    ("busy_seconds", "DOUBLE NOT NULL DEFAULT 0"),
    ("program", "LONGTEXT NULL"),
    ("profile", "LONGTEXT NULL"),
    ("cpu", "LONGTEXT NULL"),
    ("slurm", "LONGTEXT NULL"),
    ("git", "VARCHAR(255) NULL"),
    ("beat_seconds", "DOUBLE NULL"),
    ("lease_seconds", "DOUBLE NULL"),
    ("boot", "VARCHAR(64) NULL"),
    ("namespaces", "VARCHAR(255) NULL"),
    ("uid", "BIGINT NULL"),
    ("process_started", "BIGINT NULL"),
    ("slots", "INTEGER NULL"),
];

/// After the column `ID`.
const ATTEMPTS: Columns = &[
    ("experiment_id", "INTEGER NOT NULL"),
    ("created", "DATETIME NULL"),
    ("attempt", "BIGINT NOT NULL"),
    ("executer_id", "BIGINT NULL"),
    ("reason", "VARCHAR(16) NOT NULL"),
    ("recorded_at", "DATETIME(6) NULL"),
    ("payload", "LONGTEXT NULL"),
];

const CHECKPOINTS: Columns = &[
    ("experiment_id", "INTEGER NOT NULL PRIMARY KEY"),
    ("created", "DATETIME NULL"),
    ("attempt", "BIGINT NOT NULL"),
    ("saved_at", "DATETIME(6) NULL"),
    ("state", "LONGBLOB NULL"),
    ("position", "LONGTEXT NULL"),
];

const META: Columns = &[("name", "VARCHAR(64) NOT NULL PRIMARY KEY"), ("value", "LONGTEXT NULL")];

impl Side {
    fn columns(self) -> Columns {
        match self {
            Self::Claims => CLAIMS,
            Self::Executers => EXECUTERS,
            Self::Attempts => ATTEMPTS,
            Self::Checkpoints => CHECKPOINTS,
            Self::Meta => META,
        }
    }

    /// Its columns as a `CREATE TABLE` lists them.
    pub(crate) fn definition(self, id_column: &str) -> String {
        let id = (self == Self::Attempts).then(|| id_column.to_owned());
        let columns = self.columns().iter().map(|(name, sql)| format!("`{name}` {sql}"));
        id.into_iter().chain(columns).collect::<Vec<_>>().join(", ")
    }

    /// The name and the columns of its index.
    pub(crate) fn index(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Claims => Some(("state", "state, executer_id")),
            Self::Executers => Some(("state", "state, expires_at")),
            Self::Attempts => Some(("experiment_id", "experiment_id")),
            Self::Checkpoints | Self::Meta => None,
        }
    }

    /// The clauses that add what a table of an earlier version lacks.
    fn additions(self, found: &[(String, String)]) -> Vec<String> {
        let is_there = |column: &str| found.iter().any(|(name, _)| name.eq_ignore_ascii_case(column));
        let lacking = self.columns().iter().filter(|(name, _)| !is_there(name));
        lacking.map(|(name, sql)| format!("ADD COLUMN `{name}` {sql}")).collect()
    }
}

impl TableSpec {
    /// Whether every side table is there, with every column.
    pub(crate) fn has_sides(&self, existing: &Existing) -> bool {
        Side::ALL.iter().all(|side| {
            let columns = existing.get(&self.side(*side).to_lowercase());
            columns.is_some_and(|columns| side.additions(columns).is_empty())
        })
    }
}

/// Notes the version in the table of what is known of the tables.
pub(crate) fn note_schema(meta: &str) -> String {
    format!(
        "INSERT INTO `{meta}` (name, value) SELECT 'schema', '{SCHEMA}' FROM (SELECT 1) one \
         WHERE NOT EXISTS (SELECT 1 FROM `{meta}` m WHERE m.name = 'schema')"
    )
}

/// Side tables of an earlier version lack columns.
pub(crate) async fn adapt_sides(connection: &mut Connection, spec: &TableSpec, existing: &Existing) -> Result<()> {
    let mut adapted = false;
    for side in Side::ALL {
        let table = spec.side(side);
        let Some(columns) = existing.get(&table.to_lowercase()) else { continue };
        let additions = side.additions(columns);
        if !additions.is_empty() {
            add_columns(connection, &table, additions).await?;
            adapted = true;
        }
    }
    if adapted {
        let sql = format!("UPDATE `{}` SET value=? WHERE name='schema'", spec.side(Side::Meta));
        connection.execute(Statement::new(sql, vec![SCHEMA.into()])).await?;
    }
    Ok(())
}
