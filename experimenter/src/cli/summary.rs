//! `summary`: statistics of the results, by keyfields.

use clap::{Args, ValueEnum};
use experimenter_diesel::{Kind, Selector, TableSpec, Value};
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::fields;
use super::rows::Selection;
use crate::definition::Registration;
use crate::exit;
use crate::report::{Group, Groups, Statistic, Statistics, Table, count};

#[derive(Debug, Clone, Args)]
pub(super) struct Summary {
    /// The keyfields to group by; by default those of text
    #[arg(long, value_delimiter = ',', value_name = "FIELDS")]
    pub(super) by: Vec<String>,

    /// The resultfields to summarise; by default every one of numbers
    #[arg(long, value_delimiter = ',', value_name = "FIELDS")]
    pub(super) value: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  summary --by kernel,dataset --value test_accuracy
  summary --where \"c>=1,dataset=wine*\"
  summary --value loss,steps --statistics median,q25,q75
  summary --format latex > results.tex")]
pub(super) struct SummaryOf {
    #[command(flatten)]
    pub(super) summary: Summary,

    #[command(flatten)]
    pub(super) layout: Layout,

    #[command(flatten)]
    pub(super) selection: Selection,
}

/// What a summary tells, and in which form.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Layout {
    /// A column for each of these, in place of mean ± sd: n, mean, sd, min, max, median, and quantiles such as q25
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub(super) statistics: Vec<Statistic>,

    /// The form of the output
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: TableFormat,
}

/// A form of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum TableFormat {
    /// Aligned columns
    #[default]
    Table,
    /// Comma-separated values, each statistic a column of its own, unrounded
    Csv,
    /// A table of Markdown
    Markdown,
    /// A `tabular` of LaTeX
    Latex,
}

const CAPTION: &str = "mean ± standard deviation of the rows that are done; n is their number, of all there are";

pub(super) fn summary(context: &mut Context<'_>, args: &SummaryOf) -> Result<u8, Failure> {
    check_fields(context.experiment, context.store.spec(), &args.summary)?;
    let selector = context.selector(&args.selection)?;
    context.check()?;
    print(context, &args.summary, &selector, &args.layout)?;
    Ok(exit::DONE)
}

/// Checks that the fields exist, before anything is done.
pub(super) fn check_fields(experiment: &Registration, spec: &TableSpec, args: &Summary) -> Result<(), Failure> {
    chosen(experiment, spec, args).map(drop)
}

pub(super) fn print(
    context: &mut Context<'_>,
    args: &Summary,
    selector: &Selector,
    layout: &Layout,
) -> Result<(), Failure> {
    let (by, values) = chosen(context.experiment, context.store.spec(), args)?;
    let columns: Vec<_> = ["status"].into_iter().chain(by.iter().chain(&values).map(String::as_str)).collect();
    let mut groups = Groups::new(values.len());
    let mut overflow = false;
    let (keys, results) = (1..=by.len(), by.len() + 1..);
    context.store(async |store| {
        store
            .records(selector, &columns, |record| {
                let is_done = record.values.first().and_then(|status| status.as_str()) == Some("done");
                let key = record.values[keys.clone()].to_vec();
                let values = if is_done { &record.values[results.clone()] } else { &[] };
                overflow |= !groups.add(key, values);
                Ok::<_, experimenter_diesel::StoreError>(())
            })
            .await
    })?;
    if overflow {
        return Err(Failure::usage("there are more than 10,000 groups").hint("group by fewer keyfields: `--by FIELDS`"));
    }
    let groups = groups.sorted();
    if context.console.is_json() {
        context.console.json(&as_json(&by, &values, &groups))?;
    } else {
        let statistics = layout.statistics.as_slice();
        let rounded = || match statistics {
            [] => as_table(&by, &values, &groups),
            _ => by_column(&by, &values, &groups, statistics, number),
        };
        if statistics.is_empty() && layout.format != TableFormat::Csv {
            context.console.note(CAPTION);
        }
        let text = match layout.format {
            TableFormat::Table => rounded().to_string(),
            TableFormat::Markdown => rounded().markdown(),
            TableFormat::Latex => rounded().latex(),
            TableFormat::Csv => {
                let statistics = if statistics.is_empty() { &Statistic::USUAL } else { statistics };
                by_column(&by, &values, &groups, statistics, |x| Value::Float(x).to_string()).csv()
            }
        };
        context.console.result(&text)?;
    }
    Ok(())
}

/// The keyfields to group by, and the resultfields to summarise.
fn chosen(experiment: &Registration, spec: &TableSpec, args: &Summary) -> Result<(Vec<String>, Vec<String>), Failure> {
    fields::check(experiment, "keyfield", &spec.keyfields, &args.by)?;
    fields::check(experiment, "resultfield", &spec.resultfields, &args.value)?;
    let (mut by, mut values) = (args.by.clone(), args.value.clone());
    let is_text = |column: &experimenter_diesel::Column| matches!(column.column_type.kind(), Kind::Text { .. });
    if let Some(text) = spec.resultfields.iter().find(|column| is_text(column) && values.contains(&column.name)) {
        return Err(Failure::usage(format!("the resultfield `{}` is text, which has no mean", text.name)));
    }
    if by.is_empty() {
        by = spec.keyfields.iter().filter(|column| is_text(column)).map(|column| column.name.clone()).collect();
    }
    if values.is_empty() {
        let is_number = |kind: Kind| {
            matches!(kind, Kind::Bool | Kind::Int { .. } | Kind::Float | Kind::Double | Kind::Decimal { .. })
        };
        let numbers = spec.resultfields.iter().filter(|column| is_number(column.column_type.kind()));
        values = numbers.map(|column| column.name.clone()).collect();
    }
    Ok((by, values))
}

fn as_table(by: &[String], values: &[String], groups: &[Group]) -> Table {
    let single = values.len() == 1;
    let mut headers: Vec<_> =
        by.iter().map(String::as_str).chain(["n"]).chain(values.iter().map(String::as_str)).collect();
    // As many columns for each of several values would not fit a terminal.
    if single {
        headers.extend(["min", "median", "max"]);
    }
    let mut table = Table::new(&headers);
    for group in groups {
        let mut row: Vec<_> = group.key.iter().map(ToString::to_string).collect();
        row.push(format!("{} of {}", count(group.done), count(group.rows)));
        for statistics in &group.values {
            row.push(mean_and_deviation(statistics, group.done));
            if single {
                let others = [Statistic::Min, Statistic::Quantile(50.0), Statistic::Max];
                row.extend(others.map(|other| statistics.get(other).map_or_else(|| "–".to_owned(), number)));
            }
        }
        table.row(row);
    }
    table
}

/// A column for each statistic of each value.
fn by_column(
    by: &[String],
    values: &[String],
    groups: &[Group],
    statistics: &[Statistic],
    shown: impl Fn(f64) -> String,
) -> Table {
    let names = values.iter().flat_map(|value| statistics.iter().map(move |statistic| format!("{value} {statistic}")));
    let headers: Vec<_> = by.iter().cloned().chain(["rows".to_owned(), "done".to_owned()]).chain(names).collect();
    let mut table = Table::new(&headers.iter().map(String::as_str).collect::<Vec<_>>());
    for group in groups {
        let mut row: Vec<_> = group.key.iter().map(ToString::to_string).collect();
        row.extend([group.rows.to_string(), group.done.to_string()]);
        for value in &group.values {
            row.extend(statistics.iter().map(|statistic| match (statistic, value.get(*statistic)) {
                (Statistic::N, _) => value.n().to_string(),
                (_, Some(x)) => shown(x),
                (_, None) => String::new(),
            }));
        }
        table.row(row);
    }
    table
}

/// `0.953 ± 0.021`, with its own n where that is not the group's.
fn mean_and_deviation(statistics: &Statistics, done: u64) -> String {
    let Some(mean) = statistics.mean() else { return "–".to_owned() };
    // What is left of equal numbers is the rounding of their sum.
    let deviation = statistics.deviation().map(|x| if x.abs() < 1e-12 * mean.abs() { 0.0 } else { x });
    let shown = match deviation {
        Some(deviation) if deviation > 0.0 && (1e-6..1e6).contains(&deviation) && mean.abs() < 1e9 => {
            // Two significant digits of the deviation, and as many decimals of the mean.
            let decimals = decimals(deviation, 2);
            format!("{mean:.decimals$} ± {deviation:.decimals$}")
        }
        Some(deviation) => format!("{} ± {}", number(mean), number(deviation)),
        None => number(mean),
    };
    let n = if statistics.n() == done { String::new() } else { format!(" (n = {})", count(statistics.n())) };
    format!("{shown}{n}")
}

/// Four significant digits.
fn number(x: f64) -> String {
    if x == 0.0 || !x.is_finite() {
        return x.to_string();
    }
    if !(1e-4..1e7).contains(&x.abs()) {
        return format!("{x:.3e}");
    }
    format!("{x:.*}", decimals(x, 4))
}

/// How many decimals show so many significant digits of a number.
#[expect(clippy::cast_possible_truncation, reason = "the magnitude of an f64 is below 400")]
fn decimals(x: f64, significant: i32) -> usize {
    let magnitude = x.abs().log10().floor() as i32;
    usize::try_from(significant - 1 - magnitude).unwrap_or(0)
}

fn as_json(by: &[String], values: &[String], groups: &[Group]) -> serde_json::Value {
    let group = |group: &Group| {
        let key: serde_json::Map<_, _> = by.iter().cloned().zip(group.key.iter().map(Value::to_json)).collect();
        let statistics: serde_json::Map<_, _> = values
            .iter()
            .zip(&group.values)
            .map(|(name, statistics)| {
                let told = Statistic::USUAL.iter().map(|statistic| {
                    let number = match statistic {
                        Statistic::N => json!(statistics.n()),
                        _ => json!(statistics.get(*statistic)),
                    };
                    (statistic.to_string(), number)
                });
                let statistics = serde_json::Value::Object(told.collect());
                (name.clone(), statistics)
            })
            .collect();
        json!({ "key": key, "rows": group.rows, "done": group.done, "values": statistics })
    };
    groups.iter().map(group).collect()
}
