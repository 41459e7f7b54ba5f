//! The statements of `experimenter-diesel` for the table `noop`, written out; where the databases differ, by dialect.

/// What differs between the databases.
pub(crate) struct Dialect {
    pub(crate) now: &'static str,
    pub(crate) same: &'static str,
    pub(crate) shape: &'static str,
}

/// The first open rows from an offset on; its values are the table's name, a limit and an offset.
pub(crate) fn candidates(dialect: &Dialect) -> String {
    let Dialect { now, same, shape } = dialect;
    format!(
        "SELECT ({shape}), \
         (SELECT COUNT(*) FROM experimenter__noop__executers x WHERE x.state='alive' AND x.expires_at>{now}), \
         e.ID, c.attempt, c.key_hash, (c.attempt=0 AND c.state='released') OR (c.attempt>0 AND (c.log_seq>0 \
         OR c.wall_seconds IS NOT NULL OR e.score IS NOT NULL OR EXISTS (SELECT 1 FROM experimenter__noop__checkpoints k \
         WHERE k.experiment_id=e.ID AND k.created {same} e.creation_date))), \
         e.creation_date, c.returns, e.dataset, e.c, e.seed \
         FROM noop e JOIN experimenter__noop__claims c ON c.experiment_id=e.ID AND c.created {same} e.creation_date \
         WHERE e.status='created' ORDER BY e.ID LIMIT ? OFFSET ?"
    )
}

/// The start of an UPDATE of a row and its claim, on `MySQL`.
pub(crate) const UPDATE_BOTH: &str = "UPDATE noop e STRAIGHT_JOIN experimenter__noop__claims c \
     ON c.experiment_id=e.ID AND c.created <=> e.creation_date SET ";

/// What a claim sets of the row; its values are the start, name and machine.
pub(crate) const CLAIM_ROW: &str = "status='running', start_date=?, name=?, machine=?, end_date=NULL, error=NULL";

/// What a claim sets of its line; its values are the attempt and the executer.
pub(crate) fn claim_line(dialect: &Dialect) -> String {
    format!("attempt=?, state='held', executer_id=?, claimed_at={}, closed_at=NULL, log_seq=0", dialect.now)
}

/// When a row is claimed; its values are the hash, the attempt before, the executer and the attempt.
pub(crate) const CLAIMABLE: &str = "(c.key_hash IS NULL OR c.key_hash=?) AND ((e.status='created' AND c.attempt=?) \
     OR (e.status='running' AND c.state='held' AND c.executer_id=? AND c.attempt=? AND c.log_seq=0))";

/// What a finish sets of the row; its values are the result and the end.
pub(crate) const FINISH_ROW: &str = "score=?, status=?, end_date=?, error=?";

/// What a finish sets of its line; its values are the figures.
pub(crate) fn finish_line(dialect: &Dialect) -> String {
    format!(
        "state='finished', closed_at={}, wall_seconds=?, user_seconds=?, system_seconds=?, peak_bytes=?, busy_slots=?, \
         exit_detail=?",
        dialect.now
    )
}

/// When a row is finished; its values are the attempt, the executer and the status.
pub(crate) const FINISHABLE: &str = "c.attempt=? AND c.executer_id=? AND ((c.state='held' AND e.status='running') \
     OR (c.state='released' AND e.status='created') OR (c.state='given up' AND e.status='error') \
     OR (c.state='finished' AND e.status=?))";

/// The columns of an alias: `e.status=…` for `status=…`.
pub(crate) fn of(alias: &str, assignments: &str) -> String {
    let prefixed = assignments.split(", ").map(|assignment| format!("{alias}.{assignment}"));
    prefixed.collect::<Vec<_>>().join(", ")
}

/// The present local time, as `PyExperimenter` writes it.
pub(crate) fn local_now() -> String {
    chrono::Local::now().format("%Y-%m-%d %H:%M:%S").to_string()
}

/// A number that no other connection has.
pub(crate) fn executer() -> i64 {
    let nanoseconds = chrono::Utc::now().timestamp_nanos_opt().unwrap_or_default();
    nanoseconds ^ i64::from(std::process::id()) << 32
}

/// How many candidates are read at once.
pub(crate) const CANDIDATES: u32 = 8;

/// Where candidates are read: several connections want near rather than equal rows.
pub(crate) fn offset(connections: usize) -> u32 {
    let connections = u32::try_from(connections).unwrap_or(u32::MAX);
    let most = 2 * CANDIDATES * connections.saturating_sub(1);
    let now = chrono::Utc::now().timestamp_subsec_nanos();
    if most == 0 { 0 } else { now % most }
}
