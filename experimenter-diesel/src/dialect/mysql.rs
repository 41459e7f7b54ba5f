//! `MySQL` and `MariaDB`. Nothing that `MySQL` 8 lacks (`RETURNING`) and nothing that `MariaDB` lacks (`FOR SHARE`).

use std::time::Duration;

use super::{Dialect, FencedUpdate};
use crate::Value;
use crate::fault::{Mutant, mutant};
use crate::statement::Statement;

/// READ COMMITTED, for the fence and against gap locks; strict, so that no value is changed in silence; English, since
/// errors are told apart by their text.
pub(crate) const SESSION_SETUP: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; \
    SET SESSION sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', \
    lc_messages = 'en_US', group_concat_max_len = 1048576";

/// The longest wait for a table, in seconds: its change waits behind every open snapshot, and holds up everybody else.
const TABLE_WAIT: u64 = 5;

/// Has statements wait for so long for a row's lock, in whole seconds, which the server counts in.
pub(crate) fn lock_wait(at_most: Duration) -> String {
    let seconds = at_most.as_secs().max(1);
    let table_seconds = seconds.min(TABLE_WAIT);
    format!("SET SESSION innodb_lock_wait_timeout = {seconds}, lock_wait_timeout = {table_seconds}")
}

pub(crate) const SESSION_SETTINGS: &str = "SELECT @@max_allowed_packet";

pub(super) const DIALECT: Dialect = Dialect {
    id_column: "ID INTEGER PRIMARY KEY AUTO_INCREMENT",
    table_options: "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
    inline_index: true,
    now: "UTC_TIMESTAMP(6)",
    now_plus_seconds: "UTC_TIMESTAMP(6) + INTERVAL ({}) SECOND",
    seconds_since: "TIMESTAMPDIFF(MICROSECOND, {}, UTC_TIMESTAMP(6)) / 1000000.0",
    same: "<=>",
    // Whatever the column's character set; MySQL's own comparison takes `A` for `a`.
    exact_text: "CONVERT({} USING utf8mb4) COLLATE utf8mb4_bin",
    // A bare `?` takes on the column's character set, and MySQL refuses what that lacks without naming the column.
    given_text: "CONVERT(? USING utf8mb4)",
    like: "{} LIKE ? ESCAPE '|'",
    like_pattern,
    for_update: "FOR UPDATE",
    // An equal status would be looked up, and all its rows read up to the ID; a range goes by both columns of the index.
    open_from_an_id: ("e.status>='created' AND e.status<='created'", "e.status, e.ID"),
    // MySQL 9.6 and later have no MD5 of their own.
    shape: "SELECT SHA2(GROUP_CONCAT(column_name, ' ', column_type ORDER BY ordinal_position), 256) \
            FROM information_schema.columns WHERE table_schema=DATABASE() AND table_name=?",
    columns: "SELECT table_name, column_name, column_type FROM information_schema.columns \
              WHERE table_schema=DATABASE() AND table_name IN ({}) ORDER BY table_name, ordinal_position",
    indexes: "SELECT DISTINCT index_name FROM information_schema.statistics \
              WHERE table_schema=DATABASE() AND table_name=?",
    // A simple multi-row INSERT gets consecutive numbers in every `innodb_autoinc_lock_mode`.
    inserted: "SELECT LAST_INSERT_ID() + 0 * ?, @@auto_increment_increment",
    fenced,
};

fn like_pattern(pattern: &str) -> String {
    let escaped = pattern.replace('|', "||").replace('%', "|%").replace('_', "|_");
    escaped.replace('*', "%").replace('?', "_")
}

/// One statement that sets a column of both tables: only then is the fence read under the row's lock whatever plan the
/// optimiser takes. A fence in a scalar subquery is read before the wait for that lock.
fn fenced(update: &FencedUpdate) -> Vec<Statement> {
    if mutant(Mutant::Subquery) {
        return fenced_by_subqueries(update);
    }
    let FencedUpdate { table, claims, id, created, set_row, set_claim, condition, condition_binds } = update;
    let sql = format!(
        "UPDATE `{table}` e STRAIGHT_JOIN `{claims}` c ON c.experiment_id=e.ID AND c.created <=> e.creation_date \
         SET {}, {} WHERE e.ID=? AND e.creation_date <=> ? AND ({condition})",
        set_row.sql("e."),
        set_claim.sql("c."),
    );
    let mut binds = set_row.binds.clone();
    binds.extend(set_claim.binds.iter().cloned());
    binds.extend([Value::Int(*id), created.clone()]);
    binds.extend(condition_binds.iter().cloned());
    vec![Statement::new(sql, binds)]
}

/// What looks right and is not, for the tests.
fn fenced_by_subqueries(update: &FencedUpdate) -> Vec<Statement> {
    let FencedUpdate { table, claims, id, set_row, set_claim, condition, condition_binds, .. } = update;
    let columns = ["attempt", "state", "executer_id", "log_seq", "key_hash", "closed_at"];
    let condition = columns.iter().fold(condition.clone(), |condition, column| {
        let subquery = format!("(SELECT f.{column} FROM `{claims}` f WHERE f.experiment_id={id})");
        condition.replace(&format!("c.{column}"), &subquery)
    });
    let mut row_binds = set_row.binds.clone();
    row_binds.push(Value::Int(*id));
    row_binds.extend(condition_binds.iter().cloned());
    let row = format!("UPDATE `{table}` e SET {} WHERE e.ID=? AND ({condition})", set_row.sql("e."));
    let mut claim_binds = set_claim.binds.clone();
    claim_binds.push(Value::Int(*id));
    let claim = format!("UPDATE `{claims}` c SET {} WHERE c.experiment_id=?", set_claim.sql("c."));
    vec![Statement::new(row, row_binds), Statement::new(claim, claim_binds)]
}
