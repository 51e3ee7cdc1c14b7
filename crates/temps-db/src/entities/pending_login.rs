//! Logins whose first factor was right and whose second is awaited. They are no sessions, and nothing takes them for one.

use sea_orm::entity::prelude::*;
use temps_model::{PendingLoginId, Timestamp, UserId};

use crate::{
    entities::session::Proved,
    tags::{Tag, Tagged},
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pending_logins")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PendingLoginId,
    pub user_id: UserId,
    /// SHA-256 of a random token of 256 bits; the token itself is nowhere.
    #[sea_orm(unique)]
    pub token_hash: Vec<u8>,
    pub first_factor: Proved,
    /// Whether the session is to be remembered.
    pub remembered: bool,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
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
            Id | UserId | TokenHash | FirstFactor | Remembered | CreatedAt | ExpiresAt => Tag::None,
        }
    }
}
