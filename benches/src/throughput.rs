//! Claim, a function that does nothing, write-back: rows per second, with everybody who can do that.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use experimenter_tests::{Program, wait_until};

use crate::report::{Bar, Goal, Plot, Section, Table, rate, ratio};
use crate::rig::{Crowd, Kind, Place, Rig};
use crate::sample::Sample;

/// How long all have to get to work.
const PATIENCE: Duration = Duration::from_secs(8);

const STORE_ON_MARIADB: &str = "One row at a time on MariaDB: what our client does beside the statements, which are the same \
     (deadlines, conversions, the tokio runtime), see its processor time below. Where 32 connections have no core to spare, \
     the server lacks that time.";

const STORE_ON_SQLITE: &str = "One row at a time on SQLite: each write takes its turn at a lock file, on a thread of its own, so \
     that a writer that hangs holds up no beat, and nobody starves. The table of what a row costs has the context switches and \
     the processor time of that. `execute` as it is makes up for it by groups.";

const PYTHON: &str = "One row at a time beside PyExperimenter: the bare client, which does nothing but the statements, is not \
     that much faster either, see the rows of both below; each row has two commits. `execute` as it is commits less often.";

const SLOTS_ON_MARIADB: &str = "16 slots on MariaDB: the processors. What a row costs clients and server together, see below, \
     leaves two cores no room for as many rows as that. The server's part are the two statements of each row, whose fence \
     spans two tables; groups make commits fewer, and not statements.";

const SLOTS_ON_SQLITE: &str = "16 slots on SQLite: one connection for all of them, and what a row costs the processors, see below, \
     is far more than a quarter of what it costs the bare client.";

/// Who runs rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Contestant {
    /// A loop on so many connections of the bare client.
    Bare(usize),
    /// The same, that claims by SKIP LOCKED.
    SkipLocked(usize),
    /// A loop through our store.
    Store(usize),
    /// So many processes of `execute`.
    Executers(usize),
    /// One process of `execute` with so many slots.
    Slots(usize),
    /// So many processes of PyExperimenter.
    Python(usize),
}

type Samples = BTreeMap<Contestant, Sample>;

impl Contestant {
    fn all(kind: Kind, rig: &Rig) -> Vec<Self> {
        let crowds = rig.scale.crowds();
        let of = |contestant: fn(usize) -> Self| crowds.iter().map(move |n| contestant(*n));
        let mut all: Vec<_> = of(Self::Bare).chain(of(Self::Store)).chain(of(Self::Executers)).collect();
        all.extend(rig.scale.pick(&[16][..], &[4, 16]).iter().map(|n| Self::Slots(*n)));
        if kind == Kind::MariaDb {
            all.extend(of(Self::SkipLocked));
        }
        // On an SQLite file several of those fail now and then.
        let pythons = if kind == Kind::MariaDb { rig.scale.pick(&[1][..], &[1, 4]) } else { &[1] };
        all.extend(pythons.iter().map(|n| Self::Python(*n)));
        all
    }

    fn label(self) -> String {
        match self {
            Self::Bare(n) => format!("bare client, {}", count(n, "connection")),
            Self::SkipLocked(n) => format!("bare client with SKIP LOCKED, {}", count(n, "connection")),
            Self::Store(n) => format!("our store, one row at a time, {}", count(n, "connection")),
            Self::Executers(n) => format!("`execute`, {}", count(n, "process")),
            Self::Slots(n) => format!("`execute --jobs {n}`"),
            Self::Python(n) => format!("PyExperimenter, {}", count(n, "process")),
        }
    }

    /// How many names are in the table once all are at work.
    fn workers(self) -> usize {
        match self {
            Self::Bare(n) | Self::SkipLocked(n) | Self::Store(n) | Self::Executers(n) | Self::Python(n) => n,
            Self::Slots(_) => 1,
        }
    }

    /// More rows than it runs while all get to work and for the time of the window.
    fn rows(self, kind: Kind, rig: &Rig) -> usize {
        match self {
            Self::Python(_) => rig.scale.pick(400, 1_000),
            // Where one never gets to work, the others do for all of the time that there is for that.
            Self::Bare(_) | Self::SkipLocked(_) | Self::Store(_) => match kind {
                Kind::MariaDb => rig.scale.pick(10_000, 20_000),
                Kind::Sqlite => rig.scale.pick(40_000, 50_000),
            },
            Self::Executers(n) => rig.scale.pick(20_000, 40_000) + 1_000 * n,
            Self::Slots(_) => rig.scale.pick(20_000, 40_000),
        }
    }

    fn programs(self, place: &Place<'_>) -> Vec<Program> {
        let connections = self.workers().to_string();
        let connections = ["--connections", &connections];
        match self {
            Self::Bare(_) => vec![place.loops("bare", &connections)],
            Self::SkipLocked(_) => vec![place.loops("skip-locked", &connections)],
            Self::Store(_) => vec![place.loops("store", &connections)],
            Self::Executers(n) => {
                (0..n).map(|number| place.noop(&["execute", "--name", &format!("executer{number}")])).collect()
            }
            Self::Slots(n) => vec![place.noop(&["execute", "--jobs", &n.to_string()])],
            Self::Python(n) => {
                (0..n).map(|number| place.python(&["execute", &format!("python{number}"), "-1"])).collect()
            }
        }
    }

    /// Rows per second while all are at work.
    fn measure(self, kind: Kind, rig: &Rig) -> f64 {
        let place = rig.place(kind);
        if let Self::Python(_) = self {
            place.configure_python(self.rows(kind, rig));
            place.python(&["fill"]).run().success();
        } else {
            place.fill(self.rows(kind, rig));
        }
        let mut crowd = Crowd::spawn(self.programs(&place));
        let (workers, begun) = (self.workers().to_string(), Instant::now());
        let at_work = || place.target.value("SELECT COUNT(DISTINCT name) FROM noop WHERE status='done'");
        // On SQLite some of those that do not take turns may never get to work.
        wait_until(|| at_work() == Some(workers.clone()) || begun.elapsed() > PATIENCE);
        let (before, begun) = (place.done(), Instant::now());
        std::thread::sleep(rig.scale.window());
        let (after, seconds) = (place.done(), begun.elapsed().as_secs_f64());
        assert!(crowd.all_run(), "{} ran out of rows, or failed, on {}", self.label(), kind.name());
        crowd.kill();
        (after - before) / seconds
    }
}

fn count(n: usize, of: &str) -> String {
    match (n, of) {
        (1, _) => format!("1 {of}"),
        (_, "process") => format!("{n} processes"),
        _ => format!("{n} {of}s"),
    }
}

/// Measures all of them in turn, again and again.
pub(crate) fn measure(rig: &Rig) -> Section {
    let mut section = Section::new(
        "Claim, run, write back",
        "Rows per second of a function that does nothing, counted in the table while all are at work. The bare client \
         sends the statements that our store sends, prepared once, one row at a time: candidates, a compare-and-set, a \
         write-back, each in its own commit; it does nothing else. Our store one row at a time is what an executer does with \
         rows that are too long to be claimed ahead. `execute` is the whole program, with slots, messages, captured output and \
         figures; rows this short it claims ahead and writes back in groups.",
    );
    for kind in Kind::BOTH {
        let samples = samples(kind, rig);
        section.table(table(kind, &samples));
        section.plot(plot(kind, &samples));
        goals(kind, &samples, &mut section);
    }
    section
}

fn samples(kind: Kind, rig: &Rig) -> Samples {
    let contestants = Contestant::all(kind, rig);
    let mut samples = Samples::new();
    for repetition in 1..=rig.scale.repetitions() {
        for contestant in &contestants {
            let rows = contestant.measure(kind, rig);
            crate::tell(&format!("{} {repetition}: {}: {} rows/s", kind.name(), contestant.label(), rate(rows)));
            samples.entry(*contestant).or_default().add(rows);
        }
    }
    samples
}

fn table(kind: Kind, samples: &Samples) -> Table {
    let mut table =
        Table::new(kind.name(), &["", "rows/s", "least–most", "× bare client, 1 connection", "× bare client, as many"]);
    for (contestant, sample) in samples {
        let beside =
            |other: Contestant| samples.get(&other).map_or_else(String::new, |other| ratio(sample.by(other).median()));
        let (least, most) = sample.range();
        table.row([
            contestant.label(),
            rate(sample.median()),
            format!("{}–{}", rate(least), rate(most)),
            beside(Contestant::Bare(1)),
            beside(Contestant::Bare(contestant.workers())),
        ]);
    }
    table
}

fn plot(kind: Kind, samples: &Samples) -> Plot {
    let bars = samples.iter().map(|(contestant, sample)| Bar::new(contestant.label().replace('`', ""), sample));
    Plot::new(
        &format!("throughput-{}", kind.name().to_lowercase()),
        &format!("Rows per second on {}", kind.name()),
        bars,
    )
}

fn goals(kind: Kind, samples: &Samples, section: &mut Section) {
    let by = |this: Contestant, that: Contestant| Some(samples.get(&this)?.by(samples.get(&that)?).median());
    let mut goal = |what: &str, least: f64, measured: Option<f64>, limit: &'static str| {
        if let Some(measured) = measured {
            let what = format!("{what}, {}", kind.name());
            section.goal(Goal::at_least(&what, least, measured, "×").limited_by(limit));
        }
    };
    let (store, slots) = match kind {
        Kind::MariaDb => (STORE_ON_MARIADB, SLOTS_ON_MARIADB),
        Kind::Sqlite => (STORE_ON_SQLITE, SLOTS_ON_SQLITE),
    };
    goal(
        "1 executer's protocol, 1 slot, one row at a time, by the bare client",
        0.85,
        by(Contestant::Store(1), Contestant::Bare(1)),
        store,
    );
    goal("the same by PyExperimenter, 1 process", 12.0, by(Contestant::Store(1), Contestant::Python(1)), PYTHON);
    goal(
        "32 executers, one row at a time, by the bare client on 32 connections",
        0.85,
        by(Contestant::Store(32), Contestant::Bare(32)),
        store,
    );
    goal(
        "32 executers as they are, by the bare client on 32 connections",
        0.85,
        by(Contestant::Executers(32), Contestant::Bare(32)),
        store,
    );
    goal(
        "1 executer with 16 slots by the bare client on 1 connection",
        4.0,
        by(Contestant::Slots(16), Contestant::Bare(1)),
        slots,
    );
}
