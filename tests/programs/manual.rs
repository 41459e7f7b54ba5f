//! The study of `docs/from-pyexperimenter.md`, where its parts are shown as `src/main.rs`.

use experimenter::prelude::*;

/// Gradient descent on a function of one variable.
#[experiment(
    keyfields = { objective: String, rate: f64, start: i32 },
    resultfields = { x: f64, loss: f64, steps: i32 },
    logtables = { losses: { step: i32, loss: f64 } },
)]
fn descent(key: &DescentKey, run: &mut DescentRun) -> experimenter::Result<DescentResults> {
    let limit: i32 = run.custom("limit")?;
    let (mut x, mut steps) = (f64::from(key.start), 0);
    while steps < limit && loss(&key.objective, x) > 1e-6 {
        x -= key.rate * slope(&key.objective, x);
        steps += 1;
        if steps % 10 == 0 {
            run.log(DescentLosses { step: steps, loss: loss(&key.objective, x) })?;
        }
    }
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

fn main() -> std::process::ExitCode {
    experimenter::main()
}

/// One step from some places.
#[experiment(
    keyfields = {
        objective: String = ["square", "quartic"],
        rate: f64 = [0.05, 0.1],
        start: i32 = 1..4,
    },
    resultfields = { loss: f64 },
    only = |key| key.objective == "square" || key.start < 3,
    rows = || [ChosenKey { objective: "square".to_owned(), rate: 0.4, start: 9 }],
)]
fn chosen(key: &ChosenKey) -> ChosenResults {
    let x = f64::from(key.start);
    ChosenResults { loss: loss(&key.objective, x - key.rate * slope(&key.objective, x)) }
}

/// Two steps, of which the second remembers the first.
#[experiment(
    keyfields = {
        rate: f64 = [0.05, 0.1],
        #[default = 0.0]
        momentum: f64 = [0.0, 0.9],
    },
    resultfields = { loss: f64 },
)]
fn tuned(key: &TunedKey) -> TunedResults {
    let step = key.rate * slope("square", 1.0);
    let x = 1.0 - step;
    TunedResults { loss: loss("square", x - key.rate * slope("square", x) - key.momentum * step) }
}

/// Two halves of a run, with a pause between them.
#[experiment(keyfields = { start: i32 = [1, 2] }, resultfields = { x: f64 })]
fn halves(key: &HalvesKey, run: &mut HalvesRun) -> experimenter::Result<Outcome<HalvesResults>> {
    let saved = run.dir()?.join("x");
    if let Ok(x) = std::fs::read_to_string(&saved) {
        return Ok(Outcome::Done(HalvesResults { x: x.parse::<f64>()? / 2.0 }));
    }
    std::fs::write(&saved, (f64::from(key.start) / 2.0).to_string())?;
    Ok(Outcome::Paused)
}
