//! What can be wrong with a database and its tables, as data. Nothing here changes anything.

mod grants;
mod rows;

use std::collections::HashMap;
use std::time::{Duration, Instant};

pub use grants::Privileges;
pub use rows::{Found, Keys, Orphans};

use crate::candidates::Start;
use crate::side_tables::SCHEMA;
use crate::spec::Side;
use crate::statement::{Row, Statement};
use crate::store::{Store, placeholders};
use crate::{Backend, Result, Value};

/// What a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Whose it is.
    pub product: Product,
    /// Its version, as it tells it.
    pub version: String,
    /// Whether it is a cluster by Galera.
    pub is_galera: bool,
}

/// Whose database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are names")]
pub enum Product {
    Sqlite,
    MariaDb,
    Mysql,
    TiDb,
}

/// A setting on which it depends whether a commit outlives a power failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The value that it should have.
    pub safe: &'static str,
}

impl Setting {
    /// Whether it is as it should be.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.value.eq_ignore_ascii_case(self.safe)
    }
}

/// How the database finds the rows that can be claimed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Its steps, as the database tells them.
    pub steps: Vec<String>,
    /// Whether every row of a table that is not small is read.
    pub reads_all: bool,
}

/// The layout of the tables beside the main one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The version that the tables have; `None` where they are not there.
    pub version: Option<String>,
    /// The version that this program writes.
    pub ours: &'static str,
    /// Whether every table and column is there.
    pub is_complete: bool,
}

/// A table of fewer rows is read as a whole sooner than by an index.
const SMALL: i64 = 1_000;

impl Store {
    /// How long the database takes for an answer.
    ///
    /// # Errors
    /// When there is none.
    pub async fn round_trip(&mut self) -> Result<Duration> {
        let begun = Instant::now();
        self.query("SELECT 1".to_owned(), Vec::new()).await?;
        Ok(begun.elapsed())
    }

    /// What the database is.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn server(&mut self) -> Result<Server> {
        if self.backend() == Backend::Sqlite {
            let version = self.text("SELECT sqlite_version()").await?.unwrap_or_default();
            return Ok(Server { product: Product::Sqlite, version, is_galera: false });
        }
        let version = self.text("SELECT VERSION()").await?.unwrap_or_default();
        let product = match &version {
            version if version.contains("TiDB") => Product::TiDb,
            version if version.contains("MariaDB") => Product::MariaDb,
            _ => Product::Mysql,
        };
        let is_galera = self.variables(&["wsrep_on"]).await?.get("wsrep_on").is_some_and(|on| on == "ON");
        Ok(Server { product, version, is_galera })
    }

    /// What our user lacks on a server; nothing on `SQLite`, where files have permissions.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn privileges(&mut self) -> Result<Privileges> {
        if self.backend() == Backend::Sqlite {
            return Ok(Privileges::default());
        }
        let database = self.text("SELECT DATABASE()").await?.unwrap_or_default();
        let grants = self.query("SHOW GRANTS".to_owned(), Vec::new()).await?;
        Ok(Privileges::of(grants.iter().filter_map(|row| row.text(0)), &database))
    }

    /// The storage engine of each table of ours that is there; none on `SQLite`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn engines(&mut self) -> Result<Vec<(String, String)>> {
        if self.backend() == Backend::Sqlite {
            return Ok(Vec::new());
        }
        let tables = self.spec.tables();
        let sql = format!(
            "SELECT table_name, engine FROM information_schema.tables WHERE table_schema=DATABASE() \
             AND table_name IN ({}) ORDER BY table_name",
            placeholders(tables.len())
        );
        let rows = self.query(sql, tables.into_iter().map(Value::Text).collect()).await?;
        Ok(rows.iter().filter_map(|row| Some((row.text(0)?.to_owned(), row.text(1)?.to_owned()))).collect())
    }

    /// The isolation level of our session; nothing on `SQLite`, which has one.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn isolation(&mut self) -> Result<Option<String>> {
        if self.backend() == Backend::Sqlite {
            return Ok(None);
        }
        let variables = self.variables(&["transaction_isolation", "tx_isolation"]).await?;
        Ok(variables.into_values().next())
    }

    /// The settings on which the durability of a commit depends.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn durability(&mut self) -> Result<Vec<Setting>> {
        let setting = |name: &str, value: &str, safe| Setting { name: name.to_owned(), value: value.to_owned(), safe };
        if self.backend() == Backend::Sqlite {
            let mode = self.text("PRAGMA journal_mode").await?.unwrap_or_default();
            let level = self.query("PRAGMA synchronous".to_owned(), Vec::new()).await?;
            let level = match level.first().and_then(|row| row.int(0)) {
                Some(0) => "OFF",
                Some(1) => "NORMAL",
                Some(2) => "FULL",
                _ => "EXTRA",
            };
            return Ok(vec![setting("journal_mode", &mode, "WAL"), setting("synchronous", level, "FULL")]);
        }
        let variables = self.variables(&["innodb_flush_log_at_trx_commit", "sync_binlog", "log_bin"]).await?;
        let has_log = variables.get("log_bin").is_some_and(|on| on == "ON");
        let counts = |name: &str| name != "log_bin" && (has_log || name != "sync_binlog");
        let mut settings: Vec<_> =
            variables.iter().filter(|(name, _)| counts(name)).map(|(name, value)| setting(name, value, "1")).collect();
        settings.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(settings)
    }

    /// By how many seconds the database's clock is ahead of this machine's. It is as exact as the round trip is short.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn clock_difference(&mut self) -> Result<f64> {
        let before = chrono::Utc::now().naive_utc();
        let theirs = self.text(&format!("SELECT {}", self.dialect().now)).await?.unwrap_or_default();
        let after = chrono::Utc::now().naive_utc();
        let ours = before + (after - before) / 2;
        let theirs = chrono::NaiveDateTime::parse_from_str(&theirs, "%Y-%m-%d %H:%M:%S%.f").map_err(|error| {
            crate::StoreError::Database(format!("the database tells `{theirs}` as its time: {error}"))
        })?;
        Ok((theirs - ours).as_seconds_f64())
    }

    /// Whether an index finds the rows of a status in the order of their IDs.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn has_index(&mut self) -> Result<bool> {
        let sql = match self.backend() {
            Backend::Mysql => {
                "SELECT index_name, column_name FROM information_schema.statistics \
                 WHERE table_schema=DATABASE() AND table_name=? ORDER BY index_name, seq_in_index"
            }
            Backend::Sqlite => {
                "SELECT l.name, i.name FROM pragma_index_list(?) l, pragma_index_info(l.name) i ORDER BY l.name, i.seqno"
            }
        };
        let columns = self.query(sql.to_owned(), vec![self.spec.name.as_str().into()]).await?;
        let mut indexes: HashMap<&str, Vec<String>> = HashMap::new();
        for row in &columns {
            if let (Some(index), Some(column)) = (row.text(0), row.text(1)) {
                indexes.entry(index).or_default().push(column.to_lowercase());
            }
        }
        Ok(indexes.values().any(|columns| columns.starts_with(&["status".to_owned(), "id".to_owned()])))
    }

    /// How the database finds the rows that can be claimed.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn claim_plan(&mut self) -> Result<Plan> {
        let explain = match self.backend() {
            // MySQL 9 would tell it as a tree.
            Backend::Mysql => "EXPLAIN FORMAT=TRADITIONAL",
            Backend::Sqlite => "EXPLAIN QUERY PLAN",
        };
        let sql = format!("{explain} {}", self.candidates_query(Start::First, "1=1", "", 0));
        let rows = self.query(sql, vec![self.spec.name.as_str().into(), Value::Int(8), Value::Int(0)]).await?;
        let mut plan = Plan::default();
        for row in &rows {
            let (step, reads_all) = match self.backend() {
                Backend::Mysql => mysql_step(row),
                Backend::Sqlite => sqlite_step(row),
            };
            plan.steps.extend(step);
            plan.reads_all |= reads_all;
        }
        Ok(plan)
    }

    /// The layout of the tables beside the main one, after the tables were checked.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn layout(&mut self) -> Result<Layout> {
        let meta = self.side(Side::Meta);
        let version = match self.text(&format!("SELECT value FROM `{meta}` WHERE name='schema'")).await {
            Err(crate::StoreError::NoTable(_)) => None,
            version => version?,
        };
        Ok(Layout { version, ours: SCHEMA, is_complete: self.has_sides })
    }

    async fn text(&mut self, sql: &str) -> Result<Option<String>> {
        let rows = self.query(sql.to_owned(), Vec::new()).await?;
        Ok(rows.first().and_then(|row| row.text(0)).map(ToOwned::to_owned))
    }

    /// Those variables of our session that the server knows, by their names.
    async fn variables(&mut self, names: &[&str]) -> Result<HashMap<String, String>> {
        let names: Vec<_> = names.iter().map(|name| format!("'{name}'")).collect();
        let sql = format!("SHOW SESSION VARIABLES WHERE Variable_name IN ({})", names.join(", "));
        let statement = Statement::new(sql, Vec::new()).once();
        let rows = self.connection.repeat(async |connection| connection.rows(statement.clone()).await).await?;
        Ok(rows.iter().filter_map(|row| Some((row.text(0)?.to_owned(), row.text(1)?.to_owned()))).collect())
    }
}

/// One table of a plan that MariaDB or MySQL tells, which has two further columns; no step where it is another server's.
fn mysql_step(row: &Row) -> (Option<String>, bool) {
    let further = match row.0.len() {
        10 => 0,
        12 => 1,
        _ => return (None, false),
    };
    let Some(table @ ("e" | "c")) = row.text(2) else { return (None, false) };
    let access = row.text(3 + further).unwrap_or_default();
    let key = row.text(5 + further).unwrap_or("no index");
    let reads_all = access == "ALL" && row.int(8 + further).unwrap_or_default() >= SMALL;
    (Some(format!("{table}: {access} by {key}")), reads_all)
}

fn sqlite_step(row: &Row) -> (Option<String>, bool) {
    let step = row.text(3).unwrap_or_default();
    let words: Vec<_> = step.split(' ').collect();
    let is_ours = matches!(words[..], [_, "e" | "c", ..]);
    (is_ours.then(|| step.to_owned()), matches!(words[..], ["SCAN", "e" | "c", ..]))
}
