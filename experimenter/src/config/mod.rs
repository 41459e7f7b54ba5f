//! `PyExperimenter`'s configuration files: read, checked, and laid over what the attribute says.

mod apply;
mod credentials;
mod interpolation;
mod range;
mod scalar;
mod section;
#[cfg(test)]
mod tests;
mod yaml;

use std::path::Path;

pub(crate) use credentials::Credentials;
pub(crate) use scalar::resolve as scalar;

use crate::Custom;
use crate::mistake::{Mistake, Place};
use section::{Document, Section};

/// Where `PyExperimenter` looks for its configuration.
pub(crate) const DEFAULT_CONFIG: &str = "config/experiment_configuration.yml";

/// Where it looks for user and password.
pub(crate) const DEFAULT_CREDENTIALS: &str = "config/database_credentials.yml";

/// The largest file that is read, in bytes.
const LARGEST_FILE: u64 = 64 << 20;

/// A configuration file.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) file: String,
    /// How many rows to run at once.
    pub(crate) jobs: Option<At<i32>>,
    pub(crate) database: Option<DatabaseConfig>,
    /// The main table's name.
    pub(crate) table: Option<At<String>>,
    pub(crate) keyfields: Vec<KeyfieldConfig>,
    pub(crate) resultfields: Vec<ColumnConfig>,
    pub(crate) logtables: Vec<(At<String>, Vec<ColumnConfig>)>,
    pub(crate) result_timestamps: Option<At<bool>>,
    /// The values for the experiment's `run.custom("NAME")`.
    pub(crate) custom: Custom,
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

/// Which database the file names.
#[derive(Debug, Clone)]
pub(crate) struct DatabaseConfig {
    pub(crate) provider: Provider,
    /// The database's name; of SQLite that of the file without its `.db`.
    pub(crate) name: String,
    /// Whether the server is reached through a tunnel.
    pub(crate) ssh: Option<Place>,
}

/// The kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provider {
    Sqlite,
    Mysql,
}

/// A keyfield in the file.
#[derive(Debug, Clone)]
pub(crate) struct KeyfieldConfig {
    pub(crate) column: ColumnConfig,
    /// The values as they are written, each with its place, and the place of them all.
    pub(crate) values: Option<At<Vec<At<serde_json::Value>>>>,
}

/// A column in the file: its name and SQL type.
#[derive(Debug, Clone)]
pub(crate) struct ColumnConfig {
    pub(crate) name: At<String>,
    pub(crate) sql: Option<At<String>>,
}

impl Config {
    /// The file that the user named, or the one in the usual place if it is there.
    ///
    /// # Errors
    /// When a named file is not there, and for the first mistake in it.
    pub(crate) fn find(named: Option<&Path>) -> Result<Option<Self>, Mistake> {
        let path = named.unwrap_or(Path::new(DEFAULT_CONFIG));
        if named.is_none() && !path.exists() {
            return Ok(None);
        }
        let file = path.display().to_string();
        Self::parse(&file, &read_file(path)?, &environment).map(Some)
    }

    /// Reads a configuration.
    ///
    /// # Errors
    /// The first mistake: file, line, key, and the expected form.
    pub(crate) fn parse(file: &str, text: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, Mistake> {
        let document = Document::parse(file, text, "PY_EXPERIMENTER", environment)?;
        let top = document.section();
        top.only(&["n_jobs", "Database", "Custom", "CodeCarbon"])?;
        let mut config = Self {
            file: file.to_owned(),
            jobs: top.get("n_jobs")?.map(|jobs| jobs.jobs()).transpose()?,
            database: None,
            table: None,
            keyfields: Vec::new(),
            resultfields: Vec::new(),
            logtables: Vec::new(),
            result_timestamps: None,
            custom: Custom::new(),
        };
        if let Some(custom) = top.get("Custom")? {
            config.custom = custom.entries()?.into_iter().map(|(name, value)| (name.value, value.json())).collect();
        }
        if let Some(database) = top.get("Database")? {
            config.read_database(&database)?;
        }
        Ok(config)
    }

    fn read_database(&mut self, database: &Section<'_>) -> Result<(), Mistake> {
        database.only(&["provider", "database", "use_ssh", "use_ssh_tunnel", "table", "logtables"])?;
        self.database = database_config(database)?;
        if let Some(table) = database.get("table")? {
            table.only(&["name", "keyfields", "resultfields", "result_timestamps"])?;
            self.table = table.get("name")?.map(|name| name.text()).transpose()?;
            self.result_timestamps = table.get("result_timestamps")?.map(|on| on.boolean()).transpose()?;
            for (name, field) in table.get("keyfields")?.map_or(Ok(Vec::new()), |fields| fields.entries())? {
                self.keyfields.push(keyfield(name, &field)?);
            }
            if let Some(fields) = table.get("resultfields")? {
                self.resultfields = columns(&fields)?;
            }
        }
        for (name, logtable) in database.get("logtables")?.map_or(Ok(Vec::new()), |tables| tables.entries())? {
            self.logtables.push((name, columns(&logtable)?));
        }
        Ok(())
    }
}

fn database_config(database: &Section<'_>) -> Result<Option<DatabaseConfig>, Mistake> {
    let (provider, name) = (database.get("provider")?, database.get("database")?);
    let mut ssh = None;
    for key in ["use_ssh", "use_ssh_tunnel"] {
        let used = database.get(key)?.map(|used| used.boolean()).transpose()?;
        ssh = ssh.or(used.filter(|used| used.value).map(|used| used.place));
    }
    let Some(provider) = provider else { return Ok(None) };
    let kind = match provider.text()?.value.as_str() {
        "sqlite" => Provider::Sqlite,
        "mysql" => Provider::Mysql,
        _ => return Err(provider.expected("`sqlite` or `mysql`", "provider: sqlite")),
    };
    let name = name.ok_or_else(|| database.lacks("database", "database: py_experimenter"))?.text()?;
    Ok(Some(DatabaseConfig { provider: kind, name: name.value, ssh }))
}

fn keyfield(name: At<String>, field: &Section<'_>) -> Result<KeyfieldConfig, Mistake> {
    if !field.is_mapping() {
        return Err(field.expected("a mapping with `type` and `values`", "seed: { type: INT, values: [1, 2] }"));
    }
    field.only(&["type", "values"])?;
    let sql = field.get("type")?.map(|sql| sql.sql_type()).transpose()?;
    let values = field.get("values")?.map(|values| range::values(&values)).transpose()?;
    Ok(KeyfieldConfig { column: ColumnConfig { name, sql }, values })
}

fn columns(fields: &Section<'_>) -> Result<Vec<ColumnConfig>, Mistake> {
    let column = |(name, sql): (At<String>, Section<'_>)| Ok(ColumnConfig { name, sql: Some(sql.sql_type()?) });
    fields.entries()?.into_iter().map(column).collect()
}

/// The text of a file.
fn read_file(path: &Path) -> Result<String, Mistake> {
    let file = path.display();
    let unreadable = |reason: &dyn std::fmt::Display| {
        Mistake::new(format!("cannot read {file}: {reason}"), "check the path; it is relative to the working directory")
    };
    let length = path.metadata().map_err(|error| unreadable(&error))?.len();
    if length > LARGEST_FILE {
        return Err(unreadable(&format!("it has {length} bytes, and {LARGEST_FILE} are the most")));
    }
    let bytes = std::fs::read(path).map_err(|error| unreadable(&error))?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + valid.iter().filter(|byte| **byte == b'\n').count();
        Mistake::new(format!("{file}:{line}: the file is not UTF-8 text"), "save it as UTF-8")
    })
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
