//! Facts about the installation: the key-check value, and settings that are no configuration.

use sea_orm::entity::prelude::*;

use crate::tags::{Tag, Tagged};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "instance")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    pub value: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Tagged for Entity {
    fn tag(column: &Column) -> Tag {
        use Column::*;
        match column {
            Key | Value => Tag::None,
        }
    }
}
