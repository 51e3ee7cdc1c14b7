//! One request that a protection refused.

use sea_orm::entity::prelude::*;
use temps_model::{EnvironmentId, ProjectId, RequestId, RuleId, Timestamp};

use crate::tags::{Tag, Tagged};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refusals")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RequestId,
    pub at: Timestamp,
    pub project_id: ProjectId,
    pub environment_id: EnvironmentId,
    pub client: String,
    pub method: String,
    pub host: String,
    pub path: String,
    pub status: i32,
    /// The word of the access log, such as `blocked`.
    pub outcome: String,
    /// The firewall that decided.
    pub scope: Option<String>,
    pub rule_id: Option<RuleId>,
    pub duration_us: i64,
    pub bytes: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Tagged for Entity {
    fn tag(column: &Column) -> Tag {
        use Column::*;
        match column {
            Client | Path => Tag::Personal,
            Id | At | ProjectId | EnvironmentId | Method | Host | Status | Outcome | Scope | RuleId | DurationUs
            | Bytes => Tag::None,
        }
    }
}
