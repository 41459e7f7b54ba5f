//! Which process holds the lock of a file, as the kernel tells in `/proc/locks`.

use std::fs;

/// The process that holds the `flock` of a file, with its name. It is not known where the holder is in another container,
/// or where the file system has the file under another device, as some layered ones do.
pub(super) fn holder(device: u64, inode: u64) -> Option<(u32, String)> {
    let pid = pid_in(&fs::read_to_string("/proc/locks").ok()?, device, inode)?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    Some((pid, name.trim().to_owned()))
}

/// Reads lines such as `2: FLOCK  ADVISORY  WRITE 8683 fe:00:5308505 0 EOF`; those with `->` only wait.
fn pid_in(locks: &str, device: u64, inode: u64) -> Option<u32> {
    let file = format!("{:02x}:{:02x}:{inode}", rustix::fs::major(device), rustix::fs::minor(device));
    locks.lines().find_map(|line| match line.split_whitespace().collect::<Vec<_>>()[..] {
        [_, "FLOCK", _, _, pid, place, ..] if place == file => pid.parse().ok().filter(|pid| *pid > 0),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_holds_a_lock_is_told_from_those_who_wait() {
        let locks = "1: POSIX  ADVISORY  WRITE 11 fe:00:7 0 EOF\n\
                     2: FLOCK  ADVISORY  WRITE 12 fe:01:7 0 EOF\n\
                     3: FLOCK  ADVISORY  WRITE 13 fe:00:7 0 EOF\n\
                     3: -> FLOCK  ADVISORY  WRITE 14 fe:00:7 0 EOF\n\
                     4: FLOCK  ADVISORY  WRITE 0 fe:00:8 0 EOF\n";
        let device = rustix::fs::makedev(0xfe, 0);
        assert_eq!(pid_in(locks, device, 7), Some(13));
        assert_eq!(pid_in(locks, rustix::fs::makedev(0xfe, 1), 7), Some(12));
        // The holder is in another container, nobody holds it, the file is malformed.
        assert_eq!((pid_in(locks, device, 8), pid_in(locks, device, 9), pid_in("?", device, 7)), (None, None, None));
    }
}
