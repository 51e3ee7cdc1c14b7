//! Bringing the schema up to date: forwards only, all or nothing, one process at a time.

use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, EntityTrait,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::{IntoSchemaManagerConnection, MigratorTrait, SchemaManager, seaql_migrations};

use temps_model::InstanceId;

use crate::{OpenError, entities::instance, migrations::Migrator, vault::MasterKey};

/// The number under which PostgreSQL keeps the lock on the schema.
const ADVISORY_LOCK: &str = "SELECT pg_advisory_xact_lock(7306086974735446132)";

/// The row of `instance` that only the right master key opens.
const KEY_CHECK: &str = "key_check";

/// The row of `instance` that tells this database from all others.
const INSTANCE_ID: &str = "instance_id";

/// What a database turned out to be, before anything in it was changed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing is in it.
    New,
    /// It is ours.
    Ours {
        /// What [`MasterKey::check`] reads.
        key_check: String,
        id: InstanceId,
        /// Whether its schema is from an older version.
        outdated: bool,
    },
}

/// Looks without changing anything. A schema from a newer version is refused, and so is one that is none of ours.
pub(crate) async fn inspect<'c>(connection: impl IntoSchemaManagerConnection<'c>) -> Result<Found, OpenError> {
    let manager = SchemaManager::new(connection);
    let connection = manager.get_connection();
    if !manager.has_table("seaql_migrations").await? || !manager.has_table("instance").await? {
        return match any_table(connection).await? {
            Some(table) => Err(OpenError::Foreign { table }),
            None => Ok(Found::New),
        };
    }
    let applied = seaql_migrations::Entity::find().all(connection).await?;
    let known: Vec<String> = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
    if let Some(newer) = applied.iter().map(|row| &row.version).filter(|version| !known.contains(version)).max() {
        return Err(OpenError::NewerSchema { found: newer.clone(), known: known.last().cloned().unwrap_or_default() });
    }
    let key_check = instance::Entity::find_by_id(KEY_CHECK).one(connection).await?.ok_or(OpenError::NoKeyCheck)?;
    let id = instance::Entity::find_by_id(INSTANCE_ID).one(connection).await?;
    let id = id.and_then(|row| row.value.parse().ok()).ok_or(OpenError::NoInstanceId)?;
    Ok(Found::Ours { key_check: key_check.value, id, outdated: applied.len() < known.len() })
}

/// Creates or updates the schema in one transaction and under a lock, so that of several processes that start at once
/// one does it and the others find it done. A new database gets `id` and the key-check value of `master`; one that another
/// process created meanwhile must have been created with the same key. Returns the id that the database has.
pub(crate) async fn migrate(
    connection: &DatabaseConnection,
    master: &MasterKey,
    id: InstanceId,
) -> Result<InstanceId, OpenError> {
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
    let id = match found {
        Found::Ours { id, .. } => id,
        Found::New => {
            let facts = [(KEY_CHECK, master.check_value()?), (INSTANCE_ID, id.to_string())];
            let rows = facts.map(|(key, value)| instance::ActiveModel { key: Set(key.into()), value: Set(value) });
            instance::Entity::insert_many(rows).exec_without_returning(&transaction).await?;
            id
        }
    };
    check_foreign_keys(&transaction).await?;
    transaction.commit().await?;
    Ok(id)
}

/// A table or view that stands where ours would. On PostgreSQL, what extensions have brought is nobody's.
async fn any_table(connection: &impl ConnectionTrait) -> Result<Option<String>, DbErr> {
    let sql = match connection.get_database_backend() {
        DbBackend::Sqlite => "SELECT name FROM sqlite_master WHERE substr(name, 1, 7) <> 'sqlite_' ORDER BY 1 LIMIT 1",
        _ => {
            "SELECT relname::text FROM pg_class
             WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT EXISTS (
               SELECT FROM pg_depend
               WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')
             ORDER BY 1 LIMIT 1"
        }
    };
    let table = connection.query_one_raw(Statement::from_string(connection.get_database_backend(), sql)).await?;
    table.map(|row| row.try_get_by_index(0)).transpose()
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
