//! The grid: the rows that a fill asks for, and where their values came from.

mod axis;
mod origin;
mod rows_file;
mod setting;

use std::collections::HashSet;
use std::fmt;
use std::path::Path;

use experimenter_diesel::{Backend, TableSpec, Value};

use crate::config::Config;
use crate::definition::{Keyfield, Located};
use crate::mistake::{Mistake, Place};
use crate::{Definition, panics};
use axis::Axis;
pub(crate) use origin::{Origin, Source};
use setting::Setting;

/// The most values of one range: each is kept while the grid is filled.
pub(crate) const LONGEST_RANGE: u32 = 10_000_000;

/// The most combinations that `only` is asked about: each is kept by its number until it is filled.
const MOST_TO_CHOOSE: u64 = 100_000_000;

/// What a fill asks for: products of values.
#[derive(Debug, Clone)]
pub(crate) struct Grid {
    products: Vec<Product>,
    origins: Vec<Origin>,
}

/// Every combination of its axes' values, or those of them that were chosen.
#[derive(Debug, Clone)]
struct Product {
    axes: Vec<Axis>,
    /// The numbers of the combinations that are rows; all are, if `None`.
    chosen: Option<Vec<u64>>,
}

/// What is given for the grid beside the attribute.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Given<'a> {
    pub(crate) config: Option<&'a Config>,
    /// `--set FIELD=VALUES`
    pub(crate) set: &'a [String],
    /// `--rows FILE`
    pub(crate) rows: Option<&'a Path>,
}

impl Grid {
    /// Evaluates what the attribute, the configuration and the command line say.
    ///
    /// # Errors
    /// What is wrong with a domain, a file or an option, before anything is written: field, value, place.
    pub(crate) fn new(definition: &'static Definition, given: Given<'_>) -> Result<Self, Mistake> {
        let settings = Setting::parse_all(definition, given.set)?;
        match given.rows {
            Some(file) => Self::of_file(definition, file, &settings),
            None => Self::of_domains(definition, given.config, &settings),
        }
    }

    /// The rows of a file, each combined with every value that the command line sets.
    fn of_file(definition: &'static Definition, file: &Path, settings: &[Setting]) -> Result<Self, Mistake> {
        let (rows, source) = rows_file::read(definition, file, settings)?;
        let mut grid = Self { products: Vec::new(), origins: vec![Origin::of_rows(&rows, source)] };
        let mut axes = vec![rows];
        for (index, field) in definition.keyfields.iter().enumerate() {
            if let Some(axis) = setting::axis(index, field, settings) {
                grid.origins.push(Origin::new(field.column.name, axis.len(), vec![Source::set()]));
                axes.push(axis);
            }
        }
        grid.products.push(Product { axes, chosen: None });
        Ok(grid)
    }

    /// The product of the keyfields' values, and the rows that the attribute lists.
    fn of_domains(
        definition: &'static Definition,
        config: Option<&Config>,
        settings: &[Setting],
    ) -> Result<Self, Mistake> {
        let mut grid = Self { products: Vec::new(), origins: Vec::new() };
        let given = definition.keyfields.iter().map(|field| axis::is_given(field, config, settings));
        let given: Vec<_> = given.collect();
        // Beside rows of its own, an experiment has a product only if somebody asked for one.
        if definition.rows.is_none() || given.contains(&true) {
            let mut axes = Vec::new();
            for (index, field) in definition.keyfields.iter().enumerate() {
                if definition.rows.is_some() && !given[index] && field.default.is_none() {
                    return Err(half_a_product(definition, field, &given));
                }
                let (axis, origin) = axis::of_field(definition, index, config, settings)?;
                axes.push(axis);
                grid.origins.push(origin);
            }
            let mut product = Product { axes, chosen: None };
            if product.combinations().is_none() {
                return Err(Mistake::new(
                    "the grid has more rows than can be counted",
                    "narrow it by `--set FIELD=VALUES`",
                ));
            }
            grid.origins.extend(product.choose(definition)?);
            grid.products.push(product);
        }
        if let Some((rows, source)) = axis::of_rows(definition)? {
            grid.origins.push(Origin::of_rows(&rows, source));
            grid.products.push(Product { axes: vec![rows], chosen: None });
        }
        Ok(grid)
    }

    /// A row in which the command line sets fields, each to one value.
    ///
    /// # Errors
    /// What is wrong with the option.
    pub(crate) fn altered(
        definition: &'static Definition,
        set: &[String],
        mut row: Vec<Value>,
    ) -> Result<Vec<Value>, Mistake> {
        let settings = Setting::parse_all(definition, set)?;
        for (index, field) in definition.keyfields.iter().enumerate() {
            match setting::axis(index, field, &settings) {
                None => {}
                Some(axis) if axis.len() == 1 => axis.put(0, &mut row),
                Some(axis) => {
                    let name = field.column.name;
                    return Err(Mistake::new(
                        format!("`{name}` has {} values, and one row has one", axis.len()),
                        format!("set one: --set {name}=VALUE"),
                    ));
                }
            }
        }
        Ok(row)
    }

    /// Some of the rows, so that each value of each keyfield is in one of them.
    pub(crate) fn covering(&self, definition: &Definition) -> Self {
        let mut seen = HashSet::new();
        let mut has_new = |row: &Vec<Value>| {
            let values = row.iter().enumerate();
            // Each of them is noted, also after one that is new.
            values.fold(false, |new, (field, value)| seen.insert((field, format!("{value:?}"))) || new)
        };
        let rows = self.rows().filter(|row| has_new(row)).map(|row| (row, Source::set())).collect();
        let axis = Axis::new((0..definition.keyfields.len()).collect(), rows);
        Self { products: vec![Product { axes: vec![axis], chosen: None }], origins: self.origins.clone() }
    }

    /// Fits each value to its column.
    ///
    /// # Errors
    /// The first value that its column would change.
    pub(crate) fn fit(&mut self, spec: &TableSpec, backend: Backend) -> Result<(), Mistake> {
        let mut axes = self.products.iter_mut().flat_map(|product| &mut product.axes);
        axes.try_for_each(|axis| axis.fit(&spec.keyfields, backend))
    }

    /// The number of rows; those that are equal count twice.
    pub(crate) fn len(&self) -> u64 {
        self.products.iter().map(Product::len).fold(0, u64::saturating_add)
    }

    /// The rows, one at a time: the first keyfield changes slowest.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Vec<Value>> {
        self.products.iter().flat_map(Product::rows)
    }

    /// Where the values came from.
    pub(crate) fn origins(&self) -> &[Origin] {
        &self.origins
    }
}

impl Product {
    /// The number of combinations; `None` where it is beyond counting.
    fn combinations(&self) -> Option<u64> {
        self.axes.iter().try_fold(1_u64, |product, axis| product.checked_mul(axis.len() as u64))
    }

    fn len(&self) -> u64 {
        self.chosen.as_ref().map_or_else(|| self.combinations().unwrap_or(u64::MAX), |chosen| chosen.len() as u64)
    }

    fn rows(&self) -> impl Iterator<Item = Vec<Value>> {
        let number = |nth: u64| match &self.chosen {
            Some(chosen) => usize::try_from(nth).ok().and_then(|nth| chosen.get(nth).copied()).unwrap_or_default(),
            None => nth,
        };
        (0..self.len()).map(move |nth| self.row(number(nth)))
    }

    /// The combination of that number.
    fn row(&self, mut number: u64) -> Vec<Value> {
        let mut row = vec![Value::Null; self.axes.iter().map(Axis::width).sum()];
        for axis in self.axes.iter().rev() {
            let length = axis.len().max(1) as u64;
            axis.put(usize::try_from(number % length).unwrap_or_default(), &mut row);
            number /= length;
        }
        row
    }

    /// Chooses the combinations that the attribute's `only` is true for; says how many.
    fn choose(&mut self, definition: &'static Definition) -> Result<Option<Origin>, Mistake> {
        let Some(Located { line, function: only }) = definition.only else { return Ok(None) };
        let place = Place::new(definition.file, line);
        let hint = "change the attribute's `only`, or the domains";
        let mut chosen = Vec::new();
        let all = self.len();
        if all > MOST_TO_CHOOSE {
            return Err(Mistake::new(
                format!(
                    "`only` ({place}) would have to choose among {all} combinations, and {MOST_TO_CHOOSE} are the most"
                ),
                "list the rows by `rows = || …`, or narrow the domains",
            ));
        }
        for number in 0..all {
            let row = self.row(number);
            let wrong = |reason: &dyn fmt::Display| {
                Mistake::new(format!("`only` ({place}): {reason}, for the row {}", shown(definition, &row)), hint)
            };
            let is_chosen = panics::catch(|| only(&row)).map_err(|panic| wrong(&panic.message))?;
            if is_chosen.map_err(|error| wrong(&error))? {
                chosen.push(number);
            }
        }
        if chosen.is_empty() {
            return Err(Mistake::new(format!("`only` ({place}) leaves none of the {all} combinations"), hint));
        }
        let origin = Origin::of_choice(chosen.len(), all, place);
        self.chosen = Some(chosen);
        Ok(Some(origin))
    }
}

/// Some keyfields have values for a product, and one has none.
fn half_a_product(definition: &Definition, field: &Keyfield, given: &[bool]) -> Mistake {
    let with: Vec<_> = definition.keyfields.iter().zip(given).filter(|(_, given)| **given).collect();
    let with: Vec<_> = with.into_iter().map(|(field, _)| format!("`{}`", field.column.name)).collect();
    let name = field.column.name;
    Mistake::new(
        format!(
            "keyfield `{name}` has no values ({}:{}), and {} {}: there is no product beside `rows`",
            definition.file,
            field.column.line,
            with.join(", "),
            if with.len() == 1 { "has" } else { "have" }
        ),
        format!("give its values by `--set {name}=…` or in the attribute, or those of no keyfield"),
    )
}

/// A row for a message: `kernel=rbf, c=0.1`.
fn shown(definition: &Definition, row: &[Value]) -> String {
    let fields = definition.keyfields.iter().zip(row).map(|(field, value)| format!("{}={value}", field.column.name));
    fields.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry;

    static DEFINITION: Definition = Definition {
        name: "svm",
        table: "svm",
        file: "src/main.rs",
        line: 1,
        keyfields: &[
            Keyfield::new::<String>("kernel", 2).over(|| Ok(vec!["rbf".into(), "linear".into()])),
            Keyfield::new::<f64>("c", 3).over(|| Ok(vec![0.1.into(), 0.1.into(), f64::NAN.into()])),
            Keyfield::new::<u8>("seed", 4),
        ],
        ..Definition::EMPTY
    };

    static CHOSEN: Definition = Definition {
        keyfields: &[Keyfield::new::<u8>("n", 2).over(|| Ok((0..6).map(Value::Int).collect()))],
        only: Some(Located { line: 3, function: |row| Ok(row[0].as_i64().is_some_and(|n| n % 2 == 1)) }),
        rows: Some(Located { line: 4, function: || Ok(vec![vec![Value::Int(100)]]) }),
        ..DEFINITION
    };

    fn grid(settings: &[&str]) -> Result<Grid, Mistake> {
        grid_of(&DEFINITION, settings)
    }

    fn grid_of(definition: &'static Definition, settings: &[&str]) -> Result<Grid, Mistake> {
        let set: Vec<_> = settings.iter().map(|text| (*text).to_owned()).collect();
        let mut grid = Grid::new(definition, Given { set: &set, ..Given::default() })?;
        let spec = registry::table_spec(definition).map_err(|error| Mistake::new(error.to_string(), ""))?;
        grid.fit(&spec, Backend::Mysql)?;
        Ok(grid)
    }

    #[test]
    fn the_product_counts_through_the_last_field_first() {
        let grid = grid(&["c=1", "seed=0..2,7"]).expect("a grid");
        let rows: Vec<_> =
            grid.rows().map(|row| row.iter().map(Value::to_string).collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(rows, ["rbf 1 0", "rbf 1 1", "rbf 1 7", "linear 1 0", "linear 1 1", "linear 1 7"]);
        assert_eq!(grid.len(), 6);
    }

    #[test]
    fn a_few_rows_have_every_value() {
        let rows = |grid: &Grid| -> Vec<_> {
            grid.rows().map(|row| row.iter().map(Value::to_string).collect::<Vec<_>>().join(" ")).collect()
        };
        let all = grid(&["c=1,2", "seed=0..3"]).expect("a grid");
        assert_eq!(rows(&all.covering(&DEFINITION)), ["rbf 1 0", "rbf 1 1", "rbf 1 2", "rbf 2 0", "linear 1 0"]);
        let chosen = grid_of(&CHOSEN, &["n=0..4"]).expect("a grid");
        assert_eq!(rows(&chosen.covering(&CHOSEN)), ["1", "3", "100"]);
    }

    #[test]
    fn a_row_is_altered_by_one_value_of_a_field() {
        let row = vec!["rbf".into(), Value::Float(0.5), Value::Int(3)];
        let altered = |set: &str| Grid::altered(&DEFINITION, &[set.to_owned()], row.clone());
        assert_eq!(altered("c=2").expect("a row"), ["rbf".into(), Value::Float(2.0), Value::Int(3)]);
        assert!(altered("c=2,3").expect_err("two values").message.contains("has 2 values"));
        assert!(altered("d=2").expect_err("no such field").hint.contains("`kernel`, `c`, `seed`"));
    }

    #[test]
    fn ranges_quotes_and_repeats() {
        let grid = grid(&["seed=0..=1", "kernel=\"a,b\",0..3", "c=1,2", "c=2"]).expect("a grid");
        assert_eq!(grid.rows().count(), 8);
        assert_eq!(grid.rows().next().map(|row| row[0].clone()), Some("a,b".into()));
    }

    #[test]
    fn some_combinations_and_further_rows() {
        let numbers = |grid: &Grid| grid.rows().filter_map(|row| row[0].as_i64()).collect::<Vec<_>>();
        let grid = grid_of(&CHOSEN, &[]).expect("a grid");
        assert_eq!(numbers(&grid), [1, 3, 5, 100]);
        assert_eq!(grid.len(), 4);
        let origins: Vec<_> = grid.origins().iter().map(ToString::to_string).collect();
        assert_eq!(origins, ["n 6 (src/main.rs:2)", "only 3 of 6 (src/main.rs:3)", "rows 1 (src/main.rs:4)"]);
        assert_eq!(numbers(&grid_of(&CHOSEN, &["n=4..6"]).expect("a grid")), [5, 100]);
        let none = grid_of(&CHOSEN, &["n=4"]).expect_err("nothing is left");
        assert!(none.message.contains("leaves none of the 1 combinations"), "{none}");
    }

    #[test]
    fn a_grid_beyond_counting_is_refused() {
        static WIDE: Definition = Definition {
            keyfields: &[
                Keyfield::new::<u32>("a", 2),
                Keyfield::new::<u32>("b", 3),
                Keyfield::new::<u32>("c", 4),
                Keyfield::new::<u32>("d", 5),
            ],
            ..DEFINITION
        };
        let error = grid_of(&WIDE, &["a=0..70000", "b=0..70000", "c=0..70000", "d=0..70000"]).expect_err("too many");
        assert!(error.message.contains("more rows than can be counted"), "{error}");
    }

    #[test]
    fn mistakes_name_field_value_and_place() {
        for (settings, says) in [
            (&[][..], "keyfield `seed` has no values (src/main.rs:4)"),
            (
                &["seed=0"],
                "keyfield `c`: `NaN` is not a number that a database holds (the column is DOUBLE) (src/main.rs:3)",
            ),
            (&["seed=300"], "expected u8, found `300`"),
            (&["seed=x"], "expected u8, found `x`"),
            (&["seed=3..1"], "the range `3..1` is empty"),
            (&["seed=0..-9223372036854775808"], "expected u8"),
            (&["seed=0..=99999999999"], "more than 10000000 values"),
            (&["seed"], "lacks its `=`"),
            (&["sed=1"], "has no keyfield `sed`"),
            (&["seed=1,,2"], "element of the list is empty"),
            (&["kernel=\"x"], "quote without its end"),
            (&["seed=1", "c=inf"], "`inf` is infinite (the column is DOUBLE) (--set)"),
        ] {
            let error = grid(settings).expect_err(says);
            assert!(error.message.contains(says), "{settings:?}: {error}");
            assert!(!error.hint.is_empty());
        }
    }
}
