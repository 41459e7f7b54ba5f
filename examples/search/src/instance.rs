//! The problem's instances: cities in a square, and how far they are from each other.

use std::{error, f64::consts::PI, fmt};

use crate::random::SplitMix64;

/// The names [`load`] knows.
pub(crate) const NAMES: [&str; 3] = ["uniform50", "clustered60", "circle40"];

/// Cities, and the length of the shortest tour through them.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    cities: usize,
    /// The distance of each city to each, row by row, in whole numbers as in TSPLIB: their sums are exact.
    distances: Vec<f64>,
    shortest: f64,
}

/// Where a city is: two coordinates.
type City = [f64; 2];

/// Loads the instance called `name`.
///
/// * `uniform50`: 50 cities anywhere in the square.
/// * `clustered60`: 60 cities, ten in each of six small squares.
/// * `circle40`: 40 cities at equal distances on a circle, in random order. The shortest tour is the way around.
///
/// The shortest tours of the other two were found by an exact solver, OR-Tools' CP-SAT, which proves that they are.
///
/// # Errors
///
/// When `name` is none of [`NAMES`].
pub(crate) fn load(name: &str) -> Result<Instance, Unknown> {
    match name {
        "uniform50" => Ok(Instance::new(&uniform(50), 57_581.0)),
        "clustered60" => Ok(Instance::new(&clustered(6, 10), 37_768.0)),
        "circle40" => Ok(Instance::new(&circle(40), 31_400.0)),
        _ => Err(Unknown(name.to_owned())),
    }
}

impl Instance {
    fn new(cities: &[City], shortest: f64) -> Self {
        let distance = |[x, y]: City, [u, v]: City| (x - u).hypot(y - v).round();
        let distances = cities.iter().flat_map(|&from| cities.iter().map(move |&to| distance(from, to)));
        Self { cities: cities.len(), distances: distances.collect(), shortest }
    }

    /// The number of cities.
    pub(crate) fn cities(&self) -> usize {
        self.cities
    }

    /// The distance between two cities, which are counted from 0.
    pub(crate) fn distance(&self, from: usize, to: usize) -> f64 {
        self.distances[from * self.cities + to]
    }

    /// How much longer a tour of this length is than the shortest, in percent.
    pub(crate) fn gap(&self, length: f64) -> f64 {
        (length / self.shortest - 1.0) * 100.0
    }
}

/// The side of the square that all cities are in.
const SIDE: f64 = 10_000.0;

/// The side of the square that the cities of a cluster are in.
const CLUSTER_SIDE: f64 = 1_000.0;

fn uniform(cities: usize) -> Vec<City> {
    let mut random = SplitMix64(50);
    (0..cities).map(|_| anywhere(SIDE, &mut random)).collect()
}

fn clustered(clusters: usize, size: usize) -> Vec<City> {
    let mut random = SplitMix64(33);
    let mut cities = Vec::with_capacity(clusters * size);
    for _ in 0..clusters {
        let [x, y] = anywhere(SIDE - CLUSTER_SIDE, &mut random);
        cities.extend((0..size).map(|_| anywhere(CLUSTER_SIDE, &mut random)).map(|[dx, dy]| [x + dx, y + dy]));
    }
    cities
}

/// A city in a square of that side.
fn anywhere(side: f64, random: &mut SplitMix64) -> City {
    [side * random.unit(), side * random.unit()]
}

fn circle(cities: usize) -> Vec<City> {
    let angles = (0..cities).map(|city| 2.0 * PI * city as f64 / cities as f64);
    let mut circle: Vec<City> =
        angles.map(|angle| [angle.cos(), angle.sin()].map(|x| (1.0 + x) * SIDE / 2.0)).collect();
    SplitMix64(40).shuffle(&mut circle);
    circle
}

/// A name that no instance has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unknown(String);

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown instance {:?}, expected one of: {}", self.0, NAMES.join(", "))
    }
}

impl error::Error for Unknown {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instances_have_the_documented_sizes() {
        let sizes = NAMES.map(|name| load(name).expect("a known name").cities());
        assert_eq!(sizes, [50, 60, 40]);
    }

    #[test]
    fn distances_are_rounded() {
        let triangle = Instance::new(&[[0.0, 0.0], [3.3, 0.0], [3.0, 4.0]], 12.0);
        assert_eq!(
            [(0, 0), (0, 1), (1, 2), (0, 2), (2, 0)].map(|(a, b)| triangle.distance(a, b)),
            [0.0, 3.0, 4.0, 5.0, 5.0]
        );
    }

    #[test]
    fn the_shortest_tour_of_the_circle_is_the_way_around() {
        let circle = load("circle40").expect("a known name");
        let next =
            |from| (0..40).map(|to| circle.distance(from, to)).filter(|&distance| distance > 0.0).reduce(f64::min);
        let around: Option<f64> = (0..40).map(next).sum();
        assert_eq!(around.map(|length| circle.gap(length)), Some(0.0));
    }

    #[test]
    fn an_unknown_instance_is_answered_with_the_known_ones() {
        let message = load("berlin52").expect_err("an unknown name").to_string();
        assert_eq!(message, r#"unknown instance "berlin52", expected one of: uniform50, clustered60, circle40"#);
    }
}
