//! The migrations in the order in which they are applied. A released one is never edited; a change is a new one.

use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

mod m0001_foundations;
mod m0002_changed_rules;
mod m0003_login;
mod m0004_mail;

pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_foundations::Migration),
            Box::new(m0002_changed_rules::Migration),
            Box::new(m0003_login::Migration),
            Box::new(m0004_mail::Migration),
        ]
    }
}

/// What the types in capitals come down to on SQLite, which has four.
const SQLITE_TYPES: [(&str, &str); 4] =
    [("UUID", "BLOB"), ("BYTEA", "BLOB"), ("BIGINT", "INTEGER"), ("BOOLEAN", "INTEGER")];

/// Runs SQL that is written once for both databases. SQLite's tables are STRICT, so that it checks types as PostgreSQL
/// does.
async fn run(connection: &impl ConnectionTrait, sql: &str) -> Result<(), DbErr> {
    let sql = match connection.get_database_backend() {
        DbBackend::Sqlite => {
            SQLITE_TYPES.iter().fold(sql.to_owned(), |sql, (common, sqlite)| sql.replace(common, sqlite))
        }
        _ => sql.replace(") STRICT;", ");"),
    };
    connection.execute_unprepared(&sql).await.map(|_| ())
}
