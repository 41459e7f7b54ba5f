//! Configuration files, files of rows, and what the attribute says of the grid, as users meet them.

use std::path::Path;

use experimenter_tests::{Output, Sandbox, Target, for_each_database};

fn grid() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_grid"))
}

fn zoo() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_zoo"))
}

/// A failure of a person: what it says, what to type next, and neither panic nor backtrace.
fn refused(output: &Output, says: &[&str]) {
    output.fails_with(2).stderr_has("error: ").stderr_has("hint: ");
    for text in says {
        output.stderr_has(text);
    }
    for noise in ["thread '", "RUST_BACKTRACE", "stack backtrace", "p4ssw0rd"] {
        output.has_nowhere(noise);
    }
}

const CONFIG: &str = "config/experiment_configuration.yml";

const STUDY: &str = "\
PY_EXPERIMENTER:
  n_jobs: 3
  Database:
    provider: sqlite
    database: thesis
    table:
      name: my_grid
      keyfields:
        mode: { type: VARCHAR(255), values: ['Square', 'Nan'] }
        n: { type: INT, values: { start: 0, stop: 3 } }
      resultfields: { square: DOUBLE, seed: LONGTEXT, note: LONGTEXT }
    logtables:
      steps: { step: INT }
";

#[test]
fn a_configuration_file_is_found_and_said() {
    let sandbox = Sandbox::new();
    sandbox.write(CONFIG, STUDY);
    let fill = sandbox.run(grid(), ["fill"]);
    fill.success().stderr_has("sqlite://thesis.db · my_grid · a grid of 6 rows").stdout_has("6 new rows");
    fill.stderr_has("mode 2 (config/experiment_configuration.yml:9 overrides tests/programs/grid.rs:");
    let set = sandbox.run(grid(), ["fill", "--set", "n=7,8", "--dry-run"]);
    set.success().stderr_has("n 2 (--set overrides config/experiment_configuration.yml:10 overrides tests/programs/");
    set.stdout_has("would add 4 rows").has_nowhere("not in this grid");
    let execute = sandbox.run(grid(), ["execute", "--json"]);
    execute.success().stderr_has("6 rows done").stdout_has("\"slot\":2").has_nowhere("\"slot\":3");

    // What is said nearer wins.
    let elsewhere = sandbox.run(grid(), ["fill", "--database", "sqlite://here.db"]);
    elsewhere.success().stderr_has("sqlite://here.db · my_grid");
    let variable = sandbox.program(grid()).args(["fill"]).env("EXPERIMENTER_DATABASE", "sqlite://there.db").run();
    variable.success().stderr_has("sqlite://there.db · my_grid");
    sandbox.write("other.yml", "PY_EXPERIMENTER: { Database: { table: { name: other } } }");
    let other = sandbox.run(grid(), ["fill", "--config", "other.yml", "--set", "n=0..2"]);
    other.success().stderr_has("sqlite://experiments.db · other · a grid of 2 rows");
    sandbox.write("one.yml", &STUDY.replacen("stop: 3", "stop: 1", 1));
    let fewer = sandbox.run(grid(), ["fill", "--config", "one.yml"]);
    fewer.success().stdout_has("0 new rows, 2 there already").stdout_has("4 rows are not in this grid (4 done)");
}

#[test]
fn mistakes_in_files_are_told_and_change_nothing() {
    let sandbox = Sandbox::new();
    let fill = |file: &str| sandbox.run(grid(), ["fill", "--config", file]);
    refused(&fill("missing.yml"), &["cannot read missing.yml: No such file"]);
    std::fs::write(sandbox.path().join("binary.yml"), b"PY_EXPERIMENTER:\n  n_jobs: \xff\n").expect("a file");
    refused(&fill("binary.yml"), &["binary.yml:2: the file is not UTF-8 text"]);
    sandbox.write("empty.yml", "");
    refused(&fill("empty.yml"), &["empty.yml has no key `PY_EXPERIMENTER`"]);
    for (from, to, says) in [
        (
            "n: { type: INT",
            "n: { type: DATE",
            "broken.yml:10: keyfield `n` is DATE, which contradicts tests/programs/grid.rs:",
        ),
        ("stop: 3", "stop: 0", "the range is empty"),
        ("'Nan'", "'Nun'", "broken.yml:9: keyfield `mode`: expected `Square` or `Fail`"),
        (
            "square: DOUBLE",
            "sqare: DOUBLE",
            "broken.yml:11: `sqare` is no resultfield of the experiment `grid` (tests/",
        ),
        ("provider: sqlite", "provider: mysql", "there is no file config/database_credentials.yml"),
        ("    table:", "   table:", "broken.yml:6: not valid YAML"),
        ("provider:", "provide:", "broken.yml:4: `PY_EXPERIMENTER.Database.provide` is not a key"),
    ] {
        sandbox.write("broken.yml", &STUDY.replacen(from, to, 1));
        refused(&fill("broken.yml"), &[says]);
    }
    // A folder in the place of a file.
    refused(&fill("config"), &["cannot read config"]);
    for (name, text, says) in [
        ("rows.txt", "mode,n\n", "rows.txt: a file of rows ends in `.csv` or `.jsonl`"),
        ("rows.csv", "mode,n\n", "rows.csv has no rows"),
        ("rows.csv", "", "rows.csv has no rows"),
        ("rows.csv", "mode,n\nSquare,1\nSquare,-1\n", "rows.csv:3: keyfield `n`: expected u32, found `-1`"),
        ("rows.csv", "mode,m\nSquare,1\n", "rows.csv:1: `grid` has no keyfield `m`"),
        (
            "rows.jsonl",
            "{\"mode\": \"Square\", \"n\": 1}\n{\"mode\": \"Square\"}\n",
            "rows.jsonl:2: the row has no value of the keyfield `n`",
        ),
    ] {
        sandbox.write(name, text);
        refused(&sandbox.run(grid(), ["fill", "--rows", name]), &[says]);
    }
    refused(&sandbox.run(grid(), ["fill", "--rows", "nowhere.csv"]), &["cannot read nowhere.csv"]);
    for grid_of_its_own in [["--rows", "rows.csv"], ["--set", "n=1"]] {
        let prune = [&["fill", "--prune", "--yes"], &grid_of_its_own[..]].concat();
        sandbox.run(grid(), prune).fails_with(2).stderr_has("--prune");
    }
    refused(
        &sandbox.run(grid(), ["fill", "--prune"]),
        &["remove rows that never ran: there is nobody to ask", "--yes"],
    );
    assert!(
        !sandbox.path().join("thesis.db").exists() && !sandbox.path().join("experiments.db").exists(),
        "files were made"
    );
}

#[test]
fn credentials_are_read_from_their_file() {
    let target = Target::server();
    let database = target.database();
    let sandbox = Sandbox::new();
    sandbox.write(CONFIG, &STUDY.replace("sqlite", "mysql").replace("thesis", database.name()));
    let credentials = format!(
        "CREDENTIALS:\n  Database: {{ user: '${{oc.env:DB_USER}}', password: '{}' }}\n  Connection:\n    Standard: {{ server: \
         '127.0.0.1:{}' }}\n",
        database.password(),
        database.port()
    );
    sandbox.write("config/database_credentials.yml", &credentials);
    let fill =
        |arguments: &[&str]| sandbox.program(grid()).args(["fill"]).args(arguments).env("DB_USER", database.user());
    fill(&[]).run().success().stderr_has(&format!("{} · my_grid · a grid of 6 rows", database.name()));
    assert_eq!(target.value("SELECT COUNT(*) FROM my_grid"), Some("6".to_owned()));
    refused(
        &sandbox.run(grid(), ["fill"]),
        &["database_credentials.yml:2: the environment variable DB_USER is not set"],
    );
    sandbox.write("wrong.yml", &credentials.replace(database.password(), "p4ssw0rd"));
    let wrong = fill(&["--credentials", "wrong.yml"]).run();
    wrong.fails_with(1).stderr_has("Access denied for user").has_nowhere("p4ssw0rd");
    sandbox.write(CONFIG, &STUDY.replace("sqlite", "mysql").replace("    table:", "    use_ssh: True\n    table:"));
    refused(&fill(&[]).run(), &["config/experiment_configuration.yml:6: `use_ssh`", "ssh -N -L 3306:127.0.0.1:3306"]);
}

#[test]
fn of_several_experiments_the_file_is_about_one() {
    let sandbox = Sandbox::new();
    sandbox.write(
        CONFIG,
        "PY_EXPERIMENTER:\n  Database:\n    provider: sqlite\n    database: zoo\n    table:\n      name: open\n      keyfields:\n        \
         seed: { values: [1, 2] }\n  Custom: { scale: 2 }\n",
    );
    let run = sandbox.run(zoo(), ["run"]);
    run.success().stderr_has("sqlite://zoo.db · open · a grid of 6 rows").stdout_has("6 of 6");
    // The others share the database with it, and nothing else.
    let other = sandbox.run(zoo(), ["fill", "--experiment", "chosen"]);
    other.success().stderr_has("sqlite://zoo.db · chosen · a grid of 7 rows");
    sandbox.write("nobody.yml", "PY_EXPERIMENTER: { Database: { table: { name: nobody } } }");
    let nobody = sandbox.run(zoo(), ["fill", "--experiment", "chosen", "--config", "nobody.yml"]);
    refused(
        &nobody,
        &["nobody.yml:1: none of this program's experiments has the table `nobody`", "table = \"nobody\""],
    );
    let custom = sandbox.run(zoo(), ["run", "--custom", "scale=10", "--set", "seed=3"]);
    custom.success().stdout_has("9 of 9");
}

#[test]
fn the_attribute_chooses_and_lists_rows() {
    for_each_database(|target| {
        let sandbox = Sandbox::new();
        let url = target.url();
        let zoo = |experiment: &str, arguments: &[&str]| {
            sandbox.run(zoo(), [&["--experiment", experiment, "--database", &url], arguments].concat())
        };
        let fill = zoo("chosen", &["fill"]);
        fill.success().stdout_has("7 new rows").stderr_has("only 6 of 16 (tests/programs/zoo.rs:");
        fill.stderr_has("scale 1 (tests/programs/zoo.rs:").stderr_has("rows 1 (tests/programs/zoo.rs:");
        assert_eq!(target.value("SELECT COUNT(*) FROM chosen WHERE a < b AND scale = 1"), Some("6".to_owned()));
        zoo("chosen", &["execute"]).success().stderr_has("7 rows done");
        assert_eq!(
            target.value("SELECT y FROM chosen WHERE a = 9"),
            Some(if target.is_sqlite() { "36.0" } else { "36" }.to_owned())
        );
        refused(
            &zoo("chosen", &["fill", "--set", "a=3"]),
            &["`only` (tests/programs/zoo.rs:", "leaves none of the 4 combinations"],
        );

        // A file may leave out what has a default.
        sandbox.write("more.csv", "a,b\n0,1\n5,6\n");
        zoo("chosen", &["fill", "--rows", "more.csv"]).success().stdout_has("1 new row, 1 there already");
        zoo("chosen", &["fill", "--rows", "more.csv", "--set", "scale=1,3"])
            .success()
            .stdout_has("2 new rows, 2 there already");
        zoo("chosen", &["fill", "--prune", "--dry-run"]).success().stdout_has("would remove the 3 that never ran");
        zoo("chosen", &["fill"])
            .success()
            .stdout_has("3 rows are not in this grid (3 created); `fill --prune` removes the 3");
        let prune = zoo("chosen", &["fill", "--prune", "--yes", "--json"]).success().stdout.clone();
        let prune: serde_json::Value = serde_json::from_str(&prune).expect("JSON");
        assert_eq!(
            (&prune["existing"], &prune["pruned"], &prune["not_in_grid"]["created"]),
            (&7.into(), &3.into(), &3.into())
        );
        assert_eq!(target.value("SELECT COUNT(*) FROM chosen"), Some("7".to_owned()));

        // A table from before the keyfield: its rows have the default.
        target.sql("ALTER TABLE chosen DROP COLUMN scale");
        refused_columns(&zoo("chosen", &["status"]), "missing: `scale` DOUBLE (`fill` adds it, with 1 in the rows");
        let fill = zoo("chosen", &["fill"]);
        fill.success().stderr_has("the table `chosen` has the new keyfield `scale`, with the default in the rows");
        assert_eq!(target.value("SELECT COUNT(*) FROM chosen WHERE scale = 1"), Some("7".to_owned()));
    });
}

/// A table of another shape, which is no wrong command line.
fn refused_columns(output: &Output, says: &str) {
    output.fails_with(1).stderr_has(says);
}

#[test]
fn an_existing_table_keeps_the_names_of_its_columns() {
    for_each_database(|target| {
        let sandbox = Sandbox::new();
        let url = target.url();
        let renamed = |arguments: &[&str]| {
            sandbox.run(zoo(), [&["--experiment", "renamed", "--database", &url], arguments].concat())
        };
        sandbox.write(
            CONFIG,
            "PY_EXPERIMENTER:\n  Database:\n    table:\n      name: renamed\n      keyfields:\n        type: { type: VARCHAR(9), \
             values: [c] }\n      resultfields: { class: LONGTEXT }\n    logtables: { steps: { group: INT } }\n",
        );
        renamed(&["run", "--set", "order=5,6", "--by", "type"]).success().stderr_has("2 rows done");
        assert_eq!(target.value("SELECT class FROM renamed WHERE `type` = 'c' AND `order` = 6"), Some("c6".to_owned()));
        assert_eq!(target.value("SELECT SUM(`group`) FROM renamed__steps"), Some("11".to_owned()));
        renamed(&["reset", "--ids", "1", "--yes"]).success();
        renamed(&["execute"]).success().stderr_has("1 row done");
        renamed(&["export"]).success().stdout_has("ID,type,order,creation_date").stdout_has(",class,class_timestamp,");
        renamed(&["fill", "--set", "order=5,6", "--dry-run"])
            .success()
            .stdout_has("would add 0 rows, 2 are there already");
        refused(&renamed(&["fill", "--set", "rank=5"]), &["no keyfield `rank`", "`type`, `order`"]);
    });
}

#[test]
fn listed_rows_are_the_grid_alone() {
    let sandbox = Sandbox::new();
    let fill = |arguments: &[&str]| sandbox.run(zoo(), [&["fill", "--experiment", "listed_rows"], arguments].concat());
    refused(&fill(&[]), &["`rows` (tests/programs/zoo.rs:", "No such file"]);
    sandbox.write("listed", "");
    refused(&fill(&[]), &["`rows` (tests/programs/zoo.rs:", "it yields no row"]);
    sandbox.write("listed", "1 one\n2 two\ntwo\n");
    refused(&fill(&[]), &["`rows` (tests/programs/zoo.rs:", "`two` has one word"]);
    assert!(!sandbox.path().join("experiments.db").exists(), "a file was made");
    sandbox.write("listed", "1 one\n2 two\n1 one\n");
    fill(&[]).success().stdout_has("2 new rows").stderr_has("rows 2 (tests/programs/zoo.rs:");
    refused(&fill(&["--set", "a=5"]), &["keyfield `b` has no values", "`a` has: there is no product beside `rows`"]);
    fill(&["--set", "a=5", "--set", "b=x"]).success().stdout_has("1 new row, 2 there already");
}
