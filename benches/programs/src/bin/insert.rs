//! The raw way to fill: multi-row INSERTs of literals through a bare client, into the tables that `fill` has created.
//!
//! `insert DATABASE FIRST_SEED SEEDS` inserts the rows of so many seeds, 5,000 rows and their claims in each transaction,
//! and prints how many rows that were, and the seconds.

use std::fmt::Write;
use std::time::Instant;

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use tokio::runtime::Builder;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const DATASETS: [&str; 5] = ["adult", "covertype", "iris", "letter", "wine"];
const COSTS: [&str; 4] = ["0.1", "1.0", "10.0", "100.0"];
const CHUNK: usize = 5_000;

fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [database, first, seeds] = &arguments[..] else { return Err("insert DATABASE FIRST_SEED SEEDS".into()) };
    let (first, seeds): (usize, usize) = (first.parse()?, seeds.parse()?);
    let rows: Vec<_> = (first..first + seeds)
        .flat_map(|seed| DATASETS.map(|dataset| COSTS.map(|c| (dataset, c, seed))).into_iter().flatten())
        .collect();
    let begun = Instant::now();
    match database.strip_prefix("sqlite://") {
        Some(path) => into_sqlite(path, &rows)?,
        None => Builder::new_current_thread().enable_all().build()?.block_on(into_mysql(database, &rows))?,
    }
    print(&serde_json::json!({ "rows": rows.len(), "seconds": begun.elapsed().as_secs_f64() }));
    Ok(())
}

type Row = (&'static str, &'static str, usize);

async fn into_mysql(database: &str, rows: &[Row]) -> Result<()> {
    let mut connection = Conn::new(mysql_async::Opts::from_url(database)?).await?;
    for chunk in rows.chunks(CHUNK) {
        connection.query_drop("BEGIN").await?;
        connection.query_drop(of_rows(chunk)).await?;
        let first = connection.last_insert_id().ok_or("no ID was given")?;
        connection.query_drop(of_claims(usize::try_from(first)?, chunk)).await?;
        connection.query_drop("COMMIT").await?;
    }
    connection.disconnect().await?;
    Ok(())
}

fn into_sqlite(path: &str, rows: &[Row]) -> Result<()> {
    let connection = rusqlite::Connection::open(path)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    for chunk in rows.chunks(CHUNK) {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        connection.execute_batch(&of_rows(chunk))?;
        let last = usize::try_from(connection.last_insert_rowid())?;
        connection.execute_batch(&of_claims(last + 1 - chunk.len(), chunk))?;
        connection.execute_batch("COMMIT")?;
    }
    Ok(())
}

fn of_rows(rows: &[Row]) -> String {
    let now = chrono::Local::now().format("%Y-%m-%d %H:%M:%S");
    let mut sql = "INSERT INTO noop (dataset, c, seed, creation_date, status) VALUES ".to_owned();
    for (number, (dataset, c, seed)) in rows.iter().enumerate() {
        let comma = if number == 0 { "" } else { ", " };
        let _ = write!(sql, "{comma}('{dataset}', {c}, {seed}, '{now}', 'created')");
    }
    sql
}

/// Their claims, with hashes as random as real ones.
fn of_claims(first: usize, rows: &[Row]) -> String {
    let now = chrono::Local::now().format("%Y-%m-%d %H:%M:%S");
    let mut sql = "INSERT INTO experimenter__noop__claims (experiment_id, created, state, key_hash) VALUES ".to_owned();
    for number in 0..rows.len() {
        let comma = if number == 0 { "" } else { ", " };
        let id = first + number;
        let scattered = (id as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let _ = write!(sql, "{comma}({id}, '{now}', 'ready', X'{scattered:016X}{id:016X}')");
    }
    sql
}

#[expect(clippy::print_stdout, reason = "the program's result")]
fn print(result: &serde_json::Value) {
    println!("{result}");
}
