//! The process of a slot: the program started again by its executer.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use rustix::process::{Signal, getpgrp, kill_process_group};
use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};

use super::{Frames, FromSlot, Inbox, Outgoing, ToSlot, VERSION, inbox, message, run_rows};
use crate::registry;
use crate::run::Custom;

/// The environment variable that marks a slot. A program that the function starts inherits it, and is no slot: its
/// standard input is no socket.
pub(crate) const MARK: &str = "EXPERIMENTER_SLOT";

/// Whether this process was started as a slot.
pub(crate) fn is_slot() -> bool {
    // Also when the executer is gone meanwhile, since a slot must not become an executer.
    let is_socket = |stdin: std::os::fd::OwnedFd| UnixStream::from(stdin).local_addr().is_ok();
    std::env::var_os(MARK).is_some() && io::stdin().as_fd().try_clone_to_owned().is_ok_and(is_socket)
}

/// Runs the rows that the executer sends through the standard input, which is a socket.
pub(crate) fn main() -> Result<(), String> {
    let failed = |error: io::Error| format!("this slot cannot reach its executer: {error}");
    let mut socket = executers_socket().map_err(failed)?;
    message::write(&socket, &FromSlot::Ready { version: VERSION }).map_err(failed)?;
    let mut frames = Frames::default();
    let Some(ToSlot::Begin { experiment, custom }) = receive(&mut socket, &mut frames).map_err(failed)? else {
        return Ok(());
    };
    let experiments = registry::experiments()?;
    let Some(experiment) = experiments.into_iter().find(|other| other.definition.name == experiment) else {
        return Err(format!("this slot does not know the experiment `{experiment}`"));
    };
    let (inbox, desk) = inbox();
    for signal in [SIGTERM, SIGINT, SIGUSR1] {
        signal_hook::flag::register(signal, desk.stop()).map_err(failed)?;
    }
    let outgoing = Outgoing::Socket(socket.try_clone().map_err(failed)?);
    std::thread::Builder::new()
        .name("executer".to_owned())
        .spawn(move || listen(socket, frames, &inbox, &Arc::new(custom)))
        .map_err(failed)?;
    run_rows(experiment, outgoing, desk).map_err(|error| error.to_string())
}

/// The socket that is the standard input, which becomes empty.
fn executers_socket() -> io::Result<UnixStream> {
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    socket.peer_addr()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    Ok(socket)
}

/// Takes the executer's messages until it is gone, which ends this process and all that it has started: an executer that
/// was killed leaves nobody at work.
fn listen(mut socket: UnixStream, mut frames: Frames, inbox: &Inbox, custom: &Arc<Custom>) {
    while let Ok(Some(message)) = receive(&mut socket, &mut frames) {
        match message {
            ToSlot::Leave => return,
            ToSlot::Run(task) => inbox.deliver(ToSlot::Run(Box::new(task.with_custom(custom)))),
            other => inbox.deliver(other),
        }
    }
    // If this fails, there is no group any more.
    let _killed = kill_process_group(getpgrp(), Signal::KILL);
}

/// The next message; `None` at the end of the stream.
fn receive(socket: &mut UnixStream, frames: &mut Frames) -> io::Result<Option<ToSlot>> {
    let mut bytes = vec![0; 64 << 10];
    loop {
        if let Some(message) = frames.next().map_err(|nonsense| io::Error::other(nonsense.to_string()))? {
            return Ok(Some(message));
        }
        match socket.read(&mut bytes) {
            Ok(0) => return Ok(None),
            Ok(length) => frames.push(&bytes[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
