//! What is known of a row's attempts: the present one, and those that were put away.

use serde_json::Value as Json;

use crate::figures::{self, Figures};
use crate::spec::Side;
use crate::statement::Row;
use crate::store::Store;
use crate::{CheckpointReport, Result, Value};

/// One attempt at a row.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptReport {
    /// Its number.
    pub attempt: i64,
    /// What it is: the status of the row's present attempt, or `released` where it was given back; of an earlier one, why
    /// it was put away: `reset`, `superseded`, `crash` where its executer died, or `stale` for an end that came too late.
    /// After `lease lost` it went on.
    pub what: String,
    /// When it began, local time.
    pub started: Option<String>,
    /// When it ended, local time.
    pub ended: Option<String>,
    /// Its error.
    pub error: Option<String>,
    /// What it used.
    pub figures: Option<Figures>,
    /// Who ran it, where it is known.
    pub provenance: Option<Provenance>,
}

/// The executer of an attempt: who, where, and with which program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The executer's name.
    pub name: Option<String>,
    /// The host.
    pub host: Option<String>,
    /// The process's ID.
    pub pid: Option<i64>,
    /// The hash of the program's file.
    pub program: Option<String>,
    /// How the program was built.
    pub profile: Option<String>,
    /// The commit in the folder of its package when the executer began.
    pub git: Option<String>,
    /// The model of the processor.
    pub cpu: Option<String>,
    /// The job of a cluster.
    pub slurm: Option<String>,
}

/// The executers' columns of a provenance.
const PROVENANCE: &str = "x.executer_id, x.name, x.host, x.pid, x.program, x.profile, x.git, x.cpu, x.slurm";

impl Store {
    /// All that is known of the attempts at a row, oldest first; none where the row never ran, or is not there.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn attempts(&mut self, id: i64) -> Result<Vec<AttemptReport>> {
        if !self.has_sides {
            return Ok(Vec::new());
        }
        let mut attempts = self.earlier_attempts(id).await?;
        attempts.extend(self.present_attempt(id).await?);
        Ok(with_crashes(attempts))
    }

    /// A row's last checkpoint.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn last_checkpoint(&mut self, id: i64) -> Result<Option<CheckpointReport>> {
        if !self.has_sides {
            return Ok(None);
        }
        let sql = format!(
            "SELECT k.attempt, k.saved_at, LENGTH(k.state) FROM `{}` k JOIN `{}` e ON e.ID=k.experiment_id \
             AND e.creation_date {} k.created WHERE e.ID=?",
            self.side(Side::Checkpoints),
            self.spec.name,
            self.dialect().same
        );
        let rows = self.query(sql, vec![Value::Int(id)]).await?;
        Ok(rows.first().map(|row| CheckpointReport {
            attempt: row.int(0).unwrap_or_default(),
            saved_at: row.text(1).map(local),
            bytes: row.int(2).and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or_default(),
        }))
    }

    async fn present_attempt(&mut self, id: i64) -> Result<Option<AttemptReport>> {
        let sql = format!(
            "SELECT c.attempt, e.status, c.state, e.start_date, e.end_date, c.claimed_at, c.closed_at, e.error, {}, \
             {PROVENANCE} FROM {} LEFT JOIN `{}` x ON x.executer_id=c.executer_id \
             WHERE e.ID=? AND c.attempt>0 AND c.state<>'ready'",
            Figures::selected(),
            self.spec.joined("JOIN", self.dialect().same),
            self.side(Side::Executers)
        );
        let rows = self.query(sql, vec![Value::Int(id)]).await?;
        let text = |row: &Row, index: usize| row.text(index).map(str::to_owned);
        Ok(rows.first().map(|row| AttemptReport {
            attempt: row.int(0).unwrap_or_default(),
            what: match (row.text(1), row.text(2)) {
                (Some("created"), Some(state)) => state.to_owned(),
                (status, _) => status.unwrap_or_default().to_owned(),
            },
            started: text(row, 3).or_else(|| row.text(5).map(local)),
            ended: text(row, 4).or_else(|| row.text(6).map(local)),
            error: text(row, 7),
            figures: Figures::read(row, 8),
            provenance: provenance(row, 8 + figures::COLUMNS.len()),
        }))
    }

    async fn earlier_attempts(&mut self, id: i64) -> Result<Vec<AttemptReport>> {
        let sql = format!(
            "SELECT a.attempt, a.reason, a.payload, {PROVENANCE} FROM `{}` a JOIN `{}` e ON e.ID=a.experiment_id \
             AND e.creation_date {} a.created LEFT JOIN `{}` x ON x.executer_id=a.executer_id \
             WHERE a.experiment_id=? AND a.reason IN ('reset', 'superseded', 'stale', 'crash', 'lease lost') ORDER BY a.ID",
            self.side(Side::Attempts),
            self.spec.name,
            self.dialect().same,
            self.side(Side::Executers)
        );
        let rows = self.query(sql, vec![Value::Int(id)]).await?;
        Ok(rows.iter().map(earlier_attempt).collect())
    }
}

/// What an attempt left that crashed is told with its crash.
fn with_crashes(attempts: Vec<AttemptReport>) -> Vec<AttemptReport> {
    let (mut crashes, mut others): (Vec<_>, Vec<_>) = attempts.into_iter().partition(|attempt| attempt.what == "crash");
    for crash in &mut crashes {
        let left = others.iter().position(|other| {
            other.attempt == crash.attempt && matches!(other.what.as_str(), "released" | "superseded")
        });
        crash.figures = left.and_then(|index| others.remove(index).figures);
    }
    // A crash comes before what the same attempt did in spite of it.
    crashes.append(&mut others);
    crashes.sort_by_key(|attempt| attempt.attempt);
    crashes
}

fn earlier_attempt(row: &Row) -> AttemptReport {
    let payload: Json = row.text(2).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let text = |name: &str| payload[name].as_str();
    AttemptReport {
        attempt: row.int(0).unwrap_or_default(),
        what: row.text(1).unwrap_or_default().to_owned(),
        started: text("start_date").map(str::to_owned).or_else(|| text("claimed_at").map(local)),
        ended: text("end_date").map(str::to_owned).or_else(|| text("closed_at").map(local)),
        error: text("error").map(str::to_owned),
        figures: Figures::from_json(&payload["figures"]),
        provenance: provenance(row, 3),
    }
}

/// The executer in a row from a position on, if it is known.
fn provenance(row: &Row, from: usize) -> Option<Provenance> {
    row.int(from)?;
    let text = |index: usize| row.text(from + index).filter(|text| !text.is_empty()).map(str::to_owned);
    Some(Provenance {
        name: text(1),
        host: text(2),
        pid: row.int(from + 3),
        program: text(4),
        profile: text(5),
        git: text(6),
        cpu: text(7),
        slurm: text(8),
    })
}

/// A time of the database's clock, UTC, as the main table writes times.
pub(crate) fn local(utc: &str) -> String {
    chrono::NaiveDateTime::parse_from_str(utc, "%Y-%m-%d %H:%M:%S%.f").map_or_else(
        |_| utc.to_owned(),
        |time| time.and_utc().with_timezone(&chrono::Local).format("%Y-%m-%d %H:%M:%S").to_string(),
    )
}
