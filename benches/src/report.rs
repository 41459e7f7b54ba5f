//! What is told of measurements: sections of tables, plots, and what was to be reached.

use std::fmt::Write;

use crate::sample::Sample;

/// One subject of the report.
#[derive(Debug)]
pub(crate) struct Section {
    title: String,
    text: String,
    tables: Vec<Table>,
    pub(crate) plots: Vec<Plot>,
    pub(crate) goals: Vec<Goal>,
}

/// A table, with a title where there are several.
#[derive(Debug)]
pub(crate) struct Table {
    title: String,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// What was to be reached, and what was.
#[derive(Debug)]
pub(crate) struct Goal {
    what: String,
    wanted: String,
    measured: String,
    reached: bool,
    /// Why it cannot be reached where it is not.
    limit: &'static str,
}

/// A plot of bars.
#[derive(Debug)]
pub(crate) struct Plot {
    /// The name of its file, without the ending.
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) bars: Vec<Bar>,
}

/// One bar: the median, and the range as a line over it.
#[derive(Debug)]
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) value: f64,
    pub(crate) range: (f64, f64),
}

impl Section {
    pub(crate) fn new(title: &str, text: &str) -> Self {
        let (tables, plots, goals) = Default::default();
        Self { title: title.to_owned(), text: text.to_owned(), tables, plots, goals }
    }

    pub(crate) fn table(&mut self, table: Table) {
        self.tables.push(table);
    }

    pub(crate) fn plot(&mut self, plot: Plot) {
        self.plots.push(plot);
    }

    pub(crate) fn goal(&mut self, goal: Goal) {
        self.goals.push(goal);
    }

    /// It as Markdown; plots are in a folder beside.
    pub(crate) fn markdown(&self, folder: &str) -> String {
        let mut text = format!("## {}\n{}\n", self.title, wrapped(&self.text));
        for table in &self.tables {
            text += "\n";
            text += &table.markdown();
        }
        for Plot { name, title, .. } in &self.plots {
            let _ = write!(text, "\n![{title}]({folder}/{name}.svg)\n");
        }
        text
    }
}

impl Table {
    pub(crate) fn new(title: &str, header: &[&str]) -> Self {
        let header = header.iter().map(ToString::to_string).collect();
        Self { title: title.to_owned(), header, rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// It as Markdown: the first column is text, the others are numbers.
    pub(crate) fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let mut text = if self.title.is_empty() { String::new() } else { format!("**{}**\n\n", self.title) };
        text += &line(&self.header);
        text += &format!("|---|{}\n", "---:|".repeat(self.header.len() - 1));
        text.extend(self.rows.iter().map(|row| line(row)));
        text
    }
}

impl Goal {
    pub(crate) fn at_least(what: &str, least: f64, measured: f64, unit: &str) -> Self {
        Self::new(what, format!("≥ {}", figure(least, unit)), figure(measured, unit), measured >= least)
    }

    pub(crate) fn at_most(what: &str, most: f64, measured: f64, unit: &str) -> Self {
        Self::new(what, format!("≤ {}", figure(most, unit)), figure(measured, unit), measured <= most)
    }

    fn new(what: &str, wanted: String, measured: String, reached: bool) -> Self {
        Self { what: what.to_owned(), wanted, measured, reached, limit: "" }
    }

    /// Says what limits the measured, should it fall short.
    pub(crate) fn limited_by(self, limit: &'static str) -> Self {
        Self { limit, ..self }
    }

    /// All of them as a table, and what limits those that are missed.
    pub(crate) fn markdown(goals: &[&Self]) -> String {
        let mut table = Table::new("", &["what", "to reach", "measured", ""]);
        let mut limits = Vec::new();
        for Self { what, wanted, measured, reached, limit } in goals {
            let word = if *reached { "reached" } else { "**missed**" };
            table.row([what.clone(), wanted.clone(), measured.clone(), word.to_owned()]);
            if !reached && !limit.is_empty() && !limits.contains(limit) {
                limits.push(*limit);
            }
        }
        let mut text = table.markdown();
        if !limits.is_empty() {
            text += "\nWhat limits those that are missed:\n\n";
        }
        for limit in limits {
            let lines = wrapped(&format!("- {limit}"));
            let _ = writeln!(text, "{}", lines.replace('\n', "\n  "));
        }
        text
    }
}

impl Plot {
    pub(crate) fn new(name: &str, title: &str, bars: impl IntoIterator<Item = Bar>) -> Self {
        Self { name: name.to_owned(), title: title.to_owned(), bars: bars.into_iter().collect() }
    }
}

impl Bar {
    pub(crate) fn new(label: String, sample: &Sample) -> Self {
        Self { label, value: sample.median(), range: sample.range() }
    }
}

/// A number with its unit.
pub(crate) fn figure(number: f64, unit: &str) -> String {
    let number = if number >= 100.0 { rate(number) } else { format!("{number:.2}") };
    format!("{number} {unit}").trim_end().to_owned()
}

/// A whole number with commas.
pub(crate) fn rate(number: f64) -> String {
    let digits = format!("{number:.0}");
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

pub(crate) fn ratio(number: f64) -> String {
    format!("{number:.2}")
}

/// A text in lines of a readable length.
pub(crate) fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last_mut().expect("there is one");
        if !last.is_empty() && last.chars().count() + word.chars().count() >= 120 {
            lines.push(word.to_owned());
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines.join("\n")
}
