//! Browsers and programs from which a user has logged in before.

use sea_orm::entity::prelude::*;
use temps_model::{DeviceId, Timestamp, UserId};

use crate::tags::{Tag, Tagged};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "known_devices")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DeviceId,
    pub user_id: UserId,
    /// SHA-256 of a random token of 256 bits; the token itself is nowhere.
    #[sea_orm(unique)]
    pub token_hash: Vec<u8>,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    pub ip: String,
    pub user_agent: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Tagged for Entity {
    fn tag(column: &Column) -> Tag {
        use Column::*;
        match column {
            Id | UserId | TokenHash | CreatedAt | LastUsedAt => Tag::None,
            Ip | UserAgent => Tag::Personal,
        }
    }
}
