//! A private server in a temporary folder: of MariaDB, or of MySQL.

mod client;
mod install;
mod template;
mod vendor;

use std::fs::{self, File, OpenOptions};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub use vendor::Vendor;

use crate::process::Process;
use crate::wait_until;
use crate::{Proxy, Rows, watchdog};

/// How long a server has until it accepts connections. It includes the recovery after a kill.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often a start is repeated when another process has taken the port in between.
const PORT_ATTEMPTS: u32 = 20;

/// What a server writes to its log when the port is taken.
const PORT_TAKEN: &str = "Bind on TCP/IP port";

/// As durable as a server can be set, small, and otherwise with the defaults of the server itself: in particular the
/// character set is not utf8mb4 unless a table says so.
const OPTIONS: [&str; 10] = [
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--innodb-flush-log-at-trx-commit=1",
    "--sync-binlog=1",
    "--skip-log-bin",
    "--innodb-buffer-pool-size=64M",
    "--innodb-buffer-pool-dump-at-shutdown=0",
    "--innodb-buffer-pool-load-at-startup=0",
    "--key-buffer-size=1M",
    "--max-connections=400",
];

/// What a server logs that refuses its own data.
const CORRUPTION: &str = "Data structure corruption";

/// A server of this test process, on a loopback port and on a socket in its folder.
///
/// It is killed, and its folder removed, when it is dropped or when the test process ends. What disturbs other users of
/// a server takes it `mut`, so nobody can do it to the shared one.
#[derive(Debug)]
pub struct Server {
    // Dropped in this order: the server first, its folder after it.
    process: Option<Process>,
    folder: TempDir,
    port: u16,
    options: Vec<String>,
}

impl Server {
    /// Starts a server with no databases in it.
    #[track_caller]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts one with options of its own, in the form of the server's command line; they win over those of the rig.
    #[track_caller]
    pub fn start_with(options: &[&str]) -> Self {
        let folder = watchdog::folder("experimenter-server-");
        let copied = template::copy_to(&data(folder.path()));
        copied.unwrap_or_else(|error| panic!("the data of a fresh server cannot be copied: {error}"));
        let options = options.iter().map(ToString::to_string).collect();
        let mut server = Self { process: None, folder, port: 0, options };
        server.launch(free_port);
        server.sql("", Vendor::tested().close_the_network());
        server
    }

    /// The server that all tests of this process share. It starts when it is first asked for.
    #[track_caller]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// The port on 127.0.0.1. It stays the same when the server is restarted.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process number of the server, if it runs.
    pub fn id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// The folder of the server: its data, its socket and its log.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Makes an empty database, and a user who may do everything in it and nothing elsewhere.
    #[track_caller]
    pub fn database(&self) -> Database {
        let name = format!("grid{}", unique());
        let (user, password) = new_user();
        let text = format!(
            "CREATE DATABASE {name}; CREATE USER '{user}'@'%' IDENTIFIED BY '{password}'; \
             GRANT ALL PRIVILEGES ON {name}.* TO '{user}'@'%'"
        );
        self.sql("", &text);
        Database { socket: self.socket(), port: self.port, name, user, password }
    }

    /// Runs statements as the administrator, in the database unless that is empty, and returns the rows as the
    /// command-line client prints them: a line each, with tabs in between.
    #[track_caller]
    pub fn sql(&self, database: &str, text: &str) -> String {
        client::table(&self.socket(), database, text)
    }

    /// Kills the server by SIGKILL, as a power failure would.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts the server again, on the port and the data it had, killing it first if it runs.
    #[track_caller]
    pub fn restart(&mut self) {
        self.kill();
        let port = self.port;
        self.launch(|| port);
    }

    /// The same after a kill amid any work; says whether the server could recover. Of hundreds of kills one leaves MariaDB
    /// 10.11 with a log of its own that it refuses to apply, and nothing can be said of what was in it.
    #[track_caller]
    pub fn recovers(&mut self) -> bool {
        self.kill();
        match self.try_launch() {
            Ok(process) => {
                self.process = Some(process);
                true
            }
            Err(log) if log.contains(CORRUPTION) => false,
            Err(_) => {
                self.restart();
                true
            }
        }
    }

    /// Refuses the writes of everybody but the administrator, or no more.
    #[track_caller]
    pub fn set_read_only(&mut self, read_only: bool) {
        self.sql("", &format!("SET GLOBAL read_only = {}", u8::from(read_only)));
    }

    #[track_caller]
    fn launch(&mut self, port: impl Fn() -> u16) {
        for _ in 0..PORT_ATTEMPTS {
            self.port = port();
            match self.try_launch() {
                Ok(process) => {
                    self.process = Some(process);
                    return;
                }
                Err(log) if log.contains(PORT_TAKEN) => std::thread::sleep(Duration::from_millis(200)),
                Err(log) => panic!("the server did not start; its log:\n{log}"),
            }
        }
        panic!("the server found its port taken {PORT_ATTEMPTS} times, lastly port {}", self.port);
    }

    /// The running server, or the log of one that gave up or took too long.
    fn try_launch(&self) -> Result<Process, String> {
        let log = self.folder.path().join("log");
        // One log for each start, so that an old message is not taken for a new one; the old one is kept beside it.
        let _ = fs::rename(&log, self.folder.path().join("log.before"));
        let mut process = Process::spawn(&mut self.command(&open_log(&log)));
        let deadline = Instant::now() + PATIENCE;
        while process.ended().is_none() && Instant::now() < deadline {
            if UnixStream::connect(self.socket()).is_ok() {
                return Ok(process);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        drop(process);
        Err(fs::read_to_string(&log).unwrap_or_else(|error| format!("(no log: {error})")))
    }

    fn command(&self, log: &File) -> Command {
        let folder = self.folder.path();
        let option = |name: &str, path: &Path| format!("--{name}={}", path.display());
        let mut command = Command::new(install::server());
        // `--no-defaults` has to be the first.
        command.arg("--no-defaults").args(OPTIONS).args(Vendor::tested().options()).args(install::user_option());
        command
            .arg(option("datadir", &data(folder)))
            .arg(option("socket", &self.socket()))
            .arg(option("pid-file", &folder.join("pid")))
            .arg(option("tmpdir", folder))
            .arg(format!("--port={}", self.port))
            .args(&self.options);
        let stream = || log.try_clone().expect("the log of the server cannot be opened twice");
        command.current_dir(folder).stdin(Stdio::null()).stdout(stream()).stderr(stream());
        command
    }

    fn socket(&self) -> PathBuf {
        let socket = self.folder.path().join("s");
        let length = socket.as_os_str().len();
        assert!(length < 108, "the temporary folder has too long a path for a socket: `{}`", socket.display());
        socket
    }
}

/// A database on a [`Server`], with the user who owns it.
#[derive(Clone, Debug)]
pub struct Database {
    socket: PathBuf,
    port: u16,
    name: String,
    user: String,
    password: String,
}

impl Database {
    /// The port of its server on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where the database is, with the name and password of its owner.
    pub fn url(&self) -> String {
        self.url_of(&self.user, &self.password)
    }

    /// The same through a proxy of its server.
    pub fn url_through(&self, proxy: &Proxy) -> String {
        Self { port: proxy.port(), ..self.clone() }.url()
    }

    /// The name of the database.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of the owner.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The password of the owner, which must not show up anywhere.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The same as PyExperimenter's file of credentials.
    pub fn credentials(&self) -> String {
        let Self { port, user, password, .. } = self;
        format!(
            "CREDENTIALS:\n  Database: {{ user: {user}, password: '{password}' }}\n  Connection: {{ Standard: {{ server: \
             '127.0.0.1:{port}' }} }}\n"
        )
    }

    /// The URL of a new user who has these privileges in this database (`"SELECT"`, `"INSERT"`) and no others.
    #[track_caller]
    pub fn with_privileges(&self, privileges: &[&str]) -> String {
        let (user, password) = new_user();
        let mut text = format!("CREATE USER '{user}'@'%' IDENTIFIED BY '{password}';");
        if !privileges.is_empty() {
            text += &format!("GRANT {} ON {}.* TO '{user}'@'%'", privileges.join(", "), self.name);
        }
        client::table(&self.socket, "", &text);
        self.url_of(&user, &password)
    }

    /// Waits until somebody sleeps in this database by `SLEEP`.
    #[track_caller]
    pub fn wait_for_sleeper(&self) {
        let processes = Vendor::tested().processes();
        let sleepers = format!("SELECT COUNT(*) FROM {processes} WHERE state='User sleep' AND db='{}'", self.name);
        wait_until(|| client::table(&self.socket, "", &sleepers).trim() == "1");
    }

    /// Runs a compound statement as the administrator, with loops and branches as in a stored procedure, and returns the
    /// rows as [`Server::sql`] does. Each of its statements sees what others have committed before.
    #[track_caller]
    pub fn script(&self, body: &str) -> String {
        let text = format!(
            "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;\nDELIMITER //\n\
             CREATE PROCEDURE script() BEGIN {body} END//\nCALL script()//\n"
        );
        client::table(&self.socket, &self.name, &text)
    }

    /// Closes the connections of the owner.
    #[track_caller]
    pub fn disconnect(&self) {
        let Self { user, .. } = self;
        let processes = Vendor::tested().processes();
        for kill in self.rows(&format!("SELECT CONCAT('KILL CONNECTION ', id) FROM {processes} WHERE user='{user}'")) {
            self.rows(kill[0].as_deref().expect("a statement"));
        }
    }

    /// Runs statements as the administrator and returns the rows.
    #[track_caller]
    pub fn rows(&self, text: &str) -> Rows {
        client::rows(&self.socket, &self.name, text)
    }

    fn url_of(&self, user: &str, password: &str) -> String {
        format!("mysql://{user}:{password}@127.0.0.1:{}/{}", self.port, self.name)
    }
}

fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

fn open_log(path: &Path) -> File {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.unwrap_or_else(|error| panic!("the log of the server, {}, cannot be written: {error}", path.display()))
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("no loopback port can be had");
    listener.local_addr().expect("a bound listener has an address").port()
}

fn new_user() -> (String, String) {
    let number = unique();
    (format!("user{number}"), format!("pass-word-{number}"))
}

/// A number that was not used before. Names with it hold no underscore, which is a wildcard in a GRANT.
fn unique() -> u32 {
    static LAST: AtomicU32 = AtomicU32::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}
