//! What a person sees of rows that run, or do not, and what it takes to debug one.

use std::path::Path;

use experimenter_tests::{Output, Sandbox, Target, for_each_database, wait_until};
use serde_json::Value;

use super::{grid, refused};

/// A study of the program `grid`, in a database.
struct Study {
    sandbox: Sandbox,
    url: String,
}

impl Study {
    fn new(target: &Target) -> Self {
        Self { sandbox: Sandbox::new(), url: target.url() }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.sandbox.run(grid(), [&["--database", &self.url], arguments].concat())
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.run(&[arguments, &["--json"]].concat()).success().stdout).expect("JSON")
    }

    /// How many rows were begun.
    fn begun(&self) -> usize {
        std::fs::read_to_string(self.sandbox.path().join("audit")).map_or(0, |lines| lines.lines().count())
    }

    /// An executer.
    fn spawn(&self, arguments: &[&str]) -> experimenter_tests::Running {
        self.sandbox.spawn(grid(), [&["--database", &self.url], arguments].concat())
    }
}

#[test]
fn rows_that_run_are_told_with_their_pace() {
    for_each_database(|target| {
        let study = Study::new(target);
        study.run(&["fill", "--set", "mode=Square,Wait", "--set", "n=0..10"]).success();
        study.run(&["execute", "--where", "mode=Square"]).success();
        let status = study.json(&["status"]);
        let (pace, executer) = (&status["pace"], &status["executers"][0]);
        assert_eq!(
            (&pace["seconds_left"], &executer["state"], &executer["slots"]),
            (&Value::Null, &"left".into(), &1.into())
        );
        let executer = study.spawn(&["execute", "--jobs", "2"]);
        wait_until(|| study.begun() == 12);
        let status = study.run(&["status", "--by", "mode"]);
        status.success().stdout_has(" a row on average").stdout_has("running longest:\n  row 11 for ");
        status.stdout_has(": mode=Wait n=0\n").stdout_has("Square    10        0        0    10     100.0 %");
        let pace = study.json(&["status"])["pace"].clone();
        assert_eq!(pace["longest"].as_array().map(Vec::len), Some(2), "{pace}");
        assert!(pace["mean_seconds"].as_f64() >= Some(0.0), "{pace}");
        // Of a selection nobody knows when it is done.
        assert_eq!(study.json(&["status", "--where", "mode=Wait"])["pace"], Value::Null);
        study.run(&["explain"]).success().stdout_has("2 rows are run by the 1 executer at work");
        let mut watch = study.spawn(&["status", "--watch"]);
        watch.wait_for_stdout("running     2");
        study.sandbox.write("open", "");
        executer.wait().success();
        watch.wait().success().stdout_has("done       20  100.0 %");
        study.run(&["explain"]).success().stdout_has("all 20 rows are done");
    });
}

#[test]
fn a_retired_program_claims_no_more_rows() {
    for_each_database(|target| {
        let study = Study::new(target);
        study.run(&["fill", "--set", "mode=Wait", "--set", "n=0..200"]).success();
        study.run(&["retire"]).success().stdout_has("no program has executed rows");
        let executer = study.spawn(&["execute"]);
        wait_until(|| study.begun() == 1);
        let programs = study.json(&["retire"]);
        let hash = programs[0]["program"].as_str().expect("a hash");
        assert_eq!((&programs[0]["live"], &programs[0]["this"]), (&1.into(), &true.into()));
        refused(&study.run(&["retire", "x"]), 1, &["no program that has executed rows is `x…`", "retire"]);
        study.run(&["retire", "--undo"]).fails_with(2);
        study.run(&["retire", "--others"]).success().stdout_has("no other program has executed rows");
        study.run(&["retire", &hash[..6]]).success().stdout_has("1 executer at work will claim no more rows, and end");
        let status = study.run(&["status"]);
        status.success().stdout_has("1 executer at work is of a retired program, and will claim no more rows");
        study.sandbox.write("open", "");
        refused(&executer.wait(), 1, &["is retired, and claims no more rows", "build it anew", "retire --undo"]);
        let left = study.json(&["status"])["status"]["created"].as_u64();
        assert!(left > Some(0), "{left:?}");
        let done = study.begun();
        refused(&study.run(&["execute"]), 1, &["is retired"]);
        study.run(&["explain"]).success().stdout_has("is retired, and claims no rows").stdout_has("retire --undo");
        assert_eq!(study.begun(), done);
        study.run(&["retire", "--undo", hash]).success().stdout_has("may claim rows again");
        study.run(&["execute"]).success();
        assert_eq!(study.json(&["status"])["status"]["done"], 200);
    });
}

#[test]
fn a_row_is_tried_without_a_trace() {
    for_each_database(|target| {
        let study = Study::new(target);
        study.run(&["fill", "--set", "mode=Square,Panic,Pause", "--set", "n=3"]).success();
        study.run(&["execute", "--ids", "1"]).success();
        let table = study.run(&["export"]).success().stdout.clone();
        let tried = study.run(&["try", "1"]);
        tried.success().stdout_has("square                   9                   9\n").has_nowhere("differs");
        tried.stdout_has("log entries, not kept: steps 2");
        let other = study.run(&["try", "1", "--set", "n=4"]);
        other.success().stdout_has("                  16                   9  differs\n");
        let panicked = study.run(&["try", "2"]);
        panicked.fails_with(4).stdout_has("n is 3\n").stdout_has("at tests/programs/grid.rs:");
        let json: Value = serde_json::from_str(&study.run(&["try", "3", "--json"]).success().stdout).expect("JSON");
        assert_eq!((&json["ending"], &json["results"]["note"]), (&"paused".into(), &"begun".into()));
        study.run(&["try", "1", "--debugger", "env"]).success().stdout_has("square ");
        study.run(&["try", "1", "--debugger=env A=b"]).success().stdout_has("square ");
        refused(&study.run(&["try", "1", "--debugger", "none/such"]), 1, &["cannot start `none/such`", "--debugger"]);
        refused(&study.run(&["try", "9"]), 1, &["there is no row 9"]);
        refused(&study.run(&["try", "1", "--set", "m=4"]), 2, &["no keyfield `m`"]);
        refused(&study.run(&["try", "1", "--set", "n=4,5"]), 2, &["`n` has 2 values", "--set n=VALUE"]);
        assert_eq!(study.run(&["export"]).success().stdout, table);
    });
}

#[test]
fn a_scratch_run_leaves_nothing() {
    let sandbox = Sandbox::new();
    let run = |arguments: &[&str]| sandbox.run(grid(), [&["run", "--scratch"], arguments].concat());
    run(&["--set", "mode=Square,Nan", "--set", "n=0..4"]).success().stderr_has("5 rows done").stdout_has("Square");
    let failed = run(&["--set", "mode=Fail", "--set", "n=0..2"]);
    failed.fails_with(4).stderr_has("2 in error").stderr_has("No such file").has_nowhere("--retry-errors");
    run(&["--database", "sqlite://other.db"]).fails_with(2).stderr_has("--scratch");
    let left: Vec<_> = std::fs::read_dir(sandbox.path()).expect("a folder").flatten().collect();
    let left: Vec<_> = left.iter().map(std::fs::DirEntry::file_name).collect();
    assert_eq!(left, ["audit"]);
}

#[test]
fn what_runs_logged_is_read_by_row() {
    for_each_database(|target| {
        let study = Study::new(target);
        study.run(&["fill", "--set", "n=0..3"]).success();
        study.run(&["execute"]).success();
        let csv = study.run(&["logtable", "steps", "--ids", "2-3", "--keyfields"]).success().stdout.clone();
        let lines: Vec<_> = csv.lines().collect();
        assert_eq!((lines[0], lines.len()), ("ID,experiment_id,mode,n,timestamp,step", 5));
        assert!(lines[1].contains(",2,Square,1,2") && lines[1].ends_with(",1"), "{csv}");
        let json = study.json(&["logtable", "steps", "--where", "n=0"]);
        assert_eq!((&json[1]["step"], &json[1]["experiment_id"], &json[2]), (&2.into(), &1.into(), &Value::Null));
        study.run(&["logtable", "steps", "-o", "steps.csv"]).success().stderr_has("6 entries in steps.csv");
        assert_eq!(study.sandbox.read("steps.csv").lines().count(), 7);
        refused(&study.run(&["logtable", "step"]), 2, &["no logtable `step`", "`steps`"]);
        study.run(&["show", "2"]).success().stdout_has("log entries: steps 2 (see: ");
        let several = study.json(&["show", "1-2"]);
        assert_eq!((several.as_array().map(Vec::len), &several[1]["entries"]["steps"]), (Some(2), &2.into()));
        let shown = study.run(&["show", "--where", "n>=1"]);
        shown.success().stdout_has("row 2: done").stdout_has("row 3: done").has_nowhere("row 1:");
        refused(&study.run(&["show"]), 2, &["show needs to know which rows", "show --where"]);
        refused(&study.run(&["show", "1", "--ids", "2"]), 2, &["two lists of IDs"]);
        refused(&study.run(&["show", "--status", "error"]), 1, &["no row of the table `grid` is selected"]);
    });
}

#[test]
fn shells_complete_what_the_program_has() {
    let sandbox = Sandbox::new();
    let script = |program: &Path, shell: &str| sandbox.run(program, ["completions", shell]).success().stdout.clone();
    for shell in ["bash", "zsh", "fish"] {
        let script = script(grid(), shell);
        // The script for fish has no values of arguments, only of options.
        let logtables = if shell == "fish" { "logtable" } else { "steps" };
        for word in [logtables, "mode=", "square", "retry-errors"] {
            assert!(script.contains(word), "{word} in the script for {shell}");
        }
    }
    let zoo = script(super::zoo(), "bash");
    assert!(zoo.contains("broken") && zoo.contains("kinds"), "{zoo}");
    sandbox.write("complete.sh", &script(grid(), "bash"));
    let words =
        "source complete.sh; COMP_WORDS=(grid summary --by ''); COMP_CWORD=3; _grid grid '' --by; echo ${COMPREPLY[@]}";
    sandbox.run("bash", ["-c", words]).success().stdout_has("mode n\n");
    sandbox.run(grid(), ["completions", "tcsh"]).fails_with(2).stderr_has("bash, zsh, fish");
}

#[test]
fn every_command_has_help_with_examples() {
    let sandbox = Sandbox::new();
    let help = sandbox.run(grid(), ["--help"]).success().stdout.clone();
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands: Vec<_> = commands.filter(|line| !line.starts_with("    ")).collect();
    let commands: Vec<_> = commands.iter().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.len() > 15, "{help}");
    for command in commands.into_iter().filter(|command| *command != "help") {
        sandbox.run(grid(), ["help", command]).success().stdout_has("Examples:\n  ");
    }
}
