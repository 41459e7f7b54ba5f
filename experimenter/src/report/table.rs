//! Tables for people.

use std::fmt;

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment};

use super::csv_field;

/// A table with aligned columns: numbers to the right, text to the left.
#[derive(Debug)]
pub(crate) struct Table {
    headers: Vec<String>,
    rows: Vec<Vec<String>>,
    /// The columns that are text whatever they look like.
    texts: Vec<usize>,
}

impl Table {
    pub(crate) fn new(headers: &[&str]) -> Self {
        Self {
            headers: headers.iter().map(|header| (*header).to_owned()).collect(),
            rows: Vec::new(),
            texts: Vec::new(),
        }
    }

    /// The same with a column that is text whatever it looks like: a hash may have no letter but `e`.
    pub(crate) fn with_text(mut self, column: usize) -> Self {
        self.texts.push(column);
        self
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// It as Markdown.
    pub(crate) fn markdown(&self) -> String {
        let line = |cells: &[String]| {
            let cells: Vec<_> = cells.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect();
            format!("| {} |", cells.join(" | "))
        };
        let marks: Vec<_> = self.columns().map(|column| if self.is_numeric(column) { "--:" } else { "---" }).collect();
        let head = [line(&self.headers), format!("|{}|", marks.join("|"))];
        head.into_iter().chain(self.rows.iter().map(|row| line(row))).collect::<Vec<_>>().join("\n")
    }

    /// It as a `tabular` of LaTeX, with the lines of the package `booktabs`.
    pub(crate) fn latex(&self) -> String {
        let line = |cells: &[String]| {
            let cells: Vec<_> = cells.iter().map(|cell| latex_cell(cell)).collect();
            format!("  {} \\\\", cells.join(" & "))
        };
        let alignment: String = self.columns().map(|column| if self.is_numeric(column) { 'r' } else { 'l' }).collect();
        let rows: Vec<_> = self.rows.iter().map(|row| line(row)).collect();
        format!(
            "% \\usepackage{{booktabs}}\n\\begin{{tabular}}{{{alignment}}}\n  \\toprule\n{}\n  \\midrule\n{}\n  \
             \\bottomrule\n\\end{{tabular}}",
            line(&self.headers),
            rows.join("\n")
        )
    }

    /// It as CSV.
    pub(crate) fn csv(&self) -> String {
        let line = |cells: &Vec<String>| cells.iter().map(|cell| csv_field(cell)).collect::<Vec<_>>().join(",");
        std::iter::once(&self.headers).chain(&self.rows).map(line).collect::<Vec<_>>().join("\n")
    }

    fn columns(&self) -> std::ops::Range<usize> {
        0..self.headers.len()
    }

    fn is_numeric(&self, column: usize) -> bool {
        let mut cells = self.rows.iter().filter_map(|row| row.get(column)).peekable();
        !self.texts.contains(&column)
            && cells.peek().is_some()
            && cells.all(|cell| {
                let number = cell.split(' ').next().unwrap_or_default();
                cell == "–" || number.chars().all(|c| c.is_ascii_digit() || "+-.,:%e".contains(c))
            })
    }
}

/// A cell as LaTeX sets it.
fn latex_cell(cell: &str) -> String {
    cell.chars()
        .map(|c| match c {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => format!("\\{c}"),
            '\\' => "\\textbackslash{}".to_owned(),
            '~' => "\\textasciitilde{}".to_owned(),
            '^' => "\\textasciicircum{}".to_owned(),
            '±' => "$\\pm$".to_owned(),
            '–' => "--".to_owned(),
            '\n' => " ".to_owned(),
            c => c.to_string(),
        })
        .collect()
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let alignment = |column| if self.is_numeric(column) { CellAlignment::Right } else { CellAlignment::Left };
        let cells = |row: &[String]| -> Vec<Cell> {
            row.iter().enumerate().map(|(i, cell)| Cell::new(cell).set_alignment(alignment(i))).collect()
        };
        let mut table = comfy_table::Table::new();
        table.load_style(NOTHING).set_header(cells(&self.headers));
        table.add_rows(self.rows.iter().map(|row| cells(row)));
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
        f.write_str(&lines.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_right_and_text_left() {
        let mut table = Table::new(&["kernel", "n"]);
        table.row(vec!["rbf".into(), "5".into()]);
        table.row(vec!["linear".into(), "120".into()]);
        assert_eq!(table.to_string(), "kernel    n\nrbf       5\nlinear  120");
    }

    #[test]
    fn a_hash_that_looks_like_a_number_stands_left() {
        let mut table = Table::new(&["a longer name", "n"]).with_text(0);
        table.row(vec!["260e99674120".into(), "5".into()]);
        assert_eq!(table.to_string(), "a longer name  n\n260e99674120   5");
    }

    #[test]
    fn a_table_goes_into_documents() {
        let mut table = Table::new(&["data_set", "n", "loss"]);
        table.row(vec!["a|b, 50 %".into(), "5".into(), "0.5 ± 0.1".into()]);
        assert_eq!(table.csv(), "data_set,n,loss\n\"a|b, 50 %\",5,0.5 ± 0.1");
        assert_eq!(table.markdown(), "| data_set | n | loss |\n|---|--:|--:|\n| a\\|b, 50 % | 5 | 0.5 ± 0.1 |");
        assert_eq!(
            table.latex(),
            "% \\usepackage{booktabs}\n\\begin{tabular}{lrr}\n  \\toprule\n  data\\_set & n & loss \\\\\n  \\midrule\n  \
             a|b, 50 \\% & 5 & 0.5 $\\pm$ 0.1 \\\\\n  \\bottomrule\n\\end{tabular}"
        );
    }
}
