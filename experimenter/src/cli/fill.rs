//! `fill`: the grid into the table.

use std::path::{Path, PathBuf};

use clap::Args;
use experimenter_diesel::{FillMode, Filled, Status, Strays};
use serde_json::json;

use super::context::{Context, someone_to_ask};
use super::failure::Failure;
use super::reset::{Confirm, by_status};
use super::setup::Setup;
use crate::exit;
use crate::grid::{Given, Grid};
use crate::report::{Console, Progress, are, count, counted, rows};

#[derive(Debug, Args)]
pub(super) struct GridValues {
    /// Values of a keyfield, in place of those in the configuration file or the attribute: seed=0..3,7 or
    /// kernel=linear,rbf
    #[arg(long, value_name = "FIELD=VALUES")]
    pub(super) set: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fill                                   the grid of the attribute and the configuration file
  fill --set seed=0..3,7                 the same with other seeds
  fill --rows more.csv                   the rows of a file
  fill --rows pairs.jsonl --set seed=0..5    each row of a file with each seed
  fill --prune                           remove open rows that the grid does not have any more")]
pub(super) struct Fill {
    #[command(flatten)]
    pub(super) grid: GridValues,

    /// Rows from a file, in place of the grid: .csv with the keyfields' names in its first line, or .jsonl with an object
    /// in each line
    ///
    /// Each is combined with every value of the keyfields that `--set` gives; a keyfield with a default can be left out.
    /// The attribute's `only`, which chooses among combinations, is not asked.
    #[arg(long, value_name = "FILE")]
    pub(super) rows: Option<PathBuf>,

    /// Remove rows that never ran and that the grid does not have: from an earlier grid, or added by `--set` or `--rows`
    #[arg(long, conflicts_with_all = ["rows", "set"])]
    pub(super) prune: bool,

    #[command(flatten)]
    pub(super) confirm: Confirm,
}

pub(super) fn fill(setup: Setup, console: &Console, args: &Fill) -> Result<u8, Failure> {
    let mode = if args.confirm.dry_run { FillMode::DryRun } else { FillMode::Write };
    if args.prune && mode == FillMode::Write && !args.confirm.yes {
        someone_to_ask("remove rows that never ran")?;
    }
    let mut grid = plan(&setup, &args.grid.set, args.rows.as_deref())?;
    let context = &mut Context::create(setup, console)?;
    let existed = context.exists()?;
    let filled = fill_grid(context, &mut grid, mode)?;
    for origin in grid.origins() {
        context.console.note(&format!("  {origin}"));
    }
    // What adds rows beside the grid says nothing of the others.
    let whole = args.rows.is_none() && args.grid.set.is_empty();
    let strays = match existed && whole {
        true => context.store(async |store| store.strays(grid.rows()).await)?,
        false => Strays::default(),
    };
    if !context.console.is_json() {
        context.console.result(&sentence(filled, mode))?;
    }
    let pruned = if args.prune { prune(context, &strays, &args.confirm)? } else { 0 };
    if context.console.is_json() {
        context.console.json(&as_json(&grid, filled, &strays, pruned, args.confirm.dry_run))?;
    } else if strays.counts.total() > 0 {
        context.console.result(&stray_sentence(&strays, pruned, args))?;
    }
    Ok(exit::DONE)
}

/// Removes rows that the grid does not have; says how many, or would.
fn prune(context: &mut Context<'_>, strays: &Strays, confirm: &Confirm) -> Result<u64, Failure> {
    let count_of = strays.never_ran.len() as u64;
    let question = format!("remove {} that never ran", rows(count_of));
    if count_of == 0 || confirm.dry_run {
        return Ok(count_of);
    }
    if !confirm.yes && !context.confirm(&question)? {
        return Ok(0);
    }
    context.store(async |store| store.prune(&strays.never_ran).await)
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
    context.headline(&format!("a grid of {}", rows(total)));
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
        context.console.note(&format!(
            "the table `{table}` has the new keyfield `{field}`, with the default in the rows that were there; \
             PyExperimenter needs it in its configuration, and its workers that run already do not know it"
        ));
    }
    context.create_index();
    Ok(())
}

pub(super) fn sentence(Filled { new, existing }: Filled, mode: FillMode) -> String {
    let there = count(existing);
    match (mode, existing) {
        (FillMode::Write, 0) => counted(new, "new row"),
        (FillMode::Write, _) => format!("{}, {there} there already", counted(new, "new row")),
        (FillMode::DryRun, 0) => format!("would add {}", rows(new)),
        (FillMode::DryRun, _) => format!("would add {}, {there} {} there already", rows(new), are(existing)),
    }
}

/// What is said of rows that the grid does not have.
fn stray_sentence(strays: &Strays, pruned: u64, args: &Fill) -> String {
    let total = strays.counts.total();
    let found = format!("{} {} not in this grid ({})", rows(total), are(total), by_status(&strays.counts));
    match (strays.never_ran.len() as u64, args.prune) {
        (0, _) => found,
        (open, false) => format!("{found}; `fill --prune` removes the {} that never ran", count(open)),
        (_, true) if args.confirm.dry_run => format!("{found}; would remove the {} that never ran", count(pruned)),
        (_, true) => format!("{found}; the {} that never ran {} removed", count(pruned), are(pruned)),
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
