//! Adding up what was counted, step by step: the database adds, and histograms pass by one after the other, so that neither time nor memory
//! grows with what is not shown.

use futures_util::TryStreamExt;
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, ExprTrait, FromQueryResult, QueryFilter, QuerySelect,
    sea_query::Expr,
};
use temps_model::{EnvironmentId, ProjectId};

use super::{Counts, Latencies, minute};
use crate::DbError;

/// Which rows are added up.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    pub projects: &'a [ProjectId],
    pub environment: Option<EnvironmentId>,
    /// From which minute since 1970 until before which.
    pub since: i64,
    pub until: i64,
    /// Minutes of a step.
    pub step: i64,
}

/// Requests of one project in one step, counted from 0.
#[derive(Clone, Debug)]
pub struct Sum {
    pub project: ProjectId,
    pub step: i64,
    /// Without their durations.
    pub counts: Counts,
}

#[derive(FromQueryResult)]
struct Row {
    project_id: ProjectId,
    step: i64,
    passed: i64,
    throttled: i64,
    refused: i64,
    failed: i64,
    abandoned: i64,
    status_1xx: i64,
    status_2xx: i64,
    status_3xx: i64,
    status_4xx: i64,
    status_5xx: i64,
    bytes: i64,
}

impl Window<'_> {
    /// Rows of hours serve steps of whole hours; minutes are kept for as long as they are shown.
    const fn span(&self) -> i64 {
        if self.step % 60 == 0 && self.since % 60 == 0 { 60 } else { 1 }
    }

    fn condition(&self) -> Condition {
        Condition::all()
            .add(minute::Column::ProjectId.is_in(self.projects.iter().copied()))
            .add(minute::Column::Span.eq(self.span()))
            .add(minute::Column::Minute.gte(self.since))
            .add(minute::Column::Minute.lt(self.until))
            .add_option(self.environment.map(|environment| minute::Column::EnvironmentId.eq(environment)))
    }

    fn steps(&self) -> Expr {
        Expr::col(minute::Column::Minute).sub(self.since).div(self.step)
    }

    /// Whether something that was counted in a minute belongs to it.
    pub fn includes(&self, slot: &super::Slot) -> bool {
        (self.since..self.until).contains(&slot.minute)
            && self.projects.contains(&slot.project)
            && self.environment.is_none_or(|environment| environment == slot.environment)
    }

    pub(super) async fn sums(&self, reading: &DatabaseTransaction) -> Result<Vec<Sum>, DbError> {
        use minute::Column::*;
        let counts = [
            (Passed, "passed"),
            (Throttled, "throttled"),
            (Refused, "refused"),
            (Failed, "failed"),
            (Abandoned, "abandoned"),
            (Status1xx, "status_1xx"),
            (Status2xx, "status_2xx"),
            (Status3xx, "status_3xx"),
            (Status4xx, "status_4xx"),
            (Status5xx, "status_5xx"),
            (Bytes, "bytes"),
        ];
        let rows = minute::Entity::find().select_only().column(ProjectId).column_as(self.steps(), "step");
        let rows = counts.into_iter().fold(rows, |rows, (column, name)| rows.column_as(column.sum(), name));
        let rows = rows.filter(self.condition()).group_by(ProjectId).group_by(self.steps());
        let rows = rows.into_model::<Row>().all(reading).await?;
        Ok(rows.into_iter().map(Sum::from).collect())
    }

    pub(super) async fn latencies(
        &self,
        reading: &DatabaseTransaction,
        mut each: impl FnMut(i64, Latencies),
    ) -> Result<(), DbError> {
        let rows = minute::Entity::find()
            .select_only()
            .column_as(self.steps(), "step")
            .column(minute::Column::Latencies)
            .filter(self.condition())
            .into_tuple::<(i64, Vec<u8>)>();
        let mut rows = rows.stream(reading).await?;
        while let Some((step, bytes)) = rows.try_next().await? {
            each(step, Latencies::from_bytes(&bytes));
        }
        Ok(())
    }
}

impl From<Row> for Sum {
    fn from(row: Row) -> Self {
        let counts = Counts {
            passed: row.passed,
            throttled: row.throttled,
            refused: row.refused,
            failed: row.failed,
            abandoned: row.abandoned,
            statuses: [row.status_1xx, row.status_2xx, row.status_3xx, row.status_4xx, row.status_5xx],
            bytes: row.bytes,
            latencies: Latencies::default(),
        };
        Self { project: row.project_id, step: row.step, counts }
    }
}
