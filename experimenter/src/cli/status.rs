//! `status`: how far the table is, and who works on it.

use clap::Args;
use experimenter_diesel::{Counts, ExecuterReport, Life, Standing, Status, Suspect, Unfit};
use serde_json::json;

use super::context::Context;
use super::failure::{Failure, program};
use super::rows::Selection;
use super::work::SpoolFolder;
use crate::exit;
use crate::report::{Table, bar, count, duration, seconds};
use crate::spool::{self, Delivery, Place};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  status
  status --where kernel=rbf      how far these rows are")]
pub(super) struct StatusOf {
    #[command(flatten)]
    pub(super) selection: Selection,

    #[command(flatten)]
    pub(super) folder: SpoolFolder,
}

pub(super) fn status(context: &mut Context<'_>, args: &StatusOf) -> Result<u8, Failure> {
    let selector = context.selector(&args.selection)?;
    context.check()?;
    let counts = context.store(async |store| store.counts(&selector).await)?;
    let executers = context.store(async |store| store.executers().await)?;
    let unfit = context.store(async |store| store.unfit(20).await)?;
    let standing = context.store(async |store| store.standing().await)?;
    let place = Place::new(&args.folder.spool, &context.target, &context.store.spec().name);
    let spooled = spool::look(&place).map(|logs| logs.iter().map(Delivery::waits_here).sum());
    let worries = Worries { standing, spooled };
    if context.console.is_json() {
        context.console.json(&as_json(&counts, &executers, &unfit, &worries))?;
    } else {
        context.console.result(&format!("{}{}", as_text(&counts, &executers, &unfit), worries.as_text()))?;
    }
    Ok(exit::DONE)
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
                "\n\n{} rows are `running` and held by no executer: PyExperimenter runs them, or somebody wrote their \
                 status; if nobody works on them: {} reset --status running",
                count(self.standing.foreign),
                program()
            ));
        }
        match &self.spooled {
            Ok(0) => {}
            Ok(waiting) => text.push_str(&format!(
                "\n\n{} results wait on the disk for the database; the next executer brings them, or: {} deliver",
                count(*waiting as u64),
                program()
            )),
            Err(error) => text.push_str(&format!("\n\nthe results on the disk cannot be looked at: {error}")),
        }
        text
    }
}

/// The rows of an executer that is dead or may be, and when they are open again.
fn lost(suspect: &Suspect) -> String {
    let Suspect { name, host, pid, rows, life, heard, .. } = suspect;
    let when = match life {
        Life::Alive | Life::Left | Life::Dead => "open again as soon as an executer looks".to_owned(),
        Life::Late => "open again when an executer has seen no sign of life for a while (90 s)".to_owned(),
    };
    let heard = heard.as_deref().unwrap_or("its beginning");
    format!("{} of {name} (process {pid} on {host}), last heard of {heard}: {when}", count(*rows))
}

fn as_text(counts: &Counts, executers: &[ExecuterReport], unfit: &[Unfit]) -> String {
    let mut table = Table::new(&["status", "rows", "share"]);
    for status in Status::ALL {
        table.row(vec![status.to_string(), count(counts.of(status)), share(counts.of(status), counts.total())]);
    }
    let mut text = format!("{}\n{table}", bar(counts.of(Status::Done), counts.total()));
    if counts.other > 0 {
        text.push_str(&format!("\n{} rows have a status that is none of these", count(counts.other)));
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
    if counts.of(Status::Error) > 0 {
        text.push_str(&format!("\n\nrows in error run again by: {} execute --retry-errors", program()));
    }
    text
}

fn executer_table(executers: &[ExecuterReport]) -> Table {
    let mut table =
        Table::new(&["executer", "host", "pid", "state", "running", "done", "failed", "busy", "last contact"]);
    for executer in executers {
        table.row(vec![
            executer.name.clone(),
            executer.host.clone(),
            executer.pid.to_string(),
            life(executer.life).to_owned(),
            executer.running.to_string(),
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

fn as_json(counts: &Counts, executers: &[ExecuterReport], unfit: &[Unfit], worries: &Worries) -> serde_json::Value {
    let by_status: serde_json::Map<_, _> =
        Status::ALL.iter().map(|status| (status.to_string(), counts.of(*status).into())).collect();
    json!({
        "rows": counts.total(),
        "status": by_status,
        "executers": executers.iter().map(|executer| json!({
            "name": executer.name,
            "host": executer.host,
            "pid": executer.pid,
            "alive": executer.life == Life::Alive,
            "state": life(executer.life),
            "running": executer.running,
            "done": executer.done,
            "failed": executer.failed,
            "busy_seconds": executer.busy_seconds,
            "silent_seconds": executer.silent_seconds,
        })).collect::<Vec<_>>(),
        "lost": worries.standing.lost.iter().map(|suspect| json!({
            "name": suspect.name,
            "host": suspect.host,
            "pid": suspect.pid,
            "rows": suspect.rows,
            "silent_seconds": suspect.silent_seconds,
        })).collect::<Vec<_>>(),
        "foreign": worries.standing.foreign,
        "waiting_results": worries.spooled.as_ref().ok(),
        "unfit": unfit.iter().map(|unfit| json!({
            "id": unfit.id, "field": unfit.field, "value": unfit.value, "reason": unfit.reason,
        })).collect::<Vec<_>>(),
    })
}
