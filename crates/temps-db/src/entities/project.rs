//! Applications. Deleting one destroys its data key and cascades to everything below it.

use sea_orm::entity::prelude::*;
use temps_model::{ProjectId, ProjectSlug, Timestamp, UserId};

use crate::tags::{Tag, Tagged};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "projects")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ProjectId,
    #[sea_orm(unique)]
    pub slug: ProjectSlug,
    pub name: String,
    pub created_by: UserId,
    pub created_at: Timestamp,
    pub version: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Tagged for Entity {
    fn tag(column: &Column) -> Tag {
        use Column::*;
        match column {
            Id | Slug | Name | CreatedBy | CreatedAt | Version => Tag::None,
        }
    }
}
