//! Programs that are to claim no more rows, since they were built from what has been mended since.

use crate::report::seconds_of;
use crate::spec::Side;
use crate::statement::Statement;
use crate::store::Store;
use crate::{Result, Value};

/// What the names of such programs begin with in the table of what is known of the tables.
const NAME: &str = "retired/";

/// How much of a program's hash is in that name, which has at most 64 characters.
const LENGTH: usize = 48;

/// A program that has executed rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    /// The hash of its file.
    pub hash: String,
    /// How many of its executers are at work.
    pub live: u64,
    /// How long ago one of its executers was last heard of, in seconds.
    pub silent_seconds: f64,
    /// Whether it claims no more rows.
    pub is_retired: bool,
}

impl Store {
    /// The programs that have executed rows, the latest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn programs(&mut self) -> Result<Vec<Program>> {
        if !self.has_sides {
            return Ok(Vec::new());
        }
        let dialect = self.dialect();
        let silent = dialect.seconds_since.replace("{}", "x.beat_at");
        let sql = format!(
            "SELECT x.program, SUM(CASE WHEN x.state='alive' AND x.expires_at>{} THEN 1 ELSE 0 END), MIN({silent}), \
             MAX(CASE WHEN m.name IS NULL THEN 0 ELSE 1 END) FROM `{}` x LEFT JOIN `{}` m ON {} \
             WHERE x.program<>'' GROUP BY x.program ORDER BY 3",
            dialect.now,
            self.side(Side::Executers),
            self.side(Side::Meta),
            retires("m", "x"),
        );
        let rows = self.query(sql, Vec::new()).await?;
        let programs = rows.into_iter().filter_map(|row| {
            Some(Program {
                hash: row.text(0)?.to_owned(),
                live: row.int(1).and_then(|n| u64::try_from(n).ok()).unwrap_or_default(),
                silent_seconds: row.0.get(2).map_or(0.0, seconds_of),
                is_retired: row.int(3) == Some(1),
            })
        });
        Ok(programs.collect())
    }

    /// Has the executers of a program claim no more rows. What they run comes to its end.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn retire(&mut self, program: &str) -> Result<()> {
        let meta = self.side(Side::Meta);
        let sql = format!(
            "INSERT INTO `{meta}` (name, value) SELECT ?, ? FROM (SELECT 1) one \
             WHERE NOT EXISTS (SELECT 1 FROM `{meta}` m WHERE m.name=?)"
        );
        let name = Value::from(name_of(program));
        self.execute(sql, vec![name.clone(), program.into(), name]).await
    }

    /// Lets the executers of a program claim rows again.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn reinstate(&mut self, program: &str) -> Result<()> {
        let sql = format!("DELETE FROM `{}` WHERE name=?", self.side(Side::Meta));
        self.execute(sql, vec![name_of(program).into()]).await
    }

    async fn execute(&mut self, sql: String, binds: Vec<Value>) -> Result<()> {
        let statement = Statement::new(sql, binds);
        self.connection.repeat(async |connection| connection.execute(statement.clone()).await).await.map(drop)
    }

    /// How many lines say that an executer's program is retired: a query for one of a claim's columns.
    pub(crate) fn retired_query(&self, executer: i64) -> String {
        format!(
            "SELECT COUNT(*) FROM `{}` m JOIN `{}` w ON {} WHERE w.executer_id={executer}",
            self.side(Side::Meta),
            self.side(Side::Executers),
            retires("m", "w"),
        )
    }
}

fn name_of(program: &str) -> String {
    format!("{NAME}{}", program.chars().take(LENGTH).collect::<String>())
}

/// The condition that a line retires the program of an executer.
fn retires(line: &str, executer: &str) -> String {
    format!("{line}.name LIKE '{NAME}%' AND {line}.value={executer}.program")
}
