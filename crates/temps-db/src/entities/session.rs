//! Logins of users.

use sea_orm::entity::prelude::*;
use temps_model::{SessionId, Timestamp, UserId};

use crate::tags::{Tag, Tagged};

/// What somebody proved who they are with, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Proved {
    /// By reading a mail, or by an invitation.
    #[sea_orm(string_value = "link")]
    Link,
    #[sea_orm(string_value = "password")]
    Password,
    #[sea_orm(string_value = "totp")]
    Totp,
    #[sea_orm(string_value = "passkey")]
    Passkey,
    /// The way in for who has lost everything else, so that it stands in for any of it.
    #[sea_orm(string_value = "recovery_code")]
    RecoveryCode,
}

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
    pub last_used_at: Timestamp,
    /// Seconds for which it may lie unused.
    pub idle_seconds: i32,
    /// Whether the person asked to stay logged in on this device.
    pub remembered: bool,
    /// When and how the person last proved who they are.
    pub proved_at: Timestamp,
    pub proved_with: Proved,
    /// Whether it was seen in two places at once. It is worth nothing until the person has proved who they are anew.
    pub suspected: bool,
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
            Id | UserId | TokenHash | CreatedAt | ExpiresAt | RevokedAt | LastUsedAt | IdleSeconds | Remembered
            | ProvedAt | ProvedWith | Suspected => Tag::None,
            Ip | UserAgent => Tag::Personal,
        }
    }
}
