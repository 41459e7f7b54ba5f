//! What one row more costs: statements by the server's own counters, exact, and processor time by the kernel's.

use std::collections::BTreeMap;
use std::time::Duration;

use experimenter_tests::Program;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use nix::time::ClockId;
use nix::unistd::Pid;

use crate::report::{Goal, Section, Table};
use crate::rig::{Kind, Place, Rig};

/// What is counted; `Questions` are the statements that clients sent, without those that prepare one.
const COUNTERS: [&str; 7] =
    ["Questions", "Com_stmt_prepare", "Com_select", "Com_update", "Com_update_multi", "Binlog_commits", "Connections"];

type Counts = BTreeMap<String, f64>;

/// What is counted beside those: processor time of the clients and of the server, and how often a client's thread waited.
const CLIENTS: &str = "clients, ms";
const SERVER: &str = "server, ms";
const SWITCHES: &str = "context switches";
const SPENT: [&str; 3] = [CLIENTS, SERVER, SWITCHES];

/// Counts twice, for few rows and for many, so that what an executer does once is in neither.
pub(crate) fn measure(rig: &Rig) -> Section {
    let mut section = Section::new(
        "What a row costs",
        "Per row in the steady state: the difference between a run of many rows and one of few, by the difference in rows. \
         The first table is by MariaDB's own counters: a round trip is a statement or a PREPARE that the server answers; a \
         commit is one that reaches the binary log. The others are by the kernel's: processor time in milliseconds, and how \
         often a thread of the clients has waited for something. SQLite's work is in its clients' time.",
    );
    let mut on_mariadb = costs(rig, Kind::MariaDb);
    on_mariadb.push(("PyExperimenter", python(rig)));
    section.table(statements(&on_mariadb));
    section.table(processors("Processors, MariaDB", &on_mariadb, &SPENT));
    section.table(processors("Processors, SQLite", &costs(rig, Kind::Sqlite), &[CLIENTS, SWITCHES]));

    let store = &on_mariadb[0].1;
    section.goal(Goal::at_most("round trips per row, one row at a time", 2.2, round_trips(store), ""));
    section.goal(Goal::at_most("commits per row, one row at a time", 2.0, store["Binlog_commits"], ""));
    section.goal(Goal::at_most("prepares per row, one row at a time", 0.0, store["Com_stmt_prepare"], ""));
    section
}

/// What each of those costs that run on both databases.
fn costs(rig: &Rig, kind: Kind) -> Vec<(&'static str, Counts)> {
    let (few, many) = (400, 1_400);
    let looped = |client: &'static str| {
        per_row(rig, kind, few, many, &|place, n| place.loops(client, &["--rows", &n.to_string()]))
    };
    let executed = |jobs: &'static str| {
        let execute = |n: usize| ["execute", "--jobs", jobs, "--max-experiments", &n.to_string()].map(str::to_owned);
        per_row(rig, kind, 2_000, 10_000, &|place, n| place.noop(&execute(n).each_ref().map(String::as_str)))
    };
    let mut costs = vec![("our store, one row at a time", looped("store")), ("bare client", looped("bare"))];
    if kind == Kind::MariaDb {
        costs.push(("bare client with SKIP LOCKED", looped("skip-locked")));
    }
    costs.extend([("`execute`", executed("1")), ("`execute --jobs 16`", executed("16"))]);
    costs
}

fn statements(costs: &[(&str, Counts)]) -> Table {
    let mut table =
        Table::new("Statements", &["", "round trips", "SELECT", "UPDATE", "prepares", "commits", "connections"]);
    for (label, counts) in costs {
        let numbers = [
            round_trips(counts),
            counts["Com_select"],
            counts["Com_update"] + counts["Com_update_multi"],
            counts["Com_stmt_prepare"],
            counts["Binlog_commits"],
            counts["Connections"],
        ];
        table.row(std::iter::once((*label).to_owned()).chain(numbers.map(|number| format!("{number:.3}"))));
    }
    table
}

fn round_trips(counts: &Counts) -> f64 {
    counts["Questions"] + counts["Com_stmt_prepare"]
}

fn processors(title: &str, costs: &[(&str, Counts)], names: &[&str]) -> Table {
    let mut table = Table::new(title, &[&[""], names].concat());
    for (label, counts) in costs {
        let numbers = names.iter().map(|name| format!("{:.2}", counts[*name]));
        table.row(std::iter::once((*label).to_owned()).chain(numbers));
    }
    table
}

fn per_row(rig: &Rig, kind: Kind, few: usize, many: usize, program: &dyn Fn(&Place<'_>, usize) -> Program) -> Counts {
    let place = rig.place(kind);
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
    let counts = lines.map(|(name, count)| (name.to_owned(), count.parse().expect("a counter is a number")));
    let clients = getrusage(UsageWho::RUSAGE_CHILDREN).expect("what ended processes have used");
    #[expect(clippy::cast_precision_loss, reason = "some millions")]
    let [user, system, switches] = [
        clients.user_time().num_microseconds() as f64 / 1e3,
        clients.system_time().num_microseconds() as f64 / 1e3,
        clients.voluntary_context_switches() as f64,
    ];
    let spent = [(CLIENTS, user + system), (SERVER, server_time(rig)), (SWITCHES, switches)];
    counts.chain(spent.map(|(name, count)| (name.to_owned(), count))).collect()
}

/// The processor time that the server has used, in milliseconds.
fn server_time(rig: &Rig) -> f64 {
    let id = rig.server.id().and_then(|id| i32::try_from(id).ok()).expect("the server runs");
    let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(id)).expect("the clock of a process that runs");
    Duration::from(clock.now().expect("the time of a clock")).as_secs_f64() * 1e3
}
