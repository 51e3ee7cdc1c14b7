//! SQLite: one writer and a pool that can only read.

use std::{
    fs, io,
    os::unix::{
        ffi::OsStrExt,
        fs::{OpenOptionsExt, PermissionsExt},
    },
    path::{Path, PathBuf},
    time::Duration,
};

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use sea_orm::{DatabaseConnection, SqlxSqliteConnector};
use sqlx::{
    Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::Connections;

const READERS: u32 = 4;
/// Bytes before the first frame of a write-ahead log (`https://www.sqlite.org/fileformat2.html`, 4.1).
const LOG_HEADER: u64 = 32;

/// A database in a file of this machine.
pub(crate) struct Sqlite<'a> {
    pub path: &'a Path,
    /// What a commit waits for.
    pub synchronous: SqliteSynchronous,
}

impl Sqlite<'_> {
    /// Whether there is anything in the file.
    pub fn is_empty(&self) -> io::Result<bool> {
        match fs::metadata(self.path) {
            Ok(metadata) => Ok(metadata.len() == 0 && !holds_frames(&self.beside("-wal"))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// A connection that leaves every byte of the database, its log and the log's index as they are, so that a start
    /// that is refused changes nothing.
    ///
    /// Without a log the file alone is the database and is read as such. With one, left by a process that was killed,
    /// the log is read too, and its index is rebuilt in memory rather than in the file.
    pub async fn inspect(&self) -> Result<DatabaseConnection, sqlx::Error> {
        let options = match (holds_frames(&self.beside("-wal")), self.beside("-shm").exists()) {
            (false, _) => SqliteConnectOptions::new().filename(self.path).immutable(true),
            (true, true) => SqliteConnectOptions::new().filename(self.uri("readonly_shm=1")),
            (true, false) => SqliteConnectOptions::new().filename(self.path),
        };
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options.read_only(true)).await?;
        Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))
    }

    /// The connection for migrations: foreign keys are off, because rebuilding a table would delete what points at it.
    pub async fn migrator(&self) -> Result<DatabaseConnection, sqlx::Error> {
        self.secure()?;
        self.one(self.writing().foreign_keys(false)).await
    }

    pub async fn connect(&self) -> Result<Connections, sqlx::Error> {
        self.secure()?;
        let writer = self.one(self.writing()).await?;
        let reading = self.options().read_only(true).pragma("query_only", "ON");
        let reader = SqlitePoolOptions::new()
            .max_connections(READERS)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(reading)
            .await?;
        Ok(Connections { writer, reader: SqlxSqliteConnector::from_sqlx_sqlite_pool(reader) })
    }

    /// Sees to it that only its owner can read the file, which is created if need be; SQLite gives log and index the
    /// same mode.
    fn secure(&self) -> io::Result<()> {
        match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                fs::set_permissions(self.path, fs::Permissions::from_mode(0o600))
            }
            created => created.map(|_| ()),
        }
    }

    async fn one(&self, options: SqliteConnectOptions) -> Result<DatabaseConnection, sqlx::Error> {
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(Duration::from_secs(10))
            .after_release(|connection, _| Box::pin(async move { Ok(is_idle(connection).await) }))
            .connect_with(options)
            .await?;
        Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))
    }

    /// Deleted content is overwritten with zeros, so that what was erased is not left in free pages.
    fn writing(&self) -> SqliteConnectOptions {
        self.options().journal_mode(SqliteJournalMode::Wal).synchronous(self.synchronous).pragma("secure_delete", "ON")
    }

    fn options(&self) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(self.path)
            .busy_timeout(Duration::from_secs(5))
            .pragma("temp_store", "MEMORY")
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(suffix);
        name.into()
    }

    /// The file as a URI (`https://www.sqlite.org/uri.html`), which alone can say what `query` does.
    fn uri(&self, query: &str) -> String {
        let path = percent_encode(self.path.as_os_str().as_bytes(), NON_ALPHANUMERIC);
        format!("file:{path}?{query}")
    }
}

/// Whether no transaction is open, so that the next one begins as one. The connection is closed otherwise, and replaced.
///
/// SQLite and sqlx can disagree: where the disk is full, SQLite rolls back by itself, so sqlx's own rollback fails and the
/// transaction stays counted. The next would be taken for one within it, and its commit would make nothing last.
async fn is_idle(connection: &mut SqliteConnection) -> bool {
    // SQLite refuses to begin within a transaction. This takes no lock, and comes after a rollback that was only begun.
    let asked = sqlx::raw_sql("BEGIN; ROLLBACK").execute(&mut *connection).await;
    let is_idle = asked.is_ok() && !connection.is_in_transaction();
    if !is_idle {
        tracing::warn!("a transaction on the database ended badly; its connection is replaced");
    }
    is_idle
}

/// Whether a write-ahead log can hold anything beside its header. One that a crash cut within or after the header holds nothing, and SQLite
/// cannot read it without writing: it waits for a writer that would complete it.
fn holds_frames(log: &Path) -> bool {
    fs::metadata(log).is_ok_and(|metadata| metadata.len() > LOG_HEADER)
}
