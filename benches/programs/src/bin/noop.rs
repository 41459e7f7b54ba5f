//! An experiment that does nothing, as a user would write it: what a row costs here is what a row costs at all.

use std::time::Duration;

use experimenter::prelude::*;

#[experiment(
    keyfields = {
        dataset: String = ["adult", "covertype", "iris", "letter", "wine"],
        c: f64 = [0.1, 1.0, 10.0, 100.0],
        seed: i64 = 0..50,
    },
    resultfields = { score: f64 },
)]
fn noop(key: &NoopKey, run: &mut NoopRun) -> experimenter::Result<NoopResults> {
    // To look at an executer that has nothing to do.
    if let Ok(seconds) = run.custom::<f64>("sleep") {
        std::thread::sleep(Duration::from_secs_f64(seconds));
    }
    Ok(NoopResults { score: key.c })
}

fn main() -> std::process::ExitCode {
    experimenter::main()
}
