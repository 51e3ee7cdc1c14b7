//! Bringing the schema up to date: forwards only, all or nothing, one process at a time.

use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, EntityTrait,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::{IntoSchemaManagerConnection, MigratorTrait, SchemaManager, seaql_migrations};

use crate::{OpenError, entities::instance, migrations::Migrator, vault::MasterKey};

/// The number under which PostgreSQL keeps the lock on the schema.
const ADVISORY_LOCK: &str = "SELECT pg_advisory_xact_lock(7306086974735446132)";

/// The row of `instance` that only the right master key opens.
const KEY_CHECK: &str = "key_check";

/// What a database turned out to be, before anything in it was changed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing of ours is in it.
    New,
    /// It is ours.
    Ours {
        /// What [`MasterKey::check`] reads.
        key_check: String,
        /// Whether its schema is from an older version.
        outdated: bool,
    },
}

/// Looks without changing anything. A schema from a newer version is refused.
pub(crate) async fn inspect<'c>(connection: impl IntoSchemaManagerConnection<'c>) -> Result<Found, OpenError> {
    let manager = SchemaManager::new(connection);
    let connection = manager.get_connection();
    if !manager.has_table("seaql_migrations").await? {
        return Ok(Found::New);
    }
    let applied = seaql_migrations::Entity::find().all(connection).await?;
    let known: Vec<String> = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
    if let Some(newer) = applied.iter().map(|row| &row.version).filter(|version| !known.contains(version)).max() {
        return Err(OpenError::NewerSchema { found: newer.clone(), known: known.last().cloned().unwrap_or_default() });
    }
    let key_check = instance::Entity::find_by_id(KEY_CHECK).one(connection).await?.ok_or(OpenError::NoKeyCheck)?;
    Ok(Found::Ours { key_check: key_check.value, outdated: applied.len() < known.len() })
}

/// Creates or updates the schema in one transaction and under a lock, so that of several processes that start at once
/// one does it and the others find it done. A new database gets the key-check value of `master`; one that another
/// process created meanwhile must have been created with the same key.
pub(crate) async fn migrate(connection: &DatabaseConnection, master: &MasterKey) -> Result<(), OpenError> {
    let immediate = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let transaction = connection.begin_with_options(immediate).await?;
    if transaction.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared(ADVISORY_LOCK).await?;
    }
    let found = inspect(&transaction).await?;
    if let Found::Ours { key_check, .. } = &found {
        master.check(key_check)?;
    }
    Migrator::up(&transaction, None).await?;
    if found == Found::New {
        let row = instance::ActiveModel { key: Set(KEY_CHECK.into()), value: Set(master.check_value()?) };
        instance::Entity::insert(row).exec_without_returning(&transaction).await?;
    }
    check_foreign_keys(&transaction).await?;
    Ok(transaction.commit().await?)
}

/// SQLite migrates with foreign keys off and looks afterwards whether they hold.
async fn check_foreign_keys(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    if transaction.get_database_backend() != DbBackend::Sqlite {
        return Ok(());
    }
    let check = Statement::from_string(DbBackend::Sqlite, "PRAGMA foreign_key_check");
    match transaction.query_one_raw(check).await? {
        None => Ok(()),
        Some(row) => {
            let table: String = row.try_get_by_index(0)?;
            Err(DbErr::Migration(format!("a row of {table} points at a row that is not there")))
        }
    }
}
