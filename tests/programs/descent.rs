//! A study that `tests/pyexperimenter/descent.py` has in Python: the same table, the same results to the bit.

use std::io::Write;

use experimenter::prelude::*;

/// Gradient descent on a function of one variable; the values come from the configuration file.
#[experiment(
    keyfields = { objective: String, rate: f64, start: i32 },
    resultfields = { x: f64, loss: f64, steps: i32 },
    logtables = { losses: { step: i32, loss: f64 } },
)]
fn descent(key: &DescentKey, run: &mut DescentRun) -> experimenter::Result<DescentResults> {
    let limit: i32 = run.custom("limit")?;
    if let Ok(file) = run.custom::<std::path::PathBuf>("wait_for") {
        while !file.exists() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
    let mut x = f64::from(key.start);
    let mut steps = 0;
    while steps < limit && loss(&key.objective, x) > 1e-6 {
        x -= key.rate * slope(&key.objective, x);
        steps += 1;
        if steps % 10 == 0 {
            run.log(DescentLosses { step: steps, loss: loss(&key.objective, x) })?;
        }
    }
    audit(run.id())?;
    if !x.is_finite() {
        return Err(experimenter::Error::msg(format!("{} diverges", key.objective)));
    }
    Ok(DescentResults { x, loss: loss(&key.objective, x), steps })
}

fn loss(objective: &str, x: f64) -> f64 {
    if objective == "square" { x * x } else { x * x * x * x }
}

fn slope(objective: &str, x: f64) -> f64 {
    if objective == "square" { 2.0 * x } else { 4.0 * x * x * x }
}

/// Leaves a line outside of the database for each run.
fn audit(id: i64) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open("audit")?;
    file.write_all(format!("{id} rust\n").as_bytes())
}

fn main() -> std::process::ExitCode {
    experimenter::main()
}
