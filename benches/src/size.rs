//! The cost of a row by the size of the table, by how much of it is done, and under a long foreign snapshot.

use std::collections::{BTreeMap, BTreeSet};

use experimenter_tests::wait_until;

use crate::report::{Goal, Section, Table, rate, ratio};
use crate::rig::{Kind, Place, Rig, rows_and_seconds};
use crate::sample::Sample;

/// How much of the table is done, in percent.
const SHARES: [usize; 3] = [0, 50, 99];

/// The order of the rows, and who claims them.
type Worker = (&'static str, &'static str);

const WORKERS: [Worker; 3] = [("id", "store"), ("random", "store"), ("id", "bare")];

/// What a row costs, in milliseconds, by share, size of the table and worker.
type Samples = BTreeMap<(usize, usize, Worker), Sample>;

/// The same of a table of 1,000 open rows, measured beside those of which so many are done.
type References = BTreeMap<(usize, Worker), Sample>;

pub(crate) fn measure(rig: &Rig) -> Section {
    let mut section = Section::new(
        "The size of the table",
        "Milliseconds per row, one row at a time on one connection: through our store in the order of IDs and in random \
         order, and with the bare client in the order of IDs. The rows that are done are those of the smallest IDs, marked by \
         SQL. Under a snapshot: another connection holds a consistent snapshot open while rows are executed, so that the \
         server keeps all earlier versions of them; measured before it was opened, and when so many rows were executed.",
    );
    for kind in Kind::BOTH {
        let (samples, references) = samples(kind, rig);
        section.table(table(kind, &samples));
        goals(kind, &samples, &references, rig, &mut section);
    }
    under_a_snapshot(rig, &mut section);
    section
}

fn samples(kind: Kind, rig: &Rig) -> (Samples, References) {
    let sizes = BTreeSet::from([1_000, 100_000, rig.scale.largest()]);
    let tables: Vec<_> = sizes.into_iter().map(|rows| (rows, rig.place(kind))).collect();
    for (rows, place) in &tables {
        place.fill(*rows);
    }
    let reference = rig.place(kind);
    reference.fill(1_000);
    let most = rig.scale.pick(100, 300);
    let (mut samples, mut references) = (Samples::new(), References::new());
    for share in SHARES {
        for (rows, place) in &tables {
            mark_done(place, rows * share / 100);
        }
        settle(kind, rig);
        for _ in 0..rig.scale.repetitions() {
            for worker in WORKERS {
                for (rows, place) in &tables {
                    let open = rows - rows * share / 100;
                    let milliseconds = cost(place, worker, open.min(most));
                    reopen(place, rows * share / 100);
                    samples.entry((share, *rows, worker)).or_default().add(milliseconds);
                }
                references.entry((share, worker)).or_default().add(cost(&reference, worker, most));
                reopen(&reference, 0);
            }
        }
        crate::tell(&format!("{}: tables of which {share} % are done", kind.name()));
    }
    (samples, references)
}

/// Milliseconds per row.
fn cost(place: &Place<'_>, (order, client): Worker, rows: usize) -> f64 {
    let output = place.loops(client, &["--order", order, "--rows", &rows.to_string()]).run();
    let (rows, seconds) = rows_and_seconds(&output);
    1_000.0 * seconds / rows
}

/// Marks the first rows as done.
fn mark_done(place: &Place<'_>, rows: usize) {
    let sql = |text: String| drop(place.target.sql(&text));
    sql(format!(
        "UPDATE noop SET status='done', score=1, end_date=creation_date WHERE ID<={rows} AND status='created'"
    ));
    sql(format!(
        "UPDATE experimenter__noop__claims SET state='finished', attempt=1 WHERE experiment_id<={rows} AND state='ready'"
    ));
}

/// Opens those again that were run, which are those after the first.
fn reopen(place: &Place<'_>, first: usize) {
    let sql = |text: String| drop(place.target.sql(&text));
    sql(format!(
        "UPDATE noop SET status='created', score=NULL, start_date=NULL, end_date=NULL, name=NULL, machine=NULL \
         WHERE status='done' AND ID>{first}"
    ));
    sql("UPDATE experimenter__noop__claims SET state='ready', attempt=0, executer_id=NULL, claimed_at=NULL, \
         closed_at=NULL, wall_seconds=NULL, user_seconds=NULL, system_seconds=NULL, busy_slots=NULL \
         WHERE state='finished' AND executer_id IS NOT NULL"
        .to_owned());
}

/// Waits until the server has tidied up behind the changes of many rows.
fn settle(kind: Kind, rig: &Rig) {
    if kind == Kind::MariaDb {
        let query = "SELECT COUNT FROM information_schema.INNODB_METRICS WHERE NAME='trx_rseg_history_len'";
        wait_until(|| rig.server.sql("", query).trim().parse::<f64>().is_ok_and(|length| length < 1_000.0));
    }
}

fn table(kind: Kind, samples: &Samples) -> Table {
    let header =
        ["done", "rows", "our store, by ID", "our store, random", "bare client, by ID", "by ID, × bare client"];
    let mut table = Table::new(kind.name(), &header);
    let mut lines: Vec<_> = samples.keys().map(|(share, rows, _)| (*share, *rows)).collect();
    lines.dedup();
    for (share, rows) in lines {
        let [by_id, random, bare] = WORKERS.map(|worker| &samples[&(share, rows, worker)]);
        let shown = |sample: &Sample| format!("{:.2}", sample.median());
        #[expect(clippy::cast_precision_loss, reason = "at most a million")]
        let rows = rate(rows as f64);
        table.row([
            format!("{share} %"),
            rows,
            shown(by_id),
            shown(random),
            shown(bare),
            ratio(by_id.by(bare).median()),
        ]);
    }
    table
}

fn goals(kind: Kind, samples: &Samples, references: &References, rig: &Rig, section: &mut Section) {
    for worker @ (order, _) in &WORKERS[..2] {
        let large = &samples[&(99, rig.scale.largest(), *worker)];
        let cost = large.by(&references[&(99, *worker)]).median();
        let what = format!(
            "cost of a row in the largest table, 99 % done, by that in 1,000 open rows, order: {order}, {}",
            kind.name()
        );
        section.goal(Goal::at_most(&what, 1.2, cost, "×"));
    }
}

fn under_a_snapshot(rig: &Rig, section: &mut Section) {
    let place = rig.place(Kind::MariaDb);
    let executed = rig.scale.pick(5_000, 30_000);
    place.fill(2 * executed + 20_000);
    let execute = || place.noop(&["execute", "--max-experiments", &executed.to_string()]).run().success().code;
    let measure = || {
        let mut costs = [const { Sample::none() }; WORKERS.len()];
        for _ in 0..rig.scale.repetitions() {
            for (costs, worker) in costs.iter_mut().zip(WORKERS) {
                costs.add(cost(&place, worker, 100));
            }
        }
        costs
    };
    execute();
    settle(Kind::MariaDb, rig);
    let before = measure();
    let mut snapshot = place.snapshot().spawn();
    snapshot.wait_for_stdout("open");
    execute();
    let under = measure();
    drop(snapshot.kill());
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let title = format!("MariaDB, a snapshot open while {} rows were executed", rate(executed as f64));
    let mut table = Table::new(&title, &["", "before", "under the snapshot", "×"]);
    for (((order, client), before), under) in WORKERS.iter().zip(&before).zip(&under) {
        let who = if *client == "store" { "our store" } else { "bare client" };
        let cost = under.median() / before.median();
        table.row([
            format!("{who}, order: {order}"),
            format!("{:.2}", before.median()),
            format!("{:.2}", under.median()),
            ratio(cost),
        ]);
        if *client == "store" {
            let what = format!("cost of a row under a long snapshot, by that before, order: {order}");
            section.goal(Goal::at_most(&what, 2.0, cost, "×"));
        }
    }
    section.table(table);
}
