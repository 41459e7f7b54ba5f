//! `fill`: rows per second into an empty table, and over a full one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::memory::watched;
use crate::report::{Bar, Goal, Plot, Section, Table, rate, ratio};
use crate::rig::{Kind, PER_SEED, Rig, rows_and_seconds};
use crate::sample::Sample;

/// The most that PyExperimenter fills: it takes a time that grows with the square of that.
const MOST_OF_PYTHON: usize = 10_000;

/// What was measured of one size.
#[derive(Debug, Default)]
struct Filled {
    raw: Sample,
    fill: Sample,
    again: Sample,
    python: Sample,
    /// The most memory that a fill had, in megabytes.
    megabytes: Sample,
}

pub(crate) fn measure(rig: &Rig) -> Section {
    let mut section = Section::new(
        "Fill",
        "Rows per second. `fill` is the whole program from its start to its end; *again* is the same command once more, \
         which finds that all rows are there. The raw INSERT writes the same rows and claims into the same empty tables, as \
         literals in multi-row statements, 5,000 rows in each transaction, with no look at what is there and without the time \
         to connect. PyExperimenter is measured without the start of Python.",
    );
    for kind in Kind::BOTH {
        let filled = repeated(kind, rig);
        section.table(table(kind, &filled));
        section.plot(plot(kind, &filled));
        goals(kind, &filled, rig, &mut section);
    }
    section
}

fn repeated(kind: Kind, rig: &Rig) -> BTreeMap<usize, Filled> {
    let mut sizes = BTreeMap::new();
    for rows in BTreeSet::from([1_000, 10_000, 100_000, rig.scale.largest()]) {
        let repetitions = if rows > 100_000 { 1 } else { rig.scale.repetitions() };
        let filled: &mut Filled = sizes.entry(rows).or_default();
        for _ in 0..repetitions {
            once(kind, rig, rows, filled);
        }
        crate::tell(&format!("{}: fill of {rows} rows: {} rows/s", kind.name(), rate(filled.fill.median())));
    }
    sizes
}

#[expect(clippy::cast_precision_loss, reason = "at most a million")]
fn once(kind: Kind, rig: &Rig, rows: usize, filled: &mut Filled) {
    let per_second = |seconds: f64| rows as f64 / seconds;
    {
        let place = rig.place(kind);
        // The tables, and a few rows.
        place.fill(PER_SEED);
        let (_, seconds) = rows_and_seconds(&place.insert(1, rows).run());
        filled.raw.add(per_second(seconds));
    }
    let place = rig.place(kind);
    let fill = || place.noop(&["fill", "--quiet", "--set", &format!("seed=0..{}", rows / PER_SEED)]);
    let begun = Instant::now();
    let peak = watched(fill().spawn());
    filled.fill.add(per_second(begun.elapsed().as_secs_f64()));
    filled.megabytes.add(peak);
    let begun = Instant::now();
    fill().run().success();
    filled.again.add(per_second(begun.elapsed().as_secs_f64()));
    if rows <= MOST_OF_PYTHON {
        let place = rig.place(kind);
        place.configure_python(rows);
        let (_, seconds) = rows_and_seconds(&place.python(&["fill"]).run());
        filled.python.add(per_second(seconds));
    }
}

fn table(kind: Kind, sizes: &BTreeMap<usize, Filled>) -> Table {
    let header = [
        "rows",
        "raw INSERT",
        "`fill`",
        "least–most",
        "× raw INSERT",
        "`fill` again",
        "× `fill`",
        "PyExperimenter",
        "peak MB",
    ];
    let mut table = Table::new(kind.name(), &header);
    for (rows, Filled { raw, fill, again, python, megabytes }) in sizes {
        let (least, most) = fill.range();
        #[expect(clippy::cast_precision_loss, reason = "at most a million")]
        let rows = rate(*rows as f64);
        table.row([
            rows,
            rate(raw.median()),
            rate(fill.median()),
            format!("{}–{}", rate(least), rate(most)),
            ratio(fill.by(raw).median()),
            rate(again.median()),
            ratio(again.by(fill).median()),
            if python.count() == 0 { "–".to_owned() } else { rate(python.median()) },
            rate(megabytes.median()),
        ]);
    }
    table
}

fn plot(kind: Kind, sizes: &BTreeMap<usize, Filled>) -> Plot {
    let bars = sizes.iter().flat_map(|(rows, Filled { raw, fill, again, python, .. })| {
        let named = [("raw INSERT", raw), ("fill", fill), ("fill again", again), ("PyExperimenter", python)];
        let measured = named.into_iter().filter(|(_, sample)| sample.count() > 0);
        #[expect(clippy::cast_precision_loss, reason = "at most a million")]
        measured.map(|(name, sample)| Bar::new(format!("{name}, {} rows", rate(*rows as f64)), sample))
    });
    let name = kind.name();
    Plot::new(&format!("fill-{}", name.to_lowercase()), &format!("Rows per second of fill on {name}"), bars)
}

const INDEX: &str = "A million rows: the index that keeps rows from being added twice is over hashes, so that each transaction \
     touches most pages of it, and on SQLite writes them. The raw INSERT has the same index, and slows down as well.";

fn goals(kind: Kind, sizes: &BTreeMap<usize, Filled>, rig: &Rig, section: &mut Section) {
    let (Some(filled), Some(large)) = (sizes.get(&100_000), sizes.get(&rig.scale.largest())) else { return };
    let name = kind.name();
    let goals = [
        Goal::at_least(
            &format!("fill of 100,000 rows, by raw INSERT, {name}"),
            0.5,
            filled.fill.by(&filled.raw).median(),
            "×",
        ),
        Goal::at_least(&format!("fill of 100,000 rows, {name}"), 30_000.0, filled.fill.median(), "rows/s"),
        Goal::at_least(&format!("fill again, by fill, {name}"), 2.0, filled.again.by(&filled.fill).median(), "×"),
        Goal::at_most(&format!("memory of the largest fill, {name}"), 150.0, large.megabytes.median(), "MB"),
    ];
    goals.into_iter().for_each(|goal| section.goal(goal));
    if rig.scale.largest() > 100_000 {
        let linear = large.fill.median() / filled.fill.median();
        let what = format!("fill of the largest table, by that of 100,000 rows, {name}");
        section.goal(Goal::at_least(&what, 0.9, linear, "×").limited_by(INDEX));
    }
}
