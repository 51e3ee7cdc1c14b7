//! The key that a user's authenticator and Temps share (RFC 6238).

use sea_orm::entity::prelude::*;
use temps_model::{Timestamp, UserId};

use crate::{
    tags::{Tag, Tagged},
    vault::SealedBytes,
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "totp_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    /// Whether a code of it was given. Until then it counts for nothing, and the one that it is to replace goes on.
    #[sea_orm(primary_key, auto_increment = false)]
    pub confirmed: bool,
    /// 160 random bits, sealed.
    pub secret: SealedBytes,
    /// The latest time step of which a code was accepted. A code is accepted only for a later one, so each works once (RFC 6238 §5.2).
    pub last_step: i64,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Tagged for Entity {
    fn tag(column: &Column) -> Tag {
        use Column::*;
        match column {
            UserId | Confirmed | LastStep | CreatedAt | LastUsedAt => Tag::None,
            Secret => Tag::Secret,
        }
    }
}
