//! The defaults that stay out of the rows' hashes, as the table remembers them.
//!
//! A row is identified by the hash of its keyfields, and a keyfield that has its default is left out of it. A default that
//! changed would give old rows another meaning, and rows that a new fill does not recognise.

use std::collections::BTreeMap;

use crate::spec::{Column, Side};
use crate::statement::Statement;
use crate::store::Store;
use crate::{Result, StoreError, TableSpec, Value};

/// Where they are kept among the side table's lines.
const NAME: &str = "defaults";

/// Each keyfield that entered a hash, with its default at that time: a list of one or none, since NULL can be one.
type Defaults = BTreeMap<String, Vec<serde_json::Value>>;

impl Store {
    /// Checks the declared defaults against those that the rows are identified by.
    ///
    /// # Errors
    /// [`StoreError::Declaration`] when one was changed, added to a keyfield that had none, or taken away.
    pub(crate) async fn check_defaults(&mut self) -> Result<()> {
        let (known, _) = self.known_defaults().await?;
        match compare(&self.spec, &known) {
            Err(_) if !self.has_identified_rows().await? => Ok(()),
            compared => compared,
        }
    }

    /// The same, and remembers the defaults of keyfields that are new.
    pub(crate) async fn remember_defaults(&mut self) -> Result<()> {
        let meta = self.side(Side::Meta);
        loop {
            let (known, text) = self.known_defaults().await?;
            let new = match compare(&self.spec, &known) {
                Ok(()) => known.iter().map(|(field, default)| (field.clone(), default.clone())).collect(),
                // What somebody dropped and made anew is another table.
                Err(_) if !self.has_identified_rows().await? => Defaults::new(),
                Err(error) => return Err(error),
            };
            let new = new.into_iter().chain(declared(&self.spec)).collect::<Defaults>();
            if new == known {
                return Ok(());
            }
            let new = Value::Text(serde_json::json!(new).to_string());
            let statement = match text {
                None => {
                    Statement::new(format!("INSERT INTO `{meta}` (name, value) VALUES (?, ?)"), vec![NAME.into(), new])
                }
                Some(old) => Statement::new(
                    format!("UPDATE `{meta}` SET value=? WHERE name=? AND value=?"),
                    vec![new, NAME.into(), Value::Text(old)],
                ),
            };
            match self.connection.repeat(async |connection| connection.execute(statement.clone()).await).await {
                // Another process was first: look again.
                Ok(0) | Err(StoreError::Duplicate(_)) => {}
                result => return result.map(drop),
            }
        }
    }

    /// Whether a row of the table has been identified by its keyfields.
    async fn has_identified_rows(&mut self) -> Result<bool> {
        let joined = self.spec.joined("JOIN", self.dialect().same);
        let sql = format!("SELECT 1 FROM {joined} WHERE c.key_hash IS NOT NULL LIMIT 1");
        let statement = Statement::new(sql, Vec::new());
        match self.connection.repeat(async |connection| connection.rows(statement.clone()).await).await {
            Err(StoreError::NoTable(_)) => Ok(false),
            rows => Ok(!rows?.is_empty()),
        }
    }

    /// What is remembered, and its text as it is stored.
    async fn known_defaults(&mut self) -> Result<(Defaults, Option<String>)> {
        let sql = format!("SELECT value FROM `{}` WHERE name=?", self.side(Side::Meta));
        let statement = Statement::new(sql, vec![NAME.into()]);
        let rows = match self.connection.repeat(async |connection| connection.rows(statement.clone()).await).await {
            // To who may read certain tables only, the others are not there either.
            Err(StoreError::NoTable(_) | StoreError::NotPermitted(_)) if !self.has_sides => Vec::new(),
            rows => rows?,
        };
        let Some(text) = rows.first().and_then(|row| row.text(0)) else { return Ok((Defaults::new(), None)) };
        let known = serde_json::from_str(text)
            .map_err(|error| StoreError::Database(format!("the table's defaults `{text}` are damaged: {error}")))?;
        Ok((known, Some(text.to_owned())))
    }
}

fn declared(spec: &TableSpec) -> Defaults {
    let default = |column: &Column| column.default.iter().map(Value::to_json).collect();
    spec.keyfields.iter().map(|column| (column.name.clone(), default(column))).collect()
}

fn compare(spec: &TableSpec, known: &Defaults) -> Result<()> {
    for (field, now) in declared(spec) {
        let Some(then) = known.get(&field).filter(|then| **then != now) else { continue };
        let said = |default: &[serde_json::Value]| {
            default.first().map_or_else(|| "no default".to_owned(), |default| format!("the default {default}"))
        };
        return Err(StoreError::Declaration(format!(
            "keyfield `{field}` has {}, and the rows of `{}` are identified with {}: put it back, use another table by \
             `table = \"…\"`, or drop this one",
            said(&now),
            spec.name,
            said(then),
        )));
    }
    Ok(())
}
