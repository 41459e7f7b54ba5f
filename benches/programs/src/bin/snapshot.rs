//! `snapshot DATABASE`: holds a consistent snapshot of a MariaDB database open until it is killed, as an open notebook or a
//! dump does.

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use tokio::runtime::Builder;

#[expect(clippy::print_stdout, reason = "it says when the snapshot is there")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let database = std::env::args().nth(1).ok_or("snapshot DATABASE")?;
    Builder::new_current_thread().enable_all().build()?.block_on(async {
        let mut connection = Conn::new(mysql_async::Opts::from_url(&database)?).await?;
        connection.query_drop("START TRANSACTION WITH CONSISTENT SNAPSHOT").await?;
        let rows: Option<u64> = connection.query_first("SELECT COUNT(*) FROM noop").await?;
        println!("open: {} rows", rows.unwrap_or_default());
        std::future::pending().await
    })
}
