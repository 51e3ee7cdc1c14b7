//! The open database: read-only connections, write transactions, the vault.

use std::{fmt, sync::Arc, time::Duration};

use sea_orm::{DatabaseConnection, SqliteTransactionMode, TransactionOptions, TransactionTrait};
use temps_model::{Clock, InstanceId, Timestamp};
use tokio::sync::Notify;

use crate::{DbError, WriteTransaction, connect::Connections, vault::Vault};

/// How often a transaction that other transactions stood in the way of is tried.
const ATTEMPTS: u32 = 5;

/// The open database. Cheap to clone.
#[derive(Clone)]
pub struct Database(Arc<Inner>);

struct Inner {
    id: InstanceId,
    connections: Connections,
    vault: Vault,
    clock: Arc<dyn Clock>,
    /// Told after each commit with an audit record in it.
    audited: Notify,
}

impl Database {
    pub(crate) fn new(id: InstanceId, connections: Connections, vault: Vault, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner { id, connections, vault, clock, audited: Notify::new() }))
    }

    /// Tells this database from all others. Made with it, and the same on all nodes that use it.
    pub fn instance_id(&self) -> InstanceId {
        self.0.id
    }

    /// Connections on which the database itself refuses to write (R-RBAC-6).
    pub fn read(&self) -> &DatabaseConnection {
        &self.0.connections.reader
    }

    /// Begins a write transaction; on SQLite it waits until it is the only one.
    pub async fn begin(&self) -> Result<WriteTransaction, DbError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let transaction = self.0.connections.writer.begin_with_options(options).await?;
        Ok(WriteTransaction::new(transaction, self.clone()))
    }

    /// Does `work` in a write transaction and commits it, or rolls it back if `work` fails. If other transactions stood
    /// in the way, all of it is done again, a few times, so `work` does nothing that cannot be done again, and borrows
    /// what it needs: `database.write(|transaction| async move { … })` with references before it.
    ///
    /// If the caller's future is dropped, the work is done wholly or not at all; where something has to follow a commit
    /// for certain, run the whole in a task of its own.
    pub async fn write<T, E, F>(&self, work: impl Fn(WriteTransaction) -> F) -> Result<T, E>
    where
        E: From<DbError>,
        F: Future<Output = Result<T, E>>,
    {
        let mut attempt = 1;
        loop {
            let transaction = self.begin().await?;
            let outcome = work(transaction.share()).await;
            match outcome {
                Ok(value) => match transaction.commit().await {
                    Ok(()) => return Ok(value),
                    Err(DbError::Busy) if attempt < ATTEMPTS => {}
                    Err(error) => return Err(error.into()),
                },
                Err(error) => {
                    let again = transaction.was_busy() && attempt < ATTEMPTS;
                    transaction.rollback().await;
                    if !again {
                        return Err(error);
                    }
                }
            }
            tokio::time::sleep(Duration::from_millis(5 << attempt)).await;
            attempt += 1;
        }
    }

    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// The hour on the clock that the database was opened with.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Closes all connections. On SQLite the write-ahead log is then folded into the file.
    pub async fn close(&self) -> Result<(), DbError> {
        Ok(self.0.connections.close().await?)
    }

    pub(crate) fn wake_sealer(&self) {
        self.0.audited.notify_one();
    }

    /// Waits for the next commit with an audit record in it; one that came before the call counts.
    pub(crate) async fn audited(&self) {
        self.0.audited.notified().await;
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Database")
    }
}
