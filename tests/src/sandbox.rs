//! A folder to run programs in, and what came of a run.

use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display, Formatter};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::{NamedTempFile, TempDir};

use crate::process::{Ended, Process};
use crate::watchdog;

/// How long a program may run when nothing else is said.
const DEADLINE: Duration = Duration::from_secs(120);

/// What of the tester's own environment would change the behaviour of a program.
const CLEARED: [&str; 5] = ["CLICOLOR_FORCE", "COLUMNS", "NO_COLOR", "RUST_BACKTRACE", "RUST_LOG"];

/// A temporary folder that programs run in. It is removed when it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    /// Makes an empty folder.
    #[expect(clippy::new_without_default, reason = "a folder on the disk is not a default value")]
    pub fn new() -> Self {
        Self { folder: watchdog::folder("experimenter-sandbox-") }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, with the folders above it.
    #[track_caller]
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
        written.unwrap_or_else(|error| panic!("{} cannot be written: {error}", path.display()));
    }

    /// The text of a file.
    #[track_caller]
    pub fn read(&self, name: &str) -> String {
        let path = self.path().join(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()))
    }

    /// Runs a program to its end, or to the deadline of two minutes, which is a panic.
    #[track_caller]
    pub fn run<A: AsRef<OsStr>>(&self, program: impl AsRef<OsStr>, args: impl IntoIterator<Item = A>) -> Output {
        self.program(program).args(args).run()
    }

    /// Starts a program and lets it run beside the test.
    #[track_caller]
    pub fn spawn<A: AsRef<OsStr>>(&self, program: impl AsRef<OsStr>, args: impl IntoIterator<Item = A>) -> Running {
        self.program(program).args(args).spawn()
    }

    /// A program to run in this folder, with more to be said about how.
    pub fn program(&self, program: impl AsRef<OsStr>) -> Program {
        let mut command = Command::new(program);
        command.current_dir(self.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let known = name.to_str().unwrap_or_default();
            if known.starts_with("EXPERIMENTER_") || CLEARED.contains(&known) {
                command.env_remove(name);
            }
        }
        Program { command, deadline: DEADLINE }
    }
}

/// A program about to run: without input, and without the tester's `EXPERIMENTER_*` variables.
#[derive(Debug)]
pub struct Program {
    command: Command,
    deadline: Duration,
}

impl Program {
    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// How long after its start the program has to have ended.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The text that the program reads as its input.
    #[must_use]
    #[track_caller]
    pub fn stdin(mut self, text: &str) -> Self {
        let file = capture();
        fs::write(file.path(), text).expect("the input of a program cannot be written");
        self.command.stdin(file.reopen().expect("the input of a program cannot be opened"));
        self
    }

    /// Runs the program to its end; when its deadline comes first, that is a panic with what it printed.
    #[track_caller]
    pub fn run(self) -> Output {
        self.spawn().wait()
    }

    /// Starts the program and lets it run beside the test.
    #[track_caller]
    pub fn spawn(mut self) -> Running {
        let (stdout, stderr) = (capture(), capture());
        let open = |file: &NamedTempFile| file.reopen().expect("the output of a program cannot be captured");
        self.command.stdout(open(&stdout)).stderr(open(&stderr));
        let title = title(&self.command);
        let process = Process::spawn(&mut self.command);
        Running { process, title, stdout, stderr, started: Instant::now(), deadline: self.deadline }
    }
}

/// A program that runs beside the test. With its process group it is killed when this is dropped.
#[derive(Debug)]
pub struct Running {
    process: Process,
    title: String,
    // Files and no pipes: a program that prints a lot is never held up, and the text is there while it runs.
    stdout: NamedTempFile,
    stderr: NamedTempFile,
    started: Instant,
    deadline: Duration,
}

impl Running {
    /// The process number.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Whether the program still runs.
    pub fn is_running(&mut self) -> bool {
        self.process.ended().is_none()
    }

    /// Whether it is stopped by SIGSTOP.
    pub fn is_stopped(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.id())).unwrap_or_default();
        stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T'))
    }

    /// Waits for the end of the program; when its deadline comes first, that is a panic with what it printed.
    #[track_caller]
    pub fn wait(mut self) -> Output {
        let left = self.deadline.saturating_sub(self.started.elapsed());
        if let Some(ended) = self.process.wait_for(left) {
            return self.output(ended);
        }
        self.process.kill_group();
        let output = self.killed();
        panic!("still running after {} s, and so killed: {output}", self.deadline.as_secs_f64());
    }

    /// Waits until the program has printed the text; when it ends or its deadline comes first, that is a panic.
    #[track_caller]
    pub fn wait_for_stdout(&mut self, text: &str) {
        loop {
            // The order matters: what is printed last before the end has to be seen.
            let over = !self.is_running() || self.started.elapsed() > self.deadline;
            let printed = self.stdout();
            if printed.contains(text) {
                return;
            }
            assert!(
                !over,
                "`{}` never printed `{text}` but:\n{printed}\nand on stderr:\n{}",
                self.title,
                self.stderr()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends a signal to the program alone, as `kill` in a shell does.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Kills the program and its children by SIGKILL, and returns what it had printed.
    #[track_caller]
    pub fn kill(mut self) -> Output {
        self.process.kill_group();
        self.killed()
    }

    /// What was printed to the standard output so far.
    #[track_caller]
    pub fn stdout(&self) -> String {
        text(&self.stdout)
    }

    /// What was printed to the standard error so far.
    #[track_caller]
    pub fn stderr(&self) -> String {
        text(&self.stderr)
    }

    #[track_caller]
    fn killed(&mut self) -> Output {
        let ended = self.process.wait_for(Duration::from_secs(30)).expect("a killed process is still there after 30 s");
        self.output(ended)
    }

    #[track_caller]
    fn output(&self, ended: Ended) -> Output {
        Output {
            code: ended.code,
            signal: ended.signal,
            stdout: self.stdout(),
            stderr: self.stderr(),
            title: self.title.clone(),
        }
    }
}

/// What came of a run. The checks panic with all that is known, and can be chained.
#[derive(Clone, Debug)]
pub struct Output {
    /// The exit code, unless a signal ended the program.
    pub code: Option<i32>,
    /// The number of the signal that ended the program.
    pub signal: Option<i32>,
    /// What it printed to its standard output.
    pub stdout: String,
    /// What it printed to its standard error.
    pub stderr: String,
    title: String,
}

impl Output {
    /// Checks that the exit code is 0.
    #[track_caller]
    pub fn success(&self) -> &Self {
        self.fails_with(0)
    }

    /// Checks the exit code.
    #[track_caller]
    pub fn fails_with(&self, code: i32) -> &Self {
        assert!(self.code == Some(code), "expected exit code {code} of {self}");
        self
    }

    /// Checks that the standard output holds the text.
    #[track_caller]
    pub fn stdout_has(&self, text: &str) -> &Self {
        assert!(self.stdout.contains(text), "expected `{text}` in the stdout of {self}");
        self
    }

    /// Checks that the standard error holds the text.
    #[track_caller]
    pub fn stderr_has(&self, text: &str) -> &Self {
        assert!(self.stderr.contains(text), "expected `{text}` in the stderr of {self}");
        self
    }

    /// Checks that neither stream holds the text: a password, a backtrace.
    #[track_caller]
    pub fn has_nowhere(&self, text: &str) -> &Self {
        let found = self.stdout.contains(text) || self.stderr.contains(text);
        assert!(!found, "expected no `{text}` in the output of {self}");
        self
    }
}

impl Display for Output {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { code, signal, stdout, stderr, title } = self;
        writeln!(f, "`{title}`")?;
        match (code, signal) {
            (Some(code), _) => writeln!(f, "--- exit code {code}")?,
            (None, Some(signal)) => writeln!(f, "--- ended by signal {signal}")?,
            (None, None) => writeln!(f, "--- no exit code")?,
        }
        write!(f, "--- stdout:\n{stdout}\n--- stderr:\n{stderr}\n---")
    }
}

/// The command as a user would type it, near enough for a message.
fn title(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let words: Vec<OsString> = std::iter::once(name).chain(command.get_args()).map(OsString::from).collect();
    words.join(OsStr::new(" ")).to_string_lossy().into_owned()
}

#[track_caller]
fn capture() -> NamedTempFile {
    NamedTempFile::new().expect("the output of a program cannot be captured")
}

#[track_caller]
fn text(file: &NamedTempFile) -> String {
    let bytes = fs::read(file.path()).expect("the captured output of a program cannot be read");
    String::from_utf8_lossy(&bytes).into_owned()
}
