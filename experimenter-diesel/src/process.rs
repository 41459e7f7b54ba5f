//! Which process an executer is, and whether it still exists, from what the kernel tells.

use std::fs;

use rustix::io::Errno;
use rustix::process::{Pid, getpid, getuid, test_kill_process};

/// One process among all that ever were on the hosts of a table.
///
/// A number of a process is used again; with the time of its start, the boot and the namespaces it is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessIdentity {
    /// The kernel's boot: `/proc/sys/kernel/random/boot_id`.
    pub boot: String,
    /// The namespaces in which `pid` and `started` are said: `pid:[4026531836] time:[4026531834]`.
    pub namespaces: String,
    /// The user.
    pub uid: u32,
    /// The process.
    pub pid: u32,
    /// When it started, in the kernel's ticks since the boot.
    pub started: u64,
}

/// What can be said of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It exists.
    Alive,
    /// It has ended.
    Dead,
    /// Nothing: it is on another host, in another container, or of another user.
    Unknown,
}

impl ProcessIdentity {
    /// This process; `None` where the kernel does not tell.
    #[must_use]
    pub fn own() -> Option<Self> {
        let stat = stat("self")?;
        // A `/proc` of another namespace says another number.
        if Pid::from_raw(i32::try_from(stat.pid).ok()?) != Some(getpid()) {
            return None;
        }
        Self::of(stat.pid)
    }

    /// A process of this host that is in our namespaces and of our user, such as a child.
    #[must_use]
    pub fn of(pid: u32) -> Option<Self> {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned();
        let namespace = |kind: &str| {
            let link = fs::read_link(format!("/proc/self/ns/{kind}")).ok()?;
            Some(link.to_string_lossy().into_owned())
        };
        // The kernel has no namespaces of time before 5.6.
        let namespaces = std::iter::once(namespace("pid")?).chain(namespace("time")).collect::<Vec<_>>().join(" ");
        Some(Self { boot, namespaces, uid: getuid().as_raw(), pid, started: stat(&pid.to_string())?.started })
    }

    /// What this process can say of it. Who is dead has ended for certain: whether a process exists is asked by a signal
    /// that is not sent, since `/proc` may hide it.
    #[must_use]
    pub fn fate(&self) -> Fate {
        let Some(own) = Self::own() else { return Fate::Unknown };
        if !self.is_near(&own) {
            return Fate::Unknown;
        }
        let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) else { return Fate::Unknown };
        if test_kill_process(pid) == Err(Errno::SRCH) {
            return Fate::Dead;
        }
        match stat(&self.pid.to_string()) {
            Some(stat) if stat.started != self.started || stat.has_ended => Fate::Dead,
            Some(_) => Fate::Alive,
            None => Fate::Unknown,
        }
    }

    /// Whether each can see the other.
    fn is_near(&self, other: &Self) -> bool {
        self.boot == other.boot && self.namespaces == other.namespaces && self.uid == other.uid
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Stat {
    pid: u32,
    started: u64,
    /// A zombie, of which no thread goes on.
    has_ended: bool,
}

fn stat(process: &str) -> Option<Stat> {
    parse_stat(&fs::read(format!("/proc/{process}/stat")).ok()?)
}

/// Reads `/proc/<pid>/stat`. The second field is the process's name in parentheses, and may be anything.
fn parse_stat(stat: &[u8]) -> Option<Stat> {
    let name_begin = stat.iter().position(|byte| *byte == b'(')?;
    let name_end = stat.iter().rposition(|byte| *byte == b')')?;
    let pid = std::str::from_utf8(&stat[..name_begin]).ok()?.trim().parse().ok()?;
    // These are the fields from the third on: the third is the state, the 20th the number of threads, the 22nd the start.
    let fields: Vec<_> = std::str::from_utf8(&stat[name_end + 1..]).ok()?.split_ascii_whitespace().collect();
    let threads: u64 = fields.get(17)?.parse().ok()?;
    let has_ended = matches!(*fields.first()?, "Z" | "X" | "x") && threads <= 1;
    Some(Stat { pid, started: fields.get(19)?.parse().ok()?, has_ended })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, state: &str, threads: u32) -> Vec<u8> {
        let rest = "1 42 42 0 -1 4194560 1 0 0 0 7 8 0 0 20 0";
        format!("4242 ({name}) {state} {rest} {threads} 0 987654 5000000 321 18446744073709551615 1 1\n").into_bytes()
    }

    #[test]
    fn a_stat_is_read_whatever_the_process_is_called() {
        for name in ["cargo", "a b", ") Z 9 9 (x", "Web Content)"] {
            let expected = Stat { pid: 4242, started: 987_654, has_ended: false };
            assert_eq!(parse_stat(&line(name, "S", 3)), Some(expected), "{name}");
        }
        assert_eq!(parse_stat(b"1 (short) S 1 2"), None);
        assert_eq!(parse_stat(b""), None);
    }

    #[test]
    fn a_zombie_has_ended_unless_a_thread_goes_on() {
        let ended = |state, threads| parse_stat(&line("x", state, threads)).map(|stat| stat.has_ended);
        let cases = [("Z", 1), ("Z", 0), ("X", 1), ("Z", 2), ("T", 1), ("D", 1)];
        assert_eq!(
            cases.map(|(state, threads)| ended(state, threads)),
            [true, true, true, false, false, false].map(Some)
        );
    }

    #[test]
    fn only_of_a_near_process_anything_is_said() {
        let own = ProcessIdentity::own().expect("the kernel tells");
        assert_eq!(own.pid, std::process::id());
        assert_eq!(own.fate(), Fate::Alive);
        let other = |change: fn(&mut ProcessIdentity)| {
            let mut other = own.clone();
            change(&mut other);
            other.fate()
        };
        assert_eq!(other(|other| other.started += 1), Fate::Dead, "its number was used again");
        assert_eq!(other(|other| other.boot = "another".to_owned()), Fate::Unknown);
        assert_eq!(other(|other| other.namespaces = "pid:[1]".to_owned()), Fate::Unknown);
        assert_eq!(other(|other| other.uid += 1), Fate::Unknown);
    }
}
