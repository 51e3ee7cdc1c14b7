//! What can go wrong with the database, in the words that its callers act on.

use sea_orm::{DbErr, RuntimeErr, SqlErr};

use crate::vault::VaultError;

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A value that must be unique is taken. Which one, the caller knows.
    #[error("a value that must be unique is taken already")]
    Conflict,
    /// The row, or a row that it points at, is not there.
    #[error("there is no such row")]
    NotFound,
    /// Nothing more can be stored.
    #[error("the disk of the database is full")]
    Full,
    /// Other transactions stood in the way, or all connections were busy; the same may succeed a moment later.
    #[error("the database is busy")]
    Busy,
    #[error(transparent)]
    Sealed(#[from] VaultError),
    /// Anything else, as text for the log. The error itself is not kept, because the `Debug` form of a PostgreSQL error
    /// holds values of rows.
    #[error("{0}")]
    Other(String),
}

impl From<DbErr> for DbError {
    fn from(error: DbErr) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => return Self::Conflict,
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => return Self::NotFound,
            _ => {}
        }
        match &error {
            DbErr::RecordNotFound(_) | DbErr::RecordNotUpdated => Self::NotFound,
            DbErr::ConnectionAcquire(_) => Self::Busy,
            DbErr::Conn(RuntimeErr::SqlxError(cause))
            | DbErr::Exec(RuntimeErr::SqlxError(cause))
            | DbErr::Query(RuntimeErr::SqlxError(cause)) => Self::from_sqlx(cause),
            _ => Self::Other(error.to_string()),
        }
    }
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        Self::from_sqlx(&error)
    }
}

impl DbError {
    fn from_sqlx(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::RowNotFound => Self::NotFound,
            // Codes of SQLite are numbers (`sqlite3.h`): FULL, and IOERR_SHMSIZE for a full disk under the index of the
            // write-ahead log; BUSY and BUSY_SNAPSHOT. Codes of PostgreSQL have five characters (Appendix A of its
            // manual): disk_full; serialization_failure, deadlock_detected, lock_not_available.
            sqlx::Error::Database(cause) => match cause.code().as_deref() {
                Some("13" | "4874" | "53100") => Self::Full,
                Some("5" | "517" | "40001" | "40P01" | "55P03") => Self::Busy,
                _ => Self::Other(error.to_string()),
            },
            _ => Self::Other(error.to_string()),
        }
    }
}
