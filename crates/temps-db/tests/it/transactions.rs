//! Reading, writing, going away in the middle, and what errors become.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
};

use sea_orm::ConnectionTrait;
use temps_db::{Database, DbError};
use temps_testkit::{TestDatabase, on_both_databases};
use tokio::task::JoinSet;

use crate::support::{Instance, execute, is_sqlite, note, notes, open};

on_both_databases![
    r_rbac_6_the_reading_connections_cannot_write,
    work_that_fails_leaves_nothing,
    a_dropped_transaction_leaves_nothing_and_frees_the_writer,
    writers_that_go_away_at_any_moment_leave_all_or_nothing,
    many_writers_all_succeed,
    work_that_met_a_deadlock_is_done_again,
    errors_become_what_callers_act_on,
];

async fn r_rbac_6_the_reading_connections_cannot_write(place: TestDatabase) {
    let database = open(&place).await;
    for sql in [
        "INSERT INTO instance (key, value) VALUES ('a', 'b')",
        "DELETE FROM instance",
        "CREATE TABLE sneaky (a integer)",
    ] {
        let error = database.read().execute_unprepared(sql).await.unwrap_err().to_string();
        assert!(error.contains("readonly") || error.contains("read-only"), "{sql}: {error}");
    }
}

async fn work_that_fails_leaves_nothing(place: TestDatabase) {
    let database = open(&place).await;
    let result = database
        .write(|transaction| async move {
            note(&transaction, "a").await?;
            Err::<(), _>(DbError::NotFound)
        })
        .await;
    assert!(matches!(result, Err(DbError::NotFound)));
    assert!(notes(&database).await.is_empty());
}

async fn a_dropped_transaction_leaves_nothing_and_frees_the_writer(place: TestDatabase) {
    let database = open(&place).await;
    let transaction = database.begin().await.unwrap();
    note(&transaction, "a").await.unwrap();
    drop(transaction);
    write(&database, "b").await.unwrap();
    assert_eq!(notes(&database).await, ["b"]);
}

async fn writers_that_go_away_at_any_moment_leave_all_or_nothing(place: TestDatabase) {
    let database = open(&place).await;
    for round in 0..60 {
        let pair = async {
            database
                .write(|transaction| async move {
                    note(&transaction, &format!("{round:03}-first")).await?;
                    note(&transaction, &format!("{round:03}-second")).await
                })
                .await
        };
        abandon(pair, round).await;
    }
    // Commits that were begun are carried out behind the callers' backs; the next writer comes after them.
    write(&database, "last").await.unwrap();
    let notes = notes(&database).await;
    for round in 0..60 {
        let of_round = notes.iter().filter(|key| key.starts_with(&format!("{round:03}"))).count();
        assert!(of_round == 0 || of_round == 2, "round {round} was left in halves");
    }
    assert_eq!(notes.last().map(String::as_str), Some("last"));
}

#[tokio::test]
async fn deleted_content_is_not_left_in_the_file_of_sqlite() {
    let place = TestDatabase::sqlite();
    let instance = Instance::of(&place);
    let database = instance.open().await;
    let sentinel = "sentinel-that-is-deleted-4711";
    let holds = || {
        let bytes = std::fs::read(instance.file().unwrap()).unwrap();
        bytes.windows(sentinel.len()).any(|window| window == sentinel.as_bytes())
    };
    write(&database, sentinel).await.unwrap();
    database.close().await.unwrap();
    assert!(holds());
    let database = instance.open().await;
    execute(&database, "DELETE FROM instance WHERE key NOT IN ('key_check', 'instance_id')").await;
    database.close().await.unwrap();
    assert!(!holds());
}

async fn many_writers_all_succeed(place: TestDatabase) {
    let database = open(&place).await;
    let mut writers = JoinSet::new();
    for writer in 0..200 {
        let database = database.clone();
        writers.spawn(async move { write(&database, &format!("{writer:03}")).await });
    }
    while let Some(result) = writers.join_next().await {
        result.unwrap().unwrap();
    }
    assert_eq!(notes(&database).await.len(), 200);
}

/// Two transactions lock two rows in opposite orders: PostgreSQL ends one of them, which is then done again. On SQLite
/// they cannot meet.
async fn work_that_met_a_deadlock_is_done_again(place: TestDatabase) {
    let database = open(&place).await;
    execute(&database, "INSERT INTO instance (key, value) VALUES ('a', ''), ('b', '')").await;
    let meeting = Arc::new(tokio::sync::Barrier::new(2));
    let attempts = Arc::new(AtomicUsize::new(0));
    let can_meet = !is_sqlite(database.read());
    let mut writers = JoinSet::new();
    for order in [["a", "b"], ["b", "a"]] {
        let (database, meeting, attempts) = (database.clone(), meeting.clone(), attempts.clone());
        writers.spawn(async move {
            let (meeting, attempts) = (&meeting, &attempts);
            database
                .write(|transaction| async move {
                    let attempt = attempts.fetch_add(1, Ordering::SeqCst);
                    lock(&transaction, order[0]).await?;
                    if can_meet && attempt < 2 {
                        meeting.wait().await;
                    }
                    lock(&transaction, order[1]).await?;
                    note(&transaction, &format!("{order:?}")).await
                })
                .await
        });
    }
    while let Some(result) = writers.join_next().await {
        let result: Result<(), DbError> = result.unwrap();
        result.unwrap();
    }
    assert_eq!(attempts.load(Ordering::SeqCst), if can_meet { 3 } else { 2 });
    assert_eq!(notes(&database).await.len(), 4);
}

async fn errors_become_what_callers_act_on(place: TestDatabase) {
    let database = open(&place).await;
    write(&database, "a").await.unwrap();
    assert!(matches!(write(&database, "a").await, Err(DbError::Conflict)));

    let orphan = failure(&database, "INSERT INTO members VALUES ($, $, 'owner', 0)").await;
    assert!(matches!(orphan, DbError::NotFound), "{orphan}");

    let full = if is_sqlite(database.read()) {
        "PRAGMA max_page_count = 1; CREATE TABLE big (a text) STRICT; INSERT INTO big VALUES (hex(zeroblob(1000000)))"
    } else {
        "DO $do$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END $do$"
    };
    let full = failure(&database, full).await;
    assert!(matches!(full, DbError::Full), "{full}");

    let wrong = failure(&database, "INSERT INTO users (id) VALUES ($)").await;
    assert!(matches!(wrong, DbError::Other(_)), "{wrong}");
}

/// Drops the future after it was polled so many times, at whatever it then waits for.
async fn abandon(future: impl Future, polls: usize) {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 || future.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        left -= 1;
        if left == 0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// What SQL fails with; `$` stands for an id.
async fn failure(database: &Database, sql: &str) -> DbError {
    let id = if is_sqlite(database.read()) { "zeroblob(16)" } else { "'00000000-0000-0000-0000-000000000000'" };
    let sql = if sql.contains("$do$") { sql.to_owned() } else { sql.replace('$', id) };
    let transaction = database.begin().await.unwrap();
    transaction.execute_unprepared(&sql).await.unwrap_err().into()
}

async fn write(database: &Database, key: &str) -> Result<(), DbError> {
    database.write(|transaction| async move { note(&transaction, key).await }).await
}

async fn lock(transaction: &temps_db::WriteTransaction, key: &str) -> Result<(), DbError> {
    let sql = format!("UPDATE instance SET value = value || 'x' WHERE key = '{key}'");
    transaction.execute_unprepared(&sql).await?;
    Ok(())
}
