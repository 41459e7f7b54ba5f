//! The tables: made, found, refused, dropped.

use experimenter_diesel::{Column, FillMode, Filled, Selector, StoreError};
use experimenter_tests::Target;

use super::{block_on, by_status, check, claim, claimer, event_loop, filled, open, open_with, results, row, spec};

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
