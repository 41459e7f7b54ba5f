//! PyExperimenter 1.4.2 and we on one table: each fills, executes and reads what the other does.

use std::collections::BTreeMap;
use std::path::Path;

use experimenter_tests::{Output, Running, Sandbox, Target, for_each_database, python, wait_until};

/// The study in both languages, in a folder with PyExperimenter's two files.
struct Study<'a> {
    sandbox: Sandbox,
    target: &'a Target,
}

/// 2 objectives × 4 rates × 5 starts, of which some diverge.
const CONFIGURATION: &str = include_str!("../pyexperimenter/descent.yml");
const ROWS: usize = 40;

impl<'a> Study<'a> {
    fn new(target: &'a Target) -> Self {
        Self::edited(target, "", "")
    }

    /// The study with something in its configuration replaced.
    fn edited(target: &'a Target, from: &str, to: &str) -> Self {
        let sandbox = Sandbox::new();
        let (provider, name) = match target {
            // PyExperimenter adds `.db`.
            Target::Sqlite { file, .. } => ("sqlite", file.with_extension("").display().to_string()),
            Target::Server(database) => ("mysql", database.name().to_owned()),
        };
        assert!(CONFIGURATION.contains(from), "{from}");
        let configuration = CONFIGURATION.replace("PROVIDER", provider).replace("DATABASE", &name);
        sandbox.write("config/experiment_configuration.yml", &configuration.replacen(from, to, 1));
        if let Target::Server(database) = target {
            sandbox.write("config/database_credentials.yml", &database.credentials());
        }
        Self { sandbox, target }
    }

    /// Runs our program.
    fn ours(&self, arguments: &[&str]) -> Output {
        self.sandbox.run(descent(), arguments)
    }

    /// Runs PyExperimenter, which has to succeed.
    fn python(&self, commands: &[&str]) -> String {
        self.spawn_python(commands).wait().success().stdout.clone()
    }

    fn spawn_python(&self, commands: &[&str]) -> Running {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pyexperimenter");
        let script = folder.join("descent.py");
        let program = self.sandbox.program(python()).args([script]).args(commands);
        program.env("PYTHONPATH", folder).spawn()
    }

    fn count(&self, condition: &str) -> usize {
        let count = self.target.value(&format!("SELECT COUNT(*) FROM study WHERE {condition}"));
        count.and_then(|count| count.parse().ok()).expect("a count")
    }

    /// Who executed each row, by the lines that the runs left outside of the database.
    fn executions(&self) -> BTreeMap<String, Vec<String>> {
        let mut executions: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for line in self.sandbox.read("audit").lines() {
            let (id, who) = line.split_once(' ').expect("a line of the audit");
            executions.entry(id.to_owned()).or_default().push(who.to_owned());
        }
        executions
    }
}

fn descent() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_descent"))
}

/// The lines of a table in CSV, each value as a number where it is one: the two sides write floats differently.
fn records(csv: &str) -> Vec<BTreeMap<String, String>> {
    let mut lines = csv.lines().filter(|line| !line.is_empty());
    let names: Vec<_> = lines.next().expect("a line of names").split(',').map(ToOwned::to_owned).collect();
    let plain = |value: &str| value.parse::<f64>().map_or(value.to_owned(), |x| x.to_string());
    lines.map(|line| names.iter().cloned().zip(line.split(',').map(plain)).collect()).collect()
}

/// The keyfields and results of the rows that are done, in the order of the IDs.
fn results(csv: &str) -> Vec<String> {
    let fields = ["ID", "objective", "rate", "start", "x", "loss", "steps", "creation_date", "end_date"];
    let done = records(csv).into_iter().filter(|row| row["status"] == "done");
    done.map(|row| fields.map(|field| row[field].clone()).join(" ")).collect()
}

#[test]
fn a_study_that_each_side_executes_half_of_reads_the_same_on_both() {
    for_each_database(|target| {
        let study = Study::new(target);
        study.python(&["fill", "execute:20"]);
        assert_eq!(study.count("status = 'created'"), ROWS - 20);
        study.ours(&["fill", "--dry-run"]).success().stdout_has("would add 0 rows, 40 are there already");
        study.ours(&["fill"]).success().stdout_has("0 new rows, 40 there already");
        study.ours(&["execute", "--name", "rust"]).success().stderr_has("rows done");
        assert_eq!((study.count("name = 'python'"), study.count("name = 'rust'")), (20, 20));
        assert!(study.executions().values().all(|runs| runs.len() == 1), "{:?}", study.executions());
        assert!(study.count("status = 'error' AND name = 'rust'") > 0 && study.count("status = 'done'") > 20);

        let theirs = study.python(&["create_table", "table", "logtable", "summary"]);
        let (table, rest) = theirs.split_once("\n\n").expect("a table");
        let (logtable, summary) = rest.split_once("\n\n").expect("a logtable");
        // Errors have lines of their own, so that their rows are compared by the database's count.
        let ours = study.ours(&["export", "--status", "done"]).success().stdout.clone();
        let done = table.lines().filter(|line| line.starts_with("ID,") || line.contains(",done,"));
        let table = done.collect::<Vec<_>>().join("\n");
        assert_eq!(results(&table), results(&ours));
        let logged = target.sql("SELECT COUNT(*), COUNT(timestamp), COUNT(DISTINCT experiment_id) FROM study__losses");
        assert_eq!(records(logtable).len().to_string(), logged[0][0].clone().expect("a count"));
        assert_eq!(logged[0][0], logged[0][1]);

        let ours = study.ours(&["summary", "--by", "objective", "--value", "loss", "--json"]).success().stdout.clone();
        let ours: serde_json::Value = serde_json::from_str(&ours).expect("JSON");
        for group in records(summary) {
            let mine = ours
                .as_array()
                .and_then(|groups| groups.iter().find(|mine| mine["key"]["objective"] == *group["objective"]));
            let mine = mine.unwrap_or_else(|| panic!("{} is missing in {ours}", group["objective"]));
            for (their, our) in [("count", "n"), ("mean", "mean"), ("std", "sd")] {
                let (theirs, ours) = (&group[their], &mine["values"]["loss"][our]);
                let difference = theirs.parse::<f64>().expect("a number") - ours.as_f64().expect("a number");
                assert!(difference.abs() < 1e-12, "{their} is {theirs}, and {our} is {ours}");
            }
        }
    });
}

#[test]
fn executers_of_both_sides_work_on_one_table_at_the_same_time() {
    let target = Target::server();
    let study = Study::edited(&target, "stop: 6", "stop: 31");
    study.ours(&["fill"]).success().stdout_has("240 new rows");
    let theirs: Vec<_> = (0..2).map(|_| study.spawn_python(&["execute:-1"])).collect();
    // PyExperimenter takes seconds to start: ours begin when theirs have.
    wait_until(|| study.count("name = 'python' AND status <> 'running'") > 0);
    let ours: Vec<_> = (0..2).map(|_| study.sandbox.spawn(descent(), ["execute", "--name", "rust"])).collect();
    for executer in ours.into_iter().chain(theirs) {
        executer.wait().success();
    }
    let executions = study.executions();
    assert_eq!(executions.len(), 240);
    let twice: Vec<_> = executions.iter().filter(|(_, runs)| runs.len() != 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert_eq!(study.count("status IN ('done', 'error')"), 240);
    for name in ["python", "rust"] {
        let written = study.count(&format!("name = '{name}' AND end_date IS NOT NULL"));
        let ran = executions.values().filter(|runs| runs[0] == name).count();
        assert!(written == ran && ran > 0, "{name} ran {ran} rows and wrote {written}");
    }
}

#[test]
fn on_sqlite_both_sides_execute_one_after_the_other() {
    let target = Target::sqlite();
    let study = Study::new(&target);
    study.ours(&["fill"]).success().stdout_has("40 new rows");
    study.ours(&["execute", "--max-experiments", "15"]).success();
    study.python(&["execute:15"]);
    study.ours(&["execute"]).success();
    assert!(study.executions().values().all(|runs| runs.len() == 1), "{:?}", study.executions());
    assert_eq!((study.executions().len(), study.count("status IN ('done', 'error')")), (ROWS, ROWS));
}

#[test]
fn neither_side_adds_a_row_that_the_other_has_filled() {
    for_each_database(|target| {
        // PyExperimenter itself fills twice what a FLOAT rounds, as the numbers of a range.
        for rate in [
            "{ type: DOUBLE, values: { start: 0.01, stop: 0.08, step: 0.02 } }",
            "{ type: FLOAT, values: [0.01, 0.03, 0.05, 0.07] }",
        ] {
            let study =
                Study::edited(target, "{ type: DOUBLE, values: { start: 0.01, stop: 0.08, step: 0.02 } }", rate);
            study.ours(&["fill"]).success().stdout_has("40 new rows");
            study.python(&["fill"]);
            assert_eq!(study.count("1=1"), ROWS, "{rate}");
            study.ours(&["execute", "--max-experiments", "7"]).success();
            study.python(&["create_table", "fill", "delete_table", "fill"]);
            assert_eq!(study.count("status = 'created'"), ROWS, "{rate}");
            study.ours(&["fill"]).success().stdout_has("0 new rows, 40 there already");
            study.ours(&["drop", "--yes"]).success();
        }
    });
}

#[test]
fn rows_that_the_other_side_resets_deletes_and_fills_again_are_new_rows() {
    for_each_database(|target| {
        let study = Study::new(target);
        study.ours(&["fill"]).success();
        study.ours(&["execute"]).success();
        let failed = study.count("status = 'error'");
        assert!(failed > 0);
        // A reset there deletes the rows, and inserts them again under other IDs.
        study.python(&["reset:error"]);
        assert_eq!(
            (study.count("status = 'created'"), study.count("status = 'created' AND ID > 40")),
            (failed, failed)
        );
        study.ours(&["execute"]).success().stderr_has(&format!("{failed} in error"));
        assert_eq!((study.count("status = 'created'"), study.count("1=1")), (0, ROWS));
        assert_eq!(target.value("SELECT MAX(attempt) FROM experimenter__study__claims"), Some("1".to_owned()));

        // Somebody deletes rows by SQL.
        target.sql("DELETE FROM study__losses WHERE experiment_id <= 3");
        target.sql("DELETE FROM study WHERE ID <= 3");
        study.ours(&["fill"]).success().stdout_has("3 new rows, 37 there already");

        // The table is dropped and filled while we look away; our side tables are left behind.
        study.python(&["delete_table", "fill"]);
        study.ours(&["execute", "--max-experiments", "5"]).success().stderr_has("rows done");
        study.ours(&["fill"]).success().stdout_has("0 new rows, 40 there already");
        study.ours(&["execute"]).success();
        assert_eq!(study.count("status IN ('done', 'error')"), ROWS);
        let lines = "SELECT COUNT(*) FROM experimenter__study__claims c JOIN study e ON e.ID = c.experiment_id";
        assert_eq!(target.value(lines), Some(ROWS.to_string()));
        assert_eq!(target.value("SELECT COUNT(*) FROM experimenter__study__claims"), Some(ROWS.to_string()));
        study.python(&["create_table"]);
    });
}

#[test]
fn a_result_does_not_reach_a_row_that_was_filled_meanwhile() {
    for_each_database(|target| {
        let study = Study::edited(target, "limit: 200", "limit: 200, wait_for: open");
        study.ours(&["fill"]).success();
        // A row's identity has the resolution of its creation date, a second.
        let earlier = "2020-01-01 00:00:00";
        target.sql(&format!("UPDATE study SET creation_date = '{earlier}'"));
        target.sql(&format!("UPDATE experimenter__study__claims SET created = '{earlier}'"));
        let mut executer = study.sandbox.spawn(descent(), ["execute", "--max-experiments", "1"]);
        wait_until(|| study.count("status = 'running'") == 1);
        study.python(&["delete_table", "fill"]);
        assert!(executer.is_running());
        study.sandbox.write("open", "");
        executer
            .wait()
            .success()
            .stderr_has("row 1 of attempt 1 is not in the table any more; its result is kept beside the table");
        assert_eq!(study.count("status = 'created' AND loss IS NULL"), ROWS);
        study.ours(&["execute"]).success();
        assert_eq!(study.count("status IN ('done', 'error')"), ROWS);
    });
}

#[test]
fn times_of_results_are_written_by_both_sides_alike() {
    for_each_database(|target| {
        let study = Study::edited(target, "result_timestamps: False", "result_timestamps: True");
        study.ours(&["fill"]).success();
        study.ours(&["execute", "--max-experiments", "5"]).success();
        study.python(&["create_table", "execute:5"]);
        for name in ["python", "experimenter"] {
            let timed = format!("name = '{name}' AND status = 'done' AND x_timestamp LIKE '20__-__-__ __:__:__'");
            assert_eq!(study.count(&timed), 5, "{name}");
            assert_eq!(study.count(&format!("name = '{name}' AND x_timestamp <> loss_timestamp")), 0);
        }
    });
}
