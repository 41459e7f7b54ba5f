//! From the start of the program to its first claim, and what commands take that look at the whole table.

use std::fs;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use experimenter_tests::wait_until;

use crate::memory::{megabytes, watched};
use crate::report::{Goal, Section, Table, figure, rate};
use crate::rig::{Kind, Place, Rig};
use crate::sample::Sample;

pub(crate) fn measure(rig: &Rig) -> Section {
    let mut section = Section::new(
        "Commands",
        "Whole processes, from start to end. *To the first claim* is from the start of `execute` to the moment that the claim \
         of its first row has in the database. Of the rows of the table nine in ten are done, one in a hundred is in error \
         with one of ten reasons.",
    );
    let mut table = Table::new("", &["", "MariaDB", "least–most", "SQLite", "least–most"]);
    let measured: Vec<_> = Kind::BOTH.map(|kind| commands(kind, rig)).into_iter().collect();
    for line in 0..measured[0].len() {
        let Command { name, unit, .. } = &measured[0][line];
        let cells = measured.iter().flat_map(|commands| {
            let sample = &commands[line].sample;
            let (least, most) = sample.range();
            [figure(sample.median(), ""), format!("{}–{}", figure(least, ""), figure(most, ""))]
        });
        table.row(std::iter::once(format!("{name}, {unit}")).chain(cells));
    }
    section.table(table);
    for (kind, commands) in Kind::BOTH.iter().zip(&measured) {
        for Command { name, unit, sample, wanted } in commands {
            let what = format!("{name}, {}", kind.name());
            match wanted {
                Some(Wanted::AtMost(most)) => section.goal(Goal::at_most(&what, *most, sample.median(), unit)),
                Some(Wanted::AtLeast(least)) => section.goal(Goal::at_least(&what, *least, sample.median(), unit)),
                None => {}
            }
        }
    }
    section
}

/// What was measured of a command.
struct Command {
    name: String,
    unit: &'static str,
    sample: Sample,
    wanted: Option<Wanted>,
}

enum Wanted {
    AtMost(f64),
    AtLeast(f64),
}

fn commands(kind: Kind, rig: &Rig) -> Vec<Command> {
    let rows = rig.scale.largest();
    #[expect(clippy::cast_precision_loss, reason = "at most a million")]
    let (count, of_rows) = (rows as f64, format!("of {} rows", rate(rows as f64)));
    let full = rig.scale.largest() == 1_000_000;
    let place = rig.place(kind);
    place.fill(rows);
    pretend(&place, rows);
    let mut commands = vec![Command {
        name: "start to first claim".to_owned(),
        unit: "ms",
        sample: repeated(rig, || first_claim(kind, rig)),
        wanted: Some(Wanted::AtMost(match kind {
            Kind::MariaDb => 60.0,
            Kind::Sqlite => 30.0,
        })),
    }];
    let mut timed = |words: &[&str], wanted: Option<f64>| {
        let sample = repeated(rig, || time(&place, words));
        let name = format!("`{}` {of_rows}", words.join(" "));
        commands.push(Command { name, unit: "s", sample, wanted: wanted.map(Wanted::AtMost) });
    };
    timed(&["status"], full.then_some(0.5));
    timed(&["errors"], None);
    let export = ["export", "--output", "rows.csv"];
    let mut memory = Sample::none();
    let speed = repeated(rig, || {
        let begun = Instant::now();
        memory.add(watched(place.noop(&export).spawn()));
        count / begun.elapsed().as_secs_f64()
    });
    let named = |name: String, unit, sample, wanted| Command { name, unit, sample, wanted: Some(wanted) };
    commands.push(named(format!("`export` {of_rows}"), "rows/s", speed, Wanted::AtLeast(200_000.0)));
    commands.push(named(format!("memory of `export` {of_rows}"), "MB", memory, Wanted::AtMost(150.0)));
    let (executer, slot) = idle(kind, rig);
    commands.push(named("memory of an executer whose slot is busy".to_owned(), "MB", executer, Wanted::AtMost(20.0)));
    commands.push(Command { name: "memory of its slot".to_owned(), unit: "MB", sample: slot, wanted: None });
    commands
}

fn repeated(rig: &Rig, mut measure: impl FnMut() -> f64) -> Sample {
    let mut sample = Sample::none();
    (0..rig.scale.repetitions()).for_each(|_| sample.add(measure()));
    sample
}

/// Seconds of a command.
fn time(place: &Place<'_>, words: &[&str]) -> f64 {
    let begun = Instant::now();
    place.noop(words).run().success();
    begun.elapsed().as_secs_f64()
}

/// Milliseconds from the start of an executer to its first claim, by the clock that the database has as well.
fn first_claim(kind: Kind, rig: &Rig) -> f64 {
    let place = rig.place(kind);
    place.fill(1_000);
    let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    place.noop(&["execute", "--max-experiments", "1"]).run().success();
    let seconds = match kind {
        Kind::MariaDb => "UNIX_TIMESTAMP(CONVERT_TZ(claimed_at, '+00:00', @@session.time_zone))",
        Kind::Sqlite => "(julianday(claimed_at) - 2440587.5) * 86400.0",
    };
    let query = format!("SELECT {seconds} FROM experimenter__noop__claims WHERE claimed_at IS NOT NULL");
    1_000.0 * (place.number(&query) - started.as_secs_f64())
}

/// Memory of an executer, and of its slot that runs a long row after many short ones.
fn idle(kind: Kind, rig: &Rig) -> (Sample, Sample) {
    let (mut executer, mut slot) = (Sample::none(), Sample::none());
    for _ in 0..rig.scale.repetitions() {
        let place = rig.place(kind);
        place.fill(1_000);
        let mut running = place.noop(&["execute", "--custom", "sleep=60"]).spawn();
        wait_until(|| place.number("SELECT COUNT(*) FROM noop WHERE status='running'") > 0.0);
        std::thread::sleep(Duration::from_millis(300));
        assert!(running.is_running(), "an executer ended while its row slept");
        let pid = running.id();
        executer.add(megabytes(pid, "VmHWM").expect("it runs"));
        slot.add(megabytes(child(pid), "VmHWM").expect("it runs"));
        drop(running.kill());
    }
    (executer, slot)
}

fn child(pid: u32) -> u32 {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let first = children.split_whitespace().next().and_then(|child| child.parse().ok());
    first.expect("an executer has a slot")
}

/// Has rows look as if they had been executed.
fn pretend(place: &Place<'_>, rows: usize) {
    let sql = |text: String| drop(place.target.sql(&text));
    let done = rows / 10 * 9;
    sql(format!(
        "UPDATE noop SET status='done', score=c*seed, start_date=creation_date, end_date=creation_date, name='executer', \
         machine='host' WHERE ID<={done}"
    ));
    let failed = rows / 100;
    for reason in 0..10 {
        let first = done + failed * reason / 10;
        sql(format!(
            "UPDATE noop SET status='error', start_date=creation_date, end_date=creation_date, \
             error='the matrix is singular at src/{reason}.rs:12' WHERE ID>{first} AND ID<={}",
            first + failed / 10
        ));
    }
    sql(format!(
        "UPDATE experimenter__noop__claims SET state='finished', attempt=1, executer_id=1, claimed_at=created, \
         closed_at=created, wall_seconds=0.5, user_seconds=0.5, system_seconds=0.0, busy_slots=1 WHERE experiment_id<={}",
        done + failed
    ));
}
