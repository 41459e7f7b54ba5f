//! Which database: the URL, and its form for people, without the password.

use std::fmt;
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str};

use crate::{Backend, Result, StoreError};

/// A database that a store can be opened on.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// An `SQLite` file.
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Whether it is opened although it is on a network file system.
        on_network: bool,
    },
    /// A `MySQL` or `MariaDB` database: the URL for the driver, and `host[:port]/database` for people.
    Mysql {
        /// The URL with the password, never shown.
        url: String,
        /// `mysql://host[:port]/database`.
        shown: String,
    },
}

const FORMS: &str = "a database is `sqlite://path/to/file.db` or `mysql://user:password@host:port/database` \
                     (`?require_ssl=true` for TLS, `?socket=/path/to/socket` for a server's socket on this machine)";

impl Target {
    /// Reads a URL: `sqlite://path` or `mysql://user:password@host:port/database`. An SQLite file on a network file system
    /// is opened with `sqlite://path?network=yes` alone.
    ///
    /// # Errors
    /// When it is neither; the message shows the right form and no password.
    ///
    /// ```
    /// use experimenter_diesel::Target;
    ///
    /// let target = Target::parse("mysql://me:secret@db.host/thesis")?;
    /// assert_eq!(target.to_string(), "mysql://db.host/thesis");
    /// # Ok::<(), experimenter_diesel::StoreError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        match text.split_once("://") {
            Some(("sqlite", path)) => Self::sqlite(path),
            Some(("mysql" | "mariadb", rest)) => Self::mysql(rest),
            Some((scheme, _)) => {
                Err(StoreError::Url(format!("`{scheme}://` is no database that is known here; {FORMS}")))
            }
            None => Err(StoreError::Url(format!("the database's URL lacks its `…://`; {FORMS}"))),
        }
    }

    /// The kind of database.
    #[must_use]
    pub fn backend(&self) -> Backend {
        match self {
            Self::Sqlite { .. } => Backend::Sqlite,
            Self::Mysql { .. } => Backend::Mysql,
        }
    }

    /// A database on a `MySQL` or `MariaDB` server, `host` or `host:port`, with user and password as they are.
    ///
    /// # Errors
    /// When the host or a name is none; the message shows no password.
    pub fn server(host: &str, database: &str, user: &str, password: &str) -> Result<Self> {
        const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-').remove(b'.');
        let encode = |text: &str| percent_encoding::percent_encode(text.as_bytes(), KEPT).to_string();
        Self::mysql(&format!("{}:{}@{host}/{}", encode(user), encode(password), encode(database)))
    }

    /// An `SQLite` file, which a network file system is no place for.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::Sqlite { path: path.into(), on_network: false }
    }

    fn sqlite(rest: &str) -> Result<Self> {
        let (path, option) = rest.split_once('?').map_or((rest, None), |(path, option)| (path, Some(option)));
        let on_network = match option {
            None => false,
            Some("network=yes") => true,
            Some(option) => {
                return Err(StoreError::Url(format!(
                    "the database's URL has the option `{option}`, and an SQLite file can have `network=yes` alone (a `?` \
                     of its path is written `%3F`); {FORMS}"
                )));
            }
        };
        if path.is_empty() {
            return Err(StoreError::Url(format!("the database's URL lacks the path of its file; {FORMS}")));
        }
        let path = percent_decode_str(path)
            .decode_utf8()
            .map_err(|_| StoreError::Url(format!("the path of the database's file is not UTF-8; {FORMS}")))?;
        Ok(Self::Sqlite { path: Path::new(&*path).to_path_buf(), on_network })
    }

    fn mysql(rest: &str) -> Result<Self> {
        // A password may hold what a URL does not allow; the last `@` before the host ends it.
        let (user, place) = rest.rsplit_once('@').unwrap_or(("", rest));
        let wrong = |what: &str| StoreError::Url(format!("the database's URL {what}; {FORMS}"));
        let (host, database) = place.split_once('/').ok_or_else(|| wrong("lacks `/database` after the host"))?;
        let (database, options) =
            database.split_once('?').map_or((database, None), |(name, query)| (name, Some(query)));
        if host.is_empty() {
            return Err(wrong("lacks the host"));
        }
        if database.is_empty() || database.contains('/') {
            return Err(wrong("needs one database name after the host"));
        }
        if user.is_empty() {
            return Err(wrong("lacks the user"));
        }
        if let Some(port) = host.rsplit_once(':').map(|(_, port)| port).filter(|_| !host.ends_with(']')) {
            port.parse::<u16>()
                .map_err(|_| wrong(&format!("has the port `{port}`, which is not a number up to 65535")))?;
        }
        let (name, password) = user.split_once(':').map_or((user, None), |(name, password)| (name, Some(password)));
        let password = password.map_or_else(String::new, |password| format!(":{}", reencode(password)));
        let options = options.map_or_else(|| NO_SOCKET.to_owned(), with_socket_as_said);
        let url = format!("mysql://{}{password}@{host}/{database}?{options}", reencode(name));
        mysql_async::Opts::from_url(&url).map_err(|error| match error {
            // The driver's other messages may quote the URL.
            mysql_async::UrlError::UnknownParameter { param } => wrong(&format!("has the unknown option `{param}`")),
            mysql_async::UrlError::InvalidParamValue { param, value } => {
                wrong(&format!("has the option `{param}` with the value `{value}`, which it cannot have"))
            }
            _ => wrong("is malformed"),
        })?;
        Ok(Self::Mysql { url, shown: format!("mysql://{host}/{database}") })
    }
}

/// The driver would ask the server for the path of its socket, and go on over what has that path on this machine: behind a
/// tunnel, or on a host with a server of its own, that is another server.
const NO_SOCKET: &str = "prefer_socket=false";

fn with_socket_as_said(options: &str) -> String {
    let says = |option: &str| matches!(option.split_once('='), Some(("socket" | "prefer_socket", _)));
    if options.split('&').any(says) { options.to_owned() } else { format!("{options}&{NO_SOCKET}") }
}

/// Encodes what a URL does not allow, and leaves what was encoded already.
fn reencode(text: &str) -> String {
    let decoded = percent_decode_str(text).collect::<Vec<u8>>();
    percent_encoding::percent_encode(&decoded, NON_ALPHANUMERIC).to_string()
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path, .. } => write!(f, "sqlite://{}", path.display()),
            Self::Mysql { shown, .. } => f.write_str(shown),
        }
    }
}

/// As for people: a password must not reach a log through `{:?}` either.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_stay_out_of_sight() {
        let target = Target::parse("mysql://me:p@ss:w/rd@db.host:3307/thesis?require_ssl=true");
        // A `/` in a password has to be encoded; the message must not show it.
        assert!(target.as_ref().is_ok_and(|t| t.to_string() == "mysql://db.host:3307/thesis"), "{target:?}");
        for wrong in ["mysql://me:secret@host", "mysql://me:secret@host/db?nonsense=1", "mysql://me:secret@host:x/db"] {
            let error = Target::parse(wrong).expect_err("malformed").to_string();
            assert!(!error.contains("secret") && error.contains("mysql://user:password@host"), "{error}");
        }
    }

    #[test]
    fn a_server_is_named_by_its_parts() {
        let target = Target::server("db.host:3307", "my_thesis", "me", "p@ss:w/rd%");
        assert!(matches!(&target, Ok(t) if t.to_string() == "mysql://db.host:3307/my_thesis"), "{target:?}");
        let Ok(Target::Mysql { url, .. }) = target else { panic!("it is a server") };
        let options = mysql_async::Opts::from_url(&url).expect("a URL");
        assert_eq!((options.user(), options.pass()), (Some("me"), Some("p@ss:w/rd%")));
        assert_eq!(options.db_name(), Some("my_thesis"));
        let error = Target::server("", "db", "me", "secret").expect_err("no host").to_string();
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn a_socket_is_used_where_the_url_says_so_alone() {
        let socket = |url: &str| {
            let Ok(Target::Mysql { url, .. }) = Target::parse(url) else { panic!("{url}") };
            let options = mysql_async::Opts::from_url(&url).expect("a URL");
            (options.prefer_socket(), options.socket().map(str::to_owned))
        };
        assert_eq!(socket("mysql://me@localhost/db"), (false, None));
        assert_eq!(socket("mysql://me@db.host/db?require_ssl=true"), (false, None));
        assert_eq!(socket("mysql://me@localhost/db?prefer_socket=true"), (true, None));
        assert_eq!(socket("mysql://me@localhost/db?socket=/run/s").1.as_deref(), Some("/run/s"));
    }

    #[test]
    fn a_network_file_system_is_allowed_by_name() {
        let target = Target::parse("sqlite://t.db?network=yes");
        assert_eq!(target, Ok(Target::Sqlite { path: "t.db".into(), on_network: true }));
        assert_eq!(Target::parse("sqlite://what%3F.db"), Ok(Target::file("what?.db")));
    }

    #[test]
    fn malformed_urls_say_the_right_form() {
        for (url, says) in [
            ("thesis.db", "lacks its `…://`"),
            ("postgres://x", "`postgres://`"),
            ("sqlite://", "lacks the path"),
            ("sqlite://?network=yes", "lacks the path"),
            ("sqlite://what?.db", "`%3F`"),
            ("mysql://host/db", "lacks the user"),
            ("mysql://me@/db", "lacks the host"),
            ("mysql://me@host/", "database name"),
            ("mysql://me@host/db?nonsense=1", "unknown option `nonsense`"),
        ] {
            let error = Target::parse(url).expect_err("malformed").to_string();
            assert!(error.contains(says), "{url}: {error}");
        }
    }
}
