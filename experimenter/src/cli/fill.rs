//! `fill`: the grid into the table.

use std::path::Path;

use experimenter_diesel::{FillMode, Filled, Status, Strays};
use serde_json::json;

use super::args;
use super::context::Context;
use super::failure::Failure;
use super::reset::by_status;
use super::setup::Setup;
use crate::exit;
use crate::grid::{Given, Grid};
use crate::report::{Console, Progress, count};

pub(super) fn fill(setup: Setup, console: &Console, args: &args::Fill) -> Result<u8, Failure> {
    let mode = if args.dry_run { FillMode::DryRun } else { FillMode::Write };
    let mut grid = plan(&setup, &args.grid.set, args.rows.as_deref())?;
    let context = &mut Context::create(setup, console)?;
    let existed = context.exists()?;
    let filled = fill_grid(context, &mut grid, mode)?;
    for origin in grid.origins() {
        context.console.note(&format!("  {origin}"));
    }
    // A file of rows adds to the table; what else is in there is no stray.
    let strays = match args.rows {
        None if existed => context.store(async |store| store.strays(grid.rows()).await)?,
        _ => Strays::default(),
    };
    let pruned = match (args.prune, mode) {
        (true, FillMode::Write) => context.store(async |store| store.prune(&strays.never_ran).await)?,
        (true, FillMode::DryRun) => strays.never_ran.len() as u64,
        (false, _) => 0,
    };
    if context.console.is_json() {
        context.console.json(&as_json(&grid, filled, &strays, pruned, args.dry_run))?;
    } else {
        context.console.result(&sentence(filled, mode))?;
        if strays.counts.total() > 0 {
            context.console.result(&stray_sentence(&strays, pruned, args))?;
        }
    }
    Ok(exit::DONE)
}

/// The grid that the attribute, the configuration and the command line give. Everything that can be wrong with it is
/// found here, before a database is even opened.
pub(super) fn plan(setup: &Setup, set: &[String], rows: Option<&Path>) -> Result<Grid, Failure> {
    let given = Given { config: setup.config.as_ref(), set, rows };
    let mut grid = Grid::new(setup.experiment.definition, given)?;
    grid.fit(&setup.spec, setup.target.backend())?;
    Ok(grid)
}

/// Fills the table with the grid.
pub(super) fn fill_grid(context: &mut Context<'_>, grid: &mut Grid, mode: FillMode) -> Result<Filled, Failure> {
    let total = grid.len();
    let exists = context.exists()?;
    match mode {
        FillMode::Write => create_tables(context)?,
        FillMode::DryRun if !exists => {
            context.headline("no table yet");
            return Ok(Filled { new: total, existing: 0 });
        }
        FillMode::DryRun => context.store(async |store| store.check_tables().await)?,
    }
    context.headline(&format!("a grid of {} rows", count(total)));
    // The table's own columns may be narrower than the declared ones.
    grid.fit(context.store.spec(), context.store.backend())?;
    let mut progress = Progress::new(context.console, "filling", total);
    let filled = context
        .store(async |store| store.fill(mode, grid.rows(), |filled| progress.at(filled.new + filled.existing)).await);
    progress.finish();
    filled
}

fn create_tables(context: &mut Context<'_>) -> Result<(), Failure> {
    let added = context.store(async |store| store.create_tables().await)?;
    for field in added {
        let table = &context.store.spec().name;
        context.console.note(&format!("the table `{table}` has the new keyfield `{field}`; its rows have the default"));
    }
    context.create_index();
    Ok(())
}

pub(super) fn sentence(filled: Filled, mode: FillMode) -> String {
    let would = if mode == FillMode::DryRun { " would be" } else { "" };
    match filled {
        Filled { new, existing: 0 } => format!("{} new rows{would}", count(new)),
        Filled { new, existing } => format!("{} new rows{would}, {} there already", count(new), count(existing)),
    }
}

/// What is said of rows that the grid does not have.
fn stray_sentence(strays: &Strays, pruned: u64, args: &args::Fill) -> String {
    let found = format!("{} rows are not in this grid ({})", count(strays.counts.total()), by_status(&strays.counts));
    match (strays.never_ran.len() as u64, args) {
        (0, _) => found,
        (_, args::Fill { prune: true, dry_run: true, .. }) => {
            format!("{found}; {} that never ran would be removed", count(pruned))
        }
        (_, args::Fill { prune: true, .. }) => format!("{found}; {} that never ran are removed", count(pruned)),
        (open, _) => format!("{found}; {} never ran (remove them: fill --prune)", count(open)),
    }
}

fn as_json(grid: &Grid, filled: Filled, strays: &Strays, pruned: u64, dry_run: bool) -> serde_json::Value {
    let sources = grid.origins().iter().map(|origin| {
        json!({
            "what": origin.what,
            "count": origin.count,
            "of": origin.of,
            "sources": origin.sources.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    });
    let counts = Status::ALL.iter().map(|status| (status.to_string(), strays.counts.of(*status).into()));
    json!({
        "new": filled.new,
        "existing": filled.existing,
        "dry_run": dry_run,
        "sources": sources.collect::<Vec<_>>(),
        "not_in_grid": counts.collect::<serde_json::Map<_, _>>(),
        "pruned": pruned,
    })
}
