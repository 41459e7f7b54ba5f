//! Creating, checking and dropping the tables.

use std::collections::HashMap;

use crate::connection::Connection;
use crate::side_tables::{adapt_sides, note_schema};
use crate::spec::{Column, LogtableSpec, Side};
use crate::statement::Statement;
use crate::store::{Store, placeholders};
use crate::{Backend, ColumnType, Kind, Result, StoreError, TableSpec, TextUnit, Value};

/// The columns of each table that exists, by the table's name.
pub(crate) type Existing = HashMap<String, Vec<(String, String)>>;

impl Store {
    /// Creates what is missing of the tables, and checks what is there. Any number of processes may do so at once.
    ///
    /// A keyfield with a default that the main table lacks is added to it: the rows that are there have the default. The
    /// names of such keyfields are returned.
    ///
    /// # Errors
    /// [`StoreError::Columns`] when an existing table has other columns than the experiment, one line for each;
    /// [`StoreError::Declaration`] when its rows were identified by other defaults.
    pub async fn create_tables(&mut self) -> Result<Vec<String>> {
        let found = existing(&mut self.connection, &self.spec).await?;
        self.has_sides = self.spec.has_sides(&found);
        // What is refused is refused before anything is changed.
        self.spec.fit_defaults(self.connection.backend())?;
        self.check_defaults().await?;
        let Self { connection, spec, .. } = self;
        let (existing, added) = connection.repeat(async |connection| create(connection, spec).await).await?;
        self.has_sides = true;
        self.spec.take_types(&existing);
        self.spec.fit_defaults(self.connection.backend())?;
        self.remember_defaults().await?;
        Ok(added)
    }

    /// Checks the main table as [`check_tables`](Self::check_tables) does, and creates what it lacks beside it: what
    /// those need who write to it.
    ///
    /// # Errors
    /// Those of [`check_tables`](Self::check_tables) and of [`create_tables`](Self::create_tables).
    pub async fn prepare_tables(&mut self) -> Result<()> {
        let complete = self.check().await?;
        if complete { Ok(()) } else { self.create_tables().await.map(drop) }
    }

    /// Checks that the tables exist and have the experiment's columns.
    ///
    /// # Errors
    /// [`StoreError::NoTable`] when the main table does not exist, [`StoreError::Columns`] when it has other columns,
    /// [`StoreError::Declaration`] when its rows were identified by other defaults.
    pub async fn check_tables(&mut self) -> Result<()> {
        self.check().await.map(drop)
    }

    /// Checks the main table; says whether all the others are there.
    async fn check(&mut self) -> Result<bool> {
        let existing = existing(&mut self.connection, &self.spec).await?;
        let Some(columns) = existing.get(&self.spec.name.to_lowercase()) else {
            return Err(StoreError::NoTable(self.spec.name.clone()));
        };
        let backend = self.connection.backend();
        let added = addable(&self.spec, columns, backend);
        check(&self.spec.name, &self.spec.columns(), columns, Strictness::Exact)
            .map_err(|error| if added.is_empty() { error } else { lacking(&self.spec, &added) })?;
        check_logtables(&self.spec, &existing)?;
        self.has_sides = self.spec.has_sides(&existing);
        self.spec.take_types(&existing);
        self.spec.fit_defaults(backend)?;
        self.check_defaults().await?;
        let tables = self.spec.tables();
        Ok(self.has_sides && tables.iter().all(|table| existing.contains_key(&table.to_lowercase())))
    }

    /// Gives a table that somebody else created the index without which a claim reads every finished row.
    ///
    /// # Errors
    /// When the database refuses, or when somebody holds the table for more than a few seconds. All works without it, if
    /// more slowly.
    pub async fn create_index(&mut self) -> Result<()> {
        create_index(&mut self.connection, &self.spec).await
    }

    /// Drops every table of the experiment, the rows and results in them included.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn drop_tables(&mut self) -> Result<()> {
        let mut tables: Vec<_> = self.spec.logtables.iter().map(|logtable| self.spec.logtable(logtable)).collect();
        tables.push(format!("{}_codecarbon", self.spec.name));
        tables.extend(Side::ALL.map(|side| self.spec.side(side)));
        tables.push(self.spec.name.clone());
        let statements: Vec<_> = tables.iter().map(|table| format!("DROP TABLE IF EXISTS `{table}`")).collect();
        self.connection.batch(statements.join("; ")).await
    }

    /// A text that changes when the main table's columns change.
    pub(crate) async fn shape(&mut self) -> Result<String> {
        let query = Statement::new(self.dialect().shape, vec![self.spec.name.as_str().into()]);
        let rows = self.connection.rows(query).await?;
        Ok(rows.first().and_then(|row| row.text(0)).unwrap_or_default().to_owned())
    }
}

/// Creates what is missing; gives the columns of the tables as they are then, and the keyfields that were added.
async fn create(connection: &mut Connection, spec: &TableSpec) -> Result<(Existing, Vec<String>)> {
    let mut before = existing(connection, spec).await?;
    let mut added = Vec::new();
    if let Some(columns) = before.get_mut(&spec.name.to_lowercase()) {
        added = add_keyfields(connection, spec, columns).await?;
        check(&spec.name, &spec.columns(), columns, Strictness::Exact)?;
    }
    let missing: Vec<_> =
        spec.tables().into_iter().filter(|table| !before.contains_key(&table.to_lowercase())).collect();
    for table in &missing {
        match connection.batch(definition(connection, spec, table)).await {
            Err(StoreError::NotPermitted(reason)) => return Err(needs_privilege(table, &reason)),
            // Another process wrote the version meanwhile.
            Err(StoreError::Duplicate(_)) => {}
            result => result?,
        }
    }
    let now = existing(connection, spec).await?;
    if let Some(columns) = now.get(&spec.name.to_lowercase()) {
        check(&spec.name, &spec.columns(), columns, Strictness::Exact)?;
    }
    adapt_logtables(connection, spec, &now).await?;
    adapt_sides(connection, spec, &now).await?;
    check_logtables(spec, &now)?;
    if missing.contains(&spec.name) && missing.len() < spec.tables().len() {
        // Side tables that an earlier table of this name left behind.
        for side in [Side::Claims, Side::Attempts, Side::Checkpoints] {
            crate::adopt::forget(connection, spec, side, "1=1", Vec::new()).await?;
        }
    }
    Ok((now, added))
}

/// Adds the keyfields with a default that a table lacks, if nothing else is wrong with it.
async fn add_keyfields(
    connection: &mut Connection,
    spec: &TableSpec,
    columns: &mut Vec<(String, String)>,
) -> Result<Vec<String>> {
    let lacking = addable(spec, columns, connection.backend());
    if lacking.is_empty() {
        return Ok(Vec::new());
    }
    add_columns(connection, &spec.name, lacking.iter().map(|(_, clause)| clause.clone()).collect()).await?;
    columns.extend(lacking.iter().map(|(field, _)| (field.name.clone(), field.column_type.to_string())));
    Ok(lacking.into_iter().map(|(field, _)| field.name.clone()).collect())
}

/// Adds columns to a table by their clauses, all of them or none. Another process may do the same meanwhile.
pub(crate) async fn add_columns(connection: &mut Connection, table: &str, clauses: Vec<String>) -> Result<()> {
    // SQLite adds one column by a statement, and takes such statements into a transaction.
    let alterations = match connection.backend() {
        Backend::Mysql => vec![clauses.join(", ")],
        Backend::Sqlite => clauses,
    };
    let added = connection.transaction(async |connection| {
        for alteration in alterations {
            let statement = format!("ALTER TABLE `{table}` {alteration}");
            connection.execute(Statement::new(statement, Vec::new()).once()).await?;
        }
        Ok(())
    });
    match added.await {
        Err(StoreError::Database(reason)) if reason.to_lowercase().contains("duplicate column name") => Ok(()),
        Err(StoreError::Conflict(reason)) => Err(held(table, &reason)),
        Err(StoreError::NotPermitted(reason)) => Err(needs_privilege(table, &reason)),
        result => result,
    }
}

/// A change of a table that waits is not repeated: while it waits, everybody else waits behind it.
fn held(table: &str, reason: &str) -> StoreError {
    StoreError::Database(format!(
        "the table `{table}` needs further columns, and somebody holds it by an open transaction, such as a dump or a \
         notebook: {reason}"
    ))
}

/// The keyfields with a default that are all that a table lacks, each with the clause that adds it.
fn addable<'a>(spec: &'a TableSpec, columns: &[(String, String)], backend: Backend) -> Vec<(&'a Column, String)> {
    let lacking: Vec<_> = spec
        .keyfields
        .iter()
        .filter(|field| !columns.iter().any(|(name, _)| name.eq_ignore_ascii_case(&field.name)))
        .filter_map(|field| Some((field, addition(field, backend)?)))
        .collect();
    let complete = lacking.iter().map(|(field, _)| (field.name.clone(), field.column_type.to_string()));
    let complete: Vec<_> = columns.iter().cloned().chain(complete).collect();
    match check(&spec.name, &spec.columns(), &complete, Strictness::Exact) {
        Ok(()) => lacking,
        Err(_) => Vec::new(),
    }
}

/// What is said of keyfields that a fill adds.
fn lacking(spec: &TableSpec, fields: &[(&Column, String)]) -> StoreError {
    let added = |(field, _): &(&Column, String)| {
        let default = field.default.as_ref().map_or_else(String::new, ToString::to_string);
        let default = if default.is_empty() { "NULL".to_owned() } else { default };
        format!(
            "missing: `{}` {} (`fill` adds it, with {default} in the rows that are there)",
            field.name, field.column_type
        )
    };
    StoreError::Columns { table: spec.name.clone(), differences: fields.iter().map(added).collect() }
}

/// The clause that adds a keyfield to a table whose rows have its default; `None` where that cannot be said in SQL.
fn addition(Column { name, column_type, default }: &Column, backend: Backend) -> Option<String> {
    let default = match column_type.fit(default.as_ref()?, backend).ok()? {
        Value::Null => "NULL".to_owned(),
        number @ (Value::Int(_) | Value::UInt(_) | Value::Float(_)) => number.to_string(),
        Value::Text(text) => {
            let plain = !text.chars().any(|c| c.is_control() || matches!(c, '\\' | '?'));
            let quoted = plain.then(|| format!("'{}'", text.replace('\'', "''")))?;
            // MySQL takes the default of a long text as an expression, and SQLite no expression.
            let is_long = matches!(column_type.kind(), Kind::Text { unit: TextUnit::Bytes, .. });
            if is_long && backend == Backend::Mysql { format!("({quoted})") } else { quoted }
        }
        Value::Bytes(_) => return None,
    };
    Some(format!("ADD COLUMN `{name}` {column_type} DEFAULT {default}"))
}

impl TableSpec {
    /// Takes over the types that the columns really have: values are fitted to those, and hashed as those return them.
    fn take_types(&mut self, existing: &Existing) {
        let Some(found) = existing.get(&self.name.to_lowercase()) else { return };
        for column in self.keyfields.iter_mut().chain(&mut self.resultfields) {
            let real = found.iter().find(|(name, _)| name.eq_ignore_ascii_case(&column.name));
            if let Some(real) = real.and_then(|(_, sql)| ColumnType::parse(sql).ok()) {
                column.column_type = real;
            }
        }
    }

    /// Fits the defaults to their columns, as the rows' values are.
    fn fit_defaults(&mut self, backend: Backend) -> Result<()> {
        for Column { name, column_type, default } in &mut self.keyfields {
            if let Some(default) = default {
                let fitted = column_type.fit(default, backend);
                *default = fitted.map_err(|reason| StoreError::misfit(name, default, &reason))?;
            }
        }
        Ok(())
    }

    /// Every table, the main one first.
    pub(crate) fn tables(&self) -> Vec<String> {
        let logtables = self.logtables.iter().map(|logtable| self.logtable(logtable));
        let sides = Side::ALL.iter().map(|side| self.side(*side));
        std::iter::once(self.name.clone()).chain(logtables).chain(sides).collect()
    }
}

async fn existing(connection: &mut Connection, spec: &TableSpec) -> Result<Existing> {
    let tables = spec.tables();
    let sql = connection.dialect().columns.replace("{}", &placeholders(tables.len()));
    let rows = connection.rows(Statement::new(sql, tables.into_iter().map(Value::Text).collect())).await?;
    let mut existing = Existing::new();
    for row in rows {
        if let (Some(table), Some(column), Some(sql)) = (row.text(0), row.text(1), row.text(2)) {
            existing.entry(table.to_lowercase()).or_default().push((column.to_owned(), sql.to_owned()));
        }
    }
    Ok(existing)
}

/// The statements that create one of the tables.
fn definition(connection: &Connection, spec: &TableSpec, table: &str) -> String {
    let dialect = connection.dialect();
    let options = dialect.table_options;
    let index = |name: &str, columns: &str| match dialect.inline_index {
        true => (format!(", INDEX {name} ({columns})"), String::new()),
        false => (String::new(), format!("; CREATE INDEX IF NOT EXISTS `{table}__{name}` ON `{table}` ({columns})")),
    };
    let create = |columns: String, (inside, after): (String, String)| {
        format!("CREATE TABLE IF NOT EXISTS `{table}` ({columns}{inside}) {options}{after}")
    };
    if table == spec.name {
        let columns = spec.columns().into_iter().map(|(name, sql)| format!(", `{name}` {sql} DEFAULT NULL"));
        return create(dialect.id_column.to_owned() + &columns.collect::<String>(), index(STATUS_INDEX, "status, ID"));
    }
    if let Some(logtable) = spec.logtables.iter().find(|logtable| spec.logtable(logtable) == table) {
        return create(logtable_columns(dialect.id_column, spec, logtable), index("experiment_id", "experiment_id"));
    }
    let side = Side::ALL.into_iter().find(|side| spec.side(*side) == table).unwrap_or(Side::Meta);
    let index = side.index().map_or_else(Default::default, |(name, columns)| index(name, columns));
    let note = if side == Side::Meta { format!("; {}", note_schema(table)) } else { String::new() };
    create(side.definition(dialect.id_column), index) + &note
}

const STATUS_INDEX: &str = "experimenter_status";

fn logtable_columns(id_column: &str, spec: &TableSpec, logtable: &LogtableSpec) -> String {
    let columns = logtable
        .columns
        .iter()
        .map(|Column { name, column_type, .. }| format!("`{name}` {column_type} DEFAULT NULL, "));
    format!(
        "{id_column}, experiment_id INTEGER, timestamp DATETIME, {}attempt BIGINT DEFAULT NULL, \
         FOREIGN KEY (experiment_id) REFERENCES `{}` (ID) ON DELETE CASCADE",
        columns.collect::<String>(),
        spec.name
    )
}

/// A logtable that `PyExperimenter` created lacks the column with the attempt.
async fn adapt_logtables(connection: &mut Connection, spec: &TableSpec, existing: &Existing) -> Result<()> {
    for table in spec.logtables.iter().map(|logtable| spec.logtable(logtable)) {
        let columns = existing.get(&table.to_lowercase());
        if columns.is_some_and(|columns| columns.iter().all(|(name, _)| name != "attempt")) {
            add_columns(connection, &table, vec!["ADD COLUMN attempt BIGINT DEFAULT NULL".to_owned()]).await?;
        }
    }
    Ok(())
}

async fn create_index(connection: &mut Connection, spec: &TableSpec) -> Result<()> {
    let dialect = connection.dialect();
    let table = &spec.name;
    let indexes = connection.rows(Statement::new(dialect.indexes, vec![table.as_str().into()])).await?;
    if indexes.iter().any(|row| row.text(0).is_some_and(|name| name.contains(STATUS_INDEX))) {
        return Ok(());
    }
    let name = if dialect.inline_index { STATUS_INDEX.to_owned() } else { format!("{table}__{STATUS_INDEX}") };
    match connection.batch(format!("CREATE INDEX `{name}` ON `{table}` (status, ID)")).await {
        // Another process created it meanwhile.
        Err(StoreError::Database(reason))
            if reason.contains("Duplicate key name") || reason.contains("already exists") =>
        {
            Ok(())
        }
        result => result,
    }
}

fn needs_privilege(table: &str, reason: &str) -> StoreError {
    StoreError::NotPermitted(format!(
        "cannot create the table `{table}`, or add columns to it: {reason}\nask for: GRANT CREATE, ALTER, INDEX, DROP, REFERENCES, SELECT, \
         INSERT, UPDATE, DELETE ON the database"
    ))
}

/// How a table's columns are compared with the declared ones.
#[derive(Clone, Copy, PartialEq)]
enum Strictness {
    /// The same columns, as `PyExperimenter` checks its main table.
    Exact,
    /// Further columns do no harm.
    AtLeast,
}

fn check_logtables(spec: &TableSpec, existing: &Existing) -> Result<()> {
    for logtable in &spec.logtables {
        let table = spec.logtable(logtable);
        let Some(columns) = existing.get(&table.to_lowercase()) else { continue };
        let mut declared = vec![("experiment_id".to_owned(), "INTEGER".to_owned())];
        declared.extend(logtable.columns.iter().map(|column| (column.name.clone(), column.column_type.to_string())));
        check(&table, &declared, columns, Strictness::AtLeast)?;
    }
    Ok(())
}

fn check(table: &str, declared: &[(String, String)], found: &[(String, String)], strictness: Strictness) -> Result<()> {
    let mut differences = Vec::new();
    for (name, sql) in declared {
        match found.iter().find(|(column, _)| column.eq_ignore_ascii_case(name)) {
            None => differences
                .push(format!("missing: `{name}` {sql} (add it: ALTER TABLE `{table}` ADD COLUMN `{name}` {sql})")),
            Some((_, other)) if !holds_alike(sql, other) => differences.push(format!(
                "different: `{name}` is {other}, the experiment declares {sql} (declare it by #[sql = \"{other}\"], or \
                 change the table)"
            )),
            Some(_) => {}
        }
    }
    if strictness == Strictness::Exact {
        let is_declared = |column: &str| declared.iter().any(|(name, _)| name.eq_ignore_ascii_case(column));
        let extra = found.iter().filter(|(column, _)| !column.eq_ignore_ascii_case("ID") && !is_declared(column));
        differences.extend(extra.map(|(column, sql)| {
            format!(
                "extra: `{column}` {sql} (declare it in the attribute, drop the column, or use another table by \
                 `table = \"…\"`)"
            )
        }));
    }
    if differences.is_empty() { Ok(()) } else { Err(StoreError::Columns { table: table.to_owned(), differences }) }
}

fn holds_alike(declared: &str, found: &str) -> bool {
    match (ColumnType::parse(declared), ColumnType::parse(found)) {
        (Ok(declared), Ok(found)) => declared.is_like(&found),
        _ => declared.eq_ignore_ascii_case(found),
    }
}
