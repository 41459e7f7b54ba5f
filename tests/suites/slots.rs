//! What a run can do to its process, and what becomes of it, of its row, and of the others.

use std::path::PathBuf;

use experimenter_tests::{Running, Sandbox, Signal, Target, for_each_database, wait_until};

fn mischief() -> PathBuf {
    env!("CARGO_BIN_EXE_mischief").into()
}

/// A table of rows in these modes, each with these `n`, and a folder to run in.
struct Study<'a> {
    target: &'a Target,
    sandbox: Sandbox,
    url: String,
}

impl<'a> Study<'a> {
    fn new(target: &'a Target) -> Self {
        Self { target, sandbox: Sandbox::new(), url: target.url() }
    }

    fn fill(&self, modes: &str, n: &str) -> &Self {
        let set = [format!("mode={modes}"), format!("n={n}")];
        self.run(&["fill", "--set", &set[0], "--set", &set[1]]).success();
        self
    }

    fn run(&self, args: &[&str]) -> experimenter_tests::Output {
        self.sandbox.run(mischief(), args.iter().copied().chain(["--database", &self.url]))
    }

    fn spawn(&self, args: &[&str]) -> Running {
        self.sandbox.spawn(mischief(), args.iter().copied().chain(["--database", &self.url]))
    }

    fn count(&self, condition: &str) -> u64 {
        let n = self.target.value(&format!("SELECT COUNT(*) FROM study WHERE {condition}"));
        n.and_then(|n| n.parse().ok()).expect("a number")
    }

    #[track_caller]
    fn error(&self, mode: &str) -> String {
        let query = format!("SELECT error FROM study WHERE mode = '{mode}' AND status = 'error'");
        self.target.value(&query).unwrap_or_else(|| panic!("{mode} has no error"))
    }

    /// Whether the runs have left these files.
    fn has(&self, files: &[&str]) -> bool {
        files.iter().all(|file| self.sandbox.path().join(file).exists())
    }

    fn open(&self) {
        self.sandbox.write("open", "");
    }
}

#[test]
fn each_ending_is_told_and_harms_no_other_slot() {
    for_each_database(|target| {
        let study = Study::new(target);
        study.fill("wait", "0..7");
        let modes = ["fail", "panic", "exit", "abort", "overflow", "segv", "kill", "term", "nonsense", "fine"];
        for mode in modes {
            study.fill(mode, "7");
        }
        study.fill("fine", "8..12");
        let executer = study.spawn(&["execute", "--jobs", "8"]);
        wait_until(|| study.count("status IN ('created', 'running') AND mode <> 'Wait'") == 0);
        assert_eq!(study.count("status = 'running' AND mode = 'Wait'"), 7);
        study.open();
        executer.wait().success().stderr_has("13 rows done, 8 in error");

        let told = [
            ("Fail", "as asked\n    at tests/programs/mischief.rs:"),
            ("Panic", "panicked: n is 7\n    at tests/programs/mischief.rs:"),
            ("Exit", "the function ended its process by exit(3) instead of returning"),
            ("Abort", "aborted (SIGABRT)"),
            ("Overflow", "aborted (SIGABRT)"),
            ("Segv", "crashed (SIGSEGV)"),
            ("Kill", "killed by SIGKILL: by somebody"),
            ("Nonsense", "the process of the run sent what is no message"),
        ];
        for (mode, story) in told {
            assert!(study.error(mode).starts_with(story), "{mode}: {}", study.error(mode));
        }
        let fail = study.error("Fail");
        assert!(fail.ends_with("line 99\ncomplaint 99"), "{fail}");
        assert!(fail.contains("last output:\n") && !fail.contains("line 89\n"), "{fail}");
        let overflow = study.error("Overflow");
        assert!(overflow.contains("has overflowed its stack"), "{overflow}");
        assert_eq!(study.count("status = 'done' AND answer = 2 * n"), 13);
        // One process for all seven rows that wait would be none for each.
        let waiting = target.value("SELECT COUNT(DISTINCT pid) FROM study WHERE mode = 'Wait'");
        assert_eq!(waiting, Some("7".to_owned()));
    });
}

#[test]
fn a_row_that_takes_too_long_is_killed_with_all_it_started() {
    for_each_database(|target| {
        let study = Study::new(target);
        study.fill("hang", "1").fill("heed", "2").fill("fine", "3..20");
        let times = ["--timeout", "400ms", "--grace", "200ms"];
        let output = study.run(&[&["execute", "--jobs", "3"], &times[..]].concat());
        output.success().stderr_has("17 rows done, 2 in error").stderr_has("row 1: error: timed out after 400ms");
        assert!(study.error("Hang").starts_with("timed out after 400ms"));
        // It was asked before it would have been killed.
        let heed = study.error("Heed");
        assert!(heed.starts_with("timed out after 400ms\nasked to stop"), "{heed}");
        assert!(is_gone(&study.sandbox.read("grandchild")));
    });
}

#[test]
fn a_row_that_takes_too_much_memory_is_killed() {
    for_each_database(|target| {
        let study = Study::new(target);
        study.fill("grow", "1").fill("fine", "2..6");
        let output = study.run(&["execute", "--jobs", "2", "--memory-limit", "200MiB"]);
        output.success().stderr_has("4 rows done, 1 in error");
        let error = study.error("Grow");
        assert!(error.starts_with("killed: its processes had ") && error.contains("the limit is 200.0 MiB"), "{error}");
    });
}

#[test]
fn a_signal_gives_unfinished_rows_back() {
    for_each_database(|target| {
        for signal in [Signal::TERM, Signal::USR1, Signal::INT, Signal::HUP] {
            let study = Study::new(target);
            study.fill("hang", "1").fill("heed", "2").fill("wait", "3").fill("fine", "4");
            let executer = study.spawn(&["execute", "--jobs", "3", "--grace", "300ms"]);
            wait_until(|| study.has(&["grandchild", "begun-2", "begun-3"]));
            executer.signal(signal);
            wait_until(|| executer.stderr().contains("no more rows are begun; 3 rows may run on for 0.30 s"));
            study.open();
            let output = executer.wait();
            output.fails_with(5).stderr_has("row 1: stopped, and open again");
            // What ended within the grace counts: here one well and one in error.
            assert_eq!(study.count("status = 'created' AND start_date IS NULL AND machine IS NULL"), 2, "{output}");
            assert_eq!(study.count("status = 'done' AND mode = 'Wait'"), 1);
            assert_eq!(study.count("status = 'error' AND mode = 'Heed'"), 1);
            assert_eq!(target.value("SELECT MAX(crashes) FROM experimenter__study__claims"), Some("0".to_owned()));
            assert!(is_gone(&study.sandbox.read("grandchild")));
            study.run(&["drop", "--yes"]).success();
        }
    });
}

/// The terminal of an executer is closed, amid what is drawn on it.
#[test]
fn an_executer_outlives_its_terminal() {
    for (before, status) in [("", "created"), ("trap '' HUP;", "done")] {
        let target = Target::sqlite();
        let study = Study::new(&target);
        study.fill("wait", "1");
        let command = format!("{before} exec {} execute --grace 100ms --database {}", mischief().display(), study.url);
        let terminal = study.sandbox.spawn("script", ["--quiet", "--command", &command, "/dev/null"]);
        wait_until(|| study.has(&["begun-1"]) && terminal.stdout().contains("row 1 · mode=Wait"));
        terminal.signal(Signal::KILL);
        terminal.wait();
        if status == "done" {
            study.open();
        }
        wait_until(|| study.count(&format!("status = '{status}'")) == 1);
        wait_until(|| target.value("SELECT state FROM experimenter__study__executers") == Some("left".to_owned()));
        assert_eq!(target.value("SELECT MAX(crashes) FROM experimenter__study__claims"), Some("0".to_owned()));
    }
}

#[test]
fn a_second_interrupt_ends_at_once_and_the_wall_time_like_a_signal() {
    for_each_database(|target| {
        let study = Study::new(target);
        study.fill("hang", "1").fill("wait", "2");
        let executer = study.spawn(&["execute", "--jobs", "2"]);
        wait_until(|| study.has(&["grandchild", "begun-2"]));
        executer.signal(Signal::INT);
        wait_until(|| executer.stderr().contains("interrupted"));
        executer.signal(Signal::INT);
        executer.wait().fails_with(130);
        assert_eq!(study.count("status = 'created'"), 2);

        let output = study.run(&["execute", "--wall-time", "300ms", "--grace", "100ms"]);
        output.fails_with(5).stderr_has("the wall time is over");
        assert_eq!(study.count("status = 'created'"), 2);
    });
}

#[test]
fn rows_know_how_much_time_there_is_and_none_is_begun_without() {
    for_each_database(|target| {
        let study = Study::new(target);
        study.fill("time", "1..4");
        let execute = |args: &[&str]| study.run(&[&["execute", "--max-experiments", "1"], args].concat());
        // The attribute says an hour.
        execute(&[]).success();
        execute(&["--timeout", "500s"]).success();
        execute(&["--wall-time", "300s", "--min-remaining", "200s"]).success();
        let told = target.sql("SELECT checked FROM study WHERE status = 'done' ORDER BY n");
        assert_eq!(told.concat(), ["Some(35)", "Some(4)", "Some(2)"].map(|told| Some(told.to_owned())));

        study.fill("hang", "5");
        let output = study.run(&["execute", "--wall-time", "100s", "--min-remaining", "2min"]);
        output.fails_with(5).stderr_has("less than 2m of the wall time is left").stderr_has("1 is open");
        study.run(&["execute", "--min-remaining", "2min"]).fails_with(2).stderr_has("say it by `--wall-time`");

        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_secs();
        let args = ["execute", "--grace", "200ms", "--database", &study.url];
        let job = study.sandbox.program(mischief()).args(args).env("SLURM_JOB_END_TIME", (now + 3).to_string()).run();
        job.fails_with(5).stderr_has("Slurm ends this job").stderr_has("the wall time is over");
        assert_eq!(study.count("status = 'created'"), 1);
    });
}

#[test]
fn a_row_that_no_job_is_long_enough_for_ends_in_error() {
    for_each_database(|target| {
        let study = Study::new(target);
        study.fill("hang", "1");
        let terminated = || {
            let begun = target.value("SELECT MAX(attempt) FROM experimenter__study__claims");
            let executer = study.spawn(&["execute", "--grace", "100ms"]);
            wait_until(|| study.count("status = 'running'") == 1 && study.has(&["grandchild"]));
            assert_ne!(target.value("SELECT MAX(attempt) FROM experimenter__study__claims"), begun);
            executer.signal(Signal::TERM);
            let output = executer.wait();
            std::fs::remove_file(study.sandbox.path().join("grandchild")).expect("a file");
            output
        };
        terminated().fails_with(5).stderr_has("row 1: stopped, and open again");
        target.sql("UPDATE experimenter__study__claims SET wall_seconds = 1000");
        let short = study.run(&["execute", "--wall-time", "900s"]);
        short.success().stderr_has("1 open row is not for this executer (why: ");
        terminated().fails_with(5).stderr_has("row 1: stopped, and open again");
        terminated().fails_with(5).stderr_has("row 1: error: given back 3 times in a row");
        assert!(study.error("Hang").contains("it needs more time than that"), "{}", study.error("Hang"));
        study.run(&["reset", "--ids", "1", "--yes"]).success();
        terminated().fails_with(5).stderr_has("row 1: stopped, and open again");
    });
}

#[test]
fn a_killed_executer_leaves_nobody_at_work() {
    for_each_database(|target| {
        let study = Study::new(target);
        study.fill("hang", "1").fill("wait", "2..4");
        let executer = study.spawn(&["execute", "--jobs", "3"]);
        wait_until(|| study.has(&["grandchild", "begun-2", "begun-3"]));
        let slots = children(executer.id());
        assert_eq!(slots.len(), 3);
        executer.signal(Signal::KILL);
        wait_until(|| slots.iter().all(|pid| is_gone(pid)) && is_gone(&study.sandbox.read("grandchild")));
        executer.kill();
    });
}

#[test]
fn ten_thousand_short_rows_leak_nothing() {
    let target = Target::sqlite();
    let study = Study::new(&target);
    study.fill("fine", "0..10000");
    let executer = study.spawn(&["execute", "--jobs", "8"]);
    let pid = executer.id().to_string();
    wait_until(|| study.count("status = 'done'") > 1_000);
    let (early, descriptors) = (resident_kib(&pid), descriptors(&pid));
    wait_until(|| study.count("status = 'done'") > 9_000 || is_gone(&pid));
    let (late, more) = (resident_kib(&pid), self::descriptors(&pid));
    executer.wait().success().stderr_has("10,000 rows done");
    assert_eq!(study.count("status = 'done' AND answer = 2 * n"), 10_000);
    assert_eq!(target.value("SELECT COUNT(DISTINCT pid) FROM study"), Some("8".to_owned()));
    assert!(late < early + 3_000, "{early} KiB, then {late} KiB");
    assert!(more <= descriptors + 2, "{descriptors} descriptors, then {more}");
}

#[test]
fn rows_run_in_the_ways_that_are_asked_for() {
    for_each_database(|target| {
        let study = Study::new(target);
        study.fill("fine", "0..6");
        let pids = |n: &str| target.value(&format!("SELECT COUNT(DISTINCT pid) FROM study WHERE n {n}"));
        study.run(&["execute", "--max-experiments", "3", "--process-per-row"]).success();
        assert_eq!(pids("< 3"), Some("3".to_owned()));
        let output = study.run(&["execute", "--in-process", "--max-experiments", "1"]);
        output.success().stdout_has("row 4 speaks");
        let output = study.run(&["execute", "--no-capture"]);
        output.success().stdout_has("row 5 speaks\nrow 6 speaks");
        assert_eq!(pids("> 3"), Some("1".to_owned()));
        for wrong in [["--in-process", "--timeout=1s"], ["--jobs=0", "--quiet"], ["--timeout=soon", "--quiet"]] {
            study.run(&[&["execute"], &wrong[..]].concat()).fails_with(2);
        }
    });
}

#[test]
fn a_main_that_gives_up_in_its_slots_is_told() {
    let target = Target::sqlite();
    let study = Study::new(&target);
    study.fill("fine", "0..3");
    let args = ["execute", "--jobs", "2", "--database", &study.url];
    let output = study.sandbox.program(mischief()).args(args).env("MISCHIEF_MAIN", "1").run();
    output
        .fails_with(1)
        .stderr_has("a slot ended before it was ready, by exit(7); it printed: this is main\nmain gives up");
    output.stderr_has("hint: a slot is this program again");
    assert_eq!(study.count("status = 'created'"), 3);
}

#[test]
fn a_slot_that_dies_between_rows_is_replaced_and_blames_none() {
    for_each_database(|target| {
        let study = Study::new(target);
        study.fill("fine", "0..5");
        let execute = |messages| {
            let args = ["execute", "--database", &study.url];
            study.sandbox.program(mischief()).args(args).env("MISCHIEF_CUT", messages).run()
        };
        // The first message says what holds for all rows, then each row is one.
        execute("2").fails_with(1).stderr_has("a slot ended before it began row 1, by SIGABRT");
        assert_eq!(study.count("status = 'created'"), 5);
        execute("3").success().stderr_has("5 rows done");
        assert_eq!(target.value("SELECT COUNT(DISTINCT pid) FROM study WHERE status = 'done'"), Some("5".to_owned()));
    });
}

/// Whether a process has ended, or is one that nobody has waited for.
fn is_gone(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.rsplit(") ").next().is_none_or(|rest| rest.is_empty() || rest.starts_with(['Z', 'X']))
}

/// The numbers of a process's children.
fn children(pid: u32) -> Vec<String> {
    let processes =
        std::fs::read_dir("/proc").expect("/proc").filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let parent = |pid: &str| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit(") ").next()?.split(' ').nth(1).map(ToOwned::to_owned)
    };
    processes.filter(|other| parent(other) == Some(pid.to_string())).collect()
}

fn resident_kib(pid: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or_default()
}

fn descriptors(pid: &str) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}
