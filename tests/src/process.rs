//! A child process that cannot outlive its test.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid};

use crate::watchdog;

/// A child process that leads a process group of its own.
///
/// The whole group is killed when this is dropped, and when the test process ends in whatever way. (The one gap is a
/// SIGKILL between the start of the child and its announcement to the watchdog, some microseconds.) The child is reaped
/// only by the drop, so until then its number and that of its group are nobody else's.
#[derive(Debug)]
pub struct Process {
    child: Child,
    pid: Pid,
    ended: Option<Ended>,
}

/// How a process ended: one of the two is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The exit code of a process that exited.
    pub code: Option<i32>,
    /// The number of the signal that ended it.
    pub signal: Option<i32>,
}

impl Process {
    /// Starts the command in a process group of its own.
    #[track_caller]
    pub fn spawn(command: &mut Command) -> Self {
        let child = command
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{} cannot be started: {error}", command.get_program().display()));
        let pid = Pid::from_child(&child);
        watchdog::watch_group(child.id());
        Self { child, pid, ended: None }
    }

    /// The number of the process, which is also that of its group.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How the process ended, or nothing while it runs.
    pub fn ended(&mut self) -> Option<Ended> {
        if self.ended.is_none() {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
            let status = waitid(WaitId::Pid(self.pid), options)
                .unwrap_or_else(|error| panic!("process {} cannot be waited for: {error}", self.id()));
            self.ended = status.map(|status| Ended { code: status.exit_status(), signal: status.terminating_signal() });
        }
        self.ended
    }

    /// Waits for the end of the process, for this long.
    pub fn wait_for(&mut self, limit: Duration) -> Option<Ended> {
        let deadline = Instant::now().checked_add(limit);
        let mut pause = Duration::from_millis(1);
        loop {
            let ended = self.ended();
            if ended.is_some() || deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return ended;
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    /// Sends the signal to the process alone, not to its group. A process that has ended does not mind.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal)
            .unwrap_or_else(|error| panic!("process {} cannot be sent {signal:?}: {error}", self.id()));
    }

    /// Kills the whole group by SIGKILL.
    pub fn kill_group(&self) {
        // It fails only when nobody of the group is left.
        let _ = kill_process_group(self.pid, Signal::KILL);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill_group();
        watchdog::forget_group(self.id());
        // Nothing sensible can be done about an error here, and a killed child ends.
        let _ = self.child.wait();
    }
}
