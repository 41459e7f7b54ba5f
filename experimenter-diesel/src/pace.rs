//! How fast the rows end, and how long those run that do.

use crate::report::seconds_of;
use crate::spec::Side;
use crate::store::Store;
use crate::{Counts, Result, Status};

/// How fast the rows end, as far as the executers have told.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pace {
    /// How long a row takes on average, in seconds; unknown before one has ended.
    pub mean_seconds: Option<f64>,
    /// How many rows end in a second, with the slots that are at work; 0 where none is, or where it is not known.
    pub rows_per_second: f64,
    /// The rows that executers run now, the longest first.
    pub running: Vec<RunningRow>,
}

/// A row that an executer runs.
#[derive(Debug, Clone, PartialEq)]
pub struct RunningRow {
    /// The row's `ID`.
    pub id: i64,
    /// How long ago it was claimed, in seconds.
    pub seconds: f64,
    /// The executer's name.
    pub name: String,
    /// The executer's host.
    pub host: String,
}

impl Pace {
    /// How long it takes until no row is open or runs, in seconds: the open rows, and of each running one what is left of
    /// the mean. Unknown where nobody is at work, where no row has ended yet, or where all that is left are rows that run
    /// for longer than the mean.
    #[must_use]
    pub fn seconds_left(&self, counts: &Counts) -> Option<f64> {
        let mean = self.mean_seconds.filter(|mean| *mean > 0.0)?;
        let left: f64 = self.running.iter().map(|row| (1.0 - row.seconds / mean).max(0.0)).sum();
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let rows = counts.of(Status::Created) as f64 + left;
        (rows > 0.0 && self.rows_per_second > 0.0).then(|| rows / self.rows_per_second)
    }
}

/// What an executer that is at work has told.
struct Worker {
    ended: f64,
    seconds: f64,
    running: f64,
}

impl Store {
    /// How fast the rows end, and which run.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn pace(&mut self) -> Result<Pace> {
        if !self.has_sides {
            return Ok(Pace::default());
        }
        let executers = self.side(Side::Executers);
        let sums = format!("SELECT SUM(x.busy_seconds), SUM(x.done + x.failed) FROM `{executers}` x");
        let sums = self.query(sums, Vec::new()).await?;
        let [busy, ended] = [0, 1].map(|index| sums.first().map_or(0.0, |row| seconds_of(&row.0[index])));
        let mean_seconds = (ended > 0.0).then(|| busy / ended);
        let running = self.running_rows().await?;
        let workers = self.workers().await?;
        let rate = |worker: &Worker| match mean_seconds {
            // What it has done so far tells also what it takes to claim and to write back.
            _ if worker.ended > 0.0 && worker.seconds > 0.0 => worker.ended / worker.seconds,
            Some(mean) if mean > 0.0 => worker.running / mean,
            _ => 0.0,
        };
        let rows_per_second = workers.iter().filter(|worker| worker.running > 0.0).map(rate).sum();
        Ok(Pace { mean_seconds, rows_per_second, running })
    }

    async fn running_rows(&mut self) -> Result<Vec<RunningRow>> {
        let sql = format!(
            "SELECT e.ID, {}, x.name, x.host FROM {} ORDER BY c.claimed_at, e.ID",
            self.dialect().seconds_since.replace("{}", "c.claimed_at"),
            self.rows_at_work(),
        );
        let rows = self.query(sql, Vec::new()).await?;
        let running = rows.into_iter().filter_map(|row| {
            let text = |index: usize| row.text(index).unwrap_or_default().to_owned();
            Some(RunningRow { id: row.int(0)?, seconds: seconds_of(&row.0[1]).max(0.0), name: text(2), host: text(3) })
        });
        Ok(running.collect())
    }

    async fn workers(&mut self) -> Result<Vec<Worker>> {
        let since = |column: &str| self.dialect().seconds_since.replace("{}", column);
        let sql = format!(
            "SELECT MAX(x.done + x.failed), MAX({} - {}), COUNT(*) FROM {} GROUP BY x.executer_id",
            since("x.started_at"),
            since("x.beat_at"),
            self.rows_at_work(),
        );
        let rows = self.query(sql, Vec::new()).await?;
        let number = |row: &crate::statement::Row, index: usize| row.0.get(index).map_or(0.0, seconds_of);
        let worker = |row| Worker { ended: number(&row, 0), seconds: number(&row, 1), running: number(&row, 2) };
        Ok(rows.into_iter().map(worker).collect())
    }

    /// The rows that executers run whose leases last: `e`, with its claim `c` and its executer `x`.
    fn rows_at_work(&self) -> String {
        format!(
            "{} JOIN `{}` x ON x.executer_id=c.executer_id \
             WHERE e.status='running' AND c.state='held' AND x.state='alive' AND x.expires_at>{}",
            self.spec.joined("JOIN", self.dialect().same),
            self.side(Side::Executers),
            self.dialect().now,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_counts_what_runs_in_part() {
        let row = |seconds| RunningRow { id: 1, seconds, name: String::new(), host: String::new() };
        let mut counts = Counts::default();
        counts.add(Some(Status::Created), 7);
        let pace =
            Pace { mean_seconds: Some(10.0), rows_per_second: 0.5, running: vec![row(30.0), row(5.0), row(5.0)] };
        assert_eq!(pace.seconds_left(&counts), Some(16.0));
        let none = Counts::default();
        assert_eq!(Pace { running: vec![row(30.0)], ..pace.clone() }.seconds_left(&none), None);
        assert_eq!(Pace { rows_per_second: 0.0, ..pace.clone() }.seconds_left(&counts), None);
        assert_eq!(Pace { mean_seconds: None, ..pace }.seconds_left(&counts), None);
    }
}
