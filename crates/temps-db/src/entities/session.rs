//! Logins of users.

use sea_orm::entity::prelude::*;
use temps_model::{SessionId, Timestamp, UserId};

use crate::tags::{Tag, Tagged};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SessionId,
    pub user_id: UserId,
    /// SHA-256 of a random token of 256 bits; the token itself is nowhere.
    #[sea_orm(unique)]
    pub token_hash: Vec<u8>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
    pub ip: String,
    pub user_agent: String,
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
            Id | UserId | TokenHash | CreatedAt | ExpiresAt | RevokedAt => Tag::None,
            Ip | UserAgent => Tag::Personal,
        }
    }
}
