//! Filling: each row once, whatever its columns do to its values, and defaults of fields that came later.

use std::sync::atomic::{AtomicUsize, Ordering};

use experimenter_diesel::{
    ClaimOrder, Column, FillMode, Filled, KeyHash, Selector, Status, StoreError, TableSpec, Value,
};
use experimenter_tests::Target;

use super::{block_on, by_status, check, claim, claimer, claimer_of, filled, open, open_with, results, row, spec};

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
