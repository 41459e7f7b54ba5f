//! `try`: one row here and now, of which the database hears nothing.

use std::cell::RefCell;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use experimenter_diesel::{Ids, KeyHash, Record, Selector, StoreError, TableSpec, Value};
use serde_json::json;

use super::context::Context;
use super::execute::{FOLDER, custom};
use super::failure::Failure;
use super::show::{indented, no_row, or_dash};
use crate::exit;
use crate::grid::Grid;
use crate::report::{Table, count, duration};
use crate::run::{Attachment, Ending, Task};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  try 17                         run row 17 here, whatever its status, and compare its results
  try 17 --set c=10              the same with another value
  try 17 --debugger gdb          under a debugger")]
pub(super) struct Try {
    /// The row's ID
    #[arg(value_parser = clap::value_parser!(i64).range(1..))]
    id: i64,

    /// Another value of a keyfield, such as c=10
    #[arg(long, value_name = "FIELD=VALUE")]
    set: Vec<String>,

    /// A value for the experiment's `run.custom("NAME")`, in place of the configuration file's; JSON, or else text
    #[arg(long, value_name = "NAME=VALUE")]
    custom: Vec<String>,

    /// Run under this program, such as gdb, rust-lldb or "valgrind --leak-check=full"
    #[arg(long, value_name = "PROGRAM")]
    debugger: Option<String>,
}

/// The folder of the files that tried rows leave.
const ROWS: &str = "try";

pub(super) fn try_row(context: &mut Context<'_>, args: &Try) -> Result<u8, Failure> {
    let custom = custom(context.config.as_ref(), &args.custom)?;
    context.check()?;
    let row = Row::read(context, args.id)?;
    let key = Grid::altered(context.experiment.definition, &args.set, row.key.clone())?;
    if let Some(debugger) = &args.debugger {
        return Err(under(debugger));
    }
    let spec = context.store.spec();
    let folder = std::env::current_dir().unwrap_or_default().join(FOLDER).join(ROWS).join(&spec.name);
    let task = Task {
        id: args.id,
        attempt: 1,
        seed: KeyHash::of(&spec.keyfields, &key).seed(),
        dir: folder.join(args.id.to_string()),
        custom: Arc::new(custom),
        key,
        checkpoint: None,
        remaining: None,
    };
    let fields = spec.keyfields.iter().zip(&task.key).map(|(column, value)| format!("{}={value}", column.name));
    let (id, fields) = (args.id, fields.collect::<Vec<_>>().join(" "));
    context.console.note(&format!("row {id}, from its beginning: {fields}; nothing of it is kept in the table"));
    let given = Rc::new(Given::new(spec));
    let begun = Instant::now();
    let ending = (context.experiment.execute)(&task, Box::new(Rc::clone(&given)));
    let results = match &ending {
        Ending::Done(values) => values.iter().cloned().map(Some).collect(),
        // What it wrote before.
        _ => given.results.borrow().clone(),
    };
    // As their columns give them back.
    let backend = context.target.backend();
    let results = spec.resultfields.iter().zip(results).map(|(column, value)| {
        value.map(|value| column.column_type.read(column.fit(&value, backend).unwrap_or(value)))
    });
    let tried = Tried { spec, row: &row, ending, results: results.collect(), entries: given.entries() };
    context.console.note(&format!("{} after {}", tried.headline(), duration(begun.elapsed())));
    if context.console.is_json() {
        context.console.json(&tried.as_json())?;
    } else {
        context.console.result(&tried.as_text())?;
    }
    Ok(if matches!(tried.ending, Ending::Failed(_)) { exit::ROWS_FAILED } else { exit::DONE })
}

/// Has a debugger take the place of this process, which runs the same command without it. Gives why it cannot.
fn under(debugger: &str) -> Failure {
    let mut words = debugger.split_whitespace();
    let Some(program) = words.next() else {
        return Failure::usage("`--debugger` names no program").hint("write `--debugger gdb`");
    };
    let this = match std::env::current_exe() {
        Ok(this) => this,
        Err(error) => return Failure::new(format!("this program's own file is not known: {error}")),
    };
    let mut command = Command::new(program);
    command.args(words);
    match program.rsplit('/').next() {
        Some("gdb" | "rust-gdb") => command.arg("--args"),
        Some("lldb" | "rust-lldb") => command.arg("--"),
        _ => &mut command,
    };
    let mut arguments = std::env::args_os().skip(1);
    command.arg(this);
    while let Some(argument) = arguments.next() {
        if argument == "--debugger" {
            arguments.next();
        } else if !argument.to_string_lossy().starts_with("--debugger=") {
            command.arg(argument);
        }
    }
    let error = command.exec();
    Failure::new(format!("cannot start `{program}`: {error}")).hint("install it, or name another by `--debugger`")
}

/// The row as it is stored.
struct Row {
    status: String,
    key: Vec<Value>,
    results: Vec<Value>,
}

impl Row {
    fn read(context: &mut Context<'_>, id: i64) -> Result<Self, Failure> {
        let spec = context.store.spec();
        let keyfields = spec.keyfields.len();
        let fields = spec.keyfields.iter().chain(&spec.resultfields).map(|column| column.name.clone());
        let columns: Vec<_> = ["status".to_owned()].into_iter().chain(fields).collect();
        let columns: Vec<_> = columns.iter().map(String::as_str).collect();
        let selector = Selector { ids: Some(Ids::from(id)), ..Selector::default() };
        let mut found = None;
        let each = |mut record: Record| {
            let results = record.values.split_off(keyfields + 1);
            let key = record.values.split_off(1);
            let status = record.values.pop().map_or_else(String::new, |status| status.to_string());
            found = Some(Self { status, key, results });
            Ok::<_, StoreError>(())
        };
        context.store(async |store| store.records(&selector, &columns, each).await)?;
        found.ok_or_else(|| no_row(context, Some(id)))
    }
}

/// What the run gives while it goes on.
struct Given {
    results: RefCell<Vec<Option<Value>>>,
    logtables: Vec<String>,
    logged: RefCell<Vec<u64>>,
}

impl Given {
    fn new(spec: &TableSpec) -> Self {
        Self {
            results: RefCell::new(vec![None; spec.resultfields.len()]),
            logtables: spec.logtables.iter().map(|logtable| logtable.name.clone()).collect(),
            logged: RefCell::new(vec![0; spec.logtables.len()]),
        }
    }

    /// The logtables with their numbers of entries.
    fn entries(&self) -> Vec<(String, u64)> {
        self.logtables.iter().cloned().zip(self.logged.borrow().iter().copied()).collect()
    }
}

impl Attachment for Rc<Given> {
    fn write(&self, values: Vec<Option<Value>>) -> Result<(), StoreError> {
        for (result, value) in self.results.borrow_mut().iter_mut().zip(values) {
            *result = value.or(result.take());
        }
        Ok(())
    }

    fn log(&self, logtable: usize, _values: Vec<Value>) -> Result<(), StoreError> {
        if let Some(entries) = self.logged.borrow_mut().get_mut(logtable) {
            *entries += 1;
        }
        Ok(())
    }

    fn checkpoint(&self, _state: Vec<u8>) -> Result<(), StoreError> {
        Ok(())
    }

    fn progress(&self, _done: u64, _total: u64) {}

    fn say(&self, text: String) {
        crate::report::Console::new(false, false).note(&text);
    }

    fn should_stop(&self) -> bool {
        false
    }
}

/// What came of it, beside what is stored.
struct Tried<'a> {
    spec: &'a TableSpec,
    row: &'a Row,
    ending: Ending,
    results: Vec<Option<Value>>,
    entries: Vec<(String, u64)>,
}

impl Tried<'_> {
    fn headline(&self) -> &'static str {
        match self.ending {
            Ending::Done(_) => "done",
            Ending::Paused => "paused",
            Ending::Failed(_) => "error",
            Ending::Stopped => "stopped",
        }
    }

    fn as_text(&self) -> String {
        let shown = |value: &Value| or_dash((!value.is_null()).then(|| value.to_string()));
        let stored = format!("stored ({})", self.row.status);
        let mut table = Table::new(&["result", "here", &stored, ""]);
        for ((column, here), stored) in self.spec.resultfields.iter().zip(&self.results).zip(&self.row.results) {
            let here = here.as_ref().map_or_else(|| or_dash(None), shown);
            let stored = shown(stored);
            let both = here != or_dash(None) && stored != or_dash(None);
            let differs = if both && here != stored { "differs" } else { "" };
            table.row(vec![column.name.clone(), here, stored, differs.to_owned()]);
        }
        let mut text = table.to_string();
        let logged = self.entries.iter().filter(|(_, entries)| *entries > 0);
        let logged: Vec<_> = logged.map(|(name, entries)| format!("{name} {}", count(*entries))).collect();
        if !logged.is_empty() {
            text.push_str(&format!("\n\nlog entries, not kept: {}", logged.join(", ")));
        }
        if let Some(story) = self.story() {
            text.push_str(&format!("\n\nerror:\n{}", indented(&story)));
        }
        text
    }

    fn story(&self) -> Option<String> {
        match &self.ending {
            Ending::Failed(failure) => Some(failure.to_string()),
            _ => None,
        }
    }

    fn as_json(&self) -> serde_json::Value {
        let names = || self.spec.resultfields.iter().map(|column| column.name.clone());
        let here = names().zip(self.results.iter().map(|value| value.as_ref().map(Value::to_json).into()));
        let stored = names().zip(self.row.results.iter().map(Value::to_json));
        json!({
            "ending": self.headline(),
            "results": here.collect::<serde_json::Map<_, _>>(),
            "stored": { "status": self.row.status, "results": stored.collect::<serde_json::Map<_, _>>() },
            "entries": self.entries.iter().map(|(name, n)| (name.clone(), (*n).into())).collect::<serde_json::Map<_, _>>(),
            "error": self.story(),
        })
    }
}
