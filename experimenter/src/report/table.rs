//! Tables for people.

use std::fmt;

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment};

/// A table with aligned columns: numbers to the right, text to the left.
#[derive(Debug)]
pub(crate) struct Table {
    headers: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(headers: &[&str]) -> Self {
        Self { headers: headers.iter().map(|header| (*header).to_owned()).collect(), rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    fn is_numeric(&self, column: usize) -> bool {
        let mut cells = self.rows.iter().filter_map(|row| row.get(column)).peekable();
        cells.peek().is_some()
            && cells.all(|cell| cell == "–" || cell.starts_with(|c: char| c.is_ascii_digit() || c == '-'))
    }
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
}
