//! Reading log entries.

use crate::report::PAGE;
use crate::store::Store;
use crate::{LogtableSpec, Record, Result, Selector, StoreError, Value};

impl Store {
    /// How many entries each logtable has of a row, in their order.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn entry_counts(&mut self, id: i64) -> Result<Vec<u64>> {
        let tables: Vec<_> = self.spec.logtables.iter().map(|logtable| self.spec.logtable(logtable)).collect();
        let mut counts = Vec::new();
        for table in tables {
            let sql = format!("SELECT COUNT(*) FROM `{table}` l WHERE l.experiment_id=?");
            let rows = self.query(sql, vec![Value::Int(id)]).await?;
            counts
                .push(rows.first().and_then(|row| row.int(0)).and_then(|n| u64::try_from(n).ok()).unwrap_or_default());
        }
        Ok(counts)
    }

    /// Gives each entry of the selected rows to `each`, by its `ID`: the row's ID, the values of these of its keyfields,
    /// the entry's time, and its fields. They are read in pages.
    ///
    /// # Errors
    /// When the database refuses, or when `each` does.
    pub async fn entries<E: From<StoreError>>(
        &mut self,
        logtable: &LogtableSpec,
        selector: &Selector,
        keyfields: &[&str],
        mut each: impl FnMut(Record) -> Result<(), E>,
    ) -> Result<(), E> {
        let (condition, binds) = selector.condition(self.dialect());
        let keys: String = keyfields.iter().map(|name| format!(", e.`{name}`")).collect();
        let fields: String = logtable.columns.iter().map(|column| format!(", l.`{}`", column.name)).collect();
        let sql = format!(
            "SELECT l.ID, l.experiment_id{keys}, l.timestamp{fields} FROM `{}` l JOIN `{}` e ON e.ID=l.experiment_id \
             WHERE {condition} AND l.ID > ? ORDER BY l.ID LIMIT {PAGE}",
            self.spec.logtable(logtable),
            self.spec.name
        );
        let reader = self.spec.reader(keyfields);
        self.paged(&sql, &binds, |mut record| {
            // After the row's ID its keyfields, after the entry's time its fields.
            let (key, entry) = record.values[1..].split_at_mut(keyfields.len());
            reader.read(key);
            for (column, value) in logtable.columns.iter().zip(&mut entry[1..]) {
                *value = column.column_type.read(std::mem::replace(value, Value::Null));
            }
            each(record)
        })
        .await
    }
}
