//! Which instance a database is of, and databases that are of none.

use std::fs;

use sea_orm::ConnectionTrait;
use temps_db::{Database, DatabaseSettings, OpenError};
use temps_testkit::{TestDatabase, on_both_databases};

use crate::support::{Instance, execute, texts};

on_both_databases![
    a_database_is_known_before_it_is_opened_and_stays_the_same,
    a_database_of_something_else_is_refused_and_untouched,
    a_database_without_an_id_is_refused,
];

async fn a_database_is_known_before_it_is_opened_and_stays_the_same(place: TestDatabase) {
    let instance = Instance::of(&place);
    assert_eq!(Database::instance_of(&instance.settings).await.unwrap(), None);
    assert!(instance.file().is_none_or(|file| !file.exists()), "looking makes nothing");
    let database = instance.open().await;
    let id = database.instance_id();
    database.close().await.unwrap();
    assert_eq!(Database::instance_of(&instance.settings).await.unwrap(), Some(id));
    assert_eq!(instance.open().await.instance_id(), id);

    let other = TestDatabase::sqlite();
    assert_ne!(Instance::of(&other).open().await.instance_id(), id);
}

async fn a_database_of_something_else_is_refused_and_untouched(place: TestDatabase) {
    let instance = Instance::of(&place);
    let connection = connect(&instance).await;
    // What a program leaves whose migrations are kept in the same way as ours.
    for table in ["orders", "seaql_migrations"] {
        let create = format!("CREATE TABLE {table} (version text, applied_at bigint)");
        connection.execute_unprepared(&create).await.unwrap();
        let before = state(&instance).await;
        let error = instance.try_open().await.unwrap_err();
        assert!(matches!(&error, OpenError::Foreign { table } if table == "orders"), "{error}");
        assert!(error.to_string().contains("nothing of Temps; name the database that Temps was used with"), "{error}");
        let looked = Database::instance_of(&instance.settings).await;
        assert!(matches!(looked, Err(OpenError::Foreign { .. })));
        assert!(state(&instance).await == before, "something was changed");
        assert!(!instance.keys.file.exists(), "no key is made for it");
    }
    connection.close().await.unwrap();
}

async fn a_database_without_an_id_is_refused(place: TestDatabase) {
    let instance = Instance::of(&place);
    let database = instance.open().await;
    execute(&database, "DELETE FROM instance WHERE key = 'instance_id'").await;
    database.close().await.unwrap();
    let error = instance.try_open().await.unwrap_err();
    assert!(matches!(error, OpenError::NoInstanceId), "{error}");
}

/// Hosted servers bring extensions whose views stand among the tables of their users.
#[tokio::test]
async fn what_extensions_bring_is_nobodys() {
    let place = TestDatabase::postgres();
    let instance = Instance::of(&place);
    let connection = connect(&instance).await;
    let view = "CREATE VIEW of_an_extension AS SELECT 1 AS one; ALTER EXTENSION plpgsql ADD VIEW of_an_extension";
    connection.execute_unprepared(view).await.unwrap();
    connection.close().await.unwrap();
    instance.open().await;
}

async fn connect(instance: &Instance) -> sea_orm::DatabaseConnection {
    let url = match &instance.settings {
        DatabaseSettings::Sqlite { path } => format!("sqlite://{}?mode=rwc", path.display()),
        DatabaseSettings::Postgres { url } => url.expose().clone(),
    };
    sea_orm::Database::connect(url).await.unwrap()
}

/// All that a refused start could change: the directory on SQLite, the tables on PostgreSQL.
async fn state(instance: &Instance) -> (Vec<(std::path::PathBuf, Vec<u8>)>, Vec<String>) {
    match instance.file() {
        Some(file) => {
            let entries = fs::read_dir(file.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
            let mut files: Vec<_> = entries.map(|path| (path.clone(), fs::read(path).unwrap())).collect();
            files.sort();
            (files, Vec::new())
        }
        None => {
            let connection = connect(instance).await;
            let tables = texts(&connection, "SELECT relname || relfilenode FROM pg_class ORDER BY 1").await;
            connection.close().await.unwrap();
            (Vec::new(), tables)
        }
    }
}
