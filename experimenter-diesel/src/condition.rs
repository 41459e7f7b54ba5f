//! Conditions on rows as a person types them: `kernel=rbf,c>=1,dataset=wine*`.

use std::fmt;

use crate::dialect::Dialect;
use crate::spec::Column;
use crate::{Backend, Kind, Status, TableSpec, Value};

/// What the values of one column must be.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    column: Column,
    test: Test,
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    /// One of these, or none of them.
    Among { operands: Vec<Operand>, negated: bool },
    /// On this side of a value: `<`, `<=`, `>` or `>=`.
    Compared(&'static str, Value),
}

#[derive(Debug, Clone, PartialEq)]
enum Operand {
    Null,
    Is(Value),
    /// A text with `*` for any characters and `?` for one.
    Like(String),
}

/// A text that is no condition on an experiment's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MalformedCondition {
    /// What is wrong, with the text and a mark below the place.
    pub message: String,
    /// What to type instead.
    pub hint: String,
}

impl fmt::Display for MalformedCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for MalformedCondition {}

/// Of two that begin at the same place the longer one is meant.
const OPERATORS: [&str; 6] = ["!=", "<=", ">=", "=", "<", ">"];

const FORMS: &str = "write `field=value`, with =, !=, <, <=, > or >=; a list as `field=a,b`, any characters as `wine*`, what \
                     is missing as `field=null`, and a value with a comma in quotes: `field=\"a,b\"`";

/// A piece of the text between two commas.
struct Term<'a> {
    at: usize,
    text: &'a str,
    /// The operator and where it begins.
    operator: Option<(usize, &'static str)>,
}

impl Condition {
    /// Reads conditions that hold together, separated by commas. What lacks an operator is a further value of the field
    /// before it: `kernel=rbf,linear,c>=1`.
    ///
    /// # Errors
    /// When the table has no such column, or the column no such value; the message points into the text.
    pub fn parse(text: &str, spec: &TableSpec, backend: Backend) -> Result<Vec<Self>, MalformedCondition> {
        let reader = Reader { text, table: &spec.name, columns: columns(spec), backend };
        let terms = terms(text).map_err(|at| reader.wrong(at, 1, "the quotation mark has no second one"))?;
        let mut conditions: Vec<Self> = Vec::new();
        for term in &terms {
            match term.operator {
                Some((position, operator)) => conditions.push(reader.condition(term, position, operator)?),
                None => reader.further_value(term, &mut conditions)?,
            }
        }
        Ok(conditions)
    }

    /// The column that it is on.
    #[must_use]
    pub fn column(&self) -> &str {
        &self.column.name
    }

    /// It as SQL on the alias `e`, with its values.
    pub(crate) fn sql(&self, dialect: Dialect) -> (String, Vec<Value>) {
        let plain = format!("e.`{}`", self.column.name);
        // Statuses differ in more than their case, and have an index.
        let is_text = matches!(self.column.column_type.kind(), Kind::Text { .. }) && self.column.name != "status";
        let exact = if is_text { dialect.exact_text.replace("{}", &plain) } else { plain.clone() };
        let (operands, negated) = match &self.test {
            Test::Compared(operator, value) => return (format!("{exact} {operator} ?"), vec![value.clone()]),
            Test::Among { operands, negated } => (operands, negated),
        };
        let mut tests = Vec::new();
        let mut binds = Vec::new();
        for operand in operands {
            match operand {
                Operand::Null => {}
                Operand::Is(value) => {
                    tests.push(format!("{exact} = ?"));
                    binds.push(value.clone());
                }
                Operand::Like(pattern) => {
                    tests.push(dialect.like.replace("{}", &exact));
                    binds.push(Value::Text((dialect.like_pattern)(pattern)));
                }
            }
        }
        // A comparison with NULL is neither true nor false: what NULL comes to is said of its own.
        let with_null = operands.contains(&Operand::Null);
        let some = if tests.is_empty() { "1=0".to_owned() } else { tests.join(" OR ") };
        let sql = match (negated, with_null) {
            (false, false) => format!("({some})"),
            (false, true) => format!("({plain} IS NULL OR {some})"),
            (true, false) => format!("({plain} IS NULL OR NOT ({some}))"),
            (true, true) => format!("({plain} IS NOT NULL AND NOT ({some}))"),
        };
        (sql, binds)
    }
}

/// Reads the terms of a text, and tells where one is wrong.
struct Reader<'a> {
    text: &'a str,
    table: &'a str,
    columns: Vec<Column>,
    backend: Backend,
}

impl Reader<'_> {
    /// A term with an operator.
    fn condition(
        &self,
        term: &Term<'_>,
        position: usize,
        operator: &'static str,
    ) -> Result<Condition, MalformedCondition> {
        let name = term.text[..position].trim_end();
        let Some(column) = self.columns.iter().find(|column| column.name == name) else {
            let message = format!("the table `{}` has no column `{name}`", self.table);
            let hint = format!("its columns are {}", names(&self.columns));
            return Err(MalformedCondition { hint, ..self.wrong(term.at, width(name), &message) });
        };
        let value = term.text[position + operator.len()..].trim();
        let at = term.at + term.text.len() - value.len();
        if value.starts_with(['=', '<', '>']) {
            let message = format!("there is no operator `{operator}{}`", &value[..1]);
            let hint = format!("{FORMS}; a value that begins so stands in quotes, too");
            return Err(MalformedCondition { hint, ..self.wrong(at, 1, &message) });
        }
        let operand = operand(column, value, self.backend).map_err(|reason| self.wrong(at, width(value), &reason))?;
        let test = match (operator, operand) {
            ("=", operand) => Test::Among { operands: vec![operand], negated: false },
            ("!=", operand) => Test::Among { operands: vec![operand], negated: true },
            (operator, Operand::Is(value)) => Test::Compared(operator, value),
            (operator, Operand::Null | Operand::Like(_)) => {
                let hint = format!("write `{name}={value}` or `{name}!={value}`");
                let message = format!("nothing is {operator} than this");
                return Err(MalformedCondition { hint, ..self.wrong(at, width(value), &message) });
            }
        };
        Ok(Condition { column: column.clone(), test })
    }

    /// A term without an operator: one more value of the condition before it.
    fn further_value(&self, term: &Term<'_>, before: &mut [Condition]) -> Result<(), MalformedCondition> {
        match before.last_mut() {
            Some(Condition { column, test: Test::Among { operands, .. } }) if !term.text.is_empty() => {
                let operand = operand(column, term.text, self.backend);
                operands.push(operand.map_err(|reason| self.wrong(term.at, width(term.text), &reason))?);
                Ok(())
            }
            _ => Err(self.wrong(term.at, width(term.text), "here a condition is missing")),
        }
    }

    /// What is wrong at a place of the text.
    fn wrong(&self, at: usize, length: usize, message: &str) -> MalformedCondition {
        let (text, indent) = (self.text, " ".repeat(width(&self.text[..at])));
        let message = format!("{message}\n  {text}\n  {indent}{}", "^".repeat(length.max(1)));
        MalformedCondition { message, hint: FORMS.to_owned() }
    }
}

/// Every column of the main table.
fn columns(spec: &TableSpec) -> Vec<Column> {
    let fixed = |name: &str, sql: &str| Column::new(name, sql).ok();
    let fields = spec.keyfields.iter().chain(&spec.resultfields);
    let others = spec.columns().into_iter().filter(|(name, _)| fields.clone().all(|field| field.name != *name));
    let others = others.filter_map(|(name, sql)| fixed(&name, &sql));
    fields.clone().cloned().chain(fixed("ID", "BIGINT")).chain(others).collect()
}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| format!("`{}`", column.name)).collect::<Vec<_>>().join(", ")
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// The terms of a text; or the place of a quotation mark that is not closed.
fn terms(text: &str) -> Result<Vec<Term<'_>>, usize> {
    let mut terms = Vec::new();
    let mut quoted = None;
    let mut start = 0;
    for (at, c) in text.char_indices().chain([(text.len(), ',')]) {
        match (c, quoted) {
            ('"', None) => quoted = Some(at),
            ('"', Some(_)) => quoted = None,
            (',', None) => {
                terms.push(term(text, start, at));
                start = at + 1;
            }
            _ => {}
        }
    }
    quoted.map_or(Ok(terms), Err)
}

fn term(text: &str, start: usize, end: usize) -> Term<'_> {
    let piece = &text[start..end];
    let at = start + piece.len() - piece.trim_start().len();
    let text = piece.trim();
    // What is in quotes is a value, whatever stands in it.
    let bare = text.find('"').map_or(text, |quote| &text[..quote]);
    let operator = OPERATORS.into_iter().filter_map(|operator| Some((bare.find(operator)?, operator)));
    Term { at, text, operator: operator.min_by_key(|(at, operator)| (*at, std::cmp::Reverse(operator.len()))) }
}

/// A value of a column; why the column cannot have it, in words.
fn operand(column: &Column, text: &str, backend: Backend) -> Result<Operand, String> {
    let unquoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let kind = column.column_type.kind();
    if unquoted.is_none() {
        if text.is_empty() {
            return Err("here a value is missing".to_owned());
        }
        if text.eq_ignore_ascii_case("null") {
            return Ok(Operand::Null);
        }
        if text.contains(['*', '?']) && matches!(kind, Kind::Text { .. }) {
            return Ok(Operand::Like(text.to_owned()));
        }
    }
    let text = unquoted.unwrap_or(text);
    if column.name == "status" {
        let status: Status = text.parse().map_err(|unknown: crate::UnknownStatus| unknown.to_string())?;
        return Ok(Operand::Is(status.as_str().into()));
    }
    let value = match (kind, text) {
        (Kind::Bool, "true") => Value::Int(1),
        (Kind::Bool, "false") => Value::Int(0),
        _ => Value::from(text),
    };
    let fitted = column.fit(&value, backend).map_err(|misfit| format!("`{}` cannot be this: {misfit}", column.name))?;
    Ok(Operand::Is(compared(column, fitted, backend)))
}

/// A value of a column as the database compares it.
fn compared(column: &Column, value: Value, backend: Backend) -> Value {
    match (column.column_type.kind(), backend, value) {
        // MySQL compares what a column of single precision holds, and not what it shows.
        #[expect(clippy::cast_possible_truncation, reason = "the column holds no more")]
        (Kind::Float, Backend::Mysql, Value::Float(x)) => Value::Float(f64::from(x as f32)),
        (_, _, value) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> TableSpec {
        let column = |name, sql| Column::new(name, sql).expect("a column");
        TableSpec {
            name: "svm".to_owned(),
            keyfields: vec![column("kernel", "VARCHAR(255)"), column("c", "DOUBLE"), column("fast", "BOOL")],
            resultfields: vec![column("loss", "DOUBLE")],
            result_timestamps: false,
            logtables: Vec::new(),
        }
    }

    fn sql(text: &str) -> (String, Vec<Value>) {
        let conditions = Condition::parse(text, &spec(), Backend::Sqlite).expect("conditions");
        let parts: Vec<_> = conditions.iter().map(|condition| condition.sql(Dialect::of(Backend::Sqlite))).collect();
        let sql = parts.iter().map(|(sql, _)| sql.as_str()).collect::<Vec<_>>().join(" AND ");
        (sql, parts.into_iter().flat_map(|(_, binds)| binds).collect())
    }

    #[test]
    fn values_are_bound_and_never_part_of_the_sql() {
        assert_eq!(
            sql("kernel = rbf, linear, c>=1,fast=true"),
            (
                "(e.`kernel` = ? OR e.`kernel` = ?) AND e.`c` >= ? AND (e.`fast` = ?)".to_owned(),
                vec!["rbf".into(), "linear".into(), Value::Float(1.0), Value::Int(1)]
            )
        );
        assert_eq!(sql("kernel=\"a,b='; DROP\""), ("(e.`kernel` = ?)".to_owned(), vec!["a,b='; DROP".into()]));
        assert_eq!(sql("kernel=a=b").1, vec!["a=b".into()]);
    }

    #[test]
    fn null_is_neither_equal_nor_unequal_to_a_value() {
        assert_eq!(sql("loss=null").0, "(e.`loss` IS NULL OR 1=0)");
        assert_eq!(sql("loss!=NULL").0, "(e.`loss` IS NOT NULL AND NOT (1=0))");
        assert_eq!(sql("loss!=1").0, "(e.`loss` IS NULL OR NOT (e.`loss` = ?))");
        assert_eq!(sql("kernel=\"null\"").1, vec!["null".into()]);
    }

    #[test]
    fn a_mistake_points_into_the_text() {
        for (text, says, mark) in [
            ("kernl=rbf", "no column `kernl`", "  ^^^^^"),
            ("c>=1,kernl=rbf", "no column `kernl`", "       ^^^^^"),
            ("c=many", "`c` cannot be this: not a number", "    ^^^^"),
            ("c<null", "nothing is < than this", "    ^^^^"),
            ("kernel<r*", "nothing is < than this", "         ^^"),
            ("c=1,", "a condition is missing", "      ^"),
            ("rbf", "a condition is missing", "  ^^^"),
            ("c<1,2", "a condition is missing", "      ^"),
            ("kernel=", "a value is missing", "         ^"),
            ("kernel==rbf", "no operator `==`", "         ^"),
            ("c=>1", "no operator `=>`", "    ^"),
            ("kernel=\"rbf", "no second one", "         ^"),
            ("status=eror", "`eror` is not a status", "         ^^^^"),
            ("", "a condition is missing", "  ^"),
        ] {
            let error = Condition::parse(text, &spec(), Backend::Sqlite).expect_err(text);
            assert!(error.message.contains(says), "{text}: {error}");
            assert_eq!(error.message.lines().last(), Some(mark), "{text}: {error}");
        }
    }
}
