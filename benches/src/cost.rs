//! What one row more costs the server: its own counters, exact.

use std::collections::BTreeMap;

use experimenter_tests::Program;

use crate::report::{Goal, Section, Table};
use crate::rig::{Kind, Place, Rig};

/// What is counted; `Questions` are the statements that clients sent, without those that prepare one.
const COUNTERS: [&str; 7] =
    ["Questions", "Com_stmt_prepare", "Com_select", "Com_update", "Com_update_multi", "Binlog_commits", "Connections"];

type Counts = BTreeMap<String, f64>;

/// Counts twice, for few rows and for many, so that what an executer does once is in neither.
pub(crate) fn measure(rig: &Rig) -> Section {
    let mut section = Section::new(
        "What a row costs the server",
        "By MariaDB's own counters, per row in the steady state: the difference between a run of many rows and one of few, \
         by the difference in rows. A round trip is a statement or a PREPARE that the server answers; a commit is one that \
         reaches the binary log.",
    );
    let mut table = Table::new("", &["", "round trips", "SELECT", "UPDATE", "prepares", "commits", "connections"]);
    let (few, many) = (400, 1_400);
    let rows = |n: usize| n.to_string();
    let mut line = |label: &str, counts: &Counts| {
        let of = |name: &str| counts.get(name).copied().unwrap_or_default();
        let prepares = of("Com_stmt_prepare");
        let numbers = [
            of("Questions") + prepares,
            of("Com_select"),
            of("Com_update") + of("Com_update_multi"),
            prepares,
            of("Binlog_commits"),
            of("Connections"),
        ];
        table.row(std::iter::once(label.to_owned()).chain(numbers.map(|number| format!("{number:.3}"))));
        numbers
    };
    let per_row = |few, many, program: &dyn Fn(&Place<'_>, usize) -> Program| per_row(rig, few, many, program);

    let store = line(
        "our store, one row at a time",
        &per_row(few, many, &|place, n| place.loops("store", &["--rows", &rows(n)])),
    );
    line("bare client", &per_row(few, many, &|place, n| place.loops("bare", &["--rows", &rows(n)])));
    line(
        "bare client with SKIP LOCKED",
        &per_row(few, many, &|place, n| place.loops("skip-locked", &["--rows", &rows(n)])),
    );
    let execute = |jobs: &'static str| {
        move |place: &Place<'_>, n: usize| place.noop(&["execute", "--jobs", jobs, "--max-experiments", &rows(n)])
    };
    line("`execute`", &per_row(2_000, 10_000, &execute("1")));
    line("`execute --jobs 16`", &per_row(2_000, 10_000, &execute("16")));
    line("PyExperimenter", &python(rig));

    let [trips, _, _, prepares, commits, _] = store;
    section.table(table);
    section.goal(Goal::at_most("round trips per row, one row at a time", 2.2, trips, ""));
    section.goal(Goal::at_most("commits per row, one row at a time", 2.0, commits, ""));
    section.goal(Goal::at_most("prepares per row, one row at a time", 0.0, prepares, ""));
    section
}

fn per_row(rig: &Rig, few: usize, many: usize, program: &dyn Fn(&Place<'_>, usize) -> Program) -> Counts {
    let place = rig.place(Kind::MariaDb);
    place.fill(few + many + 1_000);
    difference(rig, few, many, &|n| program(&place, n))
}

fn python(rig: &Rig) -> Counts {
    let place = rig.place(Kind::MariaDb);
    place.configure_python(200);
    place.python(&["fill"]).run().success();
    difference(rig, 10, 60, &|n| place.python(&["execute", "python", &n.to_string()]))
}

fn difference(rig: &Rig, few: usize, many: usize, program: &dyn Fn(usize) -> Program) -> Counts {
    let count = |n: usize| {
        let before = counts(rig);
        program(n).run().success();
        let after = counts(rig);
        after.into_iter().map(|(name, count)| (name.clone(), count - before[&name])).collect::<Counts>()
    };
    let (first, second) = (count(few), count(many));
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let rows = (many - few) as f64;
    second.into_iter().map(|(name, count)| (name.clone(), (count - first[&name]) / rows)).collect()
}

fn counts(rig: &Rig) -> Counts {
    let names = COUNTERS.map(|name| format!("'{name}'")).join(", ");
    let text = rig.server.sql("", &format!("SHOW GLOBAL STATUS WHERE Variable_name IN ({names})"));
    let lines = text.lines().filter_map(|line| line.split_once('\t'));
    lines.map(|(name, count)| (name.to_owned(), count.parse().expect("a counter is a number"))).collect()
}
