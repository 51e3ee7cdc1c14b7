//! Secrets of the installation itself: the key of its certificate authority, keys of cookies.

use sea_orm::entity::prelude::*;
use temps_model::{DataKeyId, Timestamp};

use crate::{
    tags::{Tag, Tagged},
    vault::SealedBytes,
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "instance_secrets")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub value: SealedBytes,
    /// The data key that `value` is sealed with.
    pub key_id: DataKeyId,
    pub updated_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Tagged for Entity {
    fn tag(column: &Column) -> Tag {
        use Column::*;
        match column {
            Name | KeyId | UpdatedAt => Tag::None,
            Value => Tag::Secret,
        }
    }
}
