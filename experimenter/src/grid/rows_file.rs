//! `--rows FILE`: rows from a file, CSV with a line of names or JSON with an object in each line.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use experimenter_diesel::Value;

use super::axis::Axis;
use super::origin::Source;
use super::setting::Setting;
use crate::definition::{Definition, Keyfield};
use crate::field::FieldError;
use crate::mistake::{Mistake, Place};
use crate::{panics, registry};

/// The longest line, in bytes.
const LONGEST_LINE: u64 = 64 << 20;

/// Reads the rows of a file; keyfields that the command line sets are not among its columns.
pub(super) fn read(
    definition: &'static Definition,
    path: &Path,
    settings: &[Setting],
) -> Result<(Axis, Source), Mistake> {
    let mut reader = Reader::new(definition, path, settings)?;
    let file = File::open(path).map_err(|error| {
        Mistake::new(
            format!("cannot read {}: {error}", path.display()),
            "check the path; it is relative to the working directory",
        )
    })?;
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    match ending.as_deref() {
        Some("csv") => reader.csv(BufReader::new(file))?,
        Some("jsonl" | "ndjson") => reader.jsonl(BufReader::new(file))?,
        _ => {
            return Err(Mistake::new(
                format!("{}: a file of rows ends in `.csv` or `.jsonl`", path.display()),
                "CSV has the keyfields' names in its first line; JSONL has an object in each line: {\"seed\": 3, …}",
            ));
        }
    }
    if reader.tuples.is_empty() {
        return Err(Mistake::new(format!("{} has no rows", path.display()), "write one row in each line"));
    }
    Ok((Axis::new(reader.fields, reader.tuples), Source::Named(reader.file.into())))
}

struct Reader {
    definition: &'static Definition,
    file: String,
    /// The keyfields that a row has values for.
    fields: Vec<usize>,
    /// The default of each of them.
    defaults: Vec<Option<Value>>,
    /// The table's columns that are no keyfields.
    others: Vec<String>,
    tuples: Vec<(Vec<Value>, Source)>,
}

impl Reader {
    fn new(definition: &'static Definition, path: &Path, settings: &[Setting]) -> Result<Self, Mistake> {
        let is_set = |field: &Keyfield| settings.iter().any(|setting| setting.sets(field));
        let fields = definition.keyfields.iter().enumerate().filter(|(_, field)| !is_set(field));
        let fields: Vec<_> = fields.map(|(index, _)| index).collect();
        let default = |index: &usize| registry::default_of(definition, &definition.keyfields[*index]);
        let defaults = fields.iter().map(default).collect::<Result<_, _>>()?;
        let others = registry::table_spec(definition)?.other_columns();
        Ok(Self { definition, file: path.display().to_string(), fields, defaults, others, tuples: Vec::new() })
    }

    fn csv(&mut self, input: impl Read) -> Result<(), Mistake> {
        let mut reader = csv::ReaderBuilder::new().from_reader(input);
        let header = reader.headers().map_err(|error| self.unreadable(&error))?.clone();
        let columns = header.iter().map(|name| self.column(1, name.trim())).collect::<Result<Vec<_>, _>>()?;
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).map_err(|error| self.unreadable(&error))? {
            let line = record.position().map_or(0, csv::Position::line);
            let mut tuple = vec![None; self.fields.len()];
            for (column, cell) in columns.iter().zip(&record) {
                let Some(column) = column else { continue };
                let value = self.catch(line, self.fields[*column], |field| cell_value(field, cell))?;
                self.put(line, &mut tuple, *column, value)?;
            }
            self.add(line, tuple)?;
        }
        Ok(())
    }

    fn jsonl(&mut self, mut input: impl BufRead) -> Result<(), Mistake> {
        let mut number = 0;
        loop {
            number += 1;
            let mut bytes = Vec::new();
            let read = input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut bytes);
            if read.map_err(|error| self.wrong(number, &error.to_string()))? == 0 {
                return Ok(());
            }
            if bytes.len() as u64 == LONGEST_LINE {
                return Err(self.wrong(number, &format!("the line has more than {LONGEST_LINE} bytes")));
            }
            let text = String::from_utf8(bytes).map_err(|_| self.wrong(number, "the line is not UTF-8 text"))?;
            let text = text.trim_start_matches('\u{feff}').trim();
            if !text.is_empty() {
                self.object(number, text)?;
            }
        }
    }

    /// A line with a JSON object.
    fn object(&mut self, line: u64, text: &str) -> Result<(), Mistake> {
        let json: serde_json::Value =
            serde_json::from_str(text).map_err(|error| self.wrong(line, &format!("not valid JSON: {error}")))?;
        let serde_json::Value::Object(object) = json else {
            return Err(self.wrong(line, "a line is one JSON object: {\"seed\": 3, …}"));
        };
        let mut tuple = vec![None; self.fields.len()];
        for (name, json) in &object {
            let Some(column) = self.column(line, name)? else { continue };
            let value = self.catch(line, self.fields[column], |field| (field.read)(json))?;
            self.put(line, &mut tuple, column, value)?;
        }
        self.add(line, tuple)
    }

    /// The place among the file's fields of the keyfield of that name; `None` for another column of the table, as an
    /// export has them.
    fn column(&self, line: u64, name: &str) -> Result<Option<usize>, Mistake> {
        let Definition { keyfields, name: experiment, .. } = self.definition;
        if self.others.iter().any(|other| other == name) {
            return Ok(None);
        }
        let Some(index) = keyfields.iter().position(|field| field.column.name == name) else {
            let known: Vec<_> = keyfields.iter().map(|field| format!("`{}`", field.column.name)).collect();
            return Err(Mistake::new(
                format!("{}:{line}: `{experiment}` has no keyfield `{name}`", self.file),
                format!("its keyfields are {}", known.join(", ")),
            ));
        };
        let place = self.fields.iter().position(|field| *field == index);
        place.map(Some).ok_or_else(|| self.wrong(line, &format!("keyfield `{name}` has values here, and by `--set`")))
    }

    fn put(&self, line: u64, tuple: &mut [Option<Value>], column: usize, value: Value) -> Result<(), Mistake> {
        if tuple[column].replace(value).is_some() {
            let name = self.definition.keyfields[self.fields[column]].column.name;
            return Err(self.wrong(line, &format!("keyfield `{name}` stands here twice")));
        }
        Ok(())
    }

    /// Adds a row; a field that the file does not give has its default.
    fn add(&mut self, line: u64, tuple: Vec<Option<Value>>) -> Result<(), Mistake> {
        let mut values = Vec::with_capacity(tuple.len());
        for (index, value) in tuple.into_iter().enumerate() {
            let Some(value) = value.or_else(|| self.defaults[index].clone()) else {
                let name = self.definition.keyfields[self.fields[index]].column.name;
                return Err(Mistake::new(
                    format!("{}:{line}: the row has no value of the keyfield `{name}`", self.file),
                    format!("add it to the file, or combine every row with values by `--set {name}=…`"),
                ));
            };
            values.push(value);
        }
        let place = Place::new(&self.file, u32::try_from(line).unwrap_or(u32::MAX));
        self.tuples.push((values, Source::Place(place)));
        Ok(())
    }

    /// Reads one value; what is wrong with it is said with its field and line.
    fn catch(
        &self,
        line: u64,
        index: usize,
        read: impl FnOnce(&Keyfield) -> Result<Value, FieldError>,
    ) -> Result<Value, Mistake> {
        let field = &self.definition.keyfields[index];
        let value = panics::catch(|| read(field)).unwrap_or_else(|panic| Err(FieldError::new(panic.message)));
        value.map_err(|error| self.wrong(line, &format!("keyfield {}", error.of(field.column.name))))
    }

    fn wrong(&self, line: u64, what: &str) -> Mistake {
        Mistake::new(format!("{}:{line}: {what}", self.file), "correct that line; nothing was written")
    }

    fn unreadable(&self, error: &csv::Error) -> Mistake {
        let line = error.position().map_or(1, csv::Position::line);
        match error.kind() {
            csv::ErrorKind::Utf8 { .. } => self.wrong(line, "the line is not UTF-8 text"),
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                self.wrong(line, &format!("the row has {len} cells, and the line of names has {expected_len}"))
            }
            csv::ErrorKind::Io(reason) => Mistake::new(
                format!("cannot read {}: {reason}", self.file),
                "check the path; it is relative to the working directory",
            ),
            _ => self.wrong(line, &error.to_string()),
        }
    }
}

/// A cell of CSV, which tells NULL and an empty text apart by the field's type alone.
fn cell_value(field: &Keyfield, cell: &str) -> Result<Value, FieldError> {
    if cell.is_empty() && (field.check)(&Value::Null).is_ok() {
        return Ok(Value::Null);
    }
    // `5.0` and `TRUE` are what other programs write for `5` and `true`.
    (field.parse)(cell).or_else(|error| (field.read)(&crate::config::scalar(cell)).map_err(|_| error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    static DEFINITION: Definition = Definition {
        name: "svm",
        file: "src/main.rs",
        keyfields: &[
            Keyfield::new::<String>("kernel", 2),
            Keyfield::new::<Option<f64>>("c", 3),
            Keyfield::new::<u8>("seed", 4).default(|| Ok(Value::Int(9))),
        ],
        ..Definition::EMPTY
    };

    fn read(text: &[u8], form: &str, set: &[&str]) -> Result<Vec<String>, Mistake> {
        let set: Vec<_> = set.iter().map(|text| (*text).to_owned()).collect();
        let settings = Setting::parse_all(&DEFINITION, &set)?;
        let mut reader = Reader::new(&DEFINITION, Path::new("rows"), &settings)?;
        if form == "csv" {
            reader.csv(text)?;
        } else {
            reader.jsonl(text)?;
        }
        let shown = |(values, source): &(Vec<Value>, Source)| {
            let values: Vec<_> = values.iter().map(ToString::to_string).collect();
            format!("{source} {}", values.join(","))
        };
        Ok(reader.tuples.iter().map(shown).collect())
    }

    #[test]
    fn rows_are_read_by_their_fields_types() {
        let csv = "\u{feff}seed, kernel,c\n1,\"a,\nb\",0.5\n2,,\n";
        let rows = read(csv.as_bytes(), "csv", &[]).expect("rows");
        assert_eq!(rows, ["rows:2 a,\nb,0.5,1", "rows:4 ,,2"]);
        let jsonl = "{\"kernel\": \"rbf\", \"c\": null, \"seed\": 1}\n\n {\"c\": 1, \"kernel\": 7}";
        let rows = read(jsonl.as_bytes(), "jsonl", &[]).expect("rows");
        assert_eq!(rows, ["rows:1 rbf,,1", "rows:3 7,1,9"]);
        // What other programs write, and what an export has beside the keyfields.
        let rows = read(b"ID,kernel,c,seed,status\n7,a,1,5.0,done\n", "csv", &[]).expect("rows");
        assert_eq!(rows, ["rows:2 a,1,5"]);
        let rows = read(b"c\n1\n2\n", "csv", &["kernel=rbf"]).expect("rows");
        assert_eq!(rows, ["rows:2 1,9", "rows:3 2,9"]);
    }

    #[test]
    fn mistakes_name_the_line_and_the_field() {
        for (form, text, says) in [
            ("csv", "kernel,c,sed\n", "rows:1: `svm` has no keyfield `sed`"),
            ("csv", "kernel,c,c\na,1,2\n", "rows:2: keyfield `c` stands here twice"),
            ("csv", "kernel,c\na,1\nb\n", "rows:3: the row has 1 cells, and the line of names has 2"),
            ("csv", "kernel,c\na,x\n", "rows:2: keyfield `c`: expected a number, found `x`"),
            ("csv", "kernel,c,seed\na,1,\n", "rows:2: keyfield `seed`: expected u8, found ``"),
            ("csv", "c\n1\n", "rows:2: the row has no value of the keyfield `kernel`"),
            ("csv", "kernel\n\u{e9}", "rows:2: the row has no value of the keyfield `c`"),
            ("jsonl", "{\"kernel\": \"a\", \"c\": 1}\n[1]\n", "rows:2: a line is one JSON object"),
            ("jsonl", "{\"kernel\": ", "rows:1: not valid JSON"),
            ("jsonl", "{\"kernel\": 1.5, \"c\": 1}", "rows:1: keyfield `kernel`: expected text, found `1.5`"),
            ("jsonl", "{\"kernel\": \"a\", \"c\": [1]}", "rows:1: keyfield `c`: expected a number, found `[1]`"),
            ("jsonl", "{\"kernel\": \"a\"}", "rows:1: the row has no value of the keyfield `c`"),
            ("jsonl", "{\"statu\": \"done\"}", "`svm` has no keyfield `statu`"),
        ] {
            let refused = read(text.as_bytes(), form, &[]);
            assert!(refused.as_ref().is_err_and(|error| error.message.contains(says)), "{refused:?} lacks {says}");
        }
        for form in ["csv", "jsonl"] {
            let refused = read(b"kernel,c\nfine,1\n\xff\xfe,2\n", form, &[]).expect_err("no text");
            assert!(form == "jsonl" || refused.message.contains("rows:3: the line is not UTF-8 text"), "{refused}");
        }
        let refused = read(b"{}\n\xff\n", "jsonl", &["kernel=a", "c=1"]).expect_err("no text");
        assert!(refused.message.contains("rows:2: the line is not UTF-8 text"), "{refused}");
        let refused = read(b"kernel,c\na,1\n", "csv", &["c=1"]).expect_err("twice");
        assert!(refused.message.contains("rows:1: keyfield `c` has values here, and by `--set`"), "{refused}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn broken_files_are_refused_and_not_more(
            start in 0..60_usize,
            put in prop::collection::vec(any::<u8>(), 0..20),
            cut in any::<bool>(),
        ) {
            let csv = "kernel,c,seed\nrbf,0.5,1\n\"lin,ear\",1e300,255\n,,0\n";
            let jsonl = "{\"kernel\": \"rbf\", \"c\": 0.5, \"seed\": 1}\n{\"kernel\": \"b\", \"c\": null}\n";
            for (form, text) in [("csv", csv), ("jsonl", jsonl)] {
                let mut bytes = text.as_bytes().to_vec();
                let start = start.min(bytes.len());
                let end = if cut { bytes.len() } else { start };
                bytes.splice(start..end, put.iter().copied());
                if let Err(mistake) = read(&bytes, form, &[]) {
                    prop_assert!(mistake.message.starts_with("rows:"), "{}", mistake);
                }
            }
        }
    }
}
