//! An `SQLite` file belongs to the executers of one host: its readers and writers share memory.

use crate::spec::Side;
use crate::store::Store;
use crate::{Backend, ProcessIdentity, Result, StoreError, Value};

impl Store {
    /// Checks that no executer on another host works on the same `SQLite` file. A server is for every host.
    ///
    /// A host may change its name, which leaves its boot, and be booted anew, which leaves its name.
    ///
    /// # Errors
    /// [`StoreError::Refused`] with that executer and the way out.
    pub async fn check_host(&mut self, host: &str) -> Result<()> {
        if self.backend() != Backend::Sqlite || !self.has_sides {
            return Ok(());
        }
        let boot = ProcessIdentity::own().map(|own| own.boot);
        let sql = format!(
            "SELECT x.host, x.pid, x.started_at, x.expires_at FROM `{}` x \
             WHERE x.state='alive' AND x.expires_at>{} AND x.host<>? AND x.boot IS NOT ? ORDER BY x.started_at LIMIT 1",
            self.side(Side::Executers),
            self.dialect().now
        );
        let others = self.query(sql, vec![Value::from(host), Value::from(boot)]).await?;
        let Some(other) = others.first() else { return Ok(()) };
        let (other_host, pid) = (other.text(0).unwrap_or_default(), other.int(1).unwrap_or_default());
        let (since, until) = (other.text(2).unwrap_or_default(), other.text(3).unwrap_or_default());
        Err(StoreError::Refused(format!(
            "process {pid} on the host {other_host} has worked on this SQLite file since {since} UTC, and this is the host \
             {host}: an SQLite file is for one host, since executers on two can lose results\n\
             start this one on {other_host}, or end that one; if {other_host} is gone, try again after {until} UTC\n\
             for several hosts use a MariaDB or MySQL server: `--database mysql://user:password@host/database`"
        )))
    }
}
