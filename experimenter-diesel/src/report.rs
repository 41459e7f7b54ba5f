//! Reading: counts, executers, and rows in pages.

use std::collections::HashMap;

use crate::spec::Side;
use crate::statement::{Row, Statement};
use crate::store::Store;
use crate::suspects::process;
use crate::{Fate, Kind, Life, Result, Selector, Status, StoreError, Unfit, Value};

/// How many rows are read at once.
pub(crate) const PAGE: usize = 5_000;

/// How many rows have each status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// The number of rows by status, in the order of [`Status::ALL`].
    counts: [u64; Status::ALL.len()],
    /// Rows with a status that is none of these.
    pub other: u64,
}

impl Counts {
    /// The number of rows of a status.
    #[must_use]
    pub fn of(&self, status: Status) -> u64 {
        Status::ALL.iter().zip(self.counts).find_map(|(other, n)| (*other == status).then_some(n)).unwrap_or_default()
    }

    pub(crate) fn add(&mut self, status: Option<Status>, n: u64) {
        match status {
            Some(status) => self.counts[status as usize] += n,
            None => self.other += n,
        }
    }

    /// The number of rows in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum::<u64>() + self.other
    }
}

/// What an executer is and has done.
#[derive(Debug, Clone, PartialEq)]
pub struct ExecuterReport {
    /// Its name.
    pub name: String,
    /// Its host.
    pub host: String,
    /// Its process ID.
    pub pid: i64,
    /// What the database says of it, and the kernel, where it is a process of this host.
    pub life: Life,
    /// How many rows it runs at once; `None` for one of an earlier version.
    pub slots: Option<u64>,
    /// Rows that it ended `done`.
    pub done: u64,
    /// Rows that it ended in `error`.
    pub failed: u64,
    /// Rows that it runs now, or has claimed ahead.
    pub running: u64,
    /// Time spent in the experiment's function, in seconds.
    pub busy_seconds: f64,
    /// Seconds since it last told anything.
    pub silent_seconds: f64,
}

/// One row as it is read: the values of the columns that were asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The row's `ID`.
    pub id: i64,
    /// The values, in the order of the columns asked for.
    pub values: Vec<Value>,
}

impl Store {
    /// Whether the main table exists.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn exists(&mut self) -> Result<bool> {
        let shape = self.shape().await?;
        Ok(!shape.is_empty())
    }

    /// Counts the selected rows by status.
    ///
    /// # Errors
    /// [`StoreError::NoTable`] when there is no table.
    pub async fn counts(&mut self, selector: &Selector) -> Result<Counts> {
        let (condition, binds) = selector.condition(self.dialect());
        let sql = format!("SELECT e.status, COUNT(*) FROM `{}` e WHERE {condition} GROUP BY e.status", self.spec.name);
        let mut counts = Counts::default();
        for row in self.query(sql, binds).await? {
            let n = row.int(1).and_then(|n| u64::try_from(n).ok()).unwrap_or_default();
            counts.add(row.text(0).and_then(|text| text.parse().ok()), n);
        }
        Ok(counts)
    }

    /// The same for each combination of values that the selected rows have in these columns, in their order.
    ///
    /// # Errors
    /// [`StoreError::NoTable`] when there is no table.
    pub async fn counts_by(&mut self, selector: &Selector, columns: &[&str]) -> Result<Vec<(Vec<Value>, Counts)>> {
        let (condition, binds) = selector.condition(self.dialect());
        let fields: Vec<_> = columns.iter().map(|column| self.exact(column)).collect();
        let fields = fields.join(", ");
        let sql = format!(
            "SELECT {fields}, e.status, COUNT(*) FROM `{}` e WHERE {condition} GROUP BY {fields}, e.status ORDER BY {fields}",
            self.spec.name
        );
        let reader = self.spec.reader(columns);
        let mut groups: Vec<(Vec<Value>, Counts)> = Vec::new();
        for row in self.query(sql, binds).await? {
            let mut key = row.0[..columns.len().min(row.0.len())].to_vec();
            reader.read(&mut key);
            if groups.last().is_none_or(|(last, _)| *last != key) {
                groups.push((key, Counts::default()));
            }
            let Some((_, counts)) = groups.last_mut() else { continue };
            let n = row.int(columns.len() + 1).and_then(|n| u64::try_from(n).ok()).unwrap_or_default();
            counts.add(row.text(columns.len()).and_then(|text| text.parse().ok()), n);
        }
        Ok(groups)
    }

    /// The executers that are at work, and the latest of those that have left: at most 50.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn executers(&mut self) -> Result<Vec<ExecuterReport>> {
        if !self.has_sides {
            return Ok(Vec::new());
        }
        let running = self.running_by_executer().await?;
        let dialect = self.dialect();
        let seconds = dialect.seconds_since.replace("{}", "x.beat_at");
        let sql = format!(
            "SELECT x.executer_id, x.name, x.host, x.pid, x.boot, x.namespaces, x.uid, x.process_started, \
             CASE WHEN x.state='alive' AND x.expires_at<={} THEN 'late' ELSE x.state END, x.done, x.failed, x.busy_seconds, \
             {seconds}, x.slots FROM `{}` x ORDER BY x.state, x.beat_at DESC LIMIT 50",
            dialect.now,
            self.side(Side::Executers)
        );
        let rows = self.query(sql, Vec::new()).await?;
        let count = |n: Option<i64>| n.and_then(|n| u64::try_from(n).ok()).unwrap_or_default();
        let has_ended = |row: &Row| process(row, 3).map(|process| process.fate()) == Some(Fate::Dead);
        Ok(rows
            .into_iter()
            .map(|mut row| ExecuterReport {
                running: row.int(0).and_then(|id| running.get(&id).copied()).unwrap_or_default(),
                name: row.text(1).unwrap_or_default().to_owned(),
                host: row.text(2).unwrap_or_default().to_owned(),
                pid: row.int(3).unwrap_or_default(),
                life: match Life::of(row.text(8)) {
                    Life::Alive | Life::Late if has_ended(&row) => Life::Dead,
                    life => life,
                },
                slots: row.int(13).and_then(|slots| slots.try_into().ok()),
                done: count(row.int(9)),
                failed: count(row.int(10)),
                busy_seconds: seconds_of(&row.take(11)),
                silent_seconds: seconds_of(&row.take(12)),
            })
            .collect())
    }

    async fn running_by_executer(&mut self) -> Result<HashMap<i64, u64>> {
        let sql = format!(
            "SELECT c.executer_id, COUNT(*) FROM {} WHERE e.status='running' AND c.state='held' GROUP BY c.executer_id",
            self.spec.joined("JOIN", self.dialect().same)
        );
        let rows = self.query(sql, Vec::new()).await?;
        Ok(rows.iter().filter_map(|row| Some((row.int(0)?, u64::try_from(row.int(1)?).ok()?))).collect())
    }

    /// The values of the rows' present attempts that their columns could not hold: at most `limit`, the latest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn unfit(&mut self, limit: u32) -> Result<Vec<Unfit>> {
        if !self.has_sides {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT a.experiment_id, a.payload FROM `{}` a JOIN `{}` c ON c.experiment_id=a.experiment_id \
             AND c.attempt=a.attempt AND c.created {} a.created WHERE a.reason='unfit' ORDER BY a.ID DESC LIMIT {limit}",
            self.side(Side::Attempts),
            self.side(Side::Claims),
            self.dialect().same
        );
        let rows = self.query(sql, Vec::new()).await?;
        let mut unfit: Vec<Unfit> = Vec::new();
        for row in rows {
            for found in unfit_of(row.int(0).unwrap_or_default(), row.text(1).unwrap_or_default()) {
                if !unfit.iter().any(|known| known.id == found.id && known.field == found.field) {
                    unfit.push(found);
                }
            }
        }
        Ok(unfit)
    }

    /// Gives each selected row to `each`, in the order of the IDs, with the values of `columns`. They are read in pages.
    ///
    /// # Errors
    /// When the database refuses, or when `each` does.
    pub async fn records<E: From<StoreError>>(
        &mut self,
        selector: &Selector,
        columns: &[&str],
        each: impl FnMut(Record) -> Result<(), E>,
    ) -> Result<(), E> {
        let from = format!("`{}` e", self.spec.name);
        self.pages(selector, columns, (String::new(), from), each).await
    }

    /// What is known of a row's last attempt beside the table, as [`records_with_provenance`](Self::records_with_provenance)
    /// gives it.
    pub const PROVENANCE: [&str; 13] = [
        "attempt",
        "wall_seconds",
        "user_seconds",
        "system_seconds",
        "peak_bytes",
        "busy_slots",
        "exit",
        "program",
        "profile",
        "git",
        "cpu",
        "host",
        "slurm",
    ];

    /// The same, each row's values followed by those of [`PROVENANCE`](Self::PROVENANCE): NULL where it is not known.
    ///
    /// # Errors
    /// When the database refuses, or when `each` does.
    pub async fn records_with_provenance<E: From<StoreError>>(
        &mut self,
        selector: &Selector,
        columns: &[&str],
        each: impl FnMut(Record) -> Result<(), E>,
    ) -> Result<(), E> {
        let source = if self.has_sides {
            let executers = self.side(Side::Executers);
            let joined = self.spec.joined("LEFT JOIN", self.dialect().same);
            let figures = crate::Figures::selected();
            (
                format!(", c.attempt, {figures}, x.program, x.profile, x.git, x.cpu, x.host, x.slurm"),
                format!("{joined} LEFT JOIN `{executers}` x ON x.executer_id=c.executer_id"),
            )
        } else {
            (", NULL".repeat(Self::PROVENANCE.len()), format!("`{}` e", self.spec.name))
        };
        self.pages(selector, columns, source, each).await
    }

    /// Reads the selected rows in pages: `columns` of the main table, then what else is selected from where.
    async fn pages<E: From<StoreError>>(
        &mut self,
        selector: &Selector,
        columns: &[&str],
        (selected, from): (String, String),
        mut each: impl FnMut(Record) -> Result<(), E>,
    ) -> Result<(), E> {
        let (condition, binds) = selector.condition(self.dialect());
        let names: Vec<_> = columns.iter().map(|column| format!(", e.`{column}`")).collect();
        let sql = format!(
            "SELECT e.ID{}{selected} FROM {from} WHERE {condition} AND e.ID > ? ORDER BY e.ID LIMIT {PAGE}",
            names.concat(),
        );
        let reader = self.spec.reader(columns);
        self.paged(&sql, &binds, |mut record| {
            reader.read(&mut record.values);
            each(record)
        })
        .await
    }

    /// Reads a query in pages of [`PAGE`] rows: it gives a number that grows, then values, and its last value is the number
    /// to go on after.
    pub(crate) async fn paged<E: From<StoreError>>(
        &mut self,
        sql: &str,
        binds: &[Value],
        mut each: impl FnMut(Record) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut after = 0;
        loop {
            let binds = binds.iter().cloned().chain([Value::Int(after)]).collect();
            let page = self.query(sql.to_owned(), binds).await?;
            let is_last = page.len() < PAGE;
            for mut row in page {
                after = row.int(0).unwrap_or(after);
                each(Record { id: after, values: row.0.split_off(1) })?;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// Every column of the main table but `ID`, in order.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        self.spec.columns().into_iter().map(|(name, _)| name).collect()
    }

    /// A column of the main table as it is told apart letter by letter.
    fn exact(&self, column: &str) -> String {
        let mut fields = self.spec.keyfields.iter().chain(&self.spec.resultfields);
        let is_text = fields.any(|field| field.name == column && matches!(field.column_type.kind(), Kind::Text { .. }));
        let plain = format!("e.`{column}`");
        if is_text { self.dialect().exact_text.replace("{}", &plain) } else { plain }
    }

    pub(crate) async fn query(&mut self, sql: String, binds: Vec<Value>) -> Result<Vec<Row>> {
        let statement = Statement::new(sql, binds);
        self.connection.repeat(async |connection| connection.rows(statement.clone()).await).await
    }
}

fn unfit_of(id: i64, payload: &str) -> Vec<Unfit> {
    let fields: HashMap<String, (String, String)> = serde_json::from_str(payload).unwrap_or_default();
    fields.into_iter().map(|(field, (value, reason))| Unfit { id, field, value, reason }).collect()
}

pub(crate) fn seconds_of(value: &Value) -> f64 {
    match value {
        Value::Text(decimal) => decimal.parse().unwrap_or_default(),
        other => other.as_f64().unwrap_or_default(),
    }
}
