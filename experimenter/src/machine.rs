//! Facts about the machine, the program and its processes, from what the kernel tells.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};
use sha2::{Digest, Sha256};

/// What tells one build of the program from another: the first 16 hexadecimal digits of the executable's SHA-256.
pub(crate) fn program_hash() -> io::Result<String> {
    // The link leads to the file that was started, also when that has been replaced since.
    let mut file = fs::File::open("/proc/self/exe")?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => hasher.update(&buffer[..read]),
        }
    }
    Ok(hasher.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

/// How the program was built: times of a debug build are worth little.
pub(crate) fn profile() -> &'static str {
    if cfg!(debug_assertions) { "debug" } else { "release" }
}

/// Which program this is. It is found out while the database is connected to.
#[derive(Debug)]
pub(crate) struct Build(JoinHandle<(String, Option<String>)>);

impl Build {
    /// Begins to find it out; `folder` is where Cargo built the package.
    pub(crate) fn begin(folder: Option<&'static str>) -> Self {
        Self(thread::spawn(move || {
            let git = folder.map(Git::begin);
            (program_hash().unwrap_or_default(), git.and_then(Git::commit))
        }))
    }

    /// The program's hash, and the commit in its folder. That either cannot be told must keep nobody from work.
    pub(crate) fn told(self) -> (String, Option<String>) {
        self.0.join().unwrap_or_default()
    }
}

/// How long we wait for git: an executer that starts must not wait for a slow disk.
const PATIENCE: Duration = Duration::from_secs(1);

/// A question to git.
struct Git(mpsc::Receiver<io::Result<Output>>);

impl Git {
    fn begin(folder: &str) -> Self {
        let mut git = Command::new("git");
        git.args(["-C", folder, "status", "--porcelain=v2", "--branch", "--untracked-files=no"]);
        // Many executers look at one folder at once, and must not lock it.
        git.env("GIT_OPTIONAL_LOCKS", "0").stdin(Stdio::null()).stderr(Stdio::null());
        let (tell, told) = mpsc::channel();
        // Who has stopped to wait needs no answer.
        thread::spawn(move || drop(tell.send(git.output())));
        Self(told)
    }

    fn commit(self) -> Option<String> {
        let output = self.0.recv_timeout(PATIENCE).ok()?.ok()?;
        commit_in(&String::from_utf8(output.stdout).ok()?)
    }
}

/// The commit that git tells: `1a2b3c4d5e6f`, with `-dirty` where files of it were changed since. None before the first one.
fn commit_in(status: &str) -> Option<String> {
    let commit = status.lines().find_map(|line| line.strip_prefix("# branch.oid "))?;
    let commit = commit.get(..12).filter(|commit| commit.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    let is_changed = status.lines().any(|line| !line.starts_with('#'));
    Some(format!("{commit}{}", if is_changed { "-dirty" } else { "" }))
}

/// The processor, as it calls itself.
pub(crate) fn cpu_model() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    cpu_model_in(&cpuinfo).unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

/// On ARM there is no name, but the numbers of its maker and its part.
fn cpu_model_in(cpuinfo: &str) -> Option<String> {
    let value = |wanted: &str| {
        let mut lines = cpuinfo.lines().filter_map(|line| line.split_once(':'));
        let value = lines.find(|(name, _)| name.trim() == wanted).map(|(_, value)| value.trim());
        value.filter(|value| !value.is_empty())
    };
    let named = ["model name", "Model", "Hardware", "cpu model", "cpu"].into_iter().find_map(value).map(str::to_owned);
    named.or_else(|| Some(format!("ARM implementer {} part {}", value("CPU implementer")?, value("CPU part")?)))
}

/// Where Slurm runs us, if it does: `job 123, array 120_4, task 0, node n1`.
pub(crate) fn slurm() -> Option<String> {
    slurm_in(|name| std::env::var(name).ok())
}

fn slurm_in(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut parts = vec![format!("job {}", variable("SLURM_JOB_ID")?)];
    if let (Some(job), Some(task)) = (variable("SLURM_ARRAY_JOB_ID"), variable("SLURM_ARRAY_TASK_ID")) {
        parts.push(format!("array {job}_{task}"));
    }
    parts.extend(variable("SLURM_PROCID").map(|task| format!("task {task}")));
    parts.extend(variable("SLURMD_NODENAME").map(|node| format!("node {node}")));
    Some(parts.join(", "))
}

/// How long the job of Slurm goes on that we belong to, where Slurm tells its end.
pub(crate) fn job_time_left() -> Option<Duration> {
    let ends: u64 = std::env::var("SLURM_JOB_END_TIME").ok()?.parse().ok()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Some(Duration::from_secs(ends).saturating_sub(now))
}

/// How many processes the kernel has killed for want of memory: in our control group, or on the whole machine where
/// that does not count.
pub(crate) fn oom_kills() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let counts = counters_in(&groups).into_iter().filter_map(|path| counter_of(&path));
    counts.reduce(|sum, count| sum + count).or_else(|| counter_of(Path::new("/proc/vmstat")))
}

fn counter_of(path: &Path) -> Option<u64> {
    oom_kills_in(&fs::read_to_string(path).ok()?)
}

/// The count in a file of lines `name value`.
fn oom_kills_in(counters: &str) -> Option<u64> {
    counters.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}

/// The files with the counts of the groups in `/proc/self/cgroup`: one of version 2, one of version 1, or both.
fn counters_in(groups: &str) -> Vec<PathBuf> {
    let counters = groups.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, group) = (parts.next()?, parts.next()?.trim_start_matches('/'));
        if controllers.is_empty() {
            Some(Path::new("/sys/fs/cgroup").join(group).join("memory.events"))
        } else if controllers.split(',').any(|controller| controller == "memory") {
            Some(Path::new("/sys/fs/cgroup/memory").join(group).join("memory.oom_control"))
        } else {
            None
        }
    });
    counters.collect()
}

/// The resident memory of all processes of a process group, in bytes. What they share counts once for each.
pub(crate) fn group_memory(pgid: u32) -> u64 {
    let Ok(entries) = fs::read_dir("/proc") else { return 0 };
    let is_process = |entry: &fs::DirEntry| entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit);
    // A process may end while we look.
    let stats = entries.flatten().filter(is_process).filter_map(|entry| fs::read(entry.path().join("stat")).ok());
    let own = stats.filter_map(|stat| parse_stat(&stat)).filter(|stat| stat.group == pgid);
    let pages: u64 = own.map(|stat| stat.resident_pages).sum();
    pages * rustix::param::page_size() as u64
}

#[derive(Debug, PartialEq, Eq)]
struct Stat {
    group: u32,
    resident_pages: u64,
}

/// Reads `/proc/<pid>/stat`. The second field is the process's name in parentheses, and may be anything.
fn parse_stat(stat: &[u8]) -> Option<Stat> {
    let name_end = stat.iter().rposition(|byte| *byte == b')')?;
    let fields: Vec<_> = std::str::from_utf8(&stat[name_end + 1..]).ok()?.split_ascii_whitespace().collect();
    // These are the fields from the third on: the fifth is the group, the 24th the resident pages.
    Some(Stat { group: fields.get(2)?.parse().ok()?, resident_pages: fields.get(21)?.parse().ok()? })
}

/// Processor time, in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Usage {
    pub(crate) user: f64,
    pub(crate) system: f64,
}

impl std::ops::Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { user: self.user + other.user, system: self.system + other.system }
    }
}

impl std::ops::Sub for Usage {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { user: self.user - other.user, system: self.system - other.system }
    }
}

/// What this process has used.
pub(crate) fn usage() -> Usage {
    usage_of(UsageWho::RUSAGE_SELF)
}

/// What the children have used that this process has waited for, with those that they have waited for.
pub(crate) fn children_usage() -> Usage {
    usage_of(UsageWho::RUSAGE_CHILDREN)
}

fn usage_of(who: UsageWho) -> Usage {
    #[expect(clippy::cast_precision_loss, reason = "exact for 285 years")]
    let seconds = |time: TimeVal| time.num_microseconds() as f64 / 1e6;
    let usage = getrusage(who).ok();
    usage
        .map(|usage| Usage { user: seconds(usage.user_time()), system: seconds(usage.system_time()) })
        .unwrap_or_default()
}

/// Has the kernel forget how much memory this process had at most; whether it did.
pub(crate) fn reset_peak() -> bool {
    fs::write("/proc/self/clear_refs", "5").is_ok()
}

/// The most resident memory that a process has had, in bytes.
pub(crate) fn peak_memory(pid: u32) -> Option<u64> {
    peak_in(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
}

/// Whether whoever started this process has it ignore SIGHUP, as `nohup` does; also where the kernel does not tell.
pub(crate) fn ignores_hangup() -> bool {
    fs::read_to_string("/proc/self/status").ok().and_then(|status| ignores_hangup_in(&status)).unwrap_or(true)
}

/// Signals that are ignored are bits of a hexadecimal number, and SIGHUP is the first.
fn ignores_hangup_in(status: &str) -> Option<bool> {
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(ignored.trim(), 16).ok().map(|ignored| ignored & 1 == 1)
}

fn peak_in(status: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = value.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_has_a_name_everywhere() {
        let intel = "processor\t: 0\nmodel\t\t: 85\nmodel name\t: Intel(R) Xeon(R) Gold 6230 CPU @ 2.10GHz\n";
        assert_eq!(cpu_model_in(intel).as_deref(), Some("Intel(R) Xeon(R) Gold 6230 CPU @ 2.10GHz"));
        let raspberry =
            "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd08\n\nModel\t\t: Raspberry Pi 4 Model B\n";
        assert_eq!(cpu_model_in(raspberry).as_deref(), Some("Raspberry Pi 4 Model B"));
        let graviton = "processor\t: 0\nBogoMIPS\t: 243.75\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n";
        assert_eq!(cpu_model_in(graviton).as_deref(), Some("ARM implementer 0x41 part 0xd0c"));
        assert_eq!(cpu_model_in(""), None);
        assert!(!cpu_model().is_empty());
    }

    #[test]
    fn slurm_says_where_we_are() {
        let told = |variables: &'static [(&str, &str)]| {
            slurm_in(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(told(&[("SLURMD_NODENAME", "n1")]), None);
        assert_eq!(told(&[("SLURM_JOB_ID", "123")]).as_deref(), Some("job 123"));
        let all = told(&[
            ("SLURM_JOB_ID", "123"),
            ("SLURM_ARRAY_JOB_ID", "120"),
            ("SLURM_ARRAY_TASK_ID", "4"),
            ("SLURM_PROCID", "0"),
            ("SLURMD_NODENAME", "n1"),
        ]);
        assert_eq!(all.as_deref(), Some("job 123, array 120_4, task 0, node n1"));
    }

    #[test]
    fn kills_are_counted_in_our_group() {
        assert_eq!(oom_kills_in("low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n"), Some(2));
        assert_eq!(oom_kills_in("oom_kill_disable 0\nunder_oom 0\noom_kill 1\n"), Some(1));
        assert_eq!(oom_kills_in("oom_kill_disable 0\nunder_oom 0\n"), None);
        let counters = |groups| counters_in(groups).iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
        assert_eq!(
            counters("0::/system.slice/slurmstepd.scope/job_1/step_0\n"),
            ["/sys/fs/cgroup/system.slice/slurmstepd.scope/job_1/step_0/memory.events"]
        );
        assert_eq!(
            counters("11:cpu,cpuacct:/a\n9:memory:/slurm/uid_1/job:1\n0::/\n"),
            ["/sys/fs/cgroup/memory/slurm/uid_1/job:1/memory.oom_control", "/sys/fs/cgroup/memory.events"]
        );
    }

    #[test]
    fn a_stat_is_read_whatever_the_process_is_called() {
        let rest = "S 1 42 42 0 -1 4194560 1 0 0 0 7 8 0 0 20 0 1 0 100 5000000 321 18446744073709551615 1 1 0 0";
        for name in ["cargo", "a b", ") R 9 9 (x", "Web Content)"] {
            let stat = format!("4242 ({name}) {rest}\n");
            assert_eq!(parse_stat(stat.as_bytes()), Some(Stat { group: 42, resident_pages: 321 }), "{name}");
        }
        let foreign = [b"1 (\xff\xfe) ", rest.as_bytes()].concat();
        assert_eq!(parse_stat(&foreign), Some(Stat { group: 42, resident_pages: 321 }));
        assert_eq!(parse_stat(b"1 (short) S 1 2"), None);
        assert_eq!(parse_stat(b""), None);
    }

    #[test]
    fn nohup_is_known() {
        let status = |ignored: &str| format!("Name:\tx\nSigBlk:\t0000000000000001\nSigIgn:\t{ignored}\n");
        assert_eq!(ignores_hangup_in(&status("0000000000001001")), Some(true));
        assert_eq!(ignores_hangup_in(&status("0000000000001000")), Some(false));
        assert_eq!(ignores_hangup_in("Name:\tx\n"), None);
    }

    #[test]
    fn a_peak_is_in_bytes() {
        assert_eq!(peak_in("Name:\tx\nVmPeak:\t  999 kB\nVmHWM:\t    1234 kB\nVmRSS:\t 1 kB\n"), Some(1234 * 1024));
        assert_eq!(peak_in("Name:\tkthreadd\n"), None);
    }

    #[test]
    fn a_commit_is_told_with_what_was_changed_since() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().to_str().expect("a path of letters");
        let git = |words: &str| {
            let identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"];
            let mut git = Command::new("git");
            let done = git.args(["-C", path]).args(identity).args(words.split(' ')).output().expect("git");
            assert!(done.status.success(), "{words}: {done:?}");
        };
        let commit = |folder| Git::begin(folder).commit();
        assert_eq!(commit(path), None);
        git("init --quiet");
        assert_eq!(commit(path), None);
        let file = folder.path().join("main.rs");
        fs::write(&file, "fn main() {}").expect("a file");
        git("add main.rs");
        git("commit --quiet -m one");
        let clean = commit(path).expect("a commit");
        assert!(clean.len() == 12 && clean.bytes().all(|byte| byte.is_ascii_hexdigit()), "{clean}");
        fs::write(&file, "fn main() { panic!() }").expect("a file");
        assert_eq!(commit(path), Some(format!("{clean}-dirty")));
        assert_eq!(commit("/nowhere/at/all"), None);
    }

    #[test]
    fn the_kernel_tells_about_this_process() {
        let hash = program_hash().expect("the executable");
        assert!(hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
        let group = rustix::process::getpgrp().as_raw_nonzero().get();
        let memory = group_memory(u32::try_from(group).expect("a positive number"));
        assert!(memory > 100_000, "{memory}");
        assert!(peak_memory(std::process::id()).is_some_and(|peak| peak > 100_000));
        assert_eq!(peak_memory(u32::MAX), None);
        assert!(usage().user + usage().system > 0.0);
        assert!(children_usage().user >= 0.0);
    }
}
