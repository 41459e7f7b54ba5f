//! Two searches for a short tour, both by exchanges of two edges.

use experimenter::{Field, Result};

use crate::{
    instance::Instance,
    random::SplitMix64,
    tour::{Exchange, Tour},
};

/// How a tour is improved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Field)]
pub(crate) enum Algorithm {
    /// [`two_opt`]
    #[field(name = "two_opt")]
    TwoOpt,
    /// [`annealing`]
    #[field(name = "annealing")]
    Annealing,
}

/// The shortest tour so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Incumbent {
    /// How many exchanges had been tried when it was found.
    pub(crate) iteration: u32,
    /// Its length.
    pub(crate) length: f64,
    /// How many tours were the shortest so far before it.
    pub(crate) improvements: i64,
}

/// Tries exchange after exchange, makes those that shorten the tour, and starts again from a random tour when none does.
///
/// `seed` alone decides the random tours; `each` sees every incumbent as soon as it is found. The last is returned.
///
/// # Errors
///
/// Whatever `each` returns, at once.
pub(crate) fn two_opt(
    instance: &Instance,
    iterations: u32,
    seed: u64,
    each: impl FnMut(Incumbent) -> Result<()>,
) -> Result<Incumbent> {
    let mut random = SplitMix64(seed);
    let mut tour = Tour::random(instance, &mut random);
    let mut best = Best::new(&tour, each)?;
    let exchanges = Exchange::all(instance.cities());
    let mut in_vain = 0;
    for (iteration, &exchange) in (1..=iterations).zip(exchanges.iter().cycle()) {
        let change = tour.change(exchange);
        if change < 0.0 {
            tour.apply(exchange, change);
            best.see(iteration, &tour)?;
            in_vain = 0;
        } else {
            in_vain += 1;
        }
        if in_vain == exchanges.len() {
            tour = Tour::random(instance, &mut random);
            in_vain = 0;
        }
    }
    Ok(best.incumbent)
}

/// Tries random exchanges, and makes those that shorten the tour, and by chance some that do not.
///
/// The chance is `exp(-detour / temperature)`. The temperature, in the unit of distances, falls by an equal factor with
/// every try, to [`COLDEST`] of what it was.
///
/// `seed` decides every chance; `each` sees every incumbent as soon as it is found. The last is returned.
///
/// # Errors
///
/// Whatever `each` returns, at once.
pub(crate) fn annealing(
    instance: &Instance,
    iterations: u32,
    seed: u64,
    mut temperature: f64,
    each: impl FnMut(Incumbent) -> Result<()>,
) -> Result<Incumbent> {
    let mut random = SplitMix64(seed);
    let mut tour = Tour::random(instance, &mut random);
    let mut best = Best::new(&tour, each)?;
    let cooling = COLDEST.powf(1.0 / f64::from(iterations));
    for iteration in 1..=iterations {
        let exchange = Exchange::random(instance.cities(), &mut random);
        let change = tour.change(exchange);
        if change < 0.0 || random.unit() < (-change / temperature).exp() {
            tour.apply(exchange, change);
            best.see(iteration, &tour)?;
        }
        temperature *= cooling;
    }
    Ok(best.incumbent)
}

/// The share of its first temperature that annealing ends with.
const COLDEST: f64 = 1e-3;

/// The incumbent, and who is told of the next one.
struct Best<F> {
    incumbent: Incumbent,
    each: F,
}

impl<F: FnMut(Incumbent) -> Result<()>> Best<F> {
    fn new(tour: &Tour<'_>, mut each: F) -> Result<Self> {
        let incumbent = Incumbent { iteration: 0, length: tour.length(), improvements: 0 };
        each(incumbent)?;
        Ok(Self { incumbent, each })
    }

    fn see(&mut self, iteration: u32, tour: &Tour<'_>) -> Result<()> {
        let Incumbent { length, improvements, .. } = self.incumbent;
        if tour.length() < length {
            self.incumbent = Incumbent { iteration, length: tour.length(), improvements: improvements + 1 };
            (self.each)(self.incumbent)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use experimenter::Error;

    use super::*;
    use crate::instance::{NAMES, load};

    #[test]
    fn each_descent_finds_the_way_around_the_circle() -> Result<()> {
        // A tour that crosses itself can be shortened by an exchange, and only the way around does not cross itself.
        let circle = load("circle40")?;
        for seed in 0..5 {
            let best = two_opt(&circle, 50_000, seed, |_| Ok(()))?;
            assert_eq!(circle.gap(best.length), 0.0, "seed {seed}: {best:?}");
        }
        Ok(())
    }

    #[test]
    fn no_tour_is_shorter_than_the_shortest() -> Result<()> {
        for name in NAMES {
            let instance = load(name)?;
            let best = annealing(&instance, 200_000, 2, 1_000.0, |_| Ok(()))?;
            assert!((0.0..5.0).contains(&instance.gap(best.length)), "{name}: {best:?}");
        }
        Ok(())
    }

    #[test]
    fn the_seed_decides_every_incumbent() -> Result<()> {
        assert_eq!(incumbents(7)?, incumbents(7)?);
        assert_ne!(incumbents(7)?, incumbents(8)?);
        Ok(())
    }

    #[test]
    fn each_incumbent_is_shorter_than_the_one_before() -> Result<()> {
        let seen = incumbents(1)?;
        assert!(seen.len() > 10, "{seen:?}");
        for (number, pair) in seen.windows(2).enumerate() {
            assert!(pair[0].length > pair[1].length && pair[0].iteration < pair[1].iteration, "{pair:?}");
            assert_eq!(pair[1].improvements, number as i64 + 1);
        }
        Ok(())
    }

    /// What annealing finds on the way; the last is what it returns.
    fn incumbents(seed: u64) -> Result<Vec<Incumbent>> {
        let mut seen = Vec::new();
        let last = annealing(&load("uniform50")?, 20_000, seed, 1_000.0, |incumbent| {
            seen.push(incumbent);
            Ok(())
        })?;
        assert_eq!(seen.last(), Some(&last));
        Ok(seen)
    }

    #[test]
    fn an_error_of_the_caller_ends_it_at_once() -> Result<()> {
        let mut calls = 0;
        let stopped = two_opt(&load("circle40")?, 1_000, 0, |_| {
            calls += 1;
            Err(Error::msg("enough"))
        });
        assert!(stopped.is_err());
        assert_eq!(calls, 1);
        Ok(())
    }
}
