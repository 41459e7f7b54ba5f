//! `SQLite`: one writer at a time, so that two statements in a transaction are as good as one.

use super::{Dialect, FencedUpdate};
use crate::Value;
use crate::statement::Statement;

/// Foreign keys stay off, as `PyExperimenter` has them; writers of other programs are waited for.
pub(crate) const CONNECTION_SETUP: &str = "PRAGMA busy_timeout = 10000; PRAGMA synchronous = FULL;";

/// Readers beside a writer; the file remembers it.
pub(crate) const JOURNAL_MODE: &str = "PRAGMA journal_mode";
pub(crate) const TO_WAL: &str = "PRAGMA journal_mode = WAL";

/// For many rows at once: their hashes touch all of their index, which is read and written over and over unless it fits into
/// memory (64 MiB), and copied from the log to the file as often unless the log may grow (80 MiB).
pub(crate) const BULK: &str = "PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 20000;";

/// `SQLite`'s defaults.
pub(crate) const NO_BULK: &str = "PRAGMA cache_size = -2000; PRAGMA wal_autocheckpoint = 1000; PRAGMA shrink_memory;";

pub(super) const DIALECT: Dialect = Dialect {
    id_column: "ID INTEGER PRIMARY KEY AUTOINCREMENT",
    table_options: "",
    inline_index: false,
    now: "strftime('%Y-%m-%d %H:%M:%f', 'now')",
    now_plus_seconds: "strftime('%Y-%m-%d %H:%M:%f', 'now', ({}) || ' seconds')",
    seconds_since: "(julianday('now') - julianday({})) * 86400.0",
    same: "IS",
    exact_text: "{}",
    given_text: "?",
    like: "{} GLOB ?",
    like_pattern: |pattern| pattern.replace('[', "[[]"),
    for_update: "",
    open_from_an_id: ("e.status='created'", "e.ID"),
    shape: "SELECT group_concat(name || ' ' || type) FROM pragma_table_info(?)",
    columns: "SELECT m.name, p.name, p.type FROM sqlite_master m, pragma_table_info(m.name) p \
              WHERE m.type='table' AND m.name IN ({}) ORDER BY m.name, p.cid",
    indexes: "SELECT name FROM pragma_index_list(?)",
    inserted: "SELECT last_insert_rowid() - ? + 1, 1",
    fenced,
};

fn fenced(update: &FencedUpdate) -> Vec<Statement> {
    let FencedUpdate { table, claims, id, created, set_row, set_claim, condition, condition_binds } = update;
    let row = format!(
        "UPDATE `{table}` SET {} WHERE ID=? AND EXISTS (SELECT 1 FROM `{table}` e JOIN `{claims}` c \
         ON c.experiment_id=e.ID AND c.created IS e.creation_date WHERE e.ID=? AND e.creation_date IS ? AND ({condition}))",
        set_row.sql(""),
    );
    let mut row_binds = set_row.binds.clone();
    row_binds.extend([Value::Int(*id), Value::Int(*id), created.clone()]);
    row_binds.extend(condition_binds.iter().cloned());
    let claim = format!("UPDATE `{claims}` SET {} WHERE experiment_id=?", set_claim.sql(""));
    let mut claim_binds = set_claim.binds.clone();
    claim_binds.push(Value::Int(*id));
    vec![Statement::new(row, row_binds), Statement::new(claim, claim_binds)]
}
