//! `execute` and `run`: the rows, one after the other.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use experimenter_diesel::{ClaimOrder, FillMode, Selector, Status, Work};
use serde_json::json;

use super::args;
use super::context::Context;
use super::failure::{Failure, program};
use super::fill::{fill_grid, plan, sentence};
use super::setup::Setup;
use crate::config::{At, Config};
use crate::executer::{self, Order};
use crate::exit;
use crate::report::{Console, RunReport, count, duration};
use crate::run::Custom;

/// The folder of the rows' own folders, in the working directory.
const ROWS_DIR: &str = ".experimenter/rows";

pub(super) fn execute(context: &mut Context<'_>, args: &args::Execute) -> Result<u8, Failure> {
    let custom = custom(context.config.as_ref(), &args.work.custom)?;
    context.prepare()?;
    context.create_index();
    let selector = Selector { ids: args.ids.clone(), ..Selector::default() };
    if args.retry_errors {
        let failed = Selector { statuses: vec![Status::Error], ..selector.clone() };
        let opened = context.store(async |store| store.reset(&failed).await)?;
        context.console.note(&format!("{} rows in error are open again", count(opened)));
    }
    let max = u64::try_from(args.max_experiments).ok();
    let work = execute_rows(context, &args.work, custom, selector, max)?;
    if context.console.is_json() {
        context.console.json(&json!({
            "done": work.done, "paused": work.paused, "failed": work.failed, "busy_seconds": work.busy_seconds,
        }))?;
    }
    Ok(if args.strict && work.failed > 0 { exit::ROWS_FAILED } else { exit::DONE })
}

pub(super) fn run(setup: Setup, console: &Console, args: &args::Run) -> Result<u8, Failure> {
    let mut grid = plan(&setup, &args.grid.set, None)?;
    let custom = custom(setup.config.as_ref(), &args.work.custom)?;
    super::summary::check_fields(setup.experiment, &setup.spec, &args.summary)?;
    let context = &mut Context::create(setup, console)?;
    let filled = fill_grid(context, &mut grid, FillMode::Write)?;
    context.console.note(&sentence(filled, FillMode::Write));
    let work = execute_rows(context, &args.work, custom, Selector::default(), None)?;
    super::summary::print(context, &args.summary)?;
    Ok(if work.failed > 0 { exit::ROWS_FAILED } else { exit::DONE })
}

fn execute_rows(
    context: &mut Context<'_>,
    args: &args::Work,
    custom: Custom,
    selector: Selector,
    max: Option<u64>,
) -> Result<Work, Failure> {
    let jobs = context.config.as_ref().and_then(|config| config.jobs.as_ref());
    if let Some(At { value: jobs, place }) = jobs.filter(|jobs| jobs.value != 1) {
        context.console.note(&format!(
            "n_jobs is {jobs} ({place}), and an executer runs one row at a time: start several for more at once"
        ));
    }
    let open = Selector { statuses: vec![Status::Created], ..selector.clone() };
    let open = context.store(async |store| store.counts(&open).await)?.total();
    let order = Order {
        max,
        order: if args.random_order { ClaimOrder::Random } else { ClaimOrder::Id },
        selector,
        name: args.name.clone(),
        custom: Arc::new(custom),
        rows_dir: std::env::current_dir().unwrap_or_default().join(PathBuf::from(ROWS_DIR)),
    };
    let mut report = RunReport::new(context.console, max.map_or(open, |max| max.min(open)));
    let started = Instant::now();
    let Context { runtime, store, experiment, .. } = context;
    let work = executer::execute(runtime, store, experiment, &order, &mut |event| report.event(event));
    report.finish();
    let work = work?;
    context.console.note(&closing(context, work, started)?);
    Ok(work)
}

/// The last line: what was done, or that there was nothing to do.
fn closing(context: &mut Context<'_>, work: Work, started: Instant) -> Result<String, Failure> {
    let Work { done, paused, failed, busy_seconds: _ } = work;
    if done + paused + failed > 0 {
        let mut line = format!("{} rows done", count(done));
        if paused > 0 {
            line.push_str(&format!(", {} paused", count(paused)));
        }
        if failed > 0 {
            line.push_str(&format!(", {} in error", count(failed)));
        }
        line.push_str(&format!(" in {}", duration(started.elapsed())));
        if failed > 0 {
            line.push_str(&format!(" (again: {} execute --retry-errors)", program()));
        }
        return Ok(line);
    }
    let counts = context.store(async |store| store.counts(&Selector::default()).await)?;
    let mut line = format!("nothing left to do: {} rows done", count(counts.of(Status::Done)));
    for status in [Status::Running, Status::Paused] {
        if counts.of(status) > 0 {
            line.push_str(&format!(", {} {status}", count(counts.of(status))));
        }
    }
    if counts.of(Status::Error) > 0 {
        let failed = count(counts.of(Status::Error));
        line.push_str(&format!(", {failed} in error (again: {} execute --retry-errors)", program()));
    }
    Ok(line)
}

/// The values for the function: of the configuration file, and over them those of the command line.
fn custom(config: Option<&Config>, texts: &[String]) -> Result<Custom, Failure> {
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
