//! Requests of one environment in one minute, or in one hour.

use sea_orm::entity::prelude::*;
use temps_model::{EnvironmentId, ProjectId};

use super::{Latencies, Slot};
use crate::tags::{Tag, Tagged};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "traffic")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub environment_id: EnvironmentId,
    /// Minutes that the row stands for: 1, or 60 from a full hour on.
    #[sea_orm(primary_key, auto_increment = false)]
    pub span: i64,
    /// The first of them, in minutes since 1970.
    #[sea_orm(primary_key, auto_increment = false)]
    pub minute: i64,
    pub project_id: ProjectId,
    pub passed: i64,
    pub throttled: i64,
    pub refused: i64,
    pub failed: i64,
    pub abandoned: i64,
    pub status_1xx: i64,
    pub status_2xx: i64,
    pub status_3xx: i64,
    pub status_4xx: i64,
    pub status_5xx: i64,
    pub bytes: i64,
    pub latencies: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Tagged for Entity {
    fn tag(column: &Column) -> Tag {
        use Column::*;
        match column {
            EnvironmentId | Span | Minute | ProjectId | Passed | Throttled | Refused | Failed | Abandoned
            | Status1xx | Status2xx | Status3xx | Status4xx | Status5xx | Bytes | Latencies => Tag::None,
        }
    }
}

/// What can be added up of requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub passed: i64,
    pub throttled: i64,
    pub refused: i64,
    pub failed: i64,
    pub abandoned: i64,
    /// From 1xx to 5xx.
    pub statuses: [i64; 5],
    /// Of response bodies.
    pub bytes: i64,
    pub latencies: Latencies,
}

impl Counts {
    pub fn requests(&self) -> i64 {
        self.passed + self.throttled + self.refused + self.failed + self.abandoned
    }

    pub fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.throttled += other.throttled;
        self.refused += other.refused;
        self.failed += other.failed;
        self.abandoned += other.abandoned;
        self.statuses.iter_mut().zip(other.statuses).for_each(|(own, other)| *own += other);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.latencies.add(&other.latencies);
    }
}

impl Model {
    pub(super) fn split(self) -> ((Slot, i64), Counts) {
        let slot = Slot { project: self.project_id, environment: self.environment_id, minute: self.minute };
        let counts = Counts {
            passed: self.passed,
            throttled: self.throttled,
            refused: self.refused,
            failed: self.failed,
            abandoned: self.abandoned,
            statuses: [self.status_1xx, self.status_2xx, self.status_3xx, self.status_4xx, self.status_5xx],
            bytes: self.bytes,
            latencies: Latencies::from_bytes(&self.latencies),
        };
        ((slot, self.span), counts)
    }

    pub(super) fn join(slot: Slot, span: i64, counts: &Counts) -> Self {
        let [status_1xx, status_2xx, status_3xx, status_4xx, status_5xx] = counts.statuses;
        Self {
            environment_id: slot.environment,
            span,
            minute: slot.minute,
            project_id: slot.project,
            passed: counts.passed,
            throttled: counts.throttled,
            refused: counts.refused,
            failed: counts.failed,
            abandoned: counts.abandoned,
            status_1xx,
            status_2xx,
            status_3xx,
            status_4xx,
            status_5xx,
            bytes: counts.bytes,
            latencies: counts.latencies.to_bytes(),
        }
    }
}
