//! Claims: each row by one executer, those of other programs included, and what an attempt before has left.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use experimenter_diesel::{ClaimOrder, Ending, Entry, FillMode, Filled, Selector, Status};

use super::{block_on, by_status, check, claim, claimer, claimer_of, filled, open, results, row};

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
