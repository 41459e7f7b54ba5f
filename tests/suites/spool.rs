//! Results on the disk: each ends in its row, or beside the table, or stays where it is, whatever became of the row.

use std::path::PathBuf;

use experimenter::spool::{self, Delivery, Header, Place, Replay, Spool, Standing};
use experimenter_diesel::{
    Claim, ClaimOrder, Claimer, Column, Ending, Figures, FillMode, Finish, LogtableSpec, Selector, Store, TableSpec,
    Target as Url,
};
use experimenter_tests::{Sandbox, Target, for_each_database, wait_until};

use super::{block_on, by_status, check, claim, claimer, filled, open_with, results, row, spec};

fn url(target: &Target) -> Url {
    Url::parse(&target.url()).expect("a URL")
}

fn finish(claim: &Claim, ending: Ending) -> Finish {
    let figures = Figures { wall_seconds: 7.5, exit: Some("exit".to_owned()), ..Figures::default() };
    Finish::now(claim.clone(), ending, Some(figures), Vec::new())
}

/// Leaves results on the disk as an executer does that is killed before the database has them.
async fn leave(sandbox: &Sandbox, target: &Target, table: &str, finishes: Vec<Finish>) {
    let executer = finishes.first().map_or(1, |finish| finish.claim.executer);
    let header = Header::new(&url(target), table, executer, "here");
    Spool::new(sandbox.path(), header).append(finishes).await.expect("a disk");
    nobody_is_at_work(&Place::new(sandbox.path(), &url(target), table));
}

/// Another test that starts a process at this moment has it inherit the lock of a log, until that runs its program.
fn nobody_is_at_work(place: &Place) {
    let is_at_work = |delivery: &Delivery| matches!(delivery.standing, Standing::AtWork(_));
    wait_until(|| !spool::look(place).expect("a folder").iter().any(is_at_work));
}

async fn deliver(store: &mut Store, sandbox: &Sandbox, target: &Target) -> Delivery {
    let place = Place::new(sandbox.path(), &url(target), "study");
    let mut deliveries = spool::deliver(store, &place).await.expect("a folder");
    assert_eq!(deliveries.len(), 1, "{deliveries:?}");
    deliveries.remove(0)
}

async fn replay(store: &mut Store, sandbox: &Sandbox, target: &Target) -> Replay {
    let place = Place::new(sandbox.path(), &url(target), "study");
    spool::replay(store, &place).await.expect("a folder")
}

/// How many results were accepted, came too late, had no row, were refused, and wait.
fn outcomes(delivery: &Delivery) -> [usize; 5] {
    [delivery.accepted, delivery.stale, delivery.gone, delivery.refused.len(), delivery.waiting]
}

fn files(sandbox: &Sandbox, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(sandbox.path()).expect("a folder");
    let paths = entries.map(|entry| entry.expect("a file").path());
    paths.filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
}

/// Undoes that a log was put aside, as if the acknowledgements were lost with the machine.
fn forget_acknowledgements(sandbox: &Sandbox) {
    for path in files(sandbox, "delivered") {
        std::fs::rename(&path, path.with_extension("spool")).expect("a file");
    }
}

fn kept(target: &Target, reason: &str) -> Option<String> {
    target.value(&format!("SELECT COUNT(*) FROM experimenter__study__attempts WHERE reason = '{reason}'"))
}

fn scores(target: &Target) -> Vec<Option<String>> {
    target.sql("SELECT score FROM study ORDER BY ID").into_iter().flatten().collect()
}

fn texts(values: &[&str]) -> Vec<Option<String>> {
    values.iter().map(|value| Some((*value).to_owned())).collect()
}

#[test]
fn what_the_database_never_got_is_delivered() {
    check(async |target| {
        let sandbox = Sandbox::new();
        let mut store = filled(target, 3).await;
        let mut claimer = claimer(&mut store).await;
        let mut claims = Vec::new();
        for _ in 0..3 {
            claims.push(claim(&mut store, &mut claimer).await);
        }
        let endings = [results(0.5), Ending::Paused, Ending::Error("a story".to_owned())];
        // However late they are delivered, they ended when they ended.
        let ended = Some("2026-01-02 03:04:05".to_owned());
        let finishes = claims.iter().zip(endings).map(|(claim, ending)| finish(claim, ending));
        let finishes = finishes.map(|finish| Finish { ended: ended.clone(), ..finish }).collect();
        leave(&sandbox, target, "study", finishes).await;
        assert_eq!(by_status(target, "running"), "3");

        for _ in 0..2 {
            assert_eq!(outcomes(&deliver(&mut store, &sandbox, target).await), [3, 0, 0, 0, 0]);
            let statuses: Vec<_> = target.sql("SELECT status FROM study ORDER BY ID").into_iter().flatten().collect();
            assert_eq!(statuses, texts(&["done", "paused", "error"]));
            assert_eq!(target.value("SELECT score FROM study WHERE status = 'done'"), Some("0.5".to_owned()));
            let on_time = format!("end_date = '{}'", ended.as_deref().unwrap_or_default());
            assert_eq!(target.value(&format!("SELECT COUNT(*) FROM study WHERE {on_time}")), Some("3".to_owned()));
            let figures = target.value("SELECT COUNT(*) FROM experimenter__study__claims WHERE wall_seconds = 7.5");
            assert_eq!(figures, Some("3".to_owned()));
            assert_eq!(target.value("SELECT COUNT(*) FROM experimenter__study__attempts"), Some("0".to_owned()));
            assert_eq!((files(&sandbox, "spool").len(), files(&sandbox, "delivered").len()), (0, 1));
            forget_acknowledgements(&sandbox);
        }
        assert_eq!(store.unpause(&Selector::default()).await, Ok(1));
        assert_eq!(replay(&mut store, &sandbox, target).await, Replay { stands: 2, ..Replay::default() });
        assert_eq!(by_status(target, "created"), "1", "a row that is open again stays open");
    });
}

#[test]
fn a_result_that_came_too_late_is_kept_beside_the_table_once() {
    check(async |target| {
        let sandbox = Sandbox::new();
        let mut store = filled(target, 1).await;
        let mut claimer = claimer(&mut store).await;
        let first = claim(&mut store, &mut claimer).await;
        // A value that does not fit is kept once too.
        let ending = Ending::Done(vec![f64::NAN.into(), "m".into(), 3_i64.into()]);
        leave(&sandbox, target, "study", vec![finish(&first, ending)]).await;
        assert_eq!(store.reset(&Selector::default()).await, Ok(1));
        for _ in 0..2 {
            assert_eq!(outcomes(&deliver(&mut store, &sandbox, target).await), [0, 1, 0, 0, 0]);
            assert_eq!(by_status(target, "created"), "1");
            assert_eq!((kept(target, "stale"), kept(target, "unfit")), (Some("1".to_owned()), Some("1".to_owned())));
            forget_acknowledgements(&sandbox);
        }
        let second = claim(&mut store, &mut claimer).await;
        store.finish(&second, &results(0.9), None).await.expect("a finish");
        deliver(&mut store, &sandbox, target).await;
        assert_eq!(scores(target), texts(&["0.9"]));
    });
}

/// The new row has the same ID and the same keyfields, runs at the same attempt, and was made in the same second.
#[test]
fn a_result_of_a_table_that_was_dropped_does_not_reach_the_new_one() {
    for is_same_second in [true, false] {
        check(async |target| {
            let sandbox = Sandbox::new();
            let mut store = filled(target, 1).await;
            let mut before = claimer(&mut store).await;
            let old = claim(&mut store, &mut before).await;
            leave(&sandbox, target, "study", vec![finish(&old, results(0.1))]).await;
            store.drop_tables().await.expect("no tables");
            store.create_tables().await.expect("tables");
            store.fill(FillMode::Write, (0..1).map(row), |_| ()).await.expect("a row");
            let created = if is_same_second { old.created.to_string() } else { "2001-01-01 00:00:00".to_owned() };
            target.sql(&format!("UPDATE study SET creation_date = '{created}'"));
            target.sql(&format!("UPDATE experimenter__study__claims SET created = '{created}'"));
            let mut after = claimer(&mut store).await;
            let new = claim(&mut store, &mut after).await;
            assert_eq!((new.id, new.attempt, new.hash), (old.id, old.attempt, old.hash));

            let expected = if is_same_second { [0, 1, 0, 0, 0] } else { [0, 0, 1, 0, 0] };
            assert_eq!(outcomes(&deliver(&mut store, &sandbox, target).await), expected);
            assert_eq!((by_status(target, "running").as_str(), scores(target)), ("1", vec![None]));
            let history = store.attempts(new.id).await.expect("a history").len();
            assert_eq!(history, if is_same_second { 2 } else { 1 }, "the new row knows nothing of the old one");
            store.finish(&new, &results(0.9), None).await.expect("a finish");
            let replayed = replay(&mut store, &sandbox, target).await;
            assert_eq!((replayed.written, scores(target)), (0, texts(&["0.9"])));
        });
    }
}

#[test]
fn logs_of_others_are_left_alone() {
    check(async |target| {
        let sandbox = Sandbox::new();
        let mut store = filled(target, 2).await;
        let mut claimer = claimer(&mut store).await;
        let mine = claim(&mut store, &mut claimer).await;
        leave(&sandbox, target, "another", vec![finish(&mine, results(0.1))]).await;
        let foreign = deliver(&mut store, &sandbox, target).await;
        assert!(matches!(&foreign.standing, Standing::Foreign(header) if header.table == "another"), "{foreign:?}");
        assert_eq!((foreign.waiting, foreign.waits_here(), files(&sandbox, "spool").len()), (1, 0, 1));

        let sandbox = Sandbox::new();
        let elsewhere = Url::parse("mysql://me:secret@old.host/thesis").expect("a URL");
        let header = Header::new(&elsewhere, "study", mine.executer, "here");
        let mut alive = Spool::new(sandbox.path(), header);
        alive.append(vec![finish(&mine, results(0.1))]).await.expect("a disk");
        assert!(matches!(deliver(&mut store, &sandbox, target).await.standing, Standing::Foreign(_)));
        let place = Place::new(sandbox.path(), &url(target), "study").or_database(&elsewhere);
        let at_work = spool::deliver(&mut store, &place).await.expect("a folder").remove(0);
        assert!(matches!(at_work.standing, Standing::AtWork(_)), "{at_work:?}");
        assert_eq!((at_work.waits_here(), by_status(target, "running").as_str()), (1, "1"));
        drop(alive);
        nobody_is_at_work(&place);
        let delivered = spool::deliver(&mut store, &place).await.expect("a folder").remove(0);
        assert_eq!((delivered.accepted, by_status(target, "done").as_str()), (1, "1"));
    });
}

#[test]
fn what_can_be_read_of_a_damaged_log_is_delivered() {
    check(async |target| {
        let sandbox = Sandbox::new();
        let mut store = filled(target, 2).await;
        let mut claimer = claimer(&mut store).await;
        let claims = [claim(&mut store, &mut claimer).await, claim(&mut store, &mut claimer).await];
        leave(&sandbox, target, "study", claims.iter().map(|claim| finish(claim, results(0.5))).collect()).await;
        let log = files(&sandbox, "spool").remove(0);
        let mut bytes = std::fs::read(&log).expect("a log");
        *bytes.last_mut().expect("a byte") ^= 1;
        std::fs::write(&log, bytes).expect("a log");
        let delivery = deliver(&mut store, &sandbox, target).await;
        assert_eq!((delivery.accepted, delivery.damages.len()), (1, 1));
        assert_eq!(delivery.damages[0].bytes.end, std::fs::read(&log).expect("it stays").len());
        assert_eq!((by_status(target, "done").as_str(), by_status(target, "running").as_str()), ("1", "1"));
    });
}

#[test]
fn what_the_database_refuses_is_told_in_the_row() {
    check(async |target| {
        let sandbox = Sandbox::new();
        let mut store = filled(target, 2).await;
        let mut claimer = claimer(&mut store).await;
        let claims = [claim(&mut store, &mut claimer).await, claim(&mut store, &mut claimer).await];
        let refuse = match target {
            Target::Sqlite { .. } => {
                "CREATE TRIGGER refuse BEFORE UPDATE ON study WHEN NEW.status = 'done' AND NEW.seed = 0 \
                 BEGIN SELECT RAISE(ABORT, 'not_this_one'); END"
            }
            Target::Server(_) => "ALTER TABLE study ADD CONSTRAINT not_this_one CHECK (status <> 'done' OR seed <> 0)",
        };
        target.sql(refuse);
        leave(&sandbox, target, "study", claims.iter().map(|claim| finish(claim, results(0.5))).collect()).await;
        let delivery = deliver(&mut store, &sandbox, target).await;
        assert_eq!(outcomes(&delivery), [1, 0, 0, 1, 0]);
        assert!(delivery.refused[0].contains("row 1") && delivery.refused[0].contains("not_this_one"));
        let error = target.value("SELECT error FROM study WHERE ID = 1").expect("an error");
        assert!(error.contains("not_this_one") && error.contains("score = 0.5"), "{error}");
    });
}

/// The tables that hold a study.
const TABLES: [&str; 5] = [
    "study",
    "study__epochs",
    "experimenter__study__claims",
    "experimenter__study__attempts",
    "experimenter__study__checkpoints",
];

fn back_up(target: &Target) {
    for table in TABLES {
        target.sql(&format!("CREATE TABLE saved__{table} AS SELECT * FROM {table}"));
    }
}

fn restore(target: &Target) {
    for table in TABLES {
        target.sql(&format!("DELETE FROM {table}"));
        target.sql(&format!("INSERT INTO {table} SELECT * FROM saved__{table}"));
    }
}

#[test]
fn a_database_that_was_restored_gets_its_results_back() {
    check(async |target| {
        let sandbox = Sandbox::new();
        let mut store = filled(target, 5).await;
        let mut before = claimer(&mut store).await;
        // Row 1 runs when the copy is made, row 2 is done at an earlier attempt, rows 3 to 5 are open.
        let first = claim(&mut store, &mut before).await;
        let second = claim(&mut store, &mut before).await;
        let mut logged = second.clone();
        store.log(&mut logged, &[experimenter_diesel::Entry::now(0, vec![0.25.into()])]).await.expect("an entry");
        store.finish(&second, &results(0.2), None).await.expect("a finish");
        back_up(target);

        let again = Selector { ids: Some(2.into()), ..Selector::default() };
        assert_eq!(store.reset(&again).await, Ok(1));
        let mut of_second = super::claimer_of(&mut store, ClaimOrder::Id, again).await;
        let later = claim(&mut store, &mut of_second).await;
        assert_eq!(later.attempt, 3);
        let third = claim(&mut store, &mut before).await;
        let fourth = claim(&mut store, &mut before).await;
        let ends = [(&first, 0.1), (&later, 0.9), (&third, 0.3), (&fourth, 0.4)];
        let finishes: Vec<_> = ends.iter().map(|(claim, score)| finish(claim, results(*score))).collect();
        leave(&sandbox, target, "study", finishes).await;
        assert_eq!(outcomes(&deliver(&mut store, &sandbox, target).await), [4, 0, 0, 0, 0]);
        let all = [Some("0.1"), Some("0.9"), Some("0.3"), Some("0.4"), None].map(|score| score.map(str::to_owned));
        assert_eq!(scores(target), all);

        restore(target);
        // Meanwhile somebody has claimed row 3 at the same number, and row 4 was reset by hand to begin anew.
        let mut after = claimer_of_row(&mut store, 3).await;
        let rival = claim(&mut store, &mut after).await;
        assert_eq!(rival.attempt, third.attempt);
        let fourth_row = Selector { ids: Some(4.into()), ..Selector::default() };
        for _ in 0..2 {
            assert_eq!(store.reset(&fourth_row).await, Ok(1));
        }
        let replayed = replay(&mut store, &sandbox, target).await;
        assert_eq!(replayed, Replay { written: 3, stands: 1, gone: 0, failed: Vec::new() });
        let brought = [Some("0.1"), Some("0.9"), Some("0.3"), None, None].map(|score| score.map(str::to_owned));
        assert_eq!(scores(target), brought);
        let attempts = target.sql("SELECT attempt FROM experimenter__study__claims ORDER BY experiment_id");
        assert_eq!(attempts.concat(), texts(&["1", "3", "1", "2", "0"]));
        assert_eq!(kept(target, "superseded"), Some("1".to_owned()), "what row 2 had before is archived");
        assert_eq!(target.value("SELECT COUNT(*) FROM study__epochs"), Some("0".to_owned()));

        assert!(store.finish(&rival, &results(0.7), None).await.is_err(), "the other owner is fenced");
        let stands = replay(&mut store, &sandbox, target).await;
        assert_eq!(stands, Replay { written: 0, stands: 4, gone: 0, failed: Vec::new() });
        assert_eq!(scores(target), brought);
        let open = claim(&mut store, &mut before).await;
        assert!([4, 5].contains(&open.id));
        store.finish(&open, &results(0.5), None).await.expect("the others go on");
    });
}

async fn claimer_of_row(store: &mut Store, id: i64) -> Claimer {
    super::claimer_of(store, ClaimOrder::Id, Selector { ids: Some(id.into()), ..Selector::default() }).await
}

#[test]
fn a_replay_leaves_alone_what_is_another_row_or_was_ended_since() {
    check(async |target| {
        let sandbox = Sandbox::new();
        let mut store = filled(target, 5).await;
        let mut before = claimer(&mut store).await;
        back_up(target);
        let mut finishes = Vec::new();
        for _ in 0..5 {
            let claim = claim(&mut store, &mut before).await;
            finishes.push(finish(&claim, results(0.1)));
        }
        leave(&sandbox, target, "study", finishes).await;
        restore(target);
        // Other keyfields; done by PyExperimenter; done by another executer; deleted; filled anew.
        target.sql("UPDATE study SET seed = 99 WHERE ID = 1");
        target.sql("UPDATE study SET status = 'done', score = 0.75 WHERE ID = 2");
        let mut after = claimer_of_row(&mut store, 3).await;
        let other = claim(&mut store, &mut after).await;
        store.finish(&other, &results(0.5), None).await.expect("a finish");
        target.sql("DELETE FROM study WHERE ID = 4");
        target.sql("UPDATE study SET creation_date = '2001-01-01 00:00:00' WHERE ID = 5");
        target.sql("UPDATE experimenter__study__claims SET created = '2001-01-01 00:00:00' WHERE experiment_id = 5");
        let replayed = replay(&mut store, &sandbox, target).await;
        assert_eq!(replayed, Replay { written: 0, stands: 2, gone: 3, failed: Vec::new() });
        assert_eq!(scores(target), [None, Some("0.75".to_owned()), Some("0.5".to_owned()), None]);
    });
}

/// The table of the program `grid`.
fn grid_spec() -> TableSpec {
    let column = |name: &str, sql: &str| Column::new(name, sql).expect("a known type");
    TableSpec {
        name: "grid".to_owned(),
        keyfields: vec![column("mode", "VARCHAR(255)"), column("n", "BIGINT")],
        resultfields: vec![column("square", "DOUBLE"), column("seed", "LONGTEXT"), column("note", "LONGTEXT")],
        logtables: vec![LogtableSpec { name: "steps".to_owned(), columns: vec![column("step", "INT")] }],
        ..spec()
    }
}

#[test]
fn the_command_delivers_and_says_what_became_of_each_log() {
    const GRID: &str = env!("CARGO_BIN_EXE_grid");
    for_each_database(|target| {
        let (sandbox, url) = (Sandbox::new(), target.url());
        let deliver = |args: &[&str]| sandbox.run(GRID, [&["deliver", "--database", &url], args].concat());
        sandbox.run(GRID, ["fill", "--database", &url, "--set", "n=0..2"]).success();
        deliver(&[]).success().stdout_has("no result waits");
        block_on(async {
            let mut store = open_with(target, grid_spec()).await;
            let mut claimer = claimer(&mut store).await;
            let claim = claim(&mut store, &mut claimer).await;
            let ending = Ending::Done(vec![4.0.into(), "s".into(), experimenter_diesel::Value::Null]);
            let header = Header::new(&self::url(target), "grid", claim.executer, "here");
            let folder = sandbox.path().join(spool::FOLDER);
            Spool::new(&folder, header).append(vec![finish(&claim, ending)]).await.expect("a disk");
        });
        deliver(&["--dry-run"]).success().stdout_has(": 1 waiting").stdout_has("1 result waits");
        deliver(&[]).success().stdout_has(": 1 delivered").stdout_has("no result waits");
        assert_eq!(
            target.value("SELECT square FROM grid WHERE status = 'done'"),
            Some(if target.is_sqlite() { "4.0" } else { "4" }.to_owned())
        );
        deliver(&["--replay"]).success().stdout_has("0 came back into the table; 1 have their rows already");
        let json = deliver(&["--replay", "--json"]);
        let json: serde_json::Value = serde_json::from_str(&json.success().stdout).expect("JSON");
        assert_eq!((&json["waiting"], &json["replay"]["stands"]), (&0.into(), &1.into()));
        sandbox.write(&format!("{}/grid.1.1.spool", spool::FOLDER), "garbage");
        deliver(&[])
            .fails_with(1)
            .stderr_has("7 bytes at offset 0 are damaged")
            .stderr_has("its first record is damaged");
    });
}

#[test]
fn what_waits_for_a_database_that_is_away_is_an_exit_code_of_its_own() {
    const GRID: &str = env!("CARGO_BIN_EXE_grid");
    const AWAY: &str = "mysql://me:secret@127.0.0.1:1/thesis";
    let sandbox = Sandbox::new();
    let target = Target::sqlite();
    sandbox.run(GRID, ["deliver", "--database", AWAY]).fails_with(69);
    block_on(async {
        let mut store = filled(&target, 1).await;
        let mut claimer = claimer(&mut store).await;
        let claim = claim(&mut store, &mut claimer).await;
        let header = Header::new(&Url::parse(AWAY).expect("a URL"), "grid", claim.executer, "here");
        let mut spool = Spool::new(&sandbox.path().join(spool::FOLDER), header);
        spool.append(vec![finish(&claim, results(0.5))]).await.expect("a disk");
    });
    let away = sandbox.run(GRID, ["deliver", "--database", AWAY]);
    away.fails_with(75).stderr_has("cannot reach the database").stdout_has("1 result waits").has_nowhere("secret");
}
