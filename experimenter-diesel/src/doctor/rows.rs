//! Rows and the lines beside them that contradict each other.

use std::collections::HashSet;

use crate::adopt::read_key;
use crate::key::KeyHash;
use crate::spec::Side;
use crate::store::Store;
use crate::{Result, Selector, Status};

/// Rows that were found: how many, and the first of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// How many there are.
    pub count: u64,
    /// The IDs of the first ten.
    pub first: Vec<i64>,
}

impl Found {
    fn add(&mut self, id: i64) {
        self.count += 1;
        if self.first.len() < 10 {
            self.first.push(id);
        }
    }
}

/// What rows and the hashes of their keyfields are to each other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// Rows whose hash is not that of their keyfields: somebody has changed those.
    pub changed: Found,
    /// Rows whose keyfields an earlier row has as well.
    pub duplicates: Found,
    /// Rows that nobody has adopted.
    pub unadopted: Found,
}

/// Lines beside the table whose rows are gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Orphans {
    /// Lines of the claims.
    pub claims: u64,
    /// Checkpoints.
    pub checkpoints: u64,
}

impl Store {
    /// Compares the keyfields of every row with its hash, and with those of the other rows.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keys(&mut self) -> Result<Keys> {
        let hash = if self.has_sides { "c.key_hash" } else { "NULL" };
        let sql = format!(
            "SELECT e.ID, c.experiment_id, {hash}, {} FROM {} WHERE e.ID > ? ORDER BY e.ID",
            self.key_columns(),
            self.rows_and_claims()
        );
        let mut keys = Keys::default();
        let mut seen = HashSet::new();
        self.each_row(&sql, async |store, mut row| {
            let id = row.int(0).unwrap_or_default();
            let hash = KeyHash::of(&store.spec.keyfields, &read_key(&store.spec, &mut row, 3));
            if row.int(1).is_none() {
                keys.unadopted.add(id);
            } else if row.bytes(2).is_some_and(|stored| KeyHash::from_bytes(stored) != Some(hash)) {
                keys.changed.add(id);
            }
            if !seen.insert(hash) {
                keys.duplicates.add(id);
            }
            Ok(())
        })
        .await?;
        Ok(keys)
    }

    /// The statement by which a person deletes these rows.
    #[must_use]
    pub fn deletion_of(&self, rows: &Found) -> String {
        let ids: Vec<_> = rows.first.iter().map(i64::to_string).collect();
        format!("DELETE FROM `{}` WHERE ID IN ({})", self.spec.name, ids.join(","))
    }

    /// Counts the lines beside the table whose rows are gone.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn orphans(&mut self) -> Result<Orphans> {
        if !self.has_sides {
            return Ok(Orphans::default());
        }
        let claims = self.orphans_of(Side::Claims).await?;
        Ok(Orphans { claims, checkpoints: self.orphans_of(Side::Checkpoints).await? })
    }

    async fn orphans_of(&mut self, side: Side) -> Result<u64> {
        let sql = format!(
            "SELECT COUNT(*) FROM `{}` c LEFT JOIN `{}` e ON e.ID=c.experiment_id AND e.creation_date {} c.created \
             WHERE e.ID IS NULL",
            self.side(side),
            self.spec.name,
            self.dialect().same
        );
        let counted = self.query(sql, Vec::new()).await?;
        Ok(counted.first().and_then(|row| row.int(0)).and_then(|n| u64::try_from(n).ok()).unwrap_or_default())
    }

    /// The rows that are `running` although no executer of ours holds them.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn running_without_claim(&mut self) -> Result<Found> {
        let running = Selector { statuses: vec![Status::Running], ..Selector::default() };
        let (condition, binds) = running.condition(self.dialect());
        let held = if self.has_sides { "AND (c.state IS NULL OR c.state<>'held')" } else { "" };
        let sql = format!("SELECT e.ID FROM {} WHERE {condition} {held} ORDER BY e.ID", self.rows_and_claims());
        let mut found = Found::default();
        self.query(sql, binds).await?.iter().filter_map(|row| row.int(0)).for_each(|id| found.add(id));
        Ok(found)
    }
}
