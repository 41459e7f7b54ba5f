//! Loops over the rows of `noop`: claim one, run nothing, write it back, one commit each.
//!
//! `store` goes through our store, as an executer does that claims one row at a time. `bare` sends the same statements through
//! a bare client of the database, and `skip-locked` claims by `SELECT … FOR UPDATE SKIP LOCKED` in a transaction instead.
//! A loop prints how many rows it ran, and the seconds from its first claim to its last write.

mod bare_mysql;
mod bare_sqlite;
mod statements;
mod store;

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};

/// What goes wrong here ends the program, with its reason.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Client {
    Store,
    Bare,
    SkipLocked,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Order {
    Id,
    Random,
}

#[derive(Debug, Parser)]
struct Arguments {
    client: Client,
    #[arg(long)]
    database: String,
    /// How many connections, each in a thread of its own
    #[arg(long, default_value_t = 1)]
    connections: usize,
    /// The most rows of each connection
    #[arg(long, default_value_t = usize::MAX)]
    rows: usize,
    #[arg(long, default_value = "id")]
    order: Order,
}

/// What one connection does: connect, and after that claim rows and write them back.
trait Loop: Sized {
    fn connect(arguments: &Arguments, name: String) -> Result<Self>;

    /// One row; whether there was any.
    fn row(&mut self) -> Result<bool>;
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let is_sqlite = arguments.database.starts_with("sqlite:");
    let (rows, time) = match (arguments.client, is_sqlite) {
        (Client::Store, _) => run::<store::Store>(&arguments),
        (_, false) => run::<bare_mysql::Bare>(&arguments),
        (_, true) => run::<bare_sqlite::Bare>(&arguments),
    }?;
    println(&serde_json::json!({ "rows": rows, "seconds": time.as_secs_f64() }));
    Ok(())
}

/// All connections start together; the time is that from then until the last of them has ended.
fn run<L: Loop>(arguments: &Arguments) -> Result<(usize, Duration)> {
    let start = Barrier::new(arguments.connections);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..arguments.connections)
            .map(|number| {
                let start = &start;
                scope.spawn(move || -> Result<(usize, Duration)> {
                    let connected = L::connect(arguments, format!("loop{number}"));
                    start.wait();
                    let (mut client, begun) = (connected?, Instant::now());
                    let mut rows = 0;
                    while rows < arguments.rows && client.row()? {
                        rows += 1;
                    }
                    Ok((rows, begun.elapsed()))
                })
            })
            .collect();
        let mut total = (0, Duration::ZERO);
        for thread in threads {
            let (rows, time) = thread.join().map_err(|_| "a thread of the loop panicked")??;
            total = (total.0 + rows, total.1.max(time));
        }
        Ok(total)
    })
}

#[expect(clippy::print_stdout, reason = "the program's result")]
fn println(result: &serde_json::Value) {
    println!("{result}");
}
