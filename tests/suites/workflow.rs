//! The workflow of a cluster: one fill, many executers, as processes on one database.

use std::collections::BTreeMap;
use std::path::Path;

use experimenter_tests::{Sandbox, Server, Signal, Target, for_each_database, wait_until};

fn grid() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_grid"))
}

/// How often each row was executed, by the lines that the runs left outside of the database.
fn executions(sandbox: &Sandbox) -> BTreeMap<i64, u32> {
    let mut executions = BTreeMap::new();
    for line in sandbox.read("audit").lines() {
        let id = line.split(' ').next().and_then(|id| id.parse().ok()).expect("a line of the audit");
        *executions.entry(id).or_default() += 1;
    }
    executions
}

fn count(target: &Target, condition: &str) -> String {
    target.value(&format!("SELECT COUNT(*) FROM grid WHERE {condition}")).expect("a count")
}

/// Fills `rows`, and has processes execute them all.
fn every_row_once(target: &Target, executers: usize, jobs: &str, rows: usize) {
    let sandbox = Sandbox::new();
    let url = target.url();
    let set = format!("n=0..{rows}");
    sandbox.run(grid(), ["fill", "--database", &url, "--set", &set]).success();
    let running: Vec<_> =
        (0..executers).map(|_| sandbox.spawn(grid(), ["execute", "-q", "--jobs", jobs, "--database", &url])).collect();
    for executer in running {
        executer.wait().success();
    }
    let executions = executions(&sandbox);
    assert_eq!(executions.len(), rows, "rows that were executed");
    let twice: Vec<_> = executions.iter().filter(|(_, times)| **times != 1).collect();
    assert!(twice.is_empty(), "rows executed more than once: {twice:?}");
    assert_eq!(count(target, "status = 'done' AND square = n * n AND end_date IS NOT NULL"), rows.to_string());
    assert_eq!(target.value("SELECT COUNT(*) FROM grid__steps"), Some((2 * rows).to_string()));
    assert_eq!(target.value("SELECT MAX(crashes) FROM experimenter__grid__claims"), Some("0".to_owned()));
}

#[test]
fn sixteen_executers_on_a_server_execute_2000_rows_once() {
    every_row_once(&Target::server(), 16, "1", 2_000);
}

#[test]
fn sixteen_executers_with_four_slots_each_execute_2000_rows_once() {
    for_each_database(|target| every_row_once(target, 16, "4", 2_000));
}

#[test]
fn eight_executers_on_sqlite_execute_2000_rows_once() {
    every_row_once(&Target::sqlite(), 8, "1", 2_000);
}

/// Rows that `PyExperimenter` or a person has filled are adopted by whoever comes first, one of many here.
#[test]
fn rows_of_others_are_executed_once_by_executers_that_find_them_together() {
    for_each_database(|target| {
        let sandbox = Sandbox::new();
        let url = target.url();
        sandbox.run(grid(), ["fill", "--database", &url, "--set", "n=0"]).success();
        let inserted = "INSERT INTO grid (mode, n, creation_date, status) WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL \
                        SELECT n + 1 FROM numbers WHERE n < 500) SELECT 'Square', n, '2026-01-01 00:00:00', 'created' FROM numbers";
        target.sql(inserted);
        let executers: Vec<_> = (0..10).map(|_| sandbox.spawn(grid(), ["execute", "-q", "--database", &url])).collect();
        for executer in executers {
            executer.wait().success().has_nowhere("was reset or claimed again");
        }
        let executions = executions(&sandbox);
        assert!(executions.len() == 501 && executions.values().all(|times| *times == 1), "{executions:?}");
        assert_eq!(count(target, "status = 'done'"), "501");
        sandbox.run(grid(), ["fill", "--database", &url, "--set", "n=0..=500"]).success().stdout_has("0 new rows, 501");
    });
}

#[test]
fn jobs_of_one_row_each_take_different_rows() {
    for_each_database(|target| {
        let sandbox = Sandbox::new();
        let url = target.url();
        sandbox.run(grid(), ["fill", "--database", &url, "--set", "n=0..12"]).success();
        let jobs: Vec<_> = (0..16)
            .map(|job| {
                let name = format!("job-{job}");
                sandbox.spawn(grid(), ["execute", "--max-experiments", "1", "--name", &name, "--database", &url])
            })
            .collect();
        let mut idle = 0;
        for job in jobs {
            let output = job.wait();
            output.success();
            idle += usize::from(output.stderr.contains("nothing left to do"));
        }
        assert_eq!(idle, 4);
        assert_eq!(executions(&sandbox).len(), 12);
        assert_eq!(target.value("SELECT COUNT(DISTINCT name) FROM grid"), Some("12".to_owned()));
    });
}

#[test]
fn errors_and_panics_are_data_and_the_executer_goes_on() {
    for_each_database(|target| {
        let sandbox = Sandbox::new();
        let url = target.url();
        let fill = ["fill", "--database", &url, "--set", "n=1,2", "--set", "mode=fail,panic,pause,nan,square"];
        sandbox.run(grid(), fill).success();
        let output = sandbox.run(grid(), ["execute", "--database", &url]);
        output
            .success()
            .stderr_has("4 rows done, 2 paused, 4 in error")
            .stderr_has("panicked: n is 1 (tests/programs/grid.rs:");
        output.stderr_has("`square` = NaN");
        assert_eq!(count(target, "status = 'done'"), "4");
        assert_eq!(count(target, "status = 'paused' AND note = 'begun'"), "2");
        assert_eq!(count(target, "mode = 'Nan' AND square IS NULL AND status = 'done'"), "2");
        let errors = |mode: &str| target.value(&format!("SELECT error FROM grid WHERE mode = '{mode}' AND n = 1"));
        let panic = errors("Panic").expect("an error");
        assert!(panic.starts_with("panicked: n is 1\n    at tests/programs/grid.rs:"), "{panic}");
        assert!(
            panic.contains("backtrace:") && panic.contains(": grid\n") && !panic.contains("catch_unwind"),
            "{panic}"
        );
        let fail = errors("Fail").expect("an error");
        assert!(fail.contains("No such file") && fail.contains("at tests/programs/grid.rs:"), "{fail}");

        // Rows in error are skipped unless asked for.
        sandbox.run(grid(), ["execute", "--database", &url]).success().stderr_has("4 in error");
        let strict = sandbox.run(grid(), ["execute", "--retry-errors", "--strict", "--database", &url]);
        strict.fails_with(4).stderr_has("4 rows in error are open again");
        let archived = "SELECT COUNT(*) FROM experimenter__grid__attempts WHERE reason = 'reset'";
        assert_eq!(target.value(archived), Some("4".to_owned()));

        let status = sandbox.run(grid(), ["status", "--json", "--database", &url]);
        let status: serde_json::Value = serde_json::from_str(&status.success().stdout).expect("JSON");
        assert_eq!(status["status"]["error"], 4);
        assert_eq!(status["unfit"][0]["value"], "NaN");
        let export = sandbox.run(grid(), ["export", "--database", &url]);
        export.success().stdout_has(",NaN,");
    });
}

#[test]
fn rows_of_a_killed_executer_are_run_by_the_next_one() {
    for_each_database(|target| {
        let sandbox = Sandbox::new();
        let url = target.url();
        sandbox.run(grid(), ["fill", "--database", &url, "--set", "n=3", "--set", "mode=wait"]).success();
        let executer = sandbox.spawn(grid(), ["execute", "--database", &url]);
        wait_until(|| target.value("SELECT note FROM grid") == Some("begun".to_owned()));
        executer.kill();
        assert_eq!(count(target, "status = 'running'"), "1");
        for (command, says) in
            [("status", "  dead  "), ("explain", "an executer does not run its rows any more: 1 of ")]
        {
            sandbox.run(grid(), [command, "--database", &url]).success().stdout_has(says);
        }
        sandbox.write("open", "");
        let output = sandbox.run(grid(), ["execute", "--max-experiments", "1", "--database", &url]);
        // On the same host there is nothing to wait for.
        output.success().stderr_has("has ended without a word; 1 row is open again").stderr_has("1 row done");
        assert_eq!(count(target, "status = 'done' AND square = 9"), "1");
        assert_eq!(target.value("SELECT COUNT(*) FROM grid__steps WHERE attempt = 2"), Some("2".to_owned()));
        assert_eq!(target.value("SELECT COUNT(*) FROM grid__steps"), Some("2".to_owned()));
        let runs: Vec<_> = sandbox.read("audit").lines().map(ToOwned::to_owned).collect();
        assert_eq!(runs, ["1 1 3", "1 2 3"]);
    });
}

/// As after the end of another host: nothing of its processes can be seen here.
fn moves_to_another_host(target: &Target) {
    target.sql("UPDATE experimenter__grid__executers SET boot = 'another', host = 'far'");
}

fn wait_until_lapsed(target: &Target) {
    let now = if target.is_sqlite() { "strftime('%Y-%m-%d %H:%M:%f', 'now')" } else { "UTC_TIMESTAMP(6)" };
    let lapsed = format!(
        "SELECT COUNT(*) FROM experimenter__grid__executers WHERE host = 'far' AND state = 'alive' AND expires_at < {now}"
    );
    wait_until(|| target.value(&lapsed) == Some("1".to_owned()));
}

/// Leases that are over soon.
const SHORT: [&str; 6] = ["--lease", "600ms", "--beat", "100ms", "--observation", "500ms"];

#[test]
fn rows_of_another_host_are_open_when_its_lease_is_over() {
    for_each_database(|target| {
        let sandbox = Sandbox::new();
        let url = target.url();
        sandbox.run(grid(), ["fill", "--database", &url, "--set", "n=3", "--set", "mode=wait"]).success();
        let execute =
            |more: &[&str]| sandbox.run(grid(), [&["execute", "--database", &url], &SHORT[..], more].concat());
        let executer = sandbox.spawn(grid(), [&["execute", "--database", &url], &SHORT[..]].concat());
        wait_until(|| target.value("SELECT note FROM grid") == Some("begun".to_owned()));
        moves_to_another_host(target);
        // It gives signs of life.
        let beside_it = execute(&[]);
        if target.is_sqlite() {
            beside_it.fails_with(1).stderr_has("an SQLite file is for one host");
        } else {
            beside_it.success().stderr_has("nothing left to do: 0 rows done, 1 running");
        }
        executer.kill();
        wait_until_lapsed(target);
        execute(&["--no-wait"]).success().stderr_has("1 running");
        sandbox.write("open", "");
        let output = execute(&[]);
        output.success().stderr_has("1 row is held by executers that are not heard of").stderr_has("1 row done");
        output.stderr_has("on far) is not heard of since");
        assert_eq!(count(target, "status = 'done' AND square = 9"), "1");
        assert_eq!(target.value("SELECT crashes FROM experimenter__grid__claims"), Some("1".to_owned()));
    });
}

#[test]
fn a_row_that_crashes_its_executers_is_given_up() {
    for_each_database(|target| {
        let sandbox = Sandbox::new();
        let url = target.url();
        sandbox.run(grid(), ["fill", "--database", &url, "--set", "n=3", "--set", "mode=wait"]).success();
        for attempt in 1..=3 {
            let executer = sandbox.spawn(grid(), ["execute", "--crash-limit", "3", "--database", &url]);
            let begun = format!("SELECT COUNT(*) FROM grid__steps WHERE attempt = {attempt}");
            wait_until(|| target.value(&begun) == Some("1".to_owned()));
            executer.kill();
        }
        let output = sandbox.run(grid(), ["execute", "--database", &url]);
        output.success().stderr_has("row 1 has crashed too often, and is in error");
        let story = target.value("SELECT error FROM grid WHERE status = 'error'").expect("a story");
        assert!(story.contains("reset") && story.matches("process").count() >= 3, "{story}");
    });
}

#[test]
fn an_executer_that_was_only_stopped_takes_its_row_back() {
    for_each_database(|target| {
        let sandbox = Sandbox::new();
        let url = target.url();
        sandbox.run(grid(), ["fill", "--database", &url, "--set", "n=3", "--set", "mode=wait"]).success();
        let executer = sandbox.spawn(grid(), [&["execute", "--database", &url], &SHORT[..]].concat());
        wait_until(|| target.value("SELECT note FROM grid") == Some("begun".to_owned()));
        target.stop(&executer);
        moves_to_another_host(target);
        wait_until_lapsed(target);
        // One that wants no open row opens it.
        let other = sandbox.run(grid(), [&["execute", "--ids", "9", "--database", &url], &SHORT[..]].concat());
        other.success().stderr_has("is not heard of since");
        assert_eq!(count(target, "status = 'created'"), "1");
        executer.signal(Signal::CONT);
        wait_until(|| count(target, "status = 'running'") == "1");
        sandbox.write("open", "");
        executer.wait().success().stderr_has("others have declared this executer dead").stderr_has("1 row done");
        assert_eq!(count(target, "status = 'done' AND square = 9"), "1");
        assert_eq!(sandbox.read("audit").lines().count(), 1);
        assert_eq!(target.value("SELECT crashes FROM experimenter__grid__claims"), Some("0".to_owned()));
    });
}

#[test]
fn an_executer_lets_a_row_go_that_another_has_claimed() {
    for_each_database(|target| {
        let sandbox = Sandbox::new();
        let url = target.url();
        sandbox.run(grid(), ["fill", "--database", &url, "--set", "n=3", "--set", "mode=wait"]).success();
        let args = ["execute", "--grace", "100ms", "--database", &url];
        let executer = sandbox.spawn(grid(), [&args, &SHORT[..]].concat());
        wait_until(|| target.value("SELECT note FROM grid") == Some("begun".to_owned()));
        target.stop(&executer);
        moves_to_another_host(target);
        wait_until_lapsed(target);
        let other = sandbox.spawn(grid(), [&args, &SHORT[..]].concat());
        wait_until(|| sandbox.read("audit").lines().count() == 2);
        executer.signal(Signal::CONT);
        wait_until(|| executer.stderr().contains("row 1 was reset or claimed again: its run here is ended"));
        sandbox.write("open", "");
        other.wait().success().stderr_has("1 row done");
        executer.wait().success();
        assert_eq!(count(target, "status = 'done' AND square = 9"), "1");
        assert_eq!(sandbox.read("audit").lines().count(), 2);
    });
}

#[test]
fn leases_that_make_no_sense_are_refused() {
    let sandbox = Sandbox::new();
    for (wrong, says) in [
        (["--lease", "60s"], "too short for a beat every 30s"),
        (["--beat", "0s"], "too often"),
        (["--observation", "1s"], "take at least 90s"),
        (["--crash-limit", "0"], "1 gives a row up with its first crash"),
    ] {
        sandbox.run(grid(), [&["run", "--set", "n=1"], &wrong[..]].concat()).fails_with(2).stderr_has(says);
    }
    assert!(!sandbox.path().join("experiments.db").exists(), "nothing was begun");
}

#[test]
fn a_result_waits_for_a_database_that_is_killed() {
    let mut server = Server::start();
    let url = server.database().url();
    let name = url.rsplit('/').next().expect("a database").to_owned();
    let sandbox = Sandbox::new();
    sandbox.run(grid(), ["fill", "--database", &url, "--set", "n=3", "--set", "mode=wait"]).success();
    let mut executer = sandbox.spawn(grid(), ["execute", "--database", &url]);
    let running = |server: &Server| server.sql(&name, "SELECT COUNT(*) FROM grid WHERE note = 'begun'").contains('1');
    wait_until(|| running(&server));
    server.kill();
    sandbox.write("open", "");
    wait_until(|| executer.stderr().contains("row 1: what it gave waits for the database"));
    assert!(executer.is_running());
    server.restart();
    executer.wait().success().stderr_has("the database is back after").stderr_has("1 row done");
    assert!(server.sql(&name, "SELECT square FROM grid WHERE status = 'done'").contains('9'));
}

#[test]
fn a_run_with_checkpoints_does_not_wait_for_a_database_that_is_away() {
    let mut server = Server::start();
    let url = server.database().url();
    let name = url.rsplit('/').next().expect("a database").to_owned();
    let sandbox = Sandbox::new();
    let walk = |arguments: &[&str]| {
        let program = env!("CARGO_BIN_EXE_resumed");
        sandbox.spawn(program, [arguments, &["--database", &url]].concat())
    };
    walk(&["fill", "--set", "seed=1"]).wait().success();
    let mut executer = walk(&["execute", "--json"]);
    executer.wait_for_stdout("\"event\":\"progress\"");
    server.kill();
    // The function comes to its end.
    executer.wait_for_stdout("\"event\":\"waiting\"");
    executer.wait_for_stdout("\"done\":400");
    assert!(executer.is_running());
    server.restart();
    executer.wait().success();
    let value = |query: &str| server.sql(&name, query).trim().to_owned();
    assert_eq!(value("SELECT COUNT(*) FROM walk WHERE status = 'done'"), "1");
    assert_eq!(value("SELECT COUNT(*) FROM walk__distances"), "40");
}

#[test]
fn a_result_outlives_its_database_and_its_executer() {
    let mut server = Server::start();
    for signal in [Signal::KILL, Signal::TERM] {
        let database = server.database();
        let (url, name) = (database.url(), database.name().to_owned());
        let sandbox = Sandbox::new();
        let value = |server: &Server, query: &str| server.sql(&name, query).trim().to_owned();
        sandbox.run(grid(), ["fill", "--database", &url, "--set", "n=3", "--set", "mode=wait"]).success();
        let executer = sandbox.spawn(grid(), ["execute", "--grace", "100ms", "--database", &url]);
        wait_until(|| value(&server, "SELECT COUNT(*) FROM grid WHERE note = 'begun'") == "1");
        server.kill();
        sandbox.write("open", "");
        let spool = sandbox.path().join(".experimenter/spool");
        wait_until(|| std::fs::read_dir(&spool).is_ok_and(|files| files.count() > 0));
        wait_until(|| executer.stderr().contains("row 1: what it gave waits for the database"));
        // A log entry may wait before the result does.
        let waiting = ["deliver", "--dry-run", "--database", &url];
        wait_until(|| sandbox.run(grid(), waiting).success().stdout.contains("1 waiting"));
        executer.signal(signal);
        let ended = executer.wait();
        if signal == Signal::TERM {
            ended.fails_with(75).stderr_has("1 result waits on the disk for the database");
        }
        sandbox.run(grid(), ["deliver", "--database", &url]).fails_with(75).stdout_has("1 waiting");

        server.restart();
        assert_eq!(value(&server, "SELECT COUNT(*) FROM grid WHERE status = 'running'"), "1");
        let next = sandbox.run(grid(), ["execute", "--database", &url]);
        next.success().stderr_has("of the results that waited on the disk 1 came into the table, and 0 too late");
        next.stderr_has("nothing left to do: 1 row done");
        assert_eq!(value(&server, "SELECT square FROM grid WHERE status = 'done'"), "9");
        assert_eq!(value(&server, "SELECT COUNT(*) FROM grid__steps"), "2", "log entries come with the result");
        assert_eq!(sandbox.read("audit").lines().count(), 1);
        sandbox.run(grid(), ["deliver", "--database", &url]).success().stdout_has("no result waits");
    }
}

#[test]
fn a_spool_that_cannot_be_written_is_told_and_costs_no_result() {
    for_each_database(|target| {
        let sandbox = Sandbox::new();
        let url = target.url();
        sandbox.write("file", "");
        sandbox.run(grid(), ["fill", "--database", &url, "--set", "n=0..3"]).success();
        let output =
            sandbox.run(grid(), ["execute", "--spool", "file/spool", "--spool-after", "0s", "--database", &url]);
        output
            .success()
            .stderr_has("results cannot be kept on the disk, and go to the database alone")
            .stderr_has("3 rows done");
        assert_eq!(count(target, "status = 'done'"), "3");
    });
}

#[test]
fn rows_go_on_after_their_database_was_killed() {
    let mut server = Server::start();
    let database = server.database();
    let (url, name) = (database.url(), database.name().to_owned());
    let sandbox = Sandbox::new();
    sandbox.run(grid(), ["fill", "--database", &url, "--set", "n=0..1200"]).success();
    let executer = sandbox.spawn(grid(), ["execute", "--jobs", "2", "--database", &url]);
    let done = |server: &Server| server.sql(&name, "SELECT COUNT(*) FROM grid WHERE status = 'done'");
    for round in 1..=3 {
        wait_until(|| done(&server).trim().parse::<u32>().is_ok_and(|done| done > 200 * round));
        server.kill();
        wait_until(|| executer.stderr().matches("the database is away").count() == round as usize);
        server.restart();
    }
    executer.wait().success().stderr_has("1,200 rows done");
    assert_eq!(done(&server).trim(), "1200");
    assert_eq!(sandbox.read("audit").lines().count(), 1_200, "each ran once");
}

#[test]
fn an_executer_whose_database_is_away_ends_when_it_is_asked_to() {
    let mut server = Server::start();
    let database = server.database();
    let (url, name) = (database.url(), database.name().to_owned());
    let sandbox = Sandbox::new();
    sandbox.run(grid(), ["fill", "--database", &url, "--set", "n=3", "--set", "mode=wait"]).success();
    let executer = sandbox.spawn(grid(), ["execute", "--grace", "100ms", "--database", &url]);
    wait_until(|| server.sql(&name, "SELECT COUNT(*) FROM grid WHERE note = 'begun'").contains('1'));
    server.kill();
    executer.signal(Signal::TERM);
    executer
        .wait()
        .fails_with(69)
        .stderr_has("SIGTERM: no more rows are begun")
        .stderr_has("until another executer opens them");
    server.restart();
    assert!(server.sql(&name, "SELECT COUNT(*) FROM grid WHERE status = 'running'").contains('1'));
}

#[test]
fn an_executer_that_waits_for_a_lock_can_be_interrupted() {
    for mode in [&["--jobs", "1"][..], &["--in-process"]] {
        let target = Target::sqlite();
        let sandbox = Sandbox::new();
        let url = target.url();
        sandbox.run(grid(), ["fill", "--database", &url, "--set", "n=3", "--set", "mode=wait"]).success();
        let executer = sandbox.spawn(grid(), [&["execute", "--database", &url], mode].concat());
        wait_until(|| target.value("SELECT note FROM grid") == Some("begun".to_owned()));
        let held = target.lock();
        executer.signal(Signal::INT);
        wait_until(|| executer.stderr().contains("interrupted: no more rows are begun"));
        executer.signal(Signal::INT);
        executer.wait().fails_with(130).stderr_has("until another executer opens them");
        drop(held);
        assert_eq!(count(&target, "status = 'running'"), "1");
    }
}

#[test]
fn an_executer_whose_database_is_away_can_be_interrupted() {
    let mut server = Server::start();
    let database = server.database();
    let (url, name) = (database.url(), database.name().to_owned());
    let sandbox = Sandbox::new();
    sandbox.run(grid(), ["fill", "--database", &url, "--set", "n=3", "--set", "mode=wait"]).success();
    let executer = sandbox.spawn(grid(), ["execute", "--database", &url]);
    wait_until(|| server.sql(&name, "SELECT COUNT(*) FROM grid WHERE note = 'begun'").contains('1'));
    server.kill();
    executer.signal(Signal::INT);
    wait_until(|| executer.stderr().contains("interrupted: no more rows are begun"));
    executer.signal(Signal::INT);
    executer.wait().fails_with(130).stderr_has("until another executer opens them");
    server.restart();
    assert!(server.sql(&name, "SELECT COUNT(*) FROM grid WHERE status = 'running'").contains('1'));
}

#[test]
fn a_result_waits_for_a_database_that_is_read_only() {
    let mut server = Server::start();
    let database = server.database();
    let url = database.url();
    let sandbox = Sandbox::new();
    sandbox.run(grid(), ["fill", "--database", &url, "--set", "n=3", "--set", "mode=wait"]).success();
    let executer = sandbox.spawn(grid(), ["execute", "--max-experiments", "1", "--database", &url]);
    wait_until(|| server.sql(database.name(), "SELECT COUNT(*) FROM grid WHERE note = 'begun'").contains('1'));
    server.set_read_only(true);
    sandbox.write("open", "");
    wait_until(|| executer.stderr().contains("row 1: what it gave waits for the database"));
    server.set_read_only(false);
    executer.wait().success().stderr_has("1 row done");
    assert!(server.sql(database.name(), "SELECT square FROM grid WHERE status = 'done'").contains('9'));
    assert!(server.sql(database.name(), "SELECT COUNT(*) FROM grid__steps").contains('2'), "log entries wait as well");
}

#[test]
fn a_fill_that_is_killed_goes_on_where_it_stopped() {
    for_each_database(|target| {
        let sandbox = Sandbox::new();
        let url = target.url();
        let fill = ["fill", "--database", &url, "--set", "n=0..40000"];
        sandbox.run(grid(), ["fill", "--database", &url, "--set", "n=0"]).success();
        let killed = sandbox.spawn(grid(), fill);
        wait_until(|| count(target, "n > 0") != "0");
        killed.kill();
        sandbox.run(grid(), fill).success();
        assert_eq!(count(target, "status = 'created'"), "40000");
        assert_eq!(target.value("SELECT COUNT(DISTINCT n) FROM grid"), Some("40000".to_owned()));
    });
}

#[test]
fn a_fill_outlives_its_database() {
    let mut server = Server::start();
    let database = server.database();
    let (url, name) = (database.url(), database.name().to_owned());
    let sandbox = Sandbox::new();
    sandbox.run(grid(), ["fill", "--database", &url, "--set", "n=0"]).success();
    let fill = sandbox.spawn(grid(), ["fill", "--database", &url, "--set", "n=0..40000"]);
    let count = |server: &Server, what: &str| server.sql(&name, &format!("SELECT {what} FROM grid")).trim().to_owned();
    wait_until(|| count(&server, "COUNT(*)") != "1");
    server.kill();
    server.restart();
    fill.wait().success();
    assert_eq!(count(&server, "COUNT(*)"), "40000");
    assert_eq!(count(&server, "COUNT(DISTINCT n)"), "40000");
}

#[test]
fn a_run_that_was_reset_meanwhile_cannot_write() {
    for_each_database(|target| {
        let sandbox = Sandbox::new();
        let url = target.url();
        sandbox.run(grid(), ["fill", "--database", &url, "--set", "n=3", "--set", "mode=wait"]).success();
        let executer = sandbox.spawn(grid(), ["execute", "--max-experiments", "1", "--database", &url]);
        wait_until(|| target.value("SELECT note FROM grid") == Some("begun".to_owned()));
        sandbox.run(grid(), ["reset", "--ids", "1", "--yes", "--database", &url]).success();
        sandbox.write("open", "");
        executer.wait().success().stderr_has("row 1 was reset or claimed again");
        assert_eq!(count(target, "status = 'created' AND square IS NULL AND error IS NULL"), "1");
        let stale = "SELECT COUNT(*) FROM experimenter__grid__attempts WHERE reason = 'stale'";
        assert_eq!(target.value(stale), Some("1".to_owned()));
    });
}

/// A run is told of a log entry that the database refuses, and the entry is kept.
#[test]
fn a_log_entry_that_is_refused_is_not_lost() {
    for_each_database(|target| {
        let sandbox = Sandbox::new();
        let url = target.url();
        let run = |arguments: &[&str]| sandbox.run(grid(), [&["--database", &url], arguments].concat());
        run(&["fill", "--set", "n=7"]).success();
        target.sql(match target {
            Target::Sqlite { .. } => {
                "CREATE TRIGGER refuse BEFORE INSERT ON grid__steps WHEN NEW.step = 1 \
                 BEGIN SELECT RAISE(ABORT, 'not_this_one'); END"
            }
            Target::Server(_) => "ALTER TABLE grid__steps ADD CONSTRAINT not_this_one CHECK (step <> 1)",
        });
        // It may be told at its next entry, or have ended before.
        run(&["execute"]).stderr_has("row 1: `log entries` = ").stderr_has("not_this_one");
        let kept = r#"{"logtable":"steps","timestamp":""#;
        run(&["status"]).success().stdout_has("not_this_one").stdout_has(kept).stdout_has(r#""values":{"step":1}"#);
        assert_ne!(count(target, "status IN ('done', 'error')"), "0");
    });
}

#[test]
fn equal_keyfields_have_equal_seeds_in_every_database() {
    let seeds: Vec<_> = Target::all()
        .iter()
        .map(|target| {
            let sandbox = Sandbox::new();
            sandbox.run(grid(), ["run", "--database", &target.url(), "--set", "n=0..3"]).success();
            target.sql("SELECT seed FROM grid ORDER BY n")
        })
        .collect();
    assert_eq!(seeds[0], seeds[1]);
    assert_ne!(seeds[0][0], seeds[0][1]);
}
