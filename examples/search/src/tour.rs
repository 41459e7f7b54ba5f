//! A tour through every city and back, and how it is changed.

use crate::{instance::Instance, random::SplitMix64};

/// The order in which the cities of an instance are visited.
#[derive(Clone, Debug)]
pub(crate) struct Tour<'a> {
    instance: &'a Instance,
    order: Vec<usize>,
    length: f64,
}

/// The smallest change of a tour: two of its edges are replaced by the two others that close it again.
///
/// That is to visit the cities from one position to another in reverse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exchange {
    /// The position of the first city to reverse, at least 1.
    first: usize,
    /// The position of the last one, beyond the first.
    last: usize,
}

impl Exchange {
    /// Every exchange in a tour of so many cities.
    pub(crate) fn all(cities: usize) -> Vec<Self> {
        (1..cities).flat_map(|first| (first + 1..cities).map(move |last| Self { first, last })).collect()
    }

    /// Any exchange in a tour of so many cities.
    pub(crate) fn random(cities: usize, random: &mut SplitMix64) -> Self {
        let positions = cities - 1;
        let one = random.below(positions);
        let other = (one + 1 + random.below(positions - 1)) % positions;
        Self { first: one.min(other) + 1, last: one.max(other) + 1 }
    }
}

impl<'a> Tour<'a> {
    /// A tour in random order.
    pub(crate) fn random(instance: &'a Instance, random: &mut SplitMix64) -> Self {
        let mut order: Vec<usize> = (0..instance.cities()).collect();
        random.shuffle(&mut order);
        let length = length(instance, &order);
        Self { instance, order, length }
    }

    /// The sum of the distances.
    pub(crate) fn length(&self) -> f64 {
        self.length
    }

    /// How much longer the exchange would make the tour.
    pub(crate) fn change(&self, Exchange { first, last }: Exchange) -> f64 {
        let next = if last + 1 == self.order.len() { 0 } else { last + 1 };
        let [before, start, end, after] = [first - 1, first, last, next].map(|position| self.order[position]);
        let distance = |from, to| self.instance.distance(from, to);
        distance(before, end) + distance(start, after) - distance(before, start) - distance(end, after)
    }

    /// Makes the exchange, which changes the length by `change`.
    pub(crate) fn apply(&mut self, exchange: Exchange, change: f64) {
        self.order[exchange.first..=exchange.last].reverse();
        self.length += change;
    }
}

fn length(instance: &Instance, order: &[usize]) -> f64 {
    let back = order.first().into_iter();
    let next = order.iter().skip(1).chain(back);
    order.iter().zip(next).map(|(&from, &to)| instance.distance(from, to)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instance::load;

    #[test]
    fn every_exchange_changes_the_length_as_foretold() {
        let instance = load("uniform50").expect("a known name");
        let mut tour = Tour::random(&instance, &mut SplitMix64(1));
        for exchange in Exchange::all(instance.cities()) {
            tour.apply(exchange, tour.change(exchange));
            assert_eq!(tour.length(), length(&instance, &tour.order), "{exchange:?}");
        }
        tour.order.sort_unstable();
        assert_eq!(tour.order, (0..instance.cities()).collect::<Vec<_>>());
    }

    #[test]
    fn a_random_exchange_is_one_of_all_and_each_comes_up() {
        let mut all = Exchange::all(5);
        assert_eq!(all.len(), 6);
        let mut random = SplitMix64(0);
        let drawn: Vec<_> = (0..200).map(|_| Exchange::random(5, &mut random)).collect();
        assert!(drawn.iter().all(|exchange| all.contains(exchange)));
        all.retain(|exchange| !drawn.contains(exchange));
        assert_eq!(all, []);
    }
}
