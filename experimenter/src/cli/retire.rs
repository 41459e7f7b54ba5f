//! `retire`: programs that are to claim no more rows.

use clap::Args;
use experimenter_diesel::Program;
use serde_json::json;

use super::context::Context;
use super::failure::{Failure, program, short};
use crate::machine;
use crate::report::{Table, count, duration, seconds};
use crate::{exit, report};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  retire                         list the programs that have executed rows
  retire 3f9c01                  the executers of this one claim no more rows; what they run comes to its end
  retire --others                the same of every program but this one: after a mistake was mended
  retire --undo 3f9c01           let them claim again")]
pub(super) struct Retire {
    /// The program, by the beginning of its hash
    #[arg(conflicts_with = "others")]
    program: Option<String>,

    /// Every program but this one
    #[arg(long, conflicts_with = "undo")]
    others: bool,

    /// Let it claim rows again
    #[arg(long, requires = "program")]
    undo: bool,
}

pub(super) fn retire(context: &mut Context<'_>, args: &Retire) -> Result<u8, Failure> {
    context.prepare()?;
    let programs = context.store(async |store| store.programs().await)?;
    let chosen: Vec<_> = match &args.program {
        Some(start) => vec![find(&programs, start)?.clone()],
        None if args.others => {
            let this = machine::program_hash()
                .map_err(|error| Failure::new(format!("this program's own file cannot be read: {error}")))?;
            programs.iter().filter(|program| program.hash != this && !program.is_retired).cloned().collect()
        }
        None => return list(context, &programs),
    };
    for Program { hash, .. } in &chosen {
        match args.undo {
            false => context.store(async |store| store.retire(hash).await)?,
            true => context.store(async |store| store.reinstate(hash).await)?,
        }
    }
    if context.console.is_json() {
        context.console.json(&json!({ "programs": chosen.iter().map(|program| &program.hash).collect::<Vec<_>>() }))?;
    } else if chosen.is_empty() {
        context.console.result("no other program has executed rows")?;
    }
    for Program { hash, live, .. } in &chosen {
        if !context.console.is_json() {
            let hash = short(hash);
            let sentence = match (args.undo, live) {
                (true, _) => format!("{hash} may claim rows again"),
                (false, 0) => format!("{hash} is retired; none of its executers is at work"),
                (false, live) => {
                    let executers = report::counted(*live, "executer");
                    format!("{hash} is retired; {executers} at work will claim no more rows, and end")
                }
            };
            context.console.result(&sentence)?;
        }
    }
    Ok(exit::DONE)
}

/// The program whose hash begins so.
fn find<'a>(programs: &'a [Program], start: &str) -> Result<&'a Program, Failure> {
    let found: Vec<_> = programs.iter().filter(|program| program.hash.starts_with(start)).collect();
    let wrong = match found.as_slice() {
        [one] if !start.is_empty() => return Ok(one),
        [] => format!("no program that has executed rows is `{start}…`"),
        several => format!("{} programs begin with `{start}`: write more of the hash", several.len()),
    };
    Err(Failure::new(wrong).hint(format!("list them: {} retire", program())))
}

fn list(context: &Context<'_>, programs: &[Program]) -> Result<u8, Failure> {
    let this = machine::program_hash().ok();
    let is_this = |program: &Program| this.as_deref() == Some(program.hash.as_str());
    if context.console.is_json() {
        let programs = programs.iter().map(|program| {
            json!({
                "program": program.hash, "live": program.live, "silent_seconds": program.silent_seconds,
                "retired": program.is_retired, "this": is_this(program),
            })
        });
        context.console.json(&programs.collect())?;
        return Ok(exit::DONE);
    }
    if programs.is_empty() {
        context.console.result("no program has executed rows")?;
        return Ok(exit::DONE);
    }
    let mut table = Table::new(&["program", "executers at work", "last contact", ""]).with_text(0);
    for program in programs {
        let notes = [(is_this(program), "this program"), (program.is_retired, "retired")];
        let notes: Vec<_> = notes.into_iter().filter_map(|(holds, note)| holds.then_some(note)).collect();
        table.row(vec![
            short(&program.hash),
            count(program.live),
            format!("{} ago", duration(seconds(program.silent_seconds))),
            notes.join(", "),
        ]);
    }
    context.console.result(&table.to_string())?;
    Ok(exit::DONE)
}
