//! `reset` and `drop`, which are done only after a question, and `unpause`, which takes nothing away.

use clap::Args;
use experimenter_diesel::{Counts, Selector, Status};
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::rows::{Rows, Selection};
use crate::exit;
use crate::report::{are, count, rows};

#[derive(Debug, Args)]
pub(super) struct Confirm {
    /// Do not ask
    #[arg(short, long)]
    pub(super) yes: bool,

    /// Show what would be done only
    #[arg(long)]
    pub(super) dry_run: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  reset --status error           try failed rows again
  reset --error \"out of memory\"  rows whose error says so
  reset --where \"kernel=rbf,loss>=10\"
  reset --status running         rows whose executers were killed
  reset --ids 3,7-9 --yes")]
pub(super) struct Reset {
    #[command(flatten)]
    pub(super) selection: Selection,

    #[command(flatten)]
    pub(super) confirm: Confirm,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  unpause                        every paused row
  unpause --where kernel=rbf")]
pub(super) struct Unpause {
    #[command(flatten)]
    pub(super) rows: Rows,
}

pub(super) fn reset(context: &mut Context<'_>, args: &Reset) -> Result<u8, Failure> {
    if args.selection.is_empty() {
        return Err(Failure::usage("reset needs to know which rows").hint(
            "write `reset --status error`, `reset --ids 3,7-9`, `reset --where FIELD=VALUE`, or several of them",
        ));
    }
    let selector = context.selector(&args.selection)?;
    context.prepare()?;
    let counts = context.store(async |store| store.counts(&selector).await)?;
    if counts.total() == 0 {
        return tell(context, 0, "no row is selected: nothing to reset");
    }
    let what = format!("open {} again ({})", rows(counts.total()), by_status(&counts));
    if args.confirm.dry_run {
        return tell(context, counts.total(), &format!("would {what}"));
    }
    if counts.of(Status::Running) > 0 {
        context
            .console
            .note("an executer that still runs one of them will find its result refused, and kept beside the table");
    }
    if !args.confirm.yes && !context.confirm(&what)? {
        return tell(context, 0, "nothing was changed");
    }
    let opened = context.store(async |store| store.reset(&selector).await)?;
    tell(context, opened, &format!("{} {} open again; what they held is archived", rows(opened), are(opened)))
}

pub(super) fn unpause(context: &mut Context<'_>, args: &Unpause) -> Result<u8, Failure> {
    let selector = Selector { statuses: vec![Status::Paused], ..context.rows(&args.rows)? };
    context.prepare()?;
    match context.store(async |store| store.unpause(&selector).await)? {
        0 => tell(context, 0, "no row is paused: nothing to open"),
        opened => tell(context, opened, &format!("{} {} open again", rows(opened), are(opened))),
    }
}

pub(super) fn drop_tables(context: &mut Context<'_>, confirm: &Confirm) -> Result<u8, Failure> {
    if !context.exists()? {
        context.headline("no table");
        return tell(context, 0, "there is nothing to drop");
    }
    let counts = context.store(async |store| store.counts(&Selector::default()).await)?;
    context.headline(&rows(counts.total()));
    let table = context.store.spec().name.clone();
    let what = format!("drop the table `{table}` with {} ({})", rows(counts.total()), by_status(&counts));
    if confirm.dry_run {
        return tell(context, counts.total(), &format!("would {what}"));
    }
    if !confirm.yes && !context.confirm(&what)? {
        return tell(context, 0, "nothing was changed");
    }
    context.store(async |store| store.drop_tables().await)?;
    tell(context, counts.total(), &format!("the table `{table}` and its side tables are dropped"))
}

fn tell(context: &Context<'_>, rows: u64, sentence: &str) -> Result<u8, Failure> {
    if context.console.is_json() {
        context.console.json(&json!({ "rows": rows }))?;
    } else {
        context.console.result(sentence)?;
    }
    Ok(exit::DONE)
}

pub(super) fn by_status(counts: &Counts) -> String {
    let parts = Status::ALL.iter().filter(|status| counts.of(**status) > 0);
    parts.map(|status| format!("{} {status}", count(counts.of(*status)))).collect::<Vec<_>>().join(", ")
}
