//! What an attempt leaves for the next one, and what is told of both: batches, figures, checkpoints, history.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use experimenter_diesel::{
    Claim, ClaimOrder, Ending, Entry, Executer, Figures, FillMode, Finish, Record, Selector, Status, Store, StoreError,
    Value,
};
use experimenter_tests::Target;

use super::{block_on, by_status, check, claim, claimer, claimer_of, filled, open, results, row};

fn figures(wall_seconds: f64) -> Figures {
    Figures {
        wall_seconds,
        user_seconds: 1.5,
        system_seconds: 0.25,
        peak_bytes: Some(1 << 33),
        busy_slots: 2,
        exit: Some("SIGSEGV".to_owned()),
    }
}

async fn log(store: &mut Store, claim: &mut Claim, loss: f64) {
    store.log(claim, &[Entry::now(0, vec![loss.into()])]).await.expect("an entry");
}

async fn write(store: &mut Store, claim: &Claim, score: f64) {
    store.write_partial(claim, vec![Some(score.into()), None, None]).await.expect("a partial result");
}

/// As a reaper leaves the rows of an executer that died.
fn reap(target: &Target) {
    target.sql("UPDATE study SET status = 'created' WHERE status = 'running'");
    target.sql("UPDATE experimenter__study__claims SET state = 'released' WHERE state = 'held'");
}

/// The archived attempts of a row, oldest first.
fn archived(target: &Target, reason: &str) -> Vec<serde_json::Value> {
    let sql = format!("SELECT payload FROM experimenter__study__attempts WHERE reason = '{reason}' ORDER BY ID");
    let payloads = target.sql(&sql).into_iter().flatten().flatten();
    payloads.map(|payload| serde_json::from_str(&payload).expect("JSON")).collect()
}

fn losses(target: &Target) -> Vec<String> {
    target.sql("SELECT loss FROM study__epochs ORDER BY ID").into_iter().flatten().flatten().collect()
}

#[test]
fn figures_are_written_with_the_end_and_put_away_with_the_attempt() {
    check(async |target| {
        let mut store = filled(target, 1).await;
        let mut claimer = claimer(&mut store).await;
        let first = claim(&mut store, &mut claimer).await;
        store.finish(&first, &results(0.5), Some(&figures(7.5))).await.expect("a finish");
        let columns = "SELECT wall_seconds, user_seconds, system_seconds, peak_bytes, busy_slots, exit_detail \
                       FROM experimenter__study__claims";
        let expected = ["7.5", "1.5", "0.25", "8589934592", "2", "SIGSEGV"].map(|text| Some(text.to_owned()));
        assert_eq!(target.sql(columns), [expected.to_vec()]);
        store.reset(&Selector::default()).await.expect("a reset");
        assert_eq!(target.sql(columns), [vec![None; 6]]);
        assert_eq!(archived(target, "reset")[0]["figures"]["peak_bytes"], 1_u64 << 33);
        // Nothing but figures is a trace too, at a claim and at a reset.
        let second = claim(&mut store, &mut claimer).await;
        assert_eq!(store.release(&second, Some(&figures(3.0))).await, Ok(true));
        let third = claim(&mut store, &mut claimer).await;
        assert_eq!(target.sql(columns), [vec![None; 6]]);
        assert_eq!(archived(target, "superseded")[0]["figures"]["wall_seconds"], 3.0);
        store.reset(&Selector::default()).await.expect("a reset");
        assert_eq!(archived(target, "reset").len(), 1, "an attempt that left nothing leaves no line");
        assert!(store.finish(&third, &results(0.5), Some(&figures(9.0))).await.is_err());
        assert_eq!(archived(target, "stale")[0]["figures"]["exit"], "SIGSEGV");
    });
}

#[test]
fn batches_of_several_claimers_give_each_row_once() {
    const ROWS: i64 = 300;
    check(async |target| {
        filled(target, ROWS).await;
        let claimed = Mutex::new(HashSet::new());
        std::thread::scope(|scope| {
            for number in 0..6 {
                let claimed = &claimed;
                scope.spawn(move || {
                    block_on(async {
                        let mut store = open(target).await;
                        let order = if number % 2 == 0 { ClaimOrder::Id } else { ClaimOrder::Random };
                        let mut claimer = claimer_of(&mut store, order, Selector::default()).await;
                        loop {
                            let claims = store.claim_batch(&mut claimer, 10).await.expect("a batch");
                            if claims.is_empty() {
                                break;
                            }
                            assert!(claims.len() <= 10 && claims.is_sorted_by_key(|claim| claim.id));
                            for claim in &claims {
                                assert!(claimed.lock().expect("no panic").insert(claim.id), "row {} twice", claim.id);
                            }
                            let finish = |claim| Finish::now(claim, results(1.0), Some(Figures::default()), Vec::new());
                            let finishes: Vec<_> = claims.into_iter().map(finish).collect();
                            for finished in store.finish_group(&finishes).await {
                                finished.expect("a finish");
                            }
                        }
                    });
                });
            }
        });
        assert_eq!(claimed.into_inner().expect("no panic").len().to_string(), ROWS.to_string());
        assert_eq!(by_status(target, "done"), ROWS.to_string());
        let attempts = "SELECT SUM(attempt), COUNT(wall_seconds) FROM experimenter__study__claims";
        assert_eq!(target.sql(attempts), [vec![Some(ROWS.to_string()); 2]]);
    });
}

#[test]
fn one_executer_gets_batches_by_id_as_large_as_it_asks() {
    check(async |target| {
        let mut store = filled(target, 25).await;
        let mut claimer = claimer(&mut store).await;
        assert_eq!(store.claim_batch(&mut claimer, 0).await, Ok(vec![]));
        let mut sizes = Vec::new();
        let mut ids = Vec::new();
        loop {
            let batch = store.claim_batch(&mut claimer, 20).await.expect("a batch");
            if batch.is_empty() {
                break;
            }
            sizes.push(batch.len());
            ids.extend(batch.into_iter().map(|claim| claim.id));
        }
        assert_eq!((sizes, ids), (vec![20, 5], (1..=25).collect()));
    });
}

#[test]
fn a_row_that_was_lost_does_not_touch_the_others_of_its_group() {
    check(async |target| {
        let mut store = filled(target, 4).await;
        let mut claimer = claimer(&mut store).await;
        let claims = store.claim_batch(&mut claimer, 4).await.expect("a batch");
        store.reset(&Selector { ids: Some(2.into()), ..Selector::default() }).await.expect("a reset");
        let mut finishes: Vec<_> =
            claims.into_iter().map(|claim| Finish::now(claim, results(0.5), Some(figures(1.0)), Vec::new())).collect();
        // One has a value that does not fit; the order of the input is that of the results.
        finishes[3].ending = Ending::Done(vec![f64::NAN.into(), "m".into(), Value::Int(1)]);
        finishes.reverse();
        for _ in 0..2 {
            let results = store.finish_group(&finishes).await;
            assert_eq!(results[0].as_ref().map(Vec::len), Ok(1));
            assert_eq!((&results[1], &results[3]), (&Ok(vec![]), &Ok(vec![])));
            assert_eq!(results[2], Err(StoreError::LeaseLost { id: 2, attempt: 1, current: Some(2) }));
        }
        assert_eq!((by_status(target, "done"), by_status(target, "created")), ("3".to_owned(), "1".to_owned()));
        assert_eq!(target.value("SELECT COUNT(score) FROM study"), Some("2".to_owned()));
    });
}

#[test]
fn an_ending_that_the_database_refuses_does_not_touch_the_others_of_its_group() {
    let target = Target::server();
    block_on(async {
        let mut store = filled(&target, 3).await;
        target.sql("ALTER TABLE study MODIFY model VARCHAR(10) CHARACTER SET latin1");
        let mut claimer = claimer(&mut store).await;
        let claims = store.claim_batch(&mut claimer, 3).await.expect("a batch");
        let finishes: Vec<_> = ["a", "日本", "c"]
            .into_iter()
            .zip(claims)
            .map(|(model, claim)| {
                Finish::now(claim, Ending::Done(vec![0.5.into(), model.into(), Value::Int(1)]), None, Vec::new())
            })
            .collect();
        let unfit: Vec<_> =
            store.finish_group(&finishes).await.into_iter().map(|unfit| unfit.map(|u| u.len())).collect();
        assert_eq!(unfit, [Ok(0), Ok(1), Ok(0)]);
        assert_eq!(by_status(&target, "done"), "3");
    });
}

#[test]
fn a_row_that_is_given_back_is_claimed_again() {
    check(async |target| {
        let mut store = filled(target, 1).await;
        let mut claimer = claimer(&mut store).await;
        let mut first = claim(&mut store, &mut claimer).await;
        log(&mut store, &mut first, 0.9).await;
        for _ in 0..2 {
            assert_eq!(store.release(&first, Some(&figures(2.0))).await, Ok(true), "it may be repeated");
        }
        let shown = target.sql("SELECT status, start_date, name, machine FROM study");
        assert_eq!(shown, [vec![Some("created".to_owned()), None, None, None]]);
        let line = target.sql("SELECT state, attempt, crashes FROM experimenter__study__claims");
        assert_eq!(line, [["released", "1", "0"].map(|text| Some(text.to_owned()))]);
        assert_eq!(losses(target), ["0.9"], "what it has written stays until then");
        let second = claim(&mut store, &mut claimer).await;
        assert_eq!(second.attempt, 2);
        assert_eq!(losses(target), [""; 0]);
        assert_eq!(store.release(&first, None).await, Ok(false), "it is another's now");
        assert_eq!(by_status(target, "running"), "1");
        let archived = archived(target, "superseded");
        assert_eq!((archived.len(), &archived[0]["logs"]["epochs"][0][1]), (1, &0.9.into()));
    });
}

#[test]
fn rows_that_never_began_are_given_back_together() {
    check(async |target| {
        let mut store = filled(target, 5).await;
        let mut claimer = claimer(&mut store).await;
        let claims = store.claim_batch(&mut claimer, 5).await.expect("a batch");
        store.reset(&Selector { ids: Some(2.into()), ..Selector::default() }).await.expect("a reset");
        store.finish(&claims[0], &results(0.5), None).await.expect("a finish");
        assert_eq!(store.release_group(&claims).await, Ok(3));
        assert_eq!(store.release_group(&claims).await, Ok(3), "it may be repeated");
        assert_eq!(store.release_group(&[]).await, Ok(0));
        assert_eq!((by_status(target, "done"), by_status(target, "created")), ("1".to_owned(), "4".to_owned()));
        let again = store.claim_batch(&mut claimer, 9).await.expect("a batch");
        assert_eq!(again.iter().map(|claim| claim.id).collect::<Vec<_>>(), [2, 3, 4, 5]);
        assert_eq!(target.value("SELECT COUNT(*) FROM experimenter__study__attempts"), Some("0".to_owned()));
    });
}

/// The side tables of an earlier version.
#[test]
fn side_tables_that_lack_columns_get_them_from_who_writes() {
    check(async |target| {
        filled(target, 2).await;
        for column in ["wall_seconds", "exit_detail"] {
            target.sql(&format!("ALTER TABLE experimenter__study__claims DROP COLUMN {column}"));
        }
        target.sql("ALTER TABLE experimenter__study__executers DROP COLUMN slurm");
        target.sql("DROP TABLE experimenter__study__checkpoints");
        target.sql("UPDATE experimenter__study__meta SET value = '1' WHERE name = 'schema'");
        // Who only reads does without.
        let mut reader = open(target).await;
        assert_eq!(reader.check_tables().await, Ok(()));
        assert_eq!(reader.executers().await, Ok(vec![]));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| block_on(async { open(target).await.prepare_tables().await.expect("columns") }));
            }
        });
        let schema = target.value("SELECT value FROM experimenter__study__meta WHERE name = 'schema'");
        assert_eq!(schema, Some("3".to_owned()));
        let mut store = open(target).await;
        store.prepare_tables().await.expect("tables");
        let mut claimer = claimer(&mut store).await;
        let claim = claim(&mut store, &mut claimer).await;
        store.finish(&claim, &results(0.5), Some(&figures(1.0))).await.expect("a finish");
        assert_eq!(target.value("SELECT COUNT(wall_seconds) FROM experimenter__study__claims"), Some("1".to_owned()));
    });
}

#[test]
fn a_crashed_run_goes_on_from_its_checkpoint() {
    check(async |target| {
        let mut store = filled(target, 1).await;
        let mut claimer = claimer(&mut store).await;
        let mut first = claim(&mut store, &mut claimer).await;
        assert_eq!(first.checkpoint, None);
        log(&mut store, &mut first, 0.9).await;
        write(&mut store, &first, 0.1 + 0.2).await;
        store.checkpoint(&first, b"early").await.expect("a checkpoint");
        log(&mut store, &mut first, 0.8).await;
        let state: Vec<u8> = (0..=255).collect();
        store.checkpoint(&first, &state).await.expect("a checkpoint in its place");
        log(&mut store, &mut first, 0.7).await;
        write(&mut store, &first, 0.6).await;
        reap(target);

        let mut second = claim(&mut store, &mut claimer).await;
        assert_eq!((second.attempt, second.checkpoint.as_ref()), (2, Some(&state)));
        assert_eq!(losses(target), ["0.9", "0.8"]);
        assert_eq!(target.value("SELECT COUNT(*) FROM study WHERE score = 0.1e0 + 0.2e0"), Some("1".to_owned()));
        let kept = archived(target, "superseded");
        assert_eq!(kept.len(), 1);
        assert_eq!((&kept[0]["results"]["score"], &kept[0]["logs"]["epochs"][0][1]), (&0.6.into(), &0.7.into()));
        assert!(store.checkpoint(&first, b"late").await.is_err());

        // The next one stops before it has written anything: nothing is put away, and the checkpoint is there still.
        reap(target);
        second = claim(&mut store, &mut claimer).await;
        assert_eq!((second.attempt, second.checkpoint.as_ref()), (3, Some(&state)));
        assert_eq!(archived(target, "superseded").len(), 1);
        log(&mut store, &mut second, 0.5).await;
        store.checkpoint(&second, b"").await.expect("an empty checkpoint");
        assert_eq!(store.release(&second, Some(&figures(1.0))).await, Ok(true));
        let third = claim(&mut store, &mut claimer).await;
        assert_eq!(third.checkpoint, Some(Vec::new()));
        assert_eq!(losses(target), ["0.9", "0.8", "0.5"]);
        store.finish(&third, &results(0.9), None).await.expect("a finish");
        assert_eq!(archived(target, "superseded")[1]["figures"]["wall_seconds"], 1.0);
    });
}

#[test]
fn a_checkpoint_that_is_too_large_is_refused() {
    check(async |target| {
        let mut store = filled(target, 1).await;
        let mut claimer = claimer(&mut store).await;
        let claim = claim(&mut store, &mut claimer).await;
        let most = store.most_checkpoint();
        let bytes = most + 1;
        let refused = store.checkpoint(&claim, &vec![7; bytes]).await.expect_err("too large");
        assert_eq!(refused, StoreError::CheckpointTooLarge { bytes, most });
        assert!(refused.to_string().contains("write large data to a file in `run.dir()`"), "{refused}");
        // What is nearly too large goes through, and comes back.
        let state = vec![255; most - 1_000];
        store.checkpoint(&claim, &state).await.expect("a large checkpoint");
        reap(target);
        let again = store.claim(&mut claimer).await.expect("a claim").expect("a row");
        assert!(again.checkpoint == Some(state), "the state comes back as it was");
    });
}

#[test]
fn a_checkpoint_of_who_does_not_own_the_row_is_refused() {
    check(async |target| {
        let mut store = filled(target, 1).await;
        let mut claimer = claimer(&mut store).await;
        let stale = claim(&mut store, &mut claimer).await;
        store.checkpoint(&stale, b"state").await.expect("a checkpoint");
        assert_eq!(store.reset(&Selector::default()).await, Ok(1));
        let lost = StoreError::LeaseLost { id: 1, attempt: 1, current: Some(2) };
        assert_eq!(store.checkpoint(&stale, b"stale").await, Err(lost));
        assert_eq!(target.value("SELECT COUNT(*) FROM experimenter__study__checkpoints"), Some("0".to_owned()));
        let next = claim(&mut store, &mut claimer).await;
        assert_eq!(next.checkpoint, None, "a reset begins anew");
    });
}

#[test]
fn a_checkpoint_is_never_handed_to_another_row_of_the_same_id() {
    check(async |target| {
        let mut store = filled(target, 2).await;
        let mut claimer = claimer(&mut store).await;
        for _ in 0..2 {
            let old = claim(&mut store, &mut claimer).await;
            store.checkpoint(&old, b"old").await.expect("a checkpoint");
        }
        // By somebody who knows nothing of the side tables.
        target.sql("DELETE FROM study");
        target.sql(
            "INSERT INTO study (ID, kernel, c, seed, creation_date, status) \
             VALUES (1, 'rbf', 0.5, 9, '2001-01-01 00:00:00', 'created')",
        );
        for attempt in 1..=2 {
            let new = claim(&mut store, &mut claimer).await;
            assert_eq!((new.attempt, new.checkpoint), (attempt, None));
            reap(target);
        }
        store.fill(FillMode::Write, (0..2).map(row), |_| ()).await.expect("a fill");
        assert_eq!(target.value("SELECT COUNT(*) FROM experimenter__study__checkpoints"), Some("0".to_owned()));
        store.drop_tables().await.expect("a drop");
        let mut store = filled(target, 1).await;
        let mut claimer = self::claimer(&mut store).await;
        claim(&mut store, &mut claimer).await;
        reap(target);
        assert_eq!(claim(&mut store, &mut claimer).await.checkpoint, None);
    });
}

#[test]
fn a_paused_row_goes_on_from_its_checkpoint() {
    check(async |target| {
        let mut store = filled(target, 3).await;
        let mut claimer = claimer(&mut store).await;
        for _ in 0..2 {
            let mut paused = claim(&mut store, &mut claimer).await;
            log(&mut store, &mut paused, 0.9).await;
            store.checkpoint(&paused, b"half").await.expect("a checkpoint");
            log(&mut store, &mut paused, 0.8).await;
            store.finish(&paused, &Ending::Paused, Some(&figures(4.0))).await.expect("a pause");
        }
        // One that PyExperimenter paused, with a result.
        target.sql(
            "INSERT INTO study (kernel, c, seed, creation_date, status, score) \
             VALUES ('rbf', 0.1, 7, '2024-01-01 00:00:00', 'paused', 0.5)",
        );
        let done = Selector { statuses: vec![Status::Done], ..Selector::default() };
        assert_eq!(store.unpause(&done).await, Ok(0));
        assert_eq!(store.unpause(&Selector { ids: Some(1.into()), ..Selector::default() }).await, Ok(1));
        assert_eq!((by_status(target, "created"), by_status(target, "paused")), ("2".to_owned(), "2".to_owned()));
        assert_eq!(losses(target).len(), 4, "what it holds stands");
        assert_eq!(store.unpause(&Selector::default()).await, Ok(2));
        let mut claims = Vec::new();
        while let Some(claim) = store.claim(&mut claimer).await.expect("a claim") {
            claims.push(claim);
        }
        claims.sort_by_key(|claim| claim.id);
        let checkpoints: Vec<_> = claims.iter().map(|claim| (claim.attempt, claim.checkpoint.as_deref())).collect();
        let half = Some(&b"half"[..]);
        assert_eq!(checkpoints, [(2, half), (2, half), (1, None), (1, None)]);
        assert_eq!(losses(target), ["0.9", "0.9"]);
        assert_eq!(target.value("SELECT COUNT(score) FROM study"), Some("0".to_owned()));
        let kept = archived(target, "superseded");
        assert_eq!(kept.len(), 3);
        assert_eq!(kept.iter().filter(|kept| kept["figures"]["wall_seconds"] == 4.0).count(), 2);
    });
}

#[test]
fn all_that_is_known_of_a_row_is_told() {
    check(async |target| {
        let mut store = filled(target, 2).await;
        let mut executer = Executer::new("tester".to_owned(), "n1".to_owned(), "0".to_owned());
        executer.program = "c0ffee".to_owned();
        executer.slurm = Some("job 123, task 4, node n1".to_owned());
        store.register(&executer).await.expect("a registration");
        let only = Selector { ids: Some(1.into()), ..Selector::default() };
        let mut claimer = store.claimer(executer, ClaimOrder::Id, only).await.expect("a claimer");
        assert_eq!(store.attempts(1).await, Ok(vec![]));
        assert_eq!(store.attempts(77).await, Ok(vec![]));
        let first = claim(&mut store, &mut claimer).await;
        store.finish(&first, &Ending::Error("no luck".to_owned()), Some(&figures(2.5))).await.expect("a finish");
        store.reset(&Selector { ids: Some(1.into()), ..Selector::default() }).await.expect("a reset");
        let second = claim(&mut store, &mut claimer).await;
        store.checkpoint(&second, b"state").await.expect("a checkpoint");
        store.release(&second, None).await.expect("a release");
        assert!(store.finish(&first, &results(0.1), None).await.is_err());

        let attempts = store.attempts(1).await.expect("attempts");
        let what: Vec<_> = attempts.iter().map(|attempt| (attempt.attempt, attempt.what.as_str())).collect();
        assert_eq!(what, [(1, "reset"), (1, "stale"), (3, "released")]);
        assert_eq!((attempts[0].error.as_deref(), &attempts[0].figures), (Some("no luck"), &Some(figures(2.5))));
        assert!(attempts[0].started.is_some() && attempts[0].ended >= attempts[0].started);
        assert!(attempts[2].started >= attempts[0].started && attempts[2].ended.is_some());
        for attempt in &attempts {
            let provenance = attempt.provenance.as_ref().expect("an executer");
            assert_eq!((provenance.name.as_deref(), provenance.host.as_deref()), (Some("tester"), Some("n1")));
            assert_eq!((provenance.program.as_deref(), provenance.profile.as_deref()), (Some("c0ffee"), None));
            assert_eq!(provenance.slurm.as_deref(), Some("job 123, task 4, node n1"));
        }
        let checkpoint = store.last_checkpoint(1).await.expect("an answer").expect("a checkpoint");
        assert_eq!((checkpoint.attempt, checkpoint.bytes), (3, 5));
        assert_eq!(store.last_checkpoint(2).await, Ok(None));
        let third = claim(&mut store, &mut claimer).await;
        store.finish(&third, &results(0.9), Some(&figures(8.0))).await.expect("a finish");
        let last = store.attempts(1).await.expect("attempts").pop().expect("an attempt");
        assert_eq!((last.attempt, last.what.as_str(), last.figures), (4, "done", Some(figures(8.0))));
    });
}

#[test]
fn rows_are_read_with_their_provenance() {
    check(async |target| {
        let mut store = filled(target, 2).await;
        let mut claimer = claimer(&mut store).await;
        let first = claim(&mut store, &mut claimer).await;
        store.finish(&first, &results(0.5), Some(&figures(2.5))).await.expect("a finish");
        let read = async |store: &mut Store| {
            let mut rows = Vec::new();
            let each = |record: Record| {
                let named: HashMap<_, _> = Store::PROVENANCE.into_iter().zip(record.values[1..].to_vec()).collect();
                rows.push((record.values[0].clone(), named));
                Ok::<_, StoreError>(())
            };
            store.records_with_provenance(&Selector::default(), &["score"], each).await.expect("rows");
            rows
        };
        let rows = read(&mut store).await;
        assert_eq!((&rows[0].0, &rows[0].1["attempt"]), (&Value::Float(0.5), &Value::Int(1)));
        let figures = ["wall_seconds", "peak_bytes", "exit", "host"].map(|name| rows[0].1[name].clone());
        assert_eq!(figures, [2.5.into(), Value::Int(1 << 33), "SIGSEGV".into(), "here".into()]);
        assert_eq!((&rows[1].1["attempt"], &rows[1].1["host"]), (&Value::Int(0), &Value::Null));
        // Of a table of others nothing is known.
        target.sql("DROP TABLE experimenter__study__checkpoints");
        let mut reader = open(target).await;
        reader.check_tables().await.expect("a table");
        let rows = read(&mut reader).await;
        assert!(rows.len() == 2 && rows[0].1.values().all(Value::is_null));
        assert_eq!((reader.attempts(1).await, reader.last_checkpoint(1).await), (Ok(vec![]), Ok(None)));
    });
}

#[test]
fn the_last_log_entries_are_written_with_the_end_and_once() {
    check(async |target| {
        let mut store = filled(target, 3).await;
        let mut claimer = claimer(&mut store).await;
        let entry = |loss: f64| vec![Entry::now(0, vec![loss.into()])];
        let losses = |id: i64| {
            let sql = format!("SELECT loss FROM study__epochs WHERE experiment_id = {id} ORDER BY ID");
            target.sql(&sql).concat().into_iter().flatten().collect::<Vec<_>>()
        };
        for reply_was_lost in [false, true] {
            let claim = store.claim(&mut claimer).await.expect("a claim").expect("a row");
            if reply_was_lost {
                // The first group of entries was committed, and nobody knows it.
                store.log(&mut claim.clone(), &entry(0.5)).await.expect("an entry");
            }
            let id = claim.id;
            let finish = Finish::now(claim, results(1.0), None, vec![entry(0.5), entry(0.25)]);
            for _ in 0..2 {
                assert_eq!(store.finish_group(std::slice::from_ref(&finish)).await, [Ok(vec![])]);
                assert_eq!(losses(id), ["0.5", "0.25"]);
            }
        }
        let claim = store.claim(&mut claimer).await.expect("a claim").expect("a row");
        let id = claim.id;
        store
            .reset(&Selector { ids: Some(id.to_string().parse().expect("an ID")), ..Selector::default() })
            .await
            .expect("a reset");
        let finish = Finish::now(claim, results(1.0), None, vec![entry(0.5)]);
        let late = store.finish_group(&[finish]).await;
        assert!(matches!(late[..], [Err(StoreError::LeaseLost { .. })]), "{late:?}");
        assert!(losses(id).is_empty());
    });
}
