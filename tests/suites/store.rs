//! The store on both databases: every promise of a row's life, told by the race or the mistake that it withstands.

mod checkpoints;
mod leases;
mod locks;
mod spool;
mod sqlite;

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use experimenter_diesel::{
    Claim, ClaimOrder, Claimer, Column, Ending, Entry, Executer, FillMode, Filled, KeyHash, LogtableSpec, Selector,
    Status, Store, StoreError, TableSpec, Target as Url, Value,
};
use experimenter_tests::{Server, Target, for_each_database};
use rustix::process::{Pid, Signal, kill_process};

/// A table with a field of each kind.
fn spec() -> TableSpec {
    let column = |name: &str, sql: &str| Column::new(name, sql).expect("a known type");
    TableSpec {
        name: "study".to_owned(),
        keyfields: vec![column("kernel", "VARCHAR(20)"), column("c", "DOUBLE"), column("seed", "INT")],
        resultfields: vec![column("score", "DOUBLE"), column("model", "VARCHAR(10)"), column("steps", "SMALLINT")],
        result_timestamps: false,
        logtables: vec![LogtableSpec { name: "epochs".to_owned(), columns: vec![column("loss", "DOUBLE")] }],
    }
}

fn row(seed: i64) -> Vec<Value> {
    vec!["rbf".into(), 0.1.into(), seed.into()]
}

fn results(score: f64) -> Ending {
    Ending::Done(vec![score.into(), "m".into(), Value::Int(3)])
}

/// Runs one test of the store on each database, each on an event loop of its own.
#[expect(clippy::needless_pass_by_value, reason = "a test is written where it is given")]
fn check(test: impl AsyncFn(&Target)) {
    for_each_database(|target| block_on(test(target)));
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    event_loop().block_on(future)
}

fn event_loop() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("an event loop")
}

async fn open(target: &Target) -> Store {
    open_with(target, spec()).await
}

async fn open_with(target: &Target, spec: TableSpec) -> Store {
    let url = Url::parse(&target.url()).expect("a URL");
    Store::open(&url, spec, Duration::from_secs(15)).await.expect("a connection")
}

/// A store whose table has rows with the seeds `0..n`.
async fn filled(target: &Target, n: i64) -> Store {
    let mut store = open(target).await;
    store.create_tables().await.expect("tables");
    let filled = store.fill(FillMode::Write, (0..n).map(row), |_| ()).await.expect("rows");
    assert_eq!(filled, Filled { new: n.unsigned_abs(), existing: 0 });
    store
}

async fn claimer(store: &mut Store) -> Claimer {
    claimer_of(store, ClaimOrder::Id, Selector::default()).await
}

async fn claimer_of(store: &mut Store, order: ClaimOrder, selector: Selector) -> Claimer {
    let executer = Executer::new("tester".to_owned(), "here".to_owned(), "0".to_owned());
    store.register(&executer).await.expect("a registration");
    store.claimer(executer, order, selector).await.expect("a claimer")
}

async fn claim(store: &mut Store, claimer: &mut Claimer) -> Claim {
    store.claim(claimer).await.expect("a claim").expect("an open row")
}

fn by_status(target: &Target, status: &str) -> String {
    target.value(&format!("SELECT COUNT(*) FROM study WHERE status = '{status}'")).expect("a count")
}

#[test]
fn the_tables_are_pyexperimenters() {
    check(async |target| {
        filled(target, 1).await;
        let columns = match target {
            Target::Sqlite { .. } => "SELECT name FROM pragma_table_info('study') ORDER BY cid",
            Target::Server(_) => {
                "SELECT column_name FROM information_schema.columns \
                 WHERE table_schema = DATABASE() AND table_name = 'study' ORDER BY ordinal_position"
            }
        };
        let names: Vec<_> = target.sql(columns).into_iter().flatten().flatten().collect();
        let expected = "ID kernel c seed creation_date status start_date name machine score model steps end_date error";
        assert_eq!(names.join(" "), expected);
        let plan = match target {
            Target::Sqlite { .. } => {
                "EXPLAIN QUERY PLAN SELECT ID FROM study WHERE status='created' AND ID >= 3 ORDER BY ID"
            }
            Target::Server(_) => "EXPLAIN SELECT ID FROM study WHERE status='created' AND ID >= 3 ORDER BY ID",
        };
        assert!(format!("{:?}", target.sql(plan)).contains("experimenter_status"), "a claim uses the index");
    });
}

#[test]
fn fifty_processes_create_the_tables_at_once() {
    check(async |target| {
        std::thread::scope(|scope| {
            for _ in 0..50 {
                scope.spawn(|| block_on(async { open(target).await.create_tables().await.expect("tables") }));
            }
        });
        assert_eq!(by_status(target, "created"), "0");
    });
}

#[test]
fn a_table_with_other_columns_is_refused_one_by_one() {
    check(async |target| {
        filled(target, 1).await;
        target.sql("ALTER TABLE study ADD COLUMN surprise INT");
        target.sql("ALTER TABLE study DROP COLUMN steps");
        let mut other = spec();
        other.keyfields[2] = Column::new("seed", "VARCHAR(9)").expect("a type");
        let error = open_with(target, other).await.check_tables().await.expect_err("other columns").to_string();
        for says in ["missing: `steps` SMALLINT", "extra: `surprise`", "different: `seed`"] {
            assert!(error.contains(says), "{error}");
        }
        assert!(open(target).await.create_tables().await.is_err());
    });
}

#[test]
fn an_executer_stops_when_a_column_is_added_under_it() {
    check(async |target| {
        let mut store = filled(target, 30).await;
        let mut claimer = claimer(&mut store).await;
        let claim = claim(&mut store, &mut claimer).await;
        target.sql("ALTER TABLE study ADD COLUMN later INT");
        store.finish(&claim, &results(0.5), None).await.expect("a finish of what runs already");
        let stopped = loop {
            match store.claim(&mut claimer).await {
                Ok(claim) => assert!(claim.is_some(), "the rows came to an end before the change was seen"),
                Err(error) => break error,
            }
        };
        assert!(matches!(stopped, StoreError::Columns { .. }), "{stopped}");
    });
}

#[test]
fn filling_twice_adds_nothing() {
    check(async |target| {
        let mut store = filled(target, 10).await;
        let again = store.fill(FillMode::DryRun, (0..12).map(row), |_| ()).await.expect("a count");
        assert_eq!(again, Filled { new: 2, existing: 10 });
        let again = store.fill(FillMode::Write, (0..12).map(row), |_| ()).await.expect("a fill");
        assert_eq!(again, Filled { new: 2, existing: 10 });
        assert_eq!(by_status(target, "created"), "12");
    });
}

#[test]
fn concurrent_fills_of_the_same_keys_add_each_row_once() {
    const ROWS: i64 = 12_000;
    check(async |target| {
        open(target).await.create_tables().await.expect("tables");
        let new = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let filled = block_on(async {
                        let rows = (0..ROWS).map(row);
                        open(target).await.fill(FillMode::Write, rows, |_| ()).await.expect("a fill")
                    });
                    new.fetch_add(usize::try_from(filled.new).expect("a count"), Ordering::Relaxed);
                });
            }
        });
        assert_eq!(by_status(target, "created"), ROWS.to_string());
        assert_eq!(new.into_inner().to_string(), ROWS.to_string());
        let lines = target.value("SELECT COUNT(DISTINCT key_hash) FROM experimenter__study__claims");
        assert_eq!(lines, Some(ROWS.to_string()));
    });
}

#[test]
fn a_row_deleted_by_hand_is_filled_again() {
    check(async |target| {
        let mut store = filled(target, 5).await;
        target.sql("DELETE FROM study WHERE seed = 3");
        let again = store.fill(FillMode::Write, (0..5).map(row), |_| ()).await.expect("a fill");
        assert_eq!(again, Filled { new: 1, existing: 4 });
    });
}

#[test]
fn a_keyfield_that_its_column_would_change_is_refused() {
    check(async |target| {
        let mut store = filled(target, 1).await;
        let wrong = vec!["rbf".into(), f64::NAN.into(), Value::Int(1)];
        let error = store.fill(FillMode::Write, [row(7), wrong].into_iter(), |_| ()).await.expect_err("NaN");
        assert!(matches!(&error, StoreError::Misfit { field, .. } if field == "c"), "{error}");
        assert_eq!(by_status(target, "created"), "1", "nothing is half done");
    });
}

/// The same table with one more keyfield, which has a default.
fn spec_with(name: &str, sql: &str, default: impl Into<Value>) -> TableSpec {
    let mut wider = spec();
    wider.keyfields.push(Column::new(name, sql).expect("a type").with_default(default.into()));
    wider
}

#[test]
fn a_keyfield_that_is_added_with_a_default_leaves_the_rows_before_it_alone() {
    check(async |target| {
        let mut store = filled(target, 3).await;
        let mut claimer = claimer(&mut store).await;
        let done = claim(&mut store, &mut claimer).await;
        store.finish(&done, &results(0.5), None).await.expect("a finish");

        let mut wider = open_with(target, spec_with("momentum", "DOUBLE", 0.9)).await;
        let lacking = wider.check_tables().await.expect_err("only a fill changes a table").to_string();
        assert!(lacking.contains("missing: `momentum` DOUBLE (`fill` adds it, with 0.9 in"), "{lacking}");
        assert_eq!(wider.create_tables().await, Ok(vec!["momentum".to_owned()]));
        assert_eq!(wider.create_tables().await, Ok(vec![]));
        let rows = (0..3).flat_map(|seed| [0.9, 0.99].map(|momentum| [row(seed), vec![momentum.into()]].concat()));
        let filled = wider.fill(FillMode::Write, rows, |_| ()).await.expect("a fill");
        assert_eq!(filled, Filled { new: 3, existing: 3 });
        assert_eq!(target.value("SELECT COUNT(*) FROM study WHERE momentum = 0.9"), Some("3".to_owned()));
        assert_eq!(target.value("SELECT momentum FROM study WHERE status = 'done'"), Some("0.9".to_owned()));
        let second = Selector { ids: Some(2.into()), ..Selector::default() };
        let mut claimer = claimer_of(&mut wider, ClaimOrder::Id, second).await;
        let next = claim(&mut wider, &mut claimer).await;
        assert_eq!(next.hash, KeyHash::of(&spec().keyfields, &row(1)), "its seed is what it was");
    });
}

#[test]
fn defaults_of_every_kind_are_added_all_at_once() {
    check(async |target| {
        filled(target, 1).await;
        let fields = [
            ("data", "VARCHAR(20)", Value::from("it's, \"wine\"")),
            ("layers", "LONGTEXT", Value::from("[64, 32]")),
            ("day", "DATE", Value::from("2026-01-31")),
            ("rate", "FLOAT", Value::Float(0.1)),
            ("depth", "INT", Value::Int(-3)),
            ("nothing", "DOUBLE", Value::Null),
        ];
        let mut wider = spec();
        wider.keyfields.extend(
            fields
                .iter()
                .map(|(name, sql, default)| Column::new(name, sql).expect("a type").with_default(default.clone())),
        );
        let mut store = open_with(target, wider.clone()).await;
        assert_eq!(store.create_tables().await, Ok(fields.iter().map(|(name, ..)| (*name).to_owned()).collect()));
        let rows = || [[row(0), fields.iter().map(|(.., default)| default.clone()).collect()].concat()].into_iter();
        let again = store.fill(FillMode::Write, rows(), |_| ()).await.expect("a fill");
        assert_eq!(again, Filled { new: 0, existing: 1 });
        let mut claimer = claimer(&mut store).await;
        let claim = claim(&mut store, &mut claimer).await;
        assert_eq!(claim.key, rows().next().expect("a row"));
        assert_eq!(open_with(target, wider).await.check_tables().await, Ok(()), "NULL is a default too");
    });
}

#[test]
fn a_default_that_cannot_be_said_in_sql_changes_no_table() {
    check(async |target| {
        filled(target, 1).await;
        let mut wider = spec_with("plain", "INT", 1_i64);
        wider.keyfields.push(Column::new("path", "VARCHAR(20)").expect("a type").with_default(Value::from("C:\\x")));
        let error = open_with(target, wider).await.create_tables().await.expect_err("a backslash").to_string();
        assert!(error.contains("missing: `path`") && error.contains("missing: `plain`"), "{error}");
        assert_eq!(open(target).await.check_tables().await, Ok(()));
    });
}

#[test]
fn reading_a_table_of_others_changes_nothing() {
    check(async |target| {
        filled(target, 3).await;
        for side in ["claims", "executers", "attempts", "checkpoints", "meta"] {
            target.sql(&format!("DROP TABLE experimenter__study__{side}"));
        }
        let mut store = open(target).await;
        assert_eq!(store.check_tables().await, Ok(()));
        assert_eq!(store.counts(&Selector::default()).await.map(|counts| counts.total()), Ok(3));
        assert_eq!(store.executers().await, Ok(vec![]));
        assert_eq!(store.unfit(9).await, Ok(vec![]));
        let counted = store.fill(FillMode::DryRun, (0..5).map(row), |_| ()).await.expect("a count");
        assert_eq!(counted, Filled { new: 2, existing: 3 });
        assert_eq!(store.strays((1..5).map(row)).await.map(|strays| strays.never_ran.len()), Ok(1));
        let tables = match target {
            Target::Sqlite { .. } => {
                "SELECT COUNT(*) FROM sqlite_master WHERE name LIKE 'experimenter%' AND type='table'"
            }
            Target::Server(_) => {
                "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() \
                 AND table_name LIKE 'experimenter%'"
            }
        };
        assert_eq!(target.value(tables), Some("0".to_owned()));
        // Who writes adds what is missing.
        assert_eq!(store.prepare_tables().await, Ok(()));
        let mut claimer = claimer(&mut store).await;
        claim(&mut store, &mut claimer).await;
    });
}

#[test]
fn a_default_that_changed_is_refused() {
    check(async |target| {
        let mut store = open_with(target, spec_with("momentum", "DOUBLE", 0.9)).await;
        store.create_tables().await.expect("tables");
        let rows = (0..2).map(|seed| [row(seed), vec![0.9.into()]].concat());
        store.fill(FillMode::Write, rows, |_| ()).await.expect("rows");
        let mut none = spec_with("momentum", "DOUBLE", 0.9);
        none.keyfields[3].default = None;
        let mut one_more = spec_with("momentum", "DOUBLE", 0.9);
        one_more.keyfields[2].default = Some(Value::Int(0));
        for (changed, says) in [
            (
                spec_with("momentum", "DOUBLE", 0.5),
                "`momentum` has the default 0.5, and the rows of `study` are identified with the default 0.9",
            ),
            (none, "`momentum` has no default, and"),
            (one_more, "`seed` has the default 0, and the rows of `study` are identified with no default"),
        ] {
            let mut store = open_with(target, changed).await;
            for error in [store.create_tables().await.map(drop), store.check_tables().await] {
                let error = error.expect_err("another default").to_string();
                assert!(error.contains(says), "{error}");
            }
        }
        assert_eq!(store.check_tables().await, Ok(()));
    });
}

#[test]
fn a_table_that_was_made_anew_has_other_defaults() {
    check(async |target| {
        let rows = || (0..2).map(|seed| [row(seed), vec![0.9.into()]].concat());
        let mut store = open_with(target, spec_with("momentum", "DOUBLE", 0.9)).await;
        store.create_tables().await.expect("tables");
        store.fill(FillMode::Write, rows(), |_| ()).await.expect("rows");
        // By somebody who knows nothing of the side tables.
        target.sql("DELETE FROM study");
        let mut other = open_with(target, spec_with("momentum", "DOUBLE", 0.5)).await;
        assert_eq!(other.create_tables().await, Ok(vec![]));
        other.fill(FillMode::Write, rows(), |_| ()).await.expect("rows");
        assert_eq!(other.check_tables().await, Ok(()));
        assert!(store.check_tables().await.is_err());
    });
}

#[test]
fn rows_that_are_not_in_the_grid_are_counted_and_removed_if_they_never_ran() {
    check(async |target| {
        let mut store = filled(target, 8).await;
        let mut claimer = claimer_of(
            &mut store,
            ClaimOrder::Id,
            Selector { ids: Some("5-6".parse().expect("IDs")), ..Selector::default() },
        )
        .await;
        let done = claim(&mut store, &mut claimer).await;
        store.finish(&done, &results(0.5), None).await.expect("a finish");
        let _running = claim(&mut store, &mut claimer).await;
        store.reset(&Selector { ids: Some(7.into()), ..Selector::default() }).await.expect("a reset");
        let strays = store.strays((0..3).map(row)).await.expect("strays");
        let counts = |status| strays.counts.of(status);
        assert_eq!((strays.counts.total(), counts(Status::Created), counts(Status::Done)), (5, 3, 1));
        assert_eq!(strays.never_ran.len(), 2, "a row that was reset may have run");
        // Somebody claims one of them before it is removed.
        target.sql("UPDATE study SET status = 'running' WHERE ID = 8");
        assert_eq!(store.prune(&strays.never_ran).await, Ok(1));
        assert_eq!(store.prune(&strays.never_ran).await, Ok(0));
        let left = target.sql("SELECT ID FROM study ORDER BY ID").concat();
        assert_eq!(left, ["1", "2", "3", "5", "6", "7", "8"].map(|id| Some(id.to_owned())));
        assert_eq!(target.value("SELECT COUNT(*) FROM experimenter__study__claims"), Some("7".to_owned()));
        let again = store.fill(FillMode::Write, (0..4).map(row), |_| ()).await.expect("a fill");
        assert_eq!(again, Filled { new: 1, existing: 3 });
    });
}

#[test]
fn a_row_with_traces_of_a_run_is_not_removed() {
    check(async |target| {
        let mut store = filled(target, 5).await;
        // PyExperimenter has run them, and somebody opened them again.
        target.sql("UPDATE study SET score = 0.5 WHERE ID = 2");
        target.sql("UPDATE study SET start_date = '2026-01-01 00:00:00' WHERE ID = 3");
        target.sql("UPDATE study SET name = 'PyExperimenter' WHERE ID = 4");
        let strays = store.strays([row(0)].into_iter()).await.expect("strays");
        assert_eq!((strays.counts.of(Status::Created), strays.never_ran.len()), (4, 1));
        // One that has a result by the time of its removal.
        target.sql("UPDATE study SET steps = 1 WHERE ID = 5");
        assert_eq!(store.prune(&strays.never_ran).await, Ok(0));
        // Another row under the same ID, in a table that was made anew.
        target.sql("UPDATE study SET steps = NULL, creation_date = '2001-01-01 00:00:00' WHERE ID = 5");
        store.fill(FillMode::Write, [row(0)].into_iter(), |_| ()).await.expect("a fill");
        assert_eq!(store.prune(&strays.never_ran).await, Ok(0));
        assert_eq!(by_status(target, "created"), "5");
    });
}

#[test]
fn an_index_that_has_to_wait_is_given_up() {
    let target = Target::server();
    let event_loop = event_loop();
    let mut store = event_loop.block_on(filled(&target, 1));
    target.sql("DROP INDEX experimenter_status ON study");
    std::thread::scope(|scope| {
        // Somebody reads for longer than the store waits.
        scope.spawn(|| target.sql("SELECT SLEEP(9) FROM study"));
        target.database().wait_for_sleeper();
        let refused = event_loop.block_on(store.create_index());
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    });
    assert_eq!(event_loop.block_on(store.create_index()), Ok(()));
    assert_eq!(event_loop.block_on(store.create_index()), Ok(()), "it is there already");
}

#[test]
fn every_row_is_claimed_by_one_executer() {
    const ROWS: i64 = 300;
    check(async |target| {
        filled(target, ROWS).await;
        let claimed = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for number in 0..8 {
                let claimed = &claimed;
                scope.spawn(move || {
                    block_on(async {
                        let mut store = open(target).await;
                        let order = if number % 2 == 0 { ClaimOrder::Id } else { ClaimOrder::Random };
                        let mut claimer = claimer_of(&mut store, order, Selector::default()).await;
                        while let Some(claim) = store.claim(&mut claimer).await.expect("a claim") {
                            assert_eq!(claim.attempt, 1);
                            claimed.fetch_add(1, Ordering::Relaxed);
                            store.finish(&claim, &results(1.0), None).await.expect("a finish");
                        }
                    });
                });
            }
        });
        assert_eq!(claimed.into_inner().to_string(), ROWS.to_string());
        assert_eq!(by_status(target, "done"), ROWS.to_string());
        let attempts = target.value("SELECT SUM(attempt) FROM experimenter__study__claims");
        assert_eq!(attempts, Some(ROWS.to_string()));
    });
}

#[test]
fn one_executer_takes_rows_by_id_and_only_those_asked_for() {
    check(async |target| {
        let mut store = filled(target, 20).await;
        let ids = Selector { ids: Some("3,7-9".parse().expect("IDs")), ..Selector::default() };
        let mut claimer = claimer_of(&mut store, ClaimOrder::Id, ids).await;
        let mut taken = Vec::new();
        while let Some(claim) = store.claim(&mut claimer).await.expect("a claim") {
            assert_eq!(claim.key, row(claim.id - 1));
            taken.push(claim.id);
        }
        assert_eq!(taken, [3, 7, 8, 9]);
    });
}

#[test]
fn results_and_status_are_written_together_and_once() {
    check(async |target| {
        let mut store = filled(target, 1).await;
        let mut claimer = claimer(&mut store).await;
        let claim = claim(&mut store, &mut claimer).await;
        assert_eq!(by_status(target, "running"), "1");
        store.finish(&claim, &results(0.25), None).await.expect("a finish");
        // The reply of the first was lost: it is repeated.
        store.finish(&claim, &results(0.25), None).await.expect("the same finish again");
        let shown = target.sql("SELECT status, score, model, steps, name, machine FROM study");
        let expected = ["done", "0.25", "m", "3", "tester", "here"].map(|text| Some(text.to_owned()));
        assert_eq!(shown, [expected.to_vec()]);
        assert_eq!(target.value("SELECT COUNT(*) FROM study WHERE end_date >= start_date"), Some("1".to_owned()));
    });
}

#[test]
fn a_stale_finish_changes_nothing_and_is_kept() {
    check(async |target| {
        let mut store = filled(target, 1).await;
        let mut claimer = claimer(&mut store).await;
        let stale = claim(&mut store, &mut claimer).await;
        assert_eq!(store.reset(&Selector::default()).await, Ok(1));
        let lost = store.finish(&stale, &results(0.1), None).await.expect_err("the row was reset");
        assert_eq!(lost, StoreError::LeaseLost { id: 1, attempt: 1, current: Some(2) });
        assert_eq!(by_status(target, "created"), "1");

        let current = claim(&mut store, &mut claimer).await;
        assert_eq!(current.attempt, 3, "a reset moves the fence as a claim does");
        for late in [results(0.1), Ending::Error("late".to_owned()), Ending::Paused] {
            assert!(matches!(store.finish(&stale, &late, None).await, Err(StoreError::LeaseLost { .. })));
        }
        assert!(store.write_partial(&stale, vec![Some(0.1.into()), None, None]).await.is_err());
        assert!(store.log(&mut stale.clone(), &[Entry::now(0, vec![0.1.into()])]).await.is_err());
        store.finish(&current, &results(0.9), None).await.expect("a finish");
        assert_eq!(target.value("SELECT score FROM study"), Some("0.9".to_owned()));
        assert_eq!(target.value("SELECT COUNT(*) FROM study__epochs"), Some("0".to_owned()));
        let kept = target.value("SELECT COUNT(*) FROM experimenter__study__attempts WHERE reason = 'stale'");
        assert_eq!(kept, Some("3".to_owned()), "each once, however often it came");
    });
}

#[test]
fn a_finish_of_an_earlier_table_does_not_reach_a_new_row_of_the_same_id() {
    check(async |target| {
        let mut store = filled(target, 1).await;
        let mut claimer = claimer(&mut store).await;
        let foreign = claim(&mut store, &mut claimer).await;
        // Dropped and filled by somebody who knows nothing of the side tables; the new row even runs.
        target.sql("DELETE FROM study");
        target.sql(
            "INSERT INTO study (ID, kernel, c, seed, creation_date, status) \
             VALUES (1, 'rbf', 0.5, 9, '2001-01-01 00:00:00', 'running')",
        );
        let lost = store.finish(&foreign, &results(0.1), None).await.expect_err("another row");
        assert_eq!(lost, StoreError::LeaseLost { id: 1, attempt: 1, current: None });
        assert_eq!(by_status(target, "running"), "1");
        assert_eq!(target.sql("SELECT score FROM study"), [[None]]);
    });
}

#[test]
fn a_row_under_a_new_id_takes_over_the_hash_of_the_one_that_is_gone() {
    check(async |target| {
        let mut store = filled(target, 2).await;
        // As a reset by PyExperimenter does; then an executer meets the row before a fill does.
        target.sql("DELETE FROM study WHERE seed = 1");
        target.sql(
            "INSERT INTO study (kernel, c, seed, creation_date, status) VALUES ('rbf', 0.1, 1, '2024-01-01 00:00:00', \
             'created'), ('rbf', 0.1, 1, '2024-01-01 00:00:00', 'created')",
        );
        let mut claimer = claimer(&mut store).await;
        while let Some(claim) = store.claim(&mut claimer).await.expect("a claim") {
            store.finish(&claim, &results(1.0), None).await.expect("a finish");
        }
        let again = store.fill(FillMode::Write, (0..2).map(row), |_| ()).await.expect("a fill");
        assert_eq!(again, Filled { new: 0, existing: 2 });
        // Of two that are equal the other takes it over when the first is gone.
        target.sql("DELETE FROM study WHERE ID = 3");
        let again = store.fill(FillMode::Write, (0..2).map(row), |_| ()).await.expect("a fill");
        assert_eq!(again, Filled { new: 0, existing: 2 });
    });
}

#[test]
fn an_adoption_takes_no_row_from_who_has_claimed_it() {
    const ROUNDS: i64 = 12;
    const ROWS: i64 = 40;
    check(async |target| {
        filled(target, 1).await;
        for round in 1..=ROUNDS {
            let row = |seed| format!("('rbf', 0.1, {seed}, '2026-01-01 00:00:00', 'created')");
            let rows: Vec<_> = (round * ROWS..(round + 1) * ROWS).map(row).collect();
            target
                .sql(&format!("INSERT INTO study (kernel, c, seed, creation_date, status) VALUES {}", rows.join(", ")));
            let start = Barrier::new(8);
            std::thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        block_on(async {
                            let mut store = open(target).await;
                            let mut claimer = claimer(&mut store).await;
                            start.wait();
                            while let Some(claim) = store.claim(&mut claimer).await.expect("a claim") {
                                assert_eq!(claim.attempt, 1);
                                store.finish(&claim, &results(1.0), None).await.expect("the claim is held");
                            }
                        });
                    });
                }
            });
        }
        assert_eq!(by_status(target, "done"), (ROUNDS * ROWS + 1).to_string());
    });
}

#[test]
fn rows_inserted_by_others_are_adopted() {
    check(async |target| {
        let mut store = filled(target, 1).await;
        target.sql(
            "INSERT INTO study (kernel, c, seed, creation_date, status) VALUES \
             ('rbf', 0.1, 1, '2024-01-01 00:00:00', 'created'), ('rbf', 0.1, 2, NULL, 'created'), \
             ('rbf', 0.1, 3, '2024-01-01 00:00:00', 'done'), ('rbf', 0.1, 0, '2024-01-01 00:00:00', 'created')",
        );
        let again = store.fill(FillMode::Write, (0..5).map(row), |_| ()).await.expect("a fill");
        assert_eq!(again, Filled { new: 1, existing: 4 });
        let mut claimer = claimer(&mut store).await;
        let mut taken = 0;
        while let Some(claim) = store.claim(&mut claimer).await.expect("a claim") {
            store.finish(&claim, &results(1.0), None).await.expect("a finish");
            taken += 1;
        }
        assert_eq!(taken, 5, "also the row without a date, and the one that is there twice");
    });
}

#[test]
fn an_executer_finds_rows_inserted_while_it_works() {
    check(async |target| {
        let mut store = filled(target, 0).await;
        let mut claimer = claimer(&mut store).await;
        assert_eq!(store.claim(&mut claimer).await, Ok(None));
        target.sql("INSERT INTO study (kernel, c, seed, creation_date, status) VALUES ('rbf', 0.1, 1, '2024-01-01', 'created')");
        assert_eq!(claim(&mut store, &mut claimer).await.key, row(1));
    });
}

#[test]
fn keyfields_changed_by_hand_are_those_that_run() {
    check(async |target| {
        let mut store = filled(target, 2).await;
        target.sql("UPDATE study SET seed = 77 WHERE ID = 1");
        let mut claimer = claimer(&mut store).await;
        assert_eq!(claim(&mut store, &mut claimer).await.key, row(77));
        let again = store.fill(FillMode::Write, [row(0), row(1), row(77)].into_iter(), |_| ()).await.expect("a fill");
        assert_eq!(again, Filled { new: 1, existing: 2 });
    });
}

#[test]
fn what_a_column_cannot_hold_never_costs_the_run() {
    check(async |target| {
        let mut store = filled(target, 1).await;
        let mut claimer = claimer(&mut store).await;
        let claim = claim(&mut store, &mut claimer).await;
        let ending = Ending::Done(vec![f64::NAN.into(), "far longer than ten".into(), Value::Int(1 << 40)]);
        let unfit = store.finish(&claim, &ending, None).await.expect("a finish");
        // SQLite holds any text and integer.
        let expected = if matches!(target, Target::Sqlite { .. }) { 1 } else { 3 };
        assert_eq!(unfit.len(), expected, "{unfit:?}");
        assert_eq!((unfit[0].field.as_str(), unfit[0].value.as_str()), ("score", "NaN"));
        assert_eq!(by_status(target, "done"), "1");
        assert_eq!(target.value("SELECT COUNT(*) FROM study WHERE score IS NULL"), Some("1".to_owned()));
        let mut kept = store.unfit(10).await.expect("what is kept");
        kept.sort_by(|a, b| a.field.cmp(&b.field));
        let mut told = unfit;
        told.sort_by(|a, b| a.field.cmp(&b.field));
        assert_eq!(kept, told);
    });
}

#[test]
fn a_column_that_is_narrower_than_declared_costs_the_value_alone() {
    let target = Target::server();
    block_on(async {
        let mut store = filled(&target, 1).await;
        target.sql("ALTER TABLE study MODIFY model VARCHAR(10) CHARACTER SET latin1");
        let mut claimer = claimer(&mut store).await;
        let claim = claim(&mut store, &mut claimer).await;
        let ending = Ending::Done(vec![0.5.into(), "日本".into(), Value::Int(1)]);
        let unfit = store.finish(&claim, &ending, None).await.expect("a finish");
        assert_eq!(unfit.iter().map(|unfit| unfit.value.as_str()).collect::<Vec<_>>(), ["日本"]);
        assert_eq!(target.value("SELECT score FROM study WHERE status = 'done'"), Some("0.5".to_owned()));
    });
}

/// What a column really holds decides what is the same row, not what was declared.
#[test]
fn a_table_with_coarser_columns_is_filled_once() {
    check(async |target| {
        target.sql(
            "CREATE TABLE study (ID INTEGER PRIMARY KEY, kernel VARCHAR(4), c FLOAT, seed BIGINT, creation_date DATETIME, \
             status VARCHAR(255), start_date DATETIME, name LONGTEXT, machine VARCHAR(255), score FLOAT, \
             model VARCHAR(10), steps INT, end_date DATETIME, error LONGTEXT)",
        );
        if let Target::Server(_) = target {
            target.sql("ALTER TABLE study MODIFY ID INTEGER AUTO_INCREMENT");
        }
        let mut store = open(target).await;
        store.create_tables().await.expect("tables");
        let filled = store.fill(FillMode::Write, (0..3).map(row), |_| ()).await.expect("a fill");
        assert_eq!(filled, Filled { new: 3, existing: 0 });
        let mut claimer = claimer(&mut store).await;
        let claim = claim(&mut store, &mut claimer).await;
        assert_eq!(claim.key[1], Value::Float(0.1), "as the column shows it");
        let again = store.fill(FillMode::Write, (0..3).map(row), |_| ()).await.expect("a fill");
        assert_eq!(again, Filled { new: 0, existing: 3 });
        if let Target::Server(_) = target {
            let long = [vec!["sigmoid".into(), 0.1.into(), Value::Int(0)]];
            let error = store.fill(FillMode::Write, long.into_iter(), |_| ()).await.expect_err("seven characters");
            assert!(matches!(error, StoreError::Misfit { .. }), "{error}");
        }
    });
}

#[test]
fn log_entries_are_written_once_and_partial_results_stay() {
    check(async |target| {
        let mut store = filled(target, 1).await;
        let mut claimer = claimer(&mut store).await;
        let mut claim = claim(&mut store, &mut claimer).await;
        let entries = [0.9, 0.5].map(|loss| Entry::now(0, vec![loss.into()]));
        let mut repeated = claim.clone();
        store.log(&mut claim, &entries).await.expect("entries");
        // The reply was lost, and the same entries come again.
        store.log(&mut repeated, &entries).await.expect("the same entries");
        store.log(&mut claim, &[Entry::now(0, vec![0.4.into()])]).await.expect("a further entry");
        let logged = target.sql("SELECT loss, attempt FROM study__epochs WHERE experiment_id = 1 ORDER BY ID");
        let expected: Vec<_> =
            ["0.9", "0.5", "0.4"].map(|loss| vec![Some(loss.to_owned()), Some("1".to_owned())]).into();
        assert_eq!(logged, expected);
        store.write_partial(&claim, vec![None, Some("half".into()), None]).await.expect("a partial result");
        assert_eq!(target.sql("SELECT status, score, model FROM study")[0][1..], [None, Some("half".to_owned())]);
        assert_eq!(by_status(target, "running"), "1");
    });
}

#[test]
fn a_reset_keeps_the_id_and_archives_what_was_there() {
    check(async |target| {
        let mut store = filled(target, 3).await;
        let mut claimer = claimer(&mut store).await;
        let mut first = claim(&mut store, &mut claimer).await;
        store.log(&mut first, &[Entry::now(0, vec![0.9.into()])]).await.expect("an entry");
        store.finish(&first, &results(0.7), None).await.expect("a finish");
        let second = claim(&mut store, &mut claimer).await;
        store.finish(&second, &Ending::Error("no luck".to_owned()), None).await.expect("a finish");

        let failed = Selector { statuses: vec![Status::Error], ..Selector::default() };
        assert_eq!(store.reset(&failed).await, Ok(1));
        assert_eq!(store.reset(&Selector { ids: Some(1.into()), ..Selector::default() }).await, Ok(1));
        assert_eq!(by_status(target, "created"), "3");
        let empty =
            "SELECT COUNT(*) FROM study WHERE score IS NULL AND error IS NULL AND start_date IS NULL AND name IS NULL";
        assert_eq!(target.value(empty), Some("3".to_owned()));
        assert_eq!(target.value("SELECT COUNT(*) FROM study__epochs"), Some("0".to_owned()));
        let archived = target
            .sql("SELECT payload FROM experimenter__study__attempts WHERE reason = 'reset' ORDER BY experiment_id");
        let payload = |index: usize| -> serde_json::Value {
            let text: &str = archived[index][0].as_deref().expect("a payload");
            serde_json::from_str(text).expect("JSON")
        };
        assert_eq!(payload(0)["results"]["score"], 0.7);
        assert_eq!(payload(0)["logs"]["epochs"][0][1], 0.9);
        assert_eq!(payload(1)["error"], "no luck");
    });
}

#[test]
fn a_claim_puts_away_what_a_crashed_attempt_left() {
    check(async |target| {
        let mut store = filled(target, 1).await;
        let mut claimer = claimer(&mut store).await;
        let mut crashed = claim(&mut store, &mut claimer).await;
        store.write_partial(&crashed, vec![Some(0.1.into()), None, None]).await.expect("a partial result");
        store.log(&mut crashed, &[Entry::now(0, vec![0.9.into()])]).await.expect("an entry");
        // As a reaper leaves it: open again, with the attempt's traces and without a move of the fence.
        target.sql("UPDATE study SET status = 'created'");
        target.sql("UPDATE experimenter__study__claims SET state = 'released'");
        let next = claim(&mut store, &mut claimer).await;
        assert_eq!(next.attempt, 2);
        assert_eq!(target.sql("SELECT score FROM study"), [[None]], "no row mixes two attempts");
        assert_eq!(target.value("SELECT COUNT(*) FROM study__epochs"), Some("0".to_owned()));
        let kept = target.value("SELECT COUNT(*) FROM experimenter__study__attempts WHERE reason = 'superseded'");
        assert_eq!(kept, Some("1".to_owned()));
    });
}

/// Two executers have read the same candidate with traces; the one that comes too late must not touch the other's row.
#[test]
fn a_claim_that_comes_too_late_puts_nothing_away() {
    check(async |target| {
        let mut store = filled(target, 2).await;
        let mut first = claimer(&mut store).await;
        for _ in 0..2 {
            let crashed = claim(&mut store, &mut first).await;
            store.write_partial(&crashed, vec![Some(0.1.into()), None, None]).await.expect("a partial result");
        }
        let (mut early, mut late) = (open(target).await, open(target).await);
        let (mut early_claimer, mut late_claimer) = (claimer(&mut early).await, claimer(&mut late).await);
        target.sql("UPDATE study SET status = 'created'");
        target.sql("UPDATE experimenter__study__claims SET state = 'released'");
        // The late one takes one row and has read the other.
        let mut late_claims = vec![claim(&mut late, &mut late_claimer).await];
        let mut early_claims = Vec::new();
        while let Some(claim) = early.claim(&mut early_claimer).await.expect("a claim") {
            early.finish(&claim, &results(0.9), None).await.expect("a finish");
            early_claims.push(claim);
        }
        // The late one still holds the candidate that the early one has finished.
        late_claims.extend(late.claim(&mut late_claimer).await.expect("no claim"));
        assert_eq!((early_claims.len(), late_claims.len()), (1, 1));
        for claim in &late_claims {
            late.finish(claim, &results(0.9), None).await.expect("a finish");
        }
        assert_eq!(
            target.sql("SELECT DISTINCT status, score FROM study"),
            [[Some("done".to_owned()), Some("0.9".to_owned())]]
        );
    });
}

#[test]
fn a_story_that_the_column_cannot_spell_is_told_in_ascii() {
    let target = Target::server();
    block_on(async {
        let mut store = filled(&target, 1).await;
        target.sql("ALTER TABLE study MODIFY error LONGTEXT CHARACTER SET latin1");
        let mut claimer = claimer(&mut store).await;
        let claim = claim(&mut store, &mut claimer).await;
        store.finish(&claim, &Ending::Error("no 日本".to_owned()), None).await.expect("a finish");
        let told = target.value("SELECT error FROM study WHERE status = 'error'");
        assert_eq!(told, Some("no \\u{65e5}\\u{672c}".to_owned()));
    });
}

#[test]
fn a_late_finish_counts_while_nobody_claimed_the_row_again() {
    check(async |target| {
        let mut store = filled(target, 1).await;
        let mut claimer = claimer(&mut store).await;
        let late = claim(&mut store, &mut claimer).await;
        target.sql("UPDATE study SET status = 'created'");
        target.sql("UPDATE experimenter__study__claims SET state = 'released'");
        store.finish(&late, &results(0.6), None).await.expect("a late finish");
        assert_eq!(target.value("SELECT score FROM study WHERE status = 'done'"), Some("0.6".to_owned()));
    });
}

#[test]
fn a_result_larger_than_a_packet_costs_the_value_alone() {
    let target = Target::server();
    block_on(async {
        let mut spec = spec();
        spec.resultfields[1] = Column::new("model", "LONGTEXT").expect("a type");
        let mut store = open_with(&target, spec).await;
        store.create_tables().await.expect("tables");
        store.fill(FillMode::Write, [row(0)].into_iter(), |_| ()).await.expect("a row");
        let mut claimer = claimer(&mut store).await;
        let claim = claim(&mut store, &mut claimer).await;
        let ending = Ending::Done(vec![0.5.into(), "x".repeat(30_000_000).into(), Value::Int(1)]);
        let unfit = store.finish(&claim, &ending, None).await.expect("a finish");
        assert!(unfit[0].value.ends_with("(30000000 bytes)") && unfit[0].reason.contains("max_allowed_packet"));
        assert_eq!(target.value("SELECT score FROM study WHERE status = 'done'"), Some("0.5".to_owned()));
    });
}

#[test]
fn what_is_larger_than_a_packet_in_sum_is_refused_and_not_tried_for_ever() {
    let target = Target::server();
    block_on(async {
        let mut spec = spec();
        for (column, name) in spec.resultfields.iter_mut().zip(["score", "model", "copy"]) {
            *column = Column::new(name, "LONGTEXT").expect("a type");
        }
        spec.logtables[0].columns[0] = Column::new("loss", "LONGTEXT").expect("a type");
        let mut store = open_with(&target, spec).await;
        store.create_tables().await.expect("tables");
        store.fill(FillMode::Write, [row(0)].into_iter(), |_| ()).await.expect("a row");
        let mut claimer = claimer(&mut store).await;
        let mut claim = claim(&mut store, &mut claimer).await;
        let entry = Entry::now(0, vec!["x".repeat(20_000_000).into()]);
        let refused = store.log(&mut claim, &[entry]).await.expect_err("it is too large");
        assert!(!refused.is_outage() && refused.to_string().contains("max_allowed_packet"), "{refused}");
        // Each of them alone would fit.
        let large = Value::from("x".repeat(8_000_000));
        let ending = Ending::Done(vec![large.clone(), large.clone(), large]);
        let refused = store.finish(&claim, &ending, None).await.expect_err("it is too large");
        assert!(!refused.is_outage() && refused.to_string().contains("max_allowed_packet"), "{refused}");
        assert_eq!(target.value("SELECT COUNT(*) FROM study WHERE status = 'running'"), Some("1".to_owned()));
    });
}

#[test]
fn a_long_story_and_any_text_fit_into_the_error() {
    check(async |target| {
        let mut store = filled(target, 1).await;
        let mut claimer = claimer(&mut store).await;
        let claim = claim(&mut store, &mut claimer).await;
        let story = format!("日本 🦀 'quoted' \"twice\" \\ \0 {}", "x".repeat(200_000));
        store.finish(&claim, &Ending::Error(story), None).await.expect("a finish");
        let kept = target.value("SELECT error FROM study WHERE status = 'error'").expect("an error");
        assert!(kept.starts_with("日本 🦀 'quoted'") && kept.ends_with("bytes more)"), "{}", &kept[..80]);
    });
}

#[test]
fn results_have_their_time_where_that_is_asked_for() {
    check(async |target| {
        let spec = TableSpec { result_timestamps: true, ..spec() };
        let mut store = open_with(target, spec).await;
        store.create_tables().await.expect("tables");
        store.fill(FillMode::Write, [row(0)].into_iter(), |_| ()).await.expect("a row");
        let mut claimer = claimer(&mut store).await;
        let claim = claim(&mut store, &mut claimer).await;
        store.write_partial(&claim, vec![Some(0.5.into()), None, None]).await.expect("a partial result");
        let times = target.sql("SELECT score_timestamp, model_timestamp FROM study").remove(0);
        assert!(times[0].is_some() && times[1].is_none(), "{times:?}");
        assert_eq!(store.reset(&Selector::default()).await, Ok(1));
        assert_eq!(target.sql("SELECT score_timestamp FROM study"), [[None]]);
    });
}

#[test]
fn dropping_leaves_nothing_behind() {
    check(async |target| {
        let mut store = filled(target, 3).await;
        store.drop_tables().await.expect("a drop");
        assert_eq!(store.exists().await, Ok(false));
        assert!(matches!(store.check_tables().await, Err(StoreError::NoTable(_))));
        let tables = match target {
            Target::Sqlite { .. } => "SELECT COUNT(*) FROM sqlite_master WHERE type='table' AND name LIKE '%study%'",
            Target::Server(_) => "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()",
        };
        assert_eq!(target.value(tables), Some("0".to_owned()));
    });
}

/// The side tables of a table that `PyExperimenter` dropped and created anew belong to other rows.
#[test]
fn side_tables_left_behind_do_not_touch_a_new_table() {
    check(async |target| {
        let mut store = filled(target, 3).await;
        let mut claimer = claimer(&mut store).await;
        let old = claim(&mut store, &mut claimer).await;
        target.sql("DROP TABLE study__epochs");
        target.sql("UPDATE experimenter__study__claims SET created = '2001-01-01 00:00:00'");
        target.sql("DROP TABLE study");
        store.create_tables().await.expect("tables");
        assert_eq!(target.value("SELECT COUNT(*) FROM experimenter__study__claims"), Some("0".to_owned()));
        let again = store.fill(FillMode::Write, (0..3).map(row), |_| ()).await.expect("a fill");
        assert_eq!(again.new, 3);
        assert!(matches!(store.finish(&old, &results(0.1), None).await, Err(StoreError::LeaseLost { .. })));
    });
}

#[test]
fn a_server_that_does_not_answer_is_not_waited_for_without_end() {
    let server = Server::start();
    let url = Url::parse(&server.database().url()).expect("a URL");
    block_on(async {
        let mut store = Store::open(&url, spec(), Duration::from_millis(50)).await.expect("a connection");
        let pid = server.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)).expect("a process");
        kill_process(pid, Signal::STOP).expect("a signal");
        while !is_stopped(pid) {}
        let hung = store.exists().await;
        kill_process(pid, Signal::CONT).expect("a signal");
        assert!(matches!(hung, Err(StoreError::Deadline { .. } | StoreError::Unreachable(_))), "{hung:?}");
        assert_eq!(store.exists().await, Ok(false), "the next call has a connection of its own");
    });
}

/// Whether every thread of a process has stopped.
fn is_stopped(process: Pid) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).expect("a process");
    threads.into_iter().all(|thread| {
        let stat = std::fs::read_to_string(thread.expect("a thread").path().join("stat")).expect("its state");
        stat.rsplit(") ").next().is_some_and(|state| state.starts_with('T'))
    })
}

#[test]
fn a_lost_connection_is_made_again() {
    let target = Target::server();
    block_on(async {
        let mut store = filled(&target, 2).await;
        let mut claimer = claimer(&mut store).await;
        let claim = claim(&mut store, &mut claimer).await;
        target.database().disconnect();
        store.finish(&claim, &results(0.5), None).await.expect("a finish on a new connection");
        assert_eq!(by_status(&target, "done"), "1");
    });
}
