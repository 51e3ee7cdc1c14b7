//! Write transactions: the only way to change anything.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use temps_model::Timestamp;

use crate::{Database, DbError, vault::Vault};

/// An open write transaction. Dropped without [`commit`](Self::commit), it is rolled back.
///
/// On SQLite it holds the only writer from its beginning, so it never meets another writer. It runs queries like any
/// connection; [`Database::begin`] must not be called while it is open, because that may wait for this one to end.
pub struct WriteTransaction(Arc<Inner>);

struct Inner {
    transaction: DatabaseTransaction,
    database: Database,
    busy: AtomicBool,
    audited: AtomicBool,
}

impl WriteTransaction {
    pub(crate) fn new(transaction: DatabaseTransaction, database: Database) -> Self {
        let (busy, audited) = (AtomicBool::new(false), AtomicBool::new(false));
        Self(Arc::new(Inner { transaction, database, busy, audited }))
    }

    /// The same transaction, for work that wants one of its own; it can be ended when all but one are dropped.
    pub(crate) fn share(&self) -> Self {
        Self(self.0.clone())
    }

    /// Makes the changes last. Once begun, it is carried out even if the caller goes away meanwhile, so that a change
    /// is always made wholly or not at all.
    pub async fn commit(self) -> Result<(), DbError> {
        let Inner { transaction, database, audited, .. } = self.into_inner()?;
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
        Ok(self.into_inner()?.transaction.rollback().await?)
    }

    fn into_inner(self) -> Result<Inner, DbError> {
        Arc::into_inner(self.0).ok_or_else(|| DbError::Other("the transaction is still being used".into()))
    }

    pub fn vault(&self) -> &Vault {
        self.0.database.vault()
    }

    /// The hour on the clock of the database.
    pub fn now(&self) -> Timestamp {
        self.0.database.now()
    }

    /// Whether a statement failed because of other transactions, so that all of it may succeed a moment later.
    pub(crate) fn was_busy(&self) -> bool {
        self.0.busy.load(Ordering::Relaxed)
    }

    pub(crate) fn note_audited(&self) {
        self.0.audited.store(true, Ordering::Relaxed);
    }

    fn note<T>(&self, result: Result<T, DbErr>) -> Result<T, DbErr> {
        if let Err(error) = &result
            && matches!(DbError::from(error.clone()), DbError::Busy)
        {
            self.0.busy.store(true, Ordering::Relaxed);
        }
        result
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for WriteTransaction {
    fn get_database_backend(&self) -> DbBackend {
        self.0.transaction.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.note(self.0.transaction.execute_raw(statement).await)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.note(self.0.transaction.execute_unprepared(sql).await)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.note(self.0.transaction.query_one_raw(statement).await)
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.note(self.0.transaction.query_all_raw(statement).await)
    }
}
