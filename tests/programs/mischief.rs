//! One experiment that does to its process what its keyfield `mode` says.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what is printed is captured")]

use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use experimenter::Result;
use experimenter::prelude::*;
use rustix::process::{Signal, getpid, kill_process};

/// What a run does.
#[derive(Debug, Clone, Copy, PartialEq, Field)]
enum Mode {
    /// Returns.
    Fine,
    /// Waits for the file `open` in the working directory.
    Wait,
    /// Returns an error after a few lines of output.
    Fail,
    Panic,
    Exit,
    Abort,
    Overflow,
    Segv,
    Kill,
    Term,
    /// Sends what is no message.
    Nonsense,
    /// Starts a process, tells its number in the file `grandchild`, and never returns.
    Hang,
    /// Returns an error when it is asked to stop.
    Heed,
    /// Takes 300 MB of memory and gives them back.
    Large,
    /// Takes more and more memory.
    Grow,
    /// Prints without end.
    Chatter,
    /// Tells in hundreds of seconds how long it may run.
    Time,
}

/// The socket to the executer, which nobody but this program keeps.
static SOCKET: OnceLock<OwnedFd> = OnceLock::new();

#[experiment(
    keyfields = { mode: Mode = [Mode::Fine], n: u32 = 0..10_000 },
    resultfields = { answer: u32, pid: u32, checked: String },
    table = "study",
    timeout = "1h",
)]
fn mischief(key: &MischiefKey, run: &mut MischiefRun) -> Result<MischiefResults> {
    println!("row {} speaks", run.id());
    std::fs::write(format!("begun-{}", key.n), "")?;
    let me = |signal| kill_process(getpid(), signal);
    match key.mode {
        Mode::Fine | Mode::Time => {}
        Mode::Wait => wait(|| Path::new("open").exists()),
        Mode::Fail => {
            for line in 0..100 {
                println!("line {line}");
                eprintln!("complaint {line}");
            }
            return Err(experimenter::Error::msg("as asked"));
        }
        Mode::Panic => panic!("n is {}", key.n),
        Mode::Exit => std::process::exit(3),
        Mode::Abort => std::process::abort(),
        Mode::Overflow => drop(deep(key.n.into())),
        // Twice, since the first has Rust look whether the stack has overflowed.
        Mode::Segv => (me(Signal::SEGV)?, me(Signal::SEGV)?).0,
        Mode::Kill => me(Signal::KILL)?,
        // Asked to stop by nobody but itself.
        Mode::Term => me(Signal::TERM)?,
        Mode::Nonsense => {
            if let Some(socket) = SOCKET.get() {
                rustix::io::write(socket, &[255; 64])?;
            }
            wait(|| false);
        }
        Mode::Hang => {
            let child = Command::new("sleep").arg("1000").stdin(Stdio::null()).spawn()?;
            std::fs::write("grandchild.part", child.id().to_string())?;
            std::fs::rename("grandchild.part", "grandchild")?;
            wait(|| false);
        }
        Mode::Heed => {
            wait(|| run.should_stop());
            return Err(experimenter::Error::msg("asked to stop"));
        }
        Mode::Large => drop(std::hint::black_box(vec![1_u8; 300 << 20])),
        Mode::Grow => {
            let mut memory = Vec::new();
            wait(|| {
                memory.push(vec![1_u8; 20 << 20]);
                false
            });
        }
        Mode::Chatter => {
            let line = "x".repeat(1_000);
            let mut stdout = std::io::stdout().lock();
            for _ in 0..100_000 {
                writeln!(stdout, "{line}")?;
            }
        }
    }
    let checked = match key.mode {
        Mode::Time => format!("{:?}", run.remaining().map(|remaining| remaining.as_secs() / 100)),
        mode => format!("{mode:?}"),
    };
    Ok(MischiefResults { answer: key.n * 2, pid: std::process::id(), checked })
}

fn wait(mut condition: impl FnMut() -> bool) {
    while !condition() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[expect(unconditional_recursion, reason = "as asked")]
fn deep(n: u64) -> u64 {
    std::hint::black_box(deep(std::hint::black_box(n + 1))) + 1
}

/// Puts itself between the executer and its slot, and ends the process instead of passing on so manieth message.
fn cut_off(messages: usize) -> std::io::Result<()> {
    let mut executer = std::os::unix::net::UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let (inner, slot) = std::os::unix::net::UnixStream::pair()?;
    rustix::stdio::dup2_stdin(slot)?;
    let (mut replies, mut answers) = (inner.try_clone()?, executer.try_clone()?);
    std::thread::spawn(move || std::io::copy(&mut replies, &mut answers));
    std::thread::spawn(move || -> std::io::Result<()> {
        let mut inner = inner;
        for _ in 1..messages {
            let mut head = [0; 4];
            executer.read_exact(&mut head)?;
            let mut message = vec![0; u32::from_le_bytes(head) as usize];
            executer.read_exact(&mut message)?;
            inner.write_all(&[&head[..], &message].concat())?;
        }
        executer.read_exact(&mut [0])?;
        std::process::abort();
    });
    Ok(())
}

fn main() -> std::process::ExitCode {
    // A program may do things of its own first, which is then done in each slot.
    // Its reader may be gone.
    let _printed = writeln!(std::io::stdout(), "this is main");
    let in_slot = |name| std::env::var(name).ok().filter(|_| std::env::var_os("EXPERIMENTER_SLOT").is_some());
    if in_slot("MISCHIEF_MAIN").is_some() {
        eprintln!("main gives up");
        std::process::exit(7);
    }
    if let Ok(socket) = std::io::stdin().as_fd().try_clone_to_owned() {
        SOCKET.get_or_init(|| socket);
    }
    if let Some(Ok(messages)) = in_slot("MISCHIEF_CUT").map(|n| n.parse())
        && let Err(error) = cut_off(messages)
    {
        eprintln!("{error}");
    }
    experimenter::main()
}
