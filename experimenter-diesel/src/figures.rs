//! What an attempt used, and how its process ended.

use serde_json::json;

use crate::Value;
use crate::dialect::Assignments;
use crate::statement::Row;

/// What an attempt used, and how its process ended.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Figures {
    /// The time that passed, in seconds.
    pub wall_seconds: f64,
    /// The time of processors in the program itself, in seconds.
    pub user_seconds: f64,
    /// The time of processors in the system, in seconds.
    pub system_seconds: f64,
    /// The most memory that was resident, where it is known.
    pub peak_bytes: Option<u64>,
    /// How many slots of the executer were busy meanwhile, this one included.
    pub busy_slots: u32,
    /// How it ended otherwise than by returning: `exit(3)`, `SIGSEGV`, `timed out after 2 h`.
    pub exit: Option<String>,
}

/// The claims' columns with the figures of the last attempt.
pub(crate) const COLUMNS: [&str; 6] =
    ["wall_seconds", "user_seconds", "system_seconds", "peak_bytes", "busy_slots", "exit_detail"];

impl Figures {
    /// Adds them to what is set of a claim; what is there stays where there are none.
    pub(crate) fn set(figures: Option<&Self>, set: Assignments) -> Assignments {
        let Some(figures) = figures else { return set };
        COLUMNS.iter().zip(figures.values()).fold(set, |set, (column, value)| set.value(column, value))
    }

    /// The columns for a SELECT from the claims `c`.
    pub(crate) fn selected() -> String {
        COLUMNS.map(|column| format!("c.{column}")).join(", ")
    }

    /// The figures in a row from a position on.
    pub(crate) fn read(row: &Row, from: usize) -> Option<Self> {
        let number = |index: usize| row.0.get(from + index).and_then(Value::as_f64);
        Some(Self {
            wall_seconds: number(0)?,
            user_seconds: number(1).unwrap_or_default(),
            system_seconds: number(2).unwrap_or_default(),
            peak_bytes: row.int(from + 3).and_then(|bytes| u64::try_from(bytes).ok()),
            busy_slots: row.int(from + 4).and_then(|slots| u32::try_from(slots).ok()).unwrap_or_default(),
            exit: row.text(from + 5).map(str::to_owned),
        })
    }

    /// As they are kept of an earlier attempt.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        json!({
            "wall_seconds": self.wall_seconds,
            "user_seconds": self.user_seconds,
            "system_seconds": self.system_seconds,
            "peak_bytes": self.peak_bytes,
            "busy_slots": self.busy_slots,
            "exit": self.exit,
        })
    }

    pub(crate) fn from_json(json: &serde_json::Value) -> Option<Self> {
        let seconds = |name: &str| json[name].as_f64();
        Some(Self {
            wall_seconds: seconds("wall_seconds")?,
            user_seconds: seconds("user_seconds").unwrap_or_default(),
            system_seconds: seconds("system_seconds").unwrap_or_default(),
            peak_bytes: json["peak_bytes"].as_u64(),
            busy_slots: json["busy_slots"].as_u64().and_then(|slots| u32::try_from(slots).ok()).unwrap_or_default(),
            exit: json["exit"].as_str().map(str::to_owned),
        })
    }

    fn values(&self) -> [Value; COLUMNS.len()] {
        // No database has a NaN.
        let seconds = |seconds: f64| Value::Float(if seconds.is_finite() { seconds } else { 0.0 });
        let count = |n: u64| Value::Int(i64::try_from(n).unwrap_or(i64::MAX));
        [
            seconds(self.wall_seconds),
            seconds(self.user_seconds),
            seconds(self.system_seconds),
            self.peak_bytes.map_or(Value::Null, count),
            count(self.busy_slots.into()),
            self.exit
                .as_deref()
                .map(|exit| exit.replace('\0', "\u{fffd}").chars().take(255).collect::<String>())
                .into(),
        ]
    }
}
