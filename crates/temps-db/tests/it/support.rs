//! A database that a test opens, closes and looks into.

use std::{path::PathBuf, sync::Arc};

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use temps_db::{Database, DatabaseSettings, DbError, OpenError, WriteTransaction, vault::KeySources};
use temps_model::Secret;
use temps_testkit::{FakeClock, TestDatabase, database::Location};

/// The settings, the key and the clock of one test.
pub struct Instance {
    pub settings: DatabaseSettings,
    pub keys: KeySources,
    pub clock: FakeClock,
}

impl Instance {
    pub fn of(place: &TestDatabase) -> Self {
        let settings = match place.location() {
            Location::Sqlite(path) => DatabaseSettings::Sqlite { path },
            Location::Postgres(url) => DatabaseSettings::Postgres { url: Secret::new(url) },
        };
        let keys = KeySources { environment: None, credentials: None, file: place.directory().join("master.key") };
        Self { settings, keys, clock: FakeClock::default() }
    }

    pub async fn open(&self) -> Database {
        self.try_open().await.unwrap()
    }

    pub async fn try_open(&self) -> Result<Database, OpenError> {
        Database::open(&self.settings, &self.keys, Arc::new(self.clock.clone())).await
    }

    /// The file of SQLite's database.
    pub fn file(&self) -> Option<PathBuf> {
        match &self.settings {
            DatabaseSettings::Sqlite { path } => Some(path.clone()),
            DatabaseSettings::Postgres { .. } => None,
        }
    }
}

/// Opens a new database.
pub async fn open(place: &TestDatabase) -> Database {
    Instance::of(place).open().await
}

/// Runs SQL past everything that the crate offers, as an intruder would.
pub async fn execute(database: &Database, sql: &str) {
    let transaction = database.begin().await.unwrap();
    transaction.execute_unprepared(sql).await.unwrap();
    transaction.commit().await.unwrap();
}

/// The first column of all rows.
pub async fn texts(connection: &impl ConnectionTrait, sql: &str) -> Vec<String> {
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let rows = connection.query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

pub fn is_sqlite(connection: &impl ConnectionTrait) -> bool {
    connection.get_database_backend() == DbBackend::Sqlite
}

/// Adds a row that tests can count.
pub async fn note(transaction: &WriteTransaction, key: &str) -> Result<(), DbError> {
    use sea_orm::{ActiveValue::Set, EntityTrait};
    use temps_db::entities::instance;
    let row = instance::ActiveModel { key: Set(key.into()), value: Set(String::new()) };
    instance::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(())
}

/// The keys of the rows that [`note`] added.
pub async fn notes(database: &Database) -> Vec<String> {
    texts(database.read(), "SELECT key FROM instance WHERE key NOT IN ('key_check', 'instance_id') ORDER BY key").await
}
