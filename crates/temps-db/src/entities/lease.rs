//! Jobs that one node at a time does.

use sea_orm::entity::prelude::*;
use temps_model::Timestamp;

use crate::tags::{Tag, Tagged};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "leases")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub holder: String,
    pub expires_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Tagged for Entity {
    fn tag(column: &Column) -> Tag {
        use Column::*;
        match column {
            Name | Holder | ExpiresAt => Tag::None,
        }
    }
}
