//! What became of requests, in a file of its own: how many in each minute, and the latest refusals.
//!
//! It is kept apart from the database because it is written every few seconds, may lose the last of them in a crash
//! (`synchronous=NORMAL`), and must never hold the writer that changes wait for. It is a file of each node, whichever database the instance
//! uses, and can be deleted while Temps is stopped: only charts and the latest refusals go with it.

use std::{collections::HashMap, fmt, path::Path};

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use sqlx::sqlite::SqliteSynchronous;
use temps_model::{EnvironmentId, ProjectId, RequestId, Timestamp};

use crate::{
    DbError,
    connect::{Connections, Sqlite},
};

mod latencies;
pub mod minute;
pub mod refusal;

pub use latencies::Latencies;
pub use minute::Counts;

/// The form of the file that this program knows, kept in its `user_version`.
const SCHEMA: i64 = 1;
/// Refusals of one project that are kept; the oldest make room, so that one project under attack takes no room of another.
pub const REFUSALS_OF_PROJECT: u64 = 10_000;
/// Rows in one insertion; their values stay below what SQLite takes in one query.
const AT_ONCE: usize = 500;

/// One environment in one minute since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    pub project: ProjectId,
    pub environment: EnvironmentId,
    pub minute: i64,
}

/// Why the file was not opened. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error(
        "it was written by a newer version of Temps; start that version, or move the file away to begin without charts"
    )]
    Newer,
    #[error("{0}; if the file is damaged, move it away to begin without charts")]
    Database(#[from] DbError),
}

/// The open file. Cheap to share.
pub struct Telemetry(Connections);

impl Telemetry {
    /// Opens the file and makes it if need be. Only its owner can read it.
    pub async fn open(path: &Path) -> Result<Self, TelemetryError> {
        let file = Sqlite { path, synchronous: SqliteSynchronous::Normal };
        let connections = file.connect().await.map_err(DbError::from)?;
        prepare(&connections.writer).await?;
        Ok(Self(connections))
    }

    /// Connections that cannot write.
    pub fn read(&self) -> &DatabaseConnection {
        &self.0.reader
    }

    /// Adds what was counted to what is there, and keeps refusals, all or nothing.
    pub async fn save(&self, counted: &HashMap<Slot, Counts>, refusals: &[refusal::Model]) -> Result<(), DbError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let transaction = self.0.writer.begin_with_options(options).await?;
        add(&transaction, counted).await?;
        for some in refusals.chunks(AT_ONCE) {
            let rows = some.iter().map(|row| row.clone().into_active_model().reset_all());
            refusal::Entity::insert_many(rows).exec_without_returning(&transaction).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Counts of a project's environments, or of one, from `since` until before `until`, in minutes since 1970.
    pub async fn counts(
        &self,
        projects: &[ProjectId],
        environment: Option<EnvironmentId>,
        since: i64,
        until: i64,
    ) -> Result<Vec<(Slot, Counts)>, DbError> {
        let mut rows = minute::Entity::find()
            .filter(minute::Column::ProjectId.is_in(projects.iter().copied()))
            .filter(minute::Column::Minute.gte(since))
            .filter(minute::Column::Minute.lt(until));
        if let Some(environment) = environment {
            rows = rows.filter(minute::Column::EnvironmentId.eq(environment));
        }
        Ok(rows.all(self.read()).await?.into_iter().map(minute::Model::split).collect())
    }

    /// Forgets minutes and refusals from before these moments, and of the given projects all refusals but the latest
    /// [`REFUSALS_OF_PROJECT`].
    pub async fn forget_old(
        &self,
        minutes: Timestamp,
        refusals: Timestamp,
        crowded: &[ProjectId],
    ) -> Result<(), DbError> {
        let oldest = minutes.seconds() / 60;
        minute::Entity::delete_many().filter(minute::Column::Minute.lt(oldest)).exec(&self.0.writer).await?;
        refusal::Entity::delete_many().filter(refusal::Column::At.lt(refusals)).exec(&self.0.writer).await?;
        for project in crowded {
            let last = refusal::Entity::find()
                .select_only()
                .column(refusal::Column::Id)
                .filter(refusal::Column::ProjectId.eq(*project))
                .order_by_desc(refusal::Column::Id)
                .offset(REFUSALS_OF_PROJECT)
                .limit(1)
                .into_tuple::<RequestId>()
                .one(self.read())
                .await?;
            let Some(last) = last else { continue };
            refusal::Entity::delete_many()
                .filter(refusal::Column::ProjectId.eq(*project))
                .filter(refusal::Column::Id.lte(last))
                .exec(&self.0.writer)
                .await?;
        }
        Ok(())
    }

    /// Forgets everything of a project that was deleted.
    pub async fn forget_project(&self, project: ProjectId) -> Result<(), DbError> {
        minute::Entity::delete_many().filter(minute::Column::ProjectId.eq(project)).exec(&self.0.writer).await?;
        refusal::Entity::delete_many().filter(refusal::Column::ProjectId.eq(project)).exec(&self.0.writer).await?;
        Ok(())
    }

    pub async fn close(&self) -> Result<(), DbError> {
        Ok(self.0.close().await?)
    }
}

/// Reads what is there of the same slots, adds, and writes the sums.
async fn add(connection: &impl ConnectionTrait, counted: &HashMap<Slot, Counts>) -> Result<(), DbError> {
    let minutes: std::collections::BTreeSet<i64> = counted.keys().map(|slot| slot.minute).collect();
    let saved = minute::Entity::find().filter(minute::Column::Minute.is_in(minutes)).all(connection).await?;
    let mut saved: HashMap<Slot, Counts> = saved.into_iter().map(minute::Model::split).collect();
    for (slot, counts) in counted {
        let found = saved.remove(slot);
        let is_new = found.is_none();
        let mut sum = found.unwrap_or_default();
        sum.add(counts);
        let row = minute::Model::join(*slot, &sum).into_active_model();
        match is_new {
            true => drop(minute::Entity::insert(row).exec_without_returning(connection).await?),
            false => drop(minute::Entity::update(row.reset_all()).exec(connection).await?),
        }
    }
    Ok(())
}

/// Makes the tables of a new file, and refuses one that a newer program made.
async fn prepare(writer: &DatabaseConnection) -> Result<(), TelemetryError> {
    let asked = Statement::from_string(DbBackend::Sqlite, "PRAGMA user_version");
    let row = writer.query_one_raw(asked).await.map_err(DbError::from)?;
    let version = row.map_or(Ok(0), |row| row.try_get_by_index::<i64>(0)).map_err(DbError::from)?;
    match version {
        0 => writer.execute_unprepared(include_str!("telemetry/schema.sql")).await.map(drop).map_err(DbError::from)?,
        SCHEMA => {}
        _ => return Err(TelemetryError::Newer),
    }
    Ok(())
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Telemetry")
    }
}
