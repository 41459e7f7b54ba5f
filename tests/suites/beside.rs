//! PyExperimenter works on the table too, and ill-treats one beside it, while our executers are killed.

use std::path::Path;

use experimenter_tests::{Running, Target, python, wait_until};

use super::{Chance, MODES, Rig, deadline, rage, seconds, seed};

/// Starts PyExperimenter in this role.
fn spawn(rig: &Rig<'_>, role: &str) -> Running {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pyexperimenter");
    let program = rig.sandbox.program(python()).args([folder.join("storm.py").as_os_str(), role.as_ref()]);
    program.env("PYTHONPATH", folder).deadline(deadline()).spawn()
}

#[test]
fn a_storm_beside_pyexperimenter_breaks_no_promise() {
    let seed = seed();
    let target = Target::server();
    let database = target.database();
    let count = |condition: &str| {
        let count = target.value(&format!("SELECT COUNT(*) FROM witness WHERE {condition}"));
        count.and_then(|count| count.parse::<usize>().ok()).expect("a count")
    };
    let rows = 10 * usize::try_from(seconds()).expect("a number");
    let n = format!("n=0..{rows}");
    let grid = ["--set", "millis=20", "--set", "fails=false,true"];
    let mut rig = Rig::new(&target, target.url(), rows, &grid, MODES[0]);
    rig.rows *= 2;
    for (table, text) in
        [("storm", include_str!("../pyexperimenter/storm.yml")), ("other", include_str!("../pyexperimenter/other.yml"))]
    {
        rig.sandbox.write(&format!("python/{table}.yml"), &text.replace("DATABASE", database.name()));
    }
    rig.sandbox.write("python/credentials.yml", &database.credentials());

    let theirs = ["worker", "keeper"].map(|role| spawn(&rig, role));
    // PyExperimenter takes seconds to start.
    wait_until(|| count("name = 'python' AND status = 'done'") > 0);
    let (toll, left) = rage(&mut rig, &mut Chance(seed), &mut None).expect("nobody kills the server");
    rig.sandbox.write("calm", "");
    let refused: usize = theirs.into_iter().map(|program| program.wait().success().stdout.lines().count()).sum();
    for executer in left {
        rig.ended(executer);
    }
    rig.heal();
    let held = target.sql(
        "SELECT e.ID, e.name, e.machine, e.creation_date, c.created, e.start_date, c.claimed_at, c.attempt, c.executer_id, \
         x.state, x.pid, x.beat_at, x.expires_at, UTC_TIMESTAMP(6) FROM witness e JOIN experimenter__witness__claims c \
         ON c.experiment_id = e.ID LEFT JOIN experimenter__witness__executers x ON x.executer_id = c.executer_id \
         WHERE e.status = 'running' AND c.state = 'held'",
    );
    assert!(held.is_empty(), "we have left rows, with the seed {seed}:\n{held:#?}");

    // What PyExperimenter loses by itself: a row whose result was refused stays running, and one that ends in error just
    // when it resets the others is deleted.
    let (there, running) = (count("1=1"), count("status = 'running'"));
    rig.command(&["reset", "--status", "running"]);
    rig.command(&[&["fill", "--set", &n], &grid[..]].concat());
    rig.heal();
    let ends = "status = 'done' AND payload = 'python' OR status = 'error' AND error LIKE '%ValueError: python%'";
    let executed = target.value(&format!("SELECT COUNT(*) FROM audit WHERE {ends}")).expect("a count");
    eprintln!(
        "beside PyExperimenter, seed {seed}, {} rows: {toll}; it executed {executed}, was refused {refused} times, kept \
         {there}, and left {running} running",
        rig.rows
    );
    assert_eq!(count("(status = 'error') <> fails"), 0, "with the seed {seed}");
    let table = spawn(&rig, "reader").wait().success().stdout.clone();
    let ended = table.lines().filter(|line| line.contains(",done,") || line.contains(",error,"));
    assert_eq!(ended.count(), rig.rows, "{table}");
    rig.is_sound(&format!("a storm beside PyExperimenter with the seed {seed}"));
}
