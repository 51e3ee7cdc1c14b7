//! Keys that seal the secrets of one owner, themselves sealed with the master key.

use sea_orm::entity::prelude::*;
use temps_model::{DataKeyId, Timestamp};

use crate::{
    tags::{Tag, Tagged},
    vault::SealedBytes,
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "data_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DataKeyId,
    /// Written form of a [`KeyOwner`](crate::vault::KeyOwner).
    pub owner: String,
    /// Counts the keys of one owner from 1; the highest that is not destroyed is in use.
    pub version: i32,
    /// Empty once the key is destroyed.
    pub wrapped: SealedBytes,
    pub created_at: Timestamp,
    pub destroyed_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Tagged for Entity {
    fn tag(column: &Column) -> Tag {
        use Column::*;
        match column {
            Id | Owner | Version | CreatedAt | DestroyedAt => Tag::None,
            Wrapped => Tag::Secret,
        }
    }
}
