//! A full disk on SQLite: what is refused leaves nothing, and what is acknowledged later lasts.

use std::path::Path;

use sea_orm::ConnectionTrait;
use temps_db::{Database, DbError, WriteTransaction};
use temps_testkit::TestDatabase;

use crate::support::{Instance, note, notes, texts};

const ROUNDS: usize = 3;

/// How a transaction ends whose disk is full.
#[derive(Clone, Copy, Debug)]
enum End {
    RolledBack,
    Dropped,
    Committed,
    /// The disk is found full by the commit.
    AtCommit,
    /// As before, and the caller goes away instead.
    DroppedLate,
    /// The commit fails, and the transaction is still open then.
    StillOpen,
}

const ENDS: [End; 6] = [End::RolledBack, End::Dropped, End::Committed, End::AtCommit, End::DroppedLate, End::StillOpen];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_after_a_full_disk_lasts() {
    let place = TestDatabase::sqlite();
    let instance = Instance::of(&place);
    let database = instance.open().await;
    let mut expected = Vec::new();
    for round in 0..ROUNDS {
        for end in ENDS {
            fail(&database, end).await;
            refused(&database).await;
            let key = format!("{round}-{end:?}");
            acknowledged(&database, &key).await;
            expected.push(key);
            expected.sort();
            assert_eq!(seen_by_others(&instance.file().unwrap()).await, expected, "after {end:?}");
        }
    }
    database.close().await.unwrap();
    assert_eq!(notes(&instance.open().await).await, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_on_a_full_disk_fails_as_such_and_the_next_lasts() {
    let place = TestDatabase::sqlite();
    let instance = Instance::of(&place);
    let database = instance.open().await;
    for round in 0..ROUNDS {
        let refused: Result<(), DbError> = database
            .write(|transaction| async move {
                note(&transaction, "refused").await?;
                fill(&transaction).await
            })
            .await;
        assert!(matches!(refused, Err(DbError::Full)), "{refused:?}");
        self::refused(&database).await;
        acknowledged(&database, &round.to_string()).await;
    }
    assert_eq!(seen_by_others(&instance.file().unwrap()).await, ["0", "1", "2"]);
}

/// SQLite has rolled back by then, so each statement would last by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_more_is_done_in_a_transaction_that_failed() {
    let place = TestDatabase::sqlite();
    let instance = Instance::of(&place);
    let database = instance.open().await;
    let transaction = database.begin().await.unwrap();
    note(&transaction, "before").await.unwrap();
    assert!(matches!(fill(&transaction).await, Err(DbError::Full)));
    make_room(&transaction).await.unwrap_err();
    assert!(matches!(note(&transaction, "after").await, Err(DbError::Full)));
    assert!(matches!(transaction.commit().await, Err(DbError::Full)));
    assert!(seen_by_others(&instance.file().unwrap()).await.is_empty());
}

async fn fail(database: &Database, end: End) {
    let transaction = database.begin().await.unwrap();
    note(&transaction, "refused").await.unwrap();
    match end {
        End::RolledBack | End::Dropped | End::Committed => {
            let error = fill(&transaction).await.unwrap_err();
            assert!(matches!(error, DbError::Full), "{error}");
        }
        // What SQLite does itself when a commit cannot be written.
        End::AtCommit | End::DroppedLate => drop(transaction.execute_unprepared("ROLLBACK").await.unwrap()),
        End::StillOpen => {
            transaction.execute_unprepared("PRAGMA defer_foreign_keys = ON").await.unwrap();
            let orphan = "INSERT INTO members VALUES (zeroblob(16), zeroblob(16), 'owner', 0)";
            transaction.execute_unprepared(orphan).await.unwrap();
        }
    }
    match end {
        End::RolledBack => transaction.rollback().await,
        End::Dropped | End::DroppedLate => drop(transaction),
        End::Committed | End::AtCommit | End::StillOpen => drop(transaction.commit().await.unwrap_err()),
    }
}

/// Writes more than the database may grow.
async fn fill(transaction: &WriteTransaction) -> Result<(), DbError> {
    transaction.execute_unprepared("PRAGMA max_page_count = 1").await?;
    transaction.execute_unprepared("INSERT INTO instance VALUES ('refused too', hex(zeroblob(1000000)))").await?;
    Ok(())
}

/// The limit is the connection's own; it is raised here so that a connection that was kept has room too.
async fn make_room(transaction: &WriteTransaction) -> Result<(), DbError> {
    transaction.execute_unprepared("PRAGMA max_page_count = 4294967294").await?;
    Ok(())
}

/// A change that is refused for another reason, and ends like any. On a connection that still counted a transaction it would
/// be undone within that one, and leave it open for all that follows.
async fn refused(database: &Database) {
    let transaction = database.begin().await.unwrap();
    make_room(&transaction).await.unwrap();
    note(&transaction, "refused").await.unwrap();
    transaction.rollback().await;
}

async fn acknowledged(database: &Database, key: &str) {
    let transaction = database.begin().await.unwrap();
    make_room(&transaction).await.unwrap();
    note(&transaction, key).await.unwrap();
    transaction.commit().await.unwrap();
}

/// What a connection that is none of the database's own reads.
async fn seen_by_others(file: &Path) -> Vec<String> {
    let connection = sea_orm::Database::connect(format!("sqlite://{}?mode=ro", file.display())).await.unwrap();
    let query = "SELECT key FROM instance WHERE key NOT IN ('key_check', 'instance_id') ORDER BY key";
    let seen = texts(&connection, query).await;
    connection.close().await.unwrap();
    seen
}
