//! The ground truth: triggers that note every change of the witnesses' rows, claims and executers.

use crate::Target;

/// The columns of the table of changes, each with what is noted of a row, of a claim, and of an executer.
const COLUMNS: [[&str; 4]; 11] = [
    ["id", "NEW.ID", "NEW.experiment_id", "NULL"],
    ["n", "NEW.n", "NULL", "NULL"],
    ["status", "NEW.status", "NULL", "NULL"],
    ["payload", "NEW.payload", "NULL", "NULL"],
    ["note", "NEW.note", "NULL", "NULL"],
    ["error", "NEW.error", "NULL", "NULL"],
    ["attempt", "NULL", "NEW.attempt", "NULL"],
    ["state", "NULL", "NEW.state", "NEW.state"],
    ["executer_id", "NULL", "NEW.executer_id", "NEW.executer_id"],
    ["crashes", "NULL", "NEW.crashes", "NULL"],
    ["number", "NULL", "NULL", "NEW.name"],
];

/// A change that took effect. What its kind does not have is nothing.
#[derive(Clone, Debug)]
pub struct Change {
    /// Of which table.
    pub kind: ChangeOf,
    /// The row's ID.
    pub id: i64,
    /// The row's keyfield `n`.
    pub n: Option<i64>,
    /// The row's status.
    pub status: Option<String>,
    /// The row's result that names its execution.
    pub payload: Option<String>,
    /// The row's partial result, which is the number of an attempt.
    pub note: Option<String>,
    /// The row's error.
    pub error: Option<String>,
    /// The claim's attempt.
    pub attempt: Option<i64>,
    /// The state of the claim, or of the executer.
    pub state: Option<String>,
    /// The claim's owner, or the executer.
    pub executer: Option<i64>,
    /// The claim's count of crashes.
    pub crashes: Option<i64>,
    /// The executer's number, which is its name.
    pub number: Option<u32>,
    /// When it took effect, in seconds since 1970.
    pub at: f64,
}

/// What was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeOf {
    /// A row of the main table.
    Row,
    /// The line of a row among the claims.
    Claim,
    /// The line of an executer.
    Executer,
}

impl ChangeOf {
    const ALL: [Self; 3] = [Self::Row, Self::Claim, Self::Executer];

    fn name(self) -> &'static str {
        ["row", "claim", "executer"][self as usize]
    }

    fn table(self) -> &'static str {
        ["witness", "experimenter__witness__claims", "experimenter__witness__executers"][self as usize]
    }
}

/// Has every change of the witnesses' tables, which exist, noted from now on. Changes of one row are noted in the order
/// in which they took effect, since whoever makes one holds the row's lock; those that are rolled back are not noted.
#[track_caller]
pub fn install(target: &Target) {
    let (id, at, same, begin, end) = match target.is_sqlite() {
        true => {
            let now = "TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))";
            ("INTEGER PRIMARY KEY AUTOINCREMENT", now, "IS", "BEGIN", "; END")
        }
        false => ("BIGINT PRIMARY KEY AUTO_INCREMENT", "DATETIME(6) DEFAULT (UTC_TIMESTAMP(6))", "<=>", "", ""),
    };
    let columns = COLUMNS.map(|[column, ..]| format!(", `{column}` TEXT"));
    target.sql(&format!("CREATE TABLE audit (seq {id}, at {at}, kind TEXT{})", columns.concat()));
    let names = COLUMNS.map(|[column, ..]| format!(", `{column}`")).concat();
    for kind in ChangeOf::ALL {
        let (kind_name, table) = (kind.name(), kind.table());
        let values = COLUMNS.map(|column| column[kind as usize + 1]);
        let noted = values.map(|value| format!(", {value}")).concat();
        let note = format!("INSERT INTO audit (kind{names}) SELECT '{kind_name}'{noted}");
        let kept = values.iter().filter(|value| **value != "NULL");
        let unchanged: Vec<_> = kept.map(|value| format!("{value} {same} {}", value.replace("NEW", "OLD"))).collect();
        let from = if target.is_sqlite() { "" } else { "FROM DUAL" };
        let changed = format!("{note} {from} WHERE NOT ({})", unchanged.join(" AND "));
        for (event, noted) in [("INSERT", &note), ("UPDATE", &changed)] {
            let name = format!("audit_{kind_name}_{}", event.to_lowercase());
            target.sql(&format!("CREATE TRIGGER {name} AFTER {event} ON `{table}` FOR EACH ROW {begin} {noted}{end}"));
        }
    }
}

/// Every change so far, in its order.
#[track_caller]
pub fn changes(target: &Target) -> Vec<Change> {
    let names = COLUMNS.map(|[column, ..]| format!(", `{column}`")).concat();
    let at = match target.is_sqlite() {
        true => "(julianday(at) - julianday('1970-01-01')) * 86400.0",
        false => "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', at) / 1000000.0",
    };
    let rows = target.sql(&format!("SELECT kind{names}, {at} FROM audit ORDER BY seq"));
    rows.into_iter().map(change).collect()
}

fn change(row: Vec<Option<String>>) -> Change {
    let mut values = row.into_iter();
    let mut text = || values.next().flatten();
    fn number<T: std::str::FromStr>(text: Option<String>) -> Option<T> {
        text.and_then(|text| text.parse().ok())
    }
    let kind = text();
    Change {
        kind: ChangeOf::ALL.into_iter().find(|of| Some(of.name()) == kind.as_deref()).expect("a kind of change"),
        id: number(text()).unwrap_or_default(),
        n: number(text()),
        status: text(),
        payload: text(),
        note: text(),
        error: text(),
        attempt: number(text()),
        state: text(),
        executer: number(text()),
        crashes: number(text()),
        number: number(text()),
        at: number(text()).unwrap_or_default(),
    }
}
