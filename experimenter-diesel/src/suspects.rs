//! Executers that hold rows and may be dead, as the database shows them; nothing is decided here.

use std::time::Duration;

use crate::history::local;
use crate::report::seconds_of;
use crate::spec::Side;
use crate::statement::Row;
use crate::store::Store;
use crate::{Fate, Lease, ProcessIdentity, Result, Selector, Value};

/// An executer that holds rows, and has left, is late, or is a process of this host.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspect {
    /// Its ID.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its host.
    pub host: String,
    /// The process's ID.
    pub pid: i64,
    /// Which process it is, where it is known.
    pub process: Option<ProcessIdentity>,
    /// What the database says of it.
    pub life: Life,
    /// How often it has told that it is alive.
    pub beat: i64,
    /// How often it tells so.
    pub interval: Duration,
    /// When it last did, local time.
    pub heard: Option<String>,
    /// How long ago that is by the database's clock, in seconds.
    pub silent_seconds: f64,
    /// How many seconds its lease still lasts by the database's clock; 0 where that has expired.
    pub seconds_left: f64,
    /// How many running rows it holds.
    pub rows: u64,
}

/// What the database says of an executer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It is at work, and its lease lasts.
    Alive,
    /// It was at work, and its lease has expired.
    Late,
    /// It has left.
    Left,
    /// It was declared dead, or its line is gone.
    Dead,
}

impl Life {
    /// What a state means; an executer without a line is dead.
    pub(crate) fn of(state: Option<&str>) -> Self {
        match state {
            Some("alive") => Self::Alive,
            Some("late") => Self::Late,
            Some("left") => Self::Left,
            _ => Self::Dead,
        }
    }
}

/// Who owns the rows that run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Standing {
    /// How many executers are at work.
    pub live: u64,
    /// Those that are not, and hold rows.
    pub lost: Vec<Suspect>,
    /// How many rows run that no executer holds: `PyExperimenter` runs them, or somebody wrote their status by hand.
    pub foreign: u64,
}

impl Suspect {
    /// Whether the process has ended for certain.
    pub(crate) fn has_ended(&self) -> bool {
        self.process.as_ref().map(ProcessIdentity::fate) == Some(Fate::Dead)
    }
}

impl Store {
    /// The executers that hold rows and have left, are late, or are processes of this host; but for the one that asks. It
    /// is asked once, without repetition: a call that fails is a gap in what is observed.
    ///
    /// # Errors
    /// When the database refuses or does not answer.
    pub async fn suspects(&mut self, asking: i64) -> Result<Vec<Suspect>> {
        if !self.has_sides {
            return Ok(Vec::new());
        }
        let dialect = self.dialect();
        let claims = self.side(Side::Claims);
        // The inner query reads an index alone; rows are counted for the few that remain.
        let sql = format!(
            "SELECT h.executer_id, x.name, x.host, x.pid, x.boot, x.namespaces, x.uid, x.process_started, x.state, x.beat, \
             x.beat_seconds, x.beat_at, {}, {}, \
             (SELECT COUNT(*) FROM {} WHERE c.state='held' AND c.executer_id=h.executer_id AND e.status='running') \
             FROM (SELECT DISTINCT c.executer_id FROM `{claims}` c WHERE c.state='held') h \
             LEFT JOIN `{}` x ON x.executer_id=h.executer_id \
             WHERE h.executer_id<>? AND (x.state IS NULL OR x.state<>'alive' OR x.expires_at<={} \
             OR (x.boot=? AND x.namespaces=? AND x.uid=?)) ORDER BY h.executer_id",
            dialect.seconds_since.replace("{}", "x.beat_at"),
            dialect.seconds_since.replace("{}", "x.expires_at"),
            self.spec.joined("JOIN", dialect.same),
            self.side(Side::Executers),
            dialect.now
        );
        let own = ProcessIdentity::own();
        let own = own.as_ref();
        let binds = vec![
            Value::Int(asking),
            own.map(|own| own.boot.as_str()).into(),
            own.map(|own| own.namespaces.as_str()).into(),
            own.map_or(Value::Null, |own| Value::Int(own.uid.into())),
        ];
        let rows = self.connection.rows(crate::statement::Statement::new(sql, binds)).await?;
        Ok(rows.into_iter().map(suspect).filter(|suspect| suspect.rows > 0).collect())
    }

    /// Who owns the rows that run.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn standing(&mut self) -> Result<Standing> {
        let running = format!("SELECT COUNT(*) FROM {} WHERE e.status='running'", self.rows_and_claims());
        let count = |rows: &[Row]| rows.first().and_then(|row| row.int(0)).and_then(|n| u64::try_from(n).ok());
        if !self.has_sides {
            let foreign = count(&self.query(running, Vec::new()).await?).unwrap_or_default();
            return Ok(Standing { foreign, ..Standing::default() });
        }
        let unheld = format!("{running} AND (c.experiment_id IS NULL OR c.state<>'held')");
        let foreign = count(&self.query(unheld, Vec::new()).await?).unwrap_or_default();
        let executers = self.side(Side::Executers);
        let alive = format!(
            "SELECT COUNT(*) FROM `{executers}` x WHERE x.state='alive' AND x.expires_at>{}",
            self.dialect().now
        );
        let live = count(&self.query(alive, Vec::new()).await?).unwrap_or_default();
        let mut lost = self.suspects(NOBODY).await?;
        lost.retain(|suspect| suspect.life != Life::Alive || suspect.has_ended());
        Ok(Standing { live, lost, foreign })
    }
}

/// Open rows that were given back since their executers' time was over.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Returned {
    /// How many there are.
    pub rows: u64,
    /// The longest of their runs, in seconds.
    pub seconds: f64,
}

impl Store {
    /// The selected open rows that were given back since their executers' time was over.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn returned(&mut self, selector: &Selector) -> Result<Returned> {
        if !self.has_sides {
            return Ok(Returned::default());
        }
        let (condition, binds) = selector.condition(self.dialect());
        let sql = format!(
            "SELECT COUNT(*), MAX(c.wall_seconds) FROM {} WHERE c.state='released' AND c.returns>0 AND e.status='created' AND {condition}",
            self.spec.joined("JOIN", self.dialect().same)
        );
        let rows = self.query(sql, binds).await?;
        Ok(rows.first().map_or_else(Returned::default, |row| Returned {
            rows: row.int(0).and_then(|n| u64::try_from(n).ok()).unwrap_or_default(),
            seconds: row.0.get(1).map_or(0.0, seconds_of),
        }))
    }
}

/// The ID of no executer.
const NOBODY: i64 = -1;

/// The process that a line tells from some column on: its number, boot, namespaces, user, and start.
pub(crate) fn process(row: &Row, from: usize) -> Option<ProcessIdentity> {
    let number = |index: usize| row.int(from + index).and_then(|n| u64::try_from(n).ok());
    Some(ProcessIdentity {
        boot: row.text(from + 1)?.to_owned(),
        namespaces: row.text(from + 2)?.to_owned(),
        uid: number(3)?.try_into().ok()?,
        pid: number(0)?.try_into().ok()?,
        started: number(4)?,
    })
}

fn suspect(mut row: Row) -> Suspect {
    let text = |index: usize| row.text(index).unwrap_or_default().to_owned();
    let number = |index: usize| row.int(index).and_then(|n| u64::try_from(n).ok());
    let (name, host, process, rows) = (text(1), text(2), process(&row, 3), number(14).unwrap_or_default());
    let (interval, silent, overdue) = (row.take(10), seconds_of(&row.take(12)), seconds_of(&row.take(13)));
    let life = match Life::of(row.text(8)) {
        Life::Alive if overdue >= 0.0 => Life::Late,
        life => life,
    };
    Suspect {
        id: row.int(0).unwrap_or_default(),
        name,
        host,
        pid: row.int(3).unwrap_or_default(),
        process,
        life,
        beat: row.int(9).unwrap_or_default(),
        // An executer of an earlier version has not said it.
        interval: interval.as_f64().and_then(|s| Duration::try_from_secs_f64(s).ok()).unwrap_or(Lease::default().beat),
        heard: row.text(11).map(local),
        silent_seconds: silent,
        seconds_left: (-overdue).max(0.0),
        rows,
    }
}
