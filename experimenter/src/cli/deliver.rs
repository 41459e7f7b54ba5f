//! `deliver`: what waits on the disk goes to the database.

use std::path::Path;

use clap::Args;
use experimenter_diesel::Target;
use serde_json::json;

use super::context::Context;
use super::failure::{Failure, program};
use super::setup::Setup;
use super::work::SpoolFolder;
use crate::exit;
use crate::report::{Console, count, counted};
use crate::spool::{self, Damage, Delivery, Place, Replay, Standing};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deliver                        bring what waits
  deliver --dry-run              only say what waits
  deliver --replay               the results of the last week again, after the database was restored")]
pub(super) struct Deliver {
    #[command(flatten)]
    pub(super) folder: SpoolFolder,

    /// Bring every result of the last week, delivered or not: for a database that was restored from an older state
    ///
    /// A row that is finished by a later attempt, or was reset, stays as it is.
    #[arg(long)]
    pub(super) replay: bool,

    /// Also bring the results for this database: it is the same one, which was moved or has another name now
    #[arg(long, value_name = "URL")]
    pub(super) moved_from: Option<String>,

    /// Show what would be brought only
    #[arg(long)]
    pub(super) dry_run: bool,
}

pub(super) fn deliver(setup: Setup, console: &Console, args: &Deliver) -> Result<u8, Failure> {
    let mut place = Place::new(&args.folder.spool, &setup.target, &setup.spec.name);
    if let Some(url) = &args.moved_from {
        place = place.or_database(&Target::parse(url)?);
    }
    let found = spool::look(&place).map_err(|error| unreadable(&error))?;
    if args.dry_run {
        tell(console, &found, None)?;
        return Ok(exit::DONE);
    }
    let mut context = match open(setup, console) {
        Err(Failure::Message { code: exit::UNREACHABLE, message, hints }) if waiting(&found) > 0 => {
            console.failure(&message, &hints);
            tell(console, &found, None)?;
            return Ok(exit::WAITING);
        }
        opened => opened?,
    };
    let Context { runtime, store, .. } = &mut context;
    let delivered = runtime.block_on(spool::deliver(store, &place)).map_err(|error| unreadable(&error))?;
    let replayed = match args.replay {
        true => Some(runtime.block_on(spool::replay(store, &place)).map_err(|error| unreadable(&error))?),
        false => None,
    };
    if let Err(error) = runtime.block_on(spool::prune(&args.folder.spool)) {
        console.note(&format!("old logs stay: {error}"));
    }
    tell(console, &delivered, replayed.as_ref())?;
    Ok(match replayed {
        _ if waiting(&delivered) > 0 => exit::WAITING,
        Some(Replay { failed, .. }) if !failed.is_empty() => exit::FAILURE,
        _ if delivered.iter().any(|delivery| matches!(delivery.standing, Standing::Unknown(_))) => exit::FAILURE,
        _ => exit::DONE,
    })
}

/// What an executer does before its own work: it brings what others have left behind, and sees whether it can keep results
/// itself.
pub(super) fn deliver_first(context: &mut Context<'_>, folder: &Path) {
    let Context { runtime, store, target, console, .. } = context;
    match runtime.block_on(spool::check(folder)) {
        Ok(None) => {}
        Ok(Some(warning)) => console.note(&warning),
        Err(error) => {
            console.note(&format!("results cannot be kept on the disk, and go to the database alone: {error}"));
        }
    }
    let place = Place::new(folder, target, &store.spec().name);
    let deliveries = match runtime.block_on(spool::deliver(store, &place)) {
        Ok(deliveries) => deliveries,
        Err(error) => {
            console.note(&format!("the spool cannot be read: {error}"));
            return;
        }
    };
    for delivery in &deliveries {
        if let Standing::Unknown(reason) = &delivery.standing {
            console.note(reason);
        }
        for reason in delivery.refused.iter().chain(&delivery.reason) {
            console.note(&format!("{}: {reason}", delivery.path.display()));
        }
        delivery.damages.iter().for_each(|damage| tell_damage(console, delivery, damage));
    }
    let sum = |of: fn(&Delivery) -> usize| deliveries.iter().map(of).sum::<usize>();
    let (accepted, late) = (sum(|delivery| delivery.accepted), sum(|delivery| delivery.stale + delivery.gone));
    if accepted + late > 0 {
        console.note(&format!(
            "of the results that waited on the disk {} came into the table, and {} too late",
            number(accepted),
            number(late)
        ));
    }
    if let Err(error) = runtime.block_on(spool::prune(folder)) {
        console.note(&format!("old logs stay: {error}"));
    }
}

fn open(setup: Setup, console: &Console) -> Result<Context<'_>, Failure> {
    let mut context = Context::open(setup, console)?;
    context.prepare()?;
    Ok(context)
}

fn unreadable(error: &std::io::Error) -> Failure {
    Failure::new(format!("the spool cannot be read: {error}"))
        .hint("`--spool FOLDER` names it, if it is not the one in this working directory")
}

/// What is said of results that are not in the table yet.
pub(super) fn waiting_sentence(results: usize) -> String {
    format!("{} on the disk for the database; the next executer brings them, or: {} deliver", waits(results), program())
}

/// `1 result waits`.
fn waits(results: usize) -> String {
    format!("{} wait{}", counted(results as u64, "result"), if results == 1 { "s" } else { "" })
}

fn waiting(deliveries: &[Delivery]) -> usize {
    deliveries.iter().map(Delivery::waits_here).sum()
}

fn tell(console: &Console, deliveries: &[Delivery], replay: Option<&Replay>) -> Result<(), Failure> {
    for delivery in deliveries {
        delivery.damages.iter().for_each(|damage| tell_damage(console, delivery, damage));
        if let Standing::Unknown(reason) = &delivery.standing {
            console.failure(reason, &["its results are not delivered; the file stays where it is".to_owned()]);
        }
    }
    for failed in replay.into_iter().flat_map(|replay| &replay.failed) {
        console.failure(&format!("not brought back: {failed}"), &[]);
    }
    let waiting = waiting(deliveries);
    if console.is_json() {
        let logs: Vec<_> = deliveries.iter().map(as_json).collect();
        let replay = replay.map(|replay| {
            json!({ "written": replay.written, "stands": replay.stands, "gone": replay.gone, "failed": replay.failed })
        });
        return Ok(console.json(&json!({ "logs": logs, "waiting": waiting, "replay": replay }))?);
    }
    for delivery in deliveries.iter().filter(|delivery| !matches!(delivery.standing, Standing::Unknown(_))) {
        console.result(&format!("{}: {}", delivery.path.display(), as_text(delivery)))?;
    }
    if let Some(Replay { written, stands, gone, .. }) = replay {
        console.result(&format!(
            "of the results of the last week {} came back into the table; {} have their rows already or later ones, and {} have \
             no row any more",
            number(*written),
            number(*stands),
            number(*gone)
        ))?;
    }
    let closing = match waiting {
        0 => "no result waits".to_owned(),
        waiting => format!("{} (bring them by: {} deliver)", waits(waiting), program()),
    };
    Ok(console.result(&closing)?)
}

/// Bytes that are lost are a failure; an executer that was killed while it wrote is none.
fn tell_damage(console: &Console, delivery: &Delivery, Damage { bytes, is_torn }: &Damage) {
    let place = format!("{}: {} bytes at offset {}", delivery.path.display(), bytes.len(), bytes.start);
    if *is_torn {
        console.note(&format!("{place} are the beginning of a record that its executer did not finish"));
    } else {
        let hint = "what can be read before and behind them is delivered; the file stays where it is";
        console.failure(&format!("{place} are damaged: the disk did not keep what was written"), &[hint.to_owned()]);
    }
}

fn as_text(delivery: &Delivery) -> String {
    let Delivery { standing, accepted, stale, gone, refused, waiting, reason, .. } = delivery;
    let mut parts = Vec::new();
    match standing {
        Standing::Foreign(header) => {
            parts.push(format!("of the table {} on {}: not looked at", header.table, header.database));
        }
        Standing::AtWork(header) => {
            parts.push(format!("process {} on {} is at work on it", header.pid, header.host));
        }
        Standing::Ours | Standing::Unknown(_) => {}
    }
    let outcomes = [
        (*accepted, "delivered"),
        (*stale, "came too late, and are kept beside the table"),
        (*gone, "have no row any more, and are kept beside the table"),
        (refused.len(), "refused by the database: their rows are in error, with the values"),
        (*waiting, "waiting"),
    ];
    parts.extend(outcomes.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", number(*n))));
    parts.extend(reason.clone());
    if parts.is_empty() { "nothing waits".to_owned() } else { parts.join("; ") }
}

fn as_json(delivery: &Delivery) -> serde_json::Value {
    let Delivery { path, standing, damages, accepted, stale, gone, refused, waiting, reason } = delivery;
    let (standing, header) = match standing {
        Standing::Ours => ("ours", None),
        Standing::AtWork(header) => ("at work", Some(header)),
        Standing::Foreign(header) => ("foreign", Some(header)),
        Standing::Unknown(_) => ("unknown", None),
    };
    let damages = damages
        .iter()
        .map(|damage| json!({ "offset": damage.bytes.start, "bytes": damage.bytes.len(), "torn": damage.is_torn }));
    json!({
        "file": path, "standing": standing, "database": header.map(|header| &header.database),
        "table": header.map(|header| &header.table), "damages": damages.collect::<Vec<_>>(),
        "delivered": accepted, "stale": stale, "gone": gone, "refused": refused, "waiting": waiting, "reason": reason,
    })
}

fn number(n: usize) -> String {
    count(n as u64)
}
