//! `explain`: why rows do not run, and what to do about it.

use clap::Args;
use experimenter_diesel::{Counts, Selector, Status};
use serde_json::json;

use super::context::Context;
use super::failure::{Failure, program, short};
use super::rows::Rows;
use super::status::{foreign, lost};
use crate::report::{are, counted, duration, rows, seconds};
use crate::{exit, machine};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  explain                        why does nothing run?
  explain --where kernel=rbf     why does none of these rows run?")]
pub(super) struct Explain {
    #[command(flatten)]
    rows: Rows,
}

/// A reason, and what to type next.
struct Reason {
    text: String,
    command: String,
}

#[derive(Default)]
struct Reasons(Vec<Reason>);

impl Reasons {
    fn add(&mut self, text: impl Into<String>, command: impl Into<String>) {
        self.0.push(Reason { text: text.into(), command: command.into() });
    }
}

pub(super) fn explain(context: &mut Context<'_>, args: &Explain) -> Result<u8, Failure> {
    let selector = context.rows(&args.rows)?;
    let total = context.check()?;
    let mut reasons = Reasons::default();
    if total.total() == 0 {
        reasons.add("the table has no rows", "fill");
    }
    let counts = context.store(async |store| store.counts(&selector).await)?;
    if total.total() > 0 && counts.total() == 0 {
        reasons.add(format!("none of the {} is selected", rows(total.total())), "export");
    }
    programs(context, &mut reasons)?;
    open_rows(context, &selector, &counts, &mut reasons)?;
    running_rows(context, &counts, &mut reasons)?;
    ended_rows(&counts, &mut reasons);
    if context.console.is_json() {
        let reasons = reasons.0.iter().map(|Reason { text, command }| json!({ "reason": text, "command": command }));
        context.console.json(&reasons.collect())?;
        return Ok(exit::DONE);
    }
    let program = program();
    let lines = reasons.0.iter().map(|Reason { text, command }| format!("{text}\n    {program} {command}"));
    context.console.result(&lines.collect::<Vec<_>>().join("\n"))?;
    Ok(exit::DONE)
}

/// Programs that claim no more rows.
fn programs(context: &mut Context<'_>, reasons: &mut Reasons) -> Result<(), Failure> {
    let this = machine::program_hash().ok();
    for program in context.store(async |store| store.programs().await)? {
        let hash = short(&program.hash);
        if program.is_retired && this.as_deref() == Some(program.hash.as_str()) {
            reasons.add(
                format!("this program ({hash}) is retired, and claims no rows: build it anew, or let it claim again"),
                format!("retire --undo {hash}"),
            );
        } else if program.is_retired && program.live > 0 {
            let executers = counted(program.live, "executer");
            reasons.add(format!("{executers} at work {} of {hash}, which is retired", are(program.live)), "retire");
        }
    }
    Ok(())
}

fn open_rows(
    context: &mut Context<'_>,
    selector: &Selector,
    counts: &Counts,
    reasons: &mut Reasons,
) -> Result<(), Failure> {
    let open = counts.of(Status::Created);
    if open == 0 {
        return Ok(());
    }
    let returned = context.store(async |store| store.returned(selector).await)?;
    if returned.rows > 0 {
        let least = duration(seconds(returned.seconds));
        let time = humantime::format_duration(seconds(returned.seconds.ceil() + 1.0));
        reasons.add(
            format!(
                "{} {} given back by executers whose time was over, after up to {least}: those with less time left pass \
                 over them",
                rows(returned.rows),
                if returned.rows == 1 { "was" } else { "were" },
            ),
            format!("execute --wall-time '{time}'"),
        );
    }
    let live = context.store(async |store| store.standing().await)?.live;
    let (open_rows, verb) = (rows(open), are(open));
    if live == 0 {
        reasons.add(format!("{open_rows} {verb} open, and no executer is at work"), "execute");
    } else {
        let executers = counted(live, "executer");
        reasons.add(
            format!("{open_rows} {verb} open, and {executers} {} at work, which will come to them", are(live)),
            "status --watch",
        );
    }
    Ok(())
}

fn running_rows(context: &mut Context<'_>, counts: &Counts, reasons: &mut Reasons) -> Result<(), Failure> {
    let running = counts.of(Status::Running);
    if running == 0 {
        return Ok(());
    }
    let standing = context.store(async |store| store.standing().await)?;
    for suspect in &standing.lost {
        reasons.add(format!("an executer does not run its rows any more: {}", lost(suspect)), "execute");
    }
    if standing.foreign > 0 {
        reasons.add(foreign(standing.foreign), "reset --status running");
    }
    let gone: u64 = standing.lost.iter().map(|suspect| suspect.rows).sum();
    let held = running.saturating_sub(gone + standing.foreign);
    if held > 0 {
        let executers = counted(standing.live, "executer");
        reasons.add(format!("{} {} run by the {executers} at work", rows(held), are(held)), "status");
    }
    Ok(())
}

/// Rows that nobody runs again by himself.
fn ended_rows(counts: &Counts, reasons: &mut Reasons) {
    let (failed, paused) = (counts.of(Status::Error), counts.of(Status::Paused));
    if failed > 0 {
        reasons.add(
            format!("{} {} in error; they run again only when they are told to", rows(failed), are(failed)),
            "errors",
        );
    }
    if paused > 0 {
        reasons.add(format!("{} {} paused", rows(paused), are(paused)), "unpause");
    }
    let done = counts.of(Status::Done);
    if done > 0 && done == counts.total() {
        reasons.add(format!("all {} are done", rows(done)), "summary");
    }
}
