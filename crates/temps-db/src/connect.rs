//! Connections: one kind that writes and one that cannot.

use sea_orm::{DatabaseConnection, DbErr};

mod postgres;
mod sqlite;

pub(crate) use postgres::Postgres;
pub(crate) use sqlite::Sqlite;

/// The two kinds of connections of an open database.
pub(crate) struct Connections {
    pub writer: DatabaseConnection,
    pub reader: DatabaseConnection,
}

impl Connections {
    /// Readers first: the last connection that SQLite closes must be able to write, so that it can fold the log.
    pub async fn close(&self) -> Result<(), DbErr> {
        self.reader.close_by_ref().await?;
        self.writer.close_by_ref().await
    }
}
