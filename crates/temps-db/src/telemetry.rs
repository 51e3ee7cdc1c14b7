//! What became of requests, in a file of its own: how many in each minute, and the latest refusals.
//!
//! It is kept apart from the database because it is written every few seconds, may lose the last of them in a crash
//! (`synchronous=NORMAL`), and must never hold the writer that changes wait for. It is a file of each node, whichever database the instance
//! uses, and can be deleted while Temps is stopped: only charts and the latest refusals go with it.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    path::Path,
};

use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend,
    EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait, sea_query::OnConflict,
};
use sqlx::sqlite::SqliteSynchronous;
use temps_model::{EnvironmentId, ProjectId, Timestamp};

use crate::{
    DbError,
    connect::{Connections, Sqlite},
};

pub mod gap;
mod latencies;
pub mod minute;
pub mod refusal;
mod sums;

pub use latencies::Latencies;
pub use minute::Counts;
pub use sums::{Sum, Window};

/// The form of the file that this program knows, kept in its `user_version`.
const SCHEMA: i64 = 1;
/// Refusals of one project that are kept; the oldest make room, so that one project under attack takes no room of another.
pub const REFUSALS_OF_PROJECT: u64 = 10_000;
/// Stands for all projects where up to when refusals are missing.
const NOBODY: ProjectId = ProjectId::from_uuid(uuid::Uuid::nil());
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
    pub async fn open(path: &Path, now: Timestamp) -> Result<Self, TelemetryError> {
        let file = Sqlite { path, synchronous: SqliteSynchronous::Normal };
        let connections = file.connect().await.map_err(DbError::from)?;
        prepare(&connections.writer, now).await?;
        Ok(Self(connections))
    }

    /// Connections that cannot write.
    pub fn read(&self) -> &DatabaseConnection {
        &self.0.reader
    }

    /// Adds what was counted to what is there, and keeps refusals, all or nothing. Of the projects in `flooded` some refusals are not among
    /// them.
    pub async fn save(
        &self,
        counted: &HashMap<Slot, Counts>,
        refusals: &[refusal::Model],
        flooded: impl IntoIterator<Item = ProjectId>,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let transaction = self.0.writer.begin_with_options(options).await?;
        add(&transaction, counted).await?;
        for some in refusals.chunks(AT_ONCE) {
            let rows = some.iter().map(|row| row.clone().into_active_model().reset_all());
            let rows = refusal::Entity::insert_many(rows).on_conflict_do_nothing_on([refusal::Column::Id]);
            rows.exec_without_returning(&transaction).await?;
        }
        for project in flooded {
            note_gap(&transaction, project, now).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// A view of the file at this moment, whatever is written meanwhile.
    pub async fn view(&self) -> Result<View, DbError> {
        let transaction = self.0.reader.begin().await?;
        // SQLite takes the view with the first row that is read.
        gap::Entity::find().one(&transaction).await?;
        Ok(View(transaction))
    }

    /// From when on no refusal of a project is missing, but for those that were forgotten because of their age.
    pub async fn complete_since(&self, project: ProjectId) -> Result<Timestamp, DbError> {
        let gaps = gap::Entity::find().filter(gap::Column::ProjectId.is_in([NOBODY, project]));
        Ok(gaps.all(self.read()).await?.into_iter().map(|gap| gap.until).max().unwrap_or_default())
    }

    /// Forgets what is older than these moments, and of each project all refusals but the latest [`REFUSALS_OF_PROJECT`].
    pub async fn forget_old(&self, kept: Kept) -> Result<(), DbError> {
        for (span, oldest) in [(1, kept.minutes), (60, kept.hours)] {
            let old = Condition::all()
                .add(minute::Column::Span.eq(span))
                .add(minute::Column::Minute.lt(oldest.seconds() / 60));
            minute::Entity::delete_many().filter(old).exec(&self.0.writer).await?;
        }
        refusal::Entity::delete_many().filter(refusal::Column::At.lt(kept.refusals)).exec(&self.0.writer).await?;
        let crowded = refusal::Entity::find()
            .select_only()
            .column(refusal::Column::ProjectId)
            .group_by(refusal::Column::ProjectId)
            .having(refusal::Column::Id.count().gt(REFUSALS_OF_PROJECT as i64))
            .into_tuple::<ProjectId>()
            .all(self.read())
            .await?;
        for project in crowded {
            self.trim(project).await?;
        }
        Ok(())
    }

    async fn trim(&self, project: ProjectId) -> Result<(), DbError> {
        let last = refusal::Entity::find()
            .filter(refusal::Column::ProjectId.eq(project))
            .order_by_desc(refusal::Column::Id)
            .offset(REFUSALS_OF_PROJECT)
            .limit(1)
            .one(self.read())
            .await?;
        let Some(last) = last else { return Ok(()) };
        refusal::Entity::delete_many()
            .filter(refusal::Column::ProjectId.eq(project))
            .filter(refusal::Column::Id.lte(last.id))
            .exec(&self.0.writer)
            .await?;
        note_gap(&self.0.writer, project, last.at).await
    }

    /// The projects that the file knows.
    pub async fn projects(&self) -> Result<HashSet<ProjectId>, DbError> {
        let counted = minute::Entity::find().select_only().column(minute::Column::ProjectId).distinct();
        let refused = refusal::Entity::find().select_only().column(refusal::Column::ProjectId).distinct();
        let counted = counted.into_tuple::<ProjectId>().all(self.read()).await?;
        let refused = refused.into_tuple::<ProjectId>().all(self.read()).await?;
        Ok(counted.into_iter().chain(refused).collect())
    }

    /// Forgets everything of a project that was deleted.
    pub async fn forget_project(&self, project: ProjectId) -> Result<(), DbError> {
        minute::Entity::delete_many().filter(minute::Column::ProjectId.eq(project)).exec(&self.0.writer).await?;
        refusal::Entity::delete_many().filter(refusal::Column::ProjectId.eq(project)).exec(&self.0.writer).await?;
        gap::Entity::delete_by_id(project).exec(&self.0.writer).await?;
        Ok(())
    }

    pub async fn close(&self) -> Result<(), DbError> {
        Ok(self.0.close().await?)
    }
}

/// From when on things are kept.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    pub minutes: Timestamp,
    pub hours: Timestamp,
    pub refusals: Timestamp,
}

/// The file as it was at one moment.
pub struct View(DatabaseTransaction);

impl View {
    pub async fn sums(&self, window: &Window<'_>) -> Result<Vec<Sum>, DbError> {
        window.sums(&self.0).await
    }

    /// The durations of each row, with the step that it belongs to.
    pub async fn latencies(&self, window: &Window<'_>, each: impl FnMut(i64, Latencies)) -> Result<(), DbError> {
        window.latencies(&self.0, each).await
    }
}

/// Reads what is there of the same minutes and hours, adds, and writes the sums.
async fn add(connection: &impl ConnectionTrait, counted: &HashMap<Slot, Counts>) -> Result<(), DbError> {
    let mut spans: HashMap<(Slot, i64), Counts> = HashMap::new();
    for (slot, counts) in counted {
        let hour = Slot { minute: slot.minute.div_euclid(60) * 60, ..*slot };
        spans.entry((*slot, 1)).or_default().add(counts);
        spans.entry((hour, 60)).or_default().add(counts);
    }
    let minutes: std::collections::BTreeSet<i64> = spans.keys().map(|(slot, _)| slot.minute).collect();
    let saved = minute::Entity::find().filter(minute::Column::Minute.is_in(minutes)).all(connection).await?;
    let mut saved: HashMap<(Slot, i64), Counts> = saved.into_iter().map(minute::Model::split).collect();
    for ((slot, span), counts) in spans {
        let found = saved.remove(&(slot, span));
        let is_new = found.is_none();
        let mut sum = found.unwrap_or_default();
        sum.add(&counts);
        let row = minute::Model::join(slot, span, &sum).into_active_model();
        match is_new {
            true => drop(minute::Entity::insert(row).exec_without_returning(connection).await?),
            false => drop(minute::Entity::update(row.reset_all()).exec(connection).await?),
        }
    }
    Ok(())
}

async fn note_gap(connection: &impl ConnectionTrait, project: ProjectId, until: Timestamp) -> Result<(), DbError> {
    let replace = OnConflict::column(gap::Column::ProjectId).update_column(gap::Column::Until).to_owned();
    let row = gap::Model { project_id: project, until }.into_active_model().reset_all();
    gap::Entity::insert(row).on_conflict(replace).exec_without_returning(connection).await?;
    Ok(())
}

/// Makes the tables of a new file, and refuses one that a newer program made.
async fn prepare(writer: &DatabaseConnection, now: Timestamp) -> Result<(), TelemetryError> {
    let asked = Statement::from_string(DbBackend::Sqlite, "PRAGMA user_version");
    let row = writer.query_one_raw(asked).await.map_err(DbError::from)?;
    let version = row.map_or(Ok(0), |row| row.try_get_by_index::<i64>(0)).map_err(DbError::from)?;
    match version {
        0 => {
            writer.execute_unprepared(include_str!("telemetry/schema.sql")).await.map_err(DbError::from)?;
            note_gap(writer, NOBODY, now).await?;
        }
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
