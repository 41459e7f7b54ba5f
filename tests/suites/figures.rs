//! What a storm has done, and how fast work went on after it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};
use std::time::{SystemTime, UNIX_EPOCH};

use experimenter_tests::audit::{Change, ChangeOf, changes};
use experimenter_tests::checker::Violation;

use super::Rig;

/// What a storm has done.
#[derive(Debug, Default)]
pub(super) struct Toll {
    /// The executers that were killed, each with the time.
    pub(super) killed: Vec<(u32, f64)>,
    pub(super) stopped: usize,
    pub(super) terminated: usize,
    pub(super) slots_killed: usize,
    /// When servers were there again after they had been killed.
    pub(super) restarted: Vec<f64>,
}

impl Toll {
    /// How many executers and servers a storm kills at least: the four of `tests/run.sh` together 200 and 10.
    const LEAST_KILLED: usize = 50;
    const LEAST_RESTARTED: usize = 5;

    /// Whether this was a storm.
    pub(super) fn is_heavy(&self, has_server: bool) -> bool {
        self.killed.len() >= Self::LEAST_KILLED && (!has_server || self.restarted.len() >= Self::LEAST_RESTARTED)
    }
}

/// The present time, in seconds since 1970.
pub(super) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_secs_f64()
}

impl Display for Toll {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { killed, stopped, terminated, slots_killed, restarted } = self;
        write!(
            f,
            "{} executers killed, {stopped} stopped for a while, {terminated} asked to end, {slots_killed} slots killed, {} \
             servers killed",
            killed.len(),
            restarted.len()
        )
    }
}

/// The figures of a storm that is over.
pub(super) struct Figures {
    toll: String,
    rows: usize,
    executions: usize,
    /// What was broken, as it is counted.
    broken: [(&'static str, usize); 4],
    /// From a kill until a row of that executer was open, ended or another's, in seconds.
    rows_back: Vec<f64>,
    /// From a restart until a row was claimed or ended, in seconds.
    work_again: Vec<f64>,
}

impl Figures {
    pub(super) fn new(rig: &Rig<'_>, toll: &Toll, violations: &[Violation]) -> Self {
        let count = |promises: &[&str]| violations.iter().filter(|found| promises.contains(&found.promise)).count();
        let changes = changes(rig.target);
        Self {
            toll: toll.to_string(),
            rows: rig.rows,
            executions: rig.executions("start"),
            broken: [
                ("lost", count(&["I3", "I6"])),
                ("double-committed", count(&["I1", "I4"])),
                ("stale overwrites", count(&["I5"])),
                ("false reaps", count(&["I10"])),
            ],
            rows_back: rows_back(&changes, &toll.killed),
            work_again: toll.restarted.iter().filter_map(|at| work_after(&changes, *at)).collect(),
        }
    }
}

fn rows_back(changes: &[Change], killed: &[(u32, f64)]) -> Vec<f64> {
    let mut back = Vec::new();
    for (number, at) in killed {
        let executers =
            changes.iter().filter(|change| change.kind == ChangeOf::Executer && change.number == Some(*number));
        let executers: BTreeSet<_> = executers.filter_map(|change| change.executer).collect();
        let claims = || changes.iter().filter(|change| change.kind == ChangeOf::Claim);
        // What of a row was the last change before the kill.
        let held: BTreeMap<_, _> =
            claims().filter(|change| change.at <= *at).map(|change| (change.id, change)).collect();
        let is_theirs = |change: &Change| {
            change.state.as_deref() == Some("held") && change.executer.is_some_and(|id| executers.contains(&id))
        };
        for id in held.into_iter().filter(|(_, change)| is_theirs(change)).map(|(id, _)| id) {
            let next = claims().find(|change| change.id == id && change.at > *at);
            back.extend(next.map(|change| change.at - at));
        }
    }
    back
}

fn work_after(changes: &[Change], at: f64) -> Option<f64> {
    let is_work = |change: &&Change| {
        change.kind == ChangeOf::Claim && matches!(change.state.as_deref(), Some("held" | "finished"))
    };
    changes.iter().filter(is_work).find(|change| change.at > at).map(|change| change.at - at)
}

/// The median and the largest of some times.
fn spread(times: &[f64]) -> String {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    match (times.get(times.len() / 2), times.last()) {
        (Some(median), Some(most)) => {
            format!("{median:.2} s in the median, {most:.2} s at most ({} times)", times.len())
        }
        _ => "never".to_owned(),
    }
}

impl Display for Figures {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { toll, rows, executions, broken, rows_back, work_again } = self;
        write!(f, "  {toll}\n  {rows} rows, {executions} executions")?;
        broken.iter().try_for_each(|(what, n)| write!(f, ", {what} {n}"))?;
        write!(f, "\n  rows of killed executers were back after {}", spread(rows_back))?;
        match work_again[..] {
            [] => Ok(()),
            _ => write!(f, "\n  after a restart of the server work went on after {}", spread(work_again)),
        }
    }
}
