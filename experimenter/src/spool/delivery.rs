//! Bringing to the database what waits, and what it has forgotten.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use experimenter_diesel::{Ending, Finish, Replayed, Store, StoreError, Target};

use super::frame::Damage;
use super::reader::{Log, files};
use super::record::{Header, Spooled, database};
use super::{DELIVERED, KEPT, LOG, blocking};

/// How many results are brought in one transaction.
const GROUP: usize = 100;

/// Whose logs are delivered: those of one table.
#[derive(Debug, Clone)]
pub struct Place {
    folder: PathBuf,
    databases: Vec<String>,
    table: String,
    executer: Option<i64>,
}

impl Place {
    /// The logs in a folder of a table on a database.
    #[must_use]
    pub fn new(folder: &Path, target: &Target, table: &str) -> Self {
        Self { folder: folder.to_owned(), databases: vec![database(target)], table: table.to_owned(), executer: None }
    }

    /// Takes the logs of another database too: the same one, before it was moved or got another name.
    #[must_use]
    pub fn or_database(mut self, target: &Target) -> Self {
        self.databases.push(database(target));
        self
    }

    /// Only the logs of one executer.
    #[must_use]
    pub fn of(mut self, executer: i64) -> Self {
        self.executer = Some(executer);
        self
    }

    /// Whether a file may be one of these, by its name.
    fn may_have(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        self.executer.is_none_or(|executer| name.contains(&format!(".{executer}.")))
    }

    fn has(&self, header: &Header) -> bool {
        self.databases.contains(&header.database) && header.table == self.table
    }
}

/// Whose a log is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Of this table, and nobody's at present.
    Ours,
    /// Of this table; its executer is at work, and delivers it itself.
    AtWork(Header),
    /// Of another table or database.
    Foreign(Header),
    /// Nobody knows: it cannot be read.
    Unknown(String),
}

/// What stands in a log, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The file.
    pub path: PathBuf,
    /// Whose it is.
    pub standing: Standing,
    /// What in it cannot be read.
    pub damages: Vec<Damage>,
    /// How many results the tables took.
    pub accepted: usize,
    /// How many came too late, and are kept beside the table.
    pub stale: usize,
    /// How many have no row any more, and are kept beside the table.
    pub gone: usize,
    /// The reasons of those that the database refuses; their rows are in `error`, with the values.
    pub refused: Vec<String>,
    /// How many wait still.
    pub waiting: usize,
    /// Why they wait.
    pub reason: Option<String>,
}

impl Delivery {
    fn of(path: &Path, log: io::Result<&Log>, place: &Place) -> Self {
        let standing = match &log {
            Err(error) => Standing::Unknown(error.to_string()),
            // Its executer was killed before it wrote a result.
            Ok(log @ Log { header: None, .. }) if log.is_empty() => Standing::Ours,
            Ok(Log { header: None, .. }) => Standing::Unknown(format!(
                "{}: its first record is damaged, and so nobody knows of which table these results are",
                path.display()
            )),
            Ok(Log { header: Some(header), .. }) if !place.has(header) => Standing::Foreign(header.clone()),
            Ok(Log { header: Some(header), is_at_work: true, .. }) => Standing::AtWork(header.clone()),
            Ok(_) => Standing::Ours,
        };
        let log = log.ok();
        // The end of a log that is being written is no record yet.
        let is_written = |log: &Log, damage: &Damage| log.is_at_work && damage.bytes.end == log.length;
        let damages = log.map_or_else(Vec::new, |log| {
            log.damages.iter().filter(|damage| !is_written(log, damage)).cloned().collect()
        });
        let waiting = log.map_or(0, |log| log.waiting().count());
        let path = path.to_owned();
        let (accepted, stale, gone, refused, reason) = Default::default();
        Self { path, standing, damages, accepted, stale, gone, refused, waiting, reason }
    }

    /// How many results of this table wait in it.
    #[must_use]
    pub fn waits_here(&self) -> usize {
        match self.standing {
            Standing::Ours | Standing::AtWork(_) => self.waiting,
            Standing::Foreign(_) | Standing::Unknown(_) => 0,
        }
    }
}

/// Looks at the logs and delivers nothing.
///
/// # Errors
/// When the folder cannot be read.
pub fn look(place: &Place) -> io::Result<Vec<Delivery>> {
    let look = |path: PathBuf| Delivery::of(&path, Log::open(path.clone()).as_ref().map_err(copy), place);
    Ok(files(&place.folder, &[LOG])?.into_iter().map(look).collect())
}

/// Brings what waits in the logs of this table to the database, but for logs whose executers are at work. It may be
/// repeated, and done by several at once. It stops where the database is away; nothing is lost by that.
///
/// # Errors
/// When the folder cannot be read; what became of the rest is in what it gives.
pub async fn deliver(store: &mut Store, place: &Place) -> io::Result<Vec<Delivery>> {
    let folder = place.folder.clone();
    let mut deliveries = Vec::new();
    let mut away = None;
    let logs = blocking(move || files(&folder, &[LOG])).await?;
    for path in logs.into_iter().filter(|path| place.may_have(path)) {
        let opened = path.clone();
        let log = blocking(move || Log::open(opened)).await;
        let mut delivery = Delivery::of(&path, log.as_ref().map_err(copy), place);
        if let (Ok(log), Standing::Ours) = (log, &delivery.standing) {
            match &away {
                None => away = deliver_log(store, log, &mut delivery).await,
                Some(reason) => delivery.reason = Some(String::clone(reason)),
            }
        }
        deliveries.push(delivery);
    }
    Ok(deliveries)
}

/// Delivers one log; gives the reason if the database takes nothing at present.
async fn deliver_log(store: &mut Store, mut log: Log, delivery: &mut Delivery) -> Option<String> {
    let waiting: Vec<_> = log.waiting().cloned().collect();
    let mut away = None;
    for group in waiting.chunks(GROUP) {
        let finishes: Vec<_> = group.iter().map(|spooled| spooled.finish.clone()).collect();
        let mut settled = Vec::new();
        for (spooled, result) in group.iter().zip(store.finish_group(&finishes).await) {
            let result = match result {
                Err(reason) if is_final(&reason) => tell_in_row(store, &spooled.finish, &reason).await,
                result => result.map(|_| None),
            };
            match result {
                Ok(None) => delivery.accepted += 1,
                Ok(Some(refused)) => delivery.refused.push(refused),
                Err(StoreError::LeaseLost { current: Some(_), .. }) => delivery.stale += 1,
                Err(StoreError::LeaseLost { current: None, .. }) => delivery.gone += 1,
                Err(reason) => {
                    delivery.reason = Some(reason.to_string());
                    away = away.or_else(|| (!is_final(&reason)).then(|| reason.to_string()));
                    continue;
                }
            }
            settled.push(spooled.sequence);
        }
        delivery.waiting -= settled.len();
        let acknowledged = blocking(move || log.acknowledge(settled).map(|()| log)).await;
        match acknowledged {
            Ok(same) => log = same,
            // The database has them, and will be told once more.
            Err(error) => {
                delivery.reason = Some(error.to_string());
                return away;
            }
        }
        if away.is_some() {
            return away;
        }
    }
    if let Err(error) = blocking(move || log.retire()).await {
        delivery.reason = Some(error.to_string());
    }
    None
}

/// Whether the database will never take it.
fn is_final(reason: &StoreError) -> bool {
    matches!(reason, StoreError::Database(_) | StoreError::Misfit { .. } | StoreError::Duplicate(_))
}

/// What the database refuses for good is told in the row, with the values. Gives the reason.
async fn tell_in_row(store: &mut Store, finish: &Finish, reason: &StoreError) -> Result<Option<String>, StoreError> {
    let Some(story) = finish.refusal(store.spec(), reason) else { return Err(reason.clone()) };
    store.finish(&finish.claim, &Ending::Error(story), finish.figures.as_ref()).await?;
    Ok(Some(format!("row {}: {reason}", finish.claim.id)))
}

/// What became of the results in the logs when they were brought to a database that was restored.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Replay {
    /// How many rows have their results again.
    pub written: usize,
    /// How many rows have them already, or later ones.
    pub stands: usize,
    /// How many rows are not in the table.
    pub gone: usize,
    /// Why the others are not written: row by row, or log by log.
    pub failed: Vec<String>,
}

/// Brings every result of the last week to a database that was restored from an older state, delivered or not. It may be
/// repeated. Each row gets its latest one.
///
/// # Errors
/// When the folder cannot be read.
pub async fn replay(store: &mut Store, place: &Place) -> io::Result<Replay> {
    let here = place.clone();
    let (latest, failed) = blocking(move || latest(&here)).await?;
    let mut replay = Replay { failed, ..Replay::default() };
    if !latest.is_empty()
        && let Err(error) = store.adopt_all().await
    {
        replay.failed.push(error.to_string());
        return Ok(replay);
    }
    for finish in latest {
        match store.replay(&finish).await {
            Ok(Replayed::Written) => replay.written += 1,
            Ok(Replayed::Stands) => replay.stands += 1,
            Ok(Replayed::Gone) => replay.gone += 1,
            Err(error) => {
                replay.failed.push(format!("row {}: {error}", finish.claim.id));
                if !is_final(&error) {
                    break;
                }
            }
        }
    }
    Ok(replay)
}

/// The latest result of each row in the last week, and the logs that cannot be read.
fn latest(place: &Place) -> io::Result<(Vec<Finish>, Vec<String>)> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().saturating_sub(KEPT);
    let mut latest: HashMap<(i64, String), Spooled> = HashMap::new();
    let mut failed = Vec::new();
    for path in files(&place.folder, &[LOG, DELIVERED])? {
        let log = match Log::open(path) {
            Ok(log) => log,
            Err(error) => {
                failed.push(error.to_string());
                continue;
            }
        };
        if !log.header.as_ref().is_some_and(|header| place.has(header)) {
            continue;
        }
        // A pause brings no result, and somebody may have opened the row again.
        let has_result = |result: &Spooled| result.finish.ending != Ending::Paused && result.written >= since.as_secs();
        for result in log.results.into_iter().filter(has_result) {
            let claim = &result.finish.claim;
            // Of two with one number, given before and after a restoration, the older one: the choice stays the same.
            let order = |other: &Spooled| (other.finish.claim.attempt, std::cmp::Reverse(other.written));
            let row = (claim.id, claim.created.to_string());
            let is_later = latest.get(&row).is_none_or(|other| order(other) < order(&result));
            if is_later {
                latest.insert(row, result);
            }
        }
    }
    let mut latest: Vec<_> = latest.into_values().map(|result| result.finish).collect();
    latest.sort_by_key(|finish| finish.claim.id);
    Ok((latest, failed))
}

fn copy(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), error.to_string())
}
