//! One-time links, consumed by one conditional update.

use sea_orm::entity::prelude::*;
use temps_model::{LinkId, Timestamp, UserId};

use crate::tags::{Tag, Tagged};

/// What a link lets its holder do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum LinkPurpose {
    /// Choose the first password of an invited account.
    #[sea_orm(string_value = "activate")]
    Activate,
    /// End all sessions of an account whose owner was told of something that they did not do.
    #[sea_orm(string_value = "revoke")]
    Revoke,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "links")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LinkId,
    pub user_id: UserId,
    pub purpose: LinkPurpose,
    /// SHA-256 of the token; the token itself is nowhere.
    #[sea_orm(unique)]
    pub token_hash: Vec<u8>,
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub created_by: UserId,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "super::user::Entity", from = "Column::UserId", to = "super::user::Column::Id")]
    User,
}

impl Related<super::user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::User.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

impl Tagged for Entity {
    fn tag(column: &Column) -> Tag {
        use Column::*;
        match column {
            Id | UserId | Purpose | TokenHash | ExpiresAt | UsedAt | CreatedAt | CreatedBy => Tag::None,
        }
    }
}
