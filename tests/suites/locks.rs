//! Rows that a transaction of somebody else has locked.

use std::time::Duration;

use experimenter_tests::Target;

use super::{block_on, claim, claimer, filled};

/// Somebody has changed a row by hand, and forgotten to commit.
#[test]
fn a_row_that_somebody_has_locked_holds_up_no_other() {
    let target = Target::server();
    let database = target.database();
    let lock = "START TRANSACTION; UPDATE study SET seed=seed WHERE ID=1; \
                WHILE NOT EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema=DATABASE() AND \
                table_name='enough') DO DO SLEEP(0.1); END WHILE; COMMIT;";
    let (mut store, mut claimer) = block_on(async {
        let mut store = filled(&target, 4).await;
        store.set_lock_wait(Duration::from_secs(1)).await.expect("a setting");
        store.set_patience(Duration::ZERO);
        let claimer = claimer(&mut store).await;
        (store, claimer)
    });
    let claims = std::thread::scope(|scope| {
        scope.spawn(|| database.script(lock));
        database.wait_for_sleeper();
        // All of them, one of them, and around it.
        let claims = block_on(async {
            let mut claims = Vec::new();
            for _ in 0..6 {
                let batch = store.claim_batch(&mut claimer, 3).await;
                claims.push(batch.map(|claims| claims.into_iter().map(|claim| claim.id).collect::<Vec<_>>()));
            }
            claims
        });
        target.sql("CREATE TABLE enough (it INT)");
        claims
    });
    let [Err(_), Err(_), Ok(two), Ok(three), Ok(four), Err(refusal)] = &claims[..] else { panic!("{claims:?}") };
    assert_eq!([two, three, four], [&[2], &[3], &[4]]);
    let refusal = refusal.to_string();
    assert!(refusal.contains("row 1") && refusal.contains("innodb_trx"), "{refusal}");
    block_on(async {
        assert_eq!(claim(&mut store, &mut claimer).await.id, 1);
        assert_eq!(store.claim(&mut claimer).await, Ok(None));
    });
}
