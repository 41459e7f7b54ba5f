//! The attribute and the derive: their messages, and what they generate at work.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use experimenter::prelude::*;

/// Accepted and refused programs, in folders by kind of mistake; `TRYBUILD=overwrite` writes the messages anew.
#[test]
fn messages() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/*.rs");
    for kind in ["derive", "domains", "fields", "options", "several", "signature", "table", "types", "use"] {
        cases.compile_fail(format!("ui/{kind}/*.rs"));
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Field)]
enum Kernel {
    Linear,
    #[field(name = "radial basis")]
    Rbf,
}

#[experiment(
    keyfields = { kernel: Kernel, #[sql = "INT"] n: u8 = [3, 4], big: Option<u64> = [None, Some(7)], c: f64 = [0.1] },
    resultfields = { y: f64, best: Kernel, layers: Json<Vec<u32>>, note: Option<String>, count: u32 },
    logtables = { steps: { i: u32, kernel: Kernel } },
    table = "every_kind",
)]
fn kinds(key: &KindsKey, run: &mut KindsRun) -> experimenter::Result<KindsResults> {
    for i in 0..u32::from(key.n) {
        run.log(KindsSteps { i, kernel: key.kernel })?;
    }
    run.write(KindsPartial { y: Some(f64::NAN), ..KindsPartial::default() })?;
    Ok(KindsResults { y: f64::NAN, best: key.kernel, layers: Json(vec![64]), note: None, count: 2 })
}

const KEY: KindsKey = KindsKey { kernel: Kernel::Rbf, n: 3, big: Some(7), c: 0.1 };

#[test]
fn the_function_is_an_ordinary_function() {
    let mut run = KindsRun::offline();
    let results = kinds(&KEY, &mut run).expect("it cannot fail offline");
    assert_eq!(results.count, 2);
    assert_eq!(run.logged::<KindsSteps>().map(|step| step.i).collect::<Vec<_>>(), [0, 1, 2]);
    assert!(run.written().all(|partial| partial.best.is_none() && partial.y.is_some_and(f64::is_nan)));
}

#[test]
fn the_definition_is_what_the_attribute_says() {
    let definition = KindsKey::DEFINITION;
    assert_eq!((definition.name, definition.table), ("kinds", "every_kind"));
    assert!(definition.file.ends_with("macros.rs"));
    let columns: Vec<_> = definition.keyfields.iter().map(|key| (key.column.name, key.column.sql)).collect();
    assert_eq!(columns, [("kernel", "VARCHAR(255)"), ("n", "INT"), ("big", "BIGINT"), ("c", "DOUBLE")]);
    let domain =
        |key: &experimenter::definition::Keyfield| key.domain.map(|domain| domain().map(|values| values.len()));
    let sizes: Vec<_> = definition.keyfields.iter().map(domain).collect();
    assert_eq!(sizes, [None, Some(Ok(2)), Some(Ok(2)), Some(Ok(1))]);
    let line = definition.keyfields.first().map(|key| key.column.line);
    assert_eq!(line, Some(definition.line + 1));
    assert_eq!(definition.logtables.iter().map(|table| table.name).collect::<Vec<_>>(), ["steps"]);
}

#[test]
fn keys_round_trip_through_values() {
    assert_eq!(KindsKey::from_values(&KEY.to_values()), Ok(KEY));
    let error = KindsKey::from_values(&[]).map(drop).expect_err("there is no value");
    assert!(error.to_string().starts_with("`kernel`"), "{error}");
}

#[test]
fn rows_round_trip_through_json() {
    let results = KindsResults { y: 0.1, best: Kernel::Rbf, layers: Json(vec![64, 32]), note: None, count: 2 };
    let json = serde_json::to_string(&results).expect("it has a JSON form");
    assert_eq!(json, r#"{"y":0.1,"best":"radial basis","layers":[64,32],"note":null,"count":2}"#);
    assert_eq!(serde_json::from_str::<KindsResults>(&json).expect("it is its own form"), results);

    let json = serde_json::to_string(&KindsResults { y: f64::NEG_INFINITY, ..results }).expect("it has a JSON form");
    let back: KindsResults = serde_json::from_str(&json).expect("it is its own form");
    assert_eq!(back.y, f64::NEG_INFINITY);

    let json = serde_json::to_string(&KEY).expect("it has a JSON form");
    assert_eq!(serde_json::from_str::<KindsKey>(&json).expect("it is its own form"), KEY);
    let partial: KindsPartial = serde_json::from_str(r#"{"y":1.5}"#).expect("what is missing is not written");
    assert_eq!(partial, KindsPartial { y: Some(1.5), ..KindsPartial::default() });
}

/// A database with one finished row and one open row.
fn table() -> SqliteConnection {
    let mut connection = SqliteConnection::establish(":memory:").expect("memory is a database");
    connection
        .batch_execute(
            "CREATE TABLE every_kind (ID INTEGER PRIMARY KEY, kernel TEXT, n INT, big BIGINT, c DOUBLE, creation_date \
             DATETIME, status TEXT, start_date DATETIME, name TEXT, machine TEXT, y DOUBLE, best TEXT, layers TEXT, \
             note TEXT, count BIGINT, end_date DATETIME, error TEXT);
             CREATE TABLE every_kind__steps (ID INTEGER PRIMARY KEY, experiment_id BIGINT, timestamp DATETIME, \
             i BIGINT, kernel TEXT, attempt BIGINT);
             INSERT INTO every_kind VALUES (1, 'radial basis', 3, 7, 0.1, '2026-01-31 12:00:00', 'done', NULL, 'me', \
             'here', 0.5, 'Linear', '[64]', NULL, 2, '2026-01-31 12:00:01.5', NULL);
             INSERT INTO every_kind (ID, kernel, n, c, status) VALUES (2, 'Linear', 4, 0.1, 'created');
             INSERT INTO every_kind__steps VALUES (1, 1, '2026-01-31 12:00:00', 0, 'Linear', 1);",
        )
        .expect("the statements are right");
    connection
}

#[test]
fn typed_queries_read_rows() {
    use kinds_schema::kinds;
    let mut connection = table();
    let keys = kinds::table.select(KindsKey::as_select()).order(kinds::id).load(&mut connection);
    assert_eq!(keys, Ok(vec![KEY, KindsKey { kernel: Kernel::Linear, n: 4, big: None, c: 0.1 }]));

    let rows = kinds::table.select(KindsRow::as_select()).order(kinds::id).load(&mut connection).expect("they fit");
    assert_eq!((rows[0].best, rows[0].count, rows[0].status.as_str()), (Some(Kernel::Linear), Some(2), "done"));
    assert_eq!(rows[0].layers, Some(Json(vec![64])));
    assert!(rows[0].end_date > rows[0].creation_date);
    assert_eq!((rows[1].y, rows[1].best, rows[1].status.as_str()), (None, None, "created"));
    let json = serde_json::to_string(&rows).expect("they have a JSON form");
    assert_eq!(serde_json::from_str::<Vec<KindsRow>>(&json).expect("it is their own form"), rows);
}

#[test]
fn typed_queries_take_enums() {
    use kinds_schema::{kinds, steps};
    let mut connection = table();
    let ids = |filter: diesel::dsl::IntoBoxed<'_, kinds::table, diesel::sqlite::Sqlite>, connection: &mut _| {
        filter.select(kinds::id).load::<i64>(connection)
    };
    assert_eq!(ids(kinds::table.filter(kinds::kernel.eq(Kernel::Rbf)).into_boxed(), &mut connection), Ok(vec![1]));
    assert_eq!(ids(kinds::table.filter(kinds::best.eq(&Kernel::Linear)).into_boxed(), &mut connection), Ok(vec![1]));
    let either = kinds::table.filter(kinds::kernel.eq_any([Kernel::Rbf, Kernel::Linear])).into_boxed();
    assert_eq!(ids(either, &mut connection), Ok(vec![1, 2]));

    let joined = kinds::table
        .inner_join(steps::table)
        .group_by(kinds::kernel)
        .select((kinds::kernel, diesel::dsl::count(steps::id)))
        .load::<(Kernel, i64)>(&mut connection);
    assert_eq!(joined, Ok(vec![(Kernel::Rbf, 1)]));
}
