//! The audit log. Rows are inserted, sealed once, and never changed otherwise; they outlive what they describe, so there
//! are no foreign keys.

use sea_orm::entity::prelude::*;
use temps_model::{AuditId, ProjectId, Timestamp, UserId};

use crate::tags::{Tag, Tagged};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_records")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditId,
    /// Place in the hash chain, from 1; none until the sealer has come by.
    #[sea_orm(unique)]
    pub seq: Option<i64>,
    pub sealed_at: Option<Timestamp>,
    pub previous_hash: Option<Vec<u8>>,
    pub hash: Option<Vec<u8>>,
    /// Canonical JSON of the whole record ([`Body`](crate::audit::Body)); the columns below repeat parts of it for searching.
    pub body: String,
    pub project_id: Option<ProjectId>,
    pub actor_id: Option<UserId>,
    pub action: String,
    pub outcome: String,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Tagged for Entity {
    fn tag(column: &Column) -> Tag {
        use Column::*;
        match column {
            Id | Seq | SealedAt | PreviousHash | Hash | ProjectId | ActorId | Action | Outcome | CreatedAt => Tag::None,
            Body => Tag::Personal,
        }
    }
}
