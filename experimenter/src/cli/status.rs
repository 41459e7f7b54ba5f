//! `status`: how far the table is, and who works on it.

use experimenter_diesel::{Counts, ExecuterReport, Selector, Status, Unfit};
use serde_json::json;

use super::context::Context;
use super::failure::{Failure, program};
use crate::exit;
use crate::report::{Table, bar, count, duration, seconds};

pub(super) fn status(context: &mut Context<'_>) -> Result<u8, Failure> {
    context.check()?;
    let counts = context.store(async |store| store.counts(&Selector::default()).await)?;
    let executers = context.store(async |store| store.executers().await)?;
    let unfit = context.store(async |store| store.unfit(20).await)?;
    if context.console.is_json() {
        context.console.json(&as_json(&counts, &executers, &unfit))?;
    } else {
        context.console.result(&as_text(&counts, &executers, &unfit))?;
    }
    Ok(exit::DONE)
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
            if executer.alive { "at work" } else { "left" }.to_owned(),
            executer.running.to_string(),
            count(executer.done),
            count(executer.failed),
            duration(seconds(executer.busy_seconds)),
            format!("{} ago", duration(seconds(executer.silent_seconds))),
        ]);
    }
    table
}

#[expect(clippy::cast_precision_loss, reason = "a share of rows, to one digit")]
fn share(part: u64, whole: u64) -> String {
    if whole == 0 { "–".to_owned() } else { format!("{:.1} %", part as f64 * 100.0 / whole as f64) }
}

fn as_json(counts: &Counts, executers: &[ExecuterReport], unfit: &[Unfit]) -> serde_json::Value {
    let by_status: serde_json::Map<_, _> =
        Status::ALL.iter().map(|status| (status.to_string(), counts.of(*status).into())).collect();
    json!({
        "rows": counts.total(),
        "status": by_status,
        "executers": executers.iter().map(|executer| json!({
            "name": executer.name,
            "host": executer.host,
            "pid": executer.pid,
            "alive": executer.alive,
            "running": executer.running,
            "done": executer.done,
            "failed": executer.failed,
            "busy_seconds": executer.busy_seconds,
            "silent_seconds": executer.silent_seconds,
        })).collect::<Vec<_>>(),
        "unfit": unfit.iter().map(|unfit| json!({
            "id": unfit.id, "field": unfit.field, "value": unfit.value, "reason": unfit.reason,
        })).collect::<Vec<_>>(),
    })
}
