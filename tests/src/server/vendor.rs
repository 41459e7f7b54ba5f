//! In what MariaDB and MySQL differ for the tests.

use std::ffi::OsString;
use std::fmt::{self, Display, Formatter};
use std::process::Command;

use super::install;

/// Names the `mysqld` of MySQL, when that is to be tested: `tests/mysql.sh` does it.
const MYSQL: &str = "EXPERIMENTER_MYSQL";

/// Who makes the server of this test process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vendor {
    /// `MariaDB`, unless something else is said.
    MariaDb,
    /// `MySQL`.
    MySql,
}

impl Vendor {
    /// The one that is tested.
    pub fn tested() -> Self {
        mysqld().map_or(Self::MariaDb, |_| Self::MySql)
    }

    /// The options that shape the data: a small redo log makes a small copy. A server on the copy gets them too.
    pub(super) fn options(self) -> &'static [&'static str] {
        match self {
            Self::MariaDb => &["--innodb-log-file-size=16M"],
            // MySQL takes packets that are four times as large, and what is larger than one has to be refused.
            Self::MySql => &[
                "--innodb-redo-log-capacity=32M",
                "--max-allowed-packet=16M",
                "--mysqlx=OFF",
                "--secure-file-priv=NULL",
            ],
        }
    }

    /// The program that makes the data of a fresh server, whose administrator has no password.
    pub(super) fn initialiser(self) -> Command {
        let program = match self {
            Self::MariaDb => install::initialiser(),
            Self::MySql => install::server(),
        };
        let mut initialiser = Command::new(program);
        initialiser.arg("--no-defaults").args(match self {
            Self::MariaDb => &["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"][..],
            Self::MySql => &["--initialize-insecure"],
        });
        initialiser
    }

    /// What keeps the administrator of a fresh server from coming in through the network.
    pub(super) fn close_the_network(self) -> &'static str {
        match self {
            Self::MariaDb => "DELETE FROM mysql.global_priv WHERE Host <> 'localhost'; FLUSH PRIVILEGES",
            Self::MySql => "",
        }
    }

    /// The server's own table of connections.
    pub(super) fn processes(self) -> &'static str {
        match self {
            Self::MariaDb => "information_schema.processlist",
            // The other one fails on statements of bytes.
            Self::MySql => "performance_schema.processlist",
        }
    }
}

impl Display for Vendor {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MariaDb => "MariaDB",
            Self::MySql => "MySQL",
        })
    }
}

/// The program that is tested in place of MariaDB's, if one is.
pub(super) fn mysqld() -> Option<OsString> {
    std::env::var_os(MYSQL)
}
