//! The executer's side of a slot: its process and the socket to it, or the channels to the main thread.

use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use experimenter_diesel::Entry;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use crate::machine::{self, Usage};
use crate::run::Cost;
use crate::slot::{self, Desk, Frames, FromSlot, Inbox, Nonsense, ToSlot};

/// How many bytes of output are read at once.
const CHUNK: usize = 16 << 10;

/// How many messages of the main thread may wait.
const BACKLOG: usize = 1_024;

/// How long a process that has nothing more to do may take to end.
const LEAVING: Duration = Duration::from_secs(5);

/// The way to one slot.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) port: Port,
    /// What its processes print.
    pub(super) output: Printed,
    /// Its process; `None` is the main thread.
    pub(super) process: Option<Process>,
}

/// A process, which leads a group of its own.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    /// Forgotten when the group is gone, since its number may become that of another.
    group: Option<Pid>,
    /// What the runs that have ended well have used of its time.
    told: Usage,
    /// What all of its time was, once it has ended.
    used: Usage,
    /// How many processes the kernel had killed for their memory when that was last looked at.
    oom_kills: Option<u64>,
}

/// Where messages come and go.
#[derive(Debug)]
pub(super) struct Port {
    way: Way,
    /// A message that was looked at, and comes next.
    next: Option<FromSlot>,
    /// Whether nothing can come any more but what is here already.
    last: bool,
}

#[derive(Debug)]
enum Way {
    Socket { socket: UnixStream, frames: Frames },
    Here { inbox: Inbox, messages: mpsc::Receiver<FromSlot> },
}

/// The pipe of what a slot prints; none, where that is not captured.
#[derive(Debug)]
pub(super) struct Printed {
    pipe: Option<pipe::Receiver>,
    chunk: Vec<u8>,
}

impl Printed {
    fn new(pipe: Option<pipe::Receiver>) -> Self {
        let chunk = if pipe.is_some() { vec![0; CHUNK] } else { Vec::new() };
        Self { pipe, chunk }
    }

    /// Waits for the next bytes; for ever, where none can come.
    pub(super) async fn read(&mut self) -> &[u8] {
        loop {
            match &self.pipe {
                Some(pipe) if pipe.readable().await.is_ok() => {}
                _ => std::future::pending().await,
            }
            match self.pipe.as_ref().map(|pipe| pipe.try_read(&mut self.chunk)) {
                Some(Ok(length)) if length > 0 => return &self.chunk[..length],
                Some(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => {}
                // All that could print is gone.
                _ => self.pipe = None,
            }
        }
    }

    /// The bytes that are there already, at most as many as are asked for.
    pub(super) fn try_read(&mut self, at_most: usize) -> Option<&[u8]> {
        let pipe = self.pipe.as_ref()?;
        let chunk = self.chunk.get_mut(..at_most.min(CHUNK)).filter(|chunk| !chunk.is_empty())?;
        // The kernel is asked: Tokio would say what it has heard of it last.
        let length = rustix::io::read(pipe, &mut *chunk).ok().filter(|length| *length > 0)?;
        Some(&self.chunk[..length])
    }

    /// How many bytes can wait in the pipe: what was printed before a moment is not further back than this.
    pub(super) fn capacity(&self) -> usize {
        let size = self.pipe.as_ref().and_then(|pipe| rustix::pipe::fcntl_getpipe_size(pipe).ok());
        size.unwrap_or_default()
    }
}

/// What comes from a slot.
#[derive(Debug)]
pub(super) enum Received {
    Message(FromSlot),
    /// The slot has closed its end.
    Closed,
    Nonsense(Nonsense),
}

impl Lane {
    /// The main thread as a slot, with its own ends of the channels.
    pub(super) fn here() -> (Self, mpsc::Sender<FromSlot>, Desk) {
        let (sender, messages) = mpsc::channel(BACKLOG);
        let (inbox, desk) = slot::inbox();
        let port = Port::new(Way::Here { inbox, messages });
        (Self { port, output: Printed::new(None), process: None }, sender, desk)
    }

    /// Starts a process.
    pub(super) fn start(capture: bool) -> io::Result<Self> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        // This very program, even if another was built under its name meanwhile.
        let mut command = std::process::Command::new("/proc/self/exe");
        let mut args = std::env::args_os();
        command.arg0(args.next().unwrap_or_default()).args(args);
        command.env(slot::MARK, std::process::id().to_string());
        command.process_group(0).stdin(Stdio::from(OwnedFd::from(theirs)));
        let output = if capture {
            let (reader, writer) = io::pipe()?;
            command.stdout(writer.try_clone()?).stderr(writer);
            Some(pipe::Receiver::from_owned_fd(reader.into())?)
        } else {
            None
        };
        // The command holds the slot's ends of socket and pipe; with it they are closed here.
        let child = Command::from(command).spawn()?;
        let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let group = group.ok_or_else(|| io::Error::other("a process without a number"))?;
        let port = Port::new(Way::Socket { socket: UnixStream::from_std(ours)?, frames: Frames::default() });
        let process = Process {
            child,
            group: Some(group),
            told: Usage::default(),
            used: Usage::default(),
            oom_kills: machine::oom_kills(),
        };
        Ok(Self { port, output: Printed::new(output), process: Some(process) })
    }

    /// Lets a process without a row come to its end; kills it at once if there is no time.
    pub(super) async fn leave(mut self, at_once: bool) {
        let Some(process) = &mut self.process else { return };
        if at_once {
            process.signal(Signal::KILL);
        } else {
            // A process that is gone has left.
            let _gone = self.port.send(ToSlot::Leave).await;
        }
        // How it ends does not matter any more.
        let _ended = process.end().await;
    }
}

impl Process {
    /// Sends a signal to the process and all that it started.
    pub(super) fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // It fails only when nobody of the group is left.
            let _gone = kill_process_group(group, signal);
        }
    }

    /// The process ID, which is also that of the group; `None` when it has ended.
    pub(super) fn id(&self) -> Option<u32> {
        self.group.map(|group| group.as_raw_nonzero().get().cast_unsigned())
    }

    /// Waits for the end of the process, and kills what it has left in its group. Nothing is lost when it is not waited
    /// for to the end.
    pub(super) async fn ended(&mut self) -> io::Result<ExitStatus> {
        let waited = std::future::poll_fn(|context| {
            // Within one poll no other child is waited for.
            let before = machine::children_usage();
            let waiting = pin!(self.child.wait());
            let polled = waiting.poll(context);
            if polled.is_ready() && self.group.is_some() {
                self.used = machine::children_usage() - before;
            }
            polled
        });
        let status = waited.await;
        self.signal(Signal::KILL);
        self.group = None;
        status
    }

    /// The same of a process that has nothing more to do, and is killed if it goes on.
    pub(super) async fn end(&mut self) -> io::Result<ExitStatus> {
        if let Ok(status) = tokio::time::timeout(LEAVING, self.ended()).await {
            return status;
        }
        self.signal(Signal::KILL);
        self.ended().await
    }

    /// Takes note of what the kernel has done so far.
    pub(super) fn look(&mut self) {
        self.oom_kills = machine::oom_kills();
    }

    /// Whether the kernel has killed processes for their memory since that was last looked at.
    pub(super) fn is_out_of_memory(&self) -> bool {
        machine::oom_kills() > self.oom_kills
    }

    /// Takes note of what a run has used that has ended well.
    pub(super) fn told(&mut self, cost: Cost) {
        self.told = self.told + Usage { user: cost.user_seconds, system: cost.system_seconds };
    }

    /// What the last run has used of a process that has ended: all but what the runs before it have told.
    pub(super) fn rest(&self) -> Usage {
        self.used - self.told
    }
}

impl Port {
    fn new(way: Way) -> Self {
        Self { way, next: None, last: false }
    }

    /// Nothing can come any more but what is here already: the process has ended, whoever else may hold the socket.
    pub(super) fn ends(&mut self) {
        self.last = true;
    }

    pub(super) fn has_ended(&self) -> bool {
        self.last
    }

    /// Waits for a message. Nothing is lost when it is not waited for to the end.
    pub(super) async fn receive(&mut self) -> Received {
        if let Some(message) = self.next.take() {
            return Received::Message(message);
        }
        match &mut self.way {
            Way::Here { messages, .. } => messages.recv().await.map_or(Received::Closed, Received::Message),
            Way::Socket { socket, frames } => loop {
                match frames.next() {
                    Ok(Some(message)) => return Received::Message(message),
                    Ok(None) => {}
                    Err(nonsense) => return Received::Nonsense(nonsense),
                }
                let read = if self.last { read_rest(socket, frames) } else { read(socket, frames).await };
                match read {
                    Ok(0) | Err(_) => return Received::Closed,
                    Ok(_) => {}
                }
            },
        }
    }

    /// The next message, if it is a log entry that is here already.
    pub(super) fn buffered_entry(&mut self) -> Option<Entry> {
        if self.next.is_none() {
            self.next = match &mut self.way {
                Way::Here { messages, .. } => messages.try_recv().ok(),
                // Nonsense is found again by who waits for a message.
                Way::Socket { frames, .. } => frames.next().ok().flatten(),
            };
        }
        match self.next.take() {
            Some(FromSlot::Log(entry)) => Some(entry),
            other => {
                self.next = other;
                None
            }
        }
    }

    /// Sends a message.
    pub(super) async fn send(&mut self, message: ToSlot) -> io::Result<()> {
        match &mut self.way {
            Way::Here { inbox, .. } => {
                inbox.deliver(message);
                Ok(())
            }
            Way::Socket { socket, .. } => socket.write_all(&slot::encode(&message)?).await,
        }
    }
}

async fn read(socket: &UnixStream, frames: &mut Frames) -> io::Result<usize> {
    let mut bytes = [0; 16 << 10];
    loop {
        socket.readable().await?;
        match socket.try_read(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
            Ok(length) => {
                frames.push(&bytes[..length]);
                return Ok(length);
            }
        }
    }
}

/// What is there already. The kernel is asked: Tokio would say what it has heard of it last.
fn read_rest(socket: &UnixStream, frames: &mut Frames) -> io::Result<usize> {
    let mut bytes = [0; 16 << 10];
    let length = rustix::io::read(socket, &mut bytes[..])?;
    frames.push(&bytes[..length]);
    Ok(length)
}

/// How a process ended, in a few characters: `exit(3)`, `SIGSEGV`.
pub(super) fn exit_of(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit({code})"),
        (None, Some(number)) => {
            signal_hook::low_level::signal_name(number).map_or_else(|| format!("signal {number}"), ToOwned::to_owned)
        }
        (None, None) => "ended".to_owned(),
    }
}
