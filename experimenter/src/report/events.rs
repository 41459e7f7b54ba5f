//! What happens, as JSON: one object a line, for scripts. Names and fields are documented in the README and stay.

use serde_json::{Value, json};

use crate::executer::{End, Event};

/// An event as an object with its name in `event`; `None` for what is no news to a script.
pub(super) fn as_json(event: &Event, names: &[String]) -> Option<Value> {
    Some(match event {
        Event::Started { slot, id, attempt, key } => {
            let key = names.iter().cloned().zip(key.iter().map(experimenter_diesel::Value::to_json));
            let key: serde_json::Map<_, _> = key.collect();
            json!({ "event": "started", "id": id, "attempt": attempt, "slot": slot, "key": key })
        }
        Event::Progress { slot, done, total } => {
            json!({ "event": "progress", "slot": slot, "done": done, "total": total })
        }
        Event::Said { id, text } => json!({ "event": "said", "id": id, "text": text }),
        Event::Idle { .. } => return None,
        Event::Ended { id, end, elapsed } => {
            let (status, error) = match end {
                End::Done => ("done", None),
                End::Paused => ("paused", None),
                End::Error(headline) => ("error", Some(headline)),
            };
            json!({ "event": "ended", "id": id, "status": status, "seconds": elapsed.as_secs_f64(), "error": error })
        }
        Event::GivenBack { id } => json!({ "event": "given back", "id": id }),
        Event::Unfit(unfit) => json!({
            "event": "unfit", "id": unfit.id, "field": unfit.field, "value": unfit.value, "reason": unfit.reason,
        }),
        Event::Fenced(error) => json!({ "event": "fenced", "reason": error.to_string() }),
        Event::Silent(reason) => json!({ "event": "silent", "reason": reason.to_string() }),
        Event::Reaped { dead, reaped } => json!({
            "event": "reaped", "executer": dead.executer.name, "host": dead.executer.host, "pid": dead.executer.pid,
            "opened": reaped.opened, "given_up": reaped.given_up,
        }),
        Event::Lapsed { rows, observation } => {
            json!({ "event": "lapsed", "rows": rows, "observation_seconds": observation.as_secs_f64() })
        }
        Event::DeclaredDead { rows } => json!({ "event": "declared dead", "rows": rows }),
        Event::Lost { id } => json!({ "event": "lost", "id": id }),
        Event::Away(reason) => json!({ "event": "away", "reason": reason.to_string() }),
        Event::Back { after } => json!({ "event": "back", "seconds": after.as_secs_f64() }),
        Event::Unlogged { id, reason } => json!({ "event": "unlogged", "id": id, "reason": reason.to_string() }),
        Event::Waiting { id, reason } => json!({ "event": "waiting", "id": id, "reason": reason.to_string() }),
        Event::Blocked(reason) => json!({ "event": "blocked", "reason": reason.to_string() }),
        Event::OutOfTime { least } => json!({ "event": "out of time", "least_seconds": least.as_secs_f64() }),
        Event::Stopping { why, running, grace } => {
            json!({ "event": "stopping", "why": why, "running": running, "grace_seconds": grace.as_secs_f64() })
        }
        Event::SlowSlot { waited } => json!({ "event": "slow slot", "seconds": waited.as_secs_f64() }),
        Event::Unspooled { reason } => json!({ "event": "unspooled", "reason": reason }),
        Event::Uncaptured { reason } => json!({ "event": "uncaptured", "reason": reason }),
    })
}
