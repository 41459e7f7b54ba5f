//! One experiment that leaves an account of every execution outside of the database, and a result that names it.
//!
//! It makes a few steps, each with a partial result, a log entry and a checkpoint, so that a row that goes on where another
//! attempt stopped shows which attempt made which step. The file `executions` in the working directory has a line for the
//! start of each execution and one for its end.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use experimenter::prelude::*;
use experimenter::{Error, Result};
use serde::{Deserialize, Serialize};

/// Where an execution is, and which attempt made each step so far.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Trail {
    attempts: Vec<i64>,
}

#[experiment(
    keyfields = { n: u32 = 0..3, fails: bool = [false], steps: u32 = [2], millis: u64 = [0] },
    resultfields = { payload: String, trail: String, note: Option<String> },
    logtables = { steps: { step: u32 } },
)]
fn witness(key: &WitnessKey, run: &mut WitnessRun) -> Result<WitnessResults> {
    // The row, its key, its attempt and this execution alone.
    let payload = format!("{}:{}:{}:{}-{}", run.id(), key.n, run.attempt(), std::process::id(), nanoseconds()?);
    account("start", run, &payload)?;
    let mut trail: Trail = run.restore()?.unwrap_or_default();
    while trail.attempts.len() < key.steps as usize {
        trail.attempts.push(run.attempt());
        hold(key, "-write")?;
        run.write(WitnessPartial { note: Some(run.attempt().to_string()), ..WitnessPartial::default() })?;
        hold(key, "-log")?;
        run.log(WitnessSteps { step: u32::try_from(trail.attempts.len())? })?;
        hold(key, "-checkpoint")?;
        run.checkpoint(&trail)?;
        std::thread::sleep(Duration::from_millis(key.millis));
    }
    hold(key, "")?;
    account("end", run, &payload)?;
    if key.fails {
        return Err(Error::msg(format!("payload {payload}")));
    }
    let attempts: Vec<_> = trail.attempts.iter().map(i64::to_string).collect();
    Ok(WitnessResults { payload, trail: attempts.join(","), note: Some(run.attempt().to_string()) })
}

/// Waits as long as there is a file `hold-N`, or one of a certain moment; a file `held-N` says that it does.
fn hold(key: &WitnessKey, moment: &str) -> Result<()> {
    let file = format!("hold-{}{moment}", key.n);
    if Path::new(&file).exists() {
        std::fs::write(format!("held-{}{moment}", key.n), "")?;
    }
    while Path::new(&file).exists() {
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// Appends a line: what, row, attempt, number of the executer as whoever started it tells, payload.
fn account(what: &str, run: &WitnessRun, payload: &str) -> Result<()> {
    let executer = std::env::var("WITNESS").unwrap_or_else(|_| "0".to_owned());
    let line = format!("{what} {} {} {executer} {payload}\n", run.id(), run.attempt());
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open("executions")?;
    // One write of one short line is not torn.
    file.write_all(line.as_bytes())?;
    Ok(())
}

fn nanoseconds() -> Result<u128> {
    Ok(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_nanos())
}

fn main() -> std::process::ExitCode {
    experimenter::main()
}
