//! Writing back: once, by who owns the row, and with values that do not fit.

use experimenter_diesel::{Column, Ending, Entry, FillMode, Finish, Selector, StoreError, TableSpec, Value};
use experimenter_tests::Target;

use super::{block_on, by_status, check, claim, claimer, filled, open_with, results, row, spec};

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
fn what_a_log_entry_cannot_hold_is_kept_once() {
    check(async |target| {
        let mut store = filled(target, 1).await;
        let mut claimer = claimer(&mut store).await;
        let mut claim = claim(&mut store, &mut claimer).await;
        let entries = [f64::NAN, 0.5, f64::NAN].map(|loss| Entry::now(0, vec![loss.into()]));
        for _ in 0..2 {
            let told = store.log(&mut claim, &entries).await.expect("entries");
            assert_eq!(told.len(), 1, "{told:?}");
            assert_eq!((told[0].field.as_str(), told[0].value.as_str()), ("epochs.loss", "NaN"));
            assert_eq!(store.unfit(10).await, Ok(told));
        }
        // With the end of the run as well.
        let last = Finish::now(claim, results(0.5), None, vec![vec![Entry::now(0, vec![f64::NAN.into()])]]);
        let told = store.finish_group(&[last]).await.remove(0).expect("a finish");
        assert_eq!(store.unfit(10).await, Ok(told));
        let kept = "SELECT COUNT(*) FROM experimenter__study__attempts WHERE reason = 'unfit'";
        assert_eq!(target.value(kept), Some("1".to_owned()));
        assert_eq!(target.value("SELECT COUNT(*) FROM study__epochs WHERE loss IS NULL"), Some("5".to_owned()));
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
