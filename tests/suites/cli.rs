//! The command line as its users meet it: what commands print, and what mistakes get as an answer.

mod looking;

use std::path::Path;
use std::process::Command;

use experimenter_tests::{Output, Sandbox, Server, Target, Vendor, for_each_database};

fn grid() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_grid"))
}

fn zoo() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_zoo"))
}

/// A failure of a person: the code, what it says, what to type next, and neither panic nor backtrace.
fn refused(output: &Output, code: i32, says: &[&str]) {
    output.fails_with(code).stderr_has("error: ");
    for text in says {
        output.stderr_has(text);
    }
    for noise in ["thread '", "RUST_BACKTRACE", "stack backtrace", "p4ssw0rd"] {
        output.has_nowhere(noise);
    }
}

#[test]
fn a_first_run_needs_nothing() {
    let sandbox = Sandbox::new();
    let output = sandbox.run(grid(), ["run", "--set", "n=0..10"]);
    output.success().stderr_has("sqlite://experiments.db · grid · a grid of 10 rows").stderr_has("10 new rows");
    output.stderr_has("10 rows done").stdout_has("10 of 10").stdout_has("28 ± 28");
    let again = sandbox.run(grid(), ["run", "--set", "n=0..10"]);
    again.success().stderr_has("0 new rows, 10 there already").stderr_has("nothing left to do: 10 rows done");
}

#[test]
fn the_commands_of_a_study() {
    for_each_database(|target| {
        let sandbox = Sandbox::new();
        let url = target.url();
        let grid = |arguments: &[&str]| sandbox.run(grid(), [&["--database", &url], arguments].concat());
        grid(&["fill", "--dry-run", "--set", "n=0..20"]).success().stdout_has("would add 20 rows");
        grid(&["fill", "--set", "n=0..20"]).success().stdout_has("20 new rows");
        grid(&["fill", "--set", "n=0..=20", "--json"])
            .success()
            .stdout_has("\"new\": 1")
            .stdout_has("\"existing\": 20");
        grid(&["execute", "--max-experiments", "3"]).success().stderr_has("3 rows done").stderr_has("row 1: done in");
        grid(&["execute", "--ids", "10-12", "--random-order"]).success().stderr_has("3 rows done");
        let status = grid(&["status"]);
        status.success().stdout_has("created    15  71.4 %").stdout_has("experimenter").stdout_has("left");
        let summary = grid(&["summary", "--by", "mode", "--value", "square"]);
        summary.success().stdout_has("square").stdout_has("Square  6 of 21");
        grid(&["reset", "--ids", "1-2", "--dry-run"]).success().stdout_has("would open 2 rows again (2 done)");
        grid(&["reset", "--ids", "1-2", "--yes"]).success().stdout_has("2 rows are open again");
        let csv = grid(&["export", "--status", "done"]).success().stdout.clone();
        assert_eq!(csv.lines().count(), 5, "{csv}");
        assert!(
            csv.starts_with("ID,mode,n,creation_date,status,start_date,name,machine,square,seed,note,end_date,error\n")
        );
        grid(&["export", "--format", "json", "-o", "table.json"]).success().stderr_has("21 rows in table.json");
        let json: serde_json::Value = serde_json::from_str(&sandbox.read("table.json")).expect("JSON");
        assert_eq!(json.as_array().map(Vec::len), Some(21));
        assert_eq!(json[2]["square"], 4.0);
        grid(&["drop", "--dry-run"])
            .success()
            .stdout_has("would drop the table `grid` with 21 rows (17 created, 4 done)");
        grid(&["drop", "--yes"]).success().stdout_has("are dropped");
        refused(&grid(&["status"]), 1, &["there is no table `grid`", "hint: fill it first: ", " fill"]);
        grid(&["drop", "--yes"]).success().stdout_has("nothing to drop");
    });
}

#[test]
fn several_experiments_are_listed_and_chosen() {
    let sandbox = Sandbox::new();
    let list = sandbox.run(zoo(), ["list"]);
    list.success().stdout_has("kinds").stdout_has("all_kinds").stdout_has("tests/programs/zoo.rs:");
    let json: serde_json::Value =
        serde_json::from_str(&sandbox.run(zoo(), ["list", "--json"]).success().stdout).expect("JSON");
    assert_eq!(json[0]["experiment"], "broken");
    refused(&sandbox.run(zoo(), ["fill"]), 2, &["several experiments", "--experiment NAME", "`kinds`", "`open`"]);
    refused(&sandbox.run(zoo(), ["fill", "--experiment", "no"]), 2, &["no experiment `no`", "`kinds`"]);
    refused(
        &sandbox.run(Path::new(env!("CARGO_BIN_EXE_clash")), ["list"]),
        1,
        &["both use the table `shared`", "clash.rs:5", "clash.rs:10"],
    );
}

#[test]
fn every_kind_of_field_goes_through_both_databases() {
    for_each_database(|target| {
        let sandbox = Sandbox::new();
        let url = target.url();
        let kinds = |command: &str| sandbox.run(zoo(), ["--experiment", "kinds", "--database", &url, command]);
        kinds("run").success().stderr_has("8 new rows").stderr_has("8 rows done");
        kinds("fill").success().stdout_has("0 new rows, 8 there already");
        let rows = kinds("export").success().stdout.clone();
        assert!(rows.contains("\"日本, \"\"quoted\"\"\nline\""), "{rows}");
        let day = target.sql("SELECT i8, big, layers, maybe FROM all_kinds WHERE ID = 3").remove(0);
        let shown: Vec<_> = day.iter().map(|cell| cell.as_deref().unwrap_or("NULL")).collect();
        assert_eq!(shown, ["-128", "9000000000000000000", "[64,32]", "NULL"]);
    });
}

#[test]
fn mistakes_in_a_grid_are_found_before_anything_is_written() {
    for_each_database(|target| {
        let sandbox = Sandbox::new();
        let url = target.url();
        let fill = |experiment: &str, set: &[&str]| {
            let sets = set.iter().flat_map(|set| ["--set", set]);
            let head = ["fill", "--experiment", experiment, "--database", &url];
            sandbox.run(zoo(), head.into_iter().chain(sets).collect::<Vec<_>>())
        };
        refused(&fill("open", &[]), 2, &["keyfield `seed` has no values (tests/programs/zoo.rs:", "--set seed=a,b"]);
        refused(&fill("open", &["seed=x"]), 2, &["expected i64, found `x`", "--set seed=0..3,7"]);
        refused(&fill("open", &["seed=1.5"]), 2, &["expected i64, found `1.5`"]);
        refused(&fill("open", &["sed=1"]), 2, &["`open` has no keyfield `sed`", "`seed`, `base`"]);
        refused(&fill("open", &["seed"]), 2, &["`--set seed` lacks its `=`"]);
        refused(&fill("sizes", &[]), 2, &["no file matches `instances/*.cnf`", "--set path="]);
        refused(&fill("broken", &[]), 2, &["keyfield `n`:", "no domain today", "zoo.rs:"]);
        let too_long = fill("narrow", &[]);
        match target {
            Target::Sqlite { .. } => {
                too_long.success();
            }
            Target::Server(_) => refused(&too_long, 2, &["keyfield `label`: `abcd` is 4 characters long", "zoo.rs:"]),
        }
        refused(&sandbox.run(zoo(), ["status", "--experiment", "open", "--database", &url]), 1, &["no table `open`"]);
    });
}

#[test]
fn custom_values_reach_the_function() {
    let sandbox = Sandbox::new();
    let run = |custom: &[&str]| {
        let arguments = ["run", "--experiment", "open", "--set", "seed=1"];
        sandbox.run(zoo(), [&arguments, custom].concat())
    };
    run(&[]).fails_with(4).stderr_has("there is no custom value `scale`; give it by `--custom scale=VALUE`");
    sandbox.run(zoo(), ["reset", "--experiment", "open", "--status", "error", "--yes"]).success();
    run(&["--custom", "scale=\"ten\""]).fails_with(4).stderr_has("the custom value `scale` is `\"ten\"`");
    sandbox.run(zoo(), ["reset", "--experiment", "open", "--status", "error", "--yes"]).success();
    run(&["--custom", "scale=10"]).success().stdout_has("5.0 ± 5.0");
    assert_eq!(sandbox.read(".experimenter/rows/open/1/scale"), "10");
    refused(&run(&["--custom", "scale"]), 2, &["`--custom scale` lacks its `=`"]);
}

#[test]
fn a_wrong_command_line_says_the_right_one() {
    let sandbox = Sandbox::new();
    sandbox.run(grid(), ["fill", "--set", "n=0..3"]).success();
    for (arguments, says) in [
        (&["fil"][..], "fill"),
        (&["execute", "--max-experiments", "many"], "--max-experiments"),
        (&["execute", "--max-experiments", "-2"], "-2"),
        (&["execute", "--ids", "7-3"], "write `3`, `7-9` or `3,7-9`"),
        (&["reset", "--status", "broken"], "a status is one of created, running, done, error, paused"),
        (&["export", "--format", "xml"], "csv"),
    ] {
        sandbox.run(grid(), arguments).fails_with(2).stderr_has(says).has_nowhere("panicked");
    }
    refused(&sandbox.run(grid(), ["reset"]), 2, &["which rows", "reset --status error"]);
    refused(&sandbox.run(grid(), ["reset", "--ids", "1"]), 2, &["nobody to ask", "--yes"]);
    refused(&sandbox.run(grid(), ["drop"]), 2, &["nobody to ask", "--yes"]);
    refused(&sandbox.run(grid(), ["summary", "--by", "kernel"]), 2, &["no keyfield `kernel`", "`mode`, `n`"]);
    refused(
        &sandbox.run(grid(), ["summary", "--value", "loss"]),
        2,
        &["no resultfield `loss`", "`square`, `seed`, `note`"],
    );
    refused(&sandbox.run(grid(), ["summary", "--value", "note"]), 2, &["`note` is text"]);
    refused(&sandbox.run(grid(), ["run", "--by", "kernel"]), 2, &["no keyfield `kernel`"]);
    for (url, says) in [
        ("experiments.db", "lacks its `…://`"),
        ("postgres://me@host/db", "`postgres://`"),
        ("mysql://me:p4ssw0rd@host", "lacks `/database`"),
        ("mysql://me:p4ssw0rd@host/db?tls=1", "unknown option `tls`"),
    ] {
        refused(&sandbox.run(grid(), ["status", "--database", url]), 2, &[says, "mysql://user:password@host"]);
        let variable = sandbox.program(grid()).args(["status"]).env("EXPERIMENTER_DATABASE", url).run();
        refused(&variable, 2, &[says]);
    }
}

#[test]
fn help_is_for_newcomers() {
    let sandbox = Sandbox::new();
    sandbox
        .run(grid(), ["--help"])
        .success()
        .stdout_has("execute --max-experiments 1")
        .stdout_has("EXPERIMENTER_DATABASE");
    for command in
        ["list", "fill", "execute", "run", "status", "summary", "reset", "export", "doctor", "drop", "errors"]
    {
        sandbox.run(grid(), [command, "--help"]).success().stdout_has("--database");
    }
    sandbox.run(grid(), [] as [&str; 0]).fails_with(2).stderr_has("Usage");
}

#[test]
fn databases_that_do_not_let_us_in() {
    let sandbox = Sandbox::new();
    let database = Server::shared().database();
    let url = database.url();
    let fill = |url: &str| sandbox.run(grid(), ["fill", "--set", "n=0..3", "--database", url]);
    refused(&fill("mysql://me:p4ssw0rd@127.0.0.1:1/db"), 69, &["mysql://127.0.0.1:1/db", "cannot reach", "hint: "]);
    let wrong = url.replace(database.password(), "p4ssw0rd");
    refused(&fill(&wrong), 1, &["Access denied for user", "hint: check user, password"]);
    let elsewhere = url.replace(database.name(), "nowhere");
    refused(&fill(&elsewhere), 1, &["nowhere", "hint: check user, password and database"]);
    let reader = database.with_privileges(&["SELECT"]);
    refused(&fill(&reader), 1, &["cannot create the table `grid`", "GRANT CREATE"]);
    fill(&url).success();
    refused(&sandbox.run(grid(), ["execute", "--database", &reader]), 1, &["command denied"]);
    sandbox.run(grid(), ["status", "--database", &reader]).success().stdout_has("created");

    let typo = sandbox.run(grid(), ["status", "--database", "sqlite://typo.db"]);
    refused(&typo, 1, &["no database file typo.db", "fill it first"]);
    assert!(!sandbox.path().join("typo.db").exists());
    refused(&fill("sqlite:///no/such/folder/file.db"), 69, &["/no/such/folder/file.db", "does not exist", "create it"]);
    sandbox.write("text.db", &"this is no database\n".repeat(100));
    refused(&fill("sqlite://text.db"), 1, &["text.db", "not a database"]);
}

#[test]
fn a_read_only_server_is_said_to_be_one() {
    let mut server = Server::start();
    let url = server.database().url();
    let sandbox = Sandbox::new();
    sandbox.run(grid(), ["fill", "--set", "n=0..3", "--database", &url]).success();
    server.set_read_only(true);
    refused(&sandbox.run(grid(), ["fill", "--set", "n=0..9", "--database", &url]), 1, &["read-only"]);
    refused(&sandbox.run(grid(), ["execute", "--database", &url]), 1, &["read-only"]);
    sandbox.run(grid(), ["status", "--database", &url]).success().stdout_has("created     3  100.0 %");
}

#[test]
fn a_table_of_another_shape_is_refused_in_full() {
    for_each_database(|target| {
        let sandbox = Sandbox::new();
        let url = target.url();
        target.sql(
            "CREATE TABLE grid (ID INTEGER PRIMARY KEY, mode VARCHAR(255), n DATE, status VARCHAR(255), extra INT)",
        );
        for command in ["fill", "execute", "status"] {
            let output = sandbox.run(grid(), [command, "--database", &url]);
            refused(&output, 1, &["other columns", "missing: `square`", "different: `n`", "extra: `extra`"]);
        }
    });
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let sandbox = Sandbox::new();
    sandbox.run(grid(), ["fill", "-q"]).success();
    let program = grid().display().to_string();
    for command in ["list", "export", "status", "--help"] {
        let script = format!("set -o pipefail; '{program}' {command} -q | head -c 1 >/dev/null");
        let output = sandbox.run(Path::new("bash"), ["-c", &script]);
        output.success().has_nowhere("panicked").has_nowhere("Broken pipe");
    }
}

#[test]
fn a_binary_needs_libc_alone() {
    let sandbox = Sandbox::new();
    // The profile changes no library that is linked.
    let linked = sandbox.run(Path::new("ldd"), [grid()]).success().stdout.clone();
    let known = ["linux-vdso.so", "libc.so", "libm.so", "libgcc_s.so", "ld-linux"];
    for line in linked.lines() {
        assert!(known.iter().any(|library| line.contains(library)), "{linked}");
    }
}

#[test]
fn a_row_is_shown_with_its_attempts() {
    for_each_database(|target| {
        let sandbox = Sandbox::new();
        let url = target.url();
        let grid = |arguments: &[&str]| sandbox.run(grid(), [&["--database", &url], arguments].concat());
        grid(&["fill", "--set", "mode=Square,Fail,Pause", "--set", "n=3"]).success();
        grid(&["execute"]).success().stderr_has("1 row done, 1 paused");
        grid(&["reset", "--ids", "2", "--yes"]).success();
        grid(&["execute"]).success();
        let done = grid(&["show", "1"]);
        done.success().stdout_has("row 1: done").stdout_has("square         9").stdout_has("experimenter");
        let failed = grid(&["show", "2"]);
        failed.success().stdout_has("row 2: error").stdout_has("No such file").stdout_has("reset");
        let json: serde_json::Value =
            serde_json::from_str(&grid(&["show", "2", "--json"]).success().stdout).expect("JSON");
        assert_eq!(
            (&json["ID"], &json["keyfields"]["mode"], &json["status"]),
            (&2.into(), &"Fail".into(), &"error".into())
        );
        let attempts = json["attempts"].as_array().expect("attempts");
        let what: Vec<_> = attempts.iter().map(|attempt| (&attempt["attempt"], &attempt["what"])).collect();
        assert_eq!(what, [(&1.into(), &"reset".into()), (&3.into(), &"error".into())]);
        assert!(attempts[0]["error"].as_str().is_some_and(|error| error.contains("No such file")), "{json}");
        assert!(attempts[1]["executer"]["pid"].is_number(), "{json}");
        refused(&grid(&["show", "77"]), 1, &["there is no row 77 in the table `grid`", "hint: ", "export"]);
        grid(&["show", "0"]).fails_with(2);

        grid(&["unpause", "--ids", "1-2"]).success().stdout_has("no row is paused");
        grid(&["unpause"]).success().stdout_has("1 row is open again");
        grid(&["unpause", "--json"]).success().stdout_has("\"rows\": 0");
        grid(&["show", "3"]).success().stdout_has("row 3: created").stdout_has("released");
        grid(&["execute"]).success().stderr_has("0 rows done, 1 paused");

        let csv = grid(&["export", "--provenance"]).success().stdout.clone();
        let further = "end_date,error,attempt,wall_seconds,user_seconds,system_seconds,peak_bytes,busy_slots,exit,program,\
                       profile,git,cpu,host,slurm\n";
        assert!(csv.contains(further), "{csv}");
        let json = grid(&["export", "--provenance", "--json"]).success().stdout.clone();
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!((&json[1]["attempt"], json[1]["host"].is_string()), (&3.into(), true));
        // The sources are a clone, or a copy that git knows nothing of.
        let commit = json[1]["git"].as_str().map(|commit| commit.trim_end_matches("-dirty"));
        let head = Command::new("git").args(["-C", env!("CARGO_MANIFEST_DIR"), "rev-parse", "HEAD"]).output();
        let head = head.ok().filter(|head| head.status.success()).map(|head| head.stdout);
        let is_head = |head: Vec<u8>| commit.is_some_and(|commit| head.starts_with(commit.as_bytes()));
        assert!(head.map_or(commit.is_none(), is_head), "{json}");
    });
}

/// What `doctor` says of one thing.
fn finding<'a>(report: &'a serde_json::Value, check: &str) -> &'a serde_json::Value {
    let findings = report.as_array().expect("findings");
    findings.iter().find(|finding| finding["check"] == check).unwrap_or_else(|| panic!("no `{check}` in {report}"))
}

#[test]
fn a_doctor_finds_nothing_wrong_with_a_healthy_table() {
    for_each_database(|target| {
        let sandbox = Sandbox::new();
        let url = target.url();
        let grid = |arguments: &[&str]| sandbox.run(grid(), [&["--database", &url], arguments].concat());
        if target.is_sqlite() {
            refused(&grid(&["doctor"]), 1, &["there is no database file", "fill it first"]);
        } else {
            grid(&["doctor"]).success().stdout_has("warning  table: there is no table `grid`").stdout_has("fill it: ");
        }
        grid(&["fill", "--set", "n=0..9"]).success();
        grid(&["execute", "--max-experiments", "3"]).success();
        let json: serde_json::Value =
            serde_json::from_str(&grid(&["doctor", "--json"]).success().stdout).expect("JSON");
        for one in json.as_array().expect("findings") {
            // The sandbox may be in memory.
            assert!(one["verdict"] == "ok" || one["text"].to_string().contains("tmpfs"), "{one}");
        }
        for check in [
            "connection",
            "version",
            "privileges",
            "clock",
            "durability",
            "folder",
            "table",
            "index",
            "side tables",
            "plan",
            "orphans",
            "keyfields",
            "running",
        ] {
            finding(&json, check);
        }
        let database = if target.is_sqlite() { ["version", "file system"] } else { ["isolation", "engine"] };
        for check in database {
            finding(&json, check);
        }
        let text = grid(&["doctor"]);
        text.success().stdout_has("ok       table: `grid` has the experiment's columns").has_nowhere("error");
    });
}

#[test]
fn a_doctor_tells_what_is_wrong_and_the_remedy() {
    for_each_database(|target| {
        let sandbox = Sandbox::new();
        let url = target.url();
        let grid = |arguments: &[&str]| sandbox.run(grid(), [&["--database", &url], arguments].concat());
        let report =
            || -> serde_json::Value { serde_json::from_str(&grid(&["doctor", "--json"]).stdout).expect("JSON") };
        let told = |check: &str, verdict: &str, says: &[&str]| {
            let report = report();
            let found = finding(&report, check);
            assert_eq!(found["verdict"], verdict, "{found}");
            for part in says {
                assert!(found.to_string().contains(part), "{part}: {found}");
            }
        };
        grid(&["fill", "--set", "n=0..6"]).success();
        grid(&["execute", "--max-experiments", "2"]).success();

        target.sql(if target.is_sqlite() {
            "DROP INDEX grid__experimenter_status"
        } else {
            "DROP INDEX experimenter_status ON grid"
        });
        told("index", "warning", &["none on (status, ID)", "execute` creates it"]);
        if target.is_sqlite() {
            told("plan", "warning", &["a claim reads every row", "create the index"]);
        }
        target.sql("DELETE FROM grid WHERE ID = 6");
        told("orphans", "warning", &["1 claims and 0 checkpoints", "fill` removes them"]);
        target.sql("UPDATE grid SET status = 'running' WHERE ID = 4");
        told("running", "warning", &["no executer has a claim on 1 row (4)", "reset --ids 4"]);
        grid(&["doctor"]).success();
        target.sql("UPDATE grid SET n = 77 WHERE ID IN (1, 2)");
        told("keyfields", "error", &["2 rows (1, 2)", "reset --ids 1,2"]);
        told("duplicates", "warning", &["1 row (2)", "DELETE FROM `grid` WHERE ID IN (2)"]);
        grid(&["doctor"])
            .fails_with(1)
            .stdout_has("error    keyfields: somebody changed those of 2 rows (1, 2)\n         set");
        target.sql("DELETE FROM experimenter__grid__claims WHERE experiment_id = 3");
        told("adoption", "warning", &["1 row (3)", "fill` adopts them"]);
        target.sql("UPDATE experimenter__grid__meta SET value = '99' WHERE name = 'schema'");
        told("side tables", "error", &["version 99", "build the program"]);
        target.sql("ALTER TABLE grid ADD COLUMN extra INTEGER");
        told("table", "error", &["extra: `extra`"]);
    });
}

#[test]
fn a_doctor_knows_servers() {
    let sandbox = Sandbox::new();
    let database = Server::shared().database();
    let url = database.url();
    let run = |arguments: &[&str]| sandbox.run(grid(), arguments);
    run(&["fill", "--set", "n=0..3", "--database", &url]).success();
    let reader = database.with_privileges(&["SELECT"]);
    run(&["doctor", "--database", &reader])
        .fails_with(1)
        .stdout_has("error    privileges: the user lacks INSERT")
        .stdout_has("ask for: GRANT INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, DROP ON the database");
    let others = match Vendor::tested() {
        Vendor::MariaDb => &["MyISAM", "Aria"][..],
        Vendor::MySql => &["MyISAM"],
    };
    for engine in others {
        database.rows(&format!("ALTER TABLE experimenter__grid__claims ENGINE={engine}"));
        run(&["doctor", "--database", &url])
            .fails_with(1)
            .stdout_has(&format!("`experimenter__grid__claims` is kept by {engine}"))
            .stdout_has("ALTER TABLE `experimenter__grid__claims` ENGINE=InnoDB");
    }
    refused(&run(&["doctor", "--database", "mysql://me:p4ssw0rd@127.0.0.1:1/db"]), 69, &["cannot reach", "hint: "]);
}

#[test]
fn a_server_may_demand_tls() {
    let sandbox = Sandbox::new();
    let certificate = "req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost";
    sandbox.run("openssl", certificate.split(' ')).success();
    let file = |option: &str, name: &str| format!("--{option}={}", sandbox.path().join(name).display());
    let server = Server::start_with(&[&file("ssl-cert", "cert.pem"), &file("ssl-key", "key.pem")]);
    let database = server.database();
    server.sql("", &format!("ALTER USER '{}'@'%' REQUIRE SSL", database.user()));
    let fill = |options: &str| sandbox.run(grid(), ["fill", "--database", &format!("{}{options}", database.url())]);
    refused(
        &fill(""),
        1,
        &["Access denied for user", "hint: a server may let the user in by TLS alone: add `?require_ssl=true`"],
    );
    refused(
        &fill("?require_ssl=true"),
        1,
        &["invalid peer certificate", "hint: ", "`?require_ssl=true&verify_ca=false`"],
    );
    fill("?require_ssl=true&verify_ca=false").success().stdout_has("new rows");
}

#[test]
fn an_sqlite_file_is_executed_on_one_host() {
    let target = Target::sqlite();
    let sandbox = Sandbox::new();
    let url = target.url();
    let grid = |command: &str| sandbox.run(grid(), [command, "--database", &url]);
    sandbox.run(self::grid(), ["fill", "--set", "n=0..3", "--database", &url]).success();
    grid("execute").success();
    let elsewhere = "host='elsewhere', boot='another', state='alive', expires_at='2999-01-01'";
    target.sql(&format!("UPDATE experimenter__grid__executers SET {elsewhere}"));
    refused(
        &grid("execute"),
        1,
        &["on the host elsewhere", "since 20", "try again after", "mysql://user:password@host"],
    );
    grid("status").success().stdout_has("elsewhere");
}

#[test]
fn rows_are_chosen_by_what_they_hold() {
    for_each_database(|target| {
        let sandbox = Sandbox::new();
        let url = target.url();
        let grid = |arguments: &[&str]| sandbox.run(grid(), [&["--database", &url], arguments].concat());
        let chosen = |selection: &[&str]| -> String {
            let json = grid(&[&["export", "--json"], selection].concat()).success().stdout.clone();
            let rows: Vec<serde_json::Value> = serde_json::from_str(&json).expect("JSON");
            rows.iter().map(|row| row["ID"].to_string()).collect::<Vec<_>>().join(",")
        };
        grid(&["fill", "--set", "n=0..4", "--set", "mode=Square,Panic"]).success();
        let first = grid(&["execute", "--where", "mode=Square,n>=1,n!=3"]);
        first.success().stderr_has("2 rows done").stderr_has("row 2: done").stderr_has("row 3: done");
        grid(&["execute", "--where", "n<2"]).success().stderr_has("1 row done, 2 in error");
        for (selection, ids) in [
            (&["--where", "n<1"][..], "1,5"),
            (&["--where", "n=0,3"], "1,4,5,8"),
            (&["--where", "n!=0,3"], "2,3,6,7"),
            (&["--where", "mode=S*,n<=1"], "1,2"),
            (&["--where", "mode=?anic"], "5,6,7,8"),
            (&["--where", "mode!=*a*"], ""),
            (&["--where", "mode=square"], ""),
            (&["--where", "mode=\"S*\""], ""),
            (&["--where", "square>1"], "3"),
            (&["--where", "square=null", "--ids", "1-5"], "4,5"),
            (&["--where", "square!=null"], "1,2,3"),
            (&["--where", "square!=1"], "1,3,4,5,6,7,8"),
            (&["--where", "n=1", "--where", "status=error"], "6"),
            (&["--where", "ID>6,status!=done,error"], "7,8"),
            (&["--where", "creation_date>=2026-01-31,end_date=null"], "4,7,8"),
            (&["--error", "n is 1"], "6"),
            (&["--error", "N IS"], ""),
            (&["--error", "%"], ""),
            (&["--status", "error", "--where", "n=0"], "5"),
        ] {
            assert_eq!(chosen(selection), ids, "{selection:?}");
        }
        grid(&["status", "--where", "mode=Panic"]).success().stdout_has("error       2  50.0 %");
        grid(&["summary", "--where", "n>1", "--value", "square"]).success().stdout_has("Square  1 of 2");
        grid(&["reset", "--error", "n is 1", "--dry-run"]).success().stdout_has("would open 1 row again (1 error)");
        grid(&["reset", "--where", "mode=Panic,n=0", "--yes"]).success().stdout_has("1 row is open again");
        assert_eq!(chosen(&["--status", "error"]), "6");
    });
}

#[test]
fn a_mistake_in_a_condition_is_pointed_at() {
    let sandbox = Sandbox::new();
    sandbox.run(grid(), ["fill", "--set", "n=0..3"]).success();
    let mark = |condition: &str, says: &[&str]| {
        refused(&sandbox.run(grid(), ["export", "--where", condition]), 2, says);
    };
    mark(
        "n>1,kernl=rbf",
        &["no column `kernl`\n  n>1,kernl=rbf\n      ^^^^^\n", "its columns are `mode`, `n`, `square`"],
    );
    mark("n=many", &["`n` cannot be this: not a whole number", "\n  n=many\n    ^^^^\n"]);
    mark("n", &["a condition is missing", "hint: write `field=value`"]);
    mark("n>null", &["nothing is > than this", "`n!=null`"]);
    mark("status=eror", &["`eror` is not a status", "created, running, done"]);
    for command in ["status", "summary", "reset", "execute", "unpause"] {
        refused(&sandbox.run(grid(), [command, "--where", "sed=1"]), 2, &["no column `sed`"]);
    }
    refused(
        &sandbox.run(grid(), ["execute", "--where", "square=null"]),
        2,
        &["an open row has no `square`", "`mode`, `n`", "reset --where"],
    );
}

#[test]
fn errors_are_told_once_with_what_their_rows_share() {
    for_each_database(|target| {
        let sandbox = Sandbox::new();
        let url = target.url();
        let grid = |arguments: &[&str]| sandbox.run(grid(), [&["--database", &url], arguments].concat());
        grid(&["fill", "--set", "n=0..30", "--set", "mode=Square,Panic"]).success();
        grid(&["errors"]).success().stdout_has("no row is in error");
        grid(&["fill", "--set", "n=3", "--set", "mode=Fail"]).success();
        grid(&["execute"]).success().stderr_has("31 in error");
        let errors = grid(&["errors"]);
        errors
            .success()
            .stdout_has("30 rows: panicked: n is #\n  at      tests/programs/grid.rs:39\n  ended   20")
            .stdout_has("\n  IDs     31-60\n  share   mode=Panic (30/30)\n  see     ")
            .stdout_has(" show 31\n  again   ")
            .stdout_has(" reset --ids 31-60\n\n1 row: No such file or directory (os error 2)\n  at      tests/programs/grid.rs:38")
            .stdout_has("  IDs     61\n  share   mode=Fail (1/1), n=3 (1/3)\n");
        // A list of IDs that fits no line gives way to a text that no other error has.
        target.sql("UPDATE grid SET error = 'other' WHERE status = 'error' AND ID % 2 = 0 AND ID < 60");
        let json: serde_json::Value =
            serde_json::from_str(&grid(&["errors", "--json"]).success().stdout).expect("JSON");
        assert_eq!(json[0]["rows"], 16);
        assert_eq!(json[0]["shared"]["mode"]["rows_with_it"], 30);
        assert!(json[0]["again"].as_str().is_some_and(|again| again.ends_with("--error 'panicked: n is'")), "{json}");
        grid(&["reset", "--status", "error", "--error", "panicked: n is", "--yes"])
            .success()
            .stdout_has("16 rows are open again");
        grid(&["errors", "--where", "mode=Fail"]).success().stdout_has("1 row: No such file").has_nowhere("other");
        grid(&["errors", "--error", "othe"])
            .success()
            .stdout_has("14 rows: other\n  ended   20")
            .has_nowhere("No such");
        // More ranges than an expression of SQLite may be deep.
        let ids = (0..2_000).map(|i| format!("{}-{}", 3 * i + 1, 3 * i + 2)).collect::<Vec<_>>().join(",");
        grid(&["status", "--ids", &ids]).success().stdout_has("created");
        refused(&grid(&["errors", "--where", "sed=1"]), 2, &["no column `sed`", "its columns are `mode`, `n`"]);
    });
}

#[test]
fn a_summary_goes_into_a_paper() {
    for_each_database(|target| {
        let sandbox = Sandbox::new();
        let url = target.url();
        let grid = |arguments: &[&str]| sandbox.run(grid(), [&["--database", &url], arguments].concat());
        grid(&["fill", "--set", "n=0..6", "--set", "mode=Square,Panic"]).success();
        grid(&["execute", "--where", "n<5"]).success();
        let summary = |options: &[&str]| {
            let output = grid(&[&["summary", "--by", "mode", "--value", "square"], options].concat());
            output.success().stdout.trim_end().to_owned()
        };
        assert_eq!(
            summary(&[]),
            "mode         n     square  min  median    max\n\
             Panic   0 of 6          –    –       –      –\n\
             Square  5 of 6  6.0 ± 6.6    0   4.000  16.00"
        );
        assert_eq!(
            summary(&["--statistics", "median,q25,max,n"]),
            "mode    rows  done  square median  square q25  square max  square n\n\
             Panic      6     0                                                0\n\
             Square     6     5          4.000       1.000       16.00         5"
        );
        assert_eq!(
            summary(&["--format", "csv"]),
            "mode,rows,done,square n,square mean,square sd,square min,square q25,square median,square q75,square max\n\
             Panic,6,0,0,,,,,,,\nSquare,6,5,5,6,6.59545297913646,0,1,4,9,16"
        );
        assert_eq!(
            summary(&["--format", "markdown", "--where", "mode=Square"]),
            "| mode | n | square | min | median | max |\n|---|--:|--:|--:|--:|--:|\n\
             | Square | 5 of 6 | 6.0 ± 6.6 | 0 | 4.000 | 16.00 |"
        );
        assert_eq!(
            summary(&["--format", "latex", "--where", "mode=Square", "--statistics", "mean,sd"]),
            "% \\usepackage{booktabs}\n\\begin{tabular}{lrrrr}\n  \\toprule\n  \
             mode & rows & done & square mean & square sd \\\\\n  \\midrule\n  \
             Square & 6 & 5 & 6.000 & 6.595 \\\\\n  \\bottomrule\n\\end{tabular}"
        );
        let json: serde_json::Value = serde_json::from_str(&summary(&["--json"])).expect("JSON");
        assert_eq!(json[1]["values"]["square"]["q75"], 9.0);
        assert_eq!(json[1]["values"]["square"]["n"], 5);
        for wrong in ["--statistics=mode", "--statistics=q101", "--format=pdf"] {
            grid(&["summary", wrong]).fails_with(2).stderr_has(wrong.split_once('=').map_or("", |(option, _)| option));
        }
    });
}
