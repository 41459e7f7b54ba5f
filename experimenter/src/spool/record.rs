//! What stands in a log.

use std::path::PathBuf;

use experimenter_diesel::{Finish, Target};
use serde::{Deserialize, Serialize};

/// Whose results a log has: its first record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The database, without user and password.
    pub database: String,
    /// The table.
    pub table: String,
    /// The executer.
    pub executer: i64,
    /// Its host.
    pub host: String,
    /// Its process.
    pub pid: u32,
}

impl Header {
    /// The header of an executer's log.
    #[must_use]
    pub fn new(target: &Target, table: &str, executer: i64, host: &str) -> Self {
        Self {
            database: database(target),
            table: table.to_owned(),
            executer,
            host: host.to_owned(),
            pid: std::process::id(),
        }
    }
}

/// A result, with its number in the executer's logs and the time at which it was written there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spooled {
    /// Its number.
    pub sequence: u64,
    /// When it was written, in seconds since 1970.
    pub written: u64,
    /// What ran, and how it ended.
    pub finish: Finish,
}

/// What a frame holds.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Record {
    Header(Header),
    Result(Box<Spooled>),
    /// The database has the results of these numbers, or will never take them.
    Acknowledged(Vec<u64>),
}

/// A database as logs name it: the same for every way to type it.
#[must_use]
pub fn database(target: &Target) -> String {
    match target {
        Target::Sqlite { path, .. } => {
            let absolute = || std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path));
            format!("sqlite://{}", path.canonicalize().unwrap_or_else(|_| absolute()).display())
        }
        Target::Mysql { shown, .. } => with_port(&shown.to_lowercase()),
    }
}

/// `mysql://host/database` has the port that every such database has.
fn with_port(shown: &str) -> String {
    let Some((host, database)) = shown.strip_prefix("mysql://").and_then(|rest| rest.split_once('/')) else {
        return shown.to_owned();
    };
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let port = if has_port { "" } else { ":3306" };
    format!("mysql://{host}{port}/{database}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_has_one_name_however_it_is_typed() {
        let name = |url: &str| database(&Target::parse(url).expect("a URL"));
        assert_eq!(name("mysql://me:secret@DB.host/thesis"), "mysql://db.host:3306/thesis");
        assert_eq!(name("mysql://you@db.host:3306/thesis?require_ssl=true"), "mysql://db.host:3306/thesis");
        assert_eq!(name("mysql://me@[::1]/thesis"), "mysql://[::1]:3306/thesis");
        assert_eq!(name("sqlite://no/such.db"), name("sqlite://./no/such.db"));
    }
}
