//! `status`: how far the table is, and who works on it.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use clap::Args;
use experimenter_diesel::{
    Counts, ExecuterReport, Ids, Life, Pace, Record, RunningRow, Selector, Standing, Status, StoreError, Suspect,
    Unfit, Value,
};
use serde_json::json;

use super::context::Context;
use super::deliver::waiting_sentence;
use super::failure::{Failure, program};
use super::fields;
use super::rows::Selection;
use super::show::or_dash;
use super::work::SpoolFolder;
use crate::exit;
use crate::report::{Table, are, bar, count, counted, duration, rows, seconds};
use crate::spool::{self, Delivery, Place};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  status
  status --watch                 the same every two seconds, until no row is open or runs
  status --by kernel,dataset     how far the rows of each are
  status --where kernel=rbf      how far these rows are")]
pub(super) struct StatusOf {
    /// Count the rows of each value of these keyfields too
    #[arg(long, value_delimiter = ',', value_name = "FIELDS")]
    pub(super) by: Vec<String>,

    /// Show it anew every two seconds, until no row is open or runs
    #[arg(short, long)]
    pub(super) watch: bool,

    #[command(flatten)]
    pub(super) selection: Selection,

    #[command(flatten)]
    pub(super) folder: SpoolFolder,
}

/// How often `--watch` looks.
const PAUSE: Duration = Duration::from_secs(2);

/// How many of the rows that run longest are shown.
const LONGEST: usize = 3;

pub(super) fn status(context: &mut Context<'_>, args: &StatusOf) -> Result<u8, Failure> {
    let selector = context.selector(&args.selection)?;
    fields::check(context.experiment, "keyfield", &context.store.spec().keyfields, &args.by)?;
    let mut total = context.check()?;
    loop {
        let now = Now::look(context, args, &selector, total)?;
        if args.watch && !context.console.is_json() {
            context.console.clear()?;
        }
        if context.console.is_json() {
            context.console.json(&now.as_json())?;
        } else {
            context.console.result(&now.as_text())?;
        }
        if !args.watch || now.counts.of(Status::Created) + now.counts.of(Status::Running) == 0 {
            return Ok(exit::DONE);
        }
        std::thread::sleep(PAUSE);
        total = context.store(async |store| store.counts(&Selector::default()).await)?;
    }
}

/// What there is at a moment.
struct Now {
    counts: Counts,
    /// The names of `--by`, and what they divide the rows into.
    by: Vec<String>,
    groups: Vec<(Vec<Value>, Counts)>,
    /// Of all rows; what executers do says nothing of a selection.
    pace: Option<Pace>,
    /// The keyfields of the rows that run longest.
    keys: HashMap<i64, String>,
    executers: Vec<ExecuterReport>,
    unfit: Vec<Unfit>,
    worries: Worries,
    /// How many executers at work have programs that claim no more rows.
    retired: u64,
}

impl Now {
    fn look(context: &mut Context<'_>, args: &StatusOf, selector: &Selector, total: Counts) -> Result<Self, Failure> {
        let is_all = *selector == Selector::default();
        let counts = if is_all { total } else { context.store(async |store| store.counts(selector).await)? };
        let by: Vec<_> = args.by.iter().map(String::as_str).collect();
        let groups = if by.is_empty() {
            Vec::new()
        } else {
            context.store(async |store| store.counts_by(selector, &by).await)?
        };
        let pace = if is_all { Some(context.store(async |store| store.pace().await)?) } else { None };
        let longest: Vec<_> =
            pace.iter().flat_map(|pace| pace.running.iter().take(LONGEST).map(|row| row.id)).collect();
        let place = Place::new(&args.folder.spool, &context.target, &context.store.spec().name);
        let programs = context.store(async |store| store.programs().await)?;
        Ok(Self {
            retired: programs.iter().filter(|program| program.is_retired).map(|program| program.live).sum(),
            counts,
            by: args.by.clone(),
            groups,
            pace,
            keys: keys(context, &longest)?,
            executers: context.store(async |store| store.executers().await)?,
            unfit: context.store(async |store| store.unfit(20).await)?,
            worries: Worries {
                standing: context.store(async |store| store.standing().await)?,
                spooled: spool::look(&place).map(|logs| logs.iter().map(Delivery::waits_here).sum()),
            },
        })
    }

    fn as_text(&self) -> String {
        let Self { counts, executers, unfit, .. } = self;
        let mut table = Table::new(&["status", "rows", "share"]);
        for status in Status::ALL {
            table.row(vec![status.to_string(), count(counts.of(status)), share(counts.of(status), counts.total())]);
        }
        let mut text = format!("{}\n{table}", bar(counts.of(Status::Done), counts.total()));
        if counts.other > 0 {
            text.push_str(&format!("\n{} of a status that is none of these", rows(counts.other)));
        }
        if !self.by.is_empty() {
            text.push_str(&format!("\n\n{}", self.group_table()));
        }
        if let Some(pace) = &self.pace {
            text.push_str(&self.pace_text(pace));
        }
        if !executers.is_empty() {
            text.push_str(&format!("\n\n{}", executer_table(executers)));
        }
        if !unfit.is_empty() {
            text.push_str("\n\nvalues that their columns could not hold (NULL in the table):");
            for Unfit { id, field, value, reason } in unfit {
                text.push_str(&format!("\n  row {id}: `{field}` = {value}: {reason}"));
            }
        }
        if self.retired > 0 {
            text.push_str(&format!(
                "\n\n{} at work {} of a retired program, and will claim no more rows, see: {} retire",
                counted(self.retired, "executer"),
                are(self.retired),
                program()
            ));
        }
        text.push_str(&self.worries.as_text());
        if counts.of(Status::Error) > 0 {
            let program = program();
            text.push_str(&format!(
                "\n\nwhy rows are in error: {program} errors; to run them again: {program} execute --retry-errors"
            ));
        }
        text
    }

    fn group_table(&self) -> Table {
        let shown: Vec<_> = Status::ALL.into_iter().filter(|status| self.counts.of(*status) > 0).collect();
        let names = shown.iter().map(|status| status.as_str());
        let headers: Vec<_> =
            self.by.iter().map(String::as_str).chain(["rows"]).chain(names).chain(["share done"]).collect();
        let mut table = Table::new(&headers);
        for (key, counts) in &self.groups {
            let mut cells: Vec<_> = key.iter().map(ToString::to_string).collect();
            cells.push(count(counts.total()));
            cells.extend(shown.iter().map(|status| count(counts.of(*status))));
            cells.push(share(counts.of(Status::Done), counts.total()));
            table.row(cells);
        }
        table
    }

    /// The rate, the time left, and the rows that run longest.
    fn pace_text(&self, pace: &Pace) -> String {
        let mut text = String::new();
        if let Some(mean) = pace.mean_seconds.filter(|_| !pace.running.is_empty()) {
            text.push_str(&format!("\n\n{}, {} a row on average", rate(pace.rows_per_second), duration(seconds(mean))));
            if let Some(left) = pace.seconds_left(&self.counts) {
                text.push_str(&format!("; about {} left", duration(seconds(left))));
            }
        }
        if pace.running.is_empty() {
            return text;
        }
        text.push_str("\n\nrunning longest:");
        for RunningRow { id, seconds: age, name, host } in pace.running.iter().take(LONGEST) {
            let key = self.keys.get(id).map_or_else(String::new, |key| format!(": {key}"));
            text.push_str(&format!("\n  row {id} for {}, by {name} on {host}{key}", duration(seconds(*age))));
        }
        text
    }

    fn as_json(&self) -> serde_json::Value {
        let by_status = |counts: &Counts| -> serde_json::Map<_, _> {
            Status::ALL.iter().map(|status| (status.to_string(), counts.of(*status).into())).collect()
        };
        let group = |(key, counts): &(Vec<Value>, Counts)| {
            let key: serde_json::Map<_, _> = self.by.iter().cloned().zip(key.iter().map(Value::to_json)).collect();
            json!({ "key": key, "rows": counts.total(), "status": by_status(counts) })
        };
        let Worries { standing, spooled } = &self.worries;
        json!({
            "rows": self.counts.total(),
            "status": by_status(&self.counts),
            "by": self.groups.iter().map(group).collect::<Vec<_>>(),
            "pace": self.pace.as_ref().map(|pace| json!({
                "rows_per_second": pace.rows_per_second,
                "mean_seconds": pace.mean_seconds,
                "seconds_left": pace.seconds_left(&self.counts),
                "longest": pace.running.iter().take(LONGEST).map(|row| json!({
                    "id": row.id, "seconds": row.seconds, "name": row.name, "host": row.host,
                })).collect::<Vec<_>>(),
            })),
            "executers": self.executers.iter().map(|executer| json!({
                "name": executer.name,
                "host": executer.host,
                "pid": executer.pid,
                "alive": executer.life == Life::Alive,
                "state": life(executer.life),
                "slots": executer.slots,
                "running": executer.running,
                "done": executer.done,
                "failed": executer.failed,
                "busy_seconds": executer.busy_seconds,
                "silent_seconds": executer.silent_seconds,
            })).collect::<Vec<_>>(),
            "lost": standing.lost.iter().map(|suspect| json!({
                "name": suspect.name,
                "host": suspect.host,
                "pid": suspect.pid,
                "rows": suspect.rows,
                "silent_seconds": suspect.silent_seconds,
            })).collect::<Vec<_>>(),
            "retired": self.retired,
            "foreign": standing.foreign,
            "waiting_results": spooled.as_ref().ok(),
            "unfit": self.unfit.iter().map(|unfit| json!({
                "id": unfit.id, "field": unfit.field, "value": unfit.value, "reason": unfit.reason,
            })).collect::<Vec<_>>(),
        })
    }
}

/// The keyfields of rows, as `kernel=rbf c=1`.
fn keys(context: &mut Context<'_>, ids: &[i64]) -> Result<HashMap<i64, String>, Failure> {
    let columns: Vec<_> = context.store.spec().keyfields.iter().map(|column| column.name.clone()).collect();
    let names: Vec<_> = columns.iter().map(String::as_str).collect();
    let ids = ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>();
    let selector = Selector { ids: Some(Ids::from(ids.as_slice())), ..Selector::default() };
    let mut keys = HashMap::new();
    context.store(async |store| {
        store
            .records(&selector, &names, |Record { id, values }| {
                let fields = names.iter().zip(&values).map(|(name, value)| format!("{name}={value}"));
                keys.insert(id, fields.collect::<Vec<_>>().join(" "));
                Ok::<_, StoreError>(())
            })
            .await
    })?;
    Ok(keys)
}

/// A rate as people read it, in the unit that makes it at least 1.
fn rate(per_second: f64) -> String {
    let units = [(1.0, "s"), (60.0, "min"), (3_600.0, "h")];
    let (length, unit) = units.into_iter().find(|(length, _)| per_second * length >= 1.0).unwrap_or((86_400.0, "d"));
    format!("{:.1} rows/{unit}", per_second * length)
}

/// What somebody may worry about: rows that nobody runs any more, and results that are not in the table yet.
struct Worries {
    standing: Standing,
    /// How many results wait on the disk; unknown if it cannot be read.
    spooled: std::io::Result<usize>,
}

impl Worries {
    fn as_text(&self) -> String {
        let mut text = String::new();
        if !self.standing.lost.is_empty() {
            text.push_str("\n\nrows that are `running` and whose executers do not run them any more:");
        }
        for suspect in &self.standing.lost {
            text.push_str(&format!("\n  {}", lost(suspect)));
        }
        if self.standing.foreign > 0 {
            text.push_str(&format!(
                "\n\n{}; if nobody works on them: {} reset --status running",
                foreign(self.standing.foreign),
                program()
            ));
        }
        match &self.spooled {
            Ok(0) => {}
            Ok(waiting) => text.push_str(&format!("\n\n{}", waiting_sentence(*waiting))),
            Err(error) => text.push_str(&format!("\n\nthe results on the disk cannot be looked at: {error}")),
        }
        text
    }
}

/// What is said of rows that run without an executer.
pub(super) fn foreign(n: u64) -> String {
    format!(
        "{} {} `running` and held by no executer: PyExperimenter runs them, or somebody wrote their status",
        rows(n),
        are(n)
    )
}

/// The rows of an executer that is dead or may be, and when they are open again.
pub(super) fn lost(suspect: &Suspect) -> String {
    let Suspect { name, host, pid, rows, life, heard, .. } = suspect;
    let when = match life {
        Life::Alive | Life::Left | Life::Dead => "open again as soon as an executer looks".to_owned(),
        Life::Late => "open again when an executer has seen no sign of life for a while (90 s)".to_owned(),
    };
    let heard = heard.as_deref().unwrap_or("its beginning");
    format!("{} of {name} (process {pid} on {host}), last heard of {heard}: {when}", count(*rows))
}

fn executer_table(executers: &[ExecuterReport]) -> Table {
    let mut table =
        Table::new(&["executer", "host", "pid", "state", "slots", "running", "done", "failed", "busy", "last contact"]);
    for executer in executers {
        table.row(vec![
            executer.name.clone(),
            executer.host.clone(),
            executer.pid.to_string(),
            life(executer.life).to_owned(),
            or_dash(executer.slots.map(count)),
            count(executer.running),
            count(executer.done),
            count(executer.failed),
            duration(seconds(executer.busy_seconds)),
            format!("{} ago", duration(seconds(executer.silent_seconds))),
        ]);
    }
    table
}

fn life(life: Life) -> &'static str {
    match life {
        Life::Alive => "at work",
        Life::Late => "not heard of",
        Life::Left => "left",
        Life::Dead => "dead",
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share of rows, to one digit")]
fn share(part: u64, whole: u64) -> String {
    if whole == 0 { "–".to_owned() } else { format!("{:.1} %", part as f64 * 100.0 / whole as f64) }
}
