//! Random walks that take a while, on a cluster that stops its jobs before they are done.
//!
//! Each run keeps its state by `run.checkpoint`. Stopped at any time by SIGTERM, as Slurm does, it gives its row back, and
//! the next executer goes on where it was: result and log are those of a run that was never stopped.
//!
//! ```text
//! cargo run -p resume -- fill
//! while ! cargo run -p resume -- execute --wall-time 2s; do :; done
//! cargo run -p resume -- summary
//! ```

use std::time::Duration;

use experimenter::prelude::*;
use serde::{Deserialize, Serialize};

/// Walks on the square lattice: how far from their origin are they after so many steps?
#[experiment(
    keyfields = { walkers: u32 = [100], steps: u32 = [400], seed: u64 = 0..2 },
    resultfields = { mean_squared_distance: f64 },
    logtables = { distances: { step: u32, mean_squared_distance: f64 } },
)]
fn walk(key: &WalkKey, run: &mut WalkRun) -> experimenter::Result<WalkResults> {
    let mut walk = match run.restore()? {
        Some(walk) => walk,
        None => Walk::new(key.walkers, key.seed),
    };
    while walk.step < key.steps {
        walk.advance();
        if walk.step.is_multiple_of(10) {
            run.log(WalkDistances { step: walk.step, mean_squared_distance: walk.mean_squared_distance() })?;
        }
        run.progress(walk.step.into(), key.steps.into());
        run.checkpoint(&walk)?;
        // A real step takes its time.
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(WalkResults { mean_squared_distance: walk.mean_squared_distance() })
}

/// All that a run has to know to go on, the state of its random numbers included.
#[derive(Debug, Serialize, Deserialize)]
struct Walk {
    step: u32,
    places: Vec<(i64, i64)>,
    random: u64,
}

impl Walk {
    fn new(walkers: u32, seed: u64) -> Self {
        Self { step: 0, places: vec![(0, 0); walkers as usize], random: seed }
    }

    fn advance(&mut self) {
        self.step += 1;
        for (x, y) in &mut self.places {
            match random(&mut self.random) >> 62 {
                0 => *x += 1,
                1 => *x -= 1,
                2 => *y += 1,
                _ => *y -= 1,
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "walks are short")]
    fn mean_squared_distance(&self) -> f64 {
        let sum: i64 = self.places.iter().map(|(x, y)| x * x + y * y).sum();
        sum as f64 / self.places.len() as f64
    }
}

/// Sebastiano Vigna's SplitMix64, <https://prng.di.unimi.it/splitmix64.c>.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn main() -> std::process::ExitCode {
    experimenter::main()
}
