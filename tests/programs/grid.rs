//! One experiment that does what its keyfield `mode` says, and leaves a line outside of the database for each run.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use experimenter::Result;
use experimenter::prelude::*;

/// What a run does.
#[derive(Debug, Clone, Copy, PartialEq, Field)]
enum Mode {
    /// Returns the square.
    Square,
    /// Returns an error.
    Fail,
    /// Panics.
    Panic,
    /// Pauses.
    Pause,
    /// Returns what no database holds.
    Nan,
    /// Waits for the file `open` in the working directory.
    Wait,
}

#[experiment(
    keyfields = { mode: Mode = [Mode::Square], n: u32 = 0..2_000 },
    resultfields = { square: f64, seed: String, note: Option<String> },
    logtables = { steps: { step: i32 } },
)]
fn grid(key: &GridKey, run: &mut GridRun) -> Result<Outcome<GridResults>> {
    audit(key, run)?;
    run.log(GridSteps { step: 1 })?;
    run.write(GridPartial { note: Some("begun".to_owned()), ..GridPartial::default() })?;
    match key.mode {
        Mode::Square | Mode::Nan => {}
        Mode::Fail => drop(std::fs::read("there is no such file")?),
        Mode::Panic => panic!("n is {}", key.n),
        Mode::Pause => return Ok(Outcome::Paused),
        Mode::Wait => {
            while !Path::new("open").exists() {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
    let square = if key.mode == Mode::Nan { f64::NAN } else { f64::from(key.n).powi(2) };
    run.log(GridSteps { step: 2 })?;
    Ok(Outcome::Done(GridResults { square, seed: run.seed().to_string(), note: None }))
}

/// Appends a line to `audit`: the row, its attempt, its key.
fn audit(key: &GridKey, run: &GridRun) -> Result<()> {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open("audit")?;
    // One write of one short line is not torn.
    file.write_all(format!("{} {} {}\n", run.id(), run.attempt(), key.n).as_bytes())?;
    Ok(())
}

fn main() -> std::process::ExitCode {
    experimenter::main()
}
