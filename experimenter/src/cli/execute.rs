//! `execute` and `run`: the rows.

use std::num::NonZeroU16;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use experimenter_diesel::{ClaimOrder, Condition, FillMode, Selector, Status, Target, Work};
use serde_json::json;
use tempfile::TempDir;

use super::context::Context;
use super::deliver::{deliver_first, waiting_sentence};
use super::failure::{Failure, program};
use super::fill::{GridValues, fill_grid, plan, sentence};
use super::rows::Rows;
use super::setup::Setup;
use super::summary::{Layout, Summary};
use super::work::{self, Jobs};
use crate::config::{At, Config};
use crate::executer::{self, Broken, Executed, Order, Slots, Stop};
use crate::exit;
use crate::machine::{self, Build};
use crate::report::{Console, RunReport, are, count, counted, duration, rows};
use crate::run::Custom;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  execute                                run every open row
  execute --max-experiments 1            one row, as in a job of a cluster
  execute --ids 3,7-9 --retry-errors     these rows, failed ones again
  execute --where kernel=rbf,seed<3      these only
  execute --jobs auto --timeout 2h       as many at once as there are cores, none longer than two hours")]
pub(super) struct Execute {
    /// The most rows to run; -1 for all
    #[arg(long, default_value_t = -1, allow_negative_numbers = true, value_name = "N", value_parser = clap::value_parser!(i64).range(-1..))]
    pub(super) max_experiments: i64,

    #[command(flatten)]
    pub(super) rows: Rows,

    /// Open the rows that are in error first, and run them again
    #[arg(long)]
    pub(super) retry_errors: bool,

    /// Exit with 4 if a row ends in error
    #[arg(long)]
    pub(super) strict: bool,

    #[command(flatten)]
    pub(super) work: work::Work,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  run                            fill, execute with a slot for each core, and show the results
  run --set seed=0..3 --jobs 2
  run --scratch                  a few rows in a database of its own, to see whether a change works")]
pub(super) struct Run {
    /// Use a database that is gone afterwards, and only so many rows that each value of each keyfield is in one
    #[arg(long, conflicts_with = "database")]
    scratch: bool,

    #[command(flatten)]
    pub(super) grid: GridValues,

    #[command(flatten)]
    pub(super) work: work::Work,

    #[command(flatten)]
    pub(super) summary: Summary,
}

/// The folder of what rows leave beside the table, in the working directory.
pub(super) const FOLDER: &str = ".experimenter";

pub(super) fn execute(context: &mut Context<'_>, args: &Execute) -> Result<u8, Failure> {
    args.work.leases.settings().map_err(Failure::usage)?;
    let build = Build::begin(context.experiment.definition.folder);
    let custom = custom(context.config.as_ref(), &args.work.custom)?;
    let selector = context.rows(&args.rows)?;
    check_keyfields(context, &selector)?;
    context.prepare()?;
    context.create_index();
    if args.retry_errors {
        let failed = Selector { statuses: vec![Status::Error], ..selector.clone() };
        let opened = context.store(async |store| store.reset(&failed).await)?;
        context.console.note(&format!("{} in error {} open again", rows(opened), are(opened)));
    }
    let max = u64::try_from(args.max_experiments).ok();
    let json = context.console.is_json();
    let assignment =
        Assignment { build, jobs: Jobs::Number(NonZeroU16::MIN), custom, selector, max, json, scratch: None };
    let executed = execute_rows(context, &args.work, assignment)?;
    let work = executed.work;
    if context.console.is_json() {
        let end = json!({
            "event": "end", "done": work.done, "paused": work.paused, "failed": work.failed,
            "busy_seconds": work.busy_seconds,
        });
        context.console.result(&end.to_string())?;
    }
    Ok(code(executed, args.strict))
}

pub(super) fn run(mut setup: Setup, console: &Console, args: &Run) -> Result<u8, Failure> {
    args.work.leases.settings().map_err(Failure::usage)?;
    let build = Build::begin(setup.experiment.definition.folder);
    let scratch = if args.scratch { Some(Scratch::new()?) } else { None };
    if let Some(scratch) = &scratch {
        setup.target = scratch.target()?;
    }
    let mut grid = plan(&setup, &args.grid.set, None)?;
    if args.scratch {
        grid = grid.covering(setup.experiment.definition);
    }
    let custom = custom(setup.config.as_ref(), &args.work.custom)?;
    super::summary::check_fields(setup.experiment, &setup.spec, &args.summary)?;
    let context = &mut Context::create(setup, console)?;
    let filled = fill_grid(context, &mut grid, FillMode::Write)?;
    context.console.note(&sentence(filled, FillMode::Write));
    let scratch = scratch.as_ref().map(|scratch| scratch.0.path());
    let assignment =
        Assignment { build, jobs: Jobs::Auto, custom, selector: Selector::default(), max: None, json: false, scratch };
    let executed = execute_rows(context, &args.work, assignment)?;
    if executed.spooled == 0 {
        super::summary::print(context, &args.summary, &Selector::default(), &Layout::default())?;
    }
    Ok(code(executed, true))
}

/// A folder that is gone afterwards, with a database and all that rows leave beside it.
struct Scratch(TempDir);

impl Scratch {
    fn new() -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("experimenter-scratch-").tempdir();
        folder.map(Self).map_err(|error| {
            let place = std::env::temp_dir();
            Failure::new(format!("cannot make a folder in {}: {error}", place.display()))
                .hint("name another place by TMPDIR")
        })
    }

    fn target(&self) -> Result<Target, Failure> {
        Ok(Target::parse(&format!("sqlite://{}", self.0.path().join("scratch.db").display()))?)
    }
}

/// Rows to execute are chosen by what an open row has.
fn check_keyfields(context: &Context<'_>, selector: &Selector) -> Result<(), Failure> {
    let keyfields: Vec<_> = context.store.spec().keyfields.iter().map(|column| column.name.as_str()).collect();
    let has = |column: &str| keyfields.contains(&column) || ["ID", "creation_date"].contains(&column);
    match selector.conditions.iter().map(Condition::column).find(|column| !has(column)) {
        None => Ok(()),
        Some(column) => Err(Failure::usage(format!("`--where`: an open row has no `{column}` to choose it by"))
            .hint(format!(
                "choose by its keyfields, which are `{}`, or by `ID` and `creation_date`",
                keyfields.join("`, `")
            ))
            .hint(format!("to run others again, open them first: {} reset --where …", program()))),
    }
}

fn code(executed: Executed, strict: bool) -> u8 {
    match executed.stop {
        Stop::Now => exit::INTERRUPTED,
        _ if executed.spooled > 0 => exit::WAITING,
        Stop::Soon => exit::STOPPED,
        Stop::No if strict && executed.work.failed > 0 => exit::ROWS_FAILED,
        Stop::No if executed.out_of_time => exit::STOPPED,
        Stop::No => exit::DONE,
    }
}

/// Which rows are to be executed, beside how.
struct Assignment<'a> {
    build: Build,
    /// The number of slots, if nobody says it.
    jobs: Jobs,
    custom: Custom,
    selector: Selector,
    max: Option<u64>,
    /// Whether events are told as JSON.
    json: bool,
    /// The folder of what rows leave, in place of the usual one.
    scratch: Option<&'a Path>,
}

fn execute_rows(
    context: &mut Context<'_>,
    args: &work::Work,
    Assignment { build, jobs, custom, selector, max, json, scratch }: Assignment<'_>,
) -> Result<Executed, Failure> {
    if cfg!(debug_assertions) {
        context.console.note("this is a debug build: rows run slower than in one by `cargo build --release`");
    }
    if args.slots.in_process && context.experiment.definition.timeout.is_some() {
        context.console.note("the experiment's time-out does not hold with --in-process");
    }
    let folder = scratch.map_or_else(|| std::env::current_dir().unwrap_or_default().join(FOLDER), Path::to_owned);
    let spool = scratch.map_or_else(|| args.spool.spool.clone(), |folder| folder.join("spool"));
    deliver_first(context, &spool);
    let started = Instant::now();
    context.store(async |store| store.check_host(&executer::host()).await)?;
    let open = Selector { statuses: vec![Status::Created], ..selector.clone() };
    let open = context.store(async |store| store.counts(&open).await)?.total();
    let order = Order {
        max,
        order: if args.random_order { ClaimOrder::Random } else { ClaimOrder::Id },
        selector,
        name: args.name.clone(),
        custom: Arc::new(custom),
        folder,
        slots: slots(&args.slots, jobs, context.config.as_ref()),
        timeout: args.slots.timeout.or(context.experiment.definition.timeout).filter(|_| !args.slots.in_process),
        memory_limit: args.slots.memory_limit.map(|size| size.as_u64()),
        grace: args.slots.grace,
        ends: ends(&args.slots, started)?,
        spool,
        target: context.target.clone(),
        spool_after: args.spool_after,
        lease: args.leases.settings().map_err(Failure::usage)?,
        no_wait: args.leases.no_wait,
        min_remaining: args.slots.min_remaining.unwrap_or_default(),
    };
    if let (None, Some(ends)) = (args.slots.wall_time, order.ends) {
        let left = duration(ends.saturating_duration_since(started));
        context.console.note(&format!("Slurm ends this job: rows are asked to stop in {left}"));
    }
    let Context { runtime, store, experiment, console, .. } = context;
    let names = store.spec().keyfields.iter().map(|field| field.name.clone()).collect();
    let at_most = max.map_or(open, |max| max.min(open));
    let (report, events) = RunReport::new(console, names, at_most, json);
    let executed = std::thread::scope(|scope| {
        scope.spawn(|| report.listen());
        let last_word = |broken| Failure::from(broken).tell(console);
        let mut report = |event| events.tell(event);
        let executed = executer::execute(runtime, store, experiment, &order, build, &mut report, &last_word);
        drop(events);
        executed
    })?;
    if executed.spooled > 0 {
        // The database is away.
        context.console.note(&waiting_sentence(executed.spooled));
        return Ok(executed);
    }
    let closing = match executed.stop {
        Stop::No if !executed.out_of_time => closing(context, executed.work, started, scratch.is_none())?,
        Stop::No | Stop::Soon | Stop::Now => stopped(context, executed.work, started)?,
    };
    context.console.note(&closing);
    Ok(executed)
}

/// Where rows run: the command line decides, then the configuration file.
fn slots(args: &work::Slots, jobs: Jobs, config: Option<&Config>) -> Slots {
    if args.in_process {
        return Slots::InProcess;
    }
    let configured = config.and_then(|config| config.jobs.as_ref());
    let count = match (args.jobs, configured) {
        (Some(jobs), _) => jobs.count(),
        // It is at least 1, or -1 for as many as there are cores.
        (None, Some(At { value, .. })) => usize::try_from(*value).unwrap_or_else(|_| Jobs::Auto.count()),
        (None, None) => jobs.count(),
    };
    Slots::Processes { count, per_row: args.process_per_row, capture: !args.no_capture }
}

/// When the executer stops by itself: after its wall time, or before its job ends.
fn ends(args: &work::Slots, now: Instant) -> Result<Option<Instant>, Failure> {
    let left = args.wall_time.or_else(|| Some(machine::job_time_left()?.saturating_sub(args.grace)));
    if let (Some(least), None) = (args.min_remaining, left) {
        let least = humantime::format_duration(least);
        return Err(Failure::usage(format!("`--min-remaining {least}`: it is not known how much time there is"))
            .hint("say it by `--wall-time`; recent versions of Slurm tell it to a job by SLURM_JOB_END_TIME"));
    }
    Ok(left.and_then(|left| now.checked_add(left)))
}

/// The last line of an executer that was asked to stop.
fn stopped(context: &mut Context<'_>, work: Work, started: Instant) -> Result<String, Failure> {
    let counts = context.store(async |store| store.counts(&Selector::default()).await)?;
    let open_rows = counts.of(Status::Created);
    let open = count(open_rows);
    let ended = rows(work.done + work.paused + work.failed);
    Ok(format!("stopped after {}: {ended} ended here, {open} {} open", duration(started.elapsed()), are(open_rows)))
}

/// The last line: what was done, or that there was nothing to do; and how to do it again, where that can be done.
fn closing(context: &mut Context<'_>, work: Work, started: Instant, again: bool) -> Result<String, Failure> {
    let Work { done, paused, failed, busy_seconds: _ } = work;
    if done + paused + failed > 0 {
        let mut line = format!("{} done", rows(done));
        if paused > 0 {
            line.push_str(&format!(", {} paused", count(paused)));
        }
        if failed > 0 {
            line.push_str(&format!(", {} in error", count(failed)));
        }
        line.push_str(&format!(" in {}", duration(started.elapsed())));
        if failed > 0 && again {
            line.push_str(&format!(" (why: {0} errors; again: {0} execute --retry-errors)", program()));
        }
        return Ok(line);
    }
    let counts = context.store(async |store| store.counts(&Selector::default()).await)?;
    let mut line = format!("nothing left to do: {} done", rows(counts.of(Status::Done)));
    if counts.of(Status::Created) > 0 {
        let open = counts.of(Status::Created);
        line =
            format!("{} {} not for this executer (why: {} explain)", counted(open, "open row"), are(open), program());
    }
    for status in [Status::Running, Status::Paused] {
        if counts.of(status) > 0 {
            line.push_str(&format!(", {} {status}", count(counts.of(status))));
        }
    }
    if counts.of(Status::Error) > 0 {
        let failed = count(counts.of(Status::Error));
        line.push_str(&format!(", {failed} in error (why: {0} errors; again: {0} execute --retry-errors)", program()));
    }
    Ok(line)
}

impl From<Broken> for Failure {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Store(error) => error.into(),
            Broken::Machine(reason) => Self::new(reason),
            Broken::Unwritten { stop, spooled } => {
                let code = match (stop, spooled) {
                    (Stop::Now, _) => exit::INTERRUPTED,
                    (_, 0) => exit::UNREACHABLE,
                    _ => exit::WAITING,
                };
                let failure =
                    Self::new("the executer was to end, and the database does not take what is left to write")
                        .code(code)
                        .hint("rows that ran here stay `running` until another executer opens them, see `status`");
                if spooled == 0 { failure } else { failure.hint(waiting_sentence(spooled)) }
            }
            Broken::Slot(reason) => Self::new(reason).hint(
                "a slot is this program again: `main` must come to `experimenter::main()` with the same arguments",
            ),
        }
    }
}

/// The values for the function: of the configuration file, and over them those of the command line.
pub(super) fn custom(config: Option<&Config>, texts: &[String]) -> Result<Custom, Failure> {
    let mut custom = config.map_or_else(Custom::new, |config| config.custom.clone());
    for text in texts {
        let Some((name, value)) = text.split_once('=') else {
            return Err(Failure::usage(format!("`--custom {text}` lacks its `=`")).hint("write `--custom NAME=VALUE`"));
        };
        let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
        custom.insert(name.trim().to_owned(), value);
    }
    Ok(custom)
}
