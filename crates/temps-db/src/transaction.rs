//! Write transactions: the only way to change anything.

use std::sync::atomic::{AtomicBool, Ordering};

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use temps_model::Timestamp;

use crate::{Database, DbError, vault::Vault};

/// An open write transaction. Dropped without [`commit`](Self::commit), it is rolled back.
///
/// On SQLite it holds the only writer from its beginning, so it never meets another writer. It runs queries like any
/// connection; the pool must not be asked for a second connection while it is open.
pub struct WriteTransaction {
    transaction: DatabaseTransaction,
    database: Database,
    busy: AtomicBool,
    audited: AtomicBool,
}

impl WriteTransaction {
    pub(crate) fn new(transaction: DatabaseTransaction, database: Database) -> Self {
        Self { transaction, database, busy: AtomicBool::new(false), audited: AtomicBool::new(false) }
    }

    /// Makes the changes last. Once begun, it is carried out even if the caller goes away meanwhile, so that a change
    /// is always made wholly or not at all.
    pub async fn commit(self) -> Result<(), DbError> {
        let Self { transaction, database, audited, .. } = self;
        let commit = tokio::spawn(async move {
            transaction.commit().await?;
            if audited.into_inner() {
                database.wake_sealer();
            }
            Ok(())
        });
        commit.await.map_err(|_| DbError::Other("the commit was interrupted".into()))?
    }

    pub async fn rollback(self) -> Result<(), DbError> {
        Ok(self.transaction.rollback().await?)
    }

    pub fn vault(&self) -> &Vault {
        self.database.vault()
    }

    /// The hour on the clock of the database.
    pub fn now(&self) -> Timestamp {
        self.database.now()
    }

    /// Whether a statement failed because of other transactions, so that all of it may succeed a moment later.
    pub(crate) fn was_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed)
    }

    pub(crate) fn note_audited(&self) {
        self.audited.store(true, Ordering::Relaxed);
    }

    fn note<T>(&self, result: Result<T, DbErr>) -> Result<T, DbErr> {
        if let Err(error) = &result
            && matches!(DbError::from(error.clone()), DbError::Busy)
        {
            self.busy.store(true, Ordering::Relaxed);
        }
        result
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for WriteTransaction {
    fn get_database_backend(&self) -> DbBackend {
        self.transaction.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.note(self.transaction.execute_raw(statement).await)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.note(self.transaction.execute_unprepared(sql).await)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.note(self.transaction.query_one_raw(statement).await)
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.note(self.transaction.query_all_raw(statement).await)
    }
}
