//! Opening the database: look, check version and key, and only then change anything.

use std::{io, path::PathBuf, sync::Arc};

use sea_orm::{DatabaseConnection, DbErr};
use sqlx::sqlite::SqliteSynchronous;
use temps_model::{Clock, InstanceId, Secret};

use crate::{
    Database, DbError,
    audit::{Verdict, verify_database},
    connect::{Connections, Postgres, Sqlite},
    migrate::{Found, inspect, migrate},
    vault::{KeyError, KeySources, Vault},
};

/// Where the database is.
#[derive(Clone, Debug)]
pub enum DatabaseSettings {
    /// A file of this machine. Only one process may open it at a time.
    Sqlite { path: PathBuf },
    /// `postgres://user:password@host/database?sslmode=…`. Without `sslmode`, servers on other machines are verified in
    /// full.
    Postgres { url: Secret<String> },
}

/// Why a database was not opened. Unless it says otherwise, nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "the database was written by a newer version of Temps (its schema is at {found}, this program knows up to \
         {known}); start that version or a later one, or restore a backup from before the upgrade"
    )]
    NewerSchema { found: String, known: String },
    #[error(
        "the database holds something else, such as the table {table}, and nothing of Temps; name the database that \
         Temps was used with, or an empty one"
    )]
    Foreign { table: String },
    #[error("the database does not say which instance it is of; it is damaged: restore a backup")]
    NoInstanceId,
    #[error(
        "the database has no key-check value, so it cannot be known which master key belongs to it; it is damaged: \
         restore a backup"
    )]
    NoKeyCheck,
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("the database file {path} cannot be read: {error}")]
    File { path: PathBuf, error: io::Error },
    #[error("the database cannot be opened: {0}")]
    Database(DbError),
}

impl From<DbErr> for OpenError {
    fn from(error: DbErr) -> Self {
        Self::Database(error.into())
    }
}

impl From<sqlx::Error> for OpenError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

impl Database {
    /// Opens the database and brings its schema up to date; creates both the schema and, if `keys` has none yet, the
    /// master key where there is no database yet.
    ///
    /// A schema from a newer version, a database of something else, and a wrong or missing master key are refused before
    /// anything is changed (R-SEC-4).
    pub async fn open(
        settings: &DatabaseSettings,
        keys: &KeySources,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let place = Place::new(settings)?;
        let found = place.look().await?;
        let master = match &found {
            Found::New => keys.load_or_create()?,
            Found::Ours { key_check, .. } => {
                let master = keys.load()?;
                master.check(key_check)?;
                master
            }
        };
        let id = match found {
            Found::Ours { id, outdated: false, .. } => id,
            _ => {
                let connection = place.migrator().await?;
                let migrated = migrate(&connection, &master, InstanceId::generate(clock.now())).await;
                connection.close().await?;
                migrated?
            }
        };
        Ok(Self::new(id, place.connect().await?, Vault::new(master), clock))
    }

    /// Which instance a database is of, before it is opened and without changing anything. None if it is new.
    pub async fn instance_of(settings: &DatabaseSettings) -> Result<Option<InstanceId>, OpenError> {
        match Place::new(settings)?.look().await? {
            Found::New => Ok(None),
            Found::Ours { id, .. } => Ok(Some(id)),
        }
    }

    /// Verifies the audit log of a database that is left exactly as it is. Needs no key, and works on a copy. None if there is no
    /// database.
    pub async fn verify_audit(settings: &DatabaseSettings) -> Result<Option<Verdict>, OpenError> {
        let Some(connection) = Place::new(settings)?.inspect().await? else { return Ok(None) };
        let verdict = verify_database(&connection).await;
        connection.close().await?;
        verdict.map(Some).map_err(OpenError::Database)
    }
}

/// Either kind of database, before it is open.
enum Place<'a> {
    Sqlite(Sqlite<'a>),
    Postgres(Box<Postgres>),
}

impl<'a> Place<'a> {
    fn new(settings: &'a DatabaseSettings) -> Result<Self, OpenError> {
        Ok(match settings {
            DatabaseSettings::Sqlite { path } => Self::Sqlite(Sqlite { path, synchronous: SqliteSynchronous::Full }),
            DatabaseSettings::Postgres { url } => Self::Postgres(Box::new(Postgres::new(url.expose())?)),
        })
    }

    /// Looks without changing anything.
    async fn look(&self) -> Result<Found, OpenError> {
        let Some(connection) = self.inspect().await? else { return Ok(Found::New) };
        let found = inspect(&connection).await;
        connection.close().await?;
        found
    }

    /// A connection that changes nothing; none if there is no database yet.
    async fn inspect(&self) -> Result<Option<DatabaseConnection>, OpenError> {
        match self {
            Self::Sqlite(sqlite) => {
                let is_empty = sqlite.is_empty();
                let is_empty = is_empty.map_err(|error| OpenError::File { path: sqlite.path.into(), error })?;
                Ok(if is_empty { None } else { Some(sqlite.inspect().await?) })
            }
            Self::Postgres(postgres) => Ok(Some(postgres.inspect().await?)),
        }
    }

    async fn migrator(&self) -> Result<DatabaseConnection, OpenError> {
        Ok(match self {
            Self::Sqlite(sqlite) => sqlite.migrator().await?,
            Self::Postgres(postgres) => postgres.migrator().await?,
        })
    }

    async fn connect(&self) -> Result<Connections, OpenError> {
        Ok(match self {
            Self::Sqlite(sqlite) => sqlite.connect().await?,
            Self::Postgres(postgres) => postgres.connect().await?,
        })
    }
}
