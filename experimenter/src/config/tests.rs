//! Configurations that are read, refused, and broken at random.

use super::*;
use crate::Definition;
use crate::definition::{Column, Keyfield, Logtable};
use crate::grid::{Given, Grid};
use crate::registry;
use experimenter_diesel::{Backend, Value};
use proptest::prelude::*;
use serde_json::json;

const STUDY: &str = "\
paths: { data: /data }
PY_EXPERIMENTER:
  n_jobs: 4
  Database:
    use_ssh_tunnel: False
    provider: sqlite
    database: py_experimenter
    table:
      name: my_study
      keyfields:
        kernel: { type: VARCHAR(40), values: ['rbf', linear] }
        c: { type: DOUBLE, values: { start: 0.5, stop: 2, step: 0.5 } }
        seed:
          type: INT
          values: [1, '2', 0x3]
      resultfields: { accuracy: DOUBLE, model: LONGTEXT }
      result_timestamps: True
    logtables:
      folds: { fold: INT, accuracy: DOUBLE }
  Custom:
    datapath: ${paths.data}/iris.csv
    sizes: [1, 2.5, yes, null]
    user: ${oc.env:ANYBODY,nobody}
  CodeCarbon: { offline_mode: '${unknown}' }
";

static DEFINITION: Definition = Definition {
    name: "svm",
    table: "svm",
    file: "src/main.rs",
    line: 5,
    keyfields: &[
        Keyfield::new::<String>("kernel", 6),
        Keyfield::new::<f64>("c", 7).over(|| Ok(vec![Value::Float(7.0)])),
        Keyfield::new::<u8>("seed", 8),
    ],
    resultfields: &[Column::new::<f64>("accuracy", 9), Column::new::<String>("model", 9)],
    logtables: &[Logtable {
        name: "folds",
        columns: &[Column::new::<i32>("fold", 10), Column::new::<f64>("accuracy", 10)],
        line: 10,
    }],
    ..Definition::EMPTY
};

fn environment(name: &str) -> Option<String> {
    (name == "SECRET").then(|| "p@ss".to_owned())
}

fn parse(text: &str) -> Result<Config, Mistake> {
    Config::parse("study.yml", text, &environment)
}

/// What a configuration comes to: the rows of the grid, or what is wrong with it.
fn fill(text: &str) -> Result<Vec<String>, Mistake> {
    let config = parse(text)?;
    let mut spec = registry::table_spec(&DEFINITION)?;
    config.apply(&DEFINITION, &mut spec)?;
    let mut grid = Grid::new(&DEFINITION, Given { config: Some(&config), ..Given::default() })?;
    grid.fit(&spec, Backend::Mysql)?;
    Ok(grid.rows().map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")).collect())
}

#[test]
fn a_configuration_of_pyexperimenter_is_read() {
    let config = parse(STUDY).expect("a configuration");
    assert_eq!(config.jobs.as_ref().map(|jobs| jobs.value), Some(4));
    let database = config.database.as_ref().expect("a database");
    assert_eq!((database.provider, database.name.as_str()), (Provider::Sqlite, "py_experimenter"));
    assert_eq!(config.custom["datapath"], json!("/data/iris.csv"));
    assert_eq!(config.custom["sizes"], json!([1, 2.5, true, null]));
    assert_eq!(config.custom["user"], json!("nobody"));
    let mut spec = registry::table_spec(&DEFINITION).expect("tables");
    config.apply(&DEFINITION, &mut spec).expect("no contradiction");
    assert_eq!((spec.name.as_str(), spec.result_timestamps), ("my_study", true));
    let types: Vec<_> = spec.keyfields.iter().map(|column| column.column_type.sql()).collect();
    assert_eq!(types, ["VARCHAR(40)", "DOUBLE", "INT"]);
    let rows = fill(STUDY).expect("a grid");
    assert_eq!(rows.len(), 2 * 3 * 3);
    assert_eq!(rows[..2], ["rbf 0.5 1", "rbf 0.5 2"]);
}

#[test]
fn the_smallest_configuration_leaves_all_to_the_attribute() {
    let config = parse("PY_EXPERIMENTER: {}").expect("a configuration");
    assert!(config.database.is_none() && config.table.is_none() && config.custom.is_empty());
    let rows = fill("PY_EXPERIMENTER: {Database: {table: {keyfields: {kernel: {values: [a]}, seed: {values: [7]}}}}}");
    assert_eq!(rows, Ok(vec!["a 7 7".to_owned()]));
    // Keys without a value, and keys that are nobody's, are nothing.
    let text = "PY_EXPERIMENTER:\n  Database:\n    owner: me\n    table:\n      keyfields:\n      resultfields:\n    \
                logtables:\n  Custom:\n  n_jobs:\n  CodeCarbon:\n";
    assert!(parse(text).is_ok_and(|config| config.custom.is_empty() && config.jobs.is_none()));
    assert!(parse("PY_EXPERIMENTER:").is_ok_and(|config| config.table.is_none()));
}

#[test]
fn interpolations_are_omegaconfs() {
    let custom = |text: &str| {
        let text =
            format!("base: {{ list: [5, x], name: deep }}\nPY_EXPERIMENTER:\n  Custom:\n    a: 1\n    b: {text}\n");
        parse(&text).map(|config| config.custom["b"].clone()).map_err(|mistake| mistake.message)
    };
    for (text, value) in [
        ("${oc.env:SECRET}", json!("p@ss")),
        ("${oc.env:NOTHING, 'a b'}", json!("a b")),
        ("${oc.env:NOTHING,null}", json!(null)),
        ("${oc.env:NOTHING,'null'}", json!("null")),
        ("'x ${base.name} ${oc.env:SECRET}'", json!("x deep p@ss")),
        ("${base.list}", json!([5, "x"])),
        ("${base.list[1]}", json!("x")),
        ("${base.list.0}", json!(5)),
        ("${.a}", json!(1)),
        ("${..Custom.a}", json!(1)),
        ("${oc.decode:12}", json!(12)),
        ("${oc.decode:${oc.env:SECRET}}", json!("p@ss")),
        ("'\\${base}'", json!("${base}")),
    ] {
        assert_eq!(custom(text), Ok(value), "{text}");
    }
    for (text, says) in [
        ("${oc.env:NOTHING}", "study.yml:5: the environment variable NOTHING is not set"),
        ("${base.other}", "study.yml:5: `${base.other}` stands for nothing"),
        ("${}", "stands for nothing"),
        ("${....a}", "stands for nothing"),
        ("${.b}", "leads back to itself"),
        ("'${base.name'", "without its `}`"),
        ("'x ${base}'", "is a list or a mapping"),
        ("${base.${base}}", "is a list or a mapping"),
        ("${oc.create:x}", "no resolver `oc.create`"),
    ] {
        let refused = custom(text);
        assert!(refused.as_ref().is_err_and(|error| error.contains(says)), "{text}: {refused:?} lacks {says}");
    }
}

#[test]
fn mistakes_name_the_file_the_line_and_the_key() {
    let keyfields = "keyfields:\n        kernel";
    for (from, to, says) in [
        ("PY_EXPERIMENTER", "PYEXPERIMENTER", "study.yml has no key `PY_EXPERIMENTER` at its top"),
        (
            "n_jobs: 4",
            "n_jobs: many",
            "study.yml:3: `PY_EXPERIMENTER.n_jobs`: expected a whole number from 1, or -1, found `many`",
        ),
        ("n_jobs: 4", "n_jobs: 0", "found `0`"),
        ("n_jobs: 4", "n_jobs: ???", "study.yml:3: `PY_EXPERIMENTER.n_jobs` is `???`, a value that is missing"),
        (
            "seed:\n          type: INT\n          values: [1, '2', 0x3]",
            "seed: INT",
            "study.yml:13: `PY_EXPERIMENTER.Database.table.keyfields.seed`: expected a mapping with `type` and `values`, found `INT`",
        ),
        ("n_jobs: 4", "jobs: 4", "study.yml:3: `PY_EXPERIMENTER.jobs` is not a key of the configuration"),
        (
            "provider: sqlite",
            "provider: postgres",
            "study.yml:6: `PY_EXPERIMENTER.Database.provider`: expected `sqlite` or `mysql`",
        ),
        ("    database: py_experimenter\n", "", "`PY_EXPERIMENTER.Database` lacks the key `database`"),
        ("name: my_study", "name: my-study", "study.yml:9: `my-study` cannot name a table"),
        ("name: my_study", "name: experimenter__x", "is the name of a side table"),
        ("name: my_study", "name: [a]", "expected text, found a list"),
        (
            keyfields,
            "keyfields:\n        colour: { type: INT }\n        kernel",
            "study.yml:11: `colour` is no keyfield of the experiment `svm` (src/main.rs:5)",
        ),
        (
            "kernel: { type",
            "kernel: { typ",
            "study.yml:11: `PY_EXPERIMENTER.Database.table.keyfields.kernel.typ` is not a key",
        ),
        (
            "type: INT",
            "type: INTEGR",
            "study.yml:14: `PY_EXPERIMENTER.Database.table.keyfields.seed.type`: `INTEGR` is not a column type",
        ),
        (
            "type: INT",
            "type: DATE",
            "study.yml:14: keyfield `seed` is DATE, which contradicts src/main.rs:8, where its type gives SMALLINT",
        ),
        (
            "accuracy: DOUBLE, model",
            "accuracy: INT, model",
            "study.yml:16: resultfield `accuracy` is INT, which contradicts src/main.rs:9",
        ),
        ("accuracy: DOUBLE, model", "acuracy: DOUBLE, model", "`acuracy` is no resultfield"),
        (
            "fold: INT",
            "fold: DATETIME",
            "study.yml:19: column of the logtable `folds` `fold` is DATETIME, which contradicts src/main.rs:10",
        ),
        ("      folds:", "      fold:", "study.yml:19: `fold` is no logtable"),
        (
            "result_timestamps: True",
            "result_timestamps: often",
            "study.yml:17: `PY_EXPERIMENTER.Database.table.result_timestamps`: expected `True` or `False`",
        ),
        ("[1, '2', 0x3]", "[1, two, 3]", "study.yml:15: keyfield `seed`: expected u8, found `two`"),
        ("[1, '2', 0x3]", "[1, 2.5]", "expected u8, found `2.5`"),
        ("[1, '2', 0x3]", "[1, 300]", "expected u8, found `300`"),
        (
            "[1, '2', 0x3]",
            "[]",
            "study.yml:15: `PY_EXPERIMENTER.Database.table.keyfields.seed.values`: the list is empty",
        ),
        ("[1, '2', 0x3]", "7", "expected a list, or a mapping with `start` and `stop`, found `7`"),
        ("[1, '2', 0x3]", "{ start: 0, end: 5 }", "keyfields.seed.values` lacks the key `stop`"),
        ("[1, '2', 0x3]", "{ start: 0 }", "lacks the key `stop`"),
        ("[1, '2', 0x3]", "{ start: 0, stop: x }", "seed.values.stop`: expected a number, found `x`"),
        ("[1, '2', 0x3]", "{ start: 3, stop: 3 }", "the range is empty"),
        (
            "['rbf', linear]",
            "[rbf, yes]",
            "study.yml:11: keyfield `kernel`: expected text, found `true` (text that looks like it needs quotes)",
        ),
        ("['rbf', linear]", "[0.10]", "needs quotes"),
        ("['rbf', linear]", "[~]", "found NULL"),
        ("['rbf', linear]", "[rbf", "study.yml:1"),
        (
            "  n_jobs: 4\n",
            "  n_jobs: 4\n  n_jobs: 5\n",
            "study.yml:4: the key `n_jobs` stands here again, and in line 3",
        ),
        ("  n_jobs: 4\n", "\tn_jobs: 4\n", "not valid YAML"),
    ] {
        assert!(STUDY.contains(from), "{from}");
        let refused = fill(&STUDY.replacen(from, to, 1));
        assert!(
            refused.as_ref().is_err_and(|mistake| mistake.message.contains(says)),
            "{to}: {refused:?} lacks {says}"
        );
        assert!(refused.is_err_and(|mistake| !mistake.hint.is_empty()));
    }
}

#[test]
fn files_that_would_fill_the_memory_are_refused() {
    let bomb = |start: &str, next: fn(usize) -> String| {
        let lines: String = (1..40).map(next).collect();
        format!("PY_EXPERIMENTER: {{}}\n{start}\n{lines}")
    };
    let aliases = bomb("a0: &a0 [x, x]", |n| format!("a{n}: &a{n} [*a{0}, *a{0}]\n", n - 1));
    assert!(parse(&aliases).is_err_and(|mistake| mistake.message.contains("more than 2000000 values")));
    let references = bomb("b0: [x, x]", |n| format!("b{n}: ['${{b{0}}}', '${{b{0}}}']\n", n - 1));
    let references = references.replace("{}", "{ Custom: { all: '${b25}' } }");
    assert!(parse(&references).is_err_and(|mistake| mistake.message.contains("more than 2000000 values")));
    let deep = |levels| parse(&format!("PY_EXPERIMENTER: {}{}", "[".repeat(levels), "]".repeat(levels)));
    assert!(deep(100).is_err_and(|mistake| mistake.message.contains("more than 64 levels")));
    assert!(deep(100_000).is_err());
    let wide = format!(
        "PY_EXPERIMENTER: {{ Custom: {{ {} }} }}",
        (0..50_000).map(|n| format!("k{n}: {n}, ")).collect::<String>()
    );
    assert_eq!(parse(&wide).map(|config| config.custom.len()), Ok(50_000));
}

#[test]
fn credentials_are_read_and_never_shown() {
    let text = "CREDENTIALS:\n  Database: { user: me, password: '${oc.env:SECRET}' }\n  Connection:\n    \
                Standard: { server: db.host }\n    Ssh: { server: db.host, address: gate, port: 2222, local_port: 3307 }\n";
    let credentials = Credentials::parse("credentials.yml", text, &environment).expect("credentials");
    assert!(!format!("{credentials:?}").contains("p@ss"));
    let mut database = DatabaseConfig { provider: Provider::Mysql, name: "thesis".to_owned(), ssh: None };
    let target = credentials.target("study.yml", &database).expect("a server");
    assert_eq!(target.to_string(), "mysql://db.host/thesis");
    database.ssh = Some(Place::new("study.yml", 4));
    let tunnel = credentials.target("study.yml", &database).expect_err("a tunnel");
    assert!(tunnel.message.starts_with("study.yml:4: `use_ssh`"), "{tunnel}");
    assert!(tunnel.hint.contains("ssh -N -L 3307:127.0.0.1:3306 -p 2222 gate"), "{}", tunnel.hint);
    for (from, to, says) in [
        ("password", "pasword", "credentials.yml:2: `CREDENTIALS.Database.pasword` is not a key"),
        ("user: me, ", "", "`CREDENTIALS.Database` lacks the key `user`"),
        ("CREDENTIALS", "CREDENTIAL", "has no key `CREDENTIALS`"),
        ("{ server: db.host }", "db.host", "expected a mapping, found `db.host`"),
    ] {
        let refused = Credentials::parse("credentials.yml", &text.replacen(from, to, 1), &environment);
        let refused = refused.map(|_| ()).expect_err(says);
        assert!(refused.message.contains(says) && !refused.message.contains("p@ss"), "{refused}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// A file that is cut off, or in which something is replaced, doubled or taken out.
    #[test]
    fn broken_configurations_are_refused_and_not_more(
        start in 0..STUDY.len(),
        length in 0..40_usize,
        put in prop_oneof![
            Just(String::new()), Just("\n".to_owned()), Just("- ".to_owned()), Just(": ".to_owned()), Just("[".to_owned()),
            Just("${".to_owned()), Just("${PY_EXPERIMENTER}".to_owned()), Just("\"".to_owned()), Just("&a *a".to_owned()),
            Just("1e999".to_owned()), Just("99999999999999999999".to_owned()), Just("\t".to_owned()), Just("\0".to_owned()),
            Just("x".repeat(70_000)), any::<String>(),
        ],
        cut in any::<bool>(),
    ) {
        let mut text = STUDY.to_owned();
        let end = if cut { text.len() } else { (start + length).min(text.len()) };
        text.replace_range(start..end, &put);
        if let Err(mistake) = fill(&text) {
            prop_assert!(!mistake.message.is_empty() && !mistake.hint.is_empty());
            prop_assert!(mistake.message.chars().count() < 1_100, "{}", mistake);
        }
    }

    #[test]
    fn text_of_any_kind_is_refused_and_not_more(text in any::<String>()) {
        drop(parse(&text));
        drop(parse(&format!("PY_EXPERIMENTER: {text}")));
        drop(Credentials::parse("credentials.yml", &text, &environment));
    }
}
