//! Write transactions: the only way to change anything.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use temps_model::Timestamp;

use crate::{Database, DbError, vault::Vault};

/// An open write transaction. Dropped without [`commit`](Self::commit), it is rolled back.
///
/// On SQLite it holds the only writer from its beginning, so it never meets another writer. It runs queries like any
/// connection; [`Database::begin`] must not be called while it is open, because that may wait for this one to end.
///
/// A statement that fails ends it: whatever is asked of it afterwards, a commit included, fails in the same way. That is
/// how PostgreSQL has it, though its commit then seems to succeed. SQLite rolls back by itself when, for example, its disk
/// is full, and would make each further statement last on its own.
pub struct WriteTransaction(Arc<Inner>);

struct Inner {
    transaction: DatabaseTransaction,
    database: Database,
    /// Why the first statement failed that did.
    failed: OnceLock<DbErr>,
    audited: AtomicBool,
}

impl WriteTransaction {
    pub(crate) fn new(transaction: DatabaseTransaction, database: Database) -> Self {
        Self(Arc::new(Inner { transaction, database, failed: OnceLock::new(), audited: AtomicBool::new(false) }))
    }

    /// The same transaction, for work that wants one of its own; it can be ended when all but one are dropped.
    pub(crate) fn share(&self) -> Self {
        Self(self.0.clone())
    }

    /// Makes the changes last. Once begun, it is carried out even if the caller goes away meanwhile, so that a change
    /// is always made wholly or not at all.
    pub async fn commit(self) -> Result<(), DbError> {
        let Inner { transaction, database, failed, audited } = self.into_inner()?;
        if let Some(error) = failed.into_inner() {
            return Err(error.into());
        }
        let commit = tokio::spawn(async move {
            transaction.commit().await?;
            if audited.into_inner() {
                database.wake_sealer();
            }
            Ok(())
        });
        commit.await.map_err(|_| DbError::Other("the commit was interrupted".into()))?
    }

    /// Undoes everything. There may be nothing left to undo, or nobody to ask, and then it is undone all the same.
    pub async fn rollback(self) {
        if let Ok(inner) = self.into_inner()
            && let Err(error) = inner.transaction.rollback().await
        {
            tracing::debug!(%error, "a transaction had ended before it was rolled back");
        }
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
        self.0.failed.get().is_some_and(|error| matches!(error.clone().into(), DbError::Busy))
    }

    pub(crate) fn note_audited(&self) {
        self.0.audited.store(true, Ordering::Relaxed);
    }

    /// Runs a statement, unless an earlier one failed.
    async fn run<T>(&self, statement: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        if let Some(error) = self.0.failed.get() {
            return Err(error.clone());
        }
        statement.await.inspect_err(|error| drop(self.0.failed.set(error.clone())))
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for WriteTransaction {
    fn get_database_backend(&self) -> DbBackend {
        self.0.transaction.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.run(self.0.transaction.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.run(self.0.transaction.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.run(self.0.transaction.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.run(self.0.transaction.query_all_raw(statement)).await
    }
}
