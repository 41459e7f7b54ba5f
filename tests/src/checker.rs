//! The judge of the fault rig: decides from the evidence of a run whether the promises of the protocol held.
//!
//! The evidence is the account that the witnesses gave of their executions outside of the database, the changes that
//! triggers noted in it, what the executers said was written, and the tables as they are in the end.
//!
//! | promise | how it is decided |
//! |---|---|
//! | I1 an attempt has one owner | no attempt was executed twice, none has two executers among the changes |
//! | I2 attempts only grow | by the changes of each claim |
//! | I3 what is acknowledged is there | each end that an executer told is that of the final row; no change undoes an end |
//! | I4 one result per row | by the changes of each row |
//! | I5 nothing is written with an old attempt | results, errors and partial results name their attempt and row |
//! | I6 no execution vanishes | if its executer ended by itself, its result is in the row or beside it; [`Evidence::kept`] is for results kept elsewhere |
//! | I7 a row is executed again only for a reason | no claim follows another without a return or a reset in between |
//! | I8 nothing stays running | by the final rows |
//! | I9 a fill makes each row once | by the final rows |
//! | I10 no live executer is declared dead | no executer is noted as dead that was left alone, and was there after that |
//! | I11 a graceful stop is no crash | a row has no more crashes than claims of executers that were killed or stopped |
//! | I12 PyExperimenter opens the table | not here: by the suite `interchange` |
//! | I13 no row mixes two attempts | the log of a row is that of the trail which its result tells |
//!
//! A row that somebody else has deleted is judged as it last was, and so is what others have executed: such results name
//! no execution.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::{self, Display, Formatter};

use crate::audit::{Change, ChangeOf, changes};
use crate::{Output, Target};

/// What is known of a run.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// The database, after the run.
    pub target: &'a Target,
    /// How many rows there should be.
    pub rows: usize,
    /// The witnesses' account of their executions.
    pub executions: &'a str,
    /// What became of each executer.
    pub executers: &'a [Ended],
    /// The executers that were killed, stopped or cut off at some time.
    pub disturbed: &'a BTreeSet<u32>,
    /// Results that are kept outside of the database.
    pub kept: &'a str,
}

/// An executer that has ended.
#[derive(Debug)]
pub struct Ended {
    /// Its number: processes have numbers too, but in a long run several have the same.
    pub number: u32,
    /// What it said.
    pub output: Output,
    /// When its end was seen, in seconds since 1970.
    pub at: f64,
}

/// A promise that was broken, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The promise: `I1` to `I13`.
    pub promise: &'static str,
    /// What broke it.
    pub story: String,
}

impl Display for Violation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.promise, self.story)
    }
}

/// Every promise that was broken.
#[track_caller]
pub fn violations(evidence: &Evidence<'_>) -> Vec<Violation> {
    let case = Case::new(evidence);
    let mut found = Vec::new();
    let mut judge = |promise, stories: Vec<String>| {
        found.extend(stories.into_iter().map(|story| Violation { promise, story }));
    };
    judge("I1", case.shared_attempts());
    judge("I2", case.shrinking_attempts());
    judge("I3", case.lost_ends());
    judge("I3", case.undone_ends());
    judge("I4", case.double_results());
    judge("I5", case.stale_writes());
    judge("I6", case.vanished());
    judge("I7", case.claims_without_reason());
    judge("I8", case.left_running());
    judge("I9", case.wrong_rows());
    judge("I10", case.false_deaths());
    judge("I11", case.false_crashes());
    judge("I13", case.mixed());
    found
}

/// An execution, as its witness tells it. A payload is `id:n:attempt:` and what makes it unique.
struct Execution {
    id: i64,
    attempt: i64,
    executer: u32,
    payload: String,
    ended: bool,
}

/// An end that an executer says was written.
struct Acknowledged {
    id: i64,
    attempt: i64,
    status: String,
}

/// A row as it is in the end, or as it last was.
struct Final {
    id: i64,
    is_there: bool,
    status: String,
    payload: Option<String>,
    trail: Option<String>,
    error: Option<String>,
}

struct Case<'a> {
    evidence: &'a Evidence<'a>,
    changes: Vec<Change>,
    executions: Vec<Execution>,
    acknowledged: Vec<Acknowledged>,
    rows: BTreeMap<i64, Final>,
}

impl<'a> Case<'a> {
    #[track_caller]
    fn new(evidence: &'a Evidence<'a>) -> Self {
        let changes = changes(evidence.target);
        let mut rows = finals(evidence.target);
        for change in changes.iter().rev().filter(|change| change.kind == ChangeOf::Row) {
            rows.entry(change.id).or_insert_with(|| Final::deleted(change));
        }
        Self {
            evidence,
            changes,
            executions: executions(evidence.executions),
            acknowledged: evidence.executers.iter().flat_map(|ended| acknowledged(&ended.output.stdout)).collect(),
            rows,
        }
    }

    /// The changes of one kind, by row.
    fn of(&self, kind: ChangeOf) -> BTreeMap<i64, Vec<&Change>> {
        let mut by_row: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for change in self.changes.iter().filter(|change| change.kind == kind) {
            by_row.entry(change.id).or_default().push(change);
        }
        by_row
    }

    /// The number of each executer by its IDs, of which it has another one after each time that it was declared dead.
    fn numbers(&self) -> HashMap<i64, u32> {
        let executers = self.changes.iter().filter(|change| change.kind == ChangeOf::Executer);
        executers.filter_map(|change| change.executer.zip(change.number)).collect()
    }

    fn ended(&self, number: u32) -> Option<&Ended> {
        self.evidence.executers.iter().find(|ended| ended.number == number)
    }

    fn shared_attempts(&self) -> Vec<String> {
        let mut stories = Vec::new();
        let mut executed: HashMap<_, Vec<_>> = HashMap::new();
        for execution in &self.executions {
            executed.entry((execution.id, execution.attempt)).or_default().push(&execution.payload);
        }
        for ((id, attempt), payloads) in executed.iter().filter(|(_, payloads)| payloads.len() > 1) {
            stories.push(format!("attempt {attempt} of row {id} was executed {} times: {payloads:?}", payloads.len()));
        }
        let numbers = self.numbers();
        for (id, changes) in self.of(ChangeOf::Claim) {
            let mut owners: BTreeMap<_, BTreeSet<&u32>> = BTreeMap::new();
            for change in changes.iter().filter(|change| change.state.as_deref() == Some("held")) {
                // An executer that took its row back after it was declared dead is the same process.
                owners.entry(change.attempt).or_default().extend(change.executer.and_then(|id| numbers.get(&id)));
            }
            for (attempt, owners) in owners.iter().filter(|(_, owners)| owners.len() > 1) {
                stories.push(format!("attempt {attempt:?} of row {id} belongs to the executers {owners:?}"));
            }
        }
        stories
    }

    fn shrinking_attempts(&self) -> Vec<String> {
        let pairs = pairs(self.of(ChangeOf::Claim));
        let shrunk = pairs.into_iter().filter(|(_, before, after)| after.attempt < before.attempt);
        shrunk.map(|(id, before, after)| format!("row {id} went from {before:?} to {after:?}")).collect()
    }

    fn lost_ends(&self) -> Vec<String> {
        let lost = self.acknowledged.iter().filter(|Acknowledged { id, attempt, status }| {
            let row = self.rows.get(id);
            !row.is_some_and(|row| row.status == *status && row.names().is_none_or(|name| name.attempt == *attempt))
        });
        lost.map(|Acknowledged { id, attempt, status }| {
            format!("attempt {attempt} of row {id} was told to be {status}, but the row is {}", self.describe(*id))
        })
        .collect()
    }

    fn undone_ends(&self) -> Vec<String> {
        let undone = pairs(self.of(ChangeOf::Row)).into_iter().filter(|(_, before, after)| {
            let is_end = matches!(before.status.as_deref(), Some("done" | "error"));
            is_end && (before.status != after.status || before.payload != after.payload)
        });
        undone.map(|(id, before, after)| format!("row {id} had ended as {before:?} and became {after:?}")).collect()
    }

    fn double_results(&self) -> Vec<String> {
        let mut stories = Vec::new();
        for (id, changes) in self.of(ChangeOf::Row) {
            let done = changes.iter().filter(|change| change.status.as_deref() == Some("done"));
            let results: BTreeSet<_> = done.map(|change| &change.payload).collect();
            if results.len() > 1 {
                stories.push(format!("row {id} was given several results: {results:?}"));
            }
        }
        stories
    }

    fn stale_writes(&self) -> Vec<String> {
        let mut stories = Vec::new();
        let mut attempts: HashMap<i64, i64> = HashMap::new();
        let mut rows: HashMap<i64, &Change> = HashMap::new();
        for change in &self.changes {
            match (change.kind, change.attempt) {
                (ChangeOf::Claim, Some(attempt)) => drop(attempts.insert(change.id, attempt)),
                (ChangeOf::Row, _) => {
                    let before = rows.insert(change.id, change);
                    let Some(name) = written(before, change) else { continue };
                    let attempt = attempts.get(&change.id).copied().unwrap_or_default();
                    if name.attempt != attempt || name.n.is_some_and(|n| Some(n) != change.n) {
                        stories.push(format!("row {} at attempt {attempt} became {change:?}", change.id));
                    }
                }
                _ => {}
            }
        }
        stories
    }

    fn vanished(&self) -> Vec<String> {
        let by_itself =
            |number: u32| self.ended(number).is_some_and(|ended| matches!(ended.output.code, Some(0 | 4 | 5)));
        let aside = self.evidence.target.sql("SELECT payload FROM experimenter__witness__attempts");
        let aside: Vec<_> = aside.into_iter().flatten().flatten().collect();
        let is_kept = |execution: &Execution| {
            let row = self.rows.get(&execution.id);
            let in_row = row.is_some_and(|row| row.texts().any(|text| text.contains(&execution.payload)));
            in_row
                || aside.iter().any(|text| text.contains(&execution.payload))
                || self.evidence.kept.contains(&execution.payload)
        };
        // One that was killed behind its last line had not told its result.
        let is_cut = |execution: &Execution| {
            let id = execution.id;
            let tells = |line: &str| {
                line.contains(&format!("\"event\":\"given back\",\"id\":{id}}}"))
                    || (line.contains("\"error\":\"killed by SIGKILL") && line.contains(&format!("\"id\":{id},")))
            };
            self.ended(execution.executer).is_some_and(|ended| ended.output.stdout.lines().any(tells))
        };
        let ended = self.executions.iter().filter(|execution| execution.ended && by_itself(execution.executer));
        let vanished = ended.filter(|execution| !is_kept(execution) && !is_cut(execution));
        vanished
            .map(|Execution { id, payload, .. }| {
                format!("the result {payload} is nowhere, and its row is {}", self.describe(*id))
            })
            .collect()
    }

    fn claims_without_reason(&self) -> Vec<String> {
        let held = |change: &Change| change.state.as_deref() == Some("held");
        let again = pairs(self.of(ChangeOf::Claim))
            .into_iter()
            .filter(|(_, before, after)| held(before) && held(after) && before.attempt != after.attempt);
        again.map(|(id, before, after)| format!("row {id} was claimed as {before:?} and again as {after:?}")).collect()
    }

    fn left_running(&self) -> Vec<String> {
        let left = self.rows.values().filter(|row| !matches!(&*row.status, "done" | "error"));
        left.map(|row| format!("row {} is {}", row.id, self.describe(row.id))).collect()
    }

    fn wrong_rows(&self) -> Vec<String> {
        let keys = "SELECT COUNT(*) FROM (SELECT DISTINCT n, fails, steps, millis FROM witness) k";
        let keys = self.evidence.target.value(keys).and_then(|count| count.parse().ok());
        let (rows, expected) = (self.rows.values().filter(|row| row.is_there).count(), self.evidence.rows);
        if keys == Some(expected) && rows == expected {
            return Vec::new();
        }
        vec![format!("{rows} rows with {keys:?} distinct keys in place of {expected}")]
    }

    fn false_deaths(&self) -> Vec<String> {
        let executers = self.changes.iter().filter(|change| change.kind == ChangeOf::Executer);
        let dead = executers.filter(|change| change.state.as_deref() == Some("dead"));
        // One that could not say any more that it left is declared dead too, and is gone.
        let was_there = |change: &Change| {
            let ended = change.number.and_then(|number| self.ended(number));
            ended.is_none_or(|Ended { at, output, .. }| {
                *at > change.at + 1.0 || output.stdout.contains("\"event\":\"declared dead\"")
            })
        };
        let is_left_alone =
            |change: &Change| change.number.is_none_or(|number| !self.evidence.disturbed.contains(&number));
        let falsely = dead.filter(|change| is_left_alone(change) && was_there(change));
        falsely
            .map(|change| {
                let Some(Ended { at, output, .. }) = change.number.and_then(|number| self.ended(number)) else {
                    return format!("an executer that was left alone was declared dead: {change:?}");
                };
                format!(
                    "an executer that was left alone was declared dead, and ended {} s later: {output}",
                    at - change.at
                )
            })
            .collect()
    }

    fn false_crashes(&self) -> Vec<String> {
        let numbers = self.numbers();
        let is_disturbed =
            |executer| numbers.get(&executer).is_some_and(|number| self.evidence.disturbed.contains(number));
        let mut stories = Vec::new();
        for (id, changes) in self.of(ChangeOf::Claim) {
            let crashes = changes.iter().filter_map(|change| change.crashes).max().unwrap_or_default();
            let disturbed = changes
                .iter()
                .filter(|change| change.state.as_deref() == Some("held") && change.executer.is_some_and(is_disturbed));
            let disturbed: BTreeSet<_> = disturbed.map(|change| change.attempt).collect();
            if usize::try_from(crashes).is_ok_and(|crashes| crashes > disturbed.len()) {
                stories.push(format!("row {id} has {crashes} crashes, of the disturbed attempts {disturbed:?}"));
            }
        }
        stories
    }

    fn mixed(&self) -> Vec<String> {
        let mut logs: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        let log = "SELECT experiment_id, step, attempt FROM witness__steps ORDER BY experiment_id, ID";
        for row in self.evidence.target.sql(log) {
            let [Some(id), Some(step), attempt] = &row[..] else { panic!("a log entry without its row: {row:?}") };
            let entries = logs.entry(id.parse().expect("an ID")).or_default();
            entries.push(format!("{step} by {}", attempt.as_deref().unwrap_or("nobody")));
        }
        let mut stories = Vec::new();
        for row in self.rows.values() {
            let Some(trail) = row.trail.as_ref().filter(|_| row.status == "done") else { continue };
            let steps = trail.split(',').filter(|attempt| !attempt.is_empty()).zip(1..);
            let expected: Vec<_> = steps.map(|(attempt, step)| format!("{step} by {attempt}")).collect();
            let log = logs.remove(&row.id).unwrap_or_default();
            if log != expected {
                let history = self.history(row.id);
                stories.push(format!(
                    "the log of row {} is {log:?}, its result tells of {expected:?}:\n{history}",
                    row.id
                ));
            }
        }
        stories
    }

    /// All that is known of a row: what is kept of its attempts beside it, and what its executers told of it.
    fn history(&self, id: i64) -> String {
        let side = |table: &str| {
            let lines = self
                .evidence
                .target
                .sql(&format!("SELECT * FROM experimenter__witness__{table} WHERE experiment_id = {id}"));
            lines.into_iter().map(move |line| {
                let values: Vec<_> = line.into_iter().map(|value| value.unwrap_or_else(|| "NULL".to_owned())).collect();
                format!("  {}", values.join(" | "))
            })
        };
        let changes = self.changes.iter().filter(|change| change.kind == ChangeOf::Claim && change.id == id);
        let owners = changes.map(|change| format!("  {change:?}"));
        let events = self.evidence.executers.iter().flat_map(|ended| {
            let of_row = ended.output.stdout.lines().filter(|line| {
                line.contains(&format!("\"id\":{id},"))
                    || line.contains(&format!("\"id\":{id}}}"))
                    || line.contains("declared dead")
            });
            let is_there = ended.output.stdout.contains(&format!("\"id\":{id},"));
            of_row.filter(move |_| is_there).map(|line| format!("  {}: {line}", ended.number))
        });
        side("attempts")
            .chain(side("claims"))
            .chain(side("checkpoints"))
            .chain(owners)
            .chain(events)
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn describe(&self, id: i64) -> String {
        self.rows.get(&id).map_or_else(
            || "gone".to_owned(),
            |row| format!("{} with {}", row.status, row.texts().collect::<Vec<_>>().join(" and ")),
        )
    }
}

impl Final {
    /// By the last change of a row that is not there. Its log went with it, and its trail is not among the changes.
    fn deleted(change: &Change) -> Self {
        let Change { id, status, payload, error, .. } = change.clone();
        Self { id, is_there: false, status: status.unwrap_or_default(), payload, trail: None, error }
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        self.payload.iter().chain(&self.error).map(String::as_str)
    }

    fn names(&self) -> Option<Name> {
        self.texts().find_map(Name::of)
    }
}

/// Which execution a result names.
struct Name {
    attempt: i64,
    n: Option<i64>,
}

impl Name {
    /// Of a payload, or of an error with one.
    fn of(text: &str) -> Option<Self> {
        let payload = text.split_once("payload ").map_or(text, |(_, payload)| payload);
        let mut parts = payload.split(':').map(str::trim);
        let (_, n, attempt) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { attempt: attempt.parse().ok()?, n: Some(n.parse().ok()?) })
    }
}

/// Whose result a change wrote, if it wrote any. What a row is set back to before another attempt begins was written by
/// earlier ones.
fn written(before: Option<&Change>, after: &Change) -> Option<Name> {
    let is_new = |of: fn(&Change) -> &Option<String>| before.is_none_or(|before| of(before) != of(after));
    let status = after.status.as_deref();
    if is_new(|change| &change.payload) && status == Some("done") {
        return after.payload.as_deref().and_then(Name::of);
    }
    if is_new(|change| &change.error) && status == Some("error") {
        return after.error.as_deref().and_then(Name::of);
    }
    if is_new(|change| &change.note) && status == Some("running") {
        let attempt = after.note.as_deref()?.parse().ok()?;
        return Some(Name { attempt, n: None });
    }
    None
}

/// Each change with the one before it, of the same row.
fn pairs(by_row: BTreeMap<i64, Vec<&Change>>) -> Vec<(i64, &Change, &Change)> {
    let of_row = |(id, changes): (i64, Vec<_>)| {
        let pairs: Vec<_> = changes.windows(2).map(|pair| (id, pair[0], pair[1])).collect();
        pairs
    };
    by_row.into_iter().flat_map(of_row).collect()
}

#[track_caller]
fn executions(account: &str) -> Vec<Execution> {
    let mut executions: Vec<Execution> = Vec::new();
    for line in account.lines() {
        let parts: Vec<_> = line.split(' ').collect();
        let [what, id, attempt, executer, payload] = parts[..] else { panic!("not a line of a witness: {line}") };
        match what {
            "start" => executions.push(Execution {
                id: id.parse().expect("an ID"),
                attempt: attempt.parse().expect("an attempt"),
                executer: executer.parse().expect("a number"),
                payload: payload.to_owned(),
                ended: false,
            }),
            _ => {
                let execution = executions.iter_mut().rev().find(|execution| execution.payload == payload);
                execution.expect("an end follows its start").ended = true;
            }
        }
    }
    executions
}

/// The ends that an executer told as events; the last line of a killed one may be torn.
fn acknowledged(events: &str) -> Vec<Acknowledged> {
    let mut attempts = HashMap::new();
    let mut acknowledged = Vec::new();
    for event in events.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()) {
        let Some(id) = event["id"].as_i64() else { continue };
        match (event["event"].as_str(), event["attempt"].as_i64(), event["status"].as_str()) {
            (Some("started"), Some(attempt), _) => drop(attempts.insert(id, attempt)),
            (Some("ended"), _, Some(status)) => {
                let attempt = attempts.get(&id).copied().unwrap_or_default();
                acknowledged.push(Acknowledged { id, attempt, status: status.to_owned() });
            }
            _ => {}
        }
    }
    acknowledged
}

#[track_caller]
fn finals(target: &Target) -> BTreeMap<i64, Final> {
    let rows = target.sql("SELECT ID, status, payload, trail, error FROM witness ORDER BY ID");
    rows.into_iter()
        .map(|row| {
            let mut values = row.into_iter();
            let id = values.next().flatten().and_then(|id| id.parse().ok()).expect("an ID");
            let mut text = || values.next().flatten();
            let status = text().unwrap_or_default();
            (id, Final { id, is_there: true, status, payload: text(), trail: text(), error: text() })
        })
        .collect()
}
