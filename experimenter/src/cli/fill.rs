//! `fill`: the grid into the table.

use experimenter_diesel::{FillMode, Filled};
use serde_json::json;

use super::args;
use super::context::Context;
use super::failure::Failure;
use crate::exit;
use crate::grid::Grid;
use crate::report::{Progress, count};

pub(super) fn fill(context: &mut Context<'_>, args: &args::Fill) -> Result<u8, Failure> {
    let mode = if args.dry_run { FillMode::DryRun } else { FillMode::Write };
    let filled = fill_grid(context, &args.grid, mode)?;
    if context.console.is_json() {
        context.console.json(&json!({ "new": filled.new, "existing": filled.existing, "dry_run": args.dry_run }))?;
    } else {
        context.console.result(&sentence(filled, mode))?;
    }
    Ok(exit::DONE)
}

/// Fills the table with the grid that the attribute and the command line give.
pub(super) fn fill_grid(context: &mut Context<'_>, args: &args::Grid, mode: FillMode) -> Result<Filled, Failure> {
    // Everything that can be wrong with the grid is found before anything is written.
    let mut grid = Grid::new(context.experiment.definition, &args.set)?;
    grid.fit(context.store.spec(), context.store.backend())?;
    let Some(total) = grid.len() else {
        return Err(
            Failure::usage("the grid has more rows than can be counted").hint("narrow it by `--set FIELD=VALUES`")
        );
    };
    let exists = context.exists()?;
    match mode {
        FillMode::Write => context.store(async |store| store.create_tables().await)?,
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

pub(super) fn sentence(filled: Filled, mode: FillMode) -> String {
    let would = if mode == FillMode::DryRun { " would be" } else { "" };
    match filled {
        Filled { new, existing: 0 } => format!("{} new rows{would}", count(new)),
        Filled { new, existing } => format!("{} new rows{would}, {} there already", count(new), count(existing)),
    }
}
