//! What a run leaves: its figures, what it printed, its checkpoints, and what is told of it meanwhile.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use experimenter_tests::{Output, Sandbox, Signal, Target, for_each_database, wait_until};
use serde_json::Value;

fn mischief() -> PathBuf {
    env!("CARGO_BIN_EXE_mischief").into()
}

fn resumed() -> PathBuf {
    env!("CARGO_BIN_EXE_resumed").into()
}

/// Runs a command on a database.
fn run(sandbox: &Sandbox, program: PathBuf, target: &Target, args: &[&str]) -> Output {
    sandbox.run(program, args.iter().copied().chain(["--database", &target.url()]))
}

fn fill(sandbox: &Sandbox, target: &Target, mode: &str, n: &str) {
    let set = [format!("mode={mode}"), format!("n={n}")];
    run(sandbox, mischief(), target, &["fill", "--set", &set[0], "--set", &set[1]]).success();
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&output.success().stdout[output.stdout.find(['{', '[']).unwrap_or(0)..]).expect("JSON")
}

#[test]
fn figures_belong_to_their_attempt_alone() {
    for_each_database(|target| {
        let sandbox = Sandbox::new();
        for (mode, n) in [("fine", "1"), ("large", "2"), ("fine", "3"), ("exit", "4")] {
            fill(&sandbox, target, mode, n);
        }
        run(&sandbox, mischief(), target, &["execute"]).success();
        let shown = |id: &str| json(&run(&sandbox, mischief(), target, &["show", id, "--json"]));
        let figures = |id: &str| shown(id)["attempts"][0]["figures"].clone();
        let (before, large, after, exit) = (figures("1"), figures("2"), figures("3"), figures("4"));
        let mib = |figures: &Value| figures["peak_bytes"].as_f64().expect("bytes") / f64::from(1 << 20);
        assert!(mib(&before) < 100.0 && mib(&after) < 100.0, "{before} and {after}");
        assert!(mib(&large) > 300.0 && mib(&large) < 450.0, "{large}");
        assert!(large["user_seconds"].as_f64() >= Some(0.0) && large["system_seconds"].as_f64() > Some(0.0), "{large}");
        assert!(large["wall_seconds"].as_f64() > after["wall_seconds"].as_f64());
        assert_eq!((&exit["exit"], &large["exit"], &large["busy_slots"]), (&"exit(3)".into(), &Value::Null, &1.into()));

        let text = run(&sandbox, mischief(), target, &["show", "4"]);
        text.success().stdout_has("exit(3)");
        let export = run(&sandbox, mischief(), target, &["export", "--provenance"]);
        export.success().stdout_has(",attempt,wall_seconds,user_seconds,system_seconds,peak_bytes,busy_slots,exit,");
        export.stdout_has(",debug,");
    });
}

#[test]
fn what_a_run_prints_is_kept_by_row_and_attempt() {
    for_each_database(|target| {
        let sandbox = Sandbox::new();
        fill(&sandbox, target, "fail", "1");
        fill(&sandbox, target, "fine", "2..100");
        run(&sandbox, mischief(), target, &["execute", "--jobs", "4"]).success();
        run(&sandbox, mischief(), target, &["execute", "--retry-errors"]).success();
        let output = |args: &[&str]| run(&sandbox, mischief(), target, &[&["output"], args].concat());
        let lines: Vec<_> = (0..100).flat_map(|n| [format!("line {n}"), format!("complaint {n}")]).collect();
        for attempt in ["1", "3"] {
            let printed = output(&["1", "--attempt", attempt]).success().stdout.clone();
            // In the order in which they were printed, although they come from two streams.
            assert!(printed.ends_with(&format!("row 1 speaks\n{}\n", lines.join("\n"))), "{printed}");
        }
        assert!(output(&["57"]).success().stdout.ends_with("row 57 speaks\n"));
        let failed = output(&["--status", "error"]);
        failed.success().stdout_has("==> row 1 · attempt 3 · ").stdout_has("row 1 speaks\nline 0\n");
        output(&["57-58"]).success().stdout_has("row 57 speaks\n==> row 58 · attempt 1 · ");
        output(&["57-58", "--follow"]).fails_with(2).stderr_has("`--follow` follows one row");
        let shown = run(&sandbox, mischief(), target, &["show", "1"]);
        shown.success().stdout_has("output 1):\n  line 95\n  complaint 95\n").stdout_has("  complaint 99\n\nattempt");
        output(&["1", "--attempt", "2"]).fails_with(1);
        output(&["1000"]).fails_with(1);
        let files = std::fs::read_dir(sandbox.path().join(".experimenter/output")).expect("a folder").count();
        assert_eq!(files, 1);
    });
}

#[test]
fn a_run_that_prints_without_end_is_bounded() {
    let target = Target::sqlite();
    let sandbox = Sandbox::new();
    fill(&sandbox, &target, "chatter", "1");
    run(&sandbox, mischief(), &target, &["execute"]).success().stderr_has("1 row done");
    let output = run(&sandbox, mischief(), &target, &["output", "1"]);
    output.success().stdout_has("of output not kept; the last 64 KiB follow]");
    assert!(output.stdout.len() < 5 << 20, "{} bytes", output.stdout.len());
}

#[test]
fn output_can_be_followed_while_the_run_goes_on() {
    for_each_database(|target| {
        let sandbox = Sandbox::new();
        fill(&sandbox, target, "wait", "1");
        let url = target.url();
        let executer = sandbox.spawn(mischief(), ["execute", "--database", &url]);
        wait_until(|| sandbox.path().join("begun-1").exists());
        let mut follower = sandbox.spawn(mischief(), ["output", "1", "--follow", "--database", &url]);
        follower.wait_for_stdout("row 1 speaks");
        assert!(follower.is_running());
        sandbox.write("open", "");
        executer.wait().success();
        follower.wait().success();
    });
}

#[test]
fn a_run_that_is_stopped_again_and_again_reads_as_one() {
    for_each_database(|target| {
        let undisturbed = Sandbox::new();
        run(&undisturbed, resumed(), target, &["run"]).success();
        let results = "SELECT seed, mean_squared_distance FROM walk ORDER BY seed";
        let log = "SELECT experiment_id, step, mean_squared_distance FROM walk__distances ORDER BY ID";
        let by_row = |mut rows: experimenter_tests::Rows| {
            // A stable order by row: within a row the entries stay in the order in which they were written.
            rows.sort_by(|a, b| a[0].cmp(&b[0]));
            rows
        };
        let expected = (target.sql(results), by_row(target.sql(log)));
        run(&undisturbed, resumed(), target, &["drop", "--yes"]).success();

        let sandbox = Sandbox::new();
        run(&sandbox, resumed(), target, &["fill"]).success();
        let mut stops = 0;
        loop {
            let output = run(&sandbox, resumed(), target, &["execute", "--jobs", "2", "--wall-time", "700ms"]);
            match output.code {
                Some(5) => stops += 1,
                _ => {
                    output.success();
                    break;
                }
            }
            assert!(stops < 50, "{output}");
        }
        assert!(stops > 1, "stopped {stops} times");
        assert_eq!((target.sql(results), by_row(target.sql(log))), expected);
        assert_eq!(target.value("SELECT MAX(crashes) FROM experimenter__walk__claims"), Some("0".to_owned()));
    });
}

#[test]
fn events_are_lines_of_json() {
    let target = Target::sqlite();
    let sandbox = Sandbox::new();
    fill(&sandbox, &target, "fine", "1");
    fill(&sandbox, &target, "exit", "2");
    let output = run(&sandbox, mischief(), &target, &["execute", "--json"]);
    let events: Vec<Value> =
        output.success().stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let names: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap_or_default()).collect();
    let first = &events[names.iter().position(|name| *name == "started").expect("a start")];
    assert_eq!((&first["id"], &first["attempt"], &first["key"]["mode"]), (&1.into(), &1.into(), &"Fine".into()));
    let statuses: Vec<_> =
        events.iter().filter(|event| event["event"] == "ended").map(|event| &event["status"]).collect();
    assert_eq!(statuses, ["done", "error"]);
    let end = events.last().expect("an end");
    assert_eq!((&end["event"], &end["done"], &end["failed"]), (&"end".into(), &1.into(), &1.into()));
}

#[test]
fn who_does_not_read_holds_up_nobody() {
    let target = Target::sqlite();
    let sandbox = Sandbox::new();
    fill(&sandbox, &target, "fine", "0..2000");
    let url = target.url();
    // A pipe that nobody reads is full after 64 KiB; a closed one is an error at once.
    for closed in [false, true] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let reader = (!closed).then_some(reader);
        let mut executer = Command::new(mischief())
            .args(["execute", "--jobs", "2", "--json", "--quiet", "--max-experiments", "1000", "--database", &url])
            .current_dir(sandbox.path())
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(Stdio::null())
            .spawn()
            .expect("a process");
        let done = if closed { "2000" } else { "1000" };
        let count = || target.value("SELECT COUNT(*) FROM study WHERE status = 'done'");
        wait_until(|| count().as_deref() == Some(done));
        drop(reader);
        executer.wait().expect("an end");
    }
}

#[test]
fn an_executer_is_small_with_many_slots() {
    let target = Target::sqlite();
    let sandbox = Sandbox::new();
    fill(&sandbox, &target, "wait", "0..64");
    let executer = sandbox.spawn(mischief(), ["execute", "--jobs", "64", "--database", &target.url()]);
    let begun = |n: usize| sandbox.path().join(format!("begun-{n}")).exists();
    wait_until(|| (0..64).all(begun));
    let status = std::fs::read_to_string(format!("/proc/{}/status", executer.id())).expect("a status");
    // The program's own pages are shared by all slots.
    let resident = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("a size");
    let kib: u64 = resident.trim().trim_end_matches(" kB").parse().expect("a number");
    assert!(kib < 20_000, "{kib} KiB");
    executer.signal(Signal::TERM);
    sandbox.write("open", "");
    executer.wait();
}
