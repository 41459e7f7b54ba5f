//! A study whose values stand in a file: two local searches for short tours, with temperatures for one of them alone.
//!
//! ```text
//! cargo run -- run                                          fill, execute, show the results
//! cargo run -- summary --by algorithm,temperature --value gap
//! ```

mod instance;
mod random;
mod search;
mod tour;

use experimenter::{Error, prelude::*};

use crate::search::{Algorithm, Incumbent, annealing, two_opt};

/// Looks for a short tour through all cities of an instance.
#[experiment(
    // What has no `=` gets its values from config/experiment_configuration.yml.
    keyfields = {
        /// The cities.
        instance: String,
        /// How a tour is improved.
        algorithm: Algorithm,
        /// How long a detour annealing makes at first, with a chance of 1/e.
        temperature: Option<f64>,
        /// How many exchanges are tried.
        #[default = 300_000]
        iterations: u32,
        /// Decides whatever is random.
        seed: u64,
    },
    resultfields = {
        /// The length of the shortest tour that was found.
        length: f64,
        /// How much longer it is than the shortest there is, in percent.
        gap: f64,
        /// How many times a shorter tour was found.
        improvements: i64,
    },
    logtables = {
        /// The shortest tours on the way.
        incumbents: { iteration: i64, length: f64 },
    },
    only = |key| key.temperature.is_some() == (key.algorithm == Algorithm::Annealing),
)]
fn tsp(key: &TspKey, run: &mut TspRun) -> experimenter::Result<TspResults> {
    let instance = instance::load(&key.instance)?;
    let log_gain: f64 = run.custom("log_gain")?;
    let mut logged = f64::INFINITY;
    let log = |incumbent: Incumbent| {
        if incumbent.length < logged * (1.0 - log_gain) {
            logged = incumbent.length;
            run.log(entry(incumbent))?;
        }
        Ok(())
    };
    let best = match (key.algorithm, key.temperature) {
        (Algorithm::TwoOpt, _) => two_opt(&instance, key.iterations, key.seed, log)?,
        (Algorithm::Annealing, Some(temperature)) => annealing(&instance, key.iterations, key.seed, temperature, log)?,
        (Algorithm::Annealing, None) => return Err(Error::msg("annealing needs a temperature")),
    };
    if best.length < logged {
        run.log(entry(best))?;
    }
    Ok(TspResults { length: best.length, gap: instance.gap(best.length), improvements: best.improvements })
}

/// What is logged of an incumbent.
fn entry(incumbent: Incumbent) -> TspIncumbents {
    TspIncumbents { iteration: incumbent.iteration.into(), length: incumbent.length }
}

fn main() -> std::process::ExitCode {
    experimenter::main()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(algorithm: Algorithm, temperature: Option<f64>) -> TspKey {
        TspKey { instance: "uniform50".to_owned(), algorithm, temperature, iterations: 30_000, seed: 3 }
    }

    #[test]
    fn the_log_falls_to_the_result() -> experimenter::Result<()> {
        for key in [key(Algorithm::TwoOpt, None), key(Algorithm::Annealing, Some(1_000.0))] {
            let mut run = TspRun::offline().with_custom("log_gain", 0.02);
            let results = tsp(&key, &mut run)?;
            let lengths: Vec<f64> = run.logged::<TspIncumbents>().map(|entry| entry.length).collect();
            assert!((10..100).contains(&lengths.len()), "{key:?}: {lengths:?}");
            assert!(lengths.is_sorted_by(|longer, shorter| longer > shorter), "{key:?}: {lengths:?}");
            assert_eq!(lengths.last(), Some(&results.length));
        }
        Ok(())
    }

    #[test]
    fn equal_keys_give_equal_results() -> experimenter::Result<()> {
        let run = || {
            let mut run = TspRun::offline().with_custom("log_gain", 0.02);
            tsp(&key(Algorithm::Annealing, Some(1_000.0)), &mut run)
        };
        assert_eq!(run()?, run()?);
        Ok(())
    }

    #[test]
    fn annealing_without_a_temperature_is_an_error() {
        let mut run = TspRun::offline().with_custom("log_gain", 0.02);
        let error = tsp(&key(Algorithm::Annealing, None), &mut run).expect_err("no temperature");
        assert!(error.to_string().contains("temperature"), "{error}");
    }
}
