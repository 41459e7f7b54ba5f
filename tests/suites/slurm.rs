//! Executers as jobs of a real Slurm, by the batch script of `docs/slurm.md`: `tests/slurm.sh` starts the Slurm, and then this.

use std::path::{Path, PathBuf};
use std::process::Command;

use experimenter_tests::{Sandbox, Target, wait_until};

fn witness() -> PathBuf {
    env!("CARGO_BIN_EXE_witness").into()
}

/// A table of witnesses, and a folder that jobs run in.
struct Study {
    target: Target,
    sandbox: Sandbox,
}

impl Study {
    fn new(rows: usize) -> Self {
        let study = Self { target: Target::server(), sandbox: Sandbox::new() };
        let n = format!("n=0..{rows}");
        study.sandbox.run(witness(), ["fill", "--database", &study.target.url(), "--set", &n]).success();
        let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/slurm.md");
        let manual = std::fs::read_to_string(manual).expect("the manual");
        let script = manual.split_once("```bash\n").and_then(|(_, rest)| rest.split_once("```")).expect("a script").0;
        assert!(script.contains("exec target/release/my-study execute --max-experiments 1\n"), "{script}");
        study
            .sandbox
            .write("study.sh", &script.replace("target/release/my-study", witness().to_str().expect("a path")));
        study
    }

    /// Sends the manual's job array off; gives its ID.
    #[track_caller]
    fn submit(&self, tasks: &str) -> String {
        slurm(
            Command::new("sbatch")
                .args(["--parsable", "--array", tasks, "--time=10", "study.sh"])
                .env("EXPERIMENTER_DATABASE", self.target.url())
                .current_dir(self.sandbox.path()),
        )
    }

    fn status(&self, row: usize) -> String {
        self.target.value(&format!("SELECT status FROM witness WHERE ID = {row}")).expect("a status")
    }

    /// The task that has claimed the row, as Slurm names it.
    #[track_caller]
    fn task_of(&self, row: usize) -> String {
        let place = self.target.value(&format!(
            "SELECT x.slurm FROM experimenter__witness__claims c JOIN experimenter__witness__executers x \
             ON x.executer_id = c.executer_id WHERE c.experiment_id = {row}"
        ));
        let place = place.expect("an executer knows its job");
        let task = place.split(", ").find_map(|part| part.strip_prefix("array "));
        task.unwrap_or_else(|| panic!("no task in `{place}`")).to_owned()
    }

    /// What the jobs have printed, for a failure.
    fn outputs(&self) -> String {
        let files = std::fs::read_dir(self.sandbox.path()).into_iter().flatten().flatten();
        let files = files.filter(|file| file.path().extension().is_some_and(|extension| extension == "out"));
        let text = |path: PathBuf| std::fs::read_to_string(&path).unwrap_or_default();
        files.map(|file| format!("{}:\n{}\n", file.file_name().display(), text(file.path()))).collect()
    }
}

#[track_caller]
fn slurm(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}: use tests/slurm.sh"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// What Slurm says of a task: its state, exit code and how often it was queued again.
#[track_caller]
fn told(task: &str) -> [String; 3] {
    let told = slurm(Command::new("scontrol").args(["-o", "show", "job", task]));
    let value = |name: &str| told.split(' ').find_map(|word| word.strip_prefix(name)).unwrap_or_default().to_owned();
    [value("JobState="), value("ExitCode="), value("Restarts=")]
}

fn has_ended(task: &str) -> bool {
    let [state, ..] = told(task);
    ["COMPLETED", "CANCELLED", "TIMEOUT", "FAILED", "NODE_FAIL"].contains(&&*state)
}

#[test]
fn a_job_array_may_be_cancelled_killed_queued_again_and_out_of_time() {
    const ROWS: usize = 12;
    // Row 1 has n=0, and so on: these wait while their files are there.
    let held = [(1, "hold-0"), (2, "hold-1"), (3, "hold-2"), (4, "hold-3")];
    let study = Study::new(ROWS);
    held.iter().for_each(|(_, file)| study.sandbox.write(file, ""));
    let array = study.submit(&format!("1-{ROWS}"));
    wait_until(|| (1..=ROWS).all(|row| study.status(row) == if row <= held.len() { "running" } else { "done" }));
    let [cancelled, again, late, killed] = held.map(|(row, _)| study.task_of(row));

    slurm(Command::new("scancel").arg(&cancelled));
    slurm(Command::new("scontrol").args(["requeue", &again]));
    // Slurm looks at its clocks every 30 s: a limit that is a minute away is told first, and kept afterwards.
    slurm(Command::new("scontrol").args(["update", &format!("jobid={late}"), "EndTime=now+60"]));
    slurm(Command::new("scancel").args(["-b", "-s", "KILL", &killed]));
    wait_until(|| [&cancelled, &late, &killed].into_iter().all(|task| has_ended(task)));
    // All but the one that was killed have given their row back; the one that is queued again may have taken another.
    let back = "SELECT COUNT(*) FROM experimenter__witness__claims \
                WHERE experiment_id <= 3 AND (attempt > 1 OR state <> 'held')";
    wait_until(|| study.target.value(back).as_deref() == Some("3"));
    held.iter().for_each(|(_, file)| std::fs::remove_file(study.sandbox.path().join(file)).expect("a file"));
    wait_until(|| (1..=ROWS).all(|task| has_ended(&format!("{array}_{task}"))));

    let outputs = study.outputs();
    assert_eq!(told(&cancelled), ["CANCELLED", "5:0", "0"], "{outputs}");
    assert_eq!(told(&again), ["COMPLETED", "0:0", "1"], "{outputs}");
    // It left before its time was over, since `--signal` had told it.
    assert_eq!(told(&late), ["FAILED", "5:0", "0"], "{outputs}");
    assert_eq!(told(&killed), ["FAILED", "0:9", "0"], "{outputs}");
    let others = (1..=ROWS).map(|task| format!("{array}_{task}"));
    for task in others.filter(|task| ![&cancelled, &again, &late, &killed].contains(&task)) {
        assert_eq!(told(&task), ["COMPLETED", "0:0", "0"], "{task}: {outputs}");
    }

    // Sent off again, with more tasks than rows are left.
    let array = study.submit("1-6");
    wait_until(|| (1..=6).all(|task| has_ended(&format!("{array}_{task}"))));
    let outputs = study.outputs();
    for task in 1..=6 {
        assert_eq!(told(&format!("{array}_{task}")), ["COMPLETED", "0:0", "0"], "{outputs}");
    }
    for row in 1..=ROWS {
        assert_eq!(study.status(row), "done", "row {row}: {outputs}");
    }
    // What was given back is no crash; what was killed is one.
    let crashes = "SELECT experiment_id, crashes FROM experimenter__witness__claims WHERE crashes > 0";
    assert_eq!(study.target.sql(crashes), [[Some("4".to_owned()), Some("1".to_owned())]], "{outputs}");
    let executions = study.sandbox.read("executions");
    for row in 1..=ROWS {
        let starts = executions.lines().filter(|line| line.starts_with(&format!("start {row} "))).count();
        assert_eq!(starts, if row <= held.len() { 2 } else { 1 }, "row {row}:\n{executions}{outputs}");
    }
}
