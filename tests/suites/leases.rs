//! Executers that die, or seem to: whose rows are opened, by whom, when, and what is told of it.

use std::process::{Child, Command, Stdio};
use std::sync::Barrier;
use std::time::{Duration, Instant};

use experimenter_diesel::{
    Beat, Claim, ClaimOrder, Claimer, Dead, Death, Entry, Executer, Fate, Lease, Life, ProcessIdentity, Reaped,
    Selector, Store, StoreError, Suspect, Watch, Work,
};
use experimenter_tests::Target;

use super::{block_on, by_status, check, claim, filled, open, results};

/// Of no executer.
const WATCHER: i64 = 0;

/// An executer of another host.
fn far(name: &str) -> Executer {
    let mut executer = Executer::new(name.to_owned(), "n1".to_owned(), "0".to_owned());
    executer.process = None;
    executer
}

/// An executer that is a process of this host.
fn near(name: &str, process: ProcessIdentity) -> Executer {
    Executer { process: Some(process), ..far(name) }
}

async fn claimer_of(store: &mut Store, executer: Executer) -> Claimer {
    store.register(&executer).await.expect("a registration");
    store.claimer(executer, ClaimOrder::Id, Selector::default()).await.expect("a claimer")
}

/// As if the lease of every executer had expired by the database's clock.
fn expire(target: &Target) {
    target.sql("UPDATE experimenter__study__executers SET expires_at = '2001-01-01 00:00:00'");
}

async fn suspects(store: &mut Store) -> Vec<Suspect> {
    store.suspects(WATCHER).await.expect("suspects")
}

/// The suspects, as one that has observed long enough calls them dead.
async fn dead(store: &mut Store) -> Vec<Dead> {
    let suspects = suspects(store).await;
    suspects.into_iter().map(|executer| Dead { executer, death: Death::Silent }).collect()
}

/// Has the only executer with rows reaped.
async fn reap(target: &Target, store: &mut Store, crash_limit: u32) -> Reaped {
    expire(target);
    let dead = dead(store).await;
    assert_eq!(dead.len(), 1, "{dead:?}");
    store.reap(&dead[0], crash_limit).await.expect("a reap")
}

fn opened(ids: &[i64]) -> Reaped {
    Reaped { opened: ids.to_vec(), given_up: vec![] }
}

fn crashes(target: &Target) -> String {
    target.value("SELECT crashes FROM experimenter__study__claims WHERE experiment_id = 1").expect("a number")
}

fn history(target: &Target, reason: &str) -> String {
    let sql = format!("SELECT COUNT(*) FROM experimenter__study__attempts WHERE reason = '{reason}'");
    target.value(&sql).expect("a count")
}

fn sleeping() -> Child {
    // It must not hold the streams of a test that fails.
    let [stdin, stdout, stderr] = [(); 3].map(|()| Stdio::null());
    Command::new("sleep").arg("60").stdin(stdin).stdout(stdout).stderr(stderr).spawn().expect("a process")
}

fn end(mut child: Child) {
    child.kill().expect("a kill");
    child.wait().expect("an end");
}

#[test]
fn the_rows_of_a_silent_executer_are_open_again() {
    check(async |target| {
        let mut store = filled(target, 3).await;
        let mut claimer = claimer_of(&mut store, far("silent")).await;
        let first = claim(&mut store, &mut claimer).await;
        claim(&mut store, &mut claimer).await;
        assert_eq!(suspects(&mut store).await, [], "its lease lasts");
        expire(target);
        let found = suspects(&mut store).await;
        let [Suspect { name, host, life, beat, interval, rows, heard, seconds_left, silent_seconds, .. }] = &found[..]
        else {
            panic!("one suspect: {found:?}")
        };
        assert_eq!((name.as_str(), host.as_str(), *life, *beat, *rows), ("silent", "n1", Life::Late, 0, 2));
        assert_eq!((*interval, *seconds_left), (Duration::from_secs(30), 0.0));
        assert!(heard.is_some() && *silent_seconds >= 0.0);
        assert_eq!(store.suspects(first.executer).await, Ok(vec![]), "nobody suspects itself");

        let dead = dead(&mut store).await.remove(0);
        assert_eq!(store.reap(&dead, 3).await, Ok(opened(&[1, 2])));
        assert_eq!(store.reap(&dead, 3).await, Ok(opened(&[])), "it may be repeated");
        let shown = target.sql("SELECT status, start_date, name, machine FROM study WHERE ID < 3");
        assert_eq!(shown, vec![vec![Some("created".to_owned()), None, None, None]; 2]);
        let line =
            target.sql("SELECT state, attempt, crashes FROM experimenter__study__claims WHERE experiment_id = 1");
        assert_eq!(line, [["released", "1", "1"].map(|text| Some(text.to_owned()))], "the fence moves with the claim");
        assert_eq!(suspects(&mut store).await, []);

        let attempts = store.attempts(1).await.expect("attempts");
        let [crash] = &attempts[..] else { panic!("one attempt: {attempts:?}") };
        assert_eq!((crash.attempt, crash.what.as_str()), (1, "crash"));
        let story = crash.error.as_deref().unwrap_or_default();
        assert!(story.starts_with("executer `silent` on n1, process "), "{story}");
        assert!(crash.started.is_some() && crash.ended.is_some());
        let mut other = claimer_of(&mut store, far("other")).await;
        assert_eq!(claim(&mut store, &mut other).await.attempt, 2);
    });
}

#[test]
fn many_rows_are_opened_page_by_page() {
    check(async |target| {
        let mut store = filled(target, 250).await;
        let mut claimer = claimer_of(&mut store, far("silent")).await;
        let mut claimed = 0;
        while claimed < 250 {
            claimed += store.claim_batch(&mut claimer, 100).await.expect("a batch").len();
        }
        assert_eq!(reap(target, &mut store, 3).await, opened(&(1..=250).collect::<Vec<_>>()));
        assert_eq!((by_status(target, "created"), history(target, "crash")), ("250".to_owned(), "250".to_owned()));
    });
}

#[test]
fn what_an_executer_held_when_it_left_is_open_at_once_and_no_crash() {
    check(async |target| {
        let mut store = filled(target, 1).await;
        let mut claimer = claimer_of(&mut store, far("left")).await;
        let held = claim(&mut store, &mut claimer).await;
        store.leave(held.executer, Work::default()).await.expect("a farewell");
        let mut watch = Watch::new(Duration::from_secs(90));
        let dead = watch.look(suspects(&mut store).await, store.lost_calls(), Instant::now());
        assert_eq!((dead.len(), dead[0].death, dead[0].executer.life), (1, Death::Left, Life::Left));
        assert_eq!(store.reap(&dead[0], 1).await, Ok(opened(&[1])));
        assert_eq!((crashes(target), history(target, "crash")), ("0".to_owned(), "0".to_owned()));
        assert_eq!(store.beat(held.executer, Work::default()).await, Ok(Beat::DeclaredDead), "nobody comes back");
    });
}

#[test]
fn a_beat_in_between_saves_an_executer() {
    check(async |target| {
        let mut store = filled(target, 1).await;
        let mut claimer = claimer_of(&mut store, far("slow")).await;
        let held = claim(&mut store, &mut claimer).await;
        expire(target);
        let dead = dead(&mut store).await.remove(0);
        assert_eq!(store.beat(held.executer, Work::default()).await, Ok(Beat::Alive));
        assert_eq!(store.reap(&dead, 3).await, Ok(Reaped::default()));
        assert_eq!((by_status(target, "running"), suspects(&mut store).await.len()), ("1".to_owned(), 0));
        store.finish(&held, &results(0.5), None).await.expect("a finish");
    });
}

#[test]
fn a_step_of_the_databases_clock_reaps_nobody_who_beats() {
    check(async |target| {
        let mut store = filled(target, 1).await;
        let mut claimer = claimer_of(&mut store, far("alive")).await;
        let held = claim(&mut store, &mut claimer).await;
        let mut watch = Watch::new(Duration::from_secs(90));
        let begin = Instant::now();
        for beat in 0..20 {
            expire(target);
            let now = begin + Duration::from_secs(30 * beat);
            assert_eq!(watch.look(suspects(&mut store).await, store.lost_calls(), now), [], "beat {beat}");
            assert_eq!(store.beat(held.executer, Work::default()).await, Ok(Beat::Alive));
        }
        expire(target);
        let mut dead = Vec::new();
        for look in 20..24 {
            let now = begin + Duration::from_secs(30 * look);
            dead = watch.look(suspects(&mut store).await, store.lost_calls(), now);
            assert_eq!(dead.len(), usize::from(look == 23), "three beats are missed");
        }
        assert_eq!(dead[0].death, Death::Silent);
        assert_eq!(store.reap(&dead[0], 3).await, Ok(opened(&[1])));
    });
}

#[test]
fn a_process_of_this_host_that_ended_is_dead_at_once() {
    check(async |target| {
        let mut store = filled(target, 2).await;
        let child = sleeping();
        let process = ProcessIdentity::of(child.id()).expect("a process");
        assert_eq!(process.fate(), Fate::Alive);
        let mut claimer = claimer_of(&mut store, near("killed", process.clone())).await;
        claim(&mut store, &mut claimer).await;
        let mut watch = Watch::new(Duration::from_secs(90));
        let found = suspects(&mut store).await;
        assert_eq!((found.len(), found[0].life, found[0].process.as_ref()), (1, Life::Alive, Some(&process)));
        assert!(found[0].seconds_left > 200.0);
        assert_eq!(watch.look(found, store.lost_calls(), Instant::now()), []);
        assert_eq!(store.standing().await.map(|standing| (standing.live, standing.lost.len())), Ok((1, 0)));

        end(child);
        assert_eq!(process.fate(), Fate::Dead);
        let lost = store.standing().await.expect("a standing").lost;
        assert!(lost.len() == 1 && lost[0].seconds_left > 200.0, "{lost:?}");
        let dead = watch.look(suspects(&mut store).await, store.lost_calls(), Instant::now());
        assert_eq!((dead.len(), dead[0].death), (1, Death::Ended));
        assert_eq!(store.reap(&dead[0], 3).await, Ok(opened(&[1])));
        let crash = store.attempts(1).await.expect("attempts").remove(0).error.expect("a story");
        assert!(crash.ends_with("its process has ended"), "{crash}");
    });
}

#[test]
fn a_zombie_is_dead() {
    let mut child = sleeping();
    let process = ProcessIdentity::of(child.id()).expect("a process");
    child.kill().expect("a kill");
    experimenter_tests::wait_until(|| process.fate() == Fate::Dead);
    child.wait().expect("an end");
    assert_eq!(process.fate(), Fate::Dead);
}

#[test]
fn a_number_that_another_process_has_now_keeps_nobody_alive() {
    check(async |target| {
        let mut store = filled(target, 1).await;
        let mut process = ProcessIdentity::own().expect("a process");
        process.started -= 1;
        let mut claimer = claimer_of(&mut store, near("gone", process.clone())).await;
        claim(&mut store, &mut claimer).await;
        let dead = Watch::new(Duration::from_secs(90)).look(suspects(&mut store).await, 0, Instant::now());
        assert_eq!((dead.len(), dead[0].death), (1, Death::Ended));
        // In another boot or container it says nothing.
        for sql in ["boot = 'another'", "namespaces = 'pid:[1]'", "uid = uid + 1"] {
            target.sql(&format!("UPDATE experimenter__study__executers SET {sql}"));
            assert_eq!(suspects(&mut store).await, [], "{sql}");
        }
    });
}

#[test]
fn several_reapers_count_one_crash() {
    const REAPERS: usize = 6;
    check(async |target| {
        let mut store = filled(target, 30).await;
        let mut claimer = claimer_of(&mut store, far("silent")).await;
        let claims = store.claim_batch(&mut claimer, 30).await.expect("a batch");
        expire(target);
        let barrier = Barrier::new(REAPERS);
        let opened: usize = std::thread::scope(|scope| {
            let reaper = || {
                block_on(async {
                    let mut store = open(target).await;
                    let dead = dead(&mut store).await.remove(0);
                    barrier.wait();
                    store.reap(&dead, 3).await.expect("a reap").opened.len()
                })
            };
            let reapers: Vec<_> = (0..REAPERS).map(|_| scope.spawn(reaper)).collect();
            reapers.into_iter().map(|reaper| reaper.join().expect("no panic")).sum()
        });
        assert_eq!(opened, claims.len());
        let counted = "SELECT MIN(crashes), MAX(crashes) FROM experimenter__study__claims";
        assert_eq!(target.sql(counted), [vec![Some("1".to_owned()); 2]]);
        assert_eq!(history(target, "crash"), "30");
    });
}

#[test]
fn a_row_that_crashes_too_often_ends_with_the_story() {
    check(async |target| {
        let mut store = filled(target, 1).await;
        for name in ["first", "second"] {
            let mut claimer = claimer_of(&mut store, far(name)).await;
            claim(&mut store, &mut claimer).await;
            assert_eq!(reap(target, &mut store, 3).await, opened(&[1]));
        }
        let mut claimer = claimer_of(&mut store, far("dritter, für Ü")).await;
        let third = claim(&mut store, &mut claimer).await;
        assert_eq!(reap(target, &mut store, 3).await, Reaped { opened: vec![], given_up: vec![1] });
        let shown = target.sql("SELECT status, end_date IS NULL FROM study");
        assert_eq!(shown, [["error", "0"].map(|text| Some(text.to_owned()))]);
        let story = target.value("SELECT error FROM study").expect("a story");
        let lines: Vec<_> = story.lines().collect();
        assert_eq!(lines[0], "the executer of this row died 3 times in a row");
        for (line, begins) in lines[1..4].iter().zip([
            "  attempt 1: executer `first` on n1, process ",
            "  attempt 2: executer `second` on n1, process ",
            "  attempt 3: executer `dritter, f\\u{fc}r \\u{dc}` on n1, process ",
        ]) {
            assert!(line.starts_with(begins) && line.contains(", last heard of 20"), "{line}");
        }
        assert!(lines[4].contains("`reset --ids 1` opens it again"), "{}", lines[4]);

        // One that was only cut off delivers still.
        for _ in 0..2 {
            store.finish(&third, &results(0.5), None).await.expect("a late finish, and its repetition");
        }
        assert_eq!(target.sql("SELECT status, error FROM study"), [[Some("done".to_owned()), None]]);
        store.reset(&Selector::default()).await.expect("a reset");
        assert_eq!(crashes(target), "0");
    });
}

#[test]
fn a_checkpoint_makes_it_the_first_crash_in_a_row() {
    check(async |target| {
        let mut store = filled(target, 1).await;
        for expected in ["1", "2"] {
            let mut claimer = claimer_of(&mut store, far("without")).await;
            claim(&mut store, &mut claimer).await;
            reap(target, &mut store, 3).await;
            assert_eq!(crashes(target), expected);
        }
        let mut claimer = claimer_of(&mut store, far("with")).await;
        let held = claim(&mut store, &mut claimer).await;
        store.checkpoint(&held, b"state").await.expect("a checkpoint");
        assert_eq!(reap(target, &mut store, 3).await, opened(&[1]));
        assert_eq!(crashes(target), "1");
        // The checkpoint is an earlier attempt's now.
        let mut claimer = claimer_of(&mut store, far("resumed")).await;
        assert_eq!(claim(&mut store, &mut claimer).await.checkpoint.as_deref(), Some(&b"state"[..]));
        assert_eq!(reap(target, &mut store, 2).await.given_up, [1]);
        let story = target.value("SELECT error FROM study").expect("a story");
        assert!(story.contains("died 2 times in a row\n  attempt 3:") && !story.contains("attempt 2"), "{story}");
    });
}

#[test]
fn a_late_finish_counts_until_somebody_claims_the_row() {
    check(async |target| {
        let mut store = filled(target, 2).await;
        let mut claimer = claimer_of(&mut store, far("cut off")).await;
        let claims = store.claim_batch(&mut claimer, 2).await.expect("a batch");
        assert_eq!(reap(target, &mut store, 3).await, opened(&[1, 2]));
        store.finish(&claims[0], &results(0.5), None).await.expect("a late finish");
        let mut other = claimer_of(&mut store, far("other")).await;
        let second = claim(&mut store, &mut other).await;
        assert_eq!((second.id, second.attempt), (2, 2));
        let stale = store.finish(&claims[1], &results(0.1), None).await;
        assert_eq!(stale, Err(StoreError::LeaseLost { id: 2, attempt: 1, current: Some(2) }));
        store.finish(&second, &results(0.9), None).await.expect("a finish");
        let scores = target.sql("SELECT score FROM study ORDER BY ID");
        assert_eq!(scores, [[Some("0.5".to_owned())], [Some("0.9".to_owned())]]);
        assert_eq!(history(target, "stale"), "1");
        let what: Vec<_> = store.attempts(1).await.expect("attempts").into_iter().map(|attempt| attempt.what).collect();
        assert_eq!(what, ["crash", "done"]);
    });
}

#[test]
fn a_reset_of_a_reaped_row_lets_nothing_earlier_in() {
    check(async |target| {
        let mut store = filled(target, 1).await;
        let mut claimer = claimer_of(&mut store, far("cut off")).await;
        let held = claim(&mut store, &mut claimer).await;
        reap(target, &mut store, 3).await;
        store.reset(&Selector::default()).await.expect("a reset");
        assert!(store.finish(&held, &results(0.1), None).await.is_err());
        assert_eq!(store.readopt(&held, 7).await, Ok(None));
        assert_eq!(by_status(target, "created"), "1");
    });
}

/// Registers an executer anew that was declared dead.
async fn register_anew(store: &mut Store, executer: &Executer) -> i64 {
    assert_eq!(store.beat(executer.id, Work::default()).await, Ok(Beat::DeclaredDead));
    let anew = executer.anew();
    assert!(anew.id != executer.id && anew.name == executer.name);
    store.register(&anew).await.expect("a registration");
    assert_eq!(store.beat(anew.id, Work::default()).await, Ok(Beat::Alive));
    anew.id
}

#[test]
fn an_executer_that_was_only_cut_off_takes_back_what_it_runs() {
    check(async |target| {
        let mut store = filled(target, 3).await;
        let executer = far("cut off");
        let mut claimer = claimer_of(&mut store, executer.clone()).await;
        let mut claims = store.claim_batch(&mut claimer, 3).await.expect("a batch");
        let entry = [Entry::now(0, vec![0.9.into()])];
        store.log(&mut claims[0], &entry).await.expect("an entry");
        assert_eq!(reap(target, &mut store, 3).await, opened(&[1, 2, 3]));
        let id = register_anew(&mut store, &executer).await;
        let mut other = claimer_of(&mut store, far("other")).await;
        other = {
            // The other one gets the second row.
            target.sql("UPDATE study SET status = 'paused' WHERE ID <> 2");
            let second = claim(&mut store, &mut other).await;
            assert_eq!((second.id, second.attempt), (2, 2));
            target.sql("UPDATE study SET status = 'created' WHERE ID <> 2");
            other
        };
        let mut first = None;
        for _ in 0..2 {
            first = store.readopt(&claims[0], id).await.expect("an answer");
            assert_eq!(first.as_ref().map(|claim| (claim.id, claim.attempt, claim.executer)), Some((1, 1, id)));
        }
        assert_eq!(store.readopt(&claims[1], id).await, Ok(None), "somebody has claimed it");
        assert_eq!((crashes(target), history(target, "lease lost")), ("0".to_owned(), "1".to_owned()));
        let mut first = first.expect("a claim");
        assert!(store.finish(&claims[0], &results(0.1), None).await.is_err(), "its earlier name is not the owner's");
        store.log(&mut first, &entry).await.expect("an entry");
        store.finish(&first, &results(0.5), None).await.expect("a finish");
        assert_eq!(target.value("SELECT COUNT(*) FROM study__epochs"), Some("2".to_owned()));
        assert_eq!(store.readopt(&claims[0], id).await, Ok(None), "it has ended");
        let _kept = other;
    });
}

/// What others have read of a row that is open is not true any more once it was taken back, even if it is open again at the
/// same attempt: it may have traces by then.
#[test]
fn a_row_that_was_taken_back_is_not_claimed_by_what_was_read_before() {
    check(async |target| {
        let mut store = filled(target, 3).await;
        let executer = far("cut off");
        let mut claimer = claimer_of(&mut store, executer.clone()).await;
        let claims = store.claim_batch(&mut claimer, 2).await.expect("a batch");
        assert_eq!(reap(target, &mut store, 3).await, opened(&[1, 2]));
        let mut other = claimer_of(&mut store, far("other")).await;
        let read = claim(&mut store, &mut other).await;
        // Of the two it has read the one that it did not claim.
        let held = claims.iter().find(|claim| claim.id != read.id).expect("two rows");
        let id = register_anew(&mut store, &executer).await;
        let mut held = store.readopt(held, id).await.expect("an answer").expect("a claim");
        store.log(&mut held, &[Entry::now(0, vec![0.9.into()])]).await.expect("an entry");
        assert_eq!(store.release(&held, None).await, Ok(true));
        let rest = [claim(&mut store, &mut other).await, claim(&mut store, &mut other).await];
        assert!(rest.iter().any(|claim| (claim.id, claim.attempt) == (held.id, 2)), "{rest:?}");
        assert_eq!(target.value("SELECT COUNT(*) FROM study__epochs"), Some("0".to_owned()), "they are put away");
        assert_eq!(history(target, "superseded"), "1");
    });
}

#[test]
fn rows_that_were_not_reaped_yet_or_given_up_are_taken_back_too() {
    check(async |target| {
        let mut store = filled(target, 2).await;
        let executer = far("cut off");
        let mut claimer = claimer_of(&mut store, executer.clone()).await;
        let claims = store.claim_batch(&mut claimer, 2).await.expect("a batch");
        // The reaper stopped after the first row.
        expire(target);
        let dead = dead(&mut store).await.remove(0);
        target.sql("UPDATE experimenter__study__claims SET state = 'parked' WHERE experiment_id = 2");
        assert_eq!(store.reap(&dead, 1).await.map(|reaped| reaped.given_up), Ok(vec![1]));
        target.sql("UPDATE experimenter__study__claims SET state = 'held' WHERE experiment_id = 2");
        let id = register_anew(&mut store, &executer).await;
        let mut again = Vec::new();
        for claim in &claims {
            again.extend(store.readopt(claim, id).await.expect("an answer"));
        }
        assert_eq!(again.len(), 2);
        assert_eq!(store.reap(&dead, 1).await, Ok(Reaped::default()), "they are another's");
        assert_eq!((by_status(target, "running"), crashes(target)), ("2".to_owned(), "0".to_owned()));
        for claim in &again {
            store.finish(claim, &results(0.5), None).await.expect("a finish");
        }
        assert_eq!(target.value("SELECT COUNT(*) FROM study WHERE error IS NULL"), Some("2".to_owned()));
    });
}

#[test]
fn a_row_is_claimed_or_taken_back_and_never_both() {
    const ROUNDS: usize = 20;
    check(async |target| {
        let mut store = filled(target, 1).await;
        for _ in 0..ROUNDS {
            let executer = far("cut off");
            let mut claimer = claimer_of(&mut store, executer.clone()).await;
            let held = claim(&mut store, &mut claimer).await;
            reap(target, &mut store, u32::MAX).await;
            let id = register_anew(&mut store, &executer).await;
            let barrier = Barrier::new(2);
            let (again, claimed) = std::thread::scope(|scope| {
                let readopts = scope.spawn(|| {
                    block_on(async {
                        let mut store = open(target).await;
                        barrier.wait();
                        store.readopt(&held, id).await.expect("an answer")
                    })
                });
                let claims = scope.spawn(|| {
                    block_on(async {
                        let mut store = open(target).await;
                        let mut claimer = claimer_of(&mut store, far("other")).await;
                        barrier.wait();
                        store.claim(&mut claimer).await.expect("an answer")
                    })
                });
                (readopts.join().expect("no panic"), claims.join().expect("no panic"))
            });
            assert!(again.is_some() != claimed.is_some(), "{again:?} {claimed:?}");
            let owner: Claim = again.or(claimed).expect("an owner");
            assert_eq!(store.release(&owner, None).await, Ok(true));
        }
    });
}

#[test]
fn who_claims_after_it_was_declared_dead_is_reaped_again() {
    check(async |target| {
        let mut store = filled(target, 2).await;
        let mut claimer = claimer_of(&mut store, far("cut off")).await;
        claim(&mut store, &mut claimer).await;
        assert_eq!(reap(target, &mut store, 3).await, opened(&[1]));
        let late = claim(&mut store, &mut claimer).await;
        let dead = Watch::new(Duration::from_secs(90)).look(suspects(&mut store).await, 0, Instant::now());
        assert_eq!((dead.len(), dead[0].death), (1, Death::Declared));
        assert_eq!(store.reap(&dead[0], 3).await, Ok(opened(&[late.id])));
    });
}

#[test]
fn rows_of_others_are_never_touched_and_told_apart() {
    check(async |target| {
        let mut store = filled(target, 4).await;
        // PyExperimenter's; and one of ours that somebody has opened by hand.
        target.sql("UPDATE study SET status = 'running' WHERE ID = 1");
        let mut claimer = claimer_of(&mut store, far("silent")).await;
        let claims = store.claim_batch(&mut claimer, 2).await.expect("a batch");
        assert_eq!(claims.iter().map(|claim| claim.id).collect::<Vec<_>>(), [2, 3]);
        let live = store.standing().await.expect("a standing");
        assert_eq!((live.live, live.lost.len(), live.foreign), (1, 0, 1));
        target.sql("UPDATE study SET status = 'created' WHERE ID = 3");
        expire(target);
        let standing = store.standing().await.expect("a standing");
        assert_eq!((standing.live, standing.foreign), (0, 1));
        let lost: Vec<_> = standing.lost.iter().map(|lost| (lost.name.as_str(), lost.life, lost.rows)).collect();
        assert_eq!(lost, [("silent", Life::Late, 1)]);
        assert_eq!(reap(target, &mut store, 3).await, opened(&[2]));
        assert_eq!(target.value("SELECT status FROM study WHERE ID = 1"), Some("running".to_owned()));
        target.sql("DROP TABLE experimenter__study__checkpoints");
        let mut reader = open(target).await;
        reader.check_tables().await.expect("a table");
        assert_eq!(reader.standing().await.map(|standing| standing.foreign), Ok(1));
        assert_eq!(reader.suspects(WATCHER).await, Ok(vec![]));
    });
}

#[test]
fn a_lease_may_be_short_and_is_each_executers_own() {
    check(async |target| {
        let mut store = filled(target, 1).await;
        let mut executer = far("short");
        executer.lease =
            Lease { beat: Duration::from_millis(50), length: Duration::from_millis(250), ..Lease::default() };
        executer.git = Some("c0ffee".to_owned());
        let mut claimer = claimer_of(&mut store, executer.clone()).await;
        claim(&mut store, &mut claimer).await;
        let lasts = |target: &Target| {
            let sql = match target {
                Target::Sqlite { .. } => {
                    "SELECT CAST(round((julianday(expires_at) - julianday(beat_at)) * 86400000) AS INTEGER), git \
                     FROM experimenter__study__executers"
                }
                Target::Server(_) => {
                    "SELECT TIMESTAMPDIFF(MICROSECOND, beat_at, expires_at) DIV 1000, git \
                     FROM experimenter__study__executers"
                }
            };
            target.sql(sql)
        };
        let expected = [["250", "c0ffee"].map(|text| Some(text.to_owned())).to_vec()];
        assert_eq!(lasts(target), expected);
        assert_eq!(store.beat(executer.id, Work::default()).await, Ok(Beat::Alive));
        assert_eq!(lasts(target), expected);
        // It expires by itself, on the database's clock.
        let mut late = Vec::new();
        while late.is_empty() {
            late = suspects(&mut store).await;
        }
        assert_eq!((late[0].life, late[0].interval), (Life::Late, Duration::from_millis(50)));
        // An executer of an earlier version has not said how long its lease is.
        target.sql("UPDATE experimenter__study__executers SET lease_seconds = NULL, beat_seconds = NULL");
        assert_eq!(store.beat(executer.id, Work::default()).await, Ok(Beat::Alive));
        assert_eq!(lasts(target)[0][0], Some("300000".to_owned()));
        expire(target);
        assert_eq!(suspects(&mut store).await[0].interval, Lease::default().beat);
    });
}
