//! Typed Diesel queries of a user over an executed table, through a plain connection.

use std::path::Path;

use diesel::dsl::{avg, count_star};
use diesel::prelude::*;
use experimenter_tests::Sandbox;

// The programs' own files: their experiments, their generated types. What runs them is a process of their own.
#[path = "../programs/svm.rs"]
#[expect(dead_code, reason = "the program's `main` is called by its own process")]
mod svm_program;
#[path = "../programs/zoo.rs"]
#[expect(dead_code, reason = "the program's `main` is called by its own process")]
mod zoo;

use svm_program::{Kernel, SvmKey, SvmRow, svm_schema};
use zoo::{KindsKey, KindsRow};

/// A connection to a table that a program has filled and executed.
fn executed(program: &str, arguments: &[&str]) -> (Sandbox, SqliteConnection) {
    let sandbox = Sandbox::new();
    let arguments = [&["run"], arguments].concat();
    sandbox.run(Path::new(program), arguments).success();
    let file = sandbox.path().join("experiments.db");
    let connection = SqliteConnection::establish(file.to_str().expect("UTF-8")).expect("a connection");
    (sandbox, connection)
}

fn svm_table() -> (Sandbox, SqliteConnection) {
    executed(env!("CARGO_BIN_EXE_svm"), &[])
}

#[test]
fn rows_are_filtered_by_typed_columns() -> QueryResult<()> {
    use svm_schema::svm;
    let (_sandbox, mut connection) = svm_table();
    let rows: Vec<SvmRow> = svm::table
        .filter(svm::kernel.eq(Kernel::Rbf).and(svm::score.gt(0.755)))
        .order(svm::seed)
        .select(SvmRow::as_select())
        .load(&mut connection)?;
    assert_eq!(rows.iter().map(|row| row.seed).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(rows[0].kernel, Kernel::Rbf);
    assert_eq!(rows[0].score, Some(0.76));
    assert_eq!(rows[0].status.as_str(), "done");
    assert!(rows[0].end_date >= rows[0].start_date && rows[0].error.is_none());
    let keys: Vec<SvmKey> = svm::table.select(SvmKey::as_select()).order(svm::id).load(&mut connection)?;
    assert_eq!(keys.len(), 8);
    assert_eq!(keys[0], SvmKey { kernel: Kernel::Linear, seed: 0 });
    Ok(())
}

#[test]
fn rows_are_joined_with_their_logtable_and_grouped() -> QueryResult<()> {
    use svm_schema::{folds, svm};
    let (_sandbox, mut connection) = svm_table();
    let entries: Vec<(i64, Option<f64>)> = svm::table
        .inner_join(folds::table)
        .filter(svm::kernel.eq(Kernel::Linear))
        .filter(folds::fold.eq(1_i16))
        .select((svm::id, folds::accuracy))
        .load(&mut connection)?;
    assert_eq!(entries.len(), 4);
    assert!(entries.iter().all(|(_, accuracy)| *accuracy == Some(0.6)));
    let means: Vec<(Kernel, i64, Option<f64>)> = svm::table
        .group_by(svm::kernel)
        .select((svm::kernel, count_star(), avg(svm::score)))
        .order(svm::kernel)
        .load(&mut connection)?;
    assert_eq!(
        means.iter().map(|(kernel, n, _)| (*kernel, *n)).collect::<Vec<_>>(),
        [(Kernel::Linear, 4), (Kernel::Rbf, 4)]
    );
    assert!(means[1].2.is_some_and(|mean| (mean - 0.765).abs() < 1e-9));
    Ok(())
}

#[test]
fn a_column_of_another_name_is_its_field() -> QueryResult<()> {
    use zoo::renamed_schema::{renamed, steps};
    let (_sandbox, mut connection) = executed(env!("CARGO_BIN_EXE_zoo"), &["--experiment", "renamed"]);
    let rows: Vec<zoo::RenamedRow> = renamed::table
        .filter(renamed::kind.eq("b").and(renamed::rank.gt(0)))
        .select(zoo::RenamedRow::as_select())
        .load(&mut connection)?;
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].kind.as_str(), rows[0].label.as_deref()), ("b", Some("b1")));
    assert!(rows[0].label_timestamp.is_some());
    let batches: Vec<Option<i32>> =
        steps::table.select(steps::batch).order((steps::experiment_id, steps::id)).load(&mut connection)?;
    assert_eq!(batches, [Some(0), Some(1), Some(0), Some(1)]);
    Ok(())
}

#[test]
fn every_type_comes_back_as_it_went() -> QueryResult<()> {
    use zoo::kinds_schema::kinds;
    let (_sandbox, mut connection) = executed(env!("CARGO_BIN_EXE_zoo"), &["--experiment", "kinds"]);
    let rows: Vec<KindsRow> = kinds::table.select(KindsRow::as_select()).order(kinds::id).load(&mut connection)?;
    assert_eq!(rows.len(), 8);
    let row = &rows[0];
    assert_eq!((row.i8, row.u64, row.u32), (-128, 9_000_000_000_000_000_000, u32::MAX));
    assert_eq!((row.f32, row.f64, row.flag), (0.1, 0.0, true));
    assert_eq!(row.text, "日本, \"quoted\"\nline");
    assert_eq!((row.maybe, row.layers.0.clone()), (None, vec![64, 32]));
    assert_eq!(row.big, Some(9_000_000_000_000_000_000));
    assert_eq!(row.moment.map(|moment| moment.to_string()), Some("2026-01-01 12:30:00.250".to_owned()));
    assert!(row.short_timestamp.is_some() && row.none.is_none());
    // All rows are serde's.
    let json = serde_json::to_string(&rows).expect("JSON");
    assert_eq!(serde_json::from_str::<Vec<KindsRow>>(&json).expect("rows"), rows);
    let keys: Vec<KindsKey> = kinds::table.select(KindsKey::as_select()).load(&mut connection)?;
    assert_eq!(
        serde_json::from_str::<Vec<KindsKey>>(&serde_json::to_string(&keys).expect("JSON")).expect("keys"),
        keys
    );
    Ok(())
}
